"""Failures: their classes, the order in which they are mended, how they become training data, replay, and 5 Whys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from ai_data_strategy.agents.practice import missing_role, risk
from ai_data_strategy.agents.section import Action, Checks, Draft, Problem, Rejected, Section
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.domain import Id, Key, Line, Model, Name, Quantity
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.playbook.naming import names
from ai_data_strategy.typeset.blocks import Block, Paragraph, Table
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.view import View

Kind = Literal["data_scarcity", "model_flaw", "external_noise", "system_fault", "misuse"]
KINDS = {
    "data_scarcity": N_("data scarcity"), "model_flaw": N_("model flaw"), "external_noise": N_("external noise"),
    "system_fault": N_("system or routine"), "misuse": N_("misuse"),
}  # fmt: skip
REQUIRED = ("data_scarcity", "model_flaw", "external_noise")
WHYS = 5


class FailureClass(Model):
    """One class of failure in this product, a concrete example, and the remedy that fits this class and not the others."""

    kind: Kind
    example: Annotated[Line, Field(description="a case that could happen here, not a definition")]
    remedy: Line


class Priority(Model):
    """The rule by which failures are ranked: the factors that are multiplied, and who corrects the order."""

    rule: Line
    factors: Annotated[list[Line], Field(min_length=2, max_length=4, description="frequency, severity, reach of a fix ...")]
    owner: Id


class Path(Model):
    """How a failure becomes training data: relabelling, targeted collection, augmentation, neighbours. Never the benchmark."""

    steps: Annotated[list[Line], Field(min_length=2, max_length=4)]
    guard: Annotated[Line, Field(description="what keeps failures out of the benchmark, and benchmark items out of training")]
    enters_benchmark: Annotated[bool, Field(description="false: a failure that is mended never becomes a benchmark item")]


class Replay(Model):
    """The store of failing cases that is run again before each release."""

    store: Name
    holds: Line
    items: Annotated[Key, Field(description="quantity: most cases in the store")]
    environment: Line
    runs: Annotated[Line, Field(description="when it runs")]
    pass_rule: Annotated[Line, Field(description="what must hold, with {key} for the share")]
    pass_share: Annotated[Key, Field(description="quantity in percent")]
    trained_on: Annotated[bool, Field(description="true only if the cases are also trained on; then a pass shows memory")]
    owner: Id


class FiveWhys(Model):
    """When the 5 Whys is done, who leads it, and one example: each answer is the cause of the one before; the last is a process."""

    when: Line
    deadline: Annotated[Key, Field(description="quantity: time from failure to session")]
    lead: Id
    failure: Line
    answers: Annotated[list[Line], Field(max_length=5, description="exactly five, each beginning with because, none naming a person")]
    action: Annotated[Line, Field(description="changes the process that the last answer names")]
    owner: Id
    due: date


class Reporting(Model):
    """The blame-free channel, and how the number of reports is kept high."""

    channel: Line
    kept_high: Line
    answer_within: Key


class Dashboard(Model):
    """What is shown to whom, and how fresh it is."""

    measures: Annotated[list[Line], Field(max_length=6)]
    refresh: Key
    audience: Annotated[list[Id], Field(max_length=6, description="role ids")]


class Trigger(Model):
    """The event that starts a retraining (or prompt release) run, its threshold, and who approves what comes out."""

    event: Line
    threshold: Key
    approver: Id


class Failures(Draft):
    """The practice of failure of one product."""

    classes: Annotated[list[FailureClass], Field(max_length=6)]
    priority: Priority
    path: Path
    replay: Replay
    whys: FiveWhys
    reporting: Reporting
    dashboard: Dashboard
    trigger: Trigger


def figures(_draft: Failures) -> list[Quantity]:
    """No derived figures."""
    return []


CHECKS = Checks()


@CHECKS("PR9")
def failures_have_classes(draft: Failures, sheet: Sheet) -> Iterator[Problem]:
    kinds = {item.kind for item in draft.classes if item.example.strip()}
    for kind in REQUIRED:
        if kind not in kinds:
            yield Problem("classes", f"no failure class of kind {kind!r} with an example: add one")
    if len(kinds) < len(REQUIRED):
        yield Problem("classes", f"{len(kinds)} classes: name at least {len(REQUIRED)}")


@CHECKS("PR10")
def failures_are_ranked(draft: Failures, sheet: Sheet) -> Iterator[Problem]:
    if not draft.priority.rule.strip() or len([factor for factor in draft.priority.factors if factor.strip()]) < 2:
        yield Problem("priority", "give the rule that ranks failures and at least two factors of it")
    yield from missing_role("priority", draft.priority.owner, sheet)


@CHECKS("PR12")
def old_failures_are_replayed(draft: Failures, sheet: Sheet) -> Iterator[Problem]:
    replay = draft.replay
    for part in ("store", "holds", "environment", "runs", "pass_rule"):
        if not str(getattr(replay, part)).strip():
            yield Problem("replay", f"the replay has no {part}")
    for key, wanted in ((replay.items, "count"), (replay.pass_share, "percent")):
        if sheet.number(key, wanted) is None:
            yield Problem("replay", f"{key!r} has no value as a {wanted}: define it in quantities")
    if replay.trained_on:
        yield Problem("replay", "cases that are trained on show memory when they pass: train on their neighbours, replay the case itself")
    if draft.path.enters_benchmark:
        yield Problem("path", "a mended failure may not enter the benchmark: keep it in the replay store")
    yield from missing_role("replay", replay.owner, sheet)


@CHECKS("PR13")
def whys_are_worked_through(draft: Failures, sheet: Sheet) -> Iterator[Problem]:
    whys = draft.whys
    distinct = {answer.strip().casefold() for answer in whys.answers if answer.strip()}
    if len(whys.answers) != WHYS or len(distinct) != WHYS:
        yield Problem(
            "whys", f"the worked example has {len(distinct)} different answers: give exactly {WHYS}, each the cause of the one before"
        )
    for part in ("when", "failure", "action"):
        if not str(getattr(whys, part)).strip():
            yield Problem("whys", f"the 5 Whys has no {part}")
    if sheet.number(whys.deadline, "day") is None and sheet.number(whys.deadline, "workday") is None:
        yield Problem("whys", f"deadline {whys.deadline!r} has no value in days or workdays")
    if whys.due < sheet.today:
        yield Problem("whys", f"the action is due on {whys.due}, before today")
    yield from missing_role("whys", whys.lead, sheet)
    yield from missing_role("whys", whys.owner, sheet)


@CHECKS("PR15")
def reports_carry_no_blame(draft: Failures, sheet: Sheet) -> Iterator[Problem]:
    if not (draft.reporting.channel.strip() and draft.reporting.kept_high.strip()):
        yield Problem("reporting", "name the blame-free channel and what keeps the number of reports high")
    if not sheet.stands(draft.reporting.answer_within):
        yield Problem("reporting", f"{draft.reporting.answer_within!r} is not defined: say within which time a report is answered")


@CHECKS("PR16")
def the_dashboard_has_readers(draft: Failures, sheet: Sheet) -> Iterator[Problem]:
    board = draft.dashboard
    if not any(measure.strip() for measure in board.measures):
        yield Problem("dashboard", "name the measures that the dashboard shows")
    if sheet.number(board.refresh, "hour") is None:
        yield Problem("dashboard", f"refresh {board.refresh!r} has no value in time units")
    if not board.audience:
        yield Problem("dashboard", "say which roles read the dashboard")
    for role in board.audience:
        yield from missing_role("dashboard", role, sheet)


@CHECKS("PR17")
def retraining_has_a_trigger(draft: Failures, sheet: Sheet) -> Iterator[Problem]:
    if not draft.trigger.event.strip():
        yield Problem("trigger", "name the event that starts a retraining run")
    if not sheet.known(draft.trigger.threshold):
        yield Problem("trigger", f"threshold {draft.trigger.threshold!r} has no value: define it in quantities")
    yield from missing_role("trigger", draft.trigger.approver, sheet)


def render(draft: Failures, view: View) -> list[Block]:
    """The chapter's blocks: prose, classes, and what is done with a failure. The practice around it stands in the annex."""
    _ = view._
    classes = [[_(KINDS[item.kind]), view.line(item.example), view.line(item.remedy)] for item in draft.classes]
    return [
        *view.chapter(draft.prose),
        Table([_("Class"), _("Case that could happen"), _("Remedy")], classes),
        Paragraph(_way(draft, view)),
    ]


