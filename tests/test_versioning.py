"""The versioning section: its playbook for every archetype, its checks with planted faults, its rendering."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
from markdown_it import MarkdownIt

from ai_data_strategy.agents.section import Draft, Section
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.agents.structure import structure_verdicts
from ai_data_strategy.agents.versioning import SECTION, Versioning
from ai_data_strategy.blueprint import Archetype, Blueprint
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.typeset.blocks import markdown
from ai_data_strategy.typeset.view import View

ARCHETYPES = [name for name in get_args(Archetype) if name != "rules"]
DeskOf = Callable[[Blueprint, str], Desk]
SheetOf = Callable[[Section, Draft, Blueprint], Sheet]
ViewOf = Callable[[Sheet], View]


def drafted(desk: Desk) -> Versioning:
    draft = SECTION.playbook(desk)
    assert isinstance(draft, Versioning)
    return draft


def changed(draft: Versioning, part: str, **change: object) -> Versioning:
    return draft.model_copy(update={part: getattr(draft, part).model_copy(update=change)})


@pytest.mark.parametrize("product", ["helpdesk", "payments"])
@pytest.mark.parametrize("archetype", ARCHETYPES)
def test_playbook_passes_every_check(
    archetype: str, product: str, request: pytest.FixtureRequest, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf
) -> None:
    desk = desk_of(request.getfixturevalue(product), archetype)
    draft = drafted(desk)
    sheet = sheet_of(SECTION, draft, desk.blueprint)
    assert [(v.criterion, v.why) for v in SECTION.checks.verdicts(draft, sheet) if v.outcome == "not_met"] == []
    assert [(v.criterion, v.why) for v in structure_verdicts(SECTION, draft, sheet)] == []
    assert len(draft.prose.split()) >= 120
    assert len(draft.rejected) >= 2 and draft.actions and draft.risks
    text = markdown(SECTION.render(draft, view_of(sheet)))
    assert len(text.split()) < 800
    assert sum(token.type == "table_open" for token in MarkdownIt().enable("table").parse(text)) == 1


def test_the_checks_are_those_of_the_rubric() -> None:
    assert set(SECTION.checks) == {criterion.id for criterion in SECTION.criteria("check")}


@pytest.mark.parametrize("product", ["helpdesk", "payments"])
def test_archetypes_differ_in_their_reasoning(product: str, request: pytest.FixtureRequest, desk_of: DeskOf) -> None:
    blueprint = request.getfixturevalue(product)
    openings = {drafted(desk_of(blueprint, archetype)).prose.split("\n\n")[0] for archetype in ARCHETYPES}
    assert len(openings) == len(ARCHETYPES)


FAULTS: list[tuple[str, Callable[[Versioning], Versioning], str]] = [
    ("VL1", lambda d: changed(d, "tool", chosen="DVC, MLflow or similar"), "is a menu"),
    ("VL1", lambda d: changed(d, "tool", because=" "), "say why"),
    ("VL2", lambda d: changed(d, "record", snapshot_hash=""), "snapshot_hash is empty"),
    ("VL2", lambda d: changed(d, "record", preprocessing_version=" "), "preprocessing_version is empty"),
    ("VL2", lambda d: changed(d, "record", guidelines_version="v9"), "in the blueprint"),
    ("VL2", lambda d: changed(d, "lineage", keys_stored=False), "nobody can erase"),
    ("VL3", lambda d: changed(d, "reproduction", steps=["run it again", " "]), "at least two steps"),
    ("VL3", lambda d: changed(d, "reproduction", every="tickets_rows"), "at most a year"),
    ("VL3", lambda d: changed(d, "reproduction", tolerance="nowhere"), "has no value"),
    ("VL3", lambda d: changed(d, "reproduction", owner="nobody"), "is no role"),
    ("VL3", lambda d: changed(d, "reproduction", metric=""), "what is compared"),
    ("VL4", lambda d: changed(d, "trail", who=""), "who is not stored"),
    ("VL4", lambda d: changed(d, "trail", which_guidelines=" "), "which_guidelines is not stored"),
    ("VL4", lambda d: changed(d, "trail", kept="nowhere"), "how long the trail"),
]  # fmt: skip


@pytest.mark.parametrize(("criterion", "change", "message"), FAULTS, ids=[f"{c}-{m}" for c, _, m in FAULTS])
def test_a_planted_fault_is_found(
    criterion: str, change: Callable[[Versioning], Versioning], message: str, helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf
) -> None:
    draft = change(drafted(desk_of(helpdesk, "text_classification")))
    verdicts = {v.criterion: v for v in SECTION.checks.verdicts(draft, sheet_of(SECTION, draft, helpdesk))}
    assert verdicts[criterion].outcome == "not_met"
    assert message in verdicts[criterion].why


def test_lineage_starts_at_a_field_that_leads_to_a_person(payments: Blueprint, desk_of: DeskOf) -> None:
    draft = drafted(desk_of(payments, "fraud"))
    assert "`payments.payer_id`" in draft.lineage.person_to_example
    assert "{erasure_limit}" in draft.lineage.after_erasure


def test_without_persons_no_erasure_is_promised(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf) -> None:
    bare = [s.model_copy(update={"fields": [f.model_copy(update={"sensitivity": "none"}) for f in s.fields]}) for s in helpdesk.sources]
    impersonal = helpdesk.model_copy(update={"sources": bare})
    draft = drafted(desk_of(impersonal, "forecasting"))
    assert "erasure" not in draft.prose and "names a person" in draft.prose
    loose = changed(draft, "lineage", keys_stored=False)
    assert {v.outcome for v in SECTION.checks.verdicts(loose, sheet_of(SECTION, loose, impersonal))} == {"met"}


def test_texts_are_shown_escaped(helpdesk: Blueprint, desk_of: DeskOf, sheet_of: SheetOf, view_of: ViewOf) -> None:
    draft = changed(drafted(desk_of(helpdesk, "text_classification")), "tool", because="<b>evil</b> | [x](http://y)")
    text = markdown(SECTION.render(draft, view_of(sheet_of(SECTION, draft, helpdesk))))
    inline = [child.type for token in MarkdownIt().enable("table").parse(text) for child in token.children or []]
    assert "evil" in text and "html_inline" not in inline and "link_open" not in inline
