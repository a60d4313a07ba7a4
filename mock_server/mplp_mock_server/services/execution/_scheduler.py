"""Which task may start next: the rules of execution, without handlers, store, clock or event loop.

    scheduler = Scheduler(graph, Rules())
    while scheduler.outcome is None:
        for step in scheduler.advance():    # starts, ends, skips: each is told once
            ...
        scheduler.attempt_ended(task_id, ok=True)

A task starts once its `finish_to_start` edges have ended well, its `start_to_start` edges have started and
the composite task that it is a part of has; it ends once its work is done, its `finish_to_finish` edges have
ended, and all parts of it. Spec: protocol §2.1 plans, §3 Plan.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from mplp_mock_server.services._plan_graph import (
    FINISH_TO_FINISH,
    FINISH_TO_START,
    START_TO_START,
    Edge,
    PlanGraph,
)

__all__ = ["ENDED", "Outcome", "Rules", "Scheduler", "Step"]

Outcome = Literal["completed", "failed", "cancelled"]

ENDED: Final = frozenset({"completed", "failed", "skipped", "cancelled"})
"""States that a task does not leave by itself. The others are `waiting`, `working`, `retrying` (between two
attempts), `open` (a composite task, while its parts run) and `held` (done, but another must finish first)."""

_NEVER_RAN: Final = frozenset({"skipped", "cancelled"})
_BUSY: Final = frozenset({"working", "retrying"})

_NOT_YET: Final = ""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How a plan is to be carried out."""

    at_once: int | None = None
    """Tasks that may work at the same time; None: all that may start."""
    conditional: bool = False
    """Whether the edges' conditions count; else each edge asks for success."""
    retries: int = 0
    """Further attempts for a task that fails."""
    stop_on_error: bool = True
    """Whether after a failure nothing starts any more, whether it waits for the failed task or not."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens to a task."""

    task_id: str
    change: str
    """`started`: its handler is to be called now. `opened`: its parts may start. `waiting`: it starts over.
    Else the status that it ended with."""
    attempt: int = 0
    """Of a start, from 1."""
    because: str = ""


