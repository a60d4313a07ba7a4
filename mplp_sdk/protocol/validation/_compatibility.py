"""Compatibility: will others read the object as it was meant? Spec: protocol §1.2, §1.4, §4; Design-draft."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from pydantic.alias_generators import to_camel, to_snake

from mplp_sdk.protocol.validation._compile import definitions_of, resolve
from mplp_sdk.protocol.validation._dialects import DIALECTS
from mplp_sdk.protocol.validation._subject import Problem, Subject, objects_at
from mplp_sdk.protocol.validation._text import finder

__all__ = ["member_spelling", "protocol_version_supported", "references_resolve", "version_portable"]

_PORTABLE: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_SUPPORTED: Final = re.compile(r"v?1(\.[0-9]+)*(-.*)?")


def protocol_version_supported(subject: Subject) -> Iterable[Problem] | None:
    places = [((), subject.obj), *objects_at(subject.obj, "metadata"), *objects_at(subject.obj, "meta")]
    declared = [
        ((*path, "protocol_version"), obj["protocol_version"])
        for path, obj in places
        if "protocol_version" in obj
    ]
    if not declared:
        return None
    return [
        Problem(
            subject.path(*path),
            version,
            "This version of the protocol is not supported.",
            "Write the object for version 1.0 of the protocol, or leave protocol_version out.",
        )
        for path, version in declared
        if not (isinstance(version, str) and _SUPPORTED.fullmatch(version))
    ]


def version_portable(subject: Subject) -> Iterable[Problem] | None:
    version = subject.obj.get("version")
    if not isinstance(version, str):
        return None
    if _PORTABLE.fullmatch(version):
        return []
    return [
        Problem(
            subject.path("version"),
            version,
            "Not every dialect can carry this version: some take exactly three numbers.",
            "Write three numbers, such as 1.0.0.",
        )
    ]


def member_spelling(subject: Subject) -> Iterable[Problem]:
    rules = subject.dialect.schemas[subject.kind]
    if subject.text is None or not _misspelling_in(subject.dialect.name, subject.kind)(subject.text):
        return []
    return list(_misspelt(rules, subject))


def _misspelt(rules: Mapping[str, Any], subject: Subject) -> Iterator[Problem]:
    waiting: list[tuple[Mapping[str, Any], Any, tuple[Any, ...]]] = [(rules, subject.obj, ())]
    while waiting:
        here, value, path = waiting.pop()
        here = resolve(rules, here)
        members = here.get("properties")
        if members and isinstance(value, dict):
            for odd, name in _other_spellings(members):
                if odd in value and odd not in members:
                    yield _respell(subject.path(*path, odd), value[odd], name, taken=name in value)
            waiting += [(rule, value[name], (*path, name)) for name, rule in members.items() if name in value]
        elif here.get("items") and isinstance(value, list):
            waiting += [(here["items"], item, (*path, i)) for i, item in enumerate(value)]


def _respell(path: str, value: Any, name: str, *, taken: bool) -> Problem:
    advice = f"take this one out, since {name} is there too" if taken else f"write {name}"
    return Problem(
        path,
        value,
        f"This dialect calls the member {name}, so nobody will read this one.",
        f"If {name} is meant, {advice}.",
    )


def _other_spellings(members: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What other dialects would call `members`."""
    found = [(other, name) for name in members for other in (to_camel(name), to_snake(name)) if other != name]
    return [(other, name) for other, name in found if other not in members]


@cache
def _misspelling_in(dialect: str, kind: str) -> Callable[[object], bool]:
    """Whether a JSON text has a member of another spelling anywhere; asked before anything is walked."""
    names: set[str] = set()
    waiting: list[Any] = [DIALECTS[dialect].schemas[kind]]
    while waiting:
        here = waiting.pop()
        members = here.get("properties", {})
        names |= {other for other, _ in _other_spellings(members)}
        waiting += [*members.values(), *definitions_of(here).values()]
        waiting += [here["items"]] if here.get("items") else []
    pattern = rf'(?:{"|".join(sorted(map(re.escape, names)))})":'
    return finder(pattern)


def references_resolve(subject: Subject) -> Iterable[Problem] | None:
    wanted = [
        (kind, member)
        for kind, member in subject.dialect.refers.items()
        if member in subject.obj and subject.related.has_any(kind)
    ]
    if not wanted:
        return None
    return [
        Problem(
            subject.path(member),
            name,
            f"No {'span' if kind == 'trace' else kind} with this id is among the related objects.",
            f"Add the {'span' if kind == 'trace' else kind}, or correct the id.",
        )
        for kind, member in wanted
        if isinstance(name := subject.obj[member], str) and not subject.related.has(kind, name)
    ]
