"""Faults in what the plan says: paths, dates, people, limits, permissions, choices. A check should find each of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

from ai_data_strategy.agents.strategy import load, sheet_of
from ai_data_strategy.evals.faults import Cannot, Edit, Fault, Json, add, both, first_role, less, put, reach, shared

Wanted = Callable[[Json], bool]


def some(path: str, name: str, value: Any, wanted: Wanted = lambda _: True) -> Edit:
    """Set a field of one item of a list, chosen by chance among those wanted."""

    def edit(strategy: Json, chance: Random) -> None:
        index = choose(strategy, path, chance, lambda item: wanted(item) and item.get(name) != value)
        put(f"{path}.{index}.{name}", value)(strategy, chance)

    return edit


def drop(path: str, wanted: Wanted = lambda _: True) -> Edit:
    """Take one item out of a list, chosen by chance among those wanted."""

    def edit(strategy: Json, chance: Random) -> None:
        less(path, choose(strategy, path, chance, wanted))(strategy, chance)

    return edit


def choose(strategy: Json, path: str, chance: Random, wanted: Wanted) -> int:
    """The position of an item that is wanted. Raises Cannot if there is none."""
    found = [index for index, item in enumerate(reach(strategy, path)) if wanted(item)]
    if not found:
        raise Cannot(path)
    return chance.choice(found)


def named(path: str, **changes: Any) -> Edit:
    """Change the quantity that a field names, wherever it is defined."""

    def edit(strategy: Json, _chance: Random) -> None:
        own = defined(strategy, str(reach(strategy, path)))
        if {name: own.get(name) for name in changes} == changes:
            raise Cannot(path)
        own.update(_valued(changes, strategy))

    return edit


def _valued(changes: Json, strategy: Json) -> Json:
    if "value" not in changes:
        return changes
    return {"low": None, "high": None, "basis": "proposed", "source": first_role(strategy), "expression": None, "check": None, **changes}


def defined(strategy: Json, key: str) -> Json:
    """The quantity of a key. Raises Cannot if no section and no blueprint defines it."""
    blueprint = reach(strategy, "blueprint")
    if key in blueprint["shared"]:
        return dict_at(blueprint["shared"], key)
    for home in (blueprint, *strategy["sections"].values(), strategy.get("memo") or {}):
        for quantity in home.get("quantities", []):
            if quantity["key"] == key:
                return dict_at({key: quantity}, key)
    raise Cannot(key)


def dict_at(values: Json, key: str) -> Json:
    own = values[key]
    if not isinstance(own, dict):
        raise Cannot(key)
    return own


def own(home: str, key: str, **changes: Any) -> Edit:
    """Change a quantity of a section by its key."""

    def edit(strategy: Json, _chance: Random) -> None:
        found = [q for q in reach(strategy, f"sections.{home}.quantities") if q["key"] == key]
        if not found:
            raise Cannot(key)
        found[0].update(_valued(changes, strategy))

    return edit


def away(section: str) -> Edit:
    """The owner of an action is away on its day."""

    def edit(strategy: Json, chance: Random) -> None:
        action = chance.choice(reach(strategy, f"sections.{section}.actions") or [None])
        role = action and _role(strategy, action["owner"])
        if not role:
            raise Cannot(section)
        role.update({"absent_from": action["due"], "absent_until": action["due"]})

    return edit


def too_early(section: str) -> Edit:
    """An action is due before its owner is there."""

    def edit(strategy: Json, chance: Random) -> None:
        actions = reach(strategy, f"sections.{section}.actions")
        action = actions[choose(strategy, f"sections.{section}.actions", chance, lambda a: _role(strategy, a["owner"]) is not None)]
        role = _role(strategy, action["owner"])
        assert role is not None
        role["available_from"] = _days(action["due"], 20)

    return edit


def _role(strategy: Json, id_: str) -> Json | None:
    return next((role for role in reach(strategy, "blueprint.roles") if role["id"] == id_), None)


def _days(day: str, more: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=more)).isoformat()


def waits_for_later(strategy: Json, chance: Random) -> None:
    """An action waits for one of another section that is due later."""
    actions = reach(strategy, "sections.logs.actions")
    later = chance.choice(reach(strategy, "sections.rollout.actions") or [None])
    if not actions or later is None:
        raise Cannot("actions")
    later["due"] = _days(max(a["due"] for a in actions), 60)
    actions[0]["after"] = [later["id"]]


def overloaded(strategy: Json, chance: Random) -> None:
    """Work of five thousand hours for somebody whose hours are known."""
    index = choose(strategy, "sections.logs.actions", chance, lambda a: _hours_known(strategy, a["owner"]))
    add("logs", "logs_endless", 5000, "hour")(strategy, chance)
    put(f"sections.logs.actions.{index}.cost", "logs_endless")(strategy, chance)


def _hours_known(strategy: Json, owner: str) -> bool:
    role = _role(strategy, owner)
    return role is not None and defined(strategy, role["hours_per_week"])["basis"] not in ("unknown", "derived", "not_applicable")


def beyond_retention(strategy: Json, _chance: Random) -> None:
    """A training source is kept thirty days; the window is longer."""
    source = next((s for s in reach(strategy, "blueprint.sources") if s["training"]), None)
    if source is None:
        raise Cannot("no source trains")
    add("versioning", "planted_retention", 30, "day")(strategy, _chance)
    shared("training_window", 400)(strategy, _chance)
    source["retention"] = "planted_retention"


def short_lived(strategy: Json, _chance: Random) -> None:
    """Every source is kept as short as the one that `beyond_retention` leaves."""
    for source in reach(strategy, "blueprint.sources"):
        source["retention"] = "planted_retention"


def no_sample(strategy: Json, _chance: Random) -> None:
    """Nothing keeps outcomes coming where the model's decisions remove them."""
    if reach(strategy, "blueprint.archetype") not in ("fraud", "ranking", "maintenance"):
        raise Cannot("labels are not removed")
    for bias in reach(strategy, "sections.flywheel.biases"):
        bias["share"] = None
    strategy["sections"]["retraining"]["traffic"]["if_short"] = "offline_test"


