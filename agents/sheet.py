"""What is known when a section is checked: the brief, the answers, the blueprint, the ledger, the other drafts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from pydantic import BaseModel

from ai_data_strategy.agents.once import once
from ai_data_strategy.blueprint import Blueprint, Dial, Shared, Source
from ai_data_strategy.domain import Answer, Brief, Evidence, Figure, Quantity, Text
from ai_data_strategy.quantities.ledger import Entry, Ledger

PERSONAL = ("personal", "free_text", "financial", "device", "location", "biometric", "special", "criminal", "child")


@once(256)
def shared_quantities(blueprint: Blueprint) -> tuple[Quantity, ...]:
    """The blueprint's shared figures as quantities: key is the field, meaning and unit come from its declaration."""
    return tuple(_quantity(key, getattr(blueprint.shared, key), blueprint) for key in Shared.model_fields)


@once(256)
def ground_of(blueprint: Blueprint) -> Ledger:
    """The ledger of the blueprint alone."""
    return Ledger.of({"blueprint": [*shared_quantities(blueprint), *blueprint.quantities]})


def _quantity(key: str, figure: Figure, blueprint: Blueprint) -> Quantity:
    declared = Shared.model_fields[key]
    dial = next(item for item in declared.metadata if isinstance(item, Dial))
    return Quantity(key=key, meaning=declared.description or key, unit=fill_unit(dial.unit, blueprint), **dict(figure))


def fill_unit(unit: str, blueprint: Blueprint) -> str:
    """A unit with the blueprint's words for {example} and {currency}."""
    return unit.replace("{example}", blueprint.example).replace("{currency}", blueprint.currency)


def shared_units() -> str:
    """Every shared key with its unit, for the planner's prompt."""
    dials = (
        (key, next(item.unit for item in declared.metadata if isinstance(item, Dial))) for key, declared in Shared.model_fields.items()
    )
    return ", ".join(f"{key} [{unit}]" for key, unit in dials)


def texts(value: object, path: str = "") -> Iterator[tuple[str, Text, str]]:
    """Every text in a model with its path and kind, nested models and lists included."""
    if isinstance(value, BaseModel):
        for name, kind in _kinds(type(value)):
            inner = getattr(value, name)
            where = f"{path}.{name}" if path else name
            if isinstance(inner, str) and kind:
                yield where, kind, inner
            elif isinstance(inner, list) and kind:
                yield from ((f"{where}[{index}]", kind, item) for index, item in enumerate(inner) if isinstance(item, str))
            elif isinstance(inner, (BaseModel, list, tuple)):
                yield from texts(inner, where)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from texts(item, f"{path}[{index}]")


@lru_cache(maxsize=512)  # bounded: types of patches are made on the fly
def _kinds(model: type[BaseModel]) -> tuple[tuple[str, Text | None], ...]:
    """The fields of a type, each with the kind of text that it holds."""
    return tuple(
        (name, next((item for item in declared.metadata if isinstance(item, Text)), None) or _nested_kind(declared.annotation))
        for name, declared in model.model_fields.items()
    )


def _nested_kind(annotation: object) -> Text | None:
    for argument in (annotation, *getattr(annotation, "__args__", ())):
        for item in getattr(argument, "__metadata__", ()):
            if isinstance(item, Text):
                return item
    return None


@dataclass(frozen=True)
class Sheet:
    """One strategy as far as it is known. Section checks see `drafts` of other sections only after all are written."""

    brief: Brief
    blueprint: Blueprint
    ledger: Ledger
    today: date
    answers: Sequence[Answer] = ()
    evidence: Sequence[Evidence] = ()
    drafts: Mapping[str, BaseModel] = field(default_factory=dict)

    def entry(self, key: str | None) -> Entry | None:
        return self.ledger.get(key) if key else None

    def number(self, key: str | None, unit: str, end: str = "value") -> float | None:
        """Value of a quantity in a unit; None if it is unknown, missing or of another dimension."""
        return self.ledger.number(key, fill_unit(unit, self.blueprint), end) if key else None

    def stands(self, key: str | None) -> bool:
        """True if the key has a value, or is said to be unknown or not applicable (which meets a presence check)."""
        entry = self.entry(key)
        return entry is not None and not entry.problem

    def known(self, key: str | None) -> bool:
        entry = self.entry(key)
        return entry is not None and entry.known

    def waived(self, key: str | None) -> bool:
        """True if the quantity is marked unknown or not applicable, so that a limit on it cannot be judged."""
        entry = self.entry(key)
        return entry is not None and entry.quantity.basis in ("unknown", "not_applicable")

    def source(self, source: str) -> Source | None:
        return next((item for item in self.blueprint.sources if item.id == source), None)

    @property
    def role_ids(self) -> set[str]:
        return {role.id for role in self.blueprint.roles}

    @property
    def source_ids(self) -> set[str]:
        return {source.id for source in self.blueprint.sources}

    @property
    def event_ids(self) -> set[str]:
        return {event.id for event in self.blueprint.events}

    @property
    def class_ids(self) -> set[str]:
        return {label.id for label in self.blueprint.classes}

    @property
    def slice_ids(self) -> set[str]:
        return {slice_.id for slice_ in self.blueprint.slices}

    @property
    def feature_ids(self) -> set[str]:
        """Ids of all fields of all sources."""
        return {field.id for source in self.blueprint.sources for field in source.fields}

    @property
    def personal_fields(self) -> set[tuple[str, str]]:
        """(source id, field id) of every field that is personal data."""
        return {(s.id, f.id) for s in self.blueprint.sources for f in s.fields if f.sensitivity in PERSONAL}

    @property
    def personal_sources(self) -> set[str]:
        return {source for source, _ in self.personal_fields}
