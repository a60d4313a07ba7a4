"""The shared state of a context: variables, versions and checksums, telling nodes, snapshots."""

from __future__ import annotations

import hashlib
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from answers import data, error
from mplp_sdk.models import STRICT, ContextState, Snapshot, SyncResult, Variable
from mplp_sdk.protocol.jcs import canonical

Json = dict[str, Any]


def made(api: httpx.Client, **members: Any) -> str:
    name: str = api.post("/contexts", json=members).json()["data"]["id"]
    return name


def state(api: httpx.Client, context_id: str) -> Json:
    return data(api.get(f"/contexts/{context_id}/state"))


def version(api: httpx.Client, context_id: str) -> int:
    return int(state(api, context_id)["state_version"])


@pytest.mark.requirement("EP-CONTEXTS-STATE")
def test_the_state_has_a_version_and_the_checksum_of_its_canonical_form(api: httpx.Client) -> None:
    context_id = made(api, shared_state={"variables": {"é": 1.0, "a": [True, None]}})
    told = state(api, context_id)
    ContextState.model_validate(told, context=STRICT)
    assert (told["context_id"], told["state_version"]) == (context_id, "1")
    assert told["state_data"] == data(api.get(f"/contexts/{context_id}"))["shared_state"]
    digest = hashlib.sha256(canonical(told["state_data"])).hexdigest()
    assert told["checksum"] == f"sha256:{digest}"


def test_a_number_that_no_reader_can_hold_does_not_break_the_state(api: httpx.Client) -> None:
    body = b'{"shared_state": {"variables": {"n": 1' + b"0" * 400 + b"}}}"
    made_one = api.post("/contexts", content=body, headers={"content-type": "application/json"})
    told = state(api, data(made_one, 201)["id"])
    assert told["checksum"].startswith("sha256:")


@pytest.mark.requirement("EP-CONTEXTS-STATE")
def test_each_change_of_the_state_counts_once_and_others_do_not(api: httpx.Client) -> None:
    context_id = made(api)
    steps: list[tuple[str, str, Json | None, int]] = [
        ("PUT", "", {"name": "n"}, 1),
        ("PUT", "/status", {"status": "suspended"}, 1),
        ("POST", "/variables", {"key": "a", "value": 1}, 2),
        ("POST", "/variables", {"key": "a", "value": 1}, 2),
        ("POST", "/variables", {"key": "a", "value": 1.0}, 2),
        ("POST", "/variables", {"key": "a", "value": True}, 3),
        ("PUT", "", {"shared_state": {"variables": {"a": 2, "b": 3}}}, 4),
        ("DELETE", "/variables/a", None, 5),
        ("POST", "/snapshots", {}, 5),
        ("POST", "/sync", {"target_nodes": ["n"]}, 5),
    ]
    for method, what, body, expected in steps:
        assert api.request(method, f"/contexts/{context_id}{what}", json=body).is_success
        assert version(api, context_id) == expected, (method, what, body)


@pytest.mark.requirement("EP-CONTEXTS-STATE")
def test_a_record_that_changes_the_state_counts_too(api: httpx.Client, ingest: Any) -> None:
    context = data(api.get(f"/contexts/{made(api)}"))
    newer = {**context, "shared_state": {**context["shared_state"], "artifacts": [1]}}
    newer["metadata"] = {**context["metadata"], "updated_at": "2999-01-01T00:00:00Z"}
    ingest([("context", newer)])
    assert version(api, context["id"]) == 2
    ingest([("context", newer), ("context", context)])
    assert version(api, context["id"]) == 2
    node = data(api.post(f"/contexts/{context['id']}/sync", json={"target_nodes": ["a"]}))
    assert "artifacts" in node["nodes"][0]["changed"]


