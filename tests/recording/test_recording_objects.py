"""Runs, spans, plans, questions and roles: what they write, and that it is MPLP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from mplp_sdk.models import STRICT, Confirmation, Context, Plan, Role, Span
from mplp_sdk.protocol.ids import agent_id, context_id
from mplp_sdk.recording import (
    LivePlan,
    PlannedDependency,
    PlannedTask,
    Recorder,
    Run,
    get_recorder,
    set_recorder,
)

MODELS: dict[str, Any] = {
    "context": Context,
    "plan": Plan,
    "confirmation": Confirmation,
    "trace": Span,
    "role": Role,
}
TASKS = [PlannedTask(key="a"), PlannedTask(key="b", name="second", agent="helper"), PlannedTask(key="c")]


def last(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The last record of each object, by name."""
    return {obj.get("name") or obj["action"]["name"]: obj for obj in objects}


def statuses(plan: dict[str, Any]) -> dict[str, str]:
    return {task["metadata"]["key"]: task["status"] for task in plan["tasks"]}


def everything(recorder: Recorder) -> Run:
    """A run that uses all there is."""
    with recorder.start_run(
        "answer", key="thread-1", agent="boss", input={"q": 1}, goals=["find out"]
    ) as run:
        run.add_role("boss", description="leads", capabilities=[{"name": "search"}, {"name": "sum"}])
        plan = run.set_plan(
            "steps",
            TASKS,
            [PlannedDependency(from_task="a", to_task="b", condition="if needed")],
            workflow={"execution_strategy": "sequential", "back_edges": [["b", "a"]]},
            description="how",
        )
        with run.start_span(
            "step", task="a", input="x", agent="helper", tags={"langgraph.node": "a"}
        ) as span:
            span.first_token()
            span.annotate("event", {"a": 1})
            inner = run.start_span("model", type="invoke", parent=span)
            inner.end(output="text", metrics={"input_tokens": 3, "output_tokens": 4, "model": "m"})
        plan.complete("a")
        plan.skip("c")
        plan.add_task(PlannedTask(key="d", parent="b"), after="b")
        question = run.request_confirmation(
            "ask", description="May I?", approvers=["ann"], task="b", span=span
        )
        question.decide("approved", approver="ann", comments=["fine"], metadata={"edit": 1})
        run.set_variables({"state": {"x": 1}})
    return run


@pytest.mark.requirement("OBJ-CANONICAL-SCHEMAS")
def test_everything_that_is_written_is_strictly_valid(recorder: Recorder, spool: Any) -> None:
    everything(recorder)
    with pytest.raises(ZeroDivisionError), recorder.start_run("fails") as run, run.start_span("inner"):
        raise ZeroDivisionError("oh")
    for kind, model in MODELS.items():
        objects = spool.objects(kind)
        assert objects
        for obj in objects:
            model.model_validate(obj, context=STRICT)
    assert recorder.stats().dropped == {}


@pytest.mark.requirement("REC-CONTEXT-KEY")
def test_runs_with_one_key_share_a_context(recorder: Recorder, spool: Any) -> None:
    first, second = recorder.start_run("a", key="t"), recorder.start_run("b", key="t")
    assert first.context_id == second.context_id == context_id("default", "t")
    assert first.trace_id != second.trace_id
    assert len(spool.objects("context")) == 1


@pytest.mark.requirement("REC-CONTEXT-KEY")
def test_equal_keys_of_two_projects_are_two_contexts(make_recorder: Callable[..., Recorder]) -> None:
    runs = [make_recorder(project=project).start_run("a", key="t") for project in ("one", "two")]
    assert runs[0].context_id != runs[1].context_id


@pytest.mark.requirement("REC-CONTEXT-KEY")
def test_taking_up_a_key_does_not_undo_what_another_process_knows(
    make_recorder: Callable[..., Recorder], spool: Any
) -> None:
    earlier = make_recorder().start_run("a", key="t")
    earlier.set_variables({"x": 1})
    make_recorder().start_run("b", key="t")
    newest = max(spool.objects("context"), key=lambda obj: obj["metadata"]["updated_at"])
    assert newest["shared_state"]["variables"] == {"x": 1}


