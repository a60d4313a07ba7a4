"""Models of protocol §3: every member, open reading, closed building, nothing lost on the way through."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from mplp_sdk import models
from mplp_sdk.models import STRICT, MPLPModel, Span
from mplp_sdk.protocol.schemas import MODULES
from samples import SAMPLES, sample

KINDS = sorted(MODULES)
CREATES = {
    "context": models.ContextCreate,
    "plan": models.PlanCreate,
    "confirmation": models.ConfirmationCreate,
    "trace": models.SpanCreate,
    "role": models.RoleCreate,
    "extension": models.ExtensionCreate,
    "execution": models.ExecutionCreate,
}
REQUIRED = {
    "context": {"id", "version", "status", "lifecycle_stage", "shared_state"},
    "plan": {"id", "name", "tasks"},
    "confirmation": {"id", "target", "type", "criteria"},
    "trace": {"id", "trace_id", "span_id", "context_id", "agent_id", "action", "timestamp"},
    "role": {"id", "name", "version", "capabilities"},
    "extension": {"id", "name", "version", "type", "interface", "implementation"},
    "execution": {"id", "status"},
}


def undeclared(model: MPLPModel, path: str = "") -> set[str]:
    """Paths of members that `model` only keeps, because no field declares them."""
    found = {f"{path}{name}" for name in model.model_extra or {}}
    for name in type(model).model_fields:
        value = getattr(model, name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, MPLPModel):
                found |= undeclared(item, f"{path}{name}.")
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.requirement(
    "OBJ-CONTEXT", "OBJ-PLAN", "OBJ-CONFIRMATION", "OBJ-TRACE", "OBJ-ROLE", "OBJ-EXTENSION", "OBJ-EXECUTION"
)
def test_declares_every_member_of_the_protocol(kind: str) -> None:
    model = MODULES[kind].model_validate(sample(kind), context=STRICT)
    assert undeclared(model) == ({"metadata.cost_centre"} if kind == "context" else set())
    assert set(MODULES[kind].model_fields) == set(SAMPLES[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_comes_back_as_it_went_in(kind: str) -> None:
    text = json.dumps(sample(kind))
    assert MODULES[kind].model_validate_json(text).to_wire() == SAMPLES[kind]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.requirement("OBJ-UNKNOWN-MEMBERS")
def test_keeps_members_it_does_not_know(kind: str) -> None:
    data = sample(kind, x_new={"deep": [1, {"null": None}]})
    assert MODULES[kind].model_validate(data).to_wire() == data


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(extra=st.dictionaries(st.text(min_size=1).map(lambda name: f"x_{name}"), json_values, max_size=4))
@pytest.mark.requirement("OBJ-UNKNOWN-MEMBERS")
def test_keeps_any_unknown_member_at_every_depth(extra: dict[str, Any]) -> None:
    data = sample("plan", **extra)
    data["tasks"][0] |= extra
    data["tasks"][0]["resources"] |= extra
    assert models.Plan.model_validate(data).to_wire() == data


@pytest.mark.parametrize(
    ("kind", "member"), [(kind, name) for kind in KINDS for name in sorted(REQUIRED[kind])]
)
def test_refuses_an_object_without_a_required_member(kind: str, member: str) -> None:
    data = sample(kind)
    del data[member]
    with pytest.raises(ValidationError) as caught:
        MODULES[kind].model_validate(data)
    assert [error["loc"] for error in caught.value.errors()] == [(member,)]


@pytest.mark.parametrize("kind", KINDS)
def test_accepts_an_object_with_only_the_required_members(kind: str) -> None:
    data = {name: value for name, value in sample(kind).items() if name in REQUIRED[kind]}
    assert MODULES[kind].model_validate(data, context=STRICT).to_wire() == data


ENUMERATIONS = [
    ("context", ("status",)),
    ("context", ("lifecycle_stage",)),
    ("context", ("shared_state", "goals", 0, "status")),
    ("context", ("environment", "platform")),
    ("context", ("global_state", "environment")),
    ("plan", ("status",)),
    ("plan", ("tasks", 0, "type")),
    ("plan", ("tasks", 0, "status")),
    ("plan", ("tasks", 0, "category")),
    ("plan", ("tasks", 0, "priority")),
    ("plan", ("dependencies", 0, "type")),
    ("plan", ("workflow", "execution_strategy")),
    ("plan", ("optimization", "strategy")),
    ("confirmation", ("type",)),
    ("confirmation", ("target", "type")),
    ("confirmation", ("approvers", 0, "type")),
    ("confirmation", ("result", "status")),
    ("confirmation", ("result", "decisions", 0, "decision")),
    ("confirmation", ("risk_assessment", "level")),
    ("trace", ("action", "type")),
    ("trace", ("result", "status")),
    ("trace", ("event", "type")),
    ("role", ("type",)),
    ("role", ("capabilities", 0, "type")),
    ("role", ("capabilities", 0, "level")),
    ("extension", ("type",)),
    ("extension", ("implementation", "runtime")),
    ("extension", ("dependencies", 0, "type")),
    ("extension", ("security", "sandbox_level")),
    ("extension", ("lifecycle", "status")),
    ("execution", ("status",)),
]


def replace(data: Any, path: tuple[str | int, ...], value: object) -> Any:
    """Put `value` at `path` of `data`."""
    for step in path[:-1]:
        data = data[step]
    data[path[-1]] = value


@pytest.mark.parametrize(("kind", "path"), ENUMERATIONS)
@pytest.mark.requirement("OBJ-ENUMS-CLOSED")
def test_enumerations_are_open_when_read_and_closed_when_strict(
    kind: str, path: tuple[str | int, ...]
) -> None:
    data = sample(kind)
    replace(data, path, "hitherto-unknown")
    assert MODULES[kind].model_validate(data).to_wire() == data
    with pytest.raises(ValidationError) as caught:
        MODULES[kind].model_validate(data, context=STRICT)
    assert [error["loc"] for error in caught.value.errors()] == [path]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.requirement("OBJ-CREATE-INPUTS")
def test_a_create_input_needs_no_id_and_takes_no_unknown_member(kind: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(CREATES[kind])
    rules = adapter.json_schema()
    required = set(rules.get("required", ()))
    assert "id" not in required
    assert set(rules["properties"]) <= set(SAMPLES[kind])
    data = {name: value for name, value in sample(kind).items() if name in required}
    adapter.validate_python(data)
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(data | {"not_a_member": 1})
    assert [error["type"] for error in caught.value.errors()] == ["extra_forbidden"]


@pytest.mark.requirement("ID-READ-LENIENT")
@pytest.mark.parametrize("identifier", ["ctx-123", "0000", "ein Name", "A" * 300])
def test_reads_any_id_that_is_not_empty(identifier: str) -> None:
    assert models.Context.model_validate(sample("context", id=identifier)).id == identifier


@pytest.mark.parametrize("identifier", ["", 7, None])
def test_refuses_what_is_no_id(identifier: object) -> None:
    with pytest.raises(ValidationError):
        models.Context.model_validate(sample("context", id=identifier))


@pytest.mark.requirement("ID-READ-LENIENT")
@pytest.mark.parametrize(
    ("version", "good"),
    [
        ("1.0", True),
        ("1.0.0", True),
        ("1.0.0-alpha.1", True),
        ("1", False),
        ("v1.0", False),
        ("1.0.0.0", False),
    ],
)
def test_reads_versions_of_two_or_three_numbers(version: str, good: bool) -> None:
    data = sample("context", version=version)
    if good:
        assert models.Context.model_validate(data).version == version
    else:
        with pytest.raises(ValidationError):
            models.Context.model_validate(data)


@pytest.mark.requirement("OBJ-TRACE-OUTPUT")
@pytest.mark.parametrize(
    ("given_output", "stored"), [("done", {"value": "done"}), ([1], {"value": [1]}), ({}, {})]
)
def test_a_bare_output_becomes_an_object(given_output: object, stored: object) -> None:
    data = sample("trace", result={"output": given_output})
    assert Span.model_validate(data).to_wire()["result"]["output"] == stored


def test_times_are_aware_and_durations_measure() -> None:
    span = Span.model_validate(sample("trace"))
    assert span.timestamp.start == datetime(2026, 1, 2, 9, tzinfo=UTC)
    assert span.action.duration == timedelta(milliseconds=150)


def test_a_changed_duration_is_spelt_anew() -> None:
    span = Span.model_validate(sample("trace"))
    assert span.action.duration is not None
    span.action.duration += timedelta(milliseconds=5)
    assert span.to_wire()["action"]["duration"] == "155ms"


@pytest.mark.parametrize("bad", ["yesterday", "2026-13-01T00:00:00Z", 7, None])
def test_refuses_what_is_no_time_and_says_what_one_looks_like(bad: object) -> None:
    with pytest.raises(ValidationError, match="RFC 3339"):
        Span.model_validate(sample("trace", timestamp={"start": bad}))


def test_public_names_are_these() -> None:
    """A name that goes away breaks somebody's import: take it out here on purpose, or not at all."""
    missing = [name for name in models.__all__ if not hasattr(models, name)]
    assert missing == []
    assert {"Context", "Plan", "Task", "Confirmation", "Span", "Role", "Extension", "Execution"} <= set(
        models.__all__
    )


