"""Plans carried out over a real socket, by handlers that the test lets go one at a time."""

from __future__ import annotations

import asyncio
import queue
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Any

import httpx
import pytest

from mplp_mock_server import MockServer, ServerSettings
from mplp_mock_server.handlers import TaskCall, register_handler, unregister_handler
from mplp_sdk.models import STRICT, Execution, ExecutionLog, Workspace

Json = dict[str, Any]
PATIENCE = 20


class Attempt:
    """One call of a handler, waiting to be told how it ends."""

    def __init__(self, call: TaskCall) -> None:
        self.call = call
        self._loop = asyncio.get_running_loop()
        self.end: asyncio.Future[Any] = self._loop.create_future()

    @property
    def task(self) -> str:
        name: str = self.call.task["name"]
        return name

    def succeed(self, output: Any = None) -> None:
        self._loop.call_soon_threadsafe(self.end.set_result, output)

    def fail(self, error: BaseException | None = None) -> None:
        self._loop.call_soon_threadsafe(self.end.set_exception, error or ValueError("no good"))


class Held:
    """A handler that does nothing by itself."""

    def __init__(self) -> None:
        self._called: queue.SimpleQueue[Attempt] = queue.SimpleQueue()
        self.left: queue.SimpleQueue[str] = queue.SimpleQueue()
        """Tasks whose handler returned, raised or was cancelled."""

    async def __call__(self, call: TaskCall) -> Any:
        attempt = Attempt(call)
        self._called.put(attempt)
        try:
            return await attempt.end
        finally:
            self.left.put(call.task["name"])

    def next(self) -> Attempt:
        """The next call; it waits for one."""
        return self._called.get(timeout=PATIENCE)

    @property
    def idle(self) -> bool:
        return self._called.empty()


@pytest.fixture
def held() -> Iterator[Held]:
    handler = Held()
    register_handler("held", handler)
    yield handler
    unregister_handler("held")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


Run = Callable[..., "Future[httpx.Response]"]


@pytest.fixture
def context(api: httpx.Client) -> str:
    made: str = api.post("/contexts", json={}).json()["data"]["id"]
    return made


Plan = Callable[..., str]


@pytest.fixture
def plan(api: httpx.Client, context: str) -> Plan:
    """Make an approved plan whose tasks are named by letters."""

    def make(names: str, *edges: tuple[Any, ...], strategy: str = "parallel", **members: Any) -> str:
        ids = {name: str(uuid.uuid4()) for name in names}
        own = members.pop("tasks", {})
        tasks = [{"id": ids[name], "name": name, **own.get(name, {})} for name in names]
        for task in tasks:
            if "parent_task" in task:
                task["parent_task"] = ids[task["parent_task"]]
        dependencies = [
            {
                "from_task": ids[a],
                "to_task": ids[b],
                "type": {"FS": "finish_to_start", "SS": "start_to_start", "FF": "finish_to_finish"}[kind],
                **({"condition": more[0]} if more else {}),
            }
            for a, b, kind, *more in edges
        ]
        workflow = {"execution_strategy": strategy, **members.pop("workflow", {})}
        body = {"name": "p", "context_id": context, "status": "approved", "tasks": tasks}
        answer = api.post(
            "/plans", json={**body, "dependencies": dependencies, "workflow": workflow, **members}
        )
        assert answer.status_code == 201, answer.text
        made: str = answer.json()["data"]["id"]
        return made

    return make


@pytest.fixture
def run(server: MockServer, pool: ThreadPoolExecutor) -> Run:
    """Execute a plan with held tasks, in a thread that waits for the end."""

    def start(plan_id: str, **members: Any) -> Future[httpx.Response]:
        body = {"execution_mode": "sync", "handler": "held", **members}
        url = f"{server.url}/v1.0/plans/{plan_id}/execute"
        return pool.submit(httpx.post, url, json=body, timeout=PATIENCE)

    return start


def done(running: Future[httpx.Response]) -> Json:
    answer = running.result(PATIENCE)
    assert answer.status_code == 200, answer.text
    data: Json = answer.json()["data"]
    return data


def failed(running: Future[httpx.Response]) -> Json:
    answer = running.result(PATIENCE)
    told: Json = answer.json()["error"]
    assert (answer.status_code, told["code"]) == (500, "4007"), answer.text
    details: Json = told["details"]
    return details


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def statuses(api: httpx.Client, plan_id: str) -> Json:
    told = api.get(f"/plans/{plan_id}/status").json()["data"]
    return {task["name"]: task["status"] for task in told["tasks"]}


def task_ids(api: httpx.Client, plan_id: str) -> dict[str, str]:
    told = api.get(f"/plans/{plan_id}/status").json()["data"]
    return {task["name"]: task["id"] for task in told["tasks"]}


def logs(api: httpx.Client, execution_id: str, **query: Any) -> list[str]:
    found = api.get(f"/executions/{execution_id}/logs", params={"pageSize": 1000, **query}).json()["data"]
    return [line["message"] for line in found["items"]]


# --- What starts when -----------------------------------------------------------------------------------


