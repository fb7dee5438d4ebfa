"""The language of a text: by its little words where they tell, else by statistics over character sequences (py3langid)."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from ai_data_strategy.quantities.wording import flatten

SENSIBLE = (
    "en",
    "de",
    "fr",
    "es",
    "it",
    "pt",
    "nl",
    "pl",
    "sv",
    "da",
    "cs",
    "fi",
    "hu",
    "ro",
    "tr",
    "el",
    "ru",
    "uk",
    "ar",
    "he",
    "hi",
    "zh",
    "ja",
    "ko",
)
DEFAULT = "en"
_SHORTEST = 3
"""Words; below that nothing can be told."""
_SURE = 0.8
"""Least probability for a text of fewer than `_PLENTY` words."""
_PLENTY = 15
_CAP = 5000
_NOT_PROSE = re.compile(r"https?://\S{1,500}|\S{1,200}@\S{1,200}|\b\w{1,80}_\w{1,80}\b|[\d_#{}\[\]<>|/\\=]+")
_DENSE = re.compile(r"[\u0900-\u097f\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
"""Scripts of which one character says as much as a word, or that write no spaces."""


_LITTLE = {
    "en": "the and of to in is are we our for with that it be on by from has have not which who a an will can this",
    "de": "der die das und wir ist sind ein eine einen nicht mit für von zu im den dem auf werden wird unsere sollen bei oder sich",
    "fr": "le la les des et nous est sont une un pour avec dans du que qui sur au aux pas ce cette par en notre",
    "es": "el la los las y de que en un una para con por del se es son no nuestra nuestro hay como al su",
    "pt": "o os as e do da dos das em um uma com não para que por ao na no se mais são nosso",
    "it": "il lo gli di che e un una per con non del della sono è da nel alla i le la",
    "nl": "de het een en van in is dat op te voor met niet zijn wij we ons onze naar",
    "sv": "och att det som en är på för av med den till inte vi har om ett",
}
"""The most frequent words of languages that are easily taken for each other."""
_WORDS = {language: frozenset(words.split()) for language, words in _LITTLE.items()}
_TELLING = 4
"""Little words from which their language is taken, if no other has more than half as many."""


def _by_little_words(prose: str) -> str | None:
    words = re.findall(r"[^\W\d_]+", prose.casefold())
    counts = sorted(((sum(word in known for word in words), language) for language, known in _WORDS.items()), reverse=True)
    (most, language), (next_, _) = counts[:2]
    return language if most >= _TELLING and next_ * 2 <= most and most * 8 >= len(words) else None


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]  # its model takes most of a second

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(SENSIBLE))
    return identifier


def detect(text: str) -> str:
    """ISO 639-1 code of the text's language; `en` for texts too short to tell, and for what is no text."""
    prose = _NOT_PROSE.sub(" ", flatten(text)[:_CAP])
    words = len(re.findall(r"[^\W\d_]{2,}", prose)) + len(_DENSE.findall(prose)) // 2
    if words < _SHORTEST:
        return DEFAULT
    if told := _by_little_words(prose):
        return told
    language, probability = _identifier().classify(prose)
    return str(language) if words >= _PLENTY or float(probability) >= _SURE else DEFAULT
