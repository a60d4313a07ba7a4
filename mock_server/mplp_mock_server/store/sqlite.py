"""The store on SQLite: a file, or memory.

One thread writes (`_group_commit`), a few read, each on its own connection; with WAL neither waits for the
other, and the event loop waits for none of them. In memory there is one connection, so its thread reads too.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from mplp_mock_server.store._group_commit import GroupCommit, database_error
from mplp_mock_server.store._interface import Reader, StoreUnusable, Writer
from mplp_mock_server.store._schema import migrate
from mplp_mock_server.store._view import SQLiteReader

__all__ = ["SQLiteStore"]

T = TypeVar("T")

_READERS: Final = 4
_MEMORY: Final = ":memory:"

_PATIENCE: Final = 2.0
"""Seconds to wait for another process that writes to the same file."""

# Pages of 16 KiB hold some twenty spans, and cost an ingest a third less than those of 4. FULL: an answered
# write survives a power cut. The log is folded in every 16 MiB, and cut back to 64 MiB after a burst.
_PRAGMAS: Final = (
    "PRAGMA page_size = 16384",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 1000",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA cache_size = -65536",
    "PRAGMA temp_store = MEMORY",
)


def _connect(path: str) -> sqlite3.Connection:
    # Transactions are ours to begin and end; a thread other than the opener closes the connection.
    return sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)


def _open(path: str) -> sqlite3.Connection:
    if path != _MEMORY and not Path(path).absolute().parent.is_dir():
        raise StoreUnusable(f"{path} cannot be opened: its folder does not exist")
    try:
        connection = _connect(path)
    except sqlite3.Error as error:
        raise StoreUnusable(f"{path} cannot be opened: {error}") from error
    try:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        migrate(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise StoreUnusable(f"{path} cannot be used: {error}") from error
    except BaseException:
        connection.close()
        raise
    return connection


class SQLiteStore:
    """The `Store` interface on a SQLite file, or on memory.

    Raises:
        StoreUnusable: the file cannot be opened, or is not one of this server.
    """

    def __init__(self, path: str = _MEMORY) -> None:
        self._path = path
        self._connection = _open(path)
        self._writer = GroupCommit(self._connection)
        self._pool: _ReaderPool | None = None if path == _MEMORY else _ReaderPool(path)

    async def read(self, work: Callable[[Reader], T]) -> T:
        if self._pool is None:
            return await self._writer.submit(work)
        return await self._pool.submit(work)

    async def write(self, work: Callable[[Writer], T]) -> T:
        return await self._writer.submit(work)

    def close(self) -> None:
        """Finish the writes that wait, fold the log into the file, and close it."""
        if self._pool is not None:
            self._pool.close()
        self._writer.close()
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._connection.close()


class _ReaderPool:
    """Threads that read, each on a connection of its own."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._mine = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._threads = ThreadPoolExecutor(_READERS, thread_name_prefix="mplp-store-reader")

    async def submit(self, work: Callable[[Reader], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, work)

    def close(self) -> None:
        self._threads.shutdown()
        for connection in self._opened:
            connection.close()

    def _read(self, work: Callable[[Reader], T]) -> T:
        try:
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                return work(SQLiteReader(connection))
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise database_error(error) from error

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._mine, "connection"):
            self._mine.connection = _connect(self._path)
            self._mine.connection.execute("PRAGMA query_only = ON")
            self._opened.append(self._mine.connection)
        connection: sqlite3.Connection = self._mine.connection
        return connection
