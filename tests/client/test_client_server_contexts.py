"""Variables, versions, snapshots and participants of Contexts: both clients and the reference server."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from mplp_sdk import errors
from mplp_sdk.client import calls
from mplp_sdk.protocol.ids import new_id
from mplp_sdk.protocol.jcs import canonical

Connect = Callable[..., Any]


@pytest.fixture
def context_id(call: Any) -> str:
    made = call(lambda client: client.contexts.create(shared_state={"variables": {"a": 1}}))
    return made.id  # type: ignore[no-any-return]


@pytest.mark.requirement(
    "EP-CONTEXTS-VARIABLES-SET",
    "EP-CONTEXTS-VARIABLES-GET",
    "EP-CONTEXTS-VARIABLES-LIST",
    "EP-CONTEXTS-VARIABLES-DELETE",
)
def test_shared_variables(call: Any, context_id: str) -> None:
    for value in ({"deep": [1, "größer"]}, None):
        made = call(lambda client, value=value: client.contexts.set_variable(context_id, "b c", value))
        assert (made.key, made.value) == ("b c", value)
        assert call(lambda client: client.contexts.get_variable(context_id, "b c")).value == value
    assert call(lambda client: client.contexts.variables(context_id)) == {"a": 1, "b c": None}
    call(lambda client: client.contexts.delete_variable(context_id, "a"))
    with pytest.raises(errors.NotFound):
        call(lambda client: client.contexts.get_variable(context_id, "a"))
    with pytest.raises(errors.NotFound):
        call(lambda client: client.contexts.delete_variable(context_id, "a"))
    assert call(lambda client: client.contexts.get(context_id)).shared_state.variables == {"b c": None}
    call(lambda client: client.contexts.set_status(context_id, "completed"))
    with pytest.raises(errors.OperationNotAllowed):
        call(lambda client: client.contexts.set_variable(context_id, "a", 1))


def test_the_first_value_is_created(call: Any, context_id: str) -> None:
    for value, status in ((1, 201), (2, 200)):
        reply = call(lambda c, v=value: c.send(calls.contexts.set_variable(context_id, "new", v)))
        assert reply.status == status


@pytest.mark.requirement("EP-CONTEXTS-STATE")
def test_the_state_has_a_version_and_a_checksum(call: Any, context_id: str) -> None:
    first = call(lambda client: client.contexts.state(context_id))
    assert (first.context_id, first.state_version) == (context_id, "1")
    written = canonical(first.to_wire()["state_data"])
    assert first.checksum == "sha256:" + hashlib.sha256(written).hexdigest()
    call(lambda client: client.contexts.set_variable(context_id, "a", 2))
    second = call(lambda client: client.contexts.state(context_id))
    assert (second.state_version, second.state_data.variables) == ("2", {"a": 2})
    assert second.checksum != first.checksum


@pytest.mark.requirement("EP-CONTEXTS-SYNC")
def test_nodes_are_told_what_changed(call: Any, context_id: str) -> None:
    full = call(lambda client: client.contexts.sync(context_id, ["one"]))
    assert (full.sync_type, full.state_version, full.state.variables) == ("full", "1", {"a": 1})
    assert [(node.node, node.status, node.checksum) for node in full.nodes] == [
        ("one", "synced", full.checksum)
    ]
    call(lambda client: client.contexts.set_variable(context_id, "b", 2))
    more = call(lambda c: c.contexts.sync(context_id, ["one", "two"], sync_type="incremental"))
    assert [node.state_version for node in more.nodes] == ["2", "2"]
    assert more.nodes[0].changed == ["variables.b"]
    again = call(lambda c: c.contexts.sync(context_id, ["one"], sync_type="incremental"))
    assert (again.nodes[0].changed, again.state) == ([], None)
    with pytest.raises(errors.InvalidRequest):
        call(lambda client: client.contexts.sync(context_id, []))


@pytest.mark.requirement("EP-CONTEXTS-SNAPSHOTS-CREATE", "EP-CONTEXTS-SNAPSHOTS-LIST", "EP-CONTEXTS-RESTORE")
def test_a_snapshot_is_gone_back_to(call: Any, context_id: str) -> None:
    before = call(lambda client: client.contexts.get(context_id))
    snapshot = call(lambda client: client.contexts.snapshot(context_id, name="before", description="x"))
    assert (snapshot.name, snapshot.context_id, snapshot.state_version) == ("before", context_id, "1")
    call(lambda client: client.contexts.update(context_id, lifecycle_stage="execution"))
    call(lambda client: client.contexts.set_variable(context_id, "a", 2))
    later = call(lambda client: client.contexts.snapshot(context_id))
    listed = call.items(lambda client: client.contexts.snapshots(context_id, page_size=1))
    assert [entry.id for entry in listed] == [later.id, snapshot.id]
    restored = call(lambda client: client.contexts.restore(context_id, snapshot.id))
    assert (restored.id, restored.lifecycle_stage) == (context_id, "planning")
    assert restored.shared_state == before.shared_state
    assert call(lambda client: client.contexts.state(context_id)).state_version == "3"
    with pytest.raises(errors.NotFound):
        call(lambda client: client.contexts.restore(context_id, new_id()))
    other = call(lambda client: client.contexts.create()).id
    with pytest.raises(errors.NotFound):
        call(lambda client: client.contexts.restore(other, snapshot.id))


@pytest.mark.requirement(
    "EP-CONTEXTS-PARTICIPANTS-LIST",
    "EP-CONTEXTS-PARTICIPANTS-ADD",
    "EP-CONTEXTS-PARTICIPANTS-UPDATE",
    "EP-CONTEXTS-PARTICIPANTS-REMOVE",
    "OBJ-PARTICIPANT",
)
def test_who_takes_part(call: Any) -> None:
    context_id = call(lambda client: client.contexts.create(configuration={"max_participants": 2})).id
    ann = call(
        lambda client: client.contexts.add_participant(
            context_id, user_id="ann", role="lead", notification_preferences={"email": True}
        )
    )
    assert (ann.status, ann.role, ann.notification_preferences.email) == ("active", "lead", True)
    assert ann.joined_at is not None
    with pytest.raises(errors.DuplicateValue):
        call(lambda client: client.contexts.add_participant(context_id, user_id="ann"))
    bob = call(lambda client: client.contexts.add_participant(context_id, user_id="bob"))
    third = calls.contexts.add_participant(context_id, user_id="cid")
    with pytest.raises(errors.QuotaExceeded) as raised:
        call(lambda client: client.with_options(max_attempts=1).execute(third))
    assert raised.value.details
    changed = call(
        lambda client: client.contexts.update_participant(
            context_id, bob.participant_id, capabilities=["review"]
        )
    )
    assert (changed.user_id, changed.capabilities) == ("bob", ["review"])
    call(lambda client: client.contexts.remove_participant(context_id, ann.participant_id))
    listed = call.items(lambda client: client.contexts.participants(context_id))
    assert [entry.user_id for entry in listed] == ["bob"]
    left = call.items(lambda client: client.contexts.participants(context_id, status="left"))
    assert [entry.user_id for entry in left] == ["ann"]
    with pytest.raises(errors.NotFound):
        call(lambda client: client.contexts.remove_participant(context_id, new_id()))


@pytest.mark.requirement("HTTP-ETAG")
def test_only_what_was_read_is_changed(call: Any, context_id: str) -> None:
    reply = call(lambda client: client.send(calls.contexts.get(context_id)))
    assert reply.etag
    changed = call(lambda c: c.send(calls.contexts.update(context_id, if_match=reply.etag, name="new")))
    assert changed.etag not in {None, reply.etag}
    for change in (
        calls.contexts.update(context_id, if_match=reply.etag, name="newer"),
        calls.contexts.set_status(context_id, "suspended", if_match=reply.etag),
        calls.contexts.delete(context_id, if_match=reply.etag),
    ):
        with pytest.raises(errors.Conflict) as raised:
            call(lambda client, change=change: client.send(change))
        assert raised.value.details["actual"]
    call(lambda client: client.contexts.delete(context_id, if_match=changed.etag))
