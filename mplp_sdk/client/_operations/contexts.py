"""Endpoints of Contexts. Spec: protocol §2.1 contexts; Design, Context API; Design-draft."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, Unpack

from pydantic import with_config
from typing_extensions import TypedDict

from mplp_sdk.client._operations._call import (
    Call,
    PageData,
    deleting,
    given,
    listing,
    reader,
    reading,
    segment,
    sending,
)
from mplp_sdk.models import (
    Context,
    ContextCreate,
    ContextState,
    ContextUpdate,
    Participant,
    ParticipantCreate,
    ParticipantUpdate,
    RestoreRequest,
    Snapshot,
    SnapshotCreate,
    SyncRequest,
    SyncResult,
    Variable,
    VariableCreate,
    Variables,
)
from mplp_sdk.models._base import CLOSED
from mplp_sdk.models.context import ContextStatus, LifecycleStage, ParticipantStatus
from mplp_sdk.models.state import SyncType

__all__ = [
    "add_participant",
    "create",
    "delete",
    "delete_variable",
    "get",
    "get_variable",
    "list",
    "participants",
    "remove_participant",
    "restore",
    "set_status",
    "set_variable",
    "snapshot",
    "snapshots",
    "state",
    "sync",
    "update",
    "update_participant",
    "variables",
]


@with_config(CLOSED)
class _StatusChange(TypedDict):
    status: ContextStatus
    reason: NotRequired[str]


def create(**members: Unpack[ContextCreate]) -> Call[Context]:
    """POST /contexts."""
    return sending("POST", "/contexts", ContextCreate, members, Context)


def list(  # noqa: A001  # callers write contexts.list
    *,
    status: ContextStatus | None = None,
    lifecycle_stage: LifecycleStage | None = None,
    name: str | None = None,
    type: str | None = None,  # noqa: A002  # the member's own name
    page: int = 1,
    page_size: int = 50,
    sort: str | None = None,
) -> Call[PageData[Context]]:
    """GET /contexts."""
    return listing(
        "/contexts",
        Context,
        page=page,
        page_size=page_size,
        sort=sort,
        status=status,
        lifecycle_stage=lifecycle_stage,
        name=name,
        type=type,
    )


def get(context_id: str) -> Call[Context]:
    """GET /contexts/{context_id}."""
    return reading(_path(context_id), Context)


def update(
    context_id: str, *, if_match: str | None = None, **members: Unpack[ContextUpdate]
) -> Call[Context]:
    """PUT /contexts/{context_id}."""
    return sending("PUT", _path(context_id), ContextUpdate, members, Context, if_match=if_match)


def delete(context_id: str, *, if_match: str | None = None) -> Call[None]:
    """DELETE /contexts/{context_id}."""
    return deleting(_path(context_id), if_match=if_match)


def set_status(
    context_id: str, status: ContextStatus, *, reason: str | None = None, if_match: str | None = None
) -> Call[Context]:
    """PUT /contexts/{context_id}/status."""
    change = given(status=status, reason=reason)
    return sending("PUT", f"{_path(context_id)}/status", _StatusChange, change, Context, if_match=if_match)


def state(context_id: str) -> Call[ContextState]:
    """GET /contexts/{context_id}/state."""
    return reading(f"{_path(context_id)}/state", ContextState)


def sync(
    context_id: str, target_nodes: Sequence[str], *, sync_type: SyncType | None = None
) -> Call[SyncResult]:
    """POST /contexts/{context_id}/sync."""
    asked = given(target_nodes=target_nodes, sync_type=sync_type)
    return sending("POST", f"{_path(context_id)}/sync", SyncRequest, asked, SyncResult)


def set_variable(context_id: str, key: str, value: Any) -> Call[Variable]:
    """POST /contexts/{context_id}/variables."""
    told = {"key": key, "value": value}
    return sending("POST", f"{_path(context_id)}/variables", VariableCreate, told, Variable)


def get_variable(context_id: str, key: str) -> Call[Variable]:
    """GET /contexts/{context_id}/variables/{key}."""
    return reading(f"{_path(context_id)}/variables/{segment(key=key)}", Variable)


def variables(context_id: str) -> Call[dict[str, Any]]:
    """GET /contexts/{context_id}/variables."""
    return Call(method="GET", path=f"{_path(context_id)}/variables", read=_variables)


def delete_variable(context_id: str, key: str) -> Call[None]:
    """DELETE /contexts/{context_id}/variables/{key}."""
    return deleting(f"{_path(context_id)}/variables/{segment(key=key)}")


def snapshot(context_id: str, **members: Unpack[SnapshotCreate]) -> Call[Snapshot]:
    """POST /contexts/{context_id}/snapshots."""
    return sending("POST", f"{_path(context_id)}/snapshots", SnapshotCreate, members, Snapshot)


def snapshots(
    context_id: str, *, page: int = 1, page_size: int = 50, sort: str | None = None
) -> Call[PageData[Snapshot]]:
    """GET /contexts/{context_id}/snapshots."""
    path = f"{_path(context_id)}/snapshots"
    return listing(path, Snapshot, page=page, page_size=page_size, sort=sort)


def restore(context_id: str, snapshot_id: str) -> Call[Context]:
    """POST /contexts/{context_id}/restore."""
    asked = {"snapshot_id": snapshot_id}
    return sending("POST", f"{_path(context_id)}/restore", RestoreRequest, asked, Context)


def participants(
    context_id: str,
    *,
    status: ParticipantStatus | None = None,
    page: int = 1,
    page_size: int = 50,
    sort: str | None = None,
) -> Call[PageData[Participant]]:
    """GET /contexts/{context_id}/participants."""
    path = f"{_path(context_id)}/participants"
    return listing(path, Participant, page=page, page_size=page_size, sort=sort, status=status)


def add_participant(context_id: str, **members: Unpack[ParticipantCreate]) -> Call[Participant]:
    """POST /contexts/{context_id}/participants."""
    return sending("POST", f"{_path(context_id)}/participants", ParticipantCreate, members, Participant)


def update_participant(
    context_id: str,
    participant_id: str,
    *,
    if_match: str | None = None,
    **members: Unpack[ParticipantUpdate],
) -> Call[Participant]:
    """PUT /contexts/{context_id}/participants/{participant_id}."""
    path = _participant(context_id, participant_id)
    return sending("PUT", path, ParticipantUpdate, members, Participant, if_match=if_match)


def remove_participant(context_id: str, participant_id: str, *, if_match: str | None = None) -> Call[None]:
    """DELETE /contexts/{context_id}/participants/{participant_id}."""
    return deleting(_participant(context_id, participant_id), if_match=if_match)


def _path(context_id: str) -> str:
    return f"/contexts/{segment(context_id=context_id)}"


def _participant(context_id: str, participant_id: str) -> str:
    return f"{_path(context_id)}/participants/{segment(participant_id=participant_id)}"


def _variables(data: object) -> dict[str, Any]:
    return reader(Variables)(data).variables
