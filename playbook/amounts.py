"""What each number of a text is of: its noun, its kind, its rate, since when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from ai_data_strategy.playbook.dates import days
from ai_data_strategy.playbook.desk import knowledge
from ai_data_strategy.playbook.lexicon import countables, fold, nouns
from ai_data_strategy.playbook.passages import Sentence, clause
from ai_data_strategy.playbook.reading import Amount
from ai_data_strategy.quantities.numerals import CURRENCIES, TIMES, Numeral
from ai_data_strategy.quantities.units import convert

_FAST = ("ms", "second", "minute")
_SLOW = ("hour", "day", "week", "month", "year", "workday")
_STOPS = frozenset(
    [
        "a", "an", "the", "of", "in", "on", "at", "to", "for", "from", "with", "by", "per", "since", "are", "is", "was", "were", "be",
        "been", "and", "or", "but", "that", "which", "who", "whose", "has", "have", "had", "it", "its", "this", "these", "than", "then",
        "as", "about", "after", "before", "into", "over", "under", "between", "will", "can", "each", "every", "all", "not", "no", "der",
        "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einer", "und", "oder", "aber", "seit", "am", "im", "pro", "je", "von",
        "vom", "zum", "zur", "mit", "bei", "auf", "aus", "fur", "ist", "sind", "war", "waren", "wird", "werden", "hat", "haben", "davon",
        "nicht", "um", "bis", "nach", "vor", "sowie", "als", "le", "la", "les", "un", "une", "du", "au", "aux", "et", "ou", "mais",
        "depuis", "par", "dans", "sur", "avec", "pour", "sont", "est", "ont", "qui", "que", "dont", "ce", "ces", "sans", "entre",
        "chaque", "el", "los", "las", "unos", "unas", "y", "o", "pero", "desde", "por", "en", "con", "para", "son", "esta", "estan",
        "han", "cuyo", "sin", "cada", "al", "del",
    ]
)  # fmt: skip
_LINKS = frozenset(["de", "d", "des", "di", "del", "of", "von", "vom", "the", "der", "die", "das"])
_ADJECTIVES = frozenset(
    [
        "new", "active", "real", "stored", "raw", "historical", "past", "labelled", "labeled", "unlabelled", "incoming", "business",
        "different", "distinct", "separate", "daily", "about", "roughly", "more", "total", "single", "open", "closed", "old", "good",
        "internal", "external", "neue", "neuen", "neuer", "aktive", "aktiven", "alte", "alten", "gespeicherte", "gespeicherten", "echte",
        "echten", "historische", "historischen", "verschiedene", "verschiedenen", "eingehende", "eingehenden", "gelabelte", "gepflegte",
        "nouveaux", "nouvelles", "nouvelle", "nouveau", "actifs", "actives", "vrais", "anciens", "anciennes", "differents", "differentes",
        "quelque", "nuevos", "nuevas", "activos", "activas", "antiguos", "reales", "distintos", "distintas",
    ]
)  # fmt: skip
_JOINER = re.compile(r"^(?:and|und|et|y) ")
_ONLY = re.compile(r"\b(?:only|just|nur|uniquement|seulement|solo|solamente)\b")
_EVERY = re.compile(r"\b(?:every|each|alle|aller|toutes les|tous les|cada)\s*$")
_PREPOSITIONS = frozenset(["apres", "despues", "tras", "nach der", "after the", "after it", "days after", "spater"])
"""Cues that say less than a verb nearby; a cue of these counts as farther away."""
_AGED = re.compile(
    r"\b(?:aged?|(?:kinder\w*|children|kids|pupils|schuler\w*|enfants|eleves|ninos|alumnos|students|jugendliche\w*|minors|patients|people)(?: aged?| von| zwischen| between| de| entre| from| im alter von| ages)?)\s*$"
)
_KIND_OF_ANSWER = {
    "retention": "retention",
    "retention_erasure": "retention",
    "label_delay": "label_delay",
    "label_source": "label_delay",
    "history": "history",
}
"""Kind of a slow time in an answer whose words do not tell."""
_PRONOUNS = frozenset(
    [
        "ones",
        "them",
        "neue",
        "davon",
        "nouveaux",
        "nuevos",
        "more",
        "new",
        "nuevas",
        "nouvelles",
        "stuck",
        "new ones",
        "leaving",
        "joining",
        "leave",
        "join",
    ]
)
_COPULA = re.compile(
    r"(?i)([^\W\d_]+(?: [^\W\d_]+)?),? (?:is|are|was|were|number|numbers|total|sind|ist|waren|betragt|sont|est|son|es|:) ?(?:about |only |around |roughly |etwa |rund |circa |ca\. |nur |environ |unos |unas |alrededor de )?$"
)
_IS_NOUN = re.compile(
    r"(?i)^ (?:is|are|sind|ist|sont|est|son|es) (?:in fact |actually |really |only |eigentlich |nur |en fait |en realidad )?((?:[^\W\d_]+ ?){1,2})"
)


def amounts(sentences: Sequence[Sentence]) -> list[Amount]:
    """Every number that counts or measures something, in order; later answers mark what they correct."""
    found: list[Amount] = []
    for sentence in sentences:
        for numeral in sentence.numerals if not sentence.order else ():
            found.append(_amount(sentence, numeral, found))
    return _corrected(found)


def _amount(sentence: Sentence, numeral: Numeral, before: Sequence[Amount]) -> Amount:
    noun = "" if numeral.unit in (*TIMES, *CURRENCIES, "percent", "point") else _noun(sentence, numeral)
    if (not noun and numeral.per and not numeral.unit) or fold(noun) in _PRONOUNS:
        noun = _subject(sentence, numeral) or next(
            (amount.noun for amount in reversed(before) if amount.kind in ("volume", "rate") and amount.noun), noun
        )
    kind = _kind(sentence, numeral, fold(noun))
    since = (
        next(
            (day for day, start in days(sentence.text) if start > numeral.end and _since(sentence.folded[max(0, start - 12) : start])), None
        )
        if kind == "volume"
        else None
    )
    return Amount(
        numeral.value,
        numeral.unit if numeral.unit != "point" else "point",
        noun,
        _quote(sentence, numeral),
        numeral.high,
        numeral.per,
        kind,
        sentence.origin,
        since,
    )


def _subject(sentence: Sentence, numeral: Numeral) -> str:
    """The first noun of the sentence before the number that is known to be counted, as written."""
    found = (token for token in sentence.tokens if token.end <= numeral.start and token.word in _known_nouns())
    return next((sentence.text[token.start : token.end] for token in found), "")


def _since(before: str) -> bool:
    return bool(re.search(r"\b(?:since|from|seit|ab|depuis|desde|des)\s*(?:the |dem |der |le |el )?$", before))


def _quote(sentence: Sentence, numeral: Numeral) -> str:
    """The clause that holds the number, verbatim; the number with its next words if the clause is long."""
    start, end = clause(sentence, numeral.start, numeral.end)
    if end - start > 160:
        start, end = max(start, sentence.text.rfind(" ", 0, max(0, numeral.start - 40)) + 1), min(end, numeral.end + 60)
        end = sentence.text.rfind(" ", numeral.end, end) if end < len(sentence.text) and " " in sentence.text[numeral.end : end] else end
    return _JOINER.sub("", sentence.text[start:end].strip(" ,;:()-.!?"))


def _noun(sentence: Sentence, numeral: Numeral) -> str:
    """The noun that a number counts: after it (`412,000 tickets`), through a copula (`is API calls`, `payments are 21,000`)."""
    after = sentence.text[numeral.end : numeral.end + 60]
    if linked := _IS_NOUN.match(after):
        return _pick(linked[1].split(), sentence.language)
    words: list[str] = []
    for match in re.finditer(r"([^\W\d_]+(?:[-'][^\W\d_]+)*)|(\S)", after):
        word = match[1] or ""
        if not word or (fold(word) in _STOPS and not (fold(word) in _LINKS and not words)) or len(words) == 4:
            break
        if fold(word) not in _LINKS:
            words.append(word)
    if words:
        return _pick(words, sentence.language)
    copula = _COPULA.search(sentence.text[max(0, numeral.start - 50) : numeral.start])
    named = [word for word in copula[1].split() if fold(word) not in _STOPS] if copula else []
    return _pick(named, sentence.language) if named else ""


def _pick(words: Sequence[str], language: str) -> str:
    """The head noun of a run of words: German capitals, French and Spanish first, English the first plural."""
    rest = [word for word in words if fold(word) not in _ADJECTIVES] or list(words)[-1:]
    if any(fold(word) in _known_nouns() for word in rest):
        known = [word for word in rest if fold(word) in _known_nouns()]
        return known[0]
    if language == "de":
        return next((word for word in rest if word[0].isupper()), rest[0])
    if language in ("fr", "es"):
        return rest[0]
    return next((word for word in rest if word.endswith("s") and not word.endswith("ss")), rest[0])


@cache
def _known_nouns() -> frozenset[str]:
    names = [word for archetype in knowledge("lexicon")["countables"] for word in countables(archetype)]
    return frozenset(names) | nouns("outcomes") | nouns("classes") | nouns("population") | nouns("rules")


def _kind(sentence: Sentence, numeral: Numeral, noun: str) -> str:
    if numeral.unit in TIMES:
        return _time_kind(sentence, numeral)
    if numeral.unit in ("percent", "point"):
        after = [hit for hit in sentence.cues("languages") if 0 <= hit.start - numeral.end < 22]
        kind = "language_share" if after else _nearest(sentence, numeral, ("percent",)) or "share"
        return "share" if kind == "base_rate" and numeral.value >= 50 else kind
    if numeral.unit in CURRENCIES:
        kind = _nearest(sentence, numeral, ("money",)) or "money"
        return "hourly_cost" if numeral.per == "hour" and kind != "error_cost" else kind
    if numeral.unit:
        return "storage"
    return _count_kind(sentence, numeral, noun)


def _time_kind(sentence: Sentence, numeral: Numeral) -> str:
    if numeral.unit == "ms":
        return "latency"
    if numeral.unit == "hour" and numeral.per in ("week", "day", "workday", "month"):
        return "hours"
    if _EVERY.search(sentence.folded[max(0, numeral.start - 14) : numeral.start]):
        return "period"
    if numeral.unit == "year" and _AGED.search(sentence.folded[max(0, numeral.start - 40) : numeral.start]):
        return "age"
    units = ("time", "fast") if numeral.unit in _FAST else ("time", "slow")
    usual = "latency" if numeral.unit == "second" else _KIND_OF_ANSWER.get(sentence.origin, "period")
    return _nearest(sentence, numeral, units) or usual


def _nearest(sentence: Sentence, numeral: Numeral, groups: tuple[str, ...]) -> str:
    """The kind whose cue is nearest to the number; a cue beyond the clause counts as farther away."""
    allowed = {kind["kind"] for kind in knowledge("lexicon")["kinds"] if kind["units"] in groups}
    left, right = clause(sentence, numeral.start, numeral.end)
    best, found = 90.0, ""
    for hit in sentence.hits:
        if hit.group == "kind" and hit.key in allowed:
            gap = max(hit.start - numeral.end, numeral.start - hit.end, 0) + (0 if left <= hit.start < right else 45)
            gap += 20 if sentence.folded[hit.start : hit.end] in _PREPOSITIONS else 0
            best, found = (gap, hit.key) if gap < best else (best, found)
    return found


def _count_kind(sentence: Sentence, numeral: Numeral, noun: str) -> str:
    if numeral.value < 100 and _AGED.search(sentence.folded[max(0, numeral.start - 40) : numeral.start]):
        return "age"
    near = [
        hit for hit in sentence.hits if hit.group in ("roles", "any_people") and -1 <= hit.start - numeral.end <= 28 and not numeral.per
    ]
    if near and numeral.value < 2000 and not re.search(r"[,;.:]", sentence.text[numeral.end : near[0].start]):
        return "people"
    if _nearest(sentence, numeral, ("count",)) == "erasure_requests" and numeral.value < 100_000:
        return "erasure_requests"
    if numeral.per:
        return "rate"
    for kind, limit in (("classes", 1000), ("rules", 1e6), ("population", 1e12)):
        if (noun in nouns(kind) or noun.removesuffix("n") in nouns(kind)) and numeral.value <= limit:
            return kind
    if noun in nouns("technical") and _IS_NOUN.match(sentence.text[numeral.end : numeral.end + 60]):
        return "count"
    if (noun and (noun in _known_nouns() or noun in nouns("technical"))) or numeral.value >= 500:
        return "volume" if noun else "count"
    return "count"


def _corrected(found: list[Amount]) -> list[Amount]:
    """An answer that repeats a number of the brief with another noun corrects the brief."""
    later = [amount for amount in found if amount.origin != "brief"]
    result = []
    for amount in found:
        again = next((one for one in later if one.value == amount.value and one.unit == amount.unit and one.value >= 5), None)
        moved = (
            amount.origin == "brief"
            and again is not None
            and bool(again.noun or again.unit)
            and (again.noun != amount.noun or again.kind != amount.kind or bool(_ONLY.search(fold(again.quote))))
        )
        result.append(replace(amount, corrected=True) if moved else amount)
    return result


@cache
def _days_in(unit: str) -> float:
    return 1.4 if unit == "workday" else convert(1.0, unit, "day")


def per_day(amount: Amount) -> float | None:
    """A rate in examples a calendar day (five of seven days are working days); None if it is no rate."""
    if not amount.per:
        return None
    return amount.value / _days_in(amount.per) if amount.per in TIMES else None


def in_days(amount: Amount, end: str = "high") -> float | None:
    """A duration in days (a working day as 7/5 days); None if it is no duration."""
    value = amount.high if end == "high" and amount.high is not None else amount.value
    return value * _days_in(amount.unit) if amount.unit in TIMES else None
