"""Blocks as markdown."""

from __future__ import annotations

import pytest

from ai_data_strategy.typeset.blocks import Block, Bullets, Cell, Diagram, Heading, Paragraph, Table, markdown


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (Paragraph("Plain."), "Plain."),
        (Heading(3, "Three"), "### Three"),
        (Bullets(["a", "b"]), "- a\n- b"),
        (Diagram("flowchart LR\n  A --> B\n"), "```mermaid\nflowchart LR\n  A --> B\n```"),
        (Table(["A", "B"], [["1", ""]]), "| A | B |\n| --- | --- |\n| 1 | – |"),
        (Table(["A"], []), ""),
    ],
)
def test_each_block(block: Block, text: str) -> None:
    assert markdown([block]) == text


def test_blocks_are_parted_by_one_blank_line_and_empty_ones_leave_none() -> None:
    assert markdown([Paragraph("a"), Table(["A"], []), Paragraph("b")]) == "a\n\nb"


def test_a_basis_that_all_cells_share_stands_in_the_header() -> None:
    text = markdown(
        [Table(["What", "Amount"], [["x", Cell("5 days", "assumed")], ["y", Cell("unknown")], ["z", Cell("6 days", "assumed")]])]
    )
    assert text.splitlines()[0] == "| What | Amount (assumed) |"
    assert "*assumed*" not in text


def test_different_bases_stand_in_the_cells() -> None:
    text = markdown([Table(["Amount"], [[Cell("5 days", "assumed")], [Cell("6 days", "stated")]])])
    assert text.splitlines()[0] == "| Amount |"
    assert "| 5 days, *assumed* |" in text and "| 6 days, *stated* |" in text
