"""The roles of a plan: the people the text names, and the duties that somebody still has to take."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from typing import Any, get_args

from ai_data_strategy.blueprint import Duty, Role
from ai_data_strategy.domain import Figure, Verification
from ai_data_strategy.playbook.dates import days
from ai_data_strategy.playbook.desk import knowledge
from ai_data_strategy.playbook.plan import Plan
from ai_data_strategy.playbook.reading import Person
from ai_data_strategy.typeset.catalogue import N_

_TITLES = {
    "product": N_("Product owner"), "domain": N_("Domain lead"), "data_engineering": N_("Data engineer"),
    "data_science": N_("Data scientist"), "legal": N_("Data protection officer"),
    "annotation": N_("Annotators"),
}  # fmt: skip
_MOST = 10
_WEEKS_TO_FIND = {"data_science": 6, "data_engineering": 3}
_LABELLERS = re.compile(r"(?i)by hand|label|annotat|von Hand|manuell|à la main|a mano|review|analyst|inspect")
_LABELLER_TITLE = re.compile(
    r"(?i)\b(analyst|annotator|inspector|coder|transcriber|Prüfer|Sachbearbeiter|analyste|inspecteur|analista|inspector)\w*"
)
_NO_TITLE = re.compile(r"(?i)(people|persons?|personen|leute|personnes|personas|mitarbeiter\w*|staff|colleagues)")


def slug(title: str) -> str:
    """A title as an id."""
    flat = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    word = re.sub(r"[^a-z0-9]+", "_", flat).strip("_")[:50]
    return word if word and word[0].isalpha() else f"role_{word}"


def cast(plan: Plan) -> None:
    """Fill `plan.roles` and the hours that each can give."""
    labeller = annotators_named(plan)
    people = [person for person in plan.reading.people if not (labeller and _same(person, labeller))][: _MOST - len(_TITLES)]
    roles = [_named(plan, person) for person in people]
    have = {role.duty for role in roles}
    roles += [_open(plan, duty) for duty in _TITLES if duty not in have and not (duty == "annotation" and labeller)]
    if labeller:
        roles.append(_annotators(plan, labeller))
    plan.roles.extend(_distinct(roles))
    for role in plan.roles:
        if role.duty != "annotation":
            _hours(plan, role, next((p for p in people if p.title == role.title), None))


def annotators_named(plan: Plan) -> Person | None:
    """The people of the text who label today or could: by duty, or by what the text says they do."""
    people = plan.reading.people
    fitting = [p for p in people if p.duty == "annotation"]
    fitting += [p for p in people if p.duty in ("domain", "operations") and (p.count or 0) >= 2 and _LABELLERS.search(p.quote)]
    fitting += [p for p in people if p.duty in ("domain", "operations") and _LABELLER_TITLE.search(p.title)]
    return max(fitting, key=lambda p: (p.hours_per_week is not None, p.count is not None, p.title.endswith("s")), default=None)


def _same(one: Person, other: Person) -> bool:
    return slug(one.title).rstrip("s") == slug(other.title).rstrip("s")


def _named(plan: Plan, person: Person) -> Role:
    duty = person.duty if person.duty in get_args(Duty) and person.duty != "annotation" else "operations"
    there = max(plan.start, person.from_day or plan.start)
    role = _role(person.title, duty, True, there)
    away = sorted(day for day, _ in days(person.away)) if person.away and person.from_day is None else []
    if not away or (person.count or 1) > 1:
        return role
    begin = away[0] if len(away) > 1 else plan.start
    return role.model_copy(update={"absent_from": begin, "absent_until": away[-1]})


def _annotators(plan: Plan, person: Person) -> Role:
    nameless = _NO_TITLE.fullmatch(person.title.strip()) is not None
    title = plan.say(N_("People who do it by hand today")) if nameless else person.title
    return _role(title, "annotation", True, max(plan.start, person.from_day or plan.start), "annotators" if nameless else "")


def _open(plan: Plan, duty: str) -> Role:
    weeks = _WEEKS_TO_FIND.get(duty, 0)
    return _role(plan.say(_TITLES[duty]), duty, False, plan.start + timedelta(weeks=weeks), duty)


def _role(title: str, duty: str, named: bool, there: date, id_: str = "") -> Role:
    key = "annotator_hours" if duty == "annotation" else f"hours_{(id_ or slug(title))[:22]}"
    return Role.model_validate(
        {"id": id_ or slug(title), "title": title[:100], "duty": duty, "named": named, "available_from": there, "hours_per_week": key}
    )


def _distinct(roles: list[Role]) -> list[Role]:
    seen: dict[str, Role] = {}
    for role in roles:
        if role.id.rstrip("s") not in {known.rstrip("s") for known in seen}:
            seen[role.id] = role
    return list(seen.values())[:_MOST]


def _hours(plan: Plan, role: Role, person: Person | None) -> None:
    meaning = plan.say("hours a week for this plan: %(who)s", who=re.sub(r"\d+", "", role.title))
    if person and person.hours_per_week and re.search(rf"(?<!\d){person.hours_per_week:g}(?!\d)", person.quote):
        figure = Figure(value=person.hours_per_week, basis="stated", source=person.quote[:400])
    else:
        figure = _assumed_hours(plan, role, person)
    plan.put(role.hours_per_week, "hour/week", meaning, figure)


def _assumed_hours(plan: Plan, role: Role, person: Person | None) -> Figure:
    table: dict[str, Any] = knowledge("rates")["hours"]
    most = 40 * (person.share_of_time or 1) if person else 40
    value = min(table[role.duty], most * 0.8)
    owner = plan.role("product")
    check = Verification(
        impact=plan.say("Fewer hours move every date that this role carries."),
        how=plan.say("Agree the hours with the line manager in writing."),
        owner=owner, by=plan.start + timedelta(days=11),
    )  # fmt: skip
    why = plan.say("planning share of a working week beside other duties; nobody has said how much time there is")
    return Figure(value=round(value), basis="assumed", source=why, check=check)
