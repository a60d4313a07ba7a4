"""Any Python value as plain, bounded, redacted JSON data, taken at the moment of the call.

Callers mutate what they pass on, and pass on anything: models, bytes, cycles, values whose `repr` raises. A
snapshot never raises for what it is given, never runs away, and says in the data where it left something
out:

    "…[cut: 9,872,000 more characters]"   "[circular]"   "[too deep]"   "[1,024 bytes, sha256 9f86d081…]"

Used by the recorder for every value that comes from outside. Spec: recording §1 (odd values), §4 point 9.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from pathlib import PurePath
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from mplp_sdk.recording._redaction import REDACTED, Redactor

__all__ = ["SnapshotLimits", "Snapshotter"]

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class SnapshotLimits:
    """How much of one value is kept."""

    depth: int = 32
    """Containers within containers."""
    nodes: int = 10_000
    """Values in all, members of containers included."""
    text: int = 128 * 1024
    """Characters of one text."""
    encoded_bytes: int = 384 * 1024
    """Bytes of the value as JSON."""


class Snapshotter:
    """Takes snapshots under one set of limits and redactions. Holds no state between calls but a count."""

    def __init__(self, redactor: Redactor, limits: SnapshotLimits) -> None:
        self.marked = 0
        """How many places were cut, or held something that cannot be shown."""
        self._redactor = redactor
        self._limits = limits
        self._names: dict[str, str] = {}

    def data(self, value: object) -> Any:
        """`value` as JSON data: new dicts, lists, texts, finite numbers, True, False and None."""
        walk = _Walk(self._redactor, self._limits, self._limits.nodes)
        try:
            return walk.run(value)
        finally:
            self.marked += walk.marks

    def encoded(self, value: object, *, most: int | None = None) -> bytes:
        """`value` as JSON, at most `most` bytes (default: the limit of one value)."""
        most = most or self._limits.encoded_bytes
        encoded = msgspec.json.encode(self.data(value))
        limits = self._limits
        while len(encoded) > most:
            limits = _tighter(limits)
            walk = _Walk(self._redactor, limits, limits.nodes)
            encoded = msgspec.json.encode(walk.run(value))
            self.marked += walk.marks
        return encoded

    def mapping(self, value: object) -> dict[str, Any]:
        """`value` as a JSON object; a bare value becomes `{"value": …}`, None an empty one."""
        if value is None:
            return {}
        data = self.data(value)
        return data if isinstance(data, dict) else {"value": data}

    def raw(self, value: object) -> msgspec.Raw:
        """`value` as the JSON of an object, ready to be put into several records."""
        encoded = self.encoded(value)
        return msgspec.Raw(encoded if encoded.startswith(b"{") else b'{"value":' + encoded + b"}")

    def text(self, value: object, most: int = 500) -> str:
        """`value` as one redacted text of at most `most` characters: names, descriptions."""
        if type(value) is str and len(value) <= _LONGEST_NAME:
            text = self._name(value)
        else:
            data = self.data(value)
            text = data if isinstance(data, str) else msgspec.json.encode(data).decode()
        return text if len(text) <= most else text[: most - 1] + "…"

    def _name(self, value: str) -> str:
        """A short text. Names of steps and agents come again and again."""
        known = self._names.get(value)
        if known is None:
            known = str(self.data(value))
            if len(self._names) >= _NAMES_REMEMBERED:
                self._names.clear()
            self._names[value] = known
        return known


def _tighter(limits: SnapshotLimits) -> SnapshotLimits:
    """Shorter texts; and only where that is not enough fewer values, since those hold the whole together."""
    if limits.text > _SHORT:
        return dataclasses.replace(limits, text=limits.text // 4)
    return dataclasses.replace(limits, nodes=limits.nodes // 2)


class _Walk:
    """One snapshot being taken."""

    def __init__(self, redactor: Redactor, limits: SnapshotLimits, nodes: int) -> None:
        self.marks = 0
        self._redactor = redactor
        self._limits = limits
        self._left = nodes
        self._short = min(_SHORT, limits.text)
        self._texts: list[str] = []
        self._above: set[int] = set()

    def run(self, value: object) -> Any:
        data = self._any(value, 0)
        try:
            # Most values hold no secret: one look at all their texts together tells.
            secret = bool(self._texts) and self._redactor.finds("\n".join(self._texts))
            return self._redact(data) if secret else data
        except Exception:  # a user's own mask; what it cannot judge must not be kept
            return self._mark("[withheld: redaction failed]")

    def _any(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind is str:
            return self._text(value)
        if value is None or kind is bool or (kind is int and -_BIG < value < _BIG):
            return value
        if depth > self._limits.depth:
            return self._mark("[too deep]")
        identity = id(value)
        if identity in self._above:
            return self._mark("[circular]")
        self._above.add(identity)
        try:
            return (_HANDLERS.get(kind) or _find_handler(kind))(self, value, depth)
        except (Exception, GeneratorExit):  # the caller's own code; anything else is meant for the program
            return self._mark(f"[unreadable {kind.__name__}]")
        finally:
            self._above.discard(identity)

    def _text(self, value: str) -> str:
        if len(value) > self._limits.text:
            value = self._cut(value)
        elif not value.isascii():
            value = value.encode("utf-8", "replace").decode()
        self._texts.append(value)
        return value

    def _cut(self, value: str) -> str:
        """The start of a long text. Redacted before it is cut, so that no half of a secret stays."""
        limit = self._limits.text
        start = value[: limit + _LONGEST_SECRET].encode("utf-8", "replace").decode()
        start = self._redactor.clean(start)[:limit]
        return self._mark(f"{start}…[cut: {len(value) - limit:,} more characters]")

    def _mark(self, text: str) -> str:
        self.marks += 1
        return text

    def _take(self, items: Iterable[_T]) -> tuple[list[_T], bool]:
        """As many of `items` as may still be kept, in a list of our own, and whether there are more."""
        taken = list(islice(items, self._left + 1))
        more = len(taken) > self._left
        if more:
            taken.pop()
        self._left -= len(taken)
        return taken, more

    def _mapping(self, items: Iterable[tuple[Any, Any]], depth: int) -> dict[str, Any]:
        members, more = self._take(items)
        result = self._members(members, depth)
        if more:
            result["…"] = self._mark("[cut: more members]")
        return result

    def _members(self, members: Iterable[tuple[Any, Any]], depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        known, texts, short = self._redactor.known, self._texts, self._short
        for key, item in members:
            verdict = known.get(key) if type(key) is str else None
            name, secret = verdict or self._redactor.judge(self._name(key, depth))
            if name is not key and name in result:
                name = f"{name} ({type(key).__name__})"
            kind = type(item)
            if item is None or kind is bool:
                result[name] = item
            elif secret:
                result[name] = REDACTED
            elif kind is str and len(item) <= short and item.isascii():  # most members; saves two calls
                if len(item) != _UUID_LENGTH or not _is_uuid(item):
                    texts.append(item)
                result[name] = item
            else:
                result[name] = self._any(item, depth + 1)
        return result

    def _name(self, key: object, depth: int) -> str:
        """The key of a member as a text, not yet redacted."""
        name = self._any(key, depth + 1)
        text = name if isinstance(name, str) else msgspec.json.encode(name).decode()
        if len(text) <= _LONGEST_NAME:
            return text
        return self._mark(self._redactor.clean(text)[:_LONGEST_NAME] + "…")

    def _sequence(self, items: Iterable[Any], depth: int) -> list[Any]:
        members, more = self._take(items)
        result = [self._any(item, depth + 1) for item in members]
        for item in result:
            self._judge_pair(item)
        if more:
            result.append(self._mark("[cut: more items]"))
        return result

    def _judge_pair(self, pair: Any) -> None:
        """Headers and parameters often come as pairs of name and value: a list of such, or a lone tuple.

        A lone list of two is not asked: it may as well be two names.
        """
        if type(pair) is not list or len(pair) != 2 or type(pair[0]) is not str:
            return
        name, value = pair
        if len(name) > _LONGEST_NAME or value is None or type(value) is bool:
            return
        _, secret = self._redactor.known.get(name) or self._redactor.judge(name)
        if secret:
            pair[1] = REDACTED

    def _redact(self, data: Any) -> Any:
        if isinstance(data, str):
            return self._redactor.clean(data)
        if isinstance(data, dict):
            return {name: self._redact(item) for name, item in data.items()}
        if isinstance(data, list):
            return [self._redact(item) for item in data]
        return data

    def dict_(self, value: dict[Any, Any], depth: int) -> Any:
        if len(value) > self._left:
            return self._mapping(value.items(), depth)
        self._left -= len(value)
        # Of a copy: another thread may be changing it.
        return self._members(value.copy().items(), depth)

    def mapping(self, value: Mapping[Any, Any], depth: int) -> Any:
        return self._mapping(value.items(), depth)

    def sequence(self, value: Iterable[Any], depth: int) -> Any:
        return self._sequence(value, depth)

    def set_(self, value: Iterable[Any], depth: int) -> Any:
        members, more = self._take(value)
        self._left += len(members)  # counted again in a moment
        result = self._sequence(sorted(members, key=_order), depth)
        return [*result, self._mark("[cut: more items]")] if more else result

    def tuple_(self, value: tuple[Any, ...], depth: int) -> Any:
        names = getattr(value, "_fields", None)
        if names is not None:
            return self._mapping(zip(names, value, strict=True), depth)
        items = self._sequence(value, depth)
        self._judge_pair(items)
        return items

    def fields(self, value: Any, depth: int) -> Any:
        """A dataclass, an attrs class or a msgspec.Struct."""
        return self._mapping([(name, getattr(value, name)) for name in _field_names(value)], depth)

    def model(self, value: Any, depth: int) -> Any:
        """A pydantic model. Not by `model_dump`, which runs the model's own code without our limits."""
        members = {**vars(value), **(getattr(value, "__pydantic_extra__", None) or {})}
        return self._mapping(members.items(), depth)

    def error(self, value: BaseException, depth: int) -> Any:
        return self._mapping([("type", type(value).__name__), ("message", str(value))], depth)

    def string(self, value: str, _: int) -> Any:
        return self._text(str.__str__(value))

    def integer(self, value: int, _: int) -> Any:
        number = int(value)
        if -(1 << 63) <= number < 1 << 64:
            return number
        # Too large for JSON readers, and from 4,300 digits on Python refuses to spell it.
        return self._mark(f"0x{number:x}"[:_LONGEST_NAME])

    def number(self, value: float, _: int) -> Any:
        number = float(value)
        return number if math.isfinite(number) else self._mark(str(number))

    def enum(self, value: Enum, depth: int) -> Any:
        return self._any(value.value, depth + 1)

    def moment(self, value: datetime | date | time, _: int) -> Any:
        return value.isoformat()

    def length(self, value: timedelta, _: int) -> Any:
        return value.total_seconds()

    def spelled(self, value: object, _: int) -> Any:
        return self._text(str(value))

    def named(self, value: Any, _: int) -> Any:
        return f"{value.__module__}.{value.__qualname__}"

    def binary(self, value: bytes | bytearray | memoryview, _: int) -> Any:
        """Text where it is text; else what it takes to recognise it, for secrets hide in base64."""
        content = bytes(value)
        try:
            return self._text(content.decode())
        except UnicodeDecodeError:
            digest = hashlib.sha256(content[:_DIGESTED]).hexdigest()[:12]
            return self._mark(f"[{len(content):,} bytes, sha256 {digest}…]")

    def opaque(self, value: object, _: int) -> Any:
        text = self._text(repr(value))
        self.marks += 1
        return text


