"""Moves from one status to another: the legal ones are made, the others answer 4005 and change nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import httpx
import pytest

CONTEXT = {
    ("active", "suspended"),
    ("suspended", "active"),
    *itertools.product(("active", "suspended"), ("completed", "failed")),
}
PLAN = {
    ("draft", "approved"),
    ("approved", "executing"),
    *itertools.product(("executing",), ("completed", "failed")),
    *itertools.product(("draft", "approved", "executing"), ("cancelled",)),
}
CONTEXT_STATUSES = ("active", "suspended", "completed", "failed")
PLAN_STATUSES = ("draft", "approved", "executing", "completed", "failed", "cancelled")


def made(api: httpx.Client, collection: str, status: str) -> str:
    body: dict[str, Any] = {"status": status, "name": "p", "tasks": []}
    name: str = api.post(f"/{collection}", json=body).json()["data"]["id"]
    return name


def expect(answer: httpx.Response, old: str, new: str, legal: set[tuple[str, str]]) -> None:
    if (old, new) in legal or old == new:
        assert (answer.status_code, answer.json()["data"]["status"]) == (200, new)
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) == (405, "4005")


@pytest.mark.requirement("OBJ-STATUS-MOVES-CONTEXT", "EP-CONTEXTS-STATUS")
@pytest.mark.parametrize(("old", "new"), list(itertools.product(CONTEXT_STATUSES, repeat=2)))
def test_contexts_move_by_the_table(api: httpx.Client, old: str, new: str) -> None:
    for path, more in (("/status", {"reason": "told to"}), ("", {})):
        context_id = made(api, "contexts", old)
        answer = api.put(f"/contexts/{context_id}{path}", json={"status": new, **more})
        expect(answer, old, new, CONTEXT)
        now = api.get(f"/contexts/{context_id}").json()["data"]
        assert now["status"] == (new if (old, new) in CONTEXT else old)


@pytest.mark.requirement("OBJ-STATUS-MOVES-PLAN")
@pytest.mark.parametrize(("old", "new"), list(itertools.product(PLAN_STATUSES, repeat=2)))
def test_plans_move_by_the_table(api: httpx.Client, old: str, new: str) -> None:
    plan_id = made(api, "plans", old)
    expect(api.put(f"/plans/{plan_id}", json={"status": new}), old, new, PLAN)
    now = api.get(f"/plans/{plan_id}").json()["data"]
    assert now["status"] == (new if (old, new) in PLAN else old)


@pytest.mark.requirement("EP-CONTEXTS-STATUS")
def test_the_reason_of_a_move_is_kept(api: httpx.Client) -> None:
    context_id = made(api, "contexts", "active")
    moved = api.put(f"/contexts/{context_id}/status", json={"status": "suspended", "reason": "manual_pause"})
    change = moved.json()["data"]["metadata"]["status_change"]
    assert (change["status"], change["reason"]) == ("suspended", "manual_pause")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "3002", "status"),
        ({"status": None}, "3002", "status"),
        ({"status": 1}, "3006", "status"),
        ({"status": "archived"}, "3001", "status"),
        ({"status": "suspended", "reason": []}, "3006", "reason"),
    ],
)
def test_a_move_that_says_nothing_is_refused(
    api: httpx.Client, body: dict[str, Any], code: str, field: str
) -> None:
    context_id = made(api, "contexts", "active")
    told = api.put(f"/contexts/{context_id}/status", json=body).json()["error"]
    assert (told["code"], told["details"]["field"]) == (code, field)
    assert api.get(f"/contexts/{context_id}").json()["data"]["status"] == "active"


def test_a_recorded_plan_that_no_create_would_take_can_still_move(
    api: httpx.Client, ingest: Callable[..., Any]
) -> None:
    edge = {"from_task": "gone", "to_task": "gone", "type": "finish_to_start"}
    ingest([("plan", {"id": "recorded", "name": "p", "tasks": [], "dependencies": [edge]})])
    assert api.put("/plans/recorded", json={"status": "approved"}).status_code == 200
    refused = api.put("/plans/recorded", json={"dependencies": [edge, edge]})
    assert refused.json()["error"]["code"] == "3008"
