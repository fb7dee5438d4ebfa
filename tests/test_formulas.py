"""The named formulas: known values from their sources, and what must hold for any input."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_data_strategy.errors import ExpressionError
from ai_data_strategy.quantities.expressions import evaluate
from ai_data_strategy.quantities.formulas import FORMULAS
from ai_data_strategy.quantities.units import unit

share = st.floats(0.5, 99.5)
count = st.floats(1, 1e9)
positive = st.floats(0.01, 1e6)


def compute(name: str, *values: float) -> float:
    return float(FORMULAS[name].compute(*values))


@pytest.mark.parametrize(
    ("name", "inputs", "expected"),
    [
        ("labelling_hours", (1500, 10), 250),
        ("weeks_of_work", (250, 30), 9),
        ("days_to_volume", (12000, 2000, 500), 20),
        ("days_to_volume", (2000, 12000, 500), 0),
        ("ten_times", (24400,), 244000),
        ("half_width", (50, 400), 4.9),
        ("items_for_width", (18, 3), 631),
        ("zero_failure_items", (1,), 300),
        ("test_items_per_arm", (50, 5), 1565),
        ("days_of_test", (1000, 200, 10), 50),
        ("storage_growth", (4000, 21000), 2.555),
        ("risk_score", (4, 5), 20),
        ("sum_of_lags", (60, 1, 30, 3, 7, 14), 115),
        ("velocity", (900, 50, 80), 360),
        ("expected_in_slice", (13804, 2), 276.08),
    ],
)
def test_known_values(name: str, inputs: tuple[float, ...], expected: float) -> None:
    assert compute(name, *inputs) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_every_formula_names_its_source_and_its_units(name: str) -> None:
    formula = FORMULAS[name]
    assert "Source:" in formula.source
    for text in (*formula.parameters, formula.result):
        unit(text)


@given(share, st.floats(1, 1e6))
def test_more_items_never_widen_the_interval(level: float, items: float) -> None:
    assert compute("half_width", level, items * 2) <= compute("half_width", level, items)


@given(share, st.floats(0.2, 20))
def test_items_for_width_give_that_width(level: float, width: float) -> None:
    items = compute("items_for_width", level, width)
    assert compute("half_width", level, items) <= width + 1e-6


@given(st.floats(5, 90), st.floats(0.5, 5))
def test_a_smaller_effect_needs_more_items(baseline: float, effect: float) -> None:
    assert compute("test_items_per_arm", baseline, effect) >= compute("test_items_per_arm", baseline, effect * 2)


@given(count, positive, st.floats(1, 99))
def test_a_test_lasts_as_long_with_a_share_as_with_its_rest(items: float, per_day: float, part: float) -> None:
    assert compute("days_of_test", items, per_day, part) == pytest.approx(compute("days_of_test", items, per_day, 100 - part), abs=1)


@given(count, count, positive)
def test_waiting_for_volume_is_never_negative(need: float, have: float, per_day: float) -> None:
    days = compute("days_to_volume", need, have, per_day)
    assert days >= 0 and (have >= need) == (days == 0)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=8))
def test_the_sum_of_lags_is_at_least_its_longest(lags: list[float]) -> None:
    assert compute("sum_of_lags", *lags) >= max(lags) and math.isclose(compute("sum_of_lags", *lags), sum(lags))


@given(positive, st.lists(st.floats(0, 100), max_size=5))
def test_velocity_never_exceeds_what_comes_in(per_day: float, shares: list[float]) -> None:
    assert 0 <= compute("velocity", per_day, *shares) <= per_day * (1 + 1e-9)


VALUES = {
    "rate": (900.0, "tickets/workday"),
    "week": (5.0, "workday/week"),
    "share": (31.0, "percent"),
    "pay": (35.0, "GBP/hour"),
    "eur": (1.0, "EUR"),
    "none": (0.0, "tickets"),
}


@pytest.mark.parametrize(
    ("expression", "result", "expected"),
    [
        ("rate * week_days", "tickets/day", None),
        ("rate * share", "tickets/workday", 279),
        ("labelling_hours(1500, 10 * minute) * pay", "GBP", 8750),
        ("2 * (3 + 4)", "count", 14),
        ("max(1, 2, 3)", "count", 3),
        ("ceil(7 / 2)", "count", 4),
        ("365 * day", "year", 1),
        ("-3 + 5", "count", 2),
    ],
)
def test_expressions(expression: str, result: str, expected: float | None) -> None:
    values = {**VALUES, "week_days": (5.0, "workday/week")}
    found = evaluate(expression, values, result)
    assert found == pytest.approx(expected if expected is not None else 900 * 5 / 7)


@pytest.mark.parametrize(
    ("expression", "result", "message"),
    [
        ("rate", "tickets/day", "gives"),
        ("pay + eur", "GBP/hour", "add"),
        ("rate / none", "count/workday", "zero"),
        ("nosuch * 2", "count", "nosuch"),
        ("nosuch(2)", "count", "no formula"),
        ("labelling_hours(1)", "hour", "takes"),
        ("__import__('os').system('true')", "count", "not allowed"),
        ("rate.__class__", "count", "not allowed"),
        ("[1, 2]", "count", "not allowed"),
        ("'text'", "count", "not allowed|only"),
        ("1 if rate else 2", "count", "not allowed"),
        ("lambda: 1", "count", "not allowed"),
        ("True", "count", "only"),
        ("9 ** 9 ** 9", "count", "not allowed"),
        ("1 +", "count", "cannot be read"),
        ("(" * 200 + "1" + ")" * 200, "count", "read|characters|deep"),
        ("1" + " + 1" * 100, "count", "characters|deep"),
    ],
)
def test_what_is_not_allowed_is_named(expression: str, result: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        evaluate(expression, VALUES, result)


@given(st.text(max_size=60))
def test_no_text_breaks_the_evaluator(text: str) -> None:
    try:
        evaluate(text, VALUES, "count")
    except ExpressionError:
        return
