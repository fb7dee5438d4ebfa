"""How sure a decision was: a score of one of two classes, or the probability of the predicted class."""

from __future__ import annotations

from dataclasses import dataclass

from ai_data_strategy.evidence.profile import Column, Problem
from ai_data_strategy.evidence.table import Table, quoted, shown
from ai_data_strategy.typeset.catalogue import N_

_NEAR = 0.1
"""Distance from the border between two classes below which a score is unsure."""
_UNSURE_OF_TWO, _UNSURE_OF_MANY = 0.6, 0.5
"""Probabilities of the predicted class below which a decision is unsure."""


@dataclass(frozen=True)
class Confidence:
    """How sure a decision was. `certainty` is SQL of the probability that it is right, `near` of being close to the border."""

    column: str
    certainty: str
    near: str


def confidence(table: Table) -> Confidence | Problem | None:
    """How sure the decisions were: the column of role confidence, or a prediction that is itself a score; None if there is neither.

    The column is the score of one of two classes if its ranges for the two predictions lie apart; else the probability of the
    predicted class.
    """
    column, prediction = table.column("confidence"), table.column("prediction")
    if column is None and prediction is not None and prediction.type == "number":
        column, prediction = prediction, None
    if column is None or column.type not in ("number", "integer"):
        return None
    c = f"CAST({quoted(column.name)} AS DOUBLE)"
    least, most = table.ask(f"SELECT min({c}), max({c}) FROM {{t}} WHERE isfinite({c})")[0]
    if least is None or least < 0 or most > 1:
        return Problem(
            source=table.id, what=N_("the confidence %(column)s does not lie between zero and one, so sure and unsure cannot be told apart"),
            todo=N_("give it as a probability, or take the role confidence from it in the manifest"), places={"column": shown(column.name)},
        )  # fmt: skip
    if column is table.column("prediction"):
        return _score(column.name, c, 0.5)
    ranges = _ranges(table, c, prediction) if prediction else []
    if len(ranges) == 2 and ranges[0][1] <= ranges[1][0]:
        return _score(column.name, c, (ranges[0][1] + ranges[1][0]) / 2)
    return Confidence(column.name, c, f"({c} < {_UNSURE_OF_TWO if len(ranges) <= 2 else _UNSURE_OF_MANY})")


def _score(name: str, c: str, border: float) -> Confidence:
    border = round(border, 4)
    return Confidence(name, f"CASE WHEN {c} >= {border} THEN {c} ELSE 1 - {c} END", f"(abs({c} - {border}) <= {_NEAR})")


def _ranges(table: Table, c: str, prediction: Column) -> list[tuple[float, float]]:
    """First and last percentile of the confidence for each prediction, lowest first."""
    said = quoted(prediction.name)
    return [
        (low, high)
        for _, low, high in table.ask(
            f"SELECT {said}, quantile_disc({c}, 0.01) AS low, quantile_disc({c}, 0.99) FROM {{t}} "
            f"WHERE {said} IS NOT NULL AND isfinite({c}) GROUP BY 1 ORDER BY 2, 3, 1 LIMIT 50"
        )
    ]
