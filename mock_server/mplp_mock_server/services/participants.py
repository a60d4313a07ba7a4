"""Participants: who works in a context, and who did.

Spec: protocol §3 Participant [ext]; Context-messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mplp_mock_server.clock import from_micros, to_micros
from mplp_mock_server.services._context_parts import LEFT, PRESENT
from mplp_mock_server.services._idempotency import Repeatable
from mplp_mock_server.services._match import IfMatch, check_match
from mplp_mock_server.services._objects import decode, encode
from mplp_mock_server.services._validation import JsonObject, check_id, invalid, validate_as
from mplp_mock_server.services.contexts import Contexts
from mplp_mock_server.store import PartRow, Query, Reader, Writer
from mplp_sdk.errors import DuplicateValue, NotFound, QuotaExceeded, ValidationFailed
from mplp_sdk.models import Participant
from mplp_sdk.protocol.ids import new_id
from mplp_sdk.protocol.times import format_time

__all__ = ["Participants"]

_LEFT: Final = "left"
_FIXED: Final = ("participant_id", "user_id", "joined_at")
"""Members that no change may touch."""


class Participants:
    """The participants of this server's contexts."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts
        self._store = contexts.store
        self._clock = contexts.clock

    async def add(self, context_id: str, body: JsonObject, key: str | None) -> bytes:
        """Let somebody take part: `mplp_sdk.models.Participant`.

        Args:
            key: the `Idempotency-Key`.

        Raises:
            NotFound: no context has this id.
            InvalidRequest: it is not a participant.
            DuplicateValue: this user, or this id, takes part already.
            QuotaExceeded: the context takes no more.
        """
        check_id(context_id, "id")
        new = self._new(body)
        request = Repeatable.of(f"POST /contexts/{context_id}/participants", body, key)
        return await self._store.write(lambda tx: request.answer(tx, lambda: self._add(tx, context_id, new)))

    async def list(self, context_id: str, query: Query) -> tuple[Sequence[bytes], int]:
        """One page of those who take part, and how many there are; those who left only when asked for.

        Raises:
            NotFound: no context has this id.
        """
        check_id(context_id, "id")
        kind = LEFT if ("status", _LEFT) in query.filters else PRESENT

        def read(view: Reader) -> tuple[Sequence[bytes], int]:
            self._contexts.existing(view, context_id)
            return view.parts(kind, context_id, query)

        return await self._store.read(read)

    async def update(
        self, context_id: str, participant_id: str, changes: JsonObject, if_match: IfMatch = None
    ) -> bytes:
        """Replace the members that are given and keep the others; a null removes an optional one.

        Raises:
            NotFound: no context has this id, or nobody with this id takes part.
            Conflict: the participant is not as the caller saw it.
            InvalidRequest: what comes out is wrong.
        """
        check_id(context_id, "id")
        check_id(participant_id, "participant_id")
        return await self._store.write(
            lambda tx: self._update(tx, context_id, participant_id, changes, if_match)
        )

    async def remove(self, context_id: str, participant_id: str, if_match: IfMatch = None) -> None:
        """Let somebody leave.

        Raises:
            NotFound: no context has this id, or nobody with this id takes part.
            Conflict: the participant is not as the caller saw it.
        """
        await self.update(context_id, participant_id, {"status": _LEFT}, if_match)

    def _new(self, body: JsonObject) -> JsonObject:
        now = format_time(self._clock.now())
        given = {name: value for name, value in body.items() if value is not None}
        if given.setdefault("status", "active") == _LEFT:
            raise invalid(ValidationFailed, "status", "who is added has not left")
        new = {
            "participant_id": new_id(),
            "capabilities": [],
            **given,
            "joined_at": now,
            "last_activity": now,
        }
        _check(new)
        return new

    def _add(self, tx: Writer, context_id: str, new: JsonObject) -> bytes:
        context = decode(self._contexts.existing(tx, context_id).body)
        same_user = Query(filters=(("name", new["user_id"]),), limit=1)
        if tx.parts(PRESENT, context_id, same_user)[1]:
            raise invalid(DuplicateValue, "user_id", f"{new['user_id']!r} takes part already")
        if tx.part(PRESENT, context_id, new["participant_id"]) is not None:
            raise invalid(DuplicateValue, "participant_id", "somebody with this id takes part already")
        self._check_room(tx, context_id, context)
        return self._keep(tx, context_id, new)

    def _check_room(self, tx: Writer, context_id: str, context: JsonObject) -> None:
        most = (context.get("configuration") or {}).get("max_participants")
        if most is None:
            return
        present = tx.parts(PRESENT, context_id, Query(limit=1))[1]
        if present >= most:
            reason = f"the context has {present} participants, and takes {most}"
            details = {"field": "configuration.max_participants", "reason": reason, "limit": most}
            raise QuotaExceeded(reason, details=details)

    def _update(
        self, tx: Writer, context_id: str, participant_id: str, changes: JsonObject, if_match: IfMatch
    ) -> bytes:
        self._contexts.existing(tx, context_id)
        part = tx.part(PRESENT, context_id, participant_id)
        if part is None:
            raise NotFound(
                f"nobody with the id {participant_id!r} takes part", details={"id": participant_id}
            )
        check_match(part.body, if_match)
        old = decode(part.body)
        new = {name: value for name, value in {**old, **changes}.items() if value is not None}
        new.setdefault("status", old["status"])
        for name in _FIXED:
            if new.get(name) != old.get(name):
                raise invalid(ValidationFailed, name, "cannot be changed")
        _check(new)
        if new == old:
            return part.body
        new["last_activity"] = format_time(self._clock.now())
        if new["status"] == _LEFT:
            tx.delete_part(PRESENT, context_id, participant_id)
        return self._keep(tx, context_id, new, part)

    def _keep(
        self, tx: Writer, context_id: str, participant: JsonObject, old: PartRow | None = None
    ) -> bytes:
        now = self._clock.now() if old is None else from_micros(old.created_at)
        part = PartRow(
            kind=LEFT if participant["status"] == _LEFT else PRESENT,
            owner=context_id,
            id=participant["participant_id"],
            name=participant["user_id"],
            status=participant["status"],
            body=encode(participant),
            created_at=to_micros(now),
        )
        tx.put_part(part)
        return part.body


def _check(participant: JsonObject) -> None:
    validate_as(Participant, participant)
    check_id(participant["participant_id"], "participant_id")
    check_id(participant["user_id"], "user_id")
