"""Whole documents by the playbook, from briefs of many kinds: every criterion that code decides is met, and the text reads back."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ai_data_strategy.agents.strategy import Strategy, load
from ai_data_strategy.document.markdown import render
from ai_data_strategy.document.readback import check
from ai_data_strategy.document.scoring import score
from ai_data_strategy.graph import RECURSION_LIMIT, build
from ai_data_strategy.models import PlaybookWriter
from ai_data_strategy.state import Context

BRIEFS: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "briefs.yaml").read_text("utf-8"))


@cache
def graph() -> Any:
    return build().compile()


async def written(text: str) -> Strategy:
    context = Context(writer=PlaybookWriter())
    config: Any = {"recursion_limit": RECURSION_LIMIT}
    state = await graph().ainvoke({"arguments": text, "today": "2026-11-21"}, config, context=context)
    return load(json.dumps(state["strategy"]))


@pytest.mark.parametrize("name", list(BRIEFS))
async def test_every_check_holds(name: str) -> None:
    strategy = await written(BRIEFS[name]["text"] if isinstance(BRIEFS[name], dict) else BRIEFS[name])
    marks = score(strategy)
    assert not [(m.criterion.id, m.why) for m in marks.open if m.criterion.kind == "check"]
    assert not [(v.criterion, v.section, v.why) for v in marks.plan]
    assert check(render(strategy), strategy) == []


async def test_two_briefs_give_documents_that_differ_in_every_section() -> None:
    names = [name for name in BRIEFS if "helpdesk" in name or "fraud" in name or "vision" in name][:2] or list(BRIEFS)[:2]
    one, other = [await written(BRIEFS[name]["text"] if isinstance(BRIEFS[name], dict) else BRIEFS[name]) for name in names]
    for key in one.sections:
        assert one.sections[key].prose != other.sections[key].prose, f"{key} says the same of two products"
