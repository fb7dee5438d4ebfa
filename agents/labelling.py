"""Labelling strategy: which labels are the truth, who labels what in which hours, and how agreement is held."""

from __future__ import annotations

from collections.abc import Iterator

from ai_data_strategy.agents.labelling_desk import playbook
from ai_data_strategy.agents.labelling_fields import LOWEST_AGREEMENT, METRICS, HumanLabels, Labelling
from ai_data_strategy.agents.section import Checks, Problem, Section, Skip, derived
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.domain import Quantity
from ai_data_strategy.typeset.blocks import Block, Cell, Table
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.view import View


def figures(_draft: Labelling) -> list[Quantity]:
    """The figures that code adds: items, hours, weeks and cost of human labels, and how sure the agreement is."""
    return [
        derived("human_items", "{example}", "labels that people give: benchmark, overlap and training", "benchmark_items + overlap_items + training_label_items"),
        derived("labelling_hours", "hour", "annotator hours for all human labels", "labelling_hours(human_items, minutes_per_item)"),
        derived("labelling_weeks", "week", "weeks of labelling at the hours that annotators have", "weeks_of_work(labelling_hours, annotator_hours)"),
        derived(
            "labelling_first_weeks", "week", "weeks of labelling for benchmark and overlap alone",
            "weeks_of_work(labelling_hours(benchmark_items + overlap_items, minutes_per_item), annotator_hours)",
        ),
        derived("labelling_kappa_width", "coefficient", "half of the interval of agreement on the overlap", "kappa_half_width(agreement_target, overlap_items)"),
        derived("labelling_cost", "{currency}", "cost of all human labels", "labelling_hours * annotator_rate"),
    ]  # fmt: skip


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
    yield from _hours_fit(draft.human, sheet)


def _hours_fit(human: HumanLabels, sheet: Sheet) -> Iterator[Problem]:
    needed, there = sheet.number("labelling_weeks", "week"), (human.done_by - human.starts).days / 7
    if needed is not None and needed > there:
        yield Problem(
            "human",
            f"labelling takes {needed:g} weeks at the hours there are, but only {there:.1f} lie between starts and done_by: move done_by or ask for fewer items",
        )


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


SHOWN_GUIDES = 4
"""Classes whose guide stands in the chapter; with more classes the whole guide is an annex."""
USES = {"full": N_("full"), "reduced": N_("reduced weight"), "excluded": N_("not used")}


def render(draft: Labelling, view: View) -> list[Block]:
    """The chapter's blocks after its heading: prose, stored labels, class guide, hours against hours, methods."""
    _ = view._
    blocks: list[Block] = [*view.prose(draft.prose)]
    stored = [[view.line(s.case), view.line(s.take), _(USES[s.use]), view.line(s.because)] for s in draft.stored]
    blocks.append(Table([_("Stored label"), _("Read as"), _("Use"), _("Why")], stored))
    if len(draft.guides) <= SHOWN_GUIDES:
        blocks.append(_guide(draft, view))
    blocks.append(Table([_("Human labels"), _("Amount"), _("When and how")], _plan(draft, view)))
    blocks.append(Table([_("Point"), _("Decision"), _("Why")], _decisions(draft, view)))
    return blocks


def annex(draft: Labelling, view: View) -> list[Block]:
    """The class guide where it is too long for the chapter, and why a cheap method is not used."""
    _ = view._
    unused = [[name, why] for name, used, _setting, why in _methods(draft, view) if not used]
    guide = [_guide(draft, view)] if len(draft.guides) > SHOWN_GUIDES else []
    return [*guide, Table([_("Method not used"), _("Why")], unused)]


def _guide(draft: Labelling, view: View) -> Table:
    _ = view._
    rows = [[view.label(g.label), view.line(g.definition), view.name(g.positive), view.name(g.near_miss)] for g in draft.guides]
    return Table([_("Class"), _("Definition"), _("Clear case"), _("Near miss")], rows)


