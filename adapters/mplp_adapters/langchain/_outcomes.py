"""How a step ended: an error, or one of the exceptions that only steer a program.

Spec: recording §2, "Ends that are not errors".
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from langgraph.errors import GraphBubbleUp, GraphInterrupt, ParentCommand

from mplp_adapters.langchain._messages import plain
from mplp_adapters.langchain._progress import TaskEnd

__all__ = ["STREAM_LEFT", "Outcome", "outcome_of"]

_CANCELLED = (
    GeneratorExit,  # a consumer stopped reading
    asyncio.CancelledError,
    concurrent.futures.CancelledError,
    KeyboardInterrupt,
    SystemExit,
)


_TASK_ENDS: Mapping[str, TaskEnd] = {
    "success": "completed",
    "failure": "failed",
    "timeout": "failed",
    "cancelled": "cancelled",
}


class Outcome(NamedTuple):
    """What to write at the end of a span that ended with an exception."""

    status: Literal["success", "failure", "timeout", "cancelled"]
    error: BaseException | Mapping[str, str] | None
    """None where the exception is no error."""
    output: Any = None
    tags: Mapping[str, object] = {}

    @property
    def task_end(self) -> TaskEnd:
        """What becomes of a task that was carried out so."""
        return _TASK_ENDS[self.status]


STREAM_LEFT = Outcome("cancelled", None, tags={"langchain.cancelled_by": "reader"})
"""A stream whose reader went away before its end."""


def outcome_of(error: BaseException) -> Outcome:
    """Sort `error` into failure, timeout, cancelled, or a success that travels as an exception."""
    if isinstance(error, ParentCommand):
        return Outcome("success", None, plain(error.args[0] if error.args else None))
    if isinstance(error, GraphInterrupt):
        return Outcome("cancelled", None, tags={"langgraph.interrupted": True})
    if isinstance(error, GraphBubbleUp):
        return Outcome("cancelled", None, tags={"langgraph.signal": type(error).__name__})
    if isinstance(error, _CANCELLED) or type(error).__name__ == "NodeCancelledError":
        return Outcome("cancelled", None, tags={"langchain.cancelled_by": type(error).__name__})
    # langgraph's NodeTimeoutError is no TimeoutError, and not there in every version we support.
    if isinstance(error, TimeoutError) or type(error).__name__ == "NodeTimeoutError":
        return Outcome("timeout", error)
    return Outcome("failure", error)
