"""The OpenAI-compatible writer against a real server that makes every fault of the list."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx2
import pytest
from pydantic import Field, SecretStr

from ai_data_strategy.domain import Id, Model
from ai_data_strategy.errors import CapReached, InputError, ReplyUnusable, StrategyError, WriterRefused, WriterUnavailable
from ai_data_strategy.evals.fake_openai import serving
from ai_data_strategy.models import Reply, Request, RoleName, WastedReply
from ai_data_strategy.writers.calls import SqliteCalls
from ai_data_strategy.writers.caps import Caps
from ai_data_strategy.writers.chat import Patience
from ai_data_strategy.writers.openai_writer import OpenAIWriter
from ai_data_strategy.writers.prices import PriceList
from ai_data_strategy.writers.tokens import Tokens

KEY = "sk-test-0123456789abcdef"
QUICK = Patience(timeout=0.6, tries=3, total=8, first_wait=0.05)


class Part(Model):
    """A part."""

    title: Annotated[str, Field(max_length=60)]
    count: int


class Sheet(Model):
    """A small reply."""

    id: Id
    parts: Annotated[list[Part], Field(max_length=3)]
    note: Annotated[str, Field(max_length=200)]


def request(number: int = 1, role: RoleName = "writer") -> Request[Sheet]:
    """A request."""
    return Request(
        f"a.draft.{number}", role, "a", "The common prefix. " * 50, "write it", Sheet, lambda: Sheet(id="p", parts=[], note="playbook")
    )


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    """One counter for all."""
    return Tokens(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def events() -> list[tuple[str, str]]:
    """What was told."""
    return []


Make = Any


@pytest.fixture
def make(tokens: Tokens, events: list[tuple[str, str]]) -> Make:
    """Opens a server with these arguments, and a writer that asks it."""

    @asynccontextmanager
    async def opened(*arguments: str, **options: Any) -> AsyncIterator[OpenAIWriter]:
        with serving(*arguments) as url:
            settings: dict[str, Any] = {
                "patience": QUICK,
                "base_url": url,
                "on_event": lambda kind, text: events.append((kind, text)),
            } | options
            writer = OpenAIWriter("fake", SecretStr(KEY), tokens, **settings)
            yield writer
            await writer.close()

    return opened


def replies(path: Path, *pairs: tuple[str, object]) -> str:
    """A file of scripted replies."""
    lines = [
        json.dumps({"match": match, "content": content if isinstance(content, str) else json.dumps(content)}) for match, content in pairs
    ]
    path.write_text("\n".join(lines))
    return str(path)


def logged(path: Path) -> list[dict[str, Any]]:
    """The calls that the server saw."""
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_a_reply_is_validated_counted_and_paid(make: Make) -> None:
    async with make() as writer:
        reply = await writer.write(request())
    assert isinstance(reply.value, Sheet) and (reply.written_by, reply.fallback) == ("fake", "")
    spent = reply.spent
    assert (spent.calls, spent.cost) == (1, None)
    assert min(spent.tokens_in, spent.tokens_out, spent.counted_in, spent.counted_out) > 0


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("401", WriterRefused, "Check the key"),
        ("403", WriterRefused, "HTTP 403"),
        ("404", WriterRefused, "Check --model"),
        ("quota", WriterRefused, "no quota left"),
        ("html", WriterRefused, "--base-url"),
        ("429", WriterUnavailable, "HTTP 429.*Resume"),
        ("500", WriterUnavailable, "HTTP 500"),
        ("503", WriterUnavailable, "HTTP 503"),
        ("hang", WriterUnavailable, r"no reply within 0\.6 s"),
        ("400", ReplyUnusable, "do not fit into the context"),
        ("refuse", ReplyUnusable, "I cannot help with that"),
        ("truncate", ReplyUnusable, "broke off twice"),
        ("empty", ReplyUnusable, "stays invalid after 2 repairs"),
    ],
)
async def test_each_fault_becomes_its_error_and_the_key_shows_nowhere(
    fault: str, error: type[StrategyError], words: str, make: Make, events: list[tuple[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with make("--fault", f"{fault}:1", "--retry-after", "0.1") as writer:
        with pytest.raises(error, match=words) as caught:
            await writer.write(request())
    shown = (
        "".join(traceback.format_exception(caught.value))
        + caplog.text
        + str(events)
        + repr(writer)
        + repr(vars(writer))
        + repr(vars(writer._chat))
    )
    assert KEY not in shown


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("429", "retry"), ("500", "retry"), ("hang", "retry"), ("truncate", "truncated"), ("malformed", "repair"), ("empty", "repair")],
)
async def test_a_fault_that_passes_is_overcome_and_told(fault: str, kind: str, make: Make, events: list[tuple[str, str]]) -> None:
    async with make("--fault", f"{fault}:1", "--until", "1", "--retry-after", "0.1") as writer:
        reply = await writer.write(request())
    assert isinstance(reply.value, Sheet)
    assert [seen for seen, _ in events] == [kind]
    assert "a.draft.1" in events[0][1]


async def test_retry_after_is_honoured(make: Make, events: list[tuple[str, str]]) -> None:
    loop = asyncio.get_running_loop()
    async with make("--fault", "429:1", "--until", "1", "--retry-after", "1.2") as writer:
        began = loop.time()
        await writer.write(request())
    assert loop.time() - began >= 1.2


async def test_a_wait_beyond_patience_is_not_begun(make: Make) -> None:
    loop = asyncio.get_running_loop()
    async with make("--fault", "429:1", "--retry-after", "3600") as writer:
        began = loop.time()
        with pytest.raises(WriterUnavailable):
            await writer.write(request())
    assert loop.time() - began < 5


async def test_a_server_that_is_not_there_is_unavailable(tokens: Tokens) -> None:
    writer = OpenAIWriter("fake", SecretStr(KEY), tokens, base_url="http://127.0.0.1:1/v1", patience=Patience(1, 2, 5))
    with pytest.raises(WriterUnavailable, match=r"127\.0\.0\.1"):
        await writer.write(request())
    await writer.close()


VALID = {"id": "a", "parts": [{"title": "x", "count": 1}], "note": "good"}
REPAIR = "These parts of your reply are not valid"


@pytest.mark.parametrize(
    ("first", "second", "asked"),
    [
        (VALID | {"id": "Not An Id"}, {"id": "a"}, "id"),
        (VALID | {"parts": [{"title": "x", "count": "many"}]}, {"parts": VALID["parts"], "note": "must not replace"}, "parts"),
        ({"id": "a", "note": "good"}, {"parts": VALID["parts"]}, "parts"),
        ("I would rather not.", VALID, "id, parts, note"),
    ],
)
async def test_only_the_failing_fields_are_asked_again(
    first: object, second: object, asked: str, make: Make, events: list[tuple[str, str]], tmp_path: Path
) -> None:
    script = replies(tmp_path / "replies.jsonl", (REPAIR, second), ("write it", first))
    async with make("--replies", script) as writer:
        reply = await writer.write(request())
    assert reply.value == Sheet.model_validate(VALID)
    assert f"asking again for {asked}:" in events[0][1]
    assert reply.spent.calls == 2


@pytest.mark.parametrize("around", ["%s", "```json\n%s\n```", "<think>hm {</think>Sure:\n%s\nDone."])
async def test_text_around_the_object_and_unknown_fields_cost_no_second_call(around: str, make: Make, tmp_path: Path) -> None:
    script = replies(tmp_path / "replies.jsonl", ("write it", around % json.dumps(VALID | {"extra": 1})))
    async with make("--replies", script) as writer:
        reply = await writer.write(request())
    assert (reply.value, reply.spent.calls) == (Sheet.model_validate(VALID), 1)


async def test_a_reply_that_stays_invalid_is_unusable_and_its_cost_is_known(make: Make, tmp_path: Path) -> None:
    script = replies(tmp_path / "replies.jsonl", (REPAIR, {"id": "Still Not"}), ("write it", VALID | {"id": "Not An Id"}))
    async with make("--replies", script) as writer:
        with pytest.raises(WastedReply, match=r"id: must match") as caught:
            await writer.write(request())
    assert caught.value.spent.calls == 3


@pytest.mark.parametrize(
    ("refused", "dialects"),
    [
        (["json_schema"], ["plain_schema", "json_mode"]),
        (["maxLength"], ["plain_schema"]),
        (["response_format"], ["plain_schema", "json_mode", "text"]),
        (["prompt_cache_key"], ["json_schema"]),
        (["max_completion_tokens"], ["json_schema"]),
    ],
)
async def test_a_server_that_refuses_a_parameter_is_asked_in_a_milder_way_and_remembered(
    refused: list[str], dialects: list[str], make: Make, events: list[tuple[str, str]], tmp_path: Path
) -> None:
    script = replies(tmp_path / "replies.jsonl", ("write it", VALID))
    async with make("--replies", script, *(part for name in refused for part in ("--without", name))) as writer:
        first, second = await writer.write(request(1)), await writer.write(request(2))
    assert first.value == second.value == Sheet.model_validate(VALID)
    assert [text.split("asking with ")[1].split()[0] for kind, text in events if kind == "dialect"] == dialects


async def test_the_prefix_is_the_same_in_every_call(make: Make, tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    async with make("--log", str(log)) as writer:
        await asyncio.gather(*(writer.write(request(number)) for number in range(3)))
    assert {call["prompt"] for call in logged(log)} == {request().prefix + "write it"}


async def test_a_model_for_each_role(make: Make, tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    async with make("--log", str(log), models_by_role={"reviewer": "strict"}) as writer:
        replies_ = [await writer.write(request(1, "writer")), await writer.write(request(2, "reviewer"))]
    assert [reply.written_by for reply in replies_] == [call["model"] for call in logged(log)] == ["fake", "strict"]


async def test_calls_at_a_time_are_limited(make: Make) -> None:
    async with make("--latency", "0.1", concurrency=2, patience=Patience()) as writer:
        await asyncio.gather(*(writer.write(request(number)) for number in range(6)))
        async with httpx2.AsyncClient() as client:
            stats = (await client.get(f"{writer._base_url}/stats")).json()
    assert stats == {"peak": 2, "calls": 6}


async def test_a_finished_call_is_never_paid_twice(make: Make, tmp_path: Path) -> None:
    log, store = tmp_path / "calls.jsonl", tmp_path / "store.sqlite"
    async with make("--log", str(log), cache=SqliteCalls(store), run="r1") as writer:
        first = await writer.write(request())
    async with make("--log", str(log), cache=SqliteCalls(store), run="r1") as writer:
        assert await writer.write(request()) == first
    async with make("--log", str(log), cache=SqliteCalls(store), run="r2") as writer:
        await writer.write(request())
    assert len(logged(log)) == 2
    assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("store.sqlite*"))


async def test_the_same_call_under_way_is_shared(make: Make, tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    async with make("--log", str(log), "--latency", "0.1") as writer:
        found = await asyncio.gather(*(writer.write(request()) for _ in range(4)))
    assert len({id(reply) for reply in found}) == len(logged(log)) == 1


async def test_a_call_is_finished_and_kept_though_nobody_waits_any_more(make: Make, tmp_path: Path) -> None:
    log, store = tmp_path / "calls.jsonl", SqliteCalls(tmp_path / "store.sqlite")
    async with make("--log", str(log), "--latency", "0.2", cache=store, run="r") as writer:
        waiting = asyncio.create_task(writer.write(request()))
        await asyncio.sleep(0.1)
        waiting.cancel()
        await writer.close(grace=3)
    assert (await store.spent("r")).calls == len(logged(log)) == 1


async def test_a_broken_store_does_not_lose_a_paid_reply(make: Make, events: list[tuple[str, str]], tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").mkdir()
    async with make(cache=SqliteCalls(tmp_path / "store.sqlite")) as writer:
        assert isinstance((await writer.write(request())).value, Sheet)
    assert [kind for kind, _ in events] == ["store", "store"]


async def test_the_token_cap_stops_before_the_call(make: Make, tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    caps = Caps(max_tokens=6000)
    async with make("--log", str(log), caps=caps) as writer:
        reply = await writer.write(request(1))
        second, third = await asyncio.gather(*(writer.write(request(number)) for number in (2, 3)), return_exceptions=True)
    assert isinstance(second, Reply) and isinstance(third, CapReached)
    assert len(logged(log)) == 2
    assert caps.tokens == sum(spent.tokens_in + spent.tokens_out for spent in (reply.spent, second.spent))


PRICES = """
providers: {here: [127.0.0.1]}
prices: [{model: fake, provider: here, in: 1000, out: 2000, currency: USD, date: 2026-01-01, source: "test, to verify"}]
"""


async def test_the_money_cap_holds_with_a_known_price(make: Make, tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text(PRICES)
    prices = PriceList.read(tmp_path / "prices.yaml")
    async with make(caps=Caps(max_cost=9.0, cost=0.5), prices=prices) as writer:
        reply = await writer.write(request(1))
        spent = reply.spent
        assert spent.cost == pytest.approx((1000 * spent.tokens_in + 2000 * spent.tokens_out) / 1e6)
        with pytest.raises(CapReached, match="money cap"):
            await writer.write(request(2))


def test_a_money_cap_without_a_price_is_refused_at_the_start(tokens: Tokens) -> None:
    with pytest.raises(InputError, match="price of fake"):
        OpenAIWriter("fake", SecretStr(KEY), tokens, base_url="http://127.0.0.1:1/v1", caps=Caps(max_cost=1.0))


@pytest.fixture(autouse=True)
def no_other_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings come through the door only."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield
