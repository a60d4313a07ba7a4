"""All kinds of frozen object but the trace, against ours. Spec: protocol §9.

What the frozen line requires and we may lack is filled in: "unspecified" for a word, the ids of `made_up_id`,
the epoch for a time. What we read back from such a stand-in is nothing again.
"""

from __future__ import annotations

from typing import Any, Final

from mplp_sdk.protocol.dialects._edges import read_edges, write_edges
from mplp_sdk.protocol.dialects._json import ABSENT, JsonObject, clone
from mplp_sdk.protocol.dialects._seat import Seat
from mplp_sdk.protocol.dialects._shape import Marks, Shape
from mplp_sdk.protocol.dialects._table import (
    TEXT,
    TIME,
    VERSION,
    Codec,
    Row,
    Table,
    cut,
    each,
    time_or_absent,
    words,
)
from mplp_sdk.protocol.dialects.frozen._ids import ID4, made_up_id, v4
from mplp_sdk.protocol.dialects.frozen._objects import PROTOCOL_VERSION, SCHEMA_VERSION, check

__all__ = ["META", "SHAPES", "Checked"]

DIALECT: Final = "frozen"

UNSPECIFIED: Final = "unspecified"
EPOCH: Final = "1970-01-01T00:00:00.000Z"

META: Final = {"meta.protocol_version": PROTOCOL_VERSION, "meta.schema_version": SCHEMA_VERSION}


class Checked:
    """A spelling that reads only what is a frozen object to the letter."""

    def __init__(self, kind: str, spelling: Any) -> None:
        self._kind, self._spelling = kind, spelling

    def read(self, theirs: Any) -> Any:
        check(self._kind, theirs)
        return self._spelling.read(theirs)

    def write(self, ours: Any) -> Any:
        return self._spelling.write(ours)


def _unique_texts(tags: Any) -> Any:
    if not isinstance(tags, list):
        return ABSENT
    return list(dict.fromkeys(tag for tag in tags if isinstance(tag, str)))


_TAGS: Final = Codec(lambda tags: tags, _unique_texts)

_CHANGES: Final = (
    Row("meta.created_by", "metadata.created_by", TEXT),
    Row("meta.updated_at", "metadata.updated_at", TIME),
    Row("meta.updated_by", "metadata.updated_by", TEXT),
    Row("meta.tags", "metadata.tags", _TAGS),
)
_CREATED: Final = Row("meta.created_at", "metadata.created_at", TIME)


def _other_places(theirs: JsonObject, ours: JsonObject) -> None:
    """Times and tags that stand beside `meta` count where `meta` has none."""
    for name in ("created_at", "updated_at", "tags"):
        if name in theirs:
            ours.setdefault("metadata", {}).setdefault(name, clone(theirs[name]))


_CONTEXT = Table(
    Row("context_id", "id", ID4),
    Row("root.domain", "type", TEXT, blank=UNSPECIFIED),
    Row("root.environment", "global_state.environment", TEXT, blank=UNSPECIFIED),
    Row("title", "name", TEXT, blank="Untitled"),
    Row(
        "status",
        "status",
        Codec(
            words(read={"draft": "active", "archived": "completed", "closed": "completed"}).read,
            lambda status: {"suspended": "suspended", "completed": "closed", "failed": "closed"}.get(
                status, "active"
            ),
        ),
    ),
    _CREATED,
    *_CHANGES,
    assumed={"version": "1.0.0", "lifecycle_stage": "planning", "shared_state": {}},
    supplied=META,
    on_read=_other_places,
)


def _read_text(theirs: JsonObject, task: JsonObject) -> None:
    """A step is one text, a task a name and what it means: `Name: meaning`."""
    text = theirs["description"]
    name, colon, meaning = text.partition(": ")
    if colon and meaning and 0 < len(name) <= 100:
        task |= {"name": name, "description": cut(500).read(meaning)}
    elif len(text) > 100:
        task |= {"name": cut(100).read(text), "description": cut(500).read(text)}
    else:
        task["name"] = text or theirs["step_id"]


def _write_text(task: JsonObject, theirs: JsonObject) -> None:
    meaning = task.get("description")
    theirs["description"] = f"{task['name']}: {meaning}" if meaning else task["name"]


_STEP_STATUS: Final = {
    "running": "in_progress",
    "completed": "completed",
    "failed": "failed",
    "skipped": "skipped",
    "cancelled": "skipped",
}

