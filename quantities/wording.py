"""Free text made flat: no HTML, markdown marks or control characters; one way to write quotes, dashes and spaces.

All patterns are linear in the length of the text.
"""

from __future__ import annotations

import html
import re
import unicodedata

LONGEST = 60_000
"""Characters of a text that are read; what comes after is ignored."""
_BREAKS = re.compile(r"(?i)<(?:/?(?:p|div|li|ul|ol|tr|td|th|h[1-6]|table|section|article|blockquote)|br)\b[^<>]{0,500}>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>")
_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\([^()\n]{0,500}\)")
_MARK = re.compile(r"(?m)\*{1,3}|__|~~|`{1,3}|^[ \t]{0,8}(?:#{1,6}|>+)[ \t]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffd]")
_STRANGE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]")
_ALIKE = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "‘": "'", "’": "'", "‚": "'", "`": "'", "“": '"', "”": '"', "„": '"',
                        "«": '"', "»": '"', "–": "-", "—": "-", "‑": "-", "−": "-", "…": "..."})  # fmt: skip


def flatten(text: str) -> str:
    """The text without HTML and markdown, line breaks kept, at most LONGEST characters."""
    text = unicodedata.normalize("NFC", text[:LONGEST])
    if "<" in text:
        text = _without(_without(text, "<script", "</script>", shown=False), "<style", "</style>", shown=False)
        text = _without(text, "<!--", "-->", shown=True)
        text = _TAG.sub("", _BREAKS.sub("\n", text))
    text = html.unescape(text) if "&" in text else text
    text = _LINK.sub(lambda match: match[1], text)
    return _CONTROL.sub(" ", _MARK.sub("", text.replace("\r", "\n")))


def _without(text: str, opening: str, closing: str, shown: bool) -> str:
    """The text without the marks and, unless `shown`, without what is between them; an opening that is never closed stays."""
    lowered, pieces, at = text.lower(), [], 0
    lowered = lowered if len(lowered) == len(text) else text
    while (start := lowered.find(opening, at)) >= 0 and (end := lowered.find(closing, start)) >= 0:
        pieces += [text[at:start], f"\n{text[start + len(opening) : end]}\n" if shown else " "]
        at = end + len(closing)
    return "".join((*pieces, text[at:]))


def alike(text: str) -> str:
    """The text with one kind of quote, dash and space, and single spaces: two texts that read the same are the same."""
    return " ".join(text.translate(_ALIKE).split())


def wordy(text: str) -> bool:
    """True if at least a third of what is not space are letters and hardly any are control characters; else it is binary or noise."""
    dense = [char for char in text[:4000] if not char.isspace()]
    letters = sum(char.isalpha() for char in dense)
    return bool(dense) and letters * 3 >= len(dense) and len(_STRANGE.findall(text[:4000])) * 50 <= len(dense)
