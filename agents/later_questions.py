"""The second round of questions: what the written sections turned out to hang on, asked once, all together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ai_data_strategy.agents.clarification import MOST_QUESTIONS
from ai_data_strategy.agents.section import Draft
from ai_data_strategy.agents.sheet import Sheet, texts
from ai_data_strategy.domain import Figure, Question
from ai_data_strategy.quantities.ledger import Entry
from ai_data_strategy.typeset.catalogue import translator
from ai_data_strategy.typeset.figures import tabled
from ai_data_strategy.typeset.text import references


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
    open_ = [entry for entry in sheet.ledger.entries.values() if entry.home == "blueprint" and _is_open(entry) and entry.quantity.key not in asked]
    ranked = sorted(open_, key=lambda entry: (-_reach(sheet, entry), entry.known, entry.quantity.key))
    return [_question(entry, used.get(entry.quantity.key, set()), sheet) for entry in ranked[:MOST_QUESTIONS] if used.get(entry.quantity.key)]


def _is_open(entry: Entry) -> bool:
    return entry.quantity.basis in ("unknown", "assumed")


def _reach(sheet: Sheet, entry: Entry) -> int:
    return sum(1 for other in sheet.ledger.entries if entry.quantity.key in sheet.ledger.uses(other))


def _question(entry: Entry, sections: set[str], sheet: Sheet) -> Question:
    say = translator(sheet.brief.language)
    quantity = entry.quantity
    default = tabled(entry, sheet.brief.language) if entry.known else say("it stays unknown and is measured in the audit")
    text = say("What is the right figure for: %(meaning)s (in %(unit)s)?") % {"meaning": quantity.meaning, "unit": quantity.unit}
    why = quantity.check.impact if quantity.check else say("Figures of the plan hang on it.")
    return Question(id=quantity.key, question=text[:300], why=why[:300], touches=sorted(sections)[:14], kind="number", unit=quantity.unit, options=[], default=default[:300])


def answered(figure: Figure, text: str, value: float) -> Figure:
    """A figure replaced by what the user said."""
    return figure.model_copy(update={"value": value, "low": None, "high": None, "basis": "stated", "source": text, "expression": None, "check": None})
