"""Labelling strategy: who labels what, by which method, at what cost, and how agreement is held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from ai_data_strategy.agents.section import Checks, Draft, Problem, Section, Skip, derived
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.domain import Id, Illustration, Key, Line, Model, Name, Quantity
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.typeset.blocks import Block, Table
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.view import View

Metric = Literal["cohen_kappa", "weighted_kappa", "fleiss_kappa", "krippendorff_alpha", "iou", "exact_match", "none"]
METRICS = {
    "cohen_kappa": N_("Cohen's kappa"), "weighted_kappa": N_("weighted kappa"), "fleiss_kappa": N_("Fleiss' kappa"),
    "krippendorff_alpha": N_("Krippendorff's alpha"), "iou": N_("intersection over union"), "exact_match": N_("exact match"), "none": N_("none"),
}  # fmt: skip
LOWEST_AGREEMENT = 0.8


class HumanLabels(Model):
    """Human labels: ground truth and evaluation set. Items, minutes and rates are shared figures of the blueprint."""

    annotators: Annotated[Line, Field(description="who labels and why they can judge it")]
    owner: Id
    ground_truth: Annotated[bool, Field(description="true if human labels are the ground truth")]
    evaluation: Annotated[bool, Field(description="true if only human (or outcome) labels enter the evaluation set")]


class ClassGuide(Model):
    """Guideline of one class: what it is, a clear case, and a near miss with the class it belongs to instead."""

    label: Annotated[Id, Field(description="id of a class of the blueprint")]
    definition: Line
    positive: Illustration
    near_miss: Illustration


class Agreement(Model):
    """How agreement between annotators is measured and what follows below the target."""

    metric: Metric
    because: Annotated[Line, Field(description="why it fits the task, the scale and the number of annotators; if none, why it does not apply")]
    below_target: Line


class Platform(Model):
    """The one labelling tool."""

    chosen: Name
    because: Line
    data_location: Line


class SemiSupervised(Model):
    """Labels spread from a seed set. If used: keys of seed size and validated sample."""

    used: bool
    because: Line
    seed_items: Key | None
    validated_items: Key | None


class WeakSupervision(Model):
    """Label functions. If used: their rules and how conflicts are resolved."""

    used: bool
    because: Line
    functions: Annotated[list[Line], Field(max_length=5)]
    conflicts: Line | None


class SyntheticData(Model):
    """Generated examples. If used: checks of distribution and quality, and the key of the ceiling on their share."""

    used: bool
    because: Line
    checked_by: Line | None
    ceiling: Key | None


class LlmLabeller(Model):
    """Labels by a language model. If used: keys of the sample checked against people and of the least agreement."""

    used: bool
    because: Line
    checked_items: Key | None
    least_agreement: Key | None


class Labelling(Draft):
    """The labelling strategy of one product."""

    human: HumanLabels
    guides: Annotated[list[ClassGuide], Field(max_length=20)]
    agreement: Agreement
    platform: Platform
    semi_supervised: SemiSupervised
    weak_supervision: WeakSupervision
    synthetic: SyntheticData
    llm_labeller: LlmLabeller


def figures(_draft: Labelling) -> list[Quantity]:
    """The figures that code adds: items, hours, weeks and cost of human labels."""
    return [
        derived("human_items", "{example}", "labels that people give: benchmark, overlap and training", "benchmark_items + overlap_items + training_label_items"),
        derived("labelling_hours", "hour", "annotator hours for all human labels", "labelling_hours(human_items, minutes_per_item)"),
        derived("labelling_weeks", "week", "weeks of labelling at the hours that annotators have", "weeks_of_work(labelling_hours, annotator_hours)"),
        derived("labelling_cost", "{currency}", "cost of all human labels", "labelling_hours * annotator_rate"),
    ]


CHECKS = Checks()


@CHECKS("LB1")
def people_label_the_truth(draft: Labelling, sheet: Sheet) -> Iterator[Problem]:
    if not (draft.human.ground_truth and draft.human.evaluation):
        yield Problem("human", "human labels must be the ground truth and the evaluation set")
    if draft.human.owner not in sheet.role_ids:
        yield Problem("human", f"owner {draft.human.owner!r} is no role of the blueprint: use one of {sorted(sheet.role_ids)}")
    for key in ("annotators", "human_items", "labelling_cost"):
        if not sheet.stands(key):
            yield Problem("human", f"{key} has no value and is not marked unknown")


@CHECKS("LB2")
def every_class_has_a_guide(draft: Labelling, sheet: Sheet) -> Iterator[Problem | Skip]:
    if not sheet.class_ids:
        yield Skip(sheet.blueprint.no_classes_because or "no label classes")
        return
    guided = {guide.label for guide in draft.guides if guide.definition and guide.positive and guide.near_miss}
    for missing in sorted(sheet.class_ids - guided):
        yield Problem("guides", f"class {missing!r} has no definition with a positive example and a near miss")
    for extra in sorted(guided - sheet.class_ids):
        yield Problem("guides", f"{extra!r} is no class of the blueprint")


@CHECKS("LB3")
def agreement_has_a_target(draft: Labelling, sheet: Sheet) -> Iterator[Problem | Skip]:
    if draft.agreement.metric == "none" and not sheet.class_ids and sheet.waived("overlap_items"):
        yield Skip(draft.agreement.because)
        return
    if draft.agreement.metric == "none":
        yield Problem("agreement", "choose an agreement metric that fits the task")
    if (sheet.number("agreement_target", "coefficient") or 0) < LOWEST_AGREEMENT:
        yield Problem("agreement", f"the agreement target must be at least {LOWEST_AGREEMENT}")
    if not (sheet.number("overlap_items", "{example}") or 0) > 0:
        yield Problem("agreement", "overlap_items must say how many items are labelled twice")


@CHECKS("LB5")
def a_platform_is_chosen(draft: Labelling, sheet: Sheet) -> Iterator[Problem]:
    if not (draft.platform.chosen and draft.platform.because and draft.platform.data_location):
        yield Problem("platform", "choose one platform, say why, and where the data stay")
    if any(mark in draft.platform.chosen for mark in (" or ", " / ", ",")):
        yield Problem("platform", f"{draft.platform.chosen!r} is a menu: choose one")


@CHECKS("LB6")
def semi_supervised_is_decided(draft: Labelling, sheet: Sheet) -> Iterator[Problem]:
    method = draft.semi_supervised
    if not method.because:
        yield Problem("semi_supervised", "say why it is used or not")
    if method.used and not (sheet.known(method.seed_items) and sheet.known(method.validated_items)):
        yield Problem("semi_supervised", "used without a seed size and a validated sample: name both quantities")


@CHECKS("LB7")
def weak_supervision_is_decided(draft: Labelling, sheet: Sheet) -> Iterator[Problem]:
    method = draft.weak_supervision
    if not method.because:
        yield Problem("weak_supervision", "say why it is used or not")
    if method.used and not (method.functions and method.conflicts):
        yield Problem("weak_supervision", "used without label functions and a rule for conflicts")


@CHECKS("LB8")
def synthetic_data_are_decided(draft: Labelling, sheet: Sheet) -> Iterator[Problem]:
    method = draft.synthetic
    if not method.because:
        yield Problem("synthetic", "say why they are used or not")
    if method.used and not (method.checked_by and sheet.known(method.ceiling)):
        yield Problem("synthetic", "used without a check of distribution and quality and a ceiling on their share")


@CHECKS("LB9")
def llm_labeller_is_decided(draft: Labelling, sheet: Sheet) -> Iterator[Problem]:
    method = draft.llm_labeller
    if not method.because:
        yield Problem("llm_labeller", "say why it is used or not")
    if method.used and not (sheet.known(method.checked_items) and sheet.known(method.least_agreement)):
        yield Problem("llm_labeller", "used without a sample checked against people and a least agreement")


def render(draft: Labelling, view: View) -> list[Block]:
    """The chapter's blocks after its heading: prose, class guide, plan of human labels, methods."""
    _ = view._
    blocks: list[Block] = [*view.prose(draft.prose)]
    if draft.guides:
        rows = [[view.label(g.label), view.line(g.definition), view.name(g.positive), view.name(g.near_miss)] for g in draft.guides]
        blocks.append(Table([_("Class"), _("Definition"), _("Clear case"), _("Near miss")], rows))
    keys = {
        "benchmark_items": _("Benchmark"), "overlap_items": _("Overlap for agreement"), "training_label_items": _("Training and calibration"),
        "human_items": _("All human labels"), "labelling_hours": _("Hours of work"), "labelling_weeks": _("Weeks at the hours there are"),
        "labelling_cost": _("Cost"),
    }  # fmt: skip
    blocks.append(Table([_("Human labels"), _("Amount")], [[label, view.amount(key)] for key, label in keys.items()]))
    blocks.append(Table([_("Point"), _("Decision"), _("Why")], _decisions(draft, view)))
    return blocks


