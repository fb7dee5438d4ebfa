"""Planted faults: one known fault at a time put into the JSON of a good strategy, each with the criterion that should find it.

A fault is an edit of the strategy's JSON (the twin). An edit that the document cannot carry raises `Cannot`. The kinds stand in
`faults_plan.py` (what the plan says), `faults_text.py` (figures, text, front page) and `faults_judge.py` (what needs a reader).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

Json = dict[str, Any]
Edit = Callable[[Json, Random], None]
"""Changes a strategy's JSON in place. Raises Cannot where the document has nothing that could carry the fault."""


class Cannot(Exception):
    """The document has no place for this fault."""


@dataclass(frozen=True)
class Fault:
    """One kind of fault: `criterion` should be not met, in `section` ("" for the front, the blueprint or the document)."""

    name: str
    criterion: str
    section: str
    kind: Literal["check", "judge"]
    edit: Edit

    def plant(self, strategy: Json, chance: Random) -> Json | None:
        """A copy of the strategy's JSON with this fault in it; None where the document cannot carry it."""
        spoilt = copied(strategy)
        try:
            self.edit(spoilt, chance)
        except Cannot:
            return None
        return spoilt


def copied(strategy: Json) -> Json:
    """A copy of a strategy's JSON of which every part may be changed."""
    return copy.deepcopy(strategy)


def reach(strategy: Json, path: str) -> Any:
    """What stands at a dotted path; numbers are positions in a list. Raises Cannot if nothing stands there."""
    place: Any = strategy
    try:
        for step in path.split("."):
            place = place[int(step)] if isinstance(place, list) else place[step]
    except (KeyError, IndexError, TypeError) as error:
        raise Cannot(path) from error
    return place


def put(path: str, value: Any) -> Edit:
    """Set what stands at a dotted path. Raises Cannot if the path leads nowhere or the value stands there already."""
    way, _, last = path.rpartition(".")

    def edit(strategy: Json, _chance: Random) -> None:
        if reach(strategy, path) == value:
            raise Cannot(path)
        place = reach(strategy, way)
        place[int(last) if isinstance(place, list) else last] = copy.deepcopy(value)

    return edit


def swap(path: str, old: str, new: str) -> Edit:
    """Replace a passage of a text. Raises Cannot if it is not there."""

    def edit(strategy: Json, chance: Random) -> None:
        text = str(reach(strategy, path))
        if old not in text:
            raise Cannot(f"{path}: {old}")
        put(path, text.replace(old, new, 1))(strategy, chance)

    return edit


def less(path: str, *positions: int) -> Edit:
    """Take items out of a list by their positions."""

    def edit(strategy: Json, _chance: Random) -> None:
        items = reach(strategy, path)
        if not isinstance(items, list) or len(items) <= max(positions):
            raise Cannot(path)
        for position in sorted(positions, reverse=True):
            del items[position]

    return edit


def both(*edits: Edit) -> Edit:
    """Several edits that are one fault together."""

    def edit(strategy: Json, chance: Random) -> None:
        for one in edits:
            one(strategy, chance)

    return edit


def first_role(strategy: Json) -> str:
    """Id of a role of the plan."""
    return str(reach(strategy, "blueprint.roles.0.id"))


def figure(key: str, value: float | None, unit: str, source: str, basis: str = "proposed", **more: Any) -> Json:
    """A quantity as JSON."""
    empty = {"low": None, "high": None, "expression": None, "check": None}
    return {"key": key, "meaning": "planted", "value": value, "unit": unit, "basis": basis, "source": source, **empty, **more}


def add(home: str, key: str, value: float | None, unit: str, **more: Any) -> Edit:
    """Add a proposed quantity to a section, or to the blueprint."""

    def edit(strategy: Json, _chance: Random) -> None:
        path = "blueprint.quantities" if home == "blueprint" else f"sections.{home}.quantities"
        reach(strategy, path).append(figure(key, value, unit, first_role(strategy), **more))

    return edit


def shared(key: str, value: float | None, **more: Any) -> Edit:
    """Give a shared figure another value, proposed by a role."""

    def edit(strategy: Json, _chance: Random) -> None:
        own = reach(strategy, f"blueprint.shared.{key}")
        new = {"low": None, "high": None, "basis": "proposed", "source": first_role(strategy), "expression": None, "check": None}
        own.update({**new, "value": value, **more})

    return edit
