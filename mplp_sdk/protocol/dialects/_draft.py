"""`draft`: the objects of Design-draft, which has three of the kinds. Spec: Design-draft, data models.

Its plan lists dependencies twice, as a graph and in each task; we write both and read the graph first.
"""

from __future__ import annotations

from typing import Any, Final

from mplp_sdk.protocol.dialects._edges import read_edges, write_edges
from mplp_sdk.protocol.dialects._json import ABSENT, JsonObject
from mplp_sdk.protocol.dialects._shape import Marks, Shape
from mplp_sdk.protocol.dialects._table import SAME, SECONDS, TEXT, TIME, Codec, Row, Table, cut, each

__all__ = ["SHAPES"]

DIALECT: Final = "draft"

_METADATA: Final = Row("metadata", "metadata")

_CONTEXT = Table(
    Row("context_id", "id"),
    Row("version", "version"),
    Row("timestamp", "metadata.created_at", TIME),
    Row("global_state", "global_state"),
    Row("shared_data.variables", "shared_state.variables"),
    Row("shared_data.artifacts", "shared_state.artifacts"),
    Row("shared_data.knowledge_base", "shared_state.knowledge_base"),
    Row("metadata.last_updated", "metadata.updated_at", TIME),
    _METADATA,
    assumed={"version": "1.0.0", "status": "active", "lifecycle_stage": "planning", "shared_state": {}},
    supplied={"shared_data": {}},
)

_TASK = Table(
    Row("task_id", "id"),
    Row("name", "name", cut(100)),
    Row("description", "description", Codec(cut(500).read, SAME.write)),
    Row("type", "category", TEXT),
    Row("assigned_agent", "assigned_agent"),
    Row("estimated_duration", "estimated_duration", SECONDS),
    Row("priority", "priority"),
    Row("resources", "resources"),
    assumed={"type": "atomic"},
    on_read=lambda theirs, task: _name_by_id(task),
)


def _name_by_id(obj: JsonObject) -> None:
    obj.setdefault("name", obj.get("id"))


def _read_graph(graph: Any) -> Any:
    """The draft does not say how its graph looks; its endpoints add edges, so edges are what is read."""
    if not isinstance(graph, list) or not all(map(_is_edge, graph)):
        return ABSENT
    return [{"type": "finish_to_start"} | edge for edge in graph]


def _is_edge(edge: Any) -> bool:
    return isinstance(edge, dict) and all(isinstance(edge.get(end), str) for end in ("from_task", "to_task"))


def _read_plan(theirs: JsonObject, plan: JsonObject) -> None:
    _name_by_id(plan)
    read_edges(theirs.get("tasks"), "task_id", plan)


def _write_plan(plan: JsonObject, theirs: JsonObject) -> None:
    write_edges(plan, theirs.get("tasks"), "task_id")


_PLAN = Table(
    Row("plan_id", "id"),
    Row("version", "version"),
    Row("title", "name", TEXT),
    Row("description", "description"),
    Row("objectives", "objectives"),
    Row("tasks", "tasks", each(_TASK)),
    Row("timeline", "timeline"),
    Row("dependencies", "dependencies", Codec(_read_graph, SAME.write)),
    Row("resources", "resources"),
    _METADATA,
    on_read=_read_plan,
    on_write=_write_plan,
)

_EXECUTION = Table(
    Row("execution_id", "id"),
    Row("task_id", "task_id"),
    Row("agent_id", "agent_id"),
    Row("status", "status"),
    Row("input.context_reference", "context_id"),
    Row("input", "input"),
    Row("output", "output"),
    _METADATA,
)

SHAPES: Final = (
    Shape(DIALECT, "context", Marks(("context_id", "shared_data")), _CONTEXT),
    Shape(DIALECT, "plan", Marks(("plan_id", "tasks")), _PLAN),
    Shape(DIALECT, "execution", Marks(("execution_id", "status")), _EXECUTION),
)
