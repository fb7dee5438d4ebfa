"""Logs of decisions: input-output pairs, volume, latency, confidence, degradation and change points, peak hours, drift, contexts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ai_data_strategy.domain import Evidence
from ai_data_strategy.evidence.context import main_kind, measure_context, told
from ai_data_strategy.evidence.decisions import Decisions
from ai_data_strategy.evidence.history import Clock, chart, clock, measure_changes, measure_drift, measure_over_time, measure_peak
from ai_data_strategy.evidence.profile import Column, Found, Problem
from ai_data_strategy.evidence.statistics import Z95, percent, percent_interval
from ai_data_strategy.evidence.table import Table, quoted
from ai_data_strategy.evidence.wording import measure_wording
from ai_data_strategy.typeset.catalogue import N_

_LEAST_ROWS = 20
_LEAST_CALIBRATION = 200
_SIMULATIONS = 999
_FIRST_FACTS = 5
_MATTERS = ("change_failure", "failure_trend", "peak", "context", "drifted", "change", "pairs", "failure_since", "calibration")


def measure_decisions(decisions: Decisions) -> Iterator[Found]:
    """Everything on the topic of logs; the five facts that matter most keep the first weight, effects before plain figures."""
    found = list(_measured(decisions))
    first = [one for one in found if isinstance(one, Evidence) and one.weight == 1]
    kept = {one.id for one in sorted(first, key=lambda one: _rank(one.id.removeprefix(f"{decisions.table.id}_")))[:_FIRST_FACTS]}
    for one in found:
        demoted = isinstance(one, Evidence) and one.weight == 1 and one.id not in kept
        yield one.model_copy(update={"weight": 2}) if demoted else one


def _rank(name: str) -> int:
    return next((rank for rank, start in enumerate(_MATTERS) if name.startswith(start)), len(_MATTERS))


def _measured(decisions: Decisions) -> Iterator[Found]:
    table = decisions.table
    if not table.rows:
        return
    at, kind = clock(table), main_kind(decisions)
    timed = table.column("latency")
    latency = seconds_of(table, timed)[0] if timed and timed.type in ("integer", "number") else ""
    certainty = certainty_of(table)
    yield from _pairs(table)
    if at is not None:
        yield from _volume(table, at)
        yield from measure_drift(table, at)
    yield from _latency(table, at)
    yield from _confidence(decisions)
    if at is not None:
        yield from measure_over_time(decisions, at, kind)
        yield from measure_changes(decisions, at, kind, latency, certainty)
        yield from measure_peak(decisions, at, kind, latency)
    elif table.column("time") is None:
        yield Problem(source=table.id, what=N_("no column tells when decisions were made; change over time is not measured"), todo=N_("name it with the role time in the manifest"))  # fmt: skip
    else:
        yield Problem(source=table.id, what=N_("the times of the decisions cannot be read, or are all the same; change over time is not measured"), todo=N_("set the type of the time column in the manifest"))  # fmt: skip
    yield from measure_context(decisions)
    yield from measure_wording(decisions)


def _pairs(table: Table) -> Iterator[Found]:
    """Decisions with both input and prediction, and with the outcome as well."""
    prediction, outcome, text = table.column("prediction"), table.column("outcome") or table.column("label"), table.column("text")
    inputs = [text] if text else table.columns_of("other")
    has_input = " OR ".join(f"({quoted(one.name)} IS NOT NULL AND CAST({quoted(one.name)} AS VARCHAR) <> '')" for one in inputs) or "false"
    pair = f"({has_input})" + (f" AND {quoted(prediction.name)} IS NOT NULL" if prediction else " AND false")
    whole = f"{pair} AND {quoted(outcome.name)} IS NOT NULL" if outcome else "false"
    pairs, wholes = table.ask(f"SELECT count(*) FILTER ({pair}), count(*) FILTER ({whole}) FROM {{t}}")[0]
    method = N_("rows with text (or any feature, if there is no text) and what the model said; Wilson interval")
    for name, message, hits, condition in (
        ("pairs", N_("Decisions of %(source)s with both input and prediction"), pairs, pair),
        ("pairs_outcome", N_("Decisions of %(source)s with input, prediction and outcome"), wholes, whole),
    ):
        sql = f"SELECT 100.0 * count(*) FILTER ({condition}) / count(*) FROM {{t}}" if len(condition) < 1200 else ""
        yield table.evidence("logs", name, message, percent(hits, table.rows), "percent", method, interval=percent_interval(hits, table.rows), sql=sql, weight=1 if name == "pairs" else 2)  # fmt: skip


def _volume(table: Table, at: Clock) -> Iterator[Found]:
    """Rows a day; the busiest day; by hour of the day, where times hold hours."""
    if at.period == "year":
        return
    span = (at.last.date() - at.first.date()).days + 1
    days = table.ask(
        f"SELECT CAST({at.moment} AS DATE) AS d, count(*) FROM {{t}} WHERE {at.moment} IS NOT NULL GROUP BY d ORDER BY 2 DESC, 1 LIMIT 1"
    )
    rows = int(table.one(f"SELECT count({at.moment}) FROM {{t}}"))
    method = N_("rows over the days from the first to the last")
    yield table.evidence("logs", "volume_day", N_("Decisions of %(source)s a day"), rows / span, "rows/day", method, rows=rows)
    yield table.evidence("logs", "volume_busiest_day", N_("Decisions on the busiest day, %(day)s"), days[0][1], "rows/day", N_("rows by date"), day=str(days[0][0]), weight=3)  # fmt: skip
    if not at.hours:
        return
    by_hour = _by_hour(table, at)
    peak = max(by_hour, key=lambda hour: (by_hour[hour], -hour))
    yield table.evidence(
        "logs", "volume_peak_hour", N_("Share of the decisions that fall in the busiest hour, %(hour)s"), percent(by_hour[peak], rows), "percent",
        N_("rows by hour of the day as stored; Wilson interval"), interval=percent_interval(by_hour[peak], rows), rows=rows, hour=f"{peak:02d}:00",
    )  # fmt: skip
    points = [{"hour": hour, "share": round(percent(by_hour.get(hour, 0), rows), 3)} for hour in range(24)]
    yield chart(table, "volume_by_hour", "logs", N_("Volume by hour of the day in %(source)s, percent"), points, {
        "mark": "bar",
        "encoding": {"x": {"field": "hour", "type": "ordinal", "title": None}, "y": {"field": "share", "type": "quantitative", "title": "%"}},
    })  # fmt: skip


def _by_hour(table: Table, at: Clock) -> dict[int, int]:
    rows = table.ask(f"SELECT hour({at.moment}) AS h, count(*) FROM {{t}} WHERE {at.moment} IS NOT NULL GROUP BY h ORDER BY h")
    return {int(row[0]): int(row[1]) for row in rows}


def _finite(column: Column) -> str:
    """SQL of a column's number, empty where it is infinite or not a number."""
    value = f"CAST({quoted(column.name)} AS DOUBLE)"
    return f"(CASE WHEN isfinite({value}) THEN {value} END)"


