"""Trace: what really ran, one span a step. Spec: protocol §3; Design, Trace schema; RFC §2.2.4."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Required

from pydantic import BeforeValidator, with_config
from typing_extensions import TypedDict

from mplp_sdk.models._base import (
    CLOSED,
    DurationField,
    DurationInput,
    Id,
    JsonObject,
    MPLPModel,
    OneOf,
    Timestamp,
    TimestampInput,
)

__all__ = [
    "Action",
    "ActionCreate",
    "ActionType",
    "Performance",
    "PerformanceCreate",
    "Span",
    "SpanCreate",
    "SpanMetadata",
    "SpanMetadataCreate",
    "SpanResult",
    "SpanResultCreate",
    "SpanStatus",
    "SpanTimes",
    "SpanTimesCreate",
    "TraceEvent",
    "TraceEventCreate",
    "TraceEventType",
    "TraceSummary",
    "as_output",
]

ActionType = Literal["execute", "invoke", "validate", "complete"]
SpanStatus = Literal["success", "failure", "timeout", "cancelled"]
TraceEventType = Literal["start", "progress", "complete", "error", "warning"]


def as_output(value: Any) -> Any:
    """The object that a result is stored as: a bare value becomes `{"value": …}`."""
    return value if isinstance(value, dict) or value is None else {"value": value}


class Action(MPLPModel):
    """What was done."""

    name: str
    type: Annotated[str, OneOf(ActionType)]
    parameters: JsonObject | None = None
    duration: DurationField | None = None


class SpanTimes(MPLPModel):
    """When it ran. Without an `end` the span is open."""

    start: Timestamp
    end: Timestamp | None = None


class SpanResult(MPLPModel):
    """What came of it."""

    status: Annotated[str, OneOf(SpanStatus)] | None = None
    output: Annotated[JsonObject | None, BeforeValidator(as_output)] = None
    error: JsonObject | None = None
    """`type`, `message`, `stack`."""
    metrics: JsonObject | None = None
    """`input_tokens`, `output_tokens`, `time_to_first_token` (seconds), …; unknown is absent, never 0."""


class SpanMetadata(MPLPModel):
    """What the framework added."""

    tags: JsonObject | None = None
    annotations: list[Any] | None = None
    correlation_id: Id | None = None


class TraceEvent(MPLPModel):
    """RFC's view of a step."""

    type: Annotated[str, OneOf(TraceEventType)] | None = None
    description: str | None = None
    data: JsonObject | None = None


class Performance(MPLPModel):
    """What a step cost."""

    duration: DurationField | None = None
    memory_usage: Any = None
    cpu_usage: Any = None


class Span(MPLPModel):
    """One step of a Trace."""

    id: Id
    trace_id: Id
    span_id: Id
    parent_span_id: Id | None = None
    context_id: Id
    agent_id: Id
    action: Action
    timestamp: SpanTimes
    result: SpanResult | None = None
    metadata: SpanMetadata | None = None
    plan_id: Id | None = None
    task_id: Id | None = None
    event: TraceEvent | None = None
    performance: Performance | None = None


@with_config(CLOSED)
class ActionCreate(TypedDict, total=False):
    """What was done."""

    name: Required[str]
    type: Required[ActionType]
    parameters: JsonObject
    duration: DurationInput


@with_config(CLOSED)
class SpanTimesCreate(TypedDict, total=False):
    """When it ran. Without an `end` the span is open."""

    start: Required[TimestampInput]
    end: TimestampInput


@with_config(CLOSED)
class SpanResultCreate(TypedDict, total=False):
    """What came of it."""

    status: SpanStatus
    output: Annotated[Any, BeforeValidator(as_output)]
    """An object; a bare value becomes `{"value": …}`."""
    error: JsonObject
    metrics: JsonObject


@with_config(CLOSED)
class SpanMetadataCreate(TypedDict, total=False):
    """What the framework adds."""

    tags: JsonObject
    annotations: list[Any]
    correlation_id: Id


@with_config(CLOSED)
class TraceEventCreate(TypedDict, total=False):
    """RFC's view of a step."""

    type: TraceEventType
    description: str
    data: JsonObject


@with_config(CLOSED)
class PerformanceCreate(TypedDict, total=False):
    """What a step cost."""

    duration: DurationInput
    memory_usage: Any
    cpu_usage: Any


@with_config(CLOSED)
class SpanCreate(TypedDict, total=False):
    """What a caller sends to record a step."""

    id: Id
    """The caller's own id makes the call idempotent."""
    trace_id: Required[Id]
    span_id: Id
    """Default: the span's `id`."""
    parent_span_id: Id
    context_id: Required[Id]
    agent_id: Required[Id]
    action: Required[ActionCreate]
    timestamp: Required[SpanTimesCreate]
    result: SpanResultCreate
    metadata: SpanMetadataCreate
    plan_id: Id
    task_id: Id
    event: TraceEventCreate
    performance: PerformanceCreate


class TraceSummary(MPLPModel):
    """One row of the list of traces [ext]: the whole run at a glance."""

    trace_id: Id
    context_id: Id | None = None
    agent_id: Id | None = None
    name: str | None = None
    """Name of the root span's action; None while no root was seen."""
    root_span_id: Id | None = None
    status: str
    """`running` while a span is open, else the root's `success`, `failure`, `timeout` or `cancelled`."""
    start: Timestamp
    end: Timestamp | None = None
    span_count: int
    error_count: int
    """Spans that ended in `failure` or `timeout`."""
    total_tokens: int | None = None
    """Sum over the spans that know theirs; None where none does."""
