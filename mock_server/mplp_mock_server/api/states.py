"""`/contexts/{id}/state`, `…/variables` and `…/sync`. Spec: protocol §2.1."""

from __future__ import annotations

from typing import Final

from mplp_mock_server.api._operations import Call, Operation, Reply
from mplp_sdk.models import ContextState, SyncRequest, SyncResult, Variable, VariableCreate, Variables

__all__ = ["OPERATIONS"]


async def get_state(call: Call) -> Reply:
    return Reply(await call.services.states.get(call.params["context_id"]))


async def sync(call: Call) -> Reply:
    context_id, body = call.params["context_id"], await call.json()
    return Reply(await call.services.states.sync(context_id, body, call.idempotency_key))


async def list_variables(call: Call) -> Reply:
    return Reply(await call.services.states.variables(call.params["context_id"]))


async def get_variable(call: Call) -> Reply:
    return Reply(await call.services.states.variable(call.params["context_id"], call.params["key"]))


async def set_variable(call: Call) -> Reply:
    context_id, body = call.params["context_id"], await call.json()
    variable, first = await call.services.states.set_variable(context_id, body, call.idempotency_key)
    return Reply(variable, status=201 if first else 200)


async def delete_variable(call: Call) -> Reply:
    await call.services.states.delete_variable(call.params["context_id"], call.params["key"])
    return Reply()


OPERATIONS: Final = (
    Operation(
        name="getContextState",
        method="GET",
        path="/contexts/{context_id}/state",
        summary="The shared state with its version and checksum.",
        handler=get_state,
        tag="contexts",
        response=ContextState,
        errors=(4001,),
    ),
    Operation(
        name="syncContext",
        method="POST",
        path="/contexts/{context_id}/sync",
        summary="Tell nodes the shared state, or what changed of it since each was told.",
        handler=sync,
        tag="contexts",
        request=SyncRequest,
        response=SyncResult,
        errors=(3005, 4001, 4003),
    ),
    Operation(
        name="listContextVariables",
        method="GET",
        path="/contexts/{context_id}/variables",
        summary="All shared variables.",
        handler=list_variables,
        tag="contexts",
        response=Variables,
        errors=(4001,),
    ),
    Operation(
        name="setContextVariable",
        method="POST",
        path="/contexts/{context_id}/variables",
        summary="Set one shared variable; 201 if it is new.",
        handler=set_variable,
        tag="contexts",
        status=201,
        also=(200,),
        request=VariableCreate,
        response=Variable,
        errors=(4001, 4003, 4005),
    ),
    Operation(
        name="getContextVariable",
        method="GET",
        path="/contexts/{context_id}/variables/{key}",
        summary="One shared variable.",
        handler=get_variable,
        tag="contexts",
        response=Variable,
        errors=(3004, 4001),
    ),
    Operation(
        name="deleteContextVariable",
        method="DELETE",
        path="/contexts/{context_id}/variables/{key}",
        summary="Remove one shared variable.",
        handler=delete_variable,
        tag="contexts",
        status=204,
        errors=(3004, 4001, 4005),
    ),
)
