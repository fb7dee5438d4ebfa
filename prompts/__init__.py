"""The prompts: one markdown file an agent, with a version in its front matter and named parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from ai_data_strategy.errors import InputError

_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_PART = re.compile(r"^# (\w+)\n", re.MULTILINE)


@dataclass(frozen=True)
class Prompt:
    """One prompt file: its version and its parts by name."""

    name: str
    version: int
    parts: dict[str, str]

    def text(self, *names: str, **values: str) -> str:
        """The named parts (all if none is named), with `$name` places filled; a missing part or value is an error."""
        chosen = names or tuple(self.parts)
        if missing := [name for name in chosen if name not in self.parts]:
            raise InputError(f"prompt {self.name}: no part {', '.join(missing)}; it has {', '.join(self.parts)}")
        text = "\n\n".join(self.parts[name] for name in chosen)
        if absent := sorted(set(re.findall(r"\$([a-z_]+)", text)) - set(values)):
            raise InputError(f"prompt {self.name}: no value for {', '.join(absent)}")
        return re.sub(r"\$([a-z_]+)", lambda match: values[match[1]], text)


@cache
def load(name: str) -> Prompt:
    """The prompt `name`.md of this folder."""
    raw = (files("ai_data_strategy.prompts") / f"{name}.md").read_text("utf-8")
    front = _FRONT.match(raw)
    if not front:
        raise InputError(f"prompt {name}: the file must begin with front matter that holds a version")
    pieces = _PART.split(raw[front.end() :])
    parts = {pieces[index]: pieces[index + 1].strip() for index in range(1, len(pieces), 2)}
    return Prompt(name, int(yaml.safe_load(front[1])["version"]), parts)


def versions() -> dict[str, int]:
    """The version of every prompt."""
    names = sorted(item.name.removesuffix(".md") for item in files("ai_data_strategy.prompts").iterdir() if item.name.endswith(".md"))
    return {name: load(name).version for name in names}
