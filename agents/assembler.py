"""The assembler's playbook: the front page from the typed strategy, without a model."""

from __future__ import annotations

from ai_data_strategy.agents.assembly import Assembly, Step, Term
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.agents.strategy import Strategy, sheet_of
from ai_data_strategy.agents.weighing import all_actions, clipped, decisions, in_order, questions, ranked, readiness, soon, unsettled
from ai_data_strategy.blueprint import Source
from ai_data_strategy.playbook.desk import Desk

_LONGEST_DECIDES = 2400


def playbook(strategy: Strategy, k: Desk) -> Assembly:
    """Summary, decisions, readiness and orders of a strategy that has no assembly yet. It needs a blueprint."""
    sheet = sheet_of(strategy)
    order = in_order(all_actions(strategy))
    return Assembly(
        steps=_steps(strategy, sheet, k),
        verdict="go_after" if (conditions := _conditions(sheet, k)) else "go",
        conditions=conditions,
        what=_what(sheet, k),
        why=_why(sheet, k),
        cost=_cost(sheet, k),
        first_days=_first_days(strategy, k, order),
        top_risks=_top_risks(strategy, k),
        decides=_decides(strategy, sheet, k),
        decisions=decisions(sheet, k),
        readiness=readiness(sheet, k),
        actions=order[:60],
        questions=questions(strategy, sheet, k),
        terms=_terms(k),
    )


def _conditions(sheet: Sheet, k: Desk) -> list[str]:
    """Those of the blueprint; else what governance leaves unsettled."""
    if k.blueprint.verdict == "go_after" and k.blueprint.conditions:
        return k.blueprint.conditions
    names = unsettled(sheet)
    said = k.say("Nothing is trained on these sources before their legal basis is on paper: %(sources)s.", sources=", ".join(names))
    return [clipped(said)] if names else []


def _what(sheet: Sheet, k: Desk) -> str:
    task = sheet.blueprint.task
    said = [
        k.say(
            "%(product)s gets a model that takes %(takes)s and gives %(gives)s.",
            product=k.blueprint.product,
            takes=_inner(task.takes, k.language),
            gives=_inner(task.gives, k.language),
        ),
        k.say("It supports one decision: %(decision)s.", decision=_inner(task.decision, k.language)),
        k.say("The way there: %(approach)s.", approach=_inner(task.approach, k.language)),
    ]
    if not task.trains:
        said.append(k.say("No weights are trained; prompts, the index and the checks are what is improved."))
    return clipped(" ".join(said), 3000)


def _why(sheet: Sheet, k: Desk) -> str:
    said = []
    baseline = sheet.entry("baseline")
    if sheet.known("baseline") and sheet.known("target") and baseline and baseline.quantity.basis == "assumed":
        said.append(
            k.say(
                "Nobody has measured the %(metric)s yet; the plan assumes {baseline} today, has it measured first, and aims at {target}.",
                metric=k.blueprint.metric,
            )
        )
    elif sheet.known("baseline") and sheet.known("target"):
        said.append(k.say("Today the %(metric)s is {baseline}. The plan aims at {target}.", metric=k.blueprint.metric))
    else:
        said.append(
            k.say(
                "Success is the %(metric)s. Nobody has measured where it stands today, so the baseline is measured first.",
                metric=k.blueprint.metric,
            )
        )
    said.append(_bottleneck(sheet, k))
    return " ".join(said)


def _bottleneck(sheet: Sheet, k: Desk) -> str:
    """The one thing that holds the plan up most, from the figures."""
    need, have = sheet.number("required_examples", "{example}", "high"), sheet.number("available_examples", "{example}", "low")
    if k.blueprint.verdict == "go_after" and k.blueprint.conditions:
        return k.say(
            "What holds it up is neither the model nor the volume but the conditions of the verdict; work that does not touch them can begin at once."
        )
    if need is not None and have is not None and have < need:
        return k.say("What holds it up is volume: {available_examples} examples against a need of {required_examples}.")
    if (sheet.number("label_delay", "day") or 0) > (sheet.number("retrain_cadence", "day") or 0) > 0:
        return k.say(
            "What holds it up is time: a label comes {label_delay} after its example, and the model is renewed every {retrain_cadence}."
        )
    return k.say("What decides is whether the stored labels are true enough to learn from; the benchmark measures that first.")


def _budget(sheet: Sheet, k: Desk) -> str:
    currency = k.blueprint.currency
    cost, budget = sheet.number("cost_year_one", currency, "low"), sheet.number("budget", currency, "high")
    if budget is None:
        return k.say("Nobody has named a budget.")
    if k.blueprint.shared.budget.basis != "stated":
        return k.say("Nobody has named a budget; this plan asks for {budget}.")
    return k.say("The budget of {budget} does not cover that.") if cost is not None and cost > budget else k.say("The budget is {budget}.")


def _cost(sheet: Sheet, k: Desk) -> str:
    said = []
    if sheet.known("cost_year_one"):
        said.append(k.say("Year one costs {cost_year_one}."))
    if sheet.known("team_cost"):
        said.append(k.say("The people on the plan cost {team_cost} a year."))
    if sheet.known("labelling_cost") and sheet.known("labelling_hours"):
        said.append(k.say("Human labels cost {labelling_cost}, that is {labelling_hours} of work."))
    said.append(_budget(sheet, k))
    said.append(k.say("The money up to the offline gate is released first."))
    if sheet.known("benefit_year_one") and sheet.known("net_year_one"):
        said.append(k.say("The return is put at {benefit_year_one} in year one, which leaves {net_year_one}."))
    else:
        said.append(
            k.say("What it returns cannot be said yet; the roll-out chapter names the numbers that are missing and who finds them.")
        )
    return " ".join(said)


