"""Assembling by a model: what it is told, what is wrong with its front page, and what code mends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ai_data_strategy.agents import BY_KEY
from ai_data_strategy.agents.assembly import Assembly
from ai_data_strategy.agents.section import Draft
from ai_data_strategy.agents.sheet import Sheet, texts
from ai_data_strategy.agents.strategy import Strategy
from ai_data_strategy.agents.structure import free_digits
from ai_data_strategy.domain import Verdict
from ai_data_strategy.prompts import load
from ai_data_strategy.typeset.text import references


def instructions(strategy: Strategy, document: str) -> str:
    """The suffix of the prompt that assembles: the chapters as the reader sees them, the actions by id, what is still open."""
    actions = "\n".join(_action(key, draft) for key, draft in strategy.sections.items() if draft.actions)
    open_ = "\n".join(_finding(v) for v in _open(strategy)) or "none"
    return f"{load('assembler').text(language=strategy.brief.language, today=strategy.created.isoformat())}\n\nActions:\n{actions}\n\nStill open after the reviews:\n{open_}\n\n<document>\n{document}\n</document>"


def _action(key: str, draft: Draft) -> str:
    return "\n".join(
        f"- {key}.{a.id}: {a.what} ({a.owner}, due {a.due}, cost {a.cost}, after {', '.join(a.after) or 'nothing'})" for a in draft.actions
    )


def _open(strategy: Strategy) -> list[Verdict]:
    own = [v.model_copy(update={"section": record.section}) for record in strategy.records for v in record.critique.open]
    return [*own, *strategy.cross.open]


def _finding(verdict: Verdict) -> str:
    return f"- {verdict.section} {verdict.criterion}: {verdict.why}"


def problems(assembly: Assembly, sheet: Sheet) -> list[str]:
    """What is wrong with a front page, by field."""
    return [*_texts(assembly, sheet), *_people(assembly, sheet)]


def _texts(assembly: Assembly, sheet: Sheet) -> Iterator[str]:
    for path, kind, text in texts(assembly):
        if kind.kind not in ("prose", "line") or path.startswith("steps"):
            continue
        if digits := free_digits(text):
            yield f"{path}: {', '.join(d.strip() for d in digits[:4])} stands as a bare number: refer to a quantity by {{key}}"
        for key in references(text):
            if sheet.entry(key) is None:
                yield f"{path}: no quantity has the key {key!r}"


def _people(assembly: Assembly, sheet: Sheet) -> Iterator[str]:
    gate = max((m.day for m in sheet.blueprint.milestones), default=date.max)
    for index, decision in enumerate(assembly.decisions):
        if decision.who not in sheet.role_ids:
            yield f"decisions[{index}]: {decision.who!r} is no role; use one of {', '.join(sorted(sheet.role_ids))}"
        if not sheet.today <= decision.by <= gate:
            yield f"decisions[{index}]: {decision.by} is not within the plan"
    known = {f"{key}.{a.id}" for key, d in sheet.drafts.items() if isinstance(d, Draft) for a in d.actions}
    if strange := [name for name in assembly.actions if name not in known]:
        yield f"actions: {', '.join(strange[:5])} are no actions of any section"


def sound(assembly: Assembly, sheet: Sheet) -> Assembly:
    """The front page with what code can mend: unknown roles, impossible days, unknown and forgotten actions."""
    first = sheet.blueprint.roles[0].id
    last = max((m.day for m in sheet.blueprint.milestones), default=sheet.today)
    decisions = [
        d.model_copy(update={"who": d.who if d.who in sheet.role_ids else first, "by": min(max(d.by, sheet.today), last)})
        for d in assembly.decisions
    ]
    known = [f"{key}.{a.id}" for key in BY_KEY if isinstance(d := sheet.drafts.get(key), Draft) for a in d.actions]
    order = [name for name in dict.fromkeys(assembly.actions) if name in known]
    order += [name for name in known if name not in order]
    return assembly.model_copy(update={"decisions": decisions, "actions": order[:60]})
