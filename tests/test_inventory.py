"""The inventory section: its playbook for every archetype, its checks with planted faults, its rendering."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import get_args

import pytest
from markdown_it import MarkdownIt

from ai_data_strategy.agents.inventory import SECTION
from ai_data_strategy.agents.inventory_fields import Inventory
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


def drafted(desk: Desk) -> Inventory:
    draft = SECTION.playbook(desk)
    assert isinstance(draft, Inventory)
    return draft


def changed(draft: Inventory, part: str, **change: object) -> Inventory:
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
    assert sum(token.type == "table_open" for token in MarkdownIt().enable("table").parse(text)) >= 2


def test_the_checks_are_those_of_the_rubric() -> None:
    assert set(SECTION.checks) == {criterion.id for criterion in SECTION.criteria("check")}


@pytest.mark.parametrize("product", ["helpdesk", "payments"])
def test_archetypes_differ_in_their_reasoning(product: str, request: pytest.FixtureRequest, desk_of: DeskOf) -> None:
    blueprint = request.getfixturevalue(product)
    openings = {drafted(desk_of(blueprint, archetype)).prose.split("\n\n")[0] for archetype in ARCHETYPES}
    assert len(openings) == len(ARCHETYPES)


def first(draft: Inventory, part: str, **change: object) -> Inventory:
    items = getattr(draft, part)
    return draft.model_copy(update={part: [items[0].model_copy(update=change), *items[1:]]})


FAULTS: list[tuple[str, Callable[[Inventory], Inventory], str]] = [
    ("IN1", lambda d: d.model_copy(update={"coverage": d.coverage[1:]}), "neither covered"),
    ("IN1", lambda d: first(d, "coverage", sources=["crm"]), "is no source"),
    ("IN1", lambda d: first(d, "coverage", sources=[], absent_because="none named"), "is not listed there"),
    ("IN5", lambda d: d.model_copy(update={"sources": d.sources[1:]}), "is not audited"),
    ("IN5", lambda d: first(d, "sources", access=" "), "say how it is read"),
    ("IN5", lambda d: first(d, "sources", mechanism="to_build"), "exists"),
    ("IN6", lambda d: first(d, "sources", owner_found_by=None), "nobody owns it"),
    ("IN7", lambda d: first(d, "sources", readers=""), "who may read it"),
    ("IN8", lambda d: first(d, "sources", agreement_note=""), "which agreement"),
    ("IN10", lambda d: first(d, "gaps", needed_because=""), "why the task needs it"),
    ("IN10", lambda d: first(d, "gaps", owner="nobody"), "is no role"),
    ("IN10", lambda d: first(d, "gaps", due=date(2020, 1, 1)), "before today"),
    ("IN10", lambda d: first(d, "gaps", closes=[]), "recorded nowhere"),
    ("IN10", lambda d: first(d, "gaps", closes=["queue_confirmed", "no_such_event"]), "neither an event"),
]  # fmt: skip
BLUEPRINT_FAULTS: list[tuple[str, dict[str, object], str]] = [
    ("IN1", {"kind": "content"}, "is not listed there"),
    ("IN2", {"rows": "no_such_rows"}, "has no value"),
    ("IN3", {"starts": None}, "no first day"),
    ("IN3", {"ends": date(2020, 1, 1)}, "before it starts"),
    ("IN4", {"update_period": "english_share"}, "is no time"),
    ("IN6", {"owner": "nobody"}, "is no role"),
    ("IN9", {"fields": []}, "no field is listed"),
]


@pytest.mark.parametrize(("criterion", "change", "message"), FAULTS, ids=[f"{c}-{m}" for c, _, m in FAULTS])
def test_a_planted_fault_is_found(
    criterion: str, change: Callable[[Inventory], Inventory], message: str, helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    draft = change(drafted(desk_of(helpdesk, "text_classification")))
    verdicts = {v.criterion: v for v in SECTION.checks.verdicts(draft, sheet_of(SECTION, draft, helpdesk))}
    assert verdicts[criterion].outcome == "not_met"
    assert message in verdicts[criterion].why


@pytest.mark.parametrize(("criterion", "change", "message"), BLUEPRINT_FAULTS, ids=[f"{c}-{m}" for c, _, m in BLUEPRINT_FAULTS])
def test_a_fault_of_the_blueprint_is_found(
    criterion: str, change: dict[str, object], message: str, helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    draft = drafted(desk_of(helpdesk, "text_classification"))
    first = helpdesk.sources[0].model_copy(update=change)
    faulty = helpdesk.model_copy(update={"sources": [first, *helpdesk.sources[1:]]})
    verdicts = {v.criterion: v for v in SECTION.checks.verdicts(draft, sheet_of(SECTION, draft, faulty))}
    assert verdicts[criterion].outcome == "not_met"
    assert message in verdicts[criterion].why


def test_a_third_party_is_not_internal(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    draft = drafted(desk_of(helpdesk, "text_classification"))
    bought = helpdesk.model_copy(update={"sources": [s.model_copy(update={"kind": "third_party"}) for s in helpdesk.sources]})
    verdicts = {v.criterion: v for v in SECTION.checks.verdicts(draft, sheet_of(SECTION, draft, bought))}
    assert "no internal source" in verdicts["IN1"].why


def test_a_third_party_needs_some_agreement(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    draft = first(drafted(desk_of(helpdesk, "text_classification")), "sources", agreement="none_needed")
    bought = [helpdesk.sources[0].model_copy(update={"kind": "third_party"}), *helpdesk.sources[1:]]
    sheet = sheet_of(SECTION, draft, helpdesk.model_copy(update={"sources": bought}))
    assert "third party" in {v.criterion: v for v in SECTION.checks.verdicts(draft, sheet)}["IN8"].why


def test_a_source_that_forgets_before_its_label_is_named(payments: Blueprint, desk_of: DeskOf) -> None:
    assert "Rows of `fingerprints` are gone after {print_retention}" in drafted(desk_of(payments, "fraud")).prose


def test_the_briefs_words_on_contracts_leave_the_agreement_open(helpdesk: Blueprint, desk_of: DeskOf) -> None:
    desk = desk_of(helpdesk, "text_classification")
    desk.reading.topics["contract"] = 'the DPA (v3, 2022) allows "providing the service" and is silent on model training.'
    draft = drafted(desk)
    assert draft.said and "silent on model training" in draft.said
    assert {item.source: item.agreement for item in draft.sources}["tickets"] == "unknown"


def test_the_annex_shows_every_field_and_its_class(payments: Blueprint, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf) -> None:
    draft = drafted(desk_of(payments, "fraud"))
    assert SECTION.annex
    text = markdown(SECTION.annex(draft, view_of(sheet_of(SECTION, draft, payments))))
    assert all(f"`{field.id}`" in text for source in payments.sources for field in source.fields)
    assert "criminal offence" in text


def test_texts_are_shown_escaped(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf) -> None:
    draft = first(drafted(desk_of(helpdesk, "text_classification")), "sources", access="<b>evil</b> | [x](http://y)")
    assert SECTION.annex is not None
    text = markdown(SECTION.annex(draft, view_of(sheet_of(SECTION, draft, helpdesk))))
    inline = [child.type for token in MarkdownIt().enable("table").parse(text) for child in token.children or []]
    assert "evil" in text and "html_inline" not in inline and "link_open" not in inline
