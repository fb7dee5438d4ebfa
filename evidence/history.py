"""Decisions over time: the clock of a table, drift against a reference window, trend, change points and peak hours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from ai_data_strategy.evidence.context import CERTAIN, key, said, told
from ai_data_strategy.evidence.decisions import Decisions
from ai_data_strategy.evidence.drift import (
    NOTABLE_PSI,
    Shift,
    confirmed,
    daily_changes,
    difference,
    shift_of_classes,
    shift_of_numbers,
    stream_changes,
    trend,
)
from ai_data_strategy.evidence.profile import Chart, Column, Found
from ai_data_strategy.evidence.statistics import benjamini_hochberg, percent, percent_interval
from ai_data_strategy.evidence.table import ROW, Table, evidence_id, quoted
from ai_data_strategy.typeset.catalogue import N_

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_STREAM = 50_000
_WINDOW = 20_000
_FEATURES = 20
_CLASSES = 20
_LEAST_WINDOW = 200
_LEAST_PERIOD = 20
_LEAST_PERIODS = 8
_LEAST_DAYS = 14
_LONG = timedelta(days=731)
_RESAMPLES = 999
_PEAK = N_("busiest quarter of the hours of the day against the others; up to %(sample)s rows, bootstrap over days")
_PSI = N_("population stability index over ten bins or the classes of the reference window %(window)s; 9,999 permutations, Benjamini-Hochberg; the usual thresholds 0.1 and 0.2 are rules of thumb")  # fmt: skip
_KS = N_("two-sample Kolmogorov-Smirnov distance between the reference window %(window)s and later, up to %(sample)s rows each")
_CHANGE = N_("proposed by ADWIN (river) on up to %(sample)s rows or by Page-Hinkley on days; kept if Welch's test between the days, corrected for the splits tried, has p < 0.01")  # fmt: skip
_NEWCOMBE = N_("difference of two shares with Newcombe's interval; reference window %(window)s")
_TREND = N_("weighted line through the rates by %(period)s; interval widened for correlated residuals; Mann-Kendall test beside it")


@dataclass(frozen=True)
class Clock:
    """When the rows of a table happened: SQL of the moment, first and last, and how fine it is."""

    moment: str
    first: datetime
    last: datetime
    hours: bool
    period: Literal["day", "week", "month", "year"]

    @property
    def reference_end(self) -> datetime:
        """End of the reference window: the first year of a range over two years, else its first quarter."""
        span = self.last - self.first
        return self.first + (timedelta(days=365) if span > _LONG else span / 4)


def clock(table: Table) -> Clock | None:
    """The clock of a table's time column; whole numbers may be years or seconds or milliseconds since 1970, text must parse."""
    column = table.column("time")
    if column is None:
        return None
    name = quoted(column.name)
    moment, period = f"TRY_CAST({name} AS TIMESTAMP)", ""
    if column.type in ("integer", "number"):
        least, most = table.ask(f"SELECT min({name}), max({name}) FROM {{t}}")[0]
        if least is None:
            return None
        if 1900 <= least and most <= 2100:
            moment, period = f"make_timestamp(CAST({name} AS BIGINT), 1, 1, 0, 0, 0)", "year"
        else:
            scale = 1_000_000 if most < 1e11 else 1_000
            moment = f"make_timestamp(CAST({name} * {scale} AS BIGINT))"
    elif column.type == "time" and "ZONE" in str(table.one(f"SELECT typeof({name}) FROM {{t}} LIMIT 1") if table.rows else ""):
        moment = f"({name} AT TIME ZONE 'UTC')"
    first, last, count, fine = table.ask(
        f"SELECT min({moment}), max({moment}), count({moment}), count(*) FILTER (date_trunc('day', {moment}) <> {moment}) FROM {{t}}"
    )[0]
    if not count or count < 0.9 * table.rows or first == last:
        return None
    days = (last - first).days
    return Clock(moment, first, last, fine > 0, period or ("day" if days <= 60 else "week" if days <= 3 * 365 else "month"))  # type: ignore[arg-type]


