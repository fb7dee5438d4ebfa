"""Holding the sections against each other: what a reader of the whole must judge, and which section is at fault."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from ai_data_strategy.agents.reviewer import OBJECTION, quoted
from ai_data_strategy.agents.section import Criterion, rubric
from ai_data_strategy.domain import Id, Illustration, Line, Model, Verdict
from ai_data_strategy.prompts import load

WHOLE = ("XC18", "XC19", "SP2", "SP4", "SP5", "SP6", "SP7", "HO4", "HO5", "HO6", "US6", "US7", "US9")
"""Judge criteria that need the whole document; the front page has not been written yet."""


class WholeJudgement(Model):
    """A verdict on the whole document. `section` and `mend` only for not_met; `other` is the second statement of a contradiction."""

    criterion: Annotated[str, Field(max_length=6)]
    outcome: Literal["met", "not_met", "cannot_tell"]
    section: Id
    field: Annotated[str, Field(max_length=60)]
    quote: Illustration
    other: Illustration
    mend: Line


class WholeReview(Model):
    """The reviewer's reading of the whole document."""

    judgements: Annotated[list[WholeJudgement], Field(max_length=24)]


def criteria() -> list[Criterion]:
    return [criterion for criterion in rubric() if criterion.id in WHOLE]


def instructions(document: str, found: Sequence[Verdict]) -> str:
    """The suffix of the prompt that reconciles."""
    asked = "\n".join(f"- {c.id}: {c.text} Bad: {c.bad}" for c in criteria())
    known = "\n".join(f"- {v.criterion} in {v.section}: {v.why}" for v in found) or "none"
    return load("reconcile").text(criteria=asked, found=known, document=document)


def judged(review: WholeReview, document: str, sections: Sequence[str]) -> list[Verdict]:
    """Verdicts from a reading of the whole; a verdict whose quotation is not in the document says nothing."""
    return [_verdict(judgement, document, sections) for judgement in review.judgements if judgement.criterion in (*WHOLE, OBJECTION)]


def _verdict(judgement: WholeJudgement, document: str, sections: Sequence[str]) -> Verdict:
    both = [quote for quote in (judgement.quote, judgement.other) if quote.strip()]
    held = judgement.outcome == "cannot_tell" or (bool(both) and all(quoted(quote, document) for quote in both))
    section = judgement.section if judgement.section in sections else ""
    why = f"{judgement.mend} (against: {judgement.other})" if judgement.other.strip() else judgement.mend
    return Verdict(
        criterion=judgement.criterion, outcome=judgement.outcome if held else "cannot_tell", section=section,
        field=judgement.field, why=why, quote=judgement.quote, by="reviewer",
    )  # fmt: skip
