"""Saving a document: whole or not at all, never over another one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ai_data_strategy.agents.strategy import Strategy, dump, load
from ai_data_strategy.blueprint import Blueprint
from ai_data_strategy.document.files import save
from ai_data_strategy.document.markdown import render
from ai_data_strategy.errors import InputError

StrategyOf = Callable[..., Strategy]
AS_NOBODY = "import os; os.setgid(65534); os.setuid(65534)" if hasattr(os, "geteuid") and os.geteuid() == 0 else "pass"
SMALL_DISK = (
    "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000))"
)


@pytest.fixture
def strategy(strategy_of: StrategyOf, helpdesk: Blueprint) -> Strategy:
    return strategy_of(helpdesk)


def saved_elsewhere(twin: Path, out: Path, first: str) -> subprocess.CompletedProcess[str]:
    """Save in a program of its own, after `first` has taken away rights or space."""
    program = (
        "import sys; from pathlib import Path\nfrom ai_data_strategy.agents.strategy import load\nfrom ai_data_strategy.document.files import save\n"
        "from ai_data_strategy.errors import InputError\nstrategy = load(Path(sys.argv[1]).read_text())\n"
        "save(strategy, Path(sys.argv[1]).parent / 'before')\n"
        f"{first}\ntry:\n    save(strategy, Path(sys.argv[2]))\nexcept InputError as error:\n    print(error)\nelse:\n    print('saved')\n"
    )
    return subprocess.run([sys.executable, "-c", program, str(twin), str(out)], capture_output=True, text=True, check=True)


def test_both_files_hold_the_strategy(strategy: Strategy, tmp_path: Path) -> None:
    saved = save(strategy, tmp_path / "new" / "folder")
    assert saved.markdown.read_text("utf-8") == render(strategy)
    assert load(saved.twin.read_text("utf-8")) == strategy
    assert sorted(path.name for path in saved.markdown.parent.iterdir()) == ["strategy.json", "strategy.md"]


def test_the_same_strategy_again_changes_nothing(strategy: Strategy, tmp_path: Path) -> None:
    first = save(strategy, tmp_path)
    stamp = first.markdown.stat().st_mtime_ns
    assert save(strategy, tmp_path) == first
    assert first.markdown.stat().st_mtime_ns == stamp
    assert len(list(tmp_path.iterdir())) == 2


def test_another_strategy_stands_beside_the_first(strategy: Strategy, tmp_path: Path) -> None:
    first = save(strategy, tmp_path)
    before = first.markdown.read_bytes()
    second = save(strategy.model_copy(update={"version": 2}), tmp_path)
    third = save(strategy.model_copy(update={"version": 3}), tmp_path)
    assert (second.markdown.name, second.twin.name, third.markdown.name) == ("strategy.v2.md", "strategy.v2.json", "strategy.v3.md")
    assert first.markdown.read_bytes() == before


def test_a_file_of_the_user_is_never_overwritten(strategy: Strategy, tmp_path: Path) -> None:
    (tmp_path / "strategy.md").write_text("my notes")
    assert save(strategy, tmp_path).markdown.name == "strategy.v2.md"
    assert (tmp_path / "strategy.md").read_text() == "my notes"


def test_a_pair_that_a_killed_program_left_half_is_completed(strategy: Strategy, tmp_path: Path) -> None:
    (tmp_path / "strategy.json").write_text(dump(strategy), "utf-8")
    assert save(strategy, tmp_path).markdown.name == "strategy.md"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["strategy.json", "strategy.md"]


def test_a_folder_that_is_a_file(strategy: Strategy, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(InputError, match="cannot write the strategy into"):
        save(strategy, tmp_path / "out")


@pytest.mark.parametrize(("first", "mode", "said"), [(AS_NOBODY, 0o555, "Permission denied"), (SMALL_DISK, 0o777, "File too large")])
def test_read_only_and_full_disks_leave_nothing_behind(strategy: Strategy, tmp_path: Path, first: str, mode: int, said: str) -> None:
    twin, out = tmp_path / "twin.json", tmp_path / "out"
    twin.write_text(dump(strategy), "utf-8")
    out.mkdir()
    out.chmod(mode)
    for folder in (*tmp_path.parents, tmp_path):
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    answer = saved_elsewhere(twin, out, first)
    assert said in answer.stdout and "nothing was changed" in answer.stdout
    assert list(out.iterdir()) == []
