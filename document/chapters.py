"""The twelve chapters: ten sections of the strategy, then the practice of logs, failures and edge cases, then the roll-out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ai_data_strategy.agents import SECTIONS
from ai_data_strategy.agents.section import Section
from ai_data_strategy.agents.strategy import Strategy
from ai_data_strategy.document.measurements import measurements
from ai_data_strategy.typeset.blocks import Block, Heading, Paragraph
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.view import View

STRATEGY_SECTIONS = 10
SHARED_CHAPTERS = (
    (11, N_("Logs, failures and edge cases"), ("logs", "failures", "edge_cases")),
    (12, N_("Roll-out, KPIs and return"), ("rollout",)),
)
"""Chapters that hold other sections than the one of their number: number, title, section keys."""


@dataclass(frozen=True)
class Part:
    """One section as it stands in a chapter: its title, the headings before it, and its blocks."""

    title: str
    headings: list[Block]
    blocks: list[Block]


def chapters(strategy: Strategy, view: View) -> list[Part]:
    """Every chapter in order. A chapter whose section is missing stays, and says so."""
    parts = [
        Part(view._(section.title), [Heading(2, f"{section.number}. {view._(section.title)}")], _body(section, strategy, view))
        for section in SECTIONS
        if section.number <= STRATEGY_SECTIONS
    ]
    for number, title, keys in SHARED_CHAPTERS:
        parts += _shared(
            Heading(2, f"{number}. {view._(title)}"), number, [section for section in SECTIONS if section.key in keys], strategy, view
        )
    return parts


def _shared(heading: Heading, number: int, sections: Sequence[Section], strategy: Strategy, view: View) -> list[Part]:
    parts: list[Part] = []
    for place, section in enumerate(sections, start=1):
        headings: list[Block] = [heading] if place == 1 else []
        if len(sections) > 1:
            headings.append(Heading(3, f"{number}.{place} {view._(section.title)}"))
        parts.append(Part(view._(section.title), headings, _body(section, strategy, view)))
    return parts


def _body(section: Section, strategy: Strategy, view: View) -> list[Block]:
    draft = strategy.sections.get(section.key)
    if draft is not None:
        return [*section.render(draft, view), *measurements(section.key, strategy.profile, view)]
    reason = next((missing.reason for missing in strategy.missing if missing.section == section.key), "")
    if reason:
        return [Paragraph(view._("This section is missing. Reason: %(reason)s") % {"reason": view.name(reason)})]
    return [Paragraph(view._("This section has not been written."))]
