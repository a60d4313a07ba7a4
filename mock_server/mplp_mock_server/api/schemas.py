"""`/schemas`. Spec: protocol §2.1."""

from __future__ import annotations

from typing import Any, Final

from mplp_mock_server.api._operations import Call, Operation, Reply
from mplp_sdk.models import SchemaList, ValidationReport

__all__ = ["OPERATIONS"]


async def list_all(call: Call) -> Reply:
    return Reply(call.services.schemas.list())


async def get(call: Call) -> Reply:
    return Reply(call.services.schemas.get(call.params["module"]))


async def validate(call: Call) -> Reply:
    return Reply(await call.services.schemas.validate(call.params["module"], await call.json_value()))


OPERATIONS: Final = (
    Operation(
        name="listSchemas",
        method="GET",
        path="/schemas",
        summary="The JSON Schemas of all kinds of objects.",
        handler=list_all,
        tag="schemas",
        response=SchemaList,
    ),
    Operation(
        name="getSchema",
        method="GET",
        path="/schemas/{module}",
        summary="One JSON Schema, without an envelope.",
        handler=get,
        tag="schemas",
        response=dict[str, Any],
        errors=(4001,),
        plain=True,
    ),
    Operation(
        name="validateObject",
        method="POST",
        path="/schemas/{module}/validate",
        summary="What is wrong with an object, by all rules; 200 also where it is not valid.",
        handler=validate,
        tag="schemas",
        request=Any,
        response=ValidationReport,
        errors=(4001,),
        does="read",
    ),
)
