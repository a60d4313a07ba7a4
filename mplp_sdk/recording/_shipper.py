"""Carries records from the spool to the server: those of this process, and those of processes that are gone.

One daemon thread, started with the first record. It waits, retries and is interrupted; what to send and
what an answer means is decided in `_delivery`.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from mplp_sdk.recording._delivery import Delivery, IngestAnswer, Refuse, Send, Settle, Wait, deliver
from mplp_sdk.recording.spool import (
    Record,
    SpoolLimits,
    Stream,
    StreamLock,
    StreamReader,
    StreamWriter,
    list_streams,
    lock_stream,
)

__all__ = ["DrainReport", "Shipper", "Transport", "drain"]

_log = logging.getLogger("mplp_sdk.recording")
_ORPHAN_INTERVAL = 5.0
_PAUSE_AFTER_FAILURE = 1.0


class Transport(Protocol):
    """What the shipper needs of a client; `mplp_sdk.client.Client` is one. It should not retry by itself."""

    def ingest(
        self, body: bytes, *, stream: str | None, sequence: int | None, encoding: Literal["identity", "gzip"]
    ) -> IngestAnswer: ...

    def close(self) -> None: ...


@dataclass
class _Cargo:
    """A stream being shipped."""

    stream: Stream
    reader: StreamReader
    lock: StreamLock | None = None
    """Ours while we ship somebody else's stream; our own is locked by its writer."""


