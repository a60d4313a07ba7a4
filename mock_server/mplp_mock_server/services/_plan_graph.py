"""What waits for what in a plan: its edges, and the parts of its composite tasks.

Used by everything that puts tasks in an order: adding an edge, the timeline, optimising, executing.

    edge              says
    finish_to_start   `to_task` starts after `from_task` has finished
    start_to_start    `to_task` starts after `from_task` has started
    finish_to_finish  `to_task` finishes after `from_task` has finished

A composite task with parts starts before them and finishes after them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import groupby
from typing import Any, Final, TypeVar

from mplp_sdk.errors import BusinessRuleViolation, DataIntegrityError
from mplp_sdk.protocol.times import parse_duration

__all__ = ["FINISH_TO_FINISH", "FINISH_TO_START", "START_TO_START", "Edge", "Moment", "Node", "PlanGraph"]

T = TypeVar("T")
Moment = tuple[str, str]
"""A task, and `start` or `end` of it."""

FINISH_TO_START: Final = "finish_to_start"
START_TO_START: Final = "start_to_start"
FINISH_TO_FINISH: Final = "finish_to_finish"

_LONGEST: Final = 10.0**10
"""Seconds that a task may take, some 300 years; keeps sums of them exact to the microsecond."""


@dataclass(frozen=True, slots=True)
class Edge:
    """How `after` waits for `before`."""

    before: str
    after: str
    type: str = FINISH_TO_START
    condition: str = "success"
    """How `before` must end, in a plan that runs conditionally: `success`, `failure` or `always`."""


@dataclass(frozen=True, slots=True)
class Node:
    """One task, with what matters for its place."""

    id: str
    name: str
    duration: float | None = None
    """Seconds; None: not estimated."""
    parent: str | None = None
    """The composite task that it is a part of."""


class PlanGraph:
    """The tasks of one plan, in its order, and what they wait for."""

    def __init__(self, nodes: Iterable[Node], edges: Iterable[Edge] = ()) -> None:
        self.nodes: dict[str, Node] = {node.id: node for node in nodes}
        self.edges: tuple[Edge, ...] = tuple(edges)

    @classmethod
    def of(cls, plan: Mapping[str, Any]) -> PlanGraph:
        """The graph of a plan that was validated.

        Raises:
            DataIntegrityError: it refers to a task that it does not have; only recorded plans may.
        """
        graph = cls(map(_node, plan["tasks"]), map(_edge, plan.get("dependencies") or ()))
        named = [edge.before for edge in graph.edges] + [edge.after for edge in graph.edges]
        named += [node.parent for node in graph.nodes.values() if node.parent is not None]
        for task_id in named:
            if task_id not in graph.nodes:
                reason = f"the plan has no task {task_id!r}"
                raise DataIntegrityError(
                    f"dependencies: {reason}", details={"field": "dependencies", "reason": reason}
                )
        return graph

    @cached_property
    def parts(self) -> Mapping[str, tuple[str, ...]]:
        """The parts of each composite task that has any, in the order of the plan."""
        parts: dict[str, list[str]] = {}
        for node in self.nodes.values():
            if node.parent is not None:
                parts.setdefault(node.parent, []).append(node.id)
        return {parent: tuple(children) for parent, children in parts.items()}

    @cached_property
    def into(self) -> Mapping[str, tuple[Edge, ...]]:
        """The edges that each task waits by."""
        return self._by(lambda edge: edge.after)

    @cached_property
    def out_of(self) -> Mapping[str, tuple[Edge, ...]]:
        """The edges by which others wait for each task."""
        return self._by(lambda edge: edge.before)

    def cycle(self) -> list[str] | None:
        """Ids of tasks that wait for each other, in the order of waiting, the first again at the end."""
        waits: dict[str, set[str]] = {task_id: set() for task_id in self.nodes}
        for edge in self.edges:
            waits[edge.after].add(edge.before)
        found = _cycle(waits)
        if found is not None:
            return found
        # Without a cycle of edges, a task may still wait for the end of one that it is a part of.
        moments: dict[Moment, set[Moment]] = {}
        for earlier, later, _ in self.constraints():
            moments.setdefault(later, set()).add(earlier)
        closed = _cycle(moments)
        return None if closed is None else _without_repeats(task_id for task_id, _ in closed)

    def check(self) -> None:
        """Refuse a plan that waits for itself.

        Raises:
            BusinessRuleViolation: it does; `details.cycle` names the tasks.
        """
        cycle = self.cycle()
        if cycle is not None:
            names = [self.nodes[task_id].name for task_id in cycle]
            reason = f"the tasks wait for each other: {' → '.join(names)}"
            details = {"field": "dependencies", "reason": reason, "cycle": names, "tasks": cycle}
            raise BusinessRuleViolation(reason, details=details)

    def end(self, task_id: str) -> tuple[Moment, float]:
        """The moment that the task's end follows from, and the seconds between: its start and duration,
        or for a task with parts an end of its own."""
        if task_id in self.parts:
            return (task_id, "end"), 0.0
        return (task_id, "start"), self.nodes[task_id].duration or 0.0

    def constraints(self) -> list[tuple[Moment, Moment, float]]:
        """(a, b, seconds): `b` comes that long after `a` at the earliest (before it, where negative)."""
        return [*map(self._constraint, self.edges), *self._around_parts()]

    def _around_parts(self) -> Iterator[tuple[Moment, Moment, float]]:
        for parent, parts in self.parts.items():
            yield (parent, "start"), (parent, "end"), 0.0
            for part in parts:
                yield (parent, "start"), (part, "start"), 0.0
                moment, seconds = self.end(part)
                yield moment, (parent, "end"), seconds

    def _constraint(self, edge: Edge) -> tuple[Moment, Moment, float]:
        moment, seconds = self.end(edge.before)
        if edge.type == START_TO_START:
            return (edge.before, "start"), (edge.after, "start"), 0.0
        if edge.type == FINISH_TO_FINISH:
            target, own = self.end(edge.after)
            return moment, target, seconds - own
        return moment, (edge.after, "start"), seconds

    def _by(self, end: Callable[[Edge], str]) -> Mapping[str, tuple[Edge, ...]]:
        found: dict[str, list[Edge]] = {task_id: [] for task_id in self.nodes}
        for edge in self.edges:
            found[end(edge)].append(edge)
        return {task_id: tuple(edges) for task_id, edges in found.items()}


def _node(task: Mapping[str, Any]) -> Node:
    return Node(task["id"], task["name"], _seconds(task.get("estimated_duration")), task.get("parent_task"))


def _edge(edge: Mapping[str, Any]) -> Edge:
    condition = edge.get("condition") or "success"
    return Edge(edge["from_task"], edge["to_task"], edge["type"], condition)


def _seconds(spelling: str | float | None) -> float | None:
    return None if spelling is None else min(parse_duration(spelling).total_seconds(), _LONGEST)


def _cycle(waits: Mapping[T, Iterable[T]]) -> list[T] | None:
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        found: list[T] = error.args[1]
        return found
    return None


def _without_repeats(names: Iterable[str]) -> list[str]:
    """The names, each once where it stands several times in a row."""
    return [name for name, _ in groupby(names)]
