"""Untrusted text made safe for markdown: no HTML, link, image, heading, table or list can come out of it.

Kept: **bold**, *emphasis*, `code`, blank lines between paragraphs, and {key} references to quantities.
"""

from __future__ import annotations

import re
from collections.abc import Callable

REFERENCE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_SPAN = re.compile(r"(`[^`\n]+`|\*\*[^*\n]+\*\*|(?<![\w*])\*[^*\n]+\*(?![\w*]))")
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#])")
_LEADING = re.compile(r"^(\s*)([-+=>]|\d+[.)])(?=\s|$|-|=)")
_ADDRESS = re.compile(r"(?i)(://)|(\bwww)\.|(@)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069]")


def references(text: str) -> list[str]:
    """Keys of the quantities that a text refers to."""
    return REFERENCE.findall(text)


def escape(text: str) -> str:
    """Plain text as one line of markdown that shows exactly that text."""
    flat = " ".join(_CONTROL.sub(" ", text).split())
    flat = _SPECIAL.sub(r"\\\1", flat)
    flat = _ADDRESS.sub(lambda m: ":\u2060//" if m[1] else f"{m[2]}\u2060." if m[2] else "@\u2060", flat)
    return _LEADING.sub(lambda m: f"{m[1]}{m[2][:-1]}\\{m[2][-1]}", flat)


def code(text: str) -> str:
    """Text as a code span."""
    flat = " ".join(_CONTROL.sub(" ", text).split()).replace("`", "'").replace("|", "/")
    return f"`{flat}`" if flat else ""


def inline(text: str, number: Callable[[str], str]) -> str:
    """One paragraph: references become numbers (`number` gives safe markdown), marks are kept, all else is escaped."""
    flat = " ".join(_CONTROL.sub(" ", text).split())
    return _LEADING.sub(lambda m: f"{m[1]}{m[2][:-1]}\\{m[2][-1]}", "".join(_span(part, number) for part in _SPAN.split(flat)))


def _span(part: str, number: Callable[[str], str]) -> str:
    if len(part) > 2 and part[0] == part[-1] == "`":
        return code(part[1:-1])
    for mark in ("**", "*"):
        if len(part) > 2 * len(mark) and part.startswith(mark) and part.endswith(mark):
            return f"{mark}{_filled(part[len(mark) : -len(mark)].strip(), number)}{mark}"
    return _filled(part, number)


def _filled(part: str, number: Callable[[str], str]) -> str:
    pieces = REFERENCE.split(part)
    return "".join(number(piece) if index % 2 else _plain(piece) for index, piece in enumerate(pieces))


def _plain(piece: str) -> str:
    piece = _SPECIAL.sub(r"\\\1", piece)
    return _ADDRESS.sub(lambda m: ":\u2060//" if m[1] else f"{m[2]}\u2060." if m[2] else "@\u2060", piece)


def paragraphs(text: str, number: Callable[[str], str]) -> list[str]:
    """Each paragraph of a text as safe markdown."""
    return [inline(part, number) for part in re.split(r"\n\s*\n", text) if part.strip()]
