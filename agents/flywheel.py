"""Data flywheel: which action teaches, how it becomes training data, how many examples a day, and what the loop cannot see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from ai_data_strategy.agents.authoring import actions, number, prose, rejected, risks, topic
from ai_data_strategy.agents.section import Checks, Draft, Problem, Section, derived
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.domain import Id, Key, Line, Model, Name, Quantity
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.playbook.signals import facts, log_source, needs_permission, trigger_of
from ai_data_strategy.typeset.blocks import Block, Cell, Diagram, Paragraph, Table
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.mermaid import Edge, Node, flowchart, words
from ai_data_strategy.typeset.view import View

StageName = Literal["action", "event_log", "feature_extraction", "label_derivation", "training_queue"]
STAGES: dict[StageName, str] = {
    "action": N_("User action"), "event_log": N_("Event log"), "feature_extraction": N_("Feature extraction"),
    "label_derivation": N_("Label derivation"), "training_queue": N_("Training queue"),
}  # fmt: skip


class CycleStep(Model):
    """One step of the cycle, as a short clause; `stage` if one of the five pipeline stages happens in it."""

    text: Annotated[Line, Field(description="at most ten words, about this product")]
    stage: StageName | None


class Trigger(Model):
    """The one user action that teaches, and the event that records it."""

    action: Line
    event: Annotated[Id, Field(description="id of an event of the blueprint")]
    says: Annotated[Line, Field(description="what it proves about correctness, and what it does not prove")]


class Stage(Model):
    """One stage of the pipeline from action to training queue."""

    stage: StageName
    store: Annotated[Name, Field(description="table or topic; a working name if it is to be built")]
    exists: Annotated[bool, Field(description="true only if the brief, an answer or the blueprint names this store as existing")]
    does: Annotated[Line, Field(description="what happens here and the rule that keeps it right, such as no look-ahead or maturity")]
    owner: Id


class Worth(Model):
    """Whether the loop matters at this scale. Code compares days_to_required with the patience and shows the sentence that holds."""

    patience: Annotated[Key, Field(description="quantity in days: the longest wait for the required volume that the plan can bear")]
    if_met: Annotated[Line, Field(description="history already holds the volume: what the loop is for then")]
    if_in_time: Annotated[Line, Field(description="the loop fills the volume within the patience: what waits for it")]
    if_too_late: Annotated[Line, Field(description="the loop is too slow: what is done in its place")]


class Lever(Model):
    """One way to speed the loop up; `effect` names the quantity that it is expected to reach or add."""

    lever: Line
    effect: Key
    owner: Id


class Bias(Model):
    """Somebody or something the loop does not see or sees through its own decisions, and what corrects it."""

    bias: Line
    counter: Annotated[Line, Field(description="random holdout, exploration or the like, concrete for this product")]
    share: Annotated[Key | None, Field(description="quantity: size of the holdout or sample, null if none")]


class Flywheel(Draft):
    """The data flywheel of one product."""

    cycle: Annotated[list[CycleStep], Field(max_length=8, description="at least five entries; the last has the same text as the first")]
    trigger: Trigger
    pipeline: Annotated[list[Stage], Field(max_length=6, description="the five stages in order")]
    factors: Annotated[
        list[Key], Field(max_length=5, description="velocity is their product: a rate a day, then the share that survives each loss")
    ]
    worth: Worth
    levers: Annotated[list[Lever], Field(max_length=4)]
    biases: Annotated[list[Bias], Field(max_length=3)]


def figures(draft: Flywheel) -> list[Quantity]:
    """The figures that code adds: velocity from the draft's factors, days to the required volume, what the window holds."""
    product = " * ".join(draft.factors)
    return [
        derived("velocity_per_day", "{example}/day", "new labelled examples a day that reach training", product),
        derived("days_to_required", "day", "days until the required volume is labelled", "days_to_volume(required_examples, labelled_in_hand, velocity_per_day)"),
        derived("flywheel_window_examples", "{example}", "labelled examples that the loop brings in one training window", "velocity_per_day * training_window"),
    ]  # fmt: skip


