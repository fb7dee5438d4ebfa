"""The replay set: failing cases as JSON Lines beside a manifest with content hash, environment and pass rule."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ai_data_strategy.evidence.clusters import Failing, clusters, failing_sample
from ai_data_strategy.evidence.decisions import Decisions
from ai_data_strategy.evidence.profile import Column
from ai_data_strategy.evidence.table import ROW, Table, quoted, shown

_KEPT = (
    "id",
    "time",
    "text",
    "other",
    "prediction",
    "confidence",
    "outcome",
    "label",
    "context",
    "group",
    "latency",
    "error",
    "severity",
    "feedback",
)
_MOST_CONTEXTS = 20
_RULE = {
    "equals_expected": "the new answer equals `expected`",
    "no_longer_fails": "the new answer no longer fails in the way that `kind` names",
}


def replay_set(decisions: Decisions, folder: Path, most: int = 200) -> Path:
    """Write `replay.jsonl` and `replay.manifest.json` into the folder; returns the path of the first.

    At most `most` failures, drawn by kind and cluster in proportion to frequency times severity, at least one of each while room
    lasts; the same in every run. Columns that tell a person apart are left out, and the manifest names them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kept, left_out = _columns(decisions.table)
    chosen = _chosen(decisions, most)
    lines = list(_lines(decisions, kept, chosen))
    content = "".join(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n" for line in lines).encode()
    path = folder / "replay.jsonl"
    path.write_bytes(content)
    manifest = {
        "file": path.name,
        "sha256": sha256(content).hexdigest(),
        "rows": len(lines),
        "rows_by_kind": dict(sorted(Counter(line["kind"] for line in lines).items())),
        "source": decisions.table.id,
        "joined": list(decisions.joined),
        "columns": [column.name for column in kept],
        "left_out": left_out,
        "environment": _environment(decisions.table, kept),
        "pass_rule": _RULE,
        "selection": {
            "most": most,
            "strata": "kind and cluster, in proportion to frequency times severity",
            "order": "hash of the row number",
        },
    }
    (folder / "replay.manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True) + "\n", "utf-8")
    return path


def _columns(table: Table) -> tuple[list[Column], dict[str, str]]:
    """Columns that go into the set, and why the others do not. Free text as such may go; text in which personal facts were found may not."""
    kept, left_out = list[Column](), dict[str, str]()
    for column in table.columns:
        personal = [share.kind for share in column.pii if share.kind != "free_text" and (share.hits or share.by_name)]
        if personal:
            left_out[column.name] = f"may hold personal facts: {', '.join(sorted(set(personal)))}"
        elif column.role not in _KEPT or column.type == "binary":
            left_out[column.name] = f"role {column.role}" if column.type != "binary" else "binary"
        else:
            kept.append(column)
    return kept, left_out


def _chosen(decisions: Decisions, most: int) -> list[tuple[Failing, int]]:
    """Failures with the number of their cluster (0: none), drawn by stratum."""
    failing, cluster_of = failing_sample(decisions), dict[int, int]()
    for number, cluster in enumerate(clusters(decisions), start=1):
        cluster_of.update({one.row: number for one in cluster.failures})
    strata: dict[tuple[str, int], list[Failing]] = {}
    for one in failing:
        strata.setdefault((one.kind, cluster_of.get(one.row, 0)), []).append(one)
    names = sorted(strata, key=lambda name: (-sum(one.severity for one in strata[name]), name))
    sizes = _shared_out(most, [sum(one.severity for one in strata[name]) for name in names], [len(strata[name]) for name in names])
    drawn = [(one, name[1]) for name, size in zip(names, sizes, strict=True) for one in strata[name][:size]]
    return sorted(drawn, key=lambda pair: pair[0].row)


def _shared_out(most: int, weights: Sequence[float], room: Sequence[int]) -> list[int]:
    """Places in proportion to weights: one each first, then one at a time to whoever is furthest behind (D'Hondt's divisors)."""
    sizes = [0] * len(weights)
    for _ in range(min(most, sum(room))):
        open_ = [index for index in range(len(weights)) if sizes[index] < room[index]]
        index = max(open_, key=lambda i: (sizes[i] == 0, weights[i] / (sizes[i] + 1), -i))
        sizes[index] += 1
    return sizes


def _lines(decisions: Decisions, kept: Sequence[Column], chosen: Sequence[tuple[Failing, int]]) -> Iterable[dict[str, Any]]:
    if not chosen:
        return
    table, names = decisions.table, [quoted(column.name) for column in kept]
    expected = table.column("outcome") or table.column("label")
    listed = ", ".join([ROW, *names])
    rows = {
        int(row[0]): row[1:]
        for row in table.ask(f"SELECT {listed} FROM {{t}} WHERE {ROW} IN (SELECT unnest(?))", [[one.row for one, _ in chosen]])
    }
    for one, cluster in chosen:
        values = {column.name: _plain(value) for column, value in zip(kept, rows[one.row], strict=True)}
        outcome = values.get(expected.name) if expected and one.kind == "wrong_prediction" else None
        yield {
            "row": one.row,
            "kind": one.kind,
            "cluster": cluster,
            "severity": one.severity,
            "expected": outcome,
            "pass_rule": "equals_expected" if outcome is not None else "no_longer_fails",
            "context": {column.name: values[column.name] for column in kept if column.role in ("context", "group")},
            "case": {column.name: values[column.name] for column in kept if column.role not in ("context", "group")},
        }


def _plain(value: Any) -> Any:
    """A cell as JSON."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _environment(table: Table, kept: Sequence[Column]) -> dict[str, Any]:
    """Where the failures happened (values of the contexts, the most frequent first) and what wrote this set."""
    contexts = {}
    for column in kept:
        if column.role == "context":
            name = quoted(column.name)
            rows = table.ask(
                f"SELECT CAST({name} AS VARCHAR) AS v, count(*) FROM {{t}} WHERE {name} IS NOT NULL GROUP BY v ORDER BY 2 DESC, v LIMIT {_MOST_CONTEXTS}"
            )
            contexts[column.name] = [shown(row[0]) for row in rows]
    try:
        own = version("ai-data-strategy")
    except PackageNotFoundError:
        own = "unknown"
    return {"contexts": contexts, "python": platform.python_version(), "ai_data_strategy": own}
