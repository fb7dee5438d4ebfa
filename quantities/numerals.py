"""Numbers in running text: `412,000`, `22.000`, `2,5 Mio.`, `45 to 60 days`, `0.9 %`, `€40k a year`, `zwei`, with unit and rate.

English, German, French and Spanish. Dates, years, versions and article numbers are no numbers of anything and are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from text_to_num import find_numbers  # type: ignore[import-untyped]

from ai_data_strategy.quantities.wording import alike

LANGUAGES = ("en", "de", "fr", "es")
_SCALES = {1e3: "k|K|Tsd.|tausend|Tausend|thousand|mille|mil|milliers de", 1e6: "M|m|mn|Mn|mln|Mln|Mio.|Mio|Million|Millionen|million|millions|millón|millones|Mill.",
           1e9: "bn|Mrd.|Mrd|billion|billions|Milliarde|Milliarden|milliard|milliards|Mds|mil millones|bil", 1e2: "hundred", 12.0: "dozen|Dutzend|douzaines|docenas"}  # fmt: skip
_SCALE = {word: value for value, words in _SCALES.items() for word in words.split("|")}
_UNITS = {
    "ms": "ms|msec|millisecond|milliseconds|Millisekunden|millisecondes|milisegundos", "second": "s|sec|secs|second|seconds|Sekunde|Sekunden|Sek.|seconde|secondes|segundo|segundos",
    "minute": "min|mins|min.|minute|minutes|Minute|Minuten|minuto|minutos", "hour": "h|hr|hrs|hour|hours|Stunde|Stunden|Std.|heure|heures|hora|horas",
    "workday": "working days|working day|business days|business day|workdays|Arbeitstage|Arbeitstagen|Arbeitstag|Werktage|Werktagen|Werktag|jours ouvrés|jours ouvrables|jour ouvré|días laborables|días hábiles|día laborable|día hábil|days of work",
    "day": "d|day|days|calendar days|Tag|Tage|Tagen|jour|jours|día|días|dia|dias", "week": "week|weeks|wk|wks|Woche|Wochen|semaine|semaines|semana|semanas",
    "month": "month|months|Monat|Monate|Monaten|Monats|mois|mes|meses", "year": "year|years|yr|yrs|Jahr|Jahre|Jahren|an|ans|année|années|año|años",
    "percent": "%|percent|per cent|pct|Prozent|pour cent|por ciento|por cien", "point": "pp|percentage points|percentage point|points de pourcentage|Prozentpunkte|Prozentpunkten|puntos porcentuales",
    "EUR": "€|EUR|euro|euros|Euro", "USD": "$|US$|USD|dollars|dollar|Dollar|dólares", "GBP": "£|GBP|pounds|Pfund|libras", "CHF": "CHF|Fr.|francs suisses|Franken",
    "BRL": "R$|BRL|reais", "INR": "₹|INR|rupees", "JPY": "¥|JPY|yen", "SEK": "SEK", "NOK": "NOK", "DKK": "DKK", "PLN": "PLN", "CAD": "CAD", "AUD": "AUD", "MXN": "MXN",
    "kB": "kB|KB", "MB": "MB|Mo", "GB": "GB|Go", "TB": "TB|To",
}  # fmt: skip
_UNIT = {word: unit for unit, words in _UNITS.items() for word in words.split("|")}
TIMES = ("ms", "second", "minute", "hour", "workday", "day", "week", "month", "year")
CURRENCIES = tuple(unit for unit in _UNITS if unit.isupper() and len(unit) == 3)
_ADVERBS = {"daily": "day", "täglich": "day", "tägliche": "day", "täglichen": "day", "quotidien": "day", "quotidiens": "day", "quotidiennes": "day", "diario": "day", "diarios": "day",
            "diarias": "day", "weekly": "week", "wöchentlich": "week", "hebdomadaires": "week", "semanales": "week", "monthly": "month", "monatlich": "month", "mensuels": "month",
            "mensuelles": "month", "mensuales": "month", "yearly": "year", "annually": "year", "annual": "year", "jährlich": "year", "jährliche": "year", "annuels": "year", "anuales": "year",
            "hourly": "hour", "stündlich": "hour", "werktäglich": "workday", "arbeitstäglich": "workday"}  # fmt: skip


def _alternatives(words: dict[str, object] | dict[str, str] | dict[str, float]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_NUMBER = r"\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d{1,6})?(?![\d])|\d{1,15}(?:[.,]\d{1,6})?"
_MONTHS = (
    r"(?:jan(?:uary|uar|vier)?|janv|enero|ene|feb(?:ruary|ruar|rero)?|févr(?:ier)?|mar(?:ch|s|zo)?|märz|mär|apr(?:il)?|avr(?:il)?|abr(?:il)?|may|mai|mayo|june?|juni|juin|junio|july?|juli|juil(?:let)?|julio"
    r"|aug(?:ust)?|août|ago(?:sto)?|sept?(?:ember|embre)?|septiembre|o[ck]t(?:ober|obre)?|octubre|nov(?:ember|embre|iembre)?|de[cz](?:ember)?|déc(?:embre)?|dic(?:iembre)?)"
)
_CORE = re.compile(
    rf"(?P<lead>US\$|R\$|[€$£₹¥]|\b(?:EUR|USD|GBP|CHF))?(?<![\w.,])[ ]?(?P<number>{_NUMBER})"
    rf"(?P<scale>[ ]?(?:{_alternatives(_SCALE)})(?!\w|(?<=[Mm])[ ]?[²³])|[ ]?[kKmM](?=[€$£]|EUR|USD|GBP|CHF))?"
    rf"(?:[ ]?(?:d['e] ?)?[ -]?(?P<unit>{_alternatives(_UNIT)})(?!\w))?"
)
_PER = re.compile(
    rf"(?i)^(?P<noun>[^.,;:()\d]{{0,60}}?)(?:\s*/\s*|\b(?:per|a|an|each|every|pro|am|im|je|par|por|al|a la|cada|chaque|in a|in der|in jedem|par chaque)\s+|\bl'|\bà l')(?:single |calendar )?"
    rf"(?P<per>{'|'.join(re.escape(word) for unit in ('second', 'minute', 'hour', 'workday', 'day', 'week', 'month', 'year') for word in sorted(_UNITS[unit].split('|'), key=len, reverse=True) if len(word) > 1)})(?!\w)"
)
_ADVERB = re.compile(rf"(?i)^[^.,;:()\d]{{0,40}}?\b(?P<per>{'|'.join(_ADVERBS)})(?!\w)")
_PER_BEFORE = re.compile(
    rf"(?i)\b(?:per|pro|je|par|por|al|each|every|jeden|jede|jedes|chaque|cada|am)\s+(?P<per>{'|'.join(re.escape(word) for unit in ('hour', 'workday', 'day', 'week', 'month', 'year') for word in sorted(_UNITS[unit].split('|'), key=len, reverse=True) if len(word) > 1)})(?!\w)[^.,;:()\d]{{0,40}}$"
)
_NOT_BEFORE = re.compile(
    rf"(?i)(?:\b(?:v|version|iso|iec|art\.?|article|artikel|artículo|section|§+|no\.|nr\.|n°|http[s]?|gpt|llama|covid|kapitel|chapter|phase|q|level)[\s-]?$)|(?:\b{_MONTHS}\b\.? $)"
)
_DATES = re.compile(
    rf"(?i)\b(?:(?:19|20)\d\d-\d\d?(?:-\d\d?)?|\d\d?[./]\d\d?[./](?:19|20)?\d\d|\d\d?[./](?:19|20)\d\d|\d\d?\.? (?:de )?{_MONTHS}\b\.?(?: (?:de )?(?:19|20)\d\d)?"
    rf"|{_MONTHS}\b\.? (?:\d\d?(?:st|nd|rd|th)?,? )?(?:19|20)\d\d|\d\d?:\d\d|\d\d? ?(?:am|pm|a\.m\.|p\.m\.|uhr)|\d\dh\d\d|q[1-4] ?(?:19|20)\d\d|(?:19|20)\d\d/\d\d(?!\d)|\d+(?:\.\d+){{2,}})(?!\w)"
)
_YEAR_BEFORE = re.compile(
    r"(?i)\b(?:in|since|from|until|till|by|seit|ab|von|vom|bis|anno|jahr|year|depuis|en|jusqu'en|dès|année|desde|hasta|año|del|of|summer|spring|autumn|winter|fall|end|ende|fin|sommer|herbst|late|early|mid|before|after|vor|nach|avant|après|antes de)[ -]$"
)
_RANGE = re.compile(r"(?i)^\s*(?:-|to|bis|bis zu|à|a|until|up to|hasta)\s*$")
_BETWEEN = re.compile(r"(?i)\b(?:between|zwischen|entre)\s+(?:about |etwa |environ |unos )?$")
_AND = re.compile(r"(?i)^\s*(?:and|und|et|y)\s*$")
_WORDS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*", re.UNICODE)
_HALF = re.compile(r"(?i)\b(?:half|halbe?[rns]?|halbtags|mi-temps|moitié|medio|media jornada|mitad)\b")
_SINGLE = re.compile(r"(?i)\b(?:one|a|an|single|eine?[rnms]?|une?|uno|una)\b")
_VAGUE = {"one", "ones", "second", "seconds", "point", "points", "ein", "eine", "einen", "einer", "eines", "un", "une", "uno", "una", "neuf", "neuve", "sept", "o", "oh", "nova", "first", "third", "segundo",
          "seconde", "acht", "zweite", "erste", "once", "cuarto", "quarter"}  # fmt: skip


@dataclass(frozen=True)
class Numeral:
    """One number (or range: `high`) with unit, rate and scale applied. `start` and `end` span number, scale and unit in `alike(text)`."""

    value: float
    start: int
    end: int
    quote: str
    unit: str = ""
    per: str = ""
    high: float | None = None
    scaled: bool = False
    worded: bool = False

    @property
    def ends(self) -> tuple[float, ...]:
        return (self.value,) if self.high is None else (self.value, self.high)


def parsed(digits: str, language: str) -> float:
    """The value of digits with separators; `22.000` is twenty-two thousand except where a zero leads, `2,5` two and a half."""
    plain = digits.replace("'", "").replace(" ", "")
    points, commas = plain.count("."), plain.count(",")
    if points and commas:
        thousands = "," if plain.rfind(".") > plain.rfind(",") else "."
        return float(plain.replace(thousands, "").replace(",", "."))
    mark = "." if points else ","
    whole, _, rest = plain.partition(mark)
    home = "," if language == "en" else "."
    grouped = points + commas > 1 or (len(rest) == 3 and len(whole) <= 3 and whole.strip("0") != "" and (mark == home or rest == "000"))
    return float(plain.replace(mark, "")) if grouped else float(plain.replace(",", "."))


def numerals(text: str, language: str) -> list[Numeral]:
    """All numbers of a text in order; offsets and quotations are those of `alike(text)`."""
    flat = alike(text)
    dated = [match.span() for match in _DATES.finditer(flat)]
    digits = [found for match in _CORE.finditer(flat) if (found := _numeral(flat, match, language, dated))]
    worded = [found for found in _worded(flat, language) if not any(one.start < found.end and found.start < one.end for one in digits)]
    return [_rated(flat, found) for found in _ranged(flat, sorted(digits + worded, key=lambda found: found.start))]


def _numeral(flat: str, match: re.Match[str], language: str, dated: list[tuple[int, int]]) -> Numeral | None:
    start, end = match.span("number")
    before = flat[max(0, start - 12) : start]
    if any(begin < end and start < stop for begin, stop in dated) or _NOT_BEFORE.search(before):
        return None
    scale, unit, lead = (match["scale"] or "").strip(), _UNIT.get(match["unit"] or "", ""), _UNIT.get(match["lead"] or "", "")
    if _is_year(flat, match, before) and not (scale or unit or lead):
        return None
    attached = bool(match["scale"]) and not match["scale"].startswith(" ")
    if scale in ("m", "M") and not (lead or unit in CURRENCIES or attached or scale == "M"):
        scale, unit = "", ""
    if flat[match.end() : match.end() + 1].isdigit():
        return None
    if unit in ("second", "day", "hour") and (match["unit"] or "") in ("s", "d", "h") and flat[end : end + 1] == "-":
        unit = ""
    stop = match.end() if (unit or scale or lead) else end
    begin = match.start() if lead else start
    value = parsed(match["number"], language) * _SCALE.get(scale, 1.0)
    return Numeral(_clean(value), begin, stop, flat[begin:stop].strip(), lead or unit, scaled=bool(scale))


def _is_year(flat: str, match: re.Match[str], before: str) -> bool:
    digits, after = match["number"], flat[match.end("number") : match.end("number") + 2]
    if not re.fullmatch(r"19[5-9]\d|20[0-4]\d", digits):
        return False
    return bool(_YEAR_BEFORE.search(before)) or not re.match(r" ?[^\W\d]", after)


class _Word:
    """A word for text2num, with its place; words that are more often no numbers are told so."""

    def __init__(self, word: str, start: int, end: int, apart: bool) -> None:
        self.word, self.start, self.end, self.apart = word, start, end, apart

    def text(self) -> str:
        return self.word

    def nt_separated(self, previous: _Word) -> bool:
        return self.apart

    def not_a_number_part(self) -> bool:
        return self.word in _VAGUE


def _worded(flat: str, language: str) -> Iterator[Numeral]:
    words: list[_Word] = []
    for match in _WORDS.finditer(flat):
        parts = match.group().split("-") if language != "fr" else [match.group()]
        offset = match.start()
        for part in parts:
            gap = flat[words[-1].end : offset] if words else ""
            words.append(_Word(part.lower(), offset, offset + len(part), gap not in (" ", "-", "")))
            offset += len(part) + 1
    for found in find_numbers(words, language if language in LANGUAGES else "en", 0) if words else ():
        first, last = words[found.start], words[found.end - 1]
        value = _float(found.text)
        if value is None or found.is_ordinal:
            continue
        unit = re.match(rf"[ -]({_alternatives(_UNIT)})(?!\w)", flat[last.end : last.end + 30])
        named = _UNIT[unit[1]] if unit and len(unit[1]) > 1 else ""
        end = last.end + unit.end() if named and unit else last.end
        yield Numeral(value, first.start, end, flat[first.start : end], named, worded=True)


def _float(digits: str) -> float | None:
    try:
        return float(digits.replace(",", "."))
    except ValueError:
        return None


def _ranged(flat: str, found: list[Numeral]) -> Iterator[Numeral]:
    index = 0
    while index < len(found):
        one = found[index]
        other = found[index + 1] if index + 1 < len(found) else None
        if other and _joined(flat, one, other):
            low = one.value * (other.value / max(1e-9, _mantissa(other))) if other.scaled and not one.scaled else one.value
            yield replace(
                other, value=_clean(low), high=other.value, start=one.start, quote=flat[one.start : other.end], unit=other.unit or one.unit
            )
            index += 2
        else:
            yield one
            index += 1


def _joined(flat: str, one: Numeral, other: Numeral) -> bool:
    between = flat[one.end : other.start]
    if one.value >= other.value and not other.scaled:
        return False
    linked = _RANGE.match(between) or (_AND.match(between) and _BETWEEN.search(flat[max(0, one.start - 24) : one.start]))
    return bool(linked) and (not one.unit or one.unit == other.unit)


def _mantissa(numeral: Numeral) -> float:
    value = numeral.value
    for scale in (1e9, 1e6, 1e3):
        if value >= scale:
            return value / scale
    return value


def _rated(flat: str, found: Numeral) -> Numeral:
    tail = flat[found.end : found.end + 90]
    match = _PER.match(tail) or (None if found.unit else _PER_BEFORE.search(flat[max(0, found.start - 70) : found.start]))
    if match:
        word = match["per"]
        return replace(found, per=_UNIT.get(word) or _UNIT.get(word.lower()) or _UNIT.get(word.capitalize(), ""))
    adverb = _ADVERB.match(tail)
    return replace(found, per=_ADVERBS[adverb["per"].lower()]) if adverb and not found.unit else found


def _clean(value: float) -> float:
    return float(f"{value:.12g}")


def fractions(quotation: str) -> list[Numeral]:
    """Halves and single articles of a quotation (`half time`, `a data engineer`), which are numbers only where one is looked for."""
    flat = alike(quotation)
    halves = [Numeral(0.5, *match.span(), match.group(), worded=True) for match in _HALF.finditer(flat)]
    return halves + [Numeral(1.0, *match.span(), match.group(), worded=True) for match in _SINGLE.finditer(flat)]
