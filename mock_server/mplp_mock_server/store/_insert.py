"""Many rows into one table, in few statements.

sqlite3 gives up the interpreter's lock at every row of `executemany` and must wait to get it back, behind
whatever thread computes: up to 5 ms a row. A statement of many rows waits once, and the disk works meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from functools import cached_property
from itertools import chain
from typing import Any, Final

from mplp_mock_server.store._view import columns

__all__ = ["Insert"]

_SIZES: Final = (500, 100, 20, 5, 1)
"""Rows of one statement. A few sizes, so that the prepared statements are found again."""


class Insert:
    """Rows into `table`, each in place of the one with its key."""

    def __init__(self, table: str, *names: str) -> None:
        self._table = table
        self._names = names

    def run(self, connection: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> None:
        """Put `rows`, each with a value for every column."""
        waiting = list(rows)
        at = 0
        for size, sql in self._statements.items():
            while len(waiting) - at >= size:
                connection.execute(sql, list(chain.from_iterable(waiting[at : at + size])))
                at += size

    @cached_property
    def _statements(self) -> dict[int, str]:
        return {size: self._statement(size) for size in _SIZES}

    def _statement(self, size: int) -> str:
        row = f"({', '.join('?' * len(self._names))})"
        target = f"{self._table} ({columns(*self._names)})"
        return f"INSERT OR REPLACE INTO {target} VALUES {', '.join([row] * size)}"  # noqa: S608 -- our own names
