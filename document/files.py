"""Writing the document and its twin into a folder: whole or not at all, and never over another document."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ai_data_strategy.agents.strategy import Strategy, dump
from ai_data_strategy.document.markdown import compose
from ai_data_strategy.document.readback import assert_readable
from ai_data_strategy.errors import InputError

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)


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
        for saved in _versions(folder):
            if _claim(saved, text.encode(), twin.encode()):
                return saved
    raise InputError(f"{folder} holds too many versions: choose another folder with --out")


def _versions(folder: Path) -> Iterator[Saved]:
    for number in range(1, 1000):
        stem = "strategy" if number == 1 else f"strategy.v{number}"
        yield Saved(folder / f"{stem}.md", folder / f"{stem}.json")


def _claim(saved: Saved, text: bytes, twin: bytes) -> bool:
    """Put both files in place; False if another strategy has one of the names. The twin goes first and holds the version.

    Both are whole on disk before either gets its name. A pair that a killed program left half is completed.
    """
    if not (_is_free(saved.twin, twin) and _is_free(saved.markdown, text)):
        return False
    with _written(saved.twin, twin) as twin_file, _written(saved.markdown, text) as text_file:
        if not _place(twin_file, saved.twin, twin):
            return False
        if not _place(text_file, saved.markdown, text):
            raise FileExistsError(errno.EEXIST, "another program has just written it", str(saved.markdown))
    _settle(saved.markdown.parent)
    return True


def _is_free(target: Path, content: bytes) -> bool:
    return not target.exists() or target.read_bytes() == content


def _place(written: str, target: Path, content: bytes) -> bool:
    """Give a finished file its name unless another file has it; a link cannot overwrite, a rename could."""
    try:
        os.link(written, target)
    except FileExistsError:
        return target.read_bytes() == content
    except OSError as error:
        if error.errno not in _NO_LINKS or target.exists():
            raise
        os.rename(written, target)
    return True


@contextlib.contextmanager
def _written(target: Path, content: bytes) -> Iterator[str]:
    """A temporary file beside `target` with the whole content safely on disk; it is removed again."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        yield name
    finally:
        Path(name).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


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
