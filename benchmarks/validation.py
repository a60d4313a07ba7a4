"""What validation costs, against the `jsonschema` library checking the same schema.

    python -m benchmarks.validation [--rounds 20]

Baseline: `Draft202012Validator(schema("plan")).is_valid` with formats asserted, the schema layer alone. Ours
are that layer, all six layers, and reading: JSON to a model. All are measured in turns, in one process, with
plans whose tasks each have eleven members, a resource table and an edge. Exit code: 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from jsonschema import Draft202012Validator
from pydantic_core import to_json

from mplp_sdk import validate
from mplp_sdk.models import STRICT, Plan
from mplp_sdk.protocol.schemas import schema
from mplp_sdk.protocol.validation._compile import compile_schema

BASELINE = "jsonschema, schema only"
GOALS = {
    ("six layers", 1000): 5.0,
    ("our schema layer", 100): 3.0,
    ("JSON to model", 100): 5.0,
}
"""Milliseconds at the median."""


@dataclass(frozen=True)
class Candidate:
    """One thing to time, and how many times a round: the slow baseline runs less often."""

    run: Callable[[], object]
    repeat: int


def make_plan(tasks: int) -> dict[str, Any]:
    """A chain of `tasks` tasks."""
    ids = [str(uuid.uuid4()) for _ in range(tasks)]
    return {
        "id": str(uuid.uuid4()),
        "name": "Nightly report",
        "context_id": str(uuid.uuid4()),
        "version": "1.0.0",
        "status": "executing",
        "tasks": [make_task(number, name) for number, name in enumerate(ids)],
        "dependencies": [
            {"from_task": before, "to_task": after, "type": "finish_to_start"}
            for before, after in pairwise(ids)
        ],
    }


def make_task(number: int, name: str) -> dict[str, Any]:
    return {
        "id": name,
        "name": f"Task {number}",
        "type": "atomic",
        "description": "Find the figures for the report",
        "status": "completed",
        "priority": "high",
        "estimated_duration": "2h",
        "assigned_agent": "researcher",
        "resources": {"cpu": 0.5, "memory": 512},
        "started_at": "2026-01-02T09:00:00.000Z",
        "completed_at": "2026-01-02T12:00:00.123Z",
    }


def candidates(plan: dict[str, Any]) -> dict[str, Candidate]:
    rules = schema("plan")
    theirs = Draft202012Validator(rules, format_checker=Draft202012Validator.FORMAT_CHECKER)
    ours = compile_schema(rules)
    text = to_json(plan)
    assert theirs.is_valid(plan)
    assert validate(plan).valid
    return {
        BASELINE: Candidate(lambda: theirs.is_valid(plan), 1),
        "our schema layer": Candidate(lambda: ours.validate_python(plan), 5),
        "six layers": Candidate(lambda: validate(plan), 5),
        "JSON to model": Candidate(lambda: Plan.model_validate_json(text), 5),
        "JSON to model, STRICT": Candidate(lambda: Plan.model_validate_json(text, context=STRICT), 5),
    }


def measure(plan: dict[str, Any], rounds: int) -> dict[str, float]:
    """Median milliseconds of each candidate, in turns, so that a slow moment of the machine hits all."""
    times: dict[str, list[float]] = {}
    each = candidates(plan)
    for _ in range(rounds):
        for name, candidate in each.items():
            for _ in range(candidate.repeat):
                before = time.perf_counter()
                candidate.run()
                times.setdefault(name, []).append(time.perf_counter() - before)
    return {name: statistics.median(taken) * 1000 for name, taken in times.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    missed = 0
    for tasks in (100, 1000):
        plan = make_plan(tasks)
        medians = measure(plan, rounds)
        print(f"plan of {tasks} tasks, {len(to_json(plan)):,} bytes")
        for name, median in medians.items():
            goal = GOALS.get((name, tasks))
            missed += goal is not None and median >= goal
            print(
                f"  {name:<24} {median:9.3f} ms   {median / medians[BASELINE]:7.4f} × baseline"
                + (f"   goal < {goal:g} ms: {'met' if median < goal else 'MISSED'}" if goal else "")
            )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
