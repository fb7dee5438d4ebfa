"""Data versioning and lineage: what is recorded with each model version, how a past one is rebuilt, who labelled what when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from ai_data_strategy.agents import authoring
from ai_data_strategy.agents.furnishing import actions, names
from ai_data_strategy.agents.section import Checks, Draft, Problem, Section, is_menu
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.domain import Id, Key, Line, Model, Name, Quantity
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.typeset.blocks import Block, Table
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.view import View

_PERSON = re.compile(r"customer|user|payer|person|client|account|patient|caller|speaker")
CADENCE_CAP_DAYS = 366


class Tool(Model):
    """The one tool that versions data sets and models together."""

    chosen: Annotated[Name, Field(description="one product name")]
    because: Annotated[Line, Field(description="why it fits this data: size, who may erase, what the team runs already")]
    stores: Annotated[Line, Field(description="what it stores itself, what it only points to, and where that lies")]


class ModelRecord(Model):
    """What is written with each model version (or prompt and index version, where nothing is trained)."""

    snapshot_hash: Annotated[Line, Field(description="what exactly is hashed, and by which rule rows are chosen as of which time")]
    guidelines_version: Annotated[Name, Field(description="the blueprint's guidelines version")]
    preprocessing_version: Annotated[Line, Field(description="how the code that makes features is pinned, with its lists and tables")]
    also: Annotated[list[Line], Field(max_length=4, description="what else decides the behaviour: thresholds, seeds, base model, prompts")]


class Lineage(Model):
    """From a person to an example to a model and back, so that erasure can be carried out."""

    person_to_example: Annotated[Line, Field(description="which stored key leads from a person or owner to examples")]
    example_to_model: Annotated[Line, Field(description="how the versions that saw an example are found")]
    keys_stored: Annotated[bool, Field(description="true if both keys are stored as long as the examples are")]
    after_erasure: Annotated[Line, Field(description="what an erasure does to snapshots, models and later rebuilding")]


class Reproduction(Model):
    """How a past model is rebuilt, and the test that shows that it still can be."""

    steps: Annotated[list[Line], Field(min_length=2, max_length=5)]
    every: Annotated[Key, Field(description="quantity in time: how often the test runs")]
    metric: Annotated[Line, Field(description="what is compared, on which set")]
    tolerance: Annotated[Key, Field(description="largest accepted difference")]
    on_failure: Line
    owner: Id


class LabelTrail(Model):
    """What is stored with each label."""

    who: Annotated[Line, Field(description="the field that says who, and who may resolve it to a name")]
    what: Annotated[Line, Field(description="old and new label; rows are added, never overwritten")]
    when: Annotated[Line, Field(description="time of the event and time of knowing")]
    which_guidelines: Line
    kept: Annotated[Key, Field(description="quantity in time: how long the trail is kept")]


class Versioning(Draft):
    """Versions and lineage of one product."""

    tool: Tool
    record: ModelRecord
    lineage: Lineage
    reproduction: Reproduction
    trail: LabelTrail


def figures(_draft: Versioning) -> list[Quantity]:
    """Code adds nothing: cadence, tolerance and retention are settings of the draft."""
    return []


CHECKS = Checks()


@CHECKS("VL1")
def one_tool_is_chosen(draft: Versioning, _sheet: Sheet) -> Iterator[Problem]:
    tool = draft.tool
    if not (tool.chosen.strip() and tool.because.strip() and tool.stores.strip()):
        yield Problem("tool", "choose one tool, say why, and what it stores where")
    if is_menu(tool.chosen):
        yield Problem("tool", f"{tool.chosen!r} is a menu: choose one")


@CHECKS("VL2")
def each_version_is_recorded(draft: Versioning, sheet: Sheet) -> Iterator[Problem]:
    record = draft.record
    for name in ("snapshot_hash", "guidelines_version", "preprocessing_version"):
        if not getattr(record, name).strip():
            yield Problem("record", f"{name} is empty: say what is recorded with each model version")
    if record.guidelines_version.strip() and record.guidelines_version != sheet.blueprint.guidelines_version:
        yield Problem(
            "record", f"guidelines version {record.guidelines_version!r} is {sheet.blueprint.guidelines_version!r} in the blueprint"
        )
    if sheet.personal_sources and not draft.lineage.keys_stored:
        yield Problem("lineage", "sources hold personal data: without stored keys from person to example to model nobody can erase")


@CHECKS("VL3")
def a_past_model_can_be_rebuilt(draft: Versioning, sheet: Sheet) -> Iterator[Problem]:
    test = draft.reproduction
    if sum(1 for step in test.steps if step.strip()) < 2:
        yield Problem("reproduction", "give the procedure in at least two steps")
    days = sheet.number(test.every, "day")
    if days is None or not 0 < days <= CADENCE_CAP_DAYS:
        yield Problem("reproduction", f"{test.every!r} must be a time of at most a year between two tests")
    tolerance = sheet.entry(test.tolerance)
    if tolerance is None or not tolerance.known or (tolerance.low or 0) < 0:
        yield Problem("reproduction", f"the tolerance {test.tolerance!r} has no value")
    if test.owner not in sheet.role_ids:
        yield Problem("reproduction", f"owner {test.owner!r} is no role: use one of {sorted(sheet.role_ids)}")
    if not (test.metric.strip() and test.on_failure.strip()):
        yield Problem("reproduction", "say what is compared and what follows a failed test")


@CHECKS("VL4")
def each_label_has_a_trail(draft: Versioning, sheet: Sheet) -> Iterator[Problem]:
    for name in ("who", "what", "when", "which_guidelines"):
        if not getattr(draft.trail, name).strip():
            yield Problem("trail", f"{name} is not stored with each label")
    if not sheet.stands(draft.trail.kept):
        yield Problem("trail", f"say how long the trail is kept: {draft.trail.kept!r} has no value")


def render(draft: Versioning, view: View) -> list[Block]:
    """Prose, then tool, snapshot, lineage and the test of rebuilding in one table."""
    _ = view._
    record, lineage, test = draft.record, draft.lineage, draft.reproduction
    every = _("Every %(time)s, tolerance %(tolerance)s. %(failure)s") % {
        "time": view.number(test.every), "tolerance": view.number(test.tolerance), "failure": view.line(test.on_failure)
    }  # fmt: skip
    rows = [
        [_("Tool"), f"**{view.name(draft.tool.chosen)}**. {view.line(draft.tool.because)}"],
        [_("Snapshot hash"), view.line(record.snapshot_hash)],
        [_("Guidelines version"), view.name(record.guidelines_version)],
        [_("Code version"), view.line(record.preprocessing_version)],
        [_("From person to example"), view.line(lineage.person_to_example)],
        [_("From example to model"), view.line(lineage.example_to_model)],
        [_("Test of rebuilding"), every],
    ]
    return [*view.chapter(draft.prose), Table([_("Point"), _("Rule")], rows)]


def annex(draft: Versioning, view: View) -> list[Block]:
    """For audit: what else is recorded, erasure, the steps of rebuilding, the trail of a label."""
    _, test, trail = view._, draft.reproduction, draft.trail
    steps = " → ".join(view.line(step).removesuffix(".") for step in test.steps)
    rows = [
        [_("Stored where"), view.line(draft.tool.stores)],
        [_("Also recorded"), "; ".join(view.line(item) for item in draft.record.also)],
        [_("After an erasure"), view.line(draft.lineage.after_erasure)],
        [_("Rebuilding"), f"{steps}: {view.line(test.metric)} ({view.role(test.owner)})"],
        [_("Label: who"), view.line(trail.who)],
        [_("Label: what"), view.line(trail.what)],
        [_("Label: when"), view.line(trail.when)],
        [_("Label: guidelines"), view.line(trail.which_guidelines)],
        [_("Label: kept for"), view.number(trail.kept)],
    ]
    return [Table([_("Versions and lineage"), _("Rule")], rows)]


def playbook(k: Desk) -> Versioning:
    """Versions and lineage without a model: the tool by archetype, the keys from the blueprint's fields and sources."""
    t, places, owner = k.topic("versioning"), _places(k), k.role("data_engineering")
    personal = any(field.sensitivity != "none" for source in k.blueprint.sources for field in source.fields)
    test = t["reproduction"]
    every = k.propose("versioning_test_every", test["every"], "day", k.say("time between two tests of rebuilding"), owner)
    tolerance = k.propose(
        "versioning_tolerance",
        test["tolerance"],
        "point",
        k.say("largest accepted difference of a rebuilt version"),
        k.role("data_science"),
    )
    keys = t["personal"] if personal else t["impersonal"]
    return Versioning(
        prose=authoring.prose(k, [*t["prose"], t["erasure"] if personal else t["no_persons"]], places),
        tool=Tool(chosen=t["tool"], because=k.say(t["because"], **places), stores=k.say(t["stores"], **places)),
        record=ModelRecord(
            snapshot_hash=k.say(t["snapshot"], **places), guidelines_version=k.blueprint.guidelines_version,
            preprocessing_version=k.say(t["preprocessing"], **places), also=[k.say(item, **places) for item in t["also"]],
        ),
        lineage=Lineage(
            person_to_example=k.say(keys["person"], **places), example_to_model=k.say(t["example_to_model"], **places), keys_stored=True,
            after_erasure=k.say(keys["erased"], **places),
        ),
        reproduction=Reproduction(
            steps=[k.say(step, **places) for step in test["steps"]], every=every, metric=k.say(test["metric"], **places), tolerance=tolerance,
            on_failure=k.say(test["on_failure"], **places), owner=owner,
        ),
        trail=_label_trail(k, t["trail"], places),
        rejected=authoring.rejected(k, t["rejected"], places), actions=actions(k, t["actions"], places, "versioning"),
        risks=authoring.risks(k, t["risks"], places), quantities=k.quantities,
    )  # fmt: skip


