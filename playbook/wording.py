"""The words of a brief that name things: the product, systems, tables, events, fields, classes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ai_data_strategy.playbook.lexicon import fold, nouns
from ai_data_strategy.playbook.passages import Sentence
from ai_data_strategy.typeset.catalogue import N_, translator

_CODE = re.compile(
    r"(?<![\w/.@])[A-Za-z][A-Za-z0-9]{0,40}(?:_[A-Za-z0-9]{1,40}){1,6}(?![\w@])|(?<![\w/.@-])[a-z]{2,30}\.[a-z]{2,30}_[a-z_]{1,30}\b"
)
_TABLE_BEFORE = re.compile(r"\b(?:table|tables|tabelle|tabellen|tabla|tablas|view|topic|collection|index|in der tabelle)\W{0,3}$")
_EVENT_BEFORE = re.compile(
    r"\b(?:event|events|logged as|log|ereignis|ereignisse|evenement|evento|eventos|protokolliert als|journalise\w* (?:sous|comme)|registrad\w* como|emits?|fires?)\W{0,3}$"
)
_EVENT_ENDING = re.compile(r"(?:ed|en|click|view|created|opened|closed|sent|shown|start|stop|event)$")
_NAME = r"[A-ZÄÖÜÉ][\w&'-]{1,30}(?: [A-ZÄÖÜÉ0-9][\w&'-]{0,30}){0,2}"
_PRODUCT = (
    re.compile(rf"(?m)^(?:product|produkt|produit|producto|project|projekt|projet|proyecto)\s*:\s*({_NAME})", re.IGNORECASE),
    re.compile(
        rf"\b(?:called|named|our product|our app|our platform|unser produkt|unsere app|namens|appelée?|nommée?|notre (?:produit|application)|llamad[ao]|nuestro producto|nuestra aplicación)\s+[\"']?(?-i:({_NAME}))",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?:^|[.!?]\s+)({_NAME}),? (?:is|are|ist|est|es|sind|sells|runs|makes|operates|helps|lets|betreibt|verkauft|exploite|vend|aide|vende|gestiona|ayuda|produces|stellt|hat|has|offers|bietet|propose|ofrece|wants|möchte|souhaite|quiere)\b"
    ),
    re.compile(r"\b([A-Z][a-z]{1,15}[A-Z][A-Za-z]{1,20})\b"),
)
_NOT_NAMES = frozenset(
    [
        "the",
        "marketing",
        "storage",
        "chatgpt",
        "budget",
        "sales",
        "legal",
        "finance",
        "support",
        "this",
        "that",
        "it",
        "we",
        "our",
        "there",
        "brief",
        "what",
        "who",
        "how",
        "a",
        "an",
        "der",
        "die",
        "das",
        "es",
        "wir",
        "unser",
        "le",
        "la",
        "les",
        "nous",
        "notre",
        "il",
        "elle",
        "ce",
        "el",
        "los",
        "nosotros",
        "nuestra",
        "nuestro",
        "data",
        "each",
        "all",
        "everything",
        "these",
        "they",
        "here",
        "today",
        "gdpr",
        "dsgvo",
        "rgpd",
        "postgresql",
        "mysql",
        "javascript",
        "github",
        "sharepoint",
        "servicenow",
        "bigquery",
        "mongodb",
        "every",
        "customer",
        "customers",
        "analysts",
        "teachers",
        "doctors",
    ]
)
_RUN = re.compile(
    r"\b(?:we (?:run|operate|build|sell|make|offer|are|own|maintain)|wir (?:betreiben|bauen|verkaufen|sind|entwickeln)|nous (?:exploitons|vendons|sommes|gérons|développons)|"
    r"(?:^|(?<=[.!?] ))(?:our|unsere?|notre|nuestr[oa])|(?:operamos|vendemos|somos|gestionamos|desarrollamos))\s+(?:an?|the|one|eine?n?|das|der|die|une?|la|le|una?|el)?\s*([^\W_][\w'-]*(?: [^\W_][\w'-]*){0,3}?)(?=\s+(?:and|that|which|with|for|in|on|from|und|mit|für|in|der|die|et|avec|pour|qui|de|dans|y|con|para|que|en|has|have|wants?|would|is|hat|will|möchte|soll|ist|souhaite|a|veut|tiene|quiere|receives|needs?)\b|[,.;:!?]|$)",
    re.IGNORECASE,
)
_GENERIC = frozenset(
    [
        "company",
        "firm",
        "business",
        "team",
        "startup",
        "start-up",
        "bank",
        "telecom",
        "unternehmen",
        "firma",
        "betrieb",
        "entreprise",
        "societe",
        "equipe",
        "empresa",
        "compania",
        "equipo",
        "banco",
        "model",
        "modell",
        "modele",
        "modelo",
        "brief",
        "goal",
        "customers",
        "data",
        "problem",
        "aim",
    ]
)
TITLES = {
    "text_classification": N_("Text classification"), "tabular_classification": N_("Risk and outcome prediction"), "ranking": N_("Recommendation and ranking"),
    "rag_chat": N_("Answers over documents"), "extraction": N_("Document extraction"), "forecasting": N_("Demand forecasting"), "fraud": N_("Fraud detection"),
    "vision": N_("Image recognition"), "speech": N_("Speech recognition"), "maintenance": N_("Predictive maintenance"), "rules": N_("Decision rules"),
}  # fmt: skip
_SENTENCE = re.compile(
    r"(?i)\b(?:are|is|was|were|has|have|had|can|will|must|should|sind|ist|war|waren|hat|haben|wird|werden|sont|est|ont|sera|seront|son|está|están|fue|tiene|tienen)\b"
)
"""Verbs that no name of a class holds: with one of them a list is a sentence."""
_LIST = re.compile(r"\s*(?:are|is|sind|sont|son|being)?\s*[:(]\s*([^()\n:;.]{3,300})")


@dataclass(frozen=True)
class CodeWords:
    """Code-like words of the text by what they seem to be."""

    tables: tuple[str, ...]
    events: tuple[str, ...]
    fields: tuple[str, ...]


def code_words(sentences: Sequence[Sentence]) -> CodeWords:
    """Words such as `case_outcome`: a table or event if the text says so or the ending does, else a field."""
    tables, events, fields = dict[str, None](), dict[str, None](), dict[str, None]()
    for sentence in sentences:
        for match in _CODE.finditer(sentence.text) if not sentence.order else ():
            before = sentence.folded[max(0, match.start() - 24) : match.start()]
            home = (
                tables
                if _TABLE_BEFORE.search(before)
                else events
                if _EVENT_BEFORE.search(before) or _EVENT_ENDING.search(match.group())
                else fields
            )
            home[match.group()] = None
    known = set(tables) | set(events)
    return CodeWords(tuple(tables)[:12], tuple(events)[:12], tuple(word for word in fields if word not in known)[:20])


def systems(sentences: Sequence[Sentence]) -> tuple[str, ...]:
    """Systems as they are written in the text."""
    found: dict[str, str] = {}
    for sentence in sentences:
        for hit in sentence.cues("systems"):
            written = sentence.text[hit.start : hit.end]
            if written[0].isupper() or written.lower() in ("postgres", "kafka", "s3", "redis", "postgresql", "mysql", "dbt"):
                found.setdefault(written.lower(), written)
    return tuple(found.values())[:12]


def product(sentences: Sequence[Sentence], archetype: str, language: str) -> str:
    """The product's name, else what the brief says is run, else the name of the task."""
    own = [sentence.text for sentence in sentences if not sentence.order][:30]
    bought = {name.lower() for name in systems(sentences)}
    for pattern in _PRODUCT:
        for text in own:
            found = pattern.search(text)
            if (
                found
                and fold(found[1].split()[0]) not in _NOT_NAMES
                and found[1].lower() not in bought
                and not _is_ordinary(found[1], text, found.start(1))
            ):
                return found[1][:90]
    for text in own:
        if (
            (run := _RUN.search(text))
            and len(run[1].strip()) > 3
            and not run[1].strip()[0].isdigit()
            and fold(run[1].strip()) not in _GENERIC
        ):
            return run[1].strip()[:1].upper() + run[1].strip()[1:90]
    return translator(language)(TITLES[archetype])


