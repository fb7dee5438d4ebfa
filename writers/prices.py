"""What a token costs: a table of list prices, where an unknown price is unknown and never zero."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from pydantic import Field, ValidationError

from ai_data_strategy.domain import Model
from ai_data_strategy.errors import InputError

_PER_TOKEN = 1 / 1_000_000
_VERSION = re.compile(r"-(latest|\d{4}-\d{2}-\d{2}|\d{4,8})$")


class Price(Model):
    """Price of one model per million tokens; cached prompt tokens cost the full price if `cached` is missing."""

    model: str
    provider: str
    tokens_in: float = Field(alias="in", ge=0)
    cached: float | None = Field(default=None, ge=0)
    tokens_out: float = Field(alias="out", ge=0)
    currency: str
    date: date
    source: str

    def cost(self, tokens_in: int, tokens_out: int, cached: int = 0) -> float:
        """Cost of a call, in `currency`."""
        cheap = self.tokens_in if self.cached is None else self.cached
        return _PER_TOKEN * ((tokens_in - cached) * self.tokens_in + cached * cheap + tokens_out * self.tokens_out)


class _Table(Model):
    providers: dict[str, list[str]]
    prices: list[Price]


@dataclass(frozen=True)
class PriceList:
    """All known prices. A price holds only at its provider's own hosts."""

    hosts: dict[str, list[str]]
    prices: dict[str, Price]

    @classmethod
    @cache
    def read(cls, path: Path | None = None) -> PriceList:
        """The package's table, or the user's own in the same form; read once in a process."""
        try:
            text = path.read_text("utf-8") if path else (files("ai_data_strategy.writers") / "prices.yaml").read_text("utf-8")
            table = _Table.model_validate(yaml.safe_load(text))
        except (OSError, ValueError, yaml.YAMLError, ValidationError) as error:
            raise InputError(f"price table {path}: {error}. Give it the form of writers/prices.yaml in the package.") from error
        return cls(table.providers, {price.model: price for price in table.prices})

    def price(self, model: str, base_url: str) -> Price | None:
        """The price of a model at an address, or None if it is unknown."""
        host = urlsplit(base_url).hostname or ""
        found = self.prices.get(model) or self.prices.get(_VERSION.sub("", model))
        if found and any(host == known or host.endswith("." + known) for known in self.hosts.get(found.provider, ())):
            return found
        return None
