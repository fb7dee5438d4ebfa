"""What the numbers of a brief imply when they are held against each other: sentences of the memo, computed by expressions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from ai_data_strategy.domain import Figure, Quantity
from ai_data_strategy.playbook.cast import annotators_named
from ai_data_strategy.playbook.facts import days, rate_unit
from ai_data_strategy.playbook.figures import per_day, positives
from ai_data_strategy.playbook.plan import Plan, computed, said_unit, stated_figure
from ai_data_strategy.playbook.reading import Amount
from ai_data_strategy.playbook.sizes import Sizes, daily, positive_share
from ai_data_strategy.quantities.formulas import days_of_test, test_items_per_arm


@dataclass
class Notes:
    """The memo in the making: its own quantities by key. Keys of the plan keep their one meaning."""

    plan: Plan
    sizes: Sizes
    full: date
    quantities: dict[str, Quantity] = field(default_factory=dict)

    def put(self, key: str, unit: str, meaning: str, expression: str) -> str:
        self.quantities[key] = Quantity(key=key, unit=unit, meaning=self.plan.say(meaning), **dict(computed(expression)))
        return key

    def said(self, key: str, amount: Amount, meaning: str) -> str:
        unit = said_unit(amount, self.plan.example)
        self.quantities[key] = Quantity(key=key, unit=unit, meaning=self.plan.say(meaning), **dict(stated_figure(amount)))
        return key

    def shared(self, key: str) -> str:
        """A quantity that the plan defines, taken over as it is."""
        self.quantities[key] = self.plan.quantities[key]
        return key

    def rate(self) -> str:
        """Key of the examples a calendar day."""
        said, noun = self.plan.facts.per_day, self.plan.example
        if said is None or rate_unit(said) == "day":
            figure = per_day(self.plan)
            self.quantities["memo_per_day"] = Quantity(
                key="memo_per_day", unit=f"{noun}/day", meaning=self.plan.say("new examples a calendar day"), **dict(figure)
            )
            return "memo_per_day"
        expression = per_day(self.plan).expression or ""
        for key in ("brief_rate", "workdays_per_week"):
            if key in expression:
                self.shared(key)
        return self.put("memo_per_day", f"{noun}/day", "new examples a calendar day", expression)


Finding = Callable[[Notes], str | None]


def stock_and_rate(n: Notes) -> str | None:
    facts, say = n.plan.facts, n.plan.say
    if not facts.in_hand or not facts.per_day:
        return None
    rate, stock = n.rate(), n.said("memo_stock", facts.in_hand, "examples in stock as stated")
    n.put("memo_stock_time", "month", "time in which today's rate fills the stock", f"{stock} / {rate}")
    if not facts.since:
        return say(
            "At today's {memo_per_day} a day the stock of {memo_stock} is {memo_stock_time} of work: that, and not the years since launch, is the history that describes today's product."
        )
    n.put("memo_since", "month", "time since the first stored example, as stated", f"{(n.plan.today - facts.since).days} * day")
    n.put("memo_average", f"{n.plan.example}/day", "average rate over that time", f"{stock} / memo_since")
    ratio = daily(n.plan) * (n.plan.today - facts.since).days / facts.in_hand.value
    if 0.8 <= ratio <= 1.25:
        return say("Stock and rate agree: {memo_stock} over {memo_since} make {memo_average} a day, and {memo_per_day} arrive today.")
    return say(
        "Stock and rate do not describe the same product. {memo_stock} over {memo_since} make {memo_average} a day on average; today {memo_per_day} a day arrive, which would fill the stock in {memo_stock_time}. "
        "Either the volume has changed several times over, and old examples speak of another product, or part of the history is gone. Monthly counts decide it in a day, before a training window is chosen."
    )


def doubted(n: Notes) -> str | None:
    rate, users = n.plan.facts.doubted, n.plan.facts.users
    if not rate or not users:
        return None
    (
        n.said("memo_doubted", rate, "stated rate that is not taken for the volume"),
        n.said("memo_users", users, "users or customers as stated"),
    )
    n.put("memo_doubted_each", "count/day", "what the stated rate would mean for each of them a day", "memo_doubted / memo_users")
    return n.plan.say(
        "{memo_doubted} a day over {memo_users} of them would be {memo_doubted_each} a day for each: calls or rows were probably counted, or the people are not those who act. The plan does not build on it; what one row is has to be said first, and every volume here is a planning value until then."
    )


def corrections(n: Notes) -> str | None:
    wrong = n.plan.facts.wrong
    if not wrong:
        return None
    n.plan.stated("wrong_share", wrong, "share that was corrected at least once", "percent")
    n.shared("wrong_share")
    n.put("memo_corrected", f"{n.plan.example}/day", "examples a day that are corrected", f"{n.rate()} * wrong_share")
    return n.plan.say(
        "{wrong_share} were corrected at least once, {memo_corrected} a day. It is no error rate: ordinary hand-offs are in it, and mistakes that somebody solved in silence are not. "
        "What is left over is therefore a working figure for today's level, until a blind sample gives the real one; and the same log is the best source of labels there is."
    )


def hand_work(n: Notes) -> str | None:
    person, rate = annotators_named(n.plan), n.plan.facts.per_day
    if not person or not person.count or not rate or rate_unit(rate) not in ("day", "workday"):
        return None
    n.quantities["memo_people"] = Quantity(
        key="memo_people",
        unit="person",
        meaning=n.plan.say("people who do it by hand today"),
        value=person.count,
        basis="stated",
        source=person.quote[:400],
    )
    unit = rate_unit(rate)
    if not 0.2 <= person.count * 480 / rate.value <= 120:
        return None
    n.rate()
    key = "brief_rate" if unit == "workday" else "memo_per_day"
    n.put(
        "memo_minute_each",
        "minute",
        "time for one example if they did nothing else for eight hours",
        f"memo_people * 480 * minute / ({key} * {unit})",
    )
    return n.plan.say(
        "Today it is done by {memo_people} people: at most {memo_minute_each} for each, all day long. So speed is not what the model can save most; what is left on the table is what happens after a hasty decision. "
        "The same people are the only ones who can label, and their hours are already spent."
    )


def load(n: Notes) -> str | None:
    if not n.plan.facts.latency or not n.plan.facts.per_day:
        return None
    n.said("memo_latency", n.plan.facts.latency, "time in which an answer must be there")
    often = daily(n.plan) > 5000
    unit = "second" if often else "hour"
    n.put(f"memo_per_{unit}", f"{n.plan.example}/{unit}", "load on average in a second or an hour", n.rate())
    if often:
        return n.plan.say(
            "{memo_latency} is a budget to be divided over network, features and model, and no throughput problem: on average {memo_per_second} a second arrive. A streaming platform would be bought for nothing."
        )
    return n.plan.say(
        "{memo_latency} is a budget to be divided over network, features and model, and no throughput problem: on average {memo_per_hour} an hour arrive. One small service carries it."
    )


def per_head(n: Notes) -> str | None:
    users = n.plan.facts.users
    if not users or not n.plan.facts.per_day or users.value < 50:
        return None
    n.said("memo_users", users, "users or customers as stated")
    gap = users.value / daily(n.plan)
    if gap >= 3:
        n.put("memo_gap", "day", "average time between two examples of one of them", f"memo_users / {n.rate()} * 1")
        return n.plan.say(
            "{memo_users} of them share {memo_per_day} a day: each appears about once in {memo_gap}. History by person is thin; what is known sits with whatever they have in common."
        )
    n.put("memo_each", "count/day", "examples a day of one of them on average", f"{n.rate()} / memo_users")
    return n.plan.say(
        "{memo_per_day} a day over {memo_users} of them is {memo_each} a day each on average, and a few large ones will hold most: their habits, and their veto over training, decide what the model sees."
    )


def rare(n: Notes) -> str | None:
    if not n.plan.topic["metric_share"] or not n.plan.facts.per_day:
        return None
    if n.plan.facts.positives_year:
        n.said("memo_positives_year", n.plan.facts.positives_year, "positives in a year, as stated")
        n.put("memo_each_positive", n.plan.example, "examples for each positive", f"{n.rate()} * year / memo_positives_year")
        return n.plan.say(
            "{memo_positives_year} positives in a year are the whole training set that a year gives; behind each stand {memo_each_positive} examples without one. Volume is no comfort here: every split, every threshold and every test is a matter of single cases."
        )
    positives(n.plan)
    n.shared("positive_share")
    n.put("memo_positives", "count/day", "positives a day", f"{n.rate()} * positive_share")
    n.quantities["memo_window"] = Quantity(
        key="memo_window",
        unit="day",
        meaning=n.plan.say("training window of the plan"),
        value=n.sizes.window,
        basis="proposed",
        source=n.plan.role("data_science"),
    )
    n.put("memo_positives_window", "count", "positives in the training window", "memo_positives * memo_window")
    return n.plan.say(
        "At {positive_share} there are {memo_positives} positives a day and {memo_positives_window} in a window of {memo_window}. These, and not the {memo_per_day} a day, are the size of the training set."
    )


def blind(n: Notes) -> str | None:
    """The share of positives that blocking hides, and whether the stated shares can all be true."""
    facts = n.plan.facts
    if not (facts.blocked and facts.base and facts.per_day):
        return None
    n.plan.stated("blocked_share", facts.blocked, "share that is blocked today", "percent")
    positives(n.plan)
    n.shared("blocked_share"), n.shared("positive_share")
    n.put("memo_blocked", "count/day", "examples stopped a day", f"{n.rate()} * blocked_share")
    if not facts.precision:
        return n.plan.say(
            "{memo_blocked} a day are stopped and never get an outcome; how many of them were right to stop nobody can know today."
        )
    n.said("memo_precision", facts.precision, "stated share of blocks that were right")
    n.put("memo_stopped", "count/day", "positives among the blocks a day", "memo_blocked * memo_precision")
    n.put("memo_passed", "count/day", "positives a day among what passes", "(memo_per_day - memo_blocked) * positive_share")
    n.put("memo_blind", "percent", "share of all positives that never get an outcome", "memo_stopped / (memo_stopped + memo_passed)")
    n.put("memo_implied", "percent", "share of all examples that are positives caught by blocking", "blocked_share * memo_precision")
    text = "If the stated {memo_precision} is right, blocking stops {memo_stopped} positives a day out of {memo_blocked} blocks, while {memo_passed} get through and are confirmed later: {memo_blind} of all positives never get an outcome, and no model trained on outcomes has met them."
    clash = "That would be {memo_implied} of everything, more than the whole stated rate of {positive_share}: so that rate counts only what passed, or the precision is an opinion. With no outcome behind the blocks it can be nothing else."
    return (
        f"{n.plan.say(text)} {n.plan.say(clash)}"
        if facts.blocked.value * facts.precision.value / 100 > facts.base.value
        else n.plan.say(text)
    )


def kept_too_short(n: Notes) -> str | None:
    late = n.plan.facts.delay
    short = min(n.plan.facts.retentions, key=days, default=None)
    if not late or not short or days(short) >= days(late, "high"):
        return None
    n.said("memo_kept", short, "shortest stated retention")
    n.said("memo_late", late, "time to the label as stated")
    if n.sizes.store:
        return n.plan.say(
            "Data are deleted after {memo_kept}, the label comes after {memo_late}: read literally, not one row is alive when its label arrives, and nothing can be trained at all. Either the rule covers less than it says, or a pseudonymised training store with its own basis has to be built before anything else."
        )
    return n.plan.say(
        "What is kept for {memo_kept} is gone before the label comes after {memo_late}. It can serve at the decision and can never be joined to an outcome, unless what it said at the decision is logged then."
    )


def window_and_retention(n: Notes) -> str | None:
    wished = n.plan.facts.window
    if not wished or n.sizes.window >= int(days(wished)):
        return None
    n.said("memo_wished", wished, "history to learn from, as stated")
    return n.plan.say(
        "A window of {memo_wished} is asked for, and the stated deletion does not leave that much matured history. The plan takes the longest window that does fit."
    )


def matured(n: Notes) -> str | None:
    wished, late = n.plan.facts.window, n.plan.facts.delay
    if not wished or not late or n.sizes.window < int(days(wished)):
        return None
    n.said("memo_wished", wished, "history to learn from, as stated")
    end = Figure(value=late.high if late.high is not None else late.value, basis="stated", source=late.quote[:400])
    n.quantities["memo_slow_label"] = Quantity(
        key="memo_slow_label", unit=late.unit, meaning=n.plan.say("time to the label, slow end, as stated"), **dict(end)
    )
    n.put("memo_matured", "day", "part of the wished history whose labels have come", "memo_wished - memo_slow_label")
    return n.plan.say(
        "Of the {memo_wished} asked for, {memo_matured} have matured labels; the rest looks harmless because nobody has reported it yet, and stays out of training."
    )


def erasures(n: Notes) -> str | None:
    asked = n.plan.facts.erasures
    if not asked:
        return None
    n.said("memo_erasures", asked, "requests for erasure as stated")
    n.put("memo_erasures_year", "count/year", "requests for erasure a year", "memo_erasures * 1")
    return n.plan.say(
        "About {memo_erasures_year} requests for erasure a year will reach every copy that training makes, backups and models included. What is done by hand in one store today must be a job with a key from person to example before the first snapshot exists."
    )


def traffic(n: Notes) -> str | None:
    """What a live test of the plan can show with this traffic."""
    if not n.plan.facts.per_day:
        return None
    test = n.sizes.test
    if not test.decidable:
        return n.plan.say(
            "A live test cannot decide here: too few of the examples carry the success metric. The verdict rests on a backtest by time and on a long shadow; the live share only shows whether anything is harmed."
        )
    wished = float(n.plan.dial("effect")["value"])
    share = positive_share(n.plan) / 100
    if (
        test.effect <= wished
        and days_of_test(test_items_per_arm(test.baseline, wished), daily(n.plan) * share, float(n.plan.dial("live_share")["value"]))
        <= test.days
    ):
        return None
    n.quantities["memo_effect"] = Quantity(
        key="memo_effect",
        unit="point",
        meaning=n.plan.say("smallest effect that the live test can show"),
        value=test.effect,
        basis="proposed",
        source=n.plan.role("product"),
    )
    return n.plan.say(
        "The traffic cannot carry a fine test: only a difference of {memo_effect} shows within the time of the plan. Smaller gains are read offline and in shadow, and nobody should promise them live."
    )


def deadline(n: Notes) -> str | None:
    first = min((day for day, _ in n.plan.reading.deadlines if day > n.plan.today), default=None)
    if first is None or n.full <= first:
        return None
    return n.plan.say(
        "A day is stated, %(stated)s, and full traffic is possible on %(full)s: what fits before the stated day is shadow use or a small share, not the whole.",
        stated=first.isoformat(),
        full=n.full.isoformat(),
    )


def absences(n: Notes) -> str | None:
    away = next((person for person in n.plan.reading.people if person.away), None)
    if not away:
        return None
    return n.plan.say(
        "Said of the people: “%(quote)s”. Hours that are missing cannot be planned with; whatever needs them waits or is given to somebody by name.",
        quote=away.away,
    )


FINDINGS: tuple[Finding, ...] = (
    stock_and_rate, doubted, corrections, blind, kept_too_short, window_and_retention, matured, rare, per_head, hand_work, load, erasures, traffic, absences, deadline,
)  # fmt: skip
