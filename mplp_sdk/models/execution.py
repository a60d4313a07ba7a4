"""Execution: one carrying-out of a plan or task. Spec: protocol §3; Design-draft, Execute module."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Required

from pydantic import Field, WithJsonSchema, with_config
from typing_extensions import TypedDict

from mplp_sdk.models._base import CLOSED, WHOLE, Id, JsonObject, MPLPModel, OneOf, Timestamp

__all__ = [
    "Checkpoint",
    "CommandCreate",
    "CommandResult",
    "ExecuteRequest",
    "Execution",
    "ExecutionCreate",
    "ExecutionLog",
    "ExecutionMode",
    "ExecutionStatus",
    "LogLevel",
    "Progress",
    "Workspace",
]

ExecutionStatus = Literal["pending", "running", "completed", "failed", "cancelled", "paused"]
ExecutionMode = Literal["sync", "async"]
LogLevel = Literal["debug", "info", "warn", "error"]


class Progress(MPLPModel):
    """How many tasks there are and how they went."""

    total: Annotated[int, Field(ge=0), WHOLE] | None = None
    completed: Annotated[int, Field(ge=0), WHOLE] | None = None
    failed: Annotated[int, Field(ge=0), WHOLE] | None = None


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


class CommandResult(MPLPModel):
    """What became of a command."""

    command: str
    accepted: bool
    result: Any = None


class Checkpoint(MPLPModel):
    """The shared state that a failed plan goes back to."""

    task_id: Id
    """The task before which it was taken."""
    state_version: str
    at: Timestamp


class Workspace(MPLPModel):
    """What an execution works with and leaves behind."""

    execution_id: Id
    variables: JsonObject = Field(default_factory=dict)
    artifacts: list[Any] = Field(default_factory=list)
    checkpoints: list[Checkpoint] = Field(default_factory=list)
    """Oldest first."""


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


@with_config(CLOSED)
class ExecuteRequest(TypedDict, total=False):
    """How a plan is to be executed."""

    context_id: Id
    """Default: the plan's own."""
    execution_mode: ExecutionMode
    """`sync`: the answer comes when the plan has ended. Default: async."""
    notification_webhook: str
    """Address that the ended execution is posted to; only those that the server's settings allow."""
    handler: str
    """Name of a handler of the server for all tasks. Default: each task's own."""


KnownCommand = WithJsonSchema(
    {"type": "string", "enum": ["status", "retry_task", "skip_task", "set_variable"]}
)
"""What the reference server knows; the type is open for what others add."""


@with_config(CLOSED)
class CommandCreate(TypedDict, total=False):
    """A command to a running execution."""

    command: Required[Annotated[str, Field(min_length=1), KnownCommand]]
    """`status`, `retry_task`, `skip_task` or `set_variable`."""
    arguments: JsonObject
    """`task_id`; or `key` and `value`."""
