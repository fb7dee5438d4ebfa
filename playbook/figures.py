"""The shared figures of a plan with their bases: stated where the text says it, else proposed, assumed, derived or unknown."""

from __future__ import annotations

import math
from typing import Any

from ai_data_strategy.blueprint import Shared
from ai_data_strategy.domain import Figure
from ai_data_strategy.playbook.cast import annotators_named
from ai_data_strategy.playbook.desk import in_currency, knowledge, topic_of
from ai_data_strategy.playbook.facts import days, rate_unit
from ai_data_strategy.playbook.measured import MEASURED
from ai_data_strategy.playbook.plan import Plan, assumed, computed, proposed, said_unit, stated_figure, unknown
from ai_data_strategy.playbook.sizes import Sizes, baseline
from ai_data_strategy.playbook.sources import shortest_retention
from ai_data_strategy.quantities.formulas import labelling_hours
from ai_data_strategy.typeset.catalogue import N_

_COUNTRIES = ("DE", "FR", "ES", "IE")
_MEASURE = N_("Measure it in the data audit.")


def shared(plan: Plan, sizes: Sizes, erasure_limit: Figure) -> Shared:
    """All shared figures; the quantities that they are derived from are put into the plan."""
    domain, science = plan.role("domain"), plan.role("data_science")
    product, legal, labels, test = plan.role("product"), plan.role("legal"), sizes.labels, sizes.test
    positives(plan)
    team_cost(plan)
    plan.put(
        "retention_needed",
        "day",
        "retention that every source of training needs: window and label delay",
        computed("training_window + label_delay"),
    )
    return Shared(
        examples_per_day=per_day(plan), examples_in_hand=in_hand(plan, sizes), labelled_in_hand=labelled(plan), label_delay=delay(plan, sizes),
        baseline=_baseline(plan), target=proposed(test.target, product), effect=proposed(test.effect, product),
        benchmark_items=proposed(labels.benchmark, domain), overlap_items=proposed(labels.overlap, domain), training_label_items=proposed(labels.training, domain),
        agreement_target=proposed(0.8, domain), minutes_per_item=_minutes(plan, sizes), annotators=_annotators(plan, sizes),
        annotator_hours=_annotator_hours(plan, sizes), annotator_rate=_annotator_rate(plan), retrain_cadence=proposed(sizes.cadence, science),
        training_window=_window(plan, sizes), feedback_lag_limit=proposed(sizes.lag_limit, product), live_share=proposed(test.share, product),
        shadow_time=proposed(sizes.shadow, science), test_time=proposed(test.days, science), ramp_time=proposed(sizes.ramp, product),
        log_retention=proposed(sizes.log_retention, legal), backup_retention=proposed(sizes.backup, plan.role("data_engineering")),
        erasure_limit=erasure_limit, team_cost=computed("team_hours * team_rate * working_weeks"), budget=_budget(plan, sizes),
    )  # fmt: skip


def per_day(plan: Plan) -> Figure:
    """Raw examples a calendar day: stated, converted from the stated rate, or the planning value."""
    said = plan.facts.per_day
    if said is None:
        dial = plan.dial("per_day")
        return assumed(
            dial["value"],
            plan.say(dial["why"]),
            plan.verify("Every volume, waiting time and test length in this plan moves with it.", _MEASURE, "data_engineering"),
        )
    if rate_unit(said) == "day":
        return stated_figure(said)
    key = plan.stated("brief_rate", said, "new examples in the time in which the rate was said", f"{plan.example}/{rate_unit(said)}")
    if rate_unit(said) != "workday":
        return computed(key)
    check = plan.verify("The calendar-day rate moves with it.", "Count arrivals by weekday.", "data_engineering")
    plan.put("workdays_per_week", "workday/week", "working days a week", assumed(5, plan.say("Monday to Friday"), check))
    return computed(f"{key} * workdays_per_week")


def in_hand(plan: Plan, sizes: Sizes) -> Figure:
    said = plan.facts.in_hand
    if said:
        return stated_figure(said)
    return computed(f"examples_per_day * {history(plan, sizes)}")


def history(plan: Plan, sizes: Sizes) -> str:
    """Key of how far back the stored examples reach; nobody has said it, so it is checked first."""
    short = shortest_retention(plan)
    reach = short if sizes.store and short is not None else sizes.window + sizes.delay
    why = plan.say("no longer than the stated retention" if sizes.store else "just far enough for the training window and the label delay")
    check = plan.verify(
        "With less history there are fewer examples and the window shrinks.", "Read the first day of each table.", "data_engineering"
    )
    return plan.put("history_days", "day", "how far back stored examples reach", assumed(reach, why, check))


