"""When the tasks of a plan could run, and how to run them better. Spec: protocol §2.1 plans; Design-draft.

Times are seconds from the start of the plan.
"""

from __future__ import annotations

from typing import Annotated, Any, Required

from pydantic import AliasChoices, Field, with_config
from typing_extensions import TypedDict

from mplp_sdk.models._base import CLOSED, Id, JsonObject, MPLPModel, OneOf
from mplp_sdk.models.plan import OptimizationStrategy, Plan

__all__ = [
    "OptimizationResult",
    "OptimizeRequest",
    "PlanChange",
    "PlanEstimate",
    "TaskTiming",
    "Timeline",
]


class TaskTiming(MPLPModel):
    """When one task can start and must have finished; seconds from the plan's start."""

    task_id: Id
    name: str | None = None
    earliest_start: float
    earliest_finish: float
    latest_start: float
    latest_finish: float
    slack: float
    """Seconds that the task can be late without delaying the plan."""
    critical: bool
    """Whether it has no slack."""


class Timeline(MPLPModel):
    """The critical-path schedule of a plan."""

    plan_id: Id
    makespan: float
    """Seconds from the first start to the last finish."""
    critical_path: list[Id] = Field(default_factory=list)
    """Tasks that decide the makespan, in order."""
    tasks: list[TaskTiming] = Field(default_factory=list)
    unestimated: list[Id] = Field(default_factory=list)
    """Tasks without `estimated_duration`; they count as 0."""


class PlanChange(MPLPModel):
    """One thing that was changed, and why."""

    path: str
    """Where, such as `tasks[2]`."""
    from_: Annotated[
        Any, Field(validation_alias=AliasChoices("from", "from_"), serialization_alias="from")
    ] = None
    """What stood there; `from` on the wire."""
    to: Any = None
    reason: str


class PlanEstimate(MPLPModel):
    """What a plan is expected to take."""

    makespan: float
    """Seconds."""
    cost: float | None = None
    """In the unit of the agents' rates; None where none is known."""


class OptimizationResult(MPLPModel):
    """What an optimisation changed, and what that gained."""

    plan: Plan
    """As it is now; as it would be where the changes were not applied."""
    strategy: Annotated[str, OneOf(OptimizationStrategy)]
    changes: list[PlanChange] = Field(default_factory=list)
    before: PlanEstimate
    after: PlanEstimate


@with_config(CLOSED)
class OptimizeRequest(TypedDict, total=False):
    """What a plan is to become better at."""

    strategy: Required[OptimizationStrategy]
    parameters: JsonObject
    """`max_parallel` (tasks at once), `agents`, and what else the server knows."""
    apply: bool
    """False: only say what would change. Default: true."""
