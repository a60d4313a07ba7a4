"""Many callers at once: one of them creates, each gets an answer, and nothing is counted twice."""

from __future__ import annotations

import json
import resource
import sqlite3
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pytest

from mplp_mock_server import MockServer

Json = dict[str, Any]
CALLERS = 12
NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture(scope="module", params=["file", "memory"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockServer]:
    file = str(tmp_path_factory.mktemp("concurrent") / "run.db") if request.param == "file" else ":memory:"
    with MockServer(file) as running:
        yield running


def together(call: Callable[[httpx.Client, int], httpx.Response], url: str) -> list[httpx.Response]:
    """What `call` answers to each of the callers, who start at the same time."""
    start = Barrier(CALLERS)

    def caller(number: int) -> httpx.Response:
        with httpx.Client(base_url=f"{url}/v1.0", timeout=30) as api:
            start.wait()
            return call(api, number)

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(caller, range(CALLERS)))


def test_one_of_many_creates_with_the_same_id(server: MockServer) -> None:
    own = str(uuid.uuid4())
    same = together(lambda api, _: api.post("/contexts", json={"id": own}), server.url)
    assert {answer.status_code for answer in same} == {201}
    assert len({answer.json()["data"]["metadata"]["created_at"] for answer in same}) == 1
    other = str(uuid.uuid4())
    answers = together(lambda api, n: api.post("/contexts", json={"id": other, "name": str(n)}), server.url)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: CALLERS - 1}


@pytest.mark.parametrize("path", ["/plans", "/traces"])
def test_one_key_does_it_once(server: MockServer, path: str, make_span: Callable[..., Json]) -> None:
    body = make_span(id=None, span_id=None) if path == "/traces" else {"name": "p", "tasks": []}
    key = {"idempotency-key": str(uuid.uuid4())}
    answers = together(lambda api, _: api.post(path, json=body, headers=key), server.url)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["data"]["id"] for answer in answers}) == 1


def test_spans_that_come_together_are_all_counted_and_conflicts_hit_only_their_own(
    server: MockServer, make_span: Callable[..., Json]
) -> None:
    trace_id, fought = str(uuid.uuid4()), str(uuid.uuid4())

    def call(api: httpx.Client, number: int) -> httpx.Response:
        for _ in range(20):
            assert api.post("/traces", json=make_span(trace_id=trace_id)).status_code == 201
        return api.post("/traces", json=make_span(id=fought, trace_id=trace_id, x=number))

    answers = together(call, server.url)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: CALLERS - 1}
    row = httpx.get(f"{server.url}/v1.0/traces/{trace_id}").json()["data"]
    assert row["span_count"] == CALLERS * 20 + 1


def test_one_stream_from_many_counts_each_line_once(
    server: MockServer, make_span: Callable[..., Json]
) -> None:
    trace_id, stream = str(uuid.uuid4()), str(uuid.uuid4())
    spans = [make_span(trace_id=trace_id) for _ in range(200)]
    body = "\n".join(json.dumps({"kind": "trace", "object": span}) for span in spans)
    headers = {**NDJSON, "x-mplp-stream": stream, "x-mplp-sequence": "1"}
    answers = together(lambda api, _: api.post("/ingest", content=body, headers=headers), server.url)
    assert {answer.json()["data"]["stream"]["high_water"] for answer in answers} == {200}
    assert httpx.get(f"{server.url}/v1.0/traces/{trace_id}").json()["data"]["span_count"] == 200


def test_one_of_many_moves_is_made(server: MockServer) -> None:
    own = httpx.post(f"{server.url}/v1.0/contexts", json={}).json()["data"]["id"]

    def call(api: httpx.Client, number: int) -> httpx.Response:
        status = "completed" if number % 2 else "failed"
        return api.put(f"/contexts/{own}/status", json={"status": status})

    answers = together(call, server.url)
    final = httpx.get(f"{server.url}/v1.0/contexts/{own}").json()["data"]["status"]
    for number, answer in enumerate(answers):
        wanted = "completed" if number % 2 else "failed"
        assert answer.status_code == (200 if wanted == final else 405)


@pytest.mark.requirement("EP-READY")
def test_a_database_that_fails_answers_1003_and_comes_back(
    tmp_path: Path, make_span: Callable[..., Json]
) -> None:
    """Somebody else holds the file: nothing can be written, what is there can be read."""
    file = tmp_path / "held.db"
    with MockServer(file) as server, httpx.Client(base_url=server.url, timeout=30) as api:
        made = api.post("/v1.0/contexts", json={}).json()["data"]
        with closing(sqlite3.connect(file, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            for path, body in (("contexts", {"id": "late"}), ("traces", make_span(trace_id="late"))):
                refused = api.post(f"/v1.0/{path}", json=body)
                assert (refused.status_code, refused.json()["error"]["code"]) == (500, "1003")
                assert "locked" not in refused.text
            assert api.get("/ready").status_code == 503
            assert api.get("/health").status_code == 200
            assert api.get(f"/v1.0/contexts/{made['id']}").json()["data"] == made
            holder.execute("ROLLBACK")
        assert api.get("/ready").status_code == 200
        assert api.get("/v1.0/contexts/late").status_code == 404
        assert api.get("/v1.0/traces/late").status_code == 404
        assert api.post("/v1.0/traces", json=make_span(trace_id="late")).status_code == 201


@pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="needs Linux, to limit what another process writes"
)
def test_a_full_disk_answers_1003_keeps_what_was_stored_and_goes_on(
    tmp_path: Path, make_span: Callable[..., Json]
) -> None:
    file = tmp_path / "full.db"
    with MockServer(file, subprocess=True) as server, httpx.Client(base_url=f"{server.url}/v1.0") as api:
        assert server.pid is not None
        made = api.post("/contexts", json={}).json()["data"]
        size = Path(f"{file}-wal").stat().st_size
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        spans = [make_span(metadata={"tags": {"filler": "x" * 20_000}}) for _ in range(20)]
        body = "\n".join(json.dumps({"kind": "trace", "object": span}) for span in spans)
        headers = {**NDJSON, "x-mplp-stream": "s", "x-mplp-sequence": "1"}
        for _ in range(3):
            refused = api.post("/ingest", content=body, headers=headers)
            assert (refused.status_code, refused.json()["error"]["code"]) == (500, "1003")
            assert api.post("/traces", json=spans[0]).status_code == 500
        assert api.get(f"/contexts/{made['id']}").json()["data"] == made
        assert api.get("/streams").json()["data"] == []
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        stored = api.post("/ingest", content=body, headers=headers).json()["data"]
        assert (stored["accepted"], stored["stream"]["high_water"]) == (20, 20)
        assert api.get("/traces").json()["data"]["pagination"]["total"] == 20


def test_what_nobody_expected_is_told_without_its_insides(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "damaged.db"
    with MockServer(file) as server, httpx.Client(base_url=f"{server.url}/v1.0") as api:
        made = api.post("/contexts", json={}).json()["data"]
        with closing(sqlite3.connect(file)) as database, database:
            database.execute("UPDATE objects SET body = x'7b'")
        answer = api.put(f"/contexts/{made['id']}", json={"name": "x"}, headers={"x-request-id": "look-here"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "1001")
        assert "msgspec" not in answer.text
        assert "look-here" in caplog.text
        assert "Traceback" in caplog.text
        assert api.post("/contexts", json={}).status_code == 201
