"""Data inventory and audit: what each source holds, who may read it under which agreement, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal

from ai_data_strategy.agents import authoring
from ai_data_strategy.agents.furnishing import actions, amount, names, plain, quoted
from ai_data_strategy.agents.inventory_fields import AGREEMENTS, KINDS, MECHANISMS, SENSITIVITIES, Coverage, Gap, Inventory, SourceAudit
from ai_data_strategy.agents.section import Action, Checks, Problem, Section
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.blueprint import Source
from ai_data_strategy.domain import Quantity
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.typeset.blocks import Block, Cell, Paragraph, Table
from ai_data_strategy.typeset.catalogue import N_
from ai_data_strategy.typeset.view import View


def figures(_draft: Inventory) -> list[Quantity]:
    """Code adds nothing: volumes and periods are the blueprint's."""
    return []


CHECKS = Checks()


@CHECKS("IN1")
def kinds_are_covered(draft: Inventory, sheet: Sheet) -> Iterator[Problem]:
    if all(source.kind == "third_party" for source in sheet.blueprint.sources):
        yield Problem("sources", "the blueprint names no internal source")
    covered: dict[str, Coverage] = {item.kind: item for item in draft.coverage}
    for kind in KINDS:
        item = covered.get(kind)
        if item is None or not (item.sources or (item.absent_because or "").strip()):
            yield Problem("coverage", f"{kind} is neither covered by a source nor marked as not present with a reason")
    for given in draft.coverage:
        for extra in sorted(set(given.sources) - sheet.source_ids):
            yield Problem("coverage", f"{given.kind}: {extra!r} is no source of the blueprint")
    for source in sheet.blueprint.sources:
        listed = covered.get(source.kind)
        if listed is not None and source.id not in listed.sources:
            yield Problem("coverage", f"{source.id!r} is of kind {source.kind} and is not listed there")


@CHECKS("IN2")
def every_source_has_a_volume(_draft: Inventory, sheet: Sheet) -> Iterator[Problem]:
    for source in sheet.blueprint.sources:
        if not sheet.stands(source.rows):
            yield Problem("sources", f"{source.id}: its volume {source.rows!r} has no value and is not marked unknown")


@CHECKS("IN3")
def every_source_has_dates(draft: Inventory, sheet: Sheet) -> Iterator[Problem]:
    notes = {item.source: item.span_note for item in draft.sources}
    for source in sheet.blueprint.sources:
        if source.status != "to_build" and source.starts is None and not (notes.get(source.id) or "").strip():
            yield Problem("sources", f"{source.id}: no first day is known; say in span_note how it will be found")
        if source.starts and source.ends and source.ends < source.starts:
            yield Problem("sources", f"{source.id}: it ends on {source.ends} before it starts on {source.starts}")


@CHECKS("IN4")
def every_source_has_a_period(_draft: Inventory, sheet: Sheet) -> Iterator[Problem]:
    for source in sheet.blueprint.sources:
        known = sheet.known(source.update_period) and sheet.number(source.update_period, "day") is None
        if known or not sheet.stands(source.update_period):
            yield Problem("sources", f"{source.id}: its update period {source.update_period!r} is no time and is not marked unknown")


@CHECKS("IN5")
def every_source_can_be_read(draft: Inventory, sheet: Sheet) -> Iterator[Problem]:
    yield from _all_audited(draft, sheet)
    for item in draft.sources:
        if not item.access.strip():
            yield Problem("sources", f"{item.source}: say how it is read, or who finds out")
        source = sheet.source(item.source)
        if source and source.status == "exists" and item.mechanism == "to_build":
            yield Problem("sources", f"{item.source} exists: its access is not still to be built; say unknown if nobody knows")
        if source and source.status == "to_build" and item.mechanism not in ("to_build", "unknown"):
            yield Problem("sources", f"{item.source} is still to be built: its mechanism is to_build")


def _all_audited(draft: Inventory, sheet: Sheet) -> Iterator[Problem]:
    audited = [item.source for item in draft.sources]
    for missing in sorted(sheet.source_ids - set(audited)):
        yield Problem("sources", f"source {missing!r} of the blueprint is not audited")
    for extra in sorted(set(audited) - sheet.source_ids):
        yield Problem("sources", f"{extra!r} is no source of the blueprint: use one of {sorted(sheet.source_ids)}")


@CHECKS("IN6")
def every_source_has_an_owner(draft: Inventory, sheet: Sheet) -> Iterator[Problem]:
    finders = {item.source: item.owner_found_by for item in draft.sources}
    for source in sheet.blueprint.sources:
        if source.owner is not None and source.owner not in sheet.role_ids:
            yield Problem("sources", f"{source.id}: owner {source.owner!r} is no role of the blueprint")
        if source.owner is None and finders.get(source.id) not in sheet.role_ids:
            yield Problem("sources", f"{source.id}: nobody owns it; name in owner_found_by the role that will find an owner")


