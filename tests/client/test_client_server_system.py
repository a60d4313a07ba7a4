"""Actions by name, JSON Schemas and tokens: both clients and the reference server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mplp_mock_server import MockServer
from mplp_mock_server.clock import SettableClock
from mplp_sdk import errors
from mplp_sdk.protocol.ids import new_id

Connect = Callable[..., Any]


@pytest.mark.requirement("EP-RPC")
def test_an_action_by_its_name(call: Any) -> None:
    made = call(lambda c: c.call("plan", "create", parameters={"name": "p", "tasks": [{"name": "t"}]}))
    assert call(lambda client: client.plans.get(made["id"])).to_wire() == made
    read = call(lambda c: c.call("plans", "get", parameters={"plan_id": made["id"]}, timeout=30, retry=1))
    assert read == made
    listed = call(lambda c: c.call("plan", "list", parameters={"name": "p", "pageSize": 1}))
    assert len(listed["items"]) == 1
    # A Confirmation has a `result` of its own, which is not the answer.
    asked = {"target": {"type": "plan", "id": made["id"]}, "type": "approval"}
    confirmation = call(lambda c: c.call("confirm", "create", parameters=asked))
    assert confirmation["target"]["id"] == made["id"]
    assert call(lambda c: c.call("plan", "delete", parameters={"plan_id": made["id"]})) is None


@pytest.mark.requirement("EP-RPC")
def test_actions_that_are_refused(call: Any) -> None:
    with pytest.raises(errors.NotFound):
        call(lambda client: client.call("plan", "get", parameters={"plan_id": new_id()}))
    with pytest.raises(errors.NotFound):
        call(lambda client: client.call("weather", "get"))
    with pytest.raises(errors.OperationNotAllowed):
        call(lambda client: client.call("plan", "dance"))
    with pytest.raises(errors.RequiredFieldMissing):
        call(lambda client: client.call("plan", "create", parameters={"name": "p"}))


@pytest.mark.requirement("EP-RPC")
def test_an_action_that_goes_on(call: Any) -> None:
    parameters = {"name": "later", "tasks": []}
    accepted = call(lambda c: c.call("plan", "create", parameters=parameters, run_async=True))
    assert accepted["status"] == "accepted"
    assert accepted["request_id"]


@pytest.mark.requirement("EP-SCHEMAS-LIST", "EP-SCHEMAS-GET", "EP-SCHEMAS-VALIDATE")
def test_json_schemas(call: Any) -> None:
    listed = call(lambda client: client.schemas.list())
    assert {entry.module for entry in listed} >= {"context", "plan", "trace"}
    for entry in listed:
        assert call(lambda client, name=entry.module: client.schemas.get(name))["$id"] == entry.id
    with pytest.raises(errors.NotFound):
        call(lambda client: client.schemas.get("weather"))
    plan = call(lambda client: client.plans.create(name="p", tasks=[{"name": "t"}]))
    assert call(lambda client: client.schemas.validate("plan", plan.to_wire())).valid
    report = call(lambda client: client.schemas.validate("plan", {"id": plan.id, "tasks": []}))
    assert not report.valid
    assert "plan.name" in {finding.path for finding in report.errors}
    assert all(finding.suggestion for finding in report.errors)
    assert not call(lambda client: client.schemas.validate("plan", [None, "text"])).valid


@pytest.mark.requirement("EP-AUTH-TOKEN", "EP-AUTH-REFRESH")
def test_tokens(connect: Connect) -> None:
    clock = SettableClock()
    with MockServer(api_key="key", clock=clock) as server:
        nobody = connect(server.url)
        token = nobody(lambda client: client.auth.token("key"))
        assert token.token_type == "Bearer"
        assert token.expires_in > 0
        bearer = connect(server.url, token=token.access_token)
        assert bearer(lambda client: client.plans.list()).items == []
        with pytest.raises(errors.InvalidCredentials):
            nobody(lambda client: client.auth.token("wrong"))
        with pytest.raises(errors.InvalidToken):
            connect(server.url, token="nonsense.of.mine")(lambda client: client.plans.list())
        fresh = nobody(lambda client: client.auth.refresh(token.refresh_token))
        assert connect(server.url, token=fresh.access_token)(lambda c: c.plans.list()).items == []
        with pytest.raises(errors.TokenRevoked):
            nobody(lambda client: client.auth.refresh(token.refresh_token))
        other = nobody(lambda client: client.auth.token("key"))
        clock.advance(timedelta(hours=3))
        with pytest.raises(errors.TokenExpired):
            nobody(lambda client: client.auth.refresh(other.refresh_token))
        with pytest.raises(errors.InvalidToken):
            nobody(lambda client: client.auth.refresh("nonsense"))


@pytest.mark.requirement("EP-AUTH-TOKEN")
def test_a_client_that_trades_its_key_outlives_its_tokens(connect: Connect) -> None:
    clock = SettableClock()
    with MockServer(api_key="key", clock=clock) as server:
        plain = connect(server.url)(lambda client: client.auth.token("key"))
        call = connect(server.url, api_key="key", exchange_key=True)
        call(lambda client: client.plans.list())
        clock.advance(timedelta(seconds=plain.expires_in + 1))
        with pytest.raises(errors.TokenExpired):
            connect(server.url, token=plain.access_token)(lambda client: client.plans.list())
        assert call(lambda client: client.plans.create(name="p", tasks=[])).name == "p"
        # The server's secret is a new one after this, so that the token is unknown rather than expired.
        server.restart()
        assert call(lambda client: client.plans.list()).items == []
        with pytest.raises(errors.InvalidCredentials):
            connect(server.url, api_key="wrong", exchange_key=True)(lambda client: client.plans.list())
