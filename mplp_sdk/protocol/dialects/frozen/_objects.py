"""The closed objects of the frozen line, as types that check an object and give its JSON Schema (draft-07).

Nothing but the members named here is let in; only `root`, `constraints`, `config`, `attributes`, and what the
line leaves undefined (`trace`, the elements of `events`), are open. Spec: protocol §9.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any, Final, Literal, Required

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    with_config,
)
from typing_extensions import TypedDict

from mplp_sdk.errors import InvalidFormat
from mplp_sdk.protocol.dialects._json import JsonObject
from mplp_sdk.protocol.times import parse_time

__all__ = ["PROTOCOL_VERSION", "SCHEMA_VERSION", "UUID4", "check", "schema"]

PROTOCOL_VERSION: Final = "1.0.0"
SCHEMA_VERSION: Final = "2.0.0"
UUID4: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_CLOSED: Final = ConfigDict(extra="forbid", strict=True)
_OPEN: Final = ConfigDict(extra="allow", strict=True)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def _rfc3339(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError("should be an RFC 3339 time such as 2026-01-02T03:04:05.678Z")
    parse_time(text)
    return text


def _unique(tags: list[str]) -> list[str]:
    if len(set(tags)) != len(tags):
        raise ValueError("should not hold the same tag twice")
    return tags


Id4 = Annotated[str, Field(pattern=UUID4)]
Time = Annotated[str, AfterValidator(_rfc3339), WithJsonSchema({"type": "string", "format": "date-time"})]
Version3 = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
Tags = Annotated[list[str], AfterValidator(_unique), Field(json_schema_extra={"uniqueItems": True})]


@with_config(_CLOSED)
class Meta(TypedDict, total=False):
    protocol_version: Required[Literal["1.0.0"]]
    schema_version: Required[Literal["2.0.0"]]
    created_at: Time
    created_by: str
    updated_at: Time
    updated_by: str
    tags: Tags
    cross_cutting: list[str]


@with_config(_CLOSED)
class Governance(TypedDict, total=False):
    lifecyclePhase: str
    truthDomain: str
    locked: bool
    lastConfirmRef: Any


class Everywhere(TypedDict, total=False):
    """What every object has, or may have."""

    meta: Required[Meta]
    governance: Governance
    trace: JsonObject
    events: list[Any]


@with_config(_OPEN)
class Root(TypedDict, total=False):
    domain: Required[str]
    environment: Required[str]
    entry_point: str


@with_config(_CLOSED)
class FrozenContext(Everywhere, total=False):
    context_id: Required[Id4]
    root: Required[Root]
    title: Required[str]
    summary: str
    status: Required[Literal["draft", "active", "suspended", "archived", "closed"]]
    tags: list[str]
    language: str
    owner_role: str
    constraints: JsonObject
    created_at: Time
    updated_at: Time


@with_config(_CLOSED)
class Step(TypedDict, total=False):
    step_id: Required[Id4]
    description: Required[str]
    status: Required[Literal["pending", "in_progress", "completed", "blocked", "skipped", "failed"]]
    dependencies: list[Id4]
    agent_role: str
    order_index: int


@with_config(_CLOSED)
class FrozenPlan(Everywhere, total=False):
    plan_id: Required[Id4]
    context_id: Required[Id4]
    title: Required[str]
    objective: Required[str]
    status: Required[
        Literal["draft", "proposed", "approved", "in_progress", "completed", "cancelled", "failed"]
    ]
    steps: Required[Annotated[list[Step], Field(min_length=1)]]


@with_config(_CLOSED)
class FrozenDecision(TypedDict, total=False):
    decision_id: Required[Id4]
    status: Required[str]
    decided_by_role: Required[str]
    decided_at: Required[Time]
    reason: str


@with_config(_CLOSED)
class FrozenConfirm(Everywhere, total=False):
    confirm_id: Required[Id4]
    target_type: Required[Literal["context", "plan", "trace", "extension", "other"]]
    target_id: Required[Id4]
    status: Required[Literal["pending", "approved", "rejected", "cancelled"]]
    requested_by_role: Required[str]
    requested_at: Required[Time]
    reason: str
    decisions: list[FrozenDecision]


@with_config(_CLOSED)
class RootSpan(TypedDict, total=False):
    trace_id: Required[Id4]
    span_id: Required[Id4]
    parent_span_id: Id4
    context_id: Id4
    attributes: JsonObject


@with_config(_CLOSED)
class Segment(TypedDict, total=False):
    segment_id: Required[Id4]
    parent_segment_id: Id4
    label: Required[str]
    status: Required[Literal["pending", "running", "completed", "failed", "cancelled", "skipped"]]
    started_at: Time
    finished_at: Time
    attributes: JsonObject


@with_config(_CLOSED)
class FrozenTrace(Everywhere, total=False):
    trace_id: Required[Id4]
    context_id: Required[Id4]
    plan_id: Id4
    root_span: Required[RootSpan]
    status: Required[Literal["pending", "running", "completed", "failed", "cancelled"]]
    started_at: Time
    finished_at: Time
    segments: list[Segment]


@with_config(_CLOSED)
class FrozenRole(Everywhere, total=False):
    role_id: Required[Id4]
    name: Required[str]
    description: str
    capabilities: list[str]
    created_at: Time
    updated_at: Time


@with_config(_CLOSED)
class FrozenExtension(Everywhere, total=False):
    extension_id: Required[Id4]
    context_id: Required[Id4]
    name: Required[str]
    extension_type: Required[
        Literal["capability", "policy", "integration", "transformation", "validation", "other"]
    ]
    version: Required[Version3]
    status: Required[Literal["registered", "active", "inactive", "deprecated"]]
    config: JsonObject


_ADAPTERS: Final[dict[str, TypeAdapter[Any]]] = {
    "context": TypeAdapter(FrozenContext),
    "plan": TypeAdapter(FrozenPlan),
    "confirmation": TypeAdapter(FrozenConfirm),
    "trace": TypeAdapter(FrozenTrace),
    "role": TypeAdapter(FrozenRole),
    "extension": TypeAdapter(FrozenExtension),
}
_SHOWN = 3


def check(kind: str, obj: Any) -> None:
    """See that `obj` is a frozen object, and closed.

    Raises:
        InvalidFormat: it is not; `details` say where and why.
    """
    try:
        _ADAPTERS[kind].validate_python(obj)
    except ValidationError as error:
        faults = [(".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors()]
        shown = "; ".join(f"{field or kind}: {reason}" for field, reason in faults[:_SHOWN])
        raise InvalidFormat(
            f"not a frozen {kind}: {shown}", details={"field": faults[0][0], "reason": faults[0][1]}
        ) from None


@cache
def _build(kind: str) -> dict[str, Any]:
    written = _ADAPTERS[kind].json_schema(ref_template="#/definitions/{model}")
    definitions = written.pop("$defs", {})
    return {
        "$schema": _DRAFT,
        "$id": f"https://mplp.dev/schemas/frozen/v1.0/{kind}.json",
        **written,
        "definitions": definitions,
    }


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema (draft-07) of one kind of frozen object; assert formats when you validate.

    Args:
        kind: `context`, `plan`, `confirmation`, `trace`, `role` or `extension`.

    Raises:
        KeyError: the frozen line has no such kind.

    Spec: protocol §9.
    """
    return dict(_build(kind))
