"""Writing the document and its twin into a folder: whole or not at all, and never over another document."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ai_data_strategy.agents.strategy import Strategy, dump
from ai_data_strategy.document.markdown import compose
from ai_data_strategy.document.measurements import CHARTS, file_of
from ai_data_strategy.document.readback import assert_readable
from ai_data_strategy.errors import InputError
from ai_data_strategy.evidence.profile import Chart
from ai_data_strategy.placing import give_name, is_free, on_disk, place


@dataclass(frozen=True)
class Saved:
    """Where a document and its twin lie."""

    markdown: Path
    twin: Path


def save(strategy: Strategy, folder: Path) -> Saved:
    """Render, read back and write `strategy.md` and `strategy.json`; the next free version beside them if they exist.

    Writing the same strategy again changes nothing. Raises InputError if the folder cannot be written to or is full,
    DocumentError if the markdown does not read back; then nothing new is left behind.
    """
    composed, twin = compose(strategy), dump(strategy)
    text = composed.text
    assert_readable(text, strategy, composed)
    folder = folder.expanduser()
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_charts(strategy.profile.charts, folder / CHARTS, strategy.brief.language)
        for saved in _versions(folder):
            if _claim(saved, text.encode(), twin.encode()):
                return saved
    raise InputError(f"{folder} holds too many versions: choose another folder with --out")


def write_charts(charts: Sequence[Chart], folder: Path, language: str) -> None:
    """Each chart as SVG, PNG and Vega-Lite specification. Names hold a hash of the content, so nothing is ever overwritten."""
    for chart in charts:
        from ai_data_strategy.evidence.charts import rendered, specification  # loads the renderer: only where there is something to draw

        stem = folder / file_of(chart, language)
        files = {".vl.json": json.dumps(specification(chart, language), indent=1, ensure_ascii=False).encode()}
        if not all(stem.with_name(stem.name + ending).exists() for ending in (".svg", ".png")):
            with contextlib.suppress(ModuleNotFoundError):  # without the extra the specification alone is written
                files[".svg"], files[".png"] = rendered(chart, language)
        named = {f"{stem.name}{ending}": content for ending, content in files.items()}
        place(folder, {name: content for name, content in named.items() if not (folder / name).exists()})


def _versions(folder: Path) -> Iterator[Saved]:
    for number in range(1, 1000):
        stem = "strategy" if number == 1 else f"strategy.v{number}"
        yield Saved(folder / f"{stem}.md", folder / f"{stem}.json")


def _claim(saved: Saved, text: bytes, twin: bytes) -> bool:
    """Put both files in place; False if another strategy has one of the names. The twin goes first and holds the version.

    Both are whole on disk before either gets its name. A pair that a killed program left half is completed.
    """
    if not (is_free(saved.twin, twin) and is_free(saved.markdown, text)):
        return False
    with on_disk(saved.twin, twin) as twin_file, on_disk(saved.markdown, text) as text_file:
        if not give_name(twin_file, saved.twin, twin):
            return False
        if not give_name(text_file, saved.markdown, text):
            raise FileExistsError(errno.EEXIST, "another program has just written it", str(saved.markdown))
    _settle(saved.markdown.parent)
    return True


def _settle(folder: Path) -> None:
    """Make the new names last through a power cut, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(
            f"cannot write the strategy into {folder}: {error.strerror or error}. Free space or choose another folder with --out; nothing was changed."
        ) from error
