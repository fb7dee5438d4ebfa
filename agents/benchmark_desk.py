"""The benchmark without a model: an allocation that adds up, gates no finer than their sample, leaks named by archetype."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ai_data_strategy.agents.benchmark_fields import PLACES, Benchmark, ErasedItem, Freeze, Gate, HardCase, NeverTrained, Part, Refresh
from ai_data_strategy.agents.furnishing import amount, ground, guess, names, paced, said, signed, small_slices
from ai_data_strategy.agents.labelling_desk import first_labels_done
from ai_data_strategy.agents.section import Action, Rejected, Risk
from ai_data_strategy.blueprint import Slice
from ai_data_strategy.playbook import naming
from ai_data_strategy.playbook.desk import Desk, knowledge
from ai_data_strategy.quantities.formulas import half_width

_MOST_SLICES = 4
_FEWEST = 30
_WIDEST = 50.0
_OUTCOME = re.compile(r"fraud|fail|churn|defect|fault|positive|cancel")


def playbook(k: Desk) -> Benchmark:
    """The benchmark over the blueprint's slices and its fixed number of items."""
    t, settings = k.topic("benchmark"), knowledge("benchmark")["settings"]
    words = names(k) | {"entity": _entity(k, t)}
    slices = _slices(k, t)
    sizes = _sizes(k, settings, slices)
    parts = _parts(k, t, words, sizes, slices)
    gates = _gates(k, t, settings, sizes, slices)
    return Benchmark(
        prose=_prose(k, t, words, gates[0]),
        parts=parts,
        no_subgroups_because=None if slices else k.say("the blueprint names no group or rare slice; the audit looks for one"),
        gates=gates,
        freeze=_freeze(k, t, words),
        never_trained=NeverTrained(
            by_id=said(k, t["by_id"], words), near_duplicate=k.say(t["near"], **words), split_by=t["split_by"], split=said(k, t["split"], words),
            enforced_in=said(k, t["enforced"], words), kept_out_of=list(PLACES),
        ),
        erased=ErasedItem(tombstone=True, new_version=True, rule=said(k, t["erased"], words)),
        refresh=_refresh(k, t, words, settings),
        cases=[HardCase(kind=kind, example=k.say(example, **words), expected=k.say(expected, **words)) for kind, example, expected in t["cases"]],
        rejected=[Rejected(option=k.say(option, **words), because=said(k, because, words)) for option, because in t["rejected"]],
        actions=_actions(k, t, words, settings),
        risks=[
            Risk(risk=said(k, t["risk"]["risk"], words), chance="medium", harm="medium", early_sign=said(k, t["risk"]["early_sign"], words),
                 answer=said(k, t["risk"]["answer"], words), owner=k.role("domain")),
        ],
        quantities=k.quantities,
    )  # fmt: skip


def _entity(k: Desk, t: Mapping[str, Any]) -> str:
    """The field that groups near twins, as code; the archetype's word for it where no source holds one."""
    pattern, word = t["entity"]
    fields = [field.id for source in (naming.main_source(k.blueprint), *k.blueprint.sources) for field in source.fields]
    found = next((id_ for id_ in fields if re.search(f"({pattern}).*(_id|_key|_no|_hash)$|^({pattern})$", id_)), None)
    return f"`{found}`" if found else k.say(word)


