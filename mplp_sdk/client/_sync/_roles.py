"""`client.roles`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from mplp_sdk.client._operations import roles
from mplp_sdk.client._paging import Page
from mplp_sdk.client._sync._namespace import Namespace
from mplp_sdk.models import AccessDecision, CapabilityOverride, Role, RoleCreate, RoleUpdate
from mplp_sdk.models.role import RoleType

__all__ = ["Roles"]


class Roles(Namespace):
    """Roles: what somebody can and may do. `admin`, `developer` and `viewer` are always there."""

    def create(self, **members: Unpack[RoleCreate]) -> Role:
        """Make a role.

        Args:
            members: the members of `RoleCreate`; `name` is required. With an own `id`, creating again gives
                the first result.

        Raises:
            RequiredFieldMissing: there is no `name`.
            InvalidRequest: a member is wrong; found before anything is sent where possible.
            Conflict: the id is there already, with other members.

        Spec: Design, Role API; POST /roles.
        """
        return self._client.execute(roles.create(**members))

    def list(
        self,
        *,
        name: str | None = None,
        type: RoleType | None = None,  # noqa: A002  # the member's own name
        page: int = 1,
        page_size: int = 50,
        sort: str | None = None,
    ) -> Page[Role]:
        """List roles, those that are built in among them; iterating reads page after page.

        Args:
            name: only roles of this name.
            type: only roles of this type.
            page: the page to begin with, from 1.
            page_size: roles a page, 1 to 1000.
            sort: member to sort by; a leading minus turns the order round. None: the server's order.

        Raises:
            ValueOutOfRange: `page` or `page_size` is out of range.

        Spec: protocol §2 Lists; GET /roles.
        """
        return self._client.pages(roles.list(name=name, type=type, page=page, page_size=page_size, sort=sort))

    def get(self, role_id: str) -> Role:
        """Read one role, with what it inherits.

        Args:
            role_id: id of the role.

        Raises:
            NotFound: no role has this id.

        Spec: protocol §2.1; GET /roles/{role_id}.
        """
        return self._client.execute(roles.get(role_id))

    def update(
        self,
        role_id: str,
        *,
        if_match: str | None = None,
        **members: Unpack[RoleUpdate],
    ) -> Role:
        """Change a role: each member that is sent replaces the old one, the others stay.

        Args:
            role_id: id of the role.
            if_match: `Reply.etag` of what was read; only that is changed. None: whatever is there.
            members: the members of `RoleUpdate` that change.

        Raises:
            NotFound: no role has this id.
            InvalidRequest: a member is wrong.
            OperationNotAllowed: the role is built in.
            Conflict: somebody else has changed it since `if_match`.

        Spec: protocol §2.1; PUT /roles/{role_id}.
        """
        return self._client.execute(roles.update(role_id, if_match=if_match, **members))

    def delete(self, role_id: str, *, if_match: str | None = None) -> None:
        """Remove a role.

        Args:
            role_id: id of the role.
            if_match: `Reply.etag` of what was read; only that is removed. None: whatever is there.

        Raises:
            NotFound: no role has this id.
            OperationNotAllowed: the role is built in.
            Conflict: others inherit from it, or somebody has changed it since `if_match`.

        Spec: protocol §2.1; DELETE /roles/{role_id}.
        """
        return self._client.execute(roles.delete(role_id, if_match=if_match))

    def inherit(
        self, role_id: str, parent_role_id: str, *, overrides: Sequence[CapabilityOverride] = ()
    ) -> Role:
        """Let a role inherit the capabilities and permissions of another.

        Args:
            role_id: id of the heir.
            parent_role_id: id of the role to inherit from.
            overrides: inherited capabilities that the heir has otherwise, such as on another level.

        Raises:
            NotFound: there is no such role, or no such parent.
            BusinessRuleViolation: the roles would inherit from each other; `details["cycle"]` names them.

        Spec: Design, Role API; POST /roles/{role_id}/inherit.
        """
        return self._client.execute(roles.inherit(role_id, parent_role_id, overrides=overrides))

    def check(
        self, role_id: str, resource: str, action: str, *, context: Mapping[str, Any] | None = None
    ) -> AccessDecision:
        """Ask whether a role may do something. A refusal is an answer, and raises nothing.

        Args:
            role_id: id of the role.
            resource: what it is done to, such as `plans`.
            action: what is done, such as `read`.
            context: what the conditions of permissions are compared with.

        Returns:
            Whether it may, and because of what.

        Raises:
            NotFound: no role has this id.

        Spec: protocol §2.1; POST /roles/{role_id}/check.
        """
        return self._client.execute(roles.check(role_id, resource, action, context=context))
