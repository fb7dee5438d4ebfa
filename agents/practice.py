"""What the sections of the flywheel practice share: a risk out of the playbook, and the check that an owner exists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ai_data_strategy.agents.section import Problem, Risk
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.playbook.desk import Desk


def risk(k: Desk, item: Mapping[str, Any], words: Mapping[str, str]) -> Risk:
    """A risk of a playbook topic in the blueprint's names; `duty` finds its owner."""
    said = {part: k.say(item[part], **words) for part in ("risk", "early_sign", "answer")}
    return Risk(**said, chance=item["chance"], harm=item["harm"], owner=k.role(item["duty"]))


def missing_role(field: str, role: str, sheet: Sheet) -> Iterator[Problem]:
    """A problem if a role id is not in the blueprint."""
    if role not in sheet.role_ids:
        yield Problem(field, f"{role!r} is no role of the blueprint: use one of {sorted(sheet.role_ids)}")
