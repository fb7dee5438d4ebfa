"""The retraining section: the playbook passes its checks, planted faults are found, the live test is sized by code."""

import re

import pytest
from markdown_it import MarkdownIt
from merman import Merman

from ai_data_strategy.agents.retraining import SECTION, Retraining, annex, diagram
from ai_data_strategy.blueprint import Archetype, Blueprint
from ai_data_strategy.typeset.blocks import markdown

ARCHETYPES: list[Archetype] = [
    "text_classification", "tabular_classification", "ranking", "rag_chat", "extraction", "forecasting", "fraud", "vision", "speech", "maintenance",
]  # fmt: skip


def outcome(sheet, draft, criterion: str) -> tuple[str, str]:
    verdict = next(v for v in SECTION.checks.verdicts(draft, sheet) if v.criterion == criterion)
    return verdict.outcome, verdict.why


def with_shared(blueprint: Blueprint, **values: float) -> Blueprint:
    """The blueprint with other values for some shared figures."""
    blank = {"low": None, "high": None, "basis": "proposed", "source": blueprint.roles[0].id, "expression": None, "check": None}
    figures = {key: getattr(blueprint.shared, key).model_copy(update={**blank, "value": value}) for key, value in values.items()}
    return blueprint.model_copy(update={"shared": blueprint.shared.model_copy(update=figures)})


@pytest.fixture
def draft(helpdesk: Blueprint, desk_of) -> Retraining:
    return SECTION.playbook(desk_of(helpdesk, "text_classification"))


def test_every_check_criterion_of_the_rubric_has_a_check() -> None:
    assert set(SECTION.checks) == {criterion.id for criterion in SECTION.criteria("check")}


@pytest.mark.parametrize("archetype", ARCHETYPES)
@pytest.mark.parametrize("product", ["helpdesk", "payments"])
def test_the_playbook_passes_every_check(archetype, product, request, desk_of, sheet_of, view_of) -> None:
    desk = desk_of(request.getfixturevalue(product), archetype)
    draft = SECTION.playbook(desk)
    sheet = sheet_of(SECTION, draft, desk.blueprint)
    assert {v.criterion: v.outcome for v in SECTION.checks.verdicts(draft, sheet)} == dict.fromkeys(SECTION.checks, "met")
    assert not [entry for entry in sheet.ledger.entries.values() if entry.problem]
    view = view_of(sheet)
    text = re.sub(r"```mermaid.*?```", "", markdown(SECTION.render(draft, view)), flags=re.DOTALL)
    assert 300 < len(re.findall(r"\w+", text)) < 750
    assert "{" not in text
    assert Merman().validate(diagram(draft, view).source, "{}").valid


def test_archetypes_differ(helpdesk, desk_of) -> None:
    drafts = [SECTION.playbook(desk_of(helpdesk, archetype)) for archetype in ARCHETYPES]
    assert len({draft.prose for draft in drafts}) == len({str(draft.drift) for draft in drafts}) == len(ARCHETYPES)


FAULTS = [
    ("RT1", lambda d: {"cadence_because": " "}, "why this cadence"),
    ("RT2", lambda d: {"drift": []}, "at least one drift trigger"),
    ("RT2", lambda d: {"drift": [d.drift[0].model_copy(update={"threshold": "feeling"})]}, "has no value"),
    ("RT2", lambda d: {"drift": [d.drift[0].model_copy(update={"window": "english_share"})]}, "time units"),
    ("RT2", lambda d: {"drift": [d.drift[0].model_copy(update={"monitor": ""})]}, "which job"),
    ("RT2", lambda d: {"drift": [d.drift[0].model_copy(update={"threshold": "effect"})]}, "fires by chance"),
    ("RT2", lambda d: {"drift": [d.drift[0].model_copy(update={"owner": "nobody"})]}, "no role"),
    ("RT3", lambda d: {"promotion": d.promotion.model_copy(update={"rule": ""})}, "promotion rule"),
    ("RT3", lambda d: {"promotion": d.promotion.model_copy(update={"owner": "board"})}, "no role"),
    ("RT3", lambda d: {"traffic": d.traffic.model_copy(update={"per_day": "gone"})}, "cannot be sized"),
    ("RT5", lambda d: {"window": d.window.model_copy(update={"kind": "all_with_decay"})}, "half-life"),
    ("RT5", lambda d: {"window": d.window.model_copy(update={"deleted_rows": ""})}, "rows that are erased"),
    ("RT6", lambda d: {"steps": [d.steps[1], d.steps[0], *d.steps[2:]]}, "in this order"),
    ("RT6", lambda d: {"steps": d.steps[:4]}, "in this order"),
    ("RT6", lambda d: {"steps": [s.model_copy(update={"gate": ""}) for s in d.steps]}, "no gate"),
    ("RT6", lambda d: {"quantities": [q for q in d.quantities if q.key != "training_cost"]}, "training_cost"),
    ("RT7", lambda d: {"rollback": d.rollback.model_copy(update={"trigger": ""})}, "what triggers"),
    ("RT7", lambda d: {"rollback": d.rollback.model_copy(update={"limit": "english_share"})}, "time units"),
]  # fmt: skip