CHECKS = Checks()


@CHECKS("FW1")
def the_cycle_closes(draft: Flywheel, sheet: Sheet) -> Iterator[Problem]:
    steps = [" ".join(step.text.lower().split()) for step in draft.cycle]
    if len(set(steps)) < 4 or len(steps) < 5:
        yield Problem("cycle", "write at least four different steps and repeat the first at the end")
    if steps and (steps[0] != steps[-1] or not steps[0]):
        yield Problem("cycle", f"the cycle ends in {draft.cycle[-1].text!r}: its last step must repeat the first, {draft.cycle[0].text!r}")


@CHECKS("FW2")
def one_event_triggers(draft: Flywheel, sheet: Sheet) -> Iterator[Problem]:
    if not draft.trigger.action.strip():
        yield Problem("trigger", "name the one user action that teaches")
    if draft.trigger.event not in sheet.event_ids:
        yield Problem("trigger", f"{draft.trigger.event!r} is no event of the blueprint: use one of {sorted(sheet.event_ids)}")


@CHECKS("FW3")
def the_pipeline_is_whole(draft: Flywheel, sheet: Sheet) -> Iterator[Problem]:
    if [stage.stage for stage in draft.pipeline] != list(STAGES):
        yield Problem("pipeline", f"the pipeline must have exactly these stages in this order: {', '.join(STAGES)}")
    for stage in draft.pipeline:
        if not stage.store.strip():
            yield Problem("pipeline", f"stage {stage.stage} has no table or topic: name it, with a working name if it is to be built")
        if stage.owner not in sheet.role_ids:
            yield Problem(
                "pipeline", f"owner {stage.owner!r} of {stage.stage} is no role of the blueprint: use one of {sorted(sheet.role_ids)}"
            )


@CHECKS("FW4")
def velocity_is_a_product(draft: Flywheel, sheet: Sheet) -> Iterator[Problem]:
    if len(draft.factors) < 2:
        yield Problem("factors", "name a rate a day and at least one share that survives: not every raw example becomes a training example")
    for key in draft.factors:
        if not sheet.stands(key):
            yield Problem("factors", f"factor {key!r} has no value and is not marked unknown: define it or use a key that exists")
        entry = sheet.entry(key)
        if entry and entry.quantity.unit == "percent" and not 0 <= (entry.high or 0) <= 100:
            yield Problem("factors", f"factor {key!r} is a share above the whole: a share lies between nothing and all")
    velocity = sheet.entry("velocity_per_day")
    if velocity is None or velocity.problem:
        yield Problem("factors", f"velocity cannot be computed from the factors: {velocity.problem if velocity else 'no factors'}")


@CHECKS("FW5")
def the_time_to_volume_is_judged(draft: Flywheel, sheet: Sheet) -> Iterator[Problem]:
    if sheet.number(draft.worth.patience, "day") is None and not sheet.waived(draft.worth.patience):
        yield Problem("worth", f"patience {draft.worth.patience!r} must be a quantity in days")
    if not all(text.strip() for text in (draft.worth.if_met, draft.worth.if_in_time, draft.worth.if_too_late)):
        yield Problem("worth", "say what the loop is for if the volume is there, if it comes in time, and if it comes too late")
    if sheet.entry("required_examples") and not sheet.stands("days_to_required"):
        entry = sheet.entry("days_to_required")
        yield Problem("factors", f"the time to the required volume cannot be computed: {entry.problem if entry else 'not defined'}")


@CHECKS("FW6")
def levers_have_an_effect(draft: Flywheel, sheet: Sheet) -> Iterator[Problem]:
    if len(draft.levers) < 2:
        yield Problem("levers", "name at least two levers, each with an expected effect and an owner")
    for lever in draft.levers:
        if not sheet.stands(lever.effect):
            yield Problem(
                "levers", f"effect {lever.effect!r} of the lever {lever.lever[:40]!r} is no quantity with a value or marked unknown"
            )
        if lever.owner not in sheet.role_ids:
            yield Problem("levers", f"owner {lever.owner!r} is no role of the blueprint: use one of {sorted(sheet.role_ids)}")


