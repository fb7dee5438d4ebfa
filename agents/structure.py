"""What must hold in every draft, whatever its section: references resolve, numbers have a basis, owners exist, dates are possible."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache

from pydantic import BaseModel

from ai_data_strategy.agents.section import Draft, Problem, Section
from ai_data_strategy.agents.sheet import Sheet, texts
from ai_data_strategy.domain import Evidence, Quantity, Refers, Verdict
from ai_data_strategy.errors import ExpressionError
from ai_data_strategy.quantities.ledger import Entry
from ai_data_strategy.quantities.stated import verify
from ai_data_strategy.quantities.units import convert
from ai_data_strategy.typeset.text import REFERENCE, references

FOREIGN_HOMES: dict[str, tuple[str, ...]] = {
    "use_case": ("required_examples", "smaller_examples"),
    "quality": ("trainable_parameters", "available_examples", "ten_times_parameters"),
    "labelling": ("human_items", "labelling_hours", "labelling_weeks", "labelling_cost"),
    "flywheel": ("velocity_per_day", "days_to_required"),
    "feedback": ("feedback_lag",),
    "governance": ("erasure_chain",),
    "benchmark": ("allocated_items", "benchmark_half_width"),
    "retraining": ("test_items", "test_days_needed", "training_cost"),
    "logs": ("bytes_per_entry", "entries_per_day", "log_growth", "storage_cost"),
    "rollout": ("cost_year_one", "net_year_one", "benefit_year_one"),
}
"""Figures that sections define for each other, by the section that defines them."""
FOREIGN_KEYS = frozenset(key for keys in FOREIGN_HOMES.values() for key in keys)
"""Keys that sections define for each other: a draft may refer to them before they exist."""
_MONTHS = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|maerz|mai|okt|dez|janv|févr|mars|avr|juin|juil|août|déc|ene|abr|ago|dic|enero|"
    "febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
)
_CODE = re.compile(r"`[^`]*`")
_ALLOWED = re.compile(
    rf"""
    \b\d{{4}}-\d{{2}}(-\d{{2}})?\b                                    # ISO dates
    | \b\d{{1,2}}\.?\s+(de\s+)?(?:{_MONTHS})\w*\.?(\s+(de\s+)?\d{{4}})?  # 7 December 2026
    | (?:{_MONTHS})\w*\.?\s+(\d{{1,2}},\s*)?(de\s+)?\d{{4}}\b           # December 2026
    | \b(?:19|20)\d{{2}}\b                                              # a year
    | \b\d{{1,2}}:\d{{2}}\b                                             # a time of day
    | (?:art(?:icle|ikel|ículo)?s?n?\.?|§+|abs(?:atz|\.)|section|s\.|recital|considérant|considerando|erwägungsgrund|annex|anhang|annexe|anexo|chapter|kapitel|chapitre|capítulo|no\.|nr\.|n°|title|part|rule|nummer|buchst\.|points?|punkt|ziff(?:er|\.)|lit\.|paragraph|para\.)
      \s*[\dIVX]+\w*(?:\.\w+)*(?:\s*\(\w+\))*(?:\s*(?:,|and|und|et|y|to|bis|à|a|or|oder|–|-|/)\s*\d+\w*(?:\s*\(\w+\))*)*  # law articles
    | \b\d{{2,4}}/\d{{2,4}}(?:/\w+)?\b                                  # (EU) 2016/679
    | \b(?:ISO|IEC|EN|DIN|NIST|PCI|SOC|RFC|IEEE|BS|CFR|U\.?S\.?C\.?)[\s/\w.-]*\d[\w.:-]*
    | \(\d{{3}}\.\d{{2,3}}(?:\(\w+\))*\)                                 # (164.502(b)), a section of a code named before
    | \bCFR\b|\b\d+\s+(?:CFR|U\.?S\.?C\.?)(?:\s+(?:Part\s+)?[\d.]+)?
    | \b(?:version|phase|stufe|étape|fase|schritt|step|level|tier|klasse|class)\s+\d+(?:\.\d+)*
    | \b[^\W\d]+[-_.]?\d+(?:\.\d+)*\w*\b                                # F1, p99, v1.0, UTF-8, GPT-4
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DIGIT = re.compile(r"\d[\d.,]*\s?%?")
_ROUNDED = 0.01
"""Share by which a measured figure may differ from its evidence: rounding."""


