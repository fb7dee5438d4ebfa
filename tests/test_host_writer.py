"""The host writer: parallel calls stop a real graph together, and their replies resume it."""

from __future__ import annotations

import json
import operator
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from ai_data_strategy.domain import Model
from ai_data_strategy.errors import ReplyUnusable
from ai_data_strategy.models import Request
from ai_data_strategy.writers.host_writer import HostWriter


class Word(Model):
    """A word."""

    word: str


class State(TypedDict):
    """The words that were written."""

    words: Annotated[list[str], operator.add]


def graph() -> Any:
    """Two parallel nodes that each ask the host."""
    builder = StateGraph(State)
    for name in ("one", "two"):

        async def node(state: State, name: str = name) -> State:
            request = Request(f"{name}.draft.1", "writer", name, "prefix", f"write {name}", Word, lambda: Word(word="playbook"))
            return {"words": [(await HostWriter().write(request)).value.word]}

        builder.add_node(name, node)
        builder.add_edge(START, name)
        builder.add_edge(name, END)
    return builder.compile(checkpointer=InMemorySaver())


CONFIG = {"configurable": {"thread_id": "1"}}


async def test_all_parallel_requests_come_together_and_replies_resume_them() -> None:
    running = graph()
    stopped = await running.ainvoke({"words": []}, CONFIG)
    asked = {item.value["id"]: item for item in stopped["__interrupt__"]}
    request = asked["one.draft.1"].value
    assert set(asked) == {"one.draft.1", "two.draft.1"}
    assert json.loads(json.dumps(request)) == request
    assert (request["kind"], request["role"], request["section"]) == ("reply", "writer", "one")
    assert request["messages"] == [{"role": "system", "content": "prefix"}, {"role": "user", "content": "write one"}]
    assert request["schema"]["required"] == ["word"]
    done = await running.ainvoke(Command(resume={item.id: {"word": name} for name, item in asked.items()}), CONFIG)
    assert sorted(done["words"]) == ["one.draft.1", "two.draft.1"]


async def test_an_invalid_reply_that_was_not_checked_before_is_unusable() -> None:
    running = graph()
    stopped = await running.ainvoke({"words": []}, CONFIG)
    with pytest.raises(ReplyUnusable, match="word: is missing"):
        await running.ainvoke(Command(resume={item.id: {"wrong": 1} for item in stopped["__interrupt__"]}), CONFIG)
