"""Does revision do harm? A fault is planted in a section's draft, and the pipeline's own review and revise steps run on it.

python -m ai_data_strategy.evals.revisions [--pairs N] [--documents N]

The writer follows a script: it drafts the spoilt section and answers each revision in one way.

    right               the field as it was before the fault
    wrong               the spoilt field once more
    breaks a check      mends the fault, and adds a figure that breaks another check
    harms what is read  mends the fault, and writes a sentence that the reviewer then finds in every judge criterion

Beside it stands what would come of the same patches if each were taken: no refusal, and the last version instead of the best.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any, Literal, cast

from pydantic import ValidationError

from ai_data_strategy.agents import BY_KEY, reviewer
from ai_data_strategy.agents.section import Draft, Section
from ai_data_strategy.domain import Critique, Model
from ai_data_strategy.evals.faults import Fault, Json, figure
from ai_data_strategy.evals.planted import FAULTS
from ai_data_strategy.evals.specimens import Specimen, documents
from ai_data_strategy.models import M, Reply, Request, Spent
from ai_data_strategy.plan import Plan
from ai_data_strategy.section_graph import WEIGHTS, section_graph
from ai_data_strategy.state import Context, SectionState

Script = Literal["right", "wrong", "breaks a check", "harms what is read"]
SCRIPTS: tuple[Script, ...] = ("right", "wrong", "breaks a check", "harms what is read")
ROUNDS = 2
MARKER = "Everything here holds for every product alike."
"""A sentence that fits any product: where it is shown, the scripted reviewer finds no judge criterion met."""
STRUCTURE = ("HO1", "HO2", "HO3", "XC4", "XC5")
"""Criteria that are checked in every section."""
PAIRS, DOCUMENTS = 60, 60


@dataclass(frozen=True)
class Task:
    """One section with one fault: the draft as it was, the draft with the fault, and the state that its graph starts from."""

    fault: Fault
    section: Section
    good: Draft
    spoilt: Draft
    state: Json

    def critique(self, draft: Draft) -> Critique:
        """All verdicts on a draft: checks by code, judge criteria by the scripted reviewer."""
        plan = Plan.of(cast(SectionState, self.state))
        sheet = plan.sheet({self.section.key: draft})
        shown = reviewer.whole_section(self.section, draft, plan.view(sheet))
        said = reviewer.judged(_review(self.section, shown), self.section, shown)
        return Critique(verdicts=[*reviewer.checked(self.section, draft, sheet).verdicts, *said])

    def score(self, draft: Draft) -> float:
        """Weight of the section's criteria that is not lost, from 0 to 1."""
        whole = sum(criterion.weight for criterion in WEIGHTS.values() if criterion.section == self.section.key)
        return max(0.0, 1.0 + reviewer.worth(self.critique(draft), WEIGHTS)[1] / whole)


def _review(section: Section, shown: str) -> reviewer.Review:
    """The scripted reviewer: every judge criterion is met, unless the marker is shown."""
    spoilt = MARKER in shown
    quote = MARKER if spoilt else next(line for line in shown.splitlines() if len(line) > reviewer.SHORTEST_QUOTE)[:300]
    outcome: Literal["met", "not_met"] = "not_met" if spoilt else "met"
    judgements = [
        reviewer.Judgement(criterion=c.id, outcome=outcome, quote=quote, why="as scripted", field="prose", mend="")
        for c in section.criteria("judge")
    ]
    objection = reviewer.Objection(field="prose", quote=MARKER, why="it fits any product", mend="")
    return reviewer.Review(judgements=judgements, objections=[objection] if spoilt else [])


class Scripted:
    """A writer that drafts the spoilt section, reviews it by the marker, and patches as its script says."""

    name = "scripted"

    def __init__(self, task: Task, script: Script) -> None:
        self._task, self._script = task, script

    async def write(self, request: Request[M]) -> Reply[M]:
        step = request.id.split(".")[1]
        value: Model
        if step == "draft":
            value = self._task.spoilt
        elif step == "review":
            value = _review(self._task.section, request.suffix.partition("<section>\n")[2])
        else:
            value = patch(self._task, self._script, request.schema)
        return Reply(cast(M, value), self.name, Spent(self.name))


