"""Opening sources: one DuckDB workspace with a table for each source, closed to the outside before anything is measured."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import duckdb

from ai_data_strategy.evidence.databases import duckdb_tables, postgres_tables, sqlite_tables
from ai_data_strategy.evidence.loading import TYPES, Loaded, LoadedColumn, Unreadable, names, told
from ai_data_strategy.evidence.locations import Part, literal, parts
from ai_data_strategy.evidence.manifest import Manifest, SourceEntry
from ai_data_strategy.evidence.profile import Column, ColumnType, Problem
from ai_data_strategy.evidence.reading_files import read_files
from ai_data_strategy.evidence.table import ROW, Table, evidence_id, quoted
from ai_data_strategy.typeset.catalogue import N_

MOST_HASHED = 50_000_000
"""Rows of a database table up to which its content is hashed."""
_FILES = "__files"
_KINDS: tuple[tuple[str, ColumnType], ...] = (
    (r".*\]$|STRUCT|MAP|UNION|JSON|VARIANT|GEOMETRY", "nested"), (r"TIMESTAMP", "time"), (r"DATE", "date"), (r"BOOL", "boolean"),
    (r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$", "integer"), (r"DOUBLE|FLOAT|DECIMAL|BIGNUM", "number"), (r"BLOB", "binary"),
)  # fmt: skip
_PLAINER = (
    (r"TIMESTAMP WITH TIME ZONE", "({c} AT TIME ZONE 'UTC')"), (r"TIMESTAMP_\w+", "CAST({c} AS TIMESTAMP)"), (r"DECIMAL\(.*\)", "CAST({c} AS DOUBLE)"),
    (r"UUID|BIT|INTERVAL|ENUM\(.*\)|TIME(_NS| WITH TIME ZONE)?", "CAST({c} AS VARCHAR)"),
)  # fmt: skip
"""Types that no measurement should need to know, and what they become: times in UTC, decimals as doubles, the rest as text."""
_DATE_FORMATS = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y",
    "%d-%m-%Y", "%Y/%m/%d", "%d %b %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M", "%Y%m%d",
)  # fmt: skip
_MOST_FORMATS = 8
_DATES_ALIKE = 0.9
"""Share of a text column's cells that must parse as dates before the column is called one of dates."""

_MEASURING = "500MB"
"""Memory of the database once everything is loaded: the measurements need the rest."""


@dataclass(frozen=True)
class Opened:
    """The sources that could be opened, and what is wrong with the others or with parts of them."""

    tables: list[Table] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@contextmanager
def opened(
    locations: Sequence[str], manifest: Manifest | None = None, *, memory: str = "700MB", folder: Path | None = None
) -> Iterator[Opened]:
    """Open every source of the locations and the manifest; `folder` is the manifest's folder, which its relative paths may not leave.

    All tables live in one DuckDB database, gone at the end, that spills into a temporary folder beyond `memory`. Once all are
    loaded it can reach nothing outside but the Parquet files among the sources, and its settings are locked.
    """
    with tempfile.TemporaryDirectory(prefix="ai-data-strategy-") as scratch, duckdb.connect(config=_settings(memory, scratch)) as db:
        found = Opened()
        db.execute("SET enable_progress_bar = false")
        db.execute("SET TimeZone = 'UTC'")
        db.execute(f"CREATE TABLE {_FILES} (source VARCHAR, path VARCHAR)")
        for entry, within in _entries(locations, manifest, folder):
            for part in parts(entry, within):
                if isinstance(part, Problem):
                    found.problems.append(part)
                else:
                    _open(db, part, Path(scratch), found)
        _close_off(db, found)
        yield found


def _settings(memory: str, scratch: str) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "memory_limit": memory, "temp_directory": f"{scratch}/spilled", "autoinstall_known_extensions": "false", "autoload_known_extensions": "false",
        "python_enable_replacements": "false", "preserve_insertion_order": "true",
    }  # fmt: skip


def _entries(locations: Sequence[str], manifest: Manifest | None, folder: Path | None) -> Iterator[tuple[SourceEntry, Path | None]]:
    """The manifest's entries, then the locations that it does not describe."""
    described = manifest.sources if manifest else []
    yield from ((entry, folder) for entry in described)
    known = {entry.location for entry in described}
    yield from ((SourceEntry(location=location), None) for location in dict.fromkeys(locations) if location not in known)


def _open(db: duckdb.DuckDBPyConnection, part: Part, scratch: Path, found: Opened) -> None:
    """Load one part and add its tables and problems."""
    unlike = {name: type_ for name, type_ in part.entry.types.items() if type_.upper() not in TYPES}
    if unlike:
        found.problems.append(
            told(
                part.shown,
                N_("unknown types in the manifest for: %(columns)s"),
                N_("use one of: %(types)s"),
                columns=names(list(unlike)),
                types=", ".join(TYPES),
            )
        )
    try:
        for loaded in _loaded(db, part, f"__base{len(found.tables)}", scratch):
            if isinstance(loaded, Problem):
                found.problems.append(loaded)
                continue
            found.problems.extend(loaded.problems)
            table = _table(db, part, loaded, {one.id for one in found.tables}, found.problems)
            if table is not None:
                found.tables.append(table)
                db.executemany(
                    f"INSERT INTO {_FILES} VALUES (?, ?)", [(table.id, str(path.resolve())) for path in part.files] or [(table.id, "")]
                )
    except Unreadable as error:
        found.problems.append(error.problem)