_BIG = 1 << 63
_SHORT = 256
_UUID_LENGTH = 36
_LONGEST_NAME = 200
_NAMES_REMEMBERED = 4096
_LONGEST_SECRET = 4096
_DIGESTED = 1 << 20

_Handler = Callable[[_Walk, Any, int], Any]
_HANDLERS: dict[type, _Handler] = {
    dict: _Walk.dict_,
    list: _Walk.sequence,
    tuple: _Walk.tuple_,
    set: _Walk.set_,
    frozenset: _Walk.set_,
    str: _Walk.string,
    int: _Walk.integer,
    float: _Walk.number,
    bytes: _Walk.binary,
}
# Asked in this order for what is none of these exactly.
_KINDS: tuple[tuple[Any, _Handler], ...] = (
    (Enum, _Walk.enum),
    (str, _Walk.string),
    (int, _Walk.integer),
    (float, _Walk.number),
    ((bytes, bytearray, memoryview), _Walk.binary),
    (tuple, _Walk.tuple_),
    (list, _Walk.sequence),
    ((set, frozenset), _Walk.set_),
    (Mapping, _Walk.mapping),
    (BaseException, _Walk.error),
    ((datetime, date, time), _Walk.moment),
    (timedelta, _Walk.length),
    ((UUID, Decimal, PurePath), _Walk.spelled),
)


