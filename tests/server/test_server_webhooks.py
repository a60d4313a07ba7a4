"""Telling somebody of the end of an execution: only whom the settings allow, and nobody by a detour."""

from __future__ import annotations

import http.server
import json
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import httpx
import pytest

from mplp_mock_server import MockServer, ServerSettings
from mplp_mock_server.services.execution._webhook import Webhooks, is_public
from mplp_sdk.errors import InvalidFormat, ValidationFailed

Json = dict[str, Any]
EXECUTION: Json = {"id": "e", "status": "completed"}


class Receiver(http.server.ThreadingHTTPServer):
    """Answers what it is told to, one status after the other, and keeps what came."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = list(statuses)
        self.received: queue.SimpleQueue[tuple[str, Json]] = queue.SimpleQueue()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/done?by=mplp"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        here = self.server
        assert isinstance(here, Receiver)
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        here.received.put((self.path, body))
        self.send_response(here.statuses.pop(0))
        self.send_header("location", here.url)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name of the base class
        pass


@contextmanager
def receiver(*statuses: int) -> Iterator[Receiver]:
    with Receiver(*statuses) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield running
        finally:
            running.shutdown()
            thread.join()


def hooks(*hosts: str, allow_private: bool = True) -> Webhooks:
    return Webhooks(hosts, allow_private=allow_private, pauses=(0.0, 0.0))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",  # noqa: S104
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::", "::1", "fe80::1", "fc00::1",
        "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1",
        "64:ff9b::a00:1", "2001:0:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_of_the_open_internet(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101"])
def test_addresses_that_are(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "", "example.org", "ftp://example.org/", "file:///etc/passwd", "http://", "http:///x", "http://[::1",
        "http://example.org:99999/", "http://user@example.org/", "http://user:pw@example.org/",
        "http://example.org/\r\nX: y", "http://exa mple.org/", "http://exämple.org/",
        "http://example.org/" + "x" * 2048,
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidFormat) as refused:
        hooks("example.org").check(url)
    assert refused.value.details["field"] == "notification_webhook"


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("http://example.org/", []),
        ("http://other.org/", ["example.org"]),
        ("http://sub.example.org/", ["example.org"]),
        ("http://example.org.evil.net/", ["example.org"]),
        ("http://example.org@evil.net/", ["example.net"]),
        ("http://example.org:81/", ["example.org:80"]),
        ("http://127.0.0.1/", ["127.0.0.1"]),
        ("http://[::1]/", ["::1"]),
        ("http://169.254.169.254/latest", ["169.254.169.254"]),
    ],
)
def test_what_the_settings_do_not_allow_is_refused(url: str, hosts: list[str]) -> None:
    with pytest.raises((ValidationFailed, InvalidFormat)):
        hooks(*hosts, allow_private=False).check(url)


def test_what_they_allow_is_taken() -> None:
    allowed = hooks("example.org", "api.example.org:8443", allow_private=False)
    for url in ("http://example.org", "https://EXAMPLE.org:9/x?y", "https://api.example.org:8443/"):
        allowed.check(url)


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["localhost", "rebound.example"])
async def test_a_name_that_leads_to_a_private_address_is_not_called(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        if host != "rebound.example":
            return real(host, port, *args, **more)
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, ("93.184.216.34", port)), (*kind, ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with receiver(200) as there:
        url = f"http://{name}:{there.server_port}/"
        level, told = await hooks(name, allow_private=False).call(url, EXECUTION)
        assert (level, "not a public address" in told) == ("warn", True)
        assert there.received.empty()


@pytest.mark.anyio
async def test_a_call_is_made_once_where_it_works() -> None:
    with receiver(204) as there:
        assert await hooks("127.0.0.1").call(there.url, EXECUTION) == ("info", "webhook called: 204")
        assert there.received.get(timeout=10) == ("/done?by=mplp", EXECUTION)
        assert there.received.empty()


@pytest.mark.anyio
async def test_a_call_that_fails_is_made_three_times() -> None:
    with receiver(500, 503, 201) as there:
        assert (await hooks("127.0.0.1").call(there.url, EXECUTION))[0] == "info"
        assert there.statuses == []
    with receiver(500, 500, 404, 200) as there:
        level, told = await hooks("127.0.0.1").call(there.url, EXECUTION)
        assert (level, told) == ("warn", "webhook failed 3 times, the last time with: status 404")
        assert there.statuses == [200]


@pytest.mark.anyio
async def test_a_redirect_is_not_followed() -> None:
    with receiver(302, 307, 308) as there:
        level, told = await hooks("127.0.0.1").call(there.url, EXECUTION)
        assert (level, told.endswith("status 308")) == ("warn", True)
        assert there.statuses == []


@pytest.mark.anyio
async def test_nobody_there_and_no_http_are_failures() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    level, _ = await hooks("127.0.0.1").call(f"http://127.0.0.1:{port}/", EXECUTION)
    assert level == "warn"
    with socket.create_server(("127.0.0.1", 0)) as odd:
        port = odd.getsockname()[1]
        threading.Thread(target=_answer_nonsense, args=(odd, 3)).start()
        level, told = await hooks("127.0.0.1").call(f"http://127.0.0.1:{port}/", EXECUTION)
    assert (level, "not HTTP" in told) == ("warn", True)


def _answer_nonsense(listener: socket.socket, times: int) -> None:
    for _ in range(times):
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"hello there\r\n")


@pytest.mark.requirement("EP-PLANS-EXECUTE")
def test_the_end_of_an_execution_is_told_to_its_webhook() -> None:
    with receiver(200) as there:
        host = f"127.0.0.1:{there.server_port}"
        settings = ServerSettings(webhook_hosts=(host,), webhook_allow_private=True)
        with MockServer(settings=settings) as server, httpx.Client(base_url=f"{server.url}/v1.0") as api:
            context_id = api.post("/contexts", json={}).json()["data"]["id"]
            plan = {"name": "p", "status": "approved", "context_id": context_id, "tasks": [{"name": "a"}]}
            plan_id = api.post("/plans", json=plan).json()["data"]["id"]
            asked = {"execution_mode": "sync", "notification_webhook": there.url}
            execution = api.post(f"/plans/{plan_id}/execute", json=asked).json()["data"]
            _, told = there.received.get(timeout=10)
    assert (told["id"], told["status"]) == (execution["id"], "completed")


@pytest.mark.parametrize("url", ["http://localhost/", "http://127.0.0.1/", "http://example.org/"])
def test_without_settings_nobody_is_told(api: httpx.Client, url: str) -> None:
    plan_id = api.post("/plans", json={"name": "p", "tasks": [{"name": "a"}]}).json()["data"]["id"]
    told = api.post(f"/plans/{plan_id}/execute", json={"notification_webhook": url}).json()["error"]
    assert (told["code"], told["details"]["field"]) == ("3001", "notification_webhook")