_STEP = Table(
    Row("step_id", "id", ID4),
    Row(
        "status",
        "status",
        Codec(
            words(read={"in_progress": "running", "blocked": "pending"}).read,
            lambda status: _STEP_STATUS.get(status, "pending"),
        ),
    ),
    Row("agent_role", "assigned_agent", TEXT),
    assumed={"type": "atomic"},
    supplied={"status": "pending"},
    on_read=_read_text,
    on_write=_write_text,
)

_PLAN_STATUS: Final = {"executing": "in_progress"} | {
    status: status for status in ("approved", "completed", "failed", "cancelled")
}


def _only_step(plan_id: str, title: str) -> JsonObject:
    """Stands for the tasks of a plan without any, since a frozen plan has at least one step."""
    return {"step_id": made_up_id("only step", plan_id), "description": title, "status": "pending"}


def _read_plan(theirs: JsonObject, plan: JsonObject) -> None:
    if theirs["steps"] == [_only_step(theirs["plan_id"], theirs["title"])]:
        plan["tasks"] = []
    if theirs["objective"] != theirs["title"]:
        plan["description"] = theirs["objective"]
    if theirs["context_id"] != made_up_id("context", theirs["plan_id"]):
        plan["context_id"] = theirs["context_id"]
    read_edges(theirs["steps"], "step_id", plan)


def _write_plan(plan: JsonObject, theirs: JsonObject) -> None:
    theirs["objective"] = plan.get("description") or plan["name"]
    theirs["context_id"] = v4(plan.get("context_id") or f"context of {theirs['plan_id']}")
    theirs["steps"] = theirs.get("steps") or [_only_step(theirs["plan_id"], plan["name"])]
    edges = [
        {"from_task": v4(edge["from_task"]), "to_task": v4(edge["to_task"])}
        for edge in plan.get("dependencies") or ()
    ]
    write_edges({"dependencies": edges}, theirs["steps"], "step_id")


def _arrange_edges(back: JsonObject, plan: JsonObject) -> None:
    """Edges are a set: their order in the plan is not what it means."""
    places = {
        (v4(edge["from_task"]), v4(edge["to_task"])): place
        for place, edge in enumerate(plan.get("dependencies") or ())
    }
    back.get("dependencies", []).sort(key=lambda edge: places.get((edge["from_task"], edge["to_task"]), 0))


_PLAN = Table(
    Row("plan_id", "id", ID4),
    Row("title", "name", TEXT),
    Row(
        "status",
        "status",
        Codec(
            words(read={"in_progress": "executing", "proposed": "draft"}).read,
            lambda status: _PLAN_STATUS.get(status, "draft"),
        ),
    ),
    Row("steps", "tasks", each(_STEP)),
    _CREATED,
    *_CHANGES,
    supplied=META | {"status": "draft"},
    on_read=_read_plan,
    on_write=_write_plan,
)


def _read_decisions(theirs: JsonObject, confirmation: JsonObject) -> None:
    if "decisions" in theirs:
        decisions = [_DECISION.read(decision) for decision in theirs["decisions"]]
        confirmation.setdefault("result", {})["decisions"] = decisions


def _write_decisions(confirmation: JsonObject, theirs: JsonObject) -> None:
    result = confirmation.get("result") or {}
    roles = {one["id"]: one["role"] for one in confirmation.get("approvers") or () if one.get("role")}
    if "decisions" in result:
        theirs["decisions"] = [
            _write_decision(decision, roles, made_up_id(f"decision {index}", theirs["confirm_id"]), result)
            for index, decision in enumerate(result["decisions"])
        ]
    requester = confirmation.get("requester") or {}
    if requester.get("role") is None and requester.get("user_id") is not None:
        theirs["requested_by_role"] = requester["user_id"]
    if theirs["requested_at"] == EPOCH:
        theirs["requested_at"] = _first_time(confirmation.get("metadata") or {}, "requested_at", "updated_at")


def _first_time(members: JsonObject, *names: str) -> str:
    times = (time_or_absent(members.get(name)) for name in names)
    return next((time for time in times if time is not ABSENT), EPOCH)


def _write_decision(decision: JsonObject, roles: JsonObject, made_id: str, result: JsonObject) -> JsonObject:
    written: JsonObject = {"decision_id": made_id} | _DECISION.write(decision)
    role = roles.get(written["decided_by_role"])
    if written["decided_at"] == EPOCH:
        written["decided_at"] = _first_time(result, "timestamp")
    return written if role is None else written | {"decided_by_role": role}


def _read_lines(reason: Any) -> Any:
    return reason.split("\n")


