"""Numbers with units, and dates, as people of a language write them."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from babel.dates import format_date
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent
from babel.units import format_unit

from ai_data_strategy.domain import Basis
from ai_data_strategy.quantities.ledger import Entry
from ai_data_strategy.quantities.units import TIMES
from ai_data_strategy.typeset import nouns
from ai_data_strategy.typeset.catalogue import N_, locale_of, translator

_BABEL_UNITS = {name: f"duration-{name}" for name in TIMES if name != "workday"} | {
    "ms": "duration-millisecond", "byte": "digital-byte", "kB": "digital-kilobyte", "MB": "digital-megabyte",
    "GB": "digital-gigabyte", "TB": "digital-terabyte",
}  # fmt: skip
_RATE = {
    "second": N_("a second"), "minute": N_("a minute"), "hour": N_("an hour"), "day": N_("a day"), "week": N_("a week"),
    "month": N_("a month"), "year": N_("a year"), "workday": N_("a working day"),
}  # fmt: skip
UNVALUED = {"unknown": N_("unknown"), "not_applicable": N_("not applicable")}
_MILLION = 1_000_000
_KEPT = ("stated", "proposed", "assumed", "external")
"""Bases whose numbers a person wrote: they are shown as written, not rounded."""


def dated(day: date, language: str, long: bool = False) -> str:
    """A date with the month as a word in English, so that day and month cannot be mixed up."""
    pattern = ("d MMMM y" if long else "d MMM y") if locale_of(language) == "en" else ("long" if long else "medium")
    return str(format_date(day, format=pattern, locale=locale_of(language)))


_EXACT_BELOW = 10_000
"""Counts computed from given numbers keep all their digits below this."""


def rounded(number: float, exact: bool = False) -> float:
    """Whole numbers from 100 on, three significant digits below; `exact` keeps what the user wrote."""
    if exact or number == 0 or not math.isfinite(number):
        return number
    if abs(number) >= 99.95:
        return float(round(number))
    return round(number, 2 - math.floor(math.log10(abs(number))))


def coarse(entry: Entry, guessed: bool) -> Entry:
    """A computed figure with the digits that a reader can use; the ledger keeps all.

    One that rests on guesses keeps two significant digits, any other three from ten thousand on. What a person wrote stays.
    """
    if entry.quantity.basis != "derived" or entry.low is None or entry.high is None:
        return entry
    if guessed:
        return replace(entry, low=_digits_of(entry.low, 2), high=_digits_of(entry.high, 2))
    if max(abs(entry.low), abs(entry.high)) < _EXACT_BELOW:
        return entry
    return replace(entry, low=_digits_of(entry.low, 3), high=_digits_of(entry.high, 3))


def _digits_of(number: float, digits: int) -> float:
    """`number` with so many significant digits; a share just below one hundred is not rounded up to it."""
    if not math.isfinite(number) or 99 < abs(number) < 100:
        return number
    return float(f"{number:.{digits}g}")


def plain(number: float, language: str, exact: bool = False) -> str:
    """A number alone; from a million on in words, unless that would lose digits that a person wrote."""
    locale, value = locale_of(language), rounded(number, exact)
    if _is_big(number, exact):
        return str(format_compact_decimal(value, format_type="long", locale=locale, fraction_digits=_digits(value)))
    return str(format_decimal(_decimal(float(value)), locale=locale, format="#,##0.######", decimal_quantization=abs(value) >= 1))


def spoken(entry: Entry, language: str) -> str:
    """For prose: money, percent, durations and bytes with their unit; counts and rates as the number alone."""
    return _shown(entry.low, entry.high, entry.quantity.unit, entry.quantity.basis, language, False)


def tabled(entry: Entry, language: str) -> str:
    """For tables and the ledger: the number with its whole unit."""
    return _shown(entry.low, entry.high, entry.quantity.unit, entry.quantity.basis, language, True)


@lru_cache(maxsize=4096)
def _shown(low: float | None, high: float | None, unit: str, basis: Basis, language: str, whole: bool) -> str:
    """Cached, since a document shows the same number in prose, tables and ledger."""
    head, tail = _split(unit)
    if low is None or high is None:
        return translator(language)(UNVALUED.get(basis, UNVALUED["unknown"]))
    text = _with_head(low, high, basis in _KEPT, head, language, whole)
    if not tail or not whole:
        return text
    words = translator(language)
    if tail in _RATE:
        return f"{text} {words(_RATE[tail])}"
    return words("%(amount)s per %(noun)s") % {"amount": text, "noun": nouns.per(tail, language)}


def _split(unit: str) -> tuple[str, str]:
    head, _, tail = unit.replace(" ", "").partition("/")
    return head, tail


def _digits(value: float) -> int:
    return 2 if abs(value) < 10 * _MILLION else 1


def _is_big(number: float, exact: bool) -> bool:
    value = rounded(number, exact)
    if abs(value) < _MILLION or not math.isfinite(value):
        return False
    scale = 10.0 ** (3 * int(math.log10(abs(value)) // 3))
    return not exact or round(value / scale, _digits(value)) * scale == value


def _decimal(value: float) -> Decimal:
    return Decimal(int(value)) if value.is_integer() else Decimal(repr(value))


def _with_head(first: float, last: float, exact: bool, head: str, language: str, noun: bool) -> str:
    if first == last:
        return _one(first, head, language, exact, noun)
    low, high = plain(first, language, exact), _one(last, head, language, exact, noun)
    if _is_money(head):
        low, high = _money_range(first, last, head, locale_of(language))
    if first < 0:
        words = translator(language)
        return words("%(low)s to %(high)s") % {"low": low, "high": high}
    return f"{low}–{high}"


def _one(number: float, head: str, language: str, exact: bool, noun: bool) -> str:
    locale = locale_of(language)
    if head in ("percent", "%"):
        return str(format_percent(_decimal(float(rounded(number, exact))) / 100, locale=locale, decimal_quantization=False))
    if _is_money(head):
        return _money(number, head, locale)
    single = head if head in _BABEL_UNITS else head.removesuffix("s")
    if single in _BABEL_UNITS:
        length: Literal["short", "long"] = "long" if single in TIMES else "short"
        return str(
            format_unit(_decimal(float(rounded(number, exact))), _BABEL_UNITS[single], length=length, locale=locale, format="#,##0.######")
        )
    text = plain(number, language, exact)
    if not noun and single not in ("point", "workday"):
        return text
    return nouns.joined(
        text, nouns.noun(single if single in ("point", "workday") else head, number, language), _is_big(number, exact), language
    )


def _is_money(head: str) -> bool:
    return re.fullmatch(r"[A-Z]{3}", head) is not None


def _pattern(number: float, locale: str) -> str:
    digits = "#,##0.####" if 0 < abs(number) < 1 else "#,##0.00" if abs(number) < 100 and number % 1 else "#,##0"
    return f"¤{digits}" if locale == "en" else f"{digits}\xa0¤"


def _money(number: float, currency: str, locale: str) -> str:
    value = rounded(number) if abs(number) < 1 else round(number, 2) if abs(number) < 100 else round(number)
    return str(format_currency(_decimal(float(value)), currency, locale=locale, format=_pattern(value, locale), currency_digits=False))


def _money_range(low: float, high: float, currency: str, locale: str) -> tuple[str, str]:
    """Both ends of a range, the currency once: before the low end in English, after the high end elsewhere."""
    ends = (_money(low, currency, locale), _money(high, currency, locale))
    bare = [re.sub(r"^[^\d-]+|[^\d]+$", "", end) for end in ends]
    return (ends[0], bare[1]) if locale == "en" else (bare[0], ends[1])
