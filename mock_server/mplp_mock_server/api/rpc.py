"""`/rpc`: any operation by the name of its module and action, in one kind of request.

The request is made into the one that the operation's own endpoint would get, so that both ways lead through
the same code.

    {"module": "context", "action": "set_status", "parameters": {"context_id": "…", "status": "suspended"}}

Spec: protocol §2.1; RFC §4.1.2.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, get_origin
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request

from mplp_mock_server.api._operations import JSON, Call, Operation, Reply
from mplp_mock_server.api._permissions import permit
from mplp_mock_server.services import JsonObject, read_input
from mplp_sdk.errors import (
    CODES,
    InvalidFormat,
    InvalidRequest,
    NotFound,
    OperationNotAllowed,
    ProtocolError,
    RequestTimeout,
    RequiredFieldMissing,
    SchemaValidationFailed,
    ValidationFailed,
    ValueOutOfRange,
)
from mplp_sdk.models import RpcAccepted, RpcRequest, RpcResult

__all__ = ["OPERATIONS", "finish_accepted"]

_log = logging.getLogger("mplp_mock_server.api")

_MODULES: Final = {
    "context": "contexts",
    "plan": "plans",
    "confirm": "confirmations",
    "confirmation": "confirmations",
    "trace": "traces",
    "role": "roles",
    "extension": "extensions",
    "execute": "executions",
    "execution": "executions",
}
"""Tag of the operations of each module; its plural is another name of it."""

_NOUNS: Final = re.compile("(Context|Plan|Confirmation|Trace|Role|Extension|Execution)s?")
_PLAN_FAILED: Final = 4007
"""May be retried, but by whoever knows what the plan has done already."""

_LAST_ACTIONS: Final = 10.0
"""Seconds that accepted actions have to finish when the server stops."""

_LATER: Final[set[asyncio.Task[None]]] = set()
"""Actions that go on after their answer; held here, or they could be collected while they run."""


async def rpc(call: Call) -> Reply:
    body = await call.json()
    given = read_input(RpcRequest, body)
    _check_version(given.get("version", "1.0.0"))
    operation = _find(given["module"], given["action"], call.operations)
    permit(call.role, operation)
    target = _Target.of(call, operation, given.get("parameters", {}))
    options = _options(given.get("options", {}))
    if options.run_async:
        return _accept(call, target, options)
    return Reply(b'{"result":%b}' % await _run(target, options))


@dataclasses.dataclass(frozen=True)
class _Options:
    timeout: float | None
    """Seconds."""
    retry: int
    run_async: bool


def _options(given: JsonObject) -> _Options:
    timeout = given.get("timeout")
    seconds = None if timeout is None else timeout / 1000
    return _Options(seconds, int(given.get("retry") or 0), bool(given.get("async")))


def _check_version(version: str) -> None:
    if version.partition(".")[0] != "1":
        raise _wrong(ValidationFailed, "version", "this server has version 1 of all modules")


def _find(module: str, action: str, operations: tuple[Operation, ...]) -> Operation:
    tag = _MODULES.get(module) or _MODULES.get(module.removesuffix("s"))
    if tag is None:
        known = sorted(set(_MODULES) - {"confirmation", "execution"})
        details = {"field": "module", "reason": f"should be one of {', '.join(known)}"}
        raise NotFound(f"there is no module {module!r}", details=details)
    actions = _actions(operations)[tag]
    if action not in actions:
        told: JsonObject = {"field": "action", "reason": "no such action", "allowed": sorted(actions)}
        raise OperationNotAllowed(f"the module {module} has no action {action!r}", details=told)
    return actions[action]


@cache
def _actions(operations: tuple[Operation, ...]) -> Mapping[str, Mapping[str, Operation]]:
    """Operations by tag and action."""
    found: dict[str, dict[str, Operation]] = {tag: {} for tag in _MODULES.values()}
    for operation in operations:
        if operation.tag in found and operation.request_media == JSON and not operation.bare:
            found[operation.tag][operation.rpc or _action_of(operation.name)] = operation
    return found


def _action_of(name: str) -> str:
    """`set_status` for `setContextStatus`."""
    return re.sub("([A-Z])", r"_\1", _NOUNS.sub("", name, count=1)).lower()


@dataclasses.dataclass(frozen=True)
class _Target:
    """An action that is to be carried out."""

    call: Call
    """The one to `/rpc`, but for the operation and what its path names."""
    rest: JsonObject
    """Parameters that its path does not name."""

    @classmethod
    def of(cls, call: Call, operation: Operation, parameters: JsonObject) -> _Target:
        """The operation on these parameters.

        Raises:
            InvalidRequest: one of its path is missing, or a parameter is none that it could take.
        """
        rest = dict(parameters)
        params = {name: _path_parameter(name, rest) for name in _names_in(operation.path)}
        target = cls(dataclasses.replace(call, params=params, operation=operation), rest)
        target.fresh_call()
        return target

    def fresh_call(self) -> Call:
        """The call that the operation's own endpoint would get; each can be read once."""
        request = _request(self.call.request, self.call.operation, self.rest)
        return dataclasses.replace(self.call, request=request)


