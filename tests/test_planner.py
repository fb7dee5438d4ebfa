"""The planner's playbook: memo and blueprint of every archetype and of real briefs hold together."""

from __future__ import annotations

import re
import time
from datetime import date, timedelta

import pytest

from ai_data_strategy.agents.clarification import Clarification
from ai_data_strategy.agents.memo import Memo
from ai_data_strategy.agents.planner import blueprint_playbook, memo_playbook
from ai_data_strategy.agents.sheet import shared_quantities, texts
from ai_data_strategy.blueprint import Blueprint
from ai_data_strategy.domain import Answer, Evidence
from ai_data_strategy.evidence.profile import Column, PiiShare, Profile, SourceProfile
from ai_data_strategy.playbook.desk import knowledge
from ai_data_strategy.playbook.reader import read
from ai_data_strategy.playbook.reading import Amount, Person, Reading
from ai_data_strategy.quantities import formulas
from ai_data_strategy.quantities.formulas import days_of_test, half_width
from ai_data_strategy.quantities.ledger import Ledger
from ai_data_strategy.typeset.text import references

TODAY = date(2026, 11, 21)
MILESTONES = ["start", "audit", "benchmark", "offline", "shadow", "gate", "full", "review"]
ARCHETYPES = [name for name in knowledge("archetypes") if name != "default"]
HELPDESK = """We run a helpdesk product and want to add AI so that customers are happier. We have lots of tickets. Can you write our AI data strategy?
{}"""
HELPDESK_ANSWERS = """
task: Route each new ticket to one of 14 queues and set one of 3 priorities; today two people do it by hand.
volume: 412,000 tickets since 2021-03; about 900 new ones a working day.
label: Final queue and priority are stored; 31% of tickets were moved at least once, moves are logged as ticket_requeued.
ownership of data: Tickets belong to 230 business customers; the DPA (v3, 2022) allows "providing the service" and is silent on model training.
languages: 62% English, 24% German, 14% French.
team: One data engineer, one backend engineer half time, one product manager.
regime: GDPR as processor; hosting in Frankfurt.
erasure: About 15 erasure requests a month, done by hand in Postgres only."""
PAYMENTS = """PayLoop is an instant-payments app in the UK and Ireland with 10,000 active customers and about 2 million transactions a day. We need a fraud model that blocks bad payments within 80 ms. All personal data is deleted after 30 days, and the model should learn from the last 24 months. Analysts confirm fraud usually 45 to 60 days after the payment.
{}"""
PAYMENTS_ANSWERS = """
volume: 2 million is API calls; real payments are 21,000 a day.
customers: 10,000 are merchants; payers number 1.3 million.
retention: 30 days is for device fingerprints only; payments are kept 6 years by law.
base rate: 0.11% of payments are fraud, 61% reported by banks as APP scam.
labels: Analyst decision in table case_outcome; blocked payments never get a label.
rules engine: A rules engine with 140 rules blocks 0.9% now, precision about 18%.
regime: UK GDPR, Irish GDPR, FCA/PSR reimbursement rules; automated decisions need review on request.
owner: Head of Risk owns case_outcome; payments team owns the stream."""
BRIEFS = {
    "helpdesk": HELPDESK.format(""), "helpdesk answered": HELPDESK.format(HELPDESK_ANSWERS),
    "payments": PAYMENTS.format(""), "payments answered": PAYMENTS.format(PAYMENTS_ANSWERS),
}  # fmt: skip


def said(value: float, unit: str, noun: str, quote: str, kind: str, per: str = "", high: float | None = None) -> Amount:
    return Amount(value, unit, noun, quote, high, per, kind)


def reading(archetype: str, **other: object) -> Reading:
    plain: dict[str, object] = {"text": "We need a model.", "language": "en", "product": "Acme", "places": ("DE",)}
    return Reading(**{**plain, "archetype": archetype, **other})  # type: ignore[arg-type]


def readings() -> dict[str, Reading]:
    """Every archetype bare, the real briefs, and briefs with hard figures."""
    rich = (
        said(40, "", "tickets", "40 tickets a week", "rate", "week"),
        said(3, "month", "", "kept for 3 months", "retention"),
        said(2, "week", "", "the outcome is known after 1 to 2 weeks", "label_delay", high=3),
        said(60000, "EUR", "", "a budget of 60,000 EUR", "budget"),
        said(92, "percent", "", "accuracy is 92%", "quality"),
    )
    tight = reading("text_classification", text="; ".join(a.quote for a in rich), amounts=rich, example="tickets")
    late = Person("Annotators", "annotation", "1 annotator from March with 4 hours a week", 1, 4, date(2027, 3, 1))
    found = {name: reading(name) for name in [*ARCHETYPES, "rules"]}
    found |= {name: read(text, "en", []) for name, text in BRIEFS.items()}
    return found | {"tight": tight, "late": reading("speech", text=late.quote, people=(late,))}


