"""Makes a case of a run that went wrong: its brief and answers without personal data, and what must not come back.

python -m ai_data_strategy.evals.promote RUN --to FOLDER
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import re
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from ai_data_strategy.agents.later_questions import users
from ai_data_strategy.agents.section import rubric
from ai_data_strategy.agents.strategy import Strategy, sheet_of
from ai_data_strategy.errors import InputError
from ai_data_strategy.evals.case import Tags, Trap
from ai_data_strategy.evals.promoted import Expectation, Origin, Promoted, Said, as_yaml
from ai_data_strategy.evals.redaction import Removal
from ai_data_strategy.interfaces import cli
from ai_data_strategy.interfaces.feedback import Finding, findings
from ai_data_strategy.interfaces.feedback_store import Feedback, feedback_in
from ai_data_strategy.interfaces.service import Service
from ai_data_strategy.interfaces.store import Store, opened
from ai_data_strategy.interfaces.writers import WriterMaker
from ai_data_strategy.placing import place
from ai_data_strategy.playbook.desk import knowledge
from ai_data_strategy.playbook.reader import read
from ai_data_strategy.prompts import versions
from ai_data_strategy.settings import Settings, read_settings

_MODALITY = {
    "text_classification": "text", "tabular_classification": "tables", "ranking": "events", "rag_chat": "documents", "extraction": "documents",
    "forecasting": "time series", "fraud": "transactions", "vision": "images", "speech": "audio", "maintenance": "sensor readings",
}  # fmt: skip
_LONG = 400
"""Words from which a brief counts as long."""
_LONGEST = 600
_MANY = 3
"""Sections that a fact touches from which it is critical."""
_MOST_PATTERNS, _LEAST_LETTERS = 4, 6
_SHORTEST_QUOTE = 12


@dataclass(frozen=True)
class Promotion:
    """A case that was made, where it lies, and how many values of each kind of personal data were replaced in it."""

    case: Promoted
    path: Path
    replaced: dict[str, int]


def _quiet(_kind: str, _text: str) -> None:
    return None


@asynccontextmanager
async def service_of(
    settings: Settings, listener: Callable[[str, str], None] = _quiet, max_tokens: int | None = None, max_cost: float | None = None
) -> AsyncIterator[tuple[Service, Store]]:
    """The service over the user's store, for the evals that read it."""
    maker = WriterMaker(settings, max_tokens, max_cost, listener)
    async with opened(settings.data_folder, settings.database) as store:
        try:
            yield Service(store, maker.writer, listener), store
        finally:
            await maker.close()


def folder_of(given: Path | None, settings: Settings) -> Path:
    """The folder of the user's cases: the one that is named, else `cases` in the data folder. Raises InputError for the package's own."""
    folder = (given or settings.data_folder / "cases").expanduser().resolve()
    package = Path(__file__).resolve().parent
    if folder == package or package in folder.parents:
        raise InputError(f"{folder} belongs to the program: cases from use stay with their user, so name another folder")
    return folder


async def promote(service: Service, run: str, folder: Path) -> Promotion:
    """Make and write the case of a finished run. The same run and feedback give the same file again.

    Raises InputError where nothing is open or bad, personal data cannot be taken out, or the file exists with other content.
    """
    strategy = await service.strategy(run)
    given = [row for row in await (await feedback_in(service.store)).of(run) if row.version == strategy.version]
    bad = [row for row in given if row.verdict == "bad"]
    open_ = findings(strategy)
    if not bad and not open_:
        raise InputError(
            f"run {run} has no open finding and no bad verdict on version {strategy.version}: say what is wrong first, for example "
            f'`ai-data-strategy feedback {run} --section labelling --verdict bad --note "…"`'
        )
    case, replaced = case_of(strategy, open_, bad)
    path = folder / f"{case.id}.yaml"
    content = as_yaml(case).encode()
    if path.exists() and path.read_bytes() != content:
        raise InputError(
            f"{path} exists with other content (the run was promoted before, or the file was edited): name another folder with --to"
        )
    place(path.parent, {path.name: content})
    return Promotion(case, path, replaced)


def case_of(strategy: Strategy, open_: Sequence[Finding], bad: Sequence[Feedback]) -> tuple[Promoted, dict[str, int]]:
    """The case of a strategy with what is open and bad in it, and how many values of each kind of personal data were replaced."""
    said = [answer for answer in strategy.answers if not answer.skipped]
    removal = Removal(strategy.brief.language)
    texts = [strategy.brief.text, strategy.clarification.product, *(answer.text for answer in said)]
    texts += [item for finding in open_ for item in (finding.why, finding.quote)] + [row.note for row in bad]
    clean = iter(removal.removed(texts))
    brief, title = next(clean), next(clean)
    answers = [answer.model_copy(update={"text": next(clean)}) for answer in said]
    found = [replace(finding, why=next(clean), quote=next(clean)) for finding in open_]
    notes = [replace(row, note=next(clean)) for row in bad]
    expected = _apart([*(_finding(item, strategy) for item in found), *_notes(notes, strategy)])
    case = Promoted(
        id=f"use_{re.sub(r'[^a-z0-9]+', '_', strategy.run.casefold())}_v{strategy.version}", title=title[:200], tags=_tags(strategy),
        origin=Origin(
            run=strategy.run, version=strategy.version, writer=strategy.writer, tool_version=strategy.tool_version, created=strategy.created,
            language=strategy.brief.language, prompts=_prompts(bad), measured=bool(strategy.profile.sources),
        ),
        brief=brief, facts=[_fact(answer.question, answer.asked, answer.text, brief, strategy) for answer in answers],
        traps=[_trap(item) for item in expected if item.never], expectations=expected,
    )  # fmt: skip
    return case, removal.counts


