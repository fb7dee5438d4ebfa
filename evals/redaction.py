"""Takes personal data out of texts before they leave the place where they were written.

Addresses and numbers are found by the patterns and check digits of `evidence.pii` and by phonenumbers; names of people by what stands
beside them (labels, titles, greetings, roles, the address of a mail) and then wherever they are repeated. A name that nothing points at stays:
finding these needs a language model. Placeholders hold letters only, so that no reader takes them for a number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ai_data_strategy.errors import InputError
from ai_data_strategy.evidence import pii
from ai_data_strategy.evidence.roles import cue, lexicon, words_of

_REGIONS = {"en": ("GB", "US"), "de": ("DE", "AT", "CH"), "fr": ("FR",), "es": ("ES",)}
"""Countries whose national way of writing a phone number is looked for, by the language of the text."""
_LEAST_DIGITS = 9
"""Digits of a phone number without a country code: fewer are taken for a quantity."""
_LOGIN = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/@]+@[^\s)\]>]+", re.IGNORECASE)
_SECRET = re.compile(r"\b(?:sk|pk|ghp|xox[abp])[-_][A-Za-z0-9_-]{16,}")
_DATE = r"(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}\.?\s+(?:de\s+)?[^\W\d]+\.?\s+(?:de\s+)?\d{4})"
_BORN = re.compile(
    rf"(?P<label>\b(?:born|dob|date of birth|birthday|geboren|geburtsdatum|geb\.|née?|date de naissance|nacid[oa]|fecha de nacimiento)"
    rf"\W{{1,3}}(?:(?:on|is|am|le|el|the|ist)\W+)?)(?P<value>{_DATE})",
    re.IGNORECASE,
)
_DIALLED = re.compile(
    r"(?P<label>(?i:\b(?:tel|telephone|phone|mobile|cell|fax|call|telefon|mobil|handy|téléphone|portable|teléfono|móvil)\b)[.:\s]{1,3})"
    r"(?P<called>\+?\d[\d\s/().-]{4,}\d)|(?<![\w.,-])(?P<local>0\d{2,4}[ /-]\d[\d /-]{4,}\d|0\d(?:[ .]\d\d){4})(?![\w,])"
)
"""Numbers beside a word for telephones, and those that begin with a zero as no quantity does, whatever the country."""
_LINE = re.compile(r"^(?P<label>[ \t>*#-]*[^\W\d][^:\n]{1,40}:[ \t*]*)(?P<value>[^\n;]+)", re.MULTILINE)
_WORD = r"[A-ZÀ-ÖØ-Þ](?:[^\W\d_]|['’-])+"
_TITLED = r"(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herrn?|Frau|Fräulein|Monsieur|Madame|Mme|Mlle|Sr|Sra|Srta|Señora?|Don|Doña)(?=[.\s])\.?(?:\s+(?:Dr|Prof)\.)*"
_PERSON = rf"(?:{_WORD}|[A-Z]\.)(?:[ \t]+(?:(?:von|van|de|del|la|der|den|di|da|le|zu|bin|al|y)[ \t]+)*(?:{_WORD}|[A-Z]\.)){{1,3}}"
_LABELS = (
    r"(?:contact(?: person)?|point of contact|attn|author|sender|signed(?: by)?|from|cc|reported by|ansprechpartner(?:in)?|kontakt(?:person)?|"
    r"verfasser(?:in)?|absender(?:in)?|gezeichnet|z\.\s?hd\.|interlocut(?:eur|rice)|auteure?|expéditeur|signé|contacto|persona de contacto|autora?|"
    r"remitente|firmado|my name is|i am|i['’]m|ich heiße|mein name ist|je m['’]appelle|me llamo|soy)"
)
_GREETINGS = (
    r"(?:(?:kind|best|warm) (?:regards|wishes)|regards|sincerely|cheers|best|mit (?:freundlichen|besten) grüßen|(?:viele|beste|liebe) grüße|"
    r"(?:bien )?cordialement|(?:un )?(?:cordial )?saludos?|atentamente)"
)
_ROLES = (
    r"(?:manager|engineer|officer|lead|director|head of [\w ]{2,30}|ceo|cto|cfo|dpo|analyst|doctor|nurse|teacher|colleague|founder|owner|"
    r"\w*leiter(?:in)?|\w*beauftragter?|geschäftsführer(?:in)?|responsable|directeur|directrice|director|directora|jefe|jefa)"
)
_NAMED = (
    re.compile(rf"(?i:\b{_LABELS})\s*:?\s+(?P<name>{_PERSON})"),
    re.compile(rf"\b{_TITLED}\s+(?P<name>{_WORD}(?:[ \t]+(?:(?:von|van|de|der|la)[ \t]+)*{_WORD}){{0,2}})"),
    re.compile(rf"(?im:^[ \t]*{_GREETINGS})[,.!]?\s*\n\s*(?P<name>{_WORD}(?:[ \t]+{_WORD}){{0,2}})[ \t]*$", re.MULTILINE),
    re.compile(rf"(?i:\b{_ROLES})(?:,\s+|\s+\(|:\s*|\s+(?:is|ist|est|es)\s+|\s+)(?P<name>{_PERSON})"),
)
_NO_NAMES = frozenset(
    """head lead team manager engineer officer director product data customer service support sales finance legal risk operations privacy
    security board council department committee office quality routing research marketing clinical science protection the our this and chief
    works group company gmbh inc ltd llc sarl gdpr ai api it hr planning planer leiter leiterin abteilung betriebsrat datenschutz produkt
    kundendienst vertrieb einkauf finanzen rechtsabteilung équipe direction service responsable conseil equipo dirección departamento
    consejo monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october
    november december germany france spain england europe european union united kingdom states""".split()
)
"""Words that stand in names of roles, bodies, months and places, and so not in a person's name."""


