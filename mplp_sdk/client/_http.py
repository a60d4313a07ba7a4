"""The only module that knows httpx: it sends one request, and tells what happened in neutral terms.

Redirects are not followed, since they could carry credentials elsewhere. A response is read as a stream, so
that its size is bounded and the deadline holds for the whole of it, also where the client was handed in.
"""

from __future__ import annotations

import os
import ssl
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, TypeAlias

import anyio
import httpx

from mplp_sdk.client._deadline import Deadline, obey
from mplp_sdk.client._flow import Request, Response
from mplp_sdk.errors import ConfigError, InvalidResponse, MPLPError, NetworkError, RequestTimeout

__all__ = ["AsyncHTTPClient", "AsyncTransport", "HTTPClient", "Transport", "TransportOptions"]

HTTPClient: TypeAlias = httpx.Client
AsyncHTTPClient: TypeAlias = httpx.AsyncClient

_KEEPALIVE = 4.0
"""Seconds. Shorter than the 5 s of common servers, so that a connection is never used while it is closed."""


@dataclass(frozen=True, kw_only=True)
class TransportOptions:
    """How connections are made."""

    verify: bool | ssl.SSLContext = True
    """TLS certificates: True, False, or an `ssl.SSLContext`."""
    http2: bool = False
    """Offer HTTP/2; needs the extra `http2`."""
    max_response_bytes: int = 64 * 1024 * 1024
    """Longer bodies are refused as InvalidResponse; counted after decompression."""


class Transport:
    """Sends requests from any thread."""

    def __init__(self, options: TransportOptions, client: httpx.Client | None = None) -> None:
        self._options = options
        self._limit = options.max_response_bytes
        self._owned = client is None
        self._client = client or _make_client(options)
        self._errors = _library(self._client)
        if self._owned:
            _forked.add(self)

    def send(self, request: Request, timeout: float | None) -> Response | MPLPError:
        """Send once, within `timeout` seconds; what goes wrong on the way is returned, not raised."""
        try:
            with Deadline(timeout) as deadline:
                return self._send(request, deadline)
        except MPLPError as error:
            return error
        except Exception as error:
            return _failure(self._errors, request, error)

    def _send(self, request: Request, deadline: Deadline) -> Response:
        with self._client.stream(**_arguments(request, deadline)) as response:
            body = _Body(self._limit, response, deadline)
            for chunk in response.iter_bytes():
                body.add(chunk)
            return body.response()

    def close(self) -> None:
        """Close the connections; those of a client that was handed in stay with its owner."""
        if self._owned:
            _forked.discard(self)
            self._client.close()

    def after_fork(self) -> None:
        """Start afresh in a child process: what is sent on the parent's connections would mix with it."""
        self._parents = self._client  # not collected, since that would end its TLS sessions
        self._client = _make_client(self._options)


_forked: weakref.WeakSet[Transport] = weakref.WeakSet()


def _after_fork() -> None:
    for transport in list(_forked):
        transport.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class AsyncTransport:
    """Sends requests from any task of one event loop."""

    def __init__(self, options: TransportOptions, client: httpx.AsyncClient | None = None) -> None:
        self._limit = options.max_response_bytes
        self._owned = client is None
        self._client = client or _make_async_client(options)
        self._errors = _library(self._client)

    async def send(self, request: Request, timeout: float | None) -> Response | MPLPError:  # noqa: ASYNC109
        """Send once, within `timeout` seconds; what goes wrong on the way is returned, not raised."""
        try:
            with anyio.fail_after(timeout):
                return await self._send(request, Deadline(timeout))
        except MPLPError as error:
            return error
        except Exception as error:
            return _failure(self._errors, request, error)

    async def _send(self, request: Request, deadline: Deadline) -> Response:
        async with self._client.stream(**_arguments(request, deadline)) as response:
            body = _Body(self._limit, response, deadline)
            async for chunk in response.aiter_bytes():
                body.add(chunk)
            return body.response()

    async def aclose(self) -> None:
        """Close the connections; those of a client that was handed in stay with its owner."""
        if self._owned:
            await self._client.aclose()


