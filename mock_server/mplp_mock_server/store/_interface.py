"""The interface of a store, and nothing of any one database.

Services hand over a piece of work; the store runs it off the event loop, in one transaction, against a
`Reader` or a `Writer`. Work that raises leaves nothing behind. Work must not wait for anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from mplp_mock_server.store._rows import (
    ObjectRow,
    PartRow,
    Remembered,
    SpanFacts,
    SpanRow,
    StreamRow,
    TraceRow,
)

__all__ = ["Gap", "Query", "Reader", "Store", "StoreUnusable", "Writer"]

T = TypeVar("T")
Gap = tuple[int, int]


class StoreUnusable(Exception):
    """The database cannot be opened; the message says why, for a person at a terminal."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """One page of a list."""

    filters: tuple[tuple[str, str], ...] = ()
    """Columns and the values they must have."""
    sort: tuple[tuple[str, bool], ...] = ()
    """Columns, and whether descending; the id settles ties, so pages never overlap."""
    offset: int = 0
    limit: int = 50
    after: str | None = None
    """Id of the part that this page comes after, in the order in which parts came; lists of parts only."""


class Reader(Protocol):
    """A consistent view of what is stored."""

    def get(self, kind: str, object_id: str) -> ObjectRow | None:
        """One object; None where there is none."""
        ...

    def list(self, kind: str, query: Query) -> tuple[Sequence[bytes], int]:
        """The bodies of one page, and how many objects fit the filters altogether."""
        ...

    def due(self, kind: str, until: int, limit: int) -> Sequence[ObjectRow]:
        """The first `limit` objects whose `expires_at` is not after `until`, earliest first."""
        ...

    def part(self, kind: str, owner: str, part_id: str) -> PartRow | None:
        """One part of an object; None where there is none."""
        ...

    def parts(self, kind: str, owner: str, query: Query) -> tuple[Sequence[bytes], int]:
        """The bodies of one page of an object's parts, and how many fit; ties in the order they came."""
        ...

    def trace(self, trace_id: str) -> TraceRow | None:
        """The row of one trace."""
        ...

    def traces(self, query: Query) -> tuple[Sequence[TraceRow], int]:
        """One page of traces, and how many fit."""
        ...

    def span(self, trace_id: str, span_id: str) -> SpanRow | None:
        """One span, by the `id` of its object."""
        ...

    def spans(self, trace_id: str) -> Sequence[bytes]:
        """The bodies of a trace's spans, in the order of their starts."""
        ...

    def stream(self, stream_id: str) -> StreamRow | None:
        """The mark and gaps of one ingest stream."""
        ...

    def streams(self) -> Sequence[StreamRow]:
        """All ingest streams, by id."""
        ...


class Writer(Reader, Protocol):
    """A transaction. It sees its own writes."""

    def put(self, row: ObjectRow) -> None:
        """Store an object, in place of the one of the same kind and id."""
        ...

    def delete(self, kind: str, object_id: str) -> bool:
        """Remove an object; False where there was none."""
        ...

    def put_part(self, row: PartRow) -> None:
        """Store a part, in place of the one of the same kind, owner and id."""
        ...

    def delete_part(self, kind: str, owner: str, part_id: str) -> bool:
        """Remove a part; False where there was none."""
        ...

    def delete_parts(self, kind: str, owner: str, *, before: int | None = None) -> None:
        """Remove the parts of one kind that an object has: all, or those that are older than `before`."""
        ...

    def trace_rows(self, trace_ids: Sequence[str]) -> dict[str, TraceRow]:
        """The rows of those of the traces that exist."""
        ...

    def known_spans(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], SpanRow]:
        """Those of the spans, named by trace and id, that exist."""
        ...

    def span_facts(self, trace_id: str) -> Iterable[SpanFacts]:
        """The facts of every span of a trace."""
        ...

    def put_spans(self, rows: Iterable[SpanRow]) -> None:
        """Store spans, in place of those of the same trace and id."""
        ...

    def put_trace_rows(self, rows: Iterable[TraceRow]) -> None:
        """Store the rows of traces."""
        ...

    def set_mark(self, stream_id: str, high_water: int, gap: Gap | None) -> None:
        """Move the mark of a stream, and note what was left out before it."""
        ...

    def recall(self, keys: Sequence[str]) -> dict[str, Remembered]:
        """What was answered under those of the idempotency keys that were used."""
        ...

    def remember(self, answers: Iterable[tuple[str, Remembered]]) -> None:
        """Keep first answers, each under its idempotency key."""
        ...

    def forget(self, key: str) -> None:
        """Drop what is kept under an idempotency key."""
        ...


class Store(Protocol):
    """Runs work in transactions.

    Both methods raise what the work raised, or `mplp_sdk.errors.DatabaseError` when the database failed.
    """

    async def read(self, work: Callable[[Reader], T]) -> T:
        """Run `work` on a consistent view."""
        ...

    async def write(self, work: Callable[[Writer], T]) -> T:
        """Run `work` alone, and return once what it wrote is durable."""
        ...

    def close(self) -> None:
        """Finish what was handed over, and let go of the database."""
        ...
