"""Croissant metadata (MLCommons, version 1.0) for a file of items: what it holds, which hash it has, what its fields mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

UNDECIDED = "unknown: to be decided by the owner of the data"
_TYPES: dict[str, str] = {
    "number": "sc:Float", "integer": "sc:Integer", "text": "sc:Text", "time": "sc:DateTime", "date": "sc:Date", "boolean": "sc:Boolean",
    "nested": "sc:Text", "binary": "sc:Text",
}  # fmt: skip
FORMATS = {
    ".csv": "text/csv", ".tsv": "text/tsv", ".jsonl": "application/jsonlines", ".ndjson": "application/jsonlines", ".json": "application/json",
    ".parquet": "application/x-parquet",
}  # fmt: skip
_ODD = re.compile(r"[^A-Za-z0-9_-]+")
_CONTEXT: dict[str, Any] = {
    "@language": "en", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs", "column": "cr:column", "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/", "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"}, "extract": "cr:extract", "field": "cr:field", "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject", "fileSet": "cr:fileSet", "format": "cr:format", "includes": "cr:includes", "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath", "key": "cr:key", "md5": "cr:md5", "parentField": "cr:parentField", "path": "cr:path", "recordSet": "cr:recordSet",
    "references": "cr:references", "regex": "cr:regex", "repeated": "cr:repeated", "replace": "cr:replace", "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/", "separator": "cr:separator", "source": "cr:source", "subField": "cr:subField", "transform": "cr:transform",
}  # fmt: skip


def croissant(
    name: str,
    files: Sequence[Mapping[str, Any]],
    fields: Sequence[Mapping[str, str]],
    description: str,
    license: str = UNDECIDED,
    published: str = "",
    version: str = "1.0.0",
) -> dict[str, Any]:
    """Croissant JSON-LD. `files`: path (relative), sha256, rows. `fields`: name, type (of a profiled column), description.

    Every file holds the same fields. `published` is an ISO date; empty if it has none yet.
    """
    objects = [
        {
            "@type": "cr:FileObject",
            "@id": f"file-{number}",
            "name": _plain(str(file["path"])),
            "description": f"{file['rows']} rows",
            "contentUrl": str(file["path"]),
            "encodingFormat": _format(str(file["path"])),
            "sha256": str(file["sha256"]),
        }
        for number, file in enumerate(files, start=1)
    ]
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": _plain(name),
        "description": description,
        "license": license,
        "citeAs": name,
        "url": f"urn:dataset:{_plain(name)}",
        "version": version,
        **({"datePublished": published} if published else {}),
        "distribution": objects,
        "recordSet": [_records(number, str(object_["@id"]), fields) for number, object_ in enumerate(objects, start=1)],
    }


def _records(number: int, file: str, fields: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    id_ = "items" if number == 1 else f"items-{number}"
    return {
        "@type": "cr:RecordSet",
        "@id": id_,
        "name": id_,
        "field": [_field(id_, position, file, field) for position, field in enumerate(fields, start=1)],
    }


def _field(records: str, position: int, file: str, field: Mapping[str, str]) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{records}/{position}_{_plain(field['name'])}",
        "name": _plain(field["name"]),
        "description": field.get("description") or field["name"],
        "dataType": _TYPES.get(field["type"], "sc:Text"),
        "source": {"fileObject": {"@id": file}, "extract": {"column": field["name"]}},
    }


def _format(path: str) -> str:
    return next((format_ for ending, format_ in FORMATS.items() if path.lower().endswith(ending)), "application/octet-stream")


def _plain(text: str) -> str:
    return _ODD.sub("_", text).strip("_") or "unnamed"
