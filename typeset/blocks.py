"""The building blocks of a document. All strings in them are safe markdown already; `Cell` adds a number's basis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """A table cell with a number: its text, and its basis in the document's language ("" if it is unknown)."""

    text: str
    basis: str = ""


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True)
class Bullets:
    items: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table; a column of numbers with one basis shows it in the header, with several in each cell."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    stays: bool = False
    """True if it may not be moved to the annex to keep a document short."""


@dataclass(frozen=True)
class Diagram:
    """A mermaid diagram, written by code."""

    source: str


@dataclass(frozen=True)
class Picture:
    """A chart beside the document: its path from there, and what it shows. Only code makes these."""

    path: str
    title: str


Block = Paragraph | Heading | Bullets | Table | Diagram | Picture


def markdown(blocks: Sequence[Block]) -> str:
    """The blocks as markdown text, one blank line between them."""
    return "\n\n".join(filter(None, map(_block, blocks)))


def _block(block: Block) -> str:
    match block:
        case Paragraph(text):
            return text
        case Heading(level, text):
            return f"{'#' * level} {text}"
        case Bullets(items):
            return "\n".join(f"- {item}" for item in items)
        case Diagram(source):
            return f"```mermaid\n{source.strip()}\n```"
        case Picture(path, title):
            return f"![{title}]({path})"
        case Table():
            return _table(block)


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    headers, shared = [], []
    for index, column in enumerate(table.columns):
        bases = {cell.basis for row in table.rows if isinstance(cell := row[index], Cell) and cell.basis}
        one = len(bases) == 1
        headers.append(f"{column} ({next(iter(bases))})" if one else column)
        shared.append(one)
    lines = ["| " + " | ".join(headers) + " |", "|" + " --- |" * len(headers)]
    for row in table.rows:
        lines.append("| " + " | ".join(_cell(cell, shared[index]) for index, cell in enumerate(row)) + " |")
    return "\n".join(lines)


def _cell(cell: str | Cell, basis_in_header: bool) -> str:
    if isinstance(cell, str):
        return cell or "–"
    return cell.text if basis_in_header or not cell.basis else f"{cell.text}, *{cell.basis}*"
