"""The roll-out section without a model: the archetype's knowledge on the blueprint's dates, people and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from ai_data_strategy.agents.furnishing import plain
from ai_data_strategy.agents.practice import risk
from ai_data_strategy.agents.rollout_fields import (
    YEAR,
    BiasAudit,
    Federated,
    FeedbackBias,
    Kpi,
    Phase,
    Platform,
    Return,
    Rollout,
    Scaling,
    TeamDuty,
)
from ai_data_strategy.agents.section import Action, Rejected
from ai_data_strategy.agents.sheet import ground_of, shared_quantities
from ai_data_strategy.blueprint import Duty
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.playbook.naming import money, names
from ai_data_strategy.quantities.ledger import Ledger

Say = Callable[[str], str]
_BESIDES = 1.1
"""Least cost of year one over the cost of its team: labels, machines and the rest come on top."""
_PHASES = (
    ("baseline_audit", "start", "audit", "domain"), ("labels", "audit", "benchmark", "domain"), ("offline", "benchmark", "offline", "data_science"),
    ("shadow", "shadow", "gate", "data_engineering"), ("ramp", "gate", "full", "product"), ("review", "full", "review", "domain"),
)  # fmt: skip
_NEEDED: tuple[Duty, ...] = ("data_science", "data_engineering", "product", "legal")


def playbook(k: Desk) -> Rollout:
    """The roll-out without a model: the archetype's phases, measures and chain on the blueprint's dates and figures."""
    t, words, product, domain = k.topic("rollout"), names(k), k.role("product"), k.role("domain")

    def say(text: str) -> str:
        return k.say(text, **words)

    bias, loop, far = t["bias"], t["feedback_bias"], t["federated"]
    threshold = k.propose("rollout_bias_limit", bias["limit"], bias["unit"], k.say("limit of the bias audit"), domain)
    cadence = k.propose("rollout_bias_cadence", t["audit_days"], "day", k.say("time between two bias audits"), domain)
    return Rollout(
        phases=_phases(k, t, say),
        kpis=_kpis(k, t, say),
        money=_return(k, t, say),
        prose="\n\n".join(filter(None, (say(t["prose"]), _shortfall(k, t), _balance(k, t, say)))),
        federated=Federated(verdict=far["verdict"], data_at=say(far["data_at"]), because=say(far["because"]), cost=say(far["cost"])),
        bias=BiasAudit(
            slices=[item.id for item in k.blueprint.slices], metric=say(bias["metric"]), threshold=threshold, cadence=cadence, owner=domain,
            on_breach=say(bias["on_breach"]), undecidable=say(bias["undecidable"]),
        ),
        feedback_bias=FeedbackBias(**{part: say(loop[part]) for part in ("speaks", "silent", "skew", "sourcing")}),
        team=_team(k, t, say),
        platform=Platform(chosen=t["platform"], because=say(t["platform_because"])),
        scaling=Scaling(first_break=t["scaling"]["first_break"], because=say(t["scaling"]["because"]), plan=say(t["scaling"]["plan"])),
        rejected=[Rejected(option=k.say(item["option"]), because=say(item["because"])) for item in t["rejected"]],
        actions=[
            Action(id="rollout_value", what=say(t["value"]["action"]), owner=product, due=k.within(25, product), cost=k.propose("rollout_value_hours", t["hours"]["value"], "hour", k.say("work to find what an improvement is worth"), product), after=[]),
            Action(id="rollout_bias", what=say(t["bias_action"]), owner=domain, due=k.day("gate"), cost=k.propose("rollout_bias_hours", t["hours"]["bias"], "hour", k.say("work of the first bias audit"), domain), after=[]),
        ],
        risks=[risk(k, t["risk"], names(k))],
        quantities=k.quantities,
    )  # fmt: skip


def _phases(k: Desk, t: Mapping[str, Any], say: Say) -> list[Phase]:
    """The phases whose two milestones the blueprint has, in their order."""
    days = {item.id: item.day for item in k.blueprint.milestones}
    return [
        Phase(
            title=k.say(t["phases"][kind]["title"]),
            kind=kind,
            begins=begins,
            ends=ends,
            exit=say(t.get(f"{kind}_exit", t["phases"][kind]["exit"])),
            owner=k.role(duty),
        )
        for kind, begins, ends, duty in _PHASES
        if begins in days and ends in days and days[begins] < days[ends]
    ]


def _kpis(k: Desk, t: Mapping[str, Any], say: Say) -> list[Kpi]:
    """Success metric, velocity and uplift for everybody, then the archetype's own."""
    scientist, engineer, review = k.role("data_science"), k.role("data_engineering"), k.day("review")
    first, how = k.say("no model has been released yet"), k.say("Read it off the first three releases.")
    velocity = k.unknown("rollout_velocity_before", "day", k.say("time between two releases today"), first, how, engineer, review)
    uplift = k.unknown("rollout_uplift_before", "point", k.say("gain of one release today"), first, how, scientist, review)
    aim = k.derive(
        "rollout_uplift_target", "point", k.say("gain of one release: three releases together show in a live test"), "effect / 3"
    )
    return [
        Kpi(kind="task_quality", name=k.blueprint.metric, formula=say(t["metric_formula"]), baseline="baseline", target="target", by=review, owner=k.role("domain")),
        Kpi(kind="iteration_velocity", name=k.say("Iteration velocity"), formula=say(t["velocity_formula"]), baseline=velocity, target="retrain_cadence", by=review, owner=engineer),
        Kpi(kind="quality_uplift", name=k.say("Quality uplift per release"), formula=say(t["uplift_formula"]), baseline=uplift, target=aim, by=review, owner=scientist),
        *(_own_kpi(k, item, say) for item in t["kpis"]),
    ]  # fmt: skip


