"""Benchmark data set: what it holds, what it can decide, and how it stays fixed and unseen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ai_data_strategy.agents.benchmark_desk import playbook
from ai_data_strategy.agents.benchmark_fields import KINDS, PLACES, Benchmark, Gate, HardCase, Part
from ai_data_strategy.agents.section import Checks, Problem, Section, derived
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.domain import Quantity
from ai_data_strategy.quantities.formulas import half_width
from ai_data_strategy.typeset.blocks import Block, Bullets, Cell, Paragraph, Table
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.view import View

SMALLEST = 500
"""Items that a benchmark must have."""
FEWEST = 30
"""Items below which nothing is decided about a slice."""
LONGEST = 365
"""Days between two refreshes, at most."""
WIDEST = 50.0
"""Level at which the interval of a share is widest: used where the level is unknown. Source: variance p(1-p)."""


def figures(draft: Benchmark) -> list[Quantity]:
    """The sum of the parts, and the half width that each gate's sample allows."""
    total = derived("allocated_items", "{example}", "items of all parts of the benchmark", " + ".join(part.items for part in draft.parts))
    whole = derived(
        "benchmark_half_width", "point", "half of the interval at the target on the whole benchmark", "half_width(target, benchmark_items)"
    )
    own = [gate for gate in draft.gates if gate.half_width is None]
    meaning = "half of the interval that the items of this gate allow"
    return [total, whole, *(derived(width_key(gate), "point", meaning, f"half_width({gate.level}, {gate.items})") for gate in own)]


def width_key(gate: Gate) -> str:
    """Key of a gate's half width: its own, or the one that code computes."""
    return gate.half_width or f"benchmark_width_{gate.id}"[:60]


CHECKS = Checks()


@CHECKS("BM1")
def it_is_big_enough(draft: Benchmark, sheet: Sheet) -> Iterator[Problem]:
    items = sheet.number("benchmark_items", "{example}", "low")
    if items is None or items < SMALLEST:
        yield Problem("parts", f"benchmark_items must be a number of at least {SMALLEST}, not {items}")


@CHECKS("BM2")
def the_parts_add_up(draft: Benchmark, sheet: Sheet) -> Iterator[Problem]:
    kinds = {part.kind for part in draft.parts}
    wanted = [kind for kind in KINDS if kind != "subgroup" or not draft.no_subgroups_because or _small_slices(sheet)]
    if missing := [kind for kind in wanted if kind not in kinds]:
        yield Problem("parts", f"no part is {', '.join(missing)}")
    for key, count in Counter(part.items for part in draft.parts).items():
        if count > 1:
            yield Problem("parts", f"{key!r} counts two parts: give each its own quantity")
        if not (sheet.number(key, "{example}") or 0) > 0:
            yield Problem("parts", f"{key!r} is no number of items")
    for part in draft.parts:
        if (part.kind == "subgroup" or part.slice) and part.slice not in sheet.slice_ids:
            yield Problem("parts", f"{part.slice!r} is no slice of the blueprint: use one of {sorted(sheet.slice_ids)}")
    total, size = sheet.number("allocated_items", "{example}"), sheet.number("benchmark_items", "{example}")
    if total != size:
        yield Problem("parts", f"the parts add up to {total}, but the benchmark has {size} items")


def _small_slices(sheet: Sheet) -> bool:
    return any(item.kind in ("group", "rare") for item in sheet.blueprint.slices)


@CHECKS("BM3")
def every_gate_can_decide(draft: Benchmark, sheet: Sheet) -> Iterator[Problem]:
    if all(gate.slice is not None for gate in draft.gates):
        yield Problem("gates", "no gate is on the whole benchmark")
    decided = {gate.slice for gate in draft.gates}
    for slice_ in sorted({part.slice for part in draft.parts if part.kind == "subgroup" and part.slice} - decided):
        yield Problem("gates", f"slice {slice_!r} has items but nothing says what they decide")
    for gate in draft.gates:
        if gate.slice is not None and gate.slice not in sheet.slice_ids:
            yield Problem("gates", f"{gate.id}: {gate.slice!r} is no slice of the blueprint")
        yield from _decidable(gate, sheet)


