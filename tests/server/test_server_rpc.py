"""`/rpc`: every action does what its own endpoint does."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from answers import error
from mplp_mock_server import MockServer, ServerSettings
from mplp_mock_server.api import OPERATIONS
from mplp_mock_server.extensions import register_extension, unregister_extension
from mplp_sdk.models import STRICT, RpcAccepted, RpcResult

Json = dict[str, Any]

ADMIN, VIEWER = "the-admin-key", "the-viewer-key"


def call(
    api: httpx.Client, module: str, action: str, options: Json | None = None, /, **parameters: Any
) -> httpx.Response:
    body = {"module": module, "action": action, "version": "1.0.0", "parameters": parameters}
    return api.post("/rpc", json={**body, "options": options or {}})


def result(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    told = answer.json()["data"]
    RpcResult.model_validate(told, context=STRICT)
    return told["result"]


@pytest.mark.requirement("EP-RPC")
def test_actions_answer_what_their_endpoints_do(api: httpx.Client, make_span: Any) -> None:
    context = result(call(api, "context", "create", name="n"))
    own = context["id"]
    assert api.get(f"/contexts/{own}").json()["data"] == context
    assert result(call(api, "contexts", "get", context_id=own)) == context
    changed = result(call(api, "context", "update", context_id=own, name="m"))
    assert changed["name"] == "m"
    moved = result(call(api, "context", "set_status", context_id=own, status="suspended", reason="r"))
    assert moved["status"] == "suspended"
    assert result(call(api, "context", "set_variable", context_id=own, key="a", value=[1]))["value"] == [1]
    assert result(call(api, "context", "get_variable", context_id=own, key="a"))["key"] == "a"
    snapshot = result(call(api, "context", "create_snapshot", context_id=own))
    assert result(call(api, "context", "restore", context_id=own, snapshot_id=snapshot["id"]))["id"] == own
    assert result(call(api, "context", "get_state", context_id=own))["context_id"] == own
    who = result(call(api, "context", "add_participant", context_id=own, user_id="u"))
    listed = result(call(api, "context", "list_participants", context_id=own, pageSize=1, user_id="u"))
    assert listed["items"] == [who]
    plan = result(call(api, "plan", "create", name="p", tasks=[{"name": "t"}], context_id=own))
    page = result(call(api, "plans", "list", context_id=own, pageSize=10))
    assert (page["items"], page["pagination"]["pageSize"]) == ([plan], 10)
    asked = result(call(api, "confirm", "create", target={"type": "plan", "id": plan["id"]}, type="approval"))
    decided = result(call(api, "confirm", "decide", confirmation_id=asked["id"], decision="approved"))
    assert decided["result"]["status"] == "approved"
    spans = [make_span(), make_span()]
    assert result(call(api, "trace", "create", **spans[0])) == spans[0]
    assert result(call(api, "trace", "create_batch", items=spans)) == spans
    told = result(call(api, "role", "check", role_id="viewer", resource="plan", action="read"))
    assert told["allowed"] is True
    assert result(call(api, "context", "delete", context_id=own)) is None
    assert error(call(api, "context", "get", context_id=own))[:2] == (404, "4001")


@pytest.mark.requirement("EP-RPC")
def test_each_operation_of_a_module_has_an_action_of_its_own(api: httpx.Client) -> None:
    modules = {
        "contexts": "context",
        "plans": "plan",
        "confirmations": "confirm",
        "traces": "trace",
        "roles": "role",
        "extensions": "extension",
        "executions": "execute",
    }
    for tag, module in modules.items():
        answer = call(api, module, "no such action")
        assert error(answer) == (405, "4005", "action")
        allowed = answer.json()["error"]["details"]["allowed"]
        assert len(allowed) == sum(operation.tag == tag for operation in OPERATIONS), allowed
        assert {"create", "get", "list"} <= set(allowed)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "3002", "module"),
        ({"module": "context"}, "3002", "action"),
        ({"module": "cat", "action": "get"}, "4001", "module"),
        ({"module": "ingest", "action": "ingest"}, "4001", "module"),
        ({"module": "context", "action": 7}, "3006", "action"),
        ({"module": "context", "action": "get"}, "3002", "parameters.context_id"),
        ({"module": "context", "action": "get", "parameters": []}, "3006", "parameters"),
        (
            {"module": "context", "action": "get", "parameters": {"context_id": 7}},
            "3006",
            "parameters.context_id",
        ),
        (
            {"module": "context", "action": "get", "parameters": {"context_id": ""}},
            "3004",
            "parameters.context_id",
        ),
        (
            {"module": "context", "action": "list", "parameters": {"name": []}},
            "3003",
            "parameters.name",
        ),
        ({"module": "context", "action": "list", "parameters": {"odd": 1}}, "3003", "odd"),
        ({"module": "context", "action": "list", "parameters": {"pageSize": 0}}, "3004", "pageSize"),
        ({"module": "plan", "action": "create", "parameters": {"name": "p"}}, "3002", "tasks"),
        ({"module": "trace", "action": "create_batch", "parameters": {}}, "3006", "body"),
        ({"module": "context", "action": "create", "version": "2.0.0"}, "3001", "version"),
        ({"module": "context", "action": "create", "version": "two"}, "3003", "version"),
        ({"module": "context", "action": "create", "options": {"timeout": 0}}, "3004", "options.timeout"),
        (
            {"module": "context", "action": "create", "options": {"timeout": 10**9}},
            "3004",
            "options.timeout",
        ),
        ({"module": "context", "action": "create", "options": {"retry": 11}}, "3004", "options.retry"),
        ({"module": "context", "action": "create", "options": {"async": 1}}, "3006", "options.async"),
    ],
)
def test_a_wrong_request_does_nothing(api: httpx.Client, body: Json, code: str, field: str) -> None:
    before = api.get("/contexts").json()["data"]["pagination"]["total"]
    answer = api.post("/rpc", json=body)
    assert error(answer)[1:] == (code, field), answer.text
    assert api.get("/contexts").json()["data"]["pagination"]["total"] == before


@pytest.mark.requirement("EP-RPC")
def test_a_key_and_a_tag_count_as_they_do_at_the_endpoint(api: httpx.Client) -> None:
    key = {"idempotency-key": str(uuid.uuid4())}
    body = {"module": "context", "action": "create", "parameters": {"name": "once"}}
    first, again = (result(api.post("/rpc", json=body, headers=key)) for _ in range(2))
    direct = api.post("/contexts", json={"name": "once"}, headers=key)
    assert first == again == direct.json()["data"]
    update = {"module": "context", "action": "update", "parameters": {"context_id": first["id"], "name": "x"}}
    assert error(api.post("/rpc", json=update, headers={"if-match": '"other"'})) == (409, "4003", "If-Match")
    assert result(api.post("/rpc", json=update, headers={"if-match": direct.headers["etag"]}))["name"] == "x"


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Opens the extension `gated`, which waits for it."""
    opened = threading.Event()
    register_extension("gated", "1.0.0", lambda _: opened.wait(30))
    yield opened
    opened.set()
    unregister_extension("gated")


