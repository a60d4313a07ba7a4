"""How a batch of records gets to the server: the decisions, without a thread, a socket, a file or a clock.

`deliver` yields what it wants done and is sent what came of it; the shipper and `drain` carry it out.

    Send(records)    → what the server answered, or the error
    Refuse(record)   → None once the record is in the dead-letter file, else the error
    Settle(…)        → None
    Wait(seconds)    → None

It never gives up: who has no time left stops asking. Spec: recording §4, points 5 and 6.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeGuard

from mplp_sdk.errors import Conflict, ContextInvalid, InvalidRequest, InvalidResponse, ProtocolError
from mplp_sdk.recording.spool import Record

__all__ = ["Delivery", "IngestAnswer", "Refuse", "Send", "Settle", "Step", "Wait", "deliver"]

_FIRST_BACKOFF = 0.25
_TOO_LARGE = 413


class _Mark(Protocol):
    @property
    def high_water(self) -> int: ...


class _Rejected(Protocol):
    @property
    def line(self) -> int: ...
    @property
    def error(self) -> Mapping[str, Any]: ...


class IngestAnswer(Protocol):
    """What the server says to a batch; `mplp_sdk.models.IngestResult` is one."""

    @property
    def rejected(self) -> Sequence[_Rejected]: ...
    @property
    def stream(self) -> _Mark | None: ...


@dataclass(frozen=True, slots=True)
class Send:
    """Send these records (consecutive numbers) in one request."""

    records: Sequence[Record]


@dataclass(frozen=True, slots=True)
class Refuse:
    """The server will never take this record: keep it where a person can find it."""

    record: Record
    error: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Settle:
    """Everything up to `sequence` needs no more care; `delivered` records of it are on the server."""

    sequence: int
    delivered: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to be done for so many seconds, because of `error`."""

    seconds: float
    asked: bool
    """Whether the server asked for it. Then nobody may be impatient."""
    error: Exception | None


Step: TypeAlias = Send | Refuse | Settle | Wait
Delivery: TypeAlias = Generator[Step, IngestAnswer | Exception | None, None]


def deliver(records: Sequence[Record], *, longest_backoff: float = 30.0) -> Delivery:
    """Bring `records` to the server, whatever it takes.

    What is too large is halved. What the server calls wrong is halved too, until the wrong record stands
    alone and is refused. Everything else (no connection, no access, a page of HTML) says nothing about the
    records: try again.
    """
    attempt = 0
    while records:
        answer = yield Send(records)
        if isinstance(answer, Exception):
            if _blames_records(answer):
                yield from _halve(records, answer, longest_backoff)
                return
            yield _backoff(attempt, longest_backoff, answer)
            attempt += 1
        elif answer is not None:
            left = yield from _settle(records, answer)
            if len(left) == len(records):
                yield _backoff(attempt, longest_backoff, None)
                attempt += 1
            records = left


def _settle(records: Sequence[Record], answer: IngestAnswer) -> Generator[Step, Any, Sequence[Record]]:
    """Take the server's word for how far it is; returns what it does not have yet."""
    last = records[-1].sequence
    mark = last if answer.stream is None else min(last, answer.stream.high_water)
    done = [record for record in records if record.sequence <= mark]
    refused = 0
    for rejected in answer.rejected:
        if 1 <= rejected.line <= len(done):
            yield from _refuse(done[rejected.line - 1], rejected.error)
            refused += 1
    if done:
        yield Settle(mark, len(done) - refused)
    return records[len(done) :]


def _halve(
    records: Sequence[Record], error: ProtocolError | InvalidResponse, longest_backoff: float
) -> Delivery:
    if len(records) == 1:
        yield from _refuse(records[0], _as_data(error))
        yield Settle(records[0].sequence, 0)
        return
    middle = len(records) // 2
    yield from deliver(records[:middle], longest_backoff=longest_backoff)
    yield from deliver(records[middle:], longest_backoff=longest_backoff)


def _refuse(record: Record, error: Mapping[str, Any]) -> Generator[Step, Any, None]:
    attempt = 0
    while (failure := (yield Refuse(record, error))) is not None:
        yield _backoff(attempt, 30.0, failure)
        attempt += 1


def _blames_records(error: Exception) -> TypeGuard[ProtocolError | InvalidResponse]:
    """Whether the server's complaint is about what was sent, and will be the same next time."""
    if isinstance(error, InvalidResponse):
        return error.status == _TOO_LARGE  # a proxy in between, with a page of its own
    return isinstance(error, (InvalidRequest, ContextInvalid, Conflict))


def _backoff(attempt: int, longest: float, error: Exception | None) -> Wait:
    """Full jitter; never less than the server asked for."""
    most = min(longest, _FIRST_BACKOFF * 2 ** min(attempt, 20))
    jitter = random.uniform(0, most)  # noqa: S311 - spreads load, protects nothing
    asked = getattr(error, "retry_after", None)
    if asked is None:
        return Wait(jitter, asked=False, error=error)
    return Wait(max(float(asked), 0.0) + jitter, asked=True, error=error)


def _as_data(error: ProtocolError | InvalidResponse) -> dict[str, Any]:
    if isinstance(error, InvalidResponse):
        return {"status": error.status, "message": str(error)}
    return {"code": error.raw_code, "name": error.name, "message": error.message, "details": error.details}
