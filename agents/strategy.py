"""The whole strategy as one value: what the twin (strategy.json) holds, and all that rendering needs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, SerializeAsAny, ValidationError, field_validator
from pydantic.json_schema import models_json_schema

from ai_data_strategy.agents import BY_KEY, SECTIONS
from ai_data_strategy.agents.assembly import Assembly
from ai_data_strategy.agents.clarification import Clarification
from ai_data_strategy.agents.memo import Memo
from ai_data_strategy.agents.section import Draft
from ai_data_strategy.agents.sheet import Sheet, fill_unit, shared_quantities
from ai_data_strategy.blueprint import Blueprint
from ai_data_strategy.domain import Answer, Brief, Critique, Evidence, Model, Quantity
from ai_data_strategy.errors import InputError
from ai_data_strategy.evidence.profile import Profile
from ai_data_strategy.quantities.ledger import Ledger

SCHEMA_VERSION = "1.0"
_MOST_ERRORS = 5


class Record(Model):
    """How a section came about: who wrote it, how often it was revised, what the reviewer still says."""

    section: str
    written_by: str
    fallback: Annotated[str, Field(description="why the playbook wrote it although a model was asked; empty otherwise")] = ""
    revisions: int = 0
    critique: Critique = Critique()
    mended: Annotated[list[str], Field(description="criteria of the whole for which it was patched afterwards")] = []


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
    profile: Profile = Profile()
    sections: dict[str, SerializeAsAny[Draft]] = {}
    records: list[Record] = []
    missing: list[Missing] = []
    cross: Critique = Critique()
    assembly: Assembly | None = None
    usage: list[Usage] = []

    @field_validator("sections", mode="before")
    @classmethod
    def _typed(cls, given: object) -> object:
        """Each section as its own type. Raises ValueError for a key that no section has."""
        if not isinstance(given, dict):
            return given
        unknown = [str(key) for key in given if key not in BY_KEY]
        if unknown:
            raise ValueError(f"no section is called {', '.join(unknown)}: sections are {', '.join(BY_KEY)}")
        return {key: BY_KEY[key].draft.model_validate(draft) for key, draft in given.items()}


def dump(strategy: Strategy) -> str:
    """The twin: the strategy as JSON text. `load` gives it back without a loss."""
    return strategy.model_dump_json(indent=2) + "\n"


def load(text: str) -> Strategy:
    """The strategy of a twin. Raises InputError that says what does not fit and where."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"this is no strategy.json: {error}. Give the file that `draft` wrote.") from error
    if not isinstance(given, dict) or "schema_version" not in given:
        raise InputError("this is no strategy.json: it has no schema_version. Give the file that `draft` wrote.")
    if given["schema_version"] != SCHEMA_VERSION:
        raise InputError(
            f"strategy.json has schema version {given['schema_version']!r}, this program reads {SCHEMA_VERSION!r}: write it again or use a matching version"
        )
    try:
        return Strategy.model_validate_json(text)
    except ValidationError as error:
        raise InputError(f"strategy.json does not fit its schema: {_said(error)}. Compare it with `ai-data-strategy schema`.") from error


def _said(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False)
    said = [f"{'.'.join(map(str, item['loc'])) or 'the file'}: {item['msg']}" for item in found[:_MOST_ERRORS]]
    more = len(found) - _MOST_ERRORS
    return "; ".join(said) + (f"; and {more} more" if more > 0 else "")


def json_schema() -> dict[str, Any]:
    """The published JSON Schema of the twin, with every section's own typed draft by name."""
    drafts = [(section.draft, "validation") for section in SECTIONS]
    by_model, shared = models_json_schema([(Strategy, "validation"), *drafts], ref_template="#/$defs/{model}")  # type: ignore[list-item]
    definitions = shared["$defs"]
    root = dict(definitions.pop("Strategy"))
    typed = {section.key: by_model[(section.draft, "validation")] for section in SECTIONS}
    sections = {"type": "object", "title": "Sections", "properties": typed, "additionalProperties": False, "default": {}}
    root["properties"] = {**root["properties"], "sections": sections}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:ai-data-strategy:strategy:{SCHEMA_VERSION}"}
    return {**head, **root, "$defs": definitions}


def homes(
    memo: Memo | None, blueprint: Blueprint, drafts: dict[str, Draft], evidence: Sequence[Evidence] = ()
) -> dict[str, list[Quantity]]:
    """Where each quantity of a strategy is defined: evidence, memo, blueprint, and each section with the figures that code adds.

    Every measured value is a quantity whose key is the id of its evidence.
    """
    found: dict[str, list[Quantity]] = {"evidence": [quantity for item in evidence if (quantity := measured(item))]}
    found["memo"] = list(memo.quantities) if memo else []
    found["blueprint"] = [*shared_quantities(blueprint), *blueprint.quantities]
    for section in SECTIONS:
        if draft := drafts.get(section.key):
            added = [quantity.model_copy(update={"unit": fill_unit(quantity.unit, blueprint)}) for quantity in section.derived(draft)]
            found[section.key] = [*draft.quantities, *added]
    return found


def measured(item: Evidence) -> Quantity | None:
    """The value of a piece of evidence as a quantity; None where it has none."""
    if item.value is None:
        return None
    return Quantity(
        key=item.id, meaning=item.statement[:400], unit=item.unit or "count", value=item.value, basis="measured", source=item.id
    )


def sheet_of(strategy: Strategy) -> Sheet:
    """The sheet over a whole strategy. Raises ValueError for a strategy without a blueprint (verdict no AI)."""
    if strategy.blueprint is None:
        raise ValueError("a no-AI strategy has no blueprint and so no sheet")
    ledger = Ledger.of(homes(strategy.memo, strategy.blueprint, strategy.sections, strategy.profile.evidence))
    return Sheet(
        strategy.brief, strategy.blueprint, ledger, strategy.created, strategy.answers, strategy.profile.evidence, strategy.sections
    )
