"""The evals as inspect-ai tasks: `inspect eval evals/tasks.py@rubric --model mockllm/model`, or all by `ai-data-strategy eval`.

The strategies are written by our graph (`-T writer=playbook`, or a model of an OpenAI-compatible service), not by inspect's model: that
one is only the grader (role `grader`) and the single prompt (role `baseline`). `-T folder=…` takes cases from another folder,
`-T number=…` the first so many, and `-T workers=…` shares what needs no model among so many processes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import Model, get_model
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, metric, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from ai_data_strategy.agents.strategy import load
from ai_data_strategy.errors import InputError
from ai_data_strategy.evals import measuring, reworded
from ai_data_strategy.evals.case import Case, cases
from ai_data_strategy.evals.drafting import Written
from ai_data_strategy.evals.grading import Grader
from ai_data_strategy.evals.measuring import PLAYBOOK, Measured
from ai_data_strategy.evals.owner import PERSONAS

OFFLINE = ("rubric", "clarification", "honesty", "robustness")
"""Tasks that need no hosted model."""
Measuring = Callable[[Case, str], Awaitable[Measured | None]]
"""What is measured of a case; the second argument is the sample's kind (a persona or a rewording)."""


@task
def rubric(writer: str = PLAYBOOK, grade: bool = False, folder: str = "", number: int = 0, stored: str = "", workers: int = 0) -> Task:
    """Section scores, gates, accepted. With `grade` the judge criteria too, one a call with three votes of the model in the role grader."""

    async def measure(case: Case, _: str) -> Measured:
        return await measuring.rubric(case, writer, _grader("grader") if grade else None, _stored(stored, case))

    plain = writer == PLAYBOOK and not grade and not stored
    return _task("rubric", _chosen(folder, number, stored), [""], measure, workers if plain else 0)


@task
def clarification(writer: str = PLAYBOOK, folder: str = "", number: int = 0, workers: int = 0) -> Task:
    """Questions to a product owner who holds hidden facts, in four personas."""

    async def measure(case: Case, kind: str) -> Measured:
        persona = next(name for name in PERSONAS if name == kind)
        return await measuring.clarification(case, writer, persona)

    return _task("clarification", _chosen(folder, number), PERSONAS, measure, workers if writer == PLAYBOOK else 0)


@task
def pairwise(writer: str = PLAYBOOK, folder: str = "", number: int = 0) -> Task:
    """Our document against one prompt's, in both orders; needs models in the roles grader and baseline."""

    async def measure(case: Case, _: str) -> Measured:
        return await measuring.pairwise(case, writer, _grader("grader"), _grader("baseline"))

    return _task("pairwise", _chosen(folder, number), [""], measure)


@task
def honesty(writer: str = PLAYBOOK, folder: str = "", number: int = 0, stored: str = "", workers: int = 0) -> Task:
    """Invented names, unsourced numbers, orders of the brief obeyed."""

    async def measure(case: Case, _: str) -> Measured:
        return await measuring.honest(case, writer, _stored(stored, case))

    return _task("honesty", _chosen(folder, number, stored), [""], measure, workers if writer == PLAYBOOK and not stored else 0)


@task
def robustness(writer: str = PLAYBOOK, folder: str = "", number: int = 0, workers: int = 0) -> Task:
    """The same brief in other words, in another order, with typing errors, as a mail, and for a document in another language."""

    async def measure(case: Case, kind: str) -> Measured | None:
        return await measuring.robust(case, writer, kind)

    return _task("robustness", _chosen(folder, number), reworded.VARIANTS, measure, workers if writer == PLAYBOOK else 0)


def _chosen(folder: str, number: int, stored: str = "") -> list[Case]:
    found = cases(Path(folder) if folder else None)
    if stored:
        found = [case for case in found if _twin(stored, case).is_file()]
        if not found:
            raise InputError(f"{stored} holds no strategy of a case: put each into <case id>/strategy.json")
    return found[:number] if number else found


def _twin(stored: str, case: Case) -> Path:
    return Path(stored) / case.id / "strategy.json"


def _stored(stored: str, case: Case) -> Written | None:
    """A strategy that was written elsewhere, as if its answered questions had been asked in one round."""
    if not stored:
        return None
    strategy = load(_twin(stored, case).read_text("utf-8"))
    return Written(strategy, (tuple(strategy.clarification.questions),))


def _grader(role: str) -> Grader:
    model: Model = get_model(role=role)

    async def ask(prompt: str) -> str:
        return (await model.generate(prompt)).completion

    return ask


@cache
def _worker(place: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def _shared(name: str, chosen: Sequence[Case], workers: int) -> Measuring:
    """The work of a task by processes; a case is always with the same one, which makes its plain strategy once."""
    places = {case.id: index % workers for index, case in enumerate(chosen)}

    async def measure(case: Case, kind: str) -> Measured | None:
        return await asyncio.get_running_loop().run_in_executor(_worker(places[case.id]), measuring.alone, name, case, kind)

    return measure


def _task(name: str, chosen: Sequence[Case], kinds: Sequence[str], measure: Measuring, workers: int = 0) -> Task:
    if workers:
        measure = _shared(name, chosen, workers)
    samples = [
        Sample(
            input=case.brief, id=f"{case.id} {kind}".strip(),
            metadata={"case": case.id, "kind": kind, "title": case.title, "tags": case.tags.model_dump()},
        )
        for case in chosen
        for kind in kinds
    ]  # fmt: skip
    return Task(
        name=name, dataset=MemoryDataset(samples, name=f"{name} cases"), solver=_written(measure, {case.id: case for case in chosen}),
        scorer=_scored(), fail_on_error=False,
    )  # fmt: skip


@solver
def _written(measure: Measuring, by_id: dict[str, Case]) -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        del generate  # our graph writes
        found = await measure(by_id[state.metadata["case"]], state.metadata["kind"])
        if found is None:
            state.store.set("numbers", None)
            return state
        state.output.completion = found.document
        state.store.set("numbers", found.numbers)
        state.store.set("details", dict(found.details))
        return state

    return solve


@metric
def average() -> Metric:
    """The mean of each figure over the samples to which it applies."""

    def averages(scores: list[SampleScore]) -> Value:
        found: dict[str, list[float]] = {}
        for item in scores:
            for name, number in item.score.as_dict().items():
                found.setdefault(name, []).append(float(number or 0))
        return {name: sum(numbers) / len(numbers) for name, numbers in found.items()}

    return averages


@scorer(metrics=[average()], name="measured")
def _scored() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score | None:
        del target  # what is right is in the case
        numbers = state.store.get("numbers")
        if numbers is None:
            return None
        return Score(value={name: number for name, number in numbers.items() if number is not None}, metadata=state.store.get("details"))

    return score
