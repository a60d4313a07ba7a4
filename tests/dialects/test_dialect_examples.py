"""What each dialect's members mean: objects as the documents show them, beside what we read and write."""

from __future__ import annotations

from typing import Any

import pytest

from mplp_sdk import convert, parse
from mplp_sdk.errors import InvalidFormat
from mplp_sdk.models import Context, Participant, Plan
from mplp_sdk.protocol.dialects import DIALECTS, recognise
from samples import SAMPLES, sample

ONE, TWO, THREE, FOUR = (f"00000000-0000-4000-8000-00000000000{number}" for number in range(1, 5))
NOON = "2026-01-02T12:00:00.000Z"

RFC_PLAN: dict[str, Any] = {
    "planId": ONE,
    "contextId": TWO,
    "version": "1.0.0",
    "status": "executing",
    "steps": [
        {"stepId": THREE, "name": "Find", "description": "Find figures", "status": "executing"},
        {
            "stepId": FOUR,
            "name": "Write",
            "description": "Write",
            "status": "pending",
            "dependencies": [THREE],
        },
    ],
}
CREATE_RESPONSE: dict[str, Any] = {
    "context_id": "ctx-789",
    "context_name": "协作规划会话",
    "context_type": "planning_session",
    "status": "active",
    "configuration": {
        "max_participants": 10,
        "max_sessions": 5,
        "timeout_ms": 3600000,
        "persistence_level": "session",
        "isolation_level": "shared",
    },
    "metadata": {"project_id": "proj-123", "department": "engineering", "priority": "high"},
    "created_at": "2025-09-03T10:00:00.000Z",
    "created_by": "user-456",
}
ADD_PARTICIPANT: dict[str, Any] = {
    "context_id": "ctx-789",
    "user_id": "user-123",
    "role": "collaborator",
    "capabilities": ["context:read", "context:write", "participant:invite"],
    "notification_preferences": {"email": True, "push": False, "in_app": True},
}
DRAFT_PLAN: dict[str, Any] = {
    "plan_id": ONE,
    "version": "1.0.0",
    "title": "Report",
    "description": "From figures to a text",
    "objectives": [{"text": "a report"}],
    "tasks": [
        {
            "task_id": THREE,
            "name": "Find",
            "description": "Find figures",
            "type": "documentation",
            "assigned_agent": "researcher",
            "dependencies": [],
            "estimated_duration": 90,
            "priority": "high",
            "resources": {"cpu": "2 cores", "memory": "512MB", "tools": ["search"]},
            "ai_ide_config": {"workspace": "/srv", "environment": "node", "required_plugins": []},
        }
    ],
    "timeline": {"start": NOON},
    "dependencies": [],
    "resources": {"people": 2},
}


OFFERED = {
    "rfc": SAMPLES.keys() - {"execution"},
    "draft": {"context", "plan", "execution"},
    "context-message": {"context"},
    "frozen": SAMPLES.keys() - {"execution"},
}
"""Kinds of the samples that a dialect has, where it does not have all."""


@pytest.mark.requirement("DIALECT-RFC")
def test_a_plan_of_the_rfc() -> None:
    plan = parse(RFC_PLAN)
    assert isinstance(plan, Plan)
    assert [task.name for task in plan.tasks] == ["Find", "Write"]
    assert [task.status for task in plan.tasks] == ["running", "pending"]
    assert [task.description for task in plan.tasks] == ["Find figures", None]
    assert [(edge.from_task, edge.to_task, edge.type) for edge in plan.dependencies] == [
        (THREE, FOUR, "finish_to_start")
    ]
    assert plan.context_id == TWO
    assert convert(plan, to="rfc").object == RFC_PLAN


@pytest.mark.requirement("DIALECT-RFC")
def test_a_context_of_the_rfc() -> None:
    given = {
        "contextId": ONE,
        "version": "2.0.0",
        "timestamp": "2024-07-09T14:30:00+08:00",
        "environment": {"platform": "server", "resources": {"cpu": 2}},
        "goals": [{"id": TWO, "description": "Publish", "priority": 3, "status": "active"}],
        "metadata": {"owner": "dana"},
    }
    read = convert(given, to="canonical")
    assert read.object["shared_state"]["goals"] == given["goals"]
    assert read.object["environment"] == given["environment"]
    assert read.object["metadata"]["created_at"] == "2024-07-09T06:30:00.000Z"
    assert read.object["metadata"]["owner"] == "dana"
    assert convert(read.object, to="rfc").object == given


