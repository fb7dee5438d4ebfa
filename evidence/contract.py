"""A data contract for each source (Open Data Contract Standard): what was measured becomes its limits, and unknown stays unknown."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ai_data_strategy.domain import Evidence
from ai_data_strategy.evidence.profile import Column, ColumnType, PiiShare, SourceProfile

API_VERSION = "v3.1.0"
UNKNOWN = "unknown"
_TYPES: dict[ColumnType, str] = {
    "number": "number", "integer": "integer", "text": "string", "time": "timestamp", "date": "date", "boolean": "boolean",
    "nested": "object", "binary": "string",
}  # fmt: skip
_SENSITIVE = ("health", "religion", "ethnicity", "union", "politics", "sexuality", "biometric", "criminal", "child", "financial")
_SLACK = 1.0
"""Points above the measured share of empty cells at which a delivery is refused, where cells were empty."""
_ODD = re.compile(r"[^A-Za-z0-9_-]+")


def contract(source: SourceProfile, evidence: Sequence[Evidence]) -> str:
    """YAML of a contract after the Open Data Contract Standard, checked with its own model; raises nothing on unknowns, it says so."""
    import yaml
    from open_data_contract_standard.model import OpenDataContractStandard

    content = dict(_content(source, [item for item in evidence if item.source == source.id]))
    OpenDataContractStandard.model_validate(content)
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120))


def _content(source: SourceProfile, evidence: Sequence[Evidence]) -> Iterator[tuple[str, Any]]:
    yield "apiVersion", API_VERSION
    yield "kind", "DataContract"
    yield "id", f"urn:data-contract:{source.id}"
    yield "name", source.name or source.id
    yield "version", "0.1.0"
    yield "status", "draft"
    yield (
        "description",
        {
            "purpose": f"Purpose at collection: {_told(source.purpose)}. Consent or other ground: {_told(source.consent)}.",
            "usage": f"Access: {_told(source.access)}. Sharing agreement: {_told(source.agreement)}.",
            "limitations": "Limits are those measured when this draft was made; the owner has not signed them.",
        },
    )
    yield "schema", [_object(source)]
    yield (
        "team",
        {
            "name": _told(source.owner),
            "description": "Owner of the source" if source.owner else "The owner is unknown: name one before signing",
        },
    )
    yield (
        "roles",
        [
            {
                "role": "reader",
                "access": "read",
                "description": f"Access: {_told(source.access)}",
                "firstLevelApprovers": _told(source.owner),
            }
        ],
    )
    yield "slaProperties", list(_levels(source))
    yield (
        "customProperties",
        [
            {"property": "kindOfData", "value": source.kind},
            {"property": "sharingAgreement", "value": _told(source.agreement)},
            {"property": "contentSha256", "value": source.fingerprint or UNKNOWN},
            {"property": "unknown", "value": ", ".join(_unknown(source)) or "nothing"},
            {"property": "measuredBy", "value": ", ".join(item.id for item in evidence if item.weight == 1) or UNKNOWN},
        ],
    )


def _told(text: str) -> str:
    return text.strip() or UNKNOWN


def _unknown(source: SourceProfile) -> list[str]:
    """What nobody has told and no measurement can tell."""
    texts = {name: getattr(source, name) for name in ("owner", "access", "agreement", "purpose", "consent")}
    return [name for name, text in texts.items() if not text] + (["retention"] if source.retention_days is None else [])


def _object(source: SourceProfile) -> dict[str, Any]:
    return {
        "name": source.id,
        "physicalName": source.name or source.id,
        "physicalType": "table" if source.format in ("sqlite", "duckdb", "postgres") else "file",
        "logicalType": "object",
        "description": f"{source.kind.replace('_', ' ')}, told by: {source.kind_reason}",
        "properties": [_property(source, column, number) for number, column in enumerate(source.columns, start=1)],
        "quality": [
            {
                "name": "not_empty", "type": "library", "metric": "rowCount", "mustBeGreaterThan": 0, "dimension": "completeness",
                "description": f"{source.rows} rows when measured",
            }
        ],
    }  # fmt: skip


def _property(source: SourceProfile, column: Column, number: int) -> dict[str, Any]:
    personal = [share for share in column.pii if share.hits or share.by_name]
    unique = source.rows > 1 and column.distinct == source.rows and not column.missing
    found: dict[str, Any] = {
        "id": f"c{number}_{_ODD.sub('_', column.name)[:60]}".rstrip("_"),
        "name": column.name,
        "physicalName": column.name,
        "logicalType": _TYPES[column.type],
        "physicalType": column.type,
        "description": f"role: {column.role} ({column.role_reason or 'no reason given'})",
        "required": source.rows > 0 and column.missing == 0,
        "unique": unique,
        "classification": _classification(personal),
    }
    if unique and column.role == "id":
        found |= {"primaryKey": True, "primaryKeyPosition": 1}
    if personal:
        found["tags"] = sorted({("sensitive:" if share.kind in _SENSITIVE else "pii:") + share.kind for share in personal})
        found["customProperties"] = [{"property": "personalData", "value": "; ".join(_seen(share) for share in personal)}]
    if quality := list(_rules(source, column, unique)):
        found["quality"] = quality
    return found


def _classification(personal: Sequence[PiiShare]) -> str:
    if any(share.kind in _SENSITIVE for share in personal):
        return "restricted"
    return "confidential" if personal else "internal"


def _seen(share: PiiShare) -> str:
    return f"{share.kind}: by the column's name" if share.by_name else f"{share.kind}: {share.hits} of {share.sampled} sampled cells"


def _rules(source: SourceProfile, column: Column, unique: bool) -> Iterator[dict[str, Any]]:
    """Rules at the measured limits; none for what was not counted."""
    if column.missing is not None and source.rows:
        share = 100 * column.missing / source.rows
        limit = 0 if column.missing == 0 else min(100, math.ceil(10 * (share + _SLACK)) / 10)
        operator = {"mustBe": 0} if limit == 0 else {"mustBeLessOrEqualTo": limit}
        yield {
            "name": "missing", "type": "library", "metric": "nullValues", "unit": "percent", **operator, "dimension": "completeness",
            "description": f"measured: {share:.2f} percent",
        }  # fmt: skip
    if unique:
        yield {
            "name": "unique", "type": "library", "metric": "duplicateValues", "unit": "rows", "mustBe": 0, "dimension": "uniqueness",
            "description": f"measured: {column.distinct} distinct values in {source.rows} rows",
        }  # fmt: skip


def _levels(source: SourceProfile) -> Iterator[dict[str, Any]]:
    time = source.column("time")
    element = {"element": f"{source.id}.{time.name}"} if time else {}
    if source.update_seconds is None:
        yield {"property": "frequency", "value": UNKNOWN, "description": "no times to measure it by", **element}
    else:
        yield {
            "property": "frequency", "value": round(source.update_seconds, 3), "unit": "s", "description": "measured: usual time between arrivals of rows", **element,
        }  # fmt: skip
    retention: dict[str, Any] = {"property": "retention", "value": UNKNOWN, "description": "to be told by the owner"}
    if source.retention_days is not None:
        retention = {"property": "retention", "value": source.retention_days, "unit": "d", "description": "as the manifest says"}
    yield retention
    if source.first and source.last:
        yield {"property": "timeRange", "value": f"{source.first}/{source.last}", "description": "measured: first and last time", **element}
