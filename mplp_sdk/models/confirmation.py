"""Confirmation: who was asked, and who decided what. Spec: protocol §3; Design, Confirm schema."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Required

from pydantic import Field, with_config
from typing_extensions import TypedDict

from mplp_sdk.models._base import CLOSED, Id, JsonObject, MPLPModel, OneOf, Timestamp, TimestampInput

__all__ = [
    "Approver",
    "ApproverCreate",
    "ApproverType",
    "Confirmation",
    "ConfirmationCreate",
    "ConfirmationResult",
    "ConfirmationStatus",
    "ConfirmationType",
    "Criteria",
    "CriteriaCreate",
    "Decision",
    "Requester",
    "RequesterCreate",
    "RiskAssessment",
    "RiskAssessmentCreate",
    "RiskLevel",
    "Target",
    "TargetCreate",
    "TargetType",
    "Verdict",
]

TargetType = Literal["task", "plan", "resource", "decision"]
ConfirmationType = Literal["approval", "validation", "verification", "authorization"]
ApproverType = Literal["agent", "human", "system"]
ConfirmationStatus = Literal["pending", "approved", "rejected", "expired"]
Verdict = Literal["approved", "rejected"]
RiskLevel = Literal["low", "medium", "high", "critical"]


class Target(MPLPModel):
    """What is to be confirmed."""

    type: Annotated[str, OneOf(TargetType)]
    id: Id
    description: str | None = None


class Criteria(MPLPModel):
    """What the approvers go by."""

    rules: list[Any] = Field(default_factory=list)
    thresholds: JsonObject = Field(default_factory=dict)
    requirements: list[Any] = Field(default_factory=list)


class Approver(MPLPModel):
    """Somebody who is asked."""

    id: Id
    type: Annotated[str, OneOf(ApproverType)]
    role: str | None = None
    required: bool | None = None
    """Whether nothing is approved without this one. Where nobody is required, any one suffices."""


class Decision(MPLPModel):
    """What one approver said."""

    approver_id: str | None = None
    decision: Annotated[str, OneOf(Verdict)] | None = None
    comments: list[Any] = Field(default_factory=list)
    timestamp: Timestamp | None = None
    signature: str | None = None


class ConfirmationResult(MPLPModel):
    """How it stands, and every decision so far."""

    status: Annotated[str, OneOf(ConfirmationStatus)] | None = None
    decisions: list[Decision] = Field(default_factory=list)
    comments: list[Any] = Field(default_factory=list)
    timestamp: Timestamp | None = None
    """When it was decided."""
    signature: str | None = None


class Requester(MPLPModel):
    """Who asked."""

    user_id: str | None = None
    role: str | None = None


class RiskAssessment(MPLPModel):
    """How dangerous an approval would be."""

    level: Annotated[str, OneOf(RiskLevel)] | None = None
    factors: list[Any] = Field(default_factory=list)


class Confirmation(MPLPModel):
    """A question to approvers, and its answer."""

    id: Id
    target: Target
    type: Annotated[str, OneOf(ConfirmationType)]
    criteria: Criteria
    approvers: list[Approver] = Field(default_factory=list)
    result: ConfirmationResult | None = None
    context_id: Id | None = None
    plan_id: Id | None = None
    requester: Requester | None = None
    risk_assessment: RiskAssessment | None = None
    expires_at: Timestamp | None = None
    metadata: JsonObject | None = None


@with_config(CLOSED)
class ApproverCreate(TypedDict, total=False):
    """Somebody to ask; the server gives the `id` where there is none."""

    id: Id
    type: Required[ApproverType]
    role: str
    required: bool


@with_config(CLOSED)
class TargetCreate(TypedDict, total=False):
    """What is to be confirmed."""

    type: Required[TargetType]
    id: Required[Id]
    description: str


@with_config(CLOSED)
class CriteriaCreate(TypedDict, total=False):
    """What the approvers are to go by."""

    rules: list[Any]
    thresholds: JsonObject
    requirements: list[Any]


@with_config(CLOSED)
class RequesterCreate(TypedDict, total=False):
    """Who asks."""

    user_id: str
    role: str


@with_config(CLOSED)
class RiskAssessmentCreate(TypedDict, total=False):
    """How dangerous an approval would be."""

    level: RiskLevel
    factors: list[Any]


@with_config(CLOSED)
class ConfirmationCreate(TypedDict, total=False):
    """What a caller sends to ask for a confirmation."""

    id: Id
    """The caller's own id makes the call idempotent."""
    target: Required[TargetCreate]
    type: Required[ConfirmationType]
    criteria: CriteriaCreate
    """Default: no rules, thresholds or requirements."""
    approvers: list[ApproverCreate]
    context_id: Id
    plan_id: Id
    requester: RequesterCreate
    risk_assessment: RiskAssessmentCreate
    expires_at: TimestampInput
    metadata: JsonObject
