"""Feedback loop architecture: what each signal means, what counts as good, how fast a signal reaches a live model, who hears back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ai_data_strategy.agents.authoring import actions, known, number, prose, rejected, risks, topic
from ai_data_strategy.agents.section import Checks, Draft, Problem, Section, derived
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.domain import Id, Key, Line, Model, Name, Quantity
from ai_data_strategy.playbook.desk import Desk, knowledge
from ai_data_strategy.playbook.signals import Signal as Heard
from ai_data_strategy.playbook.signals import facts, read_events
from ai_data_strategy.typeset.blocks import Block, Cell, Paragraph, Table
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.view import View

Noise = Literal["low", "medium", "high"]
NOISES: dict[Noise, str] = {"low": N_("low"), "medium": N_("medium"), "high": N_("high")}
KINDS = {"explicit": N_("explicit"), "implicit": N_("implicit")}
LEAST_IMPLICIT = 2
MOST_TERMS = 4
OWN_STAGES = ("feedback_export", "feedback_build", "feedback_release")
"""Stages whose longest time the playbook sets; they shrink if the limit leaves less."""


class SignalReading(Model):
    """One event read as feedback."""

    event: Annotated[Id, Field(description="id of an event of the blueprint")]
    kind: Annotated[Literal["explicit", "implicit"], Field(description="explicit if somebody means to tell us something")]
    means: Annotated[Line, Field(description="what it says about the answer given, and about whose")]
    label: Annotated[Line, Field(description="label or weight that it gives, or that it gives none and only opens a case")]
    noise: Noise
    noise_because: Annotated[Line, Field(description="who does it for another reason")]
    place: Annotated[Line | None, Field(description="explicit: the screen and the control where it is given; else null")]


class Term(Model):
    """One summand of the value formula: weight times the event's count."""

    event: Annotated[Id, Field(description="event of one of the signals")]
    weight: Annotated[Key, Field(description="quantity, positive for good and negative for bad, in credits or money")]


class Reward(Model):
    """What counts as good and bad, as a formula over the signals; or why no reward is defined."""

    applies: bool
    because: Annotated[Line, Field(description="what the formula is used for (thresholds, comparison, training), or why there is none")]
    positive: Line
    negative: Line
    terms: Annotated[list[Term], Field(max_length=5)]
    guard: Annotated[Line, Field(description="how it could be gamed cheaply here, and the delayed outcome or counter-metric that stops it")]


class LagStage(Model):
    """One stage on the way from a user's action to a live model that knows it, at its slowest."""

    stage: Name
    lag: Annotated[Key, Field(description="quantity in time units: longest time; shared keys where they cover it")]


class FastPath(Model):
    """What reacts before the next training: a list, a rule, an index entry, a feature."""

    what: Line
    within: Annotated[Key, Field(description="quantity in time units")]
    owner: Id


class Closing(Model):
    """How people learn that their feedback counted."""

    shown: Annotated[Line, Field(description="what they see, in the product's own words")]
    audience: Line
    place: Line
    when: Line


class Feedback(Draft):
    """The feedback loops of one product."""

    signals: Annotated[list[SignalReading], Field(max_length=8, description="at least two implicit and one explicit")]
    reward: Reward
    lags: Annotated[
        list[LagStage], Field(max_length=8, description="every stage: label matures, export, wait for the run, build, test, ramp")
    ]
    fast_path: Annotated[FastPath | None, Field(description="null if nothing may act before training")]
    closing: Annotated[list[Closing], Field(max_length=3)]


def figures(draft: Feedback) -> list[Quantity]:
    """The figure that code adds: the slowest way from a user's action to a live model that knows it."""
    total = f"sum_of_lags({', '.join(stage.lag for stage in draft.lags)})"
    return [derived("feedback_lag", "day", "longest time from a user's action to a live model that knows it", total)]


CHECKS = Checks()


def _named(draft: Feedback, sheet: Sheet, kind: str) -> set[str]:
    return {s.event for s in draft.signals if s.kind == kind and s.event in sheet.event_ids}