@pytest.mark.requirement(
    "EP-CONTEXTS-VARIABLES-SET",
    "EP-CONTEXTS-VARIABLES-GET",
    "EP-CONTEXTS-VARIABLES-LIST",
    "EP-CONTEXTS-VARIABLES-DELETE",
)
@pytest.mark.parametrize("key", ["a", "a.b", "a/b", "ü ?#%", "x" * 255, " ", "\u2028"])
def test_variables_are_set_read_and_removed(api: httpx.Client, key: str) -> None:
    path = f"/contexts/{made(api)}/variables"
    one = f"{path}/{quote(key, safe='')}"
    first = data(api.post(path, json={"key": key, "value": {"deep": [None]}}), 201)
    Variable.model_validate(first, context=STRICT)
    assert (first["key"], first["value"]) == (key, {"deep": [None]})
    second = data(api.post(path, json={"key": key, "value": None}), 200)
    assert second["updated_at"] > first["updated_at"]
    assert data(api.get(one)) == second
    assert data(api.get(path)) == {"variables": {key: None}}
    assert api.delete(one).status_code == 204
    assert error(api.get(one)) == (404, "4001", None)
    assert error(api.delete(one)) == (404, "4001", None)
    assert data(api.get(path)) == {"variables": {}}


def test_a_variable_that_never_changed_is_as_old_as_its_context(api: httpx.Client) -> None:
    context_id = made(api, shared_state={"variables": {"a": 1}})
    created = data(api.get(f"/contexts/{context_id}"))["metadata"]["created_at"]
    assert data(api.get(f"/contexts/{context_id}/variables/a"))["updated_at"] == created


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_a_context_that_has_ended_keeps_its_variables(api: httpx.Client, status: str) -> None:
    path = f"/contexts/{made(api, shared_state={'variables': {'a': 1}})}"
    snapshot = data(api.post(f"{path}/snapshots", json={}), 201)["id"]
    api.put(f"{path}/status", json={"status": status})
    for answer in (
        api.post(f"{path}/variables", json={"key": "b", "value": 1}),
        api.delete(f"{path}/variables/a"),
        api.post(f"{path}/restore", json={"snapshot_id": snapshot}),
    ):
        assert error(answer)[:2] == (405, "4005")
    assert data(api.get(f"{path}/variables")) == {"variables": {"a": 1}}


WRONG: list[tuple[str, str, Json, str, str]] = [
    ("POST", "variables", {}, "3002", "key"),
    ("POST", "variables", {"key": "a"}, "3002", "value"),
    ("POST", "variables", {"key": "", "value": 1}, "3004", "key"),
    ("POST", "variables", {"key": "x" * 256, "value": 1}, "3004", "key"),
    ("POST", "variables", {"key": "a\u0000", "value": 1}, "3003", "key"),
    ("POST", "variables", {"key": 7, "value": 1}, "3006", "key"),
    ("POST", "variables", {"key": None, "value": 1}, "3006", "key"),
    ("POST", "sync", {}, "3002", "target_nodes"),
    ("POST", "sync", {"target_nodes": []}, "3004", "target_nodes"),
    ("POST", "sync", {"target_nodes": "a"}, "3006", "target_nodes"),
    ("POST", "sync", {"target_nodes": [1]}, "3006", "target_nodes[0]"),
    ("POST", "sync", {"target_nodes": [""]}, "3004", "target_nodes[0]"),
    ("POST", "sync", {"target_nodes": ["a", "b", "a"]}, "3005", "target_nodes[2]"),
    ("POST", "sync", {"target_nodes": [str(n) for n in range(1001)]}, "3004", "target_nodes"),
    ("POST", "sync", {"target_nodes": ["a"], "sync_type": "some"}, "3001", "sync_type"),
    ("POST", "snapshots", {"name": 1}, "3006", "name"),
    ("POST", "restore", {}, "3002", "snapshot_id"),
    ("POST", "restore", {"snapshot_id": ""}, "3004", "snapshot_id"),
    ("POST", "restore", {"snapshot_id": "no\nne"}, "3003", "snapshot_id"),
    ("POST", "participants", {}, "3002", "user_id"),
    ("POST", "participants", {"user_id": ""}, "3004", "user_id"),
    ("POST", "participants", {"user_id": "a\n"}, "3003", "user_id"),
    ("POST", "participants", {"user_id": "a", "capabilities": "all"}, "3006", "capabilities"),
    ("POST", "participants", {"user_id": "a", "status": "odd"}, "3001", "status"),
    ("POST", "participants", {"user_id": "a", "status": "left"}, "3001", "status"),
    (
        "POST",
        "participants",
        {"user_id": "a", "notification_preferences": {"email": "yes"}},
        "3006",
        "notification_preferences.email",
    ),
]


