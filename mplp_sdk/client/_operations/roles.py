"""Endpoints of Roles. Spec: protocol §2.1 roles; Design, Role API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from mplp_sdk.client._operations._call import (
    Call,
    PageData,
    deleting,
    given,
    listing,
    reading,
    segment,
    sending,
)
from mplp_sdk.models import (
    AccessDecision,
    AccessRequest,
    CapabilityOverride,
    InheritRequest,
    Role,
    RoleCreate,
    RoleUpdate,
)
from mplp_sdk.models.role import RoleType

__all__ = ["check", "create", "delete", "get", "inherit", "list", "update"]


def create(**members: Unpack[RoleCreate]) -> Call[Role]:
    """POST /roles."""
    return sending("POST", "/roles", RoleCreate, members, Role)


def list(  # noqa: A001  # callers write roles.list
    *,
    name: str | None = None,
    type: RoleType | None = None,  # noqa: A002  # the member's own name
    page: int = 1,
    page_size: int = 50,
    sort: str | None = None,
) -> Call[PageData[Role]]:
    """GET /roles."""
    return listing("/roles", Role, page=page, page_size=page_size, sort=sort, name=name, type=type)


def get(role_id: str) -> Call[Role]:
    """GET /roles/{role_id}."""
    return reading(_path(role_id), Role)


def update(role_id: str, *, if_match: str | None = None, **members: Unpack[RoleUpdate]) -> Call[Role]:
    """PUT /roles/{role_id}."""
    return sending("PUT", _path(role_id), RoleUpdate, members, Role, if_match=if_match)


def delete(role_id: str, *, if_match: str | None = None) -> Call[None]:
    """DELETE /roles/{role_id}."""
    return deleting(_path(role_id), if_match=if_match)


def inherit(role_id: str, parent_role_id: str, *, overrides: Sequence[CapabilityOverride] = ()) -> Call[Role]:
    """POST /roles/{role_id}/inherit."""
    asked = given(parent_role_id=parent_role_id, overrides=overrides or None)
    return sending("POST", f"{_path(role_id)}/inherit", InheritRequest, asked, Role)


def check(
    role_id: str, resource: str, action: str, *, context: Mapping[str, Any] | None = None
) -> Call[AccessDecision]:
    """POST /roles/{role_id}/check."""
    asked = given(resource=resource, action=action, context=context)
    return sending("POST", f"{_path(role_id)}/check", AccessRequest, asked, AccessDecision)


def _path(role_id: str) -> str:
    return f"/roles/{segment(role_id=role_id)}"
