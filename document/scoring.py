"""The rubric's verdicts on a whole strategy: what code decides, what the reviewer said, and whether it is accepted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import Literal

from ai_data_strategy.agents import BY_KEY, SECTIONS, consistency
from ai_data_strategy.agents.fit import FITS
from ai_data_strategy.agents.reviewer import chapter
from ai_data_strategy.agents.section import Criterion, rubric
from ai_data_strategy.agents.strategy import Strategy, sheet_of
from ai_data_strategy.document.markdown import render
from ai_data_strategy.document.readback import check, words, words_before_annexes
from ai_data_strategy.domain import Verdict
from ai_data_strategy.playbook.language import detect
from ai_data_strategy.playbook.reader import read
from ai_data_strategy.prompts import load, versions
from ai_data_strategy.typeset.catalogue import LANGUAGES
from ai_data_strategy.typeset.view import View

Outcome = Literal["met", "not_met", "not_applicable", "not_judged"]
PASS_SECTION, PASS_DOCUMENT = 0.6, 0.8
SHORTEST, LONGEST, SHORTEST_CHAPTER = 3000, 6500, 120
"""Words before the annexes, and of a chapter (criterion US5)."""
MOST_QUESTIONS = 8
"""Questions in a round (criterion CL2)."""
_SHINGLE = 8
_TELLING = 5
"""Letters from which a word of the brief that is also in the blueprint counts as a term."""
Problems = Iterator[str]
DOCUMENT: dict[str, Callable[[Strategy, str], Problems]] = {}


@dataclass(frozen=True)
class Mark:
    """One criterion's verdict on a strategy."""

    criterion: Criterion
    outcome: Outcome
    why: str = ""


@dataclass(frozen=True)
class Score:
    """All verdicts on a strategy. Section scores are met weight over applicable weight; the score is their mean."""

    marks: list[Mark]
    plan: list[Verdict]

    def section(self, name: str, kind: str = "") -> float | None:
        own = [m for m in self.marks if m.criterion.section == name and m.outcome in ("met", "not_met") and kind in ("", m.criterion.kind)]
        weight = sum(mark.criterion.weight for mark in own)
        return sum(mark.criterion.weight for mark in own if mark.outcome == "met") / weight if weight else None

    @property
    def sections(self) -> dict[str, float]:
        names = dict.fromkeys(mark.criterion.section for mark in self.marks)
        return {name: found for name in names if (found := self.section(name)) is not None}

    def total(self, kind: str = "") -> float:
        found = [part for name in self.sections if (part := self.section(name, kind)) is not None]
        return sum(found) / len(found) if found else 0.0

    @property
    def gates_open(self) -> list[str]:
        return [mark.criterion.id for mark in self.marks if mark.criterion.gate and mark.outcome == "not_met"]

    @property
    def accepted(self) -> bool:
        return not self.gates_open and all(part >= PASS_SECTION for part in self.sections.values()) and self.total() >= PASS_DOCUMENT

    @property
    def open(self) -> list[Mark]:
        return [mark for mark in self.marks if mark.outcome == "not_met"]

    @property
    def passed(self) -> bool:
        """True if every criterion that code decides is met, the plan-level ones too."""
        return not [mark for mark in self.open if mark.criterion.kind == "check"] and not self.plan


def score(strategy: Strategy) -> Score:
    """Decide all criteria on a strategy: checks anew by code, judge criteria as the reviewer left them."""
    text = render(strategy)
    found = _document(strategy, text)
    if strategy.blueprint is None or strategy.clarification.no_ai is not None:
        marks = [Mark(c, *found.get(c.id, ("not_applicable", "verdict no AI"))) for c in rubric()]
        return Score(marks, [])
    sheet = sheet_of(strategy)
    cross = consistency.verdicts(sheet, strategy.clarification)
    own = [v for key, draft in strategy.sections.items() for v in BY_KEY[key].checks.verdicts(draft, sheet)]
    judged = [v for record in strategy.records for v in record.critique.verdicts if v.by == "reviewer"]
    judged += [v for v in strategy.cross.verdicts if v.by == "reviewer"]
    for verdict in [*judged, *own, *(v for v in cross if v.criterion not in FITS)]:
        found[verdict.criterion] = _worst(found.get(verdict.criterion), verdict)
    for section in SECTIONS:
        if section.key not in strategy.sections:
            found |= {c.id: ("not_met", "the section is missing") for c in section.criteria("check")}
    marks = [Mark(c, *found.get(c.id, ("not_judged", ""))) for c in rubric()]
    return Score(marks, [v for v in cross if v.criterion in FITS and v.outcome == "not_met"])


def _worst(old: tuple[Outcome, str] | None, verdict: Verdict) -> tuple[Outcome, str]:
    if old and old[0] == "not_met" and verdict.outcome != "not_met":
        return old
    outcome: Outcome = "not_judged" if verdict.outcome == "cannot_tell" else verdict.outcome
    place = f"{verdict.section}: " if verdict.section else ""
    why = "; ".join(part for part in (old[1] if old and old[0] == outcome else "", place + verdict.why if verdict.why else "") if part)
    return outcome, why


def _document(strategy: Strategy, text: str) -> dict[str, tuple[Outcome, str]]:
    found: dict[str, tuple[Outcome, str]] = {}
    for criterion, decide in DOCUMENT.items():
        problems = list(decide(strategy, text))
        waived = problems == [NOT_APPLICABLE]
        found[criterion] = ("not_applicable", "") if waived else ("not_met", "; ".join(problems[:5])) if problems else ("met", "")
    return found


NOT_APPLICABLE = "n/a"


