"""What checks over several sections share: a fault with its section, the draft of a section, a walk over a draft."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

from ai_data_strategy.agents.clarification import Clarification
from ai_data_strategy.agents.section import Draft, Skip
from ai_data_strategy.agents.sheet import Sheet

D = TypeVar("D", bound=Draft)


@dataclass(frozen=True)
class Fault:
    """What is wrong between sections, and the section and field that should change."""

    section: str
    field: str
    message: str


Whole = Callable[[Sheet, Clarification | None], Iterable[Fault | Skip]]


def draft(sheet: Sheet, kind: type[D]) -> D | None:
    """The draft of one section, if it is there."""
    return next((d for d in sheet.drafts.values() if isinstance(d, kind)), None)


def walk(value: object, path: str = "") -> Iterator[tuple[str, str, object]]:
    """(top-level field, field name, value) of everything in a draft."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            inner = getattr(value, name)
            top = path or name
            yield top, name, inner
            yield from walk(inner, top)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from walk(item, path)
