"""What the engine knows of a dialect: the schemas of its objects, and its words for what rules ask about.

An object is validated in the dialect it is written in, so that paths are those of the file a person has open.
The dialects without schemas of their own, `draft` and `context-message`, are not here: their objects are
validated as the canonical ones that they stand for. Spec: protocol §1.2, §4, §9.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, NamedTuple

from mplp_sdk.errors import InvalidFormat
from mplp_sdk.protocol import dialects
from mplp_sdk.protocol.dialects import frozen
from mplp_sdk.protocol.schemas import MODULES, schema
from mplp_sdk.protocol.validation import _rfc_schemas
from mplp_sdk.protocol.validation._measure import not_json

__all__ = ["DIALECTS", "KINDS", "NAMES", "Dialect", "Identified", "identify", "objects_in"]

Rules = Mapping[str, Any]

KINDS: Final = tuple(MODULES)
"""Kinds of object, by the names they have in an ingest record."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One way of spelling the same objects."""

    name: str
    schemas: Mapping[str, Rules] = field(repr=False)
    """JSON Schema of each kind of object that the dialect has."""
    ids: Mapping[str, str]
    """What the id of each kind is called in the object itself."""
    refers: Mapping[str, str]
    """What the id of each kind is called in another object; `trace` means the parent span."""
    tasks: str
    task_id: str
    edges_in_tasks: bool
    """Whether each task lists the ids of those it waits for; else the plan lists edges."""
    duration: str
    goals: tuple[str, ...]
    """Path of a context's goals."""
    whole_context: bool
    """Whether every context must have goals and an environment."""
    fractional_cpu: float
    """A task's `cpu` up to this is a part of the machine; above, a number of processors."""


CANONICAL: Final = Dialect(
    name="canonical",
    schemas={kind: schema(kind) for kind in KINDS},
    ids=dict.fromkeys(KINDS, "id"),
    refers={"context": "context_id", "plan": "plan_id", "task": "task_id", "trace": "parent_span_id"},
    tasks="tasks",
    task_id="id",
    edges_in_tasks=False,
    duration="estimated_duration",
    goals=("shared_state", "goals"),
    whole_context=False,
    fractional_cpu=0.999,
)
RFC: Final = Dialect(
    name="rfc",
    schemas=_rfc_schemas.SCHEMAS,
    ids={kind: f"{kind}Id" for kind in _rfc_schemas.SCHEMAS},
    refers={"context": "contextId", "plan": "planId", "task": "stepId"},
    tasks="steps",
    task_id="stepId",
    edges_in_tasks=True,
    duration="estimatedDuration",
    goals=("goals",),
    whole_context=True,
    fractional_cpu=1.0,
)
FROZEN: Final = Dialect(
    name="frozen",
    schemas={kind: frozen.schema(kind) for kind in _rfc_schemas.SCHEMAS},
    ids={kind: "confirm_id" if kind == "confirmation" else f"{kind}_id" for kind in _rfc_schemas.SCHEMAS},
    refers={"context": "context_id", "plan": "plan_id"},
    tasks="steps",
    task_id="step_id",
    edges_in_tasks=True,
    duration="estimated_duration",
    goals=("goals",),
    whole_context=False,
    fractional_cpu=1.0,
)

DIALECTS: Final[Mapping[str, Dialect]] = {dialect.name: dialect for dialect in (CANONICAL, RFC, FROZEN)}
NAMES: Final = dialects.DIALECTS
"""Names of all dialects, those without schemas of their own included."""


class Identified(NamedTuple):
    """What an object is, and in which spelling it is validated."""

    kind: str
    dialect: Dialect
    obj: dict[str, Any]
    """The object itself, or the canonical one that it stands for."""


def identify(obj: dict[str, Any], kind: str | None = None, dialect: str | None = None) -> Identified | None:
    """Tell the kind and dialect of `obj` by its members, within what the caller knows already.

    Raises:
        InvalidFormat: it is of a dialect without schemas, and cannot be read in it.
    """
    if not all(isinstance(name, str) for name in obj):
        return None
    try:
        found = dialects.recognise(obj, kind=kind, source=dialect)
    except InvalidFormat:
        if dialect is not None and dialect not in DIALECTS:
            raise
        return _likeliest(obj, kind, dialect)
    if found.kind not in KINDS:
        return _likeliest(obj, kind, dialect)
    if found.dialect in DIALECTS:
        return Identified(found.kind, DIALECTS[found.dialect], obj)
    return Identified(found.kind, CANONICAL, _canonical(obj, found))


def _canonical(obj: dict[str, Any], found: dialects.Recognised) -> dict[str, Any]:
    if next(not_json(obj), None):
        raise InvalidFormat("it has values that JSON cannot carry")
    written: dict[str, Any] = dialects.convert(
        obj, to=CANONICAL.name, kind=found.kind, source=found.dialect
    ).object
    return written


def _likeliest(obj: dict[str, Any], kind: str | None, dialect: str | None) -> Identified | None:
    """What an object that lacks something was meant to be: the kind that declares most of its members.

    It must declare one that no other kind does, or have all that it requires. None where nothing fits.
    """
    names = frozenset(obj)
    best: tuple[float, float, str, Dialect] | None = None
    for each, declared, required in _shapes():
        if kind not in (None, each[0]) or dialect not in (None, each[1]):
            continue
        whole = len(required & names) / len(required)
        if whole < 1 and not names & _distinctive()[each[0]] and kind is None:
            continue
        score = (len(declared & names), whole)
        if best is None or score > best[:2]:
            best = (*score, each[0], DIALECTS[each[1]])
    return best and Identified(best[2], best[3], obj)


@cache
def _shapes() -> tuple[tuple[tuple[str, str], frozenset[str], frozenset[str]], ...]:
    """Kind and dialect, the members declared, and those required."""
    return tuple(
        ((kind, dialect.name), frozenset(rules["properties"]), frozenset(rules["required"]))
        for dialect in DIALECTS.values()
        for kind, rules in dialect.schemas.items()
    )


@cache
def _distinctive() -> dict[str, frozenset[str]]:
    """The members that only one kind of object declares, in whatever dialect."""
    members: dict[str, frozenset[str]] = dict.fromkeys(KINDS, frozenset())
    for (kind, _), declared, _ in _shapes():
        members[kind] |= declared
    count = Counter(name for declared in members.values() for name in declared)
    return {
        kind: frozenset(name for name in declared if count[name] == 1) for kind, declared in members.items()
    }


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """The objects of a list that may hold anything."""
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())
