"""Optimistic concurrency: every object has a tag, and a change made for another state of it is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

Json = dict[str, Any]

PLAN: Json = {"name": "p", "tasks": [{"name": "t"}]}


def target(api: httpx.Client, kind: str) -> tuple[str, httpx.Response]:
    """The path of a new object, and the answer that made it."""
    collection, body = {
        "context": ("/contexts", {}),
        "plan": ("/plans", PLAN),
        "role": ("/roles", {"name": "r"}),
        "participant": ("", {"user_id": "u"}),
    }[kind]
    if kind == "participant":
        collection = f"/contexts/{api.post('/contexts', json={}).json()['data']['id']}/participants"
    made = api.post(collection, json=body)
    obj = made.json()["data"]
    return f"{collection}/{obj.get('participant_id') or obj['id']}", made


def refused(answer: httpx.Response, expected: str) -> str:
    """The tag that the object has, as a refusal tells it."""
    told = answer.json()["error"]
    assert (answer.status_code, told["code"], told["details"]["field"]) == (409, "4003", "If-Match")
    assert told["details"]["expected"] == expected
    actual: str = told["details"]["actual"]
    return actual


CHANGES: list[tuple[str, str, Json]] = [
    ("context", "", {"name": "new"}),
    ("context", "/status", {"status": "suspended"}),
    ("plan", "", {"name": "new"}),
    ("role", "", {"name": "new"}),
    ("participant", "", {"role": "new"}),
]


@pytest.mark.requirement("HTTP-ETAG")
@pytest.mark.parametrize(("kind", "sub", "change"), CHANGES)
def test_a_change_made_for_another_state_is_refused(
    api: httpx.Client, kind: str, sub: str, change: Json
) -> None:
    path, made = target(api, kind)
    first = made.headers["etag"]
    assert first.startswith('"')
    changed = api.put(path + sub, json=change, headers={"if-match": first})
    second = changed.headers["etag"]
    assert (changed.status_code, second != first) == (200, True)
    other = {"name": "late", "role": "late", "status": "active"}
    late = api.put(path + sub, json=other, headers={"if-match": first})
    assert refused(late, first) == second
    assert refused(api.delete(path, headers={"if-match": first}), first) == second
    if kind != "participant":
        read = api.get(path)
        assert (read.headers["etag"], read.json()["data"]) == (second, changed.json()["data"])
    assert api.put(path, json={}, headers={"if-match": "*"}).status_code == 200
    now = api.put(path, json={}).headers["etag"]
    assert api.delete(path, headers={"if-match": f'"other", {now}'}).status_code == 204


@pytest.mark.requirement("HTTP-ETAG")
def test_a_tag_stays_while_the_object_does(api: httpx.Client) -> None:
    asked = {"target": {"type": "task", "id": "t"}, "type": "approval"}
    made = api.post("/confirmations", json=asked)
    path = f"/confirmations/{made.json()['data']['id']}"
    assert api.get(path).headers["etag"] == api.get(path).headers["etag"] == made.headers["etag"]
    decided = api.post(f"{path}/decide", json={"decision": "approved"})
    assert decided.headers["etag"] == api.get(path).headers["etag"] != made.headers["etag"]
    assert "etag" not in api.get("/confirmations").headers
    assert "etag" not in api.get("/confirmations/none").headers


@pytest.mark.parametrize("sent", ["", "abc", '"a" "b"', '"a",', "'a'", '"a b"', "W/abc"])
def test_what_is_no_tag_is_refused(api: httpx.Client, sent: str) -> None:
    path, _ = target(api, "context")
    answer = api.put(path, json={}, headers={"if-match": sent})
    told = answer.json()["error"]
    assert (answer.status_code, told["code"], told["details"]["field"]) == (400, "3003", "If-Match")


def test_a_weak_tag_never_fits(api: httpx.Client) -> None:
    path, made = target(api, "context")
    tag = f"W/{made.headers['etag']}"
    assert refused(api.put(path, json={}, headers={"if-match": tag}), tag) == made.headers["etag"]


def test_of_many_changes_for_one_state_one_is_made(api: httpx.Client) -> None:
    path, made = target(api, "context")
    headers = {"if-match": made.headers["etag"]}
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(lambda n: api.put(path, json={"name": f"n{n}"}, headers=headers), range(24))
        )
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 23]
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert api.get(path).json()["data"] == winner.json()["data"]


def test_a_change_to_what_is_not_there_is_not_found(api: httpx.Client) -> None:
    for answer in (
        api.put("/contexts/none", json={}, headers={"if-match": '"a"'}),
        api.delete("/plans/none", headers={"if-match": "*"}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "4001")
