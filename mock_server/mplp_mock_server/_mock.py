"""`MockServer`: a server for the length of a `with` block, in a thread or in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from types import TracebackType
from typing import IO, Final, Protocol, Self

from mplp_mock_server._run import address, http_server
from mplp_mock_server.clock import Clock
from mplp_mock_server.settings import MEMORY, ServerSettings
from mplp_sdk.errors import ConfigError

__all__ = ["MockServer"]

_HOST: Final = "127.0.0.1"

_PATIENCE: Final = 30.0
"""Seconds for a start or a stop. Far beyond what either takes; ends a test that would hang."""


class _Running(Protocol):
    port: int
    pid: int | None

    def stop(self) -> None: ...

    def kill(self) -> None: ...


class MockServer:
    """A server on a free port of this machine.

        with MockServer(db="run.db", subprocess=True) as server:
            ...

    Args:
        db: path of the SQLite file, or `:memory:`.
        subprocess: run it in a process of its own, which can be killed; else in a thread.
        api_key: what callers must show; None asks for nothing.
        settings: the other settings, of a server in a thread; address and database are taken from above.
        clock: what a server in a thread goes by; None: the clock of the machine.

    Raises:
        ConfigError: it cannot start.
    """

    def __init__(
        self,
        db: str | os.PathLike[str] = MEMORY,
        *,
        subprocess: bool = False,
        api_key: str | None = None,
        settings: ServerSettings | None = None,
        clock: Clock | None = None,
    ) -> None:
        if subprocess and (settings or clock):
            raise ConfigError("settings and clock are for a server in a thread, not in a process of its own")
        given = settings or ServerSettings()
        self._settings = replace(given, host=_HOST, db=os.fspath(db), api_key=api_key or given.api_key)
        self._subprocess = subprocess
        self._clock = clock
        self._port = 0
        self._running: _Running | None = None

    @property
    def url(self) -> str:
        """Root of the server, such as http://127.0.0.1:41234; the same after `restart`."""
        if not self._port:
            raise RuntimeError("the server was never started; use it in a with block")
        return address(_HOST, self._port)

    @property
    def pid(self) -> int | None:
        """Process id; None in a thread, or while it does not run."""
        return self._running.pid if self._running else None

    def start(self) -> None:
        """Start, and wait until requests are answered."""
        if self._running is None:
            settings = replace(self._settings, port=self._port)
            self._running = _Process(settings) if self._subprocess else _Thread(settings, self._clock)
            self._port = self._running.port

    def stop(self) -> None:
        """Let requests under way finish, and stop. Harmless when it does not run."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()

    def kill(self) -> None:
        """End the process as a crash would (SIGKILL); needs `subprocess=True`."""
        if self._running is not None:
            self._running.kill()
            self._running = None

    def restart(self) -> None:
        """Stop if it runs, and start on the same port and database. What was in memory is gone."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Thread:
    """A server in a thread of this process."""

    pid: int | None = None

    def __init__(self, settings: ServerSettings, clock: Clock | None) -> None:
        self._server = http_server(settings, clock)
        self.port = self._server.port
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._server.run, args=(ready.set,), name="mplp-mock-server", daemon=True
        )
        self._thread.start()
        if not ready.wait(_PATIENCE):
            raise ConfigError(f"the server was not ready after {_PATIENCE} seconds")

    def stop(self) -> None:
        self._server.stop()
        self._thread.join(_PATIENCE)

    def kill(self) -> None:
        raise RuntimeError("a server in a thread cannot be killed; use subprocess=True")


class _Process:
    """A server in a process of its own."""

    def __init__(self, settings: ServerSettings) -> None:
        self._process = _spawn(settings)
        self.pid: int | None = self._process.pid
        try:
            self.port = self._read_port()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        self._process.terminate()
        self._end()

    def kill(self) -> None:
        self._process.kill()
        self._end()

    def _end(self) -> None:
        try:
            self._process.wait(_PATIENCE)
        finally:
            self._output.close()

    @property
    def _output(self) -> IO[str]:
        assert self._process.stdout is not None  # noqa: S101 -- it is a pipe
        return self._process.stdout

    def _read_port(self) -> int:
        watchdog = threading.Timer(_PATIENCE, self._process.kill)
        watchdog.start()
        try:
            line = self._output.readline()
        finally:
            watchdog.cancel()
        if not line:
            raise ConfigError(f"the server did not start (exit code {self._process.wait(_PATIENCE)})")
        return int(line.rpartition(":")[2])


def _spawn(settings: ServerSettings) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "mplp_mock_server"]
    options = ["--host", settings.host, "--port", str(settings.port), "--db", settings.db]
    # By the environment: arguments can be seen by everybody on the machine.
    environ = {**os.environ, "MPLP_SERVER_API_KEY": settings.api_key or ""}
    return subprocess.Popen(  # noqa: S603 -- our own module, in the same interpreter
        [*command, *options], stdout=subprocess.PIPE, text=True, env=environ
    )
