"""`validate`: runs the rules over one object, layer by layer, and puts what they find into one result.

    data → measure → recognise → six layers of rules → result

A finding of the schema layer gives way to one of a named rule about the same place, which says more. Whatever
the data is, the answer is a result: nothing about the object raises.
Spec: protocol §4; RFC §7; Design, Validation Engine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NoReturn

from mplp_sdk.errors import InvalidFormat
from mplp_sdk.models import MPLPModel
from mplp_sdk.protocol.validation import (
    _business,
    _compatibility,
    _integrity,
    _performance,
    _security,
)
from mplp_sdk.protocol.validation._catalogue import BY_NAME, RULES, VALIDATOR_VERSION
from mplp_sdk.protocol.validation._dialects import KINDS, NAMES, Dialect, Identified, identify
from mplp_sdk.protocol.validation._facts import Facts
from mplp_sdk.protocol.validation._measure import DEEPEST, LARGEST, Measure, measure
from mplp_sdk.protocol.validation._result import Finding, ValidationMetadata, ValidationResult
from mplp_sdk.protocol.validation._schema_layer import SCHEMA_RULES, Form, check_schema, json_problems
from mplp_sdk.protocol.validation._secrets import mask, shown
from mplp_sdk.protocol.validation._subject import ContextView, Problem, Related, Subject, as_data, identified

__all__ = ["CHECKS", "validate"]

Data = Mapping[str, Any] | MPLPModel

Check = Callable[[Subject], Iterable[Problem] | None]

CHECKS: Final[Mapping[str, Check]] = {
    check.__name__: check
    for check in (
        _business.plan_matches_context,
        _business.resource_constraints_met,
        _business.deadline_feasible,
        _business.execution_authorized,
        _business.prerequisites_met,
        _integrity.goals_not_empty,
        _integrity.environment_platform_valid,
        _integrity.timestamp_valid,
        _integrity.steps_not_empty,
        _integrity.unique_step_ids,
        _integrity.all_dependencies_exist,
        _integrity.no_circular_dependencies,
        _security.user_authenticated,
        _security.user_authorized,
        _security.resource_accessible,
        _security.no_sensitive_data_exposure,
        _security.data_encryption_valid,
        _performance.resource_usage_high,
        _performance.message_size_high,
        _compatibility.protocol_version_supported,
        _compatibility.version_portable,
        _compatibility.member_spelling,
        _compatibility.references_resolve,
    )
}
"""The rules beyond the schema, by name. A check answers what breaks its rule; None where it cannot judge."""

_MOST_FINDINGS: Final = 100
# Above this many bytes of JSON, a list that is wrong throughout is told by its first wrong item.
_MANY_BYTES: Final = 1024 * 1024

_FIRST_RULES: Final = ("kind_recognised", "json_data", "depth_within_limit", "size_within_limit")
"""What every validation asks, whatever the data."""
_NO_FACTS: Final = Facts()
_ALONE: Final = Related()


def validate(
    obj: Data | object,
    *,
    kind: str | None = None,
    dialect: str | None = None,
    context: Data | None = None,
    related: Iterable[Data] | Related = (),
    facts: Facts = _NO_FACTS,
) -> ValidationResult:
    """Hold one object to the protocol, by the letter. Offline; what is wrong with the object never raises.

    Args:
        obj: the object, as JSON data or as a model.
        kind: `context`, `plan`, `confirmation`, `trace`, `role`, `extension` or `execution`; None: by its
            members.
        dialect: `canonical`, `rfc`, `draft`, `context-message` or `frozen`; None: by its members. Objects of
            `draft` and `context-message` are validated as the canonical ones they stand for, whose paths
            findings then have.
        context: the context that a plan belongs to.
        related: other objects that this one may refer to: a plan's context and confirmations, an execution's
            plan, a span's parent. Without them references are not followed.
        facts: who asks, what for, and what is at hand.

    Returns:
        All findings, at most 100 a rule; a last one tells how many more there are.

    Raises:
        ValueError: `kind` or `dialect` is none of these.

    Spec: protocol §4; RFC §7.
    """
    _refuse_unknown("kind", kind, KINDS)
    _refuse_unknown("dialect", dialect, NAMES)
    started = time.perf_counter()
    run = _Run()
    known = related if isinstance(related, Related) else Related(related) if related else _ALONE
    try:
        data, seen = run.measure(obj, kind or "object")
        found = run.identify(data, kind, dialect)
        form = run.check_form(*found, seen)
        run.check_rules(
            Subject(
                *found,
                text=seen.text if found.obj is data else None,
                size=seen.size,
                unreadable_times=form.unreadable_times,
                facts=facts,
                related=known,
                given_context=_context_view(context),
            )
        )
    except _Hopeless:
        pass
    return run.result(started)


def _refuse_unknown(what: str, name: str | None, known: Iterable[str]) -> None:
    if name is not None and name not in known:
        raise ValueError(f"{what} is {name!r}; there are {', '.join(known)}")


def _context_view(context: Data | None) -> ContextView | None:
    found = identified(context, kind="context")
    return ContextView(found.obj, found.dialect) if found else None


class _Hopeless(Exception):
    """Nothing more can be said of the data than was found already."""


class _Run:
    """One validation: what has been found so far."""

    def __init__(self) -> None:
        self._problems: dict[str, list[Problem]] = {}
        self._executed = len(_FIRST_RULES)
        self._size: int | None = None
        self._schema_id: str | None = None

    def measure(self, obj: object, root: str) -> tuple[dict[str, Any], Measure]:
        """The object as data, if it is one and within the limits."""
        try:
            data = as_data(obj)
        except (ValueError, RecursionError) as error:
            self._give_up("json_data", _no_json_form(root, error))
        seen = measure(data)
        self._size = seen.size
        if seen.too_deep:
            self._give_up("depth_within_limit", _too_deep(root))
        if seen.too_large:
            self._give_up("size_within_limit", _too_large(root, seen.size))
        if not isinstance(data, dict):
            self._give_up("kind_recognised", _no_object(root, data))
        if not all(isinstance(name, str) for name in data):
            self._problems["json_data"] = json_problems(root, data)
            raise _Hopeless
        return data, seen

    def identify(self, data: dict[str, Any], kind: str | None, dialect: str | None) -> Identified:
        """What the object is, if that can be told."""
        root = kind or "object"
        try:
            found = identify(data, kind, dialect)
        except InvalidFormat as error:
            self._give_up("kind_recognised", _untranslatable(root, data, error))
        if found is None:
            self._give_up("kind_recognised", _unknown_kind(root, data, kind, dialect))
        return found

    def check_form(self, kind: str, dialect: Dialect, data: dict[str, Any], seen: Measure) -> Form:
        """The schema layer."""
        self._schema_id = dialect.schemas[kind].get("$id")
        self._executed += len(SCHEMA_RULES)
        if seen.suspicious:
            self._problems["json_data"] = json_problems(kind, data)
        form = check_schema(kind, dialect, data, large=seen.size is None or seen.size > _MANY_BYTES)
        self._problems |= form.problems
        return form

    def check_rules(self, subject: Subject) -> None:
        """The layers after it."""
        named = {problem.path for problem in self._problems.get("json_data", ())}
        for name, check in CHECKS.items():
            problems = check(subject)
            if problems is None:
                continue
            self._executed += 1
            if listed := [*problems]:
                self._problems[name] = listed
                named |= {problem.path for problem in listed if BY_NAME[name].level == "error"}
        for name in SCHEMA_RULES if named else ():
            kept = [problem for problem in self._problems.get(name, ()) if problem.path not in named]
            self._problems[name] = kept

    def result(self, started: float) -> ValidationResult:
        """The verdict; `started` is when the validation began, by `perf_counter`."""
        findings = [
            finding
            for rule in RULES
            if (problems := self._problems.get(rule.name))
            for finding in _findings(rule.name, problems)
        ]
        errors = tuple(finding for finding in findings if finding.level == "error")
        return ValidationResult(
            valid=not errors,
            errors=errors,
            warnings=tuple(finding for finding in findings if finding.level == "warning"),
            metadata=ValidationMetadata(
                validation_time=round((time.perf_counter() - started) * 1000, 3),
                rules_executed=self._executed,
                validator_version=VALIDATOR_VERSION,
                schema_id=self._schema_id,
                data_size=self._size,
            ),
        )

    def _give_up(self, rule: str, problem: Problem) -> NoReturn:
        self._problems[rule] = [problem]
        raise _Hopeless


def _findings(name: str, problems: list[Problem]) -> Iterable[Finding]:
    rule = BY_NAME[name]
    shown_ones = problems[:_MOST_FINDINGS]
    if more := len(problems) - len(shown_ones):
        root = problems[0].path.split(".")[0].split("[")[0]
        shown_ones.append(
            Problem(
                root, more, f"{more:,} more findings of this rule are not listed.", "Correct these first."
            )
        )
    for path, value, message, suggestion in shown_ones:
        under = path.rpartition(".")[2].partition("[")[0]
        yield Finding(
            rule.level, rule.code, name, mask(message), mask(path), shown(value, under), mask(suggestion)
        )


# --- What is wrong with data that is no object of the protocol ----------------------------------------


def _no_json_form(root: str, error: Exception) -> Problem:
    return Problem(
        root, None, f"The object has no JSON form: {error}.", "Put only values in that JSON can carry."
    )


def _too_deep(root: str) -> Problem:
    return Problem(
        root,
        None,
        f"The data is nested more than {DEEPEST} deep, or contains itself.",
        "Flatten it, or store the deep part as text or elsewhere.",
    )


def _too_large(root: str, size: int | None) -> Problem:
    return Problem(
        root,
        size,
        f"The object is larger than {LARGEST // 1024**2} MiB as JSON, so no server takes it.",
        "Store large values elsewhere and refer to them.",
    )


def _untranslatable(root: str, data: object, error: InvalidFormat) -> Problem:
    return Problem(
        root,
        data,
        f"The object cannot be read in its dialect: {error}.",
        "Correct it, or name another dialect.",
    )


def _no_object(root: str, data: object) -> Problem:
    return Problem(root, data, "The data is no JSON object.", "Pass one object of the protocol.")


def _unknown_kind(root: str, data: object, kind: str | None, dialect: str | None) -> Problem:
    if kind is not None and dialect is not None:
        return Problem(root, data, f"The {dialect} dialect has no {kind}.", "Choose another kind or dialect.")
    return Problem(
        root,
        data,
        "The members do not tell what kind of object this is.",
        f"Say so with kind, one of {', '.join(KINDS)}, or add the members that the kind requires.",
    )
