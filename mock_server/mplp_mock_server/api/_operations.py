"""What an endpoint is. The tables of operations make the routes, and `/openapi.json`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from starlette.requests import Request

from mplp_mock_server.api._body import check_content_type, read_body
from mplp_mock_server.api._json import read_json
from mplp_mock_server.api._listing import Listing, page_of
from mplp_mock_server.api._nulls import without_nulls
from mplp_mock_server.services import IfMatch, JsonObject, Services
from mplp_mock_server.store import Query
from mplp_sdk.errors import InvalidFormat
from mplp_sdk.protocol.ids import LONGEST_TEXT, PLAIN_TEXT

__all__ = [
    "BASE_PATHS",
    "JSON",
    "KEY_PATTERN",
    "TAGS_PATTERN",
    "TEXT",
    "Call",
    "Handler",
    "Operation",
    "Parameter",
    "Reply",
]

T = TypeVar("T")

BASE_PATHS: Final = ("/v1.0", "/api/v1/mplp")
"""The same API, twice (protocol §2)."""

JSON: Final = "application/json"

TEXT: Final = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "pattern": PLAIN_TEXT}
"""Schema of an identifier, and of what a list is filtered by."""

KEY_PATTERN: Final = r"^[!-~]([ -~]{0,253}[!-~])?$"
"""An `Idempotency-Key`: 1 to 255 characters of ASCII that can be printed, the first and last not a space."""

_ONE_TAG: Final = r'(W/)?"[!#-+.-~-]*"'
TAGS_PATTERN: Final = rf"^(\*|{_ONE_TAG}( *, *{_ONE_TAG})*)$"
"""An `If-Match`: a star, or one or more tags."""

_KEY: Final = re.compile(KEY_PATTERN)
_TAGS: Final = re.compile(TAGS_PATTERN)


@dataclass(frozen=True)
class Call:
    """One request, as a handler sees it."""

    request: Request
    services: Services
    params: Mapping[str, str]
    """The parts of the path that are not fixed, decoded."""
    operation: Operation
    operations: tuple[Operation, ...]
    """All of them, for those that describe or call them."""
    role: str
    """What the caller's key or token allows."""
    request_id: str
    """Of the answer."""

    @property
    def idempotency_key(self) -> str | None:
        """The `Idempotency-Key`; None where there is none.

        Raises:
            InvalidFormat: it is longer than 255 characters, or not printable ASCII.
        """
        key = self.request.headers.get("idempotency-key")
        if key is not None and not _KEY.fullmatch(key):
            reason = "should be 1 to 255 printable characters of ASCII"
            details = {"field": "Idempotency-Key", "reason": reason}
            raise InvalidFormat(f"Idempotency-Key: {reason}", details=details)
        return key

    @property
    def if_match(self) -> IfMatch:
        """The states that a change is good for, as `If-Match` names them; None: any.

        Raises:
            InvalidFormat: it is not a list of tags.
        """
        sent = self.request.headers.get("if-match")
        if sent is None:
            return None
        if not _TAGS.fullmatch(sent):
            reason = "should be one or more tags in quotation marks, as ETag gave them"
            raise InvalidFormat(f"If-Match: {reason}", details={"field": "If-Match", "reason": reason})
        return None if sent == "*" else frozenset(tag.strip() for tag in sent.split(","))

    async def json(self) -> JsonObject:
        """The body, which is a JSON object.

        Raises:
            InvalidRequest: it is not, or too large.
        """
        body: JsonObject = without_nulls(self.operation.request, await self._read(dict))
        return body

    async def json_list(self) -> list[Any]:
        """The body, which is a JSON list.

        Raises:
            InvalidRequest: it is not, or too large.
        """
        body: list[Any] = without_nulls(self.operation.request, await self._read(list))
        return body

    async def json_value(self) -> Any:
        """The body, which is any JSON.

        Raises:
            InvalidRequest: it is not, or too large.
        """
        return await self._read(object)

    def query(self) -> Query:
        """The page of a list that is asked for.

        Raises:
            InvalidRequest: there is no such page or filter.
        """
        assert self.operation.listing is not None, "not a list"  # noqa: S101
        return self.operation.listing.query(self.request.query_params.multi_items())

    @property
    def has_body(self) -> bool:
        """Whether the request brought a body."""
        headers = self.request.headers
        return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers

    def options(self) -> JsonObject:
        """What the query string says, of an operation that is no list: the `parameters` that are there.

        Raises:
            InvalidFormat: a name that the operation does not know, or one that is there twice.
        """
        known = {one.name for one in self.operation.parameters if one.where == "query"}
        values: JsonObject = {}
        for name, value in self.request.query_params.multi_items():
            if name not in known or name in values:
                reason = "there twice" if name in values else "not known here"
                raise InvalidFormat(f"{name[:80]}: {reason}", details={"field": name[:80], "reason": reason})
            values[name] = value
        return values

    async def _read(self, shape: type[T]) -> T:
        check_content_type(self.request, (JSON,))
        return read_json(await read_body(self.request), shape)


@dataclass(frozen=True)
class Reply:
    """What a handler answers."""

    data: bytes = b""
    """JSON text for the envelope; for a bare operation, the body."""
    media_type: str = JSON
    status: int | None = None
    """None: the operation's."""

    @classmethod
    def page(cls, found: tuple[Any, int], query: Query) -> Reply:
        """One page of a list."""
        items, total = found
        return cls(page_of(items, total, query))


Handler = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter beside those that follow from the path, the method and the list."""

    name: str
    where: Literal["query", "header"] = "query"
    schema: Mapping[str, Any]
    """As in OpenAPI; what the handler accepts, no more and no less."""
    description: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Operation:
    """One endpoint."""

    name: str
    """Unique, such as `createPlan`; the `operationId` of OpenAPI."""
    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    """Below a base path, unless `bare`; `{name}` is a parameter."""
    summary: str
    handler: Handler
    tag: str
    status: int = 200
    also: tuple[int, ...] = ()
    """Other statuses of a good answer."""
    request: Any = None
    """Type of the JSON body; None: there is none."""
    request_media: str = JSON
    request_optional: bool = False
    """Whether the body may be left out, since `parameters` can say the same."""
    response: Any = None
    """Type of `data`, or of an item where `listing` is set."""
    listing: Listing | None = None
    parameters: tuple[Parameter, ...] = ()
    errors: tuple[int, ...] = ()
    """Codes that this endpoint adds to those that any may answer."""
    versioned: bool = False
    """About one stored object: the answer has its `ETag`, and a PUT or DELETE obeys `If-Match`."""
    does: Literal["read", "write", "execute"] | None = None
    """What a role must allow; None: `read` for a GET, else `write`."""
    rpc: str | None = None
    """Name of the action for `/rpc`; None: the operation's name without its noun."""
    open: bool = False
    """For callers without a key too."""
    plain: bool = False
    """Without an envelope."""
    bare: bool = False
    """Outside the base paths, without an envelope, and open to all."""
