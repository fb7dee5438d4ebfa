"""Clusters of failures with their terms, and a first class for each: data scarcity, model flaw or external noise.

Texts are clustered (TF-IDF, truncated SVD, HDBSCAN); without text, failures are grouped by outcome, prediction, error and the
contexts on which they depend. The rule of the first class, in this order:

- external noise: at least half of the cluster's failures have an error, an empty text, a latency over the 99 % quantile, or two
  labels that disagree;
- data scarcity: decisions like these are rare (under 5 % and under half the equal share) and fail more often than the others;
- model flaw: decisions like these are not rare, and they fail more often than the others, or their failures are more confident
  than the decisions like them (the interval of the share over their median lies over one half);
- unclear: none of these.

"More often" means that Wilson's interval at three deviations lies over the failure rate of all decisions.

Priority is frequency times severity: the share of all failures times the mean of the severity column (or of a grade by kind).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ai_data_strategy.evidence.context import CERTAIN, dependences
from ai_data_strategy.evidence.decisions import Decisions
from ai_data_strategy.evidence.logs import certainty_of
from ai_data_strategy.evidence.profile import Column
from ai_data_strategy.evidence.statistics import wilson
from ai_data_strategy.evidence.table import ROW, Table, quoted, shown
from ai_data_strategy.evidence.wording import TERM_ENTITIES, TERM_ROWS, Texts, counted, may_be_shown, readable, sample_of_texts, words_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FirstClass = Literal["data scarcity", "model flaw", "external noise", "unclear"]
FAILING = 4_000
"""Failures that are looked at row by row."""
BACKGROUND = 10_000
"""Decisions of any kind against which clusters of texts are held."""
_LEAST_TEXTS = 50
_LEAST_CELL = 20
_MOST_CELLS = 20
_CLASSES = 20
_RARE = 0.05
_GRADES = {"low": 1, "minor": 1, "medium": 2, "moderate": 2, "normal": 2, "high": 3, "major": 3, "critical": 4, "severe": 4, "blocker": 4}
_BY_KIND = {"negative_feedback": 1, "correction": 2, "wrong_prediction": 2, "error": 2, "complaint": 3}


@dataclass(frozen=True)
class Failing:
    """One sampled failure: its row, kind, severity, confidence (None if unknown) and whether the world rather than the model failed."""

    row: int
    kind: str
    severity: float
    confidence: float | None
    noise: bool


@dataclass(frozen=True)
class Cluster:
    """Failures that belong together. `support` of `background` sampled or counted decisions are like them; `like_failed` of these failed."""

    terms: tuple[str, ...]
    failures: tuple[Failing, ...]
    sampled: int
    support: int
    like_failed: int
    background: int
    first_class: FirstClass
    confident: float | None
    noisy: float

    @property
    def share(self) -> float:
        """Share of all sampled failures."""
        return len(self.failures) / self.sampled

    @property
    def severity(self) -> float:
        return sum(one.severity for one in self.failures) / len(self.failures)

    @property
    def priority(self) -> float:
        """Frequency times severity."""
        return self.share * self.severity


@dataclass(frozen=True)
class _Found:
    """A cluster before it is judged: positions in the failing sample, and counts of the decisions like it."""

    terms: tuple[str, ...]
    rows: tuple[int, ...]
    support: int
    like_failed: int
    background: int
    usual: float | None
    """Median confidence of the decisions like it."""


def failing_sample(decisions: Decisions) -> list[Failing]:
    """At most `FAILING` failures, the same in every run."""
    table, kinds = decisions.table, list(decisions.failures)
    if not kinds:
        return []
    certainty = certainty_of(table) or "NULL"
    which = " ".join(f"WHEN {condition} THEN {number}" for number, condition in enumerate(decisions.failures.values()))
    rows = table.ask(
        f"SELECT {ROW}, CASE {which} END, {_severity(decisions)}, {certainty}, coalesce({_noise(decisions)}, false) FROM {{t}} "
        f"WHERE {decisions.failed} ORDER BY ({ROW} * 2654435761) % 4294967296, {ROW} LIMIT {FAILING}"
    )
    return [Failing(int(row[0]), kinds[row[1]], float(row[2]), None if row[3] is None else float(row[3]), bool(row[4])) for row in rows]


def _severity(decisions: Decisions) -> str:
    """SQL of the severity: the column's number or grade word, else a grade by kind (one to three)."""
    column = decisions.table.column("severity")
    by_kind = "greatest(1, " + ", ".join(f"CASE WHEN {condition} THEN {_BY_KIND.get(kind, 2)} ELSE 0 END" for kind, condition in decisions.failures.items()) + ")"  # fmt: skip
    if column is None:
        return by_kind
    if column.type in ("integer", "number"):
        value = f"CAST({quoted(column.name)} AS DOUBLE)"
        return f"coalesce(CASE WHEN isfinite({value}) THEN {value} END, {by_kind})"
    words = " ".join(f"WHEN '{word}' THEN {grade}" for word, grade in _GRADES.items())
    return f"coalesce(CASE lower(trim(CAST({quoted(column.name)} AS VARCHAR))) {words} END, {by_kind})"


