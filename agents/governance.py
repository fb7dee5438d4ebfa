"""Data governance: what may be used from when, what happens to each personal field, and how a person leaves the models."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ai_data_strategy.agents.governance_desk import playbook
from ai_data_strategy.agents.governance_fields import (
    GDPR_DAYS,
    REACHES,
    STATES,
    WAYS,
    ErasureStep,
    Governance,
    PersonalUse,
    RegimeDuty,
    SourceRule,
)
from ai_data_strategy.agents.section import Checks, Problem, Section, Skip, derived
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.domain import Quantity
from ai_data_strategy.typeset.blocks import Block, Cell, Paragraph, Table
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.view import View

_GDPR = re.compile(r"gdpr|dsgvo|rgpd", re.IGNORECASE)


def figures(draft: Governance) -> list[Quantity]:
    """For each place the day by which erasure reaches it, and the longest way of all."""
    if not draft.erasure:
        return []
    days = [_by_day(step) for step in draft.erasure]
    places = dict.fromkeys(f"erasure_by_{step.reaches}" for step in draft.erasure)
    chain = derived("erasure_chain", "day", "day by which erasure has reached every place", f"max({', '.join(places)})")
    return [*days, chain]


def _by_day(step: ErasureStep) -> Quantity:
    way = f"sum_of_lags(erasure_by_{step.after}, {step.days})" if step.after else f"sum_of_lags({step.days})"
    return derived(f"erasure_by_{step.reaches}", "day", f"day after the request by which erasure has reached: {step.reaches}", way)


CHECKS = Checks()


def _without_people(draft: Governance, sheet: Sheet) -> Iterator[Problem | Skip]:
    """Skip where the blueprint knows no personal field; a problem where the draft says so against the blueprint."""
    if not sheet.personal_fields:
        yield Skip(draft.no_personal_because or "no source has a personal field")
    elif draft.no_personal_because:
        yield Problem(
            "no_personal_because", f"the blueprint has personal fields in {sorted(sheet.personal_sources)}: treat them and set this to null"
        )


def _rules(draft: Governance, sheet: Sheet) -> dict[str, SourceRule]:
    return {rule.source: rule for rule in draft.sources if rule.source in sheet.source_ids}


def _personal(draft: Governance, sheet: Sheet) -> Iterator[tuple[str, PersonalUse | None]]:
    """Each source with personal fields and what is said of its use."""
    rules = _rules(draft, sheet)
    for source in sorted(sheet.personal_sources):
        yield source, rules[source].personal if source in rules else None


@CHECKS("GV1")
def every_personal_field_is_treated(draft: Governance, sheet: Sheet) -> Iterator[Problem | Skip]:
    yield from _without_people(draft, sheet)
    personal = {f"{source}.{field}" for source, field in sheet.personal_fields}
    known = {f"{source.id}.{field.id}" for source in sheet.blueprint.sources for field in source.fields}
    counted = Counter(ref for row in draft.treatments for ref in row.fields)
    if missing := sorted(personal - set(counted)):
        yield Problem("treatments", f"personal fields without a treatment: {', '.join(missing)}")
    for ref in sorted(set(counted) - known):
        yield Problem("treatments", f"{ref!r} is no field of the blueprint")
    for ref in sorted(ref for ref, count in counted.items() if count > 1):
        yield Problem("treatments", f"{ref!r} has more than one treatment: keep one")
    for row in draft.treatments:
        if row.treatment == "keep" and not (row.because or "").strip():
            yield Problem("treatments", f"{row.fields[0]!r} is kept without a reason")
        if not row.how.strip():
            yield Problem("treatments", f"{row.fields[0]!r}: say how")


@CHECKS("GV3")
def every_personal_source_has_a_basis(draft: Governance, sheet: Sheet) -> Iterator[Problem | Skip]:
    yield from _without_people(draft, sheet)
    due = {action.id for action in draft.actions}
    for source, use in _personal(draft, sheet):
        if use is None:
            yield Problem("sources", f"{source!r} has personal fields but no basis, clause and status")
            continue
        if not (use.basis.strip() and use.clause.strip()):
            yield Problem("sources", f"{source!r}: name the legal basis for training and the clause reviewed, or that none was read")
        if use.status != "ok" and use.action not in due:
            yield Problem("sources", f"{source!r} is {use.status}: name the action with its due date that settles it (ids: {sorted(due)})")


@CHECKS("GV4")
def nothing_trains_before_it_may(draft: Governance, sheet: Sheet) -> Iterator[Problem | Skip]:
    yield from _without_people(draft, sheet)
    due = {action.id: action.due for action in draft.actions}
    for source, use in _personal(draft, sheet):
        if use is None or use.status == "ok" or use.training_from is None:
            continue
        settled = due.get(use.action or "")
        if settled is None:
            yield Problem(
                "sources",
                f"{source!r} is {use.status} and trains from {use.training_from} without an action: add one, or exclude it (null)",
            )
        elif use.training_from <= settled:
            yield Problem("sources", f"{source!r} trains from {use.training_from}, but {use.action!r} is due on {settled}: begin after it")


@CHECKS("GV5")
def purposes_are_compatible(draft: Governance, sheet: Sheet) -> Iterator[Problem | Skip]:
    yield from _without_people(draft, sheet)
    for source, use in _personal(draft, sheet):
        if use is None or not (use.collected_for.strip() and use.ml_use.strip()):
            yield Problem("sources", f"{source!r}: say what it was collected for and what the model uses it for")
        elif use.compatible != "yes" and not (use.reconsent or "").strip():
            yield Problem("sources", f"{source!r} is not known to be compatible: say who has to agree anew and how")


@CHECKS("GV6")
def every_source_is_deleted_by_a_job(draft: Governance, sheet: Sheet) -> Iterator[Problem]:
    rules = _rules(draft, sheet)
    for source in sheet.blueprint.sources:
        if source.id not in rules or not rules[source.id].deletion_job.strip():
            yield Problem("sources", f"{source.id!r} has no automated deletion job")
        if not sheet.stands(source.retention) or (sheet.known(source.retention) and sheet.number(source.retention, "day") is None):
            yield Problem("sources", f"{source.id!r}: its retention {source.retention!r} is no quantity in days")
    for extra in sorted({rule.source for rule in draft.sources} - sheet.source_ids):
        yield Problem("sources", f"{extra!r} is no source of the blueprint")


@CHECKS("GV7")
def lineage_runs_both_ways(draft: Governance, sheet: Sheet) -> Iterator[Problem]:
    line = draft.lineage
    if not (line.stored_in.strip() and line.forward.strip() and line.backward.strip()):
        yield Problem("lineage", "say where example and model version are joined, and how one asks in both directions")
    fields = {f"{source.id}.{field.id}" for source in sheet.blueprint.sources for field in source.fields}
    if sheet.personal_fields and line.person_key not in fields:
        yield Problem("lineage", f"person_key {line.person_key!r} is no field of the blueprint: erasure could not find the examples")
    dropped = {ref for row in draft.treatments if row.treatment in ("drop", "anonymise", "aggregate") for ref in row.fields}
    if sheet.personal_fields and line.person_key in dropped:
        yield Problem("lineage", f"person_key {line.person_key!r} does not survive its treatment: keep a pseudonym of it")


@CHECKS("GV8")
def erasure_reaches_everything_in_time(draft: Governance, sheet: Sheet) -> Iterator[Problem | Skip]:
    yield from _without_people(draft, sheet)
    if not sheet.personal_fields:
        return
    reached = [step.reaches for step in draft.erasure]
    if missing := [place for place in REACHES if place not in reached]:
        yield Problem("erasure", f"erasure does not reach {', '.join(missing)}")
    if len(reached) != len(set(reached)):
        yield Problem("erasure", "one step for each place: a place stands twice")
    for step in draft.erasure:
        if not step.method.strip() or (sheet.number(step.days, "day") is None and not sheet.waived(step.days)):
            yield Problem("erasure", f"{step.reaches}: give a method and a quantity in days")
    yield from _in_time(sheet)


def _in_time(sheet: Sheet) -> Iterator[Problem]:
    limit, chain = sheet.number("erasure_limit", "day"), sheet.number("erasure_chain", "day", "high")
    if any(_GDPR.search(f"{regime.id} {regime.name}") for regime in sheet.blueprint.regimes) and (limit is None or limit > GDPR_DAYS):
        yield Problem("erasure", f"erasure_limit must be at most {GDPR_DAYS} days under the GDPR")
    broken = {key: found.problem for key in (f"erasure_by_{place}" for place in REACHES) if (found := sheet.entry(key)) and found.problem}
    if broken:
        yield Problem("erasure", f"the chain of erasure cannot be computed: {'; '.join(f'{key} {why}' for key, why in broken.items())}")
    if limit is not None and chain is not None and chain > limit:
        yield Problem("erasure", f"the longest way takes {chain:g} days against a limit of {limit:g}: shorten a step or run it in parallel")


def render(draft: Governance, view: View) -> list[Block]:
    """The chapter's blocks after its heading: prose, what may train from when, erasure, regimes."""
    _ = view._
    blocks: list[Block] = [*view.chapter(draft.prose)]
    blocks.append(Table([_("Source"), _("Status"), _("Settled by"), _("Usable from")], _permissions(draft, view)))
    blocks.append(
        Table(
            [_("Erasure reaches"), _("By day")],
            [[_(REACHES[step.reaches]), view.amount(f"erasure_by_{step.reaches}")] for step in draft.erasure],
        )
    )
    if draft.erasure:
        text = _(
            "Longest way: %(chain)s, limit: %(limit)s. %(exceptions)s A model forgets by %(method)s (%(cost)s each time). %(because)s."
        )
        blocks.append(Paragraph(text % _forgetting(draft, view)))
    blocks.append(_regime_table(draft.regimes[:SHOWN_REGIMES], view))
    if further := [_regime(rule, view) for rule in draft.regimes[SHOWN_REGIMES:]]:
        blocks.append(Paragraph(_("Further rules, with what they change, in annex A: %(names)s.") % {"names": "; ".join(further)}))
    if draft.no_personal_because:
        blocks.append(Paragraph(view.line(draft.no_personal_because)))
    return blocks


