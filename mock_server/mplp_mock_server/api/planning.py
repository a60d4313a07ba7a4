"""`/plans/{id}/validate`, `…/optimize`, `…/timeline` and `…/execute`. Spec: protocol §2.1."""

from __future__ import annotations

from typing import Final

from mplp_mock_server.api._operations import Call, Operation, Reply
from mplp_sdk.models import (
    ExecuteRequest,
    Execution,
    OptimizationResult,
    OptimizeRequest,
    Timeline,
    ValidationReport,
)

__all__ = ["OPERATIONS"]


async def validate(call: Call) -> Reply:
    return Reply(await call.services.planning.validate(call.params["plan_id"]))


async def optimize(call: Call) -> Reply:
    plan_id, body = call.params["plan_id"], await call.json()
    return Reply(await call.services.planning.optimize(plan_id, body, call.idempotency_key))


async def timeline(call: Call) -> Reply:
    return Reply(await call.services.planning.timeline(call.params["plan_id"]))


async def execute(call: Call) -> Reply:
    plan_id, body = call.params["plan_id"], await call.json()
    execution, ended = await call.services.executions.execute(plan_id, body, call.idempotency_key)
    return Reply(execution, status=200 if ended else 202)


OPERATIONS: Final = (
    Operation(
        name="validatePlan",
        method="POST",
        path="/plans/{plan_id}/validate",
        summary="What is wrong with a plan; 200 also where something is.",
        handler=validate,
        tag="plans",
        response=ValidationReport,
        errors=(4001,),
        does="read",
    ),
    Operation(
        name="optimizePlan",
        method="POST",
        path="/plans/{plan_id}/optimize",
        summary="Put the tasks of a plan in a better order, and say what changed.",
        handler=optimize,
        tag="plans",
        request=OptimizeRequest,
        response=OptimizationResult,
        errors=(3007, 3008, 4001, 4002, 4003, 4005),
    ),
    Operation(
        name="getPlanTimeline",
        method="GET",
        path="/plans/{plan_id}/timeline",
        summary="When each task can run, and which decide how long the plan takes.",
        handler=timeline,
        tag="plans",
        response=Timeline,
        errors=(3007, 3008, 4001),
    ),
    Operation(
        name="executePlan",
        method="POST",
        path="/plans/{plan_id}/execute",
        summary="Carry a plan out: at once (202), or until it has ended (200).",
        handler=execute,
        tag="plans",
        status=202,
        also=(200,),
        request=ExecuteRequest,
        response=Execution,
        errors=(3007, 3008, 4001, 4002, 4003, 4005, 4006, 4007, 4008),
        does="execute",
    ),
)
