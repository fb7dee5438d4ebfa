"""The flywheel's measurements: planted rates, lags and biased feedback are found, and even feedback raises no alarm."""

import json
from functools import cache

import numpy as np
import pyarrow.parquet as parquet
import pytest

from ai_data_strategy.evidence.decisions import Decisions
from ai_data_strategy.evidence.flywheel import Group, differ, enough, impact, measure_decisions
from ai_data_strategy.evidence.profile import Problem
from ai_data_strategy.evidence.statistics import benjamini_hochberg
from ai_data_strategy.tests import real_data
from ai_data_strategy.tests.evidence_tables import said, table

START = np.datetime64("2026-01-01", "us")
ROLES = {
    "id": "id", "at": "time", "thumb": "feedback", "clicked": "feedback", "came": "feedback_time", "who": "entity", "sex": "group", "device": "context", "text": "text",
}  # fmt: skip

THUMBS = {name: role for name, role in ROLES.items() if name != "clicked"}


def moments(seconds) -> np.ndarray:
    return START + (np.asarray(seconds) * 1e6).astype("timedelta64[us]")


def product(random, days=60, a_day=200, rate=0.3, lag_days=2.0, bias=None, people=400, devoted=None, copies=0.0):
    """`rate` of the decisions get a thumb after an exponential lag; what comes after the last day has not been seen. `bias`: rates by sex."""
    n = days * a_day
    at, who = np.sort(random.uniform(0, days * 86_400, n)), random.integers(0, people, n)
    sex, device = np.array(["f", "m"])[who % 2], np.array(["ios", "android", "web"])[random.integers(0, 3, n)]
    chance = np.full(n, rate) if bias is None else np.array([bias[one] for one in sex])
    if devoted is not None:
        chance = np.where(who < devoted, 0.9, 0.02)
    came = at + random.exponential(lag_days * 86_400, n)
    given = (random.random(n) < chance) & (came < days * 86_400)
    texts = [f"question {0 if random.random() < copies else number}" for number in range(n)]
    rows = {
        "id": np.arange(n), "at": moments(at), "thumb": [("up" if n_ % 3 else "down") if g else None for n_, g in enumerate(given)],
        "came": [moment if g else None for moment, g in zip(moments(came).astype(object), given, strict=True)],
        "who": who, "sex": sex, "device": device, "text": texts, "clicked": random.random(n) < 0.1,
    }  # fmt: skip
    return rows


def measured(rows, roles=ROLES, **entry):
    kept = {name: role for name, role in roles.items() if name in rows}
    return list(measure_decisions(Decisions(table(rows, kept, **entry), {})))


@cache
def usual():
    return measured(product(np.random.default_rng(1), copies=0.25))


def evidence(found, name: str):
    return next((item for item in found if getattr(item, "id", "") == f"s_{name}"), None)


def test_planted_lag_is_found_although_the_latest_feedback_is_missing() -> None:
    """Exponential with mean 2 days: median 1.386 days, nine tenths 4.605 days."""
    median, slow = evidence(usual(), "feedback_lag_median"), evidence(usual(), "feedback_lag_p90")
    assert median.low < 2 * np.log(2) < median.high and median.unit == "day"
    assert slow.low < 2 * np.log(10) < slow.high and (slow.measures, slow.unit) == ("label_delay", "day")


def test_lag_intervals_hold_the_planted_lag() -> None:
    outside = 0
    for seed in range(20):
        slow = evidence(measured(product(np.random.default_rng(100 + seed), a_day=60)), "feedback_lag_p90")
        outside += not slow.low <= 2 * np.log(10) <= slow.high
    assert outside <= 4


def test_planted_rates_and_flow_are_found() -> None:
    found = usual()
    explicit, implicit, flow = (
        evidence(found, "explicit_feedback_rate"),
        evidence(found, "implicit_feedback_rate"),
        evidence(found, "decisions_per_day"),
    )
    assert explicit.low < 30 < explicit.high and implicit.low < 10 < implicit.high
    assert flow.low < 200 < flow.high and flow.measures == "examples_per_day"


def test_velocity_is_the_product_of_its_factors_and_gives_the_days() -> None:
    found = usual()
    value, per_day, share, usable = (
        evidence(found, name).value for name in ("velocity", "decisions_per_day", "feedback_rate", "usable_share")
    )
    assert value == pytest.approx(per_day * share / 100 * usable / 100) and usable == pytest.approx(75, abs=2)
    assert evidence(found, "days_to_target").value == pytest.approx(10_000 / value)


def test_biased_feedback_is_found_with_its_ratio() -> None:
    found = measured(product(np.random.default_rng(2), bias={"f": 0.15, "m": 0.3}), THUMBS)
    ratio = evidence(found, "impact_ratio_sex")
    assert ratio.low < 0.5 < ratio.high < 0.8 and ratio.weight == 1 and (ratio.places["lowest"], ratio.places["highest"]) == ("f", "m")
    assert evidence(found, "uneven_columns").value == 1 and evidence(found, "impact_ratio_device").weight == 3
    rows = {row["name"]: row for row in evidence(found, "feedback_by_sex").spec["data"]["values"]}
    assert rows["f"]["low"] < 15 < rows["f"]["high"] < rows["m"]["low"] < 30 < rows["m"]["high"]