class Scheduler:
    """One execution of one plan. The graph must have no cycle.

    Args:
        ended: status of the tasks that had ended before.
    """

    def __init__(self, graph: PlanGraph, rules: Rules, ended: Mapping[str, str] | None = None) -> None:
        self._graph = graph
        self._rules = rules
        self._state = {task_id: (ended or {}).get(task_id, "waiting") for task_id in graph.nodes}
        self._place = {task_id: place for place, task_id in enumerate(graph.nodes)}
        self._attempts = dict.fromkeys(graph.nodes, 0)
        self._left = dict.fromkeys(graph.nodes, rules.retries)
        self._ready: list[tuple[int, str]] = []
        """A heap, in the order of the plan, of tasks that wait for a free place only."""
        self._queued: set[str] = set()
        """The same tasks."""
        self._again: list[str] = []
        """Tasks between two attempts, which keep their places."""
        self._waived: set[str] = set()
        """Skipped by a person: nobody waits for them any more."""
        self._touched = dict.fromkeys(graph.nodes)
        """Tasks to look at, since something changed that they wait for."""
        self._steps: list[Step] = []
        """What happened and was not told yet."""
        self._busy = 0
        self._unended = sum(state not in ENDED for state in self._state.values())
        self._stopping = False
        self._cancelled = False
        self.paused = False
        """While set, nothing starts."""

    def __contains__(self, task_id: object) -> bool:
        """Whether the plan has this task."""
        return task_id in self._state

    @property
    def outcome(self) -> Outcome | None:
        """How the plan ended; None while a task has not."""
        if self._unended:
            return None
        if self._cancelled:
            return "cancelled"
        return "failed" if any(map(self._spoils, self._state)) else "completed"

    def status(self, task_id: str) -> str:
        """The task's status in the words of the protocol."""
        state = self._state[task_id]
        if state in ENDED:
            return state
        if state != "waiting":
            return "running"
        return "ready" if task_id in self._queued else "pending"

    def advance(self) -> list[Step]:
        """All that happens now, in order."""
        while self._settle() or self._start_next():
            pass
        steps, self._steps = self._steps, []
        return steps

    def attempt_ended(self, task_id: str, *, ok: bool) -> bool:
        """A handler is done. A failed attempt is followed by another start while there are retries left.

        Returns:
            Whether anybody waited for it: False where the task was cancelled meanwhile.
        """
        if self._state[task_id] != "working":
            return False
        if ok:
            self._move(task_id, "held")
        elif self.may_try_again(task_id):
            self._left[task_id] -= 1
            self._again.append(task_id)
            self._move(task_id, "retrying")
        else:
            self._fail(task_id)
        return True

    def may_try_again(self, task_id: str) -> bool:
        """Whether a failed attempt at a task that works now is followed by another."""
        return self._state[task_id] == "working" and self._left[task_id] > 0 and not self._stopping

    def cancel(self) -> None:
        """End every task that has not ended, those that work among them."""
        self._cancelled = self._stopping = True
        for task_id, state in list(self._state.items()):
            if state not in ENDED:
                self._end(task_id, "cancelled", "the execution was cancelled")

    def skip(self, task_id: str) -> bool:
        """Leave out a task that has not started, as if it had gone well; False where it has."""
        if self._state[task_id] != "waiting":
            return False
        self._waived.add(task_id)
        self._end(task_id, "skipped", "a command said so")
        return True

    def retry(self, task_id: str) -> bool:
        """Give a failed task another chance, and with it the tasks that were skipped for it.

        Returns:
            False where it has not failed, is made of parts, or the plan is coming to its end.
        """
        if self._state[task_id] != "failed" or task_id in self._graph.parts or self._stopping:
            return False
        self._left[task_id] = self._rules.retries
        undone = [task_id]
        while undone:
            again = undone.pop()
            was_open = again in self._graph.parts and self._state[again] != "skipped"
            self._move(again, "open" if was_open else "waiting")
            self._steps.append(Step(again, "opened" if was_open else "waiting", because="a command said so"))
            undone += [other for other in self._undone_by(again) if other not in undone]
        return True

    # --- What happens next ------------------------------------------------------------------------------

    def _settle(self) -> bool:
        """Look at the tasks that something changed for; False where there were none."""
        if not self._touched:
            return False
        touched, self._touched = self._touched, {}
        for task_id in touched:
            state = self._state[task_id]
            if state == "waiting":
                self._look_at_start(task_id)
            elif state in ("held", "open"):
                self._look_at_end(task_id)
        return True

    def _start_next(self) -> bool:
        """Start one task; False where none may start now."""
        if self.paused or self._stopping:
            return False
        if self._again:
            self._start(self._again.pop(0))
            return True
        if not self._ready or self._busy == self._rules.at_once:
            return False
        _, task_id = heapq.heappop(self._ready)
        self._queued.discard(task_id)
        # A command may have come between: to skip it, or to run again what it waits for.
        if self._state[task_id] == "waiting" and not list(self._obstacles(task_id)):
            self._start(task_id)
        return True

    def _start(self, task_id: str) -> None:
        if task_id in self._graph.parts:
            self._steps.append(Step(task_id, "opened"))
            self._move(task_id, "open")
            return
        self._attempts[task_id] += 1
        self._steps.append(Step(task_id, "started", self._attempts[task_id]))
        self._move(task_id, "working")

    def _look_at_start(self, task_id: str) -> None:
        obstacles = list(self._obstacles(task_id))
        never = next(filter(None, obstacles), None)
        if never is not None:
            self._end(task_id, "skipped", never)
        elif not obstacles and task_id not in self._queued:
            self._queued.add(task_id)
            heapq.heappush(self._ready, (self._place[task_id], task_id))

    def _look_at_end(self, task_id: str) -> None:
        before = [edge.before for edge in self._graph.into[task_id] if edge.type == FINISH_TO_FINISH]
        parts = self._graph.parts.get(task_id, ())
        if any(self._state[other] not in ENDED for other in (*before, *parts)):
            return
        if any(map(self._spoils, parts)):
            self._end(task_id, "failed", "a part of it failed")
        elif any(self._state[part] == "cancelled" for part in parts):
            self._end(task_id, "cancelled", "a part of it was cancelled")
        else:
            self._end(task_id, "completed")

    # --- Obstacles: empty for one that may go away, else why it never will ------------------------------

    def _obstacles(self, task_id: str) -> Iterator[str]:
        parent = self._graph.nodes[task_id].parent
        if parent is not None and self._state[parent] != "open":
            over = self._state[parent] in ENDED
            yield f"{self._name(parent)}, which it is a part of, is over" if over else _NOT_YET
        for edge in self._graph.into[task_id]:
            if edge.before not in self._waived:
                yield from self._obstacles_of(edge)

    def _obstacles_of(self, edge: Edge) -> Iterator[str]:
        state = self._state[edge.before]
        if edge.type == FINISH_TO_FINISH:
            return
        if state == "waiting" or (edge.type == FINISH_TO_START and state not in ENDED):
            yield _NOT_YET
        elif edge.type == START_TO_START:
            if state in _NEVER_RAN:
                yield f"{self._name(edge.before)} never started"
        elif not self._is_met(edge, state):
            yield f"{self._name(edge.before)} is {state}"

    def _is_met(self, edge: Edge, state: str) -> bool:
        wanted = edge.condition if self._rules.conditional else "success"
        return wanted == "always" or state == {"success": "completed", "failure": "failed"}[wanted]

    def _name(self, task_id: str) -> str:
        return repr(self._graph.nodes[task_id].name)

    # --- Moves ------------------------------------------------------------------------------------------

    def _move(self, task_id: str, state: str) -> None:
        old = self._state[task_id]
        self._busy += (state in _BUSY) - (old in _BUSY)
        self._unended += (old in ENDED) - (state in ENDED)
        self._state[task_id] = state
        self._touched[task_id] = None
        self._touched.update(dict.fromkeys(self._neighbours(task_id)))

    def _neighbours(self, task_id: str) -> Iterator[str]:
        """The tasks that may wait for this one."""
        yield from (edge.after for edge in self._graph.out_of[task_id])
        yield from self._graph.parts.get(task_id, ())
        parent = self._graph.nodes[task_id].parent
        if parent is not None:
            yield parent

    def _end(self, task_id: str, status: str, because: str = "") -> None:
        self._steps.append(Step(task_id, status, because=because))
        self._move(task_id, status)

    def _fail(self, task_id: str) -> None:
        self._end(task_id, "failed", f"attempt {self._attempts[task_id]} failed and there is no other")
        if self._rules.stop_on_error and self._spoils(task_id):
            self._stop(f"{self._name(task_id)} failed")

    def _stop(self, because: str) -> None:
        self._stopping = True
        for task_id, state in list(self._state.items()):
            if state == "waiting":
                self._end(task_id, "cancelled", because)
            elif state == "retrying":
                self._end(task_id, "failed", because)

    def _spoils(self, task_id: str) -> bool:
        """Whether it failed, and nothing in the plan is there for that case."""
        return self._state[task_id] == "failed" and not self._is_expected(task_id)

    def _is_expected(self, task_id: str) -> bool:
        """Whether an edge of it, or of a task that it is a part of, is there for its failure."""
        at: str | None = task_id if self._rules.conditional else None
        while at is not None:
            edges = self._graph.out_of[at]
            if any(edge.type == FINISH_TO_START and edge.condition != "success" for edge in edges):
                return True
            at = self._graph.nodes[at].parent
        return False

    def _undone_by(self, task_id: str) -> Iterator[str]:
        """The tasks that ended as they did for the sake of this one."""
        parent = self._graph.nodes[task_id].parent
        for other in self._neighbours(task_id):
            state = self._state[other]
            if (state == "skipped" and other not in self._waived) or (other == parent and state in ENDED):
                yield other
