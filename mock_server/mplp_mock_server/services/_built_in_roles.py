"""The roles that every server has. Spec: protocol §3 Role; Design-draft, permission model."""

from __future__ import annotations

from typing import Any, Final

from mplp_sdk.errors import ValidationFailed

__all__ = ["BUILT_IN", "check_not_built_in"]


def _role(role_id: str, name: str, description: str, permissions: dict[str, str]) -> dict[str, Any]:
    return {
        "id": role_id,
        "name": name,
        "version": "1.0.0",
        "type": "system",
        "description": description,
        "capabilities": [],
        "permissions": [
            {"resource": resource, "actions": actions.split("|")} for resource, actions in permissions.items()
        ],
        "metadata": {"built_in": True},
    }


_READ: Final[dict[str, str]] = dict.fromkeys(("context", "plan", "execution", "trace"), "read")

BUILT_IN: Final[dict[str, dict[str, Any]]] = {
    "admin": _role("admin", "Administrator", "May do everything.", {"*": "*"}),
    "developer": _role(
        "developer",
        "Developer",
        "May work on contexts, plans and executions, and read traces.",
        {**_READ, "context": "read|write", "plan": "read|write", "execution": "read|write|execute"},
    ),
    "viewer": _role("viewer", "Viewer", "May read contexts, plans, executions and traces.", _READ),
}
"""The roles by id, as `Role` objects."""


def check_not_built_in(role_id: str) -> None:
    """Refuse a role that takes the place of a built-in one.

    Raises:
        ValidationFailed: it does.
    """
    if role_id in BUILT_IN:
        reason = f"{role_id!r} is built in"
        raise ValidationFailed(f"id: {reason}", details={"field": "id", "reason": reason})
