"""How fast users' reactions become usable examples, how late they come, and who gives them and who does not.

A filled feedback cell is feedback; in a yes/no column without empty cells only the yes is. Decisions younger than the slow end of
the feedback lag are left out of every rate, since their feedback may still come.
"""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ai_data_strategy.evidence.decisions import Decisions
from ai_data_strategy.evidence.labelling import histogram_chart, share_chart
from ai_data_strategy.evidence.profile import Chart, Column, ColumnRole, Found, Problem
from ai_data_strategy.evidence.statistics import Z95, benjamini_hochberg, percent, percent_interval, wilson
from ai_data_strategy.evidence.table import ROW, Table, evidence_id, quoted, shown
from ai_data_strategy.typeset.catalogue import N_

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TARGET = 10_000
"""Usable examples with feedback that are waited for, where the user states no target."""
FOUR_FIFTHS = 0.8
"""Ratio of rates under which a group is disadvantaged: 29 CFR 1607.4 D (Uniform Guidelines on Employee Selection Procedures, 1978)."""
_SIGNIFICANT = 0.01
_LEAST_DECISIONS = 30
_LEAST_EXPECTED = 5.0
_LEAST_LAGS = 100
_LEAST_DAYS = 7
_LAST_DAYS = 28
_MOST_GROUPS = 50
_MOST_COLUMNS = 12
_MOST_ENTITIES = 2_000_000
_LEAST_PEOPLE = 100
_BINS = 30
_UNITS = (("day", 86_400.0), ("hour", 3_600.0), ("minute", 60.0), ("second", 1.0))
_SEED = 20_141_117
_TIMES: tuple[ColumnRole, ...] = ("time", "feedback_time")
_IMPLICIT = re.compile(
    r"click|view|dwell|open|scroll|purchas|bought|order|convert|conversion|skip|watch|copied|copy|accept|requeue|moved|edit|retr(y|ied)|abandon|bounce|return|listen|play|read",
    re.I,
)


@dataclass(frozen=True)
class _Loop:
    """The decisions with the SQL conditions that every measurement needs; `ripe` leaves out decisions whose feedback may still come."""

    table: Table
    given: str
    by_kind: dict[str, str]
    time: str
    came: str
    ripe: str = "true"


@dataclass(frozen=True)
class Group:
    """Decisions and feedback of one group; `design` is by how much repeated people widen the variance of its rate (at least 1)."""

    name: str
    decisions: int
    feedback: int
    design: float = 1.0

    @property
    def rate(self) -> float:
        return self.feedback / self.decisions

    @property
    def worth(self) -> tuple[float, float]:
        """Feedback and decisions as if they were independent."""
        return self.feedback / self.design, self.decisions / self.design


def measure_decisions(decisions: Decisions) -> Iterator[Found]:
    """Flow, lag, velocity and evenness of feedback on the joined decisions."""
    loop = _loop(decisions.table)
    daily = yield from _flow(loop)
    if not loop.given:
        what = N_("no column holds users' feedback, so the flywheel cannot be measured")
        yield _problem(loop.table, what, N_("give a column the role feedback in the manifest"))
        return
    loop = yield from _lags(loop)
    yield from _rates(loop)
    if daily:
        yield from _velocity(loop, daily)
    yield from _evenness(loop)
    yield from _concentration(loop)


def _problem(table: Table, what: str, todo: str = "", **places: str) -> Problem:
    return Problem(source=table.id, what=what, todo=todo, places=places)


def _loop(table: Table) -> _Loop:
    kinds: dict[str, list[str]] = {}
    for column in table.columns_of("feedback"):
        kinds.setdefault("implicit" if _IMPLICIT.search(column.name) else "explicit", []).append(_filled(table, column))
    by_kind = {kind: f"({' OR '.join(parts)})" for kind, parts in kinds.items()}
    time, came = (next((quoted(c.name) for c in table.columns_of(role) if c.type in ("time", "date")), "") for role in _TIMES)
    return _Loop(table, f"({' OR '.join(by_kind.values())})" if by_kind else "", by_kind, time, came)


