"""Quality: planted faults are found with their size, real duplicates and label errors with precision and recall, and no-effect data stay quiet."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from ai_data_strategy.domain import Evidence
from ai_data_strategy.evidence import duplicates, inventory, label_noise, quality
from ai_data_strategy.evidence.profile import Chart, Found
from ai_data_strategy.evidence.roles import with_roles
from ai_data_strategy.evidence.table import Table
from ai_data_strategy.tests.evidence_tables import table
from ai_data_strategy.tests.real_data import febrl

START = datetime(2026, 1, 1)
TODAY = date(2026, 3, 1)


def _measured(given: Table) -> list[Found]:
    return list(quality.measure(given, inventory.profiled(given), TODAY))


def _values(found: list[Found]) -> dict[str, Evidence]:
    return {item.id: item for item in found if isinstance(item, Evidence)}


def test_planted_gaps_repeats_and_age() -> None:
    rows = 2_000
    cells = {
        "at": [START + timedelta(minutes=at) for at in range(rows)],
        "text": [None if at % 8 == 0 else f"message {at}" for at in range(rows)],
        "same": ["x"] * rows,
        "nothing": [None] * (rows - 1) + [""],
    }
    cells = {name: [*values, *values[:100]] for name, values in cells.items()}
    found = _values(_measured(table(cells, roles={"at": "time", "text": "text"})))
    assert found["s_missing_text"].value == pytest.approx(100 * (250 + 13) / 2_100) and found["s_missing_text"].weight == 1
    assert found["s_repeated_rows"].value == 100
    assert found["s_staleness"].value == (TODAY - (START + timedelta(minutes=1_999)).date()).days
    assert {"s_constant_same", "s_constant_nothing"} <= set(found)


def test_rows_in_the_future_do_not_make_a_source_fresh() -> None:
    found = _values(_measured(table({"at": [START, START + timedelta(days=10), datetime(9999, 12, 31)]}, roles={"at": "time"})))
    assert found["s_future_rows"].value == 1 and found["s_staleness"].value == 49


def test_repeats_but_for_the_key() -> None:
    texts = [f"unique message {at}" for at in range(900)] + ["sent twice"] * 100
    found = _values(
        _measured(table({"id": list(range(1_000)), "text": texts, "from": ["web"] * 1_000}, roles={"id": "id", "text": "text"}))
    )
    assert found["s_repeated_but_for_key"].value == pytest.approx(9.9) and found["s_repeated_rows"].value == 0


def _sentences(rows: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    words = [f"word{at}" for at in range(3_000)]
    return [" ".join(draw.choices(words, k=25)) for _ in range(rows)]


def test_near_copies_are_found_and_different_texts_are_not() -> None:
    texts = _sentences(1_000, 1)
    copies = [text + " today" for text in texts[:150]]
    found = _values(_measured(table({"body": texts + copies}, roles={"body": "text"})))
    assert found["s_near_copies_body"].value == pytest.approx(100 * 300 / 1_150, abs=1.5)
    assert _values(_measured(table({"body": _sentences(1_000, 2)}, roles={"body": "text"})))["s_near_copies_body"].value == 0


def test_class_shares_rare_classes_and_charts() -> None:
    labels = ["billing"] * 6_000 + ["login"] * 3_970 + ["fraud"] * 30
    found = _measured(table({"label": labels, "gap": [None, 1] * 5_000}, roles={"label": "label"}))
    values = _values(found)
    assert values["s_smallest_label"].value == pytest.approx(0.3) and values["s_smallest_label"].places["group"] == "fraud"
    assert values["s_rare_label"].value == 1
    charts = {item.id: item for item in found if isinstance(item, Chart)}
    assert charts["s_completeness"].spec["data"]["values"] == [{"name": "gap", "share": 50.0}]
    assert [bar["share"] for bar in charts["s_classes_label"].spec["data"]["values"]] == [60.0, 39.7, 0.3]


def _with_leak(seed: int, leak: bool, rows: int = 600) -> Table:
    draw = np.random.default_rng(seed)
    outcome = draw.integers(0, 2, rows)
    cells: dict[str, list[Any]] = {f"n{at}": draw.normal(size=rows).tolist() for at in range(3)}
    cells |= {"plan": draw.choice(list("abcd"), rows).tolist(), "related": (outcome + draw.normal(size=rows)).tolist()}
    if leak:
        cells |= {
            "closed_code": [f"c{value}{draw.integers(0, 3)}" for value in outcome],
            "refund": (outcome * 50 + draw.random(rows)).tolist(),
        }
    return table({"outcome": outcome.tolist(), **cells}, roles={"outcome": "outcome"})


def test_leaking_columns_are_named() -> None:
    given = _with_leak(1, leak=True)
    leaks = [item for item in quality.leaks(given, inventory.profiled(given)) if isinstance(item, Evidence)]
    assert {item.places["column"] for item in leaks} == {"closed_code", "refund"}


def test_no_leak_is_seen_where_there_is_none() -> None:
    """Control: 25 sources with a related column (70 % right) and noise."""
    alarms = sum(
        len(list(quality.leaks(given, inventory.profiled(given)))) for given in (_with_leak(seed, leak=False) for seed in range(50))
    )
    assert alarms == 0


def _digits(flipped: int) -> tuple[Table, set[int]]:
    from sklearn.datasets import load_digits

    cells, labels = load_digits(return_X_y=True)
    draw = np.random.default_rng(1)
    wrong = draw.choice(len(labels), flipped, replace=False)
    labels[wrong] = (labels[wrong] + draw.integers(1, 10, flipped)) % 10
    columns = {f"p{at}": cells[:, at].tolist() for at in range(64)}
    return table({"label": [str(label) for label in labels], **columns}, roles={"label": "label"}, id="digits"), set(wrong.tolist())


def test_flipped_labels_of_real_digits(capsys: pytest.CaptureFixture[str]) -> None:
    given, wrong = _digits(142)
    profile = inventory.profiled(given)
    (found,) = [item for item in label_noise.measure(given, profile) if isinstance(item, Evidence)]
    assert found.low is not None and found.high is not None and found.low <= 100 * 142 / 1_797 <= found.high
    labels = np.array([int(row[0]) for row in given.ask("SELECT label FROM {t} ORDER BY __row")])
    numbers = [column for column in profile.columns if column.name != "label"]
    cells = given.ask("SELECT " + ", ".join(f'CAST("{column.name}" AS DOUBLE)' for column in numbers) + " FROM {t} ORDER BY __row")
    suspected = set(label_noise.suspects(labels, np.array(cells) / 16).positions)
    precision, recall = len(suspected & wrong) / len(suspected), len(suspected & wrong) / len(wrong)
    with capsys.disabled():
        print(f"\ndigits, 142 flipped labels: precision {precision:.3f}, recall {recall:.3f}")  # noqa: T201 (the figure is what one wants to see)
    assert precision > 0.7 and recall > 0.75


def test_clean_labels_give_few_suspects_and_noise_gives_no_claim() -> None:
    given, _ = _digits(0)
    (found,) = [item for item in label_noise.measure(given, inventory.profiled(given)) if isinstance(item, Evidence)]
    assert found.value is not None and found.value < 1
    draw = np.random.default_rng(3)
    for _ in range(10):
        cells = {f"n{at}": draw.normal(size=600).tolist() for at in range(5)}
        noise = table({"label": draw.choice(["a", "b"], 600).tolist(), **cells}, roles={"label": "label"})
        assert not list(label_noise.measure(noise, inventory.profiled(noise)))


def _persons(name: str) -> tuple[Table, list[str]]:
    with open(febrl() / f"{name}.csv", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, skipinitialspace=True))
    given = with_roles(table({column: [row[column] for row in rows] for column in rows[0]}, id=name))
    return given, [row["rec_id"].split("-")[1] for row in rows]


@pytest.mark.parametrize(("name", "least_recall"), [("dataset1", 0.85), ("dataset3", 0.85)])
def test_real_duplicates_of_persons(name: str, least_recall: float, capsys: pytest.CaptureFixture[str]) -> None:
    given, persons = _persons(name)
    profile = inventory.profiled(given)
    columns = [column for group in duplicates.entity_columns(profile).values() for column in group][:10]
    pairs = duplicates.likely_pairs(duplicates._records(given, columns, profile.rows), [f"c{at}" for at in range(len(columns))])
    right = sum(persons[one] == persons[other] for one, other in pairs)
    true = sum(count * (count - 1) // 2 for count in Counter(persons).values())
    with capsys.disabled():
        print(f"\nFEBRL {name}: {len(pairs)} pairs, {true} true, precision {right / len(pairs):.4f}, recall {right / true:.3f}")  # noqa: T201 (the figure is what one wants to see)
    assert right / len(pairs) > 0.99 and right / true > least_recall


def test_persons_without_duplicates() -> None:
    """Control: FEBRL's 5,000 originals have no duplicates."""
    given, _ = _persons("dataset4a")
    found = _values(list(duplicates.measure(given, inventory.profiled(given))))
    pairs = next(item for id_, item in found.items() if id_.endswith("duplicate_pairs"))
    assert pairs.value == 0