class _Body:
    """A response as it comes in."""

    def __init__(self, limit: int, response: httpx.Response, deadline: Deadline) -> None:
        self._limit = limit
        self._response = response
        self._deadline = deadline
        self._chunks: list[bytes] = []
        self._length = 0
        self._headers = _headers(response)
        announced = self._headers.get("content-length", "")
        self._check_length(int(announced) if announced.isdigit() else 0)

    def add(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._length += len(chunk)
        self._check_length(self._length)
        self._deadline.check()

    def response(self) -> Response:
        return Response(self._response.status_code, self._headers, b"".join(self._chunks))

    def _check_length(self, length: int) -> None:
        if length > self._limit:
            status, start = self._response.status_code, b"".join(self._chunks)[:2048]
            raise InvalidResponse(f"the answer is longer than {self._limit} bytes", status=status, body=start)


def _headers(response: httpx.Response) -> dict[str, str]:
    """Names in lower case; the values of one that comes several times are joined."""
    # Reading the library's own mapping takes several times as long: it decodes at every look.
    found: dict[str, str] = {}
    for raw_name, raw_value in response.headers.raw:
        name, value = raw_name.lower().decode("latin-1"), raw_value.decode("utf-8", "replace")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _make_client(options: TransportOptions) -> httpx.Client:
    with _missing_extras():
        client = httpx.Client(**_settings(options))
    obey(client._transport)
    return client


def _make_async_client(options: TransportOptions) -> httpx.AsyncClient:
    with _missing_extras():
        return httpx.AsyncClient(**_settings(options))


@contextmanager
def _missing_extras() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise ConfigError(f"http2 needs an extra: pip install 'mplp-agent-sdk[http2]' ({error})") from error


def _settings(options: TransportOptions) -> dict[str, Any]:
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=_KEEPALIVE)
    verify = options.verify if isinstance(options.verify, ssl.SSLContext) else _ssl_context(options.verify)
    return {"limits": limits, "verify": verify, "http2": options.http2}


@cache
def _ssl_context(verify: bool) -> ssl.SSLContext:
    # Reading the certificates takes 50 ms; a context may serve any number of clients.
    return httpx.create_ssl_context(verify=verify)


def _arguments(request: Request, deadline: Deadline) -> dict[str, Any]:
    return {
        "method": request.method,
        "url": request.url,
        "headers": request.headers,
        "content": request.body or None,
        "follow_redirects": False,
        "extensions": {"timeout": deadline},
    }


def _library(client: object) -> ModuleType:
    """The library whose client was handed in: httpx, or another of the same shape such as httpx2."""
    for cls in type(client).__mro__:
        module = sys.modules.get(cls.__module__.partition(".")[0])
        if module is not None and hasattr(module, "TransportError"):
            return module
    return httpx


def _failure(library: ModuleType, request: Request, error: Exception) -> MPLPError:
    """Our error for what the HTTP library raised, with that as its cause. Anything else is raised again."""
    failure = _mapped(library, f"{request.method} {_shown(request.url)}", error)
    failure.__cause__ = error
    return failure


def _mapped(library: ModuleType, what: str, error: Exception) -> MPLPError:
    why = f"{what}: {str(error) or type(error).__name__}"
    if isinstance(error, (library.TimeoutException, TimeoutError)):
        return RequestTimeout(f"{what}: no complete answer in time ({type(error).__name__})")
    if isinstance(error, (library.LocalProtocolError, library.UnsupportedProtocol, library.InvalidURL)):
        return ConfigError(why)
    if isinstance(error, UnicodeError):
        return ConfigError(f"{what}: a header holds characters that HTTP cannot carry")
    if isinstance(error, library.DecodingError):
        return InvalidResponse(why)
    if isinstance(error, (library.RequestError, OSError)):
        return NetworkError(why)
    raise error


def _shown(url: str) -> str:
    """The address without its query, which may be long."""
    return url.partition("?")[0]