@pytest.mark.requirement("EP-PLANS-EXECUTE", "EP-PLANS-STATUS", "EP-EXECUTIONS-GET")
def test_tasks_run_one_after_the_other_and_all_of_it_is_stored(
    api: httpx.Client, plan: Plan, run: Run, held: Held
) -> None:
    plan_id = plan("ab", strategy="sequential")
    running = run(plan_id)
    first = held.next()
    execution_id = first.call.execution_id
    execution = api.get(f"/executions/{execution_id}").json()["data"]
    assert (execution["status"], execution["progress"]) == (
        "running",
        {"total": 2, "completed": 0, "failed": 0},
    )
    told = api.get(f"/plans/{plan_id}/status").json()["data"]
    assert (told["status"], told["execution_id"]) == ("executing", execution_id)
    assert statuses(api, plan_id) == {"a": "running", "b": "ready"}
    assert held.idle
    first.succeed({"words": 3})
    second = held.next()
    assert api.get(f"/executions/{execution_id}").json()["data"]["progress"]["completed"] == 1
    second.succeed("plain text")
    execution = done(running)
    Execution.model_validate(execution, context=STRICT)
    assert execution["status"] == "completed"
    assert list(execution["output"]["tasks"].values()) == [{"words": 3}, {"value": "plain text"}]
    told = api.get(f"/plans/{plan_id}/status").json()["data"]
    assert told["status"] == "completed"
    for task in told["tasks"]:
        assert task["started_at"] <= task["completed_at"]
    assert api.get(f"/plans/{plan_id}").json()["data"]["tasks"][0]["status"] == "completed"


def test_what_happens_is_traced(api: httpx.Client, plan: Plan, run: Run, held: Held, context: str) -> None:
    plan_id = plan(
        "a", workflow={"error_handling": {"retry_count": 1}}, tasks={"a": {"assigned_agent": "Ada"}}
    )
    running = run(plan_id)
    attempt = held.next()
    trace_id = api.get(f"/executions/{attempt.call.execution_id}").json()["data"]["metadata"]["trace_id"]
    spans = api.get(f"/traces/{trace_id}/spans").json()["data"]
    assert [("end" in span["timestamp"]) for span in spans] == [False, False]
    attempt.fail()
    held.next().succeed()
    done(running)
    root, first, second = api.get(f"/traces/{trace_id}/spans").json()["data"]
    assert root["result"]["status"] == "success"
    assert first["result"]["error"] == {"type": "ValueError", "message": "no good"}
    assert [span["action"]["parameters"]["attempt"] for span in (first, second)] == [1, 2]
    for span in (first, second):
        assert (span["parent_span_id"], span["plan_id"]) == (root["id"], plan_id)
        assert span["metadata"]["tags"]["agent"] == "Ada"
    row = api.get(f"/traces/{trace_id}").json()["data"]
    assert (row["status"], row["span_count"], row["error_count"]) == ("success", 3, 1)
    assert row["context_id"] == context


def test_the_three_types_of_edges_are_kept(api: httpx.Client, plan: Plan, run: Run, held: Held) -> None:
    plan_id = plan("abcd", ("a", "b", "FS"), ("b", "c", "SS"), ("b", "d", "FF"))
    running = run(plan_id)
    first, last = sorted((held.next(), held.next()), key=lambda attempt: attempt.task)
    assert (first.task, last.task) == ("a", "d")
    last.succeed()
    first.succeed()
    b, c = sorted((held.next(), held.next()), key=lambda attempt: attempt.task)
    assert (b.task, c.task) == ("b", "c")
    # The work of d is done, but b has to finish first.
    assert statuses(api, plan_id)["d"] == "running"
    c.succeed()
    b.succeed()
    assert done(running)["progress"] == {"total": 4, "completed": 4, "failed": 0}
    tasks = {t["name"]: t for t in api.get(f"/plans/{plan_id}").json()["data"]["tasks"]}
    assert tasks["a"]["completed_at"] <= tasks["b"]["started_at"] <= tasks["c"]["started_at"]
    assert tasks["b"]["completed_at"] <= tasks["d"]["completed_at"]


def test_a_composite_task_lasts_as_long_as_its_parts(
    api: httpx.Client, plan: Plan, run: Run, held: Held
) -> None:
    tasks = {"p": {"type": "composite"}, "x": {"parent_task": "p"}, "y": {"parent_task": "p"}}
    plan_id = plan("pxyz", ("x", "y", "FS"), ("p", "z", "FS"), tasks=tasks)
    running = run(plan_id)
    for name in "xyz":
        attempt = held.next()
        assert attempt.task == name
        assert statuses(api, plan_id)["p"] == ("running" if name != "z" else "completed")
        assert held.idle
        attempt.succeed()
    assert done(running)["progress"]["completed"] == 4


@pytest.mark.parametrize(
    ("ok", "ran", "skipped"), [(True, "bd", "c"), (False, "cd", "b")], ids=["success", "failure"]
)
def test_conditions_choose_the_way(
    api: httpx.Client, plan: Plan, run: Run, held: Held, ok: bool, ran: str, skipped: str
) -> None:
    edges = [("a", "b", "FS"), ("a", "c", "FS", "failure"), ("a", "d", "FS", "always")]
    plan_id = plan("abcd", *edges, strategy="conditional")
    running = run(plan_id)
    first = held.next()
    first.succeed() if ok else first.fail()
    for attempt in (held.next(), held.next()):
        assert attempt.task in ran
        attempt.succeed()
    # A failure that the plan is ready for does not make the plan fail.
    assert done(running)["status"] == "completed"
    told = statuses(api, plan_id)
    assert (told["a"], told[skipped]) == ("completed" if ok else "failed", "skipped")
    assert all(told[name] == "completed" for name in ran)


