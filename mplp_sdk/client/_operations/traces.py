"""Endpoints of Traces and their spans. Spec: protocol §2.1 traces; Design, Trace API."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Unpack

from mplp_sdk.client._operations._call import Call, PageData, listing, reading, segment, sending
from mplp_sdk.models import Span, SpanCreate, TraceSummary

__all__ = ["get", "list", "record", "record_batch", "spans"]


def record(**members: Unpack[SpanCreate]) -> Call[Span]:
    """POST /traces."""
    return sending("POST", "/traces", SpanCreate, members, Span)


def record_batch(spans: Sequence[SpanCreate]) -> Call[builtins.list[Span]]:
    """POST /traces/batch."""
    return sending("POST", "/traces/batch", Sequence[SpanCreate], spans, builtins.list[Span])


def list(  # noqa: A001  # callers write traces.list
    *,
    context_id: str | None = None,
    agent_id: str | None = None,
    status: str | None = None,
    name: str | None = None,
    page: int = 1,
    page_size: int = 50,
    sort: str | None = None,
) -> Call[PageData[TraceSummary]]:
    """GET /traces."""
    return listing(
        "/traces",
        TraceSummary,
        page=page,
        page_size=page_size,
        sort=sort,
        context_id=context_id,
        agent_id=agent_id,
        status=status,
        name=name,
    )


def get(trace_id: str) -> Call[TraceSummary]:
    """GET /traces/{trace_id}."""
    return reading(f"/traces/{segment(trace_id=trace_id)}", TraceSummary)


def spans(trace_id: str) -> Call[builtins.list[Span]]:
    """GET /traces/{trace_id}/spans."""
    return reading(f"/traces/{segment(trace_id=trace_id)}/spans", builtins.list[Span])
