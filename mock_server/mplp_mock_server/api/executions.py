"""`/executions`. Spec: protocol §2.1."""

from __future__ import annotations

from typing import Final, get_args

from mplp_mock_server.api._listing import Listing
from mplp_mock_server.api._operations import Call, Operation, Reply
from mplp_sdk.models import CommandCreate, CommandResult, Execution, ExecutionCreate, ExecutionLog, Workspace
from mplp_sdk.models.execution import LogLevel

__all__ = ["OPERATIONS"]


async def create(call: Call) -> Reply:
    return Reply(await call.services.executions.create(await call.json(), call.idempotency_key))


async def get(call: Call) -> Reply:
    return Reply(await call.services.executions.get(call.params["execution_id"]))


async def list_all(call: Call) -> Reply:
    query = call.query()
    return Reply.page(await call.services.executions.list(query), query)


async def pause(call: Call) -> Reply:
    return Reply(await call.services.executions.pause(call.params["execution_id"]))


async def resume(call: Call) -> Reply:
    return Reply(await call.services.executions.resume(call.params["execution_id"]))


async def cancel(call: Call) -> Reply:
    return Reply(await call.services.executions.cancel(call.params["execution_id"]))


async def logs(call: Call) -> Reply:
    query = call.query()
    return Reply.page(await call.services.executions.logs(call.params["execution_id"], query), query)


async def command(call: Call) -> Reply:
    execution_id, body = call.params["execution_id"], await call.json()
    return Reply(await call.services.executions.command(execution_id, body, call.idempotency_key))


async def workspace(call: Call) -> Reply:
    return Reply(await call.services.executions.workspace(call.params["execution_id"]))


_LISTING: Final = Listing(
    filters={name: name for name in ("plan_id", "context_id", "status")},
    sorts={name: name for name in ("created_at", "updated_at", "status", "id")},
    default_sort="-created_at",
)
_LOG: Final = Listing(filters={"level": "status"}, choices={"level": get_args(LogLevel)}, after=True)

OPERATIONS: Final = (
    Operation(
        name="createExecution",
        method="POST",
        path="/executions",
        summary="Begin an execution of a plan, or keep a record of one.",
        handler=create,
        tag="executions",
        status=201,
        request=ExecutionCreate,
        response=Execution,
        errors=(3007, 3008, 4001, 4002, 4003, 4005, 4006, 4008),
        versioned=True,
        does="execute",
    ),
    Operation(
        name="listExecutions",
        method="GET",
        path="/executions",
        summary="Executions, the newest first.",
        handler=list_all,
        tag="executions",
        response=Execution,
        listing=_LISTING,
    ),
    Operation(
        name="getExecution",
        method="GET",
        path="/executions/{execution_id}",
        summary="Read one execution, with its progress.",
        handler=get,
        tag="executions",
        response=Execution,
        errors=(4001,),
        versioned=True,
    ),
    Operation(
        name="pauseExecution",
        method="POST",
        path="/executions/{execution_id}/pause",
        summary="Let no further task start.",
        handler=pause,
        tag="executions",
        response=Execution,
        errors=(4001, 4005),
        does="execute",
    ),
    Operation(
        name="resumeExecution",
        method="POST",
        path="/executions/{execution_id}/resume",
        summary="Go on where it was paused.",
        handler=resume,
        tag="executions",
        response=Execution,
        errors=(4001, 4005),
        does="execute",
    ),
    Operation(
        name="cancelExecution",
        method="POST",
        path="/executions/{execution_id}/cancel",
        summary="End it now, with all that runs.",
        handler=cancel,
        tag="executions",
        response=Execution,
        errors=(4001, 4005),
        does="execute",
    ),
    Operation(
        name="listExecutionLogs",
        method="GET",
        path="/executions/{execution_id}/logs",
        summary="The log of an execution, the oldest line first.",
        handler=logs,
        tag="executions",
        response=ExecutionLog,
        listing=_LOG,
        errors=(3001, 3008, 4001),
    ),
    Operation(
        name="commandExecution",
        method="POST",
        path="/executions/{execution_id}/commands",
        summary="Hand a command to an execution: status, retry_task, skip_task or set_variable.",
        handler=command,
        tag="executions",
        request=CommandCreate,
        response=CommandResult,
        errors=(4001, 4003, 4005),
        does="execute",
    ),
    Operation(
        name="getWorkspace",
        method="GET",
        path="/executions/{execution_id}/workspace",
        summary="What an execution works with and leaves behind.",
        handler=workspace,
        tag="executions",
        response=Workspace,
        errors=(4001,),
    ),
)
