"""Planted faults for the judge criteria: the reviewer's own requests about spoilt and clean sections, and the score of the replies.

python -m ai_data_strategy.evals.judged --out /tmp/judged [--key /tmp/judged_key/key.json] [--seed N]
python -m ai_data_strategy.evals.judged --score REPLIES_DIR [REPLIES_DIR ...] --key /tmp/judged_key/key.json

The first writes `requests/g1_01.json` ... into the folder: messages and schema, as the pipeline sends them. The key is kept apart.
No group holds a section twice, so a reader who takes one group never sees a section's other version. A reply to a request is a
file of the same name in a folder, one folder a set of readers.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, Literal

from ai_data_strategy.agents import BY_KEY, SECTIONS, reviewer
from ai_data_strategy.agents.section import Criterion, Section
from ai_data_strategy.agents.strategy import Strategy, load
from ai_data_strategy.errors import InputError
from ai_data_strategy.evals.faults import Fault, Json
from ai_data_strategy.evals.faults_judge import JUDGED, OBJECTION
from ai_data_strategy.models import Request
from ai_data_strategy.plan import Facts, Plan
from ai_data_strategy.writers.host_writer import host_request
from ai_data_strategy.writers.replies import validate_reply

EXAMPLES = Path("examples")
DOCUMENTS = ("helpdesk", "payments")
CLEAN = (
    ("helpdesk", "labelling"), ("helpdesk", "feedback"), ("helpdesk", "retraining"), ("helpdesk", "edge_cases"),
    ("payments", "inventory"), ("payments", "flywheel"), ("payments", "benchmark"), ("payments", "logs"),
)  # fmt: skip
"""Sections without a fault: no fault is planted in them in the same document."""
CLEAN_REPEATS, SPOILT_REPEATS = 6, 4
GROUPS = 6


class Turned(Section):
    """A section whose criteria are put to the reviewer in the opposite order."""

    def criteria(self, kind: Literal["check", "judge"]) -> list[Criterion]:
        return super().criteria(kind)[::-1]


@dataclass
class Case:
    """One request: a section of a document, with or without a fault, first or asked again with everything turned."""

    document: str
    section: str
    fault: str = ""
    criterion: str = ""
    fields: list[str] = field(default_factory=list)
    changed: str = ""
    shown: str = ""
    again: bool = False
    request: Json = field(default_factory=dict)
    id: str = ""

    @property
    def place(self) -> tuple[str, str]:
        return self.document, self.section


def cases(chance: Random, folder: Path = EXAMPLES) -> list[Case]:
    """All cases, numbered by group; a fault that the section's reviewer is not shown is left out.

    Raises InputError where a fault fits no document or a check would already tell it.
    """
    documents = {name: dict(json.loads((folder / name / "strategy.json").read_text("utf-8"))) for name in DOCUMENTS}
    spoilt = [pair for fault in JUDGED if (pair := _spoilt(fault, documents, chance))[0].changed]
    clean = [Case(name, section) for name, section in CLEAN]
    found: list[tuple[Case, Json]] = [*spoilt, *((case, documents[case.document]) for case in clean)]
    repeated = chance.sample(found[len(spoilt) :], CLEAN_REPEATS) + chance.sample(spoilt, SPOILT_REPEATS)
    found += [(Case(c.document, c.section, c.fault, c.criterion, c.fields, c.changed, again=True), given) for c, given in repeated]
    for case, given in found:
        _ask(case, given)
    return _grouped([case for case, _ in found], chance)


def _spoilt(fault: Fault, documents: dict[str, Json], chance: Random) -> tuple[Case, Json]:
    """The case of a fault and its document; `changed` is empty where the reviewer is not shown what was changed."""
    for name, given in documents.items():
        if (planted := fault.plant(given, chance)) is not None:
            own, before = planted["sections"][fault.section], given["sections"][fault.section]
            case = Case(name, fault.section, fault.name, fault.criterion, [key for key in own if own[key] != before[key]])
            clean = set(_shown(load(json.dumps(given)), BY_KEY[fault.section])[0].splitlines())
            case.changed = "\n".join(
                line for line in _shown(load(json.dumps(planted)), BY_KEY[fault.section])[0].splitlines() if line not in clean
            )
            return case, planted
    raise InputError(f"no document carries the fault {fault.name!r}: the example it was written for has changed")


def _plan(strategy: Strategy) -> Plan:
    s = strategy
    return Plan(Facts(s.created, s.brief, s.answers, s.profile, s.clarification, s.memo, s.blueprint), {})


def _shown(strategy: Strategy, section: Section) -> tuple[str, str]:
    """The section as its reviewer sees it, and the instructions that show it: what the review step of the section graph sends."""
    plan, draft = _plan(strategy), strategy.sections[section.key]
    sheet = plan.sheet({section.key: draft})
    shown = reviewer.whole_section(section, draft, plan.view(sheet))
    critique = reviewer.checked(section, draft, sheet)
    if critique.open:
        raise InputError(f"{section.key}: a check already finds {', '.join(v.criterion for v in critique.open)}")
    return shown, reviewer.instructions(section, draft, shown, critique)


def _ask(case: Case, given: Json) -> None:
    if case.again:
        given = _turned(given, case.section)
    strategy, section = load(json.dumps(given)), BY_KEY[case.section]
    case.shown, suffix = _shown(strategy, Turned(**vars(section)) if case.again else section)
    request = Request(
        id="review", role="reviewer", section=case.section, prefix=_plan(strategy).prefix, suffix=suffix, schema=reviewer.Review,
        playbook=lambda: reviewer.Review(judgements=[], objections=[]),
    )  # fmt: skip
    case.request = dict(host_request(request))


def _turned(given: Json, section: str) -> Json:
    """The document with the lists of a section in the opposite order where order says nothing."""
    own = given["sections"][section]
    own = {
        **own,
        **{name: own[name][::-1] for name in ("rejected", "risks", "actions", "levers", "biases", "anomalies", "silos") if name in own},
    }
    return {**given, "sections": {**given["sections"], section: own}}


def _grouped(all_cases: list[Case], chance: Random) -> list[Case]:
    """The cases in groups of like size, none with a section twice; ids are given here."""
    groups: list[list[Case]] = [[] for _ in range(GROUPS)]
    chance.shuffle(all_cases)
    crowded = sorted(all_cases, key=lambda case: -sum(case.place == other.place for other in all_cases))
    for case in crowded:
        free = [group for group in groups if all(case.place != other.place for other in group)]
        min(free, key=len).append(case)
    for number, group in enumerate(groups, 1):
        chance.shuffle(group)
        for index, case in enumerate(group, 1):
            case.id = f"g{number}_{index:02}"
    return [case for group in groups for case in group]


def write(out: Path, key: Path, seed: int) -> list[Case]:
    """Write the requests and, apart from them, the key."""
    found = cases(Random(seed))
    requests = out / "requests"
    requests.mkdir(parents=True, exist_ok=True)
    key.parent.mkdir(parents=True, exist_ok=True)
    for case in found:
        shown = {"id": case.id, "messages": case.request["messages"], "schema": case.request["schema"]}
        (requests / f"{case.id}.json").write_text(json.dumps(shown, indent=1, ensure_ascii=False), "utf-8")
    kept = [{name: value for name, value in vars(case).items() if name != "request"} for case in found]
    key.write_text(json.dumps({"seed": seed, "cases": kept}, indent=1, ensure_ascii=False), "utf-8")
    return found


@dataclass
class Tally:
    """What the readers of one folder said. Counts; `answered` are replies that fit the schema."""

    answered: int = 0
    spoilt: int = 0
    found: int = 0
    right: int = 0
    missed: list[str] = field(default_factory=list)
    clean: int = 0
    alarms: int = 0
    objections: int = 0
    elsewhere: int = 0
    verdicts: int = 0
    dropped: int = 0
    compared: int = 0
    flips: int = 0
    unusable: list[str] = field(default_factory=list)

    def a_document(self, count: int, sections: int) -> float:
        """A count over some sections, scaled to all sections of a document."""
        return count / sections * len(SECTIONS) if sections else 0.0


def tally(replies: Path, key: Path) -> Tally:
    """Score one folder of replies. A missing reply is left out; one that does not fit the schema is named."""
    kept = [Case(**item) for item in json.loads(key.read_text("utf-8"))["cases"]]
    result, outcomes = Tally(), dict[tuple[str, str, str], list[dict[str, str]]]()
    for case in kept:
        path = replies / f"{case.id}.json"
        if not path.exists():
            continue
        review = _review(path, result)
        if review is not None:
            outcomes.setdefault((*case.place, case.fault), []).append(_count(case, review, result))
    for group in outcomes.values():
        for first, again in pairwise(group):
            both = first.keys() & again.keys()
            result.compared += len(both)
            result.flips += sum(first[criterion] != again[criterion] for criterion in both)
    return result


def _review(path: Path, result: Tally) -> reviewer.Review | None:
    try:
        given: Any = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        result.unusable.append(f"{path.stem}: {error}")
        return None
    review = validate_reply(reviewer.Review, given)
    if isinstance(review, list):
        result.unusable.append(f"{path.stem}: {'; '.join(review[:2])}")
        return None
    result.answered += 1
    return review


def _count(case: Case, review: reviewer.Review, result: Tally) -> dict[str, str]:
    section = BY_KEY[case.section]
    verdicts = reviewer.judged(review, section, case.shown)
    said = [j for j in review.judgements if j.outcome in ("met", "not_met")]
    result.verdicts += len(said) + len(review.objections)
    quotes = [*(item.quote for item in said), *(item.quote for item in review.objections)]
    result.dropped += sum(not reviewer.quoted(quote, case.shown) for quote in quotes)
    against = [v for v in verdicts if v.outcome == "not_met"]
    at_it = [v for v in against if v.criterion == case.criterion or v.field in case.fields or reviewer.quoted(v.quote, case.changed)]
    if case.fault:
        result.spoilt += 1
        result.found += bool(at_it)
        result.right += any(v.criterion == case.criterion for v in at_it)
        result.missed += [] if at_it else [f"{case.criterion} {case.fault} ({case.id})"]
        result.elsewhere += len(against) - len(at_it)
    else:
        result.clean += 1
        result.alarms += sum(v.criterion != OBJECTION for v in against)
        result.objections += sum(v.criterion == OBJECTION for v in against)
    return {v.criterion: v.outcome for v in verdicts if v.criterion != OBJECTION}


def table(tallies: dict[str, Tally]) -> str:
    """The figures as a markdown table, a row a folder of replies, with what was missed below."""
    head = "| replies | answered | faults | recall | right criterion | clean sections | false alarms a document: criteria, objections | elsewhere in spoilt sections | flips | dropped verdicts |"
    rows = [head, "|---" * 10 + "|"]
    for name, t in tallies.items():
        share = [
            f"{part / whole:.2f}" if whole else "-" for part, whole in ((t.found, t.spoilt), (t.right, t.spoilt), (t.flips, t.compared))
        ]
        alarms = f"{t.a_document(t.alarms, t.clean):.1f}, {t.a_document(t.objections, t.clean):.1f}"
        rows.append(
            f"| {name} | {t.answered} | {t.spoilt} | {share[0]} | {share[1]} | {t.clean} | {alarms} ({t.alarms}, {t.objections} in all) | {t.elsewhere} "
            f"| {share[2]} ({t.flips} of {t.compared}) | {t.dropped} of {t.verdicts} |"
        )
    missed = [f"- {name}: missed {item}" for name, t in tallies.items() for item in t.missed]
    unusable = [f"- {name}: unusable {item}" for name, t in tallies.items() for item in t.unusable]
    return "\n".join([*rows, "", *missed, *unusable]).rstrip() + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="folder for the requests")
    parser.add_argument("--key", type=Path, default=Path("/tmp/judged_key/key.json"), help="file of the key, kept apart from the requests")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--score", type=Path, nargs="+", help="folders of replies")
    options = parser.parse_args(arguments)
    if options.score:
        sys.stdout.write(table({folder.name: tally(folder, options.key) for folder in options.score}))
    elif options.out:
        found = write(options.out, options.key, options.seed)
        spoilt = [case for case in found if case.fault]
        kinds = len({case.criterion for case in spoilt})
        unseen = [f"{fault.criterion} {fault.name}" for fault in JUDGED if fault.name not in {case.fault for case in spoilt}]
        longest = max(sum(len(message["content"]) for message in case.request["messages"]) for case in found)
        sys.stdout.write(
            f"{len(found)} requests in {options.out / 'requests'}: {len(spoilt)} with a fault over {kinds} criteria, "
            f"{sum(case.again for case in found)} asked again; the longest has {longest:,} characters\n"
            f"not shown to the section's reviewer, so left out: {', '.join(unseen) or 'none'}\n"
        )
    else:
        parser.error("give --out or --score")
    return 0


if __name__ == "__main__":
    sys.exit(main())
