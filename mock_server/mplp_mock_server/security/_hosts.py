"""By which names a server may be called that asks nobody who they are.

A page in a browser can let its own name lead to 127.0.0.1 once it is loaded (DNS rebinding), and read what a
server on this machine answers. Its requests still carry the name of the page, so other names are turned away.

Spec: protocol §7; RFC 9110 §7.2.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mplp_mock_server.security._bind import is_loopback
from mplp_sdk.errors import InsufficientPermissions

__all__ = ["HostGuard"]


class HostGuard:
    """Lets a request pass that was sent to a name of this machine.

    Args:
        bound: the address that the server listens on.
        authenticated: whether it asks for keys. Then a strange page has none, and every name passes.
        allowed: further names, without ports.
    """

    def __init__(self, bound: str, *, authenticated: bool, allowed: Collection[str] = ()) -> None:
        self._open = authenticated or not is_loopback(bound)
        self._allowed = frozenset(name.lower() for name in allowed)

    def check(self, headers: Mapping[str, str]) -> None:
        """Look at the `Host` of one request. Where there is none, it comes from no browser.

        Raises:
            InsufficientPermissions: the name is not one of this machine, nor one that was allowed.
        """
        host = headers.get("host")
        if self._open or host is None:
            return
        name = _name(host)
        if not (is_loopback(name) or name.endswith(".localhost") or name in self._allowed):
            raise InsufficientPermissions(
                f"this server does not answer to the name {name[:80]!r}; --allow-host lets it",
                details={"field": "Host", "reason": "not a name of this machine"},
            )


def _name(host: str) -> str:
    """The name in a `Host`, without its port and the dot at its end."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower().removesuffix(".")
