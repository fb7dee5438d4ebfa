"""Sources, fields, events and slices of a plan: what the text names, what the task implies, and what must be built."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from ai_data_strategy.blueprint import Event, FieldSpec, Slice, Source
from ai_data_strategy.playbook.cast import slug
from ai_data_strategy.playbook.facts import clause, days
from ai_data_strategy.playbook.plan import Plan, assumed, computed, proposed, stated_figure, unknown
from ai_data_strategy.playbook.reading import Amount
from ai_data_strategy.playbook.sizes import Sizes
from ai_data_strategy.typeset.catalogue import N_

Spec = Mapping[str, Any]
_MOST_SOURCES, _MOST_ALL = 7, 10
_LIVE_DAYS = 1 / 288
_PATIENTS = r"\bpatient|Patient"
_FACES = r"\bfaces?\b|facial|Gesicht|visage|rostro"
_CHILDREN = r"\bchild|\bkids\b|pupil|under 13|Kinder\b|Schüler|enfants|élèves|niñ|alumn"
LOG, STORE = "prediction_log", "training_store"
_LOG_FIELDS = [
    ("example_key", N_("pseudonym of the example"), "personal"), ("features_as_scored", N_("inputs as the model saw them"), "personal"),
    ("output", N_("what the model gave"), "personal"), ("confidence", N_("confidence of the output"), "none"),
    ("model_version", N_("version that decided"), "none"), ("latency", N_("time the answer took"), "none"),
    ("client", N_("app version and client"), "device"), ("locale", N_("language and region setting"), "none"), ("scored_at", N_("time stamp"), "none"),
]  # fmt: skip
_STORE_FIELDS = [
    ("example_key", N_("pseudonym; the key to the person stays with legal and is dropped on erasure"), "personal"),
    ("features_as_scored", N_("inputs without free text and device data"), "personal"),
    ("label", N_("outcome, joined when it is known"), "personal"), ("scored_at", N_("day of the example"), "none"),
]  # fmt: skip


def chosen(plan: Plan) -> list[Spec]:
    """The archetype's sources that are part of this plan: the core ones, and those that the text speaks of."""
    return [spec for spec in plan.topic["sources"] if spec["core"] or plan.mentions(spec["words"])][: _MOST_SOURCES - 2]


def retention_of(plan: Plan, spec: Spec) -> Amount | None:
    """The stated retention of a source: the one that names it, else the one for all data."""
    general = None
    for amount in plan.facts.retentions:
        words = clause(amount, plan.reading.text)
        if re.search(spec["words"], words, re.IGNORECASE):
            return amount
        others = [other for other in plan.topic["sources"] if other["id"] != spec["id"] and re.search(other["words"], words, re.IGNORECASE)]
        if not others or re.search(r"(?i)\ball\b|every|personal data|alle|toutes|todos|personenbezogen", words):
            general = amount
    return general


def shortest_retention(plan: Plan) -> float | None:
    """Days of the shortest stated retention among the sources that would train; None if nobody has said any."""
    found = [days(amount) for spec in chosen(plan) if spec["training"] and (amount := retention_of(plan, spec))]
    return min(found, default=None)


def sources(plan: Plan, sizes: Sizes, shadow: date, audit: date, seen: Sequence[Source] = ()) -> list[Source]:
    """All sources, the prediction log last; a training store where nothing else is kept long enough.

    `seen` are the sources whose data were measured: they take the place of guessed ones of their kind.
    """
    found = [*seen, *(_existing(plan, sizes, spec) for spec in chosen(plan) if not _is_seen(plan, spec, seen))]
    found += [_table(plan, name) for name in _more_tables(plan, found)]
    log_from = audit + timedelta(days=3) if plan.topic["early_log"] else shadow
    if sizes.store:
        found.append(_store(plan, sizes, audit))
    return [
        *found[: max(_MOST_SOURCES + 1, min(len(seen), _MOST_ALL - 1))],
        *(() if LOG in {item.id for item in found} else (_log(plan, sizes, log_from),)),
    ]