def seconds_of(table: Table, column: Column) -> tuple[str, bool]:
    """SQL of the latency in seconds, and whether its unit had to be guessed: by the name, else milliseconds if the median is 20 or more."""
    value = _finite(column)
    parts = set(re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", column.name).lower()))
    if parts & {"ms", "millis", "msec", "milliseconds"} or column.name.lower().endswith("ms"):
        return f"({value} / 1000)", False
    if parts & {"s", "sec", "secs", "seconds"}:
        return value, False
    median = table.one(f"SELECT quantile_cont({value}, 0.5) FROM {{t}}")
    return (f"({value} / 1000)" if median is not None and median >= 20 else value), True


def _latency(table: Table, at: Clock | None) -> Iterator[Found]:
    """Exact quantiles with intervals from order statistics, and the worst hour of the day."""
    column = table.column("latency")
    if column is None or column.type not in ("integer", "number"):
        return
    value, guessed = seconds_of(table, column)
    count = int(table.one(f"SELECT count({value}) FROM {{t}}"))
    if guessed:
        yield Problem(source=table.id, what=N_("the unit of %(column)s is guessed from its size"), todo=N_("let its name end in _ms or _s"), places={"column": column.name})  # fmt: skip
    if count < _LEAST_ROWS:
        return
    for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")):
        half = Z95 * (share * (1 - share) / count) ** 0.5
        middle, low, high = table.one(
            f"SELECT quantile_cont({value}, [{share}, {max(0.0, share - half)}, {min(1.0, share + half)}]) FROM {{t}}"
        )
        yield table.evidence(
            "logs", f"latency_{name}", N_("Latency in %(source)s, quantile %(quantile)s"), middle, "second", N_("exact quantile; interval from order statistics"),
            interval=(low, high), rows=count, sql=f"SELECT quantile_cont({value}, {share}) FROM {{t}}", weight=1 if name == "p95" else 2, quantile=name,
        )  # fmt: skip
    if at is None or not at.hours:
        return
    hours = table.ask(f"SELECT hour({at.moment}) AS h, quantile_cont({value}, 0.95), count({value}) FROM {{t}} GROUP BY h HAVING count({value}) >= 100 ORDER BY 2 DESC, h")  # fmt: skip
    for rank, (hour, quantile, rows) in enumerate(hours):
        message = N_("Latency in the slowest hour, %(hour)s, quantile p95") if rank == 0 else N_("Latency at %(hour)s, quantile p95")
        yield table.evidence("logs", f"latency_hour_{hour:02d}", message, quantile, "second", N_("exact quantile by hour of the day"), rows=rows, weight=2 if rank == 0 else 3, hour=f"{hour:02d}:00")  # fmt: skip


def certainty_of(table: Table) -> str:
    """SQL of the confidence in the prediction made; a probability of class one of a yes/no prediction is turned to the side it took."""
    column, prediction = table.column("confidence"), table.column("prediction")
    if column is None or column.type not in ("integer", "number"):
        return ""
    value = _finite(column)
    least, most = table.ask(f"SELECT min({value}), max({value}) FROM {{t}}")[0]
    if least is None or least < 0 or most > 100:
        return ""
    value = f"({value} / 100)" if most > 1 else value
    if prediction is None:
        return value
    said_ = quoted(prediction.name)
    sides = table.ask(f"SELECT {said_}, avg(CAST({value} < 0.5 AS INT)) FROM {{t}} WHERE {value} IS NOT NULL AND {said_} IS NOT NULL GROUP BY 1 ORDER BY 2 LIMIT 3")  # fmt: skip
    one_sided = len(sides) == 2 and sides[0][1] < 0.01 and sides[1][1] > 0.99
    return f"greatest({value}, 1 - {value})" if one_sided else value


def _confidence(decisions: Decisions) -> Iterator[Found]:
    """Mean, share under one half, and the calibration error where outcomes are known."""
    table, column = decisions.table, decisions.table.column("confidence")
    if column is None:
        return
    value = certainty_of(table)
    if not value:
        yield Problem(source=table.id, what=N_("%(column)s is not between 0 and 1 (or 0 and 100) and is not read as confidence"), places={"column": column.name})  # fmt: skip
        return
    mean, deviation, count, low = table.ask(
        f"SELECT avg({value}), stddev_samp({value}), count({value}), count(*) FILTER ({value} < 0.5) FROM {{t}}"
    )[0]
    if count < _LEAST_ROWS:
        return
    half = Z95 * deviation / count**0.5
    yield table.evidence("logs", "confidence_mean", N_("Mean confidence in %(source)s"), 100 * mean, "percent", N_("mean with normal interval"), interval=(100 * (mean - half), 100 * (mean + half)), rows=count, sql=f"SELECT 100 * avg({value}) FROM {{t}}")  # fmt: skip
    yield table.evidence("logs", "confidence_low", N_("Decisions with confidence under one half"), percent(low, count), "percent", N_("share of rows with a confidence; Wilson interval"), interval=percent_interval(low, count), rows=count)  # fmt: skip
    wrong = decisions.failures.get("wrong_prediction")
    if wrong is None:
        return
    bins = table.ask(f"SELECT least(9, floor({value} * 10)) AS b, count(*), count(*) FILTER (NOT {wrong}), avg({value}) FROM {{t}} WHERE {value} IS NOT NULL AND {told(wrong)} GROUP BY b ORDER BY b")  # fmt: skip
    if sum(row[1] for row in bins) >= _LEAST_CALIBRATION:
        yield from _calibration(table, [(int(row[1]), int(row[2]), float(row[3])) for row in bins])


def _calibration(table: Table, bins: list[tuple[int, int, float]]) -> Iterator[Found]:
    """Expected calibration error (Naeini et al. 2015, AAAI) and what a calibrated model would show by chance."""
    import numpy as np

    sizes, right, stated = (np.array(part, np.float64) for part in zip(*bins, strict=True))
    total = sizes.sum()
    error = float(np.abs(right / sizes - stated) @ sizes / total)
    drawn = np.random.default_rng(0).binomial(sizes.astype(np.int64), np.clip(stated, 0, 1), size=(_SIMULATIONS, len(bins)))
    floor = float(np.quantile(np.abs(drawn / sizes - stated) @ sizes / total, 0.95))
    method = N_("expected calibration error over ten bins of equal width (Naeini et al. 2015)")
    yield table.evidence("logs", "calibration_error", N_("Gap between confidence and correctness in %(source)s"), 100 * error, "point", method, rows=int(total), weight=1 if error > max(floor, 0.02) else 2)  # fmt: skip
    yield table.evidence("logs", "calibration_chance", N_("Gap that chance alone would give a calibrated model"), 100 * floor, "point", N_("95 % quantile of simulated outcomes"), rows=int(total), weight=3)  # fmt: skip
