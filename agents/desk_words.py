"""What a playbook may take from the blueprint before any section is written: its numbers, and names for its sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from ai_data_strategy.agents.sheet import shared_quantities
from ai_data_strategy.blueprint import Slice, Source
from ai_data_strategy.playbook import naming
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.quantities.ledger import Ledger

_LABELLED = re.compile(r"label|outcome|final|verdict|diagnos|decision|result|resolution|rating")


def ground(k: Desk) -> Ledger:
    """The ledger of the blueprint alone: shared figures and its own quantities."""
    return Ledger.of({"blueprint": [*shared_quantities(k.blueprint), *k.blueprint.quantities]})


def amount(ledger: Ledger, key: str, fallback: float) -> float:
    """The value of a key in its own unit, or `fallback` where it is unknown."""
    entry = ledger.get(key)
    return float(entry.value) if entry and entry.value is not None else fallback


def plain(name: str, id_: str) -> str:
    """A name fit for prose: its id as code where the name holds digits or marks."""
    return f"`{id_}`" if re.search(r"[\d{}*`]", name) else name


def label_source(k: Desk) -> Source:
    """The source that holds the labels, or the main one."""
    sources = k.blueprint.sources
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
    """The title of the role with a duty, fit for prose."""
    role = k.role_of(k.role(duty))
    return plain(role.title, role.id)


def names(k: Desk) -> dict[str, str]:
    """The blueprint's words for the places of playbook sentences, over those of `naming`."""
    b, main, kept, small = k.blueprint, naming.main_source(k.blueprint), label_source(k), small_slices(k)
    classes = [plain(c.name, c.id) for c in b.classes] or [b.example]
    rare = k.say("the slice “%(name)s”", name=plain(small[0].name, small[0].id)) if small else k.say("the rarest case")
    return {
        **naming.names(k),
        "product": b.product,
        "main": plain(main.name, main.id),
        "labels": plain(kept.name, kept.id),
        "metric": plain(b.metric, "metric"),
        "rare": rare,
        "event_id": naming.main_event(b).id,
        "class_a": classes[0],
        "class_b": classes[-1],
        "product_role": title(k, "product"),
        **{duty: title(k, duty) for duty in ("domain", "legal", "data_engineering", "data_science")},
    }


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
