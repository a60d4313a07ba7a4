"""Dependencies between tasks: edges of the plan for us, lists in each step for every other dialect."""

from __future__ import annotations

from typing import Any, Final

from mplp_sdk.protocol.dialects._json import JsonObject

__all__ = ["read_edges", "write_edges"]

_TYPE: Final = "finish_to_start"


def read_edges(steps: Any, id_member: str, plan: JsonObject) -> None:
    """Add to the canonical `plan` the edges that `steps` list in their `dependencies`."""
    found = plan.get("dependencies") or []
    known = {(edge["from_task"], edge["to_task"]) for edge in found}
    for step in steps if isinstance(steps, list) else ():
        for before in _waits_for(step):
            edge = (before, step.get(id_member))
            if isinstance(edge[1], str) and edge not in known:
                known.add(edge)
                found = [*found, {"from_task": before, "to_task": edge[1], "type": _TYPE}]
    if found:
        plan["dependencies"] = found


def write_edges(plan: JsonObject, steps: Any, id_member: str) -> None:
    """Add to each of `steps` which others it waits for."""
    waits_for: dict[str, list[str]] = {}
    for edge in plan.get("dependencies") or ():
        before = waits_for.setdefault(edge["to_task"], [])
        if edge["from_task"] not in before:
            before.append(edge["from_task"])
    for step in steps or ():
        if step.get(id_member) in waits_for:
            step["dependencies"] = waits_for[step[id_member]]


def _waits_for(step: Any) -> list[str]:
    listed = step.get("dependencies") if isinstance(step, dict) else None
    return [before for before in listed if isinstance(before, str)] if isinstance(listed, list) else []
