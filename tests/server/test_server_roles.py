"""Roles: the built-in ones, what is inherited and overridden, and what a role may do."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from answers import data, error
from mplp_sdk.models import STRICT, AccessDecision, Role

Json = dict[str, Any]


def made(api: httpx.Client, name: str = "r", **members: Any) -> str:
    own: str = data(api.post("/roles", json={"name": name, **members}), 201)["id"]
    return own


def read(api: httpx.Client, role_id: str) -> Json:
    return data(api.get(f"/roles/{role_id}"))


def skill(name: str, level: str = "basic", **members: Any) -> Json:
    return {"name": name, "type": "skill", "level": level, **members}


def inherit(api: httpx.Client, role_id: str, parent: str, *overrides: Json) -> httpx.Response:
    return api.post(f"/roles/{role_id}/inherit", json={"parent_role_id": parent, "overrides": overrides})


def levels(role: Json) -> dict[str, str]:
    return {one["name"]: one["level"] for one in role["inheritance"]["inherited_capabilities"]}


@pytest.mark.requirement("EP-ROLES-CREATE", "EP-ROLES-GET", "EP-ROLES-UPDATE", "EP-ROLES-DELETE")
def test_a_role_is_made_changed_and_removed(api: httpx.Client) -> None:
    body = {
        "name": "reviewer",
        "capabilities": [skill("read", parameters={"languages": ["en"]})],
        "permissions": [{"resource": "plan", "actions": ["read"], "conditions": {"team": "a"}}],
        "constraints": {"time_limits": {"max_session_duration": "8h"}},
        "x_odd": {"kept": [None]},
    }
    role = data(api.post("/roles", json=body), 201)
    Role.model_validate(role, context=STRICT)
    assert {name: role[name] for name in body} == body
    assert role["version"] == "1.0.0"
    path = f"/roles/{role['id']}"
    changed = data(api.put(path, json={"name": "editor", "permissions": None}))
    assert (changed["name"], changed["capabilities"]) == ("editor", body["capabilities"])
    assert "permissions" not in changed
    assert read(api, role["id"]) == changed
    assert api.delete(path).status_code == 204
    for answer in (api.get(path), api.put(path, json={}), api.delete(path)):
        assert error(answer)[:2] == (404, "4001")


@pytest.mark.requirement("OBJ-ROLE-BUILT-IN", "EP-ROLES-LIST")
def test_the_built_in_roles_are_there_and_stay_as_they_are(api: httpx.Client) -> None:
    found = data(api.get("/roles", params={"type": "system", "sort": "id"}))["items"]
    assert [role["id"] for role in found] == ["admin", "developer", "viewer"]
    assert {
        role["id"]: {one["resource"]: one["actions"] for one in role["permissions"]} for role in found
    } == {
        "admin": {"*": ["*"]},
        "developer": {
            "context": ["read", "write"],
            "plan": ["read", "write"],
            "execution": ["read", "write", "execute"],
            "trace": ["read"],
        },
        "viewer": {name: ["read"] for name in ("context", "plan", "execution", "trace")},
    }
    own = made(api)
    for role in found:
        path = f"/roles/{role['id']}"
        refused = (api.put(path, json={"name": "x"}), api.delete(path), inherit(api, role["id"], own))
        assert {error(answer) for answer in refused} == {(405, "4005", "id")}
        assert error(api.post("/roles", json={"id": role["id"], "name": "x"})) == (409, "4003", "id")
        assert read(api, role["id"]) == role


@pytest.mark.requirement("OBJ-ROLE-BUILT-IN")
def test_a_record_does_not_replace_a_built_in_role(api: httpx.Client, ingest: Callable[..., Json]) -> None:
    before = read(api, "viewer")
    role = {**before, "permissions": [{"resource": "*", "actions": ["*"]}]}
    role["metadata"] = {"updated_at": "2999-01-01T00:00:00Z"}
    told = ingest([("role", role)])
    assert (told["accepted"], told["rejected"][0]["error"]["details"]["field"]) == (0, "id")
    assert read(api, "viewer") == before


@pytest.mark.requirement("OBJ-ROLE-INHERITANCE", "EP-ROLES-INHERIT")
def test_own_capabilities_come_first_then_overrides_then_the_parents_in_order(api: httpx.Client) -> None:
    first = made(api, capabilities=[skill("a"), skill("b"), skill("c")])
    second = made(api, capabilities=[skill("c", "expert"), skill("d")])
    own = made(api, capabilities=[skill("a", "advanced")])
    change = {"capability": "b", "level": "expert", "parameters": {"n": 1}, "x_odd": None}
    role = data(inherit(api, own, first, change))
    assert levels(role) == {"b": "expert", "c": "basic"}
    assert role["inheritance"]["inherited_capabilities"][0]["parameters"] == {"n": 1}
    assert role["inheritance"]["overrides"] == [change]
    role = data(inherit(api, own, second, {"capability": "d", "level": "advanced"}))
    Role.model_validate(role, context=STRICT)
    assert levels(role) == {"b": "expert", "c": "basic", "d": "advanced"}
    assert role["inheritance"]["parent_roles"] == [first, second]
    assert role["capabilities"] == [skill("a", "advanced")]
    assert [one["capability"] for one in role["inheritance"]["overrides"]] == ["b", "d"]
    assert read(api, first)["inheritance"]["child_roles"] == [own]
    again = data(inherit(api, own, first, {"capability": "b", "level": "intermediate"}))
    assert levels(again)["b"] == "intermediate"
    assert again["inheritance"]["parent_roles"] == [first, second]


@pytest.mark.requirement("OBJ-ROLE-INHERITANCE")
def test_what_changes_above_is_handed_down(api: httpx.Client) -> None:
    top = made(api, capabilities=[skill("a")])
    left, right, bottom = (made(api) for _ in range(3))
    for role, parent in ((bottom, left), (bottom, right), (left, top), (right, top)):
        data(inherit(api, role, parent))
    assert levels(read(api, bottom)) == {"a": "basic"}
    data(api.put(f"/roles/{top}", json={"capabilities": [skill("a", "expert"), skill("b")]}))
    assert levels(read(api, bottom)) == {"a": "expert", "b": "basic"}
    data(api.put(f"/roles/{left}", json={"inheritance": {"parent_roles": []}}))
    assert read(api, top)["inheritance"]["child_roles"] == [right]
    assert levels(read(api, left)) == {}
    assert levels(read(api, bottom)) == {"a": "expert", "b": "basic"}


def test_a_ladder_of_diamonds_is_walked_once(api: httpx.Client) -> None:
    rungs = [(made(api), made(api)) for _ in range(24)]
    for above, below in itertools.pairwise(rungs):
        for child, parent in itertools.product(below, above):
            data(inherit(api, child, parent))
    data(api.put(f"/roles/{rungs[0][0]}", json={"capabilities": [skill("a")]}))
    assert levels(read(api, rungs[-1][1])) == {"a": "basic"}
    asked = {"resource": "plan", "action": "read"}
    assert data(api.post(f"/roles/{rungs[-1][0]}/check", json=asked))["allowed"] is False


@pytest.mark.requirement("EP-ROLES-INHERIT")
def test_a_cycle_is_refused_and_named(api: httpx.Client) -> None:
    a, b, c = (made(api) for _ in range(3))
    data(inherit(api, b, a))
    data(inherit(api, c, b))
    before = [read(api, role) for role in (a, b, c)]
    for role, parent, cycle in ((a, c, [a, c, b, a]), (a, a, [a, a])):
        answer = inherit(api, role, parent)
        assert error(answer)[:2] == (400, "3007")
        assert answer.json()["error"]["details"]["cycle"] == cycle
    answer = api.put(f"/roles/{a}", json={"inheritance": {"parent_roles": [b]}})
    assert error(answer) == (400, "3007", "inheritance.parent_roles")
    own = str(uuid.uuid4())
    made_so = {"id": own, "name": "r", "inheritance": {"parent_roles": [own]}}
    assert error(api.post("/roles", json=made_so))[:2] == (400, "3007")
    assert api.get(f"/roles/{own}").status_code == 404
    assert [read(api, role) for role in (a, b, c)] == before


def test_recorded_roles_that_form_a_cycle_break_nothing(
    api: httpx.Client, ingest: Callable[..., Json]
) -> None:
    names = [str(uuid.uuid4()) for _ in range(3)]
    for own, parent in zip(names, names[1:] + names[:1], strict=True):
        links = {"parent_roles": [parent], "child_roles": [parent], "overrides": ["odd", {"capability": 1}]}
        links["inherited_capabilities"] = ["bare", {"name": 7}]
        role = {"id": own, "name": own, "version": "1.0", "capabilities": [skill("s")], "inheritance": links}
        assert ingest([("role", role)])["accepted"] == 1
    asked = {"resource": "plan", "action": "read"}
    assert data(api.post(f"/roles/{names[0]}/check", json=asked))["allowed"] is False
    assert error(api.put(f"/roles/{names[0]}", json={"name": "n"}))[:2] == (400, "3007")
    heir = made(api)
    assert levels(data(inherit(api, heir, names[0]))) == {"s": "basic"}
    data(api.put(f"/roles/{names[0]}", json={"inheritance": None, "capabilities": [skill("t")]}))
    assert levels(read(api, heir)) == {"t": "basic"}


@pytest.mark.requirement("EP-ROLES-DELETE")
def test_a_role_that_others_inherit_stays(api: httpx.Client) -> None:
    parent, child = made(api), made(api)
    data(inherit(api, child, parent))
    answer = api.delete(f"/roles/{parent}")
    assert error(answer)[:2] == (409, "4003")
    assert answer.json()["error"]["details"]["child_roles"] == [child]
    assert api.delete(f"/roles/{child}").status_code == 204
    assert api.delete(f"/roles/{parent}").status_code == 204


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "3002", "parent_role_id"),
        ({"parent_role_id": 7}, "3006", "parent_role_id"),
        ({"parent_role_id": "nowhere"}, "4001", "parent_role_id"),
        ({"parent_role_id": "viewer", "overrides": {}}, "3006", "overrides"),
        ({"parent_role_id": "viewer", "overrides": [{}]}, "3002", "overrides[0].capability"),
        (
            {"parent_role_id": "viewer", "overrides": [{"capability": "a", "level": "odd"}]},
            "3001",
            "overrides[0].level",
        ),
        ({"parent_role_id": "viewer", "overrides": [{"capability": "a"}]}, "3008", "overrides[0].capability"),
    ],
)
def test_a_wrong_inheritance_changes_nothing(api: httpx.Client, body: Json, code: str, field: str) -> None:
    own = made(api)
    before = read(api, own), read(api, "viewer")
    assert error(api.post(f"/roles/{own}/inherit", json=body))[1:] == (code, field)
    assert (read(api, own), read(api, "viewer")) == before


def test_a_parent_that_is_not_there_is_refused(api: httpx.Client) -> None:
    body = {"name": "r", "inheritance": {"parent_roles": ["viewer", "nowhere"]}}
    assert error(api.post("/roles", json=body)) == (400, "3008", "inheritance.parent_roles[1]")


def allow(resource: str, *actions: str, **conditions: Any) -> Json:
    return {"resource": resource, "actions": actions, "conditions": conditions}


CHECKS: list[tuple[str, list[Json], Json, bool, str]] = [
    ("nothing is allowed", [], {}, False, "no permission is about read on plan"),
    ("by its name", [allow("plan", "read")], {}, True, "read on plan"),
    ("another action", [allow("plan", "write")], {}, False, "no permission"),
    ("another resource", [allow("plans", "read")], {}, False, "no permission"),
    ("any action", [allow("plan", "*")], {}, True, "* on plan"),
    ("any resource", [allow("*", "read")], {}, True, "read on *"),
    ("two actions in one text", [allow("plan", "write|read")], {}, True, "write|read"),
    ("condition met", [allow("plan", "read", team="a")], {"team": "a"}, True, "allows"),
    ("condition unmet", [allow("plan", "read", team="a")], {"team": "b"}, False, "team is 'a'"),
    ("condition unknown", [allow("plan", "read", team="a")], {}, False, "the context does not say"),
    ("true is not one", [allow("plan", "read", own=True)], {"own": 1}, False, "own is True"),
    ("a list", [allow("plan", "read", team=["a", "b"])], {"team": "b"}, True, "allows"),
    ("not on the list", [allow("plan", "read", team=["a", "b"])], {"team": "c"}, False, "is one of"),
    ("any of", [allow("plan", "read", team={"any_of": ["a"]})], {"team": "a"}, True, "allows"),
    ("none of", [allow("plan", "read", team={"any_of": []})], {"team": "a"}, False, "is one of []"),
    ("in a range", [allow("plan", "read", n={"min": 1, "max": 2.5})], {"n": 2.5}, True, "allows"),
    ("below", [allow("plan", "read", n={"min": 1})], {"n": 0.5}, False, "is at least 1"),
    ("above", [allow("plan", "read", n={"max": 1})], {"n": 2}, False, "is at most 1"),
    ("no number", [allow("plan", "read", n={"min": 1})], {"n": "2"}, False, "is at least 1"),
    ("true is no number", [allow("plan", "read", n={"min": 1})], {"n": True}, False, "is at least 1"),
    ("an object", [allow("plan", "read", n={"a": 1})], {"n": {"a": 1}}, True, "allows"),
    ("the second of two", [allow("plan", "read", t=1), allow("plan", "read", t=2)], {"t": 2}, True, "allows"),
    ("neither of two", [allow("plan", "read", t=1), allow("plan", "read", t=2)], {"t": 3}, False, "t is 1"),
]


@pytest.mark.requirement("EP-ROLES-CHECK")
@pytest.mark.parametrize(
    ("permissions", "context", "allowed", "because"),
    [row[1:] for row in CHECKS],
    ids=[row[0] for row in CHECKS],
)
def test_a_check_answers_whether_and_why(
    api: httpx.Client, permissions: list[Json], context: Json, allowed: bool, because: str
) -> None:
    own = made(api, permissions=permissions)
    asked = {"resource": "plan", "action": "read", "context": context}
    told = data(api.post(f"/roles/{own}/check", json=asked))
    AccessDecision.model_validate(told, context=STRICT)
    assert told["allowed"] is allowed
    assert because in told["because"]
    assert (told["role_id"], told["path"]) == (own, [own])
    assert ("permission" in told) is ("no permission" not in told["because"])


@pytest.mark.requirement("EP-ROLES-CHECK")
def test_a_permission_may_come_from_far_up(api: httpx.Client) -> None:
    middle, bottom = made(api, name="middle"), made(api, name="bottom")
    data(inherit(api, middle, "viewer"))
    data(inherit(api, bottom, middle))
    told = data(api.post(f"/roles/{bottom}/check", json={"resource": "trace", "action": "read"}))
    assert (told["allowed"], told["path"]) == (True, [bottom, middle, "viewer"])
    assert "viewer" in told["because"]
    told = data(api.post(f"/roles/{bottom}/check", json={"resource": "trace", "action": "write"}))
    assert (told["allowed"], told["path"]) == (False, [bottom])
    assert error(api.post("/roles/nowhere/check", json={"resource": "a", "action": "b"}))[:2] == (404, "4001")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "3002", "resource"),
        ({"resource": "plan"}, "3002", "action"),
        ({"resource": "", "action": "read"}, "3004", "resource"),
        ({"resource": "plan", "action": 1}, "3006", "action"),
        ({"resource": "plan", "action": "read", "context": []}, "3006", "context"),
    ],
)
def test_a_question_that_is_incomplete_is_refused(
    api: httpx.Client, body: Json, code: str, field: str
) -> None:
    assert error(api.post("/roles/viewer/check", json=body))[1:] == (code, field)
