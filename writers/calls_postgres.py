"""The store of finished model calls in Postgres, for many machines. Needs the extra `postgres`."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from pydantic import SecretStr

from ai_data_strategy.errors import InputError, StoreError
from ai_data_strategy.models import Spent
from ai_data_strategy.writers.calls import TABLE, Call, CallKey, pack, total, unpack

if TYPE_CHECKING:
    from psycopg import AsyncConnection


class PostgresCalls:
    """Finished calls in a table of a Postgres database. The address holds a password: it is never shown."""

    def __init__(self, url: SecretStr) -> None:
        self._url = url
        self._lock = asyncio.Lock()
        self._connection: AsyncConnection | None = None

    async def find(self, key: CallKey) -> Call | None:
        rows = await self._run(
            "SELECT reply, spent FROM model_calls WHERE run = %s AND request = %s AND digest = %s", (key.run, key.request, key.digest)
        )
        return Call(rows[0][0], unpack(rows[0][1])) if rows else None

    async def keep(self, key: CallKey, call: Call) -> None:
        values = (key.run, key.request, key.digest, call.reply, pack(call.spent))
        await self._run("INSERT INTO model_calls VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING", values)

    async def spent(self, run: str) -> Spent:
        return total([unpack(text) for (text,) in await self._run("SELECT spent FROM model_calls WHERE run = %s", (run,))])

    async def close(self) -> None:
        if self._connection:
            await self._connection.close()
        self._connection = None

    async def _run(self, statement: str, values: tuple[str, ...]) -> list[tuple[str, ...]]:
        try:
            import psycopg  # an extra, and heavy
        except ImportError as error:
            raise InputError("a Postgres address is set, but psycopg is missing: install ai-data-strategy[postgres].") from error
        async with self._lock:
            for last in (False, True):
                try:
                    return await self._once(statement, values)
                except psycopg.Error as error:
                    await self.close()
                    if last or not isinstance(error, psycopg.OperationalError):  # a lost connection is opened again, once
                        raise StoreError(
                            f"Postgres store of finished calls: {self._hidden(error)}. Check the address and the server."
                        ) from None
        raise AssertionError("unreachable")

    async def _once(self, statement: str, values: tuple[str, ...]) -> list[tuple[str, ...]]:
        connection = self._connection = self._connection or await self._open()
        cursor = await connection.execute(statement.encode(), values)
        return await cursor.fetchall() if cursor.description else []

    async def _open(self) -> AsyncConnection:
        from psycopg import AsyncConnection, errors  # an extra, and heavy

        connection = await AsyncConnection.connect(self._url.get_secret_value(), autocommit=True)
        with suppress(errors.UniqueViolation, errors.DuplicateTable):  # another process made the table at the same moment
            await connection.execute(TABLE.encode())
        return connection

    def _hidden(self, error: Exception) -> str:
        return " ".join(str(error).replace(self._url.get_secret_value(), "[address]").split())
