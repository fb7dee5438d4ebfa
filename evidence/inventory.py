"""Inventory: what a source holds, from when to when, how often rows arrive, and which columns hold personal data.

One statement over the table counts empty cells of all columns and the distinct values of those that need it; a second groups the times by hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from statistics import median
from typing import Literal

from ai_data_strategy.evidence import pii
from ai_data_strategy.evidence.profile import Column, Found, SourceProfile
from ai_data_strategy.evidence.statistics import percent, percent_interval
from ai_data_strategy.evidence.table import Table, quoted, shown, slug
from ai_data_strategy.typeset.catalogue import N_

_LOW = 1_000
"""A column with more distinct values than this in the sample is counted exactly only if uniqueness is claimed of it."""
_CHUNK = 200
_FEW_ROWS = 100_000
"""Up to this many rows every column's distinct values are counted."""
_HOUR, _DAY, _MINUTE = 3_600, 86_400, 60
_MOST_LISTED = 100
_EXAMPLES = ("product_logs", "events", "content", "transactions", "tickets", "predictions")
"""Kinds of which a row is one raw example."""
_SENSITIVE = ("health", "religion", "ethnicity", "union", "politics", "sexuality", "biometric", "criminal", "child", "financial")


@dataclass(frozen=True)
class Times:
    """First and last time, and rows by day (days since 1970, ascending)."""

    first: datetime
    last: datetime
    days: dict[int, int]
    update_seconds: float | None


def profiled(table: Table, fingerprint: str = "") -> SourceProfile:
    """The source as found: rows, columns with missing and exact distinct counts, first and last time, update period, personal data.

    `update_seconds` is the median gap between two times at which rows exist, looked at by day for dates, else by hour; if rows come
    in most consecutive hours, by minute over the last seven days (a minute is the finest step). Null with fewer than three such times.
    """
    times, entry = times_of(table), table.entry
    columns = [column.model_copy(update={"pii": pii.found(table, column)}) for column in _counted(table)]
    return SourceProfile(
        id=table.id, name=(entry.name or table.id)[:100], location=table.location[:500], format=table.format, kind=table.kind,
        kind_reason=table.kind_reason[:200], rows=table.rows, columns=columns, first=_iso(times.first) if times else "",
        last=_iso(times.last) if times else "", update_seconds=times.update_seconds if times else None, fingerprint=fingerprint,
        owner=entry.owner, access=entry.access, agreement=entry.agreement, purpose=entry.purpose, consent=entry.consent,
        retention_days=entry.retention_days,
    )  # fmt: skip


def key_of(name: str) -> str:
    """A column's name as part of an evidence id: two columns whose names become the same slug stay apart."""
    return slug(name) if slug(name) == name else f"{slug(name)}_{sha256(name.encode()).hexdigest()[:6]}"


def filled(column: Column) -> str:
    """SQL: the cell of a column, NULL where it is empty text or not a number."""
    name = quoted(column.name)
    if column.type == "text":
        return f"nullif({name}, '')"
    return f"CASE WHEN isnan(CAST({name} AS DOUBLE)) THEN NULL ELSE {name} END" if column.type == "number" else name


def _counted(table: Table) -> list[Column]:
    """The columns with their empty cells, and distinct values where they are counted, in one pass for every 200 columns."""
    found: list[Column] = []
    for start in range(0, len(table.columns), _CHUNK):
        chunk = table.columns[start : start + _CHUNK]
        exact = _to_count(table, chunk)
        asked = [f"count({filled(c)})" for c in chunk] + [f"count(DISTINCT {filled(c)})" for c in chunk if c.name in exact]
        cells = table.ask(f"SELECT {', '.join(asked)} FROM {{t}}")[0]
        distinct = dict(zip([column.name for column in chunk if column.name in exact], cells[len(chunk) :], strict=True))
        for column, count in zip(chunk, cells, strict=False):
            found.append(column.model_copy(update={"missing": table.rows - count, "distinct": distinct.get(column.name)}))
    return found


def _to_count(table: Table, columns: Sequence[Column]) -> set[str]:
    """Names of columns whose distinct values are worth an exact count: keys, few values in a sample, or a small table."""
    plain = [column for column in columns if column.type not in ("nested", "binary")]
    if table.rows <= _FEW_ROWS or not plain:
        return {column.name for column in plain}
    counts = ", ".join(f"count(DISTINCT hash({quoted(column.name)}))" for column in plain)
    cells = table.ask(f"SELECT {counts} FROM {table.few()}")[0]
    low = {column.name for column, distinct in zip(plain, cells, strict=True) if distinct <= _LOW}
    return low | {column.name for column in plain if column.role == "id"}


