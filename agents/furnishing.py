"""What a playbook may take from the blueprint: names for its sentences, its numbers, dates that owners can keep."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from ai_data_strategy.agents import authoring
from ai_data_strategy.agents.authoring import known
from ai_data_strategy.agents.section import Action
from ai_data_strategy.agents.sheet import ground_of
from ai_data_strategy.blueprint import FieldSpec, Slice, Source
from ai_data_strategy.domain import Quantity
from ai_data_strategy.playbook import naming
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.quantities.ledger import Ledger

Item = Mapping[str, Any]
Places = Mapping[str, str]

NEUTRAL = re.compile(r"legit|none|other|normal|negative|^no_|^ok$|default|unknown")
"""Class ids that stand for nothing special."""
_LABELLED = re.compile(r"label|outcome|final|verdict|diagnos|decision|result|resolution|rating|cause|finding")
_OUTCOME = re.compile(
    r"^action$|block|final|outcome|decision|decided|label|verdict|result|resol|clos|paid_out|actual|moved|confirmed|score|version|rating|cause|finding"
)
_AFTERWARDS = re.compile(r"clos|final|outcome|afterwards|in the end", re.IGNORECASE)
_DUTIES = ("domain", "legal", "data_engineering", "data_science", "engineering", "product", "operations")


def ground(k: Desk) -> Ledger:
    """The ledger of the blueprint alone: shared figures and its own quantities."""
    return ground_of(k.blueprint)


def amount(ledger: Ledger, key: str, fallback: float) -> float:
    """The value of a key in its own unit, or `fallback` where it is unknown."""
    entry = ledger.get(key)
    return float(entry.value) if entry and entry.value is not None else fallback


def plain(name: str, id_: str) -> str:
    """A name fit for prose: its id as code where the name holds digits or marks."""
    return f"`{id_}`" if re.search(r"[\d{}*`]", name) else name


def quoted(name: str, id_: str) -> str:
    """A source's name in a sentence: in quotation marks, or its id as code."""
    shown = plain(name, id_)
    return shown if shown.startswith("`") else f"“{shown}”"


def label_source(k: Desk) -> Source:
    """The source that holds the labels, or the main one."""
    sources = [s for s in k.blueprint.sources if s.status == "exists"] or k.blueprint.sources
    kept = next((s for s in sources if s.kind == "annotations"), None)
    return kept or next((s for s in sources if any(_LABELLED.search(f.id) for f in s.fields)), naming.main_source(k.blueprint))


def small_slices(k: Desk) -> list[Slice]:
    """Slices that an average hides: groups and rare cases, smallest share first."""
    ledger = ground(k)
    found = [item for item in k.blueprint.slices if item.kind in ("group", "rare")]
    return sorted(found, key=lambda item: amount(ledger, item.share, 100.0))


def workdays_later(day: date, days: int) -> date:
    """`days` calendar days later, moved to Monday if that is a weekend."""
    due = day + timedelta(days=days)
    return due + timedelta(days=(7 - due.weekday()) % 7 if due.weekday() > 4 else 0)


def title(k: Desk, duty: str) -> str:
    """The title of the role with a duty, fit for prose: without digits and marks."""
    return re.sub(r"[\d{}*`]+", "", k.role_of(k.role(duty)).title).strip() or k.say("the role “%(duty)s”", duty=duty.replace("_", " "))


def names(k: Desk) -> dict[str, str]:
    """The blueprint's words for the places of playbook sentences, over those of `naming`."""
    b, main, kept = k.blueprint, naming.main_source(k.blueprint), label_source(k)
    telling = [c for c in b.classes if not NEUTRAL.search(c.id)]
    classes = [plain(c.name, c.id) for c in telling or b.classes] or [k.say("one class"), k.say("its neighbour")]
    kinds = {kind: next((plain(s.name, s.id) for s in b.slices if s.kind == kind), "") for kind in ("group", "rare", "edge")}
    people = {f"{duty}_role" if duty == "product" else duty: title(k, duty) for duty in _DUTIES}
    return {
        **naming.names(k),
        "product": plain(b.product, "product"), "metric": plain(b.metric, "metric"), "main": quoted(main.name, main.id), "labels": quoted(kept.name, kept.id),
        "event_id": naming.main_event(b).id, "class_a": classes[0], "class_b": classes[1 % len(classes)],
        "group": kinds["group"] or k.say("the smallest group"), "rare": kinds["rare"] or k.say("the rarest cases"), "edge": kinds["edge"] or k.say("the odd cases"),
        **people,
    }  # fmt: skip


def actions(k: Desk, items: Sequence[Item], places: Places, section: str) -> list[Action]:
    """Actions that their owners can keep: each is due no earlier than the owner's hours for it and the ones before it allow."""
    spent: dict[str, float] = {}
    timed = []
    for item, action in zip(items, authoring.actions(k, items, places, section), strict=True):
        spent[action.owner] = spent.get(action.owner, 0.0) + item["hours"]
        timed.append(action.model_copy(update={"due": max(action.due, paced(k, action.owner, spent[action.owner], 0))}))
    return timed