def _prompts(bad: Sequence[Feedback]) -> dict[str, int]:
    """Prompt versions of the first verdict that knew all of them, then of the others, else those of today."""
    known = {name: number for row in reversed(bad) for name, number in row.prompts.items()}
    return known or versions()


def fingerprint(strategy: Strategy, section: str) -> str:
    """Whether a section is still the same: hash of its fields, of all sections for the whole; empty where there is none."""
    drafts = [draft.model_dump_json() for key, draft in strategy.sections.items() if section in ("", key)]
    return blake2b("\n".join(drafts).encode(), digest_size=8).hexdigest() if drafts else ""


def _finding(item: Finding, strategy: Strategy) -> Expectation:
    quoted = item.by == "reviewer" and len(item.quote) >= _SHORTEST_QUOTE and "[" not in item.quote and "…" not in item.quote
    return Expectation(
        id=_id(item.criterion, item.section), criterion=item.criterion, section=item.section, note=item.why, by=item.by,
        text=fingerprint(strategy, item.section), never=[_verbatim(item.quote)] if quoted else [],
    )  # fmt: skip


def _verbatim(quote: str) -> str:
    """A pattern that finds the same words, however they are spaced."""
    return r"\s+".join(re.escape(word) for word in quote[:150].split())


def _notes(rows: Sequence[Feedback], strategy: Strategy) -> list[Expectation]:
    return [
        Expectation(
            id=_id("note", row.section), section=row.section, note=row.note or "A reader found this bad and did not say why.", by="reader",
            text=fingerprint(strategy, row.section),
        )
        for row in rows
    ]  # fmt: skip


def _id(criterion: str, section: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", f"{criterion} {section or 'document'}".casefold())[:50].strip("_")


def _apart(expected: Sequence[Expectation]) -> list[Expectation]:
    """The same expectations with ids that differ."""
    seen: dict[str, int] = {}
    found = []
    for item in expected:
        seen[item.id] = seen.get(item.id, 0) + 1
        found.append(item if seen[item.id] == 1 else item.model_copy(update={"id": f"{item.id}_{seen[item.id]}"}))
    return found


def _trap(item: Expectation) -> Trap:
    wanted = next((criterion.text for criterion in rubric() if criterion.id == item.criterion), "The section no longer says this.")
    return Trap(id=item.id, what=item.note[:_LONGEST].ljust(10, "."), handled=wanted[:_LONGEST], never=item.never)


def _tags(strategy: Strategy) -> Tags:
    reading = read(strategy.brief.text, strategy.brief.language, strategy.answers)
    blueprint = strategy.blueprint
    vague = "vague" if reading.vague else "long" if len(strategy.brief.text.split()) > _LONG else "precise"
    known = sheet_of(strategy).number("examples_in_hand", "count") if blueprint else None
    return Tags(
        task=blueprint.archetype if blueprint else "none",
        modality=_MODALITY.get(blueprint.archetype, "other") if blueprint else "none",
        law=(", ".join(regime.id for regime in blueprint.regimes) if blueprint else "")[:200] or "none",
        scale=f"1e{int(math.log10(known))} examples" if known and known >= 1 else "unknown",
        language=strategy.brief.language,
        quality="contradictory" if strategy.clarification.contradictions else vague,
    )


def _fact(question: str, asked: str, text: str, brief: str, strategy: Strategy) -> Said:
    touched = next((len(item.touches) for item in strategy.clarification.questions if item.id == question), None)
    if touched is None and strategy.blueprint:
        touched = len(users(sheet_of(strategy), strategy.sections).get(question, ()))
    weight = 3 if (touched or 0) >= _MANY else 2 if touched == _MANY - 1 else 1
    english = str(knowledge("questions").get(question, {}).get("question", ""))
    about = [*_patterns(asked, brief), *_patterns(english, brief)]
    return Said(id=question, text=text, weight=weight, about=list(dict.fromkeys(about)))


def _patterns(question: str, brief: str) -> list[str]:
    """What tells a question: its longest words that the brief does not hold, without their endings."""
    plain = re.sub(r"%\(\w+\)s", " ", question)
    words = [word for word in re.findall(r"[^\W\d_]+", plain.casefold()) if len(word) >= _LEAST_LETTERS and word not in brief.casefold()]
    longest = sorted(dict.fromkeys(words), key=len, reverse=True)[:_MOST_PATTERNS]
    return [rf"\b{re.escape(word[: max(_LEAST_LETTERS - 1, len(word) - 2)])}" for word in longest]


def command(given: argparse.Namespace) -> int:
    """Promote a run, say where the case lies and what kinds of personal data were replaced; 0 if it is written."""
    settings = read_settings()
    folder = folder_of(given.to, settings)

    async def work() -> Promotion:
        async with service_of(settings) as (service, _):
            return await promote(service, given.run, folder)

    done = asyncio.run(work())
    if given.json:
        told = {"case": done.case.id, "path": str(done.path), "replaced": done.replaced, "expectations": len(done.case.expectations), "facts": len(done.case.facts)}  # fmt: skip
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
        return cli.DONE
    sys.stdout.write(f"{done.path}\n")
    counts = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in done.replaced.items()) or "none found"
    sys.stderr.write(f"{len(done.case.expectations)} failures, {len(done.case.facts)} facts; personal data replaced: {counts}\n")
    sys.stderr.write("read the file before you give it away: names that nothing points at are not found by rules\n")
    if done.case.origin.measured:
        sys.stderr.write("the run had measured data, which the case does not hold: a replay goes without\n")
    return cli.DONE


def main(arguments: Sequence[str] | None = None) -> int:
    """The same as the subcommand `promote`."""
    return cli.main(["promote", *(sys.argv[1:] if arguments is None else arguments)])


if __name__ == "__main__":
    sys.exit(main())