def _existing(plan: Plan, sizes: Sizes, spec: Spec) -> Source:
    system = _system(plan, spec)
    named = system is not None or plan.mentions(spec["words"])
    id_ = slug(system) if system else spec["id"]
    return Source.model_validate({
        "id": id_, "name": system or _capital(plan.say(spec["name"])), "kind": spec["kind"], "status": "exists", "named": named,
        "owner": _owner(plan, spec, system), "rows": _rows(plan, spec["rows"], id_, spec["words"]), "starts": plan.facts.since if spec["rows"] == "in_hand" else None, "ends": None,
        "update_period": _update(plan, spec["update"]), "retention": _retention(plan, spec),
        "training": spec["training"] and not sizes.store, "fields": [FieldSpec.model_validate({"id": f[0], "meaning": plan.say(f[1]), "sensitivity": _sensitive(plan, f[0], f[2])}) for f in spec["fields"]],
    })  # fmt: skip


def _sensitive(plan: Plan, field: str, usual: str) -> str:
    """The usual class of a field, raised where the text speaks of patients, children or faces."""
    if ("health" in plan.reading.sectors or plan.mentions(_PATIENTS)) and (
        usual == "free_text" or field in ("picture", "attributes", "outcome", "label")
    ):
        return "special"
    if field == "picture" and plan.mentions(_FACES):
        return "biometric"
    return "child" if usual == "personal" and plan.mentions(_CHILDREN) else usual


def _capital(text: str) -> str:
    return (text[:1].upper() + text[1:])[:100]


def _owner(plan: Plan, spec: Spec, system: str | None) -> str | None:
    """Whoever the text says owns it; nobody otherwise."""
    words = spec["words"] + (f"|{re.escape(system)}" if system else "")
    for role in plan.roles:
        if not role.named:
            continue
        said = re.search(
            rf"(?i){re.escape(role.title)}\s+(?:owns?|is responsible for|besitzt|verantwortet|possède|posee)\s+([^;.\n]+)", plan.text
        )
        if said and re.search(words, said[1], re.IGNORECASE):
            return role.id
    return None


def _rows(plan: Plan, kind: str, id_: str, words: str) -> str:
    facts = plan.facts
    counted = next(
        (a for a in plan.reading.all("volume") if a != facts.in_hand and not a.per and re.search(words, a.noun, re.IGNORECASE)), None
    )
    if kind == "unsaid" and counted:
        return plan.stated(f"{id_}_rows", counted, "rows of this source as stated")
    if kind == "in_hand":
        return "examples_in_hand"
    if kind == "positives" and plan.topic["metric_share"]:
        return plan.put(f"{id_}_rows", "count", "rows of the rare outcome in hand", computed("examples_in_hand * positive_share"))
    if kind == "wrong" and facts.wrong:
        plan.stated("wrong_share", facts.wrong, "share that was corrected at least once", "percent")
        return plan.put(
            f"{id_}_rows", "count", "corrected examples in hand, at least one row each", computed("examples_in_hand * wrong_share")
        )
    if kind == "blocks" and facts.blocked:
        plan.stated("blocked_share", facts.blocked, "share that is blocked today", "percent")
        return plan.put(f"{id_}_rows", "count", "blocks in hand", computed("examples_in_hand * blocked_share"))
    if kind == "customers" and facts.users:
        return plan.stated(f"{id_}_rows", facts.users, "accounts in hand")
    check = plan.verify(
        "Joins, costs and the share that can be matched stay unknown.", "Count rows, first and last day of each table.", "data_engineering"
    )
    return plan.put(
        "rows_uncounted",
        "row",
        "rows of each source that nobody has counted yet",
        unknown(plan.say("nobody has counted this source"), check),
    )


