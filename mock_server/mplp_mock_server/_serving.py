"""Running the application on a socket. The only module that knows uvicorn."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from mplp_mock_server._extra import MissingExtra

try:
    import uvicorn
except ModuleNotFoundError as missing:
    raise MissingExtra(missing) from missing

from mplp_mock_server.app import assemble
from mplp_mock_server.clock import Clock
from mplp_mock_server.settings import ServerSettings
from mplp_sdk.errors import ConfigError

__all__ = ["HttpServer", "listen"]

_KEEP_ALIVE: Final = 5
"""Seconds an idle connection stays open. Clients of ours let go earlier."""

_LAST_REQUESTS: Final = 10
"""Seconds that requests under way have to finish when the server stops."""

_BACKLOG: Final = 2048


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        ConfigError: the address cannot be had; the message says why.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    return listener


class HttpServer:
    """One server on one socket; `run` blocks until it is told to stop.

    Raises:
        ConfigError: the address cannot be had.
        StoreUnusable: the database cannot be opened.
    """

    def __init__(self, settings: ServerSettings, clock: Clock | None = None) -> None:
        self._socket = listen(settings.host, settings.port)
        try:
            app = assemble(settings, clock=clock)
        except BaseException:
            self._socket.close()
            raise
        self._server = _Uvicorn(
            uvicorn.Config(
                app,
                lifespan="on",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE,
                timeout_graceful_shutdown=_LAST_REQUESTS,
            )
        )

        self._server.on_stopping = app.state.stopping

    @property
    def port(self) -> int:
        """The port that was taken."""
        port: int = self._socket.getsockname()[1]
        return port

    def run(self, on_ready: Callable[[], None]) -> None:
        """Serve until `stop`, SIGTERM or SIGINT; requests under way are finished first.

        Args:
            on_ready: called once requests are answered.
        """
        self._server.on_ready = on_ready
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Tell `run` to come to an end; from any thread."""
        self._server.should_exit = True


class _Uvicorn(uvicorn.Server):
    """uvicorn, saying when it is ready, and ending without raising the signal that ended it once more."""

    on_ready: Callable[[], None]
    on_stopping: Callable[[], Awaitable[None]]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # First: requests may be waiting for what would go on otherwise.
        await self.on_stopping()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[Any]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
