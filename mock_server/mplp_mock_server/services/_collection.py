"""What contexts, plans and confirmations have in common: create, read, list, change, delete."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from mplp_mock_server.clock import Clock, from_micros, to_micros
from mplp_mock_server.services._idempotency import Repeatable, id_key
from mplp_mock_server.services._match import IfMatch, check_match
from mplp_mock_server.services._objects import decode, encode, object_row, stamp
from mplp_mock_server.services._validation import JsonObject, check_id, invalid, validate
from mplp_mock_server.store import ObjectRow, Query, Reader, Store, Writer
from mplp_sdk.errors import Conflict, NotFound, ValidationFailed
from mplp_sdk.protocol.ids import new_id
from mplp_sdk.protocol.schemas import MODULES

__all__ = ["Collection", "just_after"]

_MICROSECOND = timedelta(microseconds=1)


class Collection:
    """Objects of one kind. A subclass says what they start with, and how they may change."""

    kind: ClassVar[str]
    """As in an ingest record, such as `plan`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock

    def defaults(self, obj: JsonObject) -> JsonObject:
        """The members that a new object gets where it has none."""
        raise NotImplementedError

    def check_new(self, obj: JsonObject) -> None:
        """Refuse a new object that no schema can refuse."""

    def check_change(self, old: JsonObject, new: JsonObject) -> None:
        """Refuse a change that the rules forbid."""

    async def create(self, body: JsonObject, key: str | None) -> bytes:
        """Store a new object; a repeat of the same create answers what the first one did.

        Args:
            key: the `Idempotency-Key`.

        Raises:
            InvalidRequest: the object is wrong.
            Conflict: the id or key was used with another body.
        """
        own = body.get("id")
        names = (id_key(self.kind, own),) if isinstance(own, str) else ()
        request = Repeatable.of(f"POST /{self.kind}", body, key, *names)
        row = self.new_row(body)
        return await self.store.write(lambda tx: request.answer(tx, lambda: self.insert(tx, row)))

    async def get(self, object_id: str) -> bytes:
        """One object.

        Raises:
            NotFound: no object has this id.
        """
        check_id(object_id, "id")
        return (await self.store.read(lambda view: self.existing(view, object_id))).body

    async def list(self, query: Query) -> tuple[Sequence[bytes], int]:
        """One page, and how many objects fit."""
        return await self.store.read(lambda view: view.list(self.kind, query))

    async def update(self, object_id: str, changes: JsonObject, if_match: IfMatch = None) -> bytes:
        """Replace the members that are given and keep the others; a null removes an optional member.

        Raises:
            NotFound: no object has this id.
            Conflict: it is not as the caller saw it.
            InvalidRequest: what comes out is wrong.
            OperationNotAllowed: the change of status is not a legal one.
        """
        check_id(object_id, "id")
        if changes.get("id", object_id) != object_id:
            raise invalid(ValidationFailed, "id", "an object cannot change its id")
        return await self.store.write(lambda tx: self._update(tx, object_id, changes, if_match))

    async def delete(self, object_id: str, if_match: IfMatch = None) -> None:
        """Remove an object. Others that refer to it stay.

        Raises:
            NotFound: no object has this id.
            Conflict: it is not as the caller saw it.
        """
        check_id(object_id, "id")
        await self.store.write(lambda tx: self.remove(tx, self.existing(tx, object_id, if_match)))

    def existing(self, view: Reader, object_id: str, if_match: IfMatch = None) -> ObjectRow:
        """The row of an object that must be there, and as the caller saw it."""
        row = view.get(self.kind, object_id)
        if row is None:
            raise NotFound(f"no {self.kind} has the id {object_id!r}", details={"id": object_id})
        check_match(row.body, if_match)
        return row

    def insert(self, tx: Writer, row: ObjectRow) -> bytes:
        """Store a new object."""
        if tx.get(row.kind, row.id) is not None:
            raise Conflict(
                f"there is a {row.kind} with the id {row.id!r} already",
                details={"field": "id", "reason": "used by another object"},
            )
        tx.put(row)
        return row.body

    def remove(self, tx: Writer, row: ObjectRow) -> None:
        """Remove an object and what belongs to it."""
        tx.delete(self.kind, row.id)
        # The id is free again; a create that used it is a new one.
        tx.forget(id_key(self.kind, row.id))

    def replace(
        self, tx: Writer, row: ObjectRow, obj: JsonObject, *, updated_at: datetime | None = None
    ) -> bytes:
        """Store `obj` in place of `row`, newer than it whatever the clock says.

        Args:
            updated_at: None: now.
        """
        created = from_micros(row.created_at) if row.created_at else self.clock.now()
        stamp(obj, created_at=created, updated_at=updated_at or self._later_than(row))
        body = encode(obj)
        tx.put(object_row(self.kind, obj, body))
        return body

    def _later_than(self, row: ObjectRow) -> datetime:
        # Records that come later by ingest must not beat this change for having a faster clock.
        now = self.clock.now()
        return now if to_micros(now) > row.updated_at else just_after(row)

    def new_row(self, body: JsonObject) -> ObjectRow:
        """The row of a new object, which is not stored yet.

        Raises:
            InvalidRequest: the object is wrong.
        """
        given = _without_nulls(self.kind, body)
        obj: JsonObject = {"id": new_id(), **self.defaults(given)}
        now = self.clock.now()
        stamp(obj, created_at=now, updated_at=now)
        validate(self.kind, obj)
        self.check_new(obj)
        return object_row(self.kind, obj, encode(obj))

    def _update(self, tx: Writer, object_id: str, changes: JsonObject, if_match: IfMatch) -> bytes:
        row = self.existing(tx, object_id, if_match)
        old = decode(row.body)
        new = _without_nulls(self.kind, {**old, **changes})
        if isinstance(new.get("metadata"), dict):
            # When it was made is the server's to know.
            kept = {name: at for name, at in (old.get("metadata") or {}).items() if name == "created_at"}
            new["metadata"] = {**new["metadata"], **kept}
        validate(self.kind, new)
        self.check_change(old, new)
        return self.replace(tx, row, new)


def just_after(row: ObjectRow) -> datetime:
    """The earliest moment at which a record of the object is newer than `row`."""
    try:
        return from_micros(row.updated_at) + _MICROSECOND
    except OverflowError:
        return from_micros(row.updated_at)  # the last moment of the calendar; nothing is newer


def _without_nulls(kind: str, obj: JsonObject) -> JsonObject:
    """The object without the known members that are null: on the wire they are absent."""
    known = MODULES[kind].model_fields
    return {name: value for name, value in obj.items() if value is not None or name not in known}
