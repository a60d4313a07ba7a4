"""Reading of response bodies, in every spelling that a server may use. Pure; the client is built on it.

    {"success": true, "data": …, "metadata": {…}}            the protocol's own
    {"success": true, "data": {"result": …}, "meta": {…}}    RFC §4.2.1, and other spellings
    {…} or […]                                               a bare object or array

Only the outer members are looked at here. The value inside is handed on as bytes, so that a model is built
from JSON in one pass. Spec: protocol §2 Envelope; RFC §3.2.1, §4.2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

__all__ = ["Envelope", "ErrorBody"]

T = TypeVar("T")

_ABSENT = msgspec.Raw(b"")
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class _Outer(msgspec.Struct):
    """The members of an envelope, none of them required."""

    success: bool | None = None
    data: msgspec.Raw = _ABSENT
    error: msgspec.Raw = _ABSENT
    metadata: msgspec.Raw = _ABSENT
    meta: msgspec.Raw = _ABSENT


class _Result(msgspec.Struct):
    """RFC §4.2.1 puts the value one level deeper."""

    result: msgspec.Raw = _ABSENT


_decode_outer = msgspec.json.Decoder(_Outer).decode
_decode_result = msgspec.json.Decoder(_Result).decode


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

    __slots__ = ("_outer", "body")

    def __init__(self, body: bytes) -> None:
        self.body = body
        try:
            self._outer: _Outer | None = _decode_outer(body)
        except _UNREADABLE:
            self._outer = None

    @property
    def failed(self) -> bool:
        """Whether the body says `success: false`; no HTTP status counts against that."""
        return self._outer is not None and self._outer.success is False

    def read(self, parse: Callable[[bytes], T]) -> T:
        """The value of a successful body.

        Args:
            parse: reads the JSON of the value; raises ValueError where it is something else. Each place
                where the value may stand is offered to it in turn.

        Raises:
            ValueError: what `parse` raised for the likeliest place.
        """
        refusal: ValueError | None = None
        for candidate in self._candidates():
            try:
                return parse(candidate)
            except ValueError as error:
                refusal = refusal or error
        raise refusal or ValueError("no data")

    def error(self) -> ErrorBody | None:
        """The error that the body tells of; None where it is not JSON, or tells of none."""
        if self._outer is None:
            return None
        found = _decode(bytes(self._outer.error) or self.body)
        if isinstance(found, str):
            return ErrorBody(message=found)
        return _error_body(found) if isinstance(found, dict) else None

    def metadata(self) -> dict[str, Any]:
        """The envelope's `metadata`, also called `meta`; empty where there is none."""
        if self._outer is None or self._outer.success is None:
            return {}
        found = _decode(bytes(self._outer.metadata) or bytes(self._outer.meta))
        return found if isinstance(found, dict) else {}

    def _candidates(self) -> Iterator[bytes]:
        # A Confirmation and a Span have a `result` of their own, so the level below comes last.
        outer = self._outer
        if outer is None or outer.success is None:
            yield self.body
        if outer is None or not (data := bytes(outer.data)):
            return
        yield data
        try:
            yield bytes(_decode_result(data).result)
        except _UNREADABLE:
            return


def _decode(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except _UNREADABLE:
        return None


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
