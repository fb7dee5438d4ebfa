"""Faults in figures and their bases, in texts, in single fields of sections, and on the front page. A check should find each."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from ai_data_strategy.evals.faults import Cannot, Edit, Fault, Json, add, both, figure, put, reach, shared
from ai_data_strategy.evals.faults_plan import choose, defined, drop, named, own, personal, some, trains_unsettled, write_by_builder

OTHER_LANGUAGE = {
    "de": "The plan begins with the data that are there, and it ends with the people who use them. Nobody has said how the labels come into being, so this is "
    "found out first. Until then the team works with the rules that it has.",
    "": "Der Plan beginnt mit den Daten, die da sind, und er endet bei den Menschen, die sie nutzen. Niemand hat gesagt, wie die Labels entstehen, also wird das "
    "zuerst geklärt. Bis dahin arbeitet das Team mit den Regeln, die es hat.",
}
PROMPT = "You are one of the writers of an AI data strategy. Your reader is a data lead who knows this business, has been burnt by slide decks, and must sign."
"""A passage of the writers' prompt that must never stand in a document."""
COPIED = "This is a comprehensive data strategy for AI products including data inventory, quality standards, labelling, flywheel design and governance."
"""A passage of the generic list from which the product was once described."""


def said(section: str, text: str) -> Edit:
    """Add a sentence to a section's prose."""

    def edit(strategy: Json, _chance: Random) -> None:
        own_section = reach(strategy, f"sections.{section}")
        own_section["prose"] = f"{own_section['prose']} {text}"

    return edit


def other_language(section: str) -> Edit:
    """A section's prose in another language than the document's."""

    def edit(strategy: Json, _chance: Random) -> None:
        language = str(reach(strategy, "brief.language"))
        reach(strategy, f"sections.{section}")["prose"] = OTHER_LANGUAGE.get(language, OTHER_LANGUAGE[""])

    return edit


def all_other_language(strategy: Json, chance: Random) -> None:
    """Every section in another language than the document's."""
    for section in strategy["sections"]:
        other_language(section)(strategy, chance)


def terms_gone(strategy: Json, _chance: Random) -> None:
    """A chapter that names nothing of the brief: one sentence for any product, and no table."""
    reach(strategy, "sections.logs").update(
        {"prose": "What happens is written down, so that it can be read later.", "anomalies": [], "degradations": []}
    )


def unstated(strategy: Json, chance: Random) -> None:
    """A figure that the brief states is given another value, still called stated."""
    stated = _stated(strategy)
    quantity = chance.choice(stated)
    other = float(quantity["value"]) * 1.37 + 11
    for same in [quantity, *(q for home in _homes(strategy) for q in home if "key" in quantity and q["key"] == quantity["key"])]:
        same["value"] = other


def other_unit(strategy: Json, chance: Random) -> None:
    """A stated time in another unit than the words say."""
    found = [q for q in _stated(strategy, shared_too=False) if q["unit"] in ("day", "hour", "minute", "month", "year", "week")]
    if not found:
        raise Cannot("no stated time")
    quantity = chance.choice(found)
    quantity["unit"] = "minute" if quantity["unit"] in ("day", "month", "year", "week") else "year"


def _homes(strategy: Json) -> list[list[Json]]:
    """The lists of quantities of memo, blueprint and sections."""
    homes = (strategy["memo"] or {}, strategy["blueprint"], *strategy["sections"].values())
    return [home.get("quantities", []) for home in homes]


def _stated(strategy: Json, shared_too: bool = True) -> list[Json]:
    places = [*reach(strategy, "blueprint.quantities"), *(reach(strategy, "blueprint.shared").values() if shared_too else [])]
    found = [q for q in places if q["basis"] == "stated" and q["value"] is not None]
    if not found:
        raise Cannot("nothing is stated")
    return found


def never_said(strategy: Json, _chance: Random) -> None:
    """A figure is called stated with words that stand nowhere."""
    source = "our finance team counted 4,711 of them last spring"
    reach(strategy, "sections.rollout.quantities").append(figure("planted_stated", 4711, "count", source, "stated"))


def measured_nowhere(strategy: Json, _chance: Random) -> None:
    """A figure is called measured, and no evidence has that id."""
    reach(strategy, "sections.quality.quantities").append(figure("planted_measured", 3.5, "percent", "ev_nosuch_evidence", "measured"))