READINGS = readings()


def clarified(found: Reading) -> Clarification:
    return Clarification(
        product=found.product,
        learning="needed",
        no_ai=None,
        facts=[],
        contradictions=list(found.contradictions)[:6],
        orders=[],
        questions=[],
    )


def planned(found: Reading, answers: list[Answer] | None = None) -> tuple[Memo, Blueprint, Ledger]:
    memo = memo_playbook(found, clarified(found), answers or [], Profile(), TODAY)
    plan = blueprint_playbook(found, clarified(found), answers or [], Profile(), TODAY)
    return memo, plan, Ledger.of({"memo": memo.quantities, "blueprint": [*shared_quantities(plan), *plan.quantities]})


@pytest.fixture(params=READINGS, scope="module")
def case(request: pytest.FixtureRequest) -> tuple[Reading, Memo, Blueprint, Ledger]:
    found = READINGS[request.param]
    return (found, *planned(found))


Case = tuple[Reading, Memo, Blueprint, Ledger]


def test_every_key_resolves_and_has_one_meaning(case: Case) -> None:
    _, memo, plan, ledger = case
    assert not ledger.clashes
    assert not [(key, entry.problem) for key, entry in ledger.entries.items() if entry.problem]
    wanted = {key for source in plan.sources for key in (source.rows, source.update_period, source.retention)}
    wanted |= {role.hours_per_week for role in plan.roles} | {part.share for part in plan.slices} | set(references(memo.text))
    wanted |= {key for _, _, text in texts(plan) for key in references(text)}
    assert wanted <= set(ledger.entries)
    assert set(references(memo.text)) <= {quantity.key for quantity in memo.quantities}


def test_ids_refer_to_what_there_is(case: Case) -> None:
    _, _, plan, _ = case
    roles, sources = {role.id for role in plan.roles}, {source.id for source in plan.sources}
    assert {source.owner for source in plan.sources if source.owner} <= roles
    assert {event.source for event in plan.events if event.source} <= sources
    fields = {spec.id for source in plan.sources for spec in source.fields}
    assert {part.field for part in plan.slices if part.field} <= fields
    checks = [q.check for q in [*shared_quantities(plan), *plan.quantities] if q.check] + [a.check for a in plan.assumptions]
    assert {check.owner for check in checks} <= roles
    assert {q.source for q in [*shared_quantities(plan), *plan.quantities] if q.basis == "proposed"} <= roles
    assert len(sources) == len(plan.sources) and len(roles) == len(plan.roles)


def test_every_figure_has_an_honest_basis(case: Case) -> None:
    found, memo, plan, _ = case
    for quantity in [*memo.quantities, *shared_quantities(plan), *plan.quantities]:
        if quantity.basis == "stated":
            assert quantity.source and quantity.source in found.text, quantity
        if quantity.basis in ("assumed", "unknown"):
            assert quantity.check and quantity.check.by > TODAY and quantity.source, quantity
        if quantity.basis != "derived":
            assert (quantity.value is None and quantity.low is None) == (quantity.basis == "unknown"), quantity


def test_no_digit_stands_free_in_a_line(case: Case) -> None:
    _, _, plan, _ = case
    own = plan.model_copy(update={"contradictions": []})
    for path, kind, text in texts(own):
        if kind.kind in ("line", "prose"):
            assert not re.search(r"\d", re.sub(r"\{[a-z0-9_]+\}", "", text)), (path, text)