def _write_lines(comments: Any) -> Any:
    texts = [comment for comment in comments or () if isinstance(comment, str)]
    return "\n".join(texts) if texts else ABSENT


_DECISION = Table(
    Row("status", "decision", TEXT, blank="pending"),
    Row("decided_by_role", "approver_id", TEXT, blank=UNSPECIFIED),
    Row("decided_at", "timestamp", TIME, blank=EPOCH),
    Row("reason", "comments", Codec(_read_lines, _write_lines)),
)

_TARGET: Final = {"context": "resource", "trace": "decision", "extension": "resource", "other": "decision"}

_CONFIRMATION = Table(
    Row("confirm_id", "id", ID4),
    Row(
        "target_type",
        "target.type",
        Codec(words(read=_TARGET).read, lambda kind: "plan" if kind == "plan" else "other"),
    ),
    Row("target_id", "target.id", ID4),
    Row("reason", "target.description", TEXT),
    Row(
        "status",
        "result.status",
        Codec(
            words(read={"cancelled": "expired"}).read,
            lambda status: {"approved": "approved", "rejected": "rejected", "expired": "cancelled"}.get(
                status, "pending"
            ),
        ),
    ),
    Row("requested_by_role", "requester.role", TEXT, blank=UNSPECIFIED),
    Row("requested_at", "metadata.created_at", TIME, blank=EPOCH),
    *_CHANGES,
    assumed={"type": "approval", "criteria": {}},
    supplied=META | {"status": "pending"},
    on_read=_read_decisions,
    on_write=_write_decisions,
)


def _read_capabilities(names: Any) -> Any:
    return [{"name": name, "type": "skill", "level": "basic"} for name in names]


def _write_capabilities(capabilities: Any) -> Any:
    return [capability["name"] for capability in capabilities]


_ROLE = Table(
    Row("role_id", "id", ID4),
    Row("name", "name", TEXT),
    Row("description", "description", TEXT),
    Row("capabilities", "capabilities", Codec(_read_capabilities, _write_capabilities), default=[]),
    _CREATED,
    *_CHANGES,
    assumed={"version": "1.0.0"},
    supplied=META,
    on_read=_other_places,
)

_EXTENSION_TYPE: Final = {
    "capability": "capability",
    "policy": "policy",
    "integration": "integration",
    "adapter": "transformation",
    "audit": "validation",
}
_EXTENSION_STATUS: Final = {"active": "active", "disabled": "inactive", "failed": "inactive"}


def _write_owner(extension: JsonObject, theirs: JsonObject) -> None:
    """Our extensions belong to no context."""
    theirs["context_id"] = made_up_id("context", theirs["extension_id"])


_EXTENSION = Table(
    Row("extension_id", "id", ID4),
    Row("name", "name", TEXT),
    Row(
        "extension_type",
        "type",
        Codec(
            words(read={"transformation": "adapter", "validation": "audit", "other": "custom"}).read,
            lambda kind: _EXTENSION_TYPE.get(kind, "other"),
        ),
    ),
    Row("version", "version", VERSION),
    Row(
        "status",
        "lifecycle.status",
        Codec(
            words(read={"registered": "installed", "inactive": "disabled", "deprecated": "disabled"}).read,
            lambda status: _EXTENSION_STATUS.get(status, "registered"),
        ),
    ),
    Row("config", "configuration.parameters"),
    _CREATED,
    *_CHANGES,
    # The frozen line does not say what runs; nothing is made up that could be run.
    assumed={"interface": {}, "implementation": {"runtime": "unknown", "entry_point": ""}},
    supplied=META | {"status": "registered"},
    on_write=_write_owner,
)


SHAPES: Final = (
    Shape(
        DIALECT,
        "context",
        Marks(("meta", "context_id", "root")),
        Checked("context", _CONTEXT),
        seat=Seat("root"),
    ),
    Shape(
        DIALECT,
        "plan",
        Marks(("meta", "plan_id", "steps")),
        Checked("plan", _PLAN),
        seat=None,
        arrange=_arrange_edges,
    ),
    Shape(
        DIALECT,
        "confirmation",
        Marks(("meta", "confirm_id")),
        Checked("confirmation", _CONFIRMATION),
        seat=None,
    ),
    Shape(DIALECT, "role", Marks(("meta", "role_id")), Checked("role", _ROLE), seat=None),
    Shape(
        DIALECT,
        "extension",
        Marks(("meta", "extension_id")),
        Checked("extension", _EXTENSION),
        seat=Seat("config"),
    ),
)
