"""Waiting for an execution, as a conversation; and through both clients."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import respx

from mplp_sdk import errors
from mplp_sdk.client import calls
from mplp_sdk.client._flow import Flow, Reply, Request, Response, RetryPolicy, Send, Sleep, execute
from mplp_sdk.client._waiting import until_ended
from mplp_sdk.models import Execution

REQUEST = Request("GET", "http://server/v1.0/executions/e1", {})


class Clock:
    """A clock that only moves when it is told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Waiting:
    """The flow that waits for execution e1, with a clock that goes on by what it sleeps."""

    def __init__(self, timeout: float | None) -> None:
        self.clock = Clock()
        self.flow = until_ended(self._ask, timeout, self.clock)
        self.limits: list[float | None] = []
        """Seconds that each question was given."""
        self.pauses: list[float] = []

    def _ask(self, within: float | None) -> Flow[Reply[Execution]]:
        self.limits.append(within)
        return execute(calls.executions.get("e1"), REQUEST, RetryPolicy(clock=self.clock).within(within))

    def hears(self, *statuses: str) -> Execution:
        """What the flow ends with when it hears these."""
        outcome: Response | None = None
        step = self.flow.send(None)
        for status in statuses:
            while isinstance(step, Sleep):
                self.pauses.append(step.seconds)
                self.clock.now += step.seconds
                step = self.flow.send(None)
            assert isinstance(step, Send)
            outcome = Response(200, {}, json.dumps({"id": "e1", "status": status}).encode())
            try:
                step = self.flow.send(outcome)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]  # typeshed has Any here
        raise AssertionError(f"it waits on: {step}")


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_it_ends_with_the_execution(status: str) -> None:
    waiting = Waiting(None)
    assert waiting.hears("pending", "running", "paused", status).status == status
    assert waiting.pauses == pytest.approx([0.05, 0.075, 0.1125])
    assert waiting.limits == [None] * 4


def test_an_ended_one_is_not_waited_for() -> None:
    waiting = Waiting(0.0)
    assert waiting.hears("completed").id == "e1"
    assert waiting.pauses == []


def test_pauses_grow_to_two_seconds() -> None:
    waiting = Waiting(None)
    waiting.hears(*["running"] * 20, "completed")
    assert waiting.pauses == sorted(waiting.pauses)
    assert waiting.pauses[-1] == 2.0


def test_the_time_is_kept() -> None:
    waiting = Waiting(0.1)
    with pytest.raises(errors.RequestTimeout, match=r"e1 is running after 0\.1 s") as raised:
        waiting.hears(*["running"] * 9)
    assert sum(waiting.pauses) == pytest.approx(0.1)
    assert raised.value.details == {"execution_id": "e1", "status": "running"}
    assert waiting.limits == [pytest.approx(0.1), pytest.approx(0.05), 0.05]


def test_what_asking_raises_is_raised() -> None:
    waiting = Waiting(None)
    waiting.flow.send(None)
    with pytest.raises(errors.NotFound):
        waiting.flow.send(
            Response(404, {}, b'{"success": false, "error": {"code": "4001", "message": "no"}}')
        )


@respx.mock
def test_both_clients_wait(connect: Callable[..., Any]) -> None:
    route = respx.get("http://mplp.test/v1.0/executions/e1")
    route.side_effect = [
        httpx.Response(503),
        *(httpx.Response(200, json={"id": "e1", "status": status}) for status in ("running", "failed")),
    ]
    call = connect("http://mplp.test", max_backoff=0)
    assert call(lambda client: client.executions.wait("e1", timeout=30)).status == "failed"
    assert route.call_count == 3
