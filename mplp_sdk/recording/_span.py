"""Spans: the steps of a run, written when they start and again when they end."""

from __future__ import annotations

import functools
import time
import traceback
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mplp_sdk.protocol.ids import agent_id, new_id
from mplp_sdk.protocol.times import format_duration, format_time, utc_now
from mplp_sdk.recording._core import Core, never_raises

if TYPE_CHECKING:
    from mplp_sdk.models.trace import ActionType, SpanStatus
    from mplp_sdk.recording._run import Run

__all__ = ["OpenSpan", "describe_error", "status_of"]

_ACTION_TYPES = frozenset({"execute", "invoke", "validate", "complete"})
_STATUSES = frozenset({"success", "failure", "timeout", "cancelled"})
_EVENTS = {"success": "complete", "failure": "error", "timeout": "error", "cancelled": "warning"}
_MOST_ANNOTATIONS = 1000
_FRAMES = 30
_agent_id = functools.lru_cache(maxsize=1024)(agent_id)


class OpenSpan:
    """One step that runs now. Made by `Run.start_span`; a context manager that records what is raised in
    it.
    """

    def __init__(self, run: Run, parent: OpenSpan | None, name: object, agent: object) -> None:
        self._core: Core = run._core
        self.span_id = new_id()
        """UUID of this span, and `id` of its records."""
        self.trace_id = run.trace_id
        self.name = self._core.clean.text(name) or "(unnamed)"
        self.agent: str = self._core.clean.text(agent) if agent else parent.agent if parent else self.name
        """Name of the agent that takes this step."""
        self.ended = False
        self._run = run
        self._parent = parent
        self._started_at: datetime = utc_now()
        self._clock = time.perf_counter()
        self._tags: dict[str, Any] = {"agent": self.agent}
        self._annotations: list[dict[str, Any]] = []
        self._first_token: float | None = None
        self._record: dict[str, Any] = {}

    @never_raises
    def begin(self, kind: ActionType, given: object, tags: object, task: str | None) -> None:
        """Write the open record. Called once, by the run."""
        action: dict[str, Any] = {"name": self.name, "type": kind if kind in _ACTION_TYPES else "execute"}
        # Whole before it meets the caller's values: whatever those do, the step can be ended.
        self._record = {
            "id": self.span_id,
            "trace_id": self.trace_id,
            "span_id": self.span_id,
            "context_id": self._run.context_id,
            "agent_id": _agent_id(self.agent),
            "action": action,
            "timestamp": {"start": format_time(self._started_at)},
            "event": {"type": "start"},
        }
        if self._parent is not None:
            self._record["parent_span_id"] = self._parent.span_id
        if given is not None and not self._core.redaction.drop_inputs:
            action["parameters"] = self._core.clean.raw(given)
        self._tags |= self._core.clean.mapping(tags)
        self._refer_to_plan(task)
        self._write()

    def _refer_to_plan(self, task: str | None) -> None:
        plan = self._run.plan
        if plan is None:
            return
        self._record["plan_id"] = plan.plan_id
        if task is not None and (task_id := plan.task_id(task)) is not None:
            self._record["task_id"] = task_id
            plan.start(task)

    @never_raises
    def annotate(self, name: str, data: object = None) -> None:
        """Note something that happened in this step. Written with the end of the span."""
        if len(self._annotations) < _MOST_ANNOTATIONS:
            note: dict[str, Any] = {"name": self._core.clean.text(name), "timestamp": format_time(utc_now())}
            if data is not None:
                note["data"] = self._core.clean.data(data)
            self._annotations.append(note)

    @never_raises
    def tag(self, mapping: Mapping[str, object] | None = None, /, **tags: object) -> None:
        """Add tags, or replace those of the same name. Written with the end of the span."""
        self._tags = {**self._tags, **self._core.clean.mapping({**(mapping or {}), **tags})}

    @never_raises
    def set_input(self, input: object) -> None:  # noqa: A002 - as start_span
        """Replace the input, where it becomes known only later. Written with the end of the span."""
        if not self.ended and not self._core.redaction.drop_inputs:
            self._record["action"] = {**self._record["action"], "parameters": self._core.clean.raw(input)}

    def first_token(self) -> None:
        """A model began to answer. The first call counts: `metrics.time_to_first_token`, seconds since the
        start.
        """
        if self._first_token is None:
            self._first_token = time.perf_counter() - self._clock

    @never_raises
    def end(
        self,
        *,
        output: object = None,
        error: BaseException | Mapping[str, object] | None = None,
        status: SpanStatus | None = None,
        metrics: Mapping[str, int | float | str] | None = None,
    ) -> None:
        """Write the closed record. A second end is ignored.

        Args:
            output: result; a bare value becomes `{"value": …}`.
            error: an exception, or `{"type", "message", "stack"}`.
            status: default: success, or what `error` says: failure, timeout, cancelled.
            metrics: `input_tokens`, `output_tokens`, … Leave out what is unknown.
        """
        with self._core.lock:
            if self.ended:
                return
            self.ended = True
        self._run.forget(self)
        self._close(status if status in _STATUSES else status_of(error), output, error, metrics)

    def _close(self, status: str, output: object, error: object, metrics: object) -> None:
        elapsed = round(time.perf_counter() - self._clock, 6)
        result: dict[str, Any] = {"status": status}
        if output is not None and not self._core.redaction.drop_outputs:
            result["output"] = self._core.clean.raw(output)
        if error is not None:
            result["error"] = self._core.clean.mapping(describe_error(error))
        if measured := self._measured(metrics):
            result["metrics"] = measured
        length = timedelta(seconds=elapsed)
        end = format_time(self._started_at + length)
        self._record["timestamp"] = {**self._record["timestamp"], "end": end}
        self._record["action"] = {**self._record["action"], "duration": format_duration(length)}
        self._record["performance"] = {"duration": elapsed}
        self._record["event"] = {"type": _EVENTS[status]}
        self._record["result"] = result
        self._write()
        self._record = {}

    def _measured(self, metrics: object) -> dict[str, Any]:
        measured = {
            name: value for name, value in self._core.clean.mapping(metrics).items() if value is not None
        }
        if self._first_token is not None:
            measured.setdefault("time_to_first_token", round(self._first_token, 6))
        return measured

    def _write(self) -> None:
        metadata: dict[str, Any] = {"tags": self._tags}
        if self._annotations:
            metadata["annotations"] = self._annotations
        self._record["metadata"] = metadata
        self._core.write("trace", self._record)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(error=error)


def status_of(error: object) -> str:
    """Status of a step that ended with `error`: a stop that somebody wanted is not a failure."""
    if error is None:
        return "success"
    if not isinstance(error, BaseException):
        return "failure"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, (GeneratorExit, KeyboardInterrupt)):
        return "cancelled"
    # asyncio's and concurrent.futures' own, without importing either.
    return (
        "cancelled" if any(kind.__name__ == "CancelledError" for kind in type(error).__mro__) else "failure"
    )


def describe_error(error: object) -> object:
    """`{"type", "message", "stack"}` of an exception; anything else as it is."""
    if not isinstance(error, BaseException):
        return error
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return {"type": name, "message": _message(error), "stack": _stack(error)}


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # the caller's own __str__
        return f"[unreadable {type(error).__name__}]"


def _stack(error: BaseException) -> str:
    """The way down to where it was raised; without the message, which is asked of the exception once only."""
    return "".join(traceback.format_tb(error.__traceback__, limit=-_FRAMES))
