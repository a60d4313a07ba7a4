"""A server that dies while it carries a plan out, and what the next one makes of that."""

from __future__ import annotations

import select
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

Json = dict[str, Any]


@contextmanager
def server(db: Path) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """A process in which an hour's task takes an hour."""
    command = [sys.executable, "-m", "mplp_mock_server", "--port", "0", "--db", str(db), "--time-scale", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        try:
            assert started.stdout is not None
            assert select.select([started.stdout], [], [], 30)[0], "nothing was printed"
            url = started.stdout.readline().split()[-1]
            with httpx.Client(base_url=f"{url}/v1.0", timeout=30) as api:
                yield started, api
        finally:
            started.kill()


def begin(api: httpx.Client) -> tuple[str, str, str]:
    """A plan whose first task is done and whose second takes an hour."""
    context_id = api.post("/contexts", json={}).json()["data"]["id"]
    tasks = [
        {"id": "a", "name": "a", "metadata": {"simulate": {"variables": {"kept": 1}}}},
        {"id": "b", "name": "b", "estimated_duration": "1h"},
        {"id": "c", "name": "c"},
    ]
    plan = {
        "name": "p",
        "context_id": context_id,
        "status": "approved",
        "tasks": tasks,
        "workflow": {"rollback_strategy": {"checkpoint_enabled": True, "to": "start"}},
    }
    plan_id = api.post("/plans", json=plan).json()["data"]["id"]
    execution = api.post(f"/plans/{plan_id}/execute", json={}).json()["data"]
    # Answered between two steps: once it is, the steps before are stored.
    status = {"command": "set_variable", "arguments": {"key": "steps", "value": 0}}
    while api.get(f"/plans/{plan_id}/status").json()["data"]["tasks"][1]["status"] != "running":
        assert api.post(f"/executions/{execution['id']}/commands", json=status).status_code == 200
    return context_id, plan_id, execution["id"]


def check_failed(api: httpx.Client, context_id: str, plan_id: str, execution_id: str, reason: str) -> None:
    execution = api.get(f"/executions/{execution_id}").json()["data"]
    plan = api.get(f"/plans/{plan_id}").json()["data"]
    for obj in (execution, plan):
        assert (obj["status"], obj["metadata"]["status_change"]["reason"]) == ("failed", reason)
    assert [task["status"] for task in plan["tasks"]] == ["completed", "failed", "cancelled"]
    assert execution["progress"] == {"total": 3, "completed": 1, "failed": 1}
    assert api.get(f"/contexts/{context_id}/variables").json()["data"]["variables"] == {}
    trace_id = execution["metadata"]["trace_id"]
    spans = api.get(f"/traces/{trace_id}/spans").json()["data"]
    assert [span["result"]["status"] for span in spans] == ["failure", "success", "failure"]
    assert spans[2]["result"]["error"]["message"] == reason
    log = api.get(f"/executions/{execution_id}/logs", params={"level": "error"}).json()["data"]["items"]
    assert log[-1]["message"] == f"execution failed: {reason}"
    # Nothing holds the plan any more.
    assert api.put(f"/plans/{plan_id}", json={"description": "free"}).status_code == 200
    assert api.post(f"/executions/{execution_id}/resume").json()["error"]["code"] == "4005"


def test_what_a_killed_server_was_doing_has_failed(tmp_path: Path) -> None:
    with server(tmp_path / "kill.db") as (process, api):
        ids = begin(api)
        process.kill()
        process.wait(30)
    with server(tmp_path / "kill.db") as (_, api):
        check_failed(api, *ids, reason="server restarted")


@pytest.mark.parametrize("lost", ["DELETE FROM objects WHERE kind = 'plan'", "DELETE FROM spans"])
def test_what_cannot_be_ended_does_not_keep_the_server_from_starting(tmp_path: Path, lost: str) -> None:
    with server(tmp_path / "lost.db") as (process, api):
        _, plan_id, execution_id = begin(api)
        process.kill()
        process.wait(30)
    with closing(sqlite3.connect(tmp_path / "lost.db")) as database:
        database.execute(lost)
        database.commit()
    with server(tmp_path / "lost.db") as (_, api):
        assert api.get(f"/executions/{execution_id}").status_code == 200
        assert api.put(f"/plans/{plan_id}", json={"description": "free"}).status_code in (200, 404)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_ends_what_runs_first(tmp_path: Path, number: int) -> None:
    with server(tmp_path / "stop.db") as (process, api):
        ids = begin(api)
        process.send_signal(number)
        printed, errors = process.communicate(timeout=30)
    assert (process.returncode, printed, errors) == (0, "", "")
    with server(tmp_path / "stop.db") as (_, api):
        check_failed(api, *ids, reason="server stopped")


def test_a_wrong_time_scale_is_told_in_one_line() -> None:
    command = [sys.executable, "-m", "mplp_mock_server", "--port", "0", "--time-scale", "-1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "time_scale" in done.stderr
