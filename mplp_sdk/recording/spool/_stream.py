"""A stream on disk: one directory for one life of one process, locked by whoever writes or ships it.

    <home>/spool/<uuid>/        mode 0700
        lock                    flock'ed by its writer; free once that process is gone, however it went
        00000001.seg …          segments, mode 0600, in order
        cursor                  highest sequence number that is settled (delivered or refused for good)

A stream is created under a hidden name and put in place when it is locked, so that nobody can adopt it in
between.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: a stream cannot be locked there, so it is never adopted either
    fcntl = None  # type: ignore[assignment]

__all__ = [
    "Stream",
    "StreamLock",
    "create_stream",
    "list_streams",
    "lock_stream",
    "spool_bytes",
    "spool_path",
]

_SUFFIX = ".seg"
_held: set[int] = set()


def spool_path(home: Path) -> Path:
    """The folder of all streams."""
    return home / "spool"


class Stream:
    """The files of one stream. Holds nothing open; see `StreamLock` for who may change them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = uuid.UUID(path.name)

    def segment_path(self, index: int) -> Path:
        """File of the segment with this number (from 1)."""
        return self.path / f"{index:08d}{_SUFFIX}"

    def segment_indexes(self) -> list[int]:
        """Numbers of the segments on disk, ascending."""
        return sorted(int(name[:-4]) for name in _names(self.path) if _is_segment(name))

    def size(self) -> int:
        """Bytes that its segments take on disk."""
        try:
            with os.scandir(self.path) as entries:
                return sum(_size(entry) for entry in entries if _is_segment(entry.name))
        except OSError:
            return 0

    def read_cursor(self) -> int:
        """Highest settled sequence number; 0 where nothing is, or where the file cannot be read."""
        try:
            return int((self.path / "cursor").read_bytes())
        except (OSError, ValueError):
            return 0

    def write_cursor(self, sequence: int) -> None:
        """Note that everything up to `sequence` is settled. A lost note costs a repeat, which the server
        skips.
        """
        fresh = self.path / "cursor.tmp"
        with open(fresh, "wb", opener=_private) as file:
            file.write(b"%d\n" % sequence)
        os.replace(fresh, self.path / "cursor")

    def remove_segments(self, *, before: int) -> None:
        """Remove the segments with a number below `before`."""
        for index in self.segment_indexes():
            if index < before:
                self.segment_path(index).unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the stream with everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)


class StreamLock:
    """Says that this process alone writes or ships a stream. Ends with `release`, or with the process."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        _held.add(fd)

    def guards(self, stream: Stream) -> bool:
        """Whether the stream's directory is still the one that was locked, and not deleted or replaced."""
        try:
            return os.path.samestat(os.fstat(self._fd), os.stat(stream.path / "lock"))
        except OSError:
            return False

    def release(self) -> None:
        """Let others have the stream."""
        if self._fd in _held:
            _held.discard(self._fd)
            os.close(self._fd)


def create_stream(home: Path, stream_id: uuid.UUID) -> tuple[Stream, StreamLock]:
    """Make the directory of a stream and lock it.

    Raises:
        OSError: no such home, no right to write there, no file handles, disk full.
    """
    spool = spool_path(home)
    home.mkdir(parents=True, exist_ok=True)
    spool.mkdir(mode=0o700, exist_ok=True)
    hidden = spool / f".{stream_id}-{os.getpid()}"
    hidden.mkdir(mode=0o700)
    try:
        lock = _take_lock(hidden / "lock")
    except OSError:
        shutil.rmtree(hidden, ignore_errors=True)
        raise
    hidden.rename(spool / str(stream_id))
    return Stream(spool / str(stream_id)), lock


def lock_stream(stream: Stream) -> StreamLock | None:
    """Take a stream whose writer is gone; None while somebody holds it, or when it vanished meanwhile."""
    if fcntl is None:
        return None
    try:
        lock = _take_lock(stream.path / "lock", create=False)
    except OSError:
        return None
    if lock.guards(stream):
        return lock
    lock.release()
    return None


def list_streams(home: Path) -> Iterator[Stream]:
    """Streams of a home, in no order; also those in use."""
    for name in _names(spool_path(home)):
        with contextlib.suppress(ValueError):
            yield Stream(spool_path(home) / str(uuid.UUID(name)))


def spool_bytes(home: Path) -> int:
    """Bytes that all segments of a home take on disk."""
    return sum(stream.size() for stream in list_streams(home))


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except OSError:
        return 0


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _is_segment(name: str) -> bool:
    return name.endswith(_SUFFIX) and name[:-4].isdecimal()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _take_lock(path: Path, *, create: bool = True) -> StreamLock:
    fd = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(fd)
        raise
    return StreamLock(fd)


def _forget_locks() -> None:
    """In a forked child: the locks are the parent's, and must end when the parent does."""
    for fd in _held:
        with contextlib.suppress(OSError):
            os.close(fd)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_locks)
