"""The typed fields of the roll-out section: phases, KPIs, money, federated learning, bias, feedback, team, platform, scaling."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ai_data_strategy.agents.section import Draft, derived
from ai_data_strategy.blueprint import Blueprint, Duty
from ai_data_strategy.domain import Id, Key, Line, Model, Name, Quantity

PhaseKind = Literal["baseline_audit", "labels", "offline", "shadow", "ramp", "review", "other"]
KpiKind = Literal["iteration_velocity", "quality_uplift", "task_quality", "label_quality", "feedback", "safety", "cost", "business"]
COSTS = ("labelling_cost", "storage_cost * year", "training_cost * year", "team_cost * year")
YEAR = 365
"""Days of year one, from the first milestone."""


class Phase(Model):
    """One phase between two milestones of the blueprint. The first is the baseline audit of logs and failures."""

    title: Name
    kind: PhaseKind
    begins: Annotated[Id, Field(description="milestone id")]
    ends: Annotated[Id, Field(description="milestone id, later than begins")]
    exit: Annotated[Line, Field(description="what must hold to leave it, decidable by a named role")]
    owner: Id


class Kpi(Model):
    """One measure of the flywheel. A baseline that nobody knows is a quantity marked unknown."""

    kind: KpiKind
    name: Name
    formula: Annotated[Line, Field(description="numerator, denominator, window")]
    baseline: Key
    target: Annotated[Key, Field(description="quantity in the unit of the baseline, with a value")]
    by: date
    owner: Id


class Return(Model):
    """Money of year one. Code adds cost_year_one and net_year_one; benefit_year_one is a quantity of this section."""

    other_costs: Annotated[
        list[Key], Field(max_length=5, description="quantities in money not counted elsewhere: law, hosting, losses of sampling")
    ]
    live_days: Annotated[Key, Field(description="quantity: days at full traffic within year one, by the milestones")]
    break_even: Annotated[
        Key | None, Field(description="quantity: what must be true to earn the cost back; required if benefit is unknown")
    ]
    chain: Annotated[
        list[Line], Field(min_length=3, max_length=5, description="steps from fewer failures to a business measure of this product")
    ]
    weak_link: Annotated[Line, Field(description="the step of the chain that is least sure, and why")]
    tested_by: Annotated[Line, Field(description="how and when that step is tested")]


class Federated(Model):
    """Whether training is federated. Ask: do the data sit on devices or at parties that may not share them?"""

    verdict: Literal["adopt", "later", "no"]
    data_at: Line
    because: Line
    cost: Line


class BiasAudit(Model):
    """The audit of unequal quality. `slices` are all slices of the blueprint."""

    slices: Annotated[list[Id], Field(max_length=8)]
    metric: Line
    threshold: Key
    cadence: Annotated[Key, Field(description="quantity in time units")]
    owner: Id
    on_breach: Line
    undecidable: Annotated[Line, Field(description="which slice the numbers cannot decide, and what is done instead")]


class FeedbackBias(Model):
    """The biased loop: who speaks, who is silent, what the model learns from that, and who is asked instead."""

    speaks: Line
    silent: Line
    skew: Line
    sourcing: Line


class TeamDuty(Model):
    """What one role does for the flywheel, and which duties it covers."""

    role: Id
    covers: Annotated[list[Duty], Field(min_length=1, max_length=5)]
    does: Line


class Platform(Model):
    """The MLOps platform, or null and the reason for none."""

    chosen: Name | None
    because: Line


class Scaling(Model):
    """What breaks first at ten times the usage."""

    first_break: Literal["storage", "labelling", "review", "retraining_time", "serving"]
    because: Line
    plan: Line


class Rollout(Draft):
    """Roll-out, KPIs and return of one product. `quantities` defines benefit_year_one ({currency}; may be unknown)."""

    phases: Annotated[list[Phase], Field(max_length=8)]
    kpis: Annotated[list[Kpi], Field(max_length=7)]
    money: Return
    federated: Federated
    bias: BiasAudit
    feedback_bias: FeedbackBias
    team: Annotated[list[TeamDuty], Field(max_length=8)]
    platform: Platform
    scaling: Scaling


def figures(draft: Rollout) -> list[Quantity]:
    """The figures that code adds: cost and net of year one."""
    cost = " + ".join([*COSTS, *dict.fromkeys(draft.money.other_costs)])
    return [
        derived("cost_year_one", "{currency}", "cost of year one: labels, storage, training, people and the other costs", cost),
        derived("net_year_one", "{currency}", "benefit less cost of year one", "benefit_year_one - cost_year_one"),
    ]


def milestone(blueprint: Blueprint, id_: str) -> date | None:
    """Day of a milestone; None if the blueprint has none of that id."""
    return next((item.day for item in blueprint.milestones if item.id == id_), None)