def _decidable(gate: Gate, sheet: Sheet) -> Iterator[Problem]:
    if gate.verdict == "not_decidable":
        return
    items = sheet.number(gate.items, "{example}", "low")
    if items is None or items < FEWEST:
        yield Problem("gates", f"{gate.id}: {items} items decide nothing (fewer than {FEWEST}): add items or call it not_decidable")
        return
    if gate.verdict == "gate":
        yield from _margin_fits(gate, items, sheet)


def _margin_fits(gate: Gate, items: float, sheet: Sheet) -> Iterator[Problem]:
    margin, width = sheet.number(gate.margin, "point", "low"), sheet.number(width_key(gate), "point", "high")
    if width is None and gate.half_width is None:
        width = half_width(WIDEST, items)
    if margin is None or width is None:
        yield Problem("gates", f"{gate.id}: margin {gate.margin!r} and half width must be numbers in points")
    elif margin < width:
        yield Problem(
            "gates",
            f"{gate.id}: a margin of {margin:g} points is finer than the ± {width:.1f} that {items:g} items allow: widen it, add items, or only report",
        )


@CHECKS("BM4")
def it_is_frozen(draft: Benchmark, sheet: Sheet) -> Iterator[Problem]:
    freeze = draft.freeze
    if not (freeze.version.strip() and freeze.content_hash.strip() and freeze.readers.strip()):
        yield Problem("freeze", "give a version, a content hash and who may read")
    builders = {role.id for role in sheet.blueprint.roles if role.duty == "data_science"}
    for role in freeze.write_access:
        if role not in sheet.role_ids:
            yield Problem("freeze", f"write access of {role!r}: no role of the blueprint")
        elif role in builders:
            yield Problem("freeze", f"{role!r} builds the model and must not write its benchmark")


@CHECKS("BM5")
def it_is_never_trained_on(draft: Benchmark, sheet: Sheet) -> Iterator[Problem]:
    rule = draft.never_trained
    for name in ("by_id", "near_duplicate", "split", "enforced_in"):
        if not getattr(rule, name).strip():
            yield Problem("never_trained", f"{name} is empty: say how items stay out of training")
    if missing := [place for place in PLACES if place not in rule.kept_out_of]:
        yield Problem("never_trained", f"items are not kept out of {', '.join(missing)}")


@CHECKS("BM6")
def it_is_refreshed(draft: Benchmark, sheet: Sheet) -> Iterator[Problem]:
    days = sheet.number(draft.refresh.every, "day", "high")
    if days is None or days > LONGEST:
        yield Problem("refresh", f"refresh at most every {LONGEST} days, not {days}")
    if not draft.refresh.shift.strip() or not sheet.known(draft.refresh.trigger):
        yield Problem("refresh", "name what is watched and the number of it that starts a refresh")


def render(draft: Benchmark, view: View) -> list[Block]:
    """The chapter's blocks after its heading: prose, parts, what can be decided, controls, hard cases."""
    _ = view._
    parts: list[list[str | Cell]] = [_part(part, view) for part in draft.parts]
    parts.append([f"**{_('Sum')}**", "", Cell(view.amount("allocated_items").text)])
    gates = [_gate(gate, view) for gate in draft.gates]
    hard = [f"**{_(KINDS[case.kind])}**: {view.name(case.example)} → {view.line(case.expected)}" for case in _hardest(draft)]
    return [
        *view.chapter(draft.prose),
        Table([_("Part"), _("Holds"), _("Items")], parts),
        Table([_("Decision on"), _("Items"), _("Can tell"), _("Must tell"), _("Verdict")], gates),
        *_controls(draft, view),
        Bullets(hard),
    ]


def _hardest(draft: Benchmark) -> list[HardCase]:
    """One case of each kind; the others stand in the annex."""
    return list({case.kind: case for case in reversed(draft.cases)}.values())[::-1]


