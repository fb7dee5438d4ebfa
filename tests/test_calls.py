"""The store of finished calls, in SQLite and in Postgres: first write stays, runs are apart, faults are StoreErrors."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from ai_data_strategy.domain import Model
from ai_data_strategy.errors import StoreError
from ai_data_strategy.models import Request, Spent
from ai_data_strategy.writers.calls import Call, CallCache, CallKey, SqliteCalls, call_key
from ai_data_strategy.writers.calls_postgres import PostgresCalls


class Word(Model):
    """A word."""

    word: str


class Other(Model):
    """Another schema."""

    other: str


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CallCache]:
    """A store of each kind."""
    opened: CallCache = SqliteCalls(tmp_path / "deep" / "calls.sqlite")
    if request.param == "postgres":
        opened = PostgresCalls(SecretStr(request.getfixturevalue("postgres")))
    yield opened
    await opened.close()


def key(run: str, request: str = "a.draft.1", digest: str = "d") -> CallKey:
    """A key."""
    return CallKey(run, request, digest)


@pytest.fixture
def run() -> str:
    """A run of its own."""
    return uuid.uuid4().hex


async def test_a_kept_call_is_found_whole(store: CallCache, run: str) -> None:
    call = Call('{"word":"\\u0000 ü"}', Spent("m", 1, 2, 3, None, 4, 5, 6))
    assert await store.find(key(run)) is None
    await store.keep(key(run), call)
    assert await store.find(key(run)) == call


async def test_another_run_request_or_prompt_is_another_call(store: CallCache, run: str) -> None:
    await store.keep(key(run), Call("{}", Spent("m")))
    assert [await store.find(other) for other in (key(run + "x"), key(run, "a.draft.2"), key(run, digest="e"))] == [None] * 3


async def test_the_first_reply_stays(store: CallCache, run: str) -> None:
    await asyncio.gather(*(store.keep(key(run), Call(f"{number}", Spent("m"))) for number in range(5)))
    first = await store.find(key(run))
    await store.keep(key(run), Call("late", Spent("m")))
    assert first and first.reply != "late" and await store.find(key(run)) == first


async def test_what_a_run_spent(store: CallCache, run: str) -> None:
    await store.keep(key(run, "a"), Call("{}", Spent("m", 10, 1, cost=0.5, calls=1)))
    await store.keep(key(run, "b"), Call("{}", Spent("m", 20, 2, cost=0.25, calls=2)))
    assert await store.spent(run) == Spent("m", 30, 3, cost=0.75, calls=3)
    assert await store.spent(run + "x") == Spent("")


async def test_a_closed_store_opens_again(store: CallCache, run: str) -> None:
    await store.keep(key(run), Call("{}", Spent("m")))
    await store.close()
    assert await store.find(key(run))


async def test_two_stores_share_one_file(tmp_path: Path, run: str) -> None:
    one, two = SqliteCalls(tmp_path / "calls.sqlite"), SqliteCalls(tmp_path / "calls.sqlite")
    await asyncio.gather(
        *(store.keep(key(run, str(number)), Call("{}", Spent("m", calls=1))) for number in range(20) for store in (one, two))
    )
    assert (await one.spent(run)).calls == (await two.spent(run)).calls == 20
    await one.close()
    await two.close()


@pytest.mark.parametrize("content", [b"", b"this is no database, but a text of some length" * 10])
async def test_a_store_that_cannot_be_opened_says_so(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    if content:
        path.write_bytes(content)
    else:
        path.mkdir()
    with pytest.raises(StoreError, match=r"calls\.sqlite"):
        await SqliteCalls(path).find(key("r"))


async def test_a_postgres_that_is_not_there_is_named_without_its_password() -> None:
    store = PostgresCalls(SecretStr("postgresql://user:pass-word@127.0.0.1:1/db"))
    with pytest.raises(StoreError, match="Postgres") as caught:
        await store.find(key("r"))
    assert "pass-word" not in str(caught.value) and caught.value.__cause__ is None


BASE = Request("a.draft.1", "writer", "a", "prefix", "suffix", Word, lambda: Word(word="x"))


@pytest.mark.parametrize(
    "other",
    [
        call_key("r", Request("a.draft.1", "writer", "a", "prefixs", "uffix", Word, BASE.playbook), "m"),
        call_key("r", Request("a.draft.1", "writer", "a", "prefix", "suffix", Other, lambda: Other(other="x")), "m"),
        call_key("r", BASE, "m2"),
        call_key("r2", BASE, "m"),
    ],
)
def test_a_key_knows_messages_schema_model_and_run(other: CallKey) -> None:
    assert other != call_key("r", BASE, "m") == call_key("r", BASE, "m")
