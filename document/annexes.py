"""The annexes, for audit: tables of fields, numbers, assumptions, unknowns, options not chosen, evidence and review."""

from __future__ import annotations

from collections.abc import Callable

from ai_data_strategy.agents import BY_KEY, SECTIONS
from ai_data_strategy.agents.strategy import Strategy
from ai_data_strategy.document.ledger import Watched, ledger_tables
from ai_data_strategy.document.measurements import annex
from ai_data_strategy.document.plan import later_actions, later_risks
from ai_data_strategy.domain import Verdict, Verification
from ai_data_strategy.quantities.ledger import Entry
from ai_data_strategy.typeset.blocks import Block, Heading, Paragraph, Table
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.view import View

Tables = Callable[[Strategy, View, list[Entry]], list[Block]]
WRITERS = {"playbook": N_("playbook")}


def annexes(strategy: Strategy, view: View, ledger: Watched, moved: list[Block]) -> list[Block]:
    """Every annex that has something to show. `moved` are tables of chapters that were too long.

    Those that refer to numbers come into being first, so that the ledger knows what the document rests on.
    """
    first = section_tables(strategy, view, moved)
    shown = {title: tables(strategy, view, []) for title, tables in _ANNEXES if tables not in _NUMBERS}
    used = ledger.used()
    shown |= {title: tables(strategy, view, used) for title, tables in _ANNEXES if tables in _NUMBERS}
    letters = iter("BCDEFGHIJKL")
    return [*first, *(block for title, _ in _ANNEXES if shown[title] for block in (_title(next(letters), title, view), *shown[title]))]


def section_tables(strategy: Strategy, view: View, moved: list[Block]) -> list[Block]:
    """Annex A: tables of the chapters that did not fit, and the audit tables that sections define."""
    blocks: list[Block] = list(moved)
    for section in SECTIONS:
        draft = strategy.sections.get(section.key)
        if section.annex and draft is not None and (shown := section.annex(draft, view)):
            blocks += [Heading(3, view._("%(section)s: for audit") % {"section": view._(section.title)}), *shown]
    return [_title("A", FIRST_ANNEX, view), *blocks] if blocks else []


def _title(letter: str, title: str, view: View) -> Heading:
    return Heading(2, view._("Annex %(letter)s. %(title)s") % {"letter": letter, "title": view._(title)})


FIRST_ANNEX = N_("Tables of the sections")


def _who(check: Verification | None, view: View) -> str:
    return f"{view.role(check.owner)}, {view.day(check.by)}" if check else "–"


def _assumptions(strategy: Strategy, view: View, used: list[Entry]) -> list[Block]:
    _ = view._
    rows = [_assumed(entry, view) for entry in used if entry.quantity.basis == "assumed"]
    for item in strategy.blueprint.assumptions if strategy.blueprint else []:
        rows.append([view.line(item.statement), view.line(item.check.impact), view.line(item.check.how), _who(item.check, view)])
    whys = {question.id: question.why for question in strategy.clarification.questions}
    for answer in strategy.answers:
        if answer.skipped:
            said = _("%(question)s Assumed: %(answer)s") % {
                "question": view.name(answer.asked or answer.question),
                "answer": view.name(answer.text),
            }
            rows.append([said, view.name(whys.get(answer.question, "")), _("Answer the question and write the strategy again."), "–"])
    if not rows:
        return []
    return [Table([_("Assumed"), _("If it is wrong"), _("How it is verified"), _("Who, by when")], rows)]


def _assumed(entry: Entry, view: View) -> list[str]:
    quantity = entry.quantity
    check = quantity.check
    said = (
        f"{view.line(view._(quantity.meaning))}: {view.amount(quantity.key).text} ({view.name(quantity.source)}; {view.code(quantity.key)})"
    )
    return [said, view.line(check.impact) if check else "–", view.line(check.how) if check else "–", _who(check, view)]


