"""The schema layer: has the object the form that its JSON Schema gives it? Spec: protocol §4; RFC §6.3."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Any, Final, NamedTuple

from pydantic_core import ErrorDetails, SchemaValidator, ValidationError

from mplp_sdk.protocol.validation._compile import compile_schema
from mplp_sdk.protocol.validation._dialects import DIALECTS, Dialect
from mplp_sdk.protocol.validation._measure import not_json
from mplp_sdk.protocol.validation._paths import at
from mplp_sdk.protocol.validation._subject import Problem

__all__ = ["SCHEMA_RULES", "Form", "check_schema", "json_problems"]

SCHEMA_RULES: Final = (
    "member_present",
    "type_correct",
    "value_allowed",
    "format_correct",
    "range_kept",
    "member_known",
)
"""The rules that one run of the validator judges together."""

_RULE_OF: Final = {
    "missing": "member_present",
    "literal_error": "value_allowed",
    "uuid": "format_correct",
    "rfc3339_time": "format_correct",
    "string_pattern_mismatch": "format_correct",
    "no_choice_fits": "format_correct",
    "string_too_short": "range_kept",
    "string_too_long": "range_kept",
    "too_short": "range_kept",
    "greater_than_equal": "range_kept",
    "less_than_equal": "range_kept",
    "finite_number": "range_kept",
    "not_unique": "range_kept",
    "extra_forbidden": "member_known",
}
"""Rule that each of the core's errors breaks; what is not here is a wrong type."""

_MESSAGE_OF: Final = {
    "missing": "A required member is missing",
    "dict_type": "Input should be an object",
    "list_type": "Input should be an array",
    "string_type": "Input should be text",
    "string_unicode": "Input should be text without lone surrogates",
    "float_type": "Input should be a number",
    "bool_type": "Input should be true or false",
    "invalid_key": "The name of a member should be text",
    "extra_forbidden": "The schema has no such member, and takes no others",
}
"""The core's words where they speak of Python."""


class Form(NamedTuple):
    """What the schema says of an object."""

    problems: dict[str, list[Problem]]
    """By rule."""
    unreadable_times: bool
    """Whether it refused a time."""


def check_schema(kind: str, dialect: Dialect, obj: dict[str, Any], *, large: bool) -> Form:
    """What is wrong with the form of the object.

    Args:
        kind: of the object.
        dialect: whose schemas to go by.
        obj: JSON data.
        large: tell of a list that is wrong throughout only its first wrong item.
    """
    found: dict[str, list[Problem]] = defaultdict(list)
    details: list[ErrorDetails] = []
    try:
        _validator(dialect.name, kind, large).validate_python(obj)
    except ValidationError as error:
        details = error.errors(include_url=False)
    for detail in details:
        found[_rule_of(detail)].append(_problem(kind, detail))
    return Form(found, any(detail["type"] == "rfc3339_time" for detail in details))


def json_problems(kind: str, obj: dict[str, Any]) -> list[Problem]:
    """Every value of the object that JSON cannot carry."""
    return [
        Problem(
            at(kind, *path),
            value,
            f"{message}.",
            "Write null, leave the member out, or spell the value as text.",
        )
        for path, value, message in not_json(obj)
    ]


@cache
def _validator(dialect: str, kind: str, first_error_only: bool) -> SchemaValidator:
    return compile_schema(DIALECTS[dialect].schemas[kind], first_error_only=first_error_only)


def _rule_of(detail: ErrorDetails) -> str:
    if detail["type"] == "whole_number" and isinstance(detail["input"], (int, float)):
        return "type_correct" if isinstance(detail["input"], bool) else "range_kept"
    return _RULE_OF.get(detail["type"], "type_correct")


def _problem(kind: str, detail: ErrorDetails) -> Problem:
    path = at(kind, *detail["loc"])
    missing = detail["type"] == "missing"
    message = _MESSAGE_OF.get(detail["type"], detail["msg"])
    value = None if missing else detail["input"]
    return Problem(path, value, f"{message}.", _suggestion(detail))


def _suggestion(detail: ErrorDetails) -> str:
    name = detail["loc"][-1] if detail["loc"] else "the object"
    if detail["type"] in _SUGGESTION_OF:
        words = {"name": repr(name), "limits": _limits(detail.get("ctx", {})), **detail.get("ctx", {})}
        return _SUGGESTION_OF[detail["type"]].format_map(words)
    if detail["type"] == "string_pattern_mismatch":
        return "Write a version such as 1.0.0." if name == "version" else "Write the value in that form."
    if detail["input"] is None:
        return f"Leave {name!r} out where there is nothing to say; null is no value."
    return f"Give {name!r} a value of that type."


_SUGGESTION_OF: Final = {
    "missing": "Add the member {name}.",
    "literal_error": "Write {expected}.",
    "uuid": "Write a UUID in lower case, such as 00000000-0000-4000-8000-000000000001.",
    "rfc3339_time": "Write the time with its offset, such as 2026-01-02T03:04:05.678Z.",
    "no_choice_fits": "Write a duration as 150ms, 8h, 2d or PT1.5S, or as a number of seconds from 0 on.",
    "whole_number": "Write a whole number{limits}.",
    "string_too_short": "Keep to the limit:{limits}.",
    "string_too_long": "Keep to the limit:{limits}.",
    "too_short": "Keep to the limit:{limits}.",
    "greater_than_equal": "Keep to the limit:{limits}.",
    "less_than_equal": "Keep to the limit:{limits}.",
    "not_unique": "Take the repetition out.",
    "extra_forbidden": "Take {name} out, or move it into a member that is free-form.",
}
_LIMIT_WORDS: Final = {"min_length": "at least", "max_length": "at most", "ge": "at least", "le": "at most"}


def _limits(context: dict[str, Any]) -> str:
    return "".join(f" {word} {context[name]}" for name, word in _LIMIT_WORDS.items() if name in context)
