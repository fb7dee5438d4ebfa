"""Settings: precedence, the writer they choose, faults by variable, and secrets that stay hidden."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ai_data_strategy.errors import InputError
from ai_data_strategy.settings import VARIABLES, Settings, read_settings

SECRET = "sk-test-0123456789abcdef"


@pytest.mark.parametrize(
    ("environment", "options", "kind", "model"),
    [
        ({}, {}, "playbook", "gpt-5"),
        ({"OPENAI_API_KEY": SECRET}, {}, "openai", "gpt-5"),
        ({"OPENAI_API_KEY": SECRET}, {"model": "playbook"}, "playbook", "playbook"),
        ({"AI_DATA_STRATEGY_BASE_URL": "http://localhost:8000/v1"}, {"model": "qwen"}, "openai", "qwen"),
        ({"AI_DATA_STRATEGY_MODEL": "host"}, {}, "host", "host"),
        ({"AI_DATA_STRATEGY_MODEL": "host"}, {"model": "gpt-4.1"}, "openai", "gpt-4.1"),
        ({"OPENAI_API_KEY": "  "}, {}, "playbook", "gpt-5"),
    ],
)
def test_the_writer_follows_from_what_is_set(
    environment: dict[str, str], options: dict[str, object], kind: str, model: str, tmp_path: Path
) -> None:
    settings = read_settings(options, environment, tmp_path)
    assert (settings.kind, settings.model_name) == (kind, model)


def test_options_win_over_environment_and_environment_over_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        f"OPENAI_API_KEY={SECRET}\nAI_DATA_STRATEGY_MODEL=from-file\nAI_DATA_STRATEGY_TIMEOUT=11\nAI_DATA_STRATEGY_CONCURRENCY=3\n"
    )
    environment = {"AI_DATA_STRATEGY_MODEL": "from-environment", "AI_DATA_STRATEGY_TIMEOUT": "22"}
    settings = read_settings({"timeout": 33.0, "model": None}, environment, tmp_path)
    assert (settings.model, settings.timeout, settings.concurrency) == ("from-environment", 33.0, 3)
    assert settings.require_key().get_secret_value() == SECRET


def test_own_key_wins_over_openais(tmp_path: Path) -> None:
    settings = read_settings({}, {"OPENAI_API_KEY": "theirs", "AI_DATA_STRATEGY_API_KEY": "ours"}, tmp_path)
    assert settings.require_key().get_secret_value() == "ours"


def test_models_by_role(tmp_path: Path) -> None:
    settings = read_settings({}, {"AI_DATA_STRATEGY_MODEL_PLANNER": "big", "AI_DATA_STRATEGY_MODEL_REVIEWER": "other"}, tmp_path)
    assert settings.models_by_role == {"planner": "big", "reviewer": "other"}


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"AI_DATA_STRATEGY_TIMEOUT": "soon"}, "AI_DATA_STRATEGY_TIMEOUT"),
        ({"AI_DATA_STRATEGY_MAX_TOKENS": "-5"}, "AI_DATA_STRATEGY_MAX_TOKENS"),
        ({"OPENAI_BASE_URL": f"localhost/{SECRET}"}, "AI_DATA_STRATEGY_BASE_URL"),
        ({"AI_DATA_STRATEGY_MAX_COST": "0"}, "--max-cost"),
    ],
)
def test_a_fault_names_the_variable_and_not_the_value(environment: dict[str, str], named: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=named) as caught:
        read_settings({}, environment, tmp_path)
    assert not any(value in str(caught.value) for value in environment.values() if len(value) > 3)


def test_an_unreadable_dotenv_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"OPENAI_API_KEY=\xff\xfe\n")
    with pytest.raises(InputError, match=r"\.env cannot be read"):
        read_settings({}, {}, tmp_path)


def test_openai_without_a_key_says_what_to_set_and_other_servers_need_none() -> None:
    with pytest.raises(InputError, match="OPENAI_API_KEY"):
        Settings(model="gpt-5").require_key()
    assert Settings(base_url="http://localhost:1/v1").require_key().get_secret_value()


def test_secrets_do_not_show() -> None:
    settings = Settings(key=SECRET, database=f"postgresql://user:{SECRET}@host/db")
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()} {vars(settings)}"


def test_every_setting_has_a_variable() -> None:
    assert set(VARIABLES) == set(Settings.model_fields)


def test_reading_settings_imports_nothing_heavy() -> None:
    heavy = "{'langgraph', 'langchain_core', 'langchain_openai', 'openai', 'tiktoken', 'psycopg'}"
    code = f"import sys; from ai_data_strategy.settings import read_settings; read_settings(); assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
