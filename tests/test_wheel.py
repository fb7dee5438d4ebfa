"""The wheel holds every package and data file, and what is installed from it runs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = {"tests", "examples", "build", "dist"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from what git tracks, without touching the checkout."""
    source = tmp_path_factory.mktemp("source")
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    ).stdout
    for name in filter(None, names.decode().split("\0")):
        if (ROOT / name).is_file() and not (ROOT / name).is_symlink():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)], check=True, capture_output=True
    )
    return next(out.glob("*.whl"))


def test_every_module_and_data_file_is_in_the_wheel(wheel: Path) -> None:
    inside = {name.removeprefix("ai_data_strategy/") for name in zipfile.ZipFile(wheel).namelist()}
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    kinds = (".py", ".yaml", ".mo", ".gz", ".json", ".txt", ".md")
    wanted = {
        name for name in tracked
        if name.endswith(kinds) and name.split("/")[0] not in LEFT_OUT and not name.startswith(".") and (name.endswith(".py") or "/" in name) and (ROOT / name).is_file()
    }  # fmt: skip
    missing = sorted(name for name in wanted - inside if not name.startswith("evals/RESULTS"))
    assert not missing, f"not in the wheel: {missing}; list the package or its data in pyproject.toml"


def test_what_is_installed_writes_a_strategy(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(wheel)],
        check=True,
        capture_output=True,
    )
    code = (
        f"import sys; sys.path.insert(0, {str(target)!r}); sys.meta_path = [f for f in sys.meta_path if 'editable' not in type(f).__module__ + str(f)]\n"
        "import ai_data_strategy.interfaces.cli as cli; assert 'site' in cli.__file__, cli.__file__\n"
        f"sys.exit(cli.main(['draft', 'A bakery wants to forecast bread for 12 shops.', '--no-input', '--out', {str(tmp_path / 'out')!r}]))"
    )
    import os

    environment = {**os.environ, "AI_DATA_STRATEGY_DATA": str(tmp_path / "data"), "AI_DATA_STRATEGY_MODEL": "playbook"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode in (0, 4), done.stderr
    assert (tmp_path / "out" / "strategy.md").is_file()