def _update(plan: Plan, kind: str) -> str:
    how = N_("Compare the newest row with the clock for a week.")
    check = plan.verify("Staleness limits and alarms are set on it.", how, "data_engineering")
    if kind == "live":
        return plan.put(
            "update_live",
            "minute",
            "time until a new row of a live source can be read",
            assumed(5, plan.say("rows are written as they happen and read by a stream or replica"), check),
        )
    return plan.put(
        "update_daily",
        "day",
        "time between two loads of a daily source",
        assumed(1, plan.say("an export every night is the usual way"), check),
    )


def _retention(plan: Plan, spec: Spec) -> str:
    amount = retention_of(plan, spec)
    if amount:
        key = f"retention_{amount.value:g}_{amount.unit}".replace(".", "_").replace("/", "_").lower()[:60]
        return plan.put(key, amount.unit, "how long the sources of this rule are kept, as stated", stated_figure(amount))
    return unsaid_retention(plan)


def unsaid_retention(plan: Plan) -> str:
    """Key of the retention of sources of which nobody has said it."""
    check = plan.verify(
        "The training window must be shorter than this by the label delay.",
        "Read the deletion rules and the oldest row of each table.",
        "legal",
    )
    return plan.put(
        "retention_unsaid",
        "day",
        "how long a source is kept of which nobody has said it",
        unknown(plan.say("nobody has said how long it is kept"), check),
    )


def _more_tables(plan: Plan, have: list[Source]) -> list[str]:
    """Tables that the text names and no source of the archetype stands for; names of events are none."""
    taken = {source.id for source in have} | {source.name for source in have} | set(plan.reading.events)
    fields = {spec.id for source in have for spec in source.fields} | set(plan.reading.fields)
    names = [name for name in plan.reading.tables if name not in taken | fields]
    return names[:2]


def _table(plan: Plan, name: str) -> Source:
    meaning = plan.say("key of a row; the other fields are listed in the audit")
    return Source.model_validate({
        "id": slug(name), "name": name, "kind": "other", "status": "exists", "named": True, "owner": _owner(plan, {"words": re.escape(name)}, None),
        "rows": _rows(plan, "unsaid", slug(name), re.escape(name)), "starts": None, "ends": None, "update_period": _update(plan, "daily"),
        "retention": _retention(plan, {"id": name, "words": re.escape(name)}), "training": False,
        "fields": [FieldSpec(id="record_key", meaning=meaning, sensitivity="personal")],
    })  # fmt: skip


def _log(plan: Plan, sizes: Sizes, starts: date) -> Source:
    trains = bool(plan.topic["log_trains"]) and not sizes.store
    return _built(plan, LOG, plan.say("Prediction log"), "product_logs", "examples_per_day", "log_retention", trains, starts, _LOG_FIELDS)


def _store(plan: Plan, sizes: Sizes, audit: date) -> Source:
    signer = plan.role("legal" if plan.topic["personal"] else "data_engineering")
    figure = proposed(sizes.window + sizes.delay + 30, signer)
    kept = plan.put("store_retention", "day", "how long the training store keeps a row, once it is agreed", figure)
    name = plan.say("Training store, pseudonymised" if plan.topic["personal"] else "Training store of features and labels")
    return _built(plan, STORE, name, "annotations", "examples_per_day", kept, True, audit + timedelta(days=3), _STORE_FIELDS)


def _built(
    plan: Plan, id_: str, name: str, kind: str, rows: str, retention: str, training: bool, starts: date, fields: list[tuple[str, str, str]]
) -> Source:
    owner = plan.role("data_engineering")
    day = max(starts, plan.role_of(owner).available_from)
    return Source.model_validate({
        "id": id_, "name": name, "kind": kind, "status": "to_build", "named": False, "owner": owner, "rows": rows, "starts": day, "ends": None,
        "update_period": _update(plan, "live"), "retention": retention, "training": training,
        "fields": [FieldSpec.model_validate({"id": f, "meaning": plan.say(m), "sensitivity": _plain(plan, s)}) for f, m, s in fields],
    })  # fmt: skip


