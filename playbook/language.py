"""The language of a text: statistics over character sequences (py3langid), limited to languages that briefs are written in."""

from __future__ import annotations

import re
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

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


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(SENSIBLE))
    return identifier


def detect(text: str) -> str:
    """ISO 639-1 code of the text's language; `en` for texts too short to tell, and for what is no text."""
    prose = _NOT_PROSE.sub(" ", flatten(text)[:_CAP])
    words = len(re.findall(r"[^\W\d_]{2,}", prose)) + len(_DENSE.findall(prose)) // 2
    if words < _SHORTEST:
        return DEFAULT
    language, probability = _identifier().classify(prose)
    return str(language) if words >= _PLENTY or float(probability) >= _SURE else DEFAULT
