"""Replays an example: its brief, its answers and the replies that a host wrote, through the graph of today.

python -m ai_data_strategy.evals.replay examples/helpdesk --out /tmp/again
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from ai_data_strategy.agents.strategy import Strategy, load
from ai_data_strategy.document.files import save
from ai_data_strategy.errors import ReplyUnusable
from ai_data_strategy.graph import RECURSION_LIMIT, build
from ai_data_strategy.models import M, Reply, Request, Spent, Writer
from ai_data_strategy.state import Context
from ai_data_strategy.writers.replies import validate_reply

FIRST_DAY = "2026-11-21"
"""Date of an example that has no document yet."""


class Told:
    """A writer that gives the replies of an example; a request that has none, or whose reply no longer fits, is named."""

    name = "host"

    def __init__(self, replies: Mapping[str, Any]) -> None:
        self._replies = replies
        self.used: set[str] = set()

    async def write(self, request: Request[M]) -> Reply[M]:
        if request.id not in self._replies:
            raise ReplyUnusable(f"the example has no reply to {request.id}: write one, or mend what asks for it")
        value = validate_reply(request.schema, self._replies[request.id])
        if isinstance(value, list):
            raise ReplyUnusable(f"the example's reply to {request.id} does not fit: {'; '.join(value[:5])}")
        self.used.add(request.id)
        return Reply(value, self.name, Spent(self.name))


def replies_of(folder: Path) -> dict[str, Any]:
    """What the host replied to each request of an example."""
    return dict(json.loads((folder / "replies.json").read_text("utf-8"))["replies"])


async def replay(folder: Path) -> tuple[Strategy, set[str]]:
    """The strategy of an example folder, and the ids of the replies that it used."""
    writer = Told(replies_of(folder))
    return await written(folder, writer), writer.used


@cache
def _graph() -> Any:
    return build().compile(checkpointer=InMemorySaver(), name="ai-data-strategy")


def _nothing(_kind: str, _text: str) -> None:
    return None


async def written(folder: Path, writer: Writer, revisions: int = 2, on_event: Callable[[str, str], None] = _nothing) -> Strategy:
    """The strategy that a writer makes of an example's brief and answers."""
    answers = json.loads((folder / "answers.json").read_text("utf-8"))["answers"]
    told = folder / "strategy.json"
    given = json.loads(told.read_text("utf-8")) if told.exists() else {"created": FIRST_DAY, "run": folder.name}
    graph, thread = _graph(), uuid4().hex
    config: Any = {"configurable": {"thread_id": thread}, "recursion_limit": RECURSION_LIMIT}
    start: Any = {"arguments": (folder / "brief.md").read_text("utf-8"), "today": given["created"], "run": given["run"]}
    if (folder / "evidence.json").exists():
        start["measurements"] = json.loads((folder / "evidence.json").read_text("utf-8"))
    while True:
        result = await graph.ainvoke(start, config, context=Context(writer, ask=True, revisions=revisions, on_event=on_event), version="v2")
        if not result.interrupts:
            return load(json.dumps(result.value["strategy"]))
        asked = {question["id"] for question in result.interrupts[0].value["questions"]}
        start = Command(resume={result.interrupts[0].id: {key: text for key, text in answers.items() if key in asked}})


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    strategy, _ = asyncio.run(replay(options.folder))
    saved = save(strategy, options.out)
    sys.stdout.write(f"{saved.markdown}\n{saved.twin}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
