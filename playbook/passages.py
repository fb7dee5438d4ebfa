"""The text that is read: the brief and each answer as passages, cut into sentences and clauses, orders set aside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ai_data_strategy.domain import Answer
from ai_data_strategy.playbook.lexicon import Hit, Token, fold, index, tokens
from ai_data_strategy.quantities.numerals import Numeral, numerals
from ai_data_strategy.quantities.wording import alike, flatten, wordy

LONGEST = 24_000
"""Characters of a brief that the reader reads (about 4,000 words); an answer gets a sixth of that."""
_ENDS = re.compile(
    r"(?<=[.!?。！？])(?<!\b[A-Za-zÀ-ÿ]\.)(?<!ca\.)(?<!Mio\.)(?<!Mrd\.)(?<!bzw\.)(?<!etc\.)(?<!approx\.)(?<!Nr\.)(?<!Art\.)(?<!inkl\.)(?<!vs\.)(?<!Tsd\.)(?<!min\.)\s+(?=[^\Wa-zà-ÿ]|[\"'(])"
)
_LINES = re.compile(r"\n\s*(?:[-*•+]|\d{1,2}[.)])?[ \t]*")
_WRAPPED = re.compile(r"(?<=[^\n.!?:;|])\n(?=[ \t]*[a-zà-ÿ(])|(?<=[^\n]{50}[^\n.!?:;|])\n(?=[^\s\-*•+#|>])")
_VERBS = r"(?:ignore|disregard|forget|override|bypass|ignorier\w*|vergiss|vergesst|missacht\w*|ignorez|oublie[rz]?|ne tiens? pas compte|ignora|ignore[ns]?|olvida|omite)"
_RULES = (
    r"(?:instruction|prompt|rule|guideline|direction|anweisung|vorgabe|regel|instructions|consigne|regle|instruccion|indicacion|regla)\w*"
)
_ORDERS = re.compile(
    rf"\b{_VERBS}\b[^.\n]{{0,60}}\b{_RULES}"
    r"|\b(?:skip|omit|leave out|drop|remove)\b[^.\n]{0,40}\b(?:governance|section|chapter|legal|privacy|review|consent|risks?|labelling|labeling)\b"
    r"|\b(?:uberspring\w*|lass\w*)\b[^.\n]{0,50}\b(?:kapitel|datenschutz|abschnitt\w*|risiken|governance)\b|\b(?:saute[rz]?|omets|omettez)\b[^.\n]{0,40}\b(?:section|chapitre|gouvernance|risques)\b"
    r"|\b(?:omite|omitir|salta)\b[^.\n]{0,40}\b(?:seccion|capitulo|gobernanza|riesgos)\b"
    r"|\b(?:reveal|print|show|repeat|output|send|leak|display|gib|zeige|affiche[rz]?|montre[rz]?|muestra|imprime|revela)\b[^.\n]{0,50}\b(?:system prompt|systemprompt|your prompt|prompt systeme|api[ -]key|secrets?|password|passwort|credentials|environment variable\w*|your instructions|instrucciones)\b"
    r"|\byou are now\b|\bpretend (?:to be|you)\b|\bact as (?:an?|if|the)\b|\bjailbreak\b|\bdeveloper mode\b|^\s*(?:system|assistant|developer)\s*:"
    r"|\b(?:answer|reply|respond|output|write)\b[^.\n]{0,15}\b(?:only|just|nothing but)\b[^.\n]{0,40}|\b(?:mark|label|report|give|state)\b (?:all|every|each)\b[^.\n]{0,30}\bas (?:measured|stated|met|approved|verified)\b"
    r"|\b(?:do not|don't|never|must not)\b (?:ask|mention|question|warn|tell|list|include|report|flag)\b[^.\n]{0,60}|\bapprove (?:this|the|everything)\b|\brate this\b[^.\n]{0,30}\b10\b"
)

_ANDS = (" and ", " und ", " et ", " y ")


@dataclass(frozen=True)
class Sentence:
    """One sentence: its words as written (spaces, quotes and dashes made alike), where from, its tokens, cues and numbers."""

    text: str
    origin: str
    asked: str
    language: str
    order: bool = False

    @cached_property
    def folded(self) -> str:
        return fold(self.text)

    @cached_property
    def tokens(self) -> list[Token]:
        return tokens(self.text)

    @cached_property
    def hits(self) -> list[Hit]:
        return index().hits(self.tokens)

    @cached_property
    def numerals(self) -> list[Numeral]:
        return numerals(self.text, self.language) if any(char.isdigit() for char in self.text) or len(self.tokens) > 1 else []

    def cues(self, group: str, key: str = "") -> list[Hit]:
        return [hit for hit in self.hits if hit.group == group and (not key or hit.key == key)]


def sentences(brief: str, language: str, answers: Sequence[Answer] = ()) -> list[Sentence]:
    """Sentences of the brief, then of each answer that was not skipped; nothing from what is no text."""
    found = list(_cut(brief[: LONGEST * 3], LONGEST, "brief", "", language))
    for answer in answers:
        if not answer.skipped and answer.text.strip():
            found += _cut(answer.text, LONGEST // 6, answer.question, answer.asked, language)
    return found


def _cut(text: str, longest: int, origin: str, asked: str, language: str) -> Iterator[Sentence]:
    flat = flatten(text)[:longest]
    if not wordy(text) or not wordy(flat):
        return
    for line in _LINES.split(_WRAPPED.sub(" ", flat)):
        for part in _ENDS.split(line):
            if clean := alike(part)[:1200].strip(" |*_-"):
                yield Sentence(clean, origin, asked, language, bool(_ORDERS.search(fold(clean))))


def clause(sentence: Sentence, start: int, end: int) -> tuple[int, int]:
    """The span of the clause around a place: from the last to the next `;`, `: `, `, ` or, close by, `and`."""
    left = max((sentence.text.rfind(mark, 0, start) for mark in (";", ": ", ", ")), default=-1)
    joined = max(
        (place for mark in _ANDS if (place := sentence.text.rfind(mark, 0, start)) >= 0 and len(sentence.text[place:start].split()) <= 4),
        default=-1,
    )
    rights = [place for mark in (";", ", ", *_ANDS) if (place := sentence.text.find(mark, end)) >= 0]
    return max(left, joined) + 1, min(rights, default=len(sentence.text))
