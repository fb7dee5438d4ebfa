"""What comes out of all sections together: action plan, risk register, open questions, options not chosen."""

from __future__ import annotations

from ai_data_strategy.agents import SECTIONS
from ai_data_strategy.agents.section import Action, Risk
from ai_data_strategy.agents.strategy import Strategy
from ai_data_strategy.document.chapters import SHARED_CHAPTERS
from ai_data_strategy.typeset.blocks import Block, Cell, Heading, Paragraph, Table
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.view import View

LEVELS = {"low": N_("low"), "medium": N_("medium"), "high": N_("high")}
_GRADES = {"low": 1, "medium": 2, "high": 3}
MOST_RISKS = 6
MOST_ACTIONS = 12
"""Risks and actions before the annexes; the others stand in an annex."""


def ordered_actions(strategy: Strategy) -> list[tuple[str, Action]]:
    """(section key, action) in the assembler's order; what it forgot follows by due date."""
    every = {f"{key}.{action.id}": (key, action) for key, draft in strategy.sections.items() for action in draft.actions}
    named = list(dict.fromkeys(strategy.assembly.actions)) if strategy.assembly else []
    chosen = [name for name in named if name in every]
    forgotten = sorted((name for name in every if name not in chosen), key=lambda name: (every[name][1].due, name))
    return [every[name] for name in (*chosen, *forgotten)]


def ranked_risks(strategy: Strategy) -> list[tuple[str, Risk]]:
    """(section key, risk), greatest chance × harm first, harm before chance, then in the order of sections."""
    risks = [(section.key, risk) for section in SECTIONS if (draft := strategy.sections.get(section.key)) for risk in draft.risks]
    return sorted(risks, key=lambda item: (-_GRADES[item[1].chance] * _GRADES[item[1].harm], -_GRADES[item[1].harm]))


def actions(strategy: Strategy, view: View) -> list[Block]:
    """The action plan, in the order in which to begin."""
    _ = view._
    blocks: list[Block] = [Heading(2, _("Action plan"))]
    ordered = ordered_actions(strategy)
    if not ordered:
        return [*blocks, Paragraph(_("No section asks for an action."))]
    blocks += _unnamed(strategy, view)
    blocks.append(_action_table(ordered[:MOST_ACTIONS], 1, view))
    return [*blocks, Paragraph(_("Later actions stand in an annex."))] if len(ordered) > MOST_ACTIONS else blocks


def _unnamed(strategy: Strategy, view: View) -> list[Block]:
    """The roles whose person is still to be found, said once for all tables."""
    roles = [view.role(role.id) for role in strategy.blueprint.roles if not role.named] if strategy.blueprint else []
    return [Paragraph(view._("Still to be named: %(roles)s.") % {"roles": ", ".join(roles)})] if roles else []


def later_actions(strategy: Strategy, view: View) -> list[Block]:
    """The actions that do not fit before the annexes."""
    rest = ordered_actions(strategy)[MOST_ACTIONS:]
    return [_action_table(rest, MOST_ACTIONS + 1, view)] if rest else []


def _action_table(ordered: list[tuple[str, Action]], first: int, view: View) -> Table:
    _ = view._
    shared = {key: number for number, _title, keys in SHARED_CHAPTERS for key in keys}
    chapters = {section.key: str(shared.get(section.key, section.number)) for section in SECTIONS}
    rows: list[list[str | Cell]] = [
        [
            str(place),
            view.line(action.what).removesuffix("."),
            view.role(action.owner),
            view.day(action.due),
            view.amount(action.cost),
            chapters[key],
        ]
        for place, (key, action) in enumerate(ordered, start=first)
    ]
    return Table(["#", _("Action"), _("Owner"), _("Due"), _("Cost"), _("Chapter")], rows)


def risks(strategy: Strategy, view: View) -> list[Block]:
    """The risk register with the greatest risks."""
    blocks: list[Block] = [Heading(2, view._("Risk register"))]
    found = ranked_risks(strategy)[:MOST_RISKS]
    return [*blocks, _risk_table(found, view)] if found else [*blocks, Paragraph(view._("No section names a risk."))]


def later_risks(strategy: Strategy, view: View) -> list[Block]:
    """The risks that do not fit before the annexes."""
    rest = ranked_risks(strategy)[MOST_RISKS:]
    return [_risk_table(rest, view)] if rest else []


def _risk_table(found: list[tuple[str, Risk]], view: View) -> Table:
    _ = view._
    columns = [_("Risk"), _("Chance"), _("Harm"), _("Early sign"), _("Answer"), _("Owner")]
    return Table(
        columns,
        [
            [view.line(r.risk), _(LEVELS[r.chance]), _(LEVELS[r.harm]), view.line(r.early_sign), view.line(r.answer), view.role(r.owner)]
            for _key, r in found
        ],
    )


def questions(strategy: Strategy, view: View) -> list[Block]:
    """Open questions, the one whose answer moves the plan most first."""
    _ = view._
    blocks: list[Block] = [Heading(2, _("Open questions"))]
    asked = strategy.assembly.questions if strategy.assembly else []
    if not asked:
        return [*blocks, Paragraph(_("No question is open."))]
    rows = [[str(place), view.line(q.question), view.line(q.default), view.line(q.moves)] for place, q in enumerate(asked, start=1)]
    return [*blocks, Table(["#", _("Question"), _("Assumed until it is answered"), _("What the answer would move")], rows)]
