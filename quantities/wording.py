"""Free text made flat: no HTML, markdown marks or control characters; one way to write quotes, dashes and spaces.

All patterns are linear in the length of the text.
"""

from __future__ import annotations

import html
import re
import unicodedata

LONGEST = 60_000
"""Characters of a text that are read; what comes after is ignored."""
_HIDDEN = re.compile(r"(?is)<(script|style)\b[^<>]{0,300}>.{0,20000}?</\1\s{0,9}>")
_BREAKS = re.compile(r"(?i)<(?:/?(?:p|div|li|ul|ol|tr|td|th|h[1-6]|table|section|article|blockquote)|br)\b[^<>]{0,500}>")
_COMMENT = re.compile(r"(?s)<!--(.{0,4000}?)-->")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>")
_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\([^()\n]{0,500}\)")
_MARK = re.compile(r"(?m)\*{1,3}|__|~~|`{1,3}|^[ \t]{0,8}(?:#{1,6}|>+)[ \t]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffd]")
_ALIKE = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "‘": "'", "’": "'", "‚": "'", "`": "'", "“": '"', "”": '"', "„": '"',
                        "«": '"', "»": '"', "–": "-", "—": "-", "‑": "-", "−": "-", "…": "..."})  # fmt: skip


def flatten(text: str) -> str:
    """The text without HTML and markdown, line breaks kept, at most LONGEST characters."""
    text = unicodedata.normalize("NFC", text[:LONGEST])
    if "<" in text:
        text = _HIDDEN.sub(" ", text)
        text = _COMMENT.sub(lambda match: f"\n{match[1]}\n", text)
        text = _TAG.sub("", _BREAKS.sub("\n", text))
    text = html.unescape(text) if "&" in text else text
    text = _LINK.sub(lambda match: match[1], text)
    return _CONTROL.sub(" ", _MARK.sub("", text.replace("\r", "\n")))


def alike(text: str) -> str:
    """The text with one kind of quote, dash and space, and single spaces: two texts that read the same are the same."""
    return " ".join(text.translate(_ALIKE).split())


def wordy(text: str) -> bool:
    """True if at least a third of what is not space are letters: else it is binary or noise, and nothing can be read from it."""
    dense = [char for char in text[:4000] if not char.isspace()]
    return bool(dense) and sum(char.isalpha() for char in dense) * 3 >= len(dense)
