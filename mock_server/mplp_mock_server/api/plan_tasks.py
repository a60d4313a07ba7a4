"""`/plans/{id}/tasks` and `/plans/{id}/dependencies`. Spec: protocol §2.1."""

from __future__ import annotations

from typing import Final, get_args

from mplp_mock_server.api._operations import TEXT, Call, Operation, Parameter, Reply
from mplp_sdk.errors import InvalidFormat
from mplp_sdk.models import Dependency, DependencyCreate, DependencyRemove, Task, TaskCreate, TaskUpdate
from mplp_sdk.models.plan import DependencyType

__all__ = ["OPERATIONS"]


async def add(call: Call) -> Reply:
    plan_id, body = call.params["plan_id"], await call.json()
    return Reply(await call.services.plan_tasks.add(plan_id, body, call.idempotency_key))


async def update(call: Call) -> Reply:
    plan_id, task_id = call.params["plan_id"], call.params["task_id"]
    return Reply(await call.services.plan_tasks.update(plan_id, task_id, await call.json()))


async def remove(call: Call) -> Reply:
    cascade = call.options().get("cascade", "false")
    if cascade not in ("true", "false"):
        reason = "should be true or false"
        raise InvalidFormat(f"cascade: {reason}", details={"field": "cascade", "reason": reason})
    params = call.params
    await call.services.plan_tasks.remove(params["plan_id"], params["task_id"], cascade=cascade == "true")
    return Reply()


async def add_dependency(call: Call) -> Reply:
    plan_id, body = call.params["plan_id"], await call.json()
    return Reply(await call.services.plan_tasks.add_dependency(plan_id, body, call.idempotency_key))


async def remove_dependency(call: Call) -> Reply:
    # Some proxies drop the body of a DELETE, so the query string may say the same.
    said = call.options()
    body = await call.json() if call.has_body else said
    await call.services.plan_tasks.remove_dependency(call.params["plan_id"], body)
    return Reply()


OPERATIONS: Final = (
    Operation(
        name="addTask",
        method="POST",
        path="/plans/{plan_id}/tasks",
        summary="Append a task to a plan.",
        handler=add,
        tag="plans",
        status=201,
        request=TaskCreate,
        response=Task,
        errors=(3005, 3007, 3008, 4001, 4002, 4003, 4005),
    ),
    Operation(
        name="updateTask",
        method="PUT",
        path="/plans/{plan_id}/tasks/{task_id}",
        summary="Replace the members of a task that are given; the others stay, and null removes one.",
        handler=update,
        tag="plans",
        request=TaskUpdate,
        response=Task,
        errors=(3007, 3008, 4001, 4002, 4005),
    ),
    Operation(
        name="removeTask",
        method="DELETE",
        path="/plans/{plan_id}/tasks/{task_id}",
        summary="Take a task and its dependencies out of a plan; with `cascade`, its parts too.",
        handler=remove,
        tag="plans",
        status=204,
        parameters=(
            Parameter(
                name="cascade",
                schema={"type": "string", "enum": ["true", "false"], "default": "false"},
                description="Whether the parts of the task go with it.",
            ),
        ),
        errors=(4001, 4002, 4003, 4005),
    ),
    Operation(
        name="addDependency",
        method="POST",
        path="/plans/{plan_id}/dependencies",
        summary="Let one task of a plan wait for another.",
        handler=add_dependency,
        tag="plans",
        status=201,
        request=DependencyCreate,
        response=Dependency,
        errors=(3005, 3007, 3008, 4001, 4002, 4003, 4005),
    ),
    Operation(
        name="removeDependency",
        method="DELETE",
        path="/plans/{plan_id}/dependencies",
        summary="Let one task of a plan no longer wait for another; the query string may say which.",
        handler=remove_dependency,
        tag="plans",
        status=204,
        request=DependencyRemove,
        request_optional=True,
        parameters=(
            Parameter(name="from_task", schema=TEXT, description="Instead of the body's."),
            Parameter(name="to_task", schema=TEXT, description="Instead of the body's."),
            Parameter(
                name="type",
                schema={"type": "string", "enum": list(get_args(DependencyType))},
                description="Instead of the body's.",
            ),
        ),
        errors=(4001, 4002, 4005),
    ),
)
