"""Replies by request id, as the fake server's script and as a writer: how a run goes with known words and without a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver

from ai_data_strategy.agents import BY_KEY
from ai_data_strategy.agents.reviewer import Review
from ai_data_strategy.domain import Model
from ai_data_strategy.graph import RECURSION_LIMIT, build
from ai_data_strategy.interfaces.replies import WHOLE
from ai_data_strategy.models import M, PlaybookWriter, Reply, Request
from ai_data_strategy.state import Context

Replies = Mapping[str, Any]
"""What is replied to each request, as plain JSON."""


class Recorder(PlaybookWriter):
    """The playbook, keeping each reply by its request's id."""

    def __init__(self) -> None:
        self.replies: dict[str, Any] = {}
        self.requests: list[Request[Any]] = []

    async def write(self, request: Request[M]) -> Reply[M]:
        reply = await super().write(request)
        self.replies[request.id] = reply.value.model_dump(mode="json")
        self.requests.append(request)
        return reply


async def recorded(brief: str, today: str) -> Recorder:
    """One run of the playbook with all its requests and replies."""
    recorder = Recorder()
    graph = build().compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}, "recursion_limit": RECURSION_LIMIT}
    await graph.ainvoke({"arguments": brief, "today": today}, config, context=Context(writer=recorder), version="v2")
    return recorder


def script(replies: Replies, path: Path) -> Path:
    """The replies as a file for the fake server: told apart by the section that the last message names and by the schema's fields."""
    lines = [_line(id_, reply) for id_, reply in sorted(replies.items(), key=_turn)]
    path.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    return path


def _turn(item: tuple[str, Any]) -> tuple[int, ...]:
    return tuple(int(part) for part in item[0].split(".") if part.isdigit())


def _line(id_: str, reply: Any) -> dict[str, Any]:
    key = id_.split(".")[0]
    match = f'section "{BY_KEY[key].title}"' if key in BY_KEY else ""
    kind = _kind(id_)
    return {"match": match, "fields": list(kind.model_fields) if kind else list(reply), "content": json.dumps(reply)}


def _kind(id_: str) -> type[Model] | None:
    """The type that answers a request; None for a patch, whose fields are those of the reply."""
    key, *rest = id_.split(".")
    if "mend" in rest or "revise" in rest:
        return None
    if key in BY_KEY:
        return Review if rest[0] == "review" else BY_KEY[key].draft
    return WHOLE[key]
