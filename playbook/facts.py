"""Which of the amounts in a reading is what: rate, stock, delay, retention, window, shares, budget. Nothing is guessed here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from ai_data_strategy.playbook.reading import Amount, Reading
from ai_data_strategy.quantities.units import TIMES, convert

_CLAUSE = re.compile(r"(?:[;\n:]|,(?=\s)|\.(?=\s|$))")
_RECORDS = re.compile(
    r"(?i)\b(rows?|records?|items?|entries|documents?|images?|pictures?|files|examples|samples|Datensätze|Zeilen|Bilder|Dokumente|lignes|enregistrements|registros|filas)\b"
)
_PEOPLE = re.compile(
    r"(?i)customer|client|user|payer|member|patient|reader|viewer|listener|subscriber|visitor|Kund|Nutzer|Leser|utilisateur|lecteur|lectrice|abonn|usuari|lector|suscriptor"
)
_POSITIVES = re.compile(
    r"(?i)failure|breakdown|stops?$|defect|fraud|churn|Ausfälle|Ausfall|Stillst|Schäden|panne|défaut|avería|fallo|parada"
)
_YEAR = re.compile(r"(?i)last year|a year|per year|in the past year|letzte[sn] Jahr|im Jahr|l.an dernier|par an|el año pasado|al año")
_MOST_A_HEAD = 20
"""Examples a day and person over which a rate is not believed: requests or rows were counted."""
_ONLY = re.compile(r"(?i)\b(only|nur|seulement|uniquement|sólo|solo)\b")
_ERROR = re.compile(r"(?i)\b(error|errors|wrong|incorrect|fehler\w*|falsch|erreurs?|errores?)\b")
_TONGUES = re.compile(
    r"(?i)\b(English|German|French|Spanish|Italian|Dutch|Portuguese|Polish|Turkish|Arabic|Chinese|Japanese|Englisch|Deutsch|Französisch|Spanisch|"
    r"Italienisch|Türkisch|Polnisch|anglais|allemand|français|espagnol|italien|arabe|inglés|alemán|francés|español|italiano|portugués|catalán)\w*"
)


@dataclass(frozen=True)
class Facts:
    """The amounts of a brief by what they mean for the plan; None is what nobody has said."""

    per_day: Amount | None = None
    in_hand: Amount | None = None
    since: date | None = None
    delay: Amount | None = None
    retentions: tuple[Amount, ...] = ()
    window: Amount | None = None
    base: Amount | None = None
    wrong: Amount | None = None
    right: Amount | None = None
    blocked: Amount | None = None
    precision: Amount | None = None
    budget: Amount | None = None
    erasures: Amount | None = None
    latency: Amount | None = None
    rules: Amount | None = None
    minutes: Amount | None = None
    hourly: Amount | None = None
    users: Amount | None = None
    doubted: Amount | None = None
    positives_year: Amount | None = None
    shares: tuple[tuple[str, Amount], ...] = field(default_factory=tuple)


def clause(amount: Amount, text: str) -> str:
    """The part of a sentence in which an amount stands: the shortest piece of its quotation that holds the number."""
    pieces = [piece for piece in _CLAUSE.split(amount.quote) if _holds(piece, amount.value)]
    found = min(pieces, key=len) if pieces else amount.quote
    if len(found) > 24 or amount.quote not in text:
        return found.strip()
    at = text.index(amount.quote)
    before = [match.end() for match in _CLAUSE.finditer(text, 0, at)]
    after = _CLAUSE.search(text, at + len(amount.quote))
    return text[before[-1] if before else 0 : after.start() if after else len(text)].strip()


def _holds(piece: str, value: float) -> bool:
    whole = f"{value:,.0f}" if value == int(value) else f"{value:g}"
    forms = {f"{value:g}", whole, whole.replace(",", "."), whole.replace(",", " "), f"{value:g}".replace(".", ",")}
    forms |= {f"{value / 1e6:g} m", f"{value / 1e3:g}k", f"{value / 1e6:g}".replace(".", ",") + " M"}
    return any(re.search(rf"(?<![\d.,]){re.escape(form)}(?!\d)", piece) for form in forms)


def rate_unit(amount: Amount) -> str:
    """The time that an amount is counted in (`day`, `workday` ...), or "" if it is no rate."""
    return amount.per if amount.per in TIMES else ""


def is_time(amount: Amount) -> bool:
    return amount.unit in TIMES and not amount.per


def days(amount: Amount, end: str = "value") -> float:
    """An amount of time in days; `end` high takes the upper end of a range. A working day is seven fifths of a day."""
    value = amount.high if end == "high" and amount.high is not None else amount.value
    return value * 7 / 5 if amount.unit == "workday" else convert(value, amount.unit, "day")


def gather(reading: Reading) -> Facts:
    """The amounts of a reading by what the plan uses them for."""
    quality = _first(reading, "quality")
    wrong = quality if quality and _ERROR.search(clause(quality, reading.text)) else None
    rate = _per_day(reading)
    users = max((a for a in reading.all("population") if not a.per), key=lambda a: a.value, default=None)
    doubted = rate if rate and users and _too_many(rate, users) else None
    return Facts(
        per_day=None if doubted else rate,
        doubted=doubted,
        positives_year=next(
            (a for a in reading.all("volume") if not a.per and _POSITIVES.search(a.noun) and _in_a_year(a, reading.text)), None
        ),
        in_hand=(stock := _in_hand(reading)),
        since=stock.since if stock else None,
        delay=_time(reading, "label_delay"),
        retentions=tuple(_retentions(reading)),
        window=_time(reading, "history"),
        base=_first(reading, "base_rate"),
        wrong=_first(reading, "rework") or wrong,
        right=quality if quality is not wrong else None,
        blocked=_first(reading, "action_share"),
        precision=_first(reading, "precision"),
        budget=next((a for a in reading.all("budget") if not a.per), None),
        erasures=next((a for a in reading.all("erasure_requests") if rate_unit(a)), None),
        latency=_time(reading, "latency", ("second", "minute")),
        rules=_first(reading, "rules"),
        minutes=_time(reading, "minutes_per_item", ("second", "minute", "hour")),
        hourly=_first(reading, "hourly_cost"),
        users=users,
        shares=_language_shares(reading),
    )


def _first(reading: Reading, kind: str) -> Amount | None:
    return next(iter(reading.all(kind)), None)


def _in_a_year(amount: Amount, text: str) -> bool:
    """True if the quotation, or its sentence, says that the number is that of a year."""
    at = text.find(amount.quote)
    return bool(_YEAR.search(text[max(0, at - 30) : at + len(amount.quote) + 30] if at >= 0 else amount.quote))


def _time(reading: Reading, kind: str, units: tuple[str, ...] = ("hour", "day", "week", "month", "year", "workday")) -> Amount | None:
    return next((a for a in reading.all(kind) if not a.per and (a.unit in units or (a.unit == "ms" and "second" in units))), None)


def _counts_examples(amount: Amount, reading: Reading) -> bool:
    stem = reading.example.replace("_", " ").lower().rstrip("s")[:6]
    return bool(stem) and stem in amount.noun.lower()


def _per_day(reading: Reading) -> Amount | None:
    """The rate of examples: one that counts them by name, else the only kind of rate there is."""
    rates = [a for a in reading.all("rate") if rate_unit(a) and not a.unit]
    return next((a for a in rates if _counts_examples(a, reading)), rates[0] if rates else None)


def _too_many(rate: Amount, users: Amount) -> bool:
    """True if a rate by people would make each of them so busy that something else must have been counted."""
    per_day = rate.value / convert(1.0, "day" if rate.per == "workday" else rate.per, "day")
    return bool(_PEOPLE.search(users.noun)) and per_day / users.value > _MOST_A_HEAD


def _in_hand(reading: Reading) -> Amount | None:
    stocks = [a for a in reading.all("volume") if not a.per and not a.unit and a.value >= 20]
    records = [a for a in stocks if _RECORDS.search(a.noun)] if reading.archetype != "rag_chat" else []
    fitting = [a for a in stocks if _counts_examples(a, reading)] or records
    return max(fitting, key=lambda a: a.value, default=None)


def _retentions(reading: Reading) -> list[Amount]:
    """Retentions, without a general one that another sentence limits to one kind of data ("only")."""
    found = [a for a in reading.all("retention") if is_time(a) and days(a) >= 1]
    limited = [
        a for a in reading.amounts if is_time(a) and _ONLY.search(clause(a, reading.text)) and any(days(a) == days(b) for b in found)
    ]
    kept = [a for a in found if not any(days(a) == days(b) and a is not b for b in limited)]
    return [*kept, *(a for a in limited if a not in kept)]


def _language_shares(reading: Reading) -> tuple[tuple[str, Amount], ...]:
    found: dict[str, Amount] = {}
    for amount in reading.all("language_share"):
        if tongue := _TONGUES.search(clause(amount, reading.text)):
            found.setdefault(tongue[0].capitalize(), amount)
    return tuple(found.items())
