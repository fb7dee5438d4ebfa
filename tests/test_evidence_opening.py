"""Opening sources: every format, every bad input of the issue with real files, and nothing that leads out."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from ai_data_strategy.errors import InputError
from ai_data_strategy.evidence.manifest import Manifest, SourceEntry
from ai_data_strategy.evidence.opening import Opened, fingerprint, opened
from ai_data_strategy.evidence.reading_manifest import read_manifest

EVIL = 'a"; DROP TABLE x; --'


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def put(name: str, content: str | bytes) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def said(found: Opened) -> list[str]:
    return [problem.text for problem in found.problems]


@contextmanager
def only(*locations: str) -> Iterator[tuple[list[tuple[object, ...]], str]]:
    """The rows of the one table among the locations, and all problems as one text."""
    with opened(locations) as found:
        assert len(found.tables) == 1, said(found)
        yield found.tables[0].ask("SELECT * FROM {t} ORDER BY __row"), "\n".join(said(found))


def test_rows_are_numbered_in_source_order_and_the_reader_reads_them_again() -> None:
    put("it's [new]*.csv", "id,name\n" + "".join(f"{i},n{i}\n" for i in range(5000)))
    with opened(["it's [new]*.csv"]) as found:
        table = found.tables[0]
        assert (table.id, table.rows, table.format, table.location) == ("it_s_new", 5000, "csv", "it's [new]*.csv")
        assert table.one("SELECT count(*) FROM {t} WHERE __row <> id") == 0
        assert [(column.name, column.type) for column in table.columns] == [("id", "integer"), ("name", "text")]
        assert duckdb.sql(f"SELECT count(*), max(id) FROM {table.reader}").fetchall() == [(5000, 4999)]
        assert not found.problems


@pytest.mark.parametrize("format_", ["csv", "parquet", "jsonl", "duckdb", "sqlite"])
def test_every_format_gives_the_same_rows(format_: str) -> None:
    rows = "SELECT i AS id, 'n' || i AS name, i / 4 AS share, DATE '2026-01-01' + CAST(i AS INTEGER) AS day FROM range(40) r(i)"
    if format_ == "sqlite":
        with sqlite3.connect("x.sqlite") as db:
            db.execute("CREATE TABLE x (id INTEGER, name TEXT, share REAL, day TEXT)")
            db.executemany(
                "INSERT INTO x VALUES (?, ?, ?, ?)", [(i, f"n{i}", i / 4, str(date(2026, 1, 1) + timedelta(i))) for i in range(40)]
            )
    elif format_ == "duckdb":
        with duckdb.connect("x.duckdb") as made:
            made.execute(f"CREATE TABLE x AS {rows}")
    else:
        duckdb.sql(f"COPY ({rows}) TO 'x.{format_}' (FORMAT {'json' if format_ == 'jsonl' else format_})")
    with opened([f"x.{format_}"]) as found:
        (table,) = found.tables
        assert [(column.name, column.type) for column in table.columns] == [
            ("id", "integer"),
            ("name", "text"),
            ("share", "number"),
            ("day", "date"),
        ]
        assert table.ask("SELECT * FROM {t} ORDER BY __row")[39] == (39, "n39", 9.75, date(2026, 2, 9), 39)
        assert table.format == format_ and not found.problems
        assert len(fingerprint(table)) == 64


def test_packed_files_are_read_and_their_names_need_not_say_so() -> None:
    put("a.csv.gz", gzip.compress(b"a,b\n1,x\n2,y\n"))
    put("b.csv", gzip.compress(b"a,b\n1,x\n2,y\n"))
    duckdb.sql("COPY (SELECT i AS a, 'x' AS b FROM range(2) r(i)) TO 'c.csv.zst' (COMPRESSION zstd)")
    put("d.jsonl.gz", gzip.compress(b'{"a":1}\n{"a":2}\n'))
    put("cut.csv.gz", gzip.compress(os.urandom(200_000).hex().encode())[:5000])
    with opened(["a.csv.gz", "b.csv", "c.csv.zst", "d.jsonl.gz", "cut.csv.gz"]) as found:
        assert [(table.format, table.rows) for table in found.tables][:4] == [("csv", 2), ("csv", 2), ("csv", 2), ("jsonl", 2)]
        text = "\n".join(said(found))
        assert "b.csv: the name promises .csv, the content is csv, gzip" in text and "cut.csv.gz" in text


def test_a_wrong_extension_is_told_and_the_content_is_read() -> None:
    duckdb.sql("COPY (SELECT * FROM range(3)) TO 'x.csv' (FORMAT parquet)")
    put("y.parquet", "a,b\n1,2\n3,4\n")
    put("z.csv", "PK\x03\x04 no spreadsheet")
    with opened(["x.csv", "y.parquet", "z.csv"]) as found:
        assert [table.format for table in found.tables] == ["parquet", "csv"]
        assert [text.split(";")[0] for text in said(found)] == [
            "x.csv: the name promises .csv, the content is parquet", "y.parquet: the name promises .parquet, the content is csv",
            "z.csv: the content is in no format that can be read",
        ]  # fmt: skip


def test_empty_header_only_and_one_row() -> None:
    put("empty.csv", "")
    put("header.csv", "a,b\n")
    put("one.csv", "a,b\n1,x\n")
    put("good.csv", "a,b\n1,x\n2,y\n")
    with opened(["empty.csv", "header.csv", "one.csv", "missing.csv", "good.csv"]) as found:
        assert [(table.id, table.rows) for table in found.tables] == [("one", 1), ("good", 2)]
        text = "\n".join(said(found))
        assert "empty.csv: the file is empty" in text and "header.csv: there is a header but no rows" in text
        assert "one.csv: there is only one row" in text and "missing.csv: there is no such file" in text


def test_ragged_rows_are_counted_and_the_others_read() -> None:
    put("ragged.csv", "a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n13,14,15\n")
    with only("ragged.csv") as (rows, problems):
        assert rows == [(1, 2, 3, 0), (10, 11, 12, 1), (13, 14, 15, 2)]
        assert "2 rows could not be read" in problems and "line 3" in problems


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "latin-1", "cp1252", "utf-8-sig"])
def test_other_encodings(encoding: str) -> None:
    last = "ü“€”" if encoding == "cp1252" else "ü"
    put("x.csv", f"stadt,name\nKöln,é\nLyon,plain text\nBern,{last}\n".encode(encoding))
    with only("x.csv") as (rows, problems):
        assert rows == [("Köln", "é", 0), ("Lyon", "plain text", 1), ("Bern", last, 2)]
        assert ("it was read as" in problems) == (encoding != "utf-8-sig")


def test_mixed_encodings_name_the_place() -> None:
    put("x.csv", "a,b\n1,é\n2,ok\n".encode() + "3,ü\n4,fine\n".encode("latin-1"))
    with only("x.csv") as (rows, problems):
        assert rows == [(1, "é", 0), (2, "ok", 1), (4, "fine", 2)]
        assert "UTF-8 breaks at byte 16, line 4" in problems and "1 rows could not be read" in problems


def test_a_column_whose_type_changes_late_keeps_every_row() -> None:
    put("x.csv", "a,b\n" + "".join(f"{i},{i}\n" for i in range(50_000)) + "x,5\n")
    with opened(["x.csv"]) as found:
        assert found.tables[0].rows == 50_001 and found.tables[0].columns[0].type == "text"
        assert "cells that do not fit the type of the first rows, in: a" in said(found)[0]


def test_dates_in_six_formats_stay_text_with_their_shares() -> None:
    formats = ["%Y-%m-%d", "%d.%m.%Y", "%d %b %Y", "%B %d, %Y", "%Y%m%d", "%Y-%m-%dT%H:%M:%SZ"]
    days = [(date(2024, 1, 1) + timedelta(i)).strftime(formats[i % 6]) for i in range(600)]
    put("x.csv", "id;day;plain\n" + "".join(f"{i};{day};word {i}\n" for i, day in enumerate(days)))
    with opened(["x.csv"]) as found:
        assert [column.type for column in found.tables[0].columns] == ["integer", "text", "text"]
        (text,) = said(found)
        assert "dates in several formats in day" in text and text.count("16.7 %") == 6


def test_dates_in_one_format_are_no_problem() -> None:
    days = [(date(2024, 1, 1) + timedelta(i)) for i in range(600)]
    put("x.csv", "a;b;c\n" + "".join(f"{day:%B %d, %Y};{day:%b %d, %Y};{day:%m/%d/%Y}\n" for day in days))
    with opened(["x.csv"]) as found:
        assert not found.problems


def test_ten_thousand_columns_and_long_cells() -> None:
    wide = ",".join(f"c{i}" for i in range(10_000))
    put("wide.csv", wide + "\n" + (",".join("1" * 10_000) + "\n") * 3)
    put("long.csv", "a,b\n" + "".join(f"{i},{'x' * 5_000_000}\n" for i in range(2)))
    with opened(["wide.csv", "long.csv"]) as found:
        assert [(len(table.columns), table.rows) for table in found.tables] == [(2000, 3), (2, 2)]
        assert found.tables[1].one("SELECT min(length(b)) FROM {t}") == 5_000_000
        assert said(found) == ["wide.csv: 10000 columns: only the first 2000 are read; export the columns that matter"]


def test_duplicate_and_reserved_column_names() -> None:
    put("x.csv", "a,a,rowid,__row\n1,2,3,9\n4,5,6,9\n")
    with only("x.csv") as (rows, problems):
        assert rows == [(1, 2, 3, 9, 0), (4, 5, 6, 9, 1)]
        assert "column names occur twice: a" in problems


def test_parquet_with_a_column_of_a_reserved_name() -> None:
    duckdb.sql("COPY (SELECT i AS file_row_number, 'f' AS filename, i AS rowid FROM range(3) r(i)) TO 'x.parquet'")
    with only("x.parquet") as (rows, _):
        assert rows == [(0, "f", 0, 0), (1, "f", 1, 1), (2, "f", 2, 2)]


def test_nested_json_and_broken_lines() -> None:
    put("x.jsonl", '{"a": 1, "b": {"c": [1, 2]}}\n{"a": 2, "b": {"c": []}}\nno json\n{"a": 3\n')
    put("y.json", json.dumps([{"a": 1, "t": "2026-01-02T03:04:05"}, {"a": None, "t": "2026-01-03T03:04:05"}], indent=2))
    with opened(["x.jsonl", "y.json"]) as found:
        assert [[column.type for column in table.columns] for table in found.tables] == [["integer", "nested"], ["integer", "time"]]
        assert found.tables[0].rows == 2 and "2 lines are not valid JSON" in said(found)[0]
        assert duckdb.sql(f"SELECT count(*) FROM {found.tables[0].reader}").fetchall() == [(2,)]


def test_lines_without_columns_are_one_text() -> None:
    put("x.log", "".join(f'2026-01-0{i % 9 + 1} host[{i}]: it said "no, {"a, " * (i % 5)}\n' for i in range(60)))
    with opened(["x.log"]) as found:
        assert found.tables[0].rows == 60


def test_files_of_a_folder_belong_together_by_name_pattern_and_header() -> None:
    for month in range(1, 4):
        put(f"d/events-2024-0{month}.csv", f"a,b\n{month},x\n{month},y\n")
    put("d/events-2024-04.csv", "a,c\n1,x\n2,y\n")
    put("d/users.csv", "a,b\n1,x\n2,y\n")
    put("d/readme.md", "# hello")
    duckdb.sql(
        "COPY (SELECT i AS n FROM range(3) r(i)) TO 'd/part-1.parquet'; COPY (SELECT i + 3 AS n FROM range(3) r(i)) TO 'd/part-2.parquet'"
    )
    for location in ("d", "d/*"):
        with opened([location]) as found:
            rows = {table.id: table.rows for table in found.tables}
            assert rows == {"events_2024_01": 6, "events_2024_04": 2, "part_1": 6, "users": 2} and not found.problems
            by = {table.id: table for table in found.tables}
            assert by["events_2024_01"].location == "d/events-*-*.csv"
            assert by["part_1"].ask("SELECT n - __row FROM {t}") == [(0,)] * 6
            assert duckdb.sql(f"SELECT count(*) FROM {by['part_1'].reader}").fetchall() == [(6,)]


def test_names_in_data_reach_sql_only_quoted() -> None:
    with sqlite3.connect("x.db") as db:
        name = EVIL.replace('"', '""')
        db.execute(f'CREATE TABLE "{name}" ("{name}" INTEGER, "b\'""" TEXT, "rowid" INTEGER)')
        db.execute("CREATE TABLE x (a INTEGER)")
        db.executemany(f'INSERT INTO "{name}" VALUES (?, ?, ?)', [(i, "t", 5) for i in range(3)])
        db.executemany("INSERT INTO x VALUES (?)", [(1,), (2,)])
    put("y.csv", f'"{EVIL.replace(chr(34), chr(34) * 2)}",b\n1,2\n3,4\n')
    with opened(["x.db", "y.csv"]) as found:
        assert [table.rows for table in found.tables] == [3, 2, 2]
        assert [table.columns[0].name for table in found.tables] == [EVIL, "a", EVIL]
        location = found.tables[0].location
        assert not set(location) & set("\"'; $`")
    with opened([location]) as found:
        assert [(table.rows, table.ask("SELECT * FROM {t}")[2]) for table in found.tables] == [(3, (2, "t", 5, 2))]


