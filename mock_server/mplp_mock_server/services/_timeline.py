"""When the tasks of a plan can run: the critical-path method over all three types of edges.

Seconds from the start of the plan. A task takes its estimate without a break; one with parts lasts as long as
they do. Spec: protocol §2.1 plans (timeline).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import groupby
from typing import Final

from mplp_mock_server.services._plan_graph import Moment, PlanGraph
from mplp_mock_server.services.execution._scheduler import Rules, Scheduler

__all__ = ["Schedule", "Timing", "elapsed"]

_NOTHING: Final = 1e-9
"""Seconds that are none: what adding fractions leaves."""


@dataclass(frozen=True)
class Timing:
    """When one task can run."""

    earliest_start: float
    earliest_finish: float
    latest_start: float
    latest_finish: float

    @property
    def slack(self) -> float:
        """Seconds that it can be late without delaying the plan."""
        late = min(self.latest_start - self.earliest_start, self.latest_finish - self.earliest_finish)
        return late if late > _NOTHING else 0.0


class Schedule:
    """The schedule of a plan, which must have no cycle, where as many tasks may run at once as can."""

    def __init__(self, graph: PlanGraph) -> None:
        self._graph = graph
        self._before: dict[Moment, list[tuple[Moment, float]]] = {}
        for task_id in graph.nodes:
            self._before[task_id, "start"] = []
        for parent in graph.parts:
            self._before[parent, "end"] = []
        for earlier, later, seconds in graph.constraints():
            self._before[later].append((earlier, seconds))
        order = TopologicalSorter({moment: [a for a, _ in waits] for moment, waits in self._before.items()})
        self._order = list(order.static_order())
        self._earliest = self._forwards()
        self.makespan = max(map(self._finish, graph.nodes), default=0.0)
        """Seconds from the first start to the last finish."""
        self._latest = self._backwards()

    def timing(self, task_id: str) -> Timing:
        """When one task can run."""
        start: Moment = (task_id, "start")
        moment, seconds = self._graph.end(task_id)
        return Timing(
            self._earliest[start], self._finish(task_id), self._latest[start], self._latest[moment] + seconds
        )

    def critical_path(self) -> list[str]:
        """Ids of tasks that decide the makespan, in order, without those that are made of parts."""
        if not self._graph.nodes:
            return []
        last = max(self._graph.nodes, key=self._finish)
        path: list[Moment] = [self._graph.end(last)[0]]
        while (binding := self._binding(path[-1])) is not None:
            path.append(binding)
        tasks = (task_id for task_id, _ in reversed(path) if task_id not in self._graph.parts)
        return [task_id for task_id, _ in groupby(tasks)]

    def _finish(self, task_id: str) -> float:
        moment, seconds = self._graph.end(task_id)
        return self._earliest[moment] + seconds

    def _forwards(self) -> dict[Moment, float]:
        earliest: dict[Moment, float] = {}
        for moment in self._order:
            waits = (earliest[other] + seconds for other, seconds in self._before[moment])
            earliest[moment] = max(waits, default=0.0)
            earliest[moment] = max(earliest[moment], 0.0)
        return earliest

    def _backwards(self) -> dict[Moment, float]:
        latest = dict.fromkeys(self._order, self.makespan)
        for task_id in self._graph.nodes:
            moment, seconds = self._graph.end(task_id)
            latest[moment] = min(latest[moment], self.makespan - seconds)
        for moment in reversed(self._order):
            for other, seconds in self._before[moment]:
                latest[other] = min(latest[other], latest[moment] - seconds)
        return latest

    def _binding(self, moment: Moment) -> Moment | None:
        """What keeps a moment from coming earlier; None where nothing does."""
        here = self._earliest[moment]
        waits = self._before[moment]
        return next((a for a, seconds in waits if abs(self._earliest[a] + seconds - here) <= _NOTHING), None)


def elapsed(graph: PlanGraph, at_once: int | None) -> float:
    """Seconds that a plan takes if its tasks start as the server starts them.

    Args:
        at_once: tasks that may work at the same time; None: all that may start.
    """
    scheduler = Scheduler(graph, Rules(at_once=at_once))
    ends: list[tuple[float, str]] = []
    now = 0.0
    while True:
        for step in scheduler.advance():
            if step.change == "started":
                heapq.heappush(ends, (now + (graph.nodes[step.task_id].duration or 0.0), step.task_id))
        if not ends:
            return now
        now, task_id = heapq.heappop(ends)
        scheduler.attempt_ended(task_id, ok=True)
