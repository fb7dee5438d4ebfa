"""The commands that touch the user's data: what was pointed at, its profile, and the files that are handed over."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

from ai_data_strategy.agents.strategy import load
from ai_data_strategy.document.files import write_charts
from ai_data_strategy.document.measurements import CHARTS
from ai_data_strategy.domain import Evidence, filled
from ai_data_strategy.errors import InputError
from ai_data_strategy.evidence import profiling
from ai_data_strategy.evidence.manifest import Manifest
from ai_data_strategy.evidence.profile import FORMAT_VERSION, Profile
from ai_data_strategy.evidence.reading_manifest import read_manifest
from ai_data_strategy.interfaces import arguments
from ai_data_strategy.placing import place

Given = argparse.Namespace
_LABELS = {1: "*", 2: " ", 3: " "}


def _manifest(given: Given) -> tuple[Manifest, Path | None]:
    """The manifest and its folder, which its relative paths may not leave."""
    return (read_manifest(given.sources), given.sources.resolve().parent) if given.sources else (Manifest(), None)


def _quiet(_kind: str, _text: str) -> None:
    return None


def profile_for(given: Given, today: date, on_event: Callable[[str, str], None]) -> Profile | None:
    """What a draft is told of the user's data: measured now, read from a file, or None where nothing was pointed at."""
    if given.evidence and (given.data or given.sources):
        raise InputError("give data to measure (--data, --sources) or measurements (--evidence), not both")
    if given.evidence:
        return read_profile(given.evidence)
    if not given.data and not given.sources:
        return None
    return profiling.profile(given.data, *_manifest(given), today, on_event)


def read_profile(path: Path) -> Profile:
    """The measurements that `profile --out` wrote. Raises InputError that says what does not fit."""
    from pydantic import ValidationError

    found = arguments.mapping(path, "evidence")
    if found.get("format_version") != FORMAT_VERSION:
        raise InputError(
            f"evidence {path}: not written by `ai-data-strategy profile --out` of this version (format {FORMAT_VERSION}): measure again"
        )
    try:
        return Profile.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InputError(
            f"evidence {path}: {'.'.join(map(str, first['loc']))}: {first['msg']}. Measure again with `profile --out`."
        ) from error


def profile(given: Given, today: date) -> int:
    """Measure and print, or write."""
    if not given.data and not given.sources:
        raise InputError("no data: name files, folders or a database, for example `ai-data-strategy profile tickets.csv`")
    whole = profiling.profile(given.data, *_manifest(given), today, _told)
    if given.show:
        sys.stdout.write(_one(whole, given.show) + "\n")
    elif given.out:
        place(given.out.parent, {given.out.name: (whole.model_dump_json(indent=1) + "\n").encode()})
        write_charts(whole.charts, given.out.resolve().parent / CHARTS, "en")
        sys.stdout.write(f"{given.out}\n")
    else:
        sys.stdout.write(whole.model_dump_json(indent=1) + "\n" if given.json else _listed(whole))
    for problem in whole.problems:
        sys.stderr.write(f"{problem.text}\n")
    return 0 if whole.sources else 1


def _told(_kind: str, text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _one(whole: Profile, id_: str) -> str:
    item = next((item for item in whole.evidence if item.id == id_), None)
    if item is None:
        raise InputError(f"--show {id_}: nothing with this id was measured; run without --show to see the ids")
    lines = [_line(item), f"method: {filled(item.method, item.places)}", f"rows: {item.rows}"]
    return "\n".join([*lines, f"again: {item.reproduce}"])


def _line(item: Evidence) -> str:
    value = "" if item.value is None else f" = {item.value:.6g} {item.unit}"
    ends = "" if item.low is None or item.high is None else f" ({item.low:.6g} to {item.high:.6g})"
    return f"{_LABELS[item.weight]} {item.id}: {item.statement}{value}{ends}"


def _listed(whole: Profile) -> str:
    """Sources with the roles of their columns, then the measurements by section; a star marks a headline."""
    lines: list[str] = []
    for source in whole.sources:
        lines.append(f"{source.id}: {source.rows:,} rows, {source.kind} ({source.kind_reason}), {source.location}")
        lines += [f"    {c.name}: {c.role} ({c.role_reason})" for c in source.columns if c.role != "other"]
    for topic in dict.fromkeys(item.topic for item in whole.evidence):
        lines += ["", topic.replace("_", " ").upper()]
        lines += [_line(item) for item in whole.evidence if item.topic == topic and item.weight < 3]
    hidden = sum(item.weight == 3 for item in whole.evidence)
    return "\n".join([*lines, "", f"{hidden} further measurements: use --json or --out"]) + "\n"


def hand_over(given: Given) -> int:
    """Write the machine-readable files that go with a strategy and its data."""
    strategy = load(arguments.read_text(given.file))
    if not strategy.profile.sources:
        raise InputError(f"{given.file}: no data were measured for this strategy: draft it with --data, --sources or --evidence")
    draft = strategy.sections.get("edge_cases")
    cases = [case.model_dump(mode="json") for case in getattr(draft, "cases", [])]
    paths, problems = profiling.handed_over(given.data, *_manifest(given), strategy.profile, given.out, cases)
    sys.stdout.write("".join(f"{path}\n" for path in paths))
    for problem in problems:
        sys.stderr.write(f"{problem.text}\n")
    return 0 if paths else 1
