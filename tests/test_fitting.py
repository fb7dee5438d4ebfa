"""Long tables leave the chapters when the document is too long to read."""

from __future__ import annotations

import pytest

from ai_data_strategy.blueprint import Blueprint
from ai_data_strategy.document.chapters import Part
from ai_data_strategy.document.fitting import MOST_WORDS, fitted, words
from ai_data_strategy.quantities.ledger import Ledger
from ai_data_strategy.typeset.blocks import Block, Heading, Paragraph, Table, markdown
from ai_data_strategy.typeset.view import View


def prose(count: int) -> Paragraph:
    return Paragraph("word " * count)


def table(name: str, count: int) -> Table:
    return Table([name], [["word " * count]])


def part(number: int, *blocks: Block) -> Part:
    return Part(f"Part {number}", [Heading(2, f"{number}. Part")], list(blocks))


@pytest.fixture
def view(helpdesk: Blueprint) -> View:
    return View("en", helpdesk, Ledger())


def test_a_document_that_fits_keeps_its_tables(view: View) -> None:
    parts = [part(1, prose(100), table("a", 500), table("b", 500))]
    fit = fitted(parts, [prose(1000)], view)
    assert fit.parts == parts and fit.moved == []


def test_the_longest_later_table_goes_first_and_is_pointed_to(view: View) -> None:
    parts = [part(1, prose(1500), table("a", 900), table("b", 300), table("c", 800)), part(2, prose(100), table("d", 2000))]
    fit = fitted(parts, [], view)
    assert [block.columns for block in fit.moved if isinstance(block, Table)] == [["c"]]
    assert "Tables in annex A: “c”." in markdown(fit.parts[0].blocks)
    assert sum(words(markdown([*p.headings, *p.blocks])) for p in fit.parts) <= MOST_WORDS


def test_first_tables_follow_but_never_that_of_the_first_chapter(view: View) -> None:
    parts = [part(1, prose(3000), table("a", 3000)), part(2, prose(1000), table("d", 2000))]
    fit = fitted(parts, [], view)
    assert [block.columns for block in fit.moved if isinstance(block, Table)] == [["d"]]


def test_small_tables_stay_whatever_the_length(view: View) -> None:
    parts = [part(1, prose(7000), table("a", 10), table("b", 20))]
    assert fitted(parts, [], view).moved == []
