"""Looking at a plan as a whole: is it right, how long does it take, how could it be better.

Spec: protocol §2.1 plans (validate, optimize, timeline), §4.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from mplp_mock_server.services._idempotency import Repeatable
from mplp_mock_server.services._objects import decode, encode
from mplp_mock_server.services._optimization import Parameters, estimate, optimize, read_parameters
from mplp_mock_server.services._plan_graph import PlanGraph
from mplp_mock_server.services._plan_lock import check_unlocked
from mplp_mock_server.services._timeline import Schedule
from mplp_mock_server.services._validation import JsonObject, check_id, read_input
from mplp_mock_server.services.plans import Plans
from mplp_mock_server.store import Query, Reader, Writer
from mplp_sdk.errors import OperationNotAllowed
from mplp_sdk.models import OptimizeRequest
from mplp_sdk.protocol.validation import Facts, validate

__all__ = ["Planning"]

_OPEN: Final = frozenset({"draft", "approved"})
_MOST_CONFIRMATIONS: Final = 100


class Planning:
    """Looks at the plans of this server."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans

    async def validate(self, plan_id: str) -> bytes:
        """What is wrong with a plan, held against its context and confirmations:
        `mplp_sdk.models.ValidationReport`.

        Raises:
            NotFound: no plan has this id.
        """
        check_id(plan_id, "plan_id")

        def read(view: Reader) -> tuple[JsonObject, JsonObject | None, list[JsonObject]]:
            plan = decode(self._plans.existing(view, plan_id).body)
            context = view.get("context", plan["context_id"]) if plan.get("context_id") else None
            about_it = Query(filters=(("plan_id", plan_id),), limit=_MOST_CONFIRMATIONS)
            confirmations, _ = view.list("confirmation", about_it)
            return plan, None if context is None else decode(context.body), list(map(decode, confirmations))

        plan, context, others = await self._plans.store.read(read)
        facts = Facts(now=self._plans.clock.now())
        result = await asyncio.to_thread(
            validate, plan, kind="plan", context=context, related=others, facts=facts
        )
        return encode(result.to_wire())

    async def timeline(self, plan_id: str) -> bytes:
        """When each task can run: `mplp_sdk.models.Timeline`.

        Raises:
            NotFound: no plan has this id.
            BusinessRuleViolation: its tasks wait for each other.
        """
        graph = PlanGraph.of(decode(await self._plans.get(plan_id)))
        return encode({"plan_id": plan_id, **await asyncio.to_thread(_timeline, graph)})

    async def optimize(self, plan_id: str, body: JsonObject, key: str | None) -> bytes:
        """Put the tasks of a plan in a better order: `mplp_sdk.models.OptimizationResult`.

        Args:
            body: `mplp_sdk.models.OptimizeRequest`.
            key: the `Idempotency-Key`.

        Raises:
            NotFound: no plan has this id.
            BusinessRuleViolation: its tasks wait for each other.
            InvalidRequest: there is no such strategy, or a parameter is wrong.
            ResourceLocked, OperationNotAllowed: it is being executed, or has ended.
        """
        check_id(plan_id, "plan_id")
        wanted = read_input(OptimizeRequest, body)
        given = wanted.get("parameters", {})
        parameters = read_parameters(given)
        request = Repeatable.of(f"POST /plans/{plan_id}/optimize", body, key)

        def work(tx: Writer) -> bytes:
            row = self._plans.existing(tx, plan_id)
            check_unlocked(tx, plan_id)
            plan = decode(row.body)
            _check_open(plan)
            result = _optimized(plan, wanted["strategy"], given, parameters)
            if wanted.get("apply", True) and plan != decode(row.body):
                plan["version"] = _next(plan.get("version"))
                result["plan"] = decode(self._plans.replace(tx, row, plan))
            return encode(result)

        return await self._plans.store.write(lambda tx: request.answer(tx, lambda: work(tx)))


def _timeline(graph: PlanGraph) -> JsonObject:
    graph.check()
    schedule = Schedule(graph)
    tasks = []
    for node in graph.nodes.values():
        timing = schedule.timing(node.id)
        times = {
            "earliest_start": timing.earliest_start,
            "earliest_finish": timing.earliest_finish,
            "latest_start": timing.latest_start,
            "latest_finish": timing.latest_finish,
            "slack": timing.slack,
        }
        told = {name: round(seconds, 6) for name, seconds in times.items()}
        tasks.append({"task_id": node.id, "name": node.name, **told, "critical": not timing.slack})
    return {
        "makespan": round(schedule.makespan, 6),
        "critical_path": schedule.critical_path(),
        "tasks": tasks,
        "unestimated": [
            node.id for node in graph.nodes.values() if node.duration is None and node.id not in graph.parts
        ],
    }


def _check_open(plan: JsonObject) -> None:
    status = plan.get("status") or "draft"
    if status not in _OPEN:
        reason = f"the plan is {status}"
        raise OperationNotAllowed(f"{reason}; it is too late", details={"field": "status", "reason": reason})


def _optimized(plan: JsonObject, strategy: str, given: JsonObject, parameters: Parameters) -> JsonObject:
    PlanGraph.of(plan).check()
    before = estimate(plan, parameters)
    changes = optimize(plan, strategy, parameters)
    plan["optimization"] = {"strategy": strategy, **({"parameters": given} if given else {})}
    result: dict[str, Any] = {"plan": plan, "strategy": strategy, "changes": changes, "before": before}
    return {**result, "after": estimate(plan, parameters)}


def _next(version: str | None) -> str:
    """The version after one minor change."""
    major, minor, *_ = (version or "1.0.0").partition("-")[0].split(".")
    return f"{major}.{int(minor) + 1}.0"
