"""Dependence of failures on context: device, network, locale, version, group.

A dependence is reported as an effect only if its p value, adjusted by Benjamini and Hochberg over everything that was tried
together, is under 0.01, and the difference is two points or the ratio 1.2. Rows of one entity are not independent: test
statistics are divided by the design effect of the entities (Rao & Scott 1981, J. Am. Stat. Assoc. 76:221).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from ai_data_strategy.domain import Evidence
from ai_data_strategy.evidence.decisions import Decisions
from ai_data_strategy.evidence.drift import difference
from ai_data_strategy.evidence.profile import Column
from ai_data_strategy.evidence.statistics import benjamini_hochberg, percent, percent_interval
from ai_data_strategy.evidence.table import Table, quoted, shown, slug
from ai_data_strategy.typeset.catalogue import N_

CERTAIN = 0.01
"""Adjusted p value under which a dependence is reported."""
_POINTS = 2.0
_RATIO = 1.2
_LEVELS = 20
LEAST_ROWS = 30
_LEAST_EXPECTED = 5.0
LEAST_FAILURES = 20
_PLAIN = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
_LEAST_ENTITIES = 10
_ORDER = ("named", "wrong_prediction", "negative_feedback", "correction", "complaint", "error")
CHI = N_("chi-square or Fisher test with the design effect of entities, Benjamini-Hochberg over all contexts, Newcombe interval")


@dataclass(frozen=True)
class Level:
    """Failures among the rows of one level of a column against all other rows of the column. `p` is adjusted where it is judged."""

    kind: str
    column: str
    level: str
    hits: int
    trials: int
    other_hits: int
    other_trials: int
    p: float
    deff: float

    @property
    def gap(self) -> tuple[float, float, float]:
        """Difference in points with its interval, over the effective number of rows."""
        sizes = (self.hits, self.trials, self.other_hits, self.other_trials)
        hits, trials, other_hits, other_trials = (round(size / self.deff) for size in sizes)
        _, low, high = difference(hits, max(1, trials), other_hits, max(1, other_trials))
        return percent(self.hits, self.trials) - percent(self.other_hits, self.other_trials), low, high

    @property
    def effect(self) -> bool:
        """Certain and large enough to say so."""
        share, other = percent(self.hits, self.trials), percent(self.other_hits, self.other_trials)
        ratio = max(share, other) / min(share, other) if min(share, other) else math.inf
        return self.p < CERTAIN and (abs(share - other) >= _POINTS or ratio >= _RATIO)


@dataclass(frozen=True)
class Dependence:
    """Dependence of one kind of failure on one column: corrected Cramér's V, p of the test, and the levels."""

    kind: str
    column: str
    v: float
    p: float
    levels: tuple[Level, ...]


def told(condition: str) -> str:
    """SQL condition: it can be told whether a failure of this kind happened."""
    return f"({condition}) IS NOT NULL"


def main_kind(decisions: Decisions) -> str:
    """The kind of failure that rates over time follow: the user's own first; the first that enough rows can tell. Empty if none."""
    kinds = sorted(
        decisions.failures, key=lambda kind: next((rank for rank, known in enumerate(_ORDER) if kind.startswith(known)), len(_ORDER))
    )
    rows = {kind: int(decisions.table.one(f"SELECT count(*) FILTER ({told(decisions.failures[kind])}) FROM {{t}}")) for kind in kinds}
    return next((kind for kind in kinds if rows[kind] >= 200), max(kinds, key=lambda kind: rows[kind], default=""))


def dependences(decisions: Decisions) -> list[Dependence]:
    """Every kind of failure against every context and group column, with adjusted p values."""
    table = decisions.table
    found: list[Dependence] = []
    for kind, condition in decisions.failures.items():
        deff = design_effect(table, condition)
        for column in table.columns_of("context", "group"):
            if f"{quoted(column.name)} " not in f"{condition} " and (one := _dependence(table, kind, condition, column, deff)) is not None:
                found.append(one)
    adjusted = benjamini_hochberg([one.p for one in found])
    levels = [level for one in found for level in one.levels]
    of_level = iter(benjamini_hochberg([level.p for level in levels]))
    return [
        replace(one, p=p, levels=tuple(replace(level, p=max(p, next(of_level))) for level in one.levels))
        for one, p in zip(found, adjusted, strict=True)
    ]


