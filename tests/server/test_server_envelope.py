"""What every answer has around it, whatever was asked."""

from __future__ import annotations

import uuid
from datetime import datetime

import httpx
import pytest

from mplp_mock_server import MockServer


@pytest.mark.requirement("WIRE-ENVELOPE-SUCCESS", "HTTP-HEADERS-REQUEST-ID")
def test_a_success_tells_when_and_for_which_request(api: httpx.Client) -> None:
    asked = str(uuid.uuid4())
    answer = api.get("/contexts", headers={"x-request-id": asked})
    body = answer.json()
    assert set(body) == {"success", "data", "metadata"}
    assert body["success"] is True
    assert set(body["metadata"]) == {"timestamp", "requestId", "version", "processingTime"}
    assert body["metadata"]["requestId"] == answer.headers["x-request-id"] == asked
    assert body["metadata"]["processingTime"] >= 0
    assert datetime.fromisoformat(body["metadata"]["timestamp"]).utcoffset() is not None
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.requirement("WIRE-ENVELOPE-ERROR", "ERR-WIRE-FORM")
def test_an_error_has_the_same_envelope(api: httpx.Client) -> None:
    answer = api.get("/contexts/nobody")
    body = answer.json()
    assert answer.status_code == 404
    assert set(body) == {"success", "error", "metadata"}
    assert body["success"] is False
    assert set(body["error"]) == {"code", "name", "message", "details"}
    assert (body["error"]["code"], body["error"]["name"]) == ("4001", "RESOURCE_NOT_FOUND")


@pytest.mark.parametrize(
    "sent", ["", "a" * 129, "a b", "-x", "line\tbreak", "ümlaut".encode().decode("latin-1")]
)
def test_a_request_id_that_no_log_could_show_is_replaced(api: httpx.Client, sent: str) -> None:
    answer = api.get("/contexts", headers=[(b"x-request-id", sent.encode("latin-1"))])
    told = answer.json()["metadata"]["requestId"]
    assert told != sent
    assert uuid.UUID(told).version == 4


@pytest.mark.requirement("HTTP-BASE-PATHS")
def test_both_base_paths_are_the_same_api(root: httpx.Client) -> None:
    made = root.post("/v1.0/contexts", json={"name": "twice"}).json()["data"]
    one = root.get(f"/v1.0/contexts/{made['id']}").json()["data"]
    other = root.get(f"/api/v1/mplp/contexts/{made['id']}").json()["data"]
    assert one == other == made


@pytest.mark.requirement("HTTP-CONTENT-TYPE")
def test_text_outside_ascii_comes_back_as_it_went(api: httpx.Client) -> None:
    name = 'Größe 測試 \U0001f680 \u0000 \\ " \u2028'
    made = api.post("/contexts", json={"name": name}).json()["data"]
    assert api.get(f"/contexts/{made['id']}").json()["data"]["name"] == name


@pytest.mark.requirement("ERR-UNKNOWN-ROUTE")
@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/v1.0",
        "/v1.0/",
        "/v1.0/nothing",
        "/v1.0/contexts/",
        "/v1.0//contexts",
        "/v1.0/contexts/a/b/c",
        "/v2.0/contexts",
        "/api/v1/contexts",
        "/v1.0/contexts/%2e%2e/plans/x/y",
        "/V1.0/contexts",
        "/health/",
        "/%00",
        "/v1.0/{context_id}",
        "/v1.0/contexts;a=b",
    ],
)
def test_an_unknown_path_answers_4001(root: httpx.Client, path: str) -> None:
    answer = root.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "4001")


@pytest.mark.requirement("ERR-UNKNOWN-ROUTE")
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1.0/contexts", "GET, POST"),
        ("PATCH", "/v1.0/plans/x", "DELETE, GET, PUT"),
        ("OPTIONS", "/v1.0/confirmations", "GET, POST"),
        ("GET", "/v1.0/ingest", "POST"),
        ("GET", "/v1.0/traces/batch", "POST"),
        ("POST", "/health", "GET"),
        ("BREW", "/v1.0/contexts", None),
    ],
)
def test_an_unknown_method_answers_4005_and_says_which_there_are(
    root: httpx.Client, method: str, path: str, allowed: str | None
) -> None:
    answer = root.request(method, path)
    if allowed is None:
        assert answer.status_code == 400  # not a method that the HTTP parser knows
        return
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "4005")
    assert answer.headers["allow"] == allowed


def test_head_answers_as_get_without_a_body(root: httpx.Client) -> None:
    answer = root.head("/v1.0/contexts")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.requirement("HTTP-BARE-ENDPOINTS", "EP-HEALTH", "EP-READY")
def test_health_and_readiness_are_bare(root: httpx.Client) -> None:
    for path in ("/health", "/ready"):
        answer = root.get(path)
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert root.get("/v1.0/health").status_code == 404


def test_the_page_for_people_says_where_things_are(root: httpx.Client) -> None:
    answer = root.get("/")
    assert answer.headers["content-type"].startswith("text/plain")
    for path in ("/v1.0", "/openapi.json", "/health", "/ready"):
        assert path in answer.text


def test_a_key_is_asked_of_everybody_but_for_health() -> None:
    with MockServer(api_key="s3cret") as server, httpx.Client(base_url=server.url) as client:

        def code(path: str, **headers: str) -> str:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            answer = client.get(path, headers=sent)
            return "ok" if answer.is_success else f"{answer.status_code} {answer.json()['error']['code']}"

        assert code("/v1.0/contexts") == "401 2001"
        assert code("/v1.0/nothing") == "401 2001"
        assert code("/v1.0/contexts", authorization="Basic s3cret") == "401 2001"
        assert code("/v1.0/contexts", x_api_key="other") == "401 2002"
        assert code("/v1.0/contexts", authorization="Bearer other") == "401 2002"
        assert code("/v1.0/contexts", x_api_key="s3cret") == "ok"
        assert code("/v1.0/contexts", authorization="Bearer s3cret") == "ok"
        assert code("/v1.0/contexts", authorization="bearer s3cret") == "ok"
        assert code("/health") == code("/ready") == code("/openapi.json") == "ok"