def gated(api: httpx.Client) -> str:
    implementation = {"runtime": "python", "entry_point": "gated"}
    body = {"name": "e", "version": "1.0.0", "type": "plugin", "interface": {}}
    own: str = result(call(api, "extension", "create", **body, implementation=implementation))["id"]
    return own


@pytest.mark.requirement("EP-RPC")
def test_an_action_that_takes_longer_than_its_timeout_answers_1006(
    api: httpx.Client, gate: threading.Event
) -> None:
    answer = call(api, "extension", "execute", {"timeout": 50}, extension_id=gated(api), input=1)
    assert error(answer) == (408, "1006", "options.timeout")


@pytest.mark.requirement("EP-RPC")
def test_an_accepted_action_goes_on_after_its_answer(api: httpx.Client) -> None:
    done = threading.Event()
    register_extension("noting", "1.0.0", lambda _: done.set())
    try:
        implementation = {"runtime": "python", "entry_point": "noting"}
        body = {"name": "e", "version": "1.0.0", "type": "plugin", "interface": {}}
        own = result(call(api, "extension", "create", **body, implementation=implementation))["id"]
        answer = call(api, "extension", "execute", {"async": True}, extension_id=own, input=1)
        assert answer.status_code == 202
        told = answer.json()["data"]
        RpcAccepted.model_validate(told, context=STRICT)
        assert told == {"request_id": answer.json()["metadata"]["requestId"], "status": "accepted"}
        assert done.wait(30)
    finally:
        unregister_extension("noting")


