"""Ingest: any order, any number of times, bad lines among good ones, and streams with marks and gaps."""

from __future__ import annotations

import gzip
import json
import random
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mplp_mock_server import MockServer
from mplp_sdk.models import Span

Json = dict[str, Any]
Make = Callable[..., Json]
Ingest = Callable[..., Json]
NDJSON = {"content-type": "application/x-ndjson"}


def lines(*records: tuple[str, Json]) -> bytes:
    return b"\n".join(json.dumps({"kind": kind, "object": obj}).encode() for kind, obj in records)


def context(**members: Any) -> Json:
    return {
        "id": str(uuid.uuid4()),
        "version": "1.0.0",
        "status": "active",
        "lifecycle_stage": "execution",
        "shared_state": {},
        **members,
    }


OBJECTS: dict[str, Json] = {
    "context": context(),
    "plan": {"id": str(uuid.uuid4()), "name": "p", "tasks": [], "context_id": "not-seen-yet"},
    "confirmation": {
        "id": str(uuid.uuid4()),
        "target": {"type": "task", "id": "not-seen-yet"},
        "type": "approval",
        "criteria": {},
        "result": {"status": "approved", "decisions": [{"decision": "approved"}]},
    },
    "role": {"id": str(uuid.uuid4()), "name": "r", "version": "1.0.0", "capabilities": []},
    "extension": {
        "id": str(uuid.uuid4()),
        "name": "e",
        "version": "1.0.0",
        "type": "plugin",
        "interface": {},
        "implementation": {"runtime": "python", "entry_point": "m:f"},
    },
    "execution": {"id": str(uuid.uuid4()), "status": "running", "plan_id": "not-seen-yet"},
}


@pytest.mark.requirement("EP-INGEST", "INGEST-KINDS", "INGEST-FORWARD-REFERENCES")
def test_each_kind_is_stored_as_it_came(tmp_path: Path, make_span: Make) -> None:
    file, span = tmp_path / "kinds.db", make_span(context_id="not-seen-yet")
    with MockServer(file) as server, httpx.Client(base_url=f"{server.url}/v1.0") as api:
        answer = api.post("/ingest", content=lines(*OBJECTS.items(), ("trace", span)), headers=NDJSON)
        assert answer.json()["data"] == {"accepted": 7, "rejected": []}
        for kind in ("context", "plan", "confirmation"):
            assert api.get(f"/{kind}s/{OBJECTS[kind]['id']}").json()["data"] == OBJECTS[kind]
        assert api.get(f"/traces/{span['trace_id']}/spans").json()["data"] == [span]
    with sqlite3.connect(file) as database:
        stored = {kind: json.loads(body) for kind, body in database.execute("SELECT kind, body FROM objects")}
    database.close()
    assert stored == OBJECTS


@pytest.mark.requirement("INGEST-NO-MOVES")
def test_a_record_moves_to_any_status(api: httpx.Client, ingest: Ingest) -> None:
    own = context()
    for second, status in enumerate(("completed", "active", "failed", "suspended")):
        metadata = {"updated_at": f"2026-01-01T00:00:0{second}Z"}
        ingest([("context", {**own, "status": status, "metadata": metadata})])
        assert api.get(f"/contexts/{own['id']}").json()["data"]["status"] == status


@pytest.mark.requirement("INGEST-UPSERT")
def test_the_newer_record_wins_and_the_earliest_creation_is_kept(api: httpx.Client, ingest: Ingest) -> None:
    own = context()
    newer = {
        **own,
        "name": "newer",
        "metadata": {"updated_at": "2026-01-02T00:00:00Z", "created_at": "2026-01-01T12:00:00Z"},
    }
    older = {
        **own,
        "name": "older",
        "metadata": {"updated_at": "2026-01-01T00:00:00+00:00", "created_at": "2026-01-01T00:00:00Z"},
    }
    silent = {**own, "name": "silent"}
    for record in (newer, older, silent, newer):
        ingest([("context", record)])
    stored = api.get(f"/contexts/{own['id']}").json()["data"]
    assert stored["name"] == "newer"
    assert stored["metadata"] == {
        "updated_at": "2026-01-02T00:00:00Z",
        "created_at": "2026-01-01T00:00:00.000Z",
    }


