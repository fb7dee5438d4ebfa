"""The command line against a server that fails, a program that is killed, and caps: no traceback, no key, no call paid twice."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
        return ("draft", BRIEF, "--no-input", "--today", TODAY, "--model", "fake", "--base-url", self.url, "--revisions", "0", "--out", out, *more)

    @property
    def only_run(self) -> str:
        (found,) = json.loads(self.run("runs", "--json").out)
        return str(found["run"])

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


def paid(folder: Path) -> Counter[str]:
    """How often each prompt was served with a reply."""
    lines = (folder / "calls.jsonl").read_text("utf-8").splitlines()
    return Counter(call["prompt"] for call in map(json.loads, lines) if not call["fault"])


STOPPED = {
    "401": (("--fault", "401:1"), r"refuses fake: HTTP 401.*Check the key"),
    "quota": (("--fault", "quota:1"), r"no quota left"),
    "html": (("--fault", "html:1"), r"does not answer as a chat-completions server"),
}


@pytest.mark.parametrize("fault", STOPPED)
def test_a_fault_that_no_retry_helps_stops_at_once_and_resumes(fault: str, script: Path, tmp_path: Path) -> None:
    arguments, message = STOPPED[fault]
    with shell(tmp_path, script, *arguments, "--until", "1") as cli:
        done = cli.run(*cli.drafting())
        assert done.code == 1 and re.search(message, done.err) and not cli.written
        assert cli.run("resume", cli.only_run).code in (0, 4) and cli.written


PASSING = {
    "429": ("--fault", "429:1", "--retry-after", "1", "--until", "1"),
    "500": ("--fault", "500:1", "--until", "2"),
    "hang": ("--fault", "hang:1", "--until", "1"),
    "truncate": ("--fault", "truncate:1", "--until", "1"),
    "malformed": ("--fault", "malformed:1", "--until", "1"),
    "empty": ("--fault", "empty:1", "--until", "1"),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_leaves_a_whole_document(fault: str, script: Path, tmp_path: Path) -> None:
    with shell(tmp_path, script, *PASSING[fault]) as cli:
        done = cli.run(*cli.drafting())
        assert done.code in (0, 4) and cli.written
        assert json.loads((tmp_path / "out" / "strategy.json").read_text("utf-8"))["writer"] == "fake"


@pytest.mark.parametrize(("fault", "reason"), [("refuse", "declines"), ("400", "does not fit|do not fit|context")])
def test_where_no_reply_can_be_used_the_playbook_stands_in_and_says_so(fault: str, reason: str, script: Path, tmp_path: Path) -> None:
    with shell(tmp_path, script, "--fault", f"{fault}:1") as cli:
        done = cli.run(*cli.drafting())
        assert done.code == 4 and cli.written and re.search(reason, done.err)
        strategy = json.loads((tmp_path / "out" / "strategy.json").read_text("utf-8"))
        assert {record["written_by"] for record in strategy["records"]} == {"playbook"} and all(r["fallback"] for r in strategy["records"])


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_a_program_that_is_stopped_goes_on_and_pays_nothing_twice(sign: signal.Signals, script: Path, tmp_path: Path) -> None:
    with shell(tmp_path, script, "--latency", "0.3") as cli:
        _stop_midway(cli, sign, cli.drafting(), random.Random(7).uniform(0.2, 1.0))
        run = cli.only_run
        _stop_midway(cli, sign, ("resume", run), 0.3)
        done = cli.run("resume", run)
        assert done.code in (0, 4) and cli.written
    twice = sum(count - 1 for count in paid(tmp_path).values())
    assert twice <= (0 if sign == signal.SIGINT else 2 * 16), "only calls under way at the kill may be made again"
    kept = {prompt for prompt, count in paid(tmp_path).items() if count == 1}
    assert kept, "what was finished before is not asked again"


def _stop_midway(cli: Shell, sign: signal.Signals, arguments: tuple[str, ...], after: float) -> None:
    """Start, wait for the first reply of this program and a little more, then send the signal."""
    with cli.start(*arguments) as program:
        assert program.stderr
        for line in program.stderr:
            if " reply " in line:
                break
        time.sleep(after)
        program.send_signal(sign)
        out, err = program.communicate(timeout=30)
    cli.clean(Done(program.returncode, out, err))
    assert program.returncode == (-signal.SIGKILL if sign == signal.SIGKILL else 1)


def test_a_token_cap_stops_cleanly_and_a_higher_one_finishes(script: Path, tmp_path: Path) -> None:
    with shell(tmp_path, script) as cli:
        done = cli.run(*cli.drafting("--max-tokens", "100000"))
        assert done.code == 1 and "token cap of 100,000" in done.err and not cli.written
        assert "resume" in done.err and cli.run("resume", cli.only_run, "--max-tokens", "10000000").code in (0, 4)
        assert cli.written and max(paid(tmp_path).values()) == 1


def test_a_run_that_another_program_works_on_is_busy(script: Path, tmp_path: Path) -> None:
    with shell(tmp_path, script, "--latency", "1") as cli, cli.start(*cli.drafting()) as program:
        assert program.stderr
        next(line for line in program.stderr if " reply " in line)
        done = cli.run("resume", cli.only_run)
        assert done.code == 2 and "another program works on it" in done.err
        program.kill()