def test_what_was_done_before_is_not_done_again(api: httpx.Client, plan: Plan, run: Run, held: Held) -> None:
    tasks = {"a": {"status": "completed"}, "b": {"status": "failed"}}
    plan_id = plan("ab", ("a", "b", "FS"), tasks=tasks)
    running = run(plan_id)
    attempt = held.next()
    assert attempt.task == "b"
    attempt.succeed()
    assert done(running)["progress"] == {"total": 2, "completed": 2, "failed": 0}


# --- Failing --------------------------------------------------------------------------------------------


def test_a_failed_task_is_tried_again_as_often_as_told(
    api: httpx.Client, plan: Plan, run: Run, held: Held
) -> None:
    plan_id = plan("a", workflow={"error_handling": {"retry_count": 2, "retry_delay": "1ms"}})
    running = run(plan_id)
    for number in (1, 2, 3):
        attempt = held.next()
        assert attempt.call.attempt == number
        attempt.fail()
    details = failed(running)
    assert details["plan_id"] == plan_id
    execution = api.get(f"/executions/{details['execution_id']}").json()["data"]
    assert (execution["status"], execution["progress"]["failed"]) == ("failed", 1)
    assert execution["metadata"]["status_change"]["reason"] == details["reason"] == "'a' failed"
    assert api.get(f"/plans/{plan_id}").json()["data"]["status"] == "failed"
    assert held.idle
    assert logs(api, details["execution_id"], level="warn") == [
        f"attempt {n} at 'a' failed" for n in (1, 2, 3)
    ]


@pytest.mark.parametrize(("on_error", "rest"), [("stop", "cancelled"), ("continue", "completed")])
def test_after_a_failure_the_plan_stops_or_goes_on(
    api: httpx.Client, plan: Plan, run: Run, held: Held, on_error: str, rest: str
) -> None:
    workflow = {"error_handling": {"on_error": on_error}}
    plan_id = plan("abc", ("a", "b", "FS"), strategy="sequential", workflow=workflow)
    running = run(plan_id)
    held.next().fail()
    if rest == "completed":
        attempt = held.next()
        assert attempt.task == "c"
        attempt.succeed()
    failed(running)
    other = "skipped" if on_error == "continue" else "cancelled"
    assert statuses(api, plan_id) == {"a": "failed", "b": other, "c": rest}


@pytest.mark.parametrize(("to", "left"), [("failed_task", {"kept": 1}), ("start", {})])
def test_the_shared_state_goes_back_when_the_plan_fails(
    api: httpx.Client, plan: Plan, run: Run, held: Held, context: str, to: str, left: Json
) -> None:
    rollback = {"checkpoint_enabled": True, "to": to}
    plan_id = plan("ab", strategy="sequential", workflow={"rollback_strategy": rollback})
    running = run(plan_id)
    first = held.next()
    first.call.set_variable("kept", 1)
    first.succeed()
    second = held.next()
    assert second.call.variables == {"kept": 1}
    assert api.get(f"/contexts/{context}/variables").json()["data"]["variables"] == {"kept": 1}
    second.call.set_variable("spoilt", True)
    second.fail()
    execution_id = failed(running)["execution_id"]
    assert api.get(f"/contexts/{context}/variables").json()["data"]["variables"] == left
    workspace = api.get(f"/executions/{execution_id}/workspace").json()["data"]
    assert workspace["variables"] == left
    assert len(workspace["checkpoints"]) == 2
    Workspace.model_validate(workspace, context=STRICT)


@pytest.mark.parametrize(
    "raised", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError("own"), StopAsyncIteration()]
)
def test_whatever_a_handler_raises_is_its_own_failure(
    api: httpx.Client, plan: Plan, run: Run, held: Held, raised: BaseException
) -> None:
    async def raising(call: TaskCall) -> None:
        raise raised

    def in_a_thread(call: TaskCall) -> None:
        raise raised

    for handler in (raising, in_a_thread):
        register_handler("raising", handler)
        details = failed(run(plan("a"), handler="raising"))
        assert details["reason"] == "'a' failed"
    assert api.get("/contexts").status_code == 200


@pytest.mark.parametrize("output", [object(), {1: {2, 3}, "x": threading.Lock()}, "\ud800"])
def test_an_output_that_is_no_json_is_a_failure(plan: Plan, run: Run, output: Any) -> None:
    register_handler("odd", lambda call: output)
    failed(run(plan("a"), handler="odd"))


def test_an_output_that_nests_too_deeply_is_a_failure(plan: Plan, run: Run) -> None:
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    register_handler("deep", lambda call: deep)
    failed(run(plan("a"), handler="deep"))


# --- Handlers -------------------------------------------------------------------------------------------


