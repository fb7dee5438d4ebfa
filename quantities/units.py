"""Units of quantities, over pint: time, information, percent and money have dimensions; any other word is a count noun.

A workday is a dimension of its own, so that a rate a working day is never mixed with calendar days by mistake.
Month and year are planning units: 365/12 and 365 days.
"""

from __future__ import annotations

import re
from functools import cache
from typing import cast

import pint

from ai_data_strategy.errors import ExpressionError

_DEFINITIONS = """
count = []
second = [time]
ms = 0.001 * second
minute = 60 * second
hour = 60 * minute
day = 24 * hour
week = 7 * day
year = 365 * day
month = year / 12
workday = [worktime]
byte = [information]
kB = 1000 * byte
MB = 1000 * kB
GB = 1000 * MB
TB = 1000 * GB
percent = 0.01 * count
point = 0.01 * count
""".strip().splitlines()

TIMES = ("second", "minute", "hour", "day", "week", "month", "year", "workday")
_KNOWN = {line.split(" = ")[0] for line in _DEFINITIONS}
_PLURALS = {f"{name}s": name for name in (*TIMES, "byte", "point")} | {
    "%": "percent",
    "millisecond": "ms",
    "milliseconds": "ms",
    "working_day": "workday",
}
_WORD = re.compile(r"%|[^\W\d]\w*", re.UNICODE)
_ALLOWED = re.compile(r"[\w\s*/%().-]*", re.UNICODE)

Dimensions = tuple[tuple[str, float], ...]
"""Names of dimensions with their powers, in order."""
registry: pint.UnitRegistry[float] = pint.UnitRegistry(None, cache_folder=None)
for _line in _DEFINITIONS:
    registry.define(_line)


def _word(word: str) -> str:
    word = _PLURALS.get(word, word)
    if word in _KNOWN:
        return word
    if re.fullmatch(r"[A-Z]{3}", word):
        registry.define(f"{word} = [money_{word}]")
        _KNOWN.add(word)
        return word
    return "count"


@cache
def unit(text: str) -> pint.Unit:
    """The pint unit of a unit text such as `ticket/day`. Raises ExpressionError for what is no unit."""
    if not _ALLOWED.fullmatch(text):
        raise ExpressionError(f"unit {text!r}: write words joined by * and /, for example ticket/day")
    plain = _WORD.sub(lambda match: _word(match.group()), text.strip()) or "count"
    try:
        return registry.Unit(registry.parse_expression(plain).units if plain != "1" else "count")
    except Exception as error:  # pint raises parser errors of many kinds for a malformed unit
        raise ExpressionError(f"unit {text!r}: write words joined by * and /, for example ticket/day") from error


@cache
def scale(text: str) -> tuple[float, Dimensions]:
    """The factor from a unit to base units, and its dimensions with their powers."""
    found = unit(text)
    factor: float = registry.Quantity(1.0, found).to_base_units().magnitude
    return factor, tuple(sorted((str(name), cast(float, power)) for name, power in found.dimensionality.items()))


def same_dimension(one: str, other: str) -> bool:
    """True if values in the two units can be compared."""
    return scale(one)[1] == scale(other)[1]


def convert(value: float, given: str, wanted: str) -> float:
    """`value` in unit `given`, expressed in unit `wanted`. Raises ExpressionError if the dimensions differ."""
    if not same_dimension(given, wanted):
        raise ExpressionError(f"cannot turn {given!r} into {wanted!r}: their dimensions differ")
    return value * (scale(given)[0] / scale(wanted)[0])
