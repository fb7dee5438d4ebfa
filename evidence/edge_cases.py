"""Edge cases: who or what a model meets seldom, where it is unsure, where labels differ; scored likelihood times severity.

A candidate is a group of rows told by an SQL condition. Its likelihood (1-5) comes from its share of rows, its severity (1-5) from
how much more harm its rows suffer than all rows; a difference that chance explains counts as none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from ai_data_strategy.domain import Evidence, Id, Model, Rating
from ai_data_strategy.evidence.certainty import Confidence, confidence
from ai_data_strategy.evidence.decisions import Decisions
from ai_data_strategy.evidence.density import SAMPLE, sparse
from ai_data_strategy.evidence.profile import Column, Found, Problem
from ai_data_strategy.evidence.statistics import benjamini_hochberg, percent, percent_interval
from ai_data_strategy.evidence.table import ROW, Table, evidence_id, quoted, shown
from ai_data_strategy.typeset.catalogue import N_

Kind = Literal["rare_context", "low_density", "low_confidence", "disagreement"]
RARE = 0.005
"""A context value or pair of values is rare below this share of rows."""
FEWEST_ROWS = 200
"""Below this many rows no edge case is claimed."""
_FEWEST_IN_CASE = 5
_FEWEST_NAMED = 30
"""Rows that a value needs before its group is named: fewer point at persons and prove nothing."""
_MOST_POOLED = 0.10
"""A column most of whose values are rare is a long tail, not an edge: it is left out above this share of rows."""
_MOST_VALUES, _MOST_NAMED, _MOST_COLUMNS, _MOST_CASES = 1000, 50, 10, 40
_OUTLIERS = "outliers"
_SURE, _CHANCE = 0.9, 0.05
_LIKELIHOOD = (0.001, 0.005, 0.02, 0.05)
"""Shares of rows at which the likelihood reaches two, three, four and five."""
_SEVERITY = (0.5, 1.25, 2.0, 3.0)
"""Ratios of harm inside to harm overall at which the severity reaches two, three, four and five."""
_UNMEASURED: Rating = 3
_WORDS = {
    1: ("low", "minor", "trivial"),
    2: ("medium", "moderate", "normal"),
    3: ("high", "major", "serious"),
    4: ("critical", "blocker", "severe"),
}


class EdgeCase(Model):
    """One measured edge case: `rows` of the `looked_at` rows, told by the SQL `condition`. Shares and rates are in percent.

    `severity_measured` is false where nothing in the data tells a failure; the severity is then the middle of the scale.
    """

    id: Id
    kind: Kind
    description: Annotated[str, Field(max_length=300, description="catalogue text with %(place)s")]
    places: dict[str, str] = {}
    rows: Annotated[int, Field(ge=0)]
    looked_at: Annotated[int, Field(ge=0)]
    share: float
    low: float
    high: float
    failures: int | None = None
    failure_rate: float | None = None
    likelihood: Rating
    severity: Rating
    severity_measured: bool
    score: Annotated[int, Field(ge=1, le=25)]
    condition: Annotated[str, Field(description="SQL that tells its rows; {t} stands for the table")]

    @property
    def statement(self) -> str:
        """The description in English with its places filled."""
        return self.description % self.places if self.places else self.description


@dataclass(frozen=True)
class _Candidate:
    kind: Kind
    name: str
    description: str
    condition: str
    places: dict[str, str] = field(default_factory=dict)
    sample: int | None = None
    expected: str = ""
    """SQL of the failure probability that was promised, where harm is compared with a promise and not with all rows."""
    only_if_worse: bool = False


@dataclass(frozen=True)
class _Count:
    rows: int
    failures: int
    harm: float
    square: float
    base: float
    """Harm a row to compare with."""
    p: float


def measure_decisions(decisions: Decisions, tables: Sequence[Table] = ()) -> Iterator[Found]:
    """Evidence of the register's cases; the first three have weight one."""
    table = decisions.table
    if table.rows < FEWEST_ROWS:
        yield Problem(
            source=table.id, what=N_("too few rows to look for edge cases: %(rows)s"),
            todo=N_("give at least %(least)s rows"), places={"rows": str(table.rows), "least": str(FEWEST_ROWS)},
        )  # fmt: skip
        return
    if isinstance(told := confidence(table), Problem):
        yield told
    cases = register(decisions, tables)
    yield table.evidence(
        "edge_cases", "edge_cases", N_("Edge-case candidates found in %(source)s"), len(cases), "cases",
        N_("groups of rows with low density, low confidence, rare context or disagreement"), weight=2,
    )  # fmt: skip
    for rank, case in enumerate(cases):
        yield from _evidence(table, case, rank, decisions.failed)


