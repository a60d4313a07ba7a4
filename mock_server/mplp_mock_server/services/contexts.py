"""Contexts: what a new one starts with, and how its status may move. Spec: protocol §3 Context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from mplp_mock_server.services._collection import Collection
from mplp_mock_server.services._moves import check_move
from mplp_mock_server.services._objects import decode
from mplp_mock_server.services._validation import JsonObject, check_id, validate
from mplp_mock_server.store import Writer
from mplp_sdk.protocol.ids import new_id
from mplp_sdk.protocol.times import format_time

__all__ = ["MOVES", "Contexts"]

MOVES: Final[Mapping[str, frozenset[str]]] = {
    "active": frozenset({"suspended", "completed", "failed"}),
    "suspended": frozenset({"active", "completed", "failed"}),
    "completed": frozenset(),
    "failed": frozenset(),
}
"""Where each status may go."""


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

    async def set_status(self, context_id: str, status: str, reason: str | None) -> bytes:
        """Move a context to `status`; the one it has already changes nothing.

        Raises:
            NotFound: no context has this id.
            OperationNotAllowed: it cannot go there from where it is.
        """
        check_id(context_id, "id")
        return await self.store.write(lambda tx: self._set_status(tx, context_id, status, reason))

    def _set_status(self, tx: Writer, context_id: str, status: str, reason: str | None) -> bytes:
        row = self.existing(tx, context_id)
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
