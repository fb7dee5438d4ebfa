"""Where runs live: one SQLite file in the user's data folder, or Postgres by URL.

Holds the graph's checkpoints, the call cache, and one row a run. Secrets are never part of any of them.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from pydantic import SecretStr

from ai_data_strategy.errors import InputError, RunBusy, UnknownRun
from ai_data_strategy.writers.calls import CallCache, SqliteCalls

SCHEMA = "create table if not exists strategy_runs (run text primary key, created text not null, row text not null)"


@dataclass(frozen=True)
class Run:
    """What is known of a run without its checkpoints. `status`: running, needs_answers, needs_replies, stopped, failed, done."""

    run: str
    created: str
    status: str
    arguments: str
    language: str = ""
    today: str = ""
    product: str = ""
    version: int = 1
    model: str = ""
    base_url: str = ""
    models: dict[str, str] = field(default_factory=dict)
    ask: bool = False
    revisions: int = 2
    out: str = ""
    files: list[str] = field(default_factory=list)
    trouble: str = ""
    measurements: dict[str, Any] = field(default_factory=dict)
    """The profile of the user's data, until the run's first checkpoint holds it."""

    @property
    def thread(self) -> str:
        """The checkpoint thread of the current version."""
        return f"{self.run}.{self.version}"

    def but(self, **changes: Any) -> Run:
        return replace(self, **changes)


class Rows(Protocol):
    """The table of runs."""

    async def put(self, run: Run) -> None: ...
    async def all(self) -> list[Run]: ...
    async def find(self, run: str) -> Run: ...
    async def claim(self, run: str) -> bool: ...
    async def release(self, run: str) -> None: ...


def _run(text: str) -> Run:
    return Run(**json.loads(text))


def _missing(run: str) -> UnknownRun:
    return UnknownRun(f"no run has the id {run!r}: `ai-data-strategy runs` lists them")


class SqliteRows:
    """Runs in SQLite, over the connection of the checkpointer."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    async def put(self, run: Run) -> None:
        await self.connection.execute(
            "insert or replace into strategy_runs values (?, ?, ?)", (run.run, run.created, json.dumps(asdict(run)))
        )
        await self.connection.commit()

    async def all(self) -> list[Run]:
        async with self.connection.execute("select row from strategy_runs order by created") as cursor:
            return [_run(row[0]) for row in await cursor.fetchall()]

    async def find(self, run: str) -> Run:
        async with self.connection.execute("select row from strategy_runs where run = ?", (run,)) as cursor:
            row = await cursor.fetchone()
        if row is None:
            raise _missing(run)
        return _run(row[0])

    async def claim(self, run: str) -> bool:
        """Always true: the lock file beside the database is enough on one machine."""
        return True

    async def release(self, run: str) -> None:
        return None


class PostgresRows:
    """Runs in Postgres, over the connection of the checkpointer."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    async def put(self, run: Run) -> None:
        text = "insert into strategy_runs values (%s, %s, %s) on conflict (run) do update set row = excluded.row"
        await self.connection.execute(text, (run.run, run.created, json.dumps(asdict(run))))

    async def all(self) -> list[Run]:
        cursor = await self.connection.execute("select row from strategy_runs order by created")
        return [_run(row["row"]) for row in await cursor.fetchall()]

    async def find(self, run: str) -> Run:
        cursor = await self.connection.execute("select row from strategy_runs where run = %s", (run,))
        row = await cursor.fetchone()
        if row is None:
            raise _missing(run)
        return _run(row["row"])

    async def claim(self, run: str) -> bool:
        """Hold the run against programs on other machines; the server lets go when this connection ends."""
        cursor = await self.connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0)) as held", (run,))
        return bool((await cursor.fetchone())["held"])

    async def release(self, run: str) -> None:
        await self.connection.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", (run,))


@dataclass
class Store:
    """An open store: checkpointer for the graph, table of runs, and locks that end with the program that holds them."""

    saver: Any
    runs: Rows
    folder: Path
    database: SecretStr | None = None

    def calls(self) -> CallCache:
        """The cache of finished model calls, in the same place."""
        if self.database is None:
            return SqliteCalls(self.folder / "runs.sqlite")
        from ai_data_strategy.writers.calls_postgres import PostgresCalls

        return PostgresCalls(self.database)

    @asynccontextmanager
    async def lock(self, run: str) -> AsyncIterator[None]:
        """Hold a run for this program alone; RunBusy if another live program holds it."""
        from filelock import FileLock, Timeout  # heavy enough to wait until it is needed

        folder = self.folder / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        held = FileLock(folder / f"{run}.lock", timeout=0)
        try:
            held.acquire()
        except Timeout as error:
            raise RunBusy(f"run {run}: another program works on it now; wait for it or stop it") from error
        try:
            if not await self.runs.claim(run):
                raise RunBusy(f"run {run}: a program on another machine works on it now; wait for it or stop it")
            try:
                yield
            finally:
                await self.runs.release(run)
        finally:
            held.release()


def _strict() -> None:
    import os

    os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")


@asynccontextmanager
async def opened(folder: Path, database: SecretStr | None = None) -> AsyncIterator[Store]:
    """The store under `folder`, or in the Postgres database at a URL. Creates what is missing."""
    _strict()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"data folder {folder}: {error.strerror}; choose another with AI_DATA_STRATEGY_DATA") from error
    if database:
        async with _postgres(folder, database) as store:
            yield store
    else:
        async with _sqlite(folder) as store:
            yield store


@asynccontextmanager
async def _sqlite(folder: Path) -> AsyncIterator[Store]:
    import aiosqlite
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    path = folder / "runs.sqlite"
    try:
        async with aiosqlite.connect(path, timeout=60) as connection:
            await connection.execute("pragma journal_mode=wal")
            await connection.execute("pragma synchronous=normal")
            await connection.execute(SCHEMA)
            await connection.commit()
            saver = AsyncSqliteSaver(connection)
            await saver.setup()
            yield Store(saver, SqliteRows(connection), folder)
    except aiosqlite.Error as error:
        raise InputError(f"store {path}: {error}; free some space or choose another folder with AI_DATA_STRATEGY_DATA") from error


@asynccontextmanager
async def _postgres(folder: Path, url: SecretStr) -> AsyncIterator[Store]:
    try:
        import psycopg
        from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    except ImportError as error:
        raise InputError("a Postgres store needs the extra: pip install 'ai-data-strategy[postgres]'") from error
    try:
        async with AsyncPostgresSaver.from_conn_string(url.get_secret_value()) as saver:
            await saver.setup()
            await saver.conn.execute(SCHEMA)  # type: ignore[union-attr]
            yield Store(saver, PostgresRows(saver.conn), folder, url)
    except psycopg.OperationalError as error:
        raise InputError(
            f"Postgres store: {type(error).__name__}: the server cannot be reached or refuses; check AI_DATA_STRATEGY_DATABASE_URL"
        ) from error
