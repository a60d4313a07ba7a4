"""What the tests of the client share: both clients behind one face, and a server that misbehaves to order."""

from __future__ import annotations

import asyncio
import inspect
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from contextvars import copy_context
from typing import Any

import pytest

from mplp_mock_server import MockServer
from mplp_sdk.client import AsyncClient, AsyncPage, AsyncPages, Client

Action = Callable[[Any], Any]


class SyncCaller:
    """Does things with a `Client`."""

    def __init__(self, **arguments: Any) -> None:
        self.client = Client(**arguments)

    def __call__(self, action: Action) -> Any:
        return action(self.client)

    def items(self, action: Action) -> list[Any]:
        return list(action(self.client))

    def close(self) -> None:
        self.client.close()


class AsyncCaller:
    """Does the same things with an `AsyncClient`, on a loop of its own."""

    def __init__(self, **arguments: Any) -> None:
        self._runner = asyncio.Runner()
        self.client = AsyncClient(**arguments)

    def __call__(self, action: Action) -> Any:
        # In the context of the test, as a task that it starts would be.
        return self._runner.run(self._settle(action), context=copy_context())

    def items(self, action: Action) -> list[Any]:
        return self._runner.run(self._collect(action))

    def close(self) -> None:
        with closing(self._runner):
            self._runner.run(self.client.aclose())

    async def _settle(self, action: Action) -> Any:
        result = action(self.client)
        return await result if inspect.isawaitable(result) else result

    async def _collect(self, action: Action) -> list[Any]:
        pages = action(self.client)
        assert isinstance(pages, (AsyncPages, AsyncPage))
        return [item async for item in pages]


@pytest.fixture(params=[SyncCaller, AsyncCaller], ids=["sync", "async"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Makes callers of one kind; each test that asks for it runs for both. They are closed at the end."""
    made: list[Any] = []

    def make(base_url: str = "http://127.0.0.1:9", **arguments: Any) -> Any:
        made.append(request.param(base_url=base_url, **arguments))
        return made[-1]

    yield make
    for caller in made:
        caller.close()


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(db=":memory:") as server:
        yield server


@pytest.fixture
def call(connect: Callable[..., Any], server: MockServer) -> Any:
    """Either client, connected to the reference server: `call(lambda client: client.plans.get(plan_id))`."""
    return connect(server.url)


Answer = Callable[[socket.socket], None]


class RawServer:
    """Accepts connections on loopback and answers each request as the next of `answers` says."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.requests: list[bytes] = []
        self.connections = 0
        self.closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    @property
    def url(self) -> str:
        host, port = self._listener.getsockname()[:2]
        return f"http://{host}:{port}"

    def answer(
        self, body: bytes | str, status: int = 200, content_type: str = "application/json", **headers: str
    ) -> None:
        """Add an ordinary answer. The last of all is given again and again."""
        content = body.encode() if isinstance(body, str) else body
        lines = [
            f"HTTP/1.1 {status} X",
            f"content-type: {content_type}",
            f"content-length: {len(content)}",
            *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        ]
        message = "\r\n".join(lines).encode() + b"\r\n\r\n" + content
        self.answers.append(lambda connection: connection.sendall(message))

    def close(self) -> None:
        self.closing.set()
        with closing(self._listener):
            self._listener.shutdown(socket.SHUT_RDWR)
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(10)
            assert not thread.is_alive()

    def _start(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with closing(connection):
            connection.settimeout(10)
            while not self.closing.is_set():
                try:
                    request = _read_request(connection)
                    if not request:
                        return
                    self.requests.append(request)
                    answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                    answer(connection)
                except OSError:
                    return


def _read_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        if not (more := connection.recv(65536)):
            return b""
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    announced = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    while len(body) < int(announced[1] if announced else 0):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def raw_server() -> Iterator[RawServer]:
    server = RawServer()
    yield server
    server.close()
