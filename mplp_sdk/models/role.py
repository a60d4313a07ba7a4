"""Role: what somebody can and may do. Spec: protocol §3; Design, Role schema."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Required

from pydantic import Field, with_config
from typing_extensions import TypedDict

from mplp_sdk.models._base import CLOSED, Id, JsonObject, MPLPModel, OneOf, Version

__all__ = [
    "AccessDecision",
    "AccessRequest",
    "Capability",
    "CapabilityCreate",
    "CapabilityLevel",
    "CapabilityOverride",
    "CapabilityType",
    "InheritRequest",
    "Inheritance",
    "InheritanceCreate",
    "Permission",
    "PermissionCreate",
    "Role",
    "RoleConstraints",
    "RoleConstraintsCreate",
    "RoleCreate",
    "RoleType",
    "RoleUpdate",
]

CapabilityType = Literal["skill", "permission", "resource"]
CapabilityLevel = Literal["basic", "intermediate", "advanced", "expert"]
RoleType = Literal["system", "user", "service", "guest"]


class Capability(MPLPModel):
    """Something the role can do."""

    name: str
    type: Annotated[str, OneOf(CapabilityType)]
    level: Annotated[str, OneOf(CapabilityLevel)]
    parameters: JsonObject | None = None


class Permission(MPLPModel):
    """Something the role may do."""

    resource: str
    actions: list[str]
    conditions: JsonObject | None = None


class RoleConstraints(MPLPModel):
    """Limits of the role."""

    time_limits: JsonObject | None = None
    resource_limits: JsonObject | None = None
    operational_limits: JsonObject | None = None


class Inheritance(MPLPModel):
    """Where the role comes from, and what comes from it."""

    parent_roles: list[Id] = Field(default_factory=list)
    child_roles: list[Id] | None = None
    inherited_capabilities: list[Any] = Field(default_factory=list)
    overrides: list[Any] = Field(default_factory=list)


class Role(MPLPModel):
    """What somebody can and may do."""

    id: Id
    name: str
    version: Version
    capabilities: list[Capability]
    description: str | None = None
    type: Annotated[str, OneOf(RoleType)] | None = None
    permissions: list[Permission] | None = None
    constraints: RoleConstraints | None = None
    inheritance: Inheritance | None = None
    metadata: JsonObject | None = None


class AccessDecision(MPLPModel):
    """Whether a role may do something, and why."""

    allowed: bool
    because: str
    """One sentence for a person."""
    role_id: Id
    permission: Permission | None = None
    """What decided; None where no permission is about it."""
    path: list[Id] = Field(default_factory=list)
    """Roles from the one that was asked to the one that the permission comes from."""


@with_config(CLOSED)
class CapabilityCreate(TypedDict, total=False):
    """Something the role can do."""

    name: Required[str]
    type: Required[CapabilityType]
    level: Required[CapabilityLevel]
    parameters: JsonObject


@with_config(CLOSED)
class PermissionCreate(TypedDict, total=False):
    """Something the role may do."""

    resource: Required[str]
    actions: Required[list[str]]
    conditions: JsonObject


@with_config(CLOSED)
class RoleConstraintsCreate(TypedDict, total=False):
    """Limits of the role."""

    time_limits: JsonObject
    resource_limits: JsonObject
    operational_limits: JsonObject


@with_config(CLOSED)
class InheritanceCreate(TypedDict, total=False):
    """Where the role comes from."""

    parent_roles: list[Id]
    child_roles: list[Id]
    inherited_capabilities: list[Any]
    overrides: list[Any]


class _RoleMembers(TypedDict, total=False):
    """What may be left out of a new Role and of a changed one alike."""

    version: Version
    """Default: 1.0.0."""
    capabilities: list[CapabilityCreate]
    """Default: none."""
    description: str
    type: RoleType
    permissions: list[PermissionCreate]
    constraints: RoleConstraintsCreate
    inheritance: InheritanceCreate
    metadata: JsonObject


@with_config(CLOSED)
class RoleCreate(_RoleMembers, total=False):
    """What a caller sends to make a Role."""

    id: Id
    """The caller's own id makes the call idempotent."""
    name: Required[str]


@with_config(CLOSED)
class RoleUpdate(_RoleMembers, total=False):
    """What a caller sends to change a Role: a member that is left out stays as it is."""

    name: str


@with_config(CLOSED)
class CapabilityOverride(TypedDict, total=False):
    """An inherited capability that the heir has otherwise."""

    capability: Required[Annotated[str, Field(min_length=1)]]
    """Name of the inherited capability."""
    type: CapabilityType
    level: CapabilityLevel
    parameters: JsonObject


@with_config(CLOSED)
class InheritRequest(TypedDict, total=False):
    """The role to inherit from."""

    parent_role_id: Required[Id]
    overrides: list[CapabilityOverride]


@with_config(CLOSED)
class AccessRequest(TypedDict, total=False):
    """What somebody with the role wants to do."""

    resource: Required[Annotated[str, Field(min_length=1)]]
    action: Required[Annotated[str, Field(min_length=1)]]
    context: JsonObject
    """What the conditions of permissions are compared with."""
