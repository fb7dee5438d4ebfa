"""The number ledger: which quantities a document rests on, and the table that shows where each comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ai_data_strategy.domain import Quantity
from ai_data_strategy.errors import ExpressionError
from ai_data_strategy.quantities.expressions import inputs
from ai_data_strategy.quantities.formulas import FORMULAS
from ai_data_strategy.quantities.ledger import Entry, Ledger
from ai_data_strategy.typeset.blocks import Block, Paragraph, Table
from ai_data_strategy.typeset.figures import UNVALUED
from ai_data_strategy.typeset.text import references
from ai_data_strategy.typeset.view import BASES, View


@dataclass
class Watched(Ledger):
    """A ledger that remembers which keys were asked for, so that the annex shows those and no others."""

    asked: set[str] = field(default_factory=set)

    @classmethod
    def over(cls, ledger: Ledger) -> Watched:
        return cls(ledger.entries, ledger.clashes)

    def get(self, key: str) -> Entry | None:
        self.asked.add(key)
        return super().get(key)

    def number(self, key: str, unit: str, end: str = "value") -> float | None:
        self.asked.add(key)
        return super().number(key, unit, end)

    def used(self) -> list[Entry]:
        """What was asked for, what it is computed from and what its own words refer to, by key; evidence has an annex of its own."""
        open_, found = set(self.asked), set[str]()
        while open_:
            key = open_.pop()
            if key in self.entries and key not in found:
                found.add(key)
                open_ |= _named(self.entries[key].quantity) - found
        return [self.entries[key] for key in sorted(found) if self.entries[key].home != "evidence"]


def _named(quantity: Quantity) -> set[str]:
    check = quantity.check
    said = set(references(" ".join([quantity.meaning, check.impact if check else "", check.how if check else ""])))
    return said | set(_inputs(quantity))


def _inputs(quantity: Quantity) -> tuple[str, ...]:
    try:
        return inputs(quantity.expression) if quantity.expression else ()
    except ExpressionError:
        return ()


def ledger_tables(used: list[Entry], view: View) -> list[Block]:
    """The ledger itself, the named formulas it uses, and keys with two meanings."""
    _ = view._
    if not used:
        return []
    rows = [
        [
            view.code(e.quantity.key),
            view.line(view._(e.quantity.meaning)),
            view.exact(e.quantity.key),
            _basis(e, view),
            _origin(e, view),
        ]
        for e in used
    ]
    blocks: list[Block] = [Table([_("Key"), _("Meaning"), _("Value"), _("Basis"), _("Formula with its inputs, or source")], rows)]
    if named := sorted({name for entry in used for name in FORMULAS if re.search(rf"\b{name}\(", entry.quantity.expression or "")}):
        formulas = [[view.code(name), view.name(FORMULAS[name].source)] for name in named]
        blocks += [Paragraph(_("The named formulas:")), Table([_("Formula"), _("What it computes, and its source")], formulas)]
    if view.ledger.clashes:
        keys = view.codes([clash.key for clash in view.ledger.clashes])
        blocks.append(Paragraph(_("Two sections give these keys different meanings; the first one holds: %(keys)s.") % {"keys": keys}))
    return blocks


def _basis(entry: Entry, view: View) -> str:
    return view._(BASES[entry.quantity.basis] or UNVALUED[entry.quantity.basis])


def _origin(entry: Entry, view: View) -> str:
    quantity = entry.quantity
    match quantity.basis:
        case "derived":
            return _derivation(entry, view)
        case "stated":
            return f"“{view.name(quantity.source)}”"
        case "proposed":
            return view._("to be signed by %(role)s") % {"role": view.role(quantity.source)}
        case "measured":
            return view._("evidence %(id)s") % {"id": view.code(quantity.source)}
    return view.name(quantity.source)


def _derivation(entry: Entry, view: View) -> str:
    if entry.problem:
        return view._("cannot be computed: %(problem)s") % {"problem": view.name(entry.problem)}
    expression, keys = entry.quantity.expression or "", _inputs(entry.quantity)
    values = "; ".join(f"{view.code(key)} = {view.exact(key)}" for key in keys)
    note = view._(" (an input is unknown)") if not entry.known else ""
    return f"{view.code(expression)}{note}" + (f": {values}" if values else "")
