"""The files for machines: data contracts, frozen benchmark, replay set, training set's metadata and the register of edge cases."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ai_data_strategy.evidence import benchmark
from ai_data_strategy.evidence.contract import contract
from ai_data_strategy.evidence.croissant import FORMATS, croissant
from ai_data_strategy.evidence.decisions import Decisions
from ai_data_strategy.evidence.edge_cases import EdgeCase, register
from ai_data_strategy.evidence.profile import PiiShare, Profile, SourceProfile
from ai_data_strategy.evidence.selection import Selection, selected
from ai_data_strategy.evidence.table import Table
from ai_data_strategy.placing import place

_FIELDS = (
    "id", "origin", "kind", "case", "rows", "looked_at", "share_percent", "low_percent", "high_percent", "failures", "failure_rate_percent",
    "likelihood", "severity", "severity_measured", "score", "owner", "treatment", "how_it_is_told",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
"""First characters that a spreadsheet may run as a formula (OWASP, CSV injection)."""
_README = """Files for machines, made by ai-data-strategy from measured data. None of them holds a formula, and no file here was overwritten.

contracts/*.odcs.yaml
  One data contract a source (Open Data Contract Standard). A draft: the owner signs it. What nobody told is called unknown.
  Check: pip install datacontract-cli, then: datacontract lint contracts/NAME.odcs.yaml

benchmark/benchmark.jsonl, benchmark/benchmark.manifest.json
  The frozen benchmark, one item a line, and how it was drawn: strata, split by entity and time, seed, contamination, columns left out.
  Check: sha256sum benchmark/benchmark.jsonl gives the sha256 of the manifest. Train only on rows of the query training_rows.
  Texts are masked for e-mail addresses and long numbers, but may hold names: read before sharing.

benchmark/croissant.json, training/croissant.json
  What the two sets hold (Croissant, MLCommons). The licence is undecided until the owner decides.
  Check: pip install mlcroissant, then: mlcroissant validate --jsonld benchmark/croissant.json

replay/
  Failures to run again against every new version, with the environment and the rule for passing.

edge_cases.csv
  Edge cases measured in the data and named by the strategy, likelihood and severity from 1 to 5. Cells that a spreadsheet might take
  for a formula begin with an apostrophe.
"""


def hand_over(
    profile: Profile, decisions: Decisions | None, folder: Path, *, strategy_edge_cases: Sequence[Mapping[str, Any]] = ()
) -> list[Path]:
    """Write the hand-over files into a folder and return their paths. Nothing is overwritten: InputError if another file has a name.

    Without decisions there are only contracts, the strategy's edge cases and the README.
    """
    folder = folder.expanduser()
    written = place(folder, {f"contracts/{source.id}.odcs.yaml": contract(source, profile.evidence).encode() for source in profile.sources})
    cases: list[EdgeCase] = []
    if decisions is not None:
        decisions = _with_personal(decisions, profile)
        cases = register(decisions)
        written += _benchmark(profile, decisions, folder)
        written += _replay(decisions, folder)
    rows = [*_measured(cases, decisions.table if decisions else None), *_named(strategy_edge_cases)]
    return written + place(folder, {"edge_cases.csv": _csv(rows), "README.txt": _README.encode()})


def _with_personal(decisions: Decisions, profile: Profile) -> Decisions:
    """The decisions with what the profile knows of personal data in their columns."""
    parts = {decisions.table.id, *decisions.joined}
    seen: dict[str, list[PiiShare]] = {}
    for column in (column for source in profile.sources if source.id in parts for column in source.columns):
        seen.setdefault(column.name, []).extend(column.pii)
    columns = tuple(column.model_copy(update={"pii": seen.get(column.name, column.pii)}) for column in decisions.table.columns)
    return replace(decisions, table=replace(decisions.table, columns=columns))


def _replay(decisions: Decisions, folder: Path) -> list[Path]:
    # Imported here since it is the only part of hand-over that clusters failures, which loads scikit-learn.
    from ai_data_strategy.evidence.replay_set import replay_set

    if not decisions.failed:
        return []
    with TemporaryDirectory(prefix="ai-data-strategy-") as scratch:
        replay_set(decisions, Path(scratch))
        files = sorted(path for path in Path(scratch).rglob("*") if path.is_file())
        return place(folder, {f"replay/{path.relative_to(scratch)}": path.read_bytes() for path in files})


def _benchmark(profile: Profile, decisions: Decisions, folder: Path) -> list[Path]:
    """The benchmark with its manifest and metadata, and the metadata of the training set; nothing if no item could be drawn."""
    draw = selected(decisions)
    if not draw.items:
        return []
    parts = {decisions.table.id, *decisions.joined}
    prints = {source.id: source.fingerprint for source in profile.sources if source.id in parts and source.fingerprint}
    path = benchmark.write_benchmark(draw, folder / "benchmark", prints)
    fields = benchmark.fields_of(draw)
    about = croissant(
        f"benchmark_{decisions.table.id}",
        [{"path": path.name, "sha256": sha256(path.read_bytes()).hexdigest(), "rows": len(draw.items)}],
        fields,
        f"Frozen benchmark of {len(draw.items)} items drawn from {decisions.table.id}; see {benchmark.MANIFEST}.",
    )
    found = {"benchmark/croissant.json": _json(about)}
    source = next((source for source in profile.sources if source.id == decisions.table.id), None)
    if source is not None and (training := _training(source, draw, decisions.table)):
        found["training/croissant.json"] = _json(training)
    return [path, path.with_name(benchmark.MANIFEST), *place(folder, found)]


def _training(source: SourceProfile, draw: Selection, table: Table) -> dict[str, Any]:
    """Metadata of the file that training rows come from; empty if the source is no single file with a known hash."""
    path = source.location
    if not source.fingerprint or Path(path).suffix.lower() not in FORMATS or "://" in path or any(sign in path for sign in "*?["):
        return {}
    fields = [{"name": column.name, "type": column.type, "description": f"role: {column.role}"} for column in source.columns]
    file = {"path": Path(path).name, "sha256": source.fingerprint, "rows": source.rows}
    rule = table.sql(f"SELECT * FROM {{t}} WHERE {draw.training}")
    return croissant(
        f"training_{source.id}", [file], fields, f"Source of the training set. Training uses only the rows of this query: {rule}"
    )


def _measured(cases: Sequence[EdgeCase], table: Table | None) -> Iterator[dict[str, Any]]:
    for case in cases:
        told = table.sql(f"SELECT * FROM {{t}} WHERE {case.condition}") if table else case.condition
        yield {
            "id": case.id, "origin": "measured", "kind": case.kind, "case": case.statement, "rows": case.rows, "looked_at": case.looked_at,
            "share_percent": _short(case.share), "low_percent": _short(case.low), "high_percent": _short(case.high), "failures": case.failures,
            "failure_rate_percent": _short(case.failure_rate), "likelihood": case.likelihood, "severity": case.severity,
            "severity_measured": "yes" if case.severity_measured else "no", "score": case.score, "how_it_is_told": told,
        }  # fmt: skip


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _named(cases: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Cases of the strategy as rows; what a row has no column for is left out."""
    for case in cases:
        score = case.get("score")
        if score is None and isinstance(case.get("likelihood"), int) and isinstance(case.get("severity"), int):
            score = case["likelihood"] * case["severity"]
        yield {**{key: value for key, value in case.items() if key in _FIELDS}, "origin": "strategy", "score": score}


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """CSV in which no cell can be taken for a formula; highest score first, as both lists come."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _FIELDS, restval="", lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows({key: harmless(value) for key, value in row.items()} for row in rows)
    return text.getvalue().encode("utf-8-sig", "replace")


def harmless(value: object) -> object:
    """A cell that no spreadsheet runs: a text that begins like a formula, after spaces too, gets an apostrophe before it."""
    if value is None or isinstance(value, (int, float)):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
