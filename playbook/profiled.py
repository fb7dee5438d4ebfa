"""The user's data in the plan: profiled sources as sources of the blueprint, and where what was said differs from what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ai_data_strategy.blueprint import Contradiction, FieldSpec, Source
from ai_data_strategy.domain import Evidence, Figure, Quantity
from ai_data_strategy.evidence.profile import Column, Profile, SourceProfile
from ai_data_strategy.playbook.cast import slug
from ai_data_strategy.playbook.facts import Facts, rate_unit
from ai_data_strategy.playbook.measured import by_figure
from ai_data_strategy.playbook.plan import Plan, unknown
from ai_data_strategy.playbook.reading import Amount
from ai_data_strategy.playbook.sources import unsaid_retention
from ai_data_strategy.quantities.ledger import Entry
from ai_data_strategy.quantities.units import convert
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.figures import tabled

_APART = 0.05
"""Relative difference from which a stated and a measured figure contradict each other."""
_MOST_FIELDS = 12
_STEM = 8
"""Letters of a noun that must be found in a source's name."""
_KIND = {
    "product_logs": "product_logs", "events": "user_events", "content": "content", "transactions": "transactions", "tickets": "support_tickets",
    "annotations": "annotations", "predictions": "product_logs", "feedback": "user_events", "reference": "reference",
}  # fmt: skip
_SENSITIVITY = {
    "email": "personal", "phone": "personal", "name": "personal", "address": "personal", "birth": "personal", "national_id": "personal",
    "card": "financial", "iban": "financial", "financial": "financial", "ip": "device", "device": "device", "location": "location",
    "free_text": "free_text", "biometric": "biometric", "criminal": "criminal", "child": "child",
}  # fmt: skip
_GRAVEST = ("special", "criminal", "child", "biometric", "financial", "location", "free_text", "personal", "device", "none")
_MEANING = {
    "id": N_("key of a row"), "entity": N_("key of the person, customer or thing behind a row"), "time": N_("time of a row"),
    "label": N_("class that was given"), "annotator": N_("who gave the class"), "prediction": N_("what the model gave"),
    "confidence": N_("confidence of the output"), "outcome": N_("what turned out to be true"), "group": N_("group that is compared"),
    "text": N_("free text"), "feedback": N_("reaction of a user"), "feedback_time": N_("time of the reaction"),
    "context": N_("circumstance of use: device, network, locale or version"), "latency": N_("time the answer took"), "error": N_("error that occurred"),
    "severity": N_("how bad a failure was"), "other": N_("column without a role in this plan"),
}  # fmt: skip


def contradictions(stated: Facts, profile: Profile, plan: Plan) -> list[Contradiction]:
    """Where the brief says one number and the data show another: rates, stocks, delays, and the rows of a source that is named."""
    found = by_figure(profile.evidence)
    pairs = [
        (stated.per_day, found.get("examples_per_day"), _per_day(stated.per_day)),
        (stated.in_hand, found.get("examples_in_hand"), stated.in_hand.value if stated.in_hand else None),
    ]
    pairs += [(amount, item, amount.value) for amount in plan.reading.all("volume") if (item := _rows_of(amount, profile))]
    differing = {
        amount: item
        for amount, item, said in pairs
        if amount and item and item.value and said is not None and abs(said - item.value) > _APART * max(abs(said), abs(item.value))
    }
    return [_contradiction(amount, item, plan) for amount, item in differing.items()]


def _rows_of(amount: Amount, profile: Profile) -> Evidence | None:
    """The counted rows of the source that an amount names with its noun ("250,000 predictions")."""
    stem = amount.noun.lower().replace(" ", "_").rstrip("s")[:_STEM]
    if amount.per or amount.unit or len(stem) < _STEM // 2:
        return None
    ids = [f"{source.id}_rows" for source in profile.sources if source.id.startswith(stem) or stem in source.name.lower()]
    return next((item for item in profile.evidence if item.id in ids), None)


def _per_day(amount: Amount | None) -> float | None:
    if amount is None:
        return None
    unit = rate_unit(amount)
    return amount.value * 5 / 7 if unit == "workday" else amount.value / convert(1.0, unit, "day") if unit else None


def _contradiction(amount: Amount, item: Evidence, plan: Plan) -> Contradiction:
    quantity = Quantity(key=item.id, meaning="-", unit=item.unit, value=item.value, basis="measured", source=item.id)
    value = tabled(Entry(quantity, "evidence", item.value, item.value), plan.reading.language)
    seen = plan.say("the data show %(value)s (evidence %(id)s)", value=value, id=item.id)
    return Contradiction(
        one=amount.quote[:400], other=seen[:400],
        reading=plan.say("The measured figure counts in this plan; the owner of the source explains the difference."),
        because=plan.say("It was counted in the source itself and can be counted again."),
    )  # fmt: skip


def sources(plan: Plan, profile: Profile) -> list[Source]:
    """The profiled sources as sources of the blueprint, with measured rows and dates and the columns that have a role."""
    return [_source(plan, source, {item.id for item in profile.evidence}) for source in profile.sources]


def _source(plan: Plan, source: SourceProfile, known: set[str]) -> Source:
    rows, period = f"{source.id}_rows", f"{source.id}_update_period"
    check = plan.verify("The inventory stays open here.", "Ask the owner of the source.", "data_engineering")
    unsaid = unknown(plan.say("the data do not show it"), check)
    if rows not in known:
        plan.put(rows, "row", "rows of this source", unsaid)
    if period not in known:
        plan.put(period, "day", "time between two arrivals of rows", unsaid)
    ordered = sorted(source.columns, key=lambda column: (column.role == "other", not column.pii))[:_MOST_FIELDS]
    return Source.model_validate({
        "id": source.id, "name": source.name, "kind": _KIND[source.kind], "status": "exists", "named": True, "owner": _owner(plan, source),
        "rows": rows, "starts": _day(source.first), "ends": None, "update_period": period, "retention": _retention(plan, source),
        "training": source.kind not in ("annotations", "reference"),
        "fields": [FieldSpec.model_validate({"id": field, "meaning": plan.say(_MEANING[column.role]), "sensitivity": sensitivity(column)}) for field, column in _fields(ordered).items()],
    })  # fmt: skip


def _fields(columns: Sequence[Column]) -> dict[str, Column]:
    return {(slug(column.name) or "column")[:60]: column for column in reversed(columns)}


def sensitivity(column: Column) -> str:
    """The gravest class that was found in a column."""
    classes = {_SENSITIVITY.get(share.kind, "special") for share in column.pii if share.by_name or share.hits}
    if column.role == "text":
        classes.add("free_text")
    if column.role in ("entity", "annotator"):
        classes.add("personal")
    return min(classes, key=_GRAVEST.index, default="none")


def _owner(plan: Plan, source: SourceProfile) -> str | None:
    """The role whose title the manifest names as owner."""
    return next((role.id for role in plan.roles if source.owner and role.title.lower() == source.owner.lower()), None)


def _retention(plan: Plan, source: SourceProfile) -> str:
    days = source.retention_days
    if days is None:
        return unsaid_retention(plan)
    said = Figure(value=days, basis="stated", source=f"kept for: {days:g} days")
    return plan.put(f"{source.id}_retention"[:60], "day", "how long this source is kept", said)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
