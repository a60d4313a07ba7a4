"""The first look at data that may be anything: how deep, how large, and does it have a JSON form at all.

Everything after this may take it that the data is finite. Spec: protocol §4, §7.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import to_json

from mplp_sdk.protocol.validation._text import finder

__all__ = ["DEEPEST", "LARGEST", "Measure", "measure", "not_json"]

DEEPEST: Final = 64
"""Levels of nesting."""
LARGEST: Final = 8 * 1024 * 1024
"""Bytes as JSON."""

# The shortest container is two bytes and a comma, so more of them cannot be within `LARGEST`. It bounds the
# walk over Python data that holds one list many times over.
_MOST_CONTAINERS: Final = LARGEST // 3
_not_finite_in = finder("NaN|Infinity")
_CONTAINERS: Final = frozenset({dict, list, tuple})


@dataclass(frozen=True, slots=True)
class Measure:
    """What one look at the data tells."""

    too_deep: bool
    too_large: bool
    text: str | None
    """The data as JSON; None where it is too deep or too large to be written, or has no JSON form."""
    size: int | None
    """Bytes of `text`."""
    suspicious: bool
    """Whether there may be values that JSON cannot carry."""


def measure(data: Any) -> Measure:
    """Look at `data`, whatever it is. Costs no more than its size, or than the limits."""
    level: list[Any] = [data] if data.__class__ in _CONTAINERS else []
    depth, containers = 0, 1
    while level and depth < DEEPEST and containers <= _MOST_CONTAINERS:
        depth += 1
        level = [
            value
            for container in level
            for value in (container.values() if isinstance(container, dict) else _items(container))
            if value.__class__ in _CONTAINERS
        ]
        containers += len(level)
    if level:
        too_deep = depth == DEEPEST
        return Measure(too_deep, not too_deep, text=None, size=None, suspicious=False)
    return _write(data)


def _items(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else ()


def _write(data: Any) -> Measure:
    try:
        written = to_json(data, inf_nan_mode="constants")
    except (ValueError, RecursionError, OverflowError):
        return Measure(False, False, None, None, suspicious=True)
    text = written.decode()
    return Measure(
        too_deep=False,
        too_large=len(written) > LARGEST,
        text=text,
        size=len(written),
        suspicious=_not_finite_in(text),
    )


def not_json(data: Any) -> Iterator[tuple[tuple[object, ...], Any, str]]:
    """Path, value and trouble of everything in `data` that JSON cannot carry."""
    waiting: list[tuple[Any, tuple[object, ...]]] = [(data, ())]
    while waiting:
        value, path = waiting.pop()
        if trouble := _trouble(value):
            yield path, value, trouble
        elif isinstance(value, dict):
            waiting += [(member, (*path, name)) for name, member in reversed(value.items())]
        elif isinstance(value, (list, tuple)):
            waiting += [(item, (*path, i)) for i, item in reversed([*enumerate(value)])]


def _trouble(value: Any) -> str | None:
    if isinstance(value, dict):
        odd = next((name for name in value if not isinstance(name, str) or not _encodes(name)), None)
        return None if odd is None else "An object has a member whose name is no text"
    if isinstance(value, str):
        return None if _encodes(value) else "Text holds half a character (a lone surrogate)"
    if isinstance(value, float):
        return None if math.isfinite(value) else "JSON has no NaN and no infinity"
    if isinstance(value, (int, list, tuple)) or value is None:
        return None
    return f"JSON has no form for a Python {type(value).__name__}"


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
