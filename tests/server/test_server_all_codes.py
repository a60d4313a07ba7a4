"""Every code of the catalogue, answered for a real cause; and the list of those that have none yet."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from mplp_mock_server import MockServer, ServerSettings
from mplp_mock_server.clock import SettableClock
from mplp_mock_server.extensions import register_extension
from mplp_mock_server.handlers import TaskCall, register_handler
from mplp_sdk.errors import CODES, DependencyError, ThirdPartyServiceError

Json = dict[str, Any]

KEY, VIEWER = "key-of-the-admin", "key-of-a-viewer"
SETTINGS = ServerSettings(api_key=KEY, role_keys={VIEWER: "viewer"})

WITHOUT_CAUSE: Final = {
    1001: "a mistake in the server itself",
    1004: "the server has no cache",
    1005: "a gateway's; the server itself stands behind none",
    1007: "wrong settings keep the server from starting",
}
"""Codes that only an injected fault can produce, and why."""


class World:
    """A server with keys, a clock that can be set and a database that can be held."""

    def __init__(self, api: httpx.Client, clock: SettableClock, file: Path) -> None:
        self.api = api
        self.clock = clock
        self.file = file

    def make(self, collection: str, **body: Any) -> str:
        answer = self.api.post(f"/{collection}", json=body)
        assert answer.status_code == 201, answer.text
        own: str = answer.json()["data"]["id"]
        return own

    def plan(self, **members: Any) -> str:
        context_id = self.make("contexts")
        tasks = members.pop("tasks", [{"id": "a", "name": "a"}, {"id": "b", "name": "b"}])
        body = {"name": "p", "status": "approved", "context_id": context_id, "tasks": tasks, **members}
        return self.make("plans", **body)

    def execute(self, plan_id: str, **body: Any) -> httpx.Response:
        return self.api.post(f"/plans/{plan_id}/execute", json=body)

    def extension(self, handler: Callable[[Any], Any], **interface: Json) -> str:
        name = str(uuid.uuid4())
        register_extension(name, "1.0.0", handler)
        implementation = {"runtime": "python", "entry_point": name}
        about = {"name": "x", "version": "1.0.0", "type": "plugin"}
        return self.make("extensions", **about, interface=interface, implementation=implementation)

    def run(self, extension_id: str, **body: Any) -> httpx.Response:
        return self.api.post(f"/extensions/{extension_id}/execute", json={"input": {}, **body})

    def tokens(self) -> Json:
        told: Json = self.api.post("/auth/token", json={"api_key": KEY}).json()["data"]
        return told

    def refresh(self, token: str) -> httpx.Response:
        return self.api.post("/auth/refresh", json={"refresh_token": token})

    def unknown(self, **headers: str) -> httpx.Response:
        """A request of somebody else."""
        return httpx.get(f"{self.api.base_url}contexts", headers=headers)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock, file = SettableClock(), tmp_path / "all.db"
    with (
        MockServer(file, settings=SETTINGS, clock=clock) as server,
        httpx.Client(base_url=f"{server.url}/v1.0", headers={"x-api-key": KEY}, timeout=30) as api,
    ):
        yield World(api, clock, file)


def too_many_extensions(world: World) -> httpx.Response:
    begun: queue.SimpleQueue[None] = queue.SimpleQueue()
    release = threading.Event()

    def wait(_: Any) -> None:
        begun.put(None)
        release.wait(30)

    extension_id = world.extension(wait)
    with ThreadPoolExecutor(64) as pool:
        for _ in range(64):
            pool.submit(world.run, extension_id)
        for _ in range(64):
            begun.get(timeout=30)
        answer = world.run(extension_id)
        release.set()
    return answer


def database_held(world: World) -> httpx.Response:
    with closing(sqlite3.connect(world.file, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        return world.api.post("/contexts", json={})


def timed_out(world: World) -> httpx.Response:
    async def never(_: Any) -> None:
        await asyncio.Event().wait()

    return world.run(world.extension(never), timeout=20)


def raising(cls: type[Exception]) -> Callable[[World], httpx.Response]:
    def fail(_: Any) -> None:
        raise cls("somebody else failed")

    return lambda world: world.run(world.extension(fail))


def token_too_old(world: World) -> httpx.Response:
    token = world.tokens()["access_token"]
    world.clock.advance(timedelta(minutes=16))
    return world.unknown(authorization=f"Bearer {token}")


def too_many_wrong_keys(world: World) -> httpx.Response:
    answers = [world.api.post("/auth/token", json={"api_key": "wrong"}) for _ in range(11)]
    return answers[-1]


def refreshed_twice(world: World) -> httpx.Response:
    token = world.tokens()["refresh_token"]
    world.refresh(token)
    return world.refresh(token)


def session_over(world: World) -> httpx.Response:
    token = world.tokens()["refresh_token"]
    late = world.refresh(token).json()["data"]["refresh_token"]
    world.refresh(token)
    return world.refresh(late)


def locked(world: World) -> httpx.Response:
    async def forever(call: TaskCall) -> None:
        await asyncio.Event().wait()

    register_handler("forever", forever)
    plan_id = world.plan()
    assert world.execute(plan_id, handler="forever").status_code == 202
    return world.api.put(f"/plans/{plan_id}", json={"name": "other"})


def used_id(world: World) -> httpx.Response:
    world.make("contexts", id="own")
    return world.api.post("/contexts", json={"id": "own", "name": "another"})


def no_room(world: World) -> httpx.Response:
    context_id = world.make("contexts", configuration={"max_participants": 1})
    path = f"/contexts/{context_id}/participants"
    world.api.post(path, json={"user_id": "ada"})
    return world.api.post(path, json={"user_id": "bob"})


def cycle(world: World) -> httpx.Response:
    plan_id = world.plan(dependencies=[{"from_task": "a", "to_task": "b"}])
    return world.api.post(f"/plans/{plan_id}/dependencies", json={"from_task": "b", "to_task": "a"})


def unknown_task(world: World) -> httpx.Response:
    return world.api.post(f"/plans/{world.plan()}/dependencies", json={"from_task": "a", "to_task": "c"})


def plan_fails(world: World) -> httpx.Response:
    task = {"name": "a", "metadata": {"simulate": {"fail": 1}}}
    return world.execute(world.plan(tasks=[task]), execution_mode="sync")


def other_runtime(world: World) -> httpx.Response:
    implementation = {"runtime": "go", "entry_point": "./x"}
    about = {"name": "x", "version": "1.0.0", "type": "plugin", "interface": {}}
    return world.run(world.make("extensions", **about, implementation=implementation))


def next_major(world: World) -> httpx.Response:
    return world.api.put(f"/extensions/{world.extension(str)}/reload", json={"version": "2.0.0"})


def send(method: str, path: str, **more: Any) -> Callable[[World], httpx.Response]:
    return lambda world: world.api.request(method, path, **more)


CAUSES: Final[dict[int, Callable[[World], httpx.Response]]] = {
    1002: too_many_extensions,
    1003: database_held,
    1006: timed_out,
    1008: raising(DependencyError),
    2001: lambda world: world.unknown(),
    2002: lambda world: world.unknown(authorization="Bearer a.b.c"),
    2003: token_too_old,
    2004: send("POST", "/contexts", json={}, headers={"x-api-key": VIEWER}),
    2005: too_many_wrong_keys,
    2006: send("POST", "/auth/token", json={"api_key": "wrong"}),
    2007: refreshed_twice,
    2008: session_over,
    3001: send("POST", "/contexts", json={"status": "odd"}),
    3002: send("POST", "/plans", json={"tasks": []}),
    3003: send("POST", "/contexts", content=b"{", headers={"content-type": "application/json"}),
    3004: send("GET", "/contexts?page=0"),
    3005: send("POST", "/plans", json={"name": "p", "tasks": [{"id": "a", "name": "a"}] * 2}),
    3006: send("POST", "/contexts", json={"name": 7}),
    3007: cycle,
    3008: unknown_task,
    4001: send("GET", "/contexts/none"),
    4002: locked,
    4003: used_id,
    4004: no_room,
    4005: send("PATCH", "/contexts"),
    4006: lambda world: world.execute(world.plan(context_id="none")),
    4007: plan_fails,
    4008: lambda world: world.execute(world.plan(metadata={"requires_confirmation": True})),
    5001: send("GET", "/extensions/none"),
    5002: other_runtime,
    5003: raising(ValueError),
    5004: next_major,
    5005: raising(ThirdPartyServiceError),
}


def test_every_code_has_a_cause_or_a_reason_why_not() -> None:
    assert CAUSES.keys() | WITHOUT_CAUSE.keys() == CODES.keys()
    assert not CAUSES.keys() & WITHOUT_CAUSE.keys()


@pytest.mark.requirement("ERR-WIRE-FORM")
@pytest.mark.parametrize("number", CAUSES, ids=lambda number: f"{number}-{CODES[number].name}")
def test_a_code_comes_with_its_name_status_and_reason(world: World, number: int) -> None:
    answer = CAUSES[number](world)
    told = answer.json()
    row = CODES[number]
    assert (answer.status_code, told["success"]) == (row.status, False), answer.text
    assert (told["error"]["code"], told["error"]["name"]) == (str(number), row.name)
    assert told["error"]["message"]
    assert isinstance(told["error"]["details"], dict)
    assert told["metadata"]["requestId"] == answer.headers["x-request-id"]
    assert world.unknown(**{"x-api-key": KEY}).status_code == 200