@pytest.mark.requirement("DIALECT-RFC")
def test_a_confirmation_of_the_rfc_is_about_its_plan_and_has_one_approver() -> None:
    given = {
        "confirmationId": ONE,
        "planId": TWO,
        "type": "approval",
        "status": "expired",
        "requester": {"userId": "u-1", "role": "writer"},
        "approver": {"userId": "u-2", "role": "editor"},
        "riskAssessment": {"level": "high", "factors": ["cost"]},
        "timestamp": NOON,
    }
    read = convert(given, to="canonical").object
    assert read["target"] == {"type": "plan", "id": TWO}
    assert read["approvers"] == [{"id": "u-2", "type": "human", "role": "editor"}]
    assert read["result"] == {"status": "expired"}
    assert read["requester"] == {"user_id": "u-1", "role": "writer"}
    assert read["metadata"] == {"created_at": NOON}
    assert convert(read, to="rfc").object == given


@pytest.mark.requirement("DIALECT-RFC")
def test_records_of_one_trace_of_the_rfc_stay_apart() -> None:
    start = {
        "traceId": ONE,
        "stepId": TWO,
        "timestamp": NOON,
        "event": {"type": "start", "description": "Find"},
    }
    done = start | {"event": {"type": "complete", "description": "Find"}, "performance": {"memoryUsage": 12}}
    first, last = parse(start), parse(done)
    assert first.id != last.id
    assert first.trace_id == last.trace_id == ONE
    assert (first.action.name, first.timestamp.end) == ("Find", None)
    assert last.timestamp.end == last.timestamp.start
    assert last.performance is not None
    assert last.performance.memory_usage == 12


@pytest.mark.requirement("DIALECT-RFC")
def test_a_span_is_an_event_for_the_rfc() -> None:
    written = convert(sample("trace"), to="rfc").object
    assert written["traceId"] == SAMPLES["trace"]["trace_id"]
    assert written["stepId"] == SAMPLES["trace"]["task_id"]
    assert written["timestamp"] == SAMPLES["trace"]["timestamp"]["start"]
    assert written["performance"] == {"duration": 0.15, "memoryUsage": "64MB", "cpuUsage": 0.15}


@pytest.mark.requirement("DIALECT-RFC")
def test_a_role_and_an_extension_for_the_rfc() -> None:
    role = convert(sample("role"), to="rfc").object
    assert role["inheritance"] == {
        "parentRoles": SAMPLES["role"]["inheritance"]["parent_roles"],
        "childRoles": SAMPLES["role"]["inheritance"]["child_roles"],
    }
    extension = convert(sample("extension"), to="rfc").object
    assert extension["lifecycle"]["installDate"] == SAMPLES["extension"]["lifecycle"]["install_date"]
    assert extension["configuration"] == SAMPLES["extension"]["configuration"]


@pytest.mark.requirement("DIALECT-DRAFT")
def test_a_plan_of_the_draft() -> None:
    plan = parse(DRAFT_PLAN)
    (task,) = plan.tasks
    assert (plan.name, plan.objectives, task.category, task.type) == (
        "Report",
        [{"text": "a report"}],
        "documentation",
        "atomic",
    )
    assert task.estimated_duration.total_seconds() == 90
    assert task.resources.cpu == "2 cores"
    assert convert(plan, to="draft").object == DRAFT_PLAN


@pytest.mark.requirement("DIALECT-DRAFT")
def test_edges_for_the_draft_stand_in_the_graph_and_in_the_task() -> None:
    written = convert(sample("plan"), to="draft").object
    assert written["dependencies"] == SAMPLES["plan"]["dependencies"]
    assert written["tasks"][1]["dependencies"] == [SAMPLES["plan"]["tasks"][0]["id"]]


