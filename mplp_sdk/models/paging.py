"""Pagination of lists, and what `POST /ingest` answers. Spec: protocol §2 Lists, §6; RFC §3.2.2."""

from __future__ import annotations

from pydantic import Field

from mplp_sdk.models._base import JsonObject, MPLPModel, camel

__all__ = ["IngestResult", "Pagination", "RejectedLine", "StreamState"]


class Pagination(MPLPModel):
    """Where a page stands in its list."""

    page: int
    """From 1."""
    page_size: int = camel("page_size")
    total: int
    total_pages: int = camel("total_pages")
    has_next: bool = camel("has_next")
    has_prev: bool = camel("has_prev")


class RejectedLine(MPLPModel):
    """A line of an ingest body that was refused for good."""

    line: int
    """From 1, within the body."""
    error: JsonObject
    """`code`, `name`, `message`, `details`."""


class StreamState(MPLPModel):
    """How far the server has a stream, and what never came."""

    id: str
    high_water: int
    """Highest sequence number stored; 0 before the first."""
    gaps: list[tuple[int, int]] = Field(default_factory=list)
    """Inclusive ranges of sequence numbers that never came."""


class IngestResult(MPLPModel):
    """Answer to one ingest body."""

    accepted: int
    """Lines stored, those already known included."""
    rejected: list[RejectedLine] = Field(default_factory=list)
    stream: StreamState | None = None
    """None where the body was not part of a stream."""
