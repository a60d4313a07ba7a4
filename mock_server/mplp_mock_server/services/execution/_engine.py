"""The executions that run now: begun, found, and ended with the server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any, TypeVar

from mplp_mock_server.clock import Clock
from mplp_mock_server.handlers import Handler
from mplp_mock_server.services._plan_lock import locked_plans, unlock
from mplp_mock_server.services.execution._journal import Collections, Journal, log_line
from mplp_mock_server.services.execution._run import Run
from mplp_mock_server.services.execution._scheduler import Scheduler
from mplp_mock_server.services.execution._webhook import Webhooks
from mplp_mock_server.store import Store, Writer

__all__ = ["Engine"]

T = TypeVar("T")
_log = logging.getLogger("mplp_mock_server.execution")


class Engine:
    """Carries plans out, in the event loop of the server."""

    def __init__(self, store: Store, clock: Clock, collections: Collections, webhooks: Webhooks) -> None:
        self._store = store
        self._clock = clock
        self._collections = collections
        self._webhooks = webhooks
        self._runs: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._begun: set[asyncio.Task[Any]] = set()
        self._stopping = False

    async def recover(self) -> None:
        """End what the last server left unended. Call it before the first request."""
        locked = await self._store.read(lambda view: list(locked_plans(view)))
        for plan_id, execution_id in locked:
            try:
                await self._store.write(partial(self._recover, plan_id, execution_id))
            except Exception:
                # What one execution left behind must not keep the server from starting.
                _log.exception("execution %s was not ended", execution_id)
                await self._store.write(partial(_let_go, plan_id))

    async def stop(self) -> None:
        """End what runs, and store that; nothing begins any more. Harmless a second time."""
        self._stopping = True
        runs = list(self._runs.values())
        for run in runs:
            run.stop()
        for run in runs:
            await run.over.wait()
        for task in self._tasks:
            task.cancel()  # those that tell others of an end
        if self._tasks:
            await asyncio.wait(self._tasks)

    def find(self, execution_id: str) -> Run | None:
        """An execution that runs now."""
        return self._runs.get(execution_id)

    def launch(
        self, journal: Journal, scheduler: Scheduler, handlers: Mapping[str, Handler], webhook: str | None
    ) -> Run:
        """Carry on what was stored as begun."""
        run = Run(self._store, journal, scheduler, handlers)
        self._runs[journal.execution["id"]] = run
        if self._stopping:
            run.stop()
        self._keep(asyncio.create_task(self._carry_out(run, webhook)), self._tasks)
        return run

    async def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, which goes on when the caller is gone."""
        task = asyncio.create_task(work)
        self._keep(task, self._begun)
        return await asyncio.shield(task)

    async def _carry_out(self, run: Run, webhook: str | None) -> None:
        try:
            await run.carry_out()
        finally:
            del self._runs[run.journal.execution["id"]]
        if webhook is not None and not self._stopping:
            await self._notify(run, webhook)

    async def _notify(self, run: Run, webhook: str) -> None:
        execution = run.journal.execution
        level, message = await self._webhooks.call(webhook, execution)
        line = log_line(execution["id"], self._clock, level, message, {"webhook": webhook})
        try:
            await self._store.write(lambda tx: tx.put_part(line))
        except Exception:
            _log.exception("a log line of execution %s was not stored", execution["id"])

    @staticmethod
    def _keep(task: asyncio.Task[Any], where: set[asyncio.Task[Any]]) -> None:
        # The event loop alone would let go of it.
        where.add(task)
        task.add_done_callback(where.discard)

    def _recover(self, plan_id: str, execution_id: str, tx: Writer) -> None:
        journal = Journal.reopen(tx, self._collections, self._clock, execution_id)
        if journal is not None:
            journal.abort("server restarted")
            journal.store(tx)
        unlock(tx, plan_id)


def _let_go(plan_id: str, tx: Writer) -> None:
    unlock(tx, plan_id)
