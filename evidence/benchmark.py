"""The benchmark: what a frozen draw from the decisions holds and can decide, and the file it is frozen in."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ai_data_strategy.evidence.decisions import Decisions
from ai_data_strategy.evidence.profile import Column, Found, Problem
from ai_data_strategy.evidence.selection import Selection, Stratum, selected
from ai_data_strategy.evidence.statistics import Z95, percent, percent_interval
from ai_data_strategy.evidence.table import ROW, quoted
from ai_data_strategy.placing import place
from ai_data_strategy.typeset.catalogue import N_

ID, STRATUM = "__id", "__stratum"
"""Fields of an item beside its columns."""
FILE, MANIFEST = "benchmark.jsonl", "benchmark.manifest.json"
LEAST = 500
"""Items below which a benchmark decides little."""
DIRECT = ("email", "phone", "card", "iban", "national_id", "ip", "name", "address", "device")
"""Kinds of personal data that tell a person by themselves: columns with them stay out of the file."""
_PATTERNS = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "<email>"),
    (re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"), "<ip>"),
    (re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"), "<iban>"),
    (re.compile(r"\+?\d(?:[ ()./-]{0,2}\d){6,}"), "<number>"),
)
_ITEMS = {
    "typical": N_("Typical items in the benchmark drawn from %(source)s"), "edge": N_("Edge-case items in the benchmark drawn from %(source)s"),
    "adversarial": N_("Adversarial items in the benchmark drawn from %(source)s"), "subgroup": N_("Items added for small groups in the benchmark drawn from %(source)s"),
}  # fmt: skip
_DECIDES = {
    "typical": N_("Smallest difference in failure rate that the typical items decide"),
    "edge": N_("Smallest difference in failure rate that the edge-case items decide"),
    "adversarial": N_("Smallest difference in failure rate that the adversarial items decide"),
    "subgroup": N_("Smallest difference in failure rate that the items of small groups decide"),
}  # fmt: skip


def measure_decisions(decisions: Decisions) -> Iterator[Found]:
    """Evidence on the benchmark that these decisions allow: size, strata, what it decides, what training has seen of it."""
    table = decisions.table
    if table.rows == 0:
        return
    draw = selected(decisions)
    items, cut, pool = len(draw.items), draw.cut or "-", str(draw.contamination.pool)
    drawn = N_("drawn by hash from %(pool)s rows of the last part of time (from %(cut)s), without rows that training has seen")
    if not draw.cut:
        drawn = N_("drawn by hash from %(pool)s rows kept apart from training, without rows that training has seen")
        what = N_("no usable column of times: the benchmark is not split by time")
        yield Problem(source=table.id, what=what, todo=N_("give a column the role time in the manifest"))
    if not draw.entity:
        what = N_("no usable column of entities: the benchmark may hold persons or things that training knows")
        yield Problem(source=table.id, what=what, todo=N_("give a column the role entity in the manifest"))
    yield table.evidence(
        "benchmark",
        "benchmark_items",
        N_("Items of a benchmark drawn from %(source)s"),
        items,
        "items",
        drawn,
        weight=1,
        cut=cut,
        pool=pool,
    )
    if items < LEAST:
        what = N_("the benchmark has only %(items)s items that training has not seen; %(least)s are needed")
        todo = N_("collect more decisions after the cut, or give texts or features that tell items apart")
        yield Problem(source=table.id, what=what, todo=todo, places={"items": str(items), "least": str(LEAST)})
    for stratum in draw.strata:
        yield table.evidence(
            "benchmark", f"benchmark_{stratum.key}", _ITEMS[stratum.key], stratum.items, "items", drawn, cut=cut, pool=pool
        )
        if stratum.half_width is not None:
            yield table.evidence(
                "benchmark", f"benchmark_{stratum.key}_decides", _DECIDES[stratum.key], stratum.half_width, "point",
                N_("half the width of Wilson's 95 %% interval at a failure rate of one half, since items were chosen because they failed")
                if stratum.key == "adversarial"
                else N_("half the width of Wilson's 95 %% interval at the failure rate measured in these items"),
                rows=stratum.items,
            )  # fmt: skip
    yield from _decides(draw)
    yield from _contamination(draw)


def _decides(draw: Selection) -> Iterator[Found]:
    """Over the whole window: strata weighted by the rows that they stand for; items added for groups are left out."""
    parts = [stratum for stratum in draw.strata if stratum.key != "subgroup" and stratum.items]
    pool = sum(stratum.pool for stratum in parts)
    if not pool:
        return
    known = all(stratum.failures is not None for stratum in parts)
    variance = sum((stratum.pool / pool) ** 2 * _variance(stratum) / stratum.items for stratum in parts)
    method = N_("half the width of the 95 %% interval of the rate over strata, each weighted by the rows of the window that it stands for")
    if not known:
        method = N_(
            "half the width of the 95 %% interval at a failure rate of one half, since nothing tells a failure; strata weighted by rows"
        )
    yield draw.decisions.table.evidence(
        "benchmark", "benchmark_decides", N_("Smallest difference in failure rate that the whole benchmark decides"),
        100 * Z95 * math.sqrt(variance), "point", method, rows=sum(stratum.items for stratum in parts), weight=1,
    )  # fmt: skip


def _variance(stratum: Stratum) -> float:
    """Of one item's failure; a quarter, the most there can be, where the rate is unknown or items were chosen by it."""
    if stratum.failures is None or stratum.key == "adversarial":
        return 0.25
    share = (stratum.failures + 1) / (stratum.items + 2)
    return share * (1 - share)


