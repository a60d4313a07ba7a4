"""Telling somebody by HTTP that an execution has ended, without being led where the server should not go.

Only hosts that the settings name are called. Their names are resolved here, every address has to be a public
one, and the connection goes to the address that was checked: a name that changes its mind in between leads
nowhere. Redirects are not followed. Spec: protocol §2.1 plans (`notification_webhook`).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from mplp_mock_server.services._objects import encode
from mplp_mock_server.services._validation import invalid
from mplp_sdk.errors import InvalidFormat, ValidationFailed

__all__ = ["Webhooks", "is_public"]

_FIELD: Final = "notification_webhook"
_LONGEST: Final = 2048
_PATIENCE: Final = 10.0
"""Seconds for one call, from the name to the status."""

_PAUSES: Final = (0.5, 2.0)
"""Seconds before the second and the third try."""

_NAT64: Final = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class _Target:
    secure: bool
    host: str
    port: int
    path: str
    """With its query."""

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


class _Refused(Exception):
    """The address may not be called; trying again does not help."""


class Webhooks:
    """Calls the addresses that the settings allow.

    Args:
        hosts: names that may be called, each with or without a port.
        allow_private: whether they may lead to loopback and private addresses.
        pauses: seconds before each further try.
    """

    def __init__(
        self, hosts: Sequence[str], *, allow_private: bool, pauses: Sequence[float] = _PAUSES
    ) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._allow_private = allow_private
        self._pauses = tuple(pauses)

    def check(self, url: str) -> None:
        """Refuse an address that would not be called.

        Raises:
            InvalidFormat: it is no http or https address.
            ValidationFailed: the settings do not allow it.
        """
        self._target(url)

    async def call(self, url: str, execution: Mapping[str, Any]) -> tuple[str, str]:
        """Post the execution, trying three times; the level and the message for its log."""
        target, body = self._target(url), encode(execution)
        told = ""
        for pause in (0.0, *self._pauses):
            await asyncio.sleep(pause)
            try:
                async with asyncio.timeout(_PATIENCE):
                    status = await self._post(target, body)
            except _Refused as refused:
                return "warn", f"webhook refused: {refused}"
            except TimeoutError:
                told = f"no answer within {_PATIENCE:g} seconds"
            except (OSError, ValueError) as error:
                told = str(error) or type(error).__name__
            else:
                if 200 <= status < 300:
                    return "info", f"webhook called: {status}"
                told = f"status {status}"
        return "warn", f"webhook failed {len(self._pauses) + 1} times, the last time with: {told}"

    def _target(self, url: str) -> _Target:
        target = _parse(url)
        if not self._hosts & {target.host, f"{target.host}:{target.port}"}:
            raise invalid(
                ValidationFailed, _FIELD, f"the settings of the server do not allow {target.host!r}"
            )
        with contextlib.suppress(ValueError):
            self._check_address(target.host)
        return target

    def _check_address(self, address: str) -> None:
        if not self._allow_private and not is_public(ip_address(address)):
            raise invalid(ValidationFailed, _FIELD, f"{address} is not a public address")

    async def _post(self, target: _Target, body: bytes) -> int:
        address = await self._resolve(target)
        context = ssl.create_default_context() if target.secure else None
        reader, writer = await asyncio.open_connection(
            address, target.port, ssl=context, server_hostname=target.host if context else None
        )
        try:
            writer.write(_request(target, body))
            await writer.drain()
            return _status(await reader.readline())
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _resolve(self, target: _Target) -> str:
        found = await asyncio.get_running_loop().getaddrinfo(
            target.host, target.port, type=socket.SOCK_STREAM
        )
        addresses = [str(address[0]) for *_, address in found]
        for address in addresses:
            # One bad address among good ones is how a name gets a server to call itself.
            if not self._allow_private and not is_public(ip_address(address.partition("%")[0])):
                raise _Refused(f"{target.host} leads to {address}, which is not a public address")
        return addresses[0]


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of the open internet; of an IPv6 form of an IPv4 address, whether that is."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast


def _parse(url: str) -> _Target:
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > _LONGEST:
        raise invalid(
            InvalidFormat, _FIELD, f"should be an http or https address of at most {_LONGEST} characters"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise invalid(InvalidFormat, _FIELD, str(error)) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid(InvalidFormat, _FIELD, "should be an http or https address")
    if parts.username is not None or parts.password is not None:
        raise invalid(InvalidFormat, _FIELD, "should hold no user name or password")
    secure = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Target(secure, parts.hostname.lower(), port or (443 if secure else 80), path)


def _request(target: _Target, body: bytes) -> bytes:
    head = (
        f"POST {target.path} HTTP/1.1\r\n"
        f"Host: {target.authority}\r\n"
        "User-Agent: mplp-server\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("ascii") + body


def _status(line: bytes) -> int:
    """The status of an answer's first line.

    Raises:
        ValueError: it is no HTTP.
    """
    version, _, rest = line.decode("latin-1").partition(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError("the answer is not HTTP")
    return int(rest[:3])
