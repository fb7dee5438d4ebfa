"""AI use case and data needs: the task, one training example, how much it takes, what there is, and when to stop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from ai_data_strategy.agents import authoring
from ai_data_strategy.agents.furnishing import (
    NEUTRAL,
    actions,
    example_features,
    inputs,
    names,
    outputs,
    plain,
    rare_share,
)
from ai_data_strategy.agents.section import Checks, Draft, Problem, Section
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.blueprint import Source
from ai_data_strategy.domain import Id, Illustration, Key, Line, Model, Quantity
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.typeset.blocks import Block, Cell, Table
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.view import View

Output = Literal["class", "number", "ranking", "text"]
USES = {
    "training": N_("training"),
    "evaluation": N_("evaluation"),
    "context": N_("read at decision time"),
    "later": N_("not before a later version"),
}


class Scope(Model):
    """What the blueprint's task leaves open."""

    moment: Annotated[Line, Field(description="when the model decides, and what is not known yet at that moment")]
    errors: Annotated[Line, Field(description="which error costs more, and whom")]
    left_out: Annotated[Line, Field(description="what the first version does not do")]


class Feature(Model):
    """One input of the example: a field of a source and an illustrative value."""

    field: Annotated[Id, Field(description="id of a field of a source of the blueprint")]
    value: Illustration


class TrainingExample(Model):
    """One made-up row: what is known at decision time, and its label."""

    features: Annotated[list[Feature], Field(min_length=1, max_length=7)]
    output: Annotated[Output, Field(description="class if the blueprint has classes")]
    label: Annotated[Illustration, Field(description="id of a class; else a number, an order or a short text")]
    range_low: Annotated[Key | None, Field(description="for output number: lowest allowed label, in the label's unit")]
    range_high: Annotated[Key | None, Field(description="for output number: highest allowed label")]
    valid_if: Annotated[Line | None, Field(description="for ranking and text: what makes a label valid")]
    label_from: Annotated[Line, Field(description="where this label comes from, when it is known, and how it can be wrong")]


class Need(Model):
    """Why `required_examples` and `smaller_examples` (quantities of this section) fit this model family."""

    because: Annotated[Line, Field(description="why this model family and approach need that many")]
    smaller_allows: Annotated[Line, Field(description="what still works with smaller_examples, and what is given up")]


class InHand(Model):
    """A source that already holds something."""

    source: Id
    use: Literal["training", "evaluation", "context", "later"]
    note: Annotated[Line, Field(description="what of it is usable and what is not")]


class Opponent(Model):
    """The way without learning that the model must beat, and the result that ends the project."""

    method: Annotated[Line, Field(description="rule, search, scorecard or people: what it would do here")]
    level: Annotated[Key, Field(description="its expected level of the success metric")]
    margin: Annotated[Key, Field(description="points: least advantage over it that justifies a model")]
    why_learning: Line
    stop: Annotated[Line, Field(description="the result that stops the project, and what ships instead")]
    decided_by: Id
    decided_on: date


class Success(Model):
    """How the blueprint's metric is counted; its baseline and target are shared figures."""

    counted: Annotated[Line, Field(description="numerator, denominator and where they are read")]
    guard: Annotated[Line, Field(description="what must not get worse while the metric rises")]


class UseCase(Draft):
    """The use case of one product."""

    scope: Scope
    example: TrainingExample
    need: Need
    in_hand: Annotated[list[InHand], Field(max_length=10)]
    opponent: Opponent
    success: Success


def figures(_draft: UseCase) -> list[Quantity]:
    """Code adds nothing: `required_examples` and `smaller_examples` are the draft's own."""
    return []


CHECKS = Checks()


@CHECKS("UC1")
def the_task_is_stated(draft: UseCase, sheet: Sheet) -> Iterator[Problem]:
    task = sheet.blueprint.task
    for name in ("takes", "gives", "kind", "decision"):
        if not getattr(task, name).strip():
            yield Problem("scope", f"the blueprint's task has no {name!r}: say it in scope")
    if not (draft.scope.moment.strip() and draft.scope.errors.strip()):
        yield Problem("scope", "say when the model decides and which error costs more")


@CHECKS("UC2")
def an_example_is_given(draft: UseCase, sheet: Sheet) -> Iterator[Problem]:
    example, wanted = draft.example, bool(sheet.class_ids)
    if any(not feature.value.strip() for feature in example.features) or not example.label.strip():
        yield Problem("example", "every feature needs a value, and the row needs a label")
    if wanted != (example.output == "class"):
        yield Problem("example", f"output {example.output!r} does not fit a blueprint with{'' if wanted else 'out'} classes")


