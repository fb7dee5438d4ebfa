"""A writer with known faults: the playbook, whose draft of one section is spoilt in a way that a check finds."""

from __future__ import annotations

from typing import Any

from ai_data_strategy.interfaces.service import Service
from ai_data_strategy.interfaces.store import Run, Store
from ai_data_strategy.models import M, PlaybookWriter, Reply, Request

NOBODY = {"human": {"owner": "nobody"}}
"""Labelling that is owned by no role of the team."""


class Faulty(PlaybookWriter):
    """Spoils fields of one section's draft: field -> changed parts, or a new value."""

    def __init__(self, section: str, changes: dict[str, Any]) -> None:
        self._section, self._changes = section, changes

    async def write(self, request: Request[M]) -> Reply[M]:
        reply = await super().write(request)
        if not request.id.startswith(f"{self._section}.draft"):
            return reply
        draft: Any = reply.value
        update = {
            name: getattr(draft, name).model_copy(update=change) if isinstance(change, dict) else change
            for name, change in self._changes.items()
        }
        return Reply(draft.model_copy(update=update), reply.written_by, reply.spent)


def faulty_service(store: Store, section: str, changes: dict[str, Any]) -> Service:
    """A service over a store whose runs are written with faults."""

    async def writer(_run: Run, _store: Store) -> Faulty:
        return Faulty(section, changes)

    return Service(store, writer, lambda kind, text: None)
