"""Bodies that are not what they should be: the right code, no 5xx, and nothing stored."""

from __future__ import annotations

import gzip
import json
import socket
import uuid
from collections.abc import Iterator

import httpx
import pytest

from mplp_mock_server import MockServer

JSON = {"content-type": "application/json"}

BODIES: list[tuple[str, bytes, str]] = [
    ("empty", b"", "3003"),
    ("blank", b"  \n", "3003"),
    ("not json", b"{'a': 1}", "3003"),
    ("cut short", b'{"name": "p", "tasks": [', "3003"),
    ("two values", b"{} {}", "3003"),
    ("trailing comma", b'{"name": "p",}', "3003"),
    ("comment", b'{"name": "p" /* no */}', "3003"),
    ("nan", b'{"name": "p", "tasks": [], "x": NaN}', "3003"),
    ("infinity", b'{"name": "p", "tasks": [], "x": -Infinity}', "3003"),
    ("beyond doubles", b'{"name": "p", "tasks": [], "x": 1e999}', "3003"),
    ("endless number", b'{"name": "p", "tasks": [], "x": ' + b"9" * 5000 + b"}", "3003"),
    ("duplicate", b'{"name": "p", "tasks": [], "name": "q"}', "3003"),
    ("deep duplicate", b'{"name": "p", "tasks": [], "x": [{"a": 1, "\\u0061": 2}]}', "3003"),
    ("half a pair", b'{"name": "\\ud800", "tasks": []}', "3003"),
    ("latin-1", '{"name": "ü", "tasks": []}'.encode("latin-1"), "3003"),
    ("utf-16", '{"name": "p", "tasks": []}'.encode("utf-16"), "3003"),
    ("byte order mark", b'\xef\xbb\xbf{"name": "p", "tasks": []}', "3003"),
    ("control character", b'{"name": "a\x01", "tasks": []}', "3003"),
    ("list", b"[]", "3006"),
    ("null", b"null", "3006"),
    ("number", b"7", "3006"),
    ("text", b'"{}"', "3006"),
    ("true", b"true", "3006"),
    ("65 levels", b'{"name": "p", "tasks": [], "x": ' + b"[" * 64 + b"]" * 64 + b"}", "3004"),
    ("5000 levels", b'{"x": ' + b"[" * 5000 + b"]" * 5000 + b"}", "3004"),
    ("8 million levels", b"[" * 8_000_000, "3004"),
    ("too large", b'{"name": "' + b"x" * 2**23 + b'", "tasks": []}', "3004"),
]
ENDPOINTS = [
    ("POST", "/plans"),
    ("PUT", "/plans/some"),
    ("POST", "/contexts"),
    ("PUT", "/contexts/some"),
    ("PUT", "/contexts/some/status"),
    ("POST", "/confirmations"),
    ("POST", "/confirmations/some/decide"),
    ("POST", "/traces"),
]


@pytest.mark.requirement("LIMIT-BODY", "LIMIT-JSON-DEPTH")
@pytest.mark.parametrize(("body", "code"), [row[1:] for row in BODIES], ids=[row[0] for row in BODIES])
def test_a_body_that_is_wrong_is_refused_everywhere(api: httpx.Client, body: bytes, code: str) -> None:
    for method, path in ENDPOINTS:
        answer = api.request(method, path, content=body, headers=JSON)
        told = answer.json()
        assert (answer.status_code, told["error"]["code"]) == (400, code), (method, path, told)
        assert told["error"]["message"]
    for collection in ("plans", "contexts", "confirmations", "traces"):
        assert api.get(f"/{collection}").json()["data"]["pagination"]["total"] == 0


@pytest.mark.requirement("LIMIT-JSON-DEPTH")
def test_64_levels_are_taken() -> None:
    body = b'{"name": "p", "tasks": [], "x": ' + b"[" * 63 + b"]" * 63 + b"}"
    braces = json.dumps({"name": "p", "tasks": [], "x": "{[" * 1000}).encode()
    with MockServer() as server, httpx.Client(base_url=f"{server.url}/v1.0") as api:
        for taken in (body, braces):
            assert api.post("/plans", content=taken, headers=JSON).status_code == 201


@pytest.mark.requirement("LIMIT-BODY")
def test_8_mib_are_taken() -> None:
    frame = b'{"name": "p", "tasks": [], "x": "%s"}'
    body = frame % (b"x" * (2**23 - len(frame) + 2))
    assert len(body) == 2**23
    with MockServer() as server, httpx.Client(base_url=f"{server.url}/v1.0") as api:
        assert api.post("/plans", content=body, headers=JSON).status_code == 201


@pytest.mark.requirement("LIMIT-BODY")
def test_a_body_without_a_length_is_limited_too(api: httpx.Client) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"x": "'
        for _ in range(9):
            yield b"x" * 2**20
        yield b'"}'

    answer = api.post("/contexts", content=chunks(), headers=JSON)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "3004")
    assert api.get("/contexts").status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "application/x-www-form-urlencoded", "application/xml", "json", "a" * 500],
)
def test_another_content_type_is_refused(api: httpx.Client, content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    answer = api.post("/contexts", content=b"{}", headers=headers)
    told = answer.json()["error"]
    assert (answer.status_code, told["code"], told["details"]["field"]) == (400, "3003", "Content-Type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_the_content_type_may_be_spelt_in_any_way(content_type: str) -> None:
    with MockServer() as server, httpx.Client(base_url=f"{server.url}/v1.0") as api:
        assert api.post("/contexts", content=b"{}", headers={"content-type": content_type}).status_code == 201
        packed = {"content-type": content_type, "content-encoding": "gzip"}
        assert api.post("/contexts", content=gzip.compress(b"{}"), headers=packed).status_code == 201


@pytest.mark.parametrize("member", ["context_id", "plan_id"])
def test_ids_that_refer_to_others_are_ids_too(api: httpx.Client, member: str) -> None:
    body = {"target": {"type": "task", "id": "t"}, "type": "approval", member: "bell\x07"}
    told = api.post("/confirmations", json=body).json()["error"]
    assert (told["code"], told["details"]["field"]) == ("3003", member)


def exchange(server: MockServer, sent: bytes) -> bytes:
    """What comes back for these very bytes, until the server closes."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /v1.0/contexts HTTP/9.9\r\n\r\n",
        b"GET  HTTP/1.1\r\nhost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET /v1.0/contexts/\xff HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /v1.0/contexts HTTP/1.1\r\nhost: x\r\ncontent-length: ten\r\n\r\n",
        b"POST /v1.0/contexts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET * HTTP/1.1\r\nhost: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
)
def test_what_is_not_http_ends_in_a_4xx_or_a_closed_connection(server: MockServer, sent: bytes) -> None:
    came = exchange(server, sent)
    assert not came or came.startswith(b"HTTP/1.1 4"), came
    assert httpx.get(f"{server.url}/health").status_code == 200


def test_a_caller_who_leaves_in_the_middle_stores_nothing(server: MockServer, api: httpx.Client) -> None:
    own = str(uuid.uuid4())
    body = json.dumps({"id": own}).encode()
    head = (
        "POST /v1.0/contexts HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body) + 9}\r\n\r\n"
    )
    assert exchange(server, head.encode() + body) == b""
    assert api.get(f"/contexts/{own}").status_code == 404
