"""The house: imports run one way, files stay short, a section is whole, --help loads nothing heavy."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from ai_data_strategy.agents import SECTIONS
from ai_data_strategy.agents.section import rubric

ROOT = Path(__file__).resolve().parent.parent
LAYERS = [
    {"errors"},
    {"domain"},
    {"blueprint"},
    {"placing", "settings"},
    {"quantities"},
    {"typeset"},
    {"models", "prompts", "playbook", "evidence"},
    {"writers"},
    {"agents"},
    {"document"},
    {"calling", "plan", "state", "section_graph", "steps", "graph"},
    {"interfaces"},
    {"evals"},
]
RANK = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms}
MODULES = [path for path in ROOT.rglob("*.py") if not {".venv", "build", "tests", ".types", "examples"} & set(path.relative_to(ROOT).parts)]


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return {name for name in names if name.startswith("ai_data_strategy.")}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    assert own in RANK, f"{own} has no place in the layers"
    upward = [name for name in imported(path) if RANK[room(name)] > RANK[own]]
    assert not upward, f"{path.name} imports from above: {upward}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_stay_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400


def test_there_are_fourteen_sections_in_order() -> None:
    assert [section.number for section in SECTIONS] == list(range(1, 15))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.key)
def test_a_section_is_whole(section: object) -> None:
    from ai_data_strategy.agents.section import Section

    assert isinstance(section, Section)
    wanted = {criterion.id for criterion in section.criteria("check")}
    assert wanted <= set(section.checks), f"agents/{section.key}.py lacks checks for {sorted(wanted - set(section.checks))}"
    prompt = files("ai_data_strategy.prompts") / f"{section.key}.md"
    assert prompt.is_file(), f"prompts/{section.key}.md is missing"


def test_every_check_criterion_is_decided_by_code() -> None:
    from ai_data_strategy.agents.consistency import CHECKS
    from ai_data_strategy.document.scoring import DOCUMENT

    decided = {criterion for section in SECTIONS for criterion in section.checks} | set(CHECKS) | set(DOCUMENT)
    missing = sorted(criterion.id for criterion in rubric() if criterion.kind == "check" and criterion.id not in decided)
    assert not missing, f"no code decides {missing}"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom ai_data_strategy.interfaces.cli import main\n"
        "try:\n    main(['draft', '--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'langgraph', 'langchain_core', 'langchain_openai', 'openai', 'pydantic', 'tiktoken', 'pint', 'babel'}\n"
        "sys.exit(','.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"--help loads {done.stderr}"


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.key)
def test_a_section_shows_its_annex(section: object) -> None:
    """An annex that a module writes and its section does not name would reach no reader."""
    module = importlib.import_module(f"ai_data_strategy.agents.{section.key}")  # type: ignore[attr-defined]
    assert not hasattr(module, "annex") or section.annex is module.annex  # type: ignore[attr-defined]