@CHECKS("UC3")
def the_example_uses_what_is_declared(draft: UseCase, sheet: Sheet) -> Iterator[Problem]:
    example = draft.example
    for feature in example.features:
        if feature.field not in sheet.feature_ids:
            yield Problem("example", f"feature {feature.field!r} is no field of any source: use one of {sorted(sheet.feature_ids)}")
    if example.output == "class" and example.label not in sheet.class_ids:
        yield Problem("example", f"label {example.label!r} is no class: use one of {sorted(sheet.class_ids)}")
    if example.output == "number":
        yield from _in_range(example, sheet)
    if example.output in ("ranking", "text") and not (example.valid_if or "").strip():
        yield Problem("example", "say in valid_if what makes a label valid")


def _in_range(example: TrainingExample, sheet: Sheet) -> Iterator[Problem]:
    low, high = sheet.entry(example.range_low), sheet.entry(example.range_high)
    if low is None or high is None or low.problem or high.problem:
        yield Problem("example", "a number needs the keys of its lowest and highest allowed value")
        return
    try:
        number = float(example.label.split()[0].replace(",", ""))
    except (ValueError, IndexError):
        yield Problem("example", f"label {example.label!r} does not begin with a number")
        return
    if (low.low is not None and number < low.low) or (high.high is not None and number > high.high):
        yield Problem("example", f"label {example.label!r} is outside the range of {example.range_low} to {example.range_high}")


@CHECKS("UC4")
def the_need_is_a_number(draft: UseCase, sheet: Sheet) -> Iterator[Problem]:
    own = {quantity.key for quantity in draft.quantities}
    for key in ("required_examples", "smaller_examples"):
        if key not in own:
            yield Problem("quantities", f"define {key} in this section's quantities, in {sheet.blueprint.example}")
        elif not sheet.stands(key) or (sheet.known(key) and sheet.number(key, "{example}") is None):
            entry = sheet.entry(key)
            yield Problem("quantities", f"{key} is no count of {sheet.blueprint.example}: {entry.problem if entry else 'no entry'}")
    required, smaller = sheet.number("required_examples", "{example}"), sheet.number("smaller_examples", "{example}")
    if required is not None and smaller is not None and smaller >= required:
        yield Problem("quantities", f"smaller_examples ({smaller:g}) must be below required_examples ({required:g})")


@CHECKS("UC6")
def what_is_in_hand_is_listed(draft: UseCase, sheet: Sheet) -> Iterator[Problem]:
    listed = {item.source for item in draft.in_hand}
    for extra in sorted(listed - sheet.source_ids):
        yield Problem("in_hand", f"{extra!r} is no source of the inventory: use one of {sorted(sheet.source_ids)}")
    for source in sheet.blueprint.sources:
        if source.status == "exists" and source.training and source.id not in listed:
            yield Problem("in_hand", f"training source {source.id!r} is not listed")
    for item in draft.in_hand:
        source_ = sheet.source(item.source)
        if source_ and source_.status == "to_build" and item.use != "later":
            yield Problem("in_hand", f"{item.source!r} is still to be built: its use is later")


@CHECKS("UC8")
def success_is_measured(draft: UseCase, sheet: Sheet) -> Iterator[Problem]:
    for key in ("baseline", "target"):
        if not sheet.stands(key):
            yield Problem("success", f"the success metric has no {key}")
    baseline, target = sheet.number("baseline", "percent"), sheet.number("target", "percent")
    if baseline is not None and baseline == target:
        yield Problem("success", f"target and baseline are both {baseline:g} percent: a target must differ from today")
    if not sheet.stands(draft.opponent.level) or not sheet.stands(draft.opponent.margin):
        yield Problem("opponent", "the way without a model needs an expected level and a margin, as keys of quantities")
    if draft.opponent.decided_by not in sheet.role_ids:
        yield Problem("opponent", f"{draft.opponent.decided_by!r} is no role: use one of {sorted(sheet.role_ids)}")
    if not (draft.success.counted.strip() and draft.success.guard.strip()):
        yield Problem("success", "say how the metric is counted and what must not get worse")


def render(draft: UseCase, view: View) -> list[Block]:
    """Prose, the task in one table, the figures that size it in another."""
    _ = view._
    sizes = Table([_("Figure"), _("Amount")], _sizes(draft, view))
    return [*view.chapter(draft.prose), Table([_("Question"), _("Answer")], _answers(draft, view)), sizes]