def _unknowns(_strategy: Strategy, view: View, used: list[Entry]) -> list[Block]:
    _ = view._
    rows = [
        [f"{view.line(view._(entry.quantity.meaning))} ({view.code(entry.quantity.key)})", view.name(entry.quantity.source)]
        + ([view.line(check.how), _who(check, view)] if (check := entry.quantity.check) else ["–", "–"])
        for entry in used
        if entry.quantity.basis == "unknown"
    ]
    return [Table([_("Unknown"), _("Why"), _("How it will be measured"), _("Who, by when")], rows)] if rows else []


def _rejected(strategy: Strategy, view: View, _used: list[Entry]) -> list[Block]:
    _ = view._
    rows = [
        [_(section.title), view.name(option.option), view.line(option.because)]
        for section in SECTIONS
        if (draft := strategy.sections.get(section.key))
        for option in draft.rejected
    ]
    return [Table([_("Section"), _("Not chosen"), _("Why not")], rows)] if rows else []


def _actions(strategy: Strategy, view: View, _used: list[Entry]) -> list[Block]:
    return later_actions(strategy, view)


def _risks(strategy: Strategy, view: View, _used: list[Entry]) -> list[Block]:
    return later_risks(strategy, view)


def _answers(strategy: Strategy, view: View, _used: list[Entry]) -> list[Block]:
    _ = view._
    rows = [
        [view.name(a.asked or a.question), view.name(a.text), _("default, the question was skipped") if a.skipped else _("answered")]
        for a in strategy.answers
    ]
    return [Table([_("Question"), _("Answer"), _("Given by")], rows)] if rows else []


def _evidence(strategy: Strategy, view: View, _used: list[Entry]) -> list[Block]:
    return annex(strategy.profile, view)


def _review(strategy: Strategy, view: View, _used: list[Entry]) -> list[Block]:
    _ = view._
    rows = [
        [
            _(BY_KEY[record.section].title) if record.section in BY_KEY else view.code(record.section),
            _(WRITERS[record.written_by]) if record.written_by in WRITERS else view.name(record.written_by),
            str(record.revisions),
            str(sum(verdict.outcome == "met" for verdict in record.critique.verdicts)),
            str(len(record.critique.open)),
        ]
        for record in strategy.records
    ]
    blocks: list[Block] = (
        [Table([_("Section"), _("Written by"), _("Revisions"), _("Criteria met"), _("Criteria open")], rows)] if rows else []
    )
    opened = [(record.section, verdict) for record in strategy.records for verdict in record.critique.open]
    opened += [("", verdict) for verdict in strategy.cross.open]
    if opened:
        findings = [_finding(section, verdict, view) for section, verdict in opened]
        return [
            *blocks,
            Paragraph(_("What the review still objects to:")),
            Table([_("Criterion"), _("Section"), _("Objection"), _("Found by")], findings),
        ]
    return [*blocks, Paragraph(_("The review leaves no objection open."))] if strategy.records else blocks


def _finding(section: str, verdict: Verdict, view: View) -> list[str]:
    where = view._(BY_KEY[section].title) if section in BY_KEY else view._("whole document")
    by = view._("check") if verdict.by == "check" else view._("reviewer")
    quote = f" “{view.name(verdict.quote)}”" if verdict.quote else ""
    return [view.name(verdict.criterion), where, f"{view.name(verdict.why)}{quote}", by]


def _numbers(_strategy: Strategy, view: View, used: list[Entry]) -> list[Block]:
    return ledger_tables(used, view)


_NUMBERS = (_numbers, _assumptions, _unknowns)
"""Those that show the numbers which the others refer to."""
_ANNEXES: tuple[tuple[str, Tables], ...] = (
    (N_("Number ledger"), _numbers),
    (N_("Assumption register"), _assumptions),
    (N_("Unknown, and how it will be measured"), _unknowns),
    (N_("Not chosen, and why"), _rejected),
    (N_("Later actions"), _actions),
    (N_("Further risks"), _risks),
    (N_("Questions and answers"), _answers),
    (N_("Evidence"), _evidence),
    (N_("Review record"), _review),
)
