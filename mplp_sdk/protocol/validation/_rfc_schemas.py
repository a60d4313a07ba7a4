"""JSON Schemas of the `rfc` dialect. Contexts and plans have the schemas that RFC prints; of the other four
modules it shows the members only, so theirs ask for the id and for the types. What a step used is left open,
as in the canonical schema. Spec: RFC §2.2, §6.2.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["SCHEMAS"]

Rules = dict[str, Any]

_TEXT: Final = {"type": "string"}
_UUID: Final = {"type": "string", "format": "uuid"}
_TIME: Final = {"type": "string", "format": "date-time"}
_VERSION: Final = {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"}
_ANY_OBJECT: Final = {"type": "object"}
_AT_LEAST_0: Final = {"type": "number", "minimum": 0}


def _text(shortest: int, longest: int) -> Rules:
    return {"type": "string", "minLength": shortest, "maxLength": longest}


def _one_of(*values: str) -> Rules:
    return {"type": "string", "enum": list(values)}


def _list(items: Rules, **limits: int) -> Rules:
    return {"type": "array", "items": items, **limits}


def _object(required: str = "", /, **properties: Rules) -> Rules:
    return {"type": "object", "required": required.split(), "properties": properties}


_GOAL: Final = _object(
    "id description priority status",
    id=_UUID,
    description=_text(1, 1000),
    priority={"type": "integer", "minimum": 1, "maximum": 10},
    status=_one_of("pending", "active", "completed", "cancelled"),
    deadline=_TIME,
)
_ENVIRONMENT: Final = _object(
    "platform",
    platform=_one_of("web", "mobile", "desktop", "server", "cloud"),
    resources=_object(cpu=_AT_LEAST_0, memory=_AT_LEAST_0, storage=_AT_LEAST_0),
    constraints=_list(_object("type value", type=_TEXT, value={}, description=_TEXT)),
)
_STEP: Final = _object(
    "stepId name description status",
    stepId=_UUID,
    name=_text(1, 100),
    description=_text(1, 500),
    dependencies=_list(_UUID),
    resources=_ANY_OBJECT,
    estimatedDuration=_AT_LEAST_0,
    status=_one_of("pending", "ready", "executing", "completed", "failed", "skipped"),
)
_PERSON: Final = _object(userId=_TEXT, role=_TEXT)

SCHEMAS: Final[dict[str, Rules]] = {
    "context": {"$id": "https://mplp.ai/schemas/context/v2.0.0"}
    | _object(
        "contextId version timestamp environment goals",
        contextId=_UUID,
        version=_VERSION,
        timestamp=_TIME,
        environment=_ENVIRONMENT,
        goals=_list(_GOAL, minItems=1),
        metadata=_ANY_OBJECT,
    ),
    "plan": {"$id": "https://mplp.ai/schemas/plan/v2.0.0"}
    | _object(
        "planId contextId version status steps",
        planId=_UUID,
        contextId=_UUID,
        version=_VERSION,
        status=_one_of("draft", "approved", "executing", "completed", "failed", "cancelled"),
        steps=_list(_STEP, minItems=1),
        optimization=_object(strategy=_one_of("time", "cost", "quality", "resource"), parameters=_ANY_OBJECT),
    ),
    "confirmation": {"$id": "https://mplp.dev/schemas/rfc/confirmation.json"}
    | _object(
        "confirmationId",
        confirmationId=_UUID,
        planId=_UUID,
        type=_TEXT,
        status=_TEXT,
        requester=_PERSON,
        approver=_PERSON,
        riskAssessment=_object(level=_TEXT, factors=_list({})),
        timestamp=_TIME,
    ),
    "trace": {"$id": "https://mplp.dev/schemas/rfc/trace.json"}
    | _object(
        "traceId",
        traceId=_UUID,
        planId=_UUID,
        stepId=_UUID,
        timestamp=_TIME,
        event=_object(type=_TEXT, description=_TEXT, data=_ANY_OBJECT),
        performance=_object(duration=_AT_LEAST_0, memoryUsage={}, cpuUsage={}),
        status=_TEXT,
    ),
    "role": {"$id": "https://mplp.dev/schemas/rfc/role.json"}
    | _object(
        "roleId name",
        roleId=_UUID,
        name=_TEXT,
        description=_TEXT,
        permissions=_list(
            _object("resource actions", resource=_TEXT, actions=_list(_TEXT), conditions=_ANY_OBJECT)
        ),
        inheritance=_object(parentRoles=_list(_TEXT), childRoles=_list(_TEXT)),
        metadata=_ANY_OBJECT,
    ),
    "extension": {"$id": "https://mplp.dev/schemas/rfc/extension.json"}
    | _object(
        "extensionId name version type",
        extensionId=_UUID,
        name=_TEXT,
        version=_VERSION,
        type=_TEXT,
        configuration=_object(parameters=_ANY_OBJECT, endpoints=_list({}), dependencies=_list({})),
        lifecycle=_object(status=_TEXT, installDate=_TIME, lastUpdate=_TIME),
        metadata=_ANY_OBJECT,
    ),
}
"""By kind of object. RFC has no executions."""
