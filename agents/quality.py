"""Data quality for ML: six dimensions, each with a limit, an automatic check and what happens when it fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ai_data_strategy.agents.quality_desk import playbook
from ai_data_strategy.agents.quality_fields import DIMENSIONS, KINDS, REACTIONS, RULINGS, Guard, Quality, SliceNeed, expected_key
from ai_data_strategy.agents.section import Checks, Problem, Section, Skip, derived
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.domain import Quantity
from ai_data_strategy.typeset.blocks import Block, Cell, Paragraph, Table
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.view import View


def figures(draft: Quality) -> list[Quantity]:
    """The figures that code adds: ten times the parameters, and what each slice can be expected to hold."""
    counts = [
        derived(
            expected_key(need.slice),
            "{example}",
            "examples of this slice among those available",
            f"expected_in_slice(available_examples, {need.share})",
        )
        for need in draft.slices
    ]
    rule = derived("ten_times_parameters", "{example}", "ten examples for each trainable parameter", "ten_times(trainable_parameters)")
    return [rule, *counts]


CHECKS = Checks()


@CHECKS("DQ1")
def features_have_limits(draft: Quality, sheet: Sheet) -> Iterator[Problem]:
    known = {(source.id, field.id) for source in sheet.blueprint.sources for field in source.fields}
    for item in draft.missing:
        if (item.source, item.field) not in known:
            yield Problem("missing", f"{item.source}.{item.field} is no field of the blueprint")
        rate = sheet.number(item.at_most, "percent")
        if rate is None and not sheet.waived(item.at_most):
            yield Problem("missing", f"{item.field}: {item.at_most!r} is no quantity in percent")
        elif rate is not None and not 0 <= rate <= 100:
            yield Problem("missing", f"{item.field}: a missing rate of {rate:g} percent is outside 0 to 100")
    limited = {item.source for item in draft.missing}
    for source in sheet.blueprint.sources:
        if source.training and source.status == "exists" and source.id not in limited:
            yield Problem("missing", f"training source {source.id!r} has no feature with a limit")


@CHECKS("DQ2")
def label_noise_is_measured(draft: Quality, sheet: Sheet) -> Iterator[Problem]:
    noise = draft.noise
    if not noise.method.strip():
        yield Problem("noise", "say by which reading the label noise is measured")
    if not (sheet.number(noise.sample, "{example}") or 0) > 0 and not sheet.waived(noise.sample):
        yield Problem("noise", f"the sample {noise.sample!r} is no positive number of {sheet.blueprint.example}")
    ceiling = sheet.number(noise.ceiling, "percent")
    if ceiling is None or not 0 <= ceiling <= 100:
        yield Problem("noise", f"the ceiling {noise.ceiling!r} must be a percentage from 0 to 100")


@CHECKS("DQ3")
def entities_have_keys(draft: Quality, sheet: Sheet) -> Iterator[Problem]:
    known = {(source.id, field.id) for source in sheet.blueprint.sources for field in source.fields}
    for entity in draft.entities:
        for key in entity.keys:
            if (key.source, key.field) not in known:
                yield Problem("entities", f"{entity.entity}: {key.source}.{key.field} is no field of the blueprint")
        if not entity.merged_by.strip():
            yield Problem("entities", f"{entity.entity}: say how doubles are found and merged")


@CHECKS("DQ4")
def staleness_fits_the_updates(draft: Quality, sheet: Sheet) -> Iterator[Problem]:
    limits = {item.source: item.at_most for item in draft.staleness}
    for extra in sorted(set(limits) - sheet.source_ids):
        yield Problem("staleness", f"{extra!r} is no source of the blueprint")
    for source in sheet.blueprint.sources:
        key = limits.get(source.id)
        limit, period = sheet.number(key, "day"), sheet.number(source.update_period, "day")
        if key is None or (limit is None and not sheet.waived(key)):
            yield Problem("staleness", f"{source.id}: no maximum staleness in time units")
        elif limit is not None and period is not None and limit < period:
            yield Problem("staleness", f"{source.id}: at most {limit:g} days old cannot hold if it is updated every {period:g} days")


@CHECKS("DQ5")
def slices_have_minimums(draft: Quality, sheet: Sheet) -> Iterator[Problem]:
    shares = {item.id: item.share for item in sheet.blueprint.slices}
    needs = {item.slice: item for item in draft.slices}
    for missing in sorted(shares.keys() - needs.keys()):
        yield Problem("slices", f"slice {missing!r} of the blueprint has no minimum")
    for extra in sorted(needs.keys() - shares.keys()):
        yield Problem("slices", f"{extra!r} is no slice of the blueprint: use one of {sorted(shares)}")
    for item in draft.slices:
        if item.slice in shares and item.share != shares[item.slice]:
            yield Problem("slices", f"{item.slice}: its share is {shares[item.slice]!r} in the blueprint, not {item.share!r}")
        if not sheet.stands(item.share):
            yield Problem("slices", f"{item.slice}: its share {item.share!r} has no value and is not marked unknown")
        if not (sheet.number(item.minimum, "{example}") or 0) > 0:
            yield Problem("slices", f"{item.slice}: {item.minimum!r} is no positive number of {sheet.blueprint.example}")
    kinds = {item.kind for item in sheet.blueprint.slices} | {item.kind for item in draft.uncovered if item.because.strip()}
    for kind in KINDS:
        if kind not in kinds:
            yield Problem("uncovered", f"no slice of kind {kind}: say in uncovered why")


@CHECKS("DQ6")
def the_rule_is_computed(draft: Quality, sheet: Sheet) -> Iterator[Problem | Skip]:
    ruling, trains = draft.volume.ruling, sheet.blueprint.task.trains
    if not draft.volume.because.strip():
        yield Problem("volume", "say what the trainable parameters are, or why there are none")
    if not trains and ruling == "not_applicable" and sheet.stands("available_examples"):
        yield Skip(draft.volume.because)
        return
    if (ruling == "not_applicable") is trains:
        yield Problem("volume", f"ruling {ruling!r} does not fit a task that {'trains' if trains else 'trains nothing'}")
    parameters, ten = sheet.number("trainable_parameters", "count"), sheet.number("ten_times_parameters", "count")
    for key in ("trainable_parameters", "available_examples"):
        if not sheet.stands(key):
            yield Problem("quantities", f"define {key} in this section's quantities")
    if parameters is not None and (ten is None or abs(ten - 10 * parameters) > 1e-6 * max(ten, 1)):
        yield Problem("quantities", f"ten_times_parameters is {ten}, not ten times {parameters:g}")
    yield from _ruling_holds(draft, sheet, ten)


def _ruling_holds(draft: Quality, sheet: Sheet, ten: float | None) -> Iterator[Problem]:
    available, ruling = sheet.number("available_examples", "{example}"), draft.volume.ruling
    if ten is not None and available is not None:
        if ruling in ("enough", "short") and (ruling == "enough") is not (available >= ten):
            yield Problem("volume", f"ruling {ruling!r}, but {available:g} are available and ten times the parameters is {ten:g}")
        if ruling == "unknown":
            yield Problem("volume", "both figures are known: rule enough, short or set_aside")
    if ruling in ("set_aside", "short", "unknown") and not (draft.volume.learning_curve or "").strip():
        yield Problem("volume", "the rule does not decide here: say which learning-curve test does")


def render(draft: Quality, view: View) -> list[Block]:
    """Prose, the limit of each dimension with what follows, slices, volume. Checks and methods stand in the annex."""
    _ = view._
    limits = [_dimension(name, draft, view) for name in DIMENSIONS]
    blocks: list[Block] = [*view.chapter(draft.prose), Table([_("Dimension"), _("Limit"), _("If it fails")], limits)]
    if draft.slices:
        columns = [_("Slice"), _("Share"), _("Expected"), _("Least"), _("Verdict")]
        blocks.append(Table(columns, [_slice(need, view) for need in draft.slices]))
    return [*blocks, Paragraph(_rule_of_ten(draft, view))]


def _rule_of_ten(draft: Quality, view: View) -> str:
    """The rule of ten examples a parameter with its figures, and how it is judged here."""
    _, volume = view._, draft.volume
    counts = ""
    if volume.ruling != "not_applicable":
        counts = _("Ten examples for each of %(parameters)s trainable parameters make %(needed)s; %(available)s are available. ") % {
            "needed": view.number("ten_times_parameters"), "parameters": view.number("trainable_parameters"),
            "available": view.number("available_examples"),
        }  # fmt: skip
    curve = view.line(volume.learning_curve or "")
    return f"**{_('Are there enough examples?')}** {counts}{_(RULINGS[volume.ruling])} {view.line(volume.because)} {curve}".strip()


def _dimension(name: str, draft: Quality, view: View) -> list[str]:
    guard: Guard = getattr(draft.guards, name)
    _ = view._
    return [_(DIMENSIONS[name]), _limit(name, draft, view), f"**{_(REACTIONS[guard.reaction])}**: {view.line(guard.then)}"]


def _limit(name: str, draft: Quality, view: View) -> str:
    """The limit of a dimension in one cell."""
    _, noise = view._, draft.noise
    if name == "completeness":
        return _grouped([(item.field, item.at_most) for item in draft.missing], view)
    if name == "accuracy":
        return _("≤ %(ceiling)s of labels overturned in %(sample)s read twice") % {
            "ceiling": view.number(noise.ceiling),
            "sample": view.number(noise.sample),
        }
    if name == "consistency":
        return _("one key each: %(keys)s") % {"keys": view.codes(list(dict.fromkeys(key.field for e in draft.entities for key in e.keys)))}
    if name == "timeliness":
        return _grouped([(item.source, item.at_most) for item in draft.staleness], view)
    if name == "representativeness":
        return _("each slice its own least number") if draft.slices else _("no slices are known")
    return _(RULINGS[draft.volume.ruling])


def annex(draft: Quality, view: View) -> list[Block]:
    """For audit: the automatic check of each dimension, how noise is measured, how doubles are merged, slices that are missing."""
    _, noise = view._, draft.noise
    guards = [[_(DIMENSIONS[name]), view.line(getattr(draft.guards, name).check)] for name in DIMENSIONS]
    rules = [[_("Label noise"), view.account(noise.method, noise.not_visible)]]
    rules += [[view.name(e.entity), view.line(e.merged_by)] for e in draft.entities]
    rules += [[_("No slice of %(kind)s") % {"kind": _(KINDS[item.kind])}, view.line(item.because)] for item in draft.uncovered]
    return [Table([_("Dimension"), _("Automatic check")], guards), Table([_("Point"), _("Rule")], rules)]


MOST_NAMED = 3


def _grouped(limits: Sequence[tuple[str, str]], view: View) -> str:
    """Ids that share one limit stand together."""
    groups: dict[str, list[str]] = {}
    for id_, key in limits:
        groups.setdefault(view.number(key), []).append(id_)
    return "; ".join(f"≤ {limit}: {_first(list(dict.fromkeys(ids)), view)}" for limit, ids in groups.items())


def _first(ids: Sequence[str], view: View) -> str:
    """The first ids, and how many more."""
    more = len(ids) - MOST_NAMED
    return view.codes(ids) if more <= 1 else view._("%(some)s and %(more)s more") % {"some": view.codes(ids[:MOST_NAMED]), "more": more}


def _slice(need: SliceNeed, view: View) -> list[str | Cell]:
    _, ledger = view._, view.ledger
    expected, least = ledger.get(expected_key(need.slice)), ledger.get(need.minimum)
    verdict = _("unknown")
    if expected and least and expected.low is not None and expected.high is not None and least.low is not None and least.high is not None:
        enough, thin = expected.low >= least.high, expected.high < least.low
        word = _("too thin") if thin else _("may be too thin")
        verdict = _("enough") if enough else f"**{word}**: {view.line(need.if_thin)}"
    return [view.slice(need.slice), view.amount(need.share), view.amount(expected_key(need.slice)), view.number(need.minimum), verdict]


SECTION = Section(
    key="quality",
    number=3,
    title=N_("Data quality for ML"),
    scope="missing rates, label noise, duplicates, staleness, slices with least counts, volume against trainable parameters, what happens on failure",
    draft=Quality,
    checks=CHECKS,
    derived=figures,
    render=render,
    playbook=playbook,
    annex=annex,
)