def test_a_locked_sqlite_is_told_and_the_others_go_on() -> None:
    hold = "import sqlite3, sys; d = sqlite3.connect('x.db', isolation_level=None); d.execute('CREATE TABLE x (a)'); d.execute('BEGIN EXCLUSIVE'); print(1, flush=True); input()"
    holder = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout and holder.stdout.readline()
    put("good.csv", "a,b\n1,x\n2,y\n")
    with opened(["x.db", "good.csv"]) as found:
        assert [table.id for table in found.tables] == ["good"]
        assert "x.db: cannot be read" in said(found)[0] and "locked" in said(found)[0]
    holder.communicate(b"\n", timeout=20)


def test_cells_of_several_types_and_a_missing_table_in_sqlite() -> None:
    with sqlite3.connect("x.db") as db:
        db.execute("CREATE TABLE x (a INTEGER, b BOOLEAN, c TEXT, d TIMESTAMP)")
        rows = [(i, i % 2, None, "2026-01-01 10:00:00") for i in range(3000)]
        db.executemany("INSERT INTO x VALUES (?, ?, ?, ?)", [*rows, ("late text", None, "only here", None)])
    with opened(["x.db", "x.db?table=y"]) as found:
        (table,) = found.tables
        assert [column.type for column in table.columns] == ["text", "boolean", "text", "time"]
        assert table.ask("SELECT * FROM {t} WHERE __row = 3000") == [("late text", None, "only here", None, 3000)]
        assert "cells of several types in: a" in said(found)[0] and "there is no table y; choose one of: x" in said(found)[1]


