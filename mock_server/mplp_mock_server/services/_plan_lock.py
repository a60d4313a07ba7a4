"""A plan that is carried out belongs to its execution: nobody else changes it. Spec: protocol §2.2 (4002).

The lock is stored with the plan's move to `executing` and gone with its end. One that is there when a server
starts tells of an execution that the last one did not end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mplp_mock_server.services._objects import decode, encode
from mplp_mock_server.store import PartRow, Query, Reader, Writer
from mplp_sdk.errors import ResourceLocked

__all__ = ["check_unlocked", "lock", "locked_plans", "unlock"]

_KIND: Final = "execution-lock"
_NOBODY: Final = ""
"""Owner of the locks, as parts: they outlive what they lock."""

_MOST: Final = 1_000_000
"""Locks at one time; more plans than any server carries out."""

_PAUSE: Final = 1.0
"""Seconds after which a caller may ask again."""


def lock(tx: Writer, plan_id: str, execution_id: str, at: int) -> None:
    """Give the plan to an execution.

    Args:
        at: microseconds since 1970.
    """
    body = encode({"plan_id": plan_id, "execution_id": execution_id})
    tx.put_part(PartRow(kind=_KIND, owner=_NOBODY, id=plan_id, body=body, created_at=at))


def unlock(tx: Writer, plan_id: str) -> None:
    """Give the plan back."""
    tx.delete_part(_KIND, _NOBODY, plan_id)


def check_unlocked(view: Reader, plan_id: str) -> None:
    """Refuse to change a plan that is carried out.

    Raises:
        ResourceLocked: it is; `details.execution_id` says by which execution.
    """
    held = view.part(_KIND, _NOBODY, plan_id)
    if held is None:
        return
    raise ResourceLocked(
        "the plan is being executed; wait for the end, or cancel the execution",
        details={
            "field": "plan_id",
            "reason": "the plan is being executed",
            "execution_id": decode(held.body)["execution_id"],
        },
        retry_after=_PAUSE,
    )


def locked_plans(view: Reader) -> Iterator[tuple[str, str]]:
    """Each locked plan, and the execution that has it."""
    bodies, _ = view.parts(_KIND, _NOBODY, Query(limit=_MOST))
    for held in map(decode, bodies):
        yield held["plan_id"], held["execution_id"]
