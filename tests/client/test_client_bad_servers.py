"""Servers and networks that misbehave, over real sockets, for both clients."""

from __future__ import annotations

import gzip
import json
import socket
import struct
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from mplp_sdk import errors

Connect = Callable[..., Any]

PLAN = {"id": "p1", "name": "p", "tasks": []}
GOOD = json.dumps({"success": True, "data": PLAN})


def get_plan(client: Any) -> Any:
    return client.plans.get("p1")


def reset(connection: socket.socket) -> None:
    """Close with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def cut_off(connection: socket.socket) -> None:
    """Promise a longer body than comes."""
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n" + GOOD.encode()[:20])
    connection.close()


def garbage(connection: socket.socket) -> None:
    connection.sendall(b"\x00\x01 this is not HTTP\r\n\r\n")
    connection.close()


@pytest.mark.requirement("ERR-BROKEN-CONNECTION")
def test_a_refused_connection(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(errors.NetworkError) as raised:
        connect(f"http://127.0.0.1:{port}", max_backoff=0, max_attempts=3)(get_plan)
    assert raised.value.attempts == 3
    assert isinstance(raised.value.__cause__, httpx.ConnectError)
    assert f"127.0.0.1:{port}" in str(raised.value)


@pytest.mark.requirement("ERR-BROKEN-CONNECTION")
@pytest.mark.parametrize("broken", [reset, cut_off, garbage, lambda connection: connection.close()])
def test_a_broken_connection_is_tried_again(connect: Connect, raw_server: Any, broken: Any) -> None:
    raw_server.answers += [broken, broken]
    raw_server.answer(GOOD)
    assert connect(raw_server.url, max_backoff=0)(get_plan).id == "p1"
    assert len(raw_server.requests) == 3


@pytest.mark.requirement("ERR-BROKEN-CONNECTION")
def test_a_connection_that_keeps_breaking(connect: Connect, raw_server: Any) -> None:
    raw_server.answers.append(cut_off)
    with pytest.raises(errors.NetworkError) as raised:
        connect(raw_server.url, max_backoff=0, max_attempts=2)(get_plan)
    assert raised.value.attempts == 2
    assert isinstance(raised.value.__cause__, httpx.RemoteProtocolError)


def test_html_with_status_200(connect: Connect, raw_server: Any) -> None:
    raw_server.answer("<html><h1>Welcome to the proxy</h1></html>", content_type="text/html")
    with pytest.raises(errors.InvalidResponse) as raised:
        connect(raw_server.url, max_backoff=0)(get_plan)
    assert raised.value.status == 200
    assert raised.value.body.startswith(b"<html>")
    assert len(raw_server.requests) == 1


def test_html_of_a_gateway_is_tried_again(connect: Connect, raw_server: Any) -> None:
    raw_server.answer("<html>Bad gateway</html>", status=502, content_type="text/html")
    raw_server.answer(GOOD)
    assert connect(raw_server.url, max_backoff=0)(get_plan).id == "p1"


def test_half_a_json_body(connect: Connect, raw_server: Any) -> None:
    raw_server.answer(GOOD[: len(GOOD) // 2])
    with pytest.raises(errors.InvalidResponse) as raised:
        connect(raw_server.url)(get_plan)
    assert raised.value.body == GOOD[: len(GOOD) // 2].encode()


def test_a_broken_compression(connect: Connect, raw_server: Any) -> None:
    raw_server.answer(b"not gzip at all", content_encoding="gzip")
    with pytest.raises(errors.InvalidResponse):
        connect(raw_server.url)(get_plan)


def test_ten_megabytes(connect: Connect, raw_server: Any) -> None:
    raw_server.answer(json.dumps({"success": True, "data": {**PLAN, "description": "x" * 10_000_000}}))
    assert len(connect(raw_server.url)(get_plan).description) == 10_000_000


@pytest.mark.parametrize("compressed", [False, True])
def test_a_body_past_the_limit_is_refused(connect: Connect, raw_server: Any, compressed: bool) -> None:
    body = json.dumps({"success": True, "data": {**PLAN, "description": "x" * 1_000_000}}).encode()
    if compressed:
        raw_server.answer(gzip.compress(body), content_encoding="gzip")
    else:
        raw_server.answer(body)
    call = connect(raw_server.url, max_response_bytes=100_000)
    with pytest.raises(errors.InvalidResponse, match="longer than 100000 bytes"):
        call(get_plan)
    raw_server.answers[:] = []
    raw_server.answer(GOOD)
    assert call(get_plan).id == "p1"


def hang(server: Any) -> Callable[[socket.socket], None]:
    """Answer nothing until the test is over."""
    return lambda connection: server.closing.wait(30) and None


def drip(server: Any, start: bytes) -> Callable[[socket.socket], None]:
    """Send a byte every 20 ms, so that no single read ever takes long."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(start)
        while not server.closing.wait(0.02):
            connection.sendall(b" ")

    return answer


@pytest.mark.requirement("ERR-BROKEN-CONNECTION")
def test_a_server_that_never_answers(connect: Connect, raw_server: Any) -> None:
    raw_server.answers.append(hang(raw_server))
    with pytest.raises(errors.RequestTimeout, match=raw_server.url) as raised:
        connect(raw_server.url, timeout=0.2)(get_plan)
    assert raised.value.__cause__ is not None


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", b"HTTP/1.1 200 OK\r\nx-slow: "],
    ids=["body", "headers"],
)
def test_a_response_that_drips_is_cut_at_the_deadline(
    connect: Connect, raw_server: Any, start: bytes
) -> None:
    raw_server.answers.append(drip(raw_server, start))
    with pytest.raises(errors.RequestTimeout, match=raw_server.url) as raised:
        connect(raw_server.url, timeout=0.3)(get_plan)
    assert raised.value.__cause__ is not None


def test_an_attempt_that_takes_too_long_is_made_again(connect: Connect, raw_server: Any) -> None:
    raw_server.answers.append(drip(raw_server, b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"))
    raw_server.answer(GOOD)
    call = connect(raw_server.url, attempt_timeout=0.2, max_backoff=0)
    assert call(get_plan).id == "p1"
    assert call(get_plan).id == "p1"
    assert raw_server.connections == 2


def test_connections_are_kept(connect: Connect, raw_server: Any) -> None:
    raw_server.answer(GOOD)
    call = connect(raw_server.url)
    for _ in range(5):
        call(get_plan)
    assert raw_server.connections == 1


def test_a_connection_that_the_server_closed_is_not_used_again(connect: Connect, raw_server: Any) -> None:
    def answer_and_close(connection: socket.socket) -> None:
        content = GOOD.encode()
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(content) + content)
        connection.close()

    raw_server.answers.append(answer_and_close)
    call = connect(raw_server.url, max_backoff=0)
    for _ in range(3):
        assert call(get_plan).id == "p1"
    assert raw_server.connections == 3
