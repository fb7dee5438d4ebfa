"""What each column is for, and what kind of source this is: the manifest's word first, else names, types and content.

Content is looked at in a sample that is the same in every run. Unsure means `other`: a wrong role misleads every measurement after it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import PurePath
from typing import Any

import yaml

from ai_data_strategy.evidence.profile import Column, ColumnRole, Kind, Problem
from ai_data_strategy.evidence.table import FEW, Table, quoted, shown
from ai_data_strategy.typeset.catalogue import N_

_CELLS = 2_000_000
"""Most cells looked at, so that ten thousand columns cost no more than a hundred."""
_CHUNK = 100
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_BY_NAME: tuple[ColumnRole, ...] = (
    "feedback_time", "confidence", "annotator", "prediction", "outcome", "feedback", "latency", "error", "severity", "label", "context", "group", "text",
)  # fmt: skip
"""Roles that a name gives, the most telling first; each must also fit the content."""
_CLASS_LIKE: dict[ColumnRole, int] = {"label": 1000, "group": 50, "context": 200, "severity": 30, "error": 1000, "annotator": 10_000}
"""Most distinct values a column of this role may show."""


@dataclass(frozen=True)
class Look:
    """What a sample shows of one column: non-empty cells, distinct values, range of numbers, mean length and words of texts."""

    cells: int
    distinct: int
    low: float | None
    high: float | None
    length: float
    words: float

    @property
    def unique(self) -> bool:
        return self.cells > 1 and self.distinct == self.cells


@cache
def lexicon() -> dict[str, Any]:
    """The words of roles.yaml."""
    content: dict[str, Any] = yaml.safe_load((files("ai_data_strategy.evidence") / "roles.yaml").read_text(encoding="utf-8"))
    return content


@lru_cache(maxsize=20_000)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a column's name, without case and accents: `customerId` and `Customer ID` give ("customer", "id")."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", name).translate(_UMLAUTS))
    return tuple(word.lower() for word in _WORDS.findall("".join(c for c in plain if not unicodedata.combining(c))))


def cue(words: Sequence[str], phrases: Sequence[str]) -> str:
    """The longest phrase of the lexicon that stands in the name; empty if none does."""
    joined, spaced = "".join(words), f" {' '.join(words)} "
    return max((phrase for phrase in phrases if f" {phrase} " in spaced or phrase.replace(" ", "") == joined), key=len, default="")


def with_roles(table: Table) -> Table:
    """The table with `role` and `role_reason` of every column and its kind; the manifest's word wins, else it is inferred."""
    looks = _looks(table)
    columns = [_from_manifest(table, column) or _inferred(column, looks[column.name]) for column in table.columns]
    columns = _with_entities(_with_ids(_with_one_time(table, columns), looks, table), table)
    known = replace(table, columns=tuple(columns))
    kind, reason = _kind(known)
    return replace(known, kind=kind, kind_reason=reason)


def role_problems(table: Table) -> Iterator[Problem]:
    """One problem for each role of the manifest whose column is not in the source."""
    names = {column.name for column in table.columns}
    for name, role in table.entry.roles.items():
        if name not in names:
            yield Problem(
                source=table.id,
                what=N_("the manifest gives the role %(role)s to the column %(column)s, which is not there"),
                todo=N_("correct the name under roles in the manifest"),
                places={"role": role, "column": shown(name)},
            )


def _from_manifest(table: Table, column: Column) -> Column | None:
    role = table.entry.roles.get(column.name)
    return column.model_copy(update={"role": role, "role_reason": "manifest"}) if role else None