def patch(task: Task, script: Script, schema: type[Model]) -> Model:
    """What the script answers to a revision of the fields of `schema`. Raises ValidationError if it does not fit them."""
    good, spoilt = (draft.model_dump(mode="json") for draft in (task.good, task.spoilt))
    names = [name for name in schema.model_fields if name != "quantities"]
    if script == "wrong":
        return schema.model_validate({name: spoilt[name] for name in names})
    before = {quantity["key"]: quantity for quantity in good["quantities"]}
    changed = [before.get(q["key"], _signed(q, task)) for q in spoilt["quantities"] if q != before.get(q["key"])]
    fields = {name: good[name] for name in names}
    if script == "breaks a check":
        basis, source = ("proposed", "nobody") if task.fault.criterion == "HO3" else ("assumed", "a guess")
        changed.append(figure(f"{task.section.key}_guess", 7, "percent", source, basis))
    if script == "harms what is read":
        fields = _marked(fields, task)
    return schema.model_validate({**fields, "quantities": changed})


def _signed(quantity: Json, task: Task) -> Json:
    """A planted figure that was nowhere before, with a basis that holds."""
    return figure(quantity["key"], 1, quantity["unit"], task.state["blueprint"]["roles"][0]["id"])


def _marked(fields: Json, task: Task) -> Json:
    """The fields with the marker in the place of one text that the reviewer is shown; as they are if none of them is."""
    plan = Plan.of(cast(SectionState, task.state))
    for path in _texts(fields):
        changed: Json = _with(fields, path, MARKER)
        try:
            draft = type(task.good).model_validate({**task.good.model_dump(mode="json"), **changed})
        except ValidationError:
            continue
        if MARKER in reviewer.whole_section(task.section, draft, plan.view(plan.sheet({task.section.key: draft}))):
            return changed
    return fields


