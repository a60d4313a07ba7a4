"""Tasks and dependencies of a plan, added, changed and removed one at a time."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mplp_mock_server.services._plan_graph import Edge, Node, PlanGraph
from mplp_sdk.models import STRICT, Dependency, PlanState, Task

Json = dict[str, Any]
Ids = dict[str, str]


def made(api: httpx.Client, names: str = "", *edges: tuple[str, str], **members: Any) -> tuple[str, Ids]:
    """A plan whose tasks are named by letters, and the ids of these."""
    ids = {name: str(uuid.uuid4()) for name in names}
    tasks = [{"id": ids[name], "name": name} for name in names]
    dependencies = [{"from_task": ids[a], "to_task": ids[b]} for a, b in edges]
    body = {"name": "p", "tasks": tasks, "dependencies": dependencies, **members}
    answer = api.post("/plans", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["id"], ids


def read(api: httpx.Client, plan_id: str) -> Json:
    plan: Json = api.get(f"/plans/{plan_id}").json()["data"]
    return plan


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.requirement("EP-PLANS-TASKS-ADD")
def test_a_task_is_appended(api: httpx.Client) -> None:
    plan_id, _ = made(api, "a")
    before = read(api, plan_id)
    answer = api.post(f"/plans/{plan_id}/tasks", json={"name": "b", "estimated_duration": "2h", "x_odd": 1})
    task = answer.json()["data"]
    assert answer.status_code == 201
    Task.model_validate(task, context=STRICT)
    assert (task["type"], task["status"], task["estimated_duration"], task["x_odd"]) == (
        "atomic",
        "pending",
        "2h",
        1,
    )
    after = read(api, plan_id)
    assert after["tasks"] == [*before["tasks"], task]
    assert after["metadata"]["updated_at"] > before["metadata"]["updated_at"]


@pytest.mark.requirement("EP-PLANS-TASKS-ADD")
def test_adding_a_task_again_adds_nothing(api: httpx.Client) -> None:
    plan_id, _ = made(api)
    own, key = str(uuid.uuid4()), {"idempotency-key": str(uuid.uuid4())}
    path = f"/plans/{plan_id}/tasks"
    first = api.post(path, json={"id": own, "name": "a"}).json()["data"]
    assert api.post(path, json={"id": own, "name": "a"}).json()["data"] == first
    assert error(api.post(path, json={"id": own, "name": "b"})) == (409, "3005")
    second = api.post(path, json={"name": "b"}, headers=key).json()["data"]
    assert api.post(path, json={"name": "b"}, headers=key).json()["data"] == second
    assert error(api.post(path, json={"name": "c"}, headers=key)) == (409, "4003")
    assert read(api, plan_id)["tasks"] == [first, second]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "3002", "name"),
        ({"name": ""}, "3004", "name"),
        ({"name": 7}, "3006", "name"),
        ({"name": "x" * 101}, "3004", "name"),
        ({"name": "x", "type": "odd"}, "3001", "type"),
        ({"name": "x", "estimated_duration": "soon"}, "3003", "estimated_duration"),
        ({"name": "x", "id": "a\nb"}, "3003", "id"),
        ({"name": "x", "parent_task": "none"}, "3008", "parent_task"),
        ({"name": "x", "id": "own", "parent_task": "own"}, "3008", "parent_task"),
    ],
)
def test_a_wrong_task_is_refused(api: httpx.Client, body: Json, code: str, field: str) -> None:
    plan_id, ids = made(api, "a")
    before = read(api, plan_id)
    told = api.post(f"/plans/{plan_id}/tasks", json=body).json()["error"]
    assert (told["code"], told["details"]["field"]) == (code, field)
    if "name" in body and code not in ("3005", "3008"):
        told = api.put(f"/plans/{plan_id}/tasks/{ids['a']}", json=body).json()["error"]
        assert told["code"] in (code, "3001")
    assert read(api, plan_id) == before


@pytest.mark.requirement("EP-PLANS-TASKS-UPDATE")
def test_an_update_replaces_what_is_sent_and_keeps_the_rest(api: httpx.Client) -> None:
    plan_id, _ = made(api, "a")
    task = {"name": "b", "description": "first", "priority": "low", "x_odd": 1}
    own = api.post(f"/plans/{plan_id}/tasks", json=task).json()["data"]["id"]
    path = f"/plans/{plan_id}/tasks/{own}"
    answer = api.put(path, json={"status": "completed", "priority": "high", "description": None, "id": own})
    changed = answer.json()["data"]
    assert (answer.status_code, changed["name"], changed["status"]) == (200, "b", "completed")
    assert (changed["priority"], changed["x_odd"], "description" in changed) == ("high", 1, False)
    assert read(api, plan_id)["tasks"][1] == changed
    assert error(api.put(path, json={"id": "other"})) == (400, "3001")
    assert error(api.put(path, json={"name": None})) == (400, "3002")
    assert error(api.put(f"/plans/{plan_id}/tasks/none", json={})) == (404, "4001")
    assert error(api.put(f"/plans/none/tasks/{own}", json={})) == (404, "4001")


def test_a_task_cannot_become_a_part_of_its_own_part(api: httpx.Client) -> None:
    plan_id, ids = made(api, "ab", ("a", "b"))
    path = f"/plans/{plan_id}/tasks"
    assert error(api.put(f"{path}/{ids['b']}", json={"parent_task": ids["a"]})) == (400, "3007")
    plan_id, ids = made(api, "ab")
    path = f"/plans/{plan_id}/tasks"
    assert api.put(f"{path}/{ids['b']}", json={"parent_task": ids["a"]}).status_code == 200
    told = api.put(f"{path}/{ids['a']}", json={"parent_task": ids["b"]}).json()["error"]
    assert (told["code"], set(told["details"]["cycle"])) == ("3007", {"a", "b"})


@pytest.mark.requirement("EP-PLANS-TASKS-REMOVE")
def test_a_removed_task_takes_its_dependencies_along(api: httpx.Client) -> None:
    plan_id, ids = made(api, "abc", ("a", "b"), ("b", "c"), ("a", "c"))
    answer = api.delete(f"/plans/{plan_id}/tasks/{ids['b']}")
    assert (answer.status_code, answer.content) == (204, b"")
    plan = read(api, plan_id)
    assert [task["name"] for task in plan["tasks"]] == ["a", "c"]
    assert [(edge["from_task"], edge["to_task"]) for edge in plan["dependencies"]] == [(ids["a"], ids["c"])]
    assert error(api.delete(f"/plans/{plan_id}/tasks/{ids['b']}")) == (404, "4001")


@pytest.mark.requirement("EP-PLANS-TASKS-REMOVE")
def test_a_task_with_parts_goes_only_with_them(api: httpx.Client) -> None:
    plan_id, ids = made(api, "abcd")
    for part, parent in ("ba", "cb"):
        api.put(f"/plans/{plan_id}/tasks/{ids[part]}", json={"parent_task": ids[parent]})
    path = f"/plans/{plan_id}/tasks/{ids['a']}"
    assert error(api.delete(path)) == (409, "4003")
    assert error(api.delete(path, params={"cascade": "false"})) == (409, "4003")
    assert error(api.delete(path, params={"cascade": "perhaps"})) == (400, "3003")
    assert error(api.delete(path, params={"casacde": "true"})) == (400, "3003")
    assert len(read(api, plan_id)["tasks"]) == 4
    assert api.delete(path, params={"cascade": "true"}).status_code == 204
    assert [task["name"] for task in read(api, plan_id)["tasks"]] == ["d"]


@pytest.mark.requirement("EP-PLANS-DEPENDENCIES-ADD")
def test_a_dependency_is_added_once(api: httpx.Client) -> None:
    plan_id, ids = made(api, "ab")
    path, key = f"/plans/{plan_id}/dependencies", {"idempotency-key": str(uuid.uuid4())}
    edge = {"from_task": ids["a"], "to_task": ids["b"]}
    answer = api.post(path, json=edge, headers=key)
    assert (answer.status_code, answer.json()["data"]) == (201, {**edge, "type": "finish_to_start"})
    Dependency.model_validate(answer.json()["data"], context=STRICT)
    assert api.post(path, json=edge, headers=key).json()["data"] == answer.json()["data"]
    assert error(api.post(path, json=edge)) == (409, "3005")
    assert api.post(path, json={**edge, "type": "finish_to_finish"}).status_code == 201
    assert error(api.post(path, json={**edge, "type": "sometimes"})) == (400, "3001")
    assert error(api.post(path, json={"from_task": ids["a"]})) == (400, "3002")
    assert error(api.post(path, json={**edge, "to_task": ids["a"]})) == (400, "3008")
    assert error(api.post(path, json={**edge, "to_task": "none"})) == (400, "3008")
    assert len(read(api, plan_id)["dependencies"]) == 2


@pytest.mark.requirement("EP-PLANS-DEPENDENCIES-ADD")
@pytest.mark.parametrize("kind", ["finish_to_start", "start_to_start", "finish_to_finish"])
def test_a_dependency_that_closes_a_cycle_is_refused_by_name(api: httpx.Client, kind: str) -> None:
    plan_id, ids = made(api, "abcd", ("a", "b"), ("b", "c"), ("d", "a"))
    edge = {"from_task": ids["c"], "to_task": ids["a"], "type": kind}
    told = api.post(f"/plans/{plan_id}/dependencies", json=edge).json()["error"]
    assert told["code"] == "3007"
    cycle = told["details"]["cycle"]
    assert len(cycle) == 4
    assert cycle[0] == cycle[-1]
    assert "→".join("abcabc").find("→".join(cycle)) >= 0
    assert " → ".join(cycle) in told["message"]
    assert len(read(api, plan_id)["dependencies"]) == 3


@pytest.mark.requirement("EP-PLANS-DEPENDENCIES-REMOVE")
@pytest.mark.parametrize("how", ["json", "params"])
def test_a_dependency_is_removed_by_body_or_query(api: httpx.Client, how: str) -> None:
    plan_id, ids = made(api, "abc", ("a", "b"), ("b", "c"))
    path = f"/plans/{plan_id}/dependencies"
    edge = {"from_task": ids["a"], "to_task": ids["b"]}
    api.post(path, json={**edge, "type": "start_to_start"})

    def remove(**wanted: str) -> httpx.Response:
        if how == "json":
            return api.request("DELETE", path, json=wanted)
        return api.delete(path, params=wanted)

    assert error(remove(**edge, type="finish_to_finish")) == (404, "4001")
    assert remove(**edge, type="start_to_start").status_code == 204
    assert [one["type"] for one in read(api, plan_id)["dependencies"]] == ["finish_to_start"] * 2
    api.post(path, json={**edge, "type": "start_to_start"})
    assert remove(**edge).status_code == 204
    assert len(read(api, plan_id)["dependencies"]) == 1
    assert error(remove(**edge)) == (404, "4001")
    assert error(remove(from_task=ids["a"])) == (400, "3002")
    assert error(api.delete(path)) == (400, "3002")


def test_the_same_is_done_by_rpc(api: httpx.Client) -> None:
    plan_id, ids = made(api, "ab")

    def call(action: str, **parameters: Any) -> httpx.Response:
        body = {"module": "plan", "action": action, "parameters": {"plan_id": plan_id, **parameters}}
        return api.post("/rpc", json=body)

    edge = {"from_task": ids["a"], "to_task": ids["b"]}
    assert call("add_task", name="c").json()["data"]["result"]["name"] == "c"
    assert call("add_dependency", **edge).status_code == 200
    assert error(call("add_dependency", **edge)) == (409, "3005")
    assert call("remove_dependency", **edge).status_code == 200
    assert read(api, plan_id)["dependencies"] == []
    assert call("remove_task", task_id=ids["b"], cascade="true").status_code == 200
    assert [task["name"] for task in read(api, plan_id)["tasks"]] == ["a", "c"]
    assert call("get_timeline").json()["data"]["result"]["makespan"] == 0


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_a_plan_that_has_ended_changes_no_more(api: httpx.Client, status: str) -> None:
    plan_id, ids = made(api, "ab", status=status)
    before = read(api, plan_id)
    edge = {"from_task": ids["a"], "to_task": ids["b"]}
    for answer in (
        api.post(f"/plans/{plan_id}/tasks", json={"name": "c"}),
        api.put(f"/plans/{plan_id}/tasks/{ids['a']}", json={"name": "c"}),
        api.delete(f"/plans/{plan_id}/tasks/{ids['a']}"),
        api.post(f"/plans/{plan_id}/dependencies", json=edge),
        api.delete(f"/plans/{plan_id}/dependencies", params=edge),
        api.post(f"/plans/{plan_id}/optimize", json={"strategy": "time"}),
    ):
        assert error(answer) == (405, "4005"), answer.text
    assert read(api, plan_id) == before


@pytest.mark.requirement("EP-PLANS-STATUS")
def test_the_status_tells_each_task(api: httpx.Client) -> None:
    plan_id, ids = made(api, "ab", version="2.1.0")
    at = "2026-01-02T03:04:05.000Z"
    api.put(f"/plans/{plan_id}/tasks/{ids['a']}", json={"status": "completed", "completed_at": at})
    told = api.get(f"/plans/{plan_id}/status").json()["data"]
    PlanState.model_validate(told, context=STRICT)
    assert told == {
        "plan_id": plan_id,
        "status": "draft",
        "version": "2.1.0",
        "progress": {"total": 2, "completed": 1, "failed": 0},
        "tasks": [
            {"id": ids["a"], "name": "a", "status": "completed", "completed_at": at},
            {"id": ids["b"], "name": "b", "status": "pending"},
        ],
    }


def test_a_new_plan_has_parts_of_its_own_tasks_only(api: httpx.Client) -> None:
    answer = api.post("/plans", json={"name": "p", "tasks": [{"name": "a", "parent_task": "none"}]})
    assert error(answer) == (400, "3008")
    assert answer.json()["error"]["details"]["field"] == "tasks[0].parent_task"


TYPES = st.sampled_from(("finish_to_start", "start_to_start", "finish_to_finish"))


@settings(max_examples=300, deadline=None)
@given(data=st.data(), count=st.integers(1, 6))
def test_a_cycle_is_found_where_there_is_one_and_is_one(data: st.DataObject, count: int) -> None:
    names = [f"t{number}" for number in range(count)]
    pairs = list(itertools.product(names, repeat=2))
    edges = [
        Edge(before, after, data.draw(TYPES))
        for before, after in data.draw(st.lists(st.sampled_from(pairs), max_size=8, unique=True))
    ]
    found = PlanGraph([Node(name, name) for name in names], edges).cycle()
    known = {(edge.before, edge.after) for edge in edges}
    if found is None:
        order: list[str] = []
        while len(order) < count:
            free = [n for n in names if n not in order and all(a in order for a, b in known if b == n)]
            assert free
            order.append(free[0])
    else:
        assert found[0] == found[-1]
        assert set(itertools.pairwise(found)) <= known
