"""Arithmetic with units in plain floats: pint reads a unit text once, after that a measure is a number, a factor and dimensions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from ai_data_strategy.errors import ExpressionError
from ai_data_strategy.quantities.units import Dimensions, scale

_Powers = Callable[[Dimensions, Dimensions], Dimensions]


@dataclass(frozen=True, slots=True)
class Measure:
    """A number in a unit; `factor` leads to base units, `name` shows the unit in messages."""

    number: float
    factor: float = 1.0
    dimensions: Dimensions = ()
    name: str = ""

    @property
    def base(self) -> float:
        return self.number * self.factor

    @property
    def shown(self) -> str:
        return self.name or "a plain number"

    def into(self, unit: str) -> float:
        """The number in a unit of the same dimensions."""
        return self.number * (self.factor / scale(unit)[0])

    def fits(self, unit: str) -> bool:
        """True if the dimensions are those of a unit."""
        return self.dimensions == scale(unit)[1]

    def __neg__(self) -> Measure:
        return replace(self, number=-self.number)

    def __add__(self, other: Measure) -> Measure:
        self._same(other)
        return replace(self, number=self.number + other.number * (other.factor / self.factor))

    def __sub__(self, other: Measure) -> Measure:
        self._same(other)
        return replace(self, number=self.number - other.number * (other.factor / self.factor))

    def __mul__(self, other: Measure) -> Measure:
        name = f"{self.name} * {other.name}".strip(" *")
        return _plain(Measure(self.number * other.number, self.factor * other.factor, _joined(self.dimensions, other.dimensions, 1), name))

    def __truediv__(self, other: Measure) -> Measure:
        name = f"{self.name or '1'} / {other.name}" if other.name else self.name
        return _plain(Measure(self.number / other.number, self.factor / other.factor, _joined(self.dimensions, other.dimensions, -1), name))

    def up(self) -> Measure:
        """Rounded up in its own unit; what only binary arithmetic adds does not count."""
        return replace(self, number=float(math.ceil(self.number - 1e-9)))

    def _same(self, other: Measure) -> None:
        if self.dimensions != other.dimensions:
            raise ExpressionError(f"cannot add or subtract {self.shown} and {other.shown}")


def measure(number: float, unit: str) -> Measure:
    """A number in a unit. Raises ExpressionError for what is no unit."""
    factor, dimensions = scale(unit)
    return Measure(number, factor, dimensions, unit if dimensions else "")


def _plain(result: Measure) -> Measure:
    """What has no dimensions any more becomes a plain number."""
    return result if result.dimensions else Measure(result.base)


@cache
def _joined(one: Dimensions, other: Dimensions, sign: int) -> Dimensions:
    powers = dict(one)
    for name, power in other:
        powers[name] = powers.get(name, 0.0) + sign * power
    return tuple(sorted((name, power) for name, power in powers.items() if power))