def _label_trail(k: Desk, t: dict[str, str], places: dict[str, str]) -> LabelTrail:
    """The trail lives as long as labels can be in a snapshot: the training window."""
    who, what, when, which = (k.say(t[name], **places) for name in ("who", "what", "when", "which_guidelines"))
    return LabelTrail(who=who, what=what, when=when, which_guidelines=which, kept="training_window")


def _places(k: Desk) -> dict[str, str]:
    """Names of this section's sentences: the field that leads to a person, the sources in training."""
    sources = [source for source in k.blueprint.sources if source.training] or k.blueprint.sources
    fields = [(s.id, f) for s in sources for f in s.fields]
    whose = [(s, f.id) for s, f in fields if f.sensitivity == "personal"] or [(s, f.id) for s, f in fields if f.sensitivity != "none"]
    first = whose[0] if whose else (sources[0].id, sources[0].fields[0].id)
    person = next((item for item in whose if _PERSON.search(item[1])), first)
    return {
        **names(k), "person_key": f"`{person[0]}.{person[1]}`", "trained": ", ".join(f"`{source.id}`" for source in sources[:4]),
        "guidelines": f"`{k.blueprint.guidelines_version}`", "class_list": k.say("classes and their definitions") if k.blueprint.classes else k.say("definition of a right answer"),
    }  # fmt: skip


SECTION = Section(
    key="versioning",
    number=10,
    title=N_("Data versioning and lineage"),
    scope="versioning tool, record of each model version, lineage from person to example to model, rebuilding test, trail of each label",
    draft=Versioning,
    checks=CHECKS,
    derived=figures,
    render=render,
    playbook=playbook,
    annex=annex,
)
