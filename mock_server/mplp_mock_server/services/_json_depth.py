"""How deep JSON may nest: 64, which no honest object needs and every reader can follow. Spec: protocol §7."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from mplp_sdk.errors import InvalidFormat, ValueOutOfRange

__all__ = ["DEEPEST", "check_depth"]

DEEPEST: Final = 64


def check_depth(text: bytes, *, field: str = "body", outside: int = 0) -> None:
    """Refuse JSON text that nests deeper than allowed.

    Args:
        field: what the text is, for the error.
        outside: levels that the text stands in already.

    Raises:
        ValueOutOfRange: it does.
        InvalidFormat: it is not JSON.
    """
    allowed = DEEPEST - outside
    # Each level opens with a bracket, so text with few of them need not be walked.
    if text.count(b"{") + text.count(b"[") <= allowed:
        return
    try:
        deep = _reaches(msgspec.json.decode(text), allowed)
    except RecursionError:
        deep = True
    except msgspec.MsgspecError as error:
        raise InvalidFormat(f"not JSON: {error}", details={"field": field, "reason": str(error)}) from None
    if deep:
        reason = f"nested deeper than {DEEPEST}"
        raise ValueOutOfRange(f"JSON {reason}", details={"field": field, "reason": reason})


def _reaches(value: Any, allowed: int) -> bool:
    """Whether containers nest more than `allowed` levels."""
    level = [value]
    for _ in range(allowed):
        level = [item for held in level for item in _items(held) if isinstance(item, dict | list)]
        if not level:
            return False
    return True


def _items(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
