"""What a server answers about an object's validity, and its list of JSON Schemas.

`mplp_sdk.validate` gives the same answer offline. Spec: protocol §2.1, §4; RFC §7.3.1.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from mplp_sdk.models._base import MPLPModel, OneOf, camel

__all__ = ["ReportMetadata", "SchemaInfo", "SchemaList", "ValidationFinding", "ValidationReport"]


class ValidationFinding(MPLPModel):
    """One thing that is wrong, or that somebody should look at."""

    level: Annotated[str, OneOf(Literal["error", "warning"])]
    code: str
    """`V0xx` for an error, `W0xx` for a warning."""
    rule: str
    """Name of the rule, such as `goals_not_empty`."""
    message: str
    path: str
    """Where, such as `plan.tasks[3].name`."""
    value: Any = None
    """What stands there; None where nothing does."""
    suggestion: str | None = None
    """What a person can do about it."""


class ReportMetadata(MPLPModel):
    """About the validation itself."""

    validation_time: float = camel("validation_time")
    """Milliseconds."""
    rules_executed: int = camel("rules_executed")
    validator_version: str = camel("validator_version")
    schema_id: str | None = camel("schema_id", default=None)
    """`$id` of the JSON Schema; None where the kind of object is unknown."""
    data_size: int | None = camel("data_size", default=None)
    """Bytes of the object as JSON."""


class ValidationReport(MPLPModel):
    """The verdict, and all that led to it."""

    valid: bool
    """Whether there are no errors; warnings do not count."""
    errors: list[ValidationFinding] = Field(default_factory=list)
    warnings: list[ValidationFinding] = Field(default_factory=list)
    metadata: ReportMetadata


class SchemaInfo(MPLPModel):
    """One JSON Schema that the server has."""

    module: str
    """Kind of object, as in an ingest record."""
    id: str
    """Its `$id`."""
    title: str | None = None


class SchemaList(MPLPModel):
    """All JSON Schemas that the server has."""

    schemas: list[SchemaInfo]
