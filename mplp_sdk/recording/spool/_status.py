"""What a home holds, for people: one row a stream. Used by the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mplp_sdk.recording.spool._reader import StreamReader
from mplp_sdk.recording.spool._stream import Stream, list_streams, lock_stream

__all__ = ["StreamStatus", "spool_status"]


@dataclass(frozen=True, kw_only=True)
class StreamStatus:
    """One stream of a spool."""

    id: str
    """UUID; the server counts records under it."""
    waiting: int
    """Records that are neither delivered nor refused."""
    settled: int
    """Highest sequence number that is delivered or refused."""
    size: int
    """Bytes on disk."""
    in_use: bool
    """Whether a process writes or ships it now."""


def spool_status(home: Path) -> list[StreamStatus]:
    """All streams of a home, by id. Reads every waiting record, and changes nothing."""
    return sorted((_status(stream) for stream in list_streams(home)), key=lambda row: row.id)


def _status(stream: Stream) -> StreamStatus:
    lock = lock_stream(stream)
    if lock is not None:
        lock.release()
    settled = stream.read_cursor()
    return StreamStatus(
        id=str(stream.id),
        waiting=StreamReader(stream, after=settled, live=lock is None).count(),
        settled=settled,
        size=stream.size(),
        in_use=lock is None,
    )
