"""The analysis memo: what is unusual about this product and what its stated numbers imply."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ai_data_strategy.domain import Model, Quantity


class Memo(Model):
    """Free prose that refers to numbers as {key}; code computes every derived one and puts the values in."""

    text: Annotated[str, Field(max_length=9000)]
    quantities: Annotated[list[Quantity], Field(max_length=40, description="stated numbers, and derived ones as expressions over keys")]
