"""The store of finished model calls: a replayed step costs nothing, and no finished call is paid twice.

It holds replies and what they cost, under a hash of the prompt; never a key, an address or the prompt itself.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from dataclasses import asdict, dataclass
from functools import reduce
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Protocol

from ai_data_strategy.errors import StoreError
from ai_data_strategy.models import M, Request, Spent
from ai_data_strategy.writers.replies import schema_text

TABLE = """CREATE TABLE IF NOT EXISTS model_calls (
    run TEXT NOT NULL, request TEXT NOT NULL, digest TEXT NOT NULL, reply TEXT NOT NULL, spent TEXT NOT NULL,
    PRIMARY KEY (run, request, digest))"""
_BUSY_SECONDS = 60


@dataclass(frozen=True)
class CallKey:
    """What makes two calls the same: run, request id, and the hash of messages, schema and model."""

    run: str
    request: str
    digest: str


@dataclass(frozen=True)
class Call:
    """A finished call: the validated reply as JSON, and what it took."""

    reply: str
    spent: Spent


class CallCache(Protocol):
    """Where finished calls are kept. Every method raises StoreError if the store fails."""

    async def find(self, key: CallKey) -> Call | None:
        """The finished call, if there is one."""
        ...

    async def keep(self, key: CallKey, call: Call) -> None:
        """Keep a finished call; the first one stays if it is there already."""
        ...

    async def spent(self, run: str) -> Spent:
        """What all kept calls of a run took together."""
        ...

    async def close(self) -> None:
        """Close the store."""
        ...


def call_key(run: str, request: Request[M], model: str) -> CallKey:
    """The key of a call."""
    digest = sha256()
    for part in (model, request.prefix, request.suffix, schema_text(request.schema)):
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return CallKey(run, request.id, digest.hexdigest())


def pack(spent: Spent) -> str:
    """What a call took, as JSON."""
    return json.dumps(asdict(spent))


def unpack(text: str) -> Spent:
    """The opposite of `pack`."""
    return Spent(**json.loads(text))


def total(spents: list[Spent]) -> Spent:
    """Several costs together; the model's name if it is one only."""
    names = {spent.model for spent in spents}
    return reduce(Spent.plus, spents, Spent(names.pop() if len(names) == 1 else ""))


class SqliteCalls:
    """Finished calls in one SQLite file, which many processes may share."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None

    async def find(self, key: CallKey) -> Call | None:
        rows = await self._run(
            "SELECT reply, spent FROM model_calls WHERE run = ? AND request = ? AND digest = ?", (key.run, key.request, key.digest)
        )
        return Call(rows[0][0], unpack(rows[0][1])) if rows else None

    async def keep(self, key: CallKey, call: Call) -> None:
        values = (key.run, key.request, key.digest, call.reply, pack(call.spent))
        await self._run("INSERT OR IGNORE INTO model_calls VALUES (?, ?, ?, ?, ?)", values)

    async def spent(self, run: str) -> Spent:
        return total([unpack(text) for (text,) in await self._run("SELECT spent FROM model_calls WHERE run = ?", (run,))])

    async def close(self) -> None:
        with self._lock:
            if self._connection:
                self._connection.close()
            self._connection = None

    async def _run(self, statement: str, values: tuple[str, ...]) -> list[tuple[str, ...]]:
        return await asyncio.to_thread(self._run_now, statement, values)  # another process may hold the file for long

    def _run_now(self, statement: str, values: tuple[str, ...]) -> list[tuple[str, ...]]:
        try:
            with self._lock:
                self._connection = self._connection or self._open()
                return self._connection.execute(statement, values).fetchall()
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"store of finished calls {self._path}: {error}. Free the disk, mend its permissions, or set another folder."
            ) from error

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(mode=0o600)
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(TABLE)
        return connection