def times_of(table: Table) -> Times | None:
    """When rows happened; None without a time column or without any time in it."""
    column = table.column("time")
    if column is None or column.type not in ("time", "date"):
        return None
    stamp = f"CAST({quoted(column.name)} AS TIMESTAMP)"
    rows = table.ask(
        f"SELECT CAST(floor(epoch({stamp}) / {_HOUR}) AS BIGINT) AS hour, count(*), epoch(min({stamp})), epoch(max({stamp})) "
        f"FROM {{t}} WHERE isfinite({stamp}) GROUP BY hour ORDER BY hour"
    )
    if not rows:
        return None
    days: dict[int, int] = {}
    for hour, count, *_ in rows:
        days[hour // 24] = days.get(hour // 24, 0) + count
    gap = _update(table, stamp, [row[0] for row in rows], sorted(days), column, rows[-1][3])
    first, last = (datetime.fromtimestamp(seconds, UTC) for seconds in (rows[0][2], rows[-1][3]))
    return Times(first, last, days, gap)


def _update(table: Table, stamp: str, hours: Sequence[int], days: Sequence[int], column: Column, last: float) -> float | None:
    if column.type == "date":
        return _gap(days, _DAY)
    gap = _gap(hours, _HOUR)
    if gap is None or gap > _HOUR:
        return gap
    minutes = table.ask(
        f"SELECT DISTINCT CAST(floor(epoch({stamp}) / {_MINUTE}) AS BIGINT) FROM {{t}} WHERE isfinite({stamp}) AND epoch({stamp}) > ? ORDER BY 1",
        [last - 7 * _DAY],
    )
    return _gap([minute for (minute,) in minutes], _MINUTE)


def _gap(steps: Sequence[int], seconds: int) -> float | None:
    if len(steps) < 3:
        return None
    return float(median(later - earlier for earlier, later in pairwise(steps)) * seconds)


def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=None, microsecond=0).isoformat()


def measure(table: Table, profile: SourceProfile) -> Iterator[Found]:
    """Rows, columns, range of times, update period, rows a day, and personal data by column."""
    yield table.evidence(
        "inventory", "rows", N_("Rows in %(source)s"), profile.rows, "rows", N_("counted"), sql="SELECT count(*) FROM {t}", weight=1,
        measures="examples_in_hand" if profile.kind in _EXAMPLES else "",
    )  # fmt: skip
    yield table.evidence("inventory", "columns", N_("Columns of %(source)s"), len(profile.columns), "columns", N_("counted"))
    if times := times_of(table):
        yield from _time_evidence(table, profile, times)
    yield from _labelled(table, profile)
    yield from _personal(table, profile)


def _time_evidence(table: Table, profile: SourceProfile, times: Times) -> Iterator[Found]:
    column = table.column("time")
    assert column is not None
    name, cell = shown(column.name), quoted(column.name)
    dated, span = sum(times.days.values()), (times.last - times.first).total_seconds() / _DAY
    yield table.evidence(
        "inventory", "range", N_("Time from the first row of %(source)s to the last, by %(column)s"), round(span, 3), "day",
        N_("latest time less earliest time"), rows=dated, weight=1, column=name,
        sql=f"SELECT epoch(max(CAST({cell} AS TIMESTAMP))) / 86400 - epoch(min(CAST({cell} AS TIMESTAMP))) / 86400 FROM {{t}} WHERE isfinite(CAST({cell} AS TIMESTAMP))",
    )  # fmt: skip
    if times.update_seconds is not None:
        value, unit = _readable(times.update_seconds)
        yield table.evidence(
            "inventory", "update_period", N_("Usual time between two arrivals of rows in %(source)s, by %(column)s"), value, unit,
            N_("median gap between times at which rows exist, by day for dates, else by hour, by minute where rows come hourly"),
            rows=dated, column=name, weight=1,
        )  # fmt: skip
    yield from _rates(table, profile, times, name)


def _readable(seconds: float) -> tuple[float, str]:
    if seconds >= _DAY:
        return seconds / _DAY, "day"
    return (seconds / _HOUR, "hour") if seconds >= _HOUR else (seconds / _MINUTE, "minute")


