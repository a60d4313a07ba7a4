"""Where records go: the spool's writer, the thread that syncs it, and the shipper. Used by the recorder's
core.

Threads start with the first record and never before, so that a process can fork as it likes until then. A
forked child gets a sink of its own, with its own stream.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from mplp_sdk.recording._shipper import Shipper, Transport
from mplp_sdk.recording._stats import Stats
from mplp_sdk.recording.spool import SpoolLimits, StreamWriter, SyncThread

__all__ = ["Sink"]


class Sink:
    """Keeps encoded records, and has them shipped where there is a server."""

    def __init__(self, home: Path, connect: Callable[[float], Transport] | None, limits: SpoolLimits) -> None:
        self._home = home
        self._connect = connect
        self._limits = limits
        self._renew()

    def _renew(self) -> None:
        self._lock = threading.RLock()
        self._started = self._closed = False
        self._writer = StreamWriter(self._home, self._limits)
        self._sync = SyncThread(self._writer, self._limits.sync_interval)
        self._shipper: Shipper | None = None
        if self._connect is not None:
            self._shipper = Shipper(self._home, self._writer, self._connect, self._limits)

    def append(self, payload: bytes) -> None:
        """Keep one record, or count why not."""
        self._writer.append(payload)
        if not self._started:
            self._start()

    def drop(self, reason: str) -> None:
        """Count a record that cannot be kept."""
        self._writer.drop(reason)

    def _start(self) -> None:
        with self._lock:
            if self._started or self._closed:
                return
            self._started = True
        try:
            self._sync.start()
            if self._shipper is not None:
                self._shipper.start()
        except RuntimeError:
            # The interpreter is shutting down. The records are safe; `close` ships them from its own thread.
            return

    def flush(self, timeout: float, *, durable: bool) -> bool:
        """See `Recorder.flush`."""
        goal = self._writer.sequence
        safe = self._writer.tick() if durable else True
        return (self._shipper is None or self._shipper.flush(goal, timeout)) and safe

    def close(self, timeout: float) -> None:
        """See `Recorder.close`."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        if self._shipper is not None and self._writer.stream is not None:
            self._shipper.stop(timeout)
        self._sync.stop()
        self._writer.close()
        stream = self._writer.stream
        if stream is not None and not self.stats().waiting:
            stream.remove()

    def stats(self) -> Stats:
        """See `Recorder.stats`. The values cut are counted elsewhere."""
        writer, shipper = self._writer, self._shipper
        delivered, refused, adopted = (
            (shipper.delivered, shipper.refused, shipper.adopted) if shipper is not None else (0, 0, 0)
        )
        recorded, stored, dropped = writer.counts()
        return Stats(
            recorded=recorded,
            stored=stored,
            delivered=delivered,
            refused=refused,
            waiting=max(0, recorded - sum(dropped.values()) - delivered - refused),
            dropped=dropped,
            adopted=adopted,
        )

    def after_fork(self) -> None:
        """In the child: leave the parent's files and threads alone, and begin anew."""
        closed = self._closed
        self._writer.abandon()
        self._renew()
        if closed:
            self._closed = True
            self._writer.close()
