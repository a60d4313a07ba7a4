"""Endpoints of Confirmations. Spec: protocol §2.1 confirmations; Design, Confirm API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, Unpack

from pydantic import with_config
from typing_extensions import TypedDict

from mplp_sdk.client._operations._call import Call, PageData, given, listing, reading, segment, sending
from mplp_sdk.models import Confirmation, ConfirmationCreate
from mplp_sdk.models._base import CLOSED
from mplp_sdk.models.confirmation import ConfirmationStatus, ConfirmationType, Verdict

__all__ = ["create", "decide", "get", "list"]


@with_config(CLOSED)
class _Decision(TypedDict):
    decision: Verdict
    approver_id: str
    comments: NotRequired[Sequence[Any]]
    signature: NotRequired[str]


def create(**members: Unpack[ConfirmationCreate]) -> Call[Confirmation]:
    """POST /confirmations."""
    return sending("POST", "/confirmations", ConfirmationCreate, members, Confirmation)


def list(  # noqa: A001  # callers write confirmations.list
    *,
    context_id: str | None = None,
    plan_id: str | None = None,
    status: ConfirmationStatus | None = None,
    type: ConfirmationType | None = None,  # noqa: A002  # the member's own name
    page: int = 1,
    page_size: int = 50,
    sort: str | None = None,
) -> Call[PageData[Confirmation]]:
    """GET /confirmations."""
    return listing(
        "/confirmations",
        Confirmation,
        page=page,
        page_size=page_size,
        sort=sort,
        context_id=context_id,
        plan_id=plan_id,
        status=status,
        type=type,
    )


def get(confirmation_id: str) -> Call[Confirmation]:
    """GET /confirmations/{confirmation_id}."""
    return reading(f"/confirmations/{segment(confirmation_id=confirmation_id)}", Confirmation)


def decide(
    confirmation_id: str,
    decision: Verdict,
    *,
    approver_id: str,
    comments: Sequence[Any] = (),
    signature: str | None = None,
) -> Call[Confirmation]:
    """POST /confirmations/{confirmation_id}/decide."""
    told = given(decision=decision, approver_id=approver_id, comments=comments or None, signature=signature)
    path = f"/confirmations/{segment(confirmation_id=confirmation_id)}/decide"
    return sending("POST", path, _Decision, told, Confirmation)
