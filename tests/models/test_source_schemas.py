"""The JSON Schemas that the source documents print accept what we emit, and ours accept it too.

`source_schemas/` holds those schemas with their constraints only. Formats are asserted.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from mplp_sdk.protocol.dialects import convert
from mplp_sdk.protocol.schemas import MODULES, schema
from samples import SAMPLES, sample

FOLDER = Path(__file__).parent / "source_schemas"
SOURCE = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
DESIGN = {
    "context": "design-context",
    "plan": "design-plan",
    "confirmation": "design-confirm",
    "trace": "design-trace",
    "role": "design-role",
    "extension": "design-extension",
}
REGISTRY: Registry[Any] = Registry().with_resources(
    (source["$id"], Resource.from_contents(source)) for source in SOURCE.values()
)


def errors(rules: dict[str, Any], data: object) -> list[str]:
    """What `rules` find wrong with `data`, one line each."""
    validator = Draft202012Validator(
        rules, registry=REGISTRY, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(data)]


@pytest.mark.parametrize("kind", sorted(DESIGN))
@pytest.mark.requirement("OBJ-CANONICAL-SCHEMAS")
def test_the_schema_of_the_design_document_accepts_what_we_emit(kind: str) -> None:
    emitted = MODULES[kind].model_validate(sample(kind)).to_wire()
    assert errors(SOURCE[DESIGN[kind]], emitted) == []


@pytest.mark.parametrize("kind", ["context", "plan"])
@pytest.mark.requirement("OBJ-CANONICAL-SCHEMAS")
def test_the_schema_of_the_rfc_accepts_what_we_emit(kind: str) -> None:
    emitted = convert(MODULES[kind].model_validate(sample(kind)), to="rfc")
    assert errors(SOURCE[f"rfc-{kind}"], emitted.object) == []


@pytest.mark.parametrize("kind", sorted(MODULES))
@pytest.mark.requirement("OBJ-JSON-SCHEMAS")
def test_our_schema_is_one_of_2020_12_and_accepts_what_we_emit(kind: str) -> None:
    rules = schema(kind)
    assert rules["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(rules)
    assert errors(rules, MODULES[kind].model_validate(sample(kind)).to_wire()) == []


@pytest.mark.parametrize(
    ("kind", "members", "path"),
    [
        ("context", {"id": "ctx-1"}, "$.id"),
        ("context", {"status": "asleep"}, "$.status"),
        ("context", {"name": None}, "$.name"),
        ("plan", {"tasks": [{"id": SAMPLES["plan"]["id"], "name": "", "type": "atomic"}]}, "$.tasks[0].name"),
        ("trace", {"timestamp": {"start": "yesterday"}}, "$.timestamp.start"),
    ],
)
@pytest.mark.requirement("OBJ-JSON-SCHEMAS")
def test_our_schema_is_strict(kind: str, members: dict[str, Any], path: str) -> None:
    assert [error.split(": ")[0] for error in errors(schema(kind), sample(kind, **members))] == [path]
