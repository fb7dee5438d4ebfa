"""Whether a mermaid diagram draws."""

from __future__ import annotations

from functools import cache

from merman import Merman  # type: ignore[import-untyped]


@cache
def _merman() -> Merman:
    return Merman()


def draws(source: str) -> bool:
    """True if the diagram is valid mermaid and cannot leave its code block."""
    return "```" not in source and bool(_merman().validate(source, "{}").valid)
