"""The typed fields of the quality chapter: limits a feature, label noise, entities, staleness, slices, volume, guards."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ai_data_strategy.agents.section import Draft
from ai_data_strategy.domain import Id, Key, Line, Model, Name
from ai_data_strategy.typeset.catalogue import N_

Reaction = Literal["block", "quarantine", "alert"]
REACTIONS = {"block": N_("block"), "quarantine": N_("quarantine"), "alert": N_("alert")}
SliceKind = Literal["group", "rare", "edge"]
KINDS: dict[str, str] = {"group": N_("groups of people"), "rare": N_("rare cases"), "edge": N_("edge cases")}
Ruling = Literal["enough", "short", "set_aside", "unknown", "not_applicable"]
RULINGS = {
    "enough": N_("That suffices."), "short": N_("That is too few."), "set_aside": N_("This rule of thumb does not decide here."),
    "unknown": N_("That cannot be said yet."), "not_applicable": N_("The rule of ten examples a parameter does not apply."),
}  # fmt: skip


class MissingLimit(Model):
    """How often one required feature may be empty."""

    source: Id
    field: Id
    at_most: Annotated[Key, Field(description="quantity in percent; fields of one kind may share a key")]
    reaction: Reaction


class LabelNoise(Model):
    """How the error of labels is measured, and the ceiling above which nothing is trained."""

    method: Annotated[Line, Field(description="who reads what, blind to what")]
    sample: Annotated[Key, Field(description="items read; use overlap_items if it is the same reading")]
    ceiling: Annotated[Key, Field(description="percent of labels that may be overturned")]
    not_visible: Annotated[Line, Field(description="the error that this reading cannot see")]


class FieldRef(Model):
    """A field of a source."""

    source: Id
    field: Id


class Entity(Model):
    """One thing that occurs in several places, its keys, and how doubles are merged."""

    entity: Name
    keys: Annotated[list[FieldRef], Field(min_length=1, max_length=5)]
    merged_by: Annotated[Line, Field(description="what counts as the same, near duplicates included")]


class Staleness(Model):
    """How old a source may be when it is used; not less than its update period."""

    source: Id
    at_most: Annotated[Key, Field(description="quantity in time units")]


class SliceNeed(Model):
    """Least number of training (or judged) examples of a slice. Code adds what can be expected."""

    slice: Id
    share: Annotated[Key, Field(description="the blueprint's key of its share")]
    minimum: Annotated[Key, Field(description="least number of examples")]
    if_thin: Annotated[Line, Field(description="what is collected, or who decides instead of the model")]


class Uncovered(Model):
    """A kind of slice that the blueprint does not have, and why."""

    kind: SliceKind
    because: Line


class Volume(Model):
    """The rule of ten examples a parameter, judged. Quantities trainable_parameters and available_examples are this section's."""

    ruling: Ruling
    because: Annotated[Line, Field(description="what the trainable parameters are, and what the rule is worth here")]
    learning_curve: Annotated[Line | None, Field(description="the test that decides about more data; null only if nothing is trained")]


class Guard(Model):
    """The automatic check of one dimension and what follows when it fails."""

    check: Annotated[Line, Field(description="what runs by itself, where and when")]
    reaction: Reaction
    then: Annotated[Line, Field(description="what stops, who is told, what serves meanwhile")]


class Guards(Model):
    """One guard a dimension."""

    completeness: Guard
    accuracy: Guard
    consistency: Guard
    timeliness: Guard
    representativeness: Guard
    volume: Guard


DIMENSIONS = {
    "completeness": N_("completeness"), "accuracy": N_("accuracy"), "consistency": N_("consistency"), "timeliness": N_("timeliness"),
    "representativeness": N_("representativeness"), "volume": N_("volume"),
}  # fmt: skip


class Quality(Draft):
    """The quality rules of one product."""

    missing: Annotated[list[MissingLimit], Field(min_length=1, max_length=10)]
    noise: LabelNoise
    entities: Annotated[list[Entity], Field(min_length=1, max_length=4)]
    staleness: Annotated[list[Staleness], Field(max_length=10)]
    slices: Annotated[list[SliceNeed], Field(max_length=8)]
    uncovered: Annotated[list[Uncovered], Field(max_length=3)]
    volume: Volume
    guards: Guards


def expected_key(slice_: str) -> str:
    """Key of the examples that can be expected of a slice."""
    return f"quality_in_{slice_}"[:60]
