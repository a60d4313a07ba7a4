"""What a call through the client costs beside the same request through bare httpx.

    python benchmarks/client.py [--rounds N] [--calls N] [--goal RATIO]

Both talk to one server process on loopback that answers a fixed plan. Rounds alternate between the two, and
the medians of their means are compared. Bare httpx sends the same headers and body, and decodes the JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import socket
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from mplp_sdk.client import AsyncClient, Client

PLAN_ID = "0b1f6a52-6b0e-4c4e-9d1a-4a1f3f5b7c11"
NEW_PLAN: Any = {"name": "release", "tasks": [{"name": f"step {n}", "type": "atomic"} for n in range(10)]}
PLAN = {
    "id": PLAN_ID,
    "name": "release",
    "version": "1.0.0",
    "status": "draft",
    "tasks": [
        {"id": PLAN_ID[:-2] + f"{n:02}", "name": f"step {n}", "type": "atomic", "status": "pending"}
        for n in range(10)
    ],
    "dependencies": [],
}
ENVELOPE = {
    "success": True,
    "data": PLAN,
    "metadata": {
        "timestamp": "2026-01-02T03:04:05.678Z",
        "requestId": PLAN_ID,
        "version": "1.0.0",
        "processingTime": 0.3,
    },
}
HEADERS = {
    "accept": "application/json",
    "x-client-version": "0",
    "x-request-id": PLAN_ID,
    "idempotency-key": PLAN_ID,
    "content-type": "application/json",
}


class _Server(asyncio.Protocol):
    """Answers every request with the plan, as cheaply as Python can."""

    body = json.dumps(ENVELOPE).encode()
    answer = (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if found and len(body) >= _content_length(head):
            self._received = b""
            self._transport.write(self.answer)


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def _serve(listener: socket.socket) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(_Server, sock=listener)
        await server.serve_forever()

    asyncio.run(run())


def measure_sync(url: str, rounds: int, calls: int) -> dict[str, tuple[float, float]]:
    """Microseconds a call, bare and through the client, by kind of call."""
    plans, body = f"{url}/v1.0/plans", json.dumps(NEW_PLAN).encode()
    with httpx.Client() as bare, Client(base_url=url) as client:
        pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "get": (
                lambda: bare.get(f"{plans}/{PLAN_ID}", headers=HEADERS).json(),
                lambda: client.plans.get(PLAN_ID),
            ),
            "create": (
                lambda: bare.post(plans, headers=HEADERS, content=body).json(),
                lambda: client.plans.create(**NEW_PLAN),
            ),
        }
        return {kind: _compare(pair, rounds, calls) for kind, pair in pairs.items()}


async def measure_async(url: str, rounds: int, calls: int) -> dict[str, tuple[float, float]]:
    """The same for the asynchronous client, one call after the other."""
    plans, body = f"{url}/v1.0/plans", json.dumps(NEW_PLAN).encode()
    async with httpx.AsyncClient() as bare, AsyncClient(base_url=url) as client:
        pairs: dict[str, tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[object]]]] = {
            "get": (
                lambda: bare.get(f"{plans}/{PLAN_ID}", headers=HEADERS),
                lambda: client.plans.get(PLAN_ID),
            ),
            "create": (
                lambda: bare.post(plans, headers=HEADERS, content=body),
                lambda: client.plans.create(**NEW_PLAN),
            ),
        }
        return {kind: await _compare_async(pair, rounds, calls) for kind, pair in pairs.items()}


def _compare(
    pair: tuple[Callable[[], object], Callable[[], object]], rounds: int, calls: int
) -> tuple[float, float]:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):
        for call, taken in zip(pair, times, strict=True):
            start = time.perf_counter()
            for _ in range(calls):
                call()
            taken.append((time.perf_counter() - start) / calls * 1e6)
    return statistics.median(times[0][1:]), statistics.median(times[1][1:])


async def _compare_async(
    pair: tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[object]]], rounds: int, calls: int
) -> tuple[float, float]:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):
        for call, taken in zip(pair, times, strict=True):
            start = time.perf_counter()
            for _ in range(calls):
                result = await call()
                if isinstance(result, httpx.Response):
                    result.json()
            taken.append((time.perf_counter() - start) / calls * 1e6)
    return statistics.median(times[0][1:]), statistics.median(times[1][1:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=200, help="calls a round")
    parser.add_argument("--goal", type=float, default=1.3, help="highest ratio wanted")
    arguments = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = multiprocessing.get_context("fork").Process(target=_serve, args=(listener,), daemon=True)
        server.start()
        try:
            results = {
                f"sync {k}": v for k, v in measure_sync(url, arguments.rounds, arguments.calls).items()
            } | {
                f"async {k}": v
                for k, v in asyncio.run(measure_async(url, arguments.rounds, arguments.calls)).items()
            }
        finally:
            server.terminate()
            server.join()
    print(f"{'call':<14}{'bare httpx':>12}{'client':>12}{'ratio':>8}   goal ≤ {arguments.goal:g}")
    for kind, (bare, ours) in results.items():
        print(f"{kind:<14}{bare:>9.0f} µs{ours:>9.0f} µs{ours / bare:>8.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