def test_a_task_finds_its_handler(api: httpx.Client, plan: Plan, run: Run) -> None:
    for name in ("by-name", "Grace", "review"):
        register_handler(name, lambda call, name=name: {"by": name})
    tasks = {
        "a": {"metadata": {"handler": "by-name"}, "assigned_agent": "Grace"},
        "b": {"assigned_agent": "Grace", "category": "review"},
        "c": {"assigned_agent": "nobody", "category": "review"},
        "d": {"metadata": {"simulate": {"output": {"by": "simulation"}}}},
    }
    try:
        output = done(run(plan("abcd", tasks=tasks), handler=None))["output"]["tasks"]
    finally:
        for name in ("by-name", "Grace", "review"):
            unregister_handler(name)
    assert [told["by"] for told in output.values()] == ["by-name", "Grace", "review", "simulation"]


def test_a_handler_leaves_notes_variables_and_artifacts(
    api: httpx.Client, plan: Plan, run: Run, context: str
) -> None:
    def busy(call: TaskCall) -> str:
        call.log("reading", level="debug", page=3)
        call.set_variable("found", [1, 2])
        call.add_artifact({"file": "a.txt"})
        with pytest.raises(TypeError):
            call.set_variable("odd", object())
        with pytest.raises(ValueError, match="printable"):
            call.set_variable("a\nb", 1)
        return "done"

    register_handler("busy", busy)
    execution = done(run(plan("a"), handler="busy"))
    lines = api.get(f"/executions/{execution['id']}/logs?level=debug").json()["data"]["items"]
    assert [(line["message"], line["details"]["page"]) for line in lines] == [("reading", 3)]
    workspace = api.get(f"/executions/{execution['id']}/workspace").json()["data"]
    assert workspace["variables"] == {"found": [1, 2]}
    assert [made["artifact"] for made in workspace["artifacts"]] == [{"file": "a.txt"}]
    assert api.get(f"/contexts/{context}/variables/found").json()["data"]["value"] == [1, 2]


def test_the_simulation_fails_as_often_as_told(api: httpx.Client, plan: Plan, run: Run) -> None:
    simulate = {"fail": 2, "error": "out of paper", "variables": {"pages": 3}}
    workflow = {"error_handling": {"retry_count": 2}}
    execution = done(
        run(plan("a", tasks={"a": {"metadata": {"simulate": simulate}}}, workflow=workflow), handler=None)
    )
    warned = api.get(f"/executions/{execution['id']}/logs?level=warn").json()["data"]["items"]
    assert [line["details"]["message"] for line in warned] == ["out of paper"] * 2


# --- Steering -------------------------------------------------------------------------------------------


@pytest.mark.requirement("EP-EXECUTIONS-PAUSE", "EP-EXECUTIONS-RESUME")
def test_a_paused_execution_starts_nothing_until_it_goes_on(
    api: httpx.Client, plan: Plan, run: Run, held: Held
) -> None:
    plan_id = plan("ab", ("a", "b", "FS"))
    running = run(plan_id)
    first = held.next()
    path = f"/executions/{first.call.execution_id}"
    assert api.post(f"{path}/pause").json()["data"]["status"] == "paused"
    assert api.post(f"{path}/pause").status_code == 200
    first.succeed()
    # The command is dealt with after the end of the attempt, so by now b would have started.
    api.post(f"{path}/commands", json={"command": "set_variable", "arguments": {"key": "k", "value": 1}})
    assert statuses(api, plan_id) == {"a": "completed", "b": "ready"}
    assert held.idle
    assert api.post(f"{path}/resume").json()["data"]["status"] == "running"
    held.next().succeed()
    assert done(running)["status"] == "completed"
    for verb in ("pause", "resume", "cancel"):
        assert error(api.post(f"{path}/{verb}")) == (405, "4005")


@pytest.mark.requirement("EP-EXECUTIONS-CANCEL")
def test_a_cancelled_execution_leaves_nothing_running(
    api: httpx.Client, plan: Plan, run: Run, held: Held
) -> None:
    plan_id = plan("abc", ("a", "c", "FS"))
    running = run(plan_id)
    first, second = held.next(), held.next()
    path = f"/executions/{first.call.execution_id}"
    cancelled = api.post(f"{path}/cancel").json()["data"]
    assert cancelled["status"] == "cancelled"
    assert {held.left.get(timeout=PATIENCE), held.left.get(timeout=PATIENCE)} == {"a", "b"}
    assert first.call.cancelled
    assert second.call.cancelled
    assert done(running)["status"] == "cancelled"
    assert statuses(api, plan_id) == dict.fromkeys("abc", "cancelled")
    assert api.get(f"/plans/{plan_id}").json()["data"]["status"] == "cancelled"
    trace = api.get(f"/traces/{cancelled['metadata']['trace_id']}/spans").json()["data"]
    assert [span["result"]["status"] for span in trace] == ["cancelled"] * 3
    assert api.post(f"{path}/cancel").status_code == 200
    assert held.idle


def test_a_function_in_a_thread_hears_that_it_is_cancelled(api: httpx.Client, plan: Plan, run: Run) -> None:
    begun: queue.SimpleQueue[TaskCall] = queue.SimpleQueue()
    heard: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def patient(call: TaskCall) -> None:
        begun.put(call)
        heard.put(call.wait_cancelled(PATIENCE))

    register_handler("patient", patient)
    running = run(plan("a"), handler="patient")
    api.post(f"/executions/{begun.get(timeout=PATIENCE).execution_id}/cancel")
    assert heard.get(timeout=PATIENCE)
    assert done(running)["status"] == "cancelled"


