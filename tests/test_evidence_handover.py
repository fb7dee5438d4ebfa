"""Hand-over files: they validate with the tools that will read them, hold nothing that runs, and overwrite nothing."""

from __future__ import annotations

import csv
import io
import json
import logging
import socket
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator
from open_data_contract_standard.model import OpenDataContractStandard

from ai_data_strategy.domain import Evidence
from ai_data_strategy.errors import InputError
from ai_data_strategy.evidence.charts import rendered, specification
from ai_data_strategy.evidence.contract import contract
from ai_data_strategy.evidence.croissant import croissant
from ai_data_strategy.evidence.decisions import Decisions, failures
from ai_data_strategy.evidence.handover import hand_over, harmless
from ai_data_strategy.evidence.profile import Chart, Column, PiiShare, Profile, SourceProfile
from ai_data_strategy.placing import place
from ai_data_strategy.tests.evidence_tables import table

COLUMNS = [
    Column(name="key", type="integer", role="id", role_reason="name", missing=0, distinct=1200),
    Column(name="at", type="time", role="time", missing=0, distinct=1200),
    Column(name="mail: address", type="text", missing=36, distinct=1164, pii=[PiiShare(kind="email", hits=90, sampled=100)]),
    Column(name="illness", type="text", missing=None, distinct=None, pii=[PiiShare(kind="health", hits=0, sampled=0, by_name=True)]),
    Column(name="x", type="number", missing=1200, distinct=0),
    Column(name="raw", type="nested"),
]
SOURCE = SourceProfile(
    id="tickets", name="Tickets", location="/data/tickets.csv", format="csv", kind="tickets", kind_reason="has a ticket number", rows=1200,
    columns=COLUMNS, first="2026-01-01T00:00:00", last="2026-03-01T00:00:00", update_seconds=60.0, fingerprint="ab" * 32,
)  # fmt: skip
OWNED = SOURCE.model_copy(
    update={"owner": "Head of support", "purpose": "Answer: \"customers\"\n- quickly", "consent": "contract", "retention_days": 365.0, "access": "team", "agreement": "DPA 7"}
)  # fmt: skip


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("nothing here may use the network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


@pytest.mark.parametrize(
    "source", [SOURCE, OWNED, SOURCE.model_copy(update={"rows": 0, "columns": [], "first": "", "last": "", "update_seconds": None})]
)
def test_a_contract_validates_with_the_standard(source: SourceProfile, offline: None) -> None:
    text = contract(source, [])
    assert OpenDataContractStandard.from_string(text).id == "urn:data-contract:tickets"
    Draft201909Validator(json.loads(OpenDataContractStandard.json_schema())).validate(yaml.safe_load(text))


def test_a_contract_says_what_was_measured_and_what_nobody_told() -> None:
    fact = Evidence(
        id="tickets_rows", source="tickets", topic="inventory", message="Rows", value=1200, unit="rows", method="count", weight=1
    )
    told = yaml.safe_load(contract(SOURCE, [fact, fact.model_copy(update={"id": "other_rows", "source": "other"})]))
    columns = {column["name"]: column for column in told["schema"][0]["properties"]}
    assert columns["key"]["unique"] and columns["key"]["primaryKey"] and columns["key"]["required"]
    assert columns["mail: address"]["classification"] == "confidential" and columns["mail: address"]["tags"] == ["pii:email"]
    assert columns["mail: address"]["quality"][0]["mustBeLessOrEqualTo"] == 4.0
    assert columns["illness"]["classification"] == "restricted" and "quality" not in columns["illness"]
    assert columns["x"]["quality"][0]["mustBeLessOrEqualTo"] == 100
    levels = {level["property"]: level["value"] for level in told["slaProperties"]}
    assert levels["frequency"] == 60 and levels["retention"] == "unknown"
    custom = {entry["property"]: entry["value"] for entry in told["customProperties"]}
    assert custom["unknown"] == "owner, access, agreement, purpose, consent, retention" and custom["measuredBy"] == "tickets_rows"
    assert told["team"]["name"] == "unknown" and yaml.safe_load(contract(OWNED, []))["team"]["name"] == "Head of support"


def test_croissant_validates_and_reads_the_items_offline(tmp_path: Path, offline: None, caplog: pytest.LogCaptureFixture) -> None:
    lines = '{"__id":"a","x y":1.5,"ok":true}\n{"__id":"b","x y":2.5,"ok":false}\n'
    (tmp_path / "b.jsonl").write_text(lines)
    fields = [
        {"name": "__id", "type": "text", "description": "key"}, {"name": "x y", "type": "number", "description": ""},
        {"name": "ok", "type": "boolean", "description": ""},
    ]  # fmt: skip
    files = [{"path": "b.jsonl", "sha256": sha256(lines.encode()).hexdigest(), "rows": 2}]
    (tmp_path / "croissant.json").write_text(json.dumps(croissant("a set / of items", files, fields, "Two items", published="2026-01-01")))
    read = _read(tmp_path / "croissant.json", caplog)
    assert [record["items/2_x_y"] for record in read.records("items")] == [1.5, 2.5]


def _read(path: Path, caplog: pytest.LogCaptureFixture) -> Any:
    import mlcroissant

    with caplog.at_level(logging.WARNING):
        found = mlcroissant.Dataset(path)
    assert not found.metadata.issues.errors
    assert "not standard" not in caplog.text
    return found


def decided() -> Decisions:
    n = 4000
    rows = {
        "key": list(range(n)),
        "at": list(range(n)),
        "x": [((i * 7919) % 4001) / 7 for i in range(n)],
        "mail: address": [f"p{i}@example.org" for i in range(n)],
        "said": [i % 2 for i in range(n)],
        "true": [1 - i % 2 if i % 11 == 0 else i % 2 for i in range(n)],
        "place": ["=cmd|' /C calc'!A0" if i % 250 == 0 else "home" if i % 3 else "office" for i in range(n)],
    }
    opened = table(rows, {"key": "id", "at": "time", "said": "prediction", "true": "outcome", "place": "context"}, id="tickets")
    return Decisions(opened, failures(opened))


CASES = [
    {"case": '=HYPERLINK("http://x")', "likelihood": 3, "severity": 4, "owner": "@boss", "unknown": 1},
    {"case": "plain", "score": 25, "owner": " -1+1"},
]


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    folder = tmp_path_factory.mktemp("hand")
    return folder, hand_over(
        Profile(sources=[SOURCE, OWNED.model_copy(update={"id": "other"})]), decided(), folder, strategy_edge_cases=CASES
    )


def test_everything_is_handed_over(handed: tuple[Path, list[Path]], caplog: pytest.LogCaptureFixture, offline: None) -> None:
    folder, paths = handed
    names = {str(path.relative_to(folder)) for path in paths}
    assert names == {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names >= {
        "contracts/tickets.odcs.yaml", "contracts/other.odcs.yaml", "benchmark/benchmark.jsonl", "benchmark/benchmark.manifest.json",
        "benchmark/croissant.json", "training/croissant.json", "edge_cases.csv", "README.txt", "replay/replay.jsonl",
    }  # fmt: skip
    items = list(_read(folder / "benchmark/croissant.json", caplog).records("items"))
    assert len(items) == 600
    _read(folder / "training/croissant.json", caplog)
    assert b"example.org" not in b"".join(path.read_bytes() for path in paths)
    assert all(
        name.split("/")[-1] in (folder / "README.txt").read_text()
        for name in names - {"README.txt"}
        if "replay" not in name and "odcs" not in name
    )


def test_no_cell_of_the_register_is_a_formula(handed: tuple[Path, list[Path]]) -> None:
    rows = list(csv.DictReader(io.StringIO((handed[0] / "edge_cases.csv").read_text("utf-8-sig"))))
    assert {row["origin"] for row in rows} == {"measured", "strategy"}
    assert all(not (cell or "").lstrip().startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    named = [row for row in rows if row["origin"] == "strategy"]
    assert [(row["case"][:3], row["score"], row["owner"]) for row in named] == [("'=H", "12", "'@boss"), ("pla", "25", "' -1+1")]
    assert all("SELECT" in row["how_it_is_told"] for row in rows if row["origin"] == "measured")


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "＝1", "%x", "|x"])
def test_every_start_of_a_formula_is_made_harmless(cell: str) -> None:
    assert str(harmless(cell)).startswith("'")


def test_handing_over_again_changes_nothing_and_other_data_overwrite_nothing(handed: tuple[Path, list[Path]]) -> None:
    folder, paths = handed
    before = {path: path.read_bytes() for path in paths}
    profile = Profile(sources=[SOURCE, OWNED.model_copy(update={"id": "other"})])
    assert hand_over(profile, decided(), folder, strategy_edge_cases=CASES) == paths
    with pytest.raises(InputError, match="never overwritten"):
        hand_over(Profile(sources=[OWNED]), None, folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_without_decisions_there_are_contracts_and_named_cases(tmp_path: Path) -> None:
    paths = hand_over(Profile(sources=[SOURCE]), None, tmp_path, strategy_edge_cases=CASES)
    assert [path.name for path in paths] == ["tickets.odcs.yaml", "edge_cases.csv", "README.txt"]


def test_nothing_is_written_if_one_name_is_taken_or_a_folder_is_none(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("other")
    with pytest.raises(InputError, match="never overwritten"):
        place(tmp_path, {"a": b"1", "b": b"2"})
    with pytest.raises(InputError, match="cannot write"):
        place(tmp_path, {"b/c": b"1"})
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="never overwritten"):
        place(tmp_path, {"dangling": b"1"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "dangling"]


def bars(**spec: Any) -> Chart:
    values = [{"column": "device", "value": 81.5}, {"column": "url", "value": 12.25}]
    full = {
        "data": {"values": values}, "mark": "bar",
        "encoding": {"x": {"field": "value", "type": "quantitative"}, "y": {"field": "column", "type": "nominal"}},
    }  # fmt: skip
    return Chart(id="filled", topic="quality", title="Filled cells of %(source)s", places={"source": "tickets"}, spec=full | spec)


def test_a_chart_becomes_the_same_pictures_every_time_offline(offline: None) -> None:
    svg, png = rendered(bars())
    assert svg.startswith(b"<svg") and png.startswith(b"\x89PNG") and b"Filled cells of tickets" in svg
    assert (svg, png) == rendered(bars())
    assert (
        b"12,5"
        in rendered(bars(encoding={"x": {"field": "value", "type": "quantitative", "axis": {"values": [12.5], "format": ".1f"}}}), "de")[0]
    )
    assert specification(bars(config={"axis": {"grid": False}}))["config"]["axis"]["labelFontSize"] == 12


@pytest.mark.parametrize(
    "spec",
    [
        {"data": {"url": "https://example.org/x.csv"}},
        {"data": {"url": "file:///etc/passwd"}},
        {"data": {"url": "data:text/csv,a"}},
        {"layer": [{"mark": "bar", "data": {"url": "x.csv"}}]},
        {"transform": [{"lookup": "a", "from": {"data": {"url": "x"}, "key": "a"}}]},
        {"mark": {"type": "image", "url": "https://example.org/x.png"}},
        {"mark": "image"},
        {"encoding": {"href": {"value": "https://example.org"}}},
    ],
)
def test_a_chart_that_points_outside_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="outside"):
        rendered(bars(**spec))


def test_a_chart_that_cannot_be_drawn_is_named() -> None:
    with pytest.raises(InputError, match="filled"):
        rendered(bars(mark="nonsense", encoding="nonsense"))