def _loaded(db: duckdb.DuckDBPyConnection, part: Part, base: str, scratch: Path) -> Iterator[Loaded | Problem]:
    numbers = iter(range(1, 1_000_000))

    def new() -> str:
        return f"{base}_{next(numbers)}"

    if part.format == "sqlite":
        yield from sqlite_tables(db, part, new)
    elif part.format == "duckdb":
        yield from duckdb_tables(db, part, new)
    elif part.format == "postgres":
        yield from postgres_tables(db, part, new)
    else:
        yield read_files(db, part, base, scratch)


def _table(db: duckdb.DuckDBPyConnection, part: Part, loaded: Loaded, taken: set[str], problems: list[Problem]) -> Table | None:
    """The view with the row number over a loaded relation, as a table; None if it has no rows."""
    id_ = _id(part, loaded, taken)
    given = {name: type_.upper() for name, type_ in part.entry.types.items() if type_.upper() in TYPES}
    absent = [name for name in given if name not in {column.name for column in loaded.columns}]
    if absent:
        problems.append(
            told(loaded.location, N_("no such columns: %(columns)s"), N_("correct the manifest's types"), columns=names(absent))
        )
    casts = {**loaded.casts, **given}
    expressions = {column.name: _expression(column, casts.get(column.name)) for column in loaded.columns}
    listed = ", ".join(f"{sql} AS {quoted(_free(name))}" for name, sql in expressions.items())
    db.execute(f"CREATE VIEW {quoted(id_)} AS SELECT {listed}, CAST({loaded.row} AS BIGINT) AS {quoted(ROW)} FROM {loaded.relation}")
    described = {str(row[0]): str(row[1]) for row in db.execute(f"DESCRIBE {quoted(id_)}").fetchall()}
    columns = tuple(Column(name=name, type=column_type(type_)) for name, type_ in described.items() if name != ROW)
    rows = int(db.execute(f"SELECT count(*) FROM {loaded.relation}").fetchall()[0][0])
    if rows == 0:
        problems.append(
            told(
                loaded.location,
                N_("there is a header but no rows") if part.format in ("csv", "tsv") else N_("the table has no rows"),
                N_("leave it out, or export it again"),
            )
        )
        return None
    if rows == 1:
        problems.append(told(loaded.location, N_("there is only one row: no rate or distribution can be measured"), N_("export more rows")))
    problems.extend(_lost(db, loaded, given))
    problems.extend(_dates(db, quoted(id_), columns, loaded.location))
    return Table(
        id_, db, quoted(id_), _reader(loaded, part, given), rows, columns, "reference", "", part.entry, loaded.location, loaded.format
    )


def _id(part: Part, loaded: Loaded, taken: set[str]) -> str:
    whole = (
        part.entry.id
        if part.entry.id and (part.files or part.table) and not (part.format in ("sqlite", "duckdb") and not part.table)
        else None
    )
    id_ = whole or evidence_id(part.entry.id or "", loaded.name)
    return next(one for number in range(1, 1_000_000) if (one := evidence_id(id_, str(number) if number > 1 else "")) not in taken)


def _free(name: str) -> str:
    """A column may not take the name of the row number."""
    return f"{name}_source" if name.lower() == ROW else name


def _expression(column: LoadedColumn, wanted: str | None) -> str:
    """The SQL of one column as the measurements see it."""
    name = quoted(column.base)
    if wanted and wanted != column.type:
        return f"TRY_CAST({name} AS {wanted})"
    plainer = next((sql for pattern, sql in _PLAINER if re.fullmatch(pattern, column.type, re.DOTALL)), "{c}")
    return plainer.replace("{c}", name)


def column_type(type_: str) -> ColumnType:
    """What a DuckDB type is called in a profile."""
    return next((kind for pattern, kind in _KINDS if re.match(pattern, type_, re.DOTALL)), "text")


def _lost(db: duckdb.DuckDBPyConnection, loaded: Loaded, given: dict[str, str]) -> Iterator[Problem]:
    """Cells that the manifest's types turn empty."""
    for column in loaded.columns:
        type_ = given.get(column.name)
        if type_ and type_ not in ("VARCHAR", "TEXT", column.type):
            name = quoted(column.base)
            lost = db.execute(
                f"SELECT count(*) FILTER ({name} IS NOT NULL AND TRY_CAST({name} AS {type_}) IS NULL) FROM {loaded.relation}"
            ).fetchall()[0][0]
            if lost:
                yield told(
                    loaded.location, N_("%(cells)s cells of %(column)s are no %(type)s and count as empty"), N_("correct the manifest's type or the cells"),
                    cells=str(lost), column=column.name, type=type_,
                )  # fmt: skip


