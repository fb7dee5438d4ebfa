"""Quality: what is missing, repeated, stale, rare, constant or too good to be true in a source, and whether its labels look right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from ai_data_strategy.evidence import duplicates, label_noise, pii
from ai_data_strategy.evidence.inventory import filled, key_of
from ai_data_strategy.evidence.profile import Chart, Column, ColumnRole, Found, SourceProfile
from ai_data_strategy.evidence.statistics import percent, percent_interval, wilson
from ai_data_strategy.evidence.table import Table, evidence_id, quoted, shown
from ai_data_strategy.typeset.catalogue import N_

_REQUIRED: tuple[ColumnRole, ...] = ("id", "entity", "time", "label", "prediction", "confidence", "outcome", "text")
"""Roles whose empty cells cost most."""
_MISSING_ALARM = 0.03
_WORST = 2
_MOST_LISTED = 200
_MOST_BARS = 30
_MOST_CLASSES = 50
_RARE_SHARE, _RARE_ROWS = 0.01, 50
_CLASSES: tuple[ColumnRole, ...] = ("label", "outcome", "prediction", "group", "context", "severity")
_MOST_PAIRS = 20
_OVERLAP_SAMPLE = 10_000
_LEAK_SAMPLE = 10_000
_LEAK_ROWS, _LEAK_A_CLASS, _LEAK_CLASSES, _LEAK_COLUMNS = 200, 20, 50, 300
_LEAK = 0.95
"""Balanced accuracy of one column alone, scaled to 0 (chance) to 1, from which it is taken for a copy or a consequence of the target."""
_AFTER: tuple[ColumnRole, ...] = (
    "id",
    "label",
    "outcome",
    "prediction",
    "confidence",
    "feedback",
    "feedback_time",
    "annotator",
    "error",
    "severity",
    "text",
)
"""Roles that come after the target by their nature, or are keys."""


def measure(table: Table, profile: SourceProfile, today: date | None = None) -> Iterator[Found]:
    """All quality measurements of one source; `today` is what the age of the newest row is counted to."""
    if not profile.rows:
        return
    yield from _missing(table, profile)
    yield from _constant(table, profile)
    yield from _staleness(table, profile, today or datetime.now(UTC).date())
    for column in _class_columns(profile):
        yield from _classes(table, column)
    yield from leaks(table, profile)
    yield from duplicates.measure(table, profile)
    yield from label_noise.measure(table, profile)


def measure_all(tables: Sequence[Table]) -> Iterator[Found]:
    """What the sources have in common: keys and entities of one that are found in another."""
    pairs = [
        (one, other, own, theirs)
        for one in tables
        for other in tables
        if one is not other
        for own in one.columns_of("id", "entity")
        for theirs in other.columns_of("id", "entity")
        if _same_thing(own, theirs)
    ]
    for one, other, own, theirs in pairs[:_MOST_PAIRS]:
        yield from _overlap(one, other, own, theirs)


def _same_thing(own: Column, theirs: Column) -> bool:
    return own.name.lower() == theirs.name.lower() or (own.role == theirs.role == "entity")


def _overlap(one: Table, other: Table, own: Column, theirs: Column) -> Iterator[Found]:
    """Share of one source's distinct values found in the other, from values chosen by a hash, so the same in every run."""
    mine, there = f"CAST({quoted(own.name)} AS VARCHAR)", f"CAST({quoted(theirs.name)} AS VARCHAR)"
    values = f"SELECT value FROM (SELECT DISTINCT {mine} AS value FROM {{t}} WHERE {filled(own)} IS NOT NULL) ORDER BY hash(value), value LIMIT {_OVERLAP_SAMPLE}"
    sql = f"SELECT count(*), count(*) FILTER (value IN (SELECT {there} FROM {other.relation})) FROM ({values})"
    trials, hits = one.ask(sql)[0]
    if trials:
        yield one.evidence(
            "quality", f"overlap_{key_of(own.name)}_{other.id}_{key_of(theirs.name)}",
            N_("Values of %(column)s in %(source)s that are found in %(other_column)s of %(other)s"), percent(hits, trials), "percent",
            N_("distinct values compared as text, at most %(sample)s of them chosen by a hash"), interval=percent_interval(hits, trials),
            rows=trials, weight=2, column=shown(own.name), other_column=shown(theirs.name), other=other.id, sample=str(_OVERLAP_SAMPLE),
        )  # fmt: skip


