"""Roll-out, KPIs and return: phases on the milestones, what is measured, what year one costs and returns, bias audit, team."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from ai_data_strategy.agents.practice import missing_role
from ai_data_strategy.agents.rollout_desk import playbook
from ai_data_strategy.agents.rollout_fields import YEAR, Kpi, Phase, Rollout, figures, milestone
from ai_data_strategy.agents.section import Checks, Problem, Section, Skip
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.typeset.blocks import Block, Cell, Diagram, Paragraph, Table
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.view import View

REQUIRED_KPIS = ("iteration_velocity", "quality_uplift")
LEAST_KPIS = 4
MOST_KPIS = 4
"""KPIs in the chapter; the others stand in the annex."""
VERDICTS = {"adopt": N_("adopt"), "later": N_("later"), "no": N_("no")}
BREAKS = {
    "storage": N_("storage"), "labelling": N_("labelling"), "review": N_("review by people"), "retraining_time": N_("training time"),
    "serving": N_("serving"),
}  # fmt: skip


CHECKS = Checks()


@CHECKS("PR21")
def kpis_can_be_read(draft: Rollout, sheet: Sheet) -> Iterator[Problem]:
    if len({kpi.name.strip().casefold() for kpi in draft.kpis}) < LEAST_KPIS:
        yield Problem("kpis", f"{len(draft.kpis)} KPIs: name at least {LEAST_KPIS} different ones")
    for kind in REQUIRED_KPIS:
        if not any(kpi.kind == kind for kpi in draft.kpis):
            yield Problem("kpis", f"no KPI of kind {kind!r}: add one")
    for kpi in draft.kpis:
        yield from _kpi(kpi, sheet)


def _kpi(kpi: Kpi, sheet: Sheet) -> Iterator[Problem]:
    if not kpi.formula.strip():
        yield Problem("kpis", f"KPI {kpi.name!r} has no formula")
    if not sheet.stands(kpi.baseline):
        yield Problem(
            "kpis", f"KPI {kpi.name!r}: baseline {kpi.baseline!r} is not defined; define it, or mark it unknown with a measuring action"
        )
    target = sheet.entry(kpi.target)
    if target is None or target.problem or sheet.waived(kpi.target):
        yield Problem("kpis", f"KPI {kpi.name!r}: target {kpi.target!r} has no value")
    elif sheet.known(kpi.baseline) and target.known and sheet.number(kpi.baseline, target.quantity.unit) is None:
        yield Problem("kpis", f"KPI {kpi.name!r}: baseline {kpi.baseline!r} and target {kpi.target!r} have different units")
    if kpi.by < sheet.today:
        yield Problem("kpis", f"KPI {kpi.name!r} is due on {kpi.by}, before today")
    yield from missing_role("kpis", kpi.owner, sheet)


@CHECKS("PR22")
def the_return_adds_up(draft: Rollout, sheet: Sheet) -> Iterator[Problem]:
    money = draft.money
    for key in money.other_costs:
        if not sheet.stands(key) or (sheet.known(key) and sheet.number(key, "{currency}") is None):
            yield Problem("money", f"cost {key!r} is not defined in {sheet.blueprint.currency}")
    if not sheet.stands("benefit_year_one"):
        yield Problem("quantities", "benefit_year_one is not defined: derive it from the chain, or mark it unknown with a check")
    elif not sheet.known("benefit_year_one") and not (money.break_even and sheet.stands(money.break_even)):
        yield Problem("money", "the benefit is unknown: give the break-even as a derived quantity")
    if sheet.entry("cost_year_one") is None or sheet.entry("net_year_one") is None:
        yield Problem("money", "cost_year_one or net_year_one is missing")
    yield from _live_days(money.live_days, sheet)


def _live_days(key: str, sheet: Sheet) -> Iterator[Problem]:
    days, start, full = sheet.number(key, "day"), milestone(sheet.blueprint, "start"), milestone(sheet.blueprint, "full")
    if days is None:
        yield Problem("money", f"{key!r} must say how many days of year one run at full traffic")
    elif start and full and days > max(0, YEAR - (full - start).days):
        yield Problem(
            "money", f"{days:.0f} days at full traffic do not fit in year one: full traffic begins on {full}, the year on {start}"
        )


@CHECKS("PR24")
def federated_is_decided(draft: Rollout, sheet: Sheet) -> Iterator[Problem]:
    for part in ("because", "data_at"):
        if not str(getattr(draft.federated, part)).strip():
            yield Problem("federated", f"the verdict on federated learning has no {part}")


@CHECKS("PR26")
def bias_is_audited(draft: Rollout, sheet: Sheet) -> Iterator[Problem | Skip]:
    if not sheet.blueprint.slices and not sheet.blueprint.task.personal_data:
        yield Skip("the product decides about no people and names no slices")
        return
    groups = {item.id for item in sheet.blueprint.slices if item.kind == "group"}
    if not draft.bias.slices or groups - set(draft.bias.slices):
        yield Problem(
            "bias", f"the audit leaves out {sorted(groups - set(draft.bias.slices)) or 'every slice'}: audit all slices of the blueprint"
        )
    for extra in sorted(set(draft.bias.slices) - sheet.slice_ids):
        yield Problem("bias", f"{extra!r} is no slice of the blueprint")
    if not sheet.known(draft.bias.threshold):
        yield Problem("bias", f"threshold {draft.bias.threshold!r} has no value")
    if sheet.number(draft.bias.cadence, "day") is None:
        yield Problem("bias", f"cadence {draft.bias.cadence!r} has no value in time units")
    if not (draft.bias.metric.strip() and draft.bias.on_breach.strip()):
        yield Problem("bias", "say what is measured, and what is done on a breach")
    yield from missing_role("bias", draft.bias.owner, sheet)


@CHECKS("PR28")
def phases_begin_with_an_audit(draft: Rollout, sheet: Sheet) -> Iterator[Problem]:
    if not draft.phases or draft.phases[0].kind != "baseline_audit":
        yield Problem("phases", "the first phase must be the baseline audit of logs and failures")
    begun = None
    for phase in draft.phases:
        begins, ends = milestone(sheet.blueprint, phase.begins), milestone(sheet.blueprint, phase.ends)
        if begins is None or ends is None:
            yield Problem(
                "phases", f"phase {phase.title!r} begins or ends at no milestone: use {[m.id for m in sheet.blueprint.milestones]}"
            )
        elif begins >= ends:
            yield Problem("phases", f"phase {phase.title!r} ends on {ends}, not after it begins on {begins}")
        if begins and begun and begins < begun:
            yield Problem("phases", f"phase {phase.title!r} begins before the phase in front of it: put the phases in order")
        begun = begins or begun
        if not phase.exit.strip():
            yield Problem("phases", f"phase {phase.title!r} has no exit criterion")
        yield from missing_role("phases", phase.owner, sheet)


@CHECKS("PR29")
def the_team_has_duties(draft: Rollout, sheet: Sheet) -> Iterator[Problem]:
    covered = {duty for item in draft.team if item.does.strip() for duty in item.covers}
    wanted: list[tuple[str, ...]] = [("data_science",), ("engineering", "data_engineering"), ("product",)]
    if sheet.blueprint.regimes or sheet.blueprint.task.personal_data:
        wanted.append(("legal", "domain"))
    for duties in wanted:
        if not covered & set(duties):
            yield Problem("team", f"nobody covers {' or '.join(duties)}: give the duty to a role of the blueprint")
    for item in draft.team:
        yield from missing_role("team", item.role, sheet)


@CHECKS("PR30")
def a_platform_is_chosen_or_not(draft: Rollout, sheet: Sheet) -> Iterator[Problem]:
    if not draft.platform.because.strip():
        yield Problem("platform", "say why this MLOps platform, or why none")
    if any(mark in (draft.platform.chosen or "") for mark in (" or ", " / ")):
        yield Problem("platform", f"{draft.platform.chosen!r} is a menu: choose one, or none")


def render(draft: Rollout, view: View) -> list[Block]:
    """The chapter's blocks: prose, phases with their diagram, KPIs, money with the weak link behind it."""
    _ = view._
    phases = [[view.name(p.title), _span(p, view), view.line(p.exit)] for p in draft.phases]
    kpis: list[list[str | Cell]] = [[view.name(k.name), view.amount(k.baseline), view.amount(k.target)] for k in draft.kpis[:MOST_KPIS]]
    return [
        *view.chapter(draft.prose),
        Table([_("Phase"), _("Dates"), _("Exit criterion")], phases),
        diagram(draft, view),
        Table([_("KPI"), _("Baseline"), _("Target")], kpis),
        Table([_("Year one"), _("Amount")], _money(draft, view)),
        Paragraph(
            _("**Weak link:** %(weak)s %(test)s") % {"weak": view.line(draft.money.weak_link), "test": view.line(draft.money.tested_by)}
        ),
    ]