class _Carrier:
    """Does what a delivery asks for, except for waiting."""

    def __init__(self, home: Path, transport: Transport) -> None:
        self._dead_letters = home / "dead-letter"
        self._transport = transport

    def send(self, stream: Stream, records: Sequence[Record]) -> IngestAnswer | Exception:
        body = b"\n".join(record.payload for record in records)
        try:
            return self._transport.ingest(
                gzip.compress(body, 1), stream=str(stream.id), sequence=records[0].sequence, encoding="gzip"
            )
        except Exception as error:  # whatever happens on the way: the records are on disk, and can go again
            return error

    def refuse(self, stream: Stream, refusal: Refuse) -> OSError | None:
        """Append to the dead-letter file of the stream, on disk before the record counts as settled."""
        line = {
            "stream": str(stream.id),
            "sequence": refusal.record.sequence,
            "error": dict(refusal.error),
            "record": refusal.record.payload.decode("utf-8", "replace"),
        }
        _log.warning("the server refused record %d for good: %s", refusal.record.sequence, refusal.error)
        try:
            self._dead_letters.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(self._dead_letters / f"{stream.id}.ndjson", "ab", opener=_private) as file:
                file.write(json.dumps(line, default=str).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            return error
        return None


class Shipper:
    """Ships the stream of one writer, and adopts the streams that nobody writes any more."""

    def __init__(
        self, home: Path, writer: StreamWriter, connect: Callable[[float], Transport], limits: SpoolLimits
    ) -> None:
        self.settled = 0
        """Highest sequence number of our own stream that is delivered or refused."""
        self.delivered = 0
        """Records of our own stream that are on the server."""
        self.refused = 0
        """Records of our own stream in the dead-letter file."""
        self.adopted = 0
        """Records of other streams that we brought to the server."""
        self._home = home
        self._writer = writer
        self._connect = connect
        self._limits = limits
        self._carrier: _Carrier | None = None
        self._own: _Cargo | None = None
        self._orphan: _Cargo | None = None
        self._look_for_orphans_at = 0.0
        self._changed = threading.Condition()
        self._wake = threading.Event()
        self._stop_at: float | None = None
        self._complaint = ""
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread.

        Raises:
            RuntimeError: the interpreter is shutting down.
        """
        self._thread = threading.Thread(target=self._run, name="mplp-shipper", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._thread = None
            raise

    def flush(self, sequence: int, timeout: float) -> bool:
        """Wait until everything up to `sequence` is settled; False when `timeout` seconds were not enough."""
        with self._changed:
            self._wake.set()
            if self._thread is None or not self._thread.is_alive():
                return self._nothing_left()
            return self._changed.wait_for(lambda: self.settled >= sequence or self._nothing_left(), timeout)

    def stop(self, timeout: float) -> None:
        """Ship what is left, for at most `timeout` seconds, then end the thread."""
        self._stop_at = time.monotonic() + timeout
        self._wake.set()  # also ends a wait between two tries
        if self._thread is None:
            self._run()
        else:
            self._thread.join(timeout + 0.1)

    def _run(self) -> None:
        transport: Transport | None = None
        try:
            transport = self._connect(self._request_timeout())
            self._carrier = _Carrier(self._home, transport)
            while not self._is_over():
                self._work_on(self._carrier)
        except Exception:
            _log.exception("the shipper ended; records wait on disk")
        finally:
            if transport is not None:
                transport.close()
            if self._orphan is not None and self._orphan.lock is not None:
                self._orphan.lock.release()

    def _request_timeout(self) -> float:
        if self._stop_at is None:
            return self._limits.request_timeout
        return min(self._limits.request_timeout, max(0.1, self._stop_at - time.monotonic()))

    def _is_over(self) -> bool:
        if self._stop_at is None:
            return False
        return time.monotonic() >= self._stop_at or self._nothing_left()

    def _nothing_left(self) -> bool:
        """Whether every record of our own that can be read is settled."""
        return self.settled >= self._writer.sequence or self._writer.stream is None

    def _work_on(self, carrier: _Carrier) -> None:
        """One piece of work. What nobody thought of costs a pause and a repeat, never the thread."""
        try:
            self._work(carrier)
        except Exception:
            _log.exception("shipping failed; records wait on disk")
            self._own = None
            if self._orphan is not None:
                self._let_go(self._orphan)
            self._wake.wait(_PAUSE_AFTER_FAILURE)
            self._wake.clear()

    def _work(self, carrier: _Carrier) -> None:
        """One batch of our own and one of an orphan, or a pause where there is neither."""
        worked = self._ship_own(carrier)
        if self._stop_at is None:
            worked |= self._ship_orphan(carrier)
        if not worked:
            self._wake.wait(self._limits.batch_interval)
            self._wake.clear()

    def _ship_own(self, carrier: _Carrier) -> bool:
        stream = self._writer.stream
        if stream is None:
            return False
        if self._own is None:
            self._own = _Cargo(stream, StreamReader(stream, after=self.settled, live=True))
            self._writer.taken = self.delivered + self.refused
        goal, unread = self._writer.sequence, self._writer.unread()
        records = self._read(self._own)
        if not records:
            if not unread:
                self._skip_dropped(goal)
            return False
        self._writer.taken += len(records)
        self._writer.taken_sequence = records[-1].sequence
        self._carry(carrier, self._own, records)
        return True

    def _skip_dropped(self, goal: int) -> None:
        """All that was stored is read: the last numbers up to `goal` belong to records that were dropped."""
        with self._changed:
            self.settled = max(self.settled, goal)
            self._changed.notify_all()

    def _ship_orphan(self, carrier: _Carrier) -> bool:
        if self._orphan is None:
            self._orphan = self._adopt()
        if (orphan := self._orphan) is None:
            return False
        if records := self._read(orphan):
            self._carry(carrier, orphan, records)
        else:
            orphan.stream.remove()
            self._let_go(orphan)
        return True

    def _let_go(self, orphan: _Cargo) -> None:
        self._orphan = None
        if orphan.lock is not None:
            orphan.lock.release()

    def _adopt(self) -> _Cargo | None:
        if time.monotonic() < self._look_for_orphans_at:
            return None
        for stream in list_streams(self._home):
            if stream.id != self._writer.id and (lock := lock_stream(stream)) is not None:
                return _Cargo(stream, StreamReader(stream, after=stream.read_cursor()), lock)
        self._look_for_orphans_at = time.monotonic() + _ORPHAN_INTERVAL
        return None

    def _read(self, cargo: _Cargo) -> list[Record]:
        return cargo.reader.read(records=self._limits.batch_records, size=self._limits.batch_bytes)

    def _carry(self, carrier: _Carrier, cargo: _Cargo, records: list[Record]) -> None:
        """Deliver one batch. Returns early only when the time is up."""
        delivery = deliver(records, longest_backoff=self._limits.longest_backoff)
        outcome: IngestAnswer | Exception | None = None
        while (step := _next_step(delivery, outcome)) is not None:
            outcome = None
            match step:
                case Send(records=part):
                    outcome = carrier.send(cargo.stream, part)
                case Refuse():
                    outcome = carrier.refuse(cargo.stream, step)
                    self._count_refused(cargo, outcome)
                case Settle():
                    self._settle(cargo, step)
                case Wait():
                    self._complain(step.error)
                    if not self._pause(step):
                        return
        self._complaint = ""

    def _count_refused(self, cargo: _Cargo, failure: Exception | None) -> None:
        if failure is None and cargo is self._own:
            with self._changed:
                self.refused += 1

    def _settle(self, cargo: _Cargo, step: Settle) -> None:
        own = cargo is self._own
        with contextlib.suppress(OSError):  # costs a repeat, which the server skips
            cargo.stream.write_cursor(step.sequence)
            # The rest of a batch that is delivered in parts may lie in a segment that is read to its end.
            if step.sequence >= cargo.reader.sequence:
                cargo.stream.remove_segments(before=cargo.reader.segment)
        if own:
            self._writer.settled(before=cargo.reader.segment)
        with self._changed:
            self.adopted += 0 if own else step.delivered
            if own:
                self.delivered += step.delivered
                self.settled = step.sequence
                self._changed.notify_all()

    def _pause(self, wait: Wait) -> bool:
        """Wait as a delivery asks. False when the recorder's time is up before."""
        until = time.monotonic() + wait.seconds
        while (left := until - time.monotonic()) > 0:
            if self._stop_at is not None:
                left = min(left, self._stop_at - time.monotonic())
                if left <= 0 or (wait.asked and until > self._stop_at):
                    return False
            woken = self._wake.wait(left)
            self._wake.clear()
            # Somebody flushes or closes: worth a try at once, unless the server asked for patience.
            if woken and not wait.asked:
                break
        return self._stop_at is None or time.monotonic() < self._stop_at

    def _complain(self, error: Exception | None) -> None:
        """Say once what keeps the records from the server."""
        complaint = f"{type(error).__name__}: {error}" if error is not None else "the server keeps nothing"
        if type(error).__name__ != self._complaint:
            self._complaint = type(error).__name__
            _log.warning("records wait on disk: %s", complaint)


def _next_step(
    delivery: Delivery, outcome: IngestAnswer | Exception | None
) -> Send | Refuse | Settle | Wait | None:
    try:
        return delivery.send(outcome)
    except StopIteration:
        return None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@dataclass(frozen=True, kw_only=True)
class DrainReport:
    """What `drain` did."""

    delivered: int
    """Records that are on the server now."""
    refused: int
    """Records that went to the dead-letter file."""
    streams: int
    """Streams that were emptied, and removed."""
    in_use: int
    """Streams left to the processes that write or ship them."""


def drain(home: Path, transport: Transport, *, limits: SpoolLimits | None = None) -> DrainReport:
    """Deliver all records of a home that no running process cares for.

    Raises:
        MPLPError: the server cannot be reached or has no room now; what is left stays on disk.
    """
    carrier, limits = _Carrier(home, transport), limits or SpoolLimits()
    delivered = refused = streams = in_use = 0
    for stream in list_streams(home):
        lock = lock_stream(stream)
        if lock is None:
            in_use += 1
            continue
        try:
            settled, kept = _drain_stream(stream, carrier, limits)
            stream.remove()
        finally:
            lock.release()
        delivered, refused, streams = delivered + settled, refused + kept, streams + 1
    return DrainReport(delivered=delivered, refused=refused, streams=streams, in_use=in_use)


def _drain_stream(stream: Stream, carrier: _Carrier, limits: SpoolLimits) -> tuple[int, int]:
    reader = StreamReader(stream, after=stream.read_cursor())
    delivered = refused = 0
    while records := reader.read(records=limits.batch_records, size=limits.batch_bytes):
        delivery, outcome = deliver(records), None
        while (step := _next_step(delivery, outcome)) is not None:
            outcome = None
            match step:
                case Send(records=part):
                    outcome = carrier.send(stream, part)
                case Refuse():
                    outcome = carrier.refuse(stream, step)
                    refused += outcome is None
                case Settle():
                    delivered += step.delivered
                    stream.write_cursor(step.sequence)
                case Wait():
                    raise step.error or TimeoutError("the server took nothing of what was sent")
    return delivered, refused
