"""Timeline, optimisation and validation of a plan."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mplp_mock_server.services._optimization import Agent, Parameters, estimate, optimize
from mplp_mock_server.services._plan_graph import PlanGraph
from mplp_mock_server.services._timeline import Schedule, elapsed
from mplp_sdk.models import STRICT, OptimizationResult, Plan, Timeline, ValidationReport

Json = dict[str, Any]
KINDS = {"FS": "finish_to_start", "SS": "start_to_start", "FF": "finish_to_finish"}


def a_plan(tasks: dict[str, Json], *edges: tuple[str, str, str], **members: Any) -> Json:
    """A plan to create: tasks by name, with what they have besides."""
    ids = {name: str(uuid.uuid4()) for name in tasks}
    return {
        "name": "p",
        "tasks": [
            {
                "id": ids[name],
                "name": name,
                **more,
                **({"parent_task": ids[more["parent_task"]]} if "parent_task" in more else {}),
            }
            for name, more in tasks.items()
        ],
        "dependencies": [
            {"from_task": ids[a], "to_task": ids[b], "type": KINDS[kind]} for a, b, kind in edges
        ],
        **members,
    }


def lasting(**seconds: float | None) -> dict[str, Json]:
    return {
        name: {} if length is None else {"estimated_duration": length} for name, length in seconds.items()
    }


def made(api: httpx.Client, plan: Json) -> str:
    answer = api.post("/plans", json=plan)
    assert answer.status_code == 201, answer.text
    own: str = answer.json()["data"]["id"]
    return own


def timeline(api: httpx.Client, plan: Json) -> tuple[Json, dict[str, Json], list[str]]:
    told = api.get(f"/plans/{made(api, plan)}/timeline").json()["data"]
    Timeline.model_validate(told, context=STRICT)
    names = {task["task_id"]: task["name"] for task in told["tasks"]}
    return told, {task["name"]: task for task in told["tasks"]}, [names[own] for own in told["critical_path"]]


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


# --- Timeline -------------------------------------------------------------------------------------------


@pytest.mark.requirement("EP-PLANS-TIMELINE")
def test_a_timeline_has_the_critical_path_and_the_slack(api: httpx.Client) -> None:
    tasks = {
        "read": {"estimated_duration": "2h"},
        "think": {"estimated_duration": "PT1H"},
        "write": {"estimated_duration": 1800},
        "talk": {"estimated_duration": "10m"},
        "rest": {},
    }
    edges = [("read", "think", "FS"), ("think", "write", "FS"), ("read", "talk", "FS")]
    told, by_name, path = timeline(api, a_plan(tasks, *edges))
    assert told["makespan"] == 12600
    assert path == ["read", "think", "write"]
    assert told["unestimated"] == [by_name["rest"]["task_id"]]
    talk = by_name["talk"]
    assert (talk["earliest_start"], talk["earliest_finish"]) == (7200, 7800)
    assert (talk["latest_start"], talk["latest_finish"], talk["slack"]) == (12000, 12600, 4800)
    assert not talk["critical"]
    assert [by_name[name]["critical"] for name in ("read", "think", "write")] == [True] * 3
    assert (by_name["rest"]["slack"], by_name["rest"]["critical"]) == (12600, False)


@pytest.mark.requirement("EP-PLANS-TIMELINE")
@pytest.mark.parametrize(
    ("kind", "start", "makespan", "path"),
    [("FS", 10, 14, ["a", "b"]), ("SS", 0, 10, ["a"]), ("FF", 6, 10, ["a"])],
)
def test_each_type_of_edge_counts(
    api: httpx.Client, kind: str, start: float, makespan: float, path: list[str]
) -> None:
    told, by_name, found = timeline(api, a_plan(lasting(a=10, b=4), ("a", "b", kind)))
    assert (by_name["b"]["earliest_start"], told["makespan"], found) == (start, makespan, path)


def test_a_task_with_parts_lasts_as_long_as_they_do(api: httpx.Client) -> None:
    tasks = lasting(before=1, whole=99, x=2, y=3, after=4)
    tasks["x"]["parent_task"] = tasks["y"]["parent_task"] = "whole"
    edges = [("before", "whole", "FS"), ("x", "y", "FS"), ("whole", "after", "FS")]
    told, by_name, path = timeline(api, a_plan(tasks, *edges))
    assert (by_name["whole"]["earliest_start"], by_name["whole"]["earliest_finish"]) == (1, 6)
    assert (told["makespan"], path) == (10, ["before", "x", "y", "after"])


def test_a_plan_that_waits_for_itself_has_no_timeline(api: httpx.Client) -> None:
    plan_id = made(api, a_plan(lasting(a=1, b=1), ("a", "b", "FS"), ("b", "a", "FF")))
    told = api.get(f"/plans/{plan_id}/timeline").json()["error"]
    assert told["code"] == "3007"
    assert set(told["details"]["cycle"]) == {"a", "b"}
    assert error(api.post(f"/plans/{plan_id}/optimize", json={"strategy": "time"})) == (400, "3007")
    assert error(api.get("/plans/none/timeline")) == (404, "4001")


def test_an_empty_plan_takes_no_time(api: httpx.Client) -> None:
    told, _, path = timeline(api, a_plan({}))
    assert (told["makespan"], told["tasks"], path) == (0, [], [])


@st.composite
def plans(draw: Any, kinds: tuple[str, ...] = ("FS", "SS", "FF")) -> Json:
    count = draw(st.integers(1, 8))
    names = [f"t{number}" for number in range(count)]
    edges = [
        (a, b, draw(st.sampled_from(kinds)))
        for at, a in enumerate(names)
        for b in names[at + 1 :]
        if draw(st.integers(0, 2)) == 0
    ]
    tasks: dict[str, Json] = {}
    for name in draw(st.permutations(names)):
        tasks[name] = {
            "estimated_duration": draw(st.integers(0, 9)),
            "category": draw(st.sampled_from(("review", "testing", "development"))),
            "priority": draw(st.sampled_from(("high", "low"))),
            "assigned_agent": draw(st.sampled_from(("ada", "bob"))),
        }
    return a_plan(tasks, *edges)


@settings(max_examples=200, deadline=None)
@given(plan=plans(kinds=("FS", "SS")))
def test_the_makespan_is_what_an_execution_takes(plan: Json) -> None:
    graph = PlanGraph.of(plan)
    assert Schedule(graph).makespan == elapsed(graph, None)


@settings(max_examples=200, deadline=None)
@given(plan=plans())
def test_every_time_of_a_schedule_keeps_all_edges(plan: Json) -> None:
    graph = PlanGraph.of(plan)
    schedule = Schedule(graph)
    times = {task_id: schedule.timing(task_id) for task_id in graph.nodes}
    for edge in graph.edges:
        a, b = times[edge.before], times[edge.after]
        for early, late in (
            (
                {"FS": a.earliest_finish, "SS": a.earliest_start, "FF": a.earliest_finish},
                {"FS": b.earliest_start, "SS": b.earliest_start, "FF": b.earliest_finish},
            ),
            (
                {"FS": a.latest_finish, "SS": a.latest_start, "FF": a.latest_finish},
                {"FS": b.latest_start, "SS": b.latest_start, "FF": b.latest_finish},
            ),
        ):
            kind = next(short for short, long in KINDS.items() if long == edge.type)
            assert early[kind] <= late[kind]
    for timing in times.values():
        assert 0 <= timing.earliest_start <= timing.latest_start
        assert timing.latest_finish <= schedule.makespan
    path = schedule.critical_path()
    assert all(times[task_id].slack == 0 for task_id in path)
    assert times[path[-1]].earliest_finish == schedule.makespan


# --- Optimisation ---------------------------------------------------------------------------------------

AGENTS = (Agent("ada", 10.0), Agent("bob", 5.0), Agent("cy", 1.0, frozenset({"review"})))


@settings(max_examples=200, deadline=None)
@given(
    plan=plans(),
    strategy=st.sampled_from(("time", "cost", "quality", "resource")),
    most=st.one_of(st.none(), st.integers(1, 3)),
)
def test_no_strategy_breaks_a_dependency_or_loses_a_task(plan: Json, strategy: str, most: int | None) -> None:
    before = {task["id"]: dict(task) for task in plan["tasks"]}
    order = [task["id"] for task in plan["tasks"]]
    parameters = Parameters(most, AGENTS)
    old = estimate(plan, parameters)
    changes = optimize(plan, strategy, parameters)
    place = {task["id"]: index for index, task in enumerate(plan["tasks"])}
    assert place.keys() == before.keys()
    for edge in plan["dependencies"]:
        assert place[edge["from_task"]] < place[edge["to_task"]]
    moved = {change["path"]: change for change in changes if change["path"].endswith("]")}
    for index, task in enumerate(plan["tasks"]):
        change = moved.get(f"tasks[{index}]")
        assert (change is None) == (order[index] == task["id"])
        assert change is None or (change["from"], change["to"]) == (order[index], task["id"])
    assert all(change["reason"] for change in changes)
    new = estimate(plan, parameters)
    assert strategy != "cost" or new["cost"] <= old["cost"]
    if strategy == "time" and most is None:
        assert new["makespan"] <= old["makespan"]
    # A plan that is as good as it gets is left alone.
    assert optimize(plan, strategy, parameters) == []


@pytest.mark.requirement("EP-PLANS-OPTIMIZE")
def test_optimising_for_time_lets_the_longest_chain_start_first(api: httpx.Client) -> None:
    plan_id = made(api, a_plan(lasting(short=1, long=5, end=5), ("long", "end", "FS")))
    answer = api.post(f"/plans/{plan_id}/optimize", json={"strategy": "time"})
    told = answer.json()["data"]
    OptimizationResult.model_validate(told, context=STRICT)
    assert [task["name"] for task in told["plan"]["tasks"]] == ["long", "end", "short"]
    assert told["plan"]["workflow"]["execution_strategy"] == "parallel"
    assert (told["before"]["makespan"], told["after"]["makespan"]) == (11, 10)
    assert told["changes"][0]["path"] == "workflow.execution_strategy"
    assert "'long' has to start by 0 s" in told["changes"][1]["reason"]
    stored = api.get(f"/plans/{plan_id}").json()["data"]
    assert stored == told["plan"]
    assert (stored["version"], stored["optimization"]) == ("1.1.0", {"strategy": "time"})
    again = api.post(f"/plans/{plan_id}/optimize", json={"strategy": "time"}).json()["data"]
    assert (again["changes"], again["plan"]) == ([], stored)


@pytest.mark.requirement("EP-PLANS-OPTIMIZE")
def test_optimising_for_cost_gives_tasks_to_cheap_agents(api: httpx.Client) -> None:
    tasks = lasting(dear=7200, cheap=3600)
    tasks["dear"] |= {"assigned_agent": "ada", "category": "development"}
    tasks["cheap"] |= {"assigned_agent": "ada", "category": "review"}
    plan_id = made(api, a_plan(tasks))
    agents = ["eve", {"name": "ada", "rate": 10}, {"name": "bob", "rate": 4, "categories": ["review"]}]
    asked = {"strategy": "cost", "parameters": {"agents": agents}}
    told = api.post(f"/plans/{plan_id}/optimize", json={**asked, "apply": False}).json()["data"]
    assert (told["before"]["cost"], told["after"]["cost"]) == (30, 24)
    assert [(task["name"], task["assigned_agent"]) for task in told["plan"]["tasks"]] == [
        ("cheap", "bob"),
        ("dear", "ada"),
    ]
    assert api.get(f"/plans/{plan_id}").json()["data"]["version"] == "1.0.0"
    applied = api.post(f"/plans/{plan_id}/optimize", json=asked).json()["data"]
    assert applied["changes"] == told["changes"]
    assert api.get(f"/plans/{plan_id}").json()["data"]["optimization"]["parameters"] == {"agents": agents}


@pytest.mark.requirement("EP-PLANS-OPTIMIZE")
def test_optimising_for_quality_checks_early_and_for_resources_keeps_things_together(
    api: httpx.Client,
) -> None:
    tasks: dict[str, Json] = {
        "extra": {"category": "development", "resources": {"tools": ["shell"]}},
        "build": {"category": "development", "resources": {"tools": ["editor"]}},
        "check": {"category": "review", "resources": {"tools": ["shell"]}},
    }
    for strategy, order in (("quality", "build check extra"), ("resource", "build extra check")):
        plan_id = made(api, a_plan(tasks, ("build", "check", "FS")))
        told = api.post(f"/plans/{plan_id}/optimize", json={"strategy": strategy}).json()["data"]
        assert " ".join(task["name"] for task in told["plan"]["tasks"]) == order
    free = made(api, a_plan(tasks))
    told = api.post(f"/plans/{free}/optimize", json={"strategy": "resource"}).json()["data"]
    assert [task["name"] for task in told["plan"]["tasks"]] == ["build", "extra", "check"]
    assert told["changes"][0]["reason"] == "'build' stands with what uses editor"


def test_a_repeated_optimisation_is_done_once(api: httpx.Client) -> None:
    plan_id = made(api, a_plan(lasting(a=1, b=2)))
    key = {"idempotency-key": str(uuid.uuid4())}
    path = f"/plans/{plan_id}/optimize"
    first = api.post(path, json={"strategy": "time"}, headers=key).json()["data"]
    assert api.post(path, json={"strategy": "time"}, headers=key).json()["data"] == first
    assert error(api.post(path, json={"strategy": "cost"}, headers=key)) == (409, "4003")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "3002", "strategy"),
        ({"strategy": "luck"}, "3001", "strategy"),
        ({"strategy": "time", "parameters": []}, "3006", "parameters"),
        ({"strategy": "time", "apply": "yes"}, "3006", "apply"),
        ({"strategy": "time", "parameters": {"max_parallel": 0}}, "3004", "parameters.max_parallel"),
        ({"strategy": "time", "parameters": {"max_parallel": "2"}}, "3006", "parameters.max_parallel"),
        ({"strategy": "cost", "parameters": {"agents": "ada"}}, "3006", "parameters.agents"),
        ({"strategy": "cost", "parameters": {"agents": [{}]}}, "3006", "parameters.agents[0]"),
        (
            {"strategy": "cost", "parameters": {"agents": [{"name": "a", "rate": -1}]}},
            "3006",
            "parameters.agents[0].rate",
        ),
        (
            {"strategy": "cost", "parameters": {"agents": [{"name": "a", "categories": [1]}]}},
            "3006",
            "parameters.agents[0].categories",
        ),
    ],
)
def test_a_wrong_wish_is_refused(api: httpx.Client, body: Json, code: str, field: str) -> None:
    plan_id = made(api, a_plan(lasting(b=1, a=2)))
    told = api.post(f"/plans/{plan_id}/optimize", json=body).json()["error"]
    assert (told["code"], told["details"]["field"]) == (code, field)
    assert api.get(f"/plans/{plan_id}").json()["data"]["version"] == "1.0.0"


# --- Validation -----------------------------------------------------------------------------------------


@pytest.mark.requirement("EP-PLANS-VALIDATE")
def test_a_plan_is_validated_as_it_is_stored(api: httpx.Client) -> None:
    context_id = api.post("/contexts", json={}).json()["data"]["id"]
    good = made(api, a_plan(lasting(a=1, b=1), ("a", "b", "FS"), context_id=context_id))
    told = api.post(f"/plans/{good}/validate").json()["data"]
    ValidationReport.model_validate(told, context=STRICT)
    assert (told["valid"], told["errors"]) == (True, [])
    bad = made(api, a_plan(lasting(a=1, b=1), ("a", "b", "FS"), ("b", "a", "SS"), context_id=context_id))
    answer = api.post(f"/plans/{bad}/validate")
    told = answer.json()["data"]
    assert (answer.status_code, told["valid"]) == (200, False)
    assert "no_circular_dependencies" in {finding["rule"] for finding in told["errors"]}
    assert all(finding["suggestion"] for finding in told["errors"])
    assert error(api.post("/plans/none/validate")) == (404, "4001")
    Plan.model_validate(api.get(f"/plans/{bad}").json()["data"], context=STRICT)
