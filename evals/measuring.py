"""What is measured of one case by each task: plain numbers by name, and the texts behind them. No inspect here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ai_data_strategy.agents.once import once
from ai_data_strategy.agents.section import rubric as criteria
from ai_data_strategy.agents.strategy import Strategy
from ai_data_strategy.document import scoring
from ai_data_strategy.document.markdown import render
from ai_data_strategy.document.scoring import Mark, Score
from ai_data_strategy.evals import drafting, honesty, reworded
from ai_data_strategy.evals.case import Case
from ai_data_strategy.evals.drafting import Written
from ai_data_strategy.evals.grading import Grader, compared, graded, single_prompt
from ai_data_strategy.evals.owner import PERSONAS, Interview, Owner, Persona, interview
from ai_data_strategy.models import PlaybookWriter

Numbers = dict[str, float | None]
PLAYBOOK = PlaybookWriter.name
ENOUGH = 0.7
"""Share of the critical facts that must be asked for (criterion CL1)."""


@dataclass(frozen=True)
class Measured:
    """Figures of one sample (None: does not apply), the details behind them as plain JSON, and the document as markdown."""

    numbers: Numbers
    details: Mapping[str, Any] = field(default_factory=dict)
    document: str = ""


_DONE: dict[tuple[str, str], Written] = {}
score = once(8)(scoring.score)
"""The verdicts on a strategy, kept for those asked for last: the same strategy is held against several others."""


async def drafted(case: Case, model: str, persona: Persona | None) -> Written:
    """The strategy of a case's own brief; the playbook's is made once a process, because it is always the same."""
    key = (case.brief, persona or "")
    if model == PLAYBOOK and key in _DONE:
        return _DONE[key]
    found = await _drafted(case.brief, model, Owner(case, persona) if persona else None)
    if model == PLAYBOOK and persona in (None, "precise"):
        _DONE[key] = found
    return found


async def _drafted(brief: str, model: str, owner: Owner | None, language: str = "") -> Written:
    if model == PLAYBOOK:
        return await drafting.written(brief, PlaybookWriter(), owner, language)
    async with drafting.writer_of(model) as writer:
        return await drafting.written(brief, writer, owner, language)


def marked(strategy: Strategy, case: Case, asked: Interview) -> Score:
    """The checks on a strategy, CL1 decided by the case's hidden facts (where learning is needed and somebody was asked)."""
    found = score(strategy)
    if asked.recall is None or not asked.rounds:
        return found
    outcome: scoring.Outcome = "met" if asked.recall >= ENOUGH else "not_met"
    why = f"asked for {asked.critical_asked} of {asked.critical} critical facts"
    return replace(found, marks=[Mark(m.criterion, outcome, why) if m.criterion.id == "CL1" else m for m in found.marks])


def missed(case: Case, document: str) -> list[str]:
    """Ids of the case's traps that a document does not handle."""
    return [trap.id for trap in case.traps if not trap.handled_in(document)]


def trap_score(case: Case, document: str) -> float:
    """Share of the case's traps that a document handles."""
    return 1 - len(missed(case, document)) / len(case.traps)


async def rubric(case: Case, model: str, grader: Grader | None, stored: Written | None = None) -> Measured:
    """Task 1: section scores, gates and acceptance of a strategy whose owner answers precisely; judge criteria only with a grader."""
    found = stored or await drafted(case, model, "precise")
    asked = interview(case, found.rounds)
    marks = marked(found.strategy, case, asked)
    document = render(found.strategy)
    if grader:
        traps = "Traps of this brief, and what handling them looks like: " + "; ".join(f"{t.what} -> {t.handled}" for t in case.traps)
        marks = await graded(found.strategy, marks, grader, traps)
    lost = missed(case, document)
    parts = {name: marks.section(name, "check") for name in dict.fromkeys(mark.criterion.section for mark in marks.marks)}
    reviewed = grader is not None or _reviewed(found.strategy)
    judged = [m for m in marks.marks if reviewed and m.criterion.kind == "judge" and m.outcome in ("met", "not_met")]
    numbers: Numbers = {f"section {name}": part for name, part in parts.items()}
    numbers |= {
        "check score": marks.total("check"), "judge score": marks.total("judge") if judged else None, "judged": float(len(judged)),
        "gates open": float(len(marks.gates_open)), "plan findings": float(len(marks.plan)),
        "accepted": float(marks.accepted) if judged else None, "checks passed": float(marks.passed),
        "traps handled": 1 - len(lost) / len(case.traps), "stood in": float(sum(bool(r.fallback) for r in found.strategy.records)),
    }  # fmt: skip
    details = {
        "verdict": honesty.verdict(found.strategy), "gates_open": marks.gates_open, "traps_missed": lost,
        "not_met": {m.criterion.id: m.why for m in marks.open}, "plan": {v.criterion: v.why for v in marks.plan},
    }  # fmt: skip
    return Measured(numbers, details, document)


def _reviewed(strategy: Strategy) -> bool:
    """True if a model judged it: then the criteria that need judgement have verdicts to count."""
    judged = {criterion.id for criterion in criteria() if criterion.kind == "judge"}
    verdicts = [verdict for record in strategy.records for verdict in record.critique.verdicts if verdict.criterion in judged]
    return any(verdict.by == "reviewer" and verdict.outcome in ("met", "not_met") for verdict in verdicts)


