"""The command line inside this program: the same arguments, output and exit codes as in `tests.cli`, without its start of two seconds."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ai_data_strategy.interfaces.cli import main


class Here:
    """Runs commands in a folder of their own."""

    def __init__(self, folder: Path, shown: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._shown = shown

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        self._shown.readouterr()
        with ThreadPoolExecutor(1) as other:  # a thread of its own, so that a test that runs a loop can call it too
            code = other.submit(_code, list(arguments)).result()
        said = self._shown.readouterr()
        return subprocess.CompletedProcess(arguments, code, said.out, said.err)


def _code(arguments: list[str]) -> int:
    try:
        return main(arguments)
    except SystemExit as stopped:  # argparse, on wrong usage
        return int(stopped.code or 0)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    for name in (
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "AI_DATA_STRATEGY_API_KEY",
        "AI_DATA_STRATEGY_MODEL",
        "AI_DATA_STRATEGY_DATABASE_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AI_DATA_STRATEGY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("AI_DATA_STRATEGY_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return Here(tmp_path, capsys)
