"""Executing plans: both clients and the reference server."""

from __future__ import annotations

from typing import Any

import pytest

from mplp_sdk import errors
from mplp_sdk.protocol.ids import new_id

TASKS: Any = [{"id": "a", "name": "load"}, {"id": "b", "name": "write"}]
EDGES: Any = [{"from_task": "a", "to_task": "b"}]


def approved(call: Any, **members: Any) -> str:
    """Id of a new plan that may be executed."""
    context_id = call(lambda client: client.contexts.create()).id
    members = {"name": "report", "tasks": TASKS, "dependencies": EDGES, "context_id": context_id, **members}
    plan_id = call(lambda client: client.plans.create(**members)).id
    call(lambda client: client.plans.update(plan_id, status="approved"))
    return plan_id  # type: ignore[no-any-return]


@pytest.mark.requirement(
    "EP-PLANS-EXECUTE",
    "EP-EXECUTIONS-GET",
    "EP-EXECUTIONS-LIST",
    "EP-EXECUTIONS-LOGS",
    "EP-EXECUTIONS-WORKSPACE",
)
def test_a_plan_is_executed(call: Any) -> None:
    plan_id = approved(call)
    begun = call(lambda client: client.plans.execute(plan_id))
    assert begun.plan_id == plan_id
    ended = call(lambda client: client.executions.wait(begun.id, timeout=30))
    assert (ended.id, ended.status) == (begun.id, "completed")
    assert (ended.progress.total, ended.progress.completed, ended.progress.failed) == (2, 2, 0)
    assert call(lambda client: client.plans.get(plan_id)).status == "completed"
    assert call(lambda client: client.plans.status(plan_id)).execution_id == begun.id
    assert call.items(lambda client: client.executions.list(plan_id=plan_id)) == [ended]
    lines = call.items(lambda client: client.executions.logs(begun.id, page_size=1))
    assert lines
    assert {line.execution_id for line in lines} == {begun.id}
    later = call.items(lambda client: client.executions.logs(begun.id, after=lines[0].id))
    assert later == lines[1:]
    assert call.items(lambda client: client.executions.logs(begun.id, level="error")) == []
    assert call(lambda client: client.executions.workspace(begun.id)).execution_id == begun.id


@pytest.mark.requirement("EP-PLANS-EXECUTE")
def test_the_answer_may_come_at_the_end(call: Any) -> None:
    plan_id = approved(call)
    assert call(lambda client: client.plans.execute(plan_id, execution_mode="sync")).status == "completed"
    with pytest.raises(errors.OperationNotAllowed):
        call(lambda client: client.plans.execute(plan_id))


@pytest.mark.requirement("EP-PLANS-EXECUTE", "ERR-4008-ON-202")
def test_a_plan_that_needs_a_confirmation(call: Any) -> None:
    plan_id = approved(call, metadata={"requires_confirmation": True})
    with pytest.raises(errors.ConfirmationRequired) as raised:
        call(lambda client: client.plans.execute(plan_id))
    assert raised.value.status == 202
    confirmation_id = raised.value.details["confirmation_id"]
    assert call(lambda client: client.confirmations.get(confirmation_id)).target.id == plan_id
    with pytest.raises(errors.ConfirmationRequired) as again:
        call(lambda client: client.plans.execute(plan_id))
    assert again.value.details["confirmation_id"] == confirmation_id
    call(lambda client: client.confirmations.decide(confirmation_id, "approved", approver_id="ann"))
    execution_id = call(lambda client: client.plans.execute(plan_id)).id
    assert call(lambda client: client.executions.wait(execution_id, timeout=30)).status == "completed"


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"tasks": [], "dependencies": []}, errors.BusinessRuleViolation),
        ({"context_id": new_id()}, errors.ProtocolError),
    ],
    ids=["empty", "unknown context"],
)
def test_plans_that_cannot_be_executed(call: Any, members: Any, kind: type[errors.ProtocolError]) -> None:
    plan_id = approved(call, **members)
    with pytest.raises(kind):
        call(lambda client: client.plans.execute(plan_id))


def test_a_draft_is_approved_first(call: Any) -> None:
    plan_id = call(lambda client: client.plans.create(name="draft", tasks=TASKS)).id
    with pytest.raises(errors.OperationNotAllowed):
        call(lambda client: client.plans.execute(plan_id))


@pytest.mark.requirement("EP-PLANS-EXECUTE")
def test_a_plan_that_fails(call: Any) -> None:
    broken = [{"id": "a", "name": "load", "metadata": {"simulate": {"fail": 99}}}]
    plan_id = approved(call, tasks=broken, dependencies=[])
    execution_id = call(lambda client: client.plans.execute(plan_id)).id
    ended = call(lambda client: client.executions.wait(execution_id, timeout=30))
    assert (ended.status, ended.progress.failed) == ("failed", 1)
    assert call.items(lambda client: client.executions.logs(execution_id, level="error"))
    plan_id = approved(call, tasks=broken, dependencies=[])
    with pytest.raises(errors.PlanExecutionFailed) as raised:
        call(lambda client: client.with_options(max_attempts=1).plans.execute(plan_id, execution_mode="sync"))
    assert raised.value.details["execution_id"]


@pytest.mark.requirement("EP-EXECUTIONS-CREATE")
def test_an_execution_may_be_a_record(call: Any) -> None:
    made = call(lambda client: client.executions.create(input={"of": "somebody else"}))
    assert made.status == "pending"
    assert call(lambda client: client.executions.get(made.id)) == made
    with pytest.raises(errors.RequestTimeout) as raised:
        call(lambda client: client.executions.wait(made.id, timeout=0.01))
    assert raised.value.details == {"execution_id": made.id, "status": "pending"}
    plan_id = approved(call)
    begun = call(lambda client: client.executions.create(plan_id=plan_id))
    assert call(lambda client: client.executions.wait(begun.id, timeout=30)).status == "completed"
    with pytest.raises(errors.NotFound):
        call(lambda client: client.executions.get(new_id()))


def test_an_ended_execution_takes_no_orders(call: Any) -> None:
    plan_id = approved(call)
    execution_id = call(lambda client: client.plans.execute(plan_id, execution_mode="sync")).id
    for order in ("pause", "resume", "cancel"):
        with pytest.raises(errors.OperationNotAllowed):
            call(lambda client, order=order: getattr(client.executions, order)(execution_id))
    with pytest.raises(errors.ValueOutOfRange):
        call(lambda client: client.executions.command(execution_id, "dance"))