def _plan(draft: Labelling, view: View) -> list[list[str | Cell]]:
    _, human = view._, draft.human
    span = _("%(start)s to %(end)s") % {"start": view.day(human.starts), "end": view.day(human.done_by)}
    weeks = _("%(minutes)s each, %(free)s: %(weeks)s") % {
        "minutes": view.number("minutes_per_item"), "free": view.amount("annotator_hours").text, "weeks": view.number("labelling_weeks"),
    }  # fmt: skip
    return [
        [_("Benchmark"), view.amount("benchmark_items"), view.line(human.order)],
        [_("Overlap for agreement"), view.amount("overlap_items"), _("read by two or more, blind to each other")],
        [_("Training and calibration"), view.amount("training_label_items"), span],
        [_("Hours for all"), view.amount("labelling_hours"), weeks],
        [_("Cost"), view.amount("labelling_cost"), _("at %(rate)s") % {"rate": view.amount("annotator_rate").text}],
    ]


def _decisions(draft: Labelling, view: View) -> list[list[str]]:
    _, line, agreed = view._, view.line, draft.agreement
    target = f"{_(METRICS[agreed.metric])} ≥ {view.number('agreement_target')} (± {view.number('labelling_kappa_width')})"
    methods = _methods(draft, view)
    unused = ", ".join(name for name, used, _setting, _why in methods if not used)
    return [
        [_("Annotators"), view.role(draft.human.owner), line(draft.human.annotators)],
        [_("Never labelled"), line(draft.blind_spot.who), line(draft.blind_spot.instrument)],
        [_("Agreement"), target if agreed.metric != "none" else _("none"), _sentences(line(agreed.because), line(agreed.below_target))],
        [_("Platform"), view.name(draft.platform.chosen), _sentences(line(draft.platform.because), line(draft.platform.data_location))],
        *([name, setting, why] for name, used, setting, why in methods if used),
        *([[_("Not used"), unused, _("reasons in the annex")]] if unused else []),
    ]


def _methods(draft: Labelling, view: View) -> list[tuple[str, bool, str, str]]:
    """Each cheap method: name, whether it is used, its settings, and why."""
    _, line = view._, view.line
    semi, weak, made, llm = draft.semi_supervised, draft.weak_supervision, draft.synthetic, draft.llm_labeller
    functions = ("; ".join(line(part) for part in weak.functions), line(weak.conflicts or "")) if weak.used else ()
    seed, checked = (_("seed"), semi.seed_items), (_("checked"), semi.validated_items)
    agreed = (_("agreement at least"), llm.least_agreement)
    return [
        (_("Semi-supervised"), semi.used, _used(view, seed, checked), line(semi.because)),
        (_("Weak supervision"), weak.used, _used(view), _sentences(line(weak.because), *functions)),
        (
            _("Synthetic data"),
            made.used,
            _used(view, (_("at most"), made.ceiling)),
            _sentences(line(made.because), line(made.checked_by or "")),
        ),
        (_("LLM as labeller"), llm.used, _used(view, (_("checked"), llm.checked_items), agreed), line(llm.because)),
    ]


def _sentences(*parts: str) -> str:
    """Parts as sentences: each ends in one full stop."""
    return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in parts if part)


def _used(view: View, *settings: tuple[str, str | None]) -> str:
    """That a method is used, with the settings that belong to it."""
    amounts = ", ".join(f"{label} {view.amount(key).text}" for label, key in settings if key)
    return f"{view._('used')}: {amounts}" if amounts else view._("used")


SECTION = Section(
    key="labelling",
    number=4,
    title=N_("Labelling strategy"),
    scope="which stored labels are trusted, who labels what, class guidelines, agreement, labelling platform, cheap label methods, labelling hours and cost",
    draft=Labelling,
    checks=CHECKS,
    derived=figures,
    render=render,
    playbook=playbook,
    annex=annex,
)
