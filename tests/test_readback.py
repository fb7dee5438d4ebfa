"""Reading a document back finds what was done to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ai_data_strategy.agents.strategy import Strategy
from ai_data_strategy.blueprint import Blueprint
from ai_data_strategy.document.markdown import render
from ai_data_strategy.document.readback import assert_readable, check, words, words_before_annexes
from ai_data_strategy.errors import DocumentError

StrategyOf = Callable[..., Strategy]


def test_rendered_documents_read_back(strategy_of: StrategyOf, helpdesk: Blueprint, payments: Blueprint) -> None:
    for blueprint in (helpdesk, payments):
        strategy = strategy_of(blueprint)
        assert check(render(strategy), strategy) == []
        assert_readable(render(strategy), strategy)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("## Readiness", "## Ready", "heading"),
        ("## Action plan\n", "", "heading"),
        ("## Readiness", "## Readiness\n\n### More", "heading"),
        ("| Volume |", "| Volume | more |", "rows of different length"),
        ("| Part | State | Why |\n| --- | --- | --- |", "| Part | State |\n| --- | --- |", "rows of different length"),
        ("## Readiness\n", "## Readiness\n\n| a |\n| --- |\n| b |\n", "tables"),
        ("## Readiness\n", "## Readiness\n\n<b>bold</b>\n", "HTML"),
        ("## Readiness\n", "## Readiness\n\n<div>\n", "HTML"),
        ("## Readiness\n", "## Readiness\n\n[a](http://b.c)\n", "a link"),
        ("## Readiness\n", "## Readiness\n\n![a](b.png)\n", "an image"),
        ("## Readiness\n", "## Readiness\n\nsee https://a.b\n", "an address"),
        ("## Readiness\n", "## Readiness\n\n---\n", "a rule"),
        ("## Readiness\n", "## Readiness\n\n    code\n", "a code block"),
        ("## Readiness\n", "## Readiness\n\n```mermaid\nflowcha A\n```\n", "not valid mermaid"),
        ("## Readiness\n", "## Readiness\n\n{examples_per_day} tickets\n", "{examples_per_day}"),
    ],
)
def test_damage_is_found(strategy_of: StrategyOf, helpdesk: Blueprint, old: str, new: str, said: str) -> None:
    strategy = strategy_of(helpdesk)
    text = render(strategy)
    assert old in text
    damaged = text.replace(old, new, 1)
    assert any(said in found for found in check(damaged, strategy))
    with pytest.raises(DocumentError, match="does not read back"):
        assert_readable(damaged, strategy)


@pytest.mark.parametrize(
    ("text", "count"),
    [("One two, three.", 3), ("| a | b |\n| --- | --- |\n| c | – |", 3), ("## 1. Head\n\n```mermaid\nflowchart LR\n```\n\n- end", 3)],
)
def test_words_are_counted_as_a_reader_counts(text: str, count: int) -> None:
    assert words(text) == count


def test_annexes_do_not_count(strategy_of: StrategyOf, helpdesk: Blueprint) -> None:
    strategy = strategy_of(helpdesk)
    text = render(strategy)
    assert words_before_annexes(strategy) == words(text[: text.index("## Annex")])