@pytest.mark.requirement("OBJ-GOAL")
@pytest.mark.parametrize(
    ("member", "bad"), [("description", ""), ("description", "a" * 1001), ("priority", 0), ("priority", 11)]
)
def test_a_goal_keeps_its_limits(member: str, bad: object) -> None:
    data = sample("context")
    data["shared_state"]["goals"][0][member] = bad
    with pytest.raises(ValidationError) as caught:
        models.Context.model_validate(data)
    assert [error["loc"] for error in caught.value.errors()] == [("shared_state", "goals", 0, member)]


@pytest.mark.requirement("OBJ-TASK")
@pytest.mark.parametrize(("member", "bad"), [("name", ""), ("name", "a" * 101), ("description", "a" * 501)])
def test_a_task_keeps_its_limits(member: str, bad: str) -> None:
    data = sample("plan")
    data["tasks"][0][member] = bad
    with pytest.raises(ValidationError) as caught:
        models.Plan.model_validate(data)
    assert [error["loc"] for error in caught.value.errors()] == [("tasks", 0, member)]


@pytest.mark.requirement("OBJ-DEPENDENCY")
@pytest.mark.parametrize("kind", ["finish_to_start", "start_to_start", "finish_to_finish"])
def test_a_dependency_names_two_tasks_and_how_one_waits(kind: str) -> None:
    edge = sample("plan")["dependencies"][0] | {"type": kind}
    assert models.Dependency.model_validate(edge, context=STRICT).to_wire() == edge
    for member in edge:
        with pytest.raises(ValidationError):
            models.Dependency.model_validate({name: edge[name] for name in edge if name != member})


@pytest.mark.requirement("OBJ-PARTICIPANT")
def test_a_participant_has_every_member_of_its_definition() -> None:
    data = {
        "participant_id": "00000000-0000-4000-8000-000000000001",
        "user_id": "user-123",
        "role": "collaborator",
        "capabilities": ["context:read"],
        "status": "active",
        "notification_preferences": {"email": True, "push": False, "in_app": True},
        "last_activity": "2026-01-02T09:00:00.000Z",
        "joined_at": "2026-01-02T09:00:00.000Z",
    }
    participant = models.Participant.model_validate(data, context=STRICT)
    assert participant.to_wire() == data
    assert undeclared(participant) == set()
