"""One section's own small graph: draft -> review <-> revise. It goes at its own pace beside the others.

The best version is kept, not the last. A patch that breaks what a check found met is refused. When a cap is reached or the
service is down, what is done is handed back with the reason, and the run can go on later.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from pydantic import ValidationError

from ai_data_strategy.agents import reviewer
from ai_data_strategy.agents.section import Draft, Section, rubric
from ai_data_strategy.agents.strategy import Record
from ai_data_strategy.calling import ask_writer, dump, spent
from ai_data_strategy.domain import Critique, Verdict
from ai_data_strategy.errors import CapReached, WriterRefused, WriterUnavailable
from ai_data_strategy.models import Request
from ai_data_strategy.plan import FACTS, Plan
from ai_data_strategy.prompts import load
from ai_data_strategy.state import Context, Json, SectionOutput, SectionState, State

STOPS = (CapReached, WriterUnavailable, WriterRefused)
"""What stops a section without sinking the run."""
NOTE = "NOTE"
"""Criterion id under which a user's note stands."""
WEIGHTS = {criterion.id: criterion for criterion in rubric()}


def section_node(section: Section) -> Callable[[State, Runtime[Context]], Awaitable[Json]]:
    """The node of a section: its subgraph on its own entry and note, and nothing but these handed back.

    Sections run side by side: one that handed back the whole state would put the old entries of the others over their new ones.
    """
    graph = section_graph(section)

    async def node(state: State, runtime: Runtime[Context]) -> Json:
        shared = {name: state.get(name) for name in FACTS if name in state}
        own = {"sections": _own(state.get("sections"), section), "notes": _own(state.get("notes"), section)}
        found = await graph.ainvoke({**shared, **own}, context=runtime.context)
        stopped = "stopped" in found["sections"].get(section.key, {})
        return {**found, "notes": {} if stopped else {section.key: None}}

    return node


def _own(entries: Json | None, section: Section) -> Json:
    return {key: value for key, value in (entries or {}).items() if key == section.key}


def section_graph(section: Section) -> Any:
    """The compiled subgraph of one section."""
    graph = StateGraph(SectionState, context_schema=Context, output_schema=SectionOutput)
    graph.add_node("draft", _stoppable(section, _draft))
    graph.add_node("review", _stoppable(section, _review))
    graph.add_node("revise", _stoppable(section, _revise))
    graph.add_edge(START, "draft")
    graph.add_conditional_edges("draft", _unless_stopped("review"), ["review", END])
    graph.add_conditional_edges("review", _after_review, ["revise", END])
    graph.add_conditional_edges("revise", _unless_stopped("review"), ["review", END])
    return graph.compile()


def _stoppable(section: Section, step: Callable[[Section, SectionState, Context], Awaitable[Json]]) -> Any:
    async def run(state: SectionState, runtime: Runtime[Context]) -> Json:
        try:
            return await step(section, state, runtime.context)
        except STOPS as error:
            runtime.context.on_event("stopped", section.key)
            done = state.get("sections", {}).get(section.key, {})
            return {"sections": {section.key: {**done, "stopped": str(error)}}, "work": {**state.get("work", {}), "stopped": True}}

    return run


def _unless_stopped(following: str) -> Callable[[SectionState], Awaitable[str]]:
    async def route(state: SectionState) -> str:  # async: langgraph sends every other function through a thread
        return END if state.get("work", {}).get("stopped") else following

    return route


async def _after_review(state: SectionState) -> str:
    work = state.get("work", {})
    return "revise" if work.get("again") and not work.get("stopped") else END


async def _draft(section: Section, state: SectionState, context: Context) -> Json:
    """A first draft; or, where there is one already and a note on it, the draft to be revised by that note."""
    plan, entry = Plan.of(state, context), state.get("sections", {}).get(section.key, {})
    turn = int(entry.get("turn", 0)) + 1
    note = state.get("notes", {}).get(section.key)
    if entry.get("draft") and note:
        work = {"draft": entry["draft"], "record": entry["record"], "turn": turn, "revised": 0, "note": note}
        if entry["record"]["written_by"] != "playbook":
            return {"work": work}
    request = Request(
        id=f"{section.key}.draft.{turn}",
        role="writer",
        section=section.key,
        prefix=plan.prefix,
        suffix=lambda: load(section.key).text() + plan.evidence_of(section) + f'\n\nWrite the section "{section.title}" now.',
        schema=section.draft,
        playbook=lambda: plan.write(section),
    )
    reply = await ask_writer(context, request)
    record = Record(section=section.key, written_by=reply.written_by, fallback=reply.fallback)
    work = {"draft": dump(reply.value), "record": dump(record), "turn": turn, "revised": 0, "note": note}
    return {"work": work, "spent": spent(request, reply)}


