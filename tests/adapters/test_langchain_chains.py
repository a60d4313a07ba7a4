"""LangChain runs without a graph: every kind of step, every way to run them, and what each span says."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from langchain_core.callbacks import (
    BaseCallbackHandler,
    CallbackManagerForLLMRun,
    CallbackManagerForRetrieverRun,
    dispatch_custom_event,
)
from langchain_core.documents import Document
from langchain_core.language_models import BaseLLM
from langchain_core.language_models.fake import FakeListLLM
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import JsonOutputParser, StrOutputParser
from langchain_core.outputs import Generation, LLMResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import ToolException, tool
from tenacity import RetryCallState, Retrying

from mplp_adapters.langchain import MPLPCallbackHandler
from mplp_sdk.protocol import ids

PROMPT = ChatPromptTemplate.from_template("tell me about {topic}")
USAGE: Any = {
    "input_tokens": 11,
    "output_tokens": 4,
    "total_tokens": 15,
    "input_token_details": {"cache_read": 8},
    "output_token_details": {"reasoning": 3},
}
CHAIN_TREE = (
    "RunnableSequence",
    [("ChatPromptTemplate", []), ("ScriptedModel", []), ("StrOutputParser", [])],
)


def config(**more: Any) -> Any:
    return {"callbacks": [MPLPCallbackHandler()], **more}


@tool
def divide(a: int, b: int) -> float:
    """Divide a by b."""
    return a / b


@pytest.mark.requirement("LC-HANDLER", "REC-TRACE", "REC-ACTION-TYPES", "REC-ACTION-NAME", "REC-INPUT-OUTPUT")
def test_a_chain_is_a_tree_of_its_steps(recorded, model):
    chain = PROMPT | model("Paris") | StrOutputParser()

    assert chain.invoke({"topic": "France"}, config()) == "Paris"

    assert recorded.trees == [CHAIN_TREE]
    kinds = {span["action"]["name"]: span["action"]["type"] for span in recorded.spans}
    assert kinds == {
        "RunnableSequence": "invoke",
        "ChatPromptTemplate": "execute",
        "ScriptedModel": "invoke",
        "StrOutputParser": "validate",
    }
    root = recorded.span("RunnableSequence")
    assert root["action"]["parameters"] == {"topic": "France"}
    assert root["result"] == {"status": "success", "output": {"value": "Paris"}}
    assert all(span["result"]["status"] == "success" and span["timestamp"]["end"] for span in recorded.spans)


@pytest.mark.requirement("LC-CHAT-MESSAGES", "LC-USAGE", "REC-METRICS")
def test_a_chat_model_shows_messages_with_roles_and_what_it_used(recorded, model):
    answer = AIMessage("Paris", usage_metadata=USAGE, response_metadata={"model_name": "geo-1"})

    model(answer).invoke([("system", "Be short."), ("user", "Capital?")], config())

    span = recorded.span("ScriptedModel")
    assert span["action"]["parameters"]["messages"] == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Capital?"},
    ]
    assert span["result"]["output"] == {"role": "assistant", "content": "Paris"}
    assert span["result"]["metrics"] == {
        "input_tokens": 11,
        "output_tokens": 4,
        "total_tokens": 15,
        "cached_tokens": 8,
        "reasoning_tokens": 3,
        "model": "geo-1",
    }


class PricedModel(BaseLLM):
    """A plain-text model whose provider tells the price, and that is busy at first."""

    @property
    def _llm_type(self) -> str:
        return "priced"

    def _generate(
        self,
        prompts: list[str],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> LLMResult:
        if run_manager is not None:
            run_manager.on_retry(_busy())
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "cost": 0.25}
        output = {"token_usage": usage, "model_name": "priced-1"}
        return LLMResult(generations=[[Generation(text="Paris")] for _ in prompts], llm_output=output)


def _busy() -> RetryCallState:
    state = RetryCallState(Retrying(), None, (), {})
    try:
        raise ConnectionError("busy")
    except ConnectionError:
        state.set_exception(sys.exc_info())  # type: ignore[arg-type]  # an exception is being handled
    return state


@pytest.mark.requirement("LC-USAGE", "REC-METRICS-COST")
def test_a_provider_s_own_counts_and_price_are_used_where_there_is_no_other(recorded):
    PricedModel().invoke("Capital?", config())

    metrics = recorded.span("PricedModel")["result"]["metrics"]
    assert metrics == {
        "input_tokens": 3,
        "output_tokens": 2,
        "total_tokens": 5,
        "cost": 0.25,
        "model": "priced-1",
    }


@pytest.mark.requirement("LC-CUSTOM-EVENTS")
def test_retries_are_notes_of_the_step_that_retries(recorded):
    PricedModel().invoke("Capital?", config())

    (note,) = recorded.span("PricedModel")["metadata"]["annotations"]
    assert note["name"] == "retry"
    assert note["data"] == {"attempt": 1, "error": "ConnectionError: busy"}


class Outsider(BaseCallbackHandler):
    """Somebody else's handler, that does not run inline."""


