"""What readers say of documents: through the command line over SQLite, and through the service over SQLite and Postgres."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from ai_data_strategy.errors import InputError, UnknownRun
from ai_data_strategy.evals.flywheel import flywheel
from ai_data_strategy.interfaces.feedback import give
from ai_data_strategy.interfaces.feedback_store import feedback_in
from ai_data_strategy.interfaces.service import Options, Outcome, Service
from ai_data_strategy.interfaces.store import Store, opened
from ai_data_strategy.models import PlaybookWriter
from ai_data_strategy.prompts import load, versions
from tests.cli import Cli
from tests.faulty import NOBODY, faulty_service
from tests.here import Here
from tests.here import here as here

BRIEF = "Quillmark sells a helpdesk product to 230 companies in Germany. Each new ticket should be routed to one of 14 queues, about 900 a working day."
TODAY = "2026-11-21"


@pytest.fixture
def service(store: Store) -> Service:
    async def writer(_run: object, _store: object) -> PlaybookWriter:
        return PlaybookWriter()

    return Service(store, writer, lambda kind, text: None)


async def drafted(service: Service, tmp_path: Path, **changes: object) -> Outcome:
    return await service.draft(BRIEF, Options(**{"out": tmp_path / "out", "today": TODAY, **changes}))  # type: ignore[arg-type]


def run_of(cli: Cli | Here) -> str:
    assert cli("draft", BRIEF, "--out", "out", "--today", TODAY).returncode == 0
    return str(json.loads(cli("runs", "--json").stdout)[0]["run"])


def test_a_verdict_is_kept_with_what_was_known_of_the_run(here: Here) -> None:
    run = run_of(here)
    done = here("feedback", run, "--section", "labelling", "--verdict", "bad", "--note", "Nobody labels French tickets.", "--json")
    assert done.returncode == 0, done.stderr
    kept = json.loads(done.stdout)
    assert (kept["run"], kept["version"], kept["section"], kept["verdict"]) == (run, 1, "labelling", "bad")
    assert kept["note"] == "Nobody labels French tickets." and kept["writer"] == "playbook" and kept["findings"] == []
    assert kept["prompts"] == {"common": load("common").version, "labelling": load("labelling").version}
    whole = json.loads(here("feedback", run, "--verdict", "good", "--json").stdout)
    assert whole["section"] == "" and whole["prompts"] == versions() and whole["id"] != kept["id"]
    again = here("feedback", run, "--section", "labelling", "--verdict", "bad", "--note", "Nobody labels French tickets.")
    assert "verdicts on this run: 3" in again.stdout
    state = json.loads(here("flywheel", "--json").stdout)
    assert state["verdicts"] == {"document": {"good": 1, "bad": 0}, "labelling": {"good": 0, "bad": 2}}
    assert (state["runs"], state["finished"], state["with_feedback"], state["share_with_feedback"]) == (1, 1, 1, 1.0)


def test_what_cannot_be_judged_is_said(here: Here) -> None:
    done = here("feedback", "nosuch", "--verdict", "bad")
    assert done.returncode == 2 and "nosuch" in done.stderr and "runs" in done.stderr
    run = json.loads(here("draft", BRIEF, "--json").stdout)["run"]  # waits for answers
    done = here("feedback", run, "--verdict", "bad")
    assert done.returncode == 2 and "not finished" in done.stderr
    assert here("feedback", run).returncode == 2  # no verdict
    assert json.loads(here("flywheel", "--json").stdout)["finished"] == 0


def test_an_unknown_section_lists_the_sections(here: Here) -> None:
    run = run_of(here)
    done = here("feedback", run, "--section", "magic", "--verdict", "bad")
    assert done.returncode == 2 and "'magic'" in done.stderr
    assert all(name in done.stderr for name in ("use_case", "labelling", "rollout"))
    assert json.loads(here("flywheel", "--json").stdout)["verdicts"] == {}


def test_two_programs_at_once_both_keep_their_verdict(cli: Cli) -> None:
    run = run_of(cli)
    command = [sys.executable, "-m", "ai_data_strategy.interfaces.cli", "feedback", run, "--verdict", "bad", "--note"]
    both = [subprocess.Popen([*command, note], env=cli.environment, stderr=subprocess.PIPE) for note in ("one", "two")]
    for one in both:
        _, said = one.communicate(timeout=120)
        assert one.returncode == 0, said.decode()
    state = json.loads(cli("flywheel", "--json").stdout)
    assert state["verdicts"]["document"] == {"good": 0, "bad": 2}


async def test_many_verdicts_through_two_connections_all_land(service: Service, database: SecretStr | None, tmp_path: Path) -> None:
    """The table itself is created by whoever comes first."""
    run = (await drafted(service, tmp_path)).run
    async with opened(tmp_path / "data", database) as other_store:
        other = Service(other_store, service.writer_for, service.on_event)
        await asyncio.gather(*(give(one, run, "", "bad", f"note {number}") for number in range(8) for one in (service, other)))
        rows = await (await feedback_in(other_store)).of(run)
    assert sorted(row.note for row in rows) == sorted(2 * [f"note {number}" for number in range(8)])
    assert len({row.id for row in rows}) == 16


async def test_open_findings_of_the_section_go_with_the_verdict(store: Store, tmp_path: Path) -> None:
    service = faulty_service(store, "labelling", NOBODY)
    run = (await drafted(service, tmp_path, revisions=0)).run
    kept, _ = await give(service, run, "labelling", "bad", "Whose work is it?")
    assert {finding["criterion"] for finding in kept.findings} >= {"LB1", "XC4"}
    assert {finding["section"] for finding in kept.findings} == {"labelling"} and "nobody" in kept.findings[0]["why"]
    elsewhere, _ = await give(service, run, "logs", "good", "")
    assert elsewhere.findings == []
    state = await flywheel(service, tmp_path / "cases")
    mine = sum(len(kept.findings) for kept in (kept,))
    assert state.failures["labelling"] >= 1 and sum(state.failures.values()) >= mine and state.runs_with_findings >= 1


async def test_a_verdict_stays_with_its_version(service: Service, tmp_path: Path) -> None:
    run = (await drafted(service, tmp_path)).run
    first, _ = await give(service, run, "labelling", "bad", "French?")
    await service.revise(run, section="labelling", note="Name who labels French tickets.")
    second, count = await give(service, run, "labelling", "good", "")
    assert (first.version, second.version, count) == (1, 2, 2)
    rows = await (await feedback_in(service.store)).of(run)
    assert [(row.version, row.verdict, row.note) for row in rows] == [(1, "bad", "French?"), (2, "good", "")]


async def test_no_verdict_is_kept_of_what_is_not_there(service: Service, tmp_path: Path) -> None:
    run = (await drafted(service, tmp_path)).run
    with pytest.raises(UnknownRun, match="nosuch"):
        await give(service, "nosuch", "", "good", "")
    with pytest.raises(InputError, match="at most 4,000"):
        await give(service, run, "", "bad", "x" * 4_001)
    rule = await service.draft(
        "We need an AI that determines the VAT rate for each order. The rate follows from the country and the product group according to the "
        "law; our tax adviser keeps the table of 31 rates up to date.",
        Options(out=tmp_path / "rule", today=TODAY),
    )
    with pytest.raises(InputError, match="says no AI"):
        await give(service, rule.run, "labelling", "bad", "x")
    kept, count = await give(service, rule.run, "", "good", "Right.")
    assert kept.section == "" and count == 1
    assert await (await feedback_in(service.store)).of(run) == []
