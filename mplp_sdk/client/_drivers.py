"""The two drivers of a flow: they do what it asks for, and tell it what happened."""

from __future__ import annotations

import time
from typing import Any, TypeVar

import anyio

from mplp_sdk.client._flow import Flow, Send
from mplp_sdk.client._http import AsyncTransport, Transport

__all__ = ["drive", "drive_async"]

T = TypeVar("T")


def drive(flow: Flow[T], transport: Transport) -> T:
    """Carry out `flow` in this thread; its result."""
    outcome: Any = None
    while True:
        try:
            command = flow.send(outcome)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]  # typeshed has Any here
        if isinstance(command, Send):
            outcome = transport.send(command.request, command.timeout)
        else:
            time.sleep(command.seconds)
            outcome = None


async def drive_async(flow: Flow[T], transport: AsyncTransport) -> T:
    """Carry out `flow` in this task; its result."""
    outcome: Any = None
    while True:
        try:
            command = flow.send(outcome)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]  # typeshed has Any here
        if isinstance(command, Send):
            outcome = await transport.send(command.request, command.timeout)
        else:
            await anyio.sleep(command.seconds)
            outcome = None
