"""Data integrity: does the object agree with itself? Spec: protocol §4; RFC §7.2.1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from mplp_sdk.protocol.validation._compile import resolve
from mplp_sdk.protocol.validation._dialects import DIALECTS
from mplp_sdk.protocol.validation._graph import Edge, cycles
from mplp_sdk.protocol.validation._paths import shorten
from mplp_sdk.protocol.validation._subject import PlanView, Problem, Subject, objects_at
from mplp_sdk.protocol.validation._text import finder

__all__ = [
    "all_dependencies_exist",
    "environment_platform_valid",
    "goals_not_empty",
    "no_circular_dependencies",
    "steps_not_empty",
    "timestamp_valid",
    "unique_step_ids",
]

PLATFORMS: Final = ("web", "mobile", "desktop", "server", "cloud")

_MOST_CYCLES: Final = 20
_MOST_NAMES: Final = 12
_MOST_IDS: Final = 100


def goals_not_empty(subject: Subject) -> Iterable[Problem] | None:
    if subject.kind != "context" or subject.context is None:
        return None
    goals = subject.context.goals
    if goals is None and not subject.dialect.whole_context:
        return None
    if goals or not isinstance(goals, (list, type(None))):
        return []
    return [
        Problem(
            subject.path(*subject.dialect.goals),
            goals,
            "The context has no goal.",
            "Add a goal with an id, a description, a priority from 1 to 10 and a status"
            + ("." if subject.dialect.whole_context else ", or leave the goals out."),
        )
    ]


def environment_platform_valid(subject: Subject) -> Iterable[Problem] | None:
    if subject.kind != "context":
        return None
    if "environment" not in subject.obj and not subject.dialect.whole_context:
        return None
    environment = subject.obj.get("environment")
    steps = ("environment", "platform") if isinstance(environment, dict) else ("environment",)
    platform = environment.get("platform") if isinstance(environment, dict) else environment
    if isinstance(environment, dict) and platform in PLATFORMS:
        return []
    return [
        Problem(
            subject.path(*steps),
            platform,
            "The environment names no platform." if platform is None else "This is none of the platforms.",
            f"Set environment.platform to one of {', '.join(PLATFORMS)}.",
        )
    ]


# --- Times --------------------------------------------------------------------------------------------

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ORDERED: Final = (
    ("created_at", "updated_at"),
    ("started_at", "completed_at"),
    ("started_at", "finished_at"),
    ("start", "end"),
    ("install_date", "last_update"),
    ("installDate", "lastUpdate"),
)
"""Times that stand beside each other, earlier one first."""
# Free-form objects, in which these names mean times all the same.
_FREE: Final = (("metadata",), ("timeline",))
# Asked of the JSON text, so that the times of most objects need no reading one by one.
_early_year_in = finder(r':"(?:0[0-9]{3}|1[0-8][0-9]{2}|19[0-6][0-9]|1970)-')


def timestamp_valid(subject: Subject) -> Iterable[Problem]:
    places = _times_of(subject.dialect.name, subject.kind)
    problems: list[Problem] = []
    if subject.unreadable_times or subject.text is None or _early_year_in(subject.text):
        for steps, names in places.items():
            problems += _wrong(subject, steps, names)
    for steps in {*places, *_FREE}:
        names = places.get(steps, ())
        pairs = [pair for pair in _ORDERED if steps in _FREE or {*pair} <= {*names}]
        problems += _disordered(subject, steps, pairs) if pairs else ()
    return problems


def _wrong(subject: Subject, steps: tuple[str, ...], names: Iterable[str]) -> Iterator[Problem]:
    for path, obj in objects_at(subject.obj, *steps):
        for name in names:
            if not isinstance(spelling := obj.get(name), str):
                continue
            moment = _moment(spelling)
            if moment is None or moment <= _EPOCH:
                yield Problem(
                    subject.path(*path, name),
                    spelling,
                    "This is no time of RFC 3339." if moment is None else "This time is not after 1970.",
                    "Write the time with its offset, such as 2026-01-02T03:04:05.678Z.",
                )


def _disordered(
    subject: Subject, steps: tuple[str, ...], pairs: Iterable[tuple[str, str]]
) -> Iterator[Problem]:
    for path, obj in objects_at(subject.obj, *steps):
        for first, last in pairs:
            if last in obj and first in obj and _is_before(obj[last], obj[first]):
                yield Problem(
                    subject.path(*path, last),
                    obj[last],
                    f"{last} is before {first}, {shorten(obj[first], 40)}.",
                    f"Correct whichever of {first} and {last} is wrong; they are compared in UTC.",
                )


def _is_before(one: Any, other: Any) -> bool:
    if one.__class__ is other.__class__ is str and len(one) == len(other) and one[-1:] == other[-1:] == "Z":
        return bool(one < other)  # the usual spelling sorts as time does
    first, second = _moment(one), _moment(other)
    return first is not None and second is not None and first < second


def _moment(spelling: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(spelling) if isinstance(spelling, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


@cache
def _times_of(dialect: str, kind: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Names of the times that the schema declares, by the path of the object they stand in."""
    rules = DIALECTS[dialect].schemas[kind]
    found: dict[tuple[str, ...], list[str]] = {}
    waiting: list[tuple[tuple[str, ...], Mapping[str, Any]]] = [((), rules)]
    while waiting:
        path, here = waiting.pop()
        here = resolve(rules, here)
        if here.get("format") == "date-time":
            found.setdefault(path[:-1], []).append(path[-1])
        waiting += [((*path, name), member) for name, member in here.get("properties", {}).items()]
        waiting += [((*path, "*"), here["items"])] if here.get("items") else []
    return {path: tuple(names) for path, names in found.items()}


