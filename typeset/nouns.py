"""Count nouns that the program itself uses as units, in the singular and the plural, and how a noun follows its number."""

from __future__ import annotations

from ai_data_strategy.typeset.catalogue import N_, translator

# The nouns of a product ("tickets") come from the blueprint in the document's language and pass through unchanged.
NOUNS = {
    "annotator": (N_("annotator"), N_("annotators")), "case": (N_("case"), N_("cases")), "class": (N_("class"), N_("classes")),
    "defect": (N_("defect"), N_("defects")), "entry": (N_("entry"), N_("entries")), "event": (N_("event"), N_("events")),
    "example": (N_("example"), N_("examples")), "failure": (N_("failure"), N_("failures")), "feature": (N_("feature"), N_("features")),
    "item": (N_("item"), N_("items")), "label": (N_("label"), N_("labels")), "model": (N_("model"), N_("models")),
    "parameter": (N_("parameter"), N_("parameters")), "person": (N_("person"), N_("people")), "question": (N_("question"), N_("questions")),
    "record": (N_("record"), N_("records")), "release": (N_("release"), N_("releases")), "report": (N_("report"), N_("reports")),
    "request": (N_("request"), N_("requests")), "row": (N_("row"), N_("rows")), "run": (N_("run"), N_("runs")),
    "signal": (N_("signal"), N_("signals")), "time": (N_("time"), N_("times")), "user": (N_("user"), N_("users")),
    "column": (N_("column"), N_("columns")), "decision": (N_("decision"), N_("decisions")), "pair": (N_("pair"), N_("pairs")),
    "template": (N_("template"), N_("templates")), "text": (N_("text"), N_("texts")), "line": (N_("line"), N_("lines")),
    "workday": (N_("working day"), N_("working days")), "point": (N_("point"), N_("points")),
}  # fmt: skip
_BY_FORM = {form: pair for pair in NOUNS.values() for form in pair} | {f"{name}s": pair for name, pair in NOUNS.items()} | NOUNS
_BARE = ("count", "coefficient", "1", "")


def noun(unit: str, number: float, language: str) -> str:
    """The noun of a unit as it follows `number`; empty for a plain number."""
    if unit in _BARE:
        return ""
    word = unit.replace("_", " ")
    if pair := _BY_FORM.get(word):
        return translator(language)(pair[not _single(number, language)])
    if language == "en":
        return singular(word) if _single(number, language) else _plural(word)
    return word


def per(unit: str, language: str) -> str:
    """The noun after "per": the singular where the language's plural is plain."""
    word = unit.replace("_", " ")
    if pair := _BY_FORM.get(word):
        return translator(language)(pair[0])
    return singular(word) if language in ("en", "fr") else word


def singular(word: str) -> str:
    """An English or French noun in the singular, by the rules that hold for nearly all."""
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _plural(word: str) -> str:
    if word.endswith("s") or not word.isascii():
        return word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("sh", "ch", "x")) else f"{word}s"


def _single(number: float, language: str) -> bool:
    return abs(number) < 2 if language == "fr" else abs(number) == 1


def joined(number: str, word: str, big: bool, language: str) -> str:
    """Number and noun; French and Spanish say "2 millions de tickets"."""
    if not word:
        return number
    if big and language == "es":
        return f"{number} de {word}"
    if big and language == "fr":
        return f"{number} d’{word}" if word[0].lower() in "aeiouéèêh" else f"{number} de {word}"
    return f"{number} {word}"
