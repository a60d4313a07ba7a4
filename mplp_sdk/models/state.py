"""What is done with the shared state of a Context: variables, versions, snapshots, sync.

`state_version` counts the changes of `shared_state`, whatever made them; `checksum` is `sha256:` and the hex
digest of its RFC 8785 (JCS) form. Spec: protocol §2.1 contexts, §5; Design, Context API.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Required

from pydantic import Field, with_config
from typing_extensions import TypedDict

from mplp_sdk.models._base import CLOSED, Id, JsonObject, MPLPModel, OneOf, Timestamp
from mplp_sdk.models.context import SharedState

__all__ = [
    "LONGEST_KEY",
    "ContextState",
    "NodeSync",
    "RestoreRequest",
    "Snapshot",
    "SnapshotCreate",
    "SyncRequest",
    "SyncResult",
    "SyncType",
    "Variable",
    "VariableCreate",
    "Variables",
]

SyncType = Literal["full", "incremental"]

LONGEST_KEY: Final = 255
"""Characters of the longest name of a variable."""

VariableKey = Annotated[str, Field(min_length=1, max_length=LONGEST_KEY, pattern=r"^[^\x00-\x1f\x7f]+$")]


class ContextState(MPLPModel):
    """The shared state as it is now."""

    context_id: Id
    state_version: str
    """A whole number as text; `1` at first, one more with each change."""
    checksum: str
    state_data: SharedState
    updated_at: Timestamp | None = None


class NodeSync(MPLPModel):
    """What one node was told."""

    node: str
    status: str
    """`synced`."""
    state_version: str
    """What the node has from now on."""
    checksum: str
    changed: list[str] = Field(default_factory=list)
    """What changed since the node's last version: members of the state, and `variables.<key>`."""


class SyncResult(MPLPModel):
    """What each node was told."""

    context_id: Id
    sync_type: Annotated[str, OneOf(SyncType)]
    state_version: str
    checksum: str
    timestamp: Timestamp
    nodes: list[NodeSync] = Field(default_factory=list)
    """In the order in which they were asked for."""
    state: SharedState | None = None
    """The whole state; only of a full sync."""


class Variable(MPLPModel):
    """One shared variable."""

    key: str
    value: Any
    updated_at: Timestamp | None = None


class Variables(MPLPModel):
    """All shared variables."""

    variables: JsonObject


class Snapshot(MPLPModel):
    """A Context as it was at one moment, to go back to."""

    id: Id
    context_id: Id
    name: str | None = None
    description: str | None = None
    state_version: str
    checksum: str
    created_at: Timestamp


@with_config(CLOSED)
class SyncRequest(TypedDict, total=False):
    """Which nodes are to be told, and what."""

    target_nodes: Required[Annotated[list[Id], Field(min_length=1)]]
    """Each named once."""
    sync_type: SyncType
    """`incremental`: what changed since the node's last sync. Default: full."""


@with_config(CLOSED)
class VariableCreate(TypedDict):
    """A shared variable to set."""

    key: VariableKey
    value: Any


@with_config(CLOSED)
class SnapshotCreate(TypedDict, total=False):
    """A snapshot to take."""

    name: str
    description: str


@with_config(CLOSED)
class RestoreRequest(TypedDict):
    """The snapshot to go back to."""

    snapshot_id: Id
