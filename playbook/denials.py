"""Where the brief should not get a learning system: unlawful use, a rule that is already known, too little to learn from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest

from ai_data_strategy.playbook.amounts import per_day
from ai_data_strategy.playbook.desk import knowledge
from ai_data_strategy.playbook.passages import Sentence
from ai_data_strategy.playbook.reading import Amount, Denial

_EUROPE = frozenset(["EU", "DE", "AT", "FR", "ES", "IE", "IT", "NL", "BE", "PL", "PT", "SE", "DK"])
_NEGATED = re.compile(
    r"\b(?:no|not|never|without|don't|do not|must not|nor|kein\w*|nicht|ohne|nie|sans|pas|jamais|aucun\w*|sin|nunca|ningun\w*|prohibit\w*|forbid\w*|verbot\w*|interdit\w*|prohib\w*)\b[^.;]{0,40}$"
)
_WISH = re.compile(
    r"\b(?:want|need|would like|should|build|create|plan|goal|wish|ask|mochte\w*|wollen|soll\w*|brauch\w*|ziel|plan\w*|voul\w*|souhait\w*|cherch\w*|queremos|necesit\w*|quiere\w*|deb\w*|help|system|model|tool|app|develop|software|modell|modele|modelo|sistema|systeme)\b"
)
_FEWEST = 300
"""Examples, a year's new ones included, below which neither learning nor a fair test is possible: a rule of thumb of this playbook."""
_OTHERWISE = ("rag_chat", "extraction", "speech", "forecasting", "maintenance", "ranking")
"""Archetypes that ready-made models serve without training, or whose examples are more than the counted things (days of a machine)."""


def unlawful(sentences: Sequence[Sentence], places: Sequence[str]) -> Denial | None:
    """A practice that Article 5 of the EU AI Act prohibits, unless every named place is outside its reach."""
    if places and not set(places) & _EUROPE:
        return None
    for rule, entry in knowledge("denials")["unlawful"].items():
        for one, other in zip_longest(sentences, sentences[1:]):
            window = [one] if other is None or other.origin != one.origin else [one, other]
            if found := _prohibited(rule, entry, window):
                return found
    return None


def _prohibited(rule: str, entry: Mapping[str, object], window: Sequence[Sentence]) -> Denial | None:
    hits = [(sentence, hit) for sentence in window for hit in sentence.hits if hit.group == "denial" and hit.key.startswith(f"{rule}.")]
    held = {hit.key for sentence, hit in hits if not _NEGATED.search(sentence.folded[max(0, hit.start - 60) : hit.start])}
    parts = entry["all"]
    wanted = {f"{rule}.{number}" for number in range(len(parts) if isinstance(parts, list) else 0)}
    first = next((sentence for sentence, hit in hits if hit.key == f"{rule}.0"), None)
    if not wanted <= held or f"{rule}.unless" in held or first is None or not any(_WISH.search(sentence.folded) for sentence in window):
        return None
    return None if any(sentence.order for sentence in window) else Denial("not_lawful", rule, first.text[:380])


def not_needed(
    sentences: Sequence[Sentence], scores: Mapping[str, float], archetype: str, amounts: Sequence[Amount], example: str
) -> Denial | None:
    """A result that a known rule gives, or too few examples to learn from."""
    learning = sum(len(sentence.cues("learning")) for sentence in sentences if not sentence.order)
    if archetype == "rules" and scores.get("rules", 0.0) >= 4 and learning <= 1:
        shown = max(sentences, key=lambda sentence: sum(hit.points for hit in sentence.cues("archetype", "rules")))
        return Denial("not_needed", "calculation", shown.text[:380])
    return _too_little(archetype, amounts, example)


def _too_little(archetype: str, amounts: Sequence[Amount], example: str) -> Denial | None:
    if archetype in _OTHERWISE:
        return None
    own = [amount for amount in amounts if not amount.corrected and amount.noun == example and amount.kind in ("volume", "rate", "count")]
    stock = max((amount.high or amount.value for amount in own if not amount.per), default=None)
    rate = max((rate for amount in own if (rate := per_day(amount)) is not None), default=None)
    if (stock is None and rate is None) or (stock is None and (rate or 0) * 365 * 3 >= _FEWEST):
        return None
    if (stock or 0.0) + (rate or 0.0) * 365 >= _FEWEST:
        return None
    return Denial("not_needed", "too_little", own[0].quote)
