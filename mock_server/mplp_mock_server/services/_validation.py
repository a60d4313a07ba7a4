"""Judging objects by their models, and saying what is wrong in the protocol's words.

Spec: protocol §2.2 (3001–3006), §3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mplp_sdk import errors
from mplp_sdk.errors import (
    CODES,
    InvalidFormat,
    InvalidRequest,
    RequiredFieldMissing,
    SchemaValidationFailed,
    ValidationFailed,
)
from mplp_sdk.models import MPLPModel
from mplp_sdk.protocol.schemas import MODULES

__all__ = ["JsonObject", "check_id", "check_ids", "invalid", "optional_text", "required_text", "validate"]

JsonObject = dict[str, Any]

_CLOSED: Final = {"closed_enumerations": True}
"""Enumerations by the letter. Ids are any text, as in the examples of Design: other tools make their own."""

_LONGEST_ID: Final = 255
_MOST_ERRORS: Final = 50
"""Mistakes listed in one answer."""

_IDS: Final = (
    "id",
    "trace_id",
    "span_id",
    "parent_span_id",
    "context_id",
    "plan_id",
    "task_id",
    "agent_id",
)

_MISSING: Final = frozenset({"missing"})
_FORM: Final = frozenset({"rfc3339_time", "duration", "string_pattern_mismatch", "uuid"})
_RANGE: Final = frozenset(
    {
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
        "string_too_short",
        "string_too_long",
        "too_short",
        "too_long",
    }
)
_VALUE: Final = frozenset({"unknown_value", "literal_error", "extra_forbidden"})


def validate(kind: str, obj: Mapping[str, Any]) -> MPLPModel:
    """The model of a complete object, read with closed enumerations.

    Raises:
        InvalidRequest: the object is wrong; `details` says where and why.
    """
    try:
        # Strict, or "5" would pass for a number and be stored as the text that it is.
        model = MODULES[kind].model_validate(obj, strict=True, context=_CLOSED)
    except ValidationError as error:
        raise _explain(error.errors(include_url=False, include_context=False)) from None
    except OverflowError:
        raise InvalidFormat("a time is too far away", details={"reason": "out of the calendar"}) from None
    check_ids(obj)
    return model


def check_ids(obj: Mapping[str, Any]) -> None:
    """Check each member of an object that is an id.

    Raises:
        InvalidFormat: one is none.
    """
    for name in _IDS:
        if isinstance(value := obj.get(name), str):
            check_id(value, name)


def check_id(value: str, field: str) -> None:
    """Refuse identifiers that no log line or address could show.

    Raises:
        InvalidFormat: empty, longer than 255 characters, or with a character that cannot be printed.
    """
    if not value or len(value) > _LONGEST_ID:
        raise invalid(InvalidFormat, field, f"an id has 1 to {_LONGEST_ID} characters, not {len(value)}")
    if not value.isprintable():
        raise invalid(InvalidFormat, field, "an id has no control or other unprintable characters")


def invalid(cls: type[InvalidRequest], field: str, reason: str) -> InvalidRequest:
    """An error about one field."""
    return cls(f"{field}: {reason}", details={"field": field, "reason": reason})


def required_text(obj: Mapping[str, Any], name: str) -> str:
    """A member that is text and must be there."""
    value = optional_text(obj, name)
    if value is None:
        raise invalid(RequiredFieldMissing, name, "Field required")
    return value


def optional_text(obj: Mapping[str, Any], name: str) -> str | None:
    """A member that is text, if it is there."""
    value = obj.get(name)
    if value is None or isinstance(value, str):
        return value
    raise invalid(SchemaValidationFailed, name, "Input should be a string")


def _explain(found: Sequence[ErrorDetails]) -> InvalidRequest:
    problems = [_problem(details) for details in found[:_MOST_ERRORS]]
    codes = {problem["code"] for problem in problems}
    cls = _class_of(codes.pop()) if len(codes) == 1 else ValidationFailed
    first = problems[0]
    details: JsonObject = {"field": first["field"], "reason": first["reason"]}
    if len(problems) > 1:
        details["errors"] = problems
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return cls(f"{first['field']}: {first['reason']}{more}", details=details)


def _problem(details: ErrorDetails) -> JsonObject:
    return {"field": _path(details["loc"]), "reason": details["msg"], "code": str(_code(details["type"]))}


def _path(location: Sequence[str | int]) -> str:
    """Where it is, such as `tasks[0].name`."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path.removeprefix(".")


def _code(kind: str) -> int:
    if kind in _MISSING:
        return 3002
    if kind in _FORM:
        return 3003
    if kind in _RANGE:
        return 3004
    return 3001 if kind in _VALUE else 3006


def _class_of(code: str) -> type[InvalidRequest]:
    cls = errors.error_class(int(code))
    assert issubclass(cls, InvalidRequest), CODES[int(code)]  # noqa: S101 -- true of all that `_code` gives
    return cls
