"""Inventory and personal data: counts against planted and real truth, and nothing personal in what is stored."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ai_data_strategy.domain import Evidence
from ai_data_strategy.evidence import inventory, pii, quality
from ai_data_strategy.evidence.manifest import SourceEntry
from ai_data_strategy.evidence.profile import Column, Found
from ai_data_strategy.evidence.roles import with_roles
from ai_data_strategy.evidence.table import ROW, Table
from ai_data_strategy.tests.evidence_tables import table
from ai_data_strategy.tests.real_data import spam, vega

START = datetime(2026, 1, 1)


def _named(found: list[Found], end: str) -> Evidence:
    return next(item for item in found if isinstance(item, Evidence) and item.id.endswith(end))


def _measured(given: Table) -> list[Found]:
    return list(inventory.measure(given, inventory.profiled(given)))


def test_flights_3m() -> None:
    """Real: three million flights; the numbers are checked against plain SQL over the file."""
    path = vega() / "flights-3m.parquet"
    db = duckdb.connect()
    db.execute("CREATE TABLE flights AS SELECT *, file_row_number AS __row FROM read_parquet(?, file_row_number = true)", [str(path)])
    columns = [
        Column(name=row[0], type="text" if row[1] == "VARCHAR" else "integer")
        for row in db.execute("DESCRIBE flights").fetchall()
        if row[0] != ROW
    ]
    times = db.execute("SELECT column_name FROM (DESCRIBE flights) WHERE column_type LIKE 'TIMESTAMP%'").fetchall()
    columns = [column.model_copy(update={"type": "time"}) if (column.name,) in times else column for column in columns]
    rows = db.execute("SELECT count(*) FROM flights").fetchall()[0][0]
    flights = with_roles(
        Table(
            "flights",
            db,
            '"flights"',
            f"'{path}'",
            rows,
            tuple(columns),
            "reference",
            "",
            SourceEntry(location="flights"),
            "flights",
            "parquet",
        )
    )
    profile = inventory.profiled(flights)
    assert profile.rows == rows == 3_000_000
    found = list(inventory.measure(flights, profile))
    assert _named(found, "_rows").value == 3_000_000 and _named(found, "_personal_columns").value == 0
    for column in profile.columns:
        assert column.missing == db.execute(f'SELECT count(*) - count("{column.name}") FROM flights').fetchall()[0][0]
        if column.distinct is not None:
            assert column.distinct == db.execute(f'SELECT count(DISTINCT "{column.name}") FROM flights').fetchall()[0][0]
    if times:
        first, last = db.execute(f'SELECT min("{times[0][0]}"), max("{times[0][0]}") FROM flights').fetchall()[0]
        assert (profile.first, profile.last) == (first.isoformat(), last.isoformat())
        assert _named(found, "_range").value == pytest.approx((last - first).total_seconds() / 86_400, abs=0.001)


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        ([START + timedelta(days=day) for day in range(40) for _ in range(5)], 86_400),
        ([START + timedelta(days=7 * week, hours=3) for week in range(20) for _ in range(9)], 7 * 86_400),
        ([START + timedelta(hours=hour) for hour in range(500)], 3_600),
        ([START + timedelta(seconds=10 * at) for at in range(20_000)], 60),
        ([START, START], None),
    ],
)
def test_update_period(times: list[datetime], seconds: float | None) -> None:
    assert inventory.profiled(table({"at": times}, roles={"at": "time"})).update_seconds == seconds


def test_update_period_of_dates() -> None:
    days = [date(2026, 1, 1) + timedelta(days=31 * at) for at in range(12)]
    assert inventory.profiled(table({"day": days}, roles={"day": "time"})).update_seconds == 31 * 86_400


def test_rates_leave_out_the_partial_last_day_and_count_gaps() -> None:
    times = [START + timedelta(days=day, minutes=at) for day in range(100) if day not in (95, 96) for at in range(0, 1440, 15)]
    times += [START + timedelta(days=100, minutes=at) for at in range(30)]
    found = _measured(table({"at": times}, roles={"at": "time"}))
    assert _named(found, "rows_per_day_30").value == 96 * 28 / 30
    assert _named(found, "rows_per_day").value == 96 * 98 / 100
    assert _named(found, "empty_days").value == 2


def test_empty_text_and_nan_are_missing() -> None:
    profile = inventory.profiled(table({"a": ["x", "", None, "y"], "b": [1.0, float("nan"), None, 2.0]}))
    assert [(column.missing, column.distinct) for column in profile.columns] == [(2, 2), (2, 2)]


def _cells(name: str, values: list[Any]) -> dict[str, int]:
    given = table({name: values, "other": list(range(len(values)))})
    return {share.kind: share.hits for share in pii.found(given, given.columns[0]) if share.hits}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["write to jo.doe@example.org today", "nothing", "icon@2x.png"], {"email": 1}),
        (["call +49 30 901820", "call 212-555-9999 x", "order 1234567890"], {"phone": 2}),
        (["4111 1111 1111 1111", "5500005555555559"], {"card": 2}),
        (["DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 01"], {"iban": 1}),
        (["from 8.8.8.8", "local 127.0.0.1"], {"ip": 1}),
        (["12345678Z"], {"national_id": 1}),
        (["I was diagnosed with diabetes", "fine"], {"health": 1}),
    ],
)  # fmt: skip
def test_patterns_are_checked(values: list[str], expected: dict[str, int]) -> None:
    assert _cells("remark", values) == expected


def test_random_numbers_are_not_personal() -> None:
    """Control: 60 columns of random digits, codes and words; false alarms are counted."""
    draw, alarms = random.Random(2), 0
    makers = (
        lambda: str(draw.randrange(10**9, 10**10)), lambda: "4" + "".join(draw.choice("0123456789") for _ in range(15)),
        lambda: f"{draw.randrange(10)}.{draw.randrange(20)}.{draw.randrange(99)}", lambda: f"AB{draw.randrange(10**6)}-{draw.randrange(99)}",
        lambda: str(draw.randrange(10**10, 10**11)),
    )  # fmt: skip
    for at in range(60):
        given = table({"code": [makers[at % 5]() for _ in range(100)]})
        alarms += bool(pii.personal(pii.found(given, given.columns[0])))
    assert alarms == 0


def test_columns_that_name_persons_are_never_shown_as_groups() -> None:
    cells = {"surname": ["Miller", "Meyer"] * 60, "religion": ["a", "b"] * 60}
    given = table(cells, roles={"surname": "group", "religion": "group"})
    found = list(quality.measure(given, inventory.profiled(given), date(2026, 1, 1)))
    stored = "".join(item.model_dump_json() for item in found)
    assert "Miller" not in stored and "Meyer" not in stored and "smallest_religion" in stored


def _mails() -> list[str]:
    files = sorted(path for path in (spam() / "data").glob("*/*") if path.is_file())
    return [path.read_text(encoding="latin-1").replace("\x00", "") for path in files[::12]]


def test_spam_mails_are_full_of_addresses_and_none_is_stored(tmp_path: Path) -> None:
    mails = _mails()
    given = with_roles(
        table(
            {"mail_no": list(range(len(mails))), "body": mails, "folder": ["a", "b"] * (len(mails) // 2) + ["a"] * (len(mails) % 2)},
            id="mails",
        )
    )
    given = replace(given, columns=tuple(c.model_copy(update={"role": "label"}) if c.name == "folder" else c for c in given.columns))
    profile = inventory.profiled(given)
    found = [*inventory.measure(given, profile), *quality.measure(given, profile, date(2026, 1, 1))]
    share = _named(found, "pii_email_body")
    addresses = {match.lower() for mail in mails for match in re.findall(r"[A-Za-z0-9._-]+@[A-Za-z0-9-]+\.[A-Za-z.]+", mail)}
    truth = sum("@" in mail[: pii.LONGEST_CELL] for mail in mails) / len(mails)
    assert len(addresses) > 300 and share.value is not None and share.value > 90 * truth
    stored = "\n".join(item.model_dump_json() for item in [*found, profile]).lower()
    assert not [address for address in addresses if address in stored]