@pytest.mark.anyio
@pytest.mark.requirement("LC-PLAIN-TEXT-ASYNC")
async def test_async_plain_text_models_keep_their_start_beside_other_handlers(recorded):
    settings: Any = {"callbacks": [Outsider(), MPLPCallbackHandler()]}

    await asyncio.gather(*(PricedModel().ainvoke(f"Capital {number}?", settings) for number in range(8)))

    spans = recorded.named("PricedModel")
    assert sorted(span["action"]["parameters"]["prompt"] for span in spans) == [
        f"Capital {number}?" for number in range(8)
    ]


@pytest.mark.requirement("REC-METRICS")
def test_unknown_usage_is_absent(recorded, model):
    model("Paris").invoke("Capital?", config())

    metrics = recorded.span("ScriptedModel")["result"].get("metrics", {})
    assert not [name for name in metrics if name.endswith("tokens")]


def test_a_plain_text_model_shows_its_prompt(recorded):
    FakeListLLM(responses=["Paris"]).invoke("Capital?", config())

    span = recorded.span("FakeListLLM")
    assert span["action"]["parameters"]["prompt"] == "Capital?"
    assert span["result"]["output"] == {"text": "Paris"}


class Library(BaseRetriever):
    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [Document("Paris is large", metadata={"page": 7})]


def test_a_retriever_shows_query_and_documents(recorded):
    Library().invoke("cities", config())

    span = recorded.span("Library")
    assert span["action"]["type"] == "invoke"
    assert span["action"]["parameters"] == {"query": "cities"}
    assert span["result"]["output"]["documents"] == [
        {"page_content": "Paris is large", "metadata": {"page": 7}}
    ]


@pytest.mark.requirement("LC-TOOL-CALL-ID")
def test_a_tool_shows_arguments_result_and_call_id(recorded):
    call = {"type": "tool_call", "name": "divide", "args": {"a": 6, "b": 3}, "id": "call-1"}

    divide.invoke(call, config())

    span = recorded.span("divide")
    assert span["action"]["type"] == "execute"
    assert span["action"]["parameters"] == {"a": 6, "b": 3}
    assert span["result"]["output"]["content"] == "2.0"
    assert span["metadata"]["tags"]["langchain.tool_call_id"] == "call-1"


@pytest.mark.requirement("REC-ERROR")
def test_an_error_is_recorded_where_it_happened_and_goes_on(recorded):
    chain = RunnableLambda(lambda number: {"a": number, "b": 0}) | divide

    with pytest.raises(ZeroDivisionError):
        chain.invoke(1, config())

    for name in ("divide", "RunnableSequence"):
        result = recorded.span(name)["result"]
        assert result["status"] == "failure"
        assert result["error"]["type"] == "ZeroDivisionError"
        assert "division by zero" in result["error"]["message"]
        assert "return a / b" in result["error"]["stack"]
    assert recorded.span("RunnableLambda")["result"]["status"] == "success"


def test_a_model_that_fails_and_a_parser_that_cannot_read(recorded, model):
    broken = RunnableLambda(lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        (broken | model("x")).invoke("x", config())
    with pytest.raises(ValueError, match="Invalid json"):
        (model("no json") | JsonOutputParser()).invoke("x", config())

    assert recorded.span("JsonOutputParser")["result"]["status"] == "failure"
    assert recorded.span("JsonOutputParser")["action"]["type"] == "validate"


def test_a_tool_that_answers_with_an_error_failed_though_it_did_not_raise(recorded):
    @tool
    def careful() -> str:
        """Refuses."""
        raise ToolException("not today")

    careful.handle_tool_error = True
    careful.invoke({"type": "tool_call", "name": "careful", "args": {}, "id": "1"}, config())

    result = recorded.span("careful")["result"]
    assert result["status"] == "failure"
    assert result["error"]["message"] == "not today"


@pytest.mark.requirement("LC-PARENTS")
def test_parallel_branches_hang_below_the_step_that_forks(recorded, model):
    chain = RunnableParallel(
        short=PROMPT | model("a"),
        long=PROMPT | model("b") | StrOutputParser(),
        same=RunnableLambda(lambda x: x),
    )

    chain.invoke({"topic": "x"}, config())

    ((name, branches),) = recorded.trees
    assert name == "RunnableParallel<short,long,same>"
    assert sorted((name, len(below)) for name, below in branches) == [
        ("RunnableLambda", 0),
        ("RunnableSequence", 2),
        ("RunnableSequence", 3),
    ]


def _run_many(chain: Any, count: int, settings: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: chain.invoke({"topic": f"t{number}"}, settings), range(count)))


