"""Days in running text: `2021-03`, `1 March 2027`, `12.03.2027`, `end of June 2027`, `Q2 2027`, `depuis mars 2021`, `since 2019`."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date

from ai_data_strategy.playbook.lexicon import fold

_NAMES = (
    ("jan", "january", "januar", "janner", "janvier", "enero", "ene"), ("feb", "february", "februar", "fevrier", "fevr", "febrero"), ("mar", "march", "marz", "mars", "marzo"),
    ("apr", "april", "avril", "abril"), ("may", "mai", "mayo"), ("jun", "june", "juni", "juin", "junio"), ("jul", "july", "juli", "juillet", "julio"), ("aug", "august", "aout", "agosto"),
    ("sep", "sept", "september", "septembre", "septiembre"), ("oct", "october", "oktober", "octobre", "octubre", "okt"), ("nov", "november", "novembre", "noviembre"),
    ("dec", "december", "dezember", "decembre", "diciembre", "dez"),
)  # fmt: skip
_MONTHS = {name: number for number, names in enumerate(_NAMES, 1) for name in names}
_NAME = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = re.compile(
    rf"\b(?P<iso>(?P<y1>(?:19|20)\d\d)-(?P<m1>\d\d)(?:-(?P<d1>\d\d))?)(?!\d)|\b(?P<d2>\d{{1,2}})\.(?P<m2>\d{{1,2}})\.(?P<y2>(?:19|20)\d\d)\b|\b(?P<d3>\d{{1,2}})/(?P<m3>\d{{1,2}})/(?P<y3>(?:19|20)\d\d)\b"
    rf"|\b(?:(?P<d4>\d{{1,2}})(?:st|nd|rd|th|\.|er)? (?:of |de )?)?(?P<m4>{_NAME})\.? (?:(?P<d5>\d{{1,2}})(?:st|nd|rd|th)?,? )?(?:de |del )?(?P<y4>(?:19|20)\d\d)\b"
    rf"|\bq(?P<q>[1-4]) ?(?P<y5>(?:19|20)\d\d)\b|\b(?P<m6>\d{{1,2}})/(?P<y6>(?:19|20)\d\d)\b|(?<=since |hasta |until |desde |depuis |ab|seit |avant |antes de |before )(?P<y7>(?:19|20)\d\d)\b(?![-/.\d])|(?<=from |end of |ende |fin |by |in |von |bis |en |dès |des )(?P<y8>20[12]\d)\b(?![-/.\d])"
    .replace("(?<=since |hasta |until |desde |depuis |ab|seit |avant |antes de |before )", r"\b(?:since |hasta |until |desde |depuis |ab |seit |avant |antes de |before )")
    .replace("(?<=from |end of |ende |fin |by |in |von |bis |en |dès |des )", r"\b(?:from |end of |ende |fin |by |in |von |bis |en |des )")
)  # fmt: skip
_END = re.compile(r"\b(?:end of|by the end of|ende|end|fin|finales de|late|until|bis|hasta|jusqu'a)\s*(?:de |des |of )?$")


def days(text: str) -> list[tuple[date, int]]:
    """Every day named in a text with its place; a month or quarter is its first day, or its last after `end of` and `until`."""
    folded = fold(text)
    return list(_days(folded))


def _days(folded: str) -> Iterator[tuple[date, int]]:
    for match in _DATE.finditer(folded):
        late = bool(_END.search(folded[max(0, match.start() - 18) : match.start()])) or bool(
            re.match(r"(?:end of|ende|fin|bis|until|hasta) ", match.group())
        )
        if day := _day(match, late):
            yield day, match.start()


def _day(match: re.Match[str], late: bool) -> date | None:
    get = match.groupdict().get
    year = int(next(value for key in ("y1", "y2", "y3", "y4", "y5", "y6", "y7", "y8") if (value := get(key))))
    month = next((int(value) for key in ("m1", "m2", "m3", "m6") if (value := get(key))), 0) or _MONTHS.get(get("m4") or "", 0)
    if quarter := get("q"):
        month = int(quarter) * 3 if late else int(quarter) * 3 - 2
    month = month or (12 if late else 1)
    given = next((int(value) for key in ("d1", "d2", "d3", "d4", "d5") if (value := get(key))), 0)
    if not 1 <= month <= 12:
        return None
    last = calendar.monthrange(year, month)[1]
    return date(year, month, min(given, last) if given else last if late else 1)
