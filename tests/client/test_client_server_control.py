"""Executions that are paused, resumed, cancelled and commanded: both clients and the reference server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from mplp_mock_server.handlers import TaskCall, register_handler, unregister_handler
from mplp_sdk import errors
from mplp_sdk.protocol.ids import new_id


class Gate:
    """A task that runs until it is let through."""

    def __init__(self) -> None:
        self.name = f"gate-{new_id()}"
        self.entered = threading.Semaphore(0)
        self._open = threading.Semaphore(0)

    def handle(self, call: TaskCall) -> dict[str, str]:
        self.entered.release()
        assert self._open.acquire(timeout=30)
        return {"task": str(call.task["name"])}

    def wait(self) -> None:
        """Until a task runs."""
        assert self.entered.acquire(timeout=30)

    def let_through(self, tasks: int = 1) -> None:
        self._open.release(tasks)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    register_handler(gate.name, gate.handle)
    yield gate
    gate.let_through(9)
    unregister_handler(gate.name)


@pytest.fixture
def execution_id(call: Any, gate: Gate) -> str:
    """An execution whose first task of two runs."""
    context_id = call(lambda client: client.contexts.create()).id
    plan_id = call(
        lambda client: client.plans.create(
            name="held",
            context_id=context_id,
            tasks=[
                {"id": "a", "name": "first", "metadata": {"handler": gate.name}},
                {"id": "b", "name": "second", "metadata": {"handler": gate.name}},
            ],
            dependencies=[{"from_task": "a", "to_task": "b"}],
        )
    ).id
    call(lambda client: client.plans.update(plan_id, status="approved"))
    begun = call(lambda client: client.plans.execute(plan_id))
    gate.wait()
    return begun.id  # type: ignore[no-any-return]


@pytest.mark.requirement("EP-EXECUTIONS-PAUSE", "EP-EXECUTIONS-RESUME")
def test_paused_and_resumed(call: Any, gate: Gate, execution_id: str) -> None:
    assert call(lambda client: client.executions.pause(execution_id)).status == "paused"
    gate.let_through()
    assert call(lambda client: client.executions.get(execution_id)).status == "paused"
    assert call(lambda client: client.executions.resume(execution_id)).status == "running"
    gate.let_through()
    ended = call(lambda client: client.executions.wait(execution_id, timeout=30))
    assert (ended.status, ended.progress.completed) == ("completed", 2)


@pytest.mark.requirement("EP-EXECUTIONS-CANCEL")
def test_cancelled(call: Any, gate: Gate, execution_id: str) -> None:
    call(lambda client: client.executions.cancel(execution_id))
    gate.let_through()
    assert call(lambda client: client.executions.wait(execution_id, timeout=30)).status == "cancelled"
    with pytest.raises(errors.OperationNotAllowed):
        call(lambda client: client.executions.resume(execution_id))


@pytest.mark.requirement("EP-EXECUTIONS-COMMANDS")
def test_commands(call: Any, gate: Gate, execution_id: str) -> None:
    status = call(lambda client: client.executions.command(execution_id, "status"))
    assert (status.command, status.accepted) == ("status", True)
    variable = {"key": "branch", "value": "main"}
    call(lambda client: client.executions.command(execution_id, "set_variable", arguments=variable))
    skip = call(
        lambda client: client.executions.command(execution_id, "skip_task", arguments={"task_id": "b"})
    )
    assert skip.accepted
    gate.let_through()
    ended = call(lambda client: client.executions.wait(execution_id, timeout=30))
    assert ended.status == "completed"
    state = call(lambda client: client.plans.status(ended.plan_id))
    assert [task.status for task in state.tasks] == ["completed", "skipped"]
    assert call(lambda client: client.contexts.variables(ended.context_id))["branch"] == "main"


def test_a_plan_that_runs_is_locked(call: Any, gate: Gate, execution_id: str) -> None:
    plan_id = call(lambda client: client.executions.get(execution_id)).plan_id
    with pytest.raises(errors.ResourceLocked) as raised:
        call(lambda client: client.with_options(max_attempts=1).plans.update(plan_id, name="other"))
    assert raised.value.retryable
    with pytest.raises(errors.RequestTimeout, match="running") as late:
        call(lambda client: client.executions.wait(execution_id, timeout=0.05))
    assert late.value.details["execution_id"] == execution_id
