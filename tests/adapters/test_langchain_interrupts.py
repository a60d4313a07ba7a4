"""A graph asks a person: the pending Confirmation, the decision, who decided, and the plan that goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from contextvars import ContextVar
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers import context as hooks
from langchain_core.tracers.context import register_configure_hook
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, Send, interrupt

from mplp_adapters.langchain import MPLPCallbackHandler


class State(TypedDict, total=False):
    answers: Annotated[list[Any], lambda old, new: [*old, *new]]
    number: int
    task: str


def draft(state: State) -> State:
    return {}


def review(state: State) -> State:
    return {"answers": [interrupt({"question": "May I publish?", "text": "Hello"})]}


def asking_graph(**compiled: Any) -> Any:
    graph = StateGraph(State)
    graph.add_sequence([("draft", draft), ("review", review), ("publish", draft)])
    graph.add_edge(START, "draft")
    return graph.compile(checkpointer=InMemorySaver(), name="editor", **compiled)


def thread(name: str = "t", **more: Any) -> Any:
    return {"configurable": {"thread_id": name}, **more}


@pytest.fixture(params=["instrument", "list", "list and graph"])
def way(request, recorded):
    """The ways to attach, each as a function from a graph to what its config needs more."""
    if request.param == "instrument":
        request.getfixturevalue("instrumented")
        return lambda graph: {}
    shown = request.param == "list and graph"
    return lambda graph: {"callbacks": [MPLPCallbackHandler(graph=graph if shown else None)]}


@pytest.mark.requirement("LC-INTERRUPT-LIST", "LC-INTERRUPT-HOOK", "REC-CONFIRM-REQUEST")
def test_an_interrupt_is_one_pending_confirmation_and_no_error(way, recorded):
    graph = asking_graph()

    result = graph.invoke({}, thread(**way(graph)))

    assert "__interrupt__" in result
    (confirmation,) = recorded.confirmations
    assert confirmation["result"]["status"] == "pending"
    assert confirmation["target"]["description"] == "May I publish?"
    (plan,) = recorded.plans
    tasks = {task["name"]: task["id"] for task in plan["tasks"]}
    assert confirmation["target"]["type"] == "task"
    assert confirmation["target"]["id"] == tasks["review"]
    assert confirmation["context_id"] == plan["context_id"] == recorded.contexts[0]["id"]
    assert {span["result"]["status"] for span in recorded.spans} <= {"success", "cancelled"}
    assert recorded.span("review")["metadata"]["tags"]["langgraph.interrupted"] is True


@pytest.mark.requirement("LC-RESUME", "REC-CONFIRM-DECISION")
def test_resuming_decides_it_and_goes_on_with_the_same_plan(way, recorded):
    graph = asking_graph()
    graph.invoke({}, thread(**way(graph)))
    (plan,) = recorded.plans
    assert plan["status"] == "executing"

    answer = {"decision": "approved", "approver": "Dana", "reason": "reads well"}
    graph.invoke(Command(resume=answer), thread(**way(graph)))

    (confirmation,) = recorded.confirmations
    assert confirmation["result"]["status"] == "approved"
    (decision,) = confirmation["result"]["decisions"]
    assert decision["decision"] == "approved"
    assert decision["comments"] == ["reads well"]
    assert decision["timestamp"]
    assert decision["approver"] == "Dana"
    assert confirmation["requester"]["role"] == "editor"
    first, second = (span for span in recorded.spans if span.get("parent_span_id") is None)
    assert first["context_id"] == second["context_id"]
    assert first["trace_id"] != second["trace_id"]
    (plan,) = recorded.plans
    assert plan["status"] == "completed"
    assert recorded.tasks(plan) == {"draft": "completed", "review": "completed", "publish": "completed"}
    assert {span["plan_id"] for span in recorded.named("review")} == {plan["id"]}


APPROVED = [
    True,
    "yes",
    "Approved",
    {"type": "accept"},
    {"approved": True},
    [{"type": "accept", "args": None}],
    {"decisions": [{"type": "approve"}]},
    {"decisions": [{"type": "approve"}, {"type": "edit", "edited_action": {"name": "x", "args": {}}}]},
]
REJECTED = [
    False,
    "no",
    "rejected",
    {"type": "ignore"},
    {"approved": False},
    [{"type": "ignore"}],
    {"decisions": [{"type": "approve"}, {"type": "reject", "message": "too long"}]},
]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [*((answer, "approved") for answer in APPROVED), *((answer, "rejected") for answer in REJECTED)],
    ids=str,
)
@pytest.mark.requirement("REC-CONFIRM-DECISION")
def test_what_counts_as_approved_or_rejected(answer, outcome, instrumented):
    graph = asking_graph()
    graph.invoke({}, thread())
    graph.invoke(Command(resume=answer), thread())

    (confirmation,) = instrumented.confirmations
    assert confirmation["result"]["status"] == outcome
    assert confirmation["result"]["decisions"][0]["decision"] == outcome


@pytest.mark.parametrize(
    ("answer", "kind", "comment"),
    [
        ("Say it in French", "respond", "Say it in French"),
        ({"type": "response", "args": "Say it in French"}, "respond", "Say it in French"),
        ({"type": "edit", "args": {"text": "Bonjour"}}, "edit", '{"text": "Bonjour"}'),
        (
            {"decisions": [{"type": "edit", "edited_action": {"name": "mail", "args": {"to": "Ann"}}}]},
            "edit",
            '{"name": "mail", "args": {"to": "Ann"}}',
        ),
        ({"anything": 1}, "respond", '{"anything": 1}'),
    ],
)
@pytest.mark.requirement("REC-CONFIRM-EDIT-RESPOND")
def test_an_edit_or_an_answer_is_an_approval_with_its_text(answer, kind, comment, instrumented):
    graph = asking_graph()
    graph.invoke({}, thread())
    graph.invoke(Command(resume=answer), thread())

    (decision,) = instrumented.confirmations[0]["result"]["decisions"]
    assert decision["decision"] == "approved"
    assert decision["comments"] == [comment]
    assert decision["metadata"]["kind"] == kind


def test_a_goal_is_reached_by_the_run_that_resumes(instrumented):
    graph = asking_graph()
    graph.invoke({"task": "Write a letter"}, thread())
    (goal,) = instrumented.contexts[0]["shared_state"]["goals"]
    assert (goal["description"], goal["status"]) == ("Write a letter", "active")

    graph.invoke(Command(resume=True), thread())

    (goal,) = instrumented.contexts[0]["shared_state"]["goals"]
    assert goal["status"] == "completed"


def test_the_run_may_say_who_reviews(instrumented):
    graph = asking_graph()
    graph.invoke({}, thread())
    graph.invoke(Command(resume=True), thread(metadata={"mplp.reviewer": "Robin"}))

    assert instrumented.confirmations[0]["result"]["decisions"][0]["approver"] == "Robin"


@pytest.mark.requirement("LC-INTERRUPT-HOOK")
def test_a_hook_that_lifecycle_events_do_not_reach_sees_interrupts_too(recorded):
    ours: ContextVar[Any] = ContextVar("ours", default=None)
    register_configure_hook(ours, inheritable=True)
    ours.set(MPLPCallbackHandler())
    try:
        graph = asking_graph()
        graph.invoke({}, thread())
        graph.invoke(Command(resume="no"), thread())
    finally:
        hooks._configure_hooks.pop()

    (confirmation,) = recorded.confirmations
    assert confirmation["result"]["status"] == "rejected"


def test_one_node_may_ask_twice_and_even_the_same(instrumented):
    def ask_until_yes(state: State) -> State:
        answers = [interrupt("Sure?"), interrupt("Sure?"), interrupt("Really?")]
        return {"answers": answers}

    graph = StateGraph(State)
    graph.add_node("ask", ask_until_yes)
    graph.add_edge(START, "ask")
    compiled = graph.compile(checkpointer=InMemorySaver())
    compiled.invoke({}, thread())
    for answer in ("no", "yes"):
        compiled.invoke(Command(resume=answer), thread())
    assert [one["result"]["status"] for one in instrumented.confirmations] == [
        "rejected",
        "approved",
        "pending",
    ]

    compiled.invoke(Command(resume="yes"), thread())

    assert [one["result"]["status"] for one in instrumented.confirmations] == [
        "rejected",
        "approved",
        "approved",
    ]
    assert [one["target"]["description"] for one in instrumented.confirmations] == [
        "Sure?",
        "Sure?",
        "Really?",
    ]


def test_several_interrupts_at_once_are_answered_by_id(instrumented):
    graph = StateGraph(State)
    graph.add_node("split", draft)
    graph.add_node("ask", lambda state: {"answers": [interrupt(f"Number {state['number']}?")]})
    graph.add_edge(START, "split")
    graph.add_conditional_edges("split", lambda _: [Send("ask", {"number": n}) for n in (1, 2)], ["ask"])
    compiled = graph.compile(checkpointer=InMemorySaver())
    asked = compiled.invoke({}, thread())["__interrupt__"]
    assert len(instrumented.confirmations) == 2

    answers = {one.id: "yes" if one.value == "Number 1?" else "no" for one in asked}
    compiled.invoke(Command(resume=answers), thread())

    outcomes = {one["target"]["description"]: one["result"]["status"] for one in instrumented.confirmations}
    assert outcomes == {"Number 1?": "approved", "Number 2?": "rejected"}


def test_an_interrupt_inside_of_a_subgraph_is_one_confirmation(way, recorded):
    inner = StateGraph(State)
    inner.add_node("review", review)
    inner.add_edge(START, "review")
    outer = StateGraph(State)
    outer.add_node("team", inner.compile())
    outer.add_edge(START, "team")
    graph = outer.compile(checkpointer=InMemorySaver())

    graph.invoke({}, thread(**way(graph)))
    graph.invoke(Command(resume=True), thread(**way(graph)))

    (confirmation,) = recorded.confirmations
    assert confirmation["result"]["status"] == "approved"
    assert set(recorded.tasks(recorded.plans[0]).values()) == {"completed"}


def test_a_planned_pause_waits_for_a_person_too(way, recorded):
    graph = asking_graph(interrupt_before=["publish"])
    settings = thread(**way(graph))
    graph.invoke({}, settings)
    graph.invoke(Command(resume=True), settings)
    assert [one["result"]["status"] for one in recorded.confirmations] == ["approved", "pending"]

    graph.invoke(None, settings)

    assert [one["result"]["status"] for one in recorded.confirmations] == ["approved", "approved"]
    assert len(recorded.plans) == 1


def test_starting_anew_gives_up_the_question(instrumented):
    graph = asking_graph()
    graph.invoke({}, thread())
    graph.invoke({}, thread())

    first, second = instrumented.confirmations
    assert first["result"]["status"] not in ("pending", "approved")
    assert second["result"]["status"] == "pending"


def test_asking_again_without_an_answer_is_the_same_question(instrumented):
    graph = asking_graph()
    graph.invoke({}, thread())
    graph.invoke(None, thread())

    (confirmation,) = instrumented.confirmations
    assert confirmation["result"]["status"] == "pending"


def test_threads_do_not_answer_for_each_other(instrumented):
    graph = asking_graph()
    graph.invoke({}, thread("a"))
    graph.invoke({}, thread("b"))
    graph.invoke(Command(resume=True), thread("b"))

    assert sorted(one["result"]["status"] for one in instrumented.confirmations) == ["approved", "pending"]


@pytest.mark.anyio
@pytest.mark.requirement("LC-INTERRUPT-HOOK", "LC-RESUME")
async def test_async_runs_ask_and_resume_the_same(way, recorded):
    graph = asking_graph()
    settings = thread(**way(graph))

    await graph.ainvoke({}, settings)
    await graph.ainvoke(Command(resume=True), settings)

    (confirmation,) = recorded.confirmations
    assert confirmation["result"]["status"] == "approved"
    assert set(recorded.tasks(recorded.plans[0]).values()) == {"completed"}


ASK_AND_ANSWER = """
import pickle, sys
from pathlib import Path
from typing import TypedDict
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt
from mplp_adapters.langchain import instrument