def _way(draft: Failures, view: View) -> str:
    """When a replay passes, and what starts a run."""
    _ = view._
    start = _("%(event)s Approved by: %(role)s.") % {"event": view.line(draft.trigger.event), "role": view.role(draft.trigger.approver)}
    return _("**Replay passes if:** %(rule)s **What starts a run:** %(start)s") % {
        "rule": view.line(draft.replay.pass_rule),
        "start": start,
    }


def _decisions(draft: Failures, view: View) -> list[list[str]]:
    _, replay, whys = view._, draft.replay, draft.whys
    store = _("%(store)s: %(holds)s %(runs)s") % {
        "store": view.code(replay.store), "holds": view.line(replay.holds), "runs": view.line(replay.runs)
    }  # fmt: skip
    session = _("%(when)s Led by: %(lead)s, within %(time)s.") % {
        "when": view.line(whys.when), "lead": view.role(whys.lead), "time": view.amount(whys.deadline).text
    }  # fmt: skip
    return [
        [_("Order"), " × ".join([view.line(factor) for factor in draft.priority.factors]) + f". {view.line(draft.priority.rule)}", view.role(draft.priority.owner)],
        [_("Into training"), view.account(*draft.path.steps, draft.path.guard), view.role(draft.priority.owner)],
        [_("Replay"), store, view.role(replay.owner)],
        [_("5 Whys"), session, view.role(whys.lead)],
    ]  # fmt: skip


