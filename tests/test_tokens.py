"""Token counts: exact, cached, the same whatever the cache folder does, and never a reason to fail."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

import pytest

from ai_data_strategy.writers.tokens import FILE_NAME, SHA256, Tokens, unpack_vocabulary


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("hello world", 2), ("<|endoftext|>", 7), ("Die Bestellung wurde storniert.", 7), ("\ud800", 1)],
)
def test_counts(text: str, tokens: int, tmp_path: Path) -> None:
    counter = Tokens(tmp_path)
    assert (counter.count(text), counter.exact) == (tokens, True)


def test_the_vocabulary_is_unpacked_once_and_whole_by_many_processes(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        folders = set(pool.map(unpack_vocabulary, [tmp_path] * 8))
    assert folders == {tmp_path}
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    assert sha256((tmp_path / FILE_NAME).read_bytes()).hexdigest() == SHA256


def test_a_damaged_vocabulary_is_mended(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"broken")
    unpack_vocabulary(tmp_path)
    assert sha256((tmp_path / FILE_NAME).read_bytes()).hexdigest() == SHA256


def test_a_folder_that_cannot_be_written_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    counter = Tokens(tmp_path / "file")
    assert (counter.count("hello world"), counter.exact) == (2, True)


def test_without_any_folder_a_quarter_of_the_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    events: list[tuple[str, str]] = []
    counter = Tokens(tmp_path / "file", lambda kind, text: events.append((kind, text)))
    assert (counter.count("hello world"), counter.exact) == (3, False)
    assert [kind for kind, _ in events] == ["tokens"]


def test_the_environment_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "mine")
    Tokens(tmp_path).count("x")
    assert os.environ["TIKTOKEN_CACHE_DIR"] == "mine"


@pytest.mark.parametrize("text", ["^" * 1_000_000, " " * 1_000_000, "ab" * 200_000])
def test_long_texts_without_words_are_counted(text: str, tmp_path: Path) -> None:
    assert 0 < Tokens(tmp_path).count(text) < len(text)