@pytest.mark.requirement("REC-CONTEXT-PER-RUN")
def test_a_run_without_a_key_has_a_context_that_ends_with_it(recorder: Recorder, spool: Any) -> None:
    runs = [recorder.start_run("a") for _ in range(4)]
    assert len({run.context_id for run in runs}) == 4
    runs[0].end()
    runs[1].end(error=ValueError("x"))
    runs[2].end(status="cancelled")
    states = {obj["id"]: obj["status"] for obj in spool.objects("context")}
    assert [states[run.context_id] for run in runs] == ["completed", "failed", "suspended", "active"]


@pytest.mark.requirement("REC-CONTEXT-VARIABLES")
def test_variables_are_kept_as_they_were(recorder: Recorder, spool: Any) -> None:
    run = recorder.start_run("a", key="t")
    state = {"messages": ["one"]}
    run.set_variables(state)
    state["messages"].append("two")
    run.end()
    assert spool.objects("context")[-1]["shared_state"]["variables"] == {"messages": ["one"]}


@pytest.mark.requirement("REC-CONTEXT-GOALS")
def test_goals_are_reached_with_the_run(recorder: Recorder, spool: Any) -> None:
    recorder.start_run("a", goals=["first", "second"]).end()
    recorder.start_run("b", goals=["third"]).end(error=ValueError())
    goals = {
        goal["description"]: goal["status"]
        for obj in spool.objects("context")
        for goal in obj["shared_state"]["goals"]
    }
    assert goals == {"first": "completed", "second": "completed", "third": "active"}


@pytest.mark.requirement("REC-TRACE", "REC-AGENT-NEAREST", "ID-AGENT")
def test_spans_hang_below_their_callers_with_the_nearest_agent(recorder: Recorder, spool: Any) -> None:
    run = everything(recorder)
    spans = last(spool.objects("trace"))
    assert {span["trace_id"] for span in spans.values()} == {run.trace_id}
    assert "parent_span_id" not in spans["answer"]
    assert spans["step"]["parent_span_id"] == spans["answer"]["span_id"]
    assert spans["model"]["parent_span_id"] == spans["step"]["span_id"]
    assert spans["answer"]["agent_id"] == agent_id("boss")
    assert spans["model"]["agent_id"] == agent_id("helper")
    assert spans["model"]["metadata"]["tags"]["agent"] == "helper"
    assert {span["id"] == span["span_id"] for span in spans.values()} == {True}


@pytest.mark.requirement("REC-TRACE")
def test_runs_of_many_threads_are_not_mixed_up(recorder: Recorder, spool: Any) -> None:
    def work(number: int) -> None:
        with recorder.start_run(f"run {number}") as run:
            for step in range(20):
                with run.start_span(f"{number}.{step}") as outer:
                    run.start_span(f"{number}.{step}.inner", parent=outer).end()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spans = {span["id"]: span for span in spool.objects("trace")}
    assert len(spans) == 8 * 41
    for span in spans.values():
        parent = spans.get(span.get("parent_span_id"))
        if parent is not None:
            assert parent["trace_id"] == span["trace_id"]
            own, above = span["action"]["name"], parent["action"]["name"]
            assert above.removeprefix("run ").split(".")[0] == own.split(".")[0]


def test_a_span_is_written_open_and_closed_and_ends_once(recorder: Recorder, spool: Any) -> None:
    run = recorder.start_run("a")
    span = run.start_span("step", input={"x": 1})
    span.end(output=1)
    span.end(output=2, error=ValueError())
    opened, closed = [each for each in spool.objects("trace") if each["id"] == span.span_id]
    assert "result" not in opened
    assert "end" not in opened["timestamp"]
    assert closed["timestamp"]["end"] >= closed["timestamp"]["start"] == opened["timestamp"]["start"]
    assert closed["result"] == {"status": "success", "output": {"value": 1}}
    assert closed["action"]["parameters"] == opened["action"]["parameters"] == {"x": 1}
    assert span.ended


@pytest.mark.requirement("REC-INPUT-OUTPUT")
def test_inputs_are_kept_as_they_were_at_the_start(recorder: Recorder, spool: Any) -> None:
    messages = ["one"]
    span = recorder.start_run("a").start_span("step", input=messages)
    messages.append("two")
    span.end(output="done")
    closed = spool.objects("trace")[-1]
    assert closed["action"]["parameters"] == {"value": ["one"]}
    assert closed["result"]["output"] == {"value": "done"}


