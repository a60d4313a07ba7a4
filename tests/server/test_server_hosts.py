"""A server that asks nobody for a key answers only to names of this machine."""

from __future__ import annotations

import http.client

import httpx
import pytest

from mplp_mock_server import MockServer, ServerSettings

OURS = [
    "127.0.0.1", "127.0.0.1:8700", "127.9.9.9", "localhost", "LOCALHOST:80", "localhost.", "[::1]",
    "[::1]:80", "app.localhost:3000",
]  # fmt: skip
STRANGE = [
    "example.com", "example.com:8700", "127.0.0.1.example.com", "localhost.example.com", "10.0.0.1", "[::2]",
    "2130706433", "localhost@example.com", "", "testserver",
]  # fmt: skip
PATHS = ["/v1.0/contexts", "/api/v1/mplp/traces", "/health", "/openapi.json", "/", "/nowhere"]


def told(server: MockServer, host: str, path: str) -> tuple[int, dict[str, str]]:
    answer = httpx.get(server.url + path, headers={"host": host})
    return answer.status_code, {} if answer.is_success else answer.json()["error"]


@pytest.mark.requirement("LIMIT-HOST")
@pytest.mark.parametrize("host", OURS)
def test_names_of_this_machine_are_answered(server: MockServer, host: str) -> None:
    assert told(server, host, "/v1.0/contexts") == (200, {})


@pytest.mark.requirement("LIMIT-HOST")
@pytest.mark.parametrize("host", STRANGE)
def test_other_names_are_not(server: MockServer, host: str) -> None:
    for path in PATHS:
        status, error = told(server, host, path)
        assert (status, error["code"], error["details"]) == (
            403,
            "2004",
            {"field": "Host", "reason": "not a name of this machine"},
        ), path


@pytest.mark.requirement("LIMIT-HOST")
def test_a_name_may_be_allowed() -> None:
    settings = ServerSettings(allowed_hosts=("testserver",))
    with MockServer(settings=settings) as server:
        assert told(server, "TestServer:80", "/v1.0/contexts")[0] == 200
        assert told(server, "example.com", "/v1.0/contexts")[0] == 403


@pytest.mark.requirement("LIMIT-HOST")
def test_with_a_key_every_name_is_answered() -> None:
    with MockServer(api_key="k") as server:
        headers = {"host": "example.com", "x-api-key": "k"}
        assert httpx.get(f"{server.url}/v1.0/contexts", headers=headers).status_code == 200


def test_a_request_without_a_name_comes_from_no_browser(server: MockServer) -> None:
    connection = http.client.HTTPConnection(*server.url.removeprefix("http://").split(":"))
    connection.putrequest("GET", "/v1.0/contexts", skip_host=True)
    connection.endheaders()
    assert connection.getresponse().status == 200
    connection.close()