def test_a_change_over_rest_is_newer_than_what_was_recorded_before(api: httpx.Client, ingest: Ingest) -> None:
    own = context(metadata={"updated_at": "2999-01-01T00:00:00Z"})
    ingest([("context", own)])
    api.put(f"/contexts/{own['id']}", json={"name": "by hand"})
    ingest([("context", own)])
    assert api.get(f"/contexts/{own['id']}").json()["data"]["name"] == "by hand"


_SECONDS = st.integers(0, 3).map(lambda second: f"2026-01-01T00:00:0{second}Z")


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, Json]]:
    """Records of a few objects and spans, with ties, and with spans whose records contradict each other."""
    records: list[tuple[str, Json]] = []
    for _ in range(draw(st.integers(1, 9))):
        metadata = draw(st.fixed_dictionaries({}, optional={"updated_at": _SECONDS, "created_at": _SECONDS}))
        name = draw(st.sampled_from("ab"))
        if draw(st.booleans()):
            obj = context(id=name, name=draw(st.sampled_from("xyz")), metadata=metadata)
            records.append(("context", obj))
            continue
        span: Json = {
            "id": name,
            "trace_id": draw(st.sampled_from("tu")),
            "span_id": name,
            "context_id": draw(st.sampled_from("cd")),
            "agent_id": "agent",
            "action": {"name": draw(st.sampled_from("mn")), "type": "execute"},
            "timestamp": draw(st.fixed_dictionaries({"start": _SECONDS}, optional={"end": _SECONDS})),
            "result": draw(
                st.fixed_dictionaries(
                    {"metrics": st.fixed_dictionaries({}, optional={"total_tokens": st.integers(0, 3)})},
                    optional={"status": st.sampled_from(["success", "failure"])},
                )
            ),
            "metadata": metadata,
        }
        if draw(st.booleans()):
            span["parent_span_id"] = "parent"
        records.append(("trace", span))
    return records


@pytest.fixture(scope="module")
def fresh() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


def state(api: httpx.Client, mark: str) -> Any:
    """Everything that the server shows of the objects whose ids begin with `mark`."""
    found = {
        "contexts": [api.get(f"/contexts/{mark}{name}").json().get("data") for name in "ab"],
        "traces": [api.get(f"/traces/{mark}{name}").json().get("data") for name in "tu"],
        "spans": [api.get(f"/traces/{mark}{name}/spans").json().get("data") for name in "tu"],
    }
    return json.loads(json.dumps(found, sort_keys=True).replace(mark, ""))


@pytest.mark.requirement("INGEST-UPSERT", "OBJ-TRACE-CLOSED-WINS")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=histories(), seed=st.integers(0, 2**32))
def test_any_order_and_number_of_times_ends_in_the_same_state(
    fresh: MockServer, records: list[tuple[str, Json]], seed: int
) -> None:
    shuffled = random.Random(seed)  # noqa: S311

    def told(history: list[tuple[str, Json]]) -> Any:
        mark = f"{uuid.uuid4()}-"
        renamed = json.loads(json.dumps(history))
        for kind, obj in renamed:
            for member in ("id", *(("trace_id",) if kind == "trace" else ())):
                obj[member] = mark + obj[member]
        with httpx.Client(base_url=f"{fresh.url}/v1.0") as api:
            at = 0
            while at < len(renamed):
                step = shuffled.randint(1, len(renamed))
                answer = api.post("/ingest", content=lines(*renamed[at : at + step]), headers=NDJSON)
                assert answer.json()["data"]["rejected"] == []
                at += step
            return state(api, mark)

    expected = told(records)
    again = records + shuffled.choices(records, k=3)
    shuffled.shuffle(again)
    assert told(again) == expected


