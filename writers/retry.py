"""The one retry layer: what passes by itself, how long to wait, when to give up."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite

from openai import APIConnectionError, APIError, APIStatusError
from tenacity import RetryCallState

_MOST_SECONDS = 30.0
_PASSING = (408, 409, 425, 429)


def is_passing(error: BaseException | None) -> bool:
    """Whether the same call may succeed later: rate limit, server error, time-out, lost connection."""
    if isinstance(error, APIStatusError):
        return error.status_code >= 500 or (error.status_code in _PASSING and not is_quota(error))
    return isinstance(error, (APIConnectionError, TimeoutError))


def is_quota(error: APIError) -> bool:
    """Whether the account has no money left: then waiting does not help."""
    return "insufficient_quota" in (error.code, error.type)


def asked_wait(error: BaseException | None, now: datetime | None = None) -> float | None:
    """Seconds that the server asks to wait (Retry-After in seconds or as a date, RFC 9110 10.2.3), or None."""
    if not isinstance(error, APIStatusError):
        return None
    stated = error.response.headers.get("retry-after", "").strip()
    try:
        if milliseconds := error.response.headers.get("retry-after-ms"):
            return _seconds(float(milliseconds) / 1000)
        return _seconds(float(stated)) if stated else None
    except ValueError:
        return _until(stated, now or datetime.now(UTC))


def _seconds(stated: float) -> float | None:
    return max(0.0, stated) if isfinite(stated) else None


def _until(stated: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(stated)
    except ValueError:
        return None
    return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds())


def pause(state: RetryCallState, first: float) -> float:
    """Seconds before the next try: what the server asks for, with a little jitter on top; else exponential from `first` on, with jitter."""
    asked = asked_wait(state.outcome.exception() if state.outcome else None)
    if asked is not None:
        return asked + random.uniform(0, 0.25)
    return random.uniform(first / 2, min(_MOST_SECONDS, first * 2**state.attempt_number))