def _sizes(k: Desk, settings: Mapping[str, Any], slices: list[Slice]) -> dict[str, int]:
    """Whole numbers of items by part key; they add up to benchmark_items."""
    total, shares = int(amount(ground(k), "benchmark_items", 500)), settings["shares"]
    sizes = {"bm_edge": total * shares["edge"] // 100, "bm_adversarial": total * shares["adversarial"] // 100}
    for item in slices:
        sizes[_part_key(item)] = total * shares["subgroup"] // 100 // len(slices)
    return {"bm_typical": total - sum(sizes.values()), **sizes}


def _slices(k: Desk, t: Mapping[str, Any]) -> list[Slice]:
    """The small slices to oversample; where the typical part is drawn by outcome, the outcome itself is no slice any more."""
    found = small_slices(k)
    if t["balanced"]:
        found = [item for item in found if not _OUTCOME.search(item.id)] or found
    return found[:_MOST_SLICES]


def _part_key(item: Slice) -> str:
    return f"bm_sub_{item.id}"[:30]


def _parts(k: Desk, t: Mapping[str, Any], words: Mapping[str, str], sizes: Mapping[str, int], slices: list[Slice]) -> list[Part]:
    owner, unit = k.role("domain"), k.blueprint.example
    meanings = {
        "bm_typical": k.say("typical items of the benchmark"),
        "bm_edge": k.say("edge items of the benchmark"),
        "bm_adversarial": k.say("adversarial items of the benchmark"),
    }
    for key, size in sizes.items():
        k.propose(key, size, unit, meanings.get(key, k.say("extra items of a slice of the benchmark")), owner)
    typical = t["typical_balanced"] if t["balanced"] else t["typical"]
    plain = [
        ("typical", "bm_typical", typical, t["drawn_typical"]),
        ("edge", "bm_edge", t["edge"], t["drawn_edge"]),
        ("adversarial", "bm_adversarial", t["adversarial"], t["drawn_adversarial"]),
    ]
    parts = [
        Part.model_validate({"kind": kind, "slice": None, "what": said(k, what, words), "items": key, "drawn": said(k, drawn, words)})
        for kind, key, what, drawn in plain
    ]
    for item in slices:
        what = k.say("extra draw")
        drawn = said(k, t["drawn_subgroup_balanced" if t["balanced"] else "drawn_subgroup"], {**words, "told_by": item.told_by})
        parts.append(Part(kind="subgroup", slice=item.id, what=what, items=_part_key(item), drawn=drawn))
    return parts


def _gates(k: Desk, t: Mapping[str, Any], settings: Mapping[str, Any], sizes: Mapping[str, int], slices: list[Slice]) -> list[Gate]:
    """The whole first, then each slice: a gate where its items can tell a useful margin, else reported, else not decidable."""
    ledger, metric = ground(k), k.say(t["gate_metric"]) if "gate_metric" in t else k.blueprint.metric
    level, expected = _level(k, t)
    items, count = "bm_typical", float(sizes["bm_typical"])
    if t["balanced"]:
        items, count = k.derive("bm_positives", k.blueprint.example, k.say("typical items with the outcome"), "bm_typical / 2"), count / 2
    gates = [_gate(k, t, "whole", None, metric, items, count, level, expected, settings)]
    for item in slices:
        own, number = _part_key(item), float(sizes[_part_key(item)])
        share = ledger.number(item.share, "percent", "low")
        if share is not None and not t["balanced"]:
            meaning = k.say("items of a slice: its extra draw, and those expected among the typical ones")
            own = k.derive(f"bm_n_{item.id}"[:40], k.blueprint.example, meaning, f"{own} + expected_in_slice(bm_typical, {item.share})")
            number += sizes["bm_typical"] * share / 100
        gates.append(_gate(k, t, item.id, item.id, metric, own, number, level, expected, settings))
    return gates


def _level(k: Desk, t: Mapping[str, Any]) -> tuple[str, float]:
    """The level that a share is expected at; one half, where the interval is widest, if the target is unknown or no share."""
    target = ground(k).number("target", "percent")
    if t["share"] and target is not None and 0 < target < 100:
        return "target", target
    source = "variance of a share p(1-p) is largest at one half; Cochran (1977), Sampling Techniques, 4.4"
    return k.cite("bm_widest_level", _WIDEST, "percent", k.say("level at which the interval of a share is widest"), source), _WIDEST


def _gate(
    k: Desk,
    t: Mapping[str, Any],
    id_: str,
    slice_: str | None,
    metric: str,
    items: str,
    count: float,
    level: str,
    expected: float,
    settings: Mapping[str, Any],
) -> Gate:
    width = half_width(expected, count)
    step = math.ceil(2 * width + 0.02) / 2
    margin = k.propose(
        f"bm_margin_{id_}"[:50], step, "point", k.say("difference that this decision has to tell from chance"), k.role("domain")
    )
    coarse = slice_ is not None and width > float(settings["coarsest_gate"]["value"])
    verdict = "not_decidable" if count < _FEWEST else "report" if coarse else "gate"
    return Gate.model_validate(
        {
            "id": id_,
            "metric": metric,
            "slice": slice_,
            "items": items,
            "level": level,
            "margin": margin,
            "half_width": None,
            "verdict": verdict,
            "on_breach": k.say(t["on_breach"]),
        }
    )


def _prose(k: Desk, t: Mapping[str, Any], words: Mapping[str, str], whole: Gate) -> str:
    ledger = ground(k)
    effect = ledger.number("effect", "point")
    margin = next(q.value for q in k.quantities if q.key == whole.margin) or 0.0
    course = "unknown" if effect is None else "fine" if effect < margin else "coarse"
    counted = k.say("typical %(example)s with the outcome" if t["balanced"] else "typical %(example)s", example=words["example"])
    decides = said(k, t["gates"][course], {**words, "counted": counted}).replace("benchmark_typical", whole.items)
    headline = said(k, t["headline_balanced" if t["balanced"] else "headline"], words)
    return "\n\n".join([said(k, t["prose"], words), f"{decides} {headline}"])


def _freeze(k: Desk, t: Mapping[str, Any], words: Mapping[str, str]) -> Freeze:
    """Frozen on its milestone, or later where its items cannot be read before; written by someone who builds no model."""
    builders = {role.id for role in k.blueprint.roles if role.duty == "data_science"}
    keeper = next(
        (role for role in (k.role(duty) for duty in ("domain", "product", "legal", "operations")) if role not in builders), k.role("domain")
    )
    return Freeze(
        version="B-1.0", content_hash=said(k, t["hash"], words), write_access=[keeper], readers=said(k, t["readers"], words),
        frozen_on=max(k.day("benchmark"), first_labels_done(k)),
    )  # fmt: skip


def _refresh(k: Desk, t: Mapping[str, Any], words: Mapping[str, str], settings: Mapping[str, Any]) -> Refresh:
    owner = k.role("domain")
    every = signed(k, "bm_refresh_every", settings[t["refresh"]], "day", k.say("time between two versions of the benchmark"), owner)
    trigger = signed(
        k, "bm_refresh_trigger", t["trigger"], t["trigger"]["unit"], k.say("shift in production that starts a new version"), owner
    )
    return Refresh(every=every, shift=k.say(t["shift"], **words), trigger=trigger, old_kept=True, old_use=said(k, t["old_use"], words))


def _actions(k: Desk, t: Mapping[str, Any], words: Mapping[str, str], settings: Mapping[str, Any]) -> list[Action]:
    owner, builder = k.role("domain"), k.role("data_engineering")
    frozen = max(k.day("benchmark"), first_labels_done(k), paced(k, owner, float(settings["draw_hours"]["high"]), 28))
    built = paced(k, builder, float(settings["exclusion_hours"]["high"]), 42)
    draw = guess(
        k,
        "benchmark_draw_hours",
        settings["draw_hours"],
        k.say("hours to draw, check and freeze the benchmark, without reading it"),
        owner,
        frozen,
    )
    exclude = guess(
        k, "benchmark_exclusion_hours", settings["exclusion_hours"], k.say("hours to keep benchmark items out of training"), builder, built
    )
    return [
        Action(id="freeze_benchmark", what=said(k, t["draw_action"], words), owner=owner, due=frozen, cost=draw, after=[]),
        Action(id="keep_out", what=said(k, t["exclusion_action"], words), owner=builder, due=built, cost=exclude, after=[]),
    ]