def test_an_input_that_becomes_known_later_replaces_the_first(recorder: Recorder, spool: Any) -> None:
    span = recorder.start_run("a").start_span("stream", input=None)
    span.set_input({"parts": [1, 2]})
    span.end()
    span.set_input("too late")
    assert spool.objects("trace")[-1]["action"]["parameters"] == {"parts": [1, 2]}


@pytest.mark.requirement("REC-ERROR")
def test_an_error_is_recorded_with_its_stack_and_goes_on(recorder: Recorder, spool: Any) -> None:
    def breaks() -> None:
        raise LookupError("no such thing")

    with pytest.raises(LookupError), recorder.start_run("a") as run, run.start_span("step"):
        breaks()
    step, root = spool.objects("trace")[-2:]
    for span in (step, root):
        assert span["result"]["status"] == "failure"
        assert span["result"]["error"]["type"] == "LookupError"
        assert span["result"]["error"]["message"] == "no such thing"
        assert "breaks" in span["result"]["error"]["stack"]
        assert span["event"] == {"type": "error"}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (asyncio.CancelledError(), "cancelled"),
        (GeneratorExit(), "cancelled"),
        (TimeoutError(), "timeout"),
        (ValueError(), "failure"),
        ({"type": "ToolError", "message": "x"}, "failure"),
    ],
)
def test_what_ended_a_span_tells_its_status(recorder: Recorder, spool: Any, error: Any, status: str) -> None:
    recorder.start_run("a").start_span("step").end(error=error)
    assert spool.objects("trace")[-1]["result"]["status"] == status


@pytest.mark.requirement("REC-METRICS")
def test_metrics_hold_what_is_known(recorder: Recorder, spool: Any) -> None:
    span = recorder.start_run("a").start_span("model")
    span.first_token()
    span.end(metrics={"input_tokens": 3, "output_tokens": None})  # type: ignore[dict-item]  # adapters pass what they get
    metrics = spool.objects("trace")[-1]["result"]["metrics"]
    assert metrics["input_tokens"] == 3
    assert metrics["time_to_first_token"] >= 0
    assert "output_tokens" not in metrics


@pytest.mark.requirement("REC-TAGS", "REC-ACTION-NAME")
def test_tags_and_annotations_come_with_the_end(recorder: Recorder, spool: Any) -> None:
    span = recorder.start_run("a").start_span("Step One", tags={"langgraph.node": "n"})
    span.tag({"langgraph.step": 2}, attempt=1)
    span.annotate("retry", {"attempt": 1})
    span.end()
    closed = spool.objects("trace")[-1]
    assert closed["action"]["name"] == "Step One"
    expected = {"agent": "a", "langgraph.node": "n", "langgraph.step": 2, "attempt": 1}
    assert closed["metadata"]["tags"] == expected
    (note,) = closed["metadata"]["annotations"]
    assert (note["name"], note["data"]) == ("retry", {"attempt": 1})


def test_spans_left_open_are_closed_and_marked_when_the_run_ends(recorder: Recorder, spool: Any) -> None:
    run = recorder.start_run("a")
    outer = run.start_span("outer")
    run.start_span("inner", parent=outer)
    run.end(output="done")
    run.end(output="again")
    closed = [span for span in spool.objects("trace") if "result" in span]
    assert [span["action"]["name"] for span in closed] == ["inner", "outer", "a"]
    assert [span["result"]["status"] for span in closed] == ["cancelled", "cancelled", "success"]
    assert [span["metadata"]["tags"].get("mplp.unfinished") for span in closed] == [True, True, None]


