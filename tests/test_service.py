"""The service over a real SQLite file and a real Postgres server: the same tests for both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ai_data_strategy.agents import BY_KEY, SECTIONS
from ai_data_strategy.agents.reviewer import Review
from ai_data_strategy.errors import InputError, RunBusy, UnknownRun
from ai_data_strategy.interfaces.service import Options, Outcome, Service
from ai_data_strategy.interfaces.store import Store
from ai_data_strategy.interfaces.writers import WriterMaker
from ai_data_strategy.models import Request
from ai_data_strategy.settings import read_settings

BRIEF = (
    "Quillmark sells a helpdesk product to 230 companies in Germany. Each new ticket should be routed to one of 14 queues. "
    "412,000 tickets are stored in the table tickets, about 900 new ones a working day; moves are logged as ticket_requeued."
)
TODAY = "2026-11-21"


@pytest.fixture
def service(store: Store) -> Service:
    maker = WriterMaker(read_settings({}, {}, Path("/")), None, None, lambda kind, text: None)
    return Service(store, maker.writer, lambda kind, text: None)


def options(tmp_path: Path, **changes: Any) -> Options:
    return Options(**{"out": tmp_path / "out", "today": TODAY, **changes})


async def test_a_brief_becomes_two_files(service: Service, tmp_path: Path) -> None:
    outcome = await service.draft(BRIEF, options(tmp_path))
    assert outcome.status == "done" and outcome.strategy
    assert [path.name for path in outcome.files] == ["strategy.md", "strategy.json"]
    assert set(outcome.strategy.sections) == {section.key for section in SECTIONS}
    assert "Quillmark" in outcome.files[0].read_text("utf-8")
    assert (await service.store.runs.find(outcome.run)).status == "done"


async def test_questions_stop_the_run_and_answers_reach_the_document(service: Service, tmp_path: Path) -> None:
    outcome = await service.draft(BRIEF, options(tmp_path, ask=True))
    assert outcome.status == "needs_answers" and 1 <= len(outcome.questions) <= 5
    first = outcome.questions[0]
    with pytest.raises(InputError, match="not asked"):
        await service.answer(outcome.run, {"colour": "blue"})
    outcome = await service.answer(outcome.run, {first.id: "The zanzibar addendum of 2024 settles it for 180 customers."})
    while outcome.status == "needs_answers":
        outcome = await service.answer(outcome.run, {})
    assert outcome.status == "done" and outcome.strategy
    said = next(answer for answer in outcome.strategy.answers if answer.question == first.id)
    assert not said.skipped and "zanzibar" in outcome.files[0].read_text("utf-8").casefold()


async def test_a_finished_run_is_shown_again_and_not_written_twice(service: Service, tmp_path: Path) -> None:
    outcome = await service.draft(BRIEF, options(tmp_path))
    before = outcome.files[0].stat().st_mtime_ns
    again = await service.resume(outcome.run)
    assert again.files == outcome.files and again.files[0].stat().st_mtime_ns == before


async def test_a_revision_stands_beside_the_old_version(service: Service, tmp_path: Path) -> None:
    first = await service.draft(BRIEF, options(tmp_path))
    second, before = await service.revise(first.run, section="labelling", note="Name who labels French tickets.")
    assert second.version == 2 and before.version == 1
    assert second.files != first.files and all(path.exists() for path in (*first.files, *second.files))
    assert second.strategy and before.sections.keys() == second.strategy.sections.keys()
    untouched = [key for key in before.sections if before.sections[key] == second.strategy.sections[key]]
    assert len(untouched) >= len(SECTIONS) - 1


async def test_a_new_figure_changes_only_what_hangs_on_it(service: Service, tmp_path: Path) -> None:
    first = await service.draft(BRIEF, options(tmp_path))
    second, _ = await service.revise(first.run, answers={"annotator_rate": "41 euros an hour"})
    assert second.strategy and second.strategy.blueprint
    figure = second.strategy.blueprint.shared.annotator_rate
    assert (figure.value, figure.basis) == (41, "stated")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"section": "magic", "note": "x"}, "no section 'magic'"),
        ({"answers": {"magic": "3"}}, "no question or figure"),
        ({}, "nothing to revise"),
    ],
)
async def test_what_cannot_be_revised_is_said(service: Service, tmp_path: Path, given: dict[str, Any], message: str) -> None:
    first = await service.draft(BRIEF, options(tmp_path))
    with pytest.raises(InputError, match=message):
        await service.revise(first.run, **given)


async def test_unknown_runs_and_busy_runs_are_named(service: Service, tmp_path: Path) -> None:
    with pytest.raises(UnknownRun, match="nosuch"):
        await service.resume("nosuch")
    outcome = await service.draft(BRIEF, options(tmp_path))
    async with service.store.lock(outcome.run):
        with pytest.raises(RunBusy, match=outcome.run):
            await service.resume(outcome.run)


async def test_a_host_writes_the_whole_document(service: Service, tmp_path: Path) -> None:
    """The host's replies are the playbook's own here: what counts is the way of the requests."""
    captured: dict[str, Any] = {}
    outcome = await service.draft(BRIEF, options(tmp_path, model="host", revisions=0))
    waves = 0
    while outcome.status == "needs_replies":
        waves += 1
        captured = {request["id"]: await playbook_reply(service, outcome, request) for request in outcome.requests}
        if "labelling.draft.1" in captured:
            outcome = await half_and_nonsense(service, outcome, captured)
        else:
            outcome = await service.reply(outcome.run, captured)
    assert outcome.status == "done" and outcome.strategy
    assert 5 <= waves <= 12
    assert {record.written_by for record in outcome.strategy.records} == {"host"}


async def half_and_nonsense(service: Service, outcome: Outcome, replies: dict[str, Any]) -> Outcome:
    """Half the replies, one of them broken, and one that nobody asked for: refused ones are named, the rest goes in."""
    names = sorted(replies)
    half = {name: replies[name] for name in names[:7]}
    after = await service.reply(outcome.run, {**half, names[0]: {"prose": 7}, "nobody.asked": {}})
    assert set(after.refused) == {names[0], "nobody.asked"}
    assert not {request["id"] for request in after.requests} & set(names[1:7])
    assert {request["id"] for request in after.requests} >= {names[0], *names[7:]}
    return after


async def playbook_reply(service: Service, outcome: Outcome, request: Any) -> Any:
    """What the playbook would write for a request, as JSON."""
    from ai_data_strategy import steps
    from ai_data_strategy.plan import Plan

    run = await service.store.runs.find(outcome.run)
    state = await service._state(run)
    plan = Plan.of(state)  # type: ignore[arg-type]
    first, *rest = request["id"].split(".")
    if first in BY_KEY and rest[0] == "draft":
        return plan.write(BY_KEY[first]).model_dump(mode="json")
    if first in BY_KEY and rest[0] == "review":
        return Review(judgements=[], objections=[]).model_dump(mode="json")
    if rest and rest[0] in ("revise", "mend"):
        return {name: [] if name == "quantities" else None for name in request["schema"]["properties"]}
    return (await captured_playbook(steps, first, state)).model_dump(mode="json")


async def captured_playbook(steps: Any, name: str, state: Any) -> Any:
    """Run one step with a writer that keeps what the playbook writes."""
    from langgraph.runtime import Runtime

    from ai_data_strategy.models import PlaybookWriter
    from ai_data_strategy.state import Context

    kept: list[Any] = []

    class Keeping(PlaybookWriter):
        async def write(self, request: Request[Any]) -> Any:
            reply = await super().write(request)
            kept.append(reply.value)
            return reply

    step = {
        "clarify": steps.clarify,
        "memo": steps.analyse,
        "blueprint": steps.fix,
        "reconcile": steps.reconcile,
        "assemble": steps.assemble,
    }[name]
    await step(state, Runtime(context=Context(writer=Keeping())))
    return kept[0]
