"""What a section needs to show itself: words of the language, names behind ids, numbers behind keys."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ai_data_strategy.blueprint import Blueprint
from ai_data_strategy.domain import Evidence, Quantity, filled
from ai_data_strategy.quantities.ledger import Entry, Ledger
from ai_data_strategy.typeset import text as safe
from ai_data_strategy.typeset.blocks import Cell, Paragraph
from ai_data_strategy.typeset.catalogue import N_, Translate, translator
from ai_data_strategy.typeset.figures import coarse, dated, spoken, tabled

BASES = {
    "stated": N_("stated"), "measured": N_("measured"), "assumed": N_("assumed"), "derived": N_("derived"),
    "proposed": N_("proposed"), "external": N_("external"), "unknown": "", "not_applicable": "",
}  # fmt: skip


_ISO_DAY = re.compile(r"(?<![\w-])20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?![\w-])")


_LEAD = re.compile(r"\A([^*`\n]{20,240}?[^\W\d_]{2}[.!?])(\s+(?=[^\Wa-zß-ÿ])|\s*\Z)")
"""A first sentence: short enough to be read at a glance, ended by a word and a full stop, followed by a capital or the end."""


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
        return safe.escape(spoken(coarse(entry, self._guessed(key)), self.language))

    def exact(self, key: str) -> str:
        """A quantity with its whole unit and all its digits, for the ledger."""
        entry = self.ledger.get(key)
        return safe.escape(tabled(entry, self.language)) if entry else safe.code(key)

    def measured(self, item: Evidence) -> str:
        """What a piece of evidence says, with its places filled."""
        return self.titled(item.message, item.places)

    def titled(self, message: str, places: Mapping[str, str]) -> str:
        """A message of the catalogue with names from the data in its places."""
        return safe.escape(filled(self._(message), places))

    def interval(self, item: Evidence) -> str:
        """The value of a piece of evidence with its unit, and the ends of its interval."""
        if item.value is None:
            return "–"
        quantity = Quantity(key=item.id, meaning="-", unit=item.unit or "count", value=item.value, basis="derived", source=item.id)
        value = tabled(Entry(quantity, "evidence", item.value, item.value), self.language)
        if item.low is None or item.high is None:
            return safe.escape(value)
        ends = spoken(Entry(quantity, "evidence", item.low, item.high), self.language)
        return safe.escape(f"{value} ({ends})")

    def amount(self, key: str) -> Cell:
        """A quantity in a table: value, unit and basis."""
        entry = self.ledger.get(key)
        if entry is None:
            return Cell(safe.code(key))
        basis = BASES[entry.quantity.basis]
        if self._guessed(key):
            basis = N_("estimated")
        return Cell(safe.escape(tabled(coarse(entry, self._guessed(key)), self.language)), self._(basis) if basis and entry.known else "")

    def _guessed(self, key: str) -> bool:
        """True if a figure is derived and rests on an assumed one."""
        entry = self.ledger.get(key)
        if entry is None or entry.quantity.basis != "derived":
            return False
        entries = (self.ledger.get(part) for part in self.ledger.uses(key))
        return any(entry is not None and entry.quantity.basis == "assumed" for entry in entries)

    def account(self, *texts: str) -> str:
        """Several lines as one: each ends as a sentence, so that the next one can be told from it."""
        shown = [line for text in texts if (line := self.line(text))]
        return " ".join(line if line.rstrip("*`").endswith((".", "!", "?", ":", ";")) else f"{line}." for line in shown)

    def line(self, text: str) -> str:
        """A short text with references, for a cell or a bullet."""
        return safe.inline(self._dated(text), self.number)

    def _dated(self, text: str) -> str:
        """ISO dates of a text as people of the language write them."""
        return _ISO_DAY.sub(lambda match: self._day(match[0]), text)

    def _day(self, text: str) -> str:
        """An ISO date as people write it; one that no calendar has stays as it is."""
        try:
            return self.day(date.fromisoformat(text))
        except ValueError:
            return text

    def name(self, text: str) -> str:
        """A name or illustration, shown as it is."""
        return safe.escape(text)

    def prose(self, text: str) -> list[Paragraph]:
        return [Paragraph(part) for part in safe.paragraphs(self._dated(text), self.number)]

    def chapter(self, text: str) -> list[Paragraph]:
        """The prose of a section; its first sentence is the conclusion and stands in bold."""
        return self.prose(_LEAD.sub(lambda found: f"**{found[1].strip()}**{found[2]}", text.lstrip(), count=1))

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
