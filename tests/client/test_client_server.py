"""Both clients against the reference server, over a socket."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mplp_mock_server import MockServer
from mplp_mock_server.clock import SettableClock
from mplp_sdk import errors
from mplp_sdk.client import calls

Connect = Callable[..., Any]


def new_id() -> str:
    return str(uuid.uuid4())


def a_span(**changes: Any) -> Any:
    span = {
        "id": new_id(),
        "span_id": new_id(),
        "trace_id": new_id(),
        "context_id": new_id(),
        "agent_id": new_id(),
        "action": {"name": "look", "type": "execute"},
        "timestamp": {"start": "2026-01-02T03:04:05.678Z", "end": "2026-01-02T03:04:06.000Z"},
        "result": {"status": "success", "output": {"value": 1}},
    }
    return {**span, **changes}


@pytest.mark.requirement("EP-HEALTH")
def test_health_and_readiness(call: Any) -> None:
    assert call(lambda client: client.health()).status == "ok"
    assert call(lambda client: client.ready()).status == "ok"


@pytest.mark.requirement("EP-CONTEXTS-CREATE", "EP-CONTEXTS-GET", "EP-CONTEXTS-UPDATE", "EP-CONTEXTS-DELETE")
def test_the_life_of_a_context(call: Any) -> None:
    made = call(lambda client: client.contexts.create(name="größer", shared_state={"variables": {"a": 1}}))
    assert (made.status, made.lifecycle_stage, made.shared_state.variables) == (
        "active",
        "planning",
        {"a": 1},
    )
    assert call(lambda client: client.contexts.get(made.id)) == made
    changed = call(lambda client: client.contexts.update(made.id, name="smaller"))
    assert (changed.id, changed.name, changed.shared_state.variables) == (made.id, "smaller", {"a": 1})
    assert call(lambda client: client.contexts.delete(made.id)) is None
    with pytest.raises(errors.NotFound) as raised:
        call(lambda client: client.contexts.get(made.id))
    assert raised.value.status == 404
    assert raised.value.request_id


@pytest.mark.requirement("EP-CONTEXTS-STATUS")
def test_the_status_of_a_context(call: Any) -> None:
    context_id = call(lambda client: client.contexts.create()).id
    moved = call(lambda client: client.contexts.set_status(context_id, "suspended", reason="lunch"))
    assert moved.status == "suspended"
    call(lambda client: client.contexts.set_status(context_id, "completed"))
    with pytest.raises(errors.OperationNotAllowed):
        call(lambda client: client.contexts.set_status(context_id, "active"))


@pytest.mark.requirement("EP-PLANS-CREATE", "EP-PLANS-GET", "EP-PLANS-UPDATE", "EP-PLANS-DELETE")
def test_the_life_of_a_plan(call: Any) -> None:
    first, second = new_id(), new_id()
    made = call(
        lambda client: client.plans.create(
            name="release",
            tasks=[
                {"id": first, "name": "build", "estimated_duration": "2d"},
                {"id": second, "name": "test"},
            ],
            dependencies=[{"from_task": first, "to_task": second}],
        )
    )
    assert [task.id for task in made.tasks] == [first, second]
    assert (made.status, made.dependencies[0].type) == ("draft", "finish_to_start")
    assert made.to_wire()["tasks"][0]["estimated_duration"] == "2d"
    assert call(lambda client: client.plans.get(made.id)) == made
    changed = call(lambda client: client.plans.update(made.id, status="approved"))
    assert (changed.status, [task.id for task in changed.tasks]) == ("approved", [first, second])
    call(lambda client: client.plans.delete(made.id))
    with pytest.raises(errors.NotFound):
        call(lambda client: client.plans.delete(made.id))


@pytest.mark.requirement("HTTP-CREATE-201", "HTTP-DELETE-204")
def test_the_status_of_creating_and_deleting(call: Any) -> None:
    made = call(lambda client: client.send(calls.contexts.create()))
    gone = call(lambda client: client.send(calls.contexts.delete(made.parsed.id)))
    assert (made.status, gone.status, gone.body) == (201, 204, b"")


@pytest.mark.requirement("HTTP-REPEAT-CONFLICT", "HTTP-REPEAT-BY-ID", "HTTP-REPEAT-BY-KEY")
def test_creating_again_gives_the_first_result_or_a_conflict(call: Any) -> None:
    plan_id, key = new_id(), new_id()
    first = call(lambda client: client.plans.create(id=plan_id, name="p", tasks=[]))
    assert call(lambda client: client.plans.create(id=plan_id, name="p", tasks=[])) == first
    with pytest.raises(errors.Conflict):
        call(lambda client: client.plans.create(id=plan_id, name="q", tasks=[]))

    def create(name: str) -> Any:
        return call(lambda c: c.with_options(idempotency_key=key).plans.create(name=name, tasks=[]))

    assert create("p").id == create("p").id
    with pytest.raises(errors.Conflict):
        create("q")


@pytest.mark.requirement("EP-CONFIRMATIONS-CREATE", "EP-CONFIRMATIONS-GET", "EP-CONFIRMATIONS-DECIDE")
def test_the_life_of_a_confirmation(call: Any) -> None:
    made = call(
        lambda client: client.confirmations.create(
            target={"type": "task", "id": new_id()},
            type="approval",
            approvers=[{"id": "ann", "type": "human", "required": True}],
        )
    )
    assert made.result.status == "pending"
    decided = call(
        lambda client: client.confirmations.decide(
            made.id, "approved", approver_id="ann", comments=["looks right"]
        )
    )
    assert decided.result.status == "approved"
    read = call(lambda client: client.confirmations.get(made.id))
    assert (read.result.decisions[0].approver_id, read.result.decisions[0].comments) == (
        "ann",
        ["looks right"],
    )
    with pytest.raises(errors.OperationNotAllowed):
        call(lambda client: client.confirmations.decide(made.id, "rejected", approver_id="ann"))


@pytest.mark.requirement(
    "EP-TRACES-CREATE", "EP-TRACES-BATCH", "EP-TRACES-SPANS", "EP-TRACES-LIST", "EP-TRACES-GET"
)
def test_a_trace_and_its_spans(call: Any) -> None:
    trace_id, context_id = new_id(), new_id()
    root = a_span(trace_id=trace_id, context_id=context_id)
    stored = call(lambda client: client.traces.record(**root))
    assert (stored.id, stored.result.output) == (root["id"], {"value": 1})
    children = [
        a_span(trace_id=trace_id, context_id=context_id, parent_span_id=stored.span_id) for _ in range(2)
    ]
    batch = call(lambda client: client.traces.record_batch(children))
    assert [span.id for span in batch] == [child["id"] for child in children]
    spans = call(lambda client: client.traces.spans(trace_id))
    assert {span.id for span in spans} == {root["id"], *(child["id"] for child in children)}
    row = call(lambda client: client.traces.get(trace_id))
    assert (row.name, row.status, row.span_count, row.error_count) == ("look", "success", 3, 0)
    assert call.items(lambda client: client.traces.list(context_id=context_id)) == [row]
    with pytest.raises(errors.NotFound):
        call(lambda client: client.traces.spans(new_id()))


@pytest.mark.requirement("LIST-PAGINATION", "LIST-FILTERS", "LIST-SORT", "EP-CONTEXTS-LIST", "EP-PLANS-LIST")
def test_lists_are_walked_filtered_and_sorted(call: Any) -> None:
    context_id = new_id()
    for number in range(7):
        call(lambda c, n=number: c.plans.create(name=f"plan {n}", tasks=[], context_id=context_id))
    listed = call.items(lambda c: c.plans.list(context_id=context_id, page_size=3, sort="name"))
    assert [plan.name for plan in listed] == [f"plan {number}" for number in range(7)]
    page = call(lambda c: c.plans.list(context_id=context_id, page_size=3, page=3, sort="-name"))
    assert [plan.name for plan in page.items] == ["plan 0"]
    assert page.pagination.to_wire() == {
        "page": 3,
        "pageSize": 3,
        "total": 7,
        "totalPages": 3,
        "hasNext": False,
        "hasPrev": True,
    }
    assert call.items(lambda c: c.plans.list(name="plan 4", context_id=context_id))[0].name == "plan 4"


@pytest.mark.requirement("EP-CONFIRMATIONS-LIST")
@pytest.mark.parametrize("resource", ["contexts", "plans", "confirmations", "traces"])
def test_every_filter_of_the_client_is_one_of_the_server(call: Any, resource: str) -> None:
    filters: Any = {
        "contexts": {"status": "active", "lifecycle_stage": "validation", "name": "none", "type": "none"},
        "plans": {"context_id": new_id(), "status": "draft", "name": "none"},
        "confirmations": {
            "context_id": new_id(),
            "plan_id": new_id(),
            "status": "pending",
            "type": "approval",
        },
        "traces": {"context_id": new_id(), "agent_id": new_id(), "status": "success", "name": "none"},
    }
    assert call.items(lambda client: getattr(client, resource).list(**filters[resource])) == []


@pytest.mark.requirement("EP-STREAMS-LIST", "EP-STREAMS-GET")
def test_ingest_and_its_streams(call: Any) -> None:
    stream, context_id = new_id(), new_id()
    context = {
        "id": context_id,
        "version": "1.0.0",
        "status": "active",
        "lifecycle_stage": "planning",
        "shared_state": {},
    }
    lines = [
        {"kind": "context", "object": context},
        {"kind": "trace", "object": a_span(context_id=context_id)},
    ]
    body = "\n".join(json.dumps(line) for line in lines).encode()
    result = call(lambda c: c.ingest(gzip.compress(body), stream=stream, sequence=1, encoding="gzip"))
    assert (result.accepted, result.rejected, result.stream.high_water) == (2, [], 2)
    again = call(lambda c: c.ingest(b'{"kind": 1}\n', stream=stream, sequence=5))
    assert again.rejected[0].line == 1
    state = call(lambda client: client.get_stream(stream))
    assert (state.id, state.high_water, state.gaps) == (stream, 5, [(3, 4)])
    assert state in call(lambda client: client.list_streams())
    assert call(lambda client: client.contexts.get(context_id)).id == context_id


@pytest.mark.requirement("ERR-CLASSES")
def test_what_the_server_refuses(call: Any) -> None:
    with pytest.raises(errors.ValueOutOfRange):
        call(lambda client: client.ingest(b" " * (9 * 1024 * 1024)))
    with pytest.raises(errors.InvalidRequest) as raised:
        call.items(lambda client: client.plans.list(sort="colour"))
    assert raised.value.details
    assert raised.value.name


@pytest.mark.requirement("HTTP-HEADERS-REQUEST-ID")
def test_the_server_answers_under_the_request_id(call: Any) -> None:
    request_id = new_id()
    reply = call(lambda client: client.with_options(request_id=request_id).send(calls.plans.list()))
    assert reply.metadata["requestId"] == reply.request_id == request_id
    with pytest.raises(errors.NotFound) as raised:
        call(lambda client: client.with_options(request_id=request_id).plans.get(new_id()))
    assert raised.value.request_id == request_id


def test_ids_with_odd_characters_are_themselves(call: Any) -> None:
    for odd in ("a b", "a?b=c#d", "a%2Fb", "ä€", "a;b&c"):
        with pytest.raises(errors.NotFound) as raised:
            call(lambda client, odd=odd: client.plans.get(odd))
        assert odd in raised.value.message


@pytest.mark.requirement("HTTP-HEADERS-AUTH")
def test_a_key_is_asked_for_and_shown(connect: Connect) -> None:
    with MockServer(api_key="right") as server:
        with pytest.raises(errors.AuthenticationError):
            connect(server.url)(lambda client: client.plans.list())
        with pytest.raises(errors.AuthenticationError):
            connect(server.url, api_key="wrong")(lambda client: client.plans.list())
        page = connect(server.url, api_key="right")(lambda client: client.plans.list())
        assert page.items == []


@pytest.mark.requirement("ERR-BROKEN-CONNECTION")
def test_a_restarted_server_is_found_again(connect: Connect) -> None:
    with MockServer() as server:
        call = connect(server.url, max_backoff=0)
        call(lambda client: client.health())
        server.restart()
        assert call(lambda client: client.health()).status == "ok"
        server.stop()
        with pytest.raises(errors.NetworkError):
            call(lambda client: client.health())


@pytest.mark.requirement("OBJ-CONFIRMATION-EXPIRES")
def test_a_confirmation_expires(connect: Connect) -> None:
    clock = SettableClock()
    with MockServer(clock=clock) as server:
        call = connect(server.url)
        made = call(
            lambda client: client.confirmations.create(
                target={"type": "task", "id": new_id()},
                type="approval",
                expires_at=clock.now() + timedelta(minutes=5),
            )
        )
        assert made.result.status == "pending"
        clock.advance(timedelta(minutes=6))
        with pytest.raises(errors.OperationNotAllowed):
            call(lambda client: client.confirmations.decide(made.id, "approved", approver_id="ann"))
        assert call(lambda client: client.confirmations.get(made.id)).result.status == "expired"
        assert len(call.items(lambda client: client.confirmations.list(status="expired"))) == 1
