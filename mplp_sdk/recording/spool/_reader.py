"""Reading a stream: every whole record in order, whatever happened to the bytes between them.

Used by the shipper (on the stream of its own process while that grows, and on orphans), and by the command
line.
"""

from __future__ import annotations

from pathlib import Path

from mplp_sdk.recording.spool._format import RECORDS_AT, Record, find_record, read_record
from mplp_sdk.recording.spool._stream import Stream

__all__ = ["StreamReader", "count_records"]


class StreamReader:
    """Walks the records of one stream with sequence numbers above `after`.

    Args:
        live: somebody may still write. Then the first place without a whole record is the end for now; it
            is damage only once the writer has gone on to another segment, or is gone itself.
    """

    def __init__(self, stream: Stream, *, after: int = 0, live: bool = False) -> None:
        self.sequence = after
        """Sequence number of the last record read."""
        self.segment = 0
        """Number of the segment being read; all before it are finished."""
        self._stream = stream
        self._live = live
        # Number 0 stands before the first segment: there is nothing to read and nobody will write there.
        self._complete: bool = True
        self._offset = self._base = RECORDS_AT
        self._data = b""

    def read(self, *, records: int, size: int) -> list[Record]:
        """The next records with consecutive sequence numbers; empty when there are none (now).

        Args:
            records: how many at most.
            size: bytes of payload at most, unless the first one alone is larger.
        """
        batch: list[Record] = []
        while len(batch) < records:
            record = self._next()
            if record is None or (
                batch and (record.sequence != self.sequence + 1 or len(record.payload) > size)
            ):
                break
            size -= len(record.payload)
            self._offset, self.sequence = record.end, record.sequence
            batch.append(record)
        return batch

    def count(self) -> int:
        """How many records are left (now)."""
        total = 0
        while batch := self.read(records=4096, size=1 << 24):
            total += len(batch)
        return total

    def _next(self) -> Record | None:
        """The next record, or None at the end. Moves over settled records, damage and finished segments."""
        while True:
            record = read_record(self._data, self._offset - self._base)
            if record is not None:
                end = record.end + self._base
                if record.sequence > self.sequence:
                    return record._replace(end=end)
                self._offset = end
            elif not self._more():
                return None

    def _more(self) -> bool:
        """Find another place to read on: fresh bytes, a record behind damage, or the next segment."""
        if self._complete:
            return self._skip_damage() or self._next_segment()
        # Asked before the bytes are read again: what a finished segment lacks then, it will always lack.
        self._complete = not self._live or self._is_finished()
        return self._load() or self._complete

    def _skip_damage(self) -> bool:
        found = find_record(self._data, self._offset - self._base, self.sequence)
        if found is None:
            return False
        self._offset = found + self._base
        return True

    def _is_finished(self) -> bool:
        """Whether the writer has begun a later segment."""
        return any(
            _holds_a_record(self._stream.segment_path(index))
            for index in self._stream.segment_indexes()
            if index > self.segment
        )

    def _next_segment(self) -> bool:
        later = [index for index in self._stream.segment_indexes() if index > self.segment]
        if later:
            self._open(later[0])
        return bool(later)

    def _open(self, index: int) -> None:
        self.segment = index
        self._offset = self._base = RECORDS_AT
        self._data = b""
        self._complete = False

    def _load(self) -> bool:
        """Read the rest of the segment; False when it brought nothing new at the place where we are."""
        self._base = self._offset
        self._data = _read_from(self._stream.segment_path(self.segment), self._base)
        return read_record(self._data, self._offset - self._base) is not None


def count_records(stream: Stream, index: int, *, after: int) -> int:
    """How many records above `after` stand whole at the start of one segment's file."""
    data, offset, count = _read_from(stream.segment_path(index), 0), RECORDS_AT, 0
    while (record := read_record(data, offset)) is not None:
        count += record.sequence > after
        offset = record.end
    return count


def _read_from(path: Path, offset: int) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            file.seek(offset)
            return file.readall()
    except OSError:  # evicted, or deleted by somebody: its records are gone, and show as a gap
        return b""


def _holds_a_record(path: Path) -> bool:
    try:
        with open(path, "rb", buffering=0) as file:
            file.seek(RECORDS_AT)
            return file.read(8).strip(b"\0") != b""
    except OSError:
        return False