def annex(draft: Failures, view: View) -> list[Block]:
    """The worked 5 Whys, the replay's surroundings, the reporting channel and the dashboard."""
    _, whys, replay, board = view._, draft.whys, draft.replay, draft.dashboard
    rows: list[list[str]] = [[_("Failure (example, not a past event)"), view.line(whys.failure)]]
    rows += [[_("Why %(number)s") % {"number": number}, view.line(answer)] for number, answer in enumerate(whys.answers, start=1)]
    rows += [[_("Action"), f"{view.line(whys.action)} {view.role(whys.owner)}, {view.day(whys.due)}."]]
    seen = _("%(measures)s; refreshed every %(time)s; for %(roles)s.") % {
        "measures": "; ".join(view.line(measure) for measure in board.measures), "time": view.amount(board.refresh).text,
        "roles": ", ".join(view.role(role) for role in board.audience),
    }  # fmt: skip
    practice = [
        *_decisions(draft, view),
        [_("Replay environment"), view.line(replay.environment), view.role(replay.owner)],
        [_("Replay size"), view.amount(replay.items).text, view.role(replay.owner)],
        [
            _("Reports without blame"),
            view.account(draft.reporting.channel, draft.reporting.kept_high),
            view.role(draft.priority.owner),
        ],
        [_("Failure dashboard"), seen, view.role(draft.priority.owner)],
    ]
    return [Table([_("5 Whys"), _("Answer")], rows), Table([_("Practice"), _("Setting"), _("Owner")], practice)]


