"""The ledger: derived figures, ranges, circles, clashes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ai_data_strategy.domain import Quantity
from ai_data_strategy.quantities.ledger import Ledger


def known(key: str, value: float | None, unit: str, low: float | None = None, high: float | None = None) -> Quantity:
    return Quantity(key=key, meaning=key, value=value, low=low, high=high, unit=unit, basis="proposed", source="owner")


def derived(key: str, unit: str, expression: str) -> Quantity:
    return Quantity(key=key, meaning=key, unit=unit, basis="derived", source="", expression=expression)


def test_a_chain_is_computed_in_any_order() -> None:
    ledger = Ledger.of({"b": [derived("cost", "EUR", "hours * rate"), derived("hours", "hour", "labelling_hours(items, minutes)")],
                        "a": [known("items", 600, "items"), known("minutes", 5, "minute/item"), known("rate", 40, "EUR/hour")]})  # fmt: skip
    assert ledger.number("cost", "EUR") == 2000
    assert ledger.uses("cost") == {"cost", "hours", "rate", "items", "minutes"}


def test_unknown_inputs_make_unknown_results_without_a_problem() -> None:
    missing = Quantity(key="rate", meaning="rate", unit="EUR/hour", basis="unknown", source="nobody said")
    ledger = Ledger.of({"a": [known("hours", 10, "hour"), missing, derived("cost", "EUR", "hours * rate")]})
    entry = ledger.get("cost")
    assert entry and not entry.known and not entry.problem


def test_circles_and_missing_keys_are_problems() -> None:
    ledger = Ledger.of({"a": [derived("one", "count", "two + 1"), derived("two", "count", "one + 1"), derived("three", "count", "nosuch")]})
    problems = [ledger.entries[key].problem for key in ("one", "two", "three")]
    assert any("circle" in problem for problem in problems[:2]) and "nosuch" in problems[2]


def test_two_meanings_of_one_key_clash() -> None:
    ledger = Ledger.of({"inventory": [known("rows", 120_000, "tickets")], "quality": [known("rows", 200_000, "tickets")]})
    assert [(clash.key, clash.homes) for clash in ledger.clashes] == [("rows", ("inventory", "quality"))]


def test_a_number_is_given_in_the_unit_asked_for() -> None:
    ledger = Ledger.of({"a": [known("window", 24, "month")]})
    assert ledger.number("window", "day") == 730 and ledger.number("window", "EUR") is None


@given(st.floats(1, 1e6), st.floats(0, 1e6), st.floats(0.1, 100))
def test_a_range_goes_through_by_its_ends(low: float, spread: float, factor: float) -> None:
    ledger = Ledger.of(
        {
            "a": [
                known("range", None, "items", low, low + spread),
                known("factor", factor, "count"),
                derived("product", "items", "range * factor"),
            ]
        }
    )
    entry = ledger.entries["product"]
    assert entry.low is not None and entry.high is not None and entry.low <= entry.high
    assert abs(entry.low - low * factor) <= 1e-6 * max(1, low * factor)