def chart(table: Table, name: str, topic: str, title: str, points: list[dict[str, Any]], rest: dict[str, Any]) -> Chart:
    """A Vega-Lite chart over aggregated points."""
    spec = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "width": 480, "height": 200, "data": {"values": points}, **rest}
    return Chart(id=evidence_id(table.id, name), topic=topic, title=title, places={"source": table.id}, spec=spec)


def _window(at: Clock) -> str:
    return f"{at.first.date()} – {(at.reference_end - timedelta(seconds=1)).date()}"


def measure_drift(table: Table, at: Clock) -> Iterator[Found]:
    """Shift of prediction, confidence, contexts, groups, text length and features since the reference window, by column."""
    shifts = [(column, shift) for column in _watched(table) if (shift := _shift(table, at, column)) is not None]
    adjusted = benjamini_hochberg([shift.p for _, shift in shifts])
    drifted = {column.name for (column, shift), p in zip(shifts, adjusted, strict=True) if p < CERTAIN and shift.psi >= NOTABLE_PSI}
    if not shifts:
        return
    window = _window(at)
    yield table.evidence("logs", "drifted_columns", N_("Columns of %(source)s that drifted since the reference window"), len(drifted), "items", _PSI, weight=1 if drifted else 2, window=window)  # fmt: skip
    for column, shift in sorted(shifts, key=lambda pair: (pair[0].name not in drifted, -pair[1].psi)):
        notable = column.name in drifted
        message = (
            N_("Drift of %(column)s, more than chance explains (PSI)")
            if notable
            else N_("Shift of %(column)s, small or within chance (PSI)")
        )
        if column.role == "text":
            message = N_("Drift of the length of %(column)s, more than chance explains (PSI)") if notable else N_("Shift of the length of %(column)s, small or within chance (PSI)")  # fmt: skip
        yield table.evidence("logs", f"psi_{key(column.name.lower())}", message, shift.psi, "coefficient", _PSI, weight=2 if notable else 3, column=column.name, window=window)  # fmt: skip
        if shift.ks is not None:
            yield table.evidence(
                "logs", f"ks_{key(column.name.lower())}", N_("Largest gap between the distributions of %(column)s (Kolmogorov-Smirnov)"), shift.ks,
                "coefficient", _KS, weight=3, column=column.name, window=window, sample=str(_WINDOW),
            )  # fmt: skip


def _watched(table: Table) -> list[Column]:
    """Columns whose drift is measured: what the model said, where it was asked, the length of texts, and the first features."""
    named = table.columns_of("prediction", "confidence", "context", "group", "text")
    features = [
        column for column in table.columns_of("other") if column.type in ("number", "integer", "boolean", "text") and not column.pii
    ]
    return [*named, *features[:_FEATURES]]


def _shift(table: Table, at: Clock, column: Column) -> Shift | None:
    """Shift of one column; None for columns without enough rows in both windows or that only count up or name rows."""
    name, early = quoted(column.name), f"({at.moment} < ?)"
    value = f"length(CAST({name} AS VARCHAR))" if column.role == "text" else name
    known = f"{name} IS NOT NULL AND {at.moment} IS NOT NULL" + (f" AND isfinite({name})" if column.type == "number" else "")
    reference, rows = table.ask(f"SELECT count(*) FILTER ({early}), count(*) FROM {{t}} WHERE {known}", [at.reference_end])[0]
    if min(reference, rows - reference) < _LEAST_WINDOW:
        return None
    distinct = table.one(f"SELECT count(DISTINCT {value}) FROM {{t}} WHERE {known}")
    number = column.role == "text" or column.type in ("number", "integer")
    if distinct > 0.9 * rows and column.type in ("integer", "text") and column.role != "text":
        return None
    return _numbers(table, at, value, known) if number and distinct > _CLASSES else _classes(table, at, value, known)


def _numbers(table: Table, at: Clock, value: str, known: str) -> Shift:
    sides = []
    for sign in ("<", ">="):
        found = table.arrays(
            f"SELECT CAST({value} AS DOUBLE) AS x FROM {{t}} WHERE {known} AND {at.moment} {sign} ? ORDER BY ({ROW} * 2654435761) % 4294967296, {ROW} LIMIT {_WINDOW}",
            [at.reference_end],
        )
        sides.append(found["x"].astype("float64"))
    return shift_of_numbers(sides[0], sides[1])


