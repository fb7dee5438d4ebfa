"""The clarifier: what a brief states, what contradicts itself, what is an order, whether learning is needed, what to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ai_data_strategy.agents.clarification import MOST_QUESTIONS, Clarification, Fact, NoAi
from ai_data_strategy.domain import Answer, Brief, Question
from ai_data_strategy.playbook.desk import knowledge
from ai_data_strategy.playbook.reader import read
from ai_data_strategy.playbook.reading import Amount, Denial, Reading
from ai_data_strategy.playbook.wording import TITLES
from ai_data_strategy.typeset.catalogue import N_, Translate, translator

PROMPT = "clarifier"
_MOST_FACTS = 20
_MOST_OF = 0.6
"""Share of a sentence that a quoted number must cover for the sentence to say nothing more."""
MEANINGS = {
    "volume": N_("Stock of %(noun)s: bounds what can be learned and how fine a benchmark can be; what one row is must be counted."),
    "rate": N_("Inflow of %(noun)s: sets the pace of the flywheel and how long a live test takes."),
    "population": N_("How many %(noun)s there are: rows of one of them belong together and must not fall on both sides of a split."),
    "latency": N_("A limit on the answer time: rules out models and features that cannot be there in time."),
    "history": N_("How far back the data are meant to reach: to be held against what is kept."),
    "label_delay": N_("The label comes late: younger examples are immature and not negatives, and the loop cannot be faster than this."),
    "retention": N_("Limits the training window, and which features still exist when the label comes."),
    "erasure_limit": N_("Everything derived must be clean within this time, models and backups included."),
    "erasure_requests": N_("Erasure is a regular job: it must reach training copies without handwork."),
    "base_rate": N_("How rare the positives are: decides sample sizes and makes accuracy a useless metric."),
    "precision": N_("A claim about today's alarms: ask which labels it rests on."),
    "recall": N_("A claim about what is caught today: ask how the rest is known."),
    "action_share": N_("Share that is acted on today: outcomes of these cases are often never seen."),
    "rework": N_("Share that was moved or corrected: a signal about today's errors, mixed with normal hand-overs."),
    "language_share": N_("Each language is a slice with its own quality and minimum sample."),
    "quality": N_("Today's level: the baseline to beat, if it was measured on a fair sample."),
    "target": N_("A wish: it becomes a target only with a baseline and a way to measure it."),
    "budget": N_("The money there is: the sum of all costs must stay below it."),
    "hourly_cost": N_("Price of an hour: enters the cost of labels and the return."),
    "error_cost": N_("What an error costs: sets the threshold and the return."),
    "people": N_("People who can work on it: hours are the scarcest input of the plan."),
    "hours": N_("Hours there are: labelling and review must fit into them."),
    "minutes_per_item": N_("Time for one item: bounds the cost of labels and what automation can save."),
    "classes": N_("Number of classes: the rarest one decides how many labels are needed."),
    "rules": N_("Rules in force: a baseline, and a filter on what has ever been observed."),
    "absence": N_("Somebody is away: no task of theirs may fall into it."),
    "horizon": N_("How far ahead the result is needed: nothing known later may be a feature."),
    "age": N_("Age of the people concerned: minors need a guardian's consent."),
    "deadline": N_("A date to be held against the sum of all lags."),
}
"""What a number of a kind means for a plan."""


def playbook(brief: Brief, answers: Sequence[Answer] = ()) -> Clarification:
    """The clarification without a model: by the reader's rules, in the brief's language."""
    reading = read(brief.text, brief.language, answers)
    say = translator(brief.language)
    denial = reading.denial
    return Clarification(
        product=reading.product[:100],
        learning="needed" if denial is None else "not_lawful" if denial.outcome == "not_lawful" else "not_needed",
        no_ai=_no_ai(denial, say) if denial else None,
        facts=_facts(reading, say),
        contradictions=list(reading.contradictions),
        orders=list(reading.orders),
        questions=[] if denial else questions(reading, answers),
    )


def _no_ai(denial: Denial, say: Translate) -> NoAi:
    group = "unlawful" if denial.outcome == "not_lawful" else "not_needed"
    entry = knowledge("denials")[group][denial.rule]
    article = f" ({entry['article']})" if "article" in entry else ""
    return NoAi(
        because=f"{say(entry['because'])}{article}",
        alternative=say(entry["alternative"]),
        steps=[say(step) for step in entry["steps"]],
        would_change=say(entry["change"]),
    )


def _facts(reading: Reading, say: Translate) -> list[Fact]:
    """Numbers with what they mean, answers first on ties of place; then telling sentences that hold no number."""
    facts: dict[str, Fact] = {}
    for amount in reading.amounts:
        if not amount.corrected and amount.kind in MEANINGS and amount.quote not in facts:
            facts[amount.quote] = Fact(
                quote=amount.quote[:390], meaning=(say(MEANINGS[amount.kind]) % {"noun": amount.noun or reading.example})[:390]
            )
    for topic, meaning in TOPICS.items():
        sentence = reading.topics.get(topic, "")
        if sentence and not any(sentence in quote or (quote in sentence and len(quote) > _MOST_OF * len(sentence)) for quote in facts):
            facts[sentence] = Fact(quote=sentence[:390], meaning=say(meaning))
    return list(facts.values())[:_MOST_FACTS]


TOPICS = {
    "contract": N_("Whose the records are and what the contract allows: decides what may be trained on."),
    "consent": N_("What people agreed to: decides whose records may enter."),
    "unlabeled": N_("What never gets a label cannot be learned, and hides errors of today's way."),
    "label": N_("Where the truth of a result comes from: ask whether it is an outcome, an opinion or a habit."),
    "law": N_("Law or body that has a say: enters governance and the decision dates."),
    "hosting": N_("Where the data may be: limits tools, labelling platforms and hosted models."),
    "owner": N_("Somebody who owns a source: the door to access and definitions."),
    "feedback": N_("A signal that could come back from use, if it is logged."),
    "baseline": N_("How it is done today: the baseline that a model must beat."),
}
"""What a sentence on a topic means for a plan."""


def in_bank(question: str) -> bool:
    """True for the id of a question of the bank: the reader reads its answers, whatever figure has the same name."""
    return question in knowledge("questions")


def questions(reading: Reading, answers: Sequence[Answer]) -> list[Question]:
    """The questions of the bank whose answer is not known yet, best first; none that was asked before."""
    say = translator(reading.language)
    asked = {answer.question for answer in answers}
    scored = [
        (_points(entry, reading), name, entry)
        for name, entry in knowledge("questions").items()
        if name not in asked and _fits(name, entry, reading)
    ]
    scored.sort(key=lambda item: -item[0])
    names = {name for _, name, _ in scored[:MOST_QUESTIONS]}
    chosen = [item for item in scored if not (item[1] == "volume_counts" and "volume_doubt" in names)][:MOST_QUESTIONS]
    return [_question(name, entry, reading, say) for _, name, entry in chosen]


def _points(entry: Mapping[str, Any], reading: Reading) -> float:
    more = entry.get("more", {})
    told = {reading.archetype, *reading.sectors} | ({"vague"} if reading.vague else set())
    return float(entry["points"]) + sum(float(points) for key, points in more.items() if key in told)


def _fits(name: str, entry: Mapping[str, Any], reading: Reading) -> bool:
    if "only_archetypes" in entry and reading.archetype not in entry["only_archetypes"]:
        return False
    if "only_sectors" in entry and not set(entry["only_sectors"]) & set(reading.sectors[:4]):
        return False
    if entry.get("only") == "volume_doubt" and _doubted(reading) is None:
        return False
    return not any(all(_known(part, reading) for part in rule.split("&")) for rule in entry.get("unless", ()))


def _known(rule: str, reading: Reading) -> bool:
    """Whether one condition of `unless` holds."""
    scope, _, key = rule.partition(":")
    if scope == "two_people":
        return (
            sum(
                person.hours_per_week is not None or person.share_of_time is not None or (person.count or 0) > 0
                for person in reading.people
            )
            >= 2
        )
    if scope == "topic":
        topic, _, strong = key.partition("+")
        return topic in reading.topics and (not strong or not reading.vague)
    if scope == "kind":
        return reading.amount(key) is not None
    return key in reading.answered


def _doubted(reading: Reading) -> Amount | None:
    """A rate or stock of the brief that one of the contradictions is about and no answer has mended."""
    return next(
        (
            amount
            for kind in ("rate", "volume")
            for amount in reading.all(kind)
            if amount.origin == "brief" and any(amount.quote in item.one or amount.quote in item.other for item in reading.contradictions)
        ),
        None,
    )


def _question(name: str, entry: Mapping[str, Any], reading: Reading, say: Translate) -> Question:
    doubted = _doubted(reading)
    values = {"example": reading.example, "quote": doubted.quote[:100] if doubted else "", "task": say(TITLES[reading.archetype])}
    return Question(
        id=name,
        question=(say(entry["question"]) % values)[:300],
        why=(say(entry["why"]) % values)[:300],
        touches=list(entry["touches"]),
        kind=entry["kind"],
        unit=entry.get("unit"),
        options=[say(option) for option in entry.get("options", ())],
        default=(say(entry["default"]) % values)[:300],
    )