def _is_ordinary(name: str, text: str, at: int) -> bool:
    """True for a word that is only capital because it begins its sentence, or is a German noun: no inner capital, digit or second word."""
    single = " " not in name and not re.search(r"[A-Z0-9].*[A-Z0-9]|\d", name)
    return (
        (single and bool(re.search(rf"\b{re.escape(name.lower())}\b", text[at + len(name) :])))
        or fold(name) in nouns("population")
        or (single and fold(name).endswith(("s", "en", "ung", "ers", "tag", "zeit", "menge", "woche")))
    )


def classes(sentences: Sequence[Sentence]) -> tuple[str, ...]:
    """Names of label classes that the text lists after a class noun: `queues: billing, access, orders`."""
    for sentence in sentences:
        for token in sentence.tokens:
            if (
                token.word in nouns("classes")
                and not sentence.order
                and (listed := _LIST.match(sentence.text[token.end : token.end + 320]))
            ):
                names = [
                    re.sub(r"^(?:and|or|und|oder|et|ou|y|o) ", "", name.strip())
                    for name in re.split(r",|/| (?:and|or|und|oder|et|ou|y|o) ", listed[1])
                ]
                short = [
                    name.strip(" \"'")
                    for name in names
                    if 1 < len(name.strip()) <= 40 and len(name.split()) <= 4 and not _SENTENCE.search(name)
                ]
                if len(short) >= 2 and len(short) == len([name for name in names if name.strip()]):
                    return tuple(dict.fromkeys(short))[:20]
    return ()
