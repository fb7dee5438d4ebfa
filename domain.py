"""The words of the trade as types: brief, question, answer, quantity, evidence, finding, verdict, critique.

All are frozen pydantic models that serialise to plain JSON. Texts carry their kind (prose, line, name, illustration),
so that code can tell where a free digit is an error and where it is a quotation or an example.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Model(BaseModel):
    """A frozen value; unknown fields, infinity and not-a-number are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Text:
    """What kind of text a string field holds."""

    kind: Literal["prose", "line", "name", "illustration"]


@dataclass(frozen=True)
class Refers:
    """Marks a string field that names a quantity."""


# Prose and lines may refer to a quantity as {key}; a free digit in them is a finding. Names and illustrations may hold digits.
Prose = Annotated[str, Field(max_length=3000), Text("prose")]
Line = Annotated[str, Field(max_length=400), Text("line")]
Name = Annotated[str, Field(max_length=100), Text("name")]
Illustration = Annotated[str, Field(max_length=400), Text("illustration")]
Id = Annotated[str, Field(max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]
Key = Annotated[str, Field(max_length=60, pattern=r"^[a-z][a-z0-9_]*$", description="key of a quantity"), Refers()]
Rating = Annotated[Literal[1, 2, 3, 4, 5], Field(description="grade on an ordinal scale, 1 lowest, 5 highest")]

Basis = Literal["stated", "measured", "assumed", "derived", "proposed", "external", "unknown", "not_applicable"]


class Brief(Model):
    """What the user wants a strategy for, as given."""

    text: str
    language: Annotated[str, Field(description="ISO 639-1 code of the document's language")]


class Question(Model):
    """One clarifying question. `kind` says how the answer is read; `default` is assumed when it is skipped."""

    id: Id
    question: Annotated[str, Field(max_length=300)]
    why: Annotated[str, Field(max_length=300, description="what in the plan the answer changes")]
    touches: Annotated[list[Id], Field(max_length=14, description="keys of the sections that the answer changes")]
    kind: Literal["text", "number", "choice", "yes_no"]
    unit: Annotated[str | None, Field(max_length=40, description="unit of a number, else null")] = None
    options: Annotated[list[Annotated[str, Field(max_length=120)]], Field(max_length=6)] = []
    default: Annotated[str, Field(max_length=300, description="what is assumed if the question is skipped")]


class Answer(Model):
    """What the user said to a question, verbatim; `skipped` means that the default is assumed."""

    question: Id
    asked: str = ""
    text: str
    skipped: bool = False


class Verification(Model):
    """How an assumption is checked: what goes wrong otherwise, by which means, by whom (role id), by when."""

    impact: Line
    how: Line
    owner: Id
    by: date


class Figure(Model):
    """The value of a quantity and where it comes from, without its name and unit.

    Exactly one of: a value; a low-high range; an expression (basis derived: code computes it); or nothing (unknown,
    not_applicable). `source` is: the verbatim words of the brief or answer (stated); the evidence id (measured); the
    reason for this guess (assumed); the role id that signs it (proposed); law, standard or publication, or
    "general knowledge, to verify" (external); why it is unknown or does not apply.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    basis: Basis
    source: Annotated[str, Field(max_length=400)]
    expression: Annotated[str | None, Field(max_length=300, description="for derived: formula over keys, else null")] = None
    check: Annotated[Verification | None, Field(description="required for assumed and unknown, else null")] = None

    @model_validator(mode="after")
    def _one_way(self) -> Figure:
        if self.value is not None and (self.low is not None or self.high is not None):
            raise ValueError("give a value or a range (low and high), not both")
        if (self.low is None) != (self.high is None):
            raise ValueError("a range needs both ends, low and high")
        return self


class Quantity(Figure):
    """A figure with its key, meaning and unit. No number stands anywhere in a strategy without one.

    Units: second, minute, hour, day, week, month, year, workday, byte to TB, percent, ISO currency codes; any other word
    is a count noun. Compound units are written with * and /, for example `ticket/day`, `EUR/hour`.
    """

    key: Key
    meaning: Line
    unit: Annotated[str, Field(max_length=60)]


_PLACE = re.compile(r"%\((\w+)\)s|%%")


def filled(message: str, places: Mapping[str, str]) -> str:
    """A message of the catalogue with its %(place)s filled; a place that has no text stays as it is."""
    return _PLACE.sub(lambda found: places.get(found[1], found[0]) if found[1] else "%", message)


class Evidence(Model):
    """One measured fact about the user's data, with what is needed to measure it again. It never holds a cell's personal value.

    `message` and `method` are texts of the catalogue with %(place)s for names of columns, groups or classes; numbers stand in
    `value`, or in `places` if they only describe the method (a sample size). `low` and `high` are the ends of the 95 % interval.
    `topic` is the key of the section that quotes it. `reproduce` is SQL over the source, or a command. `weight`: one for what
    the chapter shows, two for the annex, three for the evidence file alone. `measures` is the key of the blueprint's shared
    figure that this measures, if any, in its unit.
    """

    id: Id
    source: Annotated[str, Field(max_length=60, description="id of the profiled source; empty if it rests on several")] = ""
    topic: Annotated[str, Field(max_length=20)]
    message: Annotated[str, Field(max_length=300)]
    places: dict[str, Annotated[str, Field(max_length=200)]] = {}
    value: float | None = None
    unit: Annotated[str, Field(max_length=60)] = ""
    low: float | None = None
    high: float | None = None
    method: Annotated[str, Field(max_length=300)]
    rows: Annotated[int | None, Field(ge=0, description="rows that the measurement used")] = None
    reproduce: Annotated[str, Field(max_length=2000)] = ""
    weight: Literal[1, 2, 3] = 2
    measures: Annotated[str, Field(max_length=60)] = ""

    @property
    def statement(self) -> str:
        """The message in English with its places filled."""
        return filled(self.message, self.places)


Outcome = Literal["met", "not_met", "not_applicable", "cannot_tell"]


class Verdict(Model):
    """What a check or the reviewer says of one criterion. `section` and `field` (top level) are what should be mended."""

    criterion: str
    outcome: Outcome
    section: str = ""
    field: str = ""
    why: str = ""
    quote: str = ""
    by: Literal["check", "reviewer"] = "check"


class Critique(Model):
    """All verdicts on one draft; `open` are those that are not met."""

    verdicts: list[Verdict] = []

    @property
    def open(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.outcome == "not_met"]
