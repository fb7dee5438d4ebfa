"""The names of a blueprint that playbook sentences speak of: its sources, events, slices, classes and people."""

from __future__ import annotations

import re

from ai_data_strategy.blueprint import Blueprint, Event, Source
from ai_data_strategy.playbook.desk import Desk, in_currency

_VERDICTS = re.compile(
    r"requeue|move|correct|overrid|overrul|edit|reject|dismiss|dispute|outcome|report|thumb|flag|complain|return|reopen|confirm|fail|claim|rework|decision|decide|rating"
)
_WORST = ("special", "criminal", "child", "biometric", "financial", "free_text", "location", "device", "personal", "none")


def main_source(blueprint: Blueprint) -> Source:
    """The source that the examples come from: the first there is that enters training, or whose rows a store to build will freeze."""
    there = [source for source in blueprint.sources if source.status == "exists"]
    raw = [source for source in there if source.training] or [source for source in there if source.kind != "annotations"]
    return next(iter(raw), next((source for source in blueprint.sources if source.training), blueprint.sources[0]))


def main_event(blueprint: Blueprint) -> Event:
    """The event that says most about right and wrong: the first whose id speaks of a verdict or a correction."""
    return next((event for event in blueprint.events if _VERDICTS.search(event.id)), blueprint.events[0])


def worst_sensitivity(source: Source) -> str:
    """The most sensitive class among a source's fields."""
    return min((field.sensitivity for field in source.fields), key=_WORST.index)


def names(k: Desk) -> dict[str, str]:
    """Names for %(name)s places: ids stand as code spans, titles as they are written in the blueprint."""
    blueprint, source, event = k.blueprint, main_source(k.blueprint), main_event(k.blueprint)
    other = next((item for item in blueprint.events if item.id != event.id), event)
    far = next((item for item in blueprint.sources if item.id != source.id), source)
    classes = [label.name for label in blueprint.classes] + [k.say("the first class"), k.say("the second class")]
    people = {duty: k.role_of(k.role(duty)).title for duty in ("domain", "data_science", "data_engineering", "engineering", "legal")}
    people["product_lead"] = k.role_of(k.role("product")).title
    return {
        "product": blueprint.product, "example": blueprint.example.replace("_", " "), "metric": blueprint.metric, "source": f"“{source.name}”", "other_source": f"“{far.name}”",
        "event": f"`{event.id}`", "other_event": f"`{other.id}`", "feature": f"`{source.fields[0].id}`",
        "one_class": classes[0], "other_class": classes[1], "group": _slice(k, "group"), "rare": _slice(k, "rare"), "edge": _slice(k, "edge"),
        **people,
    }  # fmt: skip


def _slice(k: Desk, kind: str) -> str:
    found = next((item.name for item in k.blueprint.slices if item.kind == kind), None) or next(
        (item.name for item in k.blueprint.slices), None
    )
    return f"“{found}”" if found else k.say("the smallest group")


def money(k: Desk, euros: float) -> float:
    """An assumed amount of the playbook, written in euros, in the order of magnitude of the blueprint's currency."""
    return in_currency(euros, k.blueprint.currency)
