"""One start event in the protocol's words: what kind of step it is, what it is called, how it is tagged.

Used by the handler, which gets the same facts from LangChain in six spellings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

__all__ = ["ActionType", "Kind", "Step", "name_of", "thread_key"]

Kind = Literal["chain", "model", "tool", "retriever"]
ActionType = Literal["execute", "invoke", "validate", "complete"]

_TYPES: Mapping[Kind, ActionType] = {
    "chain": "execute",
    "model": "invoke",
    "retriever": "invoke",
    "tool": "execute",
}
_UNNAMED_GRAPH = "LangGraph"
_THREAD_KEYS = ("thread_id", "session_id", "conversation_id")
# langchain's agents run middleware as nodes of these names: they guard, edit or approve.
_GUARD_SUFFIXES = (".before_agent", ".before_model", ".after_model", ".after_agent")
_TAG_NAMES = {
    "langgraph_node": "langgraph.node",
    "langgraph_step": "langgraph.step",
    "langgraph_path": "langgraph.path",
    "langgraph_triggers": "langgraph.triggers",
    "langgraph_checkpoint_ns": "langgraph.checkpoint_ns",
    "thread_id": "langgraph.thread_id",
    "checkpoint_id": "langgraph.checkpoint_id",
    "ls_provider": "langchain.provider",
    "ls_model_name": "langchain.model_name",
    "ls_model_type": "langchain.model_type",
    "lc_versions": "langchain.versions",
    "lc_agent_name": "langchain.agent_name",
}
# `checkpoint_ns` repeats `langgraph_checkpoint_ns`; the others are LangSmith's.
_UNWANTED = frozenset({"checkpoint_ns", "ls_integration", "ls_retriever_name", "ls_temperature", "ls_stop"})


@dataclass(slots=True)
class Step:
    """A step that starts now."""

    run_id: UUID
    """LangChain's id of it; ours is another one, since theirs may be used twice."""
    parent_run_id: UUID | None
    kind: Kind
    name: str
    payload: Any
    """The input as LangChain passed it, by reference, or what we made of it."""
    tags: Sequence[str]
    metadata: Mapping[str, Any]
    run_type: str | None = None
    """What LangChain calls it where a chain is something special: `parser`, `prompt`."""
    plain_callable: bool = False
    """Whether it is a function of LangGraph's own wrapping, such as one that chooses the next node."""
    graph: Any = None
    """The compiled graph that starts, where it is known."""
    source: int = 0
    """Identity of the input as LangChain passed it, where the payload is not that."""
    tools: Sequence[Mapping[str, object]] = ()
    """Tools that a model is offered, as capabilities of a Role."""
    extra: dict[str, object] = field(default_factory=dict)
    """More tags."""

    @property
    def node(self) -> str | None:
        """Name of the LangGraph node that this step *is*; None for steps inside of nodes, and elsewhere."""
        node = self.metadata.get("langgraph_node")
        if node is not None and any(tag.startswith("graph:step:") for tag in self.tags):
            return str(node)
        return None

    @property
    def model(self) -> str | None:
        """Name of the model that a model step asks, where it is known at the start."""
        name = self.metadata.get("ls_model_name")
        return str(name) if name else None

    @property
    def reviewer(self) -> str | None:
        """Who decides in this run, where its metadata say so (`mplp.reviewer`)."""
        reviewer = self.metadata.get("mplp.reviewer")
        return str(reviewer) if reviewer else None

    @property
    def starts_graph(self) -> bool:
        """Whether it is a LangGraph graph, as far as can be told."""
        return self.graph is not None or (
            self.kind == "chain" and self.metadata.get("ls_integration") == "langgraph" and self.node is None
        )

    @property
    def agent(self) -> str | None:
        """Name of the agent that this step is or belongs to, where LangChain tells it."""
        if self.graph is not None and self.graph.get_name() != _UNNAMED_GRAPH:
            return str(self.graph.get_name())
        agent = self.metadata.get("lc_agent_name")
        return str(agent) if agent else None

    def type_below(self, parent_is_node: bool) -> ActionType:
        """`action.type`, given whether the parent is a LangGraph node (recording §1)."""
        if self.kind != "chain":
            return _TYPES[self.kind]
        if self.graph is not None:
            return "invoke"
        if self.run_type == "parser" or self.name.endswith((*_GUARD_SUFFIXES, "OutputParser")):
            return "validate"
        return "validate" if parent_is_node and self._chooses_next_node() else "execute"

    def _chooses_next_node(self) -> bool:
        """A node runs as a sequence: first its own code, then the functions that choose what comes next."""
        return self.plain_callable and any(
            tag.startswith("seq:step:") and tag != "seq:step:1" for tag in self.tags
        )

    def span_tags(self) -> dict[str, object]:
        """What LangChain and LangGraph tell about the step, under prefixed names."""
        found: dict[str, object] = {"langchain.run_id": str(self.run_id)}
        if self.tags:
            found["langchain.tags"] = list(self.tags)
        for key, value in self.metadata.items():
            if key in _UNWANTED:
                continue
            name = _TAG_NAMES.get(key)
            if name is None:
                name = key if key.startswith("mplp.") else f"langchain.metadata.{key}"
            found[name] = value
        found.update(self.extra)
        return found


def thread_key(metadata: Mapping[str, Any]) -> str | None:
    """Key of the Context: the thread or session that the run belongs to; None where it has none."""
    for key in _THREAD_KEYS:
        value = metadata.get(key)
        if value is not None and value != "":
            return str(value)
    return None


def name_of(name: Any, serialized: Mapping[str, Any] | None, default: str) -> str:
    """The framework's own name of a step."""
    if name:
        return str(name)
    if serialized:
        if found := serialized.get("name"):
            return str(found)
        path = serialized.get("id")
        if isinstance(path, list | tuple) and path:
            return str(path[-1])
    return default