@pytest.mark.requirement("INGEST-BAD-LINE")
def test_a_bad_line_spoils_no_good_one(api: httpx.Client, make_span: Make) -> None:
    good, deep = make_span(), make_span(action={"name": "n", "type": "execute", "parameters": {"a": "b"}})
    deepest = json.dumps({"kind": "trace", "object": deep}).replace('"b"', "[" * 70 + "]" * 70)
    body = b"\n".join(
        [
            b"not json",
            lines(("trace", good)),
            b"[]",
            b"7",
            b'{"object": {}}',
            b'{"kind": "trace"}',
            b'{"kind": 3, "object": {}}',
            b'{"kind": "poem", "object": {}}',
            b'{"kind": "trace", "object": []}',
            b'{"kind": "context", "object": "x"}',
            lines(("trace", {**good, "action": {"name": "n", "type": "odd"}})),
            lines(("plan", {"id": "p", "name": "p"})),
            b'{"kind": "trace", "object": {"id": "\xff"}}',
            deepest.encode(),
            b'{"kind": "trace", "object": ' + b"[" * 5000 + b"]" * 5000 + b"}",
            lines(("trace", good)) + b" x",
            b'{"kind": "context", "object": {"id": NaN}}',
            b"",
            b"  \r",
            lines(("context", context(id="bell\x07"))),
            lines(("context", context(metadata={"updated_at": "soon"}))),
            b'{"kind": "context", "object": {"id": "x", "n": 1e999}}',
            b'{"kind": "context", "object": {"id": "x", "n": "\\ud800"}}',
        ]
    )
    answer = api.post("/ingest", content=body, headers=NDJSON)
    data = answer.json()["data"]
    assert (answer.status_code, data["accepted"]) == (200, 1)
    assert {one["line"]: one["error"]["code"] for one in data["rejected"]} == {
        1: "3003",
        3: "3006",
        4: "3006",
        5: "3002",
        6: "3002",
        7: "3006",
        8: "3001",
        9: "3006",
        10: "3006",
        11: "3001",
        12: "3002",
        13: "3003",
        14: "3004",
        15: "3004",
        16: "3003",
        17: "3003",
        20: "3003",
        21: "3003",
        22: "3003",
        23: "3003",
    }
    assert all(one["error"]["message"] and one["error"]["name"] for one in data["rejected"])
    assert api.get(f"/traces/{good['trace_id']}/spans").json()["data"] == [good]


ODD_VALUES = [None, True, 0, -1, 1.5, "", "x", "2026-01-01T00:00:00Z", "150ms", [], ["x"], {}, {"x": 1}]
PLACES = [
    *("id", "trace_id", "span_id", "parent_span_id", "context_id", "agent_id", "plan_id", "task_id"),
    *("action", "action.name", "action.type", "action.parameters", "action.duration"),
    *("timestamp", "timestamp.start", "timestamp.end"),
    *("result", "result.status", "result.output", "result.error", "result.metrics"),
    *("metadata", "metadata.tags", "metadata.annotations", "metadata.correlation_id"),
    *("event", "event.type", "event.description", "event.data"),
    *("performance", "performance.duration", "performance.memory_usage", "unknown", "action.unknown"),
]


def with_value(span: Json, place: str, value: Any) -> Json:
    changed: Json = json.loads(json.dumps(span))
    *way, last = place.split(".")
    held = changed
    for step in way:
        held = held.setdefault(step, {})
    held[last] = value
    return changed


def is_a_span(obj: Json) -> bool:
    try:
        Span.model_validate(obj, strict=True, context={"closed_enumerations": True})
    except ValidationError:
        return False
    return True


def test_a_span_is_what_the_model_takes_for_one(ingest: Ingest, make_span: Make) -> None:
    """Spans are read in a faster way than by their model; the two must never differ."""
    odd = [with_value(make_span(), place, value) for place in PLACES for value in ODD_VALUES]
    rejected = {one["line"] for one in ingest([("trace", span) for span in odd])["rejected"]}
    for number, span in enumerate(odd, start=1):
        assert (number not in rejected) == is_a_span(span), span
    assert len(odd) > len(rejected) > 0


