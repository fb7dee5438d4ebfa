"""The command line as a user meets it: a program of its own, its output, its exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


class Cli:
    """Runs the command in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI", "AI_DATA"))}
        self.environment = {**kept, "AI_DATA_STRATEGY_DATA": str(folder / "data"), "AI_DATA_STRATEGY_CACHE": str(folder / "cache")}

    def __call__(self, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ai_data_strategy.interfaces.cli", *arguments]
        done = subprocess.run(command, cwd=self.folder, input=given, capture_output=True, env=self.environment, timeout=120, check=False)
        result = subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in result.stderr, result.stderr
        return result


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)
