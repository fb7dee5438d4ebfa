"""The sizes of a plan in plain numbers, chosen so that they fit each other: traffic, labels, window, test, ramp, limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ai_data_strategy.playbook.cast import annotators_named
from ai_data_strategy.playbook.desk import knowledge
from ai_data_strategy.playbook.facts import days, rate_unit
from ai_data_strategy.playbook.plan import Plan
from ai_data_strategy.quantities.formulas import (
    days_of_test,
    half_width,
    items_for_width,
    labelling_hours,
    test_items_per_arm,
    weeks_of_work,
)
from ai_data_strategy.quantities.units import convert

SHORTEST_WINDOW = 90
"""Days of matured history under which a source cannot carry training; a pseudonymised store is built instead."""
STORE_WINDOW = 180
"""Days that a pseudonymised store may reach back: what a deletion rule gave away is asked for sparingly."""
WORKDAYS = 5
TRAINING_DAYS = 3
MOST_LABEL_WEEKS = 12
_HIGHEST = 98
"""Percent: the highest target; above it the benchmark could not tell success from luck."""
LONGEST_TEST, LONGEST_RARE_TEST = 42, 182
_METRIC_IS_RIGHTNESS = ("text_classification", "extraction", "rag_chat", "speech", "forecasting")


@dataclass(frozen=True)
class Labels:
    """Who labels how much."""

    annotators: float
    hours: float
    weeks: float
    benchmark: int
    overlap: int
    training: int
    minutes: float


@dataclass(frozen=True)
class Test:
    """The metric's levels, and a live test that its traffic can carry."""

    baseline: float
    target: float
    effect: float
    share: float
    days: int
    decidable: bool = True


@dataclass(frozen=True)
class Sizes:
    """Days unless said otherwise."""

    per_day: float
    delay: int
    window: int
    store: bool
    labels: Labels
    test: Test
    cadence: int
    shadow: int
    ramp: int
    lag_limit: int
    log_retention: int
    erasure_limit: int
    backup: int


def sizes(plan: Plan, shortest_retention: float | None, erasure_limit: int) -> Sizes:
    """All sizes. `shortest_retention` is the shortest stated retention (days) of a source that would train, None if unknown."""
    delay = math.ceil(days(plan.facts.delay, "high")) if plan.facts.delay else int(plan.dial("label_delay")["value"])
    per_day = daily(plan)
    room = math.inf if shortest_retention is None else shortest_retention - delay
    store = room < SHORTEST_WINDOW
    most = STORE_WINDOW if plan.topic["personal"] else math.inf
    window = _window(plan, most if store else room)
    test = _test(plan, per_day)
    labels = _labels(plan, test)
    test = _wide_enough(test, labels.benchmark)
    cadence = int(plan.dial("cadence")["value"])
    shadow = _weeks_up(max(int(plan.dial("shadow")["value"]), delay - test.days))
    ramp = _weeks_up(max(28, test.days + 7 + (delay if delay <= 30 else 0)))
    lag = 5 * math.ceil((delay + cadence + TRAINING_DAYS + shadow + ramp) / 5) + 5
    return Sizes(
        per_day, delay, window, store, labels, test, cadence, shadow, ramp, lag, _log_retention(plan, window, delay, cadence, store, shortest_retention),
        erasure_limit, 7 if erasure_limit <= 30 else 14,
    )  # fmt: skip


def daily(plan: Plan) -> float:
    """Examples a calendar day: stated, or the planning value."""
    said = plan.facts.per_day
    if said is None:
        return float(plan.dial("per_day")["value"])
    value = (said.value + (said.high if said.high is not None else said.value)) / 2
    unit = rate_unit(said)
    return value * WORKDAYS / 7 if unit == "workday" else convert(value, f"count/{unit}", "count/day")


def _weeks_up(length: float) -> int:
    return 7 * math.ceil(length / 7)


def _window(plan: Plan, room: float) -> int:
    wished = days(plan.facts.window) if plan.facts.window else float(plan.dial("window")["value"])
    return int(min(wished, room))


def _log_retention(plan: Plan, window: int, delay: int, cadence: int, store: bool, shortest: float | None) -> int:
    if store and shortest is not None:
        return max(int(shortest), 30 * math.ceil((delay + 15) / 30))
    if plan.topic["log_trains"]:
        return 30 * math.ceil((window + delay + 15) / 30)
    return max(180, 30 * math.ceil((delay + cadence + 30) / 30))


