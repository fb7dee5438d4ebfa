"""Wording against failures: words, phrases and marks of a text that go with a thumbs down, a correction, a complaint or an error.

A term is shown only if it occurs in twenty rows of ten entities and holds no digit, no at sign and no address.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ai_data_strategy.domain import Evidence
from ai_data_strategy.evidence.context import CERTAIN, CHI, LEAST_FAILURES, LEAST_ROWS, Level, design_effect, key, main_kind, tested, told
from ai_data_strategy.evidence.decisions import Decisions
from ai_data_strategy.evidence.profile import Column
from ai_data_strategy.evidence.statistics import benjamini_hochberg
from ai_data_strategy.evidence.table import ROW, Table, quoted, shown
from ai_data_strategy.typeset.catalogue import N_

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TERM_ROWS = 20
"""Rows in which a term must occur before it is shown."""
TERM_ENTITIES = 10
"""Entities (or different texts, if no column tells entities) in which a term must occur before it is shown."""
_TEXTS = 20_000
_OPINION = ("negative_feedback", "correction", "complaint")
_TERMS = N_("log-odds with informative Dirichlet prior (Monroe et al. 2008) in a sample of %(sample)s texts, Benjamini-Hochberg")
_PERSONAL = re.compile(r"\S*(?:[@\d]|://|www\.)\S*")
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Texts:
    """A bounded sample of texts with what tells their owners apart and whether the decision failed."""

    texts: list[str]
    owners: NDArray[np.int64]
    failed: NDArray[np.bool_]
    rows: NDArray[np.int64]


def readable(table: Table) -> Column | None:
    """The text column whose words may be looked at; none if its name says that it holds personal facts."""
    return next(
        (one for one in table.columns_of("text") if not any(share.by_name and share.kind != "free_text" for share in one.pii)), None
    )


def cleaned(text: str) -> str:
    """Lower case, at most 2,000 characters, without whatever holds a digit, an at sign or an address."""
    return _PERSONAL.sub(" ", text[:2000]).lower()


def words_of(text: str) -> list[str]:
    """Words of two or more letters."""
    return _WORD.findall(text)


def sample_of_texts(table: Table, condition: str, most: int, where: str = "true") -> Texts:
    """Texts of rows in which a failure can be told, the same in every run."""
    import numpy as np

    column, entity = readable(table), table.column("entity")
    if column is None:
        return Texts([], np.zeros(0, np.int64), np.zeros(0, np.bool_), np.zeros(0, np.int64))
    text = f"left(CAST({quoted(column.name)} AS VARCHAR), 2000)"
    owner = f"coalesce(CAST({quoted(entity.name)} AS VARCHAR), '')" if entity else text
    rows = table.ask(
        f"SELECT {text}, {owner}, ({condition}), {ROW} FROM {{t}} WHERE {told(condition)} AND {text} <> '' AND {where} "
        f"ORDER BY ({ROW} * 2654435761) % 4294967296, {ROW} LIMIT {int(most)}"
    )
    owners = np.unique([row[1] for row in rows], return_inverse=True)[1] if rows else np.zeros(0, np.int64)
    return Texts([cleaned(row[0]) for row in rows], owners.astype(np.int64), np.array([row[2] for row in rows], np.bool_), np.array([row[3] for row in rows], np.int64))  # fmt: skip


def may_be_shown(rows: NDArray[np.int64], owners: NDArray[np.int64]) -> bool:
    """A term that occurs in these rows is common enough to be nobody's own: the privacy rule."""
    import numpy as np

    return len(rows) >= TERM_ROWS and len(np.unique(owners[rows])) >= TERM_ENTITIES


def counted(texts: Sequence[str], phrases: int = 2) -> tuple[Any, list[str]] | None:
    """Sparse presence of words and phrases by text, terms under the privacy rule's rows left out; None if no term is left."""
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    if not any(_WORD.search(text) for text in texts):
        return None
    vectorizer = CountVectorizer(binary=True, ngram_range=(1, phrases), tokenizer=words_of, lowercase=False, token_pattern=None)
    matrix = vectorizer.fit_transform(texts).tocsc()
    frequent = np.flatnonzero(np.asarray(matrix.sum(axis=0)).ravel() >= TERM_ROWS)
    names = vectorizer.get_feature_names_out()
    return (matrix[:, frequent], [str(names[index]) for index in frequent]) if len(frequent) else None


