"""Data governance: the playbook for every archetype, each check by one planted fault, and products without people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import get_args

import pytest
from markdown_it import MarkdownIt

from ai_data_strategy.agents.governance import SECTION
from ai_data_strategy.agents.governance_desk import playbook
from ai_data_strategy.agents.governance_fields import Governance
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.agents.structure import structure_verdicts
from ai_data_strategy.blueprint import Archetype, Blueprint
from ai_data_strategy.domain import Figure, Verdict
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.typeset.blocks import markdown
from ai_data_strategy.typeset.view import View

ARCHETYPES: tuple[Archetype, ...] = tuple(item for item in get_args(Archetype) if item != "rules")
DeskOf = Callable[[Blueprint, Archetype], Desk]
SheetOf = Callable[..., Sheet]
ViewOf = Callable[[Sheet], View]


def verdicts(draft: Governance, sheet: Sheet) -> dict[str, Verdict]:
    return {verdict.criterion: verdict for verdict in SECTION.checks.verdicts(draft, sheet)}


def impersonal(blueprint: Blueprint) -> Blueprint:
    """The same product without a single personal field."""
    sources = [s.model_copy(update={"fields": [f.model_copy(update={"sensitivity": "none"}) for f in s.fields]}) for s in blueprint.sources]
    return blueprint.model_copy(update={"sources": sources})


def shared(blueprint: Blueprint, **figures: Figure) -> Blueprint:
    return blueprint.model_copy(update={"shared": blueprint.shared.model_copy(update=figures)})


def use(draft: Governance, **changes: object) -> Governance:
    """The first source's personal use, changed."""
    first = draft.sources[0]
    assert first.personal is not None
    changed = first.model_copy(update={"personal": first.personal.model_copy(update=changes)})
    return draft.model_copy(update={"sources": [changed, *draft.sources[1:]]})


def treated(draft: Governance, **changes: object) -> Governance:
    return draft.model_copy(update={"treatments": [draft.treatments[0].model_copy(update=changes), *draft.treatments[1:]]})


def step(draft: Governance, index: int, **changes: object) -> Governance:
    steps = list(draft.erasure)
    steps[index] = steps[index].model_copy(update=changes)
    return draft.model_copy(update={"erasure": steps})


