"""The schema layer and the published JSON Schemas agree, and so do the models under STRICT."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from mplp_sdk.models import STRICT
from mplp_sdk.models._base import DurationField, Id, Timestamp
from mplp_sdk.protocol.dialects import convert
from mplp_sdk.protocol.schemas import MODULES, schema
from mplp_sdk.protocol.validation import validate
from mplp_sdk.protocol.validation._compile import compile_schema
from mplp_sdk.protocol.validation._dialects import DIALECTS
from samples import SAMPLES, sample

KINDS = sorted(MODULES)
SCHEMA_RULES = {
    "member_present",
    "type_correct",
    "value_allowed",
    "format_correct",
    "range_kept",
    "member_known",
}
VALIDATORS = {
    kind: Draft202012Validator(schema(kind), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for kind in KINDS
}

# What a member may be changed to. No ids in upper case: JSON Schema's uuid takes them, the protocol does not.
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.floats(-3, 12, width=16),
    st.sampled_from(
        [
            "",
            "x",
            "active",
            "atomic",
            "1.0.0",
            "1.0",
            "server",
            "150ms",
            "2d",
            "PT1.5S",
            "P1D",
            "PT",
            "1 h",
            "-1s",
        ]
    ),
    st.sampled_from(
        ["2026-01-02T03:04:05Z", "2024-02-29T00:00:00.5+01:00", "2026-02-29T00:00:00Z", "2026-01-02"]
    ),
    st.sampled_from(["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-00000000000"]),
    st.text(alphabet="ab", max_size=101),
    st.just([]),
    st.just({}),
    st.just([{}]),
    st.just(["x"]),
    st.just({"type": "x"}),
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Path of everything inside `value`."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for name, member in inside for place in ((*path, name), *places(member, (*path, name)))]


def changed(value: Any, path: tuple[str | int, ...], to: Any) -> Any:
    """A copy of `value` with `to` at `path`; taken out where `to` is `...`."""
    written = copy.deepcopy(value)
    here = written
    for step in path[:-1]:
        here = here[step]
    if to is ...:
        del here[path[-1]]
    else:
        here[path[-1]] = to
    return written


@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_an_object_is_refused_just_where_json_schema_refuses_it(data: st.DataObject, kind: str) -> None:
    place = data.draw(st.sampled_from(places(SAMPLES[kind])))
    obj = changed(SAMPLES[kind], place, data.draw(values | st.just(...)))
    ours = compile_schema(schema(kind)).isinstance_python(obj)
    assert ours == VALIDATORS[kind].is_valid(obj)


@given(data=st.data(), kind=st.sampled_from(["context", "plan"]))
def test_the_rfc_schemas_refuse_what_the_printed_ones_refuse(data: st.DataObject, kind: str) -> None:
    printed = json.loads(
        (Path(__file__).parent.parent / "models" / "source_schemas" / f"rfc-{kind}.json").read_text()
    )
    theirs = Draft202012Validator(printed, format_checker=Draft202012Validator.FORMAT_CHECKER)
    written = convert(sample(kind), to="rfc").object
    obj = changed(written, data.draw(st.sampled_from(places(written))), data.draw(values | st.just(...)))
    assert compile_schema(DIALECTS["rfc"].schemas[kind]).isinstance_python(obj) == theirs.is_valid(obj)


@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_an_invalid_object_has_a_finding_at_or_above_the_place(data: st.DataObject, kind: str) -> None:
    place = data.draw(st.sampled_from(places(SAMPLES[kind])))
    obj = changed(SAMPLES[kind], place, data.draw(values | st.just(...)))
    result = validate(obj, kind=kind, dialect="canonical")
    if not VALIDATORS[kind].is_valid(obj):
        assert not result.valid
        top = f"{kind}.{place[0]}"
        assert any(finding.path.startswith((top, f"{kind}[")) for finding in result.errors)
    else:
        assert not {finding.rule for finding in result.errors} & SCHEMA_RULES


@pytest.mark.parametrize("keyword", ["oneOf", "patternProperties", "dependentRequired"])
def test_a_schema_with_a_keyword_that_is_not_known_is_refused(keyword: str) -> None:
    with pytest.raises(ValueError, match=keyword):
        compile_schema({"type": "object", "properties": {"a": {"type": "string", keyword: {}}}})


@pytest.mark.parametrize(
    "rules",
    [{"type": "string", "format": "color"}, {"type": "object", "additionalProperties": {"type": "string"}}],
)
def test_what_would_go_unchecked_is_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"known"):
        compile_schema(rules)


UUID = "00000000-0000-4000-8000-00000000000a"


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (
            Id,
            [UUID, UUID.replace("4000", "5000")],
            ["ctx-1", UUID.upper(), f"{{{UUID}}}", UUID.replace("-", ""), f"{UUID}\n"],
        ),
        (
            Timestamp,
            ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678901+02:00"],
            [
                "2026-01-02",
                "2026-01-02T03:04:05",
                "2026-01-02T03:04Z",
                "20260102T030405Z",
                "2026-02-30T00:00:00Z",
            ],
        ),
        (DurationField, ["150ms", "8h", "PT1.5S", "P1DT2H", "7", 1.5], [" 8h", "8h ", "soon", "PT", -1]),
    ],
)
@pytest.mark.requirement("ID-STRICT-FORMATS")
def test_strict_validation_asks_for_the_format_that_the_schema_names(
    field: Any, good: list[Any], bad: list[Any]
) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(field)
    for value in good:
        adapter.validate_python(value, context=STRICT)
    for value in bad:
        with pytest.raises(ValidationError):
            adapter.validate_python(value, context=STRICT)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.requirement("ID-STRICT-FORMATS")
def test_strict_models_and_the_validator_refuse_the_same_formats(kind: str) -> None:
    for member, value in (("id", "x-1"), ("version", "one")):
        if member not in MODULES[kind].model_fields:
            continue
        obj = sample(kind, **{member: value})
        with pytest.raises(ValidationError):
            MODULES[kind].model_validate(obj, context=STRICT)
        assert [(finding.rule, finding.path) for finding in validate(obj).errors] == [
            ("format_correct", f"{kind}.{member}")
        ]
