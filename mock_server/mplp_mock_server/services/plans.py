"""Plans: what a new one starts with, its tasks, and how its status may move. Spec: protocol §3 Plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from mplp_mock_server.services._collection import Collection
from mplp_mock_server.services._match import IfMatch
from mplp_mock_server.services._moves import check_move
from mplp_mock_server.services._objects import decode, encode
from mplp_mock_server.services._plan_lock import check_unlocked
from mplp_mock_server.services._validation import JsonObject, invalid
from mplp_mock_server.store import ObjectRow, Writer
from mplp_sdk.errors import DataIntegrityError, DuplicateValue
from mplp_sdk.protocol.ids import new_id

__all__ = ["MOVES", "Plans"]

MOVES: Final[Mapping[str, frozenset[str]]] = {
    "draft": frozenset({"approved", "cancelled"}),
    "approved": frozenset({"executing", "cancelled"}),
    "executing": frozenset({"completed", "failed", "cancelled"}),
    "completed": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
}
"""Where each status may go."""

_FIRST_STATUS: Final = "draft"


class Plans(Collection):
    """The plans of this server."""

    kind: ClassVar[str] = "plan"

    def defaults(self, obj: JsonObject) -> JsonObject:
        return {"version": "1.0.0", "status": _FIRST_STATUS, "dependencies": [], **_with_tasks(obj)}

    def check_new(self, obj: JsonObject) -> None:
        known: set[str] = set()
        for index, task_id in enumerate(task["id"] for task in obj["tasks"]):
            if task_id in known:
                raise invalid(DuplicateValue, f"tasks[{index}].id", f"{task_id!r} is used twice")
            known.add(task_id)
        for index, task in enumerate(obj["tasks"]):
            if task.get("parent_task") is not None and task["parent_task"] not in known:
                reason = f"the plan has no task {task['parent_task']!r}"
                raise invalid(DataIntegrityError, f"tasks[{index}].parent_task", reason)
        for index, edge in enumerate(obj.get("dependencies", [])):
            for end in ("from_task", "to_task"):
                if edge[end] not in known:
                    reason = f"the plan has no task {edge[end]!r}"
                    raise invalid(DataIntegrityError, f"dependencies[{index}].{end}", reason)

    def check_change(self, old: JsonObject, new: JsonObject) -> None:
        check_move("plan", MOVES, _status(old), _status(new))
        if any(new.get(name) != old.get(name) for name in ("tasks", "dependencies")):
            # Not what was there before: a recorded plan is kept as it was, whatever it was.
            self.check_new(new)

    async def update(self, object_id: str, changes: JsonObject, if_match: IfMatch = None) -> bytes:
        return await super().update(object_id, _with_tasks(changes), if_match)

    def remove(self, tx: Writer, row: ObjectRow) -> None:
        check_unlocked(tx, row.id)
        super().remove(tx, row)

    def _update(self, tx: Writer, object_id: str, changes: JsonObject, if_match: IfMatch) -> bytes:
        check_unlocked(tx, object_id)
        return super()._update(tx, object_id, changes, if_match)

    async def progress(self, plan_id: str) -> bytes:
        """How far a plan is: `mplp_sdk.models.PlanState`."""
        plan = decode(await self.get(plan_id))
        tasks = [_task_state(task) for task in plan["tasks"]]
        done = Counter(task["status"] for task in tasks)
        counts = {"total": len(tasks), "completed": done["completed"], "failed": done["failed"]}
        state = {"plan_id": plan_id, "status": _status(plan), "progress": counts, "tasks": tasks}
        more = {
            "version": plan.get("version"),
            "execution_id": (plan.get("metadata") or {}).get("execution_id"),
        }
        return encode({**state, **{name: value for name, value in more.items() if value is not None}})


def _status(plan: JsonObject) -> str:
    status: str = plan.get("status") or _FIRST_STATUS
    return status


def _task_state(task: JsonObject) -> JsonObject:
    told = {name: task.get(name) for name in ("id", "name", "started_at", "completed_at")}
    known = {name: value for name, value in told.items() if value is not None}
    return {**known, "status": task.get("status") or "pending"}


def _with_tasks(obj: JsonObject) -> JsonObject:
    """The object, its tasks and dependencies with what they may leave out."""
    return {
        **obj,
        **_each(obj, "tasks", lambda: {"id": new_id(), "type": "atomic", "status": "pending"}),
        **_each(obj, "dependencies", lambda: {"type": "finish_to_start"}),
    }


def _each(obj: JsonObject, name: str, defaults: Callable[[], JsonObject]) -> JsonObject:
    """The list called `name` with defaults in its items; what is no list of objects, the schema refuses."""
    items = obj.get(name)
    if not isinstance(items, list):
        return {}
    return {name: [{**defaults(), **item} if isinstance(item, dict) else item for item in items]}
