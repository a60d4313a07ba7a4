"""JSON Schemas as validators that run in pydantic's Rust core. The schema layer is built on it.

The published schema of an object is what it is validated by, so the two cannot come apart. Of JSON Schema
this knows the keywords that the protocol's schemas use; any other is refused when the schema is compiled, not
passed over. Formats are asserted, and JSON types taken to the letter: `true` is no number, `"1"` neither.

Spec: protocol §1.4, §1.5, §4; RFC §6.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from pydantic_core import PydanticCustomError, SchemaValidator, core_schema, to_json

__all__ = ["compile_schema", "definitions_of", "resolve"]

Rules = Mapping[str, Any]
Core = core_schema.CoreSchema
Choice = Core | tuple[Core, str]

_ANNOTATIONS: Final = frozenset(
    {"$schema", "$id", "$defs", "definitions", "title", "description", "default", "examples"}
)
_UUID: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
# The calendar is in the pattern, leap years too: half as dear as reading each time, and with the same answer.
_DAY: Final = (
    r"(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    r"|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"
)
_TIME: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_RFC3339: Final = rf"^{_DAY}[Tt]{_TIME}:[0-5][0-9](?:\.[0-9]+)?(?:[Zz]|[+-]{_TIME})$"


def compile_schema(schema: Rules, *, first_error_only: bool = False) -> SchemaValidator:
    """A validator of Python data by `schema`.

    Args:
        schema: JSON Schema of an object.
        first_error_only: stop at the first wrong item of each list, for data with very many.

    Raises:
        ValueError: the schema has a keyword or a format that is not known here.
    """
    compiler = _Compiler(fail_fast=first_error_only)
    definitions = [compiler.define(name, rules) for name, rules in definitions_of(schema).items()]
    root = compiler.compile(schema)
    return SchemaValidator(core_schema.definitions_schema(root, definitions) if definitions else root)


def definitions_of(schema: Rules) -> Rules:
    """The schemas inside `schema` that others refer to, by name."""
    found: Rules = schema.get("$defs") or schema.get("definitions") or {}
    return found


def resolve(schema: Rules, rules: Rules) -> Rules:
    """`rules`, a part of `schema`, or what they refer to there."""
    if "$ref" not in rules:
        return rules
    found: Rules = definitions_of(schema)[rules["$ref"].rpartition("/")[2]]
    return found


class _Compiler:
    """Turns one schema, and those inside it, into the core's."""

    def __init__(self, *, fail_fast: bool) -> None:
        self._fail_fast = fail_fast
        self._types: dict[str, Callable[[Rules], Core]] = {
            "object": self._object,
            "array": self._array,
            "string": _string,
            "number": _number,
            "integer": _integer,
            "boolean": lambda rules: _checked(rules, core_schema.bool_schema(strict=True), "type"),
        }

    def define(self, name: str, rules: Rules) -> Core:
        """`rules`, as what others refer to by `name`."""
        core = dict(self.compile(rules)) | {"ref": name}
        return cast(Core, core)

    def compile(self, rules: Rules) -> Core:
        if "$ref" in rules:
            return core_schema.definition_reference_schema(rules["$ref"].rpartition("/")[2])
        if "const" in rules:
            return _checked(rules, core_schema.literal_schema([rules["const"]]), "type", "const")
        if "enum" in rules:
            return _checked(rules, core_schema.literal_schema(rules["enum"]), "type", "enum")
        if "anyOf" in rules:
            return _checked(rules, self._any_of(rules["anyOf"]), "anyOf")
        if "type" in rules:
            return self._types[rules["type"]](rules)
        return _checked(rules, core_schema.any_schema())

    def _object(self, rules: Rules) -> Core:
        extra = rules.get("additionalProperties", True)
        if not isinstance(extra, bool):
            raise ValueError(f"additionalProperties is {extra!r}; only true and false are known")
        if "properties" not in rules and extra:
            # What is free-form is neither walked nor copied.
            return _checked(rules, _instance(dict, "no_object"), "type", "additionalProperties")
        required = rules.get("required", ())
        fields = {
            name: core_schema.typed_dict_field(self.compile(member), required=name in required)
            for name, member in rules.get("properties", {}).items()
        }
        return _checked(
            rules,
            core_schema.typed_dict_schema(
                fields, strict=True, extra_behavior="ignore" if extra else "forbid"
            ),
            *("type", "properties", "required", "additionalProperties"),
        )

    def _array(self, rules: Rules) -> Core:
        items, shortest = rules.get("items") or {}, rules.get("minItems")
        core: Core = _instance(list, "no_array")
        if items or shortest:
            core = core_schema.list_schema(
                self.compile(items), min_length=shortest, strict=True, fail_fast=self._fail_fast
            )
        if rules.get("uniqueItems"):
            core = core_schema.no_info_after_validator_function(_without_repeats, core)
        return _checked(rules, core, "type", "items", "minItems", "uniqueItems")

    def _any_of(self, choices: list[Rules]) -> Core:
        # One error for the whole, at the member itself: which of the choices was meant is anybody's guess.
        return core_schema.union_schema(
            list[Choice](self.compile(choice) for choice in choices),
            mode="left_to_right",
            custom_error_type="no_choice_fits",
            custom_error_message="Input should be {what}",
            custom_error_context={"what": " or ".join(map(_describe, choices))},
        )


