"""Tables of SQLite, Postgres and DuckDB databases, copied read only into the workspace.

SQLite and Postgres come through ADBC as Arrow streams, so that memory stays bounded and no DuckDB extension is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import duckdb

from ai_data_strategy.evidence.addresses import scrubbed
from ai_data_strategy.evidence.loading import MOST_COLUMNS, Loaded, LoadedColumn, Unreadable, names, told, unreadable
from ai_data_strategy.evidence.locations import Part, literal
from ai_data_strategy.evidence.profile import Problem
from ai_data_strategy.evidence.table import quoted, shown
from ai_data_strategy.typeset.catalogue import N_

if TYPE_CHECKING:
    from adbc_driver_manager import AdbcConnection

BUSY_MILLISECONDS = 2000
"""How long a locked SQLite file is waited for."""
STATEMENT_MINUTES = 30
"""How long one Postgres table may take to read."""
_STREAM = "__stream"
_PLAIN = {"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "bpchar", "date", "timestamp", "timestamptz", "bytea"}
"""Postgres types that arrive as they are; numeric becomes double, any other type text."""

NewName = Callable[[], str]


def sqlite_tables(db: duckdb.DuckDBPyConnection, part: Part, new: NewName) -> Iterator[Loaded | Problem]:
    """The tables of an SQLite file, opened read only. A view is read only if it is named."""
    import adbc_driver_sqlite

    uri = f"file:{quote(str(part.files[0].resolve()))}?mode=ro"
    with _failing(part, part.shown, N_("close the program that uses it, or copy the file")):
        with _connected(lambda: adbc_driver_sqlite.connect(uri)) as source:
            for setting in (f"busy_timeout = {BUSY_MILLISECONDS}", "query_only = ON", "trusted_schema = OFF"):
                _run(source, f"PRAGMA {setting}")
            known = _asked(
                db,
                source,
                "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
            )
            for table in _chosen(
                part, [name for name, kind in known if kind == "table" or name == part.table], [name for name, _ in known]
            ):
                try:
                    with _failing(part, _place(part, table), N_("check the table in the database")):
                        yield _sqlite_table(db, source, part, table, new())
                except Unreadable as error:
                    yield error.problem


def _sqlite_table(db: duckdb.DuckDBPyConnection, source: AdbcConnection, part: Part, table: str, base: str) -> Loaded:
    """One table. A cell of SQLite may have any type, so each column's types are counted first and a typed row is put in front."""
    declared = _asked(db, source, f"SELECT name, type FROM pragma_table_info({literal(table)})")
    kept, problems = _kept([name for name, _ in declared], _place(part, table))
    found: list[str] = []
    for start in range(0, len(kept), 500):
        asked = ", ".join(f"coalesce(group_concat(DISTINCT typeof({quoted(name)})), '')" for name in kept[start : start + 500])
        found += _asked(db, source, f"SELECT {asked} FROM {quoted(table)}")[0]
    chosen = [_stored(set(types.split(",")) - {"null", ""}) for types in found]
    mixed = [name for name, (_, _, one) in zip(kept, chosen, strict=True) if not one]
    if mixed:
        problems += (
            told(
                _place(part, table),
                N_("cells of several types in: %(columns)s"),
                N_("read as text; set the types in the manifest"),
                columns=names(mixed),
            ),
        )
    typed = ", ".join(f"{first} AS {quoted(name)}" for name, (first, _, _) in zip(kept, chosen, strict=True))
    cells = ", ".join(sql.replace("{c}", quoted(name)) for name, (_, sql, _) in zip(kept, chosen, strict=True))
    loaded = _copied(db, source, f"SELECT {typed} UNION ALL SELECT {cells} FROM {quoted(table)}", part, table, base, skip=1)
    casts = {name: "BOOLEAN" for name, kind in declared if "BOOL" in kind.upper()} | _times(db, loaded)
    return _with(loaded, problems, {name: type_ for name, type_ in casts.items() if name in kept})


def _stored(types: set[str]) -> tuple[str, str, bool]:
    """Of one column: a typed value, the SQL of its cells, and whether all cells have one type."""
    if types == {"integer"}:
        return "0", "{c}", True
    if types in ({"real"}, {"integer", "real"}):
        return "0.0", "CAST({c} AS REAL)", True
    if types == {"blob"}:
        return "x'00'", "{c}", True
    return "''", "CAST({c} AS TEXT)", types in ({"text"}, set())


