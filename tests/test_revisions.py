"""Revision does no harm: the pipeline's own steps on planted faults, with patches that help, fail, and break something."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import pytest

from ai_data_strategy.evals import revisions
from ai_data_strategy.evals.revisions import Run, Table, Task, revised
from ai_data_strategy.evals.specimens import documents

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="module")
def chosen() -> list[Task]:
    """A few sections of the examples, each with a fault that its own review finds."""
    return revisions.tasks([item for item in documents(4, EXAMPLES) if item.writer != "playbook"], 8, Random(5))


def run_all(tasks: list[Task], script: revisions.Script) -> list[Run]:
    async def all_() -> list[Run]:
        return [await revised(task, script) for task in tasks]

    return asyncio.run(all_())


def test_each_task_has_one_fault_that_its_review_finds(chosen: list[Task]) -> None:
    assert len(chosen) == 8
    for task in chosen:
        assert not task.critique(task.good).open and task.score(task.good) == 1.0
        assert task.fault.criterion in {verdict.criterion for verdict in task.critique(task.spoilt).open}
        assert task.score(task.spoilt) < 1.0


def test_a_right_patch_mends_and_loses_nothing(chosen: list[Task]) -> None:
    runs = run_all(chosen, "right")
    assert all(run.fixed and not run.lost and run.kept[-1] == 1.0 and not run.refused for run in runs)


def test_a_wrong_patch_mends_nothing_and_loses_nothing(chosen: list[Task]) -> None:
    runs = run_all(chosen, "wrong")
    assert not any(run.fixed or run.lost for run in runs)
    assert all(run.kept[-1] == run.kept[0] for run in runs)


def test_a_patch_that_breaks_a_check_is_refused(chosen: list[Task]) -> None:
    runs = run_all(chosen, "breaks a check")
    assert all(run.refused and not run.lost for run in runs)
    assert all(run.careless_lost for run in runs), "taken without the safeguard, the same patch does harm"


def test_keeping_the_best_never_ends_below_the_draft(chosen: list[Task]) -> None:
    runs = run_all(chosen, "harms what is read")
    assert all(run.kept[-1] >= min(run.kept[0], run.careless[-1]) for run in runs)
    assert sum(run.careless[-1] for run in runs) <= sum(run.kept[-1] for run in runs)
    assert any(run.careless_lost for run in runs)


def test_the_table_adds_up() -> None:
    run = Run("right", True, 10, ["LB4"], [0.5, 0.8, 0.8], True, ["LB4", "LB5"], [0.5, 0.6, 0.6])
    table = Table([run, run])
    assert table.share_lost == 0.1
    assert "| right | 2 | 0 | 1.00 (1.00) | 10.00% (20.00%) | 0.500 (0.500) | 0.800 (0.600) | 0.800 (0.600) |" in table.text()
