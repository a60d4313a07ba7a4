"""`/openapi.json`: the operation table as OpenAPI 3.1, with the schemas of the models and recorded examples.

Spec: protocol §2.1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from openapi_pydantic import (
    Components,
    Example,
    Header,
    Info,
    Link,
    MediaType,
    OpenAPI,
    Parameter,
    PathItem,
    Reference,
    RequestBody,
    Response,
    Server,
    Tag,
)
from openapi_pydantic import Operation as Described

from mplp_mock_server.api._envelope import PROTOCOL_VERSION
from mplp_mock_server.api._listing import DEFAULT_PAGE_SIZE, LARGEST_PAGE, LAST_PAGE, Listing
from mplp_mock_server.api._operations import BASE_PATHS, JSON, KEY_PATTERN, TAGS_PATTERN, TEXT, Operation
from mplp_mock_server.api._wire_schemas import WireSchemas, envelope, failure, obj
from mplp_sdk.errors import CODES
from mplp_sdk.models import Pagination

__all__ = ["describe"]

_ANYWHERE: Final = (1001, 1003, 2001, 2002, 2003, 2004, 2008)
_WITH_BODY: Final = (3001, 3002, 3003, 3004, 3006)
_LISTS: Final = (3003, 3004)

_ABOUT: Final = """The reference server of the Multi-Agent Project Lifecycle Protocol.

