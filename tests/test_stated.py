"""Stated quantities are held against the brief and the answers."""

from __future__ import annotations

import pytest

from ai_data_strategy.domain import Quantity
from ai_data_strategy.quantities.stated import verify

TEXTS = [
    "We keep 412,000 tickets since 2021-03; about 900 new ones a working day. Train on the last\n 24 months; payments are kept 6 years by law. 0.11% fraud, precision about 18%.",
    "Analysts confirm “usually 45 to 60 days” after. One backend engineer half time. Budget 50 k€, 40 € per hour. 15 erasure requests a month.",
    "Zwei Leute; rund 2,5 Mio. Belege; 22.000 Rechnungen pro Monat. <p>There are <b>1,500</b> photos&nbsp;a&nbsp;day</p>",
]


def said(source: str, unit: str, value: float | None = None, low: float | None = None, high: float | None = None) -> str | None:
    return verify(Quantity(key="k", meaning="m", unit=unit, basis="stated", source=source, value=value, low=low, high=high), TEXTS)


@pytest.mark.parametrize(
    ("source", "unit", "value"),
    [
        ("412,000 tickets since 2021-03", "tickets", 412_000), ("last 24 months", "day", 730), ("last 24 months", "month", 24), ("LAST   24 months", "day", 720), ("6 years by law", "day", 2190),
        ("0.11% fraud", "percent", 0.11), ("0.11% fraud", "coefficient", 0.0011), ("about 900 new ones a working day", "tickets/workday", 900), ("usually 45 to 60 days", "day", 60),
        ("'usually \"45 to 60 days\" after'", "day", 45), ("half time", "percent", 50), ("half time", "person", 0.5), ("One backend engineer", "person", 1), ("zwei leute", "person", 2),
        ("rund 2,5 Mio. Belege", "Belege", 2_500_000), ("Budget 50 k€", "EUR", 50_000), ("40 € per hour", "EUR/hour", 40), ("22.000 Rechnungen pro Monat", "Rechnungen/month", 22_000),
        ("22.000 Rechnungen pro Monat", "Rechnungen/day", 723.3), ("412,000 tickets ... a working day", "tickets", 412_000), ("There are 1,500 photos a day", "photos/day", 1500),
    ],
)  # fmt: skip
def test_what_the_text_says_holds(source: str, unit: str, value: float) -> None:
    assert said(source, unit, value) is None


def test_both_ends_of_a_range_must_be_said() -> None:
    assert said("45 to 60 days", "day", None, 45, 60) is None
    assert "61" in str(said("45 to 60 days", "day", None, 45, 61))


@pytest.mark.parametrize(
    ("source", "unit", "value", "reason"),
    [
        ("since 2021-03", "tickets", 2021, "no number"), ("0.11% fraud", "percent", 0.12, "0.11 percent"), ("we have 5 million users", "users", 5e6, "not in the brief"),
        ("about 900 new ones a working day", "tickets/day", 900, "per workday"), ("412,000", "day", 412_000, "tickets"), ("last 24 months", "tickets", 24, "24 month"),
        ("last 24 months", "day", 365, "24 month"), ("Budget 50 k€", "USD", 50_000, "EUR"), ("", "tickets", 5, "without a quotation"), ("fraud", "percent", 0.11, "no number"),
        ("tickets since 2021-03", "tickets", 412_000, "no number"),
    ],
)  # fmt: skip
def test_what_the_text_does_not_say_is_refused_with_the_reason(source: str, unit: str, value: float, reason: str) -> None:
    assert reason in str(said(source, unit, value))


def test_a_stated_quantity_needs_a_value() -> None:
    assert "has no value" in str(said("412,000 tickets", "tickets"))


def test_other_bases_are_not_judged() -> None:
    assert verify(Quantity(key="k", meaning="m", unit="tickets", basis="proposed", source="pm", value=7), TEXTS) is None
