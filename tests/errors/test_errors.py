"""The error tree and the catalogue of codes. Spec: protocol §2.2; RFC appendix A."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from mplp_sdk import errors
from mplp_sdk.errors import CODES, MPLPError, ProtocolError, find_code, from_code

# The catalogue, copied from protocol §2.2 by hand: number, name, status, may it be retried.
CATALOGUE = """
1001 INTERNAL_SERVER_ERROR 500 yes
1002 SERVICE_UNAVAILABLE 503 yes
1003 DATABASE_ERROR 500 yes
1004 CACHE_ERROR 500 yes
1005 NETWORK_ERROR 502 yes
1006 TIMEOUT_ERROR 408 yes
1007 CONFIGURATION_ERROR 500 no
1008 DEPENDENCY_ERROR 502 yes
2001 AUTHENTICATION_REQUIRED 401 no
2002 INVALID_TOKEN 401 no
2003 TOKEN_EXPIRED 401 no
2004 INSUFFICIENT_PERMISSIONS 403 no
2005 ACCOUNT_LOCKED 403 no
2006 INVALID_CREDENTIALS 401 no
2007 TOKEN_REVOKED 401 no
2008 SESSION_EXPIRED 401 no
3001 VALIDATION_ERROR 400 no
3002 REQUIRED_FIELD_MISSING 400 no
3003 INVALID_FORMAT 400 no
3004 VALUE_OUT_OF_RANGE 400 no
3005 DUPLICATE_VALUE 409 no
3006 SCHEMA_VALIDATION_FAILED 400 no
3007 BUSINESS_RULE_VIOLATION 400 no
3008 DATA_INTEGRITY_ERROR 400 no
4001 RESOURCE_NOT_FOUND 404 no
4002 RESOURCE_LOCKED 423 yes
4003 RESOURCE_CONFLICT 409 no
4004 QUOTA_EXCEEDED 429 yes
4005 OPERATION_NOT_ALLOWED 405 no
4006 CONTEXT_INVALID 400 no
4007 PLAN_EXECUTION_FAILED 500 yes
4008 CONFIRMATION_REQUIRED 202 no
5001 EXTENSION_NOT_FOUND 404 no
5002 EXTENSION_LOAD_FAILED 500 yes
5003 EXTENSION_EXECUTION_ERROR 500 yes
5004 PLUGIN_COMPATIBILITY_ERROR 400 no
5005 THIRD_PARTY_SERVICE_ERROR 502 yes
"""
ROWS = [
    (int(number), name, int(status), retry == "yes")
    for number, name, status, retry in (line.split() for line in CATALOGUE.split("\n") if line)
]


def all_classes(cls: type[MPLPError] = MPLPError) -> list[type[MPLPError]]:
    return [cls, *(below for child in cls.__subclasses__() for below in all_classes(child))]


@pytest.mark.requirement("ERR-TABLE")
def test_the_table_is_the_catalogue() -> None:
    assert [(row.number, row.name, row.status, row.retryable) for row in CODES.values()] == ROWS
    assert len(ROWS) == 37


@pytest.mark.parametrize(("number", "name", "status", "retryable"), ROWS)
@pytest.mark.requirement("ERR-ACCEPT-SPELLINGS", "ERR-TABLE")
def test_every_code_has_a_class_in_every_spelling(
    number: int, name: str, status: int, retryable: bool
) -> None:
    spellings: list[str | int] = [number, str(number), f"E{number}", name, name.lower()]
    raised = [from_code(spelling, "no", status=status) for spelling in spellings]
    assert {type(error) for error in raised} == {errors.error_class(number)}
    assert [error.code for error in raised] == [number] * len(spellings)
    assert [error.raw_code for error in raised] == spellings
    assert {(error.name, error.retryable) for error in raised} == {(name, retryable)}


def test_every_code_has_a_class_of_its_own_in_the_family_of_its_thousand() -> None:
    classes = [errors.error_class(number) for number in CODES]
    assert len(set(classes)) == 37
    families = {
        1: errors.SystemFailure,
        2: errors.AuthenticationError,
        3: errors.InvalidRequest,
        4: errors.ResourceError,
        5: errors.ExtensionError,
    }
    assert all(issubclass(errors.error_class(number), families[number // 1000]) for number in CODES)


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("CONTEXT_NOT_FOUND", 4001),
        ("PARTICIPANT_NOT_FOUND", 4001),
        ("PERMISSION_DENIED", 2004),
        ("VALIDATION_ERROR", 3001),
        ("CONFLICT_ERROR", 4003),
        ("RATE_LIMIT_EXCEEDED", 4004),
        ("SERVICE_UNAVAILABLE", 1002),
        ("TIMEOUT_ERROR", 1006),
    ],
)
@pytest.mark.requirement("ERR-ACCEPT-CONTEXT-WORDS")
def test_reads_the_words_of_context_messages(word: str, number: int) -> None:
    assert find_code(word) == number


@pytest.mark.requirement("ERR-ACCEPT-UNKNOWN")
@pytest.mark.parametrize(
    ("status", "family", "retryable"),
    [
        (500, errors.SystemFailure, True),
        (503, errors.SystemFailure, True),
        (401, errors.AuthenticationError, False),
        (418, errors.InvalidRequest, False),
        (404, errors.ResourceError, False),
        (429, errors.ResourceError, True),
        (200, ProtocolError, False),
        (None, ProtocolError, False),
    ],
)
def test_an_unknown_code_falls_back_to_its_status(
    status: int | None, family: type[ProtocolError], retryable: bool
) -> None:
    error = from_code("9999", "odd", status=status)
    assert type(error) is family
    assert (error.code, error.raw_code, error.retryable) == (None, "9999", retryable)


@pytest.mark.requirement("ERR-STATUS-FALLBACK")
@pytest.mark.parametrize(
    ("status", "number"), [(408, 1006), (429, 4004), (502, 1005), (503, 1002), (504, 1006)]
)
def test_an_answer_without_a_body_maps_by_its_status(status: int, number: int) -> None:
    assert from_code(None, "Bad gateway", status=status).code == number


@pytest.mark.parametrize("raw", ["", "E", "40O1", "４００１", True, "4001.0", 40011])
def test_what_is_no_code_is_unknown(raw: str | int) -> None:
    assert find_code(raw) is None


def instance(cls: type[MPLPError]) -> MPLPError:
    if issubclass(cls, ProtocolError):
        return cls(
            "went wrong",
            status=500,
            name="ODD",
            raw_code="E1",
            details={"field": "a"},
            request_id="r",
            retry_after=1.5,
            attempts=3,
        )
    if issubclass(cls, errors.InvalidResponse):
        return cls("went wrong", status=200, body=b"<html>", attempts=2)
    return cls("went wrong")


@pytest.mark.parametrize("cls", all_classes(), ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("clone", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy])  # noqa: S301
@pytest.mark.requirement("ERR-CLASSES")
def test_every_class_survives_pickle_and_copy(cls: type[MPLPError], clone: Any) -> None:
    error = instance(cls)
    again = clone(error)
    assert type(again) is cls
    assert (str(again), again.args, again.__dict__) == (str(error), error.args, error.__dict__)


def test_every_class_is_public() -> None:
    assert {cls.__name__ for cls in all_classes()} <= set(errors.__all__)


def test_an_error_says_code_name_message_attempts_and_request() -> None:
    error = from_code("4001", "no plan p-1", status=404, request_id="r-9")
    error.attempts = 2
    assert str(error) == "4001 RESOURCE_NOT_FOUND: no plan p-1 after 2 attempts [request r-9]"
