"""Triggers for retraining: planted changes are found, stable histories fire about once a quarter, and the live test's traffic adds up."""

import numpy as np
import pytest
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_effectsize

from ai_data_strategy.evidence.decisions import Decisions, failures
from ai_data_strategy.evidence.profile import Problem
from ai_data_strategy.evidence.retraining import arm_size, change, measure_decisions, psi, smallest_fall, stable, trigger
from ai_data_strategy.tests import real_data
from ai_data_strategy.tests.evidence_tables import said, table

START = np.datetime64("2026-01-01", "us")
ROLES = {"at": "time", "said": "prediction", "true": "outcome", "score": "confidence", "device": "context"}


def history(random, weeks=16, a_day=60, rate=0.1, changed=None, drifted=None):
    """Decisions of whole weeks with a day on either side; from week `changed` on failures double, from week `drifted` on scores fall."""
    days = weeks * 7 + 2
    day = np.repeat(np.arange(days), a_day)
    week = (day - 1) // 7
    n = len(day)
    chance = np.where((changed is not None) & (week >= (changed or 0)), 2 * rate, rate)
    said = random.integers(0, 2, n)
    score = random.beta(4, 2, n) - np.where((drifted is not None) & (week >= (drifted or 0)), 0.2, 0.0)
    return {
        "at": START + (day * 86_400e6 + random.uniform(0, 86_000e6, n)).astype("timedelta64[us]"),
        "said": said, "true": np.where(random.random(n) < chance, 1 - said, said), "score": score,
        "device": np.array(["ios", "android", "web"])[random.choice(3, n, p=[0.5, 0.4, 0.1])],
    }  # fmt: skip


def measured(rows, roles=ROLES):
    opened = table(rows, {name: role for name, role in roles.items() if name in rows})
    return list(measure_decisions(Decisions(opened, failures(opened))))


def evidence(found, name: str):
    return next((item for item in found if getattr(item, "id", "") == f"s_{name}"), None)


def problems(found) -> str:
    return "; ".join(item.text for item in found if isinstance(item, Problem))


def test_a_planted_change_ends_the_stable_window_and_fires_afterwards() -> None:
    found = measured(history(np.random.default_rng(1), changed=10))
    level, fired = evidence(found, "weekly_failures_trigger"), evidence(found, "weekly_failures_fired")
    assert level.places["weeks"] == "10" and 10 < level.value < 15 and level.weight == 1
    assert fired.value == 6 and fired.places["weeks"] == "6"
    assert evidence(found, "weekly_failures_power").value > 95 and evidence(found, "drift_score_fired") is None


def test_planted_drift_of_the_confidence_is_found_and_that_of_the_failures_is_not() -> None:
    found = measured(history(np.random.default_rng(2), drifted=11))
    level, fired = evidence(found, "drift_score_trigger"), evidence(found, "drift_score_fired")
    assert level.places["weeks"] == "11" and fired.value == 5
    assert evidence(found, "drift_device_fired") is None and evidence(found, "weekly_failures_fired").places["weeks"] == "0"


def weeks_of(random, weeks, rate=0.1, a_week=400):
    failed = random.binomial(a_week, rate, weeks)
    return np.stack([a_week - failed, failed], axis=1).astype(float)


def test_stable_histories_show_no_change() -> None:
    random = np.random.default_rng(3)
    assert sum(change(weeks_of(random, 20)) is not None for _ in range(100)) <= 4


def test_changes_are_dated_to_the_week() -> None:
    random, dates = np.random.default_rng(4), []
    for _ in range(20):
        dates.append(change(np.concatenate([weeks_of(random, 12), weeks_of(random, 8, 0.2)])))
    assert sum(date == 12 for date in dates) >= 17


def test_a_trigger_fires_about_once_a_quarter_in_weeks_it_has_not_seen() -> None:
    random, fired, told = np.random.default_rng(5), [], []
    for _ in range(30):
        rates = random.normal(10, 1, 26)
        found = trigger(rates[:, None], 13)
        fired.append((random.normal(10, 1, 5000) > found.level).mean() * 13)
        told.append(found.alarms)
    assert 0.5 < np.mean(fired) < 1.5 and np.mean(told) == pytest.approx(np.mean(fired), abs=0.5)


