"""When a graph stops to ask a person, and when the person answers.

    interrupt(value)        ->  a pending Confirmation
    Command(resume=answer)  ->  its decision (see _decisions.py)

The same interrupt is told several times: by the tool and by every node and graph around it, as an exception,
and once more by LangGraph's own lifecycle callback, which reaches only handlers in the callbacks list. It is
recognised by its thread, its id and what it asks, and becomes one Confirmation.
Spec: recording §2.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from langgraph.types import Command, Interrupt

from mplp_adapters.langchain._decisions import Decision, read_decision
from mplp_adapters.langchain._messages import plain
from mplp_adapters.langchain._progress import Progress
from mplp_sdk.recording import OpenConfirmation, OpenSpan, Run

__all__ = ["Interrupts", "is_resume"]

_THREADS = 10_000
_DESCRIPTION_LENGTH = 500
_DESCRIPTION_KEYS = ("question", "description", "message", "prompt", "reason", "action", "task")
UNKNOWN_PERSON = "human"
"""Approver where neither the answer nor the run's `mplp.reviewer` names one."""


@dataclass(slots=True)
class _Waiting:
    interrupt_id: str
    confirmation: OpenConfirmation
    pause: bool
    """Whether the graph paused as planned (`interrupt_before`), and goes on without an answer."""


@dataclass(slots=True)
class _Thread:
    """What one thread waits for."""

    waiting: dict[str, _Waiting] = field(default_factory=dict)
    """What was asked and not answered yet, by the Confirmation's key."""
    answered: dict[str, int] = field(default_factory=dict)
    """How often each question was answered: a node may ask the same thing again."""
    progress: Progress | None = None
    """The plan that the next run goes on with."""
    goals: Sequence[str] = ()
    """What the interrupted run was to reach."""


class Interrupts:
    """The Confirmations of this process that wait for a person, by thread."""

    def __init__(self) -> None:
        self._threads: OrderedDict[str, _Thread] = OrderedDict()
        self._lock = Lock()

    def ask(
        self, run: Run, interrupts: Iterable[Interrupt], *, thread: str, task: str | None, span: OpenSpan
    ) -> None:
        """Write a pending Confirmation for each interrupt that has none yet.

        Args:
            thread: key of the thread that will be resumed.
            task: key of the plan's task that asks; None where the plan does not have it.
            span: the step that asks.
        """
        for interrupt in interrupts:
            self._ask_once(run, thread, str(interrupt.id), interrupt.value, task, span, pause=False)

    def ask_to_go_on(
        self, run: Run, checkpoint: str, description: str, *, thread: str, span: OpenSpan
    ) -> None:
        """Write a pending Confirmation for a planned pause (`interrupt_before`, `interrupt_after`)."""
        self._ask_once(run, thread, checkpoint, description, None, span, pause=True)

    def _ask_once(
        self,
        run: Run,
        thread: str,
        interrupt_id: str,
        value: Any,
        task: str | None,
        span: OpenSpan,
        *,
        pause: bool,
    ) -> None:
        question = f"{interrupt_id}:{_digest(value)}"
        with self._lock:
            known = self._thread(thread)
            times = known.answered.get(question, 0)
            key = f"{question}#{times + 1}" if times else question
            if key in known.waiting:
                run.wait_for(known.waiting[key].confirmation)
                return
            confirmation = run.request_confirmation(
                key,
                description=_description(value),
                details={"interrupt_id": interrupt_id, "value": plain(value)},
                requester=span.agent,
                task=task,
                span=span,
            )
            known.waiting[key] = _Waiting(interrupt_id, confirmation, pause)

    def resume(self, key: str, payload: Any, reviewer: str | None) -> None:
        """Write the decisions that a resuming input brings: a `Command`, or None after a planned pause.

        Args:
            reviewer: who decides where the answer does not say.
        """
        with self._lock:
            thread = self._threads.get(key)
            if thread is None:
                return
            for asked, answer in _answers(payload, thread.waiting).items():
                question = asked.partition("#")[0]
                thread.answered[question] = thread.answered.get(question, 0) + 1
                _decide(thread.waiting.pop(asked).confirmation, read_decision(answer), reviewer)

    def give_up(self, key: str) -> None:
        """Cancel what waits: the thread goes on with something else."""
        with self._lock:
            thread = self._threads.pop(key, None)
        if thread is None:
            return
        for waiting in thread.waiting.values():
            waiting.confirmation.cancel()
        if thread.progress is not None:
            thread.progress.give_up()

    def keep(self, key: str, progress: Progress, goals: Sequence[str]) -> None:
        """Remember the plan and goals of an interrupted run for the run that resumes it."""
        with self._lock:
            thread = self._thread(key)
            thread.progress, thread.goals = progress, goals

    def goals(self, key: str | None) -> Sequence[str]:
        """What the interrupted run of this thread was to reach; empty where none was."""
        thread = self._threads.get(key) if key is not None else None
        return () if thread is None else thread.goals

    def take(self, key: str) -> Progress | None:
        """The plan that an interrupted run of this thread left, once."""
        with self._lock:
            thread = self._threads.get(key)
            if thread is None:
                return None
            progress, thread.progress = thread.progress, None
            return progress

    def _thread(self, key: str) -> _Thread:
        thread = self._threads.setdefault(key, _Thread())
        self._threads.move_to_end(key)
        while len(self._threads) > _THREADS:
            self._threads.popitem(last=False)
        return thread