def inputs(k: Desk, section: str, items: Sequence[Item], places: Places) -> list[str]:
    """Defines quantities from knowledge: with a `source` they are cited, with a `duty` that role signs them; gives their keys."""
    return [_input(k, section, item, places) for item in items]


def _input(k: Desk, section: str, item: Item, places: Places) -> str:
    key, meaning, unit = f"{section}_{item['key']}", k.say(item["meaning"], **places), item["unit"].replace("EXAMPLE", k.blueprint.example)
    if "source" in item:
        return k.cite(key, item["value"], unit, meaning, item["source"])
    return k.propose(key, item["value"], unit, meaning, k.role(item["duty"]))


def outputs(k: Desk, key: str, meaning: str, duty: str, least: int) -> str:
    """Number of classes: as the brief states it, or as many as the blueprint names, signed by a role."""
    told, named = k.reading.amount("classes"), max(len(k.blueprint.classes), least)
    if told is None or told.value <= named or told.high is not None:
        return k.propose(key, named, "classes" if key == "use_case_outputs" else "outputs", meaning, k.role(duty))
    unit = "classes" if key == "use_case_outputs" else "outputs"
    k.quantities.append(Quantity(key=key, value=told.value, unit=unit, meaning=meaning, basis="stated", source=told.quote[:400]))
    return key


def rare_share(k: Desk) -> str:
    """Key of the share of the rare case; unknown and to be measured if no slice says it."""
    known = next((item.share for item in k.blueprint.slices if item.kind == "rare"), None)
    if known:
        return known
    owner = k.role("data_science")
    why = k.say("the whole need scales with how rare the case is, and nobody has said it")
    return k.unknown(
        "use_case_rare_share",
        "percent",
        k.say("share of the rare case among all %(example)s", example=k.blueprint.example),
        why,
        k.say("Count it over the last full year in the data audit."),
        owner,
        k.day("audit"),
    )


def decision_fields(k: Desk) -> list[FieldSpec]:
    """Fields known at decision time, telling ones first: no outcomes, no bare ids unless nothing else is there."""
    sources = [s for s in k.blueprint.sources if s.status == "exists" and s.kind != "annotations"] or k.blueprint.sources
    sources = [s for s in sources if lasting(k, s)] or sources
    fields = [f for s in sorted(sources, key=lambda s: not s.training) for f in s.fields]
    open_ = list({f.id: f for f in fields if not _OUTCOME.search(f.id) and not _AFTERWARDS.search(f.meaning)}.values()) or fields[:1]
    telling = [f for f in open_ if not f.id.endswith("_id")]
    return telling or open_


def lasting(k: Desk, source: Source) -> bool:
    """True unless the source is known to be deleted before the training window is over."""
    ledger = known(k)
    kept, window = ledger.number(source.retention, "day", "high"), ledger.number("training_window", "day", "low")
    return kept is None or window is None or kept + 0.5 >= window


def example_features(k: Desk, t: Mapping[str, Any], most: int) -> list[tuple[str, str]]:
    """Field and made-up value of each feature; where raw rows do not last, the frozen copy of them in the store that training reads."""
    values = [(field.id, k.say(sample_value(field, t))) for field in decision_fields(k)[:most]]
    if any(lasting(k, s) for s in k.blueprint.sources if s.status == "exists" and s.kind != "annotations"):
        return values
    stores = [s for s in k.blueprint.sources if s.training and s.status == "to_build" and lasting(k, s)]
    frozen = next((f.id for s in stores for f in s.fields if "features" in f.id), None)
    return [(frozen, "; ".join(f"{field} {value}" for field, value in values))] if frozen else values


def sample_value(field: FieldSpec, t: Mapping[str, Any]) -> str:
    return next((value for pattern, value in [*t.get("own_values", []), *t["values"]] if re.search(pattern, field.id)), str(t["value"]))


def said(k: Desk, message: str, words: Mapping[str, str]) -> str:
    """A sentence with the blueprint's words in it, beginning with a capital letter."""
    text = k.say(message, **words)
    return text[:1].upper() + text[1:]


def guess(k: Desk, key: str, setting: Mapping[str, Any], meaning: str, owner: str, by: date) -> str:
    """An assumed amount of work from the playbook's settings (low, high, source), in hours."""
    impact, how = k.say("The date of this action and the owner's other work."), k.say("The owner books the hours on the first such task.")
    return k.assume(key, (float(setting["low"]), float(setting["high"])), "hour", meaning, setting["source"], impact, how, owner, by)


def paced(k: Desk, owner: str, hours: float, days: int) -> date:
    """A due date that the owner can keep: `days` after the start, or later if the hours a week that they have ask for it."""
    begin = max(k.start, k.role_of(owner).available_from)
    a_week = ground(k).number(k.role_of(owner).hours_per_week, "hour/week", "low") or 0.0
    needed = workdays_later(begin, math.ceil(7 * hours / a_week)) if a_week else begin
    return max(k.within(days, owner), needed)


def signed(k: Desk, key: str, setting: Mapping[str, Any], unit: str, meaning: str, owner: str) -> str:
    """A setting of the plan from the playbook's settings (value, source), signed by a role."""
    return k.propose(key, float(setting["value"]), unit, meaning, owner)