@CHECKS("FB1")
def implicit_signals_are_events(draft: Feedback, sheet: Sheet) -> Iterator[Problem]:
    for signal in draft.signals:
        if signal.event not in sheet.event_ids:
            yield Problem("signals", f"{signal.event!r} is no event of the blueprint: use one of {sorted(sheet.event_ids)}")
        if not (signal.means.strip() and signal.label.strip() and signal.noise_because.strip()):
            yield Problem("signals", f"signal {signal.event!r} needs a meaning, a label value and a reason for its noise")
    if len(_named(draft, sheet, "implicit")) < LEAST_IMPLICIT:
        yield Problem("signals", "name at least two implicit signals, each an event of the blueprint")


@CHECKS("FB2")
def an_explicit_signal_has_a_place(draft: Feedback, sheet: Sheet) -> Iterator[Problem]:
    if not _named(draft, sheet, "explicit"):
        yield Problem("signals", "name at least one explicit signal, an event of the blueprint")
    for signal in draft.signals:
        if signal.kind == "explicit" and not (signal.place or "").strip():
            yield Problem("signals", f"explicit signal {signal.event!r} has no place: name the screen and the control")


@CHECKS("FB3")
def good_and_bad_have_a_formula(draft: Feedback, sheet: Sheet) -> Iterator[Problem]:
    reward, heard = draft.reward, {signal.event for signal in draft.signals}
    if not reward.because.strip():
        yield Problem("reward", "say what the value formula is used for, or why there is none")
    if not reward.applies:
        return
    if not (reward.positive.strip() and reward.negative.strip()):
        yield Problem("reward", "define the positive and the negative outcome")
    for term in reward.terms:
        if term.event not in heard:
            yield Problem("reward", f"{term.event!r} is in the formula and not among the signals")
    weights = [sheet.entry(term.weight) for term in reward.terms]
    values = [entry.value for entry in weights if entry and entry.value is not None]
    if len(values) < len(reward.terms):
        yield Problem("reward", "every term needs a weight that is a quantity with a value")
    if not (any(value > 0 for value in values) and any(value < 0 for value in values)):
        yield Problem("reward", "the formula needs a term that adds and a term that takes away")


@CHECKS("FB5")
def the_lag_is_within_its_limit(draft: Feedback, sheet: Sheet) -> Iterator[Problem]:
    for stage in draft.lags:
        if sheet.number(stage.lag, "day") is None and not sheet.waived(stage.lag):
            yield Problem("lags", f"stage {stage.stage!r}: {stage.lag!r} is no quantity in time units")
    for key, what in (("label_delay", "the wait for the label"), ("retrain_cadence", "the wait for the next scheduled run")):
        if not sheet.waived(key) and not any(key in sheet.ledger.uses(stage.lag) for stage in draft.lags):
            yield Problem("lags", f"no stage covers {what}: add {key}")
    lag, limit, cadence = (sheet.number(*pair) for pair in (("feedback_lag", "day", "high"), ("feedback_lag_limit", "day", "low"), ("retrain_cadence", "day", "high")))  # fmt: skip
    if limit is None and not sheet.waived("feedback_lag_limit"):
        yield Problem("lags", "feedback_lag_limit has no value in days")
    if lag is not None and limit is not None and lag > limit:
        yield Problem(
            "lags",
            f"the stages add up to {lag:g} days and the limit is {limit:g}: shorten a stage, or the limit is a promise that cannot be kept",
        )
    if cadence is not None and limit is not None and limit < cadence:
        yield Problem("lags", f"the limit of {limit:g} days is shorter than the cadence of {cadence:g}: no scheduled run can keep it")


@CHECKS("FB6")
def people_hear_back(draft: Feedback, sheet: Sheet) -> Iterator[Problem]:
    if not draft.closing:
        yield Problem("closing", "say what is shown to those who gave feedback, to whom, where and when")
    for item in draft.closing:
        if not all(text.strip() for text in (item.shown, item.audience, item.place, item.when)):
            yield Problem("closing", "each item needs what is shown, to whom, where and when")


