"""What a reader of sources hands on: a relation in the workspace with its columns and the SQL by which a user reads it again."""

from __future__ import annotations

from dataclasses import dataclass, field

from ai_data_strategy.errors import StrategyError
from ai_data_strategy.evidence.profile import Problem
from ai_data_strategy.evidence.table import shown

MOST_COLUMNS = 2000
"""Columns of one source that are read; the rest are told as a problem."""

TYPES = (
    "VARCHAR", "TEXT", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DATE", "TIMESTAMP", "JSON",
)  # fmt: skip
"""DuckDB types that a manifest may give a column."""


@dataclass(frozen=True)
class LoadedColumn:
    """A column in the workspace: its name in the source, its name in the workspace's relation, its DuckDB type there."""

    name: str
    base: str
    type: str


@dataclass(frozen=True)
class Loaded:
    """`relation` is SQL after FROM in the workspace, `row` the SQL of its row number, `reader` SQL after FROM for the user."""

    relation: str
    row: str
    columns: tuple[LoadedColumn, ...]
    reader: str
    format: str
    name: str
    location: str
    problems: tuple[Problem, ...] = ()
    casts: dict[str, str] = field(default_factory=dict)


class Unreadable(StrategyError):
    """One source, or one table of it, cannot be read; the others go on."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


def unreadable(source: str, what: str, todo: str, **places: str) -> Unreadable:
    """The error that stops one source, with its problem."""
    return Unreadable(told(source, what, todo, **places))


def told(source: str, what: str, todo: str, **places: str) -> Problem:
    """A problem whose places are short enough to be stored."""
    return Problem(source=source[:500], what=what, todo=todo, places={name: brief(value) for name, value in places.items()})


def brief(text: str) -> str:
    """The beginning of a message, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= 200 else line[:199] + "…"


def names(found: list[str]) -> str:
    """The first names of a list as they may be shown."""
    return ", ".join(shown(name) for name in found[:5]) + (", …" if len(found) > 5 else "")
