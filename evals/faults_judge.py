"""Faults that only a reader finds: they pass every check. Written for two example documents, told apart by their briefs."""

from __future__ import annotations

from random import Random
from typing import Any

from ai_data_strategy.evals.faults import Cannot, Edit, Fault, Json, both, less, put, reach, swap

HELPDESK, PAYMENTS = "We run a helpdesk product", "PayLoop is an instant-payments app"
OBJECTION = "DL"
"""The reviewer's own objection: for what no criterion of the section names."""


def only(opening: str, *edits: Edit) -> Edit:
    """Edits that fit the document whose brief begins with `opening` and no other."""

    def edit(strategy: Json, chance: Random) -> None:
        if not str(reach(strategy, "brief.text")).startswith(opening):
            raise Cannot("another product")
        both(*edits)(strategy, chance)

    return edit


def of(section: str, changes: dict[str, Any]) -> Edit:
    """Set fields of a section by their paths within it."""
    return both(*(put(f"sections.{section}.{path}", value) for path, value in changes.items()))


def prose(section: str, *pairs: tuple[str, str]) -> Edit:
    """Replace passages of a section's prose."""
    return both(*(swap(f"sections.{section}.prose", old, new) for old, new in pairs))


def sensitivity(source: str, *fields: str) -> Edit:
    """Mark fields of a source as no personal data."""

    def edit(strategy: Json, _chance: Random) -> None:
        own = next((s for s in reach(strategy, "blueprint.sources") if s["id"] == source), None)
        found = [f for f in own["fields"] if f["id"] in fields and f["sensitivity"] != "none"] if own else []
        if len(found) < len(fields):
            raise Cannot(source)
        for field in found:
            field["sensitivity"] = "none"

    return edit


def regime(id_: str, name: str, applies: str, demands: str, duty: str) -> Edit:
    """Add a law to blueprint and governance."""

    def edit(strategy: Json, _chance: Random) -> None:
        reach(strategy, "blueprint.regimes").append({"id": id_, "name": name, "applies_because": applies, "demands": demands})
        reach(strategy, "sections.governance.regimes").append({"regime": id_, "duty": duty})

    return edit


def _fault(name: str, criterion: str, section: str, opening: str, *edits: Edit) -> Fault:
    return Fault(name, criterion, section, "judge", only(opening, *edits))


def _guard(check: str, then: str) -> Json:
    return {"check": check, "reaction": "alert", "then": then}


_LOOKED_AT = _guard("Somebody looks at the figures by hand when there is time.", "It is noted, and the work goes on as before.")

