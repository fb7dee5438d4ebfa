"""The second round of questions: what the written sections turned out to hang on, asked once, all together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from ai_data_strategy.agents.clarification import MOST_QUESTIONS
from ai_data_strategy.agents.section import Draft
from ai_data_strategy.agents.sheet import Sheet, fill_unit, shared_quantities, texts
from ai_data_strategy.blueprint import Blueprint, Dial, Role, Shared
from ai_data_strategy.domain import Figure, Question
from ai_data_strategy.quantities.ledger import Entry
from ai_data_strategy.quantities.numerals import Numeral, numerals
from ai_data_strategy.quantities.units import convert, same_dimension
from ai_data_strategy.quantities.wording import flatten
from ai_data_strategy.typeset.catalogue import translator
from ai_data_strategy.typeset.figures import tabled
from ai_data_strategy.typeset.text import references

F = TypeVar("F", bound=Figure)
_LETTER = re.compile(r"[^\W\d_]")
_LONGEST_SOURCE = 400
"""Characters of a figure's source."""
_SHARES = ("percent", "point")
_SHORT_ANSWER, _SHORT_WORD = 6, 3
"""Words of an answer that is about what was asked and nothing else; letters of a word that names nobody."""


def users(sheet: Sheet, drafts: Mapping[str, Draft]) -> dict[str, set[str]]:
    """For each quantity key, the sections that refer to it, directly or through what is derived from it."""
    found: dict[str, set[str]] = {}
    for section, draft in drafts.items():
        named = {key for _, _, text in texts(draft) for key in references(text)} | set(_keys(draft.model_dump_json(), sheet))
        for key in {part for name in named for part in sheet.ledger.uses(name)}:
            found.setdefault(key, set()).add(section)
    return found


def _keys(text: str, sheet: Sheet) -> list[str]:
    return [key for key in sheet.ledger.entries if f'"{key}"' in text]


def questions(sheet: Sheet, drafts: Mapping[str, Draft], asked: Sequence[str]) -> list[Question]:
    """At most five questions on unknown and assumed figures of the blueprint, those that most sections hang on first."""
    used = users(sheet, drafts)
    open_ = [
        entry
        for entry in sheet.ledger.entries.values()
        if entry.home == "blueprint" and _is_open(entry) and entry.quantity.key not in asked
    ]
    ranked = sorted(open_, key=lambda entry: (-_reach(sheet, entry), entry.known, entry.quantity.key))
    return [
        _question(entry, used.get(entry.quantity.key, set()), sheet) for entry in ranked[:MOST_QUESTIONS] if used.get(entry.quantity.key)
    ]


def _is_open(entry: Entry) -> bool:
    return entry.quantity.basis in ("unknown", "assumed")


def _reach(sheet: Sheet, entry: Entry) -> int:
    return sum(1 for other in sheet.ledger.entries if entry.quantity.key in sheet.ledger.uses(other))


def _question(entry: Entry, sections: set[str], sheet: Sheet) -> Question:
    say = translator(sheet.brief.language)
    quantity = entry.quantity
    default = tabled(entry, sheet.brief.language) if entry.known else say("it stays unknown and is measured in the audit")
    text = say("What is the right figure for: %(meaning)s (in %(unit)s)?") % {"meaning": say(quantity.meaning), "unit": quantity.unit}
    why = quantity.check.impact if quantity.check else say("Figures of the plan hang on it.")
    return Question(
        id=quantity.key,
        question=text[:300],
        why=why[:300],
        touches=sorted(sections)[:14],
        kind="number",
        unit=quantity.unit,
        options=[],
        default=default[:300],
    )