def _filled(table: Table, column: Column) -> str:
    """SQL condition: this cell holds feedback. It is never unknown."""
    name = quoted(column.name)
    if column.type == "text":
        return f"(coalesce(trim({name}), '') <> '')"
    if column.type in ("boolean", "integer", "number"):
        if not table.one(f"SELECT count(*) FILTER ({name} IS NULL OR CAST({name} AS DOUBLE) NOT IN (0, 1)) FROM {{t}}"):
            return f"(CAST({name} AS DOUBLE) = 1)"
    return f"({name} IS NOT NULL)"


def _whole_days(loop: _Loop, condition: str, time: str) -> NDArray[np.float64] | None:
    """Counts of the last whole days (at most 28) on which the source was being written; the first and the last day may be cut and are left out."""
    import numpy as np

    first, last = loop.table.ask(f"SELECT CAST(min({loop.time}) AS DATE), CAST(max({loop.time}) AS DATE) FROM {{t}}")[0]
    whole = (last - first).days - 1 if first else 0
    if whole < _LEAST_DAYS:
        return None
    days = min(_LAST_DAYS, whole)
    ago = f"CAST(DATE '{last.isoformat()}' - CAST({time} AS DATE) AS INTEGER)"
    by_day = dict(loop.table.ask(f"SELECT {ago}, count(*) FROM {{t}} WHERE {condition} AND {ago} BETWEEN 1 AND {days} GROUP BY 1"))
    return np.array([by_day.get(back, 0) for back in range(1, days + 1)], dtype=np.float64)


def _flow(loop: _Loop) -> Generator[Found, None, tuple[float, float] | None]:
    """Decisions and signals a day; returns mean and standard error of the decisions, or None where the history is too short."""
    counts = _whole_days(loop, "true", loop.time) if loop.time else None
    if counts is None:
        what = N_("a time column and %(days)s whole days are needed to count decisions a day")
        yield _problem(loop.table, what, N_("give a column the role time in the manifest"), days=str(_LEAST_DAYS))
        return None
    yield _per_day(loop, "decisions_per_day", N_("Decisions a day in %(source)s"), "decisions/day", counts)
    signals = _whole_days(loop, loop.given, loop.came or loop.time) if loop.given else None
    if signals is not None:
        yield _per_day(loop, "signals_per_day", N_("Feedback signals a day in %(source)s"), "signals/day", signals)
    return float(counts.mean()), float(counts.std(ddof=1)) / math.sqrt(len(counts))


def _per_day(loop: _Loop, name: str, message: str, unit: str, counts: NDArray[np.float64]) -> Found:
    from scipy.stats import t

    mean, days = float(counts.mean()), len(counts)
    half = float(t.ppf(0.975, days - 1)) * float(counts.std(ddof=1)) / math.sqrt(days)
    main = unit == "decisions/day"
    return loop.table.evidence(
        "flywheel", name, message, mean, unit, N_("Mean of the last %(days)s whole days; interval: Student's t over days"),
        interval=(max(0.0, mean - half), mean + half), rows=int(counts.sum()), weight=1 if main else 2, measures="examples_per_day" if main else "", days=str(days),
    )  # fmt: skip


def _lags(loop: _Loop) -> Generator[Found, None, _Loop]:
    """The lag of feedback behind its decision; returns the loop with the condition that a decision is old enough to have its feedback."""
    table = loop.table
    if not loop.came or not loop.time:
        return loop
    lag = f"(epoch({loop.came}) - epoch({loop.time}))"
    usable = f"{loop.given} AND {lag} >= 0"
    early = table.one(f"SELECT count(*) FROM {{t}} WHERE {lag} < 0")
    if early:
        yield table.evidence("feedback", "feedback_before_decision", N_("Rows of %(source)s whose feedback is dated before its decision"), early, "rows", N_("Counted; left out of the lag"), weight=3)  # fmt: skip
    end = table.one(f"SELECT greatest(max(epoch({loop.time})), max(epoch({loop.came}))) FROM {{t}}")
    timed, slowest = table.ask(f"SELECT count(*), quantile_cont({lag}, 0.99) FROM {{t}} WHERE {usable}")[0]
    if timed < _LEAST_LAGS:
        yield _problem(table, N_("too little feedback has a time to measure its lag (%(count)s rows)"), count=f"{timed:,}")
        return loop
    ripe = f"(epoch({loop.time}) <= {float(end) - float(slowest)!r})"
    count = table.one(f"SELECT count(*) FROM {{t}} WHERE {usable} AND {ripe}")
    if count < _LEAST_LAGS:
        yield _problem(table, N_("feedback comes so late that too few decisions are old enough to measure its lag"))
        return loop
    yield from _lag_evidence(table, lag, f"{usable} AND {ripe}", count)
    return replace(loop, ripe=ripe)


