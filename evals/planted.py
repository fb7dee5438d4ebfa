"""Plants every kind of fault in good documents and counts what the checks find, and that they find nothing else.

python -m ai_data_strategy.evals.planted [--documents N] [--each N] [--json FILE]

Printed: a table by kind (documents tried, found, right criterion, right section), false alarms on the documents as they are, the
stability over repeats, and the verdicts that change after harmless edits.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

from ai_data_strategy.agents import BY_KEY, consistency, reviewer
from ai_data_strategy.agents.strategy import Strategy, load, sheet_of
from ai_data_strategy.document.markdown import render
from ai_data_strategy.document.scoring import DOCUMENT, NOT_APPLICABLE, score
from ai_data_strategy.evals.faults import Fault, Json
from ai_data_strategy.evals.faults_plan import PLAN
from ai_data_strategy.evals.faults_text import TEXT
from ai_data_strategy.evals.harmless import HARMLESS, edited
from ai_data_strategy.evals.specimens import EXAMPLES, Specimen, documents

FAULTS: tuple[Fault, ...] = (*PLAN, *TEXT)
"""All kinds that a check should find."""
DOCUMENTS, EACH = 240, 12
"""Documents, and how many of them each kind is tried on."""
Finding = tuple[str, str]
"""A criterion that is not met, and the section at fault ("" for front, blueprint and document)."""


def strategy_of(given: Json) -> Strategy:
    """The strategy of its JSON. Raises InputError if it does not fit the schema."""
    return load(json.dumps(given))


def findings(strategy: Strategy, whole: bool) -> set[Finding]:
    """What all checks find; those that need the rendered document only if `whole`."""
    found: set[Finding] = set()
    if strategy.blueprint is not None and strategy.clarification.no_ai is None:
        sheet = sheet_of(strategy)
        found |= {(v.criterion, v.section) for v in consistency.verdicts(sheet, strategy.clarification) if v.outcome == "not_met"}
        for key, draft in strategy.sections.items():
            own = [*reviewer.checked(BY_KEY[key], draft, sheet).open, *reviewer.language_verdicts(draft, strategy.brief.language)]
            found |= {(verdict.criterion, key) for verdict in own}
    if whole:
        text = render(strategy)
        found |= {(c, "") for c, decide in DOCUMENT.items() if [p for p in decide(strategy, text) if p != NOT_APPLICABLE]}
    return found


@dataclass
class Kind:
    """What came of one kind of fault. `missed` names the documents in which its criterion was not found."""

    name: str
    criterion: str
    section: str
    tried: int = 0
    found: int = 0
    right_criterion: int = 0
    right_section: int = 0
    missed: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    """All counts of a run. `alarms` are findings on documents without a fault; `flips` are verdicts changed by a harmless edit."""

    documents: int
    products: int
    languages: list[str]
    by_host: int
    kinds: list[Kind]
    alarms: list[str]
    repeated: int
    unstable: list[str]
    edits: dict[str, int]
    flips: list[str]

    @property
    def recall(self) -> float:
        """Share of planted faults that anything was found for."""
        tried = sum(kind.tried for kind in self.kinds)
        return sum(kind.found for kind in self.kinds) / tried if tried else 0.0

    @property
    def sound(self) -> bool:
        """True if every planted fault was found under its criterion, and nothing was found or changed where nothing was wrong."""
        missed = [kind for kind in self.kinds if kind.right_criterion < kind.tried or not kind.tried]
        return not (missed or self.alarms or self.unstable or self.flips)


def measured(given: Sequence[Specimen], each: int = EACH, seed: int = 1) -> Outcome:
    """Everything that is printed. The documents of each kind are chosen by the seed, with the examples among them."""
    chance = Random(seed)
    clean = {item.name: findings(strategy_of(item.strategy), whole=True) for item in given}
    alarms = [f"{name}: {criterion} {section}".strip() for name, found in clean.items() for criterion, section in sorted(found)]
    planned = [item for item in given if item.planned]
    hosts = [item for item in planned if item.writer != "playbook"]
    rest = [item for item in planned if item.writer == "playbook"]
    kinds = [_tried(fault, _chosen(fault, hosts, rest, each, chance), clean, chance) for fault in FAULTS]
    sample = chance.sample(planned, min(len(planned), 3 * each))
    edits, flips = _edits(sample, chance)
    unstable = [item.name for item in given if findings(strategy_of(item.strategy), whole=True) != clean[item.name]]
    return Outcome(
        documents=len(given), products=len({item.product for item in given}), languages=sorted({item.language for item in given}), by_host=len(hosts),
        kinds=kinds, alarms=alarms, repeated=len(given), unstable=unstable, edits=edits, flips=flips,
    )  # fmt: skip


def _chosen(fault: Fault, hosts: list[Specimen], rest: list[Specimen], each: int, chance: Random) -> Iterator[tuple[Specimen, Json]]:
    """Documents that can carry the fault, with the fault in them: the examples, then others by chance, at most `each`."""
    count = 0
    for item in [*hosts, *chance.sample(rest, len(rest))]:
        if count == each:
            return
        if (planted := fault.plant(item.strategy, chance)) is not None:
            count += 1
            yield item, planted


def _tried(fault: Fault, given: Iterator[tuple[Specimen, Json]], clean: dict[str, set[Finding]], chance: Random) -> Kind:
    kind = Kind(fault.name, fault.criterion, fault.section)
    for item, planted in given:
        new = findings(strategy_of(planted), whole=fault.criterion in DOCUMENT) - clean[item.name]
        kind.tried += 1
        kind.found += bool(new)
        kind.right_section += (fault.criterion, fault.section) in new
        if fault.criterion in {criterion for criterion, _ in new}:
            kind.right_criterion += 1
        else:
            kind.missed.append(f"{item.name} (found: {', '.join(sorted(criterion for criterion, _ in new)) or 'nothing'})")
    return kind


def _edits(sample: Sequence[Specimen], chance: Random) -> tuple[dict[str, int], list[str]]:
    """How many documents each harmless edit was tried on, and the verdicts of checks that changed."""
    tried, flips = Counter[str](), []
    for item in sample:
        before = _verdicts(item.strategy)
        for name, edit in HARMLESS.items():
            after = _verdicts(edited(item.strategy, edit, chance))
            tried[name] += 1
            flips += [f"{name}, {item.name}: {c} {before.get(c)} → {after.get(c)}" for c in before if before[c] != after.get(c)]
            flips += [f"{name}, {item.name}: {c} new" for c in after.keys() - before.keys()]
    return dict(tried), flips


def _verdicts(given: Json) -> dict[str, str]:
    """Outcome of every criterion that code decides, the plan-level ones that are open among them."""
    marks = score(strategy_of(given))
    own = {mark.criterion.id: mark.outcome for mark in marks.marks if mark.criterion.kind == "check" or mark.criterion.id in DOCUMENT}
    return {**own, **{verdict.criterion: verdict.outcome for verdict in marks.plan}}


def table(outcome: Outcome) -> str:
    """The figures as markdown."""
    rows = ["| fault | criterion | documents | found | right criterion | right section |", "|---|---|---|---|---|---|"]
    for kind in outcome.kinds:
        shares = [f"{part / kind.tried:.2f}" if kind.tried else "-" for part in (kind.found, kind.right_criterion, kind.right_section)]
        where = f"{kind.criterion} {kind.section}".strip()
        rows.append(f"| {kind.name} | {where} | {kind.tried} | {' | '.join(shares)} |")
    tried = sum(kind.tried for kind in outcome.kinds)
    right = [sum(getattr(kind, name) for kind in outcome.kinds) / max(tried, 1) for name in ("right_criterion", "right_section")]
    rows.append(f"| **all {len(outcome.kinds)} kinds** | | {tried} | {outcome.recall:.3f} | {right[0]:.3f} | {right[1]:.3f} |")
    edits = ", ".join(f"{name} on {count}" for name, count in outcome.edits.items())
    lines = [
        *rows, "",
        f"Documents: {outcome.documents} of {outcome.products} products in {', '.join(outcome.languages)}, {outcome.by_host} host-written.",
        f"False alarms on documents without a fault: {len(outcome.alarms)}.",
        f"Other verdicts when the same document is checked again: {len(outcome.unstable)} of {outcome.repeated}.",
        f"Verdicts changed by harmless edits: {len(outcome.flips)} ({edits}).",
    ]  # fmt: skip
    lines += [f"- missed: {kind.criterion} {kind.name}: {name}" for kind in outcome.kinds for name in kind.missed[:5]]
    lines += [f"- not tried, no document carries it: {kind.name}" for kind in outcome.kinds if not kind.tried]
    lines += [f"- {what}: {line}" for what, found in (("alarm", outcome.alarms), ("changed", outcome.flips)) for line in found[:40]]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=DOCUMENTS, help="how many documents without a fault")
    parser.add_argument("--each", type=int, default=EACH, help="on how many of them each kind of fault is tried")
    parser.add_argument("--examples", type=Path, default=EXAMPLES)
    parser.add_argument("--json", type=Path, help="file for all counts")
    options = parser.parse_args(arguments)
    outcome = measured(documents(options.documents, options.examples), options.each)
    if options.json:
        options.json.write_text(json.dumps(asdict(outcome), indent=1, ensure_ascii=False), "utf-8")
    sys.stdout.write(table(outcome))
    return 0 if outcome.sound else 1


if __name__ == "__main__":
    sys.exit(main())