def test_an_early_change_leaves_the_later_weeks_as_the_stable_window() -> None:
    random = np.random.default_rng(6)
    assert stable(np.concatenate([weeks_of(random, 4, 0.3), weeks_of(random, 14)])) == slice(4, 18)
    assert stable(np.concatenate([weeks_of(random, 6, rate) for rate in (0.1, 0.3, 0.1)])) is None


def test_psi_of_a_shift_and_of_none() -> None:
    even, shifted = np.array([500.0, 500.0]), np.array([[5000.0, 5000.0], [7000.0, 3000.0]])
    assert psi(shifted, even) == pytest.approx([0, 0.4 * np.log(7 / 3) / 2], abs=0.002)


@pytest.mark.parametrize(("one", "other"), [(0.1, 0.09), (0.5, 0.4), (0.02, 0.01)])
def test_arm_sizes_agree_with_statsmodels(one, other) -> None:
    expected = NormalIndPower().solve_power(proportion_effectsize(one, other), alpha=0.05, power=0.8)
    assert arm_size(one, other) == pytest.approx(expected, rel=0.05)  # statsmodels uses the arcsine, this the pooled normal formula
    assert smallest_fall(one, arm_size(one, other)) == pytest.approx(one - other)


def test_the_live_test_follows_from_rate_and_traffic() -> None:
    found = measured(history(np.random.default_rng(7)))
    rate = evidence(found, "smallest_fall_14_days")
    assert rate.value / 100 == pytest.approx(smallest_fall(0.1, 60 * 7), rel=0.1) and rate.unit == "point"
    assert evidence(found, "smallest_fall_28_days").value < rate.value
    assert evidence(found, "days_for_a_tenth").value == pytest.approx(2 * arm_size(0.1, 0.09) / 60, rel=0.15)
    assert smallest_fall(0.01, 50) is None


def test_weeks_of_real_predictions_give_a_trigger_and_a_planted_year_fires() -> None:
    """nannyml's employment predictions, dealt to weeks: those of 2015 are stable; then the scores of the oldest third come alone."""
    import pyarrow.parquet as parquet

    people = parquet.read_table(
        real_data.employment() / "employment_MA_reference.pq", columns=["AGEP", "prediction", "predicted_probability", "employed"]
    ).to_pandas()
    random = np.random.default_rng(8)
    usual, old = people.sample(16_000, random_state=1), people[people.AGEP > people.AGEP.quantile(2 / 3)].sample(4_000, random_state=2)
    day = np.concatenate([random.integers(0, 12 * 7 + 1, len(usual)), random.integers(12 * 7 + 1, 15 * 7 + 2, len(old))])
    rows = {
        "at": START + (day * 86_400e6 + random.uniform(0, 86_000e6, len(day))).astype("timedelta64[us]"),
        **{
            name: np.concatenate([usual[column], old[column]])
            for name, column in (("said", "prediction"), ("true", "employed"), ("score", "predicted_probability"))
        },
    }
    found = measured(rows)
    level, fired = evidence(found, "drift_score_trigger"), evidence(found, "drift_score_fired")
    assert level.places["weeks"] == "12" and level.value == pytest.approx(0.1, abs=0.05) and fired.value == 3


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ({"said": ["a", "b"] * 50}, "no time column"),
        (history(np.random.default_rng(9), weeks=7), "needs 8 whole weeks"),
        (history(np.random.default_rng(10), a_day=3), "too few"),
        (history(np.random.default_rng(11), rate=0.0), "too few failures"),
    ],
)
def test_what_cannot_be_measured_is_said(rows, what) -> None:
    found = measured(rows)
    assert what in problems(found) and evidence(found, "weekly_failures_trigger") is None


def test_decisions_that_cannot_be_judged_do_not_count() -> None:
    rows = history(np.random.default_rng(12), a_day=120)
    rows["true"] = [int(value) if n % 2 else None for n, value in enumerate(rows["true"])]
    assert 10 < evidence(measured(rows), "weekly_failures_trigger").value < 15


def test_a_column_that_is_called_like_an_alias_is_not_mistaken() -> None:
    rows = {**history(np.random.default_rng(13)), "day": ["x"] * (16 * 7 + 2) * 60, "class": ["y"] * (16 * 7 + 2) * 60}
    assert evidence(measured(rows), "weekly_failures_trigger").value > 10


def test_the_same_history_gives_the_same_findings_and_every_statement_has_its_places() -> None:
    rows = history(np.random.default_rng(14), changed=10)
    first, second = measured(rows), measured(rows)
    assert first == second
    for item in first:
        assert "%(" not in said(item)
