"""Operations: what is asked for, and what is refused before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mplp_sdk import errors
from mplp_sdk.client import Call, calls

SPAN: Any = {
    "trace_id": "t1",
    "context_id": "c1",
    "agent_id": "a1",
    "action": {"name": "look", "type": "execute"},
    "timestamp": {"start": "2026-01-02T03:04:05.678Z"},
}
TARGET: Any = {"type": "task", "id": "t1"}

careless: Any = calls
"""The same, for calls that a type checker would refuse already."""


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: calls.contexts.create(name="c"), ("POST", "/contexts", {"name": "c"})),
        (lambda: calls.contexts.get("c1"), ("GET", "/contexts/c1", None)),
        (lambda: calls.contexts.update("c1", name="d"), ("PUT", "/contexts/c1", {"name": "d"})),
        (lambda: calls.contexts.delete("c1"), ("DELETE", "/contexts/c1", None)),
        (
            lambda: calls.contexts.set_status("c1", "suspended", reason="lunch"),
            ("PUT", "/contexts/c1/status", {"status": "suspended", "reason": "lunch"}),
        ),
        (
            lambda: calls.plans.create(name="p", tasks=[{"name": "t"}]),
            ("POST", "/plans", {"name": "p", "tasks": [{"name": "t"}]}),
        ),
        (lambda: calls.plans.get("p1"), ("GET", "/plans/p1", None)),
        (lambda: calls.plans.update("p1", name="q"), ("PUT", "/plans/p1", {"name": "q"})),
        (lambda: calls.plans.delete("p1"), ("DELETE", "/plans/p1", None)),
        (
            lambda: calls.confirmations.create(target=TARGET, type="approval"),
            ("POST", "/confirmations", {"target": TARGET, "type": "approval"}),
        ),
        (lambda: calls.confirmations.get("k1"), ("GET", "/confirmations/k1", None)),
        (
            lambda: calls.confirmations.decide("k1", "approved", approver_id="ann", comments=["fine"]),
            (
                "POST",
                "/confirmations/k1/decide",
                {"decision": "approved", "approver_id": "ann", "comments": ["fine"]},
            ),
        ),
        (lambda: calls.traces.record(**SPAN), ("POST", "/traces", SPAN)),
        (lambda: calls.traces.record_batch([SPAN, SPAN]), ("POST", "/traces/batch", [SPAN, SPAN])),
        (lambda: calls.traces.get("t1"), ("GET", "/traces/t1", None)),
        (lambda: calls.traces.spans("t1"), ("GET", "/traces/t1/spans", None)),
        (calls.system.list_streams, ("GET", "/streams", None)),
        (lambda: calls.system.get_stream("s1"), ("GET", "/streams/s1", None)),
        (calls.system.health, ("GET", "/health", None)),
        (calls.system.ready, ("GET", "/ready", None)),
    ],
)
def test_endpoints(call: Callable[[], Call[Any]], expected: tuple[str, str, object]) -> None:
    made = call()
    assert (made.method, made.path, json.loads(made.body) if made.body else None) == expected
    assert made.headers == ({"content-type": "application/json"} if made.body else {})
    assert made.keyed is (made.method == "POST")


def test_lists_send_what_is_asked_and_nothing_else() -> None:
    assert calls.plans.list().params == {"page": "1", "pageSize": "50"}
    call = calls.traces.list(context_id="c1", status="failure", page=3, page_size=7, sort="-start")
    assert call.params == {
        "page": "3",
        "pageSize": "7",
        "sort": "-start",
        "context_id": "c1",
        "status": "failure",
    }


def test_ingest_names_its_stream_and_encoding() -> None:
    call = calls.system.ingest(b"\x28\xb5", stream="s1", sequence=41, encoding="zstd")
    assert (call.method, call.path, call.body) == ("POST", "/ingest", b"\x28\xb5")
    assert call.headers == {
        "content-type": "application/x-ndjson",
        "content-encoding": "zstd",
        "x-mplp-stream": "s1",
        "x-mplp-sequence": "41",
    }
    assert calls.system.ingest(b"").headers == {"content-type": "application/x-ndjson"}


@pytest.mark.parametrize("arguments", [{"stream": "s1"}, {"sequence": 1}])
def test_a_stream_and_its_number_go_together(arguments: Any) -> None:
    with pytest.raises(errors.InvalidRequest, match="go together"):
        calls.system.ingest(b"", **arguments)


@given(st.text())
def test_no_id_becomes_another_path(untrusted: str) -> None:
    try:
        path = calls.plans.get(untrusted).path
    except errors.InvalidFormat:
        return
    segment = path.removeprefix("/plans/")
    assert segment not in {"", ".", ".."}
    assert segment.isascii()
    assert not set(segment) & set("/\\?#;:@&=+ ")
    assert "%2F" not in segment.upper()


@pytest.mark.parametrize(
    "untrusted",
    ["", ".", "..", "a/b", "..\\x", "a\nb", "x" * 256, None, 7],
    ids=lambda value: repr(value)[:9],
)
def test_ids_that_no_path_can_carry_are_refused(untrusted: Any) -> None:
    with pytest.raises(errors.InvalidFormat) as raised:
        calls.traces.spans(untrusted)
    assert raised.value.details["field"] == "trace_id"
    assert raised.value.attempts == 0


@pytest.mark.requirement("OBJ-CREATE-INPUTS")
@pytest.mark.parametrize(
    ("make", "kind", "field"),
    [
        (lambda: careless.plans.create(tasks=[]), errors.RequiredFieldMissing, "name"),
        (lambda: careless.plans.create(name="p", tasks=[{}]), errors.RequiredFieldMissing, "tasks.0.name"),
        (lambda: careless.plans.create(name="p", tasks=[], colour="red"), errors.ValidationFailed, "colour"),
        (
            lambda: careless.plans.create(name="p", tasks=[{"name": "t", "status": "odd"}]),
            errors.ValidationFailed,
            "tasks.0.status",
        ),
        (lambda: careless.contexts.set_status("c1", "odd"), errors.ValidationFailed, "status"),
        (
            lambda: careless.confirmations.decide("k1", "maybe", approver_id="a"),
            errors.ValidationFailed,
            "decision",
        ),
        (lambda: careless.traces.record_batch([SPAN, {}]), errors.RequiredFieldMissing, "1.trace_id"),
        (lambda: careless.contexts.create(metadata={"x": object()}), errors.ValidationFailed, ""),
        (lambda: careless.contexts.create(metadata={"x": [float("nan")]}), errors.ValidationFailed, ""),
        (lambda: careless.contexts.create(name="\ud800"), errors.ValidationFailed, ""),
        (lambda: careless.plans.list(page=0), errors.ValueOutOfRange, "page"),
        (lambda: careless.plans.list(page_size=1001), errors.ValueOutOfRange, "page_size"),
    ],
)
def test_a_callers_mistake_is_told_before_anything_is_sent(
    make: Callable[[], Any], kind: type[errors.InvalidRequest], field: str
) -> None:
    with pytest.raises(kind) as raised:
        make()
    assert raised.value.details["field"] == field
    assert raised.value.details["reason"]
    assert raised.value.status is None
    assert raised.value.attempts == 0


def test_null_may_be_sent() -> None:
    assert calls.contexts.create(metadata={"x": None}).body == b'{"metadata":{"x":null}}'


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(errors.ValidationFailed) as raised:
        careless.plans.create(name=1, tasks=2)
    assert [mistake["field"] for mistake in raised.value.details["errors"]] == ["name", "tasks"]
