"""`rfc`: the camelCase objects of the RFC document, with steps instead of tasks.

For the RFC's own schemas to accept what is written, a context needs an `environment`, a time of creation and
at least one goal, and a plan a `context_id` and at least one task; none of them is made up. Durations are
seconds. Spec: RFC §2.2, §3.2.3, §6.2.
"""

from __future__ import annotations

from typing import Any, Final

from mplp_sdk.protocol.dialects._edges import read_edges, write_edges
from mplp_sdk.protocol.dialects._json import ABSENT, JsonObject
from mplp_sdk.protocol.dialects._shape import Marks, Shape
from mplp_sdk.protocol.dialects._table import SECONDS, TEXT, TIME, VERSION, Codec, Row, Table, each, words
from mplp_sdk.protocol.ids import agent_id, derived_id

__all__ = ["SHAPES"]

DIALECT: Final = "rfc"

_METADATA: Final = Row("metadata", "metadata")

_CONTEXT = Table(
    Row("contextId", "id"),
    Row("version", "version", VERSION),
    Row("timestamp", "metadata.created_at", TIME),
    Row(
        "status",
        "status",
        words(
            read={"inactive": "suspended", "archived": "completed"},
            write={"suspended": "inactive", "completed": "archived", "failed": "archived"},
        ),
        default="active",
    ),
    Row("environment", "environment"),
    Row("goals", "shared_state.goals"),
    _METADATA,
    assumed={"version": "1.0.0", "lifecycle_stage": "planning", "shared_state": {}},
)


def _read_step(theirs: JsonObject, task: JsonObject) -> None:
    if theirs.get("description") != theirs.get("name") and isinstance(theirs.get("description"), str):
        task["description"] = theirs["description"]


def _write_step(task: JsonObject, theirs: JsonObject) -> None:
    theirs["description"] = task.get("description") or task["name"]


_STEP = Table(
    Row("stepId", "id"),
    Row("name", "name"),
    Row("resources", "resources"),
    Row("estimatedDuration", "estimated_duration", SECONDS),
    Row(
        "status",
        "status",
        words(read={"executing": "running"}, write={"running": "executing", "cancelled": "skipped"}),
    ),
    assumed={"type": "atomic"},
    supplied={"status": "pending"},
    on_read=_read_step,
    on_write=_write_step,
)


def _read_plan(theirs: JsonObject, plan: JsonObject) -> None:
    plan["name"] = plan.get("id")
    read_edges(theirs.get("steps"), "stepId", plan)


def _write_plan(plan: JsonObject, theirs: JsonObject) -> None:
    write_edges(plan, theirs.get("steps"), "stepId")


_PLAN = Table(
    Row("planId", "id"),
    Row("contextId", "context_id"),
    Row("version", "version", VERSION),
    Row("status", "status"),
    Row("steps", "tasks", each(_STEP)),
    Row("optimization", "optimization"),
    _METADATA,
    supplied={"version": "1.0.0", "status": "draft"},
    on_read=_read_plan,
    on_write=_write_plan,
)


def _read_approver(approver: Any) -> Any:
    """The RFC knows one approver, a person."""
    user = approver.get("userId") if isinstance(approver, dict) else None
    if not isinstance(user, str) or not user:
        return ABSENT
    role = {"role": approver["role"]} if isinstance(approver.get("role"), str) else {}
    return [{"id": user, "type": "human", **role}]


def _write_approver(approvers: Any) -> Any:
    if not isinstance(approvers, list) or not approvers:
        return ABSENT
    role = {"role": approvers[0]["role"]} if approvers[0].get("role") is not None else {}
    return {"userId": approvers[0]["id"], **role}


def _read_target(theirs: JsonObject, confirmation: JsonObject) -> None:
    plan = theirs.get("planId")
    confirmation["target"] = (
        {"type": "plan", "id": plan} if plan else {"type": "decision", "id": theirs.get("confirmationId")}
    )


def _write_target(confirmation: JsonObject, theirs: JsonObject) -> None:
    target = confirmation["target"]
    if target["type"] == "plan":
        theirs.setdefault("planId", target["id"])