@pytest.mark.requirement("DIALECT-DRAFT")
def test_a_context_and_an_execution_of_the_draft() -> None:
    context = {
        "context_id": ONE,
        "version": "1.0.0",
        "timestamp": NOON,
        "global_state": {"project_id": "p", "session_id": "s", "environment": "staging"},
        "shared_data": {"variables": {"city": "Lyon"}, "artifacts": [1], "knowledge_base": [], "secrets": 3},
        "metadata": {"created_by": "dana", "last_updated": NOON, "tags": ["q1"]},
    }
    read = convert(context, to="canonical").object
    assert read["shared_state"] == {"variables": {"city": "Lyon"}, "artifacts": [1], "knowledge_base": []}
    assert read["global_state"] == context["global_state"]
    assert {"created_at": NOON, "updated_at": NOON, "tags": ["q1"]}.items() <= read["metadata"].items()
    execution = {
        "execution_id": ONE,
        "version": "1",
        "task_id": TWO,
        "agent_id": THREE,
        "status": "paused",
        "input": {"parameters": {"depth": 1}, "context_reference": FOUR},
        "output": {"files": 1},
        "execution_log": [{"message": "started"}],
    }
    model = parse(execution)
    assert (model.context_id, model.input, model.status) == (FOUR, {"parameters": {"depth": 1}}, "paused")
    assert convert(model, to="draft").object == execution


@pytest.mark.requirement("DIALECT-CONTEXT-MESSAGE")
def test_the_payload_of_a_create_response() -> None:
    context = parse(CREATE_RESPONSE)
    assert isinstance(context, Context)
    assert (context.id, context.name, context.type) == ("ctx-789", "协作规划会话", "planning_session")
    assert context.configuration is not None
    assert context.configuration.timeout_ms == 3600000
    assert context.metadata is not None
    assert context.metadata.created_by == "user-456"
    assert convert(context, to="context-message").object == CREATE_RESPONSE


@pytest.mark.requirement("DIALECT-CONTEXT-MESSAGE")
def test_the_payload_of_a_request_to_add_a_participant() -> None:
    participant = parse(ADD_PARTICIPANT)
    assert isinstance(participant, Participant)
    assert participant.participant_id == parse(ADD_PARTICIPANT).participant_id
    assert convert(participant, to="context-message").object == ADD_PARTICIPANT


@pytest.mark.parametrize("kind", sorted(SAMPLES))
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.requirement("DIALECT-RECOGNISED")
def test_what_we_write_is_recognised(kind: str, dialect: str) -> None:
    if kind not in OFFERED.get(dialect, SAMPLES):
        with pytest.raises(InvalidFormat, match=f"the {dialect} dialect has no {kind}"):
            convert(sample(kind), to=dialect)
        return
    written = convert(sample(kind), to=dialect)
    assert (written.dialect, written.kind) == (dialect, kind)
    found = recognise(written.object)
    assert (found.dialect, found.kind) == (dialect, kind)


def test_one_dialect_reads_what_another_wrote() -> None:
    there = convert(RFC_PLAN, to="draft")
    back = convert(there.object, to="rfc")
    assert back.object == RFC_PLAN
    assert there.lost == back.lost == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "it has no members; looked for canonical context (id, lifecycle_stage, shared_state)"),
        ({"planId": ONE}, "it has planId; looked for"),
        (
            {"message_type": "context.create.response", "payload": CREATE_RESPONSE},
            "a whole message; its payload is the object",
        ),
        (
            {"id": ONE, "name": "x", "tasks": [], "plan_id": TWO},
            "could be canonical plan (id, name, tasks) or draft plan (plan_id, tasks): say which",
        ),
        ({"planId": ONE, "steps": 3}, "not a plan: tasks: Field required"),
        ({"planId": ONE, "steps": [{"name": "x"}]}, "not a plan: tasks.0.id: Field required"),
        ({"roleId": ONE, "name": "x", "note": float("nan")}, "not JSON: nan"),
        ({"roleId": ONE, "name": "\ud800"}, "not JSON: '\\ud800'"),
        ({"roleId": ONE, 1: "x"}, "not JSON: the name of a member is not text"),
        ("{", "not JSON: "),
        ('{"a": NaN}', "not JSON: NaN is no JSON"),
        ("[" * 10_000, "not JSON: "),
        ("[]", "a list is read as the spans of one trace"),
        ([SAMPLES["plan"]], "a list is read as the spans of one trace"),
        (b"3", "an object is needed, not int"),
    ],
)
@pytest.mark.requirement("DIALECT-RECOGNISED")
def test_what_is_no_object_of_any_dialect_is_refused(data: Any, said: str) -> None:
    with pytest.raises(InvalidFormat) as refused:
        parse(data)
    assert said in str(refused.value)


