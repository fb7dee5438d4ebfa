"""The whole strategy as one value: what the twin (strategy.json) holds, and all that rendering needs."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ai_data_strategy.agents import SECTIONS
from ai_data_strategy.agents.assembly import Assembly
from ai_data_strategy.agents.clarification import Clarification
from ai_data_strategy.agents.memo import Memo
from ai_data_strategy.agents.section import Draft
from ai_data_strategy.agents.sheet import Sheet, fill_unit, shared_quantities
from ai_data_strategy.blueprint import Blueprint
from ai_data_strategy.domain import Answer, Brief, Critique, Evidence, Model, Quantity
from ai_data_strategy.quantities.ledger import Ledger

SCHEMA_VERSION = "1.0"


class Record(Model):
    """How a section came about: who wrote it, how often it was revised, what the reviewer still says."""

    section: str
    written_by: str
    fallback: Annotated[str, Field(description="why the playbook wrote it although a model was asked; empty otherwise")] = ""
    revisions: int = 0
    critique: Critique = Critique()


class Usage(Model):
    """Tokens and money of one role's calls; cost is null if the price is unknown."""

    role: str
    model: str
    calls: int
    tokens_in: int
    tokens_out: int
    cached: int = 0
    cost: float | None = None
    currency: str = "USD"


class Missing(Model):
    """A section that could not be written, and why."""

    section: str
    reason: str


class Strategy(Model):
    """One strategy. `sections` holds one draft a key of SECTIONS; the JSON schema names each section's own type."""

    schema_version: Literal["1.0"] = "1.0"
    tool_version: str
    run: str
    version: int = 1
    created: date
    writer: str
    brief: Brief
    answers: list[Answer] = []
    clarification: Clarification
    memo: Memo | None = None
    blueprint: Blueprint | None = None
    evidence: list[Evidence] = []
    sections: dict[str, Draft] = {}
    records: list[Record] = []
    missing: list[Missing] = []
    cross: Critique = Critique()
    assembly: Assembly | None = None
    usage: list[Usage] = []


def homes(memo: Memo | None, blueprint: Blueprint, drafts: dict[str, Draft]) -> dict[str, list[Quantity]]:
    """Where each quantity of a strategy is defined: memo, blueprint, and each section with the figures that code adds."""
    found: dict[str, list[Quantity]] = {"memo": list(memo.quantities) if memo else []}
    found["blueprint"] = [*shared_quantities(blueprint), *blueprint.quantities]
    for section in SECTIONS:
        if draft := drafts.get(section.key):
            added = [quantity.model_copy(update={"unit": fill_unit(quantity.unit, blueprint)}) for quantity in section.derived(draft)]
            found[section.key] = [*draft.quantities, *added]
    return found


def sheet_of(strategy: Strategy) -> Sheet:
    """The sheet over a whole strategy. Raises ValueError for a strategy without a blueprint (verdict no AI)."""
    if strategy.blueprint is None:
        raise ValueError("a no-AI strategy has no blueprint and so no sheet")
    ledger = Ledger.of(homes(strategy.memo, strategy.blueprint, strategy.sections))
    return Sheet(strategy.brief, strategy.blueprint, ledger, strategy.created, strategy.answers, strategy.evidence, strategy.sections)
