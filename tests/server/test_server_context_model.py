"""A context under any sequence of requests is what a few lines of Python say it is."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mplp_sdk.protocol.jcs import canonical, checksum

Json = dict[str, Any]

KEYS = st.sampled_from(["a", "b", "c.d", "e/f", "ü ?#"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([1.0, 0.5, "", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("kl"), inner, max_size=2),
    max_leaves=4,
)
NODES = st.lists(st.sampled_from(["n1", "n2", "n3"]), min_size=1, max_size=3, unique=True)
MOVES = {
    "active": {"active", "suspended", "completed", "failed"},
    "suspended": {"active", "suspended", "completed", "failed"},
    "completed": {"completed"},
    "failed": {"failed"},
}
ENDED = ("completed", "failed")


class ContextMachine(RuleBasedStateMachine):
    """Sends requests to a server and does the same to a dictionary; both must agree after each."""

    snapshots = Bundle("snapshots")

    def __init__(self, api: httpx.Client) -> None:
        super().__init__()
        self.api = api

    @initialize(variables=st.dictionaries(KEYS, VALUES))
    def create(self, variables: Json) -> None:
        self.id = str(uuid.uuid4())
        self.path = f"/contexts/{self.id}"
        body = {"id": self.id, "shared_state": {"variables": variables}}
        assert self.api.post("/contexts", json=body).status_code == 201
        self.variables = variables
        self.status, self.name = "active", None
        self.version = 1
        self.changed: dict[str, int] = {}
        self.nodes: dict[str, int] = {}
        self.taken: dict[str, tuple[Json, str, str | None]] = {}
        self.etag = self.api.get(self.path).headers["etag"]

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    def put_variables(self, new: Json) -> None:
        """The model's own change of variables: one version for all that is different now."""
        different = {key for key in self.variables | new if not self.same(key, new)}
        self.variables = new
        if different:
            self.version += 1
            self.changed |= dict.fromkeys(different, self.version)

    def same(self, key: str, new: Json) -> bool:
        both = key in self.variables and key in new
        return both and canonical(self.variables[key]) == canonical(new[key])

    def refused(self, answer: httpx.Response, status: int, code: str) -> None:
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)

    @rule(key=KEYS, value=VALUES)
    def set_variable(self, key: str, value: Any) -> None:
        answer = self.api.post(f"{self.path}/variables", json={"key": key, "value": value})
        if self.ended:
            self.refused(answer, 405, "4005")
            return
        assert answer.status_code == (200 if key in self.variables else 201)
        assert answer.json()["data"]["value"] == value
        self.put_variables({**self.variables, key: value})

    @rule(key=KEYS)
    def delete_variable(self, key: str) -> None:
        answer = self.api.delete(f"{self.path}/variables/{quote(key, safe='')}")
        if self.ended:
            self.refused(answer, 405, "4005")
            return
        if key not in self.variables:
            self.refused(answer, 404, "4001")
            return
        assert answer.status_code == 204
        self.put_variables({name: value for name, value in self.variables.items() if name != key})

    @rule(key=KEYS)
    def read_variable(self, key: str) -> None:
        answer = self.api.get(f"{self.path}/variables/{quote(key, safe='')}")
        if key not in self.variables:
            self.refused(answer, 404, "4001")
            return
        assert answer.json()["data"]["value"] == self.variables[key]

    @rule(variables=st.dictionaries(KEYS, VALUES, max_size=2), fresh=st.booleans())
    def replace_state(self, variables: Json, fresh: bool) -> None:
        state = {**self.api.get(self.path).json()["data"]["shared_state"], "variables": variables}
        tag = self.api.get(self.path).headers["etag"] if fresh else '"stale"'
        answer = self.api.put(self.path, json={"shared_state": state}, headers={"if-match": tag})
        if not fresh:
            self.refused(answer, 409, "4003")
            return
        assert answer.status_code == 200
        self.put_variables(variables)

    @rule(status=st.sampled_from(sorted(MOVES)))
    def move(self, status: str) -> None:
        answer = self.api.put(f"{self.path}/status", json={"status": status})
        if status not in MOVES[self.status]:
            self.refused(answer, 405, "4005")
            return
        assert answer.status_code == 200
        self.status = status

    @rule(name=st.sampled_from(["one", "two"]))
    def rename(self, name: str) -> None:
        assert self.api.put(self.path, json={"name": name}).status_code == 200
        self.name = name

    @rule(target=snapshots)
    def snapshot(self) -> str:
        told = self.api.post(f"{self.path}/snapshots", json={}).json()["data"]
        assert told["state_version"] == str(self.version)
        self.taken[told["id"]] = (self.variables, self.status, self.name)
        return str(told["id"])

    @rule(snapshot=snapshots)
    def restore(self, snapshot: str) -> None:
        answer = self.api.post(f"{self.path}/restore", json={"snapshot_id": snapshot})
        if self.ended:
            self.refused(answer, 405, "4005")
            return
        assert answer.status_code == 200
        variables, self.status, self.name = self.taken[snapshot]
        self.put_variables(variables)

    @rule(nodes=NODES, full=st.booleans())
    def sync(self, nodes: list[str], full: bool) -> None:
        body = {"target_nodes": nodes, "sync_type": "full" if full else "incremental"}
        told = self.api.post(f"{self.path}/sync", json=body).json()["data"]
        for node in told["nodes"]:
            seen = self.nodes.get(node["node"])
            if full or seen is None:
                expected = set(self.variables)
            else:
                expected = {key for key, version in self.changed.items() if version > seen}
            found = {path for path in node["changed"] if path.startswith("variables.")}
            assert found == {f"variables.{key}" for key in expected}
        self.nodes |= dict.fromkeys(nodes, self.version)

    @precondition(lambda self: self.variables)
    @rule(data=st.data(), value=VALUES)
    def repeat_under_one_key(self, data: st.DataObject, value: Any) -> None:
        key = data.draw(st.sampled_from(sorted(self.variables)))
        headers = {"idempotency-key": str(uuid.uuid4())}
        body = {"key": key, "value": value}
        answers = [self.api.post(f"{self.path}/variables", json=body, headers=headers) for _ in range(2)]
        assert answers[0].status_code == answers[1].status_code
        if self.ended:
            self.refused(answers[1], 405, "4005")
            return
        assert answers[0].json()["data"] == answers[1].json()["data"]
        self.put_variables({**self.variables, key: value})

    @invariant()
    def the_server_says_the_same(self) -> None:
        context = self.api.get(self.path).json()["data"]
        assert context["status"] == self.status
        assert context.get("name") == self.name
        assert json.dumps(context["shared_state"]["variables"], sort_keys=True) == json.dumps(
            self.variables, sort_keys=True
        )
        state = self.api.get(f"{self.path}/state").json()["data"]
        assert state["state_version"] == str(self.version)
        assert state["checksum"] == checksum(context["shared_state"])

    def teardown(self) -> None:
        if hasattr(self, "path"):
            assert self.api.delete(self.path).status_code == 204


@pytest.mark.requirement("EP-CONTEXTS-STATE", "EP-CONTEXTS-SYNC", "EP-CONTEXTS-RESTORE")
def test_a_context_is_what_its_model_says(api: httpx.Client) -> None:
    run_state_machine_as_test(
        lambda: ContextMachine(api),
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
