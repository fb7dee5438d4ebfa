"""The store of runs in SQLite and in Postgres: a test that wants `store` runs with both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from ai_data_strategy.interfaces.store import Store, opened


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> SecretStr | None:
    return None if request.param == "sqlite" else SecretStr(request.getfixturevalue("postgres"))


@pytest_asyncio.fixture
async def store(database: SecretStr | None, tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path / "data", database) as found:
        yield found
