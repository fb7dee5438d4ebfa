"""How far people who label the same items agree: pure statistics over arrays, without tables or messages.

Ratings are an array items × annotators of class codes (0 to classes - 1), -1 where an annotator gave no label. Only items with two
labels or more say anything about agreement; the others are left out everywhere. Shares and coefficients are fractions here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ai_data_strategy.typeset.catalogue import N_

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

Scale = Literal["nominal", "ordinal", "interval"]
Coefficient = Literal["cohen", "weighted", "fleiss", "alpha"]
NAMES: dict[Coefficient, str] = {
    "cohen": N_("Cohen's kappa"),
    "weighted": N_("Cohen's kappa with quadratic weights"),
    "fleiss": N_("Fleiss' kappa"),
    "alpha": N_("Krippendorff's alpha"),
}
DRAWS = 1000
"""Resamples of the bootstrap."""
_SEED = 20_140_601
MOST_CLASSES = 200
_CELLS = MOST_CLASSES**2
_AT_ONCE = 4_000_000
"""Cells of one batch of resamples: 32 MB."""


@dataclass(frozen=True)
class Classes:
    """Agreement on one class each: `share` (fraction), `low` and `high` (95 %), `labels` counted; nan where a class has no label."""

    share: Floats
    low: Floats
    high: Floats
    labels: Codes


def tallies(ratings: Codes, classes: int) -> Codes:
    """Labels by item and class (items × classes) of the items that hold two labels or more."""
    import numpy as np

    found = np.stack([(ratings == code).sum(axis=1) for code in range(classes)], axis=1)
    return np.asarray(found[found.sum(axis=1) >= 2], dtype=np.int64)


def chosen(ratings: Codes, scale: Scale) -> tuple[Coefficient, str]:
    """The coefficient that fits the number of annotators, the scale and the missing pattern, and why (a text of the catalogue)."""
    labelled = (ratings >= 0).sum(axis=1)
    several = ratings[labelled >= 2]
    people = int((several >= 0).any(axis=0).sum())
    even = len(set(labelled[labelled >= 2].tolist())) <= 1
    if people <= 2 and scale == "nominal":
        return "cohen", N_("two annotators, both labels on every item, classes without order")
    if people <= 2 and scale == "ordinal":
        return "weighted", N_("two annotators, both labels on every item, classes in an order")
    if scale == "interval":
        return "alpha", N_("the labels are measurements, so the distance between two labels counts")
    if not even:
        return "alpha", N_("more than two annotators and items with unequal numbers of labels")
    if scale == "ordinal":
        return "alpha", N_("more than two annotators and classes in an order, which Fleiss' kappa does not know")
    return "fleiss", N_("more than two annotators, the same number of labels on every item, classes without order")


def cohen(ratings: Codes, weighted: bool = False) -> float:
    """Cohen's kappa of the first two annotators (1960, Educ. Psychol. Meas. 20:37); quadratic weights (1968, Psychol. Bull. 70:213)."""
    import numpy as np
    from sklearn.metrics import cohen_kappa_score

    both = _both(ratings)
    return float(
        cohen_kappa_score(both[:, 0], both[:, 1], labels=np.arange(int(both.max(initial=0)) + 1), weights="quadratic" if weighted else None)
    )


def fleiss(counts: Codes) -> float:
    """Fleiss' kappa of items × classes with the same number of labels each (1971, Psychol. Bull. 76:378)."""
    from statsmodels.stats.inter_rater import fleiss_kappa

    return float(fleiss_kappa(counts, method="fleiss"))


def alpha(counts: Codes, scale: Scale = "nominal", values: Floats | None = None) -> float:
    """Krippendorff's alpha of items × classes; items may hold different numbers of labels.

    Source: Krippendorff, Content Analysis (4th ed., 2018), chapter 12. `values` are the classes' numbers for the interval scale.
    """
    import numpy as np

    return float(_alphas(counts, np.ones((1, len(counts))), scale, values)[0])


def percent_agreement(counts: Codes) -> float:
    """Share of the pairs of labels of one item that are the same, averaged over items."""
    return float(_same(counts).mean())


def interval(ratings: Codes, counts: Codes, coefficient: Coefficient, scale: Scale, values: Floats | None = None) -> tuple[float, float]:
    """95 % percentile interval of a coefficient: bootstrap over items, fixed seed (Efron & Tibshirani 1993, chapter 13)."""
    if coefficient in ("cohen", "weighted"):
        return _bootstrapped(_both(ratings), lambda rows, weights: _cohens(rows, weights, counts.shape[1], coefficient == "weighted"))
    if coefficient == "fleiss":
        return _bootstrapped(counts, _fleisses)
    return _bootstrapped(counts, lambda rows, weights: _alphas(rows, weights, scale, values))


def percent_interval(counts: Codes) -> tuple[float, float]:
    """95 % interval of the percent agreement as a fraction: bootstrap over items."""
    return _bootstrapped(counts, lambda rows, weights: weights @ _same(rows) / weights.sum(axis=1))


def by_class(counts: Codes) -> Classes:
    """Given that one annotator says a class, the chance that another one of the same item says it too.

    Specific agreement (Cicchetti & Feinstein 1990, J. Clin. Epidemiol. 43:551), for several annotators with every item weighted
    by its labels (the diagonal of Krippendorff's coincidence matrix over its margin). Intervals: bootstrap over items.
    """
    import numpy as np

    rows, times = _patterns(counts)
    together, said = _agreed(rows), rows.astype(np.float64)
    drawn = np.concatenate([_ratio(weights @ together, weights @ said) for weights in _weights(times, len(rows))])
    empty = np.isnan(drawn).all(axis=0)
    low, high = np.nanpercentile(np.where(empty, 0.0, drawn), [2.5, 97.5], axis=0)
    return Classes(
        _ratio(times @ together, times @ said), np.where(empty, np.nan, low), np.where(empty, np.nan, high), (times @ rows).astype(np.int64)
    )


