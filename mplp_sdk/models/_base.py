"""What all models share: open reading, closed building, and the wire's own kinds of values.

Reading is lenient: unknown members are kept and sent back, ids are any non-empty text, and an enumeration
takes values that newer servers may send. Validating with `context=STRICT` closes the enumerations again, and
asks ids, times and durations for the format that the JSON Schema names.
Building (the `…Create` inputs) is closed at once: an unknown member or value is the caller's mistake.

Spec: protocol §1.1, §1.3–1.5, §3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Any, Final, get_args

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from mplp_sdk.protocol.ids import is_plain
from mplp_sdk.protocol.times import format_duration, format_time, parse_duration, parse_time

__all__ = [
    "CLOSED",
    "DURATION",
    "STRICT",
    "WHOLE",
    "DurationField",
    "DurationInput",
    "Id",
    "JsonObject",
    "MPLPModel",
    "OneOf",
    "Timestamp",
    "TimestampInput",
    "Version",
    "camel",
]

STRICT: Final[Mapping[str, bool]] = MappingProxyType({"closed_enumerations": True, "formats": True})
"""Pass as `context=` to validate by the letter: enumerations take only the protocol's values, ids are
lower-case UUIDs, times are RFC 3339 with an offset, durations have no space around them."""

CLOSED: Final = ConfigDict(extra="forbid", use_attribute_docstrings=True)
"""Configuration of create-inputs: an unknown member is an error."""

JsonObject = dict[str, Any]
"""Any JSON object."""


class MPLPModel(BaseModel):
    """Base of everything read from the wire. Unknown members are kept, and sent back unchanged."""

    model_config = ConfigDict(
        extra="allow", use_attribute_docstrings=True, validate_by_name=True, defer_build=True
    )

    def to_wire(self) -> dict[str, Any]:
        """The object as JSON data, just the members that were set, unknown ones included."""
        return self.model_dump(mode="json", exclude_unset=True, by_alias=True)


def camel(name: str, *, default: Any = ...) -> Any:
    """A field that the wire writes in camelCase; snake_case is read too."""
    spelt = to_camel(name)
    return Field(default, validation_alias=AliasChoices(spelt, name), serialization_alias=spelt)


@dataclass(frozen=True)
class OneOf:
    """Marks text as an enumeration: open when read, closed under `STRICT` and in the JSON Schema."""

    literal: Any
    """A `Literal[...]` that lists the protocol's values."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        values = get_args(self.literal)

        def check(value: str, info: ValidationInfo) -> str:
            if value in values or not _asks(info, "closed_enumerations"):
                return value
            raise PydanticCustomError(
                "unknown_value", "Input should be one of {expected}", {"expected": ", ".join(values)}
            )

        return core_schema.with_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "enum": list(get_args(self.literal))}


_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
# Nowhere more digits than a `timedelta` holds in that unit.
_N8, _N10, _N12, _N18 = (rf"[0-9]{{1,{digits}}}(\.[0-9]+)?" for digits in (8, 10, 12, 18))
_DAYS = rf"({_N8}W({_N8}D)?|{_N8}D)"
_HOURS = rf"({_N8}H({_N10}M)?({_N12}S)?|{_N10}M({_N12}S)?|{_N12}S)"
_ONE_UNIT = rf"{_N12}( *(ms|s|min|m))?|{_N18} *us|{_N10} *h|{_N8} *(d|w)"
# Without look-ahead, which the JSON Schema's readers in other languages may not have.
DURATION: Final = rf"^({_ONE_UNIT}|P{_DAYS}(T{_HOURS})?|PT{_HOURS})$"
"""Pattern of a duration's spelling."""
_LONGEST = timedelta.max // timedelta(seconds=1)


def _asks(info: ValidationInfo, what: str) -> bool:
    context = info.context
    return context is not None and bool(context.get(what))


def _check_id(value: str, info: ValidationInfo) -> str:
    # Reading passes here for every id, so its case comes first and calls nothing.
    if info.context is None:
        return value
    if _asks(info, "formats") and not _UUID.fullmatch(value):
        raise PydanticCustomError("uuid", "Input should be a UUID in lower case")
    if _asks(info, "plain_ids") and not is_plain(value):
        raise PydanticCustomError("plain_id", "an id has 1 to 255 characters, all of them printable")
    return value


def _as_whole(value: object) -> object:
    # JSON knows one kind of number: 5.0 is 5, and some writers know no other spelling.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _read_time(value: object, info: ValidationInfo) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and (not _asks(info, "formats") or _RFC3339.fullmatch(value)):
        try:
            return parse_time(value)
        except (ValueError, OverflowError):
            pass
    raise PydanticCustomError(
        "rfc3339_time", "Input should be an RFC 3339 time, as a string such as 2026-01-02T03:04:05.678Z"
    )


def _read_duration(value: object, info: ValidationInfo) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str) and _asks(info, "formats") and not re.fullmatch(DURATION, value):
        raise PydanticCustomError("duration", "Input should be a duration such as 150ms, 8h or PT1.5S")
    try:
        return parse_duration(value)  # type: ignore[arg-type]  # anything else is refused in there
    except ValueError as error:
        raise PydanticCustomError("duration", "{reason}", {"reason": str(error)}) from None


Id = Annotated[
    str,
    Field(min_length=1),
    AfterValidator(_check_id),
    WithJsonSchema({"type": "string", "format": "uuid"}),
]
"""Identifier. Read as any text that is not empty; strict validation asks for a lower-case UUID."""

WHOLE: Final = BeforeValidator(_as_whole)
"""Marks a number as an integer in JSON Schema's sense: without a fraction, however it is spelt."""

Version = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+(\.[0-9]+)?(-[0-9A-Za-z.-]+)?$")]
"""Version `x.y` or `x.y.z`, with an optional pre-release."""

_TIME: Any = (
    PlainValidator(_read_time),
    PlainSerializer(format_time, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
)
_DURATION_RULES: Any = (
    PlainValidator(_read_duration),
    PlainSerializer(format_duration, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": DURATION},
                {"type": "number", "minimum": 0, "maximum": _LONGEST},
            ]
        }
    ),
)

Timestamp = Annotated[datetime, *_TIME]
"""Point in time; aware, UTC. A time read without an offset is taken as UTC."""

TimestampInput = Annotated[datetime | str, *_TIME]
"""Point in time as a caller may give it: a `datetime`, or its spelling."""

DurationField = Annotated[timedelta, *_DURATION_RULES]
"""Length of time; `150ms`, `8h`, `PT1.5S` or seconds on the wire, spelt again as it came."""

DurationInput = Annotated[timedelta | str | float, *_DURATION_RULES]
"""Length of time as a caller may give it: a `timedelta`, a spelling, or seconds."""
