"""What users hand in: briefs, answer files, reply files. Bad input gets a message that says what, where and what to do."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ai_data_strategy.errors import InputError

LARGEST_BRIEF = 200_000
"""Characters of a brief; a product description of more than about sixty pages is a data set, not a brief."""
SHORTEST_BRIEF = 8
LARGEST_FILE = 20_000_000


def brief_text(text: str) -> str:
    """A brief that can be worked on: not empty, not binary, not a data set; control characters are taken out."""
    if (
        "\x00" in text
        or sum(1 for char in text[:4000] if unicodedata.category(char) == "Cc" and char not in "\n\r\t\f") > len(text[:4000]) // 50
    ):
        raise InputError("the brief looks like a binary file: give a product description as plain text or markdown")
    clean = "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs", "Co", "Cn")).strip()
    if len(clean) < SHORTEST_BRIEF or not any(char.isalpha() for char in clean):
        raise InputError("the brief is empty: say in a sentence or more what the product is and what AI should do in it")
    if len(clean) > LARGEST_BRIEF:
        raise InputError(
            f"the brief has {len(clean):,} characters; at most {LARGEST_BRIEF:,} are read: give the product description, not its data"
        )
    return clean


def read_text(path: Path) -> str:
    """A text file in UTF-8 (with or without a mark) or UTF-16 with one."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InputError(f"{path}: {path.stat().st_size:,} bytes is too large")
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from error
    try:
        return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not text in UTF-8 (byte {error.start}): save it as UTF-8") from error


def mapping(path: Path, what: str) -> dict[str, Any]:
    """A JSON or YAML file that holds one mapping."""
    import yaml

    text = read_text(path)
    try:
        found = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{what} {path}: no valid JSON at line {error.lineno}, column {error.colno}: {error.msg}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InputError(f"{what} {path}: no valid YAML{place}") from error
    except RecursionError as error:
        raise InputError(f"{what} {path}: nested too deeply") from error
    if not isinstance(found, Mapping):
        raise InputError(f"{what} {path}: must be a mapping of ids to values, for example `volume: 900 a day`")
    return {str(key): value for key, value in found.items()}


def answers(path: Path) -> dict[str, str]:
    """Answers by question id; each is a text, a number or yes/no."""
    found = mapping(path, "answers")
    found = dict(found["answers"]) if isinstance(found.get("answers"), Mapping) else found
    wrong = [key for key, value in found.items() if not (value is None or isinstance(value, (str, int, float, bool)))]
    if wrong:
        raise InputError(f"answers {path}: {', '.join(wrong)} must be a text, a number, or yes/no")
    return {key: _said(value) for key, value in found.items() if value is not None}


def _said(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def replies(path: Path) -> dict[str, Any]:
    """Replies by request id: `{"replies": {id: object}}`."""
    found = mapping(path, "replies").get("replies")
    if not isinstance(found, Mapping):
        raise InputError(f'replies {path}: must be {{"replies": {{id: object}}}}, one object a request')
    return dict(found)


def pair(text: str) -> tuple[str, str]:
    """One `key=value` of the command line."""
    key, mark, value = text.partition("=")
    if not mark or not key.strip() or not value.strip():
        raise InputError(f"{text!r}: write it as question=answer, for example volume='900 tickets a day'")
    return key.strip(), value.strip()
