"""Snapshots: a context as it was, and going back to it. Spec: protocol §2.1 contexts; Design-draft."""

from __future__ import annotations

from collections.abc import Sequence

from mplp_mock_server.clock import to_micros
from mplp_mock_server.services._context_parts import SNAPSHOT
from mplp_mock_server.services._context_state import checksum, read_ledger
from mplp_mock_server.services._idempotency import Repeatable
from mplp_mock_server.services._objects import decode, encode
from mplp_mock_server.services._validation import JsonObject, check_id, read_input
from mplp_mock_server.services.contexts import Contexts
from mplp_mock_server.store import PartRow, Query, Reader, Writer
from mplp_sdk.errors import NotFound
from mplp_sdk.models import RestoreRequest, SnapshotCreate
from mplp_sdk.protocol.ids import new_id
from mplp_sdk.protocol.times import format_time

__all__ = ["Snapshots"]


class Snapshots:
    """The snapshots of this server's contexts."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts
        self._store = contexts.store
        self._clock = contexts.clock

    async def create(self, context_id: str, body: JsonObject, key: str | None) -> bytes:
        """Keep a context as it is now: `mplp_sdk.models.Snapshot`.

        Args:
            key: the `Idempotency-Key`.

        Raises:
            NotFound: no context has this id.
            InvalidRequest: the name or description is no text.
        """
        check_id(context_id, "id")
        given = read_input(SnapshotCreate, body)
        request = Repeatable.of(f"POST /contexts/{context_id}/snapshots", body, key)
        return await self._store.write(
            lambda tx: request.answer(tx, lambda: self._create(tx, context_id, given))
        )

    async def list(self, context_id: str, query: Query) -> tuple[Sequence[bytes], int]:
        """One page of a context's snapshots, and how many there are.

        Raises:
            NotFound: no context has this id.
        """
        check_id(context_id, "id")

        def read(view: Reader) -> tuple[Sequence[bytes], int]:
            self._contexts.existing(view, context_id)
            return view.parts(SNAPSHOT, context_id, query)

        return await self._store.read(read)

    async def restore(self, context_id: str, body: JsonObject, key: str | None) -> bytes:
        """Make a context what it was. Its id and age stay, and the version of its state counts on.

        Args:
            key: the `Idempotency-Key`.

        Raises:
            NotFound: no context has this id, or it no such snapshot.
            OperationNotAllowed: the context has ended.
        """
        check_id(context_id, "id")
        snapshot_id = read_input(RestoreRequest, body)["snapshot_id"]
        check_id(snapshot_id, "snapshot_id")
        request = Repeatable.of(f"POST /contexts/{context_id}/restore", body, key)
        return await self._store.write(
            lambda tx: request.answer(tx, lambda: self._restore(tx, context_id, snapshot_id))
        )

    def _create(self, tx: Writer, context_id: str, given: JsonObject) -> bytes:
        row = self._contexts.existing(tx, context_id)
        now = self._clock.now()
        told = {
            "id": new_id(),
            "context_id": context_id,
            **given,
            "state_version": str(read_ledger(tx, context_id).version),
            "checksum": checksum(decode(row.body).get("shared_state") or {}),
            "created_at": format_time(now),
        }
        part = PartRow(
            kind=SNAPSHOT,
            owner=context_id,
            id=told["id"],
            name=given.get("name"),
            body=encode(told),
            content=row.body,
            created_at=to_micros(now),
        )
        tx.put_part(part)
        return part.body

    def _restore(self, tx: Writer, context_id: str, snapshot_id: str) -> bytes:
        row = self._contexts.open(tx, context_id)
        snapshot = tx.part(SNAPSHOT, context_id, snapshot_id)
        if snapshot is None or snapshot.content is None:
            raise NotFound(
                f"the context has no snapshot with the id {snapshot_id!r}",
                details={"field": "snapshot_id", "reason": "no such snapshot", "id": snapshot_id},
            )
        context = decode(snapshot.content)
        now = decode(row.body)
        kept = {name: at for name, at in (now.get("metadata") or {}).items() if name == "created_at"}
        context["metadata"] = {**(context.get("metadata") or {}), **kept}
        return self._contexts.replace(tx, row, context)
