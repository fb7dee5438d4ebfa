"""The reviewer: checks by code, judge criteria by a model with quotations, and patches that may not break what held."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, cast

from pydantic import Field, create_model

from ai_data_strategy.agents.section import Criterion, Draft, Section
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.agents.structure import structure_verdicts
from ai_data_strategy.blueprint import Shared
from ai_data_strategy.domain import Critique, Illustration, Line, Model, Quantity, Verdict
from ai_data_strategy.playbook.language import detect
from ai_data_strategy.prompts import load
from ai_data_strategy.typeset.blocks import Cell, Table, markdown
from ai_data_strategy.typeset.catalogue import LANGUAGES
from ai_data_strategy.typeset.view import View

P = TypeVar("P", bound=Model)
OBJECTION = "DL"
"""Criterion id of the reviewer's own objections."""
SHORTEST_QUOTE = 12
"""Characters of a quotation below which it shows nothing."""


class Judgement(Model):
    """The reviewer's verdict on one criterion. `field` and `mend` only for not_met."""

    criterion: Annotated[str, Field(max_length=6)]
    outcome: Literal["met", "not_met", "not_applicable", "cannot_tell"]
    quote: Illustration
    why: Line
    field: Annotated[str, Field(max_length=60)]
    mend: Line


class Objection(Model):
    """Something for which a data lead would refuse to sign."""

    field: Annotated[str, Field(max_length=60)]
    quote: Illustration
    why: Line
    mend: Line


class Review(Model):
    """What the reviewer says of one section."""

    judgements: Annotated[list[Judgement], Field(max_length=12)]
    objections: Annotated[list[Objection], Field(max_length=2)]


def chapter(section: Section, draft: Draft, view: View) -> str:
    """The section as the reader sees it."""
    return markdown(section.render(draft, view))


def whole_section(section: Section, draft: Draft, view: View) -> str:
    """The section with its tables for the annex, its actions and its risks: what its reviewer judges."""
    _ = view._
    acts: list[list[str | Cell]] = [
        [f"{view.code(a.id)} {view.line(a.what)}", view.role(a.owner), view.day(a.due), view.amount(a.cost)] for a in draft.actions
    ]
    risks = [[view.line(r.risk), view.line(r.early_sign), view.line(r.answer), view.role(r.owner)] for r in draft.risks]
    plan = [
        Table([_("Action"), _("Owner"), _("Due"), _("Cost")], acts),
        Table([_("Risk"), _("Early sign"), _("Answer"), _("Owner")], risks),
    ]
    return markdown([*section.render(draft, view), *(section.annex(draft, view) if section.annex else []), *plan])


def checked(section: Section, draft: Draft, sheet: Sheet) -> Critique:
    """Verdicts of all checks on one draft: its structure and its criteria."""
    return Critique(verdicts=[*structure_verdicts(section, draft, sheet), *section.checks.verdicts(draft, sheet)])


def instructions(section: Section, draft: Draft, shown: str, critique: Critique) -> str:
    """The suffix of the reviewer's prompt for one section; `shown` is its chapter."""
    criteria = "\n".join(f"- {c.id}: {c.text} Bad: {c.bad}" for c in section.criteria("judge")) or "- none; only your own objections"
    found = "; ".join(f"{v.criterion} {v.why}" for v in critique.open) or "none"
    head = load("review").text("task", "criteria", "found", title=section.title, criteria=criteria, found=found)
    fields = ", ".join(section.draft.model_fields)
    return f"{head}\n\nFields: {fields}\n\n<section>\n{shown}\n</section>"


def judged(review: Review, section: Section, shown: str) -> list[Verdict]:
    """Verdicts from a review. One whose quotation is not in the section says nothing (cannot_tell); a criterion not asked is ignored."""
    asked = {criterion.id: criterion for criterion in section.criteria("judge")}
    verdicts = [_verdict(j, shown, section) for j in review.judgements if j.criterion in asked]
    return verdicts + [
        Verdict(
            criterion=OBJECTION, outcome="not_met", field=_field(o.field, section), why=f"{o.why} {o.mend}", quote=o.quote, by="reviewer"
        )
        for o in review.objections
        if quoted(o.quote, shown)
    ]


def _verdict(judgement: Judgement, shown: str, section: Section) -> Verdict:
    held = judgement.outcome in ("not_applicable", "cannot_tell") or quoted(judgement.quote, shown)
    outcome = judgement.outcome if held else "cannot_tell"
    why = f"{judgement.why} {judgement.mend}".strip() if outcome == "not_met" else judgement.why
    return Verdict(
        criterion=judgement.criterion,
        outcome=outcome,
        field=_field(judgement.field, section),
        why=why,
        quote=judgement.quote,
        by="reviewer",
    )


def _field(name: str, section: Section) -> str:
    first = re.split(r"[.\[]", name)[0]
    return first if first in section.draft.model_fields else "prose"


