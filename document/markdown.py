"""The whole document: from a strategy to markdown. The same strategy gives the same bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ai_data_strategy.agents.once import once
from ai_data_strategy.agents.strategy import Strategy, sheet_of
from ai_data_strategy.document.annexes import annexes
from ai_data_strategy.document.chapters import chapters
from ai_data_strategy.document.diagrams import draws
from ai_data_strategy.document.fitting import fitted
from ai_data_strategy.document.front import front, masthead
from ai_data_strategy.document.ledger import Watched
from ai_data_strategy.document.no_ai import no_ai
from ai_data_strategy.document.plan import actions, questions, risks
from ai_data_strategy.typeset.blocks import Block, Diagram, markdown
from ai_data_strategy.typeset.view import View


@dataclass(frozen=True)
class Composed:
    """The blocks of a document: what is read, and the annexes for audit."""

    body: list[Block]
    annexes: list[Block]

    @property
    def text(self) -> str:
        return markdown([*self.body, *self.annexes]) + "\n"


def render(strategy: Strategy) -> str:
    """The strategy as markdown text."""
    return compose(strategy).text


@once(2)  # saving, reading back and scoring look at the same document
def compose(strategy: Strategy) -> Composed:
    """The blocks in order; a short page if there is to be no AI."""
    if strategy.clarification.no_ai is not None:
        return Composed(no_ai(strategy, strategy.clarification.no_ai), [])
    if strategy.blueprint is None:
        return Composed(masthead(strategy), [])
    sheet = sheet_of(strategy)
    watched = Watched.over(sheet.ledger)
    view = View(strategy.brief.language, strategy.blueprint, watched)
    first = [block for block in front(strategy, view, strategy.blueprint) if _shows(block)]
    last = [*actions(strategy, view), *risks(strategy, view), *questions(strategy, view)]
    parts = [replace(part, blocks=[block for block in part.blocks if _shows(block)]) for part in chapters(strategy, view)]
    fit = fitted(parts, [*first, *last], view)
    body = [*first, *(block for part in fit.parts for block in (*part.headings, *part.blocks)), *last]
    return Composed(body, annexes(strategy, view, watched, fit.moved))


def _shows(block: Block) -> bool:
    """False for a diagram that would not draw: it is left out."""
    return not isinstance(block, Diagram) or draws(block.source)