def labelled(plan: Plan) -> Figure:
    """Labels in hand: the matured part where the product stores outcomes, else unknown."""
    if plan.topic["outcome"]:
        return computed(
            "max(examples_in_hand - examples_per_day * label_delay, 0 * examples_in_hand)",
            plan.say("examples whose label delay has passed"),
        )
    check = plan.verify(
        "Without stored labels all training labels are bought.", "Count the examples that carry a usable label.", "data_engineering"
    )
    return unknown(plan.say("nobody has said that a usable label is stored"), check)


def delay(plan: Plan, sizes: Sizes) -> Figure:
    said = plan.facts.delay
    if said is None:
        check = plan.verify(
            "Shadow, gate and the freshest training day all wait for it.",
            "Plot time from example to label for a quarter, slow end.",
            "data_engineering",
        )
        return assumed(sizes.delay, plan.say(plan.dial("label_delay")["why"]), check)
    if said.origin == MEASURED:
        return stated_figure(said)
    if said.unit == "day":
        return Figure(value=said.high if said.high is not None else said.value, basis="stated", source=said.quote[:400])
    if said.unit == "workday":
        check = plan.verify("Shadow and gate wait for it.", _MEASURE, "data_engineering")
        return assumed(sizes.delay, plan.say("the stated working days, in calendar days"), check)
    end = Figure(value=said.high if said.high is not None else said.value, basis="stated", source=said.quote[:400])
    return computed(plan.put("brief_label_delay", said.unit, "time to the label as stated, slow end", end))


def _baseline(plan: Plan) -> Figure:
    value, facts = baseline(plan), plan.facts
    if facts.right and value == facts.right.value:
        return stated_figure(facts.right)
    if facts.wrong and value == 100 - facts.wrong.value:
        plan.stated("wrong_share", facts.wrong, "share that was corrected at least once", "percent")
        return computed("1 - wrong_share", plan.say("what was never corrected, until a blind sample shows better"))
    why = plan.say(plan.dial("baseline")["why"])
    if value == 0:
        return Figure(value=0, basis="external", source=why)
    check = plan.verify("Target, test length and return hang on it.", "Measure it on the benchmark before any model is trained.", "domain")
    return assumed(value, why, check)


def positives(plan: Plan) -> None:
    """Put the share of production on which the metric can be counted, where it is a rare part."""
    if not plan.topic["metric_share"]:
        return
    meaning = N_("share of production that is positive: only these carry the success metric")
    if plan.facts.base:
        plan.stated("positive_share", plan.facts.base, meaning, "percent")
        return
    if plan.facts.positives_year:
        key = plan.stated("positives_last_year", plan.facts.positives_year, "positives in a year, as stated")
        plan.put("positive_share", "percent", meaning, computed(f"{key} / (examples_per_day * year)"))
        return
    dial = plan.topic["metric_share"]
    check = plan.verify(
        "Positives in hand and the length of every test move with it.", "Count positives a month over the last year.", "data_engineering"
    )
    plan.put("positive_share", "percent", meaning, assumed(dial["value"], plan.say(dial["why"]), check))


def _minutes(plan: Plan, sizes: Sizes) -> Figure:
    check = plan.verify("Hours, weeks and cost of all labels move with it.", "Time the first fifty items.", "domain")
    return assumed(sizes.labels.minutes, plan.say(knowledge("rates")["minutes"][plan.kind]["source"]), check)


def _annotators(plan: Plan, sizes: Sizes) -> Figure:
    person = annotators_named(plan)
    if person and person.count:
        return Figure(value=person.count, basis="stated", source=person.quote[:400])
    check = plan.verify(
        "Agreement needs at least two people, and the freeze date their hours.", "Name the people and free their hours.", "domain"
    )
    return assumed(sizes.labels.annotators, plan.say("enough people to finish the benchmark in about ten weeks"), check)


def _annotator_hours(plan: Plan, sizes: Sizes) -> Figure:
    person = annotators_named(plan)
    if person and person.hours_per_week and sizes.labels.annotators == 1:
        return Figure(value=person.hours_per_week, basis="stated", source=person.quote[:400])
    check = plan.verify(
        "The benchmark freezes later if the hours are fewer.", "Agree protected hours with their lead in writing.", "domain"
    )
    return assumed(sizes.labels.hours, plan.say("a part of the week beside the daily work; nobody has said how much"), check)


def _hour(plan: Plan) -> tuple[float, str]:
    table: dict[str, Any] = knowledge("rates")["hour"]
    country = next((place for place in plan.reading.places if place in _COUNTRIES), "")
    for key in (country, plan.reading.currency, "default"):
        if (entry := table.get(key)) and entry["currency"] in ("", plan.reading.currency):
            return float(entry["value"]), str(entry["source"])
    return 40.0, str(table["default"]["source"])


def _annotator_rate(plan: Plan) -> Figure:
    hour, source = _hour(plan)
    if plan.facts.hourly and plan.facts.hourly.unit == plan.reading.currency:
        return stated_figure(plan.facts.hourly)
    duty = "domain" if plan.kind in ("fraud", "vision", "maintenance", "tabular_classification") else "annotation"
    check = plan.verify("The labelling cost moves with it.", "Ask finance for the full cost of an hour.", "product")
    return assumed(round(hour * knowledge("rates")["duty"][duty]), source, check)


