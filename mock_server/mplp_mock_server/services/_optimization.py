"""Putting the tasks of a plan in a better order, without touching what they wait for.

    time      what the longest chain waits for comes first, and what can run at once may
    cost      each task to the cheapest agent that may have it; cheap ones first: failures waste less
    quality   reviews and tests as early as they can be, then what is important
    resource  tasks that use the same things one after the other

Spec: protocol §2.1 plans (optimize); what each strategy does is [ext].
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mplp_mock_server.services._plan_graph import PlanGraph
from mplp_mock_server.services._timeline import Schedule, elapsed
from mplp_mock_server.services._validation import JsonObject, invalid
from mplp_sdk.errors import SchemaValidationFailed, ValueOutOfRange

__all__ = ["Agent", "Parameters", "estimate", "optimize", "read_parameters"]

_MOST_AT_ONCE: Final = 1000
_HOUR: Final = 3600.0

_CHECKS: Final = frozenset({"review", "testing"})
_PRIORITIES: Final = {"high": 0, "medium": 1, "low": 2}


@dataclass(frozen=True)
class Agent:
    """Somebody who can have tasks."""

    name: str
    rate: float | None = None
    """Cost of an hour."""
    categories: frozenset[str] | None = None
    """Kinds of tasks that it may have; None: all."""


@dataclass(frozen=True)
class Parameters:
    """What an optimisation may use."""

    max_parallel: int | None = None
    """Tasks at once; None: any number."""
    agents: tuple[Agent, ...] = ()

    def rate(self, name: object) -> float | None:
        """Cost of an hour of an agent; None where it is not known."""
        return next((agent.rate for agent in self.agents if agent.name == name), None)


@dataclass(frozen=True)
class _Place:
    """Where a task wants to stand, and why."""

    rank: tuple[float, ...]
    """The lower, the earlier."""
    reason: str


def read_parameters(given: Mapping[str, Any]) -> Parameters:
    """The parameters of a request.

    Raises:
        InvalidRequest: one is wrong.
    """
    most = given.get("max_parallel")
    if most is not None and (not isinstance(most, int) or isinstance(most, bool)):
        raise invalid(SchemaValidationFailed, "parameters.max_parallel", "Input should be a whole number")
    if most is not None and not 1 <= most <= _MOST_AT_ONCE:
        raise invalid(ValueOutOfRange, "parameters.max_parallel", f"should be 1 to {_MOST_AT_ONCE}")
    agents = given.get("agents", [])
    if not isinstance(agents, list):
        raise invalid(SchemaValidationFailed, "parameters.agents", "Input should be a list")
    return Parameters(most, tuple(_agent(agent, index) for index, agent in enumerate(agents)))


def optimize(plan: JsonObject, strategy: str, parameters: Parameters) -> list[JsonObject]:
    """Improve `plan`, which has no cycle, in place; what was changed, as `mplp_sdk.models.PlanChange`."""
    changes = [*_assign(plan, parameters)] if strategy == "cost" else []
    if strategy == "time":
        changes += _let_run_at_once(plan)
    graph = PlanGraph.of(plan)
    places = _PLACES[strategy](plan, graph, parameters)
    return [*changes, *_reorder(plan, graph, places)]


def estimate(plan: Mapping[str, Any], parameters: Parameters) -> JsonObject:
    """What a plan without a cycle is expected to take: `mplp_sdk.models.PlanEstimate`."""
    graph = PlanGraph.of(plan)
    strategy = (plan.get("workflow") or {}).get("execution_strategy") or "sequential"
    at_once = 1 if strategy == "sequential" else parameters.max_parallel
    told: JsonObject = {"makespan": round(elapsed(graph, at_once), 6)}
    cost = _cost(plan, graph, parameters)
    return told if cost is None else {**told, "cost": round(cost, 6)}


# --- The strategies --------------------------------------------------------------------------------------


def _by_time(plan: JsonObject, graph: PlanGraph, parameters: Parameters) -> dict[str, _Place]:
    schedule = Schedule(graph)
    return {
        task_id: _Place((late,), f"has to start by {late:g} s, or the plan takes longer")
        for task_id in graph.nodes
        for late in (round(schedule.timing(task_id).latest_start, 6),)
    }


def _by_cost(plan: JsonObject, graph: PlanGraph, parameters: Parameters) -> dict[str, _Place]:
    places = {}
    for task in plan["tasks"]:
        rate = parameters.rate(task.get("assigned_agent"))
        seconds = graph.nodes[task["id"]].duration or 0.0
        cost = seconds if rate is None else seconds / _HOUR * rate
        told = f"takes {cost:g} s" if rate is None else f"costs {cost:g}"
        places[task["id"]] = _Place((cost,), f"{told}: a failure before it wastes less")
    return places


def _by_quality(plan: JsonObject, graph: PlanGraph, parameters: Parameters) -> dict[str, _Place]:
    checks = {task["id"]: task["category"] for task in plan["tasks"] if task.get("category") in _CHECKS}
    checked = {edge.before for check in checks for edge in graph.into[check]}
    places = {}
    for task in plan["tasks"]:
        task_id, priority = task["id"], task.get("priority") or "medium"
        if task_id in checks:
            rank, reason = 0, f"is {checks[task_id]}, and finds faults before more is built on them"
        elif task_id in checked:
            rank, reason = 1, "can be checked once it is done"
        else:
            rank, reason = 2, f"has {priority} priority, and nothing checks it"
        places[task_id] = _Place((rank, _PRIORITIES.get(priority, 1)), reason)
    return places


def _by_resource(plan: JsonObject, graph: PlanGraph, parameters: Parameters) -> dict[str, _Place]:
    used = {task["id"]: _used(task) for task in plan["tasks"]}
    # By name, not by place, so that a plan in order is left as it is.
    groups = {things: number for number, things in enumerate(sorted(set(used.values()), key=sorted))}
    told = {things: f"stands with what uses {', '.join(sorted(things)) or 'nothing'}" for things in groups}
    return {task_id: _Place((groups[things],), told[things]) for task_id, things in used.items()}


_PLACES: Final[Mapping[str, Callable[[JsonObject, PlanGraph, Parameters], dict[str, _Place]]]] = {
    "time": _by_time,
    "cost": _by_cost,
    "quality": _by_quality,
    "resource": _by_resource,
}


# --- What they do ----------------------------------------------------------------------------------------


def _let_run_at_once(plan: JsonObject) -> Iterator[JsonObject]:
    workflow = plan.get("workflow") or {}
    strategy = workflow.get("execution_strategy")
    if strategy in (None, "sequential") and len(plan["tasks"]) > 1:
        plan["workflow"] = {**workflow, "execution_strategy": "parallel"}
        reason = "tasks that do not wait for each other need not run one after the other"
        path = "workflow.execution_strategy"
        yield {"path": path, "from": strategy, "to": "parallel", "reason": reason}


def _assign(plan: JsonObject, parameters: Parameters) -> Iterator[JsonObject]:
    priced = sorted(
        ((agent.rate, agent) for agent in parameters.agents if agent.rate is not None),
        key=lambda pair: pair[0],
    )
    for index, task in enumerate(plan["tasks"]):
        fitting = (agent for _, agent in priced if _may_have(agent, task))
        cheapest = next(fitting, None)
        old = task.get("assigned_agent")
        if cheapest is None or cheapest.name == old:
            continue
        known = parameters.rate(old)
        if known is not None and known <= (cheapest.rate or 0.0):
            continue
        task["assigned_agent"] = cheapest.name
        reason = f"the cheapest agent for it: {cheapest.rate:g} an hour"
        yield {"path": f"tasks[{index}].assigned_agent", "from": old, "to": cheapest.name, "reason": reason}


def _reorder(plan: JsonObject, graph: PlanGraph, places: Mapping[str, _Place]) -> Iterator[JsonObject]:
    old = list(graph.nodes)
    new = _order(graph, places)
    tasks = {task["id"]: task for task in plan["tasks"]}
    plan["tasks"] = [tasks[task_id] for task_id in new]
    for index, (was, task_id) in enumerate(zip(old, new, strict=True)):
        if was != task_id:
            reason = f"{graph.nodes[task_id].name!r} {places[task_id].reason}"
            yield {"path": f"tasks[{index}]", "from": was, "to": task_id, "reason": reason}


def _order(graph: PlanGraph, places: Mapping[str, _Place]) -> list[str]:
    """All tasks, each after those that it waits for, else by their ranks, else as they were."""
    waits = {task_id: {edge.before for edge in edges} for task_id, edges in graph.into.items()}
    after: dict[str, list[str]] = {
        task_id: [edge.after for edge in edges] for task_id, edges in graph.out_of.items()
    }
    for parent, parts in graph.parts.items():
        after[parent] += parts
        for part in parts:
            waits[part].add(parent)
    number = {task_id: index for index, task_id in enumerate(graph.nodes)}
    ready = [
        (places[task_id].rank, number[task_id], task_id) for task_id, others in waits.items() if not others
    ]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        *_, task_id = heapq.heappop(ready)
        order.append(task_id)
        for other in dict.fromkeys(after[task_id]):
            waits[other].discard(task_id)
            if not waits[other]:
                heapq.heappush(ready, (places[other].rank, number[other], other))
    return order


# --- Reading tasks and parameters ------------------------------------------------------------------------


def _cost(plan: Mapping[str, Any], graph: PlanGraph, parameters: Parameters) -> float | None:
    priced = [
        (graph.nodes[task["id"]].duration or 0.0) / _HOUR * rate
        for task in plan["tasks"]
        if (rate := parameters.rate(task.get("assigned_agent"))) is not None
    ]
    return sum(priced) if priced else None


def _used(task: Mapping[str, Any]) -> frozenset[str]:
    tools = (task.get("resources") or {}).get("tools") or []
    agent = task.get("assigned_agent")
    required = [thing for thing in task.get("resources_required") or [] if isinstance(thing, str)]
    return frozenset([*tools, *required, *([agent] if agent else [])])


def _may_have(agent: Agent, task: Mapping[str, Any]) -> bool:
    return agent.categories is None or task.get("category") in agent.categories


def _agent(given: Any, index: int) -> Agent:
    path = f"parameters.agents[{index}]"
    if isinstance(given, str):
        return Agent(given)
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise invalid(SchemaValidationFailed, path, "Input should be a name, or an object with a name")
    rate, categories = given.get("rate"), given.get("categories")
    if rate is not None and (not isinstance(rate, int | float) or isinstance(rate, bool) or rate < 0):
        raise invalid(SchemaValidationFailed, f"{path}.rate", "Input should be a number of at least 0")
    return Agent(given["name"], None if rate is None else float(rate), _categories(categories, path))


def _categories(given: Any, path: str) -> frozenset[str] | None:
    if given is None:
        return None
    if not isinstance(given, Sequence) or not all(isinstance(one, str) for one in given):
        raise invalid(SchemaValidationFailed, f"{path}.categories", "Input should be a list of strings")
    return frozenset(given)
