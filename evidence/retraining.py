"""When to retrain: triggers taken from the history with the false alarms they would have had, and what a live test can decide.

A series is a count of decisions by whole week and class: failed or not for the failure rate; bins of a prediction, confidence or
context for the drift of inputs. Its stable window is the first stretch of eight weeks or more without a change. A trigger is the level
that the weeks of that window exceed once a quarter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from ai_data_strategy.evidence.decisions import Decisions
from ai_data_strategy.evidence.profile import Chart, Column, Found, Problem
from ai_data_strategy.evidence.statistics import Z95
from ai_data_strategy.evidence.table import Table, evidence_id, quoted, shown
from ai_data_strategy.typeset.catalogue import N_

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST_WEEKS = 8
"""Whole weeks without a change that a trigger needs: fewer do not show how far a usual week strays."""
WEEKS_A_QUARTER = 13
DAYS_A_QUARTER = 91
_LEAST_A_WEEK = 30
_LEAST_FAILURES = 50
_LEAST_A_DAY = 10
_SMALL_PSI = 0.1
"""Under this a shift is small by the rule of thumb of credit scoring (Siddiqi, Credit Risk Scorecards, 2006)."""
_RISE = 1.5
_TEST_DAYS = (14, 28)
_POWER_Z = 0.8416212335729143
"""80 % point of the standard normal distribution."""
_SHUFFLES = 1000
_CHANGED = 0.005
_DRAWS = 200
_SEED = 20_150_323
_TOP = 20
_BINS = 10
_MOST_COLUMNS = 12


@dataclass(frozen=True)
class Trigger:
    """A level and what it would have done: `alarms` a quarter in stable weeks that it was not taken from, with a 95 % interval."""

    level: float
    alarms: float
    low: float
    high: float


def measure_decisions(decisions: Decisions) -> Iterator[Found]:
    """Triggers on the failure rate and on drift, and the traffic that a champion/challenger test has."""
    table = decisions.table
    time = next((column for column in table.columns_of("time") if column.type in ("time", "date")), None)
    if time is None:
        yield _problem(table, N_("no time column, so no trigger for retraining can be taken from the history"), N_("give a column the role time in the manifest"))  # fmt: skip
        return
    first, last = table.ask(f"SELECT CAST(min({quoted(time.name)}) AS DATE), CAST(max({quoted(time.name)}) AS DATE) FROM {{t}}")[0]
    # The first and the last day may be cut.
    weeks = ((last - first).days - 1) // 7 if first else 0
    if weeks < LEAST_WEEKS:
        yield _problem(table, N_("a trigger for retraining needs %(least)s whole weeks of history; there are %(weeks)s"), least=str(LEAST_WEEKS), weeks=str(weeks))  # fmt: skip
        return
    day = f"(CAST({quoted(time.name)} AS DATE) - DATE '{first.isoformat()}' - 1)"
    if decisions.failures:
        yield from _failures(decisions, day, weeks, first)
    for column in table.columns_of("prediction", "confidence", "context")[:_MOST_COLUMNS]:
        yield from _drift(table, column, day, weeks)


def _problem(table: Table, what: str, todo: str = "", **places: str) -> Problem:
    return Problem(source=table.id, what=what, todo=todo, places=places)


def change(weeks: Floats) -> int | None:
    """The week (row of weeks × classes) before which the mix of classes changed, or None.

    A change is a chi-square distance between the weeks before and after some split, or a likeness of neighbouring weeks (an episode
    that ended), of which shuffled weeks show as much in less than half a percent of 1,000 shuffles each (fixed seed). It is dated to
    the split with the largest distance, two weeks at least on either side.
    """
    import numpy as np

    random = np.random.default_rng(_SEED)
    order = np.concatenate([np.arange(len(weeks))[None, :], random.permuted(np.tile(np.arange(len(weeks)), (_SHUFFLES, 1)), axis=1)])
    parts = [weeks[some] for some in np.array_split(order, 20)]
    found, steps = np.concatenate([_apart(part) for part in parts]), np.concatenate([_steps(part) for part in parts])
    most = found.max(axis=1)
    rare = min(1 + (most[1:] >= most[0]).sum(), 1 + (steps[1:] <= steps[0]).sum()) / (1 + _SHUFFLES)
    return int(found[0].argmax()) + 2 if rare < _CHANGED else None


def _steps(orders: Floats) -> Floats:
    """Chi-square distance of each week from the next, summed (von Neumann 1941, Ann. Math. Stat. 12:367), for every order."""
    total = orders.sum(axis=1)
    used = total.max(axis=0) > 0
    mix = orders[:, :, used] / orders.sum(axis=2, keepdims=True)
    found: Floats = (((mix[:, 1:] - mix[:, :-1]) ** 2).sum(axis=1) / total[:, used]).sum(axis=1)
    return found


def _apart(orders: Floats) -> Floats:
    """Chi-square of every split of every order of weeks (orders × weeks × classes), splits from 2 to weeks - 2."""
    import numpy as np

    before = orders.cumsum(axis=1)[:, 1:-2]
    total = orders.sum(axis=1, keepdims=True)
    after = total - before
    share = total / total.sum(axis=2, keepdims=True)
    sizes = [part.sum(axis=2, keepdims=True) for part in (before, after)]
    gap = before / sizes[0] - after / sizes[1]
    square = np.divide(gap**2, share, out=np.zeros_like(gap), where=share > 0).sum(axis=2)
    found: Floats = square * (sizes[0] * sizes[1] / (sizes[0] + sizes[1]))[:, :, 0]
    return found


def stable(weeks: Floats) -> slice | None:
    """The first stretch of eight weeks or more without a change; None if there is none."""
    start, end = 0, len(weeks)
    while end - start >= LEAST_WEEKS:
        split = change(weeks[start:end])
        if split is None:
            return slice(start, end)
        start, end = (start, start + split) if split >= LEAST_WEEKS else (start + split, len(weeks))
    return None


def level(values: Floats, times: int) -> float:
    """The level that one of `times` values exceeds: quantile of a Gaussian kernel estimate (Silverman 1986, section 3.4.2)."""
    import numpy as np
    from scipy.optimize import brentq
    from scipy.special import ndtr

    quarter = float(np.subtract(*np.percentile(values, [75, 25]))) / 1.34
    spread = min(float(values.std(ddof=1)), quarter or math.inf)
    width = 0.9 * spread * len(values) ** -0.2
    if width <= 0:
        return float(values.max())
    top = float(values.max()) + 10 * width
    return float(brentq(lambda at: float(ndtr((at - values) / width).mean()) - (1 - 1 / times), float(values.min()) - 10 * width, top, xtol=1e-9 * max(1.0, abs(top))))  # fmt: skip


def trigger(blocks: Floats, times: int, least: float = 0.0) -> Trigger:
    """The level exceeded once in `times` values, and the alarms it gives on weeks that were not used to set it.

    `blocks` holds one row a week (one value, or its days; nan where there is none). Bootstrap over weeks (200 draws, fixed seed): the
    level comes from the drawn weeks, the alarms are counted on those left out (out of bag), scaled to `times` values, one quarter.
    """
    import numpy as np

    chosen = max(least, level(blocks[~np.isnan(blocks)], times))
    random, rates, weights = np.random.default_rng(_SEED), [], []
    for _ in range(_DRAWS):
        drawn = random.integers(0, len(blocks), len(blocks))
        inside, outside = blocks[drawn], np.delete(blocks, drawn, axis=0)
        inside, outside = inside[~np.isnan(inside)], outside[~np.isnan(outside)]
        if len(outside) and len(inside) > 1:
            rates.append(float((outside > max(least, level(inside, times))).mean()) * times)
            weights.append(len(outside))
    low, high = np.percentile(rates, [2.5, 97.5])
    return Trigger(chosen, float(np.average(rates, weights=weights)), float(low), float(high))


def psi(seen: Floats, reference: Floats) -> Floats:
    """Population stability index of each row of counts against reference counts, half a count added to each class (Siddiqi 2006)."""
    import numpy as np

    size = seen.shape[-1]
    one = (seen + 0.5) / (seen.sum(axis=-1, keepdims=True) + 0.5 * size)
    other = (reference + 0.5) / (reference.sum(axis=-1, keepdims=True) + 0.5 * size)
    found: Floats = ((one - other) * np.log(one / other)).sum(axis=-1)
    return found


def smallest_fall(rate: float, arm: float) -> float | None:
    """Smallest fall of a rate (fraction) that two arms of this size decide: two-sided 5 %, power 80 %; None if not even a fall to zero.

    Fleiss, Levin & Paik, Statistical Methods for Rates and Proportions (3rd ed., 2003), formula 4.14.
    """
    if not 0 < rate < 1 or arm_size(rate, 0.0) > arm:
        return None
    low, high = 0.0, rate
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if arm_size(rate, rate - middle) <= arm else (middle, high)
    return high


def arm_size(one: float, other: float) -> float:
    """Decisions an arm to tell two rates apart (fractions): two-sided 5 %, power 80 % (formula of `smallest_fall`)."""
    if one == other:
        return math.inf
    mean = (one + other) / 2
    spread = Z95 * math.sqrt(2 * mean * (1 - mean)) + _POWER_Z * math.sqrt(one * (1 - one) + other * (1 - other))
    return (spread / (one - other)) ** 2


def _counted(table: Table, day: str, days: int, classes: int, code: str, condition: str = "true", parameters: Sequence[Any] = ()) -> Floats:
    """Decisions by day and class (days × classes); `code` is SQL for the number of the class."""
    import numpy as np

    found = np.zeros((days, classes))
    sql = f"SELECT {day}, {code}, count(*) FROM {{t}} WHERE {condition} AND {day} BETWEEN 0 AND {days - 1} GROUP BY 1, 2"
    for at, class_, count in table.ask(sql, parameters):
        found[int(at), int(class_)] = count
    return found


def _weekly(days: Floats) -> Floats:
    weeks: Floats = days.reshape(-1, 7, days.shape[1]).sum(axis=1)
    return weeks


def _failures(decisions: Decisions, day: str, weeks: int, first: date) -> Iterator[Found]:
    """Triggers on the failure rate of the decisions that can be judged, their power, and the live test."""
    import numpy as np

    table = decisions.table
    judged = "(" + " OR ".join(f"({condition}) IS NOT NULL" for condition in decisions.failures.values()) + ")"
    days = _counted(table, day, weeks * 7, 2, f"CASE WHEN {decisions.failed} THEN 1 ELSE 0 END", judged)
    by_week = _weekly(days)
    if by_week.sum(axis=1).min() < _LEAST_A_WEEK or by_week[:, 1].sum() < _LEAST_FAILURES:
        yield _problem(
            table, N_("too few failures for a trigger: every week needs %(week)s decisions that can be judged, and the history %(all)s failures"),
            week=str(_LEAST_A_WEEK), all=str(_LEAST_FAILURES),
        )  # fmt: skip
        return
    window = stable(by_week)
    if window is None:
        yield _problem(table, N_("the failure rate changed so often that no %(least)s weeks are stable, so it gives no trigger"), least=str(LEAST_WEEKS))  # fmt: skip
        return
    rates = 100 * by_week[:, 1] / by_week.sum(axis=1)
    used = int(by_week[window].sum())
    weekly = trigger(rates[window][:, None], WEEKS_A_QUARTER)
    yield from _trigger(table, "weekly_failures", N_("Weekly failure rate of %(source)s that should trigger retraining"), weekly, "percent", used, window, 1)  # fmt: skip
    yield _power(table, "weekly_failures", N_("Rises of the failure rate by half that the weekly trigger finds within four weeks"), rates[window][:, None], weekly, 4, used)  # fmt: skip
    later = int((rates[window.stop :] > weekly.level).sum())
    yield table.evidence(
        "retraining", "weekly_failures_fired", N_("Weeks after the stable window in which the weekly failure rate was over its trigger"), later, "alarms",
        N_("Counted over %(weeks)s later weeks"), rows=int(by_week[window.stop :].sum()), weeks=str(len(rates) - window.stop),
    )  # fmt: skip
    yield _weeks_chart(table, rates, weekly.level, first)
    daily = days[window.start * 7 : window.stop * 7]
    if np.median(daily.sum(axis=1)) >= _LEAST_A_DAY:
        sizes = daily.sum(axis=1)
        shares = np.divide(100 * daily[:, 1], sizes, out=np.full(len(sizes), np.nan), where=sizes >= _LEAST_A_DAY).reshape(-1, 7)
        found = trigger(shares, DAYS_A_QUARTER)
        yield from _trigger(table, "daily_failures", N_("Daily failure rate of %(source)s that should trigger retraining"), found, "percent", used, window, 2)  # fmt: skip
        yield _power(table, "daily_failures", N_("Rises of the failure rate by half that the daily trigger finds within a week"), shares, found, 7, used)  # fmt: skip
    yield from _live_test(table, float(by_week[window, 1].sum() / used), by_week[-4:].sum() / 28)


def _trigger(
    table: Table, name: str, message: str, found: Trigger, unit: str, rows: int, window: slice, weight: Literal[1, 2, 3], column: str = ""
) -> Iterator[Found]:
    weeks = str(window.stop - window.start)
    yield table.evidence(
        "retraining", f"{name}_trigger", message, found.level, unit,
        N_("Level exceeded once a quarter in %(weeks)s stable weeks (kernel estimate of the quantile)"), rows=rows, weight=weight, weeks=weeks, column=column,
    )  # fmt: skip
    yield table.evidence(
        "retraining", f"{name}_false_alarms", N_("False alarms a quarter that this trigger would have had (%(trigger)s)"), found.alarms, "alarms",
        N_("Bootstrap over %(weeks)s stable weeks: level from the drawn weeks, alarms counted on those left out"), interval=(found.low, found.high),
        rows=rows, trigger=shown(name.replace("_", " ")), weeks=weeks,
    )  # fmt: skip


def _power(table: Table, name: str, message: str, blocks: Floats, found: Trigger, looks: int, rows: int) -> Found:
    """Chance that one of so many values, drawn from the stable ones and raised by half their mean, exceeds the trigger."""
    import numpy as np

    values = blocks[~np.isnan(blocks)]
    missed = float((values + (_RISE - 1) * values.mean() <= found.level).mean())
    return table.evidence(
        "retraining", f"{name}_power", message, 100 * (1 - missed**looks), "percent",
        N_("Stable values raised by half of their mean against the trigger; %(looks)s looks, taken as independent"), rows=rows, looks=str(looks),
    )  # fmt: skip


def _weeks_chart(table: Table, rates: Floats, threshold: float, first: date) -> Chart:
    values = [{"week": week + 1, "rate": round(float(rate), 3)} for week, rate in enumerate(rates)]
    spec: dict[str, Any] = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "layer": [
            {
                "data": {"values": values}, "mark": {"type": "line", "point": True},
                "encoding": {"x": {"field": "week", "type": "quantitative", "title": N_("week")}, "y": {"field": "rate", "type": "quantitative", "title": N_("failures, percent")}},
            },
            {"data": {"values": [{"level": round(threshold, 3)}]}, "mark": {"type": "rule", "strokeDash": [6, 4]}, "encoding": {"y": {"field": "level", "type": "quantitative"}}},
        ],
    }  # fmt: skip
    title = N_("Failure rate by week since %(first)s, and the level that should trigger retraining")
    return Chart(id=evidence_id(table.id, "failures_and_trigger"), topic="retraining", title=title, places={"first": first.isoformat()}, spec=spec)  # fmt: skip


def _live_test(table: Table, rate: float, per_day: float) -> Iterator[Found]:
    """What champion/challenger on half of the traffic each can decide in two and four weeks, and the days that a fall by a tenth needs."""
    method = N_("Two proportions, two-sided five percent, power eighty percent, half of %(traffic)s judged decisions a day each; base rate from the stable weeks")  # fmt: skip
    traffic = f"{per_day:,.0f}"
    for days in _TEST_DAYS:
        fall = smallest_fall(rate, per_day * days / 2)
        if fall is None:
            yield _problem(table, N_("the traffic is too small for champion/challenger: %(days)s days do not even show a fall of the failure rate to zero"), days=str(days))  # fmt: skip
        else:
            yield table.evidence(
                "retraining", f"smallest_fall_{days}_days", N_("Smallest fall of the failure rate that champion/challenger can show in %(days)s days"),
                100 * fall, "point", method, weight=1 if days == _TEST_DAYS[0] else 2, days=str(days), traffic=traffic,
            )  # fmt: skip
    if per_day and 0 < rate < 1:
        yield table.evidence(
            "retraining", "days_for_a_tenth", N_("Days of champion/challenger to show a fall of the failure rate by a tenth"),
            2 * arm_size(rate, 0.9 * rate) / per_day, "day", method, weight=1, traffic=traffic,
        )  # fmt: skip


def _drift(table: Table, column: Column, day: str, weeks: int) -> Iterator[Found]:
    """Trigger on the drift of one column: PSI of a week against the other weeks of the stable window."""
    import numpy as np

    days = _binned(table, column, day, weeks * 7)
    if days is None:
        return
    by_week = _weekly(days)
    if by_week.sum(axis=1).min() < _LEAST_A_WEEK:
        yield _problem(table, N_("too few rows in some week for a trigger on the drift of %(column)s"), column=shown(column.name))
        return
    window = stable(by_week)
    if window is None:
        yield _problem(table, N_("%(column)s changed so often that no %(least)s weeks are stable, so it gives no trigger"), column=shown(column.name), least=str(LEAST_WEEKS))  # fmt: skip
        return
    total = by_week[window].sum(axis=0)
    inside = np.array([psi(week, total - week) for week in by_week[window]])
    name, used = f"drift_{column.name}", int(total.sum())
    found = trigger(inside[:, None], WEEKS_A_QUARTER, _SMALL_PSI)
    yield from _trigger(
        table, name, N_("Weekly drift of %(column)s in %(source)s (PSI, at least 0.1) that should trigger retraining"), found, "coefficient", used, window,
        2 if column.role == "context" else 1, column=shown(column.name),
    )  # fmt: skip
    later = by_week[window.stop :]
    if len(later):
        fired = int((psi(later, total) > found.level).sum())
        yield table.evidence(
            "retraining", f"{name}_fired", N_("Weeks after the stable window in which the drift of %(column)s was over its trigger"), fired, "alarms",
            N_("PSI of each of %(weeks)s later weeks against the stable window"), rows=int(later.sum()), column=shown(column.name), weeks=str(len(later)),
        )  # fmt: skip


def _binned(table: Table, column: Column, day: str, days: int) -> Floats | None:
    """Rows by day and bin: deciles of the first eight weeks for numbers, else the twenty most frequent values, the rest and the empty."""
    name = quoted(column.name)
    several = table.one(f"SELECT count(DISTINCT {name}) FROM {{t}}")
    if several < 2:
        return None
    if column.type in ("number", "integer") and several > _TOP:
        shares = ", ".join(str(step / _BINS) for step in range(1, _BINS))
        edges = (table.one(f"SELECT quantile_cont(CAST({name} AS DOUBLE), [{shares}]) FROM {{t}} WHERE {day} BETWEEN 0 AND {LEAST_WEEKS * 7 - 1}") or [])  # fmt: skip
        over = " + ".join(["0", *(f"CAST(CAST({name} AS DOUBLE) > ? AS INTEGER)" for _ in edges)])
        return _counted(table, day, days, _BINS + 1, f"coalesce({over}, {_BINS})", parameters=edges)
    top = [value for value, _ in table.ask(f"SELECT CAST({name} AS VARCHAR), count(*) FROM {{t}} WHERE {name} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_TOP}")]  # fmt: skip
    code = (f"CASE WHEN {name} IS NULL THEN {_TOP + 1} " + " ".join(f"WHEN CAST({name} AS VARCHAR) = ? THEN {place}" for place in range(len(top))) + f" ELSE {_TOP} END")  # fmt: skip
    found = _counted(table, day, days, _TOP + 2, code, parameters=top)
    return found[:, found.sum(axis=0) > 0]
