"""Personal data by column: how many sampled cells hold an address, number or word of a sensitive class. No value leaves this module.

Patterns are datafog's light regex engine (no model, no download, no telemetry on this path), each hit checked further: phone numbers by
phonenumbers, cards by Luhn, IBANs and national numbers by their check digits (python-stdnum), IP addresses by ipaddress. Names of people,
postal addresses, birth dates and places are told by the column's name only: finding names in texts needs a language model (presidio with an
NER model would be the thorough way; it is left out).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from ipaddress import AddressValueError, IPv4Address
from typing import Any, get_args

from ai_data_strategy.evidence.profile import Column, Pii, PiiShare, Sensitive
from ai_data_strategy.evidence.roles import cue, lexicon, words_of
from ai_data_strategy.evidence.table import ROW, Table, quoted

MOST_CELLS = 5_000
LONGEST_CELL = 4_000
_ALL_CELLS = 1_000_000
"""Most cells looked at in one source: wide sources get fewer a column."""
_SCATTER = 4_294_967_296
"""Row numbers are scattered over this range by the same hash as in `Table.sampled`."""
_LEAST_CHECKED = 0.3
"""Least share of pattern hits that must pass the check digit: one in ten passes Luhn by chance."""
_REGIONS = ("US", "DE", "FR", "ES", "GB")
_WORD = re.compile(r"\w+")
_FILE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".css", ".js")
IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9])")
NATIONAL: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("us.ssn", re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")),
    ("es.dni", re.compile(r"(?<![A-Za-z0-9])\d{8}-?[A-Z](?![A-Za-z0-9])")),
    ("es.nie", re.compile(r"(?<![A-Za-z0-9])[XYZ]-?\d{7}-?[A-Z](?![A-Za-z0-9])")),
    ("fr.nir", re.compile(r"(?<!\d)[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d{2} ?\d{3} ?\d{3} ?\d{2}(?!\d)")),
    ("it.codicefiscale", re.compile(r"(?<![A-Za-z0-9])[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z](?![A-Za-z0-9])")),
    ("ch.ssn", re.compile(r"(?<!\d)756\.?\d{4}\.?\d{4}\.?\d{2}(?!\d)")),
)
"""National numbers whose form and check digits together are telling without help from the column's name."""
_NATIONAL_BY_NAME: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"(?<!\d)\d{{{digits}}}(?!\d)")) for name, digits in (("de.idnr", 11), ("pl.pesel", 11), ("nl.bsn", 9), ("br.cpf", 11), ("us.ssn", 9))
)  # fmt: skip
"""Bare digits: counted only where the column's name speaks of such a number."""
_PERSON_KINDS: tuple[Pii, ...] = ("email", "phone", "birth", "address", "national_id")
Verdict = tuple[int, int]
"""Cells with a checked hit, cells with any pattern hit."""


def found(table: Table, column: Column) -> list[PiiShare]:
    """Kinds of personal and sensitive data in a column, with the share of hits among at most 5,000 sampled non-empty cells."""
    named = _named(table, column)
    if column.type != "text" and not (column.type == "integer" and {"card", "phone", "national_id"} & set(named)):
        return [PiiShare(kind=kind, hits=0, sampled=0, by_name=True) for kind in named]
    cells = _cells(table, column)
    shares = {share.kind: share for share in _by_content(cells, named, column)}
    rest = [PiiShare(kind=kind, hits=0, sampled=cells.total(), by_name=True) for kind in named if kind not in shares]
    return [*shares.values(), *rest]


def personal(shares: Sequence[PiiShare]) -> list[PiiShare]:
    """The shares that make a column personal: told by its name, or found in more than one cell and one in a thousand. Free text alone does not."""
    return [s for s in shares if s.kind != "free_text" and (s.by_name or (s.hits > 1 and s.hits >= 0.001 * s.sampled))]