def _missing(table: Table, profile: SourceProfile) -> Iterator[Found]:
    rows = profile.rows
    gaps = sorted((c for c in profile.columns if c.missing), key=lambda c: (-(c.missing or 0), c.name))
    alarms = [c for c in gaps if c.role in _REQUIRED and (c.missing or 0) > _MISSING_ALARM * rows][:_WORST]
    for column in gaps[:_MOST_LISTED]:
        missing = column.missing or 0
        weight: Literal[1, 2, 3] = 1 if column in alarms else 2 if missing > _MISSING_ALARM * rows or column.role in _REQUIRED else 3
        yield table.evidence(
            "quality", f"missing_{key_of(column.name)}", N_("Empty cells in %(column)s of %(source)s"), percent(missing, rows), "percent",
            N_("null, empty text or not a number, counted over all rows"), weight=weight, column=shown(column.name),
            sql=f"SELECT 100.0 * (count(*) - count({filled(column)})) / count(*) FROM {{t}}",
        )  # fmt: skip
    yield table.evidence(
        "quality", "columns_with_gaps", N_("Columns of %(source)s with empty cells"), len(gaps), "columns", N_("null, empty text or not a number, counted over all rows")
    )  # fmt: skip
    if gaps:
        yield _completeness(table, gaps[:_MOST_BARS], rows)


def _completeness(table: Table, columns: Sequence[Column], rows: int) -> Chart:
    values = [{"name": _cut(column.name), "share": round(100 - percent(column.missing or 0, rows), 2)} for column in columns]
    return Chart(
        id=evidence_id(table.id, "completeness"), topic="quality", title=N_("Filled cells by column in %(source)s, percent, the emptiest first"),
        places={"source": table.id}, spec=_bars(values, [0, 100]),
    )  # fmt: skip