def measured_otherwise(strategy: Json, _chance: Random) -> None:
    """A measured figure has another value than its evidence."""
    seen = {
        "id": "ev_planted",
        "topic": "quality",
        "message": "Rows without a label",
        "value": 12.0,
        "unit": "percent",
        "method": "counted",
        "rows": 500,
    }
    reach(strategy, "profile.evidence").append(seen)
    reach(strategy, "sections.quality.quantities").append(figure("planted_measured", 3.5, "percent", "ev_planted", "measured"))


def unverified(strategy: Json, _chance: Random) -> None:
    """A guess that nobody will check."""
    reach(strategy, "sections.feedback.quantities").append(figure("planted_guess", 7, "percent", "a guess", "assumed"))


def unsigned(strategy: Json, _chance: Random) -> None:
    """A setting that no role signs."""
    reach(strategy, "sections.retraining.quantities").append(figure("planted_setting", 7, "day", "best practice", "proposed"))


def derived(expression: str | None, unit: str, value: float | None = None) -> Edit:
    """A figure with an expression that cannot give it."""

    def edit(strategy: Json, _chance: Random) -> None:
        new = figure("planted_product", value, unit, "", "derived", expression=expression)
        reach(strategy, "sections.flywheel.quantities").append(new)

    return edit


def two_meanings(strategy: Json, chance: Random) -> None:
    """One key with two values in two sections."""
    both(add("logs", "planted_rows", 120000, "rows"), add("quality", "planted_rows", 200000, "rows"))(strategy, chance)


def more_than_there_is(strategy: Json, _chance: Random) -> None:
    """More examples are available than are in hand."""
    there = [defined(strategy, key) for key in ("examples_in_hand", "labelled_in_hand")]
    known = [q["value"] if q["value"] is not None else q["high"] for q in there]
    if not [number for number in known if number]:
        raise Cannot("nothing is in hand")
    own("quality", "available_examples", value=50 * max(number for number in known if number))(strategy, _chance)


def cost_left_out(strategy: Json, _chance: Random) -> None:
    """A section says anew what year one costs, without the labels."""
    add("use_case", "cost_year_one", 100, str(reach(strategy, "blueprint.currency")))(strategy, _chance)


def no_event(strategy: Json, chance: Random) -> None:
    """An explicit signal without a place in the product."""
    index = choose(strategy, "sections.feedback.signals", chance, lambda signal: signal["kind"] == "explicit")
    put(f"sections.feedback.signals.{index}.place", None)(strategy, chance)


def not_listed(strategy: Json, _chance: Random) -> None:
    """A contradiction of the brief is dropped without a word."""
    if not reach(strategy, "clarification.contradictions"):
        raise Cannot("the brief has no contradiction")
    put("blueprint.contradictions", [])(strategy, _chance)


def asked_again(strategy: Json, _chance: Random) -> None:
    """A question whose words stand in the brief."""
    words = " ".join(str(reach(strategy, "brief.text")).split()[:6])
    if words not in str(reach(strategy, "brief.text")):
        raise Cannot("the brief begins with a break")
    questions = reach(strategy, "clarification.questions")
    if not questions:
        raise Cannot("no question")
    questions[0]["question"] = words


def unlisted(strategy: Json, chance: Random) -> None:
    """A source that is there and trains is not among what is in hand."""
    training = {s["id"] for s in reach(strategy, "blueprint.sources") if s["training"] and s["status"] == "exists"}
    drop("sections.use_case.in_hand", lambda item: item["source"] in training)(strategy, chance)


def under_the_gdpr(strategy: Json, _chance: Random) -> None:
    """Only where the plan itself names the GDPR."""
    if not any(re.search(r"gdpr|dsgvo|rgpd", f"{r['id']} {r['name']}", re.IGNORECASE) for r in reach(strategy, "blueprint.regimes")):
        raise Cannot("no GDPR")


def _wrong(name: str, criterion: str, section: str, *edits: Edit) -> Fault:
    return Fault(name, criterion, section, "check", both(*edits))


def _blank(name: str, criterion: str, section: str, path: str, value: Any = " ") -> Fault:
    return _wrong(name, criterion, section, put(f"sections.{section}.{path}", value))


