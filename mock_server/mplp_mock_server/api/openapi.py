"""`/openapi.json`: the operation table as OpenAPI 3.1, with the schemas of the models.

Spec: protocol §2.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from openapi_pydantic import (
    Components,
    Info,
    MediaType,
    OpenAPI,
    Parameter,
    PathItem,
    Reference,
    RequestBody,
    Response,
    Schema,
    Server,
    Tag,
)
from openapi_pydantic import Operation as Described
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from mplp_mock_server.api._envelope import PROTOCOL_VERSION
from mplp_mock_server.api._listing import DEFAULT_PAGE_SIZE, LARGEST_PAGE, Listing
from mplp_mock_server.api._operations import BASE_PATHS, JSON, Operation
from mplp_sdk.errors import CODES
from mplp_sdk.models import Pagination
from mplp_sdk.protocol.schemas import AbsentNotNull

__all__ = ["describe"]

_ANYWHERE: Final = (1001, 1003, 2001, 2002)
_WITH_BODY: Final = (3001, 3002, 3003, 3004, 3006)
_LISTS: Final = (3003, 3004)

_KEY: Final = Parameter.model_validate(
    {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "[ext] A request with the key of an earlier one is not carried out again.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    }
)


class _AsOnTheWire(AbsentNotNull):
    """Members that we do not know are kept, so no input is closed here."""

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        return {**super().typed_dict_schema(schema), "additionalProperties": True}


def describe(operations: Sequence[Operation]) -> bytes:
    """The document, as JSON."""
    schemas = _Schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        item = paths.setdefault(operation.path, {})
        item[operation.method.lower()] = _described(operation, schemas)
        if operation.bare:
            item["servers"] = [Server(url="/")]
    document = OpenAPI(
        openapi="3.1.1",
        info=Info(title="MPLP reference server", version=PROTOCOL_VERSION),
        servers=[Server(url=base) for base in BASE_PATHS],
        paths={path: PathItem(**item) for path, item in paths.items()},
        components=Components(schemas=schemas.components, securitySchemes=_SECURITY),
        security=[{"key": []}, {"bearer": []}, {}],
        tags=[Tag(name=name) for name in dict.fromkeys(operation.tag for operation in operations)],
    )
    return document.model_dump_json(by_alias=True, exclude_none=True).encode()


_SECURITY: Final[dict[str, Any]] = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}


class _Schemas:
    """Schemas of everything that operations take and answer, each shared part written once."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        shapes = [shape for one in operations for shape in (one.request, one.response) if shape is not None]
        # By the spelling of the type, since `list[Span]` made twice is two objects.
        adapters = {repr(shape): TypeAdapter[Any](shape) for shape in [*shapes, Pagination]}
        self._roots, shared = TypeAdapter.json_schemas(
            [(name, "serialization", adapter) for name, adapter in adapters.items()],
            ref_template="#/components/schemas/{model}",
            schema_generator=_AsOnTheWire,
        )
        own = {"Metadata": _METADATA, "Error": _ERROR}
        parts = {**shared.get("$defs", {}), **own}
        self.components = {name: Schema.model_validate(part) for name, part in parts.items()}

    def of(self, shape: Any) -> dict[str, Any]:
        """The schema of one type, mostly a reference."""
        return dict(self._roots[repr(shape), "serialization"])

    def data(self, operation: Operation) -> dict[str, Any]:
        """The schema of what an operation answers."""
        one = self.of(operation.response)
        if operation.listing is None:
            return one
        return _object(items={"type": "array", "items": one}, pagination=self.of(Pagination))


def _object(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(members)}


_METADATA: Final[dict[str, Any]] = _object(
    timestamp={"type": "string", "format": "date-time"},
    requestId={"type": "string"},
    version={"type": "string"},
    processingTime={"type": "number", "minimum": 0, "description": "Milliseconds."},
)

_ERROR: Final[dict[str, Any]] = _object(
    success={"const": False},
    error=_object(
        code={"type": "string", "enum": [str(number) for number in CODES]},
        name={"type": "string", "enum": [code.name for code in CODES.values()]},
        message={"type": "string"},
        details={"type": "object"},
    ),
    metadata={"$ref": "#/components/schemas/Metadata"},
)


def _described(operation: Operation, schemas: _Schemas) -> Described:
    return Described(
        operationId=operation.name,
        summary=operation.summary,
        tags=[operation.tag],
        parameters=_parameters(operation) or None,
        requestBody=_request_body(operation, schemas),
        responses={str(operation.status): _answer(operation, schemas), **_errors(operation)},
        security=[] if operation.bare else None,
    )


def _request_body(operation: Operation, schemas: _Schemas) -> RequestBody | None:
    if operation.request is None:
        return None
    schema = schemas.of(operation.request)
    if operation.request_media != JSON:
        schema = {"type": "string", "description": "One JSON object a line.", "contentSchema": schema}
    return RequestBody(content={operation.request_media: _media(schema)}, required=True)


def _answer(operation: Operation, schemas: _Schemas) -> Response:
    if operation.status == 204:
        return Response(description="Done.")
    if operation.response is None:
        return Response(description="Text.", content={"text/plain": _media({"type": "string"})})
    data = schemas.data(operation)
    if not operation.bare:
        data = _object(success={"const": True}, data=data, metadata={"$ref": "#/components/schemas/Metadata"})
    return Response(description="Done.", content={JSON: _media(data)})


def _errors(operation: Operation) -> dict[str, Response]:
    """One answer for each HTTP status, with the codes that it may carry."""
    if operation.bare:
        return {}
    codes = {*_ANYWHERE, *operation.errors}
    codes |= set(_WITH_BODY if operation.request is not None else ())
    codes |= set(_LISTS if operation.listing is not None else (3003,) if "{" in operation.path else ())
    by_status: dict[str, list[str]] = {}
    for number in sorted(codes):
        by_status.setdefault(str(CODES[number].status), []).append(f"{number} {CODES[number].name}")
    error = _media({"$ref": "#/components/schemas/Error"})
    return {
        status: Response(description=", ".join(names), content={JSON: error})
        for status, names in by_status.items()
    }


def _parameters(operation: Operation) -> list[Parameter | Reference]:
    in_path = [part.strip("{}") for part in operation.path.split("/") if part.startswith("{")]
    parameters: list[Parameter | Reference] = [
        _parameter("path", name, {"type": "string", "minLength": 1, "maxLength": 255}) for name in in_path
    ]
    if operation.method == "POST":
        parameters.append(_KEY)
    if operation.listing is not None:
        parameters += _list_parameters(operation.listing)
    return parameters


def _list_parameters(listing: Listing) -> list[Parameter]:
    orders = [sign + name for name in listing.sorts for sign in ("", "-")]
    size = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": DEFAULT_PAGE_SIZE}
    return [
        _parameter("query", "page", {"type": "integer", "minimum": 1, "default": 1}),
        _parameter("query", "pageSize", size),
        _parameter("query", "sort", {"type": "string", "default": listing.default_sort, "examples": orders}),
        *(_parameter("query", name, {"type": "string", "minLength": 1}) for name in listing.filters),
    ]


def _parameter(where: str, name: str, schema: dict[str, Any]) -> Parameter:
    told = {"name": name, "in": where, "schema": schema, "required": where == "path"}
    return Parameter.model_validate(told)


def _media(schema: dict[str, Any]) -> MediaType:
    return MediaType.model_validate({"schema": schema})
