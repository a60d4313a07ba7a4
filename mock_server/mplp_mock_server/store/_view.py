"""Reading from SQLite: the `Reader` of one connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from mplp_mock_server.store._interface import Query
from mplp_mock_server.store._rows import ObjectRow, PartRow, SpanFacts, SpanRow, StreamRow, TraceRow

__all__ = ["FACTS", "SPAN", "TRACE", "SQLiteReader", "columns", "select", "span_row"]


def columns(*names: str, of: str | None = None) -> str:
    """The names as a list for SQL; quoted, since `end` is a word of its own there."""
    table = "" if of is None else f"{of}."
    return ", ".join(f'{table}"{name}"' for name in names)


def select(wanted: str, rest: str) -> str:
    """A query. Both parts are made of our own names; values from outside are bound, never written."""
    return f"SELECT {wanted} {rest}"


# With their tables, since where a query joins, `id` and `key` alone would mean two columns.
_OBJECT: Final = columns(*ObjectRow.__struct_fields__, of="objects")
_PART: Final = columns(*PartRow.__struct_fields__, of="parts")
TRACE: Final = columns(*TraceRow.__struct_fields__, of="traces")
FACTS: Final = columns(*SpanFacts.__struct_fields__, of="spans")
SPAN: Final = f"{FACTS}, {columns('trace_id', 'updated_at', 'body', of='spans')}"

# Names of columns come from requests in the end, so SQL is made of these only.
_OBJECT_COLUMNS: Final = frozenset(
    {"context_id", "plan_id", "status", "type", "name", "stage", "created_at", "updated_at", "id"}
)
_PART_COLUMNS: Final = frozenset({"name", "status", "created_at", "id", "seq"})
_TRACE_COLUMNS: Final = frozenset(
    {"context_id", "agent_id", "status", "name", "start", "end", "span_count", "error_count", "tokens"}
)


def span_row(values: Sequence[Any]) -> SpanRow:
    """A span from the columns of a `SELECT`."""
    *facts, trace_id, updated_at, body = values
    facts[3] = bool(facts[3])
    return SpanRow(trace_id, SpanFacts(*facts), updated_at, body)


def _object_row(values: Sequence[Any]) -> ObjectRow:
    return ObjectRow(**dict(zip(ObjectRow.__struct_fields__, values, strict=True)))


def _where(filters: Sequence[tuple[str, str]], known: frozenset[str]) -> tuple[str, list[str]]:
    tests = [f"{_known(name, known)} = ?" for name, _ in filters]
    return " AND ".join(tests), [value for _, value in filters]


def _order(query: Query, known: frozenset[str], key: str) -> str:
    terms = [f"{_known(name, known)} {'DESC' if down else 'ASC'}" for name, down in query.sort]
    # The key goes the way of the first term, so that an index can be read in one direction.
    last = "DESC" if query.sort and query.sort[0][1] else "ASC"
    return ", ".join([*terms, f'"{key}" {last}'])


def _known(name: str, known: frozenset[str]) -> str:
    if name not in known:
        raise ValueError(f"{name!r} is not a column that lists know")
    return f'"{name}"'


class SQLiteReader:
    """The `Reader` interface on one connection, inside whatever transaction is open there."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, kind: str, object_id: str) -> ObjectRow | None:
        found = self._one(select(_OBJECT, "FROM objects WHERE kind = ? AND id = ?"), (kind, object_id))
        return None if found is None else _object_row(found)

    def list(self, kind: str, query: Query) -> tuple[Sequence[bytes], int]:
        where, values = _where(query.filters, _OBJECT_COLUMNS)
        source = f"FROM objects WHERE {' AND '.join(filter(None, ('kind = ?', where)))}"
        order = _order(query, _OBJECT_COLUMNS, "id")
        page, total = self._page("body", source, order, [kind, *values], query)
        return [body for (body,) in page], total

    def due(self, kind: str, until: int, limit: int) -> Sequence[ObjectRow]:
        sql = select(_OBJECT, "FROM objects WHERE kind = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?")
        return [_object_row(found) for found in self._all(sql, (kind, until, limit))]

    def part(self, kind: str, owner: str, part_id: str) -> PartRow | None:
        sql = select(_PART, "FROM parts WHERE kind = ? AND owner = ? AND id = ?")
        found = self._one(sql, (kind, owner, part_id))
        return None if found is None else PartRow(**dict(zip(PartRow.__struct_fields__, found, strict=True)))

    def parts(self, kind: str, owner: str, query: Query) -> tuple[Sequence[bytes], int]:
        where, values = _where(query.filters, _PART_COLUMNS)
        source = f"FROM parts WHERE {' AND '.join(filter(None, ('kind = ? AND owner = ?', where)))}"
        known = [kind, owner, *values]
        if query.after is not None:
            source += " AND seq > (SELECT seq FROM parts WHERE kind = ? AND owner = ? AND id = ?)"
            known += [kind, owner, query.after]
        order = _order(query, _PART_COLUMNS, "seq")
        page, total = self._page("body", source, order, known, query)
        return [body for (body,) in page], total

    def trace(self, trace_id: str) -> TraceRow | None:
        found = self._one(select(TRACE, "FROM traces WHERE trace_id = ?"), (trace_id,))
        return None if found is None else TraceRow(*found)

    def traces(self, query: Query) -> tuple[Sequence[TraceRow], int]:
        where, values = _where(query.filters, _TRACE_COLUMNS)
        source = f"FROM traces WHERE {where}" if where else "FROM traces"
        order = _order(query, _TRACE_COLUMNS, "trace_id")
        page, total = self._page(TRACE, source, order, values, query)
        return [TraceRow(*found) for found in page], total

    def span(self, trace_id: str, span_id: str) -> SpanRow | None:
        found = self._one(select(SPAN, "FROM spans WHERE trace_id = ? AND id = ?"), (trace_id, span_id))
        return None if found is None else span_row(found)

    def spans(self, trace_id: str) -> Sequence[bytes]:
        found = self._all("SELECT body FROM spans WHERE trace_id = ? ORDER BY start, id", (trace_id,))
        return [body for (body,) in found]

    def stream(self, stream_id: str) -> StreamRow | None:
        found = self._one("SELECT id, high_water FROM streams WHERE id = ?", (stream_id,))
        return None if found is None else StreamRow(found[0], found[1], self._gaps(stream_id))

    def streams(self) -> Sequence[StreamRow]:
        found = self._all("SELECT id, high_water FROM streams ORDER BY id", ())
        return [StreamRow(name, mark, self._gaps(name)) for name, mark in found]

    def _gaps(self, stream_id: str) -> Any:
        sql = "SELECT first, last FROM stream_gaps WHERE stream_id = ? ORDER BY first"
        return self._all(sql, (stream_id,))

    def _page(
        self, wanted: str, source: str, order: str, values: Sequence[str], query: Query
    ) -> tuple[Sequence[Any], int]:
        total: int = self._one(select("count(*)", source), values)[0]
        sql = select(wanted, f"{source} ORDER BY {order} LIMIT ? OFFSET ?")
        return self._all(sql, (*values, query.limit, query.offset)), total

    def _one(self, sql: str, values: Sequence[Any]) -> Any:
        return self._connection.execute(sql, values).fetchone()

    def _all(self, sql: str, values: Sequence[Any]) -> Any:
        return self._connection.execute(sql, values).fetchall()
