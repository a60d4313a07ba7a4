"""What tasks do when a plan is executed: Python functions, registered by name.

    def review(call: TaskCall) -> dict[str, object]:
        call.log("reading", page=1)
        return {"verdict": "good"}

    register_handler("review", review)

A task finds its handler by `metadata.handler`, then `assigned_agent`, then `category`; one without is
simulated. Nothing that comes by a request is ever run: it can only name what was registered here.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

import msgspec

from mplp_sdk.models.state import LONGEST_KEY

__all__ = [
    "Handler",
    "LogLevel",
    "Note",
    "TaskCall",
    "find_handler",
    "register_handler",
    "unregister_handler",
]

T = TypeVar("T")
LogLevel = Literal["debug", "info", "warn", "error"]


@dataclass(frozen=True)
class Note:
    """A line for the execution's log."""

    level: LogLevel
    message: str
    details: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class TaskCall:
    """One attempt at one task, as its handler sees it."""

    execution_id: str
    plan_id: str
    context_id: str
    task: Mapping[str, Any]
    """The task as it stands in the plan."""
    attempt: int
    """From 1."""
    input: Mapping[str, Any]
    """The execution's input."""
    variables: Mapping[str, Any]
    """The context's shared variables, as they were when the attempt began."""
    notes: list[Note] = field(default_factory=list, repr=False)
    changed: dict[str, Any] = field(default_factory=dict, repr=False)
    artifacts: list[Any] = field(default_factory=list, repr=False)
    _cancelled: threading.Event = field(default_factory=threading.Event, repr=False)

    def log(self, message: str, level: LogLevel = "info", **details: object) -> None:
        """Add a line to the execution's log; it is there once the attempt has ended.

        Raises:
            TypeError: the details are not JSON.
        """
        msgspec.json.encode([message, details])
        self.notes.append(Note(level, message, details))

    def set_variable(self, key: str, value: object) -> None:
        """Set a shared variable of the context, once the attempt has ended, in whichever way.

        Args:
            key: 1 to 255 characters that can be printed.

        Raises:
            ValueError: it is no such key.
            TypeError: the value is not JSON.
        """
        if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
            raise ValueError(f"a key has 1 to {LONGEST_KEY} printable characters")
        msgspec.json.encode(value)
        self.changed[key] = value

    def add_artifact(self, artifact: object) -> None:
        """Leave something in the execution's workspace.

        Raises:
            TypeError: it is not JSON.
        """
        msgspec.json.encode(artifact)
        self.artifacts.append(artifact)

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for this attempt any more. A coroutine is cancelled besides; a function, which
        runs in a thread, should look here and return."""
        return self._cancelled.is_set()

    def wait_cancelled(self, timeout: float) -> bool:
        """Wait, in a thread, until the attempt is cancelled; False after `timeout` seconds."""
        return self._cancelled.wait(timeout)

    def cancel(self) -> None:
        """Tell the handler to stop."""
        self._cancelled.set()


Handler = Callable[[TaskCall], Any]
"""A function, called in a thread of its own, or a coroutine function. It returns the task's output, which is
JSON data or None, and raises where the attempt failed."""

_handlers: Final[dict[str, Handler]] = {}


def register_handler(name: str, handler: Handler) -> None:
    """Let tasks of every server in this process be carried out by `handler`; takes the place of another one
    of this name."""
    _handlers[name] = handler


def unregister_handler(name: str) -> None:
    """Forget a handler. What runs, runs on. Harmless where there is none of this name."""
    _handlers.pop(name, None)


def find_handler(name: str) -> Handler | None:
    """The handler of this name; None where there is none."""
    return _handlers.get(name)


async def call_handler(handler: Callable[[T], Any], call: T) -> Any:
    """What the handler returns for `call`."""
    if not inspect.iscoroutinefunction(handler) and not inspect.iscoroutinefunction(type(handler).__call__):
        result = await _in_thread(handler, call)
    else:
        result = handler(call)
    return await result if inspect.isawaitable(result) else result


def _in_thread(handler: Callable[[T], Any], call: T) -> asyncio.Future[Any]:
    """The result of a function, called in a thread that does not keep the process from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def run() -> None:
        try:
            outcome: tuple[Any, BaseException | None] = context.run(handler, call), None
        except StopIteration as error:
            outcome = None, RuntimeError(f"the handler raised {error!r}")  # which no future takes
        except BaseException as error:
            outcome = None, error
        with contextlib.suppress(RuntimeError):  # the server is gone, and nobody waits
            loop.call_soon_threadsafe(settle, *outcome)

    context = contextvars.copy_context()
    threading.Thread(target=run, name="mplp-task", daemon=True).start()
    return future
