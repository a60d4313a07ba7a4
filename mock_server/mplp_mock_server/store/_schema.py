"""Tables of the SQLite store, and how an older file is brought up to date.

`user_version` counts the steps that a file has seen. A step, once released, is never changed.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from mplp_mock_server.store._interface import StoreUnusable

__all__ = ["migrate"]

_APPLICATION_ID: Final = 0x4D504C50  # "MPLP", so that the file says whose it is

# Spans have no index but their key, which holds a trace together on disk: each further index costs a
# third of the ingest rate. What lists of traces filter and sort by is kept in `traces`, one row a trace.
_FIRST = """
CREATE TABLE objects (
    kind TEXT NOT NULL, id TEXT NOT NULL,
    context_id TEXT, plan_id TEXT, status TEXT, type TEXT, name TEXT, stage TEXT,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, body BLOB NOT NULL, record BLOB,
    PRIMARY KEY (kind, id)
);
CREATE INDEX objects_by_age ON objects (kind, created_at);
CREATE INDEX objects_by_context ON objects (kind, context_id, created_at);
CREATE TABLE spans (
    trace_id TEXT NOT NULL, id TEXT NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER, root INTEGER NOT NULL, status TEXT, tokens INTEGER,
    updated_at INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (trace_id, id)
) WITHOUT ROWID;
CREATE TABLE traces (
    trace_id TEXT NOT NULL PRIMARY KEY,
    lead_root INTEGER NOT NULL, lead_start INTEGER NOT NULL, lead_id TEXT NOT NULL, lead_status TEXT,
    context_id TEXT NOT NULL, agent_id TEXT NOT NULL, name TEXT NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER,
    span_count INTEGER NOT NULL, open_count INTEGER NOT NULL, error_count INTEGER NOT NULL,
    token_count INTEGER NOT NULL, tokens INTEGER NOT NULL, status TEXT NOT NULL
);
CREATE INDEX traces_by_start ON traces (start);
CREATE INDEX traces_by_context ON traces (context_id, start);
CREATE TABLE streams (id TEXT NOT NULL PRIMARY KEY, high_water INTEGER NOT NULL);
CREATE TABLE stream_gaps (
    stream_id TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (stream_id, first)
) WITHOUT ROWID;
CREATE TABLE remembered (key TEXT NOT NULL PRIMARY KEY, digest BLOB NOT NULL, body BLOB NOT NULL);
"""

# What belongs to an object and goes with it. `seq` keeps the order in which parts came. Of the times at which
# pending confirmations expire, older files know whole seconds; who looks closer writes them anew.
_PARTS = """
CREATE TABLE parts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, owner TEXT NOT NULL, id TEXT NOT NULL,
    name TEXT, status TEXT, created_at INTEGER NOT NULL, body BLOB NOT NULL, content BLOB,
    UNIQUE (kind, owner, id)
);
ALTER TABLE objects ADD COLUMN expires_at INTEGER;
UPDATE objects SET expires_at =
    CAST(strftime('%s', json_extract(CAST(body AS TEXT), '$.expires_at')) AS INTEGER) * 1000000
    WHERE kind = 'confirmation' AND (status = 'pending' OR status IS NULL);
CREATE INDEX objects_by_expiry ON objects (kind, expires_at) WHERE expires_at IS NOT NULL;
"""

_STEPS: Final = (_FIRST, _PARTS)


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Make the tables, or bring those of an older file up to date, in one transaction.

    Raises:
        StoreUnusable: the file belongs to another program, or to a newer server.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _check_owner(connection, path)
        for number, step in enumerate(_STEPS[version:], start=version + 1):
            _run(connection, step)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _check_owner(connection: sqlite3.Connection, path: str) -> int:
    owner: int = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if owner != _APPLICATION_ID and (owner or version or tables):
        raise StoreUnusable(f"{path} is the database of another program; name another file")
    if version > len(_STEPS):
        raise StoreUnusable(
            f"{path} was written by a newer server: its version is {version}, this one knows {len(_STEPS)}"
        )
    return version


def _run(connection: sqlite3.Connection, script: str) -> None:
    # Not executescript, which commits the transaction that it finds.
    for statement in script.split(";"):
        if statement.strip():
            connection.execute(statement)
