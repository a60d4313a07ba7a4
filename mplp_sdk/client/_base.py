"""What both clients are made of: settings, headers, and a flow for each call. No I/O.

`AsyncClient` (written by hand) and `Client` (generated from it) add the methods and the driver.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import hmac
import math
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias, TypedDict, TypeVar, Unpack
from urllib.parse import urlencode, urlsplit

from mplp_sdk import __version__
from mplp_sdk.client._flow import Flow, Reply, Request, RetryBudget, RetryPolicy, execute
from mplp_sdk.client._operations import auth, executions
from mplp_sdk.client._operations._call import Call
from mplp_sdk.client._tokens import TokenHolder, with_token
from mplp_sdk.client._waiting import until_ended
from mplp_sdk.config import Settings
from mplp_sdk.errors import ConfigError
from mplp_sdk.models import Execution, Token
from mplp_sdk.protocol.tracing import current_trace

__all__ = ["Credentials", "ExtraHeaders", "OptionChanges", "Options", "Session"]

T = TypeVar("T")

ExtraHeaders: TypeAlias = Mapping[str, str] | Callable[[], Mapping[str, str]]

_BASES = ("/v1.0", "/api/v1/mplp")


@dataclass(frozen=True, kw_only=True)
class Options:
    """How calls are made; `client.with_options(…)` changes some for a few calls."""

    timeout: float | None = 30.0
    """Seconds for a whole call, retries and pauses included; None: no limit."""
    attempt_timeout: float | None = None
    """Seconds for one attempt; None: as long as the whole call may take."""
    max_attempts: int = 4
    """How many times a request may be sent; 1: never retried."""
    max_backoff: float = 8.0
    """Seconds. Pauses between attempts are random, between 0 and a bound that doubles from 0.5 s up to this,
    or as long as the server asks where that is longer."""
    headers: ExtraHeaders = field(default_factory=dict)
    """Sent with every request and winning over ours; a function is asked for them at each call."""
    idempotency_key: str | None = None
    """`Idempotency-Key` of POSTs; None: a new one for each call."""
    request_id: str | None = None
    """`X-Request-ID`; None: a new one for each call."""
    trace_id: str | None = None
    """`X-Trace-ID`: the MPLP trace that the calls are made in. None: the one that the running code works for,
    which a recorded run sets, or no such header."""

    def __post_init__(self) -> None:
        for name in ("timeout", "attempt_timeout"):
            seconds = getattr(self, name)
            if seconds is not None and not 0 < seconds < math.inf:
                raise ConfigError(f"{name} is {seconds!r}; it should be some seconds above 0, or None")
        if self.max_attempts < 1:
            raise ConfigError(f"max_attempts is {self.max_attempts!r}; it should be 1 or more")
        if not 0 <= self.max_backoff < math.inf:
            raise ConfigError(f"max_backoff is {self.max_backoff!r}; it should be some seconds, or 0")


class OptionChanges(TypedDict, total=False):
    """What `with_options` takes; the members mean what those of `Options` mean."""

    timeout: float | None
    attempt_timeout: float | None
    max_attempts: int
    max_backoff: float
    headers: ExtraHeaders
    idempotency_key: str | None
    request_id: str | None
    trace_id: str | None


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Who calls. Never part of a `repr`."""

    api_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    """Bearer token, a JWT; it goes before the key."""
    signing_key: bytes | None = field(default=None, repr=False)
    """Key of the HMAC in `X-Signature`."""
    exchange_key: bool = False
    """Trade the key for tokens, and send those instead of it."""

    def __post_init__(self) -> None:
        if self.exchange_key and (self.api_key is None or self.token is not None):
            raise ConfigError("exchange_key needs an api_key to trade, and no token")
        for name in ("api_key", "token"):
            value = getattr(self, name)
            if value is not None and not (value and value.isascii() and value.isprintable()):
                raise ConfigError(f"{name} holds characters that an HTTP header cannot carry, or none at all")

    def headers(self) -> dict[str, str]:
        """`Authorization` or `X-API-Key`."""
        if self.token is not None:
            return {"authorization": f"Bearer {self.token}"}
        return {} if self.api_key is None or self.exchange_key else {"x-api-key": self.api_key}

    def sign(self, body: bytes) -> dict[str, str]:
        """`X-Signature` of a body as it is sent. Spec: Context-messages, security."""
        if self.signing_key is None:
            return {}
        return {"x-signature": "sha256=" + hmac.new(self.signing_key, body, hashlib.sha256).hexdigest()}


