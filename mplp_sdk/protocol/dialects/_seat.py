"""Where an object carries the residue of another spelling: in a reserved member of one that is open.

Spec: protocol §1.2, "a reserved bag".
"""

from __future__ import annotations

from typing import Any, Final

from mplp_sdk.protocol.dialects._json import ABSENT, JsonObject
from mplp_sdk.protocol.dialects._residue import Residue, is_residue, pointer

__all__ = ["METADATA", "Seat", "bag_name"]

_HELD: Final = "held"


def bag_name(dialect: str) -> str:
    """Reserved member that holds what `dialect` said and the carrier has no home for."""
    return f"x-mplp-{dialect}"


class Seat:
    """The member of an object that bags lie in, such as `metadata`."""

    def __init__(self, *path: str) -> None:
        self._parents, self._name = path[:-1], path[-1]

    def pointer(self, _obj: Any, dialect: str, at: str) -> str:
        """Path of one entry of a bag."""
        return pointer((*self._parents, self._name, bag_name(dialect), at))

    def take(self, obj: Any, dialect: str) -> Residue:
        """Take the bag of `dialect` out of `obj`; empty where there is none that we wrote."""
        holder = self._holder(obj)
        members = holder.get(self._name)
        bag = members.get(bag_name(dialect)) if isinstance(members, dict) else None
        if not isinstance(bag, list) or not isinstance(members, dict):
            return []
        held = [entry for entry in bag if isinstance(entry, dict) and entry.keys() == {_HELD}]
        residue = [entry for entry in bag if entry not in held]
        if not is_residue(residue):
            return []
        self.clear(obj, dialect)
        if held and self._name not in holder:
            holder[self._name] = held[0][_HELD]
        return residue

    def clear(self, obj: Any, dialect: str) -> None:
        """Drop what lies where the bag of `dialect` would."""
        holder = self._holder(obj)
        members = holder.get(self._name)
        if isinstance(members, dict) and members.pop(bag_name(dialect), ABSENT) is not ABSENT and not members:
            del holder[self._name]

    def put(self, obj: Any, dialect: str, residue: Residue) -> None:
        """Put a bag into `obj`, unless there is nothing to keep."""
        if not residue:
            return
        holder = self._holder(obj)
        members = holder.get(self._name, ABSENT)
        if isinstance(members, dict) and members:
            members[bag_name(dialect)] = residue
            return
        # An empty or odd member gives way, and comes back when the bag is taken out.
        held = [] if members is ABSENT else [{_HELD: members}]
        holder[self._name] = {bag_name(dialect): [*residue, *held]}

    def _holder(self, obj: Any) -> JsonObject:
        for name in self._parents:
            obj = obj.get(name) if isinstance(obj, dict) else None
        return obj if isinstance(obj, dict) else {}


METADATA: Final = Seat("metadata")