def _rates(table: Table, profile: SourceProfile, times: Times, name: str) -> Iterator[Found]:
    """Rows a day; the last day counts only if its rows reach its last hour or the times are dates, else it is left out as partial."""
    column, last = table.column("time"), max(times.days)
    whole = (column is not None and column.type == "date") or times.last.hour == 23
    end, first = (last if whole else last - 1), min(times.days)
    length = end - first + 1
    if length < 1:
        return
    counted = {day: count for day, count in times.days.items() if day <= end}
    yield table.evidence(
        "inventory", "rows_per_day", N_("Rows a day in %(source)s over its whole range"), sum(counted.values()) / length, "rows/day",
        N_("rows over calendar days; a last day that ends before its last hour is left out; days without rows count"),
        rows=sum(counted.values()), column=name,
    )  # fmt: skip
    for window in (30, 90):
        if length > window:
            taken = sum(count for day, count in counted.items() if day > end - window)
            yield table.evidence(
                "inventory", f"rows_per_day_{window}", N_("Rows a day in %(source)s over its last %(days)s days"), taken / window, "rows/day",
                N_("rows over calendar days; a last day that ends before its last hour is left out; days without rows count"),
                rows=taken, weight=1 if window == 30 else 2, days=str(window),
                measures="examples_per_day" if window == 30 and profile.kind in _EXAMPLES else "",
            )  # fmt: skip
    if empty := length - len(counted):
        yield table.evidence(
            "inventory", "empty_days", N_("Calendar days without any row within the range of %(source)s"), empty, "days",
            N_("days between the first and the last without a row"), rows=sum(counted.values()), column=name,
        )  # fmt: skip


def _labelled(table: Table, profile: SourceProfile) -> Iterator[Found]:
    """Items whose label or outcome is stored; of annotations, distinct items."""
    column = profile.column("label") or profile.column("outcome")
    if column is None or column.missing is None:
        return
    key = table.column("id") if table.kind == "annotations" else None
    count = f"count(DISTINCT {quoted(key.name)})" if key else "count(*)"
    sql = f"SELECT {count} FROM {{t}} WHERE {filled(column)} IS NOT NULL"
    value = table.one(sql) if key else profile.rows - column.missing
    yield table.evidence(
        "inventory", "labelled", N_("Items of %(source)s with a stored value in %(column)s"), value, "items",
        N_("counted; items with several labels count once where the source has annotators and a key"), sql=sql,
        column=shown(column.name), measures="labelled_in_hand",
    )  # fmt: skip


def _personal(table: Table, profile: SourceProfile) -> Iterator[Found]:
    columns = [(column, pii.personal(column.pii)) for column in profile.columns]
    columns = [(column, shares) for column, shares in columns if shares]
    sensitive = [column for column, shares in columns if any(share.kind in _SENSITIVE for share in shares)]
    sampled = str(pii.MOST_CELLS)
    method = N_("names of columns and checked patterns in at most %(sample)s cells a column, no names of people looked for in texts")
    yield table.evidence(
        "inventory", "personal_columns", N_("Columns of %(source)s with personal or sensitive data"), len(columns), "columns", method,
        weight=1, sample=sampled,
    )  # fmt: skip
    if sensitive:
        yield table.evidence(
            "inventory", "sensitive_columns", N_("Columns of %(source)s that speak of sensitive matters: %(columns)s"), len(sensitive), "columns",
            method, weight=1, sample=sampled, columns=_listed([column.name for column in sensitive]),
        )  # fmt: skip
    for column, shares in columns[:_MOST_LISTED]:
        for share in shares:
            if share.hits:
                yield _share_evidence(table, column, share.kind, share.hits, share.sampled)


def _share_evidence(table: Table, column: Column, kind: str, hits: int, sampled: int) -> Found:
    weight: Literal[2, 3] = 2 if hits >= 0.01 * sampled else 3
    return table.evidence(
        "inventory", f"pii_{kind}_{key_of(column.name)}", N_("Sampled cells of %(column)s in %(source)s that hold %(kind)s"), percent(hits, sampled), "percent",
        N_("checked pattern or word list on %(sample)s sampled cells that are not empty"), interval=percent_interval(hits, sampled), rows=sampled,
        weight=weight, column=shown(column.name), kind=kind, sample=str(sampled),
    )  # fmt: skip


def _listed(names: Sequence[str]) -> str:
    """Names in one place of a text: five, then an ellipsis."""
    return (", ".join(shown(name)[:30] for name in names[:5]) + ("…" if len(names) > 5 else ""))[:200]
