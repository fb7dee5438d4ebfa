"""Checks that need all sections: consistency (XC), specificity (SP), honesty (HO), usability (US), clarification (CL).

Each yields a `Fault` with the section that should change; `Skip` where the criterion does not fit. `fit` adds the plan-level
checks (PF), which go beyond the rubric: figures that do not fit each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import cast

from ai_data_strategy.agents import BY_KEY
from ai_data_strategy.agents.benchmark_fields import Benchmark
from ai_data_strategy.agents.clarification import Clarification
from ai_data_strategy.agents.failures import Failures
from ai_data_strategy.agents.feedback import Feedback
from ai_data_strategy.agents.fit import FITS
from ai_data_strategy.agents.flywheel import Flywheel
from ai_data_strategy.agents.governance_fields import Governance
from ai_data_strategy.agents.inventory_fields import Inventory
from ai_data_strategy.agents.labelling_fields import Labelling
from ai_data_strategy.agents.once import once
from ai_data_strategy.agents.quality_fields import Quality
from ai_data_strategy.agents.retraining import Retraining
from ai_data_strategy.agents.rollout_fields import Rollout
from ai_data_strategy.agents.section import Draft, Skip
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.agents.structure import quantity_problems, structure_verdicts
from ai_data_strategy.agents.use_case import UseCase
from ai_data_strategy.agents.versioning import Versioning
from ai_data_strategy.agents.whole import Fault, Whole, draft, walk
from ai_data_strategy.domain import Verdict

OWNERS = ("owner", "lead", "approver", "decided_by", "alerts", "who", "signs")
"""Names of fields that hold a role id."""


CHECKS: dict[str, Whole] = {}


def whole(criterion: str) -> Callable[[Whole], Whole]:
    def register(check: Whole) -> Whole:
        CHECKS[criterion] = check
        return check

    return register


def verdicts(sheet: Sheet, clarification: Clarification | None) -> list[Verdict]:
    """Verdicts of all cross-section checks, one a section at fault; a criterion without a fault is met."""
    return [
        verdict for criterion, check in {**CHECKS, **FITS}.items() for verdict in _verdicts(criterion, list(check(sheet, clarification)))
    ]


def _verdicts(criterion: str, found: list[Fault | Skip]) -> list[Verdict]:
    faults = [item for item in found if isinstance(item, Fault)]
    if not faults:
        skip = next((item for item in found if isinstance(item, Skip)), None)
        return [
            Verdict(criterion=criterion, outcome="not_applicable", why=skip.reason) if skip else Verdict(criterion=criterion, outcome="met")
        ]
    by_section: dict[str, list[Fault]] = {}
    for fault in faults:
        by_section.setdefault(fault.section, []).append(fault)
    return [
        Verdict(criterion=criterion, outcome="not_met", section=section, field=group[0].field, why="; ".join(f.message for f in group[:5]))
        for section, group in by_section.items()
    ]


@whole("XC1")
def one_volume_a_source(sheet: Sheet, _: Clarification | None) -> Iterator[Fault]:
    for clash in sheet.ledger.clashes:
        home = clash.homes[1] if clash.homes[1] in BY_KEY else clash.homes[0]
        yield Fault(
            home, "quantities", f"{clash.key} has two meanings, in {clash.homes[0]} and {clash.homes[1]}: drop one or give it another key"
        )


@whole("XC2")
def available_is_there(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    available = sheet.number("available_examples", "count", "high")
    there = [number for key in ("examples_in_hand", "labelled_in_hand") if (number := sheet.number(key, "count", "high")) is not None]
    if available is None or not there:
        yield Skip("the examples in hand are unknown or do not apply")
    elif available > max(there) * 1.001:
        yield Fault("quality", "quantities", f"available_examples ({available:,.0f}) is more than the examples in hand ({max(there):,.0f})")


@whole("XC3")
def classes_are_the_same(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    if not sheet.class_ids:
        yield Skip(sheet.blueprint.no_classes_because or "no label classes")
        return
    if (labelling := draft(sheet, Labelling)) and {guide.label for guide in labelling.guides} != sheet.class_ids:
        yield Fault(
            "labelling", "guides", f"classes differ from the blueprint's: {sorted({g.label for g in labelling.guides} ^ sheet.class_ids)}"
        )
    if (use_case := draft(sheet, UseCase)) and use_case.example.output == "class" and use_case.example.label not in sheet.class_ids:
        yield Fault("use_case", "example", f"{use_case.example.label!r} is no class of the blueprint")


@whole("XC4")
def owners_are_in_the_team(sheet: Sheet, _: Clarification | None) -> Iterator[Fault]:
    for key, one in sheet.drafts.items():
        for top, name, value in walk(one):
            for role in value if isinstance(value, list) else [value]:
                if name in OWNERS and isinstance(role, str) and re.fullmatch(r"[a-z][a-z0-9_]*", role) and role not in sheet.role_ids:
                    yield Fault(key, top, f"{role!r} is no role of the team: use one of {', '.join(sorted(sheet.role_ids))}")
    for source in sheet.blueprint.sources:
        if source.owner and source.owner not in sheet.role_ids:
            yield Fault("inventory", "prose", f"owner {source.owner!r} of {source.id} is no role of the team")


@whole("XC5")
def dates_are_possible(sheet: Sheet, _: Clarification | None) -> Iterator[Fault]:
    for key, one in sheet.drafts.items():
        for top, name, value in walk(one):
            if isinstance(value, date) and value < sheet.today and name not in ("starts", "ends", "history_start"):
                yield Fault(key, top, f"{name} {value} lies before the document's date {sheet.today}")
    days = [milestone.day for milestone in sheet.blueprint.milestones]
    if days != sorted(days):
        yield Fault("rollout", "phases", "milestones are not in order")


@whole("XC6")
def window_fits_retention(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    window = sheet.number("training_window", "day", "high")
    if window is None:
        yield Skip("no training window")
        return
    for source in sheet.blueprint.sources:
        kept = sheet.number(source.retention, "day", "low")
        if source.training and kept is not None and window > kept + 0.5:
            yield Fault(
                "retraining", "window", f"the window of {window:g} days reaches further back than {source.id} is kept ({kept:g} days)"
            )


@whole("XC7")
def decay_and_deletion_agree(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    retraining = draft(sheet, Retraining)
    if retraining is None or retraining.window.kind != "all_with_decay":
        yield Skip("the window is a number of days")
    elif not retraining.window.deleted_rows.strip():
        yield Fault("retraining", "window", "all data with decay: say that deleted rows drop out")


@whole("XC8")
def benchmark_stays_out_of_training(sheet: Sheet, _: Clarification | None) -> Iterator[Fault]:
    failures, labelling = draft(sheet, Failures), draft(sheet, Labelling)
    if failures and failures.path.enters_benchmark:
        yield Fault("failures", "path", "mended failures must not become benchmark items: they are trained on")
    if labelling and not labelling.human.evaluation:
        yield Fault("labelling", "human", "the evaluation set must hold only human or outcome labels")


@whole("XC9")
def erasure_can_follow_the_lineage(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    governance = draft(sheet, Governance)
    if not sheet.personal_sources or governance is None:
        yield Skip("no personal data")
    elif not governance.lineage.person_key:
        yield Fault("governance", "lineage", "name the stored field that leads from a person to the examples")
    else:
        for treatment in governance.treatments:
            if treatment.treatment in ("anonymise", "drop") and governance.lineage.person_key in treatment.fields:
                yield Fault(
                    "governance",
                    "treatments",
                    f"{governance.lineage.person_key} is the key of erasure and cannot be {treatment.treatment}d: pseudonymise it",
                )


@whole("XC10")
def erasure_and_freeze_agree(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    governance, benchmark = draft(sheet, Governance), draft(sheet, Benchmark)
    if not sheet.personal_sources or governance is None or benchmark is None:
        yield Skip("no personal data")
    elif not (benchmark.erased.tombstone and benchmark.erased.new_version):
        yield Fault("benchmark", "erased", "a person is erased from the frozen set by a tombstone and a new version: say both")


@whole("XC11")
def lag_allows_the_cadence(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    limit, cadence = sheet.number("feedback_lag_limit", "day", "high"), sheet.number("retrain_cadence", "day", "low")
    if limit is None or cadence is None:
        yield Skip("no cadence or no limit")
    elif limit < cadence:
        yield Fault("feedback", "lags", f"a lag of at most {limit:g} days cannot hold with a training every {cadence:g} days")


@whole("XC12")
def staleness_fits_window_and_cadence(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    quality, window = draft(sheet, Quality), sheet.number("training_window", "day", "high")
    cadence = sheet.number("retrain_cadence", "day", "low")
    if quality is None:
        yield Skip("no quality section")
        return
    for limit in quality.staleness:
        age, source = sheet.number(limit.at_most, "day", "high"), sheet.source(limit.source)
        if age is None or source is None or not source.training:
            continue
        if window is not None and age > window:
            yield Fault("quality", "staleness", f"{limit.source} may be {age:g} days old, older than the whole window of {window:g} days")
        elif cadence is not None and age > max(cadence, 1.0) and (sheet.number(source.update_period, "day", "high") or 0) <= cadence:
            yield Fault(
                "quality",
                "staleness",
                f"{limit.source} may be {age:g} days old although a training every {cadence:g} days should see it fresh",
            )


@whole("XC13")
def labels_cover_the_need(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    items = [sheet.number(key, "count") for key in ("human_items", "benchmark_items", "overlap_items")]
    if None in items:
        yield Skip("no human labels are planned")
    elif (items[0] or 0) < (items[1] or 0) + (items[2] or 0):
        yield Fault("labelling", "human", "human items are fewer than benchmark and overlap together")


@whole("XC14")
def slices_are_the_same(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    quality, benchmark, rollout = draft(sheet, Quality), draft(sheet, Benchmark), draft(sheet, Rollout)
    if not sheet.slice_ids:
        yield Skip("the blueprint has no slices")
        return
    wanted = {need.slice for need in quality.slices} if quality else sheet.slice_ids
    if benchmark and (strange := {p.slice for p in benchmark.parts if p.slice} - wanted):
        yield Fault("benchmark", "parts", f"slices {sorted(strange)} stand in the benchmark but not in representativeness")
    if rollout and (strange := set(rollout.bias.slices) - wanted):
        yield Fault("rollout", "bias", f"slices {sorted(strange)} are audited but stand neither in representativeness nor in any source")
    if rollout and sheet.personal_sources and not rollout.bias.slices:
        yield Fault("rollout", "bias", "the audit names no slice of the blueprint")


@whole("XC15")
def events_are_recorded(sheet: Sheet, _: Clarification | None) -> Iterator[Fault]:
    feedback, flywheel, inventory = draft(sheet, Feedback), draft(sheet, Flywheel), draft(sheet, Inventory)
    used = [("feedback", "signals", signal.event) for signal in feedback.signals] if feedback else []
    used += [("flywheel", "trigger", flywheel.trigger.event)] if flywheel else []
    homes = {event.id: event.source for event in sheet.blueprint.events}
    gaps = inventory.model_dump_json() if inventory else ""
    for section, field, event in used:
        if event not in homes:
            yield Fault(section, field, f"{event!r} is no event of the blueprint")
        elif homes[event] is None and event not in gaps:
            yield Fault("inventory", "gaps", f"event {event} is recorded nowhere and stands in no gap: add a gap for it")


@whole("XC16")
def one_version_of_the_guidelines(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    versioning = draft(sheet, Versioning)
    if versioning is None:
        yield Skip("no versioning section")
    elif versioning.record.guidelines_version != sheet.blueprint.guidelines_version:
        yield Fault(
            "versioning",
            "record",
            f"guidelines {versioning.record.guidelines_version!r} are not the blueprint's {sheet.blueprint.guidelines_version!r}",
        )


@whole("XC17")
def costs_add_up(sheet: Sheet, _: Clarification | None) -> Iterator[Fault]:
    entry = sheet.entry("cost_year_one")
    parts = sheet.ledger.uses("cost_year_one") if entry else set()
    for need in ("labelling_cost", "storage_cost", "training_cost"):
        if need not in parts:
            yield Fault("rollout", "quantities", f"cost_year_one leaves out {need}")


@whole("HO1")
def numbers_have_a_basis(sheet: Sheet, _: Clarification | None) -> Iterator[Fault]:
    yield from _structure(sheet, "HO1")
    yield from (Fault("", "blueprint", message) for criterion, message in _blueprint(sheet) if criterion == "HO1")


@whole("HO2")
def stated_is_stated(sheet: Sheet, _: Clarification | None) -> Iterator[Fault]:
    yield from _structure(sheet, "HO2")
    yield from (Fault("", "blueprint", message) for criterion, message in _blueprint(sheet) if criterion == "HO2")


@whole("HO3")
def assumed_is_registered(sheet: Sheet, _: Clarification | None) -> Iterator[Fault]:
    yield from _structure(sheet, "HO3")
    yield from (Fault("", "blueprint", message) for criterion, message in _blueprint(sheet) if criterion == "HO3")


def _structure(sheet: Sheet, criterion: str) -> Iterator[Fault]:
    yield from (Fault(key, verdict.field, verdict.why) for key, verdict in _structures(sheet) if verdict.criterion == criterion)


@once(4)
def _structures(sheet: Sheet) -> list[tuple[str, Verdict]]:
    return [(key, verdict) for key, one in sheet.drafts.items() for verdict in structure_verdicts(BY_KEY[key], cast(Draft, one), sheet)]


@once(4)
def _blueprint(sheet: Sheet) -> list[tuple[str, str]]:
    own = [entry.quantity for entry in sheet.ledger.entries.values() if entry.home in ("memo", "blueprint")]
    return list(quantity_problems(own, sheet))


@whole("HO8")
def contradictions_are_listed(sheet: Sheet, clarification: Clarification | None) -> Iterator[Fault]:
    listed = [_words(f"{c.one} {c.other}") for c in sheet.blueprint.contradictions]
    for found in clarification.contradictions if clarification else []:
        sides = [_words(found.one), _words(found.other)]
        if not any(len(side & words) * 2 >= len(side) for side in sides for words in listed):
            yield Fault("", "blueprint", f"the contradiction between {found.one!r} and {found.other!r} is not in the blueprint")


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w{2,}", text.casefold()))


@whole("US1")
def actions_can_be_done(sheet: Sheet, _: Clarification | None) -> Iterator[Fault]:
    actions = [(key, action) for key, one in sheet.drafts.items() for action in cast(Draft, one).actions]
    if not actions:
        yield Fault("rollout", "actions", "there is no action at all")
    for key, action in actions:
        if not sheet.stands(action.cost):
            yield Fault(key, "actions", f"action {action.id} has no cost: {action.cost!r} is no quantity")


@whole("CL4")
def answers_are_used(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    given = [answer for answer in sheet.answers if not answer.skipped]
    if not given:
        yield Skip("no question was answered")
    sources = " ".join(entry.quantity.source for entry in sheet.ledger.entries.values() if entry.quantity.basis == "stated").casefold()
    everything = " ".join([sheet.blueprint.model_dump_json(), *(one.model_dump_json() for one in sheet.drafts.values())]).casefold()
    for answer in given:
        words = {word for word in answer.text.casefold().replace(",", " ").replace(".", " ").split() if len(word) > 4}
        if answer.text.casefold() not in sources and words and sum(word in everything for word in words) < max(1, len(words) // 4):
            yield Fault("", "blueprint", f"the answer to {answer.question} is used nowhere")


@whole("CL5")
def skipped_becomes_assumption(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    skipped = [answer for answer in sheet.answers if answer.skipped]
    if not skipped:
        yield Skip("no question was skipped")
    guessed = any(entry.quantity.basis in ("assumed", "unknown") for entry in sheet.ledger.entries.values())
    if skipped and not (guessed or sheet.blueprint.assumptions):
        yield Fault("", "blueprint", "questions were skipped and nothing is flagged as assumed or unknown")
