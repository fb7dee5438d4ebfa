"""The compiled graph from brief to document, with a writer that plays a model: revisions, refusals, stops, resumes, questions."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from ai_data_strategy.agents import SECTIONS
from ai_data_strategy.agents.reviewer import Objection, Review
from ai_data_strategy.blueprint import Shared
from ai_data_strategy.document.scoring import score
from ai_data_strategy.domain import Quantity
from ai_data_strategy.errors import CapReached, ReplyUnusable, StrategyError, WriterUnavailable
from ai_data_strategy.graph import RECURSION_LIMIT, build
from ai_data_strategy.interfaces.revising import starting_state
from ai_data_strategy.interfaces.service import load_state
from ai_data_strategy.models import M, PlaybookWriter, Reply, Request, Spent, WithFallback
from ai_data_strategy.playbook.desk import knowledge
from ai_data_strategy.state import Context

BRIEFS = yaml.safe_load((Path(__file__).parent / "briefs.yaml").read_text("utf-8"))
HELPDESK = (
    "Our helpdesk product should route each new ticket to one of 14 queues; today two people do it by hand. About 900 new tickets a "
    "working day, 412,000 tickets since 2021-03. Final queue is stored. One data engineer, one product manager."
)
KEYS = [section.key for section in SECTIONS]
SPOILT = "We will label 77 items by hand, and then we shall see."
MENDED = "We label by hand what the rules leave open, and then we shall see."
Play = Callable[[Request[Any]], Any]


@dataclass
class Played:
    """A model played by the playbook, except where a play is given for a request's id; counts calls by id."""

    plays: Mapping[str, Play | Exception] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    name: str = "model"

    async def write(self, request: Request[M]) -> Reply[M]:
        self.calls[request.id] += 1
        play = self.plays.get(request.id)
        if isinstance(play, Exception):
            raise play
        return Reply(play(request) if play else request.playbook(), self.name, Spent(self.name, calls=1, tokens_in=10, tokens_out=5))


class Run:
    """One thread of a compiled graph, and what its listener heard."""

    def __init__(self, writer: Any, *, ask: bool = False, revisions: int = 2, thread: str = "1", graph: Any = None) -> None:
        self.graph = graph or build().compile(checkpointer=InMemorySaver())
        self.heard: list[tuple[str, str]] = []
        self.context = Context(writer=writer, ask=ask, revisions=revisions, on_event=lambda kind, text: self.heard.append((kind, text)))
        self.config: Any = {"configurable": {"thread_id": thread}, "recursion_limit": RECURSION_LIMIT}
        self.writer = writer

    async def go(self, given: Any) -> Any:
        start: Any = {"arguments": given, "today": "2026-11-21"} if isinstance(given, str) else given
        return await self.graph.ainvoke(start, self.config, context=self.context, version="v2")

    async def state(self) -> dict[str, Any]:
        return dict((await self.graph.aget_state(self.config)).values)


def spoilt(request: Request[Any]) -> Any:
    """The playbook's draft with a bare number in its prose."""
    return request.playbook().model_copy(update={"prose": SPOILT})


def patch(**changes: Any) -> Play:
    return lambda request: request.schema.model_validate(changes)


def objecting(count: int) -> Play:
    """A review with objections, each with a quotation from the section as it is shown."""

    def play(request: Request[Any]) -> Review:
        shown = request.suffix.split("<section>")[1]
        quote = next(line.lstrip("*") for line in shown.splitlines() if len(line) > 40 and line.lstrip("*")[:1].isalpha())[:40]
        return Review(
            judgements=[], objections=[Objection(field="prose", quote=quote, why="I would not sign this.", mend="Say why.")] * count
        )

    return play


def criteria(state: dict[str, Any], key: str) -> list[str]:
    return [v["criterion"] for v in state["sections"][key]["record"]["critique"]["verdicts"] if v["outcome"] == "not_met"]


async def test_a_brief_becomes_a_document_with_all_sections() -> None:
    run = Run(Played())
    state = (await run.go(HELPDESK)).value
    strategy = load_state(state)
    assert list(strategy.sections) == KEYS and state["finished"] and strategy.writer == "model"
    assert all(section.title in state["document"] for section in SECTIONS if section.number <= 10)
    assert run.writer.calls["clarify"] == 1 and max(run.writer.calls.values()) == 1
    assert not score(strategy).gates_open


