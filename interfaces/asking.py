"""Asking the clarifying questions on a terminal; every question can be skipped."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ai_data_strategy.domain import Question


def ask(questions: Sequence[Question]) -> dict[str, str]:
    """Answers by question id. Enter takes the default; end of input or Ctrl-D skips all that is left."""
    sys.stderr.write("\nA few questions first. Enter takes the default, Ctrl-D skips the rest.\n")
    answers: dict[str, str] = {}
    for number, question in enumerate(questions, 1):
        said = _one(number, question)
        if said is None:
            break
        if said:
            answers[question.id] = said
    return answers


def _one(number: int, question: Question) -> str | None:
    unit = f" [{question.unit}]" if question.unit else ""
    sys.stderr.write(f"\n{number}. {question.question}{unit}\n   Why: {question.why}\n")
    for index, option in enumerate(question.options, 1):
        sys.stderr.write(f"   {index}) {option}\n")
    sys.stderr.write(f"   Default: {question.default}\n> ")
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        return None
    text = line.strip()
    chosen = (
        question.options[int(text) - 1] if text.isdigit() and question.kind == "choice" and 0 < int(text) <= len(question.options) else text
    )
    return chosen
