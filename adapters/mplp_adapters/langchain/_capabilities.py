"""Tools as the capabilities of a Role, from a tool itself or from what a model is told about it.

Spec: recording §1, Role.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.tools import BaseTool

__all__ = ["capabilities_of"]


def capabilities_of(tools: Any) -> tuple[dict[str, object], ...]:
    """A capability for each tool that has a name; others are left out."""
    if not isinstance(tools, list | tuple):
        return ()
    return tuple(found for tool in tools if (found := _capability(tool)) is not None)


def _capability(tool: Any) -> dict[str, object] | None:
    if isinstance(tool, BaseTool):
        return _named(tool.name, tool.description, tool.args)
    if isinstance(tool, str):
        return _named(tool, None, None)
    if not isinstance(tool, Mapping):
        return None
    # {"type": "function", "function": {…}}, or the inner part alone, or with `input_schema`.
    inner = tool.get("function")
    described = inner if isinstance(inner, Mapping) else tool
    schema = described.get("parameters") or described.get("input_schema")
    arguments = schema.get("properties") if isinstance(schema, Mapping) else None
    return _named(described.get("name"), described.get("description"), arguments)


def _named(name: Any, description: Any, arguments: Any) -> dict[str, object] | None:
    if not isinstance(name, str) or not name:
        return None
    parameters: dict[str, object] = {}
    if description:
        parameters["description"] = str(description)
    if arguments:
        parameters["arguments"] = arguments
    return {"name": name, "type": "skill", "level": "basic", "parameters": parameters}