@pytest.mark.parametrize(("method", "what", "body", "code", "field"), WRONG)
def test_wrong_input_names_the_field_and_stores_nothing(
    api: httpx.Client, method: str, what: str, body: Json, code: str, field: str
) -> None:
    path = f"/contexts/{made(api)}"
    before = state(api, path.rpartition("/")[2])
    answer = api.request(method, f"{path}/{what}", json=body)
    assert error(answer)[1:] == (code, field), answer.text
    assert answer.json()["error"]["details"]["reason"]
    assert state(api, path.rpartition("/")[2]) == before
    for collection in ("snapshots", "participants"):
        assert data(api.get(f"{path}/{collection}"))["pagination"]["total"] == 0


@pytest.mark.parametrize(
    ("method", "what", "body"),
    [
        ("GET", "state", None),
        ("POST", "sync", {"target_nodes": ["a"]}),
        ("GET", "variables", None),
        ("POST", "variables", {"key": "a", "value": 1}),
        ("GET", "variables/a", None),
        ("DELETE", "variables/a", None),
        ("POST", "snapshots", {}),
        ("GET", "snapshots", None),
        ("POST", "restore", {"snapshot_id": "s"}),
        ("POST", "participants", {"user_id": "u"}),
        ("GET", "participants", None),
        ("PUT", "participants/p", {}),
        ("DELETE", "participants/p", None),
    ],
)
def test_what_belongs_to_no_context_is_not_found(
    api: httpx.Client, method: str, what: str, body: Json | None
) -> None:
    assert error(api.request(method, f"/contexts/{uuid.uuid4()}/{what}", json=body))[:2] == (404, "4001")


@pytest.mark.requirement("EP-CONTEXTS-SYNC")
def test_a_full_sync_tells_everything_and_an_incremental_one_what_is_new(api: httpx.Client) -> None:
    path = f"/contexts/{made(api, shared_state={'variables': {'a': 1, 'b': 2}})}"
    everything = ["dependencies", "goals", "resources", "variables.a", "variables.b"]

    def sync(*nodes: str, **members: Any) -> Json:
        return data(api.post(f"{path}/sync", json={"target_nodes": nodes, **members}))

    full = sync("n1", "n2")
    SyncResult.model_validate(full, context=STRICT)
    now = state(api, path.rpartition("/")[2])
    assert full["sync_type"] == "full"
    assert full["state"] == now["state_data"]
    assert [node["node"] for node in full["nodes"]] == ["n1", "n2"]
    for node in full["nodes"]:
        assert (node["status"], node["changed"]) == ("synced", everything)
        assert (node["state_version"], node["checksum"]) == (now["state_version"], now["checksum"])
    api.post(f"{path}/variables", json={"key": "a", "value": 9})
    api.delete(f"{path}/variables/b")
    first = sync("n1", sync_type="incremental")
    assert "state" not in first
    assert first["nodes"][0]["changed"] == ["variables.a", "variables.b"]
    assert first["nodes"][0]["state_version"] == "3"
    assert sync("n1", sync_type="incremental")["nodes"][0]["changed"] == []
    api.put(path, json={"shared_state": {**now["state_data"], "artifacts": ["x"], "variables": {"a": 9}}})
    told = sync("n1", "n2", "n3", sync_type="incremental")
    later = {node["node"]: node["changed"] for node in told["nodes"]}
    assert later["n1"] == ["artifacts"]
    assert later["n2"] == ["artifacts", "variables.a", "variables.b"]
    assert later["n3"] == ["artifacts", "dependencies", "goals", "resources", "variables.a"]


