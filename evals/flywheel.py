"""The state of our own flywheel: how many runs, what readers said, what is open by kind, which cases are mended, month by month.

ai-data-strategy flywheel --json
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ai_data_strategy.errors import InputError
from ai_data_strategy.evals.promote import folder_of, service_of
from ai_data_strategy.evals.promoted import Promoted, promoted_cases
from ai_data_strategy.evals.replay_cases import Replayed, replays_in
from ai_data_strategy.interfaces import cli
from ai_data_strategy.interfaces.feedback import by_section, failure_class, findings
from ai_data_strategy.interfaces.feedback_store import Feedback, feedback_in
from ai_data_strategy.interfaces.service import Service
from ai_data_strategy.interfaces.store import Run
from ai_data_strategy.settings import read_settings


@dataclass(frozen=True)
class Month:
    """One month, by the day (UTC) on which a run began, a verdict was given, or a replay was made."""

    month: str
    runs: int
    finished: int
    open_findings: int
    good: int
    bad: int
    replays: int
    replays_mended: int


@dataclass(frozen=True)
class FlywheelState:
    """All counts. `failures` are open findings of finished runs (their current version) by criterion group; `unreadable` are finished
    runs whose document this program cannot read. A case is mended if its last comparable replay shows every failure mended."""

    runs: int
    finished: int
    unreadable: list[str]
    with_feedback: int
    share_with_feedback: float | None
    verdicts: dict[str, dict[str, int]]
    failures: dict[str, int]
    runs_with_findings: int
    cases: int
    open: list[str]
    mended: list[str]
    trend: list[Month] = field(default_factory=list)


async def flywheel(service: Service, folder: Path) -> FlywheelState:
    """The state over all runs of the store and all cases of a folder (which may be missing). Reads only."""
    runs = await service.store.runs.all()
    given = await (await feedback_in(service.store)).all()
    finished = [run for run in runs if run.status == "done"]
    open_, unreadable = await _open(service, finished)
    kept = promoted_cases(folder) if folder.is_dir() and any(folder.glob("*.yaml")) else []
    replays = replays_in(folder)
    mended = mended_of(kept, replays)
    told = {row.run for row in given} & {run.run for run in finished}
    return FlywheelState(
        runs=len(runs), finished=len(finished), unreadable=unreadable, with_feedback=len(told),
        share_with_feedback=round(len(told) / len(finished), 4) if finished else None, verdicts=by_section(given),
        failures=dict(Counter(failure_class(one) for found in open_.values() for one in found).most_common()),
        runs_with_findings=sum(bool(found) for found in open_.values()), cases=len(kept),
        open=[case.id for case in kept if case.id not in mended], mended=sorted(mended), trend=_trend(runs, open_, given, replays),
    )  # fmt: skip


async def _open(service: Service, finished: Sequence[Run]) -> tuple[dict[str, list[str]], list[str]]:
    """Criteria of the open findings of each run, and the runs that cannot be read."""
    found: dict[str, list[str]] = {}
    unreadable: list[str] = []
    for run in finished:
        try:
            found[run.run] = [item.criterion for item in findings(await service.strategy(run.run))]
        except InputError:
            unreadable.append(run.run)  # written by another version of the program: counted and shown, not hidden
    return found, unreadable


def mended_of(cases: Sequence[Promoted], replays: Sequence[Replayed]) -> set[str]:
    """The cases whose last comparable replay shows every failure mended."""
    last = {replayed.case: replayed for replayed in replays if replayed.comparable}
    return {case.id for case in cases if case.id in last and last[case.id].mended}


def _trend(runs: Sequence[Run], open_: dict[str, list[str]], given: Sequence[Feedback], replays: Sequence[Replayed]) -> list[Month]:
    months = sorted({*(run.created[:7] for run in runs), *(row.created[:7] for row in given), *(item.date[:7] for item in replays)})
    found = []
    for month in months:
        own = [run for run in runs if run.created[:7] == month]
        said = [row.verdict for row in given if row.created[:7] == month]
        again = [item for item in replays if item.date[:7] == month]
        found.append(
            Month(
                month,
                len(own),
                sum(run.status == "done" for run in own),
                sum(len(open_.get(run.run, ())) for run in own),
                said.count("good"),
                said.count("bad"),
                len(again),
                sum(item.mended and item.comparable for item in again),
            )
        )
    return found


def in_words(state: FlywheelState) -> str:
    """The state as text."""
    share = "–" if state.share_with_feedback is None else f"{state.share_with_feedback:.0%}"
    lines = [
        f"runs {state.runs}, finished {state.finished}; with feedback {state.with_feedback} ({share} of the finished)",
        f"cases {state.cases}: {len(state.open)} open, {len(state.mended)} mended",
    ]
    lines += [f"cannot be read by this version: {', '.join(state.unreadable)}"] if state.unreadable else []
    lines += (
        ["", "verdicts        good   bad"]
        if state.verdicts
        else ["", "no verdicts yet: `ai-data-strategy feedback RUN --verdict good|bad`"]
    )
    lines += [f"{name:14} {count['good']:5} {count['bad']:5}" for name, count in state.verdicts.items()]
    lines += ["", f"open findings by class, in {state.runs_with_findings} of {state.finished} runs"]
    lines += [f"{name:14} {count:5}" for name, count in state.failures.items()] or ["none"]
    lines += [f"case open      {name}" for name in state.open]
    lines += ["", "month    runs  finished  open findings  good  bad  replays  mended"] if state.trend else []
    lines += [
        f"{m.month} {m.runs:5} {m.finished:9} {m.open_findings:14} {m.good:5} {m.bad:4} {m.replays:8} {m.replays_mended:7}"
        for m in state.trend
    ]
    return "\n".join(lines) + "\n"


def command(given: argparse.Namespace) -> int:
    """Print the state of the flywheel."""
    settings = read_settings()
    folder = folder_of(given.cases, settings)

    async def work() -> FlywheelState:
        async with service_of(settings) as (service, _):
            return await flywheel(service, folder)

    state = asyncio.run(work())
    sys.stdout.write(json.dumps(asdict(state), indent=2, ensure_ascii=False) + "\n" if given.json else in_words(state))
    return cli.DONE
