"""Tables for tests of measurements: columns given as lists become an opened source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import duckdb
import pyarrow as pa

from ai_data_strategy.evidence.manifest import SourceEntry
from ai_data_strategy.evidence.profile import Chart, Column, ColumnRole, ColumnType, Found, Kind, Problem
from ai_data_strategy.evidence.table import ROW, Table, quoted

_TYPES: tuple[tuple[str, ColumnType], ...] = (
    ("TIMESTAMP", "time"), ("DATE", "date"), ("BOOL", "boolean"), ("INT", "integer"), ("DOUBLE", "number"), ("FLOAT", "number"), ("DECIMAL", "number"),
)  # fmt: skip


def table(
    rows: Mapping[str, Sequence[Any]],
    roles: Mapping[str, str] | None = None,
    kind: str = "predictions",
    id: str = "s",
    beside: Table | None = None,
    **entry: Any,
) -> Table:
    """An opened source with these columns, in the database of `beside` if given; `entry` fields of its manifest entry."""
    db = beside.db if beside else duckdb.connect()
    content = pa.table({name: pa.array(list(values)) for name, values in rows.items()})
    db.register("content", content)
    db.execute(f"CREATE TABLE {quoted(id)} AS SELECT *, row_number() OVER () - 1 AS {quoted(ROW)} FROM content")
    db.unregister("content")
    described = db.execute(f"DESCRIBE {quoted(id)}").fetchall()
    given = roles or {}
    columns = tuple(
        Column(name=name, type=_type(kind_), role=cast(ColumnRole, given.get(name, "other")), role_reason="test")
        for name, kind_, *_ in described
        if name != ROW
    )
    manifest = SourceEntry(location=f"{id}.csv", **entry)
    return Table(
        id, db, quoted(id), f"read_csv('{id}.csv')", content.num_rows, columns, cast(Kind, kind), "test", manifest, f"{id}.csv", "csv"
    )


def said(item: Found) -> str:
    """The words of what a measurement yields, their places filled."""
    if isinstance(item, Problem):
        return item.text
    return item.title % item.places if isinstance(item, Chart) else item.statement + item.method % item.places


def _type(name: str) -> ColumnType:
    return next((type_ for start, type_ in _TYPES if start in name), "text")
