"""The typed fields of the inventory: what the blueprint does not say of a source, the usual kinds, the gaps."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ai_data_strategy.agents.section import Draft
from ai_data_strategy.domain import Id, Illustration, Line, Model
from ai_data_strategy.typeset.catalogue import N_

SeedKind = Literal["product_logs", "user_events", "content", "transactions", "support_tickets"]
KINDS: dict[str, str] = {
    "product_logs": N_("product logs"), "user_events": N_("user events"), "content": N_("content"), "transactions": N_("transactions"),
    "support_tickets": N_("support tickets"),
}  # fmt: skip
MECHANISMS = {
    "table": N_("table"), "api": N_("API"), "export": N_("export"), "stream": N_("stream"), "files": N_("files"),
    "to_build": N_("to build"), "unknown": N_("unknown"),
}  # fmt: skip
AGREEMENTS = {"none_needed": N_("none needed"), "in_place": N_("in place"), "missing": N_("missing"), "unknown": N_("unknown")}
SENSITIVITIES = {
    "none": N_("none"), "personal": N_("personal"), "free_text": N_("free text, may hold anything"), "financial": N_("financial"),
    "device": N_("device"), "location": N_("location"), "biometric": N_("biometric"), "special": N_("special category"),
    "criminal": N_("criminal offence, Art. 10"), "child": N_("child"),
}  # fmt: skip


class SourceAudit(Model):
    """What the blueprint does not say of a source. Say unknown where nobody has told; never invent."""

    source: Id
    mechanism: Literal["table", "api", "export", "stream", "files", "to_build", "unknown"]
    access: Annotated[Line, Field(description="how it is read for training; if unknown, who finds out")]
    readers: Annotated[Line, Field(description="who may read it, and who grants that")]
    agreement: Literal["none_needed", "in_place", "missing", "unknown"]
    agreement_note: Annotated[Line, Field(description="with whom, and whether it covers training")]
    defect: Annotated[Line, Field(description="what this source cannot tell, or gets wrong, for this task")]
    span_note: Annotated[Line | None, Field(description="only if the blueprint has no first day: how it will be found")]
    owner_found_by: Annotated[Id | None, Field(description="only if the blueprint has no owner: role that names one")]


class Coverage(Model):
    """One of the five usual kinds of source: covered by sources, or not present and why that matters or not."""

    kind: SeedKind
    sources: Annotated[list[Id], Field(max_length=6)]
    absent_because: Line | None


class Gap(Model):
    """Something the task needs and no source holds."""

    missing: Line
    kind: Literal["label", "negative", "rare_class", "group", "outcome", "feature", "permission", "event", "log"]
    needed_because: Line
    collect: Line
    owner: Id
    due: date
    closes: Annotated[list[Id], Field(max_length=4, description="ids of events without a source and of sources to build that this brings")]


class Inventory(Draft):
    """The inventory of one product. Volume, dates, period, owner and fields of sources stand in the blueprint."""

    sources: Annotated[list[SourceAudit], Field(max_length=10)]
    coverage: Annotated[list[Coverage], Field(max_length=5, description="all five kinds")]
    gaps: Annotated[list[Gap], Field(min_length=1, max_length=10)]
    said: Annotated[Illustration | None, Field(description="the brief's own words on contracts or ownership, verbatim")]
