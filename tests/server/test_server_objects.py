"""Contexts, plans and confirmations: create, read, list, change, delete, and creating twice."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from mplp_mock_server import MockServer
from mplp_sdk.models import STRICT
from mplp_sdk.protocol.schemas import MODULES

Json = dict[str, Any]

CREATES: dict[str, tuple[str, Json]] = {
    "contexts": ("context", {}),
    "plans": ("plan", {"name": "report", "tasks": [{"name": "read"}, {"name": "write"}]}),
    "confirmations": (
        "confirmation",
        {
            "target": {"type": "task", "id": str(uuid.uuid4())},
            "type": "approval",
            "approvers": [{"type": "human", "role": "editor", "required": True}],
        },
    ),
}
COLLECTIONS = sorted(CREATES)


def created(api: httpx.Client, collection: str, **members: Any) -> Json:
    answer = api.post(f"/{collection}", json={**CREATES[collection][1], **members})
    assert answer.status_code == 201, answer.text
    data: Json = answer.json()["data"]
    return data


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.requirement(
    "OBJ-CREATE-FILLED",
    "HTTP-CREATE-201",
    "ID-MADE",
    "ID-VERSION-MADE",
    "EP-CONTEXTS-CREATE",
    "EP-PLANS-CREATE",
    "EP-CONFIRMATIONS-CREATE",
)
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_the_least_input_makes_an_object_by_the_letter(api: httpx.Client, collection: str) -> None:
    obj = created(api, collection)
    MODULES[CREATES[collection][0]].model_validate(obj, context=STRICT)
    assert uuid.UUID(obj["id"]).version == 4
    assert obj["metadata"]["created_at"] == obj["metadata"]["updated_at"]
    assert obj["metadata"]["created_at"].endswith("Z")


def test_what_is_not_said_gets_a_default(api: httpx.Client) -> None:
    context, plan = created(api, "contexts"), created(api, "plans")
    assert (context["version"], context["status"], context["lifecycle_stage"]) == (
        "1.0.0",
        "active",
        "planning",
    )
    assert context["shared_state"] == {"variables": {}, "resources": {}, "dependencies": [], "goals": []}
    assert (plan["version"], plan["status"], plan["dependencies"]) == ("1.0.0", "draft", [])
    assert [(task["type"], task["status"]) for task in plan["tasks"]] == [("atomic", "pending")] * 2
    goals = [{"description": "publish", "priority": 3}]
    goal = created(api, "contexts", shared_state={"goals": goals})["shared_state"]["goals"][0]
    assert goal["status"] == "pending"
    assert uuid.UUID(goal["id"])
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    tasks = [{"id": first, "name": "a"}, {"id": second, "name": "b"}]
    edges = created(api, "plans", tasks=tasks, dependencies=[{"from_task": first, "to_task": second}])
    assert edges["dependencies"][0]["type"] == "finish_to_start"


@pytest.mark.requirement("OBJ-UNKNOWN-STORED", "EP-CONTEXTS-GET", "EP-PLANS-GET", "EP-CONFIRMATIONS-GET")
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_unknown_members_come_back_unchanged(api: httpx.Client, collection: str) -> None:
    odd = {"deep": [{"er": None}], "number": 1.5, "large": 2**70, "text": "ü\u0000"}
    obj = created(api, collection, x_odd=odd, metadata={"team": odd})
    read = api.get(f"/{collection}/{obj['id']}").json()["data"]
    assert read == obj
    assert read["x_odd"] == odd
    assert read["metadata"]["team"] == odd


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_reading_what_is_not_there_answers_4001(api: httpx.Client, collection: str) -> None:
    assert error(api.get(f"/{collection}/{uuid.uuid4()}")) == (404, "4001")


@pytest.mark.requirement("EP-CONTEXTS-DELETE", "EP-PLANS-DELETE", "HTTP-DELETE-204")
@pytest.mark.parametrize("collection", ["contexts", "plans"])
def test_what_is_deleted_is_gone(api: httpx.Client, collection: str) -> None:
    own = str(uuid.uuid4())
    created(api, collection, id=own)
    answer = api.delete(f"/{collection}/{own}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert error(api.get(f"/{collection}/{own}")) == (404, "4001")
    assert error(api.delete(f"/{collection}/{own}")) == (404, "4001")
    assert error(api.put(f"/{collection}/{own}", json={})) == (404, "4001")
    assert created(api, collection, id=own, name="anew")["name"] == "anew"


@pytest.mark.requirement("EP-CONTEXTS-UPDATE", "EP-PLANS-UPDATE")
@pytest.mark.parametrize("collection", ["contexts", "plans"])
def test_an_update_replaces_what_is_sent_and_keeps_the_rest(api: httpx.Client, collection: str) -> None:
    made = created(api, collection, x_odd=1, description="first", name="old")
    answer = api.put(
        f"/{collection}/{made['id']}", json={"name": "new", "description": None, "id": made["id"]}
    )
    changed = answer.json()["data"]
    assert answer.status_code == 200
    assert (changed["id"], changed["name"], changed["x_odd"]) == (made["id"], "new", 1)
    if collection == "plans":
        assert "description" not in changed
        assert changed["tasks"] == made["tasks"]
    assert changed["metadata"]["created_at"] == made["metadata"]["created_at"]
    assert changed["metadata"]["updated_at"] > made["metadata"]["updated_at"]
    assert api.get(f"/{collection}/{made['id']}").json()["data"] == changed


@pytest.mark.parametrize("collection", ["contexts", "plans"])
def test_an_update_that_is_wrong_changes_nothing(api: httpx.Client, collection: str) -> None:
    made = created(api, collection)
    path = f"/{collection}/{made['id']}"
    assert error(api.put(path, json={"id": str(uuid.uuid4())})) == (400, "3001")
    assert error(api.put(path, json={"status": "elsewhere"})) == (400, "3001")
    assert error(api.put(path, json={"name": 1})) == (400, "3006")
    assert error(api.put(path, json={"metadata": "none"})) == (400, "3006")
    assert api.get(path).json()["data"] == made


def test_a_creation_time_is_the_servers_to_know(api: httpx.Client) -> None:
    made = created(api, "plans", metadata={"created_at": "2020-01-02T00:00:00Z", "team": "a"})
    assert made["metadata"]["created_at"] == "2020-01-02T00:00:00Z"
    changes = {"metadata": {"created_at": "2030-01-02T00:00:00Z", "team": "b"}}
    changed = api.put(f"/plans/{made['id']}", json=changes).json()["data"]
    assert changed["metadata"]["created_at"] == "2020-01-02T00:00:00Z"
    assert changed["metadata"]["team"] == "b"
    assert error(api.post("/plans", json={**CREATES["plans"][1], "metadata": {"created_at": 5}})) == (
        400,
        "3003",
    )


@pytest.mark.requirement("OBJ-CREATE-OWN-ID", "HTTP-REPEAT-BY-ID", "HTTP-REPEAT-CONFLICT")
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_creating_again_with_the_same_id_answers_the_first_result(api: httpx.Client, collection: str) -> None:
    own = str(uuid.uuid4())
    first = created(api, collection, id=own)
    assert first["id"] == own
    assert created(api, collection, id=own) == first
    other = {**CREATES[collection][1], "id": own, "x_other": True}
    assert error(api.post(f"/{collection}", json=other)) == (409, "4003")
    assert api.get(f"/{collection}/{own}").json()["data"] == first


@pytest.mark.requirement("HTTP-REPEAT-BY-KEY", "HTTP-REPEAT-CONFLICT")
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_creating_again_with_the_same_key_answers_the_first_result(
    api: httpx.Client, collection: str
) -> None:
    key = {"idempotency-key": str(uuid.uuid4())}
    body = CREATES[collection][1]
    first = api.post(f"/{collection}", json=body, headers=key)
    again = api.post(f"/{collection}", json=body, headers=key)
    assert (again.status_code, again.json()["data"]) == (201, first.json()["data"])
    assert error(api.post(f"/{collection}", json={**body, "x_other": True}, headers=key)) == (409, "4003")
    elsewhere = "plans" if collection != "plans" else "contexts"
    assert api.post(f"/{elsewhere}", json=CREATES[elsewhere][1], headers=key).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_that_cannot_be_kept_is_refused(api: httpx.Client, key: str) -> None:
    answer = api.post("/contexts", json={}, headers={"idempotency-key": key})
    assert error(answer) == (400, "3003")
    assert answer.json()["error"]["details"]["field"] == "Idempotency-Key"


def test_a_refused_create_leaves_its_id_and_key_free(api: httpx.Client) -> None:
    own, key = str(uuid.uuid4()), {"idempotency-key": str(uuid.uuid4())}
    assert error(api.post("/plans", json={"id": own, "tasks": []}, headers=key)) == (400, "3002")
    assert api.post("/plans", json={"id": own, "name": "p", "tasks": []}, headers=key).status_code == 201


ASKED: Json = {"target": {"type": "task", "id": "x"}, "type": "approval"}


def tasks(*members: Json, **others: Any) -> Json:
    return {"name": "p", "tasks": [{"name": "a", **one} for one in members], **others}


def goal(**members: Any) -> Json:
    return {"shared_state": {"goals": [{"description": "d", "priority": 3, **members}]}}


WRONG: list[tuple[str, Json, str, str]] = [
    ("plans", {"tasks": []}, "3002", "name"),
    ("plans", {"name": "p", "tasks": [{}]}, "3002", "tasks[0].name"),
    ("plans", {"name": "p", "tasks": "none"}, "3006", "tasks"),
    ("plans", {"name": "p", "tasks": ["none"]}, "3006", "tasks[0]"),
    ("plans", {"name": "p", "tasks": [{"name": "x" * 101}]}, "3004", "tasks[0].name"),
    ("plans", tasks({"type": "odd"}), "3001", "tasks[0].type"),
    ("plans", tasks({"estimated_duration": "soon"}), "3003", "tasks[0].estimated_duration"),
    ("plans", tasks({"id": "x"}, {"id": "x"}), "3005", "tasks[1].id"),
    ("plans", tasks(dependencies=[{"from_task": "a", "to_task": "b"}]), "3008", "dependencies[0].from_task"),
    ("plans", {"name": "p", "tasks": [], "status": "odd"}, "3001", "status"),
    ("plans", {"name": "p", "tasks": [], "version": "one"}, "3003", "version"),
    ("contexts", {"status": "odd"}, "3001", "status"),
    ("contexts", {"shared_state": []}, "3006", "shared_state"),
    ("contexts", {"shared_state": {"goals": {}}}, "3006", "shared_state.goals"),
    ("contexts", goal(priority=11), "3004", "shared_state.goals[0].priority"),
    ("contexts", goal(priority="3"), "3006", "shared_state.goals[0].priority"),
    ("contexts", {"environment": {"platform": "toaster"}}, "3001", "environment.platform"),
    ("contexts", {"metadata": {"created_at": "yesterday"}}, "3003", "metadata.created_at"),
    ("contexts", {"metadata": []}, "3006", "metadata"),
    ("contexts", {"id": ""}, "3004", "id"),
    ("contexts", {"id": 7}, "3006", "id"),
    ("contexts", {"id": "x" * 256}, "3003", "id"),
    ("contexts", {"id": "line\nbreak"}, "3003", "id"),
    ("contexts", {"id": "nul\u0000"}, "3003", "id"),
    ("confirmations", {"type": "approval"}, "3002", "target"),
    ("confirmations", {"target": {"type": "odd", "id": "x"}, "type": "approval"}, "3001", "target.type"),
    ("confirmations", {**ASKED, "result": {"status": "approved"}}, "3001", "result"),
    ("confirmations", {**ASKED, "approvers": [{}]}, "3002", "approvers[0].type"),
    ("confirmations", {**ASKED, "expires_at": "0001-01-01T00:00:00+10:00"}, "3003", "expires_at"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("collection", "body", "code", "field"), WRONG, ids=[f"{c}-{f}" for c, _, _, f in WRONG]
)
def test_wrong_input_names_the_field_and_the_reason(
    api: httpx.Client, collection: str, body: Json, code: str, field: str
) -> None:
    before = api.get(f"/{collection}").json()["data"]["pagination"]["total"]
    answer = api.post(f"/{collection}", json=body)
    told = answer.json()["error"]
    assert (told["code"], told["details"]["field"]) == (code, field), told
    assert told["details"]["reason"]
    assert api.get(f"/{collection}").json()["data"]["pagination"]["total"] == before


def test_several_mistakes_are_all_told(api: httpx.Client) -> None:
    told = api.post("/plans", json={"tasks": [{"name": ""}], "status": "odd"}).json()["error"]
    assert told["code"] == "3001"
    assert {(one["field"], one["code"]) for one in told["details"]["errors"]} == {
        ("name", "3002"),
        ("tasks[0].name", "3004"),
        ("status", "3001"),
    }


@pytest.mark.requirement(
    "LIST-PAGINATION", "LIST-SORT", "EP-CONTEXTS-LIST", "EP-PLANS-LIST", "EP-CONFIRMATIONS-LIST"
)
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_pages_cover_a_list_once(collection: str) -> None:
    with MockServer() as server, httpx.Client(base_url=f"{server.url}/v1.0") as api:
        made = [created(api, collection)["id"] for _ in range(7)]
        seen: list[str] = []
        for page in (1, 2, 3, 4):
            data = api.get(f"/{collection}", params={"page": page, "pageSize": 3, "sort": "status"}).json()[
                "data"
            ]
            assert data["pagination"] == {
                "page": page,
                "pageSize": 3,
                "total": 7,
                "totalPages": 3,
                "hasNext": page < 3,
                "hasPrev": page > 1,
            }
            seen += [item["id"] for item in data["items"]]
        assert seen == sorted(made)  # all have the same status, so the id decides
        newest = api.get(f"/{collection}").json()["data"]["items"]
        ages = [item["metadata"]["created_at"] for item in newest]
        assert ages == sorted(ages, reverse=True)
        assert api.get(f"/{collection}", params={"sort": "-id"}).json()["data"]["items"][0]["id"] == max(made)


@pytest.mark.requirement("LIST-FILTERS")
def test_filters_keep_what_fits(api: httpx.Client) -> None:
    context_id, mark = str(uuid.uuid4()), str(uuid.uuid4())
    one = created(api, "plans", context_id=context_id, name=mark)
    created(api, "plans", context_id=context_id, status="approved")
    found = api.get("/plans", params={"context_id": context_id, "status": "draft"}).json()["data"]
    assert [item["id"] for item in found["items"]] == [one["id"]]
    assert api.get("/plans", params={"name": mark}).json()["data"]["pagination"]["total"] == 1
    assert api.get("/plans", params={"context_id": str(uuid.uuid4())}).json()["data"]["items"] == []
    confirmation = created(api, "confirmations", context_id=context_id)
    found = api.get("/confirmations", params={"context_id": context_id, "status": "pending"}).json()["data"]
    assert [item["id"] for item in found["items"]] == [confirmation["id"]]
    staged = created(api, "contexts", lifecycle_stage="validation", name=mark)
    found = api.get("/contexts", params={"lifecycle_stage": "validation", "name": mark}).json()["data"]
    assert [item["id"] for item in found["items"]] == [staged["id"]]


@pytest.mark.requirement("LIST-PAGE-SIZE")
def test_a_page_has_fifty_items_unless_told(api: httpx.Client) -> None:
    assert api.get("/contexts").json()["data"]["pagination"]["pageSize"] == 50
    assert api.get("/contexts?pageSize=1000").status_code == 200


@pytest.mark.requirement("LIST-PAGE-SIZE")
@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("page=0", "3004", "page"),
        ("page=-1", "3004", "page"),
        ("page=99999999999999999999", "3004", "page"),
        ("page=" + "9" * 5000, "3004", "page"),
        ("page=two", "3003", "page"),
        ("page=", "3003", "page"),
        ("page=1.5", "3003", "page"),
        ("page=%D9%A1", "3003", "page"),
        ("pageSize=0", "3004", "pageSize"),
        ("pageSize=1001", "3004", "pageSize"),
        ("sort=body", "3003", "sort"),
        ("sort=--name", "3003", "sort"),
        ("sort=name;drop", "3003", "sort"),
        ("status=", "3003", "status"),
        ("status=a%00b", "3003", "status"),
        ("status=active&status=failed", "3003", "status"),
        ("statsu=active", "3003", "statsu"),
    ],
)
def test_a_list_that_cannot_be_answered_says_why(
    api: httpx.Client, query: str, code: str, field: str
) -> None:
    answer = api.get(f"/contexts?{query}")
    told = answer.json()["error"]
    assert (answer.status_code, told["code"], told["details"]["field"]) == (400, code, field)


def test_the_status_of_a_plan_tells_each_task(api: httpx.Client) -> None:
    tasks = [{"name": "a", "status": "completed"}, {"name": "b", "status": "failed"}, {"name": "c"}]
    plan = created(api, "plans", tasks=tasks)
    told = api.get(f"/plans/{plan['id']}/status").json()["data"]
    assert (told["plan_id"], told["status"]) == (plan["id"], "draft")
    assert told["progress"] == {"total": 3, "completed": 1, "failed": 1}
    assert [task["status"] for task in told["tasks"]] == ["completed", "failed", "pending"]
    assert error(api.get("/plans/none/status")) == (404, "4001")


@pytest.mark.parametrize("own", ["a/b", "a b", "..", "%2F", "ü", "a?b", "x" * 255])
def test_an_id_with_odd_characters_is_found_again(api: httpx.Client, own: str) -> None:
    created(api, "contexts", id=own)
    path = httpx.URL(f"{api.base_url}contexts/").copy_with(
        raw_path=b"/v1.0/contexts/" + "".join(f"%{byte:02X}" for byte in own.encode()).encode()
    )
    assert api.get(path).json()["data"]["id"] == own
    assert api.delete(path).status_code == 204


@pytest.mark.parametrize("segment", ["%00", "%0A", "%FF", "x" * 256, "%E2%80%A8"])
def test_an_id_that_cannot_be_is_refused_in_a_path(api: httpx.Client, segment: str) -> None:
    for path in (
        f"/contexts/{segment}",
        f"/traces/{segment}",
        f"/traces/{segment}/spans",
        f"/streams/{segment}",
    ):
        assert error(api.get(path)) == (400, "3003"), path