@pytest.mark.requirement("EP-RPC")
def test_an_accepted_action_is_finished_before_the_server_stops(tmp_path: Path) -> None:
    began, release = threading.Event(), threading.Event()

    def wait(_: Any) -> bool:
        began.set()
        return release.wait(30)

    register_extension("slow", "1.0.0", wait)
    try:
        with MockServer(tmp_path / "run.db") as server:
            with httpx.Client(base_url=f"{server.url}/v1.0") as api:
                key = {"idempotency-key": "once"}
                implementation = {"runtime": "python", "entry_point": "slow"}
                extension = {"name": "e", "version": "1.0.0", "type": "plugin", "interface": {}}
                own = result(call(api, "extension", "create", **extension, implementation=implementation))[
                    "id"
                ]
                body = {"module": "extension", "action": "execute", "options": {"async": True}}
                accepted = api.post(
                    "/rpc", json={**body, "parameters": {"extension_id": own, "input": 1}}, headers=key
                )
                assert accepted.status_code == 202
                assert began.wait(30)
            stopping = threading.Thread(target=server.stop)
            stopping.start()
            release.set()
            stopping.join(30)
            unregister_extension("slow")
            server.start()
            with httpx.Client(base_url=f"{server.url}/v1.0") as api:
                again = api.post(f"/extensions/{own}/execute", json={"input": 1}, headers=key)
                assert again.json()["data"]["output"] is True
    finally:
        release.set()
        unregister_extension("slow")


@pytest.mark.requirement("EP-RPC")
def test_an_action_is_tried_again_as_often_as_allowed(api: httpx.Client) -> None:
    left = [1, 2]

    def fail_twice(_: Any) -> str:
        if left:
            raise ValueError(left.pop())
        return "done"

    register_extension("flaky", "1.0.0", fail_twice)
    try:
        implementation = {"runtime": "python", "entry_point": "flaky"}
        body = {"name": "e", "version": "1.0.0", "type": "plugin", "interface": {}}
        own = result(call(api, "extension", "create", **body, implementation=implementation))["id"]
        assert error(call(api, "extension", "execute", extension_id=own, input=1))[1] == "5003"
        told = result(call(api, "extension", "execute", {"retry": 1}, extension_id=own, input=1))
        assert told["output"] == "done"
    finally:
        unregister_extension("flaky")


@pytest.mark.requirement("HTTP-AUTH-ROLES")
def test_an_action_needs_the_same_permission_as_its_endpoint() -> None:
    settings = ServerSettings(api_key=ADMIN, role_keys={VIEWER: "viewer"})
    with MockServer(settings=settings) as server:
        with httpx.Client(base_url=f"{server.url}/v1.0", headers={"x-api-key": VIEWER}) as api:
            assert result(call(api, "context", "list"))["items"] == []
            assert error(call(api, "context", "create"))[:2] == (403, "2004")
            assert error(call(api, "role", "create", name="r"))[:2] == (403, "2004")
        with httpx.Client(base_url=f"{server.url}/v1.0") as api:
            assert error(call(api, "context", "list"))[:2] == (401, "2001")
