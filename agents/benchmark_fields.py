"""The typed fields of the benchmark data set."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ai_data_strategy.agents.section import Draft
from ai_data_strategy.domain import Id, Illustration, Key, Line, Model, Name
from ai_data_strategy.typeset.catalogue import N_

Kind = Literal["typical", "edge", "adversarial", "subgroup"]
Place = Literal["training_snapshots", "replay_to_train", "few_shot_prompts", "guidelines"]
KINDS: dict[Kind, str] = {"typical": N_("typical"), "edge": N_("edge"), "adversarial": N_("adversarial"), "subgroup": N_("subgroup")}
PLACES: dict[Place, str] = {
    "training_snapshots": N_("training snapshots"), "replay_to_train": N_("failure replay that feeds training"),
    "few_shot_prompts": N_("examples in prompts"), "guidelines": N_("examples in the guidelines"),
}  # fmt: skip


class Part(Model):
    """One part of the benchmark; the items of all parts add up to benchmark_items."""

    kind: Kind
    slice: Annotated[Id | None, Field(description="slice of the blueprint that this part oversamples, required for subgroup, else null")]
    what: Line
    items: Annotated[Key, Field(description="quantity: number of items; short key")]
    drawn: Annotated[Line, Field(description="from which source and how, so that the draw can be repeated")]


class Gate(Model):
    """What is decided on the whole benchmark or on one slice. Code compares the margin with the half width that n allows."""

    id: Id
    metric: Name
    slice: Annotated[Id | None, Field(description="slice of the blueprint, null for the whole")]
    items: Annotated[
        Key, Field(description="quantity: items that the metric is computed on (its denominator: only the positives for recall)")
    ]
    level: Annotated[Key, Field(description="quantity in percent: level expected of the metric")]
    margin: Annotated[Key, Field(description="quantity in points: the difference that this gate must tell from chance")]
    half_width: Annotated[Key | None, Field(description="own half width in points for a metric that is no share of items, else null")]
    verdict: Annotated[
        Literal["gate", "report", "not_decidable"], Field(description="gate blocks a release; not_decidable below thirty items")
    ]
    on_breach: Line


class Freeze(Model):
    """What makes the benchmark a fixed thing."""

    version: Name
    content_hash: Annotated[Line, Field(description="algorithm, and what is hashed in which order")]
    write_access: Annotated[list[Id], Field(min_length=1, max_length=2, description="roles that may write; not those who build the model")]
    readers: Annotated[Line, Field(description="who sees rows, who sees scores only")]
    frozen_on: date


class NeverTrained(Model):
    """How items are kept out of every path that teaches."""

    by_id: Line
    near_duplicate: Annotated[Line, Field(description="what counts as nearly the same here, and how it is found")]
    split_by: Literal["entity", "time", "entity_and_time"]
    split: Annotated[Line, Field(description="which entity or date, and what would leak with another split")]
    enforced_in: Annotated[Line, Field(description="the pipeline step that fails")]
    kept_out_of: Annotated[list[Place], Field(max_length=4)]


class ErasedItem(Model):
    """What happens to an item whose person must be erased, although the benchmark is frozen."""

    tombstone: bool
    new_version: bool
    rule: Line


class Refresh(Model):
    """When a new version is drawn, and what the old one is good for."""

    every: Annotated[Key, Field(description="quantity in time units, at most a year")]
    shift: Annotated[Line, Field(description="what is watched in production")]
    trigger: Annotated[Key, Field(description="quantity: the value of it that starts a refresh")]
    old_kept: bool
    old_use: Annotated[Line, Field(description="how old and new version are compared, and how long the old one lives")]


class HardCase(Model):
    """One concrete adversarial or edge case and the right outcome."""

    kind: Literal["adversarial", "edge"]
    example: Illustration
    expected: Line


class Benchmark(Draft):
    """The benchmark data set of one product."""

    parts: Annotated[list[Part], Field(min_length=1, max_length=9)]
    no_subgroups_because: Annotated[
        Line | None, Field(description="only if the blueprint has no slices of groups or rare cases, else null")
    ]
    gates: Annotated[list[Gate], Field(min_length=1, max_length=8, description="first the whole, then every subgroup part")]
    freeze: Freeze
    never_trained: NeverTrained
    erased: ErasedItem
    refresh: Refresh
    cases: Annotated[list[HardCase], Field(min_length=3, max_length=6)]
