"""A simulated product owner: holds a case's hidden facts, tells only what is asked, in the manner of one of four personas."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ai_data_strategy.domain import Question
from ai_data_strategy.evals.case import Case, Fact
from ai_data_strategy.quantities.wording import flatten

Persona = Literal["precise", "vague", "contradictory", "refusing"]
PERSONAS: tuple[Persona, ...] = get_args(Persona)
NUMBER = re.compile(r"(?<![\w_])[€$£]?\d+(?:[.,   ]\d+)*")
_SOME = {"en": "quite a few", "de": "etliche", "fr": "pas mal de", "es": "bastantes"}
_HEDGE = {
    "en": "I would have to look it up.",
    "de": "Da müsste ich nachsehen.",
    "fr": "Il faudrait vérifier.",
    "es": "Tendría que mirarlo.",
}
_BUT = {
    "en": "A colleague told me something else, though: ", "de": "Eine Kollegin sagte mir allerdings etwas anderes: ",
    "fr": "Une collègue m'a pourtant dit autre chose : ", "es": "Pero una compañera me dijo otra cosa: ",
}  # fmt: skip
_NOT_SO = {"en": "that this is not so.", "de": "dass es nicht so ist.", "fr": "que ce n'est pas le cas.", "es": "que no es así."}
_NO = {
    "en": "I cannot tell you that.", "de": "Das darf ich Ihnen nicht sagen.", "fr": "Je ne peux pas vous le dire.",
    "es": "Eso no se lo puedo decir.",
}  # fmt: skip
_CLAUSE = re.compile(r"[?;,]|\band\b|\bund\b|\bet\b|\by\b")
_STEM, _SHORTEST, _COVERED = 5, 4, 0.75


def said(fact: Fact, persona: Persona, language: str) -> str:
    """What a persona answers when asked for a fact, in the language of the case (English for one that is not spoken here).

    precise: the fact. vague: without its numbers, and unsure. contradictory: the fact, then the same with every number
    tripled (or denied, where it has none). refusing: nothing but the refusal.
    """
    language = language if language in _NO else "en"
    if persona == "precise":
        return fact.text
    if persona == "vague":
        return f"{NUMBER.sub(_SOME[language], fact.text).strip()} {_HEDGE[language]}"
    if persona == "refusing":
        return _NO[language]
    other = NUMBER.sub(_tripled, fact.text)
    return f"{fact.text.strip()} {_BUT[language]}{other if other != fact.text else _NOT_SO[language]}"


def _tripled(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    if re.fullmatch(r"(?:19|20)\d\d", found[0]):
        return str(int(found[0]) - 3)
    if re.search(r"[.,]\d{1,2}$", found[0]):
        whole, mark, part = re.split(r"([.,])(?=\d{1,2}$)", found[0])
        return f"{int(re.sub(r'[^0-9]', '', whole)) * 3}{mark}{part}"
    return re.sub(r"\d.*", "", found[0]) + str(int(digits) * 3)


class Owner:
    """Answers a round's questions; keeps which facts were asked for. Call it with the questions of a round."""

    def __init__(self, case: Case, persona: Persona = "precise") -> None:
        self._case = case
        self._persona = persona
        self.asked_for: dict[str, list[str]] = {}
        """Ids of the facts by id of the question that asked for them, in the order of asking."""

    def __call__(self, questions: Sequence[Question]) -> Mapping[str, str]:
        """Answers by question id; a question that asks for nothing the owner knows stays without an answer."""
        found: dict[str, str] = {}
        for question in questions:
            facts = [fact for fact in self._case.facts if fact.asked_by(question.question)]
            self.asked_for[question.id] = [fact.id for fact in facts]
            if facts:
                texts = dict.fromkeys(said(fact, self._persona, self._case.tags.language) for fact in facts)
                found[question.id] = " ".join(texts)
        return found


@dataclass(frozen=True)
class Interview:
    """How well was asked: counts of questions and critical facts, and the questions that need not have been asked, with the reason."""

    questions: int
    rounds: int
    critical: int
    critical_asked: int
    facts_asked: int
    idle: int
    redundant: dict[str, str]

    @property
    def recall(self) -> float | None:
        """Share of the critical facts that were asked for; None if the case has none."""
        return self.critical_asked / self.critical if self.critical else None


def interview(case: Case, rounds: Sequence[Sequence[Question]]) -> Interview:
    """The account of an interview from the questions of each round."""
    asked = [question for questions in rounds for question in questions]
    owner = Owner(case)
    owner(asked)
    reached = {fact for facts in owner.asked_for.values() for fact in facts}
    return Interview(
        questions=len(asked),
        rounds=sum(bool(questions) for questions in rounds),
        critical=len(case.critical),
        critical_asked=sum(fact.id in reached for fact in case.critical),
        facts_asked=len(reached),
        idle=sum(not facts for facts in owner.asked_for.values()),
        redundant=dict(_redundant(case.brief, asked)),
    )


def _redundant(brief: str, asked: Sequence[Question]) -> list[tuple[str, str]]:
    found, seen = [], set[str]()
    for place, question in enumerate(asked):
        if question.id in seen or question.question.casefold() in {earlier.question.casefold() for earlier in asked[:place]}:
            found.append((question.id, "asked twice"))
        elif stated_in(brief, question.question):
            found.append((question.id, "the brief states it"))
        seen.add(question.id)
    return found


def stated_in(brief: str, question: str) -> bool:
    """True if every clause of a question speaks in words of one sentence of the brief that holds a number.

    A rule on words alone: it sees a question that repeats what the brief counts, and misses one that asks it in other words.
    """
    sentences = [_stems(sentence) for sentence in re.split(r"(?<=[.!?])\s+|\n", brief) if re.search(r"\d", sentence)]
    clauses = [stems for clause in _CLAUSE.split(question) if (stems := _stems(clause))]
    return bool(clauses) and all(
        any(len(clause & sentence) >= max(2, _COVERED * len(clause)) for sentence in sentences) for clause in clauses
    )


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in re.findall(r"[^\W\d_]+", flatten(text).casefold()) if len(word) >= _SHORTEST}