@dataclass
class Removal:
    """Replaces personal data by placeholders: the same value by the same one, over all texts it is given."""

    language: str = "en"
    _places: dict[tuple[str, str], str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """How many different values of each kind were replaced."""
        return dict(sorted(Counter(kind for kind, _ in self._places).items()))

    def removed(self, texts: Sequence[str]) -> list[str]:
        """The texts without personal data. Raises InputError, which shows no value, if the detectors still find some in the result."""
        mailed = [name for text in texts for name in _mailed(text)]
        clean = [self._numbers(text) for text in texts]
        for text in clean:
            for name in _people(text):
                self._learn(name)
        for name in mailed:
            if any(re.search(rf"\b{re.escape(name)}\b", text) for text in clean):
                self._learn(name)
        clean = [self._without_names(text) for text in clean]
        for text in clean:
            if left := still(text):
                raise InputError(f"personal data ({', '.join(left)}) could not be taken out of the run's texts: nothing was written")
        return clean

    def _put(self, kind: str, value: str) -> str:
        key = (kind, re.sub(r"[\s/().-]+", "", value).casefold() if kind != "person" else value.casefold())
        if key not in self._places:
            self._places[key] = f"[{kind.upper()}_{_letters(sum(other == kind for other, _ in self._places))}]"
        return self._places[key]

    def _numbers(self, text: str) -> str:
        for kind, pattern, valid in _patterns():
            text = pattern.sub(lambda m, kind=kind, valid=valid: self._put(kind, m[0]) if valid(m[0]) else m[0], text)  # type: ignore[misc]
        text = _LINE.sub(self._labelled, text)
        text = _BORN.sub(lambda m: m["label"] + self._put("birth", m["value"]), text)
        return self._phones(text)

    def _labelled(self, match: re.Match[str]) -> str:
        """A line `label: value` whose label speaks of a person's name, address, birth or number."""
        words = words_of(match["label"])
        for kind in ("birth", "national_id", "phone", "iban", "card", "name", "address"):
            if not cue(words, lexicon()["pii"][kind]) or "[" in match["value"]:
                continue
            if kind == "name":
                found = re.match(rf"{_PERSON}|{_WORD}", match["value"])
            elif kind == "address":
                found = re.match(r"(?=.*\d).+", match["value"])
            else:
                found = re.search(_DATE if kind == "birth" else r"\+?[A-Z]{0,2}\d[\d\s/().-]{4,}\d[A-Z]?", match["value"])
            if found:
                value = found[0].strip()
                if kind == "name":
                    self._learn(value)
                placed = self._name(value) if kind == "name" else self._put(kind, value)
                return match["label"] + match["value"].replace(value, placed, 1)
        return match[0]

    def _phones(self, text: str) -> str:
        import phonenumbers

        spans: dict[tuple[int, int], str] = {}
        for region in (None, *_REGIONS.get(self.language, _REGIONS["en"])):
            for found in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID):
                if _is_phone(found.raw_string):
                    one = phonenumbers.format_number(found.number, phonenumbers.PhoneNumberFormat.E164)
                    spans.setdefault((found.start, found.end), one)
        end = len(text) + 1
        for (start, stop), number in sorted(spans.items(), reverse=True):
            if stop <= end:
                text, end = text[:start] + self._put("phone", number) + text[stop:], start
        return _DIALLED.sub(lambda m: (m["label"] or "") + self._put("phone", self._known(m["called"] or m["local"])), text)

    def _known(self, written: str) -> str:
        """A number without country code as the known number that ends like it, else as it is written."""
        end = re.sub(r"\D", "", written).lstrip("0")
        return next((number for kind, number in self._places if kind == "phone" and number.endswith(end)), written)

    def _learn(self, name: str) -> None:
        """Keep a name with its parts, so that they are found wherever they are repeated."""
        parts = [part for part in re.findall(_WORD, name) if len(part) > 2]
        placed = next((self._names[part] for part in (name, *reversed(parts)) if part in self._names), None) or self._put("person", name)
        for part in (name, *parts):
            self._names.setdefault(part, placed)

    def _name(self, name: str) -> str:
        return self._names[name]

    def _without_names(self, text: str) -> str:
        for name in sorted(self._names, key=len, reverse=True):
            text = re.sub(rf"(?<![\w\[]){re.escape(name)}(?!\w)", self._names[name], text)
        return re.sub(r"(\[PERSON_[A-Z]+\])(?:[ \t]+\1)+", r"\1", text)


