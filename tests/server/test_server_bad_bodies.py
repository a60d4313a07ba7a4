"""Every endpoint that takes JSON refuses the same wrong bodies, each with its code, and fails at none."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from mplp_mock_server.api import OPERATIONS, Operation

JSON = {"content-type": "application/json"}

BODIES: list[tuple[str, bytes, str]] = [
    ("empty", b"", "3003"),
    ("not json", b"{'a': 1}", "3003"),
    ("nan", b'{"x": NaN}', "3003"),
    ("twice", b'{"x": 1, "x": 2}', "3003"),
    ("half a pair", b'{"x": "\\ud800"}', "3003"),
    ("not utf-8", b'{"x": "\xff"}', "3003"),
    ("too deep", b'{"x": ' + b"[" * 64 + b"]" * 64 + b"}", "3004"),
    ("deeper still", b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "3004"),
]

TAKING_JSON = [
    one for one in OPERATIONS if one.request is not None and one.request_media != "application/x-ndjson"
]


def send(api: httpx.Client, operation: Operation, body: bytes, **headers: str) -> httpx.Response:
    path = re.sub(r"\{\w+\}", "none", operation.path)
    return api.request(operation.method, path, content=body, headers={**JSON, **headers})


def code(answer: httpx.Response) -> str:
    told: dict[str, Any] = answer.json()["error"]
    assert told["details"]["field"]
    assert told["details"]["reason"]
    return str(told["code"])


@pytest.mark.requirement("LIMIT-JSON-DEPTH")
@pytest.mark.parametrize("operation", TAKING_JSON, ids=lambda operation: operation.name)
def test_a_wrong_body_is_refused(api: httpx.Client, operation: Operation) -> None:
    for name, body, expected in BODIES:
        if name != "empty" or not operation.request_optional:
            assert code(send(api, operation, body)) == expected, name
    assert code(send(api, operation, b"{}", **{"content-type": "text/plain"})) == "3003"
    assert code(send(api, operation, b"{}", **{"content-encoding": "brotli"})) == "3003"


@pytest.mark.parametrize(
    "operation",
    [one for one in TAKING_JSON if one.request is not Any],
    ids=lambda operation: operation.name,
)
def test_json_of_another_shape_is_refused(api: httpx.Client, operation: Operation) -> None:
    wrong = b"{}" if operation.name == "createTraces" else b"[]"
    for body in (wrong, b"null", b"7", b'"{}"', b"true"):
        assert code(send(api, operation, body)) == "3006", body


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if "{" in one.path], ids=lambda operation: operation.name
)
def test_an_id_that_is_none_is_refused(api: httpx.Client, operation: Operation) -> None:
    for odd in ("%00", "a%0Ab", "%ff", "x" * 256):
        path = re.sub(r"\{\w+\}", odd, operation.path)
        body = b"{}" if operation.request is not None else b""
        answer = api.request(operation.method, path, content=body, headers=JSON if body else {})
        assert 400 <= answer.status_code < 500, (odd, answer.text)
