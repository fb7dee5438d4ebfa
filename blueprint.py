"""The blueprint: the shared facts that every section refers to by id and none repeats."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ai_data_strategy.domain import Figure, Id, Illustration, Key, Line, Model, Name, Quantity, Verification

Archetype = Literal[
    "text_classification",
    "tabular_classification",
    "ranking",
    "rag_chat",
    "extraction",
    "forecasting",
    "fraud",
    "vision",
    "speech",
    "maintenance",
    "rules",
]
SourceKind = Literal[
    "product_logs",
    "user_events",
    "content",
    "transactions",
    "support_tickets",
    "reference",
    "third_party",
    "sensors",
    "annotations",
    "other",
]
Sensitivity = Literal["none", "personal", "free_text", "financial", "device", "location", "biometric", "special", "criminal", "child"]
"""Everything but `none` is personal data. `special` is Art. 9 GDPR (health, faith, union ...), `criminal` is Art. 10."""
Duty = Literal[
    "product", "domain", "data_science", "data_engineering", "engineering", "legal", "finance", "annotation", "operations", "security"
]


class FieldSpec(Model):
    """One field of a source."""

    id: Id
    meaning: Line
    sensitivity: Sensitivity


class Source(Model):
    """One data source, existing or to be built. Keys name quantities; `owner` is a role id."""

    id: Id
    name: Name
    kind: SourceKind
    status: Literal["exists", "to_build"]
    named: Annotated[bool, Field(description="true only if the brief or an answer names this source")]
    owner: Annotated[Id | None, Field(description="role id; null if nobody has said")]
    rows: Annotated[Key, Field(description="quantity: rows or records in hand, or a day if it is a stream")]
    starts: Annotated[date | None, Field(description="first day of history; null if unknown")]
    ends: Annotated[date | None, Field(description="last day; null if ongoing")]
    update_period: Annotated[Key, Field(description="quantity in time units: how often it is updated")]
    retention: Annotated[Key, Field(description="quantity in days: how long it is kept")]
    training: Annotated[bool, Field(description="true if its rows enter training snapshots")]
    fields: Annotated[list[FieldSpec], Field(min_length=1, max_length=12)]


class Event(Model):
    """A user or system event; `source` is null while nothing records it (then it is a gap)."""

    id: Id
    meaning: Line
    source: Id | None


class LabelClass(Model):
    """One class that a label can take."""

    id: Id
    name: Name
    definition: Line


class Role(Model):
    """Somebody who owns, decides or does. `named` only if the brief or an answer knows this role."""

    id: Id
    title: Name
    duty: Duty
    named: bool
    available_from: date
    hours_per_week: Annotated[Key, Field(description="quantity in hour/week that this role can give to this plan")]
    absent_from: Annotated[date | None, Field(description="first day of an absence that the brief or an answer names, else null")] = None
    absent_until: Annotated[
        date | None, Field(description="last day of that absence; null if there is none, or if the role leaves for good")
    ] = None

    def away_on(self, day: date) -> bool:
        """True on a day of the absence; it has no end for somebody who leaves for good."""
        return self.absent_from is not None and self.absent_from <= day <= (self.absent_until or date.max)

    def days_there(self, start: date, end: date) -> int:
        """Calendar days from `start` to `end`, both counted, on which this role is there: come already, and not away."""
        begin = max(start, self.available_from)
        away = 0
        if self.absent_from is not None:
            away = max(0, (min(end, self.absent_until or end) - max(begin, self.absent_from)).days + 1)
        return max(0, (end - begin).days + 1 - away)

    @property
    def gone_from(self) -> date | None:
        """The day from which somebody is away for good."""
        return self.absent_from if self.absent_until is None else None


class Slice(Model):
    """A part of production that must not be lost in the average."""

    id: Id
    name: Name
    kind: Literal["typical", "group", "rare", "edge"]
    told_by: Annotated[Line, Field(description="the field or rule that tells members apart")]
    field: Annotated[Id | None, Field(description="id of the source field that tells it, null if none holds it")]
    share: Annotated[Key, Field(description="quantity in percent of production")]


class Regime(Model):
    """A law or rule that applies here, and why."""

    id: Id
    name: Name
    applies_because: Line
    demands: Line


class Milestone(Model):
    """A dated point of the plan."""

    id: Id
    title: Name
    day: date


class Contradiction(Model):
    """Two things said that cannot both hold, and the reading chosen."""

    one: Illustration
    other: Illustration
    reading: Line
    because: Line


class Assumption(Model):
    """Something assumed that is not a number."""

    id: Id
    statement: Line
    check: Verification


class Task(Model):
    """What the model does."""

    takes: Line
    gives: Line
    kind: Annotated[Name, Field(description="task type, for example multi-class classification")]
    decision: Line
    approach: Annotated[Line, Field(description="model family and how it is trained or prompted")]
    trains: Annotated[bool, Field(description="false if weights are never changed (prompting, retrieval)")]
    personal_data: bool


@dataclass(frozen=True)
class Dial:
    """Unit of a shared figure; {example} and {currency} stand for the blueprint's words."""

    unit: str


