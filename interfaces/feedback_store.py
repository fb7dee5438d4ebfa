"""Where verdicts of readers live: a table beside the runs, in SQLite or Postgres. Rows are added, never changed."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from ai_data_strategy.interfaces.store import Store

SCHEMA = "create table if not exists strategy_feedback (id text primary key, run text not null, created text not null, row text not null)"
GOOD_OR_BAD = Literal["good", "bad"]


@dataclass(frozen=True)
class Feedback:
    """What a reader said of a document or of one section of it, with what was known of it at that time.

    `created` is ISO 8601 in UTC; an empty `section` is the whole document; `prompts` are the versions of the section's prompts in
    the program that took the feedback, `tool_version` is that of the program that wrote the document; `findings` as of `Finding`.
    """

    id: str
    run: str
    version: int
    created: str
    section: str
    verdict: GOOD_OR_BAD
    note: str
    writer: str
    tool_version: str
    prompts: dict[str, int] = field(default_factory=dict)
    findings: list[dict[str, str]] = field(default_factory=list)


class FeedbackRows(Protocol):
    """The table of verdicts."""

    async def add(self, feedback: Feedback) -> None: ...
    async def of(self, run: str) -> list[Feedback]: ...
    async def all(self) -> list[Feedback]: ...


def _feedback(text: str) -> Feedback:
    return Feedback(**json.loads(text))


def _values(feedback: Feedback) -> tuple[str, str, str, str]:
    return feedback.id, feedback.run, feedback.created, json.dumps(asdict(feedback), ensure_ascii=False)


class SqliteFeedback:
    """Verdicts in SQLite. Each statement has a connection of its own: on a shared one, a write beside an open read would be refused."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def prepare(self) -> None:
        await asyncio.to_thread(self._do, SCHEMA)

    async def add(self, feedback: Feedback) -> None:
        await asyncio.to_thread(self._do, "insert into strategy_feedback values (?, ?, ?, ?)", _values(feedback))

    async def of(self, run: str) -> list[Feedback]:
        rows = await asyncio.to_thread(self._do, "select row from strategy_feedback where run = ? order by created, id", (run,))
        return [_feedback(row[0]) for row in rows]

    async def all(self) -> list[Feedback]:
        return [_feedback(row[0]) for row in await asyncio.to_thread(self._do, "select row from strategy_feedback order by created, id")]

    def _do(self, statement: str, values: Sequence[str] = ()) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(self._path, timeout=60)) as connection, connection:
            return connection.execute(statement, values).fetchall()


class PostgresFeedback:
    """Verdicts in Postgres, over the connection of the checkpointer."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    async def prepare(self) -> None:
        """Create the table once, in one statement: `if not exists` alone fails where two programs create it at the same time."""
        await self.connection.execute(
            f"do $$ begin perform pg_advisory_xact_lock(hashtextextended('strategy_feedback', 0)); {SCHEMA}; end $$"
        )

    async def add(self, feedback: Feedback) -> None:
        await self.connection.execute("insert into strategy_feedback values (%s, %s, %s, %s)", _values(feedback))

    async def of(self, run: str) -> list[Feedback]:
        cursor = await self.connection.execute("select row from strategy_feedback where run = %s order by created, id", (run,))
        return [_feedback(row["row"]) for row in await cursor.fetchall()]

    async def all(self) -> list[Feedback]:
        cursor = await self.connection.execute("select row from strategy_feedback order by created, id")
        return [_feedback(row["row"]) for row in await cursor.fetchall()]


async def feedback_in(store: Store) -> FeedbackRows:
    """The verdicts of an open store; creates the table where it is missing."""
    rows = SqliteFeedback(store.folder / "runs.sqlite") if store.database is None else PostgresFeedback(store.saver.conn)
    await rows.prepare()
    return rows
