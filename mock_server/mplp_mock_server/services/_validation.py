"""Judging objects by their models, and saying what is wrong in the protocol's words.

Spec: protocol §2.2 (3001–3006), §3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from mplp_mock_server.services._shapes import optional_members
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
from mplp_sdk.protocol.ids import LONGEST_TEXT, is_plain
from mplp_sdk.protocol.schemas import MODULES

__all__ = [
    "JsonObject",
    "check_id",
    "check_ids",
    "invalid",
    "optional_text",
    "read_input",
    "required_text",
    "validate",
    "validate_as",
]

JsonObject = dict[str, Any]
T = TypeVar("T")
Model = TypeVar("Model", bound=MPLPModel)

_CLOSED: Final = {"closed_enumerations": True, "plain_ids": True}
"""Enumerations by the letter. Ids are any text that can be shown, as in the examples of Design: other tools
make their own."""

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
_FORM: Final = frozenset({"rfc3339_time", "duration", "string_pattern_mismatch", "uuid", "plain_id"})
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
_VALUE: Final = frozenset({"unknown_value", "literal_error"})
_UNKNOWN: Final = "extra_forbidden"
"""Kind of problem of a member that a create-input does not know; the server takes and keeps it."""


def validate(kind: str, obj: Mapping[str, Any]) -> MPLPModel:
    """The model of a complete object, read with closed enumerations.

    Raises:
        InvalidRequest: the object is wrong; `details` says where and why.
    """
    return validate_as(MODULES[kind], obj)


def validate_as(model: type[Model], obj: Mapping[str, Any]) -> Model:
    """The same for any model.

    Raises:
        InvalidRequest: the object is wrong; `details` says where and why.
    """
    found = _judged(lambda: model.model_validate(obj, strict=True, context=_CLOSED))
    assert found is not None, "only problems could make it None"  # noqa: S101
    check_ids(obj)
    return found


def read_input(shape: Any, body: JsonObject) -> JsonObject:
    """The members of a request that `shape`, a typed dictionary, knows, as they came.

    Others are passed over, as is an optional one that is null; further down, others are kept.

    Raises:
        InvalidRequest: one is missing or wrong; `details` says which and why.
    """
    known, optional = shape.__annotations__, optional_members(shape)
    given = {
        name: one for name, one in body.items() if name in known and (one is not None or name not in optional)
    }
    _judged(lambda: _adapter(shape).validate_python(given, strict=True), but=_UNKNOWN)
    check_ids(given)
    return given


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def _judged(judge: Callable[[], T], *, but: str = "") -> T | None:
    """What `judge` gives; None where it finds nothing wrong but problems of the kind `but`."""
    # Always strict, or "5" would pass for a number and be stored as the text that it is.
    try:
        return judge()
    except ValidationError as error:
        found = [one for one in error.errors(include_url=False, include_context=False) if one["type"] != but]
        if found:
            raise _explain(found) from None
        return None
    except OverflowError:
        raise InvalidFormat("a time is too far away", details={"reason": "out of the calendar"}) from None


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
    if not value or len(value) > LONGEST_TEXT:
        raise invalid(InvalidFormat, field, f"an id has 1 to {LONGEST_TEXT} characters, not {len(value)}")
    if not is_plain(value):
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
