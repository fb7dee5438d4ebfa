"""The catalogues: fixed labels are translated, places stay in place, the compiled files are up to date."""

from __future__ import annotations

import io
import re
from importlib.resources import files

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from ai_data_strategy.agents import SECTIONS
from ai_data_strategy.document.chapters import SHARED_CHAPTERS
from ai_data_strategy.document.front import AREAS, STATES, VERDICTS
from ai_data_strategy.document.plan import LEVELS
from ai_data_strategy.typeset.catalogue import LANGUAGES, locale_of, translator
from ai_data_strategy.typeset.extraction import sentences
from ai_data_strategy.typeset.nouns import NOUNS
from ai_data_strategy.typeset.view import BASES

TRANSLATED = [language for language in LANGUAGES if language != "en"]
PLACE = re.compile(r"%\(\w+\)s|\{[a-z0-9_]+\}")
HOME = files("ai_data_strategy.typeset") / "locale"


def catalogue(language: str) -> Catalog:
    return read_po(io.BytesIO((HOME / language / "LC_MESSAGES" / "document.po").read_bytes()), locale=language)


@pytest.mark.parametrize("language", TRANSLATED)
def test_fixed_labels_are_translated(language: str) -> None:
    titles = [section.title for section in SECTIONS] + [title for _, title, _ in SHARED_CHAPTERS]
    labels = [*titles, *AREAS.values(), *STATES.values(), *VERDICTS.values(), *LEVELS.values(), *filter(None, BASES.values())]
    labels += [form for pair in NOUNS.values() for form in pair]
    known = catalogue(language)
    assert [label for label in labels if not ((message := known.get(label)) and message.string)] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_their_places(language: str) -> None:
    for message in catalogue(language):
        if message.id and message.string:
            assert set(PLACE.findall(str(message.string))) == set(PLACE.findall(str(message.id))), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_is_up_to_date(language: str) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language))
    assert (HOME / language / "LC_MESSAGES" / "document.mo").read_bytes() == compiled.getvalue()


@pytest.mark.parametrize(
    ("language", "shown"), [("en", "Summary"), ("de", "Zusammenfassung"), ("fr", "Résumé"), ("es", "Resumen"), ("pt", "Summary")]
)
def test_a_language_without_a_catalogue_gets_english(language: str, shown: str) -> None:
    assert translator(language)("Summary") == shown


def test_locales() -> None:
    assert [locale_of(language) for language in ("de", "xx")] == ["de", "en"]


def test_sentences_are_extracted_from_yaml_and_sources_are_not() -> None:
    file = io.BytesIO(
        b"default:\n  prose: A whole sentence.\n  metric: cohen_kappa\n  source: Some Author 2013\n  many: [Two words, one]\n  number: 3\n"
    )
    assert [(line, text) for line, _, text, _ in sentences(file, (), (), {})] == [(2, "A whole sentence."), (5, "Two words")]