def _classes(table: Table, at: Clock, value: str, known: str) -> Shift:
    """Shift of the most frequent classes; all others count as one."""
    import numpy as np

    rows = table.ask(
        f"SELECT CAST({value} AS VARCHAR) AS c, count(*) FILTER ({at.moment} < ?), count(*) FROM {{t}} WHERE {known} GROUP BY c ORDER BY 3 DESC, c",
        [at.reference_end],
    )
    counts = np.array([[row[1], row[2] - row[1]] for row in rows], dtype=np.int64)
    if len(counts) > _CLASSES:
        counts = np.vstack([counts[:_CLASSES], counts[_CLASSES:].sum(axis=0)])
    return shift_of_classes(counts[:, 0], counts[:, 1])


def measure_over_time(decisions: Decisions, at: Clock, kind: str) -> Iterator[Found]:
    """Failure rate after the reference window against in it, and the slow trend."""
    if not kind:
        return
    table, condition = decisions.table, decisions.failures[kind]
    hits, trials, early_hits, early = table.ask(
        f"SELECT count(*) FILTER ({condition}), count(*), count(*) FILTER ({condition} AND {at.moment} < ?), count(*) FILTER ({at.moment} < ?) "
        f"FROM {{t}} WHERE {told(condition)} AND {at.moment} IS NOT NULL",
        [at.reference_end, at.reference_end],
    )[0]
    if min(early, trials - early) >= _LEAST_WINDOW:
        gap, low, high = difference(hits - early_hits, trials - early, early_hits, early)
        surely = difference(hits - early_hits, trials - early, early_hits, early, z=3.29)[1]
        yield table.evidence(
            "logs", "failure_since_reference", N_("Rate of %(kind)s after the reference window against in it"), gap, "point", _NEWCOMBE,
            interval=(low, high), rows=trials, weight=1 if surely > 0 and gap >= 1 else 2, kind=said(kind), window=_window(at),
        )  # fmt: skip
    yield from _trend(table, at, kind, condition)


def _by_period(table: Table, at: Clock, condition: str, period: str) -> list[tuple[datetime, int, int]]:
    rows = table.ask(
        f"SELECT date_trunc('{period}', {at.moment}) AS p, count(*) FILTER ({condition}), count(*) FROM {{t}} "
        f"WHERE {told(condition)} AND {at.moment} IS NOT NULL GROUP BY p HAVING count(*) >= {_LEAST_PERIOD} ORDER BY p"
    )
    return [(row[0], int(row[1]), int(row[2])) for row in rows]


def _trend(table: Table, at: Clock, kind: str, condition: str) -> Iterator[Found]:
    """Slope of the weekly (monthly for long ranges) failure rate in points."""
    import numpy as np

    period = "month" if at.period == "month" else "week"
    periods = _by_period(table, at, condition, period) if at.period != "year" else []
    if len(periods) < _LEAST_PERIODS:
        return
    rates, sizes = np.array([100 * row[1] / row[2] for row in periods]), np.array([float(row[2]) for row in periods])
    found = trend(rates, sizes)
    rises = found.clear and found.slope * (len(periods) - 1) >= 1
    message = (
        N_("Slow degradation: change of the rate of %(kind)s a %(period)s") if rises else N_("Trend of the rate of %(kind)s a %(period)s")
    )
    yield table.evidence(
        "logs", "failure_trend", message, found.slope, f"point/{period}", _TREND, interval=(found.low, found.high),
        rows=int(sizes.sum()), weight=1 if rises else 2, kind=said(kind), period=period,
    )  # fmt: skip


@dataclass(frozen=True)
class _Series:
    """Something followed from row to row: SQL of its value (0 to 1 for shares) and of its daily summary."""

    name: str
    value: str
    daily: str
    known: str
    least: float
    unit: str
    message: str


