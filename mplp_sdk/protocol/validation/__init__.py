"""Validation of the protocol's objects, offline: six layers, named rules, findings that say what to do.

    result = validate({"id": …, "name": "Report", "tasks": […]})
    for finding in result.errors:
        print(finding.path, finding.message, finding.suggestion)

`RULES` is the table of all rules with their codes. Spec: protocol §4; RFC §7; Design, Validation Engine.
"""

from mplp_sdk.protocol.validation._catalogue import LAYERS, RULES, VALIDATOR_VERSION, Layer, Rule
from mplp_sdk.protocol.validation._engine import validate
from mplp_sdk.protocol.validation._facts import Facts
from mplp_sdk.protocol.validation._result import Finding, Level, ValidationMetadata, ValidationResult
from mplp_sdk.protocol.validation._subject import Related

__all__ = [
    "LAYERS",
    "RULES",
    "VALIDATOR_VERSION",
    "Facts",
    "Finding",
    "Layer",
    "Level",
    "Related",
    "Rule",
    "ValidationMetadata",
    "ValidationResult",
    "validate",
]
