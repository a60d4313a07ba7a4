"""Where the server keeps things: one interface, SQLite behind it."""

from mplp_mock_server.store._interface import Gap, Query, Reader, Store, StoreUnusable, Writer
from mplp_mock_server.store._rows import (
    ObjectRow,
    PartRow,
    Remembered,
    SpanFacts,
    SpanRow,
    StreamRow,
    TraceRow,
)
from mplp_mock_server.store.sqlite import SQLiteStore

__all__ = [
    "Gap",
    "ObjectRow",
    "PartRow",
    "Query",
    "Reader",
    "Remembered",
    "SQLiteStore",
    "SpanFacts",
    "SpanRow",
    "Store",
    "StoreUnusable",
    "StreamRow",
    "TraceRow",
    "Writer",
]
