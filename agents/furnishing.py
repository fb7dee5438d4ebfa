"""The blueprint's names for playbook sentences, and numbers of the knowledge as cited or signed quantities."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ai_data_strategy.agents.authoring import known
from ai_data_strategy.blueprint import FieldSpec, Source
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.quantities.ledger import Ledger

Item = Mapping[str, Any]
Places = Mapping[str, str]


_LABELLED = re.compile(r"label|outcome|final|verdict|diagnos|decision|result|resolution|rating")
_OUTCOME = re.compile(
    r"^action$|block|final|outcome|decision|decided|label|verdict|result|resol|clos|paid_out|actual|moved|confirmed|score|version|rating"
)
_AFTERWARDS = re.compile(r"clos|final|outcome|afterwards|in the end", re.IGNORECASE)
NEUTRAL = re.compile(r"legit|none|other|normal|negative|^no_|^ok$|default|unknown")
"""Class ids that stand for nothing special."""
_TELLING = re.compile(
    r"requeue|moved?\b|reassign|correct|confirm|chargeback|return|repair|accept|edit|escalat|outcome|review|thumb|click|fail|decided"
)


def amount(ledger: Ledger, key: str, fallback: float) -> float:
    """The value of a key in its own unit, or `fallback` where it is unknown."""
    entry = ledger.get(key)
    return float(entry.value) if entry and entry.value is not None else fallback


def plain(name: str, id_: str) -> str:
    """A name fit for prose: its id as code where the name holds digits or marks."""
    return f"`{id_}`" if re.search(r"[\d{}*`]", name) else name


def main_source(k: Desk) -> Source:
    """The source that carries the examples: the first existing one that is trained on."""
    sources = k.blueprint.sources
    return next((s for s in sources if s.training and s.status == "exists"), next((s for s in sources if s.training), sources[0]))


def label_source(k: Desk) -> Source:
    """The source that holds the labels, or the main one."""
    sources = k.blueprint.sources
    kept = next((s for s in sources if s.kind == "annotations"), None)
    return kept or next((s for s in sources if any(_LABELLED.search(f.id) for f in s.fields)), main_source(k))


def names(k: Desk) -> dict[str, str]:
    """The blueprint's words for the places of playbook sentences."""
    b, main, kept = k.blueprint, main_source(k), label_source(k)
    event = next((e for e in b.events if _TELLING.search(e.id)), b.events[0])
    telling = [c for c in b.classes if not NEUTRAL.search(c.id)]
    classes = [plain(c.name, c.id) for c in telling or b.classes] or [k.say("one kind"), k.say("another kind")]
    people = {
        duty: k.role_of(k.role(duty))
        for duty in ("domain", "legal", "data_engineering", "data_science", "engineering", "product", "operations")
    }
    kinds = {kind: next((plain(s.name, s.id) for s in b.slices if s.kind == kind), "") for kind in ("group", "rare", "edge")}
    return {
        "product": plain(b.product, "product"), "example": b.example, "metric": plain(b.metric, "metric"),
        "main": plain(main.name, main.id), "labels": plain(kept.name, kept.id), "event": f"`{event.id}`",
        "class_a": classes[0], "class_b": classes[1 % len(classes)],
        "group": kinds["group"] or k.say("the smallest group"), "rare": kinds["rare"] or k.say("the rarest cases"), "edge": kinds["edge"] or k.say("the odd cases"),
        **{f"{duty}_role" if duty == "product" else duty: plain(role.title, role.id) for duty, role in people.items()},
    }  # fmt: skip


def inputs(k: Desk, section: str, items: Sequence[Item], places: Places) -> list[str]:
    """Defines quantities from knowledge: with a `source` they are cited, with a `duty` that role signs them; gives their keys."""
    return [_input(k, section, item, places) for item in items]


def _input(k: Desk, section: str, item: Item, places: Places) -> str:
    key, meaning, unit = f"{section}_{item['key']}", k.say(item["meaning"], **places), item["unit"].replace("EXAMPLE", k.blueprint.example)
    if "source" in item:
        return k.cite(key, item["value"], unit, meaning, item["source"])
    return k.propose(key, item["value"], unit, meaning, k.role(item["duty"]))


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


def stock_story(k: Desk) -> str:
    """`apart` if the stock is not what the stated start and today's rate give; adds the time that the stock covers."""
    ledger = known(k)
    stored, rate = amount(ledger, "examples_in_hand", 0.0), amount(ledger, "examples_per_day", 0.0)
    starts = min((s.starts for s in k.blueprint.sources if s.training and s.status == "exists" and s.starts), default=None)
    if not stored or not rate or starts is None or starts >= k.start:
        return "unknown"
    ratio = stored / rate / max((k.start - starts).days, 1)
    k.derive(
        "use_case_stock_time", "month", k.say("time in which today's rate gives the stock in hand"), "examples_in_hand / examples_per_day"
    )
    return "apart" if ratio < 0.7 or ratio > 1.4 else "together"


def decision_fields(k: Desk) -> list[FieldSpec]:
    """Fields known at decision time, telling ones first: no outcomes, no bare ids unless nothing else is there."""
    sources = [s for s in k.blueprint.sources if s.status == "exists" and s.kind != "annotations"] or k.blueprint.sources
    fields = [f for s in sorted(sources, key=lambda s: not s.training) for f in s.fields]
    open_ = list({f.id: f for f in fields if not _OUTCOME.search(f.id) and not _AFTERWARDS.search(f.meaning)}.values()) or fields[:1]
    telling = [f for f in open_ if not f.id.endswith("_id")]
    return telling or open_


def sample_value(field: FieldSpec, t: Mapping[str, Any]) -> str:
    return next((value for pattern, value in [*t.get("own_values", []), *t["values"]] if re.search(pattern, field.id)), str(t["value"]))
