"""Logs: what each prediction leaves behind, which alarm reads it, how the personal parts are treated, and where logs do not meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ai_data_strategy.agents.practice import risk
from ai_data_strategy.agents.section import Action, Checks, Draft, Problem, Rejected, Section, derived, is_menu
from ai_data_strategy.agents.sheet import PERSONAL, Sheet
from ai_data_strategy.blueprint import Sensitivity
from ai_data_strategy.domain import Id, Key, Line, Model, Name, Quantity
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.playbook.naming import main_source, money, names, worst_sensitivity
from ai_data_strategy.typeset.blocks import Block, Table
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.view import View

Part = Literal["input", "output", "model_version", "latency", "confidence", "environment", "outcome", "other"]
PARTS = {
    "input": N_("input"), "output": N_("output"), "model_version": N_("version"), "latency": N_("latency"), "confidence": N_("confidence"),
    "environment": N_("environment"), "outcome": N_("outcome"), "other": N_("other"),
}  # fmt: skip
REQUIRED = ("input", "output", "model_version", "latency", "confidence")
LEAST_ENVIRONMENT = 2
MOST_PATTERNS = 2
"""Slow decays in the chapter; the others stand in the annex."""


class LogField(Model):
    """One field of the prediction log."""

    id: Id
    part: Annotated[Part, Field(description="what it is of a prediction; at least two fields are `environment`")]
    content: Annotated[Line, Field(description="what exactly is written, as the decision saw it")]
    sensitivity: Sensitivity
    treatment: Annotated[
        Line | None, Field(description="what is done to the personal part before it is stored; null only if sensitivity is none")
    ]


class Anomaly(Model):
    """One alarm: the parsed signal, the method that judges it, the key of its threshold, and the role that it wakes."""

    signal: Line
    method: Line
    threshold: Key
    alerts: Annotated[Id, Field(description="role id")]


class Degradation(Model):
    """A slow decay to fear in this product, the log fields that show it, and how it is told from harmless change."""

    pattern: Line
    shown_by: Annotated[list[Id], Field(min_length=1, max_length=3, description="ids of fields of this log")]
    told_apart: Line


class Stack(Model):
    """The one log stack. Its size comes from `bytes_per_entry` and `entries_per_day`, which this section defines."""

    chosen: Annotated[Name, Field(description="one stack, no menu")]
    because: Line
    parsing: Annotated[Line, Field(description="how an entry is parsed, and what happens to one that does not parse")]


class Silo(Model):
    """Two stores that do not meet, what stalls without the join, the key that joins them, and who owns the join."""

    between: Line
    stalls: Line
    joined_by: Line
    owner: Id


class ContentSignal(Model):
    """A signal in the content itself that is held against feedback, so that feedback is not only counted."""

    signal: Line
    feedback: Annotated[Line, Field(description="the event or outcome that it is correlated with")]
    event: Annotated[Id | None, Field(description="event id of the blueprint, null if it is an outcome")]
    action: Annotated[Line, Field(description="what is done when both move together")]


class Logs(Draft):
    """The logs of one product. `quantities` defines bytes_per_entry, entries_per_day and storage_cost ({currency}/year)."""

    log: Annotated[Name, Field(description="name of the prediction log")]
    fields: Annotated[list[LogField], Field(max_length=12)]
    anomalies: Annotated[list[Anomaly], Field(max_length=5)]
    degradations: Annotated[list[Degradation], Field(max_length=5)]
    stack: Stack
    silos: Annotated[list[Silo], Field(max_length=3)]
    content_signal: ContentSignal


def figures(_draft: Logs) -> list[Quantity]:
    """The figures that code adds: growth of the log a month, and what is kept at any time."""
    return [
        derived("log_growth", "GB/month", "growth of the prediction log", "storage_growth(bytes_per_entry, entries_per_day)"),
        derived("log_volume_kept", "GB", "prediction log kept at any time", "log_growth * log_retention"),
    ]


CHECKS = Checks()


@CHECKS("PR1")
def a_prediction_can_be_read_back(draft: Logs, sheet: Sheet) -> Iterator[Problem]:
    parts = {field.part for field in draft.fields if field.content.strip()}
    for part in REQUIRED:
        if part not in parts:
            yield Problem("fields", f"no log field holds the {part}: add one with that part")


@CHECKS("PR2")
def the_surroundings_are_logged(draft: Logs, sheet: Sheet) -> Iterator[Problem]:
    found = {field.id for field in draft.fields if field.part == "environment"}
    if len(found) < LEAST_ENVIRONMENT:
        yield Problem(
            "fields", f"{len(found)} environment fields: log at least {LEAST_ENVIRONMENT} (device, channel, locale, app version, shift ...)"
        )


@CHECKS("PR3")
def alarms_have_a_threshold_and_a_reader(draft: Logs, sheet: Sheet) -> Iterator[Problem]:
    if not draft.anomalies:
        yield Problem("anomalies", "no alarm reads the log: name signal, method, threshold and who is alerted")
    for anomaly in draft.anomalies:
        if not (anomaly.signal.strip() and anomaly.method.strip()):
            yield Problem("anomalies", f"the alarm on {anomaly.threshold!r} needs a signal and a method")
        if not sheet.known(anomaly.threshold):
            yield Problem("anomalies", f"threshold {anomaly.threshold!r} has no value: define it in quantities")
        if anomaly.alerts not in sheet.role_ids:
            yield Problem("anomalies", f"{anomaly.alerts!r} is no role of the blueprint: alert one of {sorted(sheet.role_ids)}")


@CHECKS("PR5")
def a_stack_is_chosen_and_sized(draft: Logs, sheet: Sheet) -> Iterator[Problem]:
    if not (draft.stack.chosen.strip() and draft.stack.because.strip()):
        yield Problem("stack", "choose one log stack and say why")
    if is_menu(draft.stack.chosen):
        yield Problem("stack", f"{draft.stack.chosen!r} is a menu: choose one")
    for key in ("bytes_per_entry", "entries_per_day", "storage_cost", "log_growth"):
        if not sheet.stands(key):
            yield Problem("quantities", f"{key} is not defined or cannot be computed: define it, or mark it unknown with a check")


@CHECKS("PR6")
def personal_parts_are_treated(draft: Logs, sheet: Sheet) -> Iterator[Problem]:
    for field in draft.fields:
        if field.sensitivity in PERSONAL and not (field.treatment or "").strip():
            yield Problem(
                "fields", f"log field {field.id!r} is {field.sensitivity} and has no treatment: say what is done before it is stored"
            )
    if sheet.blueprint.task.personal_data and not any(field.sensitivity in PERSONAL for field in draft.fields):
        yield Problem(
            "fields", "the task uses personal data, but no log field is marked as personal: mark input, output and context as they are"
        )
    if not sheet.stands("log_retention"):
        yield Problem("fields", "log_retention has no value and is not marked unknown")


def render(draft: Logs, view: View) -> list[Block]:
    """The chapter's blocks: prose, slow decay, alarms. Fields, methods, stack and silos stand in the annex."""
    _ = view._
    patterns = [[view.line(d.pattern), view.codes(d.shown_by), view.line(d.told_apart)] for d in draft.degradations[:MOST_PATTERNS]]
    return [
        *view.chapter(draft.prose),
        Table([_("Slow decay"), _("Seen in"), _("Told apart by")], patterns),
        Table([_("Alarm"), _("Threshold"), _("Alerts")], [_alarm(item, view) for item in draft.anomalies]),
    ]


