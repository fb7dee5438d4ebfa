"""The labelling strategy without a model: archetype knowledge over the blueprint's sources, events and hours."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from ai_data_strategy.agents.furnishing import amount, ground, guess, names, paced, said, signed, workdays_later
from ai_data_strategy.agents.labelling_fields import (
    Agreement,
    BlindSpot,
    ClassGuide,
    HumanLabels,
    Labelling,
    LlmLabeller,
    Platform,
    SemiSupervised,
    StoredLabel,
    SyntheticData,
    WeakSupervision,
)
from ai_data_strategy.agents.section import Action, Rejected, Risk
from ai_data_strategy.blueprint import LabelClass
from ai_data_strategy.playbook.desk import Desk, knowledge


def playbook(k: Desk) -> Labelling:
    """The labelling strategy without a model: archetype knowledge over the blueprint's sources, events and hours."""
    t, words, settings = k.topic("labelling"), names(k), knowledge("labelling")["settings"]
    owner, signer = k.role("domain"), k.role("product")
    starts, done_by, fit = _calendar(k)
    paragraphs = [*(said(k, part, words) for part in t["prose"]), said(k, t["capacity"][fit], words)]
    weak, platform = t["weak_supervision"], t["platform"]
    return Labelling(
        prose="\n\n".join(paragraphs),
        stored=[StoredLabel(case=said(k, s["case"], words), take=k.say(s["take"], **words), use=s["use"], because=k.say(s["because"], **words)) for s in t["stored"]],
        blind_spot=BlindSpot(who=said(k, t["blind_spot"]["who"], words), instrument=said(k, t["blind_spot"]["instrument"], words)),
        human=HumanLabels(
            annotators=_readers(k, t, words), owner=owner, ground_truth=True, evaluation=True, starts=starts, done_by=done_by,
            order=k.say("read first; every item before the freeze"),
        ),
        guides=_guides(k, t),
        agreement=_agreement(k, t, words),
        platform=Platform(chosen=k.say(platform), because=said(k, t["platform_because"], words), data_location=said(k, t["data_location"], words)),
        semi_supervised=_semi(k, t["semi_supervised"], words, settings, owner),
        weak_supervision=WeakSupervision(
            used=weak["used"], because=said(k, weak["because"], words), functions=[k.say(part, **words) for part in weak.get("functions", [])],
            conflicts=said(k, weak["conflicts"], words) if weak["used"] else None,
        ),
        synthetic=_synthetic(k, t["synthetic"], words, settings, owner),
        llm_labeller=_llm(k, t["llm_labeller"], words, settings, owner),
        rejected=[Rejected(option=k.say(option, **words), because=said(k, because, words)) for option, because in t["rejected"]],
        actions=_actions(k, t, words, settings),
        risks=[
            Risk(risk=said(k, t["risk"]["risk"], words), chance="medium", harm="high", early_sign=said(k, t["risk"]["early_sign"], words),
                 answer=said(k, t["risk"]["answer"], words), owner=signer if signer != owner else k.role("data_science")),
        ],
        quantities=k.quantities,
    )  # fmt: skip


