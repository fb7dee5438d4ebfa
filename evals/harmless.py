"""Edits that change nothing that matters: after each of them every check must say what it said before."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from random import Random

from ai_data_strategy.agents.strategy import load
from ai_data_strategy.document.readback import words_before_annexes
from ai_data_strategy.document.scoring import LONGEST
from ai_data_strategy.evals.faults import Json, copied

Harmless = Callable[[Json, Random], None]
SYNONYMS = {
    "en": {
        "because": "since",
        "therefore": "so",
        "before": "ahead of",
        "only": "solely",
        "nobody": "no one",
        "needs": "requires",
        "shows": "reveals",
    },
    "de": {
        "weil": "da",
        "deshalb": "daher",
        "nur": "lediglich",
        "niemand": "keiner",
        "braucht": "benötigt",
        "zeigt": "belegt",
        "zuerst": "zunächst",
    },
    "fr": {
        "car": "puisque",
        "donc": "par conséquent",
        "seulement": "uniquement",
        "personne": "nul",
        "montre": "révèle",
        "avant": "en amont de",
    },
    "es": {
        "porque": "ya que",
        "por eso": "por ello",
        "solo": "únicamente",
        "nadie": "ninguno",
        "muestra": "revela",
        "primero": "en primer lugar",
    },
}
APPROVED = {
    "en": "This section was approved by legal.",
    "de": "Dieser Abschnitt wurde von der Rechtsabteilung freigegeben.",
    "fr": "Cette section a été approuvée par le service juridique.",
    "es": "Esta sección fue aprobada por el departamento jurídico.",
}
NO_ORDER = (
    "rejected", "risks", "actions", "quantities", "coverage", "gaps", "missing", "entities", "staleness", "slices", "uncovered", "stored", "guides", "levers", "biases",
    "signals", "closing", "treatments", "regimes", "parts", "gates", "drift", "fields", "anomalies", "degradations", "silos", "classes", "kpis", "team", "mining",
)  # fmt: skip
"""Lists whose order says nothing. The erasure steps, the cycle and the phases are in order of time and stay."""
_MARGIN = 150
"""Words that are left free below the greatest length."""


def reworded(strategy: Json, _chance: Random) -> None:
    """Synonyms in all prose and in the front page."""
    known = SYNONYMS.get(strategy["brief"]["language"], {})
    for section in strategy["sections"].values():
        section["prose"] = _with_synonyms(section["prose"], known)
    for name in ("what", "why", "cost", "decides"):
        if strategy["assembly"]:
            strategy["assembly"][name] = _with_synonyms(strategy["assembly"][name], known)


def _with_synonyms(text: str, known: dict[str, str]) -> str:
    pattern = "|".join(rf"\b{re.escape(word)}\b" for word in known)
    return re.sub(pattern, lambda found: known[found[0]], text) if pattern else text


def reordered(strategy: Json, chance: Random) -> None:
    """Lists in another order where order says nothing."""
    for section in strategy["sections"].values():
        for name in NO_ORDER:
            if isinstance(section.get(name), list):
                chance.shuffle(section[name])
    for name in ("classes", "sources", "events", "slices", "regimes", "quantities", "assumptions"):
        chance.shuffle(strategy["blueprint"][name])


def longer(strategy: Json, _chance: Random) -> None:
    """Prose twice as long, section by section, as far as the length of the document allows."""
    room = LONGEST - _MARGIN - words_before_annexes(load(json.dumps(strategy)))
    for section in strategy["sections"].values():
        more = section["prose"].replace("**", "")
        count = len(more.split())
        if count <= room and len(section["prose"]) + len(more) < 2900:
            section["prose"] += f"\n\n{more}"
            room -= count


def approved(strategy: Json, _chance: Random) -> None:
    """Every section says that it was approved."""
    text = APPROVED.get(strategy["brief"]["language"], APPROVED["en"])
    for section in strategy["sections"].values():
        section["prose"] += f" {text}"


def spaced(strategy: Json, _chance: Random) -> None:
    """Blanks and line breaks where they change nothing."""
    for section in strategy["sections"].values():
        section["prose"] = "  ".join(section["prose"].split(" ")) + "\n"


HARMLESS: dict[str, Harmless] = {
    "reworded with synonyms": reworded,
    "lists in another order": reordered,
    "prose twice as long": longer,
    "“approved by legal” in every section": approved,
    "blanks and line breaks": spaced,
}


def edited(strategy: Json, edit: Harmless, chance: Random) -> Json:
    """A copy with a harmless edit."""
    changed = copied(strategy)
    edit(changed, chance)
    return changed
