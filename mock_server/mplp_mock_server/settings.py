"""How a server is set up; made by `python -m mplp_mock_server`, by `mplp serve` and by `MockServer`."""

from __future__ import annotations

from dataclasses import dataclass, field

from mplp_mock_server.security import check_bind
from mplp_sdk.errors import ConfigError

__all__ = ["MEMORY", "ServerSettings"]

MEMORY = ":memory:"
"""The database that lives as long as its process."""


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """Where to listen, where to store, and whom to let in.

    Raises:
        ConfigError: the port is none, or the address is not a loopback one and there is no `api_key`.
    """

    host: str = "127.0.0.1"
    """Address to listen on. Anything but a loopback address needs `api_key`."""
    port: int = 8700
    """TCP port; 0 takes a free one."""
    db: str = MEMORY
    """Path of the SQLite file, made where it does not exist; `:memory:` keeps nothing."""
    api_key: str | None = field(default=None, repr=False)
    """Asked of every caller, as `X-API-Key` or `Authorization: Bearer`. None: nobody is asked."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"port is {self.port}; it should be 0 to 65535")
        if self.api_key is not None and not self.api_key.strip():
            raise ConfigError("api_key is empty; set a key, or leave it out")
        check_bind(self.host, authenticated=self.api_key is not None)
