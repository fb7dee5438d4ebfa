"""The quality rules without a model: limits by archetype, laid on the blueprint's fields, sources and slices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_data_strategy.agents import authoring
from ai_data_strategy.agents.furnishing import actions, amount, decision_fields, inputs, names, outputs
from ai_data_strategy.agents.quality_fields import (
    DIMENSIONS,
    KINDS,
    Entity,
    FieldRef,
    Guards,
    LabelNoise,
    MissingLimit,
    Quality,
    Ruling,
    SliceNeed,
    Staleness,
    Uncovered,
    Volume,
    expected_key,
)
from ai_data_strategy.blueprint import Slice
from ai_data_strategy.domain import Quantity
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.quantities.ledger import Ledger


def playbook(k: Desk) -> Quality:
    """The quality rules without a model: limits by archetype, laid on the blueprint's fields, sources and slices."""
    t, places = k.topic("quality"), names(k)
    volume = _volume(k, t, places)
    slices = _slices(k, t, places)
    thin = [k.say(t["thin"], **{**places, "slice": f"“{item.name}”", "key": expected_key(item.id)}) for item in _thin(k)]
    return Quality(
        prose="\n\n".join(filter(None, [authoring.prose(k, t["prose"], places), " ".join(thin[:2])])),
        missing=_missing(k, t), noise=_noise(k, t, places), entities=_entities(k, t, places), staleness=_staleness(k, t), slices=slices,
        uncovered=[Uncovered.model_validate({"kind": kind, "because": k.say(t["uncovered"][kind], **places)}) for kind in KINDS if not any(s.kind == kind for s in k.blueprint.slices)],
        volume=volume,
        guards=Guards.model_validate({name: _guarded(k, t["guards"][name] | t.get("own_guards", {}).get(name, {}), places) for name in DIMENSIONS}),
        rejected=authoring.rejected(k, t["rejected"], places),
        actions=actions(k, t["actions"], places, "quality"),
        risks=authoring.risks(k, t["risks"], places),
        quantities=k.quantities,
    )  # fmt: skip


def _guarded(k: Desk, item: Mapping[str, Any], places: Mapping[str, str]) -> dict[str, str]:
    return {"check": k.say(item["check"], **places), "reaction": item["reaction"], "then": k.say(item["then"], **places)}


def _missing(k: Desk, t: Mapping[str, Any]) -> list[MissingLimit]:
    """Inputs may be empty sometimes, labels and keys never: two features a training source at most."""
    owner = k.role("data_engineering")
    strict = k.propose("quality_missing_key", 0, "percent", k.say("empty keys and labels"), owner)
    loose = k.propose("quality_missing_input", t["missing_input"], "percent", k.say("empty inputs"), owner)
    inputs_ = {field.id for field in decision_fields(k)}
    limits: list[MissingLimit] = []
    there = [s for s in k.blueprint.sources if s.status == "exists"]
    for source in [s for s in there if s.training] or [s for s in there if s.kind != "annotations"][:2]:
        told = [f for f in source.fields if f.id in inputs_][:3] + [f for f in source.fields if f.id not in inputs_][:1]
        limits += [
            MissingLimit(
                source=source.id, field=f.id, at_most=loose if f.id in inputs_ else strict, reaction="alert" if f.id in inputs_ else "quarantine"
            )
            for f in told
        ]  # fmt: skip
    first = k.blueprint.sources[0]
    return limits[:10] or [MissingLimit(source=first.id, field=first.fields[0].id, at_most=strict, reaction="quarantine")]


def _noise(k: Desk, t: Mapping[str, Any], places: Mapping[str, str]) -> LabelNoise:
    ceiling = k.propose(
        "quality_noise_ceiling", t["noise_ceiling"], "percent", k.say("labels that a second reading may overturn"), k.role("domain")
    )
    sample = "overlap_items" if k.blueprint.shared.overlap_items.basis != "not_applicable" else "benchmark_items"
    return LabelNoise(
        method=k.say(t["noise_method"], **places), sample=sample, ceiling=ceiling, not_visible=k.say(t["noise_blind"], **places)
    )


