"""Versions of a context's shared state: how often it changed, what changed when, and what each node was told.

All of it is one ledger a context. A context without one has never changed, so most need none.

Spec: protocol §2.1 contexts (sync, state), §5 (state_version, checksum).
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from mplp_mock_server.clock import to_micros
from mplp_mock_server.services._objects import decode
from mplp_mock_server.store import ObjectRow, PartRow, Reader, Writer
from mplp_sdk.protocol import jcs
from mplp_sdk.protocol.times import format_time

__all__ = ["LEDGER", "Change", "Ledger", "checksum", "note_change", "paths", "read_ledger", "write_ledger"]

LEDGER: Final = "state-ledger"
"""Kind of the part that holds it."""

_FIRST: Final = 1


class Change(msgspec.Struct, frozen=True):
    """When one path of the state changed last."""

    version: int
    at: str


class Ledger(msgspec.Struct):
    """What is known about the changes of one context's shared state."""

    version: int = _FIRST
    changes: dict[str, Change] = {}
    """By path: a member of the state, or `variables.<key>`; those that are gone too."""
    nodes: dict[str, int] = {}
    """The version that each node was told last."""

    def changed_since(self, version: int) -> list[str]:
        """Paths that changed after `version`, in alphabetical order."""
        return sorted(path for path, change in self.changes.items() if change.version > version)

    def drop_gone(self, present: Container[str]) -> None:
        """Forget the paths that are gone, once every node was told."""
        told = min(self.nodes.values(), default=self.version)
        self.changes = {
            path: change for path, change in self.changes.items() if path in present or change.version > told
        }


def read_ledger(view: Reader, context_id: str) -> Ledger:
    """The ledger of a context; that of an unchanged one where there is none."""
    part = view.part(LEDGER, context_id, "")
    return Ledger() if part is None else msgspec.json.decode(part.body, type=Ledger)


def write_ledger(tx: Writer, context_id: str, ledger: Ledger, at: datetime) -> None:
    """Keep the ledger of a context."""
    body = msgspec.json.encode(ledger)
    tx.put_part(PartRow(kind=LEDGER, owner=context_id, id="", body=body, created_at=to_micros(at)))


def note_change(tx: Writer, old: ObjectRow, new: bytes, at: datetime) -> None:
    """Count a change of the shared state, if storing `new` in place of `old` is one."""
    if old.body == new:
        return
    before, after = (decode(body).get("shared_state") or {} for body in (old.body, new))
    changed = list(_differences(before, after))
    if not changed:
        return
    ledger = read_ledger(tx, old.id)
    ledger.version += 1
    change = Change(ledger.version, format_time(at))
    ledger.changes |= dict.fromkeys(changed, change)
    ledger.drop_gone(paths(after))
    write_ledger(tx, old.id, ledger, at)


def paths(state: Mapping[str, Any]) -> dict[str, Any]:
    """What is at each path of a state."""
    variables = {f"variables.{key}": value for key, value in (state.get("variables") or {}).items()}
    return {**variables, **{name: value for name, value in state.items() if name != "variables"}}


def checksum(state: Any) -> str:
    """`sha256:` and the hex digest of the state's canonical form."""
    try:
        return jcs.checksum(state)
    except ValueError:
        # A number beyond doubles: no reader could hold it, so nobody else can have another digest.
        text = msgspec.json.encode(state, order="deterministic")
        return f"sha256:{hashlib.sha256(text).hexdigest()}"


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    old, new = paths(before), paths(after)
    for path in old | new:
        if path not in old or path not in new or not _same(old[path], new[path]):
            yield path


def _same(one: Any, other: Any) -> bool:
    """Whether two values have the same canonical form, so that versions count what checksums tell apart."""
    if msgspec.json.encode(one) == msgspec.json.encode(other):
        return True
    return checksum(one) == checksum(other)
