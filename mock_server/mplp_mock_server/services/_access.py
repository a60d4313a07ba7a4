"""May a role do something with a resource? Pure judgement over permissions.

Used by `POST /roles/{id}/check`, and by the server itself for callers whose token carries a role.
Spec: protocol §2.1 roles; Design-draft, permission model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mplp_mock_server.services._built_in_roles import BUILT_IN
from mplp_mock_server.services._validation import JsonObject

__all__ = ["Granted", "Question", "Verdict", "judge", "refusal"]

_ANY: Final = "*"


@dataclass(frozen=True)
class Granted:
    """A permission, and the roles that lead to it."""

    permission: Mapping[str, Any]
    path: tuple[str, ...]
    """Ids, from the role that was asked to the one that has the permission."""


@dataclass(frozen=True)
class Question:
    """What somebody wants to do."""

    resource: str
    action: str
    context: Mapping[str, Any]
    """What conditions are compared with."""


@dataclass(frozen=True)
class Verdict:
    """Whether they may, and why."""

    allowed: bool
    because: str
    granted: Granted | None = None
    """What decided; None where no permission is about it."""


def judge(granted: Iterable[Granted], question: Question) -> Verdict:
    """The verdict over permissions, the nearest first: one that is about it, its conditions met, allows."""
    unmet: Verdict | None = None
    for one in granted:
        if not _is_about(one.permission, question):
            continue
        reason = _first_unmet(one.permission.get("conditions") or {}, question.context)
        if reason is None:
            return Verdict(True, f"{_named(one)} allows {question.action} on {question.resource}", one)
        unmet = unmet or Verdict(False, f"{_named(one)} allows it only where {reason}", one)
    none = f"no permission is about {question.action} on {question.resource}"
    return unmet or Verdict(False, none)


def refusal(role: str, resource: str, action: str) -> str | None:
    """Why one of the built-in roles may not do something; None where it may."""
    granted = [Granted(permission, (role,)) for permission in BUILT_IN[role]["permissions"]]
    verdict = judge(granted, Question(resource, action, {}))
    return None if verdict.allowed else verdict.because


def _named(granted: Granted) -> str:
    actions = "|".join(granted.permission["actions"])
    where = "" if len(granted.path) == 1 else f", which comes from the role {granted.path[-1]},"
    return f"the permission {actions} on {granted.permission['resource']}{where}"


def _is_about(permission: Mapping[str, Any], question: Question) -> bool:
    actions = {action for spelling in permission["actions"] for action in _split(spelling)}
    return permission["resource"] in (_ANY, question.resource) and bool(actions & {_ANY, question.action})


def _split(actions: str) -> Iterator[str]:
    """`read|write` is two actions, as Design-draft spells them."""
    return (action.strip() for action in actions.split("|"))


def _first_unmet(conditions: Mapping[str, Any], context: Mapping[str, Any]) -> str | None:
    """The first condition that does not hold, for a person; None where all do."""
    for name, expected in conditions.items():
        if name not in context:
            return f"{name} {_wanted(expected)}, and the context does not say"
        if not _holds(expected, context[name]):
            return f"{name} {_wanted(expected)}, and it is {context[name]!r}"
    return None


def _wanted(expected: Any) -> str:
    match expected:
        case list():
            return f"is one of {expected!r}"
        case {"any_of": list() as values}:
            return f"is one of {values!r}"
        case dict() if _is_range(expected):
            bounds = (f"at {word} {expected[end]!r}" for end, word in _ENDS.items() if end in expected)
            return f"is {' and '.join(bounds)}"
    return f"is {expected!r}"


_ENDS: Final = {"min": "least", "max": "most"}


def _is_range(expected: JsonObject) -> bool:
    return bool(expected) and expected.keys() <= _ENDS.keys()


def _holds(expected: Any, actual: Any) -> bool:
    match expected:
        case list():
            return _among(expected, actual)
        case {"any_of": list() as values}:
            return _among(values, actual)
        case dict() if _is_range(expected):
            return _within(expected, actual)
    return _equal(expected, actual)


def _among(values: Sequence[Any], actual: Any) -> bool:
    return any(_equal(value, actual) for value in values)


def _within(bounds: Mapping[str, Any], actual: Any) -> bool:
    numbers = (actual, *bounds.values())
    if any(isinstance(number, bool) or not isinstance(number, int | float) for number in numbers):
        return False
    least, most = bounds.get("min", actual), bounds.get("max", actual)
    return bool(least <= actual <= most)


def _equal(one: Any, other: Any) -> bool:
    # In JSON `true` is not 1, whatever Python says.
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