def _lag_evidence(table: Table, lag: str, condition: str, count: int) -> Iterator[Found]:
    wanted = (("median", 0.5, N_("Feedback lag of %(source)s, median")), ("p90", 0.9, N_("Feedback lag of %(source)s, slow end (nine of ten come sooner)")), ("p99", 0.99, N_("Feedback lag of %(source)s, slowest hundredth")))  # fmt: skip
    method = N_("Time from decision to feedback; exact quantile with an interval from order statistics; decisions younger than the slowest hundredth are left out")  # fmt: skip
    at = [point for _, share, _ in wanted for point in _order_ends(share, count)]
    found = table.one(f"SELECT quantile_cont({lag}, [{', '.join(map(str, at))}]) FROM {{t}} WHERE {condition}")
    unit, seconds = next(pair for pair in _UNITS if found[4] >= 2 * pair[1] or pair[1] == 1)
    for place, (name, _, message) in enumerate(wanted):
        by, size = _UNITS[0] if (slow := name == "p90") else (unit, seconds)
        low, value, high = (each / size for each in found[3 * place : 3 * place + 3])
        yield table.evidence(
            "feedback", f"feedback_lag_{name}", message, value, by, method, interval=(low, high), rows=count, weight=1 if slow or name == "median" else 2,
            measures="label_delay" if slow else "",
        )  # fmt: skip
    yield _lag_chart(table, lag, condition, found[7], unit, seconds)


def _order_ends(share: float, count: int) -> tuple[float, float, float]:
    """Quantile levels whose order statistics hold a quantile with 95 % (normal approximation of the binomial; Conover 1999, section 3.2)."""
    return max(0.0, share - (half := Z95 * math.sqrt(share * (1 - share) / count))), share, min(1.0, share + half)


def _lag_chart(table: Table, lag: str, condition: str, slowest: float, unit: str, seconds: float) -> Chart:
    width = max(slowest, 1e-9) / _BINS
    bin_at = f"CAST(floor({lag} / {width!r}) AS BIGINT)"
    rows = table.ask(f"SELECT {bin_at}, count(*) FROM {{t}} WHERE {condition} AND {bin_at} < {_BINS} GROUP BY 1 ORDER BY 1")
    at = [round(bin_ * width / seconds, 3) for bin_ in range(_BINS + 1)]
    values = [{"from": at[bin_], "to": at[bin_ + 1], "rows": count} for bin_, count in rows]
    title, spec = N_("Time from decision to feedback in %(source)s"), histogram_chart(values, unit, N_("feedback rows"))
    return Chart(id=evidence_id(table.id, "feedback_lag"), topic="feedback", title=title, places={"source": table.id}, spec=spec)


def _rates(loop: _Loop) -> Iterator[Found]:
    """Shares of decisions with any, explicit and implicit feedback."""
    method = N_("Filled feedback cells over decisions old enough to have theirs; in a yes/no column without gaps only yes counts; Wilson interval")  # fmt: skip
    named = {
        "any": ("feedback_rate", N_("Decisions of %(source)s with feedback")),
        "explicit": ("explicit_feedback_rate", N_("Decisions of %(source)s with explicit feedback (ratings, comments, corrections)")),
        "implicit": ("implicit_feedback_rate", N_("Decisions of %(source)s with implicit feedback (clicks and other behaviour)")),
    }
    for kind, condition in {"any": loop.given, **loop.by_kind}.items():
        name, message = named[kind]
        hits, trials = loop.table.ask(f"SELECT count(*) FILTER ({condition}), count(*) FROM {{t}} WHERE {loop.ripe}")[0]
        sql = f"SELECT 100.0 * count(*) FILTER ({condition}) / count(*) FROM {{t}} WHERE {loop.ripe}"
        yield loop.table.evidence(
            "flywheel", name, message, percent(hits, trials), "percent", method, interval=percent_interval(hits, trials), rows=trials,
            weight=1 if kind == "any" else 2, sql=sql,
        )  # fmt: skip