def _answers(draft: UseCase, view: View) -> list[list[str]]:
    _, task, opponent = view._, view.blueprint.task, draft.opponent
    stop = f"{view.line(opponent.stop)} ({view.role(opponent.decided_by)}, {view.day(opponent.decided_on)})"
    return [
        [_("Task"), f"{view.line(task.takes)} → {view.line(task.gives)}"],
        [_("Errors"), view.line(draft.scope.errors)],
        [_("Training example, made up"), _row(draft.example, view)],
        [_("Without learning"), view.line(opponent.method)],
        [_("Stop rule"), stop],
        [_("Success"), f"{view.line(_full(draft.success.counted))} {_('Must not get worse')}: {view.line(draft.success.guard)}"],
        [_("Not in the first version"), view.line(draft.scope.left_out)],
    ]


def annex(draft: UseCase, view: View) -> list[Block]:
    """For audit: what of each source is usable, where the label comes from, why so many examples, why rules alone would not do."""
    _, line = view._, view.line
    held = [[view.code(item.source), _(USES[item.use]), line(item.note)] for item in draft.in_hand]
    points = [
        [_("Kind of task"), view.name(view.blueprint.task.kind)],
        [_("Moment of decision"), line(draft.scope.moment)],
        [_("Label"), line(draft.example.label_from)],
        [_("Volume needed"), line(draft.need.because)],
        [_("Smaller volume"), f"{view.amount('smaller_examples').text}: {line(draft.need.smaller_allows)}"],
        [_("Why learning at all"), line(draft.opponent.why_learning)],
    ]
    return [Table([_("Source"), _("Use"), _("What is usable")], held), Table([_("Point"), _("Reasoning")], points)]


def _full(sentence: str) -> str:
    return sentence if sentence.rstrip().endswith((".", "!", "?")) else f"{sentence.rstrip()}."


def _row(example: TrainingExample, view: View) -> str:
    inputs = ", ".join(f"{view.code(feature.field)} {view.name(feature.value)}" for feature in example.features)
    label = view.label(example.label) if example.output == "class" else view.name(example.label)
    rule = f" ({view.line(example.valid_if)})" if example.valid_if else ""
    return f"{inputs} → **{label}**{rule}"


def _sizes(draft: UseCase, view: View) -> list[list[str | Cell]]:
    _ = view._
    rows = [
        ("required_examples", _("Volume needed")), ("labelled_in_hand", _("Labelled today")),
        ("baseline", _("Success metric today")), (draft.opponent.level, _("Expected without a model")), ("target", _("Success metric, target")),
    ]  # fmt: skip
    return [[label, view.amount(key)] for key, label in rows]


_MOST_FEATURES = 4


def playbook(k: Desk) -> UseCase:
    """The use case without a model: what the archetype needs, said with the blueprint's sources, fields and figures."""
    t, decider = k.topic("use_case"), k.role("product")
    places = _places(k, t)
    _need(k, t, places)
    return UseCase(
        prose=f"{authoring.prose(k, t['prose'], places)}\n\n{k.say(t['cover'][_cover(k)], **places)}",
        scope=Scope(moment=k.say(t["moment"], **places), errors=k.say(t["errors"], **places), left_out=k.say(t["left_out"], **places)),
        example=_example(k, t, places),
        need=Need(because=k.say(t["volume"]["because"], **places), smaller_allows=k.say(t["volume"]["smaller_allows"], **places)),
        in_hand=[_in_hand(k, source, t, places) for source in k.blueprint.sources],
        opponent=Opponent(
            method=k.say(t["rival_method"], **places), level=_rival_level(k, t, places), margin="effect", why_learning=k.say(t["why_learning"], **places),
            stop=k.say(t["stop"], **places), decided_by=decider, decided_on=k.day("offline"),
        ),
        success=Success(counted=k.say(t["counted"], **places), guard=k.say(t["guard"], **places)),
        rejected=authoring.rejected(k, t["rejected"], places),
        actions=actions(k, t["actions"], places, "use_case"),
        risks=authoring.risks(k, t["risks"], places),
        quantities=k.quantities,
    )  # fmt: skip


def _places(k: Desk, t: Mapping[str, Any]) -> dict[str, str]:
    """Names for this section's sentences; `rival` is the way without learning."""
    task = k.blueprint.task
    own = {name: getattr(task, name).strip().rstrip(".") for name in ("takes", "gives", "decision", "approach")}
    own["decision"] = own["decision"][:1].lower() + own["decision"][1:]
    events = ", ".join(f"`{event.id}`" for event in k.blueprint.events[:3])
    places = {**names(k), **own, "classes": k.say("all classes"), "events": events}
    return {**places, "rival": k.say(t["rival"], **places)}


