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
"""Workdays by which an action may move; what fits in no year stays a finding."""
AFTERWARDS = timedelta(weeks=13)
"""Time after the last milestone in which what fits before no more is still done; what does not fit even there stays a finding."""
CRAFTS = (("data_engineering", "engineering", "data_science"),)
"""Duties whose work the others of the group can do."""
MARGIN = 1.06
"""Hours are planned with a little more than the work needs, so that rounding never overloads anybody."""


def levelled(drafts: Mapping[str, Draft], sheet: Sheet) -> dict[str, Draft]:
    """The drafts with due dates that fit; a date moves only where it must, and an owner changes only where no date helps."""
    drafts = _handed_over(drafts, sheet)
    days = {(key, a.id): a.due for key, draft in drafts.items() for a in draft.actions}
    work = {(key, a.id): a for key, draft in drafts.items() for a in draft.actions}
    last = sheet.blueprint.milestones[-1].day + AFTERWARDS
    for _ in range(ROUNDS):
        before = dict(days)
        for role in sheet.blueprint.roles:
            _fit(role, work, days, sheet, last)
        _order(work, days, last)
        if days == before:
            break
    return {key: _moved(draft, {name: day for (section, name), day in days.items() if section == key}) for key, draft in drafts.items()}


def _handed_over(drafts: Mapping[str, Draft], sheet: Sheet) -> dict[str, Draft]:
    """The drafts with the last actions of a role that has too few hours for all of its work given to a role of the same craft that has them."""
    last, roles = sheet.blueprint.milestones[-1].day + AFTERWARDS, {role.id: role for role in sheet.blueprint.roles}
    work = [(key, a, sheet.number(a.cost, "hour", "low") or 0.0) for key, draft in drafts.items() for a in draft.actions]
    spare = {
        role.id: there - sum(hours for _, a, hours in work if a.owner == role.id) * MARGIN
        for role in roles.values()
        if (there := _hours(role, sheet, last)) is not None
    }
    owners: dict[Name, str] = {}
    for key, action, hours in sorted(work, key=lambda item: item[1].due, reverse=True):
        craft = next((duties for duties in CRAFTS if action.owner in roles and roles[action.owner].duty in duties), ())
        others = [role for role in spare if role != action.owner and roles[role].duty in craft and spare[role] >= hours * MARGIN]
        gone = _gone(roles[action.owner]) if action.owner in roles else None
        late = gone is not None and action.due >= gone
        if others and (late or spare.get(action.owner, 0.0) < 0 < hours):
            best = max(others, key=lambda role: spare[role])
            spare[best] -= hours * MARGIN
            spare[action.owner] += hours * MARGIN
            owners[key, action.id] = best
    return {key: _owned(draft, {name: role for (section, name), role in owners.items() if section == key}) for key, draft in drafts.items()}


def _gone(role: Role) -> date | None:
    """The day from which somebody is away for good."""
    return role.absent_from if role.absent_until is None else None


def _hours(role: Role, sheet: Sheet, day: date) -> float | None:
    """Hours that a role has until a day; None if nobody knows how many it has a week."""
    rate = sheet.number(role.hours_per_week, "hour/week", "high")
    return _there(role, rate, max(role.available_from, sheet.blueprint.milestones[0].day), day) if rate else None


def _owned(draft: Draft, owners: Mapping[str, str]) -> Draft:
    if not any(a.id in owners for a in draft.actions):
        return draft
    return draft.model_copy(update={"actions": [a.model_copy(update={"owner": owners.get(a.id, a.owner)}) for a in draft.actions]})


def _fit(role: Role, work: Mapping[Name, Action], days: dict[Name, date], sheet: Sheet, last: date) -> None:
    rate = sheet.number(role.hours_per_week, "hour/week", "high")
    if not rate:
        return
    begin = max(role.available_from, sheet.blueprint.milestones[0].day)
    own = sorted((name for name, action in work.items() if action.owner == role.id), key=lambda item: (days[item], item))
    hours = {name: (sheet.number(work[name].cost, "hour", "low") or 0.0) * MARGIN for name in own}
    placed: dict[Name, date] = {}
    if (gone := _gone(role)) is not None:
        last = min(last, gone - timedelta(days=1))
    for name in own:
        placed[name] = days[name] = min(_first_day(days[name], hours[name], placed, hours, role, rate, begin), last)


def _first_day(
    wish: date, need: float, placed: Mapping[Name, date], hours: Mapping[Name, float], role: Role, rate: float, begin: date
) -> date:
    """The first workday from `wish` on by which the work fits, and with which everything due later still fits."""
    day = workday(wish)
    for _ in range(LONGEST_SHIFT):
        moments = sorted({day, *(due for due in placed.values() if due > day)})
        if not role.away_on(day) and all(
            need + sum(hours[n] for n, due in placed.items() if due <= moment) <= _there(role, rate, begin, moment) for moment in moments
        ):
            return day
        day = workday(day + timedelta(days=1))
    return day


def _there(role: Role, rate: float, begin: date, day: date) -> float:
    return rate * max(0, (day - begin).days + 1 - role.days_away(begin, day)) / 7


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