def _plain(plan: Plan, sensitivity: str) -> str:
    """Logs of a product without personal data hold a device of ours at most."""
    return sensitivity if plan.topic["personal"] or sensitivity == "none" else "none"


def events(plan: Plan, have: list[Source]) -> list[Event]:
    """Events: the named ones under their names, the task's own; `source` is null where nobody records it."""
    ids = {spec["id"]: _source_of(plan, spec, have) for spec in chosen(plan)}
    rest = list(plan.reading.events)
    found: list[Event] = []
    for spec in plan.topic["events"]:
        said = next((name for name in rest if re.search(spec["words"], name.replace("_", " "), re.IGNORECASE)), None)
        if said:
            rest.remove(said)
        recorded = ids.get(spec["source"]) if said or spec["recorded"] else None
        found.append(Event(id=slug(said) if said else spec["id"], meaning=plan.say(spec["meaning"]), source=recorded))
    meaning = plan.say("event that the brief names; its exact meaning is confirmed in the audit")
    found += [Event(id=slug(name), meaning=meaning, source=have[0].id) for name in rest]
    return list({event.id: event for event in found}.values())[:12]


def _is_seen(plan: Plan, spec: Spec, seen: Sequence[Source]) -> bool:
    """True if a measured source stands for this one of the archetype: by its name, as what trains, or as the only one of its kind."""
    system = _system(plan, spec)
    if (slug(system) if system else spec["id"]) in {source.id for source in seen}:
        return True
    if spec["training"] and any(source.training for source in seen):
        return True
    named = system is not None or plan.mentions(spec["words"])
    return not named and spec["kind"] in {source.kind for source in seen}


def _system(plan: Plan, spec: Spec) -> str | None:
    """The table that the text names for a source of the archetype."""
    return next((name for name in plan.reading.tables if re.search(spec["words"], name, re.IGNORECASE)), None)


def _source_of(plan: Plan, spec: Spec, have: list[Source]) -> str:
    """The source that stands for a source of the archetype: under its id, else the first of its kind, else the first."""
    system = _system(plan, spec)
    wanted = slug(system) if system else spec["id"]
    return next((source.id for source in have if source.id == wanted), None) or next(
        (source.id for source in have if source.kind == spec["kind"]), have[0].id
    )


def slices(plan: Plan, have: list[Source]) -> list[Slice]:
    """The archetype's slices; stated shares by language take the place of its language slices."""
    fields = {spec.id for source in have for spec in source.fields}
    tongues = _tongues(plan, fields)
    found = [_slice(plan, spec, fields) for spec in plan.topic["slices"] if not (tongues and spec["field"] == "language")]
    return [*tongues, *found][:8]


def _tongues(plan: Plan, fields: set[str]) -> list[Slice]:
    if "language" not in fields:
        return []
    ordered = sorted(plan.facts.shares, key=lambda pair: -pair[1].value)
    told = plan.say("language of the item")
    found = []
    for index, (tongue, amount) in enumerate(ordered[:4]):
        key = plan.stated(f"share_{slug(tongue)}", amount, "share of a language in production", "percent")
        kind = "group" if index else "typical"
        found.append(
            Slice.model_validate(
                {"id": f"language_{slug(tongue)}", "name": tongue, "kind": kind, "told_by": told, "field": "language", "share": key}
            )
        )
    return found


def _slice(plan: Plan, spec: Spec, fields: set[str]) -> Slice:
    share = "positive_share" if spec["share"] == "positives" else _share(plan, spec)
    told = spec["field"] if spec["field"] in fields else None
    return Slice(id=spec["id"], name=plan.say(spec["name"]), kind=spec["kind"], told_by=plan.say(spec["told_by"]), field=told, share=share)


def _share(plan: Plan, spec: Spec) -> str:
    check = plan.verify("The benchmark holds too few or too many of them.", "Count it on a random sample in the audit.", "data_engineering")
    why = plan.say("planning share; nobody has counted it")
    return plan.put(f"share_{spec['id']}", "percent", "share of a slice in production", assumed(float(spec["share"]), why, check))
