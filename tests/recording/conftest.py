"""A small ingest server that can be told to misbehave, programs that can be killed, and a spool read back.

The reference server proves that the two sides agree; this one proves what the recorder does when things go
wrong, which a well-behaved server cannot be made to do at a chosen request.
"""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import sys
import textwrap
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mplp_sdk.recording import Recorder
from mplp_sdk.recording.spool import Record, StreamReader, list_streams

PATIENCE = 30.0
"""Seconds that a test waits for something that must happen; never reached when all is well."""


@dataclass
class Batch:
    """One request that the server read in full."""

    stream: str
    first: int
    lines: list[bytes]
    headers: dict[str, str]
    size: int
    """Bytes on the wire."""


@dataclass
class Reply:
    """What a fault answers."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Fault = Callable[["IngestServer", Batch], Reply | str | None]
"""Answers instead of the server. None: it answers as usual; "drop": it closes the connection."""


class IngestServer:
    """`POST /v1.0/ingest` over a real socket, with stream marks in memory."""

    def __init__(self, port: int = 0) -> None:
        self.batches: list[Batch] = []
        self.stored: dict[str, dict[int, dict[str, Any]]] = {}
        self.arrivals: dict[str, list[int]] = {}
        self.marks: dict[str, int] = {}
        self.faults: deque[Fault] = deque()
        """Used up one by one, a request each."""
        self.always: Fault | None = None
        """Asked at every request once `faults` is empty."""
        self.closed_idle = threading.Event()
        self._over = threading.Event()
        self._changed = threading.Condition()
        self._http = _Server(("127.0.0.1", port), _handler_for(self))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> IngestServer:
        self._thread.start()
        return self

    def stop(self) -> None:
        if not self._thread.is_alive():
            return
        self._over.set()
        self._http.shutdown()
        self._http.close_connections()
        self._http.server_close()
        self._thread.join(PATIENCE)

    def answer(self, batch: Batch) -> Reply | str:
        with self._changed:
            self.batches.append(batch)
            fault = self.faults.popleft() if self.faults else self.always
            reply = fault(self, batch) if fault is not None else None
            if reply is None:
                reply = self.commit(batch)
            self._changed.notify_all()
            return reply

    def commit(self, batch: Batch, refused: Callable[[dict[str, Any]], bool] = lambda _: False) -> Reply:
        """Store what is above the mark, and tell the mark."""
        known = self.marks.get(batch.stream, 0)
        rejected = []
        for number, line in enumerate(batch.lines):
            if (sequence := batch.first + number) <= known:
                continue
            record = json.loads(line)
            if refused(record):
                rejected.append({"line": number + 1, "error": {"code": "3001", "message": "refused"}})
                continue
            self.stored.setdefault(batch.stream, {})[sequence] = record
            self.arrivals.setdefault(batch.stream, []).append(sequence)
        self.marks[batch.stream] = max(known, batch.first + len(batch.lines) - 1)
        state = {"id": batch.stream, "high_water": self.marks[batch.stream], "gaps": []}
        return self.succeed(
            {"accepted": len(batch.lines) - len(rejected), "rejected": rejected, "stream": state}
        )

    def succeed(self, data: object) -> Reply:
        return Reply(200, json.dumps({"success": True, "data": data, "metadata": {}}).encode())

    def fail(self, status: int, code: str, **headers: str) -> Reply:
        error = {"code": code, "name": "X", "message": "no", "details": {}}
        body = json.dumps({"success": False, "error": error, "metadata": {}}).encode()
        return Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def page(self, status: int) -> Reply:
        """What a proxy says."""
        return Reply(status, b"<html><body>It works!</body></html>", {"Content-Type": "text/html"})

    def hang(self) -> str:
        """Say nothing until the server stops."""
        self._changed.release()
        try:
            self._over.wait(PATIENCE)
        finally:
            self._changed.acquire()
        return "drop"

    def wait_until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), "it never happened"

    @property
    def total(self) -> int:
        return sum(len(records) for records in self.stored.values())

    def names(self) -> list[str]:
        """The `n` of all stored objects, in order of stream and arrival."""
        return [
            self.stored[stream][sequence]["object"]["n"]
            for stream, sequences in self.arrivals.items()
            for sequence in sequences
        ]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that break are what these tests are about."""

    def close_connections(self) -> None:
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _handler_for(server: IngestServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5.0
        wbufsize = -1  # one packet an answer

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            size = len(body)
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            batch = Batch(
                self.headers["X-MPLP-Stream"],
                int(self.headers["X-MPLP-Sequence"]),
                body.split(b"\n"),
                {name.lower(): value for name, value in self.headers.items()},
                size,
            )
            reply = server.answer(batch)
            if isinstance(reply, str):
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_error(self, format: str, *args: object) -> None:  # noqa: A002 - overrides
            server.closed_idle.set()  # the only error is the timeout of an idle connection

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - overrides
            pass

    return Handler


class Spool:
    """What a home holds, read as a later process would read it."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def records(self) -> list[Record]:
        """All records of all streams."""
        found: list[Record] = []
        for stream in list_streams(self.home):
            reader = StreamReader(stream)
            while batch := reader.read(records=1000, size=1 << 24):
                found += batch
        return found

    def objects(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The objects of the records, in order; of one kind if given."""
        lines = [json.loads(record.payload) for record in self.records()]
        return [line["object"] for line in lines if kind in (None, line["kind"])]

    def numbers(self) -> list[int]:
        """The `n` of all objects, in order."""
        return [obj["n"] for obj in self.objects()]

    def bytes(self) -> bytes:
        """Everything on disk, whatever it is."""
        return b"".join(path.read_bytes() for path in self.home.rglob("*") if path.is_file())


@pytest.fixture
def serve() -> Iterator[Callable[..., IngestServer]]:
    """Starts servers, and stops them at the end."""
    running: list[IngestServer] = []

    def start(port: int = 0) -> IngestServer:
        running.append(IngestServer(port).start())
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def server(serve: Callable[..., IngestServer]) -> IngestServer:
    return serve()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def spool(home: Path) -> Spool:
    return Spool(home)


@pytest.fixture
def recorder(home: Path) -> Iterator[Recorder]:
    """A recorder with no server."""
    opened = Recorder(home=home)
    yield opened
    opened.close()


@pytest.fixture
def make_recorder(home: Path) -> Iterator[Callable[..., Recorder]]:
    """Makes recorders on the same home, and closes them at the end."""
    opened: list[Recorder] = []

    def make(**arguments: Any) -> Recorder:
        opened.append(Recorder(home=home, **arguments))
        return opened[-1]

    yield make
    for recorder in opened:
        recorder.close(timeout=0.0)


class Program:
    """A Python program of its own, in a process that a test may kill."""

    def __init__(self, home: Path) -> None:
        self._environment = {**os.environ, "MPLP_HOME": str(home)}
        self.running: list[subprocess.Popen[str]] = []

    def start(self, source: str, **environment: str) -> subprocess.Popen[str]:
        """Run `source`; it prints lines for the test to wait for."""
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(source)],
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,
            text=True,
            env={**self._environment, **environment},
        )
        self.running.append(process)
        return process

    def run(self, source: str, **environment: str) -> str:
        """Run `source` to its end, which must be a good one, and return what it printed."""
        process = self.start(source, **environment)
        output, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        return output


@pytest.fixture
def program(home: Path) -> Iterator[Program]:
    programs = Program(home)
    yield programs
    for process in programs.running:
        process.kill()
        process.communicate()
