"""What a server answered, taken out of its envelope. Shared by the tests of the server."""

from __future__ import annotations

from typing import Any

import httpx

__all__ = ["data", "error"]


def data(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    """The `data` of a success that came with this status."""
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()["data"]
    return told


def error(answer: httpx.Response) -> tuple[int, str, Any]:
    """Status, code and `details.field` of an error."""
    told = answer.json()["error"]
    return answer.status_code, told["code"], told["details"].get("field")