def _times(db: duckdb.DuckDBPyConnection, loaded: Loaded) -> dict[str, str]:
    """Text columns whose cells are all ISO dates or times: SQLite has no such type of its own."""
    texts = [column for column in loaded.columns if column.type == "VARCHAR"]
    if not texts:
        return {}
    asked = ", ".join(
        f"count({c}) > 0 AND count({c}) = count(CASE WHEN length({c}) BETWEEN 10 AND 35 THEN try_cast({c} AS TIMESTAMP) END), coalesce(max(length({c})), 0)"
        for c in (quoted(column.base) for column in texts)
    )
    first = db.execute(f"SELECT {asked} FROM (SELECT * FROM {loaded.relation} LIMIT 1000)").fetchall()[0]
    likely = [column for column, whole in zip(texts, first[::2], strict=True) if whole]
    if not likely:
        return {}
    asked = ", ".join(
        f"count({c}) = count(CASE WHEN length({c}) BETWEEN 10 AND 35 THEN try_cast({c} AS TIMESTAMP) END), max(length({c}))"
        for c in (quoted(column.base) for column in likely)
    )
    all_ = db.execute(f"SELECT {asked} FROM {loaded.relation}").fetchall()[0]
    whole, longest = all_[::2], all_[1::2]
    return {column.name: "DATE" if most == 10 else "TIMESTAMP" for column, is_, most in zip(likely, whole, longest, strict=True) if is_}


def postgres_tables(db: duckdb.DuckDBPyConnection, part: Part, new: NewName) -> Iterator[Loaded | Problem]:
    """The user's tables of a Postgres database, or one: in one read-only snapshot, so that all tables fit each other."""
    import adbc_driver_postgresql

    with _failing(part, part.shown, N_("check the address, the password and whether the server runs")):
        with _connected(lambda: adbc_driver_postgresql.connect(part.address)) as source:
            for statement in (
                "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", f"SET LOCAL statement_timeout = '{STATEMENT_MINUTES}min'",
                "SET LOCAL lock_timeout = '10s'", "SET LOCAL synchronize_seqscans = off", "SET LOCAL max_parallel_workers_per_gather = 0",
            ):  # fmt: skip
                _run(source, statement)
            known = _asked(
                db, source,
                "SELECT n.nspname::text, c.relname::text, c.relkind::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' ORDER BY 1, 2",
            )  # fmt: skip
            wanted = [
                (schema, name)
                for schema, name, kind in known
                if part.table in (name, f"{schema}.{name}") or (not part.table and kind in "rpm")
            ]
            _chosen(part, [name for _, name in wanted], [f"{schema}.{name}" for schema, name, _ in known])
            for count, (schema, name) in enumerate(wanted):
                table = name if schema == "public" else f"{schema}.{name}"
                _run(source, "SAVEPOINT one")
                try:
                    with _failing(part, _place(part, table), N_("check that the server runs and that this user may read the table")):
                        yield _postgres_table(db, source, part, schema, name, table, new())
                except Unreadable as error:
                    yield error.problem
                    left = [name for _, name in wanted[count + 1 :]]
                    if not left:
                        return
                    with _failing(part, part.shown, N_("start the server and try again"), left=left):
                        _run(source, "ROLLBACK TO SAVEPOINT one")


def _postgres_table(
    db: duckdb.DuckDBPyConnection, source: AdbcConnection, part: Part, schema: str, name: str, table: str, base: str
) -> Loaded:
    where = f"{quoted(schema)}.{quoted(name)}"
    types = _asked(
        db, source,
        "SELECT a.attname::text, t.typname::text FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
        f"WHERE a.attrelid = {_pg_literal(where)}::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
    )  # fmt: skip
    kept, problems = _kept([column for column, _ in types], _place(part, table))
    cells = ", ".join(_pg_cell(column, kind) for column, kind in types[: len(kept)])
    loaded = _copied(db, source, f"SELECT {cells} FROM {where}", part, table, base, read=where)
    return _with(loaded, problems, {column: "JSON" for column, kind in types if kind in ("json", "jsonb") and column in kept})


def _pg_literal(text: str) -> str:
    """A Postgres string that means the same whatever standard_conforming_strings says."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _pg_cell(column: str, kind: str) -> str:
    name = quoted(column)
    if kind in _PLAIN:
        return name
    return f"CAST({name} AS double precision) AS {name}" if kind == "numeric" else f"CAST({name} AS text) AS {name}"


def duckdb_tables(db: duckdb.DuckDBPyConnection, part: Part, new: NewName) -> Iterator[Loaded | Problem]:
    """The tables of a DuckDB file, attached read only and copied."""
    with _failing(part, part.shown, N_("close the program that uses it, and check DuckDB's version")):
        db.execute(f"ATTACH {literal(str(part.files[0].resolve()))} AS __source (READ_ONLY)")
        try:
            known = db.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = '__source' AND NOT internal ORDER BY ALL"
            ).fetchall()
            wanted = [(schema, name) for schema, name in known if not part.table or part.table in (name, f"{schema}.{name}")]
            _chosen(part, [name for _, name in wanted], [name for _, name in known])
            for schema, name in wanted:
                table = name if schema == "main" else f"{schema}.{name}"
                try:
                    with _failing(part, _place(part, table), N_("check the table in the database")):
                        where = f"{quoted(schema)}.{quoted(name)}"
                        yield _kept_copy(db, f"__source.{where}", part, table, new(), where if schema != "main" else quoted(name))
                except Unreadable as error:
                    yield error.problem
        finally:
            db.execute("DETACH __source")


def _kept_copy(db: duckdb.DuckDBPyConnection, relation: str, part: Part, table: str, base: str, reader: str) -> Loaded:
    kept, problems = _kept([str(row[0]) for row in db.execute(f"DESCRIBE {relation}").fetchall()], _place(part, table))
    return _with(copied(db, relation, kept, base, reader, part.format, table, _place(part, table)), problems, {})


def copied(
    db: duckdb.DuckDBPyConnection,
    relation: str,
    columns: Sequence[str],
    base: str,
    reader: str,
    format_: str,
    name: str,
    location: str,
    skip: int = 0,
) -> Loaded:
    """A relation copied into a workspace table. A column called rowid gets another name there: DuckDB's own numbers the rows."""
    renamed = [(column, f"{column}__source" if column.lower() == "rowid" else column) for column in columns]
    listed = ", ".join(f"{quoted(column)} AS {quoted(other)}" for column, other in renamed)
    db.execute(f"CREATE TABLE {quoted(base)} AS SELECT {listed} FROM {relation}{f' OFFSET {skip}' if skip else ''}")
    types = [str(row[1]) for row in db.execute(f"DESCRIBE {quoted(base)}").fetchall()]
    found = tuple(LoadedColumn(column, other, type_) for (column, other), type_ in zip(renamed, types, strict=True))
    return Loaded(quoted(base), "rowid", found, reader, format_, name, location)