def identifying(shares: Sequence[PiiShare]) -> bool:
    """Whether cells may name or reach a person, so that they must not be shown; a sensitive class told by the column's name is a group."""
    return any(share.kind in get_args(Pii) or not share.by_name for share in personal(shares))


def _named(table: Table, column: Column) -> list[Pii | Sensitive]:
    """Kinds that the column's name gives away."""
    words = words_of(column.name)
    kinds: list[Pii | Sensitive] = [kind for kind, phrases in lexicon()["pii"].items() if cue(words, phrases)]
    if len(words) == 1 and words[0] in lexicon()["maybe_name"] and _beside_person(table, column):
        kinds.append("name")
    if "email" in kinds or "ip" in kinds:
        kinds = [kind for kind in kinds if kind != "address"]
    if {"count", "flag", "valid", "length", "domain", "version", "status", "body", "subject", "text"} & set(words):
        kinds = []
    if column.type not in ("text", "nested"):  # a number or a time is no address, whatever its name
        kinds = [kind for kind in kinds if kind not in ("email", "ip", "name", "address")]
    kinds += [kind for kind, phrases in lexicon()["sensitive"].items() if cue(words, phrases)]
    return [*kinds, *(["free_text"] if column.role == "text" else [])]  # type: ignore[list-item]


def _beside_person(table: Table, column: Column) -> bool:
    """Whether other columns of the source describe persons, so that "name" is a person's."""
    others = [words_of(other.name) for other in table.columns if other.name != column.name]
    return any(cue(words, lexicon()["pii"][kind]) for words in others for kind in _PERSON_KINDS)