@pytest.mark.requirement("EP-CONTEXTS-SNAPSHOTS-CREATE", "EP-CONTEXTS-SNAPSHOTS-LIST", "EP-CONTEXTS-RESTORE")
def test_a_snapshot_brings_a_context_back(api: httpx.Client) -> None:
    path = f"/contexts/{made(api, name='first', shared_state={'variables': {'a': 1}}, x_odd={'k': None})}"
    before = data(api.get(path))
    snapshot = data(api.post(f"{path}/snapshots", json={"name": "s", "description": "d"}), 201)
    Snapshot.model_validate(snapshot, context=STRICT)
    assert (snapshot["name"], snapshot["description"], snapshot["state_version"]) == ("s", "d", "1")
    changes: Json = {"name": "second", "lifecycle_stage": "execution", "status": "suspended", "y": 1}
    changes |= {"shared_state": {"variables": {"a": 2}}, "environment": {"platform": "web"}}
    assert api.put(path, json=changes).status_code == 200
    assert version(api, before["id"]) == 2
    restored = data(api.post(f"{path}/restore", json={"snapshot_id": snapshot["id"]}))
    assert restored["metadata"].pop("updated_at") > before["metadata"].pop("updated_at")
    assert restored == before
    told = state(api, before["id"])
    assert (told["state_version"], told["checksum"]) == ("3", snapshot["checksum"])


@pytest.mark.requirement("EP-CONTEXTS-SNAPSHOTS-LIST")
def test_snapshots_are_listed_the_newest_first(api: httpx.Client) -> None:
    path = f"/contexts/{made(api)}/snapshots"
    names = [data(api.post(path, json={"name": f"s{n}"}), 201)["name"] for n in range(5)]
    page = data(api.get(path, params={"pageSize": 2, "page": 2}))
    assert [one["name"] for one in page["items"]] == names[::-1][2:4]
    assert page["pagination"]["total"] == 5
    assert [one["name"] for one in data(api.get(path, params={"name": "s3"}))["items"]] == ["s3"]
    assert [one["name"] for one in data(api.get(path, params={"sort": "created_at"}))["items"]] == names


def test_a_snapshot_of_another_context_is_none(api: httpx.Client) -> None:
    snapshot = data(api.post(f"/contexts/{made(api)}/snapshots", json={}), 201)["id"]
    answer = api.post(f"/contexts/{made(api)}/restore", json={"snapshot_id": snapshot})
    assert error(answer) == (404, "4001", "snapshot_id")


def test_variables_set_at_the_same_time_are_all_there_and_all_counted(api: httpx.Client) -> None:
    context_id = made(api)

    def set_one(number: int) -> int:
        body = {"key": f"k{number}", "value": number}
        return api.post(f"/contexts/{context_id}/variables", json=body).status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(set_one, range(40))) == {201}
    variables = data(api.get(f"/contexts/{context_id}/variables"))["variables"]
    assert variables == {f"k{number}": number for number in range(40)}
    assert version(api, context_id) == 41


def test_what_belongs_to_a_context_goes_with_it(api: httpx.Client) -> None:
    own = str(uuid.uuid4())
    made(api, id=own)
    path = f"/contexts/{own}"
    api.post(f"{path}/variables", json={"key": "a", "value": 1})
    api.post(f"{path}/snapshots", json={})
    api.post(f"{path}/participants", json={"user_id": "u"})
    api.delete(path)
    made(api, id=own)
    assert version(api, own) == 1
    for what in ("snapshots", "participants"):
        assert data(api.get(f"{path}/{what}"))["pagination"]["total"] == 0


@pytest.mark.parametrize(
    ("what", "body", "other"),
    [
        ("variables", {"key": "a", "value": 1}, {"key": "a", "value": 2}),
        ("sync", {"target_nodes": ["a"]}, {"target_nodes": ["b"]}),
        ("snapshots", {}, {"name": "other"}),
        ("participants", {"user_id": "u"}, {"user_id": "v"}),
    ],
)
def test_a_repeat_under_the_same_key_answers_the_first_result(
    api: httpx.Client, what: str, body: Json, other: Json
) -> None:
    path, key = f"/contexts/{made(api)}/{what}", {"idempotency-key": str(uuid.uuid4())}
    first, again = (api.post(path, json=body, headers=key) for _ in range(2))
    assert (again.status_code, again.json()["data"]) == (first.status_code, first.json()["data"])
    assert error(api.post(path, json=other, headers=key)) == (409, "4003", "Idempotency-Key")
    if what in ("snapshots", "participants"):
        assert data(api.get(path))["pagination"]["total"] == 1
