"""Logs of decisions: planted change, peak hours, contexts and words are found; logs without any effect stay quiet."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import duckdb
import numpy as np
import pytest

from ai_data_strategy.domain import Evidence
from ai_data_strategy.evidence.decisions import Decisions, decisions
from ai_data_strategy.evidence.logs import measure_decisions
from ai_data_strategy.evidence.profile import Chart, Found, Problem
from ai_data_strategy.evidence.table import Table
from ai_data_strategy.evidence.templates import measure
from tests.evidence_tables import table
from tests.real_data import employment, fail2ban

WORDS = [a + b for a in "ka lo mi ne pu ra si to vu ze".split() for b in "ban del fin gor hat jum kel lop mer".split()]
ROLES = {
    "id": "id", "user": "entity", "at": "time", "body": "text", "prediction": "prediction", "truth": "outcome", "confidence": "confidence",
    "latency_ms": "latency", "device": "context", "locale": "context", "network": "context",
}  # fmt: skip
BUSY = [8, 9, 10, 11, 14, 15]


def log(seed: int, rows: int = 2500, days: int = 100, step: float = 0.0, android: float = 0.0, slow: float = 0.0, word: float = 0.0, drift: float = 0.0) -> Decisions:  # fmt: skip
    """A log with a failure rate of ten percent and the planted effects: a step on day 60, a device, slow busy hours, a word, later confidence."""
    draw = np.random.default_rng(seed)
    load = np.full(24, 0.5)
    load[BUSY] = 2.0
    day, hour = draw.integers(0, days, rows), draw.choice(24, rows, p=load / load.sum())
    device = draw.choice(["ios", "android", "web"], rows, p=[0.4, 0.35, 0.25])
    texts = [
        " ".join(draw.choice(WORDS, size)) + mark
        for size, mark in zip(draw.integers(4, 12, rows), draw.choice(["", "!"], rows), strict=True)
    ]
    chance = 0.1 + step * (day >= 60) + android * (device == "android") + word * np.array(["kaban" in text for text in texts])
    truth, wrong = draw.integers(0, 3, rows), draw.random(rows) < chance
    content: dict[str, Any] = {
        "id": list(range(rows)),
        "user": [f"u{user}" for user in draw.integers(0, rows // 5, rows)],
        "at": [datetime(2025, 1, 1) + timedelta(days=int(d), hours=int(h), seconds=int(s)) for d, h, s in zip(day, hour, draw.integers(0, 3600, rows), strict=True)],
        "body": texts,
        "prediction": [f"c{(one + 1) % 3 if bad else one}" for one, bad in zip(truth, wrong, strict=True)],
        "truth": [f"c{one}" for one in truth],
        "confidence": (draw.beta(9, 1, rows) - drift * (day >= 60) * 0.3).clip(0, 1).tolist(),
        "latency_ms": (draw.lognormal(5.5, 0.6, rows) * np.where(np.isin(hour, BUSY), 1 + slow, 1)).tolist(),
        "device": device.tolist(),
        "locale": draw.choice(["en", "de", "fr", "es", "it"], rows).tolist(),
        "network": draw.choice(["wifi", "lte"], rows).tolist(),
    }  # fmt: skip
    joined = decisions([table(content, ROLES)])
    assert joined is not None
    return joined


def by_name(found: list[Found]) -> dict[str, Evidence]:
    return {one.id.removeprefix("s_"): one for one in found if isinstance(one, Evidence)}


@cache
def planted() -> tuple[Found, ...]:
    return tuple(measure_decisions(log(0, rows=8000, step=0.1, android=0.1, slow=0.8, word=0.4, drift=1.0)))


def test_a_step_of_the_failure_rate_is_dated() -> None:
    found = [one for name, one in by_name(list(planted())).items() if name.startswith("change_failure")]
    assert len(found) == 1 and found[0].weight == 1
    assert abs((date.fromisoformat(found[0].places["day"]) - date(2025, 3, 2)).days) <= 3
    assert found[0].value == pytest.approx(10, abs=3)


def test_latency_in_busy_hours_is_found_in_seconds() -> None:
    found = by_name(list(planted()))["peak_latency"]
    assert found.unit == "second" and found.weight == 1 and found.low is not None and 0.1 < found.low < (found.value or 0) < 1.5


def test_the_planted_context_and_no_other_is_an_effect() -> None:
    found = {name: one for name, one in by_name(list(planted())).items() if name.startswith("context_wrong")}
    assert {one.places["column"] for one in found.values()} == {"device"}
    android = found["context_wrong_prediction_device_android"]
    assert (
        android.value == pytest.approx(10, abs=3)
        and android.low is not None
        and android.high is not None
        and android.low < 10 < android.high
    )


def test_the_planted_word_is_found_with_its_phrases_only() -> None:
    terms = [one.places["term"] for name, one in by_name(list(planted())).items() if name.startswith("term_")]
    assert terms[0] == "kaban" and all("kaban" in term for term in terms)


def test_drift_of_the_confidence_is_told_from_the_rest() -> None:
    found = by_name(list(planted()))
    assert found["drifted_columns"].value == 1 and "more than chance" in found["psi_confidence"].message
    assert "within chance" in found["psi_device"].message


def test_figures_are_those_of_the_rows() -> None:
    log_ = log(0, rows=8000, step=0.1, android=0.1, slow=0.8, word=0.4, drift=1.0)
    found = by_name(list(planted()))
    latencies = np.array([row[0] for row in log_.table.ask("SELECT latency_ms FROM {t}")]) / 1000
    assert found["latency_p95"].value == pytest.approx(np.quantile(latencies, 0.95))
    assert found["pairs"].value == 100 and found["volume_day"].value == pytest.approx(80)
    assert sum(one.weight == 1 for one in found.values()) <= 5
    charts = {one.id: one for one in planted() if isinstance(one, Chart)}
    assert len(charts["s_failure_over_time"].spec["layer"]) == 3
    assert sum(point["share"] for point in charts["s_volume_by_hour"].spec["data"]["values"]) == pytest.approx(100, abs=0.1)


def test_the_same_log_gives_the_same_evidence() -> None:
    first, second = ([one.model_dump_json() for one in measure_decisions(log(5))] for _ in range(2))
    assert first == second and len({one.id for one in measure_decisions(log(5)) if isinstance(one, Evidence | Chart)}) == len(first)


def test_logs_without_effects_stay_quiet() -> None:
    alarms = Counter[str]()
    for seed in range(100, 115):
        found = by_name(list(measure_decisions(log(seed))))
        alarms["drift"] += int(found["drifted_columns"].value or 0)
        alarms["context"] += int(found["context_effects"].value or 0)
        alarms["change"] += sum(name.startswith("change_") for name in found)
        alarms["word"] += sum(name.startswith("term_") for name in found)
        alarms["peak"] += sum(found[name].weight == 1 for name in ("peak_failure", "peak_latency"))
        alarms["trend"] += found["failure_trend"].message.startswith("Slow")
    assert alarms.total() <= 1, alarms


def test_entities_that_fail_together_are_no_context_effect() -> None:
    """Every entity uses one device and fails often or never: rows alone would show an effect of the device."""
    alarms = 0
    for seed in range(20):
        draw = np.random.default_rng(seed)
        user = draw.integers(0, 60, 3000)
        fails, device = draw.random(60) < 0.2, draw.choice(["a", "b", "c"], 60)
        error = np.where(draw.random(3000) < 0.8 * fails[user], "timeout", "ok")
        content = {"user": user.tolist(), "error": error.tolist(), "device": device[user].tolist()}
        one = decisions([table(content, {"user": "entity", "error": "error", "device": "context"})])
        assert one is not None
        alarms += bool(by_name(list(measure_decisions(one)))["context_effects"].value)
    assert alarms <= 1


def test_personal_words_are_not_shown() -> None:
    """One customer's name in every failing text stays unseen; so does an address that many use."""
    texts = [f"please help {'margarethe anna@x.org 0170' if row % 4 == 0 else 'now'} again" for row in range(800)]
    users = ["one" if row % 4 == 0 else f"u{row % 90}" for row in range(800)]
    content = {"user": users, "body": texts, "error": ["failed" if row % 4 == 0 else "ok" for row in range(800)]}
    one = decisions([table(content, {"user": "entity", "body": "text", "error": "error"})])
    assert one is not None
    whole = " ".join(found.model_dump_json() for found in measure_decisions(one))
    assert "margarethe" not in whole and "anna" not in whole and "0170" not in whole


