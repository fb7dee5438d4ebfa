"""The manifest: what data cannot tell about themselves. Written by the user as sources.yaml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ai_data_strategy.domain import Model
from ai_data_strategy.evidence.profile import ColumnRole, Kind


class SourceEntry(Model):
    """One source of the manifest. `location` is a path, glob or URL; a relative path is relative to the manifest's folder.

    `roles` maps a column's name to what it is for; `types` overrides a sniffed type with a DuckDB type name.
    """

    location: str
    id: Annotated[str | None, Field(max_length=60, pattern=r"^[a-z][a-z0-9_]*$")] = None
    name: Annotated[str, Field(max_length=100)] = ""
    table: Annotated[str | None, Field(description="one table of a database; all of them if empty")] = None
    kind: Kind | None = None
    owner: str = ""
    access: str = ""
    agreement: str = ""
    purpose: str = ""
    consent: str = ""
    retention_days: Annotated[float | None, Field(ge=0)] = None
    roles: dict[str, ColumnRole] = {}
    types: dict[str, str] = {}
    training: Annotated[bool | None, Field(description="true if its rows have trained or will train a model")] = None
    failure: Annotated[dict[str, list[str]], Field(description="values that count as failure, by column: {rating: [thumbs_down]}")] = {}


class Manifest(Model):
    """All sources that the user describes."""

    sources: list[SourceEntry] = []