def test_dates_are_in_order_and_nobody_works_before_they_are_there(case: Case) -> None:
    _, _, plan, ledger = case
    days = {milestone.id: milestone.day for milestone in plan.milestones}
    assert list(days) == MILESTONES and list(days.values()) == sorted(days.values())
    assert days["start"] == date(2026, 11, 23) and all(day.weekday() < 5 for day in days.values())
    there = {role.id: role.available_from for role in plan.roles}
    by_duty = {role.duty: role.available_from for role in plan.roles}
    assert by_duty["data_engineering"] < days["audit"]
    assert by_duty["data_science"] + timedelta(weeks=6) <= days["offline"]
    labelling = (
        ledger_number(ledger, "benchmark_items") + ledger_number(ledger, "overlap_items") + ledger_number(ledger, "training_label_items")
    )
    weeks = labelling * ledger_number(ledger, "minutes_per_item") / 60 / ledger_number(ledger, "annotator_hours")
    begin = max(days["audit"], by_duty["annotation"])
    assert begin + timedelta(weeks=weeks) <= days["benchmark"]
    for source in plan.sources:
        if source.status == "to_build" and source.starts:
            assert source.starts >= there[source.owner or ""] and source.starts <= days["shadow"]
    for quantity in [*shared_quantities(plan), *plan.quantities]:
        if quantity.check:
            assert quantity.check.by >= there[quantity.check.owner]


def ledger_number(ledger: Ledger, key: str) -> float:
    entry = ledger.get(key)
    assert entry and entry.value is not None, key
    return entry.value


def test_lags_fit_the_limit_and_labels_mature_before_the_gate(case: Case) -> None:
    _, _, plan, ledger = case
    n = {
        key: ledger_number(ledger, key)
        for key in ("label_delay", "retrain_cadence", "shadow_time", "ramp_time", "test_time", "feedback_lag_limit")
    }
    assert n["label_delay"] + n["retrain_cadence"] + n["shadow_time"] + n["ramp_time"] < n["feedback_lag_limit"]
    days = {milestone.id: milestone.day for milestone in plan.milestones}
    assert days["shadow"] + timedelta(days=n["shadow_time"] + n["label_delay"]) <= days["gate"]
    assert days["gate"] + timedelta(days=n["ramp_time"]) <= days["full"]
    assert days["full"] + timedelta(days=n["label_delay"]) <= days["review"]
    assert n["shadow_time"] + n["test_time"] >= n["label_delay"] and n["ramp_time"] >= n["test_time"]


def test_the_live_test_has_its_traffic_and_the_benchmark_its_width(case: Case) -> None:
    _, _, plan, ledger = case
    n = {
        key: ledger_number(ledger, key)
        for key in ("baseline", "target", "effect", "live_share", "examples_per_day", "test_time", "benchmark_items")
    }
    traffic = n["examples_per_day"] * (ledger_number(ledger, "positive_share") / 100 if ledger.get("positive_share") else 1)
    assert days_of_test(formulas.test_items_per_arm(n["baseline"], n["effect"]), traffic, n["live_share"]) <= n["test_time"]
    assert half_width(n["target"], n["benchmark_items"]) <= n["effect"]
    assert n["benchmark_items"] >= 500 and n["baseline"] + n["effect"] <= n["target"] < 100
    assert plan.shared.agreement_target.value == 0.8 and ledger_number(ledger, "overlap_items") >= 100


def test_retention_carries_the_window_and_erasure_reaches_backups(case: Case) -> None:
    _, _, plan, ledger = case
    delay, window = ledger_number(ledger, "label_delay"), ledger_number(ledger, "training_window")
    training = [source for source in plan.sources if source.training]
    assert training and window >= 60
    for source in training:
        kept = ledger.number(source.retention, "day")
        entry = ledger.get(source.retention)
        assert (kept is None and entry and entry.quantity.basis == "unknown") or (kept is not None and window <= kept - delay)
    assert ledger_number(ledger, "backup_retention") <= 14 < ledger_number(ledger, "erasure_limit") <= 45
    log = next(source for source in plan.sources if source.id == "prediction_log")
    assert ledger_number(ledger, "log_retention") >= delay
    assert log.retention == "log_retention" and log.status == "to_build" and not log.named


def test_the_budget_carries_the_cost(case: Case) -> None:
    _, _, plan, ledger = case
    items = sum(ledger_number(ledger, key) for key in ("benchmark_items", "overlap_items", "training_label_items"))
    labels = items * ledger_number(ledger, "minutes_per_item") / 60 * ledger_number(ledger, "annotator_rate")
    covered = ledger_number(ledger, "team_cost") + labels <= ledger_number(ledger, "budget")
    assert covered or any(said.startswith("The money is raised or the scope is cut") for said in plan.conditions)
    hours = sum(ledger_number(ledger, role.hours_per_week) for role in plan.roles if role.duty != "annotation")
    assert ledger_number(ledger, "team_hours") == pytest.approx(hours)


def test_the_same_reading_gives_the_same_plan(case: Case) -> None:
    found, memo, plan, _ = case
    again = planned(found)
    assert (again[0], again[1]) == (memo, plan)


