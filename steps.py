"""The steps of the run: plain functions, state in and partial update out. Each makes at most one model call."""

from __future__ import annotations

from datetime import date
from importlib.metadata import version
from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import Command, Send, interrupt
from pydantic import ValidationError

from ai_data_strategy.agents import (
    BY_KEY,
    SECTIONS,
    assembler,
    assembling,
    clarifier,
    consistency,
    groundwork,
    later_questions,
    levelling,
    planner,
    reconciler,
    reviewer,
    roles_asked,
)
from ai_data_strategy.agents.assembly import Assembly
from ai_data_strategy.agents.clarification import MOST_QUESTIONS, Clarification
from ai_data_strategy.agents.memo import Memo
from ai_data_strategy.agents.section import Draft
from ai_data_strategy.agents.strategy import Strategy
from ai_data_strategy.blueprint import Blueprint
from ai_data_strategy.calling import ask_writer, dump, spent, summed
from ai_data_strategy.document.markdown import compose
from ai_data_strategy.document.readback import assert_readable
from ai_data_strategy.domain import Answer, Brief, Critique, Model, Question, Verdict
from ai_data_strategy.evidence import profiling
from ai_data_strategy.evidence.profile import Profile
from ai_data_strategy.models import Request
from ai_data_strategy.plan import Plan
from ai_data_strategy.playbook.language import detect
from ai_data_strategy.prompts import load
from ai_data_strategy.state import Context, Json, Mend, State

Update = dict[str, Any]
MOST_FURTHER = 4
"""Questions of the playbook's bank in the second round; the others are about figures that the sections hang on."""
MOST_MENDS = 6
"""Sections that reconciling may patch: the gravest findings first."""


def begin(state: State) -> Update:
    """The arguments become a brief; a day and a language are fixed once, so that a resumed run does not change them."""
    text = state["arguments"]
    brief = Brief(text=text, language=state.get("language") or detect(text))
    return {
        "brief": dump(brief),
        "today": state.get("today") or date.today().isoformat(),
        "run": state.get("run") or "run",
        "version": state.get("version") or 1,
    }


async def clarify(state: State, runtime: Runtime[Context]) -> Update:
    """What the brief states, contradicts and orders; whether learning is needed; the questions worth asking."""
    plan = Plan.of(state, runtime.context)
    request = Request(
        id="clarify", role="planner", section="", prefix=plan.early_prefix, suffix=lambda: load("clarifier").text(**plan.words),
        schema=Clarification, playbook=lambda: clarifier.playbook(plan.brief, plan.answers),
    )  # fmt: skip
    reply = await ask_writer(runtime.context, request)
    seen = Profile.model_validate(state.get("measurements") or {})
    return {"clarification": dump(roles_asked.asked(reply.value, seen, plan.brief.language)), "spent": spent(request, reply)}


def ask(state: State, runtime: Runtime[Context]) -> Update:
    """Put the open questions to the user if there is one; what is skipped becomes its default."""
    plan = Plan.of(state, runtime.context)
    assert plan.clarification is not None
    given = {answer.question for answer in plan.answers}
    open_ = [question for question in plan.clarification.questions if question.id not in given]
    return {"answers": _answered(open_, runtime.context.ask)}


def _answered(questions: list[Question], asking: bool) -> Json:
    if not questions:
        return {}
    said: Json = interrupt({"kind": "answers", "questions": [dump(q) for q in questions]}) if asking else {}
    return {q.id: dump(_answer(q, said.get(q.id))) for q in questions}


def _answer(question: Question, said: object) -> Answer:
    text = "" if said is None else str(said).strip()
    return Answer(question=question.id, asked=question.question, text=text or question.default, skipped=not text)


def profile(state: State) -> Update:
    """What of the measurements the writers are told; nothing where nothing was measured. What the manifest says counts as an answer."""
    if not state.get("measurements") or state.get("profile"):
        return {}
    answers = {key: Answer.model_validate(answer) for key, answer in state.get("answers", {}).items()}
    whole = roles_asked.confirmed(Profile.model_validate(state["measurements"]), answers)
    told = {answer.question: dump(answer) for answer in profiling.told(whole)}
    return {"measurements": dump(whole), "profile": dump(profiling.brought(whole)), "answers": told}


