"""How one kind of object is spelt in a dialect: a table of rows, read from left to right and back.

    Table(
        Row("planId", "id"),
        Row("status", "status", words(read={"executing": "running"}, write={"running": "executing"})),
        Row("timestamp", "metadata.created_at", TIME),
    )

A table need not be exact: what it does not carry over is found by comparing, and kept in the residue. So it
has only to say what is *meant* by each member, and hooks do what concerns several members at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from mplp_sdk.protocol.dialects._json import ABSENT, JsonObject, clone, pop, put
from mplp_sdk.protocol.times import format_time, parse_duration, parse_time

__all__ = [
    "SAME",
    "SECONDS",
    "TEXT",
    "TIME",
    "VERSION",
    "Codec",
    "Row",
    "Table",
    "cut",
    "each",
    "time_or_absent",
    "words",
]

Change = Callable[[Any], Any]
"""One value in, its other spelling out; ABSENT where there is none."""

Hook = Callable[[JsonObject, JsonObject], None]
"""Gets what was read and what came of it, and may add to the second."""

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Codec:
    """Two spellings of one value."""

    read: Change
    write: Change


def _as_it_is(value: Any) -> Any:
    return value


SAME: Final = Codec(_as_it_is, _as_it_is)
"""The same value under another name."""


@dataclass(frozen=True, slots=True)
class Row:
    """One member and its home."""

    theirs: str
    """Dotted path in the dialect."""
    ours: str
    """Dotted path in the canonical object."""
    codec: Codec = SAME
    blank: Any = ABSENT
    """What the dialect, which requires the member, says where we say nothing."""
    default: Any = ABSENT
    """What we say where the dialect says nothing."""


def _nothing_more(_source: JsonObject, _made: JsonObject) -> None:
    pass


class Table:
    """The spelling of one kind of object, or of one kind of part."""

    def __init__(
        self,
        *rows: Row,
        assumed: Mapping[str, Any] = _NOTHING,
        supplied: Mapping[str, Any] = _NOTHING,
        on_read: Hook = _nothing_more,
        on_write: Hook = _nothing_more,
    ) -> None:
        """
        Args:
            assumed: what the canonical object requires and the dialect never says, by dotted path.
            supplied: what the dialect requires and a canonical object may lack.
            on_read: gets the dialect's object and the canonical one, to complete the latter.
            on_write: gets the canonical object and the dialect's one, to complete the latter.
        """
        self._reading = [(r.theirs, r.ours, r.codec.read, r.blank, r.default) for r in rows]
        self._writing = [(r.ours, r.theirs, r.codec.write, r.default, r.blank) for r in rows]
        self._assumed, self._supplied = assumed, supplied
        self._on_read, self._on_write = on_read, on_write

    def read(self, theirs: Any) -> Any:
        """The canonical object; ABSENT for what is no object."""
        return _carry(theirs, self._reading, self._on_read, self._assumed)

    def write(self, ours: Any) -> Any:
        """The dialect's object; ABSENT for what is no object."""
        return _carry(ours, self._writing, self._on_write, self._supplied)


def _carry(source: Any, moves: list[Any], complete: Hook, missing: Mapping[str, Any]) -> Any:
    if not isinstance(source, dict):
        return ABSENT
    left, made = clone(source), dict[str, Any]()
    for origin, home, change, silence, stand_in in moves:
        value = pop(left, origin)
        moved = ABSENT if value is ABSENT or value == silence else change(value)
        if (kept := stand_in if moved is ABSENT else moved) is not ABSENT:
            put(made, home, clone(kept))
    complete(source, made)
    for home, value in missing.items():
        put(made, home, clone(value))
    return made


def _text(value: Any) -> Any:
    return value if isinstance(value, str) else ABSENT


TEXT: Final = Codec(_text, _text)
"""Text, and nothing else."""


def time_or_absent(value: Any) -> Any:
    """A time as we spell it; ABSENT for what is no time."""
    try:
        return format_time(parse_time(value)) if isinstance(value, str) else ABSENT
    except (ValueError, OverflowError):
        return ABSENT


TIME: Final = Codec(time_or_absent, time_or_absent)
"""A point in time, in UTC and with `Z` on both sides; the spelling that came is a residue."""


def _seconds(value: Any) -> Any:
    try:
        return value if not isinstance(value, str) else parse_duration(value).total_seconds()
    except ValueError:
        return ABSENT


SECONDS: Final = Codec(_as_it_is, _seconds)
"""A duration for a dialect that knows only numbers."""


def _three_numbers(version: Any) -> Any:
    if not isinstance(version, str):
        return ABSENT
    numbers = version.split("-")[0].split(".")
    return ".".join((*numbers, "0")[:3])


VERSION: Final = Codec(_as_it_is, _three_numbers)
"""A version for a dialect that reads exactly `x.y.z`."""


def words(*, read: Mapping[str, str] = _NOTHING, write: Mapping[str, str] = _NOTHING) -> Codec:
    """Renames values of an enumeration; those that are not named stay as they are."""
    return Codec(
        lambda value: read.get(value, value) if isinstance(value, str) else ABSENT,
        lambda value: write.get(value, value) if isinstance(value, str) else ABSENT,
    )


def cut(length: int) -> Codec:
    """Text that is not empty, and that the canonical object holds up to `length` characters of."""

    def read(value: Any) -> Any:
        if not isinstance(value, str) or not value:
            return ABSENT
        return value if len(value) <= length else value[: length - 1] + "…"

    return Codec(read, _text)


def each(table: Table) -> Codec:
    """A list of parts."""

    def read(parts: Any) -> Any:
        return _all_of(parts, table.read)

    def write(parts: Any) -> Any:
        return _all_of(parts, table.write)

    return Codec(read, write)


def _all_of(parts: Any, change: Change) -> Any:
    if not isinstance(parts, list):
        return ABSENT
    return [made for part in parts if (made := change(part)) is not ABSENT]
