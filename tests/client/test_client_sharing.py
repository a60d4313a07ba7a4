"""One client used by many threads, tasks and processes; clients that are handed in; what is left behind."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import pickle
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from mplp_sdk import errors
from mplp_sdk.client import AsyncClient, Client

Connect = Callable[..., Any]
GOOD = json.dumps({"success": True, "data": {"id": "p1", "name": "p", "tasks": []}})


def echo_id(request: httpx.Request) -> httpx.Response:
    plan_id = request.url.path.rpartition("/")[2]
    if plan_id.endswith("7"):
        return httpx.Response(404, json={"success": False, "error": {"code": "4001", "message": plan_id}})
    return httpx.Response(200, json={"id": plan_id, "name": "p", "tasks": []})


def test_threads_share_a_client_and_get_their_own_answers() -> None:
    with httpx.Client(transport=httpx.MockTransport(echo_id)) as http_client:
        client = Client("http://mplp.test", http_client=http_client)

        def read(number: int) -> str:
            try:
                return client.plans.get(f"p{number}").id
            except errors.NotFound as error:
                return error.message

        with ThreadPoolExecutor(16) as pool:
            assert list(pool.map(read, range(500))) == [f"p{number}" for number in range(500)]


def test_threads_share_connections(raw_server: Any) -> None:
    raw_server.answer(GOOD)
    with Client(raw_server.url) as client, ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: client.plans.get("p1").id, range(40)))
    assert found == ["p1"] * 40
    assert raw_server.connections <= 4


@pytest.mark.anyio
async def test_tasks_share_a_client_and_get_their_own_answers() -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(echo_id)) as http_client:
        client = AsyncClient("http://mplp.test", http_client=http_client)
        plans = await asyncio.gather(
            *(client.plans.get(f"p{number}") for number in range(100)), return_exceptions=True
        )
    assert [
        plan.message if isinstance(plan, errors.NotFound) else plan.id  # type: ignore[union-attr]
        for plan in plans
    ] == [f"p{number}" for number in range(100)]


@pytest.mark.anyio
async def test_a_cancelled_call_is_cancelled_and_not_retried(raw_server: Any) -> None:
    received = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(connection: Any) -> None:
        loop.call_soon_threadsafe(received.set)
        raw_server.closing.wait(30)

    raw_server.answers.append(hang)
    async with AsyncClient(raw_server.url) as client:
        task = asyncio.create_task(client.plans.get("p1"))
        await asyncio.wait_for(received.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert len(raw_server.requests) == 1


@pytest.fixture(params=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> Any:
    """A library whose clients may be handed in."""
    return pytest.importorskip(request.param)


def test_a_client_that_is_handed_in_is_used_and_left_open(library: Any, raw_server: Any) -> None:
    raw_server.answer(GOOD)
    with library.Client(headers={"x-from": "owner"}) as http_client:
        with Client(raw_server.url, http_client=http_client) as client:
            assert client.plans.get("p1").id == "p1"
        assert not http_client.is_closed
    assert b"x-from: owner" in raw_server.requests[0]


def test_the_errors_of_a_client_that_is_handed_in_are_mapped(library: Any, raw_server: Any) -> None:
    raw_server.answers.append(lambda connection: connection.close())
    with (
        library.Client() as http_client,
        Client(raw_server.url, http_client=http_client, max_attempts=1) as client,
        pytest.raises(errors.NetworkError) as raised,
    ):
        client.plans.get("p1")
    assert isinstance(raised.value.__cause__, library.RemoteProtocolError)


@pytest.mark.anyio
async def test_an_async_client_that_is_handed_in(library: Any, raw_server: Any) -> None:
    raw_server.answer(GOOD)
    async with library.AsyncClient() as http_client:
        async with AsyncClient(raw_server.url, http_client=http_client) as client:
            assert (await client.plans.get("p1")).id == "p1"
        assert not http_client.is_closed


def test_closing_leaves_no_socket(connect: Connect, raw_server: Any) -> None:
    raw_server.answer(GOOD)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        caller = connect(raw_server.url)
        caller(lambda client: client.plans.get("p1"))
        caller(lambda client: client.aclose() if isinstance(client, AsyncClient) else client.close())
        gc.collect()


def test_a_closed_client_says_so(raw_server: Any) -> None:
    client = Client(raw_server.url)
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.plans.get("p1")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_does_not_use_its_parents_connections(raw_server: Any) -> None:
    raw_server.answer(GOOD)
    with Client(raw_server.url) as client:
        client.plans.get("p1")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of threads at a fork
            child = os.fork()
        if child == 0:  # pragma: no cover
            os._exit(0 if client.plans.get("p1").id == "p1" else 1)
        assert os.waitpid(child, 0)[1] == 0
        client.plans.get("p1")
    assert raw_server.connections == 2
    assert len(raw_server.requests) == 3


def test_errors_of_calls_survive_pickle(connect: Connect, raw_server: Any) -> None:
    raw_server.answer(
        json.dumps({"success": False, "error": {"code": "3001", "message": "no", "details": {"field": "x"}}}),
        status=400,
    )
    with pytest.raises(errors.ValidationFailed) as raised:
        connect(raw_server.url)(lambda client: client.plans.get("p1"))
    copy = pickle.loads(pickle.dumps(raised.value))  # noqa: S301  # our own bytes
    assert (type(copy), str(copy), copy.details) == (
        errors.ValidationFailed,
        str(raised.value),
        {"field": "x"},
    )


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_http2_without_its_extra_is_a_clear_error(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "h2", None)
    with pytest.raises(errors.ConfigError, match=r"mplp-agent-sdk\[http2\]"):
        kind("http://mplp.test", http2=True)


def test_http2_can_be_offered(connect: Connect, raw_server: Any) -> None:
    raw_server.answer(GOOD)
    assert connect(raw_server.url, http2=True)(lambda client: client.plans.get("p1")).id == "p1"
