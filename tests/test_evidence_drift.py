"""Drift statistics: planted steps and trends are found where they are, and numbers without any give no alarm."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ai_data_strategy.evidence.drift import (
    confirmed,
    daily_changes,
    difference,
    psi,
    shift_of_classes,
    shift_of_numbers,
    stream_changes,
    trend,
)


def changes(failures: np.ndarray, rows: np.ndarray, seed: int) -> list[int]:
    draw = np.random.default_rng(seed)
    stream = np.concatenate([draw.permutation(np.r_[np.ones(bad), np.zeros(all_ - bad)]) for bad, all_ in zip(failures, rows, strict=True)])
    day = np.repeat(np.arange(len(rows)), rows)
    rates = 100 * failures / rows
    cuts = [int(day[cut]) for cut in stream_changes(stream) if cut < len(day)]
    return [change.day for change in confirmed(rates, [*cuts, *daily_changes(rates)], least=1.0)]


def test_psi_of_two_bins_is_the_formula() -> None:
    found = psi(np.array([5_000_000, 5_000_000]), np.array([6_000_000, 4_000_000]))
    assert found == pytest.approx(0.1 * math.log(0.6 / 0.5) - 0.1 * math.log(0.4 / 0.5), rel=1e-4)


def test_an_empty_bin_costs_a_finite_amount() -> None:
    found = shift_of_classes(np.array([500, 500]), np.array([1000, 0]))
    assert 0.2 < found.psi < 10 and found.p < 0.001


def test_difference_is_newcombes_published_example() -> None:
    # Newcombe 1998, table II, method 10: 56/70 against 48/80 gives 0.0524 to 0.3339.
    gap, low, high = difference(56, 70, 48, 80)
    assert (gap, low, high) == pytest.approx((20.0, 5.24, 33.39), abs=0.01)


def test_a_step_of_the_rate_is_found_within_days() -> None:
    off = []
    for seed in range(10):
        draw = np.random.default_rng(seed)
        rows = draw.poisson(120, 120)
        off.append(changes(draw.binomial(rows, np.where(np.arange(120) < 70, 0.1, 0.17)), rows, seed))
    assert all(len(found) >= 1 for found in off)
    assert np.median([min(abs(day - 70) for day in found) for found in off]) <= 3
    assert sum(len(found) for found in off) <= 12


def test_two_hundred_steady_histories_have_no_change_points() -> None:
    alarms = 0
    for seed in range(200):
        draw = np.random.default_rng(1000 + seed)
        rows = draw.poisson(60, 120)
        alarms += len(changes(draw.binomial(rows, 0.1), rows, seed))
    assert alarms <= 2


def test_page_hinkley_alone_finds_a_step_in_daily_values() -> None:
    days = np.random.default_rng(0).normal(5, 1, 100)
    days[60:] += 3
    assert [abs(change.day - 60) <= 2 for change in confirmed(days, daily_changes(days), least=1.0)] == [True]


def test_days_that_follow_each_other_do_not_pass_for_a_step() -> None:
    alarms = 0
    for seed in range(100):
        draw = np.random.default_rng(seed)
        noise, days = draw.normal(0, 1, 120), np.zeros(120)
        for day in range(1, 120):
            days[day] = 0.5 * days[day - 1] + noise[day]
        alarms += bool(confirmed(10 + days, daily_changes(10 + days), least=1.0))
    assert alarms <= 5


def test_shift_is_found_and_steady_samples_are_not() -> None:
    draw = np.random.default_rng(0)
    moved = shift_of_numbers(draw.normal(0, 1, 2000), draw.normal(0.5, 1, 2000))
    assert moved.psi > 0.1 and moved.p < 0.001 and moved.ks is not None and moved.ks > 0.15
    alarms = 0
    for seed in range(100):
        draw = np.random.default_rng(seed)
        found = shift_of_classes(draw.multinomial(200, [0.1] * 10), draw.multinomial(600, [0.1] * 10))
        alarms += found.p < 0.01 and found.psi >= 0.1
    assert alarms <= 2


def test_trend_covers_the_planted_slope_and_is_not_seen_in_noise() -> None:
    draw = np.random.default_rng(0)
    sizes = np.full(40, 500.0)
    planted = trend(100 * draw.binomial(500, 0.08 + 0.002 * np.arange(40)) / 500, sizes)
    assert planted.clear and planted.low < 0.2 < planted.high
    noise = [trend(100 * np.random.default_rng(seed).binomial(500, 0.1, 40) / 500, sizes).clear for seed in range(200)]
    assert sum(noise) <= 4