def by_annotator(ratings: Codes, classes: int) -> tuple[Floats, Codes]:
    """Mean agreement of each annotator with the others of the same items (fraction, nan without shared items), and the shared items."""
    import numpy as np

    shared = ratings[(ratings >= 0).sum(axis=1) >= 2]
    counts = tallies(shared, classes)
    given = shared >= 0
    same = np.take_along_axis(counts, np.where(given, shared, 0), axis=1) - 1
    score = np.where(given, same / (counts.sum(axis=1, keepdims=True) - 1), 0.0)
    items = given.sum(axis=0)
    return _ratio(score.sum(axis=0), items.astype(np.float64)), items.astype(np.int64)


def without_majority(counts: Codes) -> int:
    """Items on which no class has more than half of the labels."""
    return int((2 * counts.max(axis=1, initial=0) <= counts.sum(axis=1)).sum())


def _both(ratings: Codes) -> Codes:
    """The labels of the two annotators who gave any, on the items that both labelled."""
    people = (ratings >= 0).sum(axis=0).argsort(kind="stable")[::-1][:2]
    pair = ratings[:, sorted(people)]
    return pair[(pair >= 0).all(axis=1)]


def _ratio(top: Floats, bottom: Floats) -> Floats:
    import numpy as np

    found: Floats = np.divide(top, bottom, out=np.full(np.shape(top), np.nan), where=np.asarray(bottom) > 0)
    return found


def _same(counts: Codes) -> Floats:
    """Share of equal pairs of each item."""
    total = counts.sum(axis=1)
    same: Floats = (counts * (counts - 1)).sum(axis=1) / (total * (total - 1))
    return same


def _agreed(counts: Codes) -> Floats:
    """Labels of each item and class, each weighted by the share of the item's other labels that agree."""
    agreed: Floats = counts * (counts - 1) / (counts.sum(axis=1, keepdims=True) - 1)
    return agreed


def _patterns(counts: Codes) -> tuple[Codes, Floats]:
    """Distinct rows and how often they occur: items with the same labels are interchangeable."""
    import numpy as np

    rows, times = np.unique(counts, axis=0, return_counts=True)
    return rows, times.astype(np.float64)


def _weights(times: Floats, cells: int) -> Iterator[Floats]:
    """How often each distinct row is drawn in every resample, in batches."""
    import numpy as np

    random, items = np.random.default_rng(_SEED), int(times.sum())
    batch = max(1, min(DRAWS, _AT_ONCE // max(1, cells)))
    for start in range(0, DRAWS, batch):
        yield random.multinomial(items, times / items, size=min(batch, DRAWS - start)).astype(np.float64)


def _bootstrapped(counts: Codes, statistic: Callable[[Codes, Floats], Floats]) -> tuple[float, float]:
    """Percentiles of a statistic of distinct rows and their weights (resamples × rows); draws in which it is not defined are left out."""
    import numpy as np

    rows, times = _patterns(counts)
    drawn = np.concatenate([statistic(rows, weights) for weights in _weights(times, max(len(rows), _CELLS))])
    if np.isnan(drawn).all():
        return float("nan"), float("nan")
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def _cohens(rows: Codes, weights: Floats, classes: int, quadratic: bool) -> Floats:
    """Cohen's kappa of each resample; `rows` are the distinct pairs of labels."""
    import numpy as np

    seen = np.zeros((len(weights), classes, classes))
    seen[:, rows[:, 0], rows[:, 1]] = weights
    apart = np.subtract.outer(np.arange(classes), np.arange(classes)) ** 2 if quadratic else 1 - np.eye(classes)
    chance = np.einsum("bi,ij,bj->b", seen.sum(axis=2), apart, seen.sum(axis=1), optimize=True) / seen.sum(axis=(1, 2))
    return 1 - _ratio((seen * apart).sum(axis=(1, 2)), chance)


def _fleisses(counts: Codes, weights: Floats) -> Floats:
    seen = weights @ _same(counts) / weights.sum(axis=1)
    share = weights @ counts
    chance = ((share / share.sum(axis=1, keepdims=True)) ** 2).sum(axis=1)
    return 1 - _ratio(1 - seen, 1 - chance)


def _alphas(counts: Codes, weights: Floats, scale: Scale, values: Floats | None) -> Floats:
    """Krippendorff's alpha of each resample: 1 - observed / expected disagreement."""
    import numpy as np

    margins = weights @ counts
    others = counts.sum(axis=1) - 1
    if scale == "ordinal":
        rank = margins.cumsum(axis=1) - margins / 2
        apart = (rank[:, :, None] - rank[:, None, :]) ** 2
        pairs = (counts[:, :, None] * counts[:, None, :] / others[:, None, None]).reshape(len(counts), -1)
        seen = ((weights @ pairs) * apart.reshape(len(apart), -1)).sum(axis=1)
        chance = np.einsum("bi,bij,bj->b", margins, apart, margins, optimize=True)
    else:
        numbers = np.arange(counts.shape[1], dtype=np.float64) if values is None else values
        fixed = 1 - np.eye(len(numbers)) if scale == "nominal" else np.subtract.outer(numbers, numbers) ** 2
        seen = weights @ ((counts * (counts @ fixed)).sum(axis=1) / others)
        chance = ((margins @ fixed) * margins).sum(axis=1)
    return 1 - _ratio((margins.sum(axis=1) - 1) * seen, chance)
