"""The tasks and edges of a plan, one at a time. Spec: protocol §2.1 plans; Design-draft."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mplp_mock_server.services._idempotency import Repeatable
from mplp_mock_server.services._objects import decode, encode
from mplp_mock_server.services._plan_graph import PlanGraph
from mplp_mock_server.services._plan_lock import check_unlocked
from mplp_mock_server.services._validation import JsonObject, check_id, invalid, read_input, validate_as
from mplp_mock_server.services.plans import Plans
from mplp_mock_server.store import Writer
from mplp_sdk.errors import (
    Conflict,
    DataIntegrityError,
    DuplicateValue,
    NotFound,
    OperationNotAllowed,
    ValidationFailed,
)
from mplp_sdk.models import Dependency, DependencyRemove, Task
from mplp_sdk.protocol.ids import new_id

__all__ = ["PlanTasks"]

_ENDED: Final = frozenset({"completed", "failed", "cancelled"})


class PlanTasks:
    """Changes the plans of this server a task or an edge at a time."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans

    async def add(self, plan_id: str, body: JsonObject, key: str | None) -> bytes:
        """Append a task: `mplp_sdk.models.Task`. One with an id that the plan has, and nothing new about it,
        answers the one that is there.

        Args:
            key: the `Idempotency-Key`.

        Raises:
            NotFound: no plan has this id.
            InvalidRequest: it is not a task, or a part of one that the plan does not have.
            DuplicateValue: the plan has another task with this id.
            ResourceLocked, OperationNotAllowed: the plan is being executed, or has ended.
        """
        given = {name: value for name, value in body.items() if value is not None}
        task: JsonObject = {"id": new_id(), "type": "atomic", "status": "pending", **given}
        validate_as(Task, task)

        def append(plan: JsonObject) -> JsonObject:
            known = _find(plan, task["id"])
            if known is None:
                plan["tasks"].append(task)
                _check_parent(plan, task)
                return task
            if {**known, **given} != known:
                raise invalid(DuplicateValue, "id", f"the plan has another task {task['id']!r}")
            return known

        request = Repeatable.of(f"POST /plans/{plan_id}/tasks", body, key)
        return await self._change(plan_id, append, request)

    async def update(self, plan_id: str, task_id: str, changes: JsonObject) -> bytes:
        """Replace the members that are given and keep the others; a null removes an optional one.

        Raises:
            NotFound: no plan has this id, or it no such task.
            InvalidRequest: what comes out is wrong.
            ResourceLocked, OperationNotAllowed: the plan is being executed, or has ended.
        """
        check_id(task_id, "task_id")
        if changes.get("id", task_id) != task_id:
            raise invalid(ValidationFailed, "id", "a task cannot change its id")

        def replace(plan: JsonObject) -> JsonObject:
            task = _existing(plan, task_id)
            new = _without_nulls({**task, **changes})
            validate_as(Task, new)
            task.clear()
            task.update(new)
            _check_parent(plan, task)
            return task

        return await self._change(plan_id, replace)

    async def remove(self, plan_id: str, task_id: str, *, cascade: bool) -> None:
        """Take a task out, and its edges.

        Args:
            cascade: take out the parts of it too.

        Raises:
            NotFound: no plan has this id, or it no such task.
            Conflict: the task has parts, and they were not to go with it.
            ResourceLocked, OperationNotAllowed: the plan is being executed, or has ended.
        """
        check_id(task_id, "task_id")

        def take_out(plan: JsonObject) -> None:
            _existing(plan, task_id)
            gone = _with_parts(plan, task_id)
            if len(gone) > 1 and not cascade:
                reason = f"the task has {len(gone) - 1} parts; remove them first, or ask for cascade=true"
                raise Conflict(reason, details={"field": "cascade", "reason": reason})
            plan["tasks"] = [task for task in plan["tasks"] if task["id"] not in gone]
            plan["dependencies"] = [
                edge
                for edge in plan.get("dependencies") or []
                if edge["from_task"] not in gone and edge["to_task"] not in gone
            ]

        await self._change(plan_id, take_out)

    async def add_dependency(self, plan_id: str, body: JsonObject, key: str | None) -> bytes:
        """Let one task wait for another: `mplp_sdk.models.Dependency`.

        Args:
            key: the `Idempotency-Key`.

        Raises:
            NotFound: no plan has this id.
            DataIntegrityError: the plan does not have both tasks, or they are one.
            DuplicateValue: this edge is there.
            BusinessRuleViolation: it would close a cycle; `details.cycle` names the tasks.
            ResourceLocked, OperationNotAllowed: the plan is being executed, or has ended.
        """
        given = {name: value for name, value in body.items() if value is not None}
        edge: JsonObject = {"type": "finish_to_start", **given}
        validate_as(Dependency, edge)

        def connect(plan: JsonObject) -> JsonObject:
            _check_ends(plan, edge)
            edges = plan.get("dependencies") or []
            if any(_same(edge, other) for other in edges):
                raise invalid(DuplicateValue, "to_task", "the plan has this dependency already")
            plan["dependencies"] = [*edges, edge]
            PlanGraph.of(plan).check()
            return edge

        request = Repeatable.of(f"POST /plans/{plan_id}/dependencies", body, key)
        return await self._change(plan_id, connect, request)

    async def remove_dependency(self, plan_id: str, body: JsonObject) -> None:
        """Let one task no longer wait for another, by one type of edge or by all.

        Args:
            body: `mplp_sdk.models.DependencyRemove`.

        Raises:
            NotFound: no plan has this id, or it no such edge.
            InvalidRequest: it does not say which.
            ResourceLocked, OperationNotAllowed: the plan is being executed, or has ended.
        """
        wanted = read_input(DependencyRemove, body)

        def disconnect(plan: JsonObject) -> None:
            edges = plan.get("dependencies") or []
            plan["dependencies"] = [edge for edge in edges if not wanted.items() <= edge.items()]
            if len(plan["dependencies"]) == len(edges):
                raise NotFound("the plan has no such dependency", details={"field": "from_task", **wanted})

        await self._change(plan_id, disconnect)

    async def _change(
        self, plan_id: str, change: Callable[[JsonObject], Any], request: Repeatable | None = None
    ) -> bytes:
        check_id(plan_id, "plan_id")

        def work(tx: Writer) -> bytes:
            row = self._plans.existing(tx, plan_id)
            check_unlocked(tx, plan_id)
            plan = decode(row.body)
            _check_open(plan)
            answer = encode(change(plan))
            if plan != decode(row.body):
                self._plans.replace(tx, row, plan)
            return answer

        if request is None:
            return await self._plans.store.write(work)
        return await self._plans.store.write(lambda tx: request.answer(tx, lambda: work(tx)))