def _followed(decisions: Decisions, kind: str, latency: str, certainty: str) -> list[_Series]:
    found = []
    if kind:
        condition = decisions.failures[kind]
        message = N_("Change point of the rate of %(kind)s on %(day)s: after against before")
        found.append(
            _Series(
                "failure", f"CAST({condition} AS DOUBLE)", f"100 * avg(CAST({condition} AS DOUBLE))", told(condition), 1.0, "point", message
            )
        )
    if latency:
        message = N_("Change point of the median latency on %(day)s: after against before")
        found.append(_Series("latency", latency, f"quantile_cont({latency}, 0.5)", f"{latency} IS NOT NULL", 0.0, "second", message))
    if certainty:
        message = N_("Change point of the confidence on %(day)s: after against before")
        found.append(_Series("confidence", certainty, f"100 * avg({certainty})", f"{certainty} IS NOT NULL", 1.0, "point", message))
    return found


def measure_changes(decisions: Decisions, at: Clock, kind: str, latency: str, certainty: str) -> Iterator[Found]:
    """Change points of failure rate, latency and confidence, and the chart of the rate with them."""
    table, marks = decisions.table, list[date]()
    if at.period != "year":
        for series in _followed(decisions, kind, latency, certainty):
            found = list(_change_points(table, at, series, kind))
            yield from (evidence for _, evidence in found)
            marks += [day for day, _ in found] if series.name == "failure" else []
    if kind and len(points := _by_period(table, at, decisions.failures[kind], at.period)) > 1:
        yield _rate_chart(table, kind, points, marks)


def _change_points(table: Table, at: Clock, series: _Series, kind: str) -> Iterator[tuple[date, Found]]:
    import numpy as np

    where = f"{series.known} AND {at.moment} IS NOT NULL"
    rows = table.ask(
        f"SELECT CAST({at.moment} AS DATE) AS d, {series.daily}, count(*) FROM {{t}} WHERE {where} GROUP BY d HAVING count(*) >= 5 ORDER BY d"
    )
    if len(rows) < _LEAST_DAYS:
        return
    days, daily = [row[0] for row in rows], np.array([row[1] for row in rows], np.float64)
    stream = table.arrays(
        f"SELECT v, d FROM (SELECT {series.value} AS v, CAST({at.moment} AS DATE) AS d, {at.moment} AS m, {ROW} FROM {{t}} WHERE {where} "
        f"ORDER BY ({ROW} * 2654435761) % 4294967296, {ROW} LIMIT {_STREAM}) ORDER BY m, {ROW}"
    )
    at_day = np.searchsorted(np.array(days, "datetime64[D]"), stream["d"].astype("datetime64[D]"))
    cuts = [int(at_day[cut]) for cut in stream_changes(_ranked(stream["v"].astype("float64"), series.name)) if cut < len(at_day)]
    least = series.least or 0.1 * float(np.median(daily))
    changes = confirmed(daily, [*cuts, *daily_changes(daily)], least)
    for rank, change in enumerate(sorted(changes, key=lambda one: -abs(one.after - one.before))):
        day = days[change.day]
        yield day, table.evidence(
            "logs", f"change_{series.name}_{day}", series.message, change.after - change.before, series.unit, _CHANGE,
            rows=sum(row[2] for row in rows), weight=1 if rank == 0 else 2, day=str(day), sample=str(_STREAM), kind=said(kind),
        )  # fmt: skip


def _ranked(values: Floats, name: str) -> Floats:
    """Values between 0 and 1 for ADWIN: failures as they are, all else by rank, which no outlier moves."""
    from scipy.stats import rankdata

    return values if name == "failure" else rankdata(values) / (len(values) + 1)


