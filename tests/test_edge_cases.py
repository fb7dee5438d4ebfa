"""Edge cases: the playbook passes its own checks, each check finds a planted fault, and the register is sorted."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, get_args

import pytest
from markdown_it import MarkdownIt

from ai_data_strategy.agents.edge_cases import METHODS, SECTION, SUITS, EdgeCases, Method, playbook, ranked
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.blueprint import Archetype, Blueprint
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.typeset.blocks import Table, markdown
from ai_data_strategy.typeset.view import View

ARCHETYPES: tuple[Archetype, ...] = tuple(name for name in get_args(Archetype) if name != "rules")
DeskOf = Callable[[Blueprint, Archetype], Desk]
SheetOf = Callable[..., Sheet]
ViewOf = Callable[[Sheet], View]
Change = Callable[[dict[str, Any]], dict[str, Any]]
TRACES = {"html_inline", "html_block", "link_open", "image", "heading_open", "list_item_open"}


def kinds(text: str) -> set[str]:
    """Types of all markdown tokens of a text."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    return {inner.type for token in tokens for inner in (token, *(token.children or []))}


def changed(draft: EdgeCases, change: dict[str, Any]) -> EdgeCases:
    return EdgeCases.model_validate({**draft.model_dump(), **change})


@pytest.mark.parametrize("archetype", ARCHETYPES)
@pytest.mark.parametrize("product", ["helpdesk", "payments"])
def test_playbook_passes_every_check(
    product: str, archetype: Archetype, request: pytest.FixtureRequest, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    desk = desk_of(request.getfixturevalue(product), archetype)
    draft = playbook(desk)
    sheet = sheet_of(SECTION, draft, desk.blueprint)
    assert [v for v in SECTION.checks.verdicts(draft, sheet) if v.outcome != "met"] == []
    assert [entry.problem for entry in sheet.ledger.entries.values() if entry.problem] == []


def each(**change: Any) -> Change:
    return lambda d: {"cases": [{**case, **change} for case in d["cases"]]}


def mined(**change: Any) -> Change:
    return lambda d: {"mining": [{**d["mining"][0], **change}]}


FAULTS = [
    ("PR18", lambda d: {"cases": d["cases"][:4]}, "4 different cases"),
    ("PR18", each(case="noisy input"), "1 different cases"),
    ("PR18", each(treatment=" "), "no treatment"),
    ("PR18", each(likelihood=3, severity=3), "ranks nothing"),
    ("PR18", each(harm=False), "no case is a harm"),
    ("PR19", lambda d: {"mining": []}, "name a method"),
    ("PR19", mined(method="staged_capture"), "does not suit tabular"),
    ("PR19", mined(budget="undefined"), "budget 'undefined'"),
    ("PR19", mined(budget="agreement_target"), "not known in money or hours"),
    ("PR19", mined(owner="everybody"), "no role"),
    ("PR19", mined(how=" "), "how it is done"),
]


def test_every_check_criterion_is_decided() -> None:
    assert set(SECTION.checks) == {criterion.id for criterion in SECTION.criteria("check")}


@pytest.mark.parametrize(("criterion", "change", "message"), FAULTS, ids=[f"{c}-{m}" for c, _, m in FAULTS])
def test_planted_fault_is_found(
    criterion: str, change: Change, message: str, payments: Blueprint, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    draft = playbook(desk_of(payments, "fraud"))
    broken = changed(draft, change(draft.model_dump()))
    found = next(v for v in SECTION.checks.verdicts(broken, sheet_of(SECTION, broken, payments)) if v.criterion == criterion)
    assert found.outcome == "not_met"
    assert message in found.why


def test_a_score_of_another_draft_is_found(payments: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    draft = playbook(desk_of(payments, "fraud"))
    other = changed(draft, {"cases": [case.model_dump() for case in reversed(draft.cases)]})
    found = next(v for v in SECTION.checks.verdicts(other, sheet_of(SECTION, draft, payments)) if v.criterion == "PR18")
    assert "not its likelihood times its severity" in found.why


def test_the_register_is_shown_by_score(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf) -> None:
    draft = playbook(desk_of(helpdesk, "ranking"))
    mixed = changed(draft, {"cases": [case.model_dump() for case in reversed(draft.cases)]})
    view = view_of(sheet_of(SECTION, mixed, helpdesk))
    table = next(block for block in SECTION.render(mixed, view) if isinstance(block, Table))
    grades = [re.findall(r"\d+", str(row[1])) for row in table.rows]
    scores = [int(score) for _likelihood, _severity, score in grades]
    assert scores == sorted(scores, reverse=True)
    assert [int(likelihood) * int(severity) for likelihood, severity, _score in grades] == scores


def test_every_harm_stands_in_the_chapter_and_the_rest_in_the_annex(
    helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf
) -> None:
    draft = playbook(desk_of(helpdesk, "rag_chat"))
    view = view_of(sheet_of(SECTION, draft, helpdesk))
    assert SECTION.annex is not None
    chapter, audit = markdown(SECTION.render(draft, view)), markdown(SECTION.annex(draft, view))
    assert chapter.count("(**harm**)") == sum(case.harm for case in draft.cases) and "(**harm**)" not in audit
    assert all((case.case.removesuffix(".") in chapter) != (case.case.removesuffix(".") in audit) for case in draft.cases)


def test_the_order_does_not_hang_on_the_writer(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf) -> None:
    draft = playbook(desk_of(helpdesk, "ranking"))
    mixed = changed(draft, {"cases": [case.model_dump() for case in reversed(draft.cases)]})
    assert next(case.id for _, case in ranked(mixed)) in {"harmful_spiral", "starved_supplier", "shared_screen"}


def test_every_method_says_what_it_suits() -> None:
    assert set(METHODS) == set(SUITS) == set(get_args(Method))


def test_rendering_is_safe(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf) -> None:
    draft = playbook(desk_of(helpdesk, "text_classification"))
    cases = [case.model_dump() for case in draft.cases]
    nasty = changed(draft, {"cases": [{**cases[0], "case": "<i>x</i> | y"}, *cases[1:]]})
    text = markdown(SECTION.render(nasty, view_of(sheet_of(SECTION, nasty, helpdesk))))
    assert not kinds(text) & TRACES
    assert r"\| y" in text and "**harm**" in text