class Session:
    """Turns calls into requests and flows, for one server and one caller."""

    def __init__(self, settings: Settings, credentials: Credentials, options: Options) -> None:
        if settings.base_url is None:
            raise ConfigError(
                "no server is set: pass base_url=… or set MPLP_BASE_URL, such as http://127.0.0.1:8700"
            )
        self.root, self.base = _bases(settings.base_url)
        self.credentials = credentials
        self.options = options
        self._policy = _policy(options, RetryBudget())
        self._tokens = TokenHolder()
        self._fixed = {
            "accept": "application/json",
            "user-agent": f"mplp-sdk-python/{__version__}",
            "x-client-version": __version__,
            **credentials.headers(),
        }

    def replace(self, **changes: Unpack[OptionChanges]) -> Self:
        """The same session with some options changed; it shares the retry budget.

        Raises:
            ConfigError: an option that is not there, or a value that cannot be used.
        """
        changed = copy.copy(self)
        try:
            changed.options = dataclasses.replace(self.options, **changes)
        except TypeError:
            known = ", ".join(option.name for option in dataclasses.fields(Options))
            raise ConfigError(f"unknown option among {', '.join(changes)}; there are: {known}") from None
        changed._policy = _policy(changed.options, self._policy.budget)
        return changed

    def flow(self, call: Call[T], within: float | None = None) -> Flow[Reply[T]]:
        """The flow that carries out `call`, in so many seconds; None: as long as a call may take."""
        request, policy = self.request(call), self._policy.within(within)
        if not self.credentials.exchange_key:
            return execute(call, request, policy)
        return self._flow_with_token(call, request, policy)

    def _flow_with_token(self, call: Call[T], request: Request, policy: RetryPolicy) -> Flow[Reply[T]]:
        key, started = self.credentials.api_key or "", policy.clock()

        def trade() -> Flow[Reply[Token]]:
            asked = auth.token(key)
            return execute(asked, self.request(asked), policy.since(started))

        def send(token: str) -> Flow[Reply[T]]:
            headers = {"authorization": f"Bearer {token}", **request.headers}
            ready = dataclasses.replace(request, headers=headers)
            return execute(call, ready, policy.since(started))

        return with_token(self._tokens, trade, send)

    def wait(self, execution_id: str, timeout: float | None) -> Flow[Execution]:
        """The flow that waits until an execution has ended."""
        call = executions.get(execution_id)
        return until_ended(lambda within: self.flow(call, within), timeout)

    def request(self, call: Call[Any]) -> Request:
        """`call` as a request, with everything that stays the same on its retries."""
        url = (self.base if call.versioned else self.root) + call.path
        if call.params:
            url += "?" + urlencode(call.params)
        return Request(call.method, url, self._headers(call), call.body)

    def _headers(self, call: Call[Any]) -> dict[str, str]:
        options = self.options
        headers = {
            **self._fixed,
            **call.headers,
            "x-request-id": options.request_id or str(uuid.uuid4()),
        }
        if call.keyed:
            headers["idempotency-key"] = options.idempotency_key or str(uuid.uuid4())
        if (trace_id := options.trace_id or current_trace()) is not None:
            headers["x-trace-id"] = trace_id
        if call.body:
            headers |= self.credentials.sign(call.body)
        headers |= _traceparent()
        extra = options.headers() if callable(options.headers) else options.headers
        return headers | {name.lower(): value for name, value in extra.items()}


def _policy(options: Options, budget: RetryBudget) -> RetryPolicy:
    return RetryPolicy(
        max_attempts=options.max_attempts,
        timeout=options.timeout,
        attempt_timeout=options.attempt_timeout,
        max_backoff=options.max_backoff,
        budget=budget,
    )


def _bases(url: str) -> tuple[str, str]:
    """Root of the server, and what versioned paths go below; `url` may name either."""
    url = url.rstrip("/")
    for base in _BASES:
        if urlsplit(url).path.endswith(base):
            return url.removesuffix(base), url
    return url, url + _BASES[0]


def _traceparent() -> dict[str, str]:
    """W3C trace context of the active OpenTelemetry span, in a program that uses OpenTelemetry."""
    propagate = sys.modules.get("opentelemetry.propagate")
    carrier: dict[str, str] = {}
    if propagate is not None:
        propagate.inject(carrier)
    return carrier
