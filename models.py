"""The only door to language models: request, reply, what a call cost, the playbook writer, and the playbook standing in.

The other two writers are in `writers/`: `openai_writer.py` (any OpenAI-compatible model) and `host_writer.py` (whoever drives the tool).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, Literal, Protocol, TypeVar

from ai_data_strategy.domain import Model
from ai_data_strategy.errors import ReplyUnusable

M = TypeVar("M", bound=Model)
RoleName = Literal["planner", "writer", "reviewer", "assembler"]
OnEvent = Callable[[str, str], None]
Words = str | Callable[[], str]
"""A text, or what builds it."""


def quiet(kind: str, text: str) -> None:
    """The event callback that shows nothing."""


class Request(Generic[M]):
    """One model call: `prefix` is the same for all calls of a stage (prompt caches), `suffix` is what differs.

    `id` is unique in a run, for example `labelling.draft.1`. `playbook` writes the same reply without a model. A prompt given as a
    function is built only when a writer reads it.
    """

    def __init__(
        self, id: str, role: RoleName, section: str, prefix: Words, suffix: Words, schema: type[M], playbook: Callable[[], M]
    ) -> None:
        self.id = id
        self.role = role
        self.section = section
        self.schema = schema
        self.playbook = playbook
        self._prefix = prefix
        self._suffix = suffix

    @cached_property
    def prefix(self) -> str:
        return self._prefix if isinstance(self._prefix, str) else self._prefix()

    @cached_property
    def suffix(self) -> str:
        return self._suffix if isinstance(self._suffix, str) else self._suffix()


@dataclass(frozen=True)
class Spent:
    """Tokens and money of one call, its repeats included; cost is None if the price is unknown.

    `tokens_in`, `tokens_out` and `cached` are what the service reported (our own count if it reported nothing); `counted_in`
    and `counted_out` are our own count.
    """

    model: str
    tokens_in: int = 0
    tokens_out: int = 0
    cached: int = 0
    cost: float | None = 0.0
    calls: int = 0
    counted_in: int = 0
    counted_out: int = 0

    def plus(self, other: Spent) -> Spent:
        """Both together; an unknown cost stays unknown."""
        return Spent(
            self.model,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.cached + other.cached,
            None if self.cost is None or other.cost is None else self.cost + other.cost,
            self.calls + other.calls,
            self.counted_in + other.counted_in,
            self.counted_out + other.counted_out,
        )


@dataclass(frozen=True)
class Reply(Generic[M]):
    """A validated reply, who wrote it, what it cost, and why the playbook stood in ("" if it did not)."""

    value: M
    written_by: str
    spent: Spent
    fallback: str = ""


class Writer(Protocol):
    """One of the three writers."""

    @property
    def name(self) -> str: ...

    async def write(self, request: Request[M]) -> Reply[M]: ...


class PlaybookWriter:
    """The embedded default: deterministic domain knowledge, no network."""

    name = "playbook"

    async def write(self, request: Request[M]) -> Reply[M]:
        return Reply(request.playbook(), self.name, Spent(self.name))


class WastedReply(ReplyUnusable):
    """An unusable reply that was paid for: `spent` says how much."""

    def __init__(self, message: str, spent: Spent) -> None:
        super().__init__(message)
        self.spent = spent


class WithFallback:
    """A writer for which the playbook stands in when a reply is unusable; every other error goes up."""

    def __init__(self, writer: Writer, on_event: OnEvent = quiet) -> None:
        self._writer = writer
        self._on_event = on_event

    @property
    def name(self) -> str:
        return self._writer.name

    async def write(self, request: Request[M]) -> Reply[M]:
        try:
            return await self._writer.write(request)
        except ReplyUnusable as error:
            self._on_event("fallback", f"{request.id}: the playbook writes it, because {error}")
            spent = error.spent if isinstance(error, WastedReply) else Spent(self.name)
            return Reply(request.playbook(), PlaybookWriter.name, spent, fallback=str(error))
