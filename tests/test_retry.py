"""What is worth another try, and how long to wait for it."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2
import openai
import pytest

from ai_data_strategy.writers.retry import asked_wait, is_passing

REQUEST = httpx2.Request("POST", "http://server/v1/chat/completions")
NOW = datetime(2026, 1, 5, 12, 0, 0, tzinfo=UTC)


def answered(status: int, headers: dict[str, str] | None = None, code: str = "") -> openai.APIStatusError:
    """The error of an answer."""
    response = httpx2.Response(status, headers=headers, request=REQUEST)
    return openai.APIStatusError("m", response=response, body={"code": code})


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (answered(429), True),
        (answered(429, code="insufficient_quota"), False),
        (answered(500), True),
        (answered(503), True),
        (answered(408), True),
        (answered(400), False),
        (answered(401), False),
        (answered(404), False),
        (openai.APITimeoutError(REQUEST), True),
        (openai.APIConnectionError(request=REQUEST), True),
        (TimeoutError(), True),
        (ValueError(), False),
        (None, False),
    ],
)
def test_what_may_pass(error: BaseException | None, passing: bool) -> None:
    assert is_passing(error) is passing


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Mon, 05 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Mon, 05 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
    ],
)
def test_the_wait_that_the_server_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(answered(429, headers), NOW) == seconds