async def _review(section: Section, state: SectionState, context: Context) -> Json:
    """Checks first, then the judge criteria; the best version so far goes out."""
    plan, work = Plan.of(state, context), state["work"]
    draft = section.draft.model_validate(work["draft"])
    drafts: dict[str, Draft] = {section.key: draft}
    sheet = plan.sheet(drafts)
    critique = reviewer.checked(section, draft, sheet)
    shown = cache(lambda: reviewer.whole_section(section, draft, plan.view(sheet)))
    request = Request(
        id=f"{section.key}.review.{work['turn']}.{work['revised']}",
        role="reviewer",
        section=section.key,
        prefix=plan.prefix,
        suffix=lambda: reviewer.instructions(section, draft, shown(), critique),
        schema=reviewer.Review,
        playbook=lambda: reviewer.Review(judgements=[], objections=[]),
    )
    reply = await ask_writer(context, request)
    if work["record"]["written_by"] != "playbook":
        critique = Critique(
            verdicts=[*critique.verdicts, *reviewer.length_verdicts(draft), *reviewer.language_verdicts(draft, plan.brief.language)]
        )
    said = reply.value.judgements or reply.value.objections
    verdicts = [*critique.verdicts, *(reviewer.judged(reply.value, section, shown()) if said else [])]
    if work.get("note") and work["revised"] == 0:
        verdicts.append(Verdict(criterion=NOTE, outcome="not_met", why=str(work["note"]), by="reviewer"))
    critique = Critique(verdicts=verdicts)
    record = Record.model_validate(work["record"]).model_copy(update={"critique": critique, "revisions": work["revised"]})
    return _kept(section, work, draft, record, context) | {"spent": spent(request, reply)}


def _kept(section: Section, work: Json, draft: Draft, record: Record, context: Context) -> Json:
    """Keep this version if it is better than the best so far, and say whether to revise again."""
    best = work.get("best")
    new = {"draft": dump(draft), "record": dump(record), "turn": work["turn"]}
    better = best is None or reviewer.worth(record.critique, WEIGHTS) >= reviewer.worth(
        Record.model_validate(best["record"]).critique, WEIGHTS
    )
    kept = new if best is None or better else best
    model_wrote = record.written_by != "playbook" and not record.fallback
    again = bool(record.critique.open) and better and model_wrote and work["revised"] < context.revisions
    context.on_event("section", f"{section.key} {len(Record.model_validate(kept['record']).critique.open)}")
    return {"sections": {section.key: kept}, "work": {**work, "best": kept, "again": again}}


async def _revise(section: Section, state: SectionState, context: Context) -> Json:
    """A patch of the failing fields; one that breaks what a check found met is refused."""
    plan, work = Plan.of(state, context), state["work"]
    draft = section.draft.model_validate(work["draft"])
    critique = Record.model_validate(work["best"]["record"]).critique
    fields = section.draft.model_fields if work.get("note") else reviewer.at_fault(critique)
    patch_type = reviewer.patch_type(section.draft, fields)
    request = Request(
        id=f"{section.key}.revise.{work['turn']}.{work['revised'] + 1}",
        role="writer",
        section=section.key,
        prefix=plan.prefix,
        suffix=lambda: reviewer.revision(section, draft, critique),
        schema=patch_type,
        playbook=patch_type,
    )
    reply = await ask_writer(context, request)
    changed = _accepted(section, draft, reply.value, plan, context)
    return {"work": {**work, "draft": dump(changed), "revised": work["revised"] + 1, "again": False}, "spent": spent(request, reply)}


def _accepted(section: Section, draft: Draft, patch: Any, plan: Plan, context: Context) -> Draft:
    before = reviewer.checked(section, draft, plan.sheet({section.key: draft}))
    try:
        changed = reviewer.patched(draft, patch)
    except ValidationError as error:
        context.on_event("refused", f"{section.key}: the patch does not fit: {error.error_count()} errors")
        return draft
    broken = reviewer.breaks(before, reviewer.checked(section, changed, plan.sheet({section.key: changed})))
    if broken:
        context.on_event("refused", f"{section.key}: the patch would break {', '.join(broken)}")
        return draft
    return changed
