"""Confirmations expire by the server's clock, whoever looks first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from mplp_mock_server import MockServer
from mplp_mock_server.clock import SettableClock
from mplp_sdk.protocol.times import format_time

Json = dict[str, Any]


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def api(clock: SettableClock) -> Iterator[httpx.Client]:
    with MockServer(clock=clock) as server, httpx.Client(base_url=f"{server.url}/v1.0") as client:
        yield client


@pytest.fixture
def asked(api: httpx.Client, clock: SettableClock) -> Callable[..., Json]:
    """A new confirmation that expires so many minutes from now."""

    def ask(minutes: float, **members: Any) -> Json:
        expires_at = format_time(clock.now() + timedelta(minutes=minutes))
        body = {"target": {"type": "task", "id": "t"}, "type": "approval", "expires_at": expires_at}
        made: Json = api.post("/confirmations", json={**body, **members}).json()["data"]
        return made

    return ask


def listed(api: httpx.Client, status: str) -> list[str]:
    items = api.get("/confirmations", params={"status": status, "sort": "id"}).json()["data"]["items"]
    return [item["id"] for item in items]


@pytest.mark.requirement("OBJ-CONFIRMATION-EXPIRES")
def test_it_is_expired_once_its_time_has_passed(
    api: httpx.Client, clock: SettableClock, asked: Callable[..., Json]
) -> None:
    made = asked(5)
    path = f"/confirmations/{made['id']}"
    clock.advance(timedelta(minutes=4))
    assert api.get(path).json()["data"] == made
    clock.advance(timedelta(minutes=1, seconds=1))
    first = api.get(path)
    expired = first.json()["data"]
    assert (expired["result"]["status"], expired["result"]["timestamp"]) == ("expired", made["expires_at"])
    again = api.get(path)
    assert (again.json()["data"], again.headers["etag"]) == (expired, first.headers["etag"])
    answer = api.post(f"{path}/decide", json={"decision": "approved"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "4005")
    assert api.get(path).json()["data"] == expired


@pytest.mark.requirement("OBJ-CONFIRMATION-EXPIRES")
def test_lists_and_their_filters_know(
    api: httpx.Client, clock: SettableClock, asked: Callable[..., Json]
) -> None:
    soon, later = asked(1)["id"], asked(60)["id"]
    decided = asked(1)["id"]
    api.post(f"/confirmations/{decided}/decide", json={"decision": "rejected"})
    clock.advance(timedelta(minutes=2))
    assert listed(api, "pending") == [later]
    assert listed(api, "expired") == [soon]
    assert listed(api, "rejected") == [decided]
    clock.advance(timedelta(days=1))
    assert listed(api, "pending") == []
    assert sorted(listed(api, "expired")) == sorted([soon, later])


def test_more_than_fit_in_one_transaction_expire(
    api: httpx.Client, clock: SettableClock, asked: Callable[..., Json], ingest: Callable[..., Json]
) -> None:
    one = asked(1)
    ingest([("confirmation", {**one, "id": f"c{number}"}) for number in range(1200)])
    clock.advance(timedelta(minutes=2))
    assert listed(api, "pending") == []
    found = api.get("/confirmations", params={"status": "expired"}).json()["data"]["pagination"]["total"]
    assert found == 1201


@pytest.mark.requirement("OBJ-CONFIRMATION-EXPIRES")
def test_a_decision_made_in_time_wins_though_it_is_told_late(
    api: httpx.Client, clock: SettableClock, asked: Callable[..., Json], ingest: Callable[..., Json]
) -> None:
    made = asked(5)
    decided_at = format_time(clock.now() + timedelta(minutes=1))
    clock.advance(timedelta(minutes=10))
    assert listed(api, "expired") == [made["id"]]
    record = {**made, "result": {"status": "approved", "decisions": [], "timestamp": decided_at}}
    ingest([("confirmation", {**record, "metadata": {**made["metadata"], "updated_at": decided_at}})])
    assert listed(api, "approved") == [made["id"]]
    ingest([("confirmation", made)])
    assert listed(api, "approved") == [made["id"]]
