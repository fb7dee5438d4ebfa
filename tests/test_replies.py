"""Schemas as strict structured output wants them; replies parsed tolerantly and validated strictly."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from ai_data_strategy.agents import SECTIONS
from ai_data_strategy.blueprint import Blueprint
from ai_data_strategy.domain import Model, Question
from ai_data_strategy.writers.replies import check_reply, parse_reply, part_schema, strict_schema, validate_reply, without_unknown


class Part(Model):
    """A part."""

    title: Annotated[str, Field(max_length=5)]
    share: float | None = None


class Whole(Model):
    """A whole."""

    kind: Literal["a", "b"] = "a"
    parts: Annotated[list[Part], Field(max_length=2)] = []
    main: Annotated[Part, Field(description="the main part")]


def nodes(schema: object) -> list[dict[str, Any]]:
    """Every schema in a schema."""
    if isinstance(schema, list):
        return [node for item in schema for node in nodes(item)]
    if not isinstance(schema, dict):
        return []
    maps = [inner for key in ("properties", "$defs") for inner in schema.get(key, {}).values()]
    rest = [value for key, value in schema.items() if key not in ("properties", "$defs", "enum", "required")]
    return [schema, *nodes(maps), *nodes(rest)]


@pytest.mark.parametrize("model", [Whole, Question, Blueprint, *(section.draft for section in SECTIONS)])
def test_strict_schemas_are_closed_complete_and_have_no_defaults(model: type[Model]) -> None:
    found = nodes(strict_schema(model))
    objects = [node for node in found if "properties" in node]
    assert objects
    assert all(node["additionalProperties"] is False and node["required"] == list(node["properties"]) for node in objects)
    assert not any({"default", "title", "oneOf"} & set(node) for node in found)
    assert all(len(node) == 1 for node in found if "$ref" in node)


def test_references_and_descriptions_are_kept() -> None:
    assert strict_schema(Whole)["properties"]["main"] == {"description": "the main part", "anyOf": [{"$ref": "#/$defs/Part"}]}  # type: ignore[index, call-overload]


def test_a_part_schema_holds_only_its_fields() -> None:
    schema = part_schema(Whole, ["parts"])
    assert (list(schema["properties"]), schema["required"]) == (["parts"], ["parts"])  # type: ignore[arg-type]


GOOD = '{"kind": "b", "main": {"title": "x"}}'


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        (GOOD, json.loads(GOOD)),
        (f"```json\n{GOOD}\n```", json.loads(GOOD)),
        (f'<think>maybe {{"kind": 1}}</think>\nHere it is, with {{key}}: {GOOD} Good luck!', json.loads(GOOD)),
        ('```json\n{"kind": "b", "parts": [{"title": "x"}], "main": {"tit', {"kind": "b", "parts": [{"title": "x"}]}),
        ('{"kind": "b", "parts": [{"title": "x"', {"kind": "b"}),
        ('{"ki', None),
        ("", None),
        ("no object here", None),
        ("[1, 2]", None),
        ("{}", {}),
        ('{"a": ' + "[" * 100_000, None),
        ("<think>never ends " + GOOD, None),
    ],
)
def test_parsing_is_tolerant(text: str, parsed: object) -> None:
    assert parse_reply(text) == parsed


@pytest.mark.parametrize(
    ("reply", "reasons"),
    [
        ({"kind": "c", "main": {"title": "x"}}, ["kind: must be one of 'a' or 'b'"]),
        ({}, ["main: is missing"]),
        ({"main": {"title": "too long"}}, ["main.title: is too long: at most 5 characters"]),
        ({"main": {"title": "x"}, "parts": [{"title": "x"}] * 3}, ["parts: has 3 items: at most 2"]),
        ({"main": {"title": "x"}, "parts": [{"title": "x", "y": 1}]}, ["parts[0].y: is not a field here: leave it out"]),
        ({"main": {"title": "x", "share": float("nan")}}, ["main.share: must be a finite number"]),
        ("no json", ["reply: must be a JSON object"]),
        ([1], ["reply: must be a JSON object"]),
        (None, ["reply: must be a JSON object"]),
    ],
)
def test_reasons_are_by_path_and_in_plain_words(reply: object, reasons: list[str]) -> None:
    assert validate_reply(Whole, reply) == reasons


def test_a_valid_reply_becomes_the_value() -> None:
    assert validate_reply(Whole, GOOD) == validate_reply(Whole, json.loads(GOOD)) == Whole(kind="b", main=Part(title="x"))


def test_unknown_fields_can_be_left_out_at_any_depth() -> None:
    reply: dict[str, Any] = {"more": 1, "main": {"title": "x", "more": {"deep": 1}}, "parts": [{"title": "x"}, {"title": "y", "z": 0}]}
    pruned = without_unknown(Whole, reply)
    assert pruned == {"main": {"title": "x"}, "parts": [{"title": "x"}, {"title": "y"}]}
    assert isinstance(check_reply(Whole, pruned), Whole)
    assert "more" in reply