def test_no_path_leads_out(tmp_path: Path) -> None:
    secret = tmp_path.parent / f"{tmp_path.name}_secret.csv"
    secret.write_text("a,b\n1,2\n3,4\n")
    put("d/good.csv", "a,b\n1,x\n2,y\n")
    Path("d/link.csv").symlink_to(secret)
    Path("d/up").symlink_to("..")
    Path("d/loop").symlink_to("loop")
    Path("d/round").mkdir()
    Path("d/round/again").symlink_to("../round")
    for location in ("d", "d/**/*.csv"):
        with opened([location]) as found:
            assert [table.id for table in found.tables] == ["good"]
            text = "\n".join(said(found))
            assert "d/link.csv: the path leads out" in text and "d/up: the path leads out" in text
            assert "d/loop: the path is a symbolic link that leads back" in text and "d/round/again: the path is a symbolic link" in text
    manifest = Path(put("d/sources.yaml", f"- ../{secret.name}\n- ../../{secret.name}\n- link.csv\n- '../*.csv'\n- good.csv\n- {secret}\n"))
    with opened([], read_manifest(manifest), folder=manifest.resolve().parent) as found:
        assert [table.id for table in found.tables] == ["good", secret.stem.lower().replace("-", "_")]
        assert len(found.problems) == 4 and all("leads out" in text for text in said(found))


