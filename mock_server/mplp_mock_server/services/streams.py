"""Ingest streams: how far each was stored, and what never came. Spec: protocol §6."""

from __future__ import annotations

from mplp_mock_server.services._objects import encode
from mplp_mock_server.services._validation import JsonObject, check_id
from mplp_mock_server.store import Store, StreamRow
from mplp_sdk.errors import NotFound

__all__ = ["Streams"]


class Streams:
    """The ingest streams of this server."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def list(self) -> bytes:
        """All streams, by id."""
        return encode([_state(row) for row in await self.store.read(lambda view: view.streams())])

    async def get(self, stream_id: str) -> bytes:
        """One stream.

        Raises:
            NotFound: nothing came under this id.
        """
        check_id(stream_id, "id")
        row = await self.store.read(lambda view: view.stream(stream_id))
        if row is None:
            raise NotFound(f"no stream has the id {stream_id!r}", details={"id": stream_id})
        return encode(_state(row))


def _state(row: StreamRow) -> JsonObject:
    return {"id": row.id, "high_water": row.high_water, "gaps": row.gaps}