def _need(k: Desk, t: Mapping[str, Any], places: Mapping[str, str]) -> None:
    """The required and the smaller volume, from cited or signed inputs by expression."""
    volume = t["volume"]
    inputs(k, "use_case", volume["inputs"], places)
    if "use_case_outputs" in volume["required"] + volume["smaller"]:
        outputs(k, "use_case_outputs", k.say("classes, or kinds of output, that each need examples"), "domain", 1)
    rare = rare_share(k) if "RARE" in volume["required"] else ""
    for key, expression, meaning in (
        ("required_examples", volume["required"], k.say("%(example)s that training needs", **places)),
        ("smaller_examples", volume["smaller"], k.say("%(example)s that allow a smaller version", **places)),
    ):
        k.derive(key, k.blueprint.example, meaning, expression.replace("RARE", rare))


def _cover(k: Desk) -> str:
    """Whether the labelled stock carries the need: enough, short or unknown; untrained products need only judged cases."""
    if not k.blueprint.task.trains:
        return "untrained"
    numbers = authoring.known(k)
    required, labelled = numbers.get("required_examples"), numbers.get("labelled_in_hand")
    if required is None or labelled is None or required.value is None or labelled.value is None:
        return "unknown"
    return "enough" if labelled.value >= required.value else "short"


def _rival_level(k: Desk, t: Mapping[str, Any], places: Mapping[str, str]) -> str:
    """Expected level of the way without learning: it closes a part of the gap between today and the target."""
    owner, part = k.role("domain"), t["rival_part"]
    k.assume(
        "use_case_rival_part", part["value"], "percent", k.say("part of the way to the target that %(rival)s goes", **places), part["source"],
        k.say("If it goes further, the model may not be worth its upkeep."), k.say("Run %(rival)s on the benchmark before any training.", **places), owner, k.day("benchmark"),
    )  # fmt: skip
    return k.derive(
        "use_case_rival_level",
        "percent",
        k.say("expected level of the success metric with %(rival)s", **places),
        "baseline + (target - baseline) * use_case_rival_part",
    )


def _example(k: Desk, t: Mapping[str, Any], places: Mapping[str, str]) -> TrainingExample:
    classes = k.blueprint.classes
    chosen = next((c.id for c in classes if not NEUTRAL.search(c.id)), classes[0].id if classes else "")
    output: Output = "class" if classes else t["output"]
    low = high = None
    if output == "number":
        low = k.propose("use_case_label_low", t["label_low"], t["label_unit"], k.say("lowest label that is valid"), k.role("data_science"))
        high = _label_high(k, t)
    return TrainingExample(
        features=[Feature(field=field, value=value) for field, value in example_features(k, t, _MOST_FEATURES)],
        output=output, label=chosen or k.say(t["label"], **places), range_low=low, range_high=high,
        valid_if=k.say(t["valid_if"], **places) if output in ("ranking", "text") else None,
        label_from=k.say(t["label_from"], **places),
    )  # fmt: skip


def _label_high(k: Desk, t: Mapping[str, Any]) -> str:
    if "label_high" in t:
        return k.propose(
            "use_case_label_high", t["label_high"], t["label_unit"], k.say("highest label that is valid"), k.role("data_science")
        )
    why, how = (
        k.say("A label above it is an error of booking, and nobody has said where that begins."),
        k.say("Read the largest values of the last two years with the owner of the source."),
    )
    return k.unknown(
        "use_case_label_high", t["label_unit"], k.say("highest label that is valid"), why, how, k.role("domain"), k.day("audit")
    )


def _in_hand(k: Desk, source: Source, t: Mapping[str, Any], places: Mapping[str, str]) -> InHand:
    later = source.status == "to_build"
    use: Literal["training", "evaluation", "context", "later"] = (
        "later" if later else "training" if source.training and k.blueprint.task.trains else "context"
    )
    if source.kind == "annotations" and not later:
        use = "training" if source.training and k.blueprint.task.trains else "evaluation"
    note = "later" if later else "labels" if source.kind == "annotations" else use
    return InHand(
        source=source.id, use=use, note=k.say(t["notes"][note], **{**places, "name": plain(source.name, source.id)}, rows=source.rows)
    )


SECTION = Section(
    key="use_case",
    number=1,
    title=N_("AI use case and data needs"),
    scope="task, decision, training example, required volume, data in hand, way without learning, stop rule, success metric",
    draft=UseCase,
    checks=CHECKS,
    derived=figures,
    render=render,
    playbook=playbook,
    annex=annex,
)
