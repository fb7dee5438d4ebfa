"""Good documents to plant faults in: playbook strategies of the cases in several languages and of several days, and the examples."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from ai_data_strategy.calling import dump
from ai_data_strategy.evals.case import cases
from ai_data_strategy.evals.faults import Json
from ai_data_strategy.graph import RECURSION_LIMIT, build
from ai_data_strategy.models import PlaybookWriter
from ai_data_strategy.state import Context

LANGUAGES = ("en", "de", "fr", "es")
DAYS = tuple(
    date(2026, 11, 21).replace(year=year, month=month, day=day) for year, month, day in ((2026, 11, 21), (2027, 2, 28), (2027, 7, 5))
)
EXAMPLES = Path("examples")
MOST_FIGURES = 29
"""Figures of a section that leave room for a planted one: a document that holds as many as it may is none to plant in."""


@dataclass(frozen=True)
class Specimen:
    """A good document. `product` tells products apart, whatever the language and the day; `strategy` is its JSON."""

    name: str
    product: str
    language: str
    writer: str
    strategy: Json

    @property
    def planned(self) -> bool:
        """False for the verdict no AI: such a document has no section that could carry a fault."""
        return bool(self.strategy["blueprint"]) and bool(self.strategy["sections"])


def documents(most: int, examples: Path = EXAMPLES) -> list[Specimen]:
    """At most so many documents: the examples first, then the cases in every language on the first day, then on the next."""
    return list(islice(_all(examples), most))


def _all(examples: Path) -> Iterator[Specimen]:
    yield from _examples(examples)
    for day in DAYS:
        for language in LANGUAGES:
            for case in cases():
                yield _written(case.id, case.brief, language, day)


def _examples(folder: Path) -> Iterator[Specimen]:
    """The examples' own documents that have room for one more figure; where there is none yet, what the playbook makes of brief and measurements."""
    for place in sorted(path for path in folder.glob("*") if path.is_dir()):
        if (place / "strategy.json").exists():
            strategy = json.loads((place / "strategy.json").read_text("utf-8"))
            if all(len(section["quantities"]) < MOST_FIGURES for section in strategy["sections"].values()):
                yield Specimen(place.name, place.name, strategy["brief"]["language"], strategy["writer"], strategy)
        elif (place / "evidence.json").exists():
            yield _measured(place)


def _measured(place: Path) -> Specimen:
    seen = json.loads((place / "evidence.json").read_text("utf-8"))
    start = {"arguments": (place / "brief.md").read_text("utf-8"), "today": DAYS[0].isoformat(), "measurements": seen}
    strategy = asyncio.run(_run(start))
    return Specimen(place.name, place.name, strategy["brief"]["language"], "playbook", strategy)


@cache
def _written(product: str, brief: str, language: str, day: date) -> Specimen:
    strategy = asyncio.run(_run({"arguments": brief, "today": day.isoformat(), "language": language}))
    return Specimen(f"{product} {language} {day}", product, language, "playbook", strategy)


@cache
def _graph() -> Any:
    return build().compile(name="ai-data-strategy")


async def _run(start: Json) -> Json:
    """The strategy that the playbook writes, as JSON."""
    config: Any = {"recursion_limit": RECURSION_LIMIT}
    state = await _graph().ainvoke(start, config, context=Context(writer=PlaybookWriter()))
    strategy = state["strategy"]
    return dict(json.loads(json.dumps(strategy if isinstance(strategy, dict) else dump(strategy))))
