"""Context: the shared state of a piece of work. Spec: protocol §3; Design, Context schema; RFC §6.2.1."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Required

from pydantic import Field, with_config
from typing_extensions import TypedDict

from mplp_sdk.models._base import (
    CLOSED,
    WHOLE,
    Id,
    JsonObject,
    MPLPModel,
    OneOf,
    Timestamp,
    TimestampInput,
    Version,
)
from mplp_sdk.protocol.ids import LONGEST_TEXT, PLAIN_TEXT

__all__ = [
    "AccessControl",
    "AccessControlCreate",
    "Configuration",
    "ConfigurationCreate",
    "Constraint",
    "ConstraintCreate",
    "Context",
    "ContextCreate",
    "ContextMetadata",
    "ContextStatus",
    "ContextUpdate",
    "DeploymentEnvironment",
    "Environment",
    "EnvironmentCreate",
    "EnvironmentResources",
    "EnvironmentResourcesCreate",
    "GlobalState",
    "GlobalStateCreate",
    "Goal",
    "GoalCreate",
    "GoalStatus",
    "LifecycleStage",
    "NotificationPreferences",
    "NotificationPreferencesCreate",
    "Participant",
    "ParticipantCreate",
    "ParticipantStatus",
    "ParticipantUpdate",
    "Platform",
    "SharedState",
    "SharedStateCreate",
]

ContextStatus = Literal["active", "suspended", "completed", "failed"]
LifecycleStage = Literal["planning", "execution", "validation", "completion"]
GoalStatus = Literal["pending", "active", "completed", "cancelled"]
Platform = Literal["web", "mobile", "desktop", "server", "cloud"]
DeploymentEnvironment = Literal["development", "staging", "production"]
ParticipantStatus = Literal["active", "inactive", "left"]


class Goal(MPLPModel):
    """What the work is to reach."""

    id: Id
    description: Annotated[str, Field(min_length=1, max_length=1000)]
    priority: Annotated[int, Field(ge=1, le=10), WHOLE]
    """1 (low) to 10 (high)."""
    status: Annotated[str, OneOf(GoalStatus)]
    deadline: Timestamp | None = None


class SharedState(MPLPModel):
    """What all participants of a Context see."""

    variables: JsonObject = Field(default_factory=dict)
    resources: JsonObject = Field(default_factory=dict)
    dependencies: list[str] = Field(default_factory=list)
    goals: list[Goal] = Field(default_factory=list)
    artifacts: list[Any] = Field(default_factory=list)
    knowledge_base: list[Any] = Field(default_factory=list)


class AccessControl(MPLPModel):
    """Who may do what with a Context."""

    permissions: list[Any] = Field(default_factory=list)
    roles: list[Any] = Field(default_factory=list)
    policies: list[Any] = Field(default_factory=list)


class EnvironmentResources(MPLPModel):
    """How much of the machine there is; units are the caller's own."""

    cpu: Annotated[float, Field(ge=0)] | None = None
    memory: Annotated[float, Field(ge=0)] | None = None
    storage: Annotated[float, Field(ge=0)] | None = None


class Constraint(MPLPModel):
    """A limit that the environment sets."""

    type: str
    value: Any
    description: str | None = None


class Environment(MPLPModel):
    """Where the work runs."""

    platform: Annotated[str, OneOf(Platform)]
    resources: EnvironmentResources | None = None
    constraints: list[Constraint] | None = None


class GlobalState(MPLPModel):
    """What the Context belongs to."""

    project_id: str | None = None
    session_id: str | None = None
    environment: Annotated[str, OneOf(DeploymentEnvironment)] | None = None


class Configuration(MPLPModel):
    """Limits of a Context (Context-messages, create request)."""

    max_participants: Annotated[int, Field(ge=0), WHOLE] | None = None
    max_sessions: Annotated[int, Field(ge=0), WHOLE] | None = None
    timeout_ms: Annotated[int, Field(ge=0), WHOLE] | None = None
    """Milliseconds."""
    persistence_level: str | None = None
    isolation_level: str | None = None


class ContextMetadata(MPLPModel):
    """Who made the Context, and when."""

    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None
    created_by: str | None = None
    tags: list[str] | None = None


class Context(MPLPModel):
    """The shared state of a piece of work."""

    id: Id
    version: Version
    status: Annotated[str, OneOf(ContextStatus)]
    lifecycle_stage: Annotated[str, OneOf(LifecycleStage)]
    shared_state: SharedState
    access_control: AccessControl | None = None
    name: str | None = None
    type: str | None = None
    environment: Environment | None = None
    global_state: GlobalState | None = None
    configuration: Configuration | None = None
    metadata: ContextMetadata | None = None


