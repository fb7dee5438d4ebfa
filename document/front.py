"""The front page: what an executive needs to decide, and what decides this product."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ai_data_strategy.agents import BY_KEY, SECTIONS
from ai_data_strategy.agents.assembly import Assembly
from ai_data_strategy.agents.section import rubric
from ai_data_strategy.agents.strategy import Strategy
from ai_data_strategy.blueprint import Blueprint, Contradiction
from ai_data_strategy.typeset import text as safe
from ai_data_strategy.typeset.blocks import Block, Bullets, Heading, Paragraph, Table
from ai_data_strategy.typeset.catalogue import N_, Translate, translator
from ai_data_strategy.typeset.figures import dated
from ai_data_strategy.typeset.view import View

AREAS = {"volume": N_("Volume"), "labels": N_("Labels"), "features": N_("Features"), "law": N_("Law"), "people": N_("People")}
STATES = {"ready": N_("ready"), "partly": N_("partly ready"), "blocked": N_("blocked"), "unknown": N_("unknown")}
VERDICTS = {
    "go": N_("Verdict: go."),
    "go_after": N_("Verdict: not yet. Go once these conditions hold:"),
    "no_ai": N_("Verdict: no AI here."),
}


def front(strategy: Strategy, view: View, blueprint: Blueprint) -> list[Block]:
    """Everything before the first chapter."""
    blocks: list[Block] = [*masthead(strategy)]
    assembly = strategy.assembly
    if assembly is None:
        verdict = _verdict(blueprint.verdict, blueprint.conditions, view)
        return [*blocks, *verdict, *found_in_brief(strategy, view.number)]
    blocks += [*_verdict(assembly.verdict, assembly.conditions, view), *_summary(assembly, view)]
    blocks += [*found_in_brief(strategy, view.number), *_decisions(assembly, view), *_readiness(assembly, view)]
    blocks += [*_pictures(strategy, view), *_words(assembly, view)]
    return [*blocks, Heading(2, view._("What decides this product")), *view.prose(assembly.decides)]


def masthead(strategy: Strategy) -> list[Block]:
    """Title, dates, who wrote it, and what a reader must know before trusting it."""
    _, language = translator(strategy.brief.language), strategy.brief.language
    product = strategy.blueprint.product if strategy.blueprint else strategy.clarification.product
    dates = [dated(strategy.created, language, long=True)]
    if strategy.blueprint:
        dates.append(_("the plan starts on %(day)s") % {"day": dated(strategy.blueprint.milestones[0].day, language, long=True)})
    if strategy.version > 1:
        dates.append(_("version %(number)s") % {"number": strategy.version})
    return [
        Heading(1, _("%(product)s: AI data strategy") % {"product": safe.escape(product)}),
        Paragraph(" · ".join(dates)),
        *(Paragraph(text) for text in _warnings(strategy, _)),
    ]


def _warnings(strategy: Strategy, _: Translate) -> Iterator[str]:
    if strategy.writer == "playbook":
        yield _(
            "No language model wrote this document. A fixed playbook of domain knowledge wrote it from the brief and the answers, "
            "and code computed the figures. Read it as a first draft."
        )
    else:
        yield _("Written by a language model (%(writer)s); code computed and checked the figures.") % {
            "writer": safe.escape(strategy.writer)
        }
    stood_in = [record for record in strategy.records if record.fallback]
    if stood_in and strategy.writer != "playbook":
        names = "; ".join(f"{_title(record.section, _)} ({safe.escape(record.fallback)})" for record in stood_in)
        yield _("**The playbook stood in for the model here:** %(sections)s.") % {"sections": names}
    if strategy.missing:
        names = "; ".join(f"{_title(missing.section, _)} ({safe.escape(missing.reason)})" for missing in strategy.missing)
        yield _("**Missing sections:** %(sections)s.") % {"sections": names}
    if gates := open_gates(strategy):
        names = ", ".join(safe.escape(gate) for gate in gates)
        yield _(
            "**The review leaves requirements open that must be met before anyone relies on this plan:** %(gates)s; see the review record."
        ) % {"gates": names}


def _title(key: str, _: Translate) -> str:
    return _(BY_KEY[key].title) if key in BY_KEY else safe.code(key)


def open_gates(strategy: Strategy) -> list[str]:
    """Ids of the gate criteria that the review leaves unmet."""
    gates = {criterion.id for criterion in rubric() if criterion.gate}
    critiques = [*(record.critique for record in strategy.records), strategy.cross]
    return sorted({verdict.criterion for critique in critiques for verdict in critique.open} & gates)


def _verdict(verdict: str, conditions: Sequence[str], view: View) -> list[Block]:
    shown: list[Block] = [Paragraph(f"**{view._(VERDICTS[verdict])}**")]
    return [*shown, Bullets([view.line(condition) for condition in conditions])] if conditions and verdict != "go" else shown


def _summary(assembly: Assembly, view: View) -> list[Block]:
    _ = view._
    return [
        Heading(2, _("Summary")),
        *_led(_("What."), assembly.what, view),
        *_led(_("Why."), assembly.why, view),
        *_led(_("Cost."), assembly.cost, view),
        Paragraph(_bold(_("The first thirty days."))),
        Bullets([view.line(line) for line in assembly.first_days]),
        Paragraph(_bold(_("The three greatest risks."))),
        Bullets([view.line(line) for line in assembly.top_risks]),
    ]


def _led(lead: str, prose: str, view: View) -> list[Block]:
    parts = [paragraph.text for paragraph in view.prose(prose)] or ["–"]
    return [Paragraph(f"**{lead}** {parts[0]}"), *(Paragraph(part) for part in parts[1:])]


def found_in_brief(strategy: Strategy, number: Callable[[str], str]) -> list[Block]:
    """Contradictions with the reading chosen, and orders hidden in the brief. `number` shows a quantity by key."""
    _ = translator(strategy.brief.language)
    blocks: list[Block] = [Heading(2, _("Where the brief and the facts disagree"))]
    if found := contradictions(strategy):
        rows = [
            [safe.escape(c.one), safe.escape(c.other), f"{safe.inline(c.reading, number)} {safe.inline(c.because, number)}"] for c in found
        ]
        blocks.append(Table([_("On the one hand"), _("On the other"), _("Reading chosen, and why")], rows))
    else:
        blocks.append(Paragraph(_("No contradiction was found in the brief.")))
    if strategy.clarification.orders:
        blocks.append(Paragraph(_bold(_("Found in the brief, not obeyed:"))))
        blocks.append(Bullets([f"“{safe.escape(order)}”" for order in strategy.clarification.orders]))
    return blocks


def contradictions(strategy: Strategy) -> list[Contradiction]:
    """Those of the blueprint, which knows the answers; those of the clarification where there is no blueprint."""
    return list(strategy.blueprint.contradictions if strategy.blueprint else strategy.clarification.contradictions)


def _decisions(assembly: Assembly, view: View) -> list[Block]:
    _ = view._
    rows = [
        [
            view.line(decision.what),
            f"{view.role(decision.who)}, {view.day(decision.by)}",
            " · ".join(view.line(option) for option in decision.options),
            f"**{_ended(view.line(decision.recommended))}** {view.line(decision.because)}",
        ]
        for decision in assembly.decisions
    ]
    return [Heading(2, _("Decisions needed")), Table([_("Decision"), _("Who, by when"), _("Options"), _("Recommended, and why")], rows)]


def _bold(text: str) -> str:
    return f"**{text}**"


def _ended(sentence: str) -> str:
    plain = sentence.replace("*", "")
    plain = plain[:1].upper() + plain[1:]
    return plain if plain.endswith((".", "!", "?")) else f"{plain}."


def _readiness(assembly: Assembly, view: View) -> list[Block]:
    _ = view._
    rows = [[_(AREAS[item.area]), _(STATES[item.state]), view.line(item.because)] for item in assembly.readiness]
    return [Heading(2, _("Readiness")), Table([_("Part"), _("State"), _("Why")], rows)]


def _pictures(strategy: Strategy, view: View) -> list[Block]:
    blocks: list[Block] = []
    for section in SECTIONS:
        draft = strategy.sections.get(section.key)
        if section.diagram and draft is not None:
            blocks += [Heading(2, view._("How the flywheel turns")), section.diagram(draft, view)]
    return blocks


def _words(assembly: Assembly, view: View) -> list[Block]:
    if not assembly.terms:
        return []
    return [
        Heading(2, view._("Words used here")),
        Bullets([f"**{view.name(term.term)}**: {view.line(term.meaning)}" for term in assembly.terms]),
    ]
