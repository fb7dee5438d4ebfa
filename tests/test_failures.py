"""Failures: the playbook passes its own checks, each check finds a planted fault, and the rendering is whole and safe."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, get_args

import pytest
from markdown_it import MarkdownIt

from ai_data_strategy.agents import failures
from ai_data_strategy.agents.failures import SECTION, Failures, playbook
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


def changed(draft: Failures, change: dict[str, Any]) -> Failures:
    return Failures.model_validate({**draft.model_dump(), **change})


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


def part(field: str, **change: Any) -> Change:
    return lambda d: {field: {**d[field], **change}}


FAULTS = [
    ("PR9", lambda d: {"classes": [c for c in d["classes"] if c["kind"] != "external_noise"]}, "'external_noise'"),
    ("PR9", lambda d: {"classes": [{**c, "example": " "} for c in d["classes"]]}, "'data_scarcity'"),
    ("PR10", part("priority", rule=" "), "the rule that ranks"),
    ("PR10", part("priority", owner="nobody"), "no role"),
    ("PR12", part("replay", pass_rule=""), "no pass_rule"),
    ("PR12", part("replay", environment=""), "no environment"),
    ("PR12", part("replay", items="undefined"), "'undefined'"),
    ("PR12", part("replay", trained_on=True), "memory"),
    ("PR12", part("path", enters_benchmark=True), "benchmark"),
    ("PR13", lambda d: {"whys": {**d["whys"], "answers": d["whys"]["answers"][:4]}}, "4 different answers"),
    ("PR13", lambda d: {"whys": {**d["whys"], "answers": ["Because it failed."] * 5}}, "1 different answers"),
    ("PR13", part("whys", action=""), "no action"),
    ("PR13", part("whys", due=date(2026, 1, 1)), "before today"),
    ("PR13", part("whys", lead="somebody"), "no role"),
    ("PR15", part("reporting", kept_high=""), "reports high"),
    ("PR16", part("dashboard", measures=[]), "measures"),
    ("PR16", part("dashboard", refresh="undefined"), "no value"),
    ("PR16", part("dashboard", audience=[]), "which roles"),
    ("PR17", part("trigger", event=""), "event"),
    ("PR17", part("trigger", threshold="undefined"), "no value"),
    ("PR17", part("trigger", approver="all"), "no role"),
]


def test_every_check_criterion_is_decided() -> None:
    assert set(SECTION.checks) == {criterion.id for criterion in SECTION.criteria("check")}


@pytest.mark.parametrize(("criterion", "change", "message"), FAULTS, ids=[f"{c}-{m}" for c, _, m in FAULTS])
def test_planted_fault_is_found(
    criterion: str, change: Change, message: str, payments: Blueprint, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    draft = playbook(desk_of(payments, "fraud"))
    broken = changed(draft, change(draft.model_dump()))
    found = next(v for v in SECTION.checks.verdicts(broken, sheet_of(SECTION, broken, payments)) if v.criterion == criterion)
    assert found.outcome == "not_met"
    assert message in found.why


def test_every_worked_example_is_a_chain_of_five_causes(helpdesk: Blueprint, desk_of: DeskOf) -> None:
    drafts = [playbook(desk_of(helpdesk, archetype)) for archetype in ARCHETYPES]
    assert all(answer.startswith("Because") for draft in drafts for answer in draft.whys.answers)
    assert len({draft.whys.answers[-1] for draft in drafts}) == len({draft.prose for draft in drafts}) == len(ARCHETYPES)


def test_rendering_is_whole_and_safe(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf) -> None:
    draft = playbook(desk_of(helpdesk, "text_classification"))
    nasty = changed(draft, {"replay": {**draft.replay.model_dump(), "holds": "<b>x</b> | [a](http://b)"}})
    view = view_of(sheet_of(SECTION, nasty, helpdesk))
    blocks = [*SECTION.render(nasty, view), *failures.annex(nasty, view)]
    assert all(len(row) == len(table.columns) for table in blocks if isinstance(table, Table) for row in table.rows)
    text = markdown(blocks)
    assert not kinds(text) & TRACES
    assert "Why 5" in text and "95% of the cases once mended" in text and "ticket_requeued" in text