def _first_days(strategy: Strategy, k: Desk, order: list[str]) -> list[str]:
    found = soon(strategy, k, order)
    spare = [
        k.say("The audit measures volume, labels and gaps of every source."),
        k.say("The people named in the decisions table settle what is open."),
    ]
    return (found + spare)[: max(2, len(found))]


def _top_risks(strategy: Strategy, k: Desk) -> list[str]:
    found = [
        clipped(k.say("%(risk)s Answer: %(answer)s", risk=_stopped(risk.risk), answer=_stopped(risk.answer)))
        for risk in ranked(strategy)[:3]
    ]
    spare = [
        k.say("The stored labels turn out to be less true than they look. Answer: the benchmark measures their noise before training."),
        k.say("A source may not be used for training. Answer: it stays out of every snapshot until its basis is signed."),
        k.say("The people named here have less time than assumed. Answer: the dates move, the gates do not."),
    ]
    return (found + spare)[:3]


def _decides(strategy: Strategy, sheet: Sheet, k: Desk) -> str:
    """The memo's opening if there is one; then what the figures and the sources say."""
    parts: list[str] = []
    for paragraph in strategy.memo.text.split("\n\n") if strategy.memo else []:
        if sum(map(len, parts)) + len(paragraph) > _LONGEST_DECIDES:
            break
        parts.append(paragraph.strip().lstrip("#").strip())
    return clipped("\n\n".join([part for part in parts if part] or _from_figures(sheet, k)), 3000)


def _from_figures(sheet: Sheet, k: Desk) -> list[str]:
    b = sheet.blueprint
    parts = [k.say("The label decides. It becomes known %(delay)s, and everything that learns here waits for it.", delay=_delay(sheet, k))]
    if sheet.known("examples_in_hand") and sheet.known("examples_per_day"):
        parts.append(k.say("There are {examples_in_hand} %(example)s in hand and {examples_per_day} new ones a day.", example=b.example))
    silent = [event.meaning for event in b.events if event.source is None]
    if silent:
        parts.append(
            k.say(
                "Nothing records yet: %(events)s. What is not recorded from the first day on cannot be learned from later.",
                events="; ".join(silent),
            )
        )
    forgetful = _forgetful(sheet)
    if forgetful:
        names = ", ".join(source.name for source in forgetful)
        parts.append(
            k.say(
                "%(sources)s forgets its rows before a label can come, so nothing in it can be trained on without a copy that the law allows.",
                sources=names,
            )
        )
    return parts


def _delay(sheet: Sheet, k: Desk) -> str:
    known = sheet.known("label_delay")
    return k.say("{label_delay} after its example") if known else k.say("after a time that nobody has measured")


def _forgetful(sheet: Sheet) -> list[Source]:
    delay = sheet.number("label_delay", "day")
    kept = {source.id: sheet.number(source.retention, "day") for source in sheet.blueprint.sources}
    return [source for source in sheet.blueprint.sources if delay is not None and (days := kept[source.id]) is not None and days < delay]


def _steps(strategy: Strategy, sheet: Sheet, k: Desk) -> list[Step]:
    trouble = [entry.quantity.key for entry in sheet.ledger.entries.values() if entry.problem] + [
        clash.key for clash in sheet.ledger.clashes
    ]
    agree = (
        k.say("These figures cannot be computed or have two meanings: %(keys)s.", keys=", ".join(trouble))
        if trouble
        else k.say("Every figure is defined once and every derived one can be computed.")
    )
    doubtful = questions(strategy, sheet, k)
    return [
        Step(question=k.say("Do the sections agree on the figures they share?"), thought=clipped(agree, 3000)),
        Step(question=k.say("What holds the plan up most?"), thought=_bottleneck(sheet, k)),
        Step(question=k.say("What does it cost, and what must it return?"), thought=_cost(sheet, k)),
        Step(
            question=k.say("Which answers would move the plan most?"),
            thought=clipped(" ".join(item.question for item in doubtful), 3000) or k.say("No number that matters is a guess."),
        ),
        Step(question=k.say("In which order does the work run?"), thought=k.say("By due date, and nothing before what it waits for.")),
    ]


def _terms(k: Desk) -> list[Term]:
    return [
        Term(term=k.blueprint.metric, meaning=k.say("the success metric; every target and gate of this plan is measured in it.")),
        Term(term=k.say("Benchmark"), meaning=k.say("{benchmark_items} items that people labelled, frozen, and never trained on.")),
        Term(term=k.say("Shadow"), meaning=k.say("the model decides beside the present way and nobody acts on it.")),
        Term(term=k.say("Champion and challenger"), meaning=k.say("the model that is live, and the one that wants its place.")),
    ]


def _inner(text: str, language: str) -> str:
    """A line as part of a sentence: without its full stop, and small at the start where nouns are not capitalised."""
    plain = text.strip().rstrip(".")
    return plain[:1].lower() + plain[1:] if language != "de" and (plain[1:2].islower() or plain[1:2] == " ") else plain


def _stopped(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
