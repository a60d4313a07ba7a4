"""What an endpoint is. The tables of operations make the routes, and `/openapi.json`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from starlette.requests import Request

from mplp_mock_server.api._body import check_content_type, read_body
from mplp_mock_server.api._json import read_json
from mplp_mock_server.api._listing import Listing, page_of
from mplp_mock_server.services import JsonObject, Services
from mplp_mock_server.store import Query
from mplp_sdk.errors import InvalidFormat

__all__ = ["BASE_PATHS", "JSON", "Call", "Handler", "Operation", "Reply"]

BASE_PATHS: Final = ("/v1.0", "/api/v1/mplp")
"""The same API, twice (protocol §2)."""

JSON: Final = "application/json"

_LONGEST_KEY: Final = 255


@dataclass(frozen=True)
class Call:
    """One request, as a handler sees it."""

    request: Request
    services: Services
    params: Mapping[str, str]
    """The parts of the path that are not fixed, decoded."""
    operation: Operation
    operations: tuple[Operation, ...]
    """All of them, for the one that describes them."""

    @property
    def idempotency_key(self) -> str | None:
        """The `Idempotency-Key`; None where there is none.

        Raises:
            InvalidFormat: it is longer than 255 characters, or not printable.
        """
        key = self.request.headers.get("idempotency-key")
        if key is not None and not (0 < len(key) <= _LONGEST_KEY and key.isprintable()):
            reason = f"should be 1 to {_LONGEST_KEY} printable characters"
            details = {"field": "Idempotency-Key", "reason": reason}
            raise InvalidFormat(f"Idempotency-Key: {reason}", details=details)
        return key

    async def json(self) -> JsonObject:
        """The body, which is a JSON object.

        Raises:
            InvalidRequest: it is not, or too large.
        """
        check_content_type(self.request, (JSON,))
        return read_json(await read_body(self.request), dict)

    async def json_list(self) -> list[Any]:
        """The body, which is a JSON list.

        Raises:
            InvalidRequest: it is not, or too large.
        """
        check_content_type(self.request, (JSON,))
        return read_json(await read_body(self.request), list)

    def query(self) -> Query:
        """The page of a list that is asked for.

        Raises:
            InvalidRequest: there is no such page or filter.
        """
        assert self.operation.listing is not None, "not a list"  # noqa: S101
        return self.operation.listing.query(self.request.query_params.multi_items())


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
    request: Any = None
    """Type of the JSON body; None: there is none."""
    request_media: str = JSON
    response: Any = None
    """Type of `data`, or of an item where `listing` is set."""
    listing: Listing | None = None
    errors: tuple[int, ...] = ()
    """Codes that this endpoint adds to those that any may answer."""
    bare: bool = False
    """Outside the base paths, without an envelope, and open to all."""
