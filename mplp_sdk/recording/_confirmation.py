"""Confirmations: who was asked, and what they said, perhaps much later and in another process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mplp_sdk.protocol.ids import agent_id, derived_id
from mplp_sdk.recording._core import Core, never_raises

if TYPE_CHECKING:
    from mplp_sdk.models.confirmation import ConfirmationType, TargetType, Verdict

__all__ = ["OpenConfirmation"]

_TYPES = frozenset({"approval", "validation", "verification", "authorization"})
_OUTCOMES = frozenset({"approved", "rejected", "expired"})
_TARGETS = frozenset({"task", "plan", "resource", "decision"})


class OpenConfirmation:
    """One question to approvers. Made by `Run.request_confirmation`; found again by context and key."""

    def __init__(self, core: Core, context_id: str, key: str) -> None:
        self._core = core
        self.context_id = context_id
        self.key = key
        self.confirmation_id = derived_id("confirmation", context_id, key)
        """UUID, the same in every process for this context and key."""
        self.pending = True
        """Whether nobody has decided yet."""
        self._record: dict[str, Any] = {}
        self._metadata: dict[str, Any] = {}
        self._created_at = core.next_time()

    @never_raises
    def begin(
        self,
        *,
        description: object,
        type: ConfirmationType,  # noqa: A002 - the protocol's name
        target_type: TargetType,
        target_id: str,
        approvers: Sequence[str | Mapping[str, object]],
        requester: object,
        details: object,
        plan_id: str | None,
        tags: Mapping[str, str],
    ) -> None:
        """Write the question. Called once, by the run."""
        clean = self._core.clean
        self._record = {
            "id": self.confirmation_id,
            "context_id": self.context_id,
            "type": type if type in _TYPES else "approval",
            "target": {
                "type": target_type if target_type in _TARGETS else "task",
                "id": target_id,
                "description": clean.text(description, 4000),
            },
            "criteria": {"rules": [], "thresholds": {}, "requirements": []},
            "approvers": [self._approver(approver) for approver in approvers],
        }
        if plan_id is not None:
            self._record["plan_id"] = plan_id
        if requester:
            self._record["requester"] = self._requester(requester)
        self._metadata = {"created_at": self._created_at, "key": clean.text(self.key), "tags": dict(tags)}
        if details is not None:
            self._metadata["details"] = clean.data(details)
        self._write({"status": "pending", "decisions": []})

    def decide(
        self,
        decision: Verdict,
        *,
        approver: str,
        comments: Sequence[str] = (),
        metadata: Mapping[str, object] | None = None,
    ) -> None:
        """Write the decision. The first one counts.

        Args:
            approver: name of the person, agent or policy that decided.
            metadata: what belongs to the decision, such as the edit that came with it.
        """
        self._finish(decision, approver, comments, metadata)

    def cancel(self) -> None:
        """Nobody will decide any more."""
        self._finish("expired", None, ("cancelled",), None)

    @never_raises
    def _finish(
        self,
        status: str,
        approver: str | None,
        comments: Sequence[str],
        metadata: Mapping[str, object] | None,
    ) -> None:
        if status not in _OUTCOMES:
            raise ValueError(f"{status!r} is no decision")
        with self._core.lock:
            if not self.pending:
                return
            self.pending = False
        clean, now = self._core.clean, self._core.next_time()
        said = [
            clean.text(comment, 4000) for comment in ([comments] if isinstance(comments, str) else comments)
        ]
        result: dict[str, Any] = {"status": status, "decisions": [], "timestamp": now}
        if approver is None:
            result["comments"] = said
        else:
            made: dict[str, Any] = {
                "approver_id": agent_id(clean.text(approver)),
                "approver": clean.text(approver),
                "decision": status,
                "comments": said,
                "timestamp": now,
            }
            if metadata:
                made["metadata"] = clean.mapping(metadata)
            result["decisions"] = [made]
        self._write(result)

    def _write(self, result: Mapping[str, Any]) -> None:
        metadata = {**self._metadata, "updated_at": self._core.next_time()}
        self._core.write("confirmation", {**self._record, "result": result, "metadata": metadata})

    def _approver(self, approver: str | Mapping[str, object]) -> dict[str, Any]:
        if isinstance(approver, str):
            name = self._core.clean.text(approver)
            return {"id": agent_id(name), "type": "human", "role": name, "required": True}
        data = self._core.clean.mapping(approver)
        name = data.get("name") or data.get("role") or "approver"
        return {"type": "human", "id": agent_id(str(name)), **data}

    def _requester(self, requester: object) -> dict[str, Any]:
        if isinstance(requester, str):
            name = self._core.clean.text(requester)
            return {"user_id": agent_id(name), "role": name}
        return self._core.clean.mapping(requester)
