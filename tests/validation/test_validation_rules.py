"""Every rule by an object that keeps it and one that breaks it: the same object, but for what is named."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from mplp_sdk import validate
from mplp_sdk.models import Permission
from mplp_sdk.protocol.validation import RULES, Facts, ValidationResult
from samples import sample

NAMED_BY_THE_PROTOCOL = {
    "goals_not_empty": "V001",
    "no_circular_dependencies": "V002",
    "resource_usage_high": "W001",
}
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def plan(*waits: tuple[int, int], tasks: int = 4, **members: Any) -> dict[str, Any]:
    """A plan of tasks named A, B, C, …; `(1, 2)`: B waits for A."""
    return {
        "id": uuid(100),
        "name": "Plan",
        "tasks": [{"id": uuid(i), "name": chr(64 + i), "type": "atomic"} for i in range(1, tasks + 1)],
        "dependencies": [edge(before, after) for before, after in waits],
    } | members


def edge(before: int, after: int, kind: str = "finish_to_start") -> dict[str, str]:
    return {"from_task": uuid(before), "to_task": uuid(after), "type": kind}


def rfc_plan(*waits: tuple[int, int], tasks: int = 4, **members: Any) -> dict[str, Any]:
    """The same in the rfc dialect."""
    return {
        "planId": uuid(100),
        "contextId": uuid(200),
        "version": "1.0.0",
        "status": "draft",
        "steps": [
            {
                "stepId": uuid(i),
                "name": chr(64 + i),
                "description": "Do it",
                "status": "pending",
                "dependencies": [uuid(before) for before, after in waits if after == i],
            }
            for i in range(1, tasks + 1)
        ],
    } | members


def context(**members: Any) -> dict[str, Any]:
    return {
        "id": uuid(200),
        "version": "1.0.0",
        "status": "active",
        "lifecycle_stage": "planning",
        "shared_state": {},
    } | members


def rfc_context(**members: Any) -> dict[str, Any]:
    goal = {"id": uuid(1), "description": "Done", "priority": 5, "status": "active"}
    return {
        "contextId": uuid(200),
        "version": "1.0.0",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "environment": {"platform": "server"},
        "goals": [goal],
    } | members


def tasks(**members: Any) -> list[dict[str, Any]]:
    """One task, for a plan."""
    return [{"id": uuid(1), "name": "A", "type": "atomic"} | members]


def goals(*found: Any) -> dict[str, Any]:
    return {"shared_state": {"goals": list(found)}}


def due(deadline: str, status: str = "active") -> dict[str, Any]:
    return {"id": uuid(1), "description": "Ship it", "priority": 5, "status": status, "deadline": deadline}


def nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


def encrypted(**members: Any) -> dict[str, Any]:
    text = base64.b64encode(b"x" * 20).decode()
    nonce = base64.b64encode(b"n" * 12).decode()
    return {"algorithm": "AES-256-GCM", "ciphertext": text, "iv": nonce} | members


@dataclass(frozen=True)
class Case:
    """One object, and how it is validated."""

    obj: Any
    paths: tuple[str, ...] = ()
    """Where the rule finds something; empty: nowhere."""
    options: Mapping[str, Any] = field(default_factory=dict)
    executed: bool = True
    """Whether the rule has something to judge by."""

    def run(self) -> ValidationResult:
        return validate(self.obj, **self.options)


def broken(obj: Any, *paths: str, **options: Any) -> Case:
    return Case(obj, paths, options)


def kept(obj: Any, **options: Any) -> Case:
    return Case(obj, (), options)


def passed_over(obj: Any, **options: Any) -> Case:
    return Case(obj, (), options, executed=False)


def facts(**known: Any) -> dict[str, Any]:
    return {"facts": Facts(**known)}


CLOUD = context(environment={"platform": "cloud", "resources": {"cpu": 4, "memory": 1024}})
THRIFTY = context(
    environment={
        "platform": "cloud",
        "resources": {"memory": 1024},
        "constraints": [{"type": "memory", "value": 512}],
    }
)
GOAL_DUE = "context.shared_state.goals[0].deadline"
TWO_HOURS_AND_A_SECOND = plan((1, 2)) | {
    "tasks": [
        {"id": uuid(1), "name": "A", "type": "atomic", "estimated_duration": "2h"},
        {"id": uuid(2), "name": "B", "type": "atomic", "estimated_duration": "1s"},
    ]
}
DEADLINE = context(**goals(due("2026-01-02T14:00:00.000Z")))
READER = {"resource": "plan", "actions": ["read"]}
REFUSED = sample("confirmation", target={"type": "plan", "id": uuid(100)}, result={"status": "rejected"})
GRANTED = sample("confirmation", target={"type": "plan", "id": uuid(100)}, result={"status": "approved"})

CASES: dict[str, list[Case]] = {
    "kind_recognised": [
        kept(plan()),
        kept(rfc_plan()),
        broken({}, "object"),
        broken([plan()], "object"),
        broken(None, "object"),
        broken("plan", "plan", kind="plan"),
        broken({"id": uuid(1)}, "execution", kind="execution", dialect="rfc"),
    ],
    "json_data": [
        kept(sample("trace", result={"metrics": {"cost": 0.5}})),
        broken(sample("trace", result={"metrics": {"cost": float("nan")}}), "trace.result.metrics.cost"),
        broken(sample("plan", metadata={"a b": [float("-inf")]}), 'plan.metadata["a b"][0]'),
        broken(sample("plan", metadata={"x": "\ud800"}), "plan.metadata.x"),
        broken(sample("plan", metadata={"x": object()}), "plan.metadata.x"),
    ],
    "depth_within_limit": [
        kept(sample("plan", metadata={"deep": nested(62)})),
        broken(sample("plan", metadata={"deep": nested(63)}), "object"),
        broken(sample("plan", metadata={"deep": nested(5000)}), "plan", kind="plan"),
    ],
    "member_present": [
        kept(sample("role")),
        broken({"id": uuid(1), "version": "1.0.0", "capabilities": []}, "role.name"),
        broken(sample("role", capabilities=[{"name": "x", "type": "skill"}]), "role.capabilities[0].level"),
    ],
    "type_correct": [
        kept(sample("execution")),
        broken(sample("execution", progress={"total": "4"}), "execution.progress.total"),
        broken(sample("execution", input=[]), "execution.input"),
        broken(sample("execution", progress=None), "execution.progress"),
        broken(sample("trace", action="search"), "trace.action"),
        broken(sample("context", configuration={"max_sessions": True}), "context.configuration.max_sessions"),
    ],
    "value_allowed": [
        kept(plan(status="draft")),
        broken(plan(status="begun"), "plan.status"),
        broken(plan(tasks=0) | {"tasks": tasks(type="big")}, "plan.tasks[0].type"),
    ],
    "format_correct": [
        kept(sample("plan")),
        broken(plan(id="plan-1"), "plan.id"),
        broken(plan(id=uuid(1).upper().replace("0", "A")), "plan.id"),
        broken(plan(version="one"), "plan.version"),
        broken(plan() | {"tasks": tasks(estimated_duration="soon")}, "plan.tasks[0].estimated_duration"),
        broken(plan() | {"tasks": tasks(estimated_duration="PT1M1H")}, "plan.tasks[0].estimated_duration"),
        broken(plan() | {"tasks": tasks(estimated_duration=-1)}, "plan.tasks[0].estimated_duration"),
        kept(plan() | {"tasks": tasks(estimated_duration="P1DT2H")}),
    ],
    "range_kept": [
        kept(context(**goals(due("2026-01-02T14:00:00Z")))),
        broken(
            context(**goals(due("2026-01-02T14:00:00Z") | {"priority": 11})),
            "context.shared_state.goals[0].priority",
        ),
        broken(
            context(**goals(due("2026-01-02T14:00:00Z") | {"priority": 1.5})),
            "context.shared_state.goals[0].priority",
        ),
        broken(plan() | {"tasks": tasks(name="")}, "plan.tasks[0].name"),
        broken(plan() | {"tasks": tasks(description="x" * 501)}, "plan.tasks[0].description"),
    ],
    "member_known": [
        kept(plan(anything="goes")),
        broken(
            {
                "meta": {"protocol_version": "1.0.0", "schema_version": "2.0.0"},
                "role_id": uuid(1),
                "name": "x",
                "rank": 1,
            },
            "role.rank",
            dialect="frozen",
        ),
    ],
    "plan_matches_context": [
        kept(plan(context_id=uuid(200)), context=context()),
        kept(rfc_plan(contextId=uuid(200)), context=rfc_context()),
        kept(plan(context_id=uuid(200)), context=rfc_context()),
        broken(plan(context_id=uuid(201)), "plan.context_id", context=context()),
        broken(plan(), "plan.context_id", context=context()),
        broken(rfc_plan(contextId=uuid(201)), "plan.contextId", context=context()),
        passed_over(plan(context_id=uuid(201))),
        passed_over(context(), context=context()),
    ],
    "resource_constraints_met": [
        kept(plan(context_id=uuid(200)) | {"tasks": tasks(resources={"cpu": 4})}, context=CLOUD),
        broken(
            plan(context_id=uuid(200)) | {"tasks": tasks(resources={"cpu": 5, "memory": 2048})},
            "plan.tasks[0].resources.cpu",
            "plan.tasks[0].resources.memory",
            context=CLOUD,
        ),
        broken(
            plan(context_id=uuid(200)) | {"tasks": tasks(resources={"memory": 600})},
            "plan.tasks[0].resources.memory",
            related=[THRIFTY],
        ),
        broken(
            plan() | {"tasks": tasks(resources={"cpu": 10**400})},
            "plan.tasks[0].resources.cpu",
            context=CLOUD,
        ),
        passed_over(plan() | {"tasks": tasks(resources={"cpu": 5})}),
        passed_over(plan() | {"tasks": tasks(resources={"cpu": 5})}, context=context()),
    ],
    "deadline_feasible": [
        kept(plan() | {"tasks": tasks(estimated_duration="2h")}, context=DEADLINE, **facts(now=NOON)),
        broken(TWO_HOURS_AND_A_SECOND, GOAL_DUE, context=DEADLINE, **facts(now=NOON)),
        broken(
            TWO_HOURS_AND_A_SECOND | {"dependencies": [], "workflow": {"execution_strategy": "sequential"}},
            GOAL_DUE,
            context=DEADLINE,
            **facts(now=NOON),
        ),
        kept(
            TWO_HOURS_AND_A_SECOND | {"dependencies": [edge(1, 2, "start_to_start")]},
            context=DEADLINE,
            **facts(now=NOON),
        ),
        kept(
            TWO_HOURS_AND_A_SECOND | {"dependencies": [edge(1, 2, "finish_to_finish")]},
            context=DEADLINE,
            **facts(now=NOON),
        ),
        passed_over(
            plan() | {"tasks": tasks(estimated_duration="2d", status="completed")},
            context=DEADLINE,
            **facts(now=NOON),
        ),
        broken(
            plan(timeline={"start": "2026-01-02T12:00:00Z", "end": "2026-01-02T13:00:00Z"})
            | {"tasks": tasks(estimated_duration="2h")},
            "plan.timeline.end",
        ),
        broken(
            rfc_plan() | {"steps": [rfc_plan(tasks=1)["steps"][0] | {"estimatedDuration": 7201}]},
            "context.goals[0].deadline",
            context=rfc_context(goals=[due("2026-01-02T14:00:00.000Z")]),
            **facts(now=NOON),
        ),
        kept(
            plan() | {"tasks": tasks(estimated_duration="2d")},
            context=context(**goals(due("2026-01-03T12:00:00Z", "cancelled"), due("2026-01-09T12:00:00Z"))),
            **facts(now=NOON),
        ),
        passed_over(plan() | {"tasks": tasks(estimated_duration="2d")}, context=DEADLINE),
        passed_over(plan() | {"tasks": tasks(estimated_duration="2d")}, **facts(now=NOON)),
        passed_over(plan((1, 2), (2, 1)), context=DEADLINE, **facts(now=NOON)),
    ],
    "execution_authorized": [
        kept(plan(status="approved"), related=[GRANTED], **facts(action="execute")),
        broken(plan(status="draft"), "plan.status", **facts(action="execute")),
        broken(plan(status="cancelled"), "plan.status", **facts(action="execute")),
        broken(
            plan(status="approved"),
            "confirmation.result.status",
            related=[REFUSED, GRANTED],
            **facts(action="execute"),
        ),
        broken(sample("execution", plan_id=uuid(100)), "plan.status", related=[plan(status="draft")]),
        kept(sample("execution", plan_id=uuid(100)), related=[plan(status="executing")]),
        passed_over(sample("execution", plan_id=uuid(101)), related=[plan(status="draft")]),
        passed_over(plan(status="draft"), **facts(action="read")),
    ],
    "prerequisites_met": [
        kept(plan(), **facts(prerequisites={"catalogue": True})),
        broken(plan(), "prerequisites.catalogue", **facts(prerequisites={"catalogue": False, "gpu": True})),
        broken(plan((1, 2), (3, 2)), "plan.dependencies[0]", "plan.dependencies[1]", **facts(task=uuid(2))),
        kept(plan((1, 2)), **facts(task=uuid(1))),
        broken(
            sample("execution", plan_id=uuid(100), task_id=uuid(2)),
            "plan.steps[1].dependencies[0]",
            related=[rfc_plan((1, 2), status="executing")],
        ),
        passed_over(plan((1, 2))),
    ],
    "goals_not_empty": [
        kept(context(**goals(due("2026-01-02T14:00:00Z")))),
        kept(rfc_context()),
        broken(context(**goals()), "context.shared_state.goals"),
        broken(rfc_context(goals=[]), "context.goals"),
        broken({name: value for name, value in rfc_context().items() if name != "goals"}, "context.goals"),
        passed_over(context()),
        passed_over(plan()),
    ],
    "environment_platform_valid": [
        kept(context(environment={"platform": "web"})),
        kept(rfc_context()),
        broken(context(environment={}), "context.environment.platform"),
        broken(context(environment={"platform": "toaster"}), "context.environment.platform"),
        broken(context(environment=[]), "context.environment"),
        broken(
            {name: value for name, value in rfc_context().items() if name != "environment"},
            "context.environment",
        ),
        passed_over(context()),
        passed_over(plan()),
    ],
    "timestamp_valid": [
        kept(sample("trace")),
        kept(rfc_context()),
        broken(rfc_context(timestamp="yesterday"), "context.timestamp"),
        broken(rfc_context(timestamp="2026-02-30T00:00:00Z"), "context.timestamp"),
        broken(rfc_context(timestamp="2026-01-02T03:04:05"), "context.timestamp"),
        broken(rfc_context(timestamp="1970-01-01T00:00:00Z"), "context.timestamp"),
        broken(rfc_context(timestamp="0000-01-01T00:00:00Z"), "context.timestamp"),
        broken(
            sample("trace", timestamp={"start": "2026-01-02T09:00:00Z", "end": "2026-01-02T09:59:59+01:00"}),
            "trace.timestamp.end",
        ),
        kept(
            sample(
                "trace", timestamp={"start": "2026-01-02T09:00:00.000Z", "end": "2026-01-02T09:00:00.0001Z"}
            )
        ),
        broken(
            plan() | {"tasks": tasks(started_at="2026-01-02T09:00:00Z", completed_at="2026-01-02T08:00:00Z")},
            "plan.tasks[0].completed_at",
        ),
        broken(
            plan(metadata={"created_at": "2026-01-02T09:00:00Z", "updated_at": "2026-01-01T09:00:00Z"}),
            "plan.metadata.updated_at",
        ),
        kept(
            plan(metadata={"created_at": "long ago", "updated_at": "today"}, timeline={"start": 3, "end": []})
        ),
    ],
    "steps_not_empty": [
        kept(plan()),
        kept(rfc_plan()),
        broken(plan() | {"tasks": []}, "plan.tasks"),
        broken({"id": uuid(1), "name": "x"}, "plan.tasks", kind="plan"),
        broken(rfc_plan() | {"steps": []}, "plan.steps"),
        passed_over(context()),
    ],
    "unique_step_ids": [
        kept(plan()),
        broken(plan() | {"tasks": tasks() * 3}, "plan.tasks[1].id", "plan.tasks[2].id"),
        broken(rfc_plan() | {"steps": rfc_plan()["steps"][:1] * 2}, "plan.steps[1].stepId"),
        passed_over(sample("role")),
    ],
    "all_dependencies_exist": [
        kept(plan((1, 2))),
        kept(rfc_plan((1, 2))),
        kept(plan() | {"dependencies": []}),
        broken(plan((1, 9), (8, 2)), "plan.dependencies[0].to_task", "plan.dependencies[1].from_task"),
        broken(rfc_plan((9, 3)), "plan.steps[2].dependencies[0]"),
        broken(plan() | {"tasks": tasks(parent_task=uuid(9))}, "plan.tasks[0].parent_task"),
        passed_over(context()),
    ],
    "no_circular_dependencies": [
        kept(plan((1, 2), (2, 3), (1, 3))),
        kept(plan((3, 1), (1, 2))),
        broken(plan((1, 2), (2, 3), (3, 1)), "plan.dependencies[2]"),
        broken(plan((2, 2)), "plan.dependencies[0]"),
        broken(plan((1, 2), (2, 1), (3, 4), (4, 3)), "plan.dependencies[1]", "plan.dependencies[3]"),
        broken(rfc_plan((1, 2), (2, 1)), "plan.steps[0].dependencies"),
        broken(plan() | {"tasks": tasks(parent_task=uuid(1))}, "plan.tasks[0].parent_task"),
        passed_over(context()),
    ],
    "user_authenticated": [
        kept(plan(), **facts(user="dana", authenticated=True)),
        broken(plan(), "user", **facts(user="dana", authenticated=False)),
        passed_over(plan(), **facts(user="dana")),
    ],
    "user_authorized": [
        kept(plan(), **facts(permissions=[READER], action="read")),
        kept(plan(), **facts(permissions=[Permission(resource="*", actions=["*"])], action="delete")),
        kept(plan(), **facts(permissions=[{"resource": "plan", "action": "read|write"}], action="write")),
        kept(
            plan(),
            **facts(
                permissions=[READER | {"conditions": {"team": 1}}], action="read", attributes={"team": 1}
            ),
        ),
        broken(plan(), "user.permissions", **facts(permissions=[READER], action="delete")),
        broken(plan(), "user.permissions", **facts(permissions=[READER], action="read", resource="trace")),
        broken(
            plan(),
            "user.permissions",
            **facts(permissions=[READER | {"conditions": {"team": 1}}], action="read"),
        ),
        broken(plan(), "user.permissions", **facts(permissions=[], action="read")),
        passed_over(plan(), **facts(permissions=[READER])),
        passed_over(plan(), **facts(action="read")),
    ],
    "resource_accessible": [
        kept(plan() | {"tasks": tasks(resources={"tools": ["search"]})}, **facts(accessible={"search"})),
        broken(
            plan() | {"tasks": tasks(resources={"tools": ["search"]}, resources_required=["analyst", {}])},
            "plan.tasks[0].resources_required[0]",
            "plan.tasks[0].resources.tools[0]",
            **facts(accessible=()),
        ),
        broken(context(), "resource", **facts(accessible={"a"}, resource="b")),
        passed_over(plan()),
    ],
    "no_sensitive_data_exposure": [
        kept(sample("context")),
        broken(
            context(shared_state={"variables": {"db_password": "hunter2"}}),
            "context.shared_state.variables.db_password",
        ),
        broken(
            context(shared_state={"variables": {"Api-Key": "abc"}}), "context.shared_state.variables.Api-Key"
        ),
        broken(
            sample("execution", input={"credentials": {"user": "u", "x": ["p"]}}),
            "execution.input.credentials.user",
            "execution.input.credentials.x[0]",
        ),
        broken(
            plan() | {"tasks": tasks(description=f"Use sk-proj-{'a1' * 12}")}, "plan.tasks[0].description"
        ),
        broken(plan(description="postgres://app:s3cret@db/app"), "plan.description"),
        broken(plan(description="-----BEGIN RSA PRIVATE KEY-----\nMII"), "plan.description"),
        broken(plan(description="Authorization: Bearer abc.def0123456789"), "plan.description"),
        kept(
            plan(
                metadata={
                    "password": "[redacted]",
                    "token": "env:TOKEN",
                    "api_key": "${API_KEY}",
                    "secret": "",
                }
            )
        ),
        kept(plan(metadata={"password": 5, "input_tokens": "12", "secret": None, "key": "value"})),
        kept(plan(metadata={"password": encrypted()})),
        kept(plan(description="task-1234567890abcdef, disk-0123456789abcdef, https://example.org/a@b")),
    ],
    "data_encryption_valid": [
        kept(plan(metadata={"x": encrypted(tag=base64.b64encode(b"t" * 16).decode())})),
        kept(plan(metadata={"x": {"encrypted": False}})),
        broken(plan(metadata={"x": encrypted(algorithm="ROT13")}), "plan.metadata.x.algorithm"),
        broken(plan(metadata={"x": encrypted(ciphertext="not base64!")}), "plan.metadata.x.ciphertext"),
        broken(plan(metadata={"x": encrypted(iv="AAAA")}), "plan.metadata.x.iv"),
        broken(plan(metadata={"x": encrypted(tag="AAAA")}), "plan.metadata.x.tag"),
        broken(
            plan(metadata={"x": {"encrypted": True}}),
            "plan.metadata.x.algorithm",
            "plan.metadata.x.ciphertext",
        ),
    ],
    "size_within_limit": [
        kept(plan(metadata={"x": "a" * 1000})),
        broken(plan(metadata={"x": "a" * 8 * 1024 * 1024}), "object"),
    ],
    "resource_usage_high": [
        broken(plan() | {"tasks": tasks(resources={"cpu": 0.95})}, "plan.tasks[0].resources.cpu"),
        broken(
            rfc_plan() | {"steps": [rfc_plan(tasks=1)["steps"][0] | {"resources": {"cpu": 0.95}}]},
            "plan.steps[0].resources.cpu",
        ),
        broken(
            plan() | {"tasks": tasks(resources={"cpu": 3.9})}, "plan.tasks[0].resources.cpu", context=CLOUD
        ),
        broken(sample("trace", performance={"cpu_usage": 0.93}), "trace.performance.cpu_usage"),
        kept(plan() | {"tasks": tasks(resources={"cpu": 0.95})}, context=CLOUD),
        kept(plan() | {"tasks": tasks(resources={"cpu": 2, "memory": 512})}),
        passed_over(context()),
    ],
    "message_size_high": [
        kept(plan()),
        broken(plan(metadata={"x": "a" * 1024 * 1024}), "plan"),
    ],
    "protocol_version_supported": [
        kept(plan(metadata={"protocol_version": "1.0.0"})),
        broken(plan(metadata={"protocol_version": "2.0.0"}), "plan.metadata.protocol_version"),
        broken(plan(protocol_version=1), "plan.protocol_version"),
        passed_over(plan()),
    ],
    "version_portable": [
        kept(plan(version="1.0.0")),
        broken(plan(version="1.0"), "plan.version"),
        broken(plan(version="1.0.0-rc.1"), "plan.version"),
        passed_over(plan()),
    ],
    "member_spelling": [
        kept(plan(metadata={"contextId": 1})),
        broken(plan(contextId=uuid(200)), "plan.contextId"),
        broken(plan() | {"tasks": tasks(estimatedDuration=3)}, "plan.tasks[0].estimatedDuration"),
        broken(rfc_plan(context_id=uuid(200)), "plan.context_id"),
    ],
    "references_resolve": [
        kept(plan(context_id=uuid(200)), related=[context()]),
        broken(plan(context_id=uuid(201)), "plan.context_id", related=[context()]),
        broken(sample("trace", task_id=uuid(9), plan_id=uuid(100)), "trace.task_id", related=[plan()]),
        passed_over(plan(context_id=uuid(200)), related=[sample("role")]),
        passed_over(plan(context_id=uuid(200))),
    ],
}

EACH = [
    pytest.param(name, case, id=f"{name}-{number}")
    for name, cases in CASES.items()
    for number, case in enumerate(cases)
]


@pytest.mark.parametrize(("name", "case"), EACH)
@pytest.mark.requirement(
    "VALID-CONTEXT-RULES",
    "VALID-PLAN-STEPS",
    "VALID-PLAN-CYCLES",
    "VALID-PLAN-FEASIBLE",
    "VALID-ACCESS",
    "VALID-SENSITIVE",
    "VALID-USAGE",
    "VALID-RFC-ONLY",
)
def test_a_rule_finds_what_it_names_and_nothing_else(name: str, case: Case) -> None:
    result = case.run()
    found = [finding for finding in (*result.errors, *result.warnings) if finding.rule == name]
    assert tuple(finding.path for finding in found) == case.paths


def test_every_rule_has_a_case_that_keeps_it_and_one_that_breaks_it() -> None:
    assert set(CASES) == {rule.name for rule in RULES}
    for name, cases in CASES.items():
        assert any(case.paths for case in cases), name
        assert any(not case.paths and case.executed for case in cases), name


@pytest.mark.parametrize(
    ("obj", "options", "more"),
    [
        (plan(), facts(authenticated=True), 1),
        (plan(), facts(permissions=[]), 0),
        (plan(), facts(permissions=[], action="read"), 1),
        (plan(), facts(action="execute"), 1),
        (plan(), facts(accessible=()), 1),
        (plan(), facts(prerequisites={}), 1),
        (plan(), facts(task=uuid(1)), 1),
        (plan(), facts(now=NOON, user="dana", attributes={"a": 1}), 0),
        (plan(), {"context": context()}, 1),
        (plan(), {"context": CLOUD}, 2),
        (plan(version="1.0.0"), {}, 1),
        (plan(metadata={"protocol_version": "1.0"}), {}, 1),
    ],
)
def test_a_rule_is_counted_where_it_has_something_to_judge_by(
    obj: dict[str, Any], options: dict[str, Any], more: int
) -> None:
    alone = validate(plan()).metadata.rules_executed
    assert validate(obj, **options).metadata.rules_executed == alone + more


@pytest.mark.requirement("VALID-RFC-ONLY")
def test_goals_and_environment_are_asked_of_those_that_declare_them_and_of_the_rfc_dialect() -> None:
    counts = [
        validate(each).metadata.rules_executed
        for each in (
            context(),
            context(**goals(due("2026-01-02T14:00:00Z"))),
            context(environment={"platform": "web"}),
            rfc_context(),
        )
    ]
    assert [count - counts[0] for count in counts] == [0, 1, 1, 2]


@pytest.mark.parametrize(("name", "case"), [each for each in EACH if each.values[1].paths])
@pytest.mark.requirement("VALID-CODES", "VALID-SUGGESTION", "VALID-USAGE")
def test_a_finding_has_the_code_of_its_rule_and_says_what_to_do(name: str, case: Case) -> None:
    result = case.run()
    rule = next(rule for rule in RULES if rule.name == name)
    found = [finding for finding in (*result.errors, *result.warnings) if finding.rule == name]
    assert {(finding.code, finding.level) for finding in found} == {(rule.code, rule.level)}
    assert NAMED_BY_THE_PROTOCOL.get(name, rule.code) == rule.code
    assert rule.code[0] == {"error": "V", "warning": "W"}[rule.level]
    assert all(finding in (result.errors if rule.level == "error" else result.warnings) for finding in found)
    for finding in found:
        assert finding.message.endswith((".", "…"))
        assert finding.suggestion.endswith((".", "…"))
        assert finding.suggestion != finding.message
