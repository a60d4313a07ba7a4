"""What one object says and another does not, as data, so that the second can be completed to the first.

    made      {"status": "skipped", "cost": 3}
    wanted    {"status": "cancelled", "name": "Tidy up", "cost": 3}
    residue   [{"at": "/status", "was": "skipped", "is": "cancelled"}, {"at": "/name", "is": "Tidy up"}]

`restore(made, difference(made, wanted))` is always `wanted`: that alone makes every dialect lossless,
whatever its table says. `was` guards an edit: where the value is no longer the one that was compared,
somebody has changed it since, and the newer value stays.

Paths are JSON Pointers. An element of a list is called `@id=…` where it has an id of its own, so that it is
found again after others were added; `after` names the element that an added one follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mplp_sdk.protocol.dialects._json import ABSENT, DEEPEST, JsonObject, clone, same

__all__ = ["Residue", "difference", "is_residue", "pointer", "positions", "restore"]

Residue = list[JsonObject]

# Members that tell the elements of a list apart, in any dialect.
_IDS = ("id", "stepId", "step_id", "task_id", "segment_id", "decision_id", "participant_id")


def difference(made: Any, wanted: Any) -> Residue:
    """What has to be put into `made` to get `wanted`; empty where they are the same JSON."""
    return list(_compare(made, wanted, ()))


def restore(made: Any, residue: Residue) -> tuple[Any, list[str]]:
    """`made` with `residue` put back, and the paths in it that no longer fit because something was edited."""
    whole = {"": clone(made)}
    top = _Place()
    for entry in residue:
        top.inner_at(_segments(entry["at"])).entry = clone(entry)
    stale = [entry["at"] for entry in _put_back(whole, top)]
    return whole[""], stale


def is_residue(value: Any) -> bool:
    """Whether `value` has the form that `difference` gives; it comes from outside."""
    return isinstance(value, list) and bool(value) and all(map(_is_entry, value))


def pointer(segments: Sequence[str | int]) -> str:
    """The JSON Pointer that leads through `segments`."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in segments)


def positions(paths: Iterable[str], obj: Any) -> Iterator[str]:
    """The paths of a residue as plain JSON Pointers into `obj`: elements by position."""
    known: dict[int, dict[str, int]] = {}
    for path in paths:
        found: list[str | int] = []
        inner = obj
        for segment in _segments(path)[1:]:
            key: str | int | None = segment
            if isinstance(inner, list):
                key = _known_indices(inner, known).get(segment)
            found.append(segment if key is None else key)
            inner = _child(inner, key)
        yield pointer(found)


def _compare(made: Any, wanted: Any, at: tuple[str, ...]) -> Iterator[JsonObject]:
    if isinstance(made, dict) and isinstance(wanted, dict):
        for name in made | wanted:
            yield from _compare(made.get(name, ABSENT), wanted.get(name, ABSENT), (*at, name))
    elif isinstance(made, list) and isinstance(wanted, list) and not same(made, wanted):
        yield from _compare_lists(made, wanted, at)
    elif not same(made, wanted):
        yield _entry(at, made, wanted)


def _compare_lists(made: list[Any], wanted: list[Any], at: tuple[str, ...]) -> Iterator[JsonObject]:
    before, after = _names(made), _names(wanted)
    if len(made) == len(wanted):
        names = zip(before or range(len(made)), after or range(len(made)), strict=True)
        for index, (one, other) in enumerate(names):
            segment = f"@{one}" if one == other and isinstance(one, str) else str(index)
            yield from _compare(made[index], wanted[index], (*at, segment))
    elif before and after and _keep_order(before, after):
        named = dict(zip(before, made, strict=True)), dict(zip(after, wanted, strict=True))
        yield from _compare_named(*named, at)
    else:
        yield _entry(at, made, wanted)


def _compare_named(made: JsonObject, wanted: JsonObject, at: tuple[str, ...]) -> Iterator[JsonObject]:
    for name in made:
        if name not in wanted:
            yield _entry((*at, f"@{name}"), made[name], ABSENT)
    previous = ""
    for name, element in wanted.items():
        if name in made:
            yield from _compare(made[name], element, (*at, f"@{name}"))
        else:
            yield _entry((*at, f"@{name}"), ABSENT, element) | {"after": previous}
        previous = name