def render(draft: Flywheel, view: View) -> list[Block]:
    """The chapter's blocks after its heading: prose, trigger, velocity with its verdict, levers. The cycle and its stores are the front page's diagram."""
    _ = view._
    return [
        *view.chapter(draft.prose),
        Paragraph(
            f"**{_('Trigger')}:** {view.code(draft.trigger.event)}. {view.line(draft.trigger.action)} {view.line(draft.trigger.says)}"
        ),
        Table([_("Velocity"), _("Amount")], _velocity(draft, view)),
        Paragraph(_worth(draft.worth, view)),
        Table([_("Lever or counterweight"), _("What it sets"), _("To")], [*_levers(draft, view), *_counters(draft, view)]),
    ]


def _levers(draft: Flywheel, view: View) -> list[list[str | Cell]]:
    return [[view.line(item.lever), _meaning(item.effect, view), view.amount(item.effect)] for item in draft.levers]


def _counters(draft: Flywheel, view: View) -> list[list[str | Cell]]:
    """What keeps the loop honest, where it has a size; the distortions themselves stand in the annex."""
    return [[view.line(b.counter), _meaning(b.share, view), view.amount(b.share)] for b in draft.biases if b.share]


def annex(draft: Flywheel, view: View) -> list[Block]:
    """For audit: what happens at each stage, who owns the levers, and what the loop does not see."""
    _ = view._
    stages = [[_(STAGES[s.stage]), _store(s, view), view.line(s.does), view.role(s.owner)] for s in draft.pipeline]
    levers = [[view.line(item.lever), view.role(item.owner)] for item in draft.levers]
    biases = [[view.line(b.bias), view.line(b.counter)] for b in draft.biases]
    return [
        Table([_("Stage"), _("Table or topic"), _("What happens"), _("Owner")], stages),
        Table([_("Lever"), _("Owner")], levers),
        Table([_("What the loop does not see"), _("Counter")], biases),
    ]


def _store(stage: Stage, view: View) -> str:
    return view.code(stage.store) if stage.exists else f"{view.code(stage.store)} ({view._('to build')})"


def _velocity(draft: Flywheel, view: View) -> list[list[str | Cell]]:
    keys = [*draft.factors, "velocity_per_day"]
    if view.ledger.number("days_to_required", "day", "high") != 0:
        keys.append("days_to_required")
    if _window_too_short(view):
        keys.append("flywheel_window_examples")
    return [[_meaning(key, view), view.amount(key)] for key in keys]


def _window_too_short(view: View) -> bool:
    """True if rows leave the training window before the loop has brought the required number."""
    held, required = view.ledger.number("flywheel_window_examples", "count", "low"), view.ledger.number("required_examples", "count")
    return held is not None and required is not None and held < required


def _meaning(key: str, view: View) -> str:
    entry = view.ledger.get(key)
    return view.line(view._(entry.quantity.meaning)) if entry else view.code(key)


def _worth(worth: Worth, view: View) -> str:
    _ = view._
    days, patience = view.ledger.number("days_to_required", "day", "high"), view.ledger.number(worth.patience, "day", "low")
    if days is None or patience is None:
        return f"**{_('Does the flywheel matter here?')}** {_('Nobody can say before the figures above are known.')}"
    verdict = (_("Not for volume."), worth.if_met) if days == 0 else (_("Yes, it fills the volume in time."), worth.if_in_time)
    if days > patience:
        verdict = (_("It is too slow alone."), worth.if_too_late)
    return f"**{_('Does the flywheel matter here?')}** {verdict[0]} {view.line(verdict[1])}"


