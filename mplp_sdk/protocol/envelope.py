"""Reading of response bodies, in every spelling that a server may use. Pure; the client is built on it.

    {"success": true, "data": …, "metadata": {…}}            the protocol's own
    {"success": true, "data": {"result": …}, "meta": {…}}    RFC §4.2.1, and other spellings
    {…} or […]                                               a bare object or array

Spec: protocol §2 Envelope; RFC §3.2.1, §4.2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic_core import from_json

__all__ = ["Envelope", "ErrorBody"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What a server wrote about an error, in one spelling."""

    code: str | int | None = None
    """Just as it was written."""
    name: str | None = None
    message: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    retry_after: float | None = None
    """Seconds; the wire has milliseconds. None: absent, or no sensible number."""


class Envelope:
    """A response body, opened. Opening never fails; reading out of it may."""

    __slots__ = ("_content", "_problem")

    def __init__(self, body: bytes) -> None:
        self._problem: ValueError | None = None
        try:
            self._content: Any = from_json(body, allow_inf_nan=False, cache_strings="keys")
        except ValueError as error:
            self._content, self._problem = None, error

    @property
    def failed(self) -> bool:
        """Whether the body says `success: false`; no HTTP status counts against that."""
        return isinstance(self._content, dict) and self._content.get("success") is False

    def read(self, parse: Callable[[Any], T]) -> T:
        """The value of a successful body.

        Args:
            parse: makes the value of its JSON data; raises ValueError where that is something else. Each
                place where the value may stand is offered to it in turn.

        Raises:
            ValueError: the body is not JSON, or what `parse` raised for the likeliest place.
        """
        if self._problem is not None:
            raise self._problem
        refusal: ValueError | None = None
        for candidate in self._candidates():
            try:
                return parse(candidate)
            except ValueError as error:
                refusal = refusal or error
        raise refusal or ValueError("no data")

    def error(self) -> ErrorBody | None:
        """The error that the body tells of; None where it is no JSON object."""
        if not isinstance(self._content, dict):
            return None
        found = self._content.get("error", self._content)
        if isinstance(found, str):
            return ErrorBody(message=found)
        return _error_body(found if isinstance(found, dict) else {})

    def metadata(self) -> dict[str, Any]:
        """The envelope's `metadata`, also called `meta`; empty where there is none."""
        if not isinstance(self._content, dict) or "success" not in self._content:
            return {}
        found = self._content.get("metadata", self._content.get("meta"))
        return found if isinstance(found, dict) else {}

    def _candidates(self) -> Iterator[Any]:
        # A Confirmation and a Span have a `result` of their own, so the level below comes last.
        outer = self._content
        if not isinstance(outer, dict) or outer.get("success") is None:
            yield outer
        if isinstance(outer, dict) and "data" in outer:
            yield outer["data"]
            if isinstance(outer["data"], dict) and "result" in outer["data"]:
                yield outer["data"]["result"]


def _error_body(found: Mapping[str, Any]) -> ErrorBody:
    details = found.get("details")
    return ErrorBody(
        code=_code(found.get("code")),
        name=_text(found.get("name")),
        message=_text(found.get("message", found.get("detail"))),
        details=details if isinstance(details, dict) else {} if details is None else {"details": details},
        retry_after=_seconds(found.get("retry_after", found.get("retryAfter"))),
    )


def _code(value: object) -> str | int | None:
    return value if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _seconds(milliseconds: object) -> float | None:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, (int, float)):
        return None
    return milliseconds / 1000 if math.isfinite(milliseconds) and milliseconds >= 0 else None
