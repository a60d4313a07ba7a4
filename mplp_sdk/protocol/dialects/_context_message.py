"""`context-message`: what the payloads of Context-messages say about a context and its participants.

A participant is spelt as we spell it, plus the `context_id` it belongs to. A request to add one has no id
yet, and gets one that follows from context and user. Spec: Context-messages, create and add requests.
"""

from __future__ import annotations

from typing import Any, Final

from mplp_sdk.protocol.dialects._json import ABSENT, clone
from mplp_sdk.protocol.dialects._shape import Marks, Shape
from mplp_sdk.protocol.dialects._table import TEXT, TIME, Row, Table
from mplp_sdk.protocol.ids import derived_id

__all__ = ["SHAPES"]

DIALECT: Final = "context-message"

_CONTEXT = Table(
    Row("context_id", "id"),
    Row("context_name", "name", TEXT, blank=""),
    Row("context_type", "type"),
    Row("status", "status", TEXT),
    Row("configuration", "configuration"),
    Row("created_at", "metadata.created_at", TIME),
    Row("created_by", "metadata.created_by", TEXT),
    Row("metadata", "metadata"),
    assumed={"version": "1.0.0", "status": "active", "lifecycle_stage": "planning", "shared_state": {}},
)


class _Participant:
    """The canonical object itself."""

    @staticmethod
    def read(theirs: Any) -> Any:
        if not isinstance(theirs, dict):
            return ABSENT
        told = [str(theirs.get(name, "")) for name in ("context_id", "user_id")]
        return {"participant_id": derived_id("participant", *told)} | theirs

    @staticmethod
    def write(ours: Any) -> Any:
        return clone(ours)


SHAPES: Final = (
    Shape(DIALECT, "context", Marks(("context_id", "context_name")), _CONTEXT),
    Shape(
        DIALECT, "participant", Marks(("context_id", "user_id"), absent=("participant_id",)), _Participant()
    ),
)