_CONFIRMATION = Table(
    Row("confirmationId", "id"),
    Row("planId", "plan_id"),
    Row("type", "type", TEXT),
    Row("status", "result.status"),
    Row("requester.userId", "requester.user_id"),
    Row("requester.role", "requester.role"),
    Row("approver", "approvers", Codec(_read_approver, _write_approver)),
    Row("riskAssessment", "risk_assessment"),
    Row("timestamp", "metadata.created_at", TIME),
    _METADATA,
    assumed={"type": "approval", "criteria": {}},
    on_read=_read_target,
    on_write=_write_target,
)


def _read_event(theirs: JsonObject, span: JsonObject) -> None:
    """One record of the RFC is one event of a trace, without a context or an agent."""
    event = theirs["event"] if isinstance(theirs.get("event"), dict) else {}
    kind = str(event.get("type", ""))
    told = [str(theirs.get(name, "")) for name in ("traceId", "planId", "stepId", "timestamp")]
    span["id"] = span["span_id"] = derived_id("rfc-trace", *told, kind)
    span["context_id"] = derived_id("rfc-context", told[1] or told[0])
    span["agent_id"] = agent_id("unknown")
    span["action"] = {
        "name": str(event.get("description") or kind or "step"),
        "type": "complete" if kind == "complete" else "execute",
    }
    start = span.get("timestamp", {}).get("start")
    if start is not None and kind not in {"start", "progress"}:
        span["timestamp"]["end"] = start


def _write_event(span: JsonObject, theirs: JsonObject) -> None:
    failed = (span.get("result") or {}).get("status") in {"failure", "timeout"}
    ended = span["timestamp"].get("end") is not None
    kind = "error" if failed else "complete" if ended else "start"
    theirs.setdefault("event", {"type": kind, "description": span["action"]["name"]})


_TRACE = Table(
    Row("traceId", "trace_id"),
    Row("planId", "plan_id"),
    Row("stepId", "task_id"),
    Row("timestamp", "timestamp.start", TIME),
    Row("event", "event"),
    Row("performance.duration", "performance.duration", SECONDS),
    Row("performance.memoryUsage", "performance.memory_usage"),
    Row("performance.cpuUsage", "performance.cpu_usage"),
    Row("status", "result.status", words(read={"completed": "success", "failed": "failure"})),
    _METADATA,
    on_read=_read_event,
    on_write=_write_event,
)

_ROLE = Table(
    Row("roleId", "id"),
    Row("name", "name"),
    Row("description", "description"),
    Row("type", "type"),
    Row("permissions", "permissions"),
    Row("inheritance.parentRoles", "inheritance.parent_roles"),
    Row("inheritance.childRoles", "inheritance.child_roles"),
    _METADATA,
    assumed={"version": "1.0.0", "capabilities": []},
)

_EXTENSION = Table(
    Row("extensionId", "id"),
    Row("name", "name"),
    Row("version", "version"),
    Row("type", "type"),
    Row("configuration", "configuration"),
    Row("lifecycle.status", "lifecycle.status"),
    Row("lifecycle.installDate", "lifecycle.install_date", TIME),
    Row("lifecycle.lastUpdate", "lifecycle.last_update", TIME),
    _METADATA,
    # The RFC does not say what runs; nothing is made up that could be run.
    assumed={"interface": {}, "implementation": {"runtime": "unknown", "entry_point": ""}},
)

_OTHERS = ("planId", "confirmationId", "traceId", "roleId", "extensionId")

SHAPES: Final = (
    Shape(DIALECT, "context", Marks(("contextId",), absent=_OTHERS), _CONTEXT),
    Shape(DIALECT, "plan", Marks(("planId", "steps")), _PLAN),
    Shape(DIALECT, "confirmation", Marks(("confirmationId",)), _CONFIRMATION),
    Shape(DIALECT, "trace", Marks(("traceId",)), _TRACE),
    Shape(DIALECT, "role", Marks(("roleId",)), _ROLE),
    Shape(DIALECT, "extension", Marks(("extensionId",)), _EXTENSION),
)
