"""Two full blueprints from real briefs, and the desk, sheet and view that a section's tests need over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import pytest

from ai_data_strategy.agents import SECTIONS, assembler
from ai_data_strategy.agents.clarification import Clarification
from ai_data_strategy.agents.section import Draft, Section
from ai_data_strategy.agents.sheet import Sheet, fill_unit, shared_quantities
from ai_data_strategy.agents.strategy import Record, Strategy
from ai_data_strategy.blueprint import (
    Archetype,
    Blueprint,
    Contradiction,
    Event,
    FieldSpec,
    LabelClass,
    Milestone,
    Regime,
    Role,
    Shared,
    Slice,
    Source,
    Task,
)
from ai_data_strategy.domain import Brief, Figure, Quantity, Verification
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.playbook.reading import Reading
from ai_data_strategy.quantities.ledger import Ledger
from ai_data_strategy.typeset.view import View
from tests.cli import cli as cli
from tests.postgres_server import postgres as postgres
from tests.stores import database as database
from tests.stores import store as store

TODAY = date(2026, 11, 21)
BRIEFS = {
    "helpdesk": """We run a helpdesk product and want to add AI so that customers are happier. We have lots of tickets. Can you write our AI data strategy?

task: Route each new ticket to one of 14 queues and set one of 3 priorities; today two people do it by hand.
volume: 412,000 tickets since 2021-03; about 900 new ones a working day.
label: Final queue and priority are stored; 31% of tickets were moved at least once, moves are logged as ticket_requeued.
ownership of data: Tickets belong to 230 business customers; the DPA (v3, 2022) allows "providing the service" and is silent on model training.
languages: 62% English, 24% German, 14% French.
team: One data engineer, one backend engineer half time, one product manager.
regime: GDPR as processor; hosting in Frankfurt.
erasure: About 15 erasure requests a month, done by hand in Postgres only.""",
    "payments": """PayLoop is an instant-payments app in the UK and Ireland with 10,000 active customers and about 2 million transactions a day. We need a fraud model that blocks bad payments within 80 ms. All personal data is deleted after 30 days, and the model should learn from the last 24 months. Analysts confirm fraud usually 45 to 60 days after the payment.

