"""JSON in its one canonical form, so that equal values have equal bytes, and so equal digests.

`checksum` is what `GET /contexts/{id}/state` answers, and what two sides of a state sync compare.
Spec: RFC 8785 (JCS); protocol §5; ECMA-262, Number::toString.
"""

from __future__ import annotations

import hashlib
import json.encoder
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["canonical", "checksum"]

_EXACT: Final = 2**53
"""Whole numbers up to here are the same in every reader; above, they are taken as the nearest double."""


def canonical(value: Any) -> bytes:
    """The canonical JSON text of `value`: members sorted, no space, numbers as ECMAScript writes them.

    Raises:
        ValueError: there is no such text: a number is NaN, infinite or beyond doubles, or text holds half a
            surrogate pair.
        TypeError: not JSON data.

    Spec: RFC 8785 §3.2.
    """
    return "".join(_write(value)).encode()


def checksum(value: Any) -> str:
    """`sha256:` and the hex digest of the canonical form.

    Raises:
        ValueError: there is no canonical form.
    """
    return f"sha256:{hashlib.sha256(canonical(value)).hexdigest()}"


def _write(value: Any) -> Iterator[str]:
    match value:
        case None:
            yield "null"
        case bool():
            yield "true" if value else "false"
        case str():
            yield json.encoder.encode_basestring(value)
        case int() | float():
            yield _number(value)
        case Mapping():
            yield from _object(value)
        case list() | tuple():
            yield from _list(value)
        case _:
            raise TypeError(f"{type(value).__name__} is not JSON data")


def _object(members: Mapping[str, Any]) -> Iterator[str]:
    mark = "{"
    for name in sorted(members, key=_utf16):
        yield f"{mark}{json.encoder.encode_basestring(name)}:"
        yield from _write(members[name])
        mark = ","
    yield "}" if members else "{}"


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be")


def _list(items: list[Any] | tuple[Any, ...]) -> Iterator[str]:
    mark = "["
    for item in items:
        yield mark
        yield from _write(item)
        mark = ","
    yield "]" if items else "[]"


def _number(value: int | float) -> str:
    if isinstance(value, int) and -_EXACT <= value <= _EXACT:
        return str(value)
    try:
        double = float(value)
    except OverflowError:
        double = math.inf
    if not math.isfinite(double):
        raise ValueError("a number beyond doubles has no canonical form")
    sign = "-" if double < 0 else ""
    return sign + _positive(abs(double))


def _positive(double: float) -> str:
    """A number that is not negative; `repr` has the same shortest digits, only other ways to set them."""
    if double == 0:
        return "0"
    digits, point = _digits(double)
    if 0 < point <= 21:
        whole, fraction = digits[:point].ljust(point, "0"), digits[point:]
        return f"{whole}.{fraction}" if fraction else whole
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"


def _digits(double: float) -> tuple[str, int]:
    """Significant digits, and where the decimal point stands from the first of them."""
    mantissa, _, exponent = repr(double).partition("e")
    whole, _, fraction = mantissa.partition(".")
    written = whole + fraction
    digits = written.lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(written) - len(digits))
    return digits.rstrip("0"), point
