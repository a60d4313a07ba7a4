"""Runs: one top-level piece of execution, with its spans, its plan and the questions that it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mplp_sdk.protocol.ids import new_id
from mplp_sdk.protocol.tracing import enter_trace
from mplp_sdk.recording._confirmation import OpenConfirmation
from mplp_sdk.recording._context import SharedContext
from mplp_sdk.recording._core import Core, never_raises
from mplp_sdk.recording._plan import LivePlan, PlannedDependency, PlannedTask
from mplp_sdk.recording._seen import Seen
from mplp_sdk.recording._span import OpenSpan, status_of

if TYPE_CHECKING:
    from mplp_sdk.models.confirmation import ConfirmationType, TargetType
    from mplp_sdk.models.trace import ActionType, SpanStatus
    from mplp_sdk.recording._recorder import Recorder

__all__ = ["Run"]


class Run:
    """One run: one Trace in one Context. Made by `Recorder.start_run`; a context manager that records what
    is raised.

    Nothing here raises for reasons of recording.
    """

    root: OpenSpan
    """Span of the whole run."""

    def __init__(
        self, recorder: Recorder, core: Core, seen: Seen, context: SharedContext, goals: Sequence[str]
    ) -> None:
        self.recorder = recorder
        self._core = core
        self._seen = seen
        self.context_id = context.id
        """UUID of the Context that this run belongs to."""
        self.trace_id = new_id()
        """UUID of the Trace."""
        self.plan: LivePlan | None = None
        """The plan that the run follows; None until `set_plan`."""
        self.ended = False
        self._context = context
        self._goals = goals
        self._open: dict[str, OpenSpan] = {}
        self._asked: list[OpenConfirmation] = []

    def start_span(
        self,
        name: str,
        *,
        type: ActionType = "execute",  # noqa: A002 - the protocol's name
        parent: OpenSpan | None = None,
        agent: str | None = None,
        input: object = None,  # noqa: A002 - what everybody calls it
        tags: Mapping[str, object] | None = None,
        task: str | None = None,
    ) -> OpenSpan:
        """Begin a step.

        Args:
            parent: span that it is a part of; None: the root.
            agent: name of who takes the step; None: the agent of the parent.
            input: kept as it is now, whatever becomes of it later.
            task: key of the plan's task that this carries out; the task is then running.
        """
        span = OpenSpan(self, parent or getattr(self, "root", None), name, agent)
        self._open[span.span_id] = span
        span.begin(type, input, tags, task)
        return span

    def set_plan(
        self,
        name: str,
        tasks: Sequence[PlannedTask],
        dependencies: Sequence[PlannedDependency] = (),
        *,
        workflow: Mapping[str, object] | None = None,
        description: str | None = None,
    ) -> LivePlan:
        """Say what is meant to happen. Called again, it is a replan: the next version, with an id of its own.

        The open tasks of the version before become cancelled in its last record. A run that goes on after a
        pending confirmation takes up the plan of the run before, where name and tasks are the same.

        Args:
            dependencies: acyclic; leave back edges out and name them in `workflow`.
        """
        waiting, self._context.waiting_plan = self._context.waiting_plan, None
        if (
            self.plan is None
            and waiting is not None
            and _is_same(waiting, self._core.clean.text(name), tasks)
        ):
            self.plan = waiting
            return waiting
        previous = self.plan
        if previous is not None:
            previous.supersede()
        self.plan = LivePlan(self._core, self.context_id, name, previous)
        self.plan.begin(tasks, dependencies, workflow, description)
        return self.plan

    @never_raises
    def set_variables(self, variables: Mapping[str, object]) -> None:
        """Replace the Context's `shared_state.variables`, as they are now."""
        self._context.set_variables(variables)

    @never_raises
    def add_role(
        self, name: str, *, description: str | None = None, capabilities: Sequence[Mapping[str, object]] = ()
    ) -> None:
        """Say who takes part. Written once for each agent and recorder, and again when something changed.

        Args:
            capabilities: `{"name", "type": skill | permission | resource, "level": basic | intermediate |
                advanced | expert, "parameters"}`; only the name is needed.
        """
        self._seen.add_role(name, description, capabilities)

    def request_confirmation(
        self,
        key: str,
        *,
        description: str,
        type: ConfirmationType = "approval",  # noqa: A002 - the protocol's name
        target_type: TargetType = "task",
        target_id: str | None = None,
        approvers: Sequence[str | Mapping[str, object]] = (),
        requester: str | Mapping[str, object] | None = None,
        details: Mapping[str, object] | None = None,
        task: str | None = None,
        span: OpenSpan | None = None,
    ) -> OpenConfirmation:
        """Somebody is asked. Written now; `decide` on what this returns writes the answer.

        Args:
            key: names the question within its Context; the same key leads to the same Confirmation in any
                process.
            target_id: what it is about; None: the task, else the span.
            approvers: names, or `{"id", "type": agent | human | system, "role", "required"}`.
            task: key of the plan's task that waits for the answer.
            span: step in which it was asked; None: the root.
        """
        asked_in = span or self.root
        task_id = self.plan.task_id(task) if self.plan is not None and task is not None else None
        confirmation = OpenConfirmation(self._core, self.context_id, self._core.key(key))
        confirmation.begin(
            description=description,
            type=type,
            target_type=target_type,
            target_id=target_id or task_id or asked_in.span_id,
            approvers=approvers,
            requester=requester,
            details=details,
            plan_id=None if self.plan is None else self.plan.plan_id,
            tags={"trace_id": self.trace_id, "span_id": asked_in.span_id},
        )
        self.wait_for(confirmation)
        self._seen.add_confirmation(confirmation)
        return confirmation

    def wait_for(self, confirmation: OpenConfirmation) -> None:
        """Let this run end as one that waits for an answer, also where a run before it has asked."""
        self._asked.append(confirmation)

    @never_raises
    def end(
        self,
        *,
        output: object = None,
        error: BaseException | Mapping[str, object] | None = None,
        status: SpanStatus | None = None,
    ) -> None:
        """End the run: steps still open (marked `unfinished`), the root, the plan. A second end is ignored.

        While a question of this run waits for its answer, plan and Context stay open.
        """
        with self._core.lock:
            if self.ended:
                return
            self.ended = True
        for span in reversed(list(self._open.values())):
            if span is not self.root:
                span.tag({"mplp.unfinished": True})
                span.end(status="cancelled")
        self.root.end(output=output, error=error, status=status)
        self._settle(status or status_of(error))

    def _settle(self, status: str) -> None:
        waiting = any(confirmation.pending for confirmation in self._asked)
        if self.plan is not None:
            if waiting:
                self._context.waiting_plan = self.plan
            else:
                self.plan.finish(status)
        self._context.finish(status, self._goals, waiting=waiting)

    def forget(self, span: OpenSpan) -> None:
        """A span ended; called by the span."""
        self._open.pop(span.span_id, None)

    def __enter__(self) -> Self:
        self._outer_trace = enter_trace(self.trace_id)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        enter_trace(self._outer_trace)
        self.end(error=error)


def _is_same(plan: LivePlan, name: str, tasks: Sequence[PlannedTask]) -> bool:
    return plan.status == "executing" and plan.name == name and plan.keys() == {task.key for task in tasks}