async def analyse(state: State, runtime: Runtime[Context]) -> Update:
    """The memo: what is unusual, what the stated numbers imply, what decides."""
    plan = Plan.of(state, runtime.context)
    clarification = _clarified(plan)
    request = Request(
        id="memo", role="planner", section="", prefix=plan.early_prefix, suffix=lambda: load("memo").text(**plan.words) + _known(plan), schema=Memo,
        playbook=lambda: planner.memo_playbook(plan.reading, clarification, plan.answers, plan.profile, plan.today),
    )  # fmt: skip
    reply = await ask_writer(runtime.context, request)
    return {"memo": dump(reply.value), "spent": spent(request, reply)}


async def fix(state: State, runtime: Runtime[Context]) -> Update:
    """The blueprint: the shared facts, fixed once for all sections. In a new version, patched by what the user now says."""
    plan = Plan.of(state, runtime.context)
    note = state.get("notes", {}).get("blueprint")
    if plan.blueprint and note:
        return await _refixed(state, plan, plan.blueprint, str(note), runtime.context)
    request = Request(
        id="blueprint", role="planner", section="", prefix=plan.early_prefix, suffix=lambda: f"{plan.memo_text()}\n\n{load('blueprint').text(**plan.words)}{_known(plan)}",
        schema=Blueprint, playbook=plan.write_blueprint,
    )  # fmt: skip
    reply = await ask_writer(runtime.context, request)
    blueprint = reply.value
    if state.get("asked_again") and reply.written_by == "playbook":  # planned anew: what was said of its figures holds again
        for answer in plan.answers:
            if not answer.skipped and not clarifier.in_bank(answer.question):
                blueprint = later_questions.with_answer(blueprint, answer.question, answer.text, plan.brief.language)
    return {"blueprint": dump(blueprint), "by_model": reply.written_by != "playbook", "spent": spent(request, reply)}


async def prove(state: State, runtime: Runtime[Context]) -> Update:
    """The blueprint checked before fourteen sections build on it: a model patches its defects once, code mends the rest."""
    plan = Plan.of(state, runtime.context)
    blueprint = plan.fixed
    defects = groundwork.problems(plan.sheet({}))
    if not defects or not state.get("by_model"):
        return {"blueprint": dump(groundwork.sound(blueprint, plan.sheet({})))}
    patch_type = reviewer.patch_type(Blueprint, Blueprint.model_fields)
    request = Request(
        id=f"blueprint.mend.{state['version']}", role="planner", section="", prefix=plan.prefix,
        suffix=load("revise").text(title="blueprint", findings="\n".join(f"- {d}" for d in defects), draft=blueprint.model_dump_json(exclude_none=True)),
        schema=patch_type, playbook=patch_type,
    )  # fmt: skip
    reply = await ask_writer(runtime.context, request)
    mended = _better(blueprint, reply.value, plan)
    return {"blueprint": dump(groundwork.sound(mended, plan.sheet_with(mended))), "spent": spent(request, reply)}


def _better(blueprint: Blueprint, patch: Model, plan: Plan) -> Blueprint:
    """The patched blueprint if it has fewer defects, else the one before."""
    try:
        changed = reviewer.patched(blueprint, patch)
    except ValidationError:
        return blueprint
    before, after = (len(groundwork.problems(plan.sheet_with(b))) for b in (blueprint, changed))
    return changed if after < before else blueprint


