"""A case: a brief, the facts that its product owner tells only when asked, and the traps a strategy must not walk into."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, Field, ValidationError, model_validator

from ai_data_strategy.domain import Id, Model
from ai_data_strategy.errors import InputError

Short = Annotated[str, Field(min_length=1, max_length=200)]
Told = Annotated[str, Field(min_length=10, max_length=600)]


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    if re.search(pattern, ""):
        raise ValueError(f"{pattern!r} matches the empty text, so it would match everything")
    return pattern


Pattern = Annotated[str, Field(min_length=2, max_length=400), AfterValidator(_compiles)]


class Fact(Model):
    """Something only the product owner knows. `text` is the answer, in the brief's language; `weight` 3 changes the plan."""

    id: Id
    text: Told
    weight: Literal[1, 2, 3]
    about: Annotated[list[Pattern], Field(min_length=1)]

    def asked_by(self, question: str) -> bool:
        """True if a question asks for this fact."""
        return _any(self.about, question)


class Trap(Model):
    """What a careless strategy falls for. `signs` show in a document that it was handled, `never` that it was not."""

    id: Id
    what: Told
    handled: Told
    signs: list[Pattern] = []
    never: list[Pattern] = []

    @model_validator(mode="after")
    def _can_be_told(self) -> Trap:
        if not self.signs and not self.never:
            raise ValueError(f"trap {self.id} has neither signs nor never, so nobody can tell whether it was handled")
        return self

    def handled_in(self, document: str) -> bool:
        """True if a document (markdown) shows a sign, where the trap has signs, and nothing that it must never say."""
        return (not self.signs or _any(self.signs, document)) and not self.fallen_for(document)

    def fallen_for(self, document: str) -> list[str]:
        """The patterns of `never` that a document (markdown) matches."""
        return [pattern for pattern in self.never if re.search(pattern, document, re.IGNORECASE)]


class Tags(Model):
    """What a case is about, for choosing and counting cases. `language` is the brief's, as ISO 639-1 code."""

    task: Short
    modality: Short
    law: Short
    scale: Short
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]
    quality: Literal["precise", "vague", "contradictory", "long"]


class Case(Model):
    """One brief to plan for, with what is hidden behind it."""

    id: Id
    title: Short
    tags: Tags
    brief: Annotated[str, Field(min_length=10)]
    facts: Annotated[list[Fact], Field(min_length=1)]
    traps: Annotated[list[Trap], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_differ(self) -> Case:
        for kind, ids in (("fact", [fact.id for fact in self.facts]), ("trap", [trap.id for trap in self.traps])):
            if twice := _doubled(ids):
                raise ValueError(f"two {kind}s are called {', '.join(twice)}")
        return self

    @property
    def critical(self) -> list[Fact]:
        """The facts that change the plan."""
        return [fact for fact in self.facts if fact.weight == 3]


def _any(patterns: Sequence[str], text: str) -> bool:
    return any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns)


def _doubled(ids: Sequence[str]) -> list[str]:
    return sorted(name for name, times in Counter(ids).items() if times > 1)


def cases(folder: Path | None = None) -> list[Case]:
    """All cases, by id: those of a folder (*.yaml), or those that come with the package.

    Raises InputError that names the file and what is wrong in it, if two files hold the same id, or if there is no case.
    """
    return list(_own()) if folder is None else _read(folder)


@cache
def _own() -> tuple[Case, ...]:
    return tuple(_read(files("ai_data_strategy.evals") / "cases"))


def _read(place: Path | Traversable) -> list[Case]:
    if not place.is_dir():
        raise InputError(f"{place} is no folder: give the folder that holds the cases.")
    found = [_case(entry) for entry in place.iterdir() if entry.name.endswith(".yaml")]
    if not found:
        raise InputError(f"{place} holds no case (*.yaml): give the folder that holds the cases.")
    if twice := _doubled([case.id for case in found]):
        raise InputError(f"{place}: more than one file holds the case {', '.join(twice)}. Ids are unique.")
    return sorted(found, key=lambda case: case.id)


def _case(file: Path | Traversable) -> Case:
    try:
        given: Any = yaml.safe_load(file.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{file.name} cannot be read as YAML in UTF-8: {error}") from error
    try:
        case = Case.model_validate(given)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'the file'}: {item['msg']}" for item in error.errors(include_url=False)[:5])
        raise InputError(f"{file.name} is no case: {said}") from error
    if file.name != f"{case.id}.yaml":
        raise InputError(f"{file.name} holds the case {case.id}: name the file {case.id}.yaml.")
    return case