class State(TypedDict, total=False):
    answer: str

saver, checkpoint = InMemorySaver(), Path(sys.argv[1])
graph = StateGraph(State)
graph.add_node("draft", lambda state: {})
graph.add_node("review", lambda state: {"answer": interrupt("May I publish?")})
graph.add_edge(START, "draft")
graph.add_edge("draft", "review")
compiled = graph.compile(checkpointer=saver, name="editor")
thread = {"configurable": {"thread_id": "t"}}
instrument()
if checkpoint.exists():
    storage, writes, blobs = pickle.loads(checkpoint.read_bytes())
    saver.storage["t"][""].update(storage)
    saver.writes.update(writes)
    saver.blobs.update(blobs)
    compiled.invoke(Command(resume={"decision": "rejected", "by": "Dana"}), thread)
else:
    compiled.invoke({}, thread)
    state = dict(saver.storage["t"][""]), dict(saver.writes), dict(saver.blobs)
    checkpoint.write_bytes(pickle.dumps(state))
"""


@pytest.mark.requirement("LC-RESUME-OTHER-PROCESS", "REC-CONFIRM-OTHER-PROCESS")
def test_another_process_decides_the_same_confirmation(tmp_path, read_home):
    environment = {**os.environ, "MPLP_HOME": str(tmp_path / "home")}
    for _ in range(2):
        arguments = [sys.executable, "-c", ASK_AND_ANSWER, str(tmp_path / "checkpoint")]
        subprocess.run(arguments, env=environment, timeout=60, check=True)

    records = [
        record["object"] for record in read_home(tmp_path / "home") if record["kind"] == "confirmation"
    ]
    asked, *_, decided = sorted(records, key=lambda record: record["metadata"]["updated_at"])
    assert asked["id"] == decided["id"]
    assert asked["result"]["status"] == "pending"
    assert decided["result"]["status"] == "rejected"
    assert decided["result"]["decisions"][0]["approver"] == "Dana"
    assert decided["target"]["description"] == "May I publish?"


def test_a_graph_called_by_a_plain_function_is_resumed_too(instrumented):
    graph = asking_graph()
    service = RunnableLambda(lambda payload: graph.invoke(payload, thread()), name="service")

    service.invoke({})
    service.invoke(Command(resume="no"))

    (confirmation,) = instrumented.confirmations
    assert confirmation["result"]["status"] == "rejected"


def test_answering_one_of_two_questions_leaves_the_plan_open_for_the_other(way, recorded):
    graph = StateGraph(State)
    for name in ("left", "right"):
        graph.add_node(name, lambda state, name=name: {"answers": [interrupt(f"{name}?")]})
        graph.add_edge(START, name)
    compiled = graph.compile(checkpointer=InMemorySaver(), name="both")
    settings = thread(**way(compiled))
    asked = {one.value: one.id for one in compiled.invoke({}, settings)["__interrupt__"]}

    compiled.invoke(Command(resume={asked["left?"]: "yes"}), settings)
    (plan,) = recorded.plans
    assert plan["status"] == "executing"
    assert recorded.tasks(plan) == {"left": "completed", "right": "running"}

    compiled.invoke(Command(resume={asked["right?"]: "no"}), settings)
    (plan,) = recorded.plans
    assert plan["status"] == "completed"
    assert recorded.tasks(plan) == {"left": "completed", "right": "completed"}


def test_going_on_after_a_failure_asks_no_answered_question_again(way, recorded):
    failures = [RuntimeError("lost the connection")]

    def publish(state: State) -> State:
        answer = interrupt("May I publish?")
        if failures:
            raise failures.pop()
        return {"answers": [answer]}

    graph = StateGraph(State)
    graph.add_node("publish", publish)
    graph.add_edge(START, "publish")
    compiled = graph.compile(checkpointer=InMemorySaver(), name="editor")
    settings = thread(**way(compiled))
    compiled.invoke({}, settings)
    with pytest.raises(RuntimeError, match="lost the connection"):
        compiled.invoke(Command(resume="yes"), settings)
    assert compiled.invoke(None, settings)["answers"] == ["yes"]

    assert [one["result"]["status"] for one in recorded.confirmations] == ["approved"]
    assert [plan["status"] for plan in recorded.plans] == ["failed", "completed"]
