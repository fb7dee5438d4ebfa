"""The document of a brief that needs no learning, or may not have it: one reasoned page."""

from __future__ import annotations

from ai_data_strategy.agents.clarification import NoAi
from ai_data_strategy.agents.strategy import Strategy
from ai_data_strategy.document.front import contradictions, found_in_brief, masthead
from ai_data_strategy.quantities.ledger import Ledger
from ai_data_strategy.typeset import text as safe
from ai_data_strategy.typeset.blocks import Block, Bullets, Heading, Paragraph, Table
from ai_data_strategy.typeset.catalogue import N_, translator
from ai_data_strategy.typeset.figures import tabled

REASONS = {
    "needed": N_("Verdict: no AI here."),
    "not_needed": N_("Verdict: no AI here, because nothing has to be learned."),
    "not_lawful": N_("Verdict: no AI here, because the law does not allow it."),
}


def no_ai(strategy: Strategy, said: NoAi) -> list[Block]:
    """Verdict, reason, alternative, steps, and what would change the verdict."""
    _ = translator(strategy.brief.language)
    ledger = Ledger.of({"memo": strategy.memo.quantities if strategy.memo else []})

    def number(key: str) -> str:
        entry = ledger.get(key)
        return safe.escape(tabled(entry, strategy.brief.language)) if entry else safe.code(key)

    def prose(text: str) -> list[Block]:
        return [Paragraph(part) for part in safe.paragraphs(text, number)]

    blocks = masthead(strategy)
    blocks.append(Paragraph(f"**{_(REASONS[strategy.clarification.learning])}**"))
    blocks += [Heading(2, _("Why")), *prose(said.because)]
    blocks += [Heading(2, _("What to do instead")), *prose(said.alternative)]
    blocks += [Heading(2, _("Next steps")), Bullets([safe.inline(step, number) for step in said.steps])]
    blocks += [Heading(2, _("What would change this verdict")), *prose(said.would_change)]
    if strategy.clarification.facts:
        rows = [[f"“{safe.escape(fact.quote)}”", safe.inline(fact.meaning, number)] for fact in strategy.clarification.facts]
        blocks += [Heading(2, _("What the brief says")), Table([_("In the brief"), _("What follows")], rows)]
    told = contradictions(strategy) or strategy.clarification.orders
    return [*blocks, *found_in_brief(strategy, number)] if told else blocks
