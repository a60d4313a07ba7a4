"""The conversion itself, the same for every dialect and kind: a table, and the residue that makes it exact.

    dialect → canonical   read, put back what our own bag holds, keep what writing would not give again
    canonical → dialect   write, put back what the dialect's bag holds, keep what reading would not give again

In both, the difference is found by doing the opposite and comparing. So a round trip is identity by
construction, and a loss is exactly a difference that has no bag to lie in.

Spec: protocol §1.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mplp_sdk.errors import InvalidFormat
from mplp_sdk.models import MPLPModel, Participant
from mplp_sdk.protocol.dialects._json import ABSENT, clone
from mplp_sdk.protocol.dialects._residue import Residue, difference, positions, restore
from mplp_sdk.protocol.dialects._seat import METADATA
from mplp_sdk.protocol.schemas import MODULES

__all__ = ["CANONICAL", "MODELS", "Carrier", "Marks", "Shape", "Spelling", "checked"]

CANONICAL: Final = "canonical"

MODELS: Final[Mapping[str, type[MPLPModel]]] = MODULES | {"participant": Participant}
"""Canonical model of each kind."""

_SHOWN = 3


class Spelling(Protocol):
    """Gives the canonical object for a dialect's, and back. Both may lose something."""

    def read(self, theirs: Any, /) -> Any: ...

    def write(self, ours: Any, /) -> Any: ...


class Carrier(Protocol):
    """Where bags lie in an object; see `Seat`."""

    def pointer(self, obj: Any, dialect: str, at: str, /) -> str: ...

    def take(self, obj: Any, dialect: str, /) -> Residue: ...

    def clear(self, obj: Any, dialect: str, /) -> None: ...

    def put(self, obj: Any, dialect: str, residue: Residue, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Marks:
    """What tells an object of one kind and dialect from all others."""

    present: tuple[str, ...]
    """Members that it always has."""
    absent: tuple[str, ...] = ()
    """Members that would make it something else."""

    def fit(self, obj: Mapping[str, Any]) -> bool:
        """Whether `obj` looks like one."""
        return all(name in obj for name in self.present) and not any(name in obj for name in self.absent)

    def __str__(self) -> str:
        without = f" without {', '.join(self.absent)}" if self.absent else ""
        return f"{', '.join(self.present)}{without}"


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of object in one dialect."""

    dialect: str
    kind: str
    marks: Marks
    spelling: Spelling
    seat: Carrier | None = METADATA
    """Where the dialect's object can carry our bag; None: it is closed, and losses are losses."""
    home: Carrier = field(default=METADATA)
    """Where the canonical object carries the dialect's bag."""
    arrange: Callable[[Any, Any], None] = lambda _back, _ours: None
    """Puts what was read back into the order of ours, where the order of a list says nothing."""

    def to_canonical(self, theirs: Any) -> tuple[Any, list[str]]:
        """The canonical form of an object of this dialect, and paths of what was lost.

        Raises:
            InvalidFormat: the object lacks what its kind cannot be without.
        """
        left = clone(theirs)
        kept = self.seat.take(left, CANONICAL) if self.seat else []
        ours, stale = restore(self._read(left), kept)
        ours = checked(self.kind, ours)
        self.home.put(ours, self.dialect, difference(self._write(ours), left))
        return ours, [self.seat.pointer(theirs, CANONICAL, at) for at in stale] if self.seat else []

    def from_canonical(self, ours: Any) -> tuple[Any, list[str]]:
        """The dialect's form of a canonical object, and paths of what was lost."""
        left = clone(ours)
        kept = self.home.take(left, self.dialect)
        natural = self._write(left)
        theirs, stale = restore(natural, kept)
        if kept and not self._obeys(theirs):
            theirs, stale = natural, [entry["at"] for entry in kept]
        lost = [self.home.pointer(ours, self.dialect, at) for at in stale]
        back = self._read(theirs)
        if self.seat is None:
            self.arrange(back, left)
            return theirs, [*lost, *_losses(difference(back, left), left)]
        self.seat.put(theirs, CANONICAL, difference(back, left))
        return theirs, lost

    def _read(self, theirs: Any) -> Any:
        ours = _fitted(self.kind, self.spelling.read(theirs))
        self.home.clear(ours, self.dialect)
        return ours

    def _write(self, ours: Any) -> Any:
        theirs = self.spelling.write(ours)
        if self.seat:
            self.seat.clear(theirs, CANONICAL)
        return theirs

    def _obeys(self, theirs: Any) -> bool:
        try:
            self._read(theirs)
        except InvalidFormat:
            return False
        return True


def _losses(residue: Residue, ours: Any) -> Iterator[str]:
    """Paths of what a closed object could not take; an empty member says as much as none."""
    return positions((entry["at"] for entry in residue if entry.get("is") not in (None, [], {})), ours)


def checked(kind: str, obj: Any) -> Any:
    """A canonical object, or a list of them, as its model writes it.

    Raises:
        InvalidFormat: it is none.
    """
    if isinstance(obj, list):
        return [checked(kind, one) for one in obj]
    try:
        return MODELS[kind].model_validate(obj).to_wire()
    except ValidationError as error:
        raise _refusal(kind, error) from None


def _fitted(kind: str, obj: Any) -> Any:
    """`obj` as its model writes it, without the members that the model cannot hold.

    A dialect is open where we are not: RFC's `metadata.tags` may be a number. Such a value stays a residue.
    """
    if isinstance(obj, list):
        return [_fitted(kind, one) for one in obj]
    refused: ValidationError | None = None
    while True:
        try:
            return MODELS[kind].model_validate(obj).to_wire()
        except ValidationError as error:
            refused = refused or error
            if not all(_remove(obj, fault) for fault in error.errors()):
                raise _refusal(kind, refused) from None


def _remove(obj: Any, fault: ErrorDetails) -> bool:
    """Take the member that holds the faulty value out of `obj`; whether that was possible."""
    holder, name = None, ""
    for part in fault["loc"] if fault["type"] != "missing" else ():
        if isinstance(obj, dict):
            holder, name = obj, str(part)
        try:
            obj = obj[part]
        except (KeyError, IndexError, TypeError):
            return False
    return holder is not None and holder.pop(name, ABSENT) is not ABSENT


def _refusal(kind: str, error: ValidationError) -> InvalidFormat:
    faults = [(".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors()]
    shown = "; ".join(f"{field or kind}: {reason}" for field, reason in faults[:_SHOWN])
    more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    return InvalidFormat(
        f"not a {kind}: {shown}{more}", details={"field": faults[0][0], "reason": faults[0][1]}
    )
