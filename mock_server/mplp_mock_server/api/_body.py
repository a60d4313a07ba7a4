"""The body of a request: at most 8 MiB of it, also once it is unpacked. Spec: protocol §6, §7."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Collection
from typing import Any, Final

from starlette.requests import Request

from mplp_sdk.errors import InvalidFormat, ValueOutOfRange

__all__ = ["LARGEST_BODY", "check_content_type", "read_body", "unpack"]

LARGEST_BODY: Final = 8 * 1024 * 1024
"""Bytes."""

_IN_PLACE: Final = 16 * 1024
"""Packed bytes that are unpacked on the spot; more would hold up other requests."""

_SLICE: Final = 256
"""Bytes fed to zstd at a time. Four of them can become 128 KiB, so a slice stays below 8.5 MiB."""

_MOST_PARTS: Final = 64
"""Members of a gzip file, frames of a zstd one. Empty ones cost time and yield nothing."""


def check_content_type(request: Request, accepted: Collection[str]) -> None:
    """Refuse a body of another kind, or of none.

    A page in a browser may send `text/plain`, or no type at all, to any address without asking first; it may
    not send these.

    Raises:
        InvalidFormat: the type is not one of `accepted`.
    """
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent not in accepted:
        wanted = " or ".join(sorted(accepted))
        raise _refused("Content-Type", f"should be {wanted}, not {sent[:80] or 'absent'}")


async def read_body(request: Request) -> bytes:
    """The body, unpacked as its `Content-Encoding` says.

    Raises:
        ValueOutOfRange: it is larger than 8 MiB, packed or unpacked.
        InvalidFormat: the encoding is unknown or the data is not in it.
    """
    _check_length(request.headers.get("content-length"))
    packed = await _receive(request)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return packed
    if len(packed) <= _IN_PLACE:
        return unpack(packed, encoding)
    return await asyncio.to_thread(unpack, packed, encoding)


def unpack(packed: bytes, encoding: str) -> bytes:
    """`packed` without its `gzip` or `zstd` encoding; stops at 8 MiB.

    Raises:
        ValueOutOfRange: it unpacks to more than 8 MiB.
        InvalidFormat: another encoding, or the data is broken or cut short.
    """
    if encoding in ("gzip", "x-gzip"):
        return _unpack_parts(packed, _gzip_part)
    if encoding == "zstd":
        return _unpack_parts(packed, _zstd_part)
    raise _refused("Content-Encoding", f"should be gzip, zstd or identity, not {encoding[:80]}")


def _check_length(stated: str | None) -> None:
    if stated is not None and stated.isdecimal() and int(stated) > LARGEST_BODY:
        raise _too_large()


async def _receive(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise _too_large()
        chunks.append(chunk)
    return b"".join(chunks)


_Part = Callable[[bytes, int], tuple[bytes, bytes]]
"""Unpacks the first part of the data to at most so many bytes; answers them, and the data that follows."""


def _unpack_parts(packed: bytes, part: _Part) -> bytes:
    unpacked: list[bytes] = []
    room = LARGEST_BODY
    for _ in range(_MOST_PARTS):
        piece, packed = part(packed, room)
        unpacked.append(piece)
        room -= len(piece)
        if not packed:
            return b"".join(unpacked)
    raise _refused("body", f"packed in more than {_MOST_PARTS} parts")


def _gzip_part(packed: bytes, room: int) -> tuple[bytes, bytes]:
    inflater = zlib.decompressobj(wbits=31)
    try:
        piece = inflater.decompress(packed, room + 1)
    except zlib.error as error:
        raise _refused("body", f"not gzip: {error}") from None
    if len(piece) > room:
        raise _too_large()
    if not inflater.eof:
        raise _refused("body", "the gzip data is cut short")
    return piece, inflater.unused_data


def _zstd_part(packed: bytes, room: int) -> tuple[bytes, bytes]:
    zstandard = _import_zstandard()
    inflater = zstandard.ZstdDecompressor(max_window_size=LARGEST_BODY * 4).decompressobj()
    pieces: list[bytes] = []
    at = 0
    try:
        while not inflater.eof and at < len(packed):
            pieces.append(inflater.decompress(packed[at : at + _SLICE]))
            room -= len(pieces[-1])
            at += _SLICE
            if room < 0:
                raise _too_large()
    except zstandard.ZstdError as error:
        raise _refused("body", f"not zstd: {error}") from None
    if not inflater.eof:
        raise _refused("body", "the zstd data is cut short")
    return b"".join(pieces), inflater.unused_data + packed[at:]


def _import_zstandard() -> Any:
    try:
        import zstandard
    except ImportError:
        raise _refused("Content-Encoding", "zstd is not installed on this server; use gzip") from None
    return zstandard


def _too_large() -> ValueOutOfRange:
    reason = f"larger than {LARGEST_BODY} bytes"
    return ValueOutOfRange(f"the body is {reason}", details={"field": "body", "reason": reason})


def _refused(field: str, reason: str) -> InvalidFormat:
    return InvalidFormat(f"{field}: {reason}", details={"field": field, "reason": reason})