def register(decisions: Decisions, tables: Sequence[Table] = ()) -> list[EdgeCase]:
    """The edge cases of one table of decisions, highest score first; `tables` may hold annotations of the same items.

    Severity: harm a row (failures, times the severity column where there is one) inside against overall, counted as different
    only if the difference holds at 5 % after Benjamini and Hochberg over all candidates.
    """
    table = decisions.table
    if table.rows < FEWEST_ROWS:
        return []
    candidates = [*_unsure(decisions), *_rare(decisions), *_disagreeing(table, tables), *_sparse(table)]
    counts = _counts(decisions, candidates) if candidates else []
    adjusted = benjamini_hochberg([count.p for count in counts])
    cases = [
        _scored(decisions, candidate, count, p < _CHANCE)
        for candidate, count, p in zip(candidates, counts, adjusted, strict=True)
        if count.rows >= (1 if candidate.name == _OUTLIERS else _FEWEST_IN_CASE)
        and not (candidate.only_if_worse and (p >= _CHANCE or count.harm <= count.base * count.rows))
    ]
    return sorted(cases, key=lambda case: (-case.score, -case.severity, -case.share, case.id))[:_MOST_CASES]


def _unsure(decisions: Decisions) -> Iterator[_Candidate]:
    told = confidence(decisions.table)
    if not isinstance(told, Confidence):
        return
    places = {"column": shown(told.column)}
    yield _Candidate("low_confidence", "near_border", N_("Decisions near the decision border of %(column)s"), told.near, places)
    if (wrong := decisions.failures.get("wrong_prediction")) is not None:
        yield _Candidate(
            "disagreement", "sure", N_("Decisions that %(column)s was sure of, and that turned out wrong"),
            f"({told.certainty} >= {_SURE} AND coalesce({wrong}, false))", places, expected=f"({told.certainty})",
        )  # fmt: skip


def _rare(decisions: Decisions) -> Iterator[_Candidate]:
    """Rare values of context and group columns, and rare pairs of values that are common by themselves."""
    table = decisions.table
    columns = [c for c in table.columns_of("context", "group") if c.type in ("text", "boolean", "integer")]
    columns = [c for c in columns if table.one(f"SELECT count(DISTINCT {quoted(c.name)}) FROM {{t}}") <= _MOST_VALUES][:_MOST_COLUMNS]
    for column in columns:
        yield from _rare_in(decisions, [column], "true", N_("Rows with a rare value of %(first)s"), N_("Rows whose %(first)s is %(level)s"))
    common = {
        column.name: f"{quoted(column.name)} IN (SELECT {quoted(column.name)} FROM {{t}} GROUP BY 1 HAVING NOT {_rarity(table)})"
        for column in columns
    }
    for first, second in combinations(columns, 2):
        yield from _rare_in(
            decisions, [first, second], f"{common[first.name]} AND {common[second.name]}",
            N_("Rows with a rare pair of %(first)s and %(second)s"), N_("Rows whose %(first)s is %(level)s and whose %(second)s is %(other_level)s"),
        )  # fmt: skip


def _rare_in(decisions: Decisions, columns: Sequence[Column], where: str, pooled: str, named: str) -> Iterator[_Candidate]:
    """All rare values of these columns together, and those that can be named if their rows fare worse."""
    table, names = decisions.table, [quoted(column.name) for column in columns]
    keys, is_rare = ", ".join(names), _rarity(table)
    filled = " AND ".join([*(f"{name} IS NOT NULL" for name in names), where])
    rare = f"SELECT {keys} FROM {{t}} WHERE {filled} GROUP BY {keys} HAVING {is_rare}"
    condition = f"(({keys}) IN ({rare}))"
    rows = table.one(f"SELECT count(*) FROM {{t}} WHERE {condition}")
    if not _FEWEST_IN_CASE <= rows <= table.rows * _MOST_POOLED:
        return
    places = dict(zip(("first", "second"), (shown(column.name) for column in columns), strict=False))
    slugs = "_".join(column.name for column in columns)
    yield _Candidate("rare_context", f"rare_{slugs}", pooled, condition, places)
    if not decisions.failed or any(_many(table, column) or column.pii for column in columns):
        return
    texts = [f"CAST({name} AS VARCHAR)" for name in names]
    values = table.ask(
        f"SELECT {', '.join(texts)} FROM {{t}} WHERE {filled} GROUP BY {', '.join(texts)} "
        f"HAVING {is_rare} AND count(*) >= {_FEWEST_NAMED} ORDER BY count(*) FILTER (WHERE {decisions.failed}) DESC, {', '.join(texts)} LIMIT 10"
    )
    for value in values:
        if all(shown(part) == part and "{t}" not in part for part in value):
            told = " AND ".join(f"{text} = '{part.replace(chr(39), chr(39) * 2)}'" for text, part in zip(texts, value, strict=True))
            yield _Candidate(
                "rare_context", f"rare_{slugs}_{'_'.join(value)}", named, f"({told})",
                {**places, **dict(zip(("level", "other_level"), value, strict=False))}, only_if_worse=True,
            )  # fmt: skip


