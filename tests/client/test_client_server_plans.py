"""Tasks, dependencies, timelines and optimisation of Plans: both clients and the reference server."""

from __future__ import annotations

from typing import Any

import pytest

from mplp_sdk import errors
from mplp_sdk.client import calls
from mplp_sdk.protocol.ids import new_id

TASKS: Any = [
    {"id": "a", "name": "load", "estimated_duration": "10s"},
    {"id": "b", "name": "think", "estimated_duration": "30s"},
    {"id": "c", "name": "write", "estimated_duration": "20s"},
]
EDGES: Any = [{"from_task": "a", "to_task": "b"}, {"from_task": "a", "to_task": "c"}]


@pytest.fixture
def plan_id(call: Any) -> str:
    made = call(lambda client: client.plans.create(name="report", tasks=TASKS, dependencies=EDGES))
    return made.id  # type: ignore[no-any-return]


@pytest.mark.requirement("EP-PLANS-STATUS")
def test_how_far_a_plan_is(call: Any, plan_id: str) -> None:
    call(lambda client: client.plans.update_task(plan_id, "a", status="completed"))
    state = call(lambda client: client.plans.status(plan_id))
    assert (state.plan_id, state.status, state.execution_id) == (plan_id, "draft", None)
    assert (state.progress.total, state.progress.completed, state.progress.failed) == (3, 1, 0)
    assert [(task.id, task.status) for task in state.tasks] == [
        ("a", "completed"),
        ("b", "pending"),
        ("c", "pending"),
    ]


@pytest.mark.requirement("EP-PLANS-TASKS-ADD", "EP-PLANS-TASKS-UPDATE", "EP-PLANS-TASKS-REMOVE")
def test_tasks_come_change_and_go(call: Any, plan_id: str) -> None:
    added = call(lambda client: client.plans.add_task(plan_id, name="send", priority="high"))
    changed = call(lambda client: client.plans.update_task(plan_id, added.id, description="by mail"))
    assert (changed.id, changed.name, changed.priority, changed.description) == (
        added.id,
        "send",
        "high",
        "by mail",
    )
    with pytest.raises(errors.DuplicateValue):
        call(lambda client: client.plans.add_task(plan_id, id="a", name="again"))
    call(lambda client: client.plans.remove_task(plan_id, "a"))
    plan = call(lambda client: client.plans.get(plan_id))
    assert [task.id for task in plan.tasks] == ["b", "c", added.id]
    assert plan.dependencies == []
    with pytest.raises(errors.NotFound):
        call(lambda client: client.plans.update_task(plan_id, "a", name="gone"))


@pytest.mark.requirement("EP-PLANS-TASKS-REMOVE")
def test_a_task_with_parts_goes_with_them_only(call: Any) -> None:
    tasks = [
        {"id": "w", "name": "whole", "type": "composite"},
        {"id": "p", "name": "part", "parent_task": "w"},
    ]
    plan_id = call(lambda client: client.plans.create(name="nested", tasks=tasks)).id
    with pytest.raises(errors.Conflict):
        call(lambda client: client.plans.remove_task(plan_id, "w"))
    call(lambda client: client.plans.remove_task(plan_id, "w", cascade=True))
    assert call(lambda client: client.plans.get(plan_id)).tasks == []


@pytest.mark.requirement("EP-PLANS-DEPENDENCIES-ADD", "EP-PLANS-DEPENDENCIES-REMOVE")
def test_dependencies_come_and_go(call: Any, plan_id: str) -> None:
    added = call(lambda client: client.plans.add_dependency(plan_id, from_task="b", to_task="c"))
    assert added.type == "finish_to_start"
    refused: Any = [
        ({"from_task": "b", "to_task": "c"}, errors.DuplicateValue),
        ({"from_task": "b", "to_task": "b"}, errors.DataIntegrityError),
        ({"from_task": "b", "to_task": "z"}, errors.DataIntegrityError),
        ({"from_task": "c", "to_task": "a"}, errors.BusinessRuleViolation),
    ]
    for edge, kind in refused:
        with pytest.raises(kind) as raised:
            call(lambda client, edge=edge: client.plans.add_dependency(plan_id, **edge))
    assert raised.value.details["cycle"]
    call(lambda client: client.plans.remove_dependency(plan_id, from_task="b", to_task="c"))
    with pytest.raises(errors.NotFound):
        call(lambda client: client.plans.remove_dependency(plan_id, from_task="b", to_task="c"))
    assert len(call(lambda client: client.plans.get(plan_id)).dependencies) == 2


@pytest.mark.requirement("EP-PLANS-VALIDATE")
def test_what_is_wrong_with_a_plan(call: Any, plan_id: str) -> None:
    report = call(lambda client: client.plans.validate(plan_id))
    assert report.metadata.rules_executed > 0
    assert report.metadata.validation_time >= 0
    assert all(finding.rule and finding.path for finding in report.errors)
    with pytest.raises(errors.NotFound):
        call(lambda client: client.plans.validate(new_id()))


@pytest.mark.requirement("EP-PLANS-TIMELINE")
def test_when_tasks_could_run(call: Any, plan_id: str) -> None:
    timeline = call(lambda client: client.plans.timeline(plan_id))
    assert (timeline.makespan, timeline.critical_path, timeline.unestimated) == (40, ["a", "b"], [])
    times = {task.task_id: task for task in timeline.tasks}
    assert (times["c"].earliest_start, times["c"].latest_finish, times["c"].slack) == (10, 40, 10)
    assert [task.task_id for task in timeline.tasks if task.critical] == ["a", "b"]


@pytest.mark.requirement("EP-PLANS-OPTIMIZE")
def test_a_better_order(call: Any) -> None:
    tasks = [
        {"id": "last", "name": "last", "estimated_duration": "1s"},
        {"id": "short", "name": "short", "estimated_duration": "1s"},
        {"id": "long", "name": "long", "estimated_duration": "9s"},
    ]
    edges = [{"from_task": "long", "to_task": "last"}]
    plan_id = call(lambda c: c.plans.create(name="p", tasks=tasks, dependencies=edges)).id
    proposed = call(lambda c: c.plans.optimize(plan_id, "time", parameters={"max_parallel": 1}, apply=False))
    assert [task.id for task in call(lambda c: c.plans.get(plan_id)).tasks] == ["last", "short", "long"]
    done = call(lambda c: c.plans.optimize(plan_id, "time", parameters={"max_parallel": 1}))
    order = [task.id for task in done.plan.tasks]
    assert order.index("long") < order.index("last")
    assert [task.id for task in proposed.plan.tasks] == order
    assert done.strategy == done.plan.optimization.strategy == "time"
    assert done.changes
    assert all(change.reason for change in done.changes)
    assert done.after.makespan <= done.before.makespan
    assert [task.id for task in call(lambda c: c.plans.get(plan_id)).tasks] == order
    with pytest.raises(errors.InvalidRequest):
        call(lambda client: client.plans.optimize(plan_id, "luck"))


@pytest.mark.requirement("HTTP-ETAG")
def test_only_the_plan_that_was_read_is_changed(call: Any, plan_id: str) -> None:
    read = call(lambda client: client.send(calls.plans.get(plan_id)))
    call(lambda client: client.plans.update(plan_id, if_match=read.etag, name="new"))
    with pytest.raises(errors.Conflict):
        call(lambda client: client.plans.update(plan_id, if_match=read.etag, name="newer"))
    with pytest.raises(errors.Conflict):
        call(lambda client: client.plans.delete(plan_id, if_match=read.etag))
    assert call(lambda client: client.plans.get(plan_id)).name == "new"
