"""Which addresses a server may listen on. Recorded prompts are private, so an open door is refused.

Spec: protocol §7.
"""

from __future__ import annotations

from ipaddress import ip_address

from mplp_sdk.errors import ConfigError

__all__ = ["check_bind", "is_loopback"]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`. A name other than `localhost` counts as reachable."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_bind(host: str, *, authenticated: bool) -> None:
    """Refuse to listen where others can reach a server that asks nobody who they are.

    Raises:
        ConfigError: `host` is not a loopback address and no authentication is set.
    """
    if not authenticated and not is_loopback(host):
        raise ConfigError(
            f"host is {host!r}, which other machines can reach: "
            "set an API key (--api-key), or listen on 127.0.0.1"
        )
