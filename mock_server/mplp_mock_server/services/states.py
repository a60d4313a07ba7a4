"""The shared state of contexts: its version and checksum, its variables, and telling nodes what changed.

Spec: protocol §2.1 contexts; Design, Context API; Design-draft, variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from mplp_mock_server.services._context_state import (
    Ledger,
    checksum,
    paths,
    read_ledger,
    write_ledger,
)
from mplp_mock_server.services._idempotency import Repeatable
from mplp_mock_server.services._objects import decode, encode
from mplp_mock_server.services._validation import JsonObject, check_id, invalid, read_input
from mplp_mock_server.services.contexts import Contexts
from mplp_mock_server.store import ObjectRow, Reader, Writer
from mplp_sdk.errors import DuplicateValue, InvalidFormat, NotFound, ValueOutOfRange
from mplp_sdk.models import SyncRequest, VariableCreate
from mplp_sdk.models.state import LONGEST_KEY
from mplp_sdk.protocol.times import format_time

__all__ = ["States"]

_MOST_NODES: Final = 1000


class _Set(msgspec.Struct):
    """What is remembered of setting a variable."""

    first: bool
    variable: msgspec.Raw


class States:
    """The shared states of this server's contexts."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts
        self._store = contexts.store
        self._clock = contexts.clock

    async def get(self, context_id: str) -> bytes:
        """The state as it is: `mplp_sdk.models.ContextState`.

        Raises:
            NotFound: no context has this id.
        """
        row, ledger = await self._read(context_id)
        context = decode(row.body)
        told = {
            "context_id": context_id,
            **_facts(context, ledger),
            "state_data": _state(context),
            "updated_at": (context.get("metadata") or {}).get("updated_at"),
        }
        return encode({name: value for name, value in told.items() if value is not None})

    async def variables(self, context_id: str) -> bytes:
        """All variables.

        Raises:
            NotFound: no context has this id.
        """
        row, _ = await self._read(context_id)
        return encode({"variables": _variables(decode(row.body))})

    async def variable(self, context_id: str, key: str) -> bytes:
        """One variable.

        Raises:
            NotFound: no context has this id, or it no variable of this name.
        """
        _check_key(key)
        row, ledger = await self._read(context_id)
        return _told(decode(row.body), ledger, key)

    async def set_variable(self, context_id: str, body: JsonObject, key: str | None) -> tuple[bytes, bool]:
        """Set one variable; also whether it is new. The value that it has already changes nothing.

        Args:
            key: the `Idempotency-Key`.

        Raises:
            NotFound: no context has this id.
            InvalidRequest: no variable can have this name, or there is no value.
            OperationNotAllowed: the context has ended.
        """
        check_id(context_id, "id")
        given = read_input(VariableCreate, body)
        request = Repeatable.of(f"POST /contexts/{context_id}/variables", body, key)
        answer = await self._store.write(
            lambda tx: request.answer(
                tx, lambda: self._set_variable(tx, context_id, given["key"], given["value"])
            )
        )
        done = msgspec.json.decode(answer, type=_Set)
        return bytes(done.variable), done.first

    async def delete_variable(self, context_id: str, key: str) -> None:
        """Remove one variable.

        Raises:
            NotFound: no context has this id, or it no variable of this name.
            OperationNotAllowed: the context has ended.
        """
        check_id(context_id, "id")
        _check_key(key)
        await self._store.write(lambda tx: self._delete_variable(tx, context_id, key))

    async def sync(self, context_id: str, body: JsonObject, key: str | None) -> bytes:
        """Tell nodes the state, or what changed of it since each was told: `mplp_sdk.models.SyncResult`.

        Args:
            key: the `Idempotency-Key`.

        Raises:
            NotFound: no context has this id.
            InvalidRequest: no nodes, or one of them twice.
        """
        check_id(context_id, "id")
        given = read_input(SyncRequest, body)
        _check_nodes(given["target_nodes"])
        request = Repeatable.of(f"POST /contexts/{context_id}/sync", body, key)
        full = given.get("sync_type", "full") == "full"
        return await self._store.write(
            lambda tx: request.answer(tx, lambda: self._sync(tx, context_id, given["target_nodes"], full))
        )

    async def _read(self, context_id: str) -> tuple[ObjectRow, Ledger]:
        check_id(context_id, "id")

        def read(view: Reader) -> tuple[ObjectRow, Ledger]:
            return self._contexts.existing(view, context_id), read_ledger(view, context_id)

        return await self._store.read(read)

    def _set_variable(self, tx: Writer, context_id: str, key: str, value: Any) -> bytes:
        row = self._contexts.open(tx, context_id)
        context = decode(row.body)
        variables = _variables(context)
        if key not in variables or encode(variables[key]) != encode(value):
            self._replace(tx, row, context, {**variables, key: value})
        told = _told(decode(self._contexts.existing(tx, context_id).body), read_ledger(tx, context_id), key)
        return encode(_Set(key not in variables, msgspec.Raw(told)))

    def _delete_variable(self, tx: Writer, context_id: str, key: str) -> None:
        row = self._contexts.open(tx, context_id)
        context = decode(row.body)
        variables = _variables(context)
        if key not in variables:
            raise _no_variable(key)
        self._replace(tx, row, context, {name: value for name, value in variables.items() if name != key})

    def _replace(self, tx: Writer, row: ObjectRow, context: JsonObject, variables: JsonObject) -> None:
        context["shared_state"] = {**_state(context), "variables": variables}
        self._contexts.replace(tx, row, context)

    def _sync(self, tx: Writer, context_id: str, nodes: Sequence[str], full: bool) -> bytes:
        context = decode(self._contexts.existing(tx, context_id).body)
        ledger = read_ledger(tx, context_id)
        facts, state = _facts(context, ledger), _state(context)
        everything = sorted(paths(state))
        told = [
            {
                "node": node,
                "status": "synced",
                **facts,
                "changed": everything
                if full or node not in ledger.nodes
                else ledger.changed_since(ledger.nodes[node]),
            }
            for node in nodes
        ]
        ledger.nodes |= dict.fromkeys(nodes, ledger.version)
        now = self._clock.now()
        write_ledger(tx, context_id, ledger, now)
        result = {
            "context_id": context_id,
            "sync_type": "full" if full else "incremental",
            **facts,
            "timestamp": format_time(now),
            "nodes": told,
        }
        return encode({**result, "state": state} if full else result)


