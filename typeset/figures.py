"""Numbers with units as people of a language write them."""

from __future__ import annotations

import math
import re

from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent
from babel.units import format_unit

from ai_data_strategy.quantities.ledger import Entry
from ai_data_strategy.quantities.units import TIMES
from ai_data_strategy.typeset.catalogue import N_, locale_of, translator

_BABEL_UNITS = {name: f"duration-{name}" for name in TIMES if name != "workday"} | {
    "ms": "duration-millisecond", "byte": "digital-byte", "kB": "digital-kilobyte", "MB": "digital-megabyte",
    "GB": "digital-gigabyte", "TB": "digital-terabyte",
}  # fmt: skip
_RATE = {"day": N_("a day"), "week": N_("a week"), "month": N_("a month"), "year": N_("a year"), "hour": N_("an hour"), "workday": N_("a working day")}
_MILLION = 1_000_000


def rounded(number: float, exact: bool = False) -> float:
    """Whole numbers from 100 on, three significant digits below; `exact` keeps what the user wrote."""
    if exact or number == 0 or not math.isfinite(number):
        return number
    if abs(number) >= 99.95:
        return float(round(number))
    return round(number, 2 - math.floor(math.log10(abs(number))))


def plain(number: float, language: str, exact: bool = False) -> str:
    locale, value = locale_of(language), rounded(number, exact)
    if abs(value) >= _MILLION and not (exact and value % 1000):
        return str(format_compact_decimal(value, format_type="long", locale=locale, fraction_digits=2 if abs(value) < 10 * _MILLION else 1))
    return str(format_decimal(value, locale=locale, format="#,##0.######"))


def _split(unit: str) -> tuple[str, str]:
    head, _, tail = unit.replace(" ", "").partition("/")
    return head, tail


def spoken(entry: Entry, language: str) -> str:
    """For prose: money, percent, durations and bytes with their unit; counts and rates as the number alone."""
    head, _ = _split(entry.quantity.unit)
    return _with_head(entry, head, language, noun=False)


def tabled(entry: Entry, language: str) -> str:
    """For tables and the ledger: the number with its whole unit."""
    head, tail = _split(entry.quantity.unit)
    text = _with_head(entry, head, language, noun=True)
    if not tail:
        return text
    words = translator(language)
    return f"{text} {words(_RATE[tail])}" if tail in _RATE else f"{text}/{tail.replace('_', ' ')}"


def _with_head(entry: Entry, head: str, language: str, noun: bool) -> str:
    if entry.low is None or entry.high is None:
        return translator(language)("not applicable" if entry.quantity.basis == "not_applicable" else "unknown")
    exact = entry.quantity.basis in ("stated", "proposed", "assumed", "external")
    if entry.low == entry.high:
        return _one(entry.low, head, language, exact, noun)
    return f"{plain(entry.low, language, exact)}–{_one(entry.high, head, language, exact, noun)}"


def _one(number: float, head: str, language: str, exact: bool, noun: bool) -> str:
    locale, words = locale_of(language), translator(language)
    if head in ("percent", "%"):
        return str(format_percent(rounded(number, exact) / 100, locale=locale, format=None, decimal_quantization=False))
    if head in ("point", "points"):
        return f"{plain(number, language, exact)} {words('points')}"
    if re.fullmatch(r"[A-Z]{3}", head):
        return _money(number, head, locale)
    single = head if head in _BABEL_UNITS else head.removesuffix("s")
    if single in _BABEL_UNITS:
        return str(format_unit(rounded(number, exact), _BABEL_UNITS[single], length="long", locale=locale, format="#,##0.###"))
    if single == "workday":
        return f"{plain(number, language, exact)} {words('working days')}"
    text = plain(number, language, exact)
    return f"{text} {head.replace('_', ' ')}" if noun and head not in ("count", "coefficient", "1", "") else text




def _money(number: float, currency: str, locale: str) -> str:
    if abs(number) < 100 and number % 1:
        return str(format_currency(number, currency, locale=locale))
    return str(format_currency(round(number), currency, locale=locale, format="¤#,##0" if locale == "en" else "#,##0 ¤", currency_digits=False))
