"""Record the examples of `/openapi.json`: every operation once, in one small story, against a real server.

    python scripts/generate_examples.py            write them
    python scripts/generate_examples.py --check    play the story again, compare, and write nothing

What differs from run to run (times, ids that the server makes, tokens) does not count in the comparison.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from mplp_mock_server import MockServer
from mplp_mock_server.extensions import register_extension

PAGE = Path(__file__).parent.parent / "mock_server" / "mplp_mock_server" / "api" / "examples.json"

KEY = "the-key-of-this-server"
Json = dict[str, Any]

PARAMETERS = {
    "context_id": "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c01",
    "participant_id": "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c02",
    "plan_id": "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c03",
    "task_id": "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c04",
    "confirmation_id": "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c05",
    "trace_id": "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c06",
    "role_id": "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c07",
    "extension_id": "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c08",
    "execution_id": "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c09",
    "stream_id": "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c0a",
    "key": "budget",
    "module": "execution",
}
CONTEXT, PLAN, TASK = (PARAMETERS[name] for name in ("context_id", "plan_id", "task_id"))
SECOND_TASK = "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c14"
THIRD_TASK = "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c24"
SECOND_PLAN = "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c13"
PARENT_ROLE = "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c17"
SPAN = "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c16"
AGENT = "1d4b3f8c-0f0f-5c6a-8f2e-2b7d9a6f3e10"
REQUEST = "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5cff"


def span(name: str, kind: str, own: str, **members: Any) -> Json:
    """A closed span of the story's trace."""
    return {
        "id": own,
        "trace_id": PARAMETERS["trace_id"],
        "span_id": own,
        "context_id": CONTEXT,
        "agent_id": AGENT,
        "action": {"name": name, "type": kind},
        "timestamp": {"start": "2026-01-02T03:04:05.000Z", "end": "2026-01-02T03:04:06.250Z"},
        "result": {"status": "success"},
        **members,
    }


SPANS = [
    span("research", "invoke", SPAN),
    span("search", "execute", "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c26", parent_span_id=SPAN),
]
RECORDS = [
    {"kind": "trace", "object": span("write", "execute", "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c36")},
    {"kind": "plan", "object": {"name": "without an id"}},
]


