"""Numbers in running text, four languages."""

from __future__ import annotations

import pytest

from ai_data_strategy.quantities.numerals import Numeral, numerals, parsed

Expected = tuple[float, str, str]


def told(text: str, language: str) -> list[Expected]:
    return [(found.value, found.unit, found.per) for found in numerals(text, language)]


@pytest.mark.parametrize(
    ("digits", "language", "value"),
    [
        ("412,000", "en", 412_000), ("22.000", "de", 22_000), ("22.000", "en", 22_000), ("22,000", "de", 22_000), ("2,5", "de", 2.5), ("2.5", "de", 2.5),
        ("1 000 000", "fr", 1_000_000), ("1.234,56", "de", 1234.56), ("1,234.56", "en", 1234.56), ("0.112", "en", 0.112), ("0,112", "es", 0.112),
        ("1.234", "de", 1234), ("1.234", "en", 1.234), ("1'200'000", "de", 1_200_000), ("1.200.000", "es", 1_200_000), ("007", "en", 7),
    ],
)  # fmt: skip
def test_separators_are_read_by_language(digits: str, language: str, value: float) -> None:
    assert parsed(digits, language) == value


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("2.5 million rows and 1.3m payers", "en", [(2.5e6, "", ""), (1.3e6, "", "")]),
        ("£2m, €40k a year, $50 per hour", "en", [(2e6, "GBP", ""), (4e4, "EUR", "year"), (50, "USD", "hour")]),
        ("900 new ones a working day", "en", [(900, "", "workday")]),
        ("24-month window and 30-day limit", "en", [(24, "month", ""), (30, "day", "")]),
        ("twenty-two machines, one cat", "en", [(22, "", "")]),
        ("it is 10 m long", "en", [(10, "", "")]),
        ("2,5 Mio. Belege, 50.000 € Budget, 40 €/Stunde", "de", [(2.5e6, "", ""), (5e4, "EUR", ""), (40, "EUR", "hour")]),
        ("Pro Monat kommen rund 22.000 Rechnungen an", "de", [(22_000, "", "month")]),
        ("zwei Leute und zweiundzwanzig Maschinen, 0,9 % Ausschuss", "de", [(2, "", ""), (22, "", ""), (0.9, "percent", "")]),
        ("300 am Arbeitstag, 900 Stück täglich", "de", [(300, "", "workday"), (900, "", "day")]),
        ("22 000 factures par mois, 2,5 millions d'euros, 50 k€", "fr", [(22_000, "", "month"), (2.5e6, "EUR", ""), (5e4, "EUR", "")]),
        ("quatre-vingt-dix infirmières, 12 % des dossiers", "fr", [(90, "", ""), (12, "percent", "")]),
        ("2,5 millones de pedidos al día, 3 mil millones", "es", [(2.5e6, "", "day"), (3e9, "", "")]),
        ("treinta y cinco médicos, 15 por ciento", "es", [(35, "", ""), (15, "percent", "")]),
        ("35 hours a week", "en", [(35, "hour", "week")]),
        ("supprimées après 60 jours", "fr", [(60, "day", "")]),
        ("the market has 5 players", "en", [(5, "", "")]),
    ],
)  # fmt: skip
def test_scale_unit_and_rate_are_read(text: str, language: str, expected: list[Expected]) -> None:
    assert told(text, language) == expected


@pytest.mark.parametrize(
    ("text", "language", "low", "high", "unit"),
    [
        ("45 to 60 days", "en", 45, 60, "day"), ("45–60 days", "en", 45, 60, "day"), ("between 5 and 10 seconds", "en", 5, 10, "second"), ("1 to 2 million rows", "en", 1e6, 2e6, ""),
        ("45 bis 60 Tage", "de", 45, 60, "day"), ("1,5-2 Mrd. Euro", "de", 1.5e9, 2e9, "EUR"), ("entre 45 et 60 jours", "fr", 45, 60, "day"), ("45 a 60 días", "es", 45, 60, "day"),
    ],
)  # fmt: skip
def test_ranges_have_two_ends(text: str, language: str, low: float, high: float, unit: str) -> None:
    (found,) = numerals(text, language)
    assert (found.value, found.high, found.unit) == (low, high, unit)


@pytest.mark.parametrize(
    "text",
    [
        "since 2021-03",
        "on 12.03.2021",
        "in 2024 we began",
        "(v3, 2022)",
        "Article 9 GDPR",
        "ISO 27001",
        "March 2027",
        "Q2 2027",
        "at 10:30",
        "version 2",
        "5 March 2026",
        "1.2.3",
        "GPT-4",
    ],
)
def test_dates_versions_and_articles_are_no_numbers(text: str) -> None:
    assert numerals(text, "en") == []


def test_a_count_that_looks_like_a_year_is_a_number() -> None:
    assert told("we treated 2000 patients", "en") == [(2000, "", "")]


def test_the_quotation_is_verbatim_and_placed() -> None:
    text = "There are 412,000 tickets and 45 to 60 days."
    found = numerals(text, "en")
    assert [text[one.start : one.end] for one in found] == [one.quote for one in found] == ["412,000", "45 to 60 days"]


@pytest.mark.parametrize("text", ["", "\x00\x01", "1" * 100_000, "1,000 " * 20_000, "1." * 50_000, "😀 ½ ² Ⅻ"])
def test_odd_text_does_not_break_it(text: str) -> None:
    assert all(isinstance(found, Numeral) for found in numerals(text[:60_000], "en"))
