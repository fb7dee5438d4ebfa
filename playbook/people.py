"""Who is there: roles and teams that a text names, how many, how many hours, from when, when away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from ai_data_strategy.playbook.dates import days
from ai_data_strategy.playbook.passages import Sentence, clause
from ai_data_strategy.playbook.reading import Person
from ai_data_strategy.quantities.numerals import Numeral
from ai_data_strategy.quantities.units import convert

_MOST = 12
_HALF = re.compile(
    r"\b(?:half[ -]time|part[ -]time|half of (?:his|her|their) time|halbtags|halbe stelle|mi-temps|media jornada|50 ?%)(?!\w)"
)
_AWAY = re.compile(
    r"\b(?:on leave|leave until|parental leave|maternity leave|sick leave|on holiday|away|absent|sabbatical|elternzeit|urlaub|abwesend|en conge|conge (?:maternite|parental)|absente?|de baja|vacaciones|de permiso)\b"
)
_FROM = re.compile(
    r"\b(?:joins?|starts?|from|as of|available from|hired|ab|beginnt|kommt|a partir du|a partir de|arrive|desde|se incorpora|empieza|begins|back in|zuruck)\b"
)
_LONE = re.compile(r"(?i)\b(?:one|an?|single|eine?n?|une?|una|uno)\s+(?:[^\W\d_]+ ){0,1}$")
_CHIEF = re.compile(
    r"\b(?:[Hh]ead|[Dd]irector|VP|Leiter(?:in)?|Leitung|[Cc]hef(?:fe)?|[Rr]esponsable|[Dd]irect(?:eur|rice)|[Jj]ef[ea])(?: (?:of|de|des|du|der|für|del)(?: la| los| las)?| d')\s?[\wÄÖÜäöüéèáíó]{2,25}(?: [A-ZÄÖÜÉ][\wäöüéè]+)?"
)


def people(sentences: Sequence[Sentence]) -> list[Person]:
    """Every role that is named, the same title once, with the best that is said of it."""
    found: dict[str, Person] = {}
    for sentence in sentences:
        if sentence.order:
            continue
        for person in _named(sentence):
            known = found.get(person.title.lower())
            if known is None or _knowledge(person) > _knowledge(known):
                found[person.title.lower()] = person
    return list(found.values())[:_MOST]


def _knowledge(person: Person) -> int:
    return sum(
        value is not None and value != ""
        for value in (person.count, person.hours_per_week, person.from_day, person.share_of_time, person.away)
    )


def _named(sentence: Sentence) -> Iterator[Person]:
    taken: list[tuple[int, int]] = []
    for match in _CHIEF.finditer(sentence.text):
        taken.append(match.span())
        yield _person(sentence, match.start(), match.end(), match.group(), _duty_of(match.group().lower()))
    hits = sorted((hit for hit in sentence.hits if hit.group == "roles"), key=lambda hit: (hit.start, -hit.end))
    for hit in hits:
        if not any(start < hit.end and hit.start < end for start, end in taken):
            taken.append((hit.start, hit.end))
            yield _person(sentence, hit.start, hit.end, sentence.text[hit.start : hit.end], hit.key)
    for hit in sentence.cues("any_people"):
        count = _count(sentence, hit.start)
        by_hand = sentence.cues("topic", "baseline") or sentence.cues("topic", "task")
        if count is not None and by_hand and count.value <= 200 and not any(start < hit.end and hit.start < end for start, end in taken):
            yield _person(sentence, hit.start, hit.end, sentence.text[hit.start : hit.end], "operations")


def _duty_of(title: str) -> str:
    table = (
        ("risk", "domain"),
        ("product", "product"),
        ("produ", "product"),
        ("data", "data_engineering"),
        ("legal", "legal"),
        ("privacy", "legal"),
        ("financ", "finance"),
        ("it", "engineering"),
        ("engineering", "engineering"),
    )
    return next((duty for stem, duty in table if stem in title.split() or (len(stem) > 2 and stem in title)), "operations")


def _person(sentence: Sentence, start: int, end: int, title: str, duty: str) -> Person:
    left, right = _span(sentence, start, end)
    words, folded = sentence.text[left:right].strip(" ,;:.-"), sentence.folded[left:right]
    number = _count(sentence, start)
    hours = next((_weekly(one) for one in sentence.numerals if one.unit == "hour" and one.per and left <= one.start < right), None)
    share = 0.5 if _HALF.search(folded) else None
    away = words if _AWAY.search(folded) else ""
    count = number.value if number else 1.0 if _LONE.search(sentence.text[:start]) else None
    title = title.strip()
    return Person(title[:1].upper() + title[1:], duty, words, count, hours, _from(sentence, left, right), share, away)


def _span(sentence: Sentence, start: int, end: int) -> tuple[int, int]:
    """The clause of a role, widened over what follows it up to the next role or `;`."""
    left, right = clause(sentence, start, end)
    later = [hit.start for hit in sentence.hits if hit.group in ("roles", "any_people") and hit.start >= end]
    stop = min([place for place in (sentence.text.find(";", end),) if place >= 0] + later, default=len(sentence.text))
    boundary = max((sentence.text.rfind(mark, 0, stop) for mark in (", ", " and ", " und ", " et ", " y ", ". ")), default=stop)
    return left, max(right, boundary if later and boundary >= end else stop)


def _count(sentence: Sentence, start: int) -> Numeral | None:
    return next(
        (
            one
            for one in sentence.numerals
            if not one.unit
            and not one.per
            and 0 <= start - one.end <= 26
            and "," not in sentence.text[one.end : start]
            and one.value < 1000
            and _close(sentence, one, start)
        ),
        None,
    )


def _close(sentence: Sentence, numeral: Numeral, start: int) -> bool:
    """True if at most two words stand between the number and the role."""
    return len(sentence.text[numeral.end : start].split()) <= 2


def _weekly(numeral: Numeral) -> float:
    days_a_week = {"day": 5.0, "workday": 5.0, "week": 1.0}
    return numeral.value * days_a_week[numeral.per] if numeral.per in days_a_week else numeral.value / convert(1.0, numeral.per, "week")


def _from(sentence: Sentence, left: int, right: int) -> date | None:
    """The day from which the role is there; the end of an absence counts as its return."""
    for day, place in days(sentence.text):
        if left <= place < right and (
            _FROM.search(sentence.folded[max(left, place - 40) : place]) or _AWAY.search(sentence.folded[left:place])
        ):
            return day
    return None
