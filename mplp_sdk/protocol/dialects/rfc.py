"""Contexts and plans as the RFC document spells them: camelCase, steps instead of tasks.

What has no home there travels in `metadata["x-mplp-canonical"]`, so nothing is lost on the way out.
Spec: protocol §1.2; RFC §6.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mplp_sdk.protocol.times import parse_duration

__all__ = ["BAG", "to_rfc"]

BAG: Final = "x-mplp-canonical"
"""Member of `metadata` that holds what the dialect has no name for."""

# RFC's steps know no "running" and no "cancelled"; the exact word stays in the bag.
_STEP_STATUS: Final = {"running": "executing", "cancelled": "skipped"}

Object = dict[str, Any]


def to_rfc(kind: str, obj: Mapping[str, Any]) -> Object:
    """The canonical `obj` in the RFC's spelling.

    Args:
        kind: `context` or `plan`.
        obj: canonical object, as JSON data. For the RFC's own schema to accept the result, a context needs
            an `environment` and at least one goal, and a plan a `context_id` and at least one task.

    Raises:
        KeyError: the RFC gives no schema for this kind of object.
    """
    return _WRITERS[kind](obj)


def _context(context: Mapping[str, Any]) -> Object:
    metadata = dict(context.get("metadata") or {})
    state = context["shared_state"]
    written = {
        "contextId": context["id"],
        "version": _three_numbers(context["version"]),
        "timestamp": metadata.get("created_at"),
        "environment": context.get("environment"),
        "goals": state.get("goals"),
    }
    metadata[BAG] = _remainder(context, {"id", "environment", "metadata"}) | {
        "shared_state": _remainder(state, {"goals"})
    }
    return _present(written) | {"metadata": metadata}


def _plan(plan: Mapping[str, Any]) -> Object:
    waits_for: dict[str, list[str]] = {}
    for edge in plan.get("dependencies") or ():
        waits_for.setdefault(edge["to_task"], []).append(edge["from_task"])
    written = {
        "planId": plan["id"],
        "contextId": plan.get("context_id"),
        "version": _three_numbers(plan.get("version") or "1.0.0"),
        "status": plan.get("status") or "draft",
        "steps": [_step(task, waits_for.get(task["id"])) for task in plan["tasks"]],
        "optimization": plan.get("optimization"),
    }
    bag = _remainder(plan, {"id", "context_id", "optimization", "metadata"})
    return _present(written) | {"metadata": dict(plan.get("metadata") or {}) | {BAG: bag}}


def _step(task: Mapping[str, Any], waits_for: list[str] | None) -> Object:
    status = task.get("status") or "pending"
    return _present(
        {
            "stepId": task["id"],
            "name": task["name"],
            "description": task.get("description") or task["name"],
            "dependencies": waits_for,
            "resources": task.get("resources"),
            "estimatedDuration": _seconds(task.get("estimated_duration")),
            "status": _STEP_STATUS.get(status, status),
        }
    )


_WRITERS: Final[dict[str, Callable[[Mapping[str, Any]], Object]]] = {"context": _context, "plan": _plan}


def _three_numbers(version: str) -> str:
    """The RFC reads exactly `x.y.z`; what is finer stays in the bag."""
    numbers = version.split("-")[0].split(".")
    return ".".join((*numbers, "0")[:3])


def _seconds(duration: str | float | None) -> float | None:
    return None if duration is None else parse_duration(duration).total_seconds()


def _remainder(obj: Mapping[str, Any], named: set[str]) -> Object:
    return {name: value for name, value in obj.items() if name not in named}


def _present(obj: Object) -> Object:
    return {name: value for name, value in obj.items() if value is not None}
