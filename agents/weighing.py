"""What the assembler weighs without a model: readiness, decisions, questions by their leverage, order of actions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import timedelta

from ai_data_strategy.agents.assembly import Decision, OpenQuestion, Readiness
from ai_data_strategy.agents.governance_fields import Governance
from ai_data_strategy.agents.section import Action, Risk
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.agents.strategy import Strategy
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.quantities.ledger import Entry
from ai_data_strategy.typeset.figures import dated

OUTCOMES = (
    "cost_year_one", "net_year_one", "benefit_year_one", "days_to_required", "velocity_per_day", "available_examples", "labelling_weeks",
    "labelling_cost", "test_days_needed", "feedback_lag", "erasure_chain", "benchmark_half_width",
)  # fmt: skip
"""What the plan stands on; the more of them hang on a number, the more its answer moves the plan."""
_GRADES = {"low": 1, "medium": 2, "high": 3}
_LINE = 400


def clipped(text: str, most: int = _LINE) -> str:
    """A text that fits its field, cut between words and never inside a reference."""
    if len(text) <= most:
        return text
    cut = text[: most - 1].rsplit(" ", 1)[0]
    return (cut[: cut.rfind("{")] if cut.rfind("{") > cut.rfind("}") else cut).rstrip() + "…"


def all_actions(strategy: Strategy) -> dict[str, Action]:
    """Every action as section.action."""
    return {f"{key}.{action.id}": action for key, draft in strategy.sections.items() for action in draft.actions}


def in_order(actions: Mapping[str, Action]) -> list[str]:
    """By due date, but nothing before what it waits for."""
    by_id = {action.id: name for name, action in reversed(list(actions.items()))}
    done: list[str] = []

    def place(name: str, path: tuple[str, ...]) -> None:
        if name in done or name in path:
            return
        for before in actions[name].after:
            own = f"{name.partition('.')[0]}.{before}"
            first = own if own in actions else by_id.get(before)
            if first:
                place(first, (*path, name))
        done.append(name)

    for name in sorted(actions, key=lambda item: (actions[item].due, item)):
        place(name, ())
    return done


def ranked(strategy: Strategy) -> list[Risk]:
    """The risks of all sections, greatest chance × harm first."""
    risks = [risk for draft in strategy.sections.values() for risk in draft.risks]
    return sorted(risks, key=lambda risk: (-_GRADES[risk.chance] * _GRADES[risk.harm], -_GRADES[risk.harm]))


def readiness(sheet: Sheet, k: Desk) -> list[Readiness]:
    """Volume, labels, features, law and people, each by the facts of the blueprint."""
    return [_volume(sheet, k), _labels(sheet, k), _features(sheet, k), _law(sheet, k), _people(sheet, k)]


def _volume(sheet: Sheet, k: Desk) -> Readiness:
    need, have = sheet.number("required_examples", "{example}", "high"), sheet.number("available_examples", "{example}", "low")
    if need is None or have is None:
        return Readiness(area="volume", state="unknown", because=k.say("How many examples can be used is measured in the audit."))
    if _assumed(sheet, "examples_in_hand") or _assumed(sheet, "labelled_in_hand"):
        said = k.say("Nobody has said how many examples there are; the plan assumes {available_examples} until they are counted.")
        return Readiness(area="volume", state="unknown", because=said)
    if have >= need:
        return Readiness(
            area="volume", state="ready", because=k.say("{available_examples} usable examples against a need of {required_examples}.")
        )
    said = k.say("{available_examples} usable examples against a need of {required_examples}: the rest has to be gathered.")
    return Readiness(area="volume", state="partly", because=said)


def _assumed(sheet: Sheet, key: str) -> bool:
    entry = sheet.entry(key)
    return entry is not None and entry.quantity.basis == "assumed"


def _labels(sheet: Sheet, k: Desk) -> Readiness:
    labelled = sheet.number("labelled_in_hand", "{example}")
    if labelled is None or _assumed(sheet, "labelled_in_hand"):
        return Readiness(area="labels", state="unknown", because=k.say("Nobody has said how many examples carry a label."))
    if labelled == 0:
        return Readiness(area="labels", state="blocked", because=k.say("No example carries a label yet; people have to label first."))
    said = k.say("{labelled_in_hand} examples carry a stored label; until its noise is measured it is a hint and not the truth.")
    return Readiness(area="labels", state="partly", because=said)


def _features(sheet: Sheet, k: Desk) -> Readiness:
    missing = [source.name for source in sheet.blueprint.sources if source.status == "to_build"]
    unrecorded = [event.meaning for event in sheet.blueprint.events if event.source is None]
    if not missing and not unrecorded:
        return Readiness(area="features", state="ready", because=k.say("Every source that the plan uses exists."))
    said = k.say("Still to be built or recorded: %(what)s.", what="; ".join([*missing, *unrecorded]))
    return Readiness(area="features", state="partly", because=clipped(said))


def unsettled(sheet: Sheet) -> list[str]:
    """Names of the sources with personal data whose basis for training governance does not call settled."""
    draft = sheet.drafts.get("governance")
    rules = draft.sources if isinstance(draft, Governance) else []
    open_ = {rule.source for rule in rules if rule.personal and rule.personal.status != "ok"}
    return [source.name for source in sheet.blueprint.sources if source.training and source.id in open_]


def _law(sheet: Sheet, k: Desk) -> Readiness:
    if not sheet.personal_sources:
        return Readiness(area="law", state="ready", because=k.say("No source holds personal data."))
    if names := unsettled(sheet):
        said = k.say("The basis for training is not settled for: %(sources)s.", sources=", ".join(names))
        return Readiness(area="law", state="blocked", because=clipped(said))
    regimes = ", ".join(regime.name for regime in sheet.blueprint.regimes) or k.say("data protection law")
    said = k.say("Personal data under %(regimes)s: each source needs its basis on paper.", regimes=regimes)
    return Readiness(area="law", state="partly", because=clipped(said))


def _people(sheet: Sheet, k: Desk) -> Readiness:
    unnamed = [role.title for role in sheet.blueprint.roles if not role.named]
    if not unnamed:
        return Readiness(area="people", state="ready", because=k.say("Every role that the plan needs is named in the brief."))
    return Readiness(
        area="people", state="partly", because=clipped(k.say("The brief names nobody for: %(roles)s.", roles=", ".join(unnamed)))
    )


def decisions(sheet: Sheet, k: Desk) -> list[Decision]:
    """What somebody has to decide, the earliest first."""
    found = [*_conditions(sheet, k), *_owners(sheet, k), _money(sheet, k), *_labellers(sheet, k), _gate(k)]
    return sorted(found[:5], key=lambda decision: decision.by)


def _conditions(sheet: Sheet, k: Desk) -> Iterator[Decision]:
    for condition in sheet.blueprint.conditions[:2]:
        who = k.role("product")
        yield Decision(
            what=clipped(condition), who=who, by=max(k.day("audit"), k.within(0, who)),
            options=[k.say("meet it before training"), k.say("leave out what depends on it"), k.say("stop")],
            recommended=k.say("meet it before training"), because=k.say("Nothing that depends on it is trained before; the rest of the plan can begin."),
        )  # fmt: skip


def _owners(sheet: Sheet, k: Desk) -> Iterator[Decision]:
    orphans = [source.name for source in sheet.blueprint.sources if source.owner is None]
    if orphans:
        who = k.role("product")
        yield Decision(
            what=clipped(k.say("Who owns %(sources)s?", sources=", ".join(orphans))), who=who, by=k.within(11, who),
            options=[k.say("one owner for each source"), k.say("one owner for all of them")],
            recommended=k.say("one owner for each source"), because=k.say("Without an owner nobody can grant access or say what a field means."),
        )  # fmt: skip


def _money(sheet: Sheet, k: Desk) -> Decision:
    known = sheet.known("cost_year_one")
    whole = k.say("release all of {cost_year_one} now") if known else k.say("release the whole of year one now")
    who, part = k.role("finance"), k.say("release the work up to the offline gate first")
    return Decision(
        what=k.say("How much money is released, and until when?"), who=who, by=k.within(4, who), options=[whole, part, k.say("release the audit only")],
        recommended=part, because=k.say("The audit and the benchmark show whether the rest is worth paying for."),
    )  # fmt: skip


def _labellers(sheet: Sheet, k: Desk) -> Iterator[Decision]:
    weeks, days = sheet.number("labelling_weeks", "week"), (k.day("benchmark") - k.start).days
    if weeks is not None and weeks * 7 > days:
        who = k.role("domain")
        yield Decision(
            what=k.say("Labelling takes {labelling_weeks} at the hours there are, and the benchmark is due earlier."), who=who, by=k.within(11, who),
            options=[k.say("more hours a week"), k.say("a smaller first benchmark"), k.say("a later benchmark")],
            recommended=k.say("more hours a week"), because=k.say("Every later date waits for the benchmark."),
        )  # fmt: skip


def _gate(k: Desk) -> Decision:
    who = k.role("product")
    return Decision(
        what=k.say("Does the model go live after the shadow phase?"), who=who, by=k.day("gate"),
        options=[k.say("ramp up step by step"), k.say("stay in shadow and mend"), k.say("stop and keep the baseline")],
        recommended=k.say("ramp up step by step"), because=k.say("Only if every gate of the plan is met on that day; otherwise the baseline stays."),
    )  # fmt: skip


def questions(strategy: Strategy, sheet: Sheet, k: Desk) -> list[OpenQuestion]:
    """Skipped questions and doubtful numbers, by how many outcomes of the plan hang on them."""
    doubtful = [entry for entry in sheet.ledger.entries.values() if entry.quantity.basis in ("assumed", "unknown") and entry.quantity.check]
    uses = [sheet.ledger.uses(outcome) for outcome in OUTCOMES]
    weighed = sorted(((_leverage(entry, uses), entry) for entry in doubtful), key=lambda item: (-item[0], item[1].quantity.key))
    asked = [
        OpenQuestion(question=clipped(a.asked), default=clipped(a.text), moves=_why(strategy, a.question, k))
        for a in strategy.answers
        if a.skipped and a.asked
    ]
    return [*asked[:3], *(_question(entry, k) for weight, entry in weighed if weight)][:5]


def _why(strategy: Strategy, question: str, k: Desk) -> str:
    found = next((item.why for item in strategy.clarification.questions if item.id == question), "")
    return found or k.say("The sections that it touches.")


def _leverage(entry: Entry, uses: Sequence[Set[str]]) -> int:
    hanging = sum(entry.quantity.key in keys for keys in uses)
    return 2 * hanging + (1 if entry.quantity.basis == "unknown" else 0)


def _question(entry: Entry, k: Desk) -> OpenQuestion:
    quantity = entry.quantity
    default = k.say("Assumed: {%(key)s}.", key=quantity.key) if entry.known else k.say("Left open: nothing rests on a guess.")
    impact = quantity.check.impact if quantity.check else ""
    return OpenQuestion(
        question=clipped(f"{quantity.meaning[:1].upper()}{quantity.meaning[1:].rstrip('.')}?"), default=default, moves=impact
    )


def soon(strategy: Strategy, k: Desk, order: list[str]) -> list[str]:
    """Who does what in the first thirty days."""
    actions = all_actions(strategy)
    near = [actions[name] for name in order if actions[name].due <= k.start + timedelta(days=30)]
    chosen = (near or [actions[name] for name in order])[:6]
    return [
        clipped(
            k.say(
                "%(what)s %(who)s, by %(day)s.",
                what=_ended(a.what),
                who=k.role_of(a.owner).title if _known(a.owner, k) else a.owner,
                day=dated(a.due, k.language),
            )
        )
        for a in chosen
    ]


def _known(role: str, k: Desk) -> bool:
    return any(item.id == role for item in k.blueprint.roles)


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
