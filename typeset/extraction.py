"""Babel's extraction of the playbook's sentences: every string with a space in a YAML file, sources and patterns aside."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import IO

import yaml

Message = tuple[int, str, str, list[str]]
UNSAID = ("source", "sources", "pattern", "patterns", "match", "words", "unit", "expression", "keywords")
"""Keys whose strings are never shown as sentences of the document's language."""


def sentences(file: IO[bytes], keywords: Collection[str], comment_tags: Collection[str], options: Mapping[str, str]) -> Iterator[Message]:
    """(line, function, message, comments) for each sentence, as Babel expects them."""
    root = yaml.compose(file.read().decode("utf-8"))
    yield from _walk(root) if root else ()


def _walk(node: yaml.Node) -> Iterator[Message]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value not in UNSAID:
                yield from _walk(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _walk(item)
    elif isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str" and " " in node.value:
        yield node.start_mark.line + 1, "_", node.value, []
