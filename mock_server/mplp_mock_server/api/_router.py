"""From a path to an operation, by its segments: the cost does not grow with the number of endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from mplp_mock_server.api._operations import BASE_PATHS, Operation
from mplp_sdk.errors import InvalidFormat

__all__ = ["Match", "Router"]


@dataclass
class _Node:
    fixed: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    methods: dict[str, tuple[Operation, tuple[str, ...]]] = field(default_factory=dict)
    """Operations that end here, and the names of the parameters on the way."""


@dataclass(frozen=True)
class Match:
    """What was found at a path."""

    operation: Operation | None = None
    """None: the path is unknown, or knows other methods only."""
    params: Mapping[str, str] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()
    """Methods of a known path; empty where it is unknown."""


class Router:
    """All operations, by path and method."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Node()
        for operation in operations:
            for base in ("",) if operation.bare else BASE_PATHS:
                self._add(base + operation.path, operation)

    def match(self, method: str, raw_path: str) -> Match:
        """Find the operation for a path that is still percent-encoded, so that an id may hold a slash.

        Raises:
            InvalidFormat: a parameter is not UTF-8.
        """
        node: _Node | None = self._root
        values: list[str] = []
        for segment in raw_path.split("/")[1:]:
            assert node is not None  # noqa: S101 -- the loop ends before
            if segment in node.fixed:
                node = node.fixed[segment]
            else:
                values.append(segment)
                node = node.parameter if segment else None
            if node is None:
                return Match()
        return _at(node, method, values)

    def _add(self, path: str, operation: Operation) -> None:
        node = self._root
        names: list[str] = []
        for segment in path.split("/")[1:]:
            if segment.startswith("{"):
                names.append(segment.strip("{}"))
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.fixed.setdefault(segment, _Node())
        node.methods[operation.method] = operation, tuple(names)


def _at(node: _Node | None, method: str, values: list[str]) -> Match:
    if node is None or not node.methods:
        return Match()
    found = node.methods.get("GET" if method == "HEAD" else method)
    if found is None:
        return Match(allowed=tuple(sorted(node.methods)))
    operation, names = found
    return Match(operation, dict(zip(names, map(_decoded, values), strict=True)), tuple(node.methods))


def _decoded(segment: str) -> str:
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        reason = "not UTF-8"
        raise InvalidFormat(f"path: {reason}", details={"field": "path", "reason": reason}) from None
