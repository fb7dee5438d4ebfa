"""The calendar of a plan: every date follows from the start, the people, the labels and the tests."""

from __future__ import annotations

from datetime import date, timedelta

from ai_data_strategy.blueprint import Milestone
from ai_data_strategy.playbook.plan import Plan, friday, monday, rested
from ai_data_strategy.playbook.sizes import SHORTEST_WINDOW, Sizes
from ai_data_strategy.typeset.catalogue import N_

TITLES = {
    "start": N_("Start"), "audit": N_("Data audit done"), "benchmark": N_("Benchmark frozen"), "offline": N_("Offline gate"),
    "shadow": N_("Shadow begins"), "gate": N_("Decision on live use"), "full": N_("Full traffic"), "review": N_("First review of live results"),
}  # fmt: skip
_GUIDELINES = timedelta(weeks=1)
_ADJUDICATION = timedelta(weeks=1)
_TRAINING = timedelta(weeks=3)
_WIRING = timedelta(weeks=2)
_TO_KNOW_THE_DATA = timedelta(weeks=6)


def milestones(plan: Plan, sizes: Sizes) -> list[Milestone]:
    """The eight milestones in order."""
    days = dates(plan, sizes)
    return [Milestone(id=id_, title=plan.say(title), day=days[id_]) for id_, title in TITLES.items()]


def dates(plan: Plan, sizes: Sizes) -> dict[str, date]:
    """Day of each milestone. No one works before they are there; the week of Christmas and New Year does not count."""
    audit, begin = plan.audit_day, label_start(plan)
    labelled = rested(begin, begin + timedelta(weeks=sizes.labels.weeks) + _ADJUDICATION)
    benchmark = friday(max(labelled, audit + timedelta(weeks=1)))
    scientist = plan.role_of(plan.role("data_science")).available_from
    filled = audit + timedelta(days=3 + sizes.delay + SHORTEST_WINDOW) if sizes.store else benchmark
    offline = friday(rested(benchmark, max(benchmark + _TRAINING, scientist + _TO_KNOW_THE_DATA, filled + _TRAINING)))
    shadow = monday(rested(offline, offline + _WIRING))
    gate = monday(rested(shadow, shadow + timedelta(days=sizes.shadow + sizes.delay + 7)))
    full = monday(gate + timedelta(days=sizes.ramp))
    review = monday(full + timedelta(days=max(56, sizes.delay + sizes.cadence)))
    return {
        "start": plan.start, "audit": audit, "benchmark": benchmark, "offline": offline, "shadow": shadow, "gate": gate, "full": full, "review": review,
    }  # fmt: skip


def label_start(plan: Plan) -> date:
    """First day of labelling: guidelines are drafted, the audit has shown the data, the annotators are there."""
    return monday(max(plan.audit_day, plan.role_of(plan.role("annotation")).available_from) + _GUIDELINES)
