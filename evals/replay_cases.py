"""Runs the failures of promoted cases again under the prompts and the playbook of today, and says which are mended.

ai-data-strategy replay-cases --cases FOLDER --model NAME
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from ai_data_strategy.agents.reviewer import OBJECTION
from ai_data_strategy.agents.strategy import Strategy, load
from ai_data_strategy.document.markdown import render
from ai_data_strategy.errors import InputError
from ai_data_strategy.evals.promote import fingerprint, folder_of, service_of
from ai_data_strategy.evals.promoted import REPLAYS, Expectation, Promoted, promoted_cases
from ai_data_strategy.graph import RECURSION_LIMIT, build
from ai_data_strategy.interfaces import cli
from ai_data_strategy.interfaces.feedback import Finding, findings, verdicts
from ai_data_strategy.interfaces.progress import progress
from ai_data_strategy.interfaces.store import Run
from ai_data_strategy.models import Writer
from ai_data_strategy.prompts import versions
from ai_data_strategy.settings import Settings, read_settings
from ai_data_strategy.state import Context

State = Literal["mended", "still open", "new", "undecided"]
"""`undecided`: nothing that this replay did can tell, so a person must read (`why` says what)."""


@dataclass(frozen=True)
class Result:
    """What became of one failure."""

    id: str
    criterion: str
    section: str
    state: State
    why: str


@dataclass(frozen=True)
class Replayed:
    """One replay of one case: a line of replays.jsonl. `comparable` is False where the playbook replays what a model wrote, or the
    other way round: then it does not show whether the prompts (the playbook) are mended."""

    date: str
    case: str
    tool_version: str
    writer: str
    comparable: bool
    prompts: dict[str, int]
    playbook: str
    results: list[Result] = field(default_factory=list)

    @property
    def mended(self) -> bool:
        """True if every failure of the case is mended; a new one does not count against it."""
        return all(result.state in ("mended", "new") for result in self.results)

    def count(self, state: State) -> int:
        return sum(result.state == state for result in self.results)


async def replay(case: Promoted, writer: Writer, name: str, context: Context | None = None) -> Replayed:
    """Write the case's document again with `writer` (called `name`) and hold it against what the case expects."""
    strategy = await written(case, context or Context(writer, ask=True))
    return Replayed(
        date=datetime.now(UTC).isoformat(timespec="seconds"), case=case.id, tool_version=version("ai-data-strategy"), writer=name,
        comparable=(name == "playbook") == case.origin.by_playbook, prompts=versions(), playbook=playbook_fingerprint(),
        results=compared(case, strategy),
    )  # fmt: skip


async def written(case: Promoted, context: Context) -> Strategy:
    """The strategy of a case's brief; each question is answered by the fact that has its id, or else that it asks for."""
    graph: Any = build().compile(checkpointer=InMemorySaver(), name="ai-data-strategy")
    config: Any = {"configurable": {"thread_id": uuid4().hex}, "recursion_limit": RECURSION_LIMIT}
    given: Any = {
        "arguments": case.brief, "language": case.origin.language, "today": case.origin.created.isoformat(), "run": case.id,
        "version": case.origin.version,
    }  # fmt: skip
    while True:
        result = await graph.ainvoke(given, config, context=context, version="v2")
        if not result.interrupts:
            return load(json.dumps(result.value["strategy"]))
        first = result.interrupts[0]
        if first.value["kind"] != "answers":
            raise InputError(
                f"case {case.id}: the replay stopped: {first.value.get('reasons', first.value['kind'])}; try again, or raise the cap"
            )
        given = Command(resume={first.id: _answers(case, first.value["questions"])})


