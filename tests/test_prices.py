"""Prices: known only for a known model at its provider's own address, never zero."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_data_strategy.errors import InputError
from ai_data_strategy.writers.prices import PriceList

OPENAI = "https://api.openai.com/v1"


@pytest.mark.parametrize(
    ("model", "url", "known"),
    [
        ("gpt-4o", OPENAI, "gpt-4o"),
        ("gpt-4o-2024-08-06", OPENAI, "gpt-4o"),
        ("gpt-4o-mini-2024-07-18", OPENAI, "gpt-4o-mini"),
        ("gpt-4o", "https://mine.openai.azure.com/openai/v1", "gpt-4o"),
        ("gpt-4o", "http://localhost:8000/v1", None),
        ("gpt-4o", "https://api.openai.com.example.org/v1", None),
        ("gpt-4o-audio", OPENAI, None),
        ("llama", OPENAI, None),
        ("mistral-large-latest", "https://api.mistral.ai/v1", "mistral-large"),
    ],
)
def test_a_price_holds_at_its_providers_address(model: str, url: str, known: str | None) -> None:
    price = PriceList.read().price(model, url)
    assert (price.model if price else None) == known


def test_cached_tokens_are_cheaper() -> None:
    price = PriceList.read().price("gpt-4o", OPENAI)
    assert price
    assert price.cost(1_000_000, 1_000_000) == pytest.approx(price.tokens_in + price.tokens_out)
    assert price.cost(1_000_000, 0, cached=1_000_000) == pytest.approx(price.cached)


def test_cached_tokens_of_unknown_price_cost_the_full_price() -> None:
    price = PriceList.read().price("gemini-2.5-pro", "https://generativelanguage.googleapis.com/v1beta/openai")
    assert price and price.cached is None
    assert price.cost(1_000_000, 0, cached=1_000_000) == pytest.approx(price.tokens_in)


def test_every_row_has_its_date_and_a_source_to_verify() -> None:
    assert all(price.date and "to verify" in price.source for price in PriceList.read().prices.values())


@pytest.mark.parametrize("text", ["prices: [", "providers: {}\nprices: [{model: x}]", "[]"])
def test_a_broken_table_is_an_input_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text(text)
    with pytest.raises(InputError, match="price table"):
        PriceList.read(tmp_path / "prices.yaml")
