"""`/roles`. Spec: protocol §2.1."""

from __future__ import annotations

from typing import Final

from mplp_mock_server.api._listing import Listing
from mplp_mock_server.api._operations import Call, Operation, Reply
from mplp_sdk.models import AccessDecision, AccessRequest, InheritRequest, Role, RoleCreate, RoleUpdate

__all__ = ["OPERATIONS"]


async def create(call: Call) -> Reply:
    return Reply(await call.services.roles.create(await call.json(), call.idempotency_key))


async def get(call: Call) -> Reply:
    return Reply(await call.services.roles.get(call.params["role_id"]))


async def list_all(call: Call) -> Reply:
    query = call.query()
    return Reply.page(await call.services.roles.list(query), query)


async def update(call: Call) -> Reply:
    return Reply(await call.services.roles.update(call.params["role_id"], await call.json(), call.if_match))


async def delete(call: Call) -> Reply:
    await call.services.roles.delete(call.params["role_id"], call.if_match)
    return Reply()


async def inherit(call: Call) -> Reply:
    role_id, body = call.params["role_id"], await call.json()
    return Reply(await call.services.roles.inherit(role_id, body, call.idempotency_key))


async def check(call: Call) -> Reply:
    return Reply(await call.services.roles.check(call.params["role_id"], await call.json()))


_LISTING: Final = Listing(
    filters={"name": "name", "type": "type"},
    sorts={name: name for name in ("created_at", "updated_at", "name", "type", "id")},
    default_sort="-created_at",
)

OPERATIONS: Final = (
    Operation(
        name="createRole",
        method="POST",
        path="/roles",
        summary="Make a role.",
        handler=create,
        tag="roles",
        status=201,
        request=RoleCreate,
        response=Role,
        errors=(3007, 3008, 4003),
        versioned=True,
    ),
    Operation(
        name="listRoles",
        method="GET",
        path="/roles",
        summary="Roles, the newest first and the built-in ones last.",
        handler=list_all,
        tag="roles",
        response=Role,
        listing=_LISTING,
    ),
    Operation(
        name="getRole",
        method="GET",
        path="/roles/{role_id}",
        summary="Read one role.",
        handler=get,
        tag="roles",
        response=Role,
        errors=(4001,),
        versioned=True,
    ),
    Operation(
        name="updateRole",
        method="PUT",
        path="/roles/{role_id}",
        summary="Replace the members that are given; the others stay, and null removes one.",
        handler=update,
        tag="roles",
        request=RoleUpdate,
        response=Role,
        errors=(3007, 3008, 4001, 4005),
        versioned=True,
    ),
    Operation(
        name="deleteRole",
        method="DELETE",
        path="/roles/{role_id}",
        summary="Remove a role that no other inherits from.",
        handler=delete,
        tag="roles",
        status=204,
        errors=(4001, 4003, 4005),
        versioned=True,
    ),
    Operation(
        name="inheritRole",
        method="POST",
        path="/roles/{role_id}/inherit",
        summary="Let a role inherit from another, with some capabilities otherwise.",
        handler=inherit,
        tag="roles",
        request=InheritRequest,
        response=Role,
        errors=(3007, 3008, 4001, 4003, 4005),
        versioned=True,
    ),
    Operation(
        name="checkRole",
        method="POST",
        path="/roles/{role_id}/check",
        summary="Whether a role may do something, and why.",
        handler=check,
        tag="roles",
        request=AccessRequest,
        response=AccessDecision,
        errors=(4001,),
    ),
)