def _find_handler(kind: type) -> _Handler:
    for bases, handler in _KINDS:
        if issubclass(kind, bases):
            return handler
    if hasattr(kind, "__pydantic_fields__") or hasattr(kind, "model_fields"):
        return _Walk.model
    if _declares_fields(kind):
        return _Walk.fields
    if issubclass(kind, type) or hasattr(kind, "__code__"):
        return _Walk.named
    return _Walk.named if kind.__name__ in _NAMED_KINDS else _find_sequence(kind)


def _find_sequence(kind: type) -> _Handler:
    return _Walk.sequence if kind.__module__ == "collections" and hasattr(kind, "__iter__") else _Walk.opaque


_NAMED_KINDS = frozenset({"function", "builtin_function_or_method", "method", "type"})


def _declares_fields(kind: type) -> bool:
    return (
        dataclasses.is_dataclass(kind)
        or hasattr(kind, "__attrs_attrs__")
        or hasattr(kind, "__struct_fields__")
    )


def _field_names(value: Any) -> list[str]:
    if dataclasses.is_dataclass(value):
        return [field.name for field in dataclasses.fields(value)]
    if hasattr(value, "__attrs_attrs__"):
        return [field.name for field in value.__attrs_attrs__]
    return list(value.__struct_fields__)


def _is_uuid(text: str) -> bool:
    """Whether this looks like an id; their dashes would cost a closer look each time."""
    return text[8:24:5] == "----" and text[:8].isalnum() and text[24:].isalnum()


def _order(item: object) -> tuple[str, str]:
    """An order for sets that is the same in every process, as far as that is possible."""
    if isinstance(item, (str, int, float)):
        return type(item).__name__, str(item)
    return type(item).__name__, ""
