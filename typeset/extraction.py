"""What Babel extracts: texts that code marks, and the playbook's sentences (strings with a space in its YAML files)."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from typing import IO

import yaml

Message = tuple[int, str, str, list[str]]
_DIAL = re.compile(r'description="([^"]+)"\), Dial\(')
MARKS = {"_": (0,), "N_": (0,), "say": (0,), "words": (0,), "derived": (2,), "verify": (0, 1), "put": (2,), "stated": (2,)}
"""Functions that translate a text, and which of their arguments it is."""
NAMES = ("name", "audience")
"""Keys of names that are shown: one of a single word is a message too."""
CITED = ("source", "sources")
"""Keys of what a figure rests on: a law or a work is cited as it is, the playbook's own reason (it begins small) is a message."""
UNSAID = ("pattern", "patterns", "match", "words", "unit", "expression", "keywords", "all", "unless", "article")
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


def calls(file: IO[bytes], keywords: Collection[str], comment_tags: Collection[str], options: Mapping[str, str]) -> Iterator[Message]:
    """The texts that code marks for translation, those inside f-strings too, which Babel's own extractor does not see."""
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.Call):
            said = (node.args[place] for place in MARKS.get(_name(node.func), ()) if place < len(node.args))
            yield from ((node.lineno, "_", text, []) for argument in said for text in _texts(argument) if text)


def _texts(node: ast.expr) -> list[str]:
    """The text of a literal, or both of `a if c else b`."""
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body), *_texts(node.orelse)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""


def _plain(node: yaml.Node) -> bool:
    """True for a string, or a list of strings or of such lists."""
    return isinstance(node, yaml.ScalarNode) or (isinstance(node, yaml.SequenceNode) and all(_plain(item) for item in node.value))


def _walk(node: yaml.Node) -> Iterator[Message]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value in NAMES and isinstance(value, yaml.ScalarNode) and value.value[:1].isupper() and " " not in value.value:
                yield value.start_mark.line + 1, "_", value.value, []
            elif key.value in CITED and _plain(value):
                yield from (message for message in _walk(value) if not message[2][:1].isupper())
            elif key.value not in UNSAID or not _plain(value):
                yield from _walk(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _walk(item)
    elif isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str" and " " in node.value:
        yield node.start_mark.line + 1, "_", node.value, []
