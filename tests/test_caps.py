"""Caps hold before the call, count what is under way, and never take an unknown price for zero."""

from __future__ import annotations

import pytest

from ai_data_strategy.errors import CapReached, InputError
from ai_data_strategy.writers.caps import Caps


@pytest.mark.parametrize(
    ("caps", "tokens", "cost", "refused"),
    [
        (Caps(), 10**9, 10**6, None),
        (Caps(max_tokens=100), 100, None, None),
        (Caps(max_tokens=100), 101, None, "token cap of 100"),
        (Caps(max_tokens=100, tokens=60), 41, 0.0, "60 spent"),
        (Caps(max_cost=1.0), 10, 1.0, None),
        (Caps(max_cost=1.0), 10, 1.01, "money cap of 1.00"),
        (Caps(max_cost=1.0, cost=0.6), 10, 0.5, "0.6000 spent"),
        (Caps(max_tokens=5, max_cost=1.0), 6, None, "token cap of 5"),
        (Caps(max_tokens=5, max_cost=1.0), 5, None, None),
        (Caps(max_cost=1.0, cost=None), 5, 1.01, "money cap"),
    ],
)
def test_a_call_that_would_pass_a_cap_is_refused(caps: Caps, tokens: int, cost: float | None, refused: str | None) -> None:
    if refused is None:
        caps.reserve(tokens, cost)
        return
    with pytest.raises(CapReached, match=refused):
        caps.reserve(tokens, cost)


def test_calls_under_way_count() -> None:
    caps = Caps(max_tokens=100)
    first = caps.reserve(60, None)
    with pytest.raises(CapReached, match="60 under way"):
        caps.reserve(60, None)
    caps.release(first)
    caps.reserve(60, None)


def test_settling_replaces_the_estimate_by_the_usage() -> None:
    caps = Caps(max_tokens=100, max_cost=1.0)
    caps.settle(caps.reserve(90, 0.9), 10, 0.1)
    assert (caps.tokens, caps.cost) == (10, 0.1)
    caps.reserve(90, 0.9)


def test_an_unknown_cost_makes_the_sum_unknown() -> None:
    caps = Caps(max_tokens=100)
    caps.settle(caps.reserve(10, None), 10, None)
    caps.settle(caps.reserve(10, 0.5), 10, 0.5)
    assert (caps.tokens, caps.cost) == (20, None)


@pytest.mark.parametrize(
    ("caps", "known", "refused"),
    [(Caps(max_cost=1), False, True), (Caps(max_cost=1), True, False), (Caps(9, 1), False, False), (Caps(), False, False)],
)
def test_a_money_cap_alone_needs_a_known_price(caps: Caps, known: bool, refused: bool) -> None:
    if not refused:
        caps.require_price("m", known)
        return
    with pytest.raises(InputError, match="--max-tokens"):
        caps.require_price("m", known)