def _keep_order(before: list[str], after: list[str]) -> bool:
    common = set(before) & set(after)
    return [name for name in before if name in common] == [name for name in after if name in common]


def _names(elements: list[Any]) -> list[str] | None:
    """The ids of a list's elements; None unless each has one of its own."""
    names = [_name(element) for element in elements]
    given = [name for name in names if name]
    return given if len(set(given)) == len(names) else None


def _name(element: Any) -> str | None:
    if not isinstance(element, dict):
        return None
    member = next((member for member in _IDS if member in element), None)
    return f"{member}={element[member]}" if member and isinstance(element[member], str) else None


def _entry(at: tuple[str, ...], made: Any, wanted: Any) -> JsonObject:
    sides = {"was": made, "is": wanted}
    return {"at": pointer(at)} | {side: clone(value) for side, value in sides.items() if value is not ABSENT}


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or not entry.keys() & {"was", "is"}:
        return False
    at = entry.get("at")
    return isinstance(at, str) and (at == "" or at.startswith("/")) and at.count("/") <= DEEPEST


def _segments(path: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")]


@dataclass(slots=True)
class _Place:
    """What is to be put back at one place, and below it."""

    entry: JsonObject | None = None
    inner: dict[str, _Place] = field(default_factory=dict)

    def inner_at(self, segments: list[str]) -> _Place:
        place = self
        for segment in segments:
            place = place.inner.setdefault(segment, _Place())
        return place

    def entries(self) -> Iterator[JsonObject]:
        if self.entry is not None:
            yield self.entry
        for place in self.inner.values():
            yield from place.entries()

    @property
    def moves_elements(self) -> bool:
        """Whether it takes an element out of a list, or puts one in."""
        return self.entry is not None and ("after" in self.entry or "is" not in self.entry)


def _put_back(obj: Any, place: _Place) -> Iterator[JsonObject]:
    """Put back what belongs below `obj`; yields the entries that do not fit."""
    if isinstance(obj, list):
        yield from _put_back_elements(obj, place)
        return
    for name, inner in place.inner.items():
        if not isinstance(obj, dict):
            yield from inner.entries()
        else:
            yield from _put_back_member(obj, name, inner)


def _put_back_elements(elements: list[Any], place: _Place) -> Iterator[JsonObject]:
    indices = _indices(elements)
    for segment, inner in place.inner.items():
        if inner.moves_elements:
            continue
        index = indices.get(segment)
        if index is None:
            yield from inner.entries()
        else:
            yield from _put_back_member(elements, index, inner)
    for segment, inner in place.inner.items():
        if inner.entry and inner.moves_elements and not _move(elements, segment, inner.entry):
            yield inner.entry


def _put_back_member(holder: Any, key: str | int, place: _Place) -> Iterator[JsonObject]:
    yield from _put_back(_child(holder, key), place)
    if (entry := place.entry) is None:
        return
    if not same(_child(holder, key), entry.get("was", ABSENT)):
        yield entry
    elif "is" in entry:
        holder[key] = entry["is"]
    else:
        del holder[key]


def _move(elements: list[Any], segment: str, entry: JsonObject) -> bool:
    indices = _indices(elements)
    index = indices.get(segment)
    if "after" in entry:
        if index is not None or "is" not in entry:
            return False
        previous = indices.get(f"@{entry['after']}", len(elements) - 1) if entry["after"] else -1
        elements.insert(previous + 1, entry["is"])
        return True
    if index is None or not same(elements[index], entry.get("was", ABSENT)):
        return False
    del elements[index]
    return True


def _child(obj: Any, key: str | int | None) -> Any:
    if isinstance(obj, list):
        return obj[key] if isinstance(key, int) else ABSENT
    return obj.get(key, ABSENT) if isinstance(obj, dict) else ABSENT


def _indices(elements: list[Any]) -> dict[str, int]:
    """Position of each element by every segment that leads to it; the first of those that share an id."""
    found = {str(index): index for index in range(len(elements))}
    for index, element in enumerate(elements):
        if name := _name(element):
            found.setdefault(f"@{name}", index)
    return found


def _known_indices(elements: list[Any], known: dict[int, dict[str, int]]) -> dict[str, int]:
    if id(elements) not in known:
        known[id(elements)] = _indices(elements)
    return known[id(elements)]