def test_a_plan_that_is_executed_is_locked(api: httpx.Client, plan: Plan, run: Run, held: Held) -> None:
    plan_id = plan("ab", ("a", "b", "FS"))
    running = run(plan_id)
    first = held.next()
    task = first.call.task["id"]
    edge = {"from_task": task, "to_task": task}
    before = api.get(f"/plans/{plan_id}").json()["data"]
    for answer in (
        api.put(f"/plans/{plan_id}", json={"name": "other"}),
        api.delete(f"/plans/{plan_id}"),
        api.post(f"/plans/{plan_id}/tasks", json={"name": "c"}),
        api.put(f"/plans/{plan_id}/tasks/{task}", json={"name": "c"}),
        api.delete(f"/plans/{plan_id}/tasks/{task}"),
        api.post(f"/plans/{plan_id}/dependencies", json=edge),
        api.delete(f"/plans/{plan_id}/dependencies", params=edge),
        api.post(f"/plans/{plan_id}/optimize", json={"strategy": "time"}),
        api.post(f"/plans/{plan_id}/execute", json={}),
        api.post("/executions", json={"plan_id": plan_id}),
    ):
        assert error(answer) == (423, "4002"), answer.text
        assert answer.json()["error"]["details"]["execution_id"] == first.call.execution_id
    assert api.get(f"/plans/{plan_id}").json()["data"] == before
    first.succeed()
    held.next().succeed()
    done(running)
    assert api.put(f"/plans/{plan_id}", json={"name": "other"}).status_code == 200


# --- Commands, logs, workspace --------------------------------------------------------------------------


def send(api: httpx.Client, execution_id: str, command: str, **arguments: Any) -> httpx.Response:
    return api.post(f"/executions/{execution_id}/commands", json={"command": command, "arguments": arguments})


@pytest.mark.requirement("EP-EXECUTIONS-COMMANDS")
def test_commands_skip_and_retry_tasks(api: httpx.Client, plan: Plan, run: Run, held: Held) -> None:
    workflow = {"error_handling": {"on_error": "continue"}}
    plan_id = plan("abcd", ("a", "b", "FS"), ("c", "d", "FS"), workflow=workflow)
    running = run(plan_id)
    a, c = held.next(), held.next()
    own, ids = a.call.execution_id, task_ids(api, plan_id)
    assert error(send(api, own, "skip_task", task_id=ids["a"])) == (405, "4005")
    assert error(send(api, own, "retry_task", task_id=ids["a"])) == (405, "4005")
    assert error(send(api, own, "skip_task", task_id="none")) == (404, "4001")
    assert error(send(api, own, "skip_task")) == (400, "3002")
    assert error(send(api, own, "explode")) == (400, "3004")
    a.fail()
    told = send(api, own, "status").json()["data"]
    assert (told["command"], told["accepted"], told["result"]["status"]) == ("status", True, "running")
    assert send(api, own, "skip_task", task_id=ids["d"]).json()["data"]["accepted"]
    assert statuses(api, plan_id) == {"a": "failed", "b": "skipped", "c": "running", "d": "skipped"}
    key = {"idempotency-key": str(uuid.uuid4())}
    retry = {"command": "retry_task", "arguments": {"task_id": ids["a"]}}
    for _ in range(2):
        answer = api.post(f"/executions/{own}/commands", json=retry, headers=key)
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"]["result"] == {"task_id": ids["a"]}
    again = held.next()
    assert (again.task, again.call.attempt) == ("a", 2)
    again.succeed()
    b = held.next()
    assert b.task == "b"
    for attempt in (b, c):
        attempt.succeed()
    assert done(running)["progress"] == {"total": 4, "completed": 3, "failed": 0}
    assert error(send(api, own, "skip_task", task_id=ids["a"])) == (405, "4005")
    assert send(api, own, "status").json()["data"]["result"]["status"] == "completed"


@pytest.mark.requirement("EP-EXECUTIONS-LOGS", "OBJ-EXECUTION-LOG")
def test_the_log_is_told_in_order_by_level_and_after_a_line(api: httpx.Client, plan: Plan, run: Run) -> None:
    execution = done(run(plan("ab", strategy="sequential"), handler=None))
    path = f"/executions/{execution['id']}/logs"
    found = api.get(path).json()["data"]["items"]
    for line in found:
        ExecutionLog.model_validate(line, context=STRICT)
        assert line["execution_id"] == execution["id"]
    assert [line["message"] for line in found] == [
        "execution running",
        "task 'a' started",
        "task 'a' completed",
        "task 'b' started",
        "task 'b' completed",
        "execution completed",
    ]
    assert [line["timestamp"] for line in found] == sorted(line["timestamp"] for line in found)
    rest = api.get(path, params={"after": found[2]["id"], "pageSize": 2}).json()["data"]
    assert ([line["id"] for line in rest["items"]], rest["pagination"]["total"]) == (
        [line["id"] for line in found[3:5]],
        3,
    )
    assert api.get(path, params={"level": "error"}).json()["data"]["items"] == []
    assert error(api.get(path, params={"level": "loud"})) == (400, "3001")
    assert error(api.get(path, params={"after": "none"})) == (400, "3008")
    assert error(api.get("/executions/none/logs")) == (404, "4001")


