"""How a server is set up; made by `python -m mplp_mock_server`, by `mplp serve` and by `MockServer`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from mplp_mock_server.security import ADMIN, ROLES, check_bind
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
    """Asked of every caller, as `X-API-Key` or `Authorization: Bearer`; it may do everything. Where there is
    none, and no `role_keys`, nobody is asked."""
    role_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Further keys, and the role of each: `admin`, `developer` or `viewer`."""
    token_secret: str | None = field(default=None, repr=False)
    """What tokens are signed with. None: a new one at each start, so that none outlives the process."""

    allowed_hosts: tuple[str, ...] = ()
    """Names besides those of this machine by which a server may be called that listens on a loopback address
    and asks nobody for a key."""

    time_scale: float = 0.0
    """Seconds that a simulated task takes for each second that it is estimated to take; 0: none."""
    webhook_hosts: tuple[str, ...] = ()
    """Hosts that the end of an execution may be told to, each as `name` or `name:port`."""
    webhook_allow_private: bool = False
    """Whether these hosts may have loopback and private addresses."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"port is {self.port}; it should be 0 to 65535")
        if self.api_key is not None and not self.api_key.strip():
            raise ConfigError("api_key is empty; set a key, or leave it out")
        if not 0 <= self.time_scale < math.inf:
            raise ConfigError(f"time_scale is {self.time_scale}; it should be 0 or more")
        for key, role in self.role_keys.items():
            if not key.strip() or role not in ROLES:
                known = ", ".join(ROLES)
                raise ConfigError(f"role_keys has a key for {role!r}; no key is empty, and roles are {known}")
        check_bind(self.host, authenticated=bool(self.keys))

    @property
    def keys(self) -> Mapping[str, str]:
        """All keys, and the role of each."""
        return {**self.role_keys, **({} if self.api_key is None else {self.api_key: ADMIN})}
