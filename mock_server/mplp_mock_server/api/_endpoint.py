"""The way of every request: find the operation, let the caller in, call the handler, put the envelope around.

Everything that goes wrong comes together here, and leaves as an error of the protocol.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mplp_mock_server.api._envelope import Timed, failure, request_id, success
from mplp_mock_server.api._operations import JSON, Call, Operation, Reply
from mplp_mock_server.api._permissions import permit
from mplp_mock_server.api._router import Match, Router
from mplp_mock_server.clock import Clock
from mplp_mock_server.security import ADMIN, HostGuard, KeyGuard
from mplp_mock_server.services import Services, etag
from mplp_sdk.errors import CODES, InternalServerError, NotFound, OperationNotAllowed, ProtocolError

__all__ = ["Endpoint"]

_log = logging.getLogger("mplp_mock_server.api")


_NOSNIFF = (b"x-content-type-options", b"nosniff")


class Endpoint:
    """The ASGI application behind all paths of the operation table."""

    def __init__(
        self,
        operations: Iterable[Operation],
        *,
        services: Services,
        hosts: HostGuard,
        guard: KeyGuard,
        clock: Clock,
    ) -> None:
        self._operations = tuple(operations)
        self._router = Router(self._operations)
        self._services = services
        self._hosts = hosts
        self._guard = guard
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        timed = Timed(request_id(request.headers.get("x-request-id")), self._clock)
        try:
            response = await self._answer(request, timed)
        except ClientDisconnect:
            return  # nobody is there to be answered
        except ProtocolError as error:
            response = _failed(error, timed)
        except Exception:
            _log.exception("request %s failed", timed.request_id)
            response = _failed(InternalServerError("the server failed; its log says why"), timed)
        response.raw_headers += [(b"x-request-id", timed.request_id.encode()), _NOSNIFF]
        await response(scope, receive, send)

    async def _answer(self, request: Request, timed: Timed) -> Response:
        self._hosts.check(request.headers)
        match = self._router.match(request.method, _raw_path(request.scope))
        operation = match.operation
        role = ADMIN
        if operation is None or not (operation.bare or operation.open):
            # Before it is said what there is, or is not.
            role = self._guard.admit(request.headers)
        if operation is None:
            return _no_operation(match, request.method, timed)
        permit(role, operation)
        call = Call(
            request, self._services, match.params, operation, self._operations, role, timed.request_id
        )
        if operation.method == "POST":
            _ = call.idempotency_key  # refused where it is none, also by what does not need one
        reply = await operation.handler(call)
        return _replied(reply, operation, timed)


def _raw_path(scope: Scope) -> str:
    raw: bytes = scope["raw_path"]
    return raw.decode("ascii", "replace")


def _replied(reply: Reply, operation: Operation, timed: Timed) -> Response:
    status = reply.status or operation.status
    if status == 204:
        return Response(status_code=204)
    body = reply.data if operation.bare or operation.plain else success(reply.data, timed)
    headers = {"etag": etag(reply.data)} if operation.versioned else None
    return Response(body, status, headers, reply.media_type)


def _failed(error: ProtocolError, timed: Timed) -> Response:
    assert error.code is not None, "the server raises errors of the catalogue only"  # noqa: S101
    headers = None if error.retry_after is None else {"retry-after": str(math.ceil(error.retry_after))}
    return Response(failure(error, timed), CODES[error.code].status, headers, JSON)


def _no_operation(match: Match, method: str, timed: Timed) -> Response:
    if not match.allowed:
        return _failed(NotFound("there is nothing at this path"), timed)
    allowed = ", ".join(match.allowed)
    details = {"field": "method", "reason": f"{method} is not one of {allowed}"}
    response = _failed(OperationNotAllowed(f"this path knows {allowed} only", details=details), timed)
    response.headers["allow"] = allowed
    return response
