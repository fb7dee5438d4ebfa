"""The feedback section: the playbook passes its checks, planted faults are found, the lag chain keeps its limit."""

import re

import pytest
from markdown_it import MarkdownIt

from ai_data_strategy.agents.feedback import SECTION, Feedback
from ai_data_strategy.blueprint import Archetype, Blueprint, Event
from ai_data_strategy.playbook.signals import read_events, trigger_of
from ai_data_strategy.typeset.blocks import markdown

ARCHETYPES: list[Archetype] = [
    "text_classification", "tabular_classification", "ranking", "rag_chat", "extraction", "forecasting", "fraud", "vision", "speech", "maintenance",
]  # fmt: skip


def outcome(sheet, draft, criterion: str) -> tuple[str, str]:
    verdict = next(v for v in SECTION.checks.verdicts(draft, sheet) if v.criterion == criterion)
    return verdict.outcome, verdict.why


def with_shared(blueprint: Blueprint, **days: float) -> Blueprint:
    """The blueprint with other values for some shared figures."""
    blank = {"low": None, "high": None, "basis": "proposed", "source": blueprint.roles[0].id, "expression": None, "check": None}
    figures = {key: getattr(blueprint.shared, key).model_copy(update={**blank, "value": value}) for key, value in days.items()}
    return blueprint.model_copy(update={"shared": blueprint.shared.model_copy(update=figures)})


@pytest.fixture
def draft(helpdesk: Blueprint, desk_of) -> Feedback:
    return SECTION.playbook(desk_of(helpdesk, "text_classification"))


def test_every_check_criterion_of_the_rubric_has_a_check() -> None:
    assert set(SECTION.checks) == {criterion.id for criterion in SECTION.criteria("check")}


@pytest.mark.parametrize("archetype", ARCHETYPES)
@pytest.mark.parametrize("product", ["helpdesk", "payments"])
def test_the_playbook_passes_every_check(archetype, product, request, desk_of, sheet_of, view_of) -> None:
    desk = desk_of(request.getfixturevalue(product), archetype)
    draft = SECTION.playbook(desk)
    sheet = sheet_of(SECTION, draft, desk.blueprint)
    assert {v.criterion: v.outcome for v in SECTION.checks.verdicts(draft, sheet)} == dict.fromkeys(SECTION.checks, "met")
    assert not [entry for entry in sheet.ledger.entries.values() if entry.problem]
    text = markdown(SECTION.render(draft, view_of(sheet)))
    assert 300 < len(re.findall(r"\w+", text)) < 650
    assert "{" not in text


def test_archetypes_differ(helpdesk, desk_of) -> None:
    drafts = [SECTION.playbook(desk_of(helpdesk, archetype)) for archetype in ARCHETYPES]
    assert len({draft.prose for draft in drafts}) == len({str(draft.closing) for draft in drafts}) == len(ARCHETYPES)


FAULTS = [
    ("FB1", lambda d: {"signals": [s for s in d.signals if s.kind == "explicit"]}, "at least two implicit"),
    ("FB1", lambda d: {"signals": [s.model_copy(update={"event": "clicks"}) for s in d.signals]}, "no event of the blueprint"),
    ("FB1", lambda d: {"signals": [s.model_copy(update={"label": ""}) for s in d.signals]}, "label value"),
    ("FB2", lambda d: {"signals": [s for s in d.signals if s.kind == "implicit"]}, "at least one explicit"),
    ("FB2", lambda d: {"signals": [s.model_copy(update={"place": None}) for s in d.signals]}, "no place"),
    ("FB3", lambda d: {"reward": d.reward.model_copy(update={"terms": d.reward.terms[:1]})}, "adds and a term that takes away"),
    ("FB3", lambda d: {"reward": d.reward.model_copy(update={"terms": [t.model_copy(update={"weight": "none"}) for t in d.reward.terms]})}, "needs a weight"),
    ("FB3", lambda d: {"reward": d.reward.model_copy(update={"terms": [t.model_copy(update={"event": "x"}) for t in d.reward.terms]})}, "not among the signals"),
    ("FB3", lambda d: {"reward": d.reward.model_copy(update={"applies": False, "because": ""})}, "why there is none"),
    ("FB5", lambda d: {"lags": [*d.lags, d.lags[2]]}, "cannot be kept"),
    ("FB5", lambda d: {"lags": [s for s in d.lags if s.lag != "retrain_cadence"]}, "wait for the next scheduled run"),
    ("FB5", lambda d: {"lags": [s for s in d.lags if s.lag != "label_delay"]}, "wait for the label"),
    ("FB5", lambda d: {"lags": [s.model_copy(update={"lag": "english_share"}) for s in d.lags]}, "time units"),
    ("FB6", lambda d: {"closing": []}, "what is shown"),
    ("FB6", lambda d: {"closing": [d.closing[0].model_copy(update={"place": ""})]}, "where and when"),
]  # fmt: skip


