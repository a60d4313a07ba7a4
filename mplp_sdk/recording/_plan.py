"""Plans: what was meant to happen, kept beside what happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from mplp_sdk.protocol.ids import new_id
from mplp_sdk.recording._core import Core, never_raises

if TYPE_CHECKING:
    from mplp_sdk.models.plan import DependencyType, Priority, TaskCategory, TaskType

__all__ = ["LivePlan", "PlannedDependency", "PlannedTask"]

_OPEN = frozenset({"pending", "ready", "running"})
_FINISHED = {"success": "completed", "failure": "failed", "timeout": "failed", "cancelled": "cancelled"}


@dataclass(frozen=True, kw_only=True)
class PlannedTask:
    """One step that is meant to happen."""

    key: str
    """Name of the task within its plan; spans and dependencies refer to it."""
    name: str | None = None
    """What people read, at most 100 characters; None: the key."""
    description: str | None = None
    type: TaskType = "atomic"
    parent: str | None = None
    """Key of the composite task that this one is a part of."""
    agent: str | None = None
    """Name of the agent that is to do it."""
    category: TaskCategory | None = None
    priority: Priority | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PlannedDependency:
    """One task that waits for another."""

    from_task: str
    """Key of the task that is waited for."""
    to_task: str
    """Key of the task that waits."""
    type: DependencyType = "finish_to_start"
    condition: str | None = None
    """What decides whether the way is taken; None: it always is."""


class _Task:
    """A task in the course of events."""

    def __init__(self, clean: Mapping[str, Any], task_id: str) -> None:
        self.id = task_id
        self.visits = 0
        self.status = "pending"
        self.started_at: str | None = None
        self.completed_at: str | None = None
        self._clean = clean
        self._encoded: msgspec.Raw | None = None

    def move(self, status: str, now: str) -> None:
        """Take up a status. Only a start opens a finished task again."""
        self._encoded = None
        self.status = status
        if status == "running":
            self.visits += 1
            self.started_at = self.started_at or now
            self.completed_at = None
        else:
            self.completed_at = now

    def encoded(self) -> msgspec.Raw:
        """The task as JSON. Most tasks of a plan have not changed since it was last written."""
        if self._encoded is None:
            task = {**self._clean, "id": self.id, "status": self.status}
            task["metadata"] = {**self._clean["metadata"], "visits": self.visits}
            if self.started_at is not None:
                task["started_at"] = self.started_at
            if self.completed_at is not None:
                task["completed_at"] = self.completed_at
            self._encoded = msgspec.Raw(msgspec.json.encode(task))
        return self._encoded


class LivePlan:
    """The plan that a run follows. Every change is written at once. Made by `Run.set_plan`.

    Tasks are named by their keys; a key that the plan does not know is ignored.
    """

    def __init__(self, core: Core, context_id: str, name: object, previous: LivePlan | None) -> None:
        self._core = core
        self.plan_id = new_id()
        """UUID of this version of the plan."""
        self.version: str = "1.0.0" if previous is None else _next_version(previous.version)
        self.status = "executing"
        self._previous = None if previous is None else previous.plan_id
        self._first: str = self.plan_id if previous is None else previous._first
        self._context_id = context_id
        self._name = core.clean.text(name) or "(unnamed)"
        self._tasks: dict[str, _Task] = {}
        self._edges: dict[tuple[str, str], dict[str, Any]] = {}
        self._workflow: dict[str, Any] | None = None
        self._description: str | None = None
        self._created_at = core.next_time()

    @never_raises
    def begin(
        self,
        tasks: Sequence[PlannedTask],
        dependencies: Sequence[PlannedDependency],
        workflow: object,
        description: object,
    ) -> None:
        """Write the plan. Called once, by the run."""
        with self._core.lock:
            self._description = None if description is None else self._core.clean.text(description, 2000)
            self._workflow = None if workflow is None else self._core.clean.mapping(workflow)
            # All keys first: a part may stand before the whole that it belongs to.
            ids = {task.key: new_id() for task in tasks}
            for task in tasks:
                self._tasks[task.key] = _Task(self._clean_task(task, ids), ids[task.key])
            for edge in dependencies:
                self._connect(edge)
            self._write()

    def keys(self) -> frozenset[str]:
        """Keys of all tasks."""
        return frozenset(self._tasks)

    @property
    def name(self) -> str:
        """What the plan is called."""
        return self._name

    def task_id(self, key: str) -> str | None:
        """UUID of a task; None where the plan has no such key."""
        task = self._tasks.get(key)
        return None if task is None else task.id

    def start(self, key: str) -> None:
        """The task runs (again): one more visit."""
        self._move(key, "running")

    def complete(self, key: str) -> None:
        """The task is done."""
        self._move(key, "completed")

    def fail(self, key: str) -> None:
        """The task went wrong."""
        self._move(key, "failed")

    def skip(self, key: str) -> None:
        """The task was not needed."""
        self._move(key, "skipped")

    def cancel(self, key: str) -> None:
        """The task was given up."""
        self._move(key, "cancelled")

    @never_raises
    def add_task(self, task: PlannedTask, after: str | None = None) -> None:
        """Add a task that nobody knew of before. A key that is there already is ignored.

        Args:
            after: key of the task that it waits for.
        """
        with self._core.lock:
            if task.key in self._tasks:
                return
            ids = {key: known.id for key, known in self._tasks.items()}
            self._tasks[task.key] = _Task(self._clean_task(task, ids), new_id())
            if after is not None:
                self._connect(PlannedDependency(from_task=after, to_task=task.key))
            self._write()

    @never_raises
    def _move(self, key: str, status: str) -> None:
        with self._core.lock:
            task = self._tasks.get(key)
            if task is not None and (task.status != status or status == "running"):
                task.move(status, self._core.next_time())
                self._write()

    @never_raises
    def supersede(self) -> None:
        """A new version takes over: what was still open here is cancelled."""
        self._finish("cancelled", _OPEN, "cancelled")

    @never_raises
    def finish(self, status: str) -> None:
        """The run ended. Tasks that were running end like it; those never started stay as they are."""
        outcome = _FINISHED.get(status, "completed")
        self._finish(outcome, frozenset({"running"}), outcome)

    def _finish(self, status: str, which: frozenset[str], task_status: str) -> None:
        with self._core.lock:
            if self.status != "executing":
                return
            now = self._core.next_time()
            for task in self._tasks.values():
                if task.status in which:
                    task.move(task_status, now)
            self.status = status
            self._write()

    def _clean_task(self, task: PlannedTask, ids: Mapping[str, str]) -> dict[str, Any]:
        clean = self._core.clean
        data: dict[str, Any] = {
            "name": clean.text(task.name or task.key, 100) or "(unnamed)",
            "type": task.type,
            "metadata": {**clean.mapping(task.metadata), "key": clean.text(task.key)},
        }
        if task.description:
            data["description"] = clean.text(task.description, 500)
        if task.parent is not None and task.parent in ids:
            data["parent_task"] = ids[task.parent]
        if task.agent:
            data["assigned_agent"] = clean.text(task.agent)
        if task.category is not None:
            data["category"] = task.category
        if task.priority is not None:
            data["priority"] = task.priority
        return data

    def _connect(self, edge: PlannedDependency) -> None:
        from_id, to_id = self.task_id(edge.from_task), self.task_id(edge.to_task)
        if from_id is not None and to_id is not None:
            data = {"from_task": from_id, "to_task": to_id, "type": edge.type}
            if edge.condition is not None:
                data["condition"] = self._core.clean.text(edge.condition)
            self._edges[from_id, to_id] = data

    def _write(self) -> None:
        metadata = {
            "created_at": self._created_at,
            "updated_at": self._core.next_time(),
            "first_version_id": self._first,
        }
        if self._previous is not None:
            metadata["previous_version_id"] = self._previous
        plan: dict[str, Any] = {
            "id": self.plan_id,
            "name": self._name,
            "context_id": self._context_id,
            "version": self.version,
            "status": self.status,
            "tasks": [task.encoded() for task in self._tasks.values()],
            "dependencies": list(self._edges.values()),
            "metadata": metadata,
        }
        if self._description is not None:
            plan["description"] = self._description
        if self._workflow is not None:
            plan["workflow"] = self._workflow
        self._core.write("plan", plan)


def _next_version(version: str) -> str:
    major, minor, _ = version.split(".")
    return f"{major}.{int(minor) + 1}.0"