def _own_kpi(k: Desk, item: Mapping[str, Any], say: Say) -> Kpi:
    owner, key, by = k.role(item["duty"]), f"rollout_{item['key']}", k.day(item["by"])
    baseline = item.get("baseline") or k.unknown(
        f"{key}_before", item["unit"], say(item["name"]), k.say("nobody has counted it"), say(item["measure"]), owner, k.day("audit")
    )
    target = k.propose(f"{key}_target", item["value"], item["unit"], say(item["name"]), owner)
    return Kpi(
        kind=item["kind"], name=say(item["name"])[:100], formula=say(item["formula"]), baseline=baseline, target=target, by=by, owner=owner
    )


def _return(k: Desk, t: Mapping[str, Any], say: Say) -> Return:
    """Other costs, the days that count, benefit or what it would have to be, and the chain."""
    product, currency, value = k.role("product"), k.blueprint.currency, t["value"]
    left = max(0, YEAR - (k.day("full") - k.day("start")).days)
    days = k.propose("rollout_live_days", left, "day", k.say("days at full traffic in year one, by the calendar of this plan"), product)
    how, impact, by = (
        k.say("Get quotes and count after the first quarter."),
        k.say("Cost of year one moves by this amount."),
        k.day("audit"),
    )
    costs = [
        k.assume(f"rollout_{item['key']}_cost", (money(k, item["low"]), money(k, item["high"])), currency, say(item["meaning"]), k.say(item["source"]), impact, how, product, by)
        for item in t["costs"]
    ]  # fmt: skip
    return Return(
        other_costs=costs, live_days=days, break_even=_benefit(k, value, say), chain=[say(step) for step in t["chain"]],
        weak_link=say(t["weak_link"]), tested_by=say(t["tested_by"]),
    )  # fmt: skip


