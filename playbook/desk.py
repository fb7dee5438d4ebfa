"""The desk at which the playbook writes: the reading, the blueprint, the archetype's knowledge, the words, the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from ai_data_strategy.blueprint import Blueprint, Role
from ai_data_strategy.domain import Quantity, Verification
from ai_data_strategy.playbook.reading import Reading
from ai_data_strategy.typeset.catalogue import translator
from ai_data_strategy.typeset.text import REFERENCE

_SUBSTITUTES = {
    "domain": ("operations", "product"), "annotation": ("domain", "operations", "product"), "data_science": ("data_engineering", "engineering"),
    "data_engineering": ("engineering", "data_science"), "engineering": ("data_engineering", "data_science"),
    "legal": ("product",), "finance": ("product",), "operations": ("domain", "product"), "security": ("engineering", "data_engineering"),
}  # fmt: skip


@cache
def knowledge(topic: str) -> Mapping[str, Any]:
    """One YAML file of the playbook, by its name without suffix."""
    return (
        yaml.load(
            (files("ai_data_strategy.playbook") / f"{topic}.yaml").read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        )
        or {}
    )


def topic_of(name: str, archetype: str) -> Mapping[str, Any]:
    """A topic's knowledge for an archetype: the archetype's entries over those of `default`."""
    file = knowledge(name)
    return {**file.get("default", {}), **file.get(archetype, {})}


def in_currency(euros: float, currency: str) -> float:
    """An assumed amount of the playbook, written in euros, in the order of magnitude of another currency."""
    return euros * float(knowledge("currencies").get(currency, 1))


@dataclass
class Desk:
    """Everything a section's playbook writes from. `quantities` collects the section's new numbers."""

    reading: Reading
    blueprint: Blueprint
    today: date
    quantities: list[Quantity] = field(default_factory=list)

    def say(self, message: str, **values: object) -> str:
        """A sentence in the document's language; %(name)s places are filled after translation. {key} refers to a quantity."""
        text = translator(self.language)(message)
        return text % values if values and "%(" in message else text

    @property
    def language(self) -> str:
        return self.reading.language

    def topic(self, name: str) -> Mapping[str, Any]:
        """A topic's knowledge for this archetype: the archetype's entries over those of `default`."""
        return topic_of(name, self.blueprint.archetype)

    def led(self, section: str, prose: str) -> str:
        """A section's prose, with a first sentence that names product and examples where it would name neither brief nor product."""
        said = REFERENCE.sub(" ", prose).casefold()
        terms = {term.casefold() for term in (*self.reading.terms, self.blueprint.product, self.blueprint.example) if term}
        if sum(term in said for term in terms) >= min(2, len(terms)):
            return prose
        return f"{self.say(knowledge('leads')[section], product=self.blueprint.product, examples=self.blueprint.example)} {prose}"

    def role(self, duty: str) -> str:
        """Id of the role with a duty, or of the nearest one."""
        for wanted in (duty, *_SUBSTITUTES.get(duty, ())):
            found = next((role.id for role in self.blueprint.roles if role.duty == wanted), None)
            if found:
                return found
        return self.blueprint.roles[0].id

    def role_of(self, role: str) -> Role:
        return next(item for item in self.blueprint.roles if item.id == role)

    @property
    def start(self) -> date:
        return self.blueprint.milestones[0].day

    def day(self, milestone: str) -> date:
        """Day of a milestone by id; the last one if there is none of that id."""
        return next((item.day for item in self.blueprint.milestones if item.id == milestone), self.blueprint.milestones[-1].day)

    def within(self, days: int, owner: str | None = None) -> date:
        """A due date some days after the start, not before its owner is there; moved off weekends."""
        begin = max(self.start, self.role_of(owner).available_from) if owner else self.start
        due = begin + timedelta(days=days)
        return due + timedelta(days=(7 - due.weekday()) % 7 if due.weekday() > 4 else 0)

    def _add(self, quantity: Quantity) -> str:
        self.quantities.append(quantity)
        return quantity.key

    def propose(self, key: str, value: float, unit: str, meaning: str, owner: str) -> str:
        """A setting or target of this plan, signed by a role; gives the key back."""
        return self._add(Quantity(key=key, value=value, unit=unit, meaning=meaning, basis="proposed", source=owner))

    def derive(self, key: str, unit: str, meaning: str, expression: str) -> str:
        return self._add(Quantity(key=key, unit=unit, meaning=meaning, basis="derived", source="", expression=expression))

    def cite(self, key: str, value: float, unit: str, meaning: str, source: str) -> str:
        """A number from law, a standard or the literature."""
        return self._add(Quantity(key=key, value=value, unit=unit, meaning=meaning, basis="external", source=source))

    def assume(
        self, key: str, value: float | tuple[float, float], unit: str, meaning: str, why: str, impact: str, how: str, owner: str, by: date
    ) -> str:
        """A number nobody has given, with how it will be verified; a tuple is a range."""
        low, high = value if isinstance(value, tuple) else (None, None)
        check = Verification(impact=impact, how=how, owner=owner, by=by)
        plain = None if isinstance(value, tuple) else value
        return self._add(
            Quantity(key=key, value=plain, low=low, high=high, unit=unit, meaning=meaning, basis="assumed", source=why, check=check)
        )

    def unknown(self, key: str, unit: str, meaning: str, why: str, how: str, owner: str, by: date) -> str:
        """A number that only the company can know, with who will measure it and how."""
        check = Verification(impact=why, how=how, owner=owner, by=by)
        return self._add(Quantity(key=key, unit=unit, meaning=meaning, basis="unknown", source=why, check=check))