def _noise(decisions: Decisions) -> str:
    """SQL condition: an error, an empty text, a latency over the 99 % quantile, or two labels that disagree."""
    table, signs = decisions.table, ["false"]
    text, latency, label, outcome = (table.column(role) for role in ("text", "latency", "label", "outcome"))
    if "error" in decisions.failures:
        signs.append(decisions.failures["error"])
    if text:
        signs.append(f"trim(coalesce(CAST({quoted(text.name)} AS VARCHAR), '')) = ''")
    if latency and latency.type in ("integer", "number"):
        limit = table.one(f"SELECT quantile_cont(CAST({quoted(latency.name)} AS DOUBLE), 0.99) FROM {{t}}")
        if limit is not None and math.isfinite(limit):
            signs.append(f"{quoted(latency.name)} > {float(limit)!r}")
    if label and outcome:
        signs.append(f"lower(CAST({quoted(label.name)} AS VARCHAR)) <> lower(CAST({quoted(outcome.name)} AS VARCHAR))")
    return "(" + " OR ".join(f"coalesce({sign}, false)" for sign in signs) + ")"


def clusters(decisions: Decisions) -> list[Cluster]:
    """Clusters of failures, the highest priority first; texts first, cells of columns where there is no text."""
    failing = failing_sample(decisions)
    if not failing:
        return []
    found = _of_texts(decisions, failing) if readable(decisions.table) else []
    found = found or _of_cells(decisions, failing)
    rate = float(decisions.table.one(f"SELECT avg(CAST({decisions.failed} AS DOUBLE)) FROM {{t}}"))
    judged = [_judged(one, failing, rate, len(found)) for one in found]
    return sorted(judged, key=lambda cluster: (-cluster.priority, cluster.terms, cluster.failures[0].row))


def _judged(found: _Found, failing: Sequence[Failing], rate: float, count: int) -> Cluster:
    usual = found.usual
    members = tuple(failing[index] for index in found.rows)
    stated = [one.confidence for one in members if one.confidence is not None]
    confident = sum(one >= usual for one in stated) / len(stated) if stated and usual is not None else None
    noisy = sum(one.noise for one in members) / len(members)
    support = found.support / found.background if found.background else 0.0
    rare = support < min(_RARE, 0.5 / max(1, count))
    worse = wilson(found.like_failed, found.support, z=3)[0] > rate
    surely = wilson(sum(one >= usual for one in stated), len(stated))[0] > 0.5 if stated and usual is not None else False
    return Cluster(
        found.terms, members, len(failing), found.support, found.like_failed, found.background,
        first_class(noisy, rare, worse, surely), confident, noisy,
    )  # fmt: skip


def first_class(noisy: float, rare: bool, worse: bool, confident: bool) -> FirstClass:
    """The rule at the top of this module."""
    if noisy >= 0.5:
        return "external noise"
    if rare and worse:
        return "data scarcity"
    if not rare and (worse or confident):
        return "model flaw"
    return "unclear"


def _of_texts(decisions: Decisions, failing: Sequence[Failing]) -> list[_Found]:
    """Clusters of failing texts, with the decisions of a background sample that lie as near to their centres as nine of ten members."""
    import numpy as np

    failed = sample_of_texts(decisions.table, decisions.failed, FAILING, where=decisions.failed)
    if len(failed.texts) < _LEAST_TEXTS or not any(words_of(text) for text in failed.texts):
        return []
    everyone = sample_of_texts(decisions.table, decisions.failed, BACKGROUND)
    place = {one.row: index for index, one in enumerate(failing)}
    vectors, others = _vectors(failed.texts, everyone.texts)
    stated = _stated(decisions.table, everyone.rows)
    if not len(vectors):
        return []
    labels = _labels(vectors)
    found = []
    for label in range(int(labels.max()) + 1):
        members = np.flatnonzero(labels == label)
        centre = vectors[members].mean(axis=0)
        near = others @ centre >= np.quantile(vectors[members] @ centre, 0.1)
        rows = tuple(sorted(place[int(row)] for row in failed.rows[members] if int(row) in place))
        if rows:
            found.append(
                _Found(
                    _terms(failed, members),
                    rows,
                    int(near.sum()),
                    int(everyone.failed[near].sum()),
                    len(everyone.texts),
                    _median(stated[near]),
                )
            )
    return found


