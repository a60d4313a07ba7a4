"""The steps that are open now, and the tree they make.

LangChain names every step by a run id and its parent by another; nothing else links them. One `Runs` belongs
to one recorder and is shared by every handler of the process, so that a step told twice is recorded once.
Used by the handler. Spec: recording §2.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from threading import Lock, get_ident
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary, ref

from mplp_adapters.langchain._graph_runs import GraphRuns
from mplp_adapters.langchain._messages import plain
from mplp_adapters.langchain._open import Open, Origin, Root
from mplp_adapters.langchain._outcomes import STREAM_LEFT, Outcome, outcome_of
from mplp_adapters.langchain._progress import Progress
from mplp_adapters.langchain._steps import Step, thread_key
from mplp_sdk.recording import Recorder

__all__ = ["Runs", "runs_of"]

_IDLE = 6 * 3600.0
"""Seconds without any event after which a run is taken to have been abandoned."""
_SWEEP = 60.0
"""Seconds between two searches for abandoned runs."""


class Runs:
    """Turns starts and ends of steps into spans below the right parents."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = ref(recorder)
        self._open: dict[UUID, Open] = {}
        self._roots: dict[int, Root] = {}
        self._lock = Lock()
        self._swept = time.monotonic()
        self._graphs = GraphRuns()

    def find(self, run_id: UUID) -> Open | None:
        """The step that is open under `run_id`; None when it is unknown or has ended."""
        found = self._open.get(run_id)
        return found if found is not None and not found.ended else None

    def start(self, step: Step) -> None:
        """Open a span for `step`, below its parent or as a run of its own."""
        known = self._open.get(step.run_id)
        origin = (step.source or id(step.payload), get_ident(), step.parent_run_id)
        if known is not None and not known.ended and known.origin == origin and known.step.kind == step.kind:
            known.copies += 1
            return
        parent = self._open.get(step.parent_run_id) if step.parent_run_id is not None else None
        opened = self._start_root(step, origin) if parent is None else self._start_below(parent, step, origin)
        if opened is None:
            return
        opened.before = known if known is not None and not known.ended else None
        opened.root.members.append(step.run_id)
        self._open[step.run_id] = opened
        self._graphs.started(opened)
        step.payload = None  # the recorder has its own copy; ours would keep the caller's alive

    def _start_root(self, step: Step, origin: Origin) -> Open | None:
        recorder = self._recorder()
        if recorder is None:
            return None
        self._sweep()
        goals = self._graphs.goals(step)
        tags = step.span_tags()
        if step.parent_run_id is not None:
            tags["langchain.parent_run_id"] = str(step.parent_run_id)
        run = recorder.start_run(
            step.name,
            key=thread_key(step.metadata),
            agent=step.agent,
            type="execute" if step.kind == "tool" else "invoke",
            input=plain(step.payload),
            tags=tags,
            goals=goals,
        )
        root = Root(run, Progress(run), time.monotonic(), goals=goals)
        opened = Open(run.root, root, step, origin, None)
        with self._lock:
            self._roots[id(root)] = root
        return opened

    def _start_below(self, parent: Open, step: Step, origin: Origin) -> Open:
        root = parent.root
        root.touched = time.monotonic()
        task = self._graphs.task_of(parent, step)
        span = root.run.start_span(
            step.name,
            type=step.type_below(parent.step.node is not None),
            parent=parent.span,
            agent=step.agent,
            input=plain(step.payload),
            tags=_tags(root, step),
            task=task,
        )
        return Open(span, root, step, origin, parent, task=task, inside=task or parent.inside)

    def end(
        self,
        run_id: UUID,
        output: Any,
        *,
        metrics: Mapping[str, int | float | str] | None = None,
        error: Mapping[str, str] | None = None,
    ) -> None:
        """Close the span of `run_id` with what came out (plain data).

        Args:
            error: what went wrong where that is told as an ordinary result.
        """
        self._finish(run_id, Outcome("failure" if error else "success", error, output), metrics)

    def end_stream(self, run_id: UUID, output: Any, late_input: Any) -> None:
        """Close the span of a stream, whose input is told with its end.

        A reader that leaves ends it just like one that reads on; but then the steps inside have not ended.
        """
        opened = self.find(run_id)
        if opened is None:
            return
        opened.span.set_input(plain(late_input))
        left = opened.parent is None and self._has_open_steps(opened)
        self._finish(
            run_id, STREAM_LEFT._replace(output=output) if left else Outcome("success", None, output)
        )

    def _has_open_steps(self, opened: Open) -> bool:
        steps = (self.find(run_id) for run_id in opened.root.members)
        return any(step is not None and step is not opened for step in steps)

    def first_token(self, run_id: UUID) -> None:
        """A model's answer began to arrive."""
        opened = self.find(run_id)
        if opened is not None and not opened.answering:
            opened.answering = True
            opened.span.first_token()

    def fail(self, run_id: UUID, error: BaseException, *, output: Any = None) -> None:
        """Close the span of `run_id`, which ended with an exception: an error, or a signal that is none."""
        opened = self.find(run_id)
        if opened is not None:
            self._graphs.failed(opened, error)
        outcome = outcome_of(error)
        self._finish(run_id, outcome if output is None else outcome._replace(output=output))

    def _finish(
        self, run_id: UUID, outcome: Outcome, metrics: Mapping[str, int | float | str] | None = None
    ) -> None:
        opened = self.find(run_id)
        if opened is None:
            return
        opened.ended = True
        if opened.before is not None and not opened.before.ended:
            self._open[run_id] = opened.before
        if opened.task is not None:
            waits = "langgraph.interrupted" in outcome.tags
            opened.root.progress.end(opened.task, outcome.task_end, waits=waits)
        if outcome.tags:
            opened.span.tag(outcome.tags)
        opened.root.touched = time.monotonic()
        if opened.parent is None:
            self._finish_root(opened.root, outcome, metrics)
        else:
            opened.span.end(
                output=outcome.output, error=outcome.error, status=outcome.status, metrics=metrics
            )

    def _finish_root(
        self, root: Root, outcome: Outcome, metrics: Mapping[str, int | float | str] | None = None
    ) -> None:
        with self._lock:
            self._roots.pop(id(root), None)
        for run_id in root.members:
            opened = self._open.get(run_id)
            if opened is not None and opened.root is root:
                del self._open[run_id]
        self._graphs.finish(root, outcome)
        run = root.run
        if metrics:
            run.root.end(output=outcome.output, error=outcome.error, status=outcome.status, metrics=metrics)
        run.end(output=outcome.output, error=outcome.error, status=outcome.status)

    def interrupted(self, event: Any) -> None:
        """LangGraph tells that a graph stopped to ask."""
        opened = self.find(event.run_id) if event.run_id is not None else None
        if opened is not None:
            self._graphs.paused(opened, event)

    def note(self, run_id: UUID, name: str, data: Any) -> None:
        """Add an annotation to the span of `run_id`: once, however often the handler was given."""
        opened = self.find(run_id)
        if opened is not None:
            opened.notes += 1
            if opened.notes % opened.copies == 0:
                opened.span.annotate(name, plain(data))

    def _sweep(self) -> None:
        """Close the runs that were abandoned: their consumer went away, and nobody told us."""
        now = time.monotonic()
        if now - self._swept < _SWEEP:
            return
        with self._lock:
            self._swept = now
            abandoned = [root for root in self._roots.values() if now - root.touched > _IDLE]
        for root in abandoned:
            self._finish_root(root, Outcome("cancelled", None, tags={}))


_runs: WeakKeyDictionary[Recorder, Runs]
_runs_lock: Lock


def _forget() -> None:
    """In a forked child too: the parent's runs are the parent's, and its locks may be held for ever."""
    global _runs, _runs_lock  # a child needs new ones
    _runs, _runs_lock = WeakKeyDictionary(), Lock()


_forget()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def runs_of(recorder: Recorder) -> Runs:
    """The open runs of `recorder`, shared by all handlers that write to it."""
    runs = _runs.get(recorder)
    if runs is None:
        with _runs_lock:
            runs = _runs.setdefault(recorder, Runs(recorder))
    return runs


def _tags(root: Root, step: Step) -> dict[str, object]:
    tags = step.span_tags()
    checkpoint = step.metadata.get("langgraph_checkpoint_ns")
    if checkpoint and step.node is not None:
        attempt = root.progress.attempt(str(checkpoint))
        if attempt > 1:
            tags["langgraph.attempt"] = attempt
    return tags