def quoted(quote: str, shown: str) -> bool:
    """True if a quotation is verbatim in the shown text, white space, marks and quotation signs aside."""
    wanted = _bare(quote)
    return len(wanted) >= SHORTEST_QUOTE and all(part in _bare(shown) for part in re.split(r"…|\.\.\.", wanted) if part)


def _bare(text: str) -> str:
    return re.sub(r"[\s*_`\\|\"'“”„«»‘’\u2060]+", " ", text).strip().casefold()


def patch_type(model: type[Model], fields: Iterable[str]) -> type[Model]:
    """A model with only the given fields of `model`, each optional, and quantities to add or change where it has them."""
    wanted = [name for name in model.model_fields if name in set(fields) - {"quantities"}]
    parts: dict[str, Any] = {name: (_optional(model, name), None) for name in wanted}
    if "quantities" in model.model_fields:
        parts["quantities"] = (Annotated[list[Quantity], Field(max_length=20)] | None, None)
    return create_model(f"{model.__name__}Patch", __base__=Model, **parts)


def _optional(model: type[Model], name: str) -> Any:
    declared = model.model_fields[name]
    if declared.annotation is Shared:
        return Annotated[_some_shared() | None, Field(description="only the figures that change")]
    annotation: Any = declared.annotation
    for item in declared.metadata:
        annotation = Annotated[annotation, item]
    return Annotated[annotation | None, Field(description=declared.description)]


@cache
def _some_shared() -> Any:
    """The shared figures, each optional."""
    parts: dict[str, Any] = {name: (_optional(Shared, name), None) for name in Shared.model_fields}
    return create_model("SharedPatch", __base__=Model, **parts)


def patched(draft: P, patch: Model) -> P:
    """A draft (or blueprint) with a patch's fields in place and its quantities added or replaced by key. Raises ValidationError."""
    changes = {name: value for name in type(patch).model_fields if name != "quantities" and (value := getattr(patch, name)) is not None}
    if isinstance(shared := changes.get("shared"), Model) and not isinstance(shared, Shared):
        changes["shared"] = {**dict(cast(Any, draft).shared), **{name: value for name, value in dict(shared).items() if value is not None}}
    new = {quantity.key: quantity for quantity in getattr(patch, "quantities", None) or []}
    kept = [new.pop(quantity.key, quantity) for quantity in getattr(draft, "quantities", [])]
    added = {"quantities": [*kept, *new.values()]} if kept or new else {}
    return type(draft).model_validate({**dict(draft), **changes, **added})


def breaks(before: Critique, after: Critique) -> list[str]:
    """Criteria that a check finds open now and did not before (structure checks list only what is open)."""
    open_before = {v.criterion for v in before.open if v.by == "check"}
    return [v.criterion for v in after.open if v.by == "check" and v.criterion not in open_before]


def worth(critique: Critique, weights: dict[str, Criterion]) -> tuple[int, float]:
    """How good a draft is: (gates open, negative) first, then the weight of what is met against what is open."""
    gates = sum(1 for v in critique.open if v.criterion in weights and weights[v.criterion].gate)
    lost = sum(weights[v.criterion].weight if v.criterion in weights else 2 for v in critique.open)
    return -gates, -float(lost)


def findings(critique: Critique) -> str:
    """The open verdicts as the reviser reads them."""
    return "\n".join(
        f"- {v.criterion} (field {v.field or 'prose'}): {v.why}" + (f' Quoted: "{v.quote}"' if v.quote else "") for v in critique.open
    )


def revision(section: Section, draft: Draft, critique: Critique) -> str:
    """The suffix of the prompt for a revision."""
    shown = draft.model_dump_json(indent=None, exclude_none=True)
    return load("revise").text(title=section.title, findings=findings(critique), draft=shown)


MOST_PROSE = 150
"""Words of a section's opening prose: fourteen of them and the tables are read in twenty minutes (criterion US5)."""


def length_verdicts(draft: Draft) -> list[Verdict]:
    """What is too long to be read."""
    count = len(draft.prose.split())
    if count <= MOST_PROSE:
        return []
    return [
        Verdict(
            criterion="US5",
            outcome="not_met",
            field="prose",
            why=f"the prose has {count} words; cut it to at most {MOST_PROSE - 10}, the least telling sentences first",
        )
    ]


def language_verdicts(draft: Draft, language: str) -> list[Verdict]:
    """A section in another language than the document's."""
    found = detect(draft.prose)
    if language not in LANGUAGES or found == language or found not in LANGUAGES:
        return []
    return [
        Verdict(
            criterion="SP7",
            outcome="not_met",
            field="prose",
            why=f"the section is written in {found!r}; the document's language is {language!r}",
        )
    ]


def at_fault(critique: Critique) -> Sequence[str]:
    """The fields that open verdicts concern."""
    return tuple(dict.fromkeys(v.field or "prose" for v in critique.open))
