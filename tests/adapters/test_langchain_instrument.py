"""Turning recording on and off for the whole process, and what must be the same with and without it."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.fake import FakeListLLM
from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_core.tracers import context as hooks
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.pregel import Pregel
from langgraph.pregel import main as pregel
from langgraph.types import Command, interrupt

from mplp_adapters.langchain import MPLPCallbackHandler, instrument, uninstrument

QUESTION: Any = {"messages": [("user", "Send it")]}


@tool
def send(to: str) -> str:
    """Send a letter."""
    return f"sent to {to}: {interrupt('May I send it?')}"


@tool
def lose(to: str) -> str:
    """Lose a letter."""
    raise ConnectionError("lost")


def build_agent(model: Any, *, tool_name: str = "send") -> Any:
    call = AIMessage("", id="m1", tool_calls=[{"name": tool_name, "args": {"to": "Ann"}, "id": "call-1"}])
    bound = model(call, AIMessage("It is done", id="m2")).bind_tools([send, lose])
    graph = StateGraph(MessagesState)
    graph.add_node("think", lambda state: {"messages": [bound.invoke(state["messages"])]})
    graph.add_node("tools", ToolNode([send, lose], handle_tool_errors=False))
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", tools_condition)
    graph.add_edge("tools", "think")
    return graph.compile(checkpointer=InMemorySaver(), name="postman")


def _attributes() -> list[Any]:
    lifecycle = [value for name, value in sorted(vars(pregel).items()) if name.startswith("get_")]
    return [Pregel.__dict__["stream"], Pregel.__dict__["astream"], *lifecycle, list(hooks._configure_hooks)]


@pytest.mark.requirement("LC-INSTRUMENT")
def test_uninstrument_restores_everything(recorded):
    before = _attributes()

    assert instrument() is instrument()
    assert _attributes() != before
    uninstrument()
    uninstrument()

    assert _attributes() == before
    RunnableLambda(lambda x: x).invoke(1)
    assert recorded.spans == []


def test_a_wrapper_that_came_after_ours_survives(recorded, monkeypatch):
    instrument()
    ours = Pregel.stream

    def theirs(self: Any, *args: Any, **kwargs: Any) -> Any:
        return ours(self, *args, **kwargs)

    monkeypatch.setattr(Pregel, "stream", theirs)

    uninstrument()

    assert Pregel.__dict__["stream"] is theirs
    graph = StateGraph(MessagesState)
    graph.add_node("only", lambda state: {})
    graph.add_edge(START, "only")
    graph.compile().invoke(QUESTION)
    assert recorded.spans == []


@pytest.mark.requirement("LC-INSTRUMENT-THREADS")
def test_a_thread_that_starts_later_is_recorded(instrumented):
    thread = threading.Thread(target=lambda: RunnableLambda(lambda x: x).invoke(1))
    thread.start()
    thread.join()

    assert instrumented.trees == [("RunnableLambda", [])]


@pytest.mark.parametrize("how", ["instrument", "list"])
def test_results_chunks_and_state_are_the_same_with_and_without(how, recorded, model, request):
    settings: Any = {"configurable": {"thread_id": "t"}}
    without = _comparable(build_agent(model), dict(settings))

    if how == "instrument":
        request.getfixturevalue("instrumented")
    else:
        settings["callbacks"] = [MPLPCallbackHandler()]

    assert _comparable(build_agent(model), settings) == without
    assert recorded.spans


def _comparable(agent: Any, settings: Any) -> list[Any]:
    first = agent.invoke(QUESTION, settings)
    asked = [one.value for one in first["__interrupt__"]]
    modes = ["updates", "values", "custom", "messages"]
    chunks = list(agent.stream(Command(resume="yes"), settings, stream_mode=modes))
    state = agent.get_state(settings)
    return [
        _messages(first["messages"]),
        asked,
        [_chunk(mode, chunk) for mode, chunk in chunks],
        _messages(state.values["messages"]),
        state.next,
        {key: value for key, value in state.metadata.items() if "id" not in key},
    ]


def _chunk(mode: str, chunk: Any) -> Any:
    if mode == "messages":
        message, metadata = chunk
        return mode, message.text, sorted(metadata)
    parts = [part for part in chunk.values() if isinstance(part, dict)]
    return mode, list(chunk), [_messages(part.get("messages", [])) for part in parts]


def _messages(messages: list[Any]) -> list[tuple[str, str]]:
    return [(message.type, message.text) for message in messages]


@pytest.mark.parametrize("how", ["instrument", "list"])
def test_errors_are_the_same_with_and_without(how, recorded, model, request):
    if how == "instrument":
        request.getfixturevalue("instrumented")
    settings: Any = {"configurable": {"thread_id": "t"}}
    if how == "list":
        settings["callbacks"] = [MPLPCallbackHandler()]

    with pytest.raises(ConnectionError, match="lost") as caught:
        build_agent(model, tool_name="lose").invoke(QUESTION, settings)

    assert str(caught.value) == "lost"
    assert caught.value.__cause__ is None
    assert recorded.span("lose")["result"]["error"]["type"] == "ConnectionError"


@pytest.mark.requirement("LC-DEEPCOPY")
def test_a_copied_handler_is_the_same_handler(recorded):
    handler = MPLPCallbackHandler()
    held = FakeListLLM(responses=["x"], callbacks=[handler])

    assert copy.deepcopy(handler) is copy.copy(handler) is handler
    copied = copy.deepcopy(held)
    copied.invoke("?")

    assert recorded.trees == [("FakeListLLM", [])]


@pytest.mark.requirement("LC-PICKLE", "LC-SHARED-RECORDER")
def test_an_unpickled_handler_records_to_this_process_s_recorder(recorded, model):
    handler = pickle.loads(pickle.dumps(MPLPCallbackHandler(recorder=recorded.recorder)))  # noqa: S301  # our own

    RunnableLambda(lambda x: x).invoke(1, {"callbacks": [handler]})

    assert recorded.trees == [("RunnableLambda", [])]


@pytest.mark.requirement("LC-SHARED-RECORDER")
def test_a_step_begun_by_one_handler_may_be_ended_by_another(recorded):
    held = FakeListLLM(responses=["x"], callbacks=[MPLPCallbackHandler()])
    outer = RunnableLambda(held.invoke).with_config(run_name="outer")

    outer.invoke("?", {"callbacks": [MPLPCallbackHandler()]})

    assert recorded.trees == [("outer", [("FakeListLLM", [])])]


class Hostile:
    """Raises whenever somebody looks at it."""

    def __getattr__(self, name: str) -> Any:
        raise GeneratorExit("do not look")

    def __repr__(self) -> str:
        raise GeneratorExit("do not look")


class Unbound:
    """As a proxy to something that is not there, such as the request outside of a request."""

    @property
    def __class__(self) -> Any:
        raise RuntimeError("working outside of a request")


class Unstrippable(str):
    def strip(self, *args: Any) -> Any:
        raise RuntimeError("no")


class Impossible(dict[str, Any]):
    def items(self) -> Any:
        raise GeneratorExit("no items")

    def get(self, *args: Any) -> Any:
        raise GeneratorExit("no members")


@pytest.mark.requirement("LC-NEVER-RAISES")
def test_values_that_raise_when_looked_at_do_not_reach_the_run(recorded):
    settings: Any = {"callbacks": [MPLPCallbackHandler()]}
    circular: dict[str, Any] = {}
    circular["self"] = circular
    deep: Any = []
    for _ in range(2000):
        deep = [deep]

    for odd in (Hostile(), Unstrippable("x"), Impossible(), circular, deep, object()):
        assert RunnableLambda(lambda x: x).with_config(run_name="odd").invoke(odd, settings) is odd
    RunnableLambda(lambda x: x).with_config(run_name="later").invoke(1, settings)

    assert len(recorded.named("odd")) == 6
    assert all(span["result"]["status"] == "success" for span in recorded.spans)


@pytest.mark.requirement("LC-NEVER-RAISES")
def test_a_proxy_is_not_woken_up(recorded, caplog):
    steps = RunnableLambda(lambda _: "done", name="first") | RunnableLambda(lambda x: x, name="second")

    assert steps.invoke(Unbound(), {"callbacks": [MPLPCallbackHandler()]}) == "done"

    assert recorded.trees == [("RunnableSequence", [("first", []), ("second", [])])]
    assert not caplog.records


@pytest.mark.requirement("LC-NEVER-RAISES")
def test_a_closed_recorder_does_not_reach_the_run(recorded):
    recorded.recorder.close()

    assert RunnableLambda(lambda x: x + 1).invoke(1, {"callbacks": [MPLPCallbackHandler()]}) == 2


PROGRAM = """
from langchain_core.runnables import RunnableLambda