def _answers(case: Promoted, questions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    exact = {fact.id: fact.text for fact in case.facts}
    found: dict[str, str] = {}
    for question in questions:
        asked = f"{question['question']} {question['why']}"
        meant = [fact.text for fact in case.facts if any(re.search(pattern, asked, re.IGNORECASE) for pattern in fact.about)]
        if text := exact.get(question["id"]) or next(iter(meant), ""):
            found[question["id"]] = text
    return found


def compared(case: Promoted, strategy: Strategy) -> list[Result]:
    """What became of each failure of a case in a document, and what is open that was not."""
    now = {(item.criterion, item.section): item for item in findings(strategy)}
    text = render(strategy)
    results = [_result(item, strategy, now, text) for item in case.expectations]
    known = {(item.criterion, item.section) for item in case.expectations}
    return results + [Result("", item.criterion, item.section, "new", item.why) for key, item in now.items() if key not in known]


def _result(item: Expectation, strategy: Strategy, now: Mapping[tuple[str, str], Finding], text: str) -> Result:
    state, why = _state(item, strategy, now, text)
    return Result(item.id, item.criterion, item.section, state, why)


def _state(item: Expectation, strategy: Strategy, now: Mapping[tuple[str, str], Finding], text: str) -> tuple[State, str]:
    if item.criterion and (open_ := now.get((item.criterion, item.section))):
        return "still open", open_.why
    if said := next((pattern for pattern in item.never if re.search(pattern, text, re.IGNORECASE)), ""):
        return "still open", f"the document still matches {said!r}"
    if item.signs and not any(re.search(pattern, text, re.IGNORECASE) for pattern in item.signs):
        return "still open", "no sign of it stands in the document"
    if gone := next((gone for gone in strategy.missing if gone.section == item.section), None):
        return "still open", f"the section is missing: {gone.reason}"
    record = next((record for record in strategy.records if record.section == item.section), None)
    if record and record.fallback:
        return "undecided", f"the playbook stood in for the model: {record.fallback}"
    if item.by == "check":
        return "mended", "the check no longer finds it"
    return _read(item, strategy) if item.by == "reader" else _judged(item, strategy)


def _read(item: Expectation, strategy: Strategy) -> tuple[State, str]:
    """A reader's note: patterns decide where the case has some; a section that is the same is still as bad."""
    if item.signs or item.never:
        return "mended", "the patterns of the case say so"
    if item.text == fingerprint(strategy, item.section):
        return "still open", "not a word has changed"
    return "undecided", "the text has changed: read it, and add `signs` or `never` to the case"


def _judged(item: Expectation, strategy: Strategy) -> tuple[State, str]:
    """A reviewer's finding is mended only where a reviewer looked again."""
    said = [verdict for verdict in verdicts(strategy) if verdict.by == "reviewer" and verdict.section == item.section]
    if item.criterion == OBJECTION and said:
        return "mended", "the reviewer read the section again and does not object"
    own = [verdict.outcome for verdict in said if verdict.criterion == item.criterion]
    if "met" in own or "not_applicable" in own:
        return "mended", "the reviewer judged it again"
    return "undecided", "no reviewer judged it in this replay: name a --model"


def playbook_fingerprint() -> str:
    """Whether the playbook's texts and numbers are still the same."""
    texts = sorted((item.name, item.read_bytes()) for item in files("ai_data_strategy.playbook").iterdir() if item.name.endswith(".yaml"))
    return blake2b(b"\0".join(name.encode() + b"\0" + content for name, content in texts), digest_size=6).hexdigest()


def keep(replayed: Replayed, folder: Path) -> None:
    """Add a replay to the folder's list: one line, whole, after those that are there."""
    from filelock import FileLock

    line = json.dumps(asdict(replayed), ensure_ascii=False) + "\n"
    with FileLock(folder / f".{REPLAYS}.lock"):
        try:
            with (folder / REPLAYS).open("a", encoding="utf-8") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(f"{folder / REPLAYS}: {error.strerror}: the replay of {replayed.case} is not kept") from error


def replays_in(folder: Path) -> list[Replayed]:
    """All replays of a folder, the oldest first. Raises InputError that names the line that is none."""
    path = folder / REPLAYS
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines() if path.exists() else (), 1):
        try:
            given = json.loads(line)
            found.append(Replayed(**{**given, "results": [Result(**result) for result in given["results"]]}))
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"{path}: line {number} is no replay: take the line out") from error
    return found


def _name(model: str, settings: Settings) -> str:
    name = model or (settings.model_name if settings.kind == "openai" else "playbook")
    if name == "host":
        raise InputError("a replay needs a writer of its own: --model playbook, or the name of a model")
    return name


def command(given: argparse.Namespace) -> int:
    """Replay every case of the folder, one line each in replays.jsonl; 4 if a failure is not mended or a new one is there."""
    settings = read_settings()
    folder = folder_of(given.cases, settings)
    name = _name(given.model, settings)
    cases = promoted_cases(folder)

    async def work() -> list[Replayed]:
        done = []
        with progress(quiet=True) as listener:
            async with service_of(settings, listener.event, given.max_tokens, given.max_cost) as (service, store):
                for case in cases:
                    run = Run(run=f"replay-{uuid4().hex[:12]}", created="", status="running", arguments="", model=name)
                    writer = await service.writer_for(run, store)
                    replayed = await replay(case, writer, name)
                    await asyncio.to_thread(keep, replayed, folder)
                    done.append(replayed)
                    if not given.json:
                        sys.stdout.write(_in_words(replayed, case))
        return done

    done = asyncio.run(work())
    if given.json:
        sys.stdout.write(json.dumps([asdict(item) for item in done], indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(f"{sum(item.mended for item in done)} of {len(done)} cases mended\n")
    return cli.DONE if all(item.mended and not item.count("new") for item in done) else cli.PARTIAL


def _in_words(done: Replayed, case: Promoted) -> str:
    counts = ", ".join(f"{number} {state}" for state in ("mended", "still open", "new", "undecided") if (number := done.count(state)))
    lines = [f"{done.case} ({case.title}): {counts}"]
    if not done.comparable:
        lines.append(f"    written by {case.origin.writer}, replayed by {done.writer}: shows nothing about the prompts that wrote it")
    lines += [f"    {r.state:10}  {r.criterion or 'note':6} {r.section or 'document':13} {r.why}" for r in done.results]
    return "\n".join(lines) + "\n"
