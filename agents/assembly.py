"""What assembling gives: the reasoning steps, and the front page that they lead to."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ai_data_strategy.domain import Id, Line, Model, Name, Prose


class Step(Model):
    """One step of the reasoning pass: kept in the twin, not shown in the document."""

    question: Line
    thought: Prose


class Decision(Model):
    """Something a named role must decide by a day."""

    what: Line
    who: Id
    by: date
    options: Annotated[list[Line], Field(min_length=2, max_length=4)]
    recommended: Line
    because: Line


class Readiness(Model):
    """How ready one part is."""

    area: Literal["volume", "labels", "features", "law", "people"]
    state: Literal["ready", "partly", "blocked", "unknown"]
    because: Line


class OpenQuestion(Model):
    """Something still unknown, what is assumed until it is answered, and how the answer would move the plan."""

    question: Line
    default: Line
    moves: Line


class Term(Model):
    """A word that the document uses in one sense."""

    term: Name
    meaning: Line


class Assembly(Model):
    """The front page and the orders of actions and questions. It never rewrites a section."""

    steps: Annotated[list[Step], Field(min_length=3, max_length=8)]
    verdict: Literal["go", "go_after"]
    conditions: Annotated[list[Line], Field(max_length=3, description="what must hold first, for go_after")]
    what: Annotated[Prose, Field(description="what is built and what is not, in about eighty words")]
    why: Annotated[Prose, Field(description="why, and the one insight that decides, in about eighty words")]
    cost: Annotated[Prose, Field(description="money and people, what is released first, what it returns or must return")]
    first_days: Annotated[list[Line], Field(min_length=2, max_length=6, description="what happens in the first thirty days")]
    top_risks: Annotated[list[Line], Field(min_length=3, max_length=3)]
    decides: Annotated[Prose, Field(description="what decides this product: the analysis, distilled to half a page to a page")]
    decisions: Annotated[list[Decision], Field(min_length=1, max_length=5)]
    readiness: Annotated[list[Readiness], Field(min_length=3, max_length=5)]
    actions: Annotated[list[str], Field(max_length=60, description="all actions as section.action, in order of value and dependency")]
    questions: Annotated[list[OpenQuestion], Field(max_length=5, description="by how far the answer would move the plan")]
    terms: Annotated[list[Term], Field(max_length=8)]
