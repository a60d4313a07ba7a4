"""What the rules about users and executions go by, since no object says it. Spec: RFC §7.2.2, §7.2.3."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mplp_sdk.models import Permission

__all__ = ["Facts"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What the caller knows. A rule whose facts are None is not executed, and not counted."""

    now: datetime | None = None
    """The time to measure deadlines from; without it a plan's own start counts."""
    user: str | None = None
    """Who asks; named in findings."""
    authenticated: bool | None = None
    """Whether it is certain that `user` is who they say."""
    permissions: Sequence[Permission | Mapping[str, Any]] | None = None
    """All that `user` may do, inherited permissions included."""
    action: str | None = None
    """What is to be done with the object: `read`, `write`, `execute`, …"""
    resource: str | None = None
    """Name of the object among the permissions' resources; None: its kind, such as `plan`."""
    attributes: Mapping[str, object] = field(default_factory=dict)
    """What permissions with conditions are compared with; each condition must have its equal here."""
    accessible: Collection[str] | None = None
    """Names of the resources and tools that can be reached now."""
    prerequisites: Mapping[str, bool] | None = None
    """Name of what an execution needs, and whether it is there."""
    task: str | None = None
    """Id of the task that is about to run."""
