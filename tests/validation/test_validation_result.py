"""The result: its shape, the order of its findings, what it counts, and what it keeps to itself."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

import mplp_sdk
from mplp_sdk.models import Context, Plan
from mplp_sdk.protocol.dialects import convert
from mplp_sdk.protocol.schemas import schema
from mplp_sdk.protocol.validation import (
    LAYERS,
    RULES,
    VALIDATOR_VERSION,
    Facts,
    Related,
    ValidationResult,
    validate,
)
from samples import SAMPLES, sample

KINDS = sorted(SAMPLES)
NAMED = {
    "goals_not_empty",
    "environment_platform_valid",
    "timestamp_valid",
    "steps_not_empty",
    "no_circular_dependencies",
    "all_dependencies_exist",
    "unique_step_ids",
    "plan_matches_context",
    "resource_constraints_met",
    "deadline_feasible",
    "execution_authorized",
    "prerequisites_met",
    "user_authenticated",
    "user_authorized",
    "resource_accessible",
    "no_sensitive_data_exposure",
    "data_encryption_valid",
    "resource_usage_high",
}


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


RFC_EXAMPLE = {
    "contextId": uuid(1),
    "version": "1.0.0",
    "timestamp": "2026-01-02T03:04:05.678Z",
    "environment": {"platform": "server"},
    "goals": [],
}


def wrong_in_every_layer() -> dict[str, Any]:
    return sample(
        "plan",
        name=7,
        context_id=uuid(99),
        version="1.0",
        tasks=[
            {"id": uuid(1), "name": "A", "type": "atomic", "resources": {"cpu": 1.95}},
            {"id": uuid(1), "name": "B", "type": "atomic"},
        ],
        dependencies=[],
        metadata={"password": "hunter2"},
    )


@pytest.mark.requirement("VALID-RESULT")
def test_the_example_of_the_rfc_gives_its_result() -> None:
    result = validate(RFC_EXAMPLE).to_wire()
    elapsed = result["metadata"].pop("validationTime")
    assert isinstance(elapsed, float)
    assert elapsed > 0
    assert result == {
        "valid": False,
        "errors": [
            {
                "level": "error",
                "code": "V001",
                "rule": "goals_not_empty",
                "message": "The context has no goal.",
                "path": "context.goals",
                "value": [],
                "suggestion": "Add a goal with an id, a description, a priority from 1 to 10 and a status.",
            }
        ],
        "warnings": [],
        "metadata": {
            "rulesExecuted": 18,
            "validatorVersion": VALIDATOR_VERSION,
            "schemaId": "https://mplp.ai/schemas/context/v2.0.0",
            "dataSize": len(json.dumps(RFC_EXAMPLE, separators=(",", ":"))),
        },
    }


@pytest.mark.requirement("VALID-RESULT")
def test_a_warning_leaves_the_object_valid() -> None:
    task = {"id": uuid(1), "name": "A", "type": "atomic", "resources": {"cpu": 0.95}}
    result = validate(sample("plan", tasks=[task], dependencies=[]))
    assert result.valid
    assert result.errors == ()
    [warning] = result.to_wire()["warnings"]
    assert warning == {
        "level": "warning",
        "code": "W001",
        "rule": "resource_usage_high",
        "message": "This uses 95% of what there is.",
        "path": "plan.tasks[0].resources.cpu",
        "value": 0.95,
        "suggestion": "Ask for less, spread the work over more tasks, or provide more of the resource.",
    }


@pytest.mark.requirement("VALID-LAYERS")
def test_findings_come_in_the_order_of_the_layers() -> None:
    assert LAYERS == ("schema", "business", "integrity", "security", "performance", "compatibility")
    layer_of = {rule.name: rule.layer for rule in RULES}
    result = validate(wrong_in_every_layer(), context=sample("context"))
    for findings in (result.errors, result.warnings):
        layers = [LAYERS.index(layer_of[finding.rule]) for finding in findings]
        assert layers == sorted(layers)
    assert {layer_of[finding.rule] for finding in (*result.errors, *result.warnings)} == set(LAYERS)


@pytest.mark.requirement("VALID-LAYERS", "VALID-CODES")
def test_the_table_of_rules_is_in_order_and_whole() -> None:
    assert {rule.name for rule in RULES} >= NAMED
    assert [rule.layer for rule in RULES] == sorted((rule.layer for rule in RULES), key=LAYERS.index)
    assert max(Counter(rule.code for rule in RULES).values()) == 1
    assert max(Counter(rule.name for rule in RULES).values()) == 1
    assert all(rule.holds.endswith(".") for rule in RULES)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.requirement("VALID-RESULT")
def test_a_complete_object_of_each_kind_is_valid_and_recognised(kind: str) -> None:
    result = validate(sample(kind))
    assert (result.valid, result.errors, result.warnings) == (True, (), ())
    assert result.metadata.schema_id == schema(kind)["$id"]


@pytest.mark.parametrize("dialect", ["rfc", "frozen"])
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"execution"}))
def test_an_object_written_in_another_dialect_is_recognised_in_it(kind: str, dialect: str) -> None:
    result = validate(convert(sample(kind), to=dialect).object)
    assert result.errors == ()
    assert result.metadata.schema_id != schema(kind)["$id"]


@pytest.mark.parametrize(
    ("kind", "dialect"), [("plan", "draft"), ("context", "draft"), ("context", "context-message")]
)
def test_an_object_of_a_dialect_without_schemas_is_validated_as_what_it_stands_for(
    kind: str, dialect: str
) -> None:
    written = convert(sample(kind), to=dialect).object
    for known in ({}, {"dialect": dialect}, {"dialect": dialect, "kind": kind}):
        result = validate(written, **known)
        assert result.errors == ()
        assert result.metadata.schema_id == schema(kind)["$id"]
    written[f"{kind}_id"] = "x-1"
    assert [finding.path for finding in validate(written, dialect=dialect).errors] == [f"{kind}.id"]


def test_a_finding_of_the_schema_gives_way_to_one_that_says_more() -> None:
    [finding] = validate(RFC_EXAMPLE | {"goals": "none"}).errors
    assert finding.rule == "type_correct"
    result = validate({name: value for name, value in RFC_EXAMPLE.items() if name != "environment"})
    assert [finding.rule for finding in result.errors] == ["goals_not_empty", "environment_platform_valid"]


def test_a_model_is_validated_as_what_it_is_on_the_wire() -> None:
    plan = Plan.model_validate(sample("plan"))
    context = Context.model_validate(sample("context"))
    assert validate(plan, context=context, related=[context]).valid
    plan.status = "begun"
    assert [finding.path for finding in validate(plan).errors] == ["plan.status"]


@pytest.mark.parametrize(("known", "paths"), [(150, 101), (100, 100), (3, 3)])
def test_at_most_a_hundred_findings_of_a_rule_are_listed_and_the_rest_is_counted(
    known: int, paths: int
) -> None:
    tasks = [{"id": uuid(number), "name": "", "type": "atomic"} for number in range(known)]
    errors = validate(sample("plan", tasks=tasks, dependencies=[])).errors
    assert len(errors) == paths
    if known > 100:
        assert (errors[-1].path, errors[-1].value, errors[-1].code) == ("plan", 50, "V027")


@pytest.mark.requirement("VALID-SENSITIVE")
def test_no_finding_shows_a_secret() -> None:
    key = "sk-proj-" + "a1" * 12
    obj = sample(
        "plan",
        id=key,
        version=f"v {key}",
        metadata={"password": "hunter2", key: key},
        status={"token": "abcdef"},
    )
    obj["tasks"][0] |= {"name": f"{key}", "status": key, "parent_task": key}
    text = json.dumps(validate(obj).to_wire())
    assert key not in text
    assert "hunter2" not in text
    assert "abcdef" not in text
    assert "[redacted]" in text


def test_values_are_shown_shortened() -> None:
    tasks = {f"t{number}": ["x" * 500] for number in range(20)}
    [finding] = [
        finding for finding in validate(sample("plan", tasks=tasks)).errors if finding.path == "plan.tasks"
    ]
    assert len(json.dumps(finding.value)) < 3000
    assert finding.value["…"] == "12 more"


def test_a_cycle_is_named_by_its_tasks() -> None:
    names = ["Research", "Write", "Review"]
    tasks = [{"id": uuid(i), "name": name, "type": "atomic"} for i, name in enumerate(names)]
    edges = [
        {"from_task": uuid(i), "to_task": uuid((i + 1) % 3), "type": "finish_to_start"} for i in range(3)
    ]
    [finding] = validate(sample("plan", tasks=tasks, dependencies=edges)).errors
    assert finding.message == "Tasks wait for each other in a circle: Research → Write → Review → Research."
    assert finding.value == [uuid(0), uuid(1), uuid(2), uuid(0)]
    assert finding.suggestion == "Take out one of these dependencies, such as 'Research' on 'Review'."


def test_related_objects_are_indexed_once_and_used_often() -> None:
    related = Related(sample(kind) for kind in KINDS)
    for kind in ("plan", "execution"):
        assert validate(sample(kind), related=related).valid
    result = validate(sample("trace"), related=related)
    assert [finding.path for finding in result.warnings] == ["trace.parent_span_id"]
    assert validate(sample("plan"), related=[sample("plan"), 3, {}]).valid  # type: ignore[list-item]


@pytest.mark.parametrize(("argument", "value"), [("kind", "banana"), ("dialect", "latin")])
def test_an_argument_that_is_none_of_the_choices_raises(argument: str, value: str) -> None:
    with pytest.raises(ValueError, match=value):
        validate({}, **{argument: value})  # type: ignore[arg-type]


def test_results_are_frozen_and_exported() -> None:
    result = mplp_sdk.validate({})
    assert isinstance(result, ValidationResult)
    with pytest.raises(FrozenInstanceError):
        result.valid = True  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        Facts().user = "dana"  # type: ignore[misc]