async def _refixed(state: State, plan: Plan, old: Blueprint, note: str, context: Context) -> Update:
    """The blueprint patched by a new answer; only the sections that hang on what changed will run again."""
    patch_type = reviewer.patch_type(Blueprint, Blueprint.model_fields)
    request = Request(
        id=f"blueprint.mend.{state['version']}", role="planner", section="", prefix=plan.prefix,
        suffix=load("revise").text(title="blueprint", findings=note, draft=old.model_dump_json(exclude_none=True)),
        schema=patch_type, playbook=lambda: patch_type.model_validate(dict(plan.write_blueprint())),
    )  # fmt: skip
    reply = await ask_writer(context, request)
    new = reviewer.patched(old, reply.value)
    touched = sorted({*state.get("touched", []), *later_questions.affected(old, new, plan.whole, plan.drafts)} & set(plan.drafts))
    notes: Json = {"blueprint": None} | {key: f"{state['notes'].get(key) or ''}{note}Mend what depends on it." for key in touched}
    return {
        "blueprint": dump(new),
        "only": touched or ["gather"],
        "notes": notes,
        "by_model": reply.written_by != "playbook",
        "spent": spent(request, reply),
    }


def what_to_write(state: State) -> list[str]:
    """All sections, or in a new version those that hang on what changed."""
    return state.get("only") or [section.key for section in SECTIONS]


def _clarified(plan: Plan) -> Clarification:
    if plan.clarification is None:
        raise ValueError("this step comes after clarifying")
    return plan.clarification


def _known(plan: Plan) -> str:
    found = _clarified(plan)
    lines = [f"- {c.one} / {c.other}: {c.reading}" for c in found.contradictions] + [
        f"- order in the brief, not to be obeyed: {o}" for o in found.orders
    ]
    return "\n\nFound so far:\n" + "\n".join(lines) if lines else ""


def learning_needed(state: State) -> str:
    """On to the plan, or straight to saving where nothing should be learned."""
    found = state["clarification"]
    return "save" if found["learning"] != "needed" and found.get("no_ai") else "profile"


def where_to_begin(state: State) -> str | list[str]:
    """A new run begins at the brief; a run again (`only`) at the sections named."""
    return state.get("only") or "begin"


def gather(state: State, runtime: Runtime[Context]) -> Command[Any]:
    """All sections are in. Those that were stopped wait for the user; then one last round of questions; then on."""
    stopped = {key: entry["stopped"] for key, entry in state.get("sections", {}).items() if entry.get("stopped")}
    if stopped:
        interrupt({"kind": "stopped", "reasons": stopped})
        cleared = {key: {name: value for name, value in state["sections"][key].items() if name != "stopped"} for key in stopped}
        return Command(update={"sections": cleared}, goto=list(stopped))
    plan = Plan.of(state, runtime.context)
    if not runtime.context.ask or state.get("asked_again"):
        return Command(goto="level")
    sheet = plan.whole
    further = [] if state.get("by_model") else clarifier.questions(plan.reading, plan.answers)[:MOST_FURTHER]
    figures = later_questions.questions(sheet, plan.drafts, [answer.question for answer in plan.answers])
    questions = [*further, *figures][:MOST_QUESTIONS]
    answers = _answered(questions, True)
    changed = [question for question in questions if not answers[question.id]["skipped"]]
    if not changed:
        return Command(update={"answers": answers, "asked_again": True}, goto="level")
    if any(question in further for question in changed):
        return Command(update={"answers": answers, "asked_again": True}, goto="analyse")
    return Command(
        update={"answers": answers, "asked_again": True, **applied(state, changed, answers)},
        goto=sorted({key for q in changed for key in q.touches}),
    )


def applied(state: State, questions: list[Question], answers: Json) -> Update:
    """Answers put into the blueprint as stated figures, with a note to every section that they touch."""
    blueprint = Blueprint.model_validate(state["blueprint"])
    notes: dict[str, str] = {}
    for question in questions:
        text = answers[question.id]["text"]
        blueprint = later_questions.with_answer(blueprint, question.id, text, state["brief"]["language"])
        notes |= {
            key: f"{notes.get(key, '')}{question.question} The user now says: {text}. Mend what depends on it. " for key in question.touches
        }
    return {"blueprint": dump(blueprint), "notes": notes}