def team_cost(plan: Plan) -> float:
    """Put the hours, rate and weeks of the team; gives the cost of a year."""
    rates = knowledge("rates")
    paid = [role for role in plan.roles if role.duty != "annotation"]
    keys = list(dict.fromkeys(role.hours_per_week for role in paid))
    plan.put("team_hours", "hour/week", "hours a week of all roles of this plan, without annotators", computed(" + ".join(keys)))
    hour, source = _hour(plan)
    hours = {role.hours_per_week: plan.quantities[role.hours_per_week].value or 0.0 for role in paid}
    cost = sum(hours[role.hours_per_week] * rates["duty"][role.duty] for role in paid if role.hours_per_week in hours)
    rate = round(hour * cost / max(sum(hours[role.hours_per_week] for role in paid), 1))
    check = plan.verify("The cost of the team moves with it.", "Ask finance for the full cost of an hour by duty.", "product")
    plan.put("team_rate", f"{plan.reading.currency}/hour", "average full cost of a team hour", assumed(rate, source, check))
    plan.put(
        "working_weeks",
        "week/year",
        "working weeks a year",
        assumed(rates["weeks_per_year"], plan.say("a year without leave and holidays; planning estimate"), check),
    )
    return float(sum(hours.values()) * rate * rates["weeks_per_year"])


def year_cost(plan: Plan, sizes: Sizes) -> float:
    """Planned cost of year one: the team, what comes beside it, and a reserve."""
    return (team_cost(plan) + _besides(plan, sizes)) * _with_reserve()


def _with_reserve() -> float:
    return 1 + float(knowledge("rates")["reserve_percent"]) / 100


def _besides(plan: Plan, sizes: Sizes) -> float:
    """Labels and machines of year one, and the middle of what the archetype's roll-out costs beside people."""
    labels = sizes.labels
    hours = labelling_hours(labels.benchmark + labels.overlap + labels.training, labels.minutes)
    machines = knowledge("rates")["machines_a_year_in_hours"][plan.kind] * _hour(plan)[0]
    rollout = sum((item["low"] + item["high"]) / 2 for item in topic_of("rollout", plan.kind).get("costs", []))
    return float(hours * (_annotator_rate(plan).value or 0.0) + machines + in_currency(rollout, plan.reading.currency))


def _budget(plan: Plan, sizes: Sizes) -> Figure:
    if plan.facts.budget and plan.facts.budget.unit == plan.reading.currency:
        return stated_figure(plan.facts.budget)
    check = plan.verify(
        "The budget to be asked for moves with it.", "Get quotes for machines and labels before the money is asked for.", "product"
    )
    why = plan.say("labels at the planned volume, and planning values for machines and roll-out")
    besides = assumed(float(f"{_besides(plan, sizes):.2g}"), why, check)
    plan.put("besides_cost", plan.reading.currency, "cost of year one beside the team: labels, machines, roll-out", besides)
    reserve = proposed(knowledge("rates")["reserve_percent"], plan.role("product"))
    plan.put("reserve", "percent", "reserve on the planned cost of year one", reserve)
    return computed("(team_cost * year + besides_cost) * (1 + reserve)")


def fit_to_budget(plan: Plan, sizes: Sizes) -> bool:
    """Shrink assumed hours so that the plan costs no more than a stated budget, but not below what the work needs.

    False if even the least does not fit.
    """
    said = plan.facts.budget
    if said is None or said.unit != plan.reading.currency:
        return True
    rates = knowledge("rates")
    granted = said.value * rates["planned_percent"] / 100
    if year_cost(plan, sizes) <= granted:
        return True
    factor = max(0.0, (granted / _with_reserve() - _besides(plan, sizes)) / team_cost(plan))
    for role in plan.roles:
        old = plan.quantities.get(role.hours_per_week)
        if old and old.basis == "assumed" and old.value and role.duty != "annotation":
            value = min(old.value, max(rates["least_hours"][role.duty], math.floor(old.value * factor)))
            plan.quantities[old.key] = old.model_copy(
                update={
                    "value": value,
                    "source": plan.say("cut so that the plan stays within the stated budget; nobody has said how much time there is"),
                }
            )
    for key in ("team_hours", "team_rate", "working_weeks"):
        plan.quantities.pop(key, None)
    return bool(year_cost(plan, sizes) <= granted)


def _window(plan: Plan, sizes: Sizes) -> Figure:
    said = plan.facts.window
    if said is None or math.floor(days(said)) != sizes.window:
        return proposed(sizes.window, plan.role("data_science"))
    if said.unit == "day":
        return stated_figure(said)
    return computed(plan.stated("brief_window", said, "history to learn from, as stated", said_unit(said, "day")))
