"""Endpoints of Contexts. Spec: protocol §2.1 contexts; Design, Context API."""

from __future__ import annotations

from typing import NotRequired, Unpack

from pydantic import with_config
from typing_extensions import TypedDict

from mplp_sdk.client._operations._call import Call, PageData, deleting, listing, reading, segment, sending
from mplp_sdk.models import Context, ContextCreate
from mplp_sdk.models._base import CLOSED
from mplp_sdk.models.context import ContextStatus, LifecycleStage

__all__ = ["create", "delete", "get", "list", "set_status", "update"]


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
        "contexts",
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
    return reading(f"/contexts/{segment(context_id=context_id)}", Context)


def update(context_id: str, **members: Unpack[ContextCreate]) -> Call[Context]:
    """PUT /contexts/{context_id}."""
    return sending("PUT", f"/contexts/{segment(context_id=context_id)}", ContextCreate, members, Context)


def delete(context_id: str) -> Call[None]:
    """DELETE /contexts/{context_id}."""
    return deleting(f"/contexts/{segment(context_id=context_id)}")


def set_status(context_id: str, status: ContextStatus, *, reason: str | None = None) -> Call[Context]:
    """PUT /contexts/{context_id}/status."""
    change = {"status": status} if reason is None else {"status": status, "reason": reason}
    path = f"/contexts/{segment(context_id=context_id)}/status"
    return sending("PUT", path, _StatusChange, change, Context)
