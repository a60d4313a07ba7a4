"""What is stored: rows of plain values, each with its object as JSON text.

Times are microseconds since 1970. Services make rows and read them; the store only moves them. Rows that come
by the hundred hold nothing that could lead back to them, so the garbage collector need not know them.
"""

from __future__ import annotations

import msgspec

__all__ = ["ObjectRow", "PartRow", "Remembered", "SpanFacts", "SpanRow", "StreamRow", "TraceRow"]


class ObjectRow(msgspec.Struct, frozen=True, kw_only=True):
    """A context, plan, confirmation, role, extension or execution."""

    kind: str
    id: str
    body: bytes
    """The whole object, as JSON."""
    created_at: int
    updated_at: int
    record: bytes | None = None
    """The text that came by ingest, where `body` was changed since; it goes on deciding ties."""
    context_id: str | None = None
    plan_id: str | None = None
    status: str | None = None
    type: str | None = None
    name: str | None = None
    stage: str | None = None
    expires_at: int | None = None
    """When it has to be looked at again; None where time changes nothing."""


class PartRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something that belongs to an object, such as a snapshot of a context, and is gone with it."""

    kind: str
    owner: str
    """Id of the object."""
    id: str
    body: bytes
    """What is told of it, as JSON."""
    created_at: int
    name: str | None = None
    status: str | None = None
    content: bytes | None = None
    """What is kept beside, and not listed."""


class SpanFacts(msgspec.Struct, frozen=True, gc=False):
    """What the row of a trace needs to know of each span."""

    id: str
    start: int
    end: int | None
    """None: the span is open."""
    root: bool
    """Whether it has no parent."""
    status: str | None
    tokens: int | None
    """None: not known."""


class SpanRow(msgspec.Struct, frozen=True, gc=False):
    """One span."""

    trace_id: str
    facts: SpanFacts
    updated_at: int
    """0 where the span does not say."""
    body: bytes
    """The whole span, as JSON."""


class TraceRow(msgspec.Struct, gc=False):
    """The one row a trace: what lists show, filter and sort by, and the sums that it is made from.

    The *lead* is the span that speaks for the trace: its root, or its first span while no root was seen.
    """

    trace_id: str
    lead_root: bool
    lead_start: int
    lead_id: str
    lead_status: str | None
    context_id: str
    agent_id: str
    name: str
    start: int
    end: int | None = None
    """Latest end of any span."""
    span_count: int = 0
    open_count: int = 0
    error_count: int = 0
    token_count: int = 0
    """Spans that know their tokens."""
    tokens: int = 0
    status: str = "running"


class StreamRow(msgspec.Struct, frozen=True):
    """How far an ingest stream was stored."""

    id: str
    high_water: int
    gaps: list[tuple[int, int]]
    """Inclusive, ascending."""


class Remembered(msgspec.Struct, frozen=True, gc=False):
    """The first answer to a request that may be repeated."""

    digest: bytes
    """Of what was asked."""
    body: bytes
    """What was answered, as JSON."""