def _state(context: JsonObject) -> JsonObject:
    state: JsonObject = context.get("shared_state") or {}
    return state


def _variables(context: JsonObject) -> JsonObject:
    variables: JsonObject = _state(context).get("variables") or {}
    return variables


def _facts(context: JsonObject, ledger: Ledger) -> JsonObject:
    return {"state_version": str(ledger.version), "checksum": checksum(_state(context))}


def _told(context: JsonObject, ledger: Ledger, key: str) -> bytes:
    """One variable; as old as the context where it never changed."""
    variables = _variables(context)
    if key not in variables:
        raise _no_variable(key)
    change = ledger.changes.get(f"variables.{key}")
    at = change.at if change else (context.get("metadata") or {}).get("created_at")
    told = {"key": key, "value": variables[key]}
    return encode(told if at is None else {**told, "updated_at": at})


def _no_variable(key: str) -> NotFound:
    return NotFound(f"the context has no variable {key!r}", details={"key": key})


def _check_key(key: str) -> None:
    """Refuse what is no variable's name, as `VariableCreate` does."""
    if not 0 < len(key) <= LONGEST_KEY:
        raise invalid(ValueOutOfRange, "key", f"should have 1 to {LONGEST_KEY} characters")
    if any(character < " " or character == "\x7f" for character in key):
        raise invalid(InvalidFormat, "key", "should have no control characters")


def _check_nodes(nodes: Sequence[str]) -> None:
    if len(nodes) > _MOST_NODES:
        raise invalid(ValueOutOfRange, "target_nodes", f"should have at most {_MOST_NODES} items")
    known: set[str] = set()
    for index, node in enumerate(nodes):
        check_id(node, f"target_nodes[{index}]")
        if node in known:
            raise invalid(DuplicateValue, f"target_nodes[{index}]", f"{node!r} is there twice")
        known.add(node)
