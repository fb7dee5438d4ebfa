"""Figures that fit each other: plan-level checks (PF) beyond the rubric, for what is written side by side and never added up.

Each compares quantities of the ledger, dates of the blueprint and typed fields of several sections. What is unknown or does
not apply is not judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from typing import cast

from ai_data_strategy.agents.benchmark_fields import PLACES, Benchmark
from ai_data_strategy.agents.clarification import Clarification
from ai_data_strategy.agents.failures import Failures
from ai_data_strategy.agents.flywheel import Flywheel
from ai_data_strategy.agents.governance_fields import Governance
from ai_data_strategy.agents.labelling_fields import Labelling
from ai_data_strategy.agents.retraining import Retraining
from ai_data_strategy.agents.section import Action, Draft, Skip
from ai_data_strategy.agents.sheet import Sheet, texts
from ai_data_strategy.agents.use_case import UseCase
from ai_data_strategy.agents.whole import Fault, Whole, draft
from ai_data_strategy.blueprint import Role, Shared
from ai_data_strategy.quantities.formulas import FORMULAS
from ai_data_strategy.typeset.text import references

FITS: dict[str, Whole] = {}
TITLES: dict[str, str] = {}
SELF_BLINDING = ("fraud", "ranking", "maintenance")
"""Archetypes whose decision removes or shapes its own label: a stopped payment, an item never shown, a part replaced in time."""


def fits(criterion: str) -> Callable[[Whole], Whole]:
    def register(check: Whole) -> Whole:
        FITS[criterion] = check
        TITLES[criterion] = (check.__doc__ or "").strip().split("\n")[0]
        return check

    return register


def _milestone(sheet: Sheet, name: str) -> date | None:
    return next((m.day for m in sheet.blueprint.milestones if m.id == name), None)


def _days(sheet: Sheet, first: str, last: str) -> int | None:
    begin, end = _milestone(sheet, first), _milestone(sheet, last)
    return (end - begin).days if begin and end else None


@fits("PF1")
def hours_suffice(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    """Hours needed fit the hours the named people have, by week, absences taken off."""
    yield from _label_hours(sheet)
    roles = {role.id: role for role in sheet.blueprint.roles}
    work: dict[str, list[tuple[date, float, str, str]]] = defaultdict(list)
    for key, one in sheet.drafts.items():
        for action in cast(Draft, one).actions:
            hours = sheet.number(action.cost, "hour", "low")
            if hours is not None and action.owner in roles:
                work[action.owner].append((action.due, hours, key, action.id))
    for role_id, items in work.items():
        yield from _overloaded(sheet, roles[role_id], sorted(items))


def _label_hours(sheet: Sheet) -> Iterator[Fault]:
    labelling, weeks = draft(sheet, Labelling), sheet.number("labelling_weeks", "week", "low")
    if labelling is None or weeks is None:
        return
    span = (labelling.human.done_by - labelling.human.starts).days / 7
    if weeks > span + 1:
        yield Fault(
            "labelling", "human", f"the labels need {weeks:g} weeks at the hours there are, but only {span:.1f} lie between start and end"
        )


def _overloaded(sheet: Sheet, role: Role, items: list[tuple[date, float, str, str]]) -> Iterator[Fault]:
    rate = sheet.number(role.hours_per_week, "hour/week", "high")
    if rate is None:
        return
    start, needed = sheet.blueprint.milestones[0].day, 0.0
    for due, hours, section, action in items:
        needed += hours
        there = rate * role.days_there(start, due) / 7
        if needed > there * 1.05 + 0.5:
            yield Fault(
                section,
                "actions",
                f"{role.id} has {there:.0f} hours until {due}, but the actions due by then need {needed:.0f}: move {action} or give it to somebody else",
            )
            return


@fits("PF2")
def chains_fit_deadlines(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    """Every chain of lags fits its deadline."""
    for chain, limit, section, field in (
        ("feedback_lag", "feedback_lag_limit", "feedback", "lags"),
        ("erasure_chain", "erasure_limit", "governance", "erasure"),
    ):
        longest, allowed = sheet.number(chain, "day", "high"), sheet.number(limit, "day", "low")
        if longest is not None and allowed is not None and longest > allowed + 0.01:
            yield Fault(section, field, f"{chain} adds up to {longest:g} days, more than {limit} ({allowed:g})")


@fits("PF3")
def phases_wait_for_data(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    """No phase ends before the data that it needs exist."""
    wait, span = sheet.number("days_to_required", "day", "low"), _days(sheet, "start", "offline")
    flywheel = draft(sheet, Flywheel)
    patience = sheet.number(flywheel.worth.patience, "day", "high") if flywheel else None
    if wait is None or span is None:
        yield Skip("the wait for the required volume is unknown")
    elif wait > span and (patience is None or wait <= patience):
        yield Fault(
            "flywheel",
            "worth",
            f"the required volume is there after {wait:.0f} days, but the offline gate stands at day {span}: plan a later gate or a smaller start",
        )


@fits("PF4")
def gates_can_be_seen(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    """No gate asks for a margin finer than its sample can show, slice by slice."""
    benchmark = draft(sheet, Benchmark)
    for gate in benchmark.gates if benchmark else []:
        level, items, margin = (
            sheet.number(gate.level, "percent"),
            sheet.number(gate.items, "count", "low"),
            sheet.number(gate.margin, "point"),
        )
        own = sheet.number(gate.half_width, "point")
        if margin is None or gate.verdict != "gate" or (own is None and (level is None or items is None)):
            continue
        width = own if own is not None else FORMULAS["half_width"].compute(level or 0.0, items or 0.0)
        if margin < width * 0.999:
            yield Fault(
                "benchmark",
                "gates",
                f"gate {gate.id}: a margin of {margin:g} points cannot be seen on {items or 0:g} items (± {width:.1f} points)",
            )


@fits("PF5")
def trial_times_fit(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    """Shadow, test and ramp are long enough for traffic and label delay, and fit between their milestones."""
    shadow, delay, room = (
        sheet.number("shadow_time", "day", "low"),
        sheet.number("label_delay", "day", "low"),
        _days(sheet, "shadow", "gate"),
    )
    if shadow is not None and room is not None and shadow + (delay or 0) > room + 1:
        yield Fault(
            "rollout",
            "phases",
            f"shadow ({shadow:g} days) and label delay ({delay or 0:g}) do not fit into the {room} days before the gate",
        )
    ramp, after = sheet.number("ramp_time", "day", "low"), _days(sheet, "gate", "full")
    if ramp is not None and after is not None and ramp > after + 1:
        yield Fault("rollout", "phases", f"a ramp of {ramp:g} days does not fit into the {after} days between gate and full traffic")
    need, time, retraining = (
        sheet.number("test_days_needed", "day", "low"),
        sheet.number("test_time", "day", "high"),
        draft(sheet, Retraining),
    )
    if need is not None and time is not None and need > time and retraining and retraining.traffic.if_short == "not_needed":
        yield Fault(
            "retraining", "traffic", f"the live test needs {need:g} days of traffic but runs {time:g}: say what decides in its place"
        )


@fits("PF6")
def retentions_fit(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    """Backups and logs are kept no longer than erasure allows, and logs long enough to meet their labels."""
    backup, limit = sheet.number("backup_retention", "day", "high"), sheet.number("erasure_limit", "day", "low")
    if backup is not None and limit is not None and backup > limit:
        yield Fault("governance", "erasure", f"backups keep deleted rows {backup:g} days, longer than erasure may take ({limit:g})")
    kept, delay = sheet.number("log_retention", "day", "low"), sheet.number("label_delay", "day", "high")
    if kept is not None and delay is not None and kept < delay:
        yield Fault(
            "logs", "fields", f"logs are deleted after {kept:g} days, before the label comes ({delay:g} days): no example can be built"
        )


@fits("PF7")
def no_way_into_training(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    """Every path that could bring a benchmark item into training is closed."""
    benchmark, failures = draft(sheet, Benchmark), draft(sheet, Failures)
    if benchmark is None:
        yield Skip("no benchmark section")
        return
    wanted = set(PLACES) if not sheet.blueprint.task.trains else set(PLACES) - {"few_shot_prompts"}
    if missing := sorted(wanted - set(benchmark.never_trained.kept_out_of)):
        yield Fault("benchmark", "never_trained", f"say how benchmark items are kept out of {', '.join(missing)}")
    if not benchmark.never_trained.near_duplicate.strip():
        yield Fault("benchmark", "never_trained", "say how near duplicates of benchmark items are found in training data")
    if failures and failures.replay.trained_on:
        yield Fault("failures", "replay", "replay cases that are trained on only show memory: keep them out of training")


@fits("PF8")
def budget_covers_costs(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    """The budget covers the sum of the costs, or the gap is said."""
    budget, cost = sheet.number("budget", "{currency}", "high"), sheet.number("cost_year_one", "{currency}", "low")
    if budget is None or cost is None:
        yield Skip("budget or cost is unknown")
    elif cost > budget * 1.005 and "budget" not in {ref for one in sheet.drafts.values() for ref in _said(one)}:
        yield Fault(
            "rollout",
            "prose",
            f"year one costs {cost:,.0f}, more than the budget of {budget:,.0f}: cut the plan or say what is not paid for, with {{budget}}",
        )


def _said(one: object) -> list[str]:
    return [key for _, _, text in texts(one) for key in references(text)]


@fits("PF9")
def decisions_come_first(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    """Nothing is due before what it waits for; permission comes before training on the data."""
    actions: dict[str, tuple[str, Action]] = {a.id: (key, a) for key, one in sheet.drafts.items() for a in cast(Draft, one).actions}
    for key, action in actions.values():
        for before in action.after:
            if before in actions and actions[before][1].due > action.due:
                yield Fault(
                    key, "actions", f"{action.id} is due {action.due}, before {before} that it waits for ({actions[before][1].due})"
                )
    governance, offline = draft(sheet, Governance), _milestone(sheet, "offline")
    for rule in governance.sources if governance else []:
        first = rule.personal.training_from if rule.personal else None
        source = sheet.source(rule.source)
        if first and offline and source and source.training and first > offline:
            yield Fault("governance", "sources", f"{rule.source} may train from {first}, after the offline gate of {offline}")


@fits("PF10")
def people_are_there(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    """No work is due before the person who does it is there, nor in an absence."""
    roles = {role.id: role for role in sheet.blueprint.roles}
    for key, one in sheet.drafts.items():
        for action in cast(Draft, one).actions:
            role = roles.get(action.owner)
            if role is None:
                continue
            if action.due < role.available_from:
                yield Fault(key, "actions", f"{action.id} is due {action.due}, but {role.id} is there from {role.available_from}")
            if role.away_on(action.due):
                back = f"until {role.absent_until}" if role.absent_until else f"for good from {role.absent_from}"
                yield Fault(key, "actions", f"{action.id} is due {action.due}, while {role.id} is away {back}")
    labelling = draft(sheet, Labelling)
    owner = roles.get(labelling.human.owner) if labelling else None
    if labelling and owner and labelling.human.starts < owner.available_from:
        yield Fault("labelling", "human", f"labelling starts {labelling.human.starts}, before {owner.id} is there ({owner.available_from})")


@fits("PF11")
def triggers_can_fire(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    """Every drift trigger can fire, fires for more than chance, and is seen in time."""
    retraining, cadence = draft(sheet, Retraining), sheet.number("retrain_cadence", "day", "high")
    for drift in retraining.drift if retraining else []:
        window, threshold, items = (
            sheet.number(drift.window, "day"),
            sheet.number(drift.threshold, "point"),
            sheet.number(drift.items, "count", "low"),
        )
        if window is not None and cadence is not None and window > cadence * 2:
            yield Fault(
                "retraining",
                "drift",
                f"{drift.metric}: a window of {window:g} days sees a drift later than the next training ({cadence:g} days)",
            )
        level = sheet.number("target", "percent")
        if threshold is not None and items and level is not None and 0 < level < 100:
            noise = FORMULAS["half_width"].compute(level, items)
            if threshold < noise * 0.999:
                yield Fault(
                    "retraining",
                    "drift",
                    f"{drift.metric}: a change of {threshold:g} points on {items:g} items is within chance (± {noise:.1f}): it fires by itself",
                )


@fits("PF12")
def features_exist_over_the_window(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    """Every feature of the example is in a source that is kept over the whole window and known at decision time."""
    use_case, window = draft(sheet, UseCase), sheet.number("training_window", "day", "low")
    if use_case is None:
        yield Skip("no use case section")
        return
    for feature in use_case.example.features:
        homes = [s for s in sheet.blueprint.sources if feature.field in {f.id for f in s.fields}]
        if not homes:
            yield Fault("use_case", "example", f"feature {feature.field} is in no source")
            continue
        kept = [sheet.number(s.retention, "day", "high") for s in homes]
        if window is not None and all(days is not None and days + 0.5 < window for days in kept):
            yield Fault(
                "use_case",
                "example",
                f"feature {feature.field} is deleted after {max(d for d in kept if d is not None):g} days, before the window of {window:g} days is over",
            )


@fits("PF13")
def the_model_does_not_remove_its_labels(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    """Where the model's own decisions remove labels, a random sample keeps them coming."""
    flywheel, retraining = draft(sheet, Flywheel), draft(sheet, Retraining)
    if sheet.blueprint.archetype not in SELF_BLINDING or flywheel is None:
        yield Skip("the model's decisions do not remove their own labels")
        return
    sampled = any(bias.share and (sheet.entry(bias.share)) for bias in flywheel.biases)
    swaps = retraining is not None and retraining.traffic.if_short == "swap_sets"
    if not sampled and not swaps:
        yield Fault(
            "flywheel", "biases", "the model removes its own labels: name the random sample that keeps outcomes coming, with its share"
        )


@fits("PF14")
def shares_and_ranges_hold(sheet: Sheet, _: Clarification | None) -> Iterator[Fault | Skip]:
    """Shares lie between nothing and all; ranges run from low to high; nothing counted is negative."""
    for entry in sheet.ledger.entries.values():
        section = entry.home if entry.home in sheet.drafts else ""
        if entry.low is None or entry.high is None:
            continue
        if entry.low > entry.high:
            yield Fault(section, "quantities", f"{entry.quantity.key}: the range runs from {entry.low:g} down to {entry.high:g}")
        if entry.low < 0 and entry.quantity.key in Shared.model_fields and entry.quantity.unit not in ("percent", "point"):
            yield Fault(section, "quantities", f"{entry.quantity.key}: {entry.low:g} {entry.quantity.unit} is less than nothing")
        if entry.quantity.unit == "percent" and not -100 <= entry.low <= entry.high <= 1000:
            yield Fault(section, "quantities", f"{entry.quantity.key}: {entry.high:g} percent is no share")
