"""All settings, read once: options of the call first, then the environment, then a `.env` file in the working folder.

The only reader of the environment. Secrets are SecretStr: they show as asterisks wherever they are printed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_cache_path, user_data_path
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from ai_data_strategy.errors import InputError

APPLICATION = "ai-data-strategy"
DEFAULT_MODEL = "gpt-5"
PREFIX = "AI_DATA_STRATEGY_"
Role = Literal["planner", "writer", "reviewer", "assembler"]

# Each setting and the variables it is read from, the first that is set.
VARIABLES: Mapping[str, tuple[str, ...]] = {
    "key": (PREFIX + "API_KEY", "OPENAI_API_KEY"),
    "base_url": (PREFIX + "BASE_URL", "OPENAI_BASE_URL"),
    "model": (PREFIX + "MODEL",),
    "planner": (PREFIX + "MODEL_PLANNER",),
    "writer": (PREFIX + "MODEL_WRITER",),
    "reviewer": (PREFIX + "MODEL_REVIEWER",),
    "assembler": (PREFIX + "MODEL_ASSEMBLER",),
    "timeout": (PREFIX + "TIMEOUT",),
    "concurrency": (PREFIX + "CONCURRENCY",),
    "output_tokens": (PREFIX + "OUTPUT_TOKENS",),
    "max_tokens": (PREFIX + "MAX_TOKENS",),
    "max_cost": (PREFIX + "MAX_COST",),
    "prices": (PREFIX + "PRICES",),
    "database": (PREFIX + "DATABASE_URL",),
    "data_folder": (PREFIX + "DATA",),
    "cache_folder": (PREFIX + "CACHE",),
}

Url = Annotated[str, Field(pattern=r"^https?://\S+$")]


class Settings(BaseModel):
    """What a run needs to know about its surroundings."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    key: SecretStr | None = None
    base_url: Url | None = None
    model: str | None = None
    planner: str | None = None
    writer: str | None = None
    reviewer: str | None = None
    assembler: str | None = None
    timeout: float = Field(default=300.0, gt=0, description="seconds for one reply")
    concurrency: int = Field(default=16, ge=1, le=1000, description="calls at a time")
    output_tokens: int = Field(default=16_000, ge=100, description="most tokens of one reply")
    max_tokens: int | None = Field(default=None, ge=1)
    max_cost: float | None = Field(default=None, gt=0)
    prices: Path | None = None
    database: SecretStr | None = Field(default=None, description="Postgres address; SQLite in the data folder if it is not set")
    data_folder: Path = Field(default_factory=lambda: user_data_path(APPLICATION, appauthor=False))
    cache_folder: Path = Field(default_factory=lambda: user_cache_path(APPLICATION, appauthor=False))

    @property
    def kind(self) -> Literal["playbook", "openai", "host"]:
        """Which writer serves: the one that is named, or a model as soon as a key or an address is there, or the playbook."""
        if self.model == "playbook":
            return "playbook"
        if self.model == "host":
            return "host"
        return "openai" if self.key or self.base_url or self.model else "playbook"

    @property
    def model_name(self) -> str:
        """The model's name."""
        return self.model or DEFAULT_MODEL

    @property
    def models_by_role(self) -> dict[Role, str]:
        """The models of the roles that have their own."""
        roles: tuple[Role, ...] = ("planner", "writer", "reviewer", "assembler")
        return {role: name for role in roles if (name := getattr(self, role))}

    def require_key(self) -> SecretStr:
        """The key. Servers at another address than OpenAI's may need none.

        Raises: InputError if there is none and the address is OpenAI's.
        """
        if self.key:
            return self.key
        if self.base_url:
            return SecretStr("none")
        raise InputError(
            f"--model {self.model_name} needs a key: set OPENAI_API_KEY, or --base-url for a server of your own, or leave --model out."
        )


def read_settings(
    options: Mapping[str, object] | None = None, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Settings:
    """Settings from options (None means not given), environment and `.env`.

    Raises: InputError that names the variable and the fault, never the value.
    """
    found = _from_variables({**_dotenv((folder or Path.cwd()) / ".env"), **_filled(environment if environment is not None else os.environ)})
    found |= {name: value for name, value in (options or {}).items() if value is not None}
    try:
        return Settings.model_validate(found)
    except ValidationError as error:
        raise InputError("; ".join(f"{_variable(item['loc'])}: {item['msg']}" for item in error.errors(include_input=False))) from None


def _from_variables(variables: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for setting, names in VARIABLES.items():
        value = next((variables[name] for name in names if name in variables), None)
        if value is not None:
            found[setting] = value
    return found


def _filled(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value.strip() for name, value in variables.items() if value.strip()}


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values  # only where there is such a file

    try:
        return _filled({name: value or "" for name, value in dotenv_values(path, interpolate=False).items()})
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} cannot be read ({type(error).__name__}): mend it or move it away.") from None


def _variable(location: tuple[int | str, ...]) -> str:
    setting = str(location[0]) if location else ""
    names = VARIABLES.get(setting)
    return f"{setting} (--{setting.replace('_', '-')} or {names[0]})" if names else setting