class NotificationPreferences(MPLPModel):
    """How a participant wants to be told."""

    email: bool | None = None
    push: bool | None = None
    in_app: bool | None = None


class Participant(MPLPModel):
    """Somebody who works in a Context. [ext] object of Context-messages."""

    participant_id: Id
    user_id: Annotated[str, Field(min_length=1)]
    role: str | None = None
    capabilities: list[str] = Field(default_factory=list)
    status: Annotated[str, OneOf(ParticipantStatus)] | None = None
    notification_preferences: NotificationPreferences | None = None
    last_activity: Timestamp | None = None
    joined_at: Timestamp | None = None


@with_config(CLOSED)
class GoalCreate(TypedDict, total=False):
    """A goal to add; the server gives the `id`."""

    id: Id
    description: Required[Annotated[str, Field(min_length=1, max_length=1000)]]
    priority: Required[Annotated[int, Field(ge=1, le=10), WHOLE]]
    """1 (low) to 10 (high)."""
    status: GoalStatus
    """Default: pending."""
    deadline: TimestampInput


@with_config(CLOSED)
class SharedStateCreate(TypedDict, total=False):
    """First shared state of a new Context."""

    variables: JsonObject
    resources: JsonObject
    dependencies: list[str]
    goals: list[GoalCreate]
    artifacts: list[Any]
    knowledge_base: list[Any]


@with_config(CLOSED)
class AccessControlCreate(TypedDict, total=False):
    """Who may do what with a new Context."""

    permissions: list[Any]
    roles: list[Any]
    policies: list[Any]


@with_config(CLOSED)
class EnvironmentResourcesCreate(TypedDict, total=False):
    """How much of the machine there is; units are the caller's own."""

    cpu: Annotated[float, Field(ge=0)]
    memory: Annotated[float, Field(ge=0)]
    storage: Annotated[float, Field(ge=0)]


@with_config(CLOSED)
class ConstraintCreate(TypedDict, total=False):
    """A limit that the environment sets."""

    type: Required[str]
    value: Required[Any]
    description: str


@with_config(CLOSED)
class EnvironmentCreate(TypedDict, total=False):
    """Where the work of a new Context runs."""

    platform: Required[Platform]
    resources: EnvironmentResourcesCreate
    constraints: list[ConstraintCreate]


@with_config(CLOSED)
class GlobalStateCreate(TypedDict, total=False):
    """What a new Context belongs to."""

    project_id: str
    session_id: str
    environment: DeploymentEnvironment


@with_config(CLOSED)
class ConfigurationCreate(TypedDict, total=False):
    """Limits of a new Context."""

    max_participants: Annotated[int, Field(ge=0), WHOLE]
    max_sessions: Annotated[int, Field(ge=0), WHOLE]
    timeout_ms: Annotated[int, Field(ge=0), WHOLE]
    """Milliseconds."""
    persistence_level: str
    isolation_level: str


@with_config(CLOSED)
class NotificationPreferencesCreate(TypedDict, total=False):
    """How a participant wants to be told."""

    email: bool
    push: bool
    in_app: bool


class _ParticipantMembers(TypedDict, total=False):
    """What may be left out of a new Participant and of a changed one alike."""

    role: str
    capabilities: list[str]
    notification_preferences: NotificationPreferencesCreate


@with_config(CLOSED)
class ParticipantCreate(_ParticipantMembers, total=False):
    """What a caller sends to add a Participant; the server tells when and gives the rest."""

    participant_id: Id
    user_id: Required[Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, pattern=PLAIN_TEXT)]]


@with_config(CLOSED)
class ParticipantUpdate(_ParticipantMembers, total=False):
    """What a caller sends to change a Participant: a member that is left out stays as it is."""

    status: ParticipantStatus


class _ContextMembers(TypedDict, total=False):
    """The members of a new Context and of a changed one alike."""

    version: Version
    """Default: 1.0.0."""
    status: ContextStatus
    """Default: active."""
    lifecycle_stage: LifecycleStage
    """Default: planning."""
    shared_state: SharedStateCreate
    access_control: AccessControlCreate
    name: str
    type: str
    environment: EnvironmentCreate
    global_state: GlobalStateCreate
    configuration: ConfigurationCreate
    metadata: JsonObject


@with_config(CLOSED)
class ContextCreate(_ContextMembers, total=False):
    """What a caller sends to make a Context. Nothing is required; the server fills in the rest."""

    id: Id
    """The caller's own id makes the call idempotent."""


@with_config(CLOSED)
class ContextUpdate(_ContextMembers, total=False):
    """What a caller sends to change a Context: a member that is left out stays as it is."""
