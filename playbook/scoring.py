"""Which kind of product it is: points of the eleven archetypes from their cues, with the reason said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ai_data_strategy.playbook.desk import knowledge
from ai_data_strategy.playbook.lexicon import countables, fold
from ai_data_strategy.playbook.passages import Sentence
from ai_data_strategy.playbook.reading import Amount
from ai_data_strategy.playbook.wording import TITLES
from ai_data_strategy.typeset.catalogue import translator

_ORDER = tuple(TITLES)
_DEFAULT = "text_classification"
_TASK_WEIGHT = 1.5
_REPEAT = 0.3
"""Share of its points that each further mention of a cue adds, twice at most."""


@dataclass(frozen=True)
class Score:
    """Points and telling words of every archetype, best first."""

    points: dict[str, float]
    cues: dict[str, tuple[str, ...]]
    learning: int

    @property
    def best(self) -> str:
        """The archetype with most points; rules only where nothing speaks of learning; a fixed order decides ties."""
        ranked = [name for name in self.points if name != "rules" or self.learning <= 1]
        return ranked[0] if ranked and self.points[ranked[0]] > 0 else _DEFAULT

    @property
    def runner_up(self) -> str:
        return next((name for name, points in self.points.items() if name != self.best and points > 0), "")


def score(sentences: Sequence[Sentence]) -> Score:
    """Points of each archetype over all sentences that are no orders."""
    points: dict[str, float] = dict.fromkeys(_ORDER, 0.0)
    seen: Counter[tuple[str, str]] = Counter()
    words: dict[str, dict[str, float]] = {name: {} for name in _ORDER}
    for sentence in sentences:
        weight = (_TASK_WEIGHT if sentence.cues("topic", "task") else 1.0) * (2.0 if sentence.origin in ("task", "task_decision") else 1.0)
        for hit in sentence.cues("archetype") if not sentence.order else ():
            word = sentence.folded[hit.start : hit.end]
            times = seen[hit.key, word]
            gained = hit.points * (weight if times == 0 else _REPEAT if times <= 2 else 0.0)
            seen[hit.key, word] += 1
            points[hit.key] += gained
            words[hit.key][sentence.text[hit.start : hit.end].lower()] = (
                words[hit.key].get(sentence.text[hit.start : hit.end].lower(), 0.0) + gained
            )
    ranked = dict(sorted(points.items(), key=lambda item: (-item[1], _ORDER.index(item[0]))))
    cues = {name: tuple(sorted(found, key=lambda word: -found[word])[:4]) for name, found in words.items() if found}
    return Score(
        {name: round(value, 2) for name, value in ranked.items()},
        cues,
        sum(len(sentence.cues("learning")) for sentence in sentences if not sentence.order),
    )


def because(scored: Score, language: str) -> str:
    """Why this archetype, in one sentence with the words that decided."""
    say, best, second = translator(language), scored.best, scored.runner_up
    if not scored.points.get(best):
        return say("Nothing in the brief says what the model is to do; the plan reads it as %(best)s until that is answered.") % {
            "best": say(TITLES[best])
        }
    values = {"best": say(TITLES[best]), "cues": ", ".join(scored.cues[best])}
    if second and scored.points[second] >= 0.6 * scored.points[best]:
        values |= {"second": say(TITLES[second]), "others": ", ".join(scored.cues[second])}
        return say("Read as %(best)s because of: %(cues)s. Close behind is %(second)s (%(others)s).") % values
    return say("Read as %(best)s because of: %(cues)s.") % values


def example(sentences: Sequence[Sentence], amounts: Sequence[Amount], archetype: str, language: str) -> str:
    """The plural noun of one example: what the text counts a day, else in stock, else mentions, else the archetype's usual one."""
    wanted = countables(archetype)
    counted = [amount for amount in amounts if amount.kind in ("rate", "volume") and not amount.corrected and fold(amount.noun) in wanted]
    if counted:
        best = min(counted, key=lambda amount: (amount.origin == "brief", not amount.per, wanted.index(fold(amount.noun))))
        return _cased(best.noun, language)
    mentioned: Counter[str] = Counter()
    written: dict[str, str] = {}
    for sentence in sentences:
        for token in sentence.tokens if not sentence.order else ():
            if token.word in wanted:
                mentioned[token.word] += 1
                written.setdefault(token.word, sentence.text[token.start : token.end])
    if mentioned:
        best_word = min(mentioned, key=lambda word: (-mentioned[word], wanted.index(word)))
        return _cased(written[best_word], language)
    return usual(archetype, language)


def usual(archetype: str, language: str) -> str:
    """The archetype's usual example noun in a language (English where it has no other)."""
    words: Mapping[str, str] = knowledge("lexicon")["examples"][archetype]
    return words.get(language, words["en"])


def _cased(noun: str, language: str) -> str:
    return noun if language == "de" or noun.isupper() else noun.lower()
