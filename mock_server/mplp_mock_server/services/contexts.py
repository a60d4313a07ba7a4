"""Contexts: what a new one starts with, and how its status may move. Spec: protocol §3 Context."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final

from mplp_mock_server.services._collection import Collection
from mplp_mock_server.services._context_parts import LEFT, PRESENT, SNAPSHOT
from mplp_mock_server.services._context_state import LEDGER, note_change
from mplp_mock_server.services._match import IfMatch
from mplp_mock_server.services._moves import check_move
from mplp_mock_server.services._objects import decode
from mplp_mock_server.services._validation import JsonObject, check_id, validate
from mplp_mock_server.store import ObjectRow, Reader, Writer
from mplp_sdk.errors import OperationNotAllowed
from mplp_sdk.protocol.ids import new_id
from mplp_sdk.protocol.times import format_time

__all__ = ["ENDED", "MOVES", "Contexts"]

MOVES: Final[Mapping[str, frozenset[str]]] = {
    "active": frozenset({"suspended", "completed", "failed"}),
    "suspended": frozenset({"active", "completed", "failed"}),
    "completed": frozenset(),
    "failed": frozenset(),
}
"""Where each status may go."""

ENDED: Final = frozenset(status for status, next_ones in MOVES.items() if not next_ones)
"""Statuses that nothing leaves."""


class Contexts(Collection):
    """The contexts of this server."""

    kind: ClassVar[str] = "context"

    def defaults(self, obj: JsonObject) -> JsonObject:
        return {
            "version": "1.0.0",
            "status": "active",
            "lifecycle_stage": "planning",
            **obj,
            "shared_state": _shared_state(obj.get("shared_state", {})),
        }

    def check_change(self, old: JsonObject, new: JsonObject) -> None:
        check_move("context", MOVES, old["status"], new["status"])

    async def update(self, object_id: str, changes: JsonObject, if_match: IfMatch = None) -> bytes:
        if isinstance(changes.get("shared_state"), dict):
            changes = {**changes, "shared_state": _shared_state(changes["shared_state"])}
        return await super().update(object_id, changes, if_match)

    async def set_status(
        self, context_id: str, status: str, reason: str | None, if_match: IfMatch = None
    ) -> bytes:
        """Move a context to `status`; the one it has already changes nothing.

        Raises:
            NotFound: no context has this id.
            Conflict: it is not as the caller saw it.
            OperationNotAllowed: it cannot go there from where it is.
        """
        check_id(context_id, "id")
        return await self.store.write(lambda tx: self._set_status(tx, context_id, status, reason, if_match))

    def open(self, view: Reader, context_id: str) -> ObjectRow:
        """The row of a context that has not ended.

        Raises:
            NotFound: no context has this id.
            OperationNotAllowed: it is completed or failed.
        """
        row = self.existing(view, context_id)
        if row.status in ENDED:
            raise OperationNotAllowed(
                f"the context is {row.status}; its state changes no more",
                details={"field": "status", "reason": f"the context is {row.status}"},
            )
        return row

    def replace(
        self, tx: Writer, row: ObjectRow, obj: JsonObject, *, updated_at: datetime | None = None
    ) -> bytes:
        body = super().replace(tx, row, obj, updated_at=updated_at)
        note_change(tx, row, body, self.clock.now())
        return body

    def remove(self, tx: Writer, row: ObjectRow) -> None:
        super().remove(tx, row)
        for kind in (LEDGER, SNAPSHOT, PRESENT, LEFT):
            tx.delete_parts(kind, row.id)

    def _set_status(
        self, tx: Writer, context_id: str, status: str, reason: str | None, if_match: IfMatch
    ) -> bytes:
        row = self.existing(tx, context_id, if_match)
        old = decode(row.body)
        new = {**old, "status": status}
        validate(self.kind, new)
        self.check_change(old, new)
        if old["status"] == status:
            return row.body
        if reason is not None:
            changed = {"status": status, "reason": reason, "changed_at": format_time(self.clock.now())}
            new["metadata"] = {**(old.get("metadata") or {}), "status_change": changed}
        return self.replace(tx, row, new)


def _shared_state(given: object) -> object:
    if not isinstance(given, dict):
        return given  # for the schema to refuse
    goals = given.get("goals", [])
    with_ids = [_goal(goal) for goal in goals] if isinstance(goals, list) else goals
    empty: JsonObject = {"variables": {}, "resources": {}, "dependencies": []}
    return {**empty, **given, "goals": with_ids}


def _goal(given: object) -> object:
    return {"id": new_id(), "status": "pending", **given} if isinstance(given, dict) else given
