"""Plan: tasks and what they wait for. Spec: protocol §3; Design, Plan schema; RFC §6.2.2."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Required

from pydantic import Field, WithJsonSchema, with_config
from typing_extensions import TypedDict

from mplp_sdk.models._base import (
    CLOSED,
    DurationField,
    DurationInput,
    Id,
    JsonObject,
    MPLPModel,
    OneOf,
    Timestamp,
    TimestampInput,
    Version,
)
from mplp_sdk.models.execution import Progress

__all__ = [
    "Dependency",
    "DependencyCondition",
    "DependencyCreate",
    "DependencyRemove",
    "DependencyType",
    "ExecutionStrategy",
    "Optimization",
    "OptimizationCreate",
    "OptimizationStrategy",
    "Plan",
    "PlanCreate",
    "PlanState",
    "PlanStatus",
    "PlanUpdate",
    "PlanValidation",
    "PlanValidationCreate",
    "Priority",
    "Task",
    "TaskCategory",
    "TaskCreate",
    "TaskResources",
    "TaskResourcesCreate",
    "TaskState",
    "TaskStatus",
    "TaskType",
    "TaskUpdate",
    "Workflow",
    "WorkflowCreate",
]

PlanStatus = Literal["draft", "approved", "executing", "completed", "failed", "cancelled"]
TaskStatus = Literal["pending", "ready", "running", "completed", "failed", "skipped", "cancelled"]
TaskType = Literal["atomic", "composite"]
TaskCategory = Literal["development", "testing", "documentation", "review"]
Priority = Literal["high", "medium", "low"]
DependencyType = Literal["finish_to_start", "start_to_start", "finish_to_finish"]
DependencyCondition = Literal["success", "failure", "always"]
AnyCondition = WithJsonSchema({"type": "string", "examples": ["success", "failure", "always"]})
"""What others write is kept; only a plan that is carried out must have these."""
ExecutionStrategy = Literal["sequential", "parallel", "conditional"]
OptimizationStrategy = Literal["time", "cost", "quality", "resource"]

TaskName = Annotated[str, Field(min_length=1, max_length=100)]
TaskDescription = Annotated[str, Field(max_length=500)]


class TaskResources(MPLPModel):
    """What a task needs while it runs."""

    cpu: float | str | None = None
    """Amount; Design-draft writes it as text with a unit."""
    memory: float | str | None = None
    """The same."""
    tools: list[str] | None = None


class Task(MPLPModel):
    """One step of a Plan."""

    id: Id
    name: TaskName
    type: Annotated[str, OneOf(TaskType)]
    description: TaskDescription | None = None
    status: Annotated[str, OneOf(TaskStatus)] | None = None
    parent_task: Id | None = None
    """[ext] The composite task that this one is a part of."""
    category: Annotated[str, OneOf(TaskCategory)] | None = None
    assigned_agent: str | None = None
    priority: Annotated[str, OneOf(Priority)] | None = None
    estimated_duration: DurationField | None = None
    resources_required: list[Any] | None = None
    resources: TaskResources | None = None
    started_at: Timestamp | None = None
    """[ext]"""
    completed_at: Timestamp | None = None
    """[ext]"""
    metadata: JsonObject | None = None
    """[ext]"""


class Dependency(MPLPModel):
    """An edge of the plan: how `to_task` waits for `from_task`."""

    from_task: Id
    to_task: Id
    type: Annotated[str, OneOf(DependencyType)]
    condition: str | None = None
    """[ext] In a plan that runs conditionally, how `from_task` must end: `success`, `failure` or `always`. A
    recorded plan has here what its framework calls the condition."""


class Workflow(MPLPModel):
    """How the plan is carried out."""

    execution_strategy: Annotated[str, OneOf(ExecutionStrategy)] | None = None
    error_handling: JsonObject | None = None
    rollback_strategy: JsonObject | None = None


class PlanValidation(MPLPModel):
    """What must hold for the plan to count as done."""

    constraints: list[Any] = Field(default_factory=list)
    success_criteria: list[Any] = Field(default_factory=list)
    quality_gates: list[Any] = Field(default_factory=list)


class Optimization(MPLPModel):
    """What the plan is to be good at."""

    strategy: Annotated[str, OneOf(OptimizationStrategy)] | None = None
    parameters: JsonObject | None = None


class Plan(MPLPModel):
    """Tasks, their order, and how far they are."""

    id: Id
    name: str
    tasks: list[Task]
    description: str | None = None
    context_id: Id | None = None
    version: Version | None = None
    status: Annotated[str, OneOf(PlanStatus)] | None = None
    objectives: list[Any] | None = None
    dependencies: list[Dependency] = Field(default_factory=list)
    workflow: Workflow | None = None
    validation: PlanValidation | None = None
    optimization: Optimization | None = None
    timeline: JsonObject | None = None
    resources: JsonObject | None = None
    metadata: JsonObject | None = None


class TaskState(MPLPModel):
    """How far one task is."""

    id: Id
    name: str | None = None
    status: Annotated[str, OneOf(TaskStatus)]
    started_at: Timestamp | None = None
    completed_at: Timestamp | None = None


class PlanState(MPLPModel):
    """How far a plan is."""

    plan_id: Id
    status: Annotated[str, OneOf(PlanStatus)]
    version: Version | None = None
    progress: Progress
    tasks: list[TaskState] = Field(default_factory=list)
    """In the plan's order."""
    execution_id: Id | None = None
    """The latest execution; None where the plan was never executed."""