def even(random, people_count=None):
    """Two columns of groups under one rate; with `people_count`, people differ in how often they react, whatever their group."""
    n = 3000
    who = random.integers(0, people_count, n) if people_count else np.arange(n)
    habit = random.beta(0.5, 1.5, who.max() + 1)[who] if people_count else np.full(n, 0.25)
    rows = {
        "sex": np.array(list("abcde"))[who % 5],
        "device": np.array(list("xyz"))[random.integers(0, 3, n)],
        "thumb": np.where(random.random(n) < habit, "up", ""),
    }
    return {**rows, "who": who}


@pytest.mark.parametrize("people", [None, 300])
def test_even_feedback_raises_few_alarms(people) -> None:
    """Through the public door over 60 sets, with independent decisions and with people of different habits who come back."""
    random, alarms, flagged = np.random.default_rng(3), 0, 0
    for _ in range(60):
        found = measured(even(random, people))
        alarms += evidence(found, "uneven_columns").value > 0
        flagged += any(item.weight == 1 for item in found if "impact_ratio" in getattr(item, "id", ""))
    assert alarms <= 8 and flagged <= 6


def test_the_statistics_alone_over_a_thousand_even_sets() -> None:
    random, alarms, outside = np.random.default_rng(4), 0, 0
    for _ in range(1000):
        columns = [[Group(str(n), 400, int(hits)) for n, hits in enumerate(random.binomial(400, 0.2, size))] for size in (2, 4, 8)]
        alarms += min(benjamini_hochberg([differ(enough(groups)) for groups in columns])) < 0.05
        ordered = sorted(columns[2], key=lambda group: group.rate)
        low, high = impact(ordered[0], ordered[-1], 8)[1]
        outside += not low <= 1 <= high
    assert alarms <= 65 and outside <= 65


def test_small_groups_are_not_compared() -> None:
    assert [
        group.name for group in enough([Group("big", 500, 100), Group("few", 29, 20), Group("rare", 40, 0), Group("other", 300, 30)])
    ] == ["big", "rare", "other"]
    assert enough([Group("a", 40, 0), Group("b", 1000, 20)])[0].name == "b"


def test_feedback_of_a_few_is_told_from_chance() -> None:
    few = measured(product(np.random.default_rng(5), devoted=20, lag_days=0.1), THUMBS)
    many = measured(product(np.random.default_rng(6), lag_days=0.1), THUMBS)
    assert evidence(few, "feedback_top_10_percent").value > 2 * evidence(few, "feedback_top_10_percent_by_chance").value
    assert evidence(many, "feedback_top_10_percent").value == pytest.approx(
        evidence(many, "feedback_top_10_percent_by_chance").value, rel=0.1
    )


def test_groups_of_real_people_are_compared() -> None:
    """Feedback planted on nannyml's employment predictions: one in five, but one in ten from people with RAC1P 2."""
    people = parquet.read_table(
        real_data.employment() / "employment_MA_reference.pq", columns=["id", "SEX", "RAC1P", "prediction"]
    ).to_pydict()
    random = np.random.default_rng(7)
    rate = np.where(np.array(people["RAC1P"]) == "2", 0.1, 0.2)
    people["thumb"] = np.where(random.random(len(rate)) < rate, "up", None)
    found = measured(people, {"id": "id", "SEX": "group", "RAC1P": "group", "prediction": "prediction", "thumb": "feedback"})
    race, sex = evidence(found, "impact_ratio_rac1p"), evidence(found, "impact_ratio_sex")
    assert race.weight == 1 and race.places["lowest"] == "2" and race.value == pytest.approx(0.5, abs=0.08) and sex.weight == 3
    # nine groups, of which six people in one and ninety-six in another are too few to be compared
    assert race.places["groups"] == "7" and evidence(found, "feedback_rate_rac1p_4") is None


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ({"text": ["a"] * 50}, "no column holds users' feedback"),
        ({"thumb": ["up", None] * 50}, "time column"),
        ({"thumb": ["up", None] * 50, "at": moments(range(100)), "came": moments(range(100))}, "too little feedback"),
    ],
)
def test_what_cannot_be_measured_is_said(rows, what) -> None:
    assert what in "; ".join(item.text for item in measured(rows) if isinstance(item, Problem))


def test_empty_and_single_row_tables_give_no_numbers_out_of_nothing() -> None:
    for n in (0, 1):
        rows = {"at": moments(np.arange(n, dtype=float)), "thumb": np.array(["up"] * n, dtype=str), "sex": np.array(["f"] * n, dtype=str)}
        assert all(isinstance(item, Problem) or item.rows == n for item in measured(rows))


def test_feedback_before_its_decision_is_counted_and_left_out() -> None:
    rows = product(np.random.default_rng(8))
    rows["came"] = [
        moment and (rows["at"][n].astype(object) - np.timedelta64(1, "D").astype(object) if n % 50 == 0 else moment)
        for n, moment in enumerate(rows["came"])
    ]
    found = measured(rows)
    assert evidence(found, "feedback_before_decision").value > 20 and evidence(found, "feedback_lag_median").low > 0


def test_the_same_data_give_the_same_findings_without_names_of_people() -> None:
    rows = product(np.random.default_rng(9))
    rows["who"] = [f"person{one}@example.com" for one in rows["who"]]
    first, second = measured(rows), measured(rows)
    assert first == second and "example.com" not in json.dumps([item.model_dump() for item in first])


def test_every_statement_has_its_places() -> None:
    for item in usual():
        assert "%(" not in said(item)
