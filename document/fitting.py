"""Keeping a document readable in twenty minutes: when the chapters are too long, their longest tables go to the annex."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ai_data_strategy.document.chapters import Part
from ai_data_strategy.typeset.blocks import Block, Heading, Paragraph, Table, markdown
from ai_data_strategy.typeset.view import View

MOST_WORDS = 5_000
"""Words of the chapters and the pages around them; the rubric allows 6,500 (criterion US5), readers prefer less."""
_WORD = re.compile(r"\w")
_POINTER = 8
"""Words that naming a moved table takes."""
_SMALLEST = 60
"""Tables of fewer words stay where they are."""


@dataclass(frozen=True)
class Fitted:
    """The chapters as they are read, and the tables that went to the annex under their section's title."""

    parts: list[Part]
    moved: list[Block]


def words(text: str) -> int:
    """Words as a reader counts them: diagrams and table rules are left out."""
    plain = re.sub(r"```.*?```", " ", text, flags=re.DOTALL)
    return sum(bool(_WORD.search(word)) for word in plain.split())


def fitted(parts: Sequence[Part], others: Sequence[Block], view: View) -> Fitted:
    """Move the longest tables out until chapters and `others` hold no more than MOST_WORDS.

    The first table of a section goes only after all others, and that of the first chapter never.
    """
    length = words(markdown(others)) + sum(words(markdown([*part.headings, *part.blocks])) for part in parts)
    chosen: set[tuple[int, int]] = set()
    for size, place, index in _in_order(parts):
        if length <= MOST_WORDS:
            break
        chosen.add((place, index))
        length -= size - _POINTER
    return Fitted([_without(part, place, chosen, view) for place, part in enumerate(parts)], _moved(parts, chosen))


def _in_order(parts: Sequence[Part]) -> list[tuple[int, int, int]]:
    """(words, part, place in it) of the tables that may go, in the order in which they go."""
    found: list[tuple[bool, int, int, int]] = []
    for place, part in enumerate(parts):
        tables = [(index, block) for index, block in enumerate(part.blocks) if isinstance(block, Table) and not block.stays]
        found += [(rank == 0, -_size(table), place, index) for rank, (index, table) in enumerate(tables) if place or rank]
    return [(-size, place, index) for _, size, place, index in sorted(found) if -size >= _SMALLEST]


def _size(table: Table) -> int:
    return words(markdown([table]))


def _pointer(tables: Sequence[Table], view: View) -> Paragraph:
    titles = ", ".join(f"“{table.columns[0]}”" for table in tables)
    return Paragraph(view._("*Tables in annex A: %(titles)s.*") % {"titles": titles})


def _without(part: Part, place: int, chosen: set[tuple[int, int]], view: View) -> Part:
    """The part with one line at its end that names the tables that went."""
    tables = [block for index, block in enumerate(part.blocks) if (place, index) in chosen and isinstance(block, Table)]
    kept = [block for index, block in enumerate(part.blocks) if (place, index) not in chosen]
    return replace(part, blocks=[*kept, _pointer(tables, view)]) if tables else part


def _moved(parts: Sequence[Part], chosen: set[tuple[int, int]]) -> list[Block]:
    blocks: list[Block] = []
    for place, part in enumerate(parts):
        if tables := [block for index, block in enumerate(part.blocks) if (place, index) in chosen]:
            blocks += [Heading(3, part.title), *tables]
    return blocks
