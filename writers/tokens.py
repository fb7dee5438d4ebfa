"""Tokens of a text, counted with the o200k_base vocabulary that this package carries; never fails, never asks the network.

Models of other makers cut text differently: the count is then an estimate, and the usage that the service reports decides.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from ai_data_strategy.models import OnEvent, quiet

if TYPE_CHECKING:
    from tiktoken import Encoding

FILE_NAME = "fb374d419588a4632f3f557e76b4b70aebbca790"  # how tiktoken names o200k_base in its cache
SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
CHARACTERS_PER_TOKEN = 4
_PIECE = 20_000  # tiktoken's time and stack grow faster than the length of a text without spaces
_loading = threading.Lock()


class Tokens:
    """Counts tokens. `exact` is False if the vocabulary could not be loaded: then about a quarter of the characters."""

    def __init__(self, cache_folder: Path, on_event: OnEvent = quiet) -> None:
        self._folder = cache_folder / "tiktoken"
        self._on_event = on_event
        self.of_repeated = lru_cache(maxsize=64)(self.count)

    def count(self, text: str) -> int:
        """Tokens of a text. For texts that come again (prefix, schema) `of_repeated` counts once."""
        encoding = self._encoding
        if encoding is None:
            return -(-len(text) // CHARACTERS_PER_TOKEN)
        pieces = (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))
        return sum(len(encoding.encode_ordinary(piece)) for piece in pieces)

    @property
    def exact(self) -> bool:
        return self._encoding is not None

    @cached_property
    def _encoding(self) -> Encoding | None:
        try:
            return _load(self._folder)
        except (ImportError, OSError, ValueError) as error:
            self._on_event("tokens", f"tokens are estimated from the length of the text: {type(error).__name__}: {error}")
            return None


def unpack_vocabulary(folder: Path) -> Path:
    """The folder with the unpacked vocabulary; written once, whole or not at all, whichever process comes first."""
    target = folder / FILE_NAME
    if not _whole(target):
        folder.mkdir(parents=True, exist_ok=True)
        packed = (files("ai_data_strategy.writers") / "o200k_base.tiktoken.gz").read_bytes()
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as part:
            part.write(gzip.decompress(packed))
        os.replace(part.name, target)
    return folder


def _whole(path: Path) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == SHA256
    except OSError:
        return False


@lru_cache(maxsize=4)
def _load(folder: Path) -> Encoding:
    try:
        return _read(unpack_vocabulary(folder))
    except OSError:  # read-only or full: unpack beside, load, throw away
        with tempfile.TemporaryDirectory() as passing:
            return _read(unpack_vocabulary(Path(passing)))


def _read(folder: Path) -> Encoding:
    import tiktoken  # heavy: only where tokens are counted

    with _loading, _environment("TIKTOKEN_CACHE_DIR", str(folder)):
        return tiktoken.get_encoding("o200k_base")


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """tiktoken takes its folder from the environment only: set for the moment of loading, then put back."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
