"""Endpoints of the whole system: ingest, its streams, actions by name, health. Spec: protocol §2.1, §6."""

from __future__ import annotations

import builtins
import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Literal

from mplp_sdk.client._operations._call import Call, given, mistake, reader, reading, segment, sending
from mplp_sdk.errors import ValueOutOfRange
from mplp_sdk.models import IngestResult, MPLPModel, RpcRequest, StreamState

__all__ = ["Encoding", "Health", "call", "get_stream", "health", "ingest", "list_streams", "ready"]

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


def call(
    module: str,
    action: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    version: str = "1.0.0",
    timeout: float | None = None,
    retry: int | None = None,
    run_async: bool = False,
) -> Call[Any]:
    """POST /rpc."""
    milliseconds = None if timeout is None else math.ceil(timeout * 1000)
    options: dict[str, Any] = given(**{"timeout": milliseconds, "retry": retry, "async": run_async or None})
    asked: dict[str, Any] = {"module": module, "action": action, "version": version}
    asked |= given(parameters=parameters, options=options or None)
    return dataclasses.replace(sending("POST", "/rpc", RpcRequest, asked, object), read=_result)


def health() -> Call[Health]:
    """GET /health."""
    return Call(method="GET", path="/health", versioned=False, read=reader(Health))


def ready() -> Call[Health]:
    """GET /ready."""
    return Call(method="GET", path="/ready", versioned=False, read=reader(Health))


def _result(data: Any) -> Any:
    """What the action answered; what was accepted, where it goes on after the answer."""
    return data["result"] if isinstance(data, dict) and "result" in data else data
