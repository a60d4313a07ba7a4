"""`client.confirmations`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from mplp_sdk.client._async._namespace import AsyncNamespace
from mplp_sdk.client._operations import confirmations
from mplp_sdk.client._paging import AsyncPages
from mplp_sdk.models import Confirmation, ConfirmationCreate
from mplp_sdk.models.confirmation import ConfirmationStatus, ConfirmationType, Verdict

__all__ = ["AsyncConfirmations"]


class AsyncConfirmations(AsyncNamespace):
    """Confirmations: who was asked, and who decided what."""

    async def create(self, **members: Unpack[ConfirmationCreate]) -> Confirmation:
        """Ask for a confirmation.

        Args:
            members: the members of `ConfirmationCreate`; `target` and `type` are required. With an own `id`,
                creating again gives the first result.

        Raises:
            RequiredFieldMissing: there is no `target` or no `type`.
            InvalidRequest: a member is wrong; found before anything is sent where possible.
            Conflict: the id is there already, with other members.

        Spec: Design, Confirm API; POST /confirmations.
        """
        return await self._client.execute(confirmations.create(**members))

    def list(
        self,
        *,
        context_id: str | None = None,
        plan_id: str | None = None,
        status: ConfirmationStatus | None = None,
        type: ConfirmationType | None = None,  # noqa: A002  # the member's own name
        page: int = 1,
        page_size: int = 50,
        sort: str | None = None,
    ) -> AsyncPages[Confirmation]:
        """List confirmations; iterating reads page after page.

        Args:
            context_id: only confirmations of this context.
            plan_id: only confirmations of this plan.
            status: only confirmations whose result has this status.
            type: only confirmations of this type.
            page: the page to begin with, from 1.
            page_size: confirmations a page, 1 to 1000.
            sort: member to sort by; a leading minus turns the order round. None: the server's order.

        Raises:
            ValueOutOfRange: `page` or `page_size` is out of range.

        Spec: protocol §2 Lists; GET /confirmations.
        """
        return self._client.pages(
            confirmations.list(
                context_id=context_id,
                plan_id=plan_id,
                status=status,
                type=type,
                page=page,
                page_size=page_size,
                sort=sort,
            )
        )

    async def get(self, confirmation_id: str) -> Confirmation:
        """Read one confirmation, with every decision so far.

        Args:
            confirmation_id: UUID of the confirmation.

        Raises:
            NotFound: no confirmation has this id.

        Spec: protocol §2.1; GET /confirmations/{confirmation_id}.
        """
        return await self._client.execute(confirmations.get(confirmation_id))

    async def decide(
        self,
        confirmation_id: str,
        decision: Verdict,
        *,
        approver_id: str,
        comments: Sequence[Any] = (),
        signature: str | None = None,
    ) -> Confirmation:
        """Approve or reject, as one of the approvers.

        Args:
            confirmation_id: UUID of the confirmation.
            decision: `approved` or `rejected`.
            approver_id: who decides.
            comments: why.
            signature: proof of who decided, where the approvers use one.

        Returns:
            The confirmation as it stands now; it may still wait for others.

        Raises:
            NotFound: no confirmation has this id.
            OperationNotAllowed: it is decided or expired already.

        Spec: Design, Confirm API; POST /confirmations/{confirmation_id}/decide.
        """
        return await self._client.execute(
            confirmations.decide(
                confirmation_id, decision, approver_id=approver_id, comments=comments, signature=signature
            )
        )