def _dates(db: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[Column], where: str) -> Iterator[Problem]:
    """Text columns with dates in several formats: they stay text, and the shares are told."""
    texts = [column.name for column in columns if column.type == "text"]
    formats = ", ".join(literal(format_) for format_ in _DATE_FORMATS)
    if not texts:
        return
    asked = ", ".join(
        f"count({c}), count(CASE WHEN length({c}) BETWEEN 8 AND 35 THEN try_strptime({c}, [{formats}]) END)" for c in map(quoted, texts)
    )
    first = db.execute(f"SELECT {asked} FROM (SELECT * FROM {relation} WHERE {ROW} < 1000)").fetchall()[0]
    for index, name in enumerate(texts):
        cells, parsed = first[2 * index], first[2 * index + 1]
        if parsed and parsed >= _DATES_ALIKE * cells:
            yield from _formats(db, relation, name, where)


def _formats(db: duckdb.DuckDBPyConnection, relation: str, name: str, where: str) -> Iterator[Problem]:
    column, used, cells = quoted(name), list[tuple[str, int]](), 0
    rest = f"{column} IS NOT NULL"
    while len(used) < _MOST_FORMATS:
        asked = ", ".join(f"count(try_strptime({column}, {literal(format_)}))" for format_ in _DATE_FORMATS)
        left, *counts = db.execute(f"SELECT count(*), {asked} FROM {relation} WHERE {rest}").fetchall()[0]
        cells = cells or int(left)
        if not max(counts):
            break
        best = _DATE_FORMATS[counts.index(max(counts))]
        used.append((best, max(counts)))
        rest += f" AND try_strptime({column}, {literal(best)}) IS NULL"
    if len(used) > 1:
        shares = ", ".join(f"{form}: {100 * count / cells:.1f} %" for form, count in used)
        yield told(
            where, N_("dates in several formats in %(column)s: %(shares)s"), N_("it stays text; export dates as ISO 8601 (2026-11-22)"),
            column=name, shares=shares,
        )  # fmt: skip


def _reader(loaded: Loaded, part: Part, given: dict[str, str]) -> str:
    """What a user writes after FROM; types that were cast here are cast there too."""
    casts = {name: type_ for name, type_ in {**loaded.casts, **given}.items() if name in {column.name for column in loaded.columns}}
    casts = {name: type_ for name, type_ in casts.items() if type_ not in ("VARCHAR", "TEXT") or part.format not in ("csv", "tsv")}
    if not casts or part.format in ("sqlite", "postgres"):
        return loaded.reader
    # without nullif DuckDB would read the file itself with this type, and fail on the first odd cell
    text = "nullif({c}, '')" if part.format in ("csv", "tsv") else "{c}"
    listed = ", ".join(f"TRY_CAST({text.replace('{c}', quoted(name))} AS {type_}) AS {quoted(name)}" for name, type_ in casts.items())
    return f"(SELECT * REPLACE ({listed}) FROM {loaded.reader})"


def _close_off(db: duckdb.DuckDBPyConnection, found: Opened) -> None:
    """Nothing but the Parquet files that were named can be reached from here on, and no setting changed."""
    kept = [table.id for table in found.tables if table.format == "parquet"]
    paths = [str(row[0]) for row in db.execute(f"SELECT path FROM {_FILES} WHERE list_contains(?, source)", [kept]).fetchall()]
    if paths:
        db.execute(f"SET allowed_paths = [{', '.join(map(literal, paths))}]")
    db.execute(f"SET memory_limit = '{_MEASURING}'")
    db.execute("SET enable_external_access = false")
    db.execute("SET lock_configuration = true")


def fingerprint(table: Table) -> str:
    """SHA-256 in hex over the bytes of a source's files; for a database, over its rows in order. Empty if that would be too much."""
    paths = [str(row[0]) for row in table.ask(f"SELECT path FROM {_FILES} WHERE source = ? ORDER BY rowid", [table.id])]
    digest = sha256()
    if table.format not in ("sqlite", "duckdb", "postgres"):
        for path in paths:
            with open(path, "rb") as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
        return digest.hexdigest()
    if table.rows > MOST_HASHED:
        return ""
    cells = ", ".join(f"coalesce(CAST({quoted(column.name)} AS VARCHAR), chr(0))" for column in table.columns)
    total = table.one(f"SELECT CAST(sum(CAST(md5_number_lower(concat_ws(chr(31), {ROW}, {cells})) AS HUGEINT)) AS VARCHAR) FROM {{t}}")
    digest.update(repr((sorted((column.name, column.type) for column in table.columns), table.rows, total)).encode())
    return digest.hexdigest()
