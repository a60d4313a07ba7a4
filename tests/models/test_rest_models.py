"""What endpoints take and answer besides the protocol's objects: state, timelines, decisions, reports."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from mplp_sdk import models
from mplp_sdk.models import STRICT, MPLPModel

TIME = "2026-01-02T03:04:05.678Z"
ID = "0b1f6a52-6b0e-4c4e-9d1a-4a1f3f5b7c11"
STATE = {"variables": {"a": 1}, "goals": []}
VERSIONED = {"state_version": "7", "checksum": "sha256:00"}
PLAN = {"id": ID, "name": "p", "tasks": []}

READ: dict[str, dict[str, Any]] = {
    "AccessDecision": {
        "allowed": True,
        "because": "viewer may read plans",
        "role_id": ID,
        "permission": {"resource": "plans", "actions": ["read"]},
        "path": [ID],
    },
    "Checkpoint": {"task_id": ID, "state_version": "7", "at": TIME},
    "CommandResult": {"command": "status", "accepted": True, "result": {"status": "running"}},
    "ContextState": {"context_id": ID, "state_data": STATE, "updated_at": TIME, **VERSIONED},
    "ExecutionLog": {
        "id": ID,
        "execution_id": ID,
        "timestamp": TIME,
        "level": "warn",
        "message": "tried again",
        "details": {"attempt": 2},
    },
    "ExtensionResult": {"extension_id": ID, "output": [1], "duration": "3ms", "context_id": ID},
    "OptimizationResult": {
        "plan": PLAN,
        "strategy": "time",
        "changes": [{"path": "tasks[0]", "from": "b", "to": "a", "reason": "critical"}],
        "before": {"makespan": 9.5, "cost": 3.0},
        "after": {"makespan": 8.0},
    },
    "PlanState": {
        "plan_id": ID,
        "status": "executing",
        "version": "1.0.0",
        "progress": {"total": 2, "completed": 1, "failed": 0},
        "tasks": [{"id": ID, "name": "t", "status": "completed", "started_at": TIME, "completed_at": TIME}],
        "execution_id": ID,
    },
    "RpcAccepted": {"request_id": ID, "status": "accepted"},
    "RpcResult": {"result": None},
    "SchemaList": {"schemas": [{"module": "plan", "id": "https://x/plan.json", "title": "Plan"}]},
    "Snapshot": {
        "id": ID,
        "context_id": ID,
        "name": "n",
        "description": "d",
        "created_at": TIME,
        **VERSIONED,
    },
    "SyncResult": {
        "context_id": ID,
        "sync_type": "full",
        "timestamp": TIME,
        "nodes": [{"node": "n", "status": "synced", "changed": ["variables.a"], **VERSIONED}],
        "state": STATE,
        **VERSIONED,
    },
    "Timeline": {
        "plan_id": ID,
        "makespan": 3.5,
        "critical_path": [ID],
        "tasks": [
            {
                "task_id": ID,
                "name": "t",
                "earliest_start": 0.0,
                "earliest_finish": 3.5,
                "latest_start": 0.0,
                "latest_finish": 3.5,
                "slack": 0.0,
                "critical": True,
            }
        ],
        "unestimated": [],
    },
    "Token": {
        "access_token": "aaa",
        "token_type": "Bearer",
        "expires_in": 60,
        "refresh_token": "bbb",
        "scope": "read",
        "role": "viewer",
    },
    "ValidationReport": {
        "valid": False,
        "errors": [
            {
                "level": "error",
                "code": "V001",
                "rule": "goals_not_empty",
                "message": "no goals",
                "path": "context.goals",
                "value": [],
                "suggestion": "Add one.",
            }
        ],
        "warnings": [],
        "metadata": {
            "validationTime": 0.4,
            "rulesExecuted": 9,
            "validatorVersion": "1.0.0",
            "schemaId": "x",
            "dataSize": 12,
        },
    },
    "Variable": {"key": "a", "value": None, "updated_at": TIME},
    "Variables": {"variables": {"a": 1}},
    "Workspace": {
        "execution_id": ID,
        "variables": {"a": 1},
        "artifacts": [],
        "checkpoints": [{"task_id": ID, "state_version": "7", "at": TIME}],
    },
}

each_model = pytest.mark.parametrize("name", sorted(READ))


@each_model
@pytest.mark.requirement("OBJ-EXECUTION-LOG")
def test_declares_every_member_and_gives_it_back(name: str) -> None:
    model: type[MPLPModel] = getattr(models, name)
    read = model.model_validate(READ[name], context=STRICT)
    assert read.to_wire() == READ[name]
    assert read.model_extra == {}
    assert {field.serialization_alias or n for n, field in model.model_fields.items()} == READ[name].keys()


@each_model
@pytest.mark.requirement("OBJ-UNKNOWN-MEMBERS")
def test_keeps_members_it_does_not_know(name: str) -> None:
    data = {**READ[name], "x_new": {"deep": [None]}}
    assert getattr(models, name).model_validate(data).to_wire() == data


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("ExecutionLog", {"level": "shout"}),
        ("OptimizationResult", {"strategy": "luck"}),
        ("PlanState", {"status": "odd"}),
        ("SyncResult", {"sync_type": "half"}),
    ],
)
@pytest.mark.requirement("OBJ-ENUMS-CLOSED")
def test_only_strict_reading_closes_enumerations(name: str, changes: dict[str, str]) -> None:
    model: type[MPLPModel] = getattr(models, name)
    data = {**READ[name], **changes}
    assert model.model_validate(data).to_wire() == data
    with pytest.raises(ValidationError):
        model.model_validate(data, context=STRICT)


def test_tokens_are_not_shown() -> None:
    shown = repr(models.Token.model_validate(READ["Token"]))
    assert "aaa" not in shown
    assert "bbb" not in shown


INPUTS: dict[str, dict[str, Any]] = {
    "AccessRequest": {"resource": "plans", "action": "read", "context": {}},
    "CommandCreate": {"command": "status", "arguments": {}},
    "ContextUpdate": {"name": "c", "shared_state": {"variables": {}}},
    "DependencyCreate": {"from_task": "a", "to_task": "b", "type": "finish_to_start", "condition": "failure"},
    "DependencyRemove": {"from_task": "a", "to_task": "b", "type": "finish_to_start"},
    "ExecuteRequest": {
        "context_id": ID,
        "execution_mode": "sync",
        "notification_webhook": "https://x/y",
        "handler": "h",
    },
    "ExtensionCall": {"input": None, "context_id": ID, "timeout": 100.0},
    "InheritRequest": {"parent_role_id": "admin", "overrides": [{"capability": "c", "level": "basic"}]},
    "OptimizeRequest": {"strategy": "time", "parameters": {}, "apply": False},
    "ParticipantCreate": {"participant_id": ID, "user_id": "ann", "notification_preferences": {"push": True}},
    "ParticipantUpdate": {"role": "lead", "capabilities": [], "status": "inactive"},
    "RefreshRequest": {"refresh_token": "a"},
    "ReloadRequest": {"version": "1.0.1", "update_strategy": "rolling"},
    "RestoreRequest": {"snapshot_id": ID},
    "RoleUpdate": {"name": "r", "type": "guest"},
    "RpcRequest": {
        "module": "plan",
        "action": "get",
        "version": "1.0.0",
        "parameters": {},
        "options": {"timeout": 1, "retry": 0, "async": True},
    },
    "SnapshotCreate": {"name": "n", "description": "d"},
    "SyncRequest": {"target_nodes": ["n"], "sync_type": "incremental"},
    "TaskUpdate": {"name": "t", "status": "running", "metadata": {"visits": 2}},
    "TokenRequest": {"api_key": "k", "grant_type": "api_key"},
    "VariableCreate": {"key": "a b", "value": None},
}

each_input = pytest.mark.parametrize("name", sorted(INPUTS))


@each_input
def test_what_is_sent_is_taken_as_it_is(name: str) -> None:
    assert TypeAdapter(getattr(models, name)).validate_python(INPUTS[name]) == INPUTS[name]


@each_input
@pytest.mark.requirement("OBJ-CREATE-INPUTS")
def test_unknown_members_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        TypeAdapter(getattr(models, name)).validate_python({**INPUTS[name], "colour": "red"})


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("AccessRequest", {"resource": "", "action": "read"}),
        ("ContextUpdate", {"id": ID}),
        ("DependencyCreate", {"from_task": "a", "to_task": "b", "condition": "maybe"}),
        ("ExtensionCall", {"input": {}, "timeout": 0}),
        ("ExtensionCall", {}),
        ("PlanUpdate", {"id": ID}),
        ("RoleUpdate", {"id": ID}),
        ("RpcRequest", {"module": "plan"}),
        ("RpcRequest", {"module": "plan", "action": "get", "options": {"timeout": 0}}),
        ("SyncRequest", {"target_nodes": []}),
        ("TaskUpdate", {"id": ID}),
        ("VariableCreate", {"key": "", "value": 1}),
        ("VariableCreate", {"key": "a\x00", "value": 1}),
        ("VariableCreate", {"key": "x" * 256, "value": 1}),
        ("VariableCreate", {"key": "a"}),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(getattr(models, name)).validate_python(data)
