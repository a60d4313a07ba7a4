"""`client.contexts`."""

from __future__ import annotations

from typing import Unpack

from mplp_sdk.client._async._namespace import AsyncNamespace
from mplp_sdk.client._operations import contexts
from mplp_sdk.client._paging import AsyncPages
from mplp_sdk.models import Context, ContextCreate
from mplp_sdk.models.context import ContextStatus, LifecycleStage

__all__ = ["AsyncContexts"]


class AsyncContexts(AsyncNamespace):
    """Contexts: the shared state of pieces of work."""

    async def create(self, **members: Unpack[ContextCreate]) -> Context:
        """Make a context. Nothing is required; the server fills in the rest.

        Args:
            members: the members of `ContextCreate`. With an own `id`, creating again gives the first result.

        Raises:
            InvalidRequest: a member is wrong; found before anything is sent where possible.
            Conflict: the id is there already, with other members.

        Spec: Design, Context API; POST /contexts.
        """
        return await self._client.execute(contexts.create(**members))

    def list(
        self,
        *,
        status: ContextStatus | None = None,
        lifecycle_stage: LifecycleStage | None = None,
        name: str | None = None,
        type: str | None = None,  # noqa: A002  # the member's own name
        page: int = 1,
        page_size: int = 50,
        sort: str | None = None,
    ) -> AsyncPages[Context]:
        """List contexts; iterating reads page after page.

        Args:
            status: only contexts with this status.
            lifecycle_stage: only contexts in this stage.
            name: only contexts of this name.
            type: only contexts of this type.
            page: the page to begin with, from 1.
            page_size: contexts a page, 1 to 1000.
            sort: member to sort by; a leading minus turns the order round. None: the server's order.

        Raises:
            ValueOutOfRange: `page` or `page_size` is out of range.

        Spec: protocol §2 Lists; GET /contexts.
        """
        return self._client.pages(
            contexts.list(
                status=status,
                lifecycle_stage=lifecycle_stage,
                name=name,
                type=type,
                page=page,
                page_size=page_size,
                sort=sort,
            )
        )

    async def get(self, context_id: str) -> Context:
        """Read one context.

        Args:
            context_id: UUID of the context.

        Raises:
            NotFound: no context has this id.

        Spec: Design, Context API; GET /contexts/{context_id}.
        """
        return await self._client.execute(contexts.get(context_id))

    async def update(self, context_id: str, **members: Unpack[ContextCreate]) -> Context:
        """Change a context: each member that is sent replaces the old one, the others stay.

        Args:
            context_id: UUID of the context.
            members: the members of `ContextCreate` that change.

        Raises:
            NotFound: no context has this id.
            InvalidRequest: a member is wrong.
            OperationNotAllowed: the new status cannot follow the old one.

        Spec: Design-draft; PUT /contexts/{context_id}.
        """
        return await self._client.execute(contexts.update(context_id, **members))

    async def delete(self, context_id: str) -> None:
        """Remove a context.

        Args:
            context_id: UUID of the context.

        Raises:
            NotFound: no context has this id.

        Spec: Design-draft; DELETE /contexts/{context_id}.
        """
        return await self._client.execute(contexts.delete(context_id))

    async def set_status(
        self,
        context_id: str,
        status: ContextStatus,
        *,
        reason: str | None = None,
    ) -> Context:
        """Move a context to another status: active ↔ suspended, either → completed or failed.

        Args:
            context_id: UUID of the context.
            status: the new status.
            reason: why, for those who read it later.

        Raises:
            NotFound: no context has this id.
            OperationNotAllowed: the new status cannot follow the old one.

        Spec: Design, Context API; PUT /contexts/{context_id}/status.
        """
        return await self._client.execute(contexts.set_status(context_id, status, reason=reason))
