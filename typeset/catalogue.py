"""Fixed labels and playbook sentences in the document's language, through Babel catalogues under `locale/`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "de", "fr", "es")
DOMAIN = "document"
Translate = Callable[[str], str]


def N_(message: str) -> str:  # noqa: N802 (the name that catalogue tools look for)
    """Mark a message for translation where it is defined; it is translated where it is shown."""
    return message


def locale_of(language: str) -> str:
    """The catalogue for a language; English labels where there is none."""
    return language if language in LANGUAGES else "en"


@cache
def translator(language: str) -> Translate:
    """The function that translates fixed messages into `language`; English is the source and passes through."""
    if locale_of(language) == "en":
        return str
    from babel.support import Translations

    folder = files("ai_data_strategy.typeset") / "locale"
    return Translations.load(str(folder), [locale_of(language)], DOMAIN).gettext
