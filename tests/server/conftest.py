"""A server on a real socket for each test file, and clients that speak HTTP to it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from mplp_mock_server import MockServer

Api = httpx.Client
Json = dict[str, Any]


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


@pytest.fixture
def api(server: MockServer) -> Iterator[Api]:
    with httpx.Client(base_url=f"{server.url}/v1.0") as client:
        yield client


@pytest.fixture
def root(server: MockServer) -> Iterator[Api]:
    """A client for what stands outside the base paths."""
    with httpx.Client(base_url=server.url) as client:
        yield client


@pytest.fixture
def make_span() -> Callable[..., Json]:
    """A span with just what is required; arguments replace members."""

    def make(**members: Any) -> Json:
        name = str(uuid.uuid4())
        span: Json = {
            "id": name,
            "trace_id": str(uuid.uuid4()),
            "span_id": name,
            "context_id": str(uuid.uuid4()),
            "agent_id": str(uuid.uuid4()),
            "action": {"name": "search", "type": "execute"},
            "timestamp": {"start": "2026-01-02T03:04:05.000Z", "end": "2026-01-02T03:04:06.000Z"},
        }
        return {key: value for key, value in {**span, **members}.items() if value is not None}

    return make


@pytest.fixture
def ingest(api: Api) -> Callable[..., Json]:
    """Send records by `POST /ingest`, and give back `data` of the answer."""

    def send(records: list[tuple[str, Json]], **headers: str) -> Json:
        lines = [json.dumps({"kind": kind, "object": obj}) for kind, obj in records]
        answer = api.post(
            "/ingest",
            content="\n".join(lines),
            headers={
                "content-type": "application/x-ndjson",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
        )
        assert answer.status_code == 200, answer.text
        data: Json = answer.json()["data"]
        return data

    return send
