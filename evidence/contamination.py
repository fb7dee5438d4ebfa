"""Whether an item has been seen in training: the same content, nearly the same text, or the same entity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ai_data_strategy.evidence.profile import Column
from ai_data_strategy.evidence.table import Table, quoted

if TYPE_CHECKING:
    from datasketch import MinHash, MinHashLSH

TRAINING_SAMPLE = 20_000
"""Training rows that near duplicates are looked for in."""
_PERMUTATIONS, _SEED, _SHINGLE = 64, 7, 3
_TEXT_ALIKE, _TUPLE_ALIKE, _TUPLE_COLUMNS = 0.8, 0.9, 20
"""Jaccard similarity at which two texts or rows are nearly the same; a row needs twenty columns before one may differ."""
_TEXT_LENGTH = 20_000


@dataclass(frozen=True)
class Content:
    """What makes two rows of a table the same item: its texts, or, where there is none, its features as a tuple."""

    texts: tuple[str, ...]
    features: tuple[Column, ...]

    @property
    def near(self) -> float | None:
        """Similarity from which two items are near duplicates; None if only equal ones can be told."""
        return _TEXT_ALIKE if self.texts else _TUPLE_ALIKE if len(self.features) >= _TUPLE_COLUMNS else None

    @property
    def key(self) -> str:
        """SQL: a hash of the content, the same for items that differ only in case, spaces or past the third digit; NULL if empty."""
        if self.texts:
            joined = " || ' ' || ".join(f"coalesce(CAST({quoted(name)} AS VARCHAR), '')" for name in self.texts)
            plain = rf"trim(regexp_replace(lower({joined}), '\s+', ' ', 'g'))"
            return f"CASE WHEN {plain} = '' THEN NULL ELSE md5({plain}) END"
        return f"md5(concat_ws(chr(31), {', '.join(_cell(column) for column in self.features)}))" if self.features else "NULL"

    @property
    def cells(self) -> str:
        """SQL: one list of what near duplicates are compared by."""
        if self.texts:
            return "[" + ", ".join(f"left(coalesce(CAST({quoted(name)} AS VARCHAR), ''), {_TEXT_LENGTH})" for name in self.texts) + "]"
        return "[" + ", ".join(_cell(column) for column in self.features) + "]"

    def tokens(self, cells: Sequence[str]) -> list[bytes]:
        """Shingles of three words of a text, or the cells of a tuple with their column's number."""
        if not self.texts:
            return [f"{i}={cell}".encode() for i, cell in enumerate(cells)]
        words = " ".join(cells).lower().split()
        shingles = (" ".join(words[i : i + _SHINGLE]) for i in range(max(1, len(words) - _SHINGLE + 1)))
        return sorted({shingle.encode("utf-8", "replace") for shingle in shingles if shingle})


def content(table: Table) -> Content:
    """What an item of this table consists of."""
    texts = tuple(column.name for column in table.columns_of("text"))
    features = () if texts else tuple(c for c in table.columns_of("other", "group", "context") if c.type not in ("nested", "binary"))
    return Content(texts, features)


def _cell(column: Column) -> str:
    name = quoted(column.name)
    text = f"format('{{:.3g}}', CAST({name} AS DOUBLE))" if column.type == "number" else f"CAST({name} AS VARCHAR)"
    return f"coalesce({text}, '∅')"


@dataclass
class NearDuplicates:
    """Finds items that are nearly the same as one seen before (MinHash, Broder 1997, with locality-sensitive hashing)."""

    content: Content
    _seen: dict[int, MinHash] = field(default_factory=dict)
    _index: MinHashLSH | None = None

    def remember(self, rows: Sequence[tuple[int, Sequence[str]]]) -> None:
        """Items (row number, cells) that later ones are compared with."""
        from datasketch import MinHashLSH

        if self._index is None:
            self._index = MinHashLSH(threshold=self.content.near or 1.0, num_perm=_PERMUTATIONS)
        for row, cells in rows:
            if row not in self._seen and (tokens := self.content.tokens(cells)):
                self._seen[row] = _sketch(tokens)
                self._index.insert(row, self._seen[row])

    def holds(self, cells: Sequence[str]) -> bool:
        """True if an item remembered is nearly the same as this one."""
        tokens = self.content.tokens(cells)
        if self._index is None or not tokens:
            return False
        own, least = _sketch(tokens), self.content.near or 1.0
        return any(own.jaccard(self._seen[row]) >= least for row in self._index.query(own))


def _sketch(tokens: Sequence[bytes]) -> Any:
    from datasketch import MinHash

    sketch = MinHash(num_perm=_PERMUTATIONS, seed=_SEED)
    sketch.update_batch(tokens)
    return sketch