def design_effect(table: Table, condition: str) -> float:
    """Variance of the failure rate with entities as clusters over that with rows as units; one without an entity column, never less."""
    entity = table.column("entity")
    if entity is None:
        return 1.0
    name = quoted(entity.name)
    rows, hits, entities = table.ask(
        f"SELECT count(*), count(*) FILTER ({condition}), count(DISTINCT {name}) FROM {{t}} WHERE {told(condition)} AND {name} IS NOT NULL"
    )[0]
    if not hits or hits == rows or entities < _LEAST_ENTITIES:
        return 1.0
    share = hits / rows
    spread = table.one(
        f"SELECT sum(power(h - n * ?, 2)) FROM (SELECT count(*) FILTER ({condition}) AS h, count(*) AS n FROM {{t}} "
        f"WHERE {told(condition)} AND {name} IS NOT NULL GROUP BY {name})",
        [share],
    )
    return max(1.0, float(spread) / float(rows * share * (1 - share)))


def _dependence(table: Table, kind: str, condition: str, column: Column, deff: float) -> Dependence | None:
    """One column's test; None if there are fewer than two levels with enough rows."""
    counts = _counts(table, condition, column)
    hits, trials = sum(row[1] for row in counts), sum(row[2] for row in counts)
    if not hits or hits == trials or hits < LEAST_FAILURES:
        return None
    least = _LEAST_EXPECTED * trials / min(hits, trials - hits)
    large = [row for row in counts[:_LEVELS] if row[2] >= max(LEAST_ROWS, least)]
    rest = hits - sum(row[1] for row in large), trials - sum(row[2] for row in large)
    cells = [(row[1], row[2]) for row in large] + ([rest] if rest[1] >= max(LEAST_ROWS, least) else [])
    if len(cells) < 2:
        return None
    p, v = tested(cells, deff)
    levels = tuple(_level(kind, column.name, row, (hits, trials), deff) for row in large)
    return Dependence(kind, column.name, v, p, levels)


def _counts(table: Table, condition: str, column: Column) -> list[tuple[str, int, int]]:
    """Failures and rows by level, the most frequent first; numbers with many values are cut at their quartiles."""
    name = quoted(column.name)
    level, values = f"CAST({name} AS VARCHAR)", list[float]()
    if column.type == "number" or (column.type == "integer" and table.one(f"SELECT count(DISTINCT {name}) FROM {{t}}") > _LEVELS):
        quartiles = table.one(f"SELECT quantile_cont(CAST({name} AS DOUBLE), [0.25, 0.5, 0.75]) FROM {{t}}")
        if quartiles is None:
            return []
        level, values = (
            f"CASE WHEN {name} <= ? THEN 'Q1' WHEN {name} <= ? THEN 'Q2' WHEN {name} <= ? THEN 'Q3' ELSE 'Q4' END",
            list(quartiles),
        )
    sql = f"SELECT {level}, count(*) FILTER ({condition}), count(*) FROM {{t}} WHERE {name} IS NOT NULL AND {told(condition)} GROUP BY 1"
    return sorted(((str(row[0]), int(row[1]), int(row[2])) for row in table.ask(sql, values)), key=lambda row: (-row[2], row[0]))


