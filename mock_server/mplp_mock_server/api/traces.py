"""`/traces`. Spec: protocol §2.1."""

from __future__ import annotations

from typing import Final

from mplp_mock_server.api._listing import Listing
from mplp_mock_server.api._operations import Call, Operation, Reply
from mplp_sdk.models import Span, SpanCreate, TraceSummary

__all__ = ["OPERATIONS"]


async def create(call: Call) -> Reply:
    return Reply(await call.services.traces.record(await call.json(), call.idempotency_key))


async def create_batch(call: Call) -> Reply:
    return Reply(await call.services.traces.record_batch(await call.json_list(), call.idempotency_key))


async def get(call: Call) -> Reply:
    return Reply(await call.services.traces.get(call.params["trace_id"]))


async def list_all(call: Call) -> Reply:
    query = call.query()
    return Reply.page(await call.services.traces.list(query), query)


async def list_spans(call: Call) -> Reply:
    return Reply(await call.services.traces.spans(call.params["trace_id"]))


_LISTING: Final = Listing(
    filters={name: name for name in ("context_id", "agent_id", "status", "name")},
    sorts={
        **{name: name for name in ("start", "end", "name", "status", "span_count", "error_count")},
        "total_tokens": "tokens",
    },
    default_sort="-start",
)

OPERATIONS: Final = (
    Operation(
        name="createTrace",
        method="POST",
        path="/traces",
        summary="Record one span. It may come twice, open and closed; the closed one stays.",
        handler=create,
        tag="traces",
        status=201,
        request=SpanCreate,
        response=Span,
        errors=(4003,),
    ),
    Operation(
        name="createTraces",
        method="POST",
        path="/traces/batch",
        rpc="create_batch",
        summary="Record several spans, all or none.",
        handler=create_batch,
        tag="traces",
        status=201,
        request=list[SpanCreate],
        response=list[Span],
        errors=(4003,),
    ),
    Operation(
        name="listTraces",
        method="GET",
        path="/traces",
        summary="One row a trace, the newest first.",
        handler=list_all,
        tag="traces",
        response=TraceSummary,
        listing=_LISTING,
    ),
    Operation(
        name="getTrace",
        method="GET",
        path="/traces/{trace_id}",
        summary="One trace at a glance.",
        handler=get,
        tag="traces",
        response=TraceSummary,
        errors=(4001,),
    ),
    Operation(
        name="listSpans",
        method="GET",
        path="/traces/{trace_id}/spans",
        summary="The spans of a trace, in the order of their starts.",
        handler=list_spans,
        tag="traces",
        response=list[Span],
        errors=(4001,),
    ),
)
