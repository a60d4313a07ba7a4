"""Endpoints of Plans. Spec: protocol §2.1 plans; Design, Plan API; Design-draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from mplp_sdk.client._operations._call import (
    Call,
    PageData,
    acting,
    deleting,
    given,
    listing,
    reading,
    segment,
    sending,
)
from mplp_sdk.models import (
    Dependency,
    DependencyCreate,
    ExecuteRequest,
    Execution,
    OptimizationResult,
    OptimizeRequest,
    Plan,
    PlanCreate,
    PlanState,
    PlanUpdate,
    Task,
    TaskCreate,
    TaskUpdate,
    Timeline,
    ValidationReport,
)
from mplp_sdk.models.plan import DependencyType, OptimizationStrategy, PlanStatus

__all__ = [
    "add_dependency",
    "add_task",
    "create",
    "delete",
    "execute",
    "get",
    "list",
    "optimize",
    "remove_dependency",
    "remove_task",
    "status",
    "timeline",
    "update",
    "update_task",
    "validate",
]


def create(**members: Unpack[PlanCreate]) -> Call[Plan]:
    """POST /plans."""
    return sending("POST", "/plans", PlanCreate, members, Plan)


def list(  # noqa: A001  # callers write plans.list
    *,
    context_id: str | None = None,
    status: PlanStatus | None = None,
    name: str | None = None,
    page: int = 1,
    page_size: int = 50,
    sort: str | None = None,
) -> Call[PageData[Plan]]:
    """GET /plans."""
    return listing(
        "/plans",
        Plan,
        page=page,
        page_size=page_size,
        sort=sort,
        context_id=context_id,
        status=status,
        name=name,
    )


def get(plan_id: str) -> Call[Plan]:
    """GET /plans/{plan_id}."""
    return reading(_path(plan_id), Plan)


def update(plan_id: str, *, if_match: str | None = None, **members: Unpack[PlanUpdate]) -> Call[Plan]:
    """PUT /plans/{plan_id}."""
    return sending("PUT", _path(plan_id), PlanUpdate, members, Plan, if_match=if_match)


def delete(plan_id: str, *, if_match: str | None = None) -> Call[None]:
    """DELETE /plans/{plan_id}."""
    return deleting(_path(plan_id), if_match=if_match)


def status(plan_id: str) -> Call[PlanState]:
    """GET /plans/{plan_id}/status."""
    return reading(f"{_path(plan_id)}/status", PlanState)


def add_task(plan_id: str, **members: Unpack[TaskCreate]) -> Call[Task]:
    """POST /plans/{plan_id}/tasks."""
    return sending("POST", f"{_path(plan_id)}/tasks", TaskCreate, members, Task)


def update_task(plan_id: str, task_id: str, **members: Unpack[TaskUpdate]) -> Call[Task]:
    """PUT /plans/{plan_id}/tasks/{task_id}."""
    return sending("PUT", _task(plan_id, task_id), TaskUpdate, members, Task)


def remove_task(plan_id: str, task_id: str, *, cascade: bool = False) -> Call[None]:
    """DELETE /plans/{plan_id}/tasks/{task_id}."""
    return deleting(_task(plan_id, task_id), cascade="true" if cascade else None)


def add_dependency(plan_id: str, **members: Unpack[DependencyCreate]) -> Call[Dependency]:
    """POST /plans/{plan_id}/dependencies."""
    return sending("POST", f"{_path(plan_id)}/dependencies", DependencyCreate, members, Dependency)


def remove_dependency(
    plan_id: str,
    *,
    from_task: str,
    to_task: str,
    type: DependencyType | None = None,  # noqa: A002  # the member's own name
) -> Call[None]:
    """DELETE /plans/{plan_id}/dependencies."""
    # As parameters, since some proxies drop the body of a DELETE.
    path = f"{_path(plan_id)}/dependencies"
    return deleting(path, from_task=from_task, to_task=to_task, type=type)


def validate(plan_id: str) -> Call[ValidationReport]:
    """POST /plans/{plan_id}/validate."""
    return acting(f"{_path(plan_id)}/validate", ValidationReport)


def optimize(
    plan_id: str,
    strategy: OptimizationStrategy,
    *,
    parameters: Mapping[str, Any] | None = None,
    apply: bool | None = None,
) -> Call[OptimizationResult]:
    """POST /plans/{plan_id}/optimize."""
    asked = given(strategy=strategy, parameters=parameters, apply=apply)
    return sending("POST", f"{_path(plan_id)}/optimize", OptimizeRequest, asked, OptimizationResult)


def timeline(plan_id: str) -> Call[Timeline]:
    """GET /plans/{plan_id}/timeline."""
    return reading(f"{_path(plan_id)}/timeline", Timeline)


def execute(plan_id: str, **how: Unpack[ExecuteRequest]) -> Call[Execution]:
    """POST /plans/{plan_id}/execute."""
    return sending("POST", f"{_path(plan_id)}/execute", ExecuteRequest, how, Execution)


def _path(plan_id: str) -> str:
    return f"/plans/{segment(plan_id=plan_id)}"


def _task(plan_id: str, task_id: str) -> str:
    return f"{_path(plan_id)}/tasks/{segment(task_id=task_id)}"