class Shared(Model):
    """The figures every plan needs, each with one meaning, one key (its field name) and one unit."""

    examples_per_day: Annotated[Figure, Field(description="new raw examples in production a calendar day"), Dial("{example}/day")]
    examples_in_hand: Annotated[Figure, Field(description="raw examples stored now and usable in principle"), Dial("{example}")]
    labelled_in_hand: Annotated[Figure, Field(description="examples whose label is already stored"), Dial("{example}")]
    label_delay: Annotated[Figure, Field(description="from the example to its known label, slow end"), Dial("day")]
    baseline: Annotated[Figure, Field(description="today's level of the success metric without the model"), Dial("percent")]
    target: Annotated[Figure, Field(description="level of the success metric that the plan aims at"), Dial("percent")]
    effect: Annotated[
        Figure, Field(description="smallest difference in the success metric, in points, that a live test must show"), Dial("point")
    ]
    benchmark_items: Annotated[
        Figure, Field(description="human-labelled items in the frozen benchmark, at least five hundred"), Dial("{example}")
    ]
    overlap_items: Annotated[Figure, Field(description="items labelled by two or more people to measure agreement"), Dial("{example}")]
    training_label_items: Annotated[Figure, Field(description="human labels bought for training and calibration"), Dial("{example}")]
    agreement_target: Annotated[Figure, Field(description="agreement coefficient between annotators, at least 0.8"), Dial("coefficient")]
    minutes_per_item: Annotated[Figure, Field(description="human minutes to label one item once"), Dial("minute/{example}")]
    annotators: Annotated[Figure, Field(description="people who label"), Dial("person")]
    annotator_hours: Annotated[Figure, Field(description="hours a week that all annotators together can give"), Dial("hour/week")]
    annotator_rate: Annotated[Figure, Field(description="cost of one annotator hour"), Dial("{currency}/hour")]
    retrain_cadence: Annotated[Figure, Field(description="time between two scheduled trainings or prompt releases"), Dial("day")]
    training_window: Annotated[Figure, Field(description="how far back training data reach"), Dial("day")]
    feedback_lag_limit: Annotated[
        Figure, Field(description="longest accepted time from a user's action to a live model that knows it"), Dial("day")
    ]
    live_share: Annotated[Figure, Field(description="share of live traffic that the challenger gets in the test"), Dial("percent")]
    shadow_time: Annotated[Figure, Field(description="time a new version runs in shadow before it may act"), Dial("day")]
    test_time: Annotated[Figure, Field(description="minimum time of the live test"), Dial("day")]
    ramp_time: Annotated[Figure, Field(description="time from first live share to full traffic, the live test included"), Dial("day")]
    log_retention: Annotated[Figure, Field(description="how long prediction logs with personal data are kept"), Dial("day")]
    backup_retention: Annotated[Figure, Field(description="how long backups and caches keep deleted rows"), Dial("day")]
    erasure_limit: Annotated[Figure, Field(description="days within which erasure reaches everything, models included"), Dial("day")]
    team_cost: Annotated[Figure, Field(description="cost of the people on this plan a year, without annotators"), Dial("{currency}/year")]
    budget: Annotated[Figure, Field(description="money that has been granted or asked for in year one"), Dial("{currency}")]


class Blueprint(Model):
    """The shared facts of one strategy."""

    product: Name
    archetype: Archetype
    example: Annotated[
        str,
        Field(max_length=40, pattern=r"^\S+$", description="count noun of examples, plural, one word, in the document's language: tickets"),
    ]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    verdict: Literal["go", "go_after", "no_ai"]
    conditions: Annotated[list[Line], Field(max_length=3, description="what must hold before it goes, for go_after")]
    metric: Annotated[Name, Field(description="name of the success metric")]
    task: Task
    classes: Annotated[list[LabelClass], Field(max_length=20)]
    no_classes_because: Annotated[Line | None, Field(description="why there are no label classes, else null")]
    sources: Annotated[list[Source], Field(min_length=1, max_length=10)]
    events: Annotated[list[Event], Field(min_length=1, max_length=12)]
    roles: Annotated[list[Role], Field(min_length=2, max_length=10)]
    slices: Annotated[list[Slice], Field(max_length=8)]
    regimes: Annotated[list[Regime], Field(max_length=8)]
    milestones: Annotated[list[Milestone], Field(min_length=3, max_length=12, description="in order; the first is the start")]
    guidelines_version: Annotated[Name, Field(description="version of the labelling guidelines, for example v1.0")]
    shared: Shared
    quantities: Annotated[list[Quantity], Field(max_length=40, description="every other shared number")]
    contradictions: Annotated[list[Contradiction], Field(max_length=8)]
    assumptions: Annotated[list[Assumption], Field(max_length=8)]
