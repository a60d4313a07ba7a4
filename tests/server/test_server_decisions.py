"""Confirmations: what decisions add up to, and which are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Json = dict[str, Any]


def asked(api: httpx.Client, *approvers: Json, **members: Any) -> str:
    body = {
        "target": {"type": "task", "id": "t"},
        "type": "approval",
        "approvers": [{"type": "human", **who} for who in approvers],
        **members,
    }
    answer = api.post("/confirmations", json=body)
    assert answer.status_code == 201, answer.text
    name: str = answer.json()["data"]["id"]
    return name


def decide(
    api: httpx.Client, name: str, decision: str, approver: str | None = None, **members: Any
) -> httpx.Response:
    body = {"decision": decision, "approver_id": approver, **members}
    return api.post(f"/confirmations/{name}/decide", json={k: v for k, v in body.items() if v is not None})


def needed(name: str) -> Json:
    return {"id": name, "required": True}


def optional(name: str) -> Json:
    return {"id": name}


YES, NO = "approved", "rejected"

OUTCOMES: list[tuple[str, list[Json], list[tuple[str, str]], str]] = [
    ("one required approves", [needed("a")], [("a", YES)], "approved"),
    ("one required rejects", [needed("a")], [("a", NO)], "rejected"),
    ("half of the required", [needed("a"), needed("b")], [("a", YES)], "pending"),
    ("all required", [needed("a"), needed("b")], [("b", YES), ("a", YES)], "approved"),
    ("first required rejects", [needed("a"), needed("b")], [("b", NO)], "rejected"),
    ("second required rejects", [needed("a"), needed("b")], [("a", YES), ("b", NO)], "rejected"),
    ("optional approves", [needed("a"), optional("b")], [("b", YES)], "pending"),
    ("optional rejects", [needed("a"), optional("b")], [("b", NO)], "pending"),
    ("required outvotes optional", [needed("a"), optional("b")], [("b", NO), ("a", YES)], "approved"),
    ("any one approves", [optional("a"), optional("b")], [("b", YES)], "approved"),
    ("one of two rejects", [optional("a"), optional("b")], [("a", NO)], "pending"),
    ("all reject", [optional("a"), optional("b")], [("a", NO), ("b", NO)], "rejected"),
    ("one rejects, one approves", [optional("a"), optional("b")], [("a", NO), ("b", YES)], "approved"),
    ("nobody named approves", [], [("x", YES)], "approved"),
    ("nobody named rejects", [], [("x", NO)], "rejected"),
]


@pytest.mark.requirement("OBJ-CONFIRMATION-REQUIRED", "OBJ-CONFIRMATION-ANY", "EP-CONFIRMATIONS-DECIDE")
@pytest.mark.parametrize(
    ("approvers", "said", "outcome"), [row[1:] for row in OUTCOMES], ids=[row[0] for row in OUTCOMES]
)
def test_decisions_add_up(
    api: httpx.Client, approvers: list[Json], said: list[tuple[str, str]], outcome: str
) -> None:
    name = asked(api, *approvers)
    answers = [decide(api, name, decision, approver) for approver, decision in said]
    assert {answer.status_code for answer in answers} == {200}
    result = api.get(f"/confirmations/{name}").json()["data"]["result"]
    assert result == answers[-1].json()["data"]["result"]
    assert result["status"] == outcome
    assert [(one["approver_id"], one["decision"]) for one in result["decisions"]] == said
    assert ("timestamp" in result) == (outcome != "pending")


@pytest.mark.requirement("EP-CONFIRMATIONS-DECIDE")
def test_a_decision_keeps_its_comments_and_signature(api: httpx.Client) -> None:
    name = asked(api, needed("a"))
    told = decide(api, name, YES, "a", comments=["well done"], signature="sig", metadata={"edit": 1})
    result = told.json()["data"]["result"]
    [decision] = result["decisions"]
    assert (decision["comments"], decision["signature"], decision["metadata"]) == (
        ["well done"],
        "sig",
        {"edit": 1},
    )
    assert result["signature"] == "sig"
    bare = decide(api, asked(api), NO, comments="not yet").json()["data"]["result"]["decisions"][0]
    assert bare["comments"] == ["not yet"]


@pytest.mark.requirement("OBJ-CONFIRMATION-CLOSED")
@pytest.mark.parametrize("first", [YES, NO])
def test_a_decision_after_the_end_answers_4005(api: httpx.Client, first: str) -> None:
    name = asked(api, needed("a"), optional("b"))
    decide(api, name, first, "a")
    ended = api.get(f"/confirmations/{name}").json()["data"]
    for approver in ("a", "b"):
        answer = decide(api, name, YES, approver)
        assert (answer.status_code, answer.json()["error"]["code"]) == (405, "4005")
    assert api.get(f"/confirmations/{name}").json()["data"] == ended


def test_a_confirmation_that_has_expired_takes_no_decision(api: httpx.Client) -> None:
    name = asked(api, needed("a"), expires_at="2020-01-01T00:00:00Z")
    answer = decide(api, name, YES, "a")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "4005")
    assert api.get(f"/confirmations/{name}").json()["data"]["result"]["status"] == "expired"
    assert decide(api, name, YES, "a").status_code == 405


def test_the_only_approver_left_need_not_be_named(api: httpx.Client) -> None:
    name = asked(api, needed("a"), needed("b"))
    answer = decide(api, name, YES)
    assert answer.json()["error"]["details"]["field"] == "approver_id"
    decide(api, name, YES, "a")
    assert decide(api, name, YES).json()["data"]["result"]["decisions"][1]["approver_id"] == "b"


def test_a_decision_is_refused_where_it_cannot_be_one(api: httpx.Client) -> None:
    name = asked(api, needed("a"), needed("b"))
    before = api.get(f"/confirmations/{name}").json()["data"]

    def refused(**body: Any) -> str:
        return str(api.post(f"/confirmations/{name}/decide", json=body).json()["error"]["code"])

    assert refused(approver_id="a") == "3002"
    assert refused(approver_id="a", decision="maybe") == "3001"
    assert refused(approver_id="a", decision="expired") == "3001"
    assert refused(approver_id="a", decision=True) == "3006"
    assert refused(approver_id="a", decision=YES, comments=7) == "3006"
    assert refused(approver_id=["a"], decision=YES) == "3006"
    assert refused(approver_id="stranger", decision=YES) == "2004"
    assert api.get(f"/confirmations/{name}").json()["data"] == before
    assert decide(api, "nobody", YES, "a").json()["error"]["code"] == "4001"


def test_saying_the_same_twice_is_one_decision_and_the_opposite_a_conflict(api: httpx.Client) -> None:
    name = asked(api, needed("a"), needed("b"))
    first = decide(api, name, YES, "a").json()["data"]
    assert decide(api, name, YES, "a").json()["data"] == first
    assert decide(api, name, NO, "a").json()["error"]["code"] == "4003"


def test_a_repeat_with_its_key_answers_the_first_result_even_after_the_end(api: httpx.Client) -> None:
    name = asked(api, needed("a"))
    body, key = {"decision": YES, "approver_id": "a"}, {"idempotency-key": f"decide-{name}"}
    first = api.post(f"/confirmations/{name}/decide", json=body, headers=key)
    again = api.post(f"/confirmations/{name}/decide", json=body, headers=key)
    assert (again.status_code, again.json()["data"]) == (200, first.json()["data"])


def test_a_confirmation_that_was_recorded_can_be_decided_here(
    api: httpx.Client, ingest: Callable[..., Json]
) -> None:
    for name, result in (("a", None), ("b", {}), ("c", {"decisions": [{"comments": ["seen"]}]})):
        record = {
            "id": f"recorded-{name}",
            "target": {"type": "decision", "id": "d"},
            "type": "approval",
            "criteria": {},
            "approvers": [{"id": "x", "type": "human"}, {"id": "y", "type": "agent"}],
            "result": result,
        }
        ingest([("confirmation", record)])
        told = decide(api, f"recorded-{name}", YES, "x").json()["data"]
        assert told["result"]["status"] == "approved"
        assert told["result"]["decisions"][-1]["approver_id"] == "x"
