"""What the events of a blueprint say as signals: family, kind (explicit or implicit), and the one that teaches most."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from ai_data_strategy.blueprint import Blueprint, Event, Slice, Source
from ai_data_strategy.playbook.desk import Desk, knowledge
from ai_data_strategy.playbook.naming import main_source

LEAST_IMPLICIT = 2


@dataclass(frozen=True)
class Signal:
    """An event read as a signal; `family` names its entry in signals.yaml."""

    event: Event
    family: str
    kind: Literal["explicit", "implicit"]


def read_events(k: Desk) -> list[Signal]:
    """All events of the blueprint as signals; at least one is explicit and, where there are enough events, two are implicit."""
    found = [(event, _family(event.id.lower(), event.meaning.lower())) for event in k.blueprint.events]
    families = knowledge("signals")["families"]
    most = max(1, len(found) - LEAST_IMPLICIT)
    ranked = sorted(found, key=lambda pair: -int(families[pair[1]]["explicitness"]))
    explicit = {event.id for event, family in ranked[:most] if families[family]["explicitness"] > 0} or {ranked[0][0].id}
    return [Signal(event, family, "explicit" if event.id in explicit else "implicit") for event, family in found]


@lru_cache(maxsize=1024)  # every section asks for the same few events
def _family(event: str, meaning: str) -> str:
    scores = {
        name: _hits(entry["words"], event) * 3 + _hits(entry["words"], f"{event} {meaning}")
        for name, entry in knowledge("signals")["families"].items()
    }
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] else "acceptance"


def _hits(stems: list[str], text: str) -> int:
    return sum(bool(_beginning(stem).search(text)) for stem in stems)


@cache
def _beginning(stem: str) -> re.Pattern[str]:
    """A word of signals.yaml where a word begins."""
    return re.compile(rf"(?:^|[\W_]){re.escape(stem)}")


def trigger_of(k: Desk) -> Event:
    """The event that teaches most in this archetype; a recorded one before one that nothing records yet."""
    order = list(knowledge("signals")["trigger"].get(k.blueprint.archetype) or knowledge("signals")["trigger"]["default"])
    families = {signal.event.id: signal.family for signal in read_events(k)}

    def rank(event: Event) -> tuple[int, int]:
        family = families[event.id]
        return (order.index(family) if family in order else len(order), 0 if event.source else 1)

    return min(k.blueprint.events, key=rank)


def rare_slice(blueprint: Blueprint) -> Slice | None:
    """The slice of rare events, such as fraud or failures, if the blueprint has one."""
    return next((slice_ for slice_ in blueprint.slices if slice_.kind == "rare"), None)


def log_source(blueprint: Blueprint) -> Source | None:
    """The source that logs predictions: one that is to be built first, else the product's logs."""
    logs = [source for source in blueprint.sources if source.kind == "product_logs"]
    return next((source for source in logs if source.status == "to_build"), logs[0] if logs else None)


_PERMISSION = re.compile(
    r"(?i)allow|consent|permi|agree|\bdpa\b|instruct|einwillig|erlaub|zustimm|gestatte|autoris|consentement|autoriz|permis"
)


def needs_permission(k: Desk) -> bool:
    """True if the plan waits for somebody's permission to train on the examples."""
    return any(_PERMISSION.search(condition) for condition in k.blueprint.conditions)


def facts(k: Desk) -> dict[str, str]:
    """The blueprint's words for the places of the playbook's sentences."""
    blueprint, trigger, log = k.blueprint, trigger_of(k), log_source(k.blueprint)
    thin = [s for kind in ("rare", "edge", "group") for s in blueprint.slices if s.kind == kind]
    groups = [s for kind in ("group", "edge", "rare") for s in blueprint.slices if s.kind == kind]
    second = next((s.event for s in read_events(k) if s.event.id != trigger.id), trigger)
    main, domain, builder = main_source(blueprint), k.role_of(k.role("domain")), k.role_of(k.role("data_engineering"))
    return {
        "product": _plain(blueprint.product, "product"),
        "example": blueprint.example.replace("_", " "),
        "metric": _plain(blueprint.metric, "metric"),
        "main": f"“{_plain(main.name, main.id)}”",
        "log": f"“{_plain(log.name, log.id)}”" if log else k.say("the prediction log"),
        "thin": f"“{_plain(thin[0].name, thin[0].id)}”" if thin else k.say("the rarest cases"),
        "group": f"“{_plain(groups[0].name, groups[0].id)}”" if groups else k.say("the smallest groups"),
        "domain": _plain(domain.title, domain.id),
        "builder": _plain(builder.title, builder.id),
        "trigger": f"`{trigger.id}`",
        "second": f"`{second.id}`",
    }


def _plain(name: str, id_: str) -> str:
    """A name fit for prose: its id as code where the name holds digits or marks."""
    return f"`{id_}`" if re.search(r"[\d{}*`]", name) else name