def annex(draft: Logs, view: View) -> list[Block]:
    """For audit: the fields of the prediction log with their treatment, the methods of the alarms, silos and content signal."""
    _ = view._
    rows = [
        [view.code(f.id), _(PARTS[f.part]), view.line(f.content), _(f.sensitivity.replace("_", " ")), view.line(f.treatment or "") or _("none needed")]
        for f in draft.fields
    ]  # fmt: skip
    alarms = [[view.line(item.signal), view.line(item.method)] for item in draft.anomalies]
    patterns = [[view.line(d.pattern), view.codes(d.shown_by), view.line(d.told_apart)] for d in draft.degradations[MOST_PATTERNS:]]
    return [
        Table([_("Log field"), _("Part"), _("Content"), _("Sensitivity"), _("Treatment")], rows),
        Table([_("Alarm"), _("Method")], [*alarms, [_("Parsing"), view.line(draft.stack.parsing)]]),
        Table([_("Slow decay"), _("Seen in"), _("Told apart by")], patterns),
        Table([_("Point"), _("Decision")], _decisions(draft, view)),
    ]


def _alarm(anomaly: Anomaly, view: View) -> list[Any]:
    return [view.line(anomaly.signal), view.amount(anomaly.threshold), view.role(anomaly.alerts)]


def _size(draft: Logs, view: View) -> str:
    return view._("%(stack)s; the %(log)s grows by %(growth)s and is kept for %(time)s.") % {
        "stack": view.name(draft.stack.chosen), "log": view.code(draft.log), "growth": view.amount("log_growth").text, "time": view.number("log_retention")
    }  # fmt: skip


def _decisions(draft: Logs, view: View) -> list[list[str]]:
    _, signal = view._, draft.content_signal
    rows = [[_("Log stack"), f"{_size(draft, view)} {view.line(draft.stack.because)}"]]
    rows += [[_("Silo"), f"{view.account(s.between, s.stalls, s.joined_by)} ({view.role(s.owner)})"] for s in draft.silos]
    return [*rows, [_("Content against feedback"), view.account(signal.signal, signal.feedback, signal.action)]]