def affected(old: Blueprint, new: Blueprint, sheet: Sheet, drafts: Mapping[str, Draft]) -> set[str]:
    """The sections that hang on what differs between two blueprints: changed figures by use, changed facts by id."""
    before, after = ({q.key: q for q in (*shared_quantities(b), *b.quantities)} for b in (old, new))
    keys = {key for key in before | after if before.get(key) != after.get(key)}
    used = users(sheet, drafts)
    ids = {
        id_
        for name in ("sources", "events", "classes", "roles", "slices", "regimes")
        for id_ in _changed_ids(getattr(old, name), getattr(new, name))
    }
    named = {section for section, draft in drafts.items() if any(f'"{id_}"' in draft.model_dump_json() for id_ in ids)}
    return named | {section for key in keys for section in used.get(key, set())}


def _changed_ids(old: Sequence[Any], new: Sequence[Any]) -> set[str]:
    before, after = ({item.id: item for item in items} for items in (old, new))
    return {id_ for id_ in before | after if before.get(id_) != after.get(id_)}


def with_answer(blueprint: Blueprint, key: str, text: str, language: str) -> Blueprint:
    """The blueprint with an answered figure as stated; unchanged where the answer holds no number in the figure's unit."""
    if key in Shared.model_fields:
        dial = next(item for item in Shared.model_fields[key].metadata if isinstance(item, Dial))
        figure = _answered(getattr(blueprint.shared, key), fill_unit(dial.unit, blueprint), text, language)
        return blueprint.model_copy(update={"shared": blueprint.shared.model_copy(update={key: figure})})
    role = next((role for role in blueprint.roles if role.hours_per_week == key), None)
    if role and not _speaks_of(role, text):
        return blueprint
    quantities = [_answered(q, q.unit, text, language) if q.key == key else q for q in blueprint.quantities]
    return blueprint.model_copy(update={"quantities": quantities})


def _speaks_of(role: Role, text: str) -> bool:
    """True if hours in an answer are this role's: it names the role, or is too short to be about anybody else."""
    words = flatten(text).casefold().split()
    named = [word for word in flatten(role.title).casefold().split() if len(word) > _SHORT_WORD]
    return len(words) <= _SHORT_ANSWER or any(word.strip(".,;:") in named for word in words)


def _answered(figure: F, unit: str, text: str, language: str) -> F:
    """A figure as the user stated it, its source the verbatim passage; unchanged where the answer holds no number in its unit."""
    found = _number(text, unit, language)
    if found is None:
        return figure
    given = _unit(found)
    fits = (found.unit or found.per) and same_dimension(given, unit)
    value = convert(found.value, given, unit) if fits else found.value
    changes = {
        "value": value,
        "low": None,
        "high": None,
        "basis": "stated",
        "source": _passage(text, found),
        "expression": None,
        "check": None,
    }
    return figure.model_copy(update=changes)


def _number(text: str, unit: str, language: str) -> Numeral | None:
    """The first number of a text that is in a unit of that dimension; None where the text counts other things.

    A number without a unit is taken as it is if nothing else is said, or if the figure counts things.
    """
    found = numerals(text, language)
    counted, _, per = unit.partition("/")
    if per:  # asked how much a week, people say how much
        fitting = next((number for number in found if number.per and same_dimension(_unit(number), unit)), None)
        fitting = fitting or next((number for number in found if number.unit == counted and not number.per), None)
    else:
        shares = unit in _SHARES  # of no dimension, as counts are, but no count
        fitting = next((n for n in found if (n.unit or n.per) and same_dimension(_unit(n), unit) and shares is (n.unit in _SHARES)), None)
    if fitting is not None:
        return fitting
    plain = next((number for number in found if not number.unit and not number.per), None)
    alone = plain is not None and not _LETTER.search(text[: plain.start] + text[plain.end :])
    return plain if alone or (not per and unit not in _SHARES and same_dimension("count", unit)) else None


def _unit(number: Numeral) -> str:
    return "/".join(part for part in (number.unit or "count", number.per) if part)


def _passage(text: str, number: Numeral) -> str:
    """The words of an answer around the number that was taken, verbatim, at most as long as a source may be."""
    start = max(0, min(number.start - _LONGEST_SOURCE // 2, len(text) - _LONGEST_SOURCE))
    return text[start : start + _LONGEST_SOURCE].strip()
