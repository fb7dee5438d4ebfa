"""The graph's state: plain JSON values keyed by section, with reducers that merge what parallel sections write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict

from ai_data_strategy.models import PlaybookWriter, Writer

Json = dict[str, Any]
"""A model as JSON (what a checkpoint stores)."""


def merged(old: Json | None, new: Json | None) -> Json:
    """New entries over old ones; an entry set to null is removed."""
    both = {**(old or {}), **(new or {})}
    return {key: value for key, value in both.items() if value is not None}


class State(TypedDict, total=False):
    """One run. `arguments` is the brief, `measurements` what was measured in the user's data; everything else is written by the graph."""

    arguments: str
    language: str
    today: str
    run: str
    version: int
    brief: Json
    answers: Annotated[Json, merged]
    clarification: Json
    measurements: Json
    profile: Json
    memo: Json | None
    blueprint: Json
    notes: Annotated[Json, merged]
    only: list[str]
    touched: list[str]
    by_model: bool
    sections: Annotated[Json, merged]
    asked_again: bool
    cross: Json
    assembly: Json
    spent: Annotated[Json, merged]
    document: str
    strategy: Json
    finished: bool


class SectionState(TypedDict, total=False):
    """What a section's subgraph sees, and its own work."""

    today: str
    brief: Json
    answers: Annotated[Json, merged]
    profile: Json
    memo: Json | None
    blueprint: Json
    notes: Annotated[Json, merged]
    sections: Annotated[Json, merged]
    spent: Annotated[Json, merged]
    work: Json


class SectionOutput(TypedDict, total=False):
    """What a section's subgraph gives back: its own entry, and what it spent."""

    sections: Annotated[Json, merged]
    spent: Annotated[Json, merged]


class Mend(TypedDict, total=False):
    """One section to be patched after the sections were held against each other."""

    key: str
    findings: list[Json]
    state: State


def _nothing(_kind: str, _text: str) -> None:
    return None


@dataclass
class Context:
    """What a run is given from outside: the writer, whether to ask, how often to revise, and who listens."""

    writer: Writer = field(default_factory=PlaybookWriter)
    ask: bool = False
    revisions: int = 2
    on_event: Callable[[str, str], None] = _nothing
    known: dict[str, Any] = field(default_factory=dict, repr=False)
    """What the steps of this run have read back from the state last: see `Plan.of`."""