def test_a_log_without_times_says_so() -> None:
    one = decisions([table({"error": ["ok", "failed"] * 100}, {"error": "error"})])
    assert one is not None
    problems = [found for found in measure_decisions(one) if isinstance(found, Problem)]
    assert ["no column tells when" in problem.text for problem in problems] == [True]


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_tiny_logs_claim_nothing(rows: int) -> None:
    content = {name: values[:rows] for name, values in {
        "at": [datetime(2025, 1, day) for day in (1, 2, 3)], "prediction": ["a", None, "b"], "truth": ["a", "b", None],
        "confidence": [0.5, float("nan"), None], "latency_ms": [1.0, float("inf"), None], "device": [None, "x", "y"], "body": ["", None, "z"],
    }.items()}  # fmt: skip
    one = decisions([table(content, {**ROLES})]) if rows else None
    for found in measure_decisions(one) if one else ():
        assert not isinstance(found, Evidence) or not found.id.startswith(("s_change", "s_context_w", "s_drift", "s_term"))


@cache
def employed() -> tuple[Decisions, dict[str, np.ndarray]]:
    """Nannyml's predictions of four years, their targets joined by id by the decisions themselves."""
    files, db = employment(), duckdb.connect()
    columns = "id, year, prediction, predicted_probability, SEX, RAC1P"
    predictions = db.execute(
        f"SELECT {columns} FROM read_parquet('{files}/employment_MA_reference.pq') UNION ALL SELECT {columns} FROM read_parquet('{files}/employment_MA_analysis.pq') ORDER BY id"
    ).fetchnumpy()
    targets = db.execute(
        f"SELECT id, employed FROM read_parquet('{files}/employment_MA_reference.pq') UNION ALL SELECT id, employed FROM read_parquet('{files}/employment_MA_analysis_target.pq') ORDER BY id"
    ).fetchnumpy()
    roles = {
        "id": "id",
        "year": "time",
        "prediction": "prediction",
        "predicted_probability": "confidence",
        "SEX": "group",
        "RAC1P": "group",
    }
    base = table({name: values.tolist() for name, values in predictions.items()}, roles)
    truth = table(
        {name: values.tolist() for name, values in targets.items()},
        {"id": "id", "employed": "outcome"},
        kind="feedback",
        id="truth",
        beside=base,
    )
    one = decisions([base, truth])
    assert one is not None and one.joined == ("truth",)
    return one, {**predictions, **targets}