@pytest.mark.requirement("INGEST-ENCODINGS")
def test_bodies_come_packed_or_plain(api: httpx.Client, make_span: Make) -> None:
    packers: dict[str, Callable[[bytes], bytes]] = {
        "identity": bytes,
        "gzip": gzip.compress,
        "zstd": zstandard.ZstdCompressor().compress,
        "GZIP": lambda body: gzip.compress(body[:50]) + gzip.compress(body[50:]),
        "zstd ": lambda body: zstandard.compress(body[:50]) + zstandard.compress(body[50:]),
    }
    for encoding, pack in packers.items():
        span = make_span(metadata={"tags": {"filler": random.Random(0).randbytes(30_000).hex()}})  # noqa: S311
        sent = pack(lines(("trace", span)))
        headers = {**NDJSON, "content-encoding": encoding.strip()}
        answer = api.post("/ingest", content=sent, headers=headers)
        assert answer.json()["data"]["accepted"] == 1, answer.text
        assert api.get(f"/traces/{span['trace_id']}/spans").json()["data"] == [span]


@pytest.mark.requirement("INGEST-ENCODINGS")
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("br", b"{}"),
        ("gzip, gzip", gzip.compress(b"{}")),
        ("gzip", b"{}"),
        ("gzip", b""),
        ("gzip", gzip.compress(b"{}")[:-1]),
        ("gzip", gzip.compress(b"{}") + b"tail"),
        ("gzip", gzip.compress(b"") * 100),
        ("zstd", b"{}"),
        ("zstd", b""),
        ("zstd", zstandard.compress(b"x" * 1000)[:-1]),
        ("zstd", zstandard.compress(b"{}") + b"tail"),
        ("zstd", zstandard.compress(b"") * 100),
    ],
)
def test_a_body_that_cannot_be_unpacked_is_refused(api: httpx.Client, encoding: str, body: bytes) -> None:
    answer = api.post("/ingest", content=body, headers={**NDJSON, "content-encoding": encoding})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "3003")


@pytest.mark.requirement("INGEST-BODY-LIMIT", "LIMIT-BODY")
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.ZstdCompressor(level=19).compress])
def test_a_body_is_limited_unpacked_too(
    api: httpx.Client, make_span: Make, pack: Callable[[bytes], bytes]
) -> None:
    encoding = {"bytes": "identity", "compress": "gzip"}.get(getattr(pack, "__name__", ""), "identity")
    if "Zstd" in repr(pack):
        encoding = "zstd"
    headers = {**NDJSON, "content-encoding": encoding}
    span = make_span()
    first = lines(("trace", span)) + b"\n"
    just = first + b" " * (8 * 2**20 - len(first))
    answer = api.post("/ingest", content=pack(just + b" "), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "3004")
    assert api.get(f"/traces/{span['trace_id']}").status_code == 404
    assert api.post("/ingest", content=pack(just), headers=headers).json()["data"]["accepted"] == 1


