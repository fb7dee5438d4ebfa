"""From playbook entries (YAML) to the parts that every draft has: numbers, actions, risks, rejected options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ai_data_strategy.agents.section import Action, Rejected, Risk
from ai_data_strategy.agents.sheet import fill_unit, ground_of, shared_quantities
from ai_data_strategy.playbook.desk import Desk, knowledge
from ai_data_strategy.quantities.ledger import Ledger

Entry = Mapping[str, Any]
"""One entry of a playbook file: read here and nowhere else."""


def topic(k: Desk, name: str) -> dict[str, Any]:
    """A topic's knowledge for this archetype over the default's; nested entries are merged key by key, lists are replaced."""
    file = knowledge(name)
    base, own = file.get("default", {}), file.get(k.blueprint.archetype, {})
    return overlay(base, own)


def overlay(base: Entry, own: Entry) -> dict[str, Any]:
    """One set of entries over another, nested ones key by key."""
    return {key: _merged(base.get(key), own.get(key)) for key in {**base, **own}}


def _merged(base: Any, own: Any) -> Any:
    return {**base, **own} if isinstance(base, Mapping) and isinstance(own, Mapping) else base if own is None else own


def number(k: Desk, item: Entry, places: Mapping[str, str]) -> str:
    """A number of the playbook as a quantity, assumed unless it says otherwise; gives its key back."""
    unit, meaning = fill_unit(item["unit"], k.blueprint), k.say(item["meaning"], **places)
    owner = k.role(item.get("duty", "data_engineering"))
    if expression := _given(k, item.get("given")):
        return k.derive(item["key"], unit, meaning, expression)
    if item.get("basis") == "proposed":
        return k.propose(item["key"], item["value"], unit, meaning, owner)
    if item.get("basis") == "derived":
        return k.derive(item["key"], unit, meaning, item["expression"])
    if item.get("basis") == "external":
        return k.cite(item["key"], item["value"], unit, meaning, item["source"])
    value = tuple(item["value"]) if isinstance(item["value"], list) else item["value"]
    impact, how = k.say(item["impact"], **places), k.say(item["how"], **places)
    return k.assume(
        item["key"], value, unit, meaning, k.say(item["source"], **places), impact, how, owner, k.within(item.get("days", 28), owner)
    )


def _given(k: Desk, item: Entry | None) -> str:
    """The expression over a share that the blueprint already has, found by the stems of its key; empty if it has none."""
    stems = item["stems"] if item else []
    found = next((q.key for q in k.blueprint.quantities if q.unit == "percent" and any(stem in q.key for stem in stems)), "")
    return item["expression"].replace("KEY", found) if item and found else ""


def setting(k: Desk, item: Entry | str, places: Mapping[str, str]) -> str:
    """The key of a number that the entry defines here, or of one that is defined elsewhere."""
    return item if isinstance(item, str) else number(k, item, places)


def rejected(k: Desk, items: Sequence[Entry], places: Mapping[str, str]) -> list[Rejected]:
    return [Rejected(option=k.say(item["option"], **places), because=k.say(item["because"], **places)) for item in items]


def actions(k: Desk, items: Sequence[Entry], places: Mapping[str, str], prefix: str) -> list[Action]:
    """Actions with their cost in hours of work; the key of the cost is the action's with the section's name before it."""
    return [_action(k, item, places, prefix) for item in items]


def _action(k: Desk, item: Entry, places: Mapping[str, str], prefix: str) -> Action:
    owner = k.role(item["duty"])
    cost = k.propose(
        f"{prefix}_{item['id']}_hours", item["hours"], "hour", k.say("work to do this: %(what)s", what=k.say(item["what"], **places)), owner
    )
    return Action(
        id=item["id"],
        what=k.say(item["what"], **places),
        owner=owner,
        due=k.within(item["days"], owner),
        cost=cost,
        after=list(item.get("after", [])),
    )


def risks(k: Desk, items: Sequence[Entry], places: Mapping[str, str]) -> list[Risk]:
    return [
        Risk(
            risk=k.say(item["risk"], **places), chance=item["chance"], harm=item["harm"], early_sign=k.say(item["early_sign"], **places),
            answer=k.say(item["answer"], **places), owner=k.role(item["duty"]),
        )
        for item in items
    ]  # fmt: skip


def prose(k: Desk, parts: Sequence[str], places: Mapping[str, str]) -> str:
    return "\n\n".join(k.say(part, **places) for part in parts)


def known(k: Desk) -> Ledger:
    """The ledger as far as the desk knows it: shared and further quantities of the blueprint, and the section's own so far."""
    return Ledger.of(
        {"blueprint": [*shared_quantities(k.blueprint), *k.blueprint.quantities], "section": list(k.quantities)}, ground_of(k.blueprint)
    )
