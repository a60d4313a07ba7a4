"""`/confirmations`. Spec: protocol §2.1."""

from __future__ import annotations

from typing import Any, Final, NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from mplp_mock_server.api._listing import Listing
from mplp_mock_server.api._operations import Call, Operation, Reply
from mplp_sdk.models import Confirmation, ConfirmationCreate
from mplp_sdk.models.confirmation import Verdict

__all__ = ["OPERATIONS"]


@with_config(use_attribute_docstrings=True)
class DecisionCreate(TypedDict):
    """What one approver says."""

    decision: Verdict
    approver_id: NotRequired[str]
    """Default: the only approver who did not answer yet."""
    comments: NotRequired[list[Any] | str]
    signature: NotRequired[str]


async def create(call: Call) -> Reply:
    return Reply(await call.services.confirmations.create(await call.json(), call.idempotency_key))


async def get(call: Call) -> Reply:
    return Reply(await call.services.confirmations.get(call.params["confirmation_id"]))


async def list_all(call: Call) -> Reply:
    query = call.query()
    return Reply.page(await call.services.confirmations.list(query), query)


async def decide(call: Call) -> Reply:
    confirmation_id, body = call.params["confirmation_id"], await call.json()
    return Reply(await call.services.confirmations.decide(confirmation_id, body, call.idempotency_key))


_LISTING: Final = Listing(
    filters={name: name for name in ("context_id", "plan_id", "status", "type")},
    sorts={name: name for name in ("created_at", "updated_at", "status", "type", "id")},
    default_sort="-created_at",
)

OPERATIONS: Final = (
    Operation(
        name="createConfirmation",
        method="POST",
        path="/confirmations",
        summary="Ask for a confirmation.",
        handler=create,
        tag="confirmations",
        status=201,
        request=ConfirmationCreate,
        response=Confirmation,
        errors=(4003,),
        versioned=True,
    ),
    Operation(
        name="listConfirmations",
        method="GET",
        path="/confirmations",
        summary="Confirmations, the newest first.",
        handler=list_all,
        tag="confirmations",
        response=Confirmation,
        listing=_LISTING,
    ),
    Operation(
        name="getConfirmation",
        method="GET",
        path="/confirmations/{confirmation_id}",
        summary="Read one confirmation.",
        handler=get,
        tag="confirmations",
        response=Confirmation,
        errors=(4001,),
        versioned=True,
    ),
    Operation(
        name="decideConfirmation",
        method="POST",
        path="/confirmations/{confirmation_id}/decide",
        summary="Add one approver's decision, and the outcome with the last that was needed.",
        handler=decide,
        tag="confirmations",
        request=DecisionCreate,
        response=Confirmation,
        errors=(2004, 4001, 4003, 4005),
        versioned=True,
    ),
)