def _decisions(draft: Labelling, view: View) -> list[list[str]]:
    _ = view._
    semi, weak, made, llm = draft.semi_supervised, draft.weak_supervision, draft.synthetic, draft.llm_labeller
    agreement = f"{_(METRICS[draft.agreement.metric])} ≥ {view.number('agreement_target')}" if draft.agreement.metric != "none" else _("none")
    return [
        [_("Annotators"), view.role(draft.human.owner), view.line(draft.human.annotators)],
        [_("Agreement"), agreement, f"{view.line(draft.agreement.because)} {view.line(draft.agreement.below_target)}"],
        [_("Platform"), view.name(draft.platform.chosen), f"{view.line(draft.platform.because)} {view.line(draft.platform.data_location)}"],
        [_("Semi-supervised"), _used(semi.used, view, semi.seed_items, semi.validated_items), view.line(semi.because)],
        [_("Weak supervision"), _used(weak.used, view), " ".join(view.line(part) for part in (weak.because, *weak.functions, weak.conflicts or ""))],
        [_("Synthetic data"), _used(made.used, view, made.ceiling), f"{view.line(made.because)} {view.line(made.checked_by or '')}"],
        [_("LLM as labeller"), _used(llm.used, view, llm.checked_items, llm.least_agreement), view.line(llm.because)],
    ]