What is marked [ext] goes beyond the protocol's own documents. A member that is not known is kept and sent
back. A body holds at most 8 MiB, packed (`Content-Encoding: gzip` or `zstd`) or not, and nests at most 64
levels deep; a member that is there twice, NaN, and a number beyond a double are refused with 3003."""


def describe(operations: Sequence[Operation]) -> bytes:
    """The document, as JSON."""
    paths: dict[str, dict[str, Any]] = {}
    schemas = WireSchemas(_shapes(operations), _changes(operations))
    for operation in operations:
        item = paths.setdefault(operation.path, {})
        item[operation.method.lower()] = _described(operation, operations, schemas)
        if operation.bare:
            item["servers"] = [Server(url="/")]
    document = OpenAPI(
        openapi="3.1.1",
        info=Info(title="MPLP reference server", version=PROTOCOL_VERSION, description=_ABOUT),
        servers=[Server(url=base, description="The same API twice.") for base in BASE_PATHS],
        paths={path: PathItem(**item) for path, item in paths.items()},
        components=Components(
            schemas=schemas.components,
            parameters=dict(_SHARED_PARAMETERS),
            headers=dict(_HEADERS),
            examples={code: Example(value=answer) for code, answer in _examples()["errors"].items()},
            securitySchemes=_SECURITY,
        ),
        security=[{"key": []}, {"bearer": []}, {}],
        tags=[_tag(name) for name in dict.fromkeys(operation.tag for operation in operations)],
    )
    return document.model_dump_json(by_alias=True, exclude_none=True, exclude_unset=True).encode()


def _shapes(operations: Sequence[Operation]) -> Iterator[Any]:
    yield Pagination
    for operation in operations:
        yield from (shape for shape in (operation.request, operation.response) if shape is not None)


def _changes(operations: Sequence[Operation]) -> Iterator[tuple[Any, Any]]:
    """The requests of a PUT whose members are those of the object that it answers."""
    for operation in operations:
        if operation.method == "PUT" and operation.request.__name__ == f"{operation.response.__name__}Update":
            yield operation.request, operation.response


_SECURITY: Final[dict[str, Any]] = {
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "Asked for where the server was started with a key.",
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The same key, in the header that most clients know.",
    },
}

_TAGS: Final[Mapping[str, str]] = {
    "contexts": "The shared state of a piece of work.",
    "plans": "What is to be done.",
    "confirmations": "Who was asked, and who decided what.",
    "traces": "What really ran, one span a step.",
    "roles": "What somebody can and may do.",
    "extensions": "What is added to the protocol.",
    "executions": "The carrying-out of plans.",
    "ingest": "Recorded objects in bulk, and how far each stream of them is. [ext]",
    "schemas": "JSON Schemas of the objects, and judging by them. [ext]",
    "auth": "Tokens. [ext]",
    "rpc": "Every action at one address.",
    "system": "The server itself.",
}


def _tag(name: str) -> Tag:
    return Tag(name=name, description=_TAGS.get(name))


_SHARED_PARAMETERS: Final[Mapping[str, Parameter]] = {
    "RequestId": Parameter.model_validate(
        {
            "name": "X-Request-ID",
            "in": "header",
            "description": "Name of this request, sent back; the server gives one that is absent or unfit.",
            "schema": {"type": "string"},
        }
    ),
    "IdempotencyKey": Parameter.model_validate(
        {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "[ext] A request with the key of an earlier one is not carried out again.",
            "schema": {"type": "string", "pattern": KEY_PATTERN},
        }
    ),
    "IfMatch": Parameter.model_validate(
        {
            "name": "If-Match",
            "in": "header",
            "description": "[ext] Refused with 4003 unless the object has one of these ETags.",
            "schema": {"type": "string", "pattern": TAGS_PATTERN},
        }
    ),
}

_HEADERS: Final[Mapping[str, Header]] = {
    "RequestId": Header.model_validate(
        {"description": "Name of the request.", "required": True, "schema": {"type": "string"}}
    ),
    "RetryAfter": Header.model_validate(
        {
            "description": "Seconds after which to try again, where that is known.",
            "schema": {"type": "integer", "minimum": 0},
        }
    ),
    "ETag": Header.model_validate(
        {
            "description": "[ext] Names this state of the object, for If-Match.",
            "required": True,
            "schema": {"type": "string", "pattern": '^"[0-9a-f]+"$'},
        }
    ),
}


def _described(operation: Operation, operations: Sequence[Operation], schemas: WireSchemas) -> Described:
    return Described(
        operationId=operation.name,
        summary=operation.summary,
        tags=[operation.tag],
        parameters=_parameters(operation) or None,
        requestBody=_request_body(operation, schemas),
        responses=_responses(operation, operations, schemas),
        security=[] if operation.bare or operation.open else None,
    )


# --- What is sent


def _request_body(operation: Operation, schemas: WireSchemas) -> RequestBody | None:
    if operation.request is None:
        return None
    schema, about = schemas.of(operation.request), None
    if operation.request_media != JSON:
        about = "One record a line. A wrong line is refused by its number, and does not spoil the others."
        # No type: what is sent is text in any case.
        schema = {"contentMediaType": operation.request_media, "contentSchema": schema}
    recorded = _examples()["operations"].get(operation.name, {})
    media = _media(schema, example=recorded.get("request"))
    required = not operation.request_optional
    return RequestBody(content={operation.request_media: media}, required=required, description=about)


def _parameters(operation: Operation) -> list[Parameter | Reference]:
    names = [part.strip("{}") for part in operation.path.split("/") if part.startswith("{")]
    parameters: list[Parameter | Reference] = [
        _parameter("path", name, TEXT, example=_examples()["parameters"].get(name)) for name in names
    ]
    if operation.listing is not None:
        parameters += _list_parameters(operation.listing)
    parameters += [
        _parameter(one.where, one.name, one.schema, about=one.description) for one in operation.parameters
    ]
    parameters += [_shared("parameters", name) for name in _header_parameters(operation)]
    return parameters


def _header_parameters(operation: Operation) -> Iterator[str]:
    if operation.method == "POST" and not operation.bare:
        yield "IdempotencyKey"
    if _is_conditional(operation):
        yield "IfMatch"
    if not operation.bare:
        yield "RequestId"


def _is_conditional(operation: Operation) -> bool:
    return operation.versioned and operation.method in ("PUT", "DELETE")


def _list_parameters(listing: Listing) -> list[Parameter]:
    page = {"type": "integer", "minimum": 1, "maximum": LAST_PAGE, "default": 1}
    size = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": DEFAULT_PAGE_SIZE}
    texts = [*listing.filters, *(["after"] if listing.after else [])]
    return [
        _parameter("query", "page", page),
        _parameter("query", "pageSize", size),
        *([_parameter("query", "sort", _sort(listing))] if listing.sorts else []),
        *(_parameter("query", name, _filter(listing, name)) for name in texts),
    ]


def _filter(listing: Listing, name: str) -> Mapping[str, Any]:
    choices = listing.choices.get(name)
    return TEXT if choices is None else {"type": "string", "enum": list(choices)}


def _sort(listing: Listing) -> dict[str, Any]:
    term = f"-?({'|'.join(listing.sorts)})"
    return {
        "type": "string",
        "pattern": f"^{term}(,{term})*$",
        "default": listing.default_sort,
        "description": "Names to sort by, the first one first; descending after -.",
    }


def _parameter(
    where: str, name: str, schema: Mapping[str, Any], *, about: str | None = None, example: Any = None
) -> Parameter:
    told = {"name": name, "in": where, "schema": schema, "description": about, "example": example}
    return Parameter.model_validate({**told, "required": where == "path"})


def _shared(what: str, name: str) -> Reference:
    return Reference.model_validate({"$ref": f"#/components/{what}/{name}"})


# --- What is answered


def _responses(
    operation: Operation, operations: Sequence[Operation], schemas: WireSchemas
) -> dict[str, Response | Reference]:
    shape, links = _shape(operation, schemas), dict(_links(operation, operations))
    told: dict[str, Response] = {}
    for status in map(str, (operation.status, *operation.also)):
        told[status] = _good(operation, status, shape, links)
    for status, codes in _errors(operation).items():
        failed = _failed(codes)
        told[status] = _either(told[status], failed) if status in told else failed
    return dict(told)


def _shape(operation: Operation, schemas: WireSchemas) -> tuple[str, dict[str, Any]] | None:
    """Media type and schema of a good answer; None where it has no body."""
    if operation.status == 204:
        return None
    if operation.response is None:
        return "text/plain", {"type": "string"}
    data = schemas.of(operation.response)
    if operation.listing is not None:
        data = obj(items={"type": "array", "items": data}, pagination=schemas.of(Pagination))
    return JSON, data if operation.bare or operation.plain else envelope(data)


def _good(
    operation: Operation,
    status: str,
    shape: tuple[str, dict[str, Any]] | None,
    links: dict[str, Link | Reference],
) -> Response:
    headers: dict[str, Header | Reference] = {"X-Request-ID": _shared("headers", "RequestId")}
    if operation.versioned and shape is not None:
        headers["ETag"] = _shared("headers", "ETag")
    content = None
    if shape is not None:
        media_type, schema = shape
        content = {media_type: _media(schema, examples=_recorded(operation, status))}
    return Response(description="Done.", headers=headers, content=content, links=links or None)


def _failed(codes: Sequence[int]) -> Response:
    headers: dict[str, Header | Reference] = {"X-Request-ID": _shared("headers", "RequestId")}
    if any(CODES[code].retryable for code in codes):
        headers["Retry-After"] = _shared("headers", "RetryAfter")
    recorded = {
        str(code): _shared("examples", str(code)) for code in codes if str(code) in _examples()["errors"]
    }
    about = ", ".join(f"{code} {CODES[code].name}" for code in codes)
    content = {JSON: _media(failure(codes), examples=recorded or None)}
    return Response(description=about, headers=headers, content=content)


def _either(good: Response, failed: Response) -> Response:
    """One answer for a status that may mean both: 4008 is an error on a 202."""
    one, other = (response.content[JSON] for response in (good, failed) if response.content)
    both = {"anyOf": [one.media_type_schema, other.media_type_schema]}
    examples = {**(one.examples or {}), **(other.examples or {})}
    return Response(
        description=f"{good.description} Or, as `success` says: {failed.description}",
        headers={**(failed.headers or {}), "X-Request-ID": _shared("headers", "RequestId")},
        content={JSON: _media(both, examples=examples or None)},
        links=good.links,
    )


def _errors(operation: Operation) -> dict[str, list[int]]:
    """The codes that each HTTP status may carry."""
    codes = {2004} if operation.bare else {*_ANYWHERE, *operation.errors}
    codes |= {3003, 4003} if _is_conditional(operation) else set()
    codes |= {3003} if operation.method == "POST" and not operation.bare else set()
    codes |= set(_WITH_BODY if operation.request is not None else ())
    codes |= set(_LISTS if operation.listing is not None else (3003,) if "{" in operation.path else ())
    by_status: dict[str, list[int]] = {}
    for number in sorted(codes):
        by_status.setdefault(str(CODES[number].status), []).append(number)
    return by_status


def _links(operation: Operation, operations: Sequence[Operation]) -> Iterator[tuple[str, Link | Reference]]:
    """From what makes an object to everything that is done with it."""
    if operation.status != 201 or operation.response is None:
        return
    members = getattr(operation.response, "model_fields", {})
    for other in operations:
        rest = other.path.removeprefix(operation.path + "/")
        name, *further = rest.split("/")
        if rest == other.path or not name.startswith("{") or any("{" in part for part in further):
            continue
        own = name.strip("{}")
        member = own if own in members else "id"
        given = {part.strip("{}"): f"$request.path.{part.strip('{}')}" for part in _holes(operation.path)}
        parameters = {**given, own: f"$response.body#/data/{member}"}
        yield other.name, Link(operationId=other.name, parameters=parameters)


def _holes(path: str) -> list[str]:
    return [part for part in path.split("/") if part.startswith("{")]


def _media(schema: Mapping[str, Any], *, example: Any = None, examples: Any = None) -> MediaType:
    return MediaType.model_validate({"schema": schema, "example": example, "examples": examples})


def _recorded(operation: Operation, status: str) -> dict[str, Any] | None:
    """The answer that was recorded, if it had this status."""
    recorded = _examples()["operations"].get(operation.name, {})
    if "response" not in recorded or str(recorded["status"]) != status:
        return None
    return {"recorded": {"value": recorded["response"]}}


@cache
def _examples() -> dict[str, Any]:
    """What `scripts/generate_examples.py` recorded: `parameters`, `operations` and `errors`."""
    text = files("mplp_mock_server.api").joinpath("examples.json").read_text("utf-8")
    read: dict[str, Any] = json.loads(text)
    return read
