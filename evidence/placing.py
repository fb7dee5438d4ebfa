"""Putting finished files into a folder: whole or not at all, and never over another file."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ai_data_strategy.errors import InputError

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)


def place(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write these files (relative path to content) and return their paths in the same order.

    A file that has this very content already is left as it is. Raises InputError, before anything is written, if another file has
    one of the names; and if the folder cannot be written to.
    """
    folder = folder.expanduser()
    paths = [folder / name for name in contents]
    try:
        for path, content in zip(paths, contents.values(), strict=True):
            if not is_free(path, content):
                raise InputError(
                    f"{path} exists and holds something else: it is never overwritten. Choose another folder, or move that file away."
                )
        for path, content in zip(paths, contents.values(), strict=True):
            _written(path, content)
    except OSError as error:
        raise InputError(
            f"cannot write into {folder}: {error.strerror or error}. Free space or choose another folder; nothing was overwritten."
        ) from error
    return paths


def is_free(path: Path, content: bytes) -> bool:
    """True if nothing has this name, or a file with this very content."""
    return not os.path.lexists(path) or (path.is_file() and path.read_bytes() == content)


def _written(path: Path, content: bytes) -> None:
    """The content goes to disk under another name first; a link then gives it its name and cannot overwrite."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:80]}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        _named(name, path, content)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def _named(name: str, path: Path, content: bytes) -> None:
    try:
        os.link(name, path)
    except FileExistsError:
        if not is_free(path, content):
            raise
    except OSError as error:
        if error.errno not in _NO_LINKS or os.path.lexists(path):
            raise
        os.rename(name, path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
