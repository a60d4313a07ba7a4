"""Execution: one carrying-out of a plan or task. Spec: protocol §3; Design-draft, Execute module."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, with_config
from typing_extensions import TypedDict

from mplp_sdk.models._base import CLOSED, Id, JsonObject, MPLPModel, OneOf, Timestamp

__all__ = ["Execution", "ExecutionCreate", "ExecutionLog", "ExecutionStatus", "LogLevel", "Progress"]

ExecutionStatus = Literal["pending", "running", "completed", "failed", "cancelled", "paused"]
LogLevel = Literal["debug", "info", "warn", "error"]


class Progress(MPLPModel):
    """How many tasks there are and how they went."""

    total: Annotated[int, Field(ge=0)] | None = None
    completed: Annotated[int, Field(ge=0)] | None = None
    failed: Annotated[int, Field(ge=0)] | None = None


class Execution(MPLPModel):
    """One carrying-out of a plan or task."""

    id: Id
    status: Annotated[str, OneOf(ExecutionStatus)]
    plan_id: Id | None = None
    task_id: Id | None = None
    context_id: Id | None = None
    agent_id: Id | None = None
    input: JsonObject | None = None
    output: JsonObject | None = None
    started_at: Timestamp | None = None
    completed_at: Timestamp | None = None
    progress: Progress | None = None
    metadata: JsonObject | None = None


class ExecutionLog(MPLPModel):
    """One line of an execution's log."""

    id: Id
    execution_id: Id
    timestamp: Timestamp
    level: Annotated[str, OneOf(LogLevel)]
    message: str
    details: Any = None


@with_config(CLOSED)
class ExecutionCreate(TypedDict, total=False):
    """What a caller sends to start an Execution."""

    id: Id
    status: ExecutionStatus
    """Default: pending."""
    plan_id: Id
    task_id: Id
    context_id: Id
    agent_id: Id
    input: JsonObject
    metadata: JsonObject