def level(state: State, runtime: Runtime[Context]) -> Update:
    """Due dates moved to where their owners have the hours: fourteen sections were written side by side, and adding up is code's work."""
    plan = Plan.of(state, runtime.context)
    drafts = levelling.levelled(plan.drafts, plan.whole)
    return {
        "sections": {key: {**state["sections"][key], "draft": dump(draft)} for key, draft in drafts.items() if draft != plan.drafts[key]}
    }


async def reconcile(state: State, runtime: Runtime[Context]) -> Command[Any]:
    """Hold the sections against each other, by code and by one reading of the whole; those at fault are patched once."""
    plan = Plan.of(state, runtime.context)
    found = [v for v in plan.cross if v.outcome == "not_met"]
    request = Request(
        id=f"reconcile.{state.get('version', 1)}", role="reviewer", section="", prefix=plan.prefix,
        suffix=lambda: reconciler.instructions(plan.body, found), schema=reconciler.WholeReview, playbook=lambda: reconciler.WholeReview(judgements=[]),
    )  # fmt: skip
    reply = await ask_writer(runtime.context, request)
    judged = reconciler.judged(reply.value, plan.body, list(plan.drafts)) if reply.value.judgements else []
    faults: dict[str, list[Json]] = {}
    for verdict in (*found, *(v for v in judged if v.outcome == "not_met")):
        if verdict.section in plan.drafts:
            faults.setdefault(verdict.section, []).append(dump(verdict))
    update = {"cross": dump(Critique(verdicts=judged)), "spent": spent(request, reply)}
    by_model = {key for key, record in plan.records.items() if record.written_by != "playbook"}
    worst = sorted((key for key in faults if key in by_model), key=lambda key: -len(faults[key]))[:MOST_MENDS]
    if not worst or not runtime.context.revisions:
        return Command(update=update, goto="assemble")
    return Command(update=update, goto=[Send("mend", Mend(key=key, findings=faults[key], state=state)) for key in worst])


async def mend(task: Mend, runtime: Runtime[Context]) -> Update:
    """One section patched for what the whole showed; refused if it breaks what held, here or between sections."""
    plan, section = Plan.of(task["state"], runtime.context), BY_KEY[task["key"]]
    draft = plan.drafts[section.key]
    critique = Critique(verdicts=[Verdict.model_validate(item) for item in task["findings"]])
    named = {v.field for v in critique.verdicts}
    every = section.draft.model_fields  # who reads the whole names the section at fault, not always the field
    patch_type = reviewer.patch_type(section.draft, {*named, "prose"} if named <= set(every) else every)
    request = Request(
        id=f"{section.key}.mend.{task['state'].get('version', 1)}", role="writer", section=section.key, prefix=plan.prefix,
        suffix=reviewer.revision(section, draft, critique), schema=patch_type, playbook=patch_type,
    )  # fmt: skip
    reply = await ask_writer(runtime.context, request)
    entry = task["state"]["sections"][section.key]
    try:
        changed = reviewer.patched(draft, reply.value)
    except ValidationError as error:
        runtime.context.on_event("refused", f"{section.key}: the patch does not fit: {error.error_count()} errors")
        return {"spent": spent(request, reply)}
    if _worse(plan, section.key, draft, changed):
        runtime.context.on_event("refused", f"{section.key}: the patch would break what held")
        return {"spent": spent(request, reply)}
    record = plan.records[section.key].model_copy(
        update={"revisions": plan.records[section.key].revisions + 1, "mended": [v.criterion for v in critique.verdicts]}
    )
    return {"sections": {section.key: {**entry, "draft": dump(changed), "record": dump(record)}}, "spent": spent(request, reply)}


def _worse(plan: Plan, key: str, before: Draft, after: Draft) -> bool:
    section, changed = BY_KEY[key], {**plan.drafts, key: after}
    held = reviewer.checked(section, before, plan.sheet({key: before}))
    if reviewer.breaks(held, reviewer.checked(section, after, plan.sheet({key: after}))):
        return True
    was = {v.criterion + v.section for v in plan.cross if v.outcome == "not_met"}
    now = {v.criterion + v.section for v in consistency.verdicts(plan.sheet(changed), plan.clarification) if v.outcome == "not_met"}
    return bool(now - was)


