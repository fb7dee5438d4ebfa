"""The only door to language models, and the three writers behind it: playbook, an OpenAI-compatible model, the host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from ai_data_strategy.domain import Model

M = TypeVar("M", bound=Model)
RoleName = Literal["planner", "writer", "reviewer", "assembler"]


@dataclass(frozen=True)
class Request(Generic[M]):
    """One model call: `prefix` is the same for all calls of a stage (prompt caches), `suffix` is what differs.

    `id` is unique in a run, for example `labelling.draft.1`. `playbook` writes the same reply without a model.
    """

    id: str
    role: RoleName
    section: str
    prefix: str
    suffix: str
    schema: type[M]
    playbook: Callable[[], M]


@dataclass(frozen=True)
class Spent:
    """Tokens and money of one call; cost is None if the price is unknown."""

    model: str
    tokens_in: int = 0
    tokens_out: int = 0
    cached: int = 0
    cost: float | None = 0.0
    calls: int = 0


@dataclass(frozen=True)
class Reply(Generic[M]):
    """A validated reply, who wrote it, what it cost, and why the playbook stood in ("" if it did not)."""

    value: M
    written_by: str
    spent: Spent
    fallback: str = ""


class Writer(Protocol):
    """One of the three writers."""

    name: str

    async def write(self, request: Request[M]) -> Reply[M]: ...


class PlaybookWriter:
    """The embedded default: deterministic domain knowledge, no network."""

    name = "playbook"

    async def write(self, request: Request[M]) -> Reply[M]:
        return Reply(request.playbook(), self.name, Spent(self.name))