@CHECKS("IN7")
def every_source_has_readers(draft: Inventory, sheet: Sheet) -> Iterator[Problem]:
    told = {item.source for item in draft.sources if item.readers.strip()}
    for missing in sorted(sheet.source_ids - told):
        yield Problem("sources", f"{missing}: say who may read it and who grants that")


@CHECKS("IN8")
def every_source_has_an_agreement(draft: Inventory, sheet: Sheet) -> Iterator[Problem]:
    audits = {item.source: item for item in draft.sources}
    for source in sheet.blueprint.sources:
        item = audits.get(source.id)
        if item is None or not item.agreement_note.strip():
            yield Problem("sources", f"{source.id}: say which agreement covers it, or why none is needed, or that it is missing")
        elif item.agreement == "none_needed" and source.kind == "third_party":
            yield Problem("sources", f"{source.id} comes from a third party: some agreement is in place, missing or unknown")


@CHECKS("IN9")
def every_field_is_classified(_draft: Inventory, sheet: Sheet) -> Iterator[Problem]:
    for source in sheet.blueprint.sources:
        if not source.fields:
            yield Problem("sources", f"{source.id}: no field is listed, so none is classified")
        for field in source.fields:
            if field.sensitivity not in SENSITIVITIES:
                yield Problem("sources", f"{source.id}.{field.id}: it has no sensitivity class")


@CHECKS("IN10")
def every_gap_can_be_closed(draft: Inventory, sheet: Sheet) -> Iterator[Problem]:
    for gap in draft.gaps:
        if not all(text.strip() for text in (gap.missing, gap.needed_because, gap.collect)):
            yield Problem("gaps", f"gap {gap.missing!r}: say what is missing, why the task needs it and how it is collected")
        if gap.owner not in sheet.role_ids:
            yield Problem("gaps", f"gap {gap.missing!r}: owner {gap.owner!r} is no role: use one of {sorted(sheet.role_ids)}")
        if gap.due < sheet.today:
            yield Problem("gaps", f"gap {gap.missing!r}: it is due on {gap.due}, before today")
    closed = {item for gap in draft.gaps for item in gap.closes}
    open_ = [e.id for e in sheet.blueprint.events if e.source is None] + [s.id for s in sheet.blueprint.sources if s.status == "to_build"]
    for missing in open_:
        if missing not in closed:
            yield Problem("gaps", f"{missing!r} is recorded nowhere yet: a gap must list it in closes")
    for extra in sorted(closed - sheet.event_ids - sheet.source_ids):
        yield Problem("gaps", f"{extra!r} in closes is neither an event nor a source of the blueprint")


SHOWN_GAPS = 5
"""Gaps in the chapter, the most urgent first; all of them stand in the annex."""


def render(draft: Inventory, view: View) -> list[Block]:
    """Prose, the sources with their owners and agreements, the most urgent gaps. How each is reached stands in the annex."""
    _ = view._
    blocks: list[Block] = [*view.chapter(draft.prose)]
    if draft.said:
        blocks.append(Paragraph(f"{_('In the words of the brief or the answers')}: “{view.name(draft.said)}”"))
    columns = [_("Source"), _("Volume"), _("From – to"), _("Access"), _("Owner"), _("Agreement")]
    audits = {item.source: item for item in draft.sources}
    blocks.append(Table(columns, [_row(source, audits[source.id], view) for source in view.blueprint.sources if source.id in audits]))
    urgent = sorted(draft.gaps, key=lambda gap: gap.due)[:SHOWN_GAPS]
    gaps = [[view.line(g.missing), view.line(g.collect), f"{view.role(g.owner)}, {view.day(g.due)}"] for g in urgent]
    return [*blocks, Table([_("Gap"), _("How it is collected"), _("Owner, due")], gaps)]


def _row(source: Source, item: SourceAudit, view: View) -> list[str | Cell]:
    _ = view._
    start = view.day(source.starts) if source.starts else _("unknown")
    end = view.day(source.ends) if source.ends else _("ongoing")
    return [
        view.code(source.id),
        view.amount(source.rows),
        f"{start} – {end}",
        _(MECHANISMS[item.mechanism]),
        view.role(source.owner),
        _(AGREEMENTS[item.agreement]),
    ]


def annex(draft: Inventory, view: View) -> list[Block]:
    """How each source is reached and by whom, sensitivity of every field, what each source cannot tell, gaps with their reasons."""
    return [_reached(draft, view), _sensitive(view), *_absent(draft, view), _gaps(draft, view)]


