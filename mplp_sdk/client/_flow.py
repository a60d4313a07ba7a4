"""The logic of a call: send, read, retry or give up. Generators without I/O, driven by both clients.

    command                      what happened
    ───────                      ─────────────
    Send(request, timeout)   →   a Response, or the error that the connection gave
    Sleep(seconds)           →   None

Whether to retry is decided by the error's code, when by the server's hint and full jitter, and how often by
attempts, by the deadline of the whole call (before sleeping) and by a budget that all calls of a client
share. Spec: protocol §2, §2.2.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

import tenacity

from mplp_sdk.client._operations._call import Call
from mplp_sdk.client._retry_after import parse_retry_after
from mplp_sdk.errors import (
    ExtensionNotFound,
    InvalidResponse,
    MPLPError,
    NotFound,
    PlanExecutionFailed,
    ProtocolError,
    code_for_status,
    from_code,
)
from mplp_sdk.protocol.envelope import Envelope, ErrorBody

__all__ = [
    "Flow",
    "Reply",
    "Request",
    "Response",
    "RetryBudget",
    "RetryPolicy",
    "Send",
    "Sleep",
    "execute",
]

T = TypeVar("T")

logger = logging.getLogger("mplp_sdk.client")

_SHOWN_BODY = 2048


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request, whatever library sends it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response, read to its end."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case names."""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Send:
    """Command to send `request` once."""

    request: Request
    timeout: float | None = None
    """Seconds from now in which the whole response must be here; None: no limit."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Command to wait."""

    seconds: float


Flow: TypeAlias = Generator[Send | Sleep, Any, T]


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """Everything that came back: the parsed value, and the response around it."""

    parsed: T
    status: int
    """HTTP status."""
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes = field(repr=False)
    request_id: str
    """The id under which the server knows the call; ours where it names none."""
    attempts: int = 1
    """How many times the request was sent."""

    @property
    def etag(self) -> str | None:
        """Names what was read as it was then: `update(…, if_match=reply.etag)` changes only that. None: the
        server tells none."""
        return self.headers.get("etag")

    @property
    def metadata(self) -> dict[str, Any]:
        """The envelope's `metadata`: timestamp, version, processing time in milliseconds."""
        return Envelope(self.body).metadata()


