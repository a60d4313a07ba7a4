"""Confirmations: who still has to answer, and what the answers add up to. Spec: protocol §3 Confirmation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from mplp_mock_server.clock import to_micros
from mplp_mock_server.services._collection import Collection, just_after
from mplp_mock_server.services._idempotency import Repeatable
from mplp_mock_server.services._objects import decode, object_row
from mplp_mock_server.services._validation import (
    JsonObject,
    check_id,
    invalid,
    optional_text,
    required_text,
    validate,
)
from mplp_mock_server.store import ObjectRow, Query, Reader, Writer
from mplp_sdk.errors import (
    Conflict,
    InsufficientPermissions,
    OperationNotAllowed,
    RequiredFieldMissing,
    SchemaValidationFailed,
    ValidationFailed,
)
from mplp_sdk.protocol.ids import new_id
from mplp_sdk.protocol.times import format_time, parse_time

__all__ = ["Confirmations", "outcome"]

_VERDICTS: Final = ("approved", "rejected")

_MOST_AT_ONCE: Final = 500
"""Confirmations that expire in one transaction."""


def outcome(approvers: Sequence[Mapping[str, Any]], decisions: Sequence[Mapping[str, Any]]) -> str:
    """What the decisions so far come to: `pending`, `approved` or `rejected`.

    Where somebody is required, those decide: all of them approve, or the first of them rejects. Where nobody
    is, any one approves, and all together reject.
    """
    said = {decision.get("approver_id"): decision.get("decision") for decision in decisions}
    required = [who["id"] for who in approvers if who.get("required")]
    if required:
        answers = {said.get(who) for who in required}
        if "rejected" in answers:
            return "rejected"
        return "approved" if answers == {"approved"} else "pending"
    if "approved" in said.values():
        return "approved"
    asked = {who["id"] for who in approvers}
    return "rejected" if said and asked <= said.keys() else "pending"


class Confirmations(Collection):
    """The confirmations of this server."""

    kind: ClassVar[str] = "confirmation"

    def defaults(self, obj: JsonObject) -> JsonObject:
        if "result" in obj:
            raise invalid(ValidationFailed, "result", "comes from decisions, not from the request")
        approvers = obj.get("approvers", [])
        if isinstance(approvers, list):
            approvers = [{"id": new_id(), **who} if isinstance(who, dict) else who for who in approvers]
        empty: JsonObject = {"rules": [], "thresholds": {}, "requirements": []}
        return {
            "criteria": empty,
            **obj,
            "approvers": approvers,
            "result": {"status": "pending", "decisions": []},
        }

    async def get(self, object_id: str) -> bytes:
        body = await super().get(object_id)
        if not self._has_expired(decode(body)):
            return body
        return await self.store.write(lambda tx: self.current(tx, object_id).body)

    async def list(self, query: Query) -> tuple[Sequence[bytes], int]:
        while await self.store.read(self._due):
            await self.store.write(self._expire_due)
        return await super().list(query)

    def current(self, tx: Writer, confirmation_id: str) -> ObjectRow:
        """The row of a confirmation, which is expired in it once its time has passed.

        Raises:
            NotFound: no confirmation has this id.
        """
        row = self.existing(tx, confirmation_id)
        if not self._has_expired(decode(row.body)):
            return row
        self._expire(tx, row)
        return self.existing(tx, confirmation_id)

    async def decide(self, confirmation_id: str, body: JsonObject, key: str | None) -> bytes:
        """Add one approver's decision, and the outcome if it is the last that was needed.

        Args:
            body: `decision`, and where wanted `approver_id`, `comments` and `signature`. Without an
                `approver_id` the only approver left is meant.
            key: the `Idempotency-Key`.

        Raises:
            NotFound: no confirmation has this id.
            InvalidRequest: the decision is wrong.
            InsufficientPermissions: this approver was not asked.
            Conflict: this approver said something else before.
            OperationNotAllowed: it is decided, or expired.
        """
        check_id(confirmation_id, "id")
        given = _decision(body)
        request = Repeatable.of(f"POST /confirmations/{confirmation_id}/decide", body, key)
        answer = await self.store.write(
            lambda tx: request.answer(tx, lambda: self._decide(tx, confirmation_id, given))
        )
        if decode(answer)["result"]["status"] == "expired":
            # Raised here, so that the transaction keeps what was found out.
            raise _ended("expired")
        return answer

    def _decide(self, tx: Writer, confirmation_id: str, given: JsonObject) -> bytes:
        row = self.existing(tx, confirmation_id)
        confirmation = decode(row.body)
        result = {"decisions": [], **(confirmation.get("result") or {})}
        if _status(confirmation) != "pending":
            raise _ended(_status(confirmation))
        if self._has_expired(confirmation):
            return self._expire(tx, row)
        approvers = confirmation.get("approvers") or []
        given = {**given, "timestamp": format_time(self.clock.now())}
        _name_approver(given, approvers, result["decisions"])
        if _said_before(given, result["decisions"]):
            return row.body
        result["decisions"] = [*result["decisions"], given]
        result["status"] = outcome(approvers, result["decisions"])
        if result["status"] == "pending":
            return self.replace(tx, row, {**confirmation, "result": result})
        return self._end(tx, row, confirmation, {**result, **_last_words(given)})

    def _end(self, tx: Writer, row: ObjectRow, confirmation: JsonObject, result: JsonObject) -> bytes:
        ended = {**result, "timestamp": format_time(self.clock.now())}
        obj = {**confirmation, "result": ended}
        validate(self.kind, obj)
        return self.replace(tx, row, obj)

    def _has_expired(self, confirmation: JsonObject) -> bool:
        expires_at = confirmation.get("expires_at")
        if expires_at is None or _status(confirmation) != "pending":
            return False
        return parse_time(expires_at) <= self.clock.now()

    def _due(self, view: Reader) -> Sequence[ObjectRow]:
        return view.due(self.kind, to_micros(self.clock.now()), _MOST_AT_ONCE)

    def _expire_due(self, tx: Writer) -> None:
        for row in self._due(tx):
            confirmation = decode(row.body)
            if self._has_expired(confirmation):
                self._expire(tx, row)
            else:
                tx.put(object_row(self.kind, confirmation, row.body))  # with its time to the microsecond

    def _expire(self, tx: Writer, row: ObjectRow) -> bytes:
        confirmation = decode(row.body)
        result = {"decisions": [], **(confirmation.get("result") or {})}
        ended = {**result, "status": "expired", "timestamp": confirmation["expires_at"]}
        # Only just newer than what it follows: a decision that was made in time, and is told later by
        # ingest, has to win.
        return self.replace(tx, row, {**confirmation, "result": ended}, updated_at=just_after(row))


def _status(confirmation: JsonObject) -> str:
    status: str = (confirmation.get("result") or {}).get("status") or "pending"
    return status


def _ended(status: str) -> OperationNotAllowed:
    return OperationNotAllowed(
        f"this confirmation is {status}; nothing more can be decided",
        details={"field": "decision", "reason": f"the confirmation is {status}"},
    )


def _decision(body: JsonObject) -> JsonObject:
    """What a caller sent, in the form in which it is kept; members that we do not know stay."""
    if required_text(body, "decision") not in _VERDICTS:
        raise invalid(ValidationFailed, "decision", f"Input should be one of {', '.join(_VERDICTS)}")
    for name in ("approver_id", "signature"):
        optional_text(body, name)
    return {
        **{name: value for name, value in body.items() if value is not None},
        "comments": _comments(body.get("comments")),
    }


def _comments(given: object) -> list[Any]:
    if given is None:
        return []
    if isinstance(given, str):
        return [given]
    if isinstance(given, list):
        return given
    raise invalid(SchemaValidationFailed, "comments", "Input should be a list")


def _name_approver(
    given: JsonObject, approvers: Sequence[JsonObject], decisions: Sequence[JsonObject]
) -> None:
    """Settle whose decision it is, and that it is theirs to make."""
    if not approvers:
        return
    if "approver_id" not in given:
        left = {who["id"] for who in approvers} - {said.get("approver_id") for said in decisions}
        if len(left) != 1:
            raise invalid(RequiredFieldMissing, "approver_id", "say which of the approvers it comes from")
        given["approver_id"] = left.pop()
    if given["approver_id"] not in {who["id"] for who in approvers}:
        raise InsufficientPermissions(
            "this approver was not asked",
            details={"field": "approver_id", "reason": "not one of the approvers"},
        )


def _said_before(given: JsonObject, decisions: Sequence[JsonObject]) -> bool:
    """Whether this approver said just this already.

    Raises:
        Conflict: they said the opposite.
    """
    for earlier in decisions:
        if earlier.get("approver_id") == given.get("approver_id"):
            if earlier.get("decision") == given["decision"]:
                return True
            raise Conflict("this approver decided otherwise before", details={"field": "decision"})
    return False


def _last_words(decision: JsonObject) -> JsonObject:
    signature = decision.get("signature")
    return {} if signature is None else {"signature": signature}
