"""Numbers and dates as people of a language write them."""

from __future__ import annotations

from datetime import date

import pytest

from ai_data_strategy.domain import Basis, Quantity
from ai_data_strategy.quantities.ledger import Entry
from ai_data_strategy.typeset.figures import dated, plain, rounded, spoken, tabled


def entry(unit: str, low: float | None, high: float | None = None, basis: Basis = "derived") -> Entry:
    quantity = Quantity(key="k", meaning="m", unit=unit, basis=basis, source="")
    return Entry(quantity, "test", low, low if high is None else high)


@pytest.mark.parametrize(
    ("number", "exact", "shown"),
    [(1234.56, False, 1235), (0.016234, False, 0.0162), (99.96, False, 100), (16.23, False, 16.2), (16.2345, True, 16.2345), (0, False, 0)],
)
def test_rounding_keeps_what_a_person_wrote(number: float, exact: bool, shown: float) -> None:
    assert rounded(number, exact) == shown


@pytest.mark.parametrize(
    ("number", "language", "exact", "shown"),
    [
        (412000, "en", True, "412,000"), (412000, "de", True, "412.000"), (412000, "es", True, "412.000"),
        (13_912_345, "en", False, "13.9 million"), (13_912_345, "de", False, "13,9 Millionen"), (1_234_000, "en", True, "1,234,000"),
        (2_000_000, "en", True, "2 million"), (2_500_000_000, "en", True, "2.5 billion"), (0.00000012, "en", False, "0.00000012"),
    ],
)  # fmt: skip
def test_plain_numbers(number: float, language: str, exact: bool, shown: str) -> None:
    assert plain(number, language, exact) == shown


@pytest.mark.parametrize(
    ("unit", "low", "high", "prose", "table"),
    [
        ("tickets/day", 900, None, "900", "900 tickets a day"),
        ("ticket", 1, None, "1", "1 ticket"),
        ("ticket", 900, None, "900", "900 tickets"),
        ("person", 3, None, "3", "3 people"),
        ("person", 1, None, "1", "1 person"),
        ("query", 5, None, "5", "5 queries"),
        ("hour", 1, None, "1 hour", "1 hour"),
        ("hour/week", 15, None, "15 hours", "15 hours a week"),
        ("day", 3, 5, "3–5 days", "3–5 days"),
        ("workday", 1, None, "1 working day", "1 working day"),
        ("point", 2.5, None, "2.5 points", "2.5 points"),
        ("percent", 0.162, None, "0.162%", "0.162%"),
        ("percent", -2, 3, "-2 to 3%", "-2 to 3%"),
        ("EUR", 1000, 2000, "€1,000–2,000", "€1,000–2,000"),
        ("EUR/hour", 12.5, None, "€12.50", "€12.50 an hour"),
        ("EUR", 0.002, None, "€0.002", "€0.002"),
        ("minute/tickets", 10, None, "10 minutes", "10 minutes per ticket"),
        ("GB/month", 0.354, None, "0.354 GB", "0.354 GB a month"),
        ("coefficient", 0.8, None, "0.8", "0.8"),
        ("count/day", 190.2, None, "190", "190 a day"),
        ("day", None, None, "unknown", "unknown"),
        ("tickets/day", None, None, "unknown", "unknown"),
    ],
)  # fmt: skip
def test_english(unit: str, low: float | None, high: float | None, prose: str, table: str) -> None:
    assert (spoken(entry(unit, low, high), "en"), tabled(entry(unit, low, high), "en")) == (prose, table)


@pytest.mark.parametrize(
    ("language", "unit", "low", "high", "table"),
    [
        ("de", "EUR", 1000, 2000, "1.000–2.000 €"), ("de", "percent", 18, None, "18 %"), ("de", "Tickets/day", 900, None, "900 Tickets je Tag"),
        ("de", "hour/week", 1, None, "1 Stunde je Woche"), ("de", "person", 3, None, "3 Personen"), ("de", "workday", 5, None, "5 Arbeitstage"),
        ("fr", "tickets", 13_912_345, None, "13,9 millions de tickets"), ("fr", "example", 2_000_000, None, "2 millions d’exemples"),
        ("fr", "EUR", 256318.4, None, "256 318 €"), ("fr", "person", 1.5, None, "1,5 personne"), ("es", "tickets", 13_912_345, None, "13,9 millones de tickets"),
        ("es", "EUR/year", 1000, None, "1.000 € al año"), ("de", "percent", -2, 3, "-2 bis 3 %"), ("pt", "day", 3, None, "3 days"),
    ],
)  # fmt: skip
def test_other_languages(language: str, unit: str, low: float, high: float | None, table: str) -> None:
    shown = tabled(entry(unit, low, high), language)
    assert shown.replace("\xa0", " ").replace("\u202f", " ") == table


def test_not_applicable_is_said() -> None:
    assert tabled(entry("day", None, basis="not_applicable"), "de") == "entfällt"


@pytest.mark.parametrize(
    ("language", "long", "shown"),
    [
        ("en", False, "5 Mar 2027"),
        ("en", True, "5 March 2027"),
        ("de", False, "05.03.2027"),
        ("de", True, "5. März 2027"),
        ("fr", True, "5 mars 2027"),
        ("es", True, "5 de marzo de 2027"),
    ],
)
def test_dates(language: str, long: bool, shown: str) -> None:
    assert dated(date(2027, 3, 5), language, long) == shown