def playbook(k: Desk) -> Logs:
    """The logs without a model: the archetype's fields, alarms and silos, in the blueprint's names."""
    t, words = k.topic("logs"), names(k)
    _sizes(k, t)

    def say(text: str) -> str:
        return k.say(text, **words)

    fields = _fields(k, t, words)
    engineer = k.role("data_engineering")
    return Logs(
        prose=say(t["prose"]),
        log=next((s.name for s in k.blueprint.sources if s.kind == "product_logs" and s.status == "to_build"), t["log"])[:100],
        fields=fields,
        anomalies=[_anomaly(k, item, words) for item in t["anomalies"]],
        degradations=[
            Degradation(pattern=say(d["decay"]), shown_by=d["shown_by"], told_apart=say(d["told_apart"])) for d in t["degradations"]
        ],
        stack=Stack(chosen=t["stack"], because=say(t["stack_because"]), parsing=say(t["parsing"])),
        silos=[
            Silo(between=say(s["between"]), stalls=say(s["stalls"]), joined_by=say(s["joined_by"]), owner=k.role(s["duty"]))
            for s in t["silos"]
        ],
        content_signal=_content_signal(k, t["content_signal"], words),
        rejected=[Rejected(option=k.say(r["option"]), because=say(r["because"])) for r in t["rejected"]],
        actions=[
            Action(id="logs_write", what=say(t["action"]), owner=engineer, due=k.within(28, engineer), cost="logs_build_hours", after=[]),
            Action(
                id="logs_join",
                what=say(t["join"]),
                owner=engineer,
                due=k.within(77, engineer),
                cost="logs_join_hours",
                after=["logs_write"],
            ),
        ],
        risks=[risk(k, t["risk"], words)],
        quantities=k.quantities,
    )


def _fields(k: Desk, t: Mapping[str, Any], words: Mapping[str, str]) -> list[LogField]:
    personal = k.blueprint.task.personal_data
    worst = worst_sensitivity(main_source(k.blueprint)) if personal else "none"
    found = []
    for item in [*t["fields"], *t["common"], *t["environment"]]:
        sensitivity = worst if item["sensitivity"] == "worst" else item["sensitivity"] if personal else "none"
        if personal and item["part"] == "input" and sensitivity == "none":
            sensitivity = "personal"
        treatment = k.say(item["treatment"], **words) if sensitivity != "none" else None
        found.append(
            LogField(
                id=item["id"], part=item["part"], content=k.say(item["content"], **words), sensitivity=sensitivity, treatment=treatment
            )
        )
    return found


def _anomaly(k: Desk, item: Mapping[str, Any], words: Mapping[str, str]) -> Anomaly:
    reader = k.role(item["duty"])
    key = k.propose(item["key"], item["value"], item["unit"], k.say(item["signal"], **words), reader)
    return Anomaly(signal=k.say(item["signal"], **words), method=k.say(item["method"], **words), threshold=key, alerts=reader)


def _content_signal(k: Desk, item: Mapping[str, str], words: Mapping[str, str]) -> ContentSignal:
    event = words["event"].strip("`")
    return ContentSignal(
        signal=k.say(item["signal"], **words), feedback=k.say(item["feedback"], **words), event=event, action=k.say(item["action"], **words)
    )


def _sizes(k: Desk, t: Mapping[str, Any]) -> None:
    """Entry size, entries a day, storage cost, and the hours of the actions."""
    engineer, currency = k.role("data_engineering"), k.blueprint.currency
    by, how = k.within(42, engineer), k.say("Measure the mean entry size and count over the first week of real entries.")
    size, impact = t["bytes"], k.say("Storage is larger or smaller; the stack stays unless it is ten times wrong.")
    k.assume(
        "bytes_per_entry",
        (size["low"], size["high"]),
        "byte",
        k.say("size of one log entry"),
        k.say(size["source"]),
        impact,
        how,
        engineer,
        by,
    )
    calls = t["calls"]
    k.assume("logs_entries_each", calls["value"], "count", k.say(calls["meaning"]), k.say(calls["source"]), impact, how, engineer, by)
    k.derive("entries_per_day", "entries/day", k.say("log entries a day"), "examples_per_day * logs_entries_each")
    fee = t["fee"]
    k.assume(
        "logs_store_fee",
        (money(k, fee["low"]), money(k, fee["high"])),
        f"{currency}/month",
        k.say(fee["meaning"]),
        k.say(fee["source"]),
        k.say("A small part of the cost moves."),
        k.say("Ask the hosting provider for a quote."),
        engineer,
        by,
    )
    k.derive("storage_cost", f"{currency}/year", k.say("log store, snapshots and backups"), "logs_store_fee")
    k.propose("logs_build_hours", t["hours"]["build"], "hour", k.say("work to write the log"), engineer)
    k.propose("logs_join_hours", t["hours"]["join"], "hour", k.say("work to join the silos"), engineer)


SECTION = Section(
    key="logs",
    number=11,
    title=N_("Logs"),
    scope="fields of the prediction log and their treatment, alarms, slow degradation, log stack and its growth, silos, content signals",
    draft=Logs,
    checks=CHECKS,
    derived=figures,
    render=render,
    annex=annex,
    playbook=playbook,
)
