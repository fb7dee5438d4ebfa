"""The same brief said otherwise: synonyms, another order, typing errors, an e-mail's wrapping; and what changes in the strategy."""

from __future__ import annotations

import re

from ai_data_strategy.agents.sheet import shared_quantities
from ai_data_strategy.agents.strategy import Strategy

SYNONYMS = {
    "en": {
        "about": "roughly", "want": "would like", "wants": "would like", "customers": "clients", "each day": "a day", "per day": "a day",
        "every day": "each day", "currently": "at present", "today": "at present", "also": "as well", "because": "since", "must": "has to",
        "need": "require", "needs": "requires", "kept": "retained", "nobody": "no one", "big": "large", "use": "make use of",
    },
    "de": {
        "wollen": "möchten", "will": "möchte", "rund": "etwa", "etwa": "rund", "heute": "derzeit", "muss": "hat zu", "weil": "da",
        "kunden": "Kundschaft", "niemand": "keiner", "auch": "ebenfalls", "viele": "zahlreiche", "jeden tag": "täglich",
    },
    "fr": {
        "environ": "à peu près", "voulons": "souhaitons", "veut": "souhaite", "souhaite": "veut", "aujourd'hui": "actuellement",
        "aussi": "également", "clients": "clientèle", "car": "parce que", "chaque jour": "par jour",
    },
    "es": {
        "queremos": "deseamos", "quiere": "desea", "unos": "alrededor de", "hoy": "actualmente", "también": "además", "porque": "ya que",
        "nadie": "ninguna persona", "cada día": "al día",
    },
}  # fmt: skip
"""Words and what may stand for them without a change in meaning, by language."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-Þ¿¡])")
_EVERY, _LONG = 9, 6
_SIGNATURE = "\n\n--\nKind regards\nA. Person | Head of Something\nTel. +49 30 901820-44\nSent from my phone\n"
VARIANTS = ("synonyms", "order", "typos", "wrapped", "language")


def variants(brief: str, language: str) -> dict[str, tuple[str, str]]:
    """The brief in other words, by kind: (text, language of the document, empty for the brief's). Kinds that change nothing are left out."""
    found = {
        "synonyms": (synonyms(brief, language), ""),
        "order": (reordered(brief), ""),
        "typos": (typing_errors(brief), ""),
        "wrapped": (wrapped(brief), ""),
        "language": (brief, "de" if language == "en" else "en"),
    }
    return {kind: (text, tongue) for kind, (text, tongue) in found.items() if text != brief or tongue}


def synonyms(brief: str, language: str) -> str:
    """Words exchanged for others of the same meaning; the same text where nothing is known for its language."""
    words = SYNONYMS.get(language, {})
    if not words:
        return brief
    longest = sorted(words, key=len, reverse=True)
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, longest)) + r")\b", re.IGNORECASE)
    return pattern.sub(lambda found: _cased(words[found[0].lower()], found[0]), brief)


def _cased(word: str, like: str) -> str:
    return word[0].upper() + word[1:] if like[0].isupper() else word


def reordered(brief: str) -> str:
    """The sentences of each paragraph with the second half first; headings, lists and tables stay where they are."""
    return "\n\n".join(_turned(part) for part in brief.strip().split("\n\n")) + "\n"


def _turned(paragraph: str) -> str:
    if re.search(r"^\s*(?:[-*#|>]|\d+[.)])", paragraph, re.MULTILINE):
        return paragraph
    said = _SENTENCE.split(" ".join(paragraph.split()))
    middle = (len(said) + 1) // 2
    return " ".join([*said[middle:], *said[:middle]]) if len(said) > 1 else paragraph


def typing_errors(brief: str) -> str:
    """Two inner letters of every ninth long lower-case word exchanged; numbers, names and units stay as they are."""
    count = 0

    def slip(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        word = found[0]
        middle = len(word) // 2
        return word if count % _EVERY else word[: middle - 1] + word[middle] + word[middle - 1] + word[middle + 1 :]

    return re.sub(rf"(?<![\w_./@-])[a-zà-ÿ]{{{_LONG},}}(?![\w_./@-])", slip, brief)


def wrapped(brief: str) -> str:
    """The brief as an HTML mail with a signature that holds a telephone number."""
    parts = brief.strip().split("\n\n")
    if any(re.search(r"^\s*[-*#|>]", part, re.MULTILINE) for part in parts):
        return f"Fwd: Re: our plan\n\n{brief.strip()}{_SIGNATURE}"
    return "<p>" + "</p>\n<p>".join(part.replace("&", "&amp;") for part in parts) + f"</p>{_SIGNATURE}"


def stated(strategy: Strategy) -> set[tuple[str, float]]:
    """The shared figures that the strategy took from what it was told: (key, value, or low end of a range)."""
    if strategy.blueprint is None:
        return set()
    found = set()
    for quantity in shared_quantities(strategy.blueprint):
        number = quantity.value if quantity.value is not None else quantity.low
        if quantity.basis == "stated" and number is not None:
            found.add((quantity.key, round(number, 6)))
    return found


def kept(before: Strategy, after: Strategy) -> float | None:
    """Share of the stated figures of one strategy that another has too; None if there are none."""
    wanted = stated(before)
    return len(wanted & stated(after)) / len(wanted) if wanted else None
