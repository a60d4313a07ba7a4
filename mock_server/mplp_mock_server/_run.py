"""Running a server in the foreground, as `python -m mplp_mock_server` and `mplp serve` do."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from mplp_mock_server._extra import MissingExtra
from mplp_mock_server.settings import ServerSettings
from mplp_sdk.errors import ConfigError

if TYPE_CHECKING:
    from mplp_mock_server._serving import HttpServer
    from mplp_mock_server.clock import Clock

__all__ = ["address", "http_server", "run", "serve"]


def http_server(settings: ServerSettings, clock: Clock | None = None) -> HttpServer:
    """A server that listens, and does not answer yet.

    Args:
        clock: None: that of the machine.

    Raises:
        ConfigError: the extra `server` is missing, the address cannot be had, or the database not be used.
    """
    try:
        from mplp_mock_server._serving import HttpServer
        from mplp_mock_server.store import StoreUnusable
    except MissingExtra as error:
        raise ConfigError(str(error)) from error
    try:
        return HttpServer(settings, clock)
    except StoreUnusable as error:
        raise ConfigError(str(error)) from error


def serve(settings: ServerSettings, *, announce: Callable[[str], None] = print) -> None:
    """Run a server until SIGTERM or SIGINT. Call it from the main thread.

    Args:
        announce: called with one line that holds the address, once requests are answered.

    Raises:
        ConfigError: it cannot start; the message says why.
    """
    server = http_server(settings)
    line = f"MPLP server listening on {address(settings.host, server.port)}"
    server.run(on_ready=lambda: announce(line))


def run(settings: ServerSettings) -> int:
    """The same for a command: the exit code, 1 with one line on stderr if it cannot start."""
    try:
        # Flushed: whoever started us may be waiting for the line at the other end of a pipe.
        serve(settings, announce=functools.partial(print, flush=True))
    except ConfigError as error:
        print(f"mplp server: {error}", file=sys.stderr)
        return 1
    return 0


def address(host: str, port: int) -> str:
    """Where a server on this host and port is found."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
