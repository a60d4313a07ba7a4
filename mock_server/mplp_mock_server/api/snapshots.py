"""`/contexts/{id}/snapshots` and `…/restore`. Spec: protocol §2.1."""

from __future__ import annotations

from typing import Final

from mplp_mock_server.api._listing import Listing
from mplp_mock_server.api._operations import Call, Operation, Reply
from mplp_sdk.models import Context, RestoreRequest, Snapshot, SnapshotCreate

__all__ = ["OPERATIONS"]


async def create(call: Call) -> Reply:
    context_id, body = call.params["context_id"], await call.json()
    return Reply(await call.services.snapshots.create(context_id, body, call.idempotency_key))


async def list_all(call: Call) -> Reply:
    query = call.query()
    return Reply.page(await call.services.snapshots.list(call.params["context_id"], query), query)


async def restore(call: Call) -> Reply:
    context_id, body = call.params["context_id"], await call.json()
    return Reply(await call.services.snapshots.restore(context_id, body, call.idempotency_key))


_LISTING: Final = Listing(
    filters={"name": "name"},
    sorts={"created_at": "seq", "name": "name", "id": "id"},
    default_sort="-created_at",
)

OPERATIONS: Final = (
    Operation(
        name="createContextSnapshot",
        method="POST",
        path="/contexts/{context_id}/snapshots",
        summary="Keep a context as it is now.",
        handler=create,
        tag="contexts",
        status=201,
        request=SnapshotCreate,
        response=Snapshot,
        errors=(4001, 4003),
    ),
    Operation(
        name="listContextSnapshots",
        method="GET",
        path="/contexts/{context_id}/snapshots",
        summary="Snapshots of a context, the newest first.",
        handler=list_all,
        tag="contexts",
        response=Snapshot,
        listing=_LISTING,
        errors=(4001,),
    ),
    Operation(
        name="restoreContext",
        method="POST",
        path="/contexts/{context_id}/restore",
        summary="Make a context what it was in a snapshot; the version of its state counts on.",
        handler=restore,
        tag="contexts",
        request=RestoreRequest,
        response=Context,
        errors=(4001, 4003, 4005),
        versioned=True,
    ),
)
