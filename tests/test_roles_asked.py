"""Guessed roles of columns are asked about, and a no leaves out what rests on them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli import Cli

BRIEF = "Quillmark sells a helpdesk product to 230 companies in Germany. Each new ticket should be routed to one of four queues, about 900 a day."


@pytest.fixture
def guessed(tmp_path: Path) -> Path:
    """Decisions whose columns are told by their names alone."""
    rows = ["ticket_id,created_at,predicted_queue,true_outcome"]
    for number in range(300):
        said, true = "billing", "access" if number % 5 == 0 else "billing"
        rows.append(f"{number},2026-0{1 + number // 60}-{1 + number % 28:02d} 10:00:00,{said},{true}")
    path = tmp_path / "tickets.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def drafted(cli: Cli, path: Path, answer: str) -> dict[str, object]:
    (cli.folder / "answers.json").write_text(json.dumps({"roles_of_columns": answer}))
    done = cli("draft", BRIEF, "--data", str(path), "--answers", "answers.json", "--out", "out", "--today", "2026-11-21")
    assert done.returncode == 0, done.stderr
    return dict(json.loads((cli.folder / "out" / "strategy.json").read_text("utf-8")))


def test_the_question_names_the_columns(cli: Cli, guessed: Path) -> None:
    done = cli("draft", BRIEF, "--data", str(guessed), "--json")
    question = next(item for item in json.loads(done.stdout)["questions"] if item["id"] == "roles_of_columns")
    assert "tickets.predicted_queue = prediction" in question["question"] and question["kind"] == "yes_no"


@pytest.mark.parametrize(("answer", "kept"), [("yes", True), ("no", False)])
def test_a_no_leaves_out_what_rests_on_the_guess(cli: Cli, guessed: Path, answer: str, kept: bool) -> None:
    strategy = drafted(cli, guessed, answer)
    ids = {item["id"] for item in strategy["profile"]["evidence"]}  # type: ignore[index]
    assert "tickets_rows" in ids and ("tickets_failure_rate_wrong_prediction" in ids) is kept