def _letters(number: int) -> str:
    """A, B, …, Z, AA, AB, …"""
    return ("" if number < 26 else _letters(number // 26 - 1)) + chr(ord("A") + number % 26)


def _always(_text: str) -> bool:
    return True


def _patterns() -> Iterator[tuple[str, re.Pattern[str], Callable[[str], bool]]]:
    """Kind, pattern and check of what a pattern tells, the longest forms first."""
    light = pii.patterns()
    yield "login", _LOGIN, _always
    yield "secret", _SECRET, _always
    yield "email", light["EMAIL"], _always
    yield "iban", pii.IBAN, lambda text: bool(pii.ibans(text)[0])
    yield "card", light["CREDIT_CARD"], lambda text: bool(pii.cards(text)[0])
    for _, form in pii.NATIONAL:
        yield "national_id", form, lambda text: bool(pii.national_ids(text)[0])
    yield "phone", light["PHONE"], lambda text: bool(pii.phones(text)[0])
    yield "ip", light["IP_ADDRESS"], lambda text: bool(pii.addresses(text)[0])


def still(text: str) -> list[str]:
    """Kinds of personal data that the detectors of `evidence.pii` find in a text."""
    checks = {
        "email": pii.emails,
        "iban": pii.ibans,
        "card": pii.cards,
        "national_id": pii.national_ids,
        "phone": pii.phones,
        "ip": pii.addresses,
    }
    return [kind for kind, check in checks.items() if check(text)[0]]


def _is_phone(raw: str) -> bool:
    """Whether a valid number is written as a phone number and not as a quantity (412 000 000) or a date."""
    digits = re.sub(r"\D", "", raw)
    if raw.strip().startswith(("+", "(", "00")):
        return True
    grouped = re.fullmatch(r"\d{1,3}(?:[., ]\d{3})+", raw.strip()) is not None and not digits.startswith(("0", "6", "7", "9"))
    return len(digits) >= _LEAST_DIGITS and not digits.endswith("000") and not grouped and not re.search(r"\d{4}-\d{2}-\d{2}", raw)


def _people(text: str) -> Iterator[str]:
    """Names that a label, a title, a greeting or a role points at."""
    for pattern in _NAMED:
        for match in pattern.finditer(text):
            words = re.findall(r"[^\W\d_]+", match["name"].casefold())
            if not _NO_NAMES & set(words):
                yield match["name"]


def _mailed(text: str) -> Iterator[str]:
    """Names as mail addresses give them away: `maria.keller@…` is Maria Keller."""
    for match in re.finditer(r"\b([^\W\d_]{2,})[._]([^\W\d_]{2,})@", text):
        yield f"{match[1].capitalize()} {match[2].capitalize()}"