def _check_open(plan: JsonObject) -> None:
    if plan.get("status") in _ENDED:
        reason = f"the plan is {plan['status']}"
        raise OperationNotAllowed(
            f"{reason}; its tasks change no more", details={"field": "status", "reason": reason}
        )


def _find(plan: JsonObject, task_id: str) -> JsonObject | None:
    return next((task for task in plan["tasks"] if task["id"] == task_id), None)


def _existing(plan: JsonObject, task_id: str) -> JsonObject:
    task = _find(plan, task_id)
    if task is None:
        raise NotFound(f"the plan has no task {task_id!r}", details={"field": "task_id", "id": task_id})
    return task


def _check_parent(plan: JsonObject, task: JsonObject) -> None:
    """Check what a task is a part of, where that is new."""
    parent = task.get("parent_task")
    if parent is None:
        return
    if parent == task["id"] or _find(plan, parent) is None:
        raise invalid(DataIntegrityError, "parent_task", f"the plan has no other task {parent!r}")
    PlanGraph.of(plan).check()


def _with_parts(plan: JsonObject, task_id: str) -> set[str]:
    """A task, its parts, and theirs."""
    gone = {task_id}
    while True:
        more = {task["id"] for task in plan["tasks"] if task.get("parent_task") in gone} - gone
        if not more:
            return gone
        gone |= more


def _check_ends(plan: JsonObject, edge: JsonObject) -> None:
    for end in ("from_task", "to_task"):
        if _find(plan, edge[end]) is None:
            raise invalid(DataIntegrityError, end, f"the plan has no task {edge[end]!r}")
    if edge["from_task"] == edge["to_task"]:
        raise invalid(DataIntegrityError, "to_task", "a task cannot wait for itself")


def _same(one: JsonObject, other: JsonObject) -> bool:
    return all(one[name] == other[name] for name in ("from_task", "to_task", "type"))


def _without_nulls(task: JsonObject) -> JsonObject:
    known = Task.model_fields
    return {name: value for name, value in task.items() if value is not None or name not in known}
