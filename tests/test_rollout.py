"""Roll-out: the playbook passes its own checks, each check finds a planted fault, money adds up, the chart is valid."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, get_args

import pytest
from markdown_it import MarkdownIt
from merman import Merman  # type: ignore[import-untyped]

from ai_data_strategy.agents import rollout
from ai_data_strategy.agents.rollout import SECTION
from ai_data_strategy.agents.rollout_desk import playbook
from ai_data_strategy.agents.rollout_fields import Rollout
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.blueprint import Archetype, Blueprint
from ai_data_strategy.domain import Quantity
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


def elsewhere(blueprint: Blueprint) -> list[Quantity]:
    """What the labelling, logs and retraining sections would define."""
    amounts = {"labelling_cost": ("{}", 5000), "storage_cost": ("{}/year", 1200), "training_cost": ("{}/year", 2000)}
    return [
        Quantity(key=key, meaning=key, unit=unit.format(blueprint.currency), value=value, basis="proposed", source="product_owner")
        for key, (unit, value) in amounts.items()
    ]


def changed(draft: Rollout, change: dict[str, Any]) -> Rollout:
    return Rollout.model_validate({**draft.model_dump(), **change})


@pytest.mark.parametrize("archetype", ARCHETYPES)
@pytest.mark.parametrize("product", ["helpdesk", "payments"])
def test_playbook_passes_every_check(
    product: str, archetype: Archetype, request: pytest.FixtureRequest, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    desk = desk_of(request.getfixturevalue(product), archetype)
    draft = playbook(desk)
    sheet = sheet_of(SECTION, draft, desk.blueprint, elsewhere(desk.blueprint))
    assert [v for v in SECTION.checks.verdicts(draft, sheet) if v.outcome != "met"] == []
    assert [entry.problem for entry in sheet.ledger.entries.values() if entry.problem] == []
    assert sheet.known("cost_year_one") and sheet.known("rollout_break_even")


def test_playbook_passes_before_the_other_sections_are_written(payments: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    draft = playbook(desk_of(payments, "fraud"))
    assert [v for v in SECTION.checks.verdicts(draft, sheet_of(SECTION, draft, payments)) if v.outcome != "met"] == []


def part(field: str, **change: Any) -> Change:
    return lambda d: {field: {**d[field], **change}}


def kpi(**change: Any) -> Change:
    return lambda d: {"kpis": [{**d["kpis"][0], **change}, *d["kpis"][1:]]}


def phase(index: int, **change: Any) -> Change:
    return lambda d: {"phases": [{**p, **change} if i == index else p for i, p in enumerate(d["phases"])]}


def quantity(key: str, **change: Any) -> Change:
    return lambda d: {"quantities": [{**q, **change} if q["key"] == key else q for q in d["quantities"]]}


FAULTS = [
    ("PR21", lambda d: {"kpis": d["kpis"][:3]}, "at least 4"),
    ("PR21", lambda d: {"kpis": [k for k in d["kpis"] if k["kind"] != "quality_uplift"]}, "'quality_uplift'"),
    ("PR21", kpi(formula=" "), "no formula"),
    ("PR21", kpi(baseline="undefined"), "baseline 'undefined'"),
    ("PR21", kpi(target="rollout_velocity_before"), "has no value"),
    ("PR21", kpi(target="label_delay"), "different units"),
    ("PR21", kpi(by=date(2025, 1, 1)), "before today"),
    ("PR21", kpi(owner="us"), "no role"),
    ("PR22", lambda d: {"quantities": [q for q in d["quantities"] if q["key"] != "benefit_year_one"]}, "benefit_year_one is not defined"),
    ("PR22", part("money", break_even=None), "break-even"),
    ("PR22", part("money", other_costs=["label_delay"]), "not defined in GBP"),
    ("PR22", quantity("rollout_live_days", value=365), "do not fit in year one"),
    ("PR24", part("federated", because=" "), "no because"),
    ("PR26", lambda d: {"bias": {**d["bias"], "slices": ["uk"]}}, "['ireland']"),
    ("PR26", lambda d: {"bias": {**d["bias"], "slices": [*d["bias"]["slices"], "age"]}}, "'age' is no slice"),
    ("PR26", part("bias", threshold="undefined"), "no value"),
    ("PR26", part("bias", cadence="rollout_bias_limit"), "time units"),
    ("PR26", part("bias", on_breach=" "), "on a breach"),
    ("PR28", phase(0, kind="offline"), "baseline audit"),
    ("PR28", phase(1, ends="moon"), "no milestone"),
    ("PR28", phase(1, ends="start"), "not after"),
    ("PR28", phase(4, begins="start"), "in order"),
    ("PR28", phase(2, exit=" "), "no exit criterion"),
    ("PR29", lambda d: {"team": [t for t in d["team"] if "product" not in t["covers"]]}, "nobody covers product"),
    ("PR30", part("platform", because=" "), "MLOps platform"),
    ("PR30", part("platform", chosen="MLflow or Kubeflow"), "menu"),
]


def test_every_check_criterion_is_decided() -> None:
    assert set(SECTION.checks) == {criterion.id for criterion in SECTION.criteria("check")}


@pytest.mark.parametrize(("criterion", "change", "message"), FAULTS, ids=[f"{c}-{m}" for c, _, m in FAULTS])
def test_planted_fault_is_found(
    criterion: str, change: Change, message: str, payments: Blueprint, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    draft = playbook(desk_of(payments, "fraud"))
    broken = changed(draft, change(draft.model_dump()))
    sheet = sheet_of(SECTION, broken, payments, elsewhere(payments))
    found = next(v for v in SECTION.checks.verdicts(broken, sheet) if v.criterion == criterion)
    assert found.outcome == "not_met"
    assert message in found.why


def test_bias_audit_does_not_apply_without_people_and_slices(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    task = helpdesk.task.model_copy(update={"personal_data": False})
    plain = helpdesk.model_copy(update={"slices": [], "task": task})
    draft = playbook(desk_of(plain, "maintenance"))
    found = next(v for v in SECTION.checks.verdicts(draft, sheet_of(SECTION, draft, plain)) if v.criterion == "PR26")
    assert found.outcome == "not_applicable" and "no slices" in found.why


def test_cost_and_net_are_added_by_code(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    draft = playbook(desk_of(helpdesk, "text_classification"))
    sheet = sheet_of(SECTION, draft, helpdesk, elsewhere(helpdesk))
    assert sheet.number("cost_year_one", "EUR", "low") == pytest.approx(5000 + 1200 + 2000 + 180000 + 3000 + 1000)
    better = 900 * 5 / 7 * 155 * (0.80 - 0.69)
    assert sheet.number("rollout_better", "tickets") == pytest.approx(better)
    assert sheet.number("benefit_year_one", "EUR", "high") == pytest.approx(better * 8 / 60 * 38)


@pytest.mark.parametrize(("people", "words"), [(180000, "loses money"), (30000, "is open"), (9000, "earns its people")])
def test_the_balance_of_year_one_is_said(people: float, words: str, helpdesk: Blueprint, desk_of: DeskOf) -> None:
    team = helpdesk.shared.team_cost.model_copy(update={"value": people})
    staffed = helpdesk.model_copy(update={"shared": helpdesk.shared.model_copy(update={"team_cost": team})})
    assert words in playbook(desk_of(staffed, "text_classification")).prose


def test_chart_is_valid_whatever_the_titles_say(payments: Blueprint, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf) -> None:
    draft = playbook(desk_of(payments, "fraud"))
    nasty = changed(draft, phase(1, title="section A : crit, <b>%% ; click p1 #35; --> \n end")(draft.model_dump()))
    source = rollout.diagram(nasty, view_of(sheet_of(SECTION, nasty, payments))).source
    assert Merman().validate(source, "{}").valid
    assert "<b>" not in source and source.count("\n") == 4 + len(draft.phases)
    assert "2026-11-23, 2026-12-18" in source


def test_rendering_is_whole_and_safe(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf) -> None:
    draft = playbook(desk_of(helpdesk, "text_classification"))
    nasty = changed(draft, kpi(name="<b>Right</b> | x", formula="[a](http://b)")(draft.model_dump()))
    view = view_of(sheet_of(SECTION, nasty, helpdesk, elsewhere(helpdesk)))
    blocks = [*SECTION.render(nasty, view), *rollout.annex(nasty, view)]
    assert all(len(row) == len(table.columns) for table in blocks if isinstance(table, Table) for row in table.rows)
    text = markdown(blocks)
    assert not kinds(text) & TRACES
    assert "Break-even" in text and "Federated learning: **no**" in text


def test_archetypes_differ(payments: Blueprint, desk_of: DeskOf) -> None:
    drafts = [playbook(desk_of(payments, archetype)) for archetype in ARCHETYPES]
    assert len({draft.money.weak_link for draft in drafts}) == len({draft.kpis[3].name for draft in drafts}) == len(ARCHETYPES)
