"""The rules of the protocol: what may be created, how it may change, what adds up to what.

No HTTP here, and no SQL: services take plain values, raise `mplp_sdk.errors`, and work in transactions of the
`store`.
"""

from __future__ import annotations

from dataclasses import dataclass

from mplp_mock_server.clock import Clock
from mplp_mock_server.services._json_depth import check_depth
from mplp_mock_server.services._validation import JsonObject, check_id, optional_text, required_text
from mplp_mock_server.services.confirmations import Confirmations
from mplp_mock_server.services.contexts import Contexts
from mplp_mock_server.services.ingest import Ingest, Position
from mplp_mock_server.services.plans import Plans
from mplp_mock_server.services.streams import Streams
from mplp_mock_server.services.traces import Traces
from mplp_mock_server.store import Store

__all__ = [
    "JsonObject",
    "Position",
    "Services",
    "check_depth",
    "check_id",
    "optional_text",
    "required_text",
]


@dataclass(frozen=True)
class Services:
    """All services of one server, on one store."""

    contexts: Contexts
    plans: Plans
    confirmations: Confirmations
    traces: Traces
    ingest: Ingest
    streams: Streams
    store: Store

    @classmethod
    def on(cls, store: Store, clock: Clock) -> Services:
        """The services that work on `store` and go by `clock`."""
        return cls(
            contexts=Contexts(store, clock),
            plans=Plans(store, clock),
            confirmations=Confirmations(store, clock),
            traces=Traces(store),
            ingest=Ingest(store),
            streams=Streams(store),
            store=store,
        )
