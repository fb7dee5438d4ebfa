"""Untrusted text made safe for markdown: no HTML, link, image, heading, table or list can come out of it.

Kept: **bold**, *emphasis*, `code`, blank lines between paragraphs, and {key} references to quantities.
"""

from __future__ import annotations

import re
from collections.abc import Callable

REFERENCE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_SPAN = re.compile(r"(`[^`\n]+`|\*\*[^*\n]+\*\*|(?<![\w*])\*[^*\n]+\*(?![\w*]))")
# An underscore between letters or digits is no mark, nor is < before a space, & before no entity, # inside a word: they stay readable.
_SPECIAL = re.compile(r"[\\`*\[|~{]|(?<![^\W_])_|_(?![^\W_])|<(?![\s\d=])|&(?=#?\w)|(?<!\w)#|!(?=\[)")
_MAYBE_SPECIAL = re.compile(r"[\\`*\[|~{_<&#!]")
"""What every match of `_SPECIAL` holds: most texts hold none of it, which is quicker to see."""
_LEADING = re.compile(r"^(?:[-+](?=\s|$|-)|=|>|\d+[.)](?=\s|$)|:(?=-)|-(?=[:|]))")
_ADDRESS = re.compile(r"(?i)(://)|(\bwww)\.|(@)")
_JOINER = "\u2060"
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")


def references(text: str) -> list[str]:
    """Keys of the quantities that a text refers to."""
    return REFERENCE.findall(text)


def escape(text: str) -> str:
    """Plain text as one line of markdown that shows exactly that text."""
    return _start(_plain(_flat(text)))


def code(text: str) -> str:
    """Text as a code span."""
    flat = _flat(text).replace("`", "'").replace("|", "/")
    return f"`{flat}`" if flat else ""


def inline(text: str, number: Callable[[str], str]) -> str:
    """One paragraph: references become numbers (`number` gives safe markdown), marks are kept, all else is escaped."""
    return _start("".join(_span(part, number) for part in _SPAN.split(_flat(text))).strip())


def paragraphs(text: str, number: Callable[[str], str]) -> list[str]:
    """Each paragraph of a text as safe markdown."""
    return [shown for part in re.split(r"\n\s*\n", text) if (shown := inline(part, number))]


def _flat(text: str) -> str:
    return " ".join((text if text.isprintable() else _INVISIBLE.sub(" ", text)).split())


def _start(line: str) -> str:
    """The line without anything at its start that would make it a list, a quotation or a rule."""
    return _LEADING.sub(lambda m: f"{m[0][:-1]}\\{m[0][-1]}", line)


def _span(part: str, number: Callable[[str], str]) -> str:
    if len(part) > 2 and part[0] == part[-1] == "`" and not REFERENCE.search(part):
        return code(part[1:-1])
    for mark in ("**", "*"):
        if len(part) > 2 * len(mark) and part.startswith(mark) and part.endswith(mark):
            inner = _filled(part[len(mark) : -len(mark)].strip(), number)
            return f"{mark}{inner}{mark}" if inner else ""
    return _filled(part.strip("`") if REFERENCE.search(part) and part.startswith("`") else part, number)


def _filled(part: str, number: Callable[[str], str]) -> str:
    pieces = REFERENCE.split(part)
    return "".join(number(piece) if index % 2 else _plain(piece) for index, piece in enumerate(pieces))


def _plain(piece: str) -> str:
    escaped = _SPECIAL.sub(r"\\\g<0>", piece) if _MAYBE_SPECIAL.search(piece) else piece
    if "@" not in piece and "://" not in piece and "www" not in piece.lower():
        return escaped
    return _ADDRESS.sub(lambda m: f":{_JOINER}//" if m[1] else f"{m[2]}{_JOINER}." if m[2] else f"@{_JOINER}", escaped)