@with_config(CLOSED)
class TaskResourcesCreate(TypedDict, total=False):
    """What a task needs while it runs."""

    cpu: float | str
    memory: float | str
    tools: list[str]


class _TaskMembers(TypedDict, total=False):
    """What may be left out of a new Task and of a changed one alike."""

    type: TaskType
    """Default: atomic."""
    description: TaskDescription
    status: TaskStatus
    """Default: pending."""
    parent_task: Id
    category: TaskCategory
    assigned_agent: str
    priority: Priority
    estimated_duration: DurationInput
    resources_required: list[Any]
    resources: TaskResourcesCreate
    started_at: TimestampInput
    completed_at: TimestampInput
    metadata: JsonObject


@with_config(CLOSED)
class TaskCreate(_TaskMembers, total=False):
    """A task to add; the server gives the `id` where there is none."""

    id: Id
    name: Required[TaskName]


@with_config(CLOSED)
class TaskUpdate(_TaskMembers, total=False):
    """What a caller sends to change a Task: a member that is left out stays as it is."""

    name: TaskName


@with_config(CLOSED)
class DependencyCreate(TypedDict, total=False):
    """An edge to add."""

    from_task: Required[Id]
    to_task: Required[Id]
    type: DependencyType
    """Default: finish_to_start."""
    condition: Annotated[DependencyCondition, AnyCondition]
    """In a plan that runs conditionally: how `from_task` must end. Default: success."""


@with_config(CLOSED)
class DependencyRemove(TypedDict, total=False):
    """The edges to remove: those between two tasks, of one type or of all."""

    from_task: Required[Id]
    to_task: Required[Id]
    type: DependencyType
    """Default: all types."""


@with_config(CLOSED)
class WorkflowCreate(TypedDict, total=False):
    """How a plan is to be carried out."""

    execution_strategy: ExecutionStrategy
    error_handling: JsonObject
    rollback_strategy: JsonObject


@with_config(CLOSED)
class PlanValidationCreate(TypedDict, total=False):
    """What must hold for a plan to count as done."""

    constraints: list[Any]
    success_criteria: list[Any]
    quality_gates: list[Any]


@with_config(CLOSED)
class OptimizationCreate(TypedDict, total=False):
    """What a plan is to be good at."""

    strategy: OptimizationStrategy
    parameters: JsonObject


class _PlanMembers(TypedDict, total=False):
    """What may be left out of a new Plan and of a changed one alike."""

    description: str
    context_id: Id
    version: Version
    """Default: 1.0.0."""
    status: PlanStatus
    """Default: draft."""
    objectives: list[Any]
    dependencies: list[DependencyCreate]
    """Refer to tasks by id, so tasks that others wait for need the caller's own ids."""
    workflow: WorkflowCreate
    validation: PlanValidationCreate
    optimization: OptimizationCreate
    timeline: JsonObject
    resources: JsonObject
    metadata: JsonObject


@with_config(CLOSED)
class PlanCreate(_PlanMembers, total=False):
    """What a caller sends to make a Plan."""

    id: Id
    """The caller's own id makes the call idempotent."""
    name: Required[str]
    tasks: Required[list[TaskCreate]]
    """In the order in which they are to be read."""


@with_config(CLOSED)
class PlanUpdate(_PlanMembers, total=False):
    """What a caller sends to change a Plan: a member that is left out stays as it is."""

    name: str
    tasks: list[TaskCreate]
    """All tasks of the plan from now on; those it had and that are to stay carry their ids."""