@pytest.mark.requirement("REC-TRACE")
def test_concurrent_threads_are_never_mixed_up(recorded, model):
    _run_many(PROMPT | model("x") | StrOutputParser(), 24, config())

    assert recorded.trees == [CHAIN_TREE] * 24
    _assert_topics_stay_together(recorded, 24)


def _assert_topics_stay_together(recorded: Any, count: int) -> None:
    """Each trace's prompt was made from its own root's input."""
    topics = {
        span["trace_id"]: span["action"]["parameters"]["topic"] for span in recorded.named("RunnableSequence")
    }
    asked = {
        span["trace_id"]: span["action"]["parameters"]["messages"][0]["content"]
        for span in recorded.named("ScriptedModel")
    }
    assert len(topics) == count
    assert asked == {trace: f"tell me about {topic}" for trace, topic in topics.items()}


def test_batch_gives_a_trace_an_input(recorded, model):
    chain = PROMPT | model("x") | StrOutputParser()

    chain.batch([{"topic": f"t{number}"} for number in range(10)], config())

    assert recorded.trees == [CHAIN_TREE] * 10
    _assert_topics_stay_together(recorded, 10)


@pytest.mark.anyio
@pytest.mark.requirement("LC-HANDLER")
async def test_async_runs_and_abatch_are_never_mixed_up(recorded, model):
    chain = PROMPT | model("x") | StrOutputParser()
    handler = config()

    await asyncio.gather(*(chain.ainvoke({"topic": f"t{number}"}, handler) for number in range(16)))
    await chain.abatch([{"topic": f"u{number}"} for number in range(8)], handler)

    assert recorded.trees == [CHAIN_TREE] * 24
    _assert_topics_stay_together(recorded, 24)


@pytest.mark.requirement("LC-FIRST-TOKEN", "LC-USAGE-STREAM")
def test_a_stream_is_one_span_with_its_first_token(recorded, model):
    answer = AIMessage("one two three", usage_metadata=USAGE)
    chain = PROMPT | model(answer) | StrOutputParser()

    assert "".join(chain.stream({"topic": "x"}, config())) == "onetwothree"

    assert recorded.trees == [CHAIN_TREE]
    metrics = recorded.span("ScriptedModel")["result"]["metrics"]
    assert metrics["time_to_first_token"] >= 0
    assert metrics["total_tokens"] == 15
    root = recorded.span("RunnableSequence")
    assert root["action"]["parameters"] == {"topic": "x"}
    assert root["result"]["output"] == {"value": "onetwothree"}
    assert len([record for record in recorded.records if record["kind"] == "trace"]) == 2 * 4


@pytest.mark.anyio
@pytest.mark.requirement("LC-FIRST-TOKEN")
async def test_an_async_stream_is_recorded_the_same(recorded, model):
    chain = PROMPT | model("one two") | StrOutputParser()

    chunks = [chunk async for chunk in chain.astream({"topic": "x"}, config())]
    assert "".join(chunks) == "onetwo"

    assert recorded.trees == [CHAIN_TREE]
    assert recorded.span("ScriptedModel")["result"]["metrics"]["time_to_first_token"] >= 0
    assert recorded.span("RunnableSequence")["action"]["parameters"] == {"topic": "x"}


@pytest.mark.requirement("LC-END-MISSING")
def test_a_stream_that_its_reader_leaves_is_cancelled_and_no_error(recorded, model):
    chain = PROMPT | model("one two three") | StrOutputParser()

    for _ in chain.stream({"topic": "x"}, config()):
        break
    for _ in model("one two three").with_config(run_name="alone").stream("?", config()):
        break

    for name in ("RunnableSequence", "ScriptedModel", "alone"):
        assert [span["result"]["status"] for span in recorded.named(name)] == ["cancelled"]
    assert recorded.span("RunnableSequence")["action"]["parameters"] == {"topic": "x"}
    assert recorded.span("ScriptedModel")["metadata"]["tags"]["mplp.unfinished"] is True
    assert not [span for span in recorded.spans if "error" in span["result"]]


@pytest.mark.anyio
@pytest.mark.requirement("LC-END-CANCELLED")
async def test_a_cancelled_run_is_cancelled_and_no_error(recorded):
    started = asyncio.Event()

    async def wait_for_ever(_: Any) -> None:
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(RunnableLambda(wait_for_ever).ainvoke(1, config()))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert [span["result"]["status"] for span in recorded.spans] == ["cancelled"]
    assert "error" not in recorded.spans[0]["result"]