@pytest.mark.requirement("REC-PLAN-BEFORE", "REC-SPAN-TASK", "REC-TASK-STATES")
def test_a_plan_stands_before_its_tasks_run_and_follows_them(recorder: Recorder, spool: Any) -> None:
    run = recorder.start_run("a")
    plan = run.set_plan("steps", TASKS, [PlannedDependency(from_task="a", to_task="b")])
    span = run.start_span("step", task="a")
    span.end()
    plan.complete("a")
    plan.start("b")
    plan.fail("b")
    plan.start("no such task")
    run.end()
    plans = spool.objects("plan")
    assert [statuses(each)["a"] for each in plans[:3]] == ["pending", "running", "completed"]
    assert statuses(plans[-1]) == {"a": "completed", "b": "failed", "c": "pending"}
    assert plans[-1]["status"] == "completed"
    assert {each["id"] for each in plans} == {plan.plan_id}
    closed = last(spool.objects("trace"))["step"]
    assert (closed["plan_id"], closed["task_id"]) == (plan.plan_id, plan.task_id("a"))
    (edge,) = plans[-1]["dependencies"]
    expected = {"from_task": plan.task_id("a"), "to_task": plan.task_id("b"), "type": "finish_to_start"}
    assert edge == expected


def test_a_task_counts_its_visits(recorder: Recorder, spool: Any) -> None:
    plan = recorder.start_run("a").set_plan("loop", TASKS)
    for _ in range(3):
        plan.start("a")
        plan.complete("a")
    task = spool.objects("plan")[-1]["tasks"][0]
    assert task["metadata"]["visits"] == 3
    assert task["started_at"] <= task["completed_at"]


@pytest.mark.requirement("REC-PLAN-AS-IT-HAPPENS")
def test_tasks_that_become_known_later_are_added(recorder: Recorder, spool: Any) -> None:
    plan = recorder.start_run("a").set_plan("steps", TASKS[:1])
    plan.add_task(PlannedTask(key="b", parent="a"), after="a")
    plan.add_task(PlannedTask(key="b"))
    added = spool.objects("plan")[-1]
    assert statuses(added) == {"a": "pending", "b": "pending"}
    assert added["tasks"][1]["parent_task"] == plan.task_id("a")
    assert len(added["dependencies"]) == 1


@pytest.mark.requirement("REC-REPLAN")
def test_a_replan_is_the_next_version_and_cancels_what_was_open(recorder: Recorder, spool: Any) -> None:
    run = recorder.start_run("a")
    old = run.set_plan("steps", TASKS)
    old.start("a")
    old.complete("a")
    old.start("b")
    new = run.set_plan("steps", [PlannedTask(key="x")])
    assert run.plan is new
    final = {obj["id"]: obj for obj in spool.objects("plan")}
    assert statuses(final[old.plan_id]) == {"a": "completed", "b": "cancelled", "c": "cancelled"}
    assert final[old.plan_id]["status"] == "cancelled"
    assert (final[old.plan_id]["version"], final[new.plan_id]["version"]) == ("1.0.0", "1.1.0")
    assert final[new.plan_id]["metadata"]["previous_version_id"] == old.plan_id


def test_every_full_record_of_an_object_is_newer_than_the_one_before(recorder: Recorder, spool: Any) -> None:
    everything(recorder)
    for kind in ("context", "plan", "confirmation", "role"):
        times: dict[str, list[str]] = {}
        for obj in spool.objects(kind):
            times.setdefault(obj["id"], []).append(obj["metadata"]["updated_at"].ljust(27, "0"))
        for each in times.values():
            assert each == sorted(set(each))


@pytest.mark.requirement("REC-CONFIRM-REQUEST", "REC-CONFIRM-DECISION")
def test_a_question_is_pending_at_once_and_decided_later(recorder: Recorder, spool: Any) -> None:
    run = recorder.start_run("a", key="t")
    plan = run.set_plan("steps", TASKS)
    question = run.request_confirmation(
        "ask", description="Delete it?", approvers=["ann"], requester="agent", details={"n": 1}, task="b"
    )
    (pending,) = spool.objects("confirmation")
    assert pending["result"] == {"status": "pending", "decisions": []}
    assert pending["target"] == {"type": "task", "id": plan.task_id("b"), "description": "Delete it?"}
    assert recorder.find_confirmation(run.context_id, "ask") is question
    question.decide("rejected", approver="ann", comments=["no"], metadata={"why": "risk"})
    question.decide("approved", approver="bob")
    assert len(spool.objects("confirmation")) == 2
    decided = spool.objects("confirmation")[-1]
    (decision,) = decided["result"]["decisions"]
    assert decided["result"]["status"] == decision["decision"] == "rejected"
    assert (decision["approver"], decision["approver_id"]) == ("ann", agent_id("ann"))
    assert (decision["comments"], decision["metadata"]) == (["no"], {"why": "risk"})
    assert decision["timestamp"] == decided["result"]["timestamp"]
    assert recorder.find_confirmation(run.context_id, "ask") is None


