"""The plan of one run, kept in step with what runs: nodes start and end, tasks move.

A graph that is known gives its plan before its first node runs. One that is not (the handler alone never sees
the graph) gets a plan that is filled in as nodes appear. Spec: recording §1 and §2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Literal

from langgraph.constants import END, START

from mplp_adapters.langchain._graph import SEPARATOR, Edge, GraphShape
from mplp_sdk.recording import LivePlan, PlannedDependency, PlannedTask, Run

__all__ = ["Progress", "Scope", "TaskEnd"]

TaskEnd = Literal["completed", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where the nodes of one running graph are found in the plan."""

    prefix: str | None
    """Goes before a node's name to make its task's key. None: the plan does not know this graph."""
    grows: bool = False
    """Whether nodes that the plan does not have are added to it as they appear."""


class Progress:
    """Moves the tasks of one run's plan."""

    begun_elsewhere: bool = False
    """Whether another process began with this plan, so that what ran before is not known here."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._lock = Lock()
        self._plan: LivePlan | None = None
        self._name = ""
        self._tasks: dict[str, PlannedTask] = {}
        self._dependencies: list[PlannedDependency] = []
        self._workflow: dict[str, object] = {}
        self._reached: dict[str, TaskEnd | None] = {}
        """How each task that was begun ended last; it may run again. None: it has not ended yet."""
        self._active: Counter[str] = Counter()
        self._broken: dict[str, TaskEnd] = {}
        """What went wrong in a branch of a task whose other branches still run."""
        self._attempts: Counter[str] = Counter()
        self._latest: str | None = None
        self._todos: dict[str, PlannedTask] = {}
        self._grows = False
        self._entered = False

    def go_on(self, run: Run) -> None:
        """Go on with this plan in `run`, which resumes the interrupted one."""
        with self._lock:
            self._run = run
            self._entered = False
            self._active.clear()
            self._attempts.clear()
            if self._plan is not None:
                self._plan = self._set_plan()

    def give_up(self) -> None:
        """The run that would have gone on with this plan will not come."""
        if self._plan is not None:
            self._plan.finish("cancelled")

    def enter(self, name: str, shape: GraphShape | None, *, inside: str | None) -> Scope:
        """A graph starts.

        Args:
            shape: None where the graph is not known.
            inside: key of the task around it; None at the top.
        """
        with self._lock:
            if not self._entered:
                self._entered = True
                if self._plan is None:
                    self._begin(name, shape)
                return Scope("", grows=self._grows)
            prefix = f"{inside}{SEPARATOR}" if inside is not None else None
            if prefix is not None and any(key.startswith(prefix) for key in self._tasks):
                return Scope(prefix, grows=self._grows)
            return Scope(prefix if self._grows else None, grows=self._grows)

    def _begin(self, name: str, shape: GraphShape | None) -> None:
        self._name = name
        self._grows = shape is None
        self._tasks = {} if shape is None else {task.key: task for task in planned_tasks(shape)}
        self._dependencies = [] if shape is None else planned_dependencies(shape)
        self._workflow = {"execution_strategy": "sequential"} if shape is None else workflow_of(shape)
        self._plan = self._set_plan()

    def _set_plan(self) -> LivePlan:
        tasks = [*self._tasks.values(), *self._todos.values()]
        return self._run.set_plan(self._name, tasks, self._dependencies, workflow=self._workflow)

    def replan(self, todos: Sequence[tuple[str, str]]) -> None:
        """An agent wrote down what it means to do: a new version of the plan, the nodes' tasks as they stand.

        Args:
            todos: content and status (pending, in_progress, completed) of each item.
        """
        with self._lock:
            if self._plan is None or not todos:
                return
            self._todos = {_todo_key(content): _todo(content) for content, _ in todos}
            self._plan = plan = self._set_plan()
            for key in self._tasks:
                if self._active[key] > 0:
                    plan.start(key)
                elif (how := self._reached.get(key)) is not None:
                    _settle(plan, key, how)
            for content, status in todos:
                if status == "in_progress":
                    plan.start(_todo_key(content))
                elif status == "completed":
                    plan.complete(_todo_key(content))

    def task_for(self, scope: Scope, node: str) -> str | None:
        """Key of the task that a node carries out; None where the plan has none."""
        if scope.prefix is None or self._plan is None or node in (START, END):
            return None
        key = scope.prefix + node
        with self._lock:
            if key not in self._tasks and scope.grows:
                self._grow(PlannedTask(key=key, name=node))
            return key if key in self._tasks else None

    def _grow(self, task: PlannedTask) -> None:
        if self._plan is not None:
            self._plan.add_task(task, after=self._latest)
        self._tasks[task.key] = task
        self._latest = task.key

    def attempt(self, checkpoint: str) -> int:
        """Number of the attempt that starts now, from 1. A node that is retried keeps its checkpoint."""
        with self._lock:
            self._attempts[checkpoint] += 1
            return self._attempts[checkpoint]

    def start(self, key: str) -> None:
        """A node that carries out task `key` starts. Branches of one node may run side by side."""
        with self._lock:
            self._reached.setdefault(key, None)
            self._active[key] += 1

    def end(self, key: str, how: TaskEnd, *, waits: bool) -> None:
        """A node ended.

        Args:
            how: of several branches, one that failed outweighs one that was cancelled.
            waits: it was interrupted and will run again.
        """
        with self._lock:
            self._active[key] -= 1
            if how == "failed" or (how == "cancelled" and not waits):
                self._broken[key] = "failed" if self._broken.get(key) == "failed" else how
            if self._plan is None or self._active[key] > 0 or waits:
                return
            self._reached[key] = how = self._broken.pop(key, "completed")
            _settle(self._plan, key, how)

    def skip_the_rest(self) -> None:
        """The run ended well: what it never reached was not needed."""
        if self._plan is not None and not self.begun_elsewhere:
            for key in [key for key in self._tasks if key not in self._reached]:
                self._plan.skip(key)


def _settle(plan: LivePlan, key: str, how: TaskEnd) -> None:
    {"completed": plan.complete, "failed": plan.fail, "cancelled": plan.cancel}[how](key)


def _todo_key(content: str) -> str:
    return f"todo{SEPARATOR}{content}"


def _todo(content: str) -> PlannedTask:
    return PlannedTask(key=_todo_key(content), name=content[:100], description=content[:500])


def planned_tasks(shape: GraphShape) -> list[PlannedTask]:
    """A task for each node."""
    return [
        PlannedTask(
            key=node.key,
            name=node.name,
            type="composite" if node.composite else "atomic",
            parent=node.parent,
        )
        for node in shape.nodes
    ]


def planned_dependencies(shape: GraphShape) -> list[PlannedDependency]:
    """A dependency for each edge that leads on."""
    return [
        PlannedDependency(from_task=edge.source, to_task=edge.target, condition=_condition(edge))
        for edge in shape.edges
    ]


def workflow_of(shape: GraphShape) -> dict[str, object]:
    """How the graph chooses its way: conditional edges, and the edges back that dependencies cannot have."""
    conditional = [edge for edge in (*shape.edges, *shape.back_edges) if edge.conditional]
    found: dict[str, object] = {"execution_strategy": "conditional" if conditional else "sequential"}
    if conditional:
        found["conditional_edges"] = [_way(edge) for edge in conditional]
    if shape.back_edges:
        found["back_edges"] = [_way(edge) for edge in shape.back_edges]
    return found


def _way(edge: Edge) -> dict[str, str]:
    return {"from": edge.source, "to": edge.target} | ({"condition": edge.label} if edge.label else {})


def _condition(edge: Edge) -> str | None:
    """What decides on the edge: LangGraph names it at best by a label."""
    return (edge.label or "chosen by the graph") if edge.conditional else None
