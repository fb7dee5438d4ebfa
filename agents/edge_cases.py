"""Edge cases: the register by likelihood and severity, which of them are harms, and how more of them are found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ai_data_strategy.agents.practice import missing_role, risk
from ai_data_strategy.agents.section import Action, Checks, Draft, Problem, Rejected, Section, derived
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.domain import Id, Key, Line, Model, Quantity, Rating
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.playbook.naming import names
from ai_data_strategy.quantities.units import same_dimension
from ai_data_strategy.typeset.blocks import Block, Cell, Table
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.view import View

Modality = Literal["text", "tabular", "image", "audio", "sensor", "time_series", "documents", "interactions"]
MODALITIES = {
    "text": N_("text"), "tabular": N_("tables"), "image": N_("images"), "audio": N_("audio"), "sensor": N_("sensor signals"),
    "time_series": N_("time series"), "documents": N_("documents"), "interactions": N_("interactions"),
}  # fmt: skip
Method = Literal[
    "embedding_outliers", "disagreement_mining", "tree_leaf_outliers", "entity_graph_search", "paraphrase_and_translation", "counterfactual_edits",
    "red_teaming", "image_transforms", "staged_capture", "acoustic_augmentation", "paid_recordings", "signal_injection", "bench_runs",
    "residual_windows", "scenario_replay", "layout_perturbation", "query_log_mining", "counterfactual_lists",
]  # fmt: skip
_ALL = tuple(MODALITIES)
_METHODS: dict[str, tuple[str, tuple[str, ...]]] = {
    "embedding_outliers": (N_("outliers among embeddings"), ("text", "image", "audio", "documents", "sensor")),
    "disagreement_mining": (N_("cases on which two models disagree"), _ALL),
    "tree_leaf_outliers": (N_("rare leaves of the trees"), ("tabular",)),
    "entity_graph_search": (N_("search in the graph of linked accounts"), ("tabular", "interactions")),
    "paraphrase_and_translation": (N_("paraphrase and translation"), ("text",)),
    "counterfactual_edits": (N_("one attribute changed by hand"), ("text", "tabular", "documents")),
    "red_teaming": (N_("planned attacks by people"), ("text", "tabular", "documents", "audio")),
    "image_transforms": (N_("optical transforms"), ("image", "documents")),
    "staged_capture": (N_("staged pictures of made defects"), ("image",)),
    "acoustic_augmentation": (N_("noise, codec and reverberation added"), ("audio",)),
    "paid_recordings": (N_("paid recordings with consent"), ("audio",)),
    "signal_injection": (N_("faults injected into healthy signals"), ("sensor", "time_series")),
    "bench_runs": (N_("runs on a test bench"), ("sensor",)),
    "residual_windows": (N_("windows with the largest residuals"), ("time_series", "sensor")),
    "scenario_replay": (N_("past shocks replayed at other sizes"), ("time_series",)),
    "layout_perturbation": (N_("layouts moved, stamped and rescanned"), ("documents",)),
    "query_log_mining": (N_("queries without an action"), ("interactions", "text")),
    "counterfactual_lists": (N_("lists reordered by exploration"), ("interactions",)),
}  # fmt: skip
METHODS = {method: label for method, (label, _) in _METHODS.items()}
SUITS = {method: suited for method, (_, suited) in _METHODS.items()}
"""The modalities that each method suits: code decides whether a method fits."""
LEAST_CASES = 5
MOST_CASES = 3
"""Cases in the chapter, unless there are more harms; the others stand in the annex."""


class EdgeCase(Model):
    """One edge case of this product; the score is likelihood times severity, computed by code."""

    id: Id
    case: Annotated[Line, Field(description="who or what, in which situation; no class of noise")]
    likelihood: Rating
    severity: Rating
    harm: Annotated[bool, Field(description="true if a person or business is harmed, not only a wrong output")]
    treatment: Annotated[Line, Field(description="what is done; for a harm rarely a better threshold")]


class Mining(Model):
    """One way to find or make more edge cases, suited to the modality, within a budget."""

    method: Method
    modality: Modality
    how: Annotated[Line, Field(description="on which source, how often, what happens to what is found")]
    budget: Annotated[Key, Field(description="quantity in money, hours of work or computing, possibly a month")]
    owner: Id


class EdgeCases(Draft):
    """The edge cases of one product."""

    cases: Annotated[list[EdgeCase], Field(max_length=8)]
    mining: Annotated[list[Mining], Field(max_length=3)]
    not_suited: Annotated[Line, Field(description="the fashionable method that does not suit this modality or volume, and why")]


def score_key(index: int) -> str:
    """Key of the score of the case at an index of the draft."""
    return f"edge_score_{index + 1}"


def figures(draft: EdgeCases) -> list[Quantity]:
    """The figures that code adds: one score a case."""
    return [
        derived(score_key(index), "count", "likelihood times severity of an edge case", f"risk_score({case.likelihood}, {case.severity})")
        for index, case in enumerate(draft.cases)
    ]


def ranked(draft: EdgeCases) -> list[tuple[str, EdgeCase]]:
    """The cases with the keys of their scores, highest score first, then the more severe."""
    keyed = [(score_key(index), case) for index, case in enumerate(draft.cases)]
    return sorted(keyed, key=lambda item: (-item[1].likelihood * item[1].severity, -item[1].severity))


CHECKS = Checks()


@CHECKS("PR18")
def cases_are_scored(draft: EdgeCases, sheet: Sheet) -> Iterator[Problem]:
    told = {case.case.strip().casefold() for case in draft.cases if case.case.strip()}
    if len(told) < LEAST_CASES or len(told) < len(draft.cases):
        yield Problem("cases", f"{len(told)} different cases of {len(draft.cases)}: name at least {LEAST_CASES}, each once")
    for key, case in ranked(draft):
        if sheet.number(key, "count") != case.likelihood * case.severity:
            yield Problem("cases", f"the score of {case.id!r} is not its likelihood times its severity")
        if not case.treatment.strip():
            yield Problem("cases", f"case {case.id!r} has no treatment")
    if len({case.likelihood * case.severity for case in draft.cases}) == 1:
        yield Problem("cases", "all cases have one score, so the register ranks nothing: grade them against each other")
    if not any(case.harm for case in draft.cases):
        yield Problem("cases", "no case is a harm: say which case hurts a person or a business, not only the error rate")


@CHECKS("PR19")
def mining_suits_the_modality(draft: EdgeCases, sheet: Sheet) -> Iterator[Problem]:
    if not draft.mining:
        yield Problem("mining", "name a method that finds or makes edge cases, with a budget")
    for item in draft.mining:
        if item.modality not in SUITS[item.method]:
            yield Problem("mining", f"{item.method} does not suit {item.modality}: it suits {', '.join(SUITS[item.method])}")
        if not item.how.strip():
            yield Problem("mining", f"{item.method} needs a word on how it is done")
        if not _is_budget(item.budget, sheet):
            yield Problem("mining", f"budget {item.budget!r} is not known in money or hours: define it in quantities")
        yield from missing_role("mining", item.owner, sheet)


def _is_budget(key: str, sheet: Sheet) -> bool:
    """True for a known amount of work or money, in all or a month."""
    entry = sheet.entry(key)
    if entry is None or not entry.known:
        return False
    head = entry.quantity.unit.partition("/")[0]
    return any(same_dimension(head, wanted) for wanted in ("hour", "workday", sheet.blueprint.currency))


def render(draft: EdgeCases, view: View) -> list[Block]:
    """The chapter's blocks: prose and the register by score. Cases of lower rank and the mining stand in the annex."""
    _ = view._
    columns = [_("Case"), _("Score"), _("Treatment")]
    return [
        *view.chapter(draft.prose),
        Table(columns, [_row(key, case, view) for key, case in _shown(draft)]),
    ]


