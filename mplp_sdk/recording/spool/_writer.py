"""The writing end of a stream: `append` copies a record into mapped memory, and from then on it outlives
the process.

`append` makes no system call while there is room: the next segment is allocated ahead by `tick`, which a
thread calls every second. Where that thread cannot run, or does not keep up, `append` allocates for itself.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from mplp_sdk.recording.spool._format import (
    PREFIX_BYTES,
    RECORDS_AT,
    checksum,
    record_bytes,
    segment_header,
)
from mplp_sdk.recording.spool._limits import SpoolLimits
from mplp_sdk.recording.spool._reader import count_records
from mplp_sdk.recording.spool._stream import Stream, StreamLock, create_stream, spool_bytes

__all__ = ["StreamWriter"]

_RETRY_SECONDS = 1.0
_LOST_AGAIN = ("evicted", "deleted", "truncated")
"""Reasons to drop what was stored already."""


class _Segment:
    """One mapped segment file."""

    def __init__(self, index: int, fd: int, size: int) -> None:
        self.index = index
        self.fd = fd
        self.size = size
        self.map = mmap.mmap(fd, size)
        self.words = memoryview(self.map).cast("Q")

    def intact(self) -> bool:
        """Whether the file is still as long as the map. To write into a map of a file that somebody has
        truncated would kill the process with SIGBUS."""
        try:
            return os.fstat(self.fd).st_size >= self.size
        except OSError:
            return False

    def close(self) -> None:
        self.words.release()
        self.map.close()
        os.close(self.fd)


class _Kept(NamedTuple):
    """A full segment that is still on disk."""

    number: int
    last: int
    """Sequence number of its last record."""
    records: int
    """How many are in it."""


class StreamWriter:
    """Appends records to one stream of its own, made at the first record.

    Its counts are read by `Recorder.stats`; `taken` is told by the shipper.
    """

    def __init__(self, home: Path, limits: SpoolLimits) -> None:
        self.id = uuid.uuid4()
        self.home = home
        """Folder of the spool."""
        self.stream: Stream | None = None
        """None until the first record is stored."""
        self.sequence = 0
        """Numbers given out: one for every record, also for those dropped."""
        self.stored = 0
        """Records copied into the spool."""
        self.dropped: Counter[str] = Counter()
        """Records not kept, or lost again, by reason."""
        self.taken = 0
        """How many records the shipper has read."""
        self.taken_sequence = 0
        """Sequence number of the last record that the shipper has read."""
        # Not events: a finalizer that records may run while its thread is inside an event's own lock.
        self.wanted: SimpleQueue[None] = SimpleQueue()
        """Gets an item when a segment is used up, so that somebody may call `prepare`."""
        self._room: SimpleQueue[None] = SimpleQueue()
        self._blocked = False
        self._limits = limits
        self._lock = threading.RLock()  # appending; taken before _making, never after
        self._busy = False
        self._incoming: deque[bytes | str] = deque()
        self._segment: _Segment | None = None
        self._position = 0
        self._stored_before = 0
        self._ticking = threading.RLock()  # taken before _lock
        self._full: deque[_Segment] = deque()  # written, not yet on the disk for sure
        self._kept: deque[_Kept] = deque()
        self._synced = 0
        self._making = threading.RLock()  # the files of the stream
        self._maker: int | None = None
        self._spare: _Segment | None = None
        self._made = 0
        self._retry_at = 0.0
        self._reason = "io_error"
        self._stream_lock: StreamLock | None = None
        self._closed = False

    def append(self, payload: bytes) -> None:
        """Keep one record, or count why it could not be kept. Never raises for a reason of the disk."""
        self._enter(payload)

    def drop(self, reason: str) -> None:
        """Count a record that never became bytes. It takes a number, so that the server sees the gap."""
        self._enter(reason)

    def _enter(self, item: bytes | str) -> None:
        """Put an item (a string: the reason to drop one) in its order.

        A signal handler, or a finalizer run by the garbage collector, can come in here on a thread that is
        already in the middle of a copy, or that makes files while another one waits for them. What it
        brings waits in line.
        """
        self._incoming.append(item)
        if self._maker is None or self._maker != threading.get_ident():
            self._take_in()

    def _take_in(self) -> None:
        with self._lock:
            if self._busy:
                return
            # Asked again, for what came between the last look and the end of being busy.
            while self._incoming:
                self._busy = True
                try:
                    while self._incoming:
                        self._put(self._incoming.popleft())
                finally:
                    self._busy = False

    def _put(self, item: bytes | str) -> None:
        sequence = self.sequence + 1
        if isinstance(item, str):
            self._skip(sequence, item)
            return
        length = len(item)
        segment = self._segment
        if segment is None or self._position + record_bytes(length) > segment.size:
            found = self._go_on(length)
            if isinstance(found, str):
                self._skip(sequence, found)
                return
            segment = found
        start = self._position
        word = length | checksum(item, sequence) << 32
        end = start + record_bytes(length)
        stored = self.stored + 1
        segment.map[start + PREFIX_BYTES : start + PREFIX_BYTES + length] = item
        at = start >> 3
        segment.words[at + 1] = sequence
        # From here on nothing is called: no signal handler can come between the record and its being counted.
        segment.words[at] = word
        self._position = end
        self.sequence = sequence
        self.stored = stored

    def _skip(self, sequence: int, reason: str) -> None:
        self.sequence = sequence
        self.dropped[reason] += 1

    def _go_on(self, length: int) -> _Segment | str:
        """The next segment, made the current one; or the reason why there is none."""
        if self._closed:
            return "closed"
        if record_bytes(length) > self._limits.segment_bytes - RECORDS_AT:
            return "too_large"
        spare = self._spare or self._make_spare()
        if spare is not None and not spare.intact():
            self._full.append(spare)
            self._spare = None
            spare = self._make_spare()
        if spare is None and self._limits.policy == "block":
            spare = self._wait_for_room()
        if spare is None:
            return self._reason
        self._retire()
        self._spare = None
        self._segment, self._position = spare, RECORDS_AT
        self.wanted.put(None)
        return spare

    def _wait_for_room(self) -> _Segment | None:
        deadline = time.monotonic() + self._limits.block_timeout
        spare, self._blocked = None, True
        while spare is None and (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(Empty):
                self._room.get(timeout=left)
            self._retry_at = 0.0
            spare = self._spare or self._make_spare()
        self._blocked = False
        return spare

    def _retire(self) -> None:
        if (segment := self._segment) is not None:
            if not segment.intact():
                self._count_truncated(segment.index)
            self._segment = None
            self._kept.append(_Kept(segment.index, self.sequence, self.stored - self._stored_before))
            self._full.append(segment)
        self._stored_before = self.stored

    def _count_truncated(self, index: int) -> None:
        """What the file of the current segment does not hold any more, and nobody has read, is lost."""
        stored = min(self.stored - self._stored_before, max(0, self.sequence - self.taken_sequence))
        left = 0 if self.stream is None else count_records(self.stream, index, after=self.taken_sequence)
        lost = max(0, stored - left)
        self.dropped["truncated"] += lost
        self._stored_before += lost

    @contextlib.contextmanager
    def _making_files(self) -> Iterator[None]:
        with self._making:
            outer, self._maker = self._maker, threading.get_ident()
            try:
                yield
            finally:
                self._maker = outer

    def _make_spare(self) -> _Segment | None:
        """The next segment, allocated now; None where that failed a moment ago, or fails again."""
        with self._making_files():
            if self._spare is None and time.monotonic() >= self._retry_at and not self._closed:
                try:
                    self._spare = self._allocate()
                except OSError as error:
                    self._retry_at = time.monotonic() + _RETRY_SECONDS
                    self._reason = _reason(error)
            return self._spare

    def _allocate(self) -> _Segment:
        if self.stream is None:
            self.stream, self._stream_lock = create_stream(self.home, self.id)
        size = self._limits.segment_bytes
        while spool_bytes(self.home) + size > self._limits.budget_bytes:
            if self._limits.policy != "drop_oldest" or not self._evict(self.stream):
                raise _OverBudget
        segment = _create_segment(self.stream, self._made + 1, size)
        self._made += 1
        return segment

    def _evict(self, stream: Stream) -> bool:
        """Remove the oldest full segment of this stream; False when there is none."""
        if not self._kept:
            return False
        oldest = self._kept.popleft()
        stream.segment_path(oldest.number).unlink(missing_ok=True)
        self.dropped["evicted"] += min(oldest.records, max(0, oldest.last - self.taken_sequence))
        return True

    def settled(self, *, before: int) -> None:
        """The shipper has removed all segments below this number."""
        with self._making_files():
            while self._kept and self._kept[0].number < before:
                self._kept.popleft()
        self._retry_at = 0.0
        if self._blocked:
            self._room.put(None)

    def counts(self) -> tuple[int, int, dict[str, int]]:
        """Numbers given out, records stored, and records lost by reason, all of one moment."""
        with self._lock:
            return self.sequence, self.stored, {reason: n for reason, n in self.dropped.items() if n}

    def unread(self) -> int:
        """Records in the spool that the shipper has not read yet."""
        return self.stored - self.taken - sum(self.dropped[reason] for reason in _LOST_AGAIN)

    def tick(self) -> bool:
        """What the caller of `append` should not wait for: write to the disk, allocate ahead.

        Returns whether everything appended before is on the disk.
        """
        with self._ticking:
            if self.stream is None:
                return not self.unread()
            if self._stream_lock is not None and not self._stream_lock.guards(self.stream):
                self._start_over()
            self._leave_truncated()
            self.prepare()
            return self._sync()

    def _leave_truncated(self) -> None:
        """Go on in another segment where somebody has truncated the file of this one."""
        with self._alone():
            if self._segment is not None and not self._segment.intact():
                self._retire()

    def prepare(self) -> None:
        """Have the next segment ready before it is needed."""
        if self.stream is not None:
            self._make_spare()
        if self._incoming:
            self._take_in()

    def _sync(self) -> bool:
        before, failed = self.sequence, False
        while self._full:
            segment = self._full.popleft()
            failed |= not _sync_to_disk(segment.fd)
            segment.close()
        if (active := self._segment) is not None and before != self._synced:
            failed |= not _sync_to_disk(active.fd)
        if not failed:
            self._synced = before
        return not failed

    def _start_over(self) -> None:
        """Somebody deleted the directory: what was in it unread is lost; go on elsewhere, with the next
        number.
        """
        with self._alone():
            self._drop_segments()
            self.dropped["deleted"] += max(0, self.unread())
            if self._stream_lock is not None:
                self._stream_lock.release()
            self.stream = self._stream_lock = None
            self._retry_at = 0.0

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep everybody out, also finalizers on this thread."""
        with self._ticking, self._lock, self._making_files():
            outer, self._busy = self._busy, True
            try:
                yield
            finally:
                self._busy = outer

    def _drop_segments(self) -> None:
        for segment in self._open_segments():
            segment.close()
        self._full.clear()
        self._kept.clear()
        self._segment = self._spare = None
        self._stored_before = self.stored

    def _open_segments(self) -> list[_Segment]:
        return [*self._full, *(each for each in (self._segment, self._spare) if each is not None)]

    def close(self) -> None:
        """Give back what is not used and let others have the stream. What is appended later is dropped."""
        with self._alone():
            if self._closed:
                return
            self._closed = True
            self._sync()
            self._trim()
            self._drop_segments()
            if self._stream_lock is not None:
                self._stream_lock.release()

    def _trim(self) -> None:
        """Cut the allocated rest off the files: what waits should take only the room that it needs."""
        with contextlib.suppress(OSError):
            if self._segment is not None:
                os.ftruncate(self._segment.fd, self._position)
            if self._spare is not None and self.stream is not None:
                self.stream.segment_path(self._spare.index).unlink(missing_ok=True)

    def abandon(self) -> None:
        """In a forked child: the stream is the parent's. Close our copies of its files and touch nothing
        else.
        """
        for segment in self._open_segments():
            # A thread of the parent may have been copying when it forked: then the map stays, harmless.
            with contextlib.suppress(BufferError, ValueError, OSError):
                segment.close()