volume: 2 million is API calls; real payments are 21,000 a day.
customers: 10,000 are merchants; payers number 1.3 million.
retention: 30 days is for device fingerprints only; payments are kept 6 years by law.
base rate: 0.11% of payments are fraud, 61% reported by banks as APP scam.
labels: Analyst decision in table case_outcome; blocked payments never get a label.
rules engine: A rules engine with 140 rules blocks 0.9% now, precision about 18%.
regime: UK GDPR, Irish GDPR, FCA/PSR reimbursement rules; automated decisions need review on request.
owner: Head of Risk owns case_outcome; payments team owns the stream.""",
}
UNCLASSED = ("rag_chat", "forecasting", "ranking", "maintenance")
"""Archetypes that the desk gets without label classes; `rag_chat` also trains nothing."""

DeskOf = Callable[[Blueprint, Archetype], Desk]
SheetOf = Callable[..., Sheet]
ViewOf = Callable[[Sheet], View]
StrategyOf = Callable[..., Strategy]


def said(value: float, quote: str) -> Figure:
    return Figure(value=value, basis="stated", source=quote)


def guessed(value: float, why: str, owner: str) -> Figure:
    check = Verification(impact="The plan's dates move with it.", how="Measure it in the data audit.", owner=owner, by=date(2026, 12, 18))
    return Figure(value=value, basis="assumed", source=why, check=check)


def set_by(role: str, value: float) -> Figure:
    return Figure(value=value, basis="proposed", source=role)


def computed(expression: str) -> Figure:
    return Figure(basis="derived", source="", expression=expression)


def named(key: str, unit: str, meaning: str, figure: Figure) -> Quantity:
    return Quantity(key=key, unit=unit, meaning=meaning, **dict(figure))


def fields(*specs: tuple[str, str, str]) -> list[FieldSpec]:
    return [FieldSpec.model_validate({"id": id_, "meaning": meaning, "sensitivity": sensitivity}) for id_, meaning, sensitivity in specs]


def milestones() -> list[Milestone]:
    days = {
        "start": date(2026, 11, 23), "audit": date(2026, 12, 18), "benchmark": date(2027, 2, 12), "offline": date(2027, 3, 12),
        "shadow": date(2027, 3, 29), "gate": date(2027, 5, 24), "full": date(2027, 6, 21), "review": date(2027, 9, 20),
    }  # fmt: skip
    return [Milestone(id=id_, title=id_.capitalize(), day=day) for id_, day in days.items()]


def helpdesk_blueprint() -> Blueprint:
    def source(id_: str, name: str, kind: str, specs: list[FieldSpec], **other: object) -> Source:
        plain = {
            "status": "exists", "named": True, "owner": None, "rows": f"{id_}_rows", "starts": date(2021, 3, 1), "ends": None,
            "update_period": "live_update", "retention": "ticket_retention", "training": True,
        }  # fmt: skip
        return Source.model_validate({"id": id_, "name": name, "kind": kind, "fields": specs, **plain, **other})

    ticket = fields(
        ("subject", "subject line", "free_text"),
        ("body", "first message of the customer", "free_text"),
        ("language", "language of the ticket", "none"),
        ("customer_id", "business customer that owns the ticket", "personal"),
        ("channel", "mail, form or chat", "none"),
        ("final_queue", "queue in which the ticket was closed", "none"),
        ("priority", "priority at closing", "none"),
    )
    move = fields(
        ("ticket_id", "ticket that moved", "personal"),
        ("moved_at", "time of the move", "none"),
        ("moved_by", "person who moved it", "personal"),
    )
    log = fields(
        ("ticket_key", "pseudonym of the ticket", "personal"),
        ("score", "confidence", "none"),
        ("model_version", "version that decided", "none"),
    )
    queues = ["billing", "refunds", "login", "access", "shipping", "returns", "outage", "performance", "integration", "security", "legal"]
    queues += ["sales", "feature_request", "other"]
    return Blueprint(
        product="Helpdesk routing",
        archetype="text_classification",
        example="tickets",
        currency="EUR",
        verdict="go_after",
        conditions=["The business customers allow training on their tickets in a new DPA."],
        metric="share of tickets in the right queue at once",
        task=Task(
            takes="subject, body, language and channel of a new ticket", gives="one of fourteen queues", kind="multi-class text classification",
            decision="which queue gets the ticket first", approach="a multilingual encoder with a small trained head", trains=True, personal_data=True,
        ),
        classes=[
            LabelClass(id=q, name=q.replace("_", " "), definition=f"Tickets that the {q.replace('_', ' ')} team can close alone.")
            for q in queues
        ],
        no_classes_because=None,
        sources=[
            source("tickets", "Tickets", "support_tickets", ticket),
            source("ticket_moves", "Move log", "user_events", move),
            source("prediction_log", "Prediction log", "product_logs", log, status="to_build", named=False, owner="data_engineer", starts=date(2027, 3, 29), retention="log_retention"),
        ],
        events=[
            Event(id="ticket_requeued", meaning="a person moves a ticket to another queue", source="ticket_moves"),
            Event(id="ticket_closed", meaning="an agent closes a ticket", source="tickets"),
            Event(id="queue_confirmed", meaning="an agent confirms the proposed queue", source=None),
        ],
        roles=[
            Role(id="product_manager", title="Product manager", duty="product", named=True, available_from=date(2026, 11, 23), hours_per_week="pm_hours"),
            Role(id="routing_lead", title="Routing team", duty="domain", named=True, available_from=date(2026, 11, 23), hours_per_week="routing_hours"),
            Role(id="data_engineer", title="Data engineer", duty="data_engineering", named=True, available_from=date(2026, 11, 23), hours_per_week="de_hours"),
            Role(id="backend_engineer", title="Backend engineer", duty="engineering", named=True, available_from=date(2026, 11, 23), hours_per_week="be_hours"),
            Role(id="dpo", title="Data protection officer", duty="legal", named=False, available_from=date(2026, 12, 7), hours_per_week="dpo_hours"),
        ],
        slices=[
            Slice(id="english", name="English tickets", kind="typical", told_by="language is English", field="language", share="english_share"),
            Slice(id="german", name="German tickets", kind="group", told_by="language is German", field="language", share="german_share"),
            Slice(id="french", name="French tickets", kind="group", told_by="language is French", field="language", share="french_share"),
            Slice(id="security_reports", name="Security reports", kind="rare", told_by="final queue is security", field="final_queue", share="security_share"),
            Slice(id="two_requests", name="Two requests in one ticket", kind="edge", told_by="annotators mark two queues", field=None, share="two_requests_share"),
        ],
        regimes=[
            Regime(id="gdpr", name="GDPR", applies_because="tickets of people in the EU, processed for business customers", demands="instruction of each controller before training"),
        ],
        milestones=milestones(),
        guidelines_version="v1.0",
        shared=Shared(
            examples_per_day=computed("tickets_per_workday * workdays_per_week"),
            examples_in_hand=said(412000, "412,000 tickets since 2021-03"),
            labelled_in_hand=computed("examples_in_hand"),
            label_delay=guessed(14, "time until a ticket is closed", "data_engineer"),
            baseline=computed("1 - moved_share"),
            target=set_by("product_manager", 80),
            effect=set_by("product_manager", 3),
            benchmark_items=set_by("routing_lead", 1500),
            overlap_items=set_by("routing_lead", 300),
            training_label_items=set_by("routing_lead", 2000),
            agreement_target=set_by("routing_lead", 0.8),
            minutes_per_item=guessed(1.5, "short tickets are read in about a minute", "routing_lead"),
            annotators=said(2, "today two people do it by hand"),
            annotator_hours=guessed(12, "six hours a week each beside routing", "product_manager"),
            annotator_rate=guessed(38, "full cost of a support clerk", "product_manager"),
            retrain_cadence=set_by("data_engineer", 60),
            training_window=set_by("data_engineer", 365),
            feedback_lag_limit=set_by("data_engineer", 90),
            live_share=set_by("product_manager", 30),
            shadow_time=set_by("data_engineer", 28),
            test_time=set_by("product_manager", 28),
            ramp_time=set_by("product_manager", 28),
            log_retention=set_by("dpo", 180),
            backup_retention=guessed(14, "usual Postgres backup rotation", "backend_engineer"),
            erasure_limit=Figure(value=30, basis="external", source="Art. 12(3) GDPR: one month"),
            team_cost=guessed(180000, "shares of three salaries", "product_manager"),
            budget=Figure(basis="unknown", source="nobody has named a budget", check=Verification(impact="Scope of year one.", how="Ask finance.", owner="product_manager", by=date(2026, 12, 4))),
        ),
        quantities=[
            named("tickets_per_workday", "tickets/workday", "new tickets a working day", said(900, "about 900 new ones a working day")),
            named("workdays_per_week", "workday/week", "working days a week", Figure(value=5, basis="external", source="general knowledge, to verify")),
            named("moved_share", "percent", "share of tickets that were moved", said(31, "31% of tickets were moved at least once")),
            named("customers", "customers", "business customers that own tickets", said(230, "Tickets belong to 230 business customers")),
            named("tickets_rows", "tickets", "tickets in hand", computed("examples_in_hand")),
            named("ticket_moves_rows", "moves", "moved tickets in the move log", computed("examples_in_hand * moved_share")),
            named("prediction_log_rows", "tickets/day", "predictions a day once live", computed("examples_per_day")),
            named("live_update", "minute", "time until a new row is there", guessed(1, "rows are written as they happen", "backend_engineer")),
            named("ticket_retention", "day", "how long tickets are kept", guessed(2000, "nothing has been deleted since 2021", "dpo")),
            named("english_share", "percent", "share of English tickets", said(62, "62% English, 24% German, 14% French")),
            named("german_share", "percent", "share of German tickets", said(24, "62% English, 24% German, 14% French")),
            named("french_share", "percent", "share of French tickets", said(14, "62% English, 24% German, 14% French")),
            named("security_share", "percent", "share of security reports", guessed(0.5, "rare in helpdesks", "routing_lead")),
            named("two_requests_share", "percent", "share of tickets with two requests", guessed(4, "told by support staff", "routing_lead")),
            *(
                named(key, "hour/week", "hours a week for this plan", guessed(hours, "a share of a working week", "product_manager"))
                for key, hours in {"pm_hours": 10, "routing_hours": 12, "de_hours": 28, "be_hours": 12, "dpo_hours": 3}.items()
            ),
        ],
        contradictions=[
            Contradiction(
                one="412,000 tickets since 2021-03", other="about 900 new ones a working day",
                reading="The history covers the last two years; older tickets are gone or were fewer.", because="At today's rate the stock fills in under two years.",
            ),
        ],
        assumptions=[],
    )  # fmt: skip


def payments_blueprint() -> Blueprint:
    def source(id_: str, name: str, kind: str, specs: list[FieldSpec], **other: object) -> Source:
        plain = {
            "status": "exists", "named": True, "owner": "payments_team", "rows": f"{id_}_rows", "starts": date(2024, 11, 23), "ends": None,
            "update_period": "live_update", "retention": "payment_retention", "training": True,
        }  # fmt: skip
        return Source.model_validate({"id": id_, "name": name, "kind": kind, "fields": specs, **plain, **other})

    payment = fields(
        ("payment_id", "payment", "personal"), ("payer_id", "payer", "personal"), ("merchant_id", "receiving merchant", "personal"),
        ("amount", "amount paid", "financial"), ("country", "UK or Ireland", "none"), ("paid_at", "time of the payment", "none"),
        ("reference", "text that the payer wrote", "free_text"),
    )  # fmt: skip
    case = fields(
        ("payment_id", "payment", "personal"),
        ("decision", "fraud or not, and its type", "criminal"),
        ("decided_at", "day of the decision", "none"),
    )
    device = fields(("device_hash", "device", "device"), ("ip", "network address", "device"), ("seen_at", "time", "none"))
    log = fields(
        ("payment_id", "payment", "personal"), ("features", "feature values as scored", "financial"), ("score", "score", "criminal")
    )
    return Blueprint(
        product="PayLoop",
        archetype="fraud",
        example="payments",
        currency="GBP",
        verdict="go_after",
        conditions=["Blocked payments get outcomes.", "Every decision is logged with the features it saw."],
        metric="share of residual fraud stopped",
        task=Task(
            takes="a payment with its history as known at decision time", gives="probability of app_scam and of unauthorised",
            kind="binary classification, two heads", decision="pass, block or hold the payment", approach="boosted trees trained from scratch",
            trains=True, personal_data=True,
        ),
        classes=[
            LabelClass(id="legit", name="Legitimate", definition="No fraud was reported or found."),
            LabelClass(id="app_scam", name="APP scam", definition="The payer was deceived into paying."),
            LabelClass(id="unauthorised", name="Unauthorised", definition="Somebody else made the payment."),
        ],
        no_classes_because=None,
        sources=[
            source("payments", "Payment stream", "transactions", payment),
            source("case_outcome", "Case outcomes", "annotations", case, owner="head_of_risk", update_period="case_update"),
            source("rule_hits", "Rules engine hits", "product_logs", fields(("rule_id", "rule that fired", "none"), ("action", "block or pass", "criminal")), owner="head_of_risk"),
            source("fingerprints", "Device fingerprints", "user_events", device, starts=date(2026, 10, 22), retention="print_retention", training=False),
            source("decision_log", "Decision log", "product_logs", log, status="to_build", named=False, owner="data_engineer", starts=date(2026, 12, 7), retention="log_retention"),
        ],
        events=[
            Event(id="case_decided", meaning="an analyst decides a case", source="case_outcome"),
            Event(id="payment_blocked", meaning="a rule blocks a payment", source="rule_hits"),
            Event(id="bank_report_received", meaning="a bank reports a scam", source=None),
        ],
        roles=[
            Role(id="product_owner", title="Product owner", duty="product", named=False, available_from=date(2026, 11, 23), hours_per_week="po_hours"),
            Role(id="head_of_risk", title="Head of Risk", duty="domain", named=True, available_from=date(2026, 11, 23), hours_per_week="risk_hours"),
            Role(id="payments_team", title="Payments team", duty="engineering", named=True, available_from=date(2026, 11, 23), hours_per_week="payments_team_hours"),
            Role(id="data_engineer", title="Data engineer", duty="data_engineering", named=False, available_from=date(2026, 12, 7), hours_per_week="de_hours"),
            Role(id="data_scientist", title="Data scientist", duty="data_science", named=False, available_from=date(2026, 12, 7), hours_per_week="ds_hours"),
            Role(id="dpo", title="Data protection officer", duty="legal", named=False, available_from=date(2026, 11, 30), hours_per_week="dpo_hours"),
        ],
        slices=[
            Slice(id="uk", name="UK payments", kind="typical", told_by="country is UK", field="country", share="uk_share"),
            Slice(id="ireland", name="Irish payments", kind="group", told_by="country is Ireland", field="country", share="ireland_share"),
            Slice(id="new_merchants", name="Merchants in their first month", kind="edge", told_by="first payment of the merchant", field="merchant_id", share="new_merchant_share"),
            Slice(id="confirmed_fraud", name="Confirmed fraud", kind="rare", told_by="case outcome is fraud", field="decision", share="fraud_share"),
        ],
        regimes=[
            Regime(id="uk_gdpr", name="UK GDPR", applies_because="payers in the UK", demands="human review of automated refusals on request"),
            Regime(id="psr", name="PSR reimbursement rules", applies_because="Faster Payments in the UK", demands="reimbursement of APP scam victims"),
        ],
        milestones=milestones(),
        guidelines_version="v1.0",
        shared=Shared(
            examples_per_day=said(21000, "real payments are 21,000 a day"),
            examples_in_hand=computed("examples_per_day * training_window"),
            labelled_in_hand=computed("examples_per_day * (training_window - label_delay)"),
            label_delay=said(60, "Analysts confirm fraud usually 45 to 60 days after the payment"),
            baseline=Figure(value=0, basis="external", source="by definition: residual fraud is what the rules let through"),
            target=set_by("head_of_risk", 35), effect=set_by("head_of_risk", 10), benchmark_items=set_by("head_of_risk", 2000),
            overlap_items=set_by("head_of_risk", 300), training_label_items=set_by("head_of_risk", 1000), agreement_target=set_by("head_of_risk", 0.8),
            minutes_per_item=guessed(6, "an analyst reads a case", "head_of_risk"), annotators=guessed(4, "size of a small risk desk", "head_of_risk"),
            annotator_hours=guessed(24, "six hours a week each", "head_of_risk"), annotator_rate=guessed(45, "full cost of an analyst", "product_owner"),
            retrain_cadence=set_by("data_scientist", 30), training_window=said(730, "the model should learn from the last 24 months"),
            feedback_lag_limit=set_by("data_scientist", 100), live_share=set_by("head_of_risk", 50), shadow_time=set_by("data_scientist", 56),
            test_time=set_by("head_of_risk", 56), ramp_time=set_by("head_of_risk", 28), log_retention=set_by("dpo", 800),
            backup_retention=guessed(14, "usual rotation", "payments_team"), erasure_limit=Figure(value=30, basis="external", source="Art. 12(3) UK GDPR"),
            team_cost=guessed(210000, "shares of three salaries", "product_owner"),
            budget=Figure(basis="unknown", source="nobody has named one", check=Verification(impact="Scope.", how="Ask finance.", owner="product_owner", by=date(2026, 12, 4))),
        ),
        quantities=[
            named("payments_rows", "payments", "payments in hand", computed("examples_in_hand")),
            named("fraud_share", "percent", "share of payments that are fraud", said(0.11, "0.11% of payments are fraud")),
            named("case_outcome_rows", "cases", "confirmed frauds in hand", computed("labelled_in_hand * fraud_share")),
            named("blocked_share", "percent", "share of payments that rules block", said(0.9, "140 rules blocks 0.9% now")),
            named("rule_hits_rows", "blocks", "blocks in hand", computed("examples_in_hand * blocked_share")),
            named("fingerprints_rows", "prints", "fingerprints in hand", computed("examples_per_day * print_retention")),
            named("decision_log_rows", "payments/day", "decisions a day", computed("examples_per_day")),
            named("live_update", "second", "time until a new row is there", guessed(5, "a stream", "payments_team")),
            named("case_update", "day", "time between two case exports", guessed(1, "daily export", "head_of_risk")),
            named("payment_retention", "day", "how long payments are kept", said(2190, "payments are kept 6 years by law")),
            named("print_retention", "day", "how long fingerprints are kept", said(30, "30 days is for device fingerprints only")),
            named("uk_share", "percent", "share of UK payments", guessed(85, "most customers are British", "payments_team")),
            named("ireland_share", "percent", "share of Irish payments", computed("1 - uk_share")),
            named("new_merchant_share", "percent", "share of payments to new merchants", guessed(2, "merchant growth", "payments_team")),
            *(
                named(key, "hour/week", "hours a week for this plan", guessed(hours, "a share of a working week", "product_owner"))
                for key, hours in {"po_hours": 8, "risk_hours": 6, "payments_team_hours": 16, "de_hours": 32, "ds_hours": 32, "dpo_hours": 4}.items()
            ),
        ],
        contradictions=[
            Contradiction(one="All personal data is deleted after 30 days", other="the model should learn from the last 24 months", reading="The limit is for device fingerprints only.", because="Payments are kept six years by law."),
        ],
        assumptions=[],
    )  # fmt: skip


@pytest.fixture
def helpdesk() -> Blueprint:
    """Text routing with fourteen classes, three languages, a team of three and no clear permission."""
    return helpdesk_blueprint()


@pytest.fixture
def payments() -> Blueprint:
    """Fraud with late, censored labels, a rare class and a source that forgets after thirty days."""
    return payments_blueprint()


@pytest.fixture
def desk_of() -> DeskOf:
    """The desk for any archetype over a blueprint; UNCLASSED ones lose the label classes, `rag_chat` trains nothing."""

    def build(blueprint: Blueprint, archetype: Archetype) -> Desk:
        change: dict[str, object] = {"archetype": archetype}
        if archetype in UNCLASSED and archetype != blueprint.archetype:
            change |= {"classes": [], "no_classes_because": f"{archetype} gives no classes"}
        if archetype == "rag_chat":
            change["task"] = blueprint.task.model_copy(
                update={"trains": False, "approach": "a hosted model, prompted with retrieved passages"}
            )
        changed = blueprint.model_copy(update=change)
        text = BRIEFS["payments" if blueprint.product == "PayLoop" else "helpdesk"]
        reading = Reading(
            text=text, language="en", product=changed.product, archetype=archetype, example=changed.example, currency=changed.currency
        )
        return Desk(reading, changed, TODAY)

    return build


@pytest.fixture
def sheet_of() -> SheetOf:
    """The sheet for one section's draft over a blueprint; `also` holds quantities that other sections would define."""

    def build(section: Section, draft: Draft, blueprint: Blueprint, also: Sequence[Quantity] = ()) -> Sheet:
        own = [q.model_copy(update={"unit": fill_unit(q.unit, blueprint)}) for q in section.derived(draft)]
        homes = {"blueprint": [*shared_quantities(blueprint), *blueprint.quantities, *also], section.key: [*draft.quantities, *own]}
        text = BRIEFS["payments" if blueprint.product == "PayLoop" else "helpdesk"]
        brief = Brief(text=text, language="en")
        return Sheet(brief, blueprint, Ledger.of(homes), TODAY, drafts={section.key: draft})

    return build


