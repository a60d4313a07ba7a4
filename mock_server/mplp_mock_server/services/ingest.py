"""Ingest: recorded objects, one a line, stored in any order and any number of times with one result.

    body → lines → rows, or why not → one transaction: what the stream has not had yet, and its new mark

Spec: protocol §6.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from mplp_mock_server.clock import Clock
from mplp_mock_server.services._built_in_roles import check_not_built_in
from mplp_mock_server.services._context_state import note_change
from mplp_mock_server.services._json_depth import check_depth
from mplp_mock_server.services._objects import merge, object_row
from mplp_mock_server.services._spans import read_span
from mplp_mock_server.services._strict_json import check_meaning
from mplp_mock_server.services._trace_rows import store_spans
from mplp_mock_server.services._validation import JsonObject, invalid, validate
from mplp_mock_server.store import Gap, ObjectRow, SpanRow, Store, StreamRow, Writer
from mplp_sdk.errors import (
    CODES,
    InvalidFormat,
    InvalidRequest,
    RequiredFieldMissing,
    SchemaValidationFailed,
    ValidationFailed,
    ValueOutOfRange,
)
from mplp_sdk.protocol.schemas import MODULES

__all__ = ["LAST_FIRST", "MOST_LINES", "Ingest", "Position"]

MOST_LINES: Final = 65_536
"""Lines in one body. Each may need an error in the answer, which is longer than a line of two bytes."""

LAST_FIRST: Final = 2**53 - 1 - MOST_LINES
"""Highest number of a first line: those of the lines after it are still numbers to all readers of JSON."""


@dataclass(frozen=True)
class Position:
    """Where the lines of a body stand in their stream."""

    stream: str
    first: int
    """Sequence number of the first line, 1 to `LAST_FIRST`."""


class _Line(msgspec.Struct, gc=False):
    kind: str
    object: msgspec.Raw


_lines: Final = msgspec.json.Decoder(_Line)


@dataclass
class _Batch:
    """What a body holds, by line number from 1."""

    lines: int
    spans: list[tuple[int, SpanRow]] = field(default_factory=list)
    objects: list[tuple[int, ObjectRow]] = field(default_factory=list)
    rejected: list[JsonObject] = field(default_factory=list)


class Ingest:
    """Takes what recorders send."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock

    async def take(self, body: bytes, position: Position | None) -> JsonObject:
        """Store the lines of `body`, and say how it went: `mplp_sdk.models.IngestResult`.

        Args:
            body: NDJSON.
            position: None where the body is not part of a stream.

        Raises:
            ValueOutOfRange: too many lines; nothing was stored.
        """
        count = _count_lines(body)
        if count > MOST_LINES:
            raise invalid(ValueOutOfRange, "body", f"at most {MOST_LINES} lines, not {count}")
        # In a thread, or a large body would hold up every other request.
        batch = await asyncio.to_thread(_read, body, count)
        stream = await self.store.write(lambda tx: _store(tx, batch, position, self.clock.now()))
        answer: JsonObject = {
            "accepted": len(batch.spans) + len(batch.objects),
            "rejected": batch.rejected,
        }
        if stream is not None:
            answer["stream"] = stream
        return answer


def _count_lines(body: bytes) -> int:
    """Lines of the body; the one after the last line feed counts only if it has something in it."""
    return body.count(b"\n") + (body[-1:] not in (b"", b"\n"))


def _read(body: bytes, count: int) -> _Batch:
    batch = _Batch(count)
    readable = _is_utf8(body)
    for number, line in enumerate(body.split(b"\n"), start=1):
        if not line or line.isspace():
            continue
        try:
            _read_line(batch, number, line, readable)
        except InvalidRequest as error:
            batch.rejected.append({"line": number, "error": _describe(error)})
    return batch


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_line(batch: _Batch, number: int, line: bytes, readable: bool) -> None:
    if not readable and not _is_utf8(line):
        raise InvalidFormat("not UTF-8", details={"field": "line", "reason": "not UTF-8"})
    try:
        record = _lines.decode(line)
    except (msgspec.MsgspecError, RecursionError):
        raise _explain_line(line) from None
    check_depth(line, field="line")
    check_meaning(line.rstrip(), "line")
    text = bytes(record.object)
    if record.kind == "trace":
        batch.spans.append((number, read_span(text)))
    else:
        batch.objects.append((number, _read_object(record.kind, text)))


def _read_object(kind: str, text: bytes) -> ObjectRow:
    if kind not in MODULES:
        raise invalid(ValidationFailed, "kind", f"Input should be one of {', '.join(MODULES)}")
    try:
        obj = msgspec.json.decode(text)
    except msgspec.MsgspecError as error:
        raise InvalidFormat(f"not JSON: {error}", details={"reason": str(error)}) from None
    if not isinstance(obj, dict):
        raise invalid(SchemaValidationFailed, "object", "Input should be an object")
    validate(kind, obj)
    if kind == "role":
        check_not_built_in(obj["id"])
    return object_row(kind, obj, text)


def _explain_line(line: bytes) -> InvalidRequest:
    """What is wrong with a line that is no record."""
    try:
        found = msgspec.json.decode(line)
    except RecursionError:
        return invalid(ValueOutOfRange, "line", "nested too deeply")
    except msgspec.MsgspecError as error:
        return InvalidFormat(f"not JSON: {error}", details={"field": "line", "reason": str(error)})
    if not isinstance(found, dict):
        return invalid(SchemaValidationFailed, "line", "Input should be an object with kind and object")
    for name in ("kind", "object"):
        if name not in found:
            return invalid(RequiredFieldMissing, name, "Field required")
    return invalid(SchemaValidationFailed, "kind", "Input should be a string")


def _describe(error: InvalidRequest) -> JsonObject:
    name = CODES[error.code].name if error.code is not None else error.name
    return {"code": str(error.code), "name": name, "message": error.message, "details": error.details}


def _store(tx: Writer, batch: _Batch, position: Position | None, now: datetime) -> JsonObject | None:
    if position is None:
        _store_lines(tx, batch, now, after=0)
        return None
    row = tx.stream(position.stream) or StreamRow(position.stream, 0, [])
    last = position.first + batch.lines - 1
    if batch.lines and last > row.high_water:
        _store_lines(tx, batch, now, after=row.high_water - position.first + 1)
        tx.set_mark(row.id, last, _gap(row.high_water, position.first))
        row = tx.stream(row.id) or row
    return {"id": row.id, "high_water": row.high_water, "gaps": row.gaps}


def _gap(mark: int, first: int) -> Gap | None:
    return (mark + 1, first - 1) if first > mark + 1 else None


def _store_lines(tx: Writer, batch: _Batch, now: datetime, *, after: int) -> None:
    """Store the lines whose number in the body is above `after`."""
    store_spans(tx, [row for number, row in batch.spans if number > after])
    _store_objects(tx, [row for number, row in batch.objects if number > after], now)


def _store_objects(tx: Writer, rows: Iterable[ObjectRow], now: datetime) -> None:
    for row in rows:
        old = tx.get(row.kind, row.id)
        if old is None:
            tx.put(row)
            continue
        merged = merge(old, row)
        tx.put(merged)
        if row.kind == "context":
            note_change(tx, old, merged.body, now)