def _copied(
    db: duckdb.DuckDBPyConnection, source: AdbcConnection, query: str, part: Part, table: str, base: str, skip: int = 0, read: str = ""
) -> Loaded:
    with _streamed(db, source, query):
        columns = [str(row[0]) for row in db.execute(f"DESCRIBE {_STREAM}").fetchall()]
        return copied(db, _STREAM, columns, base, read or quoted(table), part.format, table, _place(part, table), skip)


def _with(loaded: Loaded, problems: tuple[Problem, ...], casts: dict[str, str]) -> Loaded:
    return replace(loaded, problems=(*loaded.problems, *problems), casts={**loaded.casts, **casts})


def _kept(columns: list[str], where: str) -> tuple[list[str], tuple[Problem, ...]]:
    if len(columns) <= MOST_COLUMNS:
        return columns, ()
    return columns[:MOST_COLUMNS], (too_wide(where, len(columns)),)


def too_wide(where: str, count: int) -> Problem:
    """Only the first columns of a very wide source are read."""
    return told(
        where, N_("%(columns)s columns: only the first %(read)s are read"), N_("export the columns that matter"),
        columns=str(count), read=str(MOST_COLUMNS),
    )  # fmt: skip


def _chosen(part: Part, wanted: list[str], known: list[str]) -> list[str]:
    """The tables to read; an error that names what there is if the wanted one is not there."""
    if part.table:
        wanted = [name for name in wanted if part.format != "sqlite" or name == part.table]
        if not wanted:
            raise unreadable(
                part.shown,
                N_("there is no table %(table)s"),
                N_("choose one of: %(tables)s"),
                table=shown(part.table),
                tables=names(known) or "–",
            )
    elif not wanted:
        raise unreadable(part.shown, N_("the database holds no tables that can be read"), N_("check the address and the user's rights"))
    return wanted


def _place(part: Part, table: str) -> str:
    """The location of one table, as a user may give it again."""
    return f"{part.shown}?table={quote(table, safe='')}"[:500]


@contextmanager
def _connected(connect: Callable[[], Any]) -> Iterator[AdbcConnection]:
    from adbc_driver_manager import AdbcConnection

    with closing(connect()) as database, closing(AdbcConnection(database)) as connection:
        yield connection


@contextmanager
def _streamed(db: duckdb.DuckDBPyConnection, source: AdbcConnection, query: str) -> Iterator[None]:
    from adbc_driver_manager import AdbcStatement

    with closing(AdbcStatement(source)) as statement:
        statement.set_sql_query(query)
        stream, _ = statement.execute_query()
        db.register(_STREAM, stream)
        try:
            yield
        finally:
            db.unregister(_STREAM)


def _asked(db: duckdb.DuckDBPyConnection, source: AdbcConnection, query: str) -> list[tuple[Any, ...]]:
    with _streamed(db, source, query):
        return list(db.execute(f"SELECT * FROM {_STREAM}").fetchall())


def _run(source: AdbcConnection, statement_: str) -> None:
    from adbc_driver_manager import AdbcStatement

    with closing(AdbcStatement(source)) as statement:
        statement.set_sql_query(statement_)
        statement.execute_update()


@contextmanager
def _failing(part: Part, where: str, todo: str, left: Sequence[str] = ()) -> Iterator[None]:
    """Errors of drivers become the problem of one source, without passwords."""
    from adbc_driver_manager import Error

    try:
        yield
    except (Error, duckdb.Error, OSError) as error:
        reason = scrubbed(str(error), part.address)
        what = N_("cannot be read: %(reason)s") if not left else N_("the connection is lost: %(reason)s; not read: %(tables)s")
        raise unreadable(where, what, todo, reason=reason, **({"tables": names(list(left))} if left else {})) from None