def test_the_workspace_is_closed_to_the_outside_and_still_spills() -> None:
    put("x.csv", "id,text\n" + "".join(f"{i},{'x' * 60}{i * 7919 % 400_000}\n" for i in range(400_000)))
    with opened(["x.csv"], memory="40MB") as found:
        (table,) = found.tables
        for statement in (
            "SELECT * FROM read_csv('/etc/passwd')",
            "COPY (SELECT 1) TO 'out.csv'",
            "ATTACH 'new.duckdb'",
            "SET memory_limit = '9GB'",
        ):
            with pytest.raises(duckdb.Error):
                table.db.execute(statement)
        table.db.execute("CREATE TEMP TABLE sorted AS SELECT * FROM x ORDER BY text, id")
        assert table.one("SELECT count(*) FROM sorted") == 400_000
        assert len(table.ask(table.sampled(["id"], 10))) == 10
    assert not Path("out.csv").exists() and not Path("new.duckdb").exists()


def test_types_of_the_manifest() -> None:
    put("x.csv", "zip,when,n\n01234,2026-01-01,1\n99999,soon,2\n")
    entry = SourceEntry(location="x.csv", id="shops", types={"zip": "VARCHAR", "when": "date", "n": "EVIL); DROP", "gone": "DATE"})
    with opened([], Manifest(sources=[entry])) as found:
        (table,) = found.tables
        assert table.id == "shops" and table.ask("SELECT zip FROM {t}") == [("01234",), ("99999",)]
        assert [column.type for column in table.columns] == ["text", "date", "integer"]
        assert duckdb.sql(f'SELECT zip, year("when") FROM {table.reader}').fetchall() == [("01234", 2026), ("99999", None)]
        text = "\n".join(said(found))
        assert "unknown types in the manifest for: n" in text and "no such columns: gone" in text and "1 cells of when are no DATE" in text