@pytest.mark.parametrize(("criterion", "change", "message"), FAULTS)
def test_a_planted_fault_is_found(criterion, change, message, draft, helpdesk, sheet_of) -> None:
    broken = draft.model_copy(update=change(draft))
    verdict, why = outcome(sheet_of(SECTION, broken, helpdesk), broken, criterion)
    assert verdict == "not_met" and message in why


def test_a_limit_below_the_cadence_is_found(helpdesk, desk_of, sheet_of) -> None:
    tight = with_shared(helpdesk, feedback_lag_limit=1, retrain_cadence=30)
    draft = SECTION.playbook(desk_of(tight, "text_classification"))
    verdict, why = outcome(sheet_of(SECTION, draft, tight), draft, "FB5")
    assert verdict == "not_met" and "no scheduled run can keep it" in why


@pytest.mark.parametrize(
    ("limit", "last", "total"),
    [(90, "feedback_release", 85), (81.5, "feedback_release", 81), (200, "ramp_time", 106), (75, "feedback_release", 74.9)],
)
def test_the_lag_chain_fills_what_the_limit_leaves(limit, last, total, helpdesk, desk_of, sheet_of) -> None:
    changed = with_shared(helpdesk, feedback_lag_limit=limit, retrain_cadence=60)
    draft = SECTION.playbook(desk_of(changed, "text_classification"))
    sheet = sheet_of(SECTION, draft, changed)
    assert draft.lags[-1].lag == last
    assert sheet.number("feedback_lag", "day") == pytest.approx(total)
    assert outcome(sheet, draft, "FB5")[0] == "met"


def test_a_forecast_has_no_reward_and_says_why(helpdesk, desk_of, sheet_of, view_of) -> None:
    desk = desk_of(helpdesk, "forecasting")
    draft = SECTION.playbook(desk)
    assert not draft.reward.applies and not draft.reward.terms
    assert "**No reward:**" in markdown(SECTION.render(draft, view_of(sheet_of(SECTION, draft, desk.blueprint))))


def test_one_sided_events_give_no_reward(helpdesk, desk_of) -> None:
    events = [Event(id=f"case_closed_{index}", meaning="an agent closes a case", source=None) for index in range(3)]
    draft = SECTION.playbook(desk_of(helpdesk.model_copy(update={"events": events}), "text_classification"))
    assert not draft.reward.applies and "only one side" in draft.reward.because


@pytest.mark.parametrize(
    ("event", "meaning", "family"),
    [
        ("ticket_requeued", "a person moves a ticket to another queue", "correction"),
        ("bank_report_received", "a bank reports a scam", "report"),
        ("payment_blocked", "a rule blocks a payment", "system"),
        ("failure_confirmed", "a technician confirms a failure and its cause", "breakdown"),
        ("answer_rated", "the user rates an answer", "rating"),
        ("order_paid", "the customer pays", "acceptance"),
        ("Umbuchung".lower(), "eine Person korrigiert die Zuordnung", "correction"),
    ],
)
def test_events_are_read_by_family(event, meaning, family, helpdesk, desk_of) -> None:
    blueprint = helpdesk.model_copy(update={"events": [Event(id=event, meaning=meaning, source=None), *helpdesk.events]})
    assert read_events(desk_of(blueprint, "text_classification"))[0].family == family


def test_the_trigger_fits_the_archetype(helpdesk, payments, desk_of) -> None:
    assert trigger_of(desk_of(helpdesk, "text_classification")).id == "ticket_requeued"
    assert trigger_of(desk_of(payments, "fraud")).id == "case_decided"


def test_hostile_text_stays_text(draft, helpdesk, sheet_of, view_of) -> None:
    nasty = "<b>x</b> [a](http://x) | `end`\n\n# Heading\n\n| a | b |"
    signals = [signal.model_copy(update={"means": nasty, "place": nasty}) for signal in draft.signals]
    closing = [item.model_copy(update={"shown": nasty}) for item in draft.closing]
    lags = [stage.model_copy(update={"stage": nasty}) for stage in draft.lags]
    broken = draft.model_copy(update={"prose": nasty, "signals": signals, "closing": closing, "lags": lags})
    text = markdown(SECTION.render(broken, view_of(sheet_of(SECTION, broken, helpdesk))))
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    kinds = {child.type for token in shown for child in [token, *(token.children or [])]}
    assert not kinds & {"html_block", "html_inline", "image", "link_open", "heading_open"}
    assert sum(token.type == "table_open" for token in shown) == 3
