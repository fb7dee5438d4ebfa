"""The library of named formulas for derived quantities. Each states its parameters' units and its source.

A formula takes plain floats in the units of its signature and gives a float in its result unit. In expressions it is
called with quantity keys: `labelling_hours(human_items, minutes_per_item)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Formula:
    """A named formula: units of its parameters (the last repeats if `variadic`), unit of its result, and the function."""

    name: str
    parameters: tuple[str, ...]
    result: str
    compute: Callable[..., float]
    variadic: bool = False

    @property
    def source(self) -> str:
        return (self.compute.__doc__ or "").strip()


FORMULAS: dict[str, Formula] = {}
Z95 = 1.959964
"""Two-sided 95 % quantile of the normal distribution."""
Z80 = 0.841621
"""80 % quantile: power of a test."""


def formula(*parameters: str, result: str, variadic: bool = False) -> Callable[[Callable[..., float]], Callable[..., float]]:
    def register(compute: Callable[..., float]) -> Callable[..., float]:
        FORMULAS[compute.__name__] = Formula(compute.__name__, parameters, result, compute, variadic)
        return compute

    return register


@formula("count", "minute", result="hour")
def labelling_hours(items: float, minutes_per_item: float) -> float:
    """Annotator hours = items × minutes per item / 60. Source: definition."""
    return items * minutes_per_item / 60


@formula("hour", "hour/week", result="week")
def weeks_of_work(hours: float, hours_per_week: float) -> float:
    """Weeks = hours needed / hours free a week, rounded up. Source: definition."""
    return float(math.ceil(hours / hours_per_week)) if hours_per_week > 0 else math.inf


@formula("count", "count", "count/day", result="day")
def days_to_volume(required: float, in_hand: float, per_day: float) -> float:
    """Days until `required` examples exist = (required − in hand) / velocity, at least 0. Source: definition."""
    missing = max(0.0, required - in_hand)
    return 0.0 if missing == 0 else missing / per_day if per_day > 0 else math.inf


@formula("count", result="count")
def ten_times(parameters: float) -> float:
    """The 10× rule of thumb, on trainable parameters only. Source: rule of ten events per parameter (Peduzzi 1996), see PMID 8970487."""
    return 10 * parameters


@formula("percent", "count", result="point")
def half_width(share: float, items: float) -> float:
    """Half of the 95 % interval of a share, in points: 1.96 √(p(1−p)/n). Source: Wald interval, Agresti (2013), Categorical Data Analysis, 1.4."""
    p = share / 100
    return 100 * Z95 * math.sqrt(p * (1 - p) / items) if items > 0 else math.inf


@formula("percent", "point", result="count")
def items_for_width(share: float, width: float) -> float:
    """Items so that the 95 % half width of a share is `width` points: 1.96² p(1−p)/w². Source: Cochran (1977), Sampling Techniques, 4.4."""
    p, w = share / 100, width / 100
    return float(math.ceil(Z95**2 * p * (1 - p) / w**2))


@formula("percent", result="count")
def zero_failure_items(rate: float) -> float:
    """Items without a failure that show a failure rate below `rate` with 95 % confidence: 3/p. Source: Hanley & Lippman-Hand (1983), rule of three."""
    return float(math.ceil(3 / (rate / 100)))


@formula("coefficient", "count", result="coefficient")
def kappa_half_width(kappa: float, items: float) -> float:
    """Half of the 95 % interval of Cohen's kappa, balanced two-class chance agreement 0.5. Source: Cohen (1960), eq. 7."""
    chance = 0.5
    observed = kappa * (1 - chance) + chance
    return Z95 * math.sqrt(observed * (1 - observed) / (items * (1 - chance) ** 2)) if items > 0 else math.inf


@formula("percent", "point", result="count")
def test_items_per_arm(baseline: float, effect: float) -> float:
    """Items an arm to see a change of `effect` points with 80 % power at 5 %, two-sided. Source: Fleiss, Levin & Paik (2003), 4.2."""
    p1 = baseline / 100
    p2 = min(max(p1 + effect / 100, 0.0), 1.0) if p1 + effect / 100 <= 1 else p1 - effect / 100
    mean = (p1 + p2) / 2
    spread = Z95 * math.sqrt(2 * mean * (1 - mean)) + Z80 * math.sqrt(p1 * (1 - p1) + p2 * (1 - p2))
    return float(math.ceil((spread / (p1 - p2)) ** 2))


@formula("count", "count/day", "percent", result="day")
def days_of_test(items_per_arm: float, per_day: float, share: float) -> float:
    """Days until the smaller arm of a live test has its items: n / (traffic × min(share, 1 − share)). Source: definition."""
    arm = min(share, 100 - share) / 100
    return math.ceil(items_per_arm / (per_day * arm)) if per_day * arm > 0 else math.inf


@formula("byte", "count/day", result="GB/month")
def storage_growth(bytes_per_entry: float, entries_per_day: float) -> float:
    """Storage growth a month = bytes an entry × entries a day × 365/12. Source: definition."""
    return bytes_per_entry * entries_per_day * 365 / 12 / 1e9


@formula("count", "count", result="count")
def risk_score(likelihood: float, severity: float) -> float:
    """Risk score = likelihood × severity, both on ordinal scales from 1 to 5. Source: ISO 31010:2019, B.10.3 (consequence/likelihood matrix)."""
    return likelihood * severity


@formula("day", result="day", variadic=True)
def sum_of_lags(*lags: float) -> float:
    """The longest way through a chain of stages = the sum of their longest times. Source: definition."""
    return sum(lags)


@formula("count/day", "percent", result="count/day", variadic=True)
def velocity(per_day: float, *shares: float) -> float:
    """Examples a day that reach training = raw examples a day × the share that survives each stage. Source: definition."""
    result = per_day
    for share in shares:
        result *= share / 100
    return result


@formula("count", "percent", result="count")
def expected_in_slice(items: float, share: float) -> float:
    """Items expected of a slice in a random sample = items × share. Source: definition."""
    return items * share / 100
