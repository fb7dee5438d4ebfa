"""From what the user pointed at to a profile: open, give roles, measure; one source's fault never stops the others."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from ai_data_strategy.domain import Answer, Evidence
from ai_data_strategy.evidence.manifest import Manifest
from ai_data_strategy.evidence.profile import Chart, Found, Problem, Profile, SourceProfile
from ai_data_strategy.typeset.catalogue import N_

Listener = Callable[[str, str], None]
_DECISION_MODULES = ("logs", "failures", "edge_cases", "benchmark", "flywheel", "retraining")
"""Modules with `measure_decisions`, in the order of their sections."""
_MOST_EVIDENCE = 1500
_MOST_BROUGHT = 160
_MOST_HEADLINES = 6
"""Headlines a section: what does not fit is brought as a detail."""
EXTRA = "ai-data-strategy[evidence]"


def profile(locations: Sequence[str], manifest: Manifest, folder: Path | None, today: date, on_event: Listener) -> Profile:
    """Everything that can be measured in these sources; `folder` is the manifest's. What cannot be measured is a problem of the profile."""
    from ai_data_strategy.evidence.opening import opened

    found: list[Found] = []
    with opened(locations, manifest, folder=folder) as sources:
        found += sources.problems
        measuring = Measuring(sources.tables, today, on_event)
        found += measuring.everything()
    return gathered(measuring.profiles, found, today)


def handed_over(
    locations: Sequence[str], manifest: Manifest, within: Path | None, known: Profile, folder: Path, cases: Sequence[Mapping[str, Any]]
) -> tuple[list[Path], list[Problem]]:
    """Data contracts, benchmark, replay set and edge-case register of these sources, written into a folder."""
    from ai_data_strategy.evidence.decisions import decisions
    from ai_data_strategy.evidence.handover import hand_over
    from ai_data_strategy.evidence.opening import opened
    from ai_data_strategy.evidence.roles import with_roles

    with opened(locations, manifest, folder=within) as sources:
        tables = [with_roles(table) for table in sources.tables]
        return hand_over(known, decisions(tables), folder, strategy_edge_cases=cases), sources.problems


class Measuring:
    """One pass over opened tables; `profiles` holds their inventories once `everything` has run."""

    def __init__(self, tables: Sequence[Any], today: date, on_event: Listener) -> None:
        from ai_data_strategy.evidence.roles import with_roles

        self.tables = [with_roles(table) for table in tables]
        self.profiles: list[SourceProfile] = []
        self._today, self._tell = today, on_event

    def everything(self) -> Iterator[Found]:
        """All measurements, source by source, then across sources, then on the joined decisions."""
        from ai_data_strategy.evidence import inventory, labelling, opening, quality, roles, templates
        from ai_data_strategy.evidence.decisions import decisions

        for place, table in enumerate(self.tables):
            self._tell("profile", f"{table.id}: {table.rows:,} rows")
            yield from roles.role_problems(table)
            source = inventory.profiled(table, fingerprint=opening.fingerprint(table))
            self.profiles.append(source)
            self.tables[place] = table = replace(table, columns=tuple(source.columns))  # later measurements know what is personal
            yield from self._guarded(table.id, partial(inventory.measure, table, source))
            yield from self._guarded(table.id, partial(quality.measure, table, source, self._today))
            yield from self._guarded(table.id, partial(labelling.measure, table))
            yield from self._guarded(table.id, partial(templates.measure, table))
        yield from self._guarded("all sources", partial(quality.measure_all, self.tables))
        joined = decisions(self.tables)
        if joined is None:
            return
        for name in _DECISION_MODULES:
            module = importlib.import_module(f"ai_data_strategy.evidence.{name}")
            self._tell("profile", f"measuring {name.replace('_', ' ')}")
            yield from self._guarded(
                joined.table.id, partial(module.measure_decisions, joined, *([self.tables] if name == "edge_cases" else []))
            )

    def _guarded(self, source: str, measure: Callable[[], Iterable[Found]]) -> list[Found]:
        """What one measurement finds; if it cannot be made, a problem that says why."""
        import duckdb

        found: list[Found] = []
        try:
            for item in measure():
                found.append(item)
        except ModuleNotFoundError as error:
            what = N_("Not measured, because %(module)s is not installed")
            found.append(
                Problem(source=source, what=what, todo=N_("pip install '%(extra)s'"), places={"module": str(error.name), "extra": EXTRA})
            )
        except (duckdb.Error, ValueError, ArithmeticError, MemoryError) as error:
            what = N_("One measurement could not be made: %(reason)s")
            found.append(Problem(source=source, what=what, places={"reason": f"{type(error).__name__}: {_first_line(error)}"}))
        return found


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [""])[0][:200]


def gathered(sources: list[SourceProfile], found: Iterable[Found], today: date) -> Profile:
    """A profile of everything found: each id once, at most six headlines a section, those of all sources in turn."""
    evidence: dict[str, Evidence] = {}
    charts: dict[str, Chart] = {}
    problems: list[Problem] = []
    for item in found:
        if isinstance(item, Problem):
            problems.append(item)
        elif isinstance(item, Chart):
            charts.setdefault(item.id, item)
        else:
            evidence.setdefault(item.id, item)
    headlines = _headlines(evidence.values())
    kept = sorted(evidence.values(), key=lambda item: item.weight)[:_MOST_EVIDENCE]
    known = {item.id for item in kept}
    ordered = [item for item in evidence.values() if item.id in known]
    return Profile(
        created=today.isoformat(), sources=sources, charts=list(charts.values()), problems=problems,
        evidence=[item.model_copy(update={"weight": 2}) if item.weight == 1 and item.id not in headlines else item for item in ordered],
    )  # fmt: skip


def _headlines(evidence: Iterable[Evidence]) -> set[str]:
    """Ids of the headlines that fit: of each section the first of every source, then the second of every source, and so on."""
    turns: dict[str, list[tuple[int, int, str]]] = {}
    of_source: dict[tuple[str, str], int] = {}
    for place, item in enumerate(evidence):
        if item.weight == 1:
            turn = of_source[item.topic, item.source] = of_source.get((item.topic, item.source), 0) + 1
            turns.setdefault(item.topic, []).append((turn, place, item.id))
    return {id_ for found in turns.values() for _, _, id_ in sorted(found)[:_MOST_HEADLINES]}


def brought(whole: Profile) -> Profile:
    """What the writers are told: sources, headlines and details without the long tail, no charts."""
    counted = {f"{source.id}_{name}" for source in whole.sources for name in ("rows", "update_period")}
    telling = sorted((item for item in whole.evidence if item.weight < 3), key=lambda item: (item.id not in counted, item.weight))[
        :_MOST_BROUGHT
    ]
    return whole.model_copy(update={"evidence": telling, "charts": [], "problems": whole.problems[:20]})


def told(whole: Profile) -> list[Answer]:
    """What the manifest says of each source, as answers of the user: it is stated, and can be quoted."""
    found = []
    for source in whole.sources:
        says = {
            "owner": source.owner, "access": source.access, "agreement": source.agreement, "purpose at collection": source.purpose,
            "consent": source.consent, "kept for": f"{source.retention_days:g} days" if source.retention_days is not None else "",
        }  # fmt: skip
        text = "; ".join(f"{name}: {value}" for name, value in says.items() if value)
        if text:
            asked = f"What is known of the source {source.id}?"
            found.append(Answer(question=f"source_{source.id}"[:60], asked=asked, text=f"{source.id}: {text}."))
    return found
