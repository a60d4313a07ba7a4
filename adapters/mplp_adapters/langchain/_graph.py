"""What a compiled LangGraph graph means to do: its nodes and edges, read before it runs.

    graph.get_graph()  ->  GraphShape  ->  tasks and dependencies of the Plan (see _progress.py)

A Plan has no cycles, a graph may: edges that lead back to a node on the way are kept apart and named in the
plan's `workflow`. A node that is a graph itself becomes a composite task with tasks of its own.
Spec: recording §2.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langgraph.constants import END, START

from mplp_adapters.langchain._capabilities import capabilities_of

__all__ = ["Edge", "GraphShape", "Node", "read_graph"]

_NESTING = 5  # a graph may contain itself
SEPARATOR = ":"  # LangGraph forbids it in names of nodes


@dataclass(frozen=True, slots=True)
class Node:
    """One node, as a task to be."""

    key: str
    """Path of node names from the top graph, joined by colons: `research:search`."""
    name: str
    parent: str | None
    """Key of the node whose subgraph this one belongs to; None at the top."""
    composite: bool = False
    """Whether it is a graph itself."""
    tools: tuple[str, ...] = ()
    """Names of the tools that it may run."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One way from a node to another, both by key."""

    source: str
    target: str
    conditional: bool = False
    label: str | None = None
    """What the graph calls the condition; None where it has no name."""


@dataclass(frozen=True, slots=True)
class GraphShape:
    """A whole graph with its subgraphs."""

    name: str
    nodes: tuple[Node, ...]
    """Parents before their children, otherwise in the order in which they can run."""
    edges: tuple[Edge, ...]
    """Without cycles."""
    back_edges: tuple[Edge, ...]
    """The edges that close a cycle."""
    capabilities: tuple[Mapping[str, Any], ...]
    """Tools of the top graph, as capabilities of a Role."""


_shapes: weakref.WeakKeyDictionary[Any, GraphShape] = weakref.WeakKeyDictionary()


def read_graph(graph: Any) -> GraphShape:
    """Shape of a compiled graph; drawn once for each compiled graph."""
    shape = _shapes.get(graph)
    if shape is None:
        reader = _Reader()
        reader.read(graph, prefix="", parent=None, nesting=0)
        capabilities = capabilities_of(list(_tools(graph)))
        shape = GraphShape(
            graph.get_name(), tuple(reader.nodes), tuple(reader.edges), tuple(reader.back_edges), capabilities
        )
        _shapes[graph] = shape
    return shape


class _Reader:
    """Collects the nodes and edges of a graph and of the graphs in it."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.back_edges: list[Edge] = []

    def read(self, graph: Any, *, prefix: str, parent: str | None, nesting: int) -> None:
        drawn = graph.get_graph()
        subgraphs = dict(graph.get_subgraphs()) if nesting < _NESTING else {}
        names = [name for name in drawn.nodes if name not in (START, END)]
        forward, back = _split_cycles(names, [edge for edge in drawn.edges if edge.target != END])
        self.edges += [_edge(edge, prefix) for edge in forward if edge.source != START]
        self.back_edges += [_edge(edge, prefix) for edge in back]
        for name in _in_running_order(names, forward):
            key = prefix + name
            self.nodes.append(
                Node(key, name, parent, name in subgraphs, tuple(_tools_by_name(graph.nodes[name])))
            )
            if name in subgraphs:
                inner = key + SEPARATOR
                self.read(subgraphs[name], prefix=inner, parent=key, nesting=nesting + 1)


def _edge(edge: Any, prefix: str) -> Edge:
    label = str(edge.data) if edge.data is not None else None
    return Edge(prefix + edge.source, prefix + edge.target, bool(edge.conditional), label)


def _split_cycles(names: Sequence[str], edges: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Edges that lead on, and edges that lead back to a node on the way from the start (depth first)."""
    leaving: dict[str, list[Any]] = {}
    for edge in edges:
        leaving.setdefault(edge.source, []).append(edge)
    forward: list[Any] = []
    back: list[Any] = []
    on_the_way: set[str] = set()
    done: set[str] = set()
    for start in (START, *names):
        stack = [] if start in done else [(start, iter(leaving.get(start, ())))]
        on_the_way = {start}
        while stack:
            name, rest = stack[-1]
            edge = next(rest, None)
            if edge is None:
                stack.pop()
                on_the_way.discard(name)
                done.add(name)
            elif edge.target in on_the_way:
                back.append(edge)
            else:
                forward.append(edge)
                if edge.target not in done:
                    on_the_way.add(edge.target)
                    stack.append((edge.target, iter(leaving.get(edge.target, ()))))
    return forward, back


def _in_running_order(names: Sequence[str], edges: Sequence[Any]) -> list[str]:
    """`names` with every source before its targets; as given where nothing decides."""
    waiting = {name: {edge.source for edge in edges if edge.target == name} - {START} for name in names}
    ordered: list[str] = []
    while waiting:
        ready = [name for name, sources in waiting.items() if not sources & waiting.keys()]
        ordered.extend(ready)
        for name in ready:
            del waiting[name]
    return ordered


def _tools_by_name(node: Any) -> Mapping[str, Any]:
    tools = getattr(getattr(node, "bound", None), "tools_by_name", None)
    return tools if isinstance(tools, Mapping) else {}


def _tools(graph: Any) -> Iterator[Any]:
    seen: set[str] = set()
    for node in graph.nodes.values():
        for name, tool in _tools_by_name(node).items():
            if name not in seen:
                seen.add(name)
                yield tool
