"""Schemas that models must follow, and their replies: parsed tolerantly, validated strictly, faults named by path."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar, cast

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import ErrorDetails, from_json

M = TypeVar("M", bound=BaseModel)
Json = dict[str, JsonValue]

_DROPPED = ("title", "default", "discriminator", "uniqueItems", "examples")
_THINKING = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_OPENING = re.compile(r'\{\s*["}]')
_DECODER = json.JSONDecoder()


# --- schemas


@lru_cache(maxsize=256)  # bounded: types of patches are made on the fly
def strict_schema(model: type[BaseModel]) -> Json:
    """The model's JSON schema as strict structured output wants it: all fields required, none added, no defaults.

    Rules: OpenAI, "Structured outputs", supported schemas. Treat the result as read-only: it is shared.
    """
    schema = _strict(model.model_json_schema())
    assert isinstance(schema, dict)
    return schema


@lru_cache(maxsize=256)
def schema_text(model: type[BaseModel]) -> str:
    """The strict schema as one line of JSON."""
    return json.dumps(strict_schema(model))


def part_schema(model: type[BaseModel], fields: Sequence[str]) -> Json:
    """The strict schema of some top-level fields only."""
    whole = strict_schema(model)
    properties = whole["properties"]
    assert isinstance(properties, dict)
    return {**whole, "properties": {name: properties[name] for name in fields}, "required": list(fields)}


def _strict(node: JsonValue) -> JsonValue:
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept: Json = {}
    for name, value in node.items():
        if name in ("properties", "$defs") and isinstance(value, dict):
            kept[name] = {key: _strict(inner) for key, inner in value.items()}
        elif name == "oneOf":
            kept["anyOf"] = _strict(value)
        elif name not in _DROPPED:
            kept[name] = value if name in ("enum", "const", "required") else _strict(value)
    return _closed(kept)


def _closed(node: Json) -> Json:
    if "$ref" in node and len(node) > 1:  # a reference may have no neighbours
        reference = node.pop("$ref")
        return {**node, "anyOf": [{"$ref": reference}]}
    properties = node.get("properties")
    if isinstance(properties, dict):
        return {**node, "required": list(properties), "additionalProperties": False}
    return node


# --- parsing


def parse_reply(text: str) -> Json | None:
    """The JSON object in a model's reply: thinking, code fences and words around it are left out. None if there is none.

    Of an object that breaks off, the fields that are whole are kept: the rest can be asked for again.
    """
    opening = _OPENING.search(bare := _THINKING.sub("", text))
    if opening is None:
        return None
    try:
        found, _ = _DECODER.raw_decode(bare, opening.start())
    except (ValueError, RecursionError):
        return _whole_fields(bare[opening.start() :])
    return cast(Json, found)


def _whole_fields(text: str) -> Json | None:
    try:
        part = from_json(text, allow_partial=True)
    except ValueError:
        return None
    return dict(list(part.items())[:-1]) or None  # the last one is where it broke off


# --- validation


@dataclass(frozen=True)
class Reason:
    """Why a reply is refused: the path, its top-level field ("" for the whole object), and what is wrong in plain words."""

    path: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or 'reply'}: {self.message}"


def check_reply(schema: type[M], reply: object) -> M | list[Reason]:
    """The validated value, or every reason against it."""
    try:
        return schema.model_validate(reply)
    except ValidationError as error:
        return [_reason(item) for item in error.errors(include_url=False, include_context=True)]


def validate_reply(schema: type[M], reply: object) -> M | list[str]:
    """The validated value of a host's reply (an object, or text that holds one), or the reasons against it, by path."""
    checked = check_reply(schema, parse_reply(reply) if isinstance(reply, str) else reply)
    return [str(reason) for reason in checked] if isinstance(checked, list) else checked


def without_unknown(schema: type[BaseModel], reply: Json) -> Json:
    """The reply without the fields that the schema does not have: there is nothing to ask about them."""
    try:
        schema.model_validate(reply)
    except ValidationError as error:
        pruned = deepcopy(reply)
        for item in error.errors(include_url=False):
            if item["type"] == "extra_forbidden":
                _drop(pruned, item["loc"])
        return pruned
    return reply


def _drop(tree: JsonValue, path: tuple[int | str, ...]) -> None:
    for part in path[:-1]:
        if isinstance(tree, dict):
            tree = tree.get(str(part))
        elif isinstance(tree, list) and isinstance(part, int):
            tree = tree[part]
    if isinstance(tree, dict):
        tree.pop(str(path[-1]), None)


_PLAIN: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is not a field here: leave it out",
    "string_too_long": "is too long: at most {max_length} characters",
    "string_too_short": "is too short: at least {min_length} characters",
    "too_long": "has {actual_length} items: at most {max_length}",
    "too_short": "has {actual_length} items: at least {min_length}",
    "string_pattern_mismatch": "must match {pattern}",
    "literal_error": "must be one of {expected}",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "list_type": "must be a list",
    "string_type": "must be a text",
    "finite_number": "must be a finite number",
}


def _reason(error: ErrorDetails) -> Reason:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]).lstrip(".")
    top = error["loc"][0] if error["loc"] else ""
    message = _PLAIN.get(error["type"], error["msg"])
    return Reason(path, str(top), message.format(**error.get("ctx", {})) if error["type"] in _PLAIN else message)
