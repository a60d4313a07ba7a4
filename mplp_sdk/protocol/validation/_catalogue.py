"""Every rule of validation as data: its code, its name, its layer and what it holds objects to.

The engine runs them in this order, and documentation prints them. Where the protocol gives a name, it is
that one; the rest are ours [ext]. Codes are stable: one that goes out of use is not given away again.
Spec: protocol §4; RFC §7.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from mplp_sdk.protocol.validation._result import Level

__all__ = ["BY_NAME", "LAYERS", "RULES", "VALIDATOR_VERSION", "Layer", "Rule"]

VALIDATOR_VERSION: Final = "1.0.0"
"""Version of the rules; the first number changes when an object that was valid no longer is."""

Layer = Literal["schema", "business", "integrity", "security", "performance", "compatibility"]

LAYERS: Final[tuple[Layer, ...]] = (
    "schema",
    "business",
    "integrity",
    "security",
    "performance",
    "compatibility",
)
"""In the order in which they run."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table."""

    code: str
    name: str
    layer: Layer
    holds: str
    """What is so in every object that keeps the rule, and which objects it is about."""

    @property
    def level(self) -> Level:
        """Whether breaking it makes an object invalid."""
        return "error" if self.code.startswith("V") else "warning"


# A table to be read from top to bottom: two lines an entry.
# fmt: off
RULES: Final[tuple[Rule, ...]] = (
    Rule("V020", "kind_recognised", "schema",
        "The data is an object, and of a kind that is known."),
    Rule("V021", "json_data", "schema",
        "Every value is one that JSON can carry: no NaN, no infinity, no Python object."),
    Rule("V022", "depth_within_limit", "schema",
        "The data is nested at most 64 deep."),
    Rule("V023", "member_present", "schema",
        "Every required member is there."),
    Rule("V024", "type_correct", "schema",
        "Every member has its JSON type; one that is optional is absent, not null."),
    Rule("V025", "value_allowed", "schema",
        "A member of an enumeration has one of its values."),
    Rule("V026", "format_correct", "schema",
        "Ids, times, durations and versions are spelt as the schema says."),
    Rule("V027", "range_kept", "schema",
        "Numbers and lengths are within their limits."),
    Rule("V028", "member_known", "schema",
        "An object of a closed schema has no member besides those it names."),
    Rule("V008", "plan_matches_context", "business",
        "A plan names the context that it is validated with."),
    Rule("V009", "resource_constraints_met", "business",
        "No task asks for more than the context's environment has."),
    Rule("V010", "deadline_feasible", "business",
        "From its start, a plan's tasks fit before the deadlines it is under."),
    Rule("V011", "execution_authorized", "business",
        "A plan to be executed is approved, and so is every confirmation of it."),
    Rule("V012", "prerequisites_met", "business",
        "What must be there before an execution is, and what a task waits for is done."),
    Rule("V001", "goals_not_empty", "integrity",
        "A context that declares goals has one; in the rfc dialect all must."),
    Rule("V003", "environment_platform_valid", "integrity",
        "A context that declares an environment names its platform; in the rfc dialect all must."),
    Rule("V004", "timestamp_valid", "integrity",
        "Times can be read, lie after 1970, and nothing ends before it starts."),
    Rule("V005", "steps_not_empty", "integrity",
        "A plan has a task."),
    Rule("V007", "unique_step_ids", "integrity",
        "No two tasks of a plan have the same id."),
    Rule("V006", "all_dependencies_exist", "integrity",
        "What a task of a plan waits for or is part of is a task of the plan."),
    Rule("V002", "no_circular_dependencies", "integrity",
        "No task of a plan waits for itself or is part of itself, however far around."),
    Rule("V013", "user_authenticated", "security",
        "The user is authenticated."),
    Rule("V014", "user_authorized", "security",
        "A permission of the user allows the action on the resource."),
    Rule("V015", "resource_accessible", "security",
        "What is to be used can be reached."),
    Rule("V016", "no_sensitive_data_exposure", "security",
        "No password, key or token stands in the data unencrypted."),
    Rule("V017", "data_encryption_valid", "security",
        "Encrypted values name a known algorithm and carry a nonce and a ciphertext."),
    Rule("V029", "size_within_limit", "performance",
        "As JSON the object fits into one request, 8 MiB."),
    Rule("W001", "resource_usage_high", "performance",
        "Nothing uses nine tenths or more of what there is."),
    Rule("W002", "message_size_high", "performance",
        "As JSON the object fits into one WebSocket message, 1 MiB."),
    Rule("V030", "protocol_version_supported", "compatibility",
        "A protocol version that the object declares is 1.x."),
    Rule("W003", "version_portable", "compatibility",
        "Versions have three numbers, which every dialect can carry."),
    Rule("W004", "member_spelling", "compatibility",
        "Members are spelt as the dialect spells them."),
    Rule("W005", "references_resolve", "compatibility",
        "What the object refers to is among the related objects, if any of its kind are."),
)
# fmt: on

BY_NAME: Final[Mapping[str, Rule]] = {rule.name: rule for rule in RULES}
