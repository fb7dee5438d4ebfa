"""The host writer: whoever drives the tool is the model. Each call stops the run and hands out its messages and schema."""

from __future__ import annotations

from typing import TypedDict

from ai_data_strategy.errors import ReplyUnusable
from ai_data_strategy.models import M, Reply, Request, Spent
from ai_data_strategy.writers.replies import Json, strict_schema, validate_reply

__all__ = ["HostRequest", "HostWriter", "Message", "host_request", "validate_reply"]


class Message(TypedDict):
    """One chat message."""

    role: str
    content: str


class HostRequest(TypedDict):
    """What the host is asked for; `kind` tells it apart from clarifying questions."""

    kind: str
    id: str
    role: str
    section: str
    messages: list[Message]
    schema: Json


def host_request(request: Request[M]) -> HostRequest:
    """A model call as plain JSON."""
    messages = [Message(role="system", content=request.prefix), Message(role="user", content=request.suffix)]
    schema = strict_schema(request.schema)
    return HostRequest(kind="reply", id=request.id, role=request.role, section=request.section, messages=messages, schema=schema)


class HostWriter:
    """Interrupts the graph at each call; the run goes on when it is resumed with the reply.

    The service validates a reply with `validate_reply` before it resumes the run; here it is only a last guard.
    """

    name = "host"

    async def write(self, request: Request[M]) -> Reply[M]:
        from langgraph.types import interrupt  # heavy: only where a graph is running

        value = validate_reply(request.schema, interrupt(host_request(request)))
        if isinstance(value, list):
            raise ReplyUnusable(f"the host's reply to {request.id} does not fit its schema: {'; '.join(value)}")
        return Reply(value, self.name, Spent(self.name))
