"""One execution while it runs: handlers are called as the scheduler says, and the journal is kept.

Everything comes in by one queue, the ends of handlers and the commands of callers, and is dealt with in one
loop; so nothing here is locked, and each turn of the loop is one transaction:

    what came in → scheduler → steps → journal, durable → handlers start, callers are answered
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mplp_mock_server.handlers import Handler, TaskCall, call_handler
from mplp_mock_server.services._json_depth import check_depth
from mplp_mock_server.services._objects import decode, encode
from mplp_mock_server.services.execution._journal import Journal
from mplp_mock_server.services.execution._scheduler import Scheduler, Step
from mplp_mock_server.store import Store
from mplp_sdk.errors import ProtocolError

__all__ = ["Over", "Run"]

_log = logging.getLogger("mplp_mock_server.execution")

_PATIENCE: Final = 5.0
"""Seconds that a coroutine has to end once it was cancelled. After that it is left alone, unheard."""

_NAMED: Final = 5
"""Failed tasks that the reason of a failure names."""

_AROUND_OUTPUT: Final = 8
"""Levels of JSON that an output may come to stand in."""


class Over(Exception):
    """The execution has ended, so that nothing can be asked of it."""


class _Stopped(Exception):
    """The server stops."""


class _Stop:
    """The server is to stop."""


@dataclass(frozen=True)
class _AttemptOver:
    """A handler is done."""

    task_id: str
    call: TaskCall
    output: Any
    error: BaseException | None


@dataclass(frozen=True)
class _TryAgain:
    """The time between two attempts has passed."""

    task_id: str


@dataclass(frozen=True)
class _Asked:
    """Somebody wants something done."""

    command: Callable[[], Any]
    answer: asyncio.Future[Any]


_Message = _AttemptOver | _TryAgain | _Asked | _Stop


class Run:
    """A plan that is carried out.

    Args:
        handlers: by task.
    """

    def __init__(
        self, store: Store, journal: Journal, scheduler: Scheduler, handlers: Mapping[str, Handler]
    ) -> None:
        self.journal = journal
        self.scheduler = scheduler
        self.over = asyncio.Event()
        """Set once the end is stored."""
        self._store = store
        self._handlers = handlers
        self._inbox: asyncio.Queue[_Message] = asyncio.Queue()
        self._obeyed: list[tuple[asyncio.Future[Any], Any]] = []
        """Who is to be answered once what they asked for is stored."""
        self._working: dict[str, tuple[asyncio.Task[None], TaskCall]] = {}
        self._pauses: set[asyncio.TimerHandle] = set()
        """Waits between attempts."""

    async def carry_out(self) -> None:
        """Run the plan to its end. Raises nothing; what goes wrong is the end of the execution."""
        reason = "server failure; its log says why"
        try:
            await self._live()
        except (_Stopped, asyncio.CancelledError):
            reason = "server stopped"
        except Exception:
            _log.exception("execution %s failed", self.journal.execution["id"])
        finally:
            await self._end(reason)

    async def ask(self, command: Callable[[], Any]) -> Any:
        """Have `command` called between two steps, and give back what it returns, once it is durable.

        Raises:
            Over: the execution ended before.
            ProtocolError: the command raised it.
        """
        if self.over.is_set():
            raise Over
        asked = _Asked(command, asyncio.get_running_loop().create_future())
        self._inbox.put_nowait(asked)
        return await asked.answer

    def stop(self) -> None:
        """End it as failed, since the server stops. `over` tells when that is stored."""
        self._inbox.put_nowait(_Stop())

    # --- The loop ---------------------------------------------------------------------------------------

    async def _live(self) -> None:
        while True:
            starts = self._take_steps()
            outcome = self.scheduler.outcome
            if outcome is not None:
                await self._stop_handlers()
                self.journal.end(outcome, self._reason(outcome))
            await self._commit()
            self._answer()
            if outcome is not None:
                return
            for step in starts:
                self._start(step)
            await self._receive()

    def _take_steps(self) -> list[Step]:
        steps = self.scheduler.advance()
        for step in steps:
            self.journal.task_changed(step)
        self.journal.take_statuses(self.scheduler)
        return [step for step in steps if step.change == "started"]

    async def _receive(self) -> None:
        """Deal with all that came in."""
        self._take(await self._inbox.get())
        while not self._inbox.empty():
            self._take(self._inbox.get_nowait())

    def _take(self, message: _Message) -> None:
        if isinstance(message, _Asked):
            self._obey(message)
        elif isinstance(message, _Stop):
            raise _Stopped
        elif isinstance(message, _TryAgain):
            self.scheduler.attempt_ended(message.task_id, ok=False)
        else:
            self._take_attempt(message)

    def _take_attempt(self, message: _AttemptOver) -> None:
        del self._working[message.task_id]
        self.journal.attempt_over(message.task_id, message.call, message.output, message.error)
        delay = self.journal.workflow.retry_delay
        if message.error is not None and delay and self.scheduler.may_try_again(message.task_id):
            loop, again = asyncio.get_running_loop(), _TryAgain(message.task_id)
            self._pauses.add(loop.call_later(delay, self._inbox.put_nowait, again))
            return
        self.scheduler.attempt_ended(message.task_id, ok=message.error is None)

    def _obey(self, asked: _Asked) -> None:
        try:
            result = asked.command()
        except ProtocolError as error:
            _settle(asked.answer, None, error)
        else:
            self._obeyed.append((asked.answer, result))

    def _answer(self) -> None:
        """Tell those whose commands are stored now."""
        obeyed, self._obeyed = self._obeyed, []
        for answer, result in obeyed:
            _settle(answer, result, None)

    async def _commit(self) -> None:
        writing = asyncio.ensure_future(self._store.write(self.journal.store))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])  # or it would read what the end is about to change
            raise
        self.journal.stored()

    # --- Handlers ---------------------------------------------------------------------------------------

    def _start(self, step: Step) -> None:
        journal = self.journal
        call = TaskCall(
            execution_id=journal.execution["id"],
            plan_id=journal.plan["id"],
            context_id=journal.execution["context_id"],
            task=journal.task(step.task_id),
            attempt=step.attempt,
            input=dict(journal.execution.get("input") or {}),
            variables=dict(journal.variables),
        )
        attempt = asyncio.create_task(self._attempt(call), name=f"mplp-task-{step.task_id}")
        self._working[step.task_id] = attempt, call

    async def _attempt(self, call: TaskCall) -> None:
        output: Any = None
        error: BaseException | None = None
        try:
            output = _checked(await call_handler(self._handlers[call.task["id"]], call))
        except asyncio.CancelledError as cancelled:
            if call.cancelled:
                raise
            error = cancelled
        # Whatever a handler raises ends its attempt, and not the server.
        except BaseException as raised:
            error = raised
        self._inbox.put_nowait(_AttemptOver(call.task["id"], call, output, error))

    async def _stop_handlers(self) -> None:
        for pause in self._pauses:
            pause.cancel()
        stopping = [attempt for attempt, _ in self._working.values()]
        for attempt, call in self._working.values():
            call.cancel()
            attempt.cancel()
        self._working = {}
        if stopping:
            await asyncio.wait(stopping, timeout=_PATIENCE)

    # --- The end ----------------------------------------------------------------------------------------

    async def _end(self, reason: str) -> None:
        try:
            await self._store_end(reason)
        except Exception:
            # The lock stays, so that the next start of the server ends this execution.
            _log.exception("the end of execution %s was not stored", self.journal.execution["id"])
        self.over.set()
        self._answer()
        while not self._inbox.empty():
            message = self._inbox.get_nowait()
            if isinstance(message, _Asked):
                _settle(message.answer, None, Over())

    async def _store_end(self, reason: str) -> None:
        if self.journal.is_over and self.journal.is_stored:
            return
        if not self.journal.is_over:
            await self._stop_handlers()
            self.journal.abort(reason)
        await self._commit()

    def _reason(self, outcome: str) -> str | None:
        if outcome != "failed":
            return None
        failed = [task["name"] for task in self.journal.plan["tasks"] if task["status"] == "failed"]
        more = " and others" if len(failed) > _NAMED else ""
        return f"{', '.join(map(repr, failed[:_NAMED]))}{more} failed"


def _settle(answer: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if answer.done():
        return  # who asked is gone
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)


def _checked(output: Any) -> Any:
    """The output in the form in which it is kept.

    Raises:
        TypeError: it is not JSON data.
        ValueOutOfRange: it nests too deeply.
    """
    if output is None:
        return None
    boxed = output if isinstance(output, dict) else {"value": output}
    body = encode(boxed)
    check_depth(body, outside=_AROUND_OUTPUT)
    return decode(body)
