"""Bytes of a segment file: what the writer lays down and the reader finds again.

    0        8           24      32
    | magic  | stream id | index | record | record | … | zeros to the end of the file

    record:  | word: length, CRC | sequence | payload, padded to 8 bytes |
             0                   8          16

All numbers are in the machine's own byte order: a spool is read where it was written. The word is one aligned
8-byte store and is written last, so a process that dies in the middle of a record leaves a zero there, and
the reader sees either no record or a whole one. The CRC tells the rest: pages that a power cut lost or
tore.
"""

from __future__ import annotations

import struct
import uuid
import zlib
from typing import NamedTuple

__all__ = [
    "PREFIX_BYTES",
    "RECORDS_AT",
    "Record",
    "checksum",
    "find_record",
    "read_record",
    "record_bytes",
    "segment_header",
]

RECORDS_AT = 32
"""Offset of the first record."""
PREFIX_BYTES = 16
"""Bytes before a payload: the word and the sequence."""

_MAGIC = b"MPLPSEG1"
_HEADER = struct.Struct("=8s16sQ")
_PREFIX = struct.Struct("=QQ")
_LENGTH = 0xFFFFFFFF
# No stream counts this far; text and random bytes read as a number almost always do.
_SEQUENCE_END = 1 << 40
# zlib.crc32 releases the GIL above 5 KiB, and taking it back can cost milliseconds beside a busy thread.
_CRC_CHUNK = 5 * 1024


class Record(NamedTuple):
    """One whole record of a segment."""

    sequence: int
    payload: bytes
    end: int
    """Offset at which the next record starts."""


def segment_header(stream: uuid.UUID, index: int) -> bytes:
    """The first `RECORDS_AT` bytes of a segment. For people and tools: reading does not depend on it."""
    return _HEADER.pack(_MAGIC, stream.bytes, index)


def record_bytes(length: int) -> int:
    """Bytes that a payload of `length` bytes takes in a segment."""
    return (PREFIX_BYTES + length + 7) & ~7


def checksum(payload: bytes, sequence: int) -> int:
    """CRC of a payload, seeded with its sequence number so that it vouches for both."""
    crc = (sequence ^ sequence >> 32) & 0xFFFFFFFF
    if len(payload) <= _CRC_CHUNK:
        return zlib.crc32(payload, crc)
    view = memoryview(payload)
    for at in range(0, len(payload), _CRC_CHUNK):
        crc = zlib.crc32(view[at : at + _CRC_CHUNK], crc)
    return crc


def read_record(data: bytes, offset: int) -> Record | None:
    """The record at `offset`, or None where there is no whole one."""
    if offset + PREFIX_BYTES > len(data):
        return None
    word, sequence = _PREFIX.unpack_from(data, offset)
    length = word & _LENGTH
    start = offset + PREFIX_BYTES
    if not length or start + length > len(data) or sequence >= _SEQUENCE_END:
        return None
    payload = data[start : start + length]
    if checksum(payload, sequence) != word >> 32:
        return None
    return Record(sequence, payload, offset + record_bytes(length))


def find_record(data: bytes, offset: int, after: int) -> int | None:
    """Offset of the next whole record at or behind `offset` with a sequence above `after`; None: there is
    none.

    For damaged segments: tries every place where a plausible sequence number stands.
    """
    words = memoryview(data)[: len(data) & ~7].cast("Q")
    for at in range(offset // 8 + 1, len(words)):
        if after < words[at] < _SEQUENCE_END and read_record(data, at * 8 - 8) is not None:
            return at * 8 - 8
    return None
