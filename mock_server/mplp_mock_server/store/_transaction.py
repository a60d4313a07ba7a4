"""Writing to SQLite: the `Writer` of one connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from mplp_mock_server.store._insert import Insert
from mplp_mock_server.store._interface import Gap
from mplp_mock_server.store._rows import ObjectRow, PartRow, Remembered, SpanFacts, SpanRow, TraceRow
from mplp_mock_server.store._view import FACTS, SPAN, TRACE, SQLiteReader, columns, select, span_row

__all__ = ["SQLiteWriter"]


_OBJECTS: Final = Insert("objects", *ObjectRow.__struct_fields__)
_TRACES: Final = Insert("traces", *TraceRow.__struct_fields__)
_SPANS: Final = Insert(
    "spans", "trace_id", "id", "start", "end", "root", "status", "tokens", "updated_at", "body"
)
_STREAMS: Final = Insert("streams", "id", "high_water")
_GAPS: Final = Insert("stream_gaps", "stream_id", "first", "last")
_REMEMBERED: Final = Insert("remembered", "key", "digest", "body")

# Not REPLACE, which would move the part to the end of its list.
_PUT_PART: Final = (
    f"INSERT INTO parts ({columns(*PartRow.__struct_fields__)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608
    "ON CONFLICT (kind, owner, id) DO UPDATE SET body = excluded.body, created_at = excluded.created_at, "
    "name = excluded.name, status = excluded.status, content = excluded.content"
)

# The keys go in as one JSON text: the SQL stays the same whatever their number, so it is prepared once, and
# one query finds what a query for each would take the interpreter's lock for many times. CROSS JOIN keeps
# SQLite from walking the table instead of the keys.
_SPANS_WANTED: Final = select(
    SPAN,
    "FROM json_each(?) AS wanted CROSS JOIN spans ON spans.trace_id = json_extract(wanted.value, '$[0]') "
    "AND spans.id = json_extract(wanted.value, '$[1]')",
)
_TRACES_WANTED: Final = select(
    TRACE, "FROM json_each(?) AS wanted CROSS JOIN traces ON traces.trace_id = wanted.value"
)
_REMEMBERED_WANTED: Final = select(
    columns("key", "digest", "body", of="remembered"),
    "FROM json_each(?) AS wanted CROSS JOIN remembered ON remembered.key = wanted.value",
)


def _wanted(keys: Sequence[Any]) -> tuple[str]:
    return (msgspec.json.encode(keys).decode(),)


def _span_values(row: SpanRow) -> tuple[object, ...]:
    facts = row.facts
    return (
        row.trace_id,
        facts.id,
        facts.start,
        facts.end,
        facts.root,
        facts.status,
        facts.tokens,
        row.updated_at,
        row.body,
    )


class SQLiteWriter(SQLiteReader):
    """The `Writer` interface on the one connection that writes."""

    def put(self, row: ObjectRow) -> None:
        _OBJECTS.run(self._connection, [astuple(row)])

    def delete(self, kind: str, object_id: str) -> bool:
        gone = self._connection.execute("DELETE FROM objects WHERE kind = ? AND id = ?", (kind, object_id))
        return gone.rowcount == 1

    def put_part(self, row: PartRow) -> None:
        self._connection.execute(_PUT_PART, astuple(row))

    def delete_part(self, kind: str, owner: str, part_id: str) -> bool:
        sql = "DELETE FROM parts WHERE kind = ? AND owner = ? AND id = ?"
        return self._connection.execute(sql, (kind, owner, part_id)).rowcount == 1

    def delete_parts(self, kind: str, owner: str, *, before: int | None = None) -> None:
        sql = "DELETE FROM parts WHERE kind = ?1 AND owner = ?2 AND (?3 IS NULL OR created_at < ?3)"
        self._connection.execute(sql, (kind, owner, before))

    def trace_rows(self, trace_ids: Sequence[str]) -> dict[str, TraceRow]:
        rows = [TraceRow(*found) for found in self._all(_TRACES_WANTED, _wanted(trace_ids))]
        return {row.trace_id: row for row in rows}

    def known_spans(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], SpanRow]:
        rows = [span_row(found) for found in self._all(_SPANS_WANTED, _wanted(keys))]
        return {(row.trace_id, row.facts.id): row for row in rows}

    def span_facts(self, trace_id: str) -> Iterable[SpanFacts]:
        found = self._all(select(FACTS, "FROM spans WHERE trace_id = ?"), (trace_id,))
        for name, start, end, root, status, tokens in found:
            yield SpanFacts(name, start, end, bool(root), status, tokens)

    def put_spans(self, rows: Iterable[SpanRow]) -> None:
        _SPANS.run(self._connection, map(_span_values, rows))

    def put_trace_rows(self, rows: Iterable[TraceRow]) -> None:
        _TRACES.run(self._connection, map(astuple, rows))

    def set_mark(self, stream_id: str, high_water: int, gap: Gap | None) -> None:
        _STREAMS.run(self._connection, [(stream_id, high_water)])
        if gap is not None:
            _GAPS.run(self._connection, [(stream_id, *gap)])

    def recall(self, keys: Sequence[str]) -> dict[str, Remembered]:
        found = self._all(_REMEMBERED_WANTED, _wanted(keys))
        return {key: Remembered(digest, body) for key, digest, body in found}

    def remember(self, answers: Iterable[tuple[str, Remembered]]) -> None:
        rows = ((key, answer.digest, answer.body) for key, answer in answers)
        _REMEMBERED.run(self._connection, rows)

    def forget(self, key: str) -> None:
        self._connection.execute("DELETE FROM remembered WHERE key = ?", (key,))