@pytest.mark.parametrize("archetype", ARCHETYPES)
@pytest.mark.parametrize("product", ["helpdesk", "payments"])
def test_playbook_meets_every_check(
    product: str, archetype: Archetype, request: pytest.FixtureRequest, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    desk = desk_of(request.getfixturevalue(product), archetype)
    draft = playbook(desk)
    sheet = sheet_of(SECTION, draft, desk.blueprint)
    assert [v for v in SECTION.checks.verdicts(draft, sheet) if v.outcome != "met"] == []
    assert (sheet.number("erasure_chain", "day") or 99) <= (sheet.number("erasure_limit", "day") or 0)
    assert len(draft.rejected) >= 2 and draft.actions and draft.risks
    assert all(action.cost in sheet.ledger.entries for action in draft.actions)


def test_every_check_criterion_is_decided() -> None:
    assert set(SECTION.checks) == {criterion.id for criterion in SECTION.criteria("check")}


FAULTS = [
    ("GV1", lambda d: d.model_copy(update={"treatments": d.treatments[1:]}), "without a treatment"),
    ("GV1", lambda d: treated(d, fields=[*d.treatments[0].fields, d.treatments[0].fields[0]]), "more than one treatment"),
    ("GV1", lambda d: treated(d, fields=[*d.treatments[0].fields, "tickets.ghost"]), "no field of the blueprint"),
    ("GV1", lambda d: treated(d, treatment="keep", because=None), "kept without a reason"),
    ("GV1", lambda d: d.model_copy(update={"no_personal_because": "nobody is in it"}), "has personal fields"),
    ("GV3", lambda d: d.model_copy(update={"sources": d.sources[1:]}), "no basis, clause and status"),
    ("GV3", lambda d: use(d, clause=""), "clause reviewed"),
    ("GV3", lambda d: use(d, action=None), "name the action"),
    ("GV4", lambda d: use(d, training_from=date(2026, 12, 1)), "begin after it"),
    ("GV4", lambda d: use(d, action="ghost"), "without an action"),
    ("GV5", lambda d: use(d, ml_use=""), "collected for"),
    ("GV5", lambda d: use(d, reconsent=None), "agree anew"),
    (
        "GV6",
        lambda d: d.model_copy(update={"sources": [d.sources[0].model_copy(update={"deletion_job": " "}), *d.sources[1:]]}),
        "deletion job",
    ),
    ("GV6", lambda d: d.model_copy(update={"sources": [*d.sources, d.sources[0].model_copy(update={"source": "ghost"})]}), "no source"),
    ("GV7", lambda d: d.model_copy(update={"lineage": d.lineage.model_copy(update={"backward": ""})}), "both directions"),
    ("GV7", lambda d: d.model_copy(update={"lineage": d.lineage.model_copy(update={"person_key": None})}), "could not find"),
    ("GV8", lambda d: d.model_copy(update={"erasure": d.erasure[:-1]}), "does not reach models"),
    ("GV8", lambda d: step(d, 5, days="retrain_cadence"), "longest way takes 68 days against a limit of 30"),
    ("GV8", lambda d: step(d, 0, after="models"), "cannot be computed"),
    ("GV8", lambda d: step(d, 1, method=""), "give a method"),
]


@pytest.mark.parametrize(("criterion", "change", "message"), FAULTS)
def test_check_finds_the_fault(
    criterion: str, change: Callable[[Governance], Governance], message: str, helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    draft = change(playbook(desk_of(helpdesk, "text_classification")))
    verdict = verdicts(draft, sheet_of(SECTION, draft, helpdesk))[criterion]
    assert verdict.outcome == "not_met" and message in verdict.why


def test_person_key_must_survive_its_treatment(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    draft = playbook(desk_of(helpdesk, "text_classification"))
    rows = [row.model_copy(update={"treatment": "drop"}) if draft.lineage.person_key in row.fields else row for row in draft.treatments]
    verdict = verdicts(draft.model_copy(update={"treatments": rows}), sheet_of(SECTION, draft, helpdesk))["GV7"]
    assert verdict.outcome == "not_met" and "does not survive" in verdict.why


def test_gdpr_allows_one_month(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    slow = shared(helpdesk, erasure_limit=Figure(value=60, basis="proposed", source="dpo"))
    draft = playbook(desk_of(slow, "text_classification"))
    assert "at most 30 days" in verdicts(draft, sheet_of(SECTION, draft, slow))["GV8"].why


@pytest.mark.parametrize("backups", [5, 14, 35, 90])
@pytest.mark.parametrize("cadence", [7, 30, 120])
def test_erasure_keeps_its_limit_whatever_backups_and_cadence(
    backups: float, cadence: float, helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    changed = shared(
        helpdesk,
        backup_retention=Figure(value=backups, basis="proposed", source="dpo"),
        retrain_cadence=Figure(value=cadence, basis="proposed", source="dpo"),
    )
    draft = playbook(desk_of(changed, "text_classification"))
    sheet = sheet_of(SECTION, draft, changed)
    assert verdicts(draft, sheet)["GV8"].outcome == "met"
    assert (draft.erasure[5].days == "retrain_cadence") == (cadence == 7)


def test_without_people_the_criteria_do_not_apply(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    desk = desk_of(impersonal(helpdesk), "maintenance")
    draft = playbook(desk)
    found = verdicts(draft, sheet_of(SECTION, draft, desk.blueprint))
    outcomes = {criterion: verdict.outcome for criterion, verdict in found.items()}
    assert outcomes == {**dict.fromkeys(("GV1", "GV3", "GV4", "GV5", "GV8"), "not_applicable"), "GV6": "met", "GV7": "met"}
    assert draft.no_personal_because and draft.no_personal_because in found["GV1"].why


def test_role_of_the_company_decides_the_basis(helpdesk: Blueprint, payments: Blueprint, desk_of: DeskOf) -> None:
    routing = playbook(desk_of(helpdesk, "text_classification")).sources[0].personal
    fraud = playbook(desk_of(payments, "fraud")).sources[0].personal
    assert routing is not None and "Art. 28(3)(a)" in routing.basis and "silent on model training" in routing.clause
    assert fraud is not None and "recital 47" in fraud.basis and fraud.status == "missing"


def test_rendering_is_whole_and_safe(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf) -> None:
    draft = use(playbook(desk_of(helpdesk, "text_classification")), clause="<script>x</script> | [a](http://b)")
    view = view_of(sheet_of(SECTION, draft, helpdesk))
    assert SECTION.annex is not None
    chapter, annex = markdown(SECTION.render(draft, view)), markdown(SECTION.annex(draft, view))
    tokens = [token.type for token in MarkdownIt("commonmark").enable("table").parse(f"{chapter}\n\n{annex}")]
    assert tokens.count("table_open") == 8 and "html_block" not in tokens and "link_open" not in tokens
    assert "trained models" in chapter and "tickets.customer_id" in annex and len(chapter.split()) >= 120


@pytest.mark.parametrize("archetype", ARCHETYPES)
def test_drafts_keep_the_structure_of_numbers(archetype: Archetype, payments: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    desk = desk_of(payments, archetype)
    draft = playbook(desk)
    assert structure_verdicts(SECTION, draft, sheet_of(SECTION, draft, desk.blueprint)) == []