def render(draft: Feedback, view: View) -> list[Block]:
    """The chapter's blocks after its heading: prose, signals, value formula, lag chain, fast path, what people hear back."""
    _ = view._
    groups: dict[tuple[str, str, str], list[str]] = {}
    for signal in draft.signals:
        groups.setdefault((_(KINDS[signal.kind]), view.line(signal.label), _(NOISES[signal.noise])), []).append(signal.event)
    signals = [[view.codes(events), *rest] for rest, events in groups.items()]
    lags: list[list[str | Cell]] = [[view.name(stage.stage), view.amount(stage.lag)] for stage in draft.lags]
    lags += [[f"**{_('Sum')}**", view.amount("feedback_lag")], [_("Limit"), view.amount("feedback_lag_limit")]]
    closing = [[view.line(c.audience), view.line(c.shown), view.line(c.when)] for c in draft.closing]
    fast = draft.fast_path
    blocks: list[Block] = [
        *view.chapter(draft.prose),
        Table([_("Event"), _("Kind"), _("Label it gives"), _("Noise")], signals),
        *_value(draft.reward, view),
        Table([_("From action to live model"), _("Longest")], lags),
    ]
    if fast:
        blocks.append(
            Paragraph(f"**{_('Before the next training')}** ({view.number(fast.within)}, {view.role(fast.owner)}): {view.line(fast.what)}")
        )
    return [*blocks, Table([_("Who hears back"), _("What is shown"), _("When")], closing)]


def annex(draft: Feedback, view: View) -> list[Block]:
    """For audit: what each signal means, why it is noisy and where it is given; the two sides of the value; where people hear back."""
    _ = view._
    columns = [_("Event"), _("What it means"), _("Noise"), _("Where it is given")]
    signals = [[view.code(s.event), view.line(s.means), view.line(s.noise_because), view.line(s.place or "")] for s in draft.signals]
    sides = [[_("Good"), view.line(draft.reward.positive)], [_("Bad"), view.line(draft.reward.negative)]]
    places = [[view.line(c.audience), view.line(c.place)] for c in draft.closing]
    return [
        Table(columns, signals),
        Table([_("Outcome"), _("What counts as such")], sides),
        Table([_("Who hears back"), _("Where")], places),
    ]


def _value(reward: Reward, view: View) -> list[Block]:
    _ = view._
    if not reward.applies:
        return [Paragraph(f"**{_('No reward')}:** {view.line(reward.because)} {view.line(reward.guard)}")]
    terms = "; ".join(f"{view.code(term.event)} {view.number(term.weight)}" for term in reward.terms)
    lead = f"**{_('What a decision is worth, by what follows it')}:** {terms}."
    return [Paragraph(f"{lead} {view.line(reward.because)} {view.line(reward.guard)}")]


def playbook(k: Desk) -> Feedback:
    """The feedback loops without a model: the blueprint's events read by family, and a lag chain that keeps its limit."""
    t, places, heard = topic(k, "feedback"), facts(k), read_events(k)[:6]
    families = {**knowledge("feedback")["default"]["families"], **t.get("readings", {})}
    signals = [
        _signal(k, signal, {**knowledge("feedback")["default"]["families"][signal.family], **families.get(signal.family, {})}, places)
        for signal in heard
    ]
    fast = t["fast_path"]
    return Feedback(
        prose=prose(k, t["prose"], places),
        signals=signals,
        reward=_reward(k, t["reward"], heard, places),
        lags=_lags(k),
        fast_path=FastPath(what=k.say(fast["what"], **places), within=number(k, fast["within"], places), owner=k.role(fast["duty"])),
        closing=[Closing(**{key: k.say(item[key], **places) for key in ("shown", "audience", "place", "when")}) for item in t["closing"]],
        rejected=rejected(k, t["rejected"], places),
        actions=actions(k, t["actions"], places, "feedback"),
        risks=risks(k, t["risks"], places),
        quantities=k.quantities,
    )


def _signal(k: Desk, signal: Heard, entry: Mapping[str, Any], places: Mapping[str, str]) -> SignalReading:
    meaning = signal.event.meaning.strip().rstrip(".")
    unrecorded = "" if signal.event.source else " " + k.say(N_("Nothing records it yet."))
    return SignalReading(
        event=signal.event.id,
        kind=signal.kind,
        means=f"{meaning[:1].upper()}{meaning[1:]}: {k.say(entry['means'], **places)}{unrecorded}",
        label=k.say(entry["label"], **places),
        noise=entry["noise"],
        noise_because=k.say(entry["because"], **places),
        place=k.say(entry["place"], **places) if signal.kind == "explicit" else None,
    )


