"""Reading spans: from the JSON text of one to its row.

This is the hot path of ingest. msgspec reads and checks a span at once; what it refuses is read again by the
model, which has the last word and the better error messages (and takes some spellings that msgspec does not).

Spec: protocol §3 Trace, §6.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from mplp_mock_server.clock import to_micros
from mplp_mock_server.services._objects import encode, read_stamp
from mplp_mock_server.services._validation import check_id, check_ids, invalid, validate
from mplp_mock_server.store import SpanFacts, SpanRow
from mplp_sdk.errors import InvalidFormat, SchemaValidationFailed
from mplp_sdk.models.trace import ActionType, Span, SpanStatus, TraceEventType
from mplp_sdk.protocol.ids import LONGEST_TEXT
from mplp_sdk.protocol.times import parse_duration, parse_time

__all__ = ["FAILED", "Lead", "beats", "read_lead", "read_span"]

FAILED: Final = frozenset({"failure", "timeout"})
"""How a span ends that counts as an error."""

_EARLIEST: Final = to_micros(datetime.min.replace(tzinfo=UTC))
_LATEST: Final = to_micros(datetime.max.replace(tzinfo=UTC))
_MOST_TOKENS: Final = 2**53
"""A count beyond what JSON readers agree on is no count."""

_NUMBERS: Final = frozenset({int, float})

_Id = Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]
_Object = dict[str, Any]


class _Action(Struct, gc=False):
    name: str
    type: ActionType
    parameters: _Object | None = None
    duration: str | int | float | None = None


class _Times(Struct, gc=False):
    start: datetime
    end: datetime | None = None


class _Result(Struct, gc=False):
    status: SpanStatus | None = None
    output: Any = None
    error: _Object | None = None
    metrics: _Object | None = None


class _Metadata(Struct, gc=False):
    tags: _Object | None = None
    annotations: list[Any] | None = None
    correlation_id: _Id | None = None
    updated_at: datetime | None = None
    created_at: datetime | None = None


class _Event(Struct, gc=False):
    type: TraceEventType | None = None
    description: str | None = None
    data: _Object | None = None


class _Performance(Struct, gc=False):
    duration: str | int | float | None = None
    memory_usage: Any = None
    cpu_usage: Any = None


class _Span(Struct, gc=False):
    id: _Id
    trace_id: _Id
    span_id: _Id
    context_id: _Id
    agent_id: _Id
    action: _Action
    timestamp: _Times
    parent_span_id: _Id | None = None
    result: _Result | None = None
    metadata: _Metadata | None = None
    plan_id: _Id | None = None
    task_id: _Id | None = None
    event: _Event | None = None
    performance: _Performance | None = None


class _LeadAction(Struct):
    name: str


class Lead(Struct):
    """What the row of a trace takes from the span that speaks for it."""

    context_id: str
    agent_id: str
    action: _LeadAction


_spans: Final = msgspec.json.Decoder(_Span)
_leads: Final = msgspec.json.Decoder(Lead)


def read_span(body: bytes) -> SpanRow:
    """The row of one span; `body` is the JSON text of its object, of bounded depth and in UTF-8.

    Raises:
        InvalidRequest: it is not a span.
    """
    try:
        span = _spans.decode(body)
    except msgspec.MsgspecError:
        span, body = _read_leniently(body)
    _check_ids(span)
    _check_durations(span)
    result = span.result
    if result is not None and result.output is not None and not isinstance(result.output, dict):
        body = _box_output(body)
    return _row(span, body)


def read_lead(body: bytes) -> Lead:
    """What the row of a trace needs of a stored span."""
    return _leads.decode(body)


def beats(new: SpanRow, old: SpanRow) -> bool:
    """Whether `new` takes the place of `old`, a record of the same span.

    A closed record beats an open one, then the newer one wins; the rest only settles ties, so that any
    order of arrival ends in the same state.
    """
    return _precedence(new) > _precedence(old)


def _precedence(row: SpanRow) -> tuple[bool, int, int, bytes]:
    end = row.facts.end
    return end is not None, row.updated_at, end or 0, row.body


def _row(span: _Span, body: bytes) -> SpanRow:
    result, metadata, times = span.result, span.metadata, span.timestamp
    facts = SpanFacts(
        span.id,
        _micros(times.start, "timestamp.start"),
        None if times.end is None else _micros(times.end, "timestamp.end"),
        span.parent_span_id is None,
        None if result is None else result.status,
        None if result is None or result.metrics is None else _tokens(result.metrics),
    )
    updated_at = None if metadata is None else metadata.updated_at
    return SpanRow(
        span.trace_id, facts, 0 if updated_at is None else _micros(updated_at, "metadata.updated_at"), body
    )


def _micros(moment: datetime, field: str) -> int:
    micros = to_micros(moment)
    if _EARLIEST <= micros <= _LATEST:
        return micros
    raise invalid(InvalidFormat, field, "out of the calendar")


def _tokens(metrics: Mapping[str, Any]) -> int | None:
    """Tokens of one span: the total it states, or the sum of what went in and came out."""
    total = _count(metrics.get("total_tokens"))
    if total is not None:
        return total
    parts = [_count(metrics.get(name)) for name in ("input_tokens", "output_tokens")]
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _count(value: Any) -> int | None:
    return int(value) if type(value) in _NUMBERS and 0 <= value <= _MOST_TOKENS else None


def _check_ids(span: _Span) -> None:
    correlation = None if span.metadata is None else span.metadata.correlation_id
    optional = f"{span.parent_span_id}{span.plan_id}{span.task_id}{correlation}"
    together = f"{span.id}{span.trace_id}{span.span_id}{span.context_id}{span.agent_id}{optional}"
    if not together.isprintable():
        check_ids(msgspec.structs.asdict(span))
        if correlation is not None:
            check_id(correlation, "metadata.correlation_id")


def _check_durations(span: _Span) -> None:
    if span.action.duration is not None:
        _check_duration(span.action.duration, "action.duration")
    if span.performance is not None and span.performance.duration is not None:
        _check_duration(span.performance.duration, "performance.duration")


def _check_duration(spelling: str | float, field: str) -> None:
    try:
        parse_duration(spelling)
    except ValueError as error:
        raise invalid(InvalidFormat, field, str(error)) from None


def _read_leniently(body: bytes) -> tuple[_Span, bytes]:
    """The span as the model reads it, which takes more spellings of a time than msgspec does."""
    try:
        obj = msgspec.json.decode(body)
    except msgspec.MsgspecError as error:
        raise InvalidFormat(f"not JSON: {error}", details={"reason": str(error)}) from None
    if not isinstance(obj, dict):
        raise invalid(SchemaValidationFailed, "object", "Input should be an object")
    model = validate("trace", obj)
    assert isinstance(model, Span)  # noqa: S101 -- what `validate` makes of a trace
    for name in ("created_at", "updated_at"):
        read_stamp(obj, name)
    return _convert(obj, model), body


def _convert(obj: _Object, model: Span) -> _Span:
    times = {"start": model.timestamp.start, "end": model.timestamp.end}
    metadata = obj.get("metadata")
    if metadata is not None:
        stamps = [name for name in ("created_at", "updated_at") if metadata.get(name) is not None]
        metadata = {**metadata, **{name: parse_time(metadata[name]) for name in stamps}}
    try:
        return msgspec.convert({**obj, "timestamp": times, "metadata": metadata}, _Span)
    except msgspec.MsgspecError as error:
        raise SchemaValidationFailed(str(error), details={"reason": str(error)}) from None


def _box_output(body: bytes) -> bytes:
    obj = msgspec.json.decode(body)
    obj["result"]["output"] = {"value": obj["result"]["output"]}
    return encode(obj)