@pytest.mark.requirement("LC-SNAPSHOT")
def test_what_a_step_changes_later_does_not_change_what_was_recorded(recorded):
    def add_to_it(state: dict[str, list[int]]) -> dict[str, list[int]]:
        state["seen"].append(2)
        return state

    RunnableLambda(add_to_it).invoke({"seen": [1]}, config())

    span = recorded.span("add_to_it")
    assert span["action"]["parameters"] == {"seen": [1]}
    assert span["result"]["output"] == {"seen": [1, 2]}


@pytest.mark.requirement("LC-ONCE")
def test_a_handler_given_twice_records_once(recorded, model):
    def step(topic: Any) -> Any:
        dispatch_custom_event("found", {"n": 1})
        return topic

    handler = MPLPCallbackHandler()
    chain = RunnableLambda(step) | PROMPT | model("x") | StrOutputParser()

    chain.invoke({"topic": "x"}, {"callbacks": [handler, handler]})
    chain.invoke({"topic": "x"}, {"callbacks": [handler, MPLPCallbackHandler()]})

    tree = ("RunnableSequence", [("step", []), *CHAIN_TREE[1]])
    assert recorded.trees == [tree, tree]
    for span in recorded.named("step"):
        (note,) = span["metadata"]["annotations"]
        assert note["name"] == "found"


@pytest.mark.requirement("LC-RUN-IDS", "LC-METADATA", "REC-TAGS")
def test_the_framework_s_ids_tags_and_metadata_are_prefixed_tags(recorded, model):
    mine = UUID("00000000-0000-1000-8000-000000000001")

    model("x").invoke(
        "?", config(run_id=mine, tags=["nightly"], metadata={"team": "geo", "session_id": "s-1"})
    )

    span = recorded.span("ScriptedModel")
    tags = span["metadata"]["tags"]
    assert tags["langchain.run_id"] == str(mine)
    assert str(mine) not in (span["id"], span["span_id"], span["trace_id"])
    assert tags["langchain.tags"] == ["nightly"]
    assert tags["langchain.metadata.team"] == "geo"
    assert tags["langchain.provider"] == "scriptedmodel"


@pytest.mark.requirement("LC-RUN-ID-REUSED")
def test_a_run_id_used_again_gives_another_span(recorded, model):
    chain = PROMPT | model("x") | StrOutputParser()
    mine = uuid4()

    for _ in range(2):
        chain.invoke({"topic": "x"}, config(run_id=mine))

    assert recorded.trees == [CHAIN_TREE] * 2
    assert len({span["id"] for span in recorded.spans}) == 8


def test_a_run_id_used_for_a_step_inside_its_own_run(recorded):
    mine = uuid4()
    inner = RunnableLambda(lambda x: x + 1).with_config(run_name="inner")
    outer = RunnableLambda(lambda x, config: inner.invoke(x, {**config, "run_id": mine})).with_config(
        run_name="outer"
    )

    assert outer.invoke(1, config(run_id=mine)) == 2

    assert recorded.trees == [("outer", [("inner", [])])]


@pytest.mark.requirement("REC-CONTEXT-KEY", "REC-CONTEXT-PER-RUN", "REC-CONTEXT-GOALS")
def test_runs_of_one_session_share_a_context_and_others_do_not(recorded, model):
    chain = PROMPT | model("x")
    for session in ("a", "b", "a", None, None):
        metadata = {"session_id": session} if session else {}
        chain.invoke({"topic": "x"}, config(metadata=metadata))
    model("x").invoke("What is the capital?", config(metadata={"session_id": "a"}))

    roots = [span for span in recorded.spans if span.get("parent_span_id") is None]
    contexts = [span["context_id"] for span in roots]
    assert len(set(contexts)) == 4
    assert contexts[0] == contexts[2] == contexts[5] == ids.context_id("default", "a")
    (context,) = (context for context in recorded.contexts if context["id"] == contexts[0])
    assert [goal["description"] for goal in context["shared_state"]["goals"]] == ["What is the capital?"]


@pytest.mark.requirement("REC-AGENT-NEAREST")
def test_without_an_agent_the_root_s_name_is_the_agent(recorded, model):
    (PROMPT | model("x")).with_config(run_name="guide").invoke({"topic": "x"}, config())

    assert {span["agent_id"] for span in recorded.spans} == {ids.agent_id("guide")}


class Unwilling(BaseCallbackHandler):
    """Somebody else's handler beside ours."""

    def on_chain_start(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("no")


def test_a_failing_neighbour_does_not_disturb_us(recorded):
    RunnableLambda(lambda x: x).invoke(1, {"callbacks": [Unwilling(), MPLPCallbackHandler()]})

    assert recorded.trees == [("RunnableLambda", [])]
