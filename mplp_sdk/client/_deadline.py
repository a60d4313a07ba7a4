"""A deadline for a whole attempt, where HTTP libraries only time each single read.

`Deadline` poses as the library's table of timeouts. The library looks that up once a phase, so a response
that drips could still outlive it: `obey` makes the connections of a synchronous client look again at each
read. (Asynchronous attempts are simply cancelled.)
"""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager
from typing import Any

import httpcore

__all__ = ["Deadline", "obey"]

_CONNECT_TIMEOUT = 5.0
"""Seconds for a connection to stand: a dead host is found out while there is time for another attempt."""

_SHORTEST = 0.001
"""Seconds. A socket takes 0 as "do not wait", which fails in another way than a timeout."""


class _Current(threading.local):
    deadline: Deadline | None = None


_current = _Current()


class Deadline(dict[str, float | None], AbstractContextManager["Deadline"]):
    """When an attempt must be over. As a context: the reads of this thread keep to it."""

    def __init__(self, timeout: float | None) -> None:
        super().__init__()
        self._end = None if timeout is None else time.monotonic() + timeout

    def get(self, phase: str, default: Any = None) -> float | None:
        """Seconds that a phase of the exchange may take from now: `pool`, `connect`, `write` or `read`."""
        return self.shorten(_CONNECT_TIMEOUT if phase == "connect" else None)

    def shorten(self, timeout: float | None) -> float | None:
        """`timeout` seconds, or what is left if that is less."""
        if self._end is None:
            return timeout
        left = max(self._end - time.monotonic(), _SHORTEST)
        return left if timeout is None else min(left, timeout)

    def check(self) -> None:
        """Raise TimeoutError when it is past."""
        if self._end is not None and time.monotonic() > self._end:
            raise TimeoutError

    def __enter__(self) -> Deadline:
        self._outer, _current.deadline = _current.deadline, self
        return self

    def __exit__(self, *_: object) -> None:
        _current.deadline = self._outer


def obey(transport: Any) -> None:
    """Make the connections of an `httpx.HTTPTransport` keep to the deadline of the thread that reads."""
    # There is no public way in. Without these attributes the deadline still holds between chunks of a body.
    pool = getattr(transport, "_pool", None)
    if isinstance(backend := getattr(pool, "_network_backend", None), httpcore.NetworkBackend):
        pool._network_backend = _Backend(backend)  # type: ignore[union-attr]


class _Backend(httpcore.NetworkBackend):
    """Makes streams that look at the deadline."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(self, *arguments: Any, **options: Any) -> httpcore.NetworkStream:
        return _Stream(self._backend.connect_tcp(*arguments, **options))

    def connect_unix_socket(self, *arguments: Any, **options: Any) -> httpcore.NetworkStream:
        return _Stream(self._backend.connect_unix_socket(*arguments, **options))

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    """A connection whose every read and write is shortened to the deadline."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _shortened(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _shortened(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, *arguments: Any, **options: Any) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(*arguments, **options))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _shortened(timeout: float | None) -> float | None:
    return timeout if _current.deadline is None else _current.deadline.shorten(timeout)
