"""Measured figures take the place of those that were said or assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ai_data_strategy.domain import Evidence, Figure
from ai_data_strategy.playbook.facts import Facts
from ai_data_strategy.playbook.reading import Amount

MEASURED = "evidence"
"""Origin of an amount that was measured; its quotation is the id of the evidence."""


def by_figure(evidence: Sequence[Evidence]) -> dict[str, Evidence]:
    """The evidence that measures a shared figure, by its key; the first one counts."""
    found: dict[str, Evidence] = {}
    for item in evidence:
        if item.measures and item.value is not None:
            found.setdefault(item.measures, item)
    return found


def with_measured(facts: Facts, evidence: Sequence[Evidence]) -> Facts:
    """The facts of the brief with those replaced that were measured; a lag of feedback is the label's delay only where none is stated."""
    found = by_figure(evidence)
    rate, stock, delay = (found.get(key) for key in ("examples_per_day", "examples_in_hand", "label_delay"))
    return replace(
        facts, per_day=_amount(rate, per="day") if rate else facts.per_day, in_hand=_amount(stock) if stock else facts.in_hand,
        delay=facts.delay or (_amount(delay, unit="day") if delay else None),
    )  # fmt: skip


def _amount(item: Evidence, unit: str = "", per: str = "") -> Amount:
    noun = "" if unit else item.unit.partition("/")[0]
    return Amount(float(item.value or 0), unit, noun, item.id, per=per, origin=MEASURED)


def figure(amount: Amount) -> Figure:
    """The figure of a measured amount."""
    return Figure(value=amount.value, basis="measured", source=amount.quote)