def annex(draft: Benchmark, view: View) -> list[Block]:
    """How each part is drawn, the metric of each gate, the remaining controls, and the hard cases of the chapter's second rank."""
    _ = view._
    shown = _hardest(draft)
    hard = [[_(KINDS[case.kind]), view.name(case.example), view.line(case.expected)] for case in draft.cases if case not in shown]
    gates = [[_where(gate, view), view.name(gate.metric), view.line(gate.on_breach)] for gate in draft.gates]
    return [
        Table([_("Part of the benchmark"), _("Drawn")], [[_label(part, view), view.line(part.drawn)] for part in draft.parts]),
        Table([_("Decision on"), _("Metric"), _("If it fails")], gates),
        Table([_("Control"), _("Rule")], _audit(draft, view)),
        Table([_("Kind"), _("Hard case"), _("Expected")], hard),
    ]


def _label(part: Part, view: View) -> str:
    return view.slice(part.slice) if part.slice else view._(KINDS[part.kind])


def _part(part: Part, view: View) -> list[str | Cell]:
    return [_label(part, view), view.line(part.what), view.amount(part.items)]


VERDICTS = {"gate": N_("blocks the release"), "report": N_("reported only"), "not_decidable": N_("not decidable")}


def _where(gate: Gate, view: View) -> str:
    return view.slice(gate.slice) if gate.slice else view._("whole benchmark")


def _gate(gate: Gate, view: View) -> list[str | Cell]:
    width = view.amount(width_key(gate))
    verdict = view._(VERDICTS[gate.verdict])
    return [_where(gate, view), view.amount(gate.items), Cell(f"± {width.text}", width.basis), view.amount(gate.margin), verdict]


def _controls(draft: Benchmark, view: View) -> list[Paragraph]:
    """Freeze, exclusion and refresh as the few sentences that people act on."""
    _, line = view._, view.line
    freeze, rule, refresh = draft.freeze, draft.never_trained, draft.refresh
    frozen = _("**Frozen** as %(version)s on %(day)s; write access: %(writers)s.") % {
        "version": view.name(freeze.version), "day": view.day(freeze.frozen_on), "writers": ", ".join(view.role(role) for role in freeze.write_access)
    }  # fmt: skip
    out = _("**Never trained on:** %(by_id)s. %(enforced)s. Split: %(split)s.") % {
        "by_id": _bare(line(rule.by_id)), "enforced": _bare(line(rule.enforced_in)), "split": _bare(line(rule.split))
    }  # fmt: skip
    again = _("**Refreshed** every %(every)s, or when %(shift)s reaches %(trigger)s.") % {
        "every": view.number(refresh.every), "trigger": view.amount(refresh.trigger).text, "shift": _bare(line(refresh.shift))
    }  # fmt: skip
    return [Paragraph(f"{frozen} {out} {again}")]


def _bare(text: str) -> str:
    """A sentence without its full stop, for a place inside another one."""
    return text.strip().removesuffix(".")


def _audit(draft: Benchmark, view: View) -> list[list[str]]:
    _, line, rule = view._, view.line, draft.never_trained
    return [
        [_("Content hash"), line(draft.freeze.content_hash)],
        [_("Who reads"), line(draft.freeze.readers)],
        [_("Nearly the same"), line(rule.near_duplicate)],
        [_("Kept out of"), ", ".join(_(PLACES[place]) for place in rule.kept_out_of)],
        [_("Erased person"), line(draft.erased.rule)],
        [_("Old version"), line(draft.refresh.old_use)],
    ]


SECTION = Section(
    key="benchmark",
    number=8,
    title=N_("Benchmark data set"),
    scope="frozen human-labelled test set: parts, slices, what each can decide, freeze, exclusion from training, refresh, hard cases",
    draft=Benchmark,
    checks=CHECKS,
    derived=figures,
    render=render,
    playbook=playbook,
    annex=annex,
)