def free_digits(text: str) -> list[str]:
    """Numbers written into a text that are neither a reference nor a date, law article, standard or version name."""
    if not _DIGIT.search(text):
        return []
    return _DIGIT.findall(_ALLOWED.sub(" ", REFERENCE.sub(" ", _CODE.sub(" ", text))))


def structure_verdicts(section: Section, draft: Draft, sheet: Sheet) -> list[Verdict]:
    """Verdicts on HO1, HO2, HO3, XC4 and XC5 for one draft; only those not met are listed."""
    found: dict[str, list[Problem]] = {}
    for criterion, problem in _problems(section, draft, sheet):
        found.setdefault(criterion, []).append(problem)
    return [
        Verdict(criterion=criterion, outcome="not_met", field=problems[0].field, why="; ".join(p.message for p in problems[:6]))
        for criterion, problems in found.items()
    ]


def _problems(section: Section, draft: Draft, sheet: Sheet) -> Iterator[tuple[str, Problem]]:
    yield from _texts(draft, sheet)
    yield from _keys(draft, sheet)
    own = [*draft.quantities]
    yield from ((criterion, Problem("quantities", message)) for criterion, message in quantity_problems(own, sheet))
    for quantity in section.derived(draft):
        entry = sheet.entry(quantity.key)
        if entry and entry.problem and not _waits(entry.problem):
            yield "HO1", Problem("quantities", f"{quantity.key}: {entry.problem}")
    yield from _actions(draft, sheet)


def _texts(draft: Draft, sheet: Sheet) -> Iterator[tuple[str, Problem]]:
    for path, kind, text in texts(draft):
        if kind.kind not in ("prose", "line") or path.startswith("quantities"):
            continue
        top = re.split(r"[.\[]", path)[0]
        if digits := free_digits(text):
            yield (
                "HO1",
                Problem(
                    top, f"{path}: write {', '.join(d.strip() for d in digits[:4])} as a quantity and refer to it by {{key}}, or in words"
                ),
            )
        for key in references(text):
            if sheet.entry(key) is None and key not in FOREIGN_KEYS:
                yield "HO1", Problem(top, f"{path}: no quantity has the key {key!r}")


def _keys(value: object, sheet: Sheet, path: str = "") -> Iterator[tuple[str, Problem]]:
    if isinstance(value, BaseModel):
        for name, is_key in _key_fields(type(value)):
            inner = getattr(value, name)
            where = f"{path}.{name}" if path else name
            if where == "quantities":
                continue
            if isinstance(inner, (str, list)) and is_key:
                for key in [inner] if isinstance(inner, str) else inner:
                    if sheet.entry(key) is None and key not in FOREIGN_KEYS:
                        yield (
                            "HO1",
                            Problem(re.split(r"[.\[]", where)[0], f"{where}: no quantity has the key {key!r}: define it in quantities"),
                        )
            elif isinstance(inner, (BaseModel, list, tuple)):
                yield from _keys(inner, sheet, where)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _keys(item, sheet, f"{path}[{index}]")


@lru_cache(maxsize=512)  # bounded: types of patches are made on the fly
def _key_fields(model: type[BaseModel]) -> tuple[tuple[str, bool], ...]:
    return tuple((name, _is_key(declared.annotation, declared.metadata)) for name, declared in model.model_fields.items())


def _is_key(annotation: object, metadata: Sequence[object]) -> bool:
    """True for Key, Key | None, list[Key] and list[Key] | None."""
    if any(isinstance(item, Refers) for item in (*metadata, *getattr(annotation, "__metadata__", ()))):
        return True
    return any(_is_key(argument, ()) for argument in getattr(annotation, "__args__", ()))