def _reached(draft: Inventory, view: View) -> Table:
    _, sources = view._, {source.id: source for source in view.blueprint.sources}
    rows: list[list[str | Cell]] = []
    for item in draft.sources:
        source = sources.get(item.source)
        finder = (
            f"{_('owner to be found by')} {view.role(item.owner_found_by)}" if source and not source.owner and item.owner_found_by else ""
        )
        notes = [view.line(item.access), view.line(item.span_note or ""), finder]
        period: str | Cell = view.amount(source.update_period) if source else ""
        rows.append(
            [view.code(item.source), period, "; ".join(filter(None, notes)), view.line(item.readers), view.line(item.agreement_note), view.line(item.defect)]
        )  # fmt: skip
    return Table([_("Source"), _("Updated every"), _("Access"), _("May read"), _("Agreement"), _("What it cannot tell")], rows)


def _sensitive(view: View) -> Table:
    _ = view._
    groups: list[list[str]] = []
    for source in view.blueprint.sources:
        by_class: dict[str, list[str]] = {}
        for field in source.fields:
            by_class.setdefault(field.sensitivity, []).append(field.id)
        groups += [[view.code(source.id), _(SENSITIVITIES[level]), view.codes(ids)] for level, ids in by_class.items()]
    return Table([_("Source"), _("Sensitivity"), _("Fields")], groups)


def _absent(draft: Inventory, view: View) -> list[Block]:
    _ = view._
    rows = [[_(KINDS[item.kind]), view.line(item.absent_because)] for item in draft.coverage if item.absent_because and not item.sources]
    return [Table([_("Not present"), _("Why")], rows)] if rows else []


def _gaps(draft: Inventory, view: View) -> Table:
    _ = view._
    rows = [
        [view.line(g.missing), view.line(g.needed_because), view.line(g.collect), f"{view.role(g.owner)}, {view.day(g.due)}"]
        for g in draft.gaps
    ]
    return Table([_("Gap"), _("Why the task needs it"), _("How it is collected"), _("Owner, due")], rows)


_CONTRACT = re.compile(
    r"\b(DPA|AVV|(?:our|customers?|suppliers?|signed|service) (?:contracts?|agreements?)|(?:contracts?|agreements?) (?:with|allows?|says?|covers?|permits?|forbids?)|terms of (service|use)|belongs? to|processor|licen[cs]es?|Vertr[aä]g\w*|Auftragsverarbeit\w*|contrats?|sous-traitant|contratos?|encargado)\b"
)
_MOST_GAPS = 8
_LONGEST_QUOTE = 300


def playbook(k: Desk) -> Inventory:
    """The inventory without a model: the blueprint's sources judged for this task, unknowns left to named finders."""
    t = k.topic("inventory")
    places = _places(k)
    return Inventory(
        prose=f"{authoring.prose(k, t['prose'], places)}\n\n{' '.join(_findings(k, t, places))}",
        sources=[_audit(k, source, t, places) for source in k.blueprint.sources],
        coverage=[_coverage(k, kind, t, places) for kind in KINDS],
        gaps=[*_recording_gaps(k, t, places), *(_gap(k, item, places) for item in t["gaps"])][:_MOST_GAPS],
        said=_said(k),
        rejected=authoring.rejected(k, t["rejected"], places),
        actions=[_by_audit(k, action) for action in actions(k, t["actions"], places, "inventory")],
        risks=authoring.risks(k, t["risks"], places),
        quantities=k.quantities,
    )


def _by_audit(k: Desk, action: Action) -> Action:
    """The audit itself is due on its milestone, if its owner is there a week before."""
    return action.model_copy(update={"due": max(k.day("audit"), k.within(5, action.owner))}) if action.id == "audit" else action


def _said(k: Desk) -> str | None:
    """What the brief says of contracts or ownership, shortened at a word."""
    told = [sentence.strip() for sentence in re.split(r"(?<=[.!?])\s+|\n", k.reading.text) if _CONTRACT.search(sentence)]
    topic = k.reading.topics.get("contract", "")
    quote = topic if _CONTRACT.search(topic) else told[0] if told else None
    if not quote or len(quote) <= _LONGEST_QUOTE:
        return quote
    return quote[:_LONGEST_QUOTE].rsplit(" ", 1)[0] + " …"


def _places(k: Desk) -> dict[str, str]:
    sources = k.blueprint.sources
    unowned = [f"`{s.id}`" for s in sources if s.owner is None]
    built = [f"`{s.id}`" for s in sources if s.status == "to_build"]
    return {**names(k), "unowned": ", ".join(unowned), "built": ", ".join(built)}


