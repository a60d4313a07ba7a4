"""Operations, and the methods that call them: what is asked for, and what is refused before it is sent."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import Callable
from operator import attrgetter
from typing import Any, get_type_hints
from urllib.parse import urlencode

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from mplp_sdk import errors
from mplp_sdk.client import AsyncClient, Call, Client, calls

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


CONTEXT: Any = {
    "id": "c1",
    "version": "1.0.0",
    "status": "active",
    "lifecycle_stage": "planning",
    "shared_state": {},
}
PLAN: Any = {"id": "p1", "name": "p", "tasks": []}
TASK: Any = {"id": "t1", "name": "t", "type": "atomic"}
DEPENDENCY: Any = {"from_task": "t1", "to_task": "t2", "type": "finish_to_start"}
CONFIRMATION: Any = {"id": "k1", "target": TARGET, "type": "approval", "criteria": {}}
STORED_SPAN: Any = {**SPAN, "id": "s1", "span_id": "s1"}
SUMMARY: Any = {
    "trace_id": "t1",
    "context_id": "c1",
    "agent_id": "a1",
    "name": "look",
    "status": "success",
    "start": "2026-01-02T03:04:05.678Z",
    "span_count": 1,
    "error_count": 0,
}
ROLE: Any = {"id": "r1", "name": "r", "version": "1.0.0", "capabilities": []}
EXTENSION: Any = {
    "id": "x1",
    "name": "x",
    "version": "1.0.0",
    "type": "plugin",
    "interface": {},
    "implementation": {"runtime": "python", "entry_point": "x"},
}
NEW_EXTENSION = {name: value for name, value in EXTENSION.items() if name != "id"}
EXECUTION: Any = {"id": "e1", "status": "running"}
TIME = "2026-01-02T03:04:05.678Z"
VERSIONED: Any = {"state_version": "1", "checksum": "sha256:00"}
SNAPSHOT: Any = {"id": "n1", "context_id": "c1", "created_at": TIME, **VERSIONED}
PARTICIPANT: Any = {"participant_id": "m1", "user_id": "ann"}
REPORT: Any = {
    "valid": True,
    "metadata": {"validationTime": 0.1, "rulesExecuted": 9, "validatorVersion": "1.0.0"},
}
TOKEN: Any = {"access_token": "a", "token_type": "Bearer", "expires_in": 60, "refresh_token": "b"}
STREAM: Any = {"id": "s1", "high_water": 7}


def page(*items: Any) -> Any:
    """The data of a list that has these items."""
    pagination = {
        "page": 1,
        "pageSize": 50,
        "total": len(items),
        "totalPages": 1,
        "hasNext": False,
        "hasPrev": False,
    }
    return {"items": list(items), "pagination": pagination}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """One call: how it is made, what is sent, and what a server may answer."""

    name: str
    """`contexts.sync`: the operation and the method of the client."""
    arguments: tuple[Any, ...] = ()
    members: Any = dataclasses.field(default_factory=dict)
    method: str
    path: str
    body: object = None
    answer: object = None

    def operation(self) -> Call[Any]:
        made: Any = attrgetter(self.name)(calls)
        return made(*self.arguments, **self.members)  # type: ignore[no-any-return]

    def do(self, client: Any) -> Any:
        """The same through a method of a client."""
        return attrgetter(self.name.removeprefix("system."))(client)(*self.arguments, **self.members)


def a_case(
    name: str, endpoint: str, answer: object = None, body: object = None, /, *args: Any, **kw: Any
) -> Case:
    method, path = endpoint.split(" ")
    return Case(name=name, arguments=args, members=kw, method=method, path=path, body=body, answer=answer)


CASES = [
    a_case("contexts.create", "POST /contexts", CONTEXT, {"name": "c"}, name="c"),
    a_case("contexts.list", "GET /contexts", page(CONTEXT)),
    a_case("contexts.get", "GET /contexts/c1", CONTEXT, None, "c1"),
    a_case("contexts.update", "PUT /contexts/c1", CONTEXT, {"name": "d"}, "c1", name="d"),
    a_case("contexts.delete", "DELETE /contexts/c1", None, None, "c1"),
    a_case(
        "contexts.set_status",
        "PUT /contexts/c1/status",
        CONTEXT,
        {"status": "suspended", "reason": "lunch"},
        "c1",
        "suspended",
        reason="lunch",
    ),
    a_case(
        "contexts.state",
        "GET /contexts/c1/state",
        {"context_id": "c1", "state_data": {}, "updated_at": TIME, **VERSIONED},
        None,
        "c1",
    ),
    a_case(
        "contexts.sync",
        "POST /contexts/c1/sync",
        {"context_id": "c1", "sync_type": "full", "timestamp": TIME, "nodes": [], **VERSIONED},
        {"target_nodes": ["n1", "n2"], "sync_type": "incremental"},
        "c1",
        ["n1", "n2"],
        sync_type="incremental",
    ),
    a_case(
        "contexts.set_variable",
        "POST /contexts/c1/variables",
        {"key": "k", "value": None},
        {"key": "k", "value": None},
        "c1",
        "k",
        None,
    ),
    a_case(
        "contexts.get_variable",
        "GET /contexts/c1/variables/a%20b",
        {"key": "a b", "value": [1]},
        None,
        "c1",
        "a b",
    ),
    a_case("contexts.variables", "GET /contexts/c1/variables", {"variables": {"k": 1}}, None, "c1"),
    a_case("contexts.delete_variable", "DELETE /contexts/c1/variables/k", None, None, "c1", "k"),
    a_case("contexts.snapshot", "POST /contexts/c1/snapshots", SNAPSHOT, {"name": "n"}, "c1", name="n"),
    a_case("contexts.snapshots", "GET /contexts/c1/snapshots", page(SNAPSHOT), None, "c1"),
    a_case("contexts.restore", "POST /contexts/c1/restore", CONTEXT, {"snapshot_id": "n1"}, "c1", "n1"),
    a_case("contexts.participants", "GET /contexts/c1/participants", page(PARTICIPANT), None, "c1"),
    a_case(
        "contexts.add_participant",
        "POST /contexts/c1/participants",
        PARTICIPANT,
        {"user_id": "ann", "notification_preferences": {"email": True}},
        "c1",
        user_id="ann",
        notification_preferences={"email": True},
    ),
    a_case(
        "contexts.update_participant",
        "PUT /contexts/c1/participants/m1",
        PARTICIPANT,
        {"status": "inactive"},
        "c1",
        "m1",
        status="inactive",
    ),
    a_case("contexts.remove_participant", "DELETE /contexts/c1/participants/m1", None, None, "c1", "m1"),
    a_case(
        "plans.create",
        "POST /plans",
        PLAN,
        {"name": "p", "tasks": [{"name": "t"}]},
        name="p",
        tasks=[{"name": "t"}],
    ),
    a_case("plans.list", "GET /plans", page(PLAN)),
    a_case("plans.get", "GET /plans/p1", PLAN, None, "p1"),
    a_case("plans.update", "PUT /plans/p1", PLAN, {"name": "q"}, "p1", name="q"),
    a_case("plans.delete", "DELETE /plans/p1", None, None, "p1"),
    a_case(
        "plans.status",
        "GET /plans/p1/status",
        {"plan_id": "p1", "status": "draft", "progress": {"total": 0}, "tasks": []},
        None,
        "p1",
    ),
    a_case("plans.add_task", "POST /plans/p1/tasks", TASK, {"name": "t"}, "p1", name="t"),
    a_case(
        "plans.update_task", "PUT /plans/p1/tasks/t1", TASK, {"priority": "high"}, "p1", "t1", priority="high"
    ),
    a_case("plans.remove_task", "DELETE /plans/p1/tasks/t1", None, None, "p1", "t1"),
    a_case(
        "plans.remove_task", "DELETE /plans/p1/tasks/t1?cascade=true", None, None, "p1", "t1", cascade=True
    ),
    a_case(
        "plans.add_dependency",
        "POST /plans/p1/dependencies",
        DEPENDENCY,
        {"from_task": "t1", "to_task": "t2"},
        "p1",
        from_task="t1",
        to_task="t2",
    ),
    a_case(
        "plans.remove_dependency",
        "DELETE /plans/p1/dependencies?from_task=t1&to_task=t2&type=start_to_start",
        None,
        None,
        "p1",
        from_task="t1",
        to_task="t2",
        type="start_to_start",
    ),
    a_case("plans.validate", "POST /plans/p1/validate", REPORT, None, "p1"),
    a_case(
        "plans.optimize",
        "POST /plans/p1/optimize",
        {
            "plan": PLAN,
            "strategy": "time",
            "changes": [{"path": "tasks[0]", "from": "b", "to": "a", "reason": "critical"}],
            "before": {"makespan": 2},
            "after": {"makespan": 1},
        },
        {"strategy": "time", "parameters": {"max_parallel": 2}, "apply": False},
        "p1",
        "time",
        parameters={"max_parallel": 2},
        apply=False,
    ),
    a_case(
        "plans.timeline", "GET /plans/p1/timeline", {"plan_id": "p1", "makespan": 0, "tasks": []}, None, "p1"
    ),
    a_case(
        "plans.execute",
        "POST /plans/p1/execute",
        EXECUTION,
        {"execution_mode": "async"},
        "p1",
        execution_mode="async",
    ),
    a_case(
        "confirmations.create",
        "POST /confirmations",
        CONFIRMATION,
        {"target": TARGET, "type": "approval"},
        target=TARGET,
        type="approval",
    ),
    a_case("confirmations.list", "GET /confirmations", page(CONFIRMATION)),
    a_case("confirmations.get", "GET /confirmations/k1", CONFIRMATION, None, "k1"),
    a_case(
        "confirmations.decide",
        "POST /confirmations/k1/decide",
        CONFIRMATION,
        {"decision": "approved", "approver_id": "ann", "comments": ["fine"]},
        "k1",
        "approved",
        approver_id="ann",
        comments=["fine"],
    ),
    a_case("traces.record", "POST /traces", STORED_SPAN, SPAN, **SPAN),
    a_case("traces.record_batch", "POST /traces/batch", [STORED_SPAN], [SPAN, SPAN], [SPAN, SPAN]),
    a_case("traces.list", "GET /traces", page(SUMMARY)),
    a_case("traces.get", "GET /traces/t1", SUMMARY, None, "t1"),
    a_case("traces.spans", "GET /traces/t1/spans", [STORED_SPAN], None, "t1"),
    a_case("roles.create", "POST /roles", ROLE, {"name": "r"}, name="r"),
    a_case("roles.list", "GET /roles", page(ROLE)),
    a_case("roles.get", "GET /roles/r1", ROLE, None, "r1"),
    a_case("roles.update", "PUT /roles/r1", ROLE, {"type": "guest"}, "r1", type="guest"),
    a_case("roles.delete", "DELETE /roles/r1", None, None, "r1"),
    a_case(
        "roles.inherit",
        "POST /roles/r1/inherit",
        ROLE,
        {"parent_role_id": "admin", "overrides": [{"capability": "code", "level": "basic"}]},
        "r1",
        "admin",
        overrides=[{"capability": "code", "level": "basic"}],
    ),
    a_case(
        "roles.check",
        "POST /roles/r1/check",
        {"allowed": False, "because": "nothing allows it", "role_id": "r1"},
        {"resource": "plans", "action": "read", "context": {"team": "a"}},
        "r1",
        "plans",
        "read",
        context={"team": "a"},
    ),
    a_case("extensions.create", "POST /extensions", EXTENSION, NEW_EXTENSION, **NEW_EXTENSION),
    a_case("extensions.list", "GET /extensions", page(EXTENSION)),
    a_case("extensions.get", "GET /extensions/x1", EXTENSION, None, "x1"),
    a_case("extensions.delete", "DELETE /extensions/x1", None, None, "x1"),
    a_case(
        "extensions.execute",
        "POST /extensions/x1/execute",
        {"extension_id": "x1", "output": 4, "duration": "3ms"},
        {"input": None, "timeout": 1500.0},
        "x1",
        None,
        timeout=1.5,
    ),
    a_case(
        "extensions.reload",
        "PUT /extensions/x1/reload",
        EXTENSION,
        {"version": "1.0.1", "update_strategy": "immediate"},
        "x1",
        "1.0.1",
        update_strategy="immediate",
    ),
    a_case("executions.create", "POST /executions", EXECUTION, {"plan_id": "p1"}, plan_id="p1"),
    a_case("executions.list", "GET /executions", page(EXECUTION)),
    a_case("executions.get", "GET /executions/e1", EXECUTION, None, "e1"),
    a_case("executions.pause", "POST /executions/e1/pause", EXECUTION, None, "e1"),
    a_case("executions.resume", "POST /executions/e1/resume", EXECUTION, None, "e1"),
    a_case("executions.cancel", "POST /executions/e1/cancel", EXECUTION, None, "e1"),
    a_case(
        "executions.logs",
        "GET /executions/e1/logs",
        page({"id": "l1", "execution_id": "e1", "timestamp": TIME, "level": "info", "message": "begun"}),
        None,
        "e1",
    ),
    a_case(
        "executions.command",
        "POST /executions/e1/commands",
        {"command": "skip_task", "accepted": True},
        {"command": "skip_task", "arguments": {"task_id": "t1"}},
        "e1",
        "skip_task",
        arguments={"task_id": "t1"},
    ),
    a_case(
        "executions.workspace",
        "GET /executions/e1/workspace",
        {"execution_id": "e1", "checkpoints": [{"task_id": "t1", "state_version": "1", "at": TIME}]},
        None,
        "e1",
    ),
    a_case("schemas.list", "GET /schemas", {"schemas": [{"module": "plan", "id": "x"}]}),
    a_case("schemas.get", "GET /schemas/plan", {"$id": "x"}, None, "plan"),
    a_case("schemas.validate", "POST /schemas/plan/validate", REPORT, [None, 1.5], "plan", [None, 1.5]),
    a_case("auth.token", "POST /auth/token", TOKEN, {"api_key": "k"}, "k"),
    a_case("auth.refresh", "POST /auth/refresh", TOKEN, {"refresh_token": "b"}, "b"),
    a_case("system.list_streams", "GET /streams", [STREAM]),
    a_case("system.get_stream", "GET /streams/s1", STREAM, None, "s1"),
    a_case("system.health", "GET /health", {"status": "ok"}),
    a_case("system.ready", "GET /ready", {"status": "ok"}),
    a_case(
        "system.call",
        "POST /rpc",
        {"result": {"id": "p1"}},
        {
            "module": "plan",
            "action": "get",
            "version": "1.0.0",
            "parameters": {"plan_id": "p1"},
            "options": {"timeout": 2500, "retry": 1, "async": True},
        },
        "plan",
        "get",
        parameters={"plan_id": "p1"},
        timeout=2.5,
        retry=1,
        run_async=True,
    ),
]
OTHERWISE_TESTED = {"system.ingest"}
"""Operations whose body is not JSON."""

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def operations() -> dict[str, Callable[..., Any]]:
    """Every public operation, by its name."""
    modules = {name: getattr(calls, name) for name in calls.__all__ if name.islower()}
    return {
        f"{name}.{member}": getattr(module, member)
        for name, module in modules.items()
        for member in module.__all__
        if inspect.isfunction(getattr(module, member))
    }


def test_every_operation_has_a_case() -> None:
    assert operations().keys() == {case.name for case in CASES} | OTHERWISE_TESTED


@each_case
def test_what_an_operation_asks_for(case: Case) -> None:
    made = case.operation()
    query = {} if made.params.keys() == {"page", "pageSize"} else made.params
    assert (made.method, made.path + ("?" + urlencode(query) if query else "")) == (case.method, case.path)
    assert (json.loads(made.body) if made.body else None) == case.body
    assert made.headers == ({"content-type": "application/json"} if made.body else {})
    assert made.keyed is (made.method == "POST")


@each_case
def test_a_docstring_names_the_endpoint_that_is_called(case: Case) -> None:
    documented = operations()[case.name].__doc__ or ""
    method, template = documented.removesuffix(".").split(" ")
    pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
    made = case.operation()
    assert method == made.method
    assert re.fullmatch(pattern, made.path)


@each_case
def test_a_method_of_the_clients_is_its_operation(connect: Callable[..., Any], case: Case) -> None:
    with respx.mock(base_url="http://mplp.test") as router:
        wire = {"success": True, "data": case.answer, "metadata": {}}
        answer = httpx.Response(204) if case.method == "DELETE" else httpx.Response(200, json=wire)
        route = router.route(method=case.method).mock(return_value=answer)
        call = connect("http://mplp.test")
        result = call(case.do)
        sent: httpx.Request = route.calls.last.request
    made = case.operation()
    base = "/v1.0" if made.versioned else ""
    assert sent.url.raw_path.decode().split("?")[0] == base + made.path
    assert dict(sent.url.params) == made.params
    assert sent.content == made.body
    expected = made.read(case.answer)
    assert (result.items if isinstance(expected, calls.PageData) else result) == (
        expected.items if isinstance(expected, calls.PageData) else expected
    )


@pytest.mark.parametrize("name", sorted(operations()))
@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_a_method_takes_what_its_operation_takes(client: type[Any], name: str) -> None:
    space, _, member = name.partition(".")
    owner = client if space == "system" else get_type_hints(getattr(client, space).func)["return"]
    method, operation = getattr(owner, member), operations()[name]
    taken = list(inspect.signature(method).parameters.values())[1:]
    assert taken == list(inspect.signature(operation).parameters.values())
    assert f"{operation.__doc__}" in " ".join(f"{method.__doc__}".split())


@pytest.mark.parametrize(
    "made",
    [
        calls.contexts.update("c1", if_match='"v1"', name="d"),
        calls.contexts.delete("c1", if_match='"v1"'),
        calls.contexts.set_status("c1", "suspended", if_match='"v1"'),
        calls.contexts.update_participant("c1", "m1", if_match='"v1"', role="d"),
        calls.contexts.remove_participant("c1", "m1", if_match='"v1"'),
        calls.plans.update("p1", if_match='"v1"', name="d"),
        calls.plans.delete("p1", if_match='"v1"'),
        calls.roles.update("r1", if_match='"v1"', name="d"),
        calls.roles.delete("r1", if_match='"v1"'),
        calls.extensions.delete("x1", if_match='"v1"'),
        calls.extensions.reload("x1", "1.0.1", if_match='"v1"'),
    ],
    ids=lambda made: f"{made.method} {made.path}",
)
def test_a_change_may_be_bound_to_what_was_read(made: Call[Any]) -> None:
    assert made.headers["if-match"] == '"v1"'


def test_an_action_that_goes_on_answers_what_was_accepted() -> None:
    accepted = {"request_id": "r1", "status": "accepted"}
    assert calls.system.call("plan", "list").read(accepted) == accepted
    assert json.loads(calls.system.call("plan", "list").body) == {
        "module": "plan",
        "action": "list",
        "version": "1.0.0",
    }


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
