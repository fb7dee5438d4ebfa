"""Putting finished files into a folder: whole or not at all, and never over another file."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator, Mapping
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
            path.parent.mkdir(parents=True, exist_ok=True)
            with on_disk(path, content) as written:
                if not give_name(written, path, content):
                    raise FileExistsError(errno.EEXIST, "another program has just written it", str(path))
    except OSError as error:
        raise InputError(
            f"cannot write into {folder}: {error.strerror or error}. Free space or choose another folder; nothing was overwritten."
        ) from error
    return paths


def is_free(path: Path, content: bytes) -> bool:
    """True if nothing has this name, or a file with this very content."""
    return not os.path.lexists(path) or (path.is_file() and path.read_bytes() == content)


@contextlib.contextmanager
def on_disk(target: Path, content: bytes) -> Iterator[str]:
    """A temporary file beside `target` with the whole content safely on disk, readable as a new file would be; it is removed again."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:80]}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        yield name
    finally:
        Path(name).unlink(missing_ok=True)


def give_name(written: str, target: Path, content: bytes) -> bool:
    """Give a finished file its name; False if a file with other content has it. A link cannot overwrite, a rename could."""
    try:
        os.link(written, target)
    except FileExistsError:
        return is_free(target, content)
    except OSError as error:
        if error.errno not in _NO_LINKS or os.path.lexists(target):
            raise
        os.rename(written, target)
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