FIGURES: list[Fault] = [
    _wrong("an unsourced number in prose", "HO1", "quality", said("quality", "It works in 97 of 100 cases.")),
    _wrong("an unsourced number in a table", "HO1", "retraining", put("sections.retraining.rollback.how", "The old version serves again after 35 minutes.")),
    _wrong("a reference to a figure that is nowhere", "HO1", "quality", said("quality", "It costs {nosuch_key} a year.")),
    _wrong("a product that cannot be computed", "HO1", "flywheel", derived("examples_per_day * nosuch_share", "count/day")),
    _wrong("a product in the wrong unit", "HO1", "flywheel", derived("retrain_cadence * training_window", "percent")),
    _wrong("a product with a value of its own", "HO1", "flywheel", derived("retrain_cadence * 2", "day", 3)),
    _wrong("a derived figure without a formula", "HO1", "flywheel", derived(None, "day")),
    _wrong("a setting that nobody signs", "HO1", "retraining", unsigned),
    _wrong("an unknown figure with a value", "HO1", "quality", add("quality", "planted_unknown", 5, "day", basis="unknown")),
    _wrong("a stated number with another value", "HO2", "", unstated),
    _wrong("a stated number that nobody stated", "HO2", "rollout", never_said),
    _wrong("a stated time in the wrong unit", "HO2", "", other_unit),
    _wrong("measured without evidence", "HO2", "quality", measured_nowhere),
    _wrong("measured otherwise than its evidence", "HO2", "quality", measured_otherwise),
    _wrong("a guess that nobody checks", "HO3", "feedback", unverified),
    _wrong("one key with two meanings", "XC1", "logs", two_meanings),
    _wrong("more examples than are in hand", "XC2", "quality", more_than_there_is),
    _wrong("a cost that leaves out the labels", "XC17", "rollout", cost_left_out),
    _wrong("a contradiction of the brief is dropped", "HO8", "", not_listed),
]  # fmt: skip
FIELDS: list[Fault] = [
    _blank("no cost of errors", "UC1", "use_case", "scope.errors"),
    _wrong("an example without a value", "UC2", "use_case", some("sections.use_case.example.features", "value", " ")),
    _wrong("volume in money instead of examples", "UC4", "use_case", own("use_case", "required_examples", value=5000, unit="EUR")),
    _wrong("a training source that is not listed", "UC6", "use_case", unlisted),
    _wrong("a target equal to today", "UC8", "use_case", shared("baseline", 50), shared("target", 50)),
    _wrong("a usual kind of source passed over", "IN1", "inventory", drop("sections.inventory.coverage", lambda item: not item["sources"])),
    _wrong("a source without dates", "IN3", "inventory", lambda s, c: _undated(s, c)),
    _wrong("a source without access", "IN5", "inventory", some("sections.inventory.sources", "access", " ")),
    _wrong("a source without readers", "IN7", "inventory", some("sections.inventory.sources", "readers", " ")),
    _wrong("a source without an agreement", "IN8", "inventory", some("sections.inventory.sources", "agreement_note", " ")),
    _wrong("a gap without an owner", "IN10", "inventory", some("sections.inventory.gaps", "owner", "nobody")),
    _wrong("a gap without a way to close it", "IN10", "inventory", some("sections.inventory.gaps", "collect", " ")),
    _wrong("a missing rate above the whole", "DQ1", "quality", named("sections.quality.missing.0.at_most", value=140)),
    _wrong("label noise without a sample", "DQ2", "quality", put("sections.quality.noise.sample", "nosuch_sample")),
    _wrong("staleness shorter than the update", "DQ4", "quality", lambda s, c: _hurried(s, c)),
    _wrong("a slice without a minimum", "DQ5", "quality", drop("sections.quality.slices")),
    _wrong("the rule of ten miscounted", "DQ6", "quality", own("quality", "available_examples", value=1), put("sections.quality.volume.ruling", "enough")),
    _wrong("a class without a guide", "LB2", "labelling", drop("sections.labelling.guides")),
    _wrong("agreement below the bar", "LB3", "labelling", shared("agreement_target", 0.6)),
    _blank("a menu of labelling tools", "LB5", "labelling", "platform.chosen", "Scale AI or Labelbox"),
    _blank("no reason for or against language models as labellers", "LB9", "labelling", "llm_labeller.because", ""),
    _wrong("synthetic data without a ceiling", "LB8", "labelling", put("sections.labelling.synthetic", {"used": True, "because": "It is cheap.", "checked_by": None, "ceiling": None})),
    _wrong("a cycle that does not close", "FW1", "flywheel", put("sections.flywheel.cycle.0.text", "Something else begins it.")),
    _wrong("a missing stage of the pipeline", "FW3", "flywheel", drop("sections.flywheel.pipeline")),
    _wrong("a factor that is nowhere", "FW4", "flywheel", put("sections.flywheel.factors.1", "nosuch_share")),
    _wrong("a lever without an effect", "FW6", "flywheel", some("sections.flywheel.levers", "effect", "nosuch_effect")),
    _wrong("an explicit signal without a place", "FB2", "feedback", no_event),
    _wrong("a reward that only adds", "FB3", "feedback", lambda s, c: _only_good(s, c)),
    _wrong("nobody hears back", "FB6", "feedback", put("sections.feedback.closing", [])),
    _wrong("a personal field without a treatment", "GV1", "governance", drop("sections.governance.treatments")),
    _wrong("permission without an action", "GV3", "governance", personal("action", "nosuch_action", lambda use: use["status"] != "ok")),
    _wrong("consent unclear, yet in the first snapshot", "GV4", "governance", trains_unsettled),
    _wrong("another purpose without a word", "GV5", "governance", personal("reconsent", " ", lambda use: use["compatible"] != "yes")),
    _wrong("a source that no job deletes", "GV6", "governance", some("sections.governance.sources", "deletion_job", " ")),
    _wrong("lineage in one direction", "GV7", "governance", put("sections.governance.lineage.backward", " ")),
    _wrong("erasure does not reach the models", "GV8", "governance", drop("sections.governance.erasure", lambda step: step["reaches"] == "models")),
    _wrong("erasure slower than the law allows", "GV8", "governance", under_the_gdpr, shared("erasure_limit", 90)),
    _wrong("a benchmark of two hundred", "BM1", "benchmark", shared("benchmark_items", 200)),
    _wrong("parts that do not add up", "BM2", "benchmark", named("sections.benchmark.parts.0.items", value=7)),
    _wrong("a gate on five items", "BM3", "benchmark", add("benchmark", "planted_few", 5, "count"), some("sections.benchmark.gates", "items", "planted_few", lambda g: g["verdict"] != "not_decidable")),
    _wrong("the builder writes the benchmark", "BM4", "benchmark", write_by_builder),
    _blank("a split that is not named", "BM5", "benchmark", "never_trained.split"),
    _wrong("a benchmark refreshed every other year", "BM6", "benchmark", named("sections.benchmark.refresh.every", value=730)),
    _wrong("no drift trigger", "RT2", "retraining", put("sections.retraining.drift", [])),
    _blank("no rule of promotion", "RT3", "retraining", "promotion.rule"),
    _wrong("straight to production", "RT6", "retraining", drop("sections.retraining.steps", lambda step: step["step"] == "offline_evaluation")),
    _blank("no rollback", "RT7", "retraining", "rollback.trigger"),
    _blank("a menu of version tools", "VL1", "versioning", "tool.chosen", "DVC or MLflow"),
    _blank("no hash of the snapshot", "VL2", "versioning", "record.snapshot_hash"),
    _wrong("a reproduction test that is never due", "VL3", "versioning", named("sections.versioning.reproduction.every", value=4000)),
    _blank("nobody knows who labelled", "VL4", "versioning", "trail.who"),
    _wrong("latency is not logged", "PR1", "logs", lambda s, c: _unlogged(s, "latency")),
    _wrong("only errors are logged", "PR2", "logs", lambda s, c: _unlogged(s, "environment")),
    _wrong("an alarm that wakes nobody", "PR3", "logs", some("sections.logs.anomalies", "alerts", "nobody")),
    _wrong("personal logs without a treatment", "PR6", "logs", some("sections.logs.fields", "treatment", None, lambda f: f["sensitivity"] != "none")),
    _wrong("a missing class of failure", "PR9", "failures", drop("sections.failures.classes", lambda item: item["kind"] == "external_noise")),
    _blank("a replay that always passes", "PR12", "failures", "replay.pass_rule"),
    _wrong("four whys", "PR13", "failures", drop("sections.failures.whys.answers")),
    _blank("no blame-free channel", "PR15", "failures", "reporting.channel"),
    _wrong("a dashboard for nobody", "PR16", "failures", put("sections.failures.dashboard.audience", [])),
    _wrong("a case without a treatment", "PR18", "edge_cases", some("sections.edge_cases.cases", "treatment", " ")),
    _wrong("a method for another modality", "PR19", "edge_cases", lambda s, c: _unsuited(s)),
    _wrong("three measures only", "PR21", "rollout", lambda s, c: _few_measures(s)),
    _wrong("more live days than the year has", "PR22", "rollout", named("sections.rollout.money.live_days", value=364)),
    _blank("federated learning without a reason", "PR24", "rollout", "federated.because"),
    _blank("a breach of fairness without a consequence", "PR26", "rollout", "bias.on_breach"),
    _wrong("no baseline audit", "PR28", "rollout", drop("sections.rollout.phases", lambda phase: phase["kind"] == "baseline_audit")),
    _wrong("nobody for the data science", "PR29", "rollout", lambda s, c: _uncovered(s)),
]  # fmt: skip
FRONT: list[Fault] = [
    _wrong("a language slip", "SP7", "governance", other_language("governance")),
    _wrong("a whole document in another language", "SP7", "", all_other_language),
    _wrong("a section that names nothing of the brief", "SP1", "", terms_gone),
    _wrong("generic wording copied", "SP3", "", said("flywheel", COPIED)),
    _wrong("the prompt stands in the document", "HO7", "", said("versioning", PROMPT)),
    _wrong("a section left out without a word", "HO7", "", lambda s, c: s["sections"].pop("governance") and None),
    _wrong("a decision that nobody takes", "US2", "", some("assembly.decisions", "who", "nobody")),
    _wrong("a decision of last year", "US2", "", some("assembly.decisions", "by", "2020-01-01")),
    _wrong("a decision without a recommendation", "US2", "", some("assembly.decisions", "recommended", "")),
    _wrong("far too many words", "US5", "", lambda s, c: _doubled(s)),
    _wrong("a question that the brief answers", "CL2", "", asked_again),
]  # fmt: skip


