"""What the playbook reads out of a brief and its answers. Every item keeps the words it was read from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Amount:
    """A number in the text: value (or range), unit as `quantities.units` reads it, the noun it counts, and the quotation."""

    value: float
    unit: str
    noun: str
    quote: str
    high: float | None = None
    per: str = ""


@dataclass(frozen=True)
class Person:
    """A role or team that the text names, with what it says of its capacity."""

    title: str
    duty: str
    quote: str
    count: float | None = None
    hours_per_week: float | None = None
    from_day: date | None = None


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
    """Sentence of the text that speaks of a topic: consent, retention, erasure, label, baseline, feedback, owner, contract."""