def _bars(values: Sequence[dict[str, Any]], domain: Sequence[int] | None = None) -> dict[str, Any]:
    """Horizontal bars of shares in percent, in the order given."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json", "width": 480, "height": {"step": 20}, "data": {"values": list(values)},
        "mark": {"type": "bar", "color": "#4c78a8"},
        "encoding": {
            "y": {"field": "name", "type": "nominal", "sort": None, "title": None},
            "x": {"field": "share", "type": "quantitative", "title": "%", "scale": {"domain": list(domain)} if domain else {"zero": True}},
        },
        "config": {"axis": {"labelFontSize": 12, "titleFontSize": 12, "labelLimit": 200}, "view": {"stroke": None}},
    }  # fmt: skip


def _cut(name: str) -> str:
    text = shown(name)
    return text if len(text) <= 28 else text[:27] + "…"


def _constant(table: Table, profile: SourceProfile) -> Iterator[Found]:
    """Columns that hold one value everywhere, or nothing at all; only where there are rows enough to vary."""
    if profile.rows < 2:
        return
    empty = [column for column in profile.columns if column.missing == profile.rows]
    same = [column for column in profile.columns if column.distinct == 1 and column.missing is not None and column.missing < profile.rows]
    for column in (*empty, *same)[:_MOST_LISTED]:
        nothing = column in empty
        yield table.evidence(
            "quality", f"constant_{key_of(column.name)}",
            N_("Column %(column)s of %(source)s is empty; rows looked at") if nothing else N_("Column %(column)s of %(source)s has the same value in every filled cell; rows looked at"),
            profile.rows, "rows", N_("distinct values counted over all rows"), weight=2, column=shown(column.name),
            sql=f"SELECT count(DISTINCT {quoted(column.name)}) FROM {{t}}",
        )  # fmt: skip


def _staleness(table: Table, profile: SourceProfile, today: date) -> Iterator[Found]:
    """Age of the newest row that is not in the future, and how many rows are."""
    column = table.column("time")
    if column is None or not profile.last:
        return
    stamp, end = f"CAST({quoted(column.name)} AS TIMESTAMP)", datetime(today.year, today.month, today.day, 23, 59, 59)
    newest, ahead = datetime.fromisoformat(profile.last), 0
    if newest > end:
        ahead, newest = table.ask(
            f"SELECT count(*) FILTER ({stamp} > ?), max({stamp}) FILTER ({stamp} <= ?) FROM {{t}} WHERE isfinite({stamp})", [end, end]
        )[0]
    if ahead:
        yield table.evidence(
            "quality", "future_rows", N_("Rows of %(source)s whose %(column)s lies in the future"), ahead, "rows",
            N_("counted against the end of %(today)s"), weight=1, column=shown(column.name), today=today.isoformat(),
        )  # fmt: skip
    if newest is not None:
        yield table.evidence(
            "quality", "staleness", N_("Age of the newest row of %(source)s, by %(column)s"), (today - newest.date()).days, "day",
            N_("whole days from the latest time that is not in the future to %(today)s"), weight=1, column=shown(column.name), today=today.isoformat(),
        )  # fmt: skip


def _class_columns(profile: SourceProfile) -> list[Column]:
    """Columns of classes and groups that may be named in a document: few values, no personal data in the cells."""
    return [
        column
        for column in profile.columns
        if column.role in _CLASSES and not pii.identifying(column.pii) and 2 <= (column.distinct or 0) <= _MOST_CLASSES
    ][:_MOST_BARS]


@dataclass(frozen=True)
class Count:
    """Rows of one class."""

    name: str
    rows: int


def _classes(table: Table, column: Column) -> Iterator[Found]:
    """Share of every class or group, the rare ones, and a chart for labels and outcomes."""
    name = quoted(column.name)
    counts = [
        Count(shown(value), rows)
        for value, rows in table.ask(
            f"SELECT CAST({name} AS VARCHAR), count(*) FROM {{t}} WHERE {filled(column)} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
        )
    ]
    if column.type == "number" or not counts:
        return
    total = sum(count.rows for count in counts)
    target = column.role in ("label", "outcome")
    yield from _extremes(table, column, counts, total, target)
    for at, count in enumerate(counts):
        yield table.evidence(
            "quality", f"share_{key_of(column.name)}_{at}_{count.name}", N_("Rows of %(source)s with %(column)s = %(group)s"), percent(count.rows, total), "percent",
            N_("over rows in which the column is filled"), interval=percent_interval(count.rows, total), rows=total,
            weight=2 if target and at < 10 else 3, column=shown(column.name), group=count.name,
        )  # fmt: skip
    if column.role in ("label", "outcome", "prediction", "group"):
        values = [{"name": _cut(count.name), "share": round(percent(count.rows, total), 2)} for count in counts[:_MOST_BARS]]
        yield Chart(
            id=evidence_id(table.id, "classes", key_of(column.name)), topic="quality", title=N_("Rows of %(source)s by %(column)s, percent"),
            places={"source": table.id, "column": shown(column.name)}, spec=_bars(values),
        )  # fmt: skip


def _extremes(table: Table, column: Column, counts: Sequence[Count], total: int, target: bool) -> Iterator[Found]:
    rare = [count for count in counts if count.rows < _RARE_ROWS or wilson(count.rows, total)[1] < _RARE_SHARE]
    least = counts[-1]
    yield table.evidence(
        "quality", f"smallest_{key_of(column.name)}", N_("Share of the smallest class of %(column)s in %(source)s: %(group)s"), percent(least.rows, total), "percent",
        N_("over rows in which the column is filled"), interval=percent_interval(least.rows, total), rows=total, weight=1 if target else 2,
        column=shown(column.name), group=least.name,
    )  # fmt: skip
    if rare:
        yield table.evidence(
            "quality", f"rare_{key_of(column.name)}", N_("Rare values of %(column)s in %(source)s: %(groups)s"), len(rare), "classes",
            N_("fewer than %(least)s rows, or a share whose whole interval lies under one percent"), rows=total, weight=1 if target else 2,
            column=shown(column.name), groups=(", ".join(count.name[:30] for count in rare[:5]) + ("…" if len(rare) > 5 else ""))[:200],
            least=str(_RARE_ROWS),
        )  # fmt: skip


def leaks(table: Table, profile: SourceProfile) -> Iterator[Found]:
    """Columns that predict the label or outcome almost perfectly on their own: they would not be known, or not so, when it counts."""
    target = profile.column("outcome") or profile.column("label")
    if target is None or target.type == "number":
        return
    columns = [
        column
        for column in profile.columns
        if column.role not in _AFTER and column.type not in ("nested", "binary") and column.distinct != 1 and column.missing != profile.rows
    ][:_LEAK_COLUMNS]
    names = [target.name, *(column.name for column in columns)]
    asked = [f"CAST({quoted(target.name)} AS VARCHAR)", *(_as_feature(column) for column in columns)]
    rows = table.ask(f"SELECT {', '.join(asked)} FROM ({table.sampled(names, _LEAK_SAMPLE)}) WHERE {filled(target)} IS NOT NULL")
    classes = _classes_of([row[0] for row in rows])
    rows = [row for row in rows if row[0] in classes]
    if len(rows) < _LEAK_ROWS or not 2 <= len(classes) <= _LEAK_CLASSES:
        return
    for at, column in enumerate(columns, start=1):
        accuracy, half = one_column_accuracy([row[at] for row in rows], [classes[row[0]] for row in rows])
        chance = 1 / len(classes)
        if (accuracy - chance) / (1 - chance) >= _LEAK:
            yield table.evidence(
                "quality", f"leak_{key_of(column.name)}", N_("Column %(column)s of %(source)s alone gives %(target)s away: right, averaged over classes"),
                100 * accuracy, "percent",
                N_("held-out accuracy of a one-column tree or lookup, three folds, on at most %(sample)s rows; a likely leak unless known before the target"),
                interval=(max(0.0, 100 * (accuracy - half)), min(100.0, 100 * (accuracy + half))), rows=len(rows), weight=1,
                column=shown(column.name), target=shown(target.name), sample=str(_LEAK_SAMPLE),
            )  # fmt: skip


def _as_feature(column: Column) -> str:
    name = quoted(column.name)
    if column.type in ("time", "date"):
        return f"epoch(CAST({name} AS TIMESTAMP))"
    return f"CAST({name} AS DOUBLE)" if column.type in ("number", "integer") else f"left(CAST({name} AS VARCHAR), 200)"


def _classes_of(values: Sequence[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return {name: at for at, name in enumerate(sorted(name for name, count in counts.items() if count >= _LEAK_A_CLASS))}


def one_column_accuracy(values: Sequence[Any], classes: Sequence[int]) -> tuple[float, float]:
    """Balanced accuracy (0 to 1) of predicting classes from one column, over three folds, and half its 95 % interval.

    Numbers go into a tree of at most 64 leaves, texts into a lookup of the commonest class by value. The interval is normal, from the
    binomial variance of every class's accuracy.
    """
    import numpy as np
    from sklearn.model_selection import StratifiedKFold

    truth = np.array(classes)
    texts = any(isinstance(value, str) for value in values)
    feature = _codes(values) if texts else np.array([np.nan if value is None else float(value) for value in values])
    said = np.zeros_like(truth)
    for train, test in StratifiedKFold(3, shuffle=True, random_state=0).split(truth, truth):
        said[test] = (_looked_up if texts else _by_tree)(feature[train], truth[train], feature[test])
    shares = [(float(np.mean(said[truth == c] == c)), int(np.sum(truth == c))) for c in np.unique(truth)]
    variance = sum(share * (1 - share) / count for share, count in shares) / len(shares) ** 2
    return sum(share for share, _ in shares) / len(shares), 1.96 * float(variance) ** 0.5


def _codes(values: Sequence[Any]) -> Any:
    import numpy as np

    return np.unique(np.array(["" if value is None else str(value) for value in values]), return_inverse=True)[1]


def _looked_up(train: Any, truth: Any, test: Any) -> Any:
    """The commonest class of each value; the commonest class of all for values not seen."""
    import numpy as np

    size = int(max(train.max(), test.max())) + 1
    table = np.zeros((size, int(truth.max()) + 1), dtype=np.int64)
    np.add.at(table, (train, truth), 1)
    best = table.argmax(axis=1)
    best[table.sum(axis=1) == 0] = np.bincount(truth).argmax()
    return best[test]


def _by_tree(train: Any, truth: Any, test: Any) -> Any:
    import numpy as np
    from sklearn.tree import DecisionTreeClassifier

    def prepared(cells: Any) -> Any:
        return np.column_stack([np.nan_to_num(cells, nan=0.0, posinf=1e300, neginf=-1e300), np.isnan(cells)])

    return DecisionTreeClassifier(max_leaf_nodes=64, min_samples_leaf=3, random_state=0).fit(prepared(train), truth).predict(prepared(test))
