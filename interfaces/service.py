"""What every interface does with a run: draft, answer, reply, resume, revise, show. No printing, no prompting."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from ai_data_strategy.agents.strategy import Strategy, load
from ai_data_strategy.document.files import save
from ai_data_strategy.domain import Question
from ai_data_strategy.errors import InputError, StrategyError
from ai_data_strategy.evidence.profile import Profile
from ai_data_strategy.graph import RECURSION_LIMIT, build
from ai_data_strategy.interfaces.arguments import brief_text
from ai_data_strategy.interfaces.store import Run, Store
from ai_data_strategy.models import Writer
from ai_data_strategy.state import Context

Status = Literal["done", "needs_answers", "needs_replies", "stopped"]


@dataclass(frozen=True)
class Options:
    """How to write: which model, whether to ask, where to put the result."""

    model: str = "playbook"
    language: str = ""
    ask: bool = False
    revisions: int = 2
    out: Path | None = None
    base_url: str = ""
    models: Mapping[str, str] = field(default_factory=dict)
    today: str = ""
    profile: Profile | None = None


@dataclass(frozen=True)
class Outcome:
    """Where a run stands: done with its files, or what it waits for."""

    status: Status
    run: str
    version: int
    files: tuple[Path, ...] = ()
    questions: tuple[Question, ...] = ()
    requests: tuple[Mapping[str, Any], ...] = ()
    refused: Mapping[str, list[str]] = field(default_factory=dict)
    stopped: Mapping[str, str] = field(default_factory=dict)
    strategy: Strategy | None = None

    @cached_property
    def whole(self) -> bool:
        """True if nothing is missing, nothing was written by a stand-in, and no gate fails."""
        from ai_data_strategy.document.scoring import score

        if self.strategy is None:
            return False
        stood_in = any(record.fallback for record in self.strategy.records)
        return not (self.strategy.missing or stood_in or score(self.strategy).gates_open)


def slug(text: str) -> str:
    """A product's name as part of a folder name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "strategy"


WriterFor = Callable[[Run, Store], Awaitable[Writer]]