def test_overlap_between_sources() -> None:
    tickets = table({"ticket_id": list(range(1_000))}, roles={"ticket_id": "id"}, id="tickets")
    labels = table({"ticket_id": [str(at) for at in range(900, 1_100)]}, roles={"ticket_id": "id"}, id="labels", beside=tickets)
    found = _values(list(quality.measure_all([tickets, labels])))
    assert sorted((item.source, item.value) for item in found.values()) == [("labels", 50.0), ("tickets", 10.0)]


def test_clean_data_give_no_alarm() -> None:
    """Control: 25 sources without faults; no evidence of gaps, repeats, constants, leaks or rare classes, and the same bytes twice."""
    alarms, words = 0, ("missing", "constant", "leak", "rare", "future", "label_noise", "duplicate_entities")
    for seed in range(25):
        draw = np.random.default_rng(seed)
        cells = {
            "id": list(range(300)),
            "at": [START + timedelta(hours=at) for at in range(300)],
            "n": draw.normal(size=300).tolist(),
            "label": ["a", "b", "c"] * 100,
        }
        given = table(cells, roles={"id": "id", "at": "time", "label": "label"})
        found = _measured(given)
        alarms += sum(
            any(id_.startswith(f"s_{word}") for word in words) or (id_.startswith("s_repeated") and item.value != 0)
            for id_, item in _values(found).items()
        )
        if seed == 0:
            assert [item.model_dump_json() for item in found] == [item.model_dump_json() for item in _measured(given)]
    assert alarms == 0


def test_odd_names_and_values_stay_apart_and_on_one_line() -> None:
    cells = {'a"b; DROP': ["x", None], "名前": [None, 1], "年齢": [None, 2], "l": ["a\nb<script>", "c"]}
    found = _measured(table(cells, roles={"l": "label"}))
    ids = [item.id for item in found if isinstance(item, Evidence)]
    assert len(ids) == len(set(ids)) and not any(
        "\n" in json.dumps(item.places, ensure_ascii=False) for item in found if isinstance(item, Evidence)
    )


def test_an_empty_source_gives_nothing() -> None:
    assert not _measured(table({"a": []}))