def _stated(table: Table, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Confidence by row, not-a-number where there is none."""
    import numpy as np

    certainty = certainty_of(table) or "NULL"
    known = dict(table.ask(f"SELECT {ROW}, {certainty} FROM {{t}} WHERE {ROW} IN (SELECT unnest(?))", [rows.tolist()]))
    return np.array([known[int(row)] for row in rows], np.float64)


def _median(values: NDArray[np.float64]) -> float | None:
    import numpy as np

    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else None


def _vectors(texts: Sequence[str], others: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors of the failing texts and of the others in the space that the failing texts span."""
    import numpy as np
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    vectorizer = TfidfVectorizer(tokenizer=words_of, token_pattern=None, lowercase=False, sublinear_tf=True, max_features=5_000)
    matrix = vectorizer.fit_transform(texts)
    width = min(50, matrix.shape[1] - 1, len(texts) - 1)
    if width < 2:
        return np.zeros((0, 0)), np.zeros((0, 0))
    space = TruncatedSVD(width, random_state=0)
    return normalize(space.fit_transform(matrix)), normalize(space.transform(vectorizer.transform(others)))


def _labels(vectors: NDArray[np.float64]) -> NDArray[np.int64]:
    """HDBSCAN (Campello, Moulavi & Sander 2013); -1 for texts that belong nowhere."""
    import numpy as np
    from sklearn.cluster import HDBSCAN

    return np.asarray(HDBSCAN(min_cluster_size=max(20, len(vectors) // 50), min_samples=5, copy=True).fit_predict(vectors), np.int64)


def _terms(texts: Texts, members: NDArray[np.int64], most: int = 5) -> tuple[str, ...]:
    """The words that set a cluster apart from the other failures, under the privacy rule: rows and entities within the cluster."""
    import numpy as np

    terms = counted(texts.texts, phrases=1)
    if terms is None or len(members) < max(TERM_ROWS, TERM_ENTITIES):
        return ()
    matrix, names = terms
    inside = np.asarray(matrix[members].sum(axis=0), np.float64).ravel()
    lift = inside / len(members) - (np.asarray(matrix.sum(axis=0), np.float64).ravel() - inside) / max(1, len(texts.texts) - len(members))
    own, chosen = set(members.tolist()), list[str]()
    for index in sorted(range(len(names)), key=lambda i: (-lift[i], names[i])):
        rows = np.array([row for row in matrix.indices[matrix.indptr[index] : matrix.indptr[index + 1]] if int(row) in own], np.int64)
        if lift[index] > 0.1 and may_be_shown(rows, texts.owners):
            chosen.append(shown(names[index]))
        if len(chosen) == most:
            break
    return tuple(chosen)


def _of_cells(decisions: Decisions, failing: Sequence[Failing]) -> list[_Found]:
    """Failures by outcome, prediction, error and up to two contexts on which they depend; at most twenty cells of twenty failures."""
    table = decisions.table
    own, like = _cell_columns(decisions)
    if not own:
        return []
    place = {one.row: index for index, one in enumerate(failing)}
    names = [quoted(column.name) for column in own]
    rows = table.ask(
        f"SELECT {ROW}, {', '.join(f'CAST({name} AS VARCHAR)' for name in names)} FROM {{t}} WHERE {ROW} IN (SELECT unnest(?))",
        [list(place)],
    )
    cells: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        cells.setdefault(tuple(row[1:]), []).append(place[int(row[0])])
    largest = sorted(cells.items(), key=lambda cell: (-len(cell[1]), tuple(map(str, cell[0]))))[:_MOST_CELLS]
    return [
        _Found(_described(own, values), tuple(sorted(members)), *_like(decisions, own, like, values))
        for values, members in largest
        if len(members) >= _LEAST_CELL
    ]


def _cell_columns(decisions: Decisions) -> tuple[list[Column], set[str]]:
    """Columns that make the cells, and the names of those that tell which decisions are like them (not what the model said, nor errors)."""
    table = decisions.table
    outcome = table.column("outcome") or table.column("label")
    depends = {one.column: one.v for one in dependences(decisions) if one.p < CERTAIN and any(level.effect for level in one.levels)}
    contexts = sorted(
        (one for one in table.columns_of("context", "group") if one.name in depends), key=lambda one: (-depends[one.name], one.name)
    )
    candidates = [*([outcome] if outcome else []), *table.columns_of("prediction")[:1], *table.columns_of("error")[:1], *contexts[:2]]
    own = [column for column in candidates if _is_class(table, column)]
    return own, {column.name for column in own if column.role not in ("prediction", "error")}


def _is_class(table: Table, column: Column) -> bool:
    return column.type != "number" and int(table.one(f"SELECT count(DISTINCT {quoted(column.name)}) FROM {{t}}")) <= _CLASSES


def _described(columns: Sequence[Column], values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(shown(f"{column.name}={value}") for column, value in zip(columns, values, strict=True) if value is not None)


def _like(decisions: Decisions, own: Sequence[Column], like: set[str], values: Sequence[Any]) -> tuple[int, int, int, float | None]:
    """Decisions with the same outcome and contexts, how many of them failed, all decisions, and the median confidence of the former."""
    table, certainty = decisions.table, certainty_of(decisions.table) or "CAST(NULL AS DOUBLE)"
    pairs = [(column.name, value) for column, value in zip(own, values, strict=True) if column.name in like]
    same = " AND ".join(f"CAST({quoted(name)} AS VARCHAR) IS NOT DISTINCT FROM ?" for name, _ in pairs) or "true"
    support, failed, usual = table.ask(
        f"SELECT count(*), count(*) FILTER ({decisions.failed}), quantile_cont({certainty}, 0.5) FROM {{t}} WHERE {same}",
        [value for _, value in pairs],
    )[0]
    return int(support), int(failed), table.rows, None if usual is None else float(usual)
