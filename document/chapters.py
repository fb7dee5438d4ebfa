"""The twelve chapters: ten sections of the strategy, then the practice of logs, failures and edge cases, then the roll-out."""

from __future__ import annotations

from collections.abc import Sequence

from ai_data_strategy.agents import SECTIONS
from ai_data_strategy.agents.section import Section
from ai_data_strategy.agents.strategy import Strategy
from ai_data_strategy.typeset.blocks import Block, Heading, Paragraph
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.view import View

STRATEGY_SECTIONS = 10
SHARED_CHAPTERS = (
    (11, N_("Logs, failures and edge cases"), ("logs", "failures", "edge_cases")),
    (12, N_("Roll-out, KPIs and return"), ("rollout",)),
)
"""Chapters that hold other sections than the one of their number: number, title, section keys."""


def chapters(strategy: Strategy, view: View) -> list[Block]:
    """Every chapter in order. A chapter whose section is missing stays, and says so."""
    blocks: list[Block] = []
    for section in SECTIONS:
        if section.number <= STRATEGY_SECTIONS:
            blocks += [Heading(2, f"{section.number}. {view._(section.title)}"), *_body(section, strategy, view)]
    for number, title, keys in SHARED_CHAPTERS:
        if found := [section for section in SECTIONS if section.key in keys]:
            blocks += [Heading(2, f"{number}. {view._(title)}"), *_shared(number, found, strategy, view)]
    return blocks


def _shared(number: int, sections: Sequence[Section], strategy: Strategy, view: View) -> list[Block]:
    blocks: list[Block] = []
    for place, section in enumerate(sections, start=1):
        if len(sections) > 1:
            blocks.append(Heading(3, f"{number}.{place} {view._(section.title)}"))
        blocks += _body(section, strategy, view)
    return blocks


def _body(section: Section, strategy: Strategy, view: View) -> list[Block]:
    draft = strategy.sections.get(section.key)
    if draft is not None:
        return section.render(draft, view)
    reason = next((missing.reason for missing in strategy.missing if missing.section == section.key), "")
    if reason:
        return [Paragraph(view._("This section is missing. Reason: %(reason)s") % {"reason": view.name(reason)})]
    return [Paragraph(view._("This section has not been written."))]
