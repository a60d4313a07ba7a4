"""What the rules are asked about: one object, read once, with what it belongs to.

The schema layer may have refused the object already, so everything here takes data as it comes: what is not
of the expected type is passed over, and where a rule needs it, it is as if it were not there.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from mplp_sdk.errors import InvalidFormat
from mplp_sdk.models import MPLPModel
from mplp_sdk.protocol.times import parse_duration
from mplp_sdk.protocol.validation._dialects import Dialect, Identified, identify, objects_in
from mplp_sdk.protocol.validation._facts import Facts
from mplp_sdk.protocol.validation._paths import Step, at, shorten

__all__ = [
    "ContextView",
    "PlanView",
    "Problem",
    "Related",
    "Subject",
    "Waiting",
    "as_data",
    "number",
    "objects_at",
]


class Problem(NamedTuple):
    """One breach of a rule, as the rule sees it."""

    path: str
    value: Any
    message: str
    suggestion: str


class Waiting(NamedTuple):
    """An edge of a plan: `after` waits for `before`."""

    before: str
    after: str
    kind: str
    place: tuple[Step, ...]
    """Where the plan says so."""


@dataclass(frozen=True)
class PlanView:
    """A plan, whatever its dialect calls its members."""

    obj: Mapping[str, Any]
    dialect: Dialect

    @cached_property
    def tasks(self) -> list[Mapping[str, Any]]:
        """In the plan's order; an item that is no object is an empty one."""
        found = self.obj.get(self.dialect.tasks)
        return [item if isinstance(item, dict) else {} for item in found] if isinstance(found, list) else []

    @cached_property
    def ids(self) -> list[Any]:
        """Of the tasks; None where there is none."""
        name = self.dialect.task_id
        return [task.get(name) for task in self.tasks]

    @cached_property
    def index(self) -> dict[Any, int]:
        """Number of the first task with each id."""
        numbers = range(len(self.ids) - 1, -1, -1)
        try:
            return dict(zip(reversed(self.ids), numbers, strict=True))
        except TypeError:  # an id that is an array or an object
            return {
                name: i for name, i in zip(reversed(self.ids), numbers, strict=True) if isinstance(name, str)
            }

    @cached_property
    def waiting(self) -> list[Waiting]:
        """All edges, those to tasks that do not exist included."""
        return list(self._edges_in_tasks() if self.dialect.edges_in_tasks else self._edges())

    @cached_property
    def edges(self) -> list[tuple[int, int]]:
        """The edges between tasks that exist, as numbers."""
        return self._sound_edges if self._sound_edges is not None else [edge[:2] for edge in self.typed_edges]

    @property
    def typed_edges(self) -> list[tuple[int, int, str]]:
        """The edges between tasks that exist, as numbers, with how one waits for the other."""
        index = self.index
        return [
            (index[before], index[after], kind)
            for before, after, kind, _ in self.waiting
            if before in index and after in index
        ]

    @property
    def all_edges_exist(self) -> bool:
        """Whether every edge is between two tasks of the plan."""
        return self._sound_edges is not None

    @cached_property
    def _sound_edges(self) -> list[tuple[int, int]] | None:
        """Edges as nearly every plan has them, read in one go; None where one is not as it should be."""
        index = self.index
        try:
            if self.dialect.edges_in_tasks:
                return [
                    (index[before], index[after])
                    for task, after in zip(self.tasks, self.ids, strict=True)
                    for before in task.get("dependencies", ())
                ]
            return [
                (index[edge["from_task"]], index[edge["to_task"]])
                for edge in self.obj.get("dependencies", ())
            ]
        except (KeyError, TypeError):
            return None

    @cached_property
    def parts(self) -> list[int]:
        """The tasks that name a parent."""
        return [i for i, task in enumerate(self.tasks) if "parent_task" in task]

    @cached_property
    def parents(self) -> list[tuple[int, int]]:
        """Parent and part, as numbers."""
        named = [(self.tasks[i]["parent_task"], i) for i in self.parts]
        return [
            (self.index[parent], i) for parent, i in named if isinstance(parent, str) and parent in self.index
        ]

    @property
    def durations(self) -> list[float]:
        """Estimated seconds of each task; 0 where it has no estimate."""
        name = self.dialect.duration
        return [_seconds(task.get(name)) for task in self.tasks]

    def name(self, number: int) -> str:
        """What a person calls the task."""
        task = self.tasks[number]
        name = task.get("name") or task.get("description") or task.get(self.dialect.task_id)
        return shorten(name, 40) if isinstance(name, str) else f"task {number + 1}"

    def _edges(self) -> Iterator[Waiting]:
        found = self.obj.get("dependencies")
        for i, edge in enumerate(found if isinstance(found, list) else ()):
            if isinstance(edge, dict):
                before, after, kind = edge.get("from_task"), edge.get("to_task"), edge.get("type")
                if isinstance(before, str) and isinstance(after, str):
                    yield Waiting(before, after, kind if isinstance(kind, str) else "", ("dependencies", i))

    def _edges_in_tasks(self) -> Iterator[Waiting]:
        for i, (task, after) in enumerate(zip(self.tasks, self.ids, strict=True)):
            found = task.get("dependencies")
            for j, before in enumerate(found if isinstance(found, list) else ()):
                if isinstance(before, str) and isinstance(after, str):
                    place = (self.dialect.tasks, i, "dependencies", j)
                    yield Waiting(before, after, "finish_to_start", place)