def _entities(k: Desk, t: Mapping[str, Any], places: Mapping[str, str]) -> list[Entity]:
    """The identifier that occurs in most sources, or the first field of the main one."""
    found: dict[str, list[FieldRef]] = {}
    for source in k.blueprint.sources:
        for field in source.fields:
            if field.id.endswith(("_id", "_key", "_hash", "_no")) or field.id == "id":
                found.setdefault(field.id.removesuffix("_id").removesuffix("_key"), []).append(FieldRef(source=source.id, field=field.id))
    ranked = sorted(found.items(), key=lambda item: -len(item[1]))[:2]
    first = k.blueprint.sources[0]
    ranked = ranked or [(k.blueprint.example, [FieldRef(source=first.id, field=first.fields[0].id)])]
    merges = [t["merged"], t["merged_second"]]
    return [
        Entity(entity=name.replace("_", " "), keys=keys[:5], merged_by=k.say(merge, **places))
        for (name, keys), merge in zip(ranked, merges, strict=False)
    ]


def _staleness(k: Desk, t: Mapping[str, Any]) -> list[Staleness]:
    """Labels may be older than inputs; nothing is asked to be fresher than twice its update period."""
    owner = k.role("data_engineering")
    keys = {
        name: k.propose(f"quality_age_{name}", t["age"][name]["value"], t["age"][name]["unit"], k.say(t["age"][name]["meaning"]), owner)
        for name in ("inputs", "labels")
    }
    ledger, limits = authoring.known(k), []
    for source in k.blueprint.sources:
        base = keys["labels" if source.kind in ("annotations", "third_party", "reference", "content") else "inputs"]
        period, allowed = ledger.number(source.update_period, "day"), ledger.number(base, "day")
        if period is not None and allowed is not None and period * 2 > allowed:
            base = k.derive(
                f"quality_age_{source.id}"[:60],
                _unit(ledger, source.update_period),
                k.say("twice the update period of %(source)s", source=source.id),
                f"2 * {source.update_period}",
            )
        limits.append(Staleness(source=source.id, at_most=base))
    return limits


def _unit(ledger: Ledger, key: str) -> str:
    entry = ledger.get(key)
    return entry.quantity.unit if entry else "day"


def _slices(k: Desk, t: Mapping[str, Any], places: Mapping[str, str]) -> list[SliceNeed]:
    if not k.blueprint.slices:
        return []
    minimum = k.cite(
        "quality_slice_minimum",
        t["slice_minimum"]["value"],
        k.blueprint.example,
        k.say("least examples a slice"),
        t["slice_minimum"]["source"],
    )
    return [
        SliceNeed(slice=item.id, share=item.share, minimum=minimum, if_thin=k.say(t["if_thin"][item.kind], **places))
        for item in k.blueprint.slices
    ]


def _thin(k: Desk) -> list[Slice]:
    """Slices in which fewer examples can be expected than a verdict needs."""
    ledger = authoring.known(k)
    available, minimum = amount(ledger, "available_examples", 0.0), amount(ledger, "quality_slice_minimum", 0.0)
    parts = [(item, ledger.number(item.share, "percent")) for item in k.blueprint.slices]
    return [item for item, part in parts if available and part is not None and available * part / 100 < minimum]


def _volume(k: Desk, t: Mapping[str, Any], places: Mapping[str, str]) -> Volume:
    example, item = k.blueprint.example, t["volume"]
    if not k.blueprint.task.trains:
        k.derive("available_examples", example, k.say("examples whose right answer is stored, for judging"), "labelled_in_hand")
        why = k.say("no weights are changed, so there are no trainable parameters")
        k.quantities.append(
            Quantity(
                key="trainable_parameters", unit="parameters", meaning=k.say("trainable parameters"), basis="not_applicable", source=why
            )
        )
        return Volume(ruling="not_applicable", because=k.say(t["untrained"], **places), learning_curve=None)
    inputs(k, "quality", item["inputs"], places)
    if "quality_outputs" in item["parameters"]:
        outputs(k, "quality_outputs", k.say("outputs of the trained head"), "data_science", 2)
    k.derive("trainable_parameters", "parameters", k.say("parameters that training changes"), item["parameters"])
    k.derive(
        "available_examples",
        example,
        k.say("labelled examples inside the training window, without the benchmark"),
        "max(min(labelled_in_hand, examples_per_day * training_window) - benchmark_items, 0)",
    )
    return Volume(
        ruling=_ruling(k, item["ruling"]), because=k.say(item["because"], **places), learning_curve=k.say(item["curve"], **places)
    )


def _ruling(k: Desk, wanted: str) -> Ruling:
    ledger = authoring.known(k)
    parameters, available = ledger.number("trainable_parameters", "count"), ledger.number("available_examples", k.blueprint.example)
    if wanted == "set_aside":
        return "set_aside"
    if parameters is None or available is None:
        return "unknown"
    return "enough" if available >= 10 * parameters else "short"