def _span(phase: Phase, view: View) -> str:
    return f"{view.day(milestone(view.blueprint, phase.begins))} – {view.day(milestone(view.blueprint, phase.ends))}"


def _money(draft: Rollout, view: View) -> list[list[str | Cell]]:
    """The sums that are decided by; their parts stand in the annex."""
    _ = view._
    rows: list[list[str | Cell]] = [
        [_("Cost"), view.amount("cost_year_one")],
        [_("Benefit"), view.amount("benefit_year_one")],
        [_("Net"), view.amount("net_year_one")],
    ]
    if draft.money.break_even and (entry := view.ledger.get(draft.money.break_even)):
        rows.append([view.line(_("Break-even: %(meaning)s") % {"meaning": entry.quantity.meaning}), view.amount(draft.money.break_even)])
    return rows


def _costs(draft: Rollout, view: View) -> list[list[str | Cell]]:
    _ = view._
    rows: list[list[str | Cell]] = [
        [_("Human labels"), view.amount("labelling_cost")], [_("People"), view.amount("team_cost")],
        [_("Storage"), view.amount("storage_cost")], [_("Training"), view.amount("training_cost")],
    ]  # fmt: skip
    for key in dict.fromkeys(draft.money.other_costs):
        entry = view.ledger.get(key)
        rows.append([view.line(entry.quantity.meaning) if entry else view.code(key), view.amount(key)])
    return rows


