"""The flywheel section: the playbook passes its checks, planted faults are found, the chapter and the diagram are well formed."""

import re
from datetime import date

import pytest
from markdown_it import MarkdownIt
from merman import Merman

from ai_data_strategy.agents.flywheel import SECTION, Flywheel, diagram
from ai_data_strategy.blueprint import Archetype, Blueprint
from ai_data_strategy.domain import Quantity, Verification
from ai_data_strategy.typeset.blocks import markdown

ARCHETYPES: list[Archetype] = [
    "text_classification", "tabular_classification", "ranking", "rag_chat", "extraction", "forecasting", "fraud", "vision", "speech", "maintenance",
]  # fmt: skip


def required(value: float) -> Quantity:
    return Quantity(key="required_examples", value=value, unit="tickets", meaning="needed", basis="proposed", source="data_engineer")


def outcome(sheet, draft, criterion: str) -> tuple[str, str]:
    verdict = next(v for v in SECTION.checks.verdicts(draft, sheet) if v.criterion == criterion)
    return verdict.outcome, verdict.why


@pytest.fixture
def draft(helpdesk: Blueprint, desk_of) -> Flywheel:
    return SECTION.playbook(desk_of(helpdesk, "text_classification"))


def test_every_check_criterion_of_the_rubric_has_a_check() -> None:
    assert set(SECTION.checks) == {criterion.id for criterion in SECTION.criteria("check")}


@pytest.mark.parametrize("archetype", ARCHETYPES)
@pytest.mark.parametrize("product", ["helpdesk", "payments"])
def test_the_playbook_passes_every_check(archetype, product, request, desk_of, sheet_of, view_of) -> None:
    desk = desk_of(request.getfixturevalue(product), archetype)
    draft = SECTION.playbook(desk)
    sheet = sheet_of(SECTION, draft, desk.blueprint, [required(9_000_000)])
    assert {v.criterion: v.outcome for v in SECTION.checks.verdicts(draft, sheet)} == dict.fromkeys(SECTION.checks, "met")
    assert not [entry for entry in sheet.ledger.entries.values() if entry.problem]
    text = markdown(SECTION.render(draft, view_of(sheet)))
    assert 300 < len(re.findall(r"\w+", text)) < 750
    assert "{" not in text


def test_archetypes_differ(payments, helpdesk, desk_of) -> None:
    drafts = [SECTION.playbook(desk_of(helpdesk, archetype)) for archetype in ARCHETYPES]
    assert len({draft.prose for draft in drafts}) == len({str(draft.biases) for draft in drafts}) == len(ARCHETYPES)
    other = SECTION.playbook(desk_of(payments, "text_classification"))
    assert other.trigger != drafts[0].trigger and other.pipeline != drafts[0].pipeline


FAULTS = [
    ("FW1", lambda d: {"cycle": d.cycle[:-1]}, "must repeat the first"),
    ("FW1", lambda d: {"cycle": [d.cycle[0], d.cycle[1], d.cycle[0]]}, "four different steps"),
    ("FW2", lambda d: {"trigger": d.trigger.model_copy(update={"event": "ticket_copied"})}, "no event of the blueprint"),
    ("FW3", lambda d: {"pipeline": [s for s in d.pipeline if s.stage != "label_derivation"]}, "in this order"),
    ("FW3", lambda d: {"pipeline": [d.pipeline[1], d.pipeline[0], *d.pipeline[2:]]}, "in this order"),
    ("FW3", lambda d: {"pipeline": [s.model_copy(update={"owner": "nobody"}) for s in d.pipeline]}, "no role"),
    ("FW3", lambda d: {"pipeline": [s.model_copy(update={"store": " "}) for s in d.pipeline]}, "no table or topic"),
    ("FW4", lambda d: {"factors": d.factors[:1]}, "at least one share"),
    ("FW4", lambda d: {"factors": [*d.factors, "gone"]}, "no value"),
    ("FW4", lambda d: {"factors": [*d.factors, "examples_per_day"]}, "cannot be computed"),
    ("FW4", lambda d: {"quantities": [q.model_copy(update={"value": 140.0}) if q.key == "flywheel_closed_share" else q for q in d.quantities]}, "above the whole"),
    ("FW5", lambda d: {"worth": d.worth.model_copy(update={"patience": "english_share"})}, "in days"),
    ("FW5", lambda d: {"worth": d.worth.model_copy(update={"if_too_late": ""})}, "too late"),
    ("FW6", lambda d: {"levers": d.levers[:1]}, "at least two levers"),
    ("FW6", lambda d: {"levers": [x.model_copy(update={"effect": "more"}) for x in d.levers]}, "no quantity"),
    ("FW6", lambda d: {"levers": [x.model_copy(update={"owner": "more"}) for x in d.levers]}, "no role"),
]  # fmt: skip


