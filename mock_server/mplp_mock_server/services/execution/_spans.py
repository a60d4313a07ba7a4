"""Spans of an execution: one for the plan, and below it one for each attempt at a task.

Spec: protocol §3 Trace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from mplp_mock_server.services._validation import JsonObject
from mplp_sdk.protocol import ids

__all__ = ["closed", "opened"]

_EXECUTOR: Final = "mplp-executor"
"""The agent of tasks that are assigned to none."""

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def opened(
    place: Mapping[str, str], *, name: str, agent: str | None, at: str, parameters: JsonObject
) -> JsonObject:
    """A span that has begun.

    Args:
        place: the ids that say where it belongs: `id`, `trace_id`, `context_id` and others.
        agent: id or name; None: the server itself.
    """
    agent = agent or _EXECUTOR
    is_id = _UUID.fullmatch(agent) is not None
    return {
        **place,
        "span_id": place["id"],
        "agent_id": agent if is_id else ids.agent_id(agent),
        "action": {"name": name, "type": "execute", "parameters": parameters},
        "timestamp": {"start": at},
        "metadata": {"tags": {"source": "server"} | ({} if is_id else {"agent": agent})},
    }


def closed(
    span: JsonObject, at: str, status: str, *, output: Any = None, error: JsonObject | None = None
) -> JsonObject:
    """The same span, ended."""
    result: JsonObject = {"status": status}
    if output is not None:
        result["output"] = output
    if error is not None:
        result["error"] = error
    return {**span, "timestamp": {**span["timestamp"], "end": at}, "result": result}