JUDGED: list[Fault] = [
    _fault(
        "one volume for every kind of model", "UC5", "use_case", HELPDESK,
        of("use_case", {
            "need.because": "A model of this kind learns from examples, and more of them make it better. {required_examples} tickets is what such projects "
            "usually collect. The figure is the same whether an encoder is frozen, tuned or trained from nothing, or a language model is prompted.",
            "need.smaller_allows": "With fewer tickets the result is worse.",
        }),
    ),
    _fault(
        "nothing to beat and no stop", "UC7", "use_case", PAYMENTS,
        prose("use_case", (
            "The model must beat the improved rules, because the audit makes these possible without a model. The first audit is too small to judge single "
            "rules, so it judges groups of similar rules (families). If",
            "The model takes the place of the rules as soon as it runs, because learned patterns catch more than any list of rules. If",
        ), (" So nobody can compare a model with the rules until analysts have judged some of them.", "")),
        of("use_case", {
            "opponent.method": "The rules of today, which are switched off on the first day of the model.",
            "opponent.why_learning": "Learning finds patterns that no person can write down, so it is the right tool for fraud.",
            "opponent.stop": "None. Training goes on until the model is good enough to be switched on.",
            "actions": [],
            "rejected": [{"option": "A sequence model over the payer’s history", "because": "A payer pays about once in {memo_payer_gap} days; for most there is no sequence."}],
        }),
    ),
    _fault(
        "the missing label is no gap", "IN11", "inventory", HELPDESK,
        prose("inventory", (
            "Two sources exist, but neither is known to record the first queue or the reason for a move. The ticket store records how a case ended, and the "
            "log of moves records that a ticket was moved. Nobody has named an owner for either. If the log names the queue before each move, the first queue "
            "can be rebuilt. If not, measuring starts when a new decision log is switched on. So this log, and not a model, is built first.",
            "Two sources exist, and together they hold what the model needs. The ticket store holds the text and the queue in which a case ended, and the log "
            "of moves tells which tickets changed their queue. Nobody has named an owner for either.",
        )),
        less("sections.inventory.gaps", 2, 3, 6),
        of("inventory", {
            "gaps.1.missing": "A place for what dispatchers note beside a ticket", "gaps.1.kind": "log",
            "gaps.1.needed_because": "Notes are scattered today, and nobody finds them again.",
            "gaps.1.collect": "Decision log.", "gaps.1.closes": ["decision_log", "ticket_closed", "ticket_rated"],
            "gaps.2.closes": ["training_store", "benchmark_set"],
            "sources.1.defect": "Grows quickly and is slow to search.",
            "sources.2.defect": "Begins only when built.",
            "actions.1.what": "Set up the decision log.",
            "risks.0": {"risk": "The new log is built late.", "chance": "medium", "harm": "medium", "early_sign": "No table by the middle of December.",
                        "answer": "Ask the backend engineer weekly.", "owner": "product_manager"},
        }),
    ),
    _fault(
        "free text marked as no personal data", "IN12", "inventory", HELPDESK,
        sensitivity("tickets", "first_message", "later_messages"),
        swap("sections.inventory.sources.0.defect", " Texts may hold health data and other special categories.", ""),
    ),
    _fault(
        "the rule of ten taken as enough", "DQ7", "quality", PAYMENTS,
        of("quality", {
            "volume.ruling": "enough",
            "volume.because": "The parameters are the end values of small decision trees, and ten times as many payments lie in the store. That only one payment in "
            "a thousand is fraud changes nothing, because the rule counts rows.",
            "volume.learning_curve": "None is needed, since the rule is met.",
        }),
    ),
    _fault(
        "limits without an automatic check or a consequence", "DQ8", "quality", HELPDESK,
        of("quality", {f"guards.{name}": _LOOKED_AT for name in ("completeness", "accuracy", "consistency", "timeliness", "volume")}),
    ),
    _fault(
        "Cohen's kappa for five readers", "LB4", "labelling", PAYMENTS,
        of("labelling", {
            "agreement.because": "All five analysts read each payment of the overlap, and Cohen’s kappa over the five is the usual figure.",
            "agreement.below_target": "The figure is reported, and labelling goes on.",
        }),
    ),
    _fault(
        "cheap labels in the evaluation set", "LB10", "labelling", PAYMENTS,
        prose("labelling", (
            "For a payment that was let through, it is the outcome that an analyst confirmed.",
            "For a payment that was let through, the rules and the silence of the case table decide: without a case it counts as genuine, in training and in the benchmark alike.",
        )),
        of("labelling", {
            "human.order": "Analysts read blocked payments of the audit only. The benchmark takes the class of every other payment from the rules engine, because reading is dear.",
            "weak_supervision.because": "Not in training. For the benchmark the {memo_rules} rules are good enough, since they are there already.",
            "stored.3.take": "not_fraud", "stored.3.use": "full", "stored.3.because": "No case means no fraud.",
        }),
    ),
    _fault(
        "agreement taken for correctness", "FW7", "flywheel", HELPDESK,
        prose("flywheel", (
            "The loop cannot measure its own influence, because dispatchers tend to take what is suggested. Therefore {blind_share} of signing customers' "
            "tickets, the blind share, stay without suggestion for good. This costs about {flywheel_blind_cost} wrong-queue moves a month, which fall on writers chosen at random.",
            "A suggestion that a dispatcher confirms was right, so every confirmation joins the training store at full weight. Every ticket gets a suggestion, and so the loop "
            "learns from all of them.",
        )),
        of("flywheel", {
            "rejected": [], "trigger.says": "A ticket that nobody moves was in the right queue, and a confirmed suggestion proves that the model is right.",
            "cycle.6.text": "A better model suggests a queue for every ticket.",
            "biases": [{"bias": "Some teams answer later than others.", "counter": "The export waits a day longer.", "share": None}],
            "risks.1.answer": "The ticket is closed.",
        }),
        less("sections.flywheel.actions", 1),
    ),
    _fault(
        "a reward that blocking alone earns", "FB4", "feedback", PAYMENTS,
        of("feedback", {
            "reward.because": "Each block earns points, so the sum shows how much work a version does. It decides which version is released.",
            "reward.positive": "A payment that is blocked.",
            "reward.negative": "A released payment that is confirmed as fraud, and a block that a review lifts.",
            "reward.terms.0.event": "payment_blocked",
            "reward.guard": "None is needed: a version that blocks more is the more careful one.",
        }),
    ),
    _fault(
        "a keyed hash called anonymous", "GV2", "governance", HELPDESK,
        prose("governance", (
            "Nothing is anonymous: a keyed hash is only a pseudonym, and masking misses names.",
            "The copies are anonymous, because keys are hashed and names are replaced by marks.",
        )),
        less("sections.governance.rejected", 1),
        of("governance", {
            "treatments.0.treatment": "anonymise",
            "treatments.0.how": "A keyed hash in all derived stores makes the ticket anonymous, so the law on personal data ends there.",
            "treatments.2.treatment": "anonymise",
            "treatments.2.how": "Names are replaced by marks. After that nobody can be recognised, and nothing has to be measured.",
        }),
    ),
    _fault(
        "a law that does not apply", "GV9", "governance", PAYMENTS,
        regime(
            "hipaa", "HIPAA (US health data)", "some merchants are pharmacies, so payments show health matters",
            "a business associate agreement and the minimum necessary rule for protected health information",
            "A business associate agreement with each pharmacy, and an officer for protected health information, before the first training.",
        ),
    ),
    _fault(
        "unlearning promised", "GV10", "governance", HELPDESK,
        prose("governance", (
            "The monthly training would come too late for the limit of {erasure_limit}, so the model is trained anew in each week with a request.",
            "The monthly training would come too late for the limit of {erasure_limit}, so machine unlearning takes a person out of the live model at once.",
        )),
        of("governance", {
            "erasure.4.method": "Machine unlearning removes the person’s influence from the weights exactly. No model is trained anew for it, and none has to be.",
            "forgetting.because": "Unlearning is exact for a model of this size, so a refit is never needed and costs nothing beyond the hours shown.",
            "regimes.1.duty": "A table of requests that all stores read, unlearning within the day, full deletion when a customer leaves.",
        }),
    ),
    _fault(
        "hard cases that fit any product", "BM7", "benchmark", HELPDESK,
        of("benchmark", {
            "cases": [
                {"kind": "adversarial", "example": "An adversarial input.", "expected": "The model is robust against it."},
                {"kind": "adversarial", "example": "An input that was manipulated on purpose.", "expected": "The right result despite the manipulation."},
                {"kind": "edge", "example": "An unusual or noisy input.", "expected": "The right result."},
                {"kind": "edge", "example": "An input with missing values.", "expected": "A sensible result."},
            ],
            "parts.6.what": "Inputs meant to deceive a model.", "parts.6.drawn": "Written as needed, each under an id of its own.",
            "refresh.old_use": "It is archived and not run again; scores of the new version stand alone.",
        }),
    ),
    _fault(
        "a live test far too small for rare events", "RT4", "retraining", PAYMENTS,
        prose("retraining", (
            "So analysts judge swap sets instead, without knowing which version chose a payment. If half of the blocks differ, {retraining_swap_items} decided payments on each "
            "side are enough. They show the planned lead of {effect} in four of five cases. Analysts need {retraining_swap_days} for them, in time for the gate.",
            "So both serve live, each its share. With so many payments a day, {live_share} of them over {test_time} show which version lets less fraud through, and no judged sets are needed.",
        )),
        of("retraining", {
            "traffic.if_short": "longer_test",
            "traffic.how": "The confirmed frauds of both arms are compared on the last day of the test; the many payments leave nothing to chance.",
            "promotion.rule": "The version with fewer confirmed frauds in its arm on the last day of {test_time} is promoted.",
            "steps.3.does": "Gives the challenger {live_share} of payments for {test_time} and counts confirmed frauds.", "steps.3.gate": "Fewer confirmed frauds than the champion.",
            "risks": [], "actions.1.what": "Build the report that compares the two arms.",
        }),
    ),
    _fault(
        "decay named without pattern or log", "PR4", "logs", HELPDESK,
        prose("logs", (
            "Some failures look like success. Moves fall when teams answer misrouted tickets instead of moving them, and agreement rises when dispatchers stop reading. Only the "
            "blind share shows the difference. A label",
            "Every model decays with time, and the data drift away from those of the training. So the log is watched. A label",
        )),
        of("logs", {"degradations": [
            {"pattern": "Drift: the model gets worse with time.", "shown_by": ["latency"], "told_apart": "An expert can tell."},
            {"pattern": "The data change.", "shown_by": ["latency"], "told_apart": "Experience shows it."},
        ]}),
    ),
    _fault(
        "silos named in general", "PR7", "logs", HELPDESK,
        of("logs", {"silos": [
            {"between": "Different departments and their systems", "stalls": "Working together", "joined_by": "Silos are avoided by regular exchange", "owner": "product_manager"},
            {"between": "Older and newer systems", "stalls": "A view of everything", "joined_by": "Integration over time", "owner": "backend_engineer"},
        ]}),
        prose("logs", (" A label needs the suggestion, the choice and the move under one ticket id; merged tickets lose it, so we count them.", "")),
    ),
    _fault(
        "signals only counted", "PR8", "logs", HELPDESK,
        prose("logs", (
            " If more messages in a queue say “as I wrote last week” while its wrong-queue moves rise, that queue probably receives misrouted tickets.", "",
        )),
        of("logs", {"content_signal": {
            "signal": "Number of suggestions shown, by queue", "feedback": "Number of moves in the same queue", "event": "move_reason_set",
            "action": "Both counts stand side by side in the monthly report.",
        }}),
    ),
    _fault(
        "failures train and refresh the benchmark", "PR11", "failures", HELPDESK,
        prose("failures", (
            "Failed tickets are replayed before each release and never trained on. Instead the training set gets similar tickets that people read afresh.",
            "Failed tickets are added to the training set as they are, and the same tickets refresh the benchmark, so that progress shows.",
        )),
        of("failures", {
            "rejected": [],
            "path.steps": ["Collect the failed tickets of the month.", "Add them to the training store with the queue in which they ended.",
                           "Put the same tickets into the next benchmark version.", "Train again and measure."],
            "path.guard": "None is needed, because the benchmark should hold what went wrong.",
            "replay.holds": "Failed tickets with the queue in which they ended.",
        }),
    ),
    _fault(
        "five paraphrases and a person to blame", "PR14", "failures", PAYMENTS,
        of("failures", {
            "whys.answers": [
                "Because the score of these payments was too low.", "Because the model did not rate them as risky.", "Because their risk was underestimated.",
                "Because the model did not recognise the fraud.", "Because the analyst on duty that weekend was careless.",
            ],
            "whys.action": "The analyst on duty is reminded to be more careful.",
        }),
    ),
    _fault(
        "edge cases of any product", "PR20", "edge_cases", PAYMENTS,
        prose("edge_cases", (
            "The dangerous cases look normal when each payment is seen alone. A merchant is honest for weeks and then collects from many payers in one evening. But a small trader’s "
            "best day looks the same. No threshold separates them, so a person must look.\n\nAttackers who know that the number of blocks is fixed can fill it with obvious fraud and hide "
            "the rest. False reports can harm a rival. The",
            "Rare inputs are hard for every model, because it has seen few of them. So they are collected and looked at. The",
        )),
        of("edge_cases", {"cases": [
            {"id": name, "case": case, "likelihood": a, "severity": b, "harm": name == "rare_situation", "treatment": treatment}
            for name, case, a, b, treatment in (
                ("noisy_input", "Noisy input", 4, 4, "Monitor payments of this kind."),
                ("missing_values", "Missing values", 4, 3, "Fill them in."),
                ("unusual_values", "Unusual values", 3, 3, "Monitor them."),
                ("rare_situation", "Rare situations", 2, 4, "Collect more data."),
                ("late_records", "Late records", 3, 2, "Wait for them."),
            )
        ]}),
    ),
    _fault(
        "accuracy up, so revenue up", "PR23", "rollout", HELPDESK,
        of("rollout", {
            "money.chain": ["The model is more accurate than people.", "Customers are happier.", "Revenue rises by the same share."],
            "money.weak_link": "There is none, since each step follows from the one before.",
            "money.tested_by": "No test is needed.",
        }),
    ),
    _fault(
        "federated learning for one central store", "PR25", "rollout", PAYMENTS,
        of("rollout", {"federated": {
            "verdict": "adopt", "data_at": "All payments, cases and decisions lie in PayLoop’s own store.",
            "because": "Federated learning is the modern way to train, and it protects privacy in every setting.",
            "cost": "Hardly any, because the tools are free.",
        }}),
    ),
    _fault(
        "a fairness paragraph for any product", "PR27", "rollout", HELPDESK,
        of("rollout", {"feedback_bias": {
            "speaks": "Active users give feedback.", "silent": "Less active users give less of it.",
            "skew": "The model may become biased and treat groups unequally.", "sourcing": "Diverse and representative data are collected, and fairness is watched.",
        }}),
    ),
    _fault(
        "nothing breaks at ten times the usage", "PR31", "rollout", HELPDESK,
        prose("rollout", (
            "At ten times the tickets the two people would break first.",
            "At ten times the tickets nothing breaks, because the architecture scales and servers are added when they are needed.",
        )),
        of("rollout", {
            "scaling.first_break": "serving",
            "scaling.because": "The architecture scales, so ten times the usage changes nothing for people, labels or training.",
            "scaling.plan": "More servers are added when they are needed.",
        }),
    ),
    _fault(
        "systems that nobody named", OBJECTION, "versioning", HELPDESK,
        of("versioning", {
            "tool.because": "The company’s Snowflake warehouse has kept a snapshot of every month since 2021, and its Collibra catalogue lists each field, so MLflow only has to point there.",
            "tool.stores": "It points to the monthly snapshots in Snowflake, which the platform group in Munich runs and backs up.",
        }),
    ),
    _fault(
        "a paragraph that fits any product", OBJECTION, "versioning", PAYMENTS,
        of("versioning", {
            "prose": "Reproducibility is the key to success with artificial intelligence. Only those who know their data and models can trust them, and trust is the basis of "
            "every good decision. Therefore a holistic approach to versioning is chosen that follows best practice.\n\nA modern tool brings transparency along the whole life cycle. "
            "It connects people, data and models, and it grows with the needs of the organisation. So the foundation for lasting value is laid.",
        }),
    ),
    _fault(
        "what the blueprint forbids", OBJECTION, "versioning", PAYMENTS,
        of("versioning", {
            "record.also.0": "The raw device fingerprint of every payer in the snapshot, kept with the version for two years, so that a rebuilt model sees the same devices.",
        }),
    ),
    _fault(
        "work that nobody has time for", OBJECTION, "labelling", PAYMENTS,
        of("labelling", {
            "human.order": "Every analyst first reads all stored payments of the last six years, some forty million, so that no fraud stays unseen; audit and benchmark follow in the same weeks.",
        }),
    ),
]  # fmt: skip
