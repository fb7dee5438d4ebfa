"""The cases of the evals: diverse, hidden facts hidden, patterns that tell something, and a document by the playbook for each."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ai_data_strategy.agents.strategy import Strategy, load
from ai_data_strategy.document.markdown import render
from ai_data_strategy.document.readback import check
from ai_data_strategy.document.scoring import score
from ai_data_strategy.errors import InputError
from ai_data_strategy.evals.case import Case, cases
from ai_data_strategy.graph import RECURSION_LIMIT, build
from ai_data_strategy.models import PlaybookWriter
from ai_data_strategy.state import Context

CASES = {case.id: case for case in cases()}
NO_AI = {"bus_pass_rule": "not_needed", "grant_scores": "not_needed", "dating_orientation": "not_lawful"}
MOST_BY_CHANCE = 5
"""Documents of other cases in which a trap may seem handled: some share a topic; more means that the signs are too general."""


@cache
def graph() -> Any:
    return build().compile()


@cache
def written(name: str) -> Strategy:
    config: Any = {"recursion_limit": RECURSION_LIMIT}
    start = {"arguments": CASES[name].brief, "today": "2026-11-21"}
    state = asyncio.run(graph().ainvoke(start, config, context=Context(writer=PlaybookWriter())))
    return load(json.dumps(state["strategy"]))


@cache
def shown(name: str) -> str:
    return render(written(name))


def flat(text: str) -> str:
    return " ".join(text.split())


def test_the_cases_are_many_and_diverse() -> None:
    assert len(CASES) >= 24
    tags = [case.tags for case in CASES.values()]
    spoken = Counter(tag.language for tag in tags)
    assert spoken["en"] >= 12 and spoken["de"] >= 4 and spoken["fr"] >= 3 and spoken["es"] >= 3
    assert len({tag.task for tag in tags}) >= 12 and len({tag.law for tag in tags}) >= 12
    assert {"text", "tables", "images", "audio", "sensors", "mixed"} <= {tag.modality for tag in tags}
    assert all(found >= 3 for found in Counter(tag.quality for tag in tags).values())
    assert {tag.quality for tag in tags} == {"precise", "vague", "contradictory", "long"}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_facts_are_hidden_and_can_be_asked_for(case: Case) -> None:
    assert 8 <= len(case.facts) <= 14 and len(case.critical) >= 3
    assert not [fact.id for fact in case.facts if flat(fact.text).casefold() in flat(case.brief).casefold()]
    assert not [fact.id for fact in case.critical if len(fact.about) < 2]
    assert not [fact.id for fact in case.facts if fact.asked_by("Anything else that we should know?")]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_document_that_only_repeats_the_brief_handles_no_trap(case: Case) -> None:
    brief = flat(case.brief)
    assert 3 <= len(case.traps) <= 6
    assert not [trap.id for trap in case.traps if trap.signs and trap.handled_in(brief)]
    assert not [trap.id for trap in case.traps if trap.signs and trap.fallen_for(brief)]


def test_the_document_speaks_the_language_of_the_brief() -> None:
    wrong = {name: written(name).brief.language for name in CASES}
    assert wrong == {name: CASES[name].tags.language for name in wrong}


@pytest.mark.parametrize("name", CASES)
def test_every_check_holds(name: str) -> None:
    strategy = written(name)
    marks = score(strategy)
    assert not [(m.criterion.id, m.why) for m in marks.open if m.criterion.kind == "check"]
    assert not [(v.criterion, v.section, v.why) for v in marks.plan]
    if strategy.clarification.no_ai is None:
        assert check(shown(name), strategy) == []


@pytest.mark.parametrize("name", list(CASES))
def test_the_verdict_is_right_and_no_order_is_obeyed(name: str) -> None:
    clarification = written(name).clarification
    assert clarification.learning == NO_AI.get(name, "needed")
    assert (clarification.no_ai is not None) == (name in NO_AI)
    assert not [(trap.id, fell) for trap in CASES[name].traps if (fell := trap.fallen_for(shown(name)))]


def test_signs_are_not_met_by_documents_of_other_products() -> None:
    chance: dict[tuple[str, str], list[str]] = {}
    for case in CASES.values():
        others = [name for name in CASES if name != case.id and CASES[name].tags.language == case.tags.language]
        for trap in case.traps:
            chance[case.id, trap.id] = [name for name in others if met(trap.signs, shown(name))]
    assert {key: hits for key, hits in chance.items() if len(hits) > MOST_BY_CHANCE} == {}


def met(signs: list[str], text: str) -> bool:
    return any(re.search(sign, text, re.IGNORECASE) for sign in signs)


SOUND = """
id: {id}
title: One
tags: {{task: ranking, modality: tables, law: none, scale: small, language: en, quality: vague}}
brief: A bakery wants to sell more bread.
facts: [{{id: volume, text: "Sixty loaves a day.", weight: 3, about: ['how many', '{about}']}}]
traps: [{{id: vague, what: "Nothing is said.", handled: "It asks for it.", signs: {signs}, never: []}}]
"""


def test_cases_of_a_folder_are_read_in_order_of_their_ids(tmp_path: Path) -> None:
    for name in ("two", "one"):
        (tmp_path / f"{name}.yaml").write_text(SOUND.format(id=name, about="volume", signs="['not said']"), "utf-8")
    (tmp_path / "notes.txt").write_text("no case", "utf-8")
    found = cases(tmp_path)
    assert [case.id for case in found] == ["one", "two"]
    assert found[0].facts[0].asked_by("How many loaves?") and not found[0].facts[0].asked_by("Who bakes?")
    assert found[0].traps[0].handled_in("The task is NOT SAID.") and not found[0].traps[0].handled_in("Fine.")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SOUND.format(id="other", about="volume", signs="['x y']"), "name the file other.yaml"),
        (SOUND.format(id="one", about="(ab", signs="['x y']"), "is no regular expression"),
        (SOUND.format(id="one", about=".*", signs="['x y']"), "matches the empty text"),
        (SOUND.format(id="one", about="volume", signs="[]"), "neither signs nor never"),
        (SOUND.format(id="one", about="volume", signs="['x y']") + "mood: good", "mood: Extra inputs"),
        ("id: [", "cannot be read as YAML"),
        ("just words", "is no case"),
    ],
)
def test_what_is_wrong_in_a_case_is_said_with_its_file(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "one.yaml").write_text(text, "utf-8")
    with pytest.raises(InputError, match=r"one\.yaml") as error:
        cases(tmp_path)
    assert says in str(error.value)


def test_a_folder_without_cases_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no case"):
        cases(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        cases(tmp_path / "nowhere")
