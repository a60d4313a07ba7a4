"""Reading JSON from strangers: just one meaning, bounded depth, text that can be written again.

Spec: protocol §7; RFC 8259 and RFC 7493 (I-JSON).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, Final, NoReturn, TypeVar

from mplp_mock_server.services import JsonObject, check_depth
from mplp_sdk.errors import InvalidFormat, SchemaValidationFailed

__all__ = ["read_json"]

T = TypeVar("T")

_NAMES: Final = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}


def read_json(body: bytes, shape: type[T]) -> T:
    """The JSON object (`dict`) or list (`list`) that `body` is.

    Raises:
        InvalidFormat: not JSON, a member that is there twice, NaN, or a number no reader can hold.
        ValueOutOfRange: nested too deeply.
        SchemaValidationFailed: JSON, but not of this shape.
    """
    check_depth(body)
    try:
        text = body.decode()
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite
        )
        if "\\u" in text:
            # Half a surrogate pair is JSON, but nothing that could be sent again.
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError:
        raise _not_json("not UTF-8, or half a surrogate pair") from None
    except ValueError as error:
        raise _not_json(str(error)) from None
    if not isinstance(value, shape):
        reason = f"should be {_NAMES[shape]}, not {_name(value)}"
        raise SchemaValidationFailed(f"the body {reason}", details={"field": "body", "reason": reason})
    return value


def _not_json(reason: str) -> InvalidFormat:
    return InvalidFormat(f"the body is not valid JSON: {reason}", details={"field": "body", "reason": reason})


def _unique(pairs: Sequence[tuple[str, Any]]) -> JsonObject:
    obj = dict(pairs)
    if len(obj) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise ValueError(f"the member {twice!r} is there twice")
    return obj


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(spelling: str) -> float:
    number = float(spelling)
    if math.isinf(number):
        raise ValueError(f"{spelling[:20]} is too large for a number")
    return number


def _name(value: object) -> str:
    if value is None:
        return "null"
    return _NAMES.get(type(value), "a number")