SHOWN_REGIMES = 3
"""Regimes whose duty stands in the chapter; the rest stand in the annex."""


def _regime_table(regimes: Sequence[RegimeDuty], view: View) -> Table:
    return Table([view._("Rule"), view._("What it changes here")], [[_regime(rule, view), view.line(rule.duty)] for rule in regimes])


def _regime(rule: RegimeDuty, view: View) -> str:
    names = {regime.id: regime.name for regime in view.blueprint.regimes}
    return view.name(names.get(rule.regime, rule.regime))


METHODS = {"full_refit": N_("a full refit"), "sharded_refit": N_("refitting the shard"), "no_weights": N_("holding no weights")}


def _forgetting(draft: Governance, view: View) -> dict[str, str]:
    way = draft.forgetting
    return {
        "chain": view.number("erasure_chain"), "limit": view.number("erasure_limit"), "exceptions": _stopped(view.line(draft.exceptions)),
        "method": view._(METHODS[way.method]), "because": view.line(way.because).rstrip("."), "cost": view.amount(way.cost).text,
    }  # fmt: skip


def _stopped(text: str) -> str:
    return text if not text or text.endswith(".") else f"{text}."


def _permissions(draft: Governance, view: View) -> list[list[str]]:
    _, actions = view._, {action.id: action for action in draft.actions}
    rows = []
    for rule in draft.sources:
        if rule.personal is None:
            continue
        action = actions.get(rule.personal.action or "")
        settled = (
            _("%(what)s (%(who)s, %(day)s)") % {"what": view.line(action.what), "who": view.role(action.owner), "day": view.day(action.due)}
            if action
            else ""
        )
        begin = view.day(rule.personal.training_from) if rule.personal.training_from else _("never")
        rows.append([view.source(rule.source), _(STATES[rule.personal.status]), settled, begin])
    return _once(_merged(rows), 2, _("as above"))