def positive_share(plan: Plan) -> float:
    """Percent of production on which the metric can be counted."""
    if not plan.topic["metric_share"]:
        return 100.0
    if plan.facts.base:
        return plan.facts.base.value
    if plan.facts.positives_year:
        return 100 * plan.facts.positives_year.value / 365 / daily(plan)
    return float(plan.topic["metric_share"]["value"])


def baseline(plan: Plan) -> float:
    """Today's level of the metric in percent: stated, from the stated share of corrections, or the planning value."""
    facts = plan.facts
    if plan.kind in _METRIC_IS_RIGHTNESS and facts.right:
        return facts.right.value
    if plan.kind in _METRIC_IS_RIGHTNESS and facts.wrong:
        return 100 - facts.wrong.value
    return float(plan.dial("baseline")["value"])


def _test(plan: Plan, per_day: float) -> Test:
    """The first pair of share and effect whose live test is over in time; else the largest effect, marked if even that is too slow."""
    base, wished = baseline(plan), float(plan.dial("effect")["value"])
    traffic = per_day * positive_share(plan) / 100
    longest = LONGEST_RARE_TEST if plan.topic["long_test"] else LONGEST_TEST
    least = int(plan.dial("test")["value"])
    first = float(plan.dial("live_share")["value"])
    most = max(1.0, _HIGHEST - base)
    needed, effect, share = math.inf, wished, first
    for factor in (1, 1.5, 2, 3, 4):
        for share in dict.fromkeys((first, 50.0)):
            effect = min(wished * factor, 40.0, most)
            needed = days_of_test(test_items_per_arm(base, effect), traffic, share)
            if needed <= longest:
                return _levels(plan, base, effect, share, _weeks_up(max(needed, least)))
    if needed <= LONGEST_RARE_TEST:
        return _levels(plan, base, effect, share, _weeks_up(max(needed, least)))
    return replace(_levels(plan, base, effect, share, _weeks_up(least)), decidable=False)


def _levels(plan: Plan, base: float, effect: float, share: float, length: int) -> Test:
    target = math.ceil(min(_HIGHEST, max(float(plan.dial("target")["value"]), base + effect)))
    return Test(base, max(target, base + effect), effect, share, length)


def _wide_enough(test: Test, items: int) -> Test:
    """The effect is never finer than the interval that the benchmark allows at the target."""
    least = math.ceil(2 * half_width(test.target, items)) / 2
    if test.effect >= least:
        return test
    return replace(test, target=max(test.target, test.baseline + least), effect=least)


def _labels(plan: Plan, test: Test) -> Labels:
    table = knowledge("rates")
    minutes = float(table["minutes"][plan.kind]["value"])
    wide = 50 * math.ceil(items_for_width(test.target, test.effect) / 50)
    benchmark, overlap = min(3000, max(int(plan.dial("benchmark")["value"]), wide)), int(plan.dial("overlap")["value"])
    training = int(plan.dial("training_items")["value"])
    count, hours = _capacity(plan, labelling_hours(benchmark + overlap + training, minutes), table)
    while weeks_of_work(labelling_hours(benchmark + overlap + training, minutes), hours) > MOST_LABEL_WEEKS and (
        training,
        benchmark,
        overlap,
    ) != (0, 500, 100):
        if training:
            training = max(0, training - 100)
        elif benchmark > 500:
            benchmark = max(500, benchmark - 100)
        else:
            overlap = 100
    weeks = weeks_of_work(labelling_hours(benchmark + overlap + training, minutes), hours)
    return Labels(count, hours, weeks, benchmark, overlap, training, minutes)


def _capacity(plan: Plan, needed: float, table: Mapping[str, Any]) -> tuple[float, float]:
    """Annotators and their hours a week: stated where stated, else enough for ten weeks within what people can bear."""
    person = annotators_named(plan)
    usual, most = float(table["hours_per_annotator"]), float(table["most_hours_per_annotator"])
    count = person.count if person and person.count else max(2.0, min(5.0, math.ceil(needed / (10 * usual))))
    if person and person.hours_per_week:
        return count, person.hours_per_week * count
    return count, count * max(usual, min(most, math.ceil(needed / 10 / count)))
