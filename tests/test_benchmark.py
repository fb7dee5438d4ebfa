"""The benchmark: the playbook for every archetype, each check by one planted fault, and margins against intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
from markdown_it import MarkdownIt

from ai_data_strategy.agents.benchmark import SECTION
from ai_data_strategy.agents.benchmark_desk import playbook
from ai_data_strategy.agents.benchmark_fields import Benchmark
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.blueprint import Archetype, Blueprint
from ai_data_strategy.domain import Figure, Quantity, Verdict
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.typeset.blocks import markdown
from ai_data_strategy.typeset.view import View

ARCHETYPES: tuple[Archetype, ...] = tuple(item for item in get_args(Archetype) if item != "rules")
DeskOf = Callable[[Blueprint, Archetype], Desk]
SheetOf = Callable[..., Sheet]
ViewOf = Callable[[Sheet], View]


def verdicts(draft: Benchmark, sheet: Sheet) -> dict[str, Verdict]:
    return {verdict.criterion: verdict for verdict in SECTION.checks.verdicts(draft, sheet)}


def part(field: str, **changes: object) -> Callable[[Benchmark], Benchmark]:
    return lambda draft: draft.model_copy(update={field: getattr(draft, field).model_copy(update=changes)})


def gate(draft: Benchmark, index: int, **changes: object) -> Benchmark:
    gates = list(draft.gates)
    gates[index] = gates[index].model_copy(update=changes)
    return draft.model_copy(update={"gates": gates})


def counted(draft: Benchmark, key: str, value: float) -> Benchmark:
    """The draft with another value for one of its own numbers."""
    quantities = [q.model_copy(update={"value": value}) if q.key == key else q for q in draft.quantities]
    return draft.model_copy(update={"quantities": quantities})


@pytest.mark.parametrize("archetype", ARCHETYPES)
@pytest.mark.parametrize("product", ["helpdesk", "payments"])
def test_playbook_meets_every_check(
    product: str, archetype: Archetype, request: pytest.FixtureRequest, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    desk = desk_of(request.getfixturevalue(product), archetype)
    draft = playbook(desk)
    sheet = sheet_of(SECTION, draft, desk.blueprint)
    assert [v for v in SECTION.checks.verdicts(draft, sheet) if v.outcome != "met"] == []
    assert not [entry.problem for entry in sheet.ledger.entries.values() if entry.problem]
    assert len(draft.rejected) >= 2 and draft.actions and draft.risks
    assert {case.kind for case in draft.cases} == {"edge", "adversarial"}


def test_every_check_criterion_is_decided() -> None:
    assert set(SECTION.checks) == {criterion.id for criterion in SECTION.criteria("check")}


FAULTS = [
    ("BM2", lambda d: counted(d, "bm_edge", 226), "add up to 1501"),
    ("BM2", lambda d: d.model_copy(update={"parts": [p for p in d.parts if p.kind != "adversarial"]}), "no part is adversarial"),
    ("BM2", lambda d: d.model_copy(update={"parts": [p for p in d.parts if p.kind != "subgroup"]}), "no part is subgroup"),
    ("BM2", lambda d: d.model_copy(update={"parts": [*d.parts, d.parts[0]]}), "counts two parts"),
    ("BM2", lambda d: d.model_copy(update={"parts": [*d.parts[:-1], d.parts[-1].model_copy(update={"slice": "ghost"})]}), "no slice"),
    ("BM3", lambda d: d.model_copy(update={"gates": d.gates[1:]}), "no gate is on the whole"),
    ("BM3", lambda d: d.model_copy(update={"gates": d.gates[:-1]}), "nothing says what they decide"),
    ("BM3", lambda d: counted(d, "bm_margin_whole", 1), "finer than the ± 2.9"),
    ("BM3", lambda d: gate(counted(d, "bm_adversarial", 12), 1, items="bm_adversarial"), "decide nothing"),
    ("BM3", lambda d: gate(d, 0, margin="ghost"), "must be numbers"),
    ("BM4", part("freeze", content_hash=""), "content hash"),
    ("BM4", part("freeze", write_access=["ghost"]), "no role"),
    ("BM5", part("never_trained", near_duplicate=""), "near_duplicate is empty"),
    ("BM5", part("never_trained", kept_out_of=["training_snapshots"]), "few_shot_prompts"),
    ("BM6", lambda d: counted(d, "bm_refresh_every", 400), "at most every 365 days"),
    ("BM6", part("refresh", trigger="ghost"), "starts a refresh"),
]


@pytest.mark.parametrize(("criterion", "change", "message"), FAULTS)
def test_check_finds_the_fault(
    criterion: str, change: Callable[[Benchmark], Benchmark], message: str, helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    draft = change(playbook(desk_of(helpdesk, "text_classification")))
    verdict = verdicts(draft, sheet_of(SECTION, draft, helpdesk))[criterion]
    assert verdict.outcome == "not_met" and message in verdict.why


def test_fewer_than_five_hundred_items_are_too_few(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    small = helpdesk.model_copy(
        update={
            "shared": helpdesk.shared.model_copy(update={"benchmark_items": Figure(value=300, basis="proposed", source="routing_lead")})
        }
    )
    draft = playbook(desk_of(small, "text_classification"))
    verdict = verdicts(draft, sheet_of(SECTION, draft, small))["BM1"]
    assert verdict.outcome == "not_met" and "at least 500" in verdict.why


def test_a_model_builder_may_not_write_it(payments: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    draft = part("freeze", write_access=["data_scientist"])(playbook(desk_of(payments, "fraud")))
    assert "must not write its benchmark" in verdicts(draft, sheet_of(SECTION, draft, payments))["BM4"].why


def test_too_few_items_may_be_called_not_decidable(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    draft = playbook(desk_of(helpdesk, "text_classification"))
    few = Quantity(key="bm_few", value=12, unit="tickets", meaning="a handful", basis="proposed", source="routing_lead")
    draft = draft.model_copy(update={"quantities": [*draft.quantities, few]})
    sheet = sheet_of(SECTION, draft, helpdesk)
    assert verdicts(gate(draft, 1, items="bm_few"), sheet)["BM3"].outcome == "not_met"
    assert verdicts(gate(draft, 1, items="bm_few", verdict="not_decidable"), sheet)["BM3"].outcome == "met"


def test_without_small_slices_no_subgroup_is_needed(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    even = helpdesk.model_copy(update={"slices": [item for item in helpdesk.slices if item.kind == "typical"]})
    draft = playbook(desk_of(even, "text_classification"))
    assert draft.no_subgroups_because and not [p for p in draft.parts if p.kind == "subgroup"]
    assert verdicts(draft, sheet_of(SECTION, draft, even))["BM2"].outcome == "met"


@pytest.mark.parametrize(("effect", "words"), [(1, "does not crown a good one"), (8, "the whole can decide")])
def test_prose_says_whether_the_effect_can_be_seen(effect: float, words: str, helpdesk: Blueprint, desk_of: DeskOf) -> None:
    shared = helpdesk.shared.model_copy(update={"effect": Figure(value=effect, basis="proposed", source="product_manager")})
    draft = playbook(desk_of(helpdesk.model_copy(update={"shared": shared}), "text_classification"))
    assert words in draft.prose


def test_rendering_is_whole_and_safe(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf) -> None:
    draft = part("freeze", version="<i>1</i> | [a](http://b)")(playbook(desk_of(helpdesk, "text_classification")))
    view = view_of(sheet_of(SECTION, draft, helpdesk))
    text = markdown(SECTION.render(draft, view))
    assert SECTION.annex is not None and "French tickets" in markdown(SECTION.annex(draft, view))
    tokens = [token.type for token in MarkdownIt("commonmark").enable("table").parse(text)]
    assert tokens.count("table_open") == 2 and "html_block" not in tokens and "link_open" not in tokens
    assert "1,500 tickets" in text and "± 2.86 points" in text and len(text.split()) >= 120
