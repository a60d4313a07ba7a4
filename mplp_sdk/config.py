"""Settings: an argument wins over the environment (`MPLP_…`), which wins over the default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from mplp_sdk.errors import ConfigError

__all__ = ["Settings"]

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where the server is, who we are, and where records wait.

    Build it with `Settings.load`, which reads the environment; the plain constructor does not.
    """

    base_url: str | None = None
    """Root of an MPLP server, such as http://127.0.0.1:8700 (`MPLP_BASE_URL`). None: records stay on disk."""
    api_key: str | None = field(default=None, repr=False)
    """Sent as `X-API-Key` (`MPLP_API_KEY`). None: no such header."""
    home: Path = Path(".mplp")
    """Folder of the spool (`MPLP_HOME`)."""
    project: str = "default"
    """Keeps equal thread or session keys of different applications apart (`MPLP_PROJECT`)."""
    tracing: bool = False
    """Whether everything in the process is recorded with no code change (`MPLP_TRACING`)."""

    def __post_init__(self) -> None:
        if self.base_url is not None:
            _check_base_url(self.base_url)
        if not self.project.strip():
            raise ConfigError("MPLP_PROJECT (project) is empty; name the application, or leave it unset")

    @classmethod
    def load(
        cls,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        home: str | os.PathLike[str] | None = None,
        project: str | None = None,
        tracing: bool | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Settings:
        """Settings from the arguments that are not None, then `environ` (`os.environ`), then the defaults.

        Raises:
            ConfigError: a value cannot be used; the message names the setting and says what it should be.
        """
        env = os.environ if environ is None else environ
        return cls(
            base_url=base_url if base_url is not None else _text(env, "MPLP_BASE_URL"),
            api_key=api_key if api_key is not None else _text(env, "MPLP_API_KEY"),
            home=Path(home if home is not None else env.get("MPLP_HOME") or cls.home),
            project=project if project is not None else _text(env, "MPLP_PROJECT") or cls.project,
            tracing=tracing if tracing is not None else _switch(env, "MPLP_TRACING"),
        )


def _text(env: Mapping[str, str], name: str) -> str | None:
    return env.get(name, "").strip() or None


def _switch(env: Mapping[str, str], name: str) -> bool:
    value = env.get(name, "").strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ConfigError(f"{name} is {value!r}; it should be 1 or 0")


def _check_base_url(url: str) -> None:
    parts = _split(url)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError(
            f"MPLP_BASE_URL (base_url) is {url!r}; it should be a full address such as http://127.0.0.1:8700"
        )
    if parts.username or parts.password:
        raise ConfigError("MPLP_BASE_URL (base_url) holds a user name or password; use MPLP_API_KEY instead")


def _split(url: str) -> SplitResult | None:
    """The parts of an address; None where it has none, or a port that is no port."""
    try:
        parts = urlsplit(url)
        return None if parts.port == 0 else parts
    except ValueError:
        return None