def _checked(rules: Rules, core: Core, *known: str) -> Core:
    """`core`, once it is certain that nothing in `rules` went unread."""
    if unknown := rules.keys() - _ANNOTATIONS - set(known):
        raise ValueError(f"the keywords {sorted(unknown)} are not known here")
    return core


def _without_repeats(items: list[Any]) -> list[Any]:
    # As JSON values, since a list may hold what Python cannot hash, and takes True for 1.
    if len({to_json(item) for item in items}) < len(items):
        raise PydanticCustomError("not_unique", "An item stands here twice")
    return items


def _instance(kind: type, error: str) -> Core:
    message = f"Input should be {'an object' if kind is dict else 'an array'}"
    return _says(core_schema.is_instance_schema(kind), error, message)


def _says(core: Core, error: str, message: str) -> Core:
    return core_schema.custom_error_schema(core, error, custom_error_message=message)


def _string(rules: Rules) -> Core:
    core = _checked(
        rules,
        core_schema.str_schema(
            pattern=rules.get("pattern"),
            min_length=rules.get("minLength"),
            max_length=rules.get("maxLength"),
            strict=True,
        ),
        *("type", "pattern", "minLength", "maxLength", "format"),
    )
    if "format" not in rules:
        return core
    if rules["format"] not in _FORMATS:
        raise ValueError(f"the format {rules['format']!r} is not known here")
    asserted = _FORMATS[rules["format"]]
    return core_schema.chain_schema([core, asserted]) if "pattern" in rules else asserted


def _number(rules: Rules) -> Core:
    return _checked(
        rules,
        core_schema.float_schema(
            ge=rules.get("minimum"), le=rules.get("maximum"), allow_inf_nan=False, strict=True
        ),
        *("type", "minimum", "maximum"),
    )


def _integer(rules: Rules) -> Core:
    low, high = rules.get("minimum"), rules.get("maximum")
    # To JSON 5.0 is the whole number 5.
    choices: list[Choice] = [
        core_schema.int_schema(ge=low, le=high, strict=True),
        core_schema.float_schema(ge=low, le=high, multiple_of=1, allow_inf_nan=False, strict=True),
    ]
    limits = [f"{word} {limit}" for word, limit in (("from", low), ("to", high)) if limit is not None]
    core = core_schema.union_schema(
        choices,
        mode="left_to_right",
        custom_error_type="whole_number",
        custom_error_message="Input should be a whole number{limits}",
        custom_error_context={"limits": " ".join(["", *limits])},
    )
    return _checked(rules, core, "type", "minimum", "maximum")


def _describe(rules: Rules) -> str:
    if "pattern" in rules:
        return f"text of the form {rules['pattern']}"
    return {"number": "a number", "string": "text"}.get(rules.get("type", ""), "another form")


_FORMATS: Final[Mapping[str, Core]] = {
    "uuid": _says(
        core_schema.str_schema(pattern=_UUID, strict=True), "uuid", "Input should be a UUID in lower case"
    ),
    "date-time": _says(
        core_schema.str_schema(pattern=_RFC3339, strict=True),
        "rfc3339_time",
        "Input should be an RFC 3339 time such as 2026-01-02T03:04:05.678Z",
    ),
}
"""What each format of JSON Schema stands for."""
