"""What validation answers, in one shape for every kind of object. Spec: protocol §4; RFC §7.3.1."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Finding", "Level", "ValidationMetadata", "ValidationResult"]

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or that somebody should look at."""

    level: Level
    code: str
    """`V0xx` for an error, `W0xx` for a warning; a row of `RULES`."""
    rule: str
    """Name of the rule, such as `goals_not_empty`."""
    message: str
    """What was found, in one sentence."""
    path: str
    """Where, such as `plan.tasks[3].name`; it begins with the kind of object."""
    value: Any
    """What stands there, as JSON data, shortened and without secrets; None where nothing does."""
    suggestion: str
    """What a person can do about it."""

    def to_wire(self) -> dict[str, Any]:
        """The finding as JSON data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ValidationMetadata:
    """About the validation itself."""

    validation_time: float
    """Milliseconds."""
    rules_executed: int
    """Rules that had something to judge by, whatever they found."""
    validator_version: str
    schema_id: str | None
    """`$id` of the JSON Schema; None where the kind of object is unknown."""
    data_size: int | None
    """Bytes of the object as JSON; None where it has no JSON form."""

    def to_wire(self) -> dict[str, Any]:
        """The metadata as JSON data."""
        return {
            "validationTime": self.validation_time,
            "rulesExecuted": self.rules_executed,
            "validatorVersion": self.validator_version,
            "schemaId": self.schema_id,
            "dataSize": self.data_size,
        }


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """The verdict, and all that led to it."""

    valid: bool
    """Whether there are no errors; warnings do not count."""
    errors: tuple[Finding, ...]
    """By layer, and within a rule in the order of the object."""
    warnings: tuple[Finding, ...]
    metadata: ValidationMetadata

    def to_wire(self) -> dict[str, Any]:
        """The result as JSON data."""
        return {
            "valid": self.valid,
            "errors": [finding.to_wire() for finding in self.errors],
            "warnings": [finding.to_wire() for finding in self.warnings],
            "metadata": self.metadata.to_wire(),
        }
