"""Resource levelling: due dates of actions moved later until every owner has the hours, in the order that the work needs.

Serial schedule generation: each owner's actions are taken in order of due date; one that does not fit the hours there are by
then moves to the first day on which it does, and what waits for it moves along. Source: PMBOK Guide, resource levelling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from ai_data_strategy.agents.governance_fields import Governance, SourceRule
from ai_data_strategy.agents.section import Action, Draft
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.blueprint import Role

Name = tuple[str, str]
"""Section and id of an action."""
ROUNDS = 6
LONGEST_SHIFT = 520
"""Workdays by which an action may move; what fits in no two years stays a finding."""
AFTERWARDS = timedelta(weeks=13)
"""Time after the last milestone in which what fits before no more is still done; what does not fit even there stays a finding."""
CRAFTS = (("data_engineering", "engineering", "data_science"),)
"""Duties whose work the others of the group can do."""
MARGIN = 1.06
"""Hours are planned with a little more than the work needs, so that rounding never overloads anybody."""


def levelled(drafts: Mapping[str, Draft], sheet: Sheet) -> dict[str, Draft]:
    """The drafts with due dates that fit; a date moves only where it must, and an owner changes only where no date helps."""
    last = sheet.blueprint.milestones[-1].day + AFTERWARDS
    drafts = _handed_over(drafts, sheet, last)
    days = {(key, a.id): a.due for key, draft in drafts.items() for a in draft.actions}
    work = {(key, a.id): a for key, draft in drafts.items() for a in draft.actions}
    for _ in range(ROUNDS):
        before = dict(days)
        for role in sheet.blueprint.roles:
            _fit(role, work, days, sheet, last)
        _order(work, days, last)
        if days == before:
            break
    return {key: _moved(draft, {name: day for (section, name), day in days.items() if section == key}) for key, draft in drafts.items()}


def _handed_over(drafts: Mapping[str, Draft], sheet: Sheet, last: date) -> dict[str, Draft]:
    """The drafts with the last actions of a role that has too few hours for all of its work given to a role of the same craft that has them."""
    roles, start = {role.id: role for role in sheet.blueprint.roles}, sheet.blueprint.milestones[0].day
    work = [(key, a, (sheet.number(a.cost, "hour", "low") or 0.0) * MARGIN) for key, draft in drafts.items() for a in draft.actions]
    spare = {
        role.id: rate * role.days_there(start, last) / 7 - sum(hours for _, a, hours in work if a.owner == role.id)
        for role in roles.values()
        if (rate := _rate(role, sheet))
    }
    owners: dict[str, dict[str, str]] = {key: {} for key in drafts}
    for key, action, hours in sorted(work, key=lambda item: item[1].due, reverse=True):
        owner = roles.get(action.owner)
        if owner is None or not (_too_late(owner, action) or spare.get(owner.id, 0.0) < 0 < hours):
            continue
        craft = next((duties for duties in CRAFTS if owner.duty in duties), ())
        others = [role for role in spare if role != owner.id and roles[role].duty in craft and spare[role] >= hours]
        if others:
            best = max(others, key=lambda role: spare[role])
            spare[best] -= hours
            spare[owner.id] = spare.get(owner.id, 0.0) + hours
            owners[key][action.id] = best
    return {key: _owned(draft, owners[key]) for key, draft in drafts.items()}


def _rate(role: Role, sheet: Sheet) -> float | None:
    """Hours a week that a role has at most; None if nobody knows."""
    return sheet.number(role.hours_per_week, "hour/week", "high")


def _too_late(owner: Role, action: Action) -> bool:
    return owner.gone_from is not None and action.due >= owner.gone_from


def _owned(draft: Draft, owners: Mapping[str, str]) -> Draft:
    if not any(a.id in owners for a in draft.actions):
        return draft
    return draft.model_copy(update={"actions": [a.model_copy(update={"owner": owners.get(a.id, a.owner)}) for a in draft.actions]})


def _fit(role: Role, work: Mapping[Name, Action], days: dict[Name, date], sheet: Sheet, last: date) -> None:
    rate, start = _rate(role, sheet), sheet.blueprint.milestones[0].day
    if not rate:
        return
    own = sorted((name for name, action in work.items() if action.owner == role.id), key=lambda item: (days[item], item))
    hours = {name: (sheet.number(work[name].cost, "hour", "low") or 0.0) * MARGIN for name in own}
    placed: dict[Name, date] = {}
    if role.gone_from is not None:
        last = min(last, role.gone_from - timedelta(days=1))
    for name in own:
        placed[name] = days[name] = min(_first_day(days[name], hours[name], placed, hours, role, rate, start), last)


def _first_day(
    wish: date, need: float, placed: Mapping[Name, date], hours: Mapping[Name, float], role: Role, rate: float, start: date
) -> date:
    """The first workday from `wish` on by which the work fits, and with which everything due later still fits."""
    day = workday(wish)
    for _ in range(LONGEST_SHIFT):
        moments = sorted({day, *(due for due in placed.values() if due > day)})
        if not role.away_on(day) and all(
            need + sum(hours[n] for n, due in placed.items() if due <= moment) <= rate * role.days_there(start, moment) / 7
            for moment in moments
        ):
            return day
        day = workday(day + timedelta(days=1))
    return day


def _order(work: Mapping[Name, Action], days: dict[Name, date], last: date) -> None:
    by_id = {action: name for name in work for action in [name[1]]}
    for name in sorted(work, key=lambda item: days[item]):
        for first in work[name].after:
            if first in by_id and days[name] < days[by_id[first]]:
                days[name] = min(days[by_id[first]], last)


def workday(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=7 - day.weekday()) if day.weekday() > 4 else day


def _moved(draft: Draft, days: Mapping[str, date]) -> Draft:
    actions = [a if days[a.id] == a.due else a.model_copy(update={"due": days[a.id]}) for a in draft.actions]
    if actions == draft.actions:
        return draft
    changed: dict[str, object] = {"actions": actions}
    if isinstance(draft, Governance):
        changed["sources"] = [_later(rule, draft.actions, days) for rule in draft.sources]
    return draft.model_copy(update=changed)


def _later(rule: SourceRule, actions: Sequence[Action], days: Mapping[str, date]) -> SourceRule:
    """The rule of a source whose training waits for the actions that it waited for, now that they are later."""
    first = rule.personal.training_from if rule.personal else None
    if rule.personal is None or first is None:
        return rule
    waits = [workday(days[a.id] + timedelta(days=1)) for a in actions if a.due < first]
    return rule.model_copy(update={"personal": rule.personal.model_copy(update={"training_from": max([first, *waits])})})