@pytest.mark.parametrize("format_", ["parquet", "jsonl"])
def test_types_of_the_manifest_for_columns_that_hold_something_else(format_: str) -> None:
    rows = "SELECT * FROM (VALUES ('1', '2026-01-01 10:00'), ('two', 'soon')) AS t(a, b)"
    duckdb.sql(f"COPY ({rows}) TO 'x.{format_}' (FORMAT {'json' if format_ == 'jsonl' else format_})")
    with opened([], Manifest(sources=[SourceEntry(location=f"x.{format_}", types={"a": "INTEGER", "b": "TIMESTAMP"})])) as found:
        table = found.tables[0]
        assert [column.type for column in table.columns] == ["integer", "time"]
        assert (
            table.ask("SELECT a, b IS NULL FROM {t}")
            == duckdb.sql(f"SELECT a, b IS NULL FROM {table.reader}").fetchall()
            == [(1, False), (None, True)]
        )


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("- location: a.csv\n  knd: events\n", "source 1: there is no field knd"), ("- id: x\n", "source 1 (x): location is missing"),
        ("- a.csv\n- location: b.csv\n  kind: stuff\n", "source 2: kind must be one of"),
        ("- location: a.csv\n  roles: {at: moment}\n", "the role of column at must be one of"), ("- location: a.csv\n  retention_days: -1\n", "retention_days: write a number"),
        ("- location: a.csv\n  id: No Good\n", "id must be lower-case"), ("sources: 3\n", "a manifest is a list"), ("a: [\n", "no YAML or JSON in line"),
        ("- {location: a.csv, id: x}\n- {location: b.csv, id: x}\n", "the id x is given to 2 sources"), (b"\xff\xfe\x00", "manifest"), ("- [1]\n", "source 1 is no list of fields"),
        ("- location: ''\n", "location is empty"),
    ],
)  # fmt: skip
def test_mistakes_in_a_manifest_are_told_in_plain_words(content: str | bytes, wanted: str) -> None:
    put("sources.yaml", content)
    with pytest.raises(InputError) as caught:
        read_manifest(Path("sources.yaml"))
    assert wanted in str(caught.value)


def test_a_manifest_as_yaml_and_as_json(tmp_path: Path) -> None:
    put("m/s.yaml", "sources:\n  - location: a.csv\n    roles: {id: id}\n  - postgresql://u:p@h/d\n")
    put("m/s.json", json.dumps([{"location": "a.csv", "roles": {"id": "id"}}, "postgresql://u:p@h/d"]))
    assert read_manifest(Path("m/s.yaml")) == read_manifest(Path("m/s.json"))
    assert [entry.location for entry in read_manifest(Path("m/s.json")).sources] == [str(tmp_path / "m/a.csv"), "postgresql://u:p@h/d"]


def test_passwords_do_not_leak() -> None:
    addresses = [
        "postgresql://u:s3cr3t@127.0.0.1:1/d", "postgres://u:p%40s3cr3t@127.0.0.1:1/d?sslpassword=s3cr3t", "postgresql://127.0.0.1:1/d?password=s3cr3t&user=u",
        "mysql://u:s3cr3t@h/d", "postgresql://u:s3cr3t@h:port/d", "https://u:s3cr3t@h/d?token=s3cr3t",
    ]  # fmt: skip
    with opened(addresses) as found:
        assert len(found.problems) == len(addresses) and not found.tables
        assert "s3cr3t" not in found.problems[0].model_dump_json() + "".join(said(found)) + repr(found.problems)


def test_opening_needs_no_pyarrow_and_little_memory() -> None:
    with sqlite3.connect("x.db") as db:
        db.execute("CREATE TABLE x (a INTEGER, b TEXT)")
        db.executemany("INSERT INTO x VALUES (?, ?)", ((i, "y" * 200) for i in range(200_000)))
    code = (
        "import sys\nsys.modules['pyarrow'] = None\nfrom ai_data_strategy.evidence.opening import opened\n"
        "with opened(['x.db']) as found: rows = found.tables[0].rows\n"
        "peak = next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'))\nprint(rows, peak)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    rows, kilobytes = map(int, done.stdout.split())
    assert rows == 200_000 and kilobytes < 600_000
