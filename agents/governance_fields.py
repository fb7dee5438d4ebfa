"""The typed fields of data governance."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ai_data_strategy.agents.section import Draft
from ai_data_strategy.domain import Id, Illustration, Key, Line, Model
from ai_data_strategy.typeset.catalogue import N_

FieldRef = Annotated[str, Field(max_length=121, pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$", description="source.field, both ids")]
Way = Literal["pseudonymise", "anonymise", "drop", "aggregate", "keep"]
Reach = Literal["raw", "features", "labels", "benchmark", "backups", "models"]
Status = Literal["ok", "unclear", "missing", "not_ok"]
WAYS = {
    "pseudonymise": N_("pseudonymised, still personal data"), "anonymise": N_("anonymised"), "drop": N_("dropped"),
    "aggregate": N_("aggregated"), "keep": N_("kept"),
}  # fmt: skip
REACHES: dict[Reach, str] = {
    "raw": N_("raw data"), "features": N_("features"), "labels": N_("labels"), "benchmark": N_("benchmark"),
    "backups": N_("backups and caches"), "models": N_("trained models"),
}  # fmt: skip
STATES = {"ok": N_("in order"), "unclear": N_("unclear"), "missing": N_("missing"), "not_ok": N_("not in order")}
GDPR_DAYS = 30
"""Art. 12(3) GDPR: one month."""


class Treatment(Model):
    """What happens before training to fields that are treated alike. A keyed hash is pseudonymisation and never anonymisation."""

    fields: Annotated[list[FieldRef], Field(min_length=1, max_length=40)]
    treatment: Way
    how: Annotated[Line, Field(description="the real method; for free text, images and voice how it is measured and what slips through")]
    because: Annotated[Line | None, Field(description="required for keep: why it is needed and how people may still be recognised")]


class PersonalUse(Model):
    """May the personal data of one source be used for training, and from when."""

    collected_for: Line
    ml_use: Line
    compatible: Literal["yes", "no", "open"]
    reconsent: Annotated[Line | None, Field(description="who has to agree anew and how; required unless compatible is yes")]
    basis: Annotated[Line, Field(description="legal basis for training (article) and in which role: controller or processor")]
    clause: Annotated[Illustration, Field(description="contract, notice or clause in its own words; or that nobody has read one yet")]
    status: Status
    action: Annotated[Id | None, Field(description="id in actions of what settles it; null only if ok")]
    training_from: Annotated[date | None, Field(description="first day its rows may train, after the action is due; null if never")]


class SourceRule(Model):
    """Rules for one source of the blueprint."""

    source: Id
    deletion_job: Annotated[Line, Field(description="automated job: by which field and how often, and what raises an alarm")]
    personal: Annotated[PersonalUse | None, Field(description="null only for a source without personal fields")]


class Lineage(Model):
    """How one finds the models that a person is in, and the people behind a model."""

    person_key: Annotated[FieldRef | None, Field(description="stored field that names the person; null only without personal data")]
    example_key: Id
    model_key: Id
    stored_in: Annotated[Line, Field(description="the table that joins example and model version, and who may read it")]
    forward: Annotated[Line, Field(description="question from person to model versions, over which keys")]
    backward: Annotated[Line, Field(description="question from model version to examples and people")]


class ErasureStep(Model):
    """How erasure reaches one place. `after` is the place that must be clean first; days of a chain add up."""

    reaches: Reach
    method: Line
    days: Annotated[
        Key, Field(description="quantity in days that this step takes at most; backup_retention or retrain_cadence where they set it")
    ]
    after: Reach | None


class Forgetting(Model):
    """How a model forgets. Unlearning is no promise: the fallback is training again."""

    method: Literal["full_refit", "sharded_refit", "no_weights"]
    because: Line
    cost: Annotated[Key, Field(description="quantity in money or hours that one forgetting costs")]


class RegimeDuty(Model):
    """What a regime of the blueprint changes in this plan."""

    regime: Id
    duty: Line


class Governance(Draft):
    """Data governance of one product: permission, treatment, retention, lineage, erasure."""

    no_personal_because: Annotated[Line | None, Field(description="only if no source has personal fields: why, else null")]
    treatments: Annotated[list[Treatment], Field(max_length=16)]
    sources: Annotated[list[SourceRule], Field(max_length=10, description="one for each source of the blueprint")]
    lineage: Lineage
    erasure: Annotated[list[ErasureStep], Field(max_length=6, description="one for each place; empty without personal data")]
    exceptions: Annotated[Line, Field(description="who is not erased and why (legal claims, statutory retention), or that there is none")]
    forgetting: Forgetting
    regimes: Annotated[list[RegimeDuty], Field(max_length=8)]