def test_what_is_nested_too_deeply_is_refused() -> None:
    deep: Any = {}
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(InvalidFormat, match="nested more than 128 levels"):
        convert(sample("plan", metadata={"deep": deep}), to="rfc")


def test_a_bag_that_leads_nowhere_is_named_and_ignored() -> None:
    plan = sample("plan") | {
        "metadata": {"x-mplp-rfc": [{"at": "/a" * 100, "is": 1}, {"at": "/steps/9", "was": 1}]}
    }
    written = convert(plan, to="rfc")
    assert len(written.lost) == 2
    plan["metadata"] = {"x-mplp-rfc": [{"at": "/a" * 100_000, "is": 1}]}
    back = convert(convert(plan, to="rfc").object, to="canonical")
    assert (back.object, back.lost) == (plan, [])


def test_a_dialect_that_does_not_exist_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="there is no dialect 'xml'; there are canonical, rfc, draft"):
        convert(sample("plan"), to="xml")
    with pytest.raises(InvalidFormat, match="there is no wish; it has"):
        convert(sample("plan"), to="rfc", kind="wish")
    with pytest.raises(InvalidFormat, match="a Task is only a part"):
        convert(parse(sample("plan")).tasks[0], to="rfc")


def test_naming_dialect_and_kind_settles_what_is_ambiguous() -> None:
    data = {"id": ONE, "name": "x", "tasks": [], "plan_id": TWO}
    assert parse(data, source="canonical").id == ONE
    assert parse(data, source="draft", kind="plan").id == TWO


# --- Changed in between ---------------------------------------------------------------------------------


@pytest.mark.requirement("DIALECT-BAG")
def test_a_change_between_reading_and_writing_stays() -> None:
    plan = convert(
        RFC_PLAN | {"steps": [RFC_PLAN["steps"][0] | {"status": "executing", "owner": "dana"}]},
        to="canonical",
    )
    plan.object["status"] = "failed"
    plan.object["tasks"].insert(0, {"id": FOUR, "name": "First", "type": "atomic", "status": "cancelled"})
    written = convert(plan.object, to="rfc")
    assert written.object["status"] == "failed"
    assert [step["stepId"] for step in written.object["steps"]] == [FOUR, THREE]
    assert written.object["steps"][1]["owner"] == "dana"
    assert written.lost == []


@pytest.mark.requirement("DIALECT-BAG", "DIALECT-LOSSES-NAMED")
def test_what_no_longer_fits_is_named_and_not_forced() -> None:
    written = convert(sample("plan"), to="rfc")
    assert written.object["steps"][0]["estimatedDuration"] == 172800
    written.object["steps"][0]["estimatedDuration"] = 60
    back = convert(written.object, to="canonical")
    assert back.object["tasks"][0]["estimated_duration"] == 60
    (path,) = back.lost
    assert path.startswith("/metadata/x-mplp-canonical/~1tasks~1")
    assert path.endswith("estimated_duration")


@pytest.mark.requirement("DIALECT-BAG")
def test_the_bags_of_several_dialects_lie_side_by_side() -> None:
    first = convert(RFC_PLAN | {"colour": "red"}, to="canonical").object
    second = convert(convert(first, to="draft").object | {"shape": "round"}, to="canonical").object
    assert {"x-mplp-rfc", "x-mplp-draft"} <= second["metadata"].keys()
    assert convert(second, to="rfc").object["colour"] == "red"
    assert convert(second, to="draft").object["shape"] == "round"


@pytest.mark.requirement("DIALECT-BAG")
def test_members_with_a_home_leave_no_bag() -> None:
    assert "metadata" not in convert(RFC_PLAN, to="canonical").object
    assert list(convert(CREATE_RESPONSE, to="canonical").object["metadata"]) == [
        "created_at",
        "created_by",
        "project_id",
        "department",
        "priority",
    ]
