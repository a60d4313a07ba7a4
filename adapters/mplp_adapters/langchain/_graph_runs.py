"""What a LangGraph run is on top of its spans: a plan, agents with tools, state, questions to people.

Used by _runs.py at the start and end of steps. Spec: recording §2.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from langgraph.constants import END
from langgraph.errors import GraphInterrupt
from langgraph.types import Interrupt

from mplp_adapters.langchain._graph import GraphShape, read_graph
from mplp_adapters.langchain._interrupts import Interrupts, is_resume
from mplp_adapters.langchain._messages import goal_of, plain
from mplp_adapters.langchain._open import Open, Root
from mplp_adapters.langchain._outcomes import Outcome
from mplp_adapters.langchain._progress import Scope
from mplp_adapters.langchain._steps import Step, thread_key

__all__ = ["GraphRuns"]

_log = logging.getLogger("mplp.langchain")

_PAUSES = frozenset({"interrupt_before", "interrupt_after"})
_TODO_TOOL = "write_todos"


class GraphRuns:
    """Keeps plans, roles, state and Confirmations in step with the runs of one recorder."""

    def __init__(self) -> None:
        self._interrupts = Interrupts()
        self._described: set[str] = set()
        """Agents whose tools are known."""

    def goals(self, step: Step) -> Sequence[str]:
        """What a top-level run is to reach: the task in its input; the goals of the run that it resumes."""
        if step.kind == "chain" and is_resume(step.payload):
            return self._interrupts.goals(thread_key(step.metadata))
        goal = goal_of(step.payload)
        return [goal] if goal else []

    def started(self, opened: Open) -> None:
        """A step has started: take what it tells about graphs, agents and plans."""
        step, root = opened.step, opened.root
        if step.starts_graph and root.thread is None:
            self._begin_thread(opened)
        if step.graph is not None and opened.scope is None:
            self._enter(opened)
        if step.tools and root.thread is not None and opened.span.agent not in self._described:
            self._describe(opened, step.tools)
        if step.kind == "tool" and step.name == _TODO_TOOL:
            root.progress.replan(_todos(step.payload))

    def _begin_thread(self, opened: Open) -> None:
        """A graph starts: it goes on with its thread, or begins something new on it."""
        root, payload = opened.root, opened.step.payload
        root.thread = opened.thread
        if is_resume(payload):
            self._resume(opened)
        else:
            self._interrupts.give_up(root.thread)
        if issubclass(type(payload), dict):
            root.run.set_variables(plain(payload))

    def _resume(self, opened: Open) -> None:
        root = opened.root
        progress = self._interrupts.take(opened.thread)
        if progress is not None:
            progress.go_on(root.run)
            root.progress = progress
        elif opened.step.graph is not None:
            self._recall(opened)
        self._interrupts.resume(opened.thread, opened.step.payload, opened.step.reviewer)

    def _recall(self, opened: Open) -> None:
        """Another process was interrupted: what it asked is in the graph's checkpoint."""
        self._enter(opened)
        opened.root.progress.begun_elsewhere = True
        if opened.step.payload is None:
            return  # it goes on after a failure: whatever was asked has been answered, or is asked again
        for node, interrupts in _waiting(opened.step):
            self._interrupts.ask(
                opened.root.run, interrupts, thread=opened.thread, task=node, span=opened.span
            )

    def _enter(self, opened: Open) -> None:
        """A graph starts: have its plan before its first node runs."""
        shape = _shape(opened.step.graph)
        opened.scope = opened.root.progress.enter(opened.step.name, shape, inside=opened.inside)
        if shape is not None and (opened.step.agent is not None or opened.parent is None):
            self._describe(opened, shape.capabilities)

    def _describe(self, opened: Open, capabilities: Sequence[Mapping[str, object]]) -> None:
        self._described.add(opened.span.agent)
        opened.root.run.add_role(opened.span.agent, capabilities=capabilities)

    def task_of(self, parent: Open, step: Step) -> str | None:
        """Key of the planned task that `step` carries out, now begun; None for steps that are no nodes."""
        node = step.node
        if node is None:
            return None
        if parent.scope is None:
            self._enter(parent)
        progress = parent.root.progress
        key = progress.task_for(parent.scope or Scope(None), node)
        if key is not None:
            progress.start(key)
        return key

    def ask(self, opened: Open, interrupts: Iterable[Interrupt]) -> None:
        """The graph stops at a question to a person."""
        opened.root.interrupted = True
        self._interrupts.ask(
            opened.root.run, interrupts, thread=opened.thread, task=opened.inside, span=opened.span
        )

    def paused(self, opened: Open, event: Any) -> None:
        """LangGraph's own word of an interrupt: also where it paused as planned, without any exception."""
        if event.interrupts:
            self.ask(opened, event.interrupts)
        elif event.status in _PAUSES:
            opened.root.interrupted = True
            description = f"The graph paused as planned ({event.status}) and waits to be resumed"
            self._interrupts.ask_to_go_on(
                opened.root.run,
                str(event.checkpoint_id),
                description,
                thread=opened.thread,
                span=opened.span,
            )

    def failed(self, opened: Open, error: BaseException) -> None:
        """A step ended with an exception, which may be a question."""
        if isinstance(error, GraphInterrupt):
            self.ask(opened, error.args[0] if error.args else ())

    def finish(self, root: Root, outcome: Outcome) -> None:
        """The top-level run ends: keep its state, and its plan where somebody is asked."""
        if root.thread is None:
            return
        if isinstance(outcome.output, dict):
            root.run.set_variables(outcome.output)
        if (agent := root.run.root.agent) not in self._described:
            self._described.add(agent)
            root.run.add_role(agent)
        if root.interrupted:
            root.run.root.tag({"langgraph.interrupted": True})
            self._interrupts.keep(root.thread, root.progress, root.goals)
        elif outcome.status == "success":
            root.progress.skip_the_rest()
            if (answer := _final_answer(outcome.output)) is not None:
                root.run.start_span(END, type="complete", parent=root.run.root).end(output=answer)


def _final_answer(output: Any) -> Any:
    """The message that a graph of messages ended with, when it is an answer and not a call for a tool."""
    messages = output.get("messages") if isinstance(output, dict) else None
    last = messages[-1] if isinstance(messages, list) and messages else None
    if isinstance(last, dict) and last.get("role") == "assistant" and not last.get("tool_calls"):
        return last
    return None


def _shape(graph: Any) -> GraphShape | None:
    try:
        return None if graph is None else read_graph(graph)
    except Exception:  # drawing runs the graph's own code
        _log.debug("this graph cannot be drawn, so its plan is filled in as it runs", exc_info=True)
        return None


def _waiting(step: Step) -> list[tuple[str, tuple[Interrupt, ...]]]:
    """The interrupts in the last checkpoint of the step's thread, by node; none where it cannot be read."""
    where = {"thread_id": step.metadata.get("thread_id"), "checkpoint_ns": ""}
    try:
        state = step.graph.get_state({"configurable": where})
        return [(task.name, task.interrupts) for task in state.tasks if task.interrupts]
    except Exception:  # no checkpointer, or one that only an event loop can read
        _log.debug("the checkpoint cannot be read, so its questions stay open", exc_info=True)
        return []


def _todos(payload: Any) -> list[tuple[str, str]]:
    """Content and status of each item of a to-do list; empty for anything else."""
    items = payload.get("todos") if isinstance(payload, Mapping) else None
    return [
        (item["content"], str(item.get("status")))
        for item in (items if isinstance(items, list | tuple) else ())
        if isinstance(item, Mapping) and isinstance(item.get("content"), str)
    ]