def _texts(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all texts of more than three words."""
    if isinstance(value, str):
        return [path] if len(value.split()) > 3 else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in items for found in _texts(inner, (*path, key))]


def _with(value: Any, path: tuple[Any, ...], text: str) -> Any:
    if not path:
        return text
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = _with(value[path[0]], path[1:], text)
    return copied


@dataclass
class Run:
    """One revised section. Scores by round, the draft before any patch first."""

    script: Script
    fixed: bool
    met: int
    lost: list[str]
    kept: list[float]
    careless_fixed: bool
    careless_lost: list[str]
    careless: list[float]
    refused: int = 0


@cache
def _graph(key: str) -> Any:
    return section_graph(BY_KEY[key])


async def revised(task: Task, script: Script) -> Run:
    """Run the pipeline's own steps on a task, and the same patches without its safeguards."""
    refused: list[str] = []
    context = Context(
        Scripted(task, script), revisions=ROUNDS, on_event=lambda kind, text: refused.append(text) if kind == "refused" else None
    )
    kept: list[Draft] = []
    async for update in _graph(task.section.key).astream(task.state, context=context, stream_mode="updates"):
        if reviewed := update.get("review"):
            kept.append(type(task.good).model_validate(reviewed["sections"][task.section.key]["draft"]))
    loose = _careless(task, script)
    met = _met(task.critique(task.spoilt))
    ends = {name: {v.criterion for v in task.critique(drafts[-1]).open} for name, drafts in (("kept", kept), ("loose", loose))}
    return Run(
        script, fixed=task.fault.criterion not in ends["kept"], met=len(met), lost=sorted(met & ends["kept"]), kept=_scores(task, kept),
        careless_fixed=task.fault.criterion not in ends["loose"], careless_lost=sorted(met & ends["loose"]), careless=_scores(task, loose), refused=len(refused),
    )  # fmt: skip


def _met(critique: Critique) -> set[str]:
    """The criteria that are met; those of the structure are listed only where they are not."""
    return {v.criterion for v in critique.verdicts if v.outcome == "met"} | set(STRUCTURE) - {v.criterion for v in critique.open}


def _careless(task: Task, script: Script) -> list[Draft]:
    """The drafts that come of the same patches if each is taken and the last one stays."""
    drafts = [task.spoilt]
    for _ in range(ROUNDS):
        found = task.critique(drafts[-1])
        if not found.open:
            break
        answer = patch(task, script, reviewer.patch_type(type(task.good), reviewer.at_fault(found)))
        drafts.append(reviewer.patched(drafts[-1], answer))
    return drafts


def _scores(task: Task, drafts: Sequence[Draft]) -> list[float]:
    found = [task.score(draft) for draft in drafts]
    return found + [found[-1]] * (ROUNDS + 1 - len(found))


def tasks(given: Sequence[Specimen], pairs: int, chance: Random) -> list[Task]:
    """So many different sections with a fault that the section's own review finds, by chance over documents and kinds."""
    found: list[Task] = []
    faults = [fault for fault in FAULTS if fault.section in BY_KEY]
    planned = [item for item in given if item.planned]
    while faults and len(found) < pairs:
        for fault in chance.sample(faults, len(faults)):
            if len(found) < pairs and (task := _task(fault, chance.choice(planned), chance)):
                found.append(task)
    return found


def _task(fault: Fault, item: Specimen, chance: Random) -> Task | None:
    """The task of a fault in a document; None if the fault lies elsewhere, too, or its review would not find it alone."""
    planted = fault.plant(item.strategy, chance)
    if planted is None or fault.section not in planted["sections"]:
        return None
    own, before = planted["sections"][fault.section], item.strategy["sections"][fault.section]
    if {**planted, "sections": {**planted["sections"], fault.section: before}} != item.strategy:
        return None
    section = BY_KEY[fault.section]
    names = ("brief", "memo", "blueprint", "profile", "clarification")
    state = {name: planted[name] for name in names} | {
        "today": planted["created"],
        "answers": {a["question"]: a for a in planted["answers"]},
    }
    task = Task(fault, section, section.draft.model_validate(before), section.draft.model_validate(own), state)
    return task if fault.criterion in {v.criterion for v in task.critique(task.spoilt).open} and not task.critique(task.good).open else None


@dataclass
class Table:
    """The figures by script."""

    runs: list[Run] = field(default_factory=list)

    def row(self, name: str, runs: Sequence[Run]) -> str:
        """One line: the pipeline, then in brackets the same patches without its safeguards."""
        met = sum(run.met for run in runs)
        shares = [
            f"{sum(run.fixed for run in runs) / len(runs):.2f} ({sum(run.careless_fixed for run in runs) / len(runs):.2f})",
            f"{sum(len(run.lost) for run in runs) / met:.2%} ({sum(len(run.careless_lost) for run in runs) / met:.2%})",
            *(f"{_mean(runs, 'kept', i):.3f} ({_mean(runs, 'careless', i):.3f})" for i in range(ROUNDS + 1)),
        ]
        return f"| {name} | {len(runs)} | {sum(run.refused for run in runs)} | {' | '.join(shares)} |"

    def text(self) -> str:
        """The figures as a markdown table; in brackets what would come of the same patches without refusal and keeping the best."""
        rounds = " | ".join(["score as drafted", *(f"after round {i}" for i in range(1, ROUNDS + 1))])
        rows = [
            f"| patch | revised sections | patches refused | findings fixed | met criteria lost | {rounds} |",
            "|---" * (6 + ROUNDS) + "|",
        ]
        rows += [self.row(script, own) for script in SCRIPTS if (own := [run for run in self.runs if run.script == script])]
        return "\n".join([*rows, self.row("all", self.runs)]) + "\n\nIn brackets: every patch taken, the last version kept.\n"

    @property
    def share_lost(self) -> float:
        """Share of criteria that were met before and are not after, over all runs."""
        return sum(len(run.lost) for run in self.runs) / max(1, sum(run.met for run in self.runs))


def _mean(runs: Sequence[Run], name: str, index: int) -> float:
    return float(sum(getattr(run, name)[index] for run in runs)) / len(runs)


async def measured(given: Sequence[Specimen], pairs: int, seed: int = 1) -> Table:
    """Every task with every script."""
    chosen = tasks(given, pairs, Random(seed))
    return Table([await revised(task, script) for task in chosen for script in SCRIPTS])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=PAIRS, help="sections with a fault; each is revised by every script")
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--json", action="store_true", help="all runs as JSON in place of the table")
    options = parser.parse_args(arguments)
    found = asyncio.run(measured(documents(options.documents), options.pairs))
    sys.stdout.write(json.dumps([vars(run) for run in found.runs]) if options.json else found.text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
