"""Flowcharts: whatever the texts and ids are, the source is valid mermaid."""

import pytest
from merman import Merman

from ai_data_strategy.typeset.mermaid import Edge, Node, flowchart, words

NASTY = [
    '"',
    "]",
    '"] --> b',
    "<script>",
    "%% comment",
    "`code`",
    "end",
    "a|b",
    "#quot;",
    "\\",
    "",
    "ä ß 漢字",
    "x" * 500,
    "a\nb",
    "%%{init: {}}%%",
    "click a",
]


@pytest.mark.parametrize("text", NASTY)
def test_any_text_is_a_label(text: str) -> None:
    nodes = [Node(text, text), Node("store", text, "store"), Node("choice", text, "choice"), Node("round", text, "round")]
    edges = [Edge("store", "choice", text), Edge("choice", "round", text, dashed=True), Edge(text, "store")]
    source = flowchart(nodes, edges).source
    assert Merman().validate(source, "{}").valid
    assert len(source.splitlines()) == 1 + len(nodes) + len(edges)


def test_an_edge_to_nowhere_is_left_out() -> None:
    assert "-->" not in flowchart([Node("a", "A")], [Edge("a", "gone")]).source


def test_references_become_numbers_and_marks_go() -> None:
    assert words("**every** {cadence} in `store`", lambda key: f"<{key}>") == "every <cadence> in store"