def _contamination(draw: Selection) -> Iterator[Found]:
    seen, table, items = draw.contamination, draw.decisions.table, len(draw.items)
    if seen.content_checked and seen.pool:
        yield table.evidence(
            "benchmark", "contamination_before", N_("Candidate rows whose content training rows also have, before removal"),
            percent(seen.same_before, seen.pool), "percent",
            N_("equal hash of the texts, or of the features with numbers to three digits; all training rows; Wilson's interval"),
            interval=percent_interval(seen.same_before, seen.pool), rows=seen.pool, weight=1,
        )  # fmt: skip
        yield table.evidence(
            "benchmark", "contamination_after", N_("Benchmark items whose content training rows also have, after removal"), seen.same_after, "items",
            N_("features repeat too often to tell items apart, so equal ones were not removed") if seen.too_coarse
            else N_("equal hash of the texts, or of the features with numbers to three digits; all training rows"),
            rows=items,
        )  # fmt: skip
    if seen.near_checked:
        method = N_(
            "MinHash similarity of at least four fifths (texts) or nine tenths (features) with a sample of %(sample)s training rows"
        )
        message = N_("Candidate rows that are nearly the same as a training row, before removal")
        yield table.evidence(
            "benchmark", "near_contamination_before", message, percent(seen.near_before, seen.near_checked), "percent", method,
            interval=percent_interval(seen.near_before, seen.near_checked), rows=seen.near_checked, sample=str(seen.training_sample),
        )  # fmt: skip
        message = N_("Benchmark items that are nearly the same as a training row, after removal")
        yield table.evidence(
            "benchmark", "near_contamination_after", message, seen.near_after, "items", method, rows=items, sample=str(seen.training_sample)
        )
    if seen.entities is not None and seen.entities_before is not None and seen.entities_after is not None:
        yield table.evidence(
            "benchmark", "entity_overlap_before", N_("Entities (%(column)s) of the benchmark's time that also occur before it"),
            percent(seen.entities_before, seen.entities), "percent", N_("distinct entities in both parts of time, Wilson's interval"),
            interval=percent_interval(seen.entities_before, seen.entities), rows=seen.entities, column=draw.entity,
        )  # fmt: skip
        yield table.evidence(
            "benchmark", "entity_overlap_after", N_("Entities (%(column)s) of benchmark items that training rows have too"), seen.entities_after,
            "entities", N_("entities kept for the benchmark by hash leave the training rows"), rows=items, column=draw.entity,
        )  # fmt: skip


def left_out(draw: Selection) -> list[str]:
    """Columns that stay out of the file: keys, entities, direct personal data, annotators, and what JSON cannot hold."""
    return sorted(column.name for column in draw.decisions.table.columns if _is_left_out(column))


def _is_left_out(column: Column) -> bool:
    if column.role in ("id", "entity", "annotator") or column.type in ("binary", "nested"):
        return True
    return column.role != "text" and (any(share.kind in DIRECT and (share.hits or share.by_name) for share in column.pii))


