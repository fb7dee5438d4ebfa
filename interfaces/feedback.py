"""What is still wrong with a finished document, and what a reader says of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

from ai_data_strategy.agents import BY_KEY, SECTIONS, consistency
from ai_data_strategy.agents.fit import FITS
from ai_data_strategy.agents.reviewer import OBJECTION, checked
from ai_data_strategy.agents.section import rubric
from ai_data_strategy.agents.strategy import Strategy, sheet_of
from ai_data_strategy.document.chapters import SHARED_CHAPTERS
from ai_data_strategy.document.markdown import render
from ai_data_strategy.document.scoring import DOCUMENT, NOT_APPLICABLE
from ai_data_strategy.domain import Verdict
from ai_data_strategy.errors import InputError
from ai_data_strategy.interfaces.feedback_store import GOOD_OR_BAD, Feedback, feedback_in
from ai_data_strategy.interfaces.service import Service
from ai_data_strategy.prompts import load, versions

LONGEST_NOTE = 4_000
MISSING = "missing"
"""Criterion of a section that could not be written."""
DOCUMENT_SECTION = "document"
"""How the whole document is called where sections are listed."""


@dataclass(frozen=True)
class Finding:
    """One criterion that a document does not meet. An empty `section` is the whole document."""

    criterion: str
    section: str
    why: str
    quote: str = ""
    by: Literal["check", "reviewer"] = "check"


def findings(strategy: Strategy) -> list[Finding]:
    """All that is open in a strategy, one a criterion and section: checks decided anew by code, the reviewer's verdicts as they stand."""
    found: dict[tuple[str, str], Finding] = {}
    for item in (*_of_document(strategy), *(_of_verdict(verdict) for verdict in verdicts(strategy) if verdict.outcome == "not_met")):
        old = found.get((item.criterion, item.section))
        if old is None:
            found[item.criterion, item.section] = item
        elif item.why not in old.why:
            found[item.criterion, item.section] = Finding(
                old.criterion, old.section, f"{old.why}; {item.why}", old.quote or item.quote, old.by
            )
    return list(found.values())


def verdicts(strategy: Strategy) -> Iterator[Verdict]:
    """Every verdict on a section or between sections, whatever its outcome; nothing for a strategy that says no AI."""
    if strategy.blueprint is None or strategy.clarification.no_ai is not None:
        return
    sheet = sheet_of(strategy)
    for key, draft in strategy.sections.items():
        yield from (verdict.model_copy(update={"section": key}) for verdict in checked(BY_KEY[key], draft, sheet).verdicts)
    for record in strategy.records:
        yield from (v.model_copy(update={"section": record.section}) for v in record.critique.verdicts if v.by == "reviewer")
    yield from consistency.verdicts(sheet, strategy.clarification)
    yield from (verdict for verdict in strategy.cross.verdicts if verdict.by == "reviewer")


def _of_document(strategy: Strategy) -> Iterator[Finding]:
    text = render(strategy)
    for criterion, decide in DOCUMENT.items():
        for problem in decide(strategy, text):
            if problem != NOT_APPLICABLE:
                yield Finding(criterion, _section_in(problem), problem)
    for gone in strategy.missing:
        yield Finding(MISSING, gone.section, gone.reason)


def _section_in(problem: str) -> str:
    """The section that a problem of the document names first, by its key or by the number of its chapter; empty if it names none."""
    if chapter := re.match(r"chapter (\d+)\.", problem):
        shared = {number: keys for number, _, keys in SHARED_CHAPTERS}
        keys = shared.get(int(chapter[1])) or [section.key for section in SECTIONS if section.number == int(chapter[1])]
        return keys[0] if len(keys) == 1 else ""
    return next((word for word in problem.split()[:2] if word in BY_KEY), "")


def _of_verdict(verdict: Verdict) -> Finding:
    return Finding(verdict.criterion, verdict.section, verdict.why, verdict.quote, verdict.by)


def failure_class(criterion: str) -> str:
    """The group of criteria to which a criterion belongs: a section of the rubric, fit, objections or missing."""
    groups = {item.id: item.section for item in rubric()} | dict.fromkeys(FITS, "fit") | {OBJECTION: "objections", MISSING: "missing"}
    return groups.get(criterion, re.split(r"\d", criterion)[0])


def sections_of(strategy: Strategy) -> list[str]:
    """The sections that a document has or lacks: what feedback can be about."""
    return [key for key in BY_KEY if key in strategy.sections or key in {gone.section for gone in strategy.missing}]


async def give(service: Service, run: str, section: str, verdict: GOOD_OR_BAD, note: str) -> tuple[Feedback, int]:
    """Keep a reader's verdict with the run; also gives how many verdicts the run has now.

    Raises UnknownRun; InputError for a run that is not finished, a section that the document does not have, or a note that is too long.
    """
    text = _note(note)
    strategy = await service.strategy(run)
    known = sections_of(strategy)
    if section and section not in known:
        there = f"the sections are {', '.join(known)}" if known else "this document has none, because it says no AI"
        raise InputError(f"no section {section!r}: {there}; leave --section out for the whole document")
    rows = await feedback_in(service.store)
    kept = Feedback(
        id=uuid4().hex, run=run, version=strategy.version, created=datetime.now(UTC).isoformat(timespec="microseconds"), section=section,
        verdict=verdict, note=text, writer=writer_of(strategy, section), tool_version=strategy.tool_version, prompts=prompts_of(section),
        findings=[plain(item) for item in findings(strategy) if section in ("", item.section)],
    )  # fmt: skip
    await rows.add(kept)
    return kept, len(await rows.of(run))


def _note(note: str) -> str:
    clean = "".join(char for char in note if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs", "Co", "Cn")).strip()
    if len(clean) > LONGEST_NOTE:
        raise InputError(f"the note has {len(clean):,} characters; at most {LONGEST_NOTE:,} are kept: say what is wrong in a few sentences")
    return clean


def writer_of(strategy: Strategy, section: str) -> str:
    """Who wrote a section, or the whole document."""
    return next((record.written_by for record in strategy.records if record.section == section), strategy.writer)


def prompts_of(section: str) -> dict[str, int]:
    """Versions of the prompts that a section is written with in this program; of all prompts for the whole document."""
    return {name: load(name).version for name in ("common", section)} if section else versions()


def plain(item: Finding) -> dict[str, str]:
    """A finding as plain JSON."""
    return {key: str(value) for key, value in asdict(item).items()}


def in_words(kept: Feedback, count: int) -> str:
    """What was kept, on one line."""
    place = kept.section or "the whole document"
    return f"kept: {kept.verdict} for {place} of {kept.run} version {kept.version}; open findings there: {len(kept.findings)}; verdicts on this run: {count}"


def by_section(rows: Sequence[Feedback]) -> dict[str, dict[str, int]]:
    """Good and bad verdicts by section, `document` for the whole."""
    found: dict[str, dict[str, int]] = {}
    for name in (DOCUMENT_SECTION, *BY_KEY):
        own = [row.verdict for row in rows if (row.section or DOCUMENT_SECTION) == name]
        if own:
            found[name] = {"good": own.count("good"), "bad": own.count("bad")}
    return found
