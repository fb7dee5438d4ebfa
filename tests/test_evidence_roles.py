"""Roles of columns and kinds of sources: what the manifest says, what names and content give away, and what stays `other`."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from ai_data_strategy.evidence.roles import role_problems, with_roles, words_of
from ai_data_strategy.tests.evidence_tables import table

START = datetime(2026, 1, 1)


def _tickets(rows: int = 400) -> dict[str, list[Any]]:
    draw = random.Random(1)
    return {
        "ticketId": list(range(rows)),
        "customer_id": [draw.randrange(90) for _ in range(rows)],
        "closed_at": [START + timedelta(hours=at + 5) for at in range(rows)],
        "created_at": [START + timedelta(hours=at) for at in range(rows)],
        "body": [f"The parcel number {draw.randrange(10_000)} never reached me and I wait" for _ in range(rows)],
        "category": [draw.choice(["billing", "login", "shipping"]) for _ in range(rows)],
        "predicted_category": [draw.choice(["billing", "login", "shipping"]) for _ in range(rows)],
        "predicted_proba": [draw.random() for _ in range(rows)],
        "sex": [draw.choice("mf") for _ in range(rows)],
        "app_version": [draw.choice(["1.2", "1.3"]) for _ in range(rows)],
        "response_time_ms": [draw.randrange(900) for _ in range(rows)],
        "thumbs": [draw.choice(["up", "down"]) for _ in range(rows)],
        "amount": [draw.random() * 300 for _ in range(rows)],
    }


def test_names_and_content_give_roles() -> None:
    known = with_roles(table(_tickets(), id="helpdesk"))
    assert {column.name: column.role for column in known.columns} == {
        "ticketId": "id", "customer_id": "entity", "closed_at": "other", "created_at": "time", "body": "text", "category": "label",
        "predicted_category": "prediction", "predicted_proba": "confidence", "sex": "group", "app_version": "context",
        "response_time_ms": "latency", "thumbs": "feedback", "amount": "other",
    }  # fmt: skip
    assert known.kind == "predictions" and all(column.role_reason for column in known.columns)


@pytest.mark.parametrize(
    ("name", "values", "role"),
    [
        ("Geschlecht", ["m", "w", "d"], "group"), ("erstellt_am", [START + timedelta(days=at) for at in range(7)], "time"),
        ("étiquette", ["a", "b"], "label"), ("Antwortzeit", [10, 20, 35], "latency"), ("Bewertung", [1, 2, 3, 4, 5], "feedback"),
        ("dispositivo", ["movil", "web"], "context"), ("Vorhersage", ["ja", "nein"], "prediction"), ("anotador", ["a1", "a2"], "annotator"),
        ("Wahrscheinlichkeit", [0.1, 0.4, 0.9], "confidence"), ("gravedad", [1, 2, 3], "severity"),
        ("confidence", [10.0, 55.0, 99.0], "other"), ("severity_text_id", list(range(200)), "id"), ("colour", ["red", "blue"], "other"),
        ("error_rate", [0.1, 0.25, 0.7], "other"), ("geburtsdatum", [START - timedelta(days=900 * at) for at in range(9)], "other"),
        ("x7", ["yes", "no"], "other"), ("status", ["open", "closed"], "other"),
    ],
)  # fmt: skip
def test_lexicon_in_four_languages_and_unsure_stays_other(name: str, values: list[Any], role: str) -> None:
    rows = values * (1 if len(values) > 100 else 200 // len(values))
    assert with_roles(table({name: rows})).columns[0].role == role


def test_the_manifest_wins_and_a_missing_column_is_a_problem() -> None:
    given = table(_tickets(), id="helpdesk", kind="tickets", roles=None)
    entry = given.entry.model_copy(update={"roles": {"amount": "outcome", "nowhere": "group"}, "kind": "tickets"})
    from dataclasses import replace

    known = with_roles(replace(given, entry=entry))
    amount = next(column for column in known.columns if column.name == "amount")
    assert (amount.role, amount.role_reason, known.kind, known.kind_reason) == ("outcome", "manifest", "tickets", "manifest")
    assert [problem.text for problem in role_problems(known)] == [
        "helpdesk: the manifest gives the role group to the column nowhere, which is not there; correct the name under roles in the manifest"
    ]


def test_an_item_key_that_repeats_is_the_id_of_annotations() -> None:
    rows = [(item, rater) for item in range(100) for rater in range(4)]
    known = with_roles(
        table({"item_id": [i for i, _ in rows], "rater": [f"r{r}" for _, r in rows], "label": [str(i % 3) for i, _ in rows]})
    )
    assert [column.role for column in known.columns] == ["id", "annotator", "label"] and known.kind == "annotations"


def test_no_role_is_seen_in_meaningless_columns() -> None:
    """Control: 300 columns of random content with meaningless names; none may get a role."""
    draw, alarms = random.Random(5), 0
    for _ in range(25):
        rows: dict[str, list[Any]] = {}
        for at in range(12):
            name = "".join(draw.choice("bcdfghjklmnpqrstvwxz") for _ in range(5)) + str(at)
            kinds = [lambda: draw.random(), lambda: draw.randrange(5), lambda: draw.choice("abc"), lambda: draw.randrange(10**9)]
            make = kinds[at % 4]
            rows[name] = [make() for _ in range(120)]
        alarms += sum(column.role != "other" for column in with_roles(table(rows)).columns)
    assert alarms == 0


@pytest.mark.parametrize(
    ("name", "words"), [("customerID", ("customer", "id")), ("Größe cm2", ("groesse", "cm", "2")), ("HTTPStatus", ("http", "status"))]
)
def test_words_of_names(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words