def _findings(k: Desk, t: Mapping[str, Any], places: Mapping[str, str]) -> Iterator[str]:
    """What holding the blueprint's sources against each other shows."""
    ledger = authoring.known(k)
    delay = amount(ledger, "label_delay", 0.0)
    gone: dict[str, list[str]] = {}
    for source in k.blueprint.sources:
        kept = ledger.number(source.retention, "day")
        if source.status == "exists" and kept is not None and kept <= delay:
            gone.setdefault(source.retention, []).append(f"`{source.id}`")
    for retention, sources in gone.items():
        yield k.say(t["short_lived"], **{**places, "source": ", ".join(sources), "kept": f"{{{retention}}}"})
    for place, sentence in (("unowned", t["unowned"]), ("built", t["unbuilt"])):
        if places[place]:
            yield k.say(sentence, **places)


def _audit(k: Desk, source: Source, t: Mapping[str, Any], places: Mapping[str, str]) -> SourceAudit:
    owner = k.role_of(source.owner) if source.owner else None
    own = {**places, "source": f"`{source.id}`", "owner": plain(owner.title, owner.id) if owner else places["product_role"]}
    personal = any(field.sensitivity != "none" for field in source.fields)
    agreement, note = _agreement(k, source, personal)
    built = source.status == "to_build"
    defect = (
        t["label_defect"] if places["labels"] == quoted(source.name, source.id) else t["defects"].get(source.kind, t["defects"]["other"])
    )
    return SourceAudit(
        source=source.id, mechanism="to_build" if built else "unknown",
        access=k.say(t["access"]["to_build" if built else source.kind], **own),
        readers=k.say(t["readers"]["personal" if personal else "open"], **own),
        agreement=agreement, agreement_note=k.say(t["agreements"][note], **own),
        defect=k.say(defect, **own),
        span_note=k.say(t["no_start"], **own) if source.starts is None else None,
        owner_found_by=k.role("product") if source.owner is None else None,
    )  # fmt: skip


def _agreement(k: Desk, source: Source, personal: bool) -> tuple[Literal["none_needed", "missing", "unknown"], str]:
    """Whether an agreement is needed, and the key of the sentence that says so."""
    if source.kind == "third_party":
        return "missing", "third_party"
    if source.kind == "sensors":
        return "unknown", "sensors"
    if personal and source.named and _said(k):
        return "unknown", "customers"
    return "none_needed", "own_personal" if personal else "own"


def _coverage(k: Desk, kind: str, t: Mapping[str, Any], places: Mapping[str, str]) -> Coverage:
    sources = [source.id for source in k.blueprint.sources if source.kind == kind][:6]
    because = None if sources else k.say(t["absent"][kind], **places)
    return Coverage.model_validate({"kind": kind, "sources": sources, "absent_because": because})


def _gap(k: Desk, item: Mapping[str, Any], places: Mapping[str, str], closes: list[str] | None = None) -> Gap:
    owner = k.role(item["duty"])
    missing, why, how = (k.say(item[name], **places) for name in ("missing", "why", "collect"))
    return Gap(
        missing=missing,
        kind=item["kind"],
        needed_because=why,
        collect=how,
        owner=owner,
        due=k.within(item["days"], owner),
        closes=closes or [],
    )


def _recording_gaps(k: Desk, t: Mapping[str, Any], places: Mapping[str, str]) -> list[Gap]:
    """One gap for events that nothing records, one for sources still to be built."""
    events = [event for event in k.blueprint.events if event.source is None]
    built = [source.id for source in k.blueprint.sources if source.status == "to_build"]
    found = []
    for group in (events[:4], events[4:8], events[8:]):
        if group:
            told = {**places, "events": ", ".join(f"`{event.id}`" for event in group)}
            found.append(_gap(k, t["event_gap"], told, [event.id for event in group]))
    for ids in (built[:4], built[4:8], built[8:]):
        if ids:
            gap = _gap(k, t["source_gap"], {**places, "built": ", ".join(f"`{id_}`" for id_ in ids)}, ids)
            found.append(gap.model_copy(update={"due": _first_day(k, ids, gap)}))
    return found


def _first_day(k: Desk, ids: list[str], gap: Gap) -> date:
    """The blueprint's first day of a source to build, if its builder is there by then."""
    days = [source.starts for source in k.blueprint.sources if source.id in ids and source.starts]
    return max(min(days), k.today, k.role_of(gap.owner).available_from) if days else gap.due


SECTION = Section(
    key="inventory",
    number=2,
    title=N_("Data inventory and audit"),
    scope="sources with volume, dates, access, owner, readers and agreements; sensitivity of every field; gaps",
    draft=Inventory,
    checks=CHECKS,
    derived=figures,
    render=render,
    playbook=playbook,
    annex=annex,
)
