"""Questions about what waits for what: is there a cycle, and when is all of it done? Nothing here recurses.

Nodes are numbers from 0; an edge (a, b) says that b waits for a. Used by the plan's rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

__all__ = ["Edge", "cycles", "finish"]

Edge = tuple[int, int]


def cycles(nodes: int, edges: Sequence[Edge], most: int) -> list[list[int]]:
    """Cycles that share no node, each in the order of waiting; at most `most` of them.

    Where there is none the answer is empty, and where there is one, at least one is found.
    """
    if all(a < b for a, b in edges):
        return []
    after, before = _neighbours(nodes, edges)
    missing = [len(waits_for) for waits_for in before]
    gone = [False] * nodes
    _remove([node for node in range(nodes) if not missing[node]], after, missing, gone)
    found: list[list[int]] = []
    for node in range(nodes):
        if gone[node] or len(found) == most:
            continue
        cycle = _walk_back(node, before, gone)
        found.append(cycle)
        _remove(cycle, after, missing, gone)
    return found


def finish(durations: Sequence[float], edges: Sequence[tuple[int, int, str]]) -> Sequence[float] | None:
    """When each node is done, counted from a common start, each starting as early as it may.

    Args:
        durations: how long each node takes.
        edges: with how b waits for a: `finish_to_start`, `start_to_start` or `finish_to_finish`.

    Returns:
        None where the nodes wait in a circle.
    """
    nodes = len(durations)
    after: list[list[tuple[int, str]]] = [[] for _ in range(nodes)]
    missing = [0] * nodes
    for a, b, kind in edges:
        after[a].append((b, kind))
        missing[b] += 1
    done = list(durations)
    ready = [node for node in range(nodes) if not missing[node]]
    for node in ready:
        for follower, kind in after[node]:
            earliest = _EARLIEST[kind if kind in _EARLIEST else "finish_to_start"]
            done[follower] = max(done[follower], earliest(done[node], durations[node], durations[follower]))
            missing[follower] -= 1
            if not missing[follower]:
                ready.append(follower)
    return done if len(ready) == nodes else None


_EARLIEST: dict[str, Callable[[float, float, float], float]] = {
    "finish_to_start": lambda done, _, duration: done + duration,
    "start_to_start": lambda done, took, duration: done - took + duration,
    "finish_to_finish": lambda done, _, duration: max(done, duration),
}
"""When a follower is done at the earliest: from when the one before is done, and how long each takes."""


def _neighbours(nodes: int, edges: Iterable[Edge]) -> tuple[list[list[int]], list[list[int]]]:
    after: list[list[int]] = [[] for _ in range(nodes)]
    before: list[list[int]] = [[] for _ in range(nodes)]
    for a, b in edges:
        after[a].append(b)
        before[b].append(a)
    return after, before


def _remove(nodes: list[int], after: list[list[int]], missing: list[int], gone: list[bool]) -> None:
    """Take out `nodes`, and every node that then waits for nobody."""
    ready = list(nodes)
    for node in ready:
        gone[node] = True
    for node in ready:
        for follower in after[node]:
            missing[follower] -= 1
            if not missing[follower] and not gone[follower]:
                gone[follower] = True
                ready.append(follower)


def _walk_back(node: int, before: list[list[int]], gone: list[bool]) -> list[int]:
    """The cycle that somebody comes to who goes from `node` to what it waits for, and on.

    Every node that is left waits for another one that is left, so the walk ends only by closing.
    """
    place: dict[int, int] = {}
    path: list[int] = []
    while node not in place:
        place[node] = len(path)
        path.append(node)
        node = next(other for other in before[node] if not gone[other])
    return path[place[node] :][::-1]
