"""Edge cases: planted ones are found and graded, and data without any raise no alarm."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pytest

from ai_data_strategy.domain import Evidence
from ai_data_strategy.evidence.decisions import Decisions, failures
from ai_data_strategy.evidence.density import sparse
from ai_data_strategy.evidence.edge_cases import EdgeCase, measure_decisions, register
from ai_data_strategy.evidence.profile import Problem
from ai_data_strategy.tests.evidence_tables import table
from ai_data_strategy.tests.real_data import employment

ROLES = {"device": "context", "locale": "context", "said": "prediction", "sure": "confidence", "true": "outcome", "id": "id"}


def rows(seed: int, n: int = 2000) -> dict[str, list[Any]]:
    """Calibrated decisions whose failures depend on the confidence alone, or on nothing where it is the same for all."""
    draw = np.random.default_rng(seed)
    said = draw.integers(0, 2, n)
    wrong = draw.uniform(size=n) < 0.2
    return {
        "id": list(range(n)),
        "x": draw.normal(size=n).tolist(),
        "y": draw.lognormal(size=n).tolist(),
        "device": [f"d{i}" for i in draw.choice(5, n, p=[0.5, 0.3, 0.18, 0.016, 0.004])],
        "locale": [f"l{i}" for i in draw.choice(3, n, p=[0.6, 0.37, 0.03])],
        "said": said.tolist(),
        "sure": np.where(said == 1, 0.8, 0.2).tolist(),
        "true": np.where(wrong, 1 - said, said).tolist(),
    }


def decided(content: dict[str, list[Any]], roles: dict[str, str] | None = None) -> Decisions:
    opened = table(content, roles or ROLES)
    return Decisions(opened, failures(opened))


def case(cases: list[EdgeCase], name: str) -> EdgeCase | None:
    return next((case for case in cases if case.id == f"s_edge_{name}"), None)


def test_rows_far_from_all_others_are_found() -> None:
    content = rows(1)
    far = [17, 400, 1800]
    for row, x in zip(far, (60.0, -70.0, 55.0), strict=True):
        content["x"][row] = x * 100
        content["y"][row] = 1e9
    found = case(register(decided(content)), "outliers")
    assert found is not None and found.condition == "(__row IN (17, 400, 1800))"
    assert (found.rows, found.likelihood) == (3, 2)


def test_the_same_data_give_the_same_findings() -> None:
    assert list(measure_decisions(decided(rows(2)))) == list(measure_decisions(decided(rows(2))))


def test_a_few_rows_far_away_are_listed_when_there_are_enough_of_them() -> None:
    content = rows(1)
    for row in range(0, 160, 20):
        content["x"][row], content["y"][row] = -9000.0 - row, 1e9
    cases = register(decided(content))
    found = case(cases, "outliers")
    assert found is not None and found.rows == 8 and found.share == pytest.approx(0.4)


def test_a_strange_text_is_far_from_the_others() -> None:
    draw = np.random.default_rng(3)
    words = [f"word{i}" for i in range(200)]
    texts = [" ".join(draw.choice(words, 12)) for _ in range(1000)]
    texts[123] = "%$#@!! 0x0f0f0f 9999999 ==== ;;;; " * 40
    found = sparse(table({"text": texts, "n": list(range(1000))}, {"text": "text"}))
    assert found is not None and found.outliers == [123]


def test_failures_near_the_border_raise_the_severity() -> None:
    draw, content = np.random.default_rng(5), rows(5)
    sure = draw.uniform(size=2000)
    said = (sure >= 0.5).astype(int)
    wrong = draw.uniform(size=2000) < np.where(abs(sure - 0.5) <= 0.1, 0.45, 0.05)
    content |= {"sure": sure.tolist(), "said": said.tolist(), "true": np.where(wrong, 1 - said, said).tolist()}
    found = case(register(decided(content)), "near_border")
    assert found is not None and found.severity == 5 and found.likelihood == 5 and found.score == 25
    assert found.failure_rate is not None and 35 < found.failure_rate < 55
    assert 17 < found.share < 23


def test_sure_decisions_that_fail_more_than_they_promised_are_severe() -> None:
    draw, content = np.random.default_rng(6), rows(6)
    sure = draw.uniform(0.5, 1, size=2000)
    said = np.asarray(content["said"])
    content["sure"] = sure.tolist()
    honest, overconfident = draw.uniform(size=2000) > sure, draw.uniform(size=2000) < 0.3
    calm = case(register(decided(content | {"true": np.where(honest, 1 - said, said).tolist()})), "sure")
    loud = case(register(decided(content | {"true": np.where(overconfident, 1 - said, said).tolist()})), "sure")
    assert calm is not None and calm.severity == 2
    assert loud is not None and loud.severity == 5


def test_a_rare_value_and_a_rare_pair_are_found_and_graded() -> None:
    content = rows(7, 20000)
    device, locale, wrong = np.asarray(content["device"]), np.asarray(content["locale"]), np.zeros(20000, dtype=bool)
    wrong[np.random.default_rng(1).permutation(20000)[:2000]] = True
    wrong |= device == "d4"
    said = np.asarray(content["said"])
    cases = register(decided(content | {"true": np.where(wrong, 1 - said, said).tolist()}))
    pool, named, pair = case(cases, "rare_device"), case(cases, "rare_device_d4"), case(cases, "rare_device_locale")
    assert pool is not None and pool.rows == int((device == "d4").sum()) and pool.severity == 5
    assert named is not None and named.statement == "Rows whose device is d4" and named.failure_rate == 100
    assert pair is not None and pair.rows == int(((device == "d3") & (locale == "l2")).sum()) and pair.severity == 2


def test_severity_follows_the_severity_column() -> None:
    content = rows(8, 40000)
    device = np.asarray(content["device"])
    content["grade"] = np.where(device == "d3", "critical", "low").tolist()
    content["device"] = ["rare" if d == "d3" and i % 4 == 0 else "common" for i, d in enumerate(device)]
    found = case(register(decided(content, ROLES | {"grade": "severity"})), "rare_device")
    assert found is not None and found.severity == 5


def test_labels_that_differ_and_annotators_that_disagree_are_found() -> None:
    content = rows(9, 1000)
    content["first"] = ["a"] * 1000
    content["second"] = ["b" if i < 30 else "A" for i in range(1000)]
    base = decided(content, ROLES | {"first": "label", "second": "label"})
    pairs = {"id": [i // 2 for i in range(2000)], "who": ["p", "q"] * 1000, "label": ["x"] * 2000}
    pairs["label"][41] = "y"
    for i in range(100, 200, 2):
        pairs["label"][i] = "z"
    other = table(pairs, {"id": "id", "who": "annotator", "label": "label"}, "annotations", "ann", beside=base.table)
    cases = register(base, [other])
    labels, annotators = case(cases, "labels_first_second"), case(cases, "annotators_ann")
    assert labels is not None and labels.rows == 30
    assert annotators is not None and annotators.rows == 51


def test_without_failures_the_severity_is_the_middle_and_says_so() -> None:
    content = rows(10)
    del content["true"]
    found = case(register(decided(content)), "rare_device")
    assert found is not None and found.severity == 3 and not found.severity_measured and found.failure_rate is None


def test_data_without_edges_raise_almost_no_alarm() -> None:
    outliers = alarms = 0
    for seed in range(40):
        cases = register(decided(rows(1000 + seed, 1000)))
        outliers += case(cases, "outliers") is not None
        alarms += any(case.severity > 2 for case in cases)
    assert outliers <= 2 and alarms <= 4


@pytest.mark.parametrize("unsuited", ["few rows", "no columns", "one value", "all empty"])
def test_what_cannot_be_measured_gives_no_case(unsuited: str) -> None:
    n = 20 if unsuited == "few rows" else 500
    content: dict[str, list[Any]] = {"id": list(range(n))}
    if unsuited == "one value":
        content |= {"x": [1.0] * n, "device": ["d"] * n}
    if unsuited == "all empty":
        content |= {"x": [None] * (n - 1) + [1.0], "device": [None] * (n - 1) + ["d"], "sure": [float("nan")] * n}
    roles = {"id": "id", "device": "context", "sure": "confidence"}
    assert register(decided(content, roles)) == []


def test_a_confidence_out_of_range_is_a_problem() -> None:
    content = rows(11) | {"sure": [87.0] * 2000}
    found = list(measure_decisions(decided(content)))
    assert any(isinstance(item, Problem) and "sure" in item.text for item in found)


def test_values_cannot_break_out_of_the_query() -> None:
    content = rows(12, 8000)
    device, said = ["d' OR 1=1 --" if i % 250 == 0 else "{t}" if i % 249 == 0 else "d" for i in range(8000)], content["said"]
    wrong = [value.startswith("d'") or value == "{t}" for value in device]
    true = [1 - s if w else s for s, w in zip(said, wrong, strict=True)]
    cases = register(decided(content | {"device": device, "true": true}))
    named = [case for case in cases if "level" in case.places and "other_level" not in case.places]
    assert [(case.rows, case.places["level"]) for case in named] == [(32, "d' OR 1=1 --")]


def test_evidence_of_real_predictions_is_graded_and_reproducible() -> None:
    base = real()
    found = [item for item in measure_decisions(base) if isinstance(item, Evidence)]
    assert len([item for item in found if item.weight == 1]) == 3 and all(
        item.statement and item.method % {"sample": "1"} for item in found
    )
    near = next(item for item in found if item.id == "emp_edge_near_border")
    assert near.value is not None and 8.8 < near.value < 9.1
    again = base.table.db.execute(near.reproduce.replace(base.table.reader, base.table.relation)).fetchall()
    assert again[0][0] == near.value
    rate = next(item for item in found if item.id == "emp_edge_near_border_failures")
    assert rate.value is not None and rate.value > 40


def real() -> Decisions:
    """nannyml's predictions of employment with their outcomes."""
    folder = employment()
    db = duckdb.connect()
    read = db.sql(
        f"SELECT a.*, b.employed FROM read_parquet('{folder}/employment_MA_analysis.pq') a "
        f"JOIN read_parquet('{folder}/employment_MA_analysis_target.pq') b USING (id) ORDER BY id"
    ).to_arrow_table()
    roles = {
        "id": "id", "year": "time", "prediction": "prediction", "predicted_probability": "confidence", "employed": "outcome", "SEX": "group",
        "RAC1P": "group", "CIT": "context", "MIG": "context",
    }  # fmt: skip
    opened = table({name: read[name] for name in read.column_names}, roles, id="emp")
    return Decisions(opened, failures(opened))
