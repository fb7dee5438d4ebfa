"""Label noise: rows whose stored label a cross-validated model contradicts with confidence. They are suspects to be looked at, not proven errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ai_data_strategy.evidence.inventory import key_of
from ai_data_strategy.evidence.profile import Column, Found, SourceProfile
from ai_data_strategy.evidence.statistics import percent, percent_interval
from ai_data_strategy.evidence.table import Table, quoted, shown
from ai_data_strategy.typeset.catalogue import N_

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SAMPLE = 5_000
_LEAST_ROWS, _LEAST_A_CLASS, _FOLDS = 500, 20, 5
_MOST_CLASSES, _MOST_NUMBERS = 30, 100
_LONGEST_TEXT = 2_000
_LEAST_SKILL = 0.5
"""How far above chance (0) towards perfect (1) the model's balanced accuracy must be before its doubts mean anything."""


_QUICK, _LEAST_QUICK_SKILL = 1_000, 0.1


@dataclass(frozen=True)
class Suspects:
    """Positions of suspected labels among `rows` rows, and the balanced accuracy of the model, scaled to 0 (chance) to 1."""

    rows: int
    positions: list[int]
    skill: float


def measure(table: Table, profile: SourceProfile) -> Iterator[Found]:
    """Share of labels that the data speak against; nothing where rows, classes or features are too few or the model cannot tell classes apart."""
    label = next((column for role in ("label", "outcome") for column in profile.columns if column.role == role), None)
    if label is None or label.type == "number" or table.kind == "annotations":
        return
    texts, numbers = _features(profile, label)
    if not texts and not numbers:
        return
    sample = _sample(table, label, texts, numbers)
    if sample is None:
        return
    labels, features = sample
    if (found := suspects(labels, features)).skill < _LEAST_SKILL:
        return
    hits = len(found.positions)
    yield table.evidence(
        "quality", f"label_noise_{key_of(label.name)}", N_("Labels in %(column)s of %(source)s that look wrong beside the rows they stand on"),
        percent(hits, found.rows), "percent",
        N_("cleanlab on a cross-validated logistic regression over %(features)s, at most %(sample)s rows; suspects to check, not proven errors"),
        interval=percent_interval(hits, found.rows), rows=found.rows, weight=1, column=shown(label.name), sample=str(_SAMPLE),
        features=_described(texts, numbers),
    )  # fmt: skip


def _features(profile: SourceProfile, label: Column) -> tuple[list[Column], list[Column]]:
    """Texts and numbers that may speak for a label: none that a model or a person gave after it."""
    texts = [column for column in profile.columns if column.role == "text" and column.type == "text"][:3]
    numbers = [
        column
        for column in profile.columns
        if column.type in ("number", "integer") and column.role in ("other", "context", "group", "latency") and column.name != label.name
        and column.distinct != 1 and column.missing != profile.rows and not any(share.by_name for share in column.pii)
    ][:_MOST_NUMBERS]  # fmt: skip
    return texts, numbers


def _described(texts: Sequence[Column], numbers: Sequence[Column]) -> str:
    parts = [shown(column.name) for column in (*texts, *numbers)]
    return (", ".join(parts[:4]) + (f" and {len(parts) - 4} more" if len(parts) > 4 else ""))[:200]


def _sample(table: Table, label: Column, texts: Sequence[Column], numbers: Sequence[Column]) -> tuple[NDArray[np.int64], Any] | None:
    """Labels as 0..k-1 and their features; None if fewer than 500 rows or two classes of 20 rows are left."""
    import numpy as np

    names = [label.name, *(column.name for column in (*texts, *numbers))]
    asked = [f"CAST({quoted(label.name)} AS VARCHAR)"]
    asked += [f"left(CAST({quoted(column.name)} AS VARCHAR), {_LONGEST_TEXT})" for column in texts]
    asked += [f"CAST({quoted(column.name)} AS DOUBLE)" for column in numbers]
    rows = table.ask(f"SELECT {', '.join(asked)} FROM ({table.sampled(names, _SAMPLE)}) WHERE {quoted(label.name)} IS NOT NULL")
    counts: dict[str, int] = {}
    for row in rows:
        counts[row[0]] = counts.get(row[0], 0) + 1
    classes = sorted(name for name, count in counts.items() if count >= _LEAST_A_CLASS)
    rows = [row for row in rows if row[0] in set(classes)]
    if len(rows) < _LEAST_ROWS or not 2 <= len(classes) <= _MOST_CLASSES:
        return None
    labels = np.array([classes.index(row[0]) for row in rows], dtype=np.int64)
    return labels, _matrix(rows, len(texts), len(numbers))


def _matrix(rows: Sequence[tuple[Any, ...]], texts: int, numbers: int) -> Any:
    """TF-IDF of the texts beside standardised numbers (empty cells at the mean), as one matrix."""
    import numpy as np
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import StandardScaler

    parts: list[Any] = []
    if numbers:
        cells = np.array([[np.nan if cell is None else cell for cell in row[1 + texts :]] for row in rows], dtype=float)
        cells[~np.isfinite(cells)] = np.nan
        parts.append(csr_matrix(np.clip(np.nan_to_num(StandardScaler().fit_transform(cells)), -5, 5)))
    if texts:
        joined = [" ".join(cell or "" for cell in row[1 : 1 + texts]) for row in rows]
        try:
            parts.append(TfidfVectorizer(max_features=20_000, min_df=2, sublinear_tf=True).fit_transform(joined))
        except ValueError:  # no word stands in two texts: the texts give no features
            parts.append(csr_matrix((len(rows), 1)))
    return hstack(parts).tocsr()


def suspects(labels: NDArray[np.int64], features: Any) -> Suspects:
    """Label errors by confident learning (Northcutt et al. 2021, J. Artif. Intell. Res. 70:1373) on out-of-fold probabilities."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    if len(labels) >= 2 * _QUICK and (quick := _quick_skill(labels, features)) < _LEAST_QUICK_SKILL:
        return Suspects(len(labels), [], quick)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    chances = cross_val_predict(LogisticRegression(max_iter=300, C=5.0), features, labels, cv=folds, method="predict_proba")
    chance = 1 / chances.shape[1]
    skill = (float(balanced_accuracy_score(labels, chances.argmax(axis=1))) - chance) / (1 - chance)
    if skill < _LEAST_SKILL:
        return Suspects(len(labels), [], skill)
    from cleanlab.filter import find_label_issues

    issues = np.flatnonzero(find_label_issues(labels, chances, filter_by="both", n_jobs=1))
    return Suspects(len(labels), [int(position) for position in issues], skill)


def _quick_skill(labels: NDArray[np.int64], features: Any) -> float:
    """Skill of a model of the first thousand rows on the next thousand: where there is none, the long way is not worth its time."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score

    model = LogisticRegression(max_iter=100).fit(features[:_QUICK], labels[:_QUICK])
    classes = len(set(labels[_QUICK : 2 * _QUICK].tolist()))
    right = float(balanced_accuracy_score(labels[_QUICK : 2 * _QUICK], model.predict(features[_QUICK : 2 * _QUICK])))
    return (right - 1 / classes) / (1 - 1 / classes) if classes > 1 else 0.0
