"""Business rules: does a plan fit its context, and may it be executed? Spec: protocol §4; RFC §7.2.2."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from mplp_sdk.protocol.times import format_time, parse_time
from mplp_sdk.protocol.validation._graph import finish
from mplp_sdk.protocol.validation._paths import Step, at, shorten
from mplp_sdk.protocol.validation._subject import ContextView, PlanView, Problem, Subject, number, objects_at

__all__ = [
    "deadline_feasible",
    "demands",
    "execution_authorized",
    "plan_matches_context",
    "prerequisites_met",
    "resource_constraints_met",
]

# Tuples, since a status may be a list here, and a set would have to hash it.
_DONE: Final = ("completed", "skipped")
_OVER: Final = (*_DONE, "cancelled", "failed")
_BEGUN: Final = (*_DONE, "running", "executing", "in_progress")
_MAY_EXECUTE: Final = ("approved", "executing", "in_progress")


def plan_matches_context(subject: Subject) -> Iterable[Problem] | None:
    context, member = subject.given_context, subject.dialect.refers["context"]
    if subject.plan is None or context is None:
        return None
    named = subject.obj.get(member)
    if named == context.id:
        return []
    expected = shorten(str(context.id))
    return [
        Problem(
            subject.path(member),
            named,
            f"The plan belongs to another context than {expected}."
            if member in subject.obj
            else f"The plan does not say that it belongs to the context {expected}.",
            f"Set {member} to {expected}, or validate the plan with the context that it names.",
        )
    ]


def resource_constraints_met(subject: Subject) -> Iterable[Problem] | None:
    if subject.plan is None or subject.context is None or not (capacity := subject.context.capacity):
        return None
    return [
        Problem(
            subject.path(*place),
            amount,
            f"The task asks for {amount:g} {name}, and the environment has {capacity[name]:g}.",
            f"Ask for at most {capacity[name]:g}, split the task, or give the environment more {name}.",
        )
        for place, name, amount in demands(subject.plan, capacity)
        if amount > capacity[name]
    ]


def demands(plan: PlanView, names: Collection[str]) -> Iterator[tuple[tuple[Step, ...], str, float]]:
    """Where each task asks for how much of the resources called `names`."""
    for i, task in enumerate(plan.tasks):
        if isinstance(resources := task.get("resources"), dict):
            for name in names:
                if name in resources and (amount := number(resources[name])) is not None:
                    yield (plan.dialect.tasks, i, "resources", name), name, amount


def deadline_feasible(subject: Subject) -> Iterable[Problem] | None:
    plan = subject.plan
    if plan is None or (start := _start(subject)) is None:
        return None
    deadlines = [*_own_deadlines(subject), *(_deadlines_of(subject.context) if subject.context else ())]
    needed = _needed(plan, from_now=subject.facts.now is not None) if deadlines else None
    if needed is None:
        return None
    return [
        Problem(
            path,
            spelling,
            f"{what} is due {spelling}, and the plan needs {_length(needed)} from {format_time(start)} on.",
            "Move the deadline, start earlier, or shorten or cut the tasks that the others wait for.",
        )
        for path, spelling, due, what in deadlines
        if needed > (due - start).total_seconds()
    ]


def _start(subject: Subject) -> datetime | None:
    timeline = subject.obj.get("timeline")
    planned = _time(timeline.get("start")) if isinstance(timeline, dict) else None
    now = subject.facts.now and parse_time(subject.facts.now.isoformat())
    return max(filter(None, (planned, now)), default=None)


def _own_deadlines(subject: Subject) -> Iterator[tuple[str, str, datetime, str]]:
    timeline = subject.obj.get("timeline")
    for name in ("end", "deadline"):
        spelling = timeline.get(name) if isinstance(timeline, dict) else None
        if due := _time(spelling):
            yield subject.path("timeline", name), str(spelling), due, "The plan"


def _deadlines_of(context: ContextView) -> Iterator[tuple[str, str, datetime, str]]:
    for path, goal in objects_at(context.obj, *context.dialect.goals, "*"):
        spelling = goal.get("deadline")
        if goal.get("status") not in ("completed", "cancelled") and (due := _time(spelling)):
            what = f"The goal {shorten(str(goal.get('description', '')), 60)!r}"
            yield at("context", *path, "deadline"), str(spelling), due, what


def _needed(plan: PlanView, *, from_now: bool) -> float | None:
    """Seconds until all tasks are done; None where they wait in a circle or none has an estimate."""
    durations = plan.durations
    if from_now:
        durations = [
            0.0 if task.get("status") in _OVER else duration
            for task, duration in zip(plan.tasks, durations, strict=True)
        ]
    if not any(durations):
        return None
    workflow = plan.obj.get("workflow")
    if isinstance(workflow, dict) and workflow.get("execution_strategy") == "sequential":
        composite = {parent for parent, _ in plan.parents}
        return sum(duration for i, duration in enumerate(durations) if i not in composite)
    done = finish(durations, plan.typed_edges)
    return None if done is None else max(done)


def _time(spelling: object) -> datetime | None:
    try:
        return parse_time(spelling) if isinstance(spelling, str) else None
    except (ValueError, OverflowError):
        return None


def _length(seconds: float) -> str:
    try:
        return str(timedelta(seconds=round(seconds)))
    except OverflowError:
        return f"{seconds:.0f} seconds"


def execution_authorized(subject: Subject) -> Iterable[Problem] | None:
    if subject.plan is not None and subject.facts.action == "execute":
        return [*_not_approved(subject.obj, at("plan")), *_not_confirmed(subject, subject.plan)]
    if subject.kind == "execution" and (plan := subject.related.plan(subject.obj.get("plan_id"))):
        return [*_not_approved(plan.obj, at("plan")), *_not_confirmed(subject, plan)]
    return None


def _not_approved(plan: Mapping[str, Any], root: str) -> Iterator[Problem]:
    status = plan.get("status")
    if status is not None and status not in _MAY_EXECUTE:
        yield Problem(
            at(root, "status"),
            status,
            f"A plan that is {shorten(str(status), 40)} must not be executed.",
            "Have the plan approved first."
            if status == "draft"
            else "Make a new version of the plan and approve it.",
        )


def _not_confirmed(subject: Subject, plan: PlanView) -> Iterator[Problem]:
    asked = subject.related.confirmations(plan.obj.get(plan.dialect.ids["plan"]))
    for confirmation in asked:
        result = confirmation.get("result")
        status = result.get("status") if isinstance(result, dict) else confirmation.get("status", "pending")
        if status != "approved":
            name = shorten(str(confirmation.get("id", confirmation.get("confirmationId"))))
            yield Problem(
                "confirmation.result.status",
                status,
                f"The confirmation {name} of the plan is {shorten(str(status), 40)}.",
                "Have every required approver decide, then execute.",
            )


def prerequisites_met(subject: Subject) -> Iterable[Problem] | None:
    facts = subject.facts
    if subject.kind == "execution":
        plan, task = subject.related.plan(subject.obj.get("plan_id")), subject.obj.get("task_id")
    else:
        plan, task = subject.plan, facts.task
    about_task = plan is not None and isinstance(task, str)
    if not about_task and (
        facts.prerequisites is None or subject.kind not in ("plan", "execution", "context")
    ):
        return None
    problems = [
        Problem(
            at("prerequisites", name),
            False,
            f"{shorten(name)!r} is needed and not there.",
            f"Provide {shorten(name)!r} before anything is executed.",
        )
        for name, met in (facts.prerequisites or {}).items()
        if not met
    ]
    return [*problems, *_open_before(plan, task)] if plan and isinstance(task, str) else problems


def _open_before(plan: PlanView, task: str) -> Iterator[Problem]:
    for before, after, kind, place in plan.waiting:
        if after != task or kind == "finish_to_finish" or before not in plan.index:
            continue
        number_of_it = plan.index[before]
        status = plan.tasks[number_of_it].get("status")
        if status not in (_BEGUN if kind == "start_to_start" else _DONE):
            yield Problem(
                at("plan", *place),
                before,
                f"{plan.name(plan.index.get(after, number_of_it))!r} waits for {plan.name(number_of_it)!r}, "
                f"which is {shorten(str(status or 'pending'), 40)}.",
                f"{'Start' if kind == 'start_to_start' else 'Finish'} {plan.name(number_of_it)!r} first.",
            )
