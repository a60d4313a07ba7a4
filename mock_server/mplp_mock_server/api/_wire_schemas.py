"""JSON Schemas of what operations take and answer: what this server really accepts, and really sends.

They are more open than `mplp_sdk.protocol.schemas`, which is the strict reading: an id is any text that can
be shown, members that are not known are kept, and an optional member may be null in place of absent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from openapi_pydantic import Schema
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from mplp_mock_server.api._envelope import SANE_ID
from mplp_mock_server.api._operations import TEXT
from mplp_sdk.errors import CODES

__all__ = ["WireSchemas", "envelope", "failure", "obj", "reference"]


def reference(name: str) -> dict[str, Any]:
    """The shared schema `name`."""
    return {"$ref": f"#/components/schemas/{name}"}


def obj(**members: Any) -> dict[str, Any]:
    """An object that has all these members."""
    return {"type": "object", "properties": members, "required": list(members)}


def envelope(data: dict[str, Any]) -> dict[str, Any]:
    """A good answer."""
    return obj(success={"const": True}, data=data, metadata=reference("Metadata"))


def failure(codes: Iterable[int]) -> dict[str, Any]:
    """An error with one of these codes."""
    known = sorted(codes)
    narrowed = {
        "code": {"enum": [str(code) for code in known]},
        "name": {"enum": [CODES[code].name for code in known]},
    }
    return {"allOf": [reference("Error"), {"properties": {"error": {"properties": narrowed}}}]}


_OWN: Final[dict[str, Any]] = {
    "Id": {
        **TEXT,
        "description": "An identifier. Where this server makes one, it is a UUID in lower case.",
        "examples": ["2f1d3c66-9f0b-4a5e-8a54-0c1f1a1b8a11"],
    },
    "Metadata": obj(
        timestamp={"type": "string", "format": "date-time"},
        requestId={"type": "string", "pattern": f"^{SANE_ID}$"},
        version={"type": "string"},
        processingTime={"type": "number", "minimum": 0, "description": "Milliseconds."},
    ),
    "Error": obj(
        success={"const": False},
        error=obj(
            code={"type": "string", "enum": [str(number) for number in CODES]},
            name={"type": "string", "enum": [code.name for code in CODES.values()]},
            message={"type": "string"},
            details={
                "type": "object",
                "description": "What it is about. For 3xxx: `field`, `reason`, and `errors` if several.",
            },
        ),
        metadata=reference("Metadata"),
    ),
}


class WireSchemas:
    """The schemas of some types, each shared part written once.

    Args:
        shapes: what operations take and answer.
        changes: types that change an object, each with the model of the object. Where null takes a member
            away, it cannot stand for one that the object must have.
    """

    def __init__(self, shapes: Iterable[Any], changes: Iterable[tuple[Any, type[BaseModel]]]) -> None:
        # By the spelling of the type, since `list[Span]` made twice is two objects.
        adapters = {repr(shape): TypeAdapter[Any](shape) for shape in shapes}
        roots, shared = TypeAdapter.json_schemas(
            [(name, "serialization", adapter) for name, adapter in adapters.items()],
            ref_template="#/components/schemas/{model}",
            schema_generator=_AsOnTheWire,
        )
        self._roots = {name: _with_ids(schema) for (name, _), schema in roots.items()}
        parts = {**_with_ids(shared.get("$defs", {})), **_OWN}
        for shape, model in changes:
            _keep_required(parts[shape.__name__]["properties"], model)
        self.components = {name: Schema.model_validate(part) for name, part in parts.items()}

    def of(self, shape: Any) -> dict[str, Any]:
        """The schema of one type, mostly a reference."""
        return dict(self._roots[repr(shape)])


class _AsOnTheWire(GenerateJsonSchema):
    """Members that are not known are kept, so no object is closed; what may be absent may be null."""

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        return {**super().typed_dict_schema(schema), "additionalProperties": True}

    def typed_dict_field_schema(self, schema: core_schema.TypedDictField) -> JsonSchemaValue:
        written = super().typed_dict_field_schema(schema)
        return written if schema.get("required", True) else _or_null(written)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        written = super().default_schema(schema)
        if written.get("default", ...) is None:
            del written["default"]
        return written


def _or_null(schema: JsonSchemaValue) -> JsonSchemaValue:
    return schema if not schema else {"anyOf": [schema, {"type": "null"}]}


def _keep_required(members: dict[str, Any], model: type[BaseModel]) -> None:
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    for name in required & set(members):
        alternatives = members[name].pop("anyOf")
        members[name] |= next(one for one in alternatives if one != {"type": "null"})


def _with_ids(part: Any) -> Any:
    """The same schema, with our ids in place of UUIDs: only the strict reading asks for those."""
    if isinstance(part, list):
        return [_with_ids(one) for one in part]
    if not isinstance(part, dict):
        return part
    if part.get("format") == "uuid":
        rest = {name: one for name, one in part.items() if name not in ("type", "format", "minLength")}
        return {**rest, **reference("Id")}
    return {name: _with_ids(one) for name, one in part.items()}
