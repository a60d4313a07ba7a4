"""Roles: built in or made, inheriting from each other, and asked what they may do.

Spec: protocol §2.1 roles, §3 Role; Design, Role API; Design-draft, permission model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from mplp_mock_server.services._access import Question, Verdict, judge
from mplp_mock_server.services._built_in_roles import BUILT_IN
from mplp_mock_server.services._collection import Collection
from mplp_mock_server.services._idempotency import Repeatable
from mplp_mock_server.services._objects import decode, encode, object_row
from mplp_mock_server.services._role_tree import (
    Find,
    children_of,
    find_cycle,
    granted_to,
    heirs_of,
    inherited,
    parents_of,
)
from mplp_mock_server.services._validation import JsonObject, check_id, invalid, read_input
from mplp_mock_server.store import ObjectRow, Reader, Writer
from mplp_sdk.errors import (
    BusinessRuleViolation,
    Conflict,
    DataIntegrityError,
    NotFound,
    OperationNotAllowed,
)
from mplp_sdk.models import AccessRequest, InheritRequest

__all__ = ["Roles"]


class Roles(Collection):
    """The roles of this server."""

    kind: ClassVar[str] = "role"

    def defaults(self, obj: JsonObject) -> JsonObject:
        return {"version": "1.0.0", "capabilities": [], **obj}

    async def establish(self) -> None:
        """See to it that the built-in roles are there."""
        await self.store.write(self._establish)

    async def inherit(self, role_id: str, body: JsonObject, key: str | None) -> bytes:
        """Let a role inherit from another, with some capabilities otherwise; a second time only the latter.

        Args:
            key: the `Idempotency-Key`.

        Raises:
            NotFound: no role has this id, or that of the parent.
            InvalidRequest: an override is of a capability that the role does not have.
            BusinessRuleViolation: a role would inherit from itself; `details.cycle` says how.
            OperationNotAllowed: the role is built in.
        """
        check_id(role_id, "id")
        given = read_input(InheritRequest, body)
        check_id(given["parent_role_id"], "parent_role_id")
        request = Repeatable.of(f"POST /roles/{role_id}/inherit", body, key)
        return await self.store.write(
            lambda tx: request.answer(tx, lambda: self._inherit(tx, role_id, given))
        )

    async def check(self, role_id: str, body: JsonObject) -> bytes:
        """Whether the role may do something, and why: `mplp_sdk.models.AccessDecision`.

        Raises:
            NotFound: no role has this id.
            InvalidRequest: the question is incomplete.
        """
        check_id(role_id, "id")
        given = read_input(AccessRequest, body)
        question = Question(given["resource"], given["action"], given.get("context", {}))

        def read(view: Reader) -> Verdict:
            self.existing(view, role_id)
            return judge(granted_to(role_id, self._find_in(view)), question)

        return encode(_decision(role_id, await self.store.read(read)))

    def insert(self, tx: Writer, row: ObjectRow) -> bytes:
        super().insert(tx, row)
        role = decode(row.body)
        if "inheritance" not in role:
            return row.body
        linked = self._linked(tx, role, [])
        body = encode(linked)
        tx.put(object_row(self.kind, linked, body))
        self._set_child(tx, row.id, [], parents_of(linked))
        return body

    def replace(self, tx: Writer, row: ObjectRow, obj: JsonObject, **options: Any) -> bytes:
        _check_changeable(row.id)
        old = decode(row.body)
        body = super().replace(tx, row, self._linked(tx, obj, children_of(old)), **options)
        self._set_child(tx, row.id, parents_of(old), parents_of(obj))
        self._hand_down(tx, row.id)
        return body

    def remove(self, tx: Writer, row: ObjectRow) -> None:
        _check_changeable(row.id)
        role = decode(row.body)
        heirs = [child for child in children_of(role) if tx.get(self.kind, child) is not None]
        if heirs:
            raise Conflict(
                f"{len(heirs)} roles inherit from this one",
                details={"field": "id", "reason": "other roles inherit from it", "child_roles": heirs},
            )
        super().remove(tx, row)
        self._set_child(tx, row.id, parents_of(role), [])

    def _establish(self, tx: Writer) -> None:
        for role in BUILT_IN.values():
            if tx.get(self.kind, role["id"]) is None:
                tx.put(object_row(self.kind, role, encode(role)))

    def _inherit(self, tx: Writer, role_id: str, given: JsonObject) -> bytes:
        row = self.existing(tx, role_id)
        role = decode(row.body)
        parent = given["parent_role_id"]
        if tx.get(self.kind, parent) is None:
            raise NotFound(
                f"no role has the id {parent!r}",
                details={"field": "parent_role_id", "reason": "no such role", "id": parent},
            )
        changes = given.get("overrides", [])
        changed = {change["capability"] for change in changes}
        inheritance = role.get("inheritance") or {}
        kept = [one for one in inheritance.get("overrides") or [] if _capability(one) not in changed]
        role["inheritance"] = {
            **inheritance,
            "parent_roles": list(dict.fromkeys([*parents_of(role), parent])),
            "overrides": [*kept, *changes],
        }
        body = self.replace(tx, row, role)
        _check_overrides(role, changes)
        return body

    def _linked(self, tx: Writer, role: JsonObject, children: Sequence[str]) -> JsonObject:
        """The role with what it inherits; its children are the server's to know."""
        parents = parents_of(role)
        find = self._find_in(tx)
        for index, parent in enumerate(parents):
            if parent != role["id"] and find(parent) is None:
                field = f"inheritance.parent_roles[{index}]"
                raise invalid(DataIntegrityError, field, f"no role has the id {parent!r}")
        cycle = find_cycle(role["id"], parents, find)
        if cycle is not None:
            reason = f"a role would inherit from itself: {' → '.join(cycle)}"
            details = {"field": "inheritance.parent_roles", "reason": reason, "cycle": cycle}
            raise BusinessRuleViolation(reason, details=details)
        return self._with_inherited(tx, role, children)

    def _with_inherited(self, tx: Writer, role: JsonObject, children: Sequence[str]) -> JsonObject:
        if not parents_of(role) and not children and "inheritance" not in role:
            return role
        inheritance = {
            **(role.get("inheritance") or {}),
            "parent_roles": parents_of(role),
            "child_roles": list(children),
            "inherited_capabilities": inherited(role, self._find_in(tx)),
        }
        role["inheritance"] = inheritance
        return role

    def _set_child(self, tx: Writer, child: str, old: Sequence[str], new: Sequence[str]) -> None:
        """Tell roles that they are parents now, and others that they are none any more."""
        for parent in {*old} ^ {*new}:
            row = tx.get(self.kind, parent)
            if row is None:
                continue
            role = decode(row.body)
            children = [one for one in children_of(role) if one != child]
            self._relink(tx, row, role, [*children, child] if parent in new else children)

    def _hand_down(self, tx: Writer, role_id: str) -> None:
        """Write anew what the roles below this one inherit."""
        for heir in heirs_of(role_id, self._find_in(tx)):
            row = tx.get(self.kind, heir)
            if row is not None:
                role = decode(row.body)
                self._relink(tx, row, role, children_of(role))

    def _relink(self, tx: Writer, row: ObjectRow, role: JsonObject, children: Sequence[str]) -> None:
        before = encode(role)
        linked = self._with_inherited(tx, role, children)
        if encode(linked) != before:
            super().replace(tx, row, linked)

    def _find_in(self, view: Reader) -> Find:
        known: dict[str, JsonObject | None] = {}

        def find(role_id: str) -> JsonObject | None:
            if role_id not in known:
                row = view.get(self.kind, role_id)
                known[role_id] = None if row is None else decode(row.body)
            return known[role_id]

        return find


def _check_changeable(role_id: str) -> None:
    if role_id in BUILT_IN:
        raise OperationNotAllowed(
            f"the role {role_id} is built in and stays as it is",
            details={"field": "id", "reason": "a built-in role cannot be changed"},
        )


def _capability(override: Any) -> str | None:
    return override.get("capability") if isinstance(override, dict) else None


def _check_overrides(role: JsonObject, changes: Sequence[JsonObject]) -> None:
    capabilities = [*role["capabilities"], *role["inheritance"]["inherited_capabilities"]]
    known = {capability["name"] for capability in capabilities}
    for index, change in enumerate(changes):
        if change["capability"] not in known:
            reason = f"the role neither has nor inherits {change['capability']!r}"
            raise invalid(DataIntegrityError, f"overrides[{index}].capability", reason)


def _decision(role_id: str, verdict: Verdict) -> JsonObject:
    told: JsonObject = {"allowed": verdict.allowed, "because": verdict.because, "role_id": role_id}
    if verdict.granted is None:
        return {**told, "path": [role_id]}
    return {**told, "permission": verdict.granted.permission, "path": list(verdict.granted.path)}