@pytest.mark.requirement("EP-EXECUTIONS-WORKSPACE")
def test_the_workspace_tells_what_is_left(
    api: httpx.Client, plan: Plan, run: Run, held: Held, context: str
) -> None:
    plan_id = plan("a", workflow={"rollback_strategy": {"checkpoint_enabled": True}})
    running = run(plan_id)
    own = held.next()
    path = f"/executions/{own.call.execution_id}/workspace"
    assert send(api, own.call.execution_id, "set_variable", key="k", value={"v": 1}).status_code == 200
    assert error(send(api, own.call.execution_id, "set_variable", key="k")) == (400, "3002")
    assert error(send(api, own.call.execution_id, "set_variable", key="", value=1)) == (400, "3004")
    told = api.get(path).json()["data"]
    assert (told["execution_id"], told["variables"]) == (own.call.execution_id, {"k": {"v": 1}})
    assert [kept["task_id"] for kept in told["checkpoints"]] == [own.call.task["id"]]
    assert api.get(f"/contexts/{context}/variables/k").json()["data"]["value"] == {"v": 1}
    own.succeed()
    done(running)
    assert error(api.get("/executions/none/workspace")) == (404, "4001")


# --- Beginning ------------------------------------------------------------------------------------------


@pytest.mark.requirement("EP-EXECUTIONS-CREATE", "EP-EXECUTIONS-LIST")
def test_an_execution_of_a_plan_is_begun_by_creating_it(api: httpx.Client, plan: Plan, context: str) -> None:
    own, plan_id = str(uuid.uuid4()), plan("a")
    body = {"id": own, "plan_id": plan_id, "input": {"topic": "birds"}}
    answer = api.post("/executions", json=body)
    first = answer.json()["data"]
    assert (answer.status_code, first["id"], first["status"]) == (201, own, "running")
    assert (first["context_id"], first["input"]) == (context, {"topic": "birds"})
    assert api.post("/executions", json=body).json()["data"] == first
    assert error(api.post("/executions", json={**body, "input": {}})) == (409, "4003")
    listed = api.get("/executions", params={"plan_id": plan_id}).json()["data"]
    assert [one["id"] for one in listed["items"]] == [own]


def test_a_bare_execution_is_a_record(api: httpx.Client) -> None:
    made = api.post("/executions", json={"input": {"a": 1}}).json()["data"]
    assert made["status"] == "pending"
    path = f"/executions/{made['id']}"
    assert error(api.post(f"{path}/pause")) == (405, "4005")
    for verb, status in (("resume", "running"), ("pause", "paused"), ("cancel", "cancelled")):
        assert api.post(f"{path}/{verb}").json()["data"]["status"] == status
    assert error(api.post(f"{path}/resume")) == (405, "4005")
    assert error(send(api, made["id"], "skip_task", task_id="a")) == (405, "4005")
    assert api.get(f"{path}/logs").json()["data"]["items"] == []
    empty = {"variables": {}, "artifacts": [], "checkpoints": []}
    assert api.get(f"{path}/workspace").json()["data"] == {"execution_id": made["id"], **empty}