class RetryBudget:
    """Bounds the retries of all calls of a client, so that a server in trouble is not asked ever more.

    A token bucket: a retry takes one token, a success gives a part of one back, and without a token errors
    are raised at once. Safe to share between threads.
    """

    def __init__(self, capacity: float = 20.0, refund: float = 0.2) -> None:
        self._capacity = capacity
        self._refund = refund
        self._tokens = capacity
        self._lock = threading.Lock()

    @property
    def tokens(self) -> float:
        """How many retries could be made now."""
        return self._tokens

    def take(self) -> bool:
        """Take the token for one retry; False if there is none."""
        with self._lock:
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True

    def pay_back(self) -> None:
        """Count one success."""
        if self._tokens < self._capacity:
            with self._lock:
                self._tokens = min(self._capacity, self._tokens + self._refund)


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often, and how long, a call is tried."""

    max_attempts: int = 4
    timeout: float | None = 30.0
    """Seconds for the whole call, retries and pauses included; None: no limit."""
    attempt_timeout: float | None = None
    """Seconds for one attempt; None: as long as the whole call may take."""
    max_backoff: float = 8.0
    """Seconds; the random pause after attempt n is at most 0.5 × 2ⁿ⁻¹, and at most this."""
    budget: RetryBudget = field(default_factory=RetryBudget)
    clock: Callable[[], float] = time.monotonic

    def within(self, seconds: float | None) -> RetryPolicy:
        """The same policy for a call that must be over in `seconds`; None: no other limit than before."""
        if seconds is None or (self.timeout is not None and self.timeout <= seconds):
            return self
        return dataclasses.replace(self, timeout=seconds)

    def since(self, started: float) -> RetryPolicy:
        """The same policy for the rest of a call that began at `started`."""
        return self if self.timeout is None else self.within(self.timeout - (self.clock() - started))

    def left(self, started: float) -> float | None:
        """Seconds that an attempt may take now, in a call that began at `started`."""
        if self.timeout is None:
            return self.attempt_timeout
        left = self.timeout - (self.clock() - started)
        return left if self.attempt_timeout is None else min(left, self.attempt_timeout)


def execute(call: Call[T], request: Request, policy: RetryPolicy) -> Flow[Reply[T]]:
    """Send `request`, which is `call` made concrete, until it succeeds or `policy` gives up.

    Raises:
        ProtocolError: the server's error, or 1005 and 1006 for a connection that failed; with `attempts`,
            and as `__cause__` what broke the connection or the attempt before.
        InvalidResponse: the answer is not MPLP.
    """
    attempts = _Attempts(call, policy)
    while True:
        outcome = yield Send(request, policy.left(attempts.started))
        try:
            reply = _interpret(call, request, outcome, attempts.number)
        except MPLPError as error:
            if not (call.method == "DELETE" and attempts.number > 1 and isinstance(error, _GONE)):
                yield Sleep(attempts.pause_after(error))
                continue
            # An attempt whose answer was lost had removed it already.
            reply = _reply(call.read(None), request, outcome, attempts.number)
        policy.budget.pay_back()
        return reply


_GONE = (NotFound, ExtensionNotFound)


class _Attempts:
    """What has happened to one call so far, in the terms of tenacity's policy algebra.

    A `tenacity.Retrying` keeps per-call state on itself, and mixes it up when shared. So only its parts are
    used: they are pure, and the state of this call is all in the `RetryCallState`.
    """

    def __init__(self, call: Call[Any], policy: RetryPolicy) -> None:
        self.call = call
        self.policy = policy
        self.started = policy.clock()
        self.number = 1
        self._last: MPLPError | None = None

    def pause_after(self, error: MPLPError) -> float:
        """Seconds to wait before the next attempt.

        Raises:
            MPLPError: `error`, when there shall be no next attempt.
        """
        self._mark(error)
        if not self._may_repeat(error):
            raise error
        state = self._state()
        state.upcoming_sleep = max(_hint(error), self._backoff(state))
        if reason := self._reason_to_stop(state):
            error.add_note(f"gave up: {reason}")
            raise error
        self.number += 1
        what = (self.call.method, self.call.path, error, self.number, state.upcoming_sleep)
        logger.info("%s %s: %s; attempt %d in %.2f s", *what)
        self._last = error
        return state.upcoming_sleep

    def _mark(self, error: MPLPError) -> None:
        if isinstance(error, (ProtocolError, InvalidResponse)):
            error.attempts = self.number
        if error.__cause__ is None:
            error.__cause__ = self._last

    def _may_repeat(self, error: MPLPError) -> bool:
        if not isinstance(error, ProtocolError) or not error.retryable:
            return False
        # Executing a plan again is not idempotent: only a server that knows the key can tell a repeat.
        return self.call.keyed or not isinstance(error, PlanExecutionFailed)

    def _state(self) -> tenacity.RetryCallState:
        state = tenacity.RetryCallState(_NO_RETRYING, fn=None, args=(self.call,), kwargs={})
        state.attempt_number = self.number
        state.start_time = self.started
        state.outcome_timestamp = self.policy.clock()
        return state

    def _backoff(self, state: tenacity.RetryCallState) -> float:
        return tenacity.wait_random_exponential(multiplier=0.5, max=self.policy.max_backoff)(state)

    def _reason_to_stop(self, state: tenacity.RetryCallState) -> str | None:
        policy = self.policy
        if tenacity.stop_after_attempt(policy.max_attempts)(state):
            return f"at most {policy.max_attempts} attempts"
        if policy.timeout is not None and tenacity.stop_before_delay(policy.timeout)(state):
            return f"waiting {state.upcoming_sleep:.2f} s would overrun the {policy.timeout:g} s allowed"
        return None if policy.budget.take() else "the client's retry budget is spent"


_NO_RETRYING = tenacity.Retrying()
"""`RetryCallState` asks for one; nothing here runs it."""


def _hint(error: MPLPError) -> float:
    return (error.retry_after or 0.0) if isinstance(error, ProtocolError) else 0.0


def _interpret(call: Call[T], request: Request, outcome: Response | MPLPError, attempts: int) -> Reply[T]:
    """The reply that `outcome` is, or the error that it is."""
    if isinstance(outcome, MPLPError):
        if isinstance(outcome, ProtocolError):
            outcome.request_id = request.headers.get("x-request-id")
        raise outcome
    envelope = Envelope(outcome.body)
    if envelope.failed or not 200 <= outcome.status < 300:
        raise _error(request, outcome, envelope)
    try:
        parsed = envelope.read(call.read) if outcome.body else call.read(None)
    except ValueError as error:
        raise _invalid(f"{request.method} {request.url} answered something else: {error}", outcome) from error
    return _reply(parsed, request, outcome, attempts)


def _reply(parsed: T, request: Request, response: Response, attempts: int) -> Reply[T]:
    request_id = response.headers.get("x-request-id") or request.headers.get("x-request-id", "")
    return Reply(
        parsed=parsed,
        status=response.status,
        headers=response.headers,
        body=response.body,
        request_id=request_id,
        attempts=attempts,
    )


def _error(request: Request, response: Response, envelope: Envelope) -> MPLPError:
    """The error that a response stands for: by its code, or by its status where it carries none."""
    told = envelope.error()
    if told is None or (told.code is None and told.message is None):
        if code_for_status(response.status) is None:
            return _invalid(f"{request.method} {request.url} answered {_described(response)}", response)
        told = ErrorBody(message=_described(response))
    hint = told.retry_after
    return from_code(
        told.code,
        told.message or _described(response),
        status=response.status,
        name=told.name,
        details=told.details,
        request_id=_request_id(request, response, envelope),
        retry_after=hint if hint is not None else parse_retry_after(response.headers.get("retry-after")),
    )


def _request_id(request: Request, response: Response, envelope: Envelope) -> str | None:
    metadata = envelope.metadata()
    named = metadata.get("requestId", metadata.get("request_id")) or response.headers.get("x-request-id")
    return named if isinstance(named, str) else request.headers.get("x-request-id")


def _described(response: Response) -> str:
    """An answer that explains nothing, in one line for a person."""
    if location := response.headers.get("location"):
        return f"HTTP {response.status}, a redirect to {location}; redirects are not followed"
    start = " ".join(response.body[:200].decode("utf-8", "replace").split())
    return f"HTTP {response.status}" + (f": {start}" if start else " without a body")


def _invalid(message: str, response: Response) -> InvalidResponse:
    return InvalidResponse(message, status=response.status, body=response.body[:_SHOWN_BODY])
