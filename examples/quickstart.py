"""Record a LangChain agent: two lines, and nothing else changes.

    python examples/quickstart.py

The agent's model follows a script, so this needs no key and no network. Records are kept in `.mplp` (see
`MPLP_HOME`); with `MPLP_BASE_URL` they are sent to an MPLP server as well.
"""

from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from mplp_adapters.langchain import instrument  # 1
from mplp_sdk.recording import get_recorder

instrument()  # 2: from here on every run of this process is recorded


@tool
def multiply(a: float, b: float) -> float:
    """Multiply two numbers."""
    return a * b


class ScriptedModel(GenericFakeChatModel):
    """Stands in for a real chat model."""

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self


call = {"name": "multiply", "args": {"a": 12, "b": 7.5}, "id": "call-1"}
answers = [AIMessage("", tool_calls=[call]), AIMessage("Twelve tickets cost 90 euros.")]
model = ScriptedModel(messages=iter(answers)).bind_tools([multiply])


def think(state: MessagesState) -> dict[str, Any]:
    """Ask the model for the next step."""
    return {"messages": [model.invoke(state["messages"])]}


graph = StateGraph(MessagesState)
graph.add_node("think", think)
graph.add_node("tools", ToolNode([multiply]))
graph.add_edge(START, "think")
graph.add_conditional_edges("think", tools_condition)
graph.add_edge("tools", "think")
agent = graph.compile(name="ticket-agent")

if __name__ == "__main__":
    question: Any = {"messages": [("user", "What do 12 tickets at 7.50 cost?")]}
    result = agent.invoke(question, {"configurable": {"thread_id": "tickets"}})
    print(result["messages"][-1].text)

    recorder = get_recorder()
    recorder.flush()
    print(f"recorded: {recorder.stats().recorded} records")
