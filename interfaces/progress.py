"""Progress on standard error: a live table on a terminal, one line an event otherwise."""

from __future__ import annotations

import sys
import time
from typing import Any, Protocol

from ai_data_strategy.agents import SECTIONS

TITLES = {section.key: section.title for section in SECTIONS}


class Progress(Protocol):
    """Hears what happens in a run."""

    def __enter__(self) -> Progress: ...
    def __exit__(self, *error: object) -> None: ...
    def event(self, kind: str, text: str) -> None: ...


class Quiet:
    """Says nothing (JSON output)."""

    def __enter__(self) -> Quiet:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def event(self, kind: str, text: str) -> None:
        return None


class Lines(Quiet):
    """One line an event: for logs and pipes."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def event(self, kind: str, text: str) -> None:
        if kind != "call":
            sys.stderr.write(f"{time.monotonic() - self._began:7.1f}s  {kind:8} {text}\n")
            sys.stderr.flush()


class Live(Quiet):
    """A table of the sections with state, open findings and calls, redrawn in place."""

    def __init__(self) -> None:
        from rich.live import Live as RichLive  # only for a terminal

        self._state: dict[str, str] = {}
        self._findings: dict[str, str] = {}
        self._calls = 0
        self._last = ""
        self._live = RichLive(self._table(), refresh_per_second=8, transient=True, console=_console())

    def __enter__(self) -> Live:
        self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.__exit__(None, None, None)

    def event(self, kind: str, text: str) -> None:
        first = text.split(" ")[0].split(".")[0].rstrip(":")
        if kind == "call":
            self._state[first] = text.split(".")[1] if first in TITLES and "." in text else "works"
        elif kind == "reply":
            self._calls += 1
        elif kind == "section":
            name, _, open_ = text.partition(" ")
            self._state[name], self._findings[name] = "reviewed", open_
        else:
            self._last = f"{kind}: {text}"
        self._live.update(self._table())

    def _table(self) -> Any:
        from rich.table import Table

        table = Table(box=None, padding=(0, 2), caption=f"{self._calls} replies  {self._last}"[:110], caption_justify="left")
        for column in ("section", "state", "open findings"):
            table.add_column(column)
        for key, title in TITLES.items():
            table.add_row(title, self._state.get(key, "waits"), self._findings.get(key, ""))
        return table


def _console() -> Any:
    from rich.console import Console

    return Console(stderr=True)


def progress(quiet: bool) -> Any:
    """The right listener for where standard error goes."""
    if quiet:
        return Quiet()
    return Live() if sys.stderr.isatty() else Lines()
