"""Holding data to JSON Schemas that strangers wrote: no address is opened, and no pattern can take for ever.

Used by `extensions` for their input and output. The only module that knows jsonschema. Patterns are matched
by an engine whose time grows with the length of the text only, and which for that has neither look-around nor
back-references.

Spec: JSON Schema 2020-12; protocol §2.1 extensions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from pydantic_core import SchemaError as PatternError
from pydantic_core import SchemaValidator, core_schema
from pydantic_core import ValidationError as Mismatch

from mplp_mock_server._extra import MissingExtra

try:
    # None of these has types.
    from jsonschema import (  # type: ignore[import-untyped]
        Draft202012Validator,
        SchemaError,
        ValidationError,
    )
    from jsonschema.validators import extend  # type: ignore[import-untyped]
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
    from referencing.exceptions import Unresolvable
except ModuleNotFoundError as missing:
    raise MissingExtra(missing) from missing

__all__ = ["UnfitSchema", "check_schema", "mismatches"]

_MOST: Final = 50
"""Mismatches that are told."""

_UNSAFE: Final = ("patternProperties", "$dynamicRef")
"""Keywords that are not taken: the first would match patterns in the other engine, and nobody needs the
second."""

_DEEPEST: Final = 32


class UnfitSchema(Exception):
    """A schema cannot be used; the message says why."""


def check_schema(schema: Mapping[str, Any]) -> None:
    """Refuse what is no JSON Schema, or none that could be used safely.

    Raises:
        UnfitSchema: it is so.
    """
    try:
        Draft202012Validator.check_schema(schema)
        for keyword, value in _keywords(schema, _DEEPEST):
            _check_keyword(keyword, value)
    except SchemaError as error:
        raise UnfitSchema(f"{error.json_path}: {error.message}"[:500]) from None
    except PatternError as error:
        raise UnfitSchema(f"a pattern cannot be used here: {error}"[:500]) from None
    except RecursionError:
        raise UnfitSchema("nested too deeply") from None


def mismatches(schema: Mapping[str, Any], data: Any) -> Sequence[tuple[str, str]]:
    """Where `data` is not as `schema` says, and why; at most 50.

    Raises:
        UnfitSchema: the schema cannot be used.
    """
    # Its own registry, or jsonschema would open the address of a reference.
    validator = _Validator(schema, registry=REGISTRY)
    try:
        found = sorted(validator.iter_errors(data), key=lambda error: list(map(str, error.absolute_path)))
        return [(_path(error), error.message[:500]) for error in found[:_MOST]]
    except Unresolvable as error:
        raise UnfitSchema(f"the reference {error.ref!r} leads nowhere") from None
    except PatternError as error:
        raise UnfitSchema(f"a pattern cannot be used here: {error}"[:500]) from None
    except RecursionError:
        raise UnfitSchema("it refers to itself without an end") from None


def _keywords(schema: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Every member anywhere in a schema; some are no keywords, which does no harm."""
    if depth == 0:
        raise UnfitSchema(f"nested deeper than {_DEEPEST}")
    if isinstance(schema, Mapping):
        yield from schema.items()
    for item in schema.values() if isinstance(schema, Mapping) else schema:
        if isinstance(item, Mapping | list):
            yield from _keywords(item, depth - 1)


def _check_keyword(keyword: str, value: Any) -> None:
    if keyword in _UNSAFE and isinstance(value, Mapping | str):
        raise UnfitSchema(f"the keyword {keyword} is not supported")
    if keyword == "pattern" and isinstance(value, str):
        _matcher(value)


def _path(error: ValidationError) -> str:
    """Where it is, such as `items[0].name`; empty for the whole."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    return "".join(steps).removeprefix(".")


@cache
def _matcher(pattern: str) -> Callable[[str], bool]:
    validator = SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))

    def matches(text: str) -> bool:
        try:
            validator.validate_python(text)
        except Mismatch:
            return False
        return True

    return matches


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "string") and not _matcher(pattern)(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_Validator: Final[Any] = extend(Draft202012Validator, {"pattern": _pattern})
