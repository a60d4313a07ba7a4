"""Endpoints of JSON Schemas. Spec: protocol §2.1 [ext], §4."""

from __future__ import annotations

import builtins
from typing import Any

from mplp_sdk.client._operations._call import Call, reader, reading, segment, sending
from mplp_sdk.models import SchemaInfo, SchemaList, ValidationReport

__all__ = ["get", "list", "validate"]


def list() -> Call[builtins.list[SchemaInfo]]:  # noqa: A001  # callers write schemas.list
    """GET /schemas."""
    return Call(method="GET", path="/schemas", read=_schemas)


def get(module: str) -> Call[dict[str, Any]]:
    """GET /schemas/{module}."""
    return reading(f"/schemas/{segment(module=module)}", dict[str, Any])


def validate(module: str, value: Any) -> Call[ValidationReport]:
    """POST /schemas/{module}/validate."""
    return sending("POST", f"/schemas/{segment(module=module)}/validate", Any, value, ValidationReport)


def _schemas(data: object) -> builtins.list[SchemaInfo]:
    return reader(SchemaList)(data).schemas