def _looks(table: Table) -> dict[str, Look]:
    """A look at every column in one sample of about 20,000 rows."""
    most = max(200, min(FEW, _CELLS // max(1, len(table.columns))))
    few = f"(SELECT * FROM {table.few()} LIMIT {most})"
    found: dict[str, Look] = {}
    for start in range(0, len(table.columns), _CHUNK):
        chunk = table.columns[start : start + _CHUNK]
        cells = table.ask(f"SELECT {', '.join(_look_sql(column) for column in chunk)} FROM {few}")[0]
        for at, column in enumerate(chunk):
            count, distinct, low, high, length, words = cells[6 * at : 6 * at + 6]
            found[column.name] = Look(count, distinct, low, high, length or 0.0, words or 0.0)
    return found


def _look_sql(column: Column) -> str:
    name = quoted(column.name)
    number = f"min(CAST({name} AS DOUBLE)), max(CAST({name} AS DOUBLE))" if column.type in ("number", "integer") else "NULL, NULL"
    if column.type != "text":
        return f"count({name}), count(DISTINCT hash({name})), {number}, 0, 0"
    start = f"left({name}, 1000)"
    spaces = f"length({start}) - length(replace({start}, ' ', '')) + 1"
    return f"count(nullif({name}, '')), count(DISTINCT hash(nullif({name}, ''))), {number}, avg(length({start})), avg({spaces})"


def _inferred(column: Column, look: Look) -> Column:
    """The first role whose words stand in the name and whose content fits; else long text by content; else other."""
    words = words_of(column.name)
    for role in _BY_NAME:
        said = cue(words, lexicon()["roles"][role])
        if said and _fits(role, column, look):
            return _given(column, role, f"name says {said}{_why(role, look)}")
    if column.type == "text" and look.length >= 40 and look.words >= 5 and look.distinct > 0.3 * look.cells:
        return _given(column, "text", "long texts that seldom repeat")
    return _given(column, "other", "nothing gives it away")


def _why(role: ColumnRole, look: Look) -> str:
    if role == "confidence":
        return ", values between 0 and 1"
    return ", few distinct values" if role in _CLASS_LIKE and look.distinct <= 50 else ""


def _fits(role: ColumnRole, column: Column, look: Look) -> bool:
    """Whether type and content allow a role that the name suggests."""
    numeric, few = column.type in ("number", "integer"), look.cells < 20 or look.distinct <= 0.5 * look.cells
    timed = column.type in ("time", "date")
    if column.type in ("nested", "binary") or not look.cells:
        return False
    if role == "feedback_time":
        return timed
    if timed:
        return False
    if role == "confidence":
        return numeric and look.low is not None and look.high is not None and look.low >= 0 and look.high <= 1 and look.distinct > 2
    if role == "latency":
        return numeric and look.low is not None and look.low >= 0
    if role == "text":
        return column.type == "text" and look.length >= 15 and look.words >= 2
    if role == "feedback":
        return look.length < 60 and not set(words_of(column.name)) & {"id", "count", "text", "comment", "comments"}
    if role in ("prediction", "outcome"):
        return not set(words_of(column.name)) & {"id", "time", "date", "version"} and (numeric or few)
    if role == "error" and column.type == "number":
        return False
    if role in ("group", "context", "label") and set(words_of(column.name)) & {"id", "count", "name"}:
        return False
    return few and look.distinct <= _CLASS_LIKE[role] and not (role == "label" and column.type == "number")


def _given(column: Column, role: ColumnRole, reason: str) -> Column:
    return column.model_copy(update={"role": role, "role_reason": reason[:200]})


def _with_one_time(table: Table, columns: Sequence[Column]) -> list[Column]:
    """Give `time` to one column: named as a beginning, else as a time, else the only one; never to a birth date or an end."""
    if any(column.role == "time" for column in columns):
        return list(columns)
    free = [column for column in columns if column.role == "other" and column.role_reason != "manifest" and column.type in ("time", "date")]
    late = [column for column in free if cue(words_of(column.name), lexicon()["time_late"])]
    for group in ("time_first", "time"):
        named = [column for column in free if column not in late and cue(words_of(column.name), lexicon()[group])]
        if named:
            said = cue(words_of(named[0].name), lexicon()[group])
            return [_given(c, "time", f"a {c.type} whose name says {said}") if c is named[0] else c for c in columns]
    alone = [column for column in free if column not in late]
    return [_given(c, "time", f"the only column of type {c.type}") if len(alone) == 1 and c is alone[0] else c for c in columns]


def _with_ids(columns: Sequence[Column], looks: dict[str, Look], table: Table) -> list[Column]:
    """Give `id` to columns named as keys without repeated values; without one, to the key named for no person that repeats least."""
    if any(column.role == "id" for column in columns):
        return list(columns)
    keys = [c for c in columns if c.role == "other" and c.role_reason != "manifest" and _key_like(c) and looks[c.name].cells]
    unique = [column for column in keys if looks[column.name].unique]
    if unique:
        names = {column.name for column in unique if not _entity_cue(column)} or {unique[0].name}
        return [_given(c, "id", "named as a key, no value repeats in a sample") if c.name in names else c for c in columns]
    items = [column for column in keys if not _entity_cue(column) and looks[column.name].distinct > 50]
    best = max(items, key=lambda column: looks[column.name].distinct, default=None)
    if best is None or not any(column.role in ("annotator", "feedback", "label", "outcome", "prediction") for column in columns):
        return list(columns)
    return [_given(c, "id", "named as a key; its values repeat") if c is best else c for c in columns]


def _key_like(column: Column) -> bool:
    words = words_of(column.name)
    ends = words[-1:] and words[-1] in lexicon()["id"]
    begins = words[:1] in (("rec",), ("id",)) and len(words) > 1
    return column.type in ("integer", "text") and bool(ends or begins or words[-1:] in (("uuid",), ("guid",)))


def _entity_cue(column: Column) -> str:
    return cue(words_of(column.name), lexicon()["entity"])


def _with_entities(columns: Sequence[Column], table: Table) -> list[Column]:
    """Give `entity` to a key of a person, customer or thing that has no other role."""
    if any(column.role == "entity" for column in columns):
        return list(columns)

    def is_entity(column: Column) -> bool:
        words = words_of(column.name)
        return column.type in ("integer", "text") and bool(_entity_cue(column)) and (_key_like(column) or len(words) == 1)

    return [
        _given(c, "entity", f"name says {_entity_cue(c)}") if c.role == "other" and c.role_reason != "manifest" and is_entity(c) else c
        for c in columns
    ]


def _kind(table: Table) -> tuple[Kind, str]:
    """Kind of the source with its reason: manifest, telling roles, the source's name, then the remaining roles."""
    if table.entry.kind:
        return table.entry.kind, "manifest"
    roles = {column.role for column in table.columns}
    if "annotator" in roles:
        return "annotations", "has a column of annotators"
    if "prediction" in roles:
        return "predictions", "has a column of predictions"
    name = words_of(" ".join((table.id, table.entry.name, PurePath(table.location).stem, table.entry.table or "")))
    for kind, phrases in lexicon()["kinds"].items():
        if said := cue(name, phrases):
            return kind, f"the source's name says {said}"
    if "feedback" in roles and "text" not in roles and roles & {"id", "entity"}:
        return "feedback", "has a column of feedback and keys, no texts"
    if "time" in roles and roles & {"latency", "error"}:
        return "product_logs", "has times with latency or errors"
    if "text" in roles:
        return "content", "has free texts"
    if "time" in roles and roles & {"entity", "id"}:
        return "events", "has times and keys"
    return "reference", "nothing speaks for another kind"
