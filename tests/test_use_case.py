"""The use case section: its playbook for every archetype, its checks with planted faults, its rendering."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import get_args

import pytest
from markdown_it import MarkdownIt

from ai_data_strategy.agents.section import Draft, Section
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.agents.structure import structure_verdicts
from ai_data_strategy.agents.use_case import SECTION, Feature, UseCase
from ai_data_strategy.blueprint import Archetype, Blueprint
from ai_data_strategy.domain import Quantity
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.typeset.blocks import markdown
from ai_data_strategy.typeset.view import View

ARCHETYPES = [name for name in get_args(Archetype) if name != "rules"]
DeskOf = Callable[[Blueprint, str], Desk]
SheetOf = Callable[[Section, Draft, Blueprint], Sheet]
ViewOf = Callable[[Sheet], View]


def drafted(desk: Desk) -> UseCase:
    draft = SECTION.playbook(desk)
    assert isinstance(draft, UseCase)
    return draft


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
    assert len(text.split()) < 850
    tables = [token for token in MarkdownIt().enable("table").parse(text) if token.type == "table_open"]
    assert len(tables) == 2


def test_the_checks_are_those_of_the_rubric() -> None:
    assert set(SECTION.checks) == {criterion.id for criterion in SECTION.criteria("check")}


def changed(draft: UseCase, part: str, **change: object) -> UseCase:
    return draft.model_copy(update={part: getattr(draft, part).model_copy(update=change)})


def with_quantity(draft: UseCase, key: str, **change: object) -> UseCase:
    return draft.model_copy(update={"quantities": [q.model_copy(update=change) if q.key == key else q for q in draft.quantities]})


FAULTS: list[tuple[str, Callable[[UseCase], UseCase], str]] = [
    ("UC1", lambda d: changed(d, "scope", errors=" "), "which error costs more"),
    ("UC2", lambda d: changed(d, "example", features=[Feature(field="subject", value=" ")]), "needs a value"),
    ("UC2", lambda d: changed(d, "example", output="number"), "does not fit"),
    ("UC3", lambda d: changed(d, "example", features=[Feature(field="mood_of_sender", value="angry")]), "no field of any source"),
    ("UC3", lambda d: changed(d, "example", label="no_such_queue"), "is no class"),
    ("UC4", lambda d: d.model_copy(update={"quantities": [q for q in d.quantities if q.key != "required_examples"]}), "define required_examples"),
    ("UC4", lambda d: with_quantity(d, "required_examples", unit="EUR"), "no count"),
    ("UC4", lambda d: with_quantity(d, "smaller_examples", expression="required_examples * 2"), "must be below"),
    ("UC6", lambda d: d.model_copy(update={"in_hand": d.in_hand[1:]}), "'tickets' is not listed"),
    ("UC6", lambda d: d.model_copy(update={"in_hand": [*d.in_hand, d.in_hand[0].model_copy(update={"source": "crm"})]}), "no source of the inventory"),
    ("UC6", lambda d: d.model_copy(update={"in_hand": [i.model_copy(update={"use": "training"}) for i in d.in_hand]}), "still to be built"),
    ("UC8", lambda d: changed(d, "opponent", level="use_case_nowhere"), "expected level"),
    ("UC8", lambda d: changed(d, "opponent", decided_by="nobody"), "is no role"),
    ("UC8", lambda d: changed(d, "success", guard=""), "must not get worse"),
]  # fmt: skip


@pytest.mark.parametrize(("criterion", "change", "message"), FAULTS, ids=[f"{c}-{m}" for c, _, m in FAULTS])
def test_a_planted_fault_is_found(
    criterion: str, change: Callable[[UseCase], UseCase], message: str, helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    draft = change(drafted(desk_of(helpdesk, "text_classification")))
    verdicts = {v.criterion: v for v in SECTION.checks.verdicts(draft, sheet_of(SECTION, draft, helpdesk))}
    assert verdicts[criterion].outcome == "not_met"
    assert message in verdicts[criterion].why


def test_a_task_without_a_decision_is_found(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    draft = drafted(desk_of(helpdesk, "text_classification"))
    vague = helpdesk.model_copy(update={"task": helpdesk.task.model_copy(update={"decision": ""})})
    verdict = SECTION.checks.verdicts(draft, sheet_of(SECTION, draft, vague))[0]
    assert (verdict.criterion, verdict.outcome) == ("UC1", "not_met")


def test_a_target_equal_to_today_is_found(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    draft = drafted(desk_of(helpdesk, "text_classification"))
    flat = helpdesk.model_copy(update={"shared": helpdesk.shared.model_copy(update={"target": helpdesk.shared.baseline})})
    verdicts = {v.criterion: v for v in SECTION.checks.verdicts(draft, sheet_of(SECTION, draft, flat))}
    assert "must differ from today" in verdicts["UC8"].why


@pytest.mark.parametrize(("label", "message"), [("-3 units", "outside the range"), ("many", "does not begin with a number")])
def test_a_number_label_stays_in_its_range(label: str, message: str, helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    desk = desk_of(helpdesk, "forecasting")
    draft = changed(drafted(desk), "example", label=label)
    verdicts = {v.criterion: v for v in SECTION.checks.verdicts(draft, sheet_of(SECTION, draft, desk.blueprint))}
    assert message in verdicts["UC3"].why


def test_the_need_of_fraud_follows_the_base_rate(payments: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    draft = drafted(desk_of(payments, "fraud"))
    need = sheet_of(SECTION, draft, payments).number("required_examples", "{example}")
    assert need == pytest.approx(60 * 200 / 0.0011)


def test_an_unknown_rare_share_becomes_a_measurement(payments: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    bare = payments.model_copy(update={"slices": []})
    draft = drafted(desk_of(bare, "fraud"))
    unknown: Quantity = next(q for q in draft.quantities if q.key == "use_case_rare_share")
    assert unknown.basis == "unknown" and unknown.check and unknown.check.by >= date(2026, 11, 23)
    verdicts = SECTION.checks.verdicts(draft, sheet_of(SECTION, draft, bare))
    assert [v.why for v in verdicts if v.outcome == "not_met"] == []


def test_texts_are_shown_escaped(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf) -> None:
    plain = drafted(desk_of(helpdesk, "text_classification"))
    draft = changed(plain, "example", features=[Feature(field="subject", value="<b>hi</b> | [x](http://y)")])
    text = markdown(SECTION.render(draft, view_of(sheet_of(SECTION, draft, helpdesk))))
    inline = [child.type for token in MarkdownIt().enable("table").parse(text) for child in token.children or []]
    assert "hi" in text and "html_inline" not in inline and "link_open" not in inline
