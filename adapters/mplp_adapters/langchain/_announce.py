"""Which compiled graph is about to start: said by the patched `Pregel.stream`, asked by the handler.

Callbacks never show the graph. The first step that starts after the announcement, in the same context, is the
graph itself; whatever starts later, or in a copy of the context, finds the announcement taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

__all__ = ["announced_graph", "announcing"]


class _Announcement:
    """A graph that starts with the next step; can be taken once."""

    __slots__ = ("graph",)

    def __init__(self, graph: Any) -> None:
        self.graph = graph


_announced: ContextVar[_Announcement | None] = ContextVar("mplp_announced_graph", default=None)


@contextmanager
def announcing(graph: Any) -> Iterator[None]:
    """Say that `graph` starts within the block."""
    announcement = _Announcement(graph)
    # Emptied, never reset: an async generator may be closed in another context than it was started in.
    _announced.set(announcement)
    try:
        yield
    finally:
        announcement.graph = None


def announced_graph() -> Any:
    """The graph whose start is being told right now, once; None where it is not known."""
    announcement = _announced.get()
    if announcement is None:
        return None
    graph, announcement.graph = announcement.graph, None
    return graph
