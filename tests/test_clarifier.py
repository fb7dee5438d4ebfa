"""The clarifier's playbook and prompt."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from ai_data_strategy.agents.clarification import MOST_QUESTIONS, Clarification
from ai_data_strategy.agents.clarifier import MEANINGS, PROMPT, TOPICS, playbook
from ai_data_strategy.domain import Answer, Brief
from ai_data_strategy.playbook.desk import knowledge
from ai_data_strategy.playbook.reading import KINDS
from ai_data_strategy.quantities.wording import alike, flatten

BRIEFS: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("briefs.yaml").read_text("utf-8"))
SECTIONS = {
    "use_case", "inventory", "quality", "labelling", "flywheel", "feedback", "governance", "benchmark", "retraining", "versioning", "logs", "failures", "edge_cases", "rollout",
}  # fmt: skip


@pytest.fixture(scope="module", params=BRIEFS)
def case(request: pytest.FixtureRequest) -> tuple[dict[str, Any], Clarification]:
    brief = BRIEFS[request.param]
    return brief, playbook(Brief(text=brief["text"], language=brief["language"]))


def test_learning_is_judged_and_a_no_has_a_way_out(case: tuple[dict[str, Any], Clarification]) -> None:
    brief, found = case
    assert found.learning == brief["learning"]
    assert (found.no_ai is None) == (found.learning == "needed")
    if found.no_ai:
        assert found.no_ai.steps and found.no_ai.alternative and found.no_ai.would_change and not found.questions


def test_at_most_five_questions_each_with_reason_and_default(case: tuple[dict[str, Any], Clarification]) -> None:
    brief, found = case
    assert len(found.questions) <= MOST_QUESTIONS
    assert set(brief.get("asks", ())) <= {question.id for question in found.questions}
    for question in found.questions:
        assert question.why and question.default and set(question.touches) <= SECTIONS
        assert "%(" not in question.question + question.why + question.default
        assert (question.kind == "choice") == bool(question.options)


def test_facts_are_quotations(case: tuple[dict[str, Any], Clarification]) -> None:
    brief, found = case
    assert all(alike(fact.quote).replace('"', "") in alike(flatten(brief["text"])).replace('"', "") for fact in found.facts)
    assert not any(char.isdigit() for fact in found.facts for char in fact.meaning)


def test_orders_are_listed_and_not_obeyed(case: tuple[dict[str, Any], Clarification]) -> None:
    brief, found = case
    assert len(found.orders) == brief.get("orders", 0)
    assert found.learning != "needed" or found.questions


@pytest.mark.parametrize(
    ("said", "settled"),
    [
        ("We have 50,000 tickets and 100 tickets a day.", "volume_counts"),
        ("Each missed ticket costs us 40 EUR.", "error_cost"),
        ("Customers gave written consent.", "permission"),
        ("A data engineer has 10 hours a week, a product manager 5 hours a week.", "people_hours"),
    ],
)
def test_what_the_brief_says_is_not_asked(said: str, settled: str) -> None:
    vague = "We want to route support tickets to queues."
    bare = {question.id for question in playbook(Brief(text=vague, language="en")).questions}
    assert settled in bare
    assert settled not in {question.id for question in playbook(Brief(text=f"{vague} {said}", language="en")).questions}


def test_a_second_round_asks_nothing_twice() -> None:
    brief = Brief(text=BRIEFS["docs_chat"]["text"], language="en")
    first = playbook(brief).questions
    skipped = [Answer(question=question.id, asked=question.question, text=question.default, skipped=True) for question in first]
    second = playbook(brief, skipped).questions
    assert not {question.id for question in first} & {question.id for question in second}


def test_a_doubtful_number_is_asked_about_in_the_briefs_words() -> None:
    text = "PayLoop has 10,000 active customers and about 2 million transactions a day. We need a model that detects fraud."
    asked = {question.id: question for question in playbook(Brief(text=text, language="en")).questions}
    assert "2 million transactions" in asked["volume_doubt"].question
    assert "volume_counts" not in asked


def test_every_kind_and_topic_has_a_meaning() -> None:
    assert set(MEANINGS) <= set(KINDS)
    assert set(TOPICS) <= set(knowledge("lexicon")["topics"])


def test_the_bank_of_questions_is_whole() -> None:
    for name, entry in knowledge("questions").items():
        assert {"points", "question", "why", "touches", "kind", "default"} <= set(entry), name
        assert set(entry["touches"]) <= SECTIONS, name


def test_the_prompt_has_its_parts() -> None:
    text = (files("ai_data_strategy.prompts") / f"{PROMPT}.md").read_text("utf-8")
    assert text.startswith("---\nversion: ")
    assert [line for line in text.splitlines() if line.startswith("# ")] == ["# task", "# think", "# fields"]