def quantity_problems(quantities: Sequence[Quantity], sheet: Sheet) -> Iterator[tuple[str, str]]:
    """(criterion, message) for every quantity whose basis does not hold."""
    said = [sheet.brief.text, *(answer.text for answer in sheet.answers if not answer.skipped)]
    evidence = {item.id: item for item in sheet.evidence}
    for q in quantities:
        entry = sheet.entry(q.key)
        empty = q.value is None and q.low is None
        if q.basis == "derived" and not q.expression:
            yield "HO1", f"{q.key}: derived needs an expression over keys"
        elif q.basis == "derived" and entry and entry.known and q.value is not None and not _near(q.value, entry):
            yield "HO1", f"{q.key}: it says {q.value:g}, but {q.expression} gives {entry.low:g}: leave the value to code"
        elif q.basis in ("unknown", "not_applicable"):
            if not empty:
                yield "HO1", f"{q.key}: {q.basis} carries no value"
        elif q.basis != "derived" and empty:
            yield "HO1", f"{q.key}: no value; mark it unknown with a check if nobody has said"
        if q.value is not None and (q.low is not None or q.high is not None):
            yield "HO1", f"{q.key}: give a value or a range, not both"
        if entry and entry.problem and not _waits(entry.problem):
            yield "HO1", f"{q.key}: {entry.problem}"
        if q.basis == "stated" and (reason := verify(q, said)):
            yield "HO2", f"{q.key}: {reason}"
        if q.basis == "measured" and q.source not in evidence:
            yield "HO2", f"{q.key}: no evidence has the id {q.source!r}"
        elif q.basis == "measured" and (seen := _other_value(q, evidence[q.source])):
            yield "HO2", f"{q.key}: {q.source} measured {seen}: give that value, or refer to {{{q.source}}}"
        if q.basis == "proposed" and q.source not in sheet.role_ids:
            yield "HO1", f"{q.key}: proposed must name in source the role that signs it, one of {', '.join(sorted(sheet.role_ids))}"
        if q.basis in ("assumed", "unknown") and q.check is None:
            yield "HO3", f"{q.key}: {q.basis} needs a check: impact, how, owner, by"
        if q.basis == "external" and not q.source:
            yield "HO1", f"{q.key}: external needs its source, or: general knowledge, to verify"
        if q.check and q.check.owner not in sheet.role_ids:
            yield "XC4", f"{q.key}: {q.check.owner!r} is no role of the blueprint"


def _near(value: float, entry: Entry) -> bool:
    """True if a value lies within the computed range, five percent aside (criterion FW4)."""
    low, high = entry.low or 0.0, entry.high or 0.0
    return low - 0.05 * abs(low) <= value <= high + 0.05 * abs(high)


def _other_value(quantity: Quantity, seen: Evidence) -> str:
    """What the evidence shows, if the quantity says something else; empty if it agrees or the two cannot be compared."""
    low = quantity.low if quantity.low is not None else quantity.value
    high = quantity.high if quantity.high is not None else quantity.value
    if seen.value is None or low is None or high is None:
        return ""
    try:
        there = convert(seen.value, seen.unit or "count", quantity.unit)
    except ExpressionError:
        return ""
    off = _ROUNDED * max(abs(there), 1e-12)
    return "" if low - off <= there <= high + off else f"{seen.value:g} {seen.unit}".strip()


def _waits(problem: str) -> bool:
    """True if a problem is only that another section's key is not there yet."""
    missing = problem.removeprefix("no quantity has the key ")
    return missing != problem and all(key.strip("' ") in FOREIGN_KEYS for key in missing.split(","))


def _actions(draft: Draft, sheet: Sheet) -> Iterator[tuple[str, Problem]]:
    start = min((m.day for m in sheet.blueprint.milestones), default=sheet.today)
    roles = {role.id: role for role in sheet.blueprint.roles}
    for action in draft.actions:
        yield from (("XC5", p) for p in _when(action.id, action.due, max(start, sheet.today)))
        if action.owner not in roles:
            yield "XC4", Problem("actions", f"action {action.id}: {action.owner!r} is no role of the blueprint")
        elif action.due < roles[action.owner].available_from:
            yield (
                "XC5",
                Problem(
                    "actions",
                    f"action {action.id} is due {action.due}, before {action.owner} is there ({roles[action.owner].available_from})",
                ),
            )
        if sheet.entry(action.cost) is None and action.cost not in FOREIGN_KEYS:
            yield "HO1", Problem("actions", f"action {action.id}: no quantity has the key {action.cost!r}")
    for risk in draft.risks:
        if risk.owner not in roles:
            yield "XC4", Problem("risks", f"risk owner {risk.owner!r} is no role of the blueprint")


def _when(name: str, due: date, earliest: date) -> Iterator[Problem]:
    if due < earliest:
        yield Problem("actions", f"action {name} is due {due}, before the plan starts ({earliest})")
