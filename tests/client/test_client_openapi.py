"""The client calls every endpoint of the server, and none that the server does not have."""

from __future__ import annotations

import inspect
import re
from typing import Any

import httpx
import pytest

from mplp_mock_server import MockServer
from mplp_sdk.client import calls

NOT_FOR_CALLS = {
    ("GET", "/"): "a page for a person",
    ("GET", "/openapi.json"): "for tools",
    ("GET", "/metrics"): "for monitoring",
}
"""Endpoints of the server that the client leaves alone, each with the reason."""


@pytest.fixture(scope="module")
def served() -> set[tuple[str, str]]:
    """Method and path of every endpoint that the server describes; parameters have lost their names."""
    with MockServer() as server:
        paths = httpx.get(f"{server.url}/openapi.json").json()["paths"]
    methods = {"get", "post", "put", "delete", "patch"}
    return {(m.upper(), nameless(path)) for path, item in paths.items() for m in item.keys() & methods}


def nameless(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


def called() -> set[tuple[str, str]]:
    """The same of every operation, as its docstring tells; another test holds that to what is sent."""
    modules: list[Any] = [getattr(calls, name) for name in calls.__all__ if name.islower()]
    operations = [getattr(module, name) for module in modules for name in module.__all__]
    lines = [(op.__doc__ or "").removesuffix(".").split(" ") for op in operations if inspect.isfunction(op)]
    return {(method, nameless(path)) for method, path in lines}


def test_every_endpoint_has_its_operation(served: set[tuple[str, str]]) -> None:
    assert sorted(served - called() - NOT_FOR_CALLS.keys()) == []


def test_every_operation_has_its_endpoint(served: set[tuple[str, str]]) -> None:
    assert sorted(called() - served) == []
