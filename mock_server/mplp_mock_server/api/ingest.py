"""`/ingest` and `/streams`. Spec: protocol §6."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from starlette.datastructures import Headers
from typing_extensions import TypedDict

from mplp_mock_server.api._body import check_content_type, read_body
from mplp_mock_server.api._operations import TEXT, Call, Operation, Parameter, Reply
from mplp_mock_server.services import LAST_FIRST, Position, check_id
from mplp_sdk.errors import InvalidFormat, RequiredFieldMissing, ValueOutOfRange
from mplp_sdk.models import IngestResult, StreamState

__all__ = ["OPERATIONS"]

NDJSON: Final = "application/x-ndjson"

_STREAM: Final = "X-MPLP-Stream"
_SEQUENCE: Final = "X-MPLP-Sequence"


class IngestRecord(TypedDict):
    """One line of the body."""

    kind: Literal["context", "plan", "confirmation", "trace", "role", "extension", "execution"]
    object: dict[str, Any]


async def ingest(call: Call) -> Reply:
    check_content_type(call.request, (NDJSON, "application/ndjson"))
    position = _position(call.request.headers)
    body = await read_body(call.request)
    return Reply(msgspec.json.encode(await call.services.ingest.take(body, position)))


async def list_streams(call: Call) -> Reply:
    return Reply(await call.services.streams.list())


async def get_stream(call: Call) -> Reply:
    return Reply(await call.services.streams.get(call.params["stream_id"]))


def _position(headers: Headers) -> Position | None:
    """Where the lines stand in their stream; None where there is no stream.

    Raises:
        RequiredFieldMissing: one of the two headers came without the other.
        InvalidFormat: the stream is no id, or the sequence no number.
        ValueOutOfRange: the sequence is below 1, or too large.
    """
    stream, sequence = headers.get(_STREAM), headers.get(_SEQUENCE)
    if stream is None and sequence is None:
        return None
    if stream is None or sequence is None:
        missing = _STREAM if stream is None else _SEQUENCE
        reason = f"{_STREAM} and {_SEQUENCE} come together"
        raise RequiredFieldMissing(f"{missing}: {reason}", details={"field": missing, "reason": reason})
    check_id(stream, _STREAM)
    return Position(stream, _number(sequence.strip()))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        reason = "should be a whole number"
        raise InvalidFormat(f"{_SEQUENCE}: {reason}", details={"field": _SEQUENCE, "reason": reason})
    # Compared by length first: int() refuses, or dwells on, thousands of digits.
    if len(text) > len(str(LAST_FIRST)) or not 1 <= int(text) <= LAST_FIRST:
        reason = f"should be 1 to {LAST_FIRST}"
        raise ValueOutOfRange(f"{_SEQUENCE}: {reason}", details={"field": _SEQUENCE, "reason": reason})
    return int(text)


OPERATIONS: Final = (
    Operation(
        name="ingest",
        method="POST",
        path="/ingest",
        summary="Store recorded objects, one a line, in any order and any number of times.",
        handler=ingest,
        tag="ingest",
        request=IngestRecord,
        request_media=NDJSON,
        response=IngestResult,
        parameters=(
            Parameter(
                name=_STREAM,
                where="header",
                schema=TEXT,
                description=f"The stream that the lines belong to; comes with {_SEQUENCE}.",
            ),
            Parameter(
                name=_SEQUENCE,
                where="header",
                schema={"type": "integer", "minimum": 1, "maximum": LAST_FIRST},
                description="Number of the first line in its stream.",
            ),
        ),
    ),
    Operation(
        name="listStreams",
        method="GET",
        path="/streams",
        summary="Ingest streams: how far each is stored, and what never came.",
        handler=list_streams,
        tag="ingest",
        response=list[StreamState],
    ),
    Operation(
        name="getStream",
        method="GET",
        path="/streams/{stream_id}",
        summary="One ingest stream.",
        handler=get_stream,
        tag="ingest",
        response=StreamState,
        errors=(4001,),
    ),
)