def test_employment_rates_by_year_and_group_are_those_of_the_data() -> None:
    one, content = employed()
    found = list(measure_decisions(one))
    named, wrong = by_name(found), content["prediction"] != content["employed"]
    points = next(one for one in found if isinstance(one, Chart) and "over_time" in one.id).spec["data"]["values"]
    assert {point["start"][:4]: point["rate"] for point in points} == {
        str(year): pytest.approx(100 * wrong[content["year"] == year].mean(), abs=0.001) for year in (2015, 2016, 2017, 2018)
    }
    assert named["drifted_columns"].value == 0, "PSI stays under 0.01 in all columns from 2015 to 2018"
    women = next(one for one in named.values() if one.places.get("column") == "SEX" and one.unit == "point")
    assert women.places["level"] == "2"
    sex = content["SEX"].astype(str)
    assert women.value == pytest.approx(100 * (wrong[sex == "2"].mean() - wrong[sex == "1"].mean()), abs=1e-6)
    assert 0 < (named["calibration_error"].value or 0) < 2


def lines() -> Table:
    folder = fail2ban() / "usr/lib/python3/dist-packages/fail2ban/tests/files/logs"
    texts = [line for path in sorted(folder.iterdir()) if path.is_file() for line in path.read_text("utf-8", "replace").splitlines()]
    return table({"line": [text for text in texts if text and not text.startswith("#")]}, {"line": "text"}, kind="product_logs")


def test_templates_of_real_service_logs() -> None:
    found = by_name(list(measure(lines())))
    assert 50 < (found["templates"].value or 0) < (found["templates"].rows or 0) * 0.8
    assert 10 < (found["error_like"].value or 0) < 90
    assert not [name for name in found if name.startswith("template_")], "without an entity column no wording is shown"


def test_a_new_template_late_in_time_is_counted() -> None:
    draw = np.random.default_rng(0)
    texts = [
        f"user {draw.integers(1e6)} opened page {draw.integers(90)}" if row < 1900 or row % 2 else f"disk sd{row} is full again"
        for row in range(2000)
    ]
    times = [datetime(2025, 1, 1) + timedelta(minutes=row) for row in range(2000)]
    found = by_name(list(measure(table({"at": times, "line": texts}, {"at": "time", "line": "text"}, kind="product_logs"))))
    assert found["templates"].value == 2 and found["templates_new"].value == 1
    assert found["templates_new_lines"].value == pytest.approx(25, abs=1)