def gap(section: str, name: str, value: str) -> Edit:
    """A gap of the inventory that lacks something."""
    return some(f"sections.{section}.gaps", name, value)


def late_permission(strategy: Json, chance: Random) -> None:
    """Training on a source may begin only after the offline gate."""
    sources = {s["id"] for s in reach(strategy, "blueprint.sources") if s["training"]}
    path = "sections.governance.sources"
    index = choose(strategy, path, chance, lambda r: r["source"] in sources and bool((r["personal"] or {}).get("training_from")))
    day = next((m["day"] for m in reach(strategy, "blueprint.milestones") if m["id"] == "offline"), None)
    if day is None:
        raise Cannot("offline")
    reach(strategy, f"{path}.{index}.personal")["training_from"] = _days(day, 30)


def trains_unsettled(strategy: Json, chance: Random) -> None:
    """Consent is unclear, and yet the source stands in the first snapshot: it trains from the day of the document."""
    path = "sections.governance.sources"
    index = choose(strategy, path, chance, lambda r: bool((r["personal"] or {}).get("action")))
    reach(strategy, f"{path}.{index}.personal").update({"status": "unclear", "training_from": strategy["created"]})


def personal(name: str, value: Any, wanted: Wanted) -> Edit:
    """Set a field of what is said of a personal source."""

    def edit(strategy: Json, chance: Random) -> None:
        path = "sections.governance.sources"
        index = choose(strategy, path, chance, lambda r: r["personal"] is not None and wanted(r["personal"]))
        put(f"{path}.{index}.personal.{name}", value)(strategy, chance)

    return edit


def write_by_builder(strategy: Json, _chance: Random) -> None:
    """Whoever builds the model may write its benchmark."""
    builder = next((r["id"] for r in reach(strategy, "blueprint.roles") if r["duty"] == "data_science"), None)
    if builder is None:
        raise Cannot("nobody builds")
    strategy["sections"]["benchmark"]["freeze"]["write_access"] = [builder]


def fine_gate(strategy: Json, chance: Random) -> None:
    """A gate asks for a tenth of a point."""
    index = choose(strategy, "sections.benchmark.gates", chance, lambda g: g["verdict"] == "gate" and not g["half_width"])
    add("benchmark", "planted_margin", 0.1, "point")(strategy, chance)
    put(f"sections.benchmark.gates.{index}.margin", "planted_margin")(strategy, chance)


def nervous_drift(strategy: Json, chance: Random) -> None:
    """A drift trigger that chance alone fires."""
    index = choose(strategy, "sections.retraining.drift", chance, lambda _: True)
    add("retraining", "planted_rise", 0.1, "point")(strategy, chance)
    add("retraining", "planted_seen", 50, "count")(strategy, chance)
    reach(strategy, f"sections.retraining.drift.{index}").update({"threshold": "planted_rise", "items": "planted_seen"})