# --- Plans --------------------------------------------------------------------------------------------


def steps_not_empty(subject: Subject) -> Iterable[Problem] | None:
    if subject.plan is None:
        return None
    found = subject.obj.get(subject.dialect.tasks)
    if found or not isinstance(found, (list, type(None))):
        return []
    what = subject.dialect.tasks
    return [Problem(subject.path(what), found, "The plan has nothing to do.", f"Add an item to {what}.")]


def unique_step_ids(subject: Subject) -> Iterable[Problem] | None:
    plan = subject.plan
    if plan is None:
        return None
    if len(plan.index) == len(plan.ids):
        return []
    return [
        Problem(
            subject.path(plan.dialect.tasks, i, plan.dialect.task_id),
            name,
            f"{plan.name(plan.index[name])!r} has this id already.",
            "Give each task an id of its own, and correct what refers to it.",
        )
        for i, name in enumerate(plan.ids)
        if isinstance(name, str) and plan.index[name] != i
    ]


def all_dependencies_exist(subject: Subject) -> Iterable[Problem] | None:
    plan = subject.plan
    if plan is None:
        return None
    ends = () if plan.all_edges_exist else _lost_ends(subject, plan)
    return [*ends, *_lost_parents(subject, plan)]


def _lost_ends(subject: Subject, plan: PlanView) -> Iterator[Problem]:
    for before, after, _, place in plan.waiting:
        for name, end in ((before, "from_task"), (after, "to_task")):
            if name not in plan.index:
                steps = place if plan.dialect.edges_in_tasks else (*place, end)
                yield Problem(
                    subject.path(*steps),
                    name,
                    "The plan has no task with this id.",
                    "Name a task of this plan, or take the dependency out.",
                )


def _lost_parents(subject: Subject, plan: PlanView) -> Iterator[Problem]:
    for i in plan.parts:
        parent = plan.tasks[i]["parent_task"]
        if isinstance(parent, str) and parent not in plan.index:
            yield Problem(
                subject.path(plan.dialect.tasks, i, "parent_task"),
                parent,
                "The plan has no task with this id.",
                "Name the composite task that this one is a part of, or leave parent_task out.",
            )


def no_circular_dependencies(subject: Subject) -> Iterable[Problem] | None:
    plan = subject.plan
    if plan is None:
        return None
    return [
        *(_waits_for_itself(subject, plan, cycle) for cycle in _cycles(plan, plan.edges)),
        *(_part_of_itself(subject, plan, cycle) for cycle in _cycles(plan, plan.parents)),
    ]


def _cycles(plan: PlanView, edges: list[Edge]) -> list[list[int]]:
    """Each beginning with its first task in the plan."""
    found = cycles(len(plan.tasks), edges, _MOST_CYCLES)
    starts = [cycle.index(min(cycle)) for cycle in found]
    return sorted(cycle[start:] + cycle[:start] for cycle, start in zip(found, starts, strict=True))


def _waits_for_itself(subject: Subject, plan: PlanView, cycle: list[int]) -> Problem:
    # The last edge closes the circle: it makes the first task wait for the last one.
    first, last = plan.ids[cycle[0]], plan.ids[cycle[-1]]
    closing = next(edge for edge in plan.waiting if (edge.before, edge.after) == (last, first))
    place = closing.place[:-1] if plan.dialect.edges_in_tasks else closing.place
    return Problem(
        subject.path(*place),
        _ids(plan, cycle),
        f"Tasks wait for each other in a circle: {_names(plan, cycle)}.",
        f"Take out one of these dependencies, such as {plan.name(cycle[0])!r} on {plan.name(cycle[-1])!r}.",
    )


def _part_of_itself(subject: Subject, plan: PlanView, cycle: list[int]) -> Problem:
    return Problem(
        subject.path(plan.dialect.tasks, cycle[0], "parent_task"),
        _ids(plan, cycle),
        f"Tasks are parts of each other in a circle: {_names(plan, cycle)}.",
        "Leave parent_task out of the task that is the whole.",
    )


def _names(plan: PlanView, cycle: list[int]) -> str:
    names = [plan.name(number) for number in [*cycle, cycle[0]]]
    if len(names) > _MOST_NAMES:
        names[_MOST_NAMES - 2 : -2] = [f"… {len(names) - _MOST_NAMES} more …"]
    return " → ".join(names)


def _ids(plan: PlanView, cycle: list[int]) -> list[Any]:
    return [plan.ids[number] for number in [*cycle, cycle[0]]]
