"""Roles among their parents and children: what is inherited, and what would be a cycle.

A role has its own capabilities, then those of its parents in order as its overrides change them. What it
inherits is written into it, and written anew whenever a role above it changes. Roles that came by ingest may
hold anything, so every walk minds where it has been.

Spec: protocol §3 Role; Design, Role schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from mplp_mock_server.services._access import Granted
from mplp_mock_server.services._validation import JsonObject

__all__ = ["Find", "children_of", "find_cycle", "granted_to", "heirs_of", "inherited", "parents_of"]

Find = Callable[[str], JsonObject | None]
"""The role of an id; None where there is none."""


def parents_of(role: Mapping[str, Any]) -> list[str]:
    """Ids of the roles that `role` inherits from, in order."""
    return _ids(role, "parent_roles")


def children_of(role: Mapping[str, Any]) -> list[str]:
    """Ids of the roles that inherit from `role`."""
    return _ids(role, "child_roles")


def find_cycle(role_id: str, parents: Sequence[str], find: Find) -> list[str] | None:
    """The way from `role_id` over `parents` back to itself, with both ends; None where there is none."""
    seen: set[str] = set()
    waiting: list[tuple[str, tuple[str, ...]]] = [(parent, (role_id,)) for parent in reversed(parents)]
    while waiting:
        current, way = waiting.pop()
        if current == role_id:
            return [*way, current]
        if current not in seen:
            seen.add(current)
            waiting += [(parent, (*way, current)) for parent in reversed(parents_of(find(current) or {}))]
    return None


def heirs_of(role_id: str, find: Find) -> list[str]:
    """All roles below one, each after those that it inherits from."""
    order: list[str] = []
    seen = {role_id}
    ways = [iter(children_of(find(role_id) or {}))]
    names: list[str] = []
    while ways:
        child = next(ways[-1], None)
        if child is None:
            ways.pop()
            order += [names.pop()] if names else []
        elif child not in seen:
            seen.add(child)
            names.append(child)
            ways.append(iter(children_of(find(child) or {})))
    return order[::-1]


def inherited(role: Mapping[str, Any], find: Find) -> list[JsonObject]:
    """The capabilities that `role` has from its parents, each as the overrides make it."""
    own = {capability["name"] for capability in role.get("capabilities") or []}
    changes = {change["capability"]: _change(change) for change in _overrides(role)}
    found: dict[str, JsonObject] = {}
    for parent in filter(None, map(find, parents_of(role))):
        for capability in (*(parent.get("capabilities") or []), *_inherited(parent)):
            name = capability["name"]
            if name not in own and name not in found:
                found[name] = {**capability, **changes.get(name, {})}
    return list(found.values())


def granted_to(role_id: str, find: Find) -> Iterator[Granted]:
    """All permissions of a role: its own, then those of its parents and of theirs, in order."""
    seen: set[str] = set()
    waiting: list[tuple[str, ...]] = [(role_id,)]
    while waiting:
        path = waiting.pop()
        role = find(path[-1])
        if role is None or path[-1] in seen:
            continue
        seen.add(path[-1])
        yield from (Granted(permission, path) for permission in role.get("permissions") or [])
        waiting += [(*path, parent) for parent in reversed(parents_of(role))]


def _ids(role: Mapping[str, Any], name: str) -> list[str]:
    return list((role.get("inheritance") or {}).get(name) or [])


def _overrides(role: Mapping[str, Any]) -> Iterable[JsonObject]:
    return _with_member((role.get("inheritance") or {}).get("overrides"), "capability")


def _inherited(role: Mapping[str, Any]) -> Iterable[JsonObject]:
    return _with_member((role.get("inheritance") or {}).get("inherited_capabilities"), "name")


def _with_member(items: Sequence[Any] | None, name: str) -> Iterable[JsonObject]:
    # Other tools write bare names here, which say nothing that could be inherited.
    return (item for item in items or [] if isinstance(item, dict) and isinstance(item.get(name), str))


def _change(override: Mapping[str, Any]) -> JsonObject:
    return {name: value for name, value in override.items() if name != "capability"}