def _cells(table: Table, column: Column) -> Counter[str]:
    """A sample of non-empty cells, each cut to 4,000 characters, with how often each stands in it."""
    most = min(MOST_CELLS, max(100, _ALL_CELLS // max(1, len(table.columns))))
    scattered, cell = f"({ROW} * 2654435761) % {_SCATTER}", f"left(CAST({quoted(column.name)} AS VARCHAR), {LONGEST_CELL})"
    query = (
        f"SELECT cell FROM (SELECT {cell} AS cell, {scattered} AS place, {ROW} FROM {{t}} WHERE {scattered} < ? AND {quoted(column.name)} IS NOT NULL) "
        f"WHERE cell <> '' ORDER BY place, {ROW} LIMIT {most}"
    )
    for end in (4 * most * _SCATTER // max(1, table.rows), _SCATTER):
        found = Counter(cell for (cell,) in table.ask(query, [end]))
        if found.total() == most or end >= _SCATTER:
            break
    return found


def _by_content(cells: Counter[str], named: Sequence[str], column: Column) -> Iterator[PiiShare]:
    checks: dict[Pii | Sensitive, Callable[[str], Verdict]] = {"card": cards, "phone": _phone_by_name if "phone" in named else phones}
    checks["national_id"] = _national_by_name if "national_id" in named else national_ids
    if column.type == "text":
        checks |= {"email": emails, "iban": ibans, "ip": addresses}
    for kind, check in checks.items():
        if kind == "ip" and "version" in words_of(column.name):
            continue
        verdicts = [(times, check(cell)) for cell, times in cells.items()]
        hits, candidates = sum(times * verdict[0] for times, verdict in verdicts), sum(times * verdict[1] for times, verdict in verdicts)
        if hits and (kind not in ("card", "national_id") or hits >= _LEAST_CHECKED * candidates):
            yield PiiShare(kind=kind, hits=hits, sampled=cells.total(), by_name=kind in named)
    if column.type == "text":
        for spoken, hits in sorted(_spoken(cells).items()):
            yield PiiShare(kind=spoken, hits=hits, sampled=cells.total(), by_name=spoken in named)


@cache
def patterns() -> dict[str, re.Pattern[str]]:
    """The regular expressions of the library by kind, as it names them."""
    from datafog.processing.text_processing.regex_annotator import RegexAnnotator

    return dict(RegexAnnotator().patterns)


def _any(matches: Iterator[re.Match[str]], valid: Callable[[str], bool], most: int = 50) -> Verdict:
    """Whether any match is valid, and whether there was any match; at most fifty are checked in one cell."""
    candidate = 0
    for _, match in zip(range(most), matches, strict=False):
        candidate = 1
        if valid(match.group()):
            return 1, 1
    return 0, candidate


def emails(cell: str) -> Verdict:
    """Looks only around each @, so that no cell makes the pattern slow."""
    at = cell.find("@")
    for _ in range(50):
        if at < 0:
            return 0, 0
        window = cell[max(0, at - 65) : at + 255]
        verdict = _any(patterns()["EMAIL"].finditer(window), lambda text: not text.lower().endswith(_FILE_ENDINGS), 3)
        if verdict[0]:
            return verdict
        at = cell.find("@", at + 1)
    return 0, 0


def _digits(cell: str, least: int) -> bool:
    return sum(map(cell.count, "0123456789")) >= least


def cards(cell: str) -> Verdict:
    from stdnum import luhn

    if not _digits(cell, 13):
        return 0, 0
    return _any(patterns()["CREDIT_CARD"].finditer(cell), lambda text: bool(luhn.is_valid(re.sub(r"[\s-]", "", text))))


def phones(cell: str) -> Verdict:
    """Only written as phone numbers are: with a plus, brackets or separators."""
    if not _digits(cell, 7):
        return 0, 0
    return _any(patterns()["PHONE"].finditer(cell), lambda text: not text.isdigit() and "." not in text[:3] and _dialled(text, ("US",)))


def _phone_by_name(cell: str) -> Verdict:
    return (1, 1) if _digits(cell, 6) and len(cell) <= 40 and _dialled(cell, _REGIONS) else phones(cell)


def _dialled(text: str, regions: Sequence[str]) -> bool:
    import phonenumbers

    for region in (None,) if text.strip().startswith("+") else regions:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(text, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def ibans(cell: str) -> Verdict:
    from stdnum import iban

    return _any(IBAN.finditer(cell), lambda text: bool(iban.is_valid(text))) if _digits(cell, 10) else (0, 0)


def addresses(cell: str) -> Verdict:
    return _any(patterns()["IP_ADDRESS"].finditer(cell), _address) if cell.count(".") >= 3 else (0, 0)


def _address(text: str) -> bool:
    try:
        address = IPv4Address(text)
    except AddressValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast or address.is_reserved or text.startswith("0."))


@cache
def _stdnum(name: str) -> Any:
    from stdnum import get_cc_module

    country, number = name.split(".")
    return get_cc_module(country, number)


def _numbers(cell: str, forms: Sequence[tuple[str, re.Pattern[str]]]) -> Verdict:
    if not _digits(cell, 7):
        return 0, 0
    candidate = 0
    for name, form in forms:
        hit, any_ = _any(form.finditer(cell), lambda text, name=name: bool(_stdnum(name).is_valid(text)))  # type: ignore[misc]
        if hit:
            return 1, 1
        candidate |= any_
    return 0, candidate


def national_ids(cell: str) -> Verdict:
    return _numbers(cell, NATIONAL)


def _national_by_name(cell: str) -> Verdict:
    return _numbers(cell, (*NATIONAL, *_NATIONAL_BY_NAME))


def _spoken(cells: Counter[str]) -> Counter[Sensitive]:
    """How many cells hold a word or phrase of each sensitive class."""
    found: Counter[Sensitive] = Counter()
    for cell, times in cells.items():
        words = _WORD.findall(cell.lower())
        single, text = set(words), f" {' '.join(words)} "
        for kind, phrases in lexicon()["sensitive_words"].items():
            if any(f" {phrase} " in text if " " in phrase else phrase in single for phrase in phrases):
                found[kind] += times
    return found
