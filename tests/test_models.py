"""The door to language models: what a call costs, and the playbook that stands in for an unusable reply only."""

from __future__ import annotations

import pytest

from ai_data_strategy.domain import Model
from ai_data_strategy.errors import CapReached, ReplyUnusable, WriterRefused, WriterUnavailable
from ai_data_strategy.models import M, PlaybookWriter, Reply, Request, Spent, WastedReply, WithFallback


class Word(Model):
    """A word."""

    word: str


REQUEST = Request("a.draft.1", "writer", "a", "prefix", "suffix", Word, lambda: Word(word="playbook"))


class Failing:
    """A writer that raises."""

    name = "failing"

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def write(self, request: Request[M]) -> Reply[M]:
        raise self.error


async def test_the_playbook_writes_without_cost() -> None:
    assert await PlaybookWriter().write(REQUEST) == Reply(Word(word="playbook"), "playbook", Spent("playbook"))


async def test_an_unusable_reply_is_written_by_the_playbook_and_flagged() -> None:
    events: list[tuple[str, str]] = []
    writer = WithFallback(Failing(ReplyUnusable("truncated twice")), lambda kind, text: events.append((kind, text)))
    reply = await writer.write(REQUEST)
    assert (reply.value.word, reply.written_by, reply.fallback) == ("playbook", "playbook", "truncated twice")
    assert [kind for kind, _ in events] == ["fallback"]


async def test_what_an_unusable_reply_cost_is_not_lost() -> None:
    spent = Spent("m", 10, 5, cost=0.1, calls=3)
    reply = await WithFallback(Failing(WastedReply("refused", spent))).write(REQUEST)
    assert (reply.spent, reply.fallback) == (spent, "refused")


@pytest.mark.parametrize("error", [WriterRefused("key"), WriterUnavailable("later"), CapReached("cap")])
async def test_everything_else_goes_up(error: Exception) -> None:
    with pytest.raises(type(error)):
        await WithFallback(Failing(error)).write(REQUEST)


@pytest.mark.parametrize(("left", "right", "cost"), [(0.1, 0.2, 0.3), (None, 0.2, None), (0.1, None, None)])
def test_an_unknown_cost_stays_unknown_in_a_sum(left: float | None, right: float | None, cost: float | None) -> None:
    both = Spent("m", 1, 2, 3, left, 1, 4, 5).plus(Spent("m", 10, 20, 30, right, 1, 40, 50))
    assert both.cost == (None if cost is None else pytest.approx(cost))
    assert (both.tokens_in, both.tokens_out, both.cached, both.calls, both.counted_in, both.counted_out) == (11, 22, 33, 2, 44, 55)