@pytest.mark.parametrize(("criterion", "change", "message"), FAULTS)
def test_a_planted_fault_is_found(criterion, change, message, draft, helpdesk, sheet_of) -> None:
    broken = draft.model_copy(update=change(draft))
    verdict, why = outcome(sheet_of(SECTION, broken, helpdesk), broken, criterion)
    assert verdict == "not_met" and message in why


@pytest.mark.parametrize(
    ("criterion", "shared", "message"),
    [
        ("RT1", {"retrain_cadence": 0}, "needs a schedule"),
        ("RT3", {"live_share": 100}, "between nothing and all"),
        ("RT3", {"test_time": 0}, "minimum time"),
    ],
)
def test_a_fault_in_a_shared_figure_is_found(criterion, shared, message, draft, helpdesk, sheet_of) -> None:
    verdict, why = outcome(sheet_of(SECTION, draft, with_shared(helpdesk, **shared)), draft, criterion)
    assert verdict == "not_met" and message in why


def test_a_test_without_traffic_must_say_what_decides(draft, helpdesk, desk_of, sheet_of, view_of) -> None:
    small = with_shared(helpdesk, examples_per_day=10)
    naive = draft.model_copy(update={"traffic": draft.traffic.model_copy(update={"if_short": "not_needed"})})
    verdict, why = outcome(sheet_of(SECTION, naive, small), naive, "RT3")
    assert verdict == "not_met" and "say what decides in its place" in why
    better = SECTION.playbook(desk_of(small, "text_classification"))
    sheet = sheet_of(SECTION, better, small)
    assert better.traffic.if_short == "pool_releases" and outcome(sheet, better, "RT3")[0] == "met"
    assert "**Can live traffic show the effect?** No: several releases are pooled" in markdown(SECTION.render(better, view_of(sheet)))


def test_the_live_test_is_sized_by_code(draft, helpdesk, sheet_of) -> None:
    sheet = sheet_of(SECTION, draft, helpdesk)
    assert sheet.number("test_items", "{example}") == 3627
    assert sheet.number("test_days_needed", "day") == 19
    assert sheet.number("test_verdict_days", "day") == 28 + 14


def test_the_metric_counts_only_frauds_where_it_is_about_fraud(payments, desk_of, sheet_of) -> None:
    draft = SECTION.playbook(desk_of(payments, "fraud"))
    sheet = sheet_of(SECTION, draft, payments)
    assert sheet.number(draft.traffic.per_day, "{example}/day") == pytest.approx(21000 * 0.0011)


def test_a_product_that_trains_nothing_releases_prompts(helpdesk, desk_of, sheet_of, view_of) -> None:
    task = helpdesk.task.model_copy(update={"trains": False})
    blueprint = helpdesk.model_copy(update={"task": task})
    for archetype in ("text_classification", "rag_chat"):
        draft = SECTION.playbook(desk_of(blueprint, archetype))
        sheet = sheet_of(SECTION, draft, blueprint)
        assert "No weights change" in draft.prose and "rompt" in draft.release
        text = markdown(SECTION.render(draft, view_of(sheet)))
        audit = markdown(annex(draft, view_of(sheet)))
        assert '"New prompt or index"' in text and "| New prompt or index |" in audit and "| Training |" not in audit
        assert {v.outcome for v in SECTION.checks.verdicts(draft, sheet)} == {"met"}


def test_hostile_text_stays_text(draft, helpdesk, sheet_of, view_of) -> None:
    nasty = '"] --> x; <script>y</script> ![a](http://x) | `end` %%\n\n# Heading'
    drift = [item.model_copy(update={"metric": nasty, "then": nasty}) for item in draft.drift]
    steps = [step.model_copy(update={"gate": nasty, "does": nasty}) for step in draft.steps]
    broken = draft.model_copy(update={"prose": nasty, "release": nasty, "drift": drift, "steps": steps})
    view = view_of(sheet_of(SECTION, broken, helpdesk))
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown([*SECTION.render(broken, view), *annex(broken, view)]))
    kinds = {child.type for token in shown for child in [token, *(token.children or [])]}
    assert not kinds & {"html_block", "html_inline", "image", "link_open", "heading_open"}
    assert sum(token.type == "table_open" for token in shown) == 5
    assert sum(token.type == "fence" for token in shown) == 1
    assert Merman().validate(diagram(broken, view).source, "{}").valid
