"""Rows far from all others: distance to near neighbours over numbers, contexts and texts, on a bounded sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ai_data_strategy.evidence.profile import Column, ColumnRole
from ai_data_strategy.evidence.table import ROW, Table, quoted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SAMPLE = 20_000
REFERENCE = 2_000
NEIGHBOURS = 10
THIN = 0.02
"""Share of the sample that counts as its thinnest region."""
FALSE_ALARMS = 0.01
"""Outliers expected in a sample that has none."""
_SKIPPED: tuple[ColumnRole, ...] = (
    "id", "entity", "time", "label", "annotator", "prediction", "confidence", "outcome", "feedback", "feedback_time", "error", "severity",
)  # fmt: skip
_MOST_LEVELS, _MOST_COLUMNS, _TEXT_LENGTH, _FEWEST = 30, 40, 2000, 200
_SEED = 7
_RARE_LEVEL = 0.05


@dataclass(frozen=True)
class Sparse:
    """Row numbers of outliers and of the thinnest region among `sample` rows described by `features` columns."""

    outliers: list[int]
    thin: list[int]
    sample: int
    features: int


def sparse(table: Table) -> Sparse | None:
    """The rows with the lowest density; None if there are too few rows or no column to judge by.

    Density is told by the distance to the tenth nearest of two thousand reference rows (Sugiyama & Borgwardt, NIPS 2013), so that a
    small cluster far away is thin too. An outlier lies beyond the end of the tail that the other distances show: Hill's estimate of
    the tail between the ninetieth and ninety-eighth percentile (Hill 1975, Ann. Stat. 3:1163), put forward to where 0.01 rows are expected.
    """
    columns = [
        column for column in table.columns if column.role not in _SKIPPED and column.type not in ("nested", "binary", "time", "date")
    ]
    if table.rows < _FEWEST or not columns:
        return None
    rows, blocks = _read(table, columns[:_MOST_COLUMNS])
    if not blocks:
        return None
    import numpy as np

    distance = _distances(np.hstack(blocks))
    order = np.lexsort((rows, -distance))
    limit = _tail_end(distance)
    outliers = sorted(int(row) for row in rows[distance > limit])
    thin = sorted(int(row) for row in rows[order[: int(len(rows) * THIN)]]) if distance.std() > 0 else []
    return Sparse(outliers, thin, len(rows), len(blocks))


def _read(table: Table, columns: list[Column]) -> tuple[NDArray[np.int64], list[Floats]]:
    """Row numbers and one block of scaled features a column; columns that are constant or hold a key give none."""
    import numpy as np

    names = [column.name for column in columns]
    cells = ", ".join(
        f"CAST({quoted(column.name)} AS DOUBLE) AS c{i}"
        if _is_number(column)
        else f"left(CAST({quoted(column.name)} AS VARCHAR), {_TEXT_LENGTH}) AS c{i}"
        for i, column in enumerate(columns)
    )
    sample = table.sampled([ROW, *names], SAMPLE)
    read = table.arrays(f"SELECT {ROW} AS r, {cells} FROM ({sample})")
    rows = np.asarray(read["r"], dtype=np.int64)
    blocks = (_block(column, read[f"c{i}"]) for i, column in enumerate(columns))
    return rows, [block for block in blocks if block is not None]


def _is_number(column: Column) -> bool:
    return column.type in ("number", "integer") and column.role != "text"


def _block(column: Column, cells: Any) -> Floats | None:
    import numpy as np

    if _is_number(column):
        return _numbers(np.ma.filled(np.ma.asarray(cells, dtype=np.float64), np.nan), column.type == "integer")
    texts = ["" if cell is None else str(cell) for cell in np.ma.filled(np.ma.asarray(cells, dtype=object), "")]
    levels = len(set(texts))
    if column.role == "text" or (levels > _MOST_LEVELS and sum(map(len, texts)) / len(texts) >= 20):
        return _texts(texts) if levels > 1 else None
    return _levels(texts) if 1 < levels <= _MOST_LEVELS else None


def _numbers(values: Floats, whole: bool) -> Floats | None:
    """One column, by robust scale (median and quartiles) and pulled in by asinh, so that a long tail is no outlier."""
    import numpy as np

    known = values[np.isfinite(values)]
    if len(known) == 0 or known.min() == known.max() or (whole and len(np.unique(known)) == len(values)):
        return None
    low, middle, high = np.percentile(known, (25, 50, 75))
    scale = (high - low) / 1.349 or known.std()
    scaled = np.arcsinh((np.where(np.isfinite(values), values, middle) - middle) / scale)
    return np.asarray(scaled, dtype=np.float64).reshape(-1, 1)


def _levels(texts: list[str]) -> Floats | None:
    """One column a level, so that two rows of different levels lie one apart; rare levels, told elsewhere, lie with the most common."""
    import numpy as np

    _, codes, counts = np.unique(np.asarray(texts), return_inverse=True, return_counts=True)
    codes = np.where(counts[codes] < _RARE_LEVEL * len(texts), counts.argmax(), codes)
    kept, codes = np.unique(codes, return_inverse=True)
    return np.eye(len(kept))[codes] / math.sqrt(2) if len(kept) > 1 else None


def _texts(texts: list[str]) -> Floats | None:
    """What a text is about (TF-IDF, reduced) and what it looks like (length, shares of kinds of characters)."""
    import numpy as np
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    looks = np.asarray([_look(text) for text in texts])
    spread = looks.std(axis=0)
    blocks = [(looks[:, spread > 0] - looks.mean(axis=0)[spread > 0]) / spread[spread > 0]]
    if any(any(character.isalpha() for character in text) for text in texts):
        words = TfidfVectorizer(max_features=5000, min_df=2, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
        try:
            matrix = words.fit_transform(texts)
        except ValueError:
            matrix = None  # no word occurs twice: only the look of the texts tells them apart
        if matrix is not None and matrix.shape[1] > 20:
            about = TruncatedSVD(20, random_state=_SEED).fit_transform(matrix)
            blocks.append(about / (about.std(axis=0).max() or 1.0))
    joined = np.hstack(blocks)
    return joined if joined.shape[1] else None


def _look(text: str) -> tuple[float, ...]:
    length = max(len(text), 1)
    return (
        math.log1p(len(text)),
        sum(character.isalpha() for character in text) / length,
        sum(character.isdigit() for character in text) / length,
        sum(character.isspace() for character in text) / length,
        sum(ord(character) > 127 for character in text) / length,
        sum(character.isupper() for character in text) / length,
    )


def _distances(features: Floats) -> Floats:
    """Distance of each row to its tenth nearest reference row, itself left out."""
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    count = len(features)
    reference = np.random.default_rng(_SEED).permutation(count)[:REFERENCE]
    k = min(NEIGHBOURS, len(reference) - 1)
    found, _ = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(features[reference]).kneighbors(features)
    own = np.zeros(count, dtype=bool)
    own[reference] = True
    nearest: Floats = np.round(np.where(own, found[:, k], found[:, k - 1]), 9)
    return nearest


def _tail_end(distance: Floats) -> float:
    """Where the tail of the distances is expected to end; infinite if they have no tail to judge by."""
    import numpy as np

    middle = float(np.median(distance)) or float(distance.mean())
    if middle <= 0:
        return math.inf
    logs = np.log(distance + middle)
    low, high = np.percentile(logs, (90, 98))
    scale = max(float(high - low) / math.log(5), 0.05)
    return math.exp(high + scale * math.log(0.02 * len(distance) / FALSE_ALARMS)) - middle
