"""A LangGraph agent that answers a question from the documents in `docs/`. Used by `demo.py`.

Its model is scripted, so it needs no key and no network. Its work is real: the tools search those files,
calculate, and write a report once somebody has approved it.

    research ──▶ draft ──▶ publish
    └ model ⇄ tools        └ asks a person first
"""

from __future__ import annotations

import ast
import operator
import re
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.types import interrupt

QUESTION = "How many full ingest bodies fit into the spool's default budget?"
DOCS = Path(__file__).parent.parent / "docs"
REPORTS = Path(".mplp") / "reports"

_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@tool
def search_docs(words: str) -> str:
    """Lines of the project's documents that hold all the given words."""
    wanted = words.lower().split()
    hits = [
        f"{path.name}:{number}: {line.strip()}"
        for path in sorted(DOCS.glob("*.md"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if all(word in line.lower() for word in wanted)
    ]
    return "\n".join(hits) or "nothing found"


@tool
def calculate(expression: str) -> float:
    """The value of an expression of numbers, + - * / and parentheses."""
    return _value(ast.parse(expression, mode="eval").body)


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left), _value(node.right))
    raise ValueError(f"only numbers and + - * / are allowed, not {ast.unparse(node)!r}")


@tool
def write_report(name: str, text: str) -> str:
    """Write a report, once a reviewer has approved it."""
    path = REPORTS / f"{re.sub(r'[^a-z0-9-]', '-', name.lower())}.md"
    answer = interrupt({"action": "write_report", "file": path.name, "text": text})
    if answer["decision"] != "approved":
        return f"not written: {answer['reason']}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return f"wrote {path.name}, {len(text)} characters"


class ScriptedModel(BaseChatModel):
    """Stands in for a language model: the next step follows from the messages so far, by rules."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        reply = _next_message(
            [str(message.content) for message in messages if isinstance(message, ToolMessage)]
        )
        read, written = (sum(len(str(m.content).split()) for m in part) for part in (messages, [reply]))
        reply.usage_metadata = {
            "input_tokens": read,
            "output_tokens": written,
            "total_tokens": read + written,
        }
        return ChatResult(generations=[ChatGeneration(message=reply)])


def _next_message(results: Sequence[str]) -> AIMessage:
    """What the script says after the tools have answered `results`."""
    if not results:
        return _call("search_docs", words="one ingest body MiB")
    if len(results) == 1:
        return _call("search_docs", words="spool budget MiB")
    body, budget = (_mebibytes(result) for result in results[:2])
    if len(results) == 2:
        return _call("calculate", expression=f"{budget} / {body}")
    return AIMessage(
        f"{float(results[2]):g} full ingest bodies of {body} MiB fit into the spool's budget of {budget} MiB."
    )


def _call(tool_name: str, **arguments: str) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": tool_name, "args": arguments, "id": f"call-{uuid.uuid4()}"}])


def _mebibytes(text: str) -> int:
    found = re.search(r"(\d+) MiB", text)
    if found is None:
        raise ValueError(f"no size in {text!r}")
    return int(found[1])


def build_agent() -> Any:
    """The agent, compiled, with a checkpointer so that it can wait for an approval."""
    model = ScriptedModel()

    def think(state: MessagesState) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"])]}

    def draft(state: MessagesState) -> dict[str, Any]:
        report = f"# {QUESTION}\n\n{state['messages'][-1].content}\n"
        return {"messages": [_call("write_report", name="spool-budget", text=report)]}

    research = StateGraph(MessagesState)
    research.add_node("model", think)
    research.add_node("tools", ToolNode([search_docs, calculate]))
    research.add_edge(START, "model")
    research.add_conditional_edges("model", tools_condition)
    research.add_edge("tools", "model")

    graph = StateGraph(MessagesState)
    graph.add_node("research", research.compile(name="research"))
    graph.add_node("draft", draft)
    graph.add_node("publish", ToolNode([write_report]))
    graph.add_edge(START, "research")
    graph.add_edge("research", "draft")
    graph.add_edge("draft", "publish")
    graph.add_edge("publish", END)
    return graph.compile(checkpointer=InMemorySaver(), name="document_agent")


def ask(question: str) -> dict[str, Any]:
    """The agent's input for a question."""
    return {"messages": [HumanMessage(question)]}