def _benefit(k: Desk, value: Mapping[str, Any], say: Say) -> str:
    """Defines benefit_year_one and the break-even that stands beside it; gives the key of the break-even."""
    currency, example, product = k.blueprint.currency, k.blueprint.example, k.role("product")
    share = next((item.share for item in k.blueprint.slices if item.kind == "rare"), None) if value["counts"] == "rare" else None
    if value["counts"] == "point" or (value["counts"] == "rare" and share is None):
        _unknown_benefit(k, value, say)
        return k.derive(
            "rollout_break_even", f"{currency}/point", say(value["per_point"]), "cost_year_one / max(target - baseline, baseline - target)"
        )
    counted = f" * {share}" if share else ""
    days = _counted_days(k)
    better = f"examples_per_day * {days} * max(target - baseline, baseline - target){counted}"
    k.derive("rollout_better", example, say(value["better"]), better)
    if "minutes" in value:
        minutes = value["minutes"]
        how, impact = k.say("Time a hundred of them before and after."), k.say("The benefit moves in proportion.")
        k.assume(
            "rollout_minutes_saved",
            (minutes["low"], minutes["high"]),
            f"minute/{example}",
            say(value["meaning"]),
            k.say(minutes["source"]),
            impact,
            how,
            product,
            k.day("audit"),
        )
        k.derive(
            "benefit_year_one",
            currency,
            say(value["benefit"]),
            f"rollout_better * rollout_minutes_saved * annotator_rate * rollout_live_days / {days}",
        )
        k.derive(
            "rollout_full_year",
            f"{currency}/year",
            k.say("benefit of a year at full traffic"),
            f"rollout_better * rollout_minutes_saved * annotator_rate / {days}",
        )
    else:
        _unknown_benefit(k, value, say)
    return k.derive("rollout_break_even", f"{currency}/{example}", say(value["per_example"]), "cost_year_one / rollout_better")


def _counted_days(k: Desk) -> str:
    """Key of the days on which better outcomes are counted: those of year one, or a whole year where year one has none."""
    live = next(item.value for item in k.quantities if item.key == "rollout_live_days")
    if live:
        return "rollout_live_days"
    why = k.say("days of a whole year at full traffic; year one of this plan has none")
    return k.propose("rollout_first_full_days", YEAR, "day", why, k.role("product"))


def _balance(k: Desk, t: Mapping[str, Any], say: Say) -> str:
    """What the known figures say of year one: it loses, it earns its people, or it is open; empty if the benefit is unknown."""
    ledger = Ledger.of(
        {"blueprint": [*shared_quantities(k.blueprint), *k.blueprint.quantities], "rollout": k.quantities}, ground_of(k.blueprint)
    )
    benefit, people = ("benefit_year_one", k.blueprint.currency), ("team_cost", f"{k.blueprint.currency}/year")
    low, high = ledger.number(*benefit, "low"), ledger.number(*benefit, "high")
    least, most = ledger.number(*people, "low"), ledger.number(*people, "high")
    if low is None or high is None or least is None or most is None:
        return ""
    return say(t["loss"] if high < least else t["gain"] if low > most else t["open"])


def _shortfall(k: Desk, t: Mapping[str, Any]) -> str:
    """What a stated budget pays for if it does not carry the team for a year; empty if it does, or if nobody has stated one."""
    ledger, currency = ground_of(k.blueprint), k.blueprint.currency
    budget, team = ledger.number("budget", currency, "high"), ledger.number("team_cost", f"{currency}/year", "low")
    if budget is None or team is None or k.blueprint.shared.budget.basis != "stated" or budget >= team * _BESIDES:
        return ""
    k.derive("rollout_paid_weeks", "week", k.say(t["paid_weeks"]), "budget / team_cost")
    end = k.start + timedelta(days=int(YEAR * budget / team))
    reached = next((item for item in reversed(k.blueprint.milestones) if item.day <= end), k.blueprint.milestones[0])
    return k.say(t["short"], **{**names(k), "reached": plain(reached.title, reached.id)})


def _unknown_benefit(k: Desk, value: Mapping[str, Any], say: Say) -> None:
    product = k.role("product")
    k.unknown(
        "benefit_year_one",
        k.blueprint.currency,
        say(value["benefit"]),
        say(value["why_unknown"]),
        say(value["action"]),
        product,
        k.within(25, product),
    )


def _team(k: Desk, t: Mapping[str, Any], say: Say) -> list[TeamDuty]:
    """Every role with its own duty, and the needed duties that nobody has at the nearest role."""
    covers: dict[str, list[Duty]] = {role.id: [role.duty] for role in k.blueprint.roles[:8]}
    held = {role.duty for role in k.blueprint.roles}
    for duty in _NEEDED:
        if duty not in held:
            covers.setdefault(k.role(duty), []).append(duty)
    return [
        TeamDuty(role=role, covers=duties, does=" ".join(say(t["duties"][duty]) for duty in duties[:3])) for role, duties in covers.items()
    ]
