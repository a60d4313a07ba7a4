"""The thread behind a writer: writes to the disk every second, allocates the next segment ahead of need,
and says when records are lost.
"""

from __future__ import annotations

import logging
import threading
import time
from queue import Empty

from mplp_sdk.recording.spool._writer import StreamWriter

__all__ = ["SyncThread"]

_log = logging.getLogger("mplp_sdk.recording")


class SyncThread:
    """Calls `StreamWriter.tick` at an interval, and `prepare` as soon as a segment is used up."""

    def __init__(self, writer: StreamWriter, interval: float) -> None:
        self._writer = writer
        self._interval = interval
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._told: set[str] = set()

    def start(self) -> None:
        """Start the thread.

        Raises:
            RuntimeError: the interpreter is shutting down.
        """
        thread = threading.Thread(target=self._run, name="mplp-spool-sync", daemon=True)
        thread.start()
        self._thread = thread

    def stop(self) -> None:
        """End the thread; does not wait for a slow disk."""
        self._stopping = True
        self._writer.wanted.put(None)
        if self._thread is not None:
            self._thread.join(0.5)
        self._tell_losses()

    def _run(self) -> None:
        # The spare comes before the first sync: a disk that is slow to write is quick to allocate.
        self._writer.prepare()
        while not self._stopping:
            due = time.monotonic() + self._interval
            while (left := due - time.monotonic()) > 0 and not self._stopping:
                if self._is_wanted(left):
                    self._writer.prepare()
            self._writer.tick()
            self._tell_losses()

    def _tell_losses(self) -> None:
        """Once for each reason. Not where records are dropped: the host's log handlers may record, too."""
        _, _, dropped = self._writer.counts()
        for reason in dropped.keys() - self._told:
            self._told.add(reason)
            _log.warning("records are lost (%s); the spool is in %s", reason, self._writer.home)

    def _is_wanted(self, timeout: float) -> bool:
        try:
            self._writer.wanted.get(timeout=timeout)
        except Empty:
            return False
        return True
