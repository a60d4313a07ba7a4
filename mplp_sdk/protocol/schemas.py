"""JSON Schemas (2020-12) of the protocol's objects, made from the models.

They are the strict reading of protocol §3: enumerations are closed, ids are UUIDs, an optional member is
absent rather than null, and unknown members are allowed everywhere. Assert formats when you validate.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from mplp_sdk.models import Confirmation, Context, Execution, Extension, MPLPModel, Plan, Role, Span

__all__ = ["MODULES", "AbsentNotNull", "schema"]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

MODULES: Final[dict[str, type[MPLPModel]]] = {
    "context": Context,
    "plan": Plan,
    "confirmation": Confirmation,
    "trace": Span,
    "role": Role,
    "extension": Extension,
    "execution": Execution,
}
"""Model of each kind of object, by the name it has in an ingest record."""


class AbsentNotNull(GenerateJsonSchema):
    """Writes an optional member as its type alone: the wire leaves it out and never says null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        written = super().default_schema(schema)
        if written.get("default", ...) is None:
            del written["default"]
        return written


@cache
def _build(module: str) -> dict[str, Any]:
    written = MODULES[module].model_json_schema(schema_generator=AbsentNotNull)
    return {"$schema": DIALECT, "$id": f"https://mplp.dev/schemas/v1.0/{module}.json", **written}


def schema(module: str) -> dict[str, Any]:
    """The JSON Schema of one kind of object.

    Args:
        module: `context`, `plan`, `confirmation`, `trace`, `role`, `extension` or `execution`.

    Raises:
        KeyError: no such kind of object.

    Spec: protocol §3; RFC §6.
    """
    return dict(_build(module))
