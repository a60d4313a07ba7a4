"""LangGraph runs: the plan before the run, what ran against it, agents, state, branches and retries."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from operator import add
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.callbacks import dispatch_custom_event
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.types import Command, RetryPolicy, Send

from mplp_adapters.langchain import MPLPCallbackHandler
from mplp_sdk.protocol import ids


class State(TypedDict, total=False):
    words: Annotated[list[str], add]
    word: str


def says(word: str) -> Callable[[State], State]:
    return lambda state: {"words": [word]}


def nothing(state: State) -> State:
    return {}


@tool
def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


@pytest.fixture
def agent(model):
    """A ReAct loop: one call of a tool, then the answer."""
    call = AIMessage("", tool_calls=[{"name": "multiply", "args": {"a": 6, "b": 7}, "id": "call-1"}])
    bound = model(call, "It is 42").bind_tools([multiply])
    graph = StateGraph(MessagesState)
    graph.add_node("think", lambda state: {"messages": [bound.invoke(state["messages"])]})
    graph.add_node("tools", ToolNode([multiply]))
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", tools_condition)
    graph.add_edge("tools", "think")
    return graph.compile(name="calculator")


AGENT_TREE = (
    "calculator",
    [
        ("think", [("ScriptedModel", []), ("tools_condition", [])]),
        ("tools", [("multiply", [])]),
        ("think", [("ScriptedModel", []), ("tools_condition", [])]),
        ("__end__", []),
    ],
)
QUESTION: Any = {"messages": [("user", "What is 6 times 7?")]}


def with_handler(graph: Any = None, **more: Any) -> Any:
    return {"callbacks": [MPLPCallbackHandler(graph=graph)], **more}


@pytest.mark.requirement("LC-INSTRUMENT", "REC-ACTION-TYPES", "REC-ACTION-COMPLETE")
def test_an_agent_is_recorded_whole_with_no_change_to_its_code(instrumented, agent):
    result = agent.invoke(QUESTION)

    assert result["messages"][-1].text == "It is 42"
    assert instrumented.trees == [AGENT_TREE]
    kinds = {span["action"]["name"]: span["action"]["type"] for span in instrumented.spans}
    assert kinds == {
        "calculator": "invoke",
        "think": "execute",
        "ScriptedModel": "invoke",
        "tools_condition": "validate",
        "tools": "execute",
        "multiply": "execute",
        "__end__": "complete",
    }
    assert instrumented.span("__end__")["result"]["output"]["content"] == "It is 42"


@pytest.mark.parametrize("way", ["instrument", "handler"])
@pytest.mark.requirement("LC-PLAN-INSTRUMENT", "LC-PLAN-HANDLER", "REC-PLAN-BEFORE", "REC-SPAN-TASK")
def test_the_plan_is_there_before_the_first_node_runs(way, recorded, agent, request):
    if way == "instrument":
        request.getfixturevalue("instrumented")
    agent.invoke(QUESTION, with_handler(agent) if way == "handler" else None)

    records = recorded.records
    planned = next(number for number, record in enumerate(records) if record["kind"] == "plan")
    ran = next(
        number
        for number, record in enumerate(records)
        if record["kind"] == "trace" and record["object"]["action"]["name"] == "think"
    )
    assert planned < ran
    first = records[planned]["object"]
    assert recorded.tasks(first) == {"think": "pending", "tools": "pending"}
    (last,) = recorded.plans
    assert recorded.tasks(last) == {"think": "completed", "tools": "completed"}
    assert last["status"] == "completed"
    tasks = {task["id"]: task["name"] for task in last["tasks"]}
    assert [tasks.get(span.get("task_id")) for span in recorded.named("think")] == ["think", "think"]
    assert tasks[recorded.span("tools")["task_id"]] == "tools"
    assert recorded.span("tools")["plan_id"] == last["id"]


@pytest.mark.requirement("LC-PLAN-LOOPS", "LC-PLAN-CONDITIONAL")
def test_a_loop_gives_a_plan_without_cycles_that_names_the_way_back(instrumented, agent):
    agent.invoke(QUESTION)

    (plan,) = instrumented.plans
    names = {task["id"]: task["name"] for task in plan["tasks"]}
    ways = [(names[way["from_task"]], names[way["to_task"]]) for way in plan["dependencies"]]
    assert ways == [("think", "tools")]
    assert plan["workflow"]["execution_strategy"] == "conditional"
    assert plan["workflow"]["back_edges"] == [{"from": "tools", "to": "think"}]
    assert plan["workflow"]["conditional_edges"] == [{"from": "think", "to": "tools"}]


@pytest.mark.requirement("REC-PLAN-AS-IT-HAPPENS")
def test_a_graph_that_nobody_showed_us_gets_its_plan_as_it_runs(recorded, agent):
    agent.invoke(QUESTION, with_handler())

    (plan,) = recorded.plans
    assert recorded.tasks(plan) == {"think": "completed", "tools": "completed"}
    assert recorded.trees == [AGENT_TREE]


@pytest.mark.requirement("REC-TASK-STATES")
def test_tasks_end_as_their_nodes_do_and_what_was_not_needed_is_skipped(instrumented):
    graph = StateGraph(State)
    for name in ("choose", "left", "right"):
        graph.add_node(name, nothing)
    graph.add_edge(START, "choose")
    graph.add_conditional_edges("choose", lambda state: state["word"], ["left", "right"])
    compiled = graph.compile()

    compiled.invoke({"word": "left"})

    (plan,) = instrumented.plans
    assert instrumented.tasks(plan) == {"choose": "completed", "left": "completed", "right": "skipped"}


@pytest.mark.requirement("REC-TASK-STATES", "REC-ERROR")
def test_a_node_that_raises_fails_its_task_and_the_plan(instrumented):
    def fail(state: State) -> State:
        raise LookupError("no such word")

    graph = StateGraph(State)
    graph.add_sequence([("first", nothing), ("second", fail), ("third", nothing)])
    graph.add_edge(START, "first")

    with pytest.raises(LookupError, match="no such word"):
        graph.compile().invoke({})

    (plan,) = instrumented.plans
    assert plan["status"] == "failed"
    tasks = instrumented.tasks(plan)
    assert (tasks["first"], tasks["second"]) == ("completed", "failed")
    assert tasks["third"] not in ("completed", "running")
    assert instrumented.span("second")["result"]["error"]["type"] == "LookupError"
    assert instrumented.span("LangGraph")["result"]["status"] == "failure"


def nested_graph() -> Any:
    inner = StateGraph(State)
    inner.add_sequence([("search", says("found")), ("sort", says("sorted"))])
    inner.add_edge(START, "search")
    outer = StateGraph(State)
    outer.add_node("research", inner.compile(name="librarian"))
    outer.add_node("write", says("written"))
    outer.add_edge(START, "research")
    outer.add_edge("research", "write")
    return outer.compile(name="author")


NESTED_TREE = (
    "author",
    [("research", [("librarian", [("search", []), ("sort", [])])]), ("write", [])],
)


@pytest.mark.requirement("LC-PLAN-SUBGRAPHS", "REC-AGENT-NEAREST")
def test_a_subgraph_is_a_composite_task_and_an_agent_of_its_own(instrumented):
    nested_graph().invoke({})

    assert instrumented.trees == [NESTED_TREE]
    (plan,) = instrumented.plans
    tasks = {task["name"]: task for task in plan["tasks"]}
    assert list(tasks) == ["research", "search", "sort", "write"]
    assert tasks["research"]["type"] == "composite"
    assert tasks["search"]["parent_task"] == tasks["sort"]["parent_task"] == tasks["research"]["id"]
    assert {task["status"] for task in plan["tasks"]} == {"completed"}
    assert instrumented.span("search")["task_id"] == tasks["search"]["id"]
    agents = {span["action"]["name"]: span["agent_id"] for span in instrumented.spans}
    assert agents["search"] == agents["librarian"] == ids.agent_id("librarian")
    assert agents["write"] == agents["research"] == ids.agent_id("author")


@pytest.mark.requirement("LC-SEND-BRANCHES")
def test_branches_sent_to_one_node_are_told_apart(instrumented):
    graph = StateGraph(State)
    graph.add_node("split", nothing)
    graph.add_node("work", lambda state: {"words": [state["word"]]})
    graph.add_edge(START, "split")
    graph.add_conditional_edges("split", lambda _: [Send("work", {"word": word}) for word in "abc"], ["work"])

    assert sorted(graph.compile().invoke({})["words"]) == ["a", "b", "c"]

    spans = instrumented.named("work")
    assert sorted(span["action"]["parameters"]["word"] for span in spans) == ["a", "b", "c"]
    assert len({span["metadata"]["tags"]["langgraph.checkpoint_ns"] for span in spans}) == 3
    (plan,) = instrumented.plans
    assert instrumented.tasks(plan) == {"split": "completed", "work": "completed"}


@pytest.mark.requirement("LC-RETRIED-NODES")
def test_attempts_of_a_retried_node_are_numbered(instrumented):
    attempts: list[int] = []

    def flaky(state: State) -> State:
        attempts.append(1)
        if len(attempts) < 3:
            raise ConnectionError("try again")
        return {}

    policy = RetryPolicy(initial_interval=0.001, backoff_factor=1, jitter=False, max_attempts=3)
    graph = StateGraph(State)
    graph.add_node("flaky", flaky, retry_policy=policy)
    graph.add_edge(START, "flaky")

    graph.compile().invoke({})

    spans = instrumented.named("flaky")
    assert [span["metadata"]["tags"].get("langgraph.attempt") for span in spans] == [None, 2, 3]
    assert [span["result"]["status"] for span in spans] == ["failure", "failure", "success"]
    assert instrumented.tasks(instrumented.plans[0]) == {"flaky": "completed"}


@pytest.mark.requirement("LC-METADATA")
def test_node_step_and_thread_are_tags(instrumented, agent):
    agent.invoke(QUESTION, {"configurable": {"thread_id": "t-1"}})

    tags = instrumented.span("tools")["metadata"]["tags"]
    assert tags["langgraph.node"] == "tools"
    assert tags["langgraph.step"] == 2
    assert tags["langgraph.thread_id"] == "t-1"
    assert tags["langgraph.checkpoint_ns"].startswith("tools:")
    assert "langgraph.path" in tags
    assert "langgraph.triggers" in tags


@pytest.mark.requirement("REC-CONTEXT-KEY", "REC-CONTEXT-VARIABLES", "REC-CONTEXT-GOALS")
def test_a_thread_is_one_context_with_the_graph_s_state_and_goal(instrumented, agent):
    for _ in range(2):
        agent.invoke(QUESTION, {"configurable": {"thread_id": "t-1"}})

    (context,) = instrumented.contexts
    assert context["id"] == ids.context_id("default", "t-1")
    assert context["shared_state"]["variables"]["messages"][-1] == {
        "role": "assistant",
        "content": "It is 42",
    }
    assert "What is 6 times 7?" in [goal["description"] for goal in context["shared_state"]["goals"]]


@pytest.mark.requirement("REC-ROLE")
def test_an_agent_has_one_role_with_its_tools(instrumented, agent):
    agent.invoke(QUESTION)
    agent.invoke(QUESTION)

    (role,) = instrumented.roles
    assert role["name"] == "calculator"
    (capability,) = role["capabilities"]
    assert capability["name"] == "multiply"
    assert capability["parameters"]["description"] == "Multiply two numbers."
    assert len([record for record in instrumented.records if record["kind"] == "role"]) == 1


def test_a_role_is_known_without_the_graph_too(recorded, agent):
    agent.invoke(QUESTION, with_handler())

    (role,) = recorded.roles
    assert role["name"] == "calculator"
    assert [capability["name"] for capability in role["capabilities"]] == ["multiply"]


@pytest.mark.requirement("LC-END-PARENT-COMMAND")
def test_handing_over_to_another_node_of_the_parent_is_no_error(instrumented):
    inner = StateGraph(State)
    inner.add_node("hand", lambda state: Command(goto="other", graph=Command.PARENT))
    inner.add_edge(START, "hand")
    outer = StateGraph(State)
    outer.add_node("team", inner.compile(), destinations=("other",))
    outer.add_node("other", says("done"))
    outer.add_edge(START, "team")

    assert outer.compile().invoke({})["words"] == ["done"]

    assert {span["result"]["status"] for span in instrumented.spans} == {"success"}
    assert instrumented.named("other")


@pytest.mark.anyio
@pytest.mark.requirement("REC-TRACE", "LC-INSTRUMENT")
async def test_async_runs_of_one_graph_side_by_side(instrumented, agent):
    nested = nested_graph()

    await asyncio.gather(*(nested.ainvoke({}) for _ in range(12)))

    assert instrumented.trees == [NESTED_TREE] * 12
    assert [set(instrumented.tasks(plan).values()) for plan in instrumented.plans] == [{"completed"}] * 12
    by_trace = {span["trace_id"]: span["plan_id"] for span in instrumented.named("search")}
    assert len(set(by_trace.values())) == 12


def test_streaming_a_graph_sync_gives_the_same_tree(instrumented, agent):
    chunks = list(agent.stream(QUESTION, stream_mode="updates"))

    assert [list(chunk) for chunk in chunks] == [["think"], ["tools"], ["think"]]
    assert instrumented.trees == [AGENT_TREE]


@pytest.mark.anyio
async def test_streaming_a_graph_async_gives_the_same_tree(instrumented, agent):
    chunks = [chunk async for chunk in agent.astream(QUESTION, stream_mode="updates")]

    assert [list(chunk) for chunk in chunks] == [["think"], ["tools"], ["think"]]
    assert instrumented.trees == [AGENT_TREE]


def test_a_graph_left_in_the_middle_of_its_stream_is_closed(instrumented):
    stream = nested_graph().stream({}, stream_mode="updates")
    next(stream)
    stream.close()

    assert instrumented.span("author")["result"]["status"] == "cancelled"
    assert all("result" in span for span in instrumented.spans)


@pytest.mark.requirement("LC-ONCE")
def test_the_same_handler_in_the_list_and_in_the_hook_records_once(instrumented, agent):
    agent.invoke(QUESTION, with_handler())

    assert instrumented.trees == [AGENT_TREE]
    (plan,) = instrumented.plans
    assert instrumented.tasks(plan) == {"think": "completed", "tools": "completed"}


@pytest.mark.parametrize("way", ["instrument", "handler"])
def test_a_graph_inside_of_a_chain_has_its_plan_too(way, recorded, request):
    graph = nested_graph()
    chain = RunnableLambda(lambda word: {"word": word}) | graph
    if way == "instrument":
        request.getfixturevalue("instrumented")

    chain.invoke("x", with_handler(graph) if way == "handler" else None)

    assert recorded.trees == [("RunnableSequence", [("RunnableLambda", []), NESTED_TREE])]
    (plan,) = recorded.plans
    assert plan["name"] == "author"
    assert recorded.tasks(plan)["search"] == "completed"


def test_a_run_may_be_called_something_else_than_its_graph(recorded, agent):
    agent.invoke(QUESTION, with_handler(agent, run_name="nightly"))

    assert recorded.trees == [("nightly", AGENT_TREE[1])]
    assert recorded.span("nightly")["agent_id"] == ids.agent_id("calculator")
    assert {span["task_id"] for span in recorded.named("think")} <= {
        task["id"] for task in recorded.plans[0]["tasks"]
    }


def test_a_conditional_start_and_end_make_no_tasks(instrumented):
    graph = StateGraph(State)
    graph.add_node("only", nothing)
    graph.add_conditional_edges(START, lambda state: "only", ["only"])
    graph.add_conditional_edges("only", lambda state: END, [END])

    graph.compile().invoke({})

    assert instrumented.tasks(instrumented.plans[0]) == {"only": "completed"}


@tool
def write_todos(todos: list[dict[str, str]]) -> str:
    """Write down what to do."""
    return "noted"


@pytest.mark.requirement("LC-PLAN-TODOS", "REC-REPLAN")
def test_each_to_do_list_is_a_new_version_of_the_plan(instrumented, model):
    def listing(*todos: tuple[str, str]) -> AIMessage:
        items = [{"content": content, "status": status} for content, status in todos]
        return AIMessage("", tool_calls=[{"name": "write_todos", "args": {"todos": items}, "id": "c"}])

    replies = [
        listing(("look", "in_progress"), ("tell", "pending")),
        listing(("look", "completed"), ("tell", "in_progress"), ("sleep", "pending")),
        "Done",
    ]
    bound = model(*replies).bind_tools([write_todos])
    graph = StateGraph(MessagesState)
    graph.add_node("think", lambda state: {"messages": [bound.invoke(state["messages"])]})
    graph.add_node("tools", ToolNode([write_todos]))
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", tools_condition)
    graph.add_edge("tools", "think")

    graph.compile().invoke(QUESTION)

    assert [plan["version"] for plan in instrumented.plans] == ["1.0.0", "1.1.0", "1.2.0"]
    first, second, third = instrumented.plans
    assert first["status"] == second["status"] == "cancelled"
    assert instrumented.tasks(second)["tell"] == "cancelled"
    assert third["status"] == "completed"
    assert instrumented.tasks(third) == {
        "think": "completed",
        "tools": "completed",
        "look": "completed",
        "tell": "completed",
        "sleep": "pending",
    }


@pytest.mark.requirement("LC-CUSTOM-EVENTS")
def test_custom_events_are_notes_of_the_node_that_sends_them(instrumented):
    def tell(state: State) -> State:
        dispatch_custom_event("progress", {"done": 3})
        return {}

    graph = StateGraph(State)
    graph.add_node("tell", tell)
    graph.add_edge(START, "tell")
    graph.compile().invoke({})

    (note,) = instrumented.span("tell")["metadata"]["annotations"]
    assert (note["name"], note["data"]) == ("progress", {"done": 3})


def test_a_graph_without_a_name_inside_of_another_is_no_agent_of_its_own(instrumented):
    inner = StateGraph(State)
    inner.add_node("only", nothing)
    inner.add_edge(START, "only")
    outer = StateGraph(State)
    outer.add_node("part", inner.compile())
    outer.add_edge(START, "part")

    outer.compile(name="whole").invoke({})

    assert {span["agent_id"] for span in instrumented.spans} == {ids.agent_id("whole")}
    assert [role["name"] for role in instrumented.roles] == ["whole"]


@pytest.mark.filterwarnings("ignore:The v3 streaming protocol")
@pytest.mark.requirement("LC-FIRST-TOKEN-V3")
def test_streaming_events_of_version_3_tell_the_first_token(instrumented, model):
    bound = model("one two three")
    graph = StateGraph(MessagesState)
    graph.add_node("think", lambda state: {"messages": [bound.invoke(state["messages"])]})
    graph.add_edge(START, "think")

    stream = graph.compile().stream_events(QUESTION, version="v3")
    for _ in stream:
        pass

    assert instrumented.span("ScriptedModel")["result"]["metrics"]["time_to_first_token"] >= 0


def test_a_model_called_in_a_thread_of_its_own_is_attached_where_the_context_was_copied(instrumented, model):
    held = model("x")

    def fork(copied: bool) -> Callable[[State], State]:
        def node(state: State) -> State:
            run = contextvars.copy_context().run if copied else lambda call, *args: call(*args)
            worker = threading.Thread(target=run, args=(held.invoke, "?"))
            worker.start()
            worker.join()
            return {}

        return node

    graph = StateGraph(State)
    graph.add_node("copied", fork(copied=True))
    graph.add_node("bare", fork(copied=False))
    graph.add_edge(START, "copied")
    graph.add_edge("copied", "bare")
    graph.compile().invoke({})

    assert instrumented.trees == [
        ("LangGraph", [("copied", [("ScriptedModel", [])]), ("bare", [])]),
        ("ScriptedModel", []),
    ]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_a_node_that_was_stopped_did_not_complete_its_task(instrumented, stop):
    def work(state: dict[str, Any]) -> dict[str, Any]:
        raise stop

    graph: Any = StateGraph(dict)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    with pytest.raises(stop):
        graph.compile(name="worker").invoke({})

    (plan,) = instrumented.plans
    assert (plan["status"], instrumented.tasks(plan)) == ("cancelled", {"work": "cancelled"})


@pytest.mark.anyio
async def test_a_branch_that_is_cancelled_since_another_failed_did_not_complete_its_task(instrumented):
    started = asyncio.Event()

    async def wait(state: dict[str, Any]) -> dict[str, Any]:
        started.set()
        await asyncio.Event().wait()
        return {}

    async def fail(state: dict[str, Any]) -> dict[str, Any]:
        await started.wait()
        raise ValueError("no")

    graph: Any = StateGraph(dict)
    for node in (wait, fail):
        graph.add_node(node)
        graph.add_edge(START, node.__name__)
    with pytest.raises(ValueError, match="no"):
        await graph.compile(name="both").ainvoke({})

    (plan,) = instrumented.plans
    assert plan["status"] == "failed"
    assert instrumented.tasks(plan) == {"wait": "cancelled", "fail": "failed"}