@pytest.mark.parametrize(("criterion", "change", "message"), FAULTS)
def test_a_planted_fault_is_found(criterion, change, message, draft, helpdesk, sheet_of) -> None:
    broken = draft.model_copy(update=change(draft))
    verdict, why = outcome(sheet_of(SECTION, broken, helpdesk, [required(50_000)]), broken, criterion)
    assert verdict == "not_met" and message in why


def test_an_unknown_share_is_honest_and_meets_the_check(draft, helpdesk, sheet_of, view_of) -> None:
    check = Verification(impact="Velocity.", how="Count.", owner="data_engineer", by=date(2026, 12, 18))
    blank = {"value": None, "low": None, "high": None, "basis": "unknown", "source": "nobody has counted", "check": check}
    quantities = [q.model_copy(update=blank) if q.key == "flywheel_closed_share" else q for q in draft.quantities]
    honest = draft.model_copy(update={"quantities": quantities})
    sheet = sheet_of(SECTION, honest, helpdesk, [required(50_000)])
    assert {v.outcome for v in SECTION.checks.verdicts(honest, sheet)} == {"met"}
    assert "Nobody can say before" in markdown(SECTION.render(honest, view_of(sheet)))


@pytest.mark.parametrize(("need", "words"), [(1_000, "Not for volume."), (430_000, "in time"), (90_000_000, "too slow")])
def test_the_verdict_follows_the_figures(need, words, draft, helpdesk, sheet_of, view_of) -> None:
    sheet = sheet_of(SECTION, draft, helpdesk, [required(need)])
    assert words in markdown(SECTION.render(draft, view_of(sheet)))


def test_velocity_is_the_product_of_the_shares(draft, helpdesk, sheet_of) -> None:
    sheet = sheet_of(SECTION, draft, helpdesk)
    per_day = 900 * 5 / 7
    assert sheet.number("velocity_per_day", "{example}/day", "low") == pytest.approx(per_day * 0.40 * 0.92 * 0.55)
    assert sheet.number("velocity_per_day", "{example}/day", "high") == pytest.approx(per_day * 0.90 * 0.92 * 0.80)


def test_permission_is_a_factor_only_where_the_plan_waits_for_it(helpdesk, payments, desk_of) -> None:
    assert "flywheel_permitted_share" in SECTION.playbook(desk_of(helpdesk, "text_classification")).factors
    assert "flywheel_permitted_share" not in SECTION.playbook(desk_of(payments, "fraud")).factors


def test_hostile_text_stays_text(draft, helpdesk, sheet_of, view_of) -> None:
    nasty = '"] --> x; <script>alert(1)</script> ![a](http://x) | `end` %% {velocity_per_day}\n# Heading'
    steps = [step.model_copy(update={"text": nasty}) if index == 1 else step for index, step in enumerate(draft.cycle)]
    pipeline = [stage.model_copy(update={"store": nasty}) for stage in draft.pipeline]
    broken = draft.model_copy(update={"prose": nasty, "cycle": steps, "pipeline": pipeline})
    view = view_of(sheet_of(SECTION, broken, helpdesk))
    shown = (
        MarkdownIt("commonmark", {"html": True})
        .enable("table")
        .parse(markdown([*SECTION.render(broken, view), *SECTION.annex(broken, view)]))
    )
    kinds = {child.type for token in shown for child in [token, *(token.children or [])]}
    assert not kinds & {"html_block", "html_inline", "image", "link_open", "heading_open"}
    assert sum(token.type == "table_open" for token in shown) == 5
    source = diagram(broken, view).source
    assert Merman().validate(source, "{}").valid and "<script" not in source and "```" not in source


@pytest.mark.parametrize("archetype", ARCHETYPES)
def test_the_diagram_is_valid_and_closes(archetype, helpdesk, desk_of, sheet_of, view_of) -> None:
    desk = desk_of(helpdesk, archetype)
    draft = SECTION.playbook(desk)
    source = diagram(draft, view_of(sheet_of(SECTION, draft, desk.blueprint))).source
    assert Merman().validate(source, "{}").valid
    last = len(draft.cycle) - 2
    assert f"n_step{last} --> n_step0" in source and "n_store_event_log[(" in source


def test_a_share_that_the_brief_states_is_not_guessed_again(payments, desk_of, sheet_of) -> None:
    draft = SECTION.playbook(desk_of(payments, "fraud"))
    sheet = sheet_of(SECTION, draft, payments)
    assert sheet.entry("flywheel_passed_share").quantity.expression == "1 - blocked_share"
    assert sheet.number("flywheel_passed_share", "percent") == pytest.approx(99.1)
