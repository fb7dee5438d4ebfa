"""The front page that the playbook writes from a typed strategy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from ai_data_strategy.agents.section import Action
from ai_data_strategy.agents.strategy import Strategy, sheet_of
from ai_data_strategy.agents.weighing import all_actions, clipped, in_order
from ai_data_strategy.blueprint import Blueprint
from ai_data_strategy.typeset.text import references

StrategyOf = Callable[..., Strategy]


def action(id_: str, due: date, *after: str) -> Action:
    return Action(id=id_, what="Do it", owner="dpo", due=due, cost="team_cost", after=list(after))


def test_actions_run_by_due_date_and_never_before_what_they_wait_for() -> None:
    early, late = date(2026, 12, 1), date(2027, 1, 1)
    plan = {
        "a.one": action("one", early, "two"),
        "a.two": action("two", late),
        "b.three": action("three", early),
        "b.four": action("four", late, "one"),
    }
    assert in_order(plan) == ["a.two", "a.one", "b.three", "b.four"]


def test_a_circle_of_actions_still_gives_every_action_once() -> None:
    day = date(2026, 12, 1)
    assert sorted(in_order({"a.one": action("one", day, "two"), "a.two": action("two", day, "one")})) == ["a.one", "a.two"]


@pytest.mark.parametrize(
    ("text", "most", "cut"), [("short", 10, "short"), ("one two three", 9, "one two…"), ("costs {a_long_key} now", 12, "costs…")]
)
def test_long_texts_are_cut_between_words_and_outside_references(text: str, most: int, cut: str) -> None:
    assert clipped(text, most) == cut


def test_every_action_is_ordered_and_every_number_exists(strategy_of: StrategyOf, helpdesk: Blueprint, payments: Blueprint) -> None:
    for blueprint in (helpdesk, payments):
        strategy = strategy_of(blueprint)
        assert strategy.assembly is not None
        assert sorted(strategy.assembly.actions) == sorted(all_actions(strategy))
        ledger = sheet_of(strategy).ledger
        assert [key for key in references(strategy.assembly.model_dump_json()) if ledger.get(key) is None] == []


def test_the_conditions_of_the_blueprint_stand_and_are_decided(strategy_of: StrategyOf, payments: Blueprint) -> None:
    assembly = strategy_of(payments).assembly
    assert assembly is not None
    assert (assembly.verdict, assembly.conditions) == ("go_after", payments.conditions)
    assert set(payments.conditions) <= {decision.what for decision in assembly.decisions}


def test_decisions_come_in_the_order_of_their_days(strategy_of: StrategyOf, helpdesk: Blueprint) -> None:
    assembly = strategy_of(helpdesk).assembly
    assert assembly is not None
    days = [decision.by for decision in assembly.decisions]
    assert days == sorted(days)


def test_questions_are_few_and_each_says_what_it_would_move(strategy_of: StrategyOf, helpdesk: Blueprint) -> None:
    assembly = strategy_of(helpdesk).assembly
    assert assembly is not None and assembly.questions
    assert len(assembly.questions) <= 5
    assert all(question.moves and question.default for question in assembly.questions)
