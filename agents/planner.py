"""The planner's playbook: from a reading to the analysis memo, and to a blueprint whose figures fit each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ai_data_strategy.agents.clarification import Clarification
from ai_data_strategy.agents.memo import Memo
from ai_data_strategy.agents.sheet import PERSONAL
from ai_data_strategy.blueprint import Assumption, Blueprint, LabelClass, Milestone, Shared, Source, Task
from ai_data_strategy.domain import Answer, Figure
from ai_data_strategy.evidence.profile import Profile
from ai_data_strategy.playbook import profiled
from ai_data_strategy.playbook.cast import cast, slug
from ai_data_strategy.playbook.facts import gather, rate_unit
from ai_data_strategy.playbook.figures import fit_to_budget, shared
from ai_data_strategy.playbook.insight import FINDINGS, Notes
from ai_data_strategy.playbook.plan import Plan
from ai_data_strategy.playbook.reading import Reading
from ai_data_strategy.playbook.regimes import erasure, regimes
from ai_data_strategy.playbook.schedule import dates, milestones
from ai_data_strategy.playbook.sizes import Sizes, sizes
from ai_data_strategy.playbook.sources import events, shortest_retention, slices, sources
from ai_data_strategy.typeset.catalogue import N_

_MOST_QUANTITIES = 40
_MOST_MEMO = 9000
_MOST_CONDITIONS = 3
_MOST_ASSUMPTIONS = 8


@dataclass
class Draftsman:
    """A plan with its sizes and sources: what memo and blueprint have in common."""

    plan: Plan
    sizes: Sizes
    sources: list[Source]
    milestones: list[Milestone]
    limit: Figure
    within_budget: bool


def _draft(reading: Reading, answers: Sequence[Answer], profile: Profile, today: date) -> Draftsman:
    plan = Plan.open(reading, answers, today, profile.evidence)
    cast(plan)
    days, limit = erasure(plan, True)
    fitting = sizes(plan, shortest_retention(plan), days)
    within = fit_to_budget(plan, fitting)
    calendar = dates(plan, fitting)
    found = sources(plan, fitting, calendar["shadow"], calendar["audit"], profiled.sources(plan, profile))
    return Draftsman(plan, fitting, found, milestones(plan, fitting), limit, within)


def memo_playbook(reading: Reading, clarification: Clarification, answers: Sequence[Answer], profile: Profile, today: date) -> Memo:
    """The analysis memo: the one thing, the stated numbers against each other, what a naive plan gets wrong, what follows."""
    d = _draft(reading, answers, profile, today)
    plan, topic = d.plan, d.plan.topic
    notes = Notes(plan, d.sizes, d.milestones[-2].day)
    findings = [text for finding in FINDINGS if (text := finding(notes))]
    parts = [f"**{plan.say('The one thing.')}** {plan.say(topic['one_thing'])}"]
    if findings:
        parts.append(f"**{plan.say('The stated numbers against each other.')}** {findings[0]}")
        parts.extend(findings[1:])
    else:
        parts.append(
            plan.say(
                "Few numbers are stated, and none that could be held against another. What is missing weighs more: the delay of labels, today's level and, where no rate is given, the volume come first; until they are measured the other sizes are planning values."
            )
        )
    differing = profiled.contradictions(gather(reading), profile, plan)
    parts += [_contradiction(plan, item.one, item.other, item.reading) for item in [*differing, *clarification.contradictions]]
    parts.append(f"**{plan.say('What a naive plan gets wrong.')}** " + " ".join(plan.say(trap) for trap in topic["traps"]))
    parts.append(f"**{plan.say('What follows.')}** {plan.say(topic['follows'])}")
    parts.append(plan.say(topic["unknown"]))
    return Memo(text="\n\n".join(parts)[:_MOST_MEMO], quantities=list(notes.quantities.values())[:_MOST_QUANTITIES])


def _contradiction(plan: Plan, one: str, other: str, reading: str) -> str:
    return plan.say("“%(one)s” and “%(other)s” cannot both hold. The reading chosen: %(reading)s", one=one, other=other, reading=reading)


def blueprint_playbook(
    reading: Reading, clarification: Clarification, answers: Sequence[Answer], profile: Profile, today: date
) -> Blueprint:
    """The blueprint: stated facts as they were said, everything else as an assumption, an unknown or a signed setting."""
    d = _draft(reading, answers, profile, today)
    plan, topic = d.plan, d.plan.topic
    personal = any(field.sensitivity in PERSONAL for source in d.sources for field in source.fields)
    figures = shared(plan, d.sizes, d.limit)
    classes = _classes(plan)
    parts = slices(plan, d.sources)
    happenings = events(plan, d.sources)
    _also_stated(plan, figures)
    return Blueprint(
        product=(clarification.product or reading.product)[:100], archetype=reading.archetype, example=plan.example, currency=reading.currency,
        verdict="no_ai" if reading.archetype == "rules" else "go_after", conditions=_conditions(d, personal), metric=_sentence(plan, topic["metric"]),
        task=_task(plan, personal), classes=classes, no_classes_because=None if classes else plan.say(topic["no_classes"]),
        sources=d.sources, events=happenings, roles=plan.roles, slices=parts, regimes=regimes(plan, personal), milestones=d.milestones,
        guidelines_version="v1.0", shared=figures, quantities=list(plan.quantities.values())[:_MOST_QUANTITIES],
        contradictions=[*profiled.contradictions(gather(reading), profile, plan), *clarification.contradictions][:8], assumptions=_assumptions(d, answers),
    )  # fmt: skip


def _sentence(plan: Plan, text: str) -> str:
    return plan.say(text)[:100]


def _task(plan: Plan, personal: bool) -> Task:
    t = plan.topic
    return Task(
        takes=plan.say(t["takes"]), gives=plan.say(t["gives"]), kind=_sentence(plan, t["kind"]), decision=plan.say(t["decision"]),
        approach=plan.say(t["approach"]), trains=t["trains"], personal_data=personal,
    )  # fmt: skip


def _classes(plan: Plan) -> list[LabelClass]:
    """The named classes; else the natural ones of the task; else none."""
    counted = plan.reading.amount("classes")
    if plan.reading.classes and not (counted and counted.value > len(plan.reading.classes)):
        definition = plan.say("What belongs here and to no other class; the guideline takes its borders from stored examples in the audit.")
        named = {slug(name): LabelClass(id=slug(name), name=name[:100], definition=definition) for name in plan.reading.classes}
        return list(named.values())[:20]
    if (counted and counted.value > len(plan.topic["classes"])) or not plan.mentions(plan.topic["classes_when"]):
        return []
    return [LabelClass(id=c["id"], name=plan.say(c["name"]), definition=plan.say(c["definition"])) for c in plan.topic["classes"]]


_TASK_GUESSED = N_("Somebody names the one decision that the model is to change: the brief does not, so this plan works on a guessed task.")
_STORE_PERSONAL = N_(
    "Legal signs a pseudonymised log and training store with a retention of their own; under the stated deletion rule no label ever meets its example."
)
_STORE_PLAIN = N_("Features and labels are kept in a training store of their own; the raw data are deleted before enough labels have come.")


def _conditions(d: Draftsman, personal: bool) -> list[str]:
    """What must hold first, the hardest first."""
    plan, found = d.plan, []
    if plan.reading.vague:
        found.append(plan.say(_TASK_GUESSED))
    if not d.within_budget:
        found.append(
            plan.say("The money is raised or the scope is cut: the smallest team that can do this costs more than the stated budget.")
        )
    if d.sizes.store:
        found.append(plan.say(_STORE_PERSONAL if plan.topic["personal"] else _STORE_PLAIN))
    found.append(plan.say(plan.topic["condition"]))
    if personal and plan.kind not in ("text_classification", "speech"):
        found.append(plan.say("The legal basis for using these personal data in training is written down and signed."))
    return found[:_MOST_CONDITIONS]


_STATED = (
    ("users", "brief_users", N_("users or customers as stated")), ("erasures", "erasure_requests", N_("requests for erasure as stated")),
    ("latency", "latency_limit", N_("time in which an answer must be there")), ("blocked", "blocked_share", N_("share that is blocked today")),
    ("precision", "stated_precision", N_("stated share of alarms or blocks that are right")), ("rules", "rules_in_force", N_("rules in force today")),
    ("base", "stated_base_rate", N_("stated share of positives")),
)  # fmt: skip


def _also_stated(plan: Plan, figures: Shared) -> None:
    """Further stated numbers that sections will want; a number that already has a key gets no second one."""
    known = {(q.value, q.source) for q in [*plan.quantities.values(), *(f for _, f in figures)] if q.basis == "stated"}
    for name, key, meaning in _STATED:
        amount = getattr(plan.facts, name)
        if amount is not None and (amount.value, amount.quote[:400]) not in known and len(plan.quantities) < _MOST_QUANTITIES:
            plan.stated(key, amount, meaning, f"{plan.say('requests')}/{rate_unit(amount)}" if name == "erasures" else "")


def _assumptions(d: Draftsman, answers: Sequence[Answer]) -> list[Assumption]:
    """What is assumed that is not a number: working names, owners, places, and the defaults of skipped questions."""
    plan = d.plan
    rows: list[tuple[str, str, str, str, str]] = []
    if any(not source.named and source.status == "exists" for source in d.sources):
        rows.append(
            (
                "working_names",
                N_(
                    "Sources and fields that nobody has named stand under working names; the task needs them, so they are presumed to exist."
                ),
                N_("Joins and dates fail if they do not exist."),
                N_("Walk through the real tables with their owners."),
                "data_engineering",
            )
        )
    if any(source.owner is None for source in d.sources):
        rows.append(
            (
                "owners",
                N_("Every existing source has an owner who can grant access, though nobody has said who."),
                N_("Access is late and with it the audit."),
                N_("Name an owner for each source in writing."),
                "product",
            )
        )
    if not plan.reading.places:
        rows.append(
            (
                "places",
                N_("Users and servers are where the language and the currency of the brief suggest."),
                N_("Other laws apply, and other limits."),
                N_("List the places of users, staff and servers."),
                "legal",
            )
        )
    if not plan.reading.people:
        rows.append(
            (
                "people",
                N_("The roles of this plan can be filled by the days on which they are needed."),
                N_("Every date moves."),
                N_("Name a person for each role."),
                "product",
            )
        )
    rows += [
        (
            f"skipped_{slug(a.question)}"[:60],
            text,
            N_("The plan changes where the answer differs."),
            N_("Ask again at the end of the audit."),
            "product",
        )
        for a in answers
        if a.skipped and (text := _default(plan, a))
    ]
    return [
        Assumption(id=i, statement=plan.say(statement) if not i.startswith("skipped_") else statement, check=plan.verify(impact, how, duty))
        for i, statement, impact, how, duty in rows
    ][:_MOST_ASSUMPTIONS]


def _default(plan: Plan, answer: Answer) -> str:
    """The default of a skipped question as a statement; empty where digits would stand outside a quantity."""
    text = plan.say("No answer to “%(asked)s”; assumed: %(text)s", asked=answer.asked, text=answer.text)
    return "" if re.search(r"\d", text) or len(text) > 400 else text