def is_resume(payload: Any) -> bool:
    """Whether a graph's input goes on with an interrupted run instead of starting anew."""
    # Not isinstance: it asks the value itself for its class, and a proxy then does who knows what.
    return payload is None or (issubclass(type(payload), Command) and payload.resume is not None)


def _answers(payload: Any, waiting: Mapping[str, _Waiting]) -> dict[str, Any]:
    """Which waiting Confirmation gets which part of a resuming input, by key.

    A dict whose keys are ids of interrupts answers each of them; anything else answers the one that waits
    (LangGraph refuses it where several do).
    """
    if payload is None:
        return {key: True for key, one in waiting.items() if one.pause}
    answer = payload.resume
    asked = {one.interrupt_id: key for key, one in waiting.items() if not one.pause}
    if isinstance(answer, Mapping) and answer and answer.keys() <= asked.keys():
        return {asked[interrupt_id]: one for interrupt_id, one in answer.items()}
    return dict.fromkeys(asked.values(), answer) if len(asked) == 1 else {}


def _decide(confirmation: OpenConfirmation, decision: Decision, reviewer: str | None) -> None:
    confirmation.decide(
        decision.outcome,
        approver=decision.approver or reviewer or UNKNOWN_PERSON,
        comments=decision.comments,
        metadata=decision.metadata,
    )


def _digest(value: Any) -> str:
    """A short name for what is asked, the same in every process."""
    try:
        text = json.dumps(plain(value), sort_keys=True, default=lambda odd: type(odd).__name__)
    except (TypeError, ValueError, RecursionError):  # odd keys, circular, too deep
        text = type(value).__name__
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _description(value: Any) -> str:
    found = _question(value) or "The graph asks a person before it goes on"
    return found[:_DESCRIPTION_LENGTH]


def _question(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and value:
        return _question(value[0])
    if not isinstance(value, Mapping):
        return None
    actions = value.get("action_requests") or value.get("action_request")
    if actions:
        return _asked_actions(actions)
    return next((text for key in _DESCRIPTION_KEYS if isinstance(text := value.get(key), str) and text), None)


def _asked_actions(actions: Any) -> str | None:
    """What human-in-the-loop middleware asks: one line an action."""
    requests = actions if isinstance(actions, list | tuple) else [actions]
    lines = [
        str(request.get("description") or f"May {request.get('name') or request.get('action')} run?")
        for request in requests
        if isinstance(request, Mapping)
    ]
    return "\n".join(lines) or None