async def test_a_revision_mends_what_a_check_found() -> None:
    run = Run(Played({"labelling.draft.1": spoilt, "labelling.revise.1.1": patch(prose=MENDED)}))
    state = (await run.go(HELPDESK)).value
    assert state["sections"]["labelling"]["draft"]["prose"] == MENDED
    assert "HO1" not in criteria(state, "labelling") and state["sections"]["labelling"]["record"]["revisions"] >= 1


BROKEN = Quantity(key="labelling_new", meaning="a figure", unit="item", value=5.0, basis="stated", source="nobody said this")


@pytest.mark.parametrize(
    "change",
    [
        {"prose": MENDED, "quantities": [BROKEN]},  # a stated figure that nobody stated: HO2 held before
        {"prose": MENDED, "quantities": [BROKEN.model_copy(update={"basis": "assumed"})]},  # assumed without a check: HO3
    ],
)
async def test_a_patch_that_breaks_what_held_is_refused(change: dict[str, Any]) -> None:
    run = Run(Played({"labelling.draft.1": spoilt, "labelling.revise.1.1": patch(**change)}), revisions=1)
    state = (await run.go(HELPDESK)).value
    assert state["sections"]["labelling"]["draft"]["prose"] == SPOILT
    assert [text for kind, text in run.heard if kind == "refused" and text.startswith("labelling: the patch would break")]
    assert "HO1" in criteria(state, "labelling")


async def test_the_best_version_is_kept_not_the_last() -> None:
    plays = {"logs.review.1.0": objecting(1), "logs.revise.1.1": patch(prose=MENDED), "logs.review.1.1": objecting(2)}
    run = Run(Played(plays))
    state = (await run.go(HELPDESK)).value
    assert run.writer.calls["logs.revise.1.1"] == 1 and run.writer.calls["logs.revise.1.2"] == 0
    assert state["sections"]["logs"]["draft"]["prose"] != MENDED and criteria(state, "logs").count("DL") == 1


@pytest.mark.parametrize("revisions", [0, 1, 2])
async def test_at_the_revision_limit_what_is_open_is_listed(revisions: int) -> None:
    run = Run(Played({f"logs.review.1.{turn}": objecting(1) for turn in range(4)}), revisions=revisions)
    state = (await run.go(HELPDESK)).value
    assert sum(count for id_, count in run.writer.calls.items() if id_.startswith("logs.revise")) == revisions
    assert "DL" in criteria(state, "logs") and "I would not sign this" in state["document"]


async def test_a_section_without_a_usable_reply_does_not_sink_the_run() -> None:
    writer = Played({"failures.draft.1": ReplyUnusable("the reply broke off twice")})
    state = (await Run(WithFallback(writer)).go(HELPDESK)).value
    record = state["sections"]["failures"]["record"]
    assert (record["written_by"], record["fallback"]) == ("playbook", "the reply broke off twice")
    assert "the reply broke off twice" in state["document"][:3000]
    assert {state["sections"][key]["record"]["written_by"] for key in KEYS if key != "failures"} == {"model"}


@pytest.mark.parametrize("error", [CapReached("token cap of 10"), WriterUnavailable("rate limit")])
@pytest.mark.parametrize("step", ["draft.1", "review.1.0"])
async def test_a_stop_in_one_section_lets_the_others_finish_and_the_run_goes_on(error: StrategyError, step: str) -> None:
    writer = Played({f"benchmark.{step}": error})
    run = Run(writer)
    result = await run.go(HELPDESK)
    (stop,) = result.interrupts
    assert stop.value == {"kind": "stopped", "reasons": {"benchmark": str(error)}}
    state = await run.state()
    assert {key for key, entry in state["sections"].items() if "draft" in entry} == set(KEYS) - {"benchmark"}
    writer.plays = {}
    done = (await run.go(Command(resume={stop.id: True}))).value
    assert done["finished"] and list(load_state(done).sections) == KEYS
    again = {id_ for id_, count in writer.calls.items() if count > 1}
    assert again <= {"benchmark.draft.1", "benchmark.review.1.0"} and f"benchmark.{step}" in again


@pytest.mark.parametrize("step", ["memo", "blueprint", "reconcile.1", "assemble.1"])
async def test_a_stop_outside_the_sections_goes_on_at_its_step(step: str) -> None:
    writer = Played({step: CapReached("token cap of 10")})
    run = Run(writer)
    with pytest.raises(CapReached, match="token cap of 10"):
        await run.go(HELPDESK)
    writer.plays = {}
    assert (await run.go(None)).value["finished"]
    assert {id_ for id_, count in writer.calls.items() if count > 1} == {step}


@pytest.fixture(scope="module")
def graph() -> Any:
    return build().compile(checkpointer=InMemorySaver())