def on_document(criterion: str) -> Callable[[Callable[[Strategy, str], Problems]], Callable[[Strategy, str], Problems]]:
    def register(decide: Callable[[Strategy, str], Problems]) -> Callable[[Strategy, str], Problems]:
        DOCUMENT[criterion] = decide
        return decide

    return register


def _no_ai(strategy: Strategy) -> bool:
    return strategy.clarification.no_ai is not None


@on_document("SP1")
def sections_speak_of_the_brief(strategy: Strategy, _: str) -> Problems:
    if _no_ai(strategy) or strategy.blueprint is None:
        yield NOT_APPLICABLE
        return
    reading = read(strategy.brief.text, strategy.brief.language, strategy.answers)
    said = " ".join([strategy.brief.text, *(a.text for a in strategy.answers if not a.skipped)]).casefold()
    terms = {term.casefold() for term in (*reading.terms, strategy.clarification.product, strategy.blueprint.example) if term}
    shared = set(plain_words(said)) & set(plain_words(strategy.blueprint.model_dump_json()))
    terms |= {word for word in shared if len(word) >= _TELLING and not word.isdigit()}
    view = View(strategy.brief.language, strategy.blueprint, sheet_of(strategy).ledger)
    for key, draft in strategy.sections.items():
        shown = chapter(BY_KEY[key], draft, view).casefold()
        if sum(term in shown for term in terms) < min(2, len(terms)):
            yield f"{key} names fewer than two terms of the brief"


@cache
def _seed_shingles() -> frozenset[str]:
    return frozenset((files("ai_data_strategy.document") / "seed_shingles.txt").read_text("utf-8").split())


@on_document("SP3")
def seeds_are_not_copied(_strategy: Strategy, text: str) -> Problems:
    words = plain_words(text)
    for index in range(len(words) - _SHINGLE + 1):
        if shingle(words[index : index + _SHINGLE]) in _seed_shingles():
            yield "copied: " + " ".join(words[index : index + _SHINGLE])


def plain_words(text: str) -> list[str]:
    """The words of a text in lower case, marks taken off."""
    return re.findall(r"[^\W_]+", text.casefold())


def shingle(words: list[str]) -> str:
    """Short fingerprint of a sequence of words."""
    return blake2b(" ".join(words).encode(), digest_size=6).hexdigest()


@on_document("SP7")
def the_document_speaks_the_briefs_language(strategy: Strategy, text: str) -> Problems:
    """Code compares the language of the prose; names and law are left to the reader."""
    wanted = strategy.brief.language
    prose = " ".join(draft.prose for draft in strategy.sections.values()) or text
    found = detect(prose)
    if wanted not in LANGUAGES or found not in LANGUAGES:
        yield NOT_APPLICABLE
    elif found != wanted:
        yield f"the document is written in {found!r}, the brief in {wanted!r}"


@on_document("HO7")
def orders_have_no_effect(strategy: Strategy, text: str) -> Problems:
    if not _no_ai(strategy):
        for section in SECTIONS:
            if section.key not in strategy.sections and section.key not in {m.section for m in strategy.missing}:
                yield f"section {section.key} was left out without a word"
    words = plain_words(text)
    shown = {" ".join(words[i : i + 12]) for i in range(len(words) - 11)}
    for name in versions():
        prompt = plain_words(" ".join(load(name).parts.values()))
        if any(" ".join(prompt[i : i + 12]) in shown for i in range(len(prompt) - 11)):
            yield f"text of the prompt {name} stands in the document"


@on_document("US2")
def decisions_are_asked_for(strategy: Strategy, _: str) -> Problems:
    if _no_ai(strategy):
        yield NOT_APPLICABLE
    elif not strategy.assembly or not strategy.assembly.decisions:
        yield "no decision is asked for"
    else:
        roles = {role.id for role in strategy.blueprint.roles} if strategy.blueprint else set()
        for decision in strategy.assembly.decisions:
            if decision.who not in roles or len(decision.options) < 2 or not decision.recommended or decision.by < strategy.created:
                yield f"decision {decision.what!r} lacks who, options, a recommendation or a possible day"


@on_document("US4")
def headings_stand_in_order(strategy: Strategy, text: str) -> Problems:
    if _no_ai(strategy):
        yield NOT_APPLICABLE
    else:
        yield from check(text, strategy)


@on_document("US5")
def length_fits_twenty_minutes(strategy: Strategy, text: str) -> Problems:
    if _no_ai(strategy):
        yield NOT_APPLICABLE
        return
    count = words_before_annexes(strategy)
    if not SHORTEST <= count <= LONGEST:
        yield f"{count} words before the annexes; between {SHORTEST} and {LONGEST} are asked for"
    for part in re.split(r"^## (?=\d)", text, flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        chapter_words = words(re.split(r"^## ", body, flags=re.MULTILINE)[0])
        if chapter_words < SHORTEST_CHAPTER:
            yield f"chapter {title} has {chapter_words} words; at least {SHORTEST_CHAPTER}"


@on_document("CL2")
def questions_are_few(strategy: Strategy, _: str) -> Problems:
    if len(strategy.clarification.questions) > MOST_QUESTIONS:
        yield f"{len(strategy.clarification.questions)} questions in a round"
    for question in strategy.clarification.questions:
        if question.question.casefold() in strategy.brief.text.casefold():
            yield f"question {question.id} repeats the brief"


@on_document("CL1")
def critical_facts_are_asked_for(_strategy: Strategy, _: str) -> Problems:
    yield NOT_APPLICABLE


@on_document("CL6")
def no_ai_where_none_is_needed(strategy: Strategy, text: str) -> Problems:
    if strategy.clarification.learning == "needed":
        yield NOT_APPLICABLE
    elif strategy.clarification.no_ai is None or len(plain_words(text)) > 1500 or strategy.sections:
        yield "a product that needs no learning gets a short reasoned page with the alternative"
