"""The frozen line: its closed objects, its ids, and a whole run exported to it."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft7Validator

from mplp_sdk import convert, parse
from mplp_sdk.errors import InvalidFormat
from mplp_sdk.models import Span
from mplp_sdk.protocol.dialects import frozen
from mplp_sdk.protocol.ids import context_id, derived_id, new_id
from samples import SAMPLES, sample

EVERYWHERE = "meta* governance trace events[]"
PAGE = {
    "context": "context_id* root* title* summary status* tags[] language owner_role constraints "
    "created_at updated_at",
    "plan": "plan_id* context_id* title* objective* status* steps*[]",
    "confirmation": "confirm_id* target_type* target_id* status* requested_by_role* requested_at* reason "
    "decisions[]",
    "trace": "trace_id* context_id* plan_id root_span* status* started_at finished_at segments[]",
    "role": "role_id* name* description capabilities[] created_at updated_at",
    "extension": "extension_id* context_id* name* extension_type* version* status* config",
}
PARTS = {
    (
        "context",
        "Meta",
    ): "protocol_version* schema_version* created_at created_by updated_at updated_by tags[] cross_cutting[]",
    ("context", "Governance"): "lifecyclePhase truthDomain locked lastConfirmRef",
    ("plan", "Step"): "step_id* description* status* dependencies[] agent_role order_index",
    ("confirmation", "FrozenDecision"): "decision_id* status* decided_by_role* decided_at* reason",
    ("trace", "RootSpan"): "trace_id* span_id* parent_span_id context_id attributes",
    ("trace", "Segment"): "segment_id* parent_segment_id label* status* started_at finished_at attributes",
}
STATUSES = {
    "context": "draft active suspended archived closed",
    "plan": "draft proposed approved in_progress completed cancelled failed",
    "confirmation": "pending approved rejected cancelled",
    "trace": "pending running completed failed cancelled",
    "extension": "registered active inactive deprecated",
}
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
META = {"protocol_version": "1.0.0", "schema_version": "2.0.0"}
IDS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(10)]
TIMES = [f"2026-01-02T09:00:0{second}.000Z" for second in range(9)]


def errors(kind: str, written: Any) -> list[str]:
    validator = Draft7Validator(frozen.schema(kind), format_checker=Draft7Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(written)]


def named(page: str) -> tuple[set[str], set[str]]:
    """All members that a line of the page names, and those it requires."""
    words = page.replace("[]", "").split()
    return {word.rstrip("*") for word in words}, {word.rstrip("*") for word in words if word.endswith("*")}


# --- The objects ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(PAGE))
@pytest.mark.requirement("FROZEN-CLOSED", "FROZEN-META")
def test_the_schemas_name_what_the_page_names_and_are_closed(kind: str) -> None:
    rules = frozen.schema(kind)
    assert rules["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(rules)
    expected = named(f"{EVERYWHERE} {PAGE[kind]}")
    assert (set(rules["properties"]), set(rules["required"])) == expected
    assert rules["additionalProperties"] is False
    if kind in STATUSES:
        assert rules["properties"]["status"]["enum"] == STATUSES[kind].split()


@pytest.mark.parametrize(("kind", "part"), sorted(PARTS))
@pytest.mark.requirement("FROZEN-CLOSED", "FROZEN-META")
def test_the_parts_are_closed_too(kind: str, part: str) -> None:
    rules = frozen.schema(kind)["definitions"][part]
    assert (set(rules["properties"]), set(rules.get("required", ()))) == named(PARTS[kind, part])
    assert rules["additionalProperties"] is False


@pytest.mark.parametrize("kind", sorted(PAGE))
@pytest.mark.requirement("FROZEN-CLOSED", "FROZEN-META")
def test_what_we_write_obeys_them(kind: str) -> None:
    written = convert(sample(kind), to="frozen").object
    assert errors(kind, written) == []
    assert META.items() <= written["meta"].items()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"note": 1}, "note"),
        ({"plan_id": IDS[0].replace("-4000-", "-5000-")}, "plan_id"),
        ({"plan_id": IDS[0].replace("000000000000", "00000000000A")}, "plan_id"),
        ({"status": "executing"}, "status"),
        ({"steps": []}, "steps"),
        ({"meta": META | {"schema_version": "1.0.0"}}, "meta.schema_version"),
        ({"meta": META | {"created_at": "yesterday"}}, "meta.created_at"),
        ({"meta": META | {"created_at": "2026-02-30T00:00:00Z"}}, "meta.created_at"),
        ({"meta": META | {"tags": ["a", "a"]}}, "meta.tags"),
        ({"meta": META | {"note": 1}}, "meta.note"),
    ],
)
@pytest.mark.requirement("FROZEN-CLOSED", "FROZEN-IDS")
def test_what_does_not_obey_is_not_read(change: dict[str, Any], field: str) -> None:
    plan = convert(sample("plan"), to="frozen").object | change
    assert errors("plan", plan) != []
    with pytest.raises(InvalidFormat) as refused:
        parse(plan, source="frozen")
    assert refused.value.details["field"] == field


def test_a_bag_that_would_break_the_letter_is_left_out() -> None:
    context = convert(convert(sample("context"), to="frozen").object, to="canonical").object
    context["metadata"]["x-mplp-frozen"] = [{"at": "/colour", "is": "red"}, {"at": "/summary", "is": "short"}]
    written = convert(context, to="frozen")
    assert errors("context", written.object) == []
    assert written.lost == ["/metadata/x-mplp-frozen/~1colour", "/metadata/x-mplp-frozen/~1summary"]


# --- Ids ------------------------------------------------------------------------------------------------


@pytest.mark.requirement("FROZEN-IDS")
def test_ids_have_the_form_of_version_4_and_always_the_same() -> None:
    made = new_id()
    assert frozen.v4(made) == frozen.v4(made.upper()) == made
    for other in (context_id("p", "k"), "ctx-789", "", "Größe"):
        assert UUID4.fullmatch(frozen.v4(other))
        assert frozen.v4(other) == frozen.v4(other)
    assert frozen.v4("ctx-789") == "f4a6e55b-c28a-4b94-b0ee-4ff1a4a2a467"
    assert frozen.v4("ctx-788") != frozen.v4("ctx-789")


@pytest.mark.requirement("FROZEN-IDS")
def test_references_between_exported_objects_still_meet() -> None:
    key, first, second = context_id("p", "k"), derived_id("task", "1"), derived_id("task", "2")
    plan = {
        "id": derived_id("plan", "1"),
        "name": "Report",
        "context_id": key,
        "tasks": [{"id": task, "name": "x", "type": "atomic"} for task in (first, second)],
        "dependencies": [{"from_task": first, "to_task": second, "type": "finish_to_start"}],
    }
    context = convert(sample("context", id=key), to="frozen").object
    written = convert(plan, to="frozen")
    assert written.object["context_id"] == context["context_id"]
    assert written.object["steps"][1]["dependencies"] == [written.object["steps"][0]["step_id"]]
    assert {"/id", "/context_id", "/tasks/0/id", "/dependencies/0/from_task"} <= set(written.lost)
    assert convert(context, to="canonical").object["id"] == key


# --- Kinds ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "written"),
    [("active", "active"), ("suspended", "suspended"), ("completed", "closed"), ("failed", "closed")],
)
@pytest.mark.requirement("FROZEN-CONTEXT")
def test_a_context(status: str, written: str) -> None:
    context = convert(sample("context", status=status), to="frozen")
    assert context.object["root"]["domain"] == "planning_session"
    assert context.object["root"]["environment"] == "staging"
    assert (context.object["title"], context.object["status"]) == ("Report", written)
    assert context.object["meta"] == META | {
        "created_at": "2026-01-02T09:00:00.000Z",
        "updated_at": "2026-01-02T12:00:00.123456Z",
        "created_by": "dana",
        "tags": ["q1"],
    }
    assert context.lost == []
    assert convert(context.object, to="canonical").object == sample("context", status=status)


@pytest.mark.requirement("FROZEN-CONTEXT")
def test_a_context_that_says_little() -> None:
    context = {
        "id": IDS[0],
        "version": "1.0.0",
        "status": "active",
        "lifecycle_stage": "planning",
        "shared_state": {},
    }
    written = convert(context, to="frozen").object
    assert written == {
        "meta": META,
        "context_id": IDS[0],
        "root": {"domain": "unspecified", "environment": "unspecified"},
        "title": "Untitled",
        "status": "active",
    }
    assert convert(written, to="canonical").object == context


@pytest.mark.parametrize("status", STATUSES["context"].split())
@pytest.mark.requirement("FROZEN-IDENTITY", "FROZEN-CONTEXT")
def test_a_full_foreign_context_comes_back(status: str) -> None:
    given = {
        "meta": META | {"created_at": TIMES[0], "cross_cutting": ["security"], "updated_by": "eve"},
        "context_id": IDS[0],
        "root": {"domain": "d", "environment": "e", "entry_point": "main", "more": {"deep": [1]}},
        "title": "T",
        "summary": "S",
        "status": status,
        "tags": ["a", "a"],
        "language": "en",
        "owner_role": "lead",
        "constraints": {"budget": 1},
        "created_at": "2026-01-02T09:00:00+01:00",
        "updated_at": TIMES[1],
        "governance": {"lifecyclePhase": "x", "locked": True},
        "trace": {"trace_id": "t"},
        "events": [{"e": 1}],
    }
    assert errors("context", given) == []
    context = parse(given)
    assert (context.name, context.metadata.tags) == ("T", ["a", "a"])
    assert convert(context, to="frozen").object == given


@pytest.mark.requirement("FROZEN-PLAN")
def test_a_plan() -> None:
    written = convert(sample("plan"), to="frozen").object
    assert (written["title"], written["objective"], written["status"]) == (
        "Report plan",
        "From figures to a text",
        "in_progress",
    )
    assert written["steps"] == [
        {
            "step_id": IDS[3],
            "description": "Research: Find the figures",
            "status": "in_progress",
            "agent_role": "researcher",
        },
        {"step_id": IDS[4], "description": "Write", "status": "completed", "dependencies": [IDS[3]]},
    ]
    read = parse(written)
    assert [(task.name, task.description) for task in read.tasks] == [
        ("Research", "Find the figures"),
        ("Write", None),
    ]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("pending", "pending"),
        ("ready", "pending"),
        ("running", "in_progress"),
        ("completed", "completed"),
        ("failed", "failed"),
        ("skipped", "skipped"),
        ("cancelled", "skipped"),
    ],
)
@pytest.mark.requirement("FROZEN-PLAN", "DIALECT-LOSSES-NAMED")
def test_every_status_of_a_task(ours: str, theirs: str) -> None:
    plan = {
        "id": IDS[0],
        "name": "x",
        "tasks": [{"id": IDS[1], "name": "y", "type": "atomic", "status": ours}],
    }
    written = convert(plan, to="frozen")
    assert written.object["steps"][0]["status"] == theirs
    assert written.lost == (["/tasks/0/status"] if ours in {"ready", "cancelled"} else [])


@pytest.mark.requirement("FROZEN-PLAN")
def test_a_plan_without_tasks_or_context() -> None:
    plan = {"id": IDS[0], "name": "Nothing yet", "tasks": [], "status": "draft"}
    written = convert(plan, to="frozen")
    assert errors("plan", written.object) == []
    assert [step["description"] for step in written.object["steps"]] == ["Nothing yet"]
    assert written.lost == []
    assert convert(written.object, to="canonical").object == plan


@pytest.mark.requirement("FROZEN-PLAN")
def test_the_order_of_edges_says_nothing_and_their_type_does() -> None:
    tasks = [{"id": IDS[n], "name": str(n), "type": "atomic", "status": "pending"} for n in range(1, 5)]
    edges = [(3, 4, "finish_to_start"), (1, 2, "start_to_start"), (1, 3, "finish_to_start")]
    dependencies = [{"from_task": IDS[a], "to_task": IDS[b], "type": kind} for a, b, kind in edges]
    plan = {"id": IDS[0], "name": "x", "status": "draft", "tasks": tasks, "dependencies": dependencies}
    assert convert(plan, to="frozen").lost == ["/dependencies/1/type"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("pending", "pending"), ("approved", "approved"), ("rejected", "rejected"), ("expired", "cancelled")],
)
@pytest.mark.requirement("FROZEN-CONFIRM")
def test_a_confirmation(ours: str, theirs: str) -> None:
    asked = sample("confirmation", metadata={"created_at": TIMES[0]})
    asked["result"]["status"] = ours
    written = convert(asked, to="frozen").object
    assert errors("confirmation", written) == []
    assert (written["target_type"], written["target_id"], written["status"]) == ("other", IDS[4], theirs)
    assert (written["requested_by_role"], written["requested_at"]) == ("writer", TIMES[0])
    (decision,) = written["decisions"]
    assert (decision["status"], decision["decided_by_role"], decision["reason"]) == (
        "approved",
        "editor",
        "fine",
    )
    assert decision["decided_at"] == "2026-01-02T12:00:00.123456Z"


@pytest.mark.requirement("FROZEN-IDENTITY", "FROZEN-CONFIRM")
def test_a_foreign_confirmation_comes_back() -> None:
    given = {
        "meta": META,
        "confirm_id": IDS[0],
        "target_type": "extension",
        "target_id": IDS[1],
        "status": "cancelled",
        "requested_by_role": "lead",
        "requested_at": TIMES[0],
        "decisions": [
            {
                "decision_id": IDS[2],
                "status": "deferred",
                "decided_by_role": "editor",
                "decided_at": TIMES[1],
                "reason": "one\ntwo",
            }
        ],
    }
    assert errors("confirmation", given) == []
    confirmation = parse(given)
    assert confirmation.result.decisions[0].comments == ["one", "two"]
    assert convert(confirmation, to="frozen").object == given


@pytest.mark.requirement("FROZEN-ROLE-EXTENSION")
def test_a_role_and_an_extension() -> None:
    role = convert(sample("role"), to="frozen")
    assert (role.object["name"], role.object["capabilities"]) == ("researcher", ["search"])
    assert "/capabilities/0/level" in role.lost
    extension = convert(sample("extension"), to="frozen")
    assert (extension.object["extension_type"], extension.object["status"]) == ("other", "active")
    assert UUID4.fullmatch(extension.object["context_id"])
    assert extension.object["config"]["depth"] == 1
    assert extension.lost == []
    assert convert(extension.object, to="canonical").object == SAMPLES["extension"]


# --- Traces and runs ------------------------------------------------------------------------------------


def span(number: int, name: str, parent: int | None = None, **members: Any) -> dict[str, Any]:
    made = {
        "id": IDS[number],
        "trace_id": IDS[9],
        "span_id": IDS[number],
        "context_id": context_id("project", "thread"),
        "agent_id": derived_id("agent", name),
        "action": {"name": name, "type": "invoke"},
        "timestamp": {"start": TIMES[number], "end": TIMES[8]},
        "result": {"status": "success"},
    }
    return made | ({} if parent is None else {"parent_span_id": IDS[parent]}) | members


RUN = [
    span(1, "model", 0, result={"status": "failure", "error": {"type": "E"}, "metrics": {"input_tokens": 3}}),
    span(0, "answer", action={"name": "answer", "type": "invoke", "parameters": {"question": "?"}}),
    span(2, "search", 0, task_id=IDS[5], plan_id=IDS[6], metadata={"tags": {"langgraph.node": "tools"}}),
    span(3, "wait", 0, timestamp={"start": TIMES[3]}, result={}),
    span(4, "slow", 2, result={"status": "timeout"}),
]


@pytest.mark.requirement("FROZEN-TRACE")
def test_a_run_is_one_object() -> None:
    written = convert(RUN, to="frozen")
    trace = written.object
    assert errors("trace", trace) == []
    assert written.lost == []
    assert (trace["trace_id"], trace["plan_id"], trace["status"]) == (IDS[9], IDS[6], "completed")
    assert (trace["started_at"], trace["finished_at"]) == (TIMES[0], TIMES[8])
    assert trace["root_span"]["span_id"] == IDS[0]
    assert trace["context_id"] == trace["root_span"]["context_id"] == frozen.v4(RUN[0]["context_id"])
    assert [(one["label"], one["status"], one.get("parent_segment_id")) for one in trace["segments"]] == [
        ("model", "failed", IDS[0]),
        ("answer", "completed", None),
        ("search", "completed", IDS[0]),
        ("wait", "running", IDS[0]),
        ("slow", "failed", IDS[2]),
    ]
    model, answer, search = (one["attributes"] for one in trace["segments"][:3])
    assert (model["error"], model["metrics"]) == ({"type": "E"}, {"input_tokens": 3})
    assert (answer["input"], answer["action"]) == ({"question": "?"}, "invoke")
    assert (search["langgraph.node"], search["task_id"]) == ("tools", IDS[5])
    assert convert(trace, to="canonical").object == RUN


@pytest.mark.requirement("FROZEN-TRACE")
def test_a_run_of_thread_context_keeps_its_bag_small() -> None:
    """The usual context id is of version 5, so that its original must not lie beside every span."""
    spans = [span(number % 7, "root") | {"id": new_id(), "span_id": new_id()} for number in range(50)]
    spans = [one | {"id": one["span_id"]} for one in spans]
    root_span = convert(spans, to="frozen").object["root_span"]
    assert root_span["attributes"] == {"context_id": spans[0]["context_id"]}


@pytest.mark.requirement("FROZEN-TRACE")
def test_one_span_is_a_run_too_and_the_closed_record_counts() -> None:
    alone = convert(RUN[1], to="frozen").object
    assert [one["label"] for one in alone["segments"]] == ["answer"]
    opened = deepcopy(RUN[1]) | {"timestamp": {"start": TIMES[0]}, "result": {}}
    for records in ([opened, RUN[1]], [RUN[1], opened]):
        assert convert(records, to="frozen").object == alone
    models = parse(alone)
    assert [type(model) for model in models] == [Span]
    assert convert(models, to="frozen").object == alone


@pytest.mark.requirement("FROZEN-IDENTITY", "FROZEN-TRACE")
def test_a_foreign_trace_whose_root_is_no_segment() -> None:
    given = {
        "meta": META,
        "trace_id": IDS[9],
        "context_id": IDS[8],
        "root_span": {"trace_id": IDS[9], "span_id": IDS[0], "attributes": {"mood": "good"}},
        "status": "failed",
        "started_at": TIMES[0],
        "segments": [
            {"segment_id": IDS[1], "parent_segment_id": IDS[0], "label": "a", "status": "skipped"},
            {
                "segment_id": IDS[2],
                "label": "b",
                "status": "pending",
                "attributes": {"error": "text", "n": 1},
            },
        ],
    }
    assert errors("trace", given) == []
    spans = parse(given)
    assert [one.action.name for one in spans] == ["run", "a", "b"]
    assert [one.result and one.result.status for one in spans] == ["failure", "cancelled", None]
    assert convert(spans, to="frozen").object == given
    assert [one["traceId"] for one in convert(given, to="rfc").object] == [IDS[9]] * 3


@pytest.mark.requirement("FROZEN-TRACE")
def test_spans_of_several_traces_are_refused() -> None:
    with pytest.raises(InvalidFormat, match="spans of one trace; these are of 2"):
        convert([RUN[0], RUN[1] | {"trace_id": IDS[1]}], to="frozen")


@pytest.mark.requirement("FROZEN-TRACE", "DIALECT-LOSSES-NAMED", "FROZEN-CLOSED")
def test_a_whole_run_is_exported() -> None:
    key = RUN[0]["context_id"]
    plan = sample("plan", id=IDS[6], context_id=key)
    asked = sample("confirmation", context_id=key)
    run = frozen.export_run(sample("context", id=key), [plan], [asked], RUN)
    assert errors("context", run.object["context"]) == []
    assert errors("plan", run.object["plans"][0]) == []
    assert errors("confirmation", run.object["confirms"][0]) == []
    assert errors("trace", run.object["trace"]) == []
    context = run.object["context"]["context_id"]
    assert run.object["plans"][0]["context_id"] == run.object["trace"]["context_id"] == context
    assert run.object["trace"]["plan_id"] == run.object["plans"][0]["plan_id"]
    assert {"/plans/0/version", "/plans/0/context_id", "/confirmations/0/expires_at"} <= set(run.lost)
    assert not [path for path in run.lost if path.startswith(("/context", "/spans"))]


@pytest.mark.requirement("FROZEN-TRACE")
def test_models_are_exported_like_data() -> None:
    objects = [parse(sample(kind)) for kind in ("context", "plan", "confirmation")]
    context, plan, asked = objects
    spans = [parse(one) for one in RUN]
    assert frozen.export_run(context, [plan], [asked], spans) == frozen.export_run(
        sample("context"), [sample("plan")], [sample("confirmation")], RUN
    )
    with pytest.raises(InvalidFormat, match="there are none"):
        frozen.export_run(context, [], [], [])