def test_a_repeat_with_the_same_key_begins_nothing(api: httpx.Client, plan: Plan) -> None:
    plan_id, key = plan("a"), {"idempotency-key": str(uuid.uuid4())}
    body = {"execution_mode": "sync"}
    first = api.post(f"/plans/{plan_id}/execute", json=body, headers=key)
    again = api.post(f"/plans/{plan_id}/execute", json=body, headers=key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["data"] == again.json()["data"]
    assert api.get("/executions", params={"plan_id": plan_id}).json()["data"]["pagination"]["total"] == 1
    assert error(api.post(f"/plans/{plan_id}/execute", json=body)) == (405, "4005")
    other = {"execution_mode": "async"}
    assert error(api.post(f"/plans/{plan_id}/execute", json=other, headers=key)) == (409, "4003")


def test_a_repeat_of_a_request_that_failed_fails_the_same_way(api: httpx.Client, plan: Plan) -> None:
    plan_id = plan("a", tasks={"a": {"metadata": {"simulate": {"fail": 9}}}})
    key = {"idempotency-key": str(uuid.uuid4())}
    answers = [
        api.post(f"/plans/{plan_id}/execute", json={"execution_mode": "sync"}, headers=key).json()["error"]
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert answers[0]["code"] == "4007"


def test_callers_at_the_same_time_begin_one_execution(
    api: httpx.Client, plan: Plan, run: Run, held: Held
) -> None:
    plan_id = plan("a")
    running = [run(plan_id) for _ in range(4)]
    attempt = held.next()
    answers = as_completed(running, timeout=PATIENCE)
    # Three are refused before the fourth, whose plan runs, is let go.
    assert [error(next(answers).result()) for _ in range(3)] == [(423, "4002")] * 3
    attempt.succeed()
    assert next(answers).result().status_code == 200
    assert held.idle


REFUSED: list[tuple[str, Json, Json, str, str]] = [
    ("draft", {"status": "draft"}, {}, "4005", "status"),
    ("ended", {"status": "completed"}, {}, "4005", "status"),
    ("no tasks", {"tasks": []}, {}, "3007", "tasks"),
    ("another context", {}, {"context_id": "another"}, "4006", "context_id"),
    ("no context", {"context_id": None}, {}, "4006", "context_id"),
    ("unknown context", {"context_id": None}, {"context_id": "none"}, "4006", "context_id"),
    ("unknown handler", {}, {"handler": "none"}, "3008", "handler"),
    (
        "a task's unknown handler",
        {"tasks": [{"name": "a", "metadata": {"handler": "none"}}]},
        {},
        "3008",
        "tasks[0].metadata.handler",
    ),
    ("mode", {}, {"execution_mode": "later"}, "3001", "execution_mode"),
    ("mode's type", {}, {"execution_mode": 7}, "3001", "execution_mode"),
    ("webhook", {}, {"notification_webhook": "ftp://example.org/"}, "3003", "notification_webhook"),
    ("host", {}, {"notification_webhook": "http://example.org/"}, "3001", "notification_webhook"),
    (
        "retries",
        {"workflow": {"error_handling": {"retry_count": "many"}}},
        {},
        "3006",
        "workflow.error_handling.retry_count",
    ),
    (
        "most retries",
        {"workflow": {"error_handling": {"retry_count": 10**9}}},
        {},
        "3004",
        "workflow.error_handling.retry_count",
    ),
    (
        "delay",
        {"workflow": {"error_handling": {"retry_delay": "soon"}}},
        {},
        "3003",
        "workflow.error_handling.retry_delay",
    ),
    (
        "on error",
        {"workflow": {"error_handling": {"on_error": "cry"}}},
        {},
        "3001",
        "workflow.error_handling.on_error",
    ),
    (
        "checkpoint",
        {"workflow": {"rollback_strategy": {"checkpoint_enabled": "yes"}}},
        {},
        "3006",
        "workflow.rollback_strategy.checkpoint_enabled",
    ),
]


@pytest.mark.parametrize(
    ("members", "request_members", "code", "field"),
    [case[1:] for case in REFUSED],
    ids=[case[0] for case in REFUSED],
)
def test_a_plan_that_cannot_be_executed_says_why_and_stays(
    api: httpx.Client, context: str, members: Json, request_members: Json, code: str, field: str
) -> None:
    body = {"name": "p", "context_id": context, "status": "approved", "tasks": [{"name": "a"}], **members}
    made = api.post("/plans", json={name: value for name, value in body.items() if value is not None})
    before = made.json()["data"]
    answer = api.post(f"/plans/{before['id']}/execute", json=request_members)
    told = answer.json()["error"]
    assert (told["code"], told["details"]["field"]) == (code, field), answer.text
    assert api.get(f"/plans/{before['id']}").json()["data"] == before
    assert api.get("/executions", params={"plan_id": before["id"]}).json()["data"]["items"] == []


def test_a_plan_that_waits_for_itself_names_the_cycle(api: httpx.Client, plan: Plan) -> None:
    plan_id = plan("abc", ("a", "b", "FS"), ("b", "c", "SS"), ("c", "a", "FF"))
    told = api.post(f"/plans/{plan_id}/execute", json={}).json()["error"]
    assert told["code"] == "3007"
    cycle = told["details"]["cycle"]
    assert cycle[0] == cycle[-1]
    assert set(cycle) == set("abc")


def test_an_unknown_condition_is_refused(api: httpx.Client, context: str) -> None:
    # It can only come by ingest, or as a member that this server does not know.
    edge = {"from_task": "a", "to_task": "b", "condition": "if it rains"}
    made = api.post(
        "/plans",
        json={
            "name": "p",
            "context_id": context,
            "status": "approved",
            "tasks": [{"id": "a", "name": "a"}, {"id": "b", "name": "b"}],
            "dependencies": [edge],
            "workflow": {"execution_strategy": "conditional"},
        },
    )
    plan_id = made.json()["data"]["id"]
    assert error(api.post(f"/plans/{plan_id}/execute", json={})) == (400, "3001")
    api.put(f"/plans/{plan_id}", json={"workflow": {"execution_strategy": "parallel"}})
    assert api.post(f"/plans/{plan_id}/execute", json={}).status_code == 202


@pytest.mark.parametrize("status", ["suspended", "completed", "failed"])
def test_a_context_that_is_not_active_takes_no_execution(
    api: httpx.Client, plan: Plan, context: str, status: str
) -> None:
    plan_id = plan("a")
    api.put(f"/contexts/{context}/status", json={"status": status})
    assert error(api.post(f"/plans/{plan_id}/execute", json={})) == (400, "4006")


def test_a_context_that_ends_meanwhile_does_not_end_the_execution(
    api: httpx.Client, plan: Plan, run: Run, held: Held, context: str
) -> None:
    running = run(plan("ab", ("a", "b", "FS")))
    first = held.next()
    api.put(f"/contexts/{context}/status", json={"status": "completed"})
    first.call.set_variable("late", 1)
    first.succeed()
    second = held.next()
    api.delete(f"/contexts/{context}")
    second.succeed()
    execution = done(running)
    assert "the context is completed; its variables were not set" in logs(api, execution["id"])


# --- Confirmations --------------------------------------------------------------------------------------

GATES = [
    {
        "validation": {
            "quality_gates": [{"type": "confirmation", "approvers": [{"id": "ada", "type": "human"}]}]
        }
    },
    {"metadata": {"requires_confirmation": True}},
]


@pytest.mark.parametrize("gate", GATES, ids=["quality gate", "metadata"])
def test_a_plan_that_needs_a_confirmation_waits_for_it(api: httpx.Client, plan: Plan, gate: Json) -> None:
    plan_id = plan("a", **gate)
    answer = api.post(f"/plans/{plan_id}/execute", json={})
    assert error(answer) == (202, "4008")
    confirmation_id = answer.json()["error"]["details"]["confirmation_id"]
    confirmation = api.get(f"/confirmations/{confirmation_id}").json()["data"]
    assert (confirmation["target"]["type"], confirmation["target"]["id"]) == ("plan", plan_id)
    again = api.post(f"/plans/{plan_id}/execute", json={}).json()["error"]
    assert again["details"]["confirmation_id"] == confirmation_id
    assert error(api.post("/executions", json={"plan_id": plan_id})) == (202, "4008")
    assert api.get("/executions", params={"plan_id": plan_id}).json()["data"]["items"] == []
    api.post(f"/confirmations/{confirmation_id}/decide", json={"decision": "approved"})
    answer = api.post(f"/plans/{plan_id}/execute", json={"execution_mode": "sync"})
    assert (answer.status_code, answer.json()["data"]["status"]) == (200, "completed")


def test_a_refused_plan_may_be_asked_for_again(api: httpx.Client, plan: Plan) -> None:
    plan_id = plan("a", metadata={"requires_confirmation": True})
    first = api.post(f"/plans/{plan_id}/execute", json={}).json()["error"]["details"]["confirmation_id"]
    api.post(f"/confirmations/{first}/decide", json={"decision": "rejected"})
    assert error(api.post(f"/plans/{plan_id}/execute", json={})) == (405, "4005")
    late = {"target": {"type": "plan", "id": plan_id}, "type": "approval"}
    api.post("/confirmations", json={**late, "expires_at": "2020-01-01T00:00:00Z"})
    told = api.post(f"/plans/{plan_id}/execute", json={}).json()["error"]
    assert (told["code"], told["details"]["reason"]) == ("4005", "the confirmation is expired")
    second = api.post("/confirmations", json=late).json()["data"]["id"]
    assert error(api.post(f"/plans/{plan_id}/execute", json={})) == (202, "4008")
    api.post(f"/confirmations/{second}/decide", json={"decision": "approved"})
    assert api.post(f"/plans/{plan_id}/execute", json={}).status_code == 202


def test_a_wrong_gate_is_the_plans_mistake(api: httpx.Client, plan: Plan) -> None:
    gate = {"type": "confirmation", "approvers": [{"id": "ada", "type": "ghost"}]}
    plan_id = plan("a", validation={"quality_gates": [gate]})
    assert error(api.post(f"/plans/{plan_id}/execute", json={})) == (400, "3001")


# --- The server's end -----------------------------------------------------------------------------------


def test_a_server_that_stops_ends_what_runs(held: Held, pool: ThreadPoolExecutor, tmp_path: Any) -> None:
    with MockServer(tmp_path / "stop.db") as server, httpx.Client(base_url=f"{server.url}/v1.0") as api:
        context = api.post("/contexts", json={}).json()["data"]["id"]
        body = {
            "name": "p",
            "status": "approved",
            "context_id": context,
            "tasks": [{"name": "a"}, {"name": "b"}],
        }
        plan_id = api.post("/plans", json=body).json()["data"]["id"]
        url = f"{server.url}/v1.0/plans/{plan_id}/execute"
        told = pool.submit(
            httpx.post, url, json={"execution_mode": "sync", "handler": "held"}, timeout=PATIENCE
        )
        execution_id = held.next().call.execution_id
        server.stop()
        assert held.left.get(timeout=PATIENCE) == "a"
        assert failed(told)["reason"] == "server stopped"
        server.start()
        with httpx.Client(base_url=f"{server.url}/v1.0") as after:
            assert after.get(f"/executions/{execution_id}").json()["data"]["status"] == "failed"
            assert after.get(f"/plans/{plan_id}").json()["data"]["status"] == "failed"
            assert statuses(after, plan_id) == {"a": "failed", "b": "cancelled"}


def test_simulated_tasks_take_their_time_by_the_scale() -> None:
    settings = ServerSettings(time_scale=0.001)
    with MockServer(settings=settings) as server, httpx.Client(base_url=f"{server.url}/v1.0") as api:
        context = api.post("/contexts", json={}).json()["data"]["id"]
        task = {"name": "a", "estimated_duration": "20s"}
        body = {"name": "p", "status": "approved", "context_id": context, "tasks": [task]}
        plan_id = api.post("/plans", json=body).json()["data"]["id"]
        execution = api.post(f"/plans/{plan_id}/execute", json={"execution_mode": "sync"}).json()["data"]
    assert execution["status"] == "completed"
    assert execution["completed_at"] > execution["started_at"]
