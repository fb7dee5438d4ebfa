"""Decisions: what a model or rule said, joined with what users said and what turned out to be true.

Logs, failures, edge cases, feedback and retraining measure on this one table, whichever sources its columns come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ai_data_strategy.evidence.profile import Column, ColumnRole
from ai_data_strategy.evidence.table import ROW, Table, quoted

_BASES: tuple[tuple[ColumnRole, ...], ...] = (("prediction",), ("feedback", "error"), ("outcome",))
"""Roles that make a table the base of decisions, the best first."""
_TAKEN: tuple[ColumnRole, ...] = (
    "outcome", "label", "feedback", "feedback_time", "text", "group", "context", "latency", "error", "severity", "confidence", "entity", "time",
)  # fmt: skip
"""Roles that another source may lend to the base; one that gives annotators is left out, since it has several rows an item."""
_LEAST_OVERLAP = 0.2
"""Share of the smaller source's ids that must be found in the other before they are joined: feedback is sparse."""
_NEGATIVE = ("thumbs_down", "down", "negative", "bad", "dislike", "no", "false", "0", "-1", "1 star", "unhelpful", "not helpful", "👎")
_CORRECTION = ("correct", "corrected", "correction", "edited", "overruled", "requeued", "moved", "rejected", "override")
_COMPLAINT = ("complaint", "complained", "escalated", "appeal", "dispute", "disputed", "reported")
_NO_ERROR = ("", "0", "false", "ok", "none", "no", "200", "success", "null")


@dataclass(frozen=True)
class Decisions:
    """`table` holds one row a decision. `failures` maps a failure's kind to the SQL condition on {t} that tells it."""

    table: Table
    failures: dict[str, str]
    joined: tuple[str, ...] = ()

    @property
    def failed(self) -> str:
        """SQL condition: the decision failed in any way."""
        return "(" + " OR ".join(f"coalesce({condition}, false)" for condition in self.failures.values()) + ")" if self.failures else ""


def decisions(tables: Sequence[Table]) -> Decisions | None:
    """The decisions among the opened sources; None if no source has any."""
    base = next((table for roles in _BASES for table in tables if _holds(table, roles)), None)
    if base is None:
        return None
    table, joined = base, list[str]()
    for other in tables:
        if other is not base and not other.columns_of("annotator") and (grown := _joined(table, other)) is not None:
            table, joined = grown, [*joined, other.id]
    return Decisions(table, failures(table), tuple(joined))


def _holds(table: Table, roles: Sequence[ColumnRole]) -> bool:
    return table.kind != "annotations" and bool(table.columns_of(*roles))


def _joined(base: Table, other: Table) -> Table | None:
    """The base with the columns that the other source can lend, joined by an id of the same name; None if there are none."""
    taken = [
        column
        for column in other.columns
        if column.role in _TAKEN
        and column.name not in {own.name for own in base.columns}
        and (column.role in ("group", "context", "outcome", "feedback") or base.column(column.role) is None)
    ]
    key = next((own.name for own in base.columns_of("id") for theirs in other.columns_of("id") if own.name == theirs.name), None)
    if key is None or not taken or other.one(f"SELECT count(*) - count(DISTINCT {quoted(key)}) FROM {{t}} WHERE {quoted(key)} IS NOT NULL"):
        return None
    found = base.one(
        f"SELECT count(*) FROM {{t}} AS a WHERE EXISTS (SELECT 1 FROM {other.relation} AS b WHERE CAST(a.{quoted(key)} AS VARCHAR) = CAST(b.{quoted(key)} AS VARCHAR))"
    )
    if not found or found / min(base.rows, other.rows) < _LEAST_OVERLAP:
        return None
    names = ", ".join(f"b.{quoted(column.name)}" for column in taken)
    on = f"CAST(a.{quoted(key)} AS VARCHAR) = CAST(b.{quoted(key)} AS VARCHAR)"
    name = quoted(f"{base.id}+{other.id}")
    base.db.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT a.*, {names} FROM {base.relation} AS a LEFT JOIN {other.relation} AS b ON {on}"
    )
    reader = f"(SELECT a.*, {names} FROM {base.reader} AS a LEFT JOIN {other.reader} AS b ON {on})"
    return replace(base, relation=name, reader=reader, columns=(*base.columns, *taken))


def failures(table: Table) -> dict[str, str]:
    """What counts as a failure in this table, by kind: the manifest's values first, else what the roles allow."""
    found: dict[str, str] = {}
    prediction, outcome = table.column("prediction"), table.column("outcome") or table.column("label")
    if prediction and outcome:
        found["wrong_prediction"] = _wrong(prediction, outcome)
    columns = {column.name: column for column in table.columns}
    named = {name: values for name, values in table.entry.failure.items() if name in columns}
    for name, values in named.items():
        condition = _among(name, tuple(values))
        kind = f"named_{len(found)}" if "named" in found else "named"
        found[kind] = condition if _says_both(table, columns[name]) else f"coalesce({condition}, false)"
    for column in table.columns_of("feedback"):
        if column.name in named:
            continue
        text = column.type in ("text", "boolean", "integer", "number")
        for kind, words in (("negative_feedback", _NEGATIVE), ("correction", _CORRECTION), ("complaint", _COMPLAINT)):
            if text and kind not in found and table.one(f"SELECT count(*) FROM {{t}} WHERE {_among(column.name, words)}"):
                found[kind] = _among(column.name, words) if _says_both(table, column) else f"coalesce({_among(column.name, words)}, false)"
    for column in table.columns_of("error"):
        if column.name not in named:
            found.setdefault("error", f"({quoted(column.name)} IS NOT NULL AND NOT {_among(column.name, _NO_ERROR)})")
    return found


def _says_both(table: Table, column: Column) -> bool:
    """True if users also say that something was good; where only faults are reported, silence is no failure."""
    return bool(table.one(f"SELECT count(DISTINCT {quoted(column.name)}) > 1 FROM {{t}}"))


def _wrong(prediction: Column, outcome: Column) -> str:
    """Prediction and outcome differ; a score against a yes/no outcome is cut at one half."""
    said, true = quoted(prediction.name), quoted(outcome.name)
    if prediction.type == "number" and outcome.type in ("boolean", "integer"):
        return f"(({said} >= 0.5) <> (CAST({true} AS DOUBLE) >= 0.5))"
    if prediction.type in ("number", "integer") and outcome.type in ("number", "integer"):
        return f"(CAST({said} AS DOUBLE) <> CAST({true} AS DOUBLE))"
    return f"(lower(CAST({said} AS VARCHAR)) <> lower(CAST({true} AS VARCHAR)))"


def _among(name: str, words: Sequence[str]) -> str:
    """The cell is one of these words; words are written into SQL as quoted literals."""
    literals = ", ".join("'" + word.lower().replace("'", "''") + "'" for word in words)
    return f"(lower(trim(CAST({quoted(name)} AS VARCHAR))) IN ({literals}))"


def kept(table: Table) -> list[str]:
    """Names of a table's columns without the row number."""
    return [column.name for column in table.columns if column.name != ROW]
