"""What the playbook reads out of a brief and its answers. Every item keeps the words it was read from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from ai_data_strategy.blueprint import Contradiction


@dataclass(frozen=True)
class Amount:
    """A number in the text: value (or range), unit as `quantities.units` reads it, the noun it counts, and the quotation.

    `unit` is a time unit, `percent`, a currency code, a byte unit, or "" for a plain count; `per` is the time unit (or other
    word) of a rate, else "". `kind` says what the number is of, see KINDS; `origin` is "brief" or the id of the answered
    question; `since` is the first day of the stock that the number counts. `corrected` is true if a later answer says that
    the number counts something else.
    """

    value: float
    unit: str
    noun: str
    quote: str
    high: float | None = None
    per: str = ""
    kind: str = ""
    origin: str = "brief"
    since: date | None = None
    corrected: bool = False

    @property
    def full_unit(self) -> str:
        """Unit with the rate: `ticket/day`, `EUR/hour`, `percent`."""
        head = self.unit or self.noun.replace(" ", "_") or "count"
        return f"{head}/{self.per}" if self.per else head


KINDS = {
    "volume": "examples or other rows in stock", "rate": "examples or events per time", "population": "customers, users, machines, places",
    "latency": "time in which an answer must be there", "history": "how far back the data reach or should be learned from",
    "label_delay": "time from an example to its known label", "retention": "how long something is kept", "erasure_limit": "time in which erasure is done",
    "erasure_requests": "requests for erasure per time", "base_rate": "share of positives", "precision": "share of alarms that are right",
    "recall": "share of positives found", "action_share": "share of examples that are acted on today (blocked, flagged, rejected)",
    "rework": "share corrected or moved", "language_share": "share of a language", "quality": "accuracy or error today", "target": "a wish",
    "budget": "money granted or asked for", "hourly_cost": "money an hour of work", "error_cost": "money or harm of one error", "money": "other money",
    "people": "people of a role", "hours": "working hours a week", "minutes_per_item": "minutes to decide or label one item", "classes": "label classes",
    "rules": "rules in force", "absence": "time somebody is away", "horizon": "how far ahead is forecast",
    "deadline": "time until it must run", "age": "age of people", "period": "other time",
    "share": "other share", "storage": "bytes", "count": "other count",
}  # fmt: skip
"""What a number can be of."""


@dataclass(frozen=True)
class Person:
    """A role or team that the text names, with what it says of its capacity.

    `from_day` is the day from which the role is there, `away` the quotation of an absence.
    """

    title: str
    duty: str
    quote: str
    count: float | None = None
    hours_per_week: float | None = None
    from_day: date | None = None
    share_of_time: float | None = None
    away: str = ""


@dataclass(frozen=True)
class Denial:
    """Why the brief should not get a learning system: `rule` names the entry of denials.yaml, `quote` the words that show it."""

    outcome: str
    rule: str
    quote: str


WEAK = 3.0
"""Score of an archetype below which the brief does not say what is to be decided."""


@dataclass(frozen=True)
class Reading:
    """Everything the playbook knows of one brief. `terms` are its telling words: product, systems, events, places."""

    text: str
    language: str
    product: str
    archetype: str
    runner_up: str = ""
    example: str = ""
    currency: str = "EUR"
    amounts: tuple[Amount, ...] = ()
    people: tuple[Person, ...] = ()
    systems: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    deadlines: tuple[tuple[date, str], ...] = ()
    terms: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    topics: dict[str, str] = field(default_factory=dict)
    """Sentence of the text that speaks of a topic: consent, retention, erasure, label, unlabeled, baseline, feedback, owner,
    contract, task, cost, people, law, hosting, leakage, deadline, budget. A later answer replaces what the brief said."""
    tables: tuple[str, ...] = ()
    scores: dict[str, float] = field(default_factory=dict)
    """Points of each archetype; `cues` are the words that gave them."""
    cues: dict[str, tuple[str, ...]] = field(default_factory=dict)
    because: str = ""
    """Why this archetype and not the runner-up, in the document's language."""
    contradictions: tuple[Contradiction, ...] = ()
    denial: Denial | None = None
    answered: tuple[str, ...] = ()
    """Ids of the questions that have an answer that was not skipped."""

    def all(self, kind: str) -> tuple[Amount, ...]:
        """Amounts of a kind that still hold, answers before the brief."""
        held = [amount for amount in self.amounts if amount.kind == kind and not amount.corrected]
        return tuple(sorted(held, key=lambda amount: amount.origin == "brief"))

    def amount(self, kind: str, noun: str = "") -> Amount | None:
        """The first amount of a kind (and noun, if given); of volumes and rates, first the one that counts the examples."""
        found = [amount for amount in self.all(kind) if not noun or noun in amount.noun]
        return next((amount for amount in found if amount.noun == self.example), found[0] if found else None)

    @property
    def vague(self) -> bool:
        """True if the brief does not say which decision is meant, so that the kind of task is a guess."""
        return self.scores.get(self.archetype, 0.0) < WEAK