def _many(table: Table, column: Column) -> bool:
    """So many values that one of them may be a person's or a machine's rather than a kind's."""
    return bool(table.one(f"SELECT count(DISTINCT {quoted(column.name)}) FROM {{t}}") > _MOST_NAMED)


def _rarity(table: Table) -> str:
    return f"count(*) < {max(1, math.ceil(table.rows * RARE))}"


def _disagreeing(table: Table, tables: Sequence[Table]) -> Iterator[_Candidate]:
    """Rows whose two labels differ, and rows whose annotators in another source disagree."""
    for first, second in combinations(table.columns_of("label")[:4], 2):
        yield _Candidate(
            "disagreement", f"labels_{first.name}_{second.name}", N_("Rows whose labels %(first)s and %(second)s differ"),
            f"(lower(CAST({quoted(first.name)} AS VARCHAR)) <> lower(CAST({quoted(second.name)} AS VARCHAR)))",
            {"first": shown(first.name), "second": shown(second.name)},
        )  # fmt: skip
    for other in tables:
        label, key = other.column("label"), other.column("id")
        if other.column("annotator") and label and key and any(own.name == key.name for own in table.columns_of("id")):
            item, given = f"CAST({quoted(key.name)} AS VARCHAR)", f"lower(CAST({quoted(label.name)} AS VARCHAR))"
            yield _Candidate(
                "disagreement", f"annotators_{other.id}", N_("Items on which the annotators of %(annotations)s disagree"),
                f"({item} IN (SELECT {item} FROM {other.relation} GROUP BY 1 HAVING count(DISTINCT {given}) > 1))", {"annotations": other.id},
            )  # fmt: skip


def _sparse(table: Table) -> Iterator[_Candidate]:
    found = sparse(table)
    if found is None:
        return
    places, sample = {"count": str(found.features)}, found.sample
    if found.outliers:
        yield _Candidate(
            "low_density", _OUTLIERS, N_("Rows far from all others by %(count)s features"), _among(found.outliers), places, sample
        )
    if found.thin:
        yield _Candidate(
            "low_density", "thin", N_("Rows in the thinnest region by %(count)s features, with more failures than the rest"),
            _among(found.thin), places, sample, only_if_worse=True,
        )  # fmt: skip


def _among(rows: Sequence[int]) -> str:
    return f"({ROW} IN ({', '.join(str(int(row)) for row in rows)}))"


def _harm(decisions: Decisions) -> str:
    """SQL of a row's harm: nought if it did not fail, else one, or its severity where a column gives it."""
    if not decisions.failed:
        return "NULL"
    column = decisions.table.column("severity")
    weight = "1"
    if column is not None and column.type in ("number", "integer"):
        weight = f"greatest(coalesce(CAST({quoted(column.name)} AS DOUBLE), 1), 0)"
    elif column is not None:
        word = f"lower(trim(CAST({quoted(column.name)} AS VARCHAR)))"
        cases = " ".join(f"WHEN {word} IN ({', '.join(repr(name) for name in names)}) THEN {grade}" for grade, names in _WORDS.items())
        weight = f"CASE {cases} ELSE 1 END"
    return f"CASE WHEN {decisions.failed} THEN {weight} ELSE 0 END"


def _counts(decisions: Decisions, candidates: Sequence[_Candidate]) -> list[_Count]:
    """Rows, failures and harm of each candidate, and the p value of its difference from the other rows; one query for all."""
    table, harm, failed = decisions.table, _harm(decisions), decisions.failed or "false"
    parts = [_asked("true", failed, harm)]
    for candidate in candidates:
        sure = f"{candidate.expected} >= {_SURE}"
        parts.append(_asked(candidate.condition, failed, harm))
        parts.append(_asked(sure, "true", f"1 - {candidate.expected}") if candidate.expected else "0, 0, 0, 0")
    numbers = [float(value or 0) for value in table.ask(f"SELECT {', '.join(parts)} FROM {{t}}")[0]]
    fours = [numbers[i : i + 4] for i in range(0, len(numbers), 4)]
    whole, rest = fours[0], fours[1:]
    found = []
    for candidate, own, promise in zip(candidates, rest[::2], rest[1::2], strict=True):
        if candidate.expected:
            # Failures among the sure decisions against the failures that their confidence promised: variance sum of p (1 - p).
            spread = math.sqrt(max(promise[2] - promise[3], 1e-9))
            p = _normal_tail((own[0] - promise[2]) / spread)
            found.append(_Count(int(own[0]), int(own[0]), own[0], own[0], promise[2] / own[0] if own[0] else 0.0, p))
        else:
            p = _difference(own, whole) if decisions.failed else 1.0
            found.append(_Count(int(own[0]), int(own[1]), own[2], own[3], whole[2] / whole[0], p))
    return found


