"""Failures: rates, confusions, planted clusters with their first class, priority, and the replay set."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ai_data_strategy.domain import Evidence
from ai_data_strategy.evidence.clusters import Cluster, clusters, first_class
from ai_data_strategy.evidence.decisions import Decisions, decisions
from ai_data_strategy.evidence.failures import measure_decisions
from ai_data_strategy.evidence.profile import Chart, Found, PiiShare, Problem
from ai_data_strategy.evidence.replay_set import replay_set
from tests.evidence_tables import table

ROLES = {
    "user": "entity",
    "body": "text",
    "prediction": "prediction",
    "truth": "outcome",
    "confidence": "confidence",
    "error": "error",
    "version": "context",
}
TOPICS = {
    "invoice": "invoice payment card charged refund money".split(),
    "parcel": "parcel delivery courier late lost street".split(),
    "login": "password login reset locked account code".split(),
    "gdpr": "erasure privacy consent export deletion officer".split(),
}


def tickets(seed: int = 0, rows: int = 6000, planted: bool = True) -> Decisions:
    """Tickets on four topics. Planted: parcels fail with confidence, gdpr is rare and fails in doubt, logins end in an error."""
    draw = np.random.default_rng(seed)
    topics = draw.choice(list(TOPICS), rows, p=[0.49, 0.25, 0.24, 0.02] if planted else [0.25] * 4)
    rate = {"invoice": 0.01, "parcel": 0.2, "login": 0.01, "gdpr": 0.6} if planted else dict.fromkeys(TOPICS, 0.1)
    wrong = draw.random(rows) < np.array([rate[topic] for topic in topics])
    error = (topics == "login") & (draw.random(rows) < 0.12) & planted
    sure = np.where(topics == "gdpr", draw.uniform(0.3, 0.5, rows), draw.uniform(0.6, 0.9, rows))
    names = list(TOPICS)
    content: dict[str, Any] = {
        "ticket": list(range(rows)),
        "at": [datetime(2025, 3, 1) + timedelta(minutes=17 * row) for row in range(rows)],
        "user": [f"u{user}" for user in draw.integers(0, rows // 3, rows)],
        "body": [" ".join(draw.choice(TOPICS[topic], 5)) + f" ref{row} mail{row}@example.org" for row, topic in enumerate(topics)],
        "prediction": [names[(names.index(topic) + 1) % 4] if bad else topic for topic, bad in zip(topics, wrong, strict=True)],
        "truth": topics.tolist(),
        "confidence": (np.where((topics == "parcel") & wrong, 0.95, sure) if planted else sure).tolist(),
        "error": np.where(error, "timeout", "ok").tolist(),
        "version": draw.choice(["1.0", "1.1"], rows).tolist(),
    }
    one = decisions([table(content, {"ticket": "id", "at": "time", **ROLES})])
    assert one is not None
    return one


@cache
def found_clusters() -> tuple[Cluster, ...]:
    return tuple(clusters(tickets()))


def by_name(found: list[Found]) -> dict[str, Evidence]:
    return {one.id.removeprefix("s_"): one for one in found if isinstance(one, Evidence)}


def cluster_of(word: str) -> Cluster:
    return next(cluster for cluster in found_clusters() if set(cluster.terms) & set(TOPICS[word]))


def test_rates_and_confusions_are_counted_by_kind() -> None:
    one = tickets()
    found = by_name(list(measure_decisions(one)))
    wrong, errors, rows = (
        one.table.one(f"SELECT count(*) FILTER ({sql}) FROM {{t}}") for sql in ("prediction <> truth", "error = 'timeout'", "true")
    )
    assert found["failure_rate_wrong_prediction"].value == pytest.approx(100 * wrong / rows)
    assert found["failure_rate_error"].value == pytest.approx(100 * errors / rows)
    assert found["confusion_login_parcel"].weight == 2 and (found["confusion_login_parcel"].value or 0) > 60
    assert one.table.db.execute(found["failure_rate_error"].reproduce.replace(one.table.reader, "s")).fetchall() == [
        (pytest.approx(100 * errors / rows),)
    ]


@pytest.mark.parametrize(("topic", "cause"), [("parcel", "model flaw"), ("login", "external noise"), ("gdpr", "data scarcity")])
def test_planted_clusters_get_their_terms_and_first_class(topic: str, cause: str) -> None:
    cluster = cluster_of(topic)
    assert set(cluster.terms) <= set(TOPICS[topic]) and len(cluster.terms) >= 3
    assert cluster.first_class == cause


def test_the_largest_share_of_severity_comes_first() -> None:
    found = found_clusters()
    assert [cluster.priority for cluster in found] == sorted((cluster.priority for cluster in found), reverse=True)
    assert found[0] is cluster_of("parcel")


def test_alike_topics_are_no_models_flaw() -> None:
    """Where all topics fail alike, no cluster is called a flaw or scarce."""
    named = [cluster.first_class for seed in range(5) for cluster in clusters(tickets(seed, planted=False))]
    assert len(named) >= 5 and sum(name != "unclear" for name in named) <= 1, named


def test_the_rule_of_the_first_class() -> None:
    assert first_class(0.5, True, True, True) == "external noise"
    assert first_class(0.1, True, True, False) == "data scarcity"
    assert first_class(0.1, False, False, True) == "model flaw"
    assert first_class(0.1, True, False, True) == "unclear"


def test_without_text_cells_of_outcome_and_prediction_are_the_clusters() -> None:
    draw = np.random.default_rng(0)
    truth = draw.choice(["a", "b", "c"], 4000)
    wrong = draw.random(4000) < np.where(truth == "b", 0.3, 0.02)
    said = np.where(wrong, np.where(truth == "b", "c", "a"), truth)
    one = decisions(
        [
            table(
                {"said": said.tolist(), "truth": truth.tolist(), "severity": ["high"] * 4000},
                {"said": "prediction", "truth": "outcome", "severity": "severity"},
            )
        ]
    )
    assert one is not None
    first = clusters(one)[0]
    assert first.terms == ("truth=b", "said=c") and first.first_class == "model flaw" and first.severity == 3


def test_every_cluster_has_its_evidence_and_its_bar() -> None:
    found = list(measure_decisions(tickets()))
    named = by_name(found)
    assert {
        "cluster_1",
        "cluster_1_support",
        "cluster_1_like_failed",
        "cluster_1_noise",
        "cluster_1_confident",
        "cluster_1_priority",
    } <= set(named)
    assert [named[f"cluster_{number}"].weight for number in (1, 2, 3)] == [1, 1, 1]
    bars = {point["class"] for one in found if isinstance(one, Chart) and "first_class" in one.id for point in one.spec["data"]["values"]}
    assert {"model flaw", "external noise", "data scarcity"} <= bars
    assert "@" not in " ".join(one.model_dump_json() for one in found).replace("@example", "@") or "mail" not in str(found)


def test_decisions_that_cannot_fail_are_a_problem() -> None:
    one = decisions([table({"said": ["a"] * 50}, {"said": "prediction"})])
    assert one is not None
    assert [type(found) for found in measure_decisions(one)] == [Problem]


def test_the_replay_set_is_frozen_whole_and_the_same_again(tmp_path: Path) -> None:
    one = tickets()
    path = replay_set(one, tmp_path / "first", 100)
    manifest = json.loads((tmp_path / "first" / "replay.manifest.json").read_text())
    cases = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert manifest["sha256"] == sha256(path.read_bytes()).hexdigest() and manifest["rows"] == len(cases) == 100
    assert manifest["rows_by_kind"] == {kind: sum(case["kind"] == kind for case in cases) for kind in ("error", "wrong_prediction")}
    assert all(
        case["expected"] == case["case"]["truth"] != case["case"]["prediction"] for case in cases if case["kind"] == "wrong_prediction"
    )
    assert all(case["pass_rule"] == "no_longer_fails" for case in cases if case["kind"] == "error")
    assert {case["cluster"] for case in cases} >= {1, 2, 3} and manifest["environment"]["contexts"]["version"]
    assert replay_set(tickets(), tmp_path / "second", 100).read_bytes() == path.read_bytes()


def test_the_replay_set_leaves_persons_out(tmp_path: Path) -> None:
    one = tickets()
    pii = [PiiShare(kind="email", hits=9, sampled=10)]
    columns = tuple(column.model_copy(update={"pii": pii}) if column.name == "body" else column for column in one.table.columns)
    object.__setattr__(one.table, "columns", columns)
    path = replay_set(one, tmp_path)
    assert "example.org" not in path.read_text("utf-8") and '"user"' not in path.read_text("utf-8")
    assert set(json.loads((tmp_path / "replay.manifest.json").read_text())["left_out"]) == {"body", "user"}


def test_a_replay_set_without_failures_is_empty(tmp_path: Path) -> None:
    one = decisions([table({"said": ["a"] * 50, "true": ["a"] * 50}, {"said": "prediction", "true": "outcome"})])
    assert one is not None and replay_set(one, tmp_path).read_text() == ""
