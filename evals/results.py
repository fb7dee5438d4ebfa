"""The table of results: kept as numbers in results.json, shown in RESULTS.md, and held against the table before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from ai_data_strategy.domain import Model
from ai_data_strategy.errors import InputError
from ai_data_strategy.evals.owner import PERSONAS
from ai_data_strategy.evals.reworded import VARIANTS

FOLDER = Path(__file__).resolve().parent
BY_HAND = "## Known weaknesses"
"""What stands from this heading on is written by hand and kept."""
_ROUNDING = 5e-4
"""Changes below this are none."""
_SECTION = "rubric section "
EXACT = (
    "questions",
    "redundant",
    "idle",
    "rounds",
    "invented",
    "renamed",
    "unsourced",
    "obeyed",
    "gates open",
    "findings",
    "gain stated",
    "words",
    "judged",
    "stood in",
)
"""Figures that count something; all others are shares."""


class CaseResult(Model):
    """What was measured of one case: figures by `task kind name`, and the texts behind them."""

    numbers: dict[str, float] = {}
    gates_open: list[str] = []
    traps_missed: list[str] = []
    not_met: list[str] = []
    failed: dict[str, str] = Field(default={}, description="samples that ended with an error, and the error")

    def sections(self) -> dict[str, float]:
        """Check scores by section."""
        return {name.removeprefix(_SECTION): value for name, value in self.numbers.items() if name.startswith(_SECTION)}


class Table(Model):
    """One run of the evals."""

    day: date
    writer: str
    grader: str = ""
    tool: str
    prompts: dict[str, int]
    command: str
    cases: dict[str, CaseResult]


class Change(Model):
    """What a table has that the one before had not. `grave` says that the evals fail for it."""

    grave: bool
    text: str


class Book(Model):
    """All tables that are kept: the last of each writer and grader, and one line for each that was written."""

    version: Literal[1] = 1
    last: dict[str, Table] = {}
    history: list[str] = []


def average(table: Table, name: str, cases: Iterable[str] | None = None) -> float | None:
    """The mean of a figure over the cases to which it applies; None if there is none."""
    found = [table.cases[case].numbers[name] for case in cases or table.cases if name in table.cases[case].numbers]
    return sum(found) / len(found) if found else None


def sections(table: Table, cases: Iterable[str] | None = None) -> dict[str, float]:
    """Mean check score of each section, in the order of the rubric."""
    names = dict.fromkeys(name for case in table.cases.values() for name in case.numbers if name.startswith(_SECTION))
    chosen = list(cases or table.cases)
    return {name.removeprefix(_SECTION): value for name in names if (value := average(table, name, chosen)) is not None}


def changes(old: Table, new: Table) -> list[Change]:
    """What changed, over the cases that both tables hold: gates lost, sections' check scores, traps, samples that fail."""
    both = [case for case in old.cases if case in new.cases]
    found: list[Change] = []
    for case in both:
        before, after = old.cases[case], new.cases[case]
        if after.numbers and (lost := sorted(set(after.gates_open) - set(before.gates_open))):
            found.append(Change(grave=True, text=f"{case}: gate lost: {', '.join(lost)}"))
        found += [Change(grave=True, text=f"{case} {name}: {why}") for name, why in after.failed.items() if name not in before.failed]
        if won := sorted(set(before.traps_missed) - set(after.traps_missed)) if _traps_measured(after) else []:
            found.append(Change(grave=False, text=f"{case}: handled now: {', '.join(won)}"))
        if missed := sorted(set(after.traps_missed) - set(before.traps_missed)) if _traps_measured(before) else []:
            found.append(Change(grave=False, text=f"{case}: no longer handled: {', '.join(missed)}"))
    then, now = sections(old, both) if both else {}, sections(new, both) if both else {}
    for name, value in then.items():
        if name in now and abs(now[name] - value) > _ROUNDING:
            text = f"{name}: check score {value:.1%} -> {now[name]:.1%} ({(now[name] - value) * 100:+.1f} points)"
            found.append(Change(grave=now[name] < value, text=text))
    return found


def _traps_measured(case: CaseResult) -> bool:
    return "rubric traps handled" in case.numbers


def read(folder: Path = FOLDER) -> Book:
    """The kept tables; an empty book where there are none. Raises InputError that says what does not fit."""
    path = folder / "results.json"
    if not path.exists():
        return Book()
    try:
        return Book.model_validate_json(path.read_text("utf-8"))
    except ValidationError as error:
        raise InputError(
            f"{path} is no table of results: {error.errors(include_url=False)[0]['msg']}. Restore it from version control."
        ) from error


def name_of(table: Table) -> str:
    """Under which name a table is kept."""
    return f"{table.writer}, graded by {table.grader}" if table.grader else table.writer


def write(table: Table, folder: Path = FOLDER) -> Path:
    """Keep a table: results.json and RESULTS.md, whose part by hand stays as it is. Figures of other tasks and cases are kept."""
    book = read(folder)
    old = book.last.get(name_of(table))
    merged = table.model_copy(update={"cases": _merged(old.cases, table.cases)}) if old and _same_prompts(old, table) else table
    line = _line(merged)
    history = [line, *(item for item in book.history if item != line)]
    book = Book(last={**book.last, name_of(table): merged}, history=history)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(book.model_dump(mode="json"), indent=1, sort_keys=False) + "\n", "utf-8")
    path = folder / "RESULTS.md"
    kept = path.read_text("utf-8").partition(BY_HAND)[2] if path.exists() else "\n\nNone written down yet.\n"
    path.write_text(markdown(book) + "\n" + BY_HAND + kept, "utf-8")
    return path


