"""What a server understands of the OpenAI protocol: tried from the strictest on, one step milder at each refusal."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from ai_data_strategy.writers.replies import Json

Shape = Literal["json_schema", "plain_schema", "json_mode", "text"]
SHAPES: tuple[Shape, ...] = ("json_schema", "plain_schema", "json_mode", "text")
OWN_HOSTS = ("api.openai.com", "openai.azure.com")
_BOUNDS = (
    "maxLength",
    "minLength",
    "pattern",
    "format",
    "maxItems",
    "minItems",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
)


@dataclass(frozen=True)
class Dialect:
    """How to ask one model: the shape of the reply, the names of the output limit, whether a cache key is understood."""

    shape: Shape
    limits: tuple[str, ...]
    cache_key: bool = True

    def body(self, schema: Json, limit: int, cache_key: str) -> Json:
        """The fields of the request's body that depend on the dialect."""
        body: Json = dict.fromkeys(self.limits, limit)
        if self.cache_key:
            body["prompt_cache_key"] = cache_key
        if self.shape == "json_mode":
            body["response_format"] = {"type": "json_object"}
        elif self.shape != "text":
            shown = schema if self.shape == "json_schema" else _unbounded(schema)
            body["response_format"] = {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": shown}}
        return body

    def asking(self, suffix: str, schema: Json) -> str:
        """The user message; it carries the schema where the server takes none."""
        if self.shape in ("json_schema", "plain_schema"):
            return suffix
        return f"{suffix}\n\nReply with one JSON object and nothing else. It must satisfy this JSON schema:\n{json.dumps(schema)}"


def first_dialect(base_url: str) -> Dialect:
    """The strictest dialect. Other servers know the output limit under its old name."""
    host = urlsplit(base_url).hostname or ""
    own = any(host == known or host.endswith("." + known) for known in OWN_HOSTS)
    return Dialect("json_schema", ("max_completion_tokens",) if own else ("max_completion_tokens", "max_tokens"))


def milder(dialect: Dialect, refusal: str) -> Dialect | None:
    """The dialect without what the server refused, or None if nothing is left to give up."""
    if dialect.cache_key and "prompt_cache_key" in refusal:
        return replace(dialect, cache_key=False)
    named = next(
        (name for name in reversed(dialect.limits) if f"{name}'" in refusal or f'{name}"' in refusal or f"{name}`" in refusal), None
    )
    if named and len(dialect.limits) > 1:
        return replace(dialect, limits=tuple(name for name in dialect.limits if name != named))
    step = SHAPES.index(dialect.shape) + 1
    return replace(dialect, shape=SHAPES[step]) if step < len(SHAPES) else None


def _unbounded(node: object) -> Json:
    """The schema without bounds and patterns, which some servers refuse in strict mode; our own validation holds them."""
    stripped = _strip(node)
    assert isinstance(stripped, dict)
    return stripped


def _strip(node: object) -> object:
    if isinstance(node, list):
        return [_strip(item) for item in node]
    if not isinstance(node, dict):
        return node
    named = {
        key: {name: _strip(inner) for name, inner in node[key].items()}
        for key in ("properties", "$defs")
        if isinstance(node.get(key), dict)
    }
    return {key: named.get(key) or _strip(value) for key, value in node.items() if key not in _BOUNDS}
