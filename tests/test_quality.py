"""The quality section: its playbook for every archetype, its checks with planted faults, its rendering."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
from markdown_it import MarkdownIt

from ai_data_strategy.agents.quality import SECTION
from ai_data_strategy.agents.quality_fields import Quality
from ai_data_strategy.agents.section import Draft, Section
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.agents.structure import structure_verdicts
from ai_data_strategy.blueprint import Archetype, Blueprint
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.typeset.blocks import markdown
from ai_data_strategy.typeset.view import View

ARCHETYPES = [name for name in get_args(Archetype) if name != "rules"]
DeskOf = Callable[[Blueprint, str], Desk]
SheetOf = Callable[[Section, Draft, Blueprint], Sheet]
ViewOf = Callable[[Sheet], View]


def drafted(desk: Desk) -> Quality:
    draft = SECTION.playbook(desk)
    assert isinstance(draft, Quality)
    return draft


def changed(draft: Quality, part: str, **change: object) -> Quality:
    return draft.model_copy(update={part: getattr(draft, part).model_copy(update=change)})


@pytest.mark.parametrize("product", ["helpdesk", "payments"])
@pytest.mark.parametrize("archetype", ARCHETYPES)
def test_playbook_passes_every_check(
    archetype: str, product: str, request: pytest.FixtureRequest, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf
) -> None:
    desk = desk_of(request.getfixturevalue(product), archetype)
    draft = drafted(desk)
    sheet = sheet_of(SECTION, draft, desk.blueprint)
    assert [(v.criterion, v.why) for v in SECTION.checks.verdicts(draft, sheet) if v.outcome == "not_met"] == []
    assert [(v.criterion, v.why) for v in structure_verdicts(SECTION, draft, sheet)] == []
    assert len(draft.prose.split()) >= 120
    assert len(draft.rejected) >= 2 and draft.actions and draft.risks
    text = markdown(SECTION.render(draft, view_of(sheet)))
    assert len(text.split()) < 900
    assert sum(token.type == "table_open" for token in MarkdownIt().enable("table").parse(text)) >= 1


def test_the_checks_are_those_of_the_rubric() -> None:
    assert set(SECTION.checks) == {criterion.id for criterion in SECTION.criteria("check")}


@pytest.mark.parametrize("product", ["helpdesk", "payments"])
def test_archetypes_differ_in_their_reasoning(product: str, request: pytest.FixtureRequest, desk_of: DeskOf) -> None:
    blueprint = request.getfixturevalue(product)
    openings = {drafted(desk_of(blueprint, archetype)).prose.split("\n\n")[0] for archetype in ARCHETYPES}
    assert len(openings) == len(ARCHETYPES)


def first(draft: Quality, part: str, **change: object) -> Quality:
    items = getattr(draft, part)
    return draft.model_copy(update={part: [items[0].model_copy(update=change), *items[1:]]})


def valued(draft: Quality, key: str, **change: object) -> Quality:
    return draft.model_copy(update={"quantities": [q.model_copy(update=change) if q.key == key else q for q in draft.quantities]})


FAULTS: list[tuple[str, Callable[[Quality], Quality], str]] = [
    ("DQ1", lambda d: first(d, "missing", field="mood"), "is no field"),
    ("DQ1", lambda d: first(d, "missing", at_most="benchmark_items_of_another"), "no quantity in percent"),
    ("DQ1", lambda d: valued(d, "quality_missing_input", value=140), "outside 0 to 100"),
    ("DQ1", lambda d: d.model_copy(update={"missing": [m for m in d.missing if m.source != "tickets"]}), "'tickets' has no feature"),
    ("DQ2", lambda d: changed(d, "noise", method=""), "by which reading"),
    ("DQ2", lambda d: changed(d, "noise", sample="nowhere"), "no positive number"),
    ("DQ2", lambda d: changed(d, "noise", ceiling="tickets_rows"), "must be a percentage"),
    ("DQ3", lambda d: first(d, "entities", merged_by=" "), "how doubles are found"),
    ("DQ3", lambda d: first(d, "entities", keys=[d.entities[0].keys[0].model_copy(update={"field": "nothing"})]), "is no field"),
    ("DQ4", lambda d: d.model_copy(update={"staleness": d.staleness[1:]}), "no maximum staleness"),
    ("DQ4", lambda d: valued(d, "quality_age_inputs", value=10, unit="second"), "cannot hold"),
    ("DQ4", lambda d: first(d, "staleness", source="crm"), "is no source"),
    ("DQ5", lambda d: d.model_copy(update={"slices": d.slices[1:]}), "has no minimum"),
    ("DQ5", lambda d: first(d, "slices", slice="martians"), "is no slice"),
    ("DQ5", lambda d: first(d, "slices", share="german_share"), "in the blueprint"),
    ("DQ5", lambda d: valued(d, "quality_slice_minimum", value=0), "no positive number"),
    ("DQ6", lambda d: changed(d, "volume", ruling="short"), "ruling 'short'"),
    ("DQ6", lambda d: changed(d, "volume", ruling="not_applicable"), "does not fit a task that trains"),
    ("DQ6", lambda d: changed(d, "volume", ruling="unknown"), "both figures are known"),
    ("DQ6", lambda d: changed(d, "volume", ruling="set_aside", learning_curve=None), "learning-curve"),
    ("DQ6", lambda d: changed(d, "volume", because=""), "what the trainable parameters are"),
    ("DQ6", lambda d: d.model_copy(update={"quantities": [q for q in d.quantities if q.key != "available_examples"]}), "define available_examples"),
]  # fmt: skip


@pytest.mark.parametrize(("criterion", "change", "message"), FAULTS, ids=[f"{c}-{m}" for c, _, m in FAULTS])
def test_a_planted_fault_is_found(
    criterion: str, change: Callable[[Quality], Quality], message: str, helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    draft = change(drafted(desk_of(helpdesk, "text_classification")))
    verdicts = {v.criterion: v for v in SECTION.checks.verdicts(draft, sheet_of(SECTION, draft, helpdesk))}
    assert verdicts[criterion].outcome == "not_met"
    assert message in verdicts[criterion].why


def test_a_kind_without_slices_needs_a_reason(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    poor = helpdesk.model_copy(update={"slices": [s for s in helpdesk.slices if s.kind != "rare"]})
    draft = drafted(desk_of(poor, "text_classification"))
    assert [item.kind for item in draft.uncovered] == ["rare"]
    silent = draft.model_copy(update={"uncovered": []})
    verdicts = {v.criterion: v for v in SECTION.checks.verdicts(silent, sheet_of(SECTION, silent, poor))}
    assert "no slice of kind rare" in verdicts["DQ5"].why


def test_what_trains_nothing_has_no_rule_of_ten(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    desk = desk_of(helpdesk, "rag_chat")
    draft = drafted(desk)
    verdicts = {v.criterion: v for v in SECTION.checks.verdicts(draft, sheet_of(SECTION, draft, desk.blueprint))}
    assert verdicts["DQ6"].outcome == "not_applicable"
    assert "Nothing is trained" in verdicts["DQ6"].why


def test_the_ten_times_figure_is_ten_times_the_parameters(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    draft = drafted(desk_of(helpdesk, "text_classification"))
    sheet = sheet_of(SECTION, draft, helpdesk)
    assert sheet.number("trainable_parameters", "count") == 384 * 14
    assert sheet.number("ten_times_parameters", "{example}") == 10 * 384 * 14
    assert draft.volume.ruling == "enough"


def test_a_thin_slice_is_said_in_the_prose(helpdesk: Blueprint, desk_of: DeskOf) -> None:
    thin = [q.model_copy(update={"value": 0.02}) if q.key == "security_share" else q for q in helpdesk.quantities]
    prose = drafted(desk_of(helpdesk.model_copy(update={"quantities": thin}), "text_classification")).prose
    assert "{quality_in_security_reports}" in prose


def test_a_slow_source_gets_twice_its_period(payments: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    slow = [q.model_copy(update={"value": 9}) if q.key == "case_update" else q for q in payments.quantities]
    blueprint = payments.model_copy(update={"quantities": slow})
    draft = drafted(desk_of(blueprint, "fraud"))
    sheet = sheet_of(SECTION, draft, blueprint)
    limits = {item.source: sheet.number(item.at_most, "day") for item in draft.staleness}
    assert limits["case_outcome"] == 18


def test_texts_are_shown_escaped(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf) -> None:
    draft = changed(drafted(desk_of(helpdesk, "text_classification")), "noise", method="<b>evil</b> | [x](http://y)")
    assert SECTION.annex is not None
    text = markdown(SECTION.annex(draft, view_of(sheet_of(SECTION, draft, helpdesk))))
    inline = [child.type for token in MarkdownIt().enable("table").parse(text) for child in token.children or []]
    assert "evil" in text and "html_inline" not in inline and "link_open" not in inline
