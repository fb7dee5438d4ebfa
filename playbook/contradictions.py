"""Two things said that cannot both hold, found by holding the numbers of a text against each other.

Numbers stand in the quotations; the reading and its reason hold none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from ai_data_strategy.blueprint import Contradiction
from ai_data_strategy.playbook.amounts import in_days, per_day
from ai_data_strategy.playbook.lexicon import fold, nouns
from ai_data_strategy.playbook.passages import Sentence
from ai_data_strategy.playbook.reading import Amount
from ai_data_strategy.typeset.catalogue import translator

_APART = 1.5
"""Two counts of one thing that differ by more than this factor are two things."""
_BUSY = 50.0
"""Examples a day from one customer above which somebody counts something else."""
_MOST = 6
_WORKDAYS_A_MONTH = 21.0
_LEARNS_AT_ONCE = re.compile(r"\b(?:learn\w*|lern\w*|appren\w*|aprend\w*|updat\w*|retrain\w*)\b[^.;]{0,40}\b(?:real[ -]time|instantly|immediately|at once|every (?:minute|hour)|within minutes|echtzeit|sofort|temps reel|immediatement|tiempo real|al instante|inmediatamente)\b"
                             r"|\b(?:real[ -]time|instant|echtzeit|temps reel|tiempo real)\b[^.;]{0,20}\b(?:learning|training|lernen|apprentissage|aprendizaje)\b")  # fmt: skip
_ALL = re.compile(r"\b(?:all|any|everything|alle|samtliche|toutes?|tous|todos?|todas?)\b")


@dataclass(frozen=True)
class Scene:
    """What the rules look at."""

    sentences: Sequence[Sentence]
    amounts: Sequence[Amount]
    example: str
    language: str
    today: date

    def held(self, kind: str) -> list[Amount]:
        return [amount for amount in self.amounts if amount.kind == kind and not amount.corrected]

    def two(self, one: str, other: str, reading: str, because: str, **values: str) -> Contradiction:
        say = translator(self.language)
        return Contradiction(one=one[:390], other=other[:390], reading=(say(reading) % values)[:400], because=(say(because) % values)[:400])

    def months(self, months: float) -> str:
        return translator(self.language)("about %(count)s months") % {"count": f"{months:.0f}"}


def contradictions(scene: Scene) -> list[Contradiction]:
    """All contradictions, the ones with the largest effect on the plan first, at most six."""
    found = [item for rule in _RULES for item in rule(scene)]
    return list({(item.one, item.other): item for item in found}.values())[:_MOST]


def _answered(scene: Scene) -> Iterator[Contradiction]:
    """A number of the brief that an answer says is something else."""
    for amount in scene.amounts:
        later = next(
            (
                one
                for one in scene.amounts
                if amount.corrected and one.origin != "brief" and one.value == amount.value and one.unit == amount.unit
            ),
            None,
        )
        if later:
            yield scene.two(
                amount.quote,
                later.quote,
                "The answer holds; the brief's wording is set aside.",
                "The answer is later and more precise about what the number counts.",
            )


def _stock_against_rate(scene: Scene) -> Iterator[Contradiction]:
    for stock in scene.held("volume"):
        rate = next((one for one in scene.held("rate") if one.noun == stock.noun and per_day(one)), None)
        span = _span_months(scene, stock)
        if not rate or span is None or stock.per:
            continue
        daily = rate.value if rate.per == "workday" else per_day(rate) or 0.0
        implied = stock.value / daily / (_WORKDAYS_A_MONTH if rate.per == "workday" else 365 / 12)
        if max(implied, span) / max(0.1, min(implied, span)) > _APART:
            say = translator(scene.language)
            yield scene.two(
                f"{stock.quote}: {scene.months(span)}",
                f"{rate.quote}: {say('the stock would be')} {scene.months(implied)}",
                "The rate is taken as today's and the stock as given; the length of usable history is unknown until rows are counted by month.",
                "Stock and rate do not span the stated time: either the volume has grown or shrunk, or part of the history was deleted, moved or never stored.",
            )


def _span_months(scene: Scene, stock: Amount) -> float | None:
    """Months that a stock is said to span: from its `since`, or from a history named in the same sentence."""
    if stock.since:
        return (scene.today - stock.since).days / (365 / 12)
    near = next((sentence for sentence in scene.sentences if stock.quote in sentence.text), None)
    history = next((one for one in scene.held("history") if near and one.quote in near.text and one.unit in ("year", "month")), None)
    days = in_days(history) if history else None
    return days / (365 / 12) if days else None


def _too_busy(scene: Scene) -> Iterator[Contradiction]:
    people = [one for one in scene.held("population") if fold(one.noun) in nouns("population")]
    for rate in scene.held("rate"):
        daily = per_day(rate) if rate.noun == scene.example else None
        few = min(
            (one for one in people if daily and daily / one.value > _BUSY and one.noun in _BUYERS), key=lambda one: one.value, default=None
        )
        if few:
            yield scene.two(
                few.quote,
                rate.quote,
                "Neither number is taken for %(example)s until somebody says what one row of it is.",
                "So many %(example)s a day from each of them is not credible for people: the large number may count technical calls or events, or the small one may count businesses and not the people behind them.",
                example=scene.example,
            )


_BUYERS = frozenset(
    [
        "customers",
        "customer",
        "users",
        "clients",
        "members",
        "subscribers",
        "kunden",
        "nutzer",
        "utilisateurs",
        "clientes",
        "usuarios",
        "patients",
    ]
)


def _retention_against_window(scene: Scene) -> Iterator[Contradiction]:
    for kept in scene.held("retention"):
        for window in scene.held("history"):
            short, long = in_days(kept), in_days(window, "low")
            if short and long and short < long and _same_data(kept, window, scene):
                yield scene.two(
                    kept.quote,
                    window.quote,
                    "Nothing older than the retention is planned with, unless somebody shows which records are kept longer and on what ground.",
                    "What has been deleted cannot be learned from; usually the short period holds for one kind of data only, such as device or log data.",
                )


def _same_data(kept: Amount, window: Amount, scene: Scene) -> bool:
    """True unless an answer narrows the retention to something else, or a longer one is stated as well."""
    longer = [one for one in scene.held("retention") if (in_days(one) or 0) >= (in_days(window, "low") or 0)]
    return not longer or (
        bool(_ALL.search(fold(kept.quote))) and kept.origin == window.origin == "brief" and not any(one.origin != "brief" for one in longer)
    )


def _two_counts(scene: Scene) -> Iterator[Contradiction]:
    for kind in ("rate", "population"):
        for one, other in combinations(scene.held(kind), 2):
            first, second = (per_day(one), per_day(other)) if kind == "rate" else (one.value, other.value)
            same = fold(one.noun) == fold(other.noun) and one.noun != "" and not one.high and not other.high and one.quote != other.quote
            if same and first and second and max(first, second) / min(first, second) > _APART:
                kept = (
                    other
                    if other.origin != "brief"
                    else one
                    if one.origin != "brief"
                    else min(one, other, key=lambda amount: per_day(amount) or amount.value)
                )
                yield scene.two(
                    one.quote,
                    other.quote,
                    "The smaller count is planned with until it is counted." if kept.origin == "brief" else "The answer holds.",
                    "Both count %(noun)s and they are far apart: one may be a peak, another period, or another thing under the same name.",
                    noun=one.noun,
                )


def _alarms_against_base(scene: Scene) -> Iterator[Contradiction]:
    base, shares, precisions = scene.held("base_rate"), scene.held("action_share"), scene.held("precision")
    if not (base and shares and precisions):
        return
    caught = shares[0].value * precisions[0].value / 100
    if caught > base[0].value * 1.001:
        one = shares[0].quote if precisions[0].quote in shares[0].quote else f"{shares[0].quote}; {precisions[0].quote}"
        yield scene.two(
            f"{one} ({shares[0].value:g} % × {precisions[0].value:g} % = {caught:.3g} %)",
            base[0].quote,
            "The base rate is read as that of the cases that were let through, and the precision as an opinion until it is measured.",
            "What is caught alone would be more than all there is: both cannot describe the same population, and cases that were stopped have no confirmed outcome.",
        )


def _label_after_deletion(scene: Scene) -> Iterator[Contradiction]:
    for delay in scene.held("label_delay"):
        for kept in scene.held("retention"):
            late, short = in_days(delay), in_days(kept)
            if late and short and late > short:
                yield scene.two(
                    kept.quote,
                    delay.quote,
                    "Features from that source count as lost for training unless they are stored derived and without identity, with legal approval.",
                    "The label comes after the record is deleted, so the two can never be joined.",
                )


def _slow_label_at_once(scene: Scene) -> Iterator[Contradiction]:
    wish = next((sentence for sentence in scene.sentences if not sentence.order and _LEARNS_AT_ONCE.search(sentence.folded)), None)
    delay = next((one for one in scene.held("label_delay") if (in_days(one) or 0) >= 1), None)
    if wish and delay:
        yield scene.two(
            wish.text,
            delay.quote,
            "Fast reactions come from features, lists and rules; the model learns at the pace of its labels.",
            "Nothing can be learned from an example before its outcome is known, however fast the system answers.",
        )


_RULES: tuple[Callable[[Scene], Iterator[Contradiction]], ...] = (
    _answered, _too_busy, _retention_against_window, _alarms_against_base, _label_after_deletion, _stock_against_rate, _two_counts, _slow_label_at_once,
)  # fmt: skip
