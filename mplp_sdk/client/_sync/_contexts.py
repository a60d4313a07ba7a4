"""`client.contexts`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from mplp_sdk.client._operations import contexts
from mplp_sdk.client._paging import Page
from mplp_sdk.client._sync._namespace import Namespace
from mplp_sdk.models import (
    Context,
    ContextCreate,
    ContextState,
    ContextUpdate,
    Participant,
    ParticipantCreate,
    ParticipantUpdate,
    Snapshot,
    SnapshotCreate,
    SyncResult,
    Variable,
)
from mplp_sdk.models.context import ContextStatus, LifecycleStage, ParticipantStatus
from mplp_sdk.models.state import SyncType

__all__ = ["Contexts"]


class Contexts(Namespace):
    """Contexts: the shared state of pieces of work."""

    def create(self, **members: Unpack[ContextCreate]) -> Context:
        """Make a context. Nothing is required; the server fills in the rest.

        Args:
            members: the members of `ContextCreate`. With an own `id`, creating again gives the first result.

        Raises:
            InvalidRequest: a member is wrong; found before anything is sent where possible.
            Conflict: the id is there already, with other members.

        Spec: Design, Context API; POST /contexts.
        """
        return self._client.execute(contexts.create(**members))

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
    ) -> Page[Context]:
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

    def get(self, context_id: str) -> Context:
        """Read one context.

        Args:
            context_id: UUID of the context.

        Raises:
            NotFound: no context has this id.

        Spec: Design, Context API; GET /contexts/{context_id}.
        """
        return self._client.execute(contexts.get(context_id))

    def update(
        self, context_id: str, *, if_match: str | None = None, **members: Unpack[ContextUpdate]
    ) -> Context:
        """Change a context: each member that is sent replaces the old one, the others stay.

        Args:
            context_id: UUID of the context.
            if_match: `Reply.etag` of what was read; only that is changed. None: whatever is there.
            members: the members of `ContextUpdate` that change.

        Raises:
            NotFound: no context has this id.
            InvalidRequest: a member is wrong.
            OperationNotAllowed: the new status cannot follow the old one.
            Conflict: somebody else has changed it since `if_match`.

        Spec: Design-draft; PUT /contexts/{context_id}.
        """
        return self._client.execute(contexts.update(context_id, if_match=if_match, **members))

    def delete(self, context_id: str, *, if_match: str | None = None) -> None:
        """Remove a context, with its snapshots and participants.

        Args:
            context_id: UUID of the context.
            if_match: `Reply.etag` of what was read; only that is removed. None: whatever is there.

        Raises:
            NotFound: no context has this id.
            Conflict: somebody has changed it since `if_match`.

        Spec: Design-draft; DELETE /contexts/{context_id}.
        """
        return self._client.execute(contexts.delete(context_id, if_match=if_match))

    def set_status(
        self,
        context_id: str,
        status: ContextStatus,
        *,
        reason: str | None = None,
        if_match: str | None = None,
    ) -> Context:
        """Move a context to another status: active ↔ suspended, either → completed or failed.

        Args:
            context_id: UUID of the context.
            status: the new status.
            reason: why, for those who read it later.
            if_match: `Reply.etag` of what was read; only that is changed. None: whatever is there.

        Raises:
            NotFound: no context has this id.
            OperationNotAllowed: the new status cannot follow the old one.
            Conflict: somebody else has changed it since `if_match`.

        Spec: Design, Context API; PUT /contexts/{context_id}/status.
        """
        return self._client.execute(
            contexts.set_status(context_id, status, reason=reason, if_match=if_match),
        )

    def state(self, context_id: str) -> ContextState:
        """Read the shared state with its version and checksum.

        Args:
            context_id: UUID of the context.

        Raises:
            NotFound: no context has this id.

        Spec: protocol §2.1; GET /contexts/{context_id}/state.
        """
        return self._client.execute(contexts.state(context_id))

    def sync(
        self, context_id: str, target_nodes: Sequence[str], *, sync_type: SyncType | None = None
    ) -> SyncResult:
        """Tell nodes the shared state.

        Args:
            context_id: UUID of the context.
            target_nodes: names of the nodes, each once.
            sync_type: `full`: the whole state; `incremental`: for each node, what changed since its last
                sync. None: full.

        Returns:
            Version and checksum that each node has from now on, and what changed for it.

        Raises:
            NotFound: no context has this id.
            InvalidRequest: there is no node, or one is named twice.

        Spec: Design, Context API; POST /contexts/{context_id}/sync.
        """
        return self._client.execute(contexts.sync(context_id, target_nodes, sync_type=sync_type))

    def set_variable(self, context_id: str, key: str, value: Any) -> Variable:
        """Set one shared variable.

        Args:
            context_id: UUID of the context.
            key: name of the variable, 1 to 255 characters.
            value: any JSON data.

        Raises:
            NotFound: no context has this id.
            InvalidRequest: the key is too long, or the value is not JSON.
            OperationNotAllowed: the context is completed or failed.

        Spec: Design-draft; POST /contexts/{context_id}/variables.
        """
        return self._client.execute(contexts.set_variable(context_id, key, value))

    def get_variable(self, context_id: str, key: str) -> Variable:
        """Read one shared variable.

        Args:
            context_id: UUID of the context.
            key: name of the variable. One with a slash is read by `variables`.

        Raises:
            NotFound: there is no such variable, or no such context.

        Spec: Design-draft; GET /contexts/{context_id}/variables/{key}.
        """
        return self._client.execute(contexts.get_variable(context_id, key))

    def variables(self, context_id: str) -> dict[str, Any]:
        """Read all shared variables.

        Args:
            context_id: UUID of the context.

        Raises:
            NotFound: no context has this id.

        Spec: protocol §2.1; GET /contexts/{context_id}/variables.
        """
        return self._client.execute(contexts.variables(context_id))

    def delete_variable(self, context_id: str, key: str) -> None:
        """Remove one shared variable.

        Args:
            context_id: UUID of the context.
            key: name of the variable.

        Raises:
            NotFound: there is no such variable, or no such context.
            OperationNotAllowed: the context is completed or failed.

        Spec: protocol §2.1; DELETE /contexts/{context_id}/variables/{key}.
        """
        return self._client.execute(contexts.delete_variable(context_id, key))

    def snapshot(self, context_id: str, **members: Unpack[SnapshotCreate]) -> Snapshot:
        """Keep a context as it is now, to go back to.

        Args:
            context_id: UUID of the context.
            members: `name` and `description`; none is required.

        Raises:
            NotFound: no context has this id.

        Spec: Design-draft; POST /contexts/{context_id}/snapshots.
        """
        return self._client.execute(contexts.snapshot(context_id, **members))

    def snapshots(
        self, context_id: str, *, page: int = 1, page_size: int = 50, sort: str | None = None
    ) -> Page[Snapshot]:
        """List the snapshots of a context, newest first; iterating reads page after page.

        Args:
            context_id: UUID of the context.
            page: the page to begin with, from 1.
            page_size: snapshots a page, 1 to 1000.
            sort: member to sort by; a leading minus turns the order round. None: the server's order.

        Raises:
            NotFound: no context has this id.
            ValueOutOfRange: `page` or `page_size` is out of range.

        Spec: protocol §2.1; GET /contexts/{context_id}/snapshots.
        """
        return self._client.pages(contexts.snapshots(context_id, page=page, page_size=page_size, sort=sort))

    def restore(self, context_id: str, snapshot_id: str) -> Context:
        """Go back to a snapshot. Id and time of creation stay, and the state's version goes on.

        Args:
            context_id: UUID of the context.
            snapshot_id: id of one of its snapshots.

        Raises:
            NotFound: the context has no such snapshot.
            OperationNotAllowed: the context is completed or failed.

        Spec: Design-draft; POST /contexts/{context_id}/restore.
        """
        return self._client.execute(contexts.restore(context_id, snapshot_id))

    def participants(
        self,
        context_id: str,
        *,
        status: ParticipantStatus | None = None,
        page: int = 1,
        page_size: int = 50,
        sort: str | None = None,
    ) -> Page[Participant]:
        """List who works in a context; iterating reads page after page.

        Args:
            context_id: UUID of the context.
            status: only participants with this status. None: all but those who left.
            page: the page to begin with, from 1.
            page_size: participants a page, 1 to 1000.
            sort: member to sort by; a leading minus turns the order round. None: the server's order.

        Raises:
            NotFound: no context has this id.
            ValueOutOfRange: `page` or `page_size` is out of range.

        Spec: protocol §2.1; GET /contexts/{context_id}/participants.
        """
        return self._client.pages(
            contexts.participants(context_id, status=status, page=page, page_size=page_size, sort=sort)
        )

    def add_participant(self, context_id: str, **members: Unpack[ParticipantCreate]) -> Participant:
        """Let somebody work in a context.

        Args:
            context_id: UUID of the context.
            members: the members of `ParticipantCreate`; `user_id` is required.

        Raises:
            NotFound: no context has this id.
            RequiredFieldMissing: there is no `user_id`.
            DuplicateValue: the user takes part already.
            QuotaExceeded: the context has as many participants as its configuration allows.

        Spec: protocol §2.1; POST /contexts/{context_id}/participants.
        """
        return self._client.execute(contexts.add_participant(context_id, **members))

    def update_participant(
        self,
        context_id: str,
        participant_id: str,
        *,
        if_match: str | None = None,
        **members: Unpack[ParticipantUpdate],
    ) -> Participant:
        """Change a participant: each member that is sent replaces the old one, the others stay.

        Args:
            context_id: UUID of the context.
            participant_id: id of the participant.
            if_match: `Reply.etag` of what was answered; only that is changed. None: whatever is there.
            members: the members of `ParticipantUpdate` that change.

        Raises:
            NotFound: the context has no such participant.
            InvalidRequest: a member is wrong.
            Conflict: somebody else has changed it since `if_match`.

        Spec: protocol §2.1; PUT /contexts/{context_id}/participants/{participant_id}.
        """
        return self._client.execute(
            contexts.update_participant(context_id, participant_id, if_match=if_match, **members)
        )

    def remove_participant(
        self,
        context_id: str,
        participant_id: str,
        *,
        if_match: str | None = None,
    ) -> None:
        """Let a participant leave. Those who left are listed with `status="left"` only.

        Args:
            context_id: UUID of the context.
            participant_id: id of the participant.
            if_match: `Reply.etag` of what was answered; only that is removed. None: whatever is there.

        Raises:
            NotFound: the context has no such participant.
            Conflict: somebody has changed it since `if_match`.

        Spec: protocol §2.1; DELETE /contexts/{context_id}/participants/{participant_id}.
        """
        return self._client.execute(
            contexts.remove_participant(context_id, participant_id, if_match=if_match)
        )
