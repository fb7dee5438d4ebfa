"""Intervals and tests that several measurements share. Shares are fractions (0 to 1) here; evidence gives them in percent."""

from __future__ import annotations

import math
from collections.abc import Sequence

Z95 = 1.959963984540054
"""Two-sided 95 % point of the standard normal distribution."""


def wilson(hits: int, trials: int, z: float = Z95) -> tuple[float, float]:
    """Interval of a share (Wilson 1927, J. Am. Stat. Assoc. 22:209), as fractions; (0, 1) without trials."""
    if trials == 0:
        return 0.0, 1.0
    share, square = hits / trials, z * z
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = z / (1 + square / trials) * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    return (0.0 if hits == 0 else max(0.0, middle - half)), (1.0 if hits == trials else min(1.0, middle + half))


def percent(hits: int, trials: int) -> float:
    """A share in percent; 0 without trials."""
    return 100.0 * hits / trials if trials else 0.0


def percent_interval(hits: int, trials: int) -> tuple[float, float]:
    """Wilson's interval in percent."""
    low, high = wilson(hits, trials)
    return 100 * low, 100 * high


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values that control the false discovery rate (Benjamini & Hochberg 1995, J. R. Stat. Soc. B 57:289)."""
    count = len(p_values)
    adjusted, least = [0.0] * count, 1.0
    for rank, index in sorted(enumerate(sorted(range(count), key=lambda i: p_values[i]), start=1), reverse=True):
        least = min(least, p_values[index] * count / rank)
        adjusted[index] = least
    return adjusted
