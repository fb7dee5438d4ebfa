"""Babel's extraction of the playbook's sentences: every string with a space in a YAML file, sources and patterns aside."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import IO

import yaml

Message = tuple[int, str, str, list[str]]
_DIAL = re.compile(r'description="([^"]+)"\), Dial\(')
UNSAID = ("source", "sources", "pattern", "patterns", "match", "words", "unit", "expression", "keywords")
"""Keys whose strings are never shown as sentences of the document's language."""


def sentences(file: IO[bytes], keywords: Collection[str], comment_tags: Collection[str], options: Mapping[str, str]) -> Iterator[Message]:
    """(line, function, message, comments) for each sentence, as Babel expects them."""
    root = yaml.compose(file.read().decode("utf-8"))
    yield from _walk(root) if root else ()


def descriptions(
    file: IO[bytes], keywords: Collection[str], comment_tags: Collection[str], options: Mapping[str, str]
) -> Iterator[Message]:
    """The meanings of the shared figures: the ledger shows them."""
    for number, line in enumerate(file.read().decode("utf-8").splitlines(), 1):
        if found := _DIAL.search(line):
            yield number, "_", found[1], []


def _plain(node: yaml.Node) -> bool:
    """True for a string, or a list of strings."""
    return isinstance(node, yaml.ScalarNode) or (
        isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value)
    )


def _walk(node: yaml.Node) -> Iterator[Message]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value not in UNSAID or not _plain(value):
                yield from _walk(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _walk(item)
    elif isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str" and " " in node.value:
        yield node.start_mark.line + 1, "_", node.value, []
