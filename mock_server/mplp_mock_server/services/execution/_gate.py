"""Whether a plan may be carried out now, and what is missing. Spec: protocol §2.1 plans, §2.2 (4005–4008)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mplp_mock_server.handlers import Handler, find_handler
from mplp_mock_server.services._objects import decode
from mplp_mock_server.services._plan_graph import PlanGraph
from mplp_mock_server.services._plan_lock import check_unlocked
from mplp_mock_server.services._validation import JsonObject, invalid
from mplp_mock_server.services.confirmations import Confirmations
from mplp_mock_server.services.execution._scheduler import Scheduler
from mplp_mock_server.services.execution._workflow import read_workflow
from mplp_mock_server.services.plans import Plans
from mplp_mock_server.store import ObjectRow, Query, Reader, Writer
from mplp_sdk.errors import (
    BusinessRuleViolation,
    ConfirmationRequired,
    ContextInvalid,
    DataIntegrityError,
    OperationNotAllowed,
)

__all__ = ["Admitted", "Gate"]

_DONE_BEFORE: Final = frozenset({"completed", "skipped"})
"""Tasks that are not carried out again."""


@dataclass(frozen=True)
class Admitted:
    """All that is needed to carry a plan out."""

    plan: JsonObject
    """As it begins: executing, its tasks waiting."""
    context_id: str
    scheduler: Scheduler
    handlers: Mapping[str, Handler]


class Gate:
    """Lets plans through.

    Args:
        otherwise: the handler of tasks that have none.
    """

    def __init__(self, plans: Plans, confirmations: Confirmations, otherwise: Handler) -> None:
        self._plans = plans
        self._confirmations = confirmations
        self._otherwise = otherwise

    def admit(
        self, tx: Writer, plan_id: str, *, context_id: str | None, handler: str | None
    ) -> Admitted | ConfirmationRequired:
        """Everything for the execution of a plan, or the error that a confirmation is missing: to be raised
        when the transaction is stored, since the confirmation that is asked for is stored with it.

        Args:
            context_id: where to carry it out; None: in the plan's own context.
            handler: name of the handler for all tasks; None: each task's own.

        Raises:
            NotFound: no plan has this id.
            ResourceLocked: it is being executed.
            OperationNotAllowed: it is not approved, or its confirmation was refused.
            BusinessRuleViolation: it is empty, or waits for itself.
            InvalidRequest: it asks for something that there is not.
            ContextInvalid: there is no active context for it.
        """
        plan = decode(self._plans.existing(tx, plan_id).body)
        check_unlocked(tx, plan_id)
        _check_status(plan)
        graph = PlanGraph.of(plan)
        _check_graph(graph)
        workflow = read_workflow(plan)
        context = _context_for(tx, plan, context_id)
        handlers = self._handlers(plan, graph, handler)
        missing = self._missing_confirmation(tx, plan, context)
        if missing is not None:
            return missing
        ended = _reset(plan)
        return Admitted(plan, context, Scheduler(graph, workflow.rules, ended), handlers)

    def _handlers(self, plan: JsonObject, graph: PlanGraph, wanted: str | None) -> Mapping[str, Handler]:
        if wanted is not None:
            return dict.fromkeys(graph.nodes, _named(wanted, "handler"))
        return {
            task["id"]: self._handler(task, index)
            for index, task in enumerate(plan["tasks"])
            if task["id"] not in graph.parts
        }

    def _handler(self, task: JsonObject, index: int) -> Handler:
        wanted = (task.get("metadata") or {}).get("handler")
        if wanted is not None:
            return _named(wanted, f"tasks[{index}].metadata.handler")
        for name in (task.get("assigned_agent"), task.get("category")):
            found = find_handler(name) if name else None
            if found is not None:
                return found
        return self._otherwise

    def _missing_confirmation(
        self, tx: Writer, plan: JsonObject, context_id: str
    ) -> ConfirmationRequired | None:
        gate = _confirmation_gate(plan)
        if gate is None:
            return None
        latest = self._latest_confirmation(tx, plan["id"])
        if latest is None:
            row = self._confirmations.new_row(_question(plan, context_id, gate))
            self._confirmations.insert(tx, row)
            return _required(row.id)
        row = self._confirmations.current(tx, latest)
        if row.status == "pending":
            return _required(row.id)
        if row.status != "approved":
            raise _refused(row)
        return None

    def _latest_confirmation(self, tx: Reader, plan_id: str) -> str | None:
        newest = Query(filters=(("plan_id", plan_id),), sort=(("created_at", True),), limit=100)
        bodies, _ = tx.list("confirmation", newest)
        about_it = (found for found in map(decode, bodies) if found["target"]["type"] == "plan")
        return next((found["id"] for found in about_it if found["target"]["id"] == plan_id), None)


def _check_status(plan: JsonObject) -> None:
    status = plan.get("status") or "draft"
    if status != "approved":
        first = "approve it first" if status == "draft" else "only an approved plan can be"
        raise OperationNotAllowed(
            f"the plan is {status} and cannot be executed; {first}",
            details={"field": "status", "reason": f"the plan is {status}", "allowed": ["approved"]},
        )


def _check_graph(graph: PlanGraph) -> None:
    if not graph.nodes:
        reason = "the plan has no tasks"
        raise BusinessRuleViolation(reason, details={"field": "tasks", "reason": reason})
    graph.check()


def _context_for(view: Reader, plan: JsonObject, asked: str | None) -> str:
    own: str | None = plan.get("context_id")
    context_id = asked or own
    if context_id is None:
        raise _no_context("the plan belongs to no context; name one")
    if own is not None and own != context_id:
        raise _no_context(f"the plan belongs to another context, {own!r}")
    row = view.get("context", context_id)
    if row is None:
        raise _no_context(f"there is no context {context_id!r}")
    if row.status != "active":
        raise _no_context(f"the context is {row.status}")
    return context_id


def _no_context(reason: str) -> ContextInvalid:
    return ContextInvalid(reason, details={"field": "context_id", "reason": reason})


def _named(name: Any, field: str) -> Handler:
    found = find_handler(name) if isinstance(name, str) else None
    if found is None:
        raise invalid(DataIntegrityError, field, f"no handler is registered as {name!r}")
    return found


def _confirmation_gate(plan: JsonObject) -> JsonObject | None:
    """The quality gate that asks for a confirmation; None where none does."""
    gates = (plan.get("validation") or {}).get("quality_gates") or []
    for gate in gates:
        if isinstance(gate, dict) and gate.get("type") == "confirmation":
            return gate
    return {} if (plan.get("metadata") or {}).get("requires_confirmation") is True else None


def _question(plan: JsonObject, context_id: str, gate: JsonObject) -> JsonObject:
    taken = ("approvers", "criteria", "requester", "risk_assessment", "expires_at")
    description = gate.get("description") or f"Execute the plan {plan['name']!r}"
    return {
        **{name: gate[name] for name in taken if name in gate},
        "target": {"type": "plan", "id": plan["id"], "description": description},
        "type": "approval",
        "context_id": context_id,
        "plan_id": plan["id"],
    }


def _required(confirmation_id: str) -> ConfirmationRequired:
    return ConfirmationRequired(
        "somebody has to approve the plan before it is executed",
        details={
            "field": "status",
            "reason": "the confirmation is pending",
            "confirmation_id": confirmation_id,
        },
    )


def _refused(row: ObjectRow) -> OperationNotAllowed:
    reason = f"the confirmation is {row.status}"
    return OperationNotAllowed(
        f"{reason}; ask for another one, whose target is the plan",
        details={"field": "status", "reason": reason, "confirmation_id": row.id},
    )


def _reset(plan: JsonObject) -> dict[str, str]:
    """Make the plan one that begins; the tasks that are done already, and how."""
    plan["status"] = "executing"
    ended: dict[str, str] = {}
    for task in plan["tasks"]:
        if task.get("status") in _DONE_BEFORE:
            ended[task["id"]] = task["status"]
        else:
            task["status"] = "pending"
            for name in ("started_at", "completed_at"):
                task.pop(name, None)
    return ended
