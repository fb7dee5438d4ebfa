"""Agreement of the people who label: which coefficient fits, its value, and where they disagree (by class, by annotator).

Annotations come long (one row a label: item, annotator, label) or wide (one row an item, one label column an annotator).
Annotators are never named, only ranked by their agreement with the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ai_data_strategy.evidence import agreement
from ai_data_strategy.evidence.agreement import MOST_CLASSES, NAMES, Scale
from ai_data_strategy.evidence.profile import Chart, Column, Found, Problem
from ai_data_strategy.evidence.statistics import percent, percent_interval
from ai_data_strategy.evidence.table import ROW, Table, evidence_id, quoted, shown
from ai_data_strategy.typeset.catalogue import N_

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_ITEMS = 20_000
_MOST_CELLS = 4_000_000
"""Items × annotators that are held in memory: 32 MB."""
_LEAST_ITEMS = 30
"""Items with two labels below which no agreement is claimed."""
_LEAST_LABELS = 20
"""Labels of a class below which no agreement is claimed for it."""
_MOST_SHOWN = 30
_MOST_LEVELS = 20
_PAUSE = 1800
"""Seconds between two labels after which an annotator is taken to have paused."""
_RATING = re.compile(r"rating|score|grade|stars?\b|severity|priority|level|likert|relevance|rank|intensity", re.I)
_NUMBERED = re.compile(r"[\W_]*(\d+|[a-z])$|^(\d+|[a-z])[\W_]+", re.I)


@dataclass(frozen=True)
class _Annotations:
    """`relation` is SQL with item, annotator, label (text) and number (row); one row an item and annotator, the last one given."""

    relation: str
    label: str
    numeric: bool


@dataclass(frozen=True)
class _Sample:
    """Ratings of sampled items with two labels or more (items × annotators, codes) and the classes that the codes stand for."""

    ratings: NDArray[np.int64]
    classes: tuple[str, ...]
    scale: Scale
    values: NDArray[np.float64] | None


def measure(table: Table) -> Iterator[Found]:
    """Agreement of the annotators of one source; nothing if the source holds no annotations."""
    annotations = _annotations(table)
    if isinstance(annotations, Problem):
        yield annotations
        return
    if annotations is None:
        return
    items, several, people, labels, classes = table.ask(
        f"SELECT count(*), count(*) FILTER (n >= 2), (SELECT count(DISTINCT annotator) FROM {annotations.relation}), coalesce(sum(n), 0), "
        f"(SELECT count(DISTINCT label) FROM {annotations.relation}) FROM (SELECT item, count(*) AS n FROM {annotations.relation} GROUP BY item)"
    )[0]
    yield from _sizes(table, items, several, people, labels)
    yield from _pace(table, annotations)
    if people < 2:
        yield _problem(table, N_("all labels come from one annotator, so agreement cannot be measured"))
    elif several < _LEAST_ITEMS:
        yield _problem(
            table, N_("too few items were labelled by two or more people to measure agreement (%(items)s items)"), items=f"{several:,}"
        )
    elif classes > MOST_CLASSES and not annotations.numeric:
        yield _problem(
            table,
            N_("the labels in %(column)s are free texts rather than classes, so agreement was not measured"),
            column=shown(annotations.label),
        )
    else:
        sample = _sampled(table, annotations, people)
        yield from _coefficient(table, sample, several)
        yield from _by_class(table, annotations, sample)
        yield from _by_annotator(table, sample)


def _problem(table: Table, what: str, **places: str) -> Problem:
    return Problem(
        source=table.id,
        what=what,
        todo=N_("have at least two people label the same items without seeing each other's labels"),
        places=places,
    )


def _annotations(table: Table) -> _Annotations | Problem | None:
    """The annotations of a source in long form, whichever form it has; a problem if it should hold some and does not."""
    labels, people = table.columns_of("label"), table.column("annotator")
    if not labels:
        return None
    if people is None:
        if len(labels) > 1 and _same_question(table, labels):
            return _wide(table, labels)
        return (
            _problem(table, N_("no column says who gave a label, so agreement cannot be measured")) if table.kind == "annotations" else None
        )
    item = _item(table, people)
    if item is None:
        return _problem(table, N_("every item holds one label, so agreement cannot be measured"))
    item_sql, person_sql, label_sql = quoted(item.name), quoted(people.name), _text(labels[0])
    rows = f"SELECT CAST({item_sql} AS VARCHAR) AS item, CAST({person_sql} AS VARCHAR) AS annotator, {label_sql} AS label, {ROW} AS number FROM {{t}}"
    last = f"SELECT item, annotator, arg_max(label, number) AS label, max(number) AS number FROM ({rows}) WHERE item <> '' AND annotator <> '' AND label <> '' GROUP BY item, annotator"
    return _Annotations(f"({last})", labels[0].name, labels[0].type in ("number", "integer"))


def _text(column: Column) -> str:
    """A label as text; numbers are written the same way whatever their type."""
    name = quoted(column.name)
    return f"CAST(CAST({name} AS DOUBLE) AS VARCHAR)" if column.type in ("number", "integer") else f"trim(CAST({name} AS VARCHAR))"


def _item(table: Table, people: Column) -> Column | None:
    """The column that names the item: the first key under which some value was labelled by two people."""
    for column in table.columns_of("id", "entity"):
        name = quoted(column.name)
        if table.ask(
            f"SELECT 1 FROM {{t}} WHERE {name} IS NOT NULL GROUP BY {name} HAVING count(DISTINCT {quoted(people.name)}) > 1 LIMIT 1"
        ):
            return column
    keys = table.columns_of("id", "entity")
    single = table.one(f"SELECT count(DISTINCT {quoted(people.name)}) FROM {{t}}") < 2
    return keys[0] if keys and single else None


def _same_question(table: Table, labels: Sequence[Column]) -> bool:
    """Several label columns answer one question: they share their values, and their names differ by a number or letter (or it is an annotation file)."""
    if len({column.type for column in labels}) > 1:
        return False
    stems = {_NUMBERED.sub("", column.name.lower()) for column in labels}
    if len(stems) > 1 and table.kind != "annotations":
        return False
    values = [
        {
            row[0]
            for row in table.ask(
                f"SELECT DISTINCT {_text(column)} FROM {{t}} WHERE {_text(column)} <> '' ORDER BY 1 LIMIT {MOST_CLASSES + 1}"
            )
        }
        for column in labels
    ]
    every = set[Any]().union(*values)
    return bool(every) and all(len(own) * 2 >= len(every) for own in values if own)


def _wide(table: Table, labels: Sequence[Column]) -> _Annotations:
    """Label columns as annotators, rows as items."""
    parts = (
        f"SELECT CAST({ROW} AS VARCHAR) AS item, '{number}' AS annotator, {_text(column)} AS label, {ROW} AS number FROM {{t}}"
        for number, column in enumerate(labels, start=1)
    )
    return _Annotations(
        f"(SELECT * FROM ({' UNION ALL '.join(parts)}) WHERE label <> '')", labels[0].name, labels[0].type in ("number", "integer")
    )


def _sizes(table: Table, items: int, several: int, people: int, labels: int) -> Iterator[Found]:
    counted = N_("Counted; of several labels by one annotator for one item the last one counts")
    yield table.evidence("labelling", "labelled_items", N_("Items with a label in %(source)s"), items, "items", counted)
    yield table.evidence("labelling", "annotators", N_("Annotators of %(source)s"), people, "person", counted, measures="annotators")
    if items:
        yield table.evidence("labelling", "labels_per_item", N_("Labels per item in %(source)s"), labels / items, "labels", counted)
        yield table.evidence(
            "labelling", "overlap_share", N_("Items of %(source)s labelled by two or more people"), percent(several, items), "percent",
            N_("Share of the labelled items, Wilson interval"), interval=percent_interval(several, items), weight=1,
        )  # fmt: skip
        yield table.evidence("labelling", "overlap_items", N_("Items of %(source)s with two or more labels"), several, "items", counted)


def _pace(table: Table, annotations: _Annotations) -> Iterator[Found]:
    """Minutes per label: median time between two labels of one annotator, pauses left out."""
    people, time = table.column("annotator"), table.column("time")
    if people is None or time is None or time.type != "time":
        return
    gaps = (
        f"SELECT epoch({quoted(time.name)}) - lag(epoch({quoted(time.name)})) OVER (PARTITION BY {quoted(people.name)} ORDER BY {quoted(time.name)}, {ROW}) AS gap "
        f"FROM {{t}} WHERE {quoted(time.name)} IS NOT NULL AND {quoted(people.name)} IS NOT NULL"
    )
    count, all_at_once = table.ask(f"SELECT count(*) FILTER (gap > 0 AND gap <= {_PAUSE}), count(*) FILTER (gap = 0) FROM ({gaps})")[0]
    if count < _LEAST_ITEMS or all_at_once > count:
        return
    half = 0.98 / count**0.5
    ends = ", ".join(str(min(1.0, max(0.0, 0.5 + step))) for step in (-half, 0.0, half))
    low, middle, high = (
        value / 60 for value in table.one(f"SELECT quantile_cont(gap, [{ends}]) FROM ({gaps}) WHERE gap > 0 AND gap <= {_PAUSE}")
    )
    yield table.evidence(
        "labelling", "minutes_per_label", N_("Minutes per label in %(source)s"), middle, "minute/item",
        N_("Median time between two labels of one annotator; gaps over %(pause)s minutes are pauses; interval from order statistics"),
        interval=(low, high), rows=count, measures="minutes_per_item", pause=str(_PAUSE // 60),
    )  # fmt: skip


def _sampled(table: Table, annotations: _Annotations, people: int) -> _Sample:
    """Ratings of at most 20,000 items that hold two labels or more, spread over the source by a hash of the row number."""
    import numpy as np

    most = max(_LEAST_ITEMS, min(_MOST_ITEMS, _MOST_CELLS // people))
    chosen = f"SELECT item FROM {annotations.relation} GROUP BY item HAVING count(*) >= 2 ORDER BY (min(number) * 2654435761) % 4294967296, min(number), item LIMIT {most}"
    # Codes are given in SQL, so that no text of a cell enters Python but the names of the classes.
    rows = f"SELECT a.item, a.annotator, a.label FROM {annotations.relation} AS a JOIN ({chosen}) AS c ON a.item = c.item"
    found = table.arrays(
        f"SELECT dense_rank() OVER (ORDER BY item) - 1 AS item, dense_rank() OVER (ORDER BY annotator) - 1 AS person, label FROM ({rows}) ORDER BY item, person"
    )
    said = np.asarray(found["label"]).astype(str)
    names = np.unique(said)
    scale, numbers = _scale(names, annotations)
    names = names[np.argsort(numbers, kind="stable")] if numbers is not None else names
    if numbers is not None and len(names) > MOST_CLASSES:
        return _measured_values(found, said)
    place = {name: code for code, name in enumerate(names)}
    codes = np.fromiter((place[name] for name in said), dtype=np.int64, count=len(said))
    values = np.sort(numbers) if numbers is not None else None
    return _Sample(_filled(found, codes), tuple(_plain(name) for name in names), scale, values)


def _measured_values(found: dict[str, NDArray[Any]], said: NDArray[np.str_]) -> _Sample:
    """Numbers with very many values, cut at quantiles; each class stands for its mean."""
    import numpy as np

    numbers = said.astype(np.float64)
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, MOST_CLASSES // 2 + 1)[1:-1]))
    cut = np.searchsorted(edges, numbers, side="right")
    used, codes = np.unique(cut, return_inverse=True)
    means = np.bincount(codes, weights=numbers) / np.bincount(codes)
    return _Sample(_filled(found, codes.astype(np.int64)), tuple(f"{mean:g}" for mean in means[: len(used)]), "interval", means)


def _filled(found: dict[str, NDArray[Any]], codes: NDArray[np.int64]) -> NDArray[np.int64]:
    import numpy as np

    item, person = np.asarray(found["item"], dtype=np.int64), np.asarray(found["person"], dtype=np.int64)
    ratings = np.full((int(item.max()) + 1, int(person.max()) + 1), -1, dtype=np.int64)
    ratings[item, person] = codes
    return ratings


def _plain(name: str) -> str:
    return shown(name.removesuffix(".0"))


def _scale(names: NDArray[np.str_], annotations: _Annotations) -> tuple[Scale, NDArray[np.float64] | None]:
    """Texts are classes without order; numbers are an order if their name or values say so, and measurements if they are many."""
    import numpy as np

    if not annotations.numeric:
        return "nominal", None
    numbers = names.astype(np.float64)
    if len(numbers) > _MOST_LEVELS:
        return "interval", numbers
    ordered = len(numbers) > 2 and (bool(_RATING.search(annotations.label)) or bool((numbers < -1).any()) or bool((numbers % 1 != 0).any()))
    return ("ordinal" if ordered else "nominal"), numbers


def _coefficient(table: Table, sample: _Sample, several: int) -> Iterator[Found]:
    counts = agreement.tallies(sample.ratings, len(sample.classes))
    name, reason = agreement.chosen(sample.ratings, sample.scale)
    if len(sample.classes) < 2:
        yield _problem(table, N_("every label is the same class, so agreement cannot be told from chance"))
        return
    value = {
        "cohen": lambda: agreement.cohen(sample.ratings),
        "weighted": lambda: agreement.cohen(sample.ratings, weighted=True),
        "fleiss": lambda: agreement.fleiss(counts),
        "alpha": lambda: agreement.alpha(counts, sample.scale, sample.values),
    }[name]()
    items, method = (
        f"{len(counts):,}",
        N_("%(coefficient)s (%(reason)s) over %(items)s items with two or more labels; interval: bootstrap over items"),
    )
    yield table.evidence(
        "labelling", "agreement", N_("Agreement of the annotators of %(source)s beyond chance"), value, "coefficient", method, rows=several, weight=1,
        interval=agreement.interval(sample.ratings, counts, name, sample.scale, sample.values), coefficient=NAMES[name], reason=reason, items=items,
    )  # fmt: skip
    low, high = agreement.percent_interval(counts)
    yield table.evidence(
        "labelling", "percent_agreement", N_("Pairs of labels of one item in %(source)s that are the same"), 100 * agreement.percent_agreement(counts), "percent",
        N_("Mean over %(items)s items, not corrected for chance; interval: bootstrap over items"), interval=(100 * low, 100 * high), rows=several, items=items,
    )  # fmt: skip
    if sample.scale == "nominal":
        torn = agreement.without_majority(counts)
        yield table.evidence(
            "labelling", "without_majority", N_("Items of %(source)s on which no class has a majority"), percent(torn, len(counts)), "percent",
            N_("No class has more than half of an item's labels; %(items)s items, Wilson interval"), interval=percent_interval(torn, len(counts)),
            rows=several, items=items,
        )  # fmt: skip


def _by_class(table: Table, annotations: _Annotations, sample: _Sample) -> Iterator[Found]:
    """Specific agreement of each class with enough labels, the worst one for the chapter, and the chart."""
    import numpy as np

    if sample.scale == "interval" or len(sample.classes) < 2:
        return
    found = agreement.by_class(agreement.tallies(sample.ratings, len(sample.classes)))
    enough = [code for code in range(len(sample.classes)) if found.labels[code] >= _LEAST_LABELS]
    most = sorted(enough, key=lambda code: -int(found.labels[code]))[:_MOST_SHOWN]
    if len(most) < 2:
        return
    method = N_("Chance that another annotator says the class too, given that one did (specific agreement); interval: bootstrap over items")
    worst = min(most, key=lambda code: float(found.share[code]))
    for code in most:
        share, low, high = (float(np.clip(100 * ends[code], 0, 100)) for ends in (found.share, found.low, found.high))
        name = sample.classes[code]
        if code == worst:
            yield table.evidence(
                "labelling", "worst_class", N_("Lowest agreement on a class of %(source)s: %(label)s"), share, "percent", method,
                interval=(low, high), rows=int(found.labels[code]), weight=1, label=name,
            )  # fmt: skip
        yield table.evidence(
            "labelling", f"agreement_class_{code}_{name}", N_("Agreement on the class %(label)s in %(source)s"), share, "percent", method,
            interval=(low, high), rows=int(found.labels[code]), label=name,
        )  # fmt: skip
    rows = [
        {"name": sample.classes[code], "share": _pc(found.share[code]), "low": _pc(found.low[code]), "high": _pc(found.high[code])}
        for code in most
    ]
    yield Chart(
        id=evidence_id(table.id, "agreement_by_class"), topic="labelling", title=N_("Agreement of the annotators by class of %(column)s"),
        places={"column": shown(annotations.label)}, spec=share_chart(rows, N_("agreement, percent")),
    )  # fmt: skip


def _pc(share: float) -> float:
    return round(100 * float(share), 2)


def share_chart(rows: Sequence[dict[str, object]], axis: str) -> dict[str, Any]:
    """Vega-Lite: shares in percent by name, each with its interval; rows hold name, share, low, high."""
    across = {"type": "quantitative", "title": axis, "scale": {"zero": True}}
    down = {"field": "name", "type": "nominal", "title": None, "sort": None}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": list(rows)},
        "encoding": {"y": down},
        "layer": [
            {"mark": {"type": "bar", "opacity": 0.4}, "encoding": {"x": {"field": "share", **across}}},
            {"mark": "rule", "encoding": {"x": {"field": "low", **across}, "x2": {"field": "high"}}},
            {"mark": {"type": "point", "filled": True}, "encoding": {"x": {"field": "share", **across}}},
        ],
    }


def histogram_chart(rows: Sequence[dict[str, object]], across: str, up: str) -> dict[str, Any]:
    """Vega-Lite: a histogram whose bins were counted before; rows hold from, to, rows."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": list(rows)},
        "mark": "bar",
        "encoding": {
            "x": {"field": "from", "type": "quantitative", "bin": {"binned": True}, "title": across},
            "x2": {"field": "to"},
            "y": {"field": "rows", "type": "quantitative", "title": up},
        },
    }


def _by_annotator(table: Table, sample: _Sample) -> Iterator[Found]:
    """Each annotator's agreement with the others, ranked; the lowest one first."""
    import numpy as np

    if sample.scale == "interval":
        return
    share, items = agreement.by_annotator(sample.ratings, len(sample.classes))
    ranked = [person for person in np.argsort(-share, kind="stable") if items[person] >= _LEAST_ITEMS]
    if len(ranked) < 3:
        return
    method = N_(
        "Mean share of the other labels of the same items that are the same; Wilson interval over items; annotators ranked, not named"
    )
    for rank, person in enumerate(ranked, start=1):
        last, value, used = rank == len(ranked), 100 * float(share[person]), int(items[person])
        if last or rank <= _MOST_SHOWN:
            message = (
                N_("Lowest agreement of one annotator of %(source)s with the others")
                if last
                else N_("Agreement of annotator %(rank)s of %(source)s with the others")
            )
            yield table.evidence(
                "labelling", "lowest_annotator" if last else f"agreement_annotator_{rank}", message, value, "percent", method,
                interval=percent_interval(round(used * float(share[person])), used), rows=used, weight=2 if last else 3, rank=str(rank),
            )  # fmt: skip
