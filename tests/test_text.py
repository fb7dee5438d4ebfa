"""Untrusted text as markdown: nothing but text, emphasis and code comes out of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ai_data_strategy.typeset.text import code, escape, inline, paragraphs, references

FRAGMENTS = [
    "<script>", "<b", "<!-- ", "</p>", "[x](http://a.b)", "![i](x)", "[a]: http://x", "[^1]", "# h", "## ", "#", "| a | b |", "|---|---|", "|",
    "```", "~~~", "- ", "+ ", "* ", "1. ", "2) ", "> ", ">", "---", "===", "___", "***", "www.a.com", "http://a.b", "a@b.co", "<http://a.b>",
    "&lt;", "&#91;", "&", "\\", "`", "*", "**", "_", "__", "~~", "{examples_per_day}", "{", "}", "\n", "\n\n", "\r", "\t", "\u2028", "\x00", "\u202e",
    "\u2060", "\ufeff", "word", "5", " ", "    ", ":--", ":", "!", "é",
]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), min_size=1, max_size=8).map("".join)
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
BLOCKS = {"paragraph_open", "inline", "paragraph_close"}
INLINES = {"text", "strong_open", "strong_close", "em_open", "em_close", "code_inline", "text_special"}


def number(key: str) -> str:
    return "12"


def kinds(markdown: str) -> set[str]:
    tokens = PARSER.parse(markdown)
    return {token.type for token in tokens} | {child.type for token in tokens for child in token.children or []}


def shown(markdown: str) -> str:
    tokens = PARSER.parse(markdown)
    return "".join(child.content for token in tokens for child in token.children or [])


@settings(max_examples=400, deadline=None)
@given(HOSTILE)
def test_nothing_but_text_emphasis_and_code_comes_out(text: str) -> None:
    for markdown in (escape(text), inline(text, number), *paragraphs(text, number), code(text), f"- {inline(text, number)}"):
        extra = {"bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"} if markdown.startswith("- ") else set()
        assert kinds(markdown) <= BLOCKS | INLINES | extra, markdown


@settings(max_examples=400, deadline=None)
@given(HOSTILE)
def test_a_cell_never_grows_a_column_or_a_row(text: str) -> None:
    table = f"| a | b |\n| --- | --- |\n| {inline(text, number) or '–'} | {escape(text) or '–'} |"
    tokens = PARSER.parse(table)
    assert [token.type for token in tokens].count("tr_open") == 2
    assert [token.type for token in tokens].count("td_open") == 2
    cells = [token.content for token in tokens if token.type == "inline"][2:]
    assert cells == [inline(text, number).replace("\\|", "|") or "–", escape(text).replace("\\|", "|") or "–"]


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d",
        "5 * 3 = 15",
        "snake_case_name",
        "C# or F#",
        "R&D",
        "&lt;b&gt;",
        "[1] {key} ~ | ! \\",
        "1. first",
        "- dash",
        "#tag",
        "`tick",
    ],
)
def test_escaped_text_shows_as_written(text: str) -> None:
    assert shown(escape(text)) == text


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("**Bold** and *lean* and `code`", "**Bold** and *lean* and `code`"),
        ("{tickets} tickets a day", "12 tickets a day"),
        ("`{tickets}` tickets", "12 tickets"),
        ("snake_case stays, _this_ does not lean", "snake_case stays, \\_this\\_ does not lean"),
        ("{n}. of all", "12\\. of all"),
    ],
)
def test_marks_and_references(text: str, markdown: str) -> None:
    assert inline(text, number) == markdown


@pytest.mark.parametrize("text", ["see http://a.b/c", "see www.a.com", "mail a@b.co"])
def test_addresses_do_not_become_links(text: str) -> None:
    assert "\u2060" in escape(text)
    assert "\u2060" in inline(text, number)


def test_paragraphs_are_split_at_blank_lines_only() -> None:
    assert paragraphs("one\nline\n\ntwo\n \nthree", number) == ["one line", "two", "three"]


def test_references_are_found() -> None:
    assert references("{a} and {b_1}, not {C} or { d }") == ["a", "b_1"]