def log_odds(failing: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """z score of every term's log-odds between two corpora (Monroe, Colaresi & Quinn 2008, Political Analysis 16:372, eq. 22).

    The prior is the pooled frequency, as heavy as a tenth of the smaller corpus.
    """
    import numpy as np

    pooled = failing + other
    prior = pooled / pooled.sum() * min(failing.sum(), other.sum()) / 10
    one, two = failing + prior, other + prior
    odds = np.log(one / (one.sum() - one)) - np.log(two / (two.sum() - two))
    return np.asarray(odds / np.sqrt(1 / one + 1 / two))


def measure_wording(decisions: Decisions) -> Iterator[Evidence]:
    """Words, phrases and marks that go with failures, of user feedback where there is any, else of the main kind."""
    table, opinions = decisions.table, [decisions.failures[kind] for kind in _OPINION if kind in decisions.failures]
    kind = main_kind(decisions)
    if not kind or readable(table) is None:
        return
    condition = f"({' OR '.join(opinions)})" if opinions else decisions.failures[kind]
    sample = sample_of_texts(table, condition, _TEXTS)
    if min(int(sample.failed.sum()), int((~sample.failed).sum())) < LEAST_FAILURES:
        return
    deff = design_effect(table, condition)
    yield from _marks(table, condition, deff)
    yield from _words(table, sample, deff)


def _marks(table: Table, condition: str, deff: float) -> Iterator[Evidence]:
    """Exclamation and question marks, capitals, and the same text again from the same entity."""
    column, entity = readable(table), table.column("entity")
    assert column is not None
    text = f"CAST({quoted(column.name)} AS VARCHAR)"
    signs = {
        "exclamation": (N_("Failures of texts with an exclamation mark against the rest"), f"strpos({text}, '!') > 0"),
        "question": (N_("Failures of texts with a question mark against the rest"), f"strpos({text}, '?') > 0"),
        "capitals": (N_("Failures of texts in capitals against the rest"), f"upper({text}) = {text} AND lower({text}) <> {text} AND length({text}) > 10"),
    }  # fmt: skip
    if entity is not None:
        pair = f"hash({quoted(entity.name)}, lower(trim({text})))"
        signs["repeated"] = (
            N_("Failures of texts that the same entity sent again against the rest"),
            f"{quoted(entity.name)} IS NOT NULL AND {pair} IN (SELECT {pair} FROM {{t}} GROUP BY 1 HAVING count(*) > 1)",
        )
    found = list[tuple[str, str, Level]]()
    for name, (message, sign) in signs.items():
        rows = table.ask(
            f"SELECT coalesce({sign}, false), count(*) FILTER ({condition}), count(*) FROM {{t}} WHERE {text} <> '' AND {told(condition)} GROUP BY 1"
        )
        by_sign = {bool(row[0]): (int(row[1]), int(row[2])) for row in rows}
        if min(by_sign.get(side, (0, 0))[1] for side in (True, False)) >= LEAST_ROWS:
            cells = (by_sign[True], by_sign[False])
            found.append((name, message, Level("", column.name, name, *cells[0], *cells[1], tested(cells, deff)[0], deff)))
    adjusted = benjamini_hochberg([level.p for _, _, level in found])
    for (name, message, level), p in zip(found, adjusted, strict=True):
        gap, low, high = level.gap
        weight: Literal[2, 3] = 2 if replace(level, p=p).effect else 3
        yield table.evidence("logs", f"text_{name}", message, gap, "point", CHI, interval=(low, high), rows=level.trials + level.other_trials, weight=weight)  # fmt: skip


def _words(table: Table, sample: Texts, deff: float) -> Iterator[Evidence]:
    """Terms whose rows fail more or less often, at most ten either way; none that the privacy rule forbids."""
    import numpy as np
    from scipy.stats import norm

    terms = counted(sample.texts)
    if terms is None:
        return
    matrix, names = terms
    hits = np.asarray(matrix[sample.failed].sum(axis=0), np.float64).ravel()
    all_rows = np.asarray(matrix.sum(axis=0), np.float64).ravel()
    scores = log_odds(hits, all_rows - hits) / math.sqrt(deff)
    adjusted = benjamini_hochberg([float(p) for p in 2 * norm.sf(np.abs(scores))])
    failed, size, shown_terms = int(sample.failed.sum()), len(sample.texts), 0
    for index in sorted(range(len(names)), key=lambda i: (-abs(scores[i]), names[i])):
        rows = matrix.indices[matrix.indptr[index] : matrix.indptr[index + 1]]
        with_term, count = int(hits[index]), int(all_rows[index])
        level = Level("", "", names[index], with_term, count, failed - with_term, size - count, adjusted[index], deff)
        if shown_terms == 10 or adjusted[index] >= CERTAIN:
            return
        if count < size and level.effect and may_be_shown(rows, sample.owners):
            gap, low, high = level.gap
            shown_terms += 1
            yield table.evidence(
                "logs", f"term_{key(names[index])}", N_("Failures of texts with the term “%(term)s” against the rest"), gap, "point", _TERMS,
                interval=(low, high), rows=size, weight=2, term=shown(names[index]), sample=str(size),
            )  # fmt: skip
