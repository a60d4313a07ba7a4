"""Endpoints of the whole system: ingest, its streams, the server's health. Spec: protocol §2.1, §6."""

from __future__ import annotations

import builtins
from typing import Literal

from mplp_sdk.client._operations._call import Call, mistake, reader, reading, segment
from mplp_sdk.errors import ValueOutOfRange
from mplp_sdk.models import IngestResult, MPLPModel, StreamState

__all__ = ["Encoding", "Health", "get_stream", "health", "ingest", "list_streams", "ready"]

Encoding = Literal["identity", "gzip", "zstd"]


class Health(MPLPModel):
    """What a server says of itself."""

    status: str
    """`ok` where all is well."""
    version: str | None = None
    """Version of the protocol that it speaks."""


def ingest(
    body: bytes, *, stream: str | None = None, sequence: int | None = None, encoding: Encoding = "identity"
) -> Call[IngestResult]:
    """POST /ingest."""
    if (stream is None) != (sequence is None):
        raise mistake(ValueOutOfRange, "sequence", "a stream and its first sequence number go together")
    headers = {"content-type": "application/x-ndjson"}
    if encoding != "identity":
        headers["content-encoding"] = encoding
    if stream is not None:
        headers |= {"x-mplp-stream": stream, "x-mplp-sequence": str(sequence)}
    return Call(method="POST", path="/ingest", body=body, headers=headers, read=reader(IngestResult))


def list_streams() -> Call[builtins.list[StreamState]]:
    """GET /streams."""
    return reading("/streams", builtins.list[StreamState])


def get_stream(stream_id: str) -> Call[StreamState]:
    """GET /streams/{stream_id}."""
    return reading(f"/streams/{segment(stream_id=stream_id)}", StreamState)


def health() -> Call[Health]:
    """GET /health."""
    return Call(method="GET", path="/health", versioned=False, read=reader(Health))


def ready() -> Call[Health]:
    """GET /ready."""
    return Call(method="GET", path="/ready", versioned=False, read=reader(Health))
