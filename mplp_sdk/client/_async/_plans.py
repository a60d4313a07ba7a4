"""`client.plans`."""

from __future__ import annotations

from typing import Unpack

from mplp_sdk.client._async._namespace import AsyncNamespace
from mplp_sdk.client._operations import plans
from mplp_sdk.client._paging import AsyncPages
from mplp_sdk.models import Plan, PlanCreate, PlanUpdate
from mplp_sdk.models.plan import PlanStatus

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

    async def update(self, plan_id: str, **members: Unpack[PlanUpdate]) -> Plan:
        """Change a plan: each member that is sent replaces the old one, the others stay.

        Args:
            plan_id: UUID of the plan.
            members: the members of `PlanUpdate` that change. `tasks` are all tasks from now on.

        Raises:
            NotFound: no plan has this id.
            InvalidRequest: a member is wrong.
            OperationNotAllowed: the new status cannot follow the old one.

        Spec: Design-draft; PUT /plans/{plan_id}.
        """
        return await self._client.execute(plans.update(plan_id, **members))

    async def delete(self, plan_id: str) -> None:
        """Remove a plan.

        Args:
            plan_id: UUID of the plan.

        Raises:
            NotFound: no plan has this id.

        Spec: Design-draft; DELETE /plans/{plan_id}.
        """
        return await self._client.execute(plans.delete(plan_id))