def _usable(loop: _Loop) -> tuple[int, int, int]:
    """Ripe decisions, those with feedback, and of these the usable ones: not empty and not a copy of another."""
    table = loop.table
    inputs = [quoted(column.name) for column in table.columns_of("text")]
    key = [f"lower(trim(CAST({name} AS VARCHAR)))" for name in inputs] or [quoted(c.name) for c in table.columns_of(
        "entity", "time", "prediction", "confidence", "context", "group", "feedback", "outcome", "label", "other")]  # fmt: skip
    filled = " AND ".join([f"coalesce(trim(CAST({name} AS VARCHAR)), '') <> ''" for name in inputs] or ["true"])
    counts = table.ask(f"SELECT count(*), count(*) FILTER ({loop.given}) FROM {{t}} WHERE {loop.ripe}")[0]
    different = table.one(f"SELECT count(*) FROM (SELECT DISTINCT {', '.join(key) or ROW} FROM {{t}} WHERE {loop.ripe} AND {loop.given} AND {filled})")  # fmt: skip
    return int(counts[0]), int(counts[1]), int(different)


def _velocity(loop: _Loop, daily: tuple[float, float]) -> Iterator[Found]:
    """Usable examples with feedback a day = decisions a day × share with feedback × share of these that is usable."""
    table, (rows, given, usable) = loop.table, _usable(loop)
    if not given:
        return
    yield table.evidence(
        "flywheel", "usable_share", N_("Decisions with feedback in %(source)s that are usable: not empty and not a copy"), percent(usable, given), "percent",
        N_("Different inputs (text, else all columns but keys) among decisions with feedback; Wilson interval"), interval=percent_interval(usable, given), rows=given,
    )  # fmt: skip
    value = daily[0] * usable / rows
    if not value:
        return
    # The product of the two shares is one share: usable decisions among all.
    relative = math.sqrt((daily[1] / daily[0]) ** 2 + (1 - usable / rows) / usable)
    low, high = (value * math.exp(side * Z95 * relative) for side in (-1, 1))
    method = N_("Decisions a day × share with feedback × share of these that is usable; interval: delta method on the logarithm")
    yield table.evidence("flywheel", "velocity", N_("Usable examples with feedback a day in %(source)s"), value, "examples/day", method, interval=(low, high), rows=rows, weight=1)  # fmt: skip
    yield table.evidence(
        "flywheel", "days_to_target", N_("Days until %(target)s more usable examples with feedback are there, at the measured rate"), TARGET / value, "day",
        N_("Target of %(target)s examples divided by the measured rate; interval from that of the rate"), interval=(TARGET / high, TARGET / low), rows=rows,
        weight=1, target=f"{TARGET:,}",
    )  # fmt: skip


def _evenness(loop: _Loop) -> Iterator[Found]:
    """Feedback by group and context, with a test that corrects for the number of columns and for people who come back."""
    tested: list[tuple[Column, list[Group], float]] = []
    for column in loop.table.columns_of("group", "context")[:_MOST_COLUMNS]:
        groups = enough(_groups(loop, column))
        if len(groups) > 1:
            tested.append((column, groups, differ(groups)))
    adjusted = benjamini_hochberg([p for _, _, p in tested])
    for (column, groups, _), p in zip(tested, adjusted, strict=True):
        yield from _uneven(loop, column, groups, p)
    if tested:
        yield loop.table.evidence(
            "flywheel", "uneven_columns", N_("Columns of %(source)s by which the chance of feedback differs, of %(tested)s tested"), sum(p < _SIGNIFICANT for p in adjusted), "columns",
            N_("Chi-square test corrected for repeated people (Rao and Scott) and for the number of columns (Benjamini and Hochberg), at one percent"), tested=str(len(tested)),
        )  # fmt: skip


