"""Does a `stated` quantity hold? Its source must stand in the brief or an answer, and its value in that source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from ai_data_strategy.domain import Quantity
from ai_data_strategy.errors import ExpressionError
from ai_data_strategy.quantities.numerals import CURRENCIES, LANGUAGES, TIMES, Numeral, fractions, numerals
from ai_data_strategy.quantities.units import convert, same_dimension
from ai_data_strategy.quantities.wording import alike, flatten

_EXACT = 1e-6
_CALENDAR = 0.02
"""Relative tolerance between calendar units: a month is 30, 30.4 or 31 days, a year 365 or 365.25."""
_AROUND = 80
_EDGES = " \"'.,;:()[]"
_PLURAL = {"ms": "milliseconds", "percent": "percent", "point": "points"}


def verify(quantity: Quantity, texts: Sequence[str]) -> str | None:
    """None if a `stated` quantity holds (or another basis is claimed); else why it does not."""
    if quantity.basis != "stated":
        return None
    ends = [end for end in ((quantity.low, quantity.high) if quantity.value is None else (quantity.value,)) if end is not None]
    if not ends:
        return f"{quantity.key} is marked stated and has no value: give the value that the quotation holds, or mark it unknown"
    if not alike(quantity.source).strip(_EDGES):
        return f"{quantity.key} is marked stated without a quotation: put the verbatim words of the brief or an answer into source"
    places = list(_places(quantity.source, texts))
    if not places:
        return f"{quantity.key}: the quotation {quantity.source!r} is not in the brief or the answers: quote them verbatim, or choose another basis"
    readings = list(dict.fromkeys(reading for quote, before, after in places for reading in _readings(quote, before, after)))
    missing = [end for end in ends if not any(_holds(end, quantity.unit, reading) for reading in readings)]
    return _reason(quantity, missing, readings) if missing else None


def _places(source: str, texts: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Where the source stands: (the words, what is before, what is after); a quotation with an ellipsis stands in pieces."""
    pieces = [piece.strip(_EDGES) for piece in re.split(r"\.\.\.|\[\.\.\.\]", _bare(source)) if piece.strip(_EDGES)]
    for text in texts:
        for form in dict.fromkeys((_bare(text), _bare(flatten(text)))):
            found = list(_spans(pieces, form))
            if len(found) == len(pieces):
                yield from ((form[start:end], form[max(0, start - _AROUND) : start], form[end : end + _AROUND]) for start, end in found)
                break


def _bare(text: str) -> str:
    """The text without quote marks: they come and go between a brief and its quotation."""
    return alike(alike(text).replace('"', ""))


def _spans(pieces: Sequence[str], form: str) -> Iterator[tuple[int, int]]:
    lowered, at = form.lower(), 0
    for piece in pieces:
        at = lowered.find(piece.lower(), at)
        if at < 0:
            return
        yield at, at + len(piece)
        at += len(piece)


@lru_cache(maxsize=1024)  # the same quotation is read once for the blueprint, and again by every check over the whole
def _readings(quote: str, before: str, after: str) -> tuple[Numeral, ...]:
    """Numbers of the quotation, read with the words around it, so that a cut-off unit is still seen.

    A number followed by a word that is no unit counts that word: its unit is then the word, in angle brackets.
    """
    return tuple(_read(quote, before.lstrip(), after))


def _read(quote: str, before: str, after: str) -> Iterator[Numeral]:
    wide, start = before + quote + after, len(before)
    for language in LANGUAGES:
        for found in numerals(wide, language):
            if start <= found.start < start + len(quote):
                noun = re.match(r" ([^\W\d_]{3,})", wide[found.end :])
                yield replace(found, unit=f"<{noun[1]}>") if noun and not found.unit and not found.worded else found
    yield from fractions(quote)


def _holds(wanted: float, unit: str, reading: Numeral) -> bool:
    return any(_same(wanted, unit, end, reading) for end in reading.ends)


def _same(wanted: float, unit: str, said: float, reading: Numeral) -> bool:
    head, *pers = unit.replace(" ", "").split("/")
    per = next((part for part in pers if part in TIMES), pers[0] if pers else "")  # of "treatment/patient/week", people say "a week"
    if not _units_fit(head, reading.unit):
        return False
    given, tolerance = said, _EXACT
    said_unit = reading.unit
    try:
        if reading.unit in TIMES and head != reading.unit:
            given, tolerance = convert(given, reading.unit, head), _CALENDAR
        elif reading.unit == "percent" and head not in ("percent", "%", "point", "points"):
            given = given / 100
        if reading.per and per and reading.per != per:
            given, tolerance = given / convert(1.0, reading.per, per), _CALENDAR
        if not said_unit and head in ("percent", "%") and abs(given - wanted) > _EXACT and 0 < given <= 1:
            given = given * 100
    except ExpressionError:
        return False
    return abs(given - wanted) <= tolerance * max(abs(wanted), 1e-12)


def _units_fit(head: str, said: str) -> bool:
    """A number said without a unit may be of any; money fits its currency, time fits time, percent fits shares."""
    if not said:
        return True
    if said.startswith("<"):
        return (head not in TIMES and head not in ("percent", "%")) or head.rstrip("s")[:4].lower() == said[1:5].lower()
    if said in TIMES:
        return said == head or _time(head, said)
    if said in CURRENCIES:
        return head == said
    if said in ("percent", "point"):
        return head in ("percent", "%", "point", "points", "coefficient", "share", "count", "1", "")
    return True


def _time(head: str, said: str) -> bool:
    try:
        return same_dimension(head, said)
    except ExpressionError:
        return False


def _reason(quantity: Quantity, missing: Sequence[float], readings: Sequence[Numeral]) -> str:
    said = ", ".join(dict.fromkeys(_shown(reading) for reading in readings)) or "no number"
    wanted = " and ".join(f"{end:g}" for end in missing)
    return f"{quantity.key}: {wanted} {quantity.unit} is not what {quantity.source!r} says ({said}): give what it says in its unit, or derive the rest"


def _shown(reading: Numeral) -> str:
    numbers = "-".join(f"{end:g}" for end in reading.ends)
    unit = _PLURAL.get(reading.unit, reading.unit.strip("<>"))
    return " ".join(part for part in (numbers, unit, f"per {reading.per}" if reading.per else "") if part)
