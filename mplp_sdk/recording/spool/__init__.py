"""Records on disk: written by one process, read by whoever ships them.

SpoolLimits              how much, how fast
StreamWriter             append-only, memory-mapped, one per process
SyncThread               fsync, and the next segment ahead of need
StreamReader             every whole record of a stream
spool_status, list_streams, lock_stream     what a home holds, and taking over what nobody writes any more
"""

from mplp_sdk.recording.spool._format import Record
from mplp_sdk.recording.spool._limits import Policy, SpoolLimits
from mplp_sdk.recording.spool._reader import StreamReader
from mplp_sdk.recording.spool._status import StreamStatus, spool_status
from mplp_sdk.recording.spool._stream import (
    Stream,
    StreamLock,
    list_streams,
    lock_stream,
    spool_bytes,
    spool_path,
)
from mplp_sdk.recording.spool._sync import SyncThread
from mplp_sdk.recording.spool._writer import StreamWriter

__all__ = [
    "Policy",
    "Record",
    "SpoolLimits",
    "Stream",
    "StreamLock",
    "StreamReader",
    "StreamStatus",
    "StreamWriter",
    "SyncThread",
    "list_streams",
    "lock_stream",
    "spool_bytes",
    "spool_path",
    "spool_status",
]
