"""The thread that writes: it takes all work that waits, and makes it durable with one commit.

A commit waits for the disk (`synchronous=FULL`), so what arrives meanwhile shares the next one. Each piece
of work runs in a savepoint of its own: one that raises is undone, and spoils nobody else's.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from mplp_mock_server.store._interface import Writer
from mplp_mock_server.store._transaction import SQLiteWriter
from mplp_sdk.errors import DatabaseError

__all__ = ["GroupCommit", "database_error"]

T = TypeVar("T")
_log = logging.getLogger("mplp_mock_server.store")

_LARGEST_GROUP: Final = 256
"""Pieces of work in one transaction; bounds how long the first of them waits."""


def database_error(error: sqlite3.Error) -> DatabaseError:
    """The protocol's error for one of SQLite; the log has the details, the caller does not."""
    _log.error("the database failed: %s", error, exc_info=error)
    return DatabaseError("the store failed; nothing of this request was stored")


@dataclass(eq=False)
class _Job:
    work: Callable[[Writer], Any]
    future: asyncio.Future[Any]
    value: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.value)


@dataclass(eq=False)
class GroupCommit:
    """Owner of the connection that writes."""

    connection: sqlite3.Connection
    _waiting: queue.SimpleQueue[_Job | None] = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        self._writer = SQLiteWriter(self.connection)
        self._thread = threading.Thread(target=self._run, name="mplp-store-writer", daemon=True)
        self._thread.start()

    async def submit(self, work: Callable[[Writer], T]) -> T:
        """Run `work` in a transaction; its value, once the transaction is on disk."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.put(_Job(work, future))
        return await future

    def close(self) -> None:
        """Do what still waits, and end the thread. The connection stays open."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            group, last = self._gather(first)
            self._commit(group)
            _settle(group)
            if last:
                return

    def _gather(self, first: _Job) -> tuple[list[_Job], bool]:
        group = [first]
        while len(group) < _LARGEST_GROUP:
            try:
                job = self._waiting.get_nowait()
            except queue.Empty:
                return group, False
            if job is None:
                return group, True
            group.append(job)
        return group, False

    def _commit(self, group: list[_Job]) -> None:
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            for job in group:
                self._do(job)
            self.connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._abandon()
            failure = database_error(error)
            for job in group:
                job.error = failure

    def _do(self, job: _Job) -> None:
        self.connection.execute("SAVEPOINT job")
        try:
            job.value = job.work(self._writer)
        except BaseException as error:
            if not self.connection.in_transaction:
                raise  # SQLite gave up the whole transaction (disk full), and with it what ran before
            job.error = database_error(error) if isinstance(error, sqlite3.Error) else error
            self.connection.execute("ROLLBACK TO job")
        self.connection.execute("RELEASE job")

    def _abandon(self) -> None:
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")


def _settle(group: list[_Job]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in group:
        by_loop.setdefault(job.future.get_loop(), []).append(job)
    for loop, jobs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle_here, jobs)
        except RuntimeError:
            _log.warning("a caller was gone before its %d writes were done", len(jobs))


def _settle_here(jobs: list[_Job]) -> None:
    for job in jobs:
        job.settle()
