"""A file of an older server opens, and knows what it knew."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from mplp_mock_server import MockServer

# The tables as the first version made them, with one context, and one confirmation that has expired since.
_FIRST = Path(__file__).parent / "first_version.sql"


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    file = tmp_path / "old.db"
    with closing(sqlite3.connect(file)) as database:
        database.executescript(_FIRST.read_text())
    return file


def test_an_older_file_is_brought_up_to_date(old_file: Path) -> None:
    with MockServer(old_file) as server, httpx.Client(base_url=f"{server.url}/v1.0") as api:

        def read(path: str, **query: Any) -> Any:
            return api.get(path, params=query).json()["data"]

        assert read("/contexts/c")["name"] == "old"
        assert read("/contexts/c/state")["state_version"] == "1"
        assert api.post("/contexts/c/snapshots", json={}).status_code == 201
        expired = read("/confirmations", status="expired", sort="id")["items"]
        assert [one["id"] for one in expired] == ["due", "odd"]
        assert [one["id"] for one in read("/confirmations", status="pending")["items"]] == ["never"]
        assert [one["id"] for one in read("/roles", sort="id")["items"]] == ["admin", "developer", "viewer"]
    with closing(sqlite3.connect(old_file)) as database:
        assert database.execute("PRAGMA user_version").fetchone()[0] > 1
        (body,) = database.execute("SELECT body FROM objects WHERE id = 'due'").fetchone()
    assert json.loads(body)["result"]["status"] == "expired"