def _shown(draft: EdgeCases) -> list[tuple[str, EdgeCase]]:
    """The cases of the chapter, highest score first: every harm, and the highest of the others up to MOST_CASES."""
    every = ranked(draft)
    others = max(1, MOST_CASES - sum(case.harm for _key, case in every))
    errors = [key for key, case in every if not case.harm][:others]
    return [(key, case) for key, case in every if case.harm or key in errors]


def _row(key: str, case: EdgeCase, view: View) -> list[str | Cell]:
    text = view.line(case.case).removesuffix(".")
    name = view._("%(case)s (**harm**)") % {"case": text} if case.harm else text
    score = f"{case.likelihood} × {case.severity} = {view.number(key)}"
    return [name, score, view.line(case.treatment)]


def annex(draft: EdgeCases, view: View) -> list[Block]:
    """For audit: the cases of lower rank, how more are found at which budget, and the method that does not suit."""
    _, shown = view._, [key for key, _case in _shown(draft)]
    rest = [_row(key, case, view) for key, case in ranked(draft) if key not in shown]
    mining: list[list[str | Cell]] = [
        [_(METHODS[m.method]), view.line(m.how), view.amount(m.budget), view.role(m.owner)] for m in draft.mining
    ]
    mining.append([_("Not suited"), view.line(draft.not_suited), "", ""])
    return [
        Table([_("Case"), _("Score"), _("Treatment")], rest),
        Table([_("Found or made by"), _("How"), _("Budget"), _("Owner")], mining),
    ]


def playbook(k: Desk) -> EdgeCases:
    """The edge cases without a model: the archetype's register and methods, in the blueprint's names."""
    t, words = k.topic("edge_cases"), names(k)
    domain = k.role("domain")
    mining = [_mining(k, item, words) for item in t["mining"]]
    grade = k.propose("edge_grading_hours", t["hours"], "hour", k.say("work to correct likelihood and severity by count"), domain)
    review = t["action"]
    return EdgeCases(
        prose=k.say(t["prose"], **words),
        cases=[_case(k, item, words) for item in t["cases"]],
        mining=mining,
        not_suited=k.say(t["not_suited"], **words),
        rejected=[Rejected(option=k.say(item["option"]), because=k.say(item["because"], **words)) for item in t["rejected"]],
        actions=[Action(id="edge_grading", what=k.say(review, **words), owner=domain, due=k.within(46, domain), cost=grade, after=[])],
        risks=[risk(k, t["risk"], words)],
        quantities=k.quantities,
    )


def _case(k: Desk, item: Mapping[str, Any], words: Mapping[str, str]) -> EdgeCase:
    return EdgeCase(
        id=item["id"], case=k.say(item["case"], **words), likelihood=item["l"], severity=item["s"], harm=item.get("harm", False),
        treatment=k.say(item["treatment"], **words),
    )  # fmt: skip


def _mining(k: Desk, item: Mapping[str, Any], words: Mapping[str, str]) -> Mining:
    owner, key = k.role(item["duty"]), f"edge_{item['method']}_budget"
    k.propose(key, item["hours"], "hour/month", k.say("time for one way of finding edge cases"), owner)
    return Mining(method=item["method"], modality=item["modality"], how=k.say(item["how"], **words), budget=key, owner=owner)


SECTION = Section(
    key="edge_cases",
    number=13,
    title=N_("Edge cases"),
    scope="register of edge cases by likelihood and severity, harms among them, how more are mined or made and at what budget",
    draft=EdgeCases,
    checks=CHECKS,
    derived=figures,
    render=render,
    playbook=playbook,
    annex=annex,
)