@pytest.fixture
def view_of() -> ViewOf:
    """The English view over a sheet."""
    return lambda sheet: View("en", sheet.blueprint, sheet.ledger)


@pytest.fixture
def strategy_of() -> StrategyOf:
    """A whole strategy by the playbook over a blueprint: every registered section, its record, and the assembly."""

    def build(blueprint: Blueprint, language: str = "en", **change: object) -> Strategy:
        text = BRIEFS["payments" if blueprint.product == "PayLoop" else "helpdesk"]

        def desk() -> Desk:
            reading = Reading(
                text=text,
                language=language,
                product=blueprint.product,
                archetype=blueprint.archetype,
                example=blueprint.example,
                currency=blueprint.currency,
            )
            return Desk(reading, blueprint, TODAY)

        bare = Strategy(
            tool_version="0.0.0", run="r1", created=TODAY, writer="playbook", brief=Brief(text=text, language=language),
            clarification=Clarification(product=blueprint.product, learning="needed", no_ai=None, facts=[], contradictions=[], orders=[], questions=[]),
            blueprint=blueprint, sections={section.key: section.playbook(desk()) for section in SECTIONS},
            records=[Record(section=section.key, written_by="playbook") for section in SECTIONS],
        )  # fmt: skip
        return bare.model_copy(update={"assembly": assembler.playbook(bare, desk()), **change})

    return build