@dataclass
class Service:
    """All that can be done with runs, over one open store. `writer_for` makes the writer that a run asks for."""

    store: Store
    writer_for: WriterFor
    on_event: Callable[[str, str], None]

    def __post_init__(self) -> None:
        self._graph = build().compile(checkpointer=self.store.saver, name="ai-data-strategy")

    async def draft(self, text: str, options: Options) -> Outcome:
        """A new run from a brief."""
        run = Run(
            run=f"{datetime.now(UTC):%y%m%d}-{secrets.token_hex(3)}", created=datetime.now(UTC).isoformat(timespec="seconds"), status="running",
            arguments=brief_text(text), language=options.language, today=options.today or date.today().isoformat(), model=options.model,
            base_url=options.base_url, models=dict(options.models), ask=options.ask, revisions=options.revisions, out=str(options.out or ""),
            measurements=options.profile.model_dump(mode="json") if options.profile else {},
        )  # fmt: skip
        async with self.store.lock(run.run):
            await self.store.runs.put(run)
            return await self._go(run, self._arguments(run))

    def _arguments(self, run: Run) -> dict[str, Any]:
        given = {
            "arguments": run.arguments, "language": run.language, "today": run.today, "run": run.run, "version": run.version,
            "measurements": run.measurements,
        }  # fmt: skip
        return {key: value for key, value in given.items() if value}

    async def resume(self, run_id: str, changes: Mapping[str, Any] | None = None) -> Outcome:
        """Go on with a run after a crash, a cap, an outage, or Ctrl-C. A finished run is just shown again."""
        async with self._held(run_id, changes) as run:
            pending = await self._pending(run)
            if pending.get("stopped"):
                return await self._go(run, Command(resume={id_: True for id_, _ in pending["stopped"]}))
            if pending:
                return await self._outcome(run)
            state = await self._state(run)
            if state.get("finished"):
                return await self._finish(run)
            return await self._go(run, None if state else self._arguments(run))

    async def answer(self, run_id: str, answers: Mapping[str, Any]) -> Outcome:
        """Answers to the questions that a run waits for; what is left out takes its default."""
        async with self._held(run_id) as run:
            pending = await self._pending(run)
            if not pending.get("answers"):
                raise InputError(f"run {run_id} does not wait for answers: `ai-data-strategy show {run_id}` says where it stands")
            id_, value = pending["answers"][0]
            known = {question["id"] for question in value["questions"]}
            if unknown := sorted(set(answers) - known):
                raise InputError(f"answers: {', '.join(unknown)} not asked; the questions are {', '.join(sorted(known))}")
            return await self._go(run, Command(resume={id_: dict(answers)}))

    async def reply(self, run_id: str, replies: Mapping[str, Any]) -> Outcome:
        """Replies of the host's model, some or all; those that do not fit are refused with the reasons, the others go in."""
        from ai_data_strategy.interfaces.replies import accepted

        async with self._held(run_id) as run:
            pending = await self._pending(run)
            waiting = {value["id"]: (id_, value) for id_, value in pending.get("reply", [])}
            if not waiting:
                raise InputError(f"run {run_id} does not wait for replies: `ai-data-strategy show {run_id}` says where it stands")
            good, refused = accepted(replies, {id_: value for id_, (_, value) in waiting.items()})
            if not good:
                return await self._outcome(run, refused)
            return await self._go(run, Command(resume={waiting[id_][0]: value for id_, value in good.items()}), refused)

    async def revise(
        self, run_id: str, section: str = "", note: str = "", answers: Mapping[str, str] | None = None
    ) -> tuple[Outcome, Strategy]:
        """A new version of a finished run: one section by a note, or all that an answer changes. Also gives the version before."""
        from ai_data_strategy.interfaces.revising import starting_state

        async with self._held(run_id) as run:
            state = await self._state(run)
            if not state.get("finished"):
                raise InputError(f"run {run_id} is not finished: `ai-data-strategy resume {run_id}` goes on with it")
            before = load_state(state)
            start = starting_state(state, section, note, answers or {}, run.version + 1)
            return await self._go(run.but(version=run.version + 1, status="running"), start), before

    async def strategy(self, run_id: str) -> Strategy:
        """The finished strategy of a run."""
        run = await self.store.runs.find(run_id)
        state = await self._state(run)
        if not state.get("finished"):
            raise InputError(f"run {run_id} is not finished ({run.status}): `ai-data-strategy resume {run_id}` goes on with it")
        return load_state(state)

    async def state_of(self, run_id: str) -> tuple[Run, Outcome]:
        """Where a run stands, without touching it."""
        run = await self.store.runs.find(run_id)
        return run, await self._outcome(run)

    @asynccontextmanager
    async def _held(self, run_id: str, changes: Mapping[str, Any] | None = None) -> AsyncIterator[Run]:
        await self.store.runs.find(run_id)
        async with self.store.lock(run_id):
            run = await self.store.runs.find(run_id)
            yield run.but(**changes) if changes else run

    def _config(self, run: Run) -> RunnableConfig:
        return {"configurable": {"thread_id": run.thread}, "recursion_limit": RECURSION_LIMIT}

    async def _state(self, run: Run) -> dict[str, Any]:
        snapshot = await self._graph.aget_state(self._config(run))
        return dict(snapshot.values or {})

    async def _pending(self, run: Run) -> dict[str, list[tuple[str, dict[str, Any]]]]:
        snapshot = await self._graph.aget_state(self._config(run))
        found: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        for interrupt in snapshot.interrupts:
            found.setdefault(interrupt.value["kind"], []).append((interrupt.id, interrupt.value))
        return found

    async def _go(self, run: Run, given: Any, refused: Mapping[str, list[str]] | None = None) -> Outcome:
        run = run.but(status="running", trouble="")
        await self.store.runs.put(run)
        context = Context(
            writer=await self.writer_for(run, self.store),
            ask=run.ask,
            revisions=run.revisions,
            on_event=self.on_event,
        )
        try:
            await self._graph.ainvoke(given, self._config(run), context=context, version="v2")
        except StrategyError as error:
            await self.store.runs.put(run.but(status="failed", trouble=str(error)))
            error.hint = f"what is done is kept: `ai-data-strategy resume {run.run}` goes on"
            raise
        return await self._outcome(run, refused)

    async def _outcome(self, run: Run, refused: Mapping[str, list[str]] | None = None) -> Outcome:
        state = await self._state(run)
        run = run.but(measurements={}) if state else run
        if state.get("finished"):
            return await self._finish(run)
        pending = await self._pending(run)
        outcome = Outcome("stopped", run.run, run.version, refused=refused or {})
        if "reply" in pending:
            requests = tuple({key: value for key, value in item.items() if key != "kind"} for _, item in pending["reply"])
            outcome = Outcome("needs_replies", run.run, run.version, requests=requests, refused=refused or {})
        elif "answers" in pending:
            questions = tuple(Question.model_validate(q) for q in pending["answers"][0][1]["questions"])
            outcome = Outcome("needs_answers", run.run, run.version, questions=questions)
        elif "stopped" in pending:
            outcome = Outcome("stopped", run.run, run.version, stopped=pending["stopped"][0][1]["reasons"])
        product = (state.get("clarification") or {}).get("product", "")
        await self.store.runs.put(run.but(status=outcome.status, product=product or run.product))
        return outcome

    async def _finish(self, run: Run) -> Outcome:
        """Write the files of a finished run once; they are never overwritten."""
        state = await self._state(run)
        strategy = load_state(state)
        out = Path(run.out) if run.out else Path(f"{slug(strategy.clarification.product)}-{run.run}").resolve()
        paths = [Path(item) for item in run.files]
        if not paths or not all(path.exists() for path in paths) or run.status != "done":
            saved = save(strategy, out)
            paths = [saved.markdown, saved.twin]
        run = run.but(status="done", product=strategy.clarification.product, out=str(out), files=[str(path) for path in paths])
        await self.store.runs.put(run)
        return Outcome("done", run.run, run.version, files=tuple(paths), strategy=strategy)


def load_state(state: Mapping[str, Any]) -> Strategy:
    """The strategy that a finished run's state holds."""
    import json

    return load(json.dumps(state["strategy"]))
