"""JSON values: whether two are the same, copies, and members by path. For the tables and the residue."""

from __future__ import annotations

import math
from enum import Enum
from typing import Any, Final

from mplp_sdk.errors import InvalidFormat

__all__ = ["ABSENT", "DEEPEST", "JsonObject", "clone", "pop", "put", "require_json", "same"]

JsonObject = dict[str, Any]


class _Absent(Enum):
    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT
"""Stands where an object has no such member; null is a value like any other."""


DEEPEST: Final = 128
"""Levels that are looked into: twice what a server takes, since a bag may lie around the deepest object."""


def require_json(value: Any) -> None:
    """See that `value` is JSON data of bounded depth, before anything recursive looks at it.

    Raises:
        InvalidFormat: it is not; the message says what was found.
    """
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inner(outer)]
        if not level:
            return
    raise InvalidFormat(f"nested more than {DEEPEST} levels deep")


def _inner(value: Any) -> list[Any]:
    if isinstance(value, dict):
        if not all(isinstance(name, str) for name in value):
            raise InvalidFormat("not JSON: the name of a member is not text")
        return [*value, *value.values()]
    if isinstance(value, list):
        return value
    if isinstance(value, str) and _is_unicode(value):
        return []
    if value is None or isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return []
    raise InvalidFormat(f"not JSON: {value!r:.60}")


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def same(one: Any, other: Any) -> bool:
    """Whether both are the same JSON value: 1 is 1.0, and true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def clone(value: Any) -> Any:
    """A copy of a JSON value that shares nothing with it."""
    if isinstance(value, dict):
        return {name: clone(member) for name, member in value.items()}
    return [clone(item) for item in value] if isinstance(value, list) else value


def pop(obj: JsonObject, path: str) -> Any:
    """Take the value at a dotted path out of `obj`, and what it leaves empty; ABSENT where there is none."""
    name, _, rest = path.partition(".")
    if not rest:
        return obj.pop(name, ABSENT)
    inner = obj.get(name)
    value = pop(inner, rest) if isinstance(inner, dict) else ABSENT
    if value is not ABSENT and not inner:
        del obj[name]
    return value


def put(obj: JsonObject, path: str, value: Any) -> None:
    """Set the value at a dotted path of `obj`. What is there already stays; two objects become one."""
    *parents, name = path.split(".")
    for parent in parents:
        obj = obj.setdefault(parent, {})
        if not isinstance(obj, dict):
            return
    there = obj.setdefault(name, value)
    if isinstance(there, dict) and isinstance(value, dict):
        obj[name] = value | there
