"""Checks over the whole strategy: silent on a sound plan, and each finds the one fault that is planted in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ai_data_strategy.agents import consistency
from ai_data_strategy.agents.fit import FITS
from ai_data_strategy.agents.strategy import Strategy, load, sheet_of
from ai_data_strategy.blueprint import Blueprint
from ai_data_strategy.graph import RECURSION_LIMIT, build
from ai_data_strategy.models import PlaybookWriter
from ai_data_strategy.state import Context

BRIEF = (
    "PayLoop is a payments app in the UK. Real payments are 21,000 a day, kept 6 years. 0.11% of payments are fraud. A fraud model blocks bad payments "
    "within 80 ms. Analysts decide in the table case_outcome 45 to 60 days after the payment; blocked payments never get a label. Budget: £400,000."
)
Json = dict[str, Any]


@pytest.fixture(scope="module")
def sound() -> Json:
    """A whole strategy in which no check finds anything, as JSON."""
    import asyncio

    async def written() -> Json:
        config: Any = {"recursion_limit": RECURSION_LIMIT}
        state = (
            await build().compile().ainvoke({"arguments": BRIEF, "today": "2026-11-21"}, config, context=Context(writer=PlaybookWriter()))
        )
        return dict(state["strategy"])

    return asyncio.run(written())


def found(strategy: Strategy) -> dict[str, set[str]]:
    verdicts = consistency.verdicts(sheet_of(strategy), strategy.clarification)
    return {v.criterion: {w.section for w in verdicts if w.criterion == v.criterion} for v in verdicts if v.outcome == "not_met"}


def test_a_sound_plan_has_no_finding(sound: Json) -> None:
    assert found(load(json.dumps(sound))) == {}


def shared(key: str, value: float | None, **more: Any) -> Callable[[Json], None]:
    def plant(s: Json) -> None:
        figure = s["blueprint"]["shared"][key]
        owner = s["blueprint"]["roles"][0]["id"]
        figure.update(
            {"value": value, "low": None, "high": None, "basis": "proposed", "source": owner, "expression": None, "check": None, **more}
        )

    return plant


def put(path: str, value: Any) -> Callable[[Json], None]:
    """Set one value by a dotted path; numbers are list positions."""

    def plant(s: Json) -> None:
        *way, last = path.split(".")
        place: Any = s
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        if isinstance(place, list):
            place[int(last)] = value
        else:
            place[last] = value

    return plant


def quantity(home: str, key: str, **change: Any) -> Callable[[Json], None]:
    """Change a quantity of a section, or of the blueprint, where it stands."""

    def plant(s: Json) -> None:
        own = s["blueprint"]["quantities"] if home == "blueprint" else s["sections"][home]["quantities"]
        next(q for q in own if q["key"] == key).update(change)

    return plant


def add(home: str, key: str, value: float, unit: str) -> Callable[[Json], None]:
    def plant(s: Json) -> None:
        owner = s["blueprint"]["roles"][0]["id"]
        s["sections"][home]["quantities"].append(
            {
                "key": key,
                "meaning": "planted",
                "value": value,
                "low": None,
                "high": None,
                "unit": unit,
                "basis": "proposed",
                "source": owner,
                "expression": None,
                "check": None,
            }
        )

    return plant


def both(*plants: Callable[[Json], None]) -> Callable[[Json], None]:
    def plant(s: Json) -> None:
        for one in plants:
            one(s)

    return plant


def away(s: Json) -> None:
    """The owner of the last action is away on its day."""
    action = s["sections"]["benchmark"]["actions"][0]
    role = next(r for r in s["blueprint"]["roles"] if r["id"] == action["owner"])
    role.update({"absent_from": action["due"], "absent_until": action["due"]})


def early(s: Json) -> None:
    """One action waits for another that is due later."""
    actions = s["sections"]["logs"]["actions"]
    actions[0]["after"] = [s["sections"]["rollout"]["actions"][-1]["id"]]
    s["sections"]["rollout"]["actions"][-1]["due"] = "2027-10-01"


def overloaded(s: Json) -> None:
    """More hours than the owner has."""
    action = s["sections"]["logs"]["actions"][0]
    add("logs", "logs_endless", 5000, "hour")(s)
    action["cost"] = "logs_endless"


def window_beyond_retention(s: Json) -> None:
    source = next(x for x in s["blueprint"]["sources"] if x["training"])
    s["blueprint"]["quantities"].append(
        {"key": "planted_retention", "meaning": "kept", "value": 30, "low": None, "high": None, "unit": "day", "basis": "proposed",
         "source": s["blueprint"]["roles"][0]["id"], "expression": None, "check": None}
    )  # fmt: skip
    source["retention"] = "planted_retention"


def no_sample(s: Json) -> None:
    for bias in s["sections"]["flywheel"]["biases"]:
        bias["share"] = None
    s["sections"]["retraining"]["traffic"]["if_short"] = "offline_test"


FAULTS: list[tuple[str, str, Callable[[Json], None]]] = [
    ("PF1", "logs", overloaded),
    ("PF2", "feedback", shared("feedback_lag_limit", 20)),
    ("PF2", "governance", shared("erasure_limit", 3)),
    ("PF5", "rollout", shared("shadow_time", 400)),
    ("PF5", "rollout", shared("ramp_time", 300)),
    ("PF6", "governance", shared("backup_retention", 90)),
    ("PF6", "logs", shared("log_retention", 10)),
    ("PF7", "failures", put("sections.failures.replay.trained_on", True)),
    ("PF7", "benchmark", put("sections.benchmark.never_trained.kept_out_of", [])),
    ("PF8", "rollout", shared("budget", 100)),
    ("PF9", "logs", early),
    ("PF10", "benchmark", away),
    ("PF13", "flywheel", no_sample),
    ("XC3", "labelling", put("sections.labelling.guides.0.label", "nosuch")),
    ("XC4", "failures", put("sections.failures.replay.owner", "nobody")),
    ("XC5", "rollout", put("sections.rollout.kpis.0.by", "2020-01-01")),
    ("XC6", "retraining", window_beyond_retention),
    ("XC8", "failures", put("sections.failures.path.enters_benchmark", True)),
    ("XC8", "labelling", put("sections.labelling.human.evaluation", False)),
    ("XC9", "governance", put("sections.governance.lineage.person_key", None)),
    ("XC10", "benchmark", put("sections.benchmark.erased.tombstone", False)),
    ("XC11", "feedback", both(shared("retrain_cadence", 200), shared("feedback_lag_limit", 100))),
    ("XC15", "feedback", put("sections.feedback.signals.0.event", "nosuch_event")),
    ("XC16", "versioning", put("sections.versioning.record.guidelines_version", "v9.9")),
    ("XC1", "logs", both(add("logs", "planted_rows", 1, "rows"), add("quality", "planted_rows", 2, "rows"))),
    ("HO1", "quality", put("sections.quality.prose", "It works in 97 of 100 cases.")),
    ("HO1", "quality", put("sections.quality.prose", "It costs {nosuch_key} a year.")),
    ("US1", "logs", put("sections.logs.actions.0.cost", "nosuch_cost")),
]


@pytest.mark.parametrize(("criterion", "section", "plant"), FAULTS, ids=[f"{c}-{s}-{i}" for i, (c, s, _) in enumerate(FAULTS)])
def test_a_planted_fault_is_found_where_it_is(sound: Json, criterion: str, section: str, plant: Callable[[Json], None]) -> None:
    spoilt = json.loads(json.dumps(sound))
    plant(spoilt)
    faults = found(load(json.dumps(spoilt)))
    assert section in faults.get(criterion, set()), faults


def test_every_plan_check_has_a_title(helpdesk: Blueprint) -> None:
    assert all(check.__doc__ for check in FITS.values()) and helpdesk
