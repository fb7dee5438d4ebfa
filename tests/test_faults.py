"""The command line against a server that fails, a program that is killed, and caps: no traceback, no key, no call paid twice."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ai_data_strategy.evals.fake_openai import serving

KEY = "sk-planted-0123456789"
BRIEF = (
    "Our helpdesk product should route each new ticket to one of 14 queues. 412,000 tickets since 2021-03, about 900 new ones a working "
    "day. Final queue is stored. One data engineer, one product manager."
)
TODAY = "2026-11-21"


@dataclass(frozen=True)
class Done:
    """What a finished program left: exit code and both outputs."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Shell:
    """The command line with a data folder, a fake server and a planted key."""

    folder: Path
    url: str

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "AI_DATA_STRATEGY_"))}
        ours = {"OPENAI_API_KEY": KEY, "AI_DATA_STRATEGY_DATA": str(self.folder / "data"), "AI_DATA_STRATEGY_TIMEOUT": "3"}
        command = [sys.executable, "-m", "ai_data_strategy.interfaces.cli", *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder, env={**kept, **ours})

    def run(self, *arguments: str) -> Done:
        with self.start(*arguments) as program:
            out, err = program.communicate(timeout=80)
        return self.clean(Done(program.returncode, out, err))

    def clean(self, done: Done) -> Done:
        """Nothing of a traceback on standard error; the key is nowhere, not on disk either."""
        assert "Traceback" not in done.err and KEY not in done.out + done.err
        assert not [path for path in self.folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
        return done

    def drafting(self, *more: str) -> tuple[str, ...]:
        out = str(self.folder / "out")
        return (
            "draft",
            BRIEF,
            "--no-input",
            "--today",
            TODAY,
            "--model",
            "fake",
            "--base-url",
            self.url,
            "--revisions",
            "0",
            "--out",
            out,
            *more,
        )

    @property
    def only_run(self) -> str:
        with closing(sqlite3.connect(self.folder / "data" / "runs.sqlite")) as store:
            (row,) = store.execute("select run from strategy_runs").fetchall()
        return str(row[0])

    @property
    def written(self) -> bool:
        return (self.folder / "out" / "strategy.md").is_file() and (self.folder / "out" / "strategy.json").is_file()


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The playbook's replies to this brief, for the fake server to say."""
    import asyncio

    from ai_data_strategy.evals.scripted import recorded
    from ai_data_strategy.evals.scripted import script as written

    return written(asyncio.run(recorded(BRIEF, TODAY)).replies, tmp_path_factory.mktemp("script") / "replies.jsonl")


@contextmanager
def shell(folder: Path, script: Path, *server: str) -> Iterator[Shell]:
    with serving("--replies", str(script), "--log", str(folder / "calls.jsonl"), *server) as url:
        yield Shell(folder, url)


def served(folder: Path) -> list[dict[str, Any]]:
    """The server's own log: one entry a call."""
    return [json.loads(line) for line in (folder / "calls.jsonl").read_text("utf-8").splitlines()]


def repeated(folder: Path) -> list[dict[str, Any]]:
    """Calls that were served with a reply and made again later."""
    last = {call["prompt"]: call["n"] for call in served(folder) if not call["fault"]}
    return [call for call in served(folder) if not call["fault"] and call["n"] != last[call["prompt"]]]


def test_a_refused_key_stops_at_once_and_the_run_resumes(script: Path, tmp_path: Path) -> None:
    with shell(tmp_path, script, "--fault", "401:1", "--until", "1") as cli:
        done = cli.run(*cli.drafting())
        assert done.code == 1 and re.search(r"refuses fake: HTTP 401.*Check the key", done.err) and not cli.written
        assert f"ai-data-strategy resume {cli.only_run}" in done.err
        assert cli.run("resume", cli.only_run).code in (0, 4) and cli.written


# The faults, the calls they may fall on, and a seed with which each of them falls.
PASSING = {
    "the service": ({"429", "500", "hang"}, 3, 6),
    "the reply": ({"truncate", "malformed", "empty"}, 20, 3),
}


@pytest.mark.parametrize("place", PASSING)
def test_faults_that_pass_leave_a_whole_document(place: str, script: Path, tmp_path: Path) -> None:
    faults, until, seed = PASSING[place]
    arguments = [part for fault in sorted(faults) for part in ("--fault", f"{fault}:0.4")]
    with shell(tmp_path, script, *arguments, "--until", str(until), "--seed", str(seed)) as cli:
        done = cli.run(*cli.drafting())
        assert done.code in (0, 4) and cli.written
    seen = {call["fault"] for call in served(tmp_path)} - {None}
    assert seen | ({"hang"} if "no reply within 3 s" in done.err else set()) == faults  # a call that hangs never gets into the log
    assert "fake" in json.loads((tmp_path / "out" / "strategy.json").read_text("utf-8"))["writer"]


@pytest.mark.parametrize(("fault", "reason"), [("refuse", "declines"), ("400", "does not fit|do not fit|context")])
def test_where_no_reply_can_be_used_the_playbook_stands_in_and_says_so(fault: str, reason: str, script: Path, tmp_path: Path) -> None:
    with shell(tmp_path, script, "--fault", f"{fault}:1") as cli:
        done = cli.run(*cli.drafting())
        assert done.code == 4 and cli.written and re.search(reason, done.err)
        strategy = json.loads((tmp_path / "out" / "strategy.json").read_text("utf-8"))
        assert {record["written_by"] for record in strategy["records"]} == {"playbook"} and all(r["fallback"] for r in strategy["records"])


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_a_program_that_is_stopped_goes_on_and_pays_nothing_twice(sign: signal.Signals, script: Path, tmp_path: Path) -> None:
    pauses = random.Random(sign)
    with shell(tmp_path, script, "--latency", "0.3") as cli:
        stops = [_stop_midway(cli, sign, cli.drafting(), pauses.uniform(0.1, 0.7))]
        run = cli.only_run
        if sign == signal.SIGKILL:
            stops.append(_stop_midway(cli, sign, ("resume", run), pauses.uniform(0.0, 0.4)))
        done = cli.run("resume", run)
        assert done.code in (0, 4) and cli.written
    under_way = [call for call in repeated(tmp_path) if any(abs(call["ended"] - stop) < 0.6 for stop in stops)]
    assert repeated(tmp_path) == (under_way if sign == signal.SIGKILL else [])


def _stop_midway(cli: Shell, sign: signal.Signals, arguments: tuple[str, ...], after: float) -> float:
    """Start, wait for the first reply of this program and a little more, then send the signal; gives the moment."""
    with cli.start(*arguments) as program:
        assert program.stderr
        next(line for line in program.stderr if " reply " in line)
        time.sleep(after)
        moment = time.time()
        program.send_signal(sign)
        out, err = program.communicate(timeout=30)
    cli.clean(Done(program.returncode, out, err))
    assert program.returncode == (-signal.SIGKILL if sign == signal.SIGKILL else 1)
    return moment


def test_a_token_cap_stops_cleanly_and_a_higher_one_finishes(script: Path, tmp_path: Path) -> None:
    with shell(tmp_path, script) as cli:
        done = cli.run(*cli.drafting("--max-tokens", "100000"))
        assert done.code == 1 and "token cap of 100,000" in done.err and not cli.written
        assert "resume" in done.err and cli.run("resume", cli.only_run, "--max-tokens", "10000000").code in (0, 4)
        assert cli.written and not repeated(tmp_path)


def test_a_run_that_another_program_works_on_is_busy(script: Path, tmp_path: Path) -> None:
    with shell(tmp_path, script, "--latency", "1") as cli, cli.start(*cli.drafting()) as program:
        assert program.stderr
        next(line for line in program.stderr if " reply " in line)
        done = cli.run("resume", cli.only_run)
        assert done.code == 2 and "another program works on it" in done.err
        program.kill()