async def clarification(case: Case, model: str, persona: Persona) -> Measured:
    """Task 2: what is asked of an owner with hidden facts, and what the answers give against none."""
    with_answers, without = await drafted(case, model, persona), await drafted(case, model, None)
    asked = interview(case, with_answers.rounds)
    learns = honesty.verdict(with_answers.strategy) != "no_ai"
    after, before = render(with_answers.strategy), render(without.strategy)
    marks = score(with_answers.strategy)
    numbers: Numbers = {
        "critical recall": asked.recall if learns else None, "questions": float(asked.questions), "rounds": float(asked.rounds),
        "redundant": float(len(asked.redundant)), "idle": float(asked.idle), "facts asked": asked.facts_asked / len(case.facts),
        "gain checks": marks.total("check") - score(without.strategy).total("check"),
        "gain traps": trap_score(case, after) - trap_score(case, before),
        "gain stated": float(len(reworded.stated(with_answers.strategy)) - len(reworded.stated(without.strategy))),
        "gates open": float(len(marks.gates_open)), "unsourced": float(len(honesty.unsourced(marks))),
    }  # fmt: skip
    owner = Owner(case, persona)
    owner(with_answers.asked)
    details = {
        "redundant": asked.redundant, "asked_for": owner.asked_for, "questions": {q.id: q.question for q in with_answers.asked},
        "not_asked": [fact.id for fact in case.critical if all(fact.id not in ids for ids in owner.asked_for.values())],
        "gates_open": marks.gates_open,
    }  # fmt: skip
    return Measured(numbers, details, after)


async def honest(case: Case, model: str, stored: Written | None = None) -> Measured:
    """Task 4: invented names, unsourced numbers, and orders obeyed when they are put into the brief. Stored strategies get no orders."""
    plain = stored or await drafted(case, model, "precise")
    made_up, bare = honesty.invented(plain.strategy), honesty.unsourced(score(plain.strategy))
    other = honesty.renamed(plain.strategy)
    numbers: Numbers = {"invented": float(len(made_up)), "sources renamed": float(len(other)), "unsourced": float(len(bare))}
    details: dict[str, Any] = {"invented": made_up, "renamed": other, "unsourced": bare}
    if stored is None:
        ordered = await _drafted(honesty.with_orders(case.brief), model, Owner(case))
        did, saw = honesty.obeyed(ordered.strategy, plain.strategy), honesty.noticed(ordered.strategy.clarification)
        numbers |= {"orders obeyed": float(len(did)), "orders noticed": len(saw) / len(honesty.ORDERS)}
        details |= {"obeyed": did, "noticed": saw}
    return Measured(numbers, details)


async def robust(case: Case, model: str, kind: str) -> Measured | None:
    """Task 5: one rewording of the brief against the brief as it is, nobody asked. None where the rewording changes nothing."""
    found = reworded.variants(case.brief, case.tags.language).get(kind)
    if found is None:
        return None
    before = (await drafted(case, model, None)).strategy
    after = (await _drafted(found[0], model, None, found[1])).strategy
    one, other = score(before), score(after)
    numbers: Numbers = {
        "change in score": abs(other.total("check") - one.total("check")),
        "same verdict": float(honesty.verdict(before) == honesty.verdict(after)),
        "same task": float(_task(before) == _task(after)), "stated kept": reworded.kept(before, after),
        "gates open": float(len(other.gates_open)),
    }  # fmt: skip
    if kind != "language":
        numbers["traps changed"] = abs(trap_score(case, render(after)) - trap_score(case, render(before)))
    details = {
        "verdicts": [honesty.verdict(before), honesty.verdict(after)], "tasks": [_task(before), _task(after)],
        "lost": sorted(map(list, reworded.stated(before) - reworded.stated(after))), "new": sorted(map(list, reworded.stated(after) - reworded.stated(before))),
        "gates_open": other.gates_open,
    }  # fmt: skip
    return Measured(numbers, details)


def _task(strategy: Strategy) -> str:
    return strategy.blueprint.archetype if strategy.blueprint else "no_ai"


async def pairwise(case: Case, model: str, grader: Grader, baseline: Callable[[str], Awaitable[str]]) -> Measured:
    """Task 3: our document against that of one prompt, which is told the same brief and the answers that our questions brought."""
    ours = await drafted(case, model, "precise")
    answers = "\n".join(dict.fromkeys(f"- {a.text}" for a in ours.strategy.answers if not a.skipped))
    theirs = await baseline(single_prompt(case.brief, answers))
    document = render(ours.strategy)
    winners = await compared(case.brief, document, theirs, grader)
    worth = {"ours": 1.0, "tie": 0.5, "baseline": 0.0}
    numbers: Numbers = {aspect: worth[winner] for aspect, winner in winners.items()}
    numbers |= {"words ours": float(len(document.split())), "words baseline": float(len(theirs.split()))}
    return Measured(numbers, {"winners": winners, "baseline": theirs}, document)


def alone(task: str, case: Case, kind: str) -> Measured | None:
    """One sample of a task that needs no model, with the playbook as the writer: for a worker of its own.

    Raises KeyError for a task that needs a model.
    """
    works: dict[str, Callable[[], Awaitable[Measured | None]]] = {
        "rubric": lambda: rubric(case, PLAYBOOK, None),
        "clarification": lambda: clarification(case, PLAYBOOK, next(name for name in PERSONAS if name == kind)),
        "honesty": lambda: honest(case, PLAYBOOK),
        "robustness": lambda: robust(case, PLAYBOOK, kind),
    }
    return asyncio.run(_of(works[task]))


async def _of(work: Callable[[], Awaitable[Measured | None]]) -> Measured | None:
    return await work()