class _OverBudget(OSError):
    """The spool holds as much as it may."""


_REASONS = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EFBIG: "disk_full",
    errno.EROFS: "read_only",
    errno.EACCES: "no_permission",
    errno.EPERM: "no_permission",
    errno.EMFILE: "no_file_handles",
    errno.ENFILE: "no_file_handles",
}


def _reason(error: OSError) -> str:
    if isinstance(error, _OverBudget):
        return "over_budget"
    return _REASONS.get(error.errno or 0, "io_error")


def _create_segment(stream: Stream, index: int, size: int) -> _Segment:
    fresh = stream.path / "segment.tmp"
    fd = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        _fill(fd, size)
        os.lseek(fd, 0, os.SEEK_SET)
        os.write(fd, segment_header(stream.id, index))
        segment = _Segment(index, fd, size)
        fresh.rename(stream.segment_path(index))
    except BaseException:
        os.close(fd)
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise
    return segment


def _fill(fd: int, size: int) -> None:
    """Make the disk give the room now. A map of a sparse file kills the process when the disk is full
    later.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, size)
        return
    written = 0
    while written < size:
        written += os.write(fd, bytes(min(size - written, 64 * 1024)))


def _sync_to_disk(fd: int) -> bool:
    try:
        # Not mmap.flush: that keeps the GIL, and with it the whole host, for as long as the disk takes.
        os.fsync(fd)
    except OSError:
        return False
    return True