@pytest.mark.parametrize(
    ("archetype", "text", "places", "wanted", "unwanted"),
    [
        ("text_classification", "Route tickets; hosting in Frankfurt, agents move them.", ("DE",), {"gdpr", "ai_act_minimal", "works_council"}, {"hipaa", "uk_gdpr"}),
        ("fraud", "Fraud in payments, device fingerprint.", ("GB",), {"uk_gdpr", "fca_psr", "eprivacy"}, {"gdpr", "ai_act_high", "works_council"}),
        ("text_classification", "Code notes of patients in our hospital.", ("US",), {"hipaa"}, {"gdpr", "coppa"}),
        ("vision", "Find tumours in radiology pictures of patients for diagnosis.", ("FR",), {"gdpr", "mdr", "ai_act_high"}, {"ai_act_minimal", "fda"}),
        ("vision", "Find fractures in radiology x-ray pictures of patients.", ("US",), {"fda", "hipaa"}, {"mdr"}),
        ("tabular_classification", "Rank applicants for hiring.", ("DE",), {"gdpr", "ai_act_high"}, {"ai_act_minimal"}),
        ("tabular_classification", "Predict credit scoring of loan applicants.", ("US",), {"fcra_ecoa"}, {"ai_act_high", "gdpr"}),
        ("rag_chat", "Answer questions of employees.", ("ES",), {"gdpr", "ai_act_transparency"}, {"ai_act_minimal", "ai_act_high"}),
        ("speech", "Reading aloud app for pupils in school.", ("US",), {"coppa", "ferpa"}, {"gdpr"}),
        ("speech", "Reading aloud app for pupils in school.", ("IE",), {"gdpr", "child_consent"}, {"coppa", "ferpa"}),
        ("maintenance", "Sensors of wind turbines of customers.", ("DE",), {"data_act", "gdpr"}, {"hipaa"}),
        ("ranking", "Recommend articles.", ("NL",), {"dsa", "gdpr"}, {"lgpd"}),
        ("ranking", "Recommend products.", ("BR",), {"lgpd"}, {"gdpr", "dsa"}),
        ("extraction", "Read credit card numbers from forms.", ("US",), {"pci_dss"}, {"gdpr"}),
        ("text_classification", "Sort messages.", (), {"place_unknown"}, {"gdpr", "ccpa"}),
    ],
)  # fmt: skip
def test_regimes_fit_place_sector_and_task(
    archetype: str, text: str, places: tuple[str, ...], wanted: set[str], unwanted: set[str]
) -> None:
    found = reading(archetype, text=text, places=places)
    ids = {regime.id for regime in blueprint_playbook(found, clarified(found), [], Profile(), TODAY).regimes}
    assert wanted <= ids and not unwanted & ids, ids


def test_answered_helpdesk_keeps_what_was_said() -> None:
    _, plan, ledger = planned(READINGS["helpdesk answered"])
    assert plan.shared.examples_in_hand.value == 412000 and plan.shared.examples_in_hand.basis == "stated"
    assert ledger_number(ledger, "examples_per_day") == pytest.approx(900 * 5 / 7)
    assert ledger_number(ledger, "baseline") == pytest.approx(69)
    event = next(event for event in plan.events if event.id == "ticket_requeued")
    assert event.source and not plan.classes and plan.no_classes_because
    assert {part.name for part in plan.slices if part.id.startswith("language_")} == {"English", "German", "French"}
    assert {"data_engineer", "product_manager"} <= {role.id for role in plan.roles if role.named}


def test_answered_payments_keep_device_data_out_of_training() -> None:
    memo, plan, ledger = planned(READINGS["payments answered"])
    sources = {source.id: source for source in plan.sources}
    assert not sources["fingerprints"].training and ledger_number(ledger, sources["fingerprints"].retention) == 30
    assert sources["payments"].training and ledger.number(sources["payments"].retention, "day") == 2190
    assert sources["case_outcome"].owner == "head_of_risk" and sources["case_outcome"].named
    assert plan.shared.examples_per_day.value == 21000 and plan.shared.label_delay.value == 60
    assert ledger_number(ledger, "memo_blind") == pytest.approx(59.8, abs=0.1) and "{memo_blind}" in memo.text


def test_data_deleted_before_their_label_need_a_store_of_their_own() -> None:
    memo, plan, _ = planned(READINGS["payments"])
    assert [source.id for source in plan.sources if source.training] == ["training_store"]
    assert plan.verdict == "go_after" and "store" in plan.conditions[0]
    assert plan.shared.examples_per_day.basis == "assumed" and "{memo_doubted_each}" in memo.text


