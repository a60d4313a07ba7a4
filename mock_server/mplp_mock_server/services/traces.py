"""Traces: spans one by one or several at once, and what lists show of them. Spec: protocol §2.1, §3 Trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mplp_mock_server.clock import from_micros
from mplp_mock_server.services._gather import Gather
from mplp_mock_server.services._idempotency import Repeatable
from mplp_mock_server.services._objects import encode
from mplp_mock_server.services._span_requests import Answers, SpanRequest, answer_spans
from mplp_mock_server.services._spans import read_span
from mplp_mock_server.services._validation import JsonObject, check_id, invalid
from mplp_mock_server.store import Query, Reader, SpanRow, Store, TraceRow, Writer
from mplp_sdk.errors import InvalidRequest, NotFound, SchemaValidationFailed
from mplp_sdk.protocol.ids import new_id
from mplp_sdk.protocol.times import format_time

__all__ = ["Traces"]


class Traces:
    """The traces of this server."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._requests = Gather(store, answer_spans)

    async def record(self, body: JsonObject, key: str | None) -> bytes:
        """Store one span; a repeat answers the span as it is, and a closed span is never opened again.

        Args:
            key: the `Idempotency-Key`.

        Raises:
            InvalidRequest: it is not a span.
            Conflict: another span has this id, or the key was used with another body.
        """
        span = _complete(body)
        return await self._requests.submit(SpanRequest(span, Repeatable.of("POST /traces", body, key)))

    async def record_batch(self, body: Sequence[Any], key: str | None) -> bytes:
        """Store several spans, all or none; the answer is the list of them.

        Raises:
            InvalidRequest: one is not a span; `details.field` says which.
            Conflict: another span has one of the ids, or the key was used with another body.
        """
        spans = [_complete_item(item, index) for index, item in enumerate(body)]
        request = Repeatable.of("POST /traces/batch", body, key)

        def record_all(tx: Writer) -> bytes:
            answers = Answers.to(tx, spans)
            told = [answers.decide(span) for span in spans]
            answers.store()
            return b"[%b]" % b",".join(told)

        return await self.store.write(lambda tx: request.answer(tx, lambda: record_all(tx)))

    async def list(self, query: Query) -> tuple[Sequence[bytes], int]:
        """One page of summaries, and how many traces fit."""
        rows, total = await self.store.read(lambda view: view.traces(query))
        return [encode(_summary(row)) for row in rows], total

    async def get(self, trace_id: str) -> bytes:
        """The summary of one trace.

        Raises:
            NotFound: no span of this trace was seen.
        """
        check_id(trace_id, "trace_id")
        row = await self.store.read(lambda view: _existing(view, trace_id))
        return encode(_summary(row))

    async def spans(self, trace_id: str) -> bytes:
        """The list of a trace's spans, in the order of their starts.

        Raises:
            NotFound: no span of this trace was seen.
        """
        check_id(trace_id, "trace_id")

        def read(view: Reader) -> Sequence[bytes]:
            _existing(view, trace_id)
            return view.spans(trace_id)

        return b"[%b]" % b",".join(await self.store.read(read))


def _existing(view: Reader, trace_id: str) -> TraceRow:
    row = view.trace(trace_id)
    if row is None:
        raise NotFound(f"no trace has the id {trace_id!r}", details={"id": trace_id})
    return row


def _summary(row: TraceRow) -> JsonObject:
    """`mplp_sdk.models.TraceSummary`, without the members that are not known yet."""
    ended = row.open_count == 0 and row.end is not None
    summary: dict[str, Any] = {
        "trace_id": row.trace_id,
        "context_id": row.context_id,
        "agent_id": row.agent_id,
        "name": row.name if row.lead_root else None,
        "root_span_id": row.lead_id if row.lead_root else None,
        "status": row.status,
        "start": format_time(from_micros(row.start)),
        "end": format_time(from_micros(row.end)) if ended and row.end is not None else None,
        "span_count": row.span_count,
        "error_count": row.error_count,
        "total_tokens": row.tokens if row.token_count else None,
    }
    return {name: value for name, value in summary.items() if value is not None}


def _complete(body: JsonObject) -> SpanRow:
    given = {name: value for name, value in body.items() if value is not None}
    # A span that names itself once is known by that name, so that its end finds its beginning.
    span_id = given.get("id") or given.get("span_id") or new_id()
    return read_span(encode({"id": span_id, "span_id": span_id, **given}))


def _complete_item(item: Any, index: int) -> SpanRow:
    if not isinstance(item, dict):
        raise invalid(SchemaValidationFailed, f"[{index}]", "Input should be an object")
    try:
        return _complete(item)
    except InvalidRequest as error:
        raise _inside(error, f"[{index}]") from None


def _inside(error: InvalidRequest, where: str) -> InvalidRequest:
    """The same error, its fields named from outside."""
    details = dict(error.details)
    if "field" in details:
        details["field"] = f"{where}.{details['field']}"
    if "errors" in details:
        details["errors"] = [{**one, "field": f"{where}.{one['field']}"} for one in details["errors"]]
    return type(error)(f"{where}.{error.message}", details=details)
