"""Endpoints of Plans. Spec: protocol §2.1 plans; Design, Plan API."""

from __future__ import annotations

from typing import Unpack

from mplp_sdk.client._operations._call import Call, PageData, deleting, listing, reading, segment, sending
from mplp_sdk.models import Plan, PlanCreate, PlanUpdate
from mplp_sdk.models.plan import PlanStatus

__all__ = ["create", "delete", "get", "list", "update"]


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
        "plans",
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
    return reading(f"/plans/{segment(plan_id=plan_id)}", Plan)


def update(plan_id: str, **members: Unpack[PlanUpdate]) -> Call[Plan]:
    """PUT /plans/{plan_id}."""
    return sending("PUT", f"/plans/{segment(plan_id=plan_id)}", PlanUpdate, members, Plan)


def delete(plan_id: str) -> Call[None]:
    """DELETE /plans/{plan_id}."""
    return deleting(f"/plans/{segment(plan_id=plan_id)}")
