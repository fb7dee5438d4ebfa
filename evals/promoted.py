"""A case from use: what a run of a user got wrong, as a brief with hidden facts, traps and expectations. Lives in a folder of the user.

The keys are those of the package's own cases, with three freedoms (a run may have had no answers, a short answer is an answer, and not
every failure has words that give it away) and two more keys: `origin` and `expectations`.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError

from ai_data_strategy.domain import Id, Model
from ai_data_strategy.errors import InputError
from ai_data_strategy.evals.case import Pattern, Tags, Trap
from ai_data_strategy.interfaces.arguments import read_text

REPLAYS = "replays.jsonl"


class Said(Model):
    """What the user answered to a question, personal data removed. `id` is the question's; `weight` 3 touches three sections or more."""

    id: Id
    text: Annotated[str, Field(min_length=1)]
    weight: Literal[1, 2, 3]
    about: list[Pattern] = []


class Expectation(Model):
    """One failure that must not come back.

    A finding has a `criterion`; a reader's note has none. `text` is a fingerprint of the section as it was (of all sections where
    `section` is empty). `signs` and `never` are regular expressions as in a trap: whoever keeps the case may add some, and then they decide.
    """

    id: Id
    criterion: str = ""
    section: str = ""
    note: str
    by: Literal["check", "reviewer", "reader"]
    text: str = ""
    signs: list[Pattern] = []
    never: list[Pattern] = []


class Origin(Model):
    """Where a case comes from. `created` is the strategy's date; `prompts` are versions at the time of the feedback or promotion."""

    run: str
    version: int
    writer: str
    tool_version: str
    created: date
    language: str
    prompts: dict[str, int]
    measured: Annotated[bool, Field(description="the run had measurements of data, which the case does not hold")] = False

    @property
    def by_playbook(self) -> bool:
        return self.writer == "playbook"


class Promoted(Model):
    """A case from use."""

    id: Id
    title: Annotated[str, Field(max_length=200)]
    tags: Tags
    origin: Origin
    brief: Annotated[str, Field(min_length=8)]
    facts: list[Said] = []
    traps: list[Trap] = []
    expectations: Annotated[list[Expectation], Field(min_length=1)]


class _Written(yaml.SafeDumper):
    """Long texts as blocks, so that a person can read and mend the file."""


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Written.add_representer(str, _block)


def as_yaml(case: Promoted) -> str:
    """The case as the text of its file."""
    return yaml.dump(case.model_dump(mode="json"), Dumper=_Written, sort_keys=False, allow_unicode=True, width=120)


def promoted_cases(folder: Path) -> list[Promoted]:
    """The cases of a folder by id. Raises InputError where there is none, or that names the file and what is wrong in it."""
    found = [_case(path) for path in sorted(folder.glob("*.yaml"))] if folder.is_dir() else []
    if not found:
        raise InputError(f"{folder} holds no case: `ai-data-strategy promote RUN` makes one of a run with bad verdicts or open findings")
    return found


def _case(path: Path) -> Promoted:
    try:
        given: Any = yaml.safe_load(read_text(path))
        case = Promoted.model_validate(given)
    except yaml.YAMLError as error:
        raise InputError(f"{path}: no valid YAML: {error}") from error
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'the file'}: {item['msg']}" for item in error.errors(include_url=False)[:5])
        raise InputError(f"{path}: no case from use: {said}") from error
    if path.stem != case.id:
        raise InputError(f"{path}: holds the case {case.id}: name the file {case.id}.yaml")
    return case
