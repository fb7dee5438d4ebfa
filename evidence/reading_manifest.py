"""Reading the manifest that a user writes: YAML or JSON, mistakes told in plain words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ai_data_strategy.errors import InputError
from ai_data_strategy.evidence.manifest import Manifest, SourceEntry
from ai_data_strategy.evidence.profile import KINDS, ROLES

_BIGGEST = 1_000_000
"""Bytes of a manifest; a larger file is something else."""


def read_manifest(path: Path) -> Manifest:
    """The manifest in a YAML or JSON file: `sources: [...]` or the list alone. Relative locations become relative to its folder.

    Raises InputError that names the source, the field and what to write.
    """
    content = _content(path)
    listed = content.get("sources") if isinstance(content, dict) and set(content) == {"sources"} else content
    if not isinstance(listed, list):
        raise InputError(f"{path}: a manifest is a list under `sources:`; write `sources:` and below it `- location: tickets.csv`")
    entries = [_entry(path, number, one) for number, one in enumerate(listed, start=1)]
    ids = [entry.id for entry in entries if entry.id]
    if twice := sorted({id_ for id_ in ids if ids.count(id_) > 1}):
        raise InputError(f"{path}: the id {twice[0]} is given to {ids.count(twice[0])} sources; ids must differ")
    return Manifest(sources=entries)


def _content(path: Path) -> Any:
    try:
        if path.stat().st_size > _BIGGEST:
            raise InputError(f"{path}: the file has more than {_BIGGEST} bytes; is it the manifest?")
        return yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path}: the manifest cannot be read: {error.strerror}; check the path") from None
    except (UnicodeDecodeError, RecursionError):
        raise InputError(f"{path}: the manifest is not UTF-8 text in YAML or JSON; save it again as UTF-8") from None
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise InputError(f"{path}: this is no YAML or JSON{where}: {getattr(error, 'problem', None) or 'a value cannot be read'}") from None


def _entry(path: Path, number: int, one: object) -> SourceEntry:
    written = {"location": one} if isinstance(one, str) else one
    if not isinstance(written, dict):
        raise InputError(f"{path}: source {number} is no list of fields; write `- location: tickets.csv`")
    try:
        entry = SourceEntry.model_validate(written)
    except ValidationError as error:
        said = "; ".join(_plainly(one_error) for one_error in error.errors()[:5])
        raise InputError(f"{path}: source {number}{_called(written)}: {said}") from None
    if not entry.location.strip():
        raise InputError(f"{path}: source {number}: location is empty; write a path, a glob or a postgresql:// address")
    return entry.model_copy(update={"location": _absolute(entry.location.strip(), path)})


def _called(written: dict[Any, Any]) -> str:
    id_ = written.get("id")
    return f" ({id_})" if isinstance(id_, str) else ""


def _plainly(error: Any) -> str:
    """One mistake that pydantic found, with what to write instead. What the user wrote is not repeated: it may be a secret."""
    steps = [str(step) for step in error["loc"] if step != "[key]"]
    field, kind = ".".join(steps), str(error["type"])
    if kind == "extra_forbidden":
        return f"there is no field {field}; fields are {', '.join(SourceEntry.model_fields)}"
    if kind == "missing":
        return f"{field} is missing; write `{field}: …`"
    if steps[0] == "kind":
        return f"kind must be one of {', '.join(KINDS)}"
    if steps[0] == "roles" and len(steps) > 1:
        return f"the role of column {'.'.join(steps[1:])} must be one of {', '.join(ROLES)}"
    if steps[0] == "id":
        return "id must be lower-case letters, digits and _, begin with a letter, and have at most 60 characters"
    return f"{field}: {_WANTED.get(steps[0], str(error['msg']).lower())}"


_WANTED = {
    "retention_days": "write a number of days, 0 or more",
    "training": "write true or false",
    "roles": "write columns and their roles, as in `{created_at: time}`",
    "types": "write columns and their DuckDB types, as in `{zip: VARCHAR}`",
    "failure": "write columns and lists of values, as in `{rating: [thumbs_down]}`",
    "location": "write a path, a glob or a postgresql:// address",
}


def _absolute(location: str, path: Path) -> str:
    """A location as it is seen from the manifest's folder. It is not shortened, so that a path that leads out can be told."""
    if "://" in location or location.startswith("~") or Path(location).is_absolute():
        return location
    return str(path.absolute().parent / location)
