"""`client.plans`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from mplp_sdk.client._async._namespace import AsyncNamespace
from mplp_sdk.client._operations import plans
from mplp_sdk.client._paging import AsyncPages
from mplp_sdk.models import (
    Dependency,
    DependencyCreate,
    ExecuteRequest,
    Execution,
    OptimizationResult,
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

__all__ = ["AsyncPlans"]


class AsyncPlans(AsyncNamespace):
    """Plans: what is meant to happen, task by task."""

    async def create(self, **members: Unpack[PlanCreate]) -> Plan:
        """Make a plan.

        Args:
            members: the members of `PlanCreate`; `name` and `tasks` are required. With an own `id`, creating
                again gives the first result.

        Raises:
            RequiredFieldMissing: there is no `name`, or there are no `tasks`.
            InvalidRequest: a member is wrong; found before anything is sent where possible.
            Conflict: the id is there already, with other members.

        Spec: Design, Plan API; POST /plans.
        """
        return await self._client.execute(plans.create(**members))

    def list(
        self,
        *,
        context_id: str | None = None,
        status: PlanStatus | None = None,
        name: str | None = None,
        page: int = 1,
        page_size: int = 50,
        sort: str | None = None,
    ) -> AsyncPages[Plan]:
        """List plans; iterating reads page after page.

        Args:
            context_id: only plans of this context.
            status: only plans with this status.
            name: only plans of this name.
            page: the page to begin with, from 1.
            page_size: plans a page, 1 to 1000.
            sort: member to sort by; a leading minus turns the order round. None: the server's order.

        Raises:
            ValueOutOfRange: `page` or `page_size` is out of range.

        Spec: protocol §2 Lists; GET /plans.
        """
        return self._client.pages(
            plans.list(
                context_id=context_id, status=status, name=name, page=page, page_size=page_size, sort=sort
            )
        )

    async def get(self, plan_id: str) -> Plan:
        """Read one plan, with its tasks in execution order.

        Args:
            plan_id: UUID of the plan.

        Raises:
            NotFound: no plan has this id.

        Spec: Design, Plan API; GET /plans/{plan_id}.
        """
        return await self._client.execute(plans.get(plan_id))

    async def update(
        self,
        plan_id: str,
        *,
        if_match: str | None = None,
        **members: Unpack[PlanUpdate],
    ) -> Plan:
        """Change a plan: each member that is sent replaces the old one, the others stay.

        Args:
            plan_id: UUID of the plan.
            if_match: `Reply.etag` of what was read; only that is changed. None: whatever is there.
            members: the members of `PlanUpdate` that change. `tasks` are all tasks from now on.

        Raises:
            NotFound: no plan has this id.
            InvalidRequest: a member is wrong.
            OperationNotAllowed: the new status cannot follow the old one.
            Conflict: somebody else has changed it since `if_match`.
            ResourceLocked: the plan is being executed.

        Spec: Design-draft; PUT /plans/{plan_id}.
        """
        return await self._client.execute(plans.update(plan_id, if_match=if_match, **members))

    async def delete(self, plan_id: str, *, if_match: str | None = None) -> None:
        """Remove a plan.

        Args:
            plan_id: UUID of the plan.
            if_match: `Reply.etag` of what was read; only that is removed. None: whatever is there.

        Raises:
            NotFound: no plan has this id.
            Conflict: somebody has changed it since `if_match`.
            ResourceLocked: the plan is being executed.

        Spec: Design-draft; DELETE /plans/{plan_id}.
        """
        return await self._client.execute(plans.delete(plan_id, if_match=if_match))

    async def status(self, plan_id: str) -> PlanState:
        """Read how far a plan and each of its tasks are.

        Args:
            plan_id: UUID of the plan.

        Raises:
            NotFound: no plan has this id.

        Spec: Design, Plan API; GET /plans/{plan_id}/status.
        """
        return await self._client.execute(plans.status(plan_id))

    async def add_task(self, plan_id: str, **members: Unpack[TaskCreate]) -> Task:
        """Add a task after the others.

        Args:
            plan_id: UUID of the plan.
            members: the members of `TaskCreate`; `name` is required.

        Raises:
            NotFound: no plan has this id.
            InvalidRequest: a member is wrong.
            DuplicateValue: the plan has a task of this id.
            OperationNotAllowed: the plan has ended.
            ResourceLocked: the plan is being executed.

        Spec: Design-draft; POST /plans/{plan_id}/tasks.
        """
        return await self._client.execute(plans.add_task(plan_id, **members))

    async def update_task(self, plan_id: str, task_id: str, **members: Unpack[TaskUpdate]) -> Task:
        """Change a task: each member that is sent replaces the old one, the others stay.

        Args:
            plan_id: UUID of the plan.
            task_id: id of the task.
            members: the members of `TaskUpdate` that change.

        Raises:
            NotFound: the plan has no such task.
            InvalidRequest: a member is wrong.
            OperationNotAllowed: the plan has ended.
            ResourceLocked: the plan is being executed.

        Spec: Design-draft; PUT /plans/{plan_id}/tasks/{task_id}.
        """
        return await self._client.execute(plans.update_task(plan_id, task_id, **members))

    async def remove_task(self, plan_id: str, task_id: str, *, cascade: bool = False) -> None:
        """Remove a task, with the dependencies that name it.

        Args:
            plan_id: UUID of the plan.
            task_id: id of the task.
            cascade: remove the parts of a composite task, too.

        Raises:
            NotFound: the plan has no such task.
            Conflict: the task has parts, and `cascade` is false.
            OperationNotAllowed: the plan has ended.
            ResourceLocked: the plan is being executed.

        Spec: Design-draft; DELETE /plans/{plan_id}/tasks/{task_id}.
        """
        return await self._client.execute(plans.remove_task(plan_id, task_id, cascade=cascade))

    async def add_dependency(self, plan_id: str, **members: Unpack[DependencyCreate]) -> Dependency:
        """Let one task wait for another.

        Args:
            plan_id: UUID of the plan.
            members: the members of `DependencyCreate`; `from_task` and `to_task`, which waits, are required.

        Raises:
            NotFound: no plan has this id.
            BusinessRuleViolation: the tasks would wait for each other; `details["cycle"]` names them.
            DataIntegrityError: there is no such task, or it would wait for itself.
            DuplicateValue: the plan has this dependency.
            ResourceLocked: the plan is being executed.

        Spec: Design-draft; POST /plans/{plan_id}/dependencies.
        """
        return await self._client.execute(plans.add_dependency(plan_id, **members))

    async def remove_dependency(
        self,
        plan_id: str,
        *,
        from_task: str,
        to_task: str,
        type: DependencyType | None = None,  # noqa: A002  # the member's own name
    ) -> None:
        """Let one task no longer wait for another.

        Args:
            plan_id: UUID of the plan.
            from_task: id of the task that is waited for.
            to_task: id of the task that waits.
            type: only the dependency of this type. None: whatever type it has.

        Raises:
            NotFound: the plan has no such dependency.
            ResourceLocked: the plan is being executed.

        Spec: Design-draft; DELETE /plans/{plan_id}/dependencies.
        """
        return await self._client.execute(
            plans.remove_dependency(plan_id, from_task=from_task, to_task=to_task, type=type)
        )

    async def validate(self, plan_id: str) -> ValidationReport:
        """Ask what is wrong with a plan. A plan that is not valid raises nothing.

        Args:
            plan_id: UUID of the plan.

        Raises:
            NotFound: no plan has this id.

        Spec: Design-draft; protocol §4; POST /plans/{plan_id}/validate.
        """
        return await self._client.execute(plans.validate(plan_id))

    async def optimize(
        self,
        plan_id: str,
        strategy: OptimizationStrategy,
        *,
        parameters: Mapping[str, Any] | None = None,
        apply: bool | None = None,
    ) -> OptimizationResult:
        """Put the tasks of a plan into a better order. What waits for what stays as it is.

        Args:
            plan_id: UUID of the plan.
            strategy: what to become better at.
            parameters: such as `max_parallel`, how many tasks can run at once.
            apply: False: only say what would change. None: change it.

        Returns:
            The plan, each change with its reason, and estimates before and after.

        Raises:
            NotFound: no plan has this id.
            OperationNotAllowed: the plan is being executed or has ended.

        Spec: Design-draft; POST /plans/{plan_id}/optimize.
        """
        return await self._client.execute(
            plans.optimize(plan_id, strategy, parameters=parameters, apply=apply),
        )

    async def timeline(self, plan_id: str) -> Timeline:
        """Read when each task could run: the critical-path schedule, in seconds from the start.

        Args:
            plan_id: UUID of the plan.

        Raises:
            NotFound: no plan has this id.
            BusinessRuleViolation: tasks wait for each other; `details["cycle"]` names them.

        Spec: Design-draft; GET /plans/{plan_id}/timeline.
        """
        return await self._client.execute(plans.timeline(plan_id))

    async def execute(self, plan_id: str, **how: Unpack[ExecuteRequest]) -> Execution:
        """Execute an approved plan.

        Args:
            plan_id: UUID of the plan.
            how: the members of `ExecuteRequest`; none is required. With `execution_mode="sync"` the answer
                comes when the plan has ended, so the client's `timeout` must be long enough.

        Returns:
            The execution: begun, or ended with `execution_mode="sync"`. `executions.wait` waits for its end.

        Raises:
            NotFound: no plan has this id.
            OperationNotAllowed: the plan is not approved, or its confirmation was refused.
            ConfirmationRequired: somebody must approve first; `details["confirmation_id"]` says where.
            BusinessRuleViolation: the plan has no tasks, or tasks that wait for each other.
            ContextInvalid: the context is not active.
            PlanExecutionFailed: it ended in failure (only `sync`); see `details["execution_id"]`.

        Spec: Design, Plan API; POST /plans/{plan_id}/execute.
        """
        return await self._client.execute(plans.execute(plan_id, **how))