print(RunnableLambda(lambda x: x + 1).invoke(1))
"""


def _run(
    arguments: list[str], home: Path, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, "MPLP_HOME": str(home), **environment}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, env=settings, cwd=cwd, capture_output=True, text=True, timeout=60, check=True
    )


def _names(records: list[Any]) -> set[str]:
    return {record["object"]["action"]["name"] for record in records if record["kind"] == "trace"}


@pytest.mark.requirement("LC-INSTRUMENT-ENV")
@pytest.mark.parametrize("tracing", ["1", "0"])
def test_the_environment_turns_it_on_where_the_adapter_is_imported(tmp_path, tracing, read_home):
    program = tmp_path / "app.py"
    program.write_text("import mplp_adapters.langchain" + PROGRAM)

    done = _run([str(program)], tmp_path / "home", MPLP_TRACING=tracing)

    assert done.stdout == "2\n"
    assert _names(read_home(tmp_path / "home")) == ({"RunnableLambda"} if tracing == "1" else set())


@pytest.mark.requirement("LC-INSTRUMENT-ENV")
def test_a_program_that_imports_nothing_of_ours_is_recorded(tmp_path, read_home):
    program = tmp_path / "app.py"
    program.write_text(f"import sys{PROGRAM}print(__name__, sys.argv[1:])")

    done = _run(["-m", "mplp_adapters.langchain", str(program), "--flag"], tmp_path / "home")

    assert done.stdout == "2\n__main__ ['--flag']\n"
    assert _names(read_home(tmp_path / "home")) == {"RunnableLambda"}


@pytest.mark.parametrize("options", [[], ["-P"]])
def test_a_program_sees_the_same_of_itself_with_and_without(tmp_path, options):
    (tmp_path / "elsewhere").mkdir()
    program = tmp_path / "elsewhere" / "app.py"
    program.write_text("import sys; print(__file__, __name__, sys.argv[1:], sys.path)")
    relative = [os.path.relpath(program, tmp_path), "--flag"]

    bare = _run([*options, *relative], tmp_path / "home", cwd=tmp_path)
    recorded = _run([*options, "-m", "mplp_adapters.langchain", *relative], tmp_path / "home", cwd=tmp_path)

    assert recorded.stdout == bare.stdout


FORKS = """
import multiprocessing
from langchain_core.runnables import RunnableLambda
from mplp_adapters.langchain import instrument

