"""The ledger: every quantity of a strategy under its key, with derived ones computed.

Ranges go through an expression by their corners (all combinations of low and high ends, at most 64), which is exact for
expressions that are monotone in each input.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product

from ai_data_strategy.domain import Quantity
from ai_data_strategy.errors import ExpressionError
from ai_data_strategy.quantities.expressions import evaluate, inputs
from ai_data_strategy.quantities.units import convert

_MOST_RANGES = 6


@dataclass(frozen=True)
class Entry:
    """A quantity with its computed value: `low` equals `high` unless it is a range; both None if unknown."""

    quantity: Quantity
    home: str
    low: float | None = None
    high: float | None = None
    problem: str = ""

    @property
    def known(self) -> bool:
        return self.low is not None and self.high is not None

    @property
    def value(self) -> float | None:
        """The value, or the middle of a range."""
        return None if self.low is None or self.high is None else (self.low + self.high) / 2


@dataclass(frozen=True)
class Clash:
    """Two meanings of one key."""

    key: str
    homes: tuple[str, str]


@dataclass
class Ledger:
    """All entries by key. Build it with `Ledger.of`; a key that is defined twice keeps its first meaning and is a clash."""

    entries: dict[str, Entry] = field(default_factory=dict)
    clashes: list[Clash] = field(default_factory=list)
    computed: Mapping[str, Entry] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, homes: Mapping[str, Iterable[Quantity]], base: Ledger | None = None) -> Ledger:
        """`homes` maps where quantities are defined (blueprint, section keys) to the quantities.

        `base` is a ledger over the first of these homes: what has a value there is not computed again.
        """
        ledger = cls(computed=base.entries if base else {})
        first: dict[str, tuple[Quantity, str]] = {}
        for home, quantities in homes.items():
            for quantity in quantities:
                if quantity.key not in first:
                    first[quantity.key] = (quantity, home)
                elif first[quantity.key][0] != quantity:
                    ledger.clashes.append(Clash(quantity.key, (first[quantity.key][1], home)))
        for key in first:
            ledger._resolve(key, first, ())
        return ledger

    def _resolve(self, key: str, all_: Mapping[str, tuple[Quantity, str]], path: tuple[str, ...]) -> Entry:
        if key in self.entries:
            return self.entries[key]
        quantity, home = all_[key]
        known = self.computed.get(key)
        if known and known.known and known.quantity is quantity:
            self.entries[key] = known
            return known
        if quantity.basis != "derived":
            low = quantity.low if quantity.low is not None else quantity.value
            high = quantity.high if quantity.high is not None else quantity.value
            entry = Entry(quantity, home, low, high)
        else:
            entry = self._derive(quantity, home, all_, (*path, key))
        self.entries[key] = entry
        return entry

    def _derive(self, quantity: Quantity, home: str, all_: Mapping[str, tuple[Quantity, str]], path: tuple[str, ...]) -> Entry:
        if not quantity.expression:
            return Entry(quantity, home, problem="derived without an expression")
        try:
            keys = inputs(quantity.expression)
        except ExpressionError as error:
            return Entry(quantity, home, problem=str(error))
        missing = [key for key in keys if key not in all_]
        if missing:
            return Entry(quantity, home, problem=f"no quantity has the key {', '.join(missing)}")
        if set(keys) & set(path):
            return Entry(quantity, home, problem=f"goes in a circle through {', '.join(path)}")
        parts = {key: self._resolve(key, all_, path) for key in keys}
        if not all(part.known for part in parts.values()):
            return Entry(quantity, home)
        try:
            results = [evaluate(quantity.expression, corner, quantity.unit) for corner in _corners(parts)]
        except ExpressionError as error:
            return Entry(quantity, home, problem=str(error))
        return Entry(quantity, home, _clean(min(results)), _clean(max(results)))

    def get(self, key: str) -> Entry | None:
        return self.entries.get(key)

    def number(self, key: str, unit: str, end: str = "value") -> float | None:
        """The value of `key` in `unit` (`end`: value, low or high); None if unknown, missing or of another dimension."""
        entry = self.entries.get(key)
        if entry is None or not entry.known:
            return None
        number = getattr(entry, end)
        try:
            return convert(float(number), entry.quantity.unit, unit)
        except ExpressionError:
            return None

    def uses(self, key: str) -> set[str]:
        """The key and everything it is computed from."""
        entry, found = self.entries.get(key), {key}
        if entry and entry.quantity.expression:
            try:
                for part in inputs(entry.quantity.expression):
                    found |= self.uses(part) if part not in found else set()
            except (ExpressionError, RecursionError):
                return found
        return found


def _corners(parts: Mapping[str, Entry]) -> Iterable[dict[str, tuple[float, str]]]:
    ranged = [key for key, part in parts.items() if part.low != part.high][:_MOST_RANGES]
    middle = {key: (float(part.value or 0.0), part.quantity.unit) for key, part in parts.items()}
    for ends in product(("low", "high"), repeat=len(ranged)):
        yield middle | {key: (float(getattr(parts[key], end)), parts[key].quantity.unit) for key, end in zip(ranged, ends, strict=True)}


def _clean(number: float) -> float:
    """Without the last digits that binary arithmetic adds."""
    return float(f"{number:.12g}")
