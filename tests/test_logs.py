"""Logs: the playbook passes its own checks, each check finds a planted fault, and the rendering is whole and safe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest
from markdown_it import MarkdownIt

from ai_data_strategy.agents import logs
from ai_data_strategy.agents.logs import SECTION, Logs, playbook
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.blueprint import Archetype, Blueprint
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.typeset.blocks import Table, markdown
from ai_data_strategy.typeset.view import View

ARCHETYPES: tuple[Archetype, ...] = tuple(name for name in get_args(Archetype) if name != "rules")
DeskOf = Callable[[Blueprint, Archetype], Desk]
SheetOf = Callable[..., Sheet]
ViewOf = Callable[[Sheet], View]
Change = Callable[[dict[str, Any]], dict[str, Any]]
TRACES = {"html_inline", "html_block", "link_open", "image", "heading_open", "list_item_open"}


def kinds(text: str) -> set[str]:
    """Types of all markdown tokens of a text."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    return {inner.type for token in tokens for inner in (token, *(token.children or []))}


def changed(draft: Logs, change: dict[str, Any]) -> Logs:
    return Logs.model_validate({**draft.model_dump(), **change})


@pytest.mark.parametrize("archetype", ARCHETYPES)
@pytest.mark.parametrize("product", ["helpdesk", "payments"])
def test_playbook_passes_every_check(
    product: str, archetype: Archetype, request: pytest.FixtureRequest, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    desk = desk_of(request.getfixturevalue(product), archetype)
    draft = playbook(desk)
    sheet = sheet_of(SECTION, draft, desk.blueprint)
    assert [v for v in SECTION.checks.verdicts(draft, sheet) if v.outcome != "met"] == []
    assert [entry.problem for entry in sheet.ledger.entries.values() if entry.problem] == []
    fields = {field.id for field in draft.fields}
    assert all(set(item.shown_by) <= fields for item in draft.degradations)


def without(part: str) -> Change:
    return lambda d: {"fields": [field for field in d["fields"] if field["part"] != part]}


def untreated(d: dict[str, Any]) -> dict[str, Any]:
    return {"fields": [{**field, "sensitivity": "free_text", "treatment": None} for field in d["fields"]]}


def impersonal(d: dict[str, Any]) -> dict[str, Any]:
    return {"fields": [{**field, "sensitivity": "none"} for field in d["fields"]]}


FAULTS = [
    ("PR1", without("latency"), "no log field holds the latency"),
    ("PR1", without("model_version"), "model_version"),
    ("PR2", without("environment"), "0 environment fields"),
    ("PR3", lambda d: {"anomalies": []}, "no alarm"),
    ("PR3", lambda d: {"anomalies": [{**d["anomalies"][0], "threshold": "nobody_defined_it"}]}, "has no value"),
    ("PR3", lambda d: {"anomalies": [{**d["anomalies"][0], "alerts": "the_team"}]}, "no role"),
    ("PR3", lambda d: {"anomalies": [{**d["anomalies"][0], "method": " "}]}, "signal and a method"),
    ("PR5", lambda d: {"stack": {**d["stack"], "chosen": "ELK or CloudWatch"}}, "menu"),
    ("PR5", lambda d: {"quantities": [q for q in d["quantities"] if q["key"] != "bytes_per_entry"]}, "bytes_per_entry"),
    ("PR6", untreated, "has no treatment"),
    ("PR6", impersonal, "no log field is marked as personal"),
]


def test_every_check_criterion_is_decided() -> None:
    assert set(SECTION.checks) == {criterion.id for criterion in SECTION.criteria("check")}


@pytest.mark.parametrize(("criterion", "change", "message"), FAULTS, ids=[f"{c}-{m}" for c, _, m in FAULTS])
def test_planted_fault_is_found(
    criterion: str, change: Change, message: str, payments: Blueprint, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    draft = playbook(desk_of(payments, "fraud"))
    broken = changed(draft, change(draft.model_dump()))
    verdicts = SECTION.checks.verdicts(broken, sheet_of(SECTION, broken, payments))
    found = next(v for v in verdicts if v.criterion == criterion)
    assert found.outcome == "not_met"
    assert message in found.why


def test_growth_follows_from_entries_and_size(payments: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    draft = playbook(desk_of(payments, "fraud"))
    ledger = sheet_of(SECTION, draft, payments).ledger
    assert ledger.number("entries_per_day", "entries/day") == pytest.approx(21000 * 1.1)
    assert ledger.number("log_growth", "GB/month", "low") == pytest.approx(3000 * 21000 * 1.1 * 365 / 12 / 1e9)
    assert ledger.number("log_volume_kept", "GB", "low") == pytest.approx(3000 * 21000 * 1.1 * 800 / 1e9)


def test_without_personal_data_nothing_needs_a_treatment(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    plain = helpdesk.model_copy(update={"task": helpdesk.task.model_copy(update={"personal_data": False})})
    draft = playbook(desk_of(plain, "maintenance"))
    assert {field.sensitivity for field in draft.fields} == {"none"}
    assert next(v for v in SECTION.checks.verdicts(draft, sheet_of(SECTION, draft, plain)) if v.criterion == "PR6").outcome == "met"


def test_rendering_is_whole_and_safe(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf) -> None:
    draft = playbook(desk_of(helpdesk, "text_classification"))
    nasty = changed(draft, {"log": "<img src=x> | `evil`", "prose": "# Heading\n\n<script>x</script> {log_growth}"})
    view = view_of(sheet_of(SECTION, nasty, helpdesk))
    blocks = [*SECTION.render(nasty, view), *logs.annex(nasty, view)]
    assert all(len(row) == len(table.columns) for table in blocks if isinstance(table, Table) for row in table.rows)
    text = markdown(blocks)
    assert not kinds(text) & TRACES
    assert "GB a month" in text and "PostgreSQL" in text and "`text_language`" in text


def test_archetypes_differ(helpdesk: Blueprint, desk_of: DeskOf) -> None:
    drafts = [playbook(desk_of(helpdesk, archetype)) for archetype in ARCHETYPES]
    assert len({draft.prose for draft in drafts}) == len({draft.degradations[0].pattern for draft in drafts}) == len(ARCHETYPES)