def test_the_same_question_is_the_same_confirmation_in_any_process(
    make_recorder: Callable[..., Recorder],
) -> None:
    ids = {
        make_recorder().start_run("a", key="t").request_confirmation("k", description="?").confirmation_id
        for _ in range(2)
    }
    assert len(ids) == 1


def test_a_question_that_nobody_answers_can_be_cancelled(recorder: Recorder, spool: Any) -> None:
    recorder.start_run("a").request_confirmation("k", description="?").cancel()
    assert spool.objects("confirmation")[-1]["result"]["status"] == "expired"


def test_while_somebody_is_asked_plan_and_context_stay_open(recorder: Recorder, spool: Any) -> None:
    first = recorder.start_run("a", key="t")
    plan = first.set_plan("steps", TASKS)
    plan.start("a")
    question = first.request_confirmation("k", description="?", task="a")
    first.end(status="cancelled")
    assert spool.objects("plan")[-1]["status"] == "executing"
    second = recorder.start_run("a", key="t")
    question.decide("approved", approver="ann")
    assert second.set_plan("steps", TASKS).plan_id == plan.plan_id
    second.end()
    assert spool.objects("plan")[-1]["status"] == "completed"


@pytest.mark.requirement("REC-ROLE")
def test_a_role_is_written_once_and_again_when_it_changed(recorder: Recorder, spool: Any) -> None:
    run = recorder.start_run("a")
    for tools in (["search"], ["search"], ["search", "sum"]):
        run.add_role("boss", description="leads", capabilities=[{"name": tool} for tool in tools])
    roles = spool.objects("role")
    assert [role["version"] for role in roles] == ["1.0.0", "1.1.0"]
    assert roles[1]["id"] == agent_id("boss")
    assert [each["name"] for each in roles[1]["capabilities"]] == ["search", "sum"]


@pytest.mark.requirement("SPOOL-NEVER-RAISES")
def test_nonsense_does_not_reach_the_host(recorder: Recorder) -> None:
    nonsense: Any = object()
    run = recorder.start_run(
        nonsense, key=nonsense, agent=nonsense, type=nonsense, tags=nonsense, goals=nonsense
    )
    span = run.start_span(nonsense, type=nonsense, tags=nonsense, task=nonsense)
    span.tag(nonsense)
    span.annotate(nonsense, nonsense)
    span.end(output=nonsense, error=nonsense, status=nonsense, metrics=nonsense)
    plan: LivePlan = run.set_plan(nonsense, nonsense, nonsense, workflow=nonsense)
    plan.start(nonsense)
    plan.add_task(nonsense)
    question = run.request_confirmation(nonsense, description=nonsense, approvers=nonsense)
    question.decide(nonsense, approver=nonsense, comments=nonsense)
    run.add_role(nonsense, capabilities=nonsense)
    run.set_variables(nonsense)
    run.end(error=nonsense, status=nonsense)
    recorder.record(nonsense, nonsense)
    stats = recorder.stats()
    assert set(stats.dropped) <= {"internal", "invalid"}
    assert stats.recorded == stats.stored + sum(stats.dropped.values())


def test_the_shared_recorder_is_one_and_can_be_replaced(
    monkeypatch: pytest.MonkeyPatch, home: Any, recorder: Recorder
) -> None:
    monkeypatch.setenv("MPLP_HOME", str(home))
    before = set_recorder(None)
    try:
        made = get_recorder()
        assert get_recorder() is made
        assert set_recorder(recorder) is made
        assert get_recorder() is recorder
        made.close()
    finally:
        set_recorder(before)


def test_a_step_whose_start_broke_in_the_middle_is_there_all_the_same(recorder: Recorder, spool: Any) -> None:
    class Interrupted:
        def __repr__(self) -> str:
            raise KeyboardInterrupt

    with recorder.start_run("run") as run, pytest.raises(KeyboardInterrupt):
        run.start_span("step", input=Interrupted())
    (root, step) = {span["id"]: span for span in spool.objects("trace")}.values()
    assert step["parent_span_id"] == root["id"]
    assert step["result"]["status"] == "cancelled"
    assert recorder.stats().dropped == {}
