"""The flow as a conversation: what it asks for, what it is told. No network, no clock."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from mplp_sdk import errors
from mplp_sdk.client import calls
from mplp_sdk.client._flow import Request, Response, RetryBudget, RetryPolicy, Send, Sleep, execute
from mplp_sdk.errors import CODES

REQUEST = Request("GET", "http://server/v1.0/plans/p1", {"x-request-id": "r-1"})
CALL = calls.plans.get("p1")
POST = calls.plans.create(name="p", tasks=[])
PLAN = {"id": "p1", "name": "p", "tasks": []}


class Clock:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def policy(**changes: Any) -> RetryPolicy:
    return RetryPolicy(**{"clock": Clock(), **changes})


def success(data: object = PLAN, status: int = 200) -> Response:
    return Response(status, {}, json.dumps({"success": True, "data": data}).encode())


def failure(code: object, status: int, headers: dict[str, str] | None = None, **more: object) -> Response:
    error = {"code": code, "message": "told", **more}
    return Response(status, headers or {}, json.dumps({"success": False, "error": error}).encode())


def finish(flow: Any, outcome: object) -> Any:
    with pytest.raises(StopIteration) as done:
        flow.send(outcome)
    return done.value.value


@pytest.mark.requirement("ERR-RETRY-AFTER")
def test_a_retry_comes_when_the_server_says() -> None:
    flow = execute(CALL, REQUEST, policy())
    assert flow.send(None) == Send(REQUEST, 30.0)
    assert flow.send(failure("4004", 429, {"retry-after": "7"})) == Sleep(7.0)
    assert isinstance(flow.send(None), Send)
    assert flow.send(failure("1002", 503, retry_after=2500)) == Sleep(2.5)
    assert isinstance(flow.send(None), Send)
    reply = finish(flow, success())
    assert (reply.parsed.id, reply.status, reply.attempts, reply.request_id) == ("p1", 200, 3, "r-1")


@pytest.mark.requirement("ERR-RETRY-AFTER")
@pytest.mark.parametrize("hint", ["nan", "inf", "-5", "soon", "1e9", "", "１"])
def test_nonsense_hints_leave_the_pause_to_chance(hint: str) -> None:
    flow = execute(CALL, REQUEST, policy())
    flow.send(None)
    step = flow.send(failure("4004", 429, {"retry-after": hint}, retry_after=-1))
    assert isinstance(step, Sleep)
    assert 0 <= step.seconds <= 0.5


@pytest.mark.requirement("ERR-RETRY-BY-CODE", "ERR-1007-NOT-RETRIED", "ERR-RETRY-AFTER-NEVER-WHETHER")
@pytest.mark.parametrize("row", CODES.values(), ids=lambda row: str(row.number))
@pytest.mark.parametrize("status", [None, 500, 400])
def test_the_code_decides_whether_and_no_hint_does(row: errors.ErrorCode, status: int | None) -> None:
    flow = execute(POST, REQUEST, policy())
    flow.send(None)
    told = failure(str(row.number), status or row.status, {"retry-after": "3"})
    if row.retryable:
        assert flow.send(told) == Sleep(3.0)
    else:
        with pytest.raises(errors.error_class(row.number)) as raised:
            flow.send(told)
        assert raised.value.attempts == 1


@pytest.mark.requirement("ERR-4007-SAME-KEY")
def test_a_failed_execution_is_repeated_only_under_its_key() -> None:
    keyless = execute(CALL, REQUEST, policy())
    keyless.send(None)
    with pytest.raises(errors.PlanExecutionFailed):
        keyless.send(failure("4007", 500))
    keyed = execute(POST, REQUEST, policy())
    first = keyed.send(None)
    assert isinstance(keyed.send(failure("4007", 500)), Sleep)
    again = keyed.send(None)
    assert isinstance(first, Send)
    assert isinstance(again, Send)
    assert first.request is again.request


@pytest.mark.requirement("ERR-4008-ON-202")
def test_an_error_on_a_2xx_is_an_error() -> None:
    flow = execute(POST, REQUEST, policy())
    flow.send(None)
    with pytest.raises(errors.ConfirmationRequired) as raised:
        flow.send(failure("4008", 202, details={"confirmation_id": "c1"}))
    assert (raised.value.status, raised.value.details) == (202, {"confirmation_id": "c1"})


@pytest.mark.requirement("ERR-BROKEN-CONNECTION")
def test_a_broken_connection_is_tried_again_and_its_cause_kept() -> None:
    cause = OSError("reset")
    flow = execute(CALL, REQUEST, policy(max_attempts=2))
    flow.send(None)
    assert isinstance(flow.send(errors.NetworkError("no way")), Sleep)
    flow.send(None)
    broken = errors.NetworkError("no way")
    broken.__cause__ = cause
    with pytest.raises(errors.NetworkError) as raised:
        flow.send(broken)
    assert raised.value.attempts == 2
    assert raised.value.__cause__ is cause
    assert raised.value.request_id == "r-1"
    assert "at most 2 attempts" in raised.value.__notes__[0]
    assert pickle.loads(pickle.dumps(raised.value)).attempts == 2  # noqa: S301  # our own bytes


def test_the_last_error_is_raised_and_the_one_before_is_its_cause() -> None:
    flow = execute(CALL, REQUEST, policy(max_attempts=2))
    flow.send(None)
    flow.send(failure("1001", 500))
    flow.send(None)
    with pytest.raises(errors.ServiceUnavailable) as raised:
        flow.send(failure("1002", 503))
    assert isinstance(raised.value.__cause__, errors.InternalServerError)
    assert raised.value.request_id == "r-1"
    assert "after 2 attempts" in str(raised.value)


def test_a_pause_that_would_overrun_the_deadline_is_not_begun() -> None:
    clock = Clock()
    flow = execute(CALL, REQUEST, policy(timeout=10.0, clock=clock))
    flow.send(None)
    clock.now += 4
    assert flow.send(failure("1002", 503, retry_after=5000)) == Sleep(5.0)
    clock.now += 5
    assert flow.send(None) == Send(REQUEST, 1.0)
    clock.now += 0.5
    with pytest.raises(errors.ServiceUnavailable) as raised:
        flow.send(failure("1002", 503, retry_after=5000))
    assert "waiting 5.00 s would overrun the 10 s allowed" in raised.value.__notes__[0]
    assert raised.value.retry_after == 5.0


def test_an_attempt_gets_what_is_left_of_the_call() -> None:
    clock = Clock()
    flow = execute(CALL, REQUEST, policy(timeout=10.0, attempt_timeout=4.0, clock=clock))
    assert flow.send(None) == Send(REQUEST, 4.0)
    clock.now += 4
    assert isinstance(flow.send(errors.RequestTimeout("slow")), Sleep)
    clock.now += 3
    assert flow.send(None) == Send(REQUEST, 3.0)


def test_without_a_deadline_an_attempt_may_take_for_ever() -> None:
    flow = execute(CALL, REQUEST, policy(timeout=None))
    assert flow.send(None) == Send(REQUEST, None)
    assert flow.send(failure("1002", 503, {"retry-after": "86400"})) == Sleep(86400.0)


def test_pauses_are_random_from_zero_to_a_bound_that_doubles() -> None:
    longest = [0.0, 0.0, 0.0, 0.0, 0.0]
    shortest = [9.0, 9.0, 9.0, 9.0, 9.0]
    for _ in range(300):
        flow = execute(CALL, REQUEST, policy(max_attempts=6, timeout=None, max_backoff=4.0))
        flow.send(None)
        for attempt in range(5):
            step = flow.send(errors.NetworkError("no"))
            assert isinstance(step, Sleep)
            longest[attempt] = max(longest[attempt], step.seconds)
            shortest[attempt] = min(shortest[attempt], step.seconds)
            flow.send(None)
    for bound, least, most in zip([0.5, 1, 2, 4, 4], shortest, longest, strict=True):
        assert 0 <= least < bound / 4
        assert bound * 3 / 4 < most <= bound


def test_a_spent_budget_ends_retries_until_calls_succeed_again() -> None:
    shared = policy(budget=RetryBudget(capacity=2, refund=0.5), max_attempts=9)
    flow = execute(CALL, REQUEST, shared)
    flow.send(None)
    for _ in range(2):
        assert isinstance(flow.send(errors.NetworkError("no")), Sleep)
        flow.send(None)
    with pytest.raises(errors.NetworkError) as raised:
        flow.send(errors.NetworkError("no"))
    assert "retry budget is spent" in raised.value.__notes__[0]
    for _ in range(3):
        well = execute(CALL, REQUEST, shared)
        well.send(None)
        finish(well, success())
    assert shared.budget.tokens == 1.5
    again = execute(CALL, REQUEST, shared)
    again.send(None)
    assert isinstance(again.send(errors.NetworkError("no")), Sleep)


def test_the_budget_never_grows_past_its_capacity() -> None:
    budget = RetryBudget(capacity=1, refund=0.7)
    budget.pay_back()
    assert budget.tokens == 1
    assert budget.take()
    assert not budget.take()
    for _ in range(3):
        budget.pay_back()
    assert budget.tokens == 1


def test_deleting_again_after_a_lost_answer_is_not_an_error() -> None:
    flow = execute(calls.plans.delete("p1"), REQUEST, policy())
    flow.send(None)
    flow.send(errors.NetworkError("reset"))
    flow.send(None)
    assert finish(flow, failure("4001", 404)).parsed is None
    first = execute(calls.plans.delete("p1"), REQUEST, policy())
    first.send(None)
    with pytest.raises(errors.NotFound):
        first.send(failure("4001", 404))


@pytest.mark.requirement("ERR-STATUS-FALLBACK")
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (408, errors.RequestTimeout),
        (429, errors.QuotaExceeded),
        (502, errors.NetworkError),
        (503, errors.ServiceUnavailable),
        (504, errors.RequestTimeout),
        (500, errors.InternalServerError),
        (401, errors.AuthenticationRequired),
        (404, errors.NotFound),
        (418, errors.InvalidRequest),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b'{"unexpected": 1}', b"[1]", b'"no"'])
def test_without_a_readable_body_the_status_maps(
    status: int, expected: type[errors.ProtocolError], body: bytes
) -> None:
    flow = execute(CALL, REQUEST, policy(max_attempts=1))
    flow.send(None)
    with pytest.raises(expected) as raised:
        flow.send(Response(status, {}, body))
    assert raised.value.status == status
    assert f"HTTP {status}" in str(raised.value)


@pytest.mark.requirement("ERR-ACCEPT-SPELLINGS", "ERR-ACCEPT-UNKNOWN", "ERR-ACCEPT-CONTEXT-WORDS")
@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        (4001, 404, errors.NotFound),
        ("4001", 404, errors.NotFound),
        ("E4001", 404, errors.NotFound),
        ("RESOURCE_NOT_FOUND", 404, errors.NotFound),
        ("CONTEXT_NOT_FOUND", 404, errors.NotFound),
        ("PARTICIPANT_NOT_FOUND", 404, errors.NotFound),
        ("PERMISSION_DENIED", 403, errors.InsufficientPermissions),
        ("VALIDATION_ERROR", 400, errors.ValidationFailed),
        ("CONFLICT_ERROR", 409, errors.Conflict),
        ("RATE_LIMIT_EXCEEDED", 429, errors.QuotaExceeded),
        ("SERVICE_UNAVAILABLE", 503, errors.ServiceUnavailable),
        ("TIMEOUT_ERROR", 408, errors.RequestTimeout),
        ("9999", 403, errors.AuthenticationError),
        ("weird", 200, errors.ProtocolError),
    ],
)
def test_codes_are_read_in_every_spelling(
    code: object, status: int, expected: type[errors.ProtocolError]
) -> None:
    flow = execute(CALL, REQUEST, policy(max_attempts=1))
    flow.send(None)
    with pytest.raises(expected) as raised:
        flow.send(failure(code, status))
    assert raised.value.raw_code == code


@pytest.mark.requirement("ERR-CLASSES")
def test_an_error_tells_all_that_the_server_said() -> None:
    body = {
        "success": False,
        "error": {
            "code": "3001",
            "name": "VALIDATION_ERROR",
            "message": "no name",
            "details": {"field": "name", "reason": "missing"},
        },
        "metadata": {"requestId": "server-7"},
    }
    flow = execute(POST, REQUEST, policy())
    flow.send(None)
    with pytest.raises(errors.ValidationFailed) as raised:
        flow.send(Response(400, {}, json.dumps(body).encode()))
    error = raised.value
    assert (error.name, error.message, error.request_id) == ("VALIDATION_ERROR", "no name", "server-7")
    assert error.details == {"field": "name", "reason": "missing"}


@pytest.mark.parametrize(
    "body",
    [b"<html>hello</html>", b'{"success": true, "data": {"id": "p1", "na', b'{"success": true}', b"", b"[]"],
    ids=["html", "half", "no data", "empty", "another shape"],
)
def test_a_success_that_is_not_mplp_is_an_invalid_response_and_not_repeated(body: bytes) -> None:
    flow = execute(CALL, REQUEST, policy())
    flow.send(None)
    with pytest.raises(errors.InvalidResponse) as raised:
        flow.send(Response(200, {}, body))
    assert (raised.value.status, raised.value.body, raised.value.attempts) == (200, body, 1)


def test_redirects_are_not_followed_and_named() -> None:
    flow = execute(CALL, REQUEST, policy())
    flow.send(None)
    with pytest.raises(errors.InvalidResponse, match="redirect to http://elsewhere/"):
        flow.send(Response(307, {"location": "http://elsewhere/"}, b""))


def test_only_the_first_bytes_of_a_bad_body_are_kept() -> None:
    flow = execute(CALL, REQUEST, policy())
    flow.send(None)
    with pytest.raises(errors.InvalidResponse) as raised:
        flow.send(Response(200, {}, b"x" * 10_000))
    assert len(raised.value.body) == 2048
    assert len(str(raised.value)) < 1000


def test_a_policy_for_a_part_of_a_call() -> None:
    clock = Clock()
    whole = policy(clock=clock, timeout=30.0)
    assert whole.within(None) is whole.within(40.0) is whole
    assert whole.within(5.0).timeout == 5.0
    assert policy(timeout=None).within(5.0).timeout == 5.0
    started = clock()
    clock.now += 12.0
    rest = whole.since(started)
    assert (rest.timeout, rest.budget) == (18.0, whole.budget)
    endless = policy(timeout=None, attempt_timeout=3.0)
    assert endless.since(started) is endless


def test_an_extension_that_an_earlier_attempt_removed_is_removed() -> None:
    flow = execute(calls.extensions.delete("x1"), Request("DELETE", "http://server/x", {}), policy())
    flow.send(None)
    assert isinstance(flow.send(failure("1005", 502)), Sleep)
    flow.send(None)
    assert finish(flow, failure("5001", 404)).parsed is None