def _readers(k: Desk, t: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """Who reads; without a count where nobody has said how many."""
    text = k.say(t["annotators"], **words)
    return text if ground(k).number("annotators", "person") else said(k, "%(text)s", {"text": text.replace("{annotators} ", "")})


def _weeks(k: Desk, *keys: str) -> int | None:
    """Weeks to label the items of these keys with the fewest hours that annotators have; None if the hours are unknown."""
    ledger = ground(k)
    fewest, minutes = ledger.number("annotator_hours", "hour/week", "low"), amount(ledger, "minutes_per_item", 0)
    if not (fewest and minutes):
        return None
    return math.ceil(sum(amount(ledger, key, 0) for key in keys) * minutes / 60 / fewest)


def first_labels_done(k: Desk) -> date:
    """The day by which benchmark and overlap can be read."""
    weeks = _weeks(k, "benchmark_items", "overlap_items") or 0
    return _starts(k) + timedelta(weeks=weeks)


def _starts(k: Desk) -> date:
    return workdays_later(_guide_day(k, k.role("domain")), 1)


def _calendar(k: Desk) -> tuple[date, date, str]:
    """First and last day of labelling, and whether all of it, or only its first part, fits before the benchmark is frozen."""
    starts, weeks = _starts(k), _weeks(k, "benchmark_items", "overlap_items", "training_label_items")
    if weeks is None:
        return starts, max(k.day("benchmark"), starts), "unknown"
    done_by, frozen = starts + timedelta(weeks=weeks + 1), k.day("benchmark")
    return starts, done_by, "fits" if done_by <= frozen else "late" if first_labels_done(k) <= frozen else "short"


def _guide_day(k: Desk, owner: str) -> date:
    """The day by which the class guide can be there with the hours of its owner."""
    return paced(k, owner, float(knowledge("labelling")["settings"]["guideline_hours"]["high"]), 14)


def _guides(k: Desk, t: Mapping[str, Any]) -> list[ClassGuide]:
    """One guide a class: the lexicon's cases for well-known names, each used once, else the archetype's pattern."""
    free, guides = list(knowledge("labelling")["lexicon"]), []
    for label in k.blueprint.classes:
        entry = next((entry for entry in free if re.search(entry["match"], _spelled(label))), None)
        if entry:
            free.remove(entry)
        guides.append(_class_guide(k, entry or t, label))
    return guides


def _spelled(label: LabelClass) -> str:
    return f"{label.id} {label.name}".lower()


def _class_guide(k: Desk, entry: Mapping[str, Any], label: LabelClass) -> ClassGuide:
    """The guide from a lexicon entry or a pattern; the near miss names the class of this blueprint that it belongs to."""
    others = [c for c in k.blueprint.classes if c.id != label.id] or [label]
    position = k.blueprint.classes.index(label)
    fitting = next((c for c in others if re.search(entry.get("to", "^other|misc|general"), _spelled(c))), others[position % len(others)])
    places = {"label": label.name, "other": fitting.name, "example": k.blueprint.example}
    near = k.say(entry["near_miss"], **places)
    if "to" in entry:
        near = k.say("%(case)s: belongs to “%(other)s”", case=near, other=fitting.name)
    return ClassGuide(label=label.id, definition=label.definition, positive=k.say(entry["positive"], **places), near_miss=near)


def _agreement(k: Desk, t: Mapping[str, Any], words: Mapping[str, str]) -> Agreement:
    """The metric by the number of readers: one reads twice, two compare, more need a coefficient that allows gaps."""
    people = amount(ground(k), "annotators", 2)
    below = k.say(t["below_target"])
    if people < 2:
        return Agreement(metric=t["metric"], because=k.say(t["alone"]), below_target=below)
    many = people > 2 and t["metric"] in ("cohen_kappa", "weighted_kappa", "iou")
    return Agreement(
        metric=t["metric_many"] if many else t["metric"],
        because=said(k, t["metric_many_because" if many else "metric_because"], dict(words)),
        below_target=below,
    )


def _semi(k: Desk, t: Mapping[str, Any], words: Mapping[str, str], settings: Mapping[str, Any], owner: str) -> SemiSupervised:
    checked = (
        signed(
            k,
            "labelling_validated_items",
            settings["validated_items"],
            k.blueprint.example,
            k.say("proposed labels that people read again from nothing"),
            owner,
        )
        if t["used"]
        else None
    )
    return SemiSupervised(
        used=t["used"],
        because=said(k, t["because"], dict(words)),
        seed_items="training_label_items" if t["used"] else None,
        validated_items=checked,
    )


def _synthetic(k: Desk, t: Mapping[str, Any], words: Mapping[str, str], settings: Mapping[str, Any], owner: str) -> SyntheticData:
    used = t["used"]
    ceiling = (
        signed(
            k,
            "labelling_synthetic_ceiling",
            settings["synthetic_ceiling"],
            "percent",
            k.say("largest share of made examples in any class of training data"),
            owner,
        )
        if used
        else None
    )
    return SyntheticData(
        used=used,
        because=said(k, t["because"], dict(words)),
        checked_by=said(k, t["checked_by"], dict(words)) if used else None,
        ceiling=ceiling,
    )


def _llm(k: Desk, t: Mapping[str, Any], words: Mapping[str, str], settings: Mapping[str, Any], owner: str) -> LlmLabeller:
    if not t["used"]:
        return LlmLabeller(used=False, because=said(k, t["because"], dict(words)), checked_items=None, least_agreement=None)
    checked = signed(
        k, "labelling_llm_checked", settings["checked_items"], k.blueprint.example, k.say("model labels that people check"), owner
    )
    least = signed(
        k, "labelling_llm_agreement", settings["least_agreement"], "coefficient", k.say("least agreement of the model with people"), owner
    )
    return LlmLabeller(used=True, because=said(k, t["because"], dict(words)), checked_items=checked, least_agreement=least)


def _actions(k: Desk, t: Mapping[str, Any], words: Mapping[str, str], settings: Mapping[str, Any]) -> list[Action]:
    owner, builder = k.role("domain"), k.role("data_engineering")
    guide_day, queue_day = _guide_day(k, owner), paced(k, builder, float(settings["instrument_hours"]["high"]), 35)
    guide = guess(
        k, "labelling_guide_hours", settings["guideline_hours"], k.say("hours to write the class guide and pilot it"), owner, guide_day
    )
    queue = guess(
        k,
        "labelling_queue_hours",
        settings["instrument_hours"],
        k.say("hours to build the sampling of examples without a label"),
        builder,
        queue_day,
    )
    instrument = k.say("Build the sampling for what is never labelled: %(what)s", what=k.say(t["blind_spot"]["instrument"], **words))
    return [
        Action(id="write_guide", what=said(k, t["guidelines_action"], dict(words)), owner=owner, due=guide_day, cost=guide, after=[]),
        Action(id="build_sampling", what=instrument, owner=builder, due=queue_day, cost=queue, after=[]),
    ]