def _groups(loop: _Loop, column: Column) -> list[Group]:
    """Decisions and feedback by value of a column; none if it has too many values to be groups."""
    table, name = loop.table, quoted(column.name)
    if table.one(f"SELECT count(DISTINCT {name}) FROM {{t}}") > _MOST_GROUPS:
        return []
    person = next((quoted(entity.name) for entity in table.columns_of("entity")), "NULL")
    # Decisions without a person stand alone.
    where = f"WHERE {loop.ripe} AND {name} IS NOT NULL GROUP BY 1, {person}, CASE WHEN {person} IS NULL THEN {ROW} END"
    inner = f"SELECT CAST({name} AS VARCHAR) AS g, count(*) AS n, count(*) FILTER ({loop.given}) AS y FROM {{t}} {where}"
    rows = table.ask(f"SELECT g, sum(n), sum(y), count(*), sum(y * y), sum(y * n), sum(n * n) FROM ({inner}) GROUP BY g ORDER BY sum(n) DESC, g")  # fmt: skip
    return [Group(shown(g), int(n), int(y), _design(int(n), int(y), int(m), float(yy), float(yn), float(nn))) for g, n, y, m, yy, yn, nn in rows]  # fmt: skip


def _design(decisions: int, feedback: int, people: int, yy: float, yn: float, nn: float) -> float:
    """Design effect of a rate: its variance over people against that of independent decisions (Rao & Scott 1992, Biometrics 48:577)."""
    if people < 2 or (rate := feedback / decisions) in (0.0, 1.0):
        return 1.0
    between = people / (people - 1) * max(0.0, yy - 2 * rate * yn + rate * rate * nn) / decisions**2
    return max(1.0, between / (rate * (1 - rate) / decisions))


def enough(groups: Sequence[Group]) -> list[Group]:
    """Groups large enough to be compared: thirty decisions and five expected with and without feedback (counted as independent ones)."""
    total = sum(group.decisions for group in groups)
    rate = sum(group.feedback for group in groups) / total if total else 0.0
    return [group for group in groups if group.worth[1] >= _LEAST_DECISIONS and group.worth[1] * min(rate, 1 - rate) >= _LEAST_EXPECTED]


def differ(groups: Sequence[Group]) -> float:
    """p value of equal feedback rates: chi-square on counts divided by their design effects (Rao & Scott 1992)."""
    from scipy.stats import chi2

    hits, trials = zip(*(group.worth for group in groups), strict=True)
    rate = sum(hits) / sum(trials)
    if rate in (0.0, 1.0):
        return 1.0
    statistic = sum((hit - trial * rate) ** 2 / (trial * rate * (1 - rate)) for hit, trial in zip(hits, trials, strict=True))
    return float(chi2.sf(statistic, len(groups) - 1))