def _names_in(path: str) -> Iterator[str]:
    return (part.strip("{}") for part in path.split("/") if part.startswith("{"))


def _path_parameter(name: str, parameters: JsonObject) -> str:
    field = f"parameters.{name}"
    if name not in parameters:
        raise _wrong(RequiredFieldMissing, field, "Field required")
    value = parameters.pop(name)
    if not isinstance(value, str):
        raise _wrong(SchemaValidationFailed, field, "Input should be a string")
    if not value:
        raise _wrong(ValueOutOfRange, field, "should have at least 1 character")
    return value


def _request(sent: Request, operation: Operation, rest: JsonObject) -> Request:
    """The request with the parameters that are left: as its body, or as its query."""
    body, query = b"", b""
    if operation.request is None:
        query = urlencode(list(_query(rest))).encode()
    else:
        body = msgspec.json.encode(rest.get("items") if get_origin(operation.request) is list else rest)
    kept = [pair for pair in sent.scope["headers"] if pair[0] in (b"idempotency-key", b"if-match")]
    headers = [*kept, (b"content-type", JSON.encode()), (b"content-length", b"%d" % len(body))]

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({**sent.scope, "query_string": query, "headers": headers}, receive)


def _query(rest: JsonObject) -> Iterator[tuple[str, str]]:
    for name, value in rest.items():
        if isinstance(value, dict | list) or value is None:
            raise _wrong(InvalidFormat, f"parameters.{name}", "should be text, a number, true or false")
        yield name, value if isinstance(value, str) else msgspec.json.encode(value).decode()


async def _run(target: _Target, options: _Options) -> bytes:
    """The `data` of the operation's answer, as JSON."""
    try:
        async with asyncio.timeout(options.timeout):
            reply = await _try(target, options.retry)
    except TimeoutError:
        raise RequestTimeout(
            "the action takes longer than its timeout; ask again under the same Idempotency-Key",
            details={"field": "options.timeout", "reason": "passed"},
        ) from None
    return reply.data or b"null"


async def _try(target: _Target, retries: int) -> Reply:
    handler = target.call.operation.handler
    for _ in range(retries):
        try:
            return await handler(target.fresh_call())
        except ProtocolError as error:
            if not error.retryable or error.code == _PLAN_FAILED:
                raise
    return await handler(target.fresh_call())


def _accept(call: Call, target: _Target, options: _Options) -> Reply:
    request_id = call.request_id
    task = asyncio.create_task(_run_later(target, options, request_id))
    _LATER.add(task)
    task.add_done_callback(_LATER.discard)
    return Reply(msgspec.json.encode({"request_id": request_id, "status": "accepted"}), status=202)


async def finish_accepted() -> None:
    """Wait for the accepted actions of this server, before its store is closed."""
    mine = [task for task in list(_LATER) if task.get_loop() is asyncio.get_running_loop()]
    if mine:
        await asyncio.wait(mine, timeout=_LAST_ACTIONS)


async def _run_later(target: _Target, options: _Options, request_id: str) -> None:
    name = target.call.operation.name
    try:
        await _run(target, options)
    except ProtocolError as error:
        _log.warning("accepted action %s of request %s failed: %s", name, request_id, error)
    except Exception:
        _log.exception("accepted action %s of request %s failed", name, request_id)


def _wrong(cls: type[InvalidRequest], field: str, reason: str) -> InvalidRequest:
    return cls(f"{field}: {reason}", details={"field": field, "reason": reason})


OPERATIONS: Final = (
    Operation(
        name="rpc",
        method="POST",
        path="/rpc",
        summary="Carry out an action of a module, as its own endpoint would.",
        handler=rpc,
        tag="rpc",
        also=(202,),
        request=RpcRequest,
        response=RpcResult | RpcAccepted,
        errors=tuple(number for number in CODES if number >= 1006),
    ),
)
