"""There and back is identity, for every dialect and kind, with members that no table names.

Objects are drawn from JSON Schemas: ours, the RFC's own for contexts and plans, the frozen line's, and for
what the documents give only as an example the schemas in `MEMBERS` below.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator

from mplp_sdk.protocol.dialects import convert, frozen, parse, recognise
from mplp_sdk.protocol.dialects._residue import difference, restore
from mplp_sdk.protocol.schemas import MODULES, schema
from samples import sample

Strategy = st.SearchStrategy[Any]
Rules = dict[str, Any]

ID: Rules = {"type": "string", "format": "uuid"}
TIME: Rules = {"type": "string", "format": "date-time"}
TEXT: Rules = {"type": "string"}
NUMBER: Rules = {"type": "number", "minimum": 0}
ANYTHING: Rules = {}


def obj(required: str = "", **members: Rules) -> Rules:
    return {"type": "object", "required": required.split(), "properties": members}


def array(items: Rules) -> Rules:
    return {"type": "array", "items": items}


def one_of(*values: str) -> Rules:
    return {"enum": list(values)}


OPEN: Rules = {"type": "object"}
PERSON = obj(userId=TEXT, role=TEXT)
MEMBERS: dict[tuple[str, str], Rules] = {
    ("rfc", "confirmation"): obj(
        "confirmationId",
        confirmationId=ID,
        planId=ID,
        type=TEXT,
        status=one_of("pending", "approved", "rejected", "expired"),
        requester=PERSON,
        approver=PERSON,
        riskAssessment=obj(level=one_of("low", "high"), factors=array(ANYTHING)),
        timestamp=TIME,
    ),
    ("rfc", "trace"): obj(
        "traceId timestamp",
        traceId=ID,
        planId=ID,
        stepId=ID,
        timestamp=TIME,
        event=obj(
            type=one_of("start", "progress", "complete", "error", "warning"), description=TEXT, data=OPEN
        ),
        performance=obj(duration=NUMBER, memoryUsage=NUMBER, cpuUsage=NUMBER),
        status=one_of("success", "completed", "failed", "running"),
    ),
    ("rfc", "role"): obj(
        "roleId name",
        roleId=ID,
        name=TEXT,
        description=TEXT,
        type=one_of("system", "guest"),
        permissions=array(obj("resource actions", resource=TEXT, actions=array(TEXT), conditions=OPEN)),
        inheritance=obj(parentRoles=array(ID), childRoles=array(ID)),
        metadata=OPEN,
    ),
    ("rfc", "extension"): obj(
        "extensionId name version type",
        extensionId=ID,
        name=TEXT,
        version={"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        type=one_of("plugin", "adapter", "integration", "custom"),
        configuration=obj(parameters=OPEN, endpoints=array(ANYTHING), dependencies=array(ANYTHING)),
        lifecycle=obj(status=TEXT, installDate=TIME, lastUpdate=TIME),
    ),
    ("draft", "context"): obj(
        "context_id shared_data",
        context_id=ID,
        version={"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        timestamp=TIME,
        global_state=obj(project_id=TEXT, session_id=TEXT, environment=one_of("development", "production")),
        shared_data=obj(variables=OPEN, artifacts=array(ANYTHING), knowledge_base=array(ANYTHING)),
        metadata=obj(created_by=TEXT, last_updated=TIME, tags=array(TEXT)),
    ),
    ("draft", "plan"): obj(
        "plan_id title tasks",
        plan_id=ID,
        version={"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        title=TEXT,
        description=TEXT,
        objectives=array(ANYTHING),
        tasks=array(
            obj(
                "task_id name",
                task_id=ID,
                name={"type": "string", "maxLength": 120},
                description={"type": "string", "maxLength": 510},
                type=one_of("development", "testing", "documentation", "review"),
                assigned_agent=TEXT,
                dependencies=array(ID),
                estimated_duration=NUMBER,
                priority=one_of("high", "medium", "low"),
                resources=obj(cpu=TEXT, memory=TEXT, tools=array(TEXT)),
                ai_ide_config=obj(workspace=TEXT, environment=TEXT, required_plugins=array(TEXT)),
            )
        ),
        timeline=ANYTHING,
        dependencies=ANYTHING,
        resources=ANYTHING,
    ),
    ("draft", "execution"): obj(
        "execution_id status",
        execution_id=ID,
        version=TEXT,
        task_id=ID,
        agent_id=ID,
        status=one_of("pending", "running", "completed", "failed", "cancelled", "paused"),
        input=obj(parameters=OPEN, context_reference=TEXT, resources=ANYTHING, ai_ide_instructions=OPEN),
        output=ANYTHING,
        execution_log=array(ANYTHING),
        ai_ide_context=obj(workspace_path=TEXT, active_files=array(TEXT), environment_variables=OPEN),
    ),
    ("context-message", "context"): obj(
        "context_id context_name",
        context_id=TEXT | {"minLength": 1},
        context_name=TEXT,
        context_type=TEXT,
        status=one_of("active", "suspended", "completed"),
        configuration=obj(
            max_participants={"type": "integer", "minimum": 0}, timeout_ms=NUMBER, persistence_level=TEXT
        ),
        metadata=OPEN,
        created_at=TIME,
        created_by=TEXT,
    ),
    ("context-message", "participant"): obj(
        "context_id user_id",
        context_id=TEXT | {"minLength": 1},
        user_id=TEXT | {"minLength": 1},
        role=TEXT,
        capabilities=array(TEXT),
        notification_preferences=obj(email={"type": "boolean"}, push={"type": "boolean"}),
    ),
    **{
        ("rfc", kind): json.loads(
            (Path(__file__).parent.parent / f"models/source_schemas/rfc-{kind}.json").read_text()
        )
        for kind in ("context", "plan")
    },
    **{
        ("frozen", kind): frozen.schema(kind)
        for kind in ("context", "plan", "confirmation", "trace", "role", "extension")
    },
}
OPEN_KINDS = sorted(pair for pair in MEMBERS if pair[1] != "participant")
CLOSED_KINDS = ["plan", "confirmation", "role"]

# Names that are members of other spellings: they must neither be taken for those nor get lost.
FOREIGN = (
    "id",
    "name",
    "status",
    "tasks",
    "steps",
    "metadata",
    "shared_state",
    "dependencies",
    "result",
    "note",
)
WORDS = st.text("ab: /~@é\n", max_size=6)
NUMBERS = st.integers(0, 9) | st.floats(0, 9, width=16)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=4,
)
BAGS = st.sampled_from(["x-mplp-canonical", "x-mplp-rfc", "x-mplp-draft", "x-mplp-frozen"])
MOMENTS = ["2026-01-02T03:04:05Z", "2024-07-09T14:30:00+08:00", "2026-01-02T03:04:05.123456789Z"]
FORMATS = {
    "uuid": st.uuids(version=4).map(str) | st.uuids(version=5).map(str),
    "date-time": st.sampled_from(MOMENTS),
}


def pattern(expression: str) -> Strategy:
    if "a-f" in expression:
        return st.uuids(version=4).map(str)
    return st.tuples(*[st.integers(0, 20)] * 3).map(lambda numbers: ".".join(map(str, numbers)))


def text(rules: Rules) -> Strategy:
    if "format" in rules:
        return FORMATS[rules["format"]]
    if "pattern" in rules:
        return pattern(rules["pattern"])
    least, most = rules.get("minLength", 0), rules.get("maxLength", 8)
    return WORDS.filter(lambda word: len(word) >= least) | st.just("x" * most)


def members(rules: Rules, root: Rules, names: tuple[str, ...]) -> Strategy:
    known = {name: drawn(inner, root, names) for name, inner in rules.get("properties", {}).items()}
    required = set(rules.get("required", ()))
    told = st.fixed_dictionaries(
        {name: value for name, value in known.items() if name in required},
        optional={name: value for name, value in known.items() if name not in required},
    )
    if rules.get("additionalProperties") is False:
        return told
    unknown = st.dictionaries(
        st.sampled_from([name for name in names if name not in known] or ["zz"]), JSON, max_size=2
    )
    return st.tuples(unknown, told).map(lambda parts: parts[0] | parts[1])


def drawn(rules: Rules, root: Rules, names: tuple[str, ...]) -> Strategy:
    """What the JSON Schema `rules` allow, unknown members out of `names` included."""
    if "$ref" in rules:
        place, name = rules["$ref"].split("/")[1:]
        return drawn(root[place][name], root, names)
    if "anyOf" in rules:  # only durations are
        return st.sampled_from(["150ms", "8h", "PT1.5S", 3, 0.25])
    if "enum" in rules or "const" in rules:
        return st.sampled_from(rules.get("enum") or [rules["const"]])
    if "properties" in rules:
        return members(rules, root, names)
    if rules.get("type") == "array":
        items = drawn(rules.get("items", {}), root, names)
        unique = repr if rules.get("uniqueItems") else None
        return st.lists(items, min_size=rules.get("minItems", 0), max_size=3, unique_by=unique)
    return plain(rules)


def plain(rules: Rules) -> Strategy:
    match rules.get("type"):
        case "object":
            return st.dictionaries(WORDS, JSON, max_size=2) | st.dictionaries(BAGS, JSON, max_size=1)
        case "string":
            return text(rules)
        case "integer":
            return st.integers(rules.get("minimum", 0), rules.get("maximum", 9))
        case "number":
            return NUMBERS
        case "boolean":
            return st.booleans()
    return JSON


def theirs(dialect: str, kind: str, names: tuple[str, ...] = FOREIGN) -> Strategy:
    rules = MEMBERS[dialect, kind]
    return drawn(rules, rules, names)


def ours(kind: str) -> Strategy:
    """Canonical objects, as their model writes them."""
    rules = schema(kind)
    return drawn(rules, rules, FOREIGN).map(
        lambda data: convert(data, to="canonical", source="canonical", kind=kind).object
    )


def spelt(value: Any) -> str:
    """JSON text in which 1 and 1.0 are one number, and true is another thing."""
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


examples = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@pytest.mark.parametrize(("dialect", "kind"), sorted(MEMBERS))
@given(data=st.data())
@examples
@pytest.mark.requirement(
    "DIALECT-RFC", "DIALECT-DRAFT", "DIALECT-CONTEXT-MESSAGE", "FROZEN-IDENTITY", "DIALECT-BAG"
)
def test_a_dialects_object_comes_back_as_it_was(dialect: str, kind: str, data: st.DataObject) -> None:
    given_object = data.draw(theirs(dialect, kind))
    read = convert(given_object, to="canonical", source=dialect, kind=kind)
    back = convert(read.object, to=dialect, source="canonical", kind=kind)
    assert spelt(back.object) == spelt(given_object)
    assert read.lost == back.lost == []


@pytest.mark.parametrize(("dialect", "kind"), sorted(MEMBERS))
@given(data=st.data())
@examples
@pytest.mark.requirement("DIALECT-RECOGNISED")
def test_it_comes_back_through_the_models_that_parse_recognises(
    dialect: str, kind: str, data: st.DataObject
) -> None:
    given_object = data.draw(theirs(dialect, kind, names=("note", "Größe")))
    found = recognise(given_object)
    assert (found.dialect, found.kind) == (dialect, kind)
    model = parse(json.dumps(given_object))
    assert spelt(convert(model, to=dialect).object) == spelt(given_object)


@pytest.mark.parametrize(("dialect", "kind"), [pair for pair in OPEN_KINDS if pair[0] != "frozen"])
@given(data=st.data())
@examples
@pytest.mark.requirement("DIALECT-CANONICAL-IDENTITY", "DIALECT-BAG")
def test_a_canonical_object_comes_back_as_it_was(dialect: str, kind: str, data: st.DataObject) -> None:
    given_object = data.draw(ours(kind))
    written = convert(given_object, to=dialect, source="canonical", kind=kind)
    back = convert(written.object, to="canonical")
    assert spelt(back.object) == spelt(given_object)
    assert written.lost == back.lost == []


@pytest.mark.parametrize("kind", ["context", "extension"])
@given(data=st.data())
@examples
@pytest.mark.requirement("DIALECT-CANONICAL-IDENTITY")
def test_a_frozen_object_with_an_open_member_loses_nothing(kind: str, data: st.DataObject) -> None:
    given_object = data.draw(ours(kind))
    written = convert(given_object, to="frozen", source="canonical", kind=kind)
    assert frozen_errors(kind, written.object) == []
    back = convert(written.object, to="canonical", source="frozen", kind=kind)
    assert spelt(back.object) == spelt(given_object)
    assert written.lost == back.lost == []


@pytest.mark.parametrize("kind", CLOSED_KINDS)
@given(data=st.data())
@examples
@pytest.mark.requirement("DIALECT-LOSSES-NAMED", "FROZEN-CLOSED")
def test_what_a_closed_object_cannot_keep_is_named(kind: str, data: st.DataObject) -> None:
    given_object = data.draw(ours(kind))
    written = convert(given_object, to="frozen", source="canonical", kind=kind)
    assert frozen_errors(kind, written.object) == []
    back = convert(written.object, to="canonical", source="frozen", kind=kind).object
    for path in written.lost:
        assert at(given_object, path) is not None
    assert [path for path in differing(given_object, back) if not covered(path, written.lost)] == []


@given(data=st.data())
@examples
@pytest.mark.requirement("DIALECT-CANONICAL-IDENTITY", "FROZEN-TRACE")
def test_the_spans_of_a_trace_come_back_as_they_were(data: st.DataObject) -> None:
    spans = data.draw(st.lists(ours("trace"), min_size=1, max_size=3, unique_by=lambda span: span["id"]))
    for span in spans:
        span["trace_id"] = spans[0]["trace_id"]
    written = convert(spans, to="frozen", source="canonical", kind="trace")
    assert frozen_errors("trace", written.object) == []
    assert len(written.object["segments"]) == len(spans)
    back = convert(written.object, to="canonical", source="frozen", kind="trace")
    assert spelt(back.object) == spelt(spans)
    assert written.lost == back.lost == []


@pytest.mark.parametrize("kind", ["context", "plan"])
@given(data=st.data())
@examples
@pytest.mark.requirement("OBJ-CANONICAL-SCHEMAS")
def test_what_is_written_obeys_the_schema_of_the_rfc(kind: str, data: st.DataObject) -> None:
    given_object = with_what_the_rfc_requires(kind, data.draw(ours(kind)))
    written = convert(given_object, to="rfc", source="canonical", kind=kind).object
    validator = Draft202012Validator(MEMBERS["rfc", kind], format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(written)] == []


def with_what_the_rfc_requires(kind: str, drawn_object: Any) -> Any:
    full = sample(kind)
    if kind == "context":
        drawn_object["shared_state"]["goals"] = full["shared_state"]["goals"]
        drawn_object["metadata"] = full["metadata"]
    else:
        drawn_object["tasks"] = drawn_object["tasks"] or full["tasks"]
    return full | drawn_object


@given(made=JSON, wanted=JSON)
@settings(max_examples=300, deadline=None)
def test_a_residue_completes_any_value_to_any_other(made: Any, wanted: Any) -> None:
    assert spelt(restore(made, difference(made, wanted))[0]) == spelt(wanted)


ELEMENTS = st.lists(
    st.fixed_dictionaries(
        {}, optional={"id": st.sampled_from("abcd"), "stepId": st.sampled_from("abcd"), "n": NUMBERS}
    ),
    max_size=5,
)


@given(made=ELEMENTS, wanted=ELEMENTS)
@settings(max_examples=300, deadline=None)
def test_a_residue_completes_any_list_to_any_other(made: list[Any], wanted: list[Any]) -> None:
    completed, stale = restore({"steps": made}, difference({"steps": made}, {"steps": wanted}))
    assert spelt(completed) == spelt({"steps": wanted})
    assert stale == []


@given(
    data=st.data(),
    residue=st.lists(st.dictionaries(st.sampled_from(["at", "was", "is", "after", "held"]), JSON)),
)
@examples
def test_a_bag_that_somebody_wrote_by_hand_does_no_harm(data: st.DataObject, residue: Any) -> None:
    plan = data.draw(ours("plan")) | {"metadata": {"x-mplp-rfc": residue, "x-mplp-canonical": residue}}
    for dialect in ("rfc", "draft", "frozen"):
        convert(plan, to=dialect, source="canonical", kind="plan")


def frozen_errors(kind: str, written: Any) -> list[str]:
    validator = Draft7Validator(frozen.schema(kind), format_checker=Draft7Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(written)]


def at(value: Any, path: str) -> Any:
    """The value that a JSON Pointer leads to."""
    for part in path.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def covered(path: str, lost: list[str]) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in lost)


def differing(before: Any, after: Any, path: str = "") -> list[str]:
    """Pointers to what `before` says and `after` does not say in the same place, but for empty members."""
    if isinstance(before, dict) and isinstance(after, dict):
        pairs = [(str(name), value, after.get(name)) for name, value in before.items()]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = [(str(index), *both) for index, both in enumerate(zip(before, after, strict=True))]
    else:
        return [] if before in (None, [], {}) or spelt(before) == spelt(after) else [path]
    return [
        found
        for name, one, other in pairs
        for found in differing(one, other, f"{path}/{name.replace('~', '~0').replace('/', '~1')}")
    ]


def test_every_kind_of_every_dialect_is_drawn() -> None:
    assert {kind for _, kind in MEMBERS} == {*MODULES, "participant"}
