"""Replies of a host's model, held against the types of the requests they answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_data_strategy.agents import BY_KEY
from ai_data_strategy.agents.assembly import Assembly
from ai_data_strategy.agents.clarification import Clarification
from ai_data_strategy.agents.memo import Memo
from ai_data_strategy.agents.reconciler import WholeReview
from ai_data_strategy.agents.reviewer import Review, patch_type
from ai_data_strategy.blueprint import Blueprint
from ai_data_strategy.domain import Model
from ai_data_strategy.writers.host_writer import validate_reply

WHOLE: dict[str, type[Model]] = {
    "clarify": Clarification,
    "memo": Memo,
    "blueprint": Blueprint,
    "reconcile": WholeReview,
    "assemble": Assembly,
}
"""The types that answer the requests that are about no single section, by the first word of their ids."""


def reply_type(request: Mapping[str, Any]) -> type[Model]:
    """The type that answers a request, from its id (`section.step.turn`) and its schema's fields."""
    first, *rest = str(request["id"]).split(".")
    fields = list(request["schema"]["properties"])
    if first in BY_KEY:
        section = BY_KEY[first]
        return section.draft if rest[0] == "draft" else Review if rest[0] == "review" else patch_type(section.draft, fields)
    return patch_type(WHOLE[first], fields) if rest[:1] == ["mend"] else WHOLE[first]


def accepted(replies: Mapping[str, Any], waiting: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Replies that fit, and for each of the others why it was refused. `waiting` maps request ids to their requests."""
    good: dict[str, Any] = {}
    refused: dict[str, list[str]] = {}
    for id_, value in replies.items():
        if id_ not in waiting:
            refused[id_] = [f"no request has this id; waiting are {', '.join(sorted(waiting)) or 'none'}"]
            continue
        found = validate_reply(reply_type(waiting[id_]), value)
        if isinstance(found, list):
            refused[id_] = found
        else:
            good[id_] = value
    return good, refused