def test_few_stated_failures_make_the_live_test_a_matter_of_shadow() -> None:
    text = "Predictive maintenance for 420 machines. About 60,000 readings a day. Last year there were 37 failures."
    memo, plan, ledger = planned(read(text, "en", []))
    assert ledger_number(ledger, "positive_share") == pytest.approx(100 * 37 / (60000 * 365))
    assert not [entry.problem for entry in ledger.entries.values() if entry.problem]
    assert "{memo_positives_year}" in memo.text and "backtest" in memo.text
    assert next(part for part in plan.slices if part.kind == "rare").share == "positive_share"


def test_a_stated_budget_shrinks_the_hours_that_nobody_promised() -> None:
    wide = planned(reading("text_classification"))[2]
    tight = planned(READINGS["tight"])[2]
    assert ledger_number(tight, "budget") == 60000
    assert ledger_number(tight, "team_hours") < ledger_number(wide, "team_hours")


PROFILE = Profile(
    sources=[
        SourceProfile(
            id="tickets", name="tickets", location="tickets.csv", format="csv", kind="tickets", kind_reason="its name", rows=412_000,
            first="2024-01-01T00:00:00", last="2026-01-01T00:00:00",
            columns=[Column(name="mail", type="text", pii=[PiiShare(kind="email", hits=9, sampled=10)]), Column(name="queue", type="text", role="label")],
        )
    ],
    evidence=[
        Evidence(
            id="tickets_per_day", source="tickets", topic="inventory", message="Rows a day of %(source)s", places={"source": "tickets"}, value=1234,
            unit="rows/day", method="count", measures="examples_per_day",
        )
    ],
)  # fmt: skip


def test_skipped_answers_and_evidence_come_in() -> None:
    skipped = Answer(question="permission", asked="May tickets train a model?", text="No permission is assumed.", skipped=True)
    found = reading("text_classification")
    plan = blueprint_playbook(found, clarified(found), [skipped], PROFILE, TODAY)
    assert any("No permission is assumed." in item.statement for item in plan.assumptions)
    assert (plan.shared.examples_per_day.basis, plan.shared.examples_per_day.value) == ("measured", 1234)
    assert plan.shared.examples_per_day.source == "tickets_per_day"
    source = next(source for source in plan.sources if source.id == "tickets")
    assert (source.named, source.rows, source.starts) == (True, "tickets_rows", date(2024, 1, 1))
    assert {field.id: field.sensitivity for field in source.fields} == {"mail": "personal", "queue": "none"}


def test_a_measured_figure_contradicts_the_stated_one() -> None:
    found = reading("text_classification", amounts=(Amount(900, "", "tickets", "900 tickets a day", per="day", kind="rate"),))
    plan = blueprint_playbook(found, clarified(found), [], PROFILE, TODAY)
    assert plan.contradictions[0].one == "900 tickets a day"
    assert "tickets_per_day" in plan.contradictions[0].other
    near = PROFILE.model_copy(update={"evidence": [PROFILE.evidence[0].model_copy(update={"value": 910.0})]})
    assert not blueprint_playbook(found, clarified(found), [], near, TODAY).contradictions


def test_an_absence_stands_with_its_role() -> None:
    quote = "our data engineer is on leave from 1 February 2027 to 15 March 2027"
    people = (Person("Data engineer", "data_engineering", quote, 1, away=quote),)
    plan = planned(reading("vision", text=quote, people=people))[1]
    role = next(role for role in plan.roles if role.duty == "data_engineering")
    assert (role.absent_from, role.absent_until) == (date(2027, 2, 1), date(2027, 3, 15))


def test_patients_and_pupils_raise_the_sensitivity() -> None:
    def classes(text: str, archetype: str) -> set[str]:
        plan = planned(reading(archetype, text=text))[1]
        return {spec.sensitivity for source in plan.sources for spec in source.fields}

    assert "special" in classes("Pictures of patients", "vision") and "special" not in classes("Pictures of bolts", "vision")
    assert "child" in classes("An app for pupils", "speech")


def test_planning_is_quick_when_warm() -> None:
    found = READINGS["payments answered"]
    planned(found)
    begin = time.process_time()
    for _ in range(5):
        memo_playbook(found, clarified(found), [], Profile(), TODAY)
        blueprint_playbook(found, clarified(found), [], Profile(), TODAY)
    assert (time.process_time() - begin) / 5 < 0.04
