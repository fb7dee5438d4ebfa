"""The labelling strategy: the playbook for every archetype, each check by one planted fault, and how it is shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import get_args

import pytest
from markdown_it import MarkdownIt

from ai_data_strategy.agents.labelling import SECTION
from ai_data_strategy.agents.labelling_desk import playbook
from ai_data_strategy.agents.labelling_fields import Labelling
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.blueprint import Archetype, Blueprint
from ai_data_strategy.domain import Figure, Verdict
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.typeset.blocks import markdown
from ai_data_strategy.typeset.view import View

ARCHETYPES: tuple[Archetype, ...] = tuple(item for item in get_args(Archetype) if item != "rules")
DeskOf = Callable[[Blueprint, Archetype], Desk]
SheetOf = Callable[..., Sheet]
ViewOf = Callable[[Sheet], View]


def verdicts(draft: Labelling, sheet: Sheet) -> dict[str, Verdict]:
    return {verdict.criterion: verdict for verdict in SECTION.checks.verdicts(draft, sheet)}


def part(field: str, **changes: object) -> Callable[[Labelling], Labelling]:
    return lambda draft: draft.model_copy(update={field: getattr(draft, field).model_copy(update=changes)})


def top(**changes: object) -> Callable[[Labelling], Labelling]:
    return lambda draft: draft.model_copy(update=changes)


@pytest.mark.parametrize("archetype", ARCHETYPES)
@pytest.mark.parametrize("product", ["helpdesk", "payments"])
def test_playbook_meets_every_check(
    product: str, archetype: Archetype, request: pytest.FixtureRequest, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    desk = desk_of(request.getfixturevalue(product), archetype)
    draft = playbook(desk)
    sheet = sheet_of(SECTION, draft, desk.blueprint)
    assert [v for v in SECTION.checks.verdicts(draft, sheet) if v.outcome == "not_met"] == []
    assert not [entry.problem for entry in sheet.ledger.entries.values() if entry.problem]
    assert len(draft.rejected) >= 2 and draft.actions and draft.risks
    assert all(action.cost in sheet.ledger.entries and action.due >= desk.role_of(action.owner).available_from for action in draft.actions)


def test_every_check_criterion_is_decided() -> None:
    assert set(SECTION.checks) == {criterion.id for criterion in SECTION.criteria("check")}


FAULTS = [
    ("LB1", part("human", evaluation=False), "evaluation set"),
    ("LB1", part("human", owner="nobody"), "no role"),
    ("LB1", part("human", done_by=date(2027, 1, 4)), "weeks at the hours there are"),
    ("LB2", lambda d: d.model_copy(update={"guides": d.guides[1:]}), "has no definition"),
    ("LB2", lambda d: d.model_copy(update={"guides": [*d.guides, d.guides[0].model_copy(update={"label": "ghost"})]}), "no class"),
    ("LB3", part("agreement", metric="none"), "choose an agreement metric"),
    ("LB5", part("platform", chosen="Labelbox or Prodigy"), "menu"),
    ("LB5", part("platform", data_location=""), "where the data stay"),
    ("LB6", part("semi_supervised", used=True), "seed size"),
    ("LB7", part("weak_supervision", functions=[]), "label functions"),
    ("LB8", part("synthetic", used=True), "ceiling"),
    ("LB9", part("llm_labeller", used=True), "checked against people"),
    ("LB9", part("llm_labeller", because=""), "say why"),
]


@pytest.mark.parametrize(("criterion", "change", "message"), FAULTS)
def test_check_finds_the_fault(
    criterion: str, change: Callable[[Labelling], Labelling], message: str, helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    draft = change(playbook(desk_of(helpdesk, "text_classification")))
    verdict = verdicts(draft, sheet_of(SECTION, draft, helpdesk))[criterion]
    assert verdict.outcome == "not_met" and message in verdict.why


@pytest.mark.parametrize(("key", "value", "message"), [("agreement_target", 0.6, "at least 0.8"), ("overlap_items", 0, "labelled twice")])
def test_agreement_needs_target_and_overlap(
    key: str, value: float, message: str, helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    draft = playbook(desk_of(helpdesk, "text_classification"))
    figure = Figure(value=value, basis="proposed", source="routing_lead")
    weak = helpdesk.model_copy(update={"shared": helpdesk.shared.model_copy(update={key: figure})})
    verdict = verdicts(draft, sheet_of(SECTION, draft, weak))["LB3"]
    assert verdict.outcome == "not_met" and message in verdict.why


def test_without_classes_the_guide_does_not_apply(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    desk = desk_of(helpdesk, "forecasting")
    draft = playbook(desk)
    verdict = verdicts(draft, sheet_of(SECTION, draft, desk.blueprint))["LB2"]
    assert verdict.outcome == "not_applicable" and "no classes" in verdict.why


def test_more_readers_than_two_change_the_metric(helpdesk: Blueprint, payments: Blueprint, desk_of: DeskOf) -> None:
    assert playbook(desk_of(helpdesk, "text_classification")).agreement.metric == "cohen_kappa"
    assert playbook(desk_of(payments, "fraud")).agreement.metric == "krippendorff_alpha"


def test_hours_that_do_not_suffice_are_said(helpdesk: Blueprint, desk_of: DeskOf) -> None:
    few = helpdesk.shared.annotator_hours.model_copy(update={"value": 2})
    tight = helpdesk.model_copy(update={"shared": helpdesk.shared.model_copy(update={"annotator_hours": few})})
    assert "do not suffice" in playbook(desk_of(tight, "text_classification")).prose
    assert "have the hours" in playbook(desk_of(helpdesk, "text_classification")).prose


def test_drafts_differ_by_archetype(helpdesk: Blueprint, desk_of: DeskOf) -> None:
    assert len({playbook(desk_of(helpdesk, archetype)).prose for archetype in ARCHETYPES}) == len(ARCHETYPES)


def test_rendering_is_whole_and_safe(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf) -> None:
    draft = playbook(desk_of(helpdesk, "text_classification"))
    draft = part("platform", chosen="<b>Tool</b> | [x](http://y)")(draft)
    view = view_of(sheet_of(SECTION, draft, helpdesk))
    text = markdown(SECTION.render(draft, view))
    tokens = [token.type for token in MarkdownIt("commonmark").enable("table").parse(text)]
    assert tokens.count("table_open") == 3 and "html_block" not in tokens
    assert "95 hours" in text and not re.search(r"(?<!\\)<b>|(?<!\\)\[x\]", text)
    assert len(text.split()) >= 120 and SECTION.annex is not None
    assert "billing" in markdown(SECTION.annex(draft, view))


def test_unknown_readers_are_not_counted(helpdesk: Blueprint, desk_of: DeskOf) -> None:
    nobody = helpdesk.shared.model_copy(update={"annotators": helpdesk.shared.budget})
    draft = playbook(desk_of(helpdesk.model_copy(update={"shared": nobody}), "text_classification"))
    assert draft.human.annotators.startswith("People")
