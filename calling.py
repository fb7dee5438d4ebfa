"""One model call of a step: the request in, the value and what it cost out."""

from __future__ import annotations

from typing import TypeVar

from ai_data_strategy.agents.strategy import Usage
from ai_data_strategy.domain import Model
from ai_data_strategy.models import Reply, Request
from ai_data_strategy.state import Context, Json

M = TypeVar("M", bound=Model)


async def ask_writer(context: Context, request: Request[M]) -> Reply[M]:
    """Send one request to the run's writer, telling who listens."""
    context.on_event("call", request.id)
    reply = await context.writer.write(request)
    context.on_event("reply", request.id)
    return reply


def spent(request: Request[M], reply: Reply[M]) -> Json:
    """The state's entry for what a call cost, under the request's id, so that a replay never counts twice."""
    cost = reply.spent
    entry = {"role": request.role, "model": cost.model, "calls": cost.calls, "tokens_in": cost.tokens_in, "tokens_out": cost.tokens_out}
    return {request.id: {**entry, "cached": cost.cached, "cost": cost.cost}}


def dump(value: Model) -> Json:
    """A model as the JSON that the state keeps."""
    return value.model_dump(mode="json")


def summed(entries: Json) -> list[Usage]:
    """What the calls of a run cost together, by role and model; a cost is unknown as soon as one of its calls is."""
    groups: dict[tuple[str, str], list[Json]] = {}
    for entry in entries.values():
        groups.setdefault((entry["role"], entry["model"]), []).append(entry)
    return [_usage(role, model, calls) for (role, model), calls in sorted(groups.items())]


def _usage(role: str, model: str, calls: list[Json]) -> Usage:
    costs = [call["cost"] for call in calls]
    total = None if None in costs else sum(costs)
    numbers = {name: sum(call[name] for call in calls) for name in ("calls", "tokens_in", "tokens_out", "cached")}
    return Usage(role=role, model=model, cost=total, **numbers)
