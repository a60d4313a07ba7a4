"""Response bodies in all their spellings."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mplp_sdk.models import Confirmation, Plan
from mplp_sdk.protocol.envelope import Envelope

PLAN: Any = {"id": "p1", "name": "p", "tasks": [], "metadata": {"own": 1}}
CONFIRMATION: Any = {
    "id": "k1",
    "type": "approval",
    "target": {"type": "task", "id": "t1"},
    "criteria": {},
    "result": {"status": "pending"},
}
read_plan = TypeAdapter(Plan).validate_python


def envelope(body: object) -> Envelope:
    return Envelope(json.dumps(body).encode())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"success": True, "data": PLAN}, id="protocol"),
        pytest.param(
            {"success": True, "data": {"result": PLAN, "metadata": {}}, "meta": {}},
            id="data.result",
            marks=pytest.mark.requirement("WIRE-ACCEPT-DATA-RESULT"),
        ),
        pytest.param(PLAN, id="bare", marks=pytest.mark.requirement("WIRE-ACCEPT-BARE")),
        pytest.param({"data": PLAN}, id="data alone"),
        pytest.param({"success": None, "data": PLAN}, id="null success"),
    ],
)
def test_where_the_value_may_stand(body: object) -> None:
    plan = envelope(body).read(read_plan)
    assert (plan.id, plan.metadata) == ("p1", {"own": 1})


@pytest.mark.requirement("WIRE-ACCEPT-BARE")
def test_a_bare_array() -> None:
    plans = envelope([PLAN, PLAN]).read(TypeAdapter(list[Plan]).validate_python)
    assert [plan.id for plan in plans] == ["p1", "p1"]


@pytest.mark.parametrize("body", [{"success": True, "data": CONFIRMATION}, CONFIRMATION])
def test_an_object_with_a_result_of_its_own_is_not_opened_further(body: object) -> None:
    found = envelope(body).read(TypeAdapter(Confirmation).validate_python)
    assert found.result is not None
    assert found.result.status == "pending"


@pytest.mark.requirement("WIRE-ACCEPT-META", "WIRE-ACCEPT-SNAKE-CASE")
@pytest.mark.parametrize("name", ["metadata", "meta"])
def test_metadata_in_both_spellings(name: str) -> None:
    body = {"success": True, "data": PLAN, name: {"request_id": "r", "processing_time": 3}}
    assert envelope(body).metadata() == {"request_id": "r", "processing_time": 3}
    assert envelope(PLAN).metadata() == {}


@pytest.mark.parametrize(
    "body",
    [
        {"success": False, "error": {"code": 4001, "message": "gone", "retry_after": 1500}},
        {"error": {"code": 4001, "message": "gone", "retryAfter": 1500}},
        {"code": 4001, "message": "gone", "retry_after": 1500},
    ],
)
def test_errors_in_several_spellings(body: object) -> None:
    error = envelope(body).error()
    assert error is not None
    assert (error.code, error.message, error.retry_after) == (4001, "gone", 1.5)


@pytest.mark.parametrize(
    ("body", "message"),
    [({"error": "no"}, "no"), ({"detail": "nothing here"}, "nothing here"), ({"error": {"code": []}}, None)],
)
def test_errors_without_a_code(body: object, message: str | None) -> None:
    error = envelope(body).error()
    assert error is not None
    assert (error.code, error.message) == (None, message)


@pytest.mark.parametrize("hint", [-1, True, "5", None, 1e400])
def test_nonsense_hints_are_none(hint: object) -> None:
    error = envelope({"error": {"code": "4004", "retry_after": hint}}).error()
    assert error is None or error.retry_after is None


def test_details_of_another_shape_are_kept() -> None:
    error = envelope({"error": {"code": "3001", "details": ["a", "b"]}}).error()
    assert error is not None
    assert error.details == {"details": ["a", "b"]}


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["error", "data"]), inner),
    max_leaves=10,
)
members = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("success", "data", "error", "metadata", "meta", "result"), json_values),
)


@given(st.binary() | members.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_it_is_read_or_refused(body: bytes) -> None:
    opened = Envelope(body)
    assert opened.failed in {True, False}
    assert isinstance(opened.metadata(), dict)
    opened.error()
    try:
        opened.read(read_plan)
    except ValueError:
        return


def test_a_deep_body_is_refused_and_not_a_crash() -> None:
    body = b'{"success": true, "data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    opened = Envelope(body)
    assert opened.error() is None
    with pytest.raises(ValueError, match="recursion"):
        opened.read(read_plan)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"data": NaN}', b"<html>"])
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="line 1"):
        Envelope(body).read(lambda data: data)