def impact(lowest: Group, highest: Group, groups: int) -> tuple[float, tuple[float, float]]:
    """Lowest over highest rate and a 95 % interval that holds for all pairs of groups at once.

    Delta method on the logarithm (Katz et al. 1978, Biometrics 34:469) with half an observation added, Bonferroni over the pairs.
    """
    from scipy.stats import norm

    z = float(norm.isf(0.025 / max(1, groups * (groups - 1) // 2)))
    (low_hits, low_trials), (high_hits, high_trials) = lowest.worth, highest.worth
    middle = math.log((low_hits + 0.5) / (low_trials + 0.5)) - math.log((high_hits + 0.5) / (high_trials + 0.5))
    variance = 1 / (low_hits + 0.5) - 1 / (low_trials + 0.5) + 1 / (high_hits + 0.5) - 1 / (high_trials + 0.5)
    low, high = (math.exp(middle + side * z * math.sqrt(max(variance, 0.0))) for side in (-1, 1))
    return lowest.rate / highest.rate, (low, high)


def _uneven(loop: _Loop, column: Column, groups: Sequence[Group], p: float) -> Iterator[Found]:
    table, ordered = loop.table, sorted(groups, key=lambda group: (group.rate, group.name))
    lowest, highest = ordered[0], ordered[-1]
    if not highest.feedback:
        return
    (ratio, interval), found = impact(lowest, highest, len(groups)), p < _SIGNIFICANT
    yield table.evidence(
        "flywheel", f"impact_ratio_{column.name}",
        N_("Feedback rate by %(column)s: %(lowest)s against %(highest)s (adverse-impact ratio)") if found else N_("Lowest over highest feedback rate by %(column)s, no proven difference"),
        ratio, "coefficient", N_("Lowest rate over highest (under 0.8: four-fifths rule), %(groups)s groups, p %(p)s after correction; interval: delta method over all pairs"),
        interval=interval, rows=sum(group.decisions for group in groups), weight=1 if found and ratio < FOUR_FIFTHS else 2 if found else 3,
        column=shown(column.name), lowest=lowest.name, highest=highest.name, groups=str(len(groups)), p="< 0.001" if p < 0.001 else f"= {p:.3f}",
    )  # fmt: skip
    rows: list[dict[str, object]] = []
    for group in ordered:
        low, high = (100 * end for end in wilson(round(group.worth[0]), max(1, round(group.worth[1]))))
        low, high = min(low, 100 * group.rate), max(high, 100 * group.rate)
        yield table.evidence(
            "flywheel", f"feedback_rate_{column.name}_{group.name}", N_("Decisions with feedback where %(column)s is %(group)s"), 100 * group.rate, "percent",
            N_("Wilson interval; decisions of the same person count as less than independent ones"), interval=(low, high), rows=group.decisions, weight=2 if found else 3,
            column=shown(column.name), group=group.name,
        )  # fmt: skip
        rows.append({"name": group.name, "share": round(100 * group.rate, 2), "low": round(low, 2), "high": round(high, 2)})
    yield Chart(
        id=evidence_id(table.id, "feedback_by", column.name), topic="flywheel", title=N_("Share of decisions with feedback by %(column)s"),
        places={"column": shown(column.name)}, spec=share_chart(rows, N_("decisions with feedback, percent")),
    )  # fmt: skip


def _concentration(loop: _Loop) -> Iterator[Found]:
    """Share of all feedback that the most active people give, beside what chance alone would give them."""
    table, entity = loop.table, loop.table.column("entity")
    if entity is None:
        return
    people = f"SELECT count(*) AS n, count(*) FILTER ({loop.given}) AS y FROM {{t}} WHERE {loop.ripe} AND {quoted(entity.name)} IS NOT NULL GROUP BY {quoted(entity.name)}"
    count, given, decisions = table.ask(f"SELECT count(*), coalesce(sum(y), 0), coalesce(sum(n), 0) FROM ({people})")[0]
    if given < _LEAST_LAGS or decisions == count or count < _LEAST_PEOPLE:
        return
    sizes = table.ask(f"SELECT n, count(*) FROM ({people}) GROUP BY n ORDER BY n") if count <= _MOST_ENTITIES else []
    for share, name, message in (
        (0.01, "top_1_percent", N_("Feedback of %(source)s that comes from the most active hundredth of people")),
        (0.1, "top_10_percent", N_("Feedback of %(source)s that comes from the most active tenth of people")),
    ):
        top = max(1, round(share * count))
        value = percent(table.one(f"SELECT sum(y) FROM (SELECT y FROM ({people}) ORDER BY y DESC LIMIT {top})"), given)
        yield table.evidence("flywheel", f"feedback_{name}", message, value, "percent", N_("Feedback of the %(top)s people who give most, of %(people)s"), rows=int(given), top=f"{top:,}", people=f"{count:,}")  # fmt: skip
        if sizes:
            yield table.evidence(
                "flywheel", f"feedback_{name}_by_chance", N_("The same share if every decision were as likely to get feedback (%(part)s)"),
                _by_chance(sizes, given / decisions, top), "percent", N_("One simulation over all people with their measured numbers of decisions, fixed seed"),
                rows=int(given), weight=3, part=name.replace("_", " "),
            )  # fmt: skip


def _by_chance(sizes: Sequence[tuple[int, int]], rate: float, top: int) -> float:
    import numpy as np

    drawn = np.sort(np.random.default_rng(_SEED).binomial(np.repeat(*np.array(sizes, dtype=np.int64).T), rate))[::-1]
    return percent(int(drawn[:top].sum()), int(drawn.sum()))
