"""Strategies for the evals: one brief through the graph, with a product owner who answers or nobody who does."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from typing import Any
from uuid import uuid4

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from ai_data_strategy.agents.strategy import Strategy, load
from ai_data_strategy.domain import Question
from ai_data_strategy.errors import InputError
from ai_data_strategy.graph import RECURSION_LIMIT, build
from ai_data_strategy.models import PlaybookWriter, Writer
from ai_data_strategy.state import Context

DAY = "2026-11-23"
"""The date of every document of the evals, so that two runs differ by what was changed and not by the calendar."""
Answering = Callable[[Sequence[Question]], Mapping[str, str]]
"""Who is asked: a round's questions in, answers by question id out; what is left out takes its default."""


@dataclass(frozen=True)
class Written:
    """A finished strategy and the questions of each round that were asked on the way."""

    strategy: Strategy
    rounds: tuple[tuple[Question, ...], ...] = ()

    @property
    def asked(self) -> list[Question]:
        """All questions, in the order in which they were asked."""
        return [question for questions in self.rounds for question in questions]


@asynccontextmanager
async def writer_of(model: str) -> AsyncIterator[Writer]:
    """The writer of a name: `playbook`, or a model of an OpenAI-compatible service (key and address as for `draft`).

    Raises InputError for `host`: a host's replies come in by files, so its finished strategies are read with `--stored`.
    """
    if model == "playbook":
        yield PlaybookWriter()
        return
    if model == "host":
        raise InputError("the evals cannot wait for a host: draft the cases with --model host and give the finished folder with --stored")
    from ai_data_strategy.interfaces.store import Run, opened
    from ai_data_strategy.interfaces.writers import WriterMaker
    from ai_data_strategy.settings import read_settings

    settings = read_settings()
    maker = WriterMaker(settings, max_tokens=None, max_cost=None, on_event=_said)
    created = datetime.now(UTC)
    run = Run(f"eval-{created:%y%m%d-%H%M%S}-{uuid4().hex[:4]}", created.isoformat(timespec="seconds"), "running", "", model=model)
    async with opened(settings.data_folder, settings.database) as store:
        try:
            yield await maker.writer(run, store)
        finally:
            await maker.close()


def _said(kind: str, text: str) -> None:
    if kind in ("fallback", "retry"):
        sys.stderr.write(f"{kind}: {text}\n")


@cache
def _graph() -> tuple[Any, InMemorySaver]:
    saver = InMemorySaver()
    return build().compile(checkpointer=saver, name="ai-data-strategy"), saver


async def written(brief: str, writer: Writer, answering: Answering | None = None, language: str = "") -> Written:
    """The strategy that a writer makes of a brief. Without `answering` nobody is asked and every question takes its default.

    `language` is the document's, as ISO 639-1 code; empty for that of the brief.
    """
    graph, saver = _graph()
    thread = uuid4().hex
    rounds: list[tuple[Question, ...]] = []
    config: Any = {"configurable": {"thread_id": thread}, "recursion_limit": RECURSION_LIMIT}
    start: Any = {"arguments": brief, "today": DAY, "run": blake2b(brief.encode(), digest_size=4).hexdigest()}
    if language:
        start["language"] = language
    context = Context(writer, ask=answering is not None)
    try:
        while True:
            result = await graph.ainvoke(start, config, context=context, version="v2")
            if not result.interrupts:
                return Written(load(json.dumps(result.value["strategy"])), tuple(rounds))
            pending = result.interrupts[0]
            if answering is None or pending.value["kind"] != "answers":
                raise InputError(f"the run stopped and cannot go on in an eval: {json.dumps(pending.value)[:300]}")
            questions = tuple(Question.model_validate(question) for question in pending.value["questions"])
            rounds.append(questions)
            start = Command(resume={pending.id: dict(answering(questions))})
    finally:
        await saver.adelete_thread(thread)
