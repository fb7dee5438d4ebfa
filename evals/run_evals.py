"""Runs the evals, prints their tables, and says what changed since the table that was kept last.

python -m ai_data_strategy.evals.run_evals [--model NAME] [--grader NAME] [--cases N] [--only TASK] [--stored FOLDER] [--write]

Without a model everything runs offline with the playbook as the writer; the judge criteria then stay undecided. Exit code 1 if a gate is
lost, a section's check score falls, or a sample ends with an error.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_data_strategy.agents.strategy import load
from ai_data_strategy.errors import InputError, StrategyError
from ai_data_strategy.evals import results
from ai_data_strategy.evals.measuring import PLAYBOOK
from ai_data_strategy.evals.results import CaseResult, Table
from ai_data_strategy.interfaces.cli import eval_options
from ai_data_strategy.prompts import versions
from ai_data_strategy.settings import read_settings

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog

TASKS = ("rubric", "clarification", "honesty", "robustness", "pairwise")
"""The tasks; the last one needs a model that judges."""


def command(given: argparse.Namespace) -> int:
    """Run the chosen tasks and print their tables. Raises InputError if inspect-ai is missing or the options do not fit."""
    if find_spec("inspect_ai") is None:
        raise InputError("the evals need inspect-ai: pip install 'ai-data-strategy[evals]'")
    if given.cases < 0:
        raise InputError(f"--cases {given.cases}: give how many, or leave it out for all")
    kept_in = given.results or results.FOLDER
    logs_folder = (given.logs or read_settings().cache_folder / "evals").resolve()
    chosen = _chosen(given)
    logs = _evaluated(given, chosen, logs_folder)
    table = _table(given, logs)
    old = results.read(kept_in).last.get(results.name_of(table))
    _out(results.tables(table, old))
    changes = results.changes(old, table) if old else []
    if old:
        _out(f"\nAgainst the table of {old.day}: {f'{len(changes)} changes' if changes else 'nothing changed'}")
        for change in changes:
            _out(f"{'WORSE' if change.grave else 'change'} {change.text}")
    if given.write:
        _out(f"\nkept in {results.write(table, kept_in)}")
    _out(f"\nlogs: inspect view --log-dir {logs_folder}")
    failed = any(result.failed for result in table.cases.values())
    return 1 if failed or any(change.grave for change in changes) else 0


def _chosen(given: argparse.Namespace) -> list[str]:
    if given.stored:
        allowed: Sequence[str] = ("rubric", "honesty")
    elif given.grader:
        allowed = TASKS
    else:
        allowed = TASKS[:-1]
    if refused := [name for name in given.only if name not in allowed]:
        why = "stored strategies cannot be asked or written again" if given.stored else "it needs a model that judges: --grader NAME"
        raise InputError(f"--only {', '.join(refused)}: {why}")
    return [name for name in allowed if name in (given.only or allowed)]


def _evaluated(given: argparse.Namespace, chosen: Sequence[str], logs: Path) -> list[EvalLog]:
    from inspect_ai import eval as evaluate  # inspect takes seconds to load: only where it runs

    from ai_data_strategy.evals import tasks

    plain: dict[str, Any] = {"writer": given.model, "number": given.cases, "folder": str(given.folder or "")}
    stored = str(given.stored or "")
    offline = {**plain, "workers": os.cpu_count() or 1}
    made = {
        "rubric": lambda: tasks.rubric(grade=bool(given.grader), stored=stored, **offline),
        "clarification": lambda: tasks.clarification(**offline),
        "honesty": lambda: tasks.honesty(stored=stored, **offline),
        "robustness": lambda: tasks.robustness(**offline),
        "pairwise": lambda: tasks.pairwise(**plain),
    }
    roles: dict[str, Any] = {"grader": _model(given.grader)} if given.grader else {}
    if "pairwise" in chosen:
        roles["baseline"] = _model(given.grader if given.model == PLAYBOOK else given.model)
    return list(
        evaluate(
            [made[name]() for name in chosen], model="mockllm/model", model_roles=roles, log_dir=str(logs), display="none",
            max_tasks=len(chosen), fail_on_error=False, score_display=False,
        )
    )  # fmt: skip


def _model(name: str) -> Any:
    """A model of inspect by our name for it: one without a provider is of the OpenAI-compatible service that our settings name."""
    from inspect_ai.model import get_model

    if "/" in name and name.split("/")[0] in ("mockllm", "openai", "anthropic", "google", "ollama", "vllm", "azureai", "hf"):
        return get_model(name)
    settings = read_settings({"model": name})
    key = settings.require_key().get_secret_value()
    return get_model(f"openai/{name}", base_url=settings.base_url, api_key=key)


def _table(given: argparse.Namespace, logs: Sequence[EvalLog]) -> Table:
    found: dict[str, dict[str, Any]] = {}
    for log in logs:
        if log.status != "success" or log.samples is None:
            raise StrategyError(f"the task {log.eval.task} did not end: {log.error.message if log.error else log.status}")
        for sample in log.samples:
            entry = found.setdefault(str(sample.metadata["case"]), {"numbers": {}, "failed": {}})
            name = f"{log.eval.task} {sample.metadata['kind']}".strip()
            if sample.error:
                entry["failed"][name] = " ".join(sample.error.message.split())[:300]
            elif sample.scores and (measured := sample.scores.get("measured")):
                entry["numbers"] |= {f"{name} {key}": round(float(value or 0), 6) for key, value in measured.as_dict().items()}
                if log.eval.task == "rubric":
                    details = measured.metadata or {}
                    entry |= {key: details[key] for key in ("gates_open", "traps_missed")} | {"not_met": list(details["not_met"])}
    return Table(
        day=date.today(), writer=_writer(given), grader=given.grader, tool=version("ai-data-strategy"), prompts=versions(),
        command=_said(given), cases={case: CaseResult.model_validate(found[case]) for case in sorted(found)},
    )  # fmt: skip


def _writer(given: argparse.Namespace) -> str:
    if not given.stored:
        return str(given.model)
    path = next(iter(sorted(given.stored.glob("*/strategy.json"))))
    return f"{load(path.read_text('utf-8')).writer} (stored)"


def _said(given: argparse.Namespace) -> str:
    parts = ["ai-data-strategy", "eval"]
    parts += [] if given.model == PLAYBOOK else ["--model", given.model]
    parts += ["--grader", given.grader] if given.grader else []
    parts += ["--cases", str(given.cases)] if given.cases else []
    parts += [word for name in given.only for word in ("--only", name)]
    parts += ["--stored", given.stored.name] if given.stored else []
    return shlex.join(parts)


def _out(text: str) -> None:
    sys.stdout.write(text + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given = eval_options(parser).parse_args(arguments)
    try:
        return command(given)
    except StrategyError as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, InputError) else 1


if __name__ == "__main__":
    sys.exit(main())
