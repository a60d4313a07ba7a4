"""Reading a body of JSON from strangers: just one meaning, bounded depth, the shape that is asked for.

Spec: protocol §7.
"""

from __future__ import annotations

from typing import Final, TypeVar

from mplp_mock_server.services import check_depth, parse
from mplp_sdk.errors import SchemaValidationFailed

__all__ = ["read_json"]

T = TypeVar("T")

_NAMES: Final = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}


def read_json(body: bytes, shape: type[T]) -> T:
    """The JSON object (`dict`), list (`list`) or any value (`object`) that `body` is.

    Raises:
        InvalidFormat: not JSON, a member that is there twice, NaN, or a number no reader can hold.
        ValueOutOfRange: nested too deeply.
        SchemaValidationFailed: JSON, but not of this shape.
    """
    check_depth(body)
    value = parse(body, "body")
    if not isinstance(value, shape):
        reason = f"should be {_NAMES[shape]}, not {_name(value)}"
        raise SchemaValidationFailed(f"the body {reason}", details={"field": "body", "reason": reason})
    return value


def _name(value: object) -> str:
    if value is None:
        return "null"
    return _NAMES.get(type(value), "a number")
