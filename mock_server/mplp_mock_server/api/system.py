"""What stands outside the base paths: health, readiness, the description of the API, a page for people."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any, Final, Literal

import msgspec
from typing_extensions import TypedDict

from mplp_mock_server.api._envelope import PROTOCOL_VERSION
from mplp_mock_server.api._operations import Call, Operation, Reply
from mplp_sdk.errors import DatabaseError

__all__ = ["OPERATIONS"]

_PAGE: Final = b"""MPLP reference server

/v1.0          the API (also under /api/v1/mplp)
/openapi.json  its description
/health        whether the process lives
/ready         whether it can store
"""


class Health(TypedDict):
    """State of the server."""

    status: Literal["ok", "unavailable"]
    version: str
    """Of the protocol."""


def _health(status: str) -> bytes:
    return msgspec.json.encode({"status": status, "version": PROTOCOL_VERSION})


async def health(call: Call) -> Reply:
    return Reply(_health("ok"))


async def ready(call: Call) -> Reply:
    try:
        await call.services.store.write(lambda tx: None)
    except DatabaseError:
        return Reply(_health("unavailable"), status=503)
    return Reply(_health("ok"))


async def description(call: Call) -> Reply:
    # In a thread and only when asked for: the libraries behind it take longer to load than the server.
    return Reply(await asyncio.to_thread(_description, call.operations))


@cache
def _description(operations: tuple[Operation, ...]) -> bytes:
    from mplp_mock_server.api.openapi import describe

    return describe(operations)


async def page(call: Call) -> Reply:
    return Reply(_PAGE, media_type="text/plain; charset=utf-8")


OPERATIONS: Final = (
    Operation(
        name="health",
        method="GET",
        path="/health",
        summary="Whether the process lives.",
        handler=health,
        tag="system",
        response=Health,
        bare=True,
    ),
    Operation(
        name="ready",
        method="GET",
        path="/ready",
        summary="Whether the server can store; 503 if not.",
        handler=ready,
        tag="system",
        also=(503,),
        response=Health,
        bare=True,
    ),
    Operation(
        name="openapi",
        method="GET",
        path="/openapi.json",
        summary="This description.",
        handler=description,
        tag="system",
        response=dict[str, Any],
        bare=True,
    ),
    Operation(
        name="page",
        method="GET",
        path="/",
        summary="Where things are, for a person.",
        handler=page,
        tag="system",
        bare=True,
    ),
)