def _rate_chart(table: Table, kind: str, points: list[tuple[datetime, int, int]], marks: list[date]) -> Chart:
    """Failure rate with its Wilson band, and a rule at every change point."""
    rows = []
    for start, hits, trials in points:
        low, high = percent_interval(hits, trials)
        rows.append(
            {"start": start.date().isoformat(), "rate": round(percent(hits, trials), 3), "low": round(low, 3), "high": round(high, 3)}
        )
    x: dict[str, Any] = {"field": "start", "type": "temporal", "title": None}
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "area", "opacity": 0.25}, "encoding": {"x": x, "y": {"field": "low", "type": "quantitative", "title": "%"}, "y2": {"field": "high"}}},
        {"mark": {"type": "line", "point": True}, "encoding": {"x": x, "y": {"field": "rate", "type": "quantitative", "title": "%"}}},
    ]  # fmt: skip
    if marks:
        dates = [{"start": day.isoformat()} for day in sorted(marks)]
        layers.append({"data": {"values": dates}, "mark": {"type": "rule", "strokeDash": [4, 4]}, "encoding": {"x": x}})
    return chart(table, "failure_over_time", "logs", N_("Failure rate over time in %(source)s, percent"), rows, {"layer": layers})


def measure_peak(decisions: Decisions, at: Clock, kind: str, latency: str) -> Iterator[Found]:
    """Failure rate and p95 latency in the busiest quarter of the hours against the others, with an interval over days."""
    if not at.hours:
        return
    table = decisions.table
    hours = table.ask(f"SELECT hour({at.moment}) AS h, count(*) FROM {{t}} WHERE {at.moment} IS NOT NULL GROUP BY h ORDER BY 2 DESC, h")
    busy = ", ".join(str(int(row[0])) for row in hours[: max(1, len(hours) // 4)])
    if len(hours) < 4:
        return
    followed = []
    if kind:
        condition = decisions.failures[kind]
        followed.append(("failure", f"CAST({condition} AS DOUBLE)", told(condition)))
    if latency:
        followed.append(("latency", latency, f"{latency} IS NOT NULL"))
    for name, value, known in followed:
        found = table.arrays(
            f"SELECT {value} AS v, CAST(CAST({at.moment} AS DATE) - DATE '1970-01-01' AS BIGINT) AS d, hour({at.moment}) IN ({busy}) AS busy FROM {{t}} "
            f"WHERE {known} AND {at.moment} IS NOT NULL ORDER BY ({ROW} * 2654435761) % 4294967296, {ROW} LIMIT {_STREAM}"
        )
        yield from _peak(table, name, kind, found["v"].astype("float64"), found["d"].astype("int64"), found["busy"].astype(bool))


def _peak(table: Table, name: str, kind: str, values: Floats, days: NDArray[np.int64], busy: NDArray[np.bool_]) -> Iterator[Found]:
    import numpy as np

    names, at_day = np.unique(days, return_inverse=True)
    if len(names) < _LEAST_DAYS or min(busy.sum(), (~busy).sum()) < _LEAST_WINDOW:
        return
    order = np.argsort(values, kind="stable")
    values, at_day, busy = values[order], at_day[order], busy[order]
    weights = np.random.default_rng(0).multinomial(len(names), [1 / len(names)] * len(names), size=_RESAMPLES if name == "failure" else 299)
    summary = _mean if name == "failure" else _p95
    sides = [(values[side], at_day[side]) for side in (busy, ~busy)]
    (at_peak, beside) = (summary(side, np.ones(len(side))) for side, _ in sides)
    draws = np.array([summary(sides[0][0], draw[sides[0][1]]) - summary(sides[1][0], draw[sides[1][1]]) for draw in weights])
    low, high, lower = (float(point) for point in np.quantile(draws, [0.025, 0.975, 0.005]))
    gap = at_peak - beside
    worse = lower > 0 and (gap >= 2 if name == "failure" else gap >= 0.2 * beside)
    message = N_("Rate of %(kind)s in the busiest hours against the others") if name == "failure" else N_("Latency (p95) in the busiest hours against the others")  # fmt: skip
    yield table.evidence("logs", f"peak_{name}", message, gap, "point" if name == "failure" else "second", _PEAK, interval=(low, high), rows=len(values), weight=1 if worse else 2, kind=said(kind), sample=str(_STREAM))  # fmt: skip


def _mean(values: Floats, weights: Floats) -> float:
    return 100 * float(values @ weights) / max(1.0, float(weights.sum()))


def _p95(values: Floats, weights: Floats) -> float:
    """Weighted 95 % quantile of sorted values."""
    import numpy as np

    total = np.cumsum(weights)
    return float(values[int(np.searchsorted(total, 0.95 * total[-1]))])
