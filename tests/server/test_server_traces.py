"""Traces: spans recorded one by one or together, and the one row that lists show of each trace."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from mplp_sdk.models import STRICT, Span, TraceSummary

Json = dict[str, Any]
Make = Callable[..., Json]


def code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


def summary(api: httpx.Client, trace_id: str) -> Json:
    answer = api.get(f"/traces/{trace_id}")
    assert answer.status_code == 200, answer.text
    data: Json = answer.json()["data"]
    TraceSummary.model_validate(data)
    return data


def spans(api: httpx.Client, trace_id: str) -> list[Json]:
    data: list[Json] = api.get(f"/traces/{trace_id}/spans").json()["data"]
    return data


def opened(span: Json) -> Json:
    return {**span, "timestamp": {"start": span["timestamp"]["start"]}}


@pytest.mark.requirement("EP-TRACES-CREATE", "EP-TRACES-SPANS", "HTTP-CREATE-201")
def test_a_span_is_stored_and_read_back(api: httpx.Client, make_span: Make) -> None:
    span = make_span(x_odd={"kept": True}, metadata={"tags": {"a": None}})
    answer = api.post("/traces", json=span)
    assert (answer.status_code, answer.json()["data"]) == (201, span)
    assert spans(api, span["trace_id"]) == [span]


def test_the_example_of_the_design_document_is_a_span(api: httpx.Client) -> None:
    span = {
        "trace_id": f"trace-{uuid.uuid4()}",
        "span_id": "span-456",
        "context_id": "ctx-789",
        "agent_id": "agent-001",
        "action": {
            "name": "execute_task",
            "type": "execute",
            "parameters": {"task_id": "t"},
            "duration": "150ms",
        },
        "timestamp": {"start": "2025-01-27T18:40:32.123Z", "end": "2025-01-27T18:40:32.273Z"},
        "result": {"status": "success", "output": {"result": "ok"}, "metrics": {"memory_usage": "64MB"}},
    }
    first = api.post("/traces", json=span).json()["data"]
    assert first == {**span, "id": "span-456"}
    assert api.post("/traces", json=span).json()["data"] == first
    assert len(spans(api, span["trace_id"])) == 1


@pytest.mark.requirement("OBJ-CREATE-FILLED", "ID-MADE")
def test_a_span_without_a_name_gets_one(api: httpx.Client, make_span: Make) -> None:
    made = api.post("/traces", json=make_span(id=None, span_id=None)).json()["data"]
    Span.model_validate(made, context=STRICT)
    assert made["id"] == made["span_id"]


@pytest.mark.requirement("OBJ-TRACE-OUTPUT")
@pytest.mark.parametrize("output", ["text", 7, [1, 2], True])
def test_a_bare_output_becomes_an_object(api: httpx.Client, make_span: Make, output: object) -> None:
    made = api.post("/traces", json=make_span(result={"output": output})).json()["data"]
    assert made["result"]["output"] == {"value": output}


@pytest.mark.requirement("OBJ-TRACE-CLOSED-WINS")
@pytest.mark.parametrize("order", ["open first", "closed first"])
def test_a_closed_span_wins_in_either_order(api: httpx.Client, make_span: Make, order: str) -> None:
    closed = make_span()
    both = [opened(closed), closed] if order == "open first" else [closed, opened(closed)]
    answers = [api.post("/traces", json=span) for span in both]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1].json()["data"] == closed
    assert spans(api, closed["trace_id"]) == [closed]
    assert summary(api, closed["trace_id"])["span_count"] == 1


@pytest.mark.requirement("HTTP-REPEAT-BY-ID", "HTTP-REPEAT-CONFLICT")
def test_another_span_with_the_same_id_is_a_conflict(api: httpx.Client, make_span: Make) -> None:
    span = make_span()
    first = api.post("/traces", json=span)
    assert api.post("/traces", json=span).json()["data"] == first.json()["data"]
    other = {**span, "action": {"name": "other", "type": "execute"}}
    answer = api.post("/traces", json=other)
    assert (answer.status_code, code(answer)) == (409, "4003")
    assert spans(api, span["trace_id"]) == [span]


@pytest.mark.requirement("HTTP-REPEAT-BY-KEY", "HTTP-REPEAT-CONFLICT")
def test_a_key_makes_a_span_without_an_id_repeatable(api: httpx.Client, make_span: Make) -> None:
    span, key = make_span(id=None, span_id=None), {"idempotency-key": str(uuid.uuid4())}
    first = api.post("/traces", json=span, headers=key).json()["data"]
    assert api.post("/traces", json=span, headers=key).json()["data"] == first
    assert len(spans(api, span["trace_id"])) == 1
    assert code(api.post("/traces", json={**span, "x": 1}, headers=key)) == "4003"


WRONG: list[tuple[Json, str, str]] = [
    ({"trace_id": None}, "3002", "trace_id"),
    ({"action": None}, "3002", "action"),
    ({"action": {"name": "n", "type": "odd"}}, "3001", "action.type"),
    ({"action": {"name": 7, "type": "execute"}}, "3006", "action.name"),
    ({"action": {"name": "n", "type": "execute", "parameters": "p"}}, "3006", "action.parameters"),
    ({"action": {"name": "n", "type": "execute", "duration": "soon"}}, "3003", "action.duration"),
    ({"timestamp": {"start": "yesterday"}}, "3003", "timestamp.start"),
    ({"timestamp": {"start": "0001-01-01T00:00:00+14:00"}}, "3003", "timestamp.start"),
    ({"timestamp": {"start": "9999-12-31T23:59:59-14:00"}}, "3003", "timestamp.start"),
    ({"timestamp": {}}, "3002", "timestamp.start"),
    ({"timestamp": []}, "3006", "timestamp"),
    ({"result": {"status": "fine"}}, "3001", "result.status"),
    ({"result": {"metrics": []}}, "3006", "result.metrics"),
    ({"metadata": {"updated_at": "later"}}, "3003", "metadata.updated_at"),
    ({"performance": {"duration": -1}}, "3003", "performance.duration"),
    ({"trace_id": ""}, "3004", "trace_id"),
    ({"trace_id": "x" * 256}, "3003", "trace_id"),
    ({"agent_id": "line\nbreak"}, "3003", "agent_id"),
    ({"parent_span_id": "bell\x07"}, "3003", "parent_span_id"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "wrong", "field"), WRONG, ids=[f"{row[2]}-{row[1]}" for row in WRONG])
def test_a_wrong_span_is_refused_by_its_field(
    api: httpx.Client, make_span: Make, members: Json, wrong: str, field: str
) -> None:
    span = make_span(**members)
    answer = api.post("/traces", json=span)
    told = answer.json()["error"]
    assert (answer.status_code, told["code"], told["details"]["field"]) == (400, wrong, field), told
    if isinstance(span.get("trace_id"), str) and len(span["trace_id"]) == 36:
        assert api.get(f"/traces/{span['trace_id']}").status_code == 404


def test_times_come_in_any_spelling_that_can_be_read(api: httpx.Client, make_span: Make) -> None:
    for start in (
        "2026-01-02T03:04:05Z",
        "2026-01-02 04:04:05+01:00",
        "2026-01-02T03:04:05",
        "20260102T030405Z",
    ):
        span = make_span(timestamp={"start": start}, metadata={"updated_at": "20260102T030405Z"})
        assert api.post("/traces", json=span).json()["data"] == span
        assert summary(api, span["trace_id"])["start"] == "2026-01-02T03:04:05.000Z"


@pytest.mark.requirement("EP-TRACES-BATCH", "HTTP-CREATE-201")
def test_a_batch_is_stored_whole_or_not_at_all(api: httpx.Client, make_span: Make) -> None:
    trace_id = str(uuid.uuid4())
    batch = [make_span(trace_id=trace_id) for _ in range(3)]
    answer = api.post("/traces/batch", json=batch)
    assert (answer.status_code, answer.json()["data"]) == (201, batch)
    bad = [make_span(trace_id=trace_id), make_span(trace_id=trace_id, action={"name": "n", "type": "odd"})]
    told = api.post("/traces/batch", json=bad).json()["error"]
    assert (told["code"], told["details"]["field"]) == ("3001", "[1].action.type")
    conflicting = [make_span(trace_id=trace_id), {**batch[0], "x": 1}]
    assert code(api.post("/traces/batch", json=conflicting)) == "4003"
    assert len(spans(api, trace_id)) == 3
    assert code(api.post("/traces/batch", json=[7])) == "3006"
    assert api.post("/traces/batch", json=[]).json()["data"] == []


def test_a_batch_may_hold_both_records_of_a_span(api: httpx.Client, make_span: Make) -> None:
    span = make_span()
    assert api.post("/traces/batch", json=[opened(span), span]).status_code == 201
    assert spans(api, span["trace_id"]) == [span]
    assert summary(api, span["trace_id"])["status"] == "unknown"


@pytest.mark.requirement("EP-TRACES-GET", "EP-TRACES-LIST")
def test_the_row_of_a_trace_tells_the_whole_run(api: httpx.Client, make_span: Make) -> None:
    root = make_span(
        action={"name": "agent", "type": "invoke"},
        timestamp={"start": "2026-01-02T03:00:00Z", "end": "2026-01-02T03:00:09Z"},
        result={"status": "success"},
    )
    trace_id, context_id = root["trace_id"], root["context_id"]

    def child(second: int, status: str, **metrics: Any) -> Json:
        return make_span(
            trace_id=trace_id,
            parent_span_id=root["id"],
            timestamp={"start": f"2026-01-02T03:00:0{second}Z", "end": f"2026-01-02T03:00:0{second}.5Z"},
            result={"status": status, "metrics": metrics},
        )

    api.post("/traces", json=opened(root))
    assert summary(api, trace_id) == {
        "trace_id": trace_id,
        "context_id": context_id,
        "agent_id": root["agent_id"],
        "name": "agent",
        "root_span_id": root["id"],
        "status": "running",
        "start": "2026-01-02T03:00:00.000Z",
        "span_count": 1,
        "error_count": 0,
    }
    api.post("/traces", json=child(1, "success", total_tokens=10))
    api.post("/traces", json=child(2, "failure", input_tokens=3, output_tokens=4))
    api.post("/traces", json=child(3, "timeout", total_tokens="many"))
    api.post("/traces", json=root)
    whole = summary(api, trace_id)
    assert (whole["status"], whole["end"]) == ("success", "2026-01-02T03:00:09.000Z")
    assert (whole["span_count"], whole["error_count"], whole["total_tokens"]) == (4, 2, 17)
    listed = api.get("/traces", params={"context_id": context_id}).json()["data"]
    assert listed["items"] == [whole]
    assert [span["timestamp"]["start"][-3:] for span in spans(api, trace_id)] == ["00Z", "01Z", "02Z", "03Z"]


def test_a_trace_without_a_root_has_no_name_and_no_outcome(api: httpx.Client, make_span: Make) -> None:
    span = make_span(parent_span_id="elsewhere", result={"status": "success"})
    api.post("/traces", json=span)
    row = summary(api, span["trace_id"])
    assert row["status"] == "unknown"
    assert not {"name", "root_span_id", "total_tokens"} & set(row)


@pytest.mark.requirement("EP-TRACES-LIST", "LIST-FILTERS", "LIST-SORT")
def test_traces_are_listed_newest_first_and_by_what_they_are(api: httpx.Client, make_span: Make) -> None:
    context_id = str(uuid.uuid4())
    made = [
        make_span(
            context_id=context_id, timestamp={"start": f"2026-02-0{day}T00:00:00Z"}, agent_id=f"agent-{day}"
        )
        for day in (2, 1, 3)
    ]
    for span in made:
        api.post("/traces", json=span)

    def listed(**query: str) -> list[str]:
        found = api.get("/traces", params={"context_id": context_id, **query}).json()["data"]["items"]
        return [row["agent_id"] for row in found]

    assert listed() == ["agent-3", "agent-2", "agent-1"]
    assert listed(sort="start") == ["agent-1", "agent-2", "agent-3"]
    assert listed(sort="span_count,-start") == ["agent-3", "agent-2", "agent-1"]
    assert listed(agent_id="agent-2", status="running", name="search") == ["agent-2"]
    assert listed(status="success") == []


@pytest.mark.requirement("EP-TRACES-SPANS", "EP-TRACES-GET")
def test_a_trace_that_nobody_recorded_answers_4001(api: httpx.Client) -> None:
    for path in ("/traces/none", "/traces/none/spans"):
        answer = api.get(path)
        assert (answer.status_code, code(answer)) == (404, "4001")
