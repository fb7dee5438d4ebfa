"""Checks on the blueprint itself, before fourteen sections build on it, and the mending that code can do alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from ai_data_strategy.agents.sheet import Sheet, fill_unit, shared_quantities, texts
from ai_data_strategy.agents.structure import free_digits, quantity_problems
from ai_data_strategy.blueprint import Blueprint, Dial, Shared
from ai_data_strategy.domain import Figure, Quantity, Verification
from ai_data_strategy.errors import ExpressionError
from ai_data_strategy.quantities.expressions import inputs
from ai_data_strategy.quantities.stated import verify
from ai_data_strategy.typeset.text import references

MILESTONES = ("start", "audit", "benchmark", "offline", "shadow", "gate", "full", "review")
_ANSWER_DAYS = 21
"""Days after the start by which an unverified figure is checked, where nobody has set a day."""


def problems(sheet: Sheet) -> list[str]:
    """What is wrong with a blueprint, as the planner reads it. Empty if sections can build on it."""
    return [*_ids(sheet.blueprint), *_milestones(sheet), *_links(sheet), *_fit(sheet), *_figures(sheet), *_texts(sheet)]


def _ids(b: Blueprint) -> Iterator[str]:
    for what, ids in {
        "sources": [s.id for s in b.sources], "events": [e.id for e in b.events], "roles": [r.id for r in b.roles],
        "classes": [c.id for c in b.classes], "slices": [s.id for s in b.slices], "milestones": [m.id for m in b.milestones],
        "quantities": [q.key for q in b.quantities],
    }.items():  # fmt: skip
        for id_, count in Counter(ids).items():
            if count > 1:
                yield f"{what}: {id_!r} stands {count} times; ids are unique"
    for clash in {q.key for q in b.quantities} & set(Shared.model_fields):
        yield f"quantities: {clash!r} is a shared figure; set it under shared and drop it here"


def _milestones(sheet: Sheet) -> Iterator[str]:
    days = {m.id: m.day for m in sheet.blueprint.milestones}
    if missing := [m for m in MILESTONES if m not in days]:
        yield f"milestones: {', '.join(missing)} missing; these ids are needed: {', '.join(MILESTONES)}"
    ordered = [m.day for m in sheet.blueprint.milestones]
    if ordered != sorted(ordered):
        yield "milestones: they must stand in order of their days"
    if ordered and ordered[0] < sheet.today:
        yield f"milestones: the plan cannot start before {sheet.today}"


def _links(sheet: Sheet) -> Iterator[str]:
    b = sheet.blueprint
    for source in b.sources:
        if source.owner and source.owner not in sheet.role_ids:
            yield f"sources.{source.id}: owner {source.owner!r} is no role"
        if source.starts and source.ends and source.ends < source.starts:
            yield f"sources.{source.id}: ends before it starts"
        for key in (source.rows, source.update_period, source.retention):
            if sheet.entry(key) is None:
                yield f"sources.{source.id}: no quantity has the key {key!r}; define it in quantities"
    for role in b.roles:
        if sheet.entry(role.hours_per_week) is None:
            yield f"roles.{role.id}: no quantity has the key {role.hours_per_week!r}"
    for slice_ in b.slices:
        if sheet.entry(slice_.share) is None:
            yield f"slices.{slice_.id}: no quantity has the key {slice_.share!r}"
        if slice_.field and slice_.field not in sheet.feature_ids:
            yield f"slices.{slice_.id}: {slice_.field!r} is no field of any source"
    for event in b.events:
        if event.source and event.source not in sheet.source_ids:
            yield f"events.{event.id}: {event.source!r} is no source"
    if b.verdict == "go_after" and not b.conditions:
        yield "conditions: go_after needs at least one condition"
    if not b.classes and not b.no_classes_because:
        yield "no_classes_because: say why there are no classes"


def _fit(sheet: Sheet) -> Iterator[str]:
    """Shared figures that cannot hold together, found before fourteen sections build on them."""
    window = sheet.number("training_window", "day", "high")
    for source in sheet.blueprint.sources:
        kept = sheet.number(source.retention, "day", "low")
        if source.training and window is not None and kept is not None and window > kept + 0.5:
            yield f"sources.{source.id}: trains over a window of {window:g} days but is kept {kept:g} days"
    pairs = (
        ("backup_retention", "erasure_limit", "backups outlive the erasure limit"),
        ("retrain_cadence", "feedback_lag_limit", "the cadence alone exceeds the lag limit"),
    )
    for small, large, message in pairs:
        one, other = sheet.number(small, "day", "high"), sheet.number(large, "day", "low")
        if one is not None and other is not None and one > other:
            yield f"shared.{small}: {message} ({one:g} against {other:g} days)"
    days = {m.id: m.day for m in sheet.blueprint.milestones}
    shadow, delay = sheet.number("shadow_time", "day", "low"), sheet.number("label_delay", "day", "low")
    if "shadow" in days and "gate" in days and shadow is not None and shadow + (delay or 0) > (days["gate"] - days["shadow"]).days + 1:
        yield f"milestones: shadow ({shadow:g} days) and label delay ({delay or 0:g}) do not fit before the gate on {days['gate']}"
    ramp = sheet.number("ramp_time", "day", "low")
    if "full" in days and "gate" in days and ramp is not None and ramp > (days["full"] - days["gate"]).days + 1:
        yield f"milestones: a ramp of {ramp:g} days does not fit between gate and full traffic"
    lags = [sheet.number(key, "day", "high") for key in ("label_delay", "retrain_cadence", "ramp_time")]
    limit = sheet.number("feedback_lag_limit", "day", "low")
    if limit is not None and None not in lags and sum(lag or 0 for lag in lags) > limit:
        yield f"shared.feedback_lag_limit: label delay, cadence and ramp alone take {sum(lag or 0 for lag in lags):g} days, more than {limit:g}"


def _figures(sheet: Sheet) -> Iterator[str]:
    quantities = [*shared_quantities(sheet.blueprint), *sheet.blueprint.quantities]
    yield from (message for _, message in quantity_problems(quantities, sheet))


def _texts(sheet: Sheet) -> Iterator[str]:
    for path, kind, text in texts(sheet.blueprint):
        if kind.kind not in ("prose", "line") or ".quantities" in path or path.startswith(("quantities", "shared")):
            continue
        if digits := free_digits(text):
            yield f"{path}: {', '.join(digits[:3])} stands as a bare number: refer to a quantity by {{key}}"
        for key in references(text):
            if sheet.entry(key) is None:
                yield f"{path}: no quantity has the key {key!r}"


def sound(blueprint: Blueprint, sheet: Sheet) -> Blueprint:
    """The blueprint with what code can mend: claims that nobody made become flagged assumptions, missing keys become unknown."""
    said = [sheet.brief.text, *(answer.text for answer in sheet.answers if not answer.skipped)]
    ids = {item.id for item in sheet.evidence}
    shared = {
        name: _honest(figure, name, fill_unit(_unit(name), blueprint), said, ids, blueprint, sheet)
        for name, figure in dict(blueprint.shared).items()
    }
    kept = {q.key: q for q in reversed(blueprint.quantities) if q.key not in Shared.model_fields}
    quantities = [_honest(q, q.key, q.unit, said, ids, blueprint, sheet) for q in reversed(kept.values())]
    known = {*Shared.model_fields, *kept, *(key for key in sheet.ledger.entries)}
    quantities += [_unknown(key, unit, blueprint, sheet) for key, unit in _wanted(blueprint) if key not in known]
    return blueprint.model_copy(update={"shared": blueprint.shared.model_copy(update=shared), "quantities": quantities})


def _unit(name: str) -> str:
    return next(item.unit for item in Shared.model_fields[name].metadata if isinstance(item, Dial))


def _wanted(b: Blueprint) -> Iterator[tuple[str, str]]:
    for source in b.sources:
        yield from ((source.rows, "rows"), (source.update_period, "day"), (source.retention, "day"))
    yield from ((role.hours_per_week, "hour/week") for role in b.roles)
    yield from ((slice_.share, "percent") for slice_ in b.slices)


def _check(b: Blueprint, sheet: Sheet, why: str) -> Verification:
    owner = b.roles[0].id
    return Verification(
        impact=why, how="ask the owner of the source and correct the ledger", owner=owner, by=sheet.today + timedelta(days=_ANSWER_DAYS)
    )


def _unknown(key: str, unit: str, b: Blueprint, sheet: Sheet) -> Quantity:
    reason = "nobody has said"
    return Quantity(key=key, meaning=key.replace("_", " "), unit=unit, basis="unknown", source=reason, check=_check(b, sheet, reason))


def _honest(figure: Figure, key: str, unit: str, said: list[str], evidence: set[str], b: Blueprint, sheet: Sheet) -> Figure:
    """A figure whose basis holds: an unfounded claim becomes an assumption, an assumption without a check gets one."""
    probe = figure if isinstance(figure, Quantity) else Quantity(key=key, meaning=key, unit=unit, **dict(figure))
    changes: dict[str, object] = {}
    if figure.basis == "stated" and verify(probe, said):
        changes = {"basis": "assumed", "source": f"was called stated, but the brief and answers do not say it: {figure.source}"[:400]}
    elif figure.basis == "measured" and figure.source not in evidence:
        changes = {"basis": "assumed", "source": f"was called measured, but no evidence shows it: {figure.source}"[:400]}
    elif figure.basis == "proposed" and figure.source not in {role.id for role in b.roles}:
        changes = {"source": b.roles[0].id}
    elif figure.basis == "derived" and not _computable(figure.expression):
        changes = {"basis": "unknown", "expression": None, "source": "its expression cannot be computed"}
    if figure.basis not in ("derived", "unknown", "not_applicable") and figure.value is None and figure.low is None:
        changes = {"basis": "unknown", "source": figure.source or "nobody has said"}
    basis = changes.get("basis", figure.basis)
    if basis in ("assumed", "unknown") and figure.check is None:
        changes["check"] = _check(b, sheet, "figures that use it move")
    elif figure.check and figure.check.owner not in {role.id for role in b.roles}:
        changes["check"] = figure.check.model_copy(update={"owner": b.roles[0].id})
    return figure.model_copy(update=changes) if changes else figure


def _computable(expression: str | None) -> bool:
    try:
        return bool(expression) and inputs(expression or "") is not None
    except ExpressionError:
        return False