def slow_drift(strategy: Json, chance: Random) -> None:
    """A drift trigger that looks at ten cadences."""
    index = choose(strategy, "sections.retraining.drift", chance, lambda _: True)
    if not (shown := reach(strategy, "blueprint.shared.retrain_cadence"))["value"]:
        raise Cannot("no cadence")
    add("retraining", "planted_window", 10 * shown["value"], "day")(strategy, chance)
    reach(strategy, f"sections.retraining.drift.{index}")["window"] = "planted_window"


def endless_wait(strategy: Json, chance: Random) -> None:
    """The loop needs years to the offline gate, and the plan bears it."""
    own("use_case", "required_examples", value=1e9)(strategy, chance)
    add("flywheel", "planted_patience", 1e12, "day")(strategy, chance)
    put("sections.flywheel.worth.patience", "planted_patience")(strategy, chance)
    if sheet_of(load(json.dumps(strategy))).number("days_to_required", "day") is None:
        raise Cannot("the pace of the loop is unknown")


def keys_dropped(strategy: Json, _chance: Random) -> None:
    """The key that erasure follows is dropped before training."""
    key = reach(strategy, "sections.governance.lineage.person_key")
    for row in reach(strategy, "sections.governance.treatments"):
        if key in row["fields"]:
            row["treatment"] = "drop"
            return
    raise Cannot("no key")


def _wrong(name: str, criterion: str, section: str, *edits: Edit) -> Fault:
    return Fault(name, criterion, section, "check", both(*edits))


_KEPT_OUT = "sections.benchmark.never_trained.kept_out_of"


def let_in(place: str) -> Edit:
    """One path into training is left open for benchmark items."""

    def edit(strategy: Json, _chance: Random) -> None:
        kept = reach(strategy, _KEPT_OUT)
        if place not in kept or (place == "few_shot_prompts" and reach(strategy, "blueprint.task.trains")):
            raise Cannot(place)
        kept.remove(place)

    return edit


