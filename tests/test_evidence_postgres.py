"""Opening a real Postgres: read only, in one snapshot, passwords hidden, and a server that dies half-way."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import psycopg
import pytest
from adbc_driver_manager import AdbcConnection

from ai_data_strategy.evidence import databases
from ai_data_strategy.evidence.opening import fingerprint, opened
from tests.postgres_server import serving

EVIL = 'a"; DROP TABLE x; --'
PASSWORD = "p@ss/s3cr3t"
QUOTED = "p%40ss%2Fs3cr3t"


@dataclass(frozen=True)
class Server:
    admin: str
    reader: str
    folder: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Postgres of our own with a user that has a password; skipped where Postgres is not installed."""
    folder = Path(tmp_path_factory.mktemp("postgres", numbered=True))
    with serving(folder, "host all reader 127.0.0.1/32 scram-sha-256") as port:
        at = f"127.0.0.1:{port}/postgres"
        with psycopg.connect(f"postgresql://postgres@{at}", autocommit=True) as db:
            db.execute(f"CREATE ROLE reader LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
            db.execute("CREATE TYPE mood AS ENUM ('good', 'bad')")
            db.execute(
                "CREATE TABLE tickets AS SELECT i AS id, 'n' || i AS name, i / 4.0 AS amount, timestamptz '2026-01-01 12:00+02' + i * interval '1 hour' AS at, "
                "date '2026-01-01' + i AS day, i % 2 = 0 AS ok, ('{\"a\": ' || i || '}')::jsonb AS extra, 'good'::mood AS mood, "
                "md5(i::text)::uuid AS key, ARRAY[i] AS several FROM generate_series(0, 2999) AS r(i)"
            )
            name = EVIL.replace('"', '""')
            db.execute(f'CREATE TABLE "{name}" ("{name}" int, "rowid" int)'.encode())
            db.execute(f'INSERT INTO "{name}" VALUES (1, 2), (3, 4)'.encode())
            db.execute("CREATE SCHEMA other; CREATE TABLE other.empty (a int); CREATE VIEW seen AS SELECT 1 AS one UNION ALL SELECT 2")
        yield Server(f"postgresql://postgres@{at}", f"postgresql://reader:{QUOTED}@{at}", folder)


def test_all_tables_with_their_types(server: Server) -> None:
    with opened([server.reader]) as found:
        assert [(table.rows, table.reader) for table in found.tables] == [
            (2, '"public"."a""; DROP TABLE x; --"'),
            (3000, '"public"."tickets"'),
        ]
        assert [problem.text.split(": ")[-1] for problem in found.problems] == ["the table has no rows; leave it out, or export it again"]
        tickets = found.tables[1]
        assert {column.name: column.type for column in tickets.columns} == {
            "id": "integer", "name": "text", "amount": "number", "at": "time", "day": "date", "ok": "boolean", "extra": "nested", "mood": "text",
            "key": "text", "several": "text",
        }  # fmt: skip
        assert tickets.ask('SELECT id, name, amount, "at", day, ok, mood, __row FROM {t} WHERE id = 6') == [
            (6, "n6", 1.5, datetime(2026, 1, 1, 16), date(2026, 1, 7), True, "good", 6)
        ]
        assert tickets.one("SELECT count(*) FROM {t} WHERE id <> __row") == 0 and len(fingerprint(tickets)) == 64
        everything = repr([(table.location, table.reader, table.command("x")) for table in found.tables]) + repr(found.problems)
        assert "s3cr3t" not in everything and "reader@127.0.0.1" in tickets.location
    with opened([server.reader]) as again:
        assert again.tables[1].id == "tickets"


def test_one_table_a_view_and_a_missing_one(server: Server) -> None:
    with opened([f"{server.reader}?table={name}" for name in ("tickets", "public.seen", "none")]) as found:
        assert [table.rows for table in found.tables] == [3000, 2]
        assert [problem.what % problem.places for problem in found.problems] == ["there is no table none"]


def test_a_wrong_password_and_no_server_are_told_without_it(server: Server) -> None:
    wrong = server.reader.replace(QUOTED, "wr0ng-s3cr3t")
    with opened([wrong, "postgresql://u:s3cr3t@127.0.0.1:1/d", f"{server.admin}?table=tickets"]) as found:
        assert [table.rows for table in found.tables] == [3000]
        text = " ".join(problem.text for problem in found.problems)
        assert "password authentication failed" in text and "refused" in text and "s3cr3t" not in text


def test_nothing_can_be_written(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    plain = databases._postgres_table

    def writing(db: object, source: AdbcConnection, *rest: object) -> object:
        try:
            databases._run(source, "CREATE TABLE public.written (a int)")
        except Exception as error:  # noqa: BLE001 (whatever the driver raises is what is looked at)
            said.append(str(error))
        databases._run(source, "ROLLBACK TO SAVEPOINT one")
        return plain(db, source, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(databases, "_postgres_table", writing)
    with opened([f"{server.reader}?table=tickets"]) as found:
        assert found.tables[0].rows == 3000
    assert "read-only transaction" in said[0]
    with psycopg.connect(server.admin) as db:
        assert db.execute("SELECT to_regclass('public.written')").fetchone() == (None,)


def test_a_server_that_dies_half_way(server: Server, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text("a,b\n1,2\n3,4\n")
    with psycopg.connect(server.admin, autocommit=True) as db:
        db.execute("CREATE TABLE big AS SELECT i, repeat('x', 500) AS t FROM generate_series(1, 200000) AS r(i)")
        db.execute("CREATE VIEW slow AS SELECT i, t, CASE WHEN i > 1000 THEN pg_sleep(0.001)::text END AS z FROM big")
    killed: list[int] = []

    def kill() -> None:
        with psycopg.connect(server.admin, autocommit=True) as db:
            for _ in range(200):
                row = db.execute("SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY%slow%' AND pid <> pg_backend_pid()").fetchone()
                if row:
                    time.sleep(0.5)
                    db.execute("SELECT pg_terminate_backend(%s)", row)
                    killed.append(row[0])
                    return
                time.sleep(0.05)

    thread = threading.Thread(target=kill)
    thread.start()
    with opened([f"{server.reader}?table=slow", str(tmp_path / "good.csv")]) as found:
        thread.join()
        assert killed
        assert [table.id for table in found.tables] == ["good"]
        (problem,) = found.problems
        assert "cannot be read" in problem.text and "s3cr3t" not in problem.text
