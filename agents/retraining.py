"""Continuous retraining: when a new version is made, from which data, how it must win, and how it is taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ai_data_strategy.agents.authoring import actions, known, number, overlay, prose, rejected, risks, setting, topic
from ai_data_strategy.agents.section import Checks, Draft, Problem, Section, derived
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.domain import Id, Key, Line, Model, Name, Quantity
from ai_data_strategy.errors import ExpressionError
from ai_data_strategy.playbook.desk import Desk, knowledge
from ai_data_strategy.playbook.signals import facts, rare_slice
from ai_data_strategy.quantities.expressions import evaluate
from ai_data_strategy.quantities.formulas import half_width
from ai_data_strategy.typeset.blocks import Block, Cell, Diagram, Paragraph, Table
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.mermaid import Edge, Node, flowchart, words
from ai_data_strategy.typeset.view import View

StepName = Literal["data_validation", "training", "offline_evaluation", "live_test", "rollout"]
STEPS: dict[StepName, str] = {
    "data_validation": N_("Data validation"), "training": N_("Training"), "offline_evaluation": N_("Offline evaluation"),
    "live_test": N_("A/B test"), "rollout": N_("Gradual roll-out"),
}  # fmt: skip
Fallback = Literal["not_needed", "pool_releases", "swap_sets", "offline_test", "longer_test"]
FALLBACKS: dict[Fallback, str] = {
    "not_needed": N_("the live split decides alone"), "pool_releases": N_("several releases are pooled"), "swap_sets": N_("swap sets decide"),
    "offline_test": N_("an offline test on later data decides"), "longer_test": N_("the test runs longer"),
}  # fmt: skip


ROUNDING = 0.05
"""Points that a threshold may lie below its noise because of rounding."""


class DriftTrigger(Model):
    """One signal that starts a run before its scheduled day."""

    metric: Name
    threshold: Annotated[Key, Field(description="quantity: the change that fires it")]
    window: Annotated[Key, Field(description="quantity in time units over which it is measured")]
    items: Annotated[Key | None, Field(description="quantity: items the metric rests on in one window, if it is a share; else null")]
    monitor: Annotated[Line, Field(description="the job that measures it, on which source, how often")]
    then: Annotated[Line, Field(description="what happens when it fires, and what is looked at before training anything")]
    owner: Id


class Traffic(Model):
    """Whether live traffic can show the effect. Code adds test_items and test_days_needed and compares them with test_time."""

    per_day: Annotated[
        Key, Field(description="quantity in examples a day that count for the success metric: all of them, or only frauds, clicks, faults")
    ]
    if_short: Annotated[Fallback, Field(description="what decides when test_days_needed exceeds test_time; not_needed only if it does not")]
    how: Annotated[Line, Field(description="how exactly it decides in this product, and what the live split is still good for")]


class Promotion(Model):
    """How a challenger replaces the champion. Live share and minimum time are shared figures."""

    rule: Annotated[Line, Field(description="what must be true, on which items, by how much ({key})")]
    guardrails: Annotated[Line, Field(description="what must not get worse during the test, including slices")]
    owner: Annotated[Id, Field(description="role id that signs")]


class Window(Model):
    """Which data a training sees. `last_days` uses the shared training_window; all data need a half-life."""

    kind: Literal["last_days", "all_with_decay"]
    half_life: Annotated[Key | None, Field(description="quantity in days, for all_with_decay, else null")]
    because: Annotated[Line, Field(description="what older data teach wrongly here, and what a shorter window would lose")]
    deleted_rows: Annotated[Line, Field(description="what happens to rows that are erased or whose retention ends, and to immature ones")]


class PipelineStep(Model):
    """One step of the pipeline with the gate that stops it."""

    step: StepName
    does: Line
    gate: Annotated[Line, Field(description="the condition that must hold to go on")]
    owner: Id


class Rollback(Model):
    """What brings the last good version back, and how fast."""

    trigger: Line
    limit: Annotated[Key, Field(description="quantity in time units: longest time until the old version serves all traffic")]
    how: Line
    owner: Id


class Retraining(Draft):
    """The retraining, or the release of prompts and indexes, of one product."""

    release: Annotated[Line, Field(description="what one new version consists of here: weights, thresholds, prompt, index")]
    cadence_because: Annotated[
        Line, Field(description="why retrain_cadence and not shorter or longer, from label delay, drift and erasure")
    ]
    drift: Annotated[list[DriftTrigger], Field(max_length=4)]
    promotion: Promotion
    traffic: Traffic
    window: Window
    steps: Annotated[list[PipelineStep], Field(max_length=6, description="the five steps in order")]
    rollback: Rollback


def figures(draft: Retraining) -> list[Quantity]:
    """The figures that code adds: items and days that the live test needs, and the day its verdict is ripe."""
    return [
        derived("test_items", "{example}", "items an arm to see the effect with eighty percent power", "test_items_per_arm(baseline, effect)"),
        derived("test_days_needed", "day", "days of live traffic until the smaller arm has them", f"days_of_test(test_items, {draft.traffic.per_day}, live_share)"),
        derived("test_verdict_days", "day", "days from the first live example to a verdict on known labels", "test_time + label_delay"),
    ]  # fmt: skip


CHECKS = Checks()


def _roles(draft: Retraining, field: str, owners: list[str], sheet: Sheet) -> Iterator[Problem]:
    for owner in owners:
        if owner not in sheet.role_ids:
            yield Problem(field, f"owner {owner!r} is no role of the blueprint: use one of {sorted(sheet.role_ids)}")


@CHECKS("RT1")
def the_schedule_is_a_number(draft: Retraining, sheet: Sheet) -> Iterator[Problem]:
    if not (sheet.number("retrain_cadence", "day") or 0) > 0:
        yield Problem("cadence_because", "retrain_cadence has no value in days: the plan needs a schedule")
    if not draft.cadence_because.strip():
        yield Problem("cadence_because", "say why this cadence")


@CHECKS("RT2")
def drift_triggers_can_fire(draft: Retraining, sheet: Sheet) -> Iterator[Problem]:
    if not draft.drift:
        yield Problem("drift", "name at least one drift trigger with metric, threshold, window and monitor")
    yield from _roles(draft, "drift", [trigger.owner for trigger in draft.drift], sheet)
    for trigger in draft.drift:
        if not sheet.known(trigger.threshold):
            yield Problem("drift", f"{trigger.metric}: threshold {trigger.threshold!r} has no value")
        if not (sheet.number(trigger.window, "day") or 0) > 0:
            yield Problem("drift", f"{trigger.metric}: window {trigger.window!r} is no quantity in time units")
        if not trigger.monitor.strip():
            yield Problem("drift", f"{trigger.metric}: say which job measures it, on what, how often")
        noise = _noise(trigger, sheet)
        threshold = sheet.number(trigger.threshold, "point")
        if noise is not None and threshold is not None and threshold < noise - ROUNDING:
            yield Problem("drift", f"{trigger.metric}: a change of {threshold:g} points is below the noise of its window (± {noise:.1f} points on its items): it fires by chance; widen the window or the threshold")  # fmt: skip


def _noise(trigger: DriftTrigger, sheet: Sheet) -> float | None:
    """Half of the 95 % interval of the metric in one window, in points, at the worst share of one half."""
    items = sheet.ledger.number(trigger.items, "count", "low") if trigger.items else None
    return half_width(50, items) if items else None


@CHECKS("RT3")
def the_challenger_must_win(draft: Retraining, sheet: Sheet) -> Iterator[Problem]:
    share = sheet.number("live_share", "percent")
    if not sheet.waived("live_share") and not 0 < (share or 0) < 100:
        yield Problem("promotion", "live_share must be a share of live traffic between nothing and all")
    if not sheet.waived("test_time") and not (sheet.number("test_time", "day") or 0) > 0:
        yield Problem("promotion", "test_time must be a minimum time in days")
    if not (draft.promotion.rule.strip() and draft.promotion.guardrails.strip()):
        yield Problem("promotion", "state the promotion rule and the guardrails")
    yield from _roles(draft, "promotion", [draft.promotion.owner], sheet)
    entry = sheet.entry("test_days_needed")
    if entry and entry.problem:
        yield Problem("traffic", f"the test cannot be sized: {entry.problem}")
    needed, time = sheet.number("test_days_needed", "day", "high"), sheet.number("test_time", "day", "low")
    if needed is not None and time is not None and needed > time and draft.traffic.if_short == "not_needed":
        yield Problem("traffic", f"the live test needs {needed:g} days and has {time:g}: say what decides in its place")


@CHECKS("RT5")
def the_window_is_stated(draft: Retraining, sheet: Sheet) -> Iterator[Problem]:
    window = draft.window
    if window.kind == "last_days" and not sheet.stands("training_window"):
        yield Problem("window", "training_window has no value: say how many days back the data reach")
    if window.kind == "all_with_decay" and not (sheet.number(window.half_life, "day") or 0) > 0:
        yield Problem("window", "all data need a half-life in days, or old rows weigh as much as new ones")
    if not (window.because.strip() and window.deleted_rows.strip()):
        yield Problem("window", "say why this window, and what happens to rows that are erased")


@CHECKS("RT6")
def every_step_has_a_gate(draft: Retraining, sheet: Sheet) -> Iterator[Problem]:
    if [step.step for step in draft.steps] != list(STEPS):
        yield Problem("steps", f"the pipeline must have exactly these steps in this order: {', '.join(STEPS)}")
    for step in draft.steps:
        if not step.gate.strip():
            yield Problem("steps", f"step {step.step} has no gate")
    yield from _roles(draft, "steps", [step.owner for step in draft.steps], sheet)
    if not sheet.stands("training_cost"):
        yield Problem("quantities", "define training_cost in money a year, or mark it unknown: the return is computed with it")


@CHECKS("RT7")
def it_can_be_taken_back(draft: Retraining, sheet: Sheet) -> Iterator[Problem]:
    if not (draft.rollback.trigger.strip() and draft.rollback.how.strip()):
        yield Problem("rollback", "say what triggers the rollback and how it is done")
    if not (sheet.number(draft.rollback.limit, "hour") or 0) > 0:
        yield Problem("rollback", f"limit {draft.rollback.limit!r} is no quantity in time units")
    yield from _roles(draft, "rollback", [draft.rollback.owner], sheet)


def render(draft: Retraining, view: View) -> list[Block]:
    """The chapter's blocks after its heading: prose, settings, what live traffic can show, drift triggers, the pipeline's diagram."""
    _ = view._
    drift = [[view.name(d.metric), _threshold(d, view), view.line(d.then)] for d in draft.drift]
    return [
        *view.chapter(draft.prose),
        Table([_("Element"), _("Setting"), _("Rule")], _settings(draft, view)),
        Paragraph(_verdict(draft, view)),
        Table([_("Drift trigger"), _("Fires at"), _("Then")], drift),
        diagram(draft, view),
    ]


def annex(draft: Retraining, view: View) -> list[Block]:
    """For audit: reasons of the settings, monitors, and what each step of the pipeline does before its gate."""
    _, window, promotion = view._, draft.window, draft.promotion
    steps = [[_step(step.step, view), view.line(step.does), view.line(step.gate), view.role(step.owner)] for step in draft.steps]
    drift = [[view.name(d.metric), view.line(d.monitor), view.role(d.owner)] for d in draft.drift]
    more = [
        [_("One version"), view.line(draft.release), view.role(promotion.owner)],
        [_("Rows that leave"), view.line(window.deleted_rows), ""],
        [_("Guardrails"), view.line(promotion.guardrails), view.role(promotion.owner)],
        [_("Way back"), view.line(draft.rollback.how), view.role(draft.rollback.owner)],
    ]
    return [
        Table([_("Pipeline step"), _("What happens"), _("Gate"), _("Owner")], steps),
        Table([_("Drift trigger"), _("Monitor"), _("Owner")], drift),
        Table([_("Element"), _("Rule"), _("Signs")], more),
    ]


def _step(step: StepName, view: View) -> str:
    """The name of a step; where no weights are trained the second one changes prompt or index."""
    untrained = step == "training" and not view.blueprint.task.trains
    return view._("New prompt or index") if untrained else view._(STEPS[step])


def _threshold(trigger: DriftTrigger, view: View) -> str:
    return f"{view.number(trigger.threshold)} {view._('over')} {view.number(trigger.window)}"


def _settings(draft: Retraining, view: View) -> list[list[str | Cell]]:
    _, window, promotion, rollback = view._, draft.window, draft.promotion, draft.rollback
    reach: str | Cell = view.amount("training_window")
    if window.kind == "all_with_decay":
        furthest = view.number("training_window") if "training_window" in view.ledger.entries else ""
        reach = Cell(f"{_('all kept rows, back to')} {furthest}; {_('half-life')} {view.number(window.half_life or '')}")
    return [
        [_("Cadence"), view.amount("retrain_cadence"), view.line(draft.cadence_because)],
        [_("Data window"), reach, view.line(window.because)],
        [_("Live share of the challenger"), view.amount("live_share"), view.line(promotion.rule)],
        [_("Minimum time"), view.amount("test_time"), _("Signed by: %(role)s") % {"role": view.role(promotion.owner)}],
        [_("Rollback within"), view.amount(rollback.limit), view.line(rollback.trigger)],
    ]  # fmt: skip


def _verdict(draft: Retraining, view: View) -> str:
    _ = view._
    head = _("Can live traffic show the effect?")
    needed, time = view.ledger.number("test_days_needed", "day", "high"), view.ledger.number("test_time", "day", "low")
    if needed is None or time is None:
        return f"**{head}** {_('Nobody can say before baseline and traffic are known; until then')} {_(FALLBACKS[draft.traffic.if_short])}. {view.line(draft.traffic.how)}"
    sized = _("A difference of %(effect)s needs %(items)s counted %(example)s an arm, that is %(days)s at %(share)s of traffic; the test has %(time)s.") % {
        "effect": view.number("effect"), "items": view.number("test_items"), "example": view.name(view.blueprint.example.replace("_", " ")),
        "days": view.number("test_days_needed"), "share": view.number("live_share"), "time": view.number("test_time"),
    }  # fmt: skip
    if needed <= time:
        return f"**{head}** {_('Yes.')} {sized} {view.line(draft.traffic.how)}"
    return f"**{head}** {_('No:')} {_(FALLBACKS[draft.traffic.if_short])}. {sized} {view.line(draft.traffic.how)}"


def diagram(draft: Retraining, view: View) -> Diagram:
    """The pipeline from its triggers to full traffic, with the way back."""
    _ = view._
    nodes = [Node("schedule", f"{_('Every')} {view.number('retrain_cadence')}", "round")]
    nodes += [
        Node(f"drift{index}", f"{words(d.metric, view.number)} ≥ {view.number(d.threshold)}", "round")
        for index, d in enumerate(draft.drift)
    ]
    first = draft.steps[0].step if draft.steps else ""
    edges = [Edge(node.id, first) for node in nodes]
    nodes += [Node(step.step, _step(step.step, view)) for step in draft.steps]
    edges += [Edge(one.step, other.step, _("gate")) for one, other in zip(draft.steps, draft.steps[1:], strict=False)]
    nodes += [Node("champion", _("Champion"), "store"), Node("stopped", _("Stopped; the champion stays"), "choice")]
    edges += [Edge(step.step, "stopped", dashed=True) for step in draft.steps[:-1]]
    edges += [
        Edge("rollout", "champion"),
        Edge("rollout", "stopped", f"{_('rollback within')} {view.number(draft.rollback.limit)}", dashed=True),
    ]
    return flowchart(nodes, edges)


def playbook(k: Desk) -> Retraining:
    """The retraining without a model: the archetype's triggers and gates over the blueprint's shared settings."""
    t, places = topic(k, "retraining"), facts(k)
    if not k.blueprint.task.trains and k.blueprint.archetype != "rag_chat":
        t = overlay(t, knowledge("retraining")["untrained"])
    for item in t["numbers"]:
        number(k, item, places)
    window, rollback, step_owner = t["window"], t["rollback"], {"data_validation": "data_engineering", "rollout": "product"}
    per_day = _per_day(k, t, places)
    number(k, {**t["training_cost"], "key": "training_cost", "unit": "{currency}/year", "duty": "data_engineering"}, places)
    return Retraining(
        prose=prose(k, t["prose"], places),
        release=k.say(t["release"], **places),
        cadence_because=k.say(t["cadence_because"], **places),
        drift=[_trigger(k, item, places) for item in t["drift"]],
        promotion=_promotion(k, t["promotion"], places),
        traffic=_traffic(k, t["traffic"], per_day, places),
        window=Window(
            kind=window["kind"],
            half_life=number(k, window["half_life"], places) if window["kind"] == "all_with_decay" else None,
            because=k.say(window["because"], **places),
            deleted_rows=k.say(window["deleted_rows"], **places),
        ),
        steps=[PipelineStep(step=s, does=k.say(t["steps"][s]["does"], **places), gate=k.say(t["steps"][s]["gate"], **places), owner=k.role(step_owner.get(s, "data_science"))) for s in STEPS],
        rollback=Rollback(trigger=k.say(rollback["trigger"], **places), limit=number(k, rollback["limit"], places), how=k.say(rollback["how"], **places), owner=k.role("engineering")),
        rejected=rejected(k, t["rejected"], places),
        actions=actions(k, t["actions"], places, "retraining"),
        risks=risks(k, t["risks"], places),
        quantities=k.quantities,
    )  # fmt: skip


def _trigger(k: Desk, item: Mapping[str, Any], places: Mapping[str, str]) -> DriftTrigger:
    return DriftTrigger(
        metric=k.say(item["metric"], **places),
        threshold=setting(k, item["threshold"], places),
        window=setting(k, item["window"], places),
        items=setting(k, item["items"], places) if "items" in item else None,
        monitor=k.say(item["monitor"], **places),
        then=k.say(item["then"], **places),
        owner=k.role(item["duty"]),
    )


def _promotion(k: Desk, item: Mapping[str, Any], places: Mapping[str, str]) -> Promotion:
    return Promotion(rule=k.say(item["rule"], **places), guardrails=k.say(item["guardrails"], **places), owner=k.role("product"))


def _per_day(k: Desk, t: Mapping[str, Any], places: Mapping[str, str]) -> str:
    """Key of the items a day on which the metric is counted: all examples, or the rare positives of the blueprint."""
    if "positives" not in t:
        return "examples_per_day"
    rare = rare_slice(k.blueprint)
    share = rare.share if rare else number(k, t["positives"], places)
    unit, meaning = f"{k.blueprint.example}/day", k.say(t["positives"]["per_day"], **places)
    return k.derive("retraining_metric_items", unit, meaning, f"examples_per_day * {share}")


def _traffic(k: Desk, item: Mapping[str, Any], per_day: str, places: Mapping[str, str]) -> Traffic:
    if _enough(k, per_day):
        return Traffic(per_day=per_day, if_short="not_needed", how=k.say(item["enough"], **places))
    return Traffic(per_day=per_day, if_short=item["if_short"], how=k.say(item["how"], **places))


def _enough(k: Desk, per_day: str) -> bool:
    """True if the blueprint's own figures say that the live test sees its effect in its time."""
    ledger = known(k)
    keys = ("baseline", "effect", per_day, "live_share", "test_time")
    entries = {key: ledger.get(key) for key in keys}
    values = {key: (entry.low, entry.quantity.unit) for key, entry in entries.items() if entry and entry.low is not None}
    if len(values) < len(keys):
        return False
    try:
        days = evaluate(f"days_of_test(test_items_per_arm(baseline, effect), {per_day}, live_share)", values, "day")
    except ExpressionError:
        return False
    return days <= values["test_time"][0]


SECTION = Section(
    key="retraining",
    number=9,
    title=N_("Continuous retraining"),
    scope="when a new version is made, drift triggers, champion and challenger, data window, pipeline gates, rollback, training cost",
    draft=Retraining,
    checks=CHECKS,
    derived=figures,
    render=render,
    playbook=playbook,
    annex=annex,
)