PLAN: list[Fault] = [
    # figures and dates that do not fit each other
    _wrong("more hours than there are", "PF1", "logs", overloaded),
    _wrong("labelling weeks that do not fit between start and end", "PF1", "labelling", both(shared("minutes_per_item", 6000), shared("annotator_hours", 5), shared("benchmark_items", 700), shared("overlap_items", 100))),
    _wrong("lag chain over its limit", "PF2", "feedback", shared("feedback_lag_limit", 1)),
    _wrong("erasure chain over its limit", "PF2", "governance", shared("erasure_limit", 1)),
    _wrong("offline gate before the data exist", "PF3", "flywheel", endless_wait),
    _wrong("gate finer than its sample shows", "PF4", "benchmark", fine_gate),
    _wrong("shadow does not fit before the gate", "PF5", "rollout", shared("shadow_time", 900)),
    _wrong("ramp does not fit before full traffic", "PF5", "rollout", shared("ramp_time", 900)),
    _wrong("backups outlive erasure", "PF6", "governance", shared("backup_retention", 90), shared("erasure_limit", 30)),
    _wrong("logs deleted before their label", "PF6", "logs", shared("log_retention", 1), shared("label_delay", 20)),
    _wrong("replay cases are trained on", "PF7", "failures", put("sections.failures.replay.trained_on", True)),
    *(_wrong(f"benchmark reaches {place.replace('_', ' ')}", "PF7", "benchmark", let_in(place)) for place in ("training_snapshots", "replay_to_train", "few_shot_prompts", "guidelines")),
    _wrong("near duplicates of the benchmark train", "PF7", "benchmark", put("sections.benchmark.never_trained.near_duplicate", " ")),
    _wrong("budget below the costs", "PF8", "rollout", shared("budget", 1), shared("team_cost", 90000)),
    _wrong("work before the decision it waits for", "PF9", "logs", waits_for_later),
    _wrong("permission after the training", "PF9", "governance", late_permission),
    _wrong("work in an absence", "PF10", "benchmark", away("benchmark")),
    _wrong("work before its owner is there", "PF10", "versioning", too_early("versioning")),
    _wrong("drift seen too late", "PF11", "retraining", slow_drift),
    _wrong("drift that fires by chance", "PF11", "retraining", nervous_drift, shared("target", 80)),
    _wrong("feature that no source has at decision time", "PF12", "use_case", some("sections.use_case.example.features", "field", "known_only_afterwards")),
    _wrong("feature deleted before the window is over", "PF12", "use_case", beyond_retention, short_lived),
    _wrong("model removes its own labels", "PF13", "flywheel", no_sample),
    _wrong("share above the whole", "PF14", "quality", add("quality", "planted_share", 4000, "percent")),
    _wrong("range from high to low", "PF14", "quality", add("quality", "planted_range", None, "day", low=9, high=3)),
    _wrong("fewer than no examples", "PF14", "", shared("examples_in_hand", -5)),
    # sections that contradict each other
    _wrong("a class that labelling does not know", "XC3", "labelling", some("sections.labelling.guides", "label", "nosuch_class")),
    _wrong("an example of a class that does not exist", "XC3", "use_case", lambda s, c: put("sections.use_case.example.label", "nosuch_class")(s, c) if s["sections"]["use_case"]["example"]["output"] == "class" else _refuse("no classes")),
    _wrong("an owner who does not exist", "XC4", "failures", put("sections.failures.replay.owner", "nobody")),
    _wrong("the owner of a risk has vanished", "XC4", "edge_cases", some("sections.edge_cases.risks", "owner", "somebody_gone")),
    _wrong("a source owned by nobody of the team", "XC4", "inventory", some("blueprint.sources", "owner", "sales_department")),
    _wrong("a measure due in the past", "XC5", "rollout", some("sections.rollout.kpis", "by", "2020-01-01")),
    _wrong("milestones out of order", "XC5", "rollout", lambda s, c: s["blueprint"]["milestones"].reverse()),
    _wrong("an action due before the plan starts", "XC5", "feedback", some("sections.feedback.actions", "due", "2020-03-02")),
    _wrong("window longer than retention", "XC6", "retraining", beyond_retention),
    _wrong("all data kept although rows are deleted", "XC7", "retraining", put("sections.retraining.window.kind", "all_with_decay"), put("sections.retraining.window.deleted_rows", " ")),
    _wrong("mended failures enter the benchmark", "XC8", "failures", put("sections.failures.path.enters_benchmark", True)),
    _wrong("cheap labels in the evaluation set", "XC8", "labelling", put("sections.labelling.human.evaluation", False)),
    _wrong("no key from person to example", "XC9", "governance", put("sections.governance.lineage.person_key", None)),
    _wrong("the key of erasure is dropped", "XC9", "governance", keys_dropped),
    _wrong("frozen benchmark and erasure collide", "XC10", "benchmark", put("sections.benchmark.erased.tombstone", False)),
    _wrong("lag shorter than the cadence", "XC11", "feedback", shared("retrain_cadence", 200), shared("feedback_lag_limit", 100)),
    _wrong("data older than the whole window", "XC12", "quality", lambda s, c: _stale(s, c)),
    _wrong("fewer labels than benchmark and overlap", "XC13", "labelling", shared("training_label_items", -300)),
    _wrong("audit of a slice that nobody has", "XC14", "rollout", lambda s, c: reach(s, "sections.rollout.bias.slices").append("age_group")),
    _wrong("feedback on an event that nobody records", "XC15", "feedback", some("sections.feedback.signals", "event", "nosuch_event")),
    _wrong("trigger on an event that does not exist", "XC15", "flywheel", put("sections.flywheel.trigger.event", "nosuch_event")),
    _wrong("two versions of the guidelines", "XC16", "versioning", put("sections.versioning.record.guidelines_version", "v9.9")),
    _wrong("an action without a cost", "US1", "logs", some("sections.logs.actions", "cost", "nosuch_cost")),
]  # fmt: skip


def _refuse(why: str) -> None:
    raise Cannot(why)


def _stale(strategy: Json, chance: Random) -> None:
    """A training source may be older than the training window."""
    training = {s["id"] for s in reach(strategy, "blueprint.sources") if s["training"]}
    if not reach(strategy, "blueprint.shared.training_window")["value"]:
        raise Cannot("no window")
    index = choose(strategy, "sections.quality.staleness", chance, lambda limit: limit["source"] in training)
    add("quality", "planted_age", 1e5, "day")(strategy, chance)
    put(f"sections.quality.staleness.{index}.at_most", "planted_age")(strategy, chance)