async def assemble(state: State, runtime: Runtime[Context]) -> Update:
    """The reasoning pass over the whole: front page, decisions, order of actions and questions. Sections stay as they are."""
    plan = Plan.of(state, runtime.context)
    whole = _strategy(state, plan)
    request = Request(
        id=f"assemble.{state.get('version', 1)}", role="assembler", section="", prefix=plan.prefix,
        suffix=lambda: assembling.instructions(whole, plan.body), schema=Assembly, playbook=lambda: assembler.playbook(whole, plan.desk()),
    )  # fmt: skip
    reply = await ask_writer(runtime.context, request)
    by_model = reply.written_by != "playbook" and not reply.fallback
    return {"assembly": dump(reply.value), "by_model": by_model, "spent": spent(request, reply)}


async def polish(state: State, runtime: Runtime[Context]) -> Update:
    """The front page checked: a model patches its defects once, code mends the rest."""
    plan = Plan.of(state, runtime.context)
    sheet, assembly = plan.whole, Assembly.model_validate(state["assembly"])
    defects = assembling.problems(assembly, sheet)
    if not defects or not state.get("by_model") or not runtime.context.revisions:
        return {"assembly": dump(assembling.sound(assembly, sheet))}
    patch_type = reviewer.patch_type(Assembly, Assembly.model_fields)
    request = Request(
        id=f"assemble.mend.{state.get('version', 1)}", role="assembler", section="", prefix=plan.prefix,
        suffix=load("revise").text(title="front page", findings="\n".join(f"- {d}" for d in defects), draft=assembly.model_dump_json()),
        schema=patch_type, playbook=patch_type,
    )  # fmt: skip
    reply = await ask_writer(runtime.context, request)
    try:
        changed = reviewer.patched(assembly, reply.value)
    except ValidationError:
        changed = assembly
    better = changed if len(assembling.problems(changed, sheet)) < len(defects) else assembly
    return {"assembly": dump(assembling.sound(better, sheet)), "spent": spent(request, reply)}


def _strategy(state: State, plan: Plan) -> Strategy:
    drafts = {section.key: plan.drafts[section.key] for section in SECTIONS if section.key in plan.drafts}
    judged = Critique(verdicts=[_after_mending(v, plan) for v in Critique.model_validate(state.get("cross", {})).verdicts])
    cross = Critique(verdicts=[*plan.cross, *judged.verdicts]) if drafts and plan.blueprint else judged
    return Strategy(
        tool_version=version("ai-data-strategy"), run=state.get("run", "run"), version=state.get("version", 1), created=plan.today,
        writer=_writers(plan), brief=plan.brief, answers=plan.answers, clarification=_clarified(plan), memo=plan.memo,
        blueprint=plan.blueprint, profile=Profile.model_validate(state.get("measurements") or {}), sections=drafts, records=[plan.records[key] for key in drafts], missing=[],
        cross=cross, assembly=Assembly.model_validate(found) if (found := state.get("assembly")) else None, usage=summed(state.get("spent", {})),
    )  # fmt: skip


def _after_mending(verdict: Verdict, plan: Plan) -> Verdict:
    """A finding of the whole is open no longer once its section was patched for it; nobody has judged it again."""
    record = plan.records.get(verdict.section)
    if verdict.outcome != "not_met" or record is None or verdict.criterion not in record.mended:
        return verdict
    return verdict.model_copy(update={"outcome": "cannot_tell", "why": f"mended afterwards, not judged again: {verdict.why}"})


def _writers(plan: Plan) -> str:
    return ", ".join(sorted({record.written_by for record in plan.records.values()})) or "playbook"


def save(state: State, runtime: Runtime[Context]) -> Update:
    """The strategy as a value and as markdown that has been read back. Files are written by whoever runs the graph."""
    strategy = _strategy(state, Plan.of(state, runtime.context))
    composed = compose(strategy)
    text = composed.text
    assert_readable(text, strategy, composed)
    return {"document": text, "strategy": dump(strategy), "finished": True}