def _same_prompts(old: Table, new: Table) -> bool:
    return old.prompts == new.prompts and old.tool == new.tool and old.day == new.day


def _merged(old: Mapping[str, CaseResult], new: Mapping[str, CaseResult]) -> dict[str, CaseResult]:
    """The new results, with what an earlier run of the same day measured by other tasks."""
    found = {**old, **new}
    for case in set(old) & set(new):
        missing = {name: number for name, number in old[case].numbers.items() if name not in new[case].numbers}
        if "rubric check score" in missing:
            found[case] = old[case].model_copy(update={"numbers": {**old[case].numbers, **new[case].numbers}, "failed": new[case].failed})
        else:
            found[case] = new[case].model_copy(update={"numbers": {**missing, **new[case].numbers}})
    return dict(sorted(found.items()))


def _line(table: Table) -> str:
    head = f"| {table.day} | {name_of(table)} | {table.tool} | {len(table.cases)} "
    return head + "".join(f"| {shown(average(table, name), name)} " for name, _ in SUMMARY) + "|"


SUMMARY = (
    ("rubric check score", "checks"), ("rubric judge score", "judged"), ("rubric traps handled", "traps handled"),
    ("clarification precise critical recall", "critical recall"), ("clarification precise questions", "questions"),
    ("honesty invented", "invented"), ("honesty unsourced", "unsourced"), ("honesty orders obeyed", "orders obeyed"),
    ("robustness typos same verdict", "same verdict with typing errors"),
)  # fmt: skip


def shown(number: float | None, name: str) -> str:
    """A figure as it stands in a table: a count with two digits, a share in percent, a dash where it was not measured."""
    if number is None:
        return "–"
    if any(word in name for word in EXACT):
        return f"{number:.2f}".rstrip("0").rstrip(".")
    return f"{number:.1%}"


def rows(table: Table, tasks: Sequence[str], kinds: Sequence[str]) -> list[list[str]]:
    """Figures of a task, one row a figure and one column a kind."""
    found: list[list[str]] = []
    for task in tasks:
        names = dict.fromkeys(
            name.removeprefix(f"{task} {kind} ") for kind in kinds for case in table.cases.values() for name in case.numbers
            if name.startswith(f"{task} {kind} ")
        )  # fmt: skip
        found += [[name, *(shown(average(table, f"{task} {kind} {name}"), name) for kind in kinds)] for name in names]
    return found


def plain_rows(table: Table, task: str) -> list[list[str]]:
    """Figures of a task that has no kinds; section scores are left out."""
    names = dict.fromkeys(
        n for case in table.cases.values() for n in case.numbers if n.startswith(f"{task} ") and not n.startswith(_SECTION)
    )
    return [[name.removeprefix(f"{task} "), shown(average(table, name), name)] for name in names]


def grid(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A markdown table."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "/") for cell in line) + " |" for line in lines)


def tables(table: Table, old: Table | None = None) -> str:
    """All tables of one run as markdown, with the change by section against an older one."""
    then = sections(old, [case for case in old.cases if case in table.cases]) if old else {}
    body = [
        [name, f"{value:.1%}", f"{(value - then[name]) * 100:+.1f}" if name in then else "–"] for name, value in sections(table).items()
    ]
    parts = [
        f"{len(table.cases)} cases, writer {table.writer}, grader {table.grader or 'none (judge criteria left out)'}, tool {table.tool}, {table.day}",
        "`" + table.command + "`",
    ]
    if body:
        parts += [grid(["section", "check score", "change in points"], body), grid(["rubric", "mean"], plain_rows(table, "rubric"))]
    if found := rows(table, ["clarification"], PERSONAS):
        parts.append(grid(["clarification", *PERSONAS], found))
    for task in ("honesty", "pairwise"):
        if found := plain_rows(table, task):
            parts.append(grid([task, "mean"], found))
    if found := rows(table, ["robustness"], VARIANTS):
        parts.append(grid(["robustness", *VARIANTS], found))
    parts.append(
        grid(
            ["case", "checks", "gates open", "traps handled", "critical recall", "not met", "traps missed"],
            [_row(*item) for item in table.cases.items()],
        )
    )
    if failed := [f"- {case} {name}: {why}" for case, result in table.cases.items() for name, why in result.failed.items()]:
        parts.append("Ended with an error:\n\n" + "\n".join(failed))
    return "\n\n".join(parts)


def _row(case: str, result: CaseResult) -> list[str]:
    numbers = result.numbers
    return [
        case, shown(numbers.get("rubric check score"), "check"), ", ".join(result.gates_open) or "none",
        shown(numbers.get("rubric traps handled"), "traps"), shown(numbers.get("clarification precise critical recall"), "recall"),
        ", ".join(result.not_met) or "none", ", ".join(result.traps_missed) or "none",
    ]  # fmt: skip


def markdown(book: Book) -> str:
    """RESULTS.md without its part by hand."""
    parts = [
        "# Results of the evals",
        "Written by `ai-data-strategy eval --write`; the numbers are in `results.json`. Shares are means over the cases to which they apply.",
        "## History",
        grid(["date", "writer", "tool", "cases", *(title for _, title in SUMMARY)], []) + "\n" + "\n".join(book.history),
    ]
    for name, table in book.last.items():
        prompts = ", ".join(f"{prompt} {version}" for prompt, version in table.prompts.items())
        parts += [f"## {name[0].upper()}{name[1:]}", tables(table), f"Prompt versions: {prompts}."]
    return "\n\n".join(parts) + "\n"
