"""Optimistic concurrency: a change may name the state that it was made for.

Spec: protocol §2.1 (`ETag` and `If-Match` are [ext]); RFC 9110 §8.8.3, §13.1.1.
"""

from __future__ import annotations

from mplp_mock_server.services._objects import fingerprint
from mplp_sdk.errors import Conflict

__all__ = ["IfMatch", "check_match", "etag"]

IfMatch = frozenset[str] | None
"""The tags of the states that a change is good for; None: it is good for any."""


def etag(body: bytes) -> str:
    """The tag of an object's state: another one for other bytes."""
    return f'"{fingerprint(body).hex()}"'


def check_match(body: bytes, if_match: IfMatch) -> None:
    """Refuse a change that was made for another state.

    Raises:
        Conflict: the object, stored as `body`, is not as the caller saw it; `details` has both tags.
    """
    if if_match is None:
        return
    actual = etag(body)
    if actual not in if_match:
        raise Conflict(
            "the object was changed since it was read; read it again",
            details={
                "field": "If-Match",
                "reason": "another state",
                "expected": ", ".join(sorted(if_match)),
                "actual": actual,
            },
        )
