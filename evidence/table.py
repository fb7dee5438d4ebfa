"""One opened source: a table in DuckDB with roles for its columns, and the way to ask it and to record what was found."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, cast

from ai_data_strategy.domain import Evidence
from ai_data_strategy.evidence.manifest import SourceEntry
from ai_data_strategy.evidence.profile import Column, ColumnRole, Kind

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

ROW = "__row"
"""Column of every opened table: number of the row in its source, from 0."""
FEW = 20_000
_FACTOR, _HASHES = 2654435761, 4294967296
"""Knuth's multiplicative hash."""
_LONGEST_ID = 60
_LONGEST_SHOWN = 40
_ODD = re.compile(r"[^a-z0-9]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")


def quoted(name: str) -> str:
    """An SQL identifier, always quoted."""
    return '"' + name.replace('"', '""') + '"'


def slug(text: str) -> str:
    """A text as an id: lower case letters, digits and underscores, beginning with a letter."""
    found = _ODD.sub("_", text.lower()).strip("_")
    return found if found[:1].isalpha() else f"s_{found}".rstrip("_")


def evidence_id(*parts: str) -> str:
    """An id of at most sixty characters; a longer one ends in a hash so that two stay apart."""
    full = slug("_".join(part for part in parts if part))
    return full if len(full) <= _LONGEST_ID else f"{full[: _LONGEST_ID - 9]}_{sha256(full.encode()).hexdigest()[:8]}"


def shown(value: object) -> str:
    """The name of a group, class or context value as it may be shown: short and on one line."""
    text = _CONTROL.sub(" ", str(value)).strip()
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


@dataclass(frozen=True)
class Table:
    """A source in DuckDB. `relation` is its quoted name there; `reader` is what a user writes after FROM to read the source itself."""

    id: str
    db: duckdb.DuckDBPyConnection
    relation: str
    reader: str
    rows: int
    columns: tuple[Column, ...]
    kind: Kind
    kind_reason: str
    entry: SourceEntry
    location: str
    format: str

    def column(self, role: ColumnRole) -> Column | None:
        """The first column with a role."""
        return next((column for column in self.columns if column.role == role), None)

    def columns_of(self, *roles: ColumnRole) -> list[Column]:
        return [column for column in self.columns if column.role in roles]

    def ask(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query in which {t} stands for this table. Identifiers must come through `quoted`, values as parameters."""
        return list(self.db.execute(sql.replace("{t}", self.relation), list(parameters)).fetchall())

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The first value of a query."""
        return self.ask(sql, parameters)[0][0]

    def arrays(self, sql: str, parameters: Sequence[Any] = ()) -> dict[str, NDArray[np.generic]]:
        """Columns of a query as numpy arrays (masked arrays where cells are empty)."""
        found = self.db.execute(sql.replace("{t}", self.relation), list(parameters)).fetchnumpy()
        return cast("dict[str, NDArray[np.generic]]", found)

    def sampled(self, columns: Sequence[str], most: int) -> str:
        """SQL of a sample that is the same in every run: `most` rows, one from each stretch of the source, in an order without meaning."""
        names = ", ".join(quoted(name) for name in columns)
        kept = f" WHERE {ROW} IN ({self._spread(most)})" if most < self.rows else ""
        return f"SELECT {names} FROM {self.relation}{kept} ORDER BY ({ROW} * {_FACTOR}) % {_HASHES}, {ROW} LIMIT {int(most)}"

    def _spread(self, count: int) -> str:
        """SQL of `count` row numbers, one in each of as many equal stretches, at a place that a hash gives."""
        stretch = self.rows // count
        return f"SELECT i * {self.rows} // {count} + (i * {_FACTOR}) % {_HASHES} % {stretch} FROM range({count}) AS r(i)"

    def few(self) -> str:
        """Name of a table of at most 20,000 rows of this one, spread evenly, the same in every run; made once, for first looks."""
        if self.rows <= FEW:
            return self.relation
        name = quoted(f"{self.id}~few")
        self.db.execute(f"CREATE TEMP TABLE IF NOT EXISTS {name} AS SELECT * FROM {self.relation} WHERE {ROW} IN ({self._spread(FEW)})")
        return name

    def sql(self, sql: str) -> str:
        """A query as a user can run it over the source itself."""
        return " ".join(sql.replace("{t}", self.reader).split())[:2000]

    def command(self, id_: str) -> str:
        """The command that measures one piece of evidence again."""
        return f"ai-data-strategy profile {shlex.quote(self.location)} --show {id_}"

    def evidence(
        self,
        topic: str,
        name: str,
        message: str,
        value: float | None,
        unit: str,
        method: str,
        *,
        interval: tuple[float, float] | None = None,
        rows: int | None = None,
        sql: str = "",
        weight: Literal[1, 2, 3] = 2,
        measures: str = "",
        **places: str,
    ) -> Evidence:
        """Record one measurement on this table: `name` becomes part of its id, `sql` (with {t}) how to measure it again."""
        id_ = evidence_id(self.id, name)
        return Evidence(
            id=id_, source=self.id, topic=topic, message=message, places={"source": self.id, **places}, value=value, unit=unit,
            low=interval[0] if interval else None, high=interval[1] if interval else None, method=method,
            rows=self.rows if rows is None else rows, reproduce=self.sql(sql) if sql else self.command(id_), weight=weight, measures=measures,
        )  # fmt: skip