def step(number):
    below = RunnableLambda(abs, name="below")
    child = multiprocessing.get_context("fork").Process(target=below.invoke, args=(1,))
    child.start()
    child.join()
    return child.exitcode

instrument()
print(RunnableLambda(step, name="above").invoke(1))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_records_runs_of_its_own(tmp_path, read_home):
    assert _run(["-c", FORKS], tmp_path / "home").stdout == "0\n"

    spans = [record["object"] for record in read_home(tmp_path / "home") if record["kind"] == "trace"]
    ended = {span["action"]["name"]: span for span in spans if "result" in span}
    assert set(ended) == {"above", "below"}
    assert ended["above"]["trace_id"] != ended["below"]["trace_id"]


def test_the_quickstart_runs_as_it_stands(tmp_path, read_home):
    quickstart = Path(__file__).parents[2] / "examples" / "quickstart.py"

    done = _run([str(quickstart)], tmp_path / "home")

    records = read_home(tmp_path / "home")
    assert "90 euros" in done.stdout
    assert f"recorded: {len(records)} records" in done.stdout
    assert {record["kind"] for record in records} == {"context", "plan", "role", "trace"}
    assert {"ticket-agent", "think", "tools", "multiply"} <= _names(records)


def test_without_the_extra_the_import_says_what_to_install(tmp_path):
    program = "import sys; sys.modules['langchain_core'] = None; import mplp_adapters.langchain"

    failed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)

    assert failed.returncode == 1
    assert 'pip install "mplp-agent-sdk[langchain]"' in failed.stderr


def test_chains_in_prompts_are_untouched(recorded, model):
    chain = ChatPromptTemplate.from_template("{x}") | model("y")
    assert chain.invoke({"x": 1}, {"callbacks": [MPLPCallbackHandler()]}).text == chain.invoke({"x": 1}).text
