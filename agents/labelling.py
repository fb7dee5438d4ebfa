"""Labelling strategy: which labels are the truth, who labels what in which hours, and how agreement is held."""

from __future__ import annotations

from collections.abc import Iterator

from ai_data_strategy.agents.labelling_desk import playbook
from ai_data_strategy.agents.labelling_fields import LOWEST_AGREEMENT, METRICS, HumanLabels, Labelling
from ai_data_strategy.agents.section import Checks, Problem, Section, Skip, derived, is_menu
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
    if is_menu(draft.platform.chosen):
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


USES = {"full": N_("full"), "reduced": N_("reduced weight"), "excluded": N_("not used")}


def render(draft: Labelling, view: View) -> list[Block]:
    """The chapter's blocks after its heading: prose, stored labels, hours against hours, decisions."""
    _ = view._
    blocks: list[Block] = [*view.chapter(draft.prose)]
    stored = [[view.line(s.case), view.line(s.take), _(USES[s.use]), view.line(s.because)] for s in draft.stored]
    blocks.append(Table([_("Stored label"), _("Read as"), _("Use"), _("Why")], stored))
    blocks.append(Table([_("Human labels"), _("Amount")], _plan(draft, view)))
    blocks.append(Table([_("Point"), _("Decision")], _decisions(draft, view)))
    return blocks


def annex(draft: Labelling, view: View) -> list[Block]:
    """The guide of the classes, and the reason for each decision."""
    _ = view._
    guide = [_guide(draft, view)] if draft.guides else []
    return [*guide, Table([_("Point"), _("Why")], _reasons(draft, view))]


def _guide(draft: Labelling, view: View) -> Table:
    _ = view._
    rows = [[view.label(g.label), view.line(g.definition), view.name(g.positive), view.name(g.near_miss)] for g in draft.guides]
    return Table([_("Class"), _("Definition"), _("Clear case"), _("Near miss")], rows)


def _plan(draft: Labelling, view: View) -> list[list[str | Cell]]:
    _, human = view._, draft.human
    span = {"start": view.day(human.starts), "end": view.day(human.done_by), "minutes": view.number("minutes_per_item")}
    return [
        [_("Benchmark, read first"), view.amount("benchmark_items")],
        [_("Overlap, read twice and blind"), view.amount("overlap_items")],
        [_("Training and calibration"), view.amount("training_label_items")],
        [_("Hours, %(start)s to %(end)s, at %(minutes)s each") % span, view.amount("labelling_hours")],
        [_("Cost at %(rate)s") % {"rate": view.amount("annotator_rate").text}, view.amount("labelling_cost")],
    ]


def _decisions(draft: Labelling, view: View) -> list[list[str]]:
    _, line, agreed = view._, view.line, draft.agreement
    target = f"{_(METRICS[agreed.metric])} ≥ {view.number('agreement_target')} (± {view.number('labelling_kappa_width')})"
    return [
        [_("Annotators"), _sentences(line(draft.human.annotators))],
        [_("Never labelled"), _sentences(line(draft.blind_spot.who), line(draft.blind_spot.instrument))],
        [
            _("Agreement"),
            _sentences(target, line(agreed.below_target)) if agreed.metric != "none" else _sentences(_("none"), line(agreed.because)),
        ],
        [_("Platform"), _sentences(view.name(draft.platform.chosen), line(draft.platform.data_location))],
        [_("Cheap methods"), _cheap(draft, view)],
    ]


def _cheap(draft: Labelling, view: View) -> str:
    """Which cheap methods are used and which are not; the reasons stand in the annex."""
    _, methods = view._, _methods(draft, view)
    used = [f"{name} ({setting})" if setting else name for name, chosen, setting, _why in methods if chosen]
    unused = [name for name, chosen, _setting, _why in methods if not chosen]
    parts = [f"{_('used')}: {', '.join(used)}" if used else "", f"{_('not used')}: {', '.join(unused)}" if unused else ""]
    return "; ".join(filter(None, parts))


def _reasons(draft: Labelling, view: View) -> list[list[str]]:
    """Why each decision fell as it did; methods that are not used included."""
    _, line = view._, view.line
    return [
        [_("Order"), line(draft.human.order)],
        [_("Agreement"), line(draft.agreement.because)],
        [_("Platform"), line(draft.platform.because)],
        *([name if used else f"{name} ({_('not used')})", why] for name, used, _setting, why in _methods(draft, view)),
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
    """The settings that belong to a method."""
    return ", ".join(f"{label} {view.amount(key).text}" for label, key in settings if key)


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
