"""What callers may do: the permissions of their role, held against the operation that they ask for.

Spec: protocol §2.2 2004, §3 Role (built in); Design-draft, permission model.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from mplp_mock_server.api._operations import Operation
from mplp_mock_server.services import refusal
from mplp_sdk.errors import InsufficientPermissions

__all__ = ["permit"]

_RESOURCES: Final = {
    "contexts": "context",
    "plans": "plan",
    "confirmations": "plan",
    "executions": "execution",
    "traces": "trace",
    "ingest": "trace",
    "roles": "role",
    "extensions": "extension",
}
"""What the operations of a tag are about; those of others are for everybody who was let in."""


def permit(role: str, operation: Operation) -> None:
    """Refuse an operation that a caller's role does not allow.

    Raises:
        InsufficientPermissions: it does not; `details` says what it would take.
    """
    resource = _RESOURCES.get(operation.tag)
    if resource is None:
        return
    action = operation.does or ("read" if operation.method == "GET" else "write")
    reason = _refusal(role, resource, action)
    if reason is not None:
        raise InsufficientPermissions(
            f"the role {role} may not {action} here",
            details={"reason": reason, "role": role, "resource": resource, "action": action},
        )


_refusal = cache(refusal)
