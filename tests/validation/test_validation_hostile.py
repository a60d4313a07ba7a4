"""Whatever the data is, the answer is a result, and it comes soon."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mplp_sdk.protocol.validation import Facts, validate
from mplp_sdk.protocol.validation._dialects import DIALECTS, NAMES
from samples import SAMPLES, sample


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def tasks(count: int) -> list[dict[str, Any]]:
    return [{"id": uuid(number), "name": f"Task {number}", "type": "atomic"} for number in range(count)]


def edge(before: int, after: int) -> dict[str, str]:
    return {"from_task": uuid(before), "to_task": uuid(after), "type": "finish_to_start"}


MEMBERS = sorted(
    {
        name
        for dialect in DIALECTS.values()
        for rules in dialect.schemas.values()
        for part in (rules, *rules.get("$defs", rules.get("definitions", {})).values())
        for name in part.get("properties", ())
    }
)

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(
        [
            "active",
            "0",
            uuid(1),
            uuid(2),
            "2026-01-02T03:04:05Z",
            "0001-01-01T00:00:00+23:59",
            "9" * 400,
            "x" * 300,
        ]
    )
    | st.sampled_from([10**4000, -(10**400), b"x", "\ud800", object(), {1, 2}, 1j, (1, 2)]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=6)
        | st.dictionaries(st.text() | st.integers() | st.none(), inner, max_size=2)
    ),
    max_leaves=30,
)


def facts() -> st.SearchStrategy[Facts]:
    return st.builds(
        Facts,
        now=st.none() | st.datetimes(),
        authenticated=st.none() | st.booleans(),
        permissions=st.none() | st.just([{"resource": "plan", "actions": ["read"]}]),
        action=st.none() | st.sampled_from(["read", "execute"]),
        accessible=st.none() | st.just({"search"}),
        prerequisites=st.none() | st.dictionaries(st.text(), st.booleans(), max_size=2),
        task=st.none() | st.just(uuid(1)),
    )


@given(
    obj=anything,
    kind=st.none() | st.sampled_from(sorted(SAMPLES)),
    dialect=st.none() | st.sampled_from(NAMES),
    context=st.none() | st.dictionaries(st.sampled_from(MEMBERS), anything, max_size=6),
    related=st.lists(st.dictionaries(st.sampled_from(MEMBERS), anything, max_size=6), max_size=3),
    facts=facts(),
)
@settings(max_examples=300, deadline=None)
def test_no_data_raises(**arguments: Any) -> None:
    result = validate(arguments.pop("obj"), **arguments)
    json.dumps(result.to_wire(), allow_nan=False).encode()
    assert result.valid == (not result.errors)


@given(data=st.data(), kind=st.sampled_from(sorted(SAMPLES)), facts=facts(), value=anything)
@settings(max_examples=300, deadline=None)
def test_no_change_of_a_good_object_raises(data: st.DataObject, kind: str, facts: Facts, value: Any) -> None:
    obj = sample(kind)
    here = obj
    while isinstance(here, dict) and here:
        name = data.draw(st.sampled_from(sorted(here)))
        if data.draw(st.booleans()) or not isinstance(here[name], (dict, list)) or not here[name]:
            here[name] = value
            break
        here = here[name] if isinstance(here[name], dict) else dict(enumerate(here[name]))
    result = validate(obj, kind=kind, context=sample("context"), related=[sample("plan"), obj], facts=facts)
    json.dumps(result.to_wire(), allow_nan=False).encode()


def itself() -> Any:
    loop: list[Any] = []
    loop.append(loop)
    return {"tasks": loop}


def many_times() -> Any:
    bomb: list[Any] = [1]
    for _ in range(50):
        bomb = [bomb, bomb]
    return {"tasks": bomb}


def deep() -> Any:
    value: Any = {}
    for _ in range(100_000):
        value = {"tasks": value}
    return value


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (itself, "depth_within_limit"),
        (many_times, "size_within_limit"),
        (deep, "depth_within_limit"),
        (lambda: sample("plan", tasks=[1] * 2_000_000), "type_correct"),
        (lambda: sample("plan", tasks=[{}] * 500_000), "member_present"),
        (lambda: sample("plan", name="sk-" + "a" * 4_000_000, tasks=[]), "steps_not_empty"),
        (lambda: sample("context", shared_state=None), "type_correct"),
        (
            lambda: sample("context", environment={"platform": "web", "resources": {"cpu": -(10**5000)}}),
            "type_correct",
        ),
    ],
)
def test_hostile_data_is_told_by_what_is_wrong_with_it(make: Callable[[], Any], rule: str) -> None:
    result = validate(make())
    assert rule in {finding.rule for finding in result.errors}
    assert len(json.dumps(result.to_wire())) < 200_000


@pytest.mark.requirement("VALID-PLAN-CYCLES")
def test_a_cycle_of_ten_thousand_tasks_is_found_and_told_in_one_line() -> None:
    count = 10_000
    edges = [edge(number, (number + 1) % count) for number in range(count)]
    [finding] = validate(sample("plan", tasks=tasks(count), dependencies=edges)).errors
    assert finding.rule == "no_circular_dependencies"
    assert finding.message.startswith("Tasks wait for each other in a circle: Task 0 → Task 1 → ")
    assert finding.message.endswith("→ Task 9999 → Task 0.")
    assert len(finding.message) < 300
    assert len(finding.value) < 20


@pytest.mark.requirement("VALID-PLAN-CYCLES")
def test_a_thousand_small_cycles_are_found_and_some_are_told() -> None:
    edges = [
        pair for number in range(0, 2000, 2) for pair in (edge(number, number + 1), edge(number + 1, number))
    ]
    errors = validate(sample("plan", tasks=tasks(2000), dependencies=edges)).errors
    assert {finding.rule for finding in errors} == {"no_circular_dependencies"}
    assert 1 < len(errors) <= 100


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=24))
def test_a_cycle_is_found_just_where_there_is_one_and_it_is_one(pairs: list[tuple[int, int]]) -> None:
    result = validate(sample("plan", tasks=tasks(8), dependencies=[edge(*pair) for pair in pairs]))
    reach = set(pairs)
    for middle in range(8):
        reach |= {(a, d) for a, b in reach for c, d in reach if b == c == middle}
    found = [finding for finding in result.errors if finding.rule == "no_circular_dependencies"]
    assert bool(found) == any((node, node) in reach for node in range(8))
    numbers = {uuid(number): number for number in range(8)}
    for finding in found:
        cycle = [numbers[name] for name in finding.value]
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1
        assert set(pairwise(cycle)) <= set(pairs)
