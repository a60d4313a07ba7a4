"""How callers write calls; `test_client_typing.py` has mypy and pyright check it. It is never run.

Plain dictionaries are enough wherever something is built. A line that is marked as ignored is a mistake that
mypy must find: with `--strict`, a mark that is not needed is an error.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, assert_type

from mplp_sdk.client import AsyncClient, Client, Page, Reply, calls
from mplp_sdk.models import (
    AccessDecision,
    Confirmation,
    Context,
    Execution,
    ExecutionLog,
    Extension,
    OptimizationResult,
    Participant,
    Plan,
    PlanCreate,
    Role,
    Snapshot,
    Span,
    Task,
    TaskCreate,
    Timeline,
    Token,
    ValidationReport,
)


def contexts(client: Client) -> None:
    made = client.contexts.create(
        name="release",
        status="active",
        shared_state={
            "variables": {"branch": "main", "tries": 3},
            "goals": [{"description": "ship it", "priority": 5, "deadline": datetime.now(UTC)}],
        },
        environment={
            "platform": "cloud",
            "resources": {"cpu": 2},
            "constraints": [{"type": "gpu", "value": 0}],
        },
        configuration={"max_participants": 4, "timeout_ms": 1000},
        metadata={"tags": ["a"]},
    )
    assert_type(made, Context)
    changed = client.contexts.update(made.id, if_match='"v1"', lifecycle_stage="execution")
    assert_type(changed, Context)
    client.contexts.set_status(made.id, "suspended", reason="lunch")
    client.contexts.set_variable(made.id, "tries", {"any": ["json", 1, None]})
    assert_type(client.contexts.variables(made.id), dict[str, Any])
    snapshot = client.contexts.snapshot(made.id, name="before")
    assert_type(snapshot, Snapshot)
    assert_type(client.contexts.restore(made.id, snapshot.id), Context)
    client.contexts.sync(made.id, ["node-1"], sync_type="incremental")
    someone = client.contexts.add_participant(
        made.id, user_id="ann", capabilities=["review"], notification_preferences={"email": True}
    )
    assert_type(someone, Participant)
    client.contexts.update_participant(made.id, someone.participant_id, status="inactive")
    assert_type(client.contexts.participants(made.id, status="left"), Page[Participant])


def plans(client: Client) -> None:
    plan = client.plans.create(
        name="release",
        tasks=[
            {
                "id": "a",
                "name": "build",
                "estimated_duration": "2h",
                "resources": {"cpu": 2, "tools": ["make"]},
            },
            {"id": "b", "name": "test", "type": "atomic", "estimated_duration": timedelta(minutes=5)},
            {
                "name": "publish",
                "priority": "high",
                "estimated_duration": 90,
                "metadata": {"handler": "echo"},
            },
        ],
        dependencies=[{"from_task": "a", "to_task": "b"}],
        workflow={"execution_strategy": "parallel", "error_handling": {"retry_count": 2}},
        validation={"quality_gates": [{"type": "confirmation"}]},
    )
    assert_type(plan, Plan)
    assert_type(client.plans.add_task(plan.id, name="announce", category="documentation"), Task)
    client.plans.update_task(plan.id, "a", status="completed", completed_at="2026-01-02T03:04:05Z")
    client.plans.add_dependency(plan.id, from_task="b", to_task="a", type="start_to_start")
    client.plans.remove_dependency(plan.id, from_task="b", to_task="a")
    optimized = client.plans.optimize(plan.id, "time", parameters={"max_parallel": 2})
    assert_type(optimized, OptimizationResult)
    assert_type(client.plans.timeline(plan.id), Timeline)
    assert_type(client.plans.validate(plan.id), ValidationReport)
    execution = client.plans.execute(plan.id, execution_mode="async", context_id="c1")
    assert_type(execution, Execution)
    assert_type(client.executions.wait(execution.id, timeout=5), Execution)
    client.executions.command(execution.id, "set_variable", arguments={"key": "a", "value": 1})
    for line in client.executions.logs(execution.id, level="error"):
        assert_type(line, ExecutionLog)


def prepared(client: Client) -> None:
    tasks: list[TaskCreate] = [{"name": "build"}]
    tasks.append({"name": "test", "priority": "low"})
    wanted: PlanCreate = {"name": "release", "tasks": tasks}
    client.plans.create(**wanted)


def the_rest(client: Client) -> None:
    confirmation = client.confirmations.create(
        target={"type": "plan", "id": "p1"},
        type="approval",
        approvers=[{"id": "ann", "type": "human", "required": True}],
        risk_assessment={"level": "low", "factors": ["small"]},
    )
    assert_type(confirmation, Confirmation)
    client.confirmations.decide(confirmation.id, "approved", approver_id="ann", comments=["fine"])
    span = client.traces.record(
        trace_id="t1",
        context_id="c1",
        agent_id="a1",
        action={"name": "look", "type": "execute", "parameters": {"what": "it"}},
        timestamp={"start": datetime.now(UTC)},
        result={"status": "success", "output": {"value": 1}},
    )
    assert_type(span, Span)
    role = client.roles.create(
        name="tester",
        capabilities=[{"name": "testing", "type": "skill", "level": "expert"}],
        permissions=[{"resource": "plans", "actions": ["read"], "conditions": {"team": "a"}}],
    )
    assert_type(role, Role)
    client.roles.inherit(role.id, "developer", overrides=[{"capability": "code", "level": "basic"}])
    assert_type(client.roles.check(role.id, "plans", "read", context={"team": "a"}), AccessDecision)
    extension = client.extensions.create(
        name="echo",
        version="1.0.0",
        type="plugin",
        interface={"input_schema": {"type": "object"}},
        implementation={"runtime": "python", "entry_point": "echo"},
        dependencies=[{"name": "other", "version": "1.0", "type": "optional"}],
    )
    assert_type(extension, Extension)
    client.extensions.execute(extension.id, {"text": "hello"}, timeout=2.5)
    assert_type(client.auth.token("key"), Token)
    assert_type(client.schemas.validate("plan", {"name": "p"}), ValidationReport)
    assert_type(client.send(calls.plans.get("p1")), Reply[Plan])
    client.call("plan", "list", parameters={"status": "draft"}, timeout=2)
    client.with_options(timeout=None, max_attempts=1, trace_id="t1").health()


async def awaited(client: AsyncClient) -> None:
    plan = await client.plans.create(name="release", tasks=[{"name": "build"}])
    assert_type(plan, Plan)
    execution = await client.plans.execute(plan.id)
    assert_type(await client.executions.wait(execution.id), Execution)
    async for role in client.roles.list(type="system"):
        assert_type(role, Role)
    assert_type(await client.send(calls.plans.get("p1")), Reply[Plan])


def mistakes(client: Client) -> None:
    client.plans.create(name="release")  # type: ignore[call-arg]
    client.plans.create(name="r", tasks=[{"title": "build"}])  # type: ignore[typeddict-item]
    client.plans.update("p1", id="p2")  # type: ignore[call-arg]
    client.plans.optimize("p1", "speed")  # type: ignore[arg-type]
    client.contexts.create(status="open")  # type: ignore[arg-type]
    client.executions.create(status="running", colour="red")  # type: ignore[call-arg]
