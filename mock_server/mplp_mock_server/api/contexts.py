"""`/contexts`. Spec: protocol §2.1."""

from __future__ import annotations

from typing import Final, NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from mplp_mock_server.api._listing import Listing
from mplp_mock_server.api._operations import Call, Operation, Reply
from mplp_mock_server.services import optional_text, required_text
from mplp_sdk.models import Context, ContextCreate, ContextUpdate
from mplp_sdk.models.context import ContextStatus

__all__ = ["OPERATIONS"]


@with_config(use_attribute_docstrings=True)
class StatusChange(TypedDict):
    """Where a context is to go."""

    status: ContextStatus
    reason: NotRequired[str]
    """Kept in `metadata.status_change`."""


async def create(call: Call) -> Reply:
    return Reply(await call.services.contexts.create(await call.json(), call.idempotency_key))


async def get(call: Call) -> Reply:
    return Reply(await call.services.contexts.get(call.params["context_id"]))


async def list_all(call: Call) -> Reply:
    query = call.query()
    return Reply.page(await call.services.contexts.list(query), query)


async def update(call: Call) -> Reply:
    return Reply(
        await call.services.contexts.update(call.params["context_id"], await call.json(), call.if_match)
    )


async def delete(call: Call) -> Reply:
    await call.services.contexts.delete(call.params["context_id"], call.if_match)
    return Reply()


async def set_status(call: Call) -> Reply:
    body = await call.json()
    status, reason = required_text(body, "status"), optional_text(body, "reason")
    context_id = call.params["context_id"]
    return Reply(await call.services.contexts.set_status(context_id, status, reason, call.if_match))


_LISTING: Final = Listing(
    filters={"status": "status", "name": "name", "type": "type", "lifecycle_stage": "stage"},
    sorts={name: name for name in ("created_at", "updated_at", "name", "status", "id")},
    default_sort="-created_at",
)

OPERATIONS: Final = (
    Operation(
        name="createContext",
        method="POST",
        path="/contexts",
        summary="Make a context. Nothing is required.",
        handler=create,
        tag="contexts",
        status=201,
        request=ContextCreate,
        response=Context,
        errors=(4003,),
        versioned=True,
    ),
    Operation(
        name="listContexts",
        method="GET",
        path="/contexts",
        summary="Contexts, the newest first.",
        handler=list_all,
        tag="contexts",
        response=Context,
        listing=_LISTING,
    ),
    Operation(
        name="getContext",
        method="GET",
        path="/contexts/{context_id}",
        summary="Read one context.",
        handler=get,
        tag="contexts",
        response=Context,
        errors=(4001,),
        versioned=True,
    ),
    Operation(
        name="updateContext",
        method="PUT",
        path="/contexts/{context_id}",
        summary="Replace the members that are given; the others stay, and null removes one.",
        handler=update,
        tag="contexts",
        request=ContextUpdate,
        response=Context,
        errors=(4001, 4005),
        versioned=True,
    ),
    Operation(
        name="deleteContext",
        method="DELETE",
        path="/contexts/{context_id}",
        summary="Remove a context with its snapshots and participants. What refers to it stays.",
        handler=delete,
        tag="contexts",
        status=204,
        errors=(4001,),
        versioned=True,
    ),
    Operation(
        name="setContextStatus",
        method="PUT",
        path="/contexts/{context_id}/status",
        summary="Move a context to another status.",
        handler=set_status,
        tag="contexts",
        request=StatusChange,
        response=Context,
        errors=(4001, 4005),
        versioned=True,
    ),
)
