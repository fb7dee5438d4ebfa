"""The plan in the making: reading, facts, archetype knowledge, words of the language, people, dates and sizes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from ai_data_strategy.blueprint import Role
from ai_data_strategy.domain import Answer, Evidence, Figure, Quantity, Verification
from ai_data_strategy.playbook.desk import knowledge
from ai_data_strategy.playbook.facts import Facts, gather, rate_unit
from ai_data_strategy.playbook.measured import MEASURED, figure, with_measured
from ai_data_strategy.playbook.reading import Amount, Reading
from ai_data_strategy.typeset.catalogue import translator

_STAND_IN = {"rules": "tabular_classification"}
DIGIT = re.compile(r"\d")


@dataclass
class Plan:
    """Everything the planner knows so far; `quantities` collects the blueprint's own numbers by key."""

    reading: Reading
    answers: Sequence[Answer]
    today: date
    facts: Facts
    topic: Mapping[str, Any]
    kind: str
    quantities: dict[str, Quantity] = field(default_factory=dict)
    roles: list[Role] = field(default_factory=list)

    @classmethod
    def open(cls, reading: Reading, answers: Sequence[Answer], today: date, evidence: Sequence[Evidence] = ()) -> Plan:
        kind = _STAND_IN.get(reading.archetype, reading.archetype)
        file = knowledge("archetypes")
        topic = {**file["default"], **file.get(kind, {})}
        return cls(reading, answers, today, with_measured(gather(reading), evidence), topic, kind)

    @property
    def start(self) -> date:
        """Plan start: the next Monday after today."""
        return self.today + timedelta(days=7 - self.today.weekday())

    @property
    def audit_day(self) -> date:
        """End of the data audit: Friday of the fourth week, two weeks after whoever builds the joins is there."""
        there = self.role_of(self.role("data_engineering")).available_from if self.roles else self.start
        return friday(rested(self.start, max(self.start + timedelta(days=25), there + timedelta(days=11))))

    @property
    def example(self) -> str:
        word = self.reading.example or self.say(self.topic["example"])
        rate = self.facts.per_day
        if rate and rate.noun and word.lower() not in self.text.lower():
            word = rate.noun
        return re.sub(r"\W+", "_", word).strip("_")[:40]

    @property
    def spoken_example(self) -> str:
        return self.example.replace("_", " ")

    @property
    def text(self) -> str:
        """Brief and real answers as one text."""
        return "\n".join([self.reading.text, *(a.text for a in self.answers if not a.skipped and a.text not in self.reading.text)])

    def say(self, message: str, **values: object) -> str:
        """A sentence in the document's language with its places filled."""
        places = {"product": self.reading.product} | values
        if "%(example)s" in message and "example" not in places:
            places["example"] = self.spoken_example
        text = translator(self.reading.language)(message)
        return text % places if "%(" in text else text

    def dial(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.topic["dials"][name]
        return found

    def mentions(self, words: str) -> bool:
        return bool(re.search(words, self.text, re.IGNORECASE))

    def role(self, duty: str) -> str:
        """Id of the role with a duty, else of whoever stands in."""
        order = {
            "annotation": ("domain",),
            "data_science": ("data_engineering",),
            "data_engineering": ("engineering", "data_science"),
            "engineering": ("data_engineering",),
        }
        for wanted in (duty, *order.get(duty, ()), "product"):
            if found := next((role.id for role in self.roles if role.duty == wanted), None):
                return found
        return self.roles[0].id

    def role_of(self, role: str) -> Role:
        return next(item for item in self.roles if item.id == role)

    def verify(self, impact: str, how: str, duty: str, weeks: int = 3) -> Verification:
        """Who verifies what and by when: some weeks after the start, not before the role is there."""
        owner = self.role(duty)
        there = max(self.start, self.role_of(owner).available_from)
        return Verification(impact=self.say(impact), how=self.say(how), owner=owner, by=friday(there + timedelta(days=7 * weeks - 10)))

    def put(self, key: str, unit: str, meaning: str, figure: Figure) -> str:
        """Define a quantity of the blueprint once; gives its key back."""
        self.quantities.setdefault(key, Quantity(key=key, unit=unit, meaning=self.say(meaning), **dict(figure)))
        return key

    def stated(self, key: str, amount: Amount, meaning: str, unit: str = "") -> str:
        """A stated amount in the unit in which it was said."""
        return self.put(key, unit or said_unit(amount, self.example), meaning, stated_figure(amount))


def stated_figure(amount: Amount) -> Figure:
    """The figure of a stated amount with its verbatim quotation, or of a measured one with its evidence."""
    if amount.origin == MEASURED:
        return figure(amount)
    if amount.high is not None:
        return Figure(low=amount.value, high=amount.high, basis="stated", source=amount.quote[:400])
    return Figure(value=amount.value, basis="stated", source=amount.quote[:400])


def said_unit(amount: Amount, noun: str) -> str:
    """The unit of a stated amount: time, percent and money as they are, counts by their noun, rates by their time."""
    head = amount.unit or re.sub(r"[^\w]+", "_", amount.noun).strip("_") or noun
    per = rate_unit(amount)
    return f"{head}/{per}" if per else head


def proposed(value: float, role: str) -> Figure:
    return Figure(value=value, basis="proposed", source=role)


def assumed(value: float, why: str, check: Verification) -> Figure:
    return Figure(value=value, basis="assumed", source=why, check=check)


def unknown(why: str, check: Verification) -> Figure:
    return Figure(basis="unknown", source=why, check=check)


def computed(expression: str, source: str = "") -> Figure:
    return Figure(basis="derived", source=source, expression=expression)


def friday(day: date) -> date:
    """The Friday of that week, or the next one from a weekend."""
    return day + timedelta(days=(4 - day.weekday()) % 7)


def rested(begin: date, end: date) -> date:
    """`end`, moved by a week for each turn of the year that the stretch contains: nothing is due between the years."""
    turns = sum(begin <= date(year, 12, 28) <= end + timedelta(days=4) for year in range(begin.year, end.year + 1))
    return end + timedelta(weeks=turns)


def monday(day: date) -> date:
    """That day if it is a Monday, else the next one."""
    return day + timedelta(days=-day.weekday() % 7)