@pytest.fixture(scope="module")
def finished() -> dict[str, Any]:
    return dict(asyncio.run(Run(Played()).go(HELPDESK)).value)


@pytest.mark.parametrize("key", KEYS)
async def test_any_section_runs_alone(key: str, finished: dict[str, Any], graph: Any) -> None:
    writer = Played({f"{key}.revise.2.1": patch(prose=MENDED)})
    start = starting_state(finished, key, "Say it in one sentence.", {}, 2)
    state = (await Run(writer, thread=f"{key}.2", graph=graph).go(start)).value
    assert {id_.split(".")[0] for id_ in writer.calls} - {key} <= {"reconcile", "assemble"} | {
        id_.split(".")[0] for id_ in writer.calls if ".mend." in id_
    }
    assert f"{key}.revise.2.1" in writer.calls and MENDED in state["sections"][key]["draft"]["prose"]
    same = [name for name in KEYS if name != key and f"{name}.mend.2" not in writer.calls]
    assert all(state["sections"][name]["draft"] == finished["sections"][name]["draft"] for name in same)


async def test_the_second_round_of_questions_reaches_only_the_sections_it_touches() -> None:
    writer = Played()
    run = Run(writer, ask=True)
    first = await run.go(HELPDESK)
    while first.interrupts and not {"benchmark.draft.1"} & set(writer.calls):
        first = await run.go(Command(resume={first.interrupts[0].id: {}}))
    (asked,) = first.interrupts
    assert asked.value["kind"] == "answers" and 1 <= len(asked.value["questions"]) <= 5
    question = asked.value["questions"][0]
    done = (await run.go(Command(resume={asked.id: {question["id"]: f"37 {question['unit']}"}}))).value
    turned = {id_.split(".")[0] for id_ in writer.calls if id_.split(".")[-2:-1] == ["2"] or id_.endswith("draft.2")}
    assert done["finished"] and turned == set(question["touches"])
    assert {key for key, entry in done["sections"].items() if entry["turn"] == 2} == turned
    assert not done["notes"]
    assert done["answers"][question["id"]]["text"].startswith("37")


async def test_sections_that_are_written_again_side_by_side_all_keep_their_new_version() -> None:
    run = Run(PlaybookWriter(), ask=True)
    first = await run.go(HELPDESK)
    while not any(question["id"] in Shared.model_fields for question in first.interrupts[0].value["questions"]):
        first = await run.go(Command(resume={first.interrupts[0].id: {}}))
    (asked,) = first.interrupts
    questions = asked.value["questions"]
    figures = [question for question in questions if question["id"] not in knowledge("questions")]
    done = (await run.go(Command(resume={asked.id: {q["id"]: f"37 {q['unit']}" for q in figures}}))).value
    again = {key for question in figures for key in question["touches"]}
    assert len(again) > 1 and {key for key, entry in done["sections"].items() if entry["turn"] == 2} == again
    assert not done["notes"]


async def test_what_the_bank_asks_last_makes_the_playbook_plan_anew() -> None:
    run = Run(PlaybookWriter(), ask=True)
    first = await run.go(HELPDESK)
    early = [question["id"] for question in first.interrupts[0].value["questions"]]
    second = await run.go(Command(resume={first.interrupts[0].id: {}}))
    (asked,) = second.interrupts
    further = [question["id"] for question in asked.value["questions"] if question["kind"] != "number"]
    assert further and not set(further) & set(early)
    told = {further[0]: "Tickets are kept for 400 days, then deleted.", "hours_product": "11"}
    done = (await run.go(Command(resume={asked.id: told}))).value
    assert done["finished"] and {entry["turn"] for entry in done["sections"].values()} == {2}
    assert "400 days" in done["document"] or "400" in done["document"]


async def test_where_nothing_should_be_learned_the_run_ends_early() -> None:
    writer = Played()
    state = (await Run(writer).go(BRIEFS["vat_rule"]["text"])).value
    assert set(writer.calls) == {"clarify"} and state["finished"] and not state.get("sections")
    assert len(state["document"].split()) < 1500


async def test_orders_in_a_brief_are_listed_and_not_obeyed() -> None:
    state = (await Run(Played()).go(BRIEFS["injected"]["text"])).value
    assert len(state["clarification"]["orders"]) == BRIEFS["injected"]["orders"]
    assert "governance" in state["sections"] and "You write" not in state["document"]
    assert {q["basis"] for entry in state["sections"].values() for q in entry["draft"]["quantities"]} <= {
        "stated", "assumed", "derived", "proposed", "external", "unknown", "not_applicable",
    }  # fmt: skip
