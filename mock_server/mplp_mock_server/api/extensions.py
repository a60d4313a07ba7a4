"""`/extensions`. Spec: protocol §2.1."""

from __future__ import annotations

from typing import Final

from mplp_mock_server.api._listing import Listing
from mplp_mock_server.api._operations import Call, Operation, Reply
from mplp_sdk.models import Extension, ExtensionCall, ExtensionCreate, ExtensionResult, ReloadRequest

__all__ = ["OPERATIONS"]


async def create(call: Call) -> Reply:
    return Reply(await call.services.extensions.create(await call.json(), call.idempotency_key))


async def get(call: Call) -> Reply:
    return Reply(await call.services.extensions.get(call.params["extension_id"]))


async def list_all(call: Call) -> Reply:
    query = call.query()
    return Reply.page(await call.services.extensions.list(query), query)


async def delete(call: Call) -> Reply:
    await call.services.extensions.delete(call.params["extension_id"], call.if_match)
    return Reply()


async def execute(call: Call) -> Reply:
    extension_id, body = call.params["extension_id"], await call.json()
    return Reply(await call.services.extensions.execute(extension_id, body, call.idempotency_key))


async def reload(call: Call) -> Reply:
    extension_id, body = call.params["extension_id"], await call.json()
    return Reply(await call.services.extensions.reload(extension_id, body, call.if_match))


_LISTING: Final = Listing(
    filters={name: name for name in ("name", "type", "status")},
    sorts={name: name for name in ("created_at", "updated_at", "name", "type", "status", "id")},
    default_sort="-created_at",
)

OPERATIONS: Final = (
    Operation(
        name="createExtension",
        method="POST",
        path="/extensions",
        summary="Register an extension.",
        handler=create,
        tag="extensions",
        status=201,
        request=ExtensionCreate,
        response=Extension,
        errors=(4003,),
        versioned=True,
    ),
    Operation(
        name="listExtensions",
        method="GET",
        path="/extensions",
        summary="Extensions, the newest first.",
        handler=list_all,
        tag="extensions",
        response=Extension,
        listing=_LISTING,
    ),
    Operation(
        name="getExtension",
        method="GET",
        path="/extensions/{extension_id}",
        summary="Read one extension.",
        handler=get,
        tag="extensions",
        response=Extension,
        errors=(5001,),
        versioned=True,
    ),
    Operation(
        name="deleteExtension",
        method="DELETE",
        path="/extensions/{extension_id}",
        summary="Remove an extension.",
        handler=delete,
        tag="extensions",
        status=204,
        errors=(5001,),
        versioned=True,
    ),
    Operation(
        name="executeExtension",
        method="POST",
        path="/extensions/{extension_id}/execute",
        summary="Run an extension on some input.",
        handler=execute,
        tag="extensions",
        request=ExtensionCall,
        response=ExtensionResult,
        errors=(1002, 1006, 1008, 4003, 4005, 4006, 5001, 5002, 5003, 5005),
        does="execute",
    ),
    Operation(
        name="reloadExtension",
        method="PUT",
        path="/extensions/{extension_id}/reload",
        summary="Move an extension to another version.",
        handler=reload,
        tag="extensions",
        request=ReloadRequest,
        response=Extension,
        errors=(5001, 5002, 5004),
        versioned=True,
    ),
)
