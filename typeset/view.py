"""What a section needs to show itself: words of the language, names behind ids, numbers behind keys."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ai_data_strategy.blueprint import Blueprint
from ai_data_strategy.quantities.ledger import Ledger
from ai_data_strategy.typeset import text as safe
from ai_data_strategy.typeset.blocks import Cell, Paragraph
from ai_data_strategy.typeset.catalogue import N_, Translate, translator
from ai_data_strategy.typeset.figures import coarse, dated, spoken, tabled

BASES = {
    "stated": N_("stated"), "measured": N_("measured"), "assumed": N_("assumed"), "derived": N_("derived"),
    "proposed": N_("proposed"), "external": N_("external"), "unknown": "", "not_applicable": "",
}  # fmt: skip


_ISO_DAY = re.compile(r"(?<![\w-])20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])(?![\w-])")


@dataclass(frozen=True)
class View:
    """Shows values of one strategy in one language. Every method returns safe markdown; unknown ids show as code."""

    language: str
    blueprint: Blueprint
    ledger: Ledger

    @property
    def _(self) -> Translate:
        return translator(self.language)

    def number(self, key: str) -> str:
        """A quantity in prose: value, with the unit for money, percent, durations and bytes."""
        entry = self.ledger.get(key)
        if entry is None:
            return safe.code(key)
        return safe.escape(spoken(coarse(entry) if self._guessed(key) else entry, self.language))

    def amount(self, key: str) -> Cell:
        """A quantity in a table: value, unit and basis."""
        entry = self.ledger.get(key)
        if entry is None:
            return Cell(safe.code(key))
        basis = BASES[entry.quantity.basis]
        if self._guessed(key):
            basis = N_("estimated")
        return Cell(safe.escape(tabled(entry, self.language)), self._(basis) if basis and entry.known else "")

    def _guessed(self, key: str) -> bool:
        """True if a figure is derived and rests on an assumed one."""
        entry = self.ledger.get(key)
        if entry is None or entry.quantity.basis != "derived":
            return False
        entries = (self.ledger.get(part) for part in self.ledger.uses(key))
        return any(entry is not None and entry.quantity.basis == "assumed" for entry in entries)

    def line(self, text: str) -> str:
        """A short text with references, for a cell or a bullet."""
        return safe.inline(self._dated(text), self.number)

    def _dated(self, text: str) -> str:
        """ISO dates of a text as people of the language write them."""
        return _ISO_DAY.sub(lambda match: self.day(date.fromisoformat(match[0])), text)

    def name(self, text: str) -> str:
        """A name or illustration, shown as it is."""
        return safe.escape(text)

    def prose(self, text: str) -> list[Paragraph]:
        return [Paragraph(part) for part in safe.paragraphs(self._dated(text), self.number)]

    def day(self, day: date | None) -> str:
        return dated(day, self.language) if day else "–"

    def code(self, text: str) -> str:
        return safe.code(text)

    def codes(self, ids: Sequence[str]) -> str:
        return ", ".join(safe.code(item) for item in ids)

    def role(self, role: str | None) -> str:
        """The title of a role; says so where nobody has named an owner."""
        found = next((r.title for r in self.blueprint.roles if r.id == role), None)
        return safe.escape(found) if found else safe.code(role) if role else self._("nobody named yet")

    def source(self, source: str) -> str:
        found = next((s.name for s in self.blueprint.sources if s.id == source), None)
        return safe.escape(found) if found else safe.code(source)

    def slice(self, slice_: str) -> str:
        found = next((s.name for s in self.blueprint.slices if s.id == slice_), None)
        return safe.escape(found) if found else safe.code(slice_)

    def label(self, class_: str) -> str:
        found = next((c.name for c in self.blueprint.classes if c.id == class_), None)
        return safe.escape(found) if found else safe.code(class_)
