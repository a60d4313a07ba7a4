"""Moves from one status to another. Spec: protocol §3."""

from __future__ import annotations

from collections.abc import Mapping

from mplp_sdk.errors import OperationNotAllowed

__all__ = ["check_move"]


def check_move(noun: str, moves: Mapping[str, frozenset[str]], old: str, new: str) -> None:
    """Refuse a move that is not in the table. Staying is no move, so that a repeated request is harmless.

    Raises:
        OperationNotAllowed: `new` cannot follow `old`.
    """
    allowed = moves.get(old, frozenset())
    if new == old or new in allowed:
        return
    raise OperationNotAllowed(
        f"a {noun} that is {old} cannot become {new}",
        details={"field": "status", "reason": f"{old} → {new}", "allowed": sorted(allowed)},
    )