def items_of(draw: Selection) -> list[dict[str, Any]]:
    """The items as they are frozen: hashed key, stratum, cells; e-mail addresses, numbers and the like in texts are masked."""
    table, out = draw.decisions.table, set(left_out(draw))
    kept = [column for column in table.columns if column.name not in out]
    ids = [quoted(column.name) for column in table.columns_of("id")]
    key = f"concat_ws(chr(31), {', '.join(f'CAST({name} AS VARCHAR)' for name in ids)})" if ids else f"CAST({ROW} AS VARCHAR)"
    strata = {item.row: item.stratum for item in draw.items}
    rows = ", ".join(str(row) for row in sorted(strata)) or "NULL"
    cells = "".join(f", {quoted(column.name)}" for column in kept)
    found = table.ask(f"SELECT {ROW}, {key}{cells} FROM {{t}} WHERE {ROW} IN ({rows}) ORDER BY {ROW}")
    items = [
        {column.name: _plain(cell, column) for column, cell in zip(kept, values, strict=True)}
        | {ID: sha256(f"{table.id}\x1f{own}".encode("utf-8", "replace")).hexdigest(), STRATUM: strata[row]}
        for row, own, *values in found
    ]
    return sorted(items, key=lambda item: (item[ID], canonical(item)))


def _plain(cell: Any, column: Column) -> Any:
    """A cell as JSON can hold it; patterns of personal data in text are masked."""
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    if isinstance(cell, Decimal):
        return float(cell) if cell.is_finite() else None
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    if cell is None or isinstance(cell, (bool, int)):
        return cell
    if isinstance(cell, timedelta):
        return cell.total_seconds()
    text = str(cell)
    if column.role in ("text", "other", "feedback"):
        for pattern, mask in _PATTERNS:
            text = pattern.sub(mask, text)
    return text


def fields_of(draw: Selection) -> list[dict[str, str]]:
    """Name, type and description of each field of the frozen items, as Croissant wants them."""
    out = set(left_out(draw))
    own = [
        {"name": ID, "type": "text", "description": "hash of the source's id and the row's key"},
        {"name": STRATUM, "type": "text", "description": "typical, edge, adversarial or subgroup"},
    ]
    return own + [
        {"name": column.name, "type": column.type, "description": f"role: {column.role}"}
        for column in draw.decisions.table.columns
        if column.name not in out
    ]


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces, the same for the same content."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def write_benchmark(selection: Selection, folder: Path, fingerprints: Mapping[str, str] | None = None) -> Path:
    """Freeze the items into benchmark.jsonl with its manifest and return the path of the items.

    `fingerprints` maps sources to the SHA-256 of their content. Raises
    InputError if another benchmark lies in the folder, which is never overwritten.
    """
    items = items_of(selection)
    lines = "".join(canonical(item) + "\n" for item in items).encode("utf-8", "replace")
    manifest = _manifest(selection, lines, dict(fingerprints or {}), left_out(selection))
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return place(folder, {FILE: lines, MANIFEST: text.encode()})[0]


def _manifest(draw: Selection, lines: bytes, fingerprints: dict[str, str], out: list[str]) -> dict[str, Any]:
    table, seen = draw.decisions.table, draw.contamination
    return {
        "format_version": 1,
        "file": FILE,
        "sha256": sha256(lines).hexdigest(),
        "items": len(draw.items),
        "items_asked": draw.asked,
        "strata": {stratum.key: _told(stratum) for stratum in draw.strata},
        "source": table.id,
        "joined": list(draw.decisions.joined),
        "source_fingerprints": fingerprints,
        "split": {
            "time_from": draw.cut or None,
            "entity_column": draw.entity or None,
            "training_rows": table.sql(f"SELECT * FROM {{t}} WHERE {draw.training}"),
            "rule": "training uses no row outside this query",
        },
        "contamination": {
            "same_content_in_training_before_removal": seen.same_before if seen.content_checked else None,
            "same_content_in_training_after_removal": seen.same_after if seen.content_checked else None,
            "nearly_the_same_before_removal": seen.near_before if seen.near_checked else None,
            "nearly_the_same_after_removal": seen.near_after if seen.near_checked else None,
            "entities_in_training_after_removal": seen.entities_after,
            "candidate_rows": seen.pool,
        },
        "failures_told_by": draw.decisions.failures,
        "seed": draw.seed,
        ID: "SHA-256 of the source's id, the byte 1F and the row's key",
        "columns_left_out": out,
        "masked_in_texts": [mask for _, mask in _PATTERNS],
        "warning": "Texts may still hold names of persons; read before sharing.",
        "package": f"ai-data-strategy {_version()}",
    }


def _told(stratum: Stratum) -> dict[str, Any]:
    return {"items": stratum.items, "rows_of_the_pool": stratum.pool, "failures": stratum.failures, "half_width_points": stratum.half_width}


def _version() -> str:
    try:
        return version("ai-data-strategy")
    except PackageNotFoundError:
        return "unknown"
