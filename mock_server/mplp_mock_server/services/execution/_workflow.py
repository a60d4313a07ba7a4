"""How a plan asks to be carried out: its `workflow`, read for the scheduler.

    execution_strategy  sequential (default) | parallel | conditional (parallel, and edges have conditions)
    error_handling      retry_count (0), retry_delay (0), on_error stop (default) | continue
    rollback_strategy   checkpoint_enabled (false), to failed_task (default) | start

Spec: protocol §2.1 plans, §3 Plan; the members of the last two are [ext].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mplp_mock_server.services._validation import invalid
from mplp_mock_server.services.execution._scheduler import Rules
from mplp_sdk.errors import InvalidFormat, SchemaValidationFailed, ValidationFailed, ValueOutOfRange
from mplp_sdk.protocol.times import parse_duration

__all__ = ["Workflow", "read_workflow"]

_MOST_AT_ONCE: Final = 64
"""Handlers of one plan that run at the same time."""

_MOST_RETRIES: Final = 1000
_CONDITIONS: Final = ("success", "failure", "always")


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """How one plan is carried out."""

    rules: Rules
    retry_delay: float
    """Seconds between a failed attempt and the next."""
    checkpoints: bool
    """Whether the shared state is kept before each task, and goes back when the plan fails."""
    back_to_start: bool
    """Whether it goes back to the state before the first task; else, before the first one that failed."""


def read_workflow(plan: Mapping[str, Any]) -> Workflow:
    """The workflow of a plan that was validated.

    Raises:
        InvalidRequest: it asks for something that there is not.
    """
    workflow = plan.get("workflow") or {}
    strategy = workflow.get("execution_strategy") or "sequential"
    errors = _Members(workflow, "error_handling")
    rollback = _Members(workflow, "rollback_strategy")
    if strategy == "conditional":
        _check_conditions(plan)
    return Workflow(
        rules=Rules(
            at_once=1 if strategy == "sequential" else _MOST_AT_ONCE,
            conditional=strategy == "conditional",
            retries=errors.count("retry_count"),
            stop_on_error=errors.choice("on_error", ("stop", "continue")) == "stop",
        ),
        retry_delay=errors.seconds("retry_delay"),
        checkpoints=rollback.flag("checkpoint_enabled"),
        back_to_start=rollback.choice("to", ("failed_task", "start")) == "start",
    )


class _Members:
    """One member of the workflow, which is an object that the schema leaves open."""

    def __init__(self, workflow: Mapping[str, Any], name: str) -> None:
        self._path = f"workflow.{name}"
        self._given: Mapping[str, Any] = workflow.get(name) or {}

    def count(self, name: str) -> int:
        value = self._given.get(name, 0)
        if not isinstance(value, int) or isinstance(value, bool):
            raise invalid(SchemaValidationFailed, f"{self._path}.{name}", "Input should be a whole number")
        if not 0 <= value <= _MOST_RETRIES:
            raise invalid(ValueOutOfRange, f"{self._path}.{name}", f"should be 0 to {_MOST_RETRIES}")
        return value

    def seconds(self, name: str) -> float:
        try:
            return parse_duration(self._given.get(name, 0)).total_seconds()
        except ValueError as error:
            raise invalid(InvalidFormat, f"{self._path}.{name}", str(error)) from None

    def flag(self, name: str) -> bool:
        value = self._given.get(name, False)
        if not isinstance(value, bool):
            raise invalid(SchemaValidationFailed, f"{self._path}.{name}", "Input should be true or false")
        return value

    def choice(self, name: str, known: tuple[str, ...]) -> str:
        value = self._given.get(name, known[0])
        if value not in known:
            reason = f"Input should be one of {', '.join(known)}"
            raise invalid(ValidationFailed, f"{self._path}.{name}", reason)
        return str(value)


def _check_conditions(plan: Mapping[str, Any]) -> None:
    for index, edge in enumerate(plan.get("dependencies") or ()):
        if edge.get("condition", "success") not in _CONDITIONS:
            reason = f"Input should be one of {', '.join(_CONDITIONS)}"
            raise invalid(ValidationFailed, f"dependencies[{index}].condition", reason)
