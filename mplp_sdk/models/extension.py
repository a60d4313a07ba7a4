"""Extension: what is added to the protocol. Spec: protocol §3; Design, Extension schema; RFC §2.2.6."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Required

from pydantic import Field, WithJsonSchema, with_config
from typing_extensions import TypedDict

from mplp_sdk.models._base import (
    CLOSED,
    DURATION,
    DurationField,
    Id,
    JsonObject,
    MPLPModel,
    OneOf,
    Timestamp,
    TimestampInput,
    Version,
)

__all__ = [
    "Extension",
    "ExtensionCall",
    "ExtensionConfiguration",
    "ExtensionConfigurationCreate",
    "ExtensionCreate",
    "ExtensionDependency",
    "ExtensionDependencyCreate",
    "ExtensionMetadata",
    "ExtensionMetadataCreate",
    "ExtensionResult",
    "ExtensionStatus",
    "ExtensionType",
    "Implementation",
    "ImplementationCreate",
    "Interface",
    "InterfaceCreate",
    "Lifecycle",
    "LifecycleCreate",
    "ReloadRequest",
    "Runtime",
    "SandboxLevel",
    "Security",
    "SecurityCreate",
    "UpdateStrategy",
]

ExtensionType = Literal["plugin", "adapter", "hook", "capability", "policy", "audit", "integration", "custom"]
Runtime = Literal["nodejs", "python", "go", "java"]
DependencyNeed = Literal["required", "optional"]
SandboxLevel = Literal["none", "basic", "strict"]
ExtensionStatus = Literal["installed", "active", "disabled", "failed"]
UpdateStrategy = Literal["rolling", "immediate"]


class Interface(MPLPModel):
    """What goes in and what comes out."""

    input_schema: JsonObject | None = None
    output_schema: JsonObject | None = None
    methods: list[str] | None = None
    events: list[str] | None = None


class Implementation(MPLPModel):
    """What runs."""

    runtime: Annotated[str, OneOf(Runtime)]
    entry_point: str
    configuration: JsonObject | None = None
    resources: JsonObject | None = None


class ExtensionDependency(MPLPModel):
    """Something the extension needs."""

    name: str
    version: str
    type: Annotated[str, OneOf(DependencyNeed)]


class Security(MPLPModel):
    """What the extension may touch."""

    permissions: list[Any] | None = None
    sandbox_level: Annotated[str, OneOf(SandboxLevel)] | None = None
    signature: str | None = None


class Lifecycle(MPLPModel):
    """How far its installation is."""

    status: Annotated[str, OneOf(ExtensionStatus)] | None = None
    install_date: Timestamp | None = None
    last_update: Timestamp | None = None


class ExtensionConfiguration(MPLPModel):
    """How it is set up (RFC)."""

    parameters: JsonObject | None = None
    endpoints: list[Any] | None = None
    dependencies: list[Any] | None = None


class ExtensionMetadata(MPLPModel):
    """Who wrote it, and for what."""

    author: str | None = None
    description: str | None = None
    tags: list[str] | None = None
    license: str | None = None
    documentation_url: str | None = None


class Extension(MPLPModel):
    """Something added to the protocol."""

    id: Id
    name: str
    version: Version
    type: Annotated[str, OneOf(ExtensionType)]
    interface: Interface
    implementation: Implementation
    dependencies: list[ExtensionDependency] | None = None
    security: Security | None = None
    lifecycle: Lifecycle | None = None
    configuration: ExtensionConfiguration | None = None
    metadata: ExtensionMetadata | None = None


class ExtensionResult(MPLPModel):
    """What an extension answered."""

    extension_id: Id
    output: Any
    """As its `output_schema` says."""
    duration: DurationField | None = None
    context_id: Id | None = None


@with_config(CLOSED)
class InterfaceCreate(TypedDict, total=False):
    """What goes in and what comes out."""

    input_schema: JsonObject
    output_schema: JsonObject
    methods: list[str]
    events: list[str]


@with_config(CLOSED)
class ImplementationCreate(TypedDict, total=False):
    """What runs."""

    runtime: Required[Runtime]
    entry_point: Required[str]
    configuration: JsonObject
    resources: JsonObject


@with_config(CLOSED)
class ExtensionDependencyCreate(TypedDict, total=False):
    """Something the extension needs."""

    name: Required[str]
    version: Required[str]
    type: Required[DependencyNeed]


@with_config(CLOSED)
class SecurityCreate(TypedDict, total=False):
    """What the extension may touch."""

    permissions: list[Any]
    sandbox_level: SandboxLevel
    signature: str


@with_config(CLOSED)
class LifecycleCreate(TypedDict, total=False):
    """How far its installation is."""

    status: ExtensionStatus
    install_date: TimestampInput
    last_update: TimestampInput


@with_config(CLOSED)
class ExtensionConfigurationCreate(TypedDict, total=False):
    """How it is set up (RFC)."""

    parameters: JsonObject
    endpoints: list[Any]
    dependencies: list[Any]


@with_config(CLOSED)
class ExtensionMetadataCreate(TypedDict, total=False):
    """Who wrote it, and for what."""

    author: str
    description: str
    tags: list[str]
    license: str
    documentation_url: str


@with_config(CLOSED)
class ExtensionCreate(TypedDict, total=False):
    """What a caller sends to register an Extension."""

    id: Id
    name: Required[str]
    version: Required[Version]
    type: Required[ExtensionType]
    interface: Required[InterfaceCreate]
    implementation: Required[ImplementationCreate]
    dependencies: list[ExtensionDependencyCreate]
    security: SecurityCreate
    lifecycle: LifecycleCreate
    configuration: ExtensionConfigurationCreate
    metadata: ExtensionMetadataCreate


Patience = WithJsonSchema(
    {
        "anyOf": [
            {"type": "number", "exclusiveMinimum": 0, "maximum": 300_000},
            {"type": "string", "pattern": DURATION},
        ]
    }
)
"""How long an extension may take: at most five minutes."""


@with_config(CLOSED)
class ExtensionCall(TypedDict, total=False):
    """What an extension is to be run with."""

    input: Required[Any]
    """As its `input_schema` says."""
    context_id: Id
    timeout: Annotated[Annotated[float, Field(gt=0)] | str, Patience]
    """Milliseconds, or a duration such as `2s`."""


@with_config(CLOSED)
class ReloadRequest(TypedDict, total=False):
    """The version to go to, and how."""

    version: Required[Version]
    update_strategy: UpdateStrategy
    """`rolling`: calls that run finish with the old version first. Default: rolling."""
