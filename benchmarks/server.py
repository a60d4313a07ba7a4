"""How fast the reference server stores, against an application that parses and forgets.

    python -m benchmarks.server [--seconds 3] [--rounds 3]

Both run in processes of their own under the same uvicorn settings, and take the same bytes from the same
sockets, in turns within one run. The server writes to a SQLite file with `synchronous=FULL`: a request is
answered when its rows are on disk. What counts is the ratio; absolute numbers are this machine's.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from mplp_mock_server import MockServer

HOST = "127.0.0.1"
BATCH = 500


@dataclass(frozen=True)
class Load:
    """One kind of traffic."""

    name: str
    path: str
    content_type: str
    connections: int
    spans: int
    """Spans in one request."""
    body: Callable[[], bytes]


def span(trace_id: str) -> dict[str, object]:
    """A closed span of about 700 bytes, as a recorder writes it."""
    return {
        "id": str(uuid.uuid4()),
        "trace_id": trace_id,
        "span_id": str(uuid.uuid4()),
        "parent_span_id": str(uuid.uuid4()),
        "context_id": trace_id,
        "agent_id": trace_id,
        "action": {
            "name": "search_documents",
            "type": "execute",
            "parameters": {"query": "limits of retries"},
        },
        "timestamp": {"start": "2026-01-02T03:04:05.678901Z", "end": "2026-01-02T03:04:05.912345Z"},
        "result": {
            "status": "success",
            "output": {"value": "three documents speak of it; the first one is docs/client.md"},
            "metrics": {"input_tokens": 312, "output_tokens": 48, "total_tokens": 360},
        },
        "metadata": {"tags": {"langgraph.node": "tools", "langgraph.step": 3}},
    }


def one_span() -> bytes:
    return msgspec.json.encode(span(str(uuid.uuid4())))


def one_batch() -> bytes:
    trace_id = str(uuid.uuid4())
    return b"\n".join(msgspec.json.encode({"kind": "trace", "object": span(trace_id)}) for _ in range(BATCH))


LOADS = (
    Load("POST /traces, one span", "/v1.0/traces", "application/json", 32, 1, one_span),
    Load(f"POST /ingest, {BATCH} spans", "/v1.0/ingest", "application/x-ndjson", 4, BATCH, one_batch),
)


class Connection(asyncio.Protocol):
    """Sends a request as soon as the last one is answered; knows just enough HTTP for that."""

    def __init__(self, requests: Iterator[bytes], until: float, latencies: list[float]) -> None:
        self._requests = requests
        self._until = until
        self._latencies = latencies
        self._received = b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found or len(rest) < content_length(head):
            return
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
            self.done.set_exception(RuntimeError(self._received.decode()))
            return
        self._latencies.append(time.perf_counter() - self._sent)
        self._received = b""
        self._send()

    def _send(self) -> None:
        if time.perf_counter() > self._until:
            self._transport.close()
            self.done.set_result(None)
            return
        self._sent = time.perf_counter()
        self._transport.write(next(self._requests))


def content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    raise RuntimeError(f"no length in {head!r}")


def requests_of(load: Load, count: int) -> list[bytes]:
    """Requests made beforehand, so that making them is not measured."""

    def one() -> bytes:
        body = load.body()
        head = (
            f"POST {load.path} HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: {load.content_type}\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    return [one() for _ in range(count)]


async def drive(load: Load, port: int, requests: list[bytes], seconds: float) -> tuple[float, list[float]]:
    """Spans a second, and the latency of each request in seconds."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    shared = itertools.cycle(requests)
    started = time.perf_counter()
    opened = [
        await loop.create_connection(lambda: Connection(shared, started + seconds, latencies), HOST, port)
        for _ in range(load.connections)
    ]
    await asyncio.gather(*(connection.done for _, connection in opened))
    return len(latencies) * load.spans / (time.perf_counter() - started), latencies


def serve_bare() -> None:
    """An application that parses what it is sent and forgets it."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from mplp_mock_server._serving import listen

    async def one(request: Request) -> Response:
        msgspec.json.decode(await request.body())
        return Response(b'{"success":true}', 201, media_type="application/json")

    async def many(request: Request) -> Response:
        for line in (await request.body()).split(b"\n"):
            msgspec.json.decode(line)
        return Response(b'{"success":true}', media_type="application/json")

    routes = [Route("/v1.0/traces", one, methods=["POST"]), Route("/v1.0/ingest", many, methods=["POST"])]
    socket = listen(HOST, 0)
    print(socket.getsockname()[1], flush=True)
    config = uvicorn.Config(Starlette(routes=routes), log_config=None, access_log=False, server_header=False)
    uvicorn.Server(config).run(sockets=[socket])


@contextmanager
def bare_server() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, __file__, "--bare"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def measure(load: Load, ports: dict[str, int], rounds: int, seconds: float) -> None:
    rates: dict[str, list[float]] = {name: [] for name in ports}
    latencies: dict[str, list[float]] = {name: [] for name in ports}
    for _ in range(rounds):
        for name, port in ports.items():
            # New ids each time: what is stored already costs less to store.
            requests = requests_of(load, int(seconds * 30_000 / load.spans**0.8) + 1)
            rate, took = asyncio.run(drive(load, port, requests, seconds))
            rates[name].append(rate)
            latencies[name] += took
    print(f"{load.name}, {load.connections} connections, {len(load.body())} bytes")
    for name in ports:
        ordered = sorted(latencies[name])
        p50, p99 = (ordered[int(len(ordered) * part)] * 1000 for part in (0.5, 0.99))
        rate = statistics.median(rates[name])
        print(f"  {name:14} {rate:9,.0f} spans/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms")
    ratios = [server / bare for server, bare in zip(rates["server"], rates["bare"], strict=True)]
    print(
        f"  {'ratio':14} {statistics.median(ratios):9.2f}   (rounds {min(ratios):.2f} to {max(ratios):.2f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one measurement (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each (%(default)s)")
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.bare:
        serve_bare()
        return
    with tempfile.TemporaryDirectory() as folder, bare_server() as bare:
        for load in LOADS:
            with MockServer(Path(folder) / f"{load.spans}.db", subprocess=True) as server:
                ports = {"bare": bare, "server": int(server.url.rpartition(":")[2])}
                measure(load, ports, chosen.rounds, chosen.seconds)


if __name__ == "__main__":
    main()