def _decisions(draft: Rollout, view: View) -> list[list[str]]:
    _, bias, loop = view._, draft.bias, draft.feedback_bias
    audit = _("%(metric)s Over all %(count)s slices, limit %(limit)s, every %(time)s, by the %(owner)s. %(breach)s %(rest)s") % {
        "metric": view.line(bias.metric), "count": len(bias.slices), "limit": view.amount(bias.threshold).text, "time": view.amount(bias.cadence).text,
        "owner": view.role(bias.owner), "breach": view.line(bias.on_breach), "rest": view.line(bias.undecidable),
    }  # fmt: skip
    verdicts = _("Federated learning: **%(verdict)s**. MLOps platform: **%(platform)s**. First to break at ten times the usage: %(first)s.") % {
        "verdict": _(VERDICTS[draft.federated.verdict]), "platform": _platform(draft, view), "first": _(BREAKS[draft.scaling.first_break]),
    }  # fmt: skip
    return [
        [_("Bias audit"), audit],
        [_("Who is not heard"), " ".join(view.line(part) for part in (loop.speaks, loop.silent, loop.skew, loop.sourcing))],
        [_("Technology"), verdicts],
    ]


def _platform(draft: Rollout, view: View) -> str:
    return view.name(draft.platform.chosen) if draft.platform.chosen else view._("none")


def annex(draft: Rollout, view: View) -> list[Block]:
    """What each role does for the flywheel, which slices are audited, and the reasons behind the technology."""
    _, far, scaling = view._, draft.federated, draft.scaling
    team = [
        [view.role(item.role), ", ".join(_(duty.replace("_", " ")) for duty in item.covers), view.line(item.does)] for item in draft.team
    ]
    reasons = [
        [_("Audited slices"), ", ".join(view.slice(item) for item in draft.bias.slices), view.line(draft.bias.metric)],
        [_("Federated learning"), _(VERDICTS[far.verdict]), " ".join(view.line(part) for part in (far.data_at, far.because, far.cost))],
        [_("MLOps platform"), _platform(draft, view), view.line(draft.platform.because)],
        [_("Ten times the usage"), _(BREAKS[scaling.first_break]), view.account(scaling.because, scaling.plan)],
    ]
    chain = " → ".join(view.line(step).removesuffix(".") for step in draft.money.chain)
    kpis = [[view.name(k.name), view.line(k.formula), view.day(k.by), view.role(k.owner)] for k in draft.kpis]
    rest: list[list[str | Cell]] = [[view.name(k.name), view.amount(k.baseline), view.amount(k.target)] for k in draft.kpis[MOST_KPIS:]]
    return [
        Table([_("KPI"), _("Formula"), _("By"), _("Owner")], kpis),
        Table([_("KPI"), _("Baseline"), _("Target")], rest),
        Table([_("Cost of year one"), _("Amount")], _costs(draft, view)),
        Table([_("Phase"), _("Owner")], [[view.name(p.title), view.role(p.owner)] for p in draft.phases]),
        Table([_("Point"), _("Decision")], [[_("How a failure less becomes money"), chain], *_decisions(draft, view)]),
        Table([_("Role"), _("Covers"), _("Does")], team),
        Table([_("Point"), _("Decision"), _("Why")], reasons),
    ]


def diagram(draft: Rollout, view: View) -> Diagram:
    """The phases as a mermaid gantt chart. Labels are numbered and stripped of every sign that mermaid reads."""
    lines = ["gantt", "    dateFormat YYYY-MM-DD", "    axisFormat %m/%y", f"    section {_label(view._('Roll-out'))}"]
    for index, phase in enumerate(draft.phases, start=1):
        begins, ends = milestone(view.blueprint, phase.begins), milestone(view.blueprint, phase.ends)
        if begins and ends:
            lines.append(f"    {index} {_label(phase.title)} :p{index}, {begins}, {max(ends, begins + timedelta(days=1))}")
    gate = milestone(view.blueprint, "gate")
    if gate:
        lines.append(f"    {_label(view._('Live decision'))} :milestone, gate, {gate}, 0d")
    return Diagram("\n".join(lines))


def _label(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s.()'’–-]", " ", text).replace("--", "-").split())[:60] or "–"


SECTION = Section(
    key="rollout",
    number=14,
    title=N_("Roll-out, KPIs and return"),
    scope="phases and exit criteria, KPIs, cost and return of year one, bias audit, who gives no feedback, team, platform, federated learning, scaling",
    draft=Rollout,
    checks=CHECKS,
    derived=figures,
    render=render,
    annex=annex,
    playbook=playbook,
)
