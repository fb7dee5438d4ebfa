"""The twin loses nothing, and no text in it can break out of the document."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from ai_data_strategy.agents import SECTIONS
from ai_data_strategy.agents.sheet import texts
from ai_data_strategy.agents.strategy import Strategy, dump, json_schema, load
from ai_data_strategy.blueprint import Blueprint
from ai_data_strategy.document.markdown import compose, render
from ai_data_strategy.document.readback import check
from ai_data_strategy.domain import Answer, Evidence
from ai_data_strategy.errors import InputError
from ai_data_strategy.evidence.profile import Profile, SourceProfile
from ai_data_strategy.typeset.blocks import Heading

StrategyOf = Callable[..., Strategy]
FRAGMENTS = [
    "<script>alert(1)</script>", "<!--", "[x](http://a.b)", "![i](http://a.b/i.png)", "\n\n# heading\n\n", "\n\n| a | b |\n|---|---|\n| c | d |\n\n", "|",
    "\n\n```\ncode\n```\n\n", "~~~", "- item", "1. item", "> quote", "---", "===", "www.a.com", "http://a.b", "a@b.co", "&lt;b&gt;", "\\", "`", "*", "**",
    "_", "{examples_per_day}", "{no_such_key}", "{", "\r\n", "\u2028", "\u202e", "[^1]", "\n\n[a]: http://x\n\n", "\n\n    indented\n\n", "\t", " ", "word",
    "%s", "%(x)s", "end",
]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(FRAGMENTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=4), min_size=1, max_size=6).map(
    "".join
)
PLAIN = {
    "Answer": ("asked", "text"),
    "Record": ("written_by", "fallback"),
    "Missing": ("reason",),
    "Verdict": ("criterion", "why", "quote"),
    "Quantity": ("unit", "source"),
}
PLAIN |= {
    "Evidence": ("statement", "unit", "method", "interval", "reproduce"),
    "Figure": ("source",),
    "Strategy": ("writer",),
    "Question": ("question", "why", "default"),
}


def longest(metadata: Any, annotation: Any) -> int:
    """The length that a text field may have, also where it is optional."""
    limits = [limit for item in metadata for limit in (item, *getattr(item, "metadata", ()))]
    limits += [
        limit
        for part in getattr(annotation, "__args__", ())
        for item in getattr(part, "__metadata__", ())
        for limit in (item, *getattr(item, "metadata", ()))
    ]
    return next((limit.max_length for limit in limits if getattr(limit, "max_length", None)), 400)


def poisoned(value: Any, text: str) -> Any:
    """The same model with a hostile text in every field that holds free text, cut to the field's length."""
    if isinstance(value, list):
        return [poisoned(item, text) for item in value]
    if isinstance(value, dict):
        return {key: poisoned(item, text) for key, item in value.items()}
    if not isinstance(value, BaseModel):
        return value
    free = {path.partition("[")[0] for path, _, _ in texts(value) if "." not in path and "]." not in path}
    change: dict[str, Any] = {}
    for name, declared in type(value).model_fields.items():
        inner = getattr(value, name)
        most = longest(declared.metadata, declared.annotation)
        if name in free or name in PLAIN.get(type(value).__name__, ()):
            change[name] = [text[:100] for _ in inner] if isinstance(inner, list) else text[:most] if inner is not None else None
        else:
            change[name] = poisoned(inner, text)
    return value.model_copy(update=change)


@pytest.fixture
def rich(strategy_of: StrategyOf, helpdesk: Blueprint) -> Strategy:
    """A strategy with answers and evidence too."""
    answers = [Answer(question="volume", asked="How many?", text="many", skipped=True), Answer(question="owner", asked="Who?", text="we")]
    item = Evidence(
        id="tickets_rows", topic="inventory", message="Rows of %(source)s", places={"source": "tickets|<b>"}, value=412000, unit="rows",
        method="count", reproduce="select count(*) from 'tickets.csv'", weight=1,
    )  # fmt: skip
    source = SourceProfile(
        id="tickets", name="tickets", location="tickets.csv", format="csv", kind="tickets", kind_reason="its name", rows=412_000, columns=[]
    )
    return strategy_of(helpdesk, answers=answers, profile=Profile(sources=[source], evidence=[item]))


def chapters(strategy: Strategy) -> list[str]:
    """Headings of the second level: those of the third depend on how long the tables are."""
    composed = compose(strategy)
    return [block.text for block in (*composed.body, *composed.annexes) if isinstance(block, Heading) and block.level == 2]


def test_the_twin_loads_without_a_loss_and_renders_the_same_bytes(rich: Strategy, strategy_of: StrategyOf, payments: Blueprint) -> None:
    for strategy in (rich, strategy_of(payments)):
        again = load(dump(strategy))
        assert again == strategy
        assert dump(again) == dump(strategy)
        assert render(again) == render(strategy)


def test_each_section_comes_back_as_its_own_type(rich: Strategy) -> None:
    again = load(dump(rich))
    assert {key: type(draft) for key, draft in again.sections.items()} == {section.key: section.draft for section in SECTIONS}


def test_the_schema_names_every_sections_draft() -> None:
    schema = json_schema()
    assert schema["properties"]["schema_version"]["const"] == "1.0"
    for section in SECTIONS:
        name = schema["properties"]["sections"]["properties"][section.key]["$ref"].rpartition("/")[2]
        assert set(section.draft.model_fields) == set(schema["$defs"][name]["properties"])
    assert schema["properties"]["sections"]["additionalProperties"] is False


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema_version": "0.9"}, "schema version '0.9'"),
        ({"sections": {"astrology": {}}}, "no section is called astrology"),
        ({"sections": {"labelling": {}}}, "Field required"),
        ({"surprise": 1}, "surprise"),
        ({"created": "yesterday"}, "created"),
    ],
)
def test_a_twin_that_does_not_fit_says_where(rich: Strategy, change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        load(json.dumps(json.loads(dump(rich)) | change))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00", "{}", "[" * 100_000])
def test_what_is_no_twin_is_said_to_be_none(text: str) -> None:
    with pytest.raises(InputError, match=r"no strategy\.json"):
        load(text)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HOSTILE)
def test_hostile_text_stays_text(rich: Strategy, text: str) -> None:
    hostile = poisoned(rich, text)
    shown = render(hostile)
    assert check(shown, hostile) == []
    assert chapters(hostile) == chapters(rich)
    assert render(load(dump(hostile))) == shown
