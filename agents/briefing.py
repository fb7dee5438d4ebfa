"""What every writer is told: the common prefix of all section prompts, from role and rules to blueprint and evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from ai_data_strategy.agents import SECTIONS
from ai_data_strategy.agents.sheet import shared_quantities
from ai_data_strategy.agents.structure import FOREIGN_HOMES
from ai_data_strategy.blueprint import Blueprint, Role, Source
from ai_data_strategy.domain import Answer, Brief, Evidence, Quantity, filled
from ai_data_strategy.evidence.profile import Profile, SourceProfile
from ai_data_strategy.prompts import load
from ai_data_strategy.quantities.formulas import FORMULAS
from ai_data_strategy.quantities.ledger import Entry, Ledger

FOREIGN = "; ".join(f"{', '.join(keys)} ({home})" for home, keys in FOREIGN_HOMES.items())
_MOST_DETAILS, _MOST_COLUMNS, _MOST_PROBLEMS = 60, 30, 10
"""Pieces of evidence of one section, columns of a source and problems that a prompt shows; the prefix shows the headlines of all sections."""
_LONGEST_BRIEF = 40_000


def rules(language: str, today: date) -> str:
    """Role, rules and scopes: the same for every call of a run."""
    scopes = "\n".join(f"- {section.key}: {section.scope}" for section in SECTIONS)
    formulas = ", ".join(f"{f.name}({', '.join(f.parameters)}{', …' if f.variadic else ''}) in {f.result}" for f in FORMULAS.values())
    return load("common").text(language=language, today=today.isoformat(), formulas=formulas, scopes=scopes, foreign=FOREIGN)


def given(brief: Brief, answers: Sequence[Answer], profile: Profile) -> str:
    """Brief, answers and evidence, fenced as data."""
    text = brief.text[:_LONGEST_BRIEF].replace("</brief>", "")
    parts = [f"<brief>\n{text}\n</brief>"]
    if answers:
        parts.append("<answers>\n" + "\n".join(_answer(answer) for answer in answers) + "\n</answers>")
    if profile.sources:
        lines = [_profiled(source) for source in profile.sources]
        lines += [_evidence(item) for item in profile.evidence if item.weight == 1]
        lines += [f"- problem with {_named(problem.text, 250)}" for problem in profile.problems[:_MOST_PROBLEMS]]
        parts.append("<evidence>\n" + "\n".join(line.replace("</evidence", "") for line in lines) + "\n</evidence>")
    return "\n\n".join(parts)


def _answer(answer: Answer) -> str:
    said = "skipped, so the default is assumed" if answer.skipped else "the user said"
    return f"- {answer.question}: {answer.asked} ({said}) {answer.text}".replace("</answers>", "")


def details(profile: Profile, section: str) -> str:
    """The measurements of one section that are no headlines, fenced as data; empty if there are none."""
    items = [item for item in profile.evidence if item.topic == section and item.weight == 2][:_MOST_DETAILS]
    lines = "\n".join(_evidence(item) for item in items).replace("</measured", "")
    return f"\n\n<measured>\n{lines}\n</measured>" if items else ""


def _profiled(source: SourceProfile) -> str:
    columns = ", ".join(
        f"{_named(column.name)} ({column.role}{', personal' if column.pii else ''})" for column in source.columns[:_MOST_COLUMNS]
    )
    return f"- source {source.id}: {source.kind}, {source.rows} rows, {source.first or '?'} to {source.last or '?'}; columns {columns}"


def _named(name: str, longest: int = 60) -> str:
    """A name from the data on one line: it names something and is never an order."""
    return " ".join(name.replace("<", " ").replace(">", " ").split())[:longest]


def _evidence(item: Evidence) -> str:
    """One line on what was measured. Its id is the key under which it is a quantity."""
    value = f" = {item.value:g} {item.unit}" if item.value is not None else ""
    ends = f", {item.low:g} to {item.high:g}" if item.low is not None and item.high is not None else ""
    role = f"; may stand for the shared figure {item.measures} if it means the same here" if item.measures else ""
    return f"- {item.id} [{item.topic}]: {_statement(item)}{value}{ends} ({item.rows} rows; {_named(filled(item.method, item.places), 160)}{role})"


def _statement(item: Evidence) -> str:
    return filled(item.message, {name: _named(text) for name, text in item.places.items()})


def figure(entry: Entry) -> str:
    """One line on a quantity with its computed value."""
    quantity = entry.quantity
    value = "unknown" if not entry.known else f"{entry.low:g}" if entry.low == entry.high else f"{entry.low:g} to {entry.high:g}"
    how = f" = {quantity.expression}" if quantity.expression else ""
    trouble = f" [{entry.problem}]" if entry.problem else ""
    check = f"; checked by {quantity.check.owner} until {quantity.check.by}" if quantity.check else ""
    return f"- {quantity.key}: {value} {quantity.unit} ({quantity.basis}{how}{check}) {quantity.meaning}{trouble}"


def figures(quantities: Iterable[Quantity], ledger: Ledger) -> str:
    return "\n".join(figure(entry) for quantity in quantities if (entry := ledger.get(quantity.key)))


def blueprint_text(blueprint: Blueprint, ledger: Ledger, memo_quantities: Sequence[Quantity] = ()) -> str:
    """The blueprint as a sheet of facts: compact, with computed values."""
    b, task = blueprint, blueprint.task
    lines = [
        f"Product: {b.product}. Archetype: {b.archetype}. Examples are counted in `{b.example}`; money in {b.currency}. Success metric: {b.metric}.",
        f"Verdict so far: {b.verdict}. Conditions: {'; '.join(b.conditions) or 'none'}.",
        f"Task: {task.takes} -> {task.gives} ({task.kind}); decision: {task.decision}; approach: {task.approach}; "
        f"{'weights are trained' if task.trains else 'no weights are trained'}; {'personal data' if task.personal_data else 'no personal data'}.",
        "Classes: " + ("; ".join(f"{c.id} ({c.name}): {c.definition}" for c in b.classes) or f"none, because {b.no_classes_because}"),
        f"Guidelines version: {b.guidelines_version}.",
        "Sources:",
        *(_source(source) for source in b.sources),
        "Events:",
        *(f"- {event.id}: {event.meaning} ({f'in {event.source}' if event.source else 'recorded nowhere yet'})" for event in b.events),
        "Roles:",
        *(_role(role, b, ledger) for role in b.roles),
        "Slices:",
        *(f"- {s.id}: {s.name} ({s.kind}), told by {s.told_by} [{s.field or 'no field holds it'}], share {s.share}" for s in b.slices),
        "Regimes:",
        *(f"- {r.id}: {r.name}; applies because {r.applies_because}; demands {r.demands}" for r in b.regimes),
        "Milestones: " + ", ".join(f"{m.id} {m.day} (day {(m.day - b.milestones[0].day).days}; {m.title})" for m in b.milestones),
        "Contradictions and the reading chosen:",
        *(f"- {c.one} against {c.other}: {c.reading}, because {c.because}" for c in b.contradictions),
        "Other assumptions:",
        *(f"- {a.id}: {a.statement}" for a in b.assumptions),
        "Shared quantities:",
        figures(shared_quantities(b), ledger),
        "Further quantities:",
        figures((*memo_quantities, *b.quantities), ledger),
    ]  # fmt: skip
    return "\n".join(lines)


def _role(role: Role, blueprint: Blueprint, ledger: Ledger) -> str:
    known = "named" if role.named else "not named by anyone"
    last = blueprint.milestones[-1]
    rate = ledger.number(role.hours_per_week, "hour/week", "high")
    days = role.days_there(blueprint.milestones[0].day, last.day)
    hours = f", {rate * days / 7:.0f} hours until {last.id}" if rate else ""
    return f"- {role.id}: {role.title} ({role.duty}; {known}; from {role.available_from}{_away(role)}; {role.hours_per_week}{hours})"


def _away(role: Role) -> str:
    if role.absent_from is None:
        return ""
    return f", away {role.absent_from} to {role.absent_until}" if role.absent_until else f", leaves for good on {role.absent_from}"


def _source(source: Source) -> str:
    fields = ", ".join(f"{f.id} [{f.sensitivity}]" for f in source.fields)
    span = "not there yet" if source.status == "to_build" else f"{source.starts or 'unknown start'} to {source.ends or 'ongoing'}"
    return (
        f"- {source.id}: {source.name} ({source.kind}, {source.status}, {'named' if source.named else 'not named by anyone'}), owner "
        f"{source.owner or 'nobody named'}, rows {source.rows}, {span}, updated every {source.update_period}, kept {source.retention}, "
        f"{'enters training' if source.training else 'not for training'}; fields: {fields}"
    )
