"""What a section is: typed fields, checks tied to criteria, derived quantities, a way to show it, and a playbook.

A section module defines these five and one `SECTION` that holds them; `agents/__init__.py` lists the sections.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import Field

from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.domain import Id, Key, Line, Model, Name, Prose, Quantity, Verdict
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.typeset.blocks import Block, Diagram
from ai_data_strategy.typeset.view import View


class Rejected(Model):
    """An option that was considered and not taken."""

    option: Name
    because: Line


class Action(Model):
    """One thing to do. `cost` names a quantity in money or in hours/days of work; `after` lists actions that come first."""

    id: Id
    what: Line
    owner: Id
    due: date
    cost: Key
    after: Annotated[list[Id], Field(max_length=4)]


class Risk(Model):
    """What may go wrong, how it shows early, and who answers it how."""

    risk: Line
    chance: Literal["low", "medium", "high"]
    harm: Literal["low", "medium", "high"]
    early_sign: Line
    answer: Line
    owner: Id


class Draft(Model):
    """What every section has. Numbers stand in `quantities` and are referred to by key everywhere else."""

    prose: Annotated[
        Prose,
        Field(description="opening reasoning for this product: what is chosen, what is rejected and why, what would change the choice"),
    ]
    rejected: Annotated[list[Rejected], Field(max_length=4, description="options not chosen, for the annex")]
    actions: Annotated[list[Action], Field(max_length=4)]
    risks: Annotated[list[Risk], Field(max_length=2)]
    quantities: Annotated[list[Quantity], Field(max_length=30, description="numbers that are new in this section")]


@dataclass(frozen=True)
class Problem:
    """Why a criterion is not met: the draft's top-level field at fault, and what to do."""

    field: str
    message: str


@dataclass(frozen=True)
class Skip:
    """The criterion does not fit this product, for a reason."""

    reason: str


def is_menu(choice: str) -> bool:
    """True if a choice names alternatives ("DVC or MLflow", "ELK / CloudWatch") instead of one thing."""
    return any(mark in f" {choice.casefold()} " for mark in (" or ", " / ", " oder ", " ou ", " and/or "))


Check = Callable[[Any, Sheet], Iterable[Problem | Skip]]


class Checks(dict[str, Check]):
    """Checks by criterion id; use an instance as a decorator: `@CHECKS("LB1")`."""

    def __call__(self, criterion: str) -> Callable[[Check], Check]:
        def register(check: Check) -> Check:
            self[criterion] = check
            return check

        return register

    def verdicts(self, draft: object, sheet: Sheet) -> list[Verdict]:
        """The verdict on each criterion, in the order of definition."""
        return [_verdict(criterion, list(check(draft, sheet))) for criterion, check in self.items()]


def _verdict(criterion: str, found: Sequence[Problem | Skip]) -> Verdict:
    problems = [item for item in found if isinstance(item, Problem)]
    if problems:
        return Verdict(criterion=criterion, outcome="not_met", field=problems[0].field, why="; ".join(p.message for p in problems))
    if found and isinstance(found[0], Skip):
        return Verdict(criterion=criterion, outcome="not_applicable", why=found[0].reason)
    return Verdict(criterion=criterion, outcome="met")


def derived(key: str, unit: str, meaning: str, expression: str) -> Quantity:
    """A derived quantity that code adds to a section, whatever its writer; {example} and {currency} in the unit are filled in."""
    return Quantity(key=key, unit=unit, meaning=meaning, basis="derived", source="", expression=expression)


@dataclass(frozen=True)
class Criterion:
    """One line of the rubric."""

    id: str
    section: str
    text: str
    weight: int
    kind: Literal["check", "judge"]
    gate: bool
    bad: str


@cache
def rubric() -> tuple[Criterion, ...]:
    """All 159 criteria."""
    raw = json.loads((files("ai_data_strategy.agents") / "rubric.json").read_text("utf-8"))
    return tuple(Criterion(**item) for item in raw)


@dataclass(frozen=True)
class Section:
    """One entry of the table of contents. `scope` tells the other sections what this one covers; `annex` shows its audit
    tables, `diagram` is the picture it gives to the front page."""

    key: str
    number: int
    title: str
    scope: str
    draft: type[Draft]
    checks: Checks
    derived: Callable[[Any], list[Quantity]]
    render: Callable[[Any, View], list[Block]]
    playbook: Callable[[Desk], Draft]
    annex: Callable[[Any, View], list[Block]] | None = None
    diagram: Callable[[Any, View], Diagram] | None = None

    def criteria(self, kind: Literal["check", "judge"]) -> list[Criterion]:
        return [criterion for criterion in rubric() if criterion.section == self.key and criterion.kind == kind]
