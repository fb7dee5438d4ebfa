"""The laws and rules that apply to a plan, by place, sector, people and kind of task; and the erasure limit they set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ai_data_strategy.blueprint import Regime
from ai_data_strategy.domain import Figure
from ai_data_strategy.playbook.desk import knowledge
from ai_data_strategy.playbook.plan import Plan, proposed

Rule = Mapping[str, Any]
_MOST = 8
STRICTEST = 30
"""Days for erasure where no law names a time: one month as in Art. 12(3) GDPR, held as a house rule."""


def rules(plan: Plan, personal: bool) -> list[Rule]:
    """The entries of regulation.yaml that apply, in their order, one of each group of alternatives."""
    file = knowledge("regulation")
    words = " ".join([plan.text, *plan.reading.sectors])
    found: dict[str, Rule] = {}
    for rule in file["regimes"]:
        if _applies(rule, plan, personal, words, file["places"]):
            found.setdefault(rule.get("one_of", rule["id"]), rule)
    kept = list(found.values())[:_MOST]
    placed = plan.reading.places or any(rule.get("personal") for rule in kept)
    if personal and not placed:
        return [file["fallback"], *kept][:_MOST]
    return kept


def _applies(rule: Rule, plan: Plan, personal: bool, words: str, places: Mapping[str, Iterable[str]]) -> bool:
    if "named" in rule and re.search(rule["named"], words):
        return True
    if not _placed(rule.get("place", ""), plan, places) or (rule.get("personal") and not personal):
        return False
    if ("archetype" in rule and plan.kind not in rule["archetype"]) or plan.kind in rule.get("not_archetype", ()):
        return False
    return "sector" not in rule or bool(re.search(rf"(?i)\b(?:{rule['sector']})", words))


def _placed(place: str, plan: Plan, places: Mapping[str, Iterable[str]]) -> bool:
    """True if one of the plan's places is in the group; a European language with no place at all counts as the Union."""
    if not place:
        return True
    here = set(plan.reading.places) or ({"EU"} if plan.reading.language in ("de", "fr", "es") else set())
    return any(here & set(places[group]) for group in place.split("|"))


def regimes(plan: Plan, personal: bool) -> list[Regime]:
    return [
        Regime(id=rule["id"], name=plan.say(rule["name"]), applies_because=plan.say(rule["because"]), demands=plan.say(rule["demands"]))
        for rule in rules(plan, personal)
    ]


def erasure(plan: Plan, personal: bool) -> tuple[int, Figure]:
    """Days for erasure and the figure: from the strictest law that names a time, else a house rule signed by legal."""
    timed = [rule for rule in rules(plan, personal) if rule.get("erasure_days")]
    if not timed:
        return STRICTEST, proposed(STRICTEST, plan.role("legal"))
    strictest = min(timed, key=lambda rule: rule["erasure_days"])
    limit = int(strictest["erasure_days"])
    return limit, Figure(value=limit, basis="external", source=strictest["source"])