@pytest.mark.requirement("INGEST-BODY-LIMIT")
@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_is_not_unpacked(api: httpx.Client, encoding: str) -> None:
    size = 2**30 if encoding == "zstd" else 2**28
    if encoding == "zstd":
        packer = zstandard.ZstdCompressor(level=1).compressobj(size=size)
        packed = b"".join([*(packer.compress(bytes(2**24)) for _ in range(size // 2**24)), packer.flush()])
    else:
        packed = gzip.compress(bytes(size), 1)
    assert len(packed) < 8 * 2**20
    answer = api.post("/ingest", content=packed, headers={**NDJSON, "content-encoding": encoding})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "3004")


def test_a_body_of_too_many_lines_is_refused(api: httpx.Client) -> None:
    answer = api.post("/ingest", content=b"x\n" * 65_537, headers=NDJSON)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "3004")


def test_an_empty_body_is_an_empty_batch(api: httpx.Client) -> None:
    for body in (b"", b"\n", b"\n\n \n"):
        answer = api.post("/ingest", content=body, headers=NDJSON)
        assert answer.json()["data"] == {"accepted": 0, "rejected": []}


def numbered(api: httpx.Client, stream: str, first: int, *records: tuple[str, Json]) -> Json:
    headers = {**NDJSON, "x-mplp-stream": stream, "x-mplp-sequence": str(first)}
    data: Json = api.post("/ingest", content=lines(*records), headers=headers).json()["data"]
    return data


@pytest.mark.requirement("INGEST-MARK", "INGEST-REPEAT", "INGEST-GAP", "EP-STREAMS-GET", "EP-STREAMS-LIST")
def test_a_stream_has_a_mark_and_gaps(api: httpx.Client, make_span: Make) -> None:
    stream, trace_id = str(uuid.uuid4()), str(uuid.uuid4())
    records = [("trace", make_span(trace_id=trace_id)) for _ in range(12)]

    def held() -> set[str]:
        answer = api.get(f"/traces/{trace_id}/spans").json()
        return {span["id"] for span in answer.get("data", [])}

    def ids(*numbers: int) -> set[str]:
        return {records[number - 1][1]["id"] for number in numbers}

    def mark(high_water: int, *gaps: list[int]) -> Json:
        return {"id": stream, "high_water": high_water, "gaps": list(gaps)}

    assert api.get(f"/streams/{stream}").json()["error"]["code"] == "4001"
    assert numbered(api, stream, 1, *records[0:2])["stream"] == mark(2)
    assert numbered(api, stream, 1, *records[0:2]) == {"accepted": 2, "rejected": [], "stream": mark(2)}
    assert numbered(api, stream, 2, *records[1:4])["stream"] == mark(4)
    assert held() == ids(1, 2, 3, 4)
    assert numbered(api, stream, 7, *records[6:8])["stream"] == mark(8, [5, 6])
    assert numbered(api, stream, 5, *records[4:6])["stream"] == mark(8, [5, 6])
    assert held() == ids(1, 2, 3, 4, 7, 8)
    assert numbered(api, stream, 12, *records[11:])["stream"] == mark(12, [5, 6], [9, 11])
    assert numbered(api, stream, 100)["stream"] == mark(12, [5, 6], [9, 11])
    assert api.get(f"/streams/{stream}").json()["data"] == mark(12, [5, 6], [9, 11])
    assert mark(12, [5, 6], [9, 11]) in api.get("/streams").json()["data"]


def test_a_rejected_line_has_its_number_too(api: httpx.Client, make_span: Make) -> None:
    stream, good = str(uuid.uuid4()), make_span()
    headers = {**NDJSON, "x-mplp-stream": stream, "x-mplp-sequence": "1"}
    body = b"bad\n" + lines(("trace", good)) + b"\nbad\n"
    answers = [api.post("/ingest", content=body, headers=headers).json()["data"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert [one["line"] for one in answers[0]["rejected"]] == [1, 3]
    assert answers[0]["stream"]["high_water"] == 3


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x-mplp-stream": "s"}, "3002"),
        ({"x-mplp-sequence": "1"}, "3002"),
        ({"x-mplp-stream": "s", "x-mplp-sequence": "0"}, "3004"),
        ({"x-mplp-stream": "s", "x-mplp-sequence": str(2**63)}, "3004"),
        ({"x-mplp-stream": "s", "x-mplp-sequence": "9" * 5000}, "3004"),
        ({"x-mplp-stream": "s", "x-mplp-sequence": "-1"}, "3003"),
        ({"x-mplp-stream": "s", "x-mplp-sequence": "one"}, "3003"),
        ({"x-mplp-stream": "", "x-mplp-sequence": "1"}, "3003"),
        ({"x-mplp-stream": "x" * 256, "x-mplp-sequence": "1"}, "3003"),
        ({"content-type": "application/json"}, "3003"),
        ({"content-type": ""}, "3003"),
    ],
)
def test_headers_that_make_no_sense_are_refused(
    api: httpx.Client, make_span: Make, headers: dict[str, str], code: str
) -> None:
    span = make_span()
    answer = api.post("/ingest", content=lines(("trace", span)), headers={**NDJSON, **headers})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert api.get(f"/traces/{span['trace_id']}").status_code == 404


def test_the_highest_number_can_be_reached_and_not_passed(api: httpx.Client, make_span: Make) -> None:
    stream = str(uuid.uuid4())
    last = 2**53 - 1 - 2**16
    told = numbered(api, stream, last, ("trace", make_span()))
    assert told["stream"]["high_water"] == last
    headers = {**NDJSON, "x-mplp-stream": stream, "x-mplp-sequence": str(last + 1)}
    answer = api.post("/ingest", content=lines(("trace", make_span())), headers=headers)
    assert answer.json()["error"]["code"] == "3004"