def _reward(k: Desk, entry: Mapping[str, Any], heard: list[Heard], places: Mapping[str, str]) -> Reward:
    families = knowledge("signals")["families"]
    signs = {**{name: family["weight"] for name, family in families.items()}, **entry.get("weights", {})}
    chosen = sorted((signal for signal in heard if signs[signal.family]), key=lambda signal: -signs[signal.family])
    chosen = chosen if len(chosen) <= MOST_TERMS else [*chosen[: MOST_TERMS - 2], *chosen[-2:]]
    both = {signs[signal.family] > 0 for signal in chosen} == {True, False}
    if not (entry["applies"] and both):
        why = entry["because"] if not entry["applies"] else N_("The events of this product mark only one side, good or bad. A reward over one side is maximised by doing nothing or everything, so none is defined until the other side is recorded.")  # fmt: skip
        return Reward(applies=False, because=k.say(why, **places), positive=k.say(entry["positive"], **places), negative=k.say(entry["negative"], **places), terms=[], guard=k.say(entry["guard"], **places))  # fmt: skip
    owner = k.role("product")
    terms = [
        Term(event=s.event.id, weight=k.propose(f"feedback_weight_{s.event.id}"[:60], signs[s.family], "credit", k.say(N_("weight of %(event)s in the value of a decision"), event=f"`{s.event.id}`"), owner))
        for s in chosen
    ]  # fmt: skip
    return Reward(applies=True, because=k.say(entry["because"], **places), positive=k.say(entry["positive"], **places), negative=k.say(entry["negative"], **places), terms=terms, guard=k.say(entry["guard"], **places))  # fmt: skip


def _lags(k: Desk) -> list[LagStage]:
    """The chain of a routine release: what the limit leaves after label and cadence is shared among export, build and release."""
    ledger, trains, owner = known(k), k.blueprint.task.trains, k.role("data_engineering")
    texts = knowledge("feedback")["lags"]["training" if trains else "prompting"]
    limit, label, cadence, ramp = (
        ledger.number(key, "day", end)
        for key, end in (("feedback_lag_limit", "low"), ("label_delay", "high"), ("retrain_cadence", "high"), ("ramp_time", "high"))
    )
    days = {key: float(texts[key]["days"]) for key in OWN_STAGES}
    left = limit - (label or 0.0) - (cadence or 0.0) if limit is not None else sum(days.values()) + (ramp or 0.0)
    full = ramp is not None and left >= days["feedback_export"] + days["feedback_build"] + ramp
    own = {key: longest for key, longest in days.items() if not (full and key == "feedback_release")}
    spare = max(left, 0.0) - sum(own.values())
    own = own if spare >= 0 else _shrunk(own, max(left, 0.0))
    keys = ["label_delay", "feedback_export", "retrain_cadence", "feedback_build", "ramp_time" if full else "feedback_release"]
    for key in own:
        k.propose(key, own[key], "day", k.say(texts[key]["meaning"]), owner)
    return [LagStage(stage=k.say(texts[key]["stage"]), lag=key) for key in keys]


def _shrunk(own: dict[str, float], left: float) -> dict[str, float]:
    """The stages in `left` days: the release gives way first, to one day; then all shrink alike, rounded down to a tenth of a day."""
    last = next(reversed(own))
    room = left - sum(days for key, days in own.items() if key != last)
    if room >= 1:
        return {**own, last: float(int(room))}
    scale = left / sum(own.values())
    return {key: max(0.1, int(days * scale * 10) / 10) for key, days in own.items()}


SECTION = Section(
    key="feedback",
    number=6,
    title=N_("Feedback loop architecture"),
    scope="what each user signal means as a label, what counts as a good outcome, the lag from action to live model, telling users",
    draft=Feedback,
    checks=CHECKS,
    derived=figures,
    render=render,
    playbook=playbook,
    annex=annex,
)
