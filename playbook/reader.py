"""The playbook's reader: a brief and its answers in, a Reading out; no model, linear in the length of the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache

from ai_data_strategy.domain import Answer
from ai_data_strategy.playbook import denials
from ai_data_strategy.playbook.amounts import amounts
from ai_data_strategy.playbook.contradictions import Scene, contradictions
from ai_data_strategy.playbook.dates import days
from ai_data_strategy.playbook.passages import Sentence, sentences
from ai_data_strategy.playbook.people import people
from ai_data_strategy.playbook.reading import Amount, Reading
from ai_data_strategy.playbook.scoring import because, example, score
from ai_data_strategy.playbook.wording import classes, code_words, product, systems
from ai_data_strategy.quantities.numerals import CURRENCIES

_CURRENCY_OF = {
    "GB": "GBP",
    "US": "USD",
    "CH": "CHF",
    "CA": "CAD",
    "BR": "BRL",
    "IN": "INR",
    "AU": "AUD",
    "MX": "MXN",
    "JP": "JPY",
    "SE": "SEK",
    "DK": "DKK",
    "PL": "PLN",
}
_DUE = re.compile(
    r"\b(?:by|until|before|deadline|launch\w*|go[ -]live|ready|start\w*|pilot|bis|frist|vor|livegang|stichtag|avant|d'ici|lancement|echeance|antes|hasta|plazo|lanzamiento|due)\b"
)
_AWAY = re.compile(r"\b(?:leave|elternzeit|urlaub|conge|conges|baja|absent\w*|away|holiday)\b")
_SINCE = re.compile(r"\b(?:since|seit|depuis|desde)\s*$")
_MONTH = re.compile(r"(?:January|February|March|April|May|June|July|August|September|October|November|December)$")
_MOST_TERMS = 24
_TOPIC_OF_ANSWER = {"volume": "volume", "label": "label", "labels": "label", "owner": "owner", "ownership": "contract", "regime": "law", "erasure": "erasure", "team": "people", "permission": "contract",
                    "label_source": "label", "retention_erasure": "retention", "error_cost": "cost", "people_hours": "people", "retention": "retention", "rules": "baseline"}  # fmt: skip


def read(brief_text: str, language: str, answers: Sequence[Answer] = (), today: date | None = None) -> Reading:
    """Everything the playbook can tell of a brief. Answers that were skipped say nothing; orders are listed and not read."""
    return _read(brief_text, language, tuple(answers), today or date.today())


@lru_cache(maxsize=16)  # a run reads its brief again at every step that knows more
def _read(brief_text: str, language: str, answers: tuple[Answer, ...], today: date) -> Reading:
    said = sentences(brief_text, language, answers)
    scored, found = score(said), amounts(said)
    archetype = scored.best
    noun, code, places = example(said, found, archetype, language), code_words(said), _keys(said, "places")
    named = systems(said)
    reading_product = product(said, archetype, language)
    return Reading(
        text=brief_text,
        language=language,
        product=reading_product,
        archetype=archetype,
        runner_up=scored.runner_up,
        example=noun,
        currency=_currency(found, places),
        amounts=tuple(found),
        people=tuple(people(said)),
        systems=named,
        events=code.events,
        fields=code.fields,
        classes=classes(said),
        places=places,
        sectors=_keys(said, "sectors"),
        languages=_keys(said, "languages"),
        deadlines=tuple(_deadlines(said))[:6],
        terms=tuple(dict.fromkeys((*_terms(said, reading_product), *named, *code.tables, *code.events, *code.fields)))[:_MOST_TERMS],
        orders=tuple(dict.fromkeys(sentence.text[:390] for sentence in said if sentence.order))[:5],
        topics=_topics(said),
        tables=code.tables,
        scores=scored.points,
        cues=scored.cues,
        because=because(scored, language),
        contradictions=tuple(contradictions(Scene(said, found, noun, language, today))),
        denial=denials.unlawful(said, places) or denials.not_needed(said, scored.points, archetype, found, noun),
        answered=tuple(dict.fromkeys(answer.question for answer in answers if not answer.skipped and answer.text.strip())),
    )


def _keys(said: Sequence[Sentence], group: str) -> tuple[str, ...]:
    """Keys of a group by how often the text names them, orders aside."""
    counted = Counter(hit.key for sentence in said if not sentence.order for hit in sentence.cues(group))
    return tuple(key for key, _ in counted.most_common())


def _currency(found: Sequence[Amount], places: Sequence[str]) -> str:
    """The currency the text uses most, else that of the first place that has its own, else the euro."""
    used = Counter(amount.unit for amount in found if amount.unit in CURRENCIES)
    if used:
        return used.most_common(1)[0][0]
    return _CURRENCY_OF.get(places[0], "EUR") if places else "EUR"


def _deadlines(said: Sequence[Sentence]) -> Iterator[tuple[date, str]]:
    """Days by which something is due: not the begin of a history, not the end of an absence, not somebody's first day."""
    for sentence in said:
        for day, place in days(sentence.text) if not sentence.order else ():
            before = sentence.folded[max(0, place - 45) : place + 6]
            if _DUE.search(before) and not _SINCE.search(sentence.folded[:place]) and not _AWAY.search(before):
                yield day, sentence.text[:300]


def _topics(said: Sequence[Sentence]) -> dict[str, str]:
    """The most telling sentence of each topic: most cues, earliest; an answer replaces the brief."""
    best: dict[str, tuple[bool, int, str]] = {}
    for sentence in said:
        if sentence.order:
            continue
        counted = Counter(hit.key for hit in sentence.cues("topic"))
        if sentence.origin in _TOPIC_OF_ANSWER:
            counted[_TOPIC_OF_ANSWER[sentence.origin]] += 2
        for topic, points in counted.items():
            rank = (sentence.origin != "brief", points)
            if topic not in best or rank > best[topic][:2]:
                best[topic] = (*rank, sentence.text[:390])
    return {topic: text for topic, (_, _, text) in best.items()}


def _terms(said: Sequence[Sentence], named: str) -> Iterator[str]:
    """Names written with capitals inside a sentence, abbreviations, and the product."""
    yield named
    counted: Counter[str] = Counter()
    for sentence in said:
        if not sentence.order:
            counted.update(re.findall(r"\b[A-Z]{2,6}\b", sentence.text))
            if sentence.language != "de":
                counted.update(re.findall(r"(?<=[a-z,] )[A-Z][a-zé]{2,20}(?: [A-Z][a-zé]{2,20}){0,2}\b", sentence.text))
    yield from (term for term, _ in counted.most_common(_MOST_TERMS) if not _MONTH.match(term))