def tested(cells: Sequence[tuple[int, int]], deff: float) -> tuple[float, float]:
    """p value, and Cramér's V corrected for its bias (Bergsma 2013, J. Korean Stat. Soc. 42:323), of failures by cell."""
    import numpy as np
    from scipy.stats import chi2, chi2_contingency, fisher_exact

    seen = np.array([[hits, trials - hits] for hits, trials in cells], dtype=np.float64)
    if seen.sum(axis=0).min() == 0:
        return 1.0, 0.0
    test = chi2_contingency(seen, correction=False)
    statistic, rows, count = float(test.statistic) / deff, len(cells), float(seen.sum())
    small = rows == 2 and float(np.min(test.expected_freq)) < _LEAST_EXPECTED
    p = float(fisher_exact(seen).pvalue) if small and deff < 1.05 else float(chi2.sf(statistic, rows - 1))
    square = max(0.0, statistic / count - (rows - 1) / (count - 1))
    return p, math.sqrt(square / max(1e-12, min(rows - (rows - 1) ** 2 / (count - 1) - 1, 1.0)))


def _level(kind: str, column: str, row: tuple[str, int, int], whole: tuple[int, int], deff: float) -> Level:
    level, hits, trials = row
    other = whole[0] - hits, whole[1] - trials
    p = tested([(hits, trials), other], deff)[0] if other[1] else 1.0
    return Level(kind, column, shown(level), hits, trials, *other, p, deff)


def measure_context(decisions: Decisions) -> Iterator[Evidence]:
    """Evidence on the dependence of failures on contexts and groups: effects first, the rates of all levels in the long tail."""
    table, found = decisions.table, dependences(decisions)
    effects = sorted(
        (level for one in found if one.p < CERTAIN for level in _told_apart(one) if level.effect and level.other_trials),
        key=lambda level: (-abs(level.gap[0]) * level.trials * level.other_trials, level.column, level.level),
    )
    if found:
        columns = {level.column for level in effects}
        yield table.evidence("logs", "context_effects", N_("Contexts and groups on which failures depend"), len(columns), "items", CHI)
    for rank, level in enumerate(effects[:20]):
        gap, low, high = level.gap
        yield table.evidence(
            "logs", f"context_{level.kind}_{key(level.column.lower())}_{key(level.level)}",
            N_("Rate of %(kind)s where %(column)s is %(level)s, against the rest"), gap, "point", CHI, interval=(low, high),
            rows=level.trials + level.other_trials, weight=1 if rank < 2 else 2, column=level.column, level=level.level, kind=said(level.kind),
        )  # fmt: skip
    for one in found:
        yield table.evidence(
            "logs", f"dependence_{one.kind}_{key(one.column.lower())}", N_("Dependence of %(kind)s on %(column)s, Cramér's V"), one.v, "coefficient",
            N_("Cramér's V with Bergsma's correction over the levels with enough rows"),
            rows=sum(level.trials for level in one.levels), weight=2 if one.p < CERTAIN else 3, column=one.column, kind=said(one.kind),
        )  # fmt: skip
        for level in one.levels:
            yield table.evidence(
                "logs", f"rate_{one.kind}_{key(one.column.lower())}_{key(level.level)}", N_("Rate of %(kind)s where %(column)s is %(level)s"), percent(level.hits, level.trials),
                "percent", N_("failures over rows that can tell; Wilson interval"), interval=percent_interval(level.hits, level.trials),
                rows=level.trials, weight=3, column=one.column, level=level.level, kind=said(one.kind),
            )  # fmt: skip


def _told_apart(one: Dependence) -> tuple[Level, ...]:
    """The levels; of two that mirror each other only the one that fails more."""
    mirrored = len(one.levels) == 2 and one.levels[0].trials == one.levels[1].other_trials
    return tuple(level for level in one.levels if level.gap[0] > 0) if mirrored else one.levels


def said(kind: str) -> str:
    """The kind of a failure in words."""
    return kind.replace("_", " ")


def key(text: str) -> str:
    """A value as part of an id; one that an id cannot hold as it is ends in a hash, so that two stay apart."""
    return text if _PLAIN.fullmatch(text) else f"{slug(text)}_{sha256(text.encode()).hexdigest()[:6]}"
