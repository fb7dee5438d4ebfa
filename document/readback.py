"""Reading a document back: does the markdown hold exactly what was put into it?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import takewhile, zip_longest

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ai_data_strategy.agents.strategy import Strategy
from ai_data_strategy.document.diagrams import draws
from ai_data_strategy.document.fitting import words as words
from ai_data_strategy.document.markdown import Composed, compose
from ai_data_strategy.errors import DocumentError
from ai_data_strategy.typeset.blocks import Block, Heading, Picture, Table, markdown

_FORBIDDEN = {"html_block": "HTML", "html_inline": "HTML", "link_open": "a link", "image": "an image", "hr": "a rule"}
_ADDRESS = re.compile(r"(?i)https?://|ftp://|\bwww\.\w|[\w.+-]@[\w-]+\.\w")
_UNRESOLVED = re.compile(r"(?<!\\)\{[a-z][a-z0-9_]*\}")
_SUSPECT = re.compile(r"(?<!\\)(?:\\\\)*[<\[]")
_CODE = re.compile(r"(?<!\\)`[^`\n]*`")
_PIPE = re.compile(r"(?<!\\)\|")
_HEAD = 2
"""Lines of a table before its rows: the headings, and the dashes below them."""


@cache
def _parser() -> MarkdownIt:
    # HTML is on here although no reader turns it on, so that HTML in the text is seen and refused.
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@cache
def _outline() -> MarkdownIt:
    """The parser of blocks alone: what stands inside a line is parsed where it could matter, which is rare."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).disable("inline")


def assert_readable(text: str, strategy: Strategy, composed: Composed | None = None) -> None:
    """Raises DocumentError with everything that `check` finds."""
    if found := check(text, strategy, composed):
        raise DocumentError(
            f"the document does not read back: {'; '.join(found[:8])}. Mend the section that is named, or report a fault of the renderer."
        )


def check(text: str, strategy: Strategy, composed: Composed | None = None) -> list[str]:
    """What is wrong with the markdown of a strategy; an empty list if it holds what was put into it.

    `composed` saves composing the blocks again where they are at hand.
    """
    composed = composed or compose(strategy)
    blocks = [*composed.body, *composed.annexes]
    tokens = _tokens(text)
    return [
        *_headings(tokens, blocks),
        *_tables(tokens, text, blocks),
        *_forbidden(tokens, text, {block.path for block in blocks if isinstance(block, Picture)}),
        *_diagrams(tokens),
        *_references(text),
    ]


@lru_cache(maxsize=2)
def _tokens(text: str) -> list[Token]:
    return _outline().parse("\n".join("" if row else line for line, row in _lines(text)))


@lru_cache(maxsize=2)
def _lines(text: str) -> list[tuple[str, bool]]:
    """Each line, and whether it is a row of a table after the first one.

    Such a row needs no parser: a table goes on until a line that is blank or begins another block, and none begins with a pipe
    (GitHub Flavored Markdown, section 4.10). Its cells are parsed where something stands in them that could matter.
    """
    found, above = [], 0
    for line in text.split("\n"):
        above = above + 1 if line.startswith("|") else 0
        found.append((line, above > _HEAD + 1))
    return found


def words_before_annexes(strategy: Strategy, composed: Composed | None = None) -> int:
    """The words of what is read, without the annexes."""
    return words(markdown((composed or compose(strategy)).body))


def _headings(tokens: Sequence[Token], blocks: Sequence[Block]) -> Iterator[str]:
    found = [(int(token.tag[1:]), tokens[index + 1].content) for index, token in enumerate(tokens) if token.type == "heading_open"]
    wanted = [(block.level, block.text) for block in blocks if isinstance(block, Heading)]
    for place, (here, there) in enumerate(zip(found, wanted, strict=False), start=1):
        if here != there:
            yield f"heading {place} is {here[1]!r}, not {there[1]!r}"
            return
    if len(found) != len(wanted):
        yield f"the document has {len(found)} headings, not {len(wanted)}"


def _tables(tokens: Sequence[Token], text: str, blocks: Sequence[Block]) -> Iterator[str]:
    lines = _lines(text)
    found = [token for token in tokens if token.type == "table_open"]
    wanted = [block for block in blocks if isinstance(block, Table) and block.rows]
    if len(found) != len(wanted):
        yield f"the document has {len(found)} tables, not {len(wanted)}"
    for token, table in zip_longest(found, wanted):
        if token is None:
            return
        first = (token.map or [0])[0]
        rows = [line for line, _ in takewhile(lambda entry: entry[0].startswith("|"), lines[first:])]
        if len({len(_PIPE.findall(row)) for row in rows}) > 1:
            yield f"the table at line {first + 1} has rows of different length"
        if table and len(rows) - _HEAD != len(table.rows):
            yield f"the table at line {first + 1} has {len(rows) - _HEAD} rows, not {len(table.rows)}"


def _forbidden(tokens: Sequence[Token], text: str, pictures: set[str]) -> Iterator[str]:
    for token in _all(tokens, text):
        if token.type == "image" and str(token.attrs.get("src", "")) in pictures:
            continue
        if token.type in _FORBIDDEN:
            yield f"the document holds {_FORBIDDEN[token.type]}: {token.content[:60]!r}"
        elif token.type == "text" and (address := _ADDRESS.search(token.content)):
            yield f"the document holds an address that becomes a link: {address[0]!r}"
        elif token.type in ("fence", "code_block") and token.info.strip() != "mermaid":
            yield f"the document holds a code block: {token.content[:60]!r}"


def _all(tokens: Sequence[Token], text: str) -> Iterator[Token]:
    for token in tokens:
        yield token
        if token.type == "inline":
            yield from _inside(token.content)
    for line, row in _lines(text):
        if row and _suspect(line):
            for cell in _PIPE.split(line):
                yield from _inside(cell.replace("\\|", "|"))


def _inside(content: str) -> Sequence[Token]:
    if _suspect(content):
        return _parser().parseInline(content)[0].children or ()
    return ()


def _suspect(text: str) -> bool:
    if ("<" in text or "[" in text) and _SUSPECT.search(text):
        return True
    return ("@" in text or "://" in text or "www." in text.lower()) and bool(_ADDRESS.search(text))


def _diagrams(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "fence" and token.info.strip() == "mermaid" and not draws(token.content):
            yield f"a diagram is not valid mermaid: {token.content[:60]!r}"


def _references(text: str) -> Iterator[str]:
    outside = re.sub(r"```.*?```", " ", text, flags=re.DOTALL)
    for reference in dict.fromkeys(_UNRESOLVED.findall(_CODE.sub(" ", outside))):
        yield f"the reference {reference} was not filled in"
