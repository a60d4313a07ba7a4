"""Who takes part in a context, who left, and how many may."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from answers import data, error
from mplp_sdk.models import STRICT, Participant

Json = dict[str, Any]


def participants(api: httpx.Client, **members: Any) -> str:
    name: str = api.post("/contexts", json=members).json()["data"]["id"]
    return f"/contexts/{name}/participants"


@pytest.mark.requirement("EP-CONTEXTS-PARTICIPANTS-ADD", "EP-CONTEXTS-PARTICIPANTS-LIST")
def test_who_is_added_is_listed_in_order(api: httpx.Client) -> None:
    path = participants(api)
    body = {
        "user_id": "dana",
        "role": "editor",
        "capabilities": ["read"],
        "notification_preferences": {"email": True, "sms": False},
        "x_odd": [None],
    }
    first = data(api.post(path, json=body), 201)
    Participant.model_validate(first, context=STRICT)
    assert uuid.UUID(first["participant_id"]).version == 4
    assert first["status"] == "active"
    assert first["joined_at"] == first["last_activity"]
    assert {name: first[name] for name in body} == body
    own = str(uuid.uuid4())
    second = data(api.post(path, json={"user_id": "ali", "participant_id": own}), 201)
    assert (second["participant_id"], second["capabilities"]) == (own, [])
    page = data(api.get(path))
    assert (page["items"], page["pagination"]["total"]) == ([first, second], 2)
    assert data(api.get(path, params={"user_id": "ali"}))["items"] == [second]


@pytest.mark.requirement("EP-CONTEXTS-PARTICIPANTS-UPDATE")
def test_an_update_replaces_what_is_sent_and_keeps_the_rest(api: httpx.Client) -> None:
    path = participants(api)
    made = data(api.post(path, json={"user_id": "u", "role": "reader", "capabilities": ["a"]}), 201)
    one = f"{path}/{made['participant_id']}"
    changed = data(api.put(one, json={"status": "inactive", "role": None, "capabilities": ["b"]}))
    assert (changed["status"], changed["capabilities"], changed["user_id"]) == ("inactive", ["b"], "u")
    assert "role" not in changed
    assert changed["last_activity"] > made["last_activity"]
    assert changed["joined_at"] == made["joined_at"]
    assert data(api.get(path, params={"status": "inactive"}))["items"] == [changed]
    assert data(api.get(path, params={"status": "active"}))["items"] == []
    assert data(api.put(one, json={})) == changed


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"user_id": "other"}, "3001", "user_id"),
        ({"participant_id": "other"}, "3001", "participant_id"),
        ({"joined_at": "2020-01-01T00:00:00Z"}, "3001", "joined_at"),
        ({"status": "odd"}, "3001", "status"),
        ({"capabilities": "all"}, "3006", "capabilities"),
    ],
)
def test_a_wrong_update_changes_nothing(api: httpx.Client, changes: Json, code: str, field: str) -> None:
    path = participants(api)
    made = data(api.post(path, json={"user_id": "u"}), 201)
    assert error(api.put(f"{path}/{made['participant_id']}", json=changes)) == (400, code, field)
    assert data(api.get(path))["items"] == [made]


@pytest.mark.requirement("EP-CONTEXTS-PARTICIPANTS-REMOVE")
@pytest.mark.parametrize("method", ["DELETE", "PUT"])
def test_who_left_is_listed_only_when_asked_for(api: httpx.Client, method: str) -> None:
    path = participants(api)
    made = data(api.post(path, json={"user_id": "u"}), 201)
    one = f"{path}/{made['participant_id']}"
    left = api.request(method, one, json={"status": "left"} if method == "PUT" else None)
    assert left.status_code == (200 if method == "PUT" else 204)
    assert data(api.get(path))["items"] == []
    gone = data(api.get(path, params={"status": "left"}))["items"]
    assert [(one["user_id"], one["status"]) for one in gone] == [("u", "left")]
    for again in (api.delete(one), api.put(one, json={"status": "active"})):
        assert error(again)[:2] == (404, "4001")
    assert data(api.post(path, json={"user_id": "u"}), 201)["participant_id"] != made["participant_id"]


def test_nobody_takes_part_twice(api: httpx.Client) -> None:
    path = participants(api)
    made = data(api.post(path, json={"user_id": "u", "participant_id": "p"}), 201)
    assert error(api.post(path, json={"user_id": "u"})) == (409, "3005", "user_id")
    assert error(api.post(path, json={"user_id": "v", "participant_id": "p"})) == (
        409,
        "3005",
        "participant_id",
    )
    assert data(api.get(path))["items"] == [made]
    assert api.post(participants(api), json={"user_id": "u", "participant_id": "p"}).status_code == 201


def test_a_context_takes_no_more_than_it_says(api: httpx.Client) -> None:
    path = participants(api, configuration={"max_participants": 2})
    made = [data(api.post(path, json={"user_id": name}), 201) for name in "ab"]
    answer = api.post(path, json={"user_id": "c"})
    assert error(answer) == (429, "4004", "configuration.max_participants")
    assert answer.json()["error"]["details"]["limit"] == 2
    api.delete(f"{path}/{made[0]['participant_id']}")
    assert api.post(path, json={"user_id": "c"}).status_code == 201
    assert error(api.post(participants(api, configuration={"max_participants": 0}), json={"user_id": "a"}))[
        :2
    ] == (429, "4004")