@dataclass(frozen=True)
class ContextView:
    """A context, whatever its dialect calls its members."""

    obj: Mapping[str, Any]
    dialect: Dialect

    @property
    def id(self) -> Any:
        return self.obj.get(self.dialect.ids["context"])

    @property
    def goals(self) -> Any:
        """Whatever stands where the goals belong; None where nothing does."""
        found: Any = self.obj
        for name in self.dialect.goals:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    @cached_property
    def capacity(self) -> dict[str, float]:
        """How much of each resource there is: the environment's, and no more than its constraints allow."""
        environment = self.obj.get("environment")
        if not isinstance(environment, dict):
            return {}
        resources = environment.get("resources")
        found = list(resources.items()) if isinstance(resources, dict) else []
        found += [
            (limit.get("type"), limit.get("value")) for limit in objects_in(environment.get("constraints"))
        ]
        capacity: dict[str, float] = {}
        for name, value in found:
            if name in ("cpu", "memory", "storage") and (amount := number(value)) is not None:
                capacity[name] = min(amount, capacity.get(name, math.inf))
        return capacity


class Related:
    """Other objects that the validated one may refer to, found by their ids.

    Make it once and pass it on where many objects are validated against each other.
    """

    def __init__(self, objects: Iterable[Mapping[str, Any] | MPLPModel] = ()) -> None:
        self._by_id: dict[tuple[str, str], tuple[Mapping[str, Any], Dialect]] = {}
        self._kinds: set[str] = set()
        self._confirmations: dict[str, list[Mapping[str, Any]]] = {}
        for obj in objects:
            if found := identified(obj):
                self._add(*found)

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def has_any(self, kind: str) -> bool:
        """Whether there is any object of `kind`, tasks of plans included."""
        return kind in self._kinds

    def has(self, kind: str, name: str) -> bool:
        """Whether there is the object of `kind` with this id."""
        return (kind, name) in self._by_id

    def plan(self, name: object) -> PlanView | None:
        """The plan with this id."""
        found = self._find("plan", name)
        return found and PlanView(*found)

    def context(self, name: object) -> ContextView | None:
        """The context with this id."""
        found = self._find("context", name)
        return found and ContextView(*found)

    def confirmations(self, target: object) -> list[Mapping[str, Any]]:
        """The confirmations that were asked for about the object with this id."""
        return self._confirmations.get(target, []) if isinstance(target, str) else []

    def _find(self, kind: str, name: object) -> tuple[Mapping[str, Any], Dialect] | None:
        return self._by_id.get((kind, name)) if isinstance(name, str) else None

    def _add(self, kind: str, dialect: Dialect, obj: Mapping[str, Any]) -> None:
        self._put(kind, obj.get(dialect.ids[kind]), obj, dialect)
        if kind == "trace":
            self._put(kind, obj.get("span_id"), obj, dialect)
        if kind == "plan":
            plan = PlanView(obj, dialect)
            for name, task in zip(plan.ids, plan.tasks, strict=True):
                self._put("task", name, task, dialect)
        if kind == "confirmation":
            target = obj.get("target")
            names = [target.get("id") if isinstance(target, dict) else None, obj.get(dialect.refers["plan"])]
            for name in {name for name in names if isinstance(name, str)}:
                self._confirmations.setdefault(name, []).append(obj)

    def _put(self, kind: str, name: object, obj: Mapping[str, Any], dialect: Dialect) -> None:
        self._kinds.add(kind)
        if isinstance(name, str):
            self._by_id[kind, name] = obj, dialect


@dataclass(frozen=True)
class Subject:
    """The object that is validated, and what it is judged by."""

    kind: str
    dialect: Dialect
    obj: dict[str, Any]
    text: str | None
    """The object as JSON; None where it has no JSON form."""
    facts: Facts
    related: Related
    given_context: ContextView | None
    size: int | None
    """Bytes of `text`."""
    unreadable_times: bool
    """Whether the schema refused a time."""

    @cached_property
    def plan(self) -> PlanView | None:
        """The object as a plan, where it is one."""
        return PlanView(self.obj, self.dialect) if self.kind == "plan" else None

    @cached_property
    def context(self) -> ContextView | None:
        """The context that the object belongs to, or is."""
        if self.kind == "context":
            return ContextView(self.obj, self.dialect)
        return self.given_context or self.related.context(self.obj.get(self.dialect.refers["context"]))

    def path(self, *steps: object) -> str:
        """Path of a member of the object."""
        return at(self.kind, *steps)


def as_data(obj: Any) -> Any:
    """JSON data of a model; anything else as it is."""
    return obj.to_wire() if isinstance(obj, MPLPModel) else obj


def identified(obj: Any, kind: str | None = None) -> Identified | None:
    """An object that another one is judged by; None where it is none, or cannot be told."""
    data = as_data(obj)
    try:
        return identify(data, kind) if isinstance(data, dict) else None
    except InvalidFormat:
        return None


def number(value: Any) -> float | None:
    """A number that can be reckoned with, else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return math.copysign(sys.float_info.max, value > 0 or -1)
    return found if math.isfinite(found) else None


def objects_at(obj: Any, *steps: str) -> list[tuple[tuple[Step, ...], dict[str, Any]]]:
    """Path and value of each object at `steps`; `*` stands for every item of an array."""
    found: list[tuple[tuple[Step, ...], Any]] = [((), obj)]
    for step in steps:
        if step == "*":
            found = [
                ((*path, i), item)
                for path, value in found
                if isinstance(value, list)
                for i, item in enumerate(value)
            ]
        else:
            found = [
                ((*path, step), value[step])
                for path, value in found
                if isinstance(value, dict) and step in value
            ]
    return [(path, value) for path, value in found if isinstance(value, dict)]


def _seconds(estimate: Any) -> float:
    if isinstance(estimate, (str, int, float)):
        try:
            return parse_duration(estimate).total_seconds()
        except (ValueError, OverflowError):
            return 0.0
    return 0.0
