"""The examples: whole strategies that a host wrote. Replayed through today's graph they give the same documents, and they hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ai_data_strategy.agents.strategy import dump, load
from ai_data_strategy.document.markdown import render
from ai_data_strategy.document.readback import check
from ai_data_strategy.document.scoring import score
from ai_data_strategy.evals.replay import replay

EXAMPLES = sorted(path.parent for path in (Path(__file__).resolve().parent.parent / "examples").glob("*/replies.json"))


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.name)
def example(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_there_are_three_of_different_kinds() -> None:
    strategies = [load((path / "strategy.json").read_text("utf-8")) for path in EXAMPLES]
    assert len(strategies) >= 3
    assert len({s.blueprint.archetype for s in strategies if s.blueprint}) >= 3 and any(s.brief.language != "en" for s in strategies)


async def test_the_replies_give_the_document_again(example: Path) -> None:
    strategy, used = await replay(example)
    assert render(strategy) == (example / "strategy.md").read_text("utf-8")
    assert used == set(json.loads((example / "replies.json").read_text("utf-8"))["replies"])


def test_the_twin_renders_to_the_document(example: Path) -> None:
    strategy = load((example / "strategy.json").read_text("utf-8"))
    assert render(strategy) == (example / "strategy.md").read_text("utf-8")
    assert load(dump(strategy)) == strategy


def test_every_gate_and_every_check_holds(example: Path) -> None:
    strategy = load((example / "strategy.json").read_text("utf-8"))
    marks = score(strategy)
    assert marks.accepted and not marks.gates_open
    assert not [(mark.criterion.id, mark.why) for mark in marks.open if mark.criterion.kind == "check"]
    assert not [(verdict.criterion, verdict.why) for verdict in marks.plan]
    assert check(render(strategy), strategy) == []
