"""`/contexts/{id}/participants`. Spec: protocol §2.1 [ext]."""

from __future__ import annotations

from typing import Final

from mplp_mock_server.api._listing import Listing
from mplp_mock_server.api._operations import Call, Operation, Reply
from mplp_sdk.models import Participant, ParticipantCreate, ParticipantUpdate

__all__ = ["OPERATIONS"]


async def add(call: Call) -> Reply:
    context_id, body = call.params["context_id"], await call.json()
    return Reply(await call.services.participants.add(context_id, body, call.idempotency_key))


async def list_all(call: Call) -> Reply:
    query = call.query()
    return Reply.page(await call.services.participants.list(call.params["context_id"], query), query)


async def update(call: Call) -> Reply:
    context_id, participant_id = call.params["context_id"], call.params["participant_id"]
    changes = await call.json()
    return Reply(await call.services.participants.update(context_id, participant_id, changes, call.if_match))


async def remove(call: Call) -> Reply:
    context_id, participant_id = call.params["context_id"], call.params["participant_id"]
    await call.services.participants.remove(context_id, participant_id, call.if_match)
    return Reply()


_LISTING: Final = Listing(
    filters={"status": "status", "user_id": "name"},
    sorts={"joined_at": "seq", "user_id": "name", "status": "status", "participant_id": "id"},
    default_sort="joined_at",
)

OPERATIONS: Final = (
    Operation(
        name="addContextParticipant",
        method="POST",
        path="/contexts/{context_id}/participants",
        summary="Let somebody take part.",
        handler=add,
        tag="contexts",
        status=201,
        request=ParticipantCreate,
        response=Participant,
        errors=(3005, 4001, 4003, 4004),
        versioned=True,
    ),
    Operation(
        name="listContextParticipants",
        method="GET",
        path="/contexts/{context_id}/participants",
        summary="Who takes part; who has left only with status=left.",
        handler=list_all,
        tag="contexts",
        response=Participant,
        listing=_LISTING,
        errors=(4001,),
    ),
    Operation(
        name="updateContextParticipant",
        method="PUT",
        path="/contexts/{context_id}/participants/{participant_id}",
        summary="Replace the members that are given; the others stay, and null removes one.",
        handler=update,
        tag="contexts",
        request=ParticipantUpdate,
        response=Participant,
        errors=(4001,),
        versioned=True,
    ),
    Operation(
        name="removeContextParticipant",
        method="DELETE",
        path="/contexts/{context_id}/participants/{participant_id}",
        summary="Let somebody leave.",
        handler=remove,
        tag="contexts",
        status=204,
        errors=(4001,),
        versioned=True,
    ),
)
