"""The words of profiling as types: sources, columns and their roles, charts, problems, and the profile that holds them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from ai_data_strategy.domain import Evidence, Id, Model, filled

FORMAT_VERSION = 1
"""Version of evidence.json."""

Kind = Literal["product_logs", "events", "content", "transactions", "tickets", "annotations", "predictions", "feedback", "reference"]
ColumnRole = Literal[
    "id", "entity", "time", "label", "annotator", "prediction", "confidence", "outcome", "group", "text",
    "feedback", "feedback_time", "context", "latency", "error", "severity", "other",
]  # fmt: skip
"""What a column is for.

id: key of one row or decision. entity: the person, customer or thing behind it. time: when it happened. label: class given by an
annotator or process. annotator: who gave it. prediction: class or value a model gave. confidence: score of that prediction (0-1).
outcome: what turned out to be true. group: protected or business group. text: free text. feedback: a user's reaction (thumbs, rating,
correction, complaint). feedback_time: when that came. context: device, network, locale, app version. latency: how long an answer
took. error: error code or flag. severity: how bad a failure was.
"""
ROLES: tuple[ColumnRole, ...] = get_args(ColumnRole)
KINDS: tuple[Kind, ...] = get_args(Kind)

ColumnType = Literal["number", "integer", "text", "time", "date", "boolean", "nested", "binary"]
Pii = Literal["email", "phone", "card", "iban", "national_id", "ip", "name", "address", "birth", "location", "device", "free_text"]
Sensitive = Literal["health", "religion", "ethnicity", "union", "politics", "sexuality", "biometric", "criminal", "child", "financial"]


class PiiShare(Model):
    """Share of the sampled non-empty cells of a column in which a pattern was found; `by_name` if only the column's name says so."""

    kind: Pii | Sensitive
    hits: Annotated[int, Field(ge=0)]
    sampled: Annotated[int, Field(ge=0)]
    by_name: bool = False


class Column(Model):
    """One column as profiled. `role_reason` says why that role: "manifest" or what gave it away."""

    name: Annotated[str, Field(max_length=300)]
    type: ColumnType
    role: ColumnRole = "other"
    role_reason: Annotated[str, Field(max_length=200)] = ""
    missing: Annotated[int | None, Field(ge=0, description="empty cells")] = None
    distinct: Annotated[int | None, Field(ge=0, description="distinct values, counted exactly; null where not counted")] = None
    pii: list[PiiShare] = []


class SourceProfile(Model):
    """One source as profiled: what the data show, and what the manifest says of it. `location` holds no password."""

    id: Id
    name: Annotated[str, Field(max_length=100)]
    location: Annotated[str, Field(max_length=500)]
    format: Annotated[str, Field(max_length=20)]
    kind: Kind
    kind_reason: Annotated[str, Field(max_length=200)]
    rows: Annotated[int, Field(ge=0)]
    columns: list[Column]
    first: Annotated[str, Field(description="earliest time, ISO 8601; empty if there is no time column")] = ""
    last: str = ""
    update_seconds: Annotated[float | None, Field(description="usual time between two arrivals of rows, seconds; null if unknown")] = None
    fingerprint: Annotated[str, Field(description="SHA-256 over the content; empty if it was not computed")] = ""
    owner: str = ""
    access: str = ""
    agreement: str = ""
    purpose: str = ""
    consent: str = ""
    retention_days: float | None = None

    def column(self, role: ColumnRole) -> Column | None:
        """The first column of a role."""
        return next((column for column in self.columns if column.role == role), None)


class Chart(Model):
    """A picture for what people look at rather than read: a Vega-Lite specification with aggregated values inside."""

    id: Id
    topic: str
    title: Annotated[str, Field(max_length=200)]
    places: dict[str, str] = {}
    spec: dict[str, Any]


class Problem(Model):
    """What is wrong with a source or could not be measured: `what` and `todo` are catalogue texts with %(place)s."""

    source: Annotated[str, Field(max_length=500, description="id or location of the source")]
    what: Annotated[str, Field(max_length=300)]
    todo: Annotated[str, Field(max_length=300)] = ""
    places: dict[str, Annotated[str, Field(max_length=300)]] = {}

    @property
    def text(self) -> str:
        """Source, fault and remedy in English."""
        parts = (filled(part, self.places) for part in (self.what, self.todo) if part)
        return f"{self.source}: {'; '.join(parts)}"


class Profile(Model):
    """Everything that was measured: the content of evidence.json."""

    format_version: int = FORMAT_VERSION
    created: str = ""
    sources: list[SourceProfile] = []
    evidence: list[Evidence] = []
    charts: list[Chart] = []
    problems: list[Problem] = []


Found = Evidence | Chart | Problem
"""What a measurement yields."""
