"""Roles: both clients and the reference server."""

from __future__ import annotations

from typing import Any

import pytest

from mplp_sdk import errors
from mplp_sdk.client import calls
from mplp_sdk.protocol.ids import new_id


@pytest.mark.requirement(
    "EP-ROLES-CREATE", "EP-ROLES-GET", "EP-ROLES-LIST", "EP-ROLES-UPDATE", "EP-ROLES-DELETE"
)
def test_the_life_of_a_role(call: Any) -> None:
    made = call(
        lambda client: client.roles.create(
            name="tester", type="guest", capabilities=[{"name": "t", "type": "skill", "level": "basic"}]
        )
    )
    assert (made.version, made.capabilities[0].level) == ("1.0.0", "basic")
    assert call(lambda client: client.roles.get(made.id)) == made
    changed = call(lambda client: client.roles.update(made.id, description="tests"))
    assert (changed.id, changed.name, changed.description) == (made.id, "tester", "tests")
    assert call.items(lambda client: client.roles.list(name="tester", type="guest")) == [changed]
    reply = call(lambda client: client.send(calls.roles.get(made.id)))
    with pytest.raises(errors.Conflict):
        call(lambda client: client.roles.update(made.id, if_match='"old"', name="other"))
    call(lambda client: client.roles.delete(made.id, if_match=reply.etag))
    with pytest.raises(errors.NotFound):
        call(lambda client: client.roles.get(made.id))


@pytest.mark.requirement("OBJ-ROLE-BUILT-IN")
def test_roles_that_are_always_there(call: Any) -> None:
    listed = {role.id for role in call.items(lambda client: client.roles.list(page_size=2))}
    assert {"admin", "developer", "viewer"} <= listed
    with pytest.raises(errors.OperationNotAllowed):
        call(lambda client: client.roles.update("viewer", name="mine"))
    with pytest.raises(errors.OperationNotAllowed):
        call(lambda client: client.roles.delete("admin"))


@pytest.mark.requirement("EP-ROLES-INHERIT", "OBJ-ROLE-INHERITANCE")
def test_a_role_inherits(call: Any) -> None:
    skills = [{"name": "code", "type": "skill", "level": "basic"}]
    parent = call(lambda client: client.roles.create(name="parent", capabilities=skills))
    heir = call(lambda client: client.roles.create(name="heir"))
    role = call(
        lambda client: client.roles.inherit(
            heir.id, parent.id, overrides=[{"capability": "code", "level": "expert"}]
        )
    )
    assert role.inheritance.parent_roles == [parent.id]
    assert [(c["name"], c["level"]) for c in role.inheritance.inherited_capabilities] == [("code", "expert")]
    assert call(lambda client: client.roles.get(parent.id)).inheritance.child_roles == [heir.id]
    with pytest.raises(errors.BusinessRuleViolation) as raised:
        call(lambda client: client.roles.inherit(parent.id, heir.id))
    assert raised.value.details["cycle"]
    with pytest.raises(errors.NotFound):
        call(lambda client: client.roles.inherit(heir.id, new_id()))
    with pytest.raises(errors.Conflict):
        call(lambda client: client.roles.delete(parent.id))


@pytest.mark.requirement("EP-ROLES-CHECK")
def test_a_check_says_why(call: Any) -> None:
    permissions = [{"resource": "plans", "actions": ["read"], "conditions": {"team": "a"}}]
    role_id = call(lambda client: client.roles.create(name="reader", permissions=permissions)).id
    yes = call(lambda client: client.roles.check(role_id, "plans", "read", context={"team": "a"}))
    assert (yes.allowed, yes.permission.resource, yes.path) == (True, "plans", [role_id])
    no = call(lambda client: client.roles.check(role_id, "plans", "read", context={"team": "b"}))
    assert not no.allowed
    assert "team" in no.because
    assert not call(lambda client: client.roles.check(role_id, "plans", "write")).allowed
    assert call(lambda client: client.roles.check("admin", "plans", "delete")).allowed
    with pytest.raises(errors.NotFound):
        call(lambda client: client.roles.check(new_id(), "plans", "read"))