def diagram(draft: Flywheel, view: View) -> Diagram:
    """The cycle with the stores that it fills, and what corrects its view of the world."""
    steps = draft.cycle[:-1]
    nodes = [Node(f"step{index}", words(step.text, view.number), "round" if index == 0 else "step") for index, step in enumerate(steps)]
    edges = [Edge(f"step{index}", f"step{(index + 1) % len(steps)}") for index in range(len(steps))]
    stores = {stage.stage: stage.store for stage in draft.pipeline}
    for index, step in enumerate(steps):
        if step.stage and step.stage in stores:
            nodes.append(Node(f"store_{step.stage}", stores.pop(step.stage), "store"))
            edges.append(Edge(f"step{index}", f"store_{step.stage}", dashed=True))
    target = next((f"step{index}" for index, step in enumerate(steps) if step.stage == "label_derivation"), "step0")
    for index, bias in enumerate(bias for bias in draft.biases if bias.share):
        nodes.append(Node(f"counter{index}", words(bias.counter, view.number), "round"))
        edges.append(Edge(f"counter{index}", target, dashed=True))
    return flowchart(nodes, edges)


def playbook(k: Desk) -> Flywheel:
    """The flywheel without a model: the archetype's loop over the blueprint's events, sources, slices and roles."""
    t, places, trigger = topic(k, "flywheel"), facts(k), trigger_of(k)
    cycle = [CycleStep(text=k.say(item["text"], **places), stage=item.get("stage")) for item in t["cycle"]]
    asked = [t["permitted"]] if needs_permission(k) else []
    factors = ["examples_per_day", *(number(k, item, places) for item in [*asked, *t["factors"]])]
    patience = number(k, t["patience"], places)
    levers = [Lever(lever=k.say(i["lever"], **places), effect=number(k, i["effect"], places), owner=k.role(i["duty"])) for i in t["levers"]]
    biases = [
        Bias(
            bias=k.say(i["bias"], **places),
            counter=k.say(i["counter"], **places),
            share=number(k, i["share"], places) if "share" in i else None,
        )
        for i in t["biases"]
    ]
    return Flywheel(
        prose=prose(k, t["prose"], places),
        cycle=[*cycle, cycle[0].model_copy(update={"stage": None})],
        trigger=Trigger(action=f"{trigger.meaning[:1].upper()}{trigger.meaning[1:].rstrip('.')}.", event=trigger.id, says=k.say(t["says"], **places)),
        pipeline=_pipeline(k, t["stages"], places),
        factors=factors,
        worth=Worth(patience=patience, **{key: k.say(t["worth"][key], **places) for key in ("if_met", "if_in_time", "if_too_late")}),
        levers=levers,
        biases=biases,
        rejected=rejected(k, t["rejected"], places),
        actions=actions(k, t["actions"], places, "flywheel"),
        risks=risks(k, t["risks"], places),
        quantities=k.quantities,
    )  # fmt: skip


def _pipeline(k: Desk, does: Mapping[str, str], places: Mapping[str, str]) -> list[Stage]:
    trigger, log = trigger_of(k), log_source(k.blueprint)
    recorded = next((s for s in k.blueprint.sources if s.id == trigger.source), None)
    noun = k.blueprint.example.lower()
    stores: dict[StageName, tuple[str, bool]] = {
        "action": (recorded.id if recorded else trigger.id, bool(recorded and recorded.status == "exists")),
        "event_log": (log.id if log else f"{noun}_log", bool(log and log.status == "exists")),
        "feature_extraction": (f"{noun}_features", False),
        "label_derivation": (f"{noun}_labels", False),
        "training_queue": (f"{noun}_training_manifest" if k.blueprint.task.trains else f"{noun}_release_cases", False),
    }
    duties = {"action": "engineering", "label_derivation": "domain", "training_queue": "data_science"}
    owners = {name: k.role(duties.get(name, "data_engineering")) for name in STAGES}
    if recorded and recorded.owner:
        owners["action"] = recorded.owner
    return [
        Stage(stage=name, store=stores[name][0], exists=stores[name][1], does=k.say(does[name], **places), owner=owners[name])
        for name in STAGES
    ]


SECTION = Section(
    key="flywheel",
    number=5,
    title=N_("Data flywheel"),
    scope="which user action teaches, the way from action to training queue, new examples a day, levers, what the loop cannot see",
    draft=Flywheel,
    checks=CHECKS,
    derived=figures,
    render=render,
    playbook=playbook,
    annex=annex,
    diagram=diagram,
)
