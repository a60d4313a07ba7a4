"""What goes out: addresses, headers, options. Checked with respx, for both clients."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import types
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

import mplp_sdk
from mplp_sdk import Recorder, errors
from mplp_sdk.client import AsyncClient, Client, Health, Options, Reply, calls
from mplp_sdk.protocol.tracing import in_trace

BASE = "http://mplp.test"
PLAN = {"id": "p1", "name": "p", "tasks": []}
Connect = Callable[..., Any]


@pytest.fixture
def router() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        router.route(path__regex=r"/plans").respond(json={"success": True, "data": PLAN})
        yield router


def headers(router: respx.MockRouter, index: int = -1) -> httpx.Headers:
    sent: httpx.Request = router.calls[index].request
    return sent.headers


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        (BASE, f"{BASE}/v1.0/plans/p1"),
        (f"{BASE}/", f"{BASE}/v1.0/plans/p1"),
        (f"{BASE}/v1.0", f"{BASE}/v1.0/plans/p1"),
        (f"{BASE}/api/v1/mplp/", f"{BASE}/api/v1/mplp/plans/p1"),
        (f"{BASE}/behind/proxy", f"{BASE}/behind/proxy/v1.0/plans/p1"),
    ],
)
def test_the_base_address_may_name_the_base_path(
    connect: Connect, router: respx.MockRouter, base_url: str, expected: str
) -> None:
    connect(base_url)(lambda client: client.plans.get("p1"))
    assert str(router.calls.last.request.url) == expected


def test_health_and_ready_are_outside_the_base_path(connect: Connect, router: respx.MockRouter) -> None:
    router.get(f"{BASE}/health").respond(json={"status": "ok", "version": "1"})
    router.get(f"{BASE}/ready").respond(503, json={"status": "starting"})
    call = connect(f"{BASE}/api/v1/mplp", max_attempts=1)
    assert call(lambda client: client.health()) == Health(status="ok", version="1")
    with pytest.raises(errors.ServiceUnavailable):
        call(lambda client: client.ready())


@pytest.mark.requirement("HTTP-HEADERS-REQUEST-ID", "HTTP-HEADERS-IDEMPOTENCY-KEY")
def test_one_request_id_and_key_a_logical_call(connect: Connect, router: respx.MockRouter) -> None:
    router.clear()
    route = router.post(f"{BASE}/v1.0/plans")
    route.side_effect = [httpx.Response(503), httpx.ReadError("reset"), httpx.Response(201, json=PLAN)] * 2
    call = connect(BASE, max_backoff=0)
    for _ in range(2):
        reply = call(lambda client: client.send(calls.plans.create(name="p", tasks=[])))
        assert reply.attempts == 3
    for name in ("x-request-id", "idempotency-key"):
        values = [request.request.headers[name] for request in route.calls]
        first, second = values[:3], values[3:]
        assert len(set(first)) == len(set(second)) == 1
        assert first[0] != second[0]
        assert uuid.UUID(first[0]).version == 4
    assert len({request.request.content for request in route.calls}) == 1


@pytest.mark.requirement("HTTP-HEADERS-IDEMPOTENCY-KEY")
def test_only_posts_carry_a_key(connect: Connect, router: respx.MockRouter) -> None:
    call = connect(BASE)
    call(lambda client: client.plans.get("p1"))
    call(lambda client: client.plans.update("p1", name="q"))
    assert all("idempotency-key" not in headers(router, index) for index in range(2))


@pytest.mark.requirement("HTTP-HEADERS-CLIENT-VERSION", "HTTP-HEADERS-AUTH", "HTTP-CONTENT-TYPE")
def test_what_every_call_carries(connect: Connect, router: respx.MockRouter) -> None:
    connect(BASE)(lambda client: client.plans.create(name="größer", tasks=[]))
    sent = headers(router)
    assert sent["x-client-version"] == mplp_sdk.__version__
    assert sent["content-type"] == "application/json"
    assert not {"authorization", "x-api-key", "x-signature", "x-trace-id", "traceparent"} & set(sent)
    assert json.loads(router.calls.last.request.content) == {"name": "größer", "tasks": []}


@pytest.mark.requirement("HTTP-HEADERS-AUTH")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"api_key": "k"}, {"x-api-key": "k"}),
        ({"token": "t"}, {"authorization": "Bearer t"}),
        ({"api_key": "k", "token": "t"}, {"authorization": "Bearer t"}),
    ],
)
def test_credentials(
    connect: Connect, router: respx.MockRouter, arguments: dict[str, str], expected: dict[str, str]
) -> None:
    connect(BASE, **arguments)(lambda client: client.plans.get("p1"))
    sent = headers(router)
    assert {name: sent[name] for name in ("authorization", "x-api-key") if name in sent} == expected


def test_the_environment_names_server_and_key(
    connect: Connect, router: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLP_BASE_URL", BASE)
    monkeypatch.setenv("MPLP_API_KEY", "from-env")
    connect(None)(lambda client: client.plans.get("p1"))
    assert headers(router)["x-api-key"] == "from-env"


@pytest.mark.requirement("HTTP-HEADERS-SIGNATURE")
def test_bodies_are_signed_as_they_are_sent(connect: Connect, router: respx.MockRouter) -> None:
    router.post(f"{BASE}/v1.0/ingest").respond(json={"success": True, "data": {"accepted": 1}})
    call = connect(BASE, signing_key=b"secret")
    call(lambda client: client.ingest(b"\x1f\x8b", encoding="gzip"))
    expected = hmac.new(b"secret", b"\x1f\x8b", hashlib.sha256).hexdigest()
    assert headers(router)["x-signature"] == f"sha256={expected}"
    call(lambda client: client.plans.get("p1"))
    assert "x-signature" not in headers(router)


@pytest.mark.requirement("HTTP-HEADERS-TRACEPARENT")
def test_an_active_trace_is_named(
    connect: Connect, router: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def inject(carrier: dict[str, str]) -> None:
        carrier["traceparent"] = "00-aa-bb-01"

    propagate: Any = types.ModuleType("opentelemetry.propagate")
    propagate.inject = inject
    monkeypatch.setitem(sys.modules, "opentelemetry.propagate", propagate)
    connect(BASE)(lambda client: client.with_options(trace_id="t1").plans.get("p1"))
    assert headers(router)["traceparent"] == "00-aa-bb-01"
    assert headers(router)["x-trace-id"] == "t1"


def test_own_headers_win_and_may_be_made_for_each_call(connect: Connect, router: respx.MockRouter) -> None:
    numbers = iter(range(9))
    call = connect(BASE, headers=lambda: {"X-Number": str(next(numbers)), "User-Agent": "mine"})
    for number in range(2):
        call(lambda client: client.plans.get("p1"))
        assert headers(router)["x-number"] == str(number)
        assert headers(router).get_list("user-agent") == ["mine"]


def test_options_change_for_some_calls_only(connect: Connect, router: respx.MockRouter) -> None:
    call = connect(BASE, headers={"x-own": "1"})
    changed = call(
        lambda client: client.with_options(
            idempotency_key="again", request_id="r-1", headers={"x-own": "2"}
        ).plans.create(name="p", tasks=[])
    )
    assert changed.id == "p1"
    sent = headers(router)
    assert (sent["idempotency-key"], sent["x-request-id"], sent["x-own"]) == ("again", "r-1", "2")
    call(lambda client: client.plans.create(name="p", tasks=[]))
    assert headers(router)["idempotency-key"] != "again"
    assert headers(router)["x-own"] == "1"


def test_fewer_attempts_for_some_calls(connect: Connect, router: respx.MockRouter) -> None:
    router.clear()
    route = router.get(f"{BASE}/v1.0/plans/p1").respond(502, html="<h1>Bad gateway</h1>")
    call = connect(BASE, max_backoff=0)
    with pytest.raises(errors.NetworkError) as raised:
        call(lambda client: client.with_options(max_attempts=2).plans.get("p1"))
    assert raised.value.attempts == route.call_count == 2
    with pytest.raises(errors.NetworkError):
        call(lambda client: client.plans.get("p1"))
    assert route.call_count == 6


@pytest.mark.parametrize(
    "changes",
    [
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": float("nan")},
        {"attempt_timeout": float("inf")},
        {"max_attempts": 0},
        {"max_backoff": -1},
        {"colour": "red"},
    ],
)
def test_wrong_options_are_refused(connect: Connect, changes: Any) -> None:
    call = connect(BASE)
    with pytest.raises(errors.ConfigError, match=next(iter(changes))):
        call(lambda client: client.with_options(**changes))


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_no_server_is_a_clear_error(kind: Any) -> None:
    with pytest.raises(errors.ConfigError, match="MPLP_BASE_URL"):
        kind()


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("arguments", [{"api_key": "a\nb"}, {"token": "schlüssel"}, {"token": ""}])
def test_credentials_that_no_header_can_carry(kind: Any, arguments: dict[str, str]) -> None:
    with pytest.raises(errors.ConfigError, match=next(iter(arguments))):
        kind(BASE, **arguments)


@pytest.mark.parametrize("value", ["a\nb", "größer"])
def test_headers_that_http_cannot_carry(connect: Connect, raw_server: Any, value: str) -> None:
    with pytest.raises(errors.ConfigError):
        connect(raw_server.url, headers={"x-own": value})(lambda client: client.plans.get("p1"))
    assert raw_server.requests == []


def test_secrets_are_not_shown(connect: Connect) -> None:
    caller = connect(BASE, api_key="k-secret", token="t-secret", signing_key=b"s-secret")
    assert "secret" not in repr(caller.client)
    assert "secret" not in repr(caller.client._session.credentials)


def test_a_raw_reply_has_everything(connect: Connect, router: respx.MockRouter) -> None:
    body = {"success": True, "data": PLAN, "metadata": {"requestId": "r-9", "processingTime": 1.5}}
    router.clear()
    router.get(f"{BASE}/v1.0/plans/p1").respond(200, json=body, headers={"X-Request-ID": "r-9"})
    reply = connect(BASE)(lambda client: client.send(calls.plans.get("p1")))
    assert isinstance(reply, Reply)
    assert (reply.parsed.id, reply.status, reply.request_id, reply.attempts) == ("p1", 200, "r-9", 1)
    assert reply.headers["content-type"] == "application/json"
    assert reply.metadata == body["metadata"]
    assert json.loads(reply.body) == body


def test_unknown_members_are_kept(connect: Connect, router: respx.MockRouter) -> None:
    router.clear()
    router.get(f"{BASE}/v1.0/plans/p1").respond(json={**PLAN, "colour": {"deep": [1]}})
    plan = connect(BASE)(lambda client: client.plans.get("p1"))
    assert plan.to_wire() == {**PLAN, "colour": {"deep": [1]}}


def test_options_say_their_defaults() -> None:
    assert Options() == Options(timeout=30.0, max_attempts=4, max_backoff=8.0)


@pytest.mark.requirement("HTTP-HEADERS-TRACE-ID")
def test_a_call_inside_a_trace_names_it(connect: Connect, router: respx.MockRouter, tmp_path: Path) -> None:
    call = connect(BASE)
    recorder = Recorder(home=tmp_path, base_url=None)
    with recorder.start_run("outer") as outer:
        with recorder.start_run("inner") as inner:
            call(lambda client: client.plans.get("p1"))
            assert headers(router)["x-trace-id"] == inner.trace_id
        call(lambda client: client.plans.get("p1"))
        assert headers(router)["x-trace-id"] == outer.trace_id
        call(lambda client: client.with_options(trace_id="t1").plans.get("p1"))
        assert headers(router)["x-trace-id"] == "t1"
    recorder.close()
    call(lambda client: client.plans.get("p1"))
    assert "x-trace-id" not in headers(router)


def test_a_block_may_work_for_a_trace(connect: Connect, router: respx.MockRouter) -> None:
    call = connect(BASE)
    with in_trace("t1"):
        call(lambda client: client.plans.get("p1"))
    assert headers(router)["x-trace-id"] == "t1"
    call(lambda client: client.plans.get("p1"))
    assert "x-trace-id" not in headers(router)


@pytest.mark.requirement("HTTP-ETAG")
def test_what_was_read_is_changed_or_nothing_is(connect: Connect, router: respx.MockRouter) -> None:
    router.clear()
    router.get(f"{BASE}/v1.0/plans/p1").respond(json=PLAN, headers={"ETag": '"v1"'})
    conflict = {"code": "4003", "message": "changed meanwhile", "details": {"actual": '"v2"'}}
    change = router.put(f"{BASE}/v1.0/plans/p1").respond(409, json={"error": conflict})
    call = connect(BASE)
    reply = call(lambda client: client.send(calls.plans.get("p1")))
    assert reply.etag == '"v1"'
    with pytest.raises(errors.Conflict):
        call(lambda client: client.plans.update("p1", if_match=reply.etag, name="q"))
    sent = change.calls.last.request
    assert (sent.headers["if-match"], json.loads(sent.content)) == ('"v1"', {"name": "q"})
    assert change.call_count == 1