def _used(used: bool, view: View, *keys: str | None) -> str:
    amounts = ", ".join(view.amount(key).text for key in keys if key) if used else ""
    return f"{view._('used')}: {amounts}" if amounts else view._("used") if used else view._("not used")


def playbook(k: Desk) -> Labelling:
    """The labelling strategy without a model: archetype knowledge over the blueprint's shared figures."""
    t, owner = k.topic("labelling"), k.role("domain")
    product, example = k.blueprint.product, k.blueprint.example
    semi, weak, made, llm = t["semi_supervised"], t["weak_supervision"], t["synthetic"], t["llm_labeller"]
    return Labelling(
        prose=k.say(t["prose"], product=product, example=example, metric=k.say(METRICS[t["metric"]])),
        human=HumanLabels(annotators=k.say(t["annotators"], example=example), owner=owner, ground_truth=True, evaluation=True),
        guides=[
            ClassGuide(label=c.id, definition=c.definition, positive=k.say(t["positive"], label=c.name, example=example), near_miss=k.say(t["near_miss"], label=c.name, example=example))
            for c in k.blueprint.classes
        ],
        agreement=Agreement(metric=t["metric"], because=k.say(t["metric_because"]), below_target=k.say(t["below_target"])),
        platform=Platform(chosen=t["platform"], because=k.say(t["platform_because"]), data_location=k.say(t["data_location"])),
        semi_supervised=SemiSupervised(used=False, because=k.say(semi["because"]), seed_items=None, validated_items=None),
        weak_supervision=WeakSupervision(used=weak["used"], because=k.say(weak["because"]), functions=[k.say(f) for f in weak.get("functions", [])], conflicts=k.say(weak["conflicts"]) if weak["used"] else None),
        synthetic=SyntheticData(used=False, because=k.say(made["because"]), checked_by=None, ceiling=None),
        llm_labeller=LlmLabeller(used=False, because=k.say(llm["because"]), checked_items=None, least_agreement=None),
        rejected=[],
        actions=[],
        risks=[],
        quantities=k.quantities,
    )


SECTION = Section(
    key="labelling",
    number=4,
    title=N_("Labelling strategy"),
    scope="who labels what, class guidelines, agreement, labelling platform, cheap label methods, labelling cost",
    draft=Labelling,
    checks=CHECKS,
    derived=figures,
    render=render,
    playbook=playbook,
)