def playbook(k: Desk) -> Failures:
    """The practice of failure without a model: the archetype's classes and causes, in the blueprint's names."""
    t, words = k.topic("failures"), names(k)
    keys = _settings(k, t)
    domain, scientist, product = k.role("domain"), k.role("data_science"), k.role("product")

    def say(text: str) -> str:
        return k.say(text, **words)

    return Failures(
        prose=say(t["prose"]),
        classes=[FailureClass(kind=item["kind"], example=say(item["example"]), remedy=say(item["remedy"])) for item in t["classes"]],
        priority=Priority(rule=say(t["rule"]), factors=[say(factor) for factor in t["factors"]], owner=domain),
        path=Path(steps=[say(step) for step in t["path"]], guard=say(t["guard"]), enters_benchmark=False),
        replay=Replay(
            store="failure_replay", holds=say(t["replay"]), environment=say(t["environment"]), runs=say(t["runs"]), pass_rule=say(t["pass_rule"]),
            items=keys["items"], pass_share=keys["pass"], trained_on=False, owner=scientist,
        ),
        whys=_whys(k, t["whys"], keys["deadline"], words),
        reporting=Reporting(channel=say(t["channel"]), kept_high=say(t["kept_high"]), answer_within=keys["answer"]),
        dashboard=Dashboard(measures=[say(m) for m in t["measures"]], refresh=keys["refresh"], audience=list(dict.fromkeys((domain, scientist, product)))),
        trigger=Trigger(event=say(t["trigger"]), threshold=keys["trigger"], approver=domain),
        rejected=[Rejected(option=k.say(item["option"]), because=say(item["because"])) for item in (*t["rejected"], *filter(None, [t.get("not_chosen")]))],
        actions=_actions(k, t, words),
        risks=[risk(k, t["risk"], words)],
        quantities=k.quantities,
    )  # fmt: skip


def _whys(k: Desk, item: Mapping[str, Any], deadline: str, words: Mapping[str, str]) -> FiveWhys:
    owner = k.role(item["duty"])
    answers = [k.say(answer, **words) for answer in item["answers"]]
    return FiveWhys(
        when=k.say(item["when"], **words), deadline=deadline, lead=k.role("product"), failure=k.say(item["failure"], **words),
        answers=answers, action=k.say(item["action"], **words), owner=owner, due=k.within(60, owner),
    )  # fmt: skip


def _settings(k: Desk, t: Mapping[str, Any]) -> dict[str, str]:
    """The section's settings as quantities, each signed by a role; gives their keys."""
    domain, scientist, s = k.role("domain"), k.role("data_science"), t["settings"]
    return {
        "items": k.propose("failures_replay_items", s["items"], "cases", k.say("most cases in the replay store"), scientist),
        "pass": k.propose("failures_replay_pass", s["pass"], "percent", k.say("mended cases that must stay mended"), domain),
        "deadline": k.propose("failures_whys_deadline", s["deadline"], "workday", k.say("from a failure to its Five Whys"), k.role("product")),
        "answer": k.propose("failures_answer_within", s["answer"], "workday", k.say("time within which a report is answered"), domain),
        "refresh": k.propose("failures_refresh", s["refresh"], "hour", k.say("refresh of the failure dashboard"), k.role("data_engineering")),
        "trigger": k.propose("failures_trigger_cases", s["trigger"], "cases", k.say("new cases of one class that open a run"), scientist),
    }  # fmt: skip


def _actions(k: Desk, t: Mapping[str, Any], words: Mapping[str, str]) -> list[Action]:
    domain, engineer = k.role("domain"), k.role("data_engineering")
    review = k.propose("failures_review_hours", t["hours"]["review"], "hour", k.say("work to class past failures"), domain)
    build = k.propose("failures_replay_hours", t["hours"]["replay"], "hour", k.say("work to build the replay"), engineer)
    return [
        Action(id="failures_baseline", what=k.say(t["audit"], **words), owner=domain, due=k.within(25, domain), cost=review, after=[]),
        Action(id="failures_replay", what=k.say(t["build"], **words), owner=engineer, due=k.within(75, engineer), cost=build, after=["failures_baseline"]),
    ]  # fmt: skip


SECTION = Section(
    key="failures",
    number=12,
    title=N_("Failures"),
    scope="failure classes and their order, from failure to training data, replay, 5 Whys, blame-free reports, failure dashboard, retraining trigger",
    draft=Failures,
    checks=CHECKS,
    derived=figures,
    render=render,
    annex=annex,
    playbook=playbook,
)
