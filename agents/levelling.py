"""Resource levelling: due dates of actions moved later until every owner has the hours, in the order that the work needs.

Serial schedule generation: each owner's actions are taken in order of due date; one that does not fit the hours there are by
then moves to the first day on which it does, and what waits for it moves along. Source: PMBOK Guide, resource levelling.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from ai_data_strategy.agents.section import Action, Draft
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.blueprint import Role

Name = tuple[str, str]
"""Section and id of an action."""
ROUNDS = 6
LONGEST_SHIFT = 260
"""Workdays by which an action may move; what fits in no year stays a finding."""
FIXED = ("governance",)
"""Sections whose dates others stand on (training may begin after them): their actions count, but stay."""
MARGIN = 1.06
"""Hours are planned with a little more than the work needs, so that rounding never overloads anybody."""


def levelled(drafts: Mapping[str, Draft], sheet: Sheet) -> dict[str, Draft]:
    """The drafts with due dates that fit; a date moves only where it must."""
    days = {(key, a.id): a.due for key, draft in drafts.items() for a in draft.actions}
    work = {(key, a.id): a for key, draft in drafts.items() for a in draft.actions}
    free = {name for name in work if name[0] not in FIXED}
    last = sheet.blueprint.milestones[-1].day
    for _ in range(ROUNDS):
        before = dict(days)
        for role in sheet.blueprint.roles:
            _fit(role, work, days, free, sheet, last)
        _order(work, days, free, last)
        if days == before:
            break
    return {key: _moved(draft, {name: day for (section, name), day in days.items() if section == key}) for key, draft in drafts.items()}


def _fit(role: Role, work: Mapping[Name, Action], days: dict[Name, date], free: set[Name], sheet: Sheet, last: date) -> None:
    rate = sheet.number(role.hours_per_week, "hour/week", "high")
    if not rate:
        return
    begin = max(role.available_from, sheet.blueprint.milestones[0].day)
    own = sorted((name for name, action in work.items() if action.owner == role.id), key=lambda item: (days[item], item))
    hours = {name: (sheet.number(work[name].cost, "hour", "low") or 0.0) * MARGIN for name in own}
    placed = {name: days[name] for name in own if name not in free}
    for name in own:
        if name in free:
            placed[name] = days[name] = min(_first_day(days[name], hours[name], placed, hours, role, rate, begin), last)


def _first_day(
    wish: date, need: float, placed: Mapping[Name, date], hours: Mapping[Name, float], role: Role, rate: float, begin: date
) -> date:
    """The first workday from `wish` on by which the work fits, and with which everything due later still fits."""
    day = workday(wish)
    for _ in range(LONGEST_SHIFT):
        moments = sorted({day, *(due for due in placed.values() if due > day)})
        if all(
            need + sum(hours[n] for n, due in placed.items() if due <= moment) <= _there(role, rate, begin, moment) for moment in moments
        ):
            return day
        day = workday(day + timedelta(days=1))
    return day


def _there(role: Role, rate: float, begin: date, day: date) -> float:
    away = 0
    if role.absent_from and role.absent_until:
        away = max(0, (min(day, role.absent_until) - max(begin, role.absent_from)).days + 1)
    return rate * max(0, (day - begin).days + 1 - away) / 7


def _order(work: Mapping[Name, Action], days: dict[Name, date], free: set[Name], last: date) -> None:
    by_id = {action: name for name in work for action in [name[1]]}
    for name in sorted(work, key=lambda item: days[item]):
        for first in work[name].after:
            if first in by_id and name in free and days[name] < days[by_id[first]]:
                days[name] = min(days[by_id[first]], last)


def workday(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=7 - day.weekday()) if day.weekday() > 4 else day


def _moved(draft: Draft, days: Mapping[str, date]) -> Draft:
    actions = [a if days[a.id] == a.due else a.model_copy(update={"due": days[a.id]}) for a in draft.actions]
    return draft if actions == draft.actions else draft.model_copy(update={"actions": actions})