def _once(rows: list[list[str]], column: int, again: str) -> list[list[str]]:
    """What stands in the row before is not said again."""
    before = ["", *(row[column] for row in rows)]
    return [
        [*row[:column], again if row[column] and row[column] == last else row[column], *row[column + 1 :]]
        for row, last in zip(rows, before, strict=False)
    ]


def _merged(rows: list[list[str]]) -> list[list[str]]:
    """Sources with the same status, action and day in one row."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for source, *rest in rows:
        groups.setdefault(tuple(rest), []).append(source)
    return [[", ".join(sources), *rest] for rest, sources in groups.items()]


def annex(draft: Governance, view: View) -> list[Block]:
    """For audit: every personal field with its treatment, every source with purpose, basis, clause, retention and job."""
    _ = view._
    fields = [
        [view.codes(row.fields), _(WAYS[row.treatment]), view.line(row.how), view.line(row.because or "")] for row in draft.treatments
    ]
    line = draft.lineage
    keys = view.codes([*filter(None, (line.person_key,)), line.example_key, line.model_key])
    lineage = [
        [_("Keys"), keys],
        [_("Stored in"), view.line(line.stored_in)],
        [_("Forward, to the model"), view.line(line.forward)],
        [_("Back from the model"), view.line(line.backward)],
    ]
    return [
        Table([_("Erasure reaches"), _("Method")], [[_(REACHES[step.reaches]), view.line(step.method)] for step in draft.erasure]),
        Table([_("Field"), _("Before training"), _("How"), _("Why kept")], fields),
        Table(
            [_("Source"), _("Collected for"), _("Use by the model"), _("Compatible, agreement anew"), _("Basis"), _("Clause")],
            _purposes(draft, view),
        ),
        Table([_("Source"), _("Kept"), _("Deletion job")], _retentions(draft, view)),
        Table([_("Lineage"), _("Rule")], lineage),
        *([_regime_table(draft.regimes[SHOWN_REGIMES:], view)] if len(draft.regimes) > SHOWN_REGIMES else []),
    ]


def _purposes(draft: Governance, view: View) -> list[list[str]]:
    _, answers = view._, {"yes": view._("yes"), "no": view._("no"), "open": view._("open")}
    rows = []
    for rule in draft.sources:
        if use := rule.personal:
            again = f"{answers[use.compatible]}; {view.line(use.reconsent)}" if use.reconsent else answers[use.compatible]
            rows.append(
                [
                    view.source(rule.source),
                    view.line(use.collected_for),
                    view.line(use.ml_use),
                    again,
                    view.line(use.basis),
                    view.name(use.clause),
                ]
            )
    return rows


def _retentions(draft: Governance, view: View) -> list[list[str | Cell]]:
    kept = {source.id: source.retention for source in view.blueprint.sources}
    return [
        [view.source(rule.source), view.amount(kept.get(rule.source, rule.source)), view.line(rule.deletion_job)] for rule in draft.sources
    ]


SECTION = Section(
    key="governance",
    number=7,
    title=N_("Data governance"),
    scope="legal basis and permission by source, treatment of personal fields, purpose, retention and deletion, lineage for erasure, erasure, regimes",
    draft=Governance,
    checks=CHECKS,
    derived=figures,
    render=render,
    playbook=playbook,
    annex=annex,
)