def _undated(strategy: Json, chance: Random) -> None:
    """A source without a first day, and without a word on how it is found."""
    source = chance.choice([item for item in reach(strategy, "blueprint.sources") if item["status"] != "to_build"])
    source["starts"] = None
    for item in reach(strategy, "sections.inventory.sources"):
        if item["source"] == source["id"]:
            item["span_note"] = None


def _hurried(strategy: Json, chance: Random) -> None:
    """A source may be a minute old and is updated every ninety days."""
    index = choose(strategy, "sections.quality.staleness", chance, lambda _: True)
    source = next(s for s in strategy["blueprint"]["sources"] if s["id"] == strategy["sections"]["quality"]["staleness"][index]["source"])
    both(add("quality", "planted_minute", 1, "minute"), add("versioning", "planted_period", 90, "day"))(strategy, chance)
    source["update_period"] = "planted_period"
    put(f"sections.quality.staleness.{index}.at_most", "planted_minute")(strategy, chance)


def _only_good(strategy: Json, _chance: Random) -> None:
    terms = reach(strategy, "sections.feedback.reward.terms")
    if not terms or not strategy["sections"]["feedback"]["reward"]["applies"]:
        raise Cannot("no reward")
    for term in terms:
        term["weight"] = terms[0]["weight"]


def _unlogged(strategy: Json, part: str) -> None:
    fields = [f for f in reach(strategy, "sections.logs.fields") if f["part"] == part]
    if not fields:
        raise Cannot(part)
    for item in fields:
        item["part"] = "other"


def _unsuited(strategy: Json) -> None:
    """Bench runs where the data are no sensor's."""
    mining = reach(strategy, "sections.edge_cases.mining")
    if not mining or mining[0]["modality"] == "sensor":
        raise Cannot("sensors")
    mining[0]["method"] = "bench_runs"


def _few_measures(strategy: Json) -> None:
    del reach(strategy, "sections.rollout.kpis")[3:]


def _uncovered(strategy: Json) -> None:
    for item in reach(strategy, "sections.rollout.team"):
        item["covers"] = [duty for duty in item["covers"] if duty != "data_science"] or ["operations"]


def _doubled(strategy: Json) -> None:
    """Every prose three times as long."""
    for own_section in strategy["sections"].values():
        own_section["prose"] = f"{own_section['prose']}\n\n{own_section['prose']}\n\n{own_section['prose']}"[:2990]


TEXT: list[Fault] = [*FIGURES, *FIELDS, *FRONT]
