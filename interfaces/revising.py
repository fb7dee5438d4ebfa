"""Where a new version of a finished run starts: the old state, what changes in it, and which sections run again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_data_strategy.agents import BY_KEY
from ai_data_strategy.agents.later_questions import users, with_answer
from ai_data_strategy.blueprint import Blueprint
from ai_data_strategy.calling import dump
from ai_data_strategy.domain import Answer
from ai_data_strategy.errors import InputError
from ai_data_strategy.plan import Plan

KEPT = (
    "arguments",
    "language",
    "today",
    "run",
    "brief",
    "answers",
    "clarification",
    "measurements",
    "profile",
    "memo",
    "blueprint",
    "sections",
    "spent",
)


def starting_state(state: Mapping[str, Any], section: str, note: str, answers: Mapping[str, str], version: int) -> dict[str, Any]:
    """The input of the next version. Raises InputError for a section or an answer that the run does not know."""
    if not section and not answers:
        raise InputError("nothing to revise: name a --section with a --note, or an --answer")
    start = {key: state[key] for key in KEPT if key in state} | {"version": version, "asked_again": True, "finished": False}
    if not start.get("blueprint"):
        raise InputError("this run ended with `no AI`: write a new brief that says what should be learned from data")
    only: list[str] = []
    notes: dict[str, str] = {}
    if section:
        if section not in BY_KEY:
            raise InputError(f"no section {section!r}: the sections are {', '.join(BY_KEY)}")
        only, notes = [section], {section: note or "Write this section again."}
    if answers:
        return _answered(start, only, notes, answers)
    return start | {"only": only, "notes": notes}


def _answered(start: dict[str, Any], only: list[str], notes: dict[str, str], answers: Mapping[str, str]) -> dict[str, Any]:
    plan = Plan.of(start)  # type: ignore[arg-type]
    sheet = plan.sheet(plan.drafts)
    asked = {q.id: q for q in plan.clarification.questions} if plan.clarification else {}
    language = plan.brief.language
    blueprint: Blueprint = plan.fixed
    said: dict[str, Any] = {}
    for key, text in answers.items():
        if key in asked:
            said[key] = dump(Answer(question=key, asked=asked[key].question, text=text))
            notes["blueprint"] = f"{notes.get('blueprint', '')}{asked[key].question} The user now says: {text}. "
            only.extend(asked[key].touches)
        elif key in sheet.ledger.entries:
            changed = with_answer(blueprint, key, text, language)
            if changed == blueprint:
                raise InputError(
                    f"answer {key}: no number in {sheet.ledger.entries[key].quantity.unit!r} found in {text!r}, or the figure is computed"
                )
            said[key] = dump(Answer(question=key, asked=sheet.ledger.entries[key].quantity.meaning, text=text))
            blueprint, touched = changed, users(sheet, plan.drafts).get(key, set())
            only.extend(sorted(touched))
            notes |= {
                name: f"{notes.get(name, '')}{sheet.ledger.entries[key].quantity.meaning}: the user now says {text}. " for name in touched
            }
        else:
            known = sorted([*asked, *(e.quantity.key for e in sheet.ledger.entries.values() if e.home == "blueprint")])
            raise InputError(f"answer {key}: no question or figure has that id; they are {', '.join(known)}")
    begin = ["fix"] if "blueprint" in notes else list(dict.fromkeys(only))
    merged = {**start["answers"], **said}
    return start | {"answers": merged, "blueprint": dump(blueprint), "notes": notes, "touched": only, "only": begin or ["gather"]}