class Morning:
    """A clock that stands still, so that recording anew changes little."""

    def now(self) -> datetime:
        return datetime(2026, 1, 5, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Step:
    """One request of the story."""

    operation: str
    """The operation that it is an example of; for an error, its code."""
    body: Any = None
    parameters: Json = field(default_factory=dict)
    """In the path, in place of those above."""
    query: Json = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    path: str | None = None
    """Method and path of a request that goes wrong; None: those of the operation."""


def story(seen: Json) -> Iterator[Step]:
    """All requests, in order.

    Args:
        seen: the `data` of earlier answers by operation.
    """
    yield from _contexts(seen)
    yield from _plans()
    yield from _executions()
    yield from _confirmations()
    yield from _roles()
    yield from _extensions()
    yield from _traces()
    yield from _system(seen)
    yield from _errors()
    yield from _farewell()


def _contexts(seen: Json) -> Iterator[Step]:
    goal = {"id": "g1", "description": "A report of two pages", "priority": 5}
    state = {"variables": {"budget": 40}, "goals": [goal]}
    yield Step("createContext", {"id": CONTEXT, "name": "Market report", "shared_state": state})
    yield Step("listContexts", query={"status": "active", "sort": "-created_at"})
    yield Step("getContext")
    yield Step("updateContext", {"lifecycle_stage": "execution", "metadata": {"tags": ["q3"]}})
    yield Step("setContextVariable", {"key": "language", "value": "en"})
    yield Step("getContextVariable")
    yield Step("listContextVariables")
    yield Step("createContextSnapshot", {"name": "before the search"})
    yield Step("listContextSnapshots")
    yield Step("restoreContext", {"snapshot_id": seen["createContextSnapshot"]["id"]})
    yield Step("getContextState")
    yield Step("syncContext", {"target_nodes": ["node-a"], "sync_type": "full"})
    participant = {"participant_id": PARAMETERS["participant_id"], "user_id": "kim", "role": "editor"}
    yield Step("addContextParticipant", participant)
    yield Step("listContextParticipants")
    yield Step("updateContextParticipant", {"role": "reviewer"})
    yield Step("setContextStatus", {"status": "active", "reason": "the week begins"})


def _plans() -> Iterator[Step]:
    tasks = [
        {"id": TASK, "name": "search", "type": "atomic", "estimated_duration": "40s"},
        {"id": SECOND_TASK, "name": "write", "type": "atomic", "estimated_duration": "2m"},
    ]
    edge = {"from_task": TASK, "to_task": SECOND_TASK, "type": "finish_to_start"}
    plan = {"name": "Report", "context_id": CONTEXT, "tasks": tasks, "dependencies": [edge]}
    yield Step("createPlan", {"id": PLAN, **plan})
    yield Step("listPlans", query={"context_id": CONTEXT})
    yield Step("getPlan")
    yield Step("updatePlan", {"description": "What the market was like in the third quarter"})
    yield Step("addTask", {"id": THIRD_TASK, "name": "proofread", "type": "atomic"})
    yield Step("updateTask", {"priority": "high"})
    yield Step("addDependency", {"from_task": SECOND_TASK, "to_task": THIRD_TASK, "type": "finish_to_start"})
    yield Step("validatePlan")
    yield Step("optimizePlan", {"strategy": "time", "apply": False})
    yield Step("getPlanTimeline")
    approved = {**plan, "id": SECOND_PLAN, "name": "Search only", "tasks": tasks[:1], "dependencies": []}
    yield Step("", approved, path="POST /plans")
    yield Step("", {"status": "approved"}, path=f"PUT /plans/{SECOND_PLAN}")
    yield Step("executePlan", {"execution_mode": "sync"}, {"plan_id": SECOND_PLAN})
    yield Step("getPlanStatus", parameters={"plan_id": SECOND_PLAN})


def _executions() -> Iterator[Step]:
    own = {"id": PARAMETERS["execution_id"], "context_id": CONTEXT, "status": "running"}
    yield Step("createExecution", own)
    yield Step("listExecutions", query={"status": "running"})
    yield Step("getExecution")
    yield Step("pauseExecution")
    yield Step("resumeExecution")
    yield Step("commandExecution", {"command": "status"})
    yield Step("listExecutionLogs", query={"level": "info"})
    yield Step("getWorkspace")
    yield Step("cancelExecution")


def _confirmations() -> Iterator[Step]:
    question = {
        "id": PARAMETERS["confirmation_id"],
        "context_id": CONTEXT,
        "target": {"type": "plan", "id": PLAN, "description": "May the report be sent?"},
        "type": "approval",
        "approvers": [{"id": "lee", "type": "human", "required": True}],
    }
    yield Step("createConfirmation", question)
    yield Step("listConfirmations", query={"status": "pending"})
    yield Step("getConfirmation")
    yield Step("decideConfirmation", {"decision": "approved", "approver_id": "lee", "comments": ["Go ahead"]})


def _roles() -> Iterator[Step]:
    search = {"name": "search", "type": "skill", "level": "advanced"}
    parent = {"id": PARENT_ROLE, "name": "reader", "capabilities": [search]}
    yield Step("", parent, path="POST /roles")
    writing = {"name": "write", "type": "skill", "level": "expert"}
    own = {"id": PARAMETERS["role_id"], "name": "editor", "capabilities": [writing]}
    yield Step("createRole", {**own, "permissions": [{"resource": "reports", "actions": ["read", "write"]}]})
    yield Step("listRoles", query={"pageSize": 1})
    yield Step("getRole")
    yield Step("updateRole", {"description": "Writes what others found"})
    yield Step("inheritRole", {"parent_role_id": PARENT_ROLE})
    yield Step("checkRole", {"resource": "reports", "action": "write"})


def _extensions() -> Iterator[Step]:
    shout = {
        "id": PARAMETERS["extension_id"],
        "name": "shout",
        "version": "1.0.0",
        "type": "capability",
        "interface": {"input_schema": {"type": "string"}, "output_schema": {"type": "string"}},
        "implementation": {"runtime": "python", "entry_point": "shout"},
    }
    yield Step("createExtension", shout)
    yield Step("listExtensions")
    yield Step("getExtension")
    yield Step("executeExtension", {"input": "hello", "context_id": CONTEXT, "timeout": 500})
    yield Step("reloadExtension", {"version": "1.1.0", "update_strategy": "rolling"})


def _traces() -> Iterator[Step]:
    yield Step("createTrace", SPANS[0])
    yield Step("createTraces", SPANS)
    yield Step("listTraces", query={"context_id": CONTEXT, "name": "research"})
    yield Step("getTrace")
    yield Step("listSpans")
    numbers = {"X-MPLP-Stream": PARAMETERS["stream_id"], "X-MPLP-Sequence": "1"}
    yield Step("ingest", "".join(f"{json.dumps(record)}\n" for record in RECORDS), headers=numbers)
    yield Step("listStreams")
    yield Step("getStream")


def _system(seen: Json) -> Iterator[Step]:
    yield Step("listSchemas")
    yield Step("getSchema")
    yield Step("validateObject", {"id": PARAMETERS["execution_id"], "status": "underway"})
    yield Step("createToken", {"api_key": KEY})
    yield Step("refreshToken", {"refresh_token": seen["createToken"]["refresh_token"]})
    yield Step("rpc", {"module": "context", "action": "get", "parameters": {"context_id": CONTEXT}})
    yield Step("health")
    yield Step("ready")


def _errors() -> Iterator[Step]:
    bad_key = {"X-API-Key": "another"}
    yield Step("2002", path="GET /plans", headers=bad_key)
    yield Step("2006", {"api_key": "another"}, path="POST /auth/token")
    yield Step("3001", {"name": "p", "tasks": [], "status": "almost"}, path="POST /plans")
    yield Step("3002", {"tasks": []}, path="POST /plans")
    yield Step("3003", path="GET /plans?page=first")
    yield Step("3004", path="GET /plans?pageSize=5000")
    twice = {"name": "p", "tasks": [{"id": "t", "name": "t", "type": "atomic"}] * 2}
    yield Step("3005", twice, path="POST /plans")
    yield Step("3006", {"name": 7, "tasks": []}, path="POST /plans")
    circle = {"from_task": SECOND_TASK, "to_task": TASK, "type": "finish_to_start"}
    yield Step("3007", circle, path=f"POST /plans/{PLAN}/dependencies")
    nowhere = {"from_task": TASK, "to_task": "none", "type": "finish_to_start"}
    yield Step("3008", nowhere, path=f"POST /plans/{PLAN}/dependencies")
    yield Step("4001", path="GET /plans/none")
    yield Step("4003", {"name": "another"}, path=f"PUT /plans/{PLAN}", headers={"If-Match": '"00"'})
    yield Step("4005", {"status": "completed"}, path=f"PUT /plans/{PLAN}")
    careful = {"name": "Careful", "tasks": [], "metadata": {"requires_confirmation": True}}
    careful_id = "6f1c1f0a-6f6e-4f0e-9a53-0d7a3b1f5c23"
    tasks = [{"name": "send", "type": "atomic"}]
    yield Step("", {**careful, "id": careful_id, "context_id": CONTEXT, "tasks": tasks}, path="POST /plans")
    yield Step("", {"status": "approved"}, path=f"PUT /plans/{careful_id}")
    yield Step("4008", {}, path=f"POST /plans/{careful_id}/execute")
    yield Step("5001", path="GET /extensions/none")
    yield Step("5004", {"version": "2.0.0"}, path=f"PUT /extensions/{PARAMETERS['extension_id']}/reload")


def _farewell() -> Iterator[Step]:
    edge = {"from_task": TASK, "to_task": SECOND_TASK}
    yield Step("removeDependency", edge)
    for operation in ("removeTask", "deleteContextVariable", "removeContextParticipant", "deletePlan"):
        yield Step(operation)
    for operation in ("deleteRole", "deleteExtension", "deleteContext"):
        yield Step(operation)


def main() -> int:
    """Exit code: 0, or 1 when the recorded examples are not what the server answers."""
    examples = record()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(json.dumps(examples, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return 0
    kept = json.loads(PAGE.read_text(encoding="utf-8"))
    for part, name in differences(kept, examples):
        print(f"{part} {name}: not what the server answers; run make generate", file=sys.stderr)
    return 1 if any(differences(kept, examples)) else 0


def record() -> Json:
    """Play the story, and keep what was asked and answered."""
    register_extension("shout", "1.0.0", str.upper)
    register_extension("shout", "1.1.0", str.upper)
    examples: Json = {"parameters": PARAMETERS, "operations": {}, "errors": {}}
    seen: Json = {}
    with MockServer(api_key=KEY, clock=Morning()) as server, httpx.Client(base_url=server.url) as client:
        client.headers.update({"X-API-Key": KEY, "X-Request-ID": REQUEST})
        paths = _addresses(client)
        for step in story(seen):
            answer = _send(client, step, paths)
            _keep(examples, seen, step, answer)
    return examples


def _addresses(client: httpx.Client) -> dict[str, tuple[str, str]]:
    """Method and address of each operation."""
    document = client.get("/openapi.json").json()
    found = {}
    for path, item in document["paths"].items():
        base = item.get("servers", document["servers"])[0]["url"].rstrip("/")
        for method, operation in item.items():
            if method != "servers":
                found[operation["operationId"]] = (method.upper(), base + path)
    return found


def _send(client: httpx.Client, step: Step, paths: dict[str, tuple[str, str]]) -> httpx.Response:
    if step.path is None:
        method, address = paths[step.operation]
    else:
        method, _, below = step.path.partition(" ")
        address = "/v1.0" + below
    address = address.format(**{**PARAMETERS, **step.parameters})
    if isinstance(step.body, str):
        headers = {**step.headers, "Content-Type": "application/x-ndjson"}
        return client.request(method, address, content=step.body, headers=headers)
    return client.request(method, address, json=step.body, params=step.query or None, headers=step.headers)


def _keep(examples: Json, seen: Json, step: Step, answer: httpx.Response) -> None:
    told: Any = answer.json() if answer.content else None
    failed = isinstance(told, dict) and told.get("success") is False
    if step.operation.isdigit():
        assert told["error"]["code"] == step.operation, (step, answer.text)  # noqa: S101
        examples["errors"][step.operation] = told
        return
    assert not failed, (step, answer.text)  # noqa: S101 -- the story goes well
    if not step.operation:
        return
    if isinstance(told, dict):
        seen[step.operation] = told.get("data")
    kept = {"request": step.body, "status": answer.status_code, "response": told}
    shown = {name: _without_secrets(value) for name, value in kept.items() if value is not None}
    examples["operations"][step.operation] = shown


def _without_secrets(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_secrets(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: "…" if name.endswith("_token") else _without_secrets(one) for name, one in value.items()}


VOLATILE = re.compile(
    r"(?P<id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
    r"|(?P<time>\d{4}-\d\d-\d\dT[\d:.]+Z)|(?P<digest>[0-9a-f]{32,64})"
)
MEASURED = ("processingTime", "validationTime", "duration", "dataSize")


def differences(kept: Json, found: Json) -> Iterator[tuple[str, str]]:
    """What is not the same in both, apart from what never is."""
    for part in ("parameters", "operations", "errors"):
        for name in sorted({*kept[part], *found[part]}):
            if steady(kept[part].get(name)) != steady(found[part].get(name)):
                yield part, name


def steady(value: Any) -> Any:
    """A value without what differs from run to run."""
    if isinstance(value, dict):
        return {name: 0 if name in MEASURED else steady(one) for name, one in value.items()}
    if isinstance(value, list):
        return [steady(one) for one in value]
    return VOLATILE.sub(lambda found: f"<{found.lastgroup}>", value) if isinstance(value, str) else value


if __name__ == "__main__":
    sys.exit(main())
