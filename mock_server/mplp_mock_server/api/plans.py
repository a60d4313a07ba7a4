"""`/plans`. Spec: protocol §2.1."""

from __future__ import annotations

from typing import Final

from mplp_mock_server.api._listing import Listing
from mplp_mock_server.api._operations import Call, Operation, Reply
from mplp_sdk.models import Plan, PlanCreate, PlanState, PlanUpdate

__all__ = ["OPERATIONS"]


async def create(call: Call) -> Reply:
    return Reply(await call.services.plans.create(await call.json(), call.idempotency_key))


async def get(call: Call) -> Reply:
    return Reply(await call.services.plans.get(call.params["plan_id"]))


async def list_all(call: Call) -> Reply:
    query = call.query()
    return Reply.page(await call.services.plans.list(query), query)


async def update(call: Call) -> Reply:
    return Reply(await call.services.plans.update(call.params["plan_id"], await call.json(), call.if_match))


async def delete(call: Call) -> Reply:
    await call.services.plans.delete(call.params["plan_id"], call.if_match)
    return Reply()


async def progress(call: Call) -> Reply:
    return Reply(await call.services.plans.progress(call.params["plan_id"]))


_LISTING: Final = Listing(
    filters={name: name for name in ("context_id", "status", "name")},
    sorts={name: name for name in ("created_at", "updated_at", "name", "status", "id")},
    default_sort="-created_at",
)

OPERATIONS: Final = (
    Operation(
        name="createPlan",
        method="POST",
        path="/plans",
        summary="Make a plan.",
        handler=create,
        tag="plans",
        status=201,
        request=PlanCreate,
        response=Plan,
        errors=(3005, 3008, 4003),
        versioned=True,
    ),
    Operation(
        name="listPlans",
        method="GET",
        path="/plans",
        summary="Plans, the newest first.",
        handler=list_all,
        tag="plans",
        response=Plan,
        listing=_LISTING,
    ),
    Operation(
        name="getPlan",
        method="GET",
        path="/plans/{plan_id}",
        summary="Read one plan.",
        handler=get,
        tag="plans",
        response=Plan,
        errors=(4001,),
        versioned=True,
    ),
    Operation(
        name="updatePlan",
        method="PUT",
        path="/plans/{plan_id}",
        summary="Replace the members that are given; the others stay, and null removes one.",
        handler=update,
        tag="plans",
        request=PlanUpdate,
        response=Plan,
        errors=(3005, 3008, 4001, 4002, 4005),
        versioned=True,
    ),
    Operation(
        name="deletePlan",
        method="DELETE",
        path="/plans/{plan_id}",
        summary="Remove a plan. What refers to it stays.",
        handler=delete,
        tag="plans",
        status=204,
        errors=(4001, 4002),
        versioned=True,
    ),
    Operation(
        name="getPlanStatus",
        method="GET",
        path="/plans/{plan_id}/status",
        summary="How far a plan is, task by task.",
        handler=progress,
        tag="plans",
        response=PlanState,
        errors=(4001,),
    ),
)