def _asked(condition: str, failed: str, harm: str) -> str:
    where = f"FILTER (WHERE {condition})"
    return f"count(*) {where}, count(*) FILTER (WHERE {condition} AND {failed}), sum({harm}) {where}, sum(({harm}) * ({harm})) {where}"


def _difference(own: Sequence[float], whole: Sequence[float]) -> float:
    """p value, two-sided, of harm a row inside against the other rows: Fisher's exact test where failures are few, else Welch's."""
    n, rest = own[0], [all_ - inside for all_, inside in zip(whole, own, strict=True)]
    if n == 0 or rest[0] <= 0:
        return 1.0
    if min(n, rest[0]) * min(whole[1], whole[0] - whole[1]) / whole[0] < 10:
        from scipy.stats import fisher_exact

        return float(fisher_exact([[own[1], n - own[1]], [rest[1], rest[0] - rest[1]]])[1])
    means = own[2] / n, rest[2] / rest[0]
    spread = sum(max(square / count - mean * mean, 0) / count for (count, _, _, square), mean in zip((own, rest), means, strict=True))
    return _normal_tail((means[0] - means[1]) / math.sqrt(spread)) if spread > 0 else float(means[0] == means[1])


def _normal_tail(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))


def _scored(decisions: Decisions, candidate: _Candidate, count: _Count, differs: bool) -> EdgeCase:
    table = decisions.table
    looked_at = candidate.sample or table.rows
    low, high = percent_interval(count.rows, looked_at)
    likelihood = _grade(count.rows / looked_at, _LIKELIHOOD)
    measured = bool(decisions.failed)
    ratio = (count.harm / count.rows / count.base if count.base else math.inf) if differs else 1.0
    if candidate.expected and differs:
        # `base` is what was promised over the same failures, so harm a row is one.
        ratio = 1 / count.base if count.base else math.inf
    severity = _grade(ratio, _SEVERITY) if measured else _UNMEASURED
    own = bool(candidate.expected)
    return EdgeCase(
        id=evidence_id(table.id, "edge", candidate.name), kind=candidate.kind, description=candidate.description, places=candidate.places,
        rows=count.rows, looked_at=looked_at, share=percent(count.rows, looked_at), low=low, high=high,
        failures=count.failures if measured else None, failure_rate=percent(count.failures, count.rows) if measured and not own else None,
        likelihood=likelihood, severity=severity, severity_measured=measured, score=likelihood * severity, condition=candidate.condition,
    )  # fmt: skip


def _grade(value: float, steps: Sequence[float]) -> Rating:
    return cast(Rating, 1 + sum(value >= step for step in steps))


def _evidence(table: Table, case: EdgeCase, rank: int, failed: str) -> Iterator[Evidence]:
    name, later = case.id.removeprefix(f"{table.id}_"), 2 if rank < 15 else 3
    sampled = case.looked_at < table.rows
    asked: dict[str, Any] = {"rows": case.looked_at, "sample": str(SAMPLE), **case.places}
    own = ROW in case.condition or "annotations" in case.places
    sql = "" if own else f"SELECT 100.0 * count(*) FILTER (WHERE {case.condition}) / count(*) FROM {{t}}"
    method = N_("rows that meet the condition, Wilson's interval; of a sample of %(sample)s rows") if sampled else N_("rows that meet the condition of the case, Wilson's interval")  # fmt: skip
    interval, weight = (case.low, case.high), cast(Literal[1, 2, 3], 1 if rank < 3 else later)
    yield table.evidence(
        "edge_cases", name, case.description, case.share, "percent", method, interval=interval, sql=sql, weight=weight, **asked
    )
    if case.failure_rate is not None and case.failures is not None:
        yield table.evidence(
            "edge_cases", f"{name}_failures", N_("Failure rate in the rows of %(case)s"), case.failure_rate, "percent",
            N_("failed decisions among the rows of the case, Wilson's interval"), interval=percent_interval(case.failures, case.rows), rows=case.rows,
            sql="" if own else f"SELECT 100.0 * count(*) FILTER (WHERE {failed}) / count(*) FROM {{t}} WHERE {case.condition}",
            weight=cast(Literal[1, 2, 3], later), case=case.id,
        )  # fmt: skip
    yield table.evidence(
        "edge_cases", f"{name}_score", N_("Likelihood times severity of %(case)s"), case.score, "count",
        N_("grade of the share of rows times grade of the harm a row against all rows") if case.severity_measured
        else N_("grade of the share of rows times the middle grade, since nothing tells a failure"),
        rows=case.looked_at, weight=cast(Literal[1, 2, 3], later), case=case.id,
    )  # fmt: skip
